//! Reading values in whatever form they come: a form that nobody knows counts as missing, and breaks nothing.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Text, or a number as text. Blank is missing.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.trim().to_owned()).filter(|s| !s.is_empty()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A number, or text that is one.
pub(crate) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
    .filter(|n: &f64| n.is_finite())
}

/// Yes or no in the forms in use.
pub(crate) fn as_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::Number(n) => n.as_f64().map(|n| n != 0.0),
        Value::String(s) => match s.trim().to_lowercase().as_str() {
            "true" | "1" | "s" | "sim" => Some(true),
            "false" | "0" | "n" | "nao" | "não" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// An id, given alone or as the whole element.
pub(crate) fn as_reference(value: &Value) -> Option<String> {
    match value {
        Value::Object(map) => ["id", "_id", "$oid"].iter().find_map(|key| map.get(*key).and_then(as_reference)),
        other => as_text(other),
    }
}

fn as_items<T: DeserializeOwned>(value: Value) -> Option<Vec<T>> {
    match value {
        Value::Array(list) => Some(list.into_iter().filter_map(|v| serde_json::from_value(v).ok()).collect()),
        _ => None,
    }
}

pub(crate) fn text<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(d).map(|v| as_text(&v))
}

pub(crate) fn number<'de, D: Deserializer<'de>>(d: D) -> Result<Option<f64>, D::Error> {
    Value::deserialize(d).map(|v| as_number(&v))
}

pub(crate) fn flag<'de, D: Deserializer<'de>>(d: D) -> Result<Option<bool>, D::Error> {
    Value::deserialize(d).map(|v| as_flag(&v))
}

pub(crate) fn reference<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(d).map(|v| as_reference(&v))
}

pub(crate) fn items<'de, D: Deserializer<'de>, T: DeserializeOwned>(d: D) -> Result<Vec<T>, D::Error> {
    Value::deserialize(d).map(|v| as_items(v).unwrap_or_default())
}

pub(crate) fn maybe_items<'de, D: Deserializer<'de>, T: DeserializeOwned>(d: D) -> Result<Option<Vec<T>>, D::Error> {
    Value::deserialize(d).map(as_items)
}
