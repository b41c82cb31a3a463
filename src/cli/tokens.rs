//! `enlace tokens`: who may call the API. Works on the database itself, so that the first token can be made.

use std::process::ExitCode;

use anyhow::Context;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use strum::VariantNames;
use uuid::Uuid;

use crate::migrations;
use crate::postgres::{Claim, Database};
use crate::settings::Settings;
use crate::tokens::{self, Role, Token};

/// The commands of `enlace tokens`.
#[derive(Debug, Subcommand)]
pub enum Tokens {
    /// Make a token and print it, once, alone on its line
    Create {
        /// What its holder may do
        #[arg(long, value_parser = role())]
        role: Role,
        /// Who it is for, in your words
        #[arg(long)]
        name: String,
    },
    /// Show all tokens; never the secret
    List,
    /// Take a token back, from now on
    Revoke {
        /// Its id, as `enlace tokens list` shows it
        id: Uuid,
    },
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::VARIANTS).try_map(|name| name.parse::<Role>())
}

impl Tokens {
    /// Does what was asked, beside a running `enlace serve` or alone.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        let database = Database::open(&settings, Claim::Share).await?;
        let outcome = self.on(&database).await;
        super::closing(database, outcome).await
    }

    async fn on(self, database: &Database) -> anyhow::Result<ExitCode> {
        let mut connection = PgConnection::connect_with(database.options()).await?;
        if database.is_embedded() {
            migrations::apply(&mut connection, |_| ()).await?;
        }
        migrations::check(&mut connection).await?;
        match self {
            Self::Create { role, name } => create(&mut connection, role, &name).await?,
            Self::List => println!("{}", table(&tokens::list(&mut connection).await?)),
            Self::Revoke { id } => {
                let gone = tokens::revoke(&mut connection, id).await?.context("there is no token with this id")?;
                println!("{} ({}) is taken back", gone.name, gone.role);
            }
        }
        connection.close().await?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn create(connection: &mut PgConnection, role: Role, name: &str) -> anyhow::Result<()> {
    let (token, secret) = tokens::create(connection, role, name).await.context("the token was not made")?;
    println!("{}", secret.expose_secret());
    eprintln!("made {} ({}, id {}); it is not shown again", token.name, token.role, token.id);
    Ok(())
}

fn table(tokens: &[Token]) -> Table {
    let time =
        |at: Option<DateTime<Utc>>| at.map_or("never".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["ID", "NAME", "ROLE", "MADE", "LAST USED", "TAKEN BACK"]);
    for token in tokens {
        let times = [Some(token.created_at), token.last_used_at, token.revoked_at].map(time);
        table.add_row([token.id.to_string(), token.name.clone(), token.role.to_string()].into_iter().chain(times));
    }
    table
}
