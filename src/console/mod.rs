//! The console: what an operator sees and does, as pages that the server renders.
//!
//! A file per page. A page checks the right that it needs (`who`), calls `desk`, and shows what it got; nothing is decided
//! here, and what can be done here can be done over the API. Pages are templates in `pages/`, checked when they are compiled;
//! every word of them stands in `words/`, in Portuguese and in English. What moves is fetched again by htmx when the server
//! says over `/live` that something changed. Nothing is loaded from another host, and no script stands in a page: the content
//! security policy forbids both.

mod about;
mod acts;
mod assets;
mod choices;
mod discrepancies;
mod facts;
mod failed;
mod format;
mod guards;
mod integration_forms;
mod integrations;
mod live;
mod map;
mod network;
mod overview;
mod page;
mod preferences;
mod schedules;
mod search;
mod session;
mod sign_in;
mod tokens;
mod who;
mod words;
mod workflow;
mod workflows;

use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use sqlx::PgPool;
use tower_http::catch_panic::CatchPanicLayer;

use crate::desk::{Refusal, Setup, live::Hub, overview::Board};
use failed::Failed;

/// Larger forms are refused.
const LARGEST_FORM: usize = 256 * 1024;
/// As long as the API lets a request take.
const LONGEST_REQUEST: Duration = Duration::from_secs(75);

/// What the console stands on.
#[derive(Clone)]
pub struct ConsoleState {
    /// The database, migrated.
    pub pool: PgPool,
    /// What setting integrations up takes.
    pub setup: Setup,
    /// What moves, as it moves.
    pub live: Hub,
    /// What the overview shows.
    pub board: Board,
    /// Who failed to sign in lately.
    pub doors: sign_in::Doors,
    /// Where the map's pictures of the ground come from; `None`: it is drawn without.
    pub tiles: Option<map::Tiles>,
}

impl ConsoleState {
    /// A console that nobody has tried to enter yet.
    pub fn new(pool: PgPool, setup: Setup, live: Hub) -> Self {
        Self { pool, setup, live, board: Board::default(), doors: sign_in::Doors::default(), tiles: None }
    }

    /// The same, with a server of tiles, as the setting `map.tiles` names it.
    #[must_use]
    pub fn with_tiles(mut self, url: Option<&str>) -> Self {
        self.tiles = url.and_then(map::Tiles::of);
        self
    }
}

/// Pages by their paths: what the router is made of, and what a test goes through so that none is for the wrong people.
#[derive(Default)]
struct Pages(Vec<(&'static str, MethodRouter<ConsoleState>)>);

impl Pages {
    fn route(mut self, path: &'static str, methods: MethodRouter<ConsoleState>) -> Self {
        self.0.push((path, methods));
        self
    }
}

/// The path of every page.
pub fn paths() -> Vec<&'static str> {
    pages().0.into_iter().map(|(path, _)| path).collect()
}

fn pages() -> Pages {
    Pages::default()
        .route("/", get(overview::show))
        .route("/overview", get(overview::live))
        .route("/search", get(search::show))
        .route("/services/{id}", get(network::service))
        .route("/ports/{id}", get(network::port))
        .route("/boxes/{id}", get(network::of_box))
        .route("/discrepancies", get(discrepancies::list).post(discrepancies::settle))
        .route("/discrepancies/all", get(discrepancies::preview).post(discrepancies::settle_all))
        .route("/guards", get(guards::list))
        .route("/guards/{id}", get(guards::show))
        .route("/guards/{id}/{word}", post(guards::answer))
        .route("/map", get(map::show).post(map::ask))
        .route("/map/boxes", get(map::in_sight))
        .route("/integrations", get(integrations::list))
        .route("/integrations/new", get(integration_forms::new).post(integration_forms::create))
        .route("/integrations/{id}", get(integrations::show))
        .route("/integrations/{id}/live", get(integrations::live))
        .route("/integrations/{id}/setup", get(integration_forms::setup))
        .route("/integrations/{id}/edit", get(integration_forms::edit).post(integration_forms::change))
        .route("/integrations/{id}/test", post(integrations::test))
        .route("/integrations/{id}/sync", post(integrations::sync))
        .route("/integrations/{id}/elements", post(integrations::elements))
        .route("/integrations/{id}/project", post(integrations::project))
        .route("/integrations/{id}/{act}", post(integrations::activate))
        .route("/integrations/{id}/upstream/{act}", post(integrations::upstream))
        .route("/live", get(live::listen))
        .route("/login", get(sign_in::show).post(sign_in::sign_in))
        .route("/logout", post(sign_in::sign_out))
        .route("/preferences", post(preferences::set))
        .route("/workflows", get(workflows::show))
        .route("/workflows/{id}", get(workflow::show))
        .route("/workflows/{id}/live", get(workflow::live))
        .route("/workflows/{id}/acts", get(workflow::acts))
        .route("/workflows/{id}/near", get(workflow::near))
        .route("/workflows/{id}/act", post(workflow::act))
        .route("/workflows/{id}/edit", get(workflow::edit).post(workflow::preview))
        .route("/acts", get(acts::show).post(acts::start))
        .route("/acts.csv", get(acts::csv))
        .route("/acts/new", get(acts::new))
        .route("/acts/preview", post(acts::preview))
        .route("/acts/{id}", get(acts::show_one).post(acts::steer))
        .route("/acts/{id}/live", get(acts::live))
        .route("/schedules", get(schedules::show))
        .route("/schedules/{id}", post(schedules::change))
        .route("/schedules/{id}/preview", post(schedules::preview))
        .route("/schedules/{id}/run", post(schedules::run))
        .route("/tokens", get(tokens::show).post(tokens::create))
        .route("/tokens/{id}/revoke", post(tokens::revoke))
        .route("/about", get(about::show))
}

/// Every page, at `/`.
pub fn router(state: ConsoleState) -> Router {
    let pages = pages().0.into_iter().fold(Router::new(), |router, (path, methods)| router.route(path, methods));
    pages
        .fallback(failed::nowhere)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(from_fn(in_time))
        .layer(CatchPanicLayer::custom(failed::of_panic))
        .route("/assets/{version}/{*path}", get(assets::get))
        .layer(from_fn(guarded))
        .with_state(state)
}

/// Nobody waits for good for a page whose question to the database was lost on its way.
async fn in_time(request: Request, next: Next) -> Response {
    let language = who::language(request.headers());
    let late = || Failed::of(Refusal::Later(format!("it took longer than {} s", LONGEST_REQUEST.as_secs())), language);
    tokio::time::timeout(LONGEST_REQUEST, next.run(request)).await.unwrap_or_else(|_| late().into_response())
}

/// What a browser is told about every answer: load nothing from elsewhere, run nothing that stands in a page, be in nobody's
/// frame, and keep nothing that may hold a customer's name.
async fn guarded(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in GUARDS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    answer
}

/// Load nothing from elsewhere, and run nothing that stands in a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const GUARDS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];
