//! Upstreams: each integration's platform, open, slowed or closed for every worker, and limited (G7).

use axum::{Json, extract::State};

use super::{
    ApiState, Problem,
    caller::{Acting, May, Reading},
    integrations::Paging,
    problem::Problems,
    read::{Body, Named, Query},
};
use crate::desk::{
    Items,
    upstreams::{self as desk, Change, Upstream},
};

/// List upstreams
///
/// One of every integration.
#[utoipa::path(get, path = "/upstreams", tag = "upstreams", params(Paging),
    responses((status = 200, description = "A page of them", body = Items<Upstream>), Problems))]
pub async fn list(
    _: May<Reading>,
    State(state): State<ApiState>,
    Query(paging): Query<Paging>,
) -> Result<Json<Items<Upstream>>, Problem> {
    Ok(Json(desk::page(&state.pool, paging.after.as_deref(), paging.limit.as_deref()).await?))
}

/// Show an upstream
#[utoipa::path(get, path = "/upstreams/{id}", tag = "upstreams", params(("id" = String, Path, example = "integration:3")),
    responses((status = 200, description = "The upstream", body = Upstream), Problems))]
pub async fn show(_: May<Reading>, State(state): State<ApiState>, Named(id): Named) -> Result<Json<Upstream>, Problem> {
    Ok(Json(desk::show(&state.pool, &id).await?))
}

/// Close, open or limit an upstream
///
/// Closed, no worker calls it, and what needs it waits, visibly. Limited, all workers together make no more calls a second, or at
/// once, than that. Every worker obeys within a second.
#[utoipa::path(patch, path = "/upstreams/{id}", tag = "upstreams", params(("id" = String, Path, example = "integration:3")),
    request_body = Change, responses((status = 200, description = "As it is now", body = Upstream), Problems))]
pub async fn change(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Named(id): Named,
    Body(change): Body<Change>,
) -> Result<Json<Upstream>, Problem> {
    Ok(Json(desk::change(&state.pool, &caller, &id, change).await?))
}
