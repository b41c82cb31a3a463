//! Records the history that the checker is tested with: a small run with kills, lost answers and rollbacks.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::SmallRng};
use rustix::process::Signal;
use simulators::faults::{Effect, Fault};

use super::{assert_correct, watch::Watch};
use crate::{
    chaos::hubsoft::HubSoft,
    support::{
        isp::{Isp, all_ended},
        toy::pass,
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_run_with_kills_and_lost_answers_is_correct() {
    let isp = Isp::new(10).await;
    let pool = isp.db.pool();
    let mut watch = Watch::begin(pool.clone(), &isp.ozmap).await;
    let mut worker = isp.worker();
    isp.sync().await;
    let ports: Vec<i64> = isp.ports(8).await.into_iter().map(|(port, _)| port).collect();
    watch.ports(&ports).await;
    let mut hubsoft = HubSoft::new(isp.db.options(), &watch, ports, isp.idle_services(12).await, 5);
    let mut rng = SmallRng::seed_from_u64(5);
    worker.signal(Signal::KILL);
    for method in ["POST", "PATCH", "DELETE"] {
        isp.ozmap.add_fault(Fault::always(Effect::ResetAfter).method(method).probability(0.15));
        isp.ozmap.add_fault(Fault::always(Effect::Delay(60)).method(method).probability(0.5));
    }
    for _ in 0..5 {
        worker.ended().await;
        pass(&pool, Duration::from_secs(12)).await;
        worker = isp.worker();
        for _ in 0..16 {
            hubsoft.changes_its_mind(&mut rng).await;
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(300..700))).await;
        worker.signal(Signal::KILL);
    }
    worker.ended().await;
    pass(&pool, Duration::from_secs(12)).await;
    let _last = isp.worker();
    all_ended(&pool, Duration::from_secs(60)).await;
    let history = watch.history().await;
    assert_correct(&history);
    assert!(history.hands.len() > history.ends.len(), "a dead worker's work was taken over");
    if std::env::var_os("ENLACE_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/history/recorded.json");
        std::fs::write(path, serde_json::to_string(&history).unwrap()).unwrap();
    }
}
