//! Rows as they are shown. They are made while they are written out and borrow from the world.

use super::id::{Id, Kind};
use super::resources::{BOX_TYPE, CABLE_TYPE, POLE_TYPE, PROJECT, SPLITTER_TYPE};
use super::shapes::{
    AnyRow, BoxRow, CablePole, CableRow, ClientRow, Connectables, Connections, DocumentRow, FiberRow, History, Ids,
    Onu, Outputs, PoleRow, Ports, PropertyRow, Ratio, Shown, SplitterRow,
};
use super::table::Row;
use super::world::{BoxData, CableData, ClientData, DropData, Place, PoleData, PropertyData, SplitterData, World};
use crate::people;
use serde_json::Value;

fn coords(place: Option<Place>) -> Option<[f64; 2]> {
    place.map(|place| [place.lng, place.lat])
}

fn project(seq: u32) -> Id {
    Id::new(PROJECT, seq)
}

fn some(kind: Kind, seq: Option<u32>) -> Option<Id> {
    seq.map(|seq| Id::new(kind, seq))
}

/// The name of a box that was not given another: CE where every tenth box is a splice box, else CTO.
fn box_name(seq: u32, data: &BoxData) -> String {
    let prefix = if data.box_type == Some(super::city::SPLICE_BOX) { "CE" } else { "CTO" };
    format!("{prefix}-{:06}", seq + 1)
}

impl World {
    /// A row, ready to be written out.
    pub fn show(&self, id: Id) -> Option<Shown<'_>> {
        let seq = id.seq;
        match id.kind {
            Kind::BOX => self.boxes.row(seq).map(|row| shown(row, AnyRow::Box(box_row(id, row)))),
            Kind::SPLITTER => self.splitters.row(seq).map(|row| shown(row, AnyRow::Splitter(splitter_row(id, row)))),
            Kind::PROPERTY => {
                self.properties.row(seq).map(|row| shown(row, AnyRow::Property(Box::new(self.property_row(id, row)))))
            }
            Kind::CLIENT => self.clients.row(seq).map(|row| shown(row, AnyRow::Client(client_row(id, row)))),
            Kind::POLE => self.poles.row(seq).map(|row| shown(row, AnyRow::Pole(self.pole_row(id, row)))),
            Kind::CABLE => self.cables.row(seq).map(|row| shown(row, AnyRow::Cable(self.cable_row(id, row)))),
            Kind::DROP => self.drops.row(seq).map(|row| shown(row, AnyRow::Cable(self.drop_row(id, row)))),
            Kind::DROP_FIBER => {
                let row = self.drops.row(seq)?;
                Some(Shown { row: AnyRow::Fiber(self.drop_fiber(id, row)), extra: None })
            }
            Kind::TRUNK_FIBER => {
                let row = self.splitters.row(seq)?;
                Some(Shown { row: AnyRow::Fiber(self.trunk_fiber(id, row)), extra: None })
            }
            other => {
                let row = self.document(other, seq)?;
                let (created_at, updated_at) = (row.created, row.updated);
                Some(shown(row, AnyRow::Document(DocumentRow { id, created_at, updated_at })))
            }
        }
    }

    /// A row as a value, for filters and selections.
    pub fn value(&self, id: Id) -> Option<Value> {
        serde_json::to_value(self.show(id)?).ok()
    }

    fn property_row<'a>(&'a self, id: Id, row: &'a Row<PropertyData>) -> PropertyRow<'a> {
        let data = &row.data;
        PropertyRow {
            id,
            kind: "Property",
            project: project(data.project),
            in_box: some(Kind::BOX, data.in_box),
            client: data.client.and_then(|client| self.show(Id::new(Kind::CLIENT, client))),
            drop: some(Kind::DROP, data.drop),
            address: super::city::home_address(id.seq, data.in_box),
            coords: coords(data.place),
            lat: data.place.map(|place| place.lat),
            lng: data.place.map(|place| place.lng),
            connections: Connections(self.port_of(data).zip(data.drop)),
            history: History(data),
            cables: [],
            tags: [],
            created_at: row.created,
            updated_at: row.updated,
        }
    }

    fn pole_row(&self, id: Id, row: &Row<PoleData>) -> PoleRow {
        let data = &row.data;
        let neighbours = [id.seq.checked_sub(1), id.seq.checked_add(1)];
        let adjacents = neighbours.into_iter().flatten().filter(|seq| self.poles.get(*seq).is_some());
        PoleRow {
            id,
            kind: "Pole",
            name: format!("P-{:06}", id.seq + 1),
            pole_type: some(POLE_TYPE, data.pole_type),
            usable: true,
            coords: coords(data.place),
            lat: data.place.map(|place| place.lat),
            lng: data.place.map(|place| place.lng),
            adjacents: adjacents.map(|seq| Id::new(Kind::POLE, seq)).collect(),
            observation: "",
            tags: [],
            created_at: row.created,
            updated_at: row.updated,
        }
    }

    fn cable_row(&self, id: Id, row: &Row<CableData>) -> CableRow {
        let data = &row.data;
        let poles = data.ends.iter().flatten().filter_map(|end| self.boxes.get(*end)?.pole);
        CableRow {
            id,
            kind: "Cable",
            project: project(data.project),
            cable_type: Id::new(CABLE_TYPE, 0),
            box_a: some(Kind::BOX, data.ends[0]),
            box_b: some(Kind::BOX, data.ends[1]),
            poles: poles.map(|pole| CablePole { id: Id::new(Kind::POLE, pole), reserve: 0 }).collect(),
            hierarchy_level: 2,
            name: format!("Cabo {}", id.seq + 1),
            fiber_number: data.fibers,
            loose_number: data.fibers.div_ceil(12),
            implanted: true,
            length: data.metres,
            ground_length: data.metres,
            altitude_length: 0,
            loss: 0.35,
            tags: [],
            ducts: [],
            created_at: row.created,
            updated_at: row.updated,
        }
    }

    fn drop_row(&self, id: Id, row: &Row<DropData>) -> CableRow {
        let drop = &row.data;
        let home = self.properties.get(drop.property);
        let from = self.boxes.get(drop.in_box).and_then(|data| data.place);
        let to = home.and_then(|home| home.place);
        let metres = from.zip(to).map_or(0, |(from, to)| from.metres_to(to) as u32);
        let cable = CableData { project: home.map_or(0, |home| home.project), ends: [None; 2], fibers: 1, metres };
        let as_cable = Row { data: cable, created: row.created, updated: row.updated, extra: None };
        CableRow {
            kind: "Drop",
            cable_type: Id::new(CABLE_TYPE, 1),
            box_a: Some(Id::new(Kind::BOX, drop.in_box)),
            box_b: Some(Id::new(Kind::PROPERTY, drop.property)),
            name: format!("Drop {}", id.seq + 1),
            ..self.cable_row(id, &as_cable)
        }
    }

    fn drop_fiber(&self, id: Id, row: &Row<DropData>) -> FiberRow {
        let home = self.properties.get(row.data.property);
        FiberRow {
            id,
            kind: "Fiber",
            project: project(home.map_or(0, |home| home.project)),
            parent: Some(Id::new(Kind::DROP, id.seq)),
            connectors: row.data.plugged.iter().map(|(splitter, _)| Id::new(Kind::SPLITTER, *splitter)).collect(),
            fiber_number: 1,
            is_drop: true,
            created_at: row.created,
            updated_at: row.updated,
        }
    }

    fn trunk_fiber(&self, id: Id, row: &Row<SplitterData>) -> FiberRow {
        let cables = self.boxes.get(row.data.parent).map(|data| data.cables.as_slice()).unwrap_or_default();
        FiberRow {
            id,
            kind: "Fiber",
            project: project(row.data.project),
            parent: cables.first().map(|cable| Id::new(Kind::CABLE, *cable)),
            connectors: vec![Id::new(Kind::SPLITTER, id.seq)],
            fiber_number: 1,
            is_drop: false,
            created_at: row.created,
            updated_at: row.updated,
        }
    }
}

fn shown<'a, T>(row: &'a Row<T>, as_shown: AnyRow<'a>) -> Shown<'a> {
    Shown { row: as_shown, extra: row.extra.as_deref() }
}

fn box_row<'a>(id: Id, row: &'a Row<BoxData>) -> BoxRow<'a> {
    let data = &row.data;
    BoxRow {
        id,
        kind: "Box",
        name: box_name(id.seq, data),
        project: project(data.project),
        box_type: some(BOX_TYPE, data.box_type),
        hierarchy_level: if data.box_type == Some(super::city::SPLICE_BOX) { 1 } else { 2 },
        implanted: data.implanted,
        draft: data.draft,
        certified: data.certified,
        shared: false,
        default_reserve: 0,
        pole: some(Kind::POLE, data.pole),
        coords: coords(data.place),
        lat: data.place.map(|place| place.lat),
        lng: data.place.map(|place| place.lng),
        address: super::city::address(id.seq),
        cables: Ids(Kind::CABLE, &data.cables),
        tags: [],
        underground: false,
        created_at: row.created,
        updated_at: row.updated,
    }
}

fn splitter_row<'a>(id: Id, row: &'a Row<SplitterData>) -> SplitterRow<'a> {
    let data = &row.data;
    SplitterRow {
        id,
        kind: "Splitter",
        parent: Id::new(Kind::BOX, data.parent),
        project: project(data.project),
        name: if data.is_drop { "Splitter de atendimento" } else { "Splitter de distribuição" },
        label: if data.is_drop { "A" } else { "D" },
        splitter_type: some(SPLITTER_TYPE, data.splitter_type),
        is_drop: data.is_drop,
        implanted: data.implanted,
        is_balanced: true,
        ratio: Ratio { input: 1, output: data.outputs.len() },
        connectables: Connectables { input: [Id::new(Kind::TRUNK_FIBER, id.seq)], output: Outputs(&data.outputs) },
        ports: Ports(id.seq, data),
        orientation: "right",
        tags: [],
        created_at: row.created,
        updated_at: row.updated,
    }
}

fn client_row<'a>(id: Id, row: &'a Row<ClientData>) -> ClientRow<'a> {
    ClientRow {
        id,
        kind: "FTTHClient",
        code: row.data.code.as_deref(),
        name: row.data.person.map(|person| people::name(u64::from(person))),
        implanted: row.data.implanted,
        certified: false,
        status: 0,
        onu: Onu { user_pppoe: "", serial_number: "", mac_address: "" },
        tags: [],
        created_at: row.created,
        updated_at: row.updated,
    }
}
