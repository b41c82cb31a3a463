//! One act: what it was done to, how that stood before and after; and, of one on many, how far it is and what came of each.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::Response,
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    super::{
        ConsoleState,
        facts::json,
        failed::Failed,
        page::{Page, with_status},
        who::{Form, Seen, Sent},
    },
    Row, act_words,
    bulk::filter_words,
    row,
};
use crate::desk::{
    Refusal,
    audit::{self, Asked},
    bulk::{self, Bulk, Steer},
    rights::{Acting, Reading},
};

#[derive(Template)]
#[template(path = "act.html", config = "src/console/askama.toml")]
struct Whole {
    page: Page,
    it: It,
    /// A steering that was refused: which, the reason that was typed, and what is wrong.
    tried: Option<(String, String, String)>,
}

#[derive(Template)]
#[template(path = "act_live.html", config = "src/console/askama.toml")]
struct Live {
    page: Page,
    it: It,
}

struct It {
    row: Row,
    progress: Option<Bulk>,
    filter: Vec<(String, String)>,
    before: Option<String>,
    after: Option<String>,
    /// What was done to each, the newest first.
    each: Vec<Row>,
    older: Option<String>,
}

impl It {
    /// How far it is, in words.
    fn seen_of_total(&self, page: &Page) -> String {
        let Some(bulk) = &self.progress else { return String::new() };
        let [seen, total] = [bulk.seen(), bulk.total].map(|count| page.number(count));
        page.t2("act-progress", ("seen", &seen), ("total", &total))
    }

    /// What may be done to it now.
    fn legal(&self) -> &'static [&'static str] {
        match self.progress.as_ref().map(|bulk| bulk.status.as_str()) {
            Some("running") => &["pause", "cancel"],
            Some("paused") => &["resume", "cancel"],
            _ => &[],
        }
    }
}

async fn read(state: &ConsoleState, page: &Page, id: &str, after: Option<&str>) -> Result<It, Failed> {
    let found = async {
        let id: Uuid = id.parse().map_err(|_| Refusal::Missing(format!("there is no act {id}")))?;
        let shown = audit::show(&state.pool, &page.caller, id).await?;
        let asked = Asked { bulk: Some(id.to_string()), after: after.map(str::to_owned), ..Asked::default() };
        let each = match shown.progress {
            Some(_) => Some(audit::list(&state.pool, &page.caller, &asked).await?),
            None => None,
        };
        Ok((shown, each))
    };
    let (shown, each) = found.await.map_err(|refusal| page.failed(refusal))?;
    let older = each.as_ref().and_then(|each| each.next.as_ref());
    let older = older.map(|next| format!("/acts/{id}?after={next}"));
    let each = each.into_iter().flat_map(|each| each.items).filter(|one| one.id != shown.done.id);
    Ok(It {
        filter: shown.progress.as_ref().map(|bulk| narrowed(page, &bulk.filter)).unwrap_or_default(),
        before: shown.done.before.as_ref().map(json),
        after: shown.done.after.as_ref().map(json),
        each: each.map(|one| row(page, one)).collect(),
        older,
        progress: shown.progress,
        row: row(page, shown.done),
    })
}

/// What an act on many is for, in words.
fn narrowed(page: &Page, filter: &Value) -> Vec<(String, String)> {
    let fields = filter.as_object().into_iter().flatten();
    fields.filter_map(|(name, value)| Some(filter_words(page, name, value.as_str()?))).collect()
}

/// The page.
pub async fn show(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
    RawQuery(asked): RawQuery,
) -> Result<Response, Failed> {
    let form = Form::read(asked.as_deref().unwrap_or_default());
    let it = read(&state, &page, &id, form.one("after")).await?;
    page.clone().show(&Whole { page, it, tried: None })
}

/// What moves of it.
pub async fn live(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let it = read(&state, &page, &id, None).await?;
    page.clone().show(&Live { page, it })
}

/// Pauses an act on many, lets it go on, or calls it off.
pub async fn steer(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let done = async {
        let act: Uuid = id.parse().map_err(|_| Refusal::Missing(format!("there is no act {id}")))?;
        let steer: Option<Steer> = form.one("steer").and_then(|steer| steer.parse().ok());
        let steer = steer.ok_or_else(|| {
            Refusal::invalid("steer", "deve ser pause, resume ou cancel / must be pause, resume or cancel")
        })?;
        bulk::steer(&state.pool, &page.caller, act, steer, form.reason()?).await
    };
    match done.await {
        Err(refusal @ Refusal::Invalid { .. }) => {
            let it = read(&state, &page, &id, None).await?;
            let text = |name: &str| form.one(name).unwrap_or_default().to_owned();
            let tried = Some((text("steer"), text("reason"), page.refusal(&refusal)));
            let again = page.clone().show(&Whole { page, it, tried })?;
            Ok(with_status(StatusCode::UNPROCESSABLE_ENTITY, again))
        }
        outcome => page.acted(&format!("/acts/{id}"), outcome, |bulk| {
            page.t2(
                "act-steered",
                ("act", &act_words(&page, &bulk.action)),
                ("status", &page.one_of("bulk", &bulk.status)),
            )
        }),
    }
}
