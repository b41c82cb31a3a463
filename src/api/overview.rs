//! `GET /overview`: what waits for a person, and how each integration is.

use axum::{Json, extract::State};

use super::{
    ApiState,
    caller::{May, Reading},
    problem::{Problem, Problems},
};
use crate::desk::overview::Overview;

/// How everything stands
///
/// What waits for a person, by reason; differences to settle; what is unfinished, by status; and of each integration its platform, its
/// syncs, how long changes take from HubSoft's commit to the platform, and the calls of the last six hours. At most a second old.
#[utoipa::path(get, path = "/overview", tag = "overview",
    responses((status = 200, description = "How it stands", body = Overview), Problems))]
pub async fn show(May { caller, .. }: May<Reading>, State(state): State<ApiState>) -> Result<Json<Overview>, Problem> {
    Ok(Json(state.board.read(&state.pool, &caller).await?))
}
