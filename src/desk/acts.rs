//! Acts on workflows: what people may do to one, and what became of it (G12).

use std::time::Duration;

use engine::{
    acts::{self, Act, Acted, Ask, Person},
    clock,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgPool;
use strum::{Display, EnumString, VariantNames};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Refusal, check, kinds};

/// What people may ask to be done to a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, EnumString, Display, VariantNames, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verb {
    /// Go on from the step that failed, with fresh attempts; with another payload: begin anew with that.
    Retry,
    /// Call it off.
    Cancel,
    /// Waive what it is for.
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

/// What comes with an act.
#[derive(Clone, Debug, Default)]
pub struct With {
    /// Retry: another payload than the one that it was started with.
    pub payload: Option<Value>,
    /// Resolve: `done` or `not_done`.
    pub outcome: Option<String>,
}

impl Verb {
    /// The act with what comes along.
    ///
    /// # Errors
    /// Names what is missing, or does not belong to this act.
    pub fn ask(self, with: With) -> Result<Ask, Refusal> {
        let known = match self {
            Self::Retry => "reason, payload",
            Self::Resolve => "reason, outcome",
            _ => "reason",
        };
        let unknown = |field: &str| Err(Refusal::invalid(field, format!("is not known here; known are {known}")));
        match (self, with) {
            (Self::Resolve, With { payload: None, outcome }) => match outcome.as_deref() {
                Some("done") => Ok(Ask::Resolve { done: true }),
                Some("not_done") => Ok(Ask::Resolve { done: false }),
                _ => Err(Refusal::invalid("outcome", "must be done or not_done: was it written, or not?")),
            },
            (_, With { outcome: Some(_), .. }) => unknown("outcome"),
            (Self::Retry, With { payload, .. }) => match payload {
                Some(payload) if !payload.is_object() => Err(Refusal::invalid("payload", "must be a JSON object")),
                payload => Ok(Ask::Retry { payload }),
            },
            (_, With { payload: Some(_), .. }) => unknown("payload"),
            (Self::Cancel, _) => Ok(Ask::Plain(Act::Cancel)),
            (Self::Skip, _) => Ok(Ask::Plain(Act::Skip)),
            (Self::Pause, _) => Ok(Ask::Plain(Act::Pause)),
            (Self::Resume, _) => Ok(Ask::Plain(Act::Resume)),
            (Self::Approve, _) => Ok(Ask::Plain(Act::Approve)),
            (Self::Refuse, _) => Ok(Ask::Plain(Act::Refuse)),
        }
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
/// [`Refusal::NotNow`] with the legal acts, [`Refusal::Missing`], or [`Refusal::Invalid`] for what was given.
pub async fn act(
    pool: &PgPool,
    caller: &Caller,
    id: Uuid,
    verb: Verb,
    reason: &str,
    with: With,
) -> Result<Done, Refusal> {
    let person = Person { name: caller.name.clone(), reason: check::reason(reason)? };
    let ask = match verb.ask(with) {
        Ok(ask) => ask,
        Err(fault) => return Err(senseless(pool, id, verb).await?.unwrap_or(fault)),
    };
    let until = clock::monotonic() + TAKEN_IN;
    let outcome = loop {
        match acts::act(pool, kinds::definitions(), id, ask.clone(), person.clone()).await? {
            Acted::Done => break "done",
            Acted::Asked => break "asked",
            Acted::Unknown => return Err(Refusal::no_workflow(id)),
            Acted::NotNow { status, legal } if status == "queued" && legal.is_empty() => {
                if clock::monotonic() > until {
                    return Err(nobody_works(verb));
                }
                clock::sleep(LOOKS_AGAIN).await;
            }
            Acted::NotNow { status, legal } => return Err(not_now(verb, &status, legal)),
        }
    };
    let status = sqlx::query_scalar(include_str!("sql/status_of.sql")).bind(id).fetch_one(pool).await?;
    Ok(Done { id, act: verb.to_string(), outcome, status })
}

/// What is wrong with an act whatever comes with it: that is said first.
async fn senseless(pool: &PgPool, id: Uuid, verb: Verb) -> Result<Option<Refusal>, Refusal> {
    let stands = acts::stands(&mut *pool.acquire().await?, kinds::definitions(), id).await?;
    Ok(match stands {
        Acted::Unknown => Some(Refusal::no_workflow(id)),
        Acted::NotNow { status, legal } if !legal.contains(&verb.to_string().as_str()) => {
            Some(not_now(verb, &status, legal))
        }
        _ => None,
    })
}

/// How long an act waits for a worker to take in what was started a moment ago, and how soon it looks again.
const TAKEN_IN: Duration = Duration::from_secs(2);
const LOOKS_AGAIN: Duration = Duration::from_millis(20);

fn nobody_works(verb: Verb) -> Refusal {
    let message = format!("no worker has taken it in yet, so there is nothing to {verb}: start one, and ask again");
    Refusal::NotNow { message, legal: Vec::new() }
}

fn not_now(verb: Verb, status: &str, legal: Vec<&'static str>) -> Refusal {
    let instead = if legal.is_empty() { "nothing can be done to it".to_owned() } else { legal.join(" or ") };
    let message = format!("it makes no sense to {verb} a workflow that is {status}; possible now: {instead}");
    Refusal::NotNow { message, legal }
}
