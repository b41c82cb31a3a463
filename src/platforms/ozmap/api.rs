//! Calls with credentials: every one that the adapter makes goes through here.

use reqwest::Method;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::auth::{Auth, refused_twice};
use super::url::at;
use crate::Failure;
use crate::http::{Answer, Ask, Http, Purpose};

/// One account's API.
pub(super) struct Api {
    pub(super) http: Http,
    pub(super) auth: Auth,
    /// `…/api/v2`.
    pub(super) base: Url,
}

impl Api {
    /// Makes the call; after a 401, which means that nothing was done, once more with a fresh token.
    pub(super) async fn ask(&self, ask: &Ask) -> Result<Answer, Failure> {
        let presented = self.auth.present().await;
        let answer = self.http.send(ask, with(presented.header.clone())).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let renewed = self.auth.renew(&self.http, &self.base, &presented).await?;
        let answer = self.http.send(ask, with(renewed.header)).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            Err(refused_twice().quoting(answer.words()))
        } else {
            Ok(answer)
        }
    }

    /// One element; `None` where there is none.
    pub(super) async fn one<T: DeserializeOwned>(&self, path: &[&str]) -> Result<Option<T>, Failure> {
        self.one_for(path, Purpose::Look).await
    }

    /// The same as a part of something larger, which decides how long it may take.
    pub(super) async fn one_for<T: DeserializeOwned>(
        &self,
        path: &[&str],
        purpose: Purpose,
    ) -> Result<Option<T>, Failure> {
        let ask = Ask { method: Method::GET, url: at(&self.base, path), body: None, purpose };
        self.ask(&ask).await?.found()?.map(|answer| answer.json()).transpose()
    }

    /// Changes something, once. Any complete answer is `Ok`.
    pub(super) async fn write(&self, method: Method, path: &[&str], body: Option<Value>) -> Result<Answer, Failure> {
        let ask = Ask { method, url: at(&self.base, path), body, purpose: Purpose::Write };
        self.ask(&ask).await
    }
}

fn with(credential: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, credential)])
}
