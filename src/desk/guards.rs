//! Syncs that wait for a person's word before they mark much of the network missing (rule S9): what would vanish, as a list and as
//! points. To say yes or no is an act on the workflow, `approve` or `refuse`.

use chrono::{DateTime, Utc};
use platforms::ElementKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgPool;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Caller, Items, Refusal, check, kinds, workflows::Explanation};

/// Points are drawn by the cells of a grid of so many each way.
const CELLS: i32 = 48;
/// The kinds as they are stored.
const KINDS: [&str; 4] = ["box", "splitter", "pole", "cable"];

/// A sync that asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Guard {
    /// The workflow.
    pub id: Uuid,
    /// The integration that is synced.
    pub id_integracao: i64,
    /// Its name.
    pub integration_name: Option<String>,
    /// Its platform.
    #[schema(example = "ozmap")]
    pub platform: Option<String>,
    /// The project that it fills.
    pub id_projeto: Option<i64>,
    /// Its name.
    pub projeto: Option<String>,
    /// When the sync began.
    pub begun_at: DateTime<Utc>,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// What it asks.
    pub explanation: Explanation,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    id_integracao: i64,
    integration_name: Option<String>,
    platform: Option<String>,
    id_projeto: Option<i64>,
    projeto: Option<String>,
    begun_at: DateTime<Utc>,
    since: DateTime<Utc>,
    explained: Value,
}

/// How much of a kind would vanish.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GuardOfKind)]
pub struct OfKind {
    /// `box`, `splitter`, `pole` or `cable`.
    #[schema(example = "box")]
    pub kind: String,
    /// How many the platform no longer shows.
    #[schema(example = 41)]
    pub missing: u64,
    /// Of how many.
    #[schema(example = 120)]
    pub known: u64,
}

/// Something that would be marked missing.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Gone {
    /// `box`, `splitter`, `pole` or `cable`.
    #[schema(example = "box")]
    pub kind: String,
    /// HubSoft's number of it.
    #[schema(example = 91)]
    pub id: i64,
    /// Its name.
    #[schema(example = "CTO-091")]
    pub nome: Option<String>,
    /// The platform's id of it.
    pub external_id: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// How many customers HubSoft has there.
    pub customers: i64,
}

/// Boxes that stand close together, and how many of them would vanish.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Spot {
    /// Their middle, degrees north.
    pub latitude: f64,
    /// Their middle, degrees east.
    pub longitude: f64,
    /// How many.
    pub count: i64,
    /// How many of them would vanish.
    pub gone: i64,
}

/// A sync that asks, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GuardShown {
    /// What the list shows.
    #[serde(flatten)]
    pub guard: Guard,
    /// How much would vanish, by kind.
    pub kinds: Vec<OfKind>,
    /// Of which kind `items` are.
    #[schema(example = "box")]
    pub kind: String,
    /// What would vanish of that kind, in the order of numbers.
    pub items: Vec<Gone>,
    /// Give it as `after` to get the next page; null: this was the last.
    pub next: Option<String>,
    /// All boxes of the project by place, in at most 2,304 spots.
    pub spots: Vec<Spot>,
}

/// Which part of what would vanish is shown.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `box`, `splitter`, `pole` or `cable`; left out: the first that would lose anything.
    #[param(example = "box")]
    pub kind: Option<String>,
    /// The `next` of a former page.
    pub after: Option<String>,
    /// Most items of the page: 1 to 500, else 50.
    #[param(example = "50")]
    pub limit: Option<String>,
}

/// All that ask, the longest waiting first.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(pool: &PgPool, caller: &Caller) -> Result<Items<Guard>, Refusal> {
    Ok(Items { items: read(pool, caller, None).await?, next: None })
}

/// One that asks, with what would vanish.
///
/// # Errors
/// [`Refusal::Missing`] where no sync of this id asks, any more for instance; else names the parameter that cannot be taken.
pub async fn show(pool: &PgPool, caller: &Caller, id: Uuid, asked: &Asked) -> Result<GuardShown, Refusal> {
    let (after, limit) = (check::after(asked.after.as_deref())?, check::limit(asked.limit.as_deref())?);
    let named = asked.kind.as_deref().map(|name| kinds::some_of("kind", name, &KINDS)).transpose()?;
    let missing = || {
        Refusal::Missing(format!(
            "a sincronização {id} não espera aprovação, ou não espera mais / sync {id} waits for no approval, or does no longer"
        ))
    };
    let guard = read(pool, caller, Some(id)).await?.pop().ok_or_else(missing)?;
    let of_kinds = of_kinds(pool, id).await?;
    let losing = of_kinds.iter().find(|of| of.missing > 0).map_or("box", |of| of.kind.as_str());
    let kind = named.and_then(|names| names.first().copied()).unwrap_or(losing).to_owned();
    let chosen = of_kinds.iter().any(|of| of.kind == kind);
    let query = sqlx::query_as(include_str!("sql/guard_gone.sql")).persistent(false).bind(id).bind(&kind);
    let query = query.bind(after.unwrap_or(0)).bind(if chosen { i64::from(limit) + 1 } else { 0 });
    let Items { items, next } = check::page(query.fetch_all(pool).await?, limit, |one: &Gone| one.id);
    let query = sqlx::query_as(include_str!("sql/guard_points.sql")).persistent(false).bind(id).bind(CELLS);
    let mut spots: Vec<Spot> = query.fetch_all(pool).await?;
    if !of_kinds.iter().any(|of| of.kind == "box") {
        // Boxes are not searched for what is gone: all of them stay.
        spots.iter_mut().for_each(|spot| spot.gone = 0);
    }
    Ok(GuardShown { guard, kinds: of_kinds, kind, items, next, spots })
}

async fn of_kinds(pool: &PgPool, id: Uuid) -> Result<Vec<OfKind>, Refusal> {
    let left: Vec<String> = sqlx::query_scalar(include_str!("sql/guard_kinds.sql")).bind(id).fetch_one(pool).await?;
    let mut all = Vec::new();
    for kind in left.iter().filter_map(|name| name.parse::<ElementKind>().ok()) {
        let vanishing = mapping::store::would_vanish(pool, id, kind).await?;
        let kind = <&str>::from(kind).to_owned();
        all.push(OfKind { kind, missing: vanishing.missing, known: vanishing.known });
    }
    Ok(all)
}

async fn read(pool: &PgPool, caller: &Caller, id: Option<Uuid>) -> Result<Vec<Guard>, Refusal> {
    let query = sqlx::query_as(include_str!("sql/guards.sql")).persistent(false).bind(id);
    let rows: Vec<Row> = query.fetch_all(pool).await?;
    let guard = |row: Row| Guard {
        id: row.id,
        id_integracao: row.id_integracao,
        integration_name: row.integration_name,
        platform: row.platform,
        id_projeto: row.id_projeto,
        projeto: row.projeto,
        begun_at: row.begun_at,
        since: row.since,
        explanation: Explanation::of(&row.explained, caller),
    };
    Ok(rows.into_iter().map(guard).collect())
}
