//! `enlace about`: what runs here: the build, the schema, the workers and what each holds, and how the database is.

use std::process::ExitCode;

use clap::Args;

use super::desk::at_desk;
use super::show::{Look, local, local_or_dash, plain, table};
use crate::desk::about::{self, About};
use crate::settings::Settings;

/// Tell what runs here: build, schema, workers and what they hold, the database's age and size.
#[derive(Debug, Args)]
pub struct Shown {
    #[command(flatten)]
    look: Look,
}

impl Shown {
    /// Tells it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| {
            let read = async || Ok(about::read(&desk.pool).await?);
            self.look.show(read, text).await
        })
        .await
    }
}

fn text(about: &About) -> String {
    let newest = about.migrations.first().map_or("–", |one| one.name.as_str());
    let missing = about.migrations.iter().filter(|one| one.applied_at.is_none()).count();
    let mut workers = table(["WORKER", "BUILD", "SINCE", "LEASE UNTIL", "HOLDS"], 5);
    for one in &about.workers {
        let times = [local(one.started_at), local(one.lease_until)];
        let [since, until] = times;
        workers.add_row([plain(&one.name), plain(&one.build), since, until, one.holds.to_string()]);
    }
    let mut duties = table(["DUTY", "PROCESS", "LEASE UNTIL"], 3);
    for one in &about.duties {
        duties.add_row([one.duty.clone(), plain(&one.name), local(one.lease_until)]);
    }
    let mut tables = table(["TABLE", "ROWS", "DEAD", "MB", "CLEANED"], 5);
    for one in &about.tables {
        let numbers = [one.live, one.dead, megabytes(one.bytes)].map(|n| n.to_string());
        let [live, dead, size] = numbers;
        tables.add_row([one.name.clone(), live, dead, size, local_or_dash(one.vacuumed_at)]);
    }
    let database = &about.database;
    let open = database.oldest_transaction_seconds.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.0} s"));
    format!(
        "enlace {}, migration {newest}, {missing} missing\nPostgres {} since {}: {} MB, {} connections, oldest transaction {open}, \
         age {} transactions\n\n{workers}\n\n{duties}\n\n{tables}",
        about.version,
        database.server,
        local(database.started_at),
        megabytes(database.bytes),
        database.connections,
        database.xid_age,
    )
}

fn megabytes(bytes: i64) -> i64 {
    bytes / 1_000_000
}
