//! Metrics that are read off the database when somebody asks: a handful of cheap queries, labels that are bounded.

use metrics::{Label, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use sqlx::PgPool;

#[derive(sqlx::FromRow)]
struct Unfinished {
    kind: String,
    status: String,
    count: i64,
}

#[derive(sqlx::FromRow)]
struct Stands {
    oldest_seconds: f64,
    not_taken_in: i64,
    ended: f64,
    workers: i64,
}

#[derive(sqlx::FromRow)]
struct Gate {
    upstream: String,
    closed: bool,
    waiting: i64,
}

/// The text for Prometheus.
///
/// # Errors
/// When the database cannot be read.
pub async fn of_database(pool: &PgPool) -> sqlx::Result<String> {
    let unfinished: Vec<Unfinished> =
        sqlx::query_as(include_str!("sql/metrics_unfinished.sql")).fetch_all(pool).await?;
    let stands: Stands = sqlx::query_as(include_str!("sql/metrics_stands.sql")).fetch_one(pool).await?;
    let gates: Vec<Gate> = sqlx::query_as(include_str!("sql/metrics_upstreams.sql")).fetch_all(pool).await?;
    Ok(rendered(|| {
        describe();
        gauge!("enlace_database_up").set(1.0);
        for Unfinished { kind, status, count } in unfinished {
            gauge!("enlace_workflows_unfinished", "kind" => kind, "status" => status).set(count as f64);
        }
        gauge!("enlace_workflows_ended_estimate").set(stands.ended);
        gauge!("enlace_outbox_not_taken_in").set(stands.not_taken_in as f64);
        gauge!("enlace_outbox_oldest_not_taken_in_seconds").set(stands.oldest_seconds);
        gauge!("enlace_workers_alive").set(stands.workers as f64);
        for Gate { upstream, closed, waiting } in gates {
            let label = vec![Label::new("upstream", upstream)];
            gauge!("enlace_upstream_closed", label.clone()).set(f64::from(u8::from(closed)));
            gauge!("enlace_upstream_waiting", label).set(waiting as f64);
        }
    }))
}

/// The text where the database could not be read.
pub fn database_away() -> String {
    rendered(|| {
        describe_gauge!("enlace_database_up", "Whether the database could be read for these metrics");
        gauge!("enlace_database_up").set(0.0);
    })
}

/// A recorder of its own for each time: what is gone from the database is gone from the text.
fn rendered(write: impl FnOnce()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    with_local_recorder(&recorder, write);
    recorder.handle().render()
}

fn describe() {
    describe_gauge!("enlace_database_up", "Whether the database could be read for these metrics");
    describe_gauge!("enlace_workflows_unfinished", "Workflows that have not ended, by kind and status");
    describe_gauge!("enlace_workflows_ended_estimate", "Workflows that have ended, as the planner estimates them");
    describe_gauge!("enlace_outbox_not_taken_in", "Committed outbox rows that no worker has taken in, up to 1000");
    describe_gauge!("enlace_outbox_oldest_not_taken_in_seconds", "Age of the oldest of those");
    describe_gauge!("enlace_workers_alive", "Workers whose lease holds");
    describe_gauge!("enlace_upstream_closed", "1: no worker calls this platform");
    describe_gauge!("enlace_upstream_waiting", "Workflows that wait for this platform");
}
