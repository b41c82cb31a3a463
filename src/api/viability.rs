//! Viability: a question that is answered while it is waited for.

use axum::{Json, extract::State, http::HeaderMap};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    ApiState, Problem,
    caller::{May, Starting},
    problem::Problems,
    read::{self, Body, Query},
};
use crate::desk::{
    start::Along,
    viability::{self, Question},
};

/// How long the answer may take.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Waiting {
    /// Wait no longer than that: `5s`, `800ms`; left out, as long as the platforms may take.
    #[param(example = "5s")]
    wait: Option<String>,
}

/// An answer in HubSoft's form.
#[derive(ToSchema)]
#[schema(example = json!({ "resultado": { "conclusao": "disponivel", "origem": "plataforma", "alertas": [], "projetos": [
    { "projeto": { "id_projeto": 3, "nome": "Centro" }, "busca": { "elementos": { "data": [
        { "id_caixa_optica": 91, "caixa": "CTO-091", "latitude": -27.6, "longitude": -48.5, "distancia": "16.34m",
          "distancia_metros": 16.34, "total": 16, "disponiveis": 5, "reservadas": 1, "utilizadas": 10 }] } } }] } }))]
#[expect(dead_code, reason = "describes an answer; never made")]
pub struct Answer {
    /// `conclusao`: `disponivel`, `indisponivel`, or `desconhecida` where a platform could not be asked and HubSoft's own search
    /// found no free port. `alertas`: what a person has to know, in Portuguese. `portas_disponiveis` of each box with
    /// `detalhar_portas` alone.
    #[schema(value_type = Object)]
    resultado: Value,
}

/// Ask for free ports near a place
///
/// OZMap and Geosite are asked for the boxes in the radius, and those that HubSoft lacks are registered; then HubSoft's own
/// search answers. The platforms have a deadline (8 s unless configured otherwise); after it the answer comes without them, with an
/// alert, and registering goes on. A failure is never "no coverage". The question is a workflow of kind `viability`.
#[utoipa::path(post, path = "/viability", tag = "viability", request_body = Question,
    params(Waiting, ("Idempotency-Key" = Option<String>, Header, description = "Your own name for this request, 1 to 140 characters")),
    responses((status = 200, description = "The answer", body = Answer), Problems))]
pub async fn ask(
    May { caller, .. }: May<Starting>,
    State(state): State<ApiState>,
    Query(waiting): Query<Waiting>,
    headers: HeaderMap,
    Body(question): Body<Value>,
) -> Result<Json<Value>, Problem> {
    let wait = waiting.wait.as_deref().map(read::wait).transpose()?;
    let along =
        Along { idempotency_key: read::header(&headers, "Idempotency-Key")?, traceparent: read::traceparent(&headers) };
    let patience = state.setup.accounts.patience();
    Ok(Json(viability::ask(&state.pool, &caller, patience, question, (along, wait)).await?))
}
