//! Claiming: taking workflows in hand under this worker's lease, with all that is needed to go on where they stand.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Error, clock,
    lease::Lease,
    registry::{Kind, Registry, RunView},
    version::{self, Stored},
};

/// How workers that claim at once keep out of each other's way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Claiming {
    /// What another worker is claiming is passed over (`skip locked`).
    #[default]
    SkipLocked,
    /// By updates that hold only if nobody was faster, in serialisable transactions: for databases that speak Postgres and lock
    /// otherwise. Whoever was slower runs again.
    Guarded,
}

/// A workflow in this worker's hands.
pub struct Held<C> {
    /// Its operation; `None`: this build does not know it.
    pub(crate) kind: Option<Arc<dyn Kind<C>>>,
    /// What it is.
    pub(crate) run: RunView,
    /// Its ordering keys.
    pub(crate) keys: Vec<String>,
    /// Where it stands.
    pub(crate) at: String,
    /// That state with its data.
    pub(crate) state: Value,
    /// The last step that was recorded as done.
    pub(crate) n: i32,
    /// Attempts recorded at the step after that.
    pub(crate) attempt: i16,
    /// Failures in a row in `failed_state`.
    pub(crate) failures: i16,
    /// Where they happened.
    pub(crate) failed_state: Option<String>,
    /// Moves from one state to another so far.
    pub(crate) moves: i16,
    /// The worker that held it last was lost, perhaps inside this state's step.
    pub(crate) interrupted: bool,
    /// It stands in a state that settles a write whose outcome is unknown (G3).
    pub(crate) settling: bool,
    /// What a person asked of the worker that held it before, which did not come to it.
    pub(crate) asked: Option<Value>,
    /// The version that its data is marked with from now on, where that is not the run's (G10).
    pub(crate) stamp: Option<i32>,
    /// Why it cannot go on in this build.
    pub(crate) unfit: Option<String>,
    /// Since when it is held, where that is not known to be on the disk yet: a crash of Postgres loses it, and then it may be held
    /// by somebody else, or by this worker anew.
    pub(crate) afloat: Option<DateTime<Utc>>,
    /// Since when it is held, where that is known.
    pub(crate) since: Option<DateTime<Utc>>,
}

impl<C> Held<C> {
    /// One that has done nothing yet.
    pub(crate) fn new(kind: Option<Arc<dyn Kind<C>>>, run: RunView, at: String, state: Value) -> Self {
        Self {
            kind,
            run,
            keys: Vec::new(),
            at,
            state,
            n: 0,
            attempt: 0,
            failures: 0,
            failed_state: None,
            moves: 0,
            interrupted: false,
            settling: false,
            asked: None,
            stamp: None,
            unfit: None,
            afloat: None,
            since: None,
        }
    }
}

/// From where the index of what is ready is read, lane by lane (G14). What was claimed stays in it, dead, for as long as
/// somebody holds a snapshot, and is walked over by whoever begins at the beginning. Whatever becomes ready becomes due then at
/// the earliest, so that all that is new lies behind what was looked at; a look at the whole now and then finds the rest: what
/// took long to commit, and what another worker let go.
pub struct Marks {
    lanes: [DateTime<Utc>; 3],
    whole_again: Instant,
}

/// How far behind a mark new rows may still appear: about as long as a transaction takes.
const SLACK: Duration = Duration::from_secs(1);
/// The whole is looked at this often at most, and for a fiftieth of the time.
const WHOLE: Duration = Duration::from_secs(1);

impl Default for Marks {
    fn default() -> Self {
        Self { lanes: [DateTime::UNIX_EPOCH; 3], whole_again: clock::monotonic() }
    }
}

impl Marks {
    /// Where to begin now, and whether that is the beginning.
    fn begin(&self) -> ([DateTime<Utc>; 3], bool) {
        let whole = clock::monotonic() >= self.whole_again;
        (if whole { [DateTime::UNIX_EPOCH; 3] } else { self.lanes }, whole)
    }

    /// Notes a look, made at `at` by the database's clock, that found these lanes and times.
    fn looked(&mut self, at: DateTime<Utc>, found: &[(i16, DateTime<Utc>)], limit: usize) {
        // The lanes are read in order: all before the last one found were read to their end.
        let cut = if found.len() < limit { None } else { found.iter().map(|(lane, _)| *lane).max() };
        for (lane, mark) in (0_i16..).zip(&mut self.lanes) {
            let read_to = match cut {
                Some(cut) if lane > cut => continue,
                Some(cut) if lane == cut => found.iter().filter(|(of, _)| *of == lane).map(|(_, due)| *due).max(),
                _ => Some(at),
            };
            if let Some(read_to) = read_to {
                *mark = read_to - SLACK;
            }
        }
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: Uuid,
    pub(crate) lane: i16,
    pub(crate) due_at: DateTime<Utc>,
    pub(crate) position: i64,
    pub(crate) kind: String,
    pub(crate) version: i32,
    state: String,
    interrupted_by: Option<Uuid>,
    failures: i16,
    failed_state: Option<String>,
    moves: i16,
    payload: Value,
    enqueued_at: DateTime<Utc>,
    n: Option<i32>,
    attempt: Option<i16>,
    moved: bool,
    data: Option<Value>,
    settling: bool,
    asked: Option<Value>,
    since: Option<DateTime<Utc>>,
    keys: Vec<String>,
}

/// Claims up to `limit` workflows that may go on now.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn claim<C: 'static>(
    conn: &mut PgConnection,
    lease: &Lease,
    registry: &Registry<C>,
    (claiming, marks): (Claiming, &mut Marks),
    limit: usize,
) -> Result<Vec<Held<C>>, Error> {
    let (at, began, (from, whole)) = (lease.clock.now(), clock::monotonic(), marks.begin());
    let statement = match claiming {
        Claiming::SkipLocked => concat!(include_str!("sql/claim.sql"), include_str!("sql/claimed.sql")),
        Claiming::Guarded => concat!(include_str!("sql/claim_guarded.sql"), include_str!("sql/claimed.sql")),
    };
    let rows: Vec<Row> = sqlx::query_as(statement)
        .bind(lease.worker)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(registry.knows())
        .bind(from)
        .fetch_all(conn)
        .await?;
    marks.looked(at, &rows.iter().map(|row| (row.lane, row.due_at)).collect::<Vec<_>>(), limit);
    if whole {
        marks.whole_again = clock::monotonic() + WHOLE.max(began.elapsed() * 50);
    }
    Ok(rows.into_iter().map(|row| held(row, registry).0).collect())
}

/// A stored run as this build goes on with it, and the keys that this build would make for it.
pub(crate) fn held<C: 'static>(row: Row, registry: &Registry<C>) -> (Held<C>, Vec<String>) {
    let kind = registry.get(&row.kind).cloned();
    let fit = match &kind {
        None => Err(format!("this build does not know the kind \"{}\"", row.kind)),
        // A person let it go on; its place among its keys is taken when it is resumed.
        Some(_) if row.version == 0 => Err(format!("\"{}\" was not known when this was taken in", row.kind)),
        Some(k) => version::fit(&**k, Stored { version: row.version, payload: &row.payload, state: row.data }),
    };
    let last = row.n.unwrap_or(0);
    let (n, attempt) = if row.moved { (last, 0) } else { ((last - 1).max(0), row.attempt.unwrap_or(0)) };
    let stamp = kind.as_ref().map(|k| k.version()).filter(|own| *own != row.version);
    let run =
        RunView { id: row.id, position: row.position, enqueued_at: row.enqueued_at, payload: Arc::new(row.payload) };
    let mut held = Held {
        keys: row.keys,
        n,
        attempt,
        failures: row.failures,
        failed_state: row.failed_state,
        moves: row.moves,
        interrupted: row.interrupted_by.is_some(),
        settling: row.settling,
        asked: row.asked,
        stamp,
        since: row.since,
        ..Held::new(kind, run, row.state, Value::Null)
    };
    match fit {
        Ok(fit) => {
            (held.at, held.state) = (fit.at, fit.state);
            held.run.payload = Arc::new(fit.payload);
            (held, fit.keys)
        }
        Err(why) => {
            held.unfit = Some(why);
            (held, Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn marks(lanes: [i64; 3]) -> Marks {
        Marks { lanes: lanes.map(at), whole_again: clock::monotonic() + Duration::from_secs(60) }
    }

    #[test]
    fn g14_a_look_that_found_all_there_was_begins_at_its_own_time_the_next_time() {
        let mut read = marks([0, 0, 0]);
        read.looked(at(100), &[(1, at(40))], 10);
        assert_eq!(read.begin(), ([at(99); 3], false));
    }

    #[test]
    fn g14_a_look_that_was_full_goes_on_where_it_stopped() {
        let mut read = marks([0, 0, 50]);
        read.looked(at(100), &[(0, at(30)), (1, at(60)), (1, at(70))], 3);
        assert_eq!(read.begin().0, [at(99), at(69), at(50)], "lane 0 was read to its end, lane 2 not at all");
    }

    #[test]
    fn g14_now_and_then_everything_is_looked_at() {
        let mut read = marks([10, 20, 30]);
        read.whole_again = clock::monotonic();
        assert_eq!(read.begin(), ([DateTime::UNIX_EPOCH; 3], true));
    }
}
