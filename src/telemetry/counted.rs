//! What this process counts itself, kept for Prometheus.

use std::{sync::OnceLock, time::Duration};

use engine::clock;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use super::catalogue;

/// From a single insert that finds an idle worker to a backlog of hours.
const WAITS: &[f64] = &[0.002, 0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 300.0, 3600.0];
/// From a fast commit to a disk in trouble; from a fast look to a call that is given up.
const CALLS: &[f64] = &[0.005, 0.025, 0.1, 0.5, 2.0, 10.0, 60.0];
/// Workflows in one commit.
const GROUPS: &[f64] = &[1.0, 10.0, 50.0, 200.0, 1000.0];

/// Begins to count, and gives what renders the counts. Once a process: later calls give the same.
///
/// # Errors
/// When somebody else counts already.
pub fn counted() -> Result<PrometheusHandle, BuildError> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let exact = |name: &str| Matcher::Full(name.to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(exact("enlace_first_step_seconds"), WAITS)?
        .set_buckets_for_metric(exact("enlace_workflow_seconds"), WAITS)?
        .set_buckets_for_metric(exact("enlace_call_seconds"), CALLS)?
        .set_buckets_for_metric(exact("enlace_record_commit_seconds"), CALLS)?
        .set_buckets_for_metric(exact("enlace_record_group_workflows"), GROUPS)?
        .install_recorder()?;
    catalogue::describe();
    Ok(HANDLE.get_or_init(|| handle).clone())
}

/// Folds samples into their buckets, so that a process which nobody asks does not gather them for ever.
pub async fn upkeep(handle: PrometheusHandle, stop: CancellationToken) {
    while !stop.is_cancelled() {
        handle.run_upkeep();
        tokio::select! {
            () = clock::sleep(Duration::from_secs(5)) => {}
            () = stop.cancelled() => {}
        }
    }
}
