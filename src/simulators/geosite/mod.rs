//! Geosite, simulated: a made-up Brazilian city behind the platform's own HTTP, stateful, the same for the same seed.
//!
//! Base path [`BASE`]; `POST /auth/generatetoken` gives a token for half an hour and another that renews it for thirty
//! days; the header is `Authorization: Digicade-Rest-API:<token>`. Every feature has `desc`, `get`, `list`, `save` and
//! `delete`; what its columns are called is the [`Installation`]'s, and can be changed while it runs. What nothing public
//! tells stands in `guessed.rs`.
//!
//! Who is in the city: the *n*-th customer is [`code_of`]`(n)`, with the name and the CPF of person *n*. With the default
//! options two ports in five hold one; one customer in fifty is on no port.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use simulators::geosite::{Options, Simulator};
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let simulator = Simulator::new(Options { boxes: 200, ..Options::default() })?;
//! let serving = simulator.clone();
//! tokio::spawn(async move { serving.serve(listener).await });
//! let held = simulator.occupied();
//! # Ok(()) }
//! ```

mod api;
mod city;
mod columns;
mod filter;
mod guessed;
mod list;
mod refusal;
#[cfg(test)]
mod tests;
mod tokens;
mod viability;
mod world;

pub use api::BASE;
pub use city::code_of;
pub use columns::Installation;

use crate::Error;
use crate::faults::Fault;
use crate::server::Desk;
use columns::{Feature, Field};
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// What city to build and how to let people in.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many boxes; a tenth of them are splice boxes.
    pub boxes: u32,
    /// What chance comes from.
    pub seed: u64,
    /// Outputs of an attendance splitter: 2, 4, 8, 16 or 32.
    pub ports_per_box: u32,
    /// The share of attendance ports that hold a customer, 0 to 0.95.
    pub customers: f64,
    /// Which person the first customer is: cities with different people in them can stand side by side.
    pub first_customer: u32,
    /// What its columns are called, and how old it is.
    pub installation: Installation,
    /// What goes wrong from the start.
    pub faults: Vec<Fault>,
    /// The user who may log in.
    pub username: String,
    /// His password.
    pub password: String,
    /// How long a token lives.
    pub token: Duration,
    /// How long the token lives that renews it.
    pub refresh_token: Duration,
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
            installation: Installation::Usual,
            faults: Vec::new(),
            username: "integracao".to_owned(),
            password: "senha-do-simulador".to_owned(),
            token: Duration::from_secs(30 * 60),
            refresh_token: Duration::from_secs(30 * 24 * 3600),
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
            () if self.boxes > 200_000 => Err(Error::Options("more than two hundred thousand boxes".to_owned())),
            () => Ok(()),
        }
    }
}

/// A running Geosite. Cheap to clone; all clones are one. What every simulated platform can do (serve, show its ports and
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
        let ports = world.table(Feature::Splitter).iter().map(|(_, row)| world.attendance_outputs(row)).sum();
        Size {
            boxes: world.table(Feature::Cto).len() + world.table(Feature::CaixaEmenda).len(),
            attendance_ports: ports,
            customers: world.table(Feature::Cliente).len(),
        }
    }

    /// Makes the tokens older.
    pub fn pass(&self, time: Duration) {
        self.api.tokens.pass(time);
    }

    /// Calls a column something else, or takes it away: `("cliente", "codigo", None)`. Whether there was such a column.
    pub fn rename_column(&self, feature: &str, column: &str, to: Option<&str>) -> bool {
        Feature::parse(feature).is_some_and(|feature| self.api.world_mut().rename(feature, column, to))
    }

    /// Where the customer with this code is: splitter and port, if he is on one.
    pub fn seat_of(&self, code: &str) -> Vec<Option<(String, u32)>> {
        let world = self.api.world();
        let rows = world.having(Feature::Cliente, Field::Codigo, code);
        rows.iter().map(|fid| world.port_of(*fid).map(|(splitter, port)| (splitter.to_string(), port))).collect()
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
    /// CTOs and splice boxes.
    pub boxes: usize,
    /// Outputs of splitters that take customers.
    pub attendance_ports: usize,
    /// On a port or not.
    pub customers: usize,
}

/// Builds the city and serves it until `stop` resolves; what `enlace simulate geosite` does.
pub async fn run(options: Options, listener: TcpListener, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let simulator = Simulator::new(options)?;
    simulator.serve_until(listener, stop).await.map_err(|error| Error::Options(error.to_string()))
}
