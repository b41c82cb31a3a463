//! Everything that is in the city: records by feature, and what is done to them.

use super::columns::{Feature, Field, Installation};
use super::guessed;
use super::refusal::Refused;
use crate::server::{Occupied, PortChange};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What lists look up often.
const INDEXED: [Field; 3] = [Field::Codigo, Field::Splitter, Field::Caixa];

/// A record: what it holds, in no order.
#[derive(Clone, Debug, Default)]
pub(super) struct Row(Vec<(Field, Value)>);

impl Row {
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == field).map(|(_, value)| value)
    }

    pub fn text(&self, field: Field) -> Option<String> {
        match self.get(field)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub fn number(&self, field: Field) -> Option<f64> {
        self.text(field)?.parse().ok()
    }

    fn set(&mut self, field: Field, value: Value) {
        self.0.retain(|(known, _)| *known != field);
        if !value.is_null() {
            self.0.push((field, value));
        }
    }
}

/// The records of one feature.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: BTreeMap<u32, Row>,
    index: HashMap<(Field, String), BTreeSet<u32>>,
}

impl Table {
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn get(&self, fid: u32) -> Option<&Row> {
        self.rows.get(&fid)
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &Row)> {
        self.rows.iter().map(|(fid, row)| (*fid, row))
    }

    fn set(&mut self, fid: u32, field: Field, value: Value) {
        let row = self.rows.entry(fid).or_default();
        if !INDEXED.contains(&field) {
            return row.set(field, value);
        }
        let before = row.text(field);
        row.set(field, value);
        let after = row.text(field);
        if let Some(before) = before
            && let Some(fids) = self.index.get_mut(&(field, before))
        {
            fids.remove(&fid);
        }
        if let Some(after) = after {
            self.index.entry((field, after)).or_default().insert(fid);
        }
    }

    fn remove(&mut self, fid: u32) -> bool {
        for field in INDEXED {
            if self.rows.contains_key(&fid) {
                self.set(fid, field, Value::Null);
            }
        }
        self.rows.remove(&fid).is_some()
    }
}

/// Everything.
pub(super) struct World {
    pub installation: Installation,
    tables: [Table; 6],
    columns: Vec<Vec<(String, Field)>>,
    next: u32,
    /// What the call under way has changed on the ports; `None` while the city is built.
    pub changes: Option<Vec<PortChange>>,
}

impl World {
    pub fn empty(installation: Installation) -> World {
        let named =
            |feature| installation.columns(feature).iter().map(|(name, field)| ((*name).to_owned(), *field)).collect();
        World {
            installation,
            tables: Default::default(),
            columns: Feature::ALL.iter().map(|(feature, _)| named(*feature)).collect(),
            next: 1_001,
            changes: None,
        }
    }

    pub fn table(&self, feature: Feature) -> &Table {
        &self.tables[feature as usize]
    }

    pub fn columns(&self, feature: Feature) -> &[(String, Field)] {
        &self.columns[feature as usize]
    }

    /// The field behind a column's name.
    pub fn field(&self, feature: Feature, name: &str) -> Result<Field, Refused> {
        let column = self.columns(feature).iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        column.map(|(_, field)| *field).ok_or_else(|| Refused::input(guessed::no_such_column(name)))
    }

    /// Calls a column something else, or takes it away.
    pub fn rename(&mut self, feature: Feature, name: &str, to: Option<&str>) -> bool {
        let columns = &mut self.columns[feature as usize];
        let Some(at) = columns.iter().position(|(known, _)| known == name) else { return false };
        match to {
            Some(to) => columns[at].0 = to.to_owned(),
            None => drop(columns.remove(at)),
        }
        true
    }

    /// A new record.
    pub fn add(&mut self, feature: Feature, fields: Vec<(Field, Value)>) -> u32 {
        let fid = self.next;
        self.next += 1;
        self.tables[feature as usize].rows.insert(fid, Row::default());
        self.change(feature, fid, fields);
        fid
    }

    /// Changes a record; what becomes of ports is noted.
    pub fn change(&mut self, feature: Feature, fid: u32, fields: Vec<(Field, Value)>) {
        let before = self.held_by(feature, fid);
        for (field, value) in fields {
            self.tables[feature as usize].set(fid, field, value);
        }
        self.note(before, self.held_by(feature, fid));
    }

    /// Whether there was such a record.
    pub fn remove(&mut self, feature: Feature, fid: u32) -> bool {
        let before = self.held_by(feature, fid);
        let removed = self.tables[feature as usize].remove(fid);
        self.note(before, None);
        removed
    }

    fn held_by(&self, feature: Feature, fid: u32) -> Option<Occupied> {
        if feature == Feature::Cliente { self.occupied(fid) } else { None }
    }

    fn note(&mut self, before: Option<Occupied>, after: Option<Occupied>) {
        let Some(changes) = &mut self.changes else { return };
        if before == after {
            return;
        }
        let change = |held: Occupied, plugged| {
            let Occupied { splitter, port, code, .. } = held;
            PortChange { splitter, port, code, plugged }
        };
        changes.extend(before.map(|held| change(held, false)));
        changes.extend(after.map(|held| change(held, true)));
    }

    /// The records that have this value there, by the index.
    pub fn having(&self, feature: Feature, field: Field, value: &str) -> Vec<u32> {
        let fids = self.table(feature).index.get(&(field, value.to_owned()));
        fids.map(|fids| fids.iter().copied().collect()).unwrap_or_default()
    }

    /// The same, where an index knows it.
    pub fn indexed(&self, feature: Feature, field: Field, value: &str) -> Option<Vec<u32>> {
        INDEXED.contains(&field).then(|| self.having(feature, field, value))
    }

    /// Which port a customer is on.
    pub fn port_of(&self, fid: u32) -> Option<(u32, u32)> {
        let row = self.table(Feature::Cliente).get(fid)?;
        Some((row.text(Field::Splitter)?.parse().ok()?, row.text(Field::Porta)?.parse().ok()?))
    }

    /// The port that a customer holds.
    pub fn occupied(&self, fid: u32) -> Option<Occupied> {
        let (splitter, port) = self.port_of(fid)?;
        let code = self.table(Feature::Cliente).get(fid)?.text(Field::Codigo);
        Some(Occupied { splitter: splitter.to_string(), port, code, property: fid.to_string() })
    }

    /// How many ports a splitter gives to customers.
    pub fn attendance_outputs(&self, splitter: &Row) -> usize {
        let attends = splitter.text(Field::Funcao).is_none_or(|role| role == "Atendimento");
        // An installation without the column cannot tell: then all of them count.
        let told = self.columns(Feature::Splitter).iter().any(|(_, field)| *field == Field::Funcao);
        if attends || !told { outputs(splitter) } else { 0 }
    }

    /// What a record shows in a column.
    pub fn show(&self, fid: u32, row: &Row, field: Field) -> Value {
        let value = match field {
            Field::Fid => json!(fid),
            Field::Geometria => row.get(field).cloned().unwrap_or_else(|| point(row)),
            Field::CaixaSeCto => self.parent(row, Feature::Cto),
            Field::CaixaSeEmenda => self.parent(row, Feature::CaixaEmenda),
            stored => row.get(stored).cloned().unwrap_or_default(),
        };
        match value {
            Value::Number(number) if self.installation.writes_text() => number.to_string().into(),
            other => other,
        }
    }

    fn parent(&self, row: &Row, feature: Feature) -> Value {
        let fid = row.text(Field::Caixa).and_then(|fid| fid.parse().ok());
        fid.filter(|fid| self.table(feature).get(*fid).is_some()).map_or(Value::Null, |fid: u32| json!(fid))
    }

    /// A `save`: all columns are checked before anything changes. Answers the record's key.
    pub fn save(&mut self, feature: Feature, columns: Map<String, Value>) -> Result<u32, Refused> {
        let mut fid = None;
        let mut fields = Vec::new();
        for (name, value) in columns {
            match self.field(feature, &name)? {
                Field::Fid => fid = Some(number(&value).ok_or_else(Refused::missing)?),
                Field::CaixaSeCto | Field::CaixaSeEmenda if value.is_null() => {}
                Field::CaixaSeCto | Field::CaixaSeEmenda => fields.push((Field::Caixa, value)),
                field => fields.push((field, value)),
            }
        }
        match fid {
            None => Ok(self.add(feature, fields)),
            Some(fid) if self.table(feature).get(fid).is_some() => {
                self.change(feature, fid, fields);
                Ok(fid)
            }
            Some(_) => Err(Refused::missing()),
        }
    }
}

/// How many outputs a splitter has.
pub(super) fn outputs(splitter: &Row) -> usize {
    splitter.text(Field::Razao).and_then(|ratio| ratio.rsplit(':').next()?.parse().ok()).unwrap_or_default()
}

/// A key, as a number or as text.
pub(super) fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|n| u32::try_from(n).ok()).or_else(|| value.as_str()?.trim().parse().ok())
}

fn point(row: &Row) -> Value {
    match row.number(Field::Longitude).zip(row.number(Field::Latitude)) {
        Some((longitude, latitude)) => format!("POINT ({longitude} {latitude})").into(),
        None => Value::Null,
    }
}
