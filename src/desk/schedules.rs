//! Schedules: what starts by the clock, to look at, to change and to run at once (G9).

use chrono::{DateTime, Utc};
use engine::schedule::Pattern;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Items, Refusal, again, audit, check, start};

/// No missed tick is made up later than a week: by then others have come.
const LONGEST_CATCH_UP: i32 = 7 * 24 * 3600;

/// Ticks that are told ahead.
const SHOWN: usize = 3;

/// What becomes of a tick when the last one's workflow has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Overlap {
    /// It starts nothing, and is recorded as overlapped.
    Skip,
    /// It starts all the same.
    Start,
}

/// A schedule.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Schedule {
    /// Its number.
    pub id: i64,
    /// What it starts.
    #[schema(example = "sync")]
    pub kind: String,
    /// When: a cron pattern; weekday 1 is Monday.
    #[schema(example = "0 4 * * *")]
    pub pattern: String,
    /// In which zone.
    #[schema(example = "America/Sao_Paulo")]
    pub zone: String,
    /// Whether it runs.
    pub active: bool,
    /// Why it is paused, or whatever else people should know.
    pub note: Option<String>,
    /// What becomes of a tick when the last one's workflow has not ended.
    pub overlap: Overlap,
    /// How late a tick that was missed, because nothing ran, is still made up; a later one is skipped.
    #[schema(example = 21600)]
    pub catch_up_seconds: i32,
    /// Its last tick.
    pub last_at: Option<DateTime<Utc>>,
    /// Its next one; null while it is paused.
    pub next_at: Option<DateTime<Utc>>,
    /// What the workflow is started with.
    #[schema(value_type = Object, example = json!({ "id_integracao": 3 }))]
    pub payload: Value,
}

/// What is to change about a schedule; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "active": false, "note": "pausado até a migração do OZMap" }))]
#[schema(as = ScheduleChange)]
pub struct Change {
    /// A cron pattern.
    pub pattern: Option<String>,
    /// An IANA zone.
    pub zone: Option<String>,
    /// Paused, or not.
    pub active: Option<bool>,
    /// A note; an empty one takes it away.
    pub note: Option<String>,
    /// What becomes of a tick when the last one's workflow has not ended.
    pub overlap: Option<Overlap>,
    /// How late a missed tick is still made up: 0 to 604800 seconds, a week.
    pub catch_up_seconds: Option<i32>,
}

/// All schedules.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(pool: &PgPool, after: Option<&str>, limit: Option<&str>) -> Result<Items<Schedule>, Refusal> {
    let (after, limit) = (check::after(after)?.unwrap_or(0), check::limit(limit)?);
    let query = sqlx::query_as(include_str!("sql/schedules.sql")).bind(None::<i64>).bind(after);
    let read = query.bind(i64::from(limit) + 1).fetch_all(pool).await?;
    Ok(check::page(read, limit, |one: &Schedule| one.id))
}

/// One schedule.
///
/// # Errors
/// When there is no such schedule.
pub async fn show(pool: &PgPool, id: i64) -> Result<Schedule, Refusal> {
    let query = sqlx::query_as(include_str!("sql/schedules.sql")).bind(id).bind(0_i64).bind(1_i64);
    query.fetch_optional(pool).await?.ok_or_else(|| missing(id))
}

/// Changes a schedule. Its next tick is counted from now: what it missed while it was paused is not made up.
///
/// # Errors
/// Names the field; when there is no such schedule.
pub async fn change(pool: &PgPool, caller: &Caller, id: i64, change: Change) -> Result<Schedule, Refusal> {
    let note = change.note.as_deref().map(note).transpose()?;
    if change.catch_up_seconds.is_some_and(|seconds| !(0..=LONGEST_CATCH_UP).contains(&seconds)) {
        let message = format!("must be a whole number of seconds from 0 to {LONGEST_CATCH_UP}");
        return Err(Refusal::invalid("catch_up_seconds", message));
    }
    let note = note.as_ref().map(Option::as_deref);
    again(|| store(pool, caller, id, &change, note)).await?;
    show(pool, id).await
}

async fn store(
    pool: &PgPool,
    caller: &Caller,
    id: i64,
    change: &Change,
    note: Option<Option<&str>>,
) -> Result<(), Refusal> {
    let mut tx = pool.begin().await?;
    let query = sqlx::query_as(include_str!("sql/schedule_lock.sql")).bind(id);
    let before: Schedule = query.fetch_optional(&mut *tx).await?.ok_or_else(|| missing(id))?;
    let pattern = change.pattern.as_ref().unwrap_or(&before.pattern);
    let zone = change.zone.as_ref().unwrap_or(&before.zone);
    let (active, overlap) = (change.active.unwrap_or(before.active), change.overlap.unwrap_or(before.overlap));
    let catch_up = change.catch_up_seconds.unwrap_or(before.catch_up_seconds);
    let note = note.map_or_else(|| before.note.clone(), |given| given.map(str::to_owned));
    let moved = (pattern, zone, active) != (&before.pattern, &before.zone, before.active);
    let now: DateTime<Utc> = sqlx::query_scalar(include_str!("sql/now.sql")).fetch_one(&mut *tx).await?;
    // A tick that was recorded does not come again, where the clock was put back since.
    let next = Pattern::new(pattern, zone)?.next_after(before.last_at.map_or(now, |last| last.max(now)));
    let next = next.ok_or_else(|| Refusal::invalid("pattern", format!("\"{pattern}\" never comes")))?;
    let next = if moved { Some(next) } else { before.next_at };
    let is = json!({ "pattern": pattern, "zone": zone, "active": active, "note": note, "overlap": overlap,
        "catch_up_seconds": catch_up });
    let query = sqlx::query(include_str!("sql/schedule_change.sql")).bind(id).bind(pattern).bind(zone);
    query.bind(active).bind(&note).bind(next).bind(overlap).bind(catch_up).execute(&mut *tx).await?;
    let reason = note.unwrap_or_default();
    let (was, now) = (json!({ "schedule": id, "was": before }), json!({ "schedule": id, "is": is }));
    let entry = audit::Entry { act: "schedule.edit", person: &caller.name, reason: &reason, before: was, after: now };
    audit::note(&mut tx, entry).await?;
    Ok(tx.commit().await?)
}

/// Starts a schedule's workflow now, whatever the clock says.
///
/// # Errors
/// When there is no such schedule, or its payload is not taken any more.
pub async fn run(pool: &PgPool, caller: &Caller, id: i64) -> Result<start::Started, Refusal> {
    let schedule = show(pool, id).await?;
    let before = json!({ "schedule": id, "was": &schedule });
    let asked = start::Start {
        kind: schedule.kind,
        payload: schedule.payload,
        dedup_id: None,
        requested_by: None,
        not_before: None,
    };
    let noted = |started: Uuid| {
        let after = json!({ "schedule": id, "workflow": started });
        audit::Entry { act: "schedule.run", person: &caller.name, reason: "", before: before.clone(), after }
    };
    let id = start::begin(pool, caller, asked, start::Along::default(), Some(&noted)).await?;
    start::standing(pool, id).await
}

/// When a pattern would tick next: three times, so that one sees whether it is what one meant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ticks {
    /// The pattern.
    #[schema(example = "0 4 * * *")]
    pub pattern: String,
    /// The zone.
    #[schema(example = "America/Sao_Paulo")]
    pub zone: String,
    /// The next ticks.
    pub ticks: Vec<DateTime<Utc>>,
}

/// The next ticks of a pattern in a zone. Stores nothing.
///
/// # Errors
/// Names what cannot be taken.
pub async fn ticks(pool: &PgPool, pattern: &str, zone: &str) -> Result<Ticks, Refusal> {
    let checked = Pattern::new(pattern, zone)?;
    let mut at: DateTime<Utc> = sqlx::query_scalar(include_str!("sql/now.sql")).fetch_one(pool).await?;
    let mut ticks = Vec::new();
    while let Some(next) = checked.next_after(at).filter(|_| ticks.len() < SHOWN) {
        ticks.push(next);
        at = next;
    }
    if ticks.is_empty() {
        return Err(Refusal::invalid("pattern", format!("\"{pattern}\" never comes")));
    }
    Ok(Ticks { pattern: pattern.to_owned(), zone: zone.to_owned(), ticks })
}

fn note(text: &str) -> Result<Option<String>, Refusal> {
    if text.trim().is_empty() { Ok(None) } else { check::words("note", text).map(Some) }
}

fn missing(id: i64) -> Refusal {
    Refusal::Missing(format!("there is no schedule {id}"))
}
