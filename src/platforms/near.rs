//! What may be asked about a place: the boxes that a platform has around it, and all that is in one of them (rules V1, V2).

use serde::{Deserialize, Serialize};

use crate::http::Purpose;
use crate::{BoxElement, Failure, FailureKind, OccupantElement, Place, SplitterElement};

/// What a platform can be asked about viability (rule V1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viability {
    /// Nothing: its projects get HubSoft's own search.
    NotAsked,
    /// Which boxes are around a place.
    ByPlace,
    /// The same, and around an address, which it geocodes.
    ByPlaceOrAddress,
}

/// What this platform can be asked; nothing of one that is not known.
pub fn viability(platform: &str) -> Viability {
    match platform {
        "ozmap" => Viability::ByPlace,
        "geosite" => Viability::ByPlaceOrAddress,
        _ => Viability::NotAsked,
    }
}

/// Around what boxes are looked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Around {
    /// A place.
    Place(Place),
    /// An address in a person's words.
    Address(String),
}

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// A person is on the phone (rule V5).
    PersonWaits,
    /// Nobody waits: minutes are normal.
    Background,
}

impl Haste {
    pub(crate) fn purpose(self) -> Purpose {
        match self {
            Self::PersonWaits => Purpose::Viability,
            Self::Background => Purpose::Page,
        }
    }
}

/// A question about the boxes around something.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearby {
    /// Around what.
    pub around: Around,
    /// How far, in metres.
    pub radius_metres: u32,
    /// How long it may take.
    pub haste: Haste,
}

/// A box that is near enough, as the platform tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct NearBox {
    /// The platform's id.
    pub external_id: String,
    /// As people call it.
    pub name: String,
    /// Where it is.
    pub place: Option<Place>,
    /// From what was asked for, in metres.
    pub distance_metres: Option<f64>,
    /// Free ports, where the platform tells.
    pub free_ports: Option<u32>,
}

/// A box with everything in it that a sync would bring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WholeBox {
    /// The box itself.
    pub element: BoxElement,
    /// Its splitters with their ports.
    pub splitters: Vec<SplitterElement>,
    /// What holds them: without it, each port would look free.
    pub occupants: Vec<OccupantElement>,
}

/// For platforms that are not asked.
pub(crate) fn not_asked() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "platforms.no_viability",
        "esta plataforma não responde consultas de viabilidade",
        "this platform answers no questions about viability",
    )
}
