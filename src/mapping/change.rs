//! What an operation writes to HubSoft's side: data in its answer, applied by the engine with the step's record.

use serde::{Deserialize, Serialize};

use chrono::{DateTime, Utc};
use platforms::{BoxElement, CableElement, ElementKind, OccupantElement, PoleElement, SplitterElement, WholeBox};

use crate::types::Transmission;

/// One change. Applied exactly once, in the order given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// What a port shows of its transmission; also the time of the last try (rule B10).
    Transmission {
        /// `id_porta_atendimento`.
        port: i64,
        /// What it shows from now on.
        shows: Transmission,
    },
    /// The service becomes the port's occupant, where HubSoft's own transaction did not do it (rule B9).
    Occupy {
        /// `id_porta_atendimento`.
        port: i64,
        /// `id_cliente_servico`.
        service: i64,
        /// Lift a reservation on the way.
        lift_reservation: bool,
    },
    /// The service leaves the port, where HubSoft's own transaction did not do it (rule B9). Nothing if it sits elsewhere.
    Vacate {
        /// `id_porta_atendimento`.
        port: i64,
        /// `id_cliente_servico`.
        service: i64,
    },
    /// A superseded bind leaves it to later work to take off whoever the platform shows on the port (rules B2, B8). It
    /// stands until the port's next [`Transmission::Sent`].
    LeaveToClear {
        /// `id_porta_atendimento`.
        port: i64,
    },
    /// A service was taken off this port on the platform, for somebody else to sit there: wherever else on that platform HubSoft
    /// says that it sits, it is bound again, so that a removal which came across its move loses nobody (rule B2).
    LookAgain {
        /// `id_porta_atendimento`: the one that it was taken off.
        port: i64,
        /// `id_cliente_servico`.
        service: i64,
    },
    /// HubSoft and the platform differ about a port: for a person to settle (rules B3, S6). One open row per port and kind.
    Discrepancy {
        /// `id_porta_atendimento`.
        port: i64,
        /// Stable: `other_occupant`, `two_ports`, …
        kind: String,
        /// What HubSoft says.
        ours: serde_json::Value,
        /// What the platform says.
        theirs: serde_json::Value,
    },
    /// A part of the sync that answers with it: the run is the workflow that the change came from.
    Sync {
        /// `id_integracao`.
        integration: i64,
        /// Which part.
        part: SyncPart,
    },
    /// Boxes that a platform showed and HubSoft lacks (rule V2).
    Register {
        /// `id_integracao`.
        integration: i64,
        /// Before the platform was asked, by the database's clock: what was sent since then is newer than what it told.
        asked_at: DateTime<Utc>,
        /// With all that is in them.
        boxes: Vec<WholeBox>,
    },
    /// Another workflow is started; it names the one that wants it.
    Start {
        /// Its kind.
        kind: String,
        /// Its payload.
        payload: serde_json::Value,
    },
}

/// What one step of a sync found or finished (rules S1–S11).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SyncPart {
    /// It begins: the project shows `em_sincronizacao`, the counters start at nothing.
    Begun,
    /// A page of boxes.
    Boxes(Vec<BoxElement>),
    /// A page of splitters with their ports.
    Splitters(Vec<SplitterElement>),
    /// A page of poles.
    Poles(Vec<PoleElement>),
    /// A page of cables.
    Cables(Vec<CableElement>),
    /// A page of what holds ports.
    Occupants(Vec<OccupantElement>),
    /// How many the platform says there are of a kind, where it tells.
    Total {
        /// Of what.
        kind: ElementKind,
        /// How many.
        total: u64,
    },
    /// All pages of this kind were seen: what was not is marked missing (rule S8).
    Missing(ElementKind),
    /// Ports, by HubSoft's numbers, on which no page showed anybody (rule S6).
    Unseen(Vec<i64>),
    /// What no page held any more of what a sync had reserved is free (rule S7).
    Lifted,
    /// It ended well.
    Finished,
    /// It failed, and why.
    Failed(String),
}
