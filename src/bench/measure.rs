//! What is measured beside time: processor seconds of this process and of Postgres, commits, peak memory.

use std::fs;

use sqlx::PgPool;

use super::Row;

/// The value below which `share` (0 to 1) of the sorted values lie.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into a list"
    )]
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// Processor seconds and commits up to now.
pub(super) struct Spent {
    /// `self`, or a process id.
    process: String,
    worker: f64,
    postgres: f64,
    commits: i64,
    postmaster: Option<u32>,
}

impl Spent {
    /// Reads the meters. Those of Postgres need a server on this machine and a superuser; else they stay at nothing.
    pub(super) async fn now(pool: &PgPool) -> Self {
        Self::by("self", pool).await
    }

    /// The same, where the worker is the process of this id.
    pub(super) async fn by(process: &str, pool: &PgPool) -> Self {
        let pid: Option<(String,)> = sqlx::query_as(include_str!("sql/postmaster.sql")).fetch_one(pool).await.ok();
        let postmaster = pid.and_then(|(pid,)| pid.trim().parse().ok());
        let commits: Option<(i64,)> = sqlx::query_as(include_str!("sql/commits.sql")).fetch_one(pool).await.ok();
        Self {
            process: process.to_owned(),
            worker: cpu_seconds(process).map_or(0.0, |(own, _)| own),
            postgres: postmaster.map_or(0.0, family_seconds),
            commits: commits.map_or(0, |(c,)| c),
            postmaster,
        }
    }

    /// What was spent since then, as rows.
    pub(super) async fn since(self, pool: &PgPool) -> Vec<Row> {
        let now = Self::by(&self.process, pool).await;
        let mut rows = vec![Row::new("CPU of the worker", "s", now.worker - self.worker)];
        if self.postmaster.is_some() {
            rows.push(Row::new("CPU of Postgres", "s", now.postgres - self.postgres));
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of commits")]
        rows.push(Row::new("commits", "", (now.commits - self.commits) as f64));
        rows.push(Row::new("peak memory of the worker", "MB", peak_megabytes(&self.process)));
        rows
    }
}

fn peak_megabytes(process: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").trim().parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// Processor seconds of a process, and of its children that have ended, in hundredths as Linux counts them.
fn cpu_seconds(process: &str) -> Option<(f64, f64)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok());
    Some(((ticks(11)? + ticks(12)?) / 100.0, (ticks(13)? + ticks(14)?) / 100.0))
}

fn family_seconds(postmaster: u32) -> f64 {
    let own = cpu_seconds(&postmaster.to_string()).map_or(0.0, |(own, ended)| own + ended);
    let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children")).unwrap_or_default();
    own + children.split_whitespace().filter_map(cpu_seconds).map(|(own, ended)| own + ended).sum::<f64>()
}
