//! What people give, checked: each mistake names its field.

use std::{fmt::Display, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Items, Refusal};

/// Most items of a page.
pub const MOST_ITEMS: u32 = 500;
/// Items of a page where nobody says how many.
pub const ITEMS: u32 = 50;
/// No reason, note or id of a caller's own is longer, in characters.
const LONGEST: usize = 200;

/// A number of HubSoft's or of ours: from 1.
pub fn number(field: &str, text: &str) -> Result<i64, Refusal> {
    let number = text.parse().ok().filter(|n| *n > 0);
    number.ok_or_else(|| Refusal::invalid(field, "must be a positive whole number"))
}

/// How many items a page holds.
pub fn limit(text: Option<&str>) -> Result<u32, Refusal> {
    let Some(text) = text else { return Ok(ITEMS) };
    let number = text.parse().ok().filter(|n| (1..=MOST_ITEMS).contains(n));
    number.ok_or_else(|| Refusal::invalid("limit", format!("must be a whole number from 1 to {MOST_ITEMS}")))
}

/// A time with its offset.
pub fn time(field: &str, text: &str) -> Result<DateTime<Utc>, Refusal> {
    // A plus that nobody encoded arrives as a space.
    let plus = text.rsplit_once(' ').filter(|(_, offset)| offset.len() == "00:00".len());
    let text = plus.map_or_else(|| text.to_owned(), |(time, offset)| format!("{time}+{offset}"));
    let read = DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc());
    read.map_err(|_| Refusal::invalid(field, "must be a time such as 2026-11-23T04:00:00-03:00"))
}

/// Why somebody does something.
pub fn reason(text: &str) -> Result<String, Refusal> {
    words("reason", text)
}

/// Words of a caller: neither empty nor long, and nothing that a terminal would act on.
pub fn words(field: &str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return Err(Refusal::invalid(field, format!("must be 1 to {LONGEST} characters of text")));
    }
    Ok(text.to_owned())
}

/// Where a list goes on: opaque to the caller, the last item's number or id to us.
pub fn cursor(last: impl Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("after {last}"))
}

/// The number in a cursor.
pub fn after(text: Option<&str>) -> Result<Option<i64>, Refusal> {
    mark(text)
}

/// The id in a cursor, of a list whose items have no number.
pub fn after_id(text: Option<&str>) -> Result<Option<Uuid>, Refusal> {
    mark(text)
}

fn mark<T: FromStr>(text: Option<&str>) -> Result<Option<T>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let plain = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let mark = plain.as_deref().and_then(|plain| plain.strip_prefix("after ")?.parse().ok());
    mark.map(Some).ok_or_else(|| Refusal::invalid("after", "must be the `next` of a former page, as it was given"))
}

/// A page of what was read, where one item more than `limit` was asked for.
pub fn page<T, L: Display>(mut items: Vec<T>, limit: u32, mark: impl Fn(&T) -> L) -> Items<T> {
    let limit = limit as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| cursor(mark(last)));
    Items { items, next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_given_and_nothing_else_is_one() {
        assert_eq!(after(Some(&cursor(812))).unwrap(), Some(812));
        for other in ["", "812", "AAAA", "../etc"] {
            assert!(after(Some(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn a_page_ends_where_nothing_follows() {
        assert_eq!(page(vec![3, 2, 1], 2, |n| *n).next, Some(cursor(2)));
        assert_eq!(page(vec![3, 2], 2, |n| *n).next, None);
    }

    #[test]
    fn a_plus_that_nobody_encoded_is_one() {
        let wanted = time("since", "2026-11-23T04:00:00+00:00").unwrap();
        assert_eq!(time("since", "2026-11-23T04:00:00 00:00").unwrap(), wanted);
        for wrong in ["", " ", "2026-11-23", "2026-11-23 04:00"] {
            assert!(time("since", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_are_neither_empty_nor_endless_nor_for_the_terminal() {
        for wrong in ["", "  ", "a\u{1b}[2J", &"x".repeat(201)] {
            assert!(words("reason", wrong).is_err());
        }
        assert_eq!(words("reason", " cliente desistiu ").unwrap(), "cliente desistiu");
    }
}
