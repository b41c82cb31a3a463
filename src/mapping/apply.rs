//! Changes, written: many of many workflows in few statements, inside the transaction of whoever calls.
//!
//! What a port shows of its transmission, who sits on it, and what differs are three things that do not touch each other, so
//! each is written together however they were mixed. Parts of a sync touch all of them and stand apart: what came before
//! one is written before it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Change, Error, occupants, register, sync, types::Transmission};

/// Writes changes, each with the workflow that answered with it. Never begins or ends a transaction.
///
/// # Errors
/// When the database refuses one of them; the caller's transaction is then lost.
pub async fn apply(conn: &mut PgConnection, changes: Vec<(Uuid, Change)>) -> Result<(), Error> {
    let mut batch = Batch::default();
    for (workflow, change) in changes {
        match change {
            Change::Sync { integration, part } => {
                std::mem::take(&mut batch).write(conn).await?;
                sync::apply(conn, workflow, integration, part).await?;
            }
            Change::Register { integration, asked_at, boxes } => {
                std::mem::take(&mut batch).write(conn).await?;
                register::apply(conn, workflow, integration, asked_at, boxes).await?;
            }
            Change::Start { kind, payload } => start(conn, workflow, kind, payload).await?,
            other => batch.add(workflow, other),
        }
    }
    batch.write(conn).await
}

async fn start(conn: &mut PgConnection, by: Uuid, kind: String, payload: Value) -> Result<(), Error> {
    let query = sqlx::query(include_str!("sql/enqueue.sql")).bind(kind).bind(payload);
    query.bind(format!("workflow {by}")).execute(conn).await?;
    Ok(())
}

/// Changes to ports that may be written together.
#[derive(Default)]
struct Batch {
    /// The last one counts.
    transmissions: BTreeMap<i64, Transmission>,
    /// In order, per port.
    moves: BTreeMap<i64, Vec<Move>>,
    discrepancies: Discrepancies,
    to_clear: BTreeSet<i64>,
    /// Port and service, with who asks.
    look_again: BTreeMap<(i64, i64), Uuid>,
}

/// A change of who sits on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    In { service: i64, lift: bool },
    Out { service: i64 },
}

/// Discrepancies as the columns of one statement.
#[derive(Default)]
pub(crate) struct Discrepancies {
    ports: Vec<i64>,
    kinds: Vec<String>,
    ours: Vec<Value>,
    theirs: Vec<Value>,
    services: Vec<Option<i64>>,
}

impl Discrepancies {
    /// `service`: whom of HubSoft's the platform's customer is, where that is known.
    pub(crate) fn add(&mut self, port: i64, kind: impl Into<String>, ours: Value, theirs: Value, service: Option<i64>) {
        self.ports.push(port);
        self.kinds.push(kind.into());
        self.ours.push(ours);
        self.theirs.push(theirs);
        self.services.push(service);
    }

    /// Answers how many of them are open now.
    pub(crate) async fn write(self, conn: &mut PgConnection) -> Result<i64, Error> {
        if self.ports.is_empty() {
            return Ok(0);
        }
        let query = sqlx::query_scalar(include_str!("sql/discrepancies.sql")).persistent(false);
        let query = query.bind(self.ports).bind(self.kinds).bind(self.ours).bind(self.theirs);
        Ok(query.bind(self.services).fetch_one(conn).await?)
    }
}

impl Batch {
    fn add(&mut self, workflow: Uuid, change: Change) {
        match change {
            Change::Transmission { port, shows } => {
                self.transmissions.insert(port, shows);
            }
            Change::Occupy { port, service, lift_reservation } => {
                self.moves.entry(port).or_default().push(Move::In { service, lift: lift_reservation });
            }
            Change::Vacate { port, service } => self.moves.entry(port).or_default().push(Move::Out { service }),
            Change::Discrepancy { port, kind, ours, theirs } => {
                let service = theirs.get("code").and_then(Value::as_str).and_then(occupants::service_id);
                self.discrepancies.add(port, kind, ours, theirs, service);
            }
            Change::LeaveToClear { port } => drop(self.to_clear.insert(port)),
            Change::LookAgain { port, service } => drop(self.look_again.insert((port, service), workflow)),
            Change::Sync { .. } | Change::Register { .. } | Change::Start { .. } => {}
        }
    }

    async fn write(mut self, conn: &mut PgConnection) -> Result<(), Error> {
        self.lock(conn).await?;
        for (ins, outs) in rounds(std::mem::take(&mut self.moves)) {
            vacate(conn, outs).await?;
            occupy(conn, ins).await?;
        }
        self.settle(conn).await?;
        transmit(conn, self.transmissions).await?;
        leave_to_clear(conn, self.to_clear).await?;
        look_again(conn, self.look_again).await?;
        self.discrepancies.write(conn).await?;
        Ok(())
    }

    /// What the platform shows as HubSoft wants it differs no more, except where the same answer says that it does.
    async fn settle(&self, conn: &mut PgConnection) -> Result<(), Error> {
        let sent = self.transmissions.iter().filter(|(_, shows)| matches!(shows, Transmission::Sent(_)));
        let agree = sent.map(|(port, _)| *port).filter(|port| !self.discrepancies.ports.contains(port));
        let agree: Vec<i64> = agree.collect();
        if !agree.is_empty() {
            sqlx::query(include_str!("sql/discrepancies_sent.sql")).bind(agree).execute(conn).await?;
        }
        Ok(())
    }

    /// Locks in one order what more than one statement is going to write. One statement alone locks in that order itself.
    async fn lock(&self, conn: &mut PgConnection) -> Result<(), Error> {
        if self.moves.is_empty() {
            return Ok(());
        }
        let ports: BTreeSet<i64> = self.moves.keys().chain(self.transmissions.keys()).copied().collect();
        let query = sqlx::query(include_str!("sql/ports_lock.sql"));
        query.bind(Vec::from_iter(ports)).execute(conn).await?;
        Ok(())
    }
}

type Ins = Vec<(i64, i64, bool)>;
type Outs = Vec<(i64, i64)>;

/// The n-th move of every port makes the n-th round: within a round no port occurs twice, so its order does not matter.
fn rounds(moves: BTreeMap<i64, Vec<Move>>) -> Vec<(Ins, Outs)> {
    let mut rounds: Vec<(Ins, Outs)> = Vec::new();
    for (port, moves) in moves {
        for (n, step) in moves.into_iter().enumerate() {
            if rounds.len() == n {
                rounds.push((Vec::new(), Vec::new()));
            }
            match step {
                Move::In { service, lift } => rounds[n].0.push((port, service, lift)),
                Move::Out { service } => rounds[n].1.push((port, service)),
            }
        }
    }
    rounds
}

async fn vacate(conn: &mut PgConnection, outs: Outs) -> Result<(), Error> {
    if !outs.is_empty() {
        let (ports, services): (Vec<_>, Vec<_>) = outs.into_iter().unzip();
        sqlx::query(include_str!("sql/vacate.sql")).bind(ports).bind(services).execute(conn).await?;
    }
    Ok(())
}

async fn occupy(conn: &mut PgConnection, ins: Ins) -> Result<(), Error> {
    if !ins.is_empty() {
        let (ports, services, lifts): (Vec<_>, Vec<_>, Vec<_>) = ins.into_iter().collect();
        sqlx::query(include_str!("sql/occupy.sql")).bind(ports).bind(services).bind(lifts).execute(conn).await?;
    }
    Ok(())
}

async fn transmit(conn: &mut PgConnection, shows: BTreeMap<i64, Transmission>) -> Result<(), Error> {
    if shows.is_empty() {
        return Ok(());
    }
    let (mut ports, mut names, mut errors, mut ids) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (port, transmission) in shows {
        let (name, error, id) = match transmission {
            Transmission::Pending => ("pending", None, None),
            Transmission::Sent(id) => ("sent", None, id),
            Transmission::Failed(why) => ("failed", Some(why), None),
            Transmission::Unknown => ("unknown", None, None),
        };
        ports.push(port);
        names.push(name);
        errors.push(error);
        ids.push(id);
    }
    let query = sync::planned(include_str!("sql/transmissions.sql"));
    query.bind(ports).bind(names).bind(errors).bind(ids).execute(conn).await?;
    Ok(())
}

async fn leave_to_clear(conn: &mut PgConnection, ports: BTreeSet<i64>) -> Result<(), Error> {
    if !ports.is_empty() {
        let query = sqlx::query(include_str!("sql/ports_to_clear.sql"));
        query.bind(Vec::from_iter(ports)).execute(conn).await?;
    }
    Ok(())
}

async fn look_again(conn: &mut PgConnection, displaced: BTreeMap<(i64, i64), Uuid>) -> Result<(), Error> {
    if !displaced.is_empty() {
        let (whom, by): (Vec<_>, Vec<_>) = displaced.into_iter().unzip();
        let (ports, services): (Vec<_>, Vec<_>) = whom.into_iter().unzip();
        let query = sqlx::query(include_str!("sql/look_again.sql"));
        query.bind(ports).bind(services).bind(by).execute(conn).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b7_moves_of_one_port_keep_their_order() {
        let moves = BTreeMap::from([
            (1, vec![Move::Out { service: 10 }, Move::In { service: 11, lift: false }]),
            (2, vec![Move::In { service: 10, lift: true }]),
        ]);
        let rounds = rounds(moves);
        assert_eq!(rounds, [(vec![(2, 10, true)], vec![(1, 10)]), (vec![(1, 11, false)], vec![])]);
    }

    #[test]
    fn b10_the_last_transmission_of_a_port_counts() {
        let mut batch = Batch::default();
        for shows in [Transmission::Pending, Transmission::Sent(None)] {
            batch.add(Uuid::nil(), Change::Transmission { port: 1, shows });
        }
        assert_eq!(batch.transmissions, BTreeMap::from([(1, Transmission::Sent(None))]));
    }
}
