//! What enlace asks of a mapping platform, whatever its name: one trait, the words it speaks in, one failure.
//!
//! A folder per platform implements it; what a platform's wire looks like never leaves its folder. This crate knows
//! nothing of the engine: who is called, how often and when is decided elsewhere. A [`CallObserver`] is asked before every HTTP
//! call whether it may be made, and told of it afterwards, so that it can be shown in a workflow's history.

mod catalog;
mod failure;
pub mod geogrid;
pub mod geosite;
pub mod guard;
pub mod http;
mod liberal;
mod near;
pub mod ozmap;
pub mod people;

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use catalog::{Given, Options, PLATFORMS, ParameterSpec, calls_a_second, connect, parameters};
pub use near::{Around, Haste, NearBox, Nearby, Viability, WholeBox, viability};

/// The kinds of element that a person may choose for sync (rule D3).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ElementKind {
    /// A box (caixa óptica).
    Box,
    /// A splitter in a box, and with it its ports.
    Splitter,
    /// A pole (poste); belongs to no project.
    Pole,
    /// A cable.
    Cable,
}

/// A place: WGS 84 degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// What a splitter is for (rule S3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SplitterRole {
    /// Customers sit on its outputs.
    Attendance,
    /// It feeds other splitters.
    Distribution,
    /// The platform cannot say: treated as attendance, and marked.
    Unknown,
}

/// One element of the drawing, as the platform has it. `external_id` is the platform's own id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoxElement {
    /// The platform's id.
    pub external_id: String,
    /// As people call it.
    pub name: String,
    /// Where it is; a drawing may lack it.
    pub place: Option<Place>,
    /// A CTO: customers are attended from it.
    pub attendance: bool,
    /// A splice box.
    pub splice: bool,
    /// Built, and not merely planned: may be offered in a viability search.
    pub allows_viability: bool,
}

/// A splitter with its outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitterElement {
    /// The platform's id.
    pub external_id: String,
    /// The box it is in.
    pub box_external_id: String,
    /// As people call it.
    pub name: String,
    /// Attendance or distribution.
    pub role: SplitterRole,
    /// Its outputs in order: `sequencia` 0 first. Empty unless it gives ports (rule S3).
    pub ports: Vec<PortElement>,
}

/// One output of an attendance splitter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortElement {
    /// From 0; the number that people read is one more.
    pub sequencia: i32,
    /// The platform's id of the port, where it has one.
    pub external_id: Option<String>,
    /// Blocked by hand on the platform: shown, never offered.
    pub blocked: bool,
}

/// A pole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoleElement {
    /// The platform's id.
    pub external_id: String,
    /// As people call it.
    pub name: String,
    /// Where it stands.
    pub place: Option<Place>,
}

/// A cable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CableElement {
    /// The platform's id.
    pub external_id: String,
    /// As people call it, where it has a name.
    pub name: Option<String>,
    /// The points it passes, where the platform tells them.
    pub path: Vec<Place>,
}

/// What holds a port on the platform, found while syncing (rules S4, S5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OccupantElement {
    /// The splitter it sits on.
    pub splitter_external_id: String,
    /// The output, from 0.
    pub sequencia: i32,
    /// The platform's id of what sits there (OZMap: the property).
    pub external_id: String,
    /// The customer there; `None` where the port is held by a home without one.
    pub customer: Option<PlatformCustomer>,
}

/// A customer as a platform knows one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlatformCustomer {
    /// The platform's code field: where enlace writes `id_cliente_servico` (domain.md, *external ids*).
    pub code: Option<String>,
    /// The name there.
    pub name: Option<String>,
    /// CPF or CNPJ, where the platform has a field for it.
    pub document: Option<String>,
}

/// One page of a listing.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What it holds.
    pub items: Vec<T>,
    /// Where the next one begins: opaque, stored between steps, valid after a restart (rule S10). `None`: that was the last.
    pub next: Option<String>,
    /// How many there are in all, where the platform tells.
    pub total: Option<u64>,
}

/// A port, as a platform needs it named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortAddress {
    /// The platform's id of the box.
    pub box_external_id: String,
    /// The platform's id of the splitter.
    pub splitter_external_id: String,
    /// From 0.
    pub sequencia: i32,
    /// The platform's id of the port, where it has one.
    pub port_external_id: Option<String>,
    /// Where the box is.
    pub place: Option<Place>,
}

/// What a look at one port found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Occupancy {
    /// Nothing is plugged in.
    Free,
    /// This seat holds it.
    Taken(Seat),
    /// It is kept for this seat's customer, who is not attended there yet (GeoGrid).
    Reserved(Seat),
    /// Something that is no customer's home holds it (a cable to the next splitter, say).
    TakenByEquipment,
    /// Blocked by hand on the platform.
    Blocked,
    /// The platform has no such splitter or output.
    NoSuchPort,
}

/// A customer's seat on the platform: the record that ties a customer to a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// The platform's id of the record (OZMap: the property).
    pub external_id: String,
    /// The customer's code there, if there is a customer with one.
    pub code: Option<String>,
    /// The platform's id of the customer, where it is another record.
    pub customer_external_id: Option<String>,
    /// The platform's id of what plugs it in (OZMap: the drop cable).
    pub drop_external_id: Option<String>,
    /// The splitter it is plugged into, if it is.
    pub splitter_external_id: Option<String>,
    /// The output it is plugged into, from 0.
    pub sequencia: Option<i32>,
}

/// What is sent of a customer: nothing else leaves HubSoft (rule B2).
#[derive(Clone, Debug)]
pub struct CustomerToAttach {
    /// `id_cliente_servico`, as text.
    pub code: String,
    /// The customer's name.
    pub name: String,
    /// CPF or CNPJ: sent only where the platform has a field for it.
    pub document: Option<String>,
    /// The service's place, where HubSoft knows it.
    pub place: Option<Place>,
}

/// What removing a customer leaves behind (rule B11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detach {
    /// The customer and the home.
    Everything,
    /// The home stays on the map, unplugged and without the person.
    KeepHome,
}

/// What *test* found (rule D4).
#[derive(Clone, Debug)]
pub struct Tested {
    /// Projects that the credentials may see, where the platform has projects.
    pub projects: Vec<String>,
}

/// Why a call to a platform did not do what was asked. One type for all platforms.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What it means for us.
    pub kind: FailureKind,
    /// Stable, for programs: `ozmap.port_taken`, `http.timeout`.
    pub code: &'static str,
    /// For a person: plain words, the platform's own where it gave any. No secret, no name of a customer.
    pub message: String,
    /// `Retry-After`, as time from now.
    pub retry_after: Option<Duration>,
    /// Which account it was about (`integration:3`): filled in by whoever holds the account, not by the adapters.
    pub upstream: Option<String>,
}

/// What a failure means for us (G6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It was not done; trying again may help (connection refused, 5xx on a read, timeout on a read).
    Transient,
    /// The platform asked for a pause: 429, or 503 with `Retry-After`.
    Throttled,
    /// The credentials were refused, twice.
    Unauthorised,
    /// It was refused and will be again.
    Rejected,
    /// A write whose answer was lost: it may have been done (timeout, reset, 5xx after sending).
    Unknown,
    /// The integration is set up wrongly (no such project, not this API): a person has to change a parameter.
    Misconfigured,
}

/// One HTTP call that was made, for the history. The path carries no secret and no personal data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, values of filters left out.
    pub path: String,
    /// The status; `None` where there was no answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// Asked before every call to a platform, and told of it.
#[async_trait]
pub trait CallObserver: Send + Sync + 'static {
    /// Waits until a call may be made. Lets everything through unless it is taught otherwise.
    ///
    /// # Errors
    /// Why it may not be made. Nothing was sent then.
    async fn admit(&self) -> Result<Box<dyn Admitted>, Failure> {
        Ok(Box::new(Unwatched))
    }

    /// A call was made.
    fn called(&self, call: Call);
}

/// Leave to make one call; dropped without a word where the call was given up.
pub trait Admitted: Send {
    /// How the call ended: the failure that it means if it is one, and whether there was a complete answer.
    fn ended(self: Box<Self>, failure: Option<&Failure>, answered: bool);
}

/// Nobody wants to know.
struct Unwatched;

impl Admitted for Unwatched {
    fn ended(self: Box<Self>, _failure: Option<&Failure>, _answered: bool) {}
}

/// One account on one platform: everything that enlace asks of it.
///
/// Writes (`attach`, `detach`) are made once and never repeated inside: a lost answer is [`FailureKind::Unknown`], and
/// who called looks before anything is written again (rule B6).
#[async_trait]
pub trait Platform: Send + Sync {
    /// One harmless authenticated call (rule D4); checks the project's name too (rule D5).
    async fn test(&self) -> Result<Tested, Failure>;
    /// A page of boxes; `cursor` is a former page's `next`.
    async fn boxes(&self, cursor: Option<&str>) -> Result<Page<BoxElement>, Failure>;
    /// A page of splitters with their ports.
    async fn splitters(&self, cursor: Option<&str>) -> Result<Page<SplitterElement>, Failure>;
    /// A page of poles.
    async fn poles(&self, cursor: Option<&str>) -> Result<Page<PoleElement>, Failure>;
    /// A page of cables.
    async fn cables(&self, cursor: Option<&str>) -> Result<Page<CableElement>, Failure>;
    /// A page of what holds ports.
    async fn occupants(&self, cursor: Option<&str>) -> Result<Page<OccupantElement>, Failure>;
    /// Looks at one port.
    async fn look_at_port(&self, port: &PortAddress) -> Result<Occupancy, Failure>;
    /// Where the customer with this code sits: none, one, or (people edit the drawing) several.
    async fn seats_of(&self, code: &str) -> Result<Vec<Seat>, Failure>;
    /// On which ports the customer with this code sits, a page at a time: for who knows no port to look at. A platform that tells
    /// it of a customer does so on one page, and this is how; another one has to be gone through.
    async fn search(&self, code: &str, _cursor: Option<&str>) -> Result<Page<Seat>, Failure> {
        let mut items = self.seats_of(code).await?;
        items.retain(|seat| seat.splitter_external_id.is_some() && seat.sequencia.is_some());
        Ok(Page { items, next: None, total: None })
    }
    /// Puts the customer on the port; `seats` is what [`Platform::seats_of`] found (a seat elsewhere is moved here).
    async fn attach(&self, port: &PortAddress, customer: &CustomerToAttach, seats: &[Seat]) -> Result<(), Failure>;
    /// Takes this seat's customer off. A seat that is no longer where it was seen, or whose customer is another by now, is left
    /// alone: that is as good as done.
    async fn detach(&self, seat: &Seat, how: Detach) -> Result<(), Failure>;
    /// The boxes around a place or an address, with and without free ports (rule V2). Only of platforms of which
    /// [`viability`] says that they are asked.
    async fn boxes_near(&self, _asked: &Nearby) -> Result<Vec<NearBox>, Failure> {
        Err(near::not_asked())
    }
    /// A box with its splitters, their ports, and what holds them; `None`: there is none of this id, or it is not this
    /// account's to read.
    async fn whole_box(&self, _external_id: &str) -> Result<Option<WholeBox>, Failure> {
        Err(near::not_asked())
    }
}
