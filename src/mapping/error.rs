//! What can go wrong with HubSoft's side.

/// Why something about the network could not be read or written. No message holds a secret or a customer's name.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Postgres refused, or could not be reached.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// What was given cannot be taken; nothing was stored.
    #[error("{field}: {message}")]
    Invalid {
        /// The field, by its name in contract.md: `parameters.api_url`, `elements`, `id_projeto`.
        field: String,
        /// What is wrong with it and what would be right.
        message: String,
    },
    /// There is no integration of this id.
    #[error("não há integração {0} / there is no integration {0}")]
    NoIntegration(i64),
    /// The stored credentials do not open: another key, or a row that was changed by hand.
    #[error("the credentials of integration {0} cannot be opened with this secret key")]
    SecretsClosed(i64),
    /// The stored credentials could not be made; the cipher gives no reason.
    #[error("the credentials of integration {0} could not be encrypted")]
    SecretsNotSealed(i64),
}

impl Error {
    /// An [`Error::Invalid`].
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Database(_) => "database.failed",
            Error::Invalid { .. } => "mapping.invalid",
            Error::NoIntegration(_) => "mapping.no_integration",
            Error::SecretsClosed(_) => "mapping.secrets_closed",
            Error::SecretsNotSealed(_) => "mapping.secrets_not_sealed",
        }
    }
}
