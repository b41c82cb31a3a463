//! `enlace migrate`: brings the database's schema up to this build.

use std::process::ExitCode;

use clap::Args;
use sqlx::{Connection, PgConnection};

use crate::migrations::{self, Error};
use crate::postgres::{Claim, Database};
use crate::settings::Settings;

/// Flags of `enlace migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    /// Only say what is missing; exit code 1 if anything is
    #[arg(long)]
    check: bool,
}

impl Migrate {
    /// Applies, or says, what is missing.
    pub async fn run(&self, settings: Settings) -> anyhow::Result<ExitCode> {
        let database = Database::open(&settings, Claim::Share).await?;
        let outcome = self.on(&database).await;
        super::closing(database, outcome).await
    }

    async fn on(&self, database: &Database) -> anyhow::Result<ExitCode> {
        let mut connection = PgConnection::connect_with(database.options()).await?;
        let outcome = if self.check { check(&mut connection).await } else { apply(&mut connection).await };
        connection.close().await?;
        outcome
    }
}

async fn check(connection: &mut PgConnection) -> anyhow::Result<ExitCode> {
    match migrations::check(connection).await {
        Ok(()) => println!("nothing is missing"),
        Err(Error::Missing(names)) => {
            names.iter().for_each(|name| println!("missing: {name}"));
            return Ok(ExitCode::FAILURE);
        }
        Err(why) => return Err(why.into()),
    }
    Ok(ExitCode::SUCCESS)
}

async fn apply(connection: &mut PgConnection) -> anyhow::Result<ExitCode> {
    let mut applied = 0;
    let tell = |migrations::Applied { name, took }| {
        applied += 1;
        println!("applied {name} in {} ms", took.as_millis());
    };
    migrations::apply(connection, tell).await?;
    if applied == 0 {
        println!("nothing was missing");
    }
    Ok(ExitCode::SUCCESS)
}
