//! The arithmetic of turns, pauses and the way back, driven by a clock of its own: thousands of questions in one statement.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use engine::upstream::{Limits, limit};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::support::Db;

#[derive(Debug, sqlx::FromRow)]
struct Turn {
    verdict: String,
    lane: Option<i16>,
    calls: i32,
    seconds: Option<f64>,
}

/// Three workers, whose leases outlast the test.
async fn workers(conn: &mut PgConnection) -> Vec<Uuid> {
    sqlx::query_scalar(
        "insert into enlace.worker (name, build, lease_until) select 'w' || g, 'x', 'infinity' from generate_series(1, 3) g returning id",
    )
    .fetch_all(conn)
    .await
    .unwrap()
}

async fn turn(conn: &mut PgConnection, worker: Uuid, waiting: [i32; 3], busy: i32, at: DateTime<Utc>) -> Turn {
    sqlx::query_as("select verdict, lane, calls, seconds from enlace.upstream_turn('u', $1, $2, $3, $4)")
        .bind(worker)
        .bind(waiting)
        .bind(busy)
        .bind(at)
        .fetch_one(conn)
        .await
        .unwrap()
}

fn seeded() -> SmallRng {
    let seed =
        std::env::var("ENLACE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("ENLACE_TEST_SEED={seed}");
    SmallRng::seed_from_u64(seed)
}

#[tokio::test]
async fn g7_whoever_asks_whenever_no_window_holds_more_calls_than_the_rate() {
    let db = Db::new().await;
    let mut conn = db.connection().await;
    let workers = workers(&mut conn).await;
    let mut rng = seeded();
    for _ in 0..8 {
        let rate: f64 = 10_f64.powf(rng.random_range(-0.5..3.0));
        sqlx::query("delete from enlace.upstream_budget").execute(&mut conn).await.unwrap();
        sqlx::query("insert into enlace.upstream (id, rate) values ('u', $1) on conflict (id) do update set rate = excluded.rate")
            .bind(rate)
            .execute(&mut conn)
            .await
            .unwrap();
        let mut at = Utc::now();
        let mut granted: Vec<(DateTime<Utc>, i32)> = Vec::new();
        for _ in 0..250 {
            let pause = rng.random_range(0.0..3.0 / rate) * if rng.random_bool(0.05) { 100.0 } else { 1.0 };
            at += TimeDelta::microseconds((pause * 1e6) as i64);
            let waiting = [rng.random_range(0..3), rng.random_range(0..30), rng.random_range(0..300)];
            let worker = workers[rng.random_range(0..3)];
            let turn = turn(&mut conn, worker, waiting, 0, at).await;
            match turn.verdict.as_str() {
                "go" => granted.push((at, turn.calls)),
                "wait" => assert!(turn.seconds.is_none_or(|s| s > 0.0 && s <= (1.0 + rate) / rate + 1.0), "{turn:?}"),
                other => panic!("{other}"),
            }
        }
        assert!(granted.len() > 20, "{} turns at {rate}/s", granted.len());
        if rate < 8.0 {
            let apart = granted.windows(2).map(|two| (two[1].0 - two[0].0).as_seconds_f64()).fold(f64::MAX, f64::min);
            assert!(apart >= 1.0 / rate, "two calls {apart} s apart, at {rate}/s");
            assert!(granted.iter().all(|(_, calls)| *calls == 1), "singly, at {rate}/s");
        }
        for (n, (from, _)) in granted.iter().enumerate() {
            let mut calls = 0;
            for (to, more) in &granted[n..] {
                calls += more;
                // A quarter of a second ahead, a tenth behind, and the call at the edge.
                let allowed = rate * ((*to - *from).as_seconds_f64() + 0.35) + 2.0;
                assert!(f64::from(calls) <= allowed, "{calls} calls in {}, at {rate}/s", *to - *from);
            }
        }
    }
}

#[tokio::test]
async fn g7_whoever_asks_whenever_no_more_calls_are_under_way_than_allowed() {
    let db = Db::new().await;
    let mut conn = db.connection().await;
    let workers = workers(&mut conn).await;
    let mut rng = seeded();
    let most = rng.random_range(1..12);
    sqlx::query("insert into enlace.upstream (id, concurrency) values ('u', $1)")
        .bind(most)
        .execute(&mut conn)
        .await
        .unwrap();
    let (mut at, mut busy, mut full, mut got) = (Utc::now(), [0; 3], 0, [0; 3]);
    for _ in 0..2000 {
        at += TimeDelta::milliseconds(rng.random_range(1..40));
        let me = rng.random_range(0..3);
        busy[me] -= rng.random_range(0..=busy[me]);
        let waiting = [rng.random_range(0..2), rng.random_range(0..3), rng.random_range(0..9)];
        let turn = turn(&mut conn, workers[me], waiting, busy[me], at).await;
        busy[me] += turn.calls;
        got[me] += turn.calls;
        assert!(turn.calls == 0 || turn.calls <= waiting[usize::try_from(turn.lane.unwrap()).unwrap()]);
        // What a worker gave back without saying so still counts as its own.
        assert!(busy.iter().sum::<i32>() <= most, "{busy:?} of {most}");
        full += i32::from(busy.iter().sum::<i32>() == most);
    }
    assert!(full > 20, "used to the full {full} times");
    let all: i32 = got.iter().sum();
    assert!(got.iter().all(|g| *g * 6 > all), "shared as {got:?}");
}

#[tokio::test]
async fn g7_of_ten_turns_nine_are_urgent_and_one_is_bulk() {
    let db = Db::new().await;
    let mut conn = db.connection().await;
    let workers = workers(&mut conn).await;
    sqlx::query("insert into enlace.upstream (id, rate) values ('u', 1)").execute(&mut conn).await.unwrap();
    let (mut at, mut lanes) = (Utc::now(), VecDeque::new());
    while lanes.len() < 40 {
        // One worker has bulk work, the others are urgent; each asks five times a second.
        for (me, waiting) in [[0, 0, 5], [0, 3, 0], [1, 1, 0]].into_iter().enumerate() {
            let turn = turn(&mut conn, workers[me], waiting, 0, at).await;
            lanes.extend((turn.calls > 0).then_some(turn.lane.unwrap()));
        }
        at += TimeDelta::milliseconds(200);
    }
    let bulk = lanes.iter().filter(|lane| **lane == 2).count();
    assert!((3..=5).contains(&bulk), "{lanes:?}");
    assert!(!lanes.iter().skip(1).any(|lane| *lane == 1), "interactive work waits all the time: {lanes:?}");
}

/// However far away the next turn was by the old one.
#[tokio::test]
async fn g7_a_higher_rate_counts_at_once() {
    let db = Db::new().await;
    let mut conn = db.connection().await;
    let worker = workers(&mut conn).await[0];
    let rate = |rate| Limits { rate: Some(rate), concurrency: None };
    limit(&mut conn, "u", rate(0.001)).await.unwrap();
    let now: DateTime<Utc> = sqlx::query_scalar("select enlace.now()").fetch_one(&mut conn).await.unwrap();
    assert_eq!(turn(&mut conn, worker, [0, 5, 0], 0, now).await.verdict, "go");
    let next = now + TimeDelta::seconds(5);
    assert_eq!(turn(&mut conn, worker, [0, 5, 0], 0, next).await.verdict, "wait");
    limit(&mut conn, "u", rate(10.0)).await.unwrap();
    assert_eq!(turn(&mut conn, worker, [0, 5, 0], 0, next).await.verdict, "go");
}

#[tokio::test]
async fn g7_pauses_double_and_the_way_back_doubles() {
    let db = Db::new().await;
    let mut conn = db.connection().await;
    let pauses: Vec<f64> =
        sqlx::query_scalar("select extract(epoch from enlace.upstream_pause(n))::float8 from generate_series(0, 12) n")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    assert_eq!(pauses[..8], [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]);
    assert!(pauses.iter().all(|p| *p <= 300.0));
    let ramp: Vec<Option<i32>> =
        sqlx::query_scalar("select enlace.upstream_ramp(n * interval '1 second') from generate_series(-1, 17) n")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    assert_eq!(ramp[..5], [Some(2), Some(2), Some(2), Some(4), Some(4)]);
    assert!(ramp.windows(2).all(|w| w[1].is_none_or(|b| w[0].is_some_and(|a| a <= b))), "{ramp:?}");
    assert_eq!(ramp[16..], [Some(256), None, None]);
}
