//! Calls of the last two days as the console draws them: counted here, and added to a small table every few seconds, because a
//! console may be another process than the worker.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use engine::{
    clock,
    db::{ANSWER, GOODBYE, within},
};
use platforms::Call;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

/// How often what was counted is added to the table.
const FLUSH: Duration = Duration::from_secs(10);

/// What was counted of one upstream.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    answered: i64,
    failed: i64,
    milliseconds: i64,
}

static COUNTED: LazyLock<Mutex<HashMap<String, Counted>>> = LazyLock::new(Mutex::default);

/// Whether a person would say of this call that it did not work.
fn failed(call: &Call) -> bool {
    call.status.is_none_or(|status| matches!(status, 401 | 403 | 429 | 500..))
}

/// Counts a call that is over.
pub fn note(upstream: &str, call: &Call) {
    let mut all = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
    let counted = match all.get_mut(upstream) {
        Some(counted) => counted,
        None => all.entry(upstream.to_owned()).or_default(),
    };
    if failed(call) {
        counted.failed += 1;
    } else {
        counted.answered += 1;
    }
    counted.milliseconds += i64::try_from(call.ms).unwrap_or_default();
}

/// Adds what was counted to the table every few seconds, and a last time when it is told to stop.
pub async fn keep(pool: PgPool, stop: CancellationToken) {
    loop {
        let last = tokio::select! { () = clock::sleep(FLUSH) => false, () = stop.cancelled() => true };
        let counted = std::mem::take(&mut *COUNTED.lock().unwrap_or_else(PoisonError::into_inner));
        if !counted.is_empty()
            && let Err(error) = within(if last { GOODBYE } else { ANSWER }, add(&pool, &counted)).await
        {
            tracing::warn!(%error, "what was counted of calls could not be stored; the console's charts lack it");
        }
        if last {
            return;
        }
    }
}

async fn add(pool: &PgPool, counted: &HashMap<String, Counted>) -> sqlx::Result<()> {
    let (mut upstreams, mut columns) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new()]);
    for (upstream, Counted { answered, failed, milliseconds }) in counted {
        upstreams.push(upstream.as_str());
        for (column, value) in columns.iter_mut().zip([answered, failed, milliseconds]) {
            column.push(*value);
        }
    }
    let [answered, failed, milliseconds] = columns;
    sqlx::query(include_str!("sql/calls_add.sql"))
        .bind(upstreams)
        .bind(answered)
        .bind(failed)
        .bind(milliseconds)
        .execute(pool)
        .await?;
    Ok(())
}
