//! `enlace discrepancies`: where HubSoft and the platforms differ, and how that is settled (rule S6).

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::desk::{Desk, at_desk};
use super::show::{Language, Look, done, local, plain, table};
use crate::desk::Items;
use crate::desk::discrepancies::bulk::{self, Filter, Preview, Start};
use crate::desk::discrepancies::{self, Asked, Discrepancy, Settle};
use crate::settings::Settings;

/// The commands of `enlace discrepancies`.
#[derive(Debug, Subcommand)]
pub enum Discrepancies {
    /// List them, newest first
    List(Listing),
    /// Make the platform show what HubSoft says: one by its number, or all that match
    Send(Settling),
    /// Make HubSoft say what the platform shows
    Take(Settling),
    /// Leave both as they are, while they say the same
    Ignore(Settling),
}

/// Which are meant.
#[derive(Debug, Args)]
pub struct Narrow {
    /// An integration's number
    #[arg(long)]
    integration: Option<String>,
    /// id_projeto
    #[arg(long)]
    project: Option<String>,
    /// id_porta_atendimento
    #[arg(long)]
    port: Option<String>,
    /// id_caixa_optica
    #[arg(long = "box")]
    of_box: Option<String>,
    /// Kinds, separated by commas: other_occupant, two_ports, reserved_port, not_on_platform, taken_by_equipment
    #[arg(long)]
    kind: Option<String>,
}

/// What a list is narrowed down by.
#[derive(Debug, Args)]
pub struct Listing {
    #[command(flatten)]
    narrow: Narrow,
    /// open, settled or all
    #[arg(long, default_value = "open")]
    status: String,
    /// What the page before said to go on with
    #[arg(long)]
    after: Option<String>,
    /// How many: 1 to 500
    #[arg(long, default_value = "20")]
    limit: String,
    /// Language of the sentences
    #[arg(long, value_enum, default_value_t)]
    lang: Language,
    #[command(flatten)]
    look: Look,
}

/// One, or all that match, and why.
#[derive(Debug, Args)]
pub struct Settling {
    /// Its number; else all that match the filter
    id: Option<i64>,
    #[command(flatten)]
    narrow: Narrow,
    /// Why, for the audit
    #[arg(long)]
    reason: String,
    /// Of many: only say what it would do
    #[arg(long, conflicts_with = "id")]
    preview: bool,
    /// Of many: how many a second, 1 to 1000 [20]
    #[arg(long, conflicts_with = "id")]
    pace: Option<i32>,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

impl Discrepancies {
    /// Does what was asked.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| self.on(&desk).await).await
    }

    async fn on(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let (how, given) = match self {
            Self::List(listing) => return listing.on(desk).await,
            Self::Send(given) => (Settle::Send, given),
            Self::Take(given) => (Settle::Take, given),
            Self::Ignore(given) => (Settle::Ignore, given),
        };
        match given.id {
            Some(id) => one(desk, id, how, &given).await,
            None => many(desk, how, given).await,
        }
    }
}

impl Listing {
    async fn on(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let Narrow { integration, project, port, of_box, kind } = self.narrow;
        let (status, limit) = (Some(self.status), Some(self.limit));
        let asked = Asked { status, integration, project, port, of_box, kind, after: self.after, limit };
        let read = async || Ok(discrepancies::list(&desk.pool, &desk.caller, &asked).await?);
        self.look.show(read, |page| listed(page, self.lang)).await
    }
}

async fn one(desk: &Desk, id: i64, how: Settle, given: &Settling) -> anyhow::Result<ExitCode> {
    let settled = discrepancies::settle(&desk.pool, &desk.caller, id, how, &given.reason).await?;
    let started: Vec<String> = settled.workflows.iter().map(ToString::to_string).collect();
    let follows = if started.is_empty() { String::new() } else { format!("; started {}", started.join(", ")) };
    done(given.json, &settled, &format!("{how}: discrepancy {id} is settled{follows}"))
}

async fn many(desk: &Desk, how: Settle, given: Settling) -> anyhow::Result<ExitCode> {
    let Narrow { integration, project, port, of_box, kind } = given.narrow;
    let filter = Filter { integration, project, port, of_box, kind };
    let start = Start { action: how, filter, reason: given.reason, preview: given.preview, pace: given.pace };
    if given.preview {
        let preview = bulk::preview(&desk.pool, &desk.caller, &start).await?;
        return done(given.json, &preview, &previewed(&preview));
    }
    let begun = bulk::start(&desk.pool, &desk.caller, &start).await?;
    let follow = format!("{how}: {} discrepancies, as act {}: enlace acts show {}", begun.total, begun.id, begun.id);
    done(given.json, &begun, &follow)
}

fn previewed(preview: &Preview) -> String {
    let kinds: Vec<String> = preview.by_kind.iter().map(|of| format!("{} {}", of.matching, of.kind)).collect();
    format!("{} match: {}", preview.matching, if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") })
}

fn listed(page: &Items<Discrepancy>, lang: Language) -> String {
    let mut rows = table(["ID", "PORT", "SINCE", "SETTLED", "WHAT DIFFERS"], 3);
    for one in &page.items {
        let settled = one.settled_by.as_ref().map_or_else(
            || "–".to_owned(),
            |by| plain(&format!("{} {by}", one.settlement.as_deref().unwrap_or_default())),
        );
        let row = [
            one.id.to_string(),
            one.id_porta_atendimento.to_string(),
            local(one.since),
            settled,
            lang.of(&one.explanation),
        ];
        rows.add_row(row);
    }
    match &page.next {
        Some(next) => format!("{rows}\nmore: --after {next}"),
        None => rows.to_string(),
    }
}
