//! How often one token may ask: so that a loop gone wild in one integrator's program does not take the API from everybody else.
//!
//! By token and by process, in memory: nothing is written for it. What keeps a connection open instead of asking again
//! (`/events`), and the document that clients are made from, are not counted.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use uuid::Uuid;

use super::{Problem, problem::Why};

/// What is never counted, below the API's prefix.
const FREE: [&str; 2] = ["/events", "/openapi.json"];

/// Counts the requests of each token.
#[derive(Clone, Default)]
pub struct Limiter(Option<Arc<Counted>>);

struct Counted {
    per_second: u32,
    clock: DefaultClock,
    tokens: DefaultKeyedRateLimiter<Uuid>,
}

impl Limiter {
    /// So many a second, and `burst` at once after a rest; 0: as many as anybody likes.
    pub fn new(per_second: u32, burst: u32) -> Self {
        let quota = NonZeroU32::new(per_second)
            .map(|rate| Quota::per_second(rate).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)));
        let counted = |quota| Counted { per_second, clock: DefaultClock::default(), tokens: RateLimiter::keyed(quota) };
        Self(quota.map(|quota| Arc::new(counted(quota))))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// 429 with the time to come back, where this token has asked too often.
    pub fn admit(&self, token: Option<Uuid>, path: &str) -> Result<(), Problem> {
        let Some(counted) = self.0.as_ref().filter(|_| !FREE.contains(&path)) else { return Ok(()) };
        let early = |wait: Duration| {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            let detail = format!("this token may ask {} times a second; come back in {seconds} s", counted.per_second);
            Problem::new(Why::TooManyRequests, detail).after(seconds)
        };
        let asked = counted.tokens.check_key(&token.unwrap_or_default());
        asked.map_err(|not_until| early(not_until.wait_time_from(counted.clock.now())))
    }
}
