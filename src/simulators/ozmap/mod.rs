//! OZMap, simulated: a made-up Brazilian city behind the platform's own HTTP, stateful, the same for the same seed.
//!
//! Base path `/api/v2`; the header `Authorization` holds the key, raw or after `Bearer `. Lists, filters, envelopes, the
//! verbs of each resource, attaching, moving and removing are those of OZMap, as far as they are known; where they are
//! not, the sheet's assumption is taken and the code says so.
//!
//! Who is in the city: the *n*-th customer has the code [`code_of`]`(n)`. With the default options two ports in five hold
//! one; a few ports are blocked, a few are held by homes without anybody, a few boxes are drafts or have no place.
//!
//! Decisions where nothing is known: a code may be posted twice (two homes result, as when an attach is repeated
//! blindly); a taken port is refused with 422, `force` unplugs its holder; a client whom `client: null` puts out stays
//! among the clients without a home; `page` counts from 1; a nested filter list means *and*.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use simulators::ozmap::{Options, Simulator};
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let simulator = Simulator::new(Options { boxes: 200, ..Options::default() })?;
//! let serving = simulator.clone();
//! tokio::spawn(async move { serving.serve(listener).await });
//! let held = simulator.occupied();
//! # Ok(()) }
//! ```

mod api;
mod attach;
mod city;
mod filter;
mod homes;
mod id;
mod list;
mod refusal;
mod resources;
mod rows;
mod shapes;
mod table;
#[cfg(test)]
mod tests;
mod viability;
mod world;
mod writes;

pub use city::{FIRST_SERVICE, code_of};

use crate::Error;
use crate::faults::Fault;
use crate::server::Desk;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use tokio::net::TcpListener;

/// The names of the three projects; the second and third are children of the first.
pub const PROJECTS: [&str; 3] = ["Rede Principal", "Expansão Norte", "Zona Rural"];

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
    /// The key that opens the API.
    pub api_key: String,
    /// The user who may log in instead.
    pub login: String,
    /// His password.
    pub password: String,
}

impl Default for Options {
    /// 500 boxes, 8 ports each, 40 % held, nothing going wrong.
    fn default() -> Options {
        Options {
            boxes: 500,
            seed: 1,
            ports_per_box: 8,
            customers: 0.4,
            first_customer: 0,
            faults: Vec::new(),
            api_key: "chave-do-simulador".to_owned(),
            login: "integracao".to_owned(),
            password: "senha-do-simulador".to_owned(),
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
            () => Ok(()),
        }
    }
}

/// A running OZMap. Cheap to clone; all clones are one. What every simulated platform can do (serve, show its ports and
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

    /// Boxes, attendance ports and customers at present.
    pub fn size(&self) -> Size {
        let world = self.api.world();
        let attendance = world.splitters.iter().filter(|(_, data)| data.is_drop);
        Size {
            boxes: world.boxes.live().len(),
            attendance_ports: attendance.map(|(_, data)| data.outputs.len()).sum(),
            customers: world.clients.live().len(),
        }
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
    /// Of all types.
    pub boxes: usize,
    /// Outputs of splitters that take customers.
    pub attendance_ports: usize,
    /// Clients, wherever they live.
    pub customers: usize,
}

/// Builds the city and serves it until `stop` resolves; what `enlace simulate ozmap` does.
pub async fn run(options: Options, listener: TcpListener, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let simulator = Simulator::new(options)?;
    simulator.serve_until(listener, stop).await.map_err(|error| Error::Options(error.to_string()))
}
