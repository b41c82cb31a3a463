//! Rows as GeoGrid sends them: ids as numbers or as texts, flags as `S` and `N`, free HTML in observations.

use super::FOLDERS;
use super::guessed::{MISCOUNTED, NAMELESS, reservation_flags};
use super::list::flag;
use super::world::{Equipment, Hold, Item, Kind, World, client_id, equipment_id, input_id, item_id};
use serde_json::{Value, json};

/// An id, in one form or the other: the same thing does not always have the same one.
fn loose(id: u32, text: bool) -> Value {
    if text { id.to_string().into() } else { id.into() }
}

fn sigla(item: &Item) -> String {
    let number = item.number;
    match item.kind {
        Kind::Terminal | Kind::SpliceBox if number % NAMELESS == 7 => String::new(),
        Kind::Terminal => format!("CTO-{number:05}"),
        Kind::SpliceBox => format!("CE-{number:05}"),
        Kind::Pole => format!("P-{number:05}"),
        Kind::Future => format!("R-{number:05}"),
        Kind::AccessPoint => format!("PA-{number:05}"),
    }
}

/// What people typed, as the panel's editor stores it; not all of it is well-formed.
fn observation(number: u32) -> String {
    let street = crate::people::street(u64::from(number / 40));
    match number % 4 {
        0 => String::new(),
        1 => format!("<p>Em frente &agrave; <b>{street}</b>, {}</p>", number % 40 * 36),
        2 => format!("<div style=\"color: red\">Refor&ccedil;ar a fixa&ccedil;&atilde;o &amp; lacrar<br>{street}"),
        _ => format!("<p>{street}</p><script>alert(1)</script>"),
    }
}

pub(super) fn item(world: &World, seq: u32) -> Value {
    let item = &world.items[seq as usize];
    let degrees = |of: fn(&super::world::Place) -> f64| item.place.as_ref().map(of);
    let (lat, lng) = (degrees(|place| place.lat), degrees(|place| place.lng));
    let as_text = |degrees: Option<f64>| degrees.map_or(json!(""), |degrees| json!(degrees.to_string()));
    let (latitude, longitude) =
        if seq.is_multiple_of(2) { (json!(lat), json!(lng)) } else { (as_text(lat), as_text(lng)) };
    let dados = json!({ "id": loose(item_id(seq), seq.is_multiple_of(3)), "item": item.kind.name(), "sigla": sigla(item),
        "latitude": latitude, "longitude": longitude, "status": "ativo", "observacao": observation(item.number) });
    json!({ "dados": dados, "pasta": { "id": item.folder + 1 } })
}

/// An item by itself.
pub(super) fn whole(world: &World, seq: u32) -> Value {
    let (mut row, item) = (item(world, seq), &world.items[seq as usize]);
    row["idPasta"] = (item.folder + 1).into();
    row["cidade"] = FOLDERS[item.folder].into();
    row["poste"] = Value::Null;
    row
}

pub(super) fn folder(at: usize) -> Value {
    json!({ "id": (at + 1).to_string(), "nome": FOLDERS[at], "nomePai": if at == 0 { Value::Null } else { FOLDERS[0].into() } })
}

pub(super) fn client(world: &World, seq: u32) -> Value {
    let client = &world.clients[seq as usize];
    let mut dados = client.more.clone();
    dados.insert("id".to_owned(), loose(client_id(seq), seq.is_multiple_of(2)));
    dados.insert("nome".to_owned(), client.name.as_ref().into());
    dados.insert("codigoIntegracao".to_owned(), client.code.as_deref().into());
    dados.insert("cpfCnpj".to_owned(), client.document.as_deref().into());
    json!({ "dados": dados })
}

/// An equipment with the rows of its ports; `taken`: only of those that are not available.
pub(super) fn equipment(world: &World, seq: u32, available: &dyn Fn(&str) -> bool) -> Value {
    let equipment = &world.equipment[seq as usize];
    let mut rows = vec![input(seq)];
    for (output, hold) in equipment.outputs.iter().enumerate() {
        rows.extend(output_rows(world, equipment, output, *hold));
    }
    rows.retain(|row| row["disponivel"].as_str().is_some_and(available));
    json!({ "equipamento": facts(seq, equipment), "viabilidade": counters(seq, equipment), "portas": rows })
}

fn facts(seq: u32, equipment: &Equipment) -> Value {
    let kind = if equipment.attends { "SPL" } else { "DIV" };
    json!({ "id": loose(equipment_id(seq), seq.is_multiple_of(2)), "idItemRede": loose(item_id(equipment.item), true),
        "sigla": format!("{kind}-{seq:06} 1x{}", equipment.outputs.len()), "atendimento": flag(equipment.attends) })
}

/// They do not always add up.
fn counters(seq: u32, equipment: &Equipment) -> Value {
    let count = |is: fn(&Hold) -> bool| equipment.outputs.iter().filter(|hold| is(hold)).count();
    let (free, any) = (count(|hold| *hold == Hold::Free), count(|hold| matches!(hold, Hold::Reserved(_))));
    let miscounted = usize::from(seq % MISCOUNTED == MISCOUNTED - 1);
    json!({ "saidas": equipment.outputs.len(), "entradas": 1, "livres": (free + miscounted).to_string(),
        "ocupadasTotal": (equipment.outputs.len() - free).to_string(), "reservadas": any,
        "reservadasCliente": count(|hold| matches!(hold, Hold::Reserved(Some(_)))) })
}

fn input(seq: u32) -> Value {
    json!({ "dados": { "id": input_id(seq), "porta": "1", "tipo": "E", "reservaStatus": "N", "reservaAtendimento": "N",
        "dataReserva": null, "idCliente": null }, "disponivel": "N", "cliente": false })
}

/// A port has a row for its reservation and one for its attendance.
fn output_rows(world: &World, equipment: &Equipment, output: usize, hold: Hold) -> Vec<Value> {
    let id = equipment.port_id(output);
    let bare = |free: bool| {
        json!({ "dados": { "id": loose(id, free), "porta": (output + 1).to_string(), "tipo": "S", "reservaStatus": "N",
            "reservaAtendimento": "N", "dataReserva": null, "idCliente": null }, "disponivel": flag(free), "cliente": false })
    };
    let held = |reservation: bool, client: Option<u32>| {
        let (status, attendance) = reservation_flags(reservation);
        let customer = client.map(|seq| {
            let name = world.clients[seq as usize].name.as_ref();
            json!({ "id": client_id(seq), "nome": name })
        });
        json!({ "dados": { "id": loose(id, reservation), "porta": output + 1, "tipo": "S", "reservaStatus": status,
            "reservaAtendimento": attendance, "dataReserva": reservation.then_some("2026-02-11 09:12:44"),
            "idCliente": client.map(|seq| client_id(seq).to_string()) }, "disponivel": "N", "cliente": customer })
    };
    match hold {
        Hold::Free => vec![bare(true)],
        Hold::Feeds => vec![bare(false)],
        Hold::Reserved(client) => vec![held(true, client)],
        Hold::Attended { client, was_reserved: false } => vec![held(false, Some(client))],
        Hold::Attended { client, was_reserved: true } => vec![held(true, Some(client)), held(false, Some(client))],
    }
}

/// The ports of an item as a question of viability lists them: a row for each.
pub(super) fn viable(world: &World, seq: u32) -> Vec<Value> {
    let equipment = &world.equipment[seq as usize];
    let own = facts(seq, equipment);
    let row = |id: u32, number: usize, kind: &str, free: bool| {
        json!({ "dados": { "id": id, "porta": number, "label": format!("{kind}{number}"), "tipo": kind, "comentario": "" },
            "disponivel": flag(free), "equipamento": { "sigla": own["sigla"], "atendimento": own["atendimento"] } })
    };
    let outputs = equipment.outputs.iter().enumerate();
    let outputs = outputs.map(|(at, hold)| row(equipment.port_id(at), at + 1, "S", *hold == Hold::Free));
    std::iter::once(row(input_id(seq), 1, "E", false)).chain(outputs).collect()
}
