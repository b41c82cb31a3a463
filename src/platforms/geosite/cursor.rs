//! Where a listing goes on: opaque to others, stored between steps, valid after a restart (rule S10).

use serde::{Deserialize, Serialize};

use crate::{Failure, FailureKind};

/// The next page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Which of the listing's features: boxes are of two.
    #[serde(default)]
    pub(super) part: usize,
    /// How many of its rows are read.
    pub(super) start: u64,
    /// The last of them: rows that come or go before it must not make the next page skip any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
}

impl Cursor {
    /// `None` is the beginning.
    pub(super) fn read(stored: Option<&str>) -> Result<Self, Failure> {
        match stored {
            None => Ok(Self::default()),
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
        "geosite.bad_cursor",
        "a posição guardada desta listagem não pôde ser lida: recomece a sincronização",
        "the stored position in this listing could not be read: start the sync again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s10_a_position_survives_being_stored() {
        let cursor = Cursor { part: 1, start: 500, after: Some("2317".into()) };
        assert_eq!(Cursor::read(cursor.write().as_deref()).unwrap(), cursor);
        assert_eq!(Cursor::read(None).unwrap(), Cursor::default());
        assert_eq!(Cursor::read(Some("{")).unwrap_err().code, "geosite.bad_cursor");
    }
}
