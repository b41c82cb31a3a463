//! OZMap's rows as they come: nothing outside this folder sees them.
//!
//! Everything is optional and every field takes what servers of different ages send: `id` or `_id`, a reference as an
//! id or as the whole object, numbers and flags as text. A field of a form that nobody knows counts as missing.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::liberal::{as_number, as_reference, as_text, flag, items, maybe_items, number, reference, text};
use crate::Place;

/// What all rows have.
pub(super) trait Row: DeserializeOwned + Send {
    /// Its id, under either name.
    fn id(&self) -> Option<&str>;
    /// The project it belongs to, where it says so.
    fn project(&self) -> Option<&str> {
        None
    }
}

/// Declares a row with its id under both names, and optionally its project.
macro_rules! row {
    ($(#[$about:meta])* $name:ident { $($fields:tt)* }) => {
        row!(@plain $(#[$about])* $name { $($fields)* });
        impl Row for $name {
            fn id(&self) -> Option<&str> {
                self.id.as_deref().or(self._id.as_deref())
            }
        }
    };
    (in a project: $(#[$about:meta])* $name:ident { $($fields:tt)* }) => {
        row!(@plain $(#[$about])* $name {
            #[serde(default, deserialize_with = "reference")] project: Option<String>,
            $($fields)*
        });
        impl Row for $name {
            fn id(&self) -> Option<&str> {
                self.id.as_deref().or(self._id.as_deref())
            }
            fn project(&self) -> Option<&str> {
                self.project.as_deref()
            }
        }
    };
    (@plain $(#[$about:meta])* $name:ident { $($fields:tt)* }) => {
        $(#[$about])*
        #[derive(Debug, Default, Deserialize)]
        pub(super) struct $name {
            #[serde(default, deserialize_with = "reference")] id: Option<String>,
            #[serde(default, deserialize_with = "reference")] _id: Option<String>,
            $($fields)*
        }
    };
}

row! {
    /// A project, with the numbers that its levels have.
    Project {
        #[serde(default, deserialize_with = "text")] pub(super) name: Option<String>,
        #[serde(default, rename = "hierarchyLevels")] pub(super) levels: Value,
    }
}

row! { in a project:
    /// A box.
    BoxRow {
        #[serde(default, deserialize_with = "text")] pub(super) name: Option<String>,
        #[serde(default, rename = "hierarchyLevel", deserialize_with = "number")] pub(super) level: Option<f64>,
        #[serde(default, rename = "boxType")] pub(super) box_type: Value,
        #[serde(default, deserialize_with = "flag")] pub(super) draft: Option<bool>,
        #[serde(default, deserialize_with = "flag")] pub(super) implanted: Option<bool>,
        #[serde(default, flatten)] pub(super) point: Point,
    }
}

row! {
    /// A pole.
    Pole {
        #[serde(default, deserialize_with = "text")] pub(super) name: Option<String>,
        #[serde(default, flatten)] pub(super) point: Point,
    }
}

row! { in a project:
    /// A cable or a drop.
    Cable {
        #[serde(default, deserialize_with = "text")] pub(super) name: Option<String>,
        #[serde(default, rename = "boxA", deserialize_with = "reference")] pub(super) box_a: Option<String>,
        #[serde(default, rename = "boxB", deserialize_with = "reference")] pub(super) box_b: Option<String>,
        #[serde(default, deserialize_with = "text")] pub(super) kind: Option<String>,
    }
}

row! { in a project:
    /// A splitter.
    Splitter {
        #[serde(default, deserialize_with = "text")] pub(super) name: Option<String>,
        #[serde(default, deserialize_with = "reference")] pub(super) parent: Option<String>,
        #[serde(default, rename = "isDrop", deserialize_with = "flag")] pub(super) is_drop: Option<bool>,
        #[serde(default, deserialize_with = "outputs")] connectables: Option<Vec<Option<String>>>,
        #[serde(default, deserialize_with = "output_count")] ratio: Option<usize>,
        #[serde(default, deserialize_with = "items")] ports: Vec<Port>,
    }
}

/// A splitter's output by hand: its mark, not what is plugged in.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Port {
    #[serde(default, deserialize_with = "reference")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "number")]
    index: Option<f64>,
    #[serde(default, deserialize_with = "flag")]
    pub(super) blocked: Option<bool>,
}

/// What a splitter says of one of its outputs.
#[derive(Debug, PartialEq)]
pub(super) enum Output<'a> {
    /// It has no such output.
    Missing,
    /// Nothing is plugged in.
    Empty,
    /// This fiber or cord is plugged in.
    Holds(&'a str),
    /// It does not list what is plugged into its outputs.
    Unlisted,
}

impl Splitter {
    /// How many outputs it has: those it lists, else those of its ratio.
    pub(super) fn outputs(&self) -> usize {
        self.connectables.as_ref().map(Vec::len).filter(|n| *n > 0).or(self.ratio).unwrap_or(self.ports.len())
    }

    /// What it says of this output, counted from 0.
    pub(super) fn output(&self, sequencia: usize) -> Output<'_> {
        if sequencia >= self.outputs() {
            return Output::Missing;
        }
        match self.connectables.as_ref().and_then(|list| list.get(sequencia)) {
            Some(Some(fiber)) => Output::Holds(fiber),
            Some(None) => Output::Empty,
            None => Output::Unlisted,
        }
    }

    /// The fibers that are plugged in, with their outputs.
    pub(super) fn plugged(&self) -> impl Iterator<Item = (usize, &str)> {
        self.connectables.iter().flatten().enumerate().filter_map(|(i, fiber)| Some((i, fiber.as_deref()?)))
    }

    /// The platform's own row of this output. Rows with an `index` are found by it, others by their position.
    pub(super) fn port(&self, sequencia: usize) -> Option<&Port> {
        let indexed = |first: f64| {
            self.ports.iter().find(|p| p.index.is_some_and(|i| (i - first - sequencia as f64).abs() < 0.5))
        };
        if self.ports.iter().all(|p| p.index.is_none()) {
            return self.ports.get(sequencia);
        }
        let lowest = self.ports.iter().filter_map(|p| p.index).fold(f64::INFINITY, f64::min);
        let highest = self.ports.iter().filter_map(|p| p.index).fold(0.0, f64::max);
        // From 0, unless it can only be from 1.
        let from_one = lowest >= 1.0 && highest as usize >= self.outputs();
        indexed(if from_one { 1.0 } else { 0.0 })
    }

    /// Whether this output is blocked by hand.
    pub(super) fn blocked(&self, sequencia: usize) -> bool {
        self.port(sequencia).and_then(|p| p.blocked).unwrap_or(false)
    }
}

row! { in a project:
    /// A property (imóvel): the home that ties a customer to a port.
    Property {
        #[serde(default, rename = "box", deserialize_with = "reference")] pub(super) box_id: Option<String>,
        #[serde(default, deserialize_with = "reference")] pub(super) drop: Option<String>,
        #[serde(default, deserialize_with = "client")] pub(super) client: Option<Client>,
        #[serde(default, deserialize_with = "maybe_items")] pub(super) connections: Option<Vec<Connection>>,
        #[serde(default)] history: Value,
    }
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

row! {
    /// A fiber or a cord; its parent is a cable.
    Fiber {
        #[serde(default, deserialize_with = "reference")] pub(super) parent: Option<String>,
    }
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

fn outputs<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<Option<String>>>, D::Error> {
    let connectables = Value::deserialize(d)?;
    let list = connectables.get("output").and_then(Value::as_array);
    Ok(list.map(|list| list.iter().map(as_reference).collect()))
}

fn output_count<'de, D: Deserializer<'de>>(d: D) -> Result<Option<usize>, D::Error> {
    let ratio = Value::deserialize(d)?;
    let count = ratio.get("output").and_then(as_number);
    // No splitter has more outputs than that: a wilder number is a mistake, and must not become ports.
    Ok(count.filter(|n| (0.0..=1024.0).contains(n)).map(|n| n as usize))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn splitter(value: Value) -> Splitter {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn rows_are_read_in_every_form_in_use() {
        for value in [
            json!({"id": "a", "_id": "a", "name": "CTO", "project": "p", "coords": [-48.5, -27.5], "implanted": true}),
            json!({"_id": "a", "name": "CTO", "project": {"id": "p"}, "lat": "-27.5", "lng": "-48.5", "implanted": "true"}),
            json!({"_id": {"$oid": "a"}, "name": "CTO", "project": {"_id": "p"}, "coords": ["-48.5", -27.5], "implanted": 1}),
            json!({"id": "a", "name": "CTO", "project": "p", "coords": null, "lat": -27.5, "lng": -48.5, "implanted": true}),
        ] {
            let row: BoxRow = serde_json::from_value(value.clone()).unwrap();
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
    fn outputs_are_positions_else_the_ratio() {
        let listed =
            splitter(json!({"connectables": {"output": [null, "f", {"id": "g"}, ""]}, "ratio": {"output": 8}}));
        assert_eq!(listed.outputs(), 4);
        assert_eq!(listed.output(0), Output::Empty);
        assert_eq!(listed.output(1), Output::Holds("f"));
        assert_eq!(listed.output(2), Output::Holds("g"));
        assert_eq!(listed.output(3), Output::Empty);
        assert_eq!(listed.output(4), Output::Missing);
        let counted = splitter(json!({"ratio": {"output": "8"}}));
        assert_eq!((counted.outputs(), counted.output(7), counted.output(8)), (8, Output::Unlisted, Output::Missing));
        assert_eq!(splitter(json!({"ratio": {"output": 1e9}})).outputs(), 0);
    }

    #[test]
    fn blocked_ports_are_found_by_position_or_index() {
        let output = json!({"output": [null, null]});
        let blocked = |ports: Value| {
            let s = splitter(json!({"connectables": output, "ports": ports}));
            [s.blocked(0), s.blocked(1)]
        };
        assert_eq!(blocked(Value::Null), [false, false]);
        assert_eq!(blocked(json!([{"id": "x", "blocked": false}, {"id": "y", "blocked": true}])), [false, true]);
        assert_eq!(blocked(json!([{"index": 1, "blocked": true}, {"index": 0}])), [false, true]);
        assert_eq!(blocked(json!([{"index": 2, "blocked": "true"}, {"index": 1}])), [false, true]);
        assert_eq!(blocked(json!([{"index": 1, "blocked": true}])), [false, true]);
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
