//! Every setting there is: its name, its default, and what it is for. `enlace config` prints this table.

/// How much of a value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    Whole,
    /// A URL, with its password hidden.
    WithoutPassword,
    /// Only that it is set.
    Never,
}

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// Its name in the file and after `--set`; a dot stands for a table of the file.
    pub name: &'static str,
    /// Its value where nobody gives one; `None`: it is then unset.
    pub default: Option<&'static str>,
    /// How much of it `enlace config` prints.
    pub shown: Shown,
    /// What it is for, in one line.
    pub help: &'static str,
}

impl Key {
    /// The environment variable that sets it: `worker.lease_seconds` is `ENLACE_WORKER_LEASE_SECONDS`. The database's URL
    /// keeps the name that everybody gives it.
    pub fn variable(&self) -> String {
        match self.name {
            "database_url" => "DATABASE_URL".to_owned(),
            name => format!("ENLACE_{}", name.replace('.', "_").to_uppercase()),
        }
    }
}

const fn key(name: &'static str, default: &'static str, help: &'static str) -> Key {
    Key { name, default: Some(default), shown: Shown::Whole, help }
}

const fn unset(name: &'static str, shown: Shown, help: &'static str) -> Key {
    Key { name, default: None, shown, help }
}

/// All settings, in the order in which they are printed.
pub const KEYS: &[Key] = &[
    key("listen", "127.0.0.1:8080", "address of the API and the console"),
    key("ops_listen", "127.0.0.1:9464", "address of health and metrics"),
    key("data_dir", "./data", "folder of the embedded Postgres and of the key for credentials"),
    unset("database_url", Shown::WithoutPassword, "the database; unset: an embedded Postgres in data_dir"),
    key("database.connections", "16", "connections that one process holds at most"),
    unset("postgres.bin", Shown::Whole, "folder of the programs of the embedded Postgres; unset: searched for"),
    unset("secret_key", Shown::Never, "32 bytes as base64 or hex, for credentials; unset: a key file in data_dir"),
    key("allow_private_upstreams", "false", "whether platforms may have loopback or private addresses and plain http"),
    key("api.requests_per_second", "2000", "how often one token may ask the API; 0: as often as it likes"),
    key("api.burst", "5000", "how often one token may ask at once, after a rest"),
    key("roles", "worker,api,scheduler", "what `enlace serve` runs in this process"),
    key("worker.in_flight", "1000", "workflows that one worker holds at once"),
    key("worker.lease_seconds", "8", "how long a worker that says nothing keeps its work"),
    key("worker.poll_milliseconds", "1000", "how often an idle worker looks by itself; an insert wakes it at once"),
    key(
        "worker.claim",
        "skip_locked",
        "skip_locked, or guarded: for databases that lock or isolate otherwise than Postgres does",
    ),
    key("worker.wake", "notify", "notify, or poll: behind a pooler that lends connections by the transaction"),
    key(
        "viability.deadline_milliseconds",
        "8000",
        "how long the platforms may take while a person waits; then the answer comes without them",
    ),
    unset(
        "map.tiles",
        Shown::Whole,
        "server of the map's pictures, as https://host/{z}/{x}/{y}.png; unset: the map is drawn without",
    ),
    key("history.keep_days", "90", "how long a workflow is kept after its end; of older ones counts are"),
    key("history.weeks_ahead", "4", "for how many weeks to come tables of history are made"),
    key("log.filter", "info,sqlx=warn", "what is logged, and how much of it"),
    key("log.format", "text", "text, or json: one object a line"),
    unset(
        "otlp.endpoint",
        Shown::WithoutPassword,
        "collector that traces are sent to, as http://host:4318; unset: none are made",
    ),
    unset("otlp.headers", Shown::Never, "headers for the collector, as name=value,name=value"),
    key("otlp.sample_ratio", "1", "share of traces that are sent, 0 to 1, where the caller has not decided"),
];

/// The key of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// Of `known`, the name most like `unknown`: what a person probably meant.
pub fn nearest(unknown: &str, known: impl Iterator<Item = String>) -> String {
    known.min_by_key(|name| strsim::damerau_levenshtein(name, unknown)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_follow_from_names() {
        let variable = |name| find(name).unwrap().variable();
        assert_eq!(variable("worker.lease_seconds"), "ENLACE_WORKER_LEASE_SECONDS");
        assert_eq!(variable("database_url"), "DATABASE_URL");
    }

    #[test]
    fn nearest_is_the_least_edited() {
        let names = || KEYS.iter().map(|key| key.name.to_owned());
        assert_eq!(nearest("worker.lease_second", names()), "worker.lease_seconds");
        assert_eq!(nearest("lisen", names()), "listen");
    }
}
