//! The routes.

use super::columns::Feature;
use super::guessed;
use super::refusal::Refused;
use super::tokens::{Kind, Tokens};
use super::world::{World, number};
use super::{Installation, Options, city, list, viability};
use crate::chance::{For, draw};
use crate::server::{Occupied, Platform, Reply, Request};
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Where the API is under its host, as in the vendor's cloud.
pub const BASE: &str = "/geosite-telecom-api";

/// The platform behind its HTTP.
pub(super) struct Api {
    world: RwLock<World>,
    /// Held by whoever changes something, so that what was changed is told of the call that did it.
    writing: Mutex<()>,
    pub tokens: Tokens,
    options: Options,
    lists: AtomicU64,
}

type Answered = Result<Reply, Refused>;

impl Api {
    pub fn new(options: Options) -> Api {
        let mut world = city::build(&options);
        world.changes = Some(Vec::new());
        Api {
            world: RwLock::new(world),
            writing: Mutex::default(),
            tokens: Tokens::new(options.seed, options.token, options.refresh_token),
            options,
            lists: AtomicU64::new(0),
        }
    }

    pub fn world(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn world_mut(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, request: &Request) -> Answered {
        let path = request.path.strip_prefix(BASE).ok_or_else(Refused::missing)?;
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let header = request.authorization.as_deref();
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["auth", "generatetoken"]) => self.log_in(request),
            ("POST", ["auth", "refresh"]) if self.tokens.know(header, Kind::Refresh) => Ok(self.renewed()),
            _ if !self.tokens.know(header, Kind::Access) => Ok(self.unauthorised()),
            ("GET", ["viabilidade", "caixas"]) => Ok(Reply::json(200, &viability::boxes(&self.world(), request)?)),
            (method, [feature, verb]) => {
                self.feature(request, Feature::parse(feature).ok_or_else(Refused::missing)?, method, verb)
            }
            _ => Err(Refused::missing()),
        }
    }

    fn log_in(&self, request: &Request) -> Answered {
        let fields = object(request)?;
        let is = |name: &str, wanted: &str| fields.get(name).and_then(Value::as_str) == Some(wanted);
        if !is("username", &self.options.username) || !is("password", &self.options.password) {
            return Err(Refused::new(401, "Usuário ou senha inválidos"));
        }
        let (token, refresh) = (self.tokens.give(Kind::Access), self.tokens.give(Kind::Refresh));
        Ok(Reply::json(200, &json!({ "token": token, "refreshToken": refresh })))
    }

    /// An older installation gives no other token to renew with: the one goes on.
    fn renewed(&self) -> Reply {
        let token = self.tokens.give(Kind::Access);
        Reply::json(
            200,
            &match self.options.installation {
                Installation::Usual => json!({ "token": token, "refreshToken": self.tokens.give(Kind::Refresh) }),
                Installation::Older => json!({ "token": token }),
            },
        )
    }

    fn feature(&self, request: &Request, feature: Feature, method: &str, verb: &str) -> Answered {
        let value = match (method, verb) {
            ("GET", "desc") => self.world().columns(feature).iter().map(|(name, _)| guessed::described(name)).collect(),
            ("GET", "get") => list::one(&self.world(), feature, request)?,
            ("GET", "list") => {
                let call = self.lists.fetch_add(1, Ordering::Relaxed);
                list::answer(&self.world(), feature, request, call)?
            }
            ("POST", "save") => guessed::saved(self.world_mut().save(feature, object(request)?)?),
            ("POST", "delete") => {
                let fid = object(request)?.get("fid").and_then(number).ok_or_else(Refused::missing)?;
                if !self.world_mut().remove(feature, fid) {
                    return Err(Refused::missing());
                }
                guessed::deleted()
            }
            _ => return Err(Refused::missing()),
        };
        Ok(Reply::json(200, &value))
    }

    /// Some routes answer errors as JSON, some as plain text; which ones depends on the seed.
    fn refuse(&self, request: &Request, refused: &Refused) -> Reply {
        let letters = format!("{}{}", request.method, request.path);
        let route = letters.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        match draw(self.options.seed, For::Wording, route) % 2 {
            0 => Reply::json(refused.status, &json!({ "message": refused.message })),
            _ => Reply::text(refused.status, &refused.message),
        }
    }
}

fn object(request: &Request) -> Result<Map<String, Value>, Refused> {
    serde_json::from_slice(&request.body).map_err(|_| Refused::input("O corpo deve ser um objeto JSON"))
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
        Reply::json(401, &guessed::not_authorised())
    }

    fn empty_list(&self, request: &Request) -> Reply {
        match request.path.contains("/viabilidade/") {
            true => Reply::json(200, &viability::enveloped(&self.world(), json!([]))),
            false => Reply::json(200, &json!({ "total": 0, "records": [] })),
        }
    }

    fn occupied(&self) -> Vec<Occupied> {
        let world = self.world();
        let mut held: Vec<((u32, u32, u32), Occupied)> = world
            .table(Feature::Cliente)
            .iter()
            .filter_map(|(fid, _)| {
                let (splitter, port) = world.port_of(fid)?;
                Some(((splitter, port, fid), world.occupied(fid)?))
            })
            .collect();
        held.sort();
        held.into_iter().map(|(_, held)| held).collect()
    }

    fn holder(&self, splitter: &str, port: u32) -> Option<Occupied> {
        let world = self.world();
        let on_it = world.having(Feature::Cliente, super::columns::Field::Splitter, splitter);
        on_it.into_iter().filter_map(|fid| world.occupied(fid)).find(|held| held.port == port)
    }
}
