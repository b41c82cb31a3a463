//! `enlace workflows`: started, looked at, acted on.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use engine::clock;
use uuid::Uuid;

use super::desk::{Desk, at_desk};
use super::narrow::Narrow;
use super::progress::Progress;
use super::show::{InFull, Language, Look, done, local, local_or_dash, plain, say, table, typed_time};
use crate::desk::Items;
use crate::desk::acts::{self, Verb, With};
use crate::desk::start::{self, Along, Start};
use crate::desk::workflows::{self, Step, Summary, Workflow};
use crate::settings::Settings;

/// How often a watched workflow is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// The commands of `enlace workflows`.
#[derive(Debug, Subcommand)]
pub enum Workflows {
    /// List workflows, newest first
    List(Box<List>),
    /// Show one whole: where it stands and why, what was tried, what people did
    Show(One),
    /// Start one
    Start(Starting),
    /// Let one go on at once from the step that failed; with --payload: begin anew with that
    Retry(Retrying),
    /// Waive what one is for
    Skip(Acting),
    /// Say whether a write whose outcome is unknown was done
    Resolve(Resolving),
    /// Stop one between two steps; it keeps its place
    Pause(Acting),
    /// Let one go on after a pause
    Resume(Acting),
    /// Let one do what it asks about
    Approve(Acting),
    /// Forbid one what it asks about
    Refuse(Acting),
    /// Call one off
    Cancel(Acting),
    /// Follow one until it ends; exit code 0 if it ended well
    Watch(One),
}

/// What a list is narrowed down by.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    narrow: Narrow,
    /// What the page before said to go on with
    #[arg(long)]
    after: Option<String>,
    /// How many: 1 to 500
    #[arg(long, default_value = "20")]
    limit: String,
    /// Language of sentences
    #[arg(long, default_value = "pt")]
    lang: Language,
    #[command(flatten)]
    full: InFull,
    #[command(flatten)]
    look: Look,
}

/// One workflow.
#[derive(Debug, Args)]
pub struct One {
    /// Its id
    id: Uuid,
    /// Language of sentences
    #[arg(long, default_value = "pt")]
    lang: Language,
    #[command(flatten)]
    full: InFull,
    #[command(flatten)]
    look: Look,
}

/// A workflow to start.
#[derive(Debug, Args)]
pub struct Starting {
    /// bind, unbind, sync, …
    kind: String,
    /// What it takes, as JSON: '{"id_porta_atendimento": 812, "id_cliente_servico": 4411}'
    #[arg(value_parser = json)]
    payload: serde_json::Value,
    /// Your own id for it: given twice, it is one workflow
    #[arg(long)]
    dedup_id: Option<String>,
    /// Who asks, for the history
    #[arg(long)]
    requested_by: Option<String>,
    /// Not before this time: 24/11/2026 06:00
    #[arg(long, value_parser = typed_time)]
    not_before: Option<String>,
    /// Follow it until it ends
    #[arg(long)]
    watch: bool,
    /// Language of sentences
    #[arg(long, default_value = "pt")]
    lang: Language,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))
}

/// An act on a workflow.
#[derive(Debug, Args)]
pub struct Acting {
    /// Its id
    id: Uuid,
    /// Why, for the audit
    #[arg(long)]
    reason: String,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

/// A retry.
#[derive(Debug, Args)]
pub struct Retrying {
    #[command(flatten)]
    acting: Acting,
    /// Another payload, as JSON: it begins anew with that
    #[arg(long, value_parser = json)]
    payload: Option<serde_json::Value>,
}

/// An answer to: was it done or not?
#[derive(Debug, Args)]
pub struct Resolving {
    #[command(flatten)]
    acting: Acting,
    /// done or not_done
    #[arg(long)]
    outcome: String,
}

impl Workflows {
    /// Does what was asked.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| match self {
            Self::List(list) => list.run(&desk).await,
            Self::Show(one) => one.show(&desk).await,
            Self::Start(starting) => starting.run(&desk).await,
            Self::Retry(Retrying { acting, payload }) => {
                acting.run(&desk, Verb::Retry, With { payload, outcome: None }).await
            }
            Self::Resolve(Resolving { acting, outcome }) => {
                acting.run(&desk, Verb::Resolve, With { payload: None, outcome: Some(outcome) }).await
            }
            Self::Skip(acting) => acting.run(&desk, Verb::Skip, With::default()).await,
            Self::Pause(acting) => acting.run(&desk, Verb::Pause, With::default()).await,
            Self::Resume(acting) => acting.run(&desk, Verb::Resume, With::default()).await,
            Self::Approve(acting) => acting.run(&desk, Verb::Approve, With::default()).await,
            Self::Refuse(acting) => acting.run(&desk, Verb::Refuse, With::default()).await,
            Self::Cancel(acting) => acting.run(&desk, Verb::Cancel, With::default()).await,
            Self::Watch(one) => follow(&desk, one.id, one.lang, one.look.json).await,
        })
        .await
    }
}

impl List {
    async fn run(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let (look, lang, caller) = (self.look, self.lang, desk.looking(self.full));
        let asked = self.narrow.page(self.after, self.limit);
        let read = async || Ok(workflows::list(&desk.pool, &caller, &asked).await?);
        look.show(read, |page| listed(page, lang)).await
    }
}

fn listed(page: &Items<Summary>, lang: Language) -> String {
    let mut rows = table(["WORKFLOW", "STATUS", "WHY"], 2);
    for one in &page.items {
        let what = if one.keys.is_empty() { one.kind.clone() } else { format!("{} {}", one.kind, one.keys.join(" ")) };
        let (id, since) = (one.id, local(one.ended_at.unwrap_or(one.created_at)));
        rows.add_row([format!("{id}\n{what}"), format!("{}\n{since}", one.status), lang.of(&one.explanation)]);
    }
    let more = page.next.iter().map(|next| format!("\n\nmore: --after {next}"));
    std::iter::once(rows.to_string()).chain(more).collect()
}

impl One {
    async fn show(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let caller = desk.looking(self.full);
        let read = async || Ok(workflows::show(&desk.pool, &caller, self.id).await?);
        self.look.show(read, |one| whole(one, self.lang)).await
    }
}

fn whole(
    Workflow { summary, progress, steps, acts, legal_acts, original_payload }: &Workflow,
    lang: Language,
) -> String {
    let mut about = table(["WORKFLOW", &summary.id.to_string()], 1);
    about.add_row(["kind", &format!("{} {}", summary.kind, summary.keys.join(" "))]);
    about.add_row(["status", &format!("{}, {}", summary.status, summary.state.as_deref().unwrap_or("–"))]);
    about.add_row(["why", &lang.of(&summary.explanation)]);
    about.add_row(["payload", &summary.payload.to_string()]);
    if let Some(original) = original_payload {
        about.add_row(["at first", &original.to_string()]);
    }
    let result = summary.result.as_ref().or(progress.as_ref());
    about.add_row([
        if progress.is_some() { "so far" } else { "result" },
        &result.map_or("–".to_owned(), |r| plain(&r.to_string())),
    ]);
    about.add_row(["asked by", &plain(summary.requested_by.as_deref().unwrap_or("–"))]);
    about.add_row(["asked", &local(summary.created_at)]);
    about.add_row(["began", &local_or_dash(summary.started_at)]);
    about.add_row(["ended", &local_or_dash(summary.ended_at)]);
    about.add_row(["goes on", &local_or_dash(summary.next_at)]);
    about.add_row(["possible", &if legal_acts.is_empty() { "–".to_owned() } else { legal_acts.join(", ") }]);
    let mut parts = vec![about.to_string()];
    if !steps.is_empty() {
        parts.push(tried(steps, lang));
    }
    if !acts.is_empty() {
        let mut rows = table(["ACT", "WHEN", "WHO", "WHY"], 2);
        rows.add_rows(acts.iter().map(|a| [a.act.clone(), local(a.at), plain(&a.person), plain(&a.reason)]));
        parts.push(rows.to_string());
    }
    parts.join("\n\n")
}

fn tried(steps: &[Step], lang: Language) -> String {
    let mut rows = table(["STEP", "BEGAN", "OUTCOME", "WHAT"], 3);
    for step in steps {
        let action = if lang == Language::Pt { &step.action } else { &step.action_en };
        for attempt in &step.attempts {
            let number = if step.attempts.len() > 1 { format!("{}.{}", step.n, attempt.n) } else { step.n.to_string() };
            let error = attempt.error.as_ref().and_then(|e| e.get("message")?.as_str());
            let calls = attempt.calls.as_array().into_iter().flatten().map(called);
            let what = action.clone().unwrap_or_else(|| step.state.clone());
            let lines: Vec<String> = [what].into_iter().chain(error.map(plain)).chain(calls).collect();
            rows.add_row([number, local(attempt.began_at), attempt.outcome.clone(), lines.join("\n")]);
        }
    }
    rows.to_string()
}

fn called(call: &serde_json::Value) -> String {
    let text = |key| call.get(key).map(|v| v.as_str().map_or_else(|| v.to_string(), plain)).unwrap_or_default();
    let status = text("status").replace("null", "no answer");
    format!("  {} {} → {status}, {} ms", text("method"), text("path"), text("ms"))
}

impl Starting {
    async fn run(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let asked = Start {
            kind: self.kind,
            payload: self.payload,
            dedup_id: self.dedup_id,
            requested_by: self.requested_by,
            not_before: self.not_before.map(|at| at.parse()).transpose()?,
        };
        let started = start::start(&desk.pool, &desk.caller, asked, Along::default()).await?;
        if self.watch {
            return follow(desk, started.id, self.lang, self.json).await;
        }
        done(self.json, &started, &format!("{} is {}", started.id, started.status))
    }
}

impl Acting {
    async fn run(self, desk: &Desk, verb: Verb, with: With) -> anyhow::Result<ExitCode> {
        let did = acts::act(&desk.pool, &desk.caller, self.id, verb, &self.reason, with).await?;
        let asked = if did.outcome == "asked" { "; the worker that holds it does it between two steps" } else { "" };
        done(self.json, &did, &format!("{verb}: {} is {}{asked}", did.id, did.status))
    }
}

/// Follows a workflow until it ends: what changes is a line, a sync's progress a bar.
pub async fn follow(desk: &Desk, id: Uuid, lang: Language, json: bool) -> anyhow::Result<ExitCode> {
    let (mut said, mut progress) = (String::new(), Progress::default());
    loop {
        let one = workflows::show(&desk.pool, &desk.caller, id).await?;
        let sentence = format!("{}: {}", one.summary.status, lang.of(&one.summary.explanation));
        if !json && sentence != said {
            progress.say(&format!("{}  {sentence}", local(one.summary.ended_at.unwrap_or(one.summary.created_at))))?;
            said = sentence;
        }
        if !json {
            progress.show(one.progress.as_ref())?;
        }
        if one.summary.ended_at.is_some() {
            progress.end();
            if json {
                say(&serde_json::to_string_pretty(&one)?)?;
            }
            let well = matches!(one.summary.status.as_str(), "succeeded" | "not_applicable" | "superseded");
            return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        clock::sleep(LOOK).await;
    }
}
