//! Intake: what HubSoft committed to the outbox becomes unfinished work, in commit order and exactly once (G1).
//!
//! Rows are read on from the last one taken. A sequence number that is skipped may belong to a transaction that is still
//! open (G1: late commits are found): it is kept as a *gap* until it fills, or until every transaction that was open when
//! it was noticed has ended, after which it can only have been rolled back. Open then is whatever has a lower transaction id
//! than the intake that notices: a snapshot's upper end would not do, because it counts what has completed, and a transaction
//! may hold a higher id than that. How far the outbox was taken in is the last row
//! of a log whose primary key admits one successor: two workers cannot both take the same rows.
//!
//! An intake promises nothing to anybody, and everything that it writes can be read from the outbox again. So it does not wait
//! for the disk, unless it takes in hand what writes to a platform first. A crash of Postgres may lose it then, and with it what
//! says that a worker holds the workflow: the first record of each is written only if the database still says so (G5), and
//! that record's commit takes the intake to the disk along with it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    Error,
    claim::Held,
    db::{Why, why},
    registry::{Registry, RunView},
    version::Leaving,
};

/// Rows read at once.
pub const BATCH: usize = 1000;
/// Positions are the intake's number and the place within it.
pub(crate) const POSITION_BITS: u32 = 20;

/// What one intake did.
pub struct TakenIn<C> {
    /// Workflows taken in.
    pub count: usize,
    /// Those of them that this worker holds from the start.
    pub held: Vec<Held<C>>,
    /// The least urgent lane of the others.
    pub behind: Option<i16>,
}

impl<C> Default for TakenIn<C> {
    fn default() -> Self {
        Self { count: 0, held: Vec::new(), behind: None }
    }
}

#[derive(sqlx::FromRow)]
struct Read {
    intake_id: i64,
    upto: i64,
    gaps: Vec<i64>,
    gap_xids: Vec<i64>,
    oldest_running: i64,
    mixed: bool,
    id: Option<Uuid>,
    seq: Option<i64>,
    kind: Option<String>,
    payload: Option<Value>,
    not_before: Option<DateTime<Utc>>,
    enqueued_at: Option<DateTime<Utc>>,
}

/// How far the outbox has been taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    upto: i64,
    /// Missing numbers, each with the transaction id of the intake that noticed it; `None`: this one.
    gaps: Vec<(i64, Option<i64>)>,
}

impl Mark {
    /// The mark after `seen` (ascending or not) was read in a snapshot whose oldest running transaction is given.
    fn after(&self, seen: &HashSet<i64>, oldest_running: i64) -> Mark {
        let upto = seen.iter().copied().max().unwrap_or(0).max(self.upto);
        let still_open = self
            .gaps
            .iter()
            .copied()
            .filter(|(gap, noticed)| !seen.contains(gap) && noticed.is_none_or(|xid| oldest_running < xid));
        let skipped = (self.upto + 1..upto).filter(|seq| !seen.contains(seq)).map(|seq| (seq, None));
        Mark { upto, gaps: still_open.chain(skipped).collect() }
    }
}

/// Takes in up to `most` rows of what was committed, and holds as many of those workflows as `hold` allows. What another worker
/// knows better is left to that one (G10). `in_hand` says whether this worker holds a workflow already.
///
/// # Errors
/// When Postgres cannot be reached, or the lease is gone; it is, too, where Postgres has lost an earlier intake of this worker's.
pub async fn take_in<C: 'static>(
    conn: &mut PgConnection,
    (worker, in_hand): (Uuid, impl Fn(Uuid) -> bool),
    registry: &Registry<C>,
    (most, hold): (usize, usize),
    leaving: &mut Leaving,
) -> Result<TakenIn<C>, Error> {
    let rows: Vec<Read> = sqlx::query_as(include_str!("sql/intake_read.sql"))
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .bind(registry.knows())
        .fetch_all(&mut *conn)
        .await?;
    let Some(first) = rows.first() else { return Ok(TakenIn::default()) };
    if rows.iter().filter_map(|r| r.id).any(in_hand) {
        tracing::warn!("Postgres has crashed and lost an intake; what is in hand is given back");
        return Err(Error::LeaseLost);
    }
    let last_intake = first.intake_id;
    let before = Mark {
        upto: first.upto,
        gaps: first.gaps.iter().copied().zip(first.gap_xids.iter().copied().map(Some)).collect(),
    };
    let seen: HashSet<i64> = rows.iter().filter_map(|r| r.seq).collect();
    let after = before.after(&seen, first.oldest_running);
    if after == before {
        return Ok(TakenIn::default());
    }
    if first.mixed && leaving.applies(conn, registry, rows.iter().filter_map(|r| r.kind.as_deref())).await? {
        return Ok(TakenIn::default());
    }
    let batch = Batch::of(rows, last_intake + 1, registry, hold);
    match batch.write(conn, worker, last_intake + 1, &after).await {
        Ok(held) => Ok(held),
        // Another worker took the same rows in a moment before: there is nothing left to do.
        Err(Error::Database(e)) if why(&e) == Why::Duplicate => Ok(TakenIn::default()),
        Err(e) => Err(e),
    }
}

/// Whether the outbox holds more than one lane's work, or more urgent work than this lane's: something may stand behind what is
/// less urgent.
///
/// # Errors
/// When Postgres cannot be reached.
pub(crate) async fn hides_what_is_urgent<C: 'static>(
    conn: &mut PgConnection,
    registry: &Registry<C>,
    behind: Option<i16>,
) -> Result<bool, Error> {
    let lanes: Value = registry.iter().map(|kind| (kind.name().to_owned(), Value::from(kind.lane() as i16))).collect();
    Ok(sqlx::query_scalar(include_str!("sql/intake_lanes.sql")).bind(lanes).bind(behind).fetch_one(conn).await?)
}

/// The rows of one intake, column by column, and what this worker would hold of them.
struct Batch<C> {
    held: Vec<Held<C>>,
    claim: Vec<bool>,
    parked: Vec<Option<&'static str>>,
    due: Vec<DateTime<Utc>>,
    lanes: Vec<i16>,
    versions: Vec<i32>,
    kinds: Vec<String>,
}

impl<C: 'static> Batch<C> {
    fn of(rows: Vec<Read>, intake: i64, registry: &Registry<C>, hold: usize) -> Self {
        let mut batch = Batch {
            held: Vec::with_capacity(rows.len()),
            claim: Vec::new(),
            parked: Vec::new(),
            due: Vec::new(),
            lanes: Vec::new(),
            versions: Vec::new(),
            kinds: Vec::new(),
        };
        for row in rows {
            if let (Some(id), Some(kind), Some(payload), Some(enqueued_at)) =
                (row.id, row.kind, row.payload, row.enqueued_at)
            {
                let place = i64::try_from(batch.held.len()).unwrap_or(0);
                let run = RunView {
                    id,
                    position: (intake << POSITION_BITS) + place,
                    enqueued_at,
                    payload: Arc::new(payload),
                };
                batch.push(run, kind, row.not_before, registry, hold);
            }
        }
        batch
    }

    fn push(
        &mut self,
        run: RunView,
        kind: String,
        not_before: Option<DateTime<Utc>>,
        registry: &Registry<C>,
        hold: usize,
    ) {
        let operation = registry.get(&kind).cloned();
        let admitted = match &operation {
            Some(k) => k.admit(&run.payload),
            None => Err(format!("this build does not know the kind \"{kind}\"")),
        };
        self.claim.push(self.held.len() < hold);
        self.parked.push(admitted.is_err().then_some("undecodable"));
        self.due.push(not_before.unwrap_or(run.enqueued_at));
        self.lanes.push(operation.as_ref().map_or(1, |k| k.lane() as i16));
        self.versions.push(operation.as_ref().map_or(0, |k| k.version()));
        self.kinds.push(kind);
        let (keys, at, state, unfit) = match admitted {
            Ok(a) => (a.keys, a.at.to_owned(), a.state, None),
            Err(why) => (Vec::new(), "unknown".to_owned(), Value::Null, Some(why)),
        };
        self.held.push(Held { keys, unfit, ..Held::new(operation, run, at, state) });
    }

    /// Whether something is taken in hand that writes to a platform before it has recorded anything: that it was begun has to be
    /// known after any crash (G3).
    fn writes_first(&self) -> bool {
        let writes =
            |held: &Held<C>| held.kind.as_ref().is_some_and(|kind| kind.step(&held.at).is_some_and(|row| row.writes()));
        self.held.iter().zip(&self.claim).any(|(held, claim)| *claim && writes(held))
    }

    async fn write(self, conn: &mut PgConnection, worker: Uuid, intake: i64, mark: &Mark) -> Result<TakenIn<C>, Error> {
        let keys = Keys::of(&self.held);
        let errors: Vec<Option<Value>> = self.held.iter().map(|h| h.unfit.as_deref().map(undecodable)).collect();
        let rows: Vec<(Uuid, bool, DateTime<Utc>)> = sqlx::query_as(include_str!("sql/intake_write.sql"))
            .bind(worker)
            .bind(intake)
            .bind(mark.upto)
            .bind(mark.gaps.iter().map(|(gap, _)| *gap).collect::<Vec<i64>>())
            .bind(mark.gaps.iter().map(|(_, xid)| *xid).collect::<Vec<Option<i64>>>())
            .bind(self.held.iter().map(|h| h.run.id).collect::<Vec<Uuid>>())
            .bind(self.held.iter().map(|h| h.run.position).collect::<Vec<i64>>())
            .bind(&self.kinds)
            .bind(&self.versions)
            .bind(&self.lanes)
            .bind(self.held.iter().map(|h| h.at.as_str()).collect::<Vec<&str>>())
            .bind(&self.due)
            .bind(&self.parked)
            .bind(errors)
            .bind(&self.claim)
            .bind(keys.ids)
            .bind(keys.keys)
            .bind(keys.positions)
            .bind(keys.behind)
            .bind(self.writes_first())
            .fetch_all(&mut *conn)
            .await?;
        if rows.len() < self.held.len() {
            return Err(Error::LeaseLost);
        }
        if intake % 1000 == 0
            && let Err(error) = sqlx::query(include_str!("sql/intake_trim.sql")).bind(intake).execute(conn).await
        {
            // The rows are taken in and held: nothing that comes after may lose them.
            tracing::debug!(%error, "the intake's log was not trimmed; the next turns do it");
        }
        let ours: HashMap<Uuid, DateTime<Utc>> =
            rows.into_iter().filter(|(_, claimed, _)| *claimed).map(|(id, _, since)| (id, since)).collect();
        let count = self.held.len();
        let lanes = self.held.iter().zip(&self.lanes);
        let behind = lanes.filter(|(held, _)| !ours.contains_key(&held.run.id)).map(|(_, lane)| *lane).max();
        let held = self.held.into_iter().filter_map(|h| {
            let since = Some(*ours.get(&h.run.id)?);
            Some(Held { afloat: since, since, ..h })
        });
        let held = held.collect();
        Ok(TakenIn { count, held, behind })
    }
}

/// The error that an undecodable run shows.
pub(crate) fn undecodable(why: &str) -> Value {
    json!({ "class": "bug", "code": "engine.undecodable", "message": why })
}

/// The ordering keys of a batch, column by column.
struct Keys {
    ids: Vec<Uuid>,
    keys: Vec<String>,
    positions: Vec<i64>,
    /// An earlier workflow of this same batch has the key.
    behind: Vec<bool>,
}

impl Keys {
    fn of<C>(held: &[Held<C>]) -> Self {
        let mut all = Keys { ids: Vec::new(), keys: Vec::new(), positions: Vec::new(), behind: Vec::new() };
        let mut taken: HashSet<&str> = HashSet::new();
        for h in held {
            let mut own: HashSet<&str> = HashSet::new();
            for key in h.keys.iter().filter(|k| own.insert(k)) {
                all.ids.push(h.run.id);
                all.keys.push(key.clone());
                all.positions.push(h.run.position);
                all.behind.push(!taken.insert(key));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(upto: i64, gaps: &[(i64, Option<i64>)]) -> Mark {
        Mark { upto, gaps: gaps.to_vec() }
    }

    #[test]
    fn g1_a_skipped_number_is_kept_until_it_fills() {
        let noticed = mark(10, &[]).after(&HashSet::from([11, 14]), 500);
        assert_eq!(noticed, mark(14, &[(12, None), (13, None)]));
        let written = mark(14, &[(12, Some(507)), (13, Some(507))]);
        assert_eq!(written.after(&HashSet::from([13]), 500), mark(14, &[(12, Some(507))]));
    }

    #[test]
    fn g1_a_gap_is_final_once_all_that_were_open_have_ended() {
        let noticed = mark(14, &[(12, Some(507))]);
        assert_eq!(noticed.after(&HashSet::new(), 506), noticed, "506 may still commit number 12");
        assert_eq!(noticed.after(&HashSet::new(), 507), mark(14, &[]), "nobody is left who could");
    }
}
