//! An act on all workflows that a filter matches (G12): looked at before, done in batches at a pace, resumed after a crash.
//!
//! A batch moves the cursor on, provided that it still is where it was read, and commits that together with the batch's acts. So
//! any number of processes may drive the same bulk act: nothing is done twice, and whoever dies loses no more than one batch.

use std::time::Duration;

use chrono::{DateTime, Utc};
use engine::{
    acts::{self, Acted, Ask, Person, Stands},
    clock,
    db::transaction,
    query::WorkflowRow,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Caller, Refusal,
    acts::{With, Verb},
    check,
    filter::{Asked, Filter},
    kinds,
    workflows::{Summary, summary},
};
use crate::tokens::Role;

/// Workflows a second where nobody says how many.
const PACE: i32 = 20;
/// Most workflows a second.
const FASTEST: i32 = 1000;
/// Most workflows of a batch: their rows are locked together.
const BATCH: i32 = 50;
/// Workflows that a preview shows.
const SAMPLE: u32 = 20;
/// How often a process without a bulk act under way looks for one.
const LOOK: Duration = Duration::from_secs(2);

/// An act on many.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "action": "retry", "filter": { "status": "parked", "kind": "bind" }, "reason": "OZMap consertado", "preview": true }))]
pub struct Start {
    /// What to do to each.
    pub action: Verb,
    /// The parameters of the list of workflows, at least one.
    pub filter: Asked,
    /// Why: 1 to 200 characters, for the audit.
    pub reason: String,
    /// `resolve` alone: `done` or `not_done`.
    pub outcome: Option<String>,
    /// Only say what it would do.
    #[serde(default)]
    pub preview: bool,
    /// Workflows a second, 1 to 1000; else 20.
    pub pace: Option<i32>,
}

/// What an act on many would do now. Nothing is stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Preview {
    /// How many match.
    pub matching: i64,
    /// How many can take the act now; the others would be left alone.
    pub possible: i64,
    /// The same by status.
    pub by_status: Vec<OfStatus>,
    /// Some of those that match, newest first.
    pub sample: Vec<Summary>,
}

/// Of one status.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OfStatus {
    /// Which.
    #[schema(example = "parked")]
    pub status: String,
    /// How many match.
    pub matching: i64,
    /// How many can take the act.
    pub possible: i64,
}

/// An act on many, and how far it is.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Bulk {
    /// Its id.
    pub id: Uuid,
    /// What is done to each.
    #[schema(example = "retry")]
    pub action: String,
    /// What the action takes besides a reason.
    #[schema(value_type = Object)]
    pub argument: Value,
    /// Which workflows.
    #[schema(value_type = Object)]
    pub filter: Value,
    /// Who.
    pub person: String,
    /// Why.
    pub reason: String,
    /// Workflows a second, at most.
    pub pace: i32,
    /// How many matched when it was asked for.
    pub total: i64,
    /// Done, or asked of the worker that holds them.
    pub done: i64,
    /// Left alone: it made no sense for them any more.
    pub skipped: i64,
    /// Could not be done.
    pub failed: i64,
    /// `running`, `paused`, `done` or `cancelled`.
    #[schema(example = "running")]
    pub status: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was done, or called off.
    pub ended_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    cursor: i64,
}

#[derive(sqlx::FromRow)]
struct Group {
    #[sqlx(flatten)]
    stands: Stands,
    count: i64,
}

/// What it would do.
///
/// # Errors
/// Names what cannot be taken.
pub async fn preview(pool: &PgPool, caller: &Caller, start: &Start) -> Result<Preview, Refusal> {
    checked(start)?;
    let filter = Filter::of(&Asked { limit: Some(SAMPLE.to_string()), ..start.filter.clone() }, caller)?;
    let mut tx = pool.begin().await?;
    sqlx::query(include_str!("sql/patience.sql")).execute(&mut *tx).await?;
    let by_status = count(&mut tx, &filter, start.action).await?;
    let (sql, values) = filter.statement();
    let query = sqlx::query_as_with::<_, WorkflowRow, _>(AssertSqlSafe(sql), values).persistent(false);
    let sample = query.fetch_all(&mut *tx).await?.into_iter().take(SAMPLE as usize);
    let sample = sample.map(|row| summary(row, caller)).collect();
    tx.rollback().await?;
    let matching = by_status.iter().map(|of| of.matching).sum();
    let possible = by_status.iter().map(|of| of.possible).sum();
    Ok(Preview { matching, possible, by_status, sample })
}

async fn count(conn: &mut PgConnection, filter: &Filter, action: Verb) -> Result<Vec<OfStatus>, Refusal> {
    let (sql, values) = filter.groups();
    let query = sqlx::query_as_with::<_, Group, _>(AssertSqlSafe(sql), values).persistent(false);
    let mut counted: Vec<OfStatus> = Vec::new();
    for Group { stands, count } in query.fetch_all(conn).await? {
        let legal = acts::legal(&stands, kinds::definitions());
        let possible = if legal.iter().any(|act| act.to_string() == action.to_string()) { count } else { 0 };
        match counted.iter_mut().find(|of| of.status == stands.status) {
            Some(of) => (of.matching, of.possible) = (of.matching + count, of.possible + possible),
            None => counted.push(OfStatus { status: stands.status, matching: count, possible }),
        }
    }
    counted.sort_by(|a, b| a.status.cmp(&b.status));
    Ok(counted)
}

/// Checks what does not need the database.
fn checked(start: &Start) -> Result<(String, i32), Refusal> {
    let reason = check::reason(&start.reason)?;
    start.action.ask(With { payload: None, outcome: start.outcome.clone() })?;
    if let Some(field) = start.filter.after.as_ref().map(|_| "after").or(start.filter.limit.as_ref().map(|_| "limit")) {
        return Err(Refusal::invalid(format!("filter.{field}"), "is not known here: an act is on all that match"));
    }
    if start.filter == Asked::default() {
        return Err(Refusal::invalid("filter", "must narrow workflows down, by status for instance"));
    }
    let pace = start.pace.unwrap_or(PACE);
    if !(1..=FASTEST).contains(&pace) {
        return Err(Refusal::invalid("pace", format!("must be a whole number from 1 to {FASTEST}")));
    }
    Ok((reason, pace))
}

/// Begins one; workers do it.
///
/// # Errors
/// Names what cannot be taken; nothing is stored then.
pub async fn start(pool: &PgPool, caller: &Caller, start: &Start) -> Result<Bulk, Refusal> {
    let (reason, pace) = checked(start)?;
    let filter = Filter::of(&start.filter, caller)?;
    let mut tx = pool.begin().await?;
    sqlx::query(include_str!("sql/patience.sql")).execute(&mut *tx).await?;
    let total: i64 = count(&mut tx, &filter, start.action).await?.iter().map(|of| of.matching).sum();
    let argument = start.outcome.as_ref().map_or_else(|| json!({}), |outcome| json!({ "outcome": outcome }));
    let asked = serde_json::to_value(&start.filter).unwrap_or_default();
    let bulk: Bulk = sqlx::query_as(include_str!("sql/bulk_start.sql"))
        .bind(start.action.to_string())
        .bind(argument)
        .bind(&asked)
        .bind(&caller.name)
        .bind(reason)
        .bind(pace)
        .bind(total)
        .fetch_one(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(bulk)
}

/// One, with its progress; `None`: there is none of this id.
///
/// # Errors
/// When the database cannot be read.
pub async fn show(pool: &PgPool, id: Uuid) -> Result<Option<Bulk>, Refusal> {
    Ok(sqlx::query_as(include_str!("sql/bulk.sql")).bind(id).fetch_optional(pool).await?)
}

/// What may be done to a bulk act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, strum::EnumString, strum::Display, strum::VariantNames, ToSchema)]
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
    let query = sqlx::query_as(include_str!("sql/bulk_lock.sql")).bind(id);
    let bulk: Option<(String,)> = query.fetch_optional(&mut *tx).await?;
    let (status,) = bulk.ok_or_else(|| Refusal::Missing(format!("there is no act on many {id}")))?;
    let legal = match status.as_str() {
        "running" => vec!["pause", "cancel"],
        "paused" => vec!["resume", "cancel"],
        _ => Vec::new(),
    };
    if !legal.contains(&steer.to_string().as_str()) {
        return Err(Refusal::NotNow { message: format!("it makes no sense to {steer} what is {status}"), legal });
    }
    let bulk: Bulk =
        sqlx::query_as(include_str!("sql/bulk_steer.sql")).bind(id).bind(to).fetch_one(&mut *tx).await?;
    let (before, after) = (json!({ "bulk": id, "status": status }), json!({ "bulk": id, "status": to }));
    let act = format!("bulk.{steer}");
    let entry = super::audit::Entry { act: &act, person: &caller.name, reason: &reason, before, after };
    super::audit::note(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(bulk)
}

/// Drives what is under way, until `stop`.
pub async fn drive(pool: PgPool, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let more = batch(&pool).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "no batch of an act on many could be done");
            false
        });
        if !more {
            tokio::select! {
                () = clock::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}

/// Does one batch that is due; whether there was one.
///
/// # Errors
/// When the database refuses; nothing of the batch is done then.
pub async fn batch(pool: &PgPool) -> Result<bool, Refusal> {
    let due: Option<Bulk> = sqlx::query_as(include_str!("sql/bulk_due.sql")).fetch_optional(pool).await?;
    let Some(bulk) = due else { return Ok(false) };
    let size = bulk.pace.min(BATCH);
    let page = page(pool, &bulk, size).await?;
    let last = page.last().map_or(0, |(_, seq)| *seq);
    let over = page.len() < usize::try_from(size).unwrap_or_default();
    let outcome = bulk.argument.get("outcome").and_then(Value::as_str).map(str::to_owned);
    let action: Verb = bulk.action.parse().map_err(|_| Refusal::Failed(format!("unknown act {}", bulk.action)))?;
    let ask = action.ask(With { payload: None, outcome })?;
    Ok(transaction(pool, move |tx| {
        let (bulk, page, ask) = (bulk.clone(), page.clone(), ask.clone());
        Box::pin(async move {
            // Whoever moves the cursor does the batch: another one finds it elsewhere.
            let claim = sqlx::query(include_str!("sql/bulk_claim.sql")).bind(bulk.id).bind(bulk.cursor).bind(last);
            if claim.execute(&mut **tx).await?.rows_affected() == 0 {
                return Ok(true);
            }
            let (done, skipped) = act_on(tx, &bulk, &page, &ask).await?;
            let seconds = page.len() as f64 / f64::from(bulk.pace);
            let count = sqlx::query(include_str!("sql/bulk_count.sql")).bind(bulk.id).bind(done).bind(skipped);
            count.bind(seconds).bind(over).execute(&mut **tx).await?;
            Ok(true)
        })
    })
    .await?)
}

/// The next workflows that match, newest first.
async fn page(pool: &PgPool, bulk: &Bulk, size: i32) -> Result<Vec<(Uuid, i64)>, Refusal> {
    let asked: Asked = serde_json::from_value(bulk.filter.clone()).map_err(|e| Refusal::Failed(e.to_string()))?;
    let asked = Asked { after: Some(check::cursor(bulk.cursor)), limit: Some(size.to_string()), ..asked };
    // Whoever may act may search by names; what they act on was theirs to see when they asked.
    let caller = Caller { name: bulk.person.clone(), role: Role::Operator, token: None };
    let (sql, values) = Filter::of(&asked, &caller)?.ids();
    Ok(sqlx::query_as_with(AssertSqlSafe(sql), values).persistent(false).fetch_all(pool).await?)
}

async fn act_on(
    conn: &mut PgConnection,
    bulk: &Bulk,
    page: &[(Uuid, i64)],
    ask: &Ask,
) -> Result<(i64, i64), engine::Error> {
    let person = Person { name: bulk.person.clone(), reason: bulk.reason.clone() };
    let (mut done, mut skipped) = (0, 0);
    for (id, _) in page {
        match acts::act_in(conn, kinds::definitions(), *id, ask, &person, Some(bulk.id)).await? {
            Acted::Done | Acted::Asked => done += 1,
            Acted::NotNow { .. } | Acted::Unknown => skipped += 1,
        }
    }
    Ok((done, skipped))
}
