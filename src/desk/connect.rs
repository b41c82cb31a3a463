//! Accounts on platforms made ready for *test*: straight to the platform, past the gate that a closed upstream is, since
//! *test* is how a person finds out whether it may be opened.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use engine::db::{SMALL, within};
use mapping::secrets::SecretKey;
use platforms::{Call, CallObserver, Platform};
use serde_json::Value;
use sqlx::PgPool;

/// Makes an integration's account ready.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// The platform of this integration, whatever state its upstream is in.
    ///
    /// # Errors
    /// When there is no such integration, or its parameters make no account.
    async fn of(&self, id_integracao: i64) -> Result<Arc<dyn Platform>, Unready>;

    /// How long a person waits for what the platforms say of viability (rule V5).
    fn patience(&self) -> Duration {
        platforms::http::Timeouts::default().viability
    }
}

/// Why an account is not ready.
#[derive(Debug, thiserror::Error)]
pub enum Unready {
    /// HubSoft's side says no.
    #[error(transparent)]
    Mapping(#[from] mapping::Error),
    /// The parameters make no account.
    #[error(transparent)]
    Platform(#[from] platforms::Failure),
}

/// Accounts as they are stored.
pub struct Stored {
    /// The database.
    pub pool: PgPool,
    /// Opens credentials.
    pub key: Arc<SecretKey>,
    /// What the installation allows.
    pub options: platforms::Options,
}

impl Stored {
    /// Makes the account of an integration ready; every call that it makes is told to `observer`.
    ///
    /// # Errors
    /// When there is no such integration, or its parameters make no account.
    pub async fn ready(
        &self,
        id_integracao: i64,
        observer: Arc<dyn CallObserver>,
    ) -> Result<Arc<dyn Platform>, Unready> {
        let account = mapping::integrations::account(&self.pool, &self.key, id_integracao);
        let account = within(SMALL, account).await?;
        let implanted = account.settings.get("implanted_required").and_then(Value::as_bool);
        let options = platforms::Options {
            implanted_required: implanted.unwrap_or(self.options.implanted_required),
            ..self.options
        };
        Ok(platforms::connect(&account.platform, &account.given, options, observer)?)
    }
}

#[async_trait]
impl Accounts for Stored {
    async fn of(&self, id_integracao: i64) -> Result<Arc<dyn Platform>, Unready> {
        self.ready(id_integracao, Arc::new(Unobserved)).await
    }

    fn patience(&self) -> Duration {
        self.options.timeouts.viability
    }
}

/// *Test* belongs to no workflow, so its calls are in no workflow's history.
struct Unobserved;

impl CallObserver for Unobserved {
    fn called(&self, call: Call) {
        tracing::debug!(call.method, call.path, call.status, call.ms, "called a platform for a test");
    }
}
