//! Integrations, set up and tried (rules D1–D4): each change with its audit entry, and all of one change in one transaction.

mod forms;
pub mod syncs;

use engine::{schedule, upstream};
use mapping::integrations::{self as stored, Edit, Keeper, New};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

pub use forms::{Change, Choice, Create, Event, Integration, Project, Tested};

use super::{Caller, Items, Refusal, Setup, again, audit, check, start, upstreams};

/// Every active integration is synced at this time (rule S1).
const NIGHTLY: (&str, &str) = ("0 4 * * *", "America/Sao_Paulo");

impl Setup {
    fn keeper(&self) -> Keeper<'_> {
        Keeper { key: &self.key, plain_http: self.plain_http }
    }
}

/// A page of integrations, in the order of their ids.
///
/// # Errors
/// Names the parameter that cannot be taken.
pub async fn list(pool: &PgPool, after: Option<&str>, limit: Option<&str>) -> Result<Items<Integration>, Refusal> {
    let (after, limit) = (check::after(after)?.unwrap_or(0), check::limit(limit)?);
    let read = stored::list(pool, after, i64::from(limit) + 1).await?;
    Ok(check::page(read.into_iter().map(Integration::from).collect(), limit, |one: &Integration| one.id))
}

/// One integration.
///
/// # Errors
/// When there is no such integration.
pub async fn show(pool: &PgPool, id: i64) -> Result<Integration, Refusal> {
    Ok(stored::read(pool, id).await?.ok_or(mapping::Error::NoIntegration(id))?.into())
}

/// What happened to an integration: what people did to it and to its upstream, and its syncs; newest first.
///
/// # Errors
/// Names the parameter that cannot be taken; when there is no such integration.
pub async fn history(
    pool: &PgPool,
    id: i64,
    after: Option<&str>,
    limit: Option<&str>,
) -> Result<Items<Event>, Refusal> {
    let (before, limit) = (check::after(after)?, check::limit(limit)?);
    show(pool, id).await?;
    let query = sqlx::query_as(include_str!("sql/integration_history.sql")).bind(id).bind(before);
    let read = query.bind(i64::from(limit) + 1).fetch_all(pool).await?;
    Ok(check::page(read, limit, |event: &Event| event.at.timestamp_micros()))
}

/// Creates an integration and its nightly sync.
///
/// # Errors
/// Names the field that cannot be taken; nothing is stored then.
pub async fn create(pool: &PgPool, setup: &Setup, caller: &Caller, asked: Create) -> Result<Integration, Refusal> {
    let choice = asked.project.map(Choice::checked).transpose()?;
    let new = New {
        platform: asked.platform,
        name: asked.name,
        parameters: asked.parameters,
        settings: asked.settings,
        elements: asked.elements,
    };
    again(|| async {
        let mut tx = pool.begin().await?;
        let id = stored::create(&mut tx, setup.keeper(), &new).await?;
        if let Some(choice) = &choice {
            stored::set_project(&mut tx, id, choice).await?;
        }
        schedule::add(&mut tx, "sync", &json!({ "id_integracao": id }), NIGHTLY.0, NIGHTLY.1).await?;
        if let Some(rate) = platforms::calls_a_second(&new.platform) {
            // Before its first call: a sync that begins at full speed is refused for minutes (G7).
            let limits = upstream::Limits { rate: Some(rate), concurrency: None };
            upstream::limit(&mut tx, &mapping::upstream_of(id), limits).await?;
        }
        if !asked.active {
            set_active(&mut tx, caller, id, false).await?;
        }
        settle(pool, tx, caller, "integration.create", "", id, None).await
    })
    .await
}

/// Changes an integration. New parameters open an upstream that closed because the old ones were refused.
///
/// # Errors
/// Names the field that cannot be taken; when there is no such integration.
pub async fn edit(
    pool: &PgPool,
    setup: &Setup,
    caller: &Caller,
    id: i64,
    change: Change,
) -> Result<Integration, Refusal> {
    let before = show(pool, id).await?;
    let reason = why(change.reason.as_deref())?;
    let new_parameters = !change.parameters.is_empty();
    let edit = Edit { name: change.name, parameters: change.parameters, settings: change.settings };
    again(|| async {
        let mut tx = pool.begin().await?;
        stored::edit(&mut tx, setup.keeper(), id, &edit).await?;
        if new_parameters {
            upstreams::reopen_after_refusal(&mut tx, caller, id, "os parâmetros mudaram / the parameters were changed")
                .await?;
        }
        settle(pool, tx, caller, "integration.edit", &reason, id, Some(&before)).await
    })
    .await
}

/// Chooses what is synced, from the next sync on (rule D3).
///
/// # Errors
/// Names `elements`; when there is no such integration.
pub async fn set_elements(
    pool: &PgPool,
    caller: &Caller,
    id: i64,
    elements: &[String],
    reason: Option<&str>,
) -> Result<Integration, Refusal> {
    let (before, reason) = (show(pool, id).await?, why(reason)?);
    again(|| async {
        let mut tx = pool.begin().await?;
        stored::set_elements(&mut tx, id, elements).await?;
        settle(pool, tx, caller, "integration.elements", &reason, id, Some(&before)).await
    })
    .await
}

/// Ties an integration to a project (rule D2).
///
/// # Errors
/// Names `id_projeto` or `nome`; when there is no such integration.
pub async fn set_project(
    pool: &PgPool,
    caller: &Caller,
    id: i64,
    choice: Choice,
    reason: Option<&str>,
) -> Result<Integration, Refusal> {
    let choice = choice.checked()?;
    let (before, reason) = (show(pool, id).await?, why(reason)?);
    again(|| async {
        let mut tx = pool.begin().await?;
        stored::set_project(&mut tx, id, &choice).await?;
        settle(pool, tx, caller, "integration.project", &reason, id, Some(&before)).await
    })
    .await
}

/// Activates an integration, or inactivates it: then its upstream is closed, so that what is queued waits, visibly (D4).
///
/// # Errors
/// When there is no such integration.
pub async fn activate(
    pool: &PgPool,
    caller: &Caller,
    id: i64,
    active: bool,
    reason: Option<&str>,
) -> Result<Integration, Refusal> {
    let (before, reason) = (show(pool, id).await?, why(reason)?);
    if before.active == active {
        return Ok(before);
    }
    again(|| async {
        let mut tx = pool.begin().await?;
        set_active(&mut tx, caller, id, active).await?;
        let act = if active { "integration.activate" } else { "integration.inactivate" };
        settle(pool, tx, caller, act, &reason, id, Some(&before)).await
    })
    .await
}

async fn set_active(conn: &mut PgConnection, caller: &Caller, id: i64, active: bool) -> Result<(), Refusal> {
    stored::set_active(conn, id, active).await?;
    let upstream = mapping::upstream_of(id);
    upstream::open(conn, &upstream).await?;
    if !active {
        let reason = "integração inativada / integration inactivated".to_owned();
        upstream::close(
            conn,
            &[upstream::Close { upstream, length: upstream::Length::UntilOpened, reason }],
            &caller.name,
        )
        .await?;
    }
    upstreams::wake(conn).await
}

/// Asks the platform whether the integration works (rule D4). A yes opens an upstream that a refusal had closed.
///
/// # Errors
/// When there is no such integration; that it does not work is an answer, not an error.
pub async fn test(pool: &PgPool, setup: &Setup, caller: &Caller, id: i64) -> Result<Tested, Refusal> {
    show(pool, id).await?;
    let platform = match setup.accounts.of(id).await {
        Ok(platform) => platform,
        Err(super::connect::Unready::Platform(failure)) => return Ok(failed(&failure)),
        Err(super::connect::Unready::Mapping(error)) => return Err(error.into()),
    };
    let found = match platform.test().await {
        Ok(found) => found,
        Err(failure) => return Ok(failed(&failure)),
    };
    let opened = again(|| async {
        let mut tx = pool.begin().await?;
        let opened =
            upstreams::reopen_after_refusal(&mut tx, caller, id, "um teste deu certo / a test of it succeeded").await?;
        tx.commit().await?;
        Ok(opened)
    })
    .await?;
    let message = "a plataforma respondeu e aceitou as credenciais / the platform answered and took the credentials";
    let details = json!({ "projects": found.projects, "code": null, "opened": opened });
    Ok(Tested { ok: true, message: message.to_owned(), details })
}

fn failed(failure: &platforms::Failure) -> Tested {
    let details = json!({ "projects": [], "code": failure.code, "opened": false });
    Tested { ok: false, message: failure.message.clone(), details }
}

/// Starts a sync, or joins the one that runs (rule S1).
///
/// # Errors
/// When there is no such integration, or it is inactive: its sync would only wait.
pub async fn sync(pool: &PgPool, caller: &Caller, id: i64) -> Result<start::Started, Refusal> {
    if !show(pool, id).await?.active {
        let message =
            format!("a integração {id} está inativa: ative-a antes / integration {id} is inactive: activate it first");
        return Err(Refusal::NotNow { message, legal: vec!["activate"] });
    }
    let asked = start::Start {
        kind: "sync".to_owned(),
        payload: json!({ "id_integracao": id }),
        dedup_id: None,
        requested_by: None,
        not_before: None,
    };
    start::start(pool, caller, asked, start::Along::default()).await
}

fn why(reason: Option<&str>) -> Result<String, Refusal> {
    reason.map_or_else(|| Ok(String::new()), check::reason)
}

/// Writes the audit entry, commits, and answers how the integration stands now.
async fn settle(
    pool: &PgPool,
    mut tx: Transaction<'static, Postgres>,
    caller: &Caller,
    act: &str,
    reason: &str,
    id: i64,
    before: Option<&Integration>,
) -> Result<Integration, Refusal> {
    let now: Value = sqlx::query_scalar(include_str!("sql/integration_now.sql")).bind(id).fetch_one(&mut *tx).await?;
    let (before, after) = (json!({ "integration": id, "was": before }), json!({ "integration": id, "is": now }));
    audit::note(&mut tx, audit::Entry { act, person: &caller.name, reason, before, after }).await?;
    tx.commit().await?;
    show(pool, id).await
}
