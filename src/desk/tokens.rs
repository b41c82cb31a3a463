//! Tokens: who may come in, and as what. Made, listed and taken back, each written down.

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgPool;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Caller, Items, Refusal, again, audit, check};
use crate::tokens::{self, Role, Token};

/// A token, without anything that would give access.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub struct Shown {
    /// Its id.
    pub id: Uuid,
    /// Who it was made for.
    #[schema(example = "HubSoft")]
    pub name: String,
    /// `enqueue`, `viewer`, `operator` or `admin`.
    #[schema(example = "operator")]
    pub role: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute; a session of the console counts.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<Token> for Shown {
    fn from(token: Token) -> Self {
        let Token { id, name, role, created_at, last_used_at, revoked_at } = token;
        Self { id, name, role: role.to_string(), created_at, last_used_at, revoked_at }
    }
}

/// A token that was made just now.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NewToken)]
pub struct Made {
    /// The token as the list shows it.
    #[serde(flatten)]
    pub token: Shown,
    /// What its holder sends. Shown this once, and stored nowhere.
    #[schema(example = "enlace_W0v4…")]
    pub secret: String,
}

/// A token to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenToMake, example = json!({ "name": "NOC", "role": "operator" }))]
pub struct Create {
    /// Who it is for: 1 to 200 characters; the audit names them so.
    pub name: String,
    /// `enqueue`, `viewer`, `operator` or `admin`.
    pub role: String,
    /// Why, for the audit.
    pub reason: Option<String>,
}

/// All tokens, newest first, also those that were taken back.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(pool: &PgPool) -> Result<Items<Shown>, Refusal> {
    let all = tokens::list(pool).await?;
    Ok(Items { items: all.into_iter().map(Shown::from).collect(), next: None })
}

/// Makes one.
///
/// # Errors
/// Names the field; nothing is stored then.
pub async fn create(pool: &PgPool, caller: &Caller, asked: &Create) -> Result<Made, Refusal> {
    let name = check::words("name", &asked.name)?;
    let known = <Role as strum::VariantNames>::VARIANTS.join(", ");
    let role: Role = asked.role.parse().map_err(|_| Refusal::invalid("role", format!("must be one of {known}")))?;
    let reason = asked.reason.as_deref().map(check::reason).transpose()?.unwrap_or_default();
    again(|| make(pool, caller, role, &name, &reason)).await
}

async fn make(pool: &PgPool, caller: &Caller, role: Role, name: &str, reason: &str) -> Result<Made, Refusal> {
    let mut tx = pool.begin().await?;
    let (token, secret) = tokens::create(&mut *tx, role, name).await?;
    let after = json!({ "token": token.id, "name": token.name, "role": role.to_string() });
    let entry = audit::Entry { act: "token.create", person: &caller.name, reason, before: Value::Null, after };
    audit::note(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(Made { token: token.into(), secret: secret.expose_secret().to_owned() })
}

/// Takes one back: who holds it, and who signed in with it, is out from now on. Taking it back twice is no mistake.
///
/// # Errors
/// [`Refusal::Missing`]; [`Refusal::NotNow`] for the last token of an admin, after which nobody could make another here.
pub async fn revoke(pool: &PgPool, caller: &Caller, id: Uuid, reason: &str) -> Result<Shown, Refusal> {
    let reason = check::reason(reason)?;
    again(|| take_back(pool, caller, id, &reason)).await
}

async fn take_back(pool: &PgPool, caller: &Caller, id: Uuid, reason: &str) -> Result<Shown, Refusal> {
    let mut tx = pool.begin().await?;
    let last: bool = sqlx::query_scalar(include_str!("sql/token_last.sql")).bind(id).fetch_one(&mut *tx).await?;
    if last {
        let message = "é o último token de administração: crie outro antes / it is the last token of an admin: \
            make another one first";
        return Err(Refusal::NotNow { message: message.to_owned(), legal: Vec::new() });
    }
    let gone = tokens::revoke(&mut *tx, id).await?;
    let gone = Shown::from(gone.ok_or_else(|| Refusal::Missing(format!("there is no token {id}")))?);
    let before = json!({ "token": gone.id, "name": gone.name, "role": gone.role });
    let after = json!({ "revoked_at": gone.revoked_at });
    audit::note(&mut tx, audit::Entry { act: "token.revoke", person: &caller.name, reason, before, after }).await?;
    tx.commit().await?;
    Ok(gone)
}
