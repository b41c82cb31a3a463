//! What the platform saw: every change of a port is one workflow's one write, made while its worker held it under a lease,
//! and never again without a look in between.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{At, Call, Change, History, Notes, Row, Rule, Story, clock};

/// A call arrives later than it began by what the machine makes it wait, at most.
const ARRIVAL: At = 500_000;

/// A time in which a worker worked on one attempt of a workflow.
#[derive(Clone, Copy)]
struct Span<'h> {
    story: &'h Story<'h>,
    worker: Uuid,
    state: &'h str,
    from: At,
    to: At,
    /// The worker lived to record it.
    recorded: bool,
}

pub fn check(history: &History, stories: &[Story<'_>], notes: &mut Notes) {
    let spans: Vec<Span<'_>> = stories.iter().flat_map(spans).collect();
    let mut writes: HashMap<Uuid, Vec<At>> = HashMap::new();
    let mut used: HashMap<usize, &Call> = HashMap::new();
    for call in &history.calls {
        let ours: HashSet<i64> = history.ports.iter().map(|port| port.port).collect();
        if !call.changes.iter().any(|change| ours.contains(&change.port)) {
            continue;
        }
        let found: Vec<usize> = (0..spans.len()).filter(|at| explains(&spans[*at], call)).collect();
        // Who is looked for wherever he sits (a migrate, a removal order) may at once be in the way of somebody else's work on that
        // port: then it is that work's.
        let at_home = |at: &usize| call.changes.iter().any(|change| spans[*at].story.row.port == Some(change.port));
        let own: Vec<usize> = found.iter().copied().filter(at_home).collect();
        let found = if found.len() > 1 && !own.is_empty() { own } else { found };
        match found.as_slice() {
            [] if spans.iter().any(|span| came_across(span, call, history)) => {}
            [] => unexplained(call, &spans, notes),
            [one] => {
                let span = &spans[*one];
                if let Some(first) = used.insert(*one, call) {
                    let words = format!("{}: one attempt in {} changed the platform twice", span.story, span.state);
                    let (a, b) = (clock(first.at), clock(call.at));
                    notes.add(Rule::Doubled, format!("{words}, at {a} and at {b}: {}", shown(call)));
                }
                writes.entry(span.story.row.id).or_default().push(call.at);
                leased(span, call, history, notes);
            }
            _ => notes.add(Rule::Explained, format!("{} is explained by more than one workflow", shown(call))),
        }
    }
    stories.iter().for_each(|story| settled(story, writes.get(&story.row.id).map_or(&[], Vec::as_slice), notes));
    chained(history, notes);
}

fn shown(call: &Call) -> String {
    let changes: Vec<String> = call.changes.iter().map(change_shown).collect();
    format!("{} {} at {} ({})", call.method, call.path, clock(call.at), changes.join(", "))
}

fn change_shown(change: &Change) -> String {
    let how = if change.plugged { "put on" } else { "taken off" };
    format!("{} {how} port {}", change.code.as_deref().unwrap_or("nobody"), change.port)
}

/// The attempts of a workflow, from one record to the next, and the one that nobody lived to record.
fn spans<'h>(story: &'h Story<'h>) -> Vec<Span<'h>> {
    let mut spans = Vec::new();
    let mut stands = story.table.begin.as_str();
    let mut steps = story.steps.iter().peekable();
    for hand in &story.hands {
        let mut from = hand.from;
        let to = hand.to.unwrap_or(At::MAX);
        while let Some(step) = steps.next_if(|step| step.committed <= to) {
            if step.worker.is_none() {
                // A person decided while nobody held it: nothing was called.
                stands = step.next_state.as_deref().unwrap_or(stands);
                continue;
            }
            let (worker, recorded) = (hand.worker, step.outcome != "lost");
            spans.push(Span { story, worker, state: &step.state, from, to: step.committed, recorded });
            from = step.committed;
            stands = step.next_state.as_deref().unwrap_or(stands);
        }
        if from < to {
            spans.push(Span { story, worker: hand.worker, state: stands, from, to, recorded: false });
        }
    }
    spans
}

/// Whether this attempt may have made this call.
fn explains(span: &Span<'_>, call: &Call) -> bool {
    let row = span.story.row;
    let (port, service) = (row.port, row.service.map(|service| service.to_string()));
    let old = row.old.map(|service| service.to_string());
    let own = |change: &Change| Some(change.port) == port && change.code == service;
    span.from <= call.at
        && call.at <= span.to
        && match span.state {
            "attaching" => {
                // Put on its port, and where he sat before he is taken off by the same call.
                call.changes.iter().any(|change| change.plugged && own(change))
                    && call.changes.iter().all(|change| change.code == service && (own(change) || !change.plugged))
            }
            // Whoever a migrate or a removal order takes off leaves wherever he is found to sit.
            "detaching" if row.kind != "unbind" => {
                let leaves = if row.kind == "migrate" { &old } else { &service };
                let his = |change: &Change| Some(change.port) == port || change.code == *leaves;
                call.changes.iter().all(|change| !change.plugged && his(change))
            }
            "clearing" | "detaching" => call.changes.iter().all(|change| !change.plugged && Some(change.port) == port),
            _ => false,
        }
}

/// Whether this attempt's removal came across the customer's own move and took him off his new port, and that was made good (B2).
fn came_across(span: &Span<'_>, call: &Call, history: &History) -> bool {
    matches!(span.state, "clearing" | "detaching")
        && span.from <= call.at
        && call.at <= span.to
        && call.changes.iter().all(|change| !change.plugged && made_good(span, call, change, history))
}

/// HubSoft had put him there, and by now either wants him there no longer, or he was put there again.
fn made_good(span: &Span<'_>, call: &Call, change: &Change, history: &History) -> bool {
    let of_it = history.outbox.iter().filter(|row| row.port == Some(change.port));
    let his = |row: &Row| row.seats() && row.service.map(|service| service.to_string()) == change.code;
    let again = of_it.clone().any(|row| row.by == Some(span.story.row.id) && row.committed > call.at && his(row));
    let mut told: Vec<&Row> = of_it.filter(|row| row.by.is_none() && row.committed <= span.to).collect();
    told.sort_by_key(|row| (row.committed, row.seq));
    let moved = told.iter().any(|row| his(row) && row.committed <= call.at);
    moved && (again || told.last().is_some_and(|row| !his(row)))
}

/// Nobody did it; or somebody did it too late.
fn unexplained(call: &Call, spans: &[Span<'_>], notes: &mut Notes) {
    let late = spans.iter().find(|span| {
        let stretched = Span { to: At::MAX, ..**span };
        !span.recorded && span.to < call.at && explains(&stretched, call)
    });
    match late {
        Some(span) => {
            let words = format!("{}: worker {} was to do it until {}", span.story, span.worker, clock(span.to));
            notes.add(Rule::Fenced, format!("{words}, and yet: {}", shown(call)));
        }
        None => notes.add(Rule::Explained, format!("no workflow's write explains {}", shown(call))),
    }
}

/// The call arrived while its worker's lease held.
fn leased(span: &Span<'_>, call: &Call, history: &History, notes: &mut Notes) {
    let lease = history.leases.iter().find(|lease| lease.worker == span.worker);
    if lease.is_none_or(|lease| call.at > lease.until + ARRIVAL) {
        let until = lease.map_or("never held".to_owned(), |lease| format!("held until {}", clock(lease.until)));
        let words = format!("{}: {}", span.story, shown(call));
        notes.add(Rule::Fenced, format!("{words}, though the lease of worker {} {until}", span.worker));
    }
}

/// Between two writes of a workflow there is a look that was recorded as done, whether or not the first write was; and a
/// write of which nobody knows leads to that look.
fn settled(story: &Story<'_>, writes: &[At], notes: &mut Notes) {
    let mut unsettled: Option<At> = None;
    let wrote = |unsettled: &mut Option<At>, at: At, since: At, notes: &mut Notes| {
        // The record of a write and the call that it made are one write; a lost worker may have made it.
        if let Some(first) = unsettled.replace(at).filter(|first| *first <= since) {
            let words = format!("{story} wrote at {} and again at {}", clock(first), clock(at));
            notes.add(Rule::Settled, format!("{words}, and did not look in between"));
        }
    };
    let mut calls = writes.iter().copied().peekable();
    let mut since = At::MIN;
    for step in &story.steps {
        while let Some(call) = calls.next_if(|call| *call <= step.committed) {
            wrote(&mut unsettled, call, call, notes);
        }
        let look = story.table.works.get(&step.state).and_then(|work| work.settled_by.as_ref());
        match look {
            Some(look) if step.next_state.as_ref() != Some(look) => {
                let words = format!("{story}: {} of {} at {}", step.outcome, step.state, clock(step.committed));
                notes.add(Rule::Settled, format!("{words} went on to {:?}, not to {look}", step.next_state));
            }
            Some(_) => wrote(&mut unsettled, step.committed, since, notes),
            None if step.outcome == "done" => unsettled = None,
            _ => {}
        }
        since = step.committed;
    }
    calls.for_each(|call| wrote(&mut unsettled, call, call, notes));
}

/// The platform's own story holds together: nobody is put where somebody sits, and in the end sits there who came last.
fn chained(history: &History, notes: &mut Notes) {
    for port in &history.ports {
        let mut sits = port.theirs_before.clone();
        for (call, change) in
            history.calls.iter().flat_map(|call| call.changes.iter().map(move |change| (call, change)))
        {
            if change.port != port.port {
                continue;
            }
            let fits = if change.plugged { sits.is_none() } else { sits == change.code };
            if !fits {
                let words = format!("port {} has {sits:?} on the platform", port.port);
                notes.add(Rule::Doubled, format!("{words}, and then: {}", shown(call)));
            }
            sits = change.code.clone().filter(|_| change.plugged);
        }
        if sits != port.theirs {
            let words = format!("port {} has {:?} on the platform", port.port, port.theirs);
            notes.add(Rule::Explained, format!("{words}, though its calls left {sits:?} there"));
        }
    }
}
