//! Why a call is not done: a status, and a body keyed by the field that is wrong.

use crate::server::Reply;
use serde_json::{Map, Value};

/// A status, a field, a sentence in Portuguese.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub status: u16,
    pub field: String,
    pub message: String,
}

impl Refused {
    pub fn new(status: u16, field: &str, message: &str) -> Refused {
        Refused { status, field: field.to_owned(), message: message.to_owned() }
    }

    /// The request makes no sense.
    pub fn input(field: &str, message: &str) -> Refused {
        Refused::new(422, field, message)
    }

    /// There is no such thing.
    pub fn missing() -> Refused {
        Refused::new(404, "naoEncontrado", "Registro não encontrado")
    }

    pub fn reply(&self) -> Reply {
        let body = Map::from_iter([(self.field.clone(), Value::from(self.message.as_str()))]);
        Reply::json(self.status, &body)
    }
}
