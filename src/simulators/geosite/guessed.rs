//! What nothing public tells of Geosite, and what is simulated instead. The adapter has a module of this name too, written
//! from the same sheet; where one is corrected, so is the other.
//!
//! | guess | here |
//! | --- | --- |
//! | `desc` | a list of `{alias, type}`; the alias is the column's name in questions and answers |
//! | `list` | 100 records without `limit`, never more than [`MOST_RECORDS`]; a column that does not exist is a 400 |
//! | `filter` | comparisons joined by `and`, texts in single quotes |
//! | `sorter` | a column's name, `desc` behind it for the other way; without it, pages are in no order |
//! | `save` | `POST` of a JSON object of columns; with `fid` a change, without it a new record; what is left out stays |
//! | `delete` | `POST` of `{fid}`; 404 where there is none |
//! | ports | count from 1; nothing keeps two customers from one port, nor a code from being there twice |
//! | `fid` | one sequence over all features |
//! | refusals | JSON with `message`, or plain text |

use serde_json::{Value, json};

/// Records of a list that names no limit.
pub(super) const USUAL_RECORDS: usize = 100;
/// Records of any list.
pub(super) const MOST_RECORDS: usize = 1_000;

/// How often a list without `sorter` begins at another record.
pub(super) fn disorder(call: u64, records: usize) -> usize {
    if records == 0 { 0 } else { (call as usize).wrapping_mul(7_919) % records }
}

/// A column, as `desc` tells of it.
pub(super) fn described(column: &str) -> Value {
    json!({ "alias": column, "type": "TEXTO" })
}

/// What a `save` answers.
pub(super) fn saved(fid: u32) -> Value {
    json!({ "success": "true", "fid": fid })
}

/// What a `delete` answers.
pub(super) fn deleted() -> Value {
    json!({ "success": "true" })
}

/// What a token that is not good is answered with.
pub(super) fn not_authorised() -> Value {
    json!({ "message": "Token inválido ou expirado" })
}

/// A column that a question names and the installation does not have.
pub(super) fn no_such_column(name: &str) -> String {
    format!("Coluna inexistente: {name}")
}
