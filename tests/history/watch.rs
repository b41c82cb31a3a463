//! Notes what the product does not keep, while a test runs: who held which workflow and which lease, by triggers in the
//! test's own database, and the simulator's calls, of which it keeps only the last ten thousand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use simulators::{journal, ozmap::Simulator};
use sqlx::PgPool;
use tokio::task::JoinHandle;

use super::{Asked, Port, read};

/// Holdings and leases, as their rows change; the transaction that changes a row also notes it, so that its time of commit
/// is known. `until` is told by the machine's clock, whatever a test did to the engine's.
const TRIGGERS: &str = "
create schema watch;
create table watch.hand (n bigint generated always as identity, run uuid, worker uuid, taken boolean);
create table watch.lease (n bigint generated always as identity, worker uuid, name text, until timestamptz);
create function watch.hand() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' and old.worker is not null and (tg_op = 'DELETE' or new.worker is distinct from old.worker) then
    insert into watch.hand (run, worker, taken) values (old.id, old.worker, false);
  end if;
  if tg_op <> 'DELETE' and new.worker is not null and (tg_op = 'INSERT' or new.worker is distinct from old.worker) then
    insert into watch.hand (run, worker, taken) values (new.id, new.worker, true);
  end if;
  return null;
end $$;
create trigger watch after insert or update or delete on enlace.run for each row execute function watch.hand();
create function watch.lease() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    insert into watch.lease (worker, name) values (old.id, old.name);
  else
    insert into watch.lease (worker, name, until) values (new.id, new.name, new.lease_until
      - coalesce(pg_sequence_last_value('enlace.clock_shift'), 0) * interval '1 millisecond');
  end if;
  return null;
end $$;
create trigger watch after insert or update or delete on enlace.worker for each row execute function watch.lease();";

/// How many calls may still be open when newer ones arrive.
const OPEN: u64 = 3000;

type Calls = Arc<Mutex<BTreeMap<u64, journal::Call>>>;

/// The notes of one run.
pub struct Watch {
    pub(super) pool: PgPool,
    pub(super) ozmap: Simulator,
    pub(super) before: Vec<Port>,
    /// What HubSoft asked for; whoever plays HubSoft writes it down here.
    pub asked: Arc<Mutex<Vec<Asked>>>,
    pub(super) calls: Calls,
    collecting: JoinHandle<()>,
}

impl Watch {
    /// Begins to take notes, before there is a worker.
    pub async fn begin(pool: PgPool, ozmap: &Simulator) -> Self {
        sqlx::raw_sql(TRIGGERS).execute(&pool).await.unwrap();
        let calls = Calls::default();
        let (simulator, noted) = (ozmap.clone(), Arc::clone(&calls));
        let collecting = tokio::spawn(async move {
            loop {
                collect(&simulator, &noted);
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        });
        Self { pool, ozmap: ozmap.clone(), before: Vec::new(), asked: Arc::default(), calls, collecting }
    }

    /// Notes who sits on the ports that will be worked on, before they are.
    pub async fn ports(&mut self, ports: &[i64]) {
        self.before = read::ports(&self.pool, &self.ozmap, ports).await;
    }

    /// Notes the calls that are kept now.
    pub(super) fn collect(&self) {
        collect(&self.ozmap, &self.calls);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.collecting.abort();
    }
}

/// Calls that change something, again if they were open: what they changed is known when they have been done.
fn collect(ozmap: &Simulator, calls: &Calls) {
    let mut calls = calls.lock().unwrap();
    let last = calls.last_key_value().map_or(0, |(seq, _)| *seq);
    for call in ozmap.calls(last.saturating_sub(OPEN)).into_iter().filter(|call| call.method != "GET") {
        calls.insert(call.seq, call);
    }
}
