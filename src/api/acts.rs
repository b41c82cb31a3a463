//! Acts on many, and the audit of all that people did (G12).

use axum::{
    Json,
    body::Body as AxumBody,
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
    read::{self, Body, Named, Query},
};
use crate::desk::{
    Items,
    audit::{self, Asked, Done, Shown},
    bulk::{self, Bulk, Preview, Start, Steer},
    export,
};

/// Act on all workflows that match
///
/// What was asked for before now is meant, what has ended is left alone, and so is what cannot take the act when its turn comes.
/// With `preview` nothing is stored: the answer says what it would do.
#[utoipa::path(post, path = "/acts", tag = "acts", request_body = Start,
    responses((status = 202, description = "Begun; a worker does it, at the pace", body = Bulk),
        (status = 200, description = "A preview: what it would do now", body = Preview), Problems))]
pub async fn start(
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

/// List what people did
///
/// The audit, newest first: acts on workflows, one by one and on many, and what was done to integrations, upstreams and schedules.
#[utoipa::path(get, path = "/acts", tag = "acts", params(Asked),
    responses((status = 200, description = "A page", body = Items<Done>), Problems))]
pub async fn list(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Items<Done>>, Problem> {
    Ok(Json(audit::list(&state.pool, &caller, &asked).await?))
}

/// Export what people did
///
/// The same as comma-separated values, for spreadsheets: all that match, newest first.
#[utoipa::path(get, path = "/acts.csv", tag = "acts", params(Asked),
    responses((status = 200, description = "The head, then a line an act", body = String, content_type = "text/csv",
        example = "at,act,person,reason,workflow,bulk,before,after,id\r\n"), Problems))]
pub async fn export(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let lines = export::acts(&state.pool, &caller, asked).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"enlace-acts.csv\""),
    ];
    Ok((headers, AxumBody::from_stream(lines)).into_response())
}

/// Show what a person did
///
/// With how far it is, if it is an act on many.
#[utoipa::path(get, path = "/acts/{id}", tag = "acts", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, description = "The act", body = Shown), Problems))]
pub async fn show(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Named(id): Named,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(audit::show(&state.pool, &caller, read::uuid(&id)?).await?))
}

/// Why an act on many is steered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "OZMap caiu outra vez" }))]
pub struct SteerReason {
    /// Why: 1 to 200 characters, for the audit.
    reason: String,
}

/// Pause, resume or call off an act on many
///
/// It stops between two batches. What is done stays done.
#[utoipa::path(post, path = "/acts/{id}/{steer}", tag = "acts", request_body = SteerReason,
    params(("id" = String, Path, format = Uuid), ("steer" = Steer, Path)),
    responses((status = 200, description = "As it is now", body = Bulk), Problems))]
pub async fn steer(
    May { caller, .. }: May<Acting>,
    State(state): State<ApiState>,
    Path((id, steer)): Path<(String, String)>,
    Body(given): Body<SteerReason>,
) -> Result<Json<Bulk>, Problem> {
    let steer: Steer = steer.parse().map_err(|_| no_such(&steer))?;
    Ok(Json(bulk::steer(&state.pool, &caller, read::uuid(&id)?, steer, &given.reason).await?))
}

fn no_such(steer: &str) -> Problem {
    let known = <Steer as strum::VariantNames>::VARIANTS.join(", ");
    Problem::new(Why::NotFound, format!("an act on many knows no \"{steer}\"; it knows {known}"))
}
