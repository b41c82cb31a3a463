//! The kinds of workflow by name, and what each is ordered by.

use std::sync::LazyLock;

use engine::registry::{Definition, Definitions};
use serde_json::Value;

use super::Refusal;

/// All kinds of contract.md, whether this build runs them or not, and what a viability leaves to be done in the background.
pub const KINDS: [&str; 7] = ["sync", "bind", "unbind", "migrate", "retirement", "viability", "registration"];

/// All that a workflow's status may be.
pub const UNFINISHED: [&str; 5] = ["queued", "running", "waiting", "paused", "parked"];

/// How a workflow may end.
pub const ENDS: [&str; 5] = ["succeeded", "not_applicable", "superseded", "failed", "cancelled"];

/// What a workflow may wait for: a person, for one of the reasons of `engine::workflow::Parked`, and what comes by itself.
pub const WAITS: [&str; 10] = [
    "attempts_spent",
    "rejected",
    "outcome_unknown",
    "approval",
    "bug",
    "undecodable",
    "going_in_circles",
    "upstream",
    "key",
    "time",
];

/// Some of these names, separated by commas.
pub fn some_of(field: &str, text: &str, known: &[&'static str]) -> Result<Vec<&'static str>, Refusal> {
    let one = |name: &str| known.iter().find(|one| **one == name.trim()).copied();
    let names: Option<Vec<&'static str>> = text.split(',').map(one).collect();
    names.ok_or_else(|| Refusal::invalid(field, format!("must be some of {}", known.join(", "))))
}

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(workflows::definitions);

/// The operations that this build knows.
pub fn definitions() -> &'static Definitions {
    &DEFINITIONS
}

/// What a workflow of this kind and payload is ordered by; nothing where this build does not know the kind.
pub fn keys(kind: &str, payload: &Value) -> Vec<String> {
    let admitted = definitions().get(kind).map(|kind: &dyn Definition| kind.admit(payload));
    admitted.and_then(Result::ok).map(|admitted| admitted.keys).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_reason_to_wait_for_a_person_can_be_looked_for() {
        let parked = <engine::workflow::Parked as strum::VariantNames>::VARIANTS;
        assert_eq!(WAITS[..parked.len()], *parked);
    }

    #[test]
    fn keys_are_those_of_the_operation() {
        let payload = json!({ "id_porta_atendimento": 812, "id_cliente_servico": 4411 });
        assert_eq!(keys("bind", &payload), ["port:812", "service:4411"]);
        assert_eq!(keys("sync", &json!({ "id_integracao": 3 })), ["integration:3"]);
        assert!(keys("bind", &json!({})).is_empty() && keys("dance", &payload).is_empty());
    }
}
