//! Calls with credentials: every one that the adapter makes goes through here.

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::auth::{Auth, How, refused};
use super::literals::Literals;
use super::url::at;
use crate::http::{Answer, Ask, Http, Purpose};
use crate::{Failure, FailureKind};

/// One account's API.
pub(super) struct Api {
    pub(super) http: Http,
    pub(super) auth: Auth,
    /// What the vendor calls `{urlApplication}`.
    pub(super) base: Url,
    pub(super) literals: Literals,
}

impl Api {
    /// Makes the call. A 401 means that nothing was done: then once more with a renewed token, and where that does not do
    /// either, with one of a fresh login. A 403 may mean the same of a token that was good before: it is renewed once.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Answer, Failure> {
        let mut presented = self.auth.present(&self.http, &self.base).await?;
        for how in [How::Refresh, How::LogIn] {
            let answer = self.http.send(ask, with(presented.header.clone())).await?;
            match answer.status {
                StatusCode::UNAUTHORIZED => {}
                StatusCode::FORBIDDEN if how == How::Refresh && self.auth.was_good(&presented) => {}
                status => {
                    if status.is_success() {
                        self.auth.is_good(&presented);
                    }
                    return Ok(answer);
                }
            }
            presented = self.auth.renew(&self.http, &self.base, &presented, how).await?;
        }
        let answer = self.http.send(ask, with(presented.header)).await?;
        if answer.status == StatusCode::UNAUTHORIZED { Err(refused().quoting(answer.words())) } else { Ok(answer) }
    }

    /// Changes something, once. Any complete answer is `Ok`.
    pub(super) async fn write(&self, (method, path, body): (Method, [&str; 2], Value)) -> Result<Answer, Failure> {
        let ask = Ask { method, url: at(&self.base, &path), body: Some(body), purpose: Purpose::Write };
        self.ask(&ask).await
    }
}

/// A refusal with status 200: `success` that is not true.
pub(super) fn said_no(answer: &Answer) -> Failure {
    Failure::new(FailureKind::Rejected, "geosite.refused", "o Geosite recusou o pedido", "Geosite refused the request")
        .quoting(answer.words())
}

fn with(credential: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, credential)])
}
