//! Closing for all workers, the probe, and coming back.

use std::time::Duration;

use engine::acts::{self, Person};

use super::{ONE, SOON, comes_to, limit, stands, waiting, words};
use crate::support::{
    caller::{self, Does, Platform, ended_well, enqueue, succeed},
    db::Db,
    toy::{self, pass, until},
};

async fn failures(db: &Db) -> i64 {
    sqlx::query_scalar("select coalesce(sum(failures), 0) from enlace.run").fetch_one(&db.pool()).await.unwrap()
}

async fn wait_all(db: &Db, count: i64) {
    for _ in 0..3000 {
        if waiting(&db.pool(), ONE).await == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} wait, not {count}", waiting(&db.pool(), ONE).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_429_closes_it_for_all_workers_until_the_time_it_named() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Fails(429, Some(600))).await;
    let workers = [(); 2].map(|()| caller::start(&db, 100, SOON));
    enqueue(&pool, 1, 1, ONE, &platform, "/").await;
    comes_to(&pool, ONE, "closed").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    enqueue(&pool, 1, 50, ONE, &platform, "/").await;
    wait_all(&db, 51).await;
    assert_eq!(platform.count(), 1, "nobody calls a closed upstream");
    assert_eq!(failures(&db).await, 0, "no attempt is burnt");
    let (state, seconds, reason) = stands(&pool, ONE).await;
    assert!(state == "closed" && (500.0..=600.0).contains(&seconds.unwrap()), "{state} {seconds:?}");
    assert_eq!(reason.as_deref(), Some("the platform said 429"));
    assert!(words(&pool, ONE).await.1.contains("closed by enlace until "), "{:?}", words(&pool, ONE).await);
    platform.now(Does::Answers(Duration::ZERO));
    pass(&pool, Duration::from_secs(601)).await;
    succeed(&pool, 51).await;
    for worker in workers {
        worker.stop().await;
    }
}

/// Where the number of calls is limited, one begins where another ended: not behind a 429. And what was held is nobody's then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_after_a_429_no_call_takes_the_place_of_one_that_ended_and_no_place_is_kept() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Fails(429, Some(600))).await;
    limit(&pool, ONE, None, Some(3)).await;
    enqueue(&pool, 1, 50, ONE, &platform, "/").await;
    let worker = caller::start(&db, 50, SOON);
    wait_all(&db, 50).await;
    assert!(platform.count() <= 3, "{} calls", platform.count());
    let held = "select count(*) from enlace.upstream_share";
    until("no place is kept", async || sqlx::query_scalar::<_, i64>(held).fetch_one(&pool).await.unwrap() == 0).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_pause_of_no_time_is_none_that_was_named() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Fails(429, Some(0))).await;
    enqueue(&pool, 1, 1, ONE, &platform, "/").await;
    let worker = caller::start(&db, 50, SOON);
    comes_to(&pool, ONE, "closed").await;
    let probes = "select probes and closed_until > enlace.now() + interval '2 seconds' from enlace.upstream";
    assert!(sqlx::query_scalar::<_, bool>(probes).fetch_one(&pool).await.unwrap(), "{:?}", stands(&pool, ONE).await);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_without_a_time_one_call_of_all_workers_tries_whether_it_is_back() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Fails(429, None)).await;
    enqueue(&pool, 1, 60, ONE, &platform, "/").await;
    let workers = [(); 3].map(|()| caller::start(&db, 15, SOON));
    comes_to(&pool, ONE, "closed").await;
    wait_all(&db, 60).await;
    let calls = platform.count();
    assert!(words(&pool, ONE).await.1.contains("when one call will try it"), "{:?}", words(&pool, ONE).await);
    // The first probe fails: closed for twice as long.
    pass(&pool, Duration::from_secs(6)).await;
    platform.sees(calls + 1).await;
    for _ in 0..500 {
        if stands(&pool, ONE).await.1.unwrap() > 5.0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(stands(&pool, ONE).await.1.unwrap() > 5.0, "{:?}", stands(&pool, ONE).await);
    assert_eq!(platform.count(), calls + 1, "one call tried");
    // The second one hangs for a while: meanwhile there is no other.
    platform.now(Does::Hangs);
    pass(&pool, Duration::from_secs(11)).await;
    platform.sees(calls + 2).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(platform.count(), calls + 2, "one call tries");
    assert!(words(&pool, ONE).await.1.contains("one call is trying"), "{:?}", words(&pool, ONE).await);
    assert_eq!(failures(&db).await, 0, "no attempt is burnt");
    for worker in workers {
        worker.stop().await;
    }
    // Its worker is gone; another one's call succeeds.
    platform.now(Does::Answers(Duration::from_millis(50)));
    let worker = caller::start(&db, 100, SOON);
    succeed(&pool, 60).await;
    assert!(platform.most_at_once() <= 60);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_an_outage_closes_it_and_it_comes_back_little_by_little() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Fails(500, None)).await;
    let worker = caller::start(&db, 100, SOON);
    enqueue(&pool, 1, 80, ONE, &platform, "/").await;
    comes_to(&pool, ONE, "closed").await;
    assert_eq!(stands(&pool, ONE).await.2.as_deref(), Some("the platform said 500"));
    for _ in 0..500 {
        let open: i64 = sqlx::query_scalar("select count(*) from enlace.run where worker is not null")
            .fetch_one(&pool)
            .await
            .unwrap();
        if open == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let calls = platform.count();
    assert!(calls <= 80, "none called twice: {calls}");
    platform.now(Does::Answers(Duration::from_millis(300)));
    let again = Platform::start(Does::Answers(Duration::from_millis(300))).await;
    enqueue(&pool, 1, 80, ONE, &again, "/").await;
    pass(&pool, Duration::from_secs(6)).await;
    comes_to(&pool, ONE, "slowed").await;
    assert!(words(&pool, ONE).await.1.contains("comes back little by little"), "{:?}", words(&pool, ONE).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(again.most_at_once() + platform.count() - calls <= 12, "{} at once at first", again.most_at_once());
    pass(&pool, Duration::from_secs(20)).await;
    succeed(&pool, 160).await;
    assert_eq!(stands(&pool, ONE).await.0, "open");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_person_closes_and_opens_it_while_work_goes_on() {
    let db = toy::db().await;
    let pool = db.pool();
    let platform = Platform::start(Does::Answers(Duration::from_millis(20))).await;
    let workers = [(); 2].map(|()| caller::start(&db, 20, SOON));
    enqueue(&pool, 2, 20, ONE, &platform, "/").await;
    succeed(&pool, 20).await;
    let person = || Person { name: "ana".to_owned(), reason: "manutenção".to_owned() };
    let close = engine::upstream::Close {
        upstream: ONE.to_owned(),
        length: engine::upstream::Length::UntilOpened,
        reason: "manutenção".to_owned(),
    };
    acts::close_upstream(&pool, close, person()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let calls = platform.count();
    enqueue(&pool, 2, 300, ONE, &platform, "/").await;
    wait_all(&db, 300).await;
    assert_eq!(platform.count(), calls);
    assert_eq!(
        words(&pool, ONE).await.0,
        "aguarda a plataforma (u:1), fechada por ana até que uma pessoa a abra: manutenção"
    );
    pass(&pool, Duration::from_secs(86_400)).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(platform.count(), calls, "time does not open it");
    assert!(acts::open_upstream(&pool, ONE, person()).await.unwrap());
    comes_to(&pool, ONE, "slowed").await;
    pass(&pool, Duration::from_secs(20)).await;
    succeed(&pool, 320).await;
    assert_eq!(ended_well(&pool).await, 320);
    for worker in workers {
        worker.stop().await;
    }
}
