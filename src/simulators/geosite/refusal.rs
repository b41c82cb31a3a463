//! Why a call is not done.

/// A status and a sentence. How it is worded on the wire (JSON or plain text) is the route's habit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub status: u16,
    pub message: String,
}

impl Refused {
    pub fn new(status: u16, message: impl Into<String>) -> Refused {
        Refused { status, message: message.into() }
    }

    /// The request makes no sense.
    pub fn input(message: impl Into<String>) -> Refused {
        Refused::new(400, message)
    }

    pub fn missing() -> Refused {
        Refused::new(404, "Não encontrado")
    }
}
