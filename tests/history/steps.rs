//! What was recorded, by itself: no step twice, every arrow declared, no attempt more than the policy allows, and every
//! record by a worker that held the workflow under a lease.

use std::collections::HashMap;

use uuid::Uuid;

use super::{History, Lease, Notes, Rule, Step, Story, clock};

pub fn check(history: &History, stories: &[Story<'_>], notes: &mut Notes) {
    let leases: HashMap<Uuid, &Lease> = history.leases.iter().map(|lease| (lease.worker, lease)).collect();
    for story in stories {
        numbered(story, notes);
        legal(story, notes);
        ended(story, notes);
        patient(story, notes);
        fenced(story, &leases, notes);
    }
}

/// Steps are numbered from 1 without a gap, attempts of each as well, and only the last of them moved the workflow.
fn numbered(story: &Story<'_>, notes: &mut Notes) {
    let mut before: Option<&Step> = None;
    for step in &story.steps {
        let moved = before.is_none_or(|b| b.next_state.is_some());
        let n = before.map_or(0, |b| b.n);
        let expected = if moved { (n + 1, 1) } else { (n, before.map_or(0, |b| b.attempt) + 1) };
        if (step.n, step.attempt) != expected {
            let twice = before.is_some_and(|b| (b.n, b.attempt) == (step.n, step.attempt) || b.n == step.n && moved);
            let rule = if twice { Rule::Doubled } else { Rule::Lost };
            let (n, attempt) = expected;
            notes.add(rule, format!("{story}: step {}.{} stands where {n}.{attempt} belongs", step.n, step.attempt));
        }
        if let Some(b) = before.filter(|b| b.committed > step.committed) {
            let words = format!("{story}: step {} was recorded at {}", step.n, clock(step.committed));
            notes.add(Rule::Order, format!("{words}, before the one before it at {}", clock(b.committed)));
        }
        before = Some(step);
    }
}

/// Each step is done where the one before it led, and leads where the table says.
fn legal(story: &Story<'_>, notes: &mut Notes) {
    let mut stands = story.table.begin.as_str();
    for step in &story.steps {
        if step.state != stands {
            let words = format!("{story}: step {} was done in {}", step.n, step.state);
            notes.add(Rule::Legal, format!("{words}, though the workflow stood in {stands}"));
        }
        let Some(next) = &step.next_state else { continue };
        let work = story.table.works.get(&step.state);
        let declared = match work {
            _ if step.worker.is_none() => decided(story, step, next),
            Some(work) if step.outcome == "done" => work.leads_to.contains(next),
            Some(work) => work.settled_by.as_ref() == Some(next),
            None => step.state == *next && story.table.ends.contains_key(next),
        };
        if !declared {
            let words = format!("{story}: step {} led from {} to {next}", step.n, step.state);
            notes.add(Rule::Legal, format!("{words} as \"{}\", which no table declares", step.outcome));
        }
        stands = next;
    }
}

/// A person sent it there: as the table offers, or, after a write whose outcome is unknown, back to that write.
fn decided(story: &Story<'_>, step: &Step, next: &str) -> bool {
    let offered = story.table.decisions.get(&step.state).is_some_and(|offered| offered.iter().any(|to| to == next));
    let before = story.steps.iter().rev().find(|before| before.n < step.n && before.next_state.is_some());
    let not_done = before.is_some_and(|b| matches!(b.outcome.as_str(), "unknown" | "lost") && b.state == next);
    step.outcome == "done" && (offered || not_done)
}

/// It ended once, where and how the table says, with its last record, and nothing was recorded afterwards.
fn ended(story: &Story<'_>, notes: &mut Notes) {
    let Some(end) = story.end else { return };
    let stands = story.steps.iter().rev().find_map(|step| step.next_state.as_deref());
    match story.table.ends.get(&end.state) {
        Some(status) if *status == end.status && stands == Some(end.state.as_str()) => {}
        _ if matches!(end.status.as_str(), "failed" | "cancelled") => {}
        Some(status) if *status == end.status => {
            notes.add(Rule::Lost, format!("{story} ended in {}, though its last step led to {stands:?}", end.state));
        }
        _ => notes.add(Rule::Legal, format!("{story} ended {} in {}, which is no such end", end.status, end.state)),
    }
    for step in story.steps.iter().filter(|step| step.committed > end.committed) {
        let words = format!("{story} ended at {}", clock(end.committed));
        notes.add(Rule::Doubled, format!("{words}, and step {} was recorded at {}", step.n, clock(step.committed)));
    }
}

/// Failures in a row stay within the policy of the state.
fn patient(story: &Story<'_>, notes: &mut Notes) {
    let mut failures: HashMap<&str, usize> = HashMap::new();
    for step in &story.steps {
        match step.outcome.as_str() {
            "failed" | "unknown" => {
                let count = failures.entry(&step.state).or_default();
                *count += 1;
                let allowed = story.table.works.get(&step.state).map_or(1, |work| work.attempts);
                if *count > allowed {
                    let words = format!("{story}: failure {count} in a row in {}", step.state);
                    notes.add(Rule::Patient, format!("{words}, of {allowed} that the policy allows"));
                }
            }
            "done" => {
                failures.remove(step.state.as_str());
            }
            _ => {}
        }
    }
}

/// A record is written by whoever holds the workflow, while he has a lease. Its lease may run out between the check and the
/// commit, by as long as a transaction may stand idle; whoever takes over cannot do so before that transaction ended.
fn fenced(story: &Story<'_>, leases: &HashMap<Uuid, &Lease>, notes: &mut Notes) {
    for step in &story.steps {
        let at = step.committed;
        let holds = |hand: &&&super::Hand| hand.from <= at && hand.to.is_none_or(|to| at <= to);
        let Some(worker) = step.worker else {
            // A person: only while nobody holds it.
            if let Some(hand) = story.hands.iter().find(holds) {
                let words = format!("{story}: a person decided step {} at {}", step.n, clock(at));
                notes.add(Rule::Fenced, format!("{words}, while worker {} held it", hand.worker));
            }
            continue;
        };
        let words = || format!("{story}: worker {worker} recorded step {} at {}", step.n, clock(at));
        match story.hands.iter().find(|hand| hand.worker == worker && holds(hand)) {
            Some(_) => {}
            None => {
                let holder = story.hands.iter().find(holds).map(|hand| hand.worker.to_string());
                let holder = holder.unwrap_or_else(|| "nobody".to_owned());
                notes.add(Rule::Fenced, format!("{}, when {holder} held it", words()));
            }
        }
        match leases.get(&worker) {
            Some(lease) if lease.from <= at && lease.gone.is_none_or(|gone| at <= gone) => {}
            Some(_) => notes.add(Rule::Fenced, format!("{}, without a lease", words())),
            None => notes.add(Rule::Fenced, format!("{}, and never had a lease", words())),
        }
    }
    for pair in story.hands.windows(2) {
        if pair[0].to.is_none_or(|to| to > pair[1].from) {
            let words = format!("{story}: worker {} took it at {}", pair[1].worker, clock(pair[1].from));
            notes.add(Rule::Fenced, format!("{words}, while worker {} held it", pair[0].worker));
        }
    }
}
