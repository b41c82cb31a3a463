//! Versions: builds of different age beside each other on one database (G10).
//!
//! - A worker writes down with its lease which kinds its build knows, in which versions, and claims only those.
//! - A run's version is that of the build that took it in, for ever: its payload is read by it. Its *form* is the newest version
//!   that has had it in its hands: from then on older builds leave it alone.
//! - Data that a newer version stores in an older run says so itself ([`STAMP`]); data without a stamp is of the run's version.
//!   What an older version stored goes through the operation's `upgrade_state` and `upgrade_input` when a newer one claims it.
//! - A build that meets a kind in the outbox which it does not know, or knows in an older version only, leaves the intake to a
//!   live worker that knows it ([`Leaving`]), so that ordering keys are made by a build that can make them. If none is alive,
//!   the run is parked whole, and resumed by the first build that decodes it (`resume`).
//! - A run's ordering keys are the rows that were made when it was taken in; a newer build does not make them anew.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    Error, clock,
    registry::{Kind, Registry},
};

/// The field that names the version of stored data, where that is not the run's.
pub const STAMP: &str = "@version";
/// How long an intake is left to a worker that knows more: one that is alive and does not take in must not stop the others.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is stored of a run, as it is.
pub(crate) struct Stored<'a> {
    /// The version that took it in; 0: its kind was not known then.
    pub(crate) version: i32,
    /// What it was started with.
    pub(crate) payload: &'a Value,
    /// The data of the state in which it stands; `None`: it has not begun.
    pub(crate) state: Option<Value>,
}

/// The same as this build reads it.
pub(crate) struct Fit {
    pub(crate) payload: Value,
    pub(crate) keys: Vec<String>,
    pub(crate) at: String,
    pub(crate) state: Value,
}

/// Reads a stored run in this build's version of its kind; the error says why that cannot be.
pub(crate) fn fit<C>(kind: &dyn Kind<C>, stored: Stored<'_>) -> Result<Fit, String> {
    let own = kind.version();
    let stale = |what: &str, from: i32| format!("{what} of version {from} cannot be brought to version {own}");
    let payload = if (1..own).contains(&stored.version) {
        kind.upgrade_input(stored.version, stored.payload.clone()).ok_or_else(|| stale("a payload", stored.version))?
    } else {
        stored.payload.clone()
    };
    let admitted = kind.admit(&payload)?;
    let state = match stored.state {
        None => admitted.state,
        Some(state) => {
            let (state, form) = unstamped(state);
            match form.unwrap_or(stored.version) {
                form if (1..own).contains(&form) => {
                    kind.upgrade_state(form, state).ok_or_else(|| stale("the state", form))?
                }
                _ => state,
            }
        }
    };
    let at = state.get("state").and_then(Value::as_str).unwrap_or(admitted.at).to_owned();
    if kind.step(&at).is_none() {
        return Err(format!("this build does not know the state \"{at}\""));
    }
    Ok(Fit { payload, keys: admitted.keys, at, state })
}

/// Marks data as that of `version`.
pub(crate) fn stamped(mut state: Value, version: i32) -> Value {
    if let Value::Object(fields) = &mut state {
        fields.insert(STAMP.to_owned(), Value::from(version));
    }
    state
}

/// Data without its mark, and the version that it named.
pub(crate) fn unstamped(mut state: Value) -> (Value, Option<i32>) {
    let form = state.as_object_mut().and_then(|fields| fields.remove(STAMP)).and_then(|form| form.as_i64());
    (state, form.and_then(|form| i32::try_from(form).ok()))
}

/// Whether this worker leaves the intake to one that knows more, and since when.
#[derive(Debug, Default)]
pub struct Leaving {
    since: Option<Instant>,
}

impl Leaving {
    /// Whether rows of these kinds are left to another worker that is alive. Not for ever.
    pub(crate) async fn applies<C: 'static>(
        &mut self,
        conn: &mut PgConnection,
        registry: &Registry<C>,
        kinds: impl Iterator<Item = &str>,
    ) -> Result<bool, Error> {
        let known: Vec<(String, i32)> = sqlx::query_as(include_str!("sql/known_elsewhere.sql")).fetch_all(conn).await?;
        let known: HashMap<String, i32> = known.into_iter().collect();
        let ours = |kind: &str| registry.get(kind).map_or(0, |k| k.version());
        let mut kinds = kinds.filter(|kind| known.get(*kind).is_some_and(|version| *version > ours(kind)));
        let Some(kind) = kinds.next() else {
            self.since = None;
            return Ok(false);
        };
        let since = *self.since.get_or_insert_with(clock::monotonic);
        let leaves = since.elapsed() < PATIENCE;
        if !leaves {
            tracing::warn!(kind, "the worker that knows this kind does not take it in; this one does");
        }
        Ok(leaves)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn g10_a_stamp_is_taken_off_as_it_was_put_on() {
        let data = json!({ "state": "looking", "seats": [1] });
        assert_eq!(unstamped(stamped(data.clone(), 3)), (data.clone(), Some(3)));
        assert_eq!(unstamped(data.clone()), (data, None));
        assert_eq!(unstamped(json!("looking")), (json!("looking"), None));
    }
}
