//! Differences between HubSoft and the platform, listed and settled by people (rule S6): send ours, take theirs, ignore.
//!
//! *Send ours* starts the work that makes the platform follow, *take theirs* changes HubSoft's port, *ignore* leaves both while they
//! say the same. Each is one transaction with its audit entry, with the port held still, and only while HubSoft still says what it
//! said when the difference was found: nobody settles what has become something else.

pub mod bulk;
mod forms;

use mapping::discrepancies::{self as stored, NOT_ON_PLATFORM, Settlement, Stands, TAKEN_BY_EQUIPMENT, TWO_PORTS};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

pub use forms::{Asked, Discrepancy, Settle, Settled};

use super::{Caller, Items, Refusal, again, audit, check, looked, mask};

/// A page of them, newest first.
///
/// # Errors
/// Names the parameter that cannot be taken.
pub async fn list(pool: &PgPool, caller: &Caller, asked: &Asked) -> Result<Items<Discrepancy>, Refusal> {
    let (which, status) = (asked.which()?, asked.status()?);
    let (before, limit) = (check::after(asked.after.as_deref())?, check::limit(asked.limit.as_deref())?);
    let mut conn = pool.acquire().await?;
    let read = stored::list(&mut conn, &which, status, before, i64::from(limit) + 1).await?;
    let page = check::page(read, limit, |one| one.id);
    let items: Vec<_> = page.items.into_iter().map(|one| Discrepancy::of(one, caller)).collect();
    looked(pool, caller, items.iter()).await?;
    Ok(Items { items, next: page.next })
}

/// One of them, settled or not.
///
/// # Errors
/// [`Refusal::Missing`] where there is none of this number.
pub async fn show(pool: &PgPool, caller: &Caller, id: i64) -> Result<Discrepancy, Refusal> {
    let read = stored::read(pool, id).await?.ok_or_else(|| missing(id))?;
    let shown = Discrepancy::of(read, caller);
    looked(pool, caller, [&shown].into_iter()).await?;
    Ok(shown)
}

/// P1: whoever sees people in full is written down; to others nothing of them is shown.
async fn looked(pool: &PgPool, caller: &Caller, shown: impl Iterator<Item = &Discrepancy>) -> Result<(), Refusal> {
    if !caller.sees_people() {
        return Ok(());
    }
    let told: Vec<i64> = shown.filter(|one| mask::tells(&one.theirs)).map(|one| one.id).collect();
    looked::at_many(pool, caller, "discrepancies", &told).await
}

/// Settles one.
///
/// # Errors
/// [`Refusal::NotNow`] with what may be done instead, [`Refusal::Missing`], [`Refusal::Invalid`] for the reason.
pub async fn settle(pool: &PgPool, caller: &Caller, id: i64, how: Settle, reason: &str) -> Result<Settled, Refusal> {
    let reason = check::reason(reason)?;
    let workflows = again(|| async {
        let mut tx = pool.begin().await?;
        let act = Act { person: &caller.name, reason: &reason, bulk: None, how: how.into() };
        let started = act.on(&mut tx, id).await?;
        tx.commit().await?;
        Ok(started)
    })
    .await?;
    Ok(Settled { discrepancy: show(pool, caller, id).await?, workflows })
}

/// What a person does, and why; `bulk`: the act on many that it is a part of.
pub(super) struct Act<'a> {
    pub(super) person: &'a str,
    pub(super) reason: &'a str,
    pub(super) bulk: Option<Uuid>,
    pub(super) how: Settlement,
}

impl Act<'_> {
    /// Does it in the caller's transaction; answers the workflows that it started.
    pub(super) async fn on(&self, conn: &mut PgConnection, id: i64) -> Result<Vec<Uuid>, Refusal> {
        let stands = stored::lock(conn, id).await?.ok_or_else(|| missing(id))?;
        allowed(&stands, self.how)?;
        let moved = match (self.how, stands.elsewhere.as_slice()) {
            (Settlement::Ignore, _) | (_, []) => Vec::new(),
            _ => stored::moved(conn, &stands).await?,
        };
        let workflows = match self.how {
            Settlement::Send => self.send(conn, &stands, &moved).await?,
            Settlement::Take => {
                stored::take(conn, &stands, &left(&stands, &moved)).await?;
                Vec::new()
            }
            Settlement::Ignore => Vec::new(),
        };
        let settled: Vec<i64> = [stands.id].into_iter().chain(moved.iter().map(|(id, _)| *id)).collect();
        stored::settle(conn, &settled, self.person, self.how).await?;
        self.note(conn, &stands, &moved, &workflows).await?;
        Ok(workflows)
    }

    /// The platform is to show HubSoft's occupant; where HubSoft has none, not to show theirs, who is then shown where HubSoft
    /// has him, if he was moved away from there.
    async fn send(&self, conn: &mut PgConnection, stands: &Stands, moved: &[(i64, i64)]) -> Result<Vec<Uuid>, Refusal> {
        if let Some(occupant) = stands.occupant {
            return Ok(vec![self.start(conn, "bind", stands.port, occupant).await?]);
        }
        let Some(theirs) = stands.theirs_to_unbind() else { return Ok(Vec::new()) };
        let mut started = vec![self.start(conn, "unbind", stands.port, theirs).await?];
        let home = stands.ours.get("service_sits_on").and_then(Value::as_i64);
        let home = home.filter(|port| stands.kind == TWO_PORTS && stands.elsewhere.contains(port));
        for port in moved.iter().map(|(_, port)| *port).chain(home.filter(|_| moved.is_empty())) {
            started.push(self.start(conn, "bind", port, theirs).await?);
        }
        Ok(started)
    }

    async fn start(&self, conn: &mut PgConnection, kind: &str, port: i64, service: i64) -> Result<Uuid, Refusal> {
        let payload = json!({ "id_porta_atendimento": port, "id_cliente_servico": service });
        let requested_by: String = self.person.chars().take(200).collect();
        let query = sqlx::query_scalar(include_str!("sql/enqueue.sql")).bind(kind).bind(payload);
        let query = query.bind(None::<String>).bind(requested_by).bind(None::<chrono::DateTime<chrono::Utc>>);
        Ok(query.bind(None::<String>).fetch_one(conn).await?)
    }

    async fn note(
        &self,
        conn: &mut PgConnection,
        stands: &Stands,
        moved: &[(i64, i64)],
        workflows: &[Uuid],
    ) -> Result<(), Refusal> {
        let now = stored::lock(conn, stands.id).await?.ok_or_else(|| missing(stands.id))?;
        let port = |of: &Stands| json!({ "id_cliente_servico": of.occupant, "reservado": of.reservado });
        let before = json!({
            "discrepancy": stands.id, "kind": stands.kind, "id_porta_atendimento": stands.port,
            "ours": stands.ours, "theirs": forms::theirs(&stands.theirs, stands.service), "port": port(stands),
        });
        let also: Vec<i64> = moved.iter().map(|(id, _)| *id).collect();
        let after = json!({
            "discrepancy": stands.id, "settlement": <&str>::from(self.how), "settled_too": also,
            "port": port(&now), "workflows": workflows,
        });
        let act = format!("discrepancy.{}", self.how);
        let entry = audit::Entry { act: &act, person: self.person, reason: self.reason, before, after };
        audit::note_part(conn, entry, self.bulk).await
    }
}

/// Which ports their service leaves in HubSoft when it is taken: those that the platform shows it has left, and all where the
/// project lets a service hold one port (rule B9).
fn left(stands: &Stands, moved: &[(i64, i64)]) -> Vec<i64> {
    match stands.single {
        true => stands.elsewhere.clone(),
        false => moved.iter().map(|(_, port)| *port).collect(),
    }
}

/// Whether it makes sense now; else what does.
fn allowed(stands: &Stands, how: Settlement) -> Result<(), Refusal> {
    let not_now =
        |pt: &str, en: &str, legal: Vec<&'static str>| Err(Refusal::NotNow { message: format!("{pt} / {en}"), legal });
    if stands.settled_at.is_some() {
        let by = stands.settled_by.as_deref().unwrap_or("?");
        return not_now(
            &format!("a divergência {} já foi resolvida por {by}: nada resta a fazer", stands.id),
            &format!("discrepancy {} was settled by {by}: nothing is left to be done", stands.id),
            Vec::new(),
        );
    }
    if how == Settlement::Ignore {
        return Ok(());
    }
    if !stands.is_current() {
        return not_now(
            "o HubSoft já mudou esta porta: sincronize o projeto, que compara de novo",
            "HubSoft has changed this port since: sync the project, which compares again",
            vec!["ignore"],
        );
    }
    if how == Settlement::Send && stands.occupant.is_none() && stands.kind == TAKEN_BY_EQUIPMENT {
        return not_now(
            "um equipamento ocupa a porta: retire-o na plataforma, ou aceite o dela",
            "equipment is on the port: take it off on the platform, or take theirs",
            vec!["take", "ignore"],
        );
    }
    if how == Settlement::Send && stands.occupant.is_none() && stands.theirs_to_unbind().is_none() {
        return not_now(
            "o cliente da plataforma não tem um serviço do HubSoft: retire-o na plataforma, ou aceite o dela",
            "the platform's customer is no service of HubSoft's: take him off on the platform, or take theirs",
            vec!["take", "ignore"],
        );
    }
    if how == Settlement::Take && stands.in_flight {
        return not_now(
            "há trabalho em andamento para esta porta ou este serviço: espere que termine",
            "work for this port or this service is under way: wait until it has ended",
            vec!["send", "ignore"],
        );
    }
    Ok(())
}

/// What may be done about one, as far as its row tells: the port may have moved on.
fn possible(one: &stored::Discrepancy) -> Vec<&'static str> {
    if one.settled_at.is_some() || !stored::KINDS.contains(&one.kind.as_str()) {
        return if one.settled_at.is_some() { Vec::new() } else { vec!["ignore"] };
    }
    let ours = one.ours.get("id_cliente_servico").is_some_and(Value::is_i64);
    let code = one.theirs.get("code").and_then(Value::as_str);
    let numbered = code.is_some_and(|code| code.parse::<i64>().is_ok_and(|number| number > 0));
    let named = one.kind == NOT_ON_PLATFORM || one.theirs_service.is_some() || numbered;
    let sends = ours || (named && one.kind != TAKEN_BY_EQUIPMENT);
    [("send", sends), ("take", true), ("ignore", true)]
        .into_iter()
        .filter(|(_, can)| *can)
        .map(|(act, _)| act)
        .collect()
}

fn missing(id: i64) -> Refusal {
    Refusal::Missing(format!("não há divergência {id} / there is no discrepancy {id}"))
}
