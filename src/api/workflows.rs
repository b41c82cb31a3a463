//! Workflows: start, look, act.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    ApiState, PREFIX, Problem,
    caller::{Acting, May, ReadingWork, Starting},
    problem::{Problems, Why},
    read::{self, Body, Named, Query},
};
use crate::desk::{
    Items,
    acts::{self, Done, Verb},
    filter::Asked,
    neighbours::{self, Neighbours},
    start::{self, Along, Ended, Start, Started},
    workflows::{self, Summary, Workflow},
};

/// How the answer to a start is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Waiting {
    /// Wait so long for the end: `10s`, `500ms`; at most `60s` is waited.
    #[param(example = "10s")]
    wait: Option<String>,
}

/// Start a workflow
///
/// The same as `enlace.enqueue` in SQL. A request that is repeated with the same `dedup_id`, or with the same
/// `Idempotency-Key` by the same token, finds the workflow that it started the first time. A sync that is asked for while one
/// runs joins that one.
#[utoipa::path(post, path = "/workflows", tag = "workflows", request_body = Start,
    params(Waiting, ("Idempotency-Key" = Option<String>, Header, description = "Your own name for this request, 1 to 140 characters")),
    responses((status = 202, description = "Started, and not ended yet", body = Started),
        (status = 200, description = "Ended while it was waited for", body = Ended), Problems))]
pub async fn start(
    May { caller, .. }: May<Starting>,
    State(state): State<ApiState>,
    Query(waiting): Query<Waiting>,
    headers: HeaderMap,
    Body(asked): Body<Start>,
) -> Result<Response, Problem> {
    let wait = waiting.wait.as_deref().map(read::wait).transpose()?;
    let along =
        Along { idempotency_key: read::header(&headers, "Idempotency-Key")?, traceparent: read::traceparent(&headers) };
    let started = start::start(&state.pool, &caller, asked, along).await?;
    if let Some(time) = wait
        && let Some(ended) = start::wait(&state.pool, &caller, started.id, time).await?
    {
        return Ok(Json(ended).into_response());
    }
    Ok((StatusCode::ACCEPTED, location(&started), Json(started)).into_response())
}

/// Where to look how a workflow goes on.
pub fn location(started: &Started) -> [(HeaderName, String); 1] {
    [(header::LOCATION, format!("{PREFIX}/workflows/{}", started.id))]
}

/// List workflows
///
/// Newest first. A token of role `enqueue` sees what it started.
#[utoipa::path(get, path = "/workflows", tag = "workflows", params(Asked),
    responses((status = 200, description = "A page", body = Items<Summary>), Problems))]
pub async fn list(
    May { caller, .. }: May<ReadingWork>,
    State(state): State<ApiState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Items<Summary>>, Problem> {
    Ok(Json(workflows::list(&state.pool, &caller, &asked).await?))
}

/// Show a workflow
///
/// Everything: where it stands and why, what was tried, what was asked of the platform, what people did.
#[utoipa::path(get, path = "/workflows/{id}", tag = "workflows", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The workflow", body = Workflow), Problems))]
pub async fn show(
    May { caller, .. }: May<ReadingWork>,
    State(state): State<ApiState>,
    Named(id): Named,
) -> Result<Json<Workflow>, Problem> {
    Ok(Json(workflows::show(&state.pool, &caller, read::uuid(&id)?).await?))
}

/// Show what else wanted the same port or service
///
/// The workflows on the same ordering keys that were asked for before it and after it, ten at most on each side.
#[utoipa::path(get, path = "/workflows/{id}/neighbours", tag = "workflows", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "Its neighbours", body = Neighbours), Problems))]
pub async fn neighbours(
    May { caller, .. }: May<ReadingWork>,
    State(state): State<ApiState>,
    Named(id): Named,
) -> Result<Json<Neighbours>, Problem> {
    Ok(Json(neighbours::of(&state.pool, &caller, read::uuid(&id)?).await?))
}

/// Why something is done to a workflow, and what some acts take besides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "a porta foi liberada no OZMap" }))]
pub struct Reasoned {
    /// Why: 1 to 200 characters, for the audit.
    reason: String,
    /// `retry` alone: begin anew with this payload. What it was started with stays in the history.
    #[schema(value_type = Option<Object>)]
    payload: Option<serde_json::Value>,
    /// `resolve` alone: `done` or `not_done`.
    #[schema(example = "done")]
    outcome: Option<String>,
}

/// Act on a workflow
///
/// `retry` lets it go on at once from the step that failed, with a `payload` begins it anew with that; `skip` waives it;
/// `resolve` says whether a write whose outcome is unknown was done; `approve` and `refuse` answer what it asks; `pause` and
/// `resume` keep its place; `cancel` calls it off. What makes no sense now is answered with what does (`legal`).
#[utoipa::path(post, path = "/workflows/{id}/{act}", tag = "workflows", request_body = Reasoned,
    params(("id" = String, Path, format = Uuid), ("act" = Verb, Path)),
    responses((status = 200, description = "Done", body = Done),
        (status = 202, description = "A worker holds the workflow and does it between two steps", body = Done), Problems))]
pub async fn act(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Path((id, act)): Path<(String, String)>,
    Body(given): Body<Reasoned>,
) -> Result<(StatusCode, Json<Done>), Problem> {
    let verb: Verb = act.parse().map_err(|_| no_such_act(&act))?;
    let id = read::uuid(&id)?;
    let along = acts::With { payload: given.payload, outcome: given.outcome };
    let done = acts::act(&state.pool, &caller, id, verb, &given.reason, along).await?;
    let status = if done.outcome == "asked" { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, Json(done)))
}

fn no_such_act(act: &str) -> Problem {
    let known = <Verb as strum::VariantNames>::VARIANTS.join(", ");
    Problem::new(Why::NotFound, format!("there is no act \"{act}\"; there are {known}"))
}
