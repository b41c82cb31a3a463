//! The history checker: from what HubSoft committed, what the database recorded and what the platform saw, it decides
//! whether a run was correct. Pure: a [`History`] in, violations out; [`read`] gets one from a database and a simulator.
//!
//! Times are those of commits (`track_commit_timestamp`) and of arrivals at the simulator, both by this machine's clock,
//! and never what a worker believed: workers may be stopped, and their clocks may be wrong.

pub mod ends;
pub mod explain;
mod mutations;
pub mod order;
pub mod read;
mod recording;
pub mod steps;
pub mod watch;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Microseconds since 1970.
pub type At = i64;

/// All that is known of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The operations' tables, by kind.
    pub tables: BTreeMap<String, Table>,
    /// What HubSoft asked for, by its own notes.
    pub asked: Vec<Asked>,
    /// What stands in the outbox.
    pub outbox: Vec<Row>,
    /// What is not finished.
    pub unfinished: Vec<Unfinished>,
    /// Every attempt, by workflow, number and attempt.
    pub steps: Vec<Step>,
    /// Every end.
    pub ends: Vec<End>,
    /// Who held what, and when.
    pub hands: Vec<Hand>,
    /// Who was alive, and when.
    pub leases: Vec<Lease>,
    /// What the platform was made to change, in order of arrival.
    pub calls: Vec<Call>,
    /// Both sides of each port, in the end.
    pub ports: Vec<Port>,
}

/// What an operation may do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub begin: String,
    /// Where people may send a workflow from a state.
    #[serde(default)]
    pub decisions: BTreeMap<String, Vec<String>>,
    pub works: BTreeMap<String, Work>,
    /// End states, and how a workflow ends in them.
    pub ends: BTreeMap<String, String>,
}

/// What may be done in a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Where an interrupted write is settled; only writes have it.
    pub settled_by: Option<String>,
    pub leads_to: Vec<String>,
    pub attempts: usize,
}

/// What became of a transaction of HubSoft, as far as HubSoft knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    Committed,
    RolledBack,
    /// The answer to its COMMIT was lost.
    Unknown,
}

/// One request of HubSoft.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    pub id: Uuid,
    pub kind: String,
    pub port: i64,
    pub service: i64,
    /// Of a migrate: the service that leaves.
    #[serde(default)]
    pub old: Option<i64>,
    pub fate: Fate,
}

/// One row of the outbox. Syncs have neither port nor service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub id: Uuid,
    pub seq: i64,
    pub kind: String,
    pub port: Option<i64>,
    pub service: Option<i64>,
    /// Of a migrate: the service that leaves.
    #[serde(default)]
    pub old: Option<i64>,
    /// The workflow that asked for it, where it was not HubSoft: a displaced customer is looked at again (B2).
    #[serde(default)]
    pub by: Option<Uuid>,
    pub committed: At,
}

/// A workflow that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    pub id: Uuid,
    pub status: String,
    pub held: bool,
    pub blockers: i16,
    pub upstream: Option<String>,
    pub parked: Option<String>,
    /// It is due later than the history ends.
    pub later: bool,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub id: Uuid,
    pub n: i32,
    pub attempt: i16,
    pub state: String,
    pub outcome: String,
    pub next_state: Option<String>,
    /// `None`: a person's decision (G12).
    pub worker: Option<Uuid>,
    pub committed: At,
}

/// One end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    pub id: Uuid,
    pub status: String,
    pub state: String,
    pub committed: At,
}

/// A workflow in a worker's hands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hand {
    pub id: Uuid,
    pub worker: Uuid,
    pub from: At,
    /// `None`: still.
    pub to: Option<At>,
}

/// A worker's life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    pub worker: Uuid,
    /// Process id, as its name says it.
    pub pid: Option<u32>,
    pub from: At,
    /// Until when it was last promised to hold.
    pub until: At,
    /// When its row was taken away; `None`: it is alive.
    pub gone: Option<At>,
}

/// A call that changed something on the platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub seq: u64,
    pub at: At,
    pub method: String,
    pub path: String,
    /// The fault that struck it.
    pub fault: Option<String>,
    pub changes: Vec<Change>,
}

/// A customer plugged in or pulled out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub port: i64,
    pub code: Option<String>,
    pub plugged: bool,
}

/// A port on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Port {
    pub port: i64,
    /// HubSoft's customer in the beginning and in the end.
    pub before: Option<i64>,
    pub ours: Option<i64>,
    /// The platform's in the beginning and in the end, by code.
    pub theirs_before: Option<String>,
    pub theirs: Option<String>,
    pub transmission: String,
    /// A difference is recorded for a person.
    pub discrepancy: bool,
}

/// What a run may do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// What was committed neither ended nor waits for a named thing; or something is there that nobody committed.
    Lost,
    /// A step, an end or a write was done twice.
    Doubled,
    /// A key was worked on out of turn, or twice at once.
    Order,
    /// Something was done without a lease, or with somebody else's.
    Fenced,
    /// A write whose outcome was unknown was followed by another without a look.
    Settled,
    /// The platform changed, and no workflow's write explains it.
    Explained,
    /// The two sides differ, and nothing says why.
    Equal,
    /// A state, an arrow or an end that no table has.
    Legal,
    /// More attempts than the policy allows.
    Patient,
}

/// One thing that was wrong, in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    pub rule: Rule,
    pub words: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.words)
    }
}

/// Notes violations.
#[derive(Default)]
pub struct Notes(Vec<Violation>);

impl Notes {
    pub fn add(&mut self, rule: Rule, words: String) {
        self.0.push(Violation { rule, words });
    }
}

/// A workflow's rows, together.
pub struct Story<'h> {
    pub row: &'h Row,
    pub table: &'h Table,
    pub steps: Vec<&'h Step>,
    pub hands: Vec<&'h Hand>,
    pub end: Option<&'h End>,
    pub unfinished: Option<&'h Unfinished>,
}

impl fmt::Display for Story<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.row.kind, self.row.id)?;
        if let (Some(port), Some(service)) = (self.row.port, self.row.service) {
            write!(f, " (service {service}, port {port})")?;
        }
        Ok(())
    }
}

impl Story<'_> {
    /// Its ordering keys.
    pub fn keys(&self) -> Vec<String> {
        let port = self.row.port.map(|port| format!("port:{port}"));
        let services = self.row.service.into_iter().chain(self.row.old).map(|service| format!("service:{service}"));
        port.into_iter().chain(services).collect()
    }
}

impl Row {
    /// HubSoft puts its service on its port by it.
    pub fn seats(&self) -> bool {
        matches!(self.kind.as_str(), "bind" | "migrate")
    }
}

/// A time, as people read it.
pub fn clock(at: At) -> String {
    chrono::DateTime::from_timestamp_micros(at).unwrap_or_default().format("%H:%M:%S%.6f").to_string()
}

/// All that was wrong; nothing if the run was correct.
pub fn check(history: &History) -> Vec<Violation> {
    let mut notes = Notes::default();
    let stories = stories(history, &mut notes);
    ends::check(history, &stories, &mut notes);
    steps::check(history, &stories, &mut notes);
    order::check(history, &stories, &mut notes);
    explain::check(history, &stories, &mut notes);
    notes.0
}

/// Panics with all that was wrong, a line each.
pub fn assert_correct(history: &History) {
    let wrong: Vec<String> = check(history).iter().map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "the run was not correct ({} violations):\n{}", wrong.len(), wrong.join("\n"));
}

/// The rows by workflow, in commit order. Rows of nobody are violations of their own.
fn stories<'h>(history: &'h History, notes: &mut Notes) -> Vec<Story<'h>> {
    let mut rows: Vec<&Row> = history.outbox.iter().collect();
    rows.sort_by_key(|row| (row.committed, row.seq));
    let mut stories = Vec::new();
    let mut place = HashMap::new();
    for row in rows {
        let Some(table) = history.tables.get(&row.kind) else {
            notes.add(Rule::Legal, format!("workflow {} is of the unknown kind {}", row.id, row.kind));
            continue;
        };
        if place.insert(row.id, stories.len()).is_some() {
            notes.add(Rule::Doubled, format!("workflow {} stands in the outbox twice", row.id));
            continue;
        }
        stories.push(Story { row, table, steps: Vec::new(), hands: Vec::new(), end: None, unfinished: None });
    }
    let mut of_nobody = |what: &str, id: Uuid| {
        notes.add(Rule::Lost, format!("{what} of workflow {id}, which is not in the outbox"));
    };
    for step in &history.steps {
        match place.get(&step.id) {
            Some(at) => stories[*at].steps.push(step),
            None => of_nobody("a step", step.id),
        }
    }
    for hand in &history.hands {
        match place.get(&hand.id) {
            Some(at) => stories[*at].hands.push(hand),
            None => of_nobody("a claim", hand.id),
        }
    }
    for run in &history.unfinished {
        match place.get(&run.id) {
            Some(at) => stories[*at].unfinished = Some(run),
            None => of_nobody("a run", run.id),
        }
    }
    let mut twice = Vec::new();
    for end in &history.ends {
        match place.get(&end.id) {
            Some(at) if stories[*at].end.is_none() => stories[*at].end = Some(end),
            Some(at) => {
                twice.push(format!("{} ended twice, the second time at {}", stories[*at], clock(end.committed)))
            }
            None => of_nobody("an end", end.id),
        }
    }
    twice.into_iter().for_each(|words| notes.add(Rule::Doubled, words));
    for story in &mut stories {
        story.steps.sort_by_key(|step| (step.n, step.attempt));
        story.hands.sort_by_key(|hand| hand.from);
    }
    stories
}
