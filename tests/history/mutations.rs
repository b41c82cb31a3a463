//! The checker, checked: a recorded history that was correct, made wrong in every way, one way at a time.
//!
//! `recorded.json` is a real run (`recording.rs` makes it anew with `ENLACE_BLESS=1`).

use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use uuid::Uuid;

use super::{At, Change, End, Fate, Hand, History, Rule, Rule::*, Step, Unfinished, check};

/// The recorded history.
pub fn recorded() -> History {
    serde_json::from_str(include_str!("recorded.json")).unwrap()
}

/// A way to be wrong: what is done to the history, and which rules are broken by it (one of them must be found).
struct Wrong {
    name: &'static str,
    breaks: &'static [Rule],
    make: fn(&mut History, &mut SmallRng),
}

const fn wrong(name: &'static str, breaks: &'static [Rule], make: fn(&mut History, &mut SmallRng)) -> Wrong {
    Wrong { name, breaks, make }
}

/// A random index of what fits.
fn any<T>(list: &[T], rng: &mut SmallRng, fits: impl Fn(&T) -> bool) -> usize {
    let fitting: Vec<usize> = (0..list.len()).filter(|at| fits(&list[*at])).collect();
    *fitting.choose(rng).unwrap()
}

/// Two workflows of one port, the first and the next, both worked on.
fn two_of_a_port(history: &History, rng: &mut SmallRng) -> (usize, usize) {
    let worked = |id: Uuid| history.steps.iter().any(|step| step.id == id);
    let mut rows: Vec<usize> = (0..history.outbox.len()).collect();
    rows.sort_by_key(|at| history.outbox[*at].committed);
    let pairs: Vec<(usize, usize)> = rows
        .iter()
        .enumerate()
        .filter_map(|(n, a)| {
            let row = |at: usize| &history.outbox[at];
            let b = *rows[n + 1..].iter().find(|b| row(**b).port == row(*a).port && row(*a).port.is_some())?;
            (worked(row(*a).id) && worked(row(b).id)).then_some((*a, b))
        })
        .collect();
    *pairs.choose(rng).unwrap()
}

fn end_of(history: &History, id: Uuid) -> At {
    history.ends.iter().find(|end| end.id == id).unwrap().committed
}

/// Renumbers a workflow's steps, so that only what is missing between them can be found.
fn renumber(history: &mut History, id: Uuid) {
    let (mut n, mut attempt, mut moved) = (0, 0, true);
    for step in history.steps.iter_mut().filter(|step| step.id == id) {
        (n, attempt) = if moved { (n + 1, 1) } else { (n, attempt + 1) };
        moved = step.next_state.is_some();
        (step.n, step.attempt) = (n, attempt);
    }
}

const WAYS: &[Wrong] = &[
    wrong("an end is lost", &[Lost], |h, rng| {
        let at = any(&h.ends, rng, |_| true);
        h.ends.remove(at);
    }),
    wrong("a committed request is not in the outbox", &[Lost], |h, rng| {
        let at = any(&h.outbox, rng, |row| row.port.is_some());
        h.outbox.remove(at);
    }),
    wrong("the outbox holds what nobody asked for", &[Lost], |h, rng| {
        let at = any(&h.asked, rng, |asked| asked.fate == Fate::Committed);
        h.asked.remove(at);
    }),
    wrong("what was rolled back is done", &[Lost], |h, rng| {
        let at = any(&h.asked, rng, |asked| asked.fate == Fate::Committed);
        h.asked[at].fate = Fate::RolledBack;
    }),
    wrong("the outbox says something else than was asked", &[Lost], |h, rng| {
        let at = any(&h.asked, rng, |asked| asked.fate == Fate::Committed);
        h.asked[at].service += 1;
    }),
    wrong("it waits for nothing", &[Lost], |h, rng| {
        let at = any(&h.ends, rng, |_| true);
        let id = h.ends.remove(at).id;
        let (status, held) = ("queued".to_owned(), false);
        h.unfinished.push(Unfinished { id, status, held, blockers: 0, upstream: None, parked: None, later: false });
    }),
    wrong("a step is missing", &[Lost], |h, rng| {
        let at = any(&h.steps, rng, |step| step.n > 1 && step.next_state.is_some());
        let (id, n) = (h.steps[at].id, h.steps[at].n);
        h.steps.retain(|step| (step.id, step.n) != (id, n));
    }),
    wrong("an end without its step", &[Lost], |h, rng| {
        let at = any(&h.ends, rng, |end| h.steps.iter().filter(|step| step.id == end.id).count() > 1);
        let last = h.steps.iter().rposition(|step| step.id == h.ends[at].id).unwrap();
        h.steps.remove(last);
    }),
    wrong("an end twice", &[Doubled], |h, rng| {
        let end = h.ends[any(&h.ends, rng, |_| true)].clone();
        h.ends.push(End { committed: end.committed + 1, ..end });
    }),
    wrong("it ended and is unfinished", &[Doubled], |h, rng| {
        let id = h.ends[any(&h.ends, rng, |_| true)].id;
        let (status, parked) = ("parked".to_owned(), Some("bug".to_owned()));
        h.unfinished.push(Unfinished { id, status, held: false, blockers: 0, upstream: None, parked, later: false });
    }),
    wrong("a step is done twice", &[Doubled], |h, rng| {
        let at = any(&h.steps, rng, |step| step.outcome == "done");
        let again = Step { attempt: h.steps[at].attempt + 1, ..h.steps[at].clone() };
        h.steps.insert(at + 1, again);
    }),
    wrong("a step after the end", &[Doubled], |h, rng| {
        let end = h.ends[any(&h.ends, rng, |end| h.steps.iter().any(|step| step.id == end.id))].clone();
        let last = h.steps.iter_mut().rfind(|step| step.id == end.id).unwrap();
        last.committed = end.committed + 10;
    }),
    wrong("a write reaches the platform twice", &[Doubled], |h, rng| {
        let at = any(&h.calls, rng, |_| true);
        let mut again = h.calls[at].clone();
        (again.seq, again.at) = (u64::MAX, again.at + 1);
        h.calls.insert(at + 1, again);
    }),
    wrong("commit order is turned round", &[Order], |h, rng| {
        let (a, b) = two_of_a_port(h, rng);
        let committed = h.outbox[a].committed;
        h.outbox[a].committed = h.outbox[b].committed;
        h.outbox[b].committed = committed;
    }),
    wrong("two of a port at once", &[Order], |h, rng| {
        let (a, b) = two_of_a_port(h, rng);
        let (before, id) = (end_of(h, h.outbox[a].id), h.outbox[b].id);
        h.hands.iter_mut().filter(|hand| hand.id == id).min_by_key(|hand| hand.from).unwrap().from = before - 1;
    }),
    wrong("it goes on behind one that has not ended", &[Order], |h, rng| {
        let (a, _) = two_of_a_port(h, rng);
        let id = h.outbox[a].id;
        h.ends.retain(|end| end.id != id);
        let (status, parked) = ("parked".to_owned(), Some("rejected".to_owned()));
        h.unfinished.push(Unfinished { id, status, held: false, blockers: 0, upstream: None, parked, later: false });
    }),
    wrong("a step was recorded before the one before it", &[Order], |h, rng| {
        let at = any(&h.steps, rng, |step| step.n > 1);
        let (id, n) = (h.steps[at].id, h.steps[at].n);
        let before = h.steps.iter().find(|step| step.id == id && step.n == n - 1).unwrap().committed;
        h.steps[at].committed = before - 1;
    }),
    wrong("another worker records", &[Fenced], |h, rng| {
        let at = any(&h.steps, rng, |_| true);
        h.steps[at].worker =
            h.leases.iter().map(|lease| Some(lease.worker)).find(|other| *other != h.steps[at].worker).unwrap();
    }),
    wrong("a worker without a lease records", &[Fenced], |h, rng| {
        let worker = h.steps[any(&h.steps, rng, |_| true)].worker.unwrap();
        h.leases.retain(|lease| lease.worker != worker);
    }),
    wrong("a worker records after its lease was taken away", &[Fenced], |h, rng| {
        let step = h.steps[any(&h.steps, rng, |_| true)].clone();
        let lease = h.leases.iter_mut().find(|lease| Some(lease.worker) == step.worker).unwrap();
        lease.gone = Some(step.committed - 1);
    }),
    wrong("a person decides what no table offers, while a worker holds it", &[Legal, Fenced], |h, rng| {
        let at = any(&h.steps, rng, |step| step.state == "requested" && step.next_state.is_some());
        h.steps[at].worker = None;
    }),
    wrong("two workers hold one workflow", &[Fenced], |h, rng| {
        let at = any(&h.hands, rng, |hand| hand.to.is_some_and(|to| to - hand.from > 10));
        let other = h.leases.iter().find(|lease| lease.worker != h.hands[at].worker).unwrap().worker;
        let from = h.hands[at].to.unwrap() - 5;
        let stolen = Hand { worker: other, from, ..h.hands[at].clone() };
        h.hands.insert(at + 1, stolen);
    }),
    wrong("a worker calls after its lease ran out", &[Fenced], |h, rng| {
        let call = h.calls[any(&h.calls, rng, |_| true)].at;
        h.leases.iter_mut().for_each(|lease| lease.until = lease.until.min(call - 1_000_000));
    }),
    wrong("a call comes after another worker took over", &[Fenced, Explained], |h, rng| {
        let at = any(&h.calls, rng, |_| true);
        let last = h.steps.iter().map(|step| step.committed).max().unwrap();
        h.calls[at].at = last + 1_000_000;
    }),
    wrong("a write of nobody", &[Explained], |h, rng| {
        let at = any(&h.calls, rng, |_| true);
        h.calls[at].at = h.outbox.iter().map(|row| row.committed).min().unwrap() - 1;
    }),
    wrong("a write is missing", &[Explained, Doubled], |h, rng| {
        let at = any(&h.calls, rng, |_| true);
        h.calls.remove(at);
    }),
    wrong("a write to another port", &[Explained, Fenced, Doubled], |h, rng| {
        let at = any(&h.calls, rng, |call| call.changes.len() == 1);
        let other = h.ports.iter().find(|port| port.port != h.calls[at].changes[0].port).unwrap().port;
        h.calls[at].changes[0].port = other;
    }),
    wrong("a write of another customer", &[Explained, Doubled, Fenced], |h, rng| {
        let at = any(&h.calls, rng, |call| call.changes.iter().any(|change| change.plugged));
        h.calls[at].changes.iter_mut().for_each(|change| change.code = Some("1".to_owned()));
    }),
    wrong("somebody else is taken off by the way", &[Explained, Doubled, Fenced], |h, rng| {
        let at = any(&h.calls, rng, |_| true);
        let other = h.ports.iter().find(|port| port.port != h.calls[at].changes[0].port).unwrap().port;
        h.calls[at].changes.push(Change { port: other, code: Some("1".to_owned()), plugged: false });
    }),
    wrong("no look after a write", &[Settled], |h, rng| {
        // The look between two writes of one workflow: taking one customer off, and putting the other on.
        let writes = |state: &str| matches!(state, "clearing" | "attaching" | "detaching");
        let followed = |at: &usize| {
            let [a, b, c] = &h.steps[*at..*at + 3] else { return false };
            a.id == c.id && writes(&a.state) && b.state == "looking" && b.outcome == "done" && writes(&c.state)
        };
        let at: Vec<usize> = (0..h.steps.len() - 2).filter(followed).collect();
        let look = h.steps.remove(at.choose(rng).unwrap() + 1);
        renumber(h, look.id);
    }),
    wrong("an unknown outcome goes on without a look", &[Settled], |h, rng| {
        let at = any(&h.steps, rng, |step| step.outcome == "unknown" || step.outcome == "lost");
        h.steps[at].next_state = Some("attaching".to_owned());
    }),
    wrong("an unknown outcome stays where it was", &[Settled], |h, rng| {
        let at = any(&h.steps, rng, |step| step.outcome == "unknown" || step.outcome == "lost");
        h.steps[at].next_state = None;
        renumber(h, h.steps[at].id);
    }),
    wrong("the platform shows somebody else", &[Equal], |h, rng| {
        let at = any(&h.ports, rng, |port| !port.discrepancy);
        h.ports[at].theirs = Some("7".to_owned());
    }),
    wrong("HubSoft's row is not what it committed", &[Equal], |h, rng| {
        let at = any(&h.ports, rng, |_| true);
        h.ports[at].ours = Some(h.ports[at].ours.unwrap_or_default() + 1);
    }),
    wrong("a port says that it was not sent", &[Equal], |h, rng| {
        let succeeded = |port: i64| {
            h.outbox.iter().any(|row| {
                row.port == Some(port) && h.ends.iter().any(|end| end.id == row.id && end.status == "succeeded")
            })
        };
        let at = any(&h.ports, rng, |port| succeeded(port.port));
        h.ports[at].transmission = "pending".to_owned();
    }),
    wrong("an arrow that is not declared", &[Legal], |h, rng| {
        let at = any(&h.steps, rng, |step| step.state == "requested" && step.next_state.is_some());
        h.steps[at].next_state = Some("attaching".to_owned());
    }),
    wrong("a step where the workflow does not stand", &[Legal], |h, rng| {
        let at = any(&h.steps, rng, |step| step.n == 1);
        h.steps[at].state = "looking".to_owned();
    }),
    wrong("an end that is none", &[Legal], |h, rng| {
        let at = any(&h.ends, rng, |end| end.status == "succeeded");
        h.ends[at].status = "superseded".to_owned();
    }),
    wrong("more failures than the policy allows", &[Patient], |h, rng| {
        let at = any(&h.steps, rng, |step| step.state == "looking" && step.attempt == 1);
        let failed = Step { outcome: "failed".to_owned(), next_state: None, ..h.steps[at].clone() };
        let many = (1..=rng.random_range(16..20)).map(|attempt| Step { attempt, ..failed.clone() });
        h.steps.splice(at..at, many.collect::<Vec<_>>());
        renumber(h, failed.id);
    }),
];

fn found(way: &Wrong, seed: u64) -> Result<(), String> {
    let mut history = recorded();
    (way.make)(&mut history, &mut SmallRng::seed_from_u64(seed));
    let violations = check(&history);
    if violations.iter().any(|violation| way.breaks.contains(&violation.rule)) {
        return Ok(());
    }
    let words: Vec<String> = violations.iter().map(ToString::to_string).collect();
    Err(format!("\"{}\" (seed {seed}) was not found as {:?}; found was {words:#?}", way.name, way.breaks))
}

#[test]
fn the_recorded_history_is_correct_and_holds_what_the_mutations_need() {
    let history = recorded();
    super::assert_correct(&history);
    let has = |outcome: &str| history.steps.iter().any(|step| step.outcome == outcome);
    assert!(has("unknown") && has("lost"), "answers and workers were lost");
    assert!(history.asked.iter().any(|asked| asked.fate == Fate::RolledBack), "HubSoft took something back");
    assert!(history.calls.iter().any(|call| call.fault.is_some()), "a write was struck by a fault and done");
}

#[test]
fn a_history_that_is_wrong_in_any_way_is_found_out() {
    let missed: Vec<String> = WAYS.iter().filter_map(|way| found(way, 1).err()).collect();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    let rules = [Lost, Doubled, Order, Fenced, Settled, Explained, Equal, Legal, Patient];
    let unbroken: Vec<Rule> = rules.into_iter().filter(|rule| !WAYS.iter().any(|way| way.breaks[0] == *rule)).collect();
    assert!(unbroken.is_empty(), "no mutation breaks {unbroken:?}");
}

/// A sync that a person has decided instead of any worker.
#[test]
fn g12_a_persons_decision_is_a_step_of_nobody_where_the_table_offers_it_and_nobody_holds_the_workflow() {
    let mut history = recorded();
    let at = history.outbox.iter().position(|row| row.kind == "sync").unwrap();
    let (id, begun) = (history.outbox[at].id, history.outbox[at].committed);
    let first = history.steps.iter().find(|step| step.id == id).unwrap().clone();
    history.steps.retain(|step| step.id != id);
    let next_state = Some("joined".to_owned());
    let committed = begun + 1;
    history.steps.push(Step { worker: None, outcome: "done".to_owned(), next_state, committed, ..first });
    let hand = history.hands.iter().find(|hand| hand.id == id).unwrap().clone();
    history.hands.retain(|hand| hand.id != id);
    let end = history.ends.iter_mut().find(|end| end.id == id).unwrap();
    (end.status, end.state) = ("superseded".to_owned(), "joined".to_owned());
    let rules = |history: &History| check(history).iter().map(|violation| violation.rule).collect::<Vec<_>>();
    assert_eq!(rules(&history), [Legal], "no table offers it");
    let offers = ("requested".to_owned(), vec!["joined".to_owned()]);
    history.tables.get_mut("sync").unwrap().decisions.extend([offers]);
    super::assert_correct(&history);
    history.hands.push(Hand { from: begun, ..hand });
    assert_eq!(rules(&history), [Fenced], "a worker holds it");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_random_mutation_anywhere_is_found_out(way in 0..WAYS.len(), seed: u64) {
        if let Err(words) = found(&WAYS[way], seed) {
            return Err(TestCaseError::fail(words));
        }
    }
}
