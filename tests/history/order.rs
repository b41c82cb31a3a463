//! Order: workflows that share a port or a service are worked on one at a time, in the order in which HubSoft committed.

use std::collections::BTreeMap;

use super::{At, History, Notes, Rule, Story, clock};

pub fn check(_: &History, stories: &[Story<'_>], notes: &mut Notes) {
    let mut keys: BTreeMap<String, Vec<&Story<'_>>> = BTreeMap::new();
    for story in stories {
        for key in story.keys() {
            keys.entry(key).or_default().push(story); // in commit order, as stories are
        }
    }
    for (key, line) in keys {
        one_at_a_time(&key, &line, notes);
    }
}

/// When somebody first worked on it: took it in hand, or recorded a step.
fn began(story: &Story<'_>) -> Option<At> {
    let held = story.hands.first().map(|hand| hand.from);
    let recorded = story.steps.iter().map(|step| step.committed).min();
    held.into_iter().chain(recorded).min()
}

fn one_at_a_time(key: &str, line: &[&Story<'_>], notes: &mut Notes) {
    let mut free: Option<(Option<At>, &Story<'_>)> = Some((Some(At::MIN), line[0]));
    for story in line {
        let Some(begins) = began(story) else {
            continue; // cancelled before anybody worked on it, or still waiting
        };
        if let Some((until, head)) = free.filter(|(until, _)| until.is_none_or(|until| begins < until)) {
            let words =
                format!("{key}: {story}, committed at {}, was begun at {}", clock(story.row.committed), clock(begins));
            let until = until.map_or("has not ended".to_owned(), |until| format!("ended at {}", clock(until)));
            notes.add(
                Rule::Order,
                format!("{words}, while {head}, committed at {}, {until}", clock(head.row.committed)),
            );
        }
        let end = story.end.map(|end| end.committed);
        if let Some((until, _)) = free {
            free = match (until, end) {
                (Some(until), Some(end)) if end < until => free,
                (None, _) => free,
                _ => Some((end, story)),
            };
        }
    }
}
