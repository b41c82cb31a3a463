//! `list`: which columns of which records, in which order, and a page of them.

use super::columns::{Feature, Field};
use super::filter::{self, Condition, Operator};
use super::guessed;
use super::refusal::Refused;
use super::world::{Row, World};
use crate::server::Request;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// Answers `GET /{feature}/list`. `call` tells lists without an order apart.
pub(super) fn answer(world: &World, feature: Feature, request: &Request, call: u64) -> Result<Value, Refused> {
    let columns = request.parameter("columns").filter(|columns| !columns.trim().is_empty());
    let columns = columns.ok_or_else(|| Refused::input("columns é obrigatório"))?;
    let columns: Vec<(&str, Field)> = columns
        .split(',')
        .map(|name| Ok((name.trim(), world.field(feature, name.trim())?)))
        .collect::<Result<_, Refused>>()?;
    let number = |name: &str| request.parameter(name).and_then(|text| text.trim().parse::<usize>().ok());
    let (start, limit) = (number("start").unwrap_or(0), number("limit").unwrap_or(guessed::USUAL_RECORDS));

    let mut rows = matching(world, feature, request.parameter("filter").unwrap_or_default())?;
    match request.parameter("sorter").map(str::trim).filter(|sorter| !sorter.is_empty()) {
        Some(sorter) => sort(world, feature, &mut rows, sorter)?,
        None => {
            let at = guessed::disorder(call, rows.len());
            rows.rotate_left(at);
        }
    }
    let page = rows.iter().skip(start).take(limit.min(guessed::MOST_RECORDS));
    let records: Vec<Value> = page.map(|(fid, row)| record(world, &columns, *fid, row)).collect();
    let total = if world.installation.writes_text() { json!(rows.len().to_string()) } else { json!(rows.len()) };
    Ok(json!({ "total": total, "records": records }))
}

/// Answers `GET /{feature}/get`: all columns of one record.
pub(super) fn one(world: &World, feature: Feature, request: &Request) -> Result<Value, Refused> {
    let fid = request.parameter("fid").and_then(|fid| fid.trim().parse().ok()).ok_or_else(Refused::missing)?;
    let row = world.table(feature).get(fid).ok_or_else(Refused::missing)?;
    let columns: Vec<(&str, Field)> =
        world.columns(feature).iter().map(|(name, field)| (name.as_str(), *field)).collect();
    Ok(record(world, &columns, fid, row))
}

fn record(world: &World, columns: &[(&str, Field)], fid: u32, row: &Row) -> Value {
    let fields = columns.iter().map(|(name, field)| ((*name).to_owned(), world.show(fid, row, *field)));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// The records that fulfil a filter, in the order of their keys.
fn matching<'a>(world: &'a World, feature: Feature, filter: &str) -> Result<Vec<(u32, &'a Row)>, Refused> {
    let conditions = filter::parse(filter)?;
    let conditions: Vec<(Field, Condition)> = conditions
        .into_iter()
        .map(|condition| Ok((world.field(feature, &condition.column)?, condition)))
        .collect::<Result<_, Refused>>()?;
    let holds = |fid: u32, row: &Row| {
        conditions.iter().all(|(field, condition)| condition.holds(&world.show(fid, row, *field)))
    };
    let table = world.table(feature);
    let mut named = conditions.iter().filter(|(_, condition)| condition.operator == Operator::Equal);
    let fids = named.find_map(|(field, condition)| match field {
        Field::Fid => Some(condition.value.trim().parse::<u32>().into_iter().collect::<Vec<u32>>()),
        field => world.indexed(feature, *field, &condition.value),
    });
    Ok(match fids {
        Some(fids) => fids
            .into_iter()
            .filter_map(|fid| Some((fid, table.get(fid)?)))
            .filter(|(fid, row)| holds(*fid, row))
            .collect(),
        None => table.iter().filter(|(fid, row)| holds(*fid, row)).collect(),
    })
}

fn sort(world: &World, feature: Feature, rows: &mut [(u32, &Row)], sorter: &str) -> Result<(), Refused> {
    let (name, way) = sorter.split_once(char::is_whitespace).unwrap_or((sorter, ""));
    let field = world.field(feature, name)?;
    if field != Field::Fid {
        rows.sort_by(|(a, a_row), (b, b_row)| order(&world.show(*a, a_row, field), &world.show(*b, b_row, field)));
    }
    if way.trim().eq_ignore_ascii_case("desc") {
        rows.reverse();
    }
    Ok(())
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.as_str().unwrap_or_default().cmp(b.as_str().unwrap_or_default()),
    }
}
