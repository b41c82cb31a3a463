//! The audit: what people did, with who, why, and how it stood before and after (G12).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Caller, Items, Refusal,
    bulk::{self, Bulk},
    check, looked, mask,
};

/// One thing that a person did.
pub struct Entry<'a> {
    /// `integration.create`, `upstream.close`, `schedule.edit`, …
    pub act: &'a str,
    /// Who.
    pub person: &'a str,
    /// Why, in their words; an empty one is replaced by the act's name.
    pub reason: &'a str,
    /// What it was done to, and how that stood. Holds no secret.
    pub before: Value,
    /// How it stands now. Holds no secret.
    pub after: Value,
}

/// Writes an entry in the transaction that does the thing.
pub async fn note(conn: &mut PgConnection, entry: Entry<'_>) -> Result<(), Refusal> {
    note_part(conn, entry, None).await
}

/// The same of what is a part of an act on many, if it is.
pub async fn note_part(conn: &mut PgConnection, entry: Entry<'_>, bulk: Option<Uuid>) -> Result<(), Refusal> {
    let reason = if entry.reason.is_empty() { entry.act } else { entry.reason };
    let query = sqlx::query(include_str!("sql/note.sql")).bind(entry.act).bind(entry.person).bind(reason);
    query.bind(entry.before).bind(entry.after).bind(bulk).execute(conn).await?;
    Ok(())
}

/// Something that a person did.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = AuditedAct)]
pub struct Done {
    /// Its id.
    pub id: Uuid,
    /// What: `retry`, `cancel`, …, `bulk.retry`, `integration.edit`, `discrepancy.send`, …
    #[schema(example = "retry")]
    pub act: String,
    /// To which workflow, if to one.
    #[sqlx(rename = "run_id")]
    pub workflow: Option<Uuid>,
    /// The act on many that it was, or was a part of.
    pub bulk: Option<Uuid>,
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

impl Done {
    fn seen_by(mut self, caller: &Caller) -> Self {
        if !caller.sees_people() {
            self.before.iter_mut().chain(self.after.iter_mut()).for_each(mask::people);
            self.before.iter_mut().filter_map(|before| before.get_mut("filter")).for_each(mask::search);
            mask::words(&mut self.reason);
        }
        self
    }

    fn tells(&self) -> bool {
        let searched = self.before.as_ref().and_then(|before| before.get("filter")?.get("q"));
        searched.is_some() || self.before.iter().chain(&self.after).any(mask::tells)
    }
}

/// One act, and how far it is if it is one on many.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditedActShown)]
pub struct Shown {
    /// What the list shows.
    #[serde(flatten)]
    pub done: Done,
    /// An act on many: how far it is.
    pub progress: Option<Bulk>,
}

/// What the audit is narrowed down by.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Who did it: the name of a token, or of a terminal's user.
    pub person: Option<String>,
    /// What was done.
    #[param(example = "retry")]
    pub act: Option<String>,
    /// The id of the workflow to which it was done.
    pub workflow: Option<String>,
    /// The id of the act on many that it is a part of.
    pub bulk: Option<String>,
    /// `id_integracao`: what was done to it and to its upstream, and to its syncs.
    #[param(example = "3")]
    pub integration: Option<String>,
    /// Done at this time or later.
    #[param(example = "2026-11-23T00:00:00-03:00")]
    pub since: Option<String>,
    /// Done before this time.
    #[param(example = "2026-11-24T00:00:00-03:00")]
    pub until: Option<String>,
    /// The `next` of a former page.
    pub after: Option<String>,
    /// Most items of the page: 1 to 500, else 50.
    #[param(example = "50")]
    pub limit: Option<String>,
}

/// What people did, newest first.
///
/// # Errors
/// Names the parameter that cannot be taken.
pub async fn list(pool: &PgPool, caller: &Caller, asked: &Asked) -> Result<Items<Done>, Refusal> {
    let words = |name, text: &Option<String>| text.as_deref().map(|t| check::words(name, t)).transpose();
    let time = |name, text: &Option<String>| text.as_deref().map(|t| check::time(name, t)).transpose();
    let limit = check::limit(asked.limit.as_deref())?;
    // Planned with the values at hand: each of them has an index of its own, or none.
    let query = sqlx::query_as(include_str!("sql/audit.sql")).persistent(false);
    let query = query.bind(words("person", &asked.person)?).bind(words("act", &asked.act)?);
    let query = query.bind(id("workflow", &asked.workflow)?).bind(id("bulk", &asked.bulk)?);
    let query = query.bind(time("since", &asked.since)?).bind(time("until", &asked.until)?);
    let query = query.bind(check::after_id(asked.after.as_deref())?).bind(None::<Uuid>).bind(i64::from(limit) + 1);
    let query = query.bind(asked.integration.as_deref().map(|t| check::number("integration", t)).transpose()?);
    let mut tx = pool.begin().await?;
    // Whoever never did anything is looked for in all that was ever done: that gives up rather than holding a connection.
    sqlx::query(include_str!("sql/patience.sql")).execute(&mut *tx).await?;
    let read: Vec<Done> = query.fetch_all(&mut *tx).await?;
    tx.rollback().await?;
    let page = check::page(read, limit, |one| one.id);
    looked_at(pool, caller, &page.items).await?;
    Ok(Items { items: page.items.into_iter().map(|one| one.seen_by(caller)).collect(), next: page.next })
}

async fn looked_at(pool: &PgPool, caller: &Caller, shown: &[Done]) -> Result<(), Refusal> {
    if !caller.sees_people() {
        return Ok(());
    }
    let told: Vec<Uuid> = shown.iter().filter(|done| done.tells()).map(|done| done.id).collect();
    looked::at_many(pool, caller, "acts", &told).await
}

fn id(field: &str, text: &Option<String>) -> Result<Option<Uuid>, Refusal> {
    let read = text.as_deref().map(Uuid::parse_str).transpose();
    read.map_err(|_| Refusal::invalid(field, "must be a UUID"))
}

/// One, with its progress if it is an act on many.
///
/// # Errors
/// [`Refusal::Missing`] where there is none of this id.
pub async fn show(pool: &PgPool, caller: &Caller, id: Uuid) -> Result<Shown, Refusal> {
    let query = sqlx::query_as(include_str!("sql/audit.sql")).bind(None::<String>).bind(None::<String>);
    let query = query.bind(None::<Uuid>).bind(None::<Uuid>).bind(None::<DateTime<Utc>>).bind(None::<DateTime<Utc>>);
    let found: Option<Done> =
        query.bind(None::<Uuid>).bind(id).bind(1_i64).bind(None::<i64>).fetch_optional(pool).await?;
    let done = found.ok_or_else(|| Refusal::Missing(format!("there is no act {id}")))?;
    looked_at(pool, caller, std::slice::from_ref(&done)).await?;
    let done = done.seen_by(caller);
    let progress = if done.bulk == Some(id) { bulk::show(pool, caller, id).await? } else { None };
    Ok(Shown { done, progress })
}
