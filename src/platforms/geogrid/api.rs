//! Calls with the token: every one that the adapter makes goes through here. Listings have pages; writes are made once.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::cursor::Cursor;
use super::envelope::{Envelope, read, something};
use super::refusal;
use super::url::at;
use crate::Failure;
use crate::http::{Answer, Ask, Http, Purpose, not_the_api};

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
    /// How many rows there were on the page, those that could not be read among them.
    pub(super) count: usize,
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
    /// begins as the one before did, or is not there.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        listing: Listing<'_>,
        cursor: &Cursor,
    ) -> Result<Rows<T>, Failure> {
        let answer = self.list(&listing, cursor.page).await?;
        let page = if cursor.page > 1 { later_page(answer)? } else { first_page(answer)? };
        let Some(envelope) = page else { return Ok(Rows { rows: Vec::new(), next: None, total: None, count: 0 }) };
        let total = envelope.total.map(|total| total as u64);
        let first = envelope.begins();
        if envelope.rows.is_empty() || first.is_some() && first == cursor.after {
            return Ok(Rows { rows: Vec::new(), next: None, total, count: 0 });
        }
        let next = Some(Cursor { page: cursor.page.saturating_add(1), after: first, size: cursor.size });
        let count = envelope.rows.len();
        Ok(Rows { rows: read(envelope.rows), next, total, count })
    }

    /// All rows about one thing. Nothing, in any of the forms that it has here, is nothing: the thing was removed. Fewer than were
    /// asked for, where no total says that there are more, are all.
    pub(super) async fn about_one(&self, listing: Listing<'_>) -> Result<Vec<Value>, Failure> {
        let page = |answer| match refusal::found(answer)? {
            Some(answer) => something(&answer)?.map(Envelope::of).transpose(),
            None => Ok(None),
        };
        let is_all =
            |envelope: &Envelope| envelope.total.is_none() && (envelope.rows.len() as u64) < listing.size.into();
        self.all(listing, page, is_all).await
    }

    /// All rows about many things that were there a moment ago: nothing is no answer, and would take them all off the map (S9).
    pub(super) async fn about_many(&self, listing: Listing<'_>) -> Result<Vec<Value>, Failure> {
        let page = |answer: Answer| Envelope::of(answer.checked()?.json()?).map(Some);
        self.all(listing, page, |_| false).await
    }

    async fn all(
        &self,
        listing: Listing<'_>,
        first_page: impl Fn(Answer) -> Result<Option<Envelope>, Failure>,
        is_all: impl Fn(&Envelope) -> bool,
    ) -> Result<Vec<Value>, Failure> {
        let (mut rows, mut first) = (Vec::new(), None);
        for page in 1..=MOST_PAGES {
            let answer = self.list(&listing, page).await?;
            let read = if page > 1 { later_page(answer)? } else { first_page(answer)? };
            let Some(envelope) = read else { return Ok(rows) };
            let begins = envelope.begins();
            if envelope.rows.is_empty() || begins.is_some() && begins == first {
                return Ok(rows);
            }
            let (last, total) = (is_all(&envelope), envelope.total);
            first = begins;
            rows.extend(envelope.rows);
            if last || total.is_some_and(|total| rows.len() as f64 >= total) {
                return Ok(rows);
            }
        }
        Err(refusal::no_end())
    }
}

fn first_page(answer: Answer) -> Result<Option<Envelope>, Failure> {
    if refusal::is_not_found(&answer) {
        return Ok(None);
    }
    Envelope::of(answer.found()?.ok_or_else(not_the_api)?.json()?).map(Some)
}

/// The API was there a page ago: what is no page now is the end.
fn later_page(answer: Answer) -> Result<Option<Envelope>, Failure> {
    if refusal::names(&answer, "pagina") {
        return Ok(None);
    }
    match refusal::found(answer)? {
        Some(answer) => something(&answer)?.map(Envelope::of).transpose(),
        None => Ok(None),
    }
}
