//! What the commands over workflows, integrations, upstreams and schedules share: they work on the database itself, through
//! the same counter as the API, in the name of whoever sits at the terminal.

use std::future::Future;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use sqlx::{Connection, PgConnection, PgPool};

use super::show::InFull;
use crate::desk::{Caller, Setup, connect::Stored};
use crate::migrations;
use crate::postgres::{Claim, Database};
use crate::settings::{Settings, secret_key};

/// A command at the counter.
pub struct Desk {
    /// The database, migrated.
    pub pool: PgPool,
    /// Who sits at the terminal.
    pub caller: Caller,
    settings: Settings,
}

impl Desk {
    /// Whoever sits at the terminal, with personal data in full if they ask for it.
    pub fn looking(&self, asked: InFull) -> Caller {
        Caller { in_full: asked.full, ..self.caller.clone() }
    }

    /// What setting integrations up takes; reads the key for credentials.
    pub fn setup(&self) -> anyhow::Result<Setup> {
        let key = Arc::new(secret_key::load(&self.settings)?);
        let allow_private = self.settings.allow_private_upstreams;
        let options = platforms::Options { allow_private, ..platforms::Options::default() };
        let accounts = Arc::new(Stored { pool: self.pool.clone(), key: Arc::clone(&key), options });
        Ok(Setup { key, plain_http: allow_private, accounts })
    }
}

/// Runs a command on the database in use: the configured one, that of a running `enlace serve`, or the embedded one alone.
pub async fn at_desk<F>(settings: Settings, command: impl FnOnce(Desk) -> F) -> anyhow::Result<ExitCode>
where
    F: Future<Output = anyhow::Result<ExitCode>>,
{
    let database = Database::open(&settings, Claim::Share).await?;
    let outcome = on(&database, settings, command).await;
    super::closing(database, outcome).await
}

async fn on<F>(database: &Database, settings: Settings, command: impl FnOnce(Desk) -> F) -> anyhow::Result<ExitCode>
where
    F: Future<Output = anyhow::Result<ExitCode>>,
{
    let mut connection = PgConnection::connect_with(database.options()).await?;
    if database.is_embedded() {
        migrations::apply(&mut connection, |_| ()).await?;
    }
    migrations::check(&mut connection).await?;
    connection.close().await?;
    let pool = database.pool(2);
    let desk = Desk { pool: pool.clone(), caller: Caller::at_terminal(user()), settings };
    let outcome = command(desk).await;
    pool.close().await;
    outcome.or_else(unread)
}

/// Whoever read the output went away (`… | head`): that is no failure.
fn unread(error: anyhow::Error) -> anyhow::Result<ExitCode> {
    match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(ErrorKind::BrokenPipe) => Ok(ExitCode::SUCCESS),
        _ => Err(error),
    }
}

/// The user's name, as the system knows it.
fn user() -> String {
    let uid = rustix::process::getuid().as_raw();
    let known = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    named(&known, uid).unwrap_or_else(|| format!("uid {uid}"))
}

fn named(passwd: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let fits = |line: &&str| line.split(':').nth(2) == Some(&uid);
    passwd.lines().find(fits)?.split(':').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_person_is_the_systems_user() {
        let list = "root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n";
        assert_eq!(named(list, 1000).as_deref(), Some("ana"));
        assert_eq!(named(list, 7), None);
    }
}
