//! Calls with the token: every one that the adapter makes goes through here. Listings have pages; writes are made once.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::cursor::Cursor;
use super::refusal;
use super::url::at;
use super::wire::Envelope;
use crate::Failure;
use crate::http::{Answer, Ask, Http, Purpose, not_the_api};
use crate::liberal::as_text;

/// The largest page seen in use.
pub(super) const LARGEST_PAGE: u32 = 500;
/// One question about some boxes has fewer rows than fill this many pages, unless the server knows no filters.
const MOST_PAGES: u32 = 20;

/// One account's API.
pub(super) struct Api {
    pub(super) http: Http,
    pub(super) key: HeaderValue,
    /// `…/api/v3`.
    pub(super) base: Url,
}

/// What is asked of a listing.
#[derive(Clone, Copy)]
pub(super) struct Listing<'a> {
    pub(super) path: &'a [&'a str],
    /// Filters; those that take several values are called `name[]` and given once for each.
    pub(super) filter: &'a [(&'a str, &'a str)],
    /// Rows a page.
    pub(super) size: u32,
    pub(super) purpose: Purpose,
}

/// A page of rows.
pub(super) struct Rows<T> {
    pub(super) rows: Vec<T>,
    pub(super) next: Option<Cursor>,
    pub(super) total: Option<u64>,
}

impl Api {
    async fn ask(&self, ask: &Ask) -> Result<Answer, Failure> {
        let headers = HeaderMap::from_iter([(HeaderName::from_static("api-key"), self.key.clone())]);
        let answer = self.http.send(ask, headers).await?;
        match answer.status.as_u16() {
            401 => Err(refusal::unauthorised().quoting(answer.words())),
            _ => Ok(answer),
        }
    }

    /// Any complete answer is `Ok`.
    pub(super) async fn look(&self, path: &[&str]) -> Result<Answer, Failure> {
        let ask = Ask { method: Method::GET, url: at(&self.base, path), body: None, purpose: Purpose::Look };
        self.ask(&ask).await
    }

    /// Changes something, once. Any complete answer is `Ok`.
    pub(super) async fn write(&self, method: Method, path: &[&str], body: Option<Value>) -> Result<Answer, Failure> {
        let ask = Ask { method, url: at(&self.base, path), body, purpose: Purpose::Write };
        self.ask(&ask).await
    }

    async fn list(&self, listing: &Listing<'_>, page: u32) -> Result<Answer, Failure> {
        let mut url = at(&self.base, listing.path);
        url.query_pairs_mut()
            .extend_pairs(listing.filter)
            .append_pair("pagina", &page.to_string())
            .append_pair("registrosPorPagina", &listing.size.to_string());
        self.ask(&Ask { method: Method::GET, url, body: None, purpose: listing.purpose }).await
    }

    /// A page of a listing of everything. Whatever is no page is not the API: an empty one would empty the map (rule S9).
    ///
    /// Servers may give fewer rows than were asked for, and totals do not always add up: pages are counted until one is empty,
    /// begins as the one before did, or is said not to be there.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        listing: Listing<'_>,
        cursor: &Cursor,
    ) -> Result<Rows<T>, Failure> {
        let answer = self.list(&listing, cursor.page).await?;
        if refusal::is_not_found(&answer) {
            return Ok(Rows { rows: Vec::new(), next: None, total: None });
        }
        let envelope = answer.found()?.ok_or_else(not_the_api)?.json::<Envelope>()?;
        let total = envelope.total.filter(|total| *total >= 0.0).map(|total| total as u64);
        let first = envelope.registros.first().and_then(first_id);
        if envelope.registros.is_empty() || first.is_some() && first == cursor.after {
            return Ok(Rows { rows: Vec::new(), next: None, total });
        }
        let next = Some(Cursor { page: cursor.page.saturating_add(1), after: first });
        Ok(Rows { rows: read(envelope.registros), next, total })
    }

    /// All rows about one thing. Nothing, in any of the forms that it has here, is nothing: the thing was removed.
    pub(super) async fn about_one<T: DeserializeOwned>(&self, listing: Listing<'_>) -> Result<Vec<T>, Failure> {
        let read = |answer| match refusal::found(answer)? {
            Some(answer) => some(&answer),
            None => Ok(None),
        };
        self.all(listing, read).await
    }

    /// All rows about many things that were there a moment ago: nothing is no answer, and would take them all off the map (S9).
    pub(super) async fn about_many<T: DeserializeOwned>(&self, listing: Listing<'_>) -> Result<Vec<T>, Failure> {
        self.all(listing, |answer| answer.checked()?.json::<Envelope>().map(Some)).await
    }

    async fn all<T: DeserializeOwned>(
        &self,
        listing: Listing<'_>,
        envelope: impl Fn(Answer) -> Result<Option<Envelope>, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let (mut rows, mut seen, mut first) = (Vec::new(), 0_u64, None);
        for page in 1..=MOST_PAGES {
            let Some(envelope) = envelope(self.list(&listing, page).await?)? else { return Ok(rows) };
            let begins = envelope.registros.first().and_then(first_id);
            if envelope.registros.is_empty() || begins.is_some() && begins == first {
                return Ok(rows);
            }
            first = begins;
            seen += envelope.registros.len() as u64;
            rows.extend(read(envelope.registros));
            if envelope.total.is_some_and(|total| seen as f64 >= total) {
                return Ok(rows);
            }
        }
        Err(refusal::no_end())
    }
}

/// The envelope, or a bare list; `None` for the answers that stand for nothing: no body, `false`, `null`.
fn some(answer: &Answer) -> Result<Option<Envelope>, Failure> {
    if answer.is_empty() {
        return Ok(None);
    }
    match answer.json::<Value>()? {
        Value::Null | Value::Bool(false) => Ok(None),
        Value::Array(registros) => Ok(Some(Envelope { registros, total: None })),
        value => serde_json::from_value(value).map(Some).map_err(|_| not_the_api()),
    }
}

fn read<T: DeserializeOwned>(rows: Vec<Value>) -> Vec<T> {
    rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect()
}

fn first_id(row: &Value) -> Option<String> {
    let of = |key: &str| row.get(key).and_then(|of| of.get("id")).and_then(as_text);
    of("dados").or_else(|| of("equipamento")).or_else(|| row.get("id").and_then(as_text))
}
