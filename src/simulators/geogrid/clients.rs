//! Customers' records over HTTP.

use super::api::{Answered, object};
use super::guessed::status_of_missing;
use super::refusal::Refused;
use super::world::{Client, World, client_id};
use super::{list, shapes};
use crate::server::{Reply, Request};
use serde_json::{Map, Value, json};

pub(super) fn all(world: &World, request: &Request) -> Answered {
    let wanted = list::values(request, "codigoIntegracao");
    let rows: Vec<u32> = match wanted.first() {
        Some(code) => world.client_with(code).into_iter().collect(),
        None => (0..world.clients.len() as u32).collect(),
    };
    list::page(request, &rows, |seq| shapes::client(world, *seq))
}

pub(super) fn by_code(world: &World, code: &str) -> Answered {
    let missing = || Refused { status: status_of_missing(code), ..Refused::missing() };
    let seq = world.client_with(code).ok_or_else(missing)?;
    Ok(Reply::json(200, &shapes::client(world, seq)))
}

pub(super) fn by_id(world: &World, id: &str) -> Answered {
    let seq = world.client_seq(id).ok_or_else(Refused::missing)?;
    Ok(Reply::json(200, &shapes::client(world, seq)))
}

fn known_code() -> Refused {
    Refused::input("codigoIntegracao", "Código de integração já cadastrado")
}

/// `POST clientes`.
pub(super) fn create(world: &mut World, request: &Request) -> Answered {
    let mut dados = dados(request)?;
    let name = take(&mut dados, "nome").ok_or_else(|| Refused::input("nome", "O nome é obrigatório"))?;
    check_person(&dados)?;
    let (code, document) = (take(&mut dados, "codigoIntegracao"), take(&mut dados, "cpfCnpj"));
    let client =
        Client { name: name.into(), code: code.map(Into::into), document: document.map(Into::into), more: dados };
    let seq = world.add_client(client).ok_or_else(known_code)?;
    Ok(Reply::json(201, &json!({ "dados": { "id": client_id(seq).to_string() } })))
}

/// `PUT clientes/{id}`.
pub(super) fn update(world: &mut World, id: &str, request: &Request) -> Answered {
    let seq = world.client_seq(id).ok_or_else(Refused::missing)?;
    let mut dados = dados(request)?;
    check_person(&dados)?;
    if dados.contains_key("codigoIntegracao") {
        let code = take(&mut dados, "codigoIntegracao").map(String::into_boxed_str);
        world.recode(seq, code).then_some(()).ok_or_else(known_code)?;
    }
    let client = &mut world.clients[seq as usize];
    if let Some(name) = take(&mut dados, "nome") {
        client.name = name.into();
    }
    if dados.contains_key("cpfCnpj") {
        client.document = take(&mut dados, "cpfCnpj").map(Into::into);
    }
    client.more.extend(dados);
    Ok(Reply::json(200, &shapes::client(world, seq)))
}

fn dados(request: &Request) -> Result<Map<String, Value>, Refused> {
    match object(request)?.remove("dados") {
        Some(Value::Object(mut dados)) => {
            dados.remove("id");
            Ok(dados)
        }
        _ => Err(Refused::input("dados", "Os dados são obrigatórios")),
    }
}

fn check_person(dados: &Map<String, Value>) -> Result<(), Refused> {
    match dados.get("tipo").and_then(Value::as_str) {
        None | Some("F" | "J") => Ok(()),
        Some(_) => Err(Refused::input("tipo", "O tipo deve ser F ou J")),
    }
}

/// Texts come as numbers too.
fn take(dados: &mut Map<String, Value>, name: &str) -> Option<String> {
    let text = match dados.remove(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
