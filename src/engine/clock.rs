//! The one place where the engine reads a clock. What is written down is the database's time, carried forward by this
//! machine's monotonic clock; what is compared is monotonic alone.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

/// The database's time, estimated between two answers of it.
#[derive(Debug)]
pub struct DatabaseClock {
    set: Mutex<(DateTime<Utc>, Instant)>,
}

impl DatabaseClock {
    /// A clock that was `now` when the database answered what was asked at `asked`.
    pub fn starting_at(now: DateTime<Utc>, asked: Instant) -> Self {
        Self { set: Mutex::new((now, asked + asked.elapsed() / 2)) }
    }

    /// Corrects it by an answer to what was asked at `asked`: the database looked at its clock somewhere in between.
    pub fn set(&self, now: DateTime<Utc>, asked: Instant) {
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = (now, asked + asked.elapsed() / 2);
    }

    /// The database's time, about.
    pub fn now(&self) -> DateTime<Utc> {
        let (base, at) = *self.set.lock().unwrap_or_else(PoisonError::into_inner);
        base + at.elapsed()
    }
}

/// The monotonic clock.
pub fn monotonic() -> Instant {
    Instant::now()
}

/// Does it for so long at most; `None`: it took longer, and was given up.
pub async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

/// Sleeps, on the monotonic clock.
pub async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}
