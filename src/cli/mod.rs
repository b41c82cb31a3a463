//! The command line: a file per command. Errors end here, as a sentence for a person and an exit code.

mod about;
mod acts;
mod config;
mod database;
mod desk;
mod discrepancies;
mod explain;
mod guards;
mod integrations;
mod manual;
mod migrate;
mod narrow;
mod process;
mod progress;
mod schedules;
mod search;
mod serve;
mod show;
mod simulate;
mod tokens;
mod top;
mod upstreams;
mod viability;
mod workflows;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::postgres::{Claim, Database};
use crate::settings::{Settings, Sources};
use crate::telemetry;

/// Keeps an ISP's HubSoft and its fiber-mapping platforms in step, durably.
#[derive(Debug, Parser)]
#[command(name = "enlace", version)]
struct Cli {
    #[command(flatten)]
    given: Given,
    #[command(subcommand)]
    command: Command,
}

/// Settings given on the command line: they count before the environment, and that before the file.
#[derive(Debug, Default, Args)]
struct Given {
    /// Read settings from this TOML file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the embedded Postgres and of the key for credentials
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Any setting, by the name that `enlace config` shows
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the product: worker, API, console and scheduler
    Serve(serve::Serve),
    /// Apply the migrations that the database lacks
    Migrate(migrate::Migrate),
    /// Watch it at work: a live board of lag, platforms, workers, and what waits
    Top(top::Board),
    /// Say why a workflow is not moving, and what may be done about it
    Explain(explain::Explain),
    /// Find a service, customer, box, port, order or workflow, and say how it stands
    Search(search::Search),
    /// Start workflows, look at them, act on them
    #[command(subcommand)]
    Workflows(workflows::Workflows),
    /// Act on many workflows at once; list what people did
    #[command(subcommand)]
    Acts(acts::Acts),
    /// Set up accounts on mapping platforms, test and sync them
    #[command(subcommand)]
    Integrations(integrations::Integrations),
    /// List where HubSoft and the platforms differ, and settle it
    #[command(subcommand)]
    Discrepancies(discrepancies::Discrepancies),
    /// List syncs that would mark much of a network missing, and what would vanish
    #[command(subcommand)]
    Guards(guards::Guards),
    /// Open and close platforms for every worker
    #[command(subcommand)]
    Upstreams(upstreams::Upstreams),
    /// Look for free ports near a place
    Viability(viability::Viability),
    /// Pause, resume and run what starts by the clock
    #[command(subcommand)]
    Schedules(schedules::Schedules),
    /// Make, list and take back API tokens
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    /// Run a simulated mapping platform
    #[command(subcommand)]
    Simulate(simulate::Simulate),
    /// Tell what runs here: build, schema, workers and what they hold, the database's age and size
    About(about::Shown),
    /// Tell how other programs reach the database in use
    #[command(subcommand)]
    Database(database::Commands),
    /// Show every setting, its value and where that came from
    Config(config::Config),
    /// Measure the engine on the configured server
    Bench(crate::bench::Bench),
    /// Print what a shell completes commands with
    Completions(manual::Completions),
    /// Write the manual, a page a command, into a folder
    Man(manual::Man),
}

impl Command {
    /// What this command's own flags set.
    fn settings(&self) -> Vec<(&'static str, &'static str, &str)> {
        match self {
            Self::Serve(serve) => serve.settings(),
            _ => Vec::new(),
        }
    }

    async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        match self {
            Self::Serve(serve) => serve.run(settings).await,
            Self::Migrate(migrate) => migrate.run(settings).await,
            Self::Top(board) => board.run(settings).await,
            Self::Explain(explain) => explain.run(settings).await,
            Self::Search(search) => search.run(settings).await,
            Self::Workflows(workflows) => workflows.run(settings).await,
            Self::Acts(acts) => acts.run(settings).await,
            Self::Integrations(integrations) => integrations.run(settings).await,
            Self::Discrepancies(discrepancies) => discrepancies.run(settings).await,
            Self::Guards(guards) => guards.run(settings).await,
            Self::Upstreams(upstreams) => upstreams.run(settings).await,
            Self::Viability(viability) => viability.run(settings).await,
            Self::Schedules(schedules) => schedules.run(settings).await,
            Self::Tokens(tokens) => tokens.run(settings).await,
            Self::Simulate(simulate) => simulate.run().await,
            Self::About(about) => about.run(settings).await,
            Self::Database(database) => database.run(settings).await,
            Self::Config(config) => config.run(&settings),
            Self::Completions(completions) => completions.run(Cli::command()),
            Self::Man(man) => man.run(Cli::command()),
            Self::Bench(bench) => {
                let database = Database::open(&settings, Claim::Share).await?;
                let measured = bench.run(database.options().clone()).await;
                closing(database, measured.map(|()| ExitCode::SUCCESS)).await
            }
        }
    }
}

impl Given {
    fn sources(&self, of_command: &[(&'static str, &'static str, &str)]) -> Sources {
        let owned = |(key, value, flag): (&str, &str, &str)| (key.to_owned(), value.to_owned(), flag.to_owned());
        let folder = self.data_dir.iter().map(|folder| owned(("data_dir", folder, "--data-dir")));
        let set = self.set.iter().map(|(key, value)| owned((key, value, "--set")));
        let flags = folder.chain(of_command.iter().map(|(key, flag, value)| owned((key, value, flag)))).chain(set);
        // A variable that is no text cannot be one of ours.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Sources {
            file: self.config.clone(),
            variables: std::env::vars_os().filter_map(text).collect(),
            flags: flags.collect(),
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Runs the command that was given to this process.
pub fn main() -> ExitCode {
    run(Cli::parse()).unwrap_or_else(|error| {
        eprintln!("{}", sentence(&error));
        ExitCode::FAILURE
    })
}

#[tokio::main]
async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&cli.given.sources(&cli.command.settings()))?;
    telemetry::start(&settings.log)?;
    // Fails only where somebody was faster with the same one.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    cli.command.run(settings).await
}

/// Ends a command that used the database. What went wrong in the command counts before what goes wrong now.
async fn closing<T>(database: Database, outcome: anyhow::Result<T>) -> anyhow::Result<T> {
    let closed = database.close().await;
    let done = outcome?;
    Ok(closed.map(|()| done)?)
}

/// An error and what caused it, without what was said already.
fn sentence(error: &anyhow::Error) -> String {
    let mut said = format!("error: {error}");
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !said.contains(&cause) {
            said.push_str(&format!("\n  because: {cause}"));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_error_says_each_thing_once() {
        let inner = std::io::Error::other("disk full");
        let error = anyhow::Error::from(inner).context("writing: disk full").context("saving");
        assert_eq!(sentence(&error), "error: saving\n  because: writing: disk full");
        let plain = Err::<(), _>(std::io::Error::other("disk full")).context("saving").unwrap_err();
        assert_eq!(sentence(&plain), "error: saving\n  because: disk full");
    }
}
