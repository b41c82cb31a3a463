//! `enlace upstreams`: platforms, open, slowed or closed for every worker, and how much they may be called.

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
    /// Show one: how it stands, its limits, and what waits
    Show {
        /// integration:3, or just 3
        #[arg(value_parser = id)]
        id: String,
        #[command(flatten)]
        look: Look,
    },
    /// Limit one: calls a second, and at once, over all workers
    Set {
        /// integration:3, or just 3
        #[arg(value_parser = id)]
        id: String,
        /// Calls a second; "none": not limited
        #[arg(long, value_parser = limit)]
        rate: Option<Value>,
        /// Calls at once; "none": not limited
        #[arg(long, value_parser = limit, required_unless_present = "rate")]
        concurrency: Option<Value>,
        /// Why, for the audit
        #[arg(long)]
        reason: String,
        /// Print for programs
        #[arg(long)]
        json: bool,
    },
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

/// A number or `none`; whether the number will do is the counter's to say.
fn limit(text: &str) -> Result<Value, String> {
    match text {
        "none" => Ok(Value::Null),
        number => number.parse().map_err(|_| "must be a number, or none".to_owned()),
    }
}

impl Upstreams {
    /// Does what was asked.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| self.on(&desk).await).await
    }

    async fn on(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let (id, change, json) = match self {
            Self::Show { id, look } => {
                return look.show(async || Ok(upstreams::show(&desk.pool, &id).await?), shown).await;
            }
            Self::Set { id, rate, concurrency, reason, json } => {
                (id, Change { rate, concurrency, reason, ..Change::default() }, json)
            }
            Self::List(look) => return look.show(async || Ok(upstreams::list(&desk.pool).await?), listed).await,
            Self::Open { id, reason, json } => {
                (id, Change { closed_until: Some(Value::Null), reason, ..Change::default() }, json)
            }
            Self::Close { id, until, reason, json } => {
                let until = Value::String(until.unwrap_or_else(|| "infinity".to_owned()));
                (id, Change { closed_until: Some(until), reason, ..Change::default() }, json)
            }
        };
        let now = upstreams::change(&desk.pool, &desk.caller, &id, change).await?;
        done(json, &now, &format!("{} is {}", now.id, stands(&now)))
    }
}

fn stands(one: &Upstream) -> String {
    match (one.state.as_str(), one.closed_until) {
        ("closed", Some(until)) => format!("closed until {}", local(until)),
        ("closed", None) if one.probing => "closed until a call succeeds".to_owned(),
        ("closed", None) => "closed until a person opens it".to_owned(),
        ("slowed", _) => "slowed: comes back little by little".to_owned(),
        (state, _) => state.to_owned(),
    }
}

fn limits(one: &Upstream) -> String {
    let rate = one.rate.map(|rate| format!("{rate}/s"));
    let concurrency = one.concurrency.map(|n| format!("{n} at once"));
    let limits: Vec<String> = rate.into_iter().chain(concurrency).collect();
    if limits.is_empty() { "–".to_owned() } else { limits.join(", ") }
}

fn shown(one: &Upstream) -> String {
    let mut rows = table(["UPSTREAM", one.id.as_str()], 1);
    let text = |text: &Option<String>| plain(text.as_deref().unwrap_or("–"));
    rows.add_row(["STATE".to_owned(), stands(one)]);
    rows.add_row(["BY".to_owned(), text(&one.by)]);
    rows.add_row(["WHY".to_owned(), text(&one.reason)]);
    rows.add_row(["LIMITS".to_owned(), limits(one)]);
    rows.add_row(["WAITING".to_owned(), one.waiting.to_string()]);
    rows.to_string()
}

fn listed(all: &Items<Upstream>) -> String {
    let mut rows = table(["UPSTREAM", "WAITING", "LIMITS", "BY", "STATE", "WHY"], 3);
    for one in &all.items {
        let text = |text: &Option<String>| plain(text.as_deref().unwrap_or("–"));
        let row = [one.id.clone(), one.waiting.to_string(), limits(one), text(&one.by), stands(one), text(&one.reason)];
        rows.add_row(row);
    }
    rows.to_string()
}
