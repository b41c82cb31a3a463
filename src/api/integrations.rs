//! Integrations: set up, tried, synced, switched on and off (rules D1–D4).

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    ApiState, PREFIX, Problem,
    caller::{Acting, Administering, May, Reading},
    problem::Problems,
    read::{Body, Numbered, Query},
    workflows::location,
};
use crate::desk::{
    Items,
    integrations::{self as desk, Change, Choice, Create, Event, Integration, Tested},
    start::Started,
};

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// The `next` of a former page.
    pub after: Option<String>,
    /// Most items of the page: 1 to 500, else 50.
    #[param(example = "50")]
    pub limit: Option<String>,
}

/// Why something is done, where that may be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// Why: 1 to 200 characters, for the history.
    pub reason: Option<String>,
}

/// What is to be synced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "elements": ["box", "splitter"] }))]
pub struct Elements {
    /// Some of `box`, `splitter`, `pole`, `cable`.
    elements: Vec<String>,
    /// Why, for the history.
    reason: Option<String>,
}

/// The project to fill: one that there is, or a new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "nome": "Florianópolis" }))]
pub struct ToProject {
    /// One that there is.
    id_projeto: Option<i64>,
    /// A new one of this name.
    nome: Option<String>,
    /// Why, for the history.
    reason: Option<String>,
}

/// List integrations
#[utoipa::path(get, path = "/integrations", tag = "integrations", params(Paging),
    responses((status = 200, description = "A page, in the order of ids", body = Items<Integration>), Problems))]
pub async fn list(
    _: May<Reading>,
    State(state): State<ApiState>,
    Query(paging): Query<Paging>,
) -> Result<Json<Items<Integration>>, Problem> {
    Ok(Json(desk::list(&state.pool, paging.after.as_deref(), paging.limit.as_deref()).await?))
}

/// Create an integration
///
/// It is active at once, and synced every night at 04:00 in São Paulo once it has a project and elements.
#[utoipa::path(post, path = "/integrations", tag = "integrations", request_body = Create,
    responses((status = 201, description = "Created", body = Integration), Problems))]
pub async fn create(
    May { caller, .. }: May<Administering>,
    State(state): State<ApiState>,
    Body(asked): Body<Create>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Integration>), Problem> {
    let created = desk::create(&state.pool, &state.setup, &caller, asked).await?;
    let location = [(header::LOCATION, format!("{PREFIX}/integrations/{}", created.id))];
    Ok((StatusCode::CREATED, location, Json(created)))
}

/// Show an integration
#[utoipa::path(get, path = "/integrations/{id}", tag = "integrations", params(("id" = i64, Path)),
    responses((status = 200, description = "The integration, without secrets", body = Integration), Problems))]
pub async fn show(
    _: May<Reading>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
) -> Result<Json<Integration>, Problem> {
    Ok(Json(desk::show(&state.pool, id).await?))
}

/// Change an integration
///
/// What is left out stays. New parameters open an upstream that closed because the old ones were refused.
#[utoipa::path(patch, path = "/integrations/{id}", tag = "integrations", params(("id" = i64, Path)), request_body = Change,
    responses((status = 200, description = "As it is now", body = Integration), Problems))]
pub async fn edit(
    May { caller, .. }: May<Administering>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    Body(change): Body<Change>,
) -> Result<Json<Integration>, Problem> {
    Ok(Json(desk::edit(&state.pool, &state.setup, &caller, id, change).await?))
}

/// Tell an integration's history
///
/// What people did to it and to its upstream, and its syncs, newest first.
#[utoipa::path(get, path = "/integrations/{id}/history", tag = "integrations", params(("id" = i64, Path), Paging),
    responses((status = 200, description = "A page", body = Items<Event>), Problems))]
pub async fn history(
    _: May<Reading>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    Query(paging): Query<Paging>,
) -> Result<Json<Items<Event>>, Problem> {
    Ok(Json(desk::history(&state.pool, id, paging.after.as_deref(), paging.limit.as_deref()).await?))
}

/// Test an integration
///
/// One harmless authenticated call. That it does not work is an answer (`ok` is false), not an error.
#[utoipa::path(post, path = "/integrations/{id}/test", tag = "integrations", params(("id" = i64, Path)), request_body = Option<Reason>,
    responses((status = 200, description = "What the platform said", body = Tested), Problems))]
pub async fn test(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    _: Body<Reason>,
) -> Result<Json<Tested>, Problem> {
    Ok(Json(desk::test(&state.pool, &state.setup, &caller, id).await?))
}

/// Sync an integration
///
/// Joins the sync that runs, if one does.
#[utoipa::path(post, path = "/integrations/{id}/sync", tag = "integrations", params(("id" = i64, Path)), request_body = Option<Reason>,
    responses((status = 202, description = "The workflow to look at", body = Started), Problems))]
pub async fn sync(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    _: Body<Reason>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Started>), Problem> {
    let started = desk::sync(&state.pool, &caller, id).await?;
    Ok((StatusCode::ACCEPTED, location(&started), Json(started)))
}

/// Activate an integration
///
/// Opens its upstream: what was queued goes on.
#[utoipa::path(post, path = "/integrations/{id}/activate", tag = "integrations", params(("id" = i64, Path)), request_body = Option<Reason>,
    responses((status = 200, description = "As it is now", body = Integration), Problems))]
pub async fn activate(
    May { caller, .. }: May<Administering>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    Body(given): Body<Reason>,
) -> Result<Json<Integration>, Problem> {
    Ok(Json(desk::activate(&state.pool, &caller, id, true, given.reason.as_deref()).await?))
}

/// Inactivate an integration
///
/// Closes its upstream: what is queued waits, visibly, until it is activated again.
#[utoipa::path(post, path = "/integrations/{id}/inactivate", tag = "integrations", params(("id" = i64, Path)), request_body = Option<Reason>,
    responses((status = 200, description = "As it is now", body = Integration), Problems))]
pub async fn inactivate(
    May { caller, .. }: May<Administering>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    Body(given): Body<Reason>,
) -> Result<Json<Integration>, Problem> {
    Ok(Json(desk::activate(&state.pool, &caller, id, false, given.reason.as_deref()).await?))
}

/// Choose what is synced
///
/// Counts from the next sync on. Dropping a kind deletes nothing.
#[utoipa::path(put, path = "/integrations/{id}/elements", tag = "integrations", params(("id" = i64, Path)), request_body = Elements,
    responses((status = 200, description = "As it is now", body = Integration), Problems))]
pub async fn set_elements(
    May { caller, .. }: May<Administering>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    Body(given): Body<Elements>,
) -> Result<Json<Integration>, Problem> {
    let reason = given.reason.as_deref();
    Ok(Json(desk::set_elements(&state.pool, &caller, id, &given.elements, reason).await?))
}

/// Tie an integration to a project
///
/// To one that there is, or to a new one. A project has one integration, and an integration one project.
#[utoipa::path(put, path = "/integrations/{id}/project", tag = "integrations", params(("id" = i64, Path)), request_body = ToProject,
    responses((status = 200, description = "As it is now", body = Integration), Problems))]
pub async fn set_project(
    May { caller, .. }: May<Administering>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    Body(given): Body<ToProject>,
) -> Result<Json<Integration>, Problem> {
    let choice = Choice { id_projeto: given.id_projeto, nome: given.nome };
    Ok(Json(desk::set_project(&state.pool, &caller, id, choice, given.reason.as_deref()).await?))
}
