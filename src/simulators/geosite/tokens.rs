//! Tokens: half an hour for the one that opens the API, thirty days for the one that renews it, unless told otherwise.

use crate::chance::{For, draw};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const SCHEME: &str = "Digicade-Rest-API:";

/// The tokens that were given.
pub(super) struct Tokens {
    seed: u64,
    began: Instant,
    /// How much time was made to pass, in milliseconds.
    ahead: AtomicU64,
    lives: [Duration; 2],
    given: Mutex<HashMap<String, (Kind, Duration)>>,
    count: AtomicU64,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Opens the API.
    Access,
    /// Renews the other.
    Refresh,
}

impl Tokens {
    pub fn new(seed: u64, access: Duration, refresh: Duration) -> Tokens {
        Tokens {
            seed,
            began: Instant::now(),
            ahead: AtomicU64::new(0),
            lives: [access, refresh],
            given: Mutex::default(),
            count: AtomicU64::new(0),
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed() + Duration::from_millis(self.ahead.load(Ordering::Relaxed))
    }

    /// Makes all tokens older.
    pub fn pass(&self, time: Duration) {
        self.ahead.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }

    pub fn give(&self, kind: Kind) -> String {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        let token =
            format!("{:016x}{:016x}", draw(self.seed, For::Wording, 2 * n), draw(self.seed, For::Wording, 2 * n + 1));
        let now = self.now();
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|_, (_, until)| *until > now);
        given.insert(token.clone(), (kind, now + self.lives[kind as usize]));
        token
    }

    /// Whether the header holds a token of this kind that is still alive.
    pub fn know(&self, authorization: Option<&str>, kind: Kind) -> bool {
        let Some(token) = authorization.and_then(|header| header.strip_prefix(SCHEME)) else { return false };
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.get(token.trim()).is_some_and(|(given, until)| *given == kind && *until > self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_as_long_as_it_was_told_and_opens_what_it_is_for() {
        let tokens = Tokens::new(1, Duration::from_secs(60), Duration::from_secs(600));
        let header = |kind| format!("{SCHEME}{}", tokens.give(kind));
        let (access, refresh) = (header(Kind::Access), header(Kind::Refresh));
        assert!(tokens.know(Some(&access), Kind::Access) && !tokens.know(Some(&access), Kind::Refresh));
        assert!(
            !tokens.know(Some(access.trim_start_matches(SCHEME)), Kind::Access) && !tokens.know(None, Kind::Access)
        );
        tokens.pass(Duration::from_secs(61));
        assert!(!tokens.know(Some(&access), Kind::Access) && tokens.know(Some(&refresh), Kind::Refresh));
        tokens.pass(Duration::from_secs(600));
        assert!(!tokens.know(Some(&refresh), Kind::Refresh));
    }
}
