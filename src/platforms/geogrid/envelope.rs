//! What answers wrap their rows in. Seen were `registros` with a total, and a row's facts under `dados`. Nothing says that it is so
//! everywhere: what others make of the same names (a bare list, facts without `dados`, a list of one where one thing is expected)
//! is taken as well.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Failure;
use crate::http::{Answer, not_the_api};
use crate::liberal::{as_number, as_text};

/// A page's rows, [flat](flat).
#[derive(Debug, PartialEq)]
pub(super) struct Envelope {
    pub(super) rows: Vec<Value>,
    /// Comes as text, and does not always add up.
    pub(super) total: Option<f64>,
}

impl Envelope {
    /// The listing that this body is.
    pub(super) fn of(body: Value) -> Result<Self, Failure> {
        listing(body).ok_or_else(not_the_api)
    }

    /// What its first row is known by.
    pub(super) fn begins(&self) -> Option<String> {
        self.rows.first().and_then(|row| id(row).or_else(|| row.get("equipamento").and_then(id)))
    }
}

/// An object with a list of ports is one row: an equipment.
fn listing(body: Value) -> Option<Envelope> {
    let mut map = match body {
        Value::Array(rows) => return Some(Envelope { rows: rows.into_iter().map(flat).collect(), total: None }),
        Value::Object(map) => map,
        _ => return None,
    };
    let total = map.get("totalRegistros").and_then(as_number).filter(|total| *total >= 0.0);
    if !map.contains_key("registros") && map.get("portas").is_some_and(Value::is_array) {
        return Some(Envelope { rows: vec![flat(Value::Object(map))], total });
    }
    let inner = match map.remove("registros") {
        Some(Value::Null | Value::Bool(false)) => Value::Array(Vec::new()),
        Some(inner) => inner,
        None => map.remove("dados").filter(|dados| dados.is_array() || dados.get("portas").is_some())?,
    };
    let Envelope { rows, total: nested } = listing(inner)?;
    Some(Envelope { rows, total: total.or(nested) })
}

fn id(row: &Value) -> Option<String> {
    row.get("id").and_then(as_text)
}

/// A row's facts in one object: what stands under `dados` and, where that does not say it, what stands beside it.
pub(super) fn flat(row: Value) -> Value {
    let Value::Object(mut facts) = alone(row) else { return Value::Null };
    if let Some(Value::Object(dados)) = facts.remove("dados").map(alone) {
        facts.extend(dados.into_iter().filter(|(_, value)| !value.is_null()));
    }
    Value::Object(facts)
}

fn alone(value: Value) -> Value {
    match value {
        Value::Array(mut list) if list.len() == 1 => list.swap_remove(0),
        other => other,
    }
}

/// What an answer is about that is no listing: one thing as a rule, several where the server makes a listing of it, none in the
/// forms that stand for nothing: no body, `false`, `null`, an empty list.
pub(super) fn things(answer: &Answer) -> Result<Vec<Value>, Failure> {
    match something(answer)? {
        None => Ok(Vec::new()),
        Some(Value::Object(map)) if is_one(&map) => Ok(vec![flat(Value::Object(map))]),
        Some(body) => Envelope::of(body).map(|envelope| envelope.rows),
    }
}

fn is_one(map: &Map<String, Value>) -> bool {
    !map.contains_key("registros") && !map.get("dados").is_some_and(Value::is_array)
}

/// The body; `None` for the answers that stand for nothing: no body, `false`, `null`.
pub(super) fn something(answer: &Answer) -> Result<Option<Value>, Failure> {
    if answer.is_empty() {
        return Ok(None);
    }
    Ok(Some(answer.json::<Value>()?).filter(|body| !matches!(body, Value::Null | Value::Bool(false))))
}

/// Rows of this shape; what has another one is left out.
pub(super) fn read<T: DeserializeOwned>(rows: Vec<Value>) -> Vec<T> {
    rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_listing_is_read_in_every_envelope_and_nothing_else_is_one() {
        let one = Some(vec![json!({"id": 1, "nome": "a"})]);
        for body in [
            json!([{"id": 1, "nome": "a"}]),
            json!([[{"dados": {"id": 1, "nome": "a"}}]]),
            json!({"registros": [{"dados": {"id": 1}, "nome": "a"}]}),
            json!({"registros": [{"id": 1, "nome": "b", "dados": [{"nome": "a", "id": null}]}]}),
            json!({"dados": [{"id": 1, "nome": "a"}]}),
            json!({"dados": {"registros": null}, "registros": [{"id": 1, "nome": "a"}]}),
        ] {
            assert_eq!(listing(body.clone()).map(|envelope| envelope.rows), one, "{body}");
        }
        for body in [json!({"ok": true}), json!({"dados": {"id": 1}}), json!("x"), json!({"registros": "x"})] {
            assert_eq!(listing(body.clone()), None, "{body}");
        }
        assert_eq!(listing(json!({"registros": null})), Some(Envelope { rows: Vec::new(), total: None }));
    }

    #[test]
    fn totals_are_read_as_text_and_as_numbers() {
        for total in [json!("42"), json!(42)] {
            let envelope = listing(json!({"registros": [], "totalRegistros": total})).unwrap();
            assert_eq!(envelope.total, Some(42.0));
        }
    }
}
