//! Acts on workflows: what people may do to one, and what became of it (G12).

use engine::acts::{self, Acted, Person};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use strum::{Display, EnumString, VariantNames};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Refusal, check};

/// What people may ask to be done to a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, EnumString, Display, VariantNames, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verb {
    /// Go on from the step that failed, with fresh attempts.
    Retry,
    /// Call it off.
    Cancel,
    /// Take the failed step for done.
    Skip,
    /// Say whether a write whose outcome is unknown was done.
    Resolve,
    /// Stop between two steps.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Let it do what it asks about.
    Approve,
    /// Forbid that.
    Refuse,
}

impl Verb {
    /// Whether this build does it. The others are known, and never legal.
    pub fn offered(self) -> bool {
        matches!(self, Self::Retry | Self::Cancel)
    }
}

/// What became of an act.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Done {
    /// The workflow.
    pub id: Uuid,
    /// What was asked.
    #[schema(example = "cancel")]
    pub act: String,
    /// `done`; or `asked`: a worker holds the workflow and does it between two steps.
    #[schema(example = "done")]
    pub outcome: &'static str,
    /// How the workflow stands now.
    #[schema(example = "cancelled")]
    pub status: String,
}

/// Does it, or asks the worker that holds the workflow.
///
/// # Errors
/// [`Refusal::NotNow`] with the legal acts, [`Refusal::Missing`], or [`Refusal::Invalid`] for the reason.
pub async fn act(pool: &PgPool, caller: &Caller, id: Uuid, verb: Verb, reason: &str) -> Result<Done, Refusal> {
    let person = Person { name: caller.name.clone(), reason: check::reason(reason)? };
    let acted = match verb {
        Verb::Retry => acts::retry(pool, id, person).await?,
        Verb::Cancel => acts::cancel(pool, id, person).await?,
        _ => not_offered(pool, id).await?,
    };
    let outcome = match acted {
        Acted::Done => "done",
        Acted::Asked => "asked",
        Acted::Unknown => return Err(Refusal::no_workflow(id)),
        Acted::NotNow { status, legal } => return Err(not_now(verb, &status, legal)),
    };
    let status = sqlx::query_scalar(include_str!("sql/status_of.sql")).bind(id).fetch_one(pool).await?;
    Ok(Done { id, act: verb.to_string(), outcome, status })
}

async fn not_offered(pool: &PgPool, id: Uuid) -> Result<Acted, Refusal> {
    let status: Option<String> =
        sqlx::query_scalar(include_str!("sql/status_of.sql")).bind(id).fetch_optional(pool).await?;
    Ok(status.map_or(Acted::Unknown, |status| Acted::NotNow { legal: acts::legal(&status), status }))
}

fn not_now(verb: Verb, status: &str, legal: Vec<&'static str>) -> Refusal {
    let instead = if legal.is_empty() { "nothing can be done to it".to_owned() } else { legal.join(" or ") };
    let message = match verb.offered() {
        true => format!("it makes no sense to {verb} a workflow that is {status}; possible now: {instead}"),
        false => format!("this build does not offer {verb}; the workflow is {status}; possible now: {instead}"),
    };
    Refusal::NotNow { message, legal }
}
