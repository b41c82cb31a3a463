//! The header `Idempotency-Key`, for all that starts or changes something: sent again, a request is answered as it was.
//!
//! Starting a workflow and asking for viability keep their keys with the work itself (`desk::start`); this is for the rest.
//! What was refused stored nothing, and leaves its key free. A preview stores nothing either, and shows people: it is asked anew.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::{ApiState, LARGEST_BODY, Problem, problem, read};
use crate::desk::{
    Caller, Refusal, check,
    once::{self, Kept, Key},
};

/// The header.
pub const NAME: &str = "Idempotency-Key";
/// What sees to its keys itself, below the API's prefix.
const BY_THEMSELVES: [&str; 2] = ["/workflows", "/viability"];
/// Says that an answer is one that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Put beside an answer: a field of it that is shown this once, and kept nowhere. Asked again, the answer lacks it.
#[derive(Clone, Copy)]
pub struct Without(pub &'static str);

/// Lets a request with a key through once.
pub async fn once(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let keyed = request.method() == Method::POST && request.headers().contains_key(NAME);
    if !keyed || BY_THEMSELVES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    answered(state, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answered(state: ApiState, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let token = parts.extensions.get::<Caller>().and_then(|caller| caller.token).unwrap_or_default();
    let key = Key { token, name: name(read::header(&parts.headers, NAME)?.unwrap_or_default())? };
    let body = read::bytes_of(Request::from_parts(parts.clone(), body), &()).await?;
    let digest = digest(&parts.method, &parts.uri.to_string(), &body);
    let request = Request::from_parts(parts, Body::from(body.clone()));
    if serde_json::from_slice::<Value>(&body).is_ok_and(|asked| asked["preview"] == true) {
        return Ok(next.run(request).await);
    }
    if let Some(kept) = once::begin(&state.pool, &key, &digest).await? {
        return Ok(again(kept));
    }
    // On its own: a caller who hangs up does not leave it half done, and finds its answer when he asks again.
    let work = async move { keep(&state, &key, next.run(request).await).await };
    Ok(tokio::spawn(work.in_current_span())
        .await
        .unwrap_or_else(|panic| problem::of_panic(Box::new(panic.to_string()))))
}

fn name(given: String) -> Result<String, Problem> {
    let name = check::words(NAME, &given)?;
    match name.chars().count() {
        1..=140 => Ok(name),
        _ => Err(Refusal::invalid(NAME, "must be 1 to 140 characters of text").into()),
    }
}

fn digest(method: &Method, uri: &str, body: &Bytes) -> Vec<u8> {
    // Neither a method nor a URI holds a line's end: the three cannot run into each other.
    let head = format!("{method} {uri}\n");
    Sha256::new().chain_update(head).chain_update(body).finalize().to_vec()
}

/// Keeps an answer, or gives the key back where nothing was done. What cannot be kept is still answered.
async fn keep(state: &ApiState, key: &Key, response: Response) -> Response {
    if !response.status().is_success() {
        noted(once::give_back(&state.pool, key).await);
        return response;
    }
    let (parts, body) = response.into_parts();
    let body = match to_bytes(body, 4 * LARGEST_BODY).await {
        Ok(body) => body,
        Err(error) => return Problem::from(Refusal::Failed(error.to_string())).into_response(),
    };
    let location = parts.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
    let kept = match parts.extensions.get::<Without>() {
        Some(Without(field)) => without(&body, field),
        None => body.to_vec(),
    };
    let kept = Kept { status: parts.status.as_u16().into(), location, body: kept };
    noted(once::keep(&state.pool, key, &kept).await);
    Response::from_parts(parts, Body::from(body))
}

fn without(body: &[u8], field: &str) -> Vec<u8> {
    let mut answer: Value = serde_json::from_slice(body).unwrap_or_default();
    answer.as_object_mut().and_then(|fields| fields.remove(field));
    answer.to_string().into_bytes()
}

fn noted(outcome: Result<(), Refusal>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "an answer could not be kept beside its key; asked again, its caller is told to look");
    }
}

fn again(kept: Kept) -> Response {
    let status = u16::try_from(kept.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = (status.unwrap_or(StatusCode::OK), kept.body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    if let Some(location) = kept.location.and_then(|to| HeaderValue::from_str(&to).ok()) {
        headers.insert(header::LOCATION, location);
    }
    response
}
