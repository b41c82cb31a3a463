//! `enlace explain`: why one workflow stands where it stands, in a sentence, and what may be done about it.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::desk::at_desk;
use super::show::{Language, Look, local, plain};
use crate::desk::workflows::{self, Explanation, Workflow};
use crate::settings::Settings;

/// Say why a workflow is not moving, or how it ended, and what may be done about it.
#[derive(Debug, Args)]
pub struct Explain {
    /// Its id
    id: Uuid,
    /// Language of sentences
    #[arg(long, default_value = "pt")]
    lang: Language,
    #[command(flatten)]
    look: Look,
}

/// What is said of it.
#[derive(Serialize)]
struct Said {
    id: Uuid,
    kind: String,
    status: String,
    state: Option<String>,
    explanation: Explanation,
    /// The last failure: `{class, code, message}`.
    error: Option<Value>,
    keys: Vec<String>,
    legal_acts: Vec<&'static str>,
    #[serde(skip)]
    next: Option<String>,
}

impl Said {
    fn of(one: Workflow) -> Self {
        let error =
            one.steps.iter().rev().flat_map(|step| step.attempts.iter().rev()).find_map(|tried| tried.error.clone());
        let Workflow { summary, legal_acts, .. } = one;
        Self {
            id: summary.id,
            kind: summary.kind,
            status: summary.status,
            state: summary.state,
            explanation: summary.explanation,
            // What went wrong once and was done then explains nothing.
            error: error.filter(|_| summary.ended_at.is_none()),
            keys: summary.keys,
            legal_acts,
            next: summary.next_at.map(local),
        }
    }

    fn text(&self, lang: Language) -> String {
        let in_lang = |pt, en| if lang == Language::Pt { pt } else { en };
        let about = format!("{} {} · {}", self.kind, self.keys.join(" "), self.status);
        let mut lines = vec![about.trim().to_owned(), lang.of(&self.explanation)];
        let message = self.error.as_ref().and_then(|error| error.get("message")?.as_str());
        lines.extend(message.map(|said| format!("{} {}", in_lang("última falha:", "last failure:"), plain(said))));
        lines.extend(self.next.iter().map(|at| format!("{} {at}", in_lang("continua em", "goes on at"))));
        if !self.legal_acts.is_empty() {
            lines.push(in_lang("o que se pode fazer:", "what may be done:").to_owned());
            let reason = in_lang("por quê", "why");
            let command =
                |act: &&str| format!("  enlace workflows {act} {} --reason \"{reason}\"{}", self.id, more(act));
            lines.extend(self.legal_acts.iter().map(command));
        }
        lines.join("\n")
    }
}

/// What an act takes beside a reason.
fn more(act: &str) -> &'static str {
    if act == "resolve" { " --outcome done|not_done" } else { "" }
}

impl Explain {
    /// Says it.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| {
            let read = async || Ok(Said::of(workflows::show(&desk.pool, &desk.caller, self.id).await?));
            self.look.show(read, |said| said.text(self.lang)).await
        })
        .await
    }
}
