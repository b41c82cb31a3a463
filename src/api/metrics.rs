//! Metrics that are read off the database when somebody asks: a handful of cheap queries, labels that are bounded.

use engine::workflow::Parked;
use metrics::{Label, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use sqlx::PgPool;
use strum::VariantNames;

use crate::telemetry::describe;

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
    state: i32,
    probed: bool,
    rate: Option<f64>,
    concurrency: Option<i32>,
    waiting: i64,
}

impl Gate {
    /// An upstream without a limit has no series for it.
    fn tell(self) {
        let label = vec![Label::new("upstream", self.upstream)];
        gauge!("enlace_upstream_state", label.clone()).set(f64::from(self.state));
        gauge!("enlace_upstream_closed", label.clone()).set(f64::from(u8::from(self.state == CLOSED)));
        gauge!("enlace_upstream_probed", label.clone()).set(f64::from(u8::from(self.probed)));
        gauge!("enlace_upstream_waiting", label.clone()).set(self.waiting as f64);
        if let Some(rate) = self.rate {
            gauge!("enlace_upstream_rate_limit", label.clone()).set(rate);
        }
        if let Some(concurrency) = self.concurrency {
            gauge!("enlace_upstream_concurrency_limit", label).set(f64::from(concurrency));
        }
    }
}

#[derive(sqlx::FromRow)]
struct Oldest {
    kind: String,
    seconds: f64,
}

#[derive(sqlx::FromRow)]
struct WaitingForPeople {
    reason: String,
    count: i64,
}

#[derive(sqlx::FromRow)]
struct Table {
    name: String,
    live: f64,
    dead: f64,
    vacuumed: Option<f64>,
}

#[derive(sqlx::FromRow)]
struct Snapshot {
    application: String,
    seconds: f64,
}

#[derive(sqlx::FromRow)]
struct Schedule {
    schedule: String,
    kind: String,
    since: Option<f64>,
    overdue: Option<f64>,
}

/// The state of an upstream that takes no call.
const CLOSED: i32 = 2;

/// How long a transaction is open before the metrics say whose it is.
const HELD: f64 = 5.0;

/// What is read besides what is unfinished.
struct State {
    oldest: Vec<Oldest>,
    parked: Vec<WaitingForPeople>,
    tables: Vec<Table>,
    snapshot: Option<Snapshot>,
    schedules: Vec<Schedule>,
    gaps: i64,
}

impl State {
    async fn read(pool: &PgPool) -> sqlx::Result<Self> {
        Ok(Self {
            oldest: sqlx::query_as(include_str!("sql/metrics_oldest.sql")).fetch_all(pool).await?,
            parked: sqlx::query_as(include_str!("sql/metrics_parked.sql")).fetch_all(pool).await?,
            tables: sqlx::query_as(include_str!("sql/metrics_tables.sql")).fetch_all(pool).await?,
            snapshot: sqlx::query_as(include_str!("sql/metrics_snapshot.sql")).fetch_optional(pool).await?,
            schedules: sqlx::query_as(include_str!("sql/metrics_schedules.sql")).fetch_all(pool).await?,
            gaps: sqlx::query_scalar(include_str!("sql/metrics_gaps.sql")).fetch_one(pool).await?,
        })
    }

    fn tell(self) {
        for Oldest { kind, seconds } in self.oldest {
            gauge!("enlace_oldest_unfinished_seconds", "kind" => kind).set(seconds);
        }
        for reason in Parked::VARIANTS {
            let count = self.parked.iter().find(|parked| parked.reason == *reason).map_or(0, |parked| parked.count);
            gauge!("enlace_workflows_parked", "reason" => *reason).set(count as f64);
        }
        for Table { name, live, dead, vacuumed } in self.tables {
            gauge!("enlace_table_live_rows", "table" => name.clone()).set(live);
            gauge!("enlace_table_dead_rows", "table" => name.clone()).set(dead);
            if let Some(vacuumed) = vacuumed {
                gauge!("enlace_table_vacuumed_seconds", "table" => name).set(vacuumed);
            }
        }
        let held = self.snapshot.as_ref().map_or(0.0, |held| held.seconds);
        gauge!("enlace_database_oldest_transaction_seconds").set(held);
        if let Some(Snapshot { application, seconds }) = self.snapshot.filter(|held| held.seconds > HELD) {
            gauge!("enlace_database_snapshot_held_seconds", "application" => application).set(seconds);
        }
        for Schedule { schedule, kind, since, overdue } in self.schedules {
            let labels = vec![Label::new("schedule", schedule), Label::new("kind", kind)];
            if let Some(since) = since {
                gauge!("enlace_schedule_last_tick_seconds", labels.clone()).set(since);
            }
            gauge!("enlace_schedule_overdue_seconds", labels).set(overdue.unwrap_or_default());
        }
        gauge!("enlace_intake_gaps").set(self.gaps as f64);
    }
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
    let state = State::read(pool).await?;
    Ok(rendered(|| {
        describe();
        state.tell();
        gauge!("enlace_database_up").set(1.0);
        for Unfinished { kind, status, count } in unfinished {
            gauge!("enlace_workflows_unfinished", "kind" => kind, "status" => status).set(count as f64);
        }
        gauge!("enlace_workflows_ended_estimate").set(stands.ended);
        gauge!("enlace_outbox_not_taken_in").set(stands.not_taken_in as f64);
        gauge!("enlace_outbox_oldest_not_taken_in_seconds").set(stands.oldest_seconds);
        gauge!("enlace_workers_alive").set(stands.workers as f64);
        gates.into_iter().for_each(Gate::tell);
    }))
}

/// The text where the database could not be read.
pub fn database_away() -> String {
    rendered(|| {
        describe();
        gauge!("enlace_database_up").set(0.0);
    })
}

/// A recorder of its own for each time: what is gone from the database is gone from the text.
fn rendered(write: impl FnOnce()) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    with_local_recorder(&recorder, write);
    recorder.handle().render()
}
