//! G11: Postgres stops, crashes and stays away under load. Nothing is lost, nothing is done twice, and work goes on when it is
//! back.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use enlace::postgres::Server;
use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use rustix::process::Signal;
use serde_json::{Value, json};
use simulators::ozmap::Options;
use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use crate::support::{
    Db, Folder,
    folder::signal,
    isp::{Isp, all_ended, enqueue, hubsoft_sets_in},
};

/// How Postgres goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Asked to (fast mode).
    Stopped,
    /// Immediate mode: what it has not written it recovers from its log.
    Immediate,
    /// One of its processes is killed: it throws everybody out and recovers.
    BackendKilled,
    /// Its first process is killed.
    Killed,
}

async fn gone(pid: u32) {
    while std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Starts it again; the processes of a killed one may take a moment to notice.
async fn start(folder: &Folder) -> Server {
    for _ in 0..100 {
        match Server::start(&folder.options()).await {
            Ok(server) => return server,
            Err(error) => println!("not yet: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("Postgres does not start again");
}

/// Takes Postgres away, for so long, and brings it back.
async fn away(server: Server, folder: &Folder, options: &PgConnectOptions, way: Way, rest: Duration) -> Server {
    if way == Way::BackendKilled {
        let mut conn = PgConnection::connect_with(options).await.unwrap();
        let one = "select pid from pg_stat_activity where application_name = 'enlace worker' limit 1";
        // The worker may be about to open its connections anew.
        let pid: i32 = loop {
            if let Some(pid) = sqlx::query_scalar(one).fetch_optional(&mut conn).await.unwrap() {
                break pid;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        signal(u32::try_from(pid).unwrap(), Signal::KILL);
        while conn.ping().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        while PgConnection::connect_with(options).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        return server;
    }
    let pid = server.pid();
    signal(
        pid,
        match way {
            Way::Stopped => Signal::INT,
            Way::Immediate => Signal::QUIT,
            _ => Signal::KILL,
        },
    );
    gone(pid).await;
    drop(server);
    tokio::time::sleep(rest).await;
    start(folder).await
}

/// HubSoft puts a service on a port, or takes it off; an error where the database is away.
async fn change(pool: &PgPool, port: i64, service: Option<i64>) -> Result<(), sqlx::Error> {
    let mut tx = pool.begin().await?;
    let lock = "select id_cliente_servico from mapping.port where id_porta_atendimento = $1 for update";
    let before: Option<i64> = sqlx::query_scalar(lock).bind(port).fetch_one(&mut *tx).await?;
    let (kind, who) = match (service, before) {
        (Some(service), _) => ("bind", service),
        (None, Some(before)) => ("unbind", before),
        (None, None) => return Ok(()),
    };
    sqlx::query("update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1")
        .bind(port)
        .bind(service)
        .execute(&mut *tx)
        .await?;
    let payload = json!({ "id_porta_atendimento": port, "id_cliente_servico": who });
    sqlx::query("select enlace.enqueue($1, $2)").bind(kind).bind(payload).execute(&mut *tx).await?;
    tx.commit().await
}

/// HubSoft at work: each port has two services of its own that come and go.
async fn load(pool: PgPool, ports: Vec<i64>, services: Vec<i64>, over: Arc<AtomicBool>, done: Arc<AtomicU32>) {
    let mut rng = SmallRng::seed_from_u64(7);
    while !over.load(Ordering::Relaxed) {
        let at = rng.random_range(0..ports.len());
        let service = services[2 * at..2 * at + 2].choose(&mut rng).copied().filter(|_| rng.random_bool(0.6));
        match change(&pool, ports[at], service).await {
            Ok(()) => drop(done.fetch_add(1, Ordering::Relaxed)),
            Err(_away) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn ended(pool: &PgPool) -> i64 {
    loop {
        match sqlx::query_scalar("select count(*) from enlace.finished").fetch_one(pool).await {
            Ok(count) => return count,
            Err(_away) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// What `/readyz` answers.
async fn ready(ops: &str) -> (u16, Value) {
    let answer = reqwest::get(format!("{ops}/readyz")).await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

/// An ISP whose Postgres is its own.
async fn isp(server: &Server) -> Isp {
    let _chosen_by_another_test = rustls::crypto::ring::default_provider().install_default();
    Isp::on(Db::on(&server.options()).await, Options { boxes: 20, ..Options::default() }).await
}

async fn as_if_nothing_had_happened(isp: &Isp, ports: &[i64]) {
    let pool = isp.db.pool();
    all_ended(&pool, Duration::from_secs(120)).await;
    let (ours, theirs) = isp.both_sides(ports).await;
    assert_eq!(ours, theirs);
    let twice =
        "select count(*) from (select from enlace.step where outcome = 'done' group by id, n having count(*) > 1) t";
    assert_eq!(sqlx::query_scalar::<_, i64>(twice).fetch_one(&pool).await.unwrap(), 0, "recorded steps ran twice");
    let lost = "select count(*) from enlace.outbox where id not in (select id from enlace.finished)";
    assert_eq!(sqlx::query_scalar::<_, i64>(lost).fetch_one(&pool).await.unwrap(), 0, "workflows were lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g11_postgres_goes_away_in_every_way_under_load_and_work_resumes() {
    let folder = Folder::new();
    let mut server = Server::start(&folder.options()).await.unwrap();
    let isp = isp(&server).await;
    let options = isp.db.options().clone();
    // The driver's own pauses between two tries would be taken for enlace's.
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(500)).connect_lazy_with(options.clone());
    // A lease that is over before the longest absence is.
    let mut worker =
        isp.serve_with(&["serve", "--roles", "worker"], &isp.db.url(), &[("ENLACE_WORKER_LEASE_SECONDS", "4")]);
    let ops = worker.says("ops ").await;
    isp.sync().await;
    let ports: Vec<i64> = isp.ports(20).await.into_iter().map(|(port, _)| port).collect();
    let services = isp.idle_services(40).await;
    let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let loading = tokio::spawn(load(pool.clone(), ports.clone(), services, Arc::clone(&over), Arc::clone(&done)));
    for (way, rest) in [
        (Way::Stopped, Duration::ZERO),
        (Way::Immediate, Duration::from_millis(500)),
        (Way::BackendKilled, Duration::ZERO),
        (Way::Killed, Duration::ZERO),
        (Way::Immediate, Duration::from_secs(7)),
    ] {
        let loaded = done.load(Ordering::Relaxed);
        while done.load(Ordering::Relaxed) < loaded + 30 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let watched = tokio::spawn({
            let (ops, long) = (ops.clone(), rest > Duration::from_secs(5));
            async move {
                tokio::time::sleep(rest / 2).await;
                if long { Some(ready(&ops).await) } else { None }
            }
        });
        server = away(server, &folder, &options, way, rest).await;
        let (back, before) = (Instant::now(), ended(&pool).await);
        while ended(&pool).await == before {
            assert!(back.elapsed() < Duration::from_secs(30), "{way:?}: nothing ends any more");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("{way:?}, away for {rest:?}: the next end {:?} after its return", back.elapsed());
        assert!(back.elapsed() < Duration::from_secs(5), "{way:?}: {:?}", back.elapsed());
        if let Some((status, body)) = watched.await.unwrap() {
            assert_eq!((status, &body["ready"]), (503, &json!(false)));
            assert!(body["reasons"].to_string().contains("the database"), "{body}");
        }
    }
    over.store(true, Ordering::Relaxed);
    loading.await.unwrap();
    as_if_nothing_had_happened(&isp, &ports).await;
    for _ in 0..500 {
        if ready(&ops).await.0 == 200 {
            server.stop().await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never says that it is ready again: {:?}", ready(&ops).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g11_a_transaction_of_hubsofts_that_the_crash_ended_never_was_and_what_came_after_is_done() {
    let folder = Folder::new();
    let mut server = Server::start(&folder.options()).await.unwrap();
    let isp = isp(&server).await;
    let (pool, options) = (isp.db.pool(), isp.db.options().clone());
    let _worker = isp.worker();
    isp.sync().await;
    let ports: Vec<i64> =
        isp.ports(500).await.into_iter().filter(|(_, who)| who.is_none()).map(|(port, _)| port).take(3).collect();
    let services = isp.idle_services(3).await;
    // It has its number in the outbox, and whoever commits after it has a higher one: a gap that nobody will ever fill.
    let mut open = PgConnection::connect_with(&options).await.unwrap();
    let mut tx = open.begin().await.unwrap();
    let never: Uuid = hubsoft_sets_in(&mut tx, ports[0], Some(services[0])).await.unwrap();
    change(&pool, ports[1], Some(services[1])).await.unwrap();
    server = away(server, &folder, &options, Way::Immediate, Duration::ZERO).await;
    assert!(tx.commit().await.is_err(), "the crash ended it");
    loop {
        match change(&pool, ports[2], Some(services[2])).await {
            Ok(()) => break,
            Err(_still_away) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    as_if_nothing_had_happened(&isp, &ports).await;
    let there: Option<String> =
        sqlx::query_scalar("select status from enlace.status($1)").bind(never).fetch_optional(&pool).await.unwrap();
    assert_eq!(there, None);
    let seats = "select id_cliente_servico from mapping.port where id_porta_atendimento = any ($1) order by id_porta_atendimento";
    let seats: Vec<Option<i64>> = sqlx::query_scalar(seats).bind(&ports).fetch_all(&pool).await.unwrap();
    assert_eq!(seats, [None, Some(services[1]), Some(services[2])]);
    // The gap is final: work goes on, and the mark does not wait for it for ever.
    let sync = enqueue(&pool, "sync", json!({ "id_integracao": isp.integration })).await;
    crate::support::isp::ends(&pool, sync, "succeeded", Duration::from_secs(60)).await;
    let gaps: i32 = sqlx::query_scalar("select cardinality(gaps) from enlace.intake order by id desc limit 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(gaps, 0);
    server.stop().await.unwrap();
}
