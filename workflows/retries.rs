//! How patiently operations retry, by intent.

use std::time::Duration;

use engine::retry::Retry;

/// Reads of our own database, and looks at a platform: worth repeating soon, and for about an hour.
pub const LOOKING: Retry = Retry { first: Duration::from_millis(500), cap: Duration::from_secs(300), attempts: 15 };

/// Writes to a platform. What is retried is the look that follows; the first one comes soon, because a person may be
/// standing at the box, the last after hours.
pub const WRITING: Retry = Retry { first: Duration::from_secs(1), cap: Duration::from_secs(600), attempts: 15 };

/// What a person is on the phone for: soon, and after a few seconds it is given up.
pub const WAITED_FOR: Retry = Retry { first: Duration::from_millis(200), cap: Duration::from_secs(2), attempts: 5 };

/// Pages of a sync: nobody is waiting, and the platform may be busy for a while.
pub const PAGING: Retry = Retry { first: Duration::from_secs(5), cap: Duration::from_secs(900), attempts: 12 };
