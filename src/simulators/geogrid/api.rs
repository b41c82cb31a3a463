//! The routes under `…/api/v3`.

use super::budget::Budget;
use super::guessed::{BAD_TOKEN, TOO_MANY, several};
use super::list::{flag, passes, values};
use super::refusal::Refused;
use super::world::{World, equipment_id};
use super::{FOLDERS, Options, attend, city, clients, list, shapes};
use crate::server::{Occupied, Platform, Reply, Request};
use serde_json::{Map, Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The platform behind its HTTP. Calls are done one after another, so that what was changed is told of the call that did it.
pub(super) struct Api {
    world: Mutex<World>,
    budget: Budget,
    options: Options,
}

pub(super) type Answered = Result<Reply, Refused>;

/// A call's body.
pub(super) fn object(request: &Request) -> Result<Map<String, Value>, Refused> {
    serde_json::from_slice(&request.body).map_err(|_| Refused::input("body", "O corpo deve ser um objeto JSON"))
}

/// A part of a path without its percent signs.
fn decoded(part: &str) -> String {
    let pair = format!("c={}", part.replace('+', "%2B"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

impl Api {
    pub fn new(options: Options) -> Api {
        let mut world = city::build(&options);
        world.changes = Some(Vec::new());
        Api { world: Mutex::new(world), budget: Budget::new(options.calls_a_second), options }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, world: &mut World, request: &Request) -> Answered {
        let (_, path) = request.path.split_once("/api/v3/").ok_or_else(Refused::missing)?;
        if request.api_key.as_deref() != Some(self.options.api_key.as_str()) {
            return Err(Refused::new(401, BAD_TOKEN, "Token inválido"));
        }
        if !self.budget.take() {
            return Err(Refused::new(429, TOO_MANY.0, TOO_MANY.1));
        }
        let parts: Vec<String> = path.trim_end_matches('/').split('/').map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", parts) => read(world, request, parts),
            ("POST", ["clientes"]) => clients::create(world, request),
            ("PUT", ["clientes", id]) => clients::update(world, id, request),
            ("POST", ["integracao", "atender"]) => attend::attend(world, request),
            ("DELETE", ["integracao", "atender", port, client]) => attend::remove(world, port, client),
            ("POST", ["itensRede"]) => attend::draw(world, request),
            _ => Err(Refused::missing()),
        }
    }
}

fn read(world: &World, request: &Request, parts: &[&str]) -> Answered {
    match parts {
        ["pastas"] => list::page(request, &Vec::from_iter(0..FOLDERS.len()), |at| shapes::folder(*at)),
        ["itensRede"] => items(world, request),
        ["itensRede", "mapa"] => {
            let found: Vec<u32> = values(request, "ids").into_iter().filter_map(|id| world.item_seq(id)).collect();
            list::page(request, &found, |seq| shapes::whole(world, *seq))
        }
        // What was removed is no error here.
        ["itensRede", id, "mapa"] => Ok(match world.item_seq(id) {
            Some(seq) => Reply::json(200, &shapes::whole(world, seq)),
            None => Reply::json(200, &false),
        }),
        ["itensRede", id, "ficha"] => Ok(match world.item_seq(id) {
            Some(seq) => Reply::json(200, &shapes::whole(world, seq)),
            None => Reply::empty(200),
        }),
        ["equipamentos", "itemRede", "portas"] => {
            let asked = request.parameter("itensRede").unwrap_or_default();
            equipment(world, request, several(asked).filter_map(|id| world.item_seq(id)))
        }
        ["equipamentos", "itemRede", id, "portas"] => match world.item_seq(id) {
            Some(seq) => equipment(world, request, std::iter::once(seq)),
            None => Ok(Reply::json(200, &false)),
        },
        ["equipamentos", id, "portas"] => {
            let seq = world.equipment_seq(id).ok_or_else(Refused::missing)?;
            Ok(Reply::json(200, &shapes::equipment(world, seq, &|_| true)))
        }
        ["viabilidade", id, "portas"] => viable(world, request, id),
        ["clientes"] => clients::all(world, request),
        ["clientes", "integrado", code] => clients::by_code(world, code),
        ["clientes", id] => clients::by_id(world, id),
        ["cabosTipos"] => list::page(request, &["Drop 1FO"], |name| json!({ "id": "1", "nome": name })),
        _ => Err(Refused::missing()),
    }
}

fn items(world: &World, request: &Request) -> Answered {
    let searched = request.parameter("pesquisa").unwrap_or_default().to_lowercase();
    let wanted = |seq: &u32| {
        let item = &world.items[*seq as usize];
        !item.removed
            && passes(request, "item", item.kind.name())
            && passes(request, "modoProjeto", flag(item.planned))
            && (searched.is_empty() || is_called(world, *seq, &searched))
    };
    let rows: Vec<u32> = (0..world.items.len() as u32).filter(wanted).collect();
    list::page(request, &rows, |seq| shapes::item(world, *seq))
}

fn is_called(world: &World, seq: u32, searched: &str) -> bool {
    shapes::item(world, seq)["dados"]["sigla"].as_str().is_some_and(|sigla| sigla.to_lowercase().contains(searched))
}

/// The equipment of these items, with those of its ports that pass.
fn equipment(world: &World, request: &Request, items: impl Iterator<Item = u32>) -> Answered {
    let all = items.flat_map(|item| world.items[item as usize].equipment.iter().copied());
    let attends = |seq: &u32| passes(request, "atendimento", flag(world.equipment[*seq as usize].attends));
    let rows: Vec<u32> = all.filter(attends).collect();
    let available = |shown: &str| passes(request, "disponivel", shown);
    list::page(request, &rows, |seq| shapes::equipment(world, *seq, &available))
}

fn viable(world: &World, request: &Request, id: &str) -> Answered {
    let item = world.item(id).ok_or_else(Refused::missing)?;
    let is = |name: &str, shown: &Value| passes(request, name, shown.as_str().unwrap_or_default());
    let mut rows: Vec<Value> = item.equipment.iter().flat_map(|seq| shapes::viable(world, *seq)).collect();
    rows.retain(|row| {
        is("disponivel", &row["disponivel"])
            && is("tipo", &row["dados"]["tipo"])
            && is("equipamentosAtendimento", &row["equipamento"]["atendimento"])
    });
    list::page(request, &rows, Clone::clone)
}

impl Platform for Api {
    fn answer(&self, request: &Request) -> Reply {
        let mut world = self.world();
        let reply = self.route(&mut world, request).unwrap_or_else(|refused| refused.reply());
        let pause = self.options.retry_after_seconds.filter(|_| reply.status == 429);
        let changes = world.changes.as_mut().map(std::mem::take).unwrap_or_default();
        Reply { changes, retry_after_seconds: pause, ..reply }
    }

    fn unauthorised(&self) -> Reply {
        Refused::new(401, BAD_TOKEN, "Token inválido").reply()
    }

    fn empty_list(&self, _request: &Request) -> Reply {
        Reply::json(200, &json!({ "registros": [], "totalRegistros": "0" }))
    }

    fn occupied(&self) -> Vec<Occupied> {
        let world = self.world();
        let built = (0..world.equipment.len() as u32)
            .filter(|seq| world.equipment_seq(&equipment_id(*seq).to_string()).is_some());
        let outputs =
            built.flat_map(|seq| (0..world.equipment[seq as usize].outputs.len()).map(move |output| (seq, output)));
        outputs.filter_map(|(equipment, output)| world.occupied(equipment, output)).collect()
    }

    fn holder(&self, splitter: &str, port: u32) -> Option<Occupied> {
        let world = self.world();
        world.occupied(world.equipment_seq(splitter)?, port.checked_sub(1)? as usize)
    }
}
