//! Is there a free port near a place; and one box with everything in it.

use super::filter;
use super::id::{Id, Kind};
use super::list::boxes_near;
use super::refusal::Refused;
use super::resources::PROJECT;
use super::world::{BoxData, Place, Plug, World};
use crate::server::Request;
use serde_json::{Value, json};

/// The system's setting for calls that name no radius, in metres.
const USUAL_RADIUS: &str = "300";

/// Homes nearer than this, in metres, are named in the answer.
const SAME_PLACE: f64 = 20.0;

/// Answers `ftth-viability/radius`.
pub(super) fn radius(world: &World, request: &Request) -> Result<Value, Refused> {
    let parameter = |name: &str| request.parameter(name);
    let asked = json!({ "lat": parameter("lat"), "lng": parameter("lng"), "radius": parameter("radius").unwrap_or(USUAL_RADIUS) });
    let (centre, metres) = filter::circle(&asked).ok_or_else(|| Refused::input("lat e lng são obrigatórios"))?;
    let mut near: Vec<(f64, u32, &BoxData)> = boxes_near(world, &asked)
        .into_iter()
        .filter_map(|seq| {
            let data = world.boxes.get(seq)?;
            Some((data.place?.metres_to(centre), seq, data))
        })
        .filter(|(distance, ..)| *distance <= metres)
        .collect();
    near.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    let (mut boxes, mut refused) = (Vec::new(), Vec::new());
    for (distance, seq, data) in &near {
        let availability = free_ports(world, data);
        let mut row = in_answer(world, *seq, data, *distance, availability);
        match refusal(data, availability) {
            None => boxes.push(row),
            Some(reason) => {
                row["reason"] = reason.into();
                refused.push(row);
            }
        }
    }
    let homes = homes_at(world, near.iter().map(|(_, _, data)| *data), centre);
    Ok(json!({ "viable": !boxes.is_empty(), "boxes": boxes, "refused_boxes": refused, "properties": homes }))
}

fn free_ports(world: &World, data: &BoxData) -> usize {
    let splitters = data.splitters.iter().filter_map(|seq| world.splitters.get(*seq)).filter(|data| data.is_drop);
    let free = splitters.map(|data| {
        (0..data.outputs.len()).filter(|at| data.outputs[*at] == Plug::Free && !data.is_blocked(*at)).count()
    });
    free.sum()
}

fn refusal(data: &BoxData, availability: usize) -> Option<&'static str> {
    match () {
        () if data.draft => Some("A caixa está em projeto"),
        () if availability == 0 => Some("A caixa não tem porta disponível"),
        () => None,
    }
}

fn in_answer(world: &World, seq: u32, data: &BoxData, distance: f64, availability: usize) -> Value {
    let id = Id::new(Kind::BOX, seq);
    let name = world.value(id).and_then(|row| row.get("name").cloned());
    let place = data.place.map(|place| (place.lat, place.lng)).unwrap_or_default();
    json!({ "id": id, "name": name, "project": Id::new(PROJECT, data.project), "lat": place.0, "lng": place.1,
        "distance": distance, "implanted": data.implanted, "availability": availability, "horizontal_condos": [] })
}

fn homes_at<'a>(world: &World, boxes: impl Iterator<Item = &'a BoxData>, centre: Place) -> Vec<Value> {
    let here = |home: &&u32| {
        let place = world.properties.get(**home).and_then(|data| data.place);
        place.is_some_and(|place| place.metres_to(centre) <= SAME_PLACE)
    };
    let homes = boxes.flat_map(|data| data.properties.iter().filter(here));
    let rows = homes.filter_map(|home| {
        let row = world.value(Id::new(Kind::PROPERTY, *home))?;
        Some(json!({ "id": row["id"], "address": row["address"], "observation": row.get("observation") }))
    });
    rows.collect()
}

/// Answers `base-boxes/<id>/topology`.
pub(super) fn topology(world: &World, id: Id) -> Result<Value, Refused> {
    let data = world.boxes.get(id.seq).filter(|_| id.kind == Kind::BOX).ok_or_else(Refused::missing)?;
    let by_id = |kind: Kind, seqs: &mut dyn Iterator<Item = u32>| {
        let rows = seqs.filter_map(|seq| {
            let id = Id::new(kind, seq);
            Some((id.to_string(), world.value(id)?))
        });
        Value::Object(rows.collect())
    };
    let mut drops = by_id(Kind::DROP, &mut data.properties.iter().filter_map(|home| world.properties.get(*home)?.drop));
    for drop in drops.as_object_mut().into_iter().flat_map(|drops| drops.values_mut()) {
        drop["propertyData"] = home_of_drop(world, drop).unwrap_or_default();
    }
    let nothing = || json!({});
    Ok(json!({
        "cables": by_id(Kind::CABLE, &mut data.cables.iter().copied()),
        "drops": drops,
        "splitters": by_id(Kind::SPLITTER, &mut data.splitters.iter().copied()),
        "connectors": nothing(), "fusions": nothing(), "dios": nothing(), "switches": nothing(),
        "passings": nothing(), "cords": nothing(),
    }))
}

fn home_of_drop(world: &World, drop: &Value) -> Option<Value> {
    let home = world.value(Id::parse(drop.get("boxB")?.as_str()?)?)?;
    let mut client = home["client"].clone();
    if let Some(fields) = client.as_object_mut() {
        fields.retain(|name, _| matches!(name.as_str(), "id" | "code" | "name" | "implanted" | "status"));
        if let Some(id) = fields.remove("id") {
            fields.insert("_id".to_owned(), id);
        }
    }
    Some(json!({ "id": home["id"], "address": home["address"], "coords": home["coords"], "client": client }))
}
