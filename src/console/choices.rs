//! What filters and forms have in common: choices, times as browsers give them, and addresses with a query.

use chrono::{DateTime, SecondsFormat, Utc};
use form_urlencoded::Serializer;

use super::{format, page::Page, who::Form};

/// One of a field's choices.
pub struct Choice {
    pub value: String,
    pub words: String,
    pub chosen: bool,
}

/// These values of a group of words, and first all of them; several that an address names at once are a choice of their own.
pub fn choices(page: &Page, group: &str, known: &[&str], given: Option<&str>) -> Vec<Choice> {
    let word = |value: &str| page.one_of(group, value);
    let mut all = vec![Choice { value: String::new(), words: page.t("any"), chosen: given.is_none() }];
    let chosen = |value: &str| given == Some(value);
    all.extend(known.iter().map(|value| Choice {
        value: (*value).to_owned(),
        words: word(value),
        chosen: chosen(value),
    }));
    if let Some(given) = given.filter(|given| !known.contains(given)) {
        let words = given.split(',').map(|one| word(one.trim())).collect::<Vec<_>>().join(", ");
        all.push(Choice { value: given.to_owned(), words, chosen: true });
    }
    all
}

/// A time of a field, with its offset, as `desk` takes it: browsers give local time without one. What cannot be read is left
/// as it is, for `desk` to name.
pub fn to_desk(text: String) -> String {
    format::from_local(&text).map_or(text, |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The same time as a field of a browser takes it.
pub fn to_field(text: Option<&str>) -> String {
    let Some(text) = text else { return String::new() };
    let at = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()).or_else(|| format::from_local(text));
    at.map_or_else(|| text.to_owned(), |at: DateTime<Utc>| format::to_local(at))
}

/// A query of a form's fields that are not empty, without some, and with others.
pub fn query(form: &Form, without: &[&str], with: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in form.fields().filter(|(name, _)| !without.contains(name)) {
        query.append_pair(name, value);
    }
    query.extend_pairs(with);
    query.finish()
}
