//! What a request holds, read so that every mistake is named: bodies, queries and paths.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::form_urlencoded;
use uuid::Uuid;

use super::{Problem, problem::Why};
use crate::{
    desk::{Refusal, check},
    telemetry::Context,
};

/// A JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        body_of(&bytes_of(request, state).await?).map(Self)
    }
}

/// The bytes of a JSON body; none where there is no body.
pub async fn bytes_of<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let json = is_json(request.headers());
    let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Why::TooLarge, "the body is larger than 256 KiB"),
        _ => Problem::new(Why::Malformed, "the body broke off"),
    })?;
    match json || bytes.is_empty() {
        true => Ok(bytes),
        false => Err(Problem::new(Why::UnsupportedMediaType, "send the body as application/json")),
    }
}

/// A body without a type is taken for JSON: there is nothing else that it could be.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return true };
    let essence = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn body_of<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // No body says nothing of anything: what it lacks is named, as in an empty object.
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(Why::Malformed, format!("the body is not JSON: {error}")))?;
    if !value.is_object() {
        return Err(Problem::new(Why::Malformed, "the body must be a JSON object"));
    }
    taken(value)
}

/// The value as what is wanted of it; else the field to blame.
fn taken<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.inner().to_string());
        let (field, message) = blame(&path, &message);
        Problem::new(Why::Invalid, "").blaming(&field, &message)
    })
}

/// Whom serde blames, and for what: it names a missing or unknown field in its message rather than in the path.
fn blame(path: &str, message: &str) -> (String, String) {
    let quoted = || message.split('`').nth(1).unwrap_or_default();
    let parent = if path == "." { String::new() } else { format!("{path}.") };
    if message.starts_with("missing field") {
        return (format!("{parent}{}", quoted()), "is missing".to_owned());
    }
    if message.starts_with("unknown field") {
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let field = if path.ends_with(quoted()) { path.to_owned() } else { format!("{parent}{}", quoted()) };
        let message = match known.is_empty() {
            true => "is not known here; nothing is taken".to_owned(),
            false => format!("is not known here; known are {}", known.join(", ")),
        };
        return (field, message);
    }
    let field = if path == "." { "body" } else { path };
    (field.to_owned(), message.to_owned())
}

/// The query: each parameter known, and given once.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let (mut given, mut names) = (Map::new(), BTreeSet::new());
        for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
            if !names.insert(name.clone()) {
                return Err(Problem::new(Why::Invalid, "").blaming(&name, "is given twice"));
            }
            given.insert(name.into_owned(), Value::String(value.into_owned()));
        }
        taken(Value::Object(given)).map(Self)
    }
}

/// The one variable part of a path, as text.
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let unreadable = |_| Problem::new(Why::Malformed, "").blaming("id", "cannot be read");
        Path::<String>::from_request_parts(parts, state).await.map(|Path(text)| Self(text)).map_err(unreadable)
    }
}

/// The one variable part of a path, as a number.
pub struct Numbered(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Numbered {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Named(text) = Named::from_request_parts(parts, state).await?;
        let wrong = |_| Problem::new(Why::Malformed, "").blaming("id", "must be a positive whole number");
        check::number("id", &text).map(Self).map_err(wrong)
    }
}

/// A workflow's id in a path.
pub fn uuid(text: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(text).map_err(|_| Problem::new(Why::Malformed, "").blaming("id", "must be a UUID"))
}

/// A length of time such as `10s` or `500ms`, cut at a minute.
pub fn wait(text: &str) -> Result<Duration, Problem> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let milliseconds = match unit {
        "ms" => Some(1),
        "s" | "" => Some(1000),
        _ => None,
    };
    let length = digits.parse::<u64>().ok().zip(milliseconds).map(|(n, of)| n.saturating_mul(of));
    let length = length.ok_or_else(|| Refusal::invalid("wait", "must be a time such as 10s or 500ms, at most 60s"))?;
    Ok(Duration::from_millis(length).min(Duration::from_secs(60)))
}

/// A header, if it is there and text.
pub fn header(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get(name) else { return Ok(None) };
    let text = given.to_str().map_err(|_| Refusal::invalid(name, "must be plain text"))?;
    Ok(Some(text.to_owned()))
}

/// The caller's W3C trace context, where it is one. A wrong one is no reason to refuse work.
pub fn traceparent(headers: &HeaderMap) -> Option<String> {
    let given = headers.get("traceparent")?.to_str().ok()?;
    // The database takes no longer ones; what later versions of the form append is not needed to go on in the trace.
    let given = given.get(..64).unwrap_or(given).to_ascii_lowercase();
    Context::of(&given).map(|_| given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_serde_means_is_named() {
        let blamed = |path, message| blame(path, message);
        assert_eq!(blamed(".", "missing field `reason`"), ("reason".to_owned(), "is missing".to_owned()));
        let (field, message) = blamed("kin", "unknown field `kin`, expected one of `kind`, `payload`");
        assert_eq!((field.as_str(), message.as_str()), ("kin", "is not known here; known are kind, payload"));
        assert_eq!(blamed("project", "missing field `nome`").0, "project.nome");
    }

    #[test]
    fn waits_are_read_and_cut_at_a_minute() {
        assert_eq!(wait("10s").unwrap(), Duration::from_secs(10));
        assert_eq!(wait("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(wait("99999999999999999s").unwrap(), Duration::from_secs(60));
        for wrong in ["", "s", "10m", "-1s", "1.5s", "10 s"] {
            assert!(wait(wrong).is_err(), "{wrong}");
        }
    }
}
