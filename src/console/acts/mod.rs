//! The audit: what people did, narrowed down by what the address says, and as a file for spreadsheets.

mod bulk;
mod one;

use askama::Template;
use axum::{
    body::Body,
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};

pub use bulk::{new, preview, start};
pub use one::{live, show as show_one, steer};

use super::{
    ConsoleState,
    choices::{Choice, choices, query, to_desk, to_field},
    facts::Subject,
    failed::Failed,
    page::{Page, with_status},
    who::{Form, Seen},
};
use crate::desk::{
    Items, Refusal,
    audit::{self, Asked, Done},
    export,
    rights::Reading,
};

/// What people do, as the audit names it.
const ACTS: [&str; 26] = [
    "retry",
    "skip",
    "resolve",
    "approve",
    "refuse",
    "pause",
    "resume",
    "cancel",
    "looked",
    "bulk.retry",
    "bulk.cancel",
    "integration.create",
    "integration.edit",
    "integration.elements",
    "integration.project",
    "integration.activate",
    "integration.inactivate",
    "upstream.open",
    "upstream.close",
    "upstream.limit",
    "schedule.edit",
    "schedule.run",
    "discrepancy.send",
    "discrepancy.take",
    "token.create",
    "token.revoke",
];

#[derive(Template)]
#[template(path = "acts.html", config = "src/console/askama.toml")]
struct Shown {
    page: Page,
    filter: Fields,
    rows: Vec<Row>,
    csv: String,
    older: Option<String>,
    first: bool,
    wrong: Option<Refusal>,
}

struct Fields {
    acts: Vec<Choice>,
    person: String,
    workflow: String,
    integration: String,
    since: String,
    until: String,
}

/// Something that a person did, in a list.
pub struct Row {
    pub done: Done,
    pub act: String,
    pub to: Vec<Subject>,
}

/// The page.
pub async fn show(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    RawQuery(asked): RawQuery,
) -> Result<Response, Failed> {
    let form = Form::read(asked.as_deref().unwrap_or_default());
    let found = match filter(&form) {
        Ok(asked) => audit::list(&state.pool, &page.caller, &asked).await,
        Err(refusal) => Err(refusal),
    };
    let (found, wrong) = match found {
        Ok(items) => (items, None),
        Err(refusal @ Refusal::Invalid { .. }) => (Items { items: Vec::new(), next: None }, Some(refusal)),
        Err(refusal) => return Err(page.failed(refusal)),
    };
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shown = Shown {
        filter: fields(&page, &form),
        csv: format!("/acts.csv?{}", query(&form, &["after", "limit"], &[])),
        older: found.next.map(|next| format!("/acts?{}", query(&form, &["after"], &[("after", &next)]))),
        first: form.one("after").is_none(),
        rows: found.items.into_iter().map(|done| row(&page, done)).collect(),
        wrong,
        page: page.clone(),
    };
    Ok(with_status(status, page.show(&shown)?))
}

/// The same for a spreadsheet: all that match.
pub async fn csv(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    RawQuery(asked): RawQuery,
) -> Result<Response, Failed> {
    let asked = filter(&Form::read(asked.as_deref().unwrap_or_default()));
    let asked = asked.map_err(|refusal| page.failed(refusal))?;
    let lines = export::acts(&state.pool, &page.caller, asked).await.map_err(|refusal| page.failed(refusal))?;
    // Spreadsheets know by this mark in which letters the rest is written.
    let marked = stream::once(async { Ok("\u{feff}".to_owned()) }).chain(lines);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"enlace-acts.csv\""),
    ];
    Ok((headers, Body::from_stream(marked)).into_response())
}

fn filter(form: &Form) -> Result<Asked, Refusal> {
    let mut form = form.clone();
    form.change("since", to_desk);
    form.change("until", to_desk);
    form.as_query()
}

fn fields(page: &Page, form: &Form) -> Fields {
    let text = |name: &str| form.one(name).unwrap_or_default().to_owned();
    let mut acts = choices(page, "act", &ACTS, form.one("act"));
    acts.iter_mut().filter(|one| !one.value.is_empty()).for_each(|one| one.words = act_words(page, &one.value));
    Fields {
        acts,
        person: text("person"),
        workflow: text("workflow"),
        integration: text("integration"),
        since: to_field(form.one("since")),
        until: to_field(form.one("until")),
    }
}

/// What was done, in words.
pub fn act_words(page: &Page, act: &str) -> String {
    match act.strip_prefix("bulk.") {
        Some(one) => page.t1("act-on-many", "act", act_words(page, one)),
        None => {
            let name = act.replace('.', "-");
            let words = page.one_of("act", &name);
            if words == name { act.to_owned() } else { words }
        }
    }
}

/// An act as a row of a list.
pub fn row(page: &Page, done: Done) -> Row {
    Row { act: act_words(page, &done.act), to: targets(page, &done), done }
}

/// What it was done to, each with its page.
fn targets(page: &Page, done: &Done) -> Vec<Subject> {
    let link = |words: String, href: String| Subject { words, href: Some(href) };
    let mut to = Vec::new();
    to.extend(done.workflow.map(|id| link(page.t("act-workflow"), format!("/workflows/{id}"))));
    to.extend(done.bulk.filter(|bulk| *bulk != done.id).map(|id| link(page.t("act-bulk"), format!("/acts/{id}"))));
    let sides = || done.before.iter().chain(&done.after);
    let number = |key: &str| sides().find_map(|side| side.get(key)?.as_i64());
    let upstream = sides().find_map(|side| side.get("upstream")?.as_str()?.strip_prefix("integration:")?.parse().ok());
    if let Some(id) = number("integration").or(upstream) {
        to.push(link(format!("{} {id}", page.one_of("payload", "id_integracao")), format!("/integrations/{id}")));
    }
    if let Some(id) = number("schedule") {
        to.push(link(page.t1("act-schedule", "id", id), "/schedules".to_owned()));
    }
    if done.act.starts_with("token.") {
        let name = sides().find_map(|side| side.get("name")?.as_str()).unwrap_or_default();
        to.push(Subject { words: name.to_owned(), href: None });
    }
    if done.act.starts_with("discrepancy.") {
        to.push(link(page.t("menu-discrepancies"), "/discrepancies".to_owned()));
    }
    to
}

impl Shown {
    /// Whether a field cannot be taken as it is.
    fn wrong_with(&self, name: &str) -> bool {
        matches!(&self.wrong, Some(Refusal::Invalid { field, .. }) if field == name)
    }
}
