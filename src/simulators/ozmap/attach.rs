//! Homes over HTTP: attaching a customer, moving him, letting him go. Everything is checked before anything changes, so
//! that a call that is refused leaves no trace.

use super::id::{Id, Kind, Moment};
use super::refusal::Refused;
use super::table::Object;
use super::world::{ClientData, Plug, PropertyData, World};
use super::writes::{flag, named, take_place};
use serde_json::{Value, json};

/// An output of a splitter: its number and the position from 0.
type Socket = (u32, u8);

/// Where a home is to be connected, as asked for.
#[derive(Debug, Default)]
struct Wish {
    /// `None`: not said. `Some(None)`: in no box.
    in_box: Option<Option<u32>>,
    connector: Option<u32>,
    /// Counts from 1.
    port: Option<usize>,
    auto_connect: bool,
    force: bool,
}

/// Who is to live there, as asked for.
enum Resident {
    Unsaid,
    Nobody,
    Known(u32),
    New(Object),
}

impl Wish {
    fn take(world: &World, fields: &mut Object) -> Result<Wish, Refused> {
        let in_box = match fields.remove("box") {
            None => None,
            Some(Value::Null) => Some(None),
            Some(named_box) => Some(Some(named(world, &named_box, Kind::BOX, "box")?)),
        };
        let connector = match fields.remove("connector") {
            None | Some(Value::Null) => None,
            Some(splitter) => Some(named(world, &splitter, Kind::SPLITTER, "connector")?),
        };
        let port = match fields.remove("port") {
            None | Some(Value::Null) => None,
            Some(port) => Some(port.as_u64().ok_or_else(|| Refused::input("port must be a number"))? as usize),
        };
        let auto_connect = flag(fields, "auto_connect")?.unwrap_or(false);
        Ok(Wish { in_box, connector, port, auto_connect, force: flag(fields, "force")?.unwrap_or(false) })
    }

    /// The output to plug into, if any; checked, but for who holds it when `force` is set.
    fn socket(&self, world: &World, in_box: Option<u32>, own_drop: Option<u32>) -> Result<Option<Socket>, Refused> {
        let own = own_drop.and_then(|drop| world.drops.get(drop)?.plugged);
        match (self.connector, self.port) {
            (Some(splitter), port) => self.socket_on(world, splitter, port, own_drop).map(Some),
            (None, Some(_)) => Err(Refused::input("port sem connector")),
            (None, None) if !self.auto_connect => Ok(None),
            (None, None) => {
                let data = in_box.and_then(|seq| world.boxes.get(seq));
                let splitters = &data.ok_or_else(|| Refused::input("auto_connect sem caixa"))?.splitters;
                let stays = own.filter(|(splitter, _)| splitters.contains(splitter));
                let first = || splitters.iter().find_map(|seq| first_free(world, *seq));
                stays.or_else(first).map(Some).ok_or_else(|| Refused::input("A caixa não tem porta livre"))
            }
        }
    }

    fn socket_on(
        &self,
        world: &World,
        splitter: u32,
        port: Option<usize>,
        own_drop: Option<u32>,
    ) -> Result<Socket, Refused> {
        let data = world.splitters.get(splitter).ok_or_else(Refused::missing)?;
        if !data.is_drop {
            return Err(Refused::input("O splitter não permite conexão com clientes"));
        }
        if self.in_box.flatten().is_some_and(|in_box| in_box != data.parent) {
            return Err(Refused::input("O splitter não está nessa caixa"));
        }
        let Some(port) = port else {
            let own = own_drop.and_then(|drop| world.drops.get(drop)?.plugged).filter(|(seq, _)| *seq == splitter);
            return own
                .or_else(|| first_free(world, splitter))
                .ok_or_else(|| Refused::input("O splitter não tem porta livre"));
        };
        let output = port.checked_sub(1).filter(|output| *output < data.outputs.len());
        let output = output.ok_or_else(|| Refused::input("O splitter não tem essa porta"))?;
        match data.outputs[output] {
            _ if data.is_blocked(output) => Err(Refused::input("A porta está bloqueada")),
            Plug::Free => Ok((splitter, output as u8)),
            Plug::Drop(drop) if Some(drop) == own_drop || self.force => Ok((splitter, output as u8)),
            _ => Err(Refused::input("A porta já está ocupada")),
        }
    }
}

fn first_free(world: &World, splitter: u32) -> Option<Socket> {
    let data = world.splitters.get(splitter).filter(|data| data.is_drop)?;
    data.first_free().map(|output| (splitter, output as u8))
}

impl Resident {
    fn take(world: &World, fields: &mut Object, home: Option<u32>, force: bool) -> Result<Resident, Refused> {
        match fields.remove("client") {
            None => Ok(Resident::Unsaid),
            Some(Value::Null) => Ok(Resident::Nobody),
            Some(Value::Object(client)) => match client.get("implanted") {
                None | Some(Value::Bool(_) | Value::Null) => Ok(Resident::New(client)),
                Some(_) => Err(Refused::input("client.implanted must be true or false")),
            },
            Some(id) => {
                let client = named(world, &id, Kind::CLIENT, "client")?;
                let lives_in = world.clients.get(client).and_then(|data| data.property);
                match lives_in {
                    Some(other) if Some(other) != home && !force => {
                        Err(Refused::input("O cliente já está em outro imóvel"))
                    }
                    _ => Ok(Resident::Known(client)),
                }
            }
        }
    }
}

impl World {
    /// A client from the fields that were posted.
    pub fn create_client(&mut self, mut fields: Object) -> Result<u32, Refused> {
        let code = fields.remove("code").and_then(|code| text_of(&code));
        let implanted = flag(&mut fields, "implanted")?.unwrap_or(false);
        let data = ClientData { code: code.map(String::into_boxed_str), person: None, implanted, property: None };
        let seq = self.add_client(data, Moment::now());
        self.keep_extra(Id::new(Kind::CLIENT, seq), fields);
        Ok(seq)
    }

    /// `PATCH` of a client.
    pub fn update_client(&mut self, seq: u32, mut fields: Object) -> Result<(), Refused> {
        let implanted = flag(&mut fields, "implanted")?;
        if let Some(code) = fields.remove("code") {
            self.recode(seq, text_of(&code).as_deref());
        }
        if let (Some(implanted), Some(data)) = (implanted, self.clients.touch(seq)) {
            data.implanted = implanted;
        }
        self.keep_extra(Id::new(Kind::CLIENT, seq), fields);
        Ok(())
    }

    /// `POST properties`: a home, who lives there, its drop and its port, in one call. Answers the new home as the
    /// platform does: with the client as an id and without the connections.
    pub fn create_home(&mut self, mut fields: Object) -> Result<Value, Refused> {
        let wish = Wish::take(self, &mut fields)?;
        let resident = Resident::take(self, &mut fields, None, wish.force)?;
        let place = take_place(&mut fields)?.flatten();
        let by_splitter = wish.connector.and_then(|splitter| self.splitters.get(splitter)).map(|data| data.parent);
        let in_box = wish.in_box.flatten().or(by_splitter);
        let socket = wish.socket(self, in_box, None)?;
        let project = self.project_of(fields.remove("project").as_ref());
        let project = project.or_else(|| Some(self.boxes.get(in_box?)?.project));
        let project = project.ok_or_else(|| Refused::input("project é obrigatório"))?;
        let place = place.or_else(|| self.boxes.get(in_box?)?.place);

        let seq = self.add_home(PropertyData { project, place, ..PropertyData::default() }, Moment::now());
        if let Some(in_box) = in_box {
            self.move_in(seq, in_box);
        }
        self.let_in(seq, resident)?;
        if let Some(socket) = socket {
            self.connect(seq, socket);
        }
        self.keep_extra(Id::new(Kind::PROPERTY, seq), fields);
        self.created_home(seq).ok_or_else(Refused::missing)
    }

    fn created_home(&self, seq: u32) -> Option<Value> {
        let mut row = self.value(Id::new(Kind::PROPERTY, seq))?;
        let client = self.properties.get(seq)?.client.map(|client| Id::new(Kind::CLIENT, client));
        let fields = row.as_object_mut()?;
        fields.remove("connections");
        fields.insert("client".to_owned(), json!(client));
        Some(row)
    }

    /// `PATCH properties/<id>`: moves the home to another box or port, or lets another client in.
    pub fn update_home(&mut self, seq: u32, mut fields: Object) -> Result<(), Refused> {
        let (in_box, drop) = self.properties.get(seq).map(|data| (data.in_box, data.drop)).unwrap_or_default();
        let wish = Wish::take(self, &mut fields)?;
        let resident = Resident::take(self, &mut fields, Some(seq), wish.force)?;
        let place = take_place(&mut fields)?;
        let by_splitter = wish.connector.and_then(|splitter| self.splitters.get(splitter)).map(|data| data.parent);
        let target = by_splitter.map(Some).or(wish.in_box).unwrap_or(in_box);
        let socket = wish.socket(self, target, drop)?;

        if target != in_box {
            self.leave_box(seq);
            if let Some(target) = target {
                self.move_in(seq, target);
            }
        }
        if let Some(socket) = socket {
            self.connect(seq, socket);
        }
        self.let_in(seq, resident)?;
        if let (Some(place), Some(data)) = (place, self.properties.touch(seq)) {
            data.place = place;
        }
        self.keep_extra(Id::new(Kind::PROPERTY, seq), fields);
        Ok(())
    }

    fn let_in(&mut self, home: u32, resident: Resident) -> Result<(), Refused> {
        let lives_here = self.properties.get(home).and_then(|data| data.client);
        match resident {
            Resident::Unsaid => {}
            Resident::Nobody => self.move_out(home),
            Resident::Known(client) if lives_here == Some(client) => {}
            Resident::Known(client) => self.settle(client, home),
            Resident::New(fields) => {
                let code = fields.get("code").and_then(text_of);
                let same = lives_here.filter(|seq| {
                    let data = self.clients.get(*seq);
                    code.is_some() && data.and_then(|data| data.code.as_deref()) == code.as_deref()
                });
                match same {
                    Some(client) => self.update_client(client, fields)?,
                    None => {
                        let client = self.create_client(fields)?;
                        self.settle(client, home);
                    }
                }
            }
        }
        Ok(())
    }

    /// Plugs a home in; whoever holds the port, which only `force` allows, is unplugged and keeps a note of it.
    fn connect(&mut self, home: u32, (splitter, output): Socket) {
        let holder = self.splitters.get(splitter).and_then(|data| data.outputs.get(usize::from(output)).copied());
        let own = self.properties.get(home).and_then(|data| data.drop);
        if let Some(Plug::Drop(drop)) = holder {
            if Some(drop) == own {
                return;
            }
            self.displace(drop);
        }
        let Some(in_box) = self.properties.get(home).and_then(|data| data.in_box) else { return };
        let drop = match own {
            Some(drop) => {
                self.unplug(drop);
                drop
            }
            None => self.lay_drop(home, in_box, Moment::now()),
        };
        self.plug(drop, splitter, output);
        self.splitters.touch(splitter);
        self.properties.touch(home);
    }

    fn displace(&mut self, drop: u32) {
        let Some(home) = self.drops.get(drop).map(|data| data.property) else { return };
        self.unplug(drop);
        if let Some(extra) = self.extra_mut(Id::new(Kind::PROPERTY, home)) {
            extra.insert("observation".to_owned(), "Desconectado ao ser criado um novo cliente na porta".into());
        }
    }

    /// The homes of a code, as `properties/client/<code>` shows them: with `_id` as well.
    pub fn homes_of(&self, code: &str) -> Vec<Value> {
        let clients = self.clients_with(code).iter().filter_map(|client| self.clients.get(*client)?.property);
        let rows = clients.filter_map(|home| {
            let id = Id::new(Kind::PROPERTY, home);
            let mut row = self.value(id)?;
            row.as_object_mut()?.insert("_id".to_owned(), json!(id));
            Some(row)
        });
        rows.collect()
    }

    /// Pulls a splitter's and a fiber's ends apart.
    pub fn disconnect(&mut self, fields: &Object) -> Result<(), Refused> {
        let end = |name: &str| {
            let id = fields.get(name).and_then(|end| end.get("id")?.as_str()).and_then(Id::parse);
            id.ok_or_else(|| Refused::input(format!("{name}.id não existe")))
        };
        let (a, b) = (end("elementA")?, end("elementB")?);
        let (splitter, fiber) = if a.kind == Kind::SPLITTER { (a, b) } else { (b, a) };
        let drop = self.drops.get(fiber.seq).filter(|_| fiber.kind == Kind::DROP_FIBER).ok_or_else(Refused::missing)?;
        match drop.plugged {
            Some((seq, _)) if splitter == Id::new(Kind::SPLITTER, seq) => {
                self.unplug(fiber.seq);
                Ok(())
            }
            _ => Err(Refused::input("Os elementos não estão conectados")),
        }
    }
}

/// Codes come as texts or as numbers.
fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(|text| text.trim().to_owned()).or_else(|| value.as_i64().map(|number| number.to_string()))
}
