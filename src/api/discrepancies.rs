//! Differences between HubSoft and the platform, for people to settle (rule S6).

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    ApiState, PREFIX, Problem,
    caller::{Acting, May, Reading},
    problem::{Problems, Why},
    read::{Body, Numbered, Query},
};
use crate::desk::{
    Items, Refusal,
    bulk::Bulk,
    check,
    discrepancies::{
        self as desk, Asked, Discrepancy, Settle, Settled,
        bulk::{self, Preview, Start},
    },
};

/// List differences
///
/// Newest first; without `status`, those that are open.
#[utoipa::path(get, path = "/discrepancies", tag = "discrepancies", params(Asked),
    responses((status = 200, description = "A page", body = Items<Discrepancy>), Problems))]
pub async fn list(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Items<Discrepancy>>, Problem> {
    Ok(Json(desk::list(&state.pool, &caller, &asked).await?))
}

/// Show a difference
#[utoipa::path(get, path = "/discrepancies/{id}", tag = "discrepancies", params(("id" = i64, Path, example = 17)),
    responses((status = 200, description = "The difference, settled or not", body = Discrepancy), Problems))]
pub async fn show(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
) -> Result<Json<Discrepancy>, Problem> {
    Ok(Json(desk::show(&state.pool, &caller, id).await?))
}

/// Why a difference is settled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "conferido em campo" }))]
pub struct SettleReason {
    /// Why: 1 to 200 characters, for the audit.
    reason: String,
}

/// Settle a difference
///
/// `send`: the platform follows HubSoft; the answer names the workflows that do it. `take`: HubSoft follows the platform. `ignore`:
/// neither, while both sides say the same. What makes no sense is answered with what does.
#[utoipa::path(post, path = "/discrepancies/{id}/{settle}", tag = "discrepancies", request_body = SettleReason,
    params(("id" = i64, Path, example = 17), ("settle" = Settle, Path)),
    responses((status = 200, description = "As it stands now", body = Settled), Problems))]
pub async fn settle(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Path((id, settle)): Path<(String, String)>,
    Body(given): Body<SettleReason>,
) -> Result<Json<Settled>, Problem> {
    let how: Settle = settle.parse().map_err(|_| no_such(&settle))?;
    let wrong = |_: Refusal| Problem::new(Why::Malformed, "").blaming("id", "must be a positive whole number");
    let id = check::number("id", &id).map_err(wrong)?;
    Ok(Json(desk::settle(&state.pool, &caller, id, how, &given.reason).await?))
}

/// Settle all differences that match
///
/// Of those that are open now; what makes no sense for one when its turn comes leaves it alone. `GET /acts/{id}` tells how far it
/// is, and `POST /acts/{id}/pause` stops it. With `preview` nothing is stored: the answer says what it would do.
#[utoipa::path(post, path = "/discrepancies", tag = "discrepancies", request_body = Start,
    responses((status = 202, description = "Begun; a worker does it, at the pace", body = Bulk),
        (status = 200, description = "A preview: what it would do now", body = Preview), Problems))]
pub async fn settle_many(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Body(asked): Body<Start>,
) -> Result<Response, Problem> {
    if asked.preview {
        return Ok(Json(bulk::preview(&state.pool, &caller, &asked).await?).into_response());
    }
    let begun = bulk::start(&state.pool, &caller, &asked).await?;
    let location = [(header::LOCATION, format!("{PREFIX}/acts/{}", begun.id))];
    Ok((StatusCode::ACCEPTED, location, Json(begun)).into_response())
}

fn no_such(settle: &str) -> Problem {
    let known = <Settle as strum::VariantNames>::VARIANTS.join(", ");
    Problem::new(Why::NotFound, format!("a difference knows no \"{settle}\"; it knows {known}"))
}
