//! What the one field of every page leads to: straight to the page that is meant, or a list of those that may be.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{ConsoleState, failed::Failed, page::Page, who::Seen};
use crate::desk::{
    Refusal,
    rights::Reading,
    search::{self, Found, Hit},
};

#[derive(Template)]
#[template(path = "search.html", config = "src/console/askama.toml")]
struct Results {
    page: Page,
    asked: String,
    wrong: Option<String>,
    found: Found,
    by_people: bool,
}

impl Results {
    /// What was found, by sort, in the order in which each first stands.
    fn groups(&self) -> Vec<(&str, Vec<&Hit>)> {
        let mut groups: Vec<(&str, Vec<&Hit>)> = Vec::new();
        for hit in &self.found.items {
            match groups.iter_mut().find(|(kind, _)| *kind == hit.kind) {
                Some((_, hits)) => hits.push(hit),
                None => groups.push((&hit.kind, vec![hit])),
            }
        }
        groups
    }
}

/// What is looked for.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
}

/// The page, or the way to the one that is meant.
pub async fn show(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failed> {
    let nothing = Found { items: Vec::new(), next: None, cut: false };
    let (found, wrong) = match asked.q.trim() {
        "" => (nothing, None),
        text => match search::find(&state.pool, &page.caller, text).await {
            Ok(found) => (found, None),
            Err(refusal @ (Refusal::Invalid { .. } | Refusal::Later(_))) => (nothing, Some(page.refusal(&refusal))),
            Err(refusal) => return Err(page.failed(refusal)),
        },
    };
    if let Some(hit) = found.only() {
        return Ok(Redirect::to(&hit.path).into_response());
    }
    let by_people = search::by_people(&page.caller);
    page.clone().show(&Results { page, asked: asked.q, wrong, found, by_people })
}
