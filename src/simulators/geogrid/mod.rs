//! GeoGrid Maps, simulated: a made-up Brazilian city behind the platform's own HTTP, stateful, the same for the same seed.
//!
//! Base path `…/api/v3`, below any account's name; the header `api-key` holds the token. What other people's programs show of
//! GeoGrid is simulated with its quirks: one call a second for the whole account and 429 beyond that, totals as text, ids as
//! texts and as numbers, flags as `S` and `N`, several rows for one port, errors keyed by the field that is wrong, HTML in
//! observations, counters that do not add up, access points drawn for whoever attends from afar, `false` for what was
//! removed. What nobody has shown is in `guessed.rs`, and marked as such. Not simulated, because enlace does not ask for it:
//! viability by radius, diagrams, geocoding, sessions, the older generation of the API.
//!
//! Who is in the city: the *n*-th customer has the code [`code_of`]`(n)` and the document [`document_of`]`(n)`. With the default
//! options two attendance ports in five hold one; a few are reserved, for somebody or for nobody, and a few feed other
//! equipment.

mod api;
mod attend;
mod budget;
mod city;
mod clients;
mod guessed;
mod list;
mod refusal;
mod shapes;
#[cfg(test)]
mod tests;
mod world;

pub use city::{FIRST_SERVICE, code_of, document_of};

use crate::Error;
use crate::faults::Fault;
use crate::server::Desk;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The names of the folders; each is a locality.
pub const FOLDERS: [&str; 3] = ["Centro", "Bairros", "Interior"];

/// What city to build and how to let people in.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many boxes; a tenth of them are splice boxes.
    pub boxes: u32,
    /// What chance comes from.
    pub seed: u64,
    /// Attendance ports a box, on average: 2, 4, 8, 16 or 32.
    pub ports_per_box: u32,
    /// The share of attendance ports that hold a customer, 0 to 0.95.
    pub customers: f64,
    /// Which person the first customer is: cities with different people in them can stand side by side.
    pub first_customer: u32,
    /// What goes wrong from the start.
    pub faults: Vec<Fault>,
    /// The token that opens the API.
    pub api_key: String,
    /// How many calls a second the whole account may make; `None`: as many as it likes.
    pub calls_a_second: Option<f64>,
    /// What a 429 says in `Retry-After`; nothing, as far as is known.
    pub retry_after_seconds: Option<u64>,
}

impl Default for Options {
    /// 500 boxes, 8 ports each, 40 % held, one call a second, nothing going wrong.
    fn default() -> Options {
        Options {
            boxes: 500,
            seed: 1,
            ports_per_box: 8,
            customers: 0.4,
            first_customer: 0,
            faults: Vec::new(),
            api_key: "token-do-simulador".to_owned(),
            calls_a_second: Some(1.0),
            retry_after_seconds: None,
        }
    }
}

impl Options {
    fn check(&self) -> Result<(), Error> {
        match () {
            () if !matches!(self.ports_per_box, 2 | 4 | 8 | 16 | 32) => {
                Err(Error::Options(format!("ports_per_box is {}, not 2, 4, 8, 16 or 32", self.ports_per_box)))
            }
            () if !(0.0..=0.95).contains(&self.customers) => {
                Err(Error::Options(format!("customers is {}, not a share from 0 to 0.95", self.customers)))
            }
            () if self.boxes > 1_000_000 => Err(Error::Options("more than a million boxes".to_owned())),
            () if self.calls_a_second.is_some_and(|rate| !(rate > 0.0 && rate <= 1e6)) => {
                Err(Error::Options("calls_a_second is not a number above 0".to_owned()))
            }
            () => Ok(()),
        }
    }
}

/// A running GeoGrid. Cheap to clone; all clones are one. What every simulated platform can do (serve, show its ports and
/// its calls, take faults) is [`Desk`]'s.
#[derive(Clone)]
pub struct Simulator {
    desk: Desk,
    api: Arc<api::Api>,
}

impl Simulator {
    /// Builds the city. For 100,000 boxes this takes seconds: keep it off a thread that must answer.
    pub fn new(options: Options) -> Result<Simulator, Error> {
        options.check()?;
        let (seed, faults) = (options.seed, options.faults.clone());
        let api = Arc::new(api::Api::new(options));
        Ok(Simulator { desk: Desk::new(api.clone(), seed, faults), api })
    }

    /// What there is at present.
    pub fn size(&self) -> Size {
        self.api.world().size()
    }

    /// What a person does in the panel: keeps a port for a customer, or, without a code, for nobody. Whether that could be done.
    pub fn reserve(&self, splitter: &str, port: u32, code: Option<&str>) -> bool {
        self.api.world().reserve(splitter, port, code).is_some()
    }

    /// What a person does in the panel: takes a network item off the map, with whatever is in it. Whether it was there.
    pub fn remove(&self, item: &str) -> bool {
        self.api.world().remove_item(item).is_some()
    }

    /// The item's place, in degrees north and east; where it has none, `None`.
    pub fn place(&self, item: &str) -> Option<(f64, f64)> {
        self.api.world().item(item)?.place.map(|place| (place.lat, place.lng))
    }
}

impl Deref for Simulator {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

/// How big the city is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Terminals and splice boxes that are built.
    pub boxes: usize,
    /// The same, only planned.
    pub planned: usize,
    /// Built poles.
    pub poles: usize,
    /// Outputs of built equipment that attends customers.
    pub attendance_ports: usize,
    /// Customers' records, whether or not they are attended.
    pub customers: usize,
    /// Ports kept for somebody who is not attended there.
    pub reserved: usize,
    /// Ports kept for nobody by name.
    pub reserved_for_nobody: usize,
    /// Access points: each is a customer who was attended from afar.
    pub access_points: usize,
}

/// Builds the city and serves it until `stop` resolves; what `enlace simulate geogrid` does.
pub async fn run(options: Options, listener: TcpListener, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let simulator = Simulator::new(options)?;
    simulator.serve_until(listener, stop).await.map_err(|error| Error::Options(error.to_string()))
}
