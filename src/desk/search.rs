//! One field that finds anything: a service, a customer, a box, a port, an order, a workflow.

use mapping::documents;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Caller, Refusal, check, looked, mask};
use crate::tokens::Role;

/// Most of each sort that are looked for.
const MOST: i64 = 30;
/// A name is looked for by so many letters or digits, or more: what fewer begin is everybody.
const FEWEST_LETTERS: usize = 3;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// An `id_cliente_servico`, a customer's code, a port's or an order's number, the words of a box's name, a workflow's id; for
    /// those who act, a CPF or CNPJ and the words of a customer's name, too.
    #[param(example = "CTO-091")]
    pub q: String,
}

/// Something that may be meant.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Hit {
    /// `service`, `port`, `order`, `workflow` or `box`.
    #[schema(example = "box")]
    pub kind: String,
    /// Its number, or a workflow's id.
    #[schema(example = "91")]
    pub id: String,
    /// Where it is shown: below `/api/v1` for programs, in the console for people; of an order, its service.
    #[sqlx(skip)]
    #[schema(example = "/boxes/91")]
    pub path: String,
    /// What it was found by: `number`, `code`, `document`, `name` or `id`.
    #[schema(example = "name")]
    pub by: String,
    /// The whole of what was asked for is its number, code, document, id or name.
    pub exact: bool,
    /// The service, of an order too.
    pub id_cliente_servico: Option<i64>,
    /// Its customer's code.
    pub codigo_cliente: Option<String>,
    /// Its customer's name; masked for all but the role `admin`.
    pub cliente: Option<String>,
    /// The service's plan.
    pub descricao: Option<String>,
    /// HubSoft's status of the service.
    pub status_prefixo: Option<String>,
    /// The name of the box, of a port too.
    #[schema(example = "CTO-091")]
    pub caixa: Option<String>,
    /// The port's number as people read it, from 1.
    pub numero_porta: Option<i32>,
    /// The name of the box's project.
    pub projeto: Option<String>,
    /// The workflow's kind.
    pub operation: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Found {
    /// What may be meant, the likeliest first.
    pub items: Vec<Hit>,
    /// Always null: whoever gets too much says more of what is meant.
    pub next: Option<String>,
    /// There is more than that.
    pub cut: bool,
}

impl Found {
    /// The one that is meant, if that is sure.
    pub fn only(&self) -> Option<&Hit> {
        let named = |hit: &&Hit| hit.exact && hit.by == "name";
        let mut exact = self.items.iter().filter(named);
        match (self.items.as_slice(), exact.next(), exact.next()) {
            ([one], _, _) => Some(one),
            (all, Some(one), None) if all.iter().all(|hit| hit.by == "name") => Some(one),
            _ => None,
        }
    }
}

/// Whether this caller finds customers by who they are.
pub fn by_people(caller: &Caller) -> bool {
    matches!(caller.role, Role::Operator | Role::Admin)
}

/// Looks for it.
///
/// # Errors
/// Names `q`; [`Refusal::Later`] where it takes too long.
pub async fn find(pool: &PgPool, caller: &Caller, text: &str) -> Result<Found, Refusal> {
    let text = check::words("q", text)?;
    let number = Some(text.trim_start_matches('#')).and_then(|digits| check::number("q", digits).ok());
    let document = documents::valid(&text).filter(|_| by_people(caller));
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    let named = by_people(caller) && letters >= FEWEST_LETTERS;
    let mut tx = pool.begin().await?;
    sqlx::query(include_str!("sql/patience.sql")).execute(&mut *tx).await?;
    // Planned with the values at hand: most of them are not given.
    let query = sqlx::query_as(include_str!("sql/search.sql")).persistent(false);
    let query = query.bind(&text).bind(number).bind(Uuid::parse_str(&text).ok()).bind(document).bind(named);
    let mut items: Vec<Hit> = query.bind(MOST + 1).fetch_all(&mut *tx).await?;
    tx.rollback().await?;
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let cut = items.len() > most;
    items.truncate(most);
    looked_at(pool, caller, &items).await?;
    for hit in &mut items {
        hit.path = hit.leads_to();
        hit.cliente.iter_mut().for_each(|name| mask::person(caller, name));
    }
    Ok(Found { items, next: None, cut })
}

impl Hit {
    fn leads_to(&self) -> String {
        match (self.kind.as_str(), self.id_cliente_servico) {
            ("order", Some(service)) => format!("/services/{service}"),
            ("workflow", _) => format!("/workflows/{}", self.id),
            ("box", _) => format!("/boxes/{}", self.id),
            (kind, _) => format!("/{kind}s/{}", self.id),
        }
    }
}

async fn looked_at(pool: &PgPool, caller: &Caller, items: &[Hit]) -> Result<(), Refusal> {
    if !caller.sees_people() {
        return Ok(());
    }
    let mut told: Vec<i64> =
        items.iter().filter(|hit| hit.cliente.is_some()).filter_map(|hit| hit.id_cliente_servico).collect();
    told.sort_unstable();
    told.dedup();
    looked::at_many(pool, caller, "services", &told).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(kind: &str, by: &str, exact: bool) -> Hit {
        Hit {
            kind: kind.to_owned(),
            id: "7".to_owned(),
            path: String::new(),
            by: by.to_owned(),
            exact,
            id_cliente_servico: Some(4411),
            codigo_cliente: None,
            cliente: None,
            descricao: None,
            status_prefixo: None,
            caixa: None,
            numero_porta: None,
            projeto: None,
            operation: None,
        }
    }

    #[test]
    fn one_thing_is_meant_where_nothing_else_can_be() {
        let found = |items: Vec<Hit>| Found { items, next: None, cut: false }.only().map(|hit| hit.kind.clone());
        assert_eq!(found(vec![hit("port", "number", true)]).as_deref(), Some("port"));
        let (whole, longer) = (hit("box", "name", true), hit("box", "name", false));
        assert_eq!(found(vec![whole.clone(), longer]).as_deref(), Some("box"), "CTO-09 beside CTO-091");
        assert_eq!(found(vec![hit("port", "number", true), hit("service", "number", true)]), None);
        assert_eq!(found(vec![hit("port", "number", true), whole]), None, "a number may be a box's name, too");
        assert_eq!(found(Vec::new()), None);
    }

    #[test]
    fn each_leads_to_its_page_and_an_order_to_its_service() {
        let paths = ["service", "port", "box", "order", "workflow"].map(|kind| hit(kind, "number", true).leads_to());
        assert_eq!(paths, ["/services/7", "/ports/7", "/boxes/7", "/services/4411", "/workflows/7"]);
    }
}
