//! The HTTP API of contract.md: `/api/v1` for programs and people with a token, and health and metrics for the machine.
//!
//! A handler checks the right that it needs, calls `desk`, and answers; nothing is decided here. Every route is registered
//! together with its description, so that the OpenAPI document cannot lack one. All that goes wrong, whoever notices it, is
//! answered as a problem document ([`problem`]).

mod about;
mod acts;
mod caller;
mod discrepancies;
mod document;
pub mod events;
mod examples;
mod integrations;
mod limit;
pub mod metrics;
mod network;
mod once;
pub mod ops;
mod overview;
mod pages;
pub mod problem;
mod read;
mod schedules;
mod tokens;
mod upstreams;
mod viability;
mod workflows;

use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{Method, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::any,
};
use sqlx::PgPool;
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
    trace::TraceLayer,
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use document::{PREFIX, described, document};
pub use limit::Limiter;
pub use ops::{OpsState, ops_router};
pub use problem::Problem;

use crate::desk::{Setup, live::Hub, overview::Board};
use problem::Why;

/// Larger bodies are refused (contract.md, *limits*).
const LARGEST_BODY: usize = 256 * 1024;
/// No request takes longer: the longest wait that may be asked for, and what is done around it.
const LONGEST_REQUEST: Duration = Duration::from_secs(75);

/// What the API stands on.
#[derive(Clone)]
pub struct ApiState {
    /// The database, migrated.
    pub pool: PgPool,
    /// What setting integrations up takes.
    pub setup: Setup,
    /// Tells what changes to whoever listens.
    pub live: Hub,
    /// What the overview shows.
    pub board: Board,
    /// How often each token may ask.
    pub limiter: Limiter,
}

impl ApiState {
    /// With a board of its own, and limits as they are where nobody sets others.
    pub fn new(pool: PgPool, setup: Setup, live: Hub) -> Self {
        Self { pool, setup, live, board: Board::default(), limiter: Limiter::default() }
    }
}

/// The API, at `/api/v1`. Paths elsewhere are left to whoever merges it with others.
pub fn router(state: ApiState) -> Router {
    let (routes, _) = routes().split_for_parts();
    let api = routes
        .fallback(nowhere)
        .method_not_allowed_fallback(not_this_way)
        .layer(middleware::from_fn_with_state(state.clone(), once::once))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(state.clone(), caller::authenticated))
        .layer(middleware::from_fn(in_time))
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .with_state(state.clone());
    // A nest leaves its own root with a slash to others.
    let root = any(nowhere).layer(middleware::from_fn_with_state(state, caller::authenticated));
    pages::router().route(&format!("{PREFIX}/"), root).nest(PREFIX, api)
}

/// Every route, with its description.
fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(document::frame())
        .routes(routes!(workflows::list, workflows::start))
        .routes(routes!(workflows::show))
        .routes(routes!(workflows::neighbours))
        .routes(routes!(workflows::act))
        .routes(routes!(viability::ask))
        .routes(routes!(acts::list, acts::start))
        .routes(routes!(acts::export))
        .routes(routes!(acts::show))
        .routes(routes!(acts::steer))
        .routes(routes!(integrations::list, integrations::create))
        .routes(routes!(integrations::show, integrations::edit))
        .routes(routes!(integrations::history))
        .routes(routes!(integrations::test))
        .routes(routes!(integrations::sync))
        .routes(routes!(integrations::activate))
        .routes(routes!(integrations::inactivate))
        .routes(routes!(integrations::set_elements))
        .routes(routes!(integrations::set_project))
        .routes(routes!(overview::show))
        .routes(routes!(upstreams::list))
        .routes(routes!(upstreams::show, upstreams::change))
        .routes(routes!(schedules::list, schedules::change_named))
        .routes(routes!(schedules::preview))
        .routes(routes!(schedules::show, schedules::change))
        .routes(routes!(schedules::run))
        .routes(routes!(discrepancies::list, discrepancies::settle_many))
        .routes(routes!(discrepancies::show))
        .routes(routes!(discrepancies::settle))
        .routes(routes!(network::search))
        .routes(routes!(network::service))
        .routes(routes!(network::port))
        .routes(routes!(network::boxes))
        .routes(routes!(network::one_box))
        .routes(routes!(network::guards))
        .routes(routes!(network::guard))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(about::show))
        .routes(routes!(events::listen))
        .routes(routes!(document::openapi))
}

async fn in_time(request: Request, next: Next) -> Response {
    let late = || Problem::new(Why::Timeout, format!("it took longer than {} s", LONGEST_REQUEST.as_secs()));
    tokio::time::timeout(LONGEST_REQUEST, next.run(request)).await.unwrap_or_else(|_| late().into_response())
}

/// One span a request. The path holds ids alone; the query, which may hold a name that was searched for, stays out.
fn span(request: &Request) -> tracing::Span {
    let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("http", http.method = %request.method(), http.path = request.uri().path(), request_id = id)
}

/// The answer where there is nothing.
pub async fn nowhere(method: Method, uri: Uri) -> Problem {
    let all = "the OpenAPI document at /api/v1/openapi.json lists what there is";
    Problem::new(Why::NotFound, format!("there is nothing at {method} {}; {all}", uri.path()))
}

async fn not_this_way(method: Method, uri: Uri) -> Problem {
    Problem::new(Why::MethodNotAllowed, format!("{} does not take {method}; see the header Allow", uri.path()))
}
