//! What every platform has to be able to do, told once: the same scenarios against each adapter and its simulator, over real
//! HTTP. A fourth platform is a folder of adapters, a simulator, and a row of [`kinds::KINDS`]; what is peculiar to one stands in
//! that one's own tests.

mod faults;
mod kinds;
mod product;
mod reading;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use platforms::http::Timeouts;
use platforms::{
    CustomerToAttach, Failure, Occupancy, OccupantElement, Options, Page, Place, Platform, PortAddress,
    SplitterElement, connect,
};
use simulators::server::Occupied;

pub use crate::ozmap_adapter::told;
use crate::ozmap_adapter::{History, all};
use kinds::{Built, Kind};

/// A simulated city of one platform, served, with an account on it.
pub struct City {
    pub kind: &'static Kind,
    pub built: Built,
    pub url: String,
    pub account: Arc<dyn Platform>,
    pub history: Arc<History>,
}

impl City {
    /// A small one.
    pub async fn of(kind: &'static Kind) -> Self {
        Self::sized(kind, 40).await
    }

    pub async fn sized(kind: &'static Kind, boxes: u32) -> Self {
        let built = (kind.build)(boxes);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{}", listener.local_addr().unwrap(), kind.base);
        let serving = built.desk.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let (account, history) = account(kind, &url, &built);
        Self { kind, built, url, account, history }
    }

    /// As another process would have it: nothing is remembered.
    pub fn again(&self) -> Arc<dyn Platform> {
        account(self.kind, &self.url, &self.built).0
    }

    pub async fn splitters(&self) -> Vec<SplitterElement> {
        all(async |c| self.account.splitters(c.as_deref()).await).await
    }

    pub async fn occupants(&self) -> Vec<OccupantElement> {
        all(async |c| self.account.occupants(c.as_deref()).await).await
    }

    /// Ports that a look finds free, of boxes that have a place.
    pub async fn free_ports(&self, count: usize) -> Vec<PortAddress> {
        let places = all(async |c| self.account.boxes(c.as_deref()).await).await;
        let place = |id: &str| places.iter().find(|b| b.external_id == id).and_then(|b| b.place);
        let mut free = Vec::new();
        for splitter in self.splitters().await {
            let place = place(&splitter.box_external_id);
            for port in splitter.ports.iter().filter(|port| !port.blocked && place.is_some()) {
                let port = address(&splitter, port, place);
                if free.len() < count && self.holder(&port).is_none() && self.look(&port).await == Occupancy::Free {
                    free.push(port);
                }
            }
        }
        assert_eq!(free.len(), count, "{}: free ports", self.kind.name);
        free
    }

    pub fn holder(&self, port: &PortAddress) -> Option<Occupied> {
        self.built.desk.holder(&port.splitter_external_id, u32::try_from(port.sequencia).unwrap() + 1)
    }

    pub fn code_at(&self, port: &PortAddress) -> Option<String> {
        self.holder(port)?.code
    }

    pub async fn look(&self, port: &PortAddress) -> Occupancy {
        self.account.look_at_port(port).await.unwrap()
    }

    /// Puts a customer on a port, as a bind does: it looks where he sits first.
    pub async fn attach(&self, port: &PortAddress, code: &str) -> Result<(), Failure> {
        let seats = self.account.seats_of(code).await.unwrap();
        self.account.attach(port, &customer(code), &seats).await
    }
}

fn account(kind: &Kind, url: &str, built: &Built) -> (Arc<dyn Platform>, Arc<History>) {
    let history = Arc::new(History::default());
    let quick = Duration::from_millis(400);
    let timeouts = Timeouts { quick, body: quick, page: Duration::from_secs(20), ..Timeouts::default() };
    let options = Options { allow_private: true, timeouts, ..Options::default() };
    (connect(kind.name, &built.given(url), options, history.clone()).unwrap(), history)
}

fn address(splitter: &SplitterElement, port: &platforms::PortElement, place: Option<Place>) -> PortAddress {
    PortAddress {
        box_external_id: splitter.box_external_id.clone(),
        splitter_external_id: splitter.external_id.clone(),
        sequencia: port.sequencia,
        port_external_id: port.external_id.clone(),
        place,
    }
}

pub fn customer(code: &str) -> CustomerToAttach {
    let document = Some("529.982.247-25".to_owned());
    CustomerToAttach { code: code.to_owned(), name: "Ana Lúcia Prado".to_owned(), document, place: None }
}

/// All pages of a listing, the first ones by one process, the rest by another.
pub async fn handed_over<T>(
    first: usize,
    mut one: impl AsyncFnMut(Option<String>) -> Result<Page<T>, Failure>,
    mut other: impl AsyncFnMut(Option<String>) -> Result<Page<T>, Failure>,
) -> Vec<T> {
    let (mut items, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = if pages < first { one(cursor).await.unwrap() } else { other(cursor).await.unwrap() };
        items.extend(page.items);
        (cursor, pages) = (page.next, pages + 1);
        assert!(pages < 1000, "it leads nowhere");
        if cursor.is_none() {
            return items;
        }
    }
}
