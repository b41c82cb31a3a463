//! What stands first: what waits for a person, then how each integration is. It moves by itself.

use askama::Template;
use axum::{extract::State, response::Response};

use super::{ConsoleState, failed::Failed, page::Page, who::Seen};
use crate::desk::{
    overview::{Calls, Integration, Overview},
    rights::Reading,
};

#[derive(Template)]
#[template(path = "overview.html", config = "src/console/askama.toml")]
struct Whole {
    page: Page,
    all: Overview,
    cards: Vec<Card>,
}

/// The part of it that is fetched again when something changed.
#[derive(Template)]
#[template(path = "overview_live.html", config = "src/console/askama.toml")]
struct Live {
    page: Page,
    all: Overview,
    cards: Vec<Card>,
}

/// An integration, with its chart.
struct Card {
    one: Integration,
    lag: Option<String>,
    calls: Option<String>,
    bars: Vec<Bar>,
}

impl Card {
    fn of(one: Integration, page: &Page) -> Self {
        let lag = one.lag_half_seconds.zip(one.lag_most_seconds).map(|(half, most)| {
            let [half, most] = [half, most].map(|seconds| page.milliseconds(seconds * 1000.0));
            page.t2("overview-lag", ("half", &half), ("most", &most))
        });
        let count =
            |failed: bool| one.calls.iter().map(|c| if failed { c.failed } else { c.answered + c.failed }).sum();
        let [all, failed]: [i64; 2] = [false, true].map(count);
        let said = page.t2("overview-calls", ("all", &page.number(all)), ("failed", &page.number(failed)));
        Self { lag, calls: (all > 0).then_some(said), bars: bars(&one.calls, page), one }
    }
}

/// Bars of a chart: five minutes each, the last six hours.
const BARS: i64 = 72;
const BAR_SECONDS: i64 = 300;
const HEIGHT: f64 = 40.0;

/// One of the bars: where, and how high each part is.
struct Bar {
    x: i64,
    good: f64,
    bad: f64,
}

impl Bar {
    fn top(&self) -> f64 {
        HEIGHT - self.good - self.bad
    }

    fn foot(&self) -> f64 {
        HEIGHT - self.bad
    }
}

/// Calls as bars, the tallest as high as the chart.
fn bars(calls: &[Calls], page: &Page) -> Vec<Bar> {
    let most = calls.iter().map(|calls| calls.answered + calls.failed).max().unwrap_or(1).max(1) as f64;
    let bar = |calls: &Calls| {
        let ago = (page.now - calls.at).num_seconds() / BAR_SECONDS;
        let height = |count: i64| count as f64 / most * HEIGHT;
        Bar { x: (BARS - 1 - ago) * 4, good: height(calls.answered), bad: height(calls.failed) }
    };
    calls.iter().map(bar).filter(|bar| bar.x >= 0).collect()
}

async fn read(state: &ConsoleState, page: &Page) -> Result<(Overview, Vec<Card>), Failed> {
    let read = state.board.read(&state.pool, &page.caller).await;
    let mut all = read.map_err(|refusal| page.failed(refusal))?;
    let cards = std::mem::take(&mut all.integrations).into_iter().map(|one| Card::of(one, page)).collect();
    Ok((all, cards))
}

/// The page.
pub async fn show(State(state): State<ConsoleState>, Seen { page, .. }: Seen<Reading>) -> Result<Response, Failed> {
    let (all, cards) = read(&state, &page).await?;
    page.clone().show(&Whole { page, all, cards })
}

/// What moves of it.
pub async fn live(State(state): State<ConsoleState>, Seen { page, .. }: Seen<Reading>) -> Result<Response, Failed> {
    let (all, cards) = read(&state, &page).await?;
    page.clone().show(&Live { page, all, cards })
}
