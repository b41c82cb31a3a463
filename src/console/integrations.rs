//! Integrations: the list, and one whole: tried, synced, switched on and off, with its upstream and its history (rule D4).

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::Deserialize;
use serde_json::json;

use super::{
    ConsoleState,
    failed::Failed,
    page::Page,
    who::{Form, Seen, Sent},
};
use crate::desk::{
    Items, Refusal,
    boxes::{self, Project},
    check,
    integrations::{self as desk, Choice, Event, Integration, Tested, syncs},
    rights::{Acting, Administering, Reading},
    upstreams::{self, Upstream},
};

/// All kinds that may be chosen (rule D3).
pub const ELEMENTS: [&str; 4] = ["box", "splitter", "pole", "cable"];
/// Events of a page of the history.
const EVENTS: &str = "20";

#[derive(Template)]
#[template(path = "integrations.html", config = "src/console/askama.toml")]
struct All {
    page: Page,
    all: Vec<(Integration, Option<Upstream>)>,
}

#[derive(Template)]
#[template(path = "integration.html", config = "src/console/askama.toml")]
struct Whole {
    page: Page,
    one: Integration,
    upstream: Upstream,
    syncs: syncs::Syncs,
    history: Items<Event>,
    projects: Vec<Project>,
    elements: [&'static str; 4],
}

/// The part of it that moves.
#[derive(Template)]
#[template(path = "integration_live.html", config = "src/console/askama.toml")]
struct Live {
    page: Page,
    one: Integration,
    upstream: Upstream,
    syncs: syncs::Syncs,
}

impl Whole {
    fn chosen(&self, kind: &str) -> bool {
        self.one.elements.iter().any(|chosen| chosen == kind)
    }

    fn parameter(&self, name: &str) -> String {
        self.one.parameters.get(name).map_or_else(|| "–".to_owned(), shown)
    }
}

/// A parameter, as a page shows it.
fn shown(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An integration's number in a path.
pub fn number(page: &Page, text: &str) -> Result<i64, Failed> {
    check::number("id", text).map_err(|_| page.failed(Refusal::Missing(page.t1("network-no-number", "text", text))))
}

/// There is no such act.
pub fn nothing(page: &Page, act: &str) -> Failed {
    page.failed(Refusal::Missing(page.t1("failed-nowhere", "path", act)))
}

/// All integrations.
pub async fn list(State(state): State<ConsoleState>, Seen { page, .. }: Seen<Reading>) -> Result<Response, Failed> {
    let read = async {
        let all = desk::list(&state.pool, None, Some("500")).await?.items;
        let upstreams = upstreams::list(&state.pool).await?.items;
        let of = |one: &Integration| upstreams.iter().find(|upstream| upstream.id_integracao == Some(one.id)).cloned();
        Ok::<_, Refusal>(all.into_iter().map(|one| (one.clone(), of(&one))).collect())
    };
    let all = read.await.map_err(|refusal| page.failed(refusal))?;
    page.clone().show(&All { page, all })
}

/// Where the history goes on.
#[derive(Deserialize)]
pub struct Asked {
    after: Option<String>,
}

/// One integration.
pub async fn show(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let read = async {
        let one = desk::show(&state.pool, id).await?;
        let upstream = upstreams::show(&state.pool, &mapping::upstream_of(id)).await?;
        let syncs = syncs::of(&state.pool, &page.caller, id).await?;
        let history = desk::history(&state.pool, id, asked.after.as_deref(), Some(EVENTS)).await?;
        let projects = free(boxes::projects(&state.pool, None).await?);
        Ok::<_, Refusal>(Whole { page: page.clone(), one, upstream, syncs, history, projects, elements: ELEMENTS })
    };
    let whole = read.await.map_err(|refusal| page.failed(refusal))?;
    page.show(&whole)
}

/// Projects that no integration fills: one fills it at most (rule D2).
pub fn free(projects: Vec<Project>) -> Vec<Project> {
    projects.into_iter().filter(|project| project.id_integracao.is_none()).collect()
}

/// What moves of it.
pub async fn live(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let read = async {
        let one = desk::show(&state.pool, id).await?;
        let upstream = upstreams::show(&state.pool, &mapping::upstream_of(id)).await?;
        let syncs = syncs::of(&state.pool, &page.caller, id).await?;
        Ok::<_, Refusal>(Live { page: page.clone(), one, upstream, syncs })
    };
    let live = read.await.map_err(|refusal| page.failed(refusal))?;
    page.show(&live)
}

/// Where an act on an integration goes on: to its page, or to the step of its setting up that the form was on.
fn back(form: &Form, id: i64) -> String {
    if form.has("setup") { format!("/integrations/{id}/setup") } else { format!("/integrations/{id}") }
}

/// *Test*: its answer is a notice, whichever it is.
pub fn tested(page: &Page, to: &str, tested: Tested) -> Response {
    let words = page.said(&tested.message).to_owned();
    match tested.ok {
        true => page.done(to, words),
        false => page.refused(to, &Refusal::Later(words)),
    }
}

/// Asks the platform whether it works.
pub async fn test(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let found = desk::test(&state.pool, &state.setup, &page.caller, id).await;
    Ok(tested(&page, &back(&form, id), found.map_err(|refusal| page.failed(refusal))?))
}

/// Starts a sync, or joins the one that runs.
pub async fn sync(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let started = desk::sync(&state.pool, &page.caller, id).await;
    page.acted(&back(&form, id), started, |_| page.t("integration-sync-started"))
}

/// Switches it on or off.
pub async fn activate(
    State(state): State<ConsoleState>,
    Path((id, act)): Path<(String, String)>,
    Sent { page, form, .. }: Sent<Administering>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let (active, key) = match act.as_str() {
        "activate" => (true, "integration-activated"),
        "inactivate" => (false, "integration-inactivated"),
        _ => return Err(nothing(&page, &act)),
    };
    let done = match form.reason() {
        Ok(reason) => desk::activate(&state.pool, &page.caller, id, active, Some(reason)).await,
        Err(refusal) => Err(refusal),
    };
    page.acted(&back(&form, id), done, |_| page.t(key))
}

/// Chooses what is synced.
pub async fn elements(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Administering>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let chosen: Vec<String> = form.all("element").into_iter().map(str::to_owned).collect();
    let done = desk::set_elements(&state.pool, &page.caller, id, &chosen, form.one("reason")).await;
    page.acted(&format!("/integrations/{id}"), done, |_| page.t("integration-elements-set"))
}

/// Ties it to a project.
pub async fn project(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Administering>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let choice = match form.one("id_projeto") {
        Some(text) => check::number("id_projeto", text).map(|id| Choice { id_projeto: Some(id), nome: None }),
        None => Ok(Choice { id_projeto: None, nome: form.one("nome").map(str::to_owned) }),
    };
    let done = match choice {
        Ok(choice) => desk::set_project(&state.pool, &page.caller, id, choice, form.one("reason")).await,
        Err(refusal) => Err(refusal),
    };
    page.acted(&back(&form, id), done, |_| page.t("integration-project-set"))
}

/// Closes, opens or limits its upstream.
pub async fn upstream(
    State(state): State<ConsoleState>,
    Path((id, act)): Path<(String, String)>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let to = format!("/integrations/{id}");
    if !["open", "limit", "close"].contains(&act.as_str()) {
        return Err(nothing(&page, &act));
    }
    let done = match change(&page, &form, &act) {
        Ok(change) => upstreams::change(&state.pool, &page.caller, &mapping::upstream_of(id), change).await,
        Err(refusal) => Err(refusal),
    };
    page.acted(&to, done, |upstream| {
        page.t1("integration-upstream-set", "state", page.one_of("upstream", &upstream.state))
    })
}

fn change(page: &Page, form: &Form, act: &str) -> Result<upstreams::Change, Refusal> {
    let reason = form.reason()?.to_owned();
    let number = |name: &str, text: &str| {
        let read: Result<f64, _> = text.replace(',', ".").parse();
        read.map(|number| if number.fract() == 0.0 { json!(number as i64) } else { json!(number) })
            .map_err(|_| Refusal::invalid(name, "deve ser um número / must be a number"))
    };
    let limit = |name: &str| form.one(name).map_or(Ok(serde_json::Value::Null), |text| number(name, text));
    Ok(match act {
        "open" => upstreams::Change { closed_until: Some(serde_json::Value::Null), reason, ..Default::default() },
        "limit" => upstreams::Change {
            rate: Some(limit("rate")?),
            concurrency: Some(limit("concurrency")?),
            reason,
            ..Default::default()
        },
        _ => upstreams::Change { closed_until: Some(json!(until(page, form)?)), reason, ..Default::default() },
    })
}

/// Until when a person wants it closed: so many minutes from now, or until somebody opens it.
fn until(page: &Page, form: &Form) -> Result<String, Refusal> {
    match form.one("minutes") {
        None | Some("infinity") => Ok("infinity".to_owned()),
        Some(text) => {
            let minutes = check::number("minutes", text)?.min(60 * 24 * 366);
            Ok((page.now + chrono::TimeDelta::minutes(minutes)).to_rfc3339())
        }
    }
}
