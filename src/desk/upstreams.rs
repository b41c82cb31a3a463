//! Upstreams: each integration's platform as the engine sees it, to look at, to open and close, and to limit (G7).

use chrono::{DateTime, Utc};
use engine::upstream::{self, Close, Length, Limits};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use utoipa::ToSchema;

use super::{Caller, Items, Refusal, again, audit, check};

/// An upstream.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema, sqlx::FromRow)]
pub struct Upstream {
    /// `integration:3`.
    #[schema(example = "integration:3")]
    pub id: String,
    /// The integration that it belongs to.
    pub id_integracao: Option<i64>,
    /// `open`, `slowed` or `closed`.
    #[schema(example = "closed")]
    pub state: String,
    /// When it opens by itself; null where it is open, or closed until a person opens it.
    pub closed_until: Option<DateTime<Utc>>,
    /// Closed until a person opens it.
    pub until_opened: bool,
    /// Closed until one call, which is about to be made or under way, has shown that it is back.
    pub probing: bool,
    /// Why it is closed; or was, where it comes back little by little.
    pub reason: Option<String>,
    /// Who closed it: a person, or `enlace`.
    pub by: Option<String>,
    /// Calls a second over all workers; null: not limited.
    pub rate: Option<f64>,
    /// Calls at once over all workers; null: not limited.
    pub concurrency: Option<i32>,
    /// How many workflows wait for it.
    pub waiting: i64,
}

/// What is to change about an upstream: what is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "closed_until": "2026-11-24T06:00:00-03:00", "reason": "manutenção anunciada pelo OZMap" }))]
#[schema(as = UpstreamChange)]
pub struct Change {
    /// A time: closed until then. `"infinity"`: until a person opens it. Null: open.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub closed_until: Option<Value>,
    /// Calls a second over all workers: from 0.001. Null: not limited.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<f64>)]
    pub rate: Option<Value>,
    /// Calls at once over all workers: 1 to 1000. Null: not limited.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i32>)]
    pub concurrency: Option<Value>,
    /// Why.
    pub reason: String,
}

/// Tells null, which means something, from what was left out.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// All upstreams: one of each integration, and whatever else was ever closed.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(pool: &PgPool) -> Result<Items<Upstream>, Refusal> {
    Ok(Items { items: read(pool, None).await?, next: None })
}

/// A page of them.
///
/// # Errors
/// Names the parameter that cannot be taken.
pub async fn page(pool: &PgPool, after: Option<&str>, limit: Option<&str>) -> Result<Items<Upstream>, Refusal> {
    let (after, limit) = (check::after(after)?.unwrap_or(0), check::limit(limit)?);
    let rest = (1_i64..).zip(read(pool, None).await?).skip_while(|(place, _)| *place <= after);
    let page = check::page(rest.collect(), limit, |(place, _)| *place);
    Ok(Items { items: page.items.into_iter().map(|(_, one)| one).collect(), next: page.next })
}

/// One upstream.
///
/// # Errors
/// When there is no such upstream.
pub async fn show(pool: &PgPool, id: &str) -> Result<Upstream, Refusal> {
    let missing = || Refusal::Missing(format!("there is no upstream \"{id}\"; they are called integration:N"));
    read(pool, Some(id)).await?.pop().ok_or_else(missing)
}

async fn read(pool: &PgPool, id: Option<&str>) -> Result<Vec<Upstream>, Refusal> {
    Ok(sqlx::query_as(include_str!("sql/upstreams.sql")).bind(id).fetch_all(pool).await?)
}

/// Closes, opens or limits an upstream for every worker.
///
/// # Errors
/// Names the field; when there is no such upstream; [`Refusal::NotNow`] for opening one of an inactive integration.
pub async fn change(pool: &PgPool, caller: &Caller, id: &str, change: Change) -> Result<Upstream, Refusal> {
    let reason = check::reason(&change.reason)?;
    let limits = limits(&change)?;
    if change.closed_until.is_none() && limits.is_none() {
        return Err(Refusal::invalid(
            "closed_until",
            "is missing, and so are rate and concurrency: nothing would change",
        ));
    }
    let until = match &change.closed_until {
        Some(given) => Some(until_when(pool, given).await?),
        None => None,
    };
    let before = show(pool, id).await?;
    may_open(pool, &before, until).await?;
    let note = Noted { person: &caller.name, reason: &reason, before: &before };
    again(|| store(pool, &note, &change, until, limits)).await?;
    show(pool, id).await
}

async fn store(
    pool: &PgPool,
    note: &Noted<'_>,
    change: &Change,
    until: Option<Until>,
    limits: Option<Given>,
) -> Result<(), Refusal> {
    let (before, id) = (note.before, note.before.id.as_str());
    let mut tx = pool.begin().await?;
    if let Some((rate, concurrency)) = limits {
        let keep = Limits { rate: before.rate, concurrency: before.concurrency };
        let limits = Limits { rate: rate.unwrap_or(keep.rate), concurrency: concurrency.unwrap_or(keep.concurrency) };
        upstream::limit(&mut tx, id, limits).await?;
        let after = json!({ "upstream": id, "rate": limits.rate, "concurrency": limits.concurrency });
        note.down(&mut tx, "upstream.limit", after).await?;
    }
    if let Some(until) = until {
        // Closing it for a shorter time than it is closed for now takes an opening in between.
        upstream::open(&mut tx, id).await?;
        if let Until::Closed(length) = until {
            let close = Close { upstream: id.to_owned(), length, reason: note.reason.to_owned() };
            upstream::close(&mut tx, &[close], note.person).await?;
        }
        let act = if matches!(until, Until::Open) { "upstream.open" } else { "upstream.close" };
        note.down(&mut tx, act, json!({ "upstream": id, "closed_until": change.closed_until })).await?;
    }
    wake(&mut tx).await?;
    Ok(tx.commit().await?)
}

/// An act on an upstream, to be written down.
struct Noted<'a> {
    person: &'a str,
    reason: &'a str,
    before: &'a Upstream,
}

impl Noted<'_> {
    async fn down(&self, conn: &mut PgConnection, act: &str, after: Value) -> Result<(), Refusal> {
        let before = json!({ "upstream": self.before.id, "was": self.before });
        audit::note(conn, audit::Entry { act, person: self.person, reason: self.reason, before, after }).await
    }
}

/// Opening the upstream of an integration that is switched off would only make its work fail.
async fn may_open(pool: &PgPool, before: &Upstream, until: Option<Until>) -> Result<(), Refusal> {
    // Closed until a time, it would open then.
    let opens = matches!(until, Some(Until::Open | Until::Closed(Length::For(_))));
    if let (true, Some(integration)) = (opens, before.id_integracao)
        && !super::integrations::show(pool, integration).await?.active
    {
        let message = format!(
            "a integração {integration} está inativa: ative-a, e a plataforma se abre / integration {integration} is inactive: activate it, then its upstream opens"
        );
        return Err(Refusal::NotNow { message, legal: vec!["activate"] });
    }
    Ok(())
}

/// A call every quarter of an hour: who wants fewer closes it.
const LEAST_RATE: f64 = 0.001;

/// What is set of the two limits, each if it was given; `None` where neither was.
type Given = (Option<Option<f64>>, Option<Option<i32>>);

fn limits(change: &Change) -> Result<Option<Given>, Refusal> {
    let rate = change.rate.as_ref().map(|given| match given {
        Value::Null => Ok(None),
        other => other.as_f64().filter(|rate| (LEAST_RATE..=1e6).contains(rate)).map(Some).ok_or_else(|| {
            Refusal::invalid("rate", "must be a number of calls a second, from 0.001 to 1000000, or null for no limit")
        }),
    });
    let concurrency = change.concurrency.as_ref().map(|given| match given {
        Value::Null => Ok(None),
        other => {
            let number = other.as_i64().and_then(|n| i32::try_from(n).ok()).filter(|n| (1..=1000).contains(n));
            number.map(Some).ok_or_else(|| {
                Refusal::invalid("concurrency", "must be a whole number from 1 to 1000, or null for no limit")
            })
        }
    });
    let given = (rate.transpose()?, concurrency.transpose()?);
    Ok((given.0.is_some() || given.1.is_some()).then_some(given))
}

/// What an upstream is to be.
#[derive(Clone, Copy)]
enum Until {
    Open,
    Closed(Length),
}

async fn until_when(pool: &PgPool, given: &Value) -> Result<Until, Refusal> {
    let wrong = || Refusal::invalid("closed_until", "must be a time to come, \"infinity\", or null to open it");
    let text = match given {
        Value::Null => return Ok(Until::Open),
        Value::String(text) if text == "infinity" => return Ok(Until::Closed(Length::UntilOpened)),
        Value::String(text) => text,
        _ => return Err(wrong()),
    };
    let now: DateTime<Utc> = sqlx::query_scalar(include_str!("sql/now.sql")).fetch_one(pool).await?;
    let length = (check::time("closed_until", text).map_err(|_| wrong())? - now).to_std();
    Ok(Until::Closed(Length::For(length.map_err(|_| wrong())?)))
}

/// Opens the upstream of an active integration if a refusal of its credentials had closed it; whether it had.
///
/// # Errors
/// When the database refuses.
pub async fn reopen_after_refusal(
    conn: &mut PgConnection,
    caller: &Caller,
    id_integracao: i64,
    reason: &str,
) -> Result<bool, Refusal> {
    let upstream = mapping::upstream_of(id_integracao);
    let query = sqlx::query_scalar(include_str!("sql/closed_by_refusal.sql")).bind(&upstream).bind(id_integracao);
    let closed: bool = query.fetch_one(&mut *conn).await?;
    if closed {
        upstream::open(conn, &upstream).await?;
        let (before, after) = (json!({ "upstream": upstream, "state": "closed" }), json!({ "state": "open" }));
        let entry = audit::Entry { act: "upstream.open", person: &caller.name, reason, before, after };
        audit::note(conn, entry).await?;
        wake(conn).await?;
    }
    Ok(closed)
}

/// Wakes idle workers when the transaction commits.
pub(super) async fn wake(conn: &mut PgConnection) -> Result<(), Refusal> {
    sqlx::query(include_str!("sql/wake.sql")).execute(conn).await?;
    Ok(())
}
