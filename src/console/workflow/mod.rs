//! One workflow: why it is where it is, what may be done, its states drawn, its time, its facts and its neighbours.

mod act;
mod diagram;
mod edit;
mod layout;
mod timeline;

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use uuid::Uuid;

pub use act::act;
pub use edit::{edit, preview};

use self::{diagram::Diagram, timeline::Timeline};
use super::{
    ConsoleState,
    facts::{Subject, facts, json, subjects, tone},
    failed::Failed,
    page::Page,
    who::Seen,
    workflows::{Row, rows},
};
use crate::desk::{
    Refusal, kinds, neighbours,
    rights::Reading,
    workflows::{self, Workflow},
};

#[derive(Template)]
#[template(path = "workflow.html", config = "src/console/askama.toml")]
struct Whole {
    page: Page,
    it: It,
    before: Vec<Row>,
    after: Vec<Row>,
    tried: Option<Tried>,
}

/// The part of it that moves.
#[derive(Template)]
#[template(path = "workflow_live.html", config = "src/console/askama.toml")]
struct Live {
    page: Page,
    it: It,
}

/// The acts that make sense now.
#[derive(Template)]
#[template(path = "workflow_acts.html", config = "src/console/askama.toml")]
struct Acts {
    page: Page,
    it: It,
    tried: Option<Tried>,
}

/// A workflow as its page shows it.
struct It {
    all: Workflow,
    tone: &'static str,
    subjects: Vec<Subject>,
    input: Vec<(String, String)>,
    input_json: String,
    result: Vec<(String, String)>,
    result_json: Option<String>,
    original_json: Option<String>,
    progress: Vec<(String, String)>,
    path: Vec<String>,
    diagram: Option<Diagram>,
    timeline: Timeline,
    /// Its sync waits for somebody to approve what would vanish (rule S9).
    guard: bool,
}

/// An act that was refused, as it was sent.
struct Tried {
    act: String,
    reason: String,
    wrong: String,
}

impl It {
    fn of(page: &Page, all: Workflow) -> Self {
        let kind = kinds::definitions().get(&all.summary.kind);
        let waits = all.summary.waits_for.as_deref() == Some("approval");
        Self {
            tone: tone(&all.summary.status),
            subjects: subjects(page, &all.summary.payload),
            input: facts(page, &all.summary.payload),
            input_json: json(&all.summary.payload),
            result: all.summary.result.as_ref().map(|result| facts(page, result)).unwrap_or_default(),
            result_json: all.summary.result.as_ref().map(json),
            original_json: all.original_payload.as_ref().map(json),
            progress: all.progress.as_ref().map(|progress| facts(page, progress)).unwrap_or_default(),
            path: diagram::path(page, &all, kind),
            diagram: kind.map(|kind| diagram::draw(page, &all, kind)),
            timeline: timeline::of(&all),
            guard: all.summary.kind == "sync" && waits,
            all,
        }
    }

    /// Whether an act makes sense now.
    fn may(&self, act: &str) -> bool {
        self.all.legal_acts.contains(&act)
    }

    /// The acts that take nothing but a reason, the likeliest first.
    fn plain_acts(&self) -> Vec<&'static str> {
        self.all.legal_acts.iter().copied().filter(|act| *act != "resolve").collect()
    }
}

/// The workflow of an address; what is no id is not there.
async fn read(state: &ConsoleState, page: &Page, id: &str) -> Result<Workflow, Failed> {
    let found = match id.parse::<Uuid>() {
        Ok(id) => workflows::show(&state.pool, &page.caller, id).await,
        Err(_) => Err(Refusal::no_workflow(id)),
    };
    found.map_err(|refusal| page.failed(refusal))
}

/// The page.
pub async fn show(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    whole(&state, page, &id, None).await
}

/// The page, with an act that was refused.
async fn whole(state: &ConsoleState, page: Page, id: &str, tried: Option<Tried>) -> Result<Response, Failed> {
    let all = read(state, &page, id).await?;
    let near = neighbours::of(&state.pool, &page.caller, all.summary.id).await;
    let near = near.map_err(|refusal| page.failed(refusal))?;
    let mut after = rows(&page, near.after);
    after.reverse();
    let before = rows(&page, near.before);
    page.clone().show(&Whole { it: It::of(&page, all), before, after, tried, page })
}

/// What moves of it.
pub async fn live(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let all = read(&state, &page, &id).await?;
    page.clone().show(&Live { it: It::of(&page, all), page })
}

/// What may be done to it now.
pub async fn acts(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let all = read(&state, &page, &id).await?;
    page.clone().show(&Acts { it: It::of(&page, all), page, tried: None })
}
