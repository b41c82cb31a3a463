//! Who sits where according to the platform, and what follows from it (rules S4–S7).
//!
//! First HubSoft's side of the page is read, then [`decide`] says what is to be done with each port, then it is written.

use std::collections::HashSet;

use platforms::{OccupantElement, PlatformCustomer};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    Error,
    apply::Discrepancies,
    documents,
    sync::{Customers, planned, text},
};

/// No observation is longer, in characters: it is read in a table's cell.
const LONGEST_OBSERVATION: usize = 200;

/// HubSoft's side of one occupied port.
#[derive(Clone, Debug, FromRow)]
struct Found {
    /// Which row of the page, from 1.
    place: i64,
    port: i64,
    occupant: Option<i64>,
    reservado: bool,
    reserved_by: Option<String>,
    observacao: Option<String>,
    /// The project's `bloquear_vinculo_porta_reservada`.
    reservations_bind: bool,
    /// The service that the platform's code names, if it exists and is not cancelled.
    by_code: Option<i64>,
    /// Another port on which HubSoft says that service sits.
    elsewhere: Option<i64>,
    /// The services of the customer with the platform's document that could be meant.
    by_document: Vec<i64>,
    in_flight: bool,
}

impl Found {
    /// Anybody's reservation but a sync's: HubSoft's own screens do not say who made one.
    fn reserved_by_a_person(&self) -> bool {
        self.reservado && self.reserved_by.as_deref() != Some("sync")
    }
}

/// The platform's side of it.
#[derive(Clone, Debug)]
struct Theirs {
    seat: String,
    code: Option<i64>,
    document: Option<String>,
    observation: String,
    says: Value,
}

/// What is to be done with a port.
#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    /// Nothing, because it is not for this sync to say.
    Leave,
    /// Nothing, because both sides agree.
    Agree,
    /// The service becomes the occupant.
    Bind { service: i64 },
    /// It is reserved for somebody unknown; `ambiguous`: several services could be meant.
    Reserve { ambiguous: bool },
    /// The difference is recorded.
    Differ { kind: &'static str, ours: Value },
}

/// `bound`: the services that this page has already put on a port.
fn decide(found: &Found, theirs: &Theirs, bound: &HashSet<i64>) -> Verdict {
    if found.in_flight {
        return Verdict::Leave;
    }
    if let Some(occupant) = found.occupant {
        let same = theirs.code == Some(occupant) || found.by_document.contains(&occupant);
        let ours = json!({ "id_cliente_servico": occupant });
        return if same { Verdict::Agree } else { Verdict::Differ { kind: "other_occupant", ours } };
    }
    match (found.by_code, found.by_document.as_slice()) {
        (Some(service), _) if found.elsewhere.is_some() || bound.contains(&service) => {
            let ours = json!({ "id_cliente_servico": null, "service": service, "service_sits_on": found.elsewhere });
            Verdict::Differ { kind: "two_ports", ours }
        }
        (Some(service), _) => bind(found, service),
        (None, [service]) if !bound.contains(service) => bind(found, *service),
        (None, _) if found.reserved_by_a_person() => Verdict::Leave,
        (None, candidates) => Verdict::Reserve { ambiguous: candidates.len() > 1 },
    }
}

fn bind(found: &Found, service: i64) -> Verdict {
    if found.reserved_by_a_person() && found.reservations_bind {
        let ours = json!({ "id_cliente_servico": null, "reservado": true, "service": service });
        return Verdict::Differ { kind: "reserved_port", ours };
    }
    Verdict::Bind { service }
}

/// Writes a page of occupants.
pub(crate) async fn apply(conn: &mut PgConnection, run: Uuid, page: Vec<OccupantElement>) -> Result<Customers, Error> {
    let theirs: Vec<Theirs> = page.iter().map(Theirs::from).collect();
    let found = find(conn, run, &page, &theirs).await?;
    Decided::new(found, &theirs).write(conn, run).await
}

async fn find(
    conn: &mut PgConnection,
    run: Uuid,
    page: &[OccupantElement],
    theirs: &[Theirs],
) -> Result<Vec<Found>, Error> {
    let splitters: Vec<String> = page.iter().map(|o| text(&o.splitter_external_id)).collect();
    let sequence: Vec<i32> = page.iter().map(|o| o.sequencia).collect();
    let codes: Vec<Option<i64>> = theirs.iter().map(|t| t.code).collect();
    let documents: Vec<Option<String>> = theirs.iter().map(|t| t.document.clone()).collect();
    let query = sqlx::query_as(include_str!("sql/occupants_find.sql")).persistent(false).bind(run);
    Ok(query.bind(splitters).bind(sequence).bind(codes).bind(documents).fetch_all(conn).await?)
}

/// A page's verdicts, as the columns of the statements that carry them out.
#[derive(Default)]
struct Decided {
    agree: Vec<i64>,
    bind: (Vec<i64>, Vec<i64>, Vec<String>),
    reserve: (Vec<i64>, Vec<String>),
    /// Reservations by a sync that stand.
    held: Vec<i64>,
    differ: Discrepancies,
    ambiguous: i64,
}

impl Decided {
    fn new(found: Vec<Found>, theirs: &[Theirs]) -> Self {
        let (mut decided, mut ports, mut bound) = (Self::default(), HashSet::new(), HashSet::new());
        for found in found {
            let row = usize::try_from(found.place - 1).ok().and_then(|place| theirs.get(place));
            // A drawing may show one port taken twice; the first one counts.
            let (Some(theirs), true) = (row, ports.insert(found.port)) else { continue };
            let verdict = decide(&found, theirs, &bound);
            if let Verdict::Bind { service } = verdict {
                bound.insert(service);
            }
            decided.note(&found, theirs, verdict);
        }
        decided
    }

    fn note(&mut self, found: &Found, theirs: &Theirs, verdict: Verdict) {
        match verdict {
            Verdict::Agree => return self.agree.push(found.port),
            Verdict::Bind { service } => {
                self.bind.0.push(found.port);
                self.bind.1.push(service);
                self.bind.2.push(theirs.seat.clone());
                return self.agree.push(found.port);
            }
            Verdict::Reserve { ambiguous } => {
                self.ambiguous += i64::from(ambiguous);
                if !found.reservado || found.observacao.as_deref() != Some(&theirs.observation) {
                    self.reserve.0.push(found.port);
                    self.reserve.1.push(theirs.observation.clone());
                }
            }
            Verdict::Differ { kind, ours } => self.differ.add(found.port, kind, ours, theirs.says.clone()),
            Verdict::Leave => {}
        }
        self.held.push(found.port);
    }

    async fn write(self, conn: &mut PgConnection, run: Uuid) -> Result<Customers, Error> {
        let agreed = planned(include_str!("sql/discrepancies_agree.sql")).bind(self.agree);
        agreed.execute(&mut *conn).await?;
        let bind =
            planned(include_str!("sql/occupants_bind.sql")).bind(self.bind.0).bind(self.bind.1).bind(self.bind.2);
        let bound = bind.execute(&mut *conn).await?.rows_affected();
        let reserve = planned(include_str!("sql/occupants_reserve.sql")).bind(self.reserve.0).bind(self.reserve.1);
        let reserved = reserve.execute(&mut *conn).await?.rows_affected();
        planned(include_str!("sql/reservations_seen.sql")).bind(run).bind(self.held).execute(&mut *conn).await?;
        let discrepancies = self.differ.write(conn).await?;
        Ok(Customers {
            bound: bound.cast_signed(),
            reserved: reserved.cast_signed(),
            ambiguous: self.ambiguous,
            discrepancies,
        })
    }
}

impl From<&OccupantElement> for Theirs {
    fn from(seat: &OccupantElement) -> Self {
        let customer = seat.customer.as_ref();
        let code = customer.and_then(|c| c.code.as_deref()).map(str::trim);
        // OZMap has no document field, but its code may be one (ozmap.md, section 0).
        let documents = [customer.and_then(|c| c.document.as_deref()), code];
        Self {
            seat: text(&seat.external_id),
            code: code.and_then(service_id),
            document: documents.into_iter().flatten().find_map(documents::valid),
            observation: observation(seat),
            says: json!({ "external_id": text(&seat.external_id), "code": code.map(text),
                          "name": customer.and_then(|c| c.name.as_deref()).map(text) }),
        }
    }
}

/// `id_cliente_servico` as enlace writes it: digits alone.
fn service_id(code: &str) -> Option<i64> {
    let digits = !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| code.parse().ok()).flatten().filter(|id| *id > 0)
}

/// Describes the platform's customer to a person at HubSoft (rule S5).
fn observation(seat: &OccupantElement) -> String {
    let says = match &seat.customer {
        Some(PlatformCustomer { code, name, document }) => {
            let facts = [("nome", name), ("código", code), ("documento", document)];
            let told = facts
                .iter()
                .filter_map(|(what, fact)| Some((what, plain(fact.as_deref()?))))
                .filter(|(_, fact)| !fact.is_empty());
            told.map(|(what, fact)| format!("{what} {fact}")).collect::<Vec<_>>().join(", ")
        }
        None => "imóvel sem cliente".to_owned(),
    };
    let says = if says.is_empty() { "cliente sem dados".to_owned() } else { says };
    format!("Ocupada na plataforma de mapeamento: {says}").chars().take(LONGEST_OBSERVATION).collect()
}

/// Text that any screen may show: no markup, no line breaks.
fn plain(theirs: &str) -> String {
    let shown: String = theirs
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !matches!(c, '<' | '>' | '&' | '"'))
        .collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
#[path = "occupants_tests.rs"]
mod tests;
