//! Homes, the people in them, and the drops that connect them: the moves from which every write is made. They check
//! nothing; whoever calls them has.

use super::id::{Id, Kind, Moment};
use super::table::{put_in, take_out};
use super::world::{DropData, Past, Plug, PropertyData, World};
use crate::server::PortChange;

impl World {
    /// A new home, in no box yet. Its client, if it has one, lives there from now on.
    pub fn add_home(&mut self, data: PropertyData, at: Moment) -> u32 {
        let (project, client) = (data.project, data.client);
        let seq = self.properties.push(data, at);
        self.by_project.put((Kind::PROPERTY, project), seq);
        if let Some(row) = client.and_then(|client| self.clients.row_mut(client)) {
            row.data.property = Some(seq);
        }
        seq
    }

    /// Writes a home down as one of this box's.
    pub fn move_in(&mut self, property: u32, in_box: u32) {
        if let Some(row) = self.properties.row_mut(property) {
            row.data.in_box = Some(in_box);
        }
        if let Some(row) = self.boxes.row_mut(in_box) {
            put_in(&mut row.data.properties, property);
        }
    }

    /// Takes a home out of its box, with its drop.
    pub fn leave_box(&mut self, property: u32) {
        self.take_drop(property);
        let Some(data) = self.properties.touch(property) else { return };
        let Some(in_box) = data.in_box.take() else { return };
        if let Some(row) = self.boxes.row_mut(in_box) {
            take_out(&mut row.data.properties, property);
        }
    }

    /// Lays a drop from a box to a home that has none.
    pub fn lay_drop(&mut self, property: u32, in_box: u32, at: Moment) -> u32 {
        let seq = self.drops.push(DropData { property, in_box, plugged: None }, at);
        if let Some(row) = self.properties.row_mut(property) {
            row.data.drop = Some(seq);
            let project = row.data.project;
            self.by_project.put((Kind::DROP, project), seq);
        }
        seq
    }

    /// Plugs a drop's fiber into a free output.
    pub fn plug(&mut self, drop: u32, splitter: u32, output: u8) {
        if let Some(row) = self.drops.row_mut(drop) {
            row.data.plugged = Some((splitter, output));
        }
        if let Some(row) = self.splitters.row_mut(splitter) {
            row.data.outputs[usize::from(output)] = Plug::Drop(drop);
        }
        self.note_change(drop, (splitter, output), true);
    }

    /// Pulls a drop's fiber out of its splitter; the drop stays.
    pub fn unplug(&mut self, drop: u32) {
        let Some(data) = self.drops.touch(drop) else { return };
        let property = data.property;
        let Some((splitter, output)) = data.plugged.take() else { return };
        self.note_change(drop, (splitter, output), false);
        if let Some(data) = self.splitters.touch(splitter) {
            data.outputs[usize::from(output)] = Plug::Free;
        }
        self.properties.touch(property);
    }

    fn note_change(&mut self, drop: u32, (splitter, output): (u32, u8), plugged: bool) {
        let home = self.drops.get(drop).and_then(|data| self.properties.get(data.property));
        let client = home.and_then(|home| home.client).and_then(|client| self.clients.get(client));
        let code = client.and_then(|client| client.code.as_deref()).map(str::to_owned);
        if let Some(changes) = &mut self.changes {
            let splitter = Id::new(Kind::SPLITTER, splitter).to_string();
            changes.push(PortChange { splitter, port: u32::from(output) + 1, code, plugged });
        }
    }

    /// Takes a home's drop away, freeing its port.
    pub fn take_drop(&mut self, property: u32) {
        let Some(drop) = self.properties.get(property).and_then(|data| data.drop) else { return };
        self.unplug(drop);
        self.drops.remove(drop);
        if let Some(data) = self.properties.touch(property) {
            data.drop = None;
            let project = data.project;
            self.by_project.take(&(Kind::DROP, project), drop);
        }
    }

    /// Lets a client live in a home; whoever lived there moves out, and he leaves where he lived.
    pub fn settle(&mut self, client: u32, property: u32) {
        self.move_out(property);
        if let Some(former) = self.clients.get(client).and_then(|data| data.property) {
            self.move_out(former);
        }
        if let Some(data) = self.clients.touch(client) {
            data.property = Some(property);
        }
        if let Some(data) = self.properties.touch(property) {
            data.client = Some(client);
        }
    }

    /// Leaves a home without a client; home and port stay, and so does the client, homeless.
    pub fn move_out(&mut self, property: u32) {
        let Some(data) = self.properties.touch(property) else { return };
        let Some(client) = data.client.take() else { return };
        let Some(row) = self.clients.row_mut(client) else { return };
        let code = row.data.code.clone().unwrap_or_default();
        row.data.property = None;
        let past = Past { client, code, entered: row.created, left: Moment::now() };
        if let Some(row) = self.properties.row_mut(property) {
            row.data.past.push(past);
        }
    }

    /// Removes a client from everywhere; his home keeps its port.
    pub fn remove_client(&mut self, client: u32) {
        if let Some(property) = self.clients.get(client).and_then(|data| data.property) {
            self.move_out(property);
        }
        self.recode(client, None);
        self.clients.remove(client);
    }

    /// Removes a home with its drop and its client.
    pub fn remove_home(&mut self, property: u32) {
        let Some(data) = self.properties.get(property) else { return };
        let (client, project) = (data.client, data.project);
        self.leave_box(property);
        if let Some(client) = client {
            self.remove_client(client);
        }
        self.properties.remove(property);
        self.by_project.take(&(Kind::PROPERTY, project), property);
    }

    /// Removes a splitter; the homes on it keep their drops.
    pub fn remove_splitter(&mut self, splitter: u32) {
        let Some(data) = self.splitters.get(splitter) else { return };
        let (parent, project) = (data.parent, data.project);
        let plugs = data.outputs.clone();
        for plug in &plugs {
            if let Plug::Drop(drop) = plug {
                self.unplug(*drop);
            }
        }
        self.splitters.remove(splitter);
        self.by_project.take(&(Kind::SPLITTER, project), splitter);
        if let Some(row) = self.boxes.row_mut(parent) {
            take_out(&mut row.data.splitters, splitter);
        }
    }

    /// Removes a cable between boxes.
    pub fn remove_cable(&mut self, cable: u32) {
        let Some(data) = self.cables.remove(cable) else { return };
        self.by_project.take(&(Kind::CABLE, data.project), cable);
        for end in data.ends.into_iter().flatten() {
            if let Some(row) = self.boxes.row_mut(end) {
                take_out(&mut row.data.cables, cable);
            }
        }
    }

    /// Removes a box with its splitters and cables; the homes on it are left without one.
    pub fn remove_box(&mut self, seq: u32) {
        let Some(data) = self.boxes.get(seq).cloned() else { return };
        data.properties.iter().for_each(|property| self.leave_box(*property));
        data.splitters.iter().for_each(|splitter| self.remove_splitter(*splitter));
        data.cables.iter().for_each(|cable| self.remove_cable(*cable));
        if let Some(place) = data.place {
            self.by_cell.take(&place.cell(), seq);
        }
        self.by_project.take(&(Kind::BOX, data.project), seq);
        self.boxes.remove(seq);
    }
}
