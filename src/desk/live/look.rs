//! One look: what is asked of the database, and how it is compared with what the last look saw.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::{Acting, Event, MOST, Moved, Syncing};
use crate::desk::{
    Refusal, mask,
    upstreams::{self, Upstream},
};

/// What is written at one time may be seen a little later, when it commits.
const LATE: TimeDelta = TimeDelta::seconds(3);
/// For so many looks a workflow that rests is remembered, so that what commits late is not told twice.
const REMEMBERED: u64 = 8;
/// Workflows that are followed from step to step at once: beyond, those that were told of last.
const FOLLOWED: usize = 300;
/// Larger than that, what is unfinished is not read through every second: that something moved is all that is told.
const CROWDED: i64 = 32 << 20;

/// Up to where the last look saw.
#[derive(Clone, Copy, sqlx::FromRow)]
struct Marks {
    at: DateTime<Utc>,
    seq: i64,
    act: Uuid,
    bulk: Uuid,
    crowded: bool,
}

/// A workflow that was told of.
struct Told {
    moved: Moved,
    look: u64,
}

impl Told {
    /// It moves on without its row saying so: from step to step, and to its end.
    fn moves(&self) -> bool {
        matches!(self.moved.status.as_str(), "queued" | "running")
    }
}

/// What a look saw.
pub struct Seen {
    look: u64,
    marks: Marks,
    told: HashMap<Uuid, Told>,
    syncs: HashMap<Uuid, Syncing>,
    acts: HashMap<Uuid, Acting>,
    upstreams: HashMap<String, Upstream>,
    board: Value,
}

impl Seen {
    /// Looks, and tells what has changed since the last look, if there was one; of single workflows only where those are wanted.
    pub async fn look(pool: &PgPool, last: Option<Self>, singles: bool) -> Result<(Self, Vec<Event>), Refusal> {
        let marks: Marks = sqlx::query_as(include_str!("../sql/live_marks.sql")).bind(CROWDED).fetch_one(pool).await?;
        let Some(mut seen) = last else { return Ok((Self::first(pool, marks).await?, vec![Event::More])) };
        seen.look += 1;
        let mut events = Vec::new();
        if singles {
            seen.workflows(pool, &mut events).await?;
        } else if seen.marks.crowded {
            // The board then lacks what is unfinished.
            events.push(Event::More);
        }
        seen.syncs(pool, &mut events).await?;
        seen.acts(pool, &mut events).await?;
        seen.upstreams(pool, &mut events).await?;
        let board = board(pool).await?;
        if board != seen.board {
            (seen.board, _) = (board, events.push(Event::Board));
        }
        seen.marks = marks;
        Ok((seen, events))
    }

    async fn first(pool: &PgPool, marks: Marks) -> Result<Self, Refusal> {
        let (told, board) = (HashMap::new(), board(pool).await?);
        let (syncs, acts, upstreams) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut seen = Self { look: 0, marks, told, syncs, acts, upstreams, board };
        let mut unsaid = Vec::new();
        seen.syncs(pool, &mut unsaid).await?;
        seen.acts(pool, &mut unsaid).await?;
        seen.upstreams(pool, &mut unsaid).await?;
        Ok(seen)
    }

    async fn workflows(&mut self, pool: &PgPool, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let most = MOST as i64 + 1;
        let query = sqlx::query_scalar(include_str!("../sql/live_changed.sql")).bind(self.marks.seq);
        let query = query.bind(self.marks.at - LATE).bind(self.marks.act).bind(most).bind(!self.marks.crowded);
        let mut ids: Vec<Uuid> = query.fetch_all(pool).await?;
        let mut more = self.marks.crowded || ids.len() > MOST;
        ids.truncate(MOST);
        ids.extend(self.told.values().filter(|told| told.moves()).map(|told| told.moved.id));
        ids.sort_unstable();
        ids.dedup();
        let stands = sqlx::query_as(include_str!("../sql/live_stands.sql")).bind(&ids);
        let stands: Vec<Moved> = stands.fetch_all(pool).await?;
        let (mut told, look) = (0, self.look);
        for moved in stands {
            let known = self.told.get(&moved.id).is_some_and(|told| told.moved == moved);
            if !known && told < MOST {
                (told, _) = (told + 1, events.push(Event::Workflow(moved.clone())));
            } else if !known {
                more = true;
            }
            let look = if known { self.told.get(&moved.id).map_or(look, |told| told.look) } else { look };
            self.told.insert(moved.id, Told { moved, look });
        }
        self.forget();
        more.then(|| events.push(Event::More));
        Ok(())
    }

    /// Keeps what may still move, up to so many, and the rest for a few looks.
    fn forget(&mut self) {
        self.told.retain(|_, told| told.moves() || told.look + REMEMBERED > self.look);
        let mut moving: Vec<(u64, Uuid)> =
            self.told.values().filter(|told| told.moves()).map(|told| (told.look, told.moved.id)).collect();
        moving.sort_unstable_by(|a, b| b.cmp(a));
        moving.iter().skip(FOLLOWED).for_each(|(_, id)| drop(self.told.remove(id)));
    }

    async fn syncs(&mut self, pool: &PgPool, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let known: Vec<Uuid> = self.syncs.keys().copied().collect();
        let query = sqlx::query_as(include_str!("../sql/live_syncs.sql")).bind(known);
        let now: Vec<Syncing> = query.fetch_all(pool).await?;
        let before = std::mem::take(&mut self.syncs);
        for sync in now {
            if before.get(&sync.id) != Some(&sync) {
                events.push(Event::Sync(sync.clone()));
            }
            let over = matches!(sync.progress["phase"].as_str(), Some("finished" | "failed"));
            (!over).then(|| self.syncs.insert(sync.id, sync));
        }
        Ok(())
    }

    async fn acts(&mut self, pool: &PgPool, events: &mut Vec<Event>) -> Result<(), Refusal> {
        let known: Vec<Uuid> = self.acts.keys().copied().collect();
        let query = sqlx::query_as(include_str!("../sql/live_acts.sql")).bind(known).bind(self.marks.bulk);
        let now: Vec<Acting> = query.fetch_all(pool).await?;
        let before = std::mem::take(&mut self.acts);
        for act in now {
            if before.get(&act.id) != Some(&act) {
                events.push(Event::Acts(act.clone()));
            }
            // One that is over is remembered while it is newer than the mark, and goes with the next look.
            let over = matches!(act.status.as_str(), "done" | "cancelled");
            (!over || act.id > self.marks.bulk).then(|| self.acts.insert(act.id, act));
        }
        Ok(())
    }

    async fn upstreams(&mut self, pool: &PgPool, events: &mut Vec<Event>) -> Result<(), Refusal> {
        for mut upstream in upstreams::list(pool).await?.items {
            // Words that people wrote.
            upstream.reason.iter_mut().for_each(mask::words);
            let known = self.upstreams.insert(upstream.id.clone(), upstream.clone());
            if known.as_ref() != Some(&upstream) {
                events.push(Event::Upstream(Box::new(upstream)));
            }
        }
        Ok(())
    }
}

/// What the overview counts, as one value.
async fn board(pool: &PgPool) -> Result<Value, Refusal> {
    Ok(sqlx::query_scalar(include_str!("../sql/live_board.sql")).bind(CROWDED).fetch_one(pool).await?)
}
