//! Lists: which rows a filter means, in which order, and one page of them. Indexes answer the usual filters; rows are
//! numbered in the order of their ids, so a page sorted by id is cut out of a list that is there already.

use super::filter::{self, Condition, Operator};
use super::id::{Id, Kind};
use super::refusal::Refused;
use super::resources::{PROJECT, Resource};
use super::world::{CELL, Plug, World};
use crate::server::{Reply, Request};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What is asked for without a limit.
const USUAL_LIMIT: usize = 25;

/// A list as it was asked for.
pub(super) struct Asked {
    conditions: Vec<Condition>,
    sort: Vec<(String, Ordering)>,
    start: usize,
    /// `None`: everything.
    limit: Option<usize>,
    pub select: Vec<String>,
    pub populate: Vec<String>,
    /// What the next page's address repeats.
    repeated: Vec<(String, String)>,
}

fn words(request: &Request, name: &str) -> Vec<String> {
    let text = request.parameter(name).unwrap_or_default();
    text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A parameter that travels as JSON in the query or as a field of the body.
fn either_way(request: &Request, body: &Value, name: &str) -> Result<Value, Refused> {
    match request.parameter(name) {
        Some(text) => serde_json::from_str(text).map_err(|_| Refused::input(format!("{name} is not JSON"))),
        None => Ok(body.get(name).cloned().unwrap_or_default()),
    }
}

impl Asked {
    pub fn read(request: &Request) -> Result<Asked, Refused> {
        let body: Value = match request.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&request.body).map_err(|_| Refused::input("the body is not JSON"))?,
        };
        let number = |name: &str| request.parameter(name).and_then(|text| text.parse::<i64>().ok());
        let limit = match number("limit") {
            Some(-1) => None,
            Some(limit) if limit > 0 => Some(limit as usize),
            _ => Some(USUAL_LIMIT),
        };
        let page = number("page").unwrap_or(1).max(1) as usize;
        let start = number("start").map(|start| start.max(0) as usize);
        let repeats = |(name, _): &&(String, String)| !matches!(name.as_str(), "page" | "start" | "limit");
        Ok(Asked {
            conditions: filter::parse(&either_way(request, &body, "filter")?)?,
            sort: sort_of(&either_way(request, &body, "sort")?)?,
            start: start.unwrap_or((page - 1) * limit.unwrap_or(0)),
            limit,
            select: words(request, "select"),
            populate: words(request, "populate"),
            repeated: request.query.iter().filter(repeats).cloned().collect(),
        })
    }

    fn next_url(&self, path: &str, start: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("start", &start.to_string());
        query.append_pair("limit", &self.limit.unwrap_or(0).to_string());
        query.extend_pairs(&self.repeated);
        format!("{path}?{}", query.finish())
    }
}

fn sort_of(sort: &Value) -> Result<Vec<(String, Ordering)>, Refused> {
    let one = |item: &Value| {
        let property = item.get("property").and_then(Value::as_str)?;
        let descending = item.get("direction").and_then(Value::as_i64).is_some_and(|direction| direction < 0);
        Some((property.to_owned(), if descending { Ordering::Greater } else { Ordering::Less }))
    };
    let items = match sort {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items.iter().map(one).collect(),
        other => Some(one(other).into_iter().collect()),
    };
    items.ok_or_else(|| Refused::input("sort: property is missing"))
}

/// Sorted numbers of one or more kinds, in the order of their ids.
struct Candidates<'a>(Vec<(Kind, Cow<'a, [u32]>)>);

impl Candidates<'_> {
    fn len(&self) -> usize {
        self.0.iter().map(|(_, list)| list.len()).sum()
    }

    fn get(&self, mut at: usize) -> Option<Id> {
        for (kind, list) in &self.0 {
            match list.get(at) {
                Some(seq) => return Some(Id::new(*kind, *seq)),
                None => at -= list.len(),
            }
        }
        None
    }

    fn all(&self) -> impl Iterator<Item = Id> {
        self.0.iter().flat_map(|(kind, list)| list.iter().map(|seq| Id::new(*kind, *seq)))
    }
}

/// Rows that an index names, and whether all of them, and no others, fulfil the condition.
type Indexed<'a> = Option<(Cow<'a, [u32]>, bool)>;

fn indexed<'a>(world: &'a World, kind: Kind, condition: &Condition) -> Indexed<'a> {
    if condition.operator == Operator::Near && kind == Kind::BOX && condition.property == "coords" {
        return Some((Cow::Owned(boxes_near(world, &condition.value)), false));
    }
    let wanted = condition.wanted()?;
    let mut lists = wanted.iter().map(|one| lookup(world, kind, &condition.property, one));
    let (first, exact) = lists.next().unwrap_or(Some((Cow::Borrowed(&[]), true)))?;
    lists.try_fold((first, exact), |(list, exact), next| {
        let (more, exact_too) = next?;
        let mut both = list.into_owned();
        both.extend_from_slice(&more);
        both.sort_unstable();
        both.dedup();
        Some((Cow::Owned(both), exact && exact_too))
    })
}

fn lookup<'a>(world: &'a World, kind: Kind, property: &str, wanted: &str) -> Indexed<'a> {
    let named = |kind: Kind| Id::parse_as(wanted, kind);
    let in_box = || named(Kind::BOX).and_then(|seq| world.boxes.get(seq));
    let one = |seq: Option<u32>| Some((Cow::Owned(seq.into_iter().collect()), true));
    let borrowed = |list: Option<&'a [u32]>| Some((Cow::Borrowed(list.unwrap_or_default()), true));
    match (kind, property) {
        (_, "id" | "_id") => one(named(kind).filter(|seq| world.exists(Id::new(kind, *seq)))),
        (Kind::BOX | Kind::SPLITTER | Kind::PROPERTY | Kind::CABLE | Kind::DROP, "project") => {
            borrowed(named(PROJECT).map(|project| world.by_project.get(&(kind, project))))
        }
        (Kind::SPLITTER, "parent") => borrowed(in_box().map(|data| data.splitters.as_slice())),
        (Kind::PROPERTY, "box") => borrowed(in_box().map(|data| data.properties.as_slice())),
        (Kind::PROPERTY, "client" | "client.id" | "client._id") => {
            one(named(Kind::CLIENT).and_then(|seq| world.clients.get(seq)?.property))
        }
        (Kind::PROPERTY, "client.code") => {
            let homes = world.clients_with(wanted).iter().filter_map(|client| world.clients.get(*client)?.property);
            Some((Cow::Owned(sorted(homes)), true))
        }
        (Kind::PROPERTY, "connections.id") => Some((Cow::Owned(homes_on(world, named(Kind::SPLITTER))), true)),
        (Kind::PROPERTY, "drop") => one(named(Kind::DROP).and_then(|seq| Some(world.drops.get(seq)?.property))),
        (Kind::CLIENT, "code") => borrowed(Some(world.clients_with(wanted))),
        (Kind::CABLE, "boxA" | "boxB") => Some((Cow::Borrowed(in_box().map_or(&[], |data| &data.cables)), false)),
        (Kind::DROP, "boxA") => {
            let homes = in_box().map(|data| data.properties.as_slice()).unwrap_or_default();
            Some((Cow::Owned(sorted(homes.iter().filter_map(|home| world.properties.get(*home)?.drop))), true))
        }
        (Kind::DROP, "boxB") => one(named(Kind::PROPERTY).and_then(|seq| world.properties.get(seq)?.drop)),
        (Kind::DROP_FIBER, "parent") => one(named(Kind::DROP).filter(|seq| world.drops.get(*seq).is_some())),
        _ => None,
    }
}

fn sorted(seqs: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut list: Vec<u32> = seqs.collect();
    list.sort_unstable();
    list
}

fn homes_on(world: &World, splitter: Option<u32>) -> Vec<u32> {
    let outputs = splitter.and_then(|seq| world.splitters.get(seq)).map(|data| &*data.outputs).unwrap_or_default();
    sorted(outputs.iter().filter_map(|plug| match plug {
        Plug::Drop(drop) => Some(world.drops.get(*drop)?.property),
        _ => None,
    }))
}

/// Boxes in the squares that a circle touches.
pub(super) fn boxes_near(world: &World, circle: &Value) -> Vec<u32> {
    let Some((centre, radius)) = filter::circle(circle) else { return Vec::new() };
    let lat = radius / 110_540.0;
    let lng = radius / (111_320.0 * centre.lat.to_radians().cos().abs().max(0.01));
    let span =
        |middle: f64, half: f64| ((middle - half) / CELL).floor() as i32..=((middle + half) / CELL).floor() as i32;
    let cells = span(centre.lat, lat).flat_map(|row| span(centre.lng, lng).map(move |column| (row, column)));
    sorted(cells.flat_map(|cell| world.by_cell.get(&cell).iter().copied()))
}

/// The rows to look at, and the conditions that are still to be checked on each.
fn candidates<'a, 'c>(
    world: &'a World,
    kinds: &[Kind],
    conditions: &'c [Condition],
) -> (Candidates<'a>, Vec<&'c Condition>) {
    let whole = kinds.iter().map(|kind| (*kind, Cow::Borrowed(world.live(*kind)))).collect();
    let mut best = (Candidates(whole), None);
    for (at, condition) in conditions.iter().enumerate() {
        let mut exact = true;
        let lists = kinds.iter().map(|kind| {
            let (list, exact_here) = indexed(world, *kind, condition)?;
            exact &= exact_here;
            Some((*kind, list))
        });
        let Some(lists) = lists.collect::<Option<Vec<_>>>().map(Candidates) else { continue };
        if lists.len() < best.0.len() || best.1.is_none() {
            best = (lists, Some((at, exact)));
        }
    }
    let (list, used) = best;
    let open = conditions.iter().enumerate().filter(|(at, _)| used != Some((*at, true)));
    (list, open.map(|(_, condition)| condition).collect())
}

/// All rows that fulfil a filter, by id.
pub(super) fn matching(world: &World, kinds: &[Kind], conditions: &[Condition]) -> Vec<Id> {
    let (list, open) = candidates(world, kinds, conditions);
    list.all().filter(|id| open.iter().all(|condition| condition.holds(world, *id))).collect()
}

/// The rows of a page and how many there are in all.
fn page_of(world: &World, kinds: &[Kind], asked: &Asked) -> (Vec<Id>, usize) {
    let by_id = asked.sort.first().is_none_or(|(property, _)| property == "id" || property == "_id");
    let backwards = by_id && asked.sort.first().is_some_and(|(_, direction)| direction.is_gt());
    let (list, open) = candidates(world, kinds, &asked.conditions);
    let limit = asked.limit.unwrap_or(usize::MAX);
    if open.is_empty() && by_id {
        let total = list.len();
        let places = (asked.start.min(total)..total).take(limit);
        let ids = places.filter_map(|at| list.get(if backwards { total - 1 - at } else { at })).collect();
        return (ids, total);
    }
    let mut all: Vec<Id> = list.all().filter(|id| open.iter().all(|condition| condition.holds(world, *id))).collect();
    match (by_id, backwards) {
        (true, true) => all.reverse(),
        (true, false) => {}
        (false, _) => sort_rows(world, &mut all, &asked.sort),
    }
    let total = all.len();
    (all.into_iter().skip(asked.start).take(limit).collect(), total)
}

fn sort_rows(world: &World, ids: &mut Vec<Id>, sort: &[(String, Ordering)]) {
    let mut keyed: Vec<(Vec<Value>, Id)> = ids
        .iter()
        .map(|id| {
            let row = world.value(*id).unwrap_or_default();
            let key = |property: &str| {
                let mut found = Vec::new();
                filter::dig(&row, property, &mut found);
                found.first().copied().cloned().unwrap_or_default()
            };
            (sort.iter().map(|(property, _)| key(property)).collect(), *id)
        })
        .collect();
    keyed.sort_by(|(a, a_id), (b, b_id)| {
        let by_keys = a.iter().zip(b).zip(sort).map(|((a, b), (_, direction))| {
            // Null comes first, as in the database underneath.
            let ordering = filter::order(a, b).unwrap_or_else(|| b.is_null().cmp(&a.is_null()));
            if direction.is_gt() { ordering.reverse() } else { ordering }
        });
        by_keys.fold(Ordering::Equal, Ordering::then).then(a_id.cmp(b_id))
    });
    *ids = keyed.into_iter().map(|(_, id)| id).collect();
}

/// What is answered to a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    total: usize,
    count: usize,
    rows: Rows<'a>,
    start: usize,
    limit: i64,
    has_next_page: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
}

struct Rows<'a> {
    world: &'a World,
    ids: Vec<Id>,
    asked: &'a Asked,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.asked.select.is_empty() && self.asked.populate.is_empty() {
            return to.collect_seq(self.ids.iter().map(|id| self.world.show(*id)));
        }
        to.collect_seq(self.ids.iter().map(|id| trimmed(self.world, *id, self.asked)))
    }
}

/// A row with only the fields that were selected, and ids replaced by what they name where that was asked for.
pub(super) fn trimmed(world: &World, id: Id, asked: &Asked) -> Option<Value> {
    let mut row = world.value(id)?;
    let fields = row.as_object_mut()?;
    if !asked.select.is_empty() {
        let top = |name: &String| name.split('.').next().unwrap_or_default().to_owned();
        let kept: Vec<String> = asked.select.iter().map(top).collect();
        fields.retain(|name, _| name == "id" || kept.contains(name));
    }
    for name in &asked.populate {
        if let Some(field) = fields.get_mut(name) {
            populate(world, field);
        }
    }
    Some(row)
}

fn populate(world: &World, field: &mut Value) {
    match field {
        Value::Array(list) => list.iter_mut().for_each(|one| populate(world, one)),
        Value::String(text) => {
            if let Some(row) = Id::parse(text).and_then(|id| world.value(id)) {
                *field = row;
            }
        }
        _ => {}
    }
}

/// Answers a list.
pub(super) fn answer(world: &World, resource: &Resource, request: &Request) -> Result<Reply, Refused> {
    let asked = Asked::read(request)?;
    let (ids, total) = page_of(world, resource.kinds, &asked);
    let (count, start) = (ids.len(), asked.start);
    let has_next_page = start + count < total && asked.limit.is_some();
    let next_url = has_next_page.then(|| asked.next_url(&request.path, start + count));
    let limit = asked.limit.map_or(-1, |limit| limit as i64);
    let rows = Rows { world, ids, asked: &asked };
    Ok(Reply::json(200, &Page { total, count, rows, start, limit, has_next_page, next_url }))
}

/// A list without rows.
pub(super) fn empty(request: &Request) -> Reply {
    let limit = request.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(USUAL_LIMIT as i64);
    let nothing: [u8; 0] = [];
    Reply::json(
        200,
        &serde_json::json!({ "total": 0, "count": 0, "rows": nothing, "start": 0, "limit": limit, "hasNextPage": false }),
    )
}
