//! Which acts make sense: computed here and nowhere else, from how a workflow stands and from its operation's table.

use serde_json::Value;

use crate::{
    registry::{Definition, Definitions},
    workflow::{Decision, Parked},
};

/// What a person may do to a workflow.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString, strum::EnumIter, strum::Display,
)]
#[strum(serialize_all = "snake_case")]
pub enum Act {
    /// Let it go on at once, from the step that failed, with fresh attempts.
    Retry,
    /// Waive what it is for.
    Skip,
    /// Say whether a write whose outcome is unknown was done.
    Resolve,
    /// Let it do what it asks about.
    Approve,
    /// Forbid that.
    Refuse,
    /// Stop it between two steps.
    Pause,
    /// Let it go on after a pause.
    Resume,
    /// Call it off.
    Cancel,
}

/// How a workflow stands, as far as it decides what may be done to it; columns of the view `enlace.workflow`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Stands {
    /// Its operation.
    pub kind: String,
    /// As contract.md names it.
    pub status: String,
    /// Where it stands; `None`: no worker has taken it in.
    pub state: Option<String>,
    /// Why it is parked.
    pub parked: Option<String>,
    /// How many of its keys others hold.
    pub blockers: Option<i16>,
    /// What is asked of the worker that holds it.
    pub asked: Option<Value>,
    /// Whether a worker has taken it in.
    pub taken_in: bool,
}

/// What may be done now, the likeliest first.
pub fn legal(stands: &Stands, kinds: &Definitions) -> Vec<Act> {
    let kind = kinds.get(&stands.kind);
    match stands.status.as_str() {
        _ if !stands.taken_in || asked_act(stands) == Some("cancel") => Vec::new(),
        "running" if asked_act(stands).is_some() => vec![Act::Cancel],
        "running" => vec![Act::Pause, Act::Cancel],
        "queued" => vec![Act::Pause, Act::Cancel],
        "waiting" if stands.blockers.unwrap_or(0) > 0 => vec![Act::Pause, Act::Cancel],
        "waiting" => and_skip(vec![Act::Retry], stands, kind, &[Act::Pause, Act::Cancel]),
        "paused" => vec![Act::Resume, Act::Cancel],
        "parked" => parked(stands, kind),
        _ => Vec::new(),
    }
}

fn parked(stands: &Stands, kind: Option<&dyn Definition>) -> Vec<Act> {
    match stands.parked.as_deref().and_then(|why| why.parse().ok()) {
        Some(Parked::Approval) => {
            let offered = [(Act::Approve, Decision::Approve), (Act::Refuse, Decision::Refuse)];
            let mut acts: Vec<Act> = offered
                .into_iter()
                .filter(|(_, decision)| decides(stands, kind, *decision))
                .map(|(act, _)| act)
                .collect();
            acts.push(Act::Cancel);
            acts
        }
        Some(Parked::OutcomeUnknown) => and_skip(vec![Act::Resolve, Act::Retry], stands, kind, &[Act::Cancel]),
        _ => and_skip(vec![Act::Retry], stands, kind, &[Act::Cancel]),
    }
}

fn and_skip(mut acts: Vec<Act>, stands: &Stands, kind: Option<&dyn Definition>, more: &[Act]) -> Vec<Act> {
    acts.extend(decides(stands, kind, Decision::Skip).then_some(Act::Skip));
    acts.extend(more);
    acts
}

fn decides(stands: &Stands, kind: Option<&dyn Definition>, decision: Decision) -> bool {
    let decisions = kind.zip(stands.state.as_deref()).map(|(kind, at)| kind.decisions(at)).unwrap_or_default();
    decisions.iter().any(|(one, _)| *one == decision)
}

fn asked_act(stands: &Stands) -> Option<&str> {
    stands.asked.as_ref().and_then(|asked| asked.get("act")?.as_str())
}
