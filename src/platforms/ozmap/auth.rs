//! Credentials: the key, raw, in `Authorization`; where it is refused, one login, whose token takes its place.

use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::sync::Mutex;
use url::Url;

use super::url::at;
use super::wire::LoggedIn;
use crate::http::{Ask, Http, Purpose, secret_header};
use crate::{Failure, FailureKind};

/// What one account may present.
pub(super) struct Auth {
    key: HeaderValue,
    user: String,
    password: SecretString,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of the last login that went well; presented instead of the key from then on.
    token: Option<HeaderValue>,
    /// Logins so far. Calls that wait while another logs in share its outcome: an account that is tried once per
    /// waiting call is soon locked.
    logins: u64,
    /// What the last login came to, if it was refused.
    refused: Option<Failure>,
}

/// What a call presented, and how many logins there had been.
pub(super) struct Presented {
    pub(super) header: HeaderValue,
    logins: u64,
}

impl Auth {
    pub(super) fn new(key: &SecretString, user: String, password: SecretString) -> Result<Self, Failure> {
        let key = secret_header(key).ok_or_else(key_not_sendable)?;
        Ok(Self { key, user, password, state: Mutex::default() })
    }

    /// What to present now.
    pub(super) async fn present(&self) -> Presented {
        let state = self.state.lock().await;
        self.presented(&state)
    }

    fn presented(&self, state: &State) -> Presented {
        Presented { header: state.token.as_ref().unwrap_or(&self.key).clone(), logins: state.logins }
    }

    /// What to present after `refused` was answered with 401: the token of a login, made here or meanwhile.
    pub(super) async fn renew(&self, http: &Http, base: &Url, refused: &Presented) -> Result<Presented, Failure> {
        let mut state = self.state.lock().await;
        if state.logins == refused.logins {
            let outcome = self.log_in(http, base).await;
            // A login that got no verdict is nobody's: who waits tries for himself.
            match outcome {
                Ok(token) => (state.token, state.refused) = (Some(token), None),
                Err(f) if f.kind == FailureKind::Unauthorised => state.refused = Some(f),
                Err(f) => return Err(f),
            }
            state.logins += 1;
        }
        state.refused.clone().map_or_else(|| Ok(self.presented(&state)), Err)
    }

    async fn log_in(&self, http: &Http, base: &Url) -> Result<HeaderValue, Failure> {
        let mut url = at(base, &["users", "login"]);
        url.set_query(Some("type=API"));
        let body = json!({ "login": self.user, "password": self.password.expose_secret() });
        // Not a write: a login that was lost has changed nothing that matters, and may be made again.
        let ask = Ask { method: Method::POST, url, body: Some(body), purpose: Purpose::Look };
        let answer = http.send(&ask, Default::default()).await?;
        if matches!(answer.status.as_u16(), 400 | 401 | 403 | 404 | 422) {
            return Err(refused_twice().quoting(answer.words()));
        }
        let told: LoggedIn = answer.checked()?.json()?;
        let token = told.authorization.or(told.authentication_key).map(SecretString::from);
        token.as_ref().and_then(secret_header).ok_or_else(refused_twice)
    }
}

/// The key was refused, and so was the login, or its token.
pub(super) fn refused_twice() -> Failure {
    Failure::new(
        FailureKind::Unauthorised,
        "ozmap.unauthorised",
        "o OZMap recusou a api_chave e também usuario e senha: confira os três parâmetros",
        "OZMap refused api_chave, and usuario with senha as well: check all three parameters",
    )
}

fn key_not_sendable() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "ozmap.bad_key",
        "api_chave: tem caracteres que não podem ser enviados; copie-a de novo",
        "api_chave: it has characters that cannot be sent; copy it again",
    )
}
