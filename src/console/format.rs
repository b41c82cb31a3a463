//! Numbers, dates and durations as the reader writes them: by default as Brazilians do.

use chrono::{DateTime, Utc};
use jiff::{Timestamp, civil, tz::TimeZone};

use super::words::Language;

/// The zone in which times are shown: the schedule's (rule S1).
const ZONE: &str = "America/Sao_Paulo";

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A moment to the second: `26/11/2026 19:13:18`, or `2026-11-26 19:13:18`.
pub fn moment(language: Language, at: DateTime<Utc>) -> String {
    let pattern = match language {
        Language::Pt => "%d/%m/%Y %H:%M:%S",
        Language::En => "%Y-%m-%d %H:%M:%S",
    };
    in_zone(at, ZONE, pattern)
}

/// A moment to the minute as clocks of another zone show it, with the zone's letters: `26/11/2026 04:00 -03`.
pub fn moment_in(language: Language, at: DateTime<Utc>, zone: &str) -> String {
    let pattern = match language {
        Language::Pt => "%d/%m/%Y %H:%M %Z",
        Language::En => "%Y-%m-%d %H:%M %Z",
    };
    in_zone(at, zone, pattern)
}

fn in_zone(at: DateTime<Utc>, zone: &str, pattern: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_second(at.timestamp()).unwrap_or_default().to_zoned(zone);
    at.strftime(pattern).to_string()
}

/// A moment as the field of a browser takes it, in the same zone: `2026-11-26T19:13`.
pub fn to_local(at: DateTime<Utc>) -> String {
    in_zone(at, ZONE, "%Y-%m-%dT%H:%M")
}

/// What such a field gave, or a time with its offset; `None`: it is something else.
pub fn from_local(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let local: civil::DateTime = text.parse().ok()?;
    let at = local.to_zoned(TimeZone::get(ZONE).ok()?).ok()?;
    DateTime::from_timestamp(at.timestamp().as_second(), 0)
}

/// A whole number with its thousands apart: `1.234.567`, or `1,234,567`.
pub fn number(language: Language, value: i64) -> String {
    let separator = match language {
        Language::Pt => '.',
        Language::En => ',',
    };
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// A number with so many decimals: `16,34`, or `16.34`.
pub fn decimal(language: Language, value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match language {
        Language::Pt => text.replace('.', ","),
        Language::En => text,
    }
}

/// A duration in the two units that matter: `2 d 3 h`, `5 min`, `12 s`.
pub fn seconds(value: i64) -> String {
    let (unit, name, rest, less) = match value.max(0) {
        DAY.. => (DAY, "d", HOUR, "h"),
        HOUR.. => (HOUR, "h", MINUTE, "min"),
        MINUTE.. => (MINUTE, "min", 0, ""),
        _ => return format!("{} s", value.max(0)),
    };
    let more = if rest == 0 { 0 } else { value % unit / rest };
    if more == 0 { format!("{} {name}", value / unit) } else { format!("{} {name} {more} {less}", value / unit) }
}

/// A short duration: `12 ms`, `1,5 s`, `3 min`.
pub fn milliseconds(language: Language, value: f64) -> String {
    match value {
        ..1000.0 => format!("{value:.0} ms"),
        ..60_000.0 => format!("{} s", decimal(language, value / 1000.0, 1)),
        _ => seconds((value / 1000.0) as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_moments_are_written_as_their_readers_do() {
        assert_eq!(number(Language::Pt, 1_234_567), "1.234.567");
        assert_eq!(number(Language::En, -1_234), "-1,234");
        assert_eq!(number(Language::Pt, 999), "999");
        assert_eq!(decimal(Language::Pt, 16.346, 2), "16,35");
        let at = "2026-11-26T22:13:18Z".parse().unwrap();
        assert_eq!(moment(Language::Pt, at), "26/11/2026 19:13:18");
        assert_eq!(moment(Language::En, at), "2026-11-26 19:13:18");
        assert_eq!(moment_in(Language::Pt, at, "America/Manaus"), "26/11/2026 18:13 -04");
    }

    #[test]
    fn a_time_of_a_browsers_field_is_local_and_comes_back() {
        let at = "2026-11-26T22:13:00Z".parse().unwrap();
        assert_eq!(to_local(at), "2026-11-26T19:13");
        assert_eq!(from_local("2026-11-26T19:13"), Some(at));
        assert_eq!(from_local("2026-11-26T22:13:00Z"), Some(at));
        assert_eq!(from_local("2026-11-26T18:13:00-04:00"), Some(at));
        assert_eq!(from_local("amanhã"), None);
    }

    #[test]
    fn durations_have_the_two_units_that_matter() {
        assert_eq!([7, 60, 3_700, 90_000, 172_800].map(seconds), ["7 s", "1 min", "1 h 1 min", "1 d 1 h", "2 d"]);
        assert_eq!(milliseconds(Language::Pt, 1_540.0), "1,5 s");
        assert_eq!(milliseconds(Language::Pt, 15.2), "15 ms");
    }
}
