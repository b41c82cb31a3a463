//! Every operation, held to what the engine relies on: its table, its words, and what its steps do when they are run twice or
//! fail. No database: the scripts run over ports that are made up.

mod decisions;
mod samples;
mod scripts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::DateTime;
use engine::registry::{Advanced, Kind, RunView, StepRow};
use engine::runner::restated;
use engine::workflow::{Class, Failure, Parked, Text};
use mapping::change::SyncPart;
use mapping::{Change, Transmission};
use platforms::FailureKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::doubles::{Facts, Fails, PORT, World, operations};
use scripts::{Comes, Script, scripts};

/// What a step answered, to be compared.
#[derive(Debug, PartialEq)]
enum Answer {
    To(&'static str, Value, Vec<Change>),
    Again,
    Park,
    Failed(Class, String),
}

impl From<Advanced<Change>> for Answer {
    fn from(advanced: Advanced<Change>) -> Self {
        match advanced {
            Advanced::To { at, state, changes } => Answer::To(at, state, changes),
            Advanced::Again { .. } => Answer::Again,
            Advanced::Park { .. } => Answer::Park,
            Advanced::Failed(failure) => Answer::Failed(failure.class, failure.code),
        }
    }
}

/// A step as it was found on a walk: where, with which data, in which world, and what it asked.
struct Stop {
    at: &'static str,
    state: Value,
    before: Facts,
    calls: Vec<&'static str>,
}

/// A script's operation in a world of its own.
struct Stage {
    world: World,
    kind: Arc<dyn Kind<Change>>,
    run: RunView,
}

impl Stage {
    fn of(script: &Script, facts: Facts) -> Self {
        let world = World::of(facts);
        let kind = Arc::clone(operations(&world).get(script.kind).unwrap());
        let payload = Arc::new(script.payload.clone());
        let run = RunView { id: Uuid::nil(), position: 1, enqueued_at: DateTime::UNIX_EPOCH, payload };
        Self { world, kind, run }
    }

    async fn advance(&self, state: &Value) -> Answer {
        self.kind.advance(state, &self.run).await.into()
    }

    /// Goes from here as far as it goes; answers what it came to, and the stops on the way.
    async fn walk(&self, mut at: &'static str, mut state: Value) -> (Comes, Vec<Stop>) {
        let mut stops = Vec::new();
        for _ in 0..200 {
            let Some(StepRow::Work { leads_to, .. }) = self.kind.step(at) else { return (Comes::To(at), stops) };
            let before = self.world.facts();
            self.world.take_calls();
            let answer = self.advance(&state).await;
            stops.push(Stop { at, state, before, calls: self.world.take_calls() });
            match answer {
                Answer::To(there, data, changes) => {
                    assert!(leads_to.contains(&there), "{}: {at} → {there} is not declared", self.kind.name());
                    self.world.apply(&changes);
                    (at, state) = (there, data);
                }
                Answer::Again => return (Comes::Again, stops),
                Answer::Park => return (Comes::Parked, stops),
                Answer::Failed(Class::Rejected, code) => return (Comes::Refused(code), stops),
                other => panic!("{} at {at}: {other:?}", self.kind.name()),
            }
        }
        panic!("{} goes in circles at {at}", self.kind.name());
    }

    fn begins(&self) -> (&'static str, Value) {
        let admitted = self.kind.admit(&self.run.payload).unwrap();
        (admitted.at, admitted.state)
    }

    fn settles(&self, at: &str) -> Option<&'static str> {
        match self.kind.step(at) {
            Some(StepRow::Work { settled_by, .. }) => settled_by,
            _ => None,
        }
    }
}

/// A script from its beginning.
async fn play(script: &Script) -> (Comes, Facts, Vec<Stop>) {
    let stage = Stage::of(script, script.facts.clone());
    let (at, state) = stage.begins();
    let (came, stops) = stage.walk(at, state).await;
    (came, stage.world.facts(), stops)
}

fn kinds() -> Vec<Arc<dyn Kind<Change>>> {
    operations(&World::default()).iter().cloned().collect()
}

fn rows(kind: &dyn Kind<Change>) -> BTreeMap<&'static str, StepRow> {
    kind.states().into_iter().map(|at| (at, kind.step(at).unwrap())).collect()
}

fn arrows(row: &StepRow) -> &[&'static str] {
    match row {
        StepRow::Work { leads_to, .. } => leads_to,
        StepRow::End { .. } => &[],
    }
}

/// The states that can be reached from `at`, itself included.
fn reached<'a>(from: &'a str, rows: &BTreeMap<&'static str, StepRow>) -> BTreeSet<&'a str> {
    let (mut seen, mut left) = (BTreeSet::from([from]), vec![from]);
    while let Some(at) = left.pop() {
        left.extend(arrows(&rows[at]).iter().filter(|there| seen.insert(there)));
    }
    seen
}

#[test]
fn every_state_can_be_reached_and_every_state_can_end() {
    for kind in kinds() {
        let (name, rows) = (kind.name(), rows(&*kind));
        let first = kind.states()[0];
        let from_first = reached(first, &rows);
        // A person's decision is a way, too.
        let decided: Vec<&str> = rows.keys().flat_map(|at| kind.decisions(at)).map(|(_, there)| there).collect();
        for (at, row) in &rows {
            let found = from_first.contains(at) || decided.contains(at);
            assert!(found, "{name}: {at} is never reached from {first}");
            let ends = |there: &&str| matches!(rows[there], StepRow::End { .. });
            assert!(reached(at, &rows).iter().any(ends), "{name}: {at} leads to no end");
            assert!(arrows(row).iter().all(|there| rows.contains_key(there)), "{name}: {at} leads out of the table");
        }
    }
}

#[test]
fn g3_every_write_is_settled_by_a_look() {
    for kind in kinds() {
        let rows = rows(&*kind);
        for (at, row) in &rows {
            let StepRow::Work { settled_by: Some(look), .. } = row else { continue };
            let looks = matches!(rows.get(look), Some(StepRow::Work { settled_by: None, .. }));
            assert!(looks, "{}: {at} is settled by {look}, which does not look", kind.name());
            let back = reached(look, &rows).contains(at);
            assert!(back, "{}: what was not done in {at} is never done after {look}", kind.name());
        }
    }
}

#[test]
fn names_are_snake_case_and_every_text_is_there_in_both_languages() {
    let snake = |name: &str| {
        name.split('_')
            .all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
    };
    let said = |text: Text| !text.pt.trim().is_empty() && !text.en.trim().is_empty() && text.pt != text.en;
    for kind in kinds() {
        assert!(snake(kind.name()) && said(kind.about()), "{}", kind.name());
        for (at, row) in rows(&*kind) {
            assert!(snake(at) && said(row.text()), "{}: {at}", kind.name());
        }
    }
}

#[tokio::test]
async fn every_script_comes_to_its_end() {
    for script in scripts() {
        let (came, _, _) = play(&script).await;
        assert_eq!(came, script.comes, "{}: {}", script.kind, script.name);
    }
}

#[tokio::test]
async fn every_operation_begins_where_its_file_does_and_every_arrow_is_taken() {
    let mut taken = BTreeSet::new();
    for script in scripts() {
        let (came, _, stops) = play(&script).await;
        let end = if let Comes::To(at) = came { Some(at) } else { None };
        let road: Vec<&str> = stops.iter().map(|stop| stop.at).chain(end).collect();
        taken.extend(road.windows(2).map(|pair| format!("{}: {} → {}", script.kind, pair[0], pair[1])));
    }
    let mut never = Vec::new();
    for kind in kinds() {
        let script = scripts().into_iter().find(|script| script.kind == kind.name());
        let script = script.unwrap_or_else(|| panic!("\"{}\" has no script in every_workflow/scripts.rs", kind.name()));
        assert_eq!(Stage::of(&script, script.facts.clone()).begins().0, kind.states()[0], "{}", kind.name());
        for (at, row) in rows(&*kind) {
            never.extend(arrows(&row).iter().map(|there| format!("{}: {at} → {there}", kind.name())));
        }
    }
    never.retain(|arrow| !taken.contains(arrow));
    assert!(never.is_empty(), "declared, and taken by no script:\n{}", never.join("\n"));
}

/// A step may run again after a crash: a look asks again and changes nothing; a write that was not done is done the same way.
#[tokio::test]
async fn g2_every_step_run_twice_answers_the_same() {
    for script in scripts() {
        for stop in play(&script).await.2 {
            let stage = Stage::of(&script, stop.before.clone());
            let once = stage.advance(&stop.state).await;
            let writes = stage.world.take_calls().iter().filter(|call| ["attach", "detach"].contains(call)).count();
            let what = format!("{} ({}) at {}", script.kind, script.name, stop.at);
            if stage.settles(stop.at).is_some() {
                let refused = matches!(once, Answer::Failed(..));
                assert!(writes == usize::from(!refused), "{what}: one outside effect a state, {writes} made");
                stage.world.restore(stop.before);
            } else {
                assert!(writes == 0 && stage.world.facts() == stop.before, "{what}: a look changes nothing");
            }
            assert_eq!(stage.advance(&stop.state).await, once, "{what}");
        }
    }
}

/// The ways in which a call can fail, and the class that each must have.
fn ways(call: &str) -> Vec<(Fails, Class)> {
    if call.starts_with("hubsoft.") {
        return vec![(Fails::Database, Class::Transient)];
    }
    vec![
        (Fails::Before(FailureKind::Transient), Class::Transient),
        (Fails::Before(FailureKind::Throttled), Class::Throttled),
        (Fails::Before(FailureKind::Unauthorised), Class::Unauthorised),
        (Fails::Before(FailureKind::Misconfigured), Class::Unauthorised),
        (Fails::Before(FailureKind::Rejected), Class::Rejected),
        (Fails::Before(FailureKind::Unknown), Class::Unknown),
        (Fails::AnswerLost, Class::Unknown),
    ]
}

#[tokio::test]
async fn b6_every_call_failed_once_in_every_way_comes_to_the_same_end() {
    for script in scripts() {
        let (came, facts, stops) = play(&script).await;
        for stop in &stops {
            for (nth, call) in stop.calls.iter().enumerate() {
                for (fails, class) in ways(call) {
                    let what = format!("{} ({}) at {}, {call} {fails:?}", script.kind, script.name, stop.at);
                    let stage = Stage::of(&script, stop.before.clone());
                    stage.world.fail(nth, fails);
                    let failed = stage.advance(&stop.state).await;
                    if script.kind == "viability" && !call.starts_with("hubsoft.") {
                        // V4, V5: a person is answered all the same; what was not told goes on in the background.
                        let Answer::To(at @ ("searching" | "answered"), state, _) = failed else {
                            panic!("{what}: {failed:?}")
                        };
                        assert_eq!(stage.walk(at, state).await.0, came, "{what}");
                        continue;
                    }
                    assert!(matches!(failed, Answer::Failed(was, _) if was == class), "{what}: {failed:?}");
                    // As the engine goes on after a failure: where the write is settled, or in the same state.
                    let (at, state) = match stage.settles(stop.at) {
                        Some(look) => (look, restated(&stop.state, look)),
                        None => (stop.at, stop.state.clone()),
                    };
                    assert_eq!(stage.walk(at, state).await.0, came, "{what}");
                    assert_eq!(stage.world.facts(), facts, "{what}");
                }
            }
        }
    }
}

/// A worker that dies in a write, before or after the platform did it: another one begins in the settling state.
#[tokio::test]
async fn g3_a_write_that_was_interrupted_comes_to_the_same_end() {
    let mut settled = BTreeSet::new();
    for script in scripts() {
        let (came, facts, stops) = play(&script).await;
        for stop in &stops {
            let Some(look) = Stage::of(&script, stop.before.clone()).settles(stop.at) else { continue };
            for done in [false, true] {
                let stage = Stage::of(&script, stop.before.clone());
                if done {
                    stage.advance(&stop.state).await;
                }
                assert_eq!(
                    stage.walk(look, restated(&stop.state, look)).await.0,
                    came,
                    "{} at {}",
                    script.kind,
                    stop.at
                );
                assert_eq!(stage.world.facts(), facts, "{} at {}", script.kind, stop.at);
            }
            settled.insert((script.kind, stop.at));
        }
    }
    for kind in kinds() {
        for (at, row) in rows(&*kind) {
            let writes = matches!(row, StepRow::Work { settled_by: Some(_), .. });
            assert!(!writes || settled.contains(&(kind.name(), at)), "{}: no script writes in {at}", kind.name());
        }
    }
}

#[test]
fn b10_a_port_shows_the_trouble_of_its_work() {
    let payload = json!({ "id_porta_atendimento": PORT, "id_cliente_servico": 1 });
    let failed = || Transmission::Failed("no".to_owned());
    for name in ["bind", "unbind"] {
        let kind = kinds().into_iter().find(|kind| kind.name() == name).unwrap();
        for (class, parked, shows) in [
            (Class::Transient, None, Transmission::Pending),
            (Class::Throttled, None, Transmission::Pending),
            (Class::Unauthorised, None, Transmission::Pending),
            (Class::Transient, Some(Parked::AttemptsSpent), failed()),
            (Class::Rejected, Some(Parked::Rejected), failed()),
            (Class::Bug, Some(Parked::Bug), failed()),
            (Class::Unknown, None, Transmission::Unknown),
            (Class::Unknown, Some(Parked::OutcomeUnknown), Transmission::Unknown),
        ] {
            let told = kind.in_trouble(&payload, "looking", &Failure::new(class, "test.no", "no"), parked);
            assert_eq!(told, [Change::Transmission { port: PORT, shows }], "{name}, {class:?}, {parked:?}");
        }
    }
}

#[test]
fn s11_a_project_shows_why_its_sync_ended() {
    let kind = kinds().into_iter().find(|kind| kind.name() == "sync").unwrap();
    let failure = Failure::new(Class::Transient, "test.no", "no");
    let told = |parked| kind.in_trouble(&json!({ "id_integracao": 3 }), "pulling_boxes", &failure, parked);
    assert_eq!(told(None), []);
    let failed = Change::Sync { integration: 3, part: SyncPart::Failed("no".to_owned()) };
    assert_eq!(told(Some(Parked::AttemptsSpent)), [failed]);
}
