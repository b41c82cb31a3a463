//! Ids: 24 hex digits, of which the last ten say what the thing is and which of its kind. So an id leads to its row
//! without an index, and ids of one kind grow in the order in which things are made.

use serde::{Serialize, Serializer};

/// The first 14 digits of every id.
const PREFIX: &[u8; 14] = b"652e9d405e1a7c";

/// What a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Kind(pub u8);

impl Kind {
    pub const BOX: Kind = Kind(0x10);
    pub const PROPERTY: Kind = Kind(0x11);
    pub const POLE: Kind = Kind(0x12);
    pub const SPLITTER: Kind = Kind(0x13);
    pub const CLIENT: Kind = Kind(0x14);
    pub const CABLE: Kind = Kind(0x15);
    pub const DROP: Kind = Kind(0x16);
    /// The one fiber of a drop; counts as its drop does.
    pub const DROP_FIBER: Kind = Kind(0x17);
    /// The fiber that feeds a splitter; counts as its splitter does.
    pub const TRUNK_FIBER: Kind = Kind(0x18);
    /// A port of a splitter: the splitter's number, then six bits for the position.
    pub const PORT: Kind = Kind(0x19);
    /// The first of the kinds that are kept as plain documents; the others follow.
    pub const FIRST_DOCUMENT: u8 = 0x40;
}

/// Names one thing. Serialises as its 24 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id {
    pub kind: Kind,
    pub seq: u32,
}

impl Id {
    pub fn new(kind: Kind, seq: u32) -> Id {
        Id { kind, seq }
    }

    pub fn parse(text: &str) -> Option<Id> {
        let digits = text.as_bytes();
        if digits.len() != 24 || !digits.starts_with(PREFIX) {
            return None;
        }
        let kind = Kind(u8::from_str_radix(text.get(14..16)?, 16).ok()?);
        Some(Id { kind, seq: u32::from_str_radix(text.get(16..)?, 16).ok()? })
    }

    /// The same, if it is of this kind.
    pub fn parse_as(text: &str, kind: Kind) -> Option<u32> {
        Id::parse(text).filter(|id| id.kind == kind).map(|id| id.seq)
    }

    fn digits(self) -> [u8; 24] {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 24];
        digits[..14].copy_from_slice(PREFIX);
        let number = (u64::from(self.kind.0) << 32) | u64::from(self.seq);
        for (at, digit) in digits[14..].iter_mut().enumerate() {
            *digit = HEX[(number >> (36 - 4 * at) & 15) as usize];
        }
        digits
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

/// Milliseconds since 1970. Serialises as ISO 8601 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub i64);

impl Moment {
    /// The only clock of this simulator.
    pub fn now() -> Moment {
        Moment(chrono::Utc::now().timestamp_millis())
    }

    /// `2026-11-23T04:00:00.000Z`, written by hand: a page holds a thousand of them.
    fn text(self) -> [u8; 24] {
        let (days, rest) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil(days);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |at: usize, width: usize, mut number: i64| {
            for digit in text[at..at + width].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(0, 4, year);
        put(5, 2, month);
        put(8, 2, day);
        put(11, 2, rest / 3_600_000);
        put(14, 2, rest / 60_000 % 60);
        put(17, 2, rest / 1_000 % 60);
        put(20, 3, rest % 1_000);
        text
    }
}

/// Days since 1970 as year, month, day (Howard Hinnant's algorithm).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_ids_of_a_kind_grow() {
        let id = Id::new(Kind::SPLITTER, 0xBEEF);
        assert_eq!(id.to_string(), "652e9d405e1a7c130000beef");
        assert_eq!(Id::parse(&id.to_string()), Some(id));
        assert_eq!(Id::parse("652e9d405e1a7c13zzzzbeef"), None);
        assert_eq!(Id::parse("ção"), None);
        assert!(id.to_string() < Id::new(Kind::SPLITTER, 0xBEF0).to_string());
    }

    #[test]
    fn moments_are_written_as_iso_8601() {
        for milliseconds in [0, 951_782_400_123, 1_767_225_600_000, 1_795_400_000_999, 4_107_542_399_000] {
            let expected = chrono::DateTime::from_timestamp_millis(milliseconds).unwrap();
            let written = serde_json::to_value(Moment(milliseconds)).unwrap();
            assert_eq!(written, expected.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        }
    }
}
