//! `enlace acts`: acts on many workflows at once, and the audit of all that people did.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use engine::clock;
use uuid::Uuid;

use super::desk::{Desk, at_desk};
use super::narrow::Narrow;
use super::progress::Progress;
use super::show::{InFull, Look, done, local, plain, table, typed_time};
use crate::desk::Items;
use crate::desk::acts::Verb;
use crate::desk::audit::{self, Asked, Done, Shown};
use crate::desk::bulk::{self, Bulk, Preview, Start, Steer};
use crate::settings::Settings;

/// How often an act on many is looked at that is followed.
const LOOK: Duration = Duration::from_millis(500);

/// The commands of `enlace acts`.
#[derive(Debug, Subcommand)]
pub enum Acts {
    /// Act on all workflows that match; with --preview: only say what it would do
    Start(Box<Starting>),
    /// List what people did, newest first
    List(Listing),
    /// Show one; an act on many with how far it is
    Show {
        /// Its id
        id: Uuid,
        #[command(flatten)]
        full: InFull,
        #[command(flatten)]
        look: Look,
    },
    /// Stop an act on many after the batch under way
    Pause(Steering),
    /// Let an act on many go on
    Resume(Steering),
    /// Do no more of an act on many; what is done stays done
    Cancel(Steering),
}

/// An act on many.
#[derive(Debug, Args)]
pub struct Starting {
    /// retry, skip, resolve, pause, resume, approve, refuse or cancel
    #[arg(long, value_parser = verb)]
    action: Verb,
    /// Why, for the audit
    #[arg(long)]
    reason: String,
    /// With resolve: done or not_done
    #[arg(long)]
    outcome: Option<String>,
    /// Only say what it would do
    #[arg(long)]
    preview: bool,
    /// Workflows a second, 1 to 1000 [20]
    #[arg(long)]
    pace: Option<i32>,
    #[command(flatten)]
    narrow: Narrow,
    /// Follow it until it is done
    #[arg(long)]
    watch: bool,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

fn verb(text: &str) -> Result<Verb, String> {
    let known = <Verb as strum::VariantNames>::VARIANTS.join(", ");
    text.parse().map_err(|_| format!("there is no act \"{text}\"; there are {known}"))
}

/// What the audit is narrowed down by.
#[derive(Debug, Args)]
pub struct Listing {
    /// Who did it
    #[arg(long)]
    person: Option<String>,
    /// What was done: retry, cancel, bulk.retry, upstream.close, …
    #[arg(long)]
    act: Option<String>,
    /// To which workflow
    #[arg(long)]
    workflow: Option<String>,
    /// As a part of which act on many
    #[arg(long)]
    bulk: Option<String>,
    /// To which integration, its upstream or its syncs
    #[arg(long)]
    integration: Option<String>,
    /// Done at this time or later: 24/11/2026 06:00
    #[arg(long, value_parser = typed_time)]
    since: Option<String>,
    /// Done before this time
    #[arg(long, value_parser = typed_time)]
    until: Option<String>,
    /// What the page before said to go on with
    #[arg(long)]
    after: Option<String>,
    /// How many: 1 to 500
    #[arg(long, default_value = "20")]
    limit: String,
    #[command(flatten)]
    look: Look,
}

/// An act on many to steer.
#[derive(Debug, Args)]
pub struct Steering {
    /// Its id
    id: Uuid,
    /// Why, for the audit
    #[arg(long)]
    reason: String,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

impl Acts {
    /// Does what was asked.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| match self {
            Self::Start(starting) => starting.run(&desk).await,
            Self::List(listing) => listing.run(&desk).await,
            Self::Show { id, full, look } => {
                let caller = desk.looking(full);
                look.show(async || Ok(audit::show(&desk.pool, &caller, id).await?), shown).await
            }
            Self::Pause(steering) => steering.run(&desk, Steer::Pause).await,
            Self::Resume(steering) => steering.run(&desk, Steer::Resume).await,
            Self::Cancel(steering) => steering.run(&desk, Steer::Cancel).await,
        })
        .await
    }
}

impl Starting {
    async fn run(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let (json, watch) = (self.json, self.watch);
        let asked = Start {
            action: self.action,
            reason: self.reason,
            outcome: self.outcome,
            preview: self.preview,
            pace: self.pace,
            filter: self.narrow.into(),
        };
        if asked.preview {
            let preview = bulk::preview(&desk.pool, &desk.caller, &asked).await?;
            return done(json, &preview, &previewed(&preview, asked.action));
        }
        let begun = bulk::start(&desk.pool, &desk.caller, &asked).await?;
        if watch { follow(desk, begun, json).await } else { done(json, &begun, &line(&begun)) }
    }
}

fn previewed(preview: &Preview, action: Verb) -> String {
    let mut rows = table(["STATUS", "MATCH", "CAN TAKE IT"], 3);
    for of in &preview.by_status {
        rows.add_row([of.status.clone(), of.matching.to_string(), of.possible.to_string()]);
    }
    let sample = preview.sample.iter().map(|one| format!("\n  {} {} {}", one.id, one.kind, one.status));
    let Preview { matching, possible, .. } = preview;
    let total = format!("{action}: {possible} of {matching} that match can take it now; nothing was done\n\n{rows}\n");
    std::iter::once(total).chain(sample).collect()
}

/// `019ab… retry: running, 120 of 400 looked at, 118 done, 2 left alone, 0 failed`.
fn line(bulk: &Bulk) -> String {
    let Bulk { id, action, status, total, done, skipped, failed, .. } = bulk;
    let seen = bulk.seen();
    format!("{id} {action}: {status}, {seen} of {total} looked at, {done} done, {skipped} left alone, {failed} failed")
}

async fn follow(desk: &Desk, mut bulk: Bulk, json: bool) -> anyhow::Result<ExitCode> {
    let mut progress = Progress::default();
    while bulk.status == "running" {
        if !json {
            progress.count(&bulk.action, bulk.seen().unsigned_abs(), bulk.total.unsigned_abs())?;
        }
        clock::sleep(LOOK).await;
        let Some(now) = bulk::show(&desk.pool, &desk.caller, bulk.id).await? else { break };
        bulk = now;
    }
    progress.end();
    done(json, &bulk, &line(&bulk))?;
    Ok(if bulk.status == "done" && bulk.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Listing {
    async fn run(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let look = self.look;
        let asked = Asked {
            person: self.person,
            act: self.act,
            workflow: self.workflow,
            bulk: self.bulk,
            integration: self.integration,
            since: self.since,
            until: self.until,
            after: self.after,
            limit: Some(self.limit),
        };
        look.show(async || Ok(audit::list(&desk.pool, &desk.caller, &asked).await?), listed).await
    }
}

fn listed(page: &Items<Done>) -> String {
    let mut rows = table(["WHEN", "ACT", "BY", "WHY"], 2);
    for one in &page.items {
        let of = one.workflow.map(|id| format!("\nworkflow {id}"));
        let bulk = one.bulk.map(|id| format!("\nact {id}"));
        let why: String = [Some(plain(&one.reason)), of, bulk].into_iter().flatten().collect();
        rows.add_row([local(one.at), one.act.clone(), plain(&one.person), why]);
    }
    let more = page.next.iter().map(|next| format!("\n\nmore: --after {next}"));
    std::iter::once(rows.to_string()).chain(more).collect()
}

fn shown(Shown { done, progress }: &Shown) -> String {
    let mut about = table(["ACT", &done.id.to_string()], 1);
    about.add_row(["what", &done.act]);
    about.add_row(["by", &plain(&done.person)]);
    about.add_row(["why", &plain(&done.reason)]);
    about.add_row(["when", &local(done.at)]);
    for (name, value) in [("before", &done.before), ("after", &done.after)] {
        if let Some(value) = value {
            about.add_row([name, &plain(&value.to_string())]);
        }
    }
    if let Some(workflow) = done.workflow {
        about.add_row(["workflow", &workflow.to_string()]);
    }
    if let Some(bulk) = progress {
        about.add_row(["how far", &line(bulk)]);
    }
    about.to_string()
}

impl Steering {
    async fn run(self, desk: &Desk, steer: Steer) -> anyhow::Result<ExitCode> {
        let bulk = bulk::steer(&desk.pool, &desk.caller, self.id, steer, &self.reason).await?;
        done(self.json, &bulk, &line(&bulk))
    }
}
