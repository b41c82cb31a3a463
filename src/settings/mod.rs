//! What a process was told: one typed tree, read once at the start, from a file, then the environment, then flags.
//!
//! [`KEYS`] lists every setting with its default. Nothing else in the program reads the environment.

pub mod keys;
mod otlp;
pub mod secret_key;
pub mod sources;
pub mod tiles;

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use strum::{Display, EnumString, VariantNames};
use tracing_subscriber::EnvFilter;

pub use otlp::Otlp;
pub use sources::{Origin, Sources};

use keys::{KEYS, Key, Shown, find, nearest};
use sources::Values;

/// The settings of this process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address of the API and the console.
    pub listen: SocketAddr,
    /// Address of health and metrics.
    pub ops_listen: SocketAddr,
    /// Folder of the embedded Postgres and of the key for credentials; relative to the working directory.
    pub data_dir: PathBuf,
    /// The database; `None`: the embedded one.
    pub database_url: Option<SecretString>,
    /// Connections that this process holds at most.
    pub database_connections: u32,
    /// Folder of `initdb` and `postgres` for the embedded database; `None`: searched for.
    pub postgres_bin: Option<PathBuf>,
    /// The key for credentials as it was given; `None`: the key file. [`secret_key`] gives its bytes.
    pub secret_key: Option<SecretString>,
    /// Whether platforms may have loopback or private addresses and plain http.
    pub allow_private_upstreams: bool,
    /// How often one token may ask the API.
    pub api: Api,
    /// What `enlace serve` runs in this process.
    pub roles: Roles,
    /// What the worker takes and how fast.
    pub worker: Worker,
    /// How long the platforms may take while a person waits (rule V5).
    pub viability_deadline: Duration,
    /// Where the map's pictures of the ground come from; `None`: it is drawn without.
    pub map_tiles: Option<String>,
    /// How much of the past is kept.
    pub history: History,
    /// What is logged, and how it looks.
    pub log: Log,
    /// Where traces go; `None`: none are made.
    pub otlp: Option<Otlp>,
    /// Every key with what may be shown of its value, and who gave it.
    pub entries: Vec<Entry>,
}

/// How often one token may ask the API.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    /// Requests a second; 0: as many as it likes.
    pub requests_per_second: u32,
    /// Requests at once, after a rest.
    pub burst: u32,
}

/// What the worker takes and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Worker {
    /// Workflows that one worker holds at once.
    pub in_flight: u32,
    /// How long a worker that says nothing keeps its work.
    pub lease_seconds: u32,
    /// How often an idle worker looks for work.
    pub poll_milliseconds: u32,
    /// How it claims.
    pub claim: Claim,
    /// What ends its sleep early.
    pub wake: Wake,
}

/// How a worker claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Claim {
    /// Passing over what another worker is claiming.
    SkipLocked,
    /// By updates that hold only if nobody was faster, in serialisable transactions.
    Guarded,
}

/// What ends a worker's sleep early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Wake {
    /// The insert that finds it asleep.
    Notify,
    /// Nothing.
    Poll,
}

/// How much of the past is kept.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// How long a workflow is kept after its end.
    pub keep_days: u32,
    /// For how many weeks to come tables of history are made.
    pub weeks_ahead: u32,
}

/// What is logged, and how it looks.
#[derive(Clone, Debug)]
pub struct Log {
    /// Directives of `tracing-subscriber`, valid ones.
    pub filter: String,
    /// For people or for programs.
    pub format: LogFormat,
}

/// How the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// An object a line, for programs.
    Json,
}

/// A part of the product that a process can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, Display, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Takes workflows and runs their steps.
    Worker,
    /// Answers HTTP: the API and the console.
    Api,
    /// Starts what is due by the clock.
    Scheduler,
}

/// The roles of one process: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Whether this process has the role.
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        let roles = names.map(one_of::<Role>).collect::<Result<BTreeSet<_>, _>>()?;
        if roles.is_empty() { Err("at least one role is needed".to_owned()) } else { Ok(Self(roles)) }
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    }
}

/// One line of `enlace config`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The setting.
    pub key: &'static Key,
    /// What may be shown of its value; `None`: unset.
    pub shown: Option<String>,
    /// Who gave it.
    pub origin: Origin,
}

/// What is wrong with the settings, in words that name the place to mend.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name in the file, or after `--set`, that no setting has.
    #[error("unknown setting {name:?} ({origin}); did you mean {nearest:?}?")]
    UnknownKey {
        /// As it was given.
        name: String,
        /// Where it stands.
        origin: String,
        /// The known name most like it.
        nearest: String,
    },
    /// An `ENLACE_…` variable that no setting has.
    #[error("unknown environment variable {name}; did you mean {nearest}?")]
    UnknownVariable {
        /// As it was given.
        name: String,
        /// The known name most like it.
        nearest: String,
    },
    /// The configuration file cannot be read or understood.
    #[error("configuration file {}: {why}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A value that its setting cannot have. Never quotes the value of a secret.
    #[error("setting {name} ({origin}): {why}")]
    Invalid {
        /// The setting.
        name: &'static str,
        /// Who gave the value.
        origin: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Settings {
    /// Reads and checks every setting.
    pub fn load(sources: &Sources) -> Result<Self, Error> {
        let given = Given(sources.merge()?);
        Ok(Self {
            listen: given.required("listen", parsed)?,
            ops_listen: given.required("ops_listen", parsed)?,
            data_dir: given.required("data_dir", parsed)?,
            database_url: given.optional("database_url", database_url)?,
            database_connections: given.required("database.connections", number(2..=1000))?,
            postgres_bin: given.optional("postgres.bin", parsed)?,
            secret_key: given.optional("secret_key", secret_key::checked)?,
            allow_private_upstreams: given.required("allow_private_upstreams", parsed)?,
            api: Api {
                requests_per_second: given.required("api.requests_per_second", number(0..=100_000))?,
                burst: given.required("api.burst", number(1..=100_000))?,
            },
            roles: given.required("roles", parsed)?,
            worker: Worker {
                in_flight: given.required("worker.in_flight", number(1..=10_000))?,
                lease_seconds: given.required("worker.lease_seconds", number(2..=300))?,
                poll_milliseconds: given.required("worker.poll_milliseconds", number(10..=60_000))?,
                claim: given.required("worker.claim", one_of)?,
                wake: given.required("worker.wake", one_of)?,
            },
            viability_deadline: given
                .required("viability.deadline_milliseconds", number(100..=60_000))
                .map(|milliseconds| Duration::from_millis(milliseconds.into()))?,
            map_tiles: given.optional("map.tiles", tiles::checked)?,
            history: History {
                keep_days: given.required("history.keep_days", number(1..=36_500))?,
                weeks_ahead: given.required("history.weeks_ahead", number(1..=52))?,
            },
            log: Log {
                filter: given.required("log.filter", log_filter)?,
                format: given.required("log.format", one_of)?,
            },
            otlp: otlp::read(&given)?,
            entries: given.entries(),
        })
    }
}

/// The merged values, on their way to their types.
struct Given(Values);

impl Given {
    fn optional<T>(&self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Error> {
        let Some((Some(text), origin)) = self.0.get(name) else { return Ok(None) };
        let invalid = |why| Error::Invalid { name, origin: origin.to_string(), why };
        parse(text).map(Some).map_err(invalid)
    }

    fn required<T>(&self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, Error> {
        let origin = self.0.get(name).map_or(Origin::Default, |(_, origin)| origin.clone()).to_string();
        let empty = || Error::Invalid { name, origin, why: "may not be empty".to_owned() };
        self.optional(name, parse)?.ok_or_else(empty)
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |key: &'static Key| {
            let (value, origin) = self.0.get(key.name)?;
            Some(Entry { key, shown: value.as_deref().map(|value| masked(key, value)), origin: origin.clone() })
        };
        KEYS.iter().filter_map(entry).collect()
    }
}

fn masked(key: &Key, value: &str) -> String {
    match key.shown {
        Shown::Whole => value.to_owned(),
        Shown::WithoutPassword => without_password(value),
        Shown::Never => "(set, hidden)".to_owned(),
    }
}

/// The URL with its password hidden; hidden whole where it cannot be told apart.
pub fn without_password(url: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else { return "(hidden)".to_owned() };
    let hidden = url.password().is_none() || url.set_password(Some("***")).is_ok();
    let secret_in_query = url.query().is_some_and(|query| query.contains("password"));
    if hidden && !secret_in_query { url.to_string() } else { "(hidden)".to_owned() }
}

fn parsed<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|e: T::Err| format!("{text:?}: {e}"))
}

fn number(range: RangeInclusive<u32>) -> impl Fn(&str) -> Result<u32, String> {
    move |text| {
        let fitting = text.parse().ok().filter(|number| range.contains(number));
        fitting.ok_or_else(|| format!("{text:?} is not a whole number from {} to {}", range.start(), range.end()))
    }
}

fn one_of<T: FromStr + VariantNames>(text: &str) -> Result<T, String> {
    let near = || nearest(text, T::VARIANTS.iter().map(|&name| name.to_owned()));
    text.parse().map_err(|_| format!("{text:?} is none of {}; did you mean {:?}?", T::VARIANTS.join(", "), near()))
}

fn secret(text: &str) -> Result<SecretString, String> {
    Ok(SecretString::from(text))
}

fn database_url(text: &str) -> Result<SecretString, String> {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    if !matches!(scheme, Some("postgres" | "postgresql")) {
        return Err("must begin with postgres://, as in postgres://user:password@host:5432/database".to_owned());
    }
    PgConnectOptions::from_str(text).map_err(|e| format!("is not a database's URL: {e}"))?;
    secret(text)
}

fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|e| format!("{text:?}: {e}"))
}

fn server(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).map_err(|e| format!("{text:?}: {e}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{text:?} must begin with http:// or https://"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Which zone data schedules use: the system's folder, or what was compiled in.
pub fn zone_data() -> String {
    // The database tells by its debug form alone: `TimeZoneDatabase(ZoneInfo(/usr/share/zoneinfo))`.
    let in_use = format!("{:?}", jiff::tz::db());
    match in_use.split_once('/') {
        Some((_, folder)) => format!("the system's: /{}", folder.trim_end_matches(')')),
        None => "compiled in".to_owned(),
    }
}

/// The environment variable of a setting, for messages that say what to change.
pub fn variable_of(name: &str) -> String {
    find(name).map(Key::variable).unwrap_or_default()
}
