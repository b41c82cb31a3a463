//! Everything but homes over HTTP: creating, changing and removing rows.

use super::filter;
use super::id::{Id, Kind, Moment};
use super::list;
use super::refusal::Refused;
use super::resources::{BOX_TYPE, POLE_TYPE, PROJECT, SPLITTER_TYPE};
use super::table::Object;
use super::world::{BoxData, CableData, MOST_OUTPUTS, Place, Plug, PoleData, SplitterData, World};
use serde_json::Value;

/// What nobody can write.
const NOT_WRITABLE: [&str; 10] =
    ["id", "_id", "kind", "createdAt", "updatedAt", "connections", "connectables", "history", "lat", "lng"];

/// A field that must be true or false where it is given.
pub(super) fn flag(fields: &mut Object, name: &str) -> Result<Option<bool>, Refused> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(value)),
        Some(_) => Err(Refused::input(format!("{name} must be true or false"))),
    }
}

/// The row that a field names.
pub(super) fn named(world: &World, field: &Value, kind: Kind, name: &str) -> Result<u32, Refused> {
    let seq = field.as_str().and_then(|text| Id::parse_as(text, kind));
    let seq = seq.filter(|seq| world.exists(Id::new(kind, *seq)));
    seq.ok_or_else(|| Refused::input(format!("{name} não existe")))
}

fn optional(world: &World, fields: &mut Object, kind: Kind, name: &str) -> Result<Option<u32>, Refused> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(field) => named(world, &field, kind, name).map(Some),
    }
}

fn required(world: &World, fields: &mut Object, kind: Kind, name: &str) -> Result<u32, Refused> {
    optional(world, fields, kind, name)?.ok_or_else(|| Refused::input(format!("{name} é obrigatório")))
}

/// The place among the fields: `coords`, or `lat` and `lng`. `Some(None)`: it is taken off the map.
pub(super) fn take_place(fields: &mut Object) -> Result<Option<Option<Place>>, Refused> {
    let (coords, lat, lng) = (fields.remove("coords"), fields.remove("lat"), fields.remove("lng"));
    let written = match (coords, lat, lng) {
        (Some(Value::Null), None, None) => return Ok(Some(None)),
        (Some(coords), ..) if !coords.is_null() => coords,
        (_, Some(lat), Some(lng)) => serde_json::json!({ "lat": lat, "lng": lng }),
        _ => return Ok(None),
    };
    let on_earth = |place: &Place| place.lat.abs() <= 90.0 && place.lng.abs() <= 180.0;
    let place = filter::point(&written).filter(on_earth);
    place.map(|place| Some(Some(place))).ok_or_else(|| Refused::input("coords must be [lng, lat]"))
}

impl World {
    /// Keeps what the simulator does not understand as it was written.
    pub fn keep_extra(&mut self, id: Id, mut fields: Object) {
        fields.retain(|name, _| !NOT_WRITABLE.contains(&name.as_str()));
        if fields.is_empty() {
            return;
        }
        if let Some(extra) = self.extra_mut(id) {
            extra.extend(fields);
        }
    }

    /// `POST`: answers the new row.
    pub fn create(&mut self, kind: Kind, mut fields: Object) -> Result<Value, Refused> {
        let id = match kind {
            Kind::PROPERTY => return self.create_home(fields),
            Kind::CLIENT => Id::new(kind, self.create_client(std::mem::take(&mut fields))?),
            Kind::BOX => Id::new(kind, self.create_box(&mut fields)?),
            Kind::SPLITTER => Id::new(kind, self.create_splitter(&mut fields)?),
            Kind::POLE => Id::new(kind, self.create_pole(&mut fields)?),
            Kind::CABLE => self.create_cable(&mut fields)?,
            document => {
                fields.retain(|name, _| !NOT_WRITABLE[..5].contains(&name.as_str()));
                let id = self.add_document(document, fields, Moment::now()).ok_or_else(Refused::missing)?;
                return self.value(id).ok_or_else(Refused::missing);
            }
        };
        self.keep_extra(id, fields);
        self.value(id).ok_or_else(Refused::missing)
    }

    fn create_box(&mut self, fields: &mut Object) -> Result<u32, Refused> {
        let data = BoxData {
            project: required(self, fields, PROJECT, "project")?,
            box_type: optional(self, fields, BOX_TYPE, "boxType")?,
            place: take_place(fields)?.flatten(),
            pole: optional(self, fields, Kind::POLE, "pole")?,
            implanted: flag(fields, "implanted")?.unwrap_or(true),
            draft: flag(fields, "draft")?.unwrap_or(false),
            certified: flag(fields, "certified")?.unwrap_or(false),
            ..BoxData::default()
        };
        Ok(self.add_box(data, Moment::now()))
    }

    fn create_splitter(&mut self, fields: &mut Object) -> Result<u32, Refused> {
        let parent = required(self, fields, Kind::BOX, "parent")?;
        let splitter_type = optional(self, fields, SPLITTER_TYPE, "splitterType")?;
        let of_type = splitter_type.and_then(|seq| self.document(SPLITTER_TYPE, seq)?.extra.clone());
        let of_type = |name: &str| of_type.as_ref().and_then(|of_type| of_type.get(name));
        let ratio = fields.remove("ratio");
        let outputs = ratio.as_ref().or(of_type("ratio")).and_then(|ratio| ratio.get("output")?.as_u64());
        let outputs = outputs.unwrap_or(8) as usize;
        if !(2..=MOST_OUTPUTS).contains(&outputs) {
            return Err(Refused::input("ratio.output must be between 2 and 64"));
        }
        let is_drop = flag(fields, "isDrop")?.or(of_type("isDrop").and_then(Value::as_bool)).unwrap_or(false);
        let data = SplitterData {
            parent,
            project: self.boxes.get(parent).map_or(0, |data| data.project),
            splitter_type,
            is_drop,
            implanted: flag(fields, "implanted")?.unwrap_or(true),
            blocked: blocked(fields, 0),
            outputs: vec![Plug::Free; outputs].into_boxed_slice(),
        };
        fields.remove("project");
        Ok(self.add_splitter(data, Moment::now()))
    }

    fn create_pole(&mut self, fields: &mut Object) -> Result<u32, Refused> {
        self.name_of_pole_is_free(fields)?;
        let pole_type = optional(self, fields, POLE_TYPE, "poleType")?;
        let place = take_place(fields)?.ok_or_else(|| Refused::input("Should provide coords or lat / lng"))?;
        Ok(self.poles.push(PoleData { place, pole_type }, Moment::now()))
    }

    /// Names of poles are unique in the whole instance.
    fn name_of_pole_is_free(&self, fields: &Object) -> Result<(), Refused> {
        let Some(name) = fields.get("name") else { return Ok(()) };
        let wanted = serde_json::json!([{ "property": "name", "operator": "=", "value": name }]);
        match list::matching(self, &[Kind::POLE], &filter::parse(&wanted)?).is_empty() {
            true => Ok(()),
            false => Err(Refused::input("Já existe um poste com esse nome")),
        }
    }

    /// A drop where the other end is a home, else a cable between boxes.
    fn create_cable(&mut self, fields: &mut Object) -> Result<Id, Refused> {
        let home = fields.get("boxB").and_then(Value::as_str).and_then(|text| Id::parse_as(text, Kind::PROPERTY));
        let box_a = required(self, fields, Kind::BOX, "boxA")?;
        let Some(home) = home else {
            let ends = [Some(box_a), Some(required(self, fields, Kind::BOX, "boxB")?)];
            let project = required(self, fields, PROJECT, "project")?;
            let fibers = fields.remove("fiberNumber").and_then(|number| number.as_u64()).unwrap_or(12) as u8;
            let cable = self.add_cable(CableData { project, ends, fibers, metres: 0 }, Moment::now());
            return Ok(Id::new(Kind::CABLE, cable));
        };
        let data = self.properties.get(home).ok_or_else(|| Refused::input("boxB não existe"))?;
        if data.drop.is_some() {
            return Err(Refused::input("O imóvel já tem drop"));
        }
        if data.in_box != Some(box_a) {
            self.leave_box(home);
            self.move_in(home, box_a);
        }
        ["boxB", "project"].iter().for_each(|name| drop(fields.remove(*name)));
        Ok(Id::new(Kind::DROP, self.lay_drop(home, box_a, Moment::now())))
    }

    /// `PATCH`. The rows must exist.
    pub fn update(&mut self, id: Id, mut fields: Object) -> Result<(), Refused> {
        // The real server fails on an external_id, even on one that changes nothing.
        if fields.contains_key("external_id") {
            return Err(Refused::new(500, "Internal Server Error"));
        }
        match id.kind {
            Kind::PROPERTY => return self.update_home(id.seq, fields),
            Kind::CLIENT => return self.update_client(id.seq, fields),
            Kind::BOX => self.update_box(id.seq, &mut fields)?,
            Kind::SPLITTER => self.update_splitter(id.seq, &mut fields)?,
            Kind::POLE => {
                self.name_of_pole_is_free(&fields)?;
                if let (Some(place), Some(data)) = (take_place(&mut fields)?, self.poles.touch(id.seq)) {
                    data.place = place;
                }
            }
            Kind::CABLE | Kind::DROP => {
                ["boxA", "boxB", "project"].iter().for_each(|name| drop(fields.remove(*name)));
            }
            _ => {}
        }
        self.keep_extra(id, fields);
        Ok(())
    }

    fn update_box(&mut self, seq: u32, fields: &mut Object) -> Result<(), Refused> {
        let (implanted, draft) = (flag(fields, "implanted")?, flag(fields, "draft")?);
        let certified = flag(fields, "certified")?;
        let box_type = optional(self, fields, BOX_TYPE, "boxType")?;
        let pole = optional(self, fields, Kind::POLE, "pole")?;
        if let Some(place) = take_place(fields)? {
            self.place_box(seq, place);
        }
        let Some(data) = self.boxes.touch(seq) else { return Ok(()) };
        data.implanted = implanted.unwrap_or(data.implanted);
        data.draft = draft.unwrap_or(data.draft);
        data.certified = certified.unwrap_or(data.certified);
        data.box_type = box_type.or(data.box_type);
        data.pole = pole.or(data.pole);
        ["project", "cables"].iter().for_each(|name| drop(fields.remove(*name)));
        Ok(())
    }

    fn update_splitter(&mut self, seq: u32, fields: &mut Object) -> Result<(), Refused> {
        let (is_drop, implanted) = (flag(fields, "isDrop")?, flag(fields, "implanted")?);
        let splitter_type = optional(self, fields, SPLITTER_TYPE, "splitterType")?;
        let Some(data) = self.splitters.touch(seq) else { return Ok(()) };
        data.is_drop = is_drop.unwrap_or(data.is_drop);
        data.implanted = implanted.unwrap_or(data.implanted);
        data.splitter_type = splitter_type.or(data.splitter_type);
        data.blocked = blocked(fields, data.blocked);
        ["project", "parent", "ratio"].iter().for_each(|name| drop(fields.remove(*name)));
        Ok(())
    }

    /// `DELETE`. The rows must exist.
    pub fn remove(&mut self, id: Id) -> Result<(), Refused> {
        match id.kind {
            Kind::PROPERTY => self.remove_home(id.seq),
            Kind::CLIENT => self.remove_client(id.seq),
            Kind::BOX => self.remove_box(id.seq),
            Kind::SPLITTER => self.remove_splitter(id.seq),
            Kind::CABLE => self.remove_cable(id.seq),
            // Without its drop, a home is in no box.
            Kind::DROP => {
                let home = self.drops.get(id.seq).map(|data| data.property);
                home.into_iter().for_each(|home| self.leave_box(home));
            }
            Kind::POLE => drop(self.poles.remove(id.seq)),
            PROJECT if !self.by_project.get(&(Kind::BOX, id.seq)).is_empty() => {
                return Err(Refused::input("O projeto não está vazio"));
            }
            document => {
                let table = super::resources::document(document).and_then(|at| self.documents.get_mut(at));
                table.and_then(|table| table.remove(id.seq)).ok_or_else(Refused::missing)?;
            }
        }
        Ok(())
    }
}

/// Which ports are blocked after `ports: [{index, blocked}]`.
fn blocked(fields: &mut Object, before: u64) -> u64 {
    let ports = fields.remove("ports");
    let ports = ports.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    ports.iter().enumerate().fold(before, |bits, (at, port)| {
        let index = port.get("index").and_then(Value::as_u64).unwrap_or(at as u64) % MOST_OUTPUTS as u64;
        match port.get("blocked").and_then(Value::as_bool) {
            Some(true) => bits | 1 << index,
            Some(false) => bits & !(1 << index),
            None => bits,
        }
    })
}
