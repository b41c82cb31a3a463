//! The promise against crashes: HubSoft commits, the worker is killed again and again, the platform loses answers, and
//! afterwards every port on the platform equals HubSoft's row (G1–G5, B6, B7).

use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use rustix::process::Signal;
use simulators::faults::{Effect, Fault};
use uuid::Uuid;

use crate::support::isp::{Isp, all_ended, hubsoft_sets, hubsoft_sets_in};

async fn no_step_twice(isp: &Isp) {
    let twice: i64 = sqlx::query_scalar(
        "select count(*) from (select id, n from enlace.step where outcome = 'done' group by id, n having count(*) > 1) t",
    )
    .fetch_one(&isp.db.pool())
    .await
    .unwrap();
    assert_eq!(twice, 0, "recorded steps ran twice");
}

/// Moves services in and out of ports as HubSoft would; what is committed is what counts.
async fn change(isp: &Isp, rng: &mut SmallRng, ports: &[i64], services: &[i64]) -> Option<Uuid> {
    let port = *ports.choose(rng).unwrap();
    let service = if rng.random_bool(0.6) { free_service(isp, rng, services).await } else { None };
    hubsoft_sets(&isp.db.pool(), port, service).await
}

/// A service that sits nowhere: a service holds at most one port here.
async fn free_service(isp: &Isp, rng: &mut SmallRng, services: &[i64]) -> Option<i64> {
    let seated: Vec<i64> =
        sqlx::query_scalar("select id_cliente_servico from mapping.port where id_cliente_servico = any ($1)")
            .bind(services)
            .fetch_all(&isp.db.pool())
            .await
            .unwrap();
    let free: Vec<i64> = services.iter().copied().filter(|s| !seated.contains(s)).collect();
    free.choose(rng).copied()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g2_g3_300_changes_on_40_ports_survive_30_kills_and_lost_answers() {
    let seed: u64 =
        std::env::var("ENLACE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("ENLACE_TEST_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let isp = Isp::new(20).await;
    let pool = isp.db.pool();
    let mut worker = isp.worker();
    isp.sync().await;
    let ports: Vec<i64> = isp.ports(40).await.into_iter().map(|(port, _)| port).collect();
    let services = isp.idle_services(60).await;
    assert_eq!(ports.len(), 40);
    for method in ["POST", "PATCH", "DELETE"] {
        isp.ozmap.add_fault(Fault::always(Effect::ResetAfter).method(method).probability(0.05));
    }
    // The lease is short, so that thirty takeovers do not take ten minutes: time is what the test moves, not waits for.
    let mut kills: u32 = 0;
    for turn in 0..300 {
        change(&isp, &mut rng, &ports, &services).await;
        if turn % 10 == 9 {
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..400))).await;
            worker.signal(Signal::KILL);
            worker.ended().await;
            kills += 1;
            crate::support::toy::pass(&pool, Duration::from_secs(10)).await;
            worker = isp.worker();
        }
    }
    assert_eq!(kills, 30);
    all_ended(&pool, Duration::from_secs(120)).await;
    let (ours, theirs) = isp.both_sides(&ports).await;
    assert_eq!(ours, theirs);
    no_step_twice(&isp).await;
    let (workflows, ended): (i64, i64) =
        sqlx::query_as("select (select count(*) from enlace.outbox), (select count(*) from enlace.finished)")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(workflows, ended, "nothing is lost");
    let resets = isp.ozmap.calls(0).iter().filter(|c| c.fault.is_some()).count();
    let unknown: i64 = sqlx::query_scalar(
        "select count(*) from enlace.step where outcome in ('unknown', 'lost') and next_state = 'looking'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    println!("{resets} resets; {unknown} outcomes unknown, settled by looking");
    assert!(unknown >= 1 && unknown >= i64::try_from(resets).unwrap(), "each reset shows in the history");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g4_b7_random_interleavings_of_2000_operations_leave_the_platform_as_hubsoft_is() {
    let seed: u64 =
        std::env::var("ENLACE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("ENLACE_TEST_SEED={seed}");
    let isp = std::sync::Arc::new(Isp::new(10).await);
    let pool = isp.db.pool();
    let (_worker, _another) = (isp.worker(), isp.worker());
    isp.sync().await;
    let ports: Vec<i64> = isp.ports(10).await.into_iter().map(|(port, _)| port).collect();
    let services = isp.idle_services(16).await;
    let clients: Vec<_> = (0..8_u64)
        .map(|client| {
            // Each client has services of its own, so that no two of them seat the same one.
            let own: Vec<i64> = services.iter().copied().skip(usize::try_from(client).unwrap() * 2).take(2).collect();
            let (isp, ports) = (std::sync::Arc::clone(&isp), ports.clone());
            tokio::spawn(async move {
                let mut rng = SmallRng::seed_from_u64(seed ^ client);
                let mut conn = isp.db.connection().await;
                for _ in 0..250 {
                    let mut tx = sqlx::Connection::begin(&mut conn).await.unwrap();
                    let port = *ports.choose(&mut rng).unwrap();
                    let service = if rng.random_bool(0.6) { free_service(&isp, &mut rng, &own).await } else { None };
                    hubsoft_sets_in(&mut tx, port, service).await;
                    if rng.random_bool(0.05) {
                        tokio::time::sleep(Duration::from_millis(rng.random_range(1..30))).await; // commits late
                    }
                    if rng.random_bool(0.1) { tx.rollback().await.unwrap() } else { tx.commit().await.unwrap() }
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    all_ended(&pool, Duration::from_secs(180)).await;
    let (ours, theirs) = isp.both_sides(&ports).await;
    assert_eq!(ours, theirs);
    // This server keeps commit times: per port, each one's first step was recorded after the one before it had ended.
    let out_of_order: i64 = sqlx::query_scalar(
        "select count(*) from (
           select began, lag(ended) over (partition by port order by committed, seq) as before
           from (select o.payload ->> 'id_porta_atendimento' as port, o.seq, pg_xact_commit_timestamp(o.xid::xid) as committed,
                        pg_xact_commit_timestamp(f.xmin) as ended, pg_xact_commit_timestamp(s.xmin) as began
                 from enlace.outbox o join enlace.finished f using (id) join enlace.step s on s.id = o.id and s.n = 1 and s.attempt = 1
                 where o.kind <> 'sync') t) u
         where began < before",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(out_of_order, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g5_a_killed_workers_hundred_workflows_are_finished_by_another_within_15_seconds() {
    let isp = Isp::new(60).await;
    let pool = isp.db.pool();
    let mut first = isp.worker();
    isp.sync().await;
    let free: Vec<i64> =
        isp.ports(500).await.into_iter().filter(|(_, who)| who.is_none()).map(|(port, _)| port).take(100).collect();
    let services = isp.idle_services(100).await;
    isp.ozmap.add_fault(Fault::always(Effect::Delay(3000)).times(100));
    let mut ids = Vec::new();
    for (port, service) in free.iter().zip(&services) {
        ids.push(hubsoft_sets(&pool, *port, Some(*service)).await.unwrap());
    }
    let held = "select count(*) from enlace.run where worker is not null";
    while sqlx::query_scalar::<_, i64>(held).fetch_one(&pool).await.unwrap() < 100 {
        tokio::task::yield_now().await;
    }
    let _second = isp.worker();
    tokio::time::sleep(Duration::from_millis(500)).await;
    first.signal(Signal::KILL);
    first.ended().await;
    let killed = Instant::now();
    all_ended(&pool, Duration::from_secs(60)).await;
    println!("all were finished {:?} after the kill", killed.elapsed());
    let pause: f64 = sqlx::query_scalar(
        "select max(extract(epoch from pause))::float8 from (
           select began_at - lag(ended_at) over (partition by id order by n, attempt) as pause from enlace.step where id = any ($1)) t",
    )
    .bind(&ids)
    .fetch_one(&pool)
    .await
    .unwrap();
    println!("longest pause of a workflow: {pause:.1} s");
    assert!(pause < 15.0);
    let (ours, theirs) = isp.both_sides(&free).await;
    assert_eq!(ours, theirs);
}
