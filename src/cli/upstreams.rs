//! `enlace upstreams`: platforms, open or closed for every worker.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::Value;

use super::desk::{Desk, at_desk};
use super::show::{Look, done, local, plain, table, typed_time};
use crate::desk::Items;
use crate::desk::upstreams::{self, Change, Upstream};
use crate::settings::Settings;

/// The commands of `enlace upstreams`.
#[derive(Debug, Subcommand)]
pub enum Upstreams {
    /// List them: open or closed, why, and what waits
    List(Look),
    /// Open one: what waits for it goes on
    Open {
        /// integration:3, or just 3
        #[arg(value_parser = id)]
        id: String,
        /// Why, for the audit
        #[arg(long)]
        reason: String,
        /// Print for programs
        #[arg(long)]
        json: bool,
    },
    /// Close one: no worker calls it
    Close {
        /// integration:3, or just 3
        #[arg(value_parser = id)]
        id: String,
        /// Until this time, such as 24/11/2026 06:00; else until a person opens it
        #[arg(long, value_parser = typed_time)]
        until: Option<String>,
        /// Why: who waits for it reads this
        #[arg(long)]
        reason: String,
        /// Print for programs
        #[arg(long)]
        json: bool,
    },
}

fn id(text: &str) -> Result<String, String> {
    Ok(if text.bytes().all(|byte| byte.is_ascii_digit()) { format!("integration:{text}") } else { text.to_owned() })
}

impl Upstreams {
    /// Does what was asked.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| self.on(&desk).await).await
    }

    async fn on(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let (id, closed_until, reason, json) = match self {
            Self::List(look) => return look.show(async || Ok(upstreams::list(&desk.pool).await?), listed).await,
            Self::Open { id, reason, json } => (id, Value::Null, reason, json),
            Self::Close { id, until, reason, json } => {
                (id, Value::String(until.unwrap_or_else(|| "infinity".to_owned())), reason, json)
            }
        };
        let change = Change { closed_until: Some(closed_until), rate: None, concurrency: None, reason };
        let now = upstreams::change(&desk.pool, &desk.caller, &id, change).await?;
        done(json, &now, &format!("{} is {}", now.id, stands(&now)))
    }
}

fn stands(one: &Upstream) -> String {
    match (one.state.as_str(), one.closed_until) {
        ("closed", Some(until)) => format!("closed until {}", local(until)),
        ("closed", None) => "closed until a person opens it".to_owned(),
        (state, _) => state.to_owned(),
    }
}

fn listed(all: &Items<Upstream>) -> String {
    let mut rows = table(["UPSTREAM", "WAITING", "BY", "STATE", "WHY"], 2);
    for one in &all.items {
        let text = |text: &Option<String>| plain(text.as_deref().unwrap_or("–"));
        rows.add_row([one.id.clone(), one.waiting.to_string(), text(&one.by), stands(one), text(&one.reason)]);
    }
    rows.to_string()
}
