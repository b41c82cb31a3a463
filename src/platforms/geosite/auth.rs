//! Credentials: a login gives a token that lives 30 minutes and another that renews it for 30 days. The first is renewed
//! before it ends; a renewal that is refused is followed by a login; a login that is refused is for a person to look at.

use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;
use url::Url;

use super::Validity;
use super::liberal::{as_flag, as_text};
use super::url::at;
use crate::http::{Answer, Ask, Http, Purpose, not_the_api, now, secret_header};
use crate::{Failure, FailureKind};

/// What one account may present.
pub(super) struct Auth {
    user: String,
    password: SecretString,
    validity: Validity,
    state: Mutex<State>,
    /// Verdicts so far. Calls that wait while another logs in share its outcome: an account that is tried once per waiting
    /// call is soon locked.
    verdicts: AtomicU64,
    /// The verdict whose token opened the API last.
    good: AtomicU64,
}

#[derive(Default)]
struct State {
    tokens: Option<Tokens>,
    /// What the last login came to, if it was refused.
    refused: Option<Failure>,
}

/// What a login or a renewal gave.
#[derive(Clone)]
struct Tokens {
    token: SecretString,
    since: Instant,
    /// Renews the token, and since when it may.
    refresh: Option<(SecretString, Instant)>,
    /// The verdict that gave them.
    verdict: u64,
}

/// What a call presented, and which verdict gave it.
pub(super) struct Presented {
    pub(super) header: HeaderValue,
    verdict: u64,
}

/// How a token is come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By the other token; where that is refused or past, by a login.
    Refresh,
    LogIn,
}

impl Auth {
    pub(super) fn new(user: String, password: SecretString, validity: Validity) -> Self {
        Self { user, password, validity, state: Mutex::default(), verdicts: AtomicU64::new(0), good: AtomicU64::new(0) }
    }

    /// What to present now: the token, renewed when five sixths of its life are over (25 of 30 minutes).
    pub(super) async fn present(&self, http: &Http, base: &Url) -> Result<Presented, Failure> {
        let mut state = self.waited_for_state().await?;
        match &state.tokens {
            Some(tokens) if tokens.since.elapsed() < self.validity.token * 5 / 6 => presented(tokens),
            Some(_) => self.obtain(http, base, &mut state, How::Refresh).await,
            None => self.obtain(http, base, &mut state, How::LogIn).await,
        }
    }

    /// A call with this went well.
    pub(super) fn is_good(&self, presented: &Presented) {
        self.good.store(presented.verdict, Ordering::Release);
    }

    /// Whether a call with this has gone well.
    pub(super) fn was_good(&self, presented: &Presented) -> bool {
        self.good.load(Ordering::Acquire) == presented.verdict
    }

    /// What to present after `refused` was answered with 401: renewed here or meanwhile.
    pub(super) async fn renew(
        &self,
        http: &Http,
        base: &Url,
        refused: &Presented,
        how: How,
    ) -> Result<Presented, Failure> {
        let mut state = self.waited_for_state().await?;
        match &state.tokens {
            Some(tokens) if tokens.verdict != refused.verdict => presented(tokens),
            _ => self.obtain(http, base, &mut state, how).await,
        }
    }

    /// The state; an error where a login was refused while this call waited for it.
    async fn waited_for_state(&self) -> Result<MutexGuard<'_, State>, Failure> {
        let before = self.verdicts.load(Ordering::Acquire);
        let state = self.state.lock().await;
        match &state.refused {
            Some(failure) if self.verdicts.load(Ordering::Acquire) != before => Err(failure.clone()),
            _ => Ok(state),
        }
    }

    /// A renewal or a login that got no verdict is nobody's: who waits tries for himself.
    async fn obtain(&self, http: &Http, base: &Url, state: &mut State, how: How) -> Result<Presented, Failure> {
        let alive = |(_, since): &&(SecretString, Instant)| since.elapsed() < self.validity.refresh_token;
        let refresh = state.tokens.as_ref().and_then(|t| t.refresh.as_ref().filter(alive)).cloned();
        let renewed = match refresh.filter(|_| how == How::Refresh) {
            Some(refresh) => self.refresh(http, base, refresh).await?,
            None => None,
        };
        let told = match renewed {
            Some(told) => Ok(told),
            None => self.log_in(http, base).await,
        };
        let verdict = match &told {
            Err(failure) if failure.kind != FailureKind::Unauthorised => return Err(failure.clone()),
            _ => self.verdicts.fetch_add(1, Ordering::AcqRel) + 1,
        };
        match told {
            Ok(tokens) => {
                http.hide_too(tokens.refresh.iter().map(|(refresh, _)| refresh.clone()).chain([tokens.token.clone()]));
                let tokens = Tokens { verdict, ..tokens };
                let presented = presented(&tokens);
                *state = State { tokens: Some(tokens), refused: None };
                presented
            }
            Err(failure) => {
                *state = State { tokens: None, refused: Some(failure.clone()) };
                Err(failure)
            }
        }
    }

    async fn log_in(&self, http: &Http, base: &Url) -> Result<Tokens, Failure> {
        let body = json!({ "username": self.user, "password": self.password.expose_secret() });
        let answer = post(http, at(base, &["auth", "generatetoken"]), Some(body), HeaderMap::new()).await?;
        if answer.status == 404 {
            // The first call of all: nothing of the kind is there.
            return Err(not_the_api());
        }
        if refuses(&answer) {
            return Err(refused().quoting(answer.words()));
        }
        let answer = answer.checked()?;
        let told: Value = answer.json()?;
        if told.get("success").and_then(as_flag) == Some(false) {
            return Err(refused().quoting(answer.words()));
        }
        tokens(&told, None).ok_or_else(not_the_api)
    }

    /// `None`: it was refused.
    async fn refresh(
        &self,
        http: &Http,
        base: &Url,
        former: (SecretString, Instant),
    ) -> Result<Option<Tokens>, Failure> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, header(&former.0)?)]);
        let answer = post(http, at(base, &["auth", "refresh"]), None, headers).await?;
        // Whatever it has against that token, it says nothing of who logs in; a pause that it asks for is another matter.
        if answer.status.is_client_error() && answer.status != StatusCode::TOO_MANY_REQUESTS {
            return Ok(None);
        }
        let told: Value = answer.checked()?.json()?;
        Ok(tokens(&told, Some(former)))
    }
}

/// Not writes: a login that was lost has changed nothing that matters, and may be made again.
async fn post(http: &Http, url: Url, body: Option<Value>, headers: HeaderMap) -> Result<Answer, Failure> {
    http.send(&Ask { method: Method::POST, url, body, purpose: Purpose::Look }, headers).await
}

fn refuses(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 400 | 401 | 403 | 422)
}

/// The tokens of an answer; a renewal may leave out the one that renews, which then goes on.
fn tokens(told: &Value, former: Option<(SecretString, Instant)>) -> Option<Tokens> {
    let of = |key: &str| told.get(key).and_then(as_text).map(SecretString::from);
    let since = now();
    let refresh = of("refreshToken").map(|refresh| (refresh, since)).or(former);
    Some(Tokens { token: of("token")?, since, refresh, verdict: 0 })
}

fn presented(tokens: &Tokens) -> Result<Presented, Failure> {
    Ok(Presented { header: header(&tokens.token)?, verdict: tokens.verdict })
}

fn header(token: &SecretString) -> Result<HeaderValue, Failure> {
    let text = SecretString::from(format!("Digicade-Rest-API:{}", token.expose_secret()));
    secret_header(&text).ok_or_else(not_the_api)
}

/// The login was refused, or what it gave.
pub(super) fn refused() -> Failure {
    Failure::new(
        FailureKind::Unauthorised,
        "geosite.unauthorised",
        "o Geosite recusou usuario e senha: confira os dois parâmetros",
        "Geosite refused usuario and senha: check both parameters",
    )
}
