//! The syncs of an integration: the one under way, with how far it is, and what the last one did (rule S11).

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::desk::{Caller, Refusal, mask};

/// A sync.
#[derive(Clone, Debug)]
pub struct Sync {
    /// Its workflow.
    pub workflow: Uuid,
    /// What it is at.
    pub phase: String,
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it failed of.
    pub error: Option<String>,
    /// What it counted, by kind of element.
    pub elements: Vec<Counted>,
    /// Customers bound, reserved and ambiguous; differences found; calls made.
    pub sums: Vec<(&'static str, i64)>,
}

/// What a sync counted of a kind.
#[derive(Clone, Debug)]
pub struct Counted {
    /// `box`, `splitter`, `port`, `pole` or `cable`.
    pub kind: String,
    /// How many there are, where the platform tells.
    pub total: Option<i64>,
    /// How many were seen.
    pub seen: i64,
    /// How many of them were new.
    pub created: i64,
    /// How many of them had changed.
    pub updated: i64,
    /// How many had not.
    pub unchanged: i64,
    /// How many are gone.
    pub missing: i64,
}

/// The one under way, and the last one.
#[derive(Clone, Debug, Default)]
pub struct Syncs {
    /// Under way.
    pub running: Option<Sync>,
    /// Ended.
    pub last: Option<Sync>,
}

#[derive(sqlx::FromRow)]
struct Row {
    run: Uuid,
    phase: String,
    begun_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    error: Option<String>,
}

/// Both, of one integration.
///
/// # Errors
/// When the database cannot be read.
pub async fn of(pool: &PgPool, caller: &Caller, id: i64) -> Result<Syncs, Refusal> {
    let query = sqlx::query_as(include_str!("../sql/integration_syncs.sql")).bind(id);
    let rows: Vec<Row> = query.fetch_all(pool).await?;
    let mut syncs = Syncs::default();
    for mut row in rows {
        if !caller.sees_people() {
            row.error.iter_mut().for_each(mask::words);
        }
        let counts = mapping::store::sync_result(pool, row.run).await?;
        let sync = Sync {
            workflow: row.run,
            phase: row.phase,
            begun_at: row.begun_at,
            ended_at: row.ended_at,
            error: row.error,
            elements: elements(&counts),
            sums: sums(&counts),
        };
        if sync.ended_at.is_none() { syncs.running = Some(sync) } else { syncs.last = Some(sync) }
    }
    Ok(syncs)
}

fn elements(counts: &Value) -> Vec<Counted> {
    let all = counts.get("elements").and_then(Value::as_object);
    let counted = |kind: &'static str| {
        let of = all?.get(kind)?;
        let number = |name: &str| of.get(name).and_then(Value::as_i64);
        Some(Counted {
            kind: kind.to_owned(),
            total: number("total"),
            seen: number("seen").unwrap_or(0),
            created: number("created").unwrap_or(0),
            updated: number("updated").unwrap_or(0),
            unchanged: number("unchanged").unwrap_or(0),
            missing: number("missing").unwrap_or(0),
        })
    };
    ["box", "splitter", "port", "pole", "cable"].into_iter().filter_map(counted).collect()
}

fn sums(counts: &Value) -> Vec<(&'static str, i64)> {
    let at = |name: &'static str, path: &str| Some((name, counts.pointer(path)?.as_i64()?));
    let all = [
        at("bound", "/customers/bound"),
        at("reserved", "/customers/reserved"),
        at("ambiguous", "/customers/ambiguous"),
        at("discrepancies", "/discrepancies"),
        at("calls", "/calls"),
    ];
    all.into_iter().flatten().collect()
}
