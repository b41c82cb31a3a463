//! Listings: pages by `start` and `limit`, in the order of the key, of a table that people change meanwhile.
//!
//! `total` may change while one pages: rows that are deleted move those behind them to the front, where they would be
//! skipped, and a row that a sync has not seen counts as gone (rule S8). So each page begins with the last row of the one
//! before; where that is not there any more, the listing steps back until it has found its place again.

use std::ops::Range;

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::api::{Api, said_no};
use super::columns::Layout;
use super::cursor::Cursor;
use super::guessed::{self, Described, FID, SORTER};
use super::liberal::{Record, as_flag, as_text, column};
use super::url::at;
use crate::http::{Answer, Ask, Purpose, not_the_api};
use crate::{Failure, FailureKind};

/// How many records a page is asked for.
pub(super) const LIMIT: u64 = 500;
/// How many are looked at where nothing is known yet of how they show their values.
const SAMPLE: u64 = 20;

/// A record with its key.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) fid: String,
    pub(super) record: Record,
}

/// What one call told.
pub(super) struct Listed {
    pub(super) rows: Vec<Row>,
    total: Option<u64>,
}

/// A page of a listing.
pub(super) struct Turned {
    pub(super) rows: Vec<Row>,
    /// `None`: there are no more.
    pub(super) next: Option<Cursor>,
    pub(super) total: Option<u64>,
}

/// Where a page goes on, seen from the last row that is known.
#[derive(Debug, PartialEq)]
enum Goes {
    /// What comes after that row begins here.
    From(usize),
    /// That row is not here, and what comes after it may begin before this page.
    Further,
}

impl Api {
    /// The page behind the cursor.
    pub(super) async fn page(&self, layout: &Layout, cursor: &Cursor) -> Result<Turned, Failure> {
        let mut start = cursor.after.as_ref().map_or(cursor.start, |_| cursor.start.saturating_sub(1));
        // Having stepped back, and having come forward again: then all that is before `start` is known.
        let (mut back, mut forward) = (false, false);
        loop {
            let Listed { rows, total } = self.listed(layout, None, start..start + LIMIT, Purpose::Page).await?;
            let (count, last) = (rows.len(), cursor.after.as_deref());
            match last.map_or(Goes::From(0), |last| goes_on(&rows, last)) {
                Goes::Further if start > 0 && !forward => (start, back) = (start.saturating_sub(LIMIT - 1), true),
                // A server that gives fewer records than it is asked for has not come as far as we were.
                Goes::From(at) if at == count && back && count > 0 && start < cursor.start => {
                    (start, forward) = (start + count as u64, true);
                }
                goes => return Ok(turned(rows, goes, start, cursor, total)),
            }
        }
    }

    /// The records whose column has this value. Servers may ignore the filter, so the records are looked at too.
    pub(super) async fn having(&self, layout: &Layout, named: &Described, value: &str) -> Result<Vec<Row>, Failure> {
        if !self.literals.knows(layout.feature) {
            self.listed(layout, None, 0..SAMPLE, Purpose::Search).await?;
        }
        let filter = guessed::equals(&named.name, &self.literals.value(layout, named, value));
        let mut rows = self.listed(layout, Some(&filter), 0..LIMIT, Purpose::Search).await?.rows;
        let full = rows.len() as u64 >= LIMIT;
        let has = |row: &Row| named.of_record(&row.record).and_then(as_text).as_deref() == Some(value);
        let before = rows.len();
        rows.retain(has);
        if full && rows.len() < before {
            return Err(filter_ignored());
        }
        Ok(rows)
    }

    /// One call: these records, of all or of those that the filter leaves.
    pub(super) async fn listed(
        &self,
        layout: &Layout,
        filter: Option<&str>,
        asked: Range<u64>,
        purpose: Purpose,
    ) -> Result<Listed, Failure> {
        let mut url = at(&self.base, &[layout.feature.path(), "list"]);
        url.query_pairs_mut()
            .append_pair("columns", &layout.asked())
            .append_pair("sorter", SORTER)
            .append_pair("start", &asked.start.to_string())
            .append_pair("limit", &(asked.end - asked.start).to_string());
        if let Some(filter) = filter {
            url.query_pairs_mut().append_pair("filter", filter);
        }
        let ask = Ask { method: Method::GET, url, body: None, purpose };
        // A table that does not exist is no empty table.
        let listed = read(&self.ask(&ask).await?.found()?.ok_or_else(not_the_api)?)?;
        self.literals.learn(layout, &listed.rows);
        Ok(listed)
    }
}

fn turned(mut rows: Vec<Row>, goes: Goes, start: u64, cursor: &Cursor, total: Option<u64>) -> Turned {
    let (end, after) = (start + rows.len() as u64, rows.last().map(|row| row.fid.clone()));
    let rows = rows.split_off(if let Goes::From(at) = goes { at } else { 0 });
    let next = (!rows.is_empty()).then_some(Cursor { part: cursor.part, start: end, after });
    Turned { rows, next, total }
}

/// `{total, records}`; a bare list is understood as well.
fn read(answer: &Answer) -> Result<Listed, Failure> {
    let (records, total) = if answer.begins_with(b'[') {
        (answer.json::<Vec<Record>>()?, None)
    } else {
        let told: Told = answer.json()?;
        match told.records {
            Some(records) if told.success.as_ref().and_then(as_flag) != Some(false) => (records, told.total),
            None if told.success.is_none() => return Err(not_the_api()),
            _ => return Err(said_no(answer)),
        }
    };
    let there = !records.is_empty();
    let rows: Vec<Row> = records.into_iter().filter_map(row).collect();
    if there && rows.is_empty() {
        return Err(not_the_api());
    }
    let total = total.as_ref().and_then(as_text).and_then(|total| total.parse().ok());
    Ok(Listed { rows, total })
}

#[derive(Deserialize)]
struct Told {
    records: Option<Vec<Record>>,
    total: Option<Value>,
    success: Option<Value>,
}

fn row(record: Record) -> Option<Row> {
    Some(Row { fid: column(&record, FID).and_then(as_text)?, record })
}

/// Where the rows behind the last known one begin. Keys that are numbers in ascending order tell it even where that row is
/// gone; others do not.
fn goes_on(rows: &[Row], last: &str) -> Goes {
    if let Some(at) = rows.iter().position(|row| row.fid == last) {
        return Goes::From(at + 1);
    }
    let keys: Option<Vec<u64>> = rows.iter().map(|row| row.fid.parse().ok()).collect();
    match (keys, last.parse::<u64>()) {
        (Some(keys), Ok(last)) if keys.first().is_some_and(|first| *first < last) && keys.is_sorted() => {
            Goes::From(keys.partition_point(|key| *key < last))
        }
        _ => Goes::Further,
    }
}

fn filter_ignored() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geosite.filter_ignored",
        "o Geosite não aplicou o filtro do pedido: não dá para saber quem está na porta",
        "Geosite did not apply the filter that was asked for: who is on the port cannot be told",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(fids: &[&str]) -> Vec<Row> {
        fids.iter().map(|fid| Row { fid: (*fid).to_owned(), record: Record::new() }).collect()
    }

    #[test]
    fn s8_a_page_goes_on_behind_the_last_known_row_even_where_that_is_gone() {
        assert_eq!(goes_on(&rows(&["7", "9", "10"]), "7"), Goes::From(1));
        assert_eq!(goes_on(&rows(&["7", "9", "10"]), "8"), Goes::From(1), "8 was deleted");
        assert_eq!(goes_on(&rows(&["7"]), "8"), Goes::From(1), "nothing is behind it");
        assert_eq!(goes_on(&rows(&["9", "10"]), "8"), Goes::Further, "rows before it were deleted");
        assert_eq!(goes_on(&rows(&[]), "8"), Goes::Further);
        assert_eq!(goes_on(&rows(&["b", "a"]), "c"), Goes::Further, "keys that are no numbers");
        assert_eq!(goes_on(&rows(&["9", "3", "12"]), "10"), Goes::Further, "not in order");
    }
}
