//! API tokens: made once, shown once, stored hashed.
//!
//! A token is 32 random bytes. So a plain SHA-256 keeps it (there is nothing to guess, as with a password), and the lookup
//! by that hash needs no constant time: what its duration could tell is a piece of the hash, from which no token follows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use rand::TryRngCore;
use rand::rngs::OsRng;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use sqlx::{FromRow, PgExecutor, Type};
use strum::{Display, EnumString, VariantNames};
use uuid::Uuid;

/// What every token begins with, so that one is recognised where it should not be.
pub const PREFIX: &str = "enlace_";

/// What the holder of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Type, EnumString, Display, VariantNames)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Role {
    /// Start workflows, and read those that it started.
    Enqueue,
    /// Read everything, personal data masked.
    Viewer,
    /// Act on workflows.
    Operator,
    /// Everything: integrations, tokens, full personal data.
    Admin,
}

/// A token as it is stored, without anything that would give access.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Token {
    /// Its id.
    pub id: Uuid,
    /// Who it was made for, in a person's words.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Makes a token. The secret is returned here and cannot be had again.
pub async fn create(database: impl PgExecutor<'_>, role: Role, name: &str) -> sqlx::Result<(Token, SecretString)> {
    let secret = format!("{PREFIX}{}", secret()?);
    let stored = sqlx::query_as(include_str!("sql/create.sql")).bind(name).bind(role).bind(hash(&secret));
    Ok((stored.fetch_one(database).await?, secret.into()))
}

/// The token with this secret, if it was made here and not taken back.
pub async fn verify(database: impl PgExecutor<'_>, secret: &str) -> sqlx::Result<Option<Token>> {
    if !secret.starts_with(PREFIX) {
        return Ok(None);
    }
    sqlx::query_as(include_str!("sql/verify.sql")).bind(hash(secret)).fetch_optional(database).await
}

/// All tokens, newest first, also those that were taken back.
pub async fn list(database: impl PgExecutor<'_>) -> sqlx::Result<Vec<Token>> {
    sqlx::query_as(include_str!("sql/list.sql")).fetch_all(database).await
}

/// Takes a token back. `None` where there is no such token; one that was taken back keeps its first date.
pub async fn revoke(database: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<Token>> {
    sqlx::query_as(include_str!("sql/revoke.sql")).bind(id).fetch_optional(database).await
}

/// 32 random bytes, as text that fits a header.
pub(crate) fn secret() -> sqlx::Result<String> {
    let mut bytes = [0_u8; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|e| sqlx::Error::Io(std::io::Error::other(e)))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored of such a secret.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret).to_vec()
}
