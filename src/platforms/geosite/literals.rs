//! Literals: what names a record is sent as records show it. A database may take a number for a text; a stricter reader of
//! filters finds nothing under the wrong one, which would look like a port that nobody is on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::columns::{Feature, Layout, Role};
use super::guessed::Described;
use super::listing::Row;

/// Columns that filters name or that name a record, the key apart.
const NAMING: [Role; 3] = [Role::Code, Role::Splitter, Role::Parent];

/// Which columns are shown as numbers, so far.
#[derive(Default)]
pub(super) struct Literals(Mutex<HashMap<(Feature, String), bool>>);

impl Literals {
    /// Notes what these records show.
    pub(super) fn learn(&self, layout: &Layout, rows: &[Row]) {
        let key = Described::key();
        let columns = NAMING.iter().flat_map(|role| layout.columns(*role)).chain([&key]);
        let shown = |column: &Described| rows.iter().find_map(|row| is_number(column.of_record(&row.record)?));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (column, number) in columns.filter_map(|column| Some((column, shown(column)?))) {
            known.insert((layout.feature, column.name.clone()), number);
        }
    }

    /// Whether a record of this feature was ever seen.
    pub(super) fn knows(&self, feature: Feature) -> bool {
        self.shown_as_number(feature, &Described::key()).is_some()
    }

    /// The value as this column shows its own. A column that names a splitter or a box and that was never seen filled is
    /// taken to be like the keys.
    pub(super) fn value(&self, layout: &Layout, column: &Described, value: &str) -> Value {
        let is_key = [Role::Splitter, Role::Parent].iter().any(|role| layout.columns(*role).contains(column));
        let like_keys = || {
            let features = [Feature::Splitter, layout.feature].into_iter();
            let mut known = features.filter_map(|feature| self.shown_as_number(feature, &Described::key()));
            is_key && known.next() == Some(true)
        };
        let number = self.shown_as_number(layout.feature, column).unwrap_or_else(like_keys);
        // Nothing but its own digits: 007 is a text whatever its neighbours are.
        let written = value.parse::<u64>().ok().filter(|n| number && n.to_string() == value);
        written.map_or_else(|| value.into(), Value::from)
    }

    fn shown_as_number(&self, feature: Feature, column: &Described) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(feature, column.name.clone())).copied()
    }
}

fn is_number(shown: &Value) -> Option<bool> {
    match shown {
        Value::Number(_) => Some(true),
        Value::String(text) if !text.trim().is_empty() => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::wishes::Wishes;
    use super::*;

    #[test]
    fn s2_what_is_shown_as_a_number_is_sent_as_one_and_text_stays_text() {
        let names = ["fid", "codigo", "nome", "fid_splitter", "porta"];
        let there = names.map(|name| Described { name: name.to_owned(), other: None });
        let layout = Layout::find(Feature::Customer, &there, &Wishes::new()).unwrap();
        let sent = |literals: &Literals, role, value| literals.value(&layout, layout.column(role).unwrap(), value);
        let literals = Literals::default();
        assert_eq!(sent(&literals, Role::Splitter, "3"), json!("3"), "nothing is known");
        let row = |record: Value| Row { fid: "7".to_owned(), record: record.as_object().cloned().unwrap() };
        literals.learn(&layout, &[row(json!({"fid": 7, "codigo": "12", "fid_splitter": null}))]);
        assert!(literals.knows(Feature::Customer) && !literals.knows(Feature::Cto));
        assert_eq!(sent(&literals, Role::Splitter, "3"), json!(3), "like the keys");
        assert_eq!(sent(&literals, Role::Code, "12"), json!("12"));
        assert_eq!(literals.value(&layout, &Described::key(), "7"), json!(7));
        literals.learn(&layout, &[row(json!({"fid": 7, "codigo": 12, "fid_splitter": "3"}))]);
        assert_eq!((sent(&literals, Role::Splitter, "3"), sent(&literals, Role::Code, "12")), (json!("3"), json!(12)));
        assert_eq!(
            (sent(&literals, Role::Code, "007"), sent(&literals, Role::Code, "X-1")),
            (json!("007"), json!("X-1"))
        );
    }
}
