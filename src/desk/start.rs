//! Starting a workflow, and waiting for its end.

use std::time::Duration;

use chrono::{DateTime, Utc};
use engine::{clock, query};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Refusal, again, audit, check, looked, mask, workflows::Explanation};

/// What a stored `dedup_id` begins with where it was made from an `Idempotency-Key`.
const KEYED: &str = "Idempotency-Key ";
/// How soon a wait for any work looks.
const LOOKS: Looks = Looks { first: Duration::ZERO, soon: Duration::from_millis(20), late: Duration::from_millis(500) };

/// How a wait looks.
#[derive(Clone, Copy)]
pub(super) struct Looks {
    /// Nothing has ended before this is over.
    pub(super) first: Duration,
    /// The pause between two looks at first.
    pub(super) soon: Duration,
    /// And at last.
    pub(super) late: Duration,
}

/// A workflow to start.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "kind": "bind", "payload": { "id_porta_atendimento": 812, "id_cliente_servico": 4411 } }))]
pub struct Start {
    /// `sync`, `bind`, `unbind`, …
    pub kind: String,
    /// What the kind takes.
    #[schema(value_type = Object)]
    pub payload: Value,
    /// Your own id for this request: given twice, by whomever, it is one workflow. 1 to 200 characters.
    pub dedup_id: Option<String>,
    /// Who asks, as the history shows it; the token's name where it is left out. 1 to 200 characters.
    pub requested_by: Option<String>,
    /// Not before this time.
    pub not_before: Option<DateTime<Utc>>,
}

/// What comes along with a request to start.
#[derive(Clone, Debug, Default)]
pub struct Along {
    /// The header `Idempotency-Key`: like `dedup_id`, but a name within this token's own requests.
    pub idempotency_key: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// A workflow that was started, or that a repeated request found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Started {
    /// Its id.
    pub id: Uuid,
    /// How it stands.
    #[schema(example = "queued")]
    pub status: String,
}

/// A workflow that has ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Ended {
    /// Its id.
    pub id: Uuid,
    /// How it ended.
    #[schema(example = "succeeded")]
    pub status: String,
    /// What came of it.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// The same in a sentence.
    pub explanation: Explanation,
}

/// An entry in the audit, made of the id of what was started.
pub(super) type Noted<'n, 'a> = &'n (dyn Fn(Uuid) -> audit::Entry<'a> + Sync);

/// Starts a workflow, or finds the one that an earlier request with the same id started.
///
/// # Errors
/// [`Refusal::Invalid`] names what cannot be taken; nothing is stored then.
pub async fn start(pool: &PgPool, caller: &Caller, asked: Start, along: Along) -> Result<Started, Refusal> {
    let id = begin(pool, caller, asked, along, None).await?;
    standing(pool, id).await
}

/// How it stands.
pub(super) async fn standing(pool: &PgPool, id: Uuid) -> Result<Started, Refusal> {
    let status = sqlx::query_scalar(include_str!("sql/status_of.sql")).bind(id).fetch_one(pool).await?;
    Ok(Started { id, status })
}

/// The same for whoever does not ask how it stands, with an entry in the audit that is written with it, or not at all.
pub(super) async fn begin(
    pool: &PgPool,
    caller: &Caller,
    asked: Start,
    along: Along,
    noted: Option<Noted<'_, '_>>,
) -> Result<Uuid, Refusal> {
    let asked = checked(caller, asked, &along)?;
    if noted.is_none() && along.idempotency_key.is_none() && caller.reads_only_of().is_none() {
        // Nothing is written beside it: one statement, which commits by itself.
        return again(async || enqueue(&mut *pool.acquire().await?, caller, &asked, &along).await).await;
    }
    let once = || async {
        let mut tx = pool.begin().await?;
        let id = enqueue(&mut tx, caller, &asked, &along).await?;
        if let Some(noted) = noted {
            audit::note(&mut tx, noted(id)).await?;
        }
        tx.commit().await?;
        Ok(id)
    };
    again(once).await
}

async fn enqueue(conn: &mut PgConnection, caller: &Caller, asked: &Start, along: &Along) -> Result<Uuid, Refusal> {
    let id: Uuid = sqlx::query_scalar(include_str!("sql/enqueue.sql"))
        .bind(&asked.kind)
        .bind(&asked.payload)
        .bind(&asked.dedup_id)
        .bind(&asked.requested_by)
        .bind(asked.not_before)
        .bind(&along.traceparent)
        .fetch_one(&mut *conn)
        .await?;
    if along.idempotency_key.is_some() {
        let same = sqlx::query_scalar(include_str!("sql/same_request.sql")).bind(id).bind(&asked.kind);
        let same: bool = same.bind(&asked.payload).fetch_one(&mut *conn).await?;
        if !same {
            return Err(Refusal::invalid("Idempotency-Key", "was used before, for another kind or payload"));
        }
    }
    if let Some(token) = caller.reads_only_of() {
        let began = sqlx::query(include_str!("sql/token_started.sql")).bind(token).bind(id).bind(&asked.dedup_id);
        began.execute(&mut *conn).await?;
    }
    Ok(id)
}

/// The request with its own words checked and filled in; the database checks kind and payload.
fn checked(caller: &Caller, asked: Start, along: &Along) -> Result<Start, Refusal> {
    if !asked.payload.is_object() {
        return Err(Refusal::invalid("payload", "must be a JSON object"));
    }
    let requested_by = asked.requested_by.as_deref().map(|text| check::words("requested_by", text)).transpose()?;
    let dedup_id = asked.dedup_id.as_deref().map(|text| check::words("dedup_id", text)).transpose()?;
    if dedup_id.as_ref().is_some_and(|id| id.starts_with(KEYED)) {
        return Err(Refusal::invalid("dedup_id", format!("must not begin with \"{KEYED}\"")));
    }
    Ok(Start {
        dedup_id: dedup_id.map_or_else(|| keyed(caller, along), |id| Ok(Some(id)))?,
        requested_by: Some(requested_by.unwrap_or_else(|| caller.name.chars().take(200).collect())),
        ..asked
    })
}

/// An `Idempotency-Key` as a `dedup_id` that no other token's key can meet.
fn keyed(caller: &Caller, along: &Along) -> Result<Option<String>, Refusal> {
    let Some(key) = &along.idempotency_key else { return Ok(None) };
    let short = check::words("Idempotency-Key", key)?;
    if short.chars().count() > 140 {
        return Err(Refusal::invalid("Idempotency-Key", "must be 1 to 140 characters of text"));
    }
    Ok(Some(format!("{KEYED}{} {short}", caller.token.unwrap_or_default())))
}

/// Waits until a workflow has ended, for at most `time`. Holds no connection while it waits.
///
/// # Errors
/// When the database cannot be read.
pub async fn wait(pool: &PgPool, caller: &Caller, id: Uuid, time: Duration) -> Result<Option<Ended>, Refusal> {
    let Some((status, result)) = wait_looking(pool, caller, id, time, LOOKS).await? else { return Ok(None) };
    let row = query::workflow(pool, id).await?.ok_or_else(|| Refusal::no_workflow(id))?;
    Ok(Some(Ended { id, status, result, explanation: Explanation::of(&row.explanation, caller) }))
}

/// The same, looking as soon as that; only how it ended and what came of it, which is all that a person on the phone waits for.
pub(super) async fn wait_looking(
    pool: &PgPool,
    caller: &Caller,
    id: Uuid,
    time: Duration,
    looks: Looks,
) -> Result<Option<(String, Option<Value>)>, Refusal> {
    let began = clock::monotonic();
    let until = began + time;
    clock::sleep(looks.first.min(time)).await;
    loop {
        if let Some(over) = over(pool, caller, id).await? {
            return Ok(Some(over));
        }
        let left = until.saturating_duration_since(clock::monotonic());
        if left.is_zero() {
            return Ok(None);
        }
        // A tenth of what was waited already: no answer is noticed later than that.
        let pause = (began.elapsed() / 10).clamp(looks.soon, looks.late);
        clock::sleep(pause.min(left)).await;
    }
}

async fn over(pool: &PgPool, caller: &Caller, id: Uuid) -> Result<Option<(String, Option<Value>)>, Refusal> {
    let query = sqlx::query_as(include_str!("sql/ended_as.sql")).bind(id).bind(caller.reads_only_of());
    let Some((status, mut result)): Option<(String, Option<Value>)> = query.fetch_optional(pool).await? else {
        return Ok(None);
    };
    let tells = result.as_ref().is_some_and(mask::tells);
    if !caller.sees_people() {
        result.iter_mut().for_each(mask::people);
    } else if tells {
        looked::at_workflow(pool, caller, id).await?;
    }
    Ok(Some((status, result)))
}
