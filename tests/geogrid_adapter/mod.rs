//! The GeoGrid adapter over real sockets: against a server by hand that misbehaves on purpose, and against the simulator.

mod city;
mod limits;
mod open;
mod product;
mod quirks;
mod wire;
mod writes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use platforms::geogrid::{GeoGrid, Parameters, connect};
use platforms::http::Timeouts;
use platforms::{
    Call, CallObserver, CustomerToAttach, Failure, Occupancy, Options, Page, Place, Platform, PortAddress, Seat,
    SplitterElement,
};
use simulators::geogrid::{Options as CityOptions, Simulator};
use simulators::server::Occupied;

pub use crate::ozmap_adapter::canned;
pub use crate::ozmap_adapter::{all, told};

const TOKEN: &str = "token-0f1e2d3c";

/// Keeps what an operator would see.
#[derive(Default)]
pub struct History(Mutex<Vec<Call>>);

impl CallObserver for History {
    fn called(&self, call: Call) {
        self.0.lock().unwrap().push(call);
    }
}

impl History {
    /// The calls so far, as `METHOD path status`.
    pub fn lines(&self) -> Vec<String> {
        let calls = self.0.lock().unwrap();
        let status = |c: &Call| c.status.map_or("-".to_owned(), |s| s.to_string());
        calls.iter().map(|c| format!("{} {} {}", c.method, c.path, status(c))).collect()
    }

    /// The calls that changed something, as their methods.
    pub fn writes(&self) -> Vec<String> {
        let lines = self.lines().into_iter().filter(|line| !line.starts_with("GET "));
        lines.map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
    }
}

/// An account at this address, with its history; times are short enough to wait for.
pub fn account(api_url: &str, token: &str) -> (GeoGrid, Arc<History>) {
    let history = Arc::new(History::default());
    let quick = Duration::from_millis(300);
    let timeouts = Timeouts { quick, body: quick, ..Timeouts::default() };
    let options = Options { allow_private: true, timeouts, ..Options::default() };
    let parameters = Parameters { api_url: api_url.to_owned(), token: token.into() };
    (connect(parameters, options, history.clone()).unwrap(), history)
}

/// An account at a server by hand.
pub fn by_hand(url: &str) -> (GeoGrid, Arc<History>) {
    account(&format!("{url}/isp"), TOKEN)
}

pub fn customer(code: &str) -> CustomerToAttach {
    CustomerToAttach {
        code: code.to_owned(),
        name: "Ana Lúcia Prado".to_owned(),
        document: Some("529.982.247-25".to_owned()),
        // Far away from any box: it must not be where the customer is attended.
        place: Some(Place { latitude: -20.0, longitude: -40.0 }),
    }
}

pub fn port(box_id: &str, splitter: &str, sequencia: i32) -> PortAddress {
    PortAddress {
        box_external_id: box_id.to_owned(),
        splitter_external_id: splitter.to_owned(),
        sequencia,
        port_external_id: Some("345".to_owned()),
        place: Some(Place { latitude: -27.5, longitude: -48.5 }),
    }
}

pub fn seat(external_id: &str) -> Seat {
    Seat {
        external_id: external_id.to_owned(),
        code: None,
        customer_external_id: None,
        drop_external_id: None,
        splitter_external_id: None,
        sequencia: None,
    }
}

/// A simulated city and an account on it.
pub struct City {
    pub simulator: Simulator,
    pub url: String,
    pub geogrid: GeoGrid,
    pub history: Arc<History>,
}

impl City {
    /// A hundred boxes that may be asked about as fast as the test can.
    pub async fn built() -> Self {
        Self::with(CityOptions { boxes: 150, calls_a_second: None, ..CityOptions::default() }).await
    }

    pub async fn with(options: CityOptions) -> Self {
        let token = options.api_key.clone();
        let simulator = Simulator::new(options).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/isp", listener.local_addr().unwrap());
        let serving = simulator.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let (geogrid, history) = account(&url, &token);
        Self { simulator, url, geogrid, history }
    }

    /// As another process would have it: nothing is remembered.
    pub fn again(&self) -> GeoGrid {
        account(&self.url, &CityOptions::default().api_key).0
    }

    pub async fn splitters(&self) -> Vec<SplitterElement> {
        all(async |c| self.geogrid.splitters(c.as_deref()).await).await
    }

    /// All ports, as a sync would have stored them.
    pub async fn ports(&self) -> Vec<PortAddress> {
        let boxes = all(async |c| self.geogrid.boxes(c.as_deref()).await).await;
        let places: HashMap<_, _> = boxes.into_iter().map(|b| (b.external_id, b.place)).collect();
        let of = |splitter: SplitterElement| {
            let place = places[&splitter.box_external_id];
            splitter
                .ports
                .into_iter()
                .map(move |port| PortAddress {
                    box_external_id: splitter.box_external_id.clone(),
                    splitter_external_id: splitter.external_id.clone(),
                    sequencia: port.sequencia,
                    port_external_id: port.external_id,
                    place,
                })
                .collect::<Vec<_>>()
        };
        self.splitters().await.into_iter().flat_map(of).collect()
    }

    pub fn holder(&self, port: &PortAddress) -> Option<Occupied> {
        self.simulator.holder(&port.splitter_external_id, port.sequencia as u32 + 1)
    }

    pub fn code_at(&self, port: &PortAddress) -> Option<String> {
        self.holder(port)?.code
    }

    /// Ports that a look finds free, of boxes that have a place.
    pub async fn free_ports(&self, count: usize) -> Vec<PortAddress> {
        let mut free = Vec::new();
        for port in self.ports().await.into_iter().filter(|port| port.place.is_some() && self.holder(port).is_none()) {
            if free.len() < count && self.look(&port).await == Occupancy::Free {
                free.push(port);
            }
        }
        free
    }

    pub async fn port_of(&self, code: &str) -> PortAddress {
        let held = self.simulator.occupied().into_iter().find(|held| held.code.as_deref() == Some(code)).unwrap();
        let is =
            |port: &PortAddress| port.splitter_external_id == held.splitter && port.sequencia as u32 + 1 == held.port;
        self.ports().await.into_iter().find(is).unwrap()
    }

    pub async fn look(&self, port: &PortAddress) -> Occupancy {
        self.geogrid.look_at_port(port).await.unwrap()
    }

    pub async fn seat_at(&self, port: &PortAddress) -> Seat {
        match self.look(port).await {
            Occupancy::Taken(seat) | Occupancy::Reserved(seat) => seat,
            other => panic!("nobody is there: {other:?}"),
        }
    }
}

/// All pages of a listing, and how many there were.
pub async fn pages<T>(mut page: impl AsyncFnMut(Option<String>) -> Result<Page<T>, Failure>) -> (Vec<T>, usize) {
    let (mut items, mut cursor, mut count) = (Vec::new(), None, 0);
    loop {
        let read = page(cursor).await.unwrap();
        items.extend(read.items);
        (cursor, count) = (read.next, count + 1);
        if cursor.is_none() {
            return (items, count);
        }
    }
}
