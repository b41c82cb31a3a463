//! Nothing lost, both sides equal: what HubSoft committed came to an end or waits for something that has a name.

use std::collections::{HashMap, HashSet};

use super::{Asked, Fate, History, Notes, Port, Row, Rule, Story, Unfinished};

pub fn check(history: &History, stories: &[Story<'_>], notes: &mut Notes) {
    committed(history, notes);
    for story in stories {
        match (story.end, story.unfinished) {
            (Some(_), None) => {}
            (Some(end), Some(run)) => {
                notes.add(Rule::Doubled, format!("{story} ended {} and is {} all the same", end.status, run.status))
            }
            (None, None) => notes.add(Rule::Lost, format!("{story} neither ended nor waits: no worker took it in")),
            (None, Some(run)) => {
                if let Some(why) = nameless(run) {
                    notes.add(Rule::Lost, format!("{story} waits for nothing that has a name: {why}"));
                }
            }
        }
    }
    for port in &history.ports {
        hubsoft(port, history, notes);
        equal(port, stories, notes);
    }
}

/// HubSoft's notes against the outbox: that, and only that, which was committed.
fn committed(history: &History, notes: &mut Notes) {
    let rows: HashMap<_, _> = history.outbox.iter().map(|row| (row.id, row)).collect();
    let asked: HashMap<_, _> = history.asked.iter().map(|asked| (asked.id, asked)).collect();
    for asked in &history.asked {
        let what = format!("{} {} of service {} and port {}", asked.kind, asked.id, asked.service, asked.port);
        match (rows.get(&asked.id), asked.fate) {
            (None, Fate::Committed) => {
                notes.add(Rule::Lost, format!("{what} was committed by HubSoft and is not in the outbox"));
            }
            (Some(_), Fate::RolledBack) => {
                notes.add(Rule::Lost, format!("{what} was rolled back by HubSoft and is in the outbox"));
            }
            (Some(row), _) if !same(row, asked) => {
                notes.add(Rule::Lost, format!("{what} stands in the outbox as something else: {row:?}"));
            }
            _ => {}
        }
    }
    for row in history.outbox.iter().filter(|row| row.port.is_some() && !asked.contains_key(&row.id)) {
        if row.by.is_some_and(|by| rows.contains_key(&by)) {
            continue; // it puts nobody anywhere in HubSoft: `hubsoft` would see it
        }
        notes.add(Rule::Lost, format!("{} {} is in the outbox and HubSoft never asked for it", row.kind, row.id));
    }
}

fn same(row: &Row, asked: &Asked) -> bool {
    (row.kind.as_str(), row.port, row.service, row.old)
        == (asked.kind.as_str(), Some(asked.port), Some(asked.service), asked.old)
}

/// Why an unfinished workflow waits for nothing that could ever come.
fn nameless(run: &Unfinished) -> Option<String> {
    let named = run.parked.is_some() || run.upstream.is_some() || run.blockers > 0 || run.later;
    match run.status.as_str() {
        _ if run.held => Some("a worker holds it, though all have stopped".to_owned()),
        "paused" => None,
        _ if named => None,
        status => Some(format!("it is {status} and has been due")),
    }
}

/// HubSoft's row is what HubSoft committed last, and nobody else's idea.
fn hubsoft(port: &Port, history: &History, notes: &mut Notes) {
    let of_it = history.outbox.iter().filter(|row| row.port == Some(port.port) && row.by.is_none());
    let last = of_it.max_by_key(|row| (row.committed, row.seq));
    let wanted = match last {
        None => port.before,
        Some(row) if row.seats() => row.service,
        Some(_) => None,
    };
    if port.ours != wanted {
        notes.add(
            Rule::Equal,
            format!("HubSoft's port {} has {:?}, though what was committed last says {wanted:?}", port.port, port.ours),
        );
    }
}

/// The platform shows HubSoft's customer, or something says why not.
fn equal(port: &Port, stories: &[Story<'_>], notes: &mut Notes) {
    let of_it: Vec<&Story<'_>> = stories.iter().filter(|story| story.row.port == Some(port.port)).collect();
    let excused = port.discrepancy || of_it.iter().any(|story| waits_for_a_person(story));
    let ours = port.ours.map(|service| service.to_string());
    if ours != port.theirs && !excused {
        notes.add(
            Rule::Equal,
            format!("port {}: HubSoft has {ours:?}, the platform {:?}, and nothing says why", port.port, port.theirs),
        );
    }
    let Some(last) = of_it.iter().rev().find(|story| story.end.is_some_and(|end| end.status == "succeeded")) else {
        return;
    };
    let unfinished: HashSet<_> = of_it.iter().filter(|story| story.end.is_none()).map(|story| story.row.id).collect();
    if unfinished.is_empty() && port.transmission != "sent" {
        notes.add(
            Rule::Equal,
            format!("port {} shows \"{}\" after {last} succeeded, not \"sent\"", port.port, port.transmission),
        );
    }
}

fn waits_for_a_person(story: &Story<'_>) -> bool {
    story.unfinished.is_some_and(|run| run.parked.is_some())
        || story.end.is_some_and(|end| end.status == "failed" || end.status == "cancelled")
}
