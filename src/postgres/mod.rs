//! The database: the one that `DATABASE_URL` names, or an embedded Postgres that this process starts and stops.
//!
//! The embedded one is a cluster of our own below the data folder, run by the distribution's programs, reachable by a Unix
//! socket alone, as durable as any other. Ownership is a lock on the data folder. A Postgres left behind by a killed enlace
//! goes on running, harmlessly, until the next start on that folder takes it over.

pub mod account;
pub mod error;
pub mod home;
pub mod installation;
pub mod postmaster;
pub mod server;

use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::{ConnectOptions, Connection};

pub use error::Error;
pub use server::{Options, Server};

use crate::settings::{Settings, without_password};

/// How long a first connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a process wants of the embedded database that another one may already run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// To be its owner: `enlace serve`.
    Own,
    /// To use it: a command beside a running `enlace serve`, or alone.
    Share,
}

/// A database that answers.
#[derive(Debug)]
pub struct Database {
    options: PgConnectOptions,
    embedded: bool,
    server: Option<Server>,
}

impl Database {
    /// Finds or starts the database and connects once, so that what is wrong is said here and in full.
    pub async fn open(settings: &Settings, claim: Claim) -> Result<Self, Error> {
        if let Some(url) = &settings.database_url {
            return Self::named(url.expose_secret()).await;
        }
        let options =
            Options { data_dir: settings.data_dir.clone(), bin: settings.postgres_bin.clone(), parameters: Vec::new() };
        match Server::start(&options).await {
            Ok(server) => Ok(Self { options: server.options(), embedded: true, server: Some(server) }),
            Err(Error::InUse { .. }) if claim == Claim::Share => {
                Ok(Self { options: server::attach(&options.data_dir).await?, embedded: true, server: None })
            }
            Err(why) => Err(why),
        }
    }

    async fn named(url: &str) -> Result<Self, Error> {
        let unreachable = |why: String, hint| Error::Unreachable { url: without_password(url), why, hint };
        let options = PgConnectOptions::from_str(url).map_err(|e| unreachable(e.to_string(), ""))?;
        match tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await {
            Ok(Ok(connection)) => drop(connection.close().await),
            Ok(Err(why)) => return Err(unreachable(why.to_string(), hint(&why))),
            Err(_) => return Err(unreachable(format!("no answer within {} s", PATIENCE.as_secs()), NOBODY_THERE)),
        }
        Ok(Self { options, embedded: false, server: None })
    }

    /// How to connect.
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Its URL, with the password if it has one: for a program that is started to use it, never for a log.
    pub fn url(&self) -> String {
        let mut url = self.options.to_url_lossy();
        // What only our own driver understands, psql and PDO refuse.
        let theirs: Vec<_> =
            url.query_pairs().into_owned().filter(|(key, _)| key != "statement-cache-capacity").collect();
        url.query_pairs_mut().clear().extend_pairs(theirs);
        url.to_string()
    }

    /// Whether it is ours to migrate without being asked.
    pub fn is_embedded(&self) -> bool {
        self.embedded
    }

    /// Whether this process started it, and will stop it.
    pub fn is_ours(&self) -> bool {
        self.server.is_some()
    }

    /// A pool of at most `connections`, which connects when it is first used.
    pub fn pool(&self, connections: u32) -> PgPool {
        let options = self.options.clone().options(engine::db::SESSION);
        engine::db::pool_options(connections).connect_lazy_with(options)
    }

    /// Stops the embedded Postgres if it is ours. Close the pools first.
    pub async fn close(self) -> Result<(), Error> {
        match self.server {
            Some(server) => server.stop().await,
            None => Ok(()),
        }
    }
}

const NOBODY_THERE: &str = ". Is it running, and does DATABASE_URL name the right host and port?";

fn hint(why: &sqlx::Error) -> &'static str {
    match why {
        sqlx::Error::Io(_) => NOBODY_THERE,
        sqlx::Error::Database(said) => match said.code().as_deref() {
            Some("28P01" | "28000") => ". Do user and password in DATABASE_URL belong to it?",
            Some("3D000") => ". Make it with `createdb`, or correct the name at the end of DATABASE_URL",
            _ => "",
        },
        _ => "",
    }
}
