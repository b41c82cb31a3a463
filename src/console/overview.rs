//! What stands first: what waits for a person, then how each integration is. It moves by itself.

use askama::Template;
use axum::{extract::State, response::Response};

use super::{ConsoleState, failed::Failed, page::Page, who::Seen};
use crate::desk::{
    overview::{self, Overview},
    rights::Reading,
};

#[derive(Template)]
#[template(path = "overview.html", config = "src/console/askama.toml")]
struct Whole {
    page: Page,
    all: Overview,
}

/// The part of it that is fetched again when something changed.
#[derive(Template)]
#[template(path = "overview_live.html", config = "src/console/askama.toml")]
struct Live {
    page: Page,
    all: Overview,
}

/// The page.
pub async fn show(State(state): State<ConsoleState>, Seen { page, .. }: Seen<Reading>) -> Result<Response, Failed> {
    match overview::read(&state.pool, &page.caller).await {
        Ok(all) => page.clone().show(&Whole { page, all }),
        Err(refusal) => Err(page.failed(refusal)),
    }
}

/// What moves of it.
pub async fn live(State(state): State<ConsoleState>, Seen { page, .. }: Seen<Reading>) -> Result<Response, Failed> {
    match overview::read(&state.pool, &page.caller).await {
        Ok(all) => page.clone().show(&Live { page, all }),
        Err(refusal) => Err(page.failed(refusal)),
    }
}
