//! Schedules: what starts by the clock (G9).

use axum::{
    Json,
    extract::State,
    http::{HeaderName, StatusCode},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    ApiState, Problem,
    caller::{Acting, May, Reading},
    integrations::{Paging, Reason},
    problem::Problems,
    read::{Body, Numbered, Query},
    workflows::location,
};
use crate::desk::{
    Items,
    schedules::{self as desk, Change, Overlap, Schedule, Ticks},
    start::Started,
};

/// A change, with the schedule that it is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "id": 1, "active": false, "note": "pausado até a migração do OZMap" }))]
pub struct NamedChange {
    /// The schedule.
    id: i64,
    /// A cron pattern.
    pattern: Option<String>,
    /// An IANA zone.
    zone: Option<String>,
    /// Paused, or not.
    active: Option<bool>,
    /// A note; an empty one takes it away.
    note: Option<String>,
    /// What becomes of a tick when the last one's workflow has not ended.
    overlap: Option<Overlap>,
    /// How late a missed tick is still made up: 0 to 604800 seconds, a week.
    catch_up_seconds: Option<i32>,
}

/// List schedules
#[utoipa::path(get, path = "/schedules", tag = "schedules", params(Paging),
    responses((status = 200, description = "A page, in the order of ids", body = Items<Schedule>), Problems))]
pub async fn list(
    _: May<Reading>,
    State(state): State<ApiState>,
    Query(paging): Query<Paging>,
) -> Result<Json<Items<Schedule>>, Problem> {
    Ok(Json(desk::list(&state.pool, paging.after.as_deref(), paging.limit.as_deref()).await?))
}

/// A pattern to try.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Tried {
    /// A cron pattern.
    #[param(example = "0 4 * * *")]
    pattern: String,
    /// An IANA zone.
    #[param(example = "America/Sao_Paulo")]
    zone: String,
}

/// Show when a pattern would tick
///
/// Its next three ticks; stores nothing.
#[utoipa::path(get, path = "/schedules/preview", tag = "schedules", params(Tried),
    responses((status = 200, description = "The next ticks", body = Ticks), Problems))]
pub async fn preview(
    _: May<Reading>,
    State(state): State<ApiState>,
    Query(Tried { pattern, zone }): Query<Tried>,
) -> Result<Json<Ticks>, Problem> {
    Ok(Json(desk::ticks(&state.pool, &pattern, &zone).await?))
}

/// Show a schedule
#[utoipa::path(get, path = "/schedules/{id}", tag = "schedules", params(("id" = i64, Path)),
    responses((status = 200, description = "The schedule", body = Schedule), Problems))]
pub async fn show(
    _: May<Reading>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
) -> Result<Json<Schedule>, Problem> {
    Ok(Json(desk::show(&state.pool, id).await?))
}

/// Change a schedule
///
/// What is left out stays. Ticks that it missed while it was paused are not made up.
#[utoipa::path(patch, path = "/schedules/{id}", tag = "schedules", params(("id" = i64, Path)), request_body = Change,
    responses((status = 200, description = "As it is now", body = Schedule), Problems))]
pub async fn change(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    Body(change): Body<Change>,
) -> Result<Json<Schedule>, Problem> {
    Ok(Json(desk::change(&state.pool, &caller, id, change).await?))
}

/// Change the schedule that the body names
#[utoipa::path(patch, path = "/schedules", tag = "schedules", request_body = NamedChange,
    responses((status = 200, description = "As it is now", body = Schedule), Problems))]
pub async fn change_named(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Body(given): Body<NamedChange>,
) -> Result<Json<Schedule>, Problem> {
    let NamedChange { id, pattern, zone, active, note, overlap, catch_up_seconds } = given;
    let change = Change { pattern, zone, active, note, overlap, catch_up_seconds };
    Ok(Json(desk::change(&state.pool, &caller, id, change).await?))
}

/// Run a schedule now
#[utoipa::path(post, path = "/schedules/{id}/run", tag = "schedules", params(("id" = i64, Path)), request_body = Option<Reason>,
    responses((status = 202, description = "The workflow to look at", body = Started), Problems))]
pub async fn run(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
    _: Body<Reason>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Started>), Problem> {
    let started = desk::run(&state.pool, &caller, id).await?;
    Ok((StatusCode::ACCEPTED, location(&started), Json(started)))
}
