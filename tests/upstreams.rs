//! G7 from end to end: what OZMap is asked for, by its own journal, while it asks for pauses or is limited.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use engine::{
    acts::{self, Person},
    upstream::{Close, Length, Limits, limit},
};
use simulators::{
    faults::{Effect, Fault},
    journal::Call,
};
use uuid::Uuid;

use crate::support::isp::{Isp, ends, hubsoft_sets};

const SOON: Duration = Duration::from_secs(60);
/// Where a splitter is looked at.
const SPLITTER: &str = "/api/v2/splitters";
/// Within this time every worker knows what another one or a person has closed.
const KNOWN: Duration = Duration::from_millis(1500);

fn upstream(isp: &Isp) -> String {
    format!("integration:{}", isp.integration)
}

fn ana() -> Person {
    Person { name: "ana".to_owned(), reason: "manutenção".to_owned() }
}

fn came(call: &Call) -> DateTime<Utc> {
    call.at.parse().unwrap()
}

/// Ports and services without each other, so many.
async fn apart(isp: &Isp, count: usize) -> Vec<(i64, i64)> {
    let free = isp.ports(400).await.into_iter().filter(|(_, who)| who.is_none()).map(|(port, _)| port);
    let pairs: Vec<_> = free.zip(isp.idle_services(400).await).take(count).collect();
    assert_eq!(pairs.len(), count);
    pairs
}

/// HubSoft puts each service on its port.
async fn bind_all(isp: &Isp, pairs: &[(i64, i64)]) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for (port, service) in pairs {
        ids.push(hubsoft_sets(&isp.db.pool(), *port, Some(*service)).await.unwrap());
    }
    ids
}

async fn all_succeed(isp: &Isp, ids: &[Uuid], pairs: &[(i64, i64)]) {
    for id in ids {
        ends(&isp.db.pool(), *id, "succeeded", SOON).await;
    }
    let ports: Vec<i64> = pairs.iter().map(|(port, _)| *port).collect();
    let (ours, theirs) = isp.both_sides(&ports).await;
    assert_eq!(ours, theirs);
}

/// A call that was struck by a fault.
async fn struck(isp: &Isp) -> Call {
    for _ in 0..3000 {
        if let Some(call) = isp.ozmap.calls(0).into_iter().find(|call| call.fault.is_some()) {
            return call;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no call was struck");
}

async fn state(isp: &Isp) -> String {
    sqlx::query_scalar("select enlace.upstream_state(u, enlace.now()) from enlace.upstream u where u.id = $1")
        .bind(upstream(isp))
        .fetch_optional(&isp.db.pool())
        .await
        .unwrap()
        .unwrap_or_else(|| "open".to_owned())
}

/// Outcomes by state, in order.
async fn story(isp: &Isp, id: Uuid) -> Vec<(String, String)> {
    sqlx::query_as("select state, outcome from enlace.step where id = $1 order by n, attempt")
        .bind(id)
        .fetch_all(&isp.db.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_429_that_one_worker_process_got_keeps_the_other_from_calling_until_its_time() {
    let isp = Isp::new(60).await;
    let workers = [isp.worker(), isp.worker()];
    isp.sync().await;
    let pairs = apart(&isp, 12).await;
    isp.ozmap.add_fault(Fault::always(Effect::Throttled(6)).times(1));
    let first = bind_all(&isp, &pairs[..1]).await;
    let throttled = struck(&isp).await;
    ends(&isp.db.pool(), first[0], "waiting", SOON).await;
    tokio::time::sleep(KNOWN).await;
    // Whoever got it is gone; the other one has it from Postgres.
    let name: String = sqlx::query_scalar(
        "select w.name from enlace.step s join enlace.worker w on w.id = s.worker where s.id = $1 and s.outcome = 'throttled'",
    )
    .bind(first[0])
    .fetch_one(&isp.db.pool())
    .await
    .unwrap();
    let [one, other] = workers;
    let got_it = |worker: &crate::support::Process| name.ends_with(&format!(":{}", worker.pid()));
    assert!(got_it(&one) != got_it(&other), "{name}");
    let (gone, stays) = if got_it(&one) { (one, other) } else { (other, one) };
    drop(gone);
    let rest = bind_all(&isp, &pairs[1..]).await;
    all_succeed(&isp, &first, &pairs[..1]).await;
    all_succeed(&isp, &rest, &pairs).await;
    let next = isp.ozmap.calls(throttled.seq).into_iter().map(|call| came(&call)).min().unwrap();
    let pause = next - came(&throttled);
    assert!(pause >= TimeDelta::seconds(6), "the next call came after {pause}");
    assert!(story(&isp, rest[5]).await.iter().all(|(_, outcome)| outcome == "done"), "no attempt is burnt");
    drop(stays);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_after_a_503_without_a_time_one_call_of_two_worker_processes_tries_whether_it_is_back() {
    let isp = Isp::new(60).await;
    let pool = isp.db.pool();
    let _workers = [isp.worker(), isp.worker()];
    isp.sync().await;
    let pairs = apart(&isp, 20).await;
    let down = Effect::Status { status: 503, body: Some("em manutenção".into()), retry_after_seconds: None };
    isp.ozmap.set_faults(vec![Fault::always(down).times(1), Fault::always(Effect::Delay(3000)).times(1)]);
    let first = bind_all(&isp, &pairs[..1]).await;
    let refused = struck(&isp).await;
    ends(&pool, first[0], "waiting", SOON).await;
    assert_eq!(state(&isp).await, "closed");
    let sentence: String = sqlx::query_scalar("select explanation ->> 'pt' from enlace.status($1)")
        .bind(first[0])
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(sentence.contains("fechada pelo enlace até") && sentence.contains("em manutenção"), "{sentence}");
    tokio::time::sleep(KNOWN).await;
    let rest = bind_all(&isp, &pairs[1..]).await;
    while isp.ozmap.calls(refused.seq).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let pause = came(&isp.ozmap.calls(refused.seq)[0]) - came(&refused);
    assert!(pause >= TimeDelta::seconds(5), "the next call came after {pause}");
    // It is kept for three seconds, and nobody else comes meanwhile.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(isp.ozmap.calls(refused.seq).len(), 1, "one call tries");
    all_succeed(&isp, &first, &pairs[..1]).await;
    all_succeed(&isp, &rest, &pairs).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_two_worker_processes_together_call_no_more_often_than_the_rate() {
    let isp = Isp::new(60).await;
    let _workers = [isp.worker(), isp.worker()];
    isp.sync().await;
    let limits = Limits { rate: Some(5.0), concurrency: None };
    limit(&mut isp.db.pool().acquire().await.unwrap(), &upstream(&isp), limits).await.unwrap();
    tokio::time::sleep(KNOWN).await;
    let before = isp.ozmap.calls(0).last().map_or(0, |call| call.seq);
    let pairs = apart(&isp, 12).await;
    let ids = bind_all(&isp, &pairs).await;
    all_succeed(&isp, &ids, &pairs).await;
    let mut calls: Vec<DateTime<Utc>> = isp.ozmap.calls(before).iter().map(came).collect();
    calls.sort();
    assert!(calls.len() >= 48, "a look, another, a write and a look each: {}", calls.len());
    // In whatever stretch: a call each fifth of a second. One may be late on its way by up to a second, none comes earlier.
    for (nth, from) in calls.iter().enumerate() {
        for (more, upto) in calls[nth..].iter().enumerate() {
            let least = (f64::from(u32::try_from(more).unwrap()) / 5.0 - 1.0).max(0.0);
            let took = (*upto - *from).as_seconds_f64();
            assert!(took >= least, "{} calls within {took} s", more + 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g7_a_platform_that_closes_in_the_middle_of_a_write_of_several_calls_is_looked_at_again() {
    let isp = Isp::new(60).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    let pairs = apart(&isp, 1).await;
    let before = isp.ozmap.calls(0).last().map_or(0, |call| call.seq);
    // A look at the splitter takes so long that, when it is answered, everybody knows that the platform is closed.
    isp.ozmap.set_faults(vec![Fault::always(Effect::Delay(2500)).method("GET").path_prefix(SPLITTER)]);
    let ids = bind_all(&isp, &pairs).await;
    // The second one is the attach's first call; its write would follow.
    while isp.ozmap.calls(before).iter().filter(|call| call.path.starts_with(SPLITTER)).count() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let close = Close { upstream: upstream(&isp), length: Length::UntilOpened, reason: "manutenção".to_owned() };
    acts::close_upstream(&pool, close, ana()).await.unwrap();
    ends(&pool, ids[0], "waiting", SOON).await;
    isp.ozmap.set_faults(Vec::new());
    let told = story(&isp, ids[0]).await;
    assert_eq!(told.last().unwrap(), &("attaching".to_owned(), "throttled".to_owned()), "{told:?}");
    assert!(acts::open_upstream(&pool, &upstream(&isp), ana()).await.unwrap());
    all_succeed(&isp, &ids, &pairs).await;
    let states: Vec<String> = story(&isp, ids[0]).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["requested", "looking", "attaching", "looking", "attaching", "looking"], "settled by looking");
    assert_eq!(isp.ozmap.calls(before).iter().filter(|call| call.method == "POST").count(), 1);
}
