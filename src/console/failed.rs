//! What a person is shown where a page cannot be: who may not, what is not there, what went wrong.

use std::any::Any;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri},
    response::{Html, IntoResponse, Redirect, Response},
};

use super::{ConsoleState, page::Page, who::Seen, words::Language};
use crate::desk::{Refusal, portuguese, rights::Reading};

/// Why a page cannot be shown.
pub struct Failed(Box<Kind>);

enum Kind {
    /// Nobody is signed in.
    Unknown { back: String, part: bool },
    /// Their role does not allow it.
    Forbidden(Page),
    /// The form is of another session.
    Stale(Page),
    /// It was refused, to somebody who is signed in.
    Within(Page, Refusal),
    /// It failed before it was known who asks.
    Outside(Refusal, Language),
}

impl Failed {
    /// Nobody is signed in: they may do so, and come back. `part`: the request was for a part of a page that is shown.
    pub fn unknown(back: &str, part: bool) -> Self {
        Self(Box::new(Kind::Unknown { back: back.to_owned(), part }))
    }

    /// Their role does not allow it.
    pub fn forbidden(page: Page) -> Self {
        Self(Box::new(Kind::Forbidden(page)))
    }

    /// The form is of another session.
    pub fn stale(page: Page) -> Self {
        Self(Box::new(Kind::Stale(page)))
    }

    /// It was refused, to somebody who is signed in.
    pub fn within(page: Page, refusal: Refusal) -> Self {
        Self(Box::new(Kind::Within(page, refusal)))
    }

    /// It failed before it was known who asks.
    pub fn of(refusal: Refusal, language: Language) -> Self {
        Self(Box::new(Kind::Outside(refusal, language)))
    }
}

/// What a person is told about a refusal. What is our fault is for the log.
pub fn words(language: Language, refusal: &Refusal) -> String {
    match refusal {
        Refusal::Invalid { field, message } => format!("{field}: {}", told(language, message)),
        Refusal::Missing(message) | Refusal::NotNow { message, .. } | Refusal::Later(message) => {
            told(language, message)
        }
        Refusal::Again => language.say("failed-again", &[]),
        Refusal::Failed(_) => language.say("failed-ours", &[]),
    }
}

/// A sentence of the counter's in the reader's language; as it is, where it is other programs' own.
pub fn told(language: Language, message: &str) -> String {
    match language {
        Language::Pt => portuguese::of(message, None).unwrap_or_else(|| message.to_owned()),
        Language::En => message.split_once(" / ").map_or(message, |(_, english)| english).to_owned(),
    }
}

#[derive(Template)]
#[template(path = "failed.html", config = "src/console/askama.toml")]
struct Shown {
    page: Page,
    title: String,
    text: String,
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match *self.0 {
            Kind::Unknown { back, part } => to_sign_in(&back, part),
            Kind::Forbidden(page) => {
                let (title, text) = (page.t("failed-forbidden"), page.t1("failed-role", "role", page.caller.role));
                shown(StatusCode::FORBIDDEN, page, title, text)
            }
            Kind::Stale(page) => {
                let (title, text) = (page.t("failed-stale"), page.t("failed-stale-text"));
                shown(StatusCode::FORBIDDEN, page, title, text)
            }
            Kind::Within(page, refusal) => {
                log(&refusal);
                let (status, key) = kind_of(&refusal);
                let (title, text) = (page.t(key), page.refusal(&refusal));
                shown(status, page, title, text)
            }
            Kind::Outside(refusal, language) => {
                log(&refusal);
                (kind_of(&refusal).0, words(language, &refusal)).into_response()
            }
        }
    }
}

fn log(refusal: &Refusal) {
    if let Refusal::Failed(error) = refusal {
        tracing::error!(%error, "a page of the console failed");
    }
}

fn kind_of(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "failed-invalid"),
        Refusal::Missing(_) => (StatusCode::NOT_FOUND, "failed-missing"),
        Refusal::NotNow { .. } => (StatusCode::CONFLICT, "failed-not-now"),
        Refusal::Later(_) | Refusal::Again => (StatusCode::SERVICE_UNAVAILABLE, "failed-later"),
        Refusal::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "failed-title"),
    }
}

fn shown(status: StatusCode, page: Page, title: String, text: String) -> Response {
    let page = Shown { page, title, text };
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => (status, page.text).into_response(),
    }
}

fn to_sign_in(back: &str, part: bool) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("back", back).finish();
    if !part {
        return Redirect::to(&format!("/login?{query}")).into_response();
    }
    // A part of a page that is shown: the whole page goes to where one signs in, and comes back to where it was.
    let mut answer = StatusCode::UNAUTHORIZED.into_response();
    answer.headers_mut().insert("hx-redirect", HeaderValue::from_static("/login"));
    answer
}

/// The answer where there is no page.
pub async fn nowhere(
    seen: Result<Seen<Reading>, Failed>,
    State(_): State<ConsoleState>,
    uri: Uri,
    _: HeaderMap,
) -> Failed {
    match seen {
        Ok(Seen { page, .. }) => {
            let text = page.t1("failed-nowhere", "path", uri.path());
            page.failed(Refusal::Missing(text))
        }
        Err(failed) => failed,
    }
}

/// The answer where a handler panicked.
pub fn of_panic(_: Box<dyn Any + Send>) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "enlace: 500").into_response()
}
