//! What went wrong, as RFC 9457 problem details: a stable `type` for programs, a `detail` for people, in both languages.

mod words;

use std::{any::Any, collections::BTreeMap};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, Serializer};
use strum::{EnumIter, EnumString, IntoEnumIterator, IntoStaticStr};
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{Content, Ref, RefOr, Response as Described, schema::Schema},
};

pub use words::Words;

use super::PREFIX;
use crate::desk::{Refusal, portuguese};

/// Every sort of problem; its name is the end of `type`, which is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Why {
    /// What was sent cannot be read at all.
    Malformed,
    /// No token, or one that is not valid.
    Unauthenticated,
    /// The token's role does not allow it.
    Forbidden,
    /// There is no such thing, or it is not for this token to see.
    NotFound,
    /// The path does not take this method.
    MethodNotAllowed,
    /// It makes no sense as things stand.
    NotNow,
    /// The body is too large.
    TooLarge,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// A field cannot be taken; `field` names it.
    Invalid,
    /// This token asks too often.
    TooManyRequests,
    /// Our fault.
    Internal,
    /// It may work in a moment.
    Unavailable,
    /// It took too long.
    Timeout,
}

impl Why {
    /// The HTTP status of the sort.
    pub fn status(self) -> StatusCode {
        match self {
            Why::Malformed => StatusCode::BAD_REQUEST,
            Why::Unauthenticated => StatusCode::UNAUTHORIZED,
            Why::Forbidden => StatusCode::FORBIDDEN,
            Why::NotFound => StatusCode::NOT_FOUND,
            Why::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Why::NotNow => StatusCode::CONFLICT,
            Why::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Why::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Why::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Why::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Why::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Why::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Why::Timeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// Problem details (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Which sort of problem: stable, for programs.
    #[serde(rename = "type", serialize_with = "uri")]
    #[schema(value_type = String, example = "urn:enlace:problem:invalid")]
    kind: Why,
    /// The same in words.
    #[schema(example = "A field cannot be taken")]
    title: &'static str,
    /// The same in Portuguese.
    #[schema(example = "Um campo não pode ser aceito")]
    title_pt: &'static str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// What is wrong here, and what would be right.
    #[schema(value_type = String, example = "id_porta_atendimento: must be a positive whole number")]
    detail: Box<str>,
    /// The same in Portuguese; left out where it is the other program's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "id_porta_atendimento: deve ser um número inteiro positivo")]
    detail_pt: Option<Box<str>>,
    /// A page on this host that says what this sort of problem means and what to do.
    #[serde(serialize_with = "page")]
    #[schema(value_type = String, example = "/api/v1/problems/invalid")]
    help: Why,
    /// The field, parameter or header to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "id_porta_atendimento")]
    field: Option<String>,
    /// What may be done instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    legal: Option<Box<[&'static str]>>,
    /// When to come back, in seconds.
    #[serde(skip)]
    retry_after: Option<u32>,
}

fn uri<S: Serializer>(why: &Why, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("urn:enlace:problem:{}", <&str>::from(why)))
}

fn page<S: Serializer>(why: &Why, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{PREFIX}/problems/{}", <&str>::from(why)))
}

impl Problem {
    /// A problem of this sort.
    pub fn new(why: Why, detail: impl Into<String>) -> Self {
        let (words, detail) = (why.words(), detail.into());
        Self {
            kind: why,
            title: words.title,
            title_pt: words.title_pt,
            status: why.status().as_u16(),
            detail_pt: portuguese::of(&detail, None).map(Into::into),
            detail: detail.into(),
            help: why,
            field: None,
            legal: None,
            retry_after: (why == Why::Unavailable).then_some(2),
        }
    }

    /// The same, to be asked again after so many seconds.
    #[must_use]
    pub fn after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same, with a field to blame.
    #[must_use]
    pub fn blaming(mut self, field: &str, message: &str) -> Self {
        self.detail = format!("{field}: {message}").into();
        self.detail_pt = portuguese::of(&self.detail, Some(field)).map(Into::into);
        self.field = Some(field.to_owned());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let why = self.kind;
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (why.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if why == Why::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"enlace\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid { field, message } => Self::new(Why::Invalid, "").blaming(&field, &message),
            Refusal::Missing(detail) => Self::new(Why::NotFound, detail),
            Refusal::NotNow { message, legal } => Self { legal: Some(legal.into()), ..Self::new(Why::NotNow, message) },
            Refusal::Later(detail) => Self::new(Why::Unavailable, detail),
            again @ Refusal::Again => Self::new(Why::Unavailable, again.to_string()),
            Refusal::Failed(error) => {
                tracing::error!(error, "a request failed");
                Self::new(Why::Internal, "the log tells more, under the request id of the header x-request-id")
            }
        }
    }
}

/// The answer where a handler panicked.
pub fn of_panic(panic: Box<dyn Any + Send>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Problem::from(Refusal::Failed(format!("panicked: {}", words.unwrap_or("without a word")))).into_response()
}

/// All problems, as every route's description lists them.
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Described>> {
        Why::iter().map(|why| (why.status().as_str().to_owned(), RefOr::T(described(why)))).collect()
    }
}

fn described(why: Why) -> Described {
    let mut content = Content::new(Some(RefOr::<Schema>::Ref(Ref::from_schema_name(Problem::name()))));
    let (problem, said) = (Problem::new(why, example(why)), example(why));
    let of_field = matches!(why, Why::Malformed | Why::Invalid).then(|| said.split_once(": ")).flatten();
    let problem = match of_field {
        Some((field, message)) => problem.blaming(field, message),
        None => problem,
    };
    content.example = serde_json::to_value(problem).ok();
    utoipa::openapi::ResponseBuilder::new()
        .description(why.words().title)
        .content("application/problem+json", content)
        .build()
}

fn example(why: Why) -> &'static str {
    match why {
        Why::Malformed => "id: must be a UUID",
        Why::Unauthenticated => "send the header Authorization: Bearer enlace_…",
        Why::Forbidden => "this needs the role operator or admin; the token has viewer",
        Why::NotFound => "there is no integration 7",
        Why::MethodNotAllowed => "/api/v1/workflows does not take DELETE; see the header Allow",
        Why::NotNow => {
            "it makes no sense to retry a workflow that is succeeded; possible now: nothing can be done to it"
        }
        Why::TooLarge => "the body is larger than 256 KiB",
        Why::UnsupportedMediaType => "send the body as application/json",
        Why::Invalid => "id_porta_atendimento: must be a positive whole number",
        Why::TooManyRequests => "this token may ask 50 times a second; come back in 1 s",
        Why::Internal => "the log tells more, under the request id of the header x-request-id",
        Why::Unavailable => "the database cannot be reached just now",
        Why::Timeout => "it took longer than 75 s",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_problem_that_tells_nothing_of_itself() {
        let response = of_panic(Box::new("index out of bounds: secret"));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let told = serde_json::to_string(&Problem::from(Refusal::Failed("secret".to_owned()))).unwrap();
        assert!(told.contains("urn:enlace:problem:internal") && !told.contains("secret"), "{told}");
    }

    #[test]
    fn every_sort_has_a_status_of_its_own() {
        let statuses: std::collections::BTreeSet<u16> = Why::iter().map(|why| why.status().as_u16()).collect();
        assert_eq!(statuses.len(), Why::iter().count(), "the document lists one problem a status");
    }
}
