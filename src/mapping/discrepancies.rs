//! Where HubSoft and the platform differ: what kinds there are, and what a person may do about one (rule S6).
//!
//! Syncs and unbinds open them ([`crate::Change::Discrepancy`]); a later sync, or whoever makes the platform show what HubSoft
//! wants, closes them. Here they are read, and HubSoft's side is changed where a person takes the platform's.

use chrono::{DateTime, Utc};
use platforms::{OccupantElement, PlatformCustomer};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, PgPool};

use crate::{Error, occupants};

/// Each side shows somebody else, or the platform somebody where an unbind left nobody.
pub const OTHER_OCCUPANT: &str = "other_occupant";
/// The platform shows on this port a service that HubSoft has on another one.
pub const TWO_PORTS: &str = "two_ports";
/// A person at HubSoft holds the port, and the platform shows a customer of HubSoft's there.
pub const RESERVED_PORT: &str = "reserved_port";
/// HubSoft has somebody there, and the platform nobody.
pub const NOT_ON_PLATFORM: &str = "not_on_platform";
/// HubSoft has nobody there, and the platform something that is no customer.
pub const TAKEN_BY_EQUIPMENT: &str = "taken_by_equipment";

/// All kinds that there are.
pub const KINDS: [&str; 5] = [OTHER_OCCUPANT, TWO_PORTS, RESERVED_PORT, NOT_ON_PLATFORM, TAKEN_BY_EQUIPMENT];

/// How a person settles one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr, strum::EnumString, strum::Display, strum::VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Settlement {
    /// The platform follows HubSoft.
    Send,
    /// HubSoft follows the platform.
    Take,
    /// Neither, while both sides say the same.
    Ignore,
}

/// One, with where it is.
#[derive(Clone, Debug, FromRow)]
pub struct Discrepancy {
    /// Its number.
    pub id: i64,
    /// `id_porta_atendimento`.
    pub port: i64,
    /// The integration of the port's project.
    pub integration: Option<i64>,
    /// The port's project.
    pub project: i64,
    /// The name of the port's box.
    pub box_name: String,
    /// The port's number as people read it.
    pub number: i32,
    /// One of [`KINDS`]; an older or a newer build may know others.
    pub kind: String,
    /// What HubSoft says.
    pub ours: Value,
    /// What the platform says; may name its customer.
    pub theirs: Value,
    /// Whom of HubSoft's the platform's customer is, where that is known.
    pub theirs_service: Option<i64>,
    /// When it was first seen.
    pub since: DateTime<Utc>,
    /// When it was settled.
    pub settled_at: Option<DateTime<Utc>>,
    /// By whom: a person, `sync` or `enlace`.
    pub settled_by: Option<String>,
    /// How, where a person did it.
    pub settlement: Option<String>,
}

/// Which are meant.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// `id_integracao`.
    pub integration: Option<i64>,
    /// `id_projeto`.
    pub project: Option<i64>,
    /// `id_porta_atendimento`.
    pub port: Option<i64>,
    /// `id_caixa_optica`.
    pub of_box: Option<i64>,
    /// Some of [`KINDS`].
    pub kinds: Option<Vec<String>>,
}

/// At most `limit` of those that match, newest first, before the number `before`; `status`: `open`, `settled` or `all`.
///
/// # Errors
/// When the database cannot be read.
pub async fn list(
    conn: &mut PgConnection,
    which: &Which,
    status: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Discrepancy>, Error> {
    // Planned with the values at hand: most of them are not given.
    let query = sqlx::query_as(include_str!("sql/discrepancies_list.sql")).persistent(false);
    let query = query.bind(None::<i64>).bind(before).bind(which.integration).bind(which.project).bind(which.port);
    Ok(query.bind(&which.kinds).bind(status).bind(limit).bind(which.of_box).fetch_all(conn).await?)
}

/// The one of this number.
///
/// # Errors
/// When the database cannot be read.
pub async fn read(pool: &PgPool, id: i64) -> Result<Option<Discrepancy>, Error> {
    let query = sqlx::query_as(include_str!("sql/discrepancies_list.sql")).persistent(false);
    let query = query.bind(id).bind(None::<i64>).bind(None::<i64>).bind(None::<i64>).bind(None::<i64>);
    let query = query.bind(None::<Vec<String>>).bind("all").bind(1_i64).bind(None::<i64>);
    Ok(query.fetch_optional(pool).await?)
}

/// How many open ones match, by kind.
///
/// # Errors
/// When the database cannot be read.
pub async fn count(conn: &mut PgConnection, which: &Which) -> Result<Vec<(String, i64)>, Error> {
    let query = sqlx::query_as(include_str!("sql/discrepancies_count.sql")).persistent(false);
    let query =
        query.bind(which.integration).bind(which.project).bind(which.port).bind(&which.kinds).bind(which.of_box);
    Ok(query.fetch_all(conn).await?)
}

/// One that is held still, with how HubSoft's side stands now.
#[derive(Clone, Debug, FromRow)]
pub struct Stands {
    /// Its number.
    pub id: i64,
    /// `id_porta_atendimento`.
    pub port: i64,
    /// One of [`KINDS`].
    pub kind: String,
    /// What HubSoft said.
    pub ours: Value,
    /// What the platform said.
    pub theirs: Value,
    /// When it was settled, if it was.
    pub settled_at: Option<DateTime<Utc>>,
    /// And by whom.
    pub settled_by: Option<String>,
    /// The service that HubSoft has on the port now.
    pub occupant: Option<i64>,
    /// HubSoft's port is held without a customer.
    pub reservado: bool,
    /// The project's `cliente_unico_porta`.
    pub single: bool,
    /// Whom of HubSoft's the platform shows there, if he is known and still a customer.
    pub service: Option<i64>,
    /// Other ports on which HubSoft has that service.
    pub elsewhere: Vec<i64>,
    /// Work for the port, or for who sits there or is to, is under way.
    pub in_flight: bool,
}

impl Stands {
    /// HubSoft still says what it said when the difference was found.
    pub fn is_current(&self) -> bool {
        self.ours.get("id_cliente_servico").and_then(Value::as_i64) == self.occupant
    }

    /// The service that an unbind has to name to take the platform's customer off.
    pub fn theirs_to_unbind(&self) -> Option<i64> {
        self.service.or_else(|| self.theirs.get("code")?.as_str().and_then(occupants::service_id))
    }
}

/// Holds one still until the transaction ends; `None`: there is none of this number.
///
/// # Errors
/// When the database refuses.
pub async fn lock(conn: &mut PgConnection, id: i64) -> Result<Option<Stands>, Error> {
    sqlx::query(include_str!("sql/discrepancy_lock.sql")).bind(id).execute(&mut *conn).await?;
    let query = sqlx::query_as(include_str!("sql/discrepancy_stands.sql")).persistent(false);
    Ok(query.bind(id).fetch_optional(conn).await?)
}

/// The open differences that are the other half of a service's move to the port of this one: numbers, and their ports.
///
/// # Errors
/// When the database refuses.
pub async fn moved(conn: &mut PgConnection, stands: &Stands) -> Result<Vec<(i64, i64)>, Error> {
    let query = sqlx::query_as(include_str!("sql/discrepancy_moved.sql"));
    Ok(query.bind(&stands.elsewhere).bind(stands.service).fetch_all(conn).await?)
}

/// HubSoft's port follows the platform. `leaves`: ports that its new occupant leaves for it.
///
/// # Errors
/// When the database refuses.
pub async fn take(conn: &mut PgConnection, stands: &Stands, leaves: &[i64]) -> Result<(), Error> {
    let seat = stands.theirs.get("external_id").and_then(Value::as_str);
    let held = match (stands.kind.as_str(), stands.service) {
        (NOT_ON_PLATFORM, _) | (_, Some(_)) => None,
        // A person's: no sync sees what is no customer's, and so would lift it.
        (TAKEN_BY_EQUIPMENT, None) => {
            Some(("Ocupada por equipamento na plataforma de mapeamento".to_owned(), "person"))
        }
        (_, None) => Some((observation(&stands.theirs), "sync")),
    };
    for port in leaves {
        set(conn, *port, None, None, None, false).await?;
    }
    let lifts = stands.kind == RESERVED_PORT;
    set(conn, stands.port, stands.service, seat, held, lifts).await
}

async fn set(
    conn: &mut PgConnection,
    port: i64,
    service: Option<i64>,
    seat: Option<&str>,
    held: Option<(String, &str)>,
    lifts: bool,
) -> Result<(), Error> {
    let (words, by) = held.unzip();
    let query = sqlx::query(include_str!("sql/discrepancy_take.sql")).bind(port).bind(service).bind(seat);
    query.bind(words).bind(by).bind(lifts).execute(conn).await?;
    Ok(())
}

/// The platform's customer in words, as a sync would write them (rule S5).
fn observation(theirs: &Value) -> String {
    let text = |key: &str| theirs.get(key).and_then(Value::as_str).map(str::to_owned);
    let (code, name) = (text("code"), text("name"));
    let known = code.is_some() || name.is_some();
    occupants::observation(&OccupantElement {
        splitter_external_id: String::new(),
        sequencia: 0,
        external_id: String::new(),
        customer: known.then_some(PlatformCustomer { code, name, document: None }),
    })
}

/// A person has settled these.
///
/// # Errors
/// When the database refuses.
pub async fn settle(conn: &mut PgConnection, ids: &[i64], person: &str, how: Settlement) -> Result<(), Error> {
    let query = sqlx::query(include_str!("sql/discrepancies_settle.sql")).bind(ids).bind(person);
    query.bind(<&str>::from(how)).execute(conn).await?;
    Ok(())
}
