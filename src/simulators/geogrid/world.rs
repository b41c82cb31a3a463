//! What the platform holds, kept small: names, addresses and everything else that can be computed from a row's number
//! is computed when it is shown. Every change to a port goes through [`World::hold`], so that it is told.

use super::Size;
use crate::server::{Occupied, PortChange};
use std::collections::HashMap;

/// A place, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub lat: f64,
    pub lng: f64,
}

impl Place {
    /// Great-circle distance in metres.
    pub fn metres_to(self, other: Place) -> f64 {
        let (a, b) = (self.lat.to_radians(), other.lat.to_radians());
        let (dlat, dlng) = (b - a, (other.lng - self.lng).to_radians());
        let h = (dlat / 2.0).sin().powi(2) + a.cos() * b.cos() * (dlng / 2.0).sin().powi(2);
        2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
    }
}

/// What a network item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Terminal,
    SpliceBox,
    Pole,
    /// A place held for a box to come: no reservation of a port.
    Future,
    AccessPoint,
}

impl Kind {
    /// As `item` has it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Terminal => "terminal",
            Kind::SpliceBox => "caixa",
            Kind::Pole => "poste",
            Kind::Future => "reserva",
            Kind::AccessPoint => "pontoAcesso",
        }
    }

    pub fn is_box(self) -> bool {
        matches!(self, Kind::Terminal | Kind::SpliceBox)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Item {
    pub kind: Kind,
    /// Counts within the kind; names are made of it.
    pub number: u32,
    pub place: Option<Place>,
    pub planned: bool,
    pub folder: usize,
    pub removed: bool,
    pub equipment: Vec<u32>,
}

/// What holds an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    Free,
    /// It feeds other equipment.
    Feeds,
    /// It is kept: for a customer, or for nobody by name.
    Reserved(Option<u32>),
    /// A customer is attended; `was_reserved`: it had been kept for him, and that row is still there.
    Attended {
        client: u32,
        was_reserved: bool,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Equipment {
    pub item: u32,
    pub attends: bool,
    pub outputs: Vec<Hold>,
    /// The number of its first output among all ports.
    pub first_port: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Client {
    pub name: Box<str>,
    pub code: Option<Box<str>>,
    pub document: Option<Box<str>>,
    /// What else was written to the record.
    pub more: serde_json::Map<String, serde_json::Value>,
}

/// Ids of different things do not meet: each kind counts from a number of its own.
const FIRST_ITEM: u32 = 10_001;
const FIRST_EQUIPMENT: u32 = 30_000_001;
const FIRST_PORT: u32 = 400_000_001;
const FIRST_INPUT: u32 = 900_000_001;
const FIRST_CLIENT: u32 = 5_000_001;

fn nth(id: &str, first: u32) -> Option<usize> {
    id.trim().parse::<u32>().ok()?.checked_sub(first).map(|n| n as usize)
}

pub(super) fn item_id(seq: u32) -> u32 {
    FIRST_ITEM + seq
}

pub(super) fn equipment_id(seq: u32) -> u32 {
    FIRST_EQUIPMENT + seq
}

pub(super) fn input_id(equipment: u32) -> u32 {
    FIRST_INPUT + equipment
}

pub(super) fn client_id(seq: u32) -> u32 {
    FIRST_CLIENT + seq
}

impl Equipment {
    pub fn port_id(&self, output: usize) -> u32 {
        FIRST_PORT + self.first_port + output as u32
    }
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub items: Vec<Item>,
    pub equipment: Vec<Equipment>,
    pub clients: Vec<Client>,
    /// Which equipment each port belongs to.
    ports: Vec<u32>,
    by_code: HashMap<Box<str>, u32>,
    /// What the call under way has changed on the ports; `None` while the city is built.
    pub changes: Option<Vec<PortChange>>,
}

impl World {
    pub fn add_item(&mut self, item: Item) -> u32 {
        self.items.push(item);
        self.items.len() as u32 - 1
    }

    pub fn add_equipment(&mut self, item: u32, attends: bool, outputs: usize) -> u32 {
        let (seq, first_port) = (self.equipment.len() as u32, self.ports.len() as u32);
        self.ports.extend(std::iter::repeat_n(seq, outputs));
        self.equipment.push(Equipment { item, attends, outputs: vec![Hold::Free; outputs], first_port });
        self.items[item as usize].equipment.push(seq);
        seq
    }

    /// `None`: the code is another customer's.
    pub fn add_client(&mut self, client: Client) -> Option<u32> {
        let seq = self.clients.len() as u32;
        if let Some(code) = &client.code {
            if self.by_code.contains_key(code) {
                return None;
            }
            self.by_code.insert(code.clone(), seq);
        }
        self.clients.push(client);
        Some(seq)
    }

    /// Gives a customer another code; `false`: it is another one's.
    pub fn recode(&mut self, seq: u32, code: Option<Box<str>>) -> bool {
        if code.as_ref().and_then(|code| self.by_code.get(code)).is_some_and(|owner| *owner != seq) {
            return false;
        }
        let Some(client) = self.clients.get_mut(seq as usize) else { return false };
        if let Some(before) = std::mem::replace(&mut client.code, code.clone()) {
            self.by_code.remove(&before);
        }
        if let Some(code) = code {
            self.by_code.insert(code, seq);
        }
        true
    }

    pub fn item_seq(&self, id: &str) -> Option<u32> {
        let seq = nth(id, FIRST_ITEM)?;
        self.items.get(seq).filter(|item| !item.removed).map(|_| seq as u32)
    }

    pub fn item(&self, id: &str) -> Option<&Item> {
        self.item_seq(id).map(|seq| &self.items[seq as usize])
    }

    pub fn equipment_seq(&self, id: &str) -> Option<u32> {
        let seq = nth(id, FIRST_EQUIPMENT)?;
        let item = self.equipment.get(seq)?.item;
        (!self.items[item as usize].removed).then_some(seq as u32)
    }

    /// The equipment and the output that a port's id means.
    pub fn port(&self, id: &str) -> Option<(u32, usize)> {
        let port = nth(id, FIRST_PORT)?;
        let seq = *self.ports.get(port)?;
        let equipment = &self.equipment[seq as usize];
        let there = !self.items[equipment.item as usize].removed;
        there.then_some((seq, port - equipment.first_port as usize))
    }

    pub fn client_seq(&self, id: &str) -> Option<u32> {
        nth(id, FIRST_CLIENT).filter(|seq| *seq < self.clients.len()).map(|seq| seq as u32)
    }

    pub fn client_with(&self, code: &str) -> Option<u32> {
        self.by_code.get(code).copied()
    }

    pub fn hold_of(&self, equipment: u32, output: usize) -> Option<Hold> {
        self.equipment.get(equipment as usize)?.outputs.get(output).copied()
    }

    /// Lets something hold an output, and tells who came and who went.
    pub fn hold(&mut self, equipment: u32, output: usize, hold: Hold) {
        let before = std::mem::replace(&mut self.equipment[equipment as usize].outputs[output], hold);
        for (hold, plugged) in [(before, false), (hold, true)] {
            let (Hold::Attended { client, .. }, Some(changes)) = (hold, self.changes.as_mut()) else { continue };
            let code = self.clients[client as usize].code.as_deref().map(str::to_owned);
            let splitter = equipment_id(equipment).to_string();
            changes.push(PortChange { splitter, port: output as u32 + 1, code, plugged });
        }
    }

    pub fn reserve(&mut self, splitter: &str, port: u32, code: Option<&str>) -> Option<()> {
        let (equipment, output) = (self.equipment_seq(splitter)?, port.checked_sub(1)? as usize);
        let client = code.map(|code| self.client_with(code)).map_or(Some(None), |found| found.map(Some))?;
        (self.hold_of(equipment, output)? == Hold::Free).then(|| self.hold(equipment, output, Hold::Reserved(client)))
    }

    pub fn remove_item(&mut self, id: &str) -> Option<()> {
        let seq = self.item_seq(id)? as usize;
        self.items[seq].removed = true;
        Some(())
    }

    fn built(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| !item.removed && !item.planned)
    }

    pub fn size(&self) -> Size {
        let count = |is: fn(&Item) -> bool| self.built().filter(|item| is(item)).count();
        let equipment = self.built().filter(|item| item.kind.is_box()).flat_map(|item| &item.equipment);
        let attending = equipment.map(|seq| &self.equipment[*seq as usize]).filter(|equipment| equipment.attends);
        let holds: Vec<Hold> = attending.flat_map(|equipment| equipment.outputs.iter().copied()).collect();
        let held = |is: fn(&Hold) -> bool| holds.iter().filter(|hold| is(hold)).count();
        Size {
            boxes: count(|item| item.kind.is_box()),
            planned: self.items.iter().filter(|item| !item.removed && item.planned && item.kind.is_box()).count(),
            poles: count(|item| item.kind == Kind::Pole),
            attendance_ports: holds.len(),
            customers: self.clients.len(),
            reserved: held(|hold| matches!(hold, Hold::Reserved(Some(_)))),
            reserved_for_nobody: held(|hold| matches!(hold, Hold::Reserved(None))),
            access_points: count(|item| item.kind == Kind::AccessPoint),
        }
    }

    /// Who is attended at an output. Who has it kept for him is not attended there.
    pub fn occupied(&self, equipment: u32, output: usize) -> Option<Occupied> {
        let Hold::Attended { client, .. } = self.hold_of(equipment, output)? else { return None };
        Some(Occupied {
            splitter: equipment_id(equipment).to_string(),
            port: output as u32 + 1,
            code: self.clients[client as usize].code.as_deref().map(str::to_owned),
            property: client_id(client).to_string(),
        })
    }
}
