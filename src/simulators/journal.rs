//! Which calls were made: the last ten thousand in full, all of them as counts per route.

use crate::server::PortChange;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

const KEPT: usize = 10_000;

/// One call, as it arrived and as it ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// Counts from 1, in order of arrival.
    pub seq: u64,
    /// When it arrived, RFC 3339.
    pub at: String,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The HTTP status; `reset` and `hang` for calls that were not answered, `open` until it ends.
    pub status: String,
    /// The kind of fault that struck it.
    pub fault: Option<&'static str>,
    /// What it changed on the ports, in the order in which it was done.
    pub changes: Vec<PortChange>,
}

/// The calls so far.
#[derive(Debug, Default)]
pub struct Journal {
    seq: u64,
    calls: VecDeque<Call>,
    routes: BTreeMap<String, u64>,
}

impl Journal {
    /// Notes that a call arrived; answers its number.
    pub fn arrive(&mut self, method: &str, path_and_query: &str, fault: Option<&'static str>) -> u64 {
        self.seq += 1;
        if self.calls.len() == KEPT {
            self.calls.pop_front();
        }
        let at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        let (method, path) = (method.to_owned(), path_and_query.to_owned());
        *self.routes.entry(format!("{method} {}", route(path_and_query))).or_default() += 1;
        self.calls.push_back(Call {
            seq: self.seq,
            at,
            method,
            path,
            status: "open".to_owned(),
            fault,
            changes: Vec::new(),
        });
        self.seq
    }

    /// Notes what it changed, whether or not it is ever answered.
    pub fn changed(&mut self, seq: u64, changes: Vec<PortChange>) {
        if let Some(call) = self.kept(seq) {
            call.changes = changes;
        }
    }

    /// Notes how it ended.
    pub fn end(&mut self, seq: u64, status: String) {
        if let Some(call) = self.kept(seq) {
            call.status = status;
        }
    }

    fn kept(&mut self, seq: u64) -> Option<&mut Call> {
        let first = self.calls.front()?.seq;
        self.calls.get_mut(seq.checked_sub(first)? as usize)
    }

    /// The calls that are kept, with a number above `after`.
    pub fn since(&self, after: u64) -> Vec<Call> {
        self.calls.iter().filter(|call| call.seq > after).cloned().collect()
    }

    /// How many calls each route had, ids left out: `GET /api/v2/boxes/:id`.
    pub fn routes(&self) -> &BTreeMap<String, u64> {
        &self.routes
    }
}

fn route(path_and_query: &str) -> String {
    let path = path_and_query.split('?').next().unwrap_or_default();
    let is_id = |part: &&str| part.len() > 2 && part.bytes().any(|byte| byte.is_ascii_digit());
    path.split('/').map(|part| if is_id(&part) { ":id" } else { part }).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_bounded_and_counts_by_route() {
        let mut journal = Journal::default();
        for n in 0..KEPT as u64 + 5 {
            let seq = journal.arrive("GET", &format!("/api/v2/boxes/{:024x}?limit=1", n), None);
            journal.end(seq, "200".to_owned());
        }
        assert_eq!(journal.since(0).len(), KEPT);
        assert!(journal.since(0).iter().all(|call| call.status == "200"));
        assert_eq!(journal.routes().get("GET /api/v2/boxes/:id"), Some(&(KEPT as u64 + 5)));
    }
}
