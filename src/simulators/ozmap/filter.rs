//! Filters: a list of `{property, operator, value}`, all of which must hold.

use super::id::{Id, Kind};
use super::refusal::Refused;
use super::resources::PROJECT;
use super::world::{Place, World};
use serde_json::Value;
use std::cmp::Ordering;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Like,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Exists,
    All,
    Near,
    Within,
    PointIntersect,
}

/// One item of a filter.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub property: String,
    pub operator: Operator,
    pub value: Value,
}

/// Reads a filter. What a nested list means is not known; its items are taken to hold together like the others.
pub(super) fn parse(filter: &Value) -> Result<Vec<Condition>, Refused> {
    match filter {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => Ok(items.iter().map(parse).collect::<Result<Vec<_>, _>>()?.concat()),
        Value::Object(item) => {
            let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::trim);
            let property = text("property").ok_or_else(|| Refused::input("filter: property is missing"))?;
            let operator = text("operator").unwrap_or("=");
            let operator = operator_of(operator).ok_or_else(|| Refused::input("filter: unknown operator"))?;
            let value = item.get("value").cloned().unwrap_or_default();
            Ok(vec![Condition { property: property.to_owned(), operator, value }])
        }
        _ => Err(Refused::input("filter must be a list")),
    }
}

fn operator_of(name: &str) -> Option<Operator> {
    Some(match name {
        "=" | "eq" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "like" => Operator::Like,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        "in" => Operator::In,
        "notin" => Operator::NotIn,
        "exists" => Operator::Exists,
        "all" => Operator::All,
        "near" => Operator::Near,
        "within" => Operator::Within,
        "point-intersect" => Operator::PointIntersect,
        _ => return None,
    })
}

impl Condition {
    /// The texts that the property must be one of, where that is what the condition says.
    pub fn wanted(&self) -> Option<Vec<&str>> {
        match (self.operator, &self.value) {
            (Operator::Equal, Value::String(text)) => Some(vec![text]),
            (Operator::In, Value::Array(list)) => list.iter().map(Value::as_str).collect(),
            _ => None,
        }
    }

    /// Whether a row passes.
    pub fn holds(&self, world: &World, id: Id) -> bool {
        if let Some(value) = quick(world, id, &self.property) {
            return self.accepts(world, &[&value]);
        }
        let Some(row) = world.value(id) else { return false };
        let mut found = Vec::new();
        dig(&row, &self.property, &mut found);
        self.accepts(world, &found)
    }

    fn accepts(&self, world: &World, found: &[&Value]) -> bool {
        let wanted = &self.value;
        let any = |test: &dyn Fn(&Value) -> bool| found.iter().any(|value| test(value));
        let compares = |test: &dyn Fn(Ordering) -> bool| any(&|value| order(value, wanted).is_some_and(test));
        match self.operator {
            Operator::Equal => equals(found, wanted),
            Operator::NotEqual => !equals(found, wanted),
            Operator::Like => any(&|value| like(value, wanted)),
            Operator::Less => compares(&Ordering::is_lt),
            Operator::LessOrEqual => compares(&Ordering::is_le),
            Operator::Greater => compares(&Ordering::is_gt),
            Operator::GreaterOrEqual => compares(&Ordering::is_ge),
            Operator::In => each(wanted).any(|one| equals(found, one)),
            Operator::NotIn => !each(wanted).any(|one| equals(found, one)),
            Operator::All => each(wanted).all(|one| equals(found, one)),
            Operator::Exists => any(&|value| !value.is_null()) == wanted.as_bool().unwrap_or(true),
            Operator::Near => near(found, wanted),
            Operator::Within => within(world, found, wanted),
            Operator::PointIntersect => point(wanted).is_some_and(|place| any(&|area| contains(area, place))),
        }
    }
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(list)).iter()
}

/// Values that cost nothing to get at, for the properties that are filtered by most.
fn quick(world: &World, id: Id, property: &str) -> Option<Value> {
    let text = |id: Id| Value::String(id.to_string());
    match (id.kind, property) {
        (_, "id" | "_id") => Some(text(id)),
        (Kind::SPLITTER, "isDrop") => world.splitters.get(id.seq).map(|data| data.is_drop.into()),
        (Kind::SPLITTER, "implanted") => world.splitters.get(id.seq).map(|data| data.implanted.into()),
        (Kind::SPLITTER, "project") => world.splitters.get(id.seq).map(|data| text(Id::new(PROJECT, data.project))),
        (Kind::BOX, "project") => world.boxes.get(id.seq).map(|data| text(Id::new(PROJECT, data.project))),
        (Kind::BOX, "draft") => world.boxes.get(id.seq).map(|data| data.draft.into()),
        (Kind::BOX, "implanted") => world.boxes.get(id.seq).map(|data| data.implanted.into()),
        (Kind::PROPERTY, "project") => world.properties.get(id.seq).map(|data| text(Id::new(PROJECT, data.project))),
        (_, "updatedAt") => world.updated(id).and_then(|moment| serde_json::to_value(moment).ok()),
        _ => None,
    }
}

/// What a dotted property leads to; lists on the way are looked through.
pub(super) fn dig<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(list) if !path.is_empty() => list.iter().for_each(|one| dig(one, path, found)),
        Value::Object(fields) if !path.is_empty() => {
            let (first, rest) = path.split_once('.').unwrap_or((path, ""));
            let field = fields.get(first).or_else(|| fields.get("id").filter(|_| first == "_id"));
            if let Some(field) = field {
                dig(field, rest, found);
            }
        }
        // An id stands for the thing it names: `client._id` and `client` are one.
        Value::String(_) if path == "_id" || path == "id" => found.push(value),
        _ if path.is_empty() => found.push(value),
        _ => {}
    }
}

/// Nothing and null are one; a list equals what it contains; numbers and their texts are one.
fn equals(found: &[&Value], wanted: &Value) -> bool {
    if wanted.is_null() {
        return found.iter().all(|value| value.is_null());
    }
    found.iter().any(|value| match value {
        Value::Array(list) => list.iter().any(|one| same(one, wanted)),
        // A row in place of its id.
        Value::Object(fields) => fields.get("id").is_some_and(|id| same(id, wanted)),
        other => same(other, wanted),
    })
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            number.to_string() == *text
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

pub(super) fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => number(a)?.partial_cmp(&number(b)?),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn like(value: &Value, wanted: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).to_lowercase();
    text(value).contains(text(wanted).trim_matches('%'))
}

/// A point in one of the four ways in which it may be written.
pub(super) fn point(value: &Value) -> Option<Place> {
    let pair = |lng: &Value, lat: &Value| Some(Place { lng: number(lng)?, lat: number(lat)? });
    let field = |name: &str| value.get(name);
    field("lat")
        .zip(field("lng"))
        .or_else(|| field("latitude").zip(field("longitude")))
        .and_then(|(lat, lng)| pair(lng, lat))
        .or_else(|| {
            let list = field("coords").or_else(|| field("coordinates")).unwrap_or(value).as_array()?;
            pair(list.first()?, list.get(1)?)
        })
}

/// The circle that `near` asks for; without a radius, a kilometre.
pub(super) fn circle(value: &Value) -> Option<(Place, f64)> {
    Some((point(value)?, value.get("radius").map_or(Some(1_000.0), number)?))
}

fn near(found: &[&Value], wanted: &Value) -> bool {
    let Some((centre, radius)) = circle(wanted) else { return false };
    found.iter().any(|value| point(value).is_some_and(|place| place.metres_to(centre) <= radius))
}

fn within(world: &World, found: &[&Value], wanted: &Value) -> bool {
    let inside = |area: &Value| found.iter().any(|value| point(value).is_some_and(|place| contains(area, place)));
    let Some(model) = wanted.get("id").and_then(Value::as_str) else { return inside(wanted) };
    let Some(row) = Id::parse(model).and_then(|id| world.value(id)) else { return false };
    row.get("area").or_else(|| row.get("polygon")).is_some_and(inside)
}

/// Whether a GeoJSON polygon's outer ring goes round a place (ray casting).
fn contains(area: &Value, place: Place) -> bool {
    let ring = area.get("coordinates").and_then(|rings| rings.get(0)).and_then(Value::as_array);
    let corners: Vec<Place> = ring.into_iter().flatten().filter_map(point).collect();
    let previous = corners.iter().cycle().skip(corners.len().saturating_sub(1));
    corners.iter().zip(previous).fold(false, |inside, (a, b)| {
        let crosses = (a.lat > place.lat) != (b.lat > place.lat)
            && place.lng < (b.lng - a.lng) * (place.lat - a.lat) / (b.lat - a.lat) + a.lng;
        inside != crosses
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn passes(row: &Value, property: &str, operator: &str, value: Value) -> bool {
        let filter = json!([{ "property": property, "operator": operator, "value": value }]);
        let conditions = parse(&filter).unwrap();
        let mut found = Vec::new();
        dig(row, &conditions[0].property, &mut found);
        conditions[0].accepts(&World::empty(), &found)
    }

    #[test]
    fn every_operator_says_yes_and_no() {
        let row = json!({ "name": "CTO-000012", "n": 5, "onu": { "serial_number": "AB" }, "tags": ["a", "b"], "pole": null,
            "connections": [{ "id": "s1" }], "coords": [-49.0, -27.0], "client": { "id": "c1" } });
        for (property, operator, yes, no) in [
            ("onu.serial_number", "=", json!("AB"), json!("AC")),
            ("n", "eq", json!("5"), json!(6)),
            ("pole", "=", json!(null), json!("x")),
            ("client", "=", json!("c1"), json!("c2")),
            ("connections.id", "=", json!("s1"), json!("s2")),
            ("n", "!=", json!(6), json!(5)),
            ("name", "like", json!("cto"), json!("ce-")),
            ("n", "<", json!(6), json!(5)),
            ("n", "<=", json!(5), json!(4)),
            ("n", ">", json!(4), json!(5)),
            ("n", ">=", json!(5), json!(6)),
            ("name", "in", json!(["x", "CTO-000012"]), json!(["x"])),
            ("name", "notin", json!(["x"]), json!(["CTO-000012"])),
            ("absent", "exists", json!(false), json!(true)),
            ("tags", "all", json!(["a", "b"]), json!(["a", "c"])),
            (
                "coords",
                "near",
                json!({ "lat": "-27.0", "lng": -49.001, "radius": 200 }),
                json!({ "coords": [-49.1, -27.0] }),
            ),
            (
                "coords",
                "within",
                json!({ "type": "Polygon", "coordinates": [[[-50, -28], [-48, -28], [-48, -26], [-50, -26]]] }),
                json!({ "type": "Polygon", "coordinates": [[[-48, -28], [-47, -28], [-47, -26], [-48, -26]]] }),
            ),
        ] {
            assert!(passes(&row, property, operator, yes.clone()), "{property} {operator} {yes}");
            assert!(!passes(&row, property, operator, no.clone()), "{property} {operator} {no}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for wrong in [json!("x"), json!([{ "operator": "=" }]), json!([{ "property": "a", "operator": "~" }])] {
            assert!(parse(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse(&json!([[{ "property": "a", "value": 1 }], { "property": "b" }])).unwrap().len(), 2);
    }
}
