//! Customers put on ports and taken off them.

use super::api::{Answered, object};
use super::guessed;
use super::refusal::Refused;
use super::world::{Hold, Item, Kind, Place, World, item_id};
use crate::server::{Reply, Request};
use serde_json::{Map, Value, json};

/// From farther away than this the platform draws an access point and a drop to it.
const STRAIGHT_METRES: f64 = 2.0;

fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn degrees(local: &Map<String, Value>, name: &str) -> Result<f64, Refused> {
    let value = text(local.get(name)).parse().ok();
    value.ok_or_else(|| Refused::input(name, "A coordenada é obrigatória"))
}

/// `POST integracao/atender`.
pub(super) fn attend(world: &mut World, request: &Request) -> Answered {
    let fields = object(request)?;
    let port = world.port(&text(fields.get("idPorta")));
    let (equipment, output) = port.ok_or_else(|| Refused::input("idPorta", "Porta não encontrada"))?;
    let client = world.client_seq(&text(fields.get("idCliente")));
    let client = client.ok_or_else(|| Refused::input("idCliente", "Cliente não encontrado"))?;
    let local = fields.get("local").and_then(Value::as_object);
    let local = local.ok_or_else(|| Refused::input("local", "O local é obrigatório"))?;
    let place = Place { lat: degrees(local, "latitude")?, lng: degrees(local, "longitude")? };
    let hold = world.hold_of(equipment, output).ok_or_else(Refused::missing)?;
    let hold = guessed::attending(hold, client)?;
    let drawn = draw_access_point(world, equipment, place);
    world.hold(equipment, output, hold);
    Ok(Reply::json(200, &json!({ "dados": { "idItemRedeCliente": drawn.map(item_id) } })))
}

/// Straight to the port only from the equipment's own place.
fn draw_access_point(world: &mut World, equipment: u32, place: Place) -> Option<u32> {
    let item = &world.items[world.equipment[equipment as usize].item as usize];
    if item.place.is_some_and(|there| there.metres_to(place) <= STRAIGHT_METRES) {
        return None;
    }
    let folder = item.folder;
    Some(access_point(world, place, folder))
}

pub(super) fn access_point(world: &mut World, place: Place, folder: usize) -> u32 {
    let number = world.items.len() as u32;
    let (kind, place) = (Kind::AccessPoint, Some(place));
    world.add_item(Item { kind, number, place, planned: false, folder, removed: false, equipment: Vec::new() })
}

/// `DELETE integracao/atender/{idPorta}/{idCliente}`: an attendance alone; a reservation is refused by a key of its own.
pub(super) fn remove(world: &mut World, port: &str, client: &str) -> Answered {
    let (equipment, output) = world.port(port).ok_or_else(Refused::missing)?;
    let client = world.client_seq(client).ok_or_else(Refused::missing)?;
    match world.hold_of(equipment, output) {
        Some(Hold::Attended { client: there, .. }) if there == client => {
            world.hold(equipment, output, guessed::AFTER_REMOVAL);
            Ok(Reply::json(200, &json!({ "sucesso": "S" })))
        }
        Some(Hold::Reserved(Some(there))) if there == client => {
            Err(Refused::input("portaReservada", "A porta está apenas reservada para o cliente"))
        }
        _ => Err(Refused::missing()),
    }
}

/// `POST itensRede`: an access point, the one item that integrators draw.
pub(super) fn draw(world: &mut World, request: &Request) -> Answered {
    let fields = object(request)?;
    let dados = fields.get("dados").and_then(Value::as_object);
    let dados = dados.ok_or_else(|| Refused::input("dados", "Os dados são obrigatórios"))?;
    if dados.get("item").and_then(Value::as_str) != Some(Kind::AccessPoint.name()) {
        return Err(Refused::input("item", "Item inválido"));
    }
    let place = Place { lat: degrees(dados, "latitude")?, lng: degrees(dados, "longitude")? };
    let seq = access_point(world, place, 0);
    Ok(Reply::json(201, &json!({ "dados": { "id": item_id(seq) } })))
}
