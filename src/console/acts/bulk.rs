//! An act on all workflows that a filter matches: chosen, looked at before, and begun.

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use strum::VariantNames;

use super::super::{
    ConsoleState,
    choices::{Choice, query},
    failed::Failed,
    page::{Page, with_status},
    who::{Form, Seen, Sent},
    workflows::{self, Row, rows},
};
use crate::desk::{
    Refusal,
    acts::Verb,
    bulk::{self, Preview, Start, Which},
    filter::Asked,
    rights::Acting,
};

/// What the form asks for beside the filter, which is carried along.
const OWN: [&str; 4] = ["action", "reason", "pace", "outcome"];

#[derive(Template)]
#[template(path = "acts_new.html", config = "src/console/askama.toml")]
struct New {
    page: Page,
    /// The filter, as it was given.
    carried: Vec<(String, String)>,
    /// The same in words.
    filter: Vec<(String, String)>,
    list: String,
    actions: Vec<Choice>,
    outcomes: Vec<Choice>,
    reason: String,
    pace: String,
    wrong: Option<Refusal>,
}

#[derive(Template)]
#[template(path = "acts_preview.html", config = "src/console/askama.toml")]
struct Previewed {
    page: Page,
    action: String,
    fields: Vec<(String, String)>,
    back: String,
    preview: Preview,
    rows: Vec<Row>,
}

/// Asks what is to be done to those that the address names.
pub async fn new(Seen { page, .. }: Seen<Acting>, RawQuery(asked): RawQuery) -> Result<Response, Failed> {
    shown(page, &Form::read(asked.as_deref().unwrap_or_default()), None)
}

fn shown(page: Page, form: &Form, wrong: Option<Refusal>) -> Result<Response, Failed> {
    let text = |name: &str| form.one(name).unwrap_or_default().to_owned();
    let choice = |group: &str, value: &str, chosen: bool| Choice {
        words: page.one_of(group, value),
        value: value.to_owned(),
        chosen,
    };
    let carried: Vec<(String, String)> = form
        .fields()
        .filter(|(name, _)| !OWN.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let actions = Verb::VARIANTS.iter().map(|verb| choice("act", verb, form.one("action") == Some(verb)));
    let new = New {
        actions: actions.collect(),
        outcomes: ["done", "not_done"].map(|one| choice("was", one, form.one("outcome") == Some(one))).into(),
        filter: carried.iter().map(|(name, value)| filter_words(&page, name, value)).collect(),
        list: format!("/workflows?{}", list_query(form)),
        carried,
        reason: text("reason"),
        pace: text("pace"),
        wrong,
        page: page.clone(),
    };
    Ok(with_status(status, page.show(&new)?))
}

/// A part of a filter in words.
pub fn filter_words(page: &Page, name: &str, value: &str) -> (String, String) {
    let group = if name == "reason_to_wait" { "reason" } else { name };
    let word = |one: &str| match group {
        "kind" | "status" => page.one_of(group, one),
        "reason" => page.one_of("parked", one),
        _ => one.to_owned(),
    };
    let label = page.one_of("filter", if group == "q" { "text" } else { group });
    (label, value.split(',').map(word).collect::<Vec<_>>().join(", "))
}

/// The address of the list takes *what is waited for* under the name that the act's own reason has here.
fn list_query(form: &Form) -> String {
    let with: Vec<(&str, &str)> = form.one("reason_to_wait").map(|value| ("reason", value)).into_iter().collect();
    query(form, &[&OWN[..], &["reason_to_wait"]].concat(), &with)
}

/// What the form asks for; `reason` is the act's here, and what is waited for has another name.
fn asked(form: &Form, preview: bool) -> Result<Start, Refusal> {
    let action = form.one("action").and_then(|action| action.parse().ok());
    let action: Verb =
        action.ok_or_else(|| Refusal::invalid("action", "escolha o que fazer / choose what is to be done"))?;
    let pace = form.one("pace").map(str::parse).transpose();
    let Asked { kind, status, reason, integration, port, service, customer, q, since, until, .. } =
        workflows::filter(&Form::read(&list_query(form)))?;
    let filter = Which { kind, status, reason, integration, port, service, customer, q, since, until };
    Ok(Start {
        action,
        filter,
        reason: form.reason()?.to_owned(),
        outcome: form.one("outcome").filter(|_| action == Verb::Resolve).map(str::to_owned),
        preview,
        pace: pace.map_err(|_| Refusal::invalid("pace", "deve ser um número inteiro / must be a whole number"))?,
    })
}

/// Shows what it would do, before anything is done.
pub async fn preview(
    State(state): State<ConsoleState>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let found = match asked(&form, true) {
        Ok(start) => bulk::preview(&state.pool, &page.caller, &start).await.map(|preview| (start, preview)),
        Err(refusal) => Err(refusal),
    };
    match found {
        Ok((start, preview)) => {
            let fields = form.fields().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let rows = rows(&page, preview.sample.clone());
            let action = page.one_of("act", &start.action.to_string());
            let back = format!("/acts/new?{}", query(&form, &[], &[]));
            page.clone().show(&Previewed { page, action, fields, back, preview, rows })
        }
        Err(refusal @ Refusal::Invalid { .. }) => shown(page, &form, Some(refusal)),
        Err(refusal) => Err(page.failed(refusal)),
    }
}

/// Begins it.
pub async fn start(
    State(state): State<ConsoleState>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let begun = match asked(&form, false) {
        Ok(start) => bulk::start(&state.pool, &page.caller, &start).await,
        Err(refusal) => Err(refusal),
    };
    match begun {
        Ok(begun) => Ok(page.done(&format!("/acts/{}", begun.id), page.count("acts-begun", begun.total))),
        Err(refusal @ Refusal::Invalid { .. }) => shown(page, &form, Some(refusal)),
        Err(refusal) => Err(page.failed(refusal)),
    }
}

impl New {
    /// What is wrong with a field, if that is it.
    fn wrong_with(&self, name: &str) -> Option<&str> {
        match &self.wrong {
            Some(Refusal::Invalid { field, message }) if field == name => Some(message),
            _ => None,
        }
    }
}

impl Previewed {
    /// How many it would be done to.
    fn says(&self) -> String {
        let [possible, matching] = [self.preview.possible, self.preview.matching].map(|count| self.page.number(count));
        self.page.t2("acts-preview-says", ("possible", &possible), ("matching", &matching))
    }

    /// Whether one of the sample can take the act now.
    fn takes(&self, row: &Row) -> bool {
        self.preview.taking.contains(&row.one.id)
    }
}
