//! The shapes of rows, as OZMap writes them. Filled in by `rows`.

use super::id::{Id, Kind, Moment};
use super::table::Object;
use super::world::{Plug, PropertyData, SplitterData};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A row with the fields that were written to it on top.
pub(super) struct Shown<'a> {
    pub row: AnyRow<'a>,
    pub extra: Option<&'a Object>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum AnyRow<'a> {
    Box(BoxRow<'a>),
    Splitter(SplitterRow<'a>),
    Property(Box<PropertyRow<'a>>),
    Client(ClientRow<'a>),
    Pole(PoleRow),
    Cable(CableRow),
    Fiber(FiberRow),
    Document(DocumentRow),
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some(extra) = self.extra else { return self.row.serialize(to) };
        let mut whole = serde_json::to_value(&self.row).map_err(serde::ser::Error::custom)?;
        if let Value::Object(fields) = &mut whole {
            fields.extend(extra.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        whole.serialize(to)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BoxRow<'a> {
    pub id: Id,
    pub kind: &'static str,
    pub name: String,
    pub project: Id,
    pub box_type: Option<Id>,
    pub hierarchy_level: u8,
    pub implanted: bool,
    pub draft: bool,
    pub certified: bool,
    pub shared: bool,
    #[serde(rename = "default_reserve")]
    pub default_reserve: u8,
    pub pole: Option<Id>,
    pub coords: Option<[f64; 2]>,
    pub lat: Option<f64>,
    pub lng: Option<f64>,
    pub address: String,
    pub cables: Ids<'a>,
    pub tags: [Id; 0],
    pub underground: bool,
    pub created_at: Moment,
    pub updated_at: Moment,
}

/// Numbers of a kind, shown as ids.
pub(super) struct Ids<'a>(pub Kind, pub &'a [u32]);

impl Serialize for Ids<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.1.iter().map(|seq| Id::new(self.0, *seq)))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SplitterRow<'a> {
    pub id: Id,
    pub kind: &'static str,
    pub parent: Id,
    pub project: Id,
    pub name: &'static str,
    pub label: &'static str,
    pub splitter_type: Option<Id>,
    pub is_drop: bool,
    pub implanted: bool,
    pub is_balanced: bool,
    pub ratio: Ratio,
    pub connectables: Connectables<'a>,
    pub ports: Ports<'a>,
    pub orientation: &'static str,
    pub tags: [Id; 0],
    pub created_at: Moment,
    pub updated_at: Moment,
}

#[derive(Serialize)]
pub(super) struct Ratio {
    pub input: usize,
    pub output: usize,
}

#[derive(Serialize)]
pub(super) struct Connectables<'a> {
    pub input: [Id; 1],
    pub output: Outputs<'a>,
}

pub(super) struct Outputs<'a>(pub &'a [Plug]);

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|plug| match *plug {
            Plug::Free => None,
            Plug::Drop(drop) => Some(Id::new(Kind::DROP_FIBER, drop)),
            Plug::Trunk(splitter) => Some(Id::new(Kind::TRUNK_FIBER, splitter)),
        }))
    }
}

pub(super) struct Ports<'a>(pub u32, pub &'a SplitterData);

#[derive(Serialize)]
pub(super) struct PortRow {
    pub id: Id,
    pub index: usize,
    pub blocked: bool,
    pub tags: [Id; 0],
}

impl Serialize for Ports<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq((0..self.1.outputs.len()).map(|index| PortRow {
            id: Id::new(Kind::PORT, self.0 << 6 | index as u32),
            index,
            blocked: self.1.is_blocked(index),
            tags: [],
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PropertyRow<'a> {
    pub id: Id,
    pub kind: &'static str,
    pub project: Id,
    #[serde(rename = "box")]
    pub in_box: Option<Id>,
    pub client: Option<Shown<'a>>,
    pub drop: Option<Id>,
    pub address: String,
    pub coords: Option<[f64; 2]>,
    pub lat: Option<f64>,
    pub lng: Option<f64>,
    pub connections: Connections,
    pub history: History<'a>,
    pub cables: [Id; 0],
    pub tags: [Id; 0],
    pub created_at: Moment,
    pub updated_at: Moment,
}

/// Splitter, port from 0, and the drop between it and the home. Serialises as a list of one or none.
pub(super) struct Connections(pub Option<((u32, u8), u32)>);

#[derive(Serialize)]
pub(super) struct ConnectionRow {
    pub id: Id,
    pub kind: &'static str,
    pub port: u8,
    pub name: &'static str,
    pub implanted: bool,
    pub fiber: Id,
}

impl Serialize for Connections {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.map(|((splitter, port), drop)| ConnectionRow {
            id: Id::new(Kind::SPLITTER, splitter),
            kind: "Splitter",
            port: port + 1,
            name: "Splitter de atendimento",
            implanted: true,
            fiber: Id::new(Kind::DROP_FIBER, drop),
        }))
    }
}

pub(super) struct History<'a>(pub &'a PropertyData);

impl Serialize for History<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct PastRow<'a> {
            id: Id,
            code: &'a str,
            enter_date: Moment,
            exit_date: Moment,
        }
        #[derive(Serialize)]
        struct Clients<'a> {
            clients: Vec<PastRow<'a>>,
        }
        let past = self.0.past.iter().map(|past| PastRow {
            id: Id::new(Kind::CLIENT, past.client),
            code: &past.code,
            enter_date: past.entered,
            exit_date: past.left,
        });
        Clients { clients: past.collect() }.serialize(to)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientRow<'a> {
    pub id: Id,
    pub kind: &'static str,
    pub code: Option<&'a str>,
    pub name: Option<String>,
    pub implanted: bool,
    pub certified: bool,
    pub status: u8,
    pub onu: Onu,
    pub tags: [Id; 0],
    pub created_at: Moment,
    pub updated_at: Moment,
}

#[derive(Serialize)]
pub(super) struct Onu {
    #[serde(rename = "user_PPPoE")]
    pub user_pppoe: &'static str,
    pub serial_number: &'static str,
    pub mac_address: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PoleRow {
    pub id: Id,
    pub kind: &'static str,
    pub name: String,
    pub pole_type: Option<Id>,
    pub usable: bool,
    pub coords: Option<[f64; 2]>,
    pub lat: Option<f64>,
    pub lng: Option<f64>,
    pub adjacents: Vec<Id>,
    pub observation: &'static str,
    pub tags: [Id; 0],
    pub created_at: Moment,
    pub updated_at: Moment,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CableRow {
    pub id: Id,
    pub kind: &'static str,
    pub project: Id,
    pub cable_type: Id,
    pub box_a: Option<Id>,
    pub box_b: Option<Id>,
    pub poles: Vec<CablePole>,
    pub hierarchy_level: u8,
    pub name: String,
    pub fiber_number: u8,
    pub loose_number: u8,
    pub implanted: bool,
    pub length: u32,
    #[serde(rename = "ground_length")]
    pub ground_length: u32,
    #[serde(rename = "altitude_length")]
    pub altitude_length: u32,
    pub loss: f64,
    pub tags: [Id; 0],
    pub ducts: [Id; 0],
    pub created_at: Moment,
    pub updated_at: Moment,
}

#[derive(Serialize)]
pub(super) struct CablePole {
    pub id: Id,
    pub reserve: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FiberRow {
    pub id: Id,
    pub kind: &'static str,
    pub project: Id,
    pub parent: Option<Id>,
    pub connectors: Vec<Id>,
    pub fiber_number: u8,
    pub is_drop: bool,
    pub created_at: Moment,
    pub updated_at: Moment,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DocumentRow {
    pub id: Id,
    pub created_at: Moment,
    pub updated_at: Moment,
}
