//! The counter at which everyone is served: what can be asked of enlace, whoever asks and by whatever way.
//!
//! The API and the terminal are thin over this module: they turn a request into a call here, and a [`Refusal`] into a
//! problem document or a sentence. Everything is checked here, before anything is stored.

pub mod about;
pub mod acts;
pub mod answer;
pub mod audit;
pub mod boxes;
pub mod bulk;
pub mod check;
pub mod connect;
pub mod discrepancies;
pub mod export;
pub mod filter;
pub mod forget;
pub mod guards;
pub mod integrations;
pub mod kinds;
pub mod live;
pub mod looked;
pub mod mask;
pub mod neighbours;
pub mod once;
pub mod overview;
pub mod ports;
pub mod portuguese;
pub mod refusal;
pub mod rights;
pub mod schedules;
pub mod search;
pub mod services;
pub mod start;
pub mod tokens;
pub mod top;
pub mod trail;
pub mod upstreams;
pub mod viability;
pub mod workflows;

use std::{sync::Arc, time::Duration};

use engine::clock;
use mapping::secrets::SecretKey;
use serde::Serialize;
use uuid::Uuid;

pub use refusal::Refusal;

use crate::tokens::{Role, Token};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// As the audit names them: the token's name, or the terminal's user.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their token; `None` at a terminal.
    pub token: Option<Uuid>,
    /// Personal data is shown to them in full if their role may see it: always over HTTP, at a terminal where they ask for it.
    pub in_full: bool,
}

impl Caller {
    /// Somebody at a terminal of the machine: may do everything, since the database is theirs anyway.
    pub fn at_terminal(name: String) -> Self {
        Self { name, role: Role::Admin, token: None, in_full: false }
    }

    /// Whose work they may read where they may not read everything.
    pub fn reads_only_of(&self) -> Option<Uuid> {
        (self.role == Role::Enqueue).then_some(self.token).flatten()
    }

    /// Whether names and documents are shown to them in full (rule P1); that they looked is then written down ([`looked`]).
    pub fn sees_people(&self) -> bool {
        self.role == Role::Admin && self.in_full
    }
}

impl From<Token> for Caller {
    fn from(token: Token) -> Self {
        Self { name: token.name, role: token.role, token: Some(token.id), in_full: true }
    }
}

/// What is needed to set integrations up and to try them, beyond the database.
#[derive(Clone)]
pub struct Setup {
    /// Closes and opens credentials.
    pub key: Arc<SecretKey>,
    /// Plain http to platforms is allowed (tests, the demo).
    pub plain_http: bool,
    /// Makes accounts ready for *test*.
    pub accounts: Arc<dyn connect::Accounts>,
}

/// Does it, and again where the database asks for that (40001, 40P01): nothing of it was stored then. Ten times at most.
async fn again<T, D>(mut once: impl FnMut() -> D) -> Result<T, Refusal>
where
    D: Future<Output = Result<T, Refusal>>,
{
    for tries in 1..10 {
        match once().await {
            Err(Refusal::Again) => clock::sleep(Duration::from_millis(5 * tries)).await,
            other => return other,
        }
    }
    once().await
}

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Items<T> {
    /// What it holds.
    pub items: Vec<T>,
    /// Give it as `after` to get the next page; null: this was the last.
    pub next: Option<String>,
}
