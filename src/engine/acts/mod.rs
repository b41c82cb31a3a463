//! Acts: what people do to workflows and upstreams, each recorded with who, why, and how it stood before and after (G12).
//!
//! An act locks the workflow's row, looks how it stands, and does it if it is [`legal`]; a workflow that a worker holds is
//! asked, and that worker honours it between two steps. A decision that moves a workflow is written down like a step that a
//! worker has done, without a worker: the history stays one line of steps.

mod edit;
mod legal;
mod upstreams;

use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

pub use legal::{Act, Stands, legal};
pub use upstreams::{close_upstream, open_upstream};

use crate::{
    Error,
    db::{Why, transaction, why},
    record,
    registry::Definitions,
    runner::restated,
    workflow::{Decided, Decision},
};

/// How often an edited retry asks for a place in the order, where an intake is always faster.
const MOST_TRIES: u32 = 20;

/// Who acts, and why.
#[derive(Clone, Debug)]
pub struct Person {
    /// As the audit names them.
    pub name: String,
    /// Not empty.
    pub reason: String,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Go on at once with fresh attempts; with another payload: begin anew with that.
    Retry {
        /// What the kind takes.
        payload: Option<Value>,
    },
    /// The write whose outcome is unknown was done, or not.
    Resolve {
        /// Which.
        done: bool,
    },
    /// Any other act, which takes nothing but a reason.
    Plain(Act),
}

impl Ask {
    /// Its name.
    pub fn act(&self) -> Act {
        match self {
            Ask::Retry { .. } => Act::Retry,
            Ask::Resolve { .. } => Act::Resolve,
            Ask::Plain(act) => *act,
        }
    }

    fn decision(&self) -> Option<Decision> {
        Some(match self {
            Ask::Resolve { done: true } => Decision::Done,
            Ask::Resolve { done: false } => Decision::NotDone,
            Ask::Plain(Act::Skip) => Decision::Skip,
            Ask::Plain(Act::Approve) => Decision::Approve,
            Ask::Plain(Act::Refuse) => Decision::Refuse,
            Ask::Retry { .. } | Ask::Plain(_) => return None,
        })
    }
}

/// What became of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It is done.
    Done,
    /// A worker holds the workflow; it will be done between two steps.
    Asked,
    /// It makes no sense now: how the workflow stands, and what may be done instead.
    NotNow {
        /// The status.
        status: String,
        /// Legal acts.
        legal: Vec<&'static str>,
    },
    /// There is no such workflow.
    Unknown,
}

/// Where an unfinished workflow stands, whole: what an act needs to move it.
#[derive(sqlx::FromRow)]
struct Place {
    #[sqlx(flatten)]
    stands: Stands,
    payload: Value,
    /// The data of the state in which it stands; `None`: it has not moved yet.
    data: Option<Value>,
    /// The state from which it came there, and how: a write whose outcome is unknown, where it is settled here.
    came_from: Option<String>,
    came_by: Option<String>,
    /// The last attempt.
    n: Option<i32>,
    attempt: Option<i16>,
    moved: bool,
}

impl Place {
    /// It stands where a write whose outcome is unknown is settled.
    fn is_settling(&self) -> bool {
        matches!(self.came_by.as_deref(), Some("unknown" | "lost"))
    }
}

/// Lets a parked or waiting workflow go on at once, from the step that failed, with fresh attempts.
///
/// # Errors
/// When Postgres refuses.
pub async fn retry(pool: &PgPool, id: Uuid, person: Person) -> Result<Acted, Error> {
    act(pool, &Definitions::default(), id, Ask::Retry { payload: None }, person).await
}

/// Calls a workflow off: at once, or, where a worker holds it, between two steps.
///
/// # Errors
/// When Postgres refuses.
pub async fn cancel(pool: &PgPool, id: Uuid, person: Person) -> Result<Acted, Error> {
    act(pool, &Definitions::default(), id, Ask::Plain(Act::Cancel), person).await
}

/// Does what a person asks for, if it makes sense now.
///
/// # Errors
/// When Postgres refuses: an edited payload that the kind does not take with SQLSTATE 22023, naming the key.
pub async fn act(pool: &PgPool, kinds: &Definitions, id: Uuid, ask: Ask, person: Person) -> Result<Acted, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (kinds, ask, person) = (kinds.clone(), ask.clone(), person.clone());
        let acted = transaction(pool, move |tx| {
            let (kinds, ask, person) = (kinds.clone(), ask.clone(), person.clone());
            Box::pin(async move { act_in(tx, &kinds, id, &ask, &person, None).await })
        })
        .await;
        match acted {
            // An intake took the place in the order that an edited retry had chosen: it takes the next one.
            Err(Error::Database(e)) if why(&e) == Why::Duplicate && tries < MOST_TRIES => {}
            other => return other,
        }
    }
}

/// The same in a transaction of the caller's; `bulk`: the act on many that it is a part of.
///
/// # Errors
/// As [`act`]; the transaction is broken then.
pub async fn act_in(
    conn: &mut PgConnection,
    kinds: &Definitions,
    id: Uuid,
    ask: &Ask,
    person: &Person,
    bulk: Option<Uuid>,
) -> Result<Acted, Error> {
    match act_once(conn, kinds, id, ask, person, bulk).await? {
        // A worker has taken it in since there was no row to lock: now there is.
        Acted::NotNow { legal, .. } if legal.contains(&ask.act().into()) => {
            act_once(conn, kinds, id, ask, person, bulk).await
        }
        acted => Ok(acted),
    }
}

async fn act_once(
    conn: &mut PgConnection,
    kinds: &Definitions,
    id: Uuid,
    ask: &Ask,
    person: &Person,
    bulk: Option<Uuid>,
) -> Result<Acted, Error> {
    // The head of each of its keys first: whoever is ending that one must be waited for (see keys_promote.sql).
    let keys = if leaves_keys(ask) { lock_keys(conn, id).await? } else { Vec::new() };
    let there: Option<(Uuid,)> =
        sqlx::query_as(include_str!("../sql/act_lock.sql")).bind(id).fetch_optional(&mut *conn).await?;
    let place: Option<Place> = match there {
        // A statement of its own, because it must see what was committed while that one waited.
        Some(_) => sqlx::query_as(include_str!("../sql/act_place.sql")).bind(id).fetch_optional(&mut *conn).await?,
        None => None,
    };
    let Some(place) = place else { return stands(conn, kinds, id).await };
    if !legal(&place.stands, kinds).contains(&ask.act()) {
        return Ok(not_now(&place.stands, kinds));
    }
    let acting = Acting { id, place: &place, ask, person, bulk };
    let acted = match ask {
        _ if place.stands.status == "running" => acting.asks(conn).await?,
        Ask::Plain(Act::Cancel) => acting.cancels(conn, &keys).await?,
        Ask::Plain(Act::Pause) => acting.pauses(conn).await?,
        Ask::Plain(Act::Resume) => acting.resumes(conn).await?,
        Ask::Retry { payload: Some(payload) } => acting.edits(conn, kinds, payload, &keys).await?,
        Ask::Retry { payload: None } => acting.retries(conn).await?,
        _ => acting.decides(conn, kinds).await?,
    };
    if acted == Acted::Done {
        sqlx::query(include_str!("../sql/wake.sql")).execute(conn).await?;
    }
    Ok(acted)
}

fn leaves_keys(ask: &Ask) -> bool {
    matches!(ask, Ask::Plain(Act::Cancel) | Ask::Retry { payload: Some(_) })
}

async fn lock_keys(conn: &mut PgConnection, id: Uuid) -> Result<Vec<(String, i64)>, Error> {
    Ok(sqlx::query_as(include_str!("../sql/act_lock_keys.sql")).bind(id).fetch_all(conn).await?)
}

/// An act under way on a workflow whose row is locked.
struct Acting<'a> {
    id: Uuid,
    place: &'a Place,
    ask: &'a Ask,
    person: &'a Person,
    bulk: Option<Uuid>,
}

impl Acting<'_> {
    /// A worker holds it: asked, to be honoured between two steps.
    async fn asks(&self, conn: &mut PgConnection) -> Result<Acted, Error> {
        let act: &'static str = self.ask.act().into();
        let asked = json!({ "act": act, "person": self.person.name, "reason": self.person.reason });
        sqlx::query(include_str!("../sql/act_ask.sql")).bind(self.id).bind(&asked).execute(&mut *conn).await?;
        let status = if act == "pause" { "paused" } else { "cancelled" };
        self.note(conn, json!({ "asked": true, "status": status, "state": self.place.stands.state })).await?;
        Ok(Acted::Asked)
    }

    async fn cancels(&self, conn: &mut PgConnection, keys: &[(String, i64)]) -> Result<Acted, Error> {
        sqlx::query(include_str!("../sql/act_cancel.sql")).bind(self.id).execute(&mut *conn).await?;
        let keys: Vec<(&str, i64)> = keys.iter().map(|(key, position)| (key.as_str(), *position)).collect();
        record::release_keys(conn, &keys).await?;
        self.note(conn, json!({ "status": "cancelled", "state": self.place.stands.state })).await?;
        Ok(Acted::Done)
    }

    /// It keeps its place in its keys, and the time at which it is due.
    async fn pauses(&self, conn: &mut PgConnection) -> Result<Acted, Error> {
        let hold = json!({ "person": self.person.name, "reason": self.person.reason });
        sqlx::query(include_str!("../sql/act_pause.sql")).bind(self.id).bind(hold).execute(&mut *conn).await?;
        self.note(conn, json!({ "status": "paused", "state": self.place.stands.state })).await?;
        Ok(Acted::Done)
    }

    async fn resumes(&self, conn: &mut PgConnection) -> Result<Acted, Error> {
        let (status,): (String,) =
            sqlx::query_as(include_str!("../sql/act_resume.sql")).bind(self.id).fetch_one(&mut *conn).await?;
        self.note(conn, json!({ "status": status, "state": self.place.stands.state })).await?;
        Ok(Acted::Done)
    }

    async fn retries(&self, conn: &mut PgConnection) -> Result<Acted, Error> {
        sqlx::query(include_str!("../sql/act_retry.sql")).bind(self.id).execute(&mut *conn).await?;
        self.note(conn, json!({ "status": "queued", "state": self.place.stands.state })).await?;
        Ok(Acted::Done)
    }

    /// A decision moves it: the operation says where, or, for a write that was done or not, the engine.
    async fn decides(&self, conn: &mut PgConnection, kinds: &Definitions) -> Result<Acted, Error> {
        let Some((there, state)) = self.decided(kinds) else { return Ok(not_now(&self.place.stands, kinds)) };
        if let Some(state) = &state {
            self.moves(conn, &there, state).await?;
        }
        sqlx::query(include_str!("../sql/act_retry.sql")).bind(self.id).execute(&mut *conn).await?;
        let mut after = json!({ "status": "queued", "state": there });
        if let Ask::Resolve { done } = self.ask {
            after["outcome"] = Value::from(if *done { "done" } else { "not_done" });
        }
        self.note(conn, after).await?;
        Ok(Acted::Done)
    }

    /// Where it goes on, with the data of that state; without any: where it stands.
    fn decided(&self, kinds: &Definitions) -> Option<(String, Option<Value>)> {
        let (place, kind) = (self.place, kinds.get(&self.place.stands.kind));
        let decision = self.ask.decision()?;
        let at = place.stands.state.clone()?;
        let stands = place.data.clone().or_else(|| Some(kind?.admit(&place.payload).ok()?.state));
        let by = Decided { decision, person: &self.person.name, reason: &self.person.reason };
        let named = kind.zip(stands.as_ref()).and_then(|(kind, stands)| kind.decided(stands, &by));
        if let Some(state) = named {
            return Some((state.get("state")?.as_str()?.to_owned(), Some(state)));
        }
        match decision {
            // Done: it looks again, with fresh attempts, and compares (B6). Not done: it is written once more.
            Decision::Done => Some((at, None)),
            Decision::NotDone if place.is_settling() => {
                let write = place.came_from.clone()?;
                let state = restated(&stands?, &write);
                Some((write, Some(state)))
            }
            _ => None,
        }
    }

    /// Written down as a step that no worker has done.
    async fn moves(&self, conn: &mut PgConnection, there: &str, state: &Value) -> Result<(), Error> {
        let place = self.place;
        let (n, attempt) = match (place.n, place.attempt) {
            (Some(n), Some(attempt)) if !place.moved => (n, attempt + 1),
            (last, _) => (last.unwrap_or(0) + 1, 1),
        };
        let act: &'static str = self.ask.act().into();
        let message = format!("{}: {}", self.person.name, self.person.reason);
        sqlx::query(include_str!("../sql/act_move.sql"))
            .bind(self.id)
            .bind(n)
            .bind(attempt)
            .bind(&place.stands.state)
            .bind(there)
            .bind(state)
            .bind(json!({ "class": "person", "code": act, "message": message }))
            .execute(conn)
            .await?;
        Ok(())
    }

    async fn note(&self, conn: &mut PgConnection, after: Value) -> Result<Uuid, Error> {
        let stands = &self.place.stands;
        let mut before = json!({ "status": stands.status, "state": stands.state, "parked": stands.parked });
        if let Ask::Retry { payload: Some(_) } = self.ask {
            before["payload"] = self.place.payload.clone();
        }
        let act = self.ask.act().into();
        note(conn, Note { id: Some(self.id), act, bulk: self.bulk, before, after }, self.person).await
    }
}

/// How a workflow stands and what may be done to it, or that there is none; never that anything was done.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn stands(conn: &mut PgConnection, kinds: &Definitions, id: Uuid) -> Result<Acted, Error> {
    let stands: Option<Stands> =
        sqlx::query_as(include_str!("../sql/act_stands.sql")).bind(id).fetch_optional(conn).await?;
    Ok(stands.map_or(Acted::Unknown, |stands| not_now(&stands, kinds)))
}

fn not_now(stands: &Stands, kinds: &Definitions) -> Acted {
    let legal = legal(stands, kinds).into_iter().map(Into::into).collect();
    Acted::NotNow { status: stands.status.clone(), legal }
}

/// An act as it is written down.
struct Note {
    id: Option<Uuid>,
    act: &'static str,
    bulk: Option<Uuid>,
    before: Value,
    after: Value,
}

async fn note(conn: &mut PgConnection, note: Note, person: &Person) -> Result<Uuid, Error> {
    let query = sqlx::query_scalar(include_str!("../sql/act_note.sql")).bind(note.id).bind(note.act);
    let query = query.bind(&person.name).bind(&person.reason).bind(note.before).bind(note.after);
    Ok(query.bind(note.bulk).fetch_one(conn).await?)
}
