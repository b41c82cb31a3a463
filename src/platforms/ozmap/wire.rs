//! OZMap's rows as they come: nothing outside this folder sees them.
//!
//! Everything is optional and every field takes what servers of different ages send: `id` or `_id`, a reference as an
//! id or as the whole object, numbers and flags as text. A field of a form that nobody knows counts as missing.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::Place;
use crate::liberal::{as_number, as_reference, as_text, flag, maybe_items, number, reference, text};

/// What all rows have, and what one of this kind has besides.
#[derive(Debug, Deserialize)]
pub(super) struct Row<T> {
    #[serde(default, deserialize_with = "reference")]
    id: Option<String>,
    #[serde(default, deserialize_with = "reference")]
    _id: Option<String>,
    #[serde(default, deserialize_with = "reference")]
    project: Option<String>,
    #[serde(flatten)]
    of: T,
}

impl<T> Row<T> {
    /// Its id, under either name.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_deref().or(self._id.as_deref())
    }

    /// The project it belongs to, where it says so.
    pub(super) fn project(&self) -> Option<&str> {
        self.project.as_deref()
    }
}

impl<T> Deref for Row<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.of
    }
}

impl<T> DerefMut for Row<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.of
    }
}

/// A project, with the numbers that its levels have.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Project {
    #[serde(default, deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(default, rename = "hierarchyLevels")]
    pub(super) levels: Value,
}

/// A box.
#[derive(Debug, Default, Deserialize)]
pub(super) struct OpticalBox {
    #[serde(default, deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(default, rename = "hierarchyLevel", deserialize_with = "number")]
    pub(super) level: Option<f64>,
    #[serde(default, rename = "boxType")]
    pub(super) box_type: Value,
    #[serde(default, deserialize_with = "flag")]
    pub(super) draft: Option<bool>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) implanted: Option<bool>,
    #[serde(default, flatten)]
    pub(super) point: Point,
}

/// A pole.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Pole {
    #[serde(default, deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(default, flatten)]
    pub(super) point: Point,
}

/// A cable or a drop.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Cable {
    #[serde(default, deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(default, rename = "boxA", deserialize_with = "reference")]
    pub(super) box_a: Option<String>,
    #[serde(default, rename = "boxB", deserialize_with = "reference")]
    pub(super) box_b: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(super) kind: Option<String>,
}

/// A property (imóvel): the home that ties a customer to a port.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Property {
    #[serde(default, rename = "box", deserialize_with = "reference")]
    pub(super) box_id: Option<String>,
    #[serde(default, deserialize_with = "reference")]
    pub(super) drop: Option<String>,
    #[serde(default, deserialize_with = "client")]
    pub(super) client: Option<Client>,
    #[serde(default, deserialize_with = "maybe_items")]
    pub(super) connections: Option<Vec<Connection>>,
    #[serde(default)]
    history: Value,
}

impl Property {
    /// Where it is plugged into a splitter: splitter, output from 0, fiber.
    pub(super) fn plugs(&self) -> impl Iterator<Item = (&str, i32, Option<&str>)> {
        self.connections.iter().flatten().filter_map(Connection::plug)
    }

    /// Its client given by id alone, with the code that its history remembers of him: spares a sync a call for each.
    pub(super) fn remembered_client(&self) -> Option<Client> {
        let client = self.client.as_ref().filter(|c| c.code.is_none())?;
        let past = self.history.get("clients")?.as_array()?;
        let entry = past.iter().rev().find(|c| as_reference(c).is_some() && as_reference(c) == client.id)?;
        Some(Client { code: Some(as_text(entry.get("code")?)?), ..client.clone() })
    }

    /// Notes where it is plugged in, found by another way than its own row.
    pub(super) fn note_plug(&mut self, splitter: Option<&str>, output: usize, fiber: &str) {
        self.connections = Some(vec![Connection {
            id: splitter.map(str::to_owned),
            port: Some(output as f64 + 1.0),
            fiber: Some(fiber.to_owned()),
            ..Connection::default()
        }]);
    }
}

/// One end of a property's drop.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Connection {
    #[serde(default, deserialize_with = "reference")]
    id: Option<String>,
    #[serde(default, deserialize_with = "reference")]
    _id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "number")]
    port: Option<f64>,
    #[serde(default, deserialize_with = "reference")]
    fiber: Option<String>,
}

impl Connection {
    fn plug(&self) -> Option<(&str, i32, Option<&str>)> {
        let splitter = self.kind.as_deref().is_none_or(|k| k.eq_ignore_ascii_case("splitter"));
        let port = self.port.filter(|p| splitter && *p >= 1.0 && *p < 100_000.0)?;
        Some((self.id.as_deref().or(self._id.as_deref())?, port as i32 - 1, self.fiber.as_deref()))
    }
}

/// A customer: the id alone, or with what is known of him.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Client {
    pub(super) id: Option<String>,
    pub(super) code: Option<String>,
    pub(super) name: Option<String>,
}

/// A fiber or a cord; its parent is a cable.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Fiber {
    #[serde(default, deserialize_with = "reference")]
    pub(super) parent: Option<String>,
}

/// A customer asked for by his own id.
#[derive(Debug, Deserialize)]
pub(super) struct ClientRow(#[serde(deserialize_with = "client")] pub(super) Option<Client>);

/// Where something is: `coords [lng, lat]`, or `lat` and `lng`, any of which may be null.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Point {
    #[serde(default)]
    coords: Value,
    #[serde(default, deserialize_with = "number")]
    lat: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    lng: Option<f64>,
}

impl Point {
    pub(super) fn place(&self) -> Option<Place> {
        let pair = || Some((as_number(self.coords.get(1)?)?, as_number(self.coords.get(0)?)?));
        let (latitude, longitude) = pair().or_else(|| Some((self.lat?, self.lng?)))?;
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_earth.then_some(Place { latitude, longitude })
    }
}

/// A listing's envelope. Older servers leave out what came later.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) rows: Vec<T>,
    #[serde(default, deserialize_with = "number")]
    pub(super) total: Option<f64>,
    /// How many rows are before these.
    #[serde(default, deserialize_with = "number")]
    pub(super) start: Option<f64>,
    #[serde(default, rename = "hasNextPage", deserialize_with = "flag")]
    pub(super) has_next: Option<bool>,
    #[serde(default, rename = "nextUrl", deserialize_with = "text")]
    pub(super) next_url: Option<String>,
}

/// What a login answers: the token under one name or the other.
#[derive(Deserialize)]
pub(super) struct LoggedIn {
    #[serde(default, deserialize_with = "text")]
    pub(super) authorization: Option<String>,
    #[serde(default, rename = "authenticationKey", deserialize_with = "text")]
    pub(super) authentication_key: Option<String>,
}

fn as_client(value: &Value) -> Option<Client> {
    let of = |key: &str| value.get(key).and_then(as_text);
    let client = Client { id: as_reference(value), code: of("code"), name: of("name") };
    (client != Client::default()).then_some(client)
}

fn client<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Client>, D::Error> {
    Value::deserialize(d).map(|v| as_client(&v))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_read_in_every_form_in_use() {
        for value in [
            json!({"id": "a", "_id": "a", "name": "CTO", "project": "p", "coords": [-48.5, -27.5], "implanted": true}),
            json!({"_id": "a", "name": "CTO", "project": {"id": "p"}, "lat": "-27.5", "lng": "-48.5", "implanted": "true"}),
            json!({"_id": {"$oid": "a"}, "name": "CTO", "project": {"_id": "p"}, "coords": ["-48.5", -27.5], "implanted": 1}),
            json!({"id": "a", "name": "CTO", "project": "p", "coords": null, "lat": -27.5, "lng": -48.5, "implanted": true}),
        ] {
            let row: Row<OpticalBox> = serde_json::from_value(value.clone()).unwrap();
            assert_eq!((row.id(), row.project(), row.name.as_deref()), (Some("a"), Some("p"), Some("CTO")), "{value}");
            assert_eq!(row.point.place(), Some(Place { latitude: -27.5, longitude: -48.5 }), "{value}");
            assert_eq!((row.implanted, row.draft), (Some(true), None));
        }
    }

    #[test]
    fn a_place_that_is_none_is_none() {
        for value in [json!({}), json!({"coords": [], "lat": null}), json!({"lat": 1.0}), json!({"coords": [200, 3]})] {
            assert_eq!(serde_json::from_value::<Point>(value).unwrap().place(), None);
        }
    }

    #[test]
    fn a_client_is_an_id_an_object_or_nobody() {
        let client =
            |value: Value| serde_json::from_value::<Property>(json!({"id": "p", "client": value})).unwrap().client;
        assert_eq!(client(Value::Null), None);
        assert_eq!(client(json!({})), None);
        assert_eq!(client(json!("c")), Some(Client { id: Some("c".into()), ..Client::default() }));
        let whole = client(json!({"_id": "c", "code": 4411, "name": "Ana"})).unwrap();
        assert_eq!((whole.id.as_deref(), whole.code.as_deref()), (Some("c"), Some("4411")));
    }

    #[test]
    fn ports_are_counted_from_one_on_the_platform() {
        let property: Property = serde_json::from_value(json!({"_id": "p", "connections": [
            {"id": "s", "kind": "Splitter", "port": "3", "fiber": {"id": "f"}},
            {"_id": "t", "port": 1}, {"id": "u", "kind": "Fusion", "port": 1}, {"id": "v", "port": 0}, "?"
        ]}))
        .unwrap();
        assert_eq!(property.plugs().collect::<Vec<_>>(), [("s", 2, Some("f")), ("t", 0, None)]);
    }

    #[test]
    fn a_client_given_by_id_is_known_from_the_history() {
        let history = json!({"clients": [{"id": "c", "code": "7"}, {"id": "d", "code": "8"}]});
        let code = |client: Value, history: &Value| {
            let property = json!({"id": "p", "client": client, "history": history});
            serde_json::from_value::<Property>(property).unwrap().remembered_client().and_then(|c| c.code)
        };
        assert_eq!(code(json!("c"), &history).as_deref(), Some("7"));
        assert_eq!(code(json!("e"), &history), None);
        assert_eq!(code(json!({"id": "c", "code": "9"}), &history), None, "the client's own word counts");
        assert_eq!(code(json!("c"), &json!([])), None);
    }
}
