//! Reads a history: from the database, from the simulator, and from what a [`Watch`] noted meanwhile.

use std::collections::{BTreeMap, HashMap};

use engine::registry::StepRow;
use simulators::ozmap::Simulator;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::{At, Call, Change, End, Hand, History, Lease, Port, Row, Step, Table, Unfinished, Work, watch::Watch};
use crate::support::doubles::{World, operations};

impl Watch {
    /// The history until now.
    pub async fn history(&self) -> History {
        self.collect();
        let ids: Vec<i64> = self.before.iter().map(|port| port.port).collect();
        let before: HashMap<i64, &Port> = self.before.iter().map(|port| (port.port, port)).collect();
        let now = ports(&self.pool, &self.ozmap, &ids).await;
        let ports = now.into_iter().map(|port| {
            let first = before[&port.port];
            Port { before: first.ours, theirs_before: first.theirs.clone(), ..port }
        });
        let asked = self.asked.lock().unwrap().clone();
        History {
            tables: tables(),
            asked,
            outbox: outbox(&self.pool).await,
            unfinished: unfinished(&self.pool).await,
            steps: steps(&self.pool).await,
            ends: ends(&self.pool).await,
            hands: hands(&self.pool).await,
            leases: leases(&self.pool).await,
            calls: self.changing_calls().await,
            ports: ports.collect(),
        }
    }

    async fn changing_calls(&self) -> Vec<Call> {
        let known: HashMap<(String, u32), i64> = sqlx::query(
            "select s.external_id, p.sequencia + 1, p.id_porta_atendimento
             from mapping.port p join mapping.splitter s using (id_splitter) where s.external_id is not null",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
        .into_iter()
        .map(|row| ((row.get(0), u32::try_from(row.get::<i32, _>(1)).unwrap()), row.get(2)))
        .collect();
        let calls = self.calls.lock().unwrap();
        let changing = calls.values().filter(|call| !call.changes.is_empty()).map(|call| Call {
            seq: call.seq,
            at: chrono::DateTime::parse_from_rfc3339(&call.at).unwrap().timestamp_micros(),
            method: call.method.clone(),
            path: call.path.clone(),
            fault: call.fault.map(str::to_owned),
            changes: call
                .changes
                .iter()
                .map(|change| Change {
                    port: known.get(&(change.splitter.clone(), change.port)).copied().unwrap_or_default(),
                    code: change.code.clone(),
                    plugged: change.plugged,
                })
                .collect(),
        });
        changing.collect()
    }
}

/// Both sides of these ports now.
pub async fn ports(pool: &PgPool, ozmap: &Simulator, ids: &[i64]) -> Vec<Port> {
    let rows = sqlx::query(
        "select p.id_porta_atendimento, p.id_cliente_servico, s.external_id, p.sequencia, p.transmission, exists (
           select from mapping.discrepancy d where d.id_porta_atendimento = p.id_porta_atendimento and d.settled_at is null)
         from mapping.port p join mapping.splitter s using (id_splitter)
         where p.id_porta_atendimento = any ($1) order by 1",
    )
    .bind(ids)
    .fetch_all(pool)
    .await
    .unwrap();
    rows.into_iter()
        .map(|row| {
            let number = u32::try_from(row.get::<i32, _>(3)).unwrap() + 1;
            let theirs = ozmap.holder(&row.get::<String, _>(2), number);
            Port {
                port: row.get(0),
                before: None,
                ours: row.get(1),
                theirs_before: None,
                // A home without anybody holds the port as well.
                theirs: theirs.map(|held| held.code.unwrap_or_else(|| "nobody".to_owned())),
                transmission: row.get(4),
                discrepancy: row.get(5),
            }
        })
        .collect()
}

/// What the operations may do, from their own tables.
pub fn tables() -> BTreeMap<String, Table> {
    let operations = operations(&World::default());
    let table = |kind: &dyn engine::registry::Kind<mapping::Change>| {
        let mut table = Table { begin: "requested".to_owned(), ..Table::default() };
        for state in kind.states() {
            let there = kind.decisions(state).into_iter().map(|(_, there)| there.to_owned()).collect();
            table.decisions.insert(state.to_owned(), there);
            match kind.step(state).unwrap() {
                StepRow::Work { retry, settled_by, leads_to, .. } => {
                    let leads_to = leads_to.into_iter().map(str::to_owned).collect();
                    let settled_by = settled_by.map(str::to_owned);
                    let work = Work { settled_by, leads_to, attempts: usize::from(retry.attempts) };
                    table.works.insert(state.to_owned(), work);
                }
                StepRow::End { end, .. } => {
                    let status: &'static str = end.into();
                    table.ends.insert(state.to_owned(), status.to_owned());
                }
            }
        }
        table
    };
    operations.iter().map(|kind| (kind.name().to_owned(), table(&**kind))).collect()
}

async fn outbox(pool: &PgPool) -> Vec<Row> {
    let rows = sqlx::query(
        "select id, seq, kind, (payload ->> 'id_porta_atendimento')::bigint, (payload ->> 'id_cliente_servico')::bigint,
                (extract(epoch from pg_xact_commit_timestamp(xid::xid)) * 1000000)::bigint,
                substring(requested_by from '^workflow (.+)$')::uuid, (payload ->> 'id_cliente_servico_antigo')::bigint
         from enlace.outbox order by seq",
    );
    let row = |row: sqlx::postgres::PgRow| Row {
        id: row.get(0),
        seq: row.get(1),
        kind: row.get(2),
        port: row.get(3),
        service: row.get(4),
        committed: row.get(5),
        by: row.get(6),
        old: row.get(7),
    };
    rows.fetch_all(pool).await.unwrap().into_iter().map(row).collect()
}

async fn unfinished(pool: &PgPool) -> Vec<Unfinished> {
    let rows = sqlx::query(
        "select id, status, worker is not null, blockers, upstream, parked, due_at > enlace.now() from enlace.run",
    );
    let run = |row: sqlx::postgres::PgRow| Unfinished {
        id: row.get(0),
        status: row.get(1),
        held: row.get(2),
        blockers: row.get(3),
        upstream: row.get(4),
        parked: row.get(5),
        later: row.get(6),
    };
    rows.fetch_all(pool).await.unwrap().into_iter().map(run).collect()
}

async fn steps(pool: &PgPool) -> Vec<Step> {
    let rows = sqlx::query(
        "select id, n, attempt, state, outcome, next_state, worker,
                (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
         from enlace.step order by id, n, attempt",
    );
    let step = |row: sqlx::postgres::PgRow| Step {
        id: row.get(0),
        n: row.get(1),
        attempt: row.get(2),
        state: row.get(3),
        outcome: row.get(4),
        next_state: row.get(5),
        worker: row.get(6),
        committed: row.get(7),
    };
    rows.fetch_all(pool).await.unwrap().into_iter().map(step).collect()
}

async fn ends(pool: &PgPool) -> Vec<End> {
    let rows = sqlx::query(
        "select id, status, state, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
         from enlace.finished",
    );
    let end = |row: sqlx::postgres::PgRow| End {
        id: row.get(0),
        status: row.get(1),
        state: row.get(2),
        committed: row.get(3),
    };
    rows.fetch_all(pool).await.unwrap().into_iter().map(end).collect()
}

async fn hands(pool: &PgPool) -> Vec<Hand> {
    let rows = sqlx::query_as::<_, (Uuid, Uuid, bool, At)>(
        "select run, worker, taken, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
         from watch.hand order by run, n",
    );
    let mut hands: Vec<Hand> = Vec::new();
    for (id, worker, taken, at) in rows.fetch_all(pool).await.unwrap() {
        match hands.last_mut().filter(|last| last.id == id && last.worker == worker && last.to.is_none()) {
            Some(last) if !taken => last.to = Some(at),
            _ => hands.push(Hand { id, worker, from: at, to: None }),
        }
    }
    hands
}

async fn leases(pool: &PgPool) -> Vec<Lease> {
    let rows = sqlx::query_as::<_, (Uuid, String, Option<At>, At)>(
        "select worker, name, (extract(epoch from until) * 1000000)::bigint,
                (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
         from watch.lease order by n",
    );
    let mut leases: Vec<Lease> = Vec::new();
    let mut place: HashMap<Uuid, usize> = HashMap::new();
    for (worker, name, until, at) in rows.fetch_all(pool).await.unwrap() {
        let place = *place.entry(worker).or_insert_with(|| {
            let pid = name.rsplit(':').next().and_then(|pid| pid.parse().ok());
            leases.push(Lease { worker, pid, from: at, until: at, gone: None });
            leases.len() - 1
        });
        match until {
            Some(until) => leases[place].until = until,
            None => leases[place].gone = Some(at),
        }
    }
    leases
}
