//! What runs here: the build, the schema, the workers and what each holds, and how the database is.

use askama::Template;
use axum::{extract::State, response::Response};

use super::{ConsoleState, failed::Failed, page::Page, who::Seen};
use crate::desk::{
    about::{self, About},
    rights::Reading,
};

/// Dead rows of one table from which on they slow everybody (engine.md, G14: a few thousand cost nothing).
const MANY_DEAD: i64 = 20_000;
/// Seconds for which a transaction may be open before it keeps the database from cleaning up.
const LONG_OPEN: f64 = 600.0;

#[derive(Template)]
#[template(path = "about.html", config = "src/console/askama.toml")]
struct Shown {
    page: Page,
    all: About,
}

/// The page.
pub async fn show(State(state): State<ConsoleState>, Seen { page, .. }: Seen<Reading>) -> Result<Response, Failed> {
    match about::read(&state.pool).await {
        Ok(all) => page.clone().show(&Shown { page, all }),
        Err(refusal) => Err(page.failed(refusal)),
    }
}

impl Shown {
    fn missing(&self) -> usize {
        self.all.migrations.iter().filter(|one| one.applied_at.is_none()).count()
    }

    /// Millions of bytes.
    fn megabytes(&self, bytes: &i64) -> String {
        self.page.decimal(*bytes as f64 / 1e6, 1)
    }

    fn up_for(&self) -> String {
        self.page.seconds((self.page.now - self.all.database.started_at).num_seconds() as f64)
    }

    fn open_too_long(&self) -> bool {
        self.all.database.oldest_transaction_seconds.is_some_and(|seconds| seconds > LONG_OPEN)
    }

    fn too_many(dead: i64) -> bool {
        dead > MANY_DEAD
    }
}
