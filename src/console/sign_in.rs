//! Signing in with a token, and out again.

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc};

use askama::Template;
use axum::{
    extract::{ConnectInfo, Query, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::Deserialize;

use super::{
    ConsoleState,
    failed::Failed,
    page::{local, theme},
    session,
    who::{Form, language},
    words::Language,
};
use crate::{
    desk::{
        Refusal,
        rights::{Reading, Right},
    },
    tokens,
};

/// How often one address may fail in a minute. A token cannot be guessed; this keeps who tries from costing anything.
const FAILURES: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Who failed to sign in lately, by their address.
#[derive(Clone)]
pub struct Doors(Arc<DefaultKeyedRateLimiter<String>>);

impl Default for Doors {
    fn default() -> Self {
        Self(Arc::new(RateLimiter::keyed(Quota::per_minute(FAILURES))))
    }
}

#[derive(Template)]
#[template(path = "login.html", config = "src/console/askama.toml")]
struct Login {
    language: Language,
    theme: &'static str,
    back: String,
    wrong: Option<String>,
}

impl Login {
    fn t(&self, key: &str) -> String {
        self.language.say(key, &[])
    }

    fn asset(&self, name: &str) -> String {
        super::assets::url(name)
    }
}

/// Where to go once signed in.
#[derive(Default, Deserialize)]
pub struct Back {
    back: Option<String>,
}

/// Asks for a token.
pub async fn show(Query(Back { back }): Query<Back>, headers: HeaderMap) -> Response {
    page(StatusCode::OK, &headers, back.as_deref(), None)
}

/// Signs in (contract.md: form field `token`).
pub async fn sign_in(
    State(state): State<ConsoleState>,
    known: Extensions,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Failed> {
    let form = Form::read(&body);
    let language = language(&headers);
    let wrong = |status, key| Ok(page(status, &headers, form.one("back"), Some(language.say(key, &[]))));
    let from = known.get::<ConnectInfo<SocketAddr>>();
    let who = from.map_or_else(String::new, |ConnectInfo(address)| address.ip().to_string());
    let failed = |e| Failed::of(Refusal::from(e), language);
    let token = match form.one("token") {
        Some(secret) => tokens::verify(&state.pool, secret).await.map_err(failed)?,
        None => None,
    };
    let Some(token) = token else {
        if state.doors.0.check_key(&who).is_err() {
            let mut answer = wrong(StatusCode::TOO_MANY_REQUESTS, "login-throttled")?;
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            return Ok(answer);
        }
        return wrong(StatusCode::UNAUTHORIZED, "login-wrong");
    };
    if !Reading::ROLES.contains(&token.role) {
        return wrong(StatusCode::FORBIDDEN, "login-program");
    }
    let secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let cookie = session::open(&state.pool, &token, secure).await.map_err(failed)?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(local(form.one("back").unwrap_or("/")))).into_response())
}

/// Signs out.
pub async fn sign_out(
    State(state): State<ConsoleState>,
    headers: HeaderMap,
    sent: Result<super::who::Sent<Reading>, Failed>,
) -> Result<Response, Failed> {
    sent?;
    let failed = |e| Failed::of(Refusal::from(e), language(&headers));
    let cookie = session::close(&state.pool, &headers).await.map_err(failed)?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

fn page(status: StatusCode, headers: &HeaderMap, back: Option<&str>, wrong: Option<String>) -> Response {
    let login = Login {
        language: language(headers),
        theme: theme(headers),
        back: local(back.unwrap_or("/")).to_owned(),
        wrong,
    };
    match login.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
