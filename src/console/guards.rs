//! Syncs that ask before much of the network is marked missing (rule S9): what would vanish, as a list and as a drawing, and yes or
//! no.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use uuid::Uuid;

use super::{
    ConsoleState,
    failed::Failed,
    page::Page,
    who::{Seen, Sent},
};
use crate::desk::{
    Items, Refusal,
    acts::{self, Verb, With},
    guards::{self as desk, Asked, Guard, GuardShown, Spot},
    rights::{Acting, Reading},
};

/// The drawing's width, in its own units; it is as high as the place is.
const WIDTH: f64 = 720.0;
/// And never higher than that.
const MOST_HEIGHT: f64 = 560.0;
const MARGIN: f64 = 16.0;

#[derive(Template)]
#[template(path = "guards.html", config = "src/console/askama.toml")]
struct List {
    page: Page,
    all: Items<Guard>,
}

#[derive(Template)]
#[template(path = "guard.html", config = "src/console/askama.toml")]
struct Whole {
    page: Page,
    one: GuardShown,
    drawing: Drawing,
}

/// Spots on paper.
struct Drawing {
    width: f64,
    height: f64,
    dots: Vec<Dot>,
}

struct Dot {
    x: String,
    y: String,
    radius: String,
    /// `stays`, `some` or `gone`.
    how: &'static str,
}

impl Drawing {
    fn of(spots: &[Spot]) -> Self {
        let bounds = |of: fn(&Spot) -> f64| {
            spots.iter().map(of).fold((f64::MAX, f64::MIN), |(low, high), at| (low.min(at), high.max(at)))
        };
        let ((south, north), (west, east)) = (bounds(|spot| spot.latitude), bounds(|spot| spot.longitude));
        // A degree of longitude is shorter than one of latitude, but at the equator.
        let shorter = ((south + north) / 2.0).to_radians().cos().max(0.05);
        let (wide, high) = (((east - west) * shorter).max(1e-6), (north - south).max(1e-6));
        let scale = ((WIDTH - 2.0 * MARGIN) / wide).min((MOST_HEIGHT - 2.0 * MARGIN) / high);
        let dot = |spot: &Spot| Dot {
            x: format!("{:.1}", MARGIN + (spot.longitude - west) * shorter * scale),
            y: format!("{:.1}", MARGIN + (north - spot.latitude) * scale),
            radius: format!("{:.1}", 2.5 + (spot.count as f64).sqrt().min(7.0)),
            how: match spot.gone {
                0 => "stays",
                gone if gone == spot.count => "gone",
                _ => "some",
            },
        };
        let mut dots: Vec<Dot> = spots.iter().map(dot).collect();
        // What vanishes is drawn over what stays.
        dots.sort_by_key(|dot| ["stays", "some", "gone"].iter().position(|how| *how == dot.how));
        Self { width: WIDTH, height: (high * scale + 2.0 * MARGIN).round(), dots }
    }
}

impl Whole {
    fn total(&self) -> i64 {
        self.one.kinds.iter().map(|of| i64::try_from(of.missing).unwrap_or(i64::MAX)).sum()
    }
}

/// A count that cannot be negative, as pages take numbers.
fn whole(count: &u64) -> i64 {
    i64::try_from(*count).unwrap_or(i64::MAX)
}

fn percent(missing: &u64, known: &u64) -> f64 {
    if *known == 0 { 0.0 } else { *missing as f64 * 100.0 / *known as f64 }
}

/// All that ask.
pub async fn list(State(state): State<ConsoleState>, Seen { page, .. }: Seen<Reading>) -> Result<Response, Failed> {
    let all = desk::list(&state.pool, &page.caller).await.map_err(|refusal| page.failed(refusal))?;
    page.clone().show(&List { page, all })
}

fn id(page: &Page, text: &str) -> Result<Uuid, Failed> {
    Uuid::parse_str(text).map_err(|_| page.failed(Refusal::no_workflow(text)))
}

/// One that asks.
pub async fn show(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Path(text): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failed> {
    let shown = desk::show(&state.pool, &page.caller, id(&page, &text)?, &asked).await;
    let one = shown.map_err(|refusal| page.failed(refusal))?;
    let drawing = Drawing::of(&one.spots);
    page.clone().show(&Whole { page, one, drawing })
}

/// Says yes or no.
pub async fn answer(
    State(state): State<ConsoleState>,
    Path((text, word)): Path<(String, String)>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let id = id(&page, &text)?;
    let (verb, key) = match word.as_str() {
        "approve" => (Verb::Approve, "guard-approved"),
        "refuse" => (Verb::Refuse, "guard-refused"),
        _ => return Err(super::integrations::nothing(&page, &word)),
    };
    let done = match form.reason() {
        Ok(reason) => acts::act(&state.pool, &page.caller, id, verb, reason, With::default()).await,
        Err(refusal) => Err(refusal),
    };
    // Once it is answered, there is no question to come back to.
    let to = if done.is_ok() { format!("/workflows/{id}") } else { format!("/guards/{id}") };
    page.acted(&to, done, |_| page.t(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s9_spots_keep_within_the_paper_and_what_vanishes_lies_on_top() {
        let spot = |latitude, longitude, gone| Spot { latitude, longitude, count: 4, gone };
        let drawing = Drawing::of(&[spot(-27.5, -48.6, 4), spot(-27.6, -48.5, 0), spot(-27.55, -48.55, 1)]);
        assert_eq!(drawing.dots.iter().map(|dot| dot.how).collect::<Vec<_>>(), ["stays", "some", "gone"]);
        for dot in &drawing.dots {
            let (x, y): (f64, f64) = (dot.x.parse().unwrap(), dot.y.parse().unwrap());
            assert!((0.0..=drawing.width).contains(&x) && (0.0..=drawing.height).contains(&y), "{x} {y}");
        }
        assert!(drawing.dots[0].y.parse::<f64>().unwrap() > drawing.dots[2].y.parse::<f64>().unwrap(), "north is up");
        assert_eq!(Drawing::of(&[spot(1.0, 1.0, 4)]).dots.len(), 1, "a single place is drawn");
        assert!(Drawing::of(&[]).dots.is_empty());
    }
}
