//! Workflows to look at: the list, and one whole, in contract.md's form.

use chrono::{DateTime, Utc};
use engine::query::{self, ActRow, AttemptRow, WorkflowRow};
use serde::Serialize;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Caller, Items, Refusal, check,
    filter::{Asked, Filter},
    kinds, looked, mask,
};

/// One sentence, in both languages.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Explanation {
    /// Portuguese.
    #[schema(example = "na fila: o próximo worker livre o executa")]
    pub pt: String,
    /// English.
    #[schema(example = "queued: the next free worker runs it")]
    pub en: String,
}

impl Explanation {
    /// From what `enlace.explain` answers, as this caller may see it: it may hold what people wrote.
    pub fn of(value: &Value, caller: &Caller) -> Self {
        let text = |language: &str| {
            let mut text = value.get(language).and_then(Value::as_str).unwrap_or_default().to_owned();
            if !caller.sees_people() {
                mask::words(&mut text);
            }
            text
        };
        Self { pt: text("pt"), en: text("en") }
    }
}

/// A workflow, as a list shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Summary {
    /// The outbox row's id.
    pub id: Uuid,
    /// The operation.
    #[schema(example = "bind")]
    pub kind: String,
    /// The kind's version, once a worker has taken it in.
    pub version: Option<i32>,
    /// `queued`, `running`, `waiting`, `paused`, `parked`, or an end: `succeeded`, `not_applicable`, `superseded`, `failed`,
    /// `cancelled`.
    #[schema(example = "parked")]
    pub status: String,
    /// Where it stands in its operation.
    #[schema(example = "attaching")]
    pub state: Option<String>,
    /// Why it is where it is.
    pub explanation: Explanation,
    /// What it waits for. A person, because: `attempts_spent`, `rejected`, `outcome_unknown`, `approval`, `bug`,
    /// `undecodable`, `going_in_circles`; else an `upstream`, a `key` that other work holds, or a `time`.
    #[schema(example = "outcome_unknown")]
    pub waits_for: Option<String>,
    /// What it was started with.
    #[schema(value_type = Object)]
    pub payload: Value,
    /// What came of it.
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// Who asked.
    pub requested_by: Option<String>,
    /// The caller's own id for it.
    pub dedup_id: Option<String>,
    /// What it is ordered by.
    #[schema(example = json!(["port:812", "service:4411"]))]
    pub keys: Vec<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When its first step began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it goes on, if it waits for a time.
    pub next_at: Option<DateTime<Utc>>,
    /// The trace that it belongs to: the caller's if one was given, its own otherwise.
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub trace_id: String,
}

/// A workflow, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Workflow {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: Summary,
    /// How far a sync is.
    #[schema(value_type = Option<Object>)]
    pub progress: Option<Value>,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// What people did to it, in order.
    pub acts: Vec<Act>,
    /// What a person may do to it now.
    #[schema(example = json!(["retry", "skip", "cancel"]))]
    pub legal_acts: Vec<&'static str>,
    /// What it was started with, where a person has changed the payload since.
    #[schema(value_type = Option<Object>)]
    pub original_payload: Option<Value>,
}

/// A step: everything that was tried in one state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Step {
    /// From 1.
    pub n: i32,
    /// Where it stood.
    pub state: String,
    /// What is done there, in Portuguese.
    pub action: Option<String>,
    /// The same in English.
    pub action_en: Option<String>,
    /// How the last attempt ended: `done`, `failed`, `unknown`, `again`, `throttled`, `lost`, `parked`.
    pub outcome: String,
    /// When the first attempt began.
    pub began_at: DateTime<Utc>,
    /// When the last one ended.
    pub ended_at: DateTime<Utc>,
    /// Who made the last one.
    pub worker: Option<Uuid>,
    /// Every try.
    pub attempts: Vec<Attempt>,
}

/// One try of a step.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Attempt {
    /// From 1.
    pub n: i16,
    /// How it ended.
    pub outcome: String,
    /// `{class, code, message}` where it failed.
    #[schema(value_type = Option<Object>)]
    pub error: Option<Value>,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// What was asked of the platform: `[{method, path, status, ms}]`.
    #[schema(value_type = Vec<Object>)]
    pub calls: Value,
}

/// What a person did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Act {
    /// What.
    #[schema(example = "retry")]
    pub act: String,
    /// Who.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
    /// How it stood.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// How it stood then.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

/// A page of workflows, newest first.
///
/// # Errors
/// Names the parameter that cannot be taken.
pub async fn list(pool: &PgPool, caller: &Caller, asked: &Asked) -> Result<Items<Summary>, Refusal> {
    let filter = Filter::of(asked, caller)?;
    let (sql, values) = filter.statement();
    let mut tx = pool.begin().await?;
    // A search for words may have to read everything: it gives up rather than holding a connection.
    sqlx::query(include_str!("sql/patience.sql")).execute(&mut *tx).await?;
    // Planned with the values at hand, because which index serves depends on them.
    let query = sqlx::query_as_with::<_, WorkflowRow, _>(AssertSqlSafe(sql), values).persistent(false);
    let rows = query.fetch_all(&mut *tx).await?;
    tx.rollback().await?;
    let page = check::page(rows, filter.limit, |row| row.seq);
    Ok(Items { items: summaries(pool, caller, page.items.into_iter()).await?, next: page.next })
}

/// One workflow, whole.
///
/// # Errors
/// [`Refusal::Missing`], also for one that this caller may not read.
pub async fn show(pool: &PgPool, caller: &Caller, id: Uuid) -> Result<Workflow, Refusal> {
    readable(pool, caller, id).await?;
    let row = query::workflow(pool, id).await?.ok_or_else(|| Refusal::no_workflow(id))?;
    let progress = match row.ended_at {
        None if row.kind == "sync" => Some(mapping::store::sync_progress(pool, id).await?).filter(|p| !p.is_null()),
        _ => None,
    };
    let steps = steps(query::attempts(pool, id).await?);
    let acts = query::acts(pool, id).await?;
    let mut original_payload = row.original.clone();
    let noted = acts.iter().flat_map(|act| act.before.iter().chain(&act.after)).chain(&original_payload);
    if !caller.sees_people() {
        original_payload.iter_mut().for_each(mask::people);
    } else if tells(&row) || noted.into_iter().any(mask::tells) {
        looked::at_workflow(pool, caller, id).await?;
    }
    let acts = acts.into_iter().map(|row| act(row, caller)).collect();
    let legal_acts = engine::acts::legal(&row.stands(), kinds::definitions()).into_iter().map(Into::into).collect();
    Ok(Workflow { summary: summary(row, caller), progress, steps, acts, legal_acts, original_payload })
}

/// Rows as this caller may see them; that they looked at people is written down.
pub(super) async fn summaries(
    pool: &PgPool,
    caller: &Caller,
    rows: impl Iterator<Item = WorkflowRow>,
) -> Result<Vec<Summary>, Refusal> {
    let rows: Vec<WorkflowRow> = rows.collect();
    if caller.sees_people() {
        let told: Vec<Uuid> = rows.iter().filter(|row| tells(row)).map(|row| row.id).collect();
        looked::at_many(pool, caller, "workflows", &told).await?;
    }
    Ok(rows.into_iter().map(|row| summary(row, caller)).collect())
}

fn tells(row: &WorkflowRow) -> bool {
    std::iter::once(&row.payload).chain(&row.result).any(mask::tells)
}

/// Refuses one that this caller may not read, as if it were not there.
pub(super) async fn readable(pool: &PgPool, caller: &Caller, id: Uuid) -> Result<(), Refusal> {
    let Some(token) = caller.reads_only_of() else { return Ok(()) };
    let query = sqlx::query_scalar(include_str!("sql/started_by.sql")).bind(token).bind(id);
    let theirs: bool = query.fetch_one(pool).await?;
    if theirs { Ok(()) } else { Err(Refusal::no_workflow(id)) }
}

fn summary(row: WorkflowRow, caller: &Caller) -> Summary {
    let (mut payload, mut result) = (row.payload, row.result);
    let keys = kinds::keys(&row.kind, &payload);
    if !caller.sees_people() {
        mask::people(&mut payload);
        result.iter_mut().for_each(mask::people);
    }
    Summary {
        id: row.id,
        version: row.version,
        status: row.status,
        state: row.state,
        waits_for: row.waits_for,
        explanation: Explanation::of(&row.explanation, caller),
        keys,
        payload,
        result,
        kind: row.kind,
        requested_by: row.requested_by,
        dedup_id: row.dedup_id,
        created_at: row.created_at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        next_at: row.next_at,
        trace_id: row.trace_id,
    }
}

/// Attempts, in order, as steps.
fn steps(attempts: Vec<AttemptRow>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for row in attempts {
        if steps.last().is_none_or(|step| step.n != row.n) {
            steps.push(Step {
                n: row.n,
                state: row.state.clone(),
                action: row.action_pt.clone(),
                action_en: row.action_en.clone(),
                outcome: String::new(),
                began_at: row.began_at,
                ended_at: row.ended_at,
                worker: None,
                attempts: Vec::new(),
            });
        }
        if let Some(step) = steps.last_mut() {
            (step.outcome, step.ended_at, step.worker) = (row.outcome.clone(), row.ended_at, row.worker);
            step.attempts.push(Attempt::from(row));
        }
    }
    steps
}

impl From<AttemptRow> for Attempt {
    fn from(row: AttemptRow) -> Self {
        let calls = row.calls.unwrap_or_else(|| Value::Array(Vec::new()));
        Self {
            n: row.attempt,
            outcome: row.outcome,
            error: row.error,
            began_at: row.began_at,
            ended_at: row.ended_at,
            calls,
        }
    }
}

/// An act, with the payload that it may hold masked for those who may not see it.
fn act(row: ActRow, caller: &Caller) -> Act {
    let ActRow { mut before, mut after, mut reason, .. } = row;
    if !caller.sees_people() {
        before.iter_mut().chain(after.iter_mut()).for_each(mask::people);
        mask::words(&mut reason);
    }
    Act { act: row.act, person: row.person, reason, at: row.at, before, after }
}
