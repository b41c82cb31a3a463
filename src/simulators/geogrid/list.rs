//! Listings: pages, and what filters take.

use super::guessed::{LARGEST_PAGE, PAGE};
use super::refusal::Refused;
use crate::server::{Reply, Request};
use serde_json::{Value, json};

/// The values of a filter that takes several: `name[]`, or `name`.
pub(super) fn values<'a>(request: &'a Request, name: &str) -> Vec<&'a str> {
    let is = |key: &str| key == name || key.strip_suffix("[]") == Some(name);
    request.query.iter().filter(|(key, _)| is(key)).map(|(_, value)| value.as_str()).collect()
}

/// Whether something passes a filter; one that was not given lets everything through.
pub(super) fn passes(request: &Request, name: &str, value: &str) -> bool {
    let wanted = values(request, name);
    wanted.is_empty() || wanted.contains(&value)
}

pub(super) fn flag(yes: bool) -> &'static str {
    if yes { "S" } else { "N" }
}

fn number(request: &Request, name: &str, otherwise: usize) -> Result<usize, Refused> {
    let Some(given) = request.parameter(name) else { return Ok(otherwise) };
    given.parse().ok().filter(|n| *n > 0).ok_or_else(|| Refused::input(name, "Deve ser um número maior que zero"))
}

/// The page that was asked for; its total is text.
pub(super) fn page<T>(request: &Request, rows: &[T], show: impl Fn(&T) -> Value) -> Result<Reply, Refused> {
    let page = number(request, "pagina", 1)?;
    let size = number(request, "registrosPorPagina", PAGE)?.min(LARGEST_PAGE);
    let shown: Vec<Value> = rows.iter().skip((page - 1).saturating_mul(size)).take(size).map(show).collect();
    Ok(Reply::json(200, &json!({ "registros": shown, "totalRegistros": rows.len().to_string() })))
}
