//! Why something was not done, for whoever asked.

use engine::db::{Why, why};

/// Why something was not done. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Something that was given cannot be taken.
    #[error("{field}: {message}")]
    Invalid {
        /// The field, parameter or header to blame.
        field: String,
        /// What is wrong with it, and what would be right.
        message: String,
    },
    /// There is no such thing, or it is not for this caller to see.
    #[error("{0}")]
    Missing(String),
    /// It makes no sense now.
    #[error("{message}")]
    NotNow {
        /// How things stand.
        message: String,
        /// What may be done instead.
        legal: Vec<&'static str>,
    },
    /// It may work in a moment.
    #[error("{0}")]
    Later(String),
    /// The database asks to do the same again (`super::again`).
    #[error("somebody else is changing the same rows; try again")]
    Again,
    /// Our fault; for the log, not for the caller.
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    /// An [`Refusal::Invalid`].
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// There is no workflow of this id.
    pub fn no_workflow(id: impl std::fmt::Display) -> Self {
        Self::Missing(format!("there is no workflow {id}"))
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        if let Some(refused) = refused_by_database(&error) {
            return refused;
        }
        match why(&error) {
            Why::Away => Self::Later("the database cannot be reached just now".to_owned()),
            Why::Busy => Self::Later("somebody else is changing the same rows; try again".to_owned()),
            Why::RunAgain => Self::Again,
            Why::Duplicate | Why::NotHeld | Why::Other => Self::Failed(error.to_string()),
        }
    }
}

/// What the database's own checks say about what was given (migrations 0001 and 0003).
fn refused_by_database(error: &sqlx::Error) -> Option<Refusal> {
    let sqlx::Error::Database(said) = error else { return None };
    let said = said.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
    match said.code() {
        "22023" => {
            let field = said.column().unwrap_or("payload");
            let message = said.message();
            Some(Refusal::invalid(field, message.strip_prefix(&format!("{field}: ")).unwrap_or(message)))
        }
        "22P05" | "22021" => Some(Refusal::invalid("payload", "holds the character NUL, which cannot be stored")),
        "23514" if said.constraint() == Some("outbox_payload_size") => {
            Some(Refusal::invalid("payload", "is larger than 256 KiB"))
        }
        "57014" => Some(Refusal::Later("that took too long; narrow it down, by `since` for instance".to_owned())),
        _ => None,
    }
}

impl From<engine::Error> for Refusal {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Database(e) => e.into(),
            engine::Error::Schedule { field, message } => Self::invalid(field, message),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<mapping::Error> for Refusal {
    fn from(error: mapping::Error) -> Self {
        match error {
            mapping::Error::Database(e) => e.into(),
            mapping::Error::Invalid { field, message } => Self::Invalid { field, message },
            mapping::Error::NoIntegration(_) => Self::Missing(error.to_string()),
            mapping::Error::SecretsClosed(_) => Self::NotNow {
                message: format!("{error}: give the key back that they were stored with (ENLACE_SECRET_KEY)"),
                legal: Vec::new(),
            },
            mapping::Error::SecretsNotSealed(_) => Self::Failed(error.to_string()),
        }
    }
}
