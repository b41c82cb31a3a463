//! Integrations, set up and looked at (rules D1–D4). Nothing that is read here holds a secret, except [`account`].

use std::fmt;

use platforms::Given;
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, PgConnection, PgPool};

use crate::{
    Error,
    parameters::{self, Parameters},
    secrets::{SecretKey, Secrets},
};

/// What setting integrations up needs to know of the installation.
#[derive(Clone, Copy, Debug)]
pub struct Keeper<'a> {
    /// Closes and opens the credentials.
    pub key: &'a SecretKey,
    /// Plain http to platforms is allowed (tests, the demo).
    pub plain_http: bool,
}

/// An integration as people see it, in contract.md's form: secrets never come back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shown {
    /// `id_integracao`.
    pub id: i64,
    /// `ozmap`, `geosite`, `geogrid`.
    pub platform: String,
    /// As people call it.
    pub name: String,
    /// Synced and sent to.
    pub active: bool,
    /// Parameters that anybody may see.
    pub parameters: Given,
    /// `keep_home`, `implanted_required`, `missing_percent`.
    pub settings: Given,
    /// What is synced.
    pub elements: Vec<String>,
    /// The project that it fills.
    pub project: Option<Project>,
}

/// A project, as an integration names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Project {
    /// `id_projeto`.
    pub id_projeto: i64,
    /// As people call it.
    pub nome: String,
}

/// An integration to come. [`Given`] maps hold what a person gave, secrets in clear.
#[derive(Clone)]
pub struct New {
    /// One of `platforms::PLATFORMS`.
    pub platform: String,
    /// As people will call it.
    pub name: String,
    /// Rule D1.
    pub parameters: Given,
    /// `keep_home`, `implanted_required`, `missing_percent`.
    pub settings: Given,
    /// What is synced; may be chosen later.
    pub elements: Vec<String>,
}

/// What is to change about one; what is not given stays, and a null within a map takes that entry away.
#[derive(Clone, Default)]
pub struct Edit {
    /// A new name.
    pub name: Option<String>,
    /// Parameters that change.
    pub parameters: Given,
    /// Settings that change.
    pub settings: Given,
}

/// The project that an integration is to fill.
#[derive(Clone, Debug)]
pub enum ProjectChoice {
    /// One that there is: `id_projeto`.
    Existing(i64),
    /// A new one of this name.
    New(String),
    /// None any more.
    Nothing,
}

/// What an account on a platform is made ready from.
#[derive(Clone)]
pub struct Account {
    /// `ozmap`, `geosite`, `geogrid`.
    pub platform: String,
    /// As people call the integration.
    pub name: String,
    /// All parameters, secrets in clear: for `platforms::connect` and nothing else.
    pub given: Given,
    /// `keep_home`, `implanted_required`, `missing_percent`.
    pub settings: Given,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("platform", &self.platform).field("name", &self.name).finish_non_exhaustive()
    }
}

/// The integration of this id, as people see it.
///
/// # Errors
/// When the database cannot be read.
pub async fn read(pool: &PgPool, id: i64) -> Result<Option<Shown>, Error> {
    Ok(page(pool, Some(id), 0, 1).await?.pop())
}

/// At most `limit` integrations with ids after `after`, in their order.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(pool: &PgPool, after: i64, limit: i64) -> Result<Vec<Shown>, Error> {
    page(pool, None, after, limit).await
}

async fn page(pool: &PgPool, id: Option<i64>, after: i64, limit: i64) -> Result<Vec<Shown>, Error> {
    let query = sqlx::query_as(include_str!("sql/integrations_list.sql"));
    let rows: Vec<ShownRow> = query.bind(id).bind(after).bind(limit).fetch_all(pool).await?;
    Ok(rows.into_iter().map(Shown::from).collect())
}

/// The account of this integration, for calling its platform.
///
/// # Errors
/// When there is no such integration, or its credentials do not open.
pub async fn account(pool: &PgPool, key: &SecretKey, id: i64) -> Result<Account, Error> {
    let mut conn = pool.acquire().await?;
    let (row, parameters) = stored(&mut conn, key, id).await?;
    Ok(Account { platform: row.platform, name: row.name, given: parameters.in_clear(), settings: row.settings.0 })
}

/// Creates an integration and answers its id. It is active, and tied to no project yet.
///
/// # Errors
/// [`Error::Invalid`] names the field.
pub async fn create(conn: &mut PgConnection, keeper: Keeper<'_>, new: &New) -> Result<i64, Error> {
    let platform = parameters::platform(&new.platform)?;
    let name = parameters::name("name", &new.name)?;
    let elements = parameters::elements(&new.elements)?;
    let (mut given, mut settings) = (Parameters::default(), Given::new());
    given.merge(platform, &new.parameters)?;
    given.complete(platform, keeper.plain_http)?;
    parameters::merge_settings(&mut settings, &new.settings)?;
    let id: i64 = sqlx::query_scalar(include_str!("sql/integration_number.sql")).fetch_one(&mut *conn).await?;
    let secrets = given.secret.seal(keeper.key, id)?;
    let query = sqlx::query(include_str!("sql/integration_create.sql")).bind(id).bind(platform).bind(name);
    query
        .bind(Value::Object(given.open))
        .bind(Value::Object(settings))
        .bind(elements)
        .bind(secrets)
        .execute(conn)
        .await?;
    Ok(id)
}

/// Changes an integration's name, parameters and settings. Call it in a transaction: the row is locked until its end.
///
/// # Errors
/// [`Error::Invalid`] names the field; when there is no such integration; when its credentials do not open.
pub async fn edit(conn: &mut PgConnection, keeper: Keeper<'_>, id: i64, edit: &Edit) -> Result<(), Error> {
    sqlx::query(include_str!("sql/integration_lock.sql")).bind(id).execute(&mut *conn).await?;
    let (row, mut given) = stored(conn, keeper.key, id).await?;
    let name = parameters::name("name", edit.name.as_deref().unwrap_or(&row.name))?;
    given.merge(&row.platform, &edit.parameters)?;
    given.complete(&row.platform, keeper.plain_http)?;
    let mut settings = row.settings.0;
    parameters::merge_settings(&mut settings, &edit.settings)?;
    let secrets = given.secret.seal(keeper.key, id)?;
    let query = sqlx::query(include_str!("sql/integration_edit.sql")).bind(id).bind(name);
    query.bind(Value::Object(given.open)).bind(Value::Object(settings)).bind(secrets).execute(conn).await?;
    Ok(())
}

/// Chooses what is synced, from the next sync on (rule D3).
///
/// # Errors
/// [`Error::Invalid`] names the field; when there is no such integration.
pub async fn set_elements(conn: &mut PgConnection, id: i64, elements: &[String]) -> Result<(), Error> {
    let elements = parameters::elements(elements)?;
    let done = sqlx::query(include_str!("sql/integration_elements.sql")).bind(id).bind(elements).execute(conn).await?;
    changed(id, done.rows_affected())
}

/// Activates or inactivates an integration (rule D4).
///
/// # Errors
/// When there is no such integration.
pub async fn set_active(conn: &mut PgConnection, id: i64, active: bool) -> Result<(), Error> {
    let done = sqlx::query(include_str!("sql/integration_active.sql")).bind(id).bind(active).execute(conn).await?;
    changed(id, done.rows_affected())
}

/// Ties an integration to a project (rule D2). Call it in a transaction, so that a new project does not outlive a failure.
///
/// # Errors
/// [`Error::Invalid`] names the field: no such project, or another integration fills it; when there is no such integration.
pub async fn set_project(conn: &mut PgConnection, id: i64, choice: &ProjectChoice) -> Result<(), Error> {
    let project = match choice {
        ProjectChoice::Existing(project) => Some(vacant(conn, id, *project).await?),
        ProjectChoice::New(nome) => {
            let nome = parameters::name("nome", nome)?;
            Some(sqlx::query_scalar(include_str!("sql/project_create.sql")).bind(nome).fetch_one(&mut *conn).await?)
        }
        ProjectChoice::Nothing => None,
    };
    let query = sqlx::query(include_str!("sql/integration_project.sql")).bind(id).bind(project);
    match query.execute(conn).await {
        Ok(done) => changed(id, done.rows_affected()),
        Err(sqlx::Error::Database(refused)) if refused.constraint() == Some("integration_one_per_project") => {
            let message = "já é preenchido por outra integração; escolha outro / is filled by another integration, and a project has one: choose another";
            Err(Error::invalid("id_projeto", message))
        }
        Err(other) => Err(other.into()),
    }
}

/// The project, if there is one that no other integration fills.
async fn vacant(conn: &mut PgConnection, id: i64, project: i64) -> Result<i64, Error> {
    let query = sqlx::query_scalar(include_str!("sql/project_filled_by.sql")).bind(project).bind(id);
    let filled_by: Option<Option<String>> = query.fetch_optional(conn).await?;
    match filled_by {
        Some(None) => Ok(project),
        Some(Some(name)) => {
            let message = format!(
                "o projeto {project} já é preenchido pela integração \"{name}\"; escolha outro / project {project} is filled by the integration \"{name}\", and a project has one: choose another"
            );
            Err(Error::invalid("id_projeto", message))
        }
        None => {
            let message = format!(
                "não há projeto {project}; dê o nome de um novo em nome / there is no project {project}; name a new one in nome"
            );
            Err(Error::invalid("id_projeto", message))
        }
    }
}

fn changed(id: i64, rows: u64) -> Result<(), Error> {
    if rows == 0 { Err(Error::NoIntegration(id)) } else { Ok(()) }
}

async fn stored(conn: &mut PgConnection, key: &SecretKey, id: i64) -> Result<(AccountRow, Parameters), Error> {
    let query = sqlx::query_as(include_str!("sql/integration_account.sql")).bind(id);
    let row: AccountRow = query.fetch_optional(conn).await?.ok_or(Error::NoIntegration(id))?;
    let secret = row.secrets.as_deref().map(|blob| Secrets::open(key, id, blob)).transpose()?.unwrap_or_default();
    let parameters = Parameters { open: row.parameters.0.clone(), secret };
    Ok((row, parameters))
}

#[derive(FromRow)]
struct AccountRow {
    platform: String,
    name: String,
    parameters: sqlx::types::Json<Given>,
    settings: sqlx::types::Json<Given>,
    secrets: Option<Vec<u8>>,
}

#[derive(FromRow)]
struct ShownRow {
    id_integracao: i64,
    platform: String,
    name: String,
    active: bool,
    parameters: sqlx::types::Json<Given>,
    settings: sqlx::types::Json<Given>,
    elements: Vec<String>,
    id_projeto: Option<i64>,
    projeto: Option<String>,
}

impl From<ShownRow> for Shown {
    fn from(r: ShownRow) -> Self {
        Shown {
            id: r.id_integracao,
            platform: r.platform,
            name: r.name,
            active: r.active,
            parameters: r.parameters.0,
            settings: r.settings.0,
            elements: r.elements,
            project: r.id_projeto.zip(r.projeto).map(|(id_projeto, nome)| Project { id_projeto, nome }),
        }
    }
}
