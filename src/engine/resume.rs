//! Resuming: what no build could decode goes on as soon as one is here that can (G10).
//!
//! A run of an unknown kind, state or form of data is parked whole. Each worker looks for such runs when it starts and every
//! few seconds, decodes them, and only what it could decode it claims, in the statement that lets it go on: an older build
//! beside it never gets it back. Times to wait for are kept.
//!
//! **Order.** A run whose kind nobody knew has no ordering keys. When it is resumed it takes the place that it would have had:
//! behind what was committed before it, and before what was committed after it, also where that is waiting or parked. What cannot be
//! guaranteed: later work of the same keys that *ran* meanwhile has overtaken it. What is in a worker's hands just then is not
//! interrupted: the run stays parked until it has been put back or has ended, so that still only one of a key runs at a time.
//!
//! **Locks.** Taking places excludes intakes (the log admits one successor). Neighbours' keys are locked in key order, as ends
//! lock them; runs are locked only where nobody else has them, so that nobody can wait for this in a circle.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    Error,
    claim::{self, Held},
    clock,
    db::{Why, transaction, why},
    registry::Registry,
};

/// How often a worker looks.
const EVERY: Duration = Duration::from_secs(5);
/// Runs resumed in one transaction, at most.
const PAGE: usize = 100;
/// Tries to append to the intake's log before the next look.
const TRIES: usize = 20;

/// Where a worker's look at what is parked stands.
pub(crate) struct Resuming {
    next: Instant,
    /// The position up to which this round has looked.
    after: i64,
}

impl Resuming {
    /// Looks at once, for the first time.
    pub(crate) fn new() -> Self {
        Self { next: clock::monotonic(), after: -1 }
    }

    /// Resumes what this build decodes, if it is time to look; what it holds of them.
    pub(crate) async fn look<C: 'static>(
        &mut self,
        pool: &PgPool,
        worker: Uuid,
        registry: &Registry<C>,
        free: usize,
    ) -> Result<Vec<Held<C>>, Error> {
        if free == 0 || clock::monotonic() < self.next {
            return Ok(Vec::new());
        }
        let page = free.min(PAGE);
        let rows: Vec<claim::Row> = sqlx::query_as(include_str!("sql/resume_find.sql"))
            .bind(self.after)
            .bind(registry.knows())
            .bind(i64::try_from(page).unwrap_or(i64::MAX))
            .fetch_all(pool)
            .await?;
        self.after = if rows.len() < page { -1 } else { rows.last().map_or(-1, |row| row.position) };
        if self.after < 0 {
            self.next = clock::monotonic() + EVERY;
        }
        let found: Vec<Found<C>> = rows.into_iter().filter_map(|row| Found::of(row, registry)).collect();
        if found.is_empty() { Ok(Vec::new()) } else { resume(pool, worker, found).await }
    }
}

/// A parked run that this build decodes.
struct Found<C> {
    held: Held<C>,
    version: i32,
    lane: i16,
    /// Keys for which it has no place yet.
    placeless: Vec<String>,
}

impl<C: 'static> Found<C> {
    fn of(mut row: claim::Row, registry: &Registry<C>) -> Option<Self> {
        let kind = Arc::clone(registry.get(&row.kind)?);
        let unknown = row.version == 0;
        if unknown {
            row.version = kind.version();
        }
        let (mut held, made) = claim::held(row, registry);
        if held.unfit.is_some() || kind.reread(&held.run.payload, &held.state).is_err() {
            return None;
        }
        let mut placeless = Vec::new();
        if unknown {
            held.keys.clone_from(&made);
            placeless = made;
            placeless.sort();
            placeless.dedup();
        }
        Some(Self { version: kind.version(), lane: kind.lane() as i16, held, placeless })
    }
}

async fn resume<C: 'static>(pool: &PgPool, worker: Uuid, found: Vec<Found<C>>) -> Result<Vec<Held<C>>, Error> {
    let wanted = Arc::new(Wanted::of(worker, &found));
    let mut tries = 0;
    let gone_on = loop {
        tries += 1;
        let wanted = Arc::clone(&wanted);
        let done = transaction(pool, move |tx| -> BoxFuture<'_, _> {
            let wanted = Arc::clone(&wanted);
            Box::pin(async move { wanted.resume(tx).await })
        });
        match done.await {
            // An intake came first.
            Err(Error::Database(e)) if why(&e) == Why::Duplicate && tries < TRIES => {}
            Err(Error::Database(e)) if why(&e) == Why::Duplicate => return Ok(Vec::new()),
            other => break other?,
        }
    };
    if !gone_on.is_empty() {
        tracing::info!(resumed = gone_on.len(), "workflows that no build could decode go on");
    }
    let ours: HashSet<Uuid> = gone_on.into_iter().filter(|(_, claimed)| *claimed).map(|(id, _)| id).collect();
    Ok(found.into_iter().map(|f| f.held).filter(|held| ours.contains(&held.run.id)).collect())
}

/// What is to be resumed, column by column.
struct Wanted {
    worker: Uuid,
    ids: Vec<Uuid>,
    versions: Vec<i32>,
    lanes: Vec<i16>,
    states: Vec<String>,
    keys: Vec<String>,
    positions: Vec<i64>,
    owners: Vec<Uuid>,
}

impl Wanted {
    fn of<C>(worker: Uuid, found: &[Found<C>]) -> Self {
        let places = || found.iter().flat_map(|f| f.placeless.iter().map(move |key| (key, &f.held.run)));
        Self {
            worker,
            ids: found.iter().map(|f| f.held.run.id).collect(),
            versions: found.iter().map(|f| f.version).collect(),
            lanes: found.iter().map(|f| f.lane).collect(),
            states: found.iter().map(|f| f.held.at.clone()).collect(),
            keys: places().map(|(key, _)| key.clone()).collect(),
            positions: places().map(|(_, run)| run.position).collect(),
            owners: places().map(|(_, run)| run.id).collect(),
        }
    }

    /// Those that go on, and whether this worker holds them.
    async fn resume(&self, conn: &mut PgConnection) -> Result<Vec<(Uuid, bool)>, Error> {
        let alive: bool = sqlx::query_scalar(include_str!("sql/resume_begin.sql"))
            .bind(self.worker)
            .bind(!self.keys.is_empty())
            .fetch_one(&mut *conn)
            .await?;
        if !alive {
            return Err(Error::LeaseLost);
        }
        let still: Vec<Uuid> =
            sqlx::query_scalar(include_str!("sql/resume_lock.sql")).bind(&self.ids).fetch_all(&mut *conn).await?;
        let still: HashSet<Uuid> = still.into_iter().collect();
        let in_hands = self.take_places(conn, &still).await?;
        let back: Vec<usize> = (0..self.ids.len()).filter(|n| still.contains(&self.ids[*n])).collect();
        let rows = sqlx::query_as(include_str!("sql/resume_go.sql"))
            .bind(self.worker)
            .bind(back.iter().map(|n| self.ids[*n]).collect::<Vec<_>>())
            .bind(back.iter().map(|n| self.versions[*n]).collect::<Vec<_>>())
            .bind(back.iter().map(|n| self.lanes[*n]).collect::<Vec<_>>())
            .bind(back.iter().map(|n| self.states[*n].as_str()).collect::<Vec<_>>())
            .bind(in_hands)
            .fetch_all(conn)
            .await?;
        Ok(rows)
    }

    /// Puts runs where they belong among their keys, and blocks who was the head of one until now; whom that could not reach,
    /// because a worker has it.
    async fn take_places(&self, conn: &mut PgConnection, still: &HashSet<Uuid>) -> Result<Vec<Uuid>, Error> {
        let places: Vec<usize> = (0..self.keys.len()).filter(|n| still.contains(&self.owners[*n])).collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<&str> = places.iter().map(|n| self.keys[*n].as_str()).collect();
        let positions: Vec<i64> = places.iter().map(|n| self.positions[*n]).collect();
        let owners: Vec<Uuid> = places.iter().map(|n| self.owners[*n]).collect();
        let held_still: Vec<(String, Option<bool>, Option<bool>)> =
            sqlx::query_as(include_str!("sql/resume_neighbours.sql"))
                .bind(&keys)
                .bind(&positions)
                .fetch_all(&mut *conn)
                .await?;
        tracing::debug!(places = held_still.len(), "places among the keys are taken");
        sqlx::query(include_str!("sql/resume_keys.sql"))
            .bind(&keys)
            .bind(&positions)
            .bind(&owners)
            .execute(&mut *conn)
            .await?;
        let heads: Vec<(Uuid, bool)> = sqlx::query_as(include_str!("sql/resume_heads.sql"))
            .bind(&keys)
            .bind(&positions)
            .bind(&owners)
            .fetch_all(&mut *conn)
            .await?;
        let (still, in_hands): (Vec<_>, Vec<_>) = heads.into_iter().partition(|(_, still)| *still);
        let ids = |some: Vec<(Uuid, bool)>| some.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
        sqlx::query(include_str!("sql/resume_block.sql")).bind(ids(still)).execute(conn).await?;
        Ok(ids(in_hands))
    }
}
