//! What the platform holds, kept small: names, addresses and everything else that can be computed from a row's number
//! is computed when it is shown. Every change to a row goes through here or through `homes`, so that the indexes are
//! right.

use super::id::{Id, Kind, Moment};
use super::resources::{self, DOCUMENTS, PROJECT};
use super::table::{Index, Object, Row, Table};
use crate::server::PortChange;
use serde_json::Value;

/// A place, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub lng: f64,
    pub lat: f64,
}

impl Place {
    /// Great-circle distance in metres.
    pub fn metres_to(self, other: Place) -> f64 {
        let (a, b) = (self.lat.to_radians(), other.lat.to_radians());
        let (dlat, dlng) = (b - a, (other.lng - self.lng).to_radians());
        let h = (dlat / 2.0).sin().powi(2) + a.cos() * b.cos() * (dlng / 2.0).sin().powi(2);
        2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
    }

    /// The square of about 500 m in which a place lies.
    pub fn cell(self) -> (i32, i32) {
        ((self.lat / CELL).floor() as i32, (self.lng / CELL).floor() as i32)
    }
}

/// The side of a square of the grid, in degrees.
pub(super) const CELL: f64 = 0.005;

#[derive(Clone, Debug, Default)]
pub(super) struct BoxData {
    pub project: u32,
    pub box_type: Option<u32>,
    pub place: Option<Place>,
    pub pole: Option<u32>,
    pub implanted: bool,
    pub draft: bool,
    pub certified: bool,
    pub splitters: Vec<u32>,
    pub properties: Vec<u32>,
    pub cables: Vec<u32>,
}

/// What is plugged into an output of a splitter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Plug {
    #[default]
    Free,
    /// The fiber of a drop.
    Drop(u32),
    /// The fiber that feeds another splitter.
    Trunk(u32),
}

#[derive(Clone, Debug)]
pub(super) struct SplitterData {
    pub parent: u32,
    pub project: u32,
    pub splitter_type: Option<u32>,
    pub is_drop: bool,
    pub implanted: bool,
    pub outputs: Box<[Plug]>,
    /// A bit for each output that was blocked by hand.
    pub blocked: u64,
}

/// The most outputs that a splitter may have: as many as `blocked` has bits.
pub(super) const MOST_OUTPUTS: usize = 64;

impl SplitterData {
    pub fn is_blocked(&self, output: usize) -> bool {
        self.blocked >> output & 1 == 1
    }

    /// The first output that takes a customer.
    pub fn first_free(&self) -> Option<usize> {
        (0..self.outputs.len()).find(|at| self.outputs[*at] == Plug::Free && !self.is_blocked(*at))
    }
}

/// Somebody who lived in a home.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub client: u32,
    pub code: Box<str>,
    pub entered: Moment,
    pub left: Moment,
}

#[derive(Clone, Debug, Default)]
pub(super) struct PropertyData {
    pub project: u32,
    pub in_box: Option<u32>,
    pub client: Option<u32>,
    pub drop: Option<u32>,
    pub place: Option<Place>,
    pub past: Vec<Past>,
}

#[derive(Clone, Debug)]
pub(super) struct ClientData {
    pub code: Option<Box<str>>,
    /// The made-up person; `None` where the name was posted.
    pub person: Option<u32>,
    pub implanted: bool,
    pub property: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct PoleData {
    pub place: Option<Place>,
    pub pole_type: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct CableData {
    pub project: u32,
    pub ends: [Option<u32>; 2],
    pub fibers: u8,
    pub metres: u32,
}

/// The cable between a box and a home; its fiber may be plugged into a splitter.
#[derive(Clone, Debug)]
pub(super) struct DropData {
    pub property: u32,
    pub in_box: u32,
    pub plugged: Option<(u32, u8)>,
}

/// Everything.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub boxes: Table<BoxData>,
    pub splitters: Table<SplitterData>,
    pub properties: Table<PropertyData>,
    pub clients: Table<ClientData>,
    pub poles: Table<PoleData>,
    pub cables: Table<CableData>,
    pub drops: Table<DropData>,
    pub documents: Vec<Table<()>>,
    /// Rows of a kind in a project.
    pub by_project: Index<(Kind, u32)>,
    pub by_code: Index<Box<str>>,
    /// Boxes in a square of the grid.
    pub by_cell: Index<(i32, i32)>,
    /// What the call under way has changed on the ports; `None` while the city is built.
    pub changes: Option<Vec<PortChange>>,
}

impl World {
    pub fn empty() -> World {
        World {
            boxes: Table::default(),
            splitters: Table::default(),
            properties: Table::default(),
            clients: Table::default(),
            poles: Table::default(),
            cables: Table::default(),
            drops: Table::default(),
            documents: DOCUMENTS.iter().map(|_| Table::default()).collect(),
            by_project: Index::default(),
            by_code: Index::default(),
            by_cell: Index::default(),
            changes: None,
        }
    }

    pub fn add_document(&mut self, kind: Kind, fields: Object, at: Moment) -> Option<Id> {
        let table = self.documents.get_mut(resources::document(kind)?)?;
        let seq = table.push((), at);
        table.row_mut(seq)?.extra = Some(Box::new(fields));
        Some(Id::new(kind, seq))
    }

    pub fn document(&self, kind: Kind, seq: u32) -> Option<&Row<()>> {
        self.documents.get(resources::document(kind)?)?.row(seq)
    }

    pub fn add_box(&mut self, data: BoxData, at: Moment) -> u32 {
        let (project, place) = (data.project, data.place);
        let seq = self.boxes.push(data, at);
        self.by_project.put((Kind::BOX, project), seq);
        if let Some(place) = place {
            self.by_cell.put(place.cell(), seq);
        }
        seq
    }

    /// Puts a box somewhere else.
    pub fn place_box(&mut self, seq: u32, place: Option<Place>) {
        let Some(data) = self.boxes.touch(seq) else { return };
        let before = std::mem::replace(&mut data.place, place);
        if let Some(before) = before {
            self.by_cell.take(&before.cell(), seq);
        }
        if let Some(place) = place {
            self.by_cell.put(place.cell(), seq);
        }
    }

    pub fn add_splitter(&mut self, data: SplitterData, at: Moment) -> u32 {
        let (parent, project) = (data.parent, data.project);
        let seq = self.splitters.push(data, at);
        self.by_project.put((Kind::SPLITTER, project), seq);
        if let Some(row) = self.boxes.row_mut(parent) {
            super::table::put_in(&mut row.data.splitters, seq);
        }
        seq
    }

    pub fn add_cable(&mut self, data: CableData, at: Moment) -> u32 {
        let (project, ends) = (data.project, data.ends);
        let seq = self.cables.push(data, at);
        self.by_project.put((Kind::CABLE, project), seq);
        for end in ends.into_iter().flatten() {
            if let Some(row) = self.boxes.row_mut(end) {
                super::table::put_in(&mut row.data.cables, seq);
            }
        }
        seq
    }

    pub fn add_client(&mut self, data: ClientData, at: Moment) -> u32 {
        let code = data.code.clone();
        let seq = self.clients.push(data, at);
        if let Some(code) = code {
            self.by_code.put(code, seq);
        }
        seq
    }

    /// Gives a client another code.
    pub fn recode(&mut self, seq: u32, code: Option<&str>) {
        let Some(data) = self.clients.touch(seq) else { return };
        let before = std::mem::replace(&mut data.code, code.map(Box::from));
        if let Some(before) = before {
            self.by_code.take(&*before, seq);
        }
        if let Some(code) = code {
            self.by_code.put(Box::from(code), seq);
        }
    }

    /// The numbers of all rows of a kind, ascending.
    pub fn live(&self, kind: Kind) -> &[u32] {
        match kind {
            Kind::BOX => self.boxes.live(),
            Kind::PROPERTY => self.properties.live(),
            Kind::POLE => self.poles.live(),
            Kind::SPLITTER | Kind::TRUNK_FIBER => self.splitters.live(),
            Kind::CLIENT => self.clients.live(),
            Kind::CABLE => self.cables.live(),
            Kind::DROP | Kind::DROP_FIBER => self.drops.live(),
            other => resources::document(other).map_or(&[], |at| self.documents[at].live()),
        }
    }

    pub fn exists(&self, id: Id) -> bool {
        self.live(id.kind).binary_search(&id.seq).is_ok()
    }

    /// What was written to a row beside what the simulator understands; also marks it as updated.
    pub fn extra_mut(&mut self, id: Id) -> Option<&mut Object> {
        fn of<T>(table: &mut Table<T>, seq: u32) -> Option<&mut Object> {
            let row = table.row_mut(seq)?;
            row.updated = Moment::now();
            Some(row.extra.get_or_insert_default())
        }
        match id.kind {
            Kind::BOX => of(&mut self.boxes, id.seq),
            Kind::PROPERTY => of(&mut self.properties, id.seq),
            Kind::POLE => of(&mut self.poles, id.seq),
            Kind::SPLITTER => of(&mut self.splitters, id.seq),
            Kind::CLIENT => of(&mut self.clients, id.seq),
            Kind::CABLE => of(&mut self.cables, id.seq),
            Kind::DROP => of(&mut self.drops, id.seq),
            other => of(self.documents.get_mut(resources::document(other)?)?, id.seq),
        }
    }

    /// When a row was last changed.
    pub fn updated(&self, id: Id) -> Option<Moment> {
        match id.kind {
            Kind::BOX => self.boxes.row(id.seq).map(|row| row.updated),
            Kind::PROPERTY => self.properties.row(id.seq).map(|row| row.updated),
            Kind::POLE => self.poles.row(id.seq).map(|row| row.updated),
            Kind::SPLITTER | Kind::TRUNK_FIBER => self.splitters.row(id.seq).map(|row| row.updated),
            Kind::CLIENT => self.clients.row(id.seq).map(|row| row.updated),
            Kind::CABLE => self.cables.row(id.seq).map(|row| row.updated),
            Kind::DROP | Kind::DROP_FIBER => self.drops.row(id.seq).map(|row| row.updated),
            other => self.document(other, id.seq).map(|row| row.updated),
        }
    }

    /// The project that a field names, if there is one.
    pub fn project_of(&self, field: Option<&Value>) -> Option<u32> {
        let seq = Id::parse_as(field?.as_str()?, PROJECT)?;
        self.document(PROJECT, seq).map(|_| seq)
    }

    /// The clients that have this code.
    pub fn clients_with(&self, code: &str) -> &[u32] {
        self.by_code.get(code)
    }

    /// Where a home's drop is plugged in.
    pub fn port_of(&self, property: &PropertyData) -> Option<(u32, u8)> {
        self.drops.get(property.drop?)?.plugged
    }
}
