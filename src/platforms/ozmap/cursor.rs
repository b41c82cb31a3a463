//! Where a listing goes on: opaque to others, stored between steps, valid after a restart (rule S10).

use serde::{Deserialize, Serialize};

use crate::{Failure, FailureKind};

/// The next page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Its number, from 1.
    pub(super) page: u32,
    /// How many rows are before it, where that is known.
    #[serde(default)]
    pub(super) read: u64,
    /// The server counts its pages from 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) from_zero: bool,
    /// The `nextUrl` that the page before gave, if it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next_url: Option<String>,
    /// The first id of the page before: a server that begins with it again knows no pages, and has told all it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
}

impl Cursor {
    /// `None` is the beginning.
    pub(super) fn read(stored: Option<&str>) -> Result<Self, Failure> {
        match stored {
            None => Ok(Self { page: 1, ..Self::default() }),
            Some(text) => serde_json::from_str(text).map_err(|_| unreadable()),
        }
    }

    /// The number that the server is asked for; the first page is what it gives unasked, whatever its number.
    pub(super) fn number(&self) -> Option<u32> {
        (self.page > 1).then(|| if self.from_zero { self.page - 1 } else { self.page })
    }

    pub(super) fn write(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

fn unreadable() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "ozmap.bad_cursor",
        "a posição guardada desta listagem não pôde ser lida: recomece a sincronização",
        "the stored position in this listing could not be read: start the sync again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s10_a_position_survives_being_stored() {
        let next_url = Some("/api/v2/boxes?start=3000".into());
        let cursor = Cursor { page: 7, read: 3_000, from_zero: true, next_url, after: Some("a".into()) };
        assert_eq!(Cursor::read(cursor.write().as_deref()).unwrap(), cursor);
        assert_eq!(Cursor::read(None).unwrap().page, 1);
        let older = Cursor::read(Some(r#"{"page": 7}"#)).unwrap();
        assert_eq!((older.number(), older.read), (Some(7), 0), "stored by a version that knew less");
        assert_eq!(Cursor::read(Some("{")).unwrap_err().code, "ozmap.bad_cursor");
    }
}
