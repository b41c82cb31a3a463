//! The routes under `/api/v2`.

use super::filter;
use super::id::{Id, Kind};
use super::list;
use super::refusal::Refused;
use super::resources::{self, Resource, Verbs};
use super::table::Object;
use super::viability;
use super::world::{Plug, World};
use super::{Options, city};
use crate::chance::{For, draw};
use crate::server::{Occupied, Platform, Reply, Request};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The platform behind its HTTP.
pub(super) struct Api {
    world: RwLock<World>,
    /// Held by whoever changes something, so that what was changed is told of the call that did it.
    writing: Mutex<()>,
    options: Options,
    /// What a login answers; counts as a key.
    token: String,
}

type Answered = Result<Reply, Refused>;

impl Api {
    pub fn new(options: Options) -> Api {
        let token = format!("sessao-{:016x}", draw(options.seed, For::Wording, 0));
        let mut world = city::build(&options);
        world.changes = Some(Vec::new());
        Api { world: RwLock::new(world), writing: Mutex::default(), options, token }
    }

    pub fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn world_mut(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn knows(&self, authorization: Option<&str>) -> bool {
        let key = authorization.map(|header| header.strip_prefix("Bearer ").unwrap_or(header));
        key.is_some_and(|key| key == self.options.api_key || key == self.token)
    }

    fn route(&self, request: &Request) -> Answered {
        let path = request.path.strip_prefix("/api/v2/").ok_or_else(Refused::missing)?;
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        if (request.method.as_str(), parts.as_slice()) == ("POST", &["users", "login"]) {
            return self.login(request);
        }
        if !self.knows(request.authorization.as_deref()) {
            return Err(Refused::new(401, "Não autorizado"));
        }
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", parts) => self.read(request, parts),
            ("POST", ["disconnect"]) => {
                self.world_mut().disconnect(&object(request)?)?;
                Ok(Reply::empty(204))
            }
            ("POST", ["cables", id, "fibers", "disconnect"]) => self.unplug(id),
            ("POST", [resource @ ("properties" | "ftth-clients"), "batch-update"]) => {
                self.update_all(request, resource)
            }
            ("POST", [name]) => {
                let kind = writable(name, Verbs::Write)?.kinds[0];
                Ok(Reply::json(201, &self.world_mut().create(kind, object(request)?)?))
            }
            ("PATCH", [name, id]) => {
                let (resource, fields) = (writable(name, Verbs::Update)?, object(request)?);
                let mut world = self.world_mut();
                let id = existing(&world, &resource, id)?;
                world.update(id, fields)?;
                Ok(Reply::empty(204))
            }
            ("DELETE", [name, id]) => {
                let resource = writable(name, Verbs::Write)?;
                let mut world = self.world_mut();
                let id = existing(&world, &resource, id)?;
                world.remove(id)?;
                Ok(Reply::empty(204))
            }
            _ => Err(Refused::missing()),
        }
    }

    fn login(&self, request: &Request) -> Answered {
        let fields = object(request)?;
        let is = |name: &str, wanted: &str| fields.get(name).and_then(Value::as_str) == Some(wanted);
        if !is("login", &self.options.login) || !is("password", &self.options.password) {
            return Err(Refused::new(401, "Login ou senha inválidos"));
        }
        Ok(Reply::json(200, &json!({ "authorization": self.token, "login": self.options.login })))
    }

    fn read(&self, request: &Request, parts: &[&str]) -> Answered {
        let world = self.world();
        match parts {
            ["authenticated"] => Ok(Reply::json(200, &json!({ "authenticated": true }))),
            ["ftth-viability", "radius"] => Ok(Reply::json(200, &viability::radius(&world, request)?)),
            ["properties", "client", code] => Ok(Reply::json(200, &world.homes_of(&decoded(code)))),
            ["base-boxes", id, "topology"] => {
                let id = Id::parse(id).ok_or_else(Refused::missing)?;
                Ok(Reply::json(200, &viability::topology(&world, id)?))
            }
            ["base-boxes", _, "design"] => Ok(Reply::json(200, &json!({ "positions": {}, "post_its": [] }))),
            [name] => list::answer(&world, &resources::find(name).ok_or_else(Refused::missing)?, request),
            [name, id] => {
                let id = existing(&world, &resources::find(name).ok_or_else(Refused::missing)?, id)?;
                let asked = list::Asked::read(request)?;
                match asked.select.is_empty() && asked.populate.is_empty() {
                    true => Ok(Reply::json(200, &world.show(id))),
                    false => Ok(Reply::json(200, &list::trimmed(&world, id, &asked))),
                }
            }
            _ => Err(Refused::missing()),
        }
    }

    fn unplug(&self, cable: &str) -> Answered {
        let cable = Id::parse(cable).ok_or_else(Refused::missing)?;
        let mut world = self.world_mut();
        match cable.kind {
            Kind::DROP if world.exists(cable) => world.unplug(cable.seq),
            // Splices of cables between boxes are not simulated: there is nothing to pull out.
            Kind::CABLE if world.exists(cable) => {}
            _ => return Err(Refused::missing()),
        }
        Ok(Reply::empty(204))
    }

    fn update_all(&self, request: &Request, resource: &str) -> Answered {
        let fields = object(request)?;
        let conditions = filter::parse(fields.get("filter").unwrap_or(&Value::Null))?;
        let update = fields.get("update").and_then(Value::as_object).cloned().unwrap_or_default();
        let kinds = resources::find(resource).ok_or_else(Refused::missing)?.kinds;
        let mut world = self.world_mut();
        for id in list::matching(&world, kinds, &conditions) {
            world.update(id, update.clone())?;
        }
        Ok(Reply::empty(204))
    }

    /// Some routes answer errors as JSON, some as plain text; which ones depends on the seed.
    fn refuse(&self, request: &Request, refused: &Refused) -> Reply {
        let resource = request.path.split('/').nth(3).unwrap_or_default();
        let letters = format!("{}{resource}", request.method);
        let route = letters.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        match draw(self.options.seed, For::Wording, route) % 2 {
            0 => Reply::json(refused.status, &json!({ "message": refused.message })),
            _ => Reply::text(refused.status, &refused.message),
        }
    }
}

fn object(request: &Request) -> Result<Object, Refused> {
    serde_json::from_slice(&request.body).map_err(|_| Refused::input("the body must be a JSON object"))
}

fn writable(name: &str, verbs: Verbs) -> Result<Resource, Refused> {
    resources::find(name).filter(|resource| resource.verbs >= verbs).ok_or_else(Refused::missing)
}

fn existing(world: &World, resource: &Resource, id: &str) -> Result<Id, Refused> {
    let id = Id::parse(id).filter(|id| resource.kinds.contains(&id.kind) && world.exists(*id));
    id.ok_or_else(Refused::missing)
}

/// A part of a path without its percent signs.
fn decoded(part: &str) -> String {
    let pair = format!("c={}", part.replace('+', "%2B"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn occupied(world: &World, splitter: u32, output: usize, plug: Plug) -> Option<Occupied> {
    let Plug::Drop(drop) = plug else { return None };
    let home = world.drops.get(drop)?.property;
    let client = world.properties.get(home)?.client.and_then(|client| world.clients.get(client));
    Some(Occupied {
        splitter: Id::new(Kind::SPLITTER, splitter).to_string(),
        port: output as u32 + 1,
        code: client.and_then(|client| client.code.as_deref()).map(str::to_owned),
        property: Id::new(Kind::PROPERTY, home).to_string(),
    })
}

impl Platform for Api {
    fn answer(&self, request: &Request) -> Reply {
        let answer = || self.route(request).unwrap_or_else(|refused| self.refuse(request, &refused));
        if request.method == "GET" {
            return answer();
        }
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = answer();
        Reply { changes: self.world_mut().changes.as_mut().map(std::mem::take).unwrap_or_default(), ..reply }
    }

    fn unauthorised(&self) -> Reply {
        Reply::json(401, &json!({ "message": "Não autorizado" }))
    }

    fn empty_list(&self, request: &Request) -> Reply {
        list::empty(request)
    }

    fn occupied(&self) -> Vec<Occupied> {
        let world = self.world();
        let outputs = world.splitters.iter().flat_map(|(splitter, data)| {
            data.outputs.iter().enumerate().map(move |(output, plug)| (splitter, output, *plug))
        });
        outputs.filter_map(|(splitter, output, plug)| occupied(&world, splitter, output, plug)).collect()
    }

    fn holder(&self, splitter: &str, port: u32) -> Option<Occupied> {
        let world = self.world();
        let splitter = Id::parse_as(splitter, Kind::SPLITTER)?;
        let output = port.checked_sub(1)? as usize;
        let plug = *world.splitters.get(splitter)?.outputs.get(output)?;
        occupied(&world, splitter, output, plug)
    }
}
