//! An act on all workflows that a filter matches (G12): looked at before, asked for, steered. Done by [`drive`].

pub mod drive;
mod forms;

use engine::{
    acts::{self, Ask, Stands},
    query::WorkflowRow,
};
use serde::Deserialize;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

pub use forms::{Bulk, OfStatus, Preview, Start, Which};

use super::{
    Caller, Refusal,
    acts::{Verb, With},
    check,
    filter::Filter,
    kinds,
    workflows::summaries,
};

/// Workflows a second where nobody says how many.
const PACE: i32 = 20;
/// Most workflows a second.
const FASTEST: i32 = 1000;
/// Workflows that a preview shows.
const SAMPLE: u32 = 20;

/// What was asked for, checked.
struct Checked {
    reason: String,
    pace: i32,
    filter: Filter,
}

impl Start {
    fn checked(&self, caller: &Caller) -> Result<Checked, Refusal> {
        let reason = check::reason(&self.reason)?;
        asked_of(self.action, self.outcome.clone())?;
        if self.filter == Which::default() {
            return Err(Refusal::invalid("filter", "must narrow workflows down, by status for instance"));
        }
        if let Some(status) = &self.filter.status {
            kinds::some_of("filter.status", status, &kinds::UNFINISHED)?;
        }
        let filter = Filter::of(&self.filter.asked(None, Some(SAMPLE)), caller).map_err(of_filter)?;
        Ok(Checked { reason, pace: checked_pace(self.pace)?, filter })
    }
}

/// How many a second, where it will do.
pub(super) fn checked_pace(given: Option<i32>) -> Result<i32, Refusal> {
    let pace = Some(given.unwrap_or(PACE)).filter(|pace| (1..=FASTEST).contains(pace));
    pace.ok_or_else(|| Refusal::invalid("pace", format!("must be a whole number from 1 to {FASTEST}")))
}

fn asked_of(action: Verb, outcome: Option<String>) -> Result<Ask, Refusal> {
    action.ask(With { payload: None, outcome })
}

/// The filter's fields are fields of a field here.
fn of_filter(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Invalid { field, message } => Refusal::Invalid { field: format!("filter.{field}"), message },
        other => other,
    }
}

/// What it would do.
///
/// # Errors
/// Names what cannot be taken.
pub async fn preview(pool: &PgPool, caller: &Caller, start: &Start) -> Result<Preview, Refusal> {
    let Checked { filter, .. } = start.checked(caller)?;
    let mut tx = pool.begin().await?;
    sqlx::query(include_str!("sql/patience.sql")).execute(&mut *tx).await?;
    let by_status = by_status(&mut tx, &filter, start.action).await?;
    let (sql, values) = filter.statement();
    let query = sqlx::query_as_with::<_, WorkflowRow, _>(AssertSqlSafe(sql), values).persistent(false);
    let rows = query.fetch_all(&mut *tx).await?;
    tx.rollback().await?;
    let takes = |row: &&WorkflowRow| can_take(&row.stands(), start.action);
    let taking = rows.iter().take(SAMPLE as usize).filter(takes).map(|row| row.id).collect();
    let sample = summaries(pool, caller, rows.into_iter().take(SAMPLE as usize)).await?;
    let matching = by_status.iter().map(|of| of.matching).sum();
    let possible = by_status.iter().map(|of| of.possible).sum();
    Ok(Preview { matching, possible, by_status, sample, taking })
}

#[derive(sqlx::FromRow)]
struct Group {
    #[sqlx(flatten)]
    stands: Stands,
    count: i64,
}

fn can_take(stands: &Stands, action: Verb) -> bool {
    acts::legal(stands, kinds::definitions()).iter().any(|act| act.to_string() == action.to_string())
}

async fn by_status(conn: &mut PgConnection, filter: &Filter, action: Verb) -> Result<Vec<OfStatus>, Refusal> {
    let (sql, values) = filter.stands();
    let query = sqlx::query_as_with::<_, Group, _>(AssertSqlSafe(sql), values).persistent(false);
    let mut counted: Vec<OfStatus> = Vec::new();
    for Group { stands, count } in query.fetch_all(conn).await? {
        let possible = if can_take(&stands, action) { count } else { 0 };
        match counted.iter_mut().find(|of| of.status == stands.status) {
            Some(of) => (of.matching, of.possible) = (of.matching + count, of.possible + possible),
            None => counted.push(OfStatus { status: stands.status, matching: count, possible }),
        }
    }
    counted.sort_by(|a, b| a.status.cmp(&b.status));
    Ok(counted)
}

/// Asks for it; whichever process leads does it.
///
/// # Errors
/// Names what cannot be taken; nothing is stored then.
pub async fn start(pool: &PgPool, caller: &Caller, start: &Start) -> Result<Bulk, Refusal> {
    let Checked { reason, pace, filter } = start.checked(caller)?;
    let argument = start.outcome.as_ref().map_or_else(|| json!({}), |outcome| json!({ "outcome": outcome }));
    let which = serde_json::to_value(&start.filter).map_err(|error| Refusal::Failed(error.to_string()))?;
    let mut tx = pool.begin().await?;
    sqlx::query(include_str!("sql/patience.sql")).execute(&mut *tx).await?;
    let (sql, values) = filter.counted();
    let query = sqlx::query_scalar_with(AssertSqlSafe(sql), values).persistent(false);
    let total: i64 = query.fetch_one(&mut *tx).await?;
    let query = sqlx::query_as(include_str!("sql/bulk_start.sql")).bind(start.action.to_string());
    let query = query.bind(argument).bind(which).bind(&caller.name).bind(reason).bind(pace).bind(total);
    let bulk: Bulk = query.fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(bulk.seen_by(caller))
}

/// One, with its progress; `None`: there is none of this id.
///
/// # Errors
/// When the database cannot be read.
pub async fn show(pool: &PgPool, caller: &Caller, id: Uuid) -> Result<Option<Bulk>, Refusal> {
    let bulk: Option<Bulk> = sqlx::query_as(include_str!("sql/bulk.sql")).bind(id).fetch_optional(pool).await?;
    Ok(bulk.map(|bulk| bulk.seen_by(caller)))
}

/// What may be done to an act on many.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::EnumString, strum::Display, strum::VariantNames, ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Steer {
    /// Stop after the batch under way.
    Pause,
    /// Go on.
    Resume,
    /// Do no more of it; what is done stays done.
    Cancel,
}

/// Pauses, resumes or calls one off.
///
/// # Errors
/// [`Refusal::NotNow`] with what may be done instead, [`Refusal::Missing`], [`Refusal::Invalid`] for the reason.
pub async fn steer(pool: &PgPool, caller: &Caller, id: Uuid, steer: Steer, reason: &str) -> Result<Bulk, Refusal> {
    let reason = check::reason(reason)?;
    let to = match steer {
        Steer::Pause => "paused",
        Steer::Resume => "running",
        Steer::Cancel => "cancelled",
    };
    let mut tx = pool.begin().await?;
    let query = sqlx::query_scalar(include_str!("sql/bulk_lock.sql")).bind(id);
    let status: Option<String> = query.fetch_optional(&mut *tx).await?;
    let status = status.ok_or_else(|| Refusal::Missing(format!("there is no act on many {id}")))?;
    let legal = match status.as_str() {
        "running" => vec!["pause", "cancel"],
        "paused" => vec!["resume", "cancel"],
        _ => Vec::new(),
    };
    if !legal.contains(&steer.to_string().as_str()) {
        let instead = if legal.is_empty() { "nothing can be done to it".to_owned() } else { legal.join(" or ") };
        let message = format!("it makes no sense to {steer} an act that is {status}; possible now: {instead}");
        return Err(Refusal::NotNow { message, legal });
    }
    let query = sqlx::query_as(include_str!("sql/bulk_steer.sql")).bind(id).bind(to).bind(steer.to_string());
    let bulk: Bulk = query.bind(&caller.name).bind(reason).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(bulk.seen_by(caller))
}
