//! Where HubSoft and the platform differ: both sides next to each other, and three ways to settle it, for one, for those that are
//! ticked, and for all that match (rule S6).

use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::Value;

use super::{
    ConsoleState,
    failed::Failed,
    page::Page,
    who::{Form, Seen, Sent},
};
use crate::desk::{
    Items, Refusal, check,
    discrepancies::{
        self as desk, Asked, Discrepancy, Settle,
        bulk::{self, Filter, Preview, Start},
    },
    integrations::{self, Integration},
    rights::{Acting, Reading},
};

/// The kinds, as a filter offers them.
const KINDS: [&str; 5] = mapping::discrepancies::KINDS;
/// What narrows the list down, beside its status.
const NARROWING: [&str; 5] = ["integration", "project", "port", "box", "kind"];

#[derive(Template)]
#[template(path = "discrepancies.html", config = "src/console/askama.toml")]
struct List {
    page: Page,
    asked: Form,
    wrong: Option<String>,
    items: Items<Discrepancy>,
    integrations: Vec<Integration>,
    kinds: [&'static str; 5],
}

#[derive(Template)]
#[template(path = "discrepancies_all.html", config = "src/console/askama.toml")]
struct OfAll {
    page: Page,
    how: Settle,
    asked: Form,
    reason: String,
    wrong: Option<String>,
    preview: Preview,
}

impl List {
    fn has(&self, name: &str, value: &str) -> bool {
        self.asked.one(name) == Some(value)
    }

    fn typed(&self, name: &str) -> &str {
        self.asked.one(name).unwrap_or_default()
    }

    /// The same list, without the page that it is at.
    fn query(&self) -> String {
        query(&self.asked, true)
    }

    /// Something narrows the list down, and it shows what is open: only then may all that match be settled alike.
    fn may_settle_all(&self) -> bool {
        narrowed(&self.asked) && self.asked.one("status").is_none_or(|status| status == "open")
    }
}

impl OfAll {
    /// Whether this one would be settled.
    fn does(&self, one: &Discrepancy) -> bool {
        one.possible.contains(&self.how.to_string())
    }

    fn fields(&self) -> Vec<(&'static str, &str)> {
        NARROWING.into_iter().filter_map(|name| Some((name, self.asked.one(name)?))).collect()
    }

    fn query(&self) -> String {
        query(&self.asked, false)
    }
}

fn narrowed(asked: &Form) -> bool {
    NARROWING.into_iter().any(|name| asked.one(name).is_some())
}

fn query(asked: &Form, with_status: bool) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let status = ["status"].into_iter().filter(|_| with_status);
    for (name, value) in NARROWING.into_iter().chain(status).filter_map(|name| Some((name, asked.one(name)?))) {
        query.append_pair(name, value);
    }
    query.finish()
}

/// One side of a difference, as facts: what its keys are called, and their values.
fn facts(page: &Page, side: &Value) -> Vec<(String, String)> {
    let Some(fields) = side.as_object() else { return Vec::new() };
    let shown = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(page.one_of("flag", if *yes { "true" } else { "false" })),
        other => Some(other.to_string()),
    };
    let facts = fields.iter().filter_map(|(name, value)| Some((page.one_of("fact", name), shown(value)?)));
    let facts: Vec<_> = facts.collect();
    if facts.is_empty() { vec![(page.t("port-occupant"), page.t("port-nobody"))] } else { facts }
}

/// The list.
pub async fn list(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    RawQuery(text): RawQuery,
) -> Result<Response, Failed> {
    let asked = Form::read(text.as_deref().unwrap_or_default());
    let read = match asked.as_query::<Asked>() {
        Ok(asked) => desk::list(&state.pool, &page.caller, &asked).await,
        Err(refusal) => Err(refusal),
    };
    let (items, wrong) = match read {
        Ok(items) => (items, None),
        Err(refusal @ Refusal::Invalid { .. }) => {
            (Items { items: Vec::new(), next: None }, Some(page.refusal(&refusal)))
        }
        Err(refusal) => return Err(page.failed(refusal)),
    };
    let all = integrations::list(&state.pool, None, Some("500")).await;
    let integrations = all.map_err(|refusal| page.failed(refusal))?.items;
    page.clone().show(&List { page, asked, wrong, items, integrations, kinds: KINDS })
}

/// Settles those that are ticked; what makes no sense for one leaves it alone, and is said.
pub async fn settle(
    State(state): State<ConsoleState>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let to = format!("/discrepancies?{}", form.one("back").unwrap_or_default());
    let (how, ids, reason) = match ticked(&form) {
        Ok(ticked) => ticked,
        Err(refusal) => return Ok(page.refused(&to, &refusal)),
    };
    let (mut done, mut left) = (0_i64, Vec::new());
    for id in ids {
        match desk::settle(&state.pool, &page.caller, id, how, &reason).await {
            Ok(_) => done += 1,
            Err(refusal @ (Refusal::NotNow { .. } | Refusal::Missing(_))) => {
                left.push(page.refusal(&refusal));
            }
            // What is wrong with the form is wrong with it for all of them; and what was done, is done.
            Err(refusal) => return page.acted(&to, Err::<(), _>(refusal), |()| String::new()),
        }
    }
    let words = page.count("discrepancies-settled", done);
    match left.first() {
        None => Ok(page.done(&to, words)),
        Some(why) => {
            let rest = page.count("discrepancies-left", i64::try_from(left.len()).unwrap_or(i64::MAX));
            Ok(page.refused(&to, &Refusal::Later(format!("{words} {rest} {why}."))))
        }
    }
}

fn ticked(form: &Form) -> Result<(Settle, Vec<i64>, String), Refusal> {
    let ids: Vec<i64> = form.all("id").into_iter().map(|text| check::number("id", text)).collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Err(Refusal::invalid("id", "marque ao menos uma divergência / tick at least one discrepancy"));
    }
    Ok((how(form)?, ids, form.reason()?.to_owned()))
}

fn how(form: &Form) -> Result<Settle, Refusal> {
    let named = form.one("action").and_then(|name| name.parse().ok());
    named.ok_or_else(|| Refusal::invalid("action", "send, take, ignore"))
}

fn start(form: &Form, preview: bool) -> Result<Start, Refusal> {
    let text = |name: &str| form.one(name).map(str::to_owned);
    let filter = Filter {
        integration: text("integration"),
        project: text("project"),
        port: text("port"),
        of_box: text("box"),
        kind: text("kind"),
    };
    let pace = form.one("pace").map(|text| check::number("pace", text)).transpose()?;
    let pace = pace.map(|pace| i32::try_from(pace).unwrap_or(i32::MAX));
    Ok(Start { action: how(form)?, filter, reason: form.one("reason").unwrap_or_default().to_owned(), preview, pace })
}

/// What settling all that match would come to; nothing is stored.
pub async fn preview(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Acting>,
    RawQuery(text): RawQuery,
) -> Result<Response, Failed> {
    let form = Form::read(text.as_deref().unwrap_or_default());
    previewed(&state, page, form, None).await
}

async fn previewed(state: &ConsoleState, page: Page, form: Form, wrong: Option<String>) -> Result<Response, Failed> {
    let mut asked = start(&form, true).map_err(|refusal| page.failed(refusal))?;
    // The reason is asked for on this page.
    let reason = std::mem::replace(&mut asked.reason, "–".to_owned());
    let preview = bulk::preview(&state.pool, &page.caller, &asked).await.map_err(|refusal| page.failed(refusal))?;
    page.clone().show(&OfAll { page, how: asked.action, asked: form, reason, wrong, preview })
}

/// Settles all that match, at a pace; how far it is stands on the act's page.
pub async fn settle_all(
    State(state): State<ConsoleState>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let begun = match form.reason().and_then(|_| start(&form, false)) {
        Ok(asked) => bulk::start(&state.pool, &page.caller, &asked).await,
        Err(refusal) => Err(refusal),
    };
    match begun {
        Ok(bulk) => Ok(Redirect::to(&format!("/acts/{}", bulk.id)).into_response()),
        Err(refusal @ Refusal::Invalid { .. }) => {
            let wrong = page.refusal(&refusal);
            previewed(&state, page, form, Some(wrong)).await
        }
        Err(refusal) => Err(page.failed(refusal)),
    }
}
