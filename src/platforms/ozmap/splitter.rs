//! A splitter's row, and what it says of each of its outputs.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::liberal::{as_number, as_reference, flag, items, number, reference, text};

/// A splitter.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Splitter {
    #[serde(default, deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "reference")]
    pub(super) parent: Option<String>,
    #[serde(default, rename = "isDrop", deserialize_with = "flag")]
    pub(super) is_drop: Option<bool>,
    #[serde(default, deserialize_with = "outputs")]
    connectables: Option<Vec<Option<String>>>,
    #[serde(default, deserialize_with = "output_count")]
    ratio: Option<usize>,
    #[serde(default, deserialize_with = "items")]
    ports: Vec<Port>,
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
}
