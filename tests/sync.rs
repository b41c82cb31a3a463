//! Sync against the simulated OZMap (rules S1–S5, S8, S10): what comes in, that a second one writes nothing, that a crash
//! half way costs one page.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::isp::{Isp, ends, enqueue};

const PATIENT: Duration = Duration::from_secs(240);

/// Which transaction wrote each element row last. The server's own counters tell of it seconds later, from one connection after
/// another.
async fn written_by(isp: &Isp) -> Vec<(String, i64)> {
    let mut conn = isp.db.connection().await;
    sqlx::query_as(
        "select xmin::text, count(*) from (select xmin from mapping.box union all select xmin from mapping.splitter
           union all select xmin from mapping.port union all select xmin from mapping.pole union all select xmin from mapping.cable) e
         group by 1 order by 1",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_s3_s4_s5_the_drawing_comes_in_and_a_second_sync_writes_no_element_row() {
    let isp = Isp::new(120).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    let first = isp.sync().await;
    let size = isp.ozmap.size();
    assert_eq!(first["elements"]["box"]["created"], size.boxes, "{first}");
    let distribution: i64 = sqlx::query_scalar(
        "select count(*) from mapping.port p join mapping.splitter s using (id_splitter) where s.role = 'distribution'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(distribution, 0, "S3");
    let (bound, reserved): (i64, i64) = sqlx::query_as(
        "select count(*) filter (where id_cliente_servico is not null), count(*) filter (where reserved_by = 'sync') from mapping.port",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(first["customers"]["bound"], bound, "S4");
    assert!(bound > 100 && reserved > 5, "{bound} bound, {reserved} reserved");
    let note: String = sqlx::query_scalar("select observacao from mapping.port where reserved_by = 'sync' limit 1")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(!note.is_empty(), "S5");

    let before = written_by(&isp).await;
    let second = isp.sync().await;
    assert_eq!(written_by(&isp).await, before, "S2: {second}");
    assert_eq!(second["elements"]["box"]["unchanged"], size.boxes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_a_sync_asked_for_while_one_runs_joins_it() {
    let isp = Isp::new(200).await;
    let pool = isp.db.pool();
    let ask = json!({ "id_integracao": isp.integration });
    let first = enqueue(&pool, "sync", ask.clone()).await;
    let _worker = isp.worker();
    ends(&pool, first, "running", PATIENT).await;
    assert_eq!(enqueue(&pool, "sync", ask).await, first);
    ends(&pool, first, "succeeded", PATIENT).await;
}

/// 20,000 boxes are the figure; `enlace bench sync` is for the bigger ones. Prints memory, time and rows a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s10_a_sync_killed_half_way_goes_on_from_its_page_and_memory_does_not_grow() {
    let isp = Isp::new(2_000).await;
    let pool = isp.db.pool();
    let id = enqueue(&pool, "sync", json!({ "id_integracao": isp.integration })).await;
    let mut worker = isp.worker();
    let pages = "select count(*) from enlace.step where id = $1 and outcome = 'done'";
    while sqlx::query_scalar::<_, i64>(pages).bind(id).fetch_one(&pool).await.unwrap() < 6 {
        tokio::task::yield_now().await;
    }
    worker.signal(rustix::process::Signal::KILL);
    worker.ended().await;
    let written: i64 = sqlx::query_scalar(pages).bind(id).fetch_one(&pool).await.unwrap();
    let lost = Instant::now();
    let worker = isp.worker();
    let result = ends(&pool, id, "succeeded", PATIENT).await;
    println!("taken over and finished in {:?}", lost.elapsed());
    let (twice, all): (i64, i64) = sqlx::query_as(
        "select count(*) - count(distinct data ->> 'cursor'), count(*) from enlace.step
         where id = $1 and outcome = 'done' and state = 'pulling_boxes' and data ->> 'state' = 'pulling_boxes'",
    )
    .bind(id)
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(twice, 0, "of {all} pages of boxes none was written twice");
    assert!(written >= 6);
    let size = isp.ozmap.size();
    assert_eq!(result["elements"]["box"]["seen"], size.boxes);
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.pid())).unwrap();
    let peak: u64 =
        status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    println!("peak memory of the worker: {} MB", peak / 1024);
    assert!(peak < 150 * 1024, "{peak} kB");
}
