//! Tokens: who may call, and as what.

use axum::{Extension, Json, extract::State, http::StatusCode};

use super::{
    ApiState, Problem,
    caller::{Administering, May},
    once::Without,
    problem::Problems,
    read::{self, Body, Named},
};
use crate::desk::{
    Items,
    tokens::{self as desk, Create, Made, Shown},
};

/// List tokens
///
/// All of them, newest first, also those that were taken back. What a token's holder sends is stored nowhere.
#[utoipa::path(get, path = "/tokens", tag = "tokens",
    responses((status = 200, description = "All tokens; `next` is null", body = Items<Shown>), Problems))]
pub async fn list(_: May<Administering>, State(state): State<ApiState>) -> Result<Json<Items<Shown>>, Problem> {
    Ok(Json(desk::list(&state.pool).await?))
}

/// Make a token
///
/// The answer holds what its holder sends (`secret`): it is not shown again, nor when the request is repeated under its key.
#[utoipa::path(post, path = "/tokens", tag = "tokens", request_body = Create,
    responses((status = 201, description = "Made", body = Made), Problems))]
pub async fn create(
    May { caller, .. }: May<Administering>,
    State(state): State<ApiState>,
    Body(asked): Body<Create>,
) -> Result<(StatusCode, Extension<Without>, Json<Made>), Problem> {
    Ok((StatusCode::CREATED, Extension(Without("secret")), Json(desk::create(&state.pool, &caller, &asked).await?)))
}

/// Take a token back
///
/// It opens nothing from now on, and neither do the console's sessions that it opened.
#[utoipa::path(post, path = "/tokens/{id}/revoke", tag = "tokens", request_body = Revoking,
    params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "As it is now", body = Shown), Problems))]
pub async fn revoke(
    May { caller, .. }: May<Administering>,
    State(state): State<ApiState>,
    Named(id): Named,
    Body(given): Body<Revoking>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(desk::revoke(&state.pool, &caller, read::uuid(&id)?, &given.reason).await?))
}

/// Why a token is taken back.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "saiu da equipe" }))]
pub struct Revoking {
    /// Why: 1 to 200 characters, for the audit.
    reason: String,
}
