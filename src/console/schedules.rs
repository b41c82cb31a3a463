//! Schedules: when each ticked last and will next, paused with a note, run at once, and changed after a look at what that means.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};

use super::{
    ConsoleState,
    facts::{Subject, subjects},
    failed::Failed,
    format,
    page::{Page, with_status},
    who::{Form, Seen, Sent},
};
use crate::desk::{
    Refusal,
    rights::{Acting, Reading},
    schedules::{self, Change, Schedule, Ticks},
};

#[derive(Template)]
#[template(path = "schedules.html", config = "src/console/askama.toml")]
struct Shown {
    page: Page,
    all: Vec<Row>,
    tried: Option<Tried>,
}

struct Row {
    one: Schedule,
    subjects: Vec<Subject>,
    /// Its next ticks, each as the clock shows it in its own zone.
    next: Vec<String>,
}

/// A form that was refused, as it was sent.
struct Tried {
    id: i64,
    pattern: String,
    zone: String,
    note: String,
    field: String,
    wrong: String,
}

#[derive(Template)]
#[template(path = "schedule_preview.html", config = "src/console/askama.toml")]
struct Previewed {
    page: Page,
    one: Schedule,
    ticks: Ticks,
    shown: Vec<String>,
}

/// The page.
pub async fn show(State(state): State<ConsoleState>, Seen { page, .. }: Seen<Reading>) -> Result<Response, Failed> {
    shown(&state, page, None).await
}

async fn shown(state: &ConsoleState, page: Page, tried: Option<Tried>) -> Result<Response, Failed> {
    let rows = async {
        let all = schedules::list(&state.pool, None, Some("500")).await?.items;
        let mut rows = Vec::new();
        for one in all {
            // What does not tick any more has no next ticks: no reason not to show the others.
            let ticks = match schedules::ticks(&state.pool, &one.pattern, &one.zone).await {
                Ok(ticks) if one.active => ticks.ticks,
                Ok(_) | Err(Refusal::Invalid { .. }) => Vec::new(),
                Err(refusal) => return Err(refusal),
            };
            let next = ticks.iter().map(|at| format::moment_in(page.language, *at, &one.zone)).collect();
            rows.push(Row { subjects: subjects(&page, &one.payload), next, one });
        }
        Ok(rows)
    };
    let all = rows.await.map_err(|refusal: Refusal| page.failed(refusal))?;
    let status = if tried.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let answer = page.clone().show(&Shown { page, all, tried })?;
    Ok(with_status(status, answer))
}

fn number(id: &str) -> Result<i64, Refusal> {
    id.parse().map_err(|_| Refusal::Missing(format!("there is no schedule {id}")))
}

/// The list again, with a form that was refused.
async fn refused(
    state: &ConsoleState,
    page: Page,
    id: &str,
    form: &Form,
    refusal: Refusal,
) -> Result<Response, Failed> {
    let Refusal::Invalid { field, message } = refusal else { return Err(page.failed(refusal)) };
    let text = |name: &str| form.one(name).unwrap_or_default().to_owned();
    let tried = Tried {
        id: number(id).unwrap_or_default(),
        pattern: text("pattern"),
        zone: text("zone"),
        note: text("note"),
        wrong: format!("{field}: {message}"),
        field,
    };
    shown(state, page, Some(tried)).await
}

/// Shows when another pattern would tick, before it is stored.
pub async fn preview(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let found = async {
        let one = schedules::show(&state.pool, number(&id)?).await?;
        let text = |name: &str| form.one(name).unwrap_or_default();
        Ok((one, schedules::ticks(&state.pool, text("pattern"), text("zone")).await?))
    };
    match found.await {
        Ok((one, ticks)) => {
            let shown = ticks.ticks.iter().map(|at| format::moment_in(page.language, *at, &ticks.zone)).collect();
            page.clone().show(&Previewed { page, one, ticks, shown })
        }
        Err(refusal) => refused(&state, page, &id, &form, refusal).await,
    }
}

/// Pauses it, lets it go on, or stores another pattern.
pub async fn change(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let changed = async {
        let id = number(&id)?;
        let change = match form.one("do") {
            Some("pause") => {
                let note = form.one("note").ok_or_else(|| Refusal::invalid("note", page.t("schedule-say-why")))?;
                Change { active: Some(false), note: Some(note.to_owned()), ..Change::default() }
            }
            Some("resume") => Change { active: Some(true), note: Some(String::new()), ..Change::default() },
            _ => {
                let text = |name: &str| form.one(name).map(str::to_owned);
                Change { pattern: text("pattern"), zone: text("zone"), note: text("note"), ..Change::default() }
            }
        };
        schedules::change(&state.pool, &page.caller, id, change).await
    };
    match changed.await {
        Ok(now) => {
            let next = now.next_at.map(|at| page.moment(&at));
            let words = match next {
                Some(at) => page.t1("schedule-goes-on", "at", at),
                None => page.t("schedule-paused"),
            };
            Ok(page.done("/schedules", words))
        }
        Err(refusal) => refused(&state, page, &id, &form, refusal).await,
    }
}

/// Starts its workflow now.
pub async fn run(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let started = async { schedules::run(&state.pool, &page.caller, number(&id)?).await };
    match started.await {
        Ok(started) => Ok(page.done(&format!("/workflows/{}", started.id), page.t("schedule-started"))),
        Err(refusal) => page.acted("/schedules", Err::<(), _>(refusal), |()| String::new()),
    }
}

impl Shown {
    /// The form of this schedule that was refused.
    fn tried(&self, id: &i64) -> Option<&Tried> {
        self.tried.as_ref().filter(|tried| tried.id == *id)
    }
}
