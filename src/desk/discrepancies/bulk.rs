//! All differences that match, settled alike: looked at before, then done like any other act on many, at its pace.

use mapping::discrepancies::{self as stored, Settlement};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{Connection, PgConnection, PgPool};
use utoipa::ToSchema;

use super::{Act, Asked, Discrepancy, Settle};
use crate::desk::{
    Caller, Refusal,
    bulk::{Bulk, TextOrNumber, Which as Named, checked_pace},
    check,
};

/// What such an act's name begins with.
const ACTS: &str = "discrepancy.";
/// How many a preview shows.
const SAMPLE: i64 = 20;

/// Differences to settle alike.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SettleMany, example = json!({ "action": "send", "filter": { "integration": 3, "kind": "not_on_platform" }, "reason": "rede refeita", "preview": true }))]
pub struct Start {
    /// How each is settled.
    pub action: Settle,
    /// Which of those that are open: at least one of its fields.
    pub filter: Filter,
    /// Why: 1 to 200 characters, for the audit.
    pub reason: String,
    /// Only say what it would do.
    #[serde(default)]
    pub preview: bool,
    /// How many a second, 1 to 1000; else 20.
    #[schema(example = 20)]
    pub pace: Option<i32>,
}

/// Which, as the list takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// `id_integracao`, as text or as a number.
    #[serde(deserialize_with = "Named::text", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TextOrNumber>)]
    pub integration: Option<String>,
    /// `id_projeto`, as text or as a number.
    #[serde(deserialize_with = "Named::text", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TextOrNumber>)]
    pub project: Option<String>,
    /// `id_porta_atendimento`, as text or as a number.
    #[serde(deserialize_with = "Named::text", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TextOrNumber>)]
    pub port: Option<String>,
    /// `id_caixa_optica`, as text or as a number.
    #[serde(rename = "box", deserialize_with = "Named::text", skip_serializing_if = "Option::is_none")]
    #[schema(rename = "box")]
    pub of_box: Option<String>,
    /// Kinds, separated by commas.
    #[serde(deserialize_with = "Named::text", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<TextOrNumber>)]
    pub kind: Option<String>,
}

impl Filter {
    fn which(&self) -> Result<stored::Which, Refusal> {
        if *self == Self::default() {
            return Err(Refusal::invalid("filter", "must narrow differences down, by integration for instance"));
        }
        let Self { integration, project, port, of_box, kind } = self.clone();
        let asked = Asked { integration, project, port, of_box, kind, ..Asked::default() };
        asked.which().map_err(|refusal| match refusal {
            Refusal::Invalid { field, message } => Refusal::Invalid { field: format!("filter.{field}"), message },
            other => other,
        })
    }
}

/// What it would do now. Nothing is stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SettleManyPreview)]
pub struct Preview {
    /// How many match.
    pub matching: i64,
    /// The same by kind.
    pub by_kind: Vec<OfKind>,
    /// Some of them, newest first, each with what may be done about it.
    pub sample: Vec<Discrepancy>,
}

/// Of one kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OfKind {
    /// Which.
    #[schema(example = "not_on_platform")]
    pub kind: String,
    /// How many match.
    pub matching: i64,
}

/// What it would do.
///
/// # Errors
/// Names what cannot be taken.
pub async fn preview(pool: &PgPool, caller: &Caller, start: &Start) -> Result<Preview, Refusal> {
    check::reason(&start.reason)?;
    let which = start.filter.which()?;
    let mut conn = pool.acquire().await?;
    let counted = stored::count(&mut conn, &which).await?;
    let sample = stored::list(&mut conn, &which, "open", None, SAMPLE).await?;
    let by_kind: Vec<OfKind> = counted.into_iter().map(|(kind, matching)| OfKind { kind, matching }).collect();
    Ok(Preview {
        matching: by_kind.iter().map(|of| of.matching).sum(),
        by_kind,
        sample: sample.into_iter().map(|one| Discrepancy::of(one, caller)).collect(),
    })
}

/// Asks for it; whichever process leads does it.
///
/// # Errors
/// Names what cannot be taken; nothing is stored then.
pub async fn start(pool: &PgPool, caller: &Caller, start: &Start) -> Result<Bulk, Refusal> {
    let (reason, which) = (check::reason(&start.reason)?, start.filter.which()?);
    let pace = checked_pace(start.pace)?;
    let filter = serde_json::to_value(&start.filter).map_err(|error| Refusal::Failed(error.to_string()))?;
    let mut tx = pool.begin().await?;
    let total: i64 = stored::count(&mut tx, &which).await?.into_iter().map(|(_, count)| count).sum();
    let query = sqlx::query_as(include_str!("../sql/bulk_settle.sql")).bind(format!("{ACTS}{}", start.action));
    let query = query.bind(json!({})).bind(filter).bind(&caller.name).bind(reason).bind(pace).bind(total);
    let bulk: Bulk = query.fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(bulk)
}

/// How this act on many settles differences, if it is one.
pub(in crate::desk) fn settles(bulk: &Bulk) -> Option<Settlement> {
    bulk.action.strip_prefix(ACTS)?.parse().ok()
}

/// What a batch did.
#[derive(Default)]
pub(in crate::desk) struct Batch {
    pub(in crate::desk) done: i64,
    pub(in crate::desk) skipped: i64,
    pub(in crate::desk) failed: i64,
    /// How many it looked at, and the last one's number.
    pub(in crate::desk) seen: usize,
    pub(in crate::desk) last: Option<i64>,
}

/// Settles the next ones; one that the database refuses is no reason to leave the others alone.
pub(in crate::desk) async fn batch(
    conn: &mut PgConnection,
    bulk: &Bulk,
    before: i64,
    size: i32,
    how: Settlement,
) -> Result<Batch, Refusal> {
    let filter: Filter =
        serde_json::from_value(bulk.filter.clone()).map_err(|error| Refusal::Failed(error.to_string()))?;
    let page = stored::list(conn, &filter.which()?, "open", Some(before), i64::from(size)).await?;
    let act = Act { person: &bulk.person, reason: &bulk.reason, bulk: Some(bulk.id), how };
    let mut batch = Batch { seen: page.len(), last: page.last().map(|one| one.id), ..Batch::default() };
    for one in page {
        let mut apart = conn.begin().await?;
        match act.on(&mut apart, one.id).await {
            Ok(_) => {
                apart.commit().await?;
                batch.done += 1;
            }
            Err(again @ (Refusal::Again | Refusal::Later(_))) => return Err(again),
            Err(refusal) => {
                apart.rollback().await?;
                match refusal {
                    Refusal::NotNow { .. } | Refusal::Missing(_) => batch.skipped += 1,
                    other => {
                        tracing::warn!(error = %other, discrepancy = one.id, "it could not be settled");
                        batch.failed += 1;
                    }
                }
            }
        }
    }
    Ok(batch)
}
