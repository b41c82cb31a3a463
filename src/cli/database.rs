//! `enlace database`: how other programs reach the database in use.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;

use crate::postgres::{Claim, Database};
use crate::settings::Settings;

/// The commands of `enlace database`.
#[derive(Debug, Subcommand)]
pub enum Commands {
    /// Print its URL, with the password if it has one: `psql "$(enlace database url)"`
    Url,
}

impl Commands {
    /// Connects first: a URL that is printed is one that works, for as long as `enlace serve` runs.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        let Self::Url = self;
        let database = Database::open(&settings, Claim::Share).await?;
        let (url, ours) = (database.url(), database.is_ours());
        database.close().await?;
        if ours {
            bail!("the embedded database runs only while `enlace serve` does; start that first");
        }
        println!("{url}");
        Ok(ExitCode::SUCCESS)
    }
}
