//! Listings: filters and sorting both ways that are documented, and pages of servers old and new.

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::api::Api;
use super::cursor::Cursor;
use super::url::{at, next};
use super::wire::{Envelope, Row};
use crate::Failure;
use crate::http::{Answer, Ask, Purpose, not_the_api};

/// How many rows a page is asked for. Without it the server gives 25.
const LIMIT: u32 = 500;

/// A filter: this property equals this value.
pub(super) type Equals<'a> = (&'static str, &'a str);

/// A page of rows as they came.
pub(super) struct Rows<T> {
    pub(super) rows: Vec<Row<T>>,
    pub(super) next: Option<Cursor>,
    pub(super) total: Option<u64>,
}

impl Api {
    /// A page of this resource. Servers may ignore the filter: who needs it exact looks at the rows too.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        resource: &str,
        filter: &[Equals<'_>],
        at_cursor: &Cursor,
        purpose: Purpose,
    ) -> Result<Rows<T>, Failure> {
        let page = self.envelope(resource, filter, at_cursor, purpose).await?;
        if !counts_from_zero(&page, at_cursor) {
            return Ok(turn(page, at_cursor));
        }
        let at_cursor = Cursor { from_zero: true, ..at_cursor.clone() };
        Ok(turn(self.envelope(resource, filter, &at_cursor, purpose).await?, &at_cursor))
    }

    async fn envelope<T: DeserializeOwned>(
        &self,
        resource: &str,
        filter: &[Equals<'_>],
        at_cursor: &Cursor,
        purpose: Purpose,
    ) -> Result<Envelope<Row<T>>, Failure> {
        let listing = at(&self.base, &[resource]);
        let (filter, sort) = (filter_json(filter), json!([{ "property": "id", "direction": 1 }]));
        let body = json!({ "filter": filter, "sort": sort });
        let linked = at_cursor.next_url.as_deref().and_then(|n| next(&self.base, &listing, n));
        let counted = linked.is_none();
        let mut url = linked.unwrap_or(listing);
        if let Some(number) = at_cursor.number().filter(|_| counted) {
            complete(&mut url, "page", &number.to_string());
        }
        complete(&mut url, "limit", &LIMIT.to_string());
        complete(&mut url, "sort", &sort.to_string());
        if filter.as_array().is_some_and(|f| !f.is_empty()) {
            complete(&mut url, "filter", &filter.to_string());
        }
        let ask = Ask { method: Method::GET, url, body: Some(body), purpose };
        // A collection that does not exist is no empty collection.
        let answer = self.ask(&ask).await?.found()?.ok_or_else(not_the_api)?;
        envelope(&answer)
    }
}

/// Adds a parameter that a `nextUrl` may have left out.
fn complete(url: &mut Url, name: &str, value: &str) {
    if !url.query_pairs().any(|(key, _)| key == name) {
        url.query_pairs_mut().append_pair(name, value);
    }
}

fn filter_json(filter: &[Equals<'_>]) -> Value {
    filter.iter().map(|(property, value)| json!({ "property": property, "operator": "=", "value": value })).collect()
}

/// The envelope, or a bare list.
fn envelope<T: DeserializeOwned>(answer: &Answer) -> Result<Envelope<Row<T>>, Failure> {
    if answer.begins_with(b'[') {
        return Ok(Envelope { rows: answer.json()?, total: None, start: None, has_next: None, next_url: None });
    }
    answer.json()
}

/// Whether the second page turns out to be the third: it begins a page too far, or behind the end although there is more. That
/// pages count from 1 is documented nowhere.
fn counts_from_zero<T>(page: &Envelope<T>, at_cursor: &Cursor) -> bool {
    let (asked, read) = (at_cursor.page == 2 && at_cursor.next_url.is_none(), at_cursor.read as f64);
    let too_far = page.start.is_some_and(|start| start == read * 2.0);
    let behind_the_end = page.rows.is_empty() && page.total.is_some_and(|total| total > read);
    asked && !at_cursor.from_zero && read > 0.0 && (too_far || behind_the_end)
}

/// What the page says of the next one: `hasNextPage` and `nextUrl` where the server knows them, else pages are
/// counted until one is empty.
fn turn<T: DeserializeOwned>(page: Envelope<Row<T>>, at_cursor: &Cursor) -> Rows<T> {
    let first = page.rows.first().and_then(Row::id).map(str::to_owned);
    let total = page.total.filter(|t| *t >= 0.0).map(|t| t as u64);
    if first.is_some() && first == at_cursor.after {
        return Rows { rows: Vec::new(), next: None, total };
    }
    let more = !page.rows.is_empty() && page.has_next != Some(false);
    let next = more.then(|| Cursor {
        page: at_cursor.page.saturating_add(1),
        read: at_cursor.read + page.rows.len() as u64,
        from_zero: at_cursor.from_zero,
        next_url: page.next_url,
        after: first,
    });
    Rows { rows: page.rows, next, total }
}

#[cfg(test)]
mod tests {
    use super::super::wire::Pole;
    use super::*;

    fn turned(envelope: Value, cursor: &Cursor) -> Rows<Pole> {
        turn(serde_json::from_value(envelope).unwrap(), cursor)
    }

    #[test]
    fn pages_are_counted_until_one_is_empty() {
        let first = turned(json!({"rows": [{"id": "a"}], "total": "3"}), &Cursor::read(None).unwrap());
        let next = first.next.unwrap();
        assert_eq!((next.page, first.total), (2, Some(3)));
        let last = turned(json!({"rows": [], "total": 3}), &next);
        assert!(last.next.is_none() && last.rows.is_empty());
    }

    #[test]
    fn newer_servers_say_what_comes_next() {
        let begin = Cursor::read(None).unwrap();
        let more =
            turned(json!({"rows": [{"id": "a"}], "hasNextPage": true, "nextUrl": "/api/v2/poles?start=1"}), &begin);
        assert_eq!(more.next.unwrap().next_url.as_deref(), Some("/api/v2/poles?start=1"));
        assert!(turned(json!({"rows": [{"id": "a"}], "hasNextPage": false}), &begin).next.is_none());
    }

    #[test]
    fn a_server_that_knows_no_pages_is_asked_twice_and_not_for_ever() {
        let begin = Cursor::read(None).unwrap();
        let all = turned(json!({"rows": [{"id": "a"}, {"id": "b"}]}), &begin);
        let again = turned(json!({"rows": [{"id": "a"}, {"id": "b"}]}), &all.next.unwrap());
        assert!(again.next.is_none() && again.rows.is_empty());
    }
}
