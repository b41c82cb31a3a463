//! The ports of operations without a database or a platform behind them: a world in memory that does what it is told,
//! counts what it is asked, and fails once where a test says so.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use engine::registry::Registry;
use mapping::viability::{Found, FoundBox, Project, Source, Wanted};
use mapping::{Change, Integration, Port, ProjectRules, Service, ServiceOrder, Vanishing};
use platforms::*;
use serde_json::{Value, json};
use uuid::Uuid;
use workflows::{Later, Maps, Network, Ports, Trouble};

/// The integration of everything here.
pub const INTEGRATION: i64 = 3;
/// The port that is worked on, and another one.
pub const PORT: i64 = 812;
pub const OTHER_PORT: i64 = 813;
/// The service that is worked on, and somebody else's.
pub const SERVICE: i64 = 4411;
pub const STRANGER: i64 = 4400;
/// The service that a migrate takes off.
pub const OLD: i64 = 4410;
/// A removal order of the service that is worked on.
pub const ORDER: i64 = 77;

/// The operations of this build over a world.
pub fn operations(world: &World) -> Registry<Change> {
    enlace::app::operations(Ports { network: Arc::new(world.clone()), maps: Arc::new(world.clone()) })
}

/// Where a call fails, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fails {
    /// HubSoft's side cannot be read.
    Database,
    /// The platform fails before it has done anything.
    Before(FailureKind),
    /// The platform does what is asked, and the answer is lost.
    AnswerLost,
}

/// HubSoft's side and the platform's.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// HubSoft's ports.
    pub ports: BTreeMap<i64, Port>,
    /// HubSoft's services.
    pub services: Vec<i64>,
    /// HubSoft's integration.
    pub integration: Option<Integration>,
    /// HubSoft's order, if there is one.
    pub order: Option<ServiceOrder>,
    /// Whether later work is queued.
    pub later: Later,
    /// When the last sync ended.
    pub last_sync: Option<DateTime<Utc>>,
    /// What marking would come to.
    pub vanishing: Vanishing,
    /// Ports on which a sync has seen nobody.
    pub unseen: Vec<i64>,
    /// What the platform shows on the outputs of splitter `s`, by `sequencia`.
    pub drawn: BTreeMap<i32, Occupancy>,
    /// The platform's boxes that HubSoft lacks.
    pub lacking: Vec<String>,
}

/// A world; clones are the same one.
#[derive(Clone)]
pub struct World(Arc<Mutex<Inside>>);

struct Inside {
    facts: Facts,
    calls: Vec<&'static str>,
    fault: Option<(usize, Fails)>,
}

impl Default for World {
    fn default() -> Self {
        Self::of(Facts::default())
    }
}

impl Default for Facts {
    /// Two free ports of a synced project, and HubSoft has just put the service on the first.
    fn default() -> Self {
        let integration = Integration {
            id: INTEGRATION,
            platform: "ozmap".into(),
            name: "OZMap".into(),
            active: true,
            id_projeto: Some(9),
            elements: vec![ElementKind::Box, ElementKind::Splitter, ElementKind::Pole, ElementKind::Cable],
            keep_home: false,
        };
        let port = |id, sequencia, occupant| Port {
            id,
            occupant,
            reserved: false,
            to_clear: false,
            seat: None,
            address: PortAddress {
                box_external_id: "b".into(),
                splitter_external_id: "s".into(),
                sequencia,
                port_external_id: None,
                place: None,
            },
            missing: false,
            integration: Some(integration.clone()),
            rules: ProjectRules::default(),
        };
        Self {
            ports: [port(PORT, 0, Some(SERVICE)), port(OTHER_PORT, 1, None)].map(|port| (port.id, port)).into(),
            services: vec![SERVICE, STRANGER],
            integration: Some(integration),
            order: Some(ServiceOrder {
                id: ORDER,
                service: SERVICE,
                kind: Some("RETIRADA".into()),
                removal: true,
                status: "finalizado".into(),
                closing: Some("concluido".into()),
            }),
            later: Later::Nothing,
            last_sync: None,
            vanishing: Vanishing { known: 100, ..Vanishing::default() },
            unseen: vec![OTHER_PORT],
            drawn: [(0, Occupancy::Free), (1, Occupancy::Free)].into(),
            lacking: Vec::new(),
        }
    }
}

impl Facts {
    /// The port that is worked on.
    pub fn port(&mut self) -> &mut Port {
        self.ports.get_mut(&PORT).unwrap()
    }
}

/// A seat on splitter `s`.
pub fn seat(service: i64, sequencia: i32) -> Occupancy {
    Occupancy::Taken(Seat {
        external_id: format!("home-{service}"),
        code: Some(service.to_string()),
        customer_external_id: None,
        drop_external_id: None,
        splitter_external_id: Some("s".into()),
        sequencia: Some(sequencia),
    })
}

/// A seat on splitter `s` that is kept for its customer.
pub fn reserved(service: i64, sequencia: i32) -> Occupancy {
    match seat(service, sequencia) {
        Occupancy::Taken(seat) => Occupancy::Reserved(seat),
        other => other,
    }
}

impl World {
    /// A world with these facts.
    pub fn of(facts: Facts) -> Self {
        Self(Arc::new(Mutex::new(Inside { facts, calls: Vec::new(), fault: None })))
    }

    /// What is so now.
    pub fn facts(&self) -> Facts {
        self.0.lock().unwrap().facts.clone()
    }

    /// Makes it so.
    pub fn restore(&self, facts: Facts) {
        self.0.lock().unwrap().facts = facts;
    }

    /// What was asked since this was last called; what HubSoft's side was asked begins with `hubsoft.`.
    pub fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    /// The n-th call from now on (from 0) fails, once.
    pub fn fail(&self, nth: usize, how: Fails) {
        let mut inside = self.0.lock().unwrap();
        inside.fault = Some((inside.calls.len() + nth, how));
    }

    /// Writes what a step changed on HubSoft's side.
    pub fn apply(&self, changes: &[Change]) {
        let facts = &mut self.0.lock().unwrap().facts;
        for change in changes {
            match *change {
                Change::Occupy { port, service, .. } => facts.ports.get_mut(&port).unwrap().occupant = Some(service),
                Change::Vacate { port, service } => {
                    let there = &mut facts.ports.get_mut(&port).unwrap().occupant;
                    there.take_if(|occupant| *occupant == service);
                }
                Change::Register { ref boxes, .. } => {
                    facts.lacking.retain(|id| boxes.iter().all(|b| b.element.external_id != *id));
                }
                Change::Transmission { .. }
                | Change::Start { .. }
                | Change::LeaveToClear { .. }
                | Change::LookAgain { .. }
                | Change::Discrepancy { .. }
                | Change::Sync { .. } => {}
            }
        }
    }

    /// Notes a call; how it is to fail, if it is.
    fn called(&self, what: &'static str) -> Option<Fails> {
        let mut inside = self.0.lock().unwrap();
        let nth = inside.calls.len();
        inside.calls.push(what);
        inside.fault.take_if(|(at, _)| *at == nth).map(|(_, how)| how)
    }

    fn read<T>(&self, what: &'static str, of: impl FnOnce(&Facts) -> T) -> Result<T, Trouble> {
        match self.called(what) {
            Some(_) => Err(Trouble::Database("a test says so".into())),
            None => Ok(of(&self.0.lock().unwrap().facts)),
        }
    }

    fn ask<T>(&self, what: &'static str, of: impl FnOnce(&mut Facts) -> T) -> Result<T, Failure> {
        let fails = self.called(what);
        if let Some(Fails::Before(kind)) = fails {
            return Err(failure(kind));
        }
        let answer = of(&mut self.0.lock().unwrap().facts);
        if fails.is_some() { Err(failure(FailureKind::Unknown)) } else { Ok(answer) }
    }

    /// Two pages, empty.
    fn page<T>(&self, what: &'static str, cursor: Option<&str>) -> Result<Page<T>, Failure> {
        let next = cursor.is_none().then(|| "second".to_owned());
        self.ask(what, |_| Page { items: Vec::new(), next, total: Some(0) })
    }
}

fn failure(kind: FailureKind) -> Failure {
    let upstream = Some(mapping::upstream_of(INTEGRATION));
    Failure { upstream, ..Failure::new(kind, "test.asked", "o teste pede", "the test says so") }
}

#[async_trait]
impl Network for World {
    async fn port(&self, id: i64) -> Result<Option<Port>, Trouble> {
        self.read("hubsoft.port", |facts| facts.ports.get(&id).cloned())
    }
    async fn other_ports_of(&self, service: i64, except: i64) -> Result<Vec<i64>, Trouble> {
        let sits = |port: &&Port| port.id != except && port.occupant == Some(service);
        self.read("hubsoft.other_ports_of", |facts| facts.ports.values().filter(sits).map(|port| port.id).collect())
    }
    async fn service(&self, id: i64) -> Result<Option<Service>, Trouble> {
        let service = || Service { id, name: "Maria".into(), document: None, place: None };
        self.read("hubsoft.service", |facts| facts.services.contains(&id).then(service))
    }
    async fn integration(&self, _: i64) -> Result<Option<Integration>, Trouble> {
        self.read("hubsoft.integration", |facts| facts.integration.clone())
    }
    async fn integrations_in_use(&self) -> Result<Vec<i64>, Trouble> {
        let used = |integration: &Integration| integration.active.then_some(integration.id);
        self.read("hubsoft.integrations_in_use", |facts| facts.integration.iter().filter_map(used).collect())
    }
    async fn port_at(&self, _: i64, _: &str, sequencia: i32) -> Result<Option<i64>, Trouble> {
        let is = |port: &&Port| port.address.sequencia == sequencia;
        self.read("hubsoft.port_at", |facts| facts.ports.values().find(is).map(|port| port.id))
    }
    async fn service_order(&self, _: i64) -> Result<Option<ServiceOrder>, Trouble> {
        self.read("hubsoft.service_order", |facts| facts.order.clone())
    }
    async fn later_work(&self, _: &[String], _: i64) -> Result<Later, Trouble> {
        self.read("hubsoft.later_work", |facts| facts.later)
    }
    async fn sync_result(&self, _: Uuid) -> Result<Value, Trouble> {
        self.read("hubsoft.sync_result", |_| json!({ "discrepancies": 0 }))
    }
    async fn last_sync_ended(&self, _: i64) -> Result<Option<DateTime<Utc>>, Trouble> {
        self.read("hubsoft.last_sync_ended", |facts| facts.last_sync)
    }
    async fn would_vanish(&self, _: Uuid, _: ElementKind) -> Result<Vanishing, Trouble> {
        self.read("hubsoft.would_vanish", |facts| facts.vanishing)
    }
    async fn projects(&self, _: Option<i64>) -> Result<Vec<Project>, Trouble> {
        let source =
            |i: &Integration| Source { id: i.id, platform: i.platform.clone(), name: i.name.clone(), active: i.active };
        let project = |facts: &Facts| Project {
            id: 9,
            name: "Centro".into(),
            synced: true,
            integration: facts.integration.as_ref().map(source),
        };
        self.read("hubsoft.projects", |facts| vec![project(facts)])
    }
    async fn lacking(&self, _: i64, ids: &[String]) -> Result<Vec<String>, Trouble> {
        let lacks = |facts: &Facts| ids.iter().filter(|id| facts.lacking.contains(id)).cloned().collect();
        self.read("hubsoft.lacking", lacks)
    }
    async fn search(&self, wanted: &Wanted) -> Result<Found, Trouble> {
        let b = |facts: &Facts| FoundBox {
            id_projeto: 9,
            id: 91,
            name: "CTO-091".into(),
            place: Place { latitude: -27.6, longitude: -48.5 },
            metres: wanted.radius_metres,
            total: 2,
            free: facts.ports.values().filter(|port| port.occupant.is_none()).count() as u64,
            reserved: 0,
            used: 1,
            free_ports: Vec::new(),
        };
        self.read("hubsoft.search", |facts| Found { boxes: vec![b(facts)], more: false })
    }
    async fn nobody_seen(&self, _: Uuid) -> Result<Vanishing, Trouble> {
        self.read("hubsoft.nobody_seen", |_| Vanishing::default())
    }
    async fn unseen(&self, _: Uuid, after: i64) -> Result<Vec<i64>, Trouble> {
        self.read("hubsoft.unseen", |facts| facts.unseen.iter().copied().filter(|port| *port > after).collect())
    }
}

#[async_trait]
impl Maps for World {
    async fn of(&self, _: i64) -> Result<Arc<dyn Platform>, Trouble> {
        let map: Arc<dyn Platform> = Arc::new(self.clone());
        self.read("hubsoft.account", |_| map)
    }
}

/// What a platform shows in a drawing is changed by `attach` and `detach` alone; all else only looks.
#[async_trait]
impl Platform for World {
    async fn test(&self) -> Result<Tested, Failure> {
        self.ask("test", |_| Tested { projects: Vec::new() })
    }
    async fn boxes(&self, cursor: Option<&str>) -> Result<Page<BoxElement>, Failure> {
        self.page("boxes", cursor)
    }
    async fn splitters(&self, cursor: Option<&str>) -> Result<Page<SplitterElement>, Failure> {
        self.page("splitters", cursor)
    }
    async fn poles(&self, cursor: Option<&str>) -> Result<Page<PoleElement>, Failure> {
        self.page("poles", cursor)
    }
    async fn cables(&self, cursor: Option<&str>) -> Result<Page<CableElement>, Failure> {
        self.page("cables", cursor)
    }
    async fn occupants(&self, cursor: Option<&str>) -> Result<Page<OccupantElement>, Failure> {
        self.page("occupants", cursor)
    }
    async fn look_at_port(&self, port: &PortAddress) -> Result<Occupancy, Failure> {
        self.ask("look_at_port", |facts| facts.drawn.get(&port.sequencia).cloned().unwrap_or(Occupancy::NoSuchPort))
    }
    async fn seats_of(&self, code: &str) -> Result<Vec<Seat>, Failure> {
        let of = |there: &Occupancy| match there {
            Occupancy::Taken(seat) if seat.code.as_deref() == Some(code) => Some(seat.clone()),
            _ => None,
        };
        self.ask("seats_of", |facts| facts.drawn.values().filter_map(of).collect())
    }
    /// On the second page, as where a platform has to be gone through.
    async fn search(&self, code: &str, cursor: Option<&str>) -> Result<Page<Seat>, Failure> {
        let of = |there: &Occupancy| match there {
            Occupancy::Taken(seat) | Occupancy::Reserved(seat) => {
                (seat.code.as_deref() == Some(code)).then(|| seat.clone())
            }
            _ => None,
        };
        let (first, next) = (cursor.is_none(), cursor.is_none().then(|| "second".to_owned()));
        self.ask("search", |facts| {
            let items = facts.drawn.values().filter(|_| !first).filter_map(of).collect();
            Page { items, next, total: None }
        })
    }
    /// Refuses a port that is not free: who writes a second time without having looked is found out.
    async fn attach(&self, port: &PortAddress, customer: &CustomerToAttach, seats: &[Seat]) -> Result<(), Failure> {
        let service = customer.code.parse().unwrap();
        self.ask("attach", |facts| {
            let there = facts.drawn.get(&port.sequencia);
            if there != Some(&Occupancy::Free) && there != Some(&reserved(service, port.sequencia)) {
                return Err(failure(FailureKind::Rejected));
            }
            seats.iter().for_each(|seat| facts.leave(seat));
            facts.drawn.insert(port.sequencia, seat(service, port.sequencia));
            Ok(())
        })?
    }
    async fn detach(&self, seat: &Seat, _: Detach) -> Result<(), Failure> {
        self.ask("detach", |facts| facts.leave(seat))
    }
    /// The boxes that HubSoft lacks, and one that it has.
    async fn boxes_near(&self, _: &Nearby) -> Result<Vec<NearBox>, Failure> {
        let near = |id: &String| NearBox {
            external_id: id.clone(),
            name: id.clone(),
            place: None,
            distance_metres: Some(10.0),
            free_ports: Some(1),
        };
        self.ask("boxes_near", |facts| facts.lacking.iter().chain([&"b".to_owned()]).map(near).collect())
    }
    async fn whole_box(&self, id: &str) -> Result<Option<WholeBox>, Failure> {
        let element = BoxElement {
            external_id: id.to_owned(),
            name: id.to_owned(),
            place: None,
            attendance: true,
            splice: false,
            allows_viability: true,
        };
        self.ask("whole_box", |_| Some(WholeBox { element, splitters: Vec::new(), occupants: Vec::new() }))
    }
}

impl Facts {
    fn leave(&mut self, seat: &Seat) {
        let its = [Occupancy::Taken(seat.clone()), Occupancy::Reserved(seat.clone())];
        for there in self.drawn.values_mut().filter(|there| its.contains(there)) {
            *there = Occupancy::Free;
        }
    }
}
