//! What people may decide (G12): each declared decision, in each state and with the data that scripts come to there, leads where
//! its table says, with the person's name and reason where the end has room for them; nothing else is decided.

use std::collections::BTreeSet;

use engine::workflow::{Decided, Decision};
use serde_json::{Value, json};
use strum::IntoEnumIterator;

use super::{Stage, kinds, play, rows, scripts::scripts};
use engine::registry::StepRow;

fn by(decision: Decision) -> Decided<'static> {
    Decided { decision, person: "ana", reason: "porta desativada" }
}

#[test]
fn g12_decisions_are_made_at_work_and_lead_to_states_of_the_table() {
    for kind in kinds() {
        let rows = rows(&*kind);
        for (at, row) in &rows {
            let decisions = kind.decisions(at);
            let works = matches!(row, StepRow::Work { .. });
            assert!(works || decisions.is_empty(), "{}: {at} is an end, and nothing is decided there", kind.name());
            let once: BTreeSet<&str> = decisions.iter().map(|(decision, _)| (*decision).into()).collect();
            assert_eq!(once.len(), decisions.len(), "{}: {at} decides something twice", kind.name());
            for (_, there) in decisions {
                assert!(rows.contains_key(there), "{}: {at} is decided to {there}, which is no state", kind.name());
            }
        }
    }
}

#[tokio::test]
async fn g12_every_declared_decision_of_every_operation_works_and_no_other() {
    let (mut decided, mut offered) = (BTreeSet::new(), BTreeSet::new());
    for script in scripts() {
        for stop in play(&script).await.2 {
            let stage = Stage::of(&script, stop.before.clone());
            let declared = stage.kind.decisions(stop.at);
            for decision in Decision::iter() {
                let what = format!("{} ({}) at {}: {decision:?}", script.kind, script.name, stop.at);
                let state = stage.kind.decided(&stop.state, &by(decision));
                let Some((_, there)) = declared.iter().find(|(one, _)| *one == decision) else {
                    assert_eq!(state, None, "{what} is not declared");
                    continue;
                };
                let state = state.unwrap_or_else(|| panic!("{what} is declared"));
                assert_eq!(state["state"], *there, "{what}");
                says_who(&state, &what);
                // It goes on from there: the data is that state's.
                let StepRow::Work { .. } = stage.kind.step(there).unwrap() else {
                    decided.insert((script.kind, stop.at, <&str>::from(decision)));
                    continue;
                };
                let (came, _) = stage.walk(there, state).await;
                assert!(matches!(came, super::Comes::To("finished")), "{what} comes to {came:?}");
                decided.insert((script.kind, stop.at, <&str>::from(decision)));
            }
        }
    }
    for kind in kinds() {
        for at in kind.states() {
            offered
                .extend(kind.decisions(at).into_iter().map(|(decision, _)| (kind.name(), at, <&str>::from(decision))));
        }
    }
    assert_eq!(decided, offered, "each of them in some script");
}

/// A waived workflow's result names who has waived it, in both languages.
fn says_who(state: &Value, what: &str) {
    if let Some(reason) = state.get("reason") {
        let said = json!("dispensado por ana: porta desativada / waived by ana: porta desativada");
        assert_eq!(*reason, said, "{what}");
    }
}
