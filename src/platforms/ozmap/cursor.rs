//! Where a listing goes on: opaque to others, stored between steps, valid after a restart (rule S10).

use serde::{Deserialize, Serialize};

use crate::{Failure, FailureKind};

/// The next page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Its number, from 1.
    pub(super) page: u32,
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
        let cursor = Cursor { page: 7, next_url: Some("/api/v2/boxes?start=3000".into()), after: Some("a".into()) };
        assert_eq!(Cursor::read(cursor.write().as_deref()).unwrap(), cursor);
        assert_eq!(Cursor::read(None).unwrap().page, 1);
        assert_eq!(Cursor::read(Some("{")).unwrap_err().code, "ozmap.bad_cursor");
    }
}
