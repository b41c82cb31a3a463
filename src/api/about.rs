//! What runs here, for whoever keeps it running.

use axum::{Json, extract::State};

use super::{
    ApiState, Problem,
    caller::{May, Reading},
    problem::Problems,
};
use crate::desk::about::{self, About};

/// Show what runs here
///
/// Version and migrations, the workers that are up and what each holds, and how the database is.
#[utoipa::path(get, path = "/about", tag = "about",
    responses((status = 200, description = "As it is now", body = About), Problems))]
pub async fn show(_: May<Reading>, State(state): State<ApiState>) -> Result<Json<About>, Problem> {
    Ok(Json(about::read(&state.pool).await?))
}
