//! Workflows: the list, narrowed down by what its address says.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};

use super::{
    ConsoleState,
    choices::{Choice, choices, query, to_desk, to_field},
    facts::{Subject, subjects, tone},
    failed::Failed,
    page::{Page, with_status},
    who::{Form, Seen},
};
use crate::desk::{
    Items, Refusal,
    filter::Asked,
    integrations, kinds,
    rights::Reading,
    workflows::{self, Summary},
};

#[derive(Template)]
#[template(path = "workflows.html", config = "src/console/askama.toml")]
struct Shown {
    page: Page,
    filter: Fields,
    rows: Vec<Row>,
    /// The address of this very list, and of the next page of it.
    here: String,
    older: Option<String>,
    /// The query that an act on all of them takes; `None`: it is not narrowed down, or nobody here may act.
    bulk: Option<String>,
    first: bool,
    wrong: Option<Refusal>,
}

/// The fields of the filter as they were given.
struct Fields {
    kinds: Vec<Choice>,
    statuses: Vec<Choice>,
    reasons: Vec<Choice>,
    integrations: Vec<Choice>,
    since: String,
    until: String,
    q: String,
    /// Given in the address alone: a port, a service, a customer.
    others: Vec<(&'static str, String)>,
}

/// A workflow in a list.
pub struct Row {
    pub one: Summary,
    pub subjects: Vec<Subject>,
    pub tone: &'static str,
}

/// What filters have no field for, and links do.
const OTHERS: [&str; 3] = ["port", "service", "customer"];
/// What an act on many does not take over from the list's address as it is.
const PAGING: [&str; 3] = ["after", "limit", "reason"];

/// The page.
pub async fn show(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    RawQuery(asked): RawQuery,
) -> Result<Response, Failed> {
    let form = Form::read(asked.as_deref().unwrap_or_default());
    let found = match filter(&form) {
        Ok(asked) => workflows::list(&state.pool, &page.caller, &asked).await,
        Err(refusal) => Err(refusal),
    };
    let (items, wrong) = match found {
        Ok(items) => (items, None),
        Err(refusal @ (Refusal::Invalid { .. } | Refusal::Later(_))) => {
            (Items { items: Vec::new(), next: None }, Some(refusal))
        }
        Err(refusal) => return Err(page.failed(refusal)),
    };
    let filter = match fields(&state, &page, &form).await {
        Ok(filter) => filter,
        Err(refusal) => return Err(page.failed(refusal)),
    };
    // An act has a reason of its own: what is waited for bears another name on its form.
    let waits: Vec<(&str, &str)> = form.one("reason").map(|waits| ("reason_to_wait", waits)).into_iter().collect();
    let narrow = query(&form, &PAGING, &waits);
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let shown = Shown {
        filter,
        here: format!("/workflows?{}", query(&form, &[], &[])),
        older: items.next.map(|next| format!("/workflows?{}", query(&form, &["after"], &[("after", &next)]))),
        bulk: Some(narrow).filter(|narrow| !narrow.is_empty() && page.may_act() && wrong.is_none()),
        first: form.one("after").is_none(),
        rows: rows(&page, items.items),
        wrong,
        page: page.clone(),
    };
    Ok(with_status(status, page.show(&shown)?))
}

/// Workflows as rows of a list.
pub fn rows(page: &Page, items: Vec<Summary>) -> Vec<Row> {
    let row = |one: Summary| Row { subjects: subjects(page, &one.payload), tone: tone(&one.status), one };
    items.into_iter().map(row).collect()
}

/// What a form, or an address, narrows workflows down by.
pub fn filter(form: &Form) -> Result<Asked, Refusal> {
    let mut form = form.clone();
    form.change("since", to_desk);
    form.change("until", to_desk);
    form.as_query()
}

async fn fields(state: &ConsoleState, page: &Page, form: &Form) -> Result<Fields, Refusal> {
    let all = integrations::list(&state.pool, None, Some("500")).await?.items;
    let given = form.one("integration");
    let mut integrations = vec![Choice { value: String::new(), words: page.t("any"), chosen: given.is_none() }];
    integrations.extend(all.into_iter().map(|one| Choice {
        chosen: given == Some(one.id.to_string().as_str()),
        value: one.id.to_string(),
        words: one.name,
    }));
    let text = |name: &str| form.one(name).unwrap_or_default().to_owned();
    Ok(Fields {
        kinds: choices(page, "kind", &kinds::KINDS, form.one("kind")),
        statuses: choices(page, "status", &[kinds::UNFINISHED, kinds::ENDS].concat(), form.one("status")),
        reasons: choices(page, "parked", &kinds::WAITS, form.one("reason")),
        integrations,
        since: to_field(form.one("since")),
        until: to_field(form.one("until")),
        q: text("q"),
        others: OTHERS.into_iter().map(|name| (name, text(name))).filter(|(_, value)| !value.is_empty()).collect(),
    })
}

impl Shown {
    /// What is wrong with a field, if that is it.
    fn wrong_with(&self, name: &str) -> Option<&str> {
        match &self.wrong {
            Some(Refusal::Invalid { field, message }) if field == name => Some(message),
            _ => None,
        }
    }
}
