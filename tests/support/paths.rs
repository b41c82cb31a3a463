//! Which paths the suite takes: the usual ones, or, with `ENLACE_TEST_PATHS=alternative`, the ones for databases that speak
//! Postgres and are not it. The one place where tests look at that variable.

use engine::{claim::Claiming, worker::Settings};

/// What a process of ours is told that is to take the alternative ones.
pub const ALTERNATIVE: &[(&str, &str)] =
    &[("ENLACE_WORKER_CLAIM", "guarded"), ("ENLACE_WORKER_WAKE", "poll"), ("ENLACE_WORKER_POLL_MILLISECONDS", "100")];

fn alternative() -> bool {
    std::env::var("ENLACE_TEST_PATHS").is_ok_and(|paths| paths == "alternative")
}

/// Settings of a worker in this process.
pub fn worker(settings: Settings) -> Settings {
    if alternative() { Settings { claiming: Claiming::Guarded, listen: false, ..settings } } else { settings }
}

/// Variables for a process that serves.
pub fn variables(arguments: &[&str]) -> &'static [(&'static str, &'static str)] {
    if alternative() && arguments.first() == Some(&"serve") { ALTERNATIVE } else { &[] }
}
