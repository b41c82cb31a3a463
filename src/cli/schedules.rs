//! `enlace schedules`: what starts by the clock.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::desk::{Desk, at_desk};
use super::show::{Look, done, local_or_dash, plain, table};
use crate::desk::Items;
use crate::desk::schedules::{self, Change, Overlap, Schedule};
use crate::settings::Settings;

/// The commands of `enlace schedules`.
#[derive(Debug, Subcommand)]
pub enum Schedules {
    /// List them: what, when, and when next
    List(Look),
    /// Stop one until it is resumed
    Pause {
        #[command(flatten)]
        one: One,
        /// Why: whoever looks at it reads this
        #[arg(long, visible_alias = "reason")]
        note: String,
    },
    /// Let one go on; what it missed is not made up
    Resume(One),
    /// Start its workflow now
    Run(One),
}

/// One schedule.
#[derive(Debug, Args)]
pub struct One {
    /// Its number
    id: i64,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

impl Schedules {
    /// Does what was asked.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| self.on(&desk).await).await
    }

    async fn on(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let (pool, caller) = (&desk.pool, &desk.caller);
        let (one, active, note) = match self {
            Self::List(look) => {
                return look.show(async || Ok(schedules::list(pool, None, Some("500")).await?), listed).await;
            }
            Self::Run(One { id, json }) => {
                let started = schedules::run(pool, caller, id).await?;
                return done(json, &started, &format!("{} is {}", started.id, started.status));
            }
            Self::Pause { one, note } => (one, false, note),
            Self::Resume(one) => (one, true, String::new()),
        };
        let change = Change { active: Some(active), note: Some(note), ..Change::default() };
        let now = schedules::change(pool, caller, one.id, change).await?;
        let says =
            if active { format!("goes on; next: {}", local_or_dash(now.next_at)) } else { "is paused".to_owned() };
        done(one.json, &now, &format!("schedule {} {says}", now.id))
    }
}

fn listed(page: &Items<Schedule>) -> String {
    let mut rows = table(["ID", "NEXT", "LAST", "PATTERN", "WHAT"], 3);
    for one in &page.items {
        let next = if one.active { local_or_dash(one.next_at) } else { "paused".to_owned() };
        let overlaps = (one.overlap == Overlap::Start).then(|| "\nalso while the last one goes on".to_owned());
        let note = one.note.iter().map(|note| format!("\n{}", plain(note)));
        let what: String =
            std::iter::once(format!("{} {}", one.kind, one.payload)).chain(overlaps).chain(note).collect();
        let pattern = format!("{}\n{}", one.pattern, one.zone);
        rows.add_row([one.id.to_string(), next, local_or_dash(one.last_at), pattern, what]);
    }
    rows.to_string()
}
