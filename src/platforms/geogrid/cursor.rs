//! Where a listing goes on: opaque to others, stored between steps, valid after a restart (rule S10).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Failure, FailureKind};

/// The next page of a listing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Its number, from 1.
    pub(super) page: u32,
    /// The first id of the page before: a server that begins with it again has no further page, and repeats the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
    /// How many rows its pages have, where that is not the listing's usual number: a page's number counts only together with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u32>,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { page: 1, after: None, size: None }
    }
}

/// `None` is the beginning.
pub(super) fn read<T: DeserializeOwned + Default>(stored: Option<&str>) -> Result<T, Failure> {
    stored.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(text).map_err(|_| unreadable()))
}

pub(super) fn write(cursor: &impl Serialize) -> Option<String> {
    serde_json::to_string(cursor).ok()
}

fn unreadable() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geogrid.bad_cursor",
        "a posição guardada desta listagem não pôde ser lida: recomece a sincronização",
        "the stored position in this listing could not be read: start the sync again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s10_a_position_survives_being_stored() {
        let cursor = Cursor { page: 7, after: Some("a".into()), size: Some(10) };
        assert_eq!(read::<Cursor>(write(&cursor).as_deref()).unwrap(), cursor);
        assert_eq!(read::<Cursor>(None).unwrap().page, 1);
        assert_eq!(read::<Cursor>(Some(r#"{"page": 3, "after": "a"}"#)).unwrap().size, None, "of the release before");
        assert_eq!(read::<Cursor>(Some("{")).unwrap_err().code, "geogrid.bad_cursor");
    }
}
