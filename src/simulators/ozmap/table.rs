//! Rows by number, the live ones in order, and sorted lists that serve as indexes.

use super::id::Moment;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::hash::Hash;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// A row: what the simulator understands of it, and whatever else was written to it.
#[derive(Clone, Debug)]
pub(super) struct Row<T> {
    pub data: T,
    pub created: Moment,
    pub updated: Moment,
    /// Fields as they were posted or patched; they win over what is made up.
    pub extra: Option<Box<Object>>,
}

/// Rows by number. Numbers are never used twice.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    rows: Vec<Option<Row<T>>>,
    live: Vec<u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { rows: Vec::new(), live: Vec::new() }
    }
}

impl<T> Table<T> {
    pub fn with_room(rows: usize) -> Table<T> {
        Table { rows: Vec::with_capacity(rows), live: Vec::with_capacity(rows) }
    }

    /// The number that the next row gets.
    pub fn next(&self) -> u32 {
        self.rows.len() as u32
    }

    pub fn push(&mut self, data: T, at: Moment) -> u32 {
        let seq = self.next();
        self.rows.push(Some(Row { data, created: at, updated: at, extra: None }));
        self.live.push(seq);
        seq
    }

    pub fn row(&self, seq: u32) -> Option<&Row<T>> {
        self.rows.get(seq as usize)?.as_ref()
    }

    pub fn row_mut(&mut self, seq: u32) -> Option<&mut Row<T>> {
        self.rows.get_mut(seq as usize)?.as_mut()
    }

    pub fn get(&self, seq: u32) -> Option<&T> {
        self.row(seq).map(|row| &row.data)
    }

    /// For a change: the row counts as updated now.
    pub fn touch(&mut self, seq: u32) -> Option<&mut T> {
        let row = self.row_mut(seq)?;
        row.updated = Moment::now();
        Some(&mut row.data)
    }

    pub fn remove(&mut self, seq: u32) -> Option<T> {
        let row = self.rows.get_mut(seq as usize)?.take()?;
        take_out(&mut self.live, seq);
        Some(row.data)
    }

    /// The numbers of all rows, ascending.
    pub fn live(&self) -> &[u32] {
        &self.live
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.live.iter().filter_map(|seq| Some((*seq, self.get(*seq)?)))
    }
}

/// Puts a number into a sorted list.
pub(super) fn put_in(list: &mut Vec<u32>, seq: u32) {
    match list.last() {
        Some(last) if *last >= seq => {
            if let Err(at) = list.binary_search(&seq) {
                list.insert(at, seq);
            }
        }
        _ => list.push(seq),
    }
}

/// Takes a number out of a sorted list.
pub(super) fn take_out(list: &mut Vec<u32>, seq: u32) {
    if let Ok(at) = list.binary_search(&seq) {
        list.remove(at);
    }
}

/// From a key to the sorted numbers of the rows that have it.
#[derive(Clone, Debug)]
pub(super) struct Index<K>(HashMap<K, Vec<u32>>);

impl<K> Default for Index<K> {
    fn default() -> Index<K> {
        Index(HashMap::new())
    }
}

impl<K: Eq + Hash> Index<K> {
    pub fn put(&mut self, key: K, seq: u32) {
        put_in(self.0.entry(key).or_default(), seq);
    }

    pub fn take<Q: Eq + Hash + ?Sized>(&mut self, key: &Q, seq: u32)
    where
        K: std::borrow::Borrow<Q>,
    {
        if let Some(list) = self.0.get_mut(key) {
            take_out(list, seq);
            if list.is_empty() {
                self.0.remove(key);
            }
        }
    }

    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> &[u32]
    where
        K: std::borrow::Borrow<Q>,
    {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_numbers_and_the_live_ones_stay_in_order() {
        let mut table = Table::default();
        for letter in ["a", "b", "c"] {
            table.push(letter, Moment(0));
        }
        assert_eq!(table.remove(1), Some("b"));
        assert_eq!(table.remove(1), None);
        assert_eq!(table.push("d", Moment(0)), 3);
        assert_eq!(table.live(), [0, 2, 3]);
    }

    #[test]
    fn an_index_is_sorted_whatever_the_order_of_arrival() {
        let mut index = Index::default();
        for seq in [5, 1, 3, 3] {
            index.put("k", seq);
        }
        assert_eq!(index.get("k"), [1, 3, 5]);
        index.take("k", 3);
        assert_eq!(index.get("k"), [1, 5]);
        assert!(index.get("other").is_empty());
    }
}
