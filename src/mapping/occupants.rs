//! Who sits where according to the platform, and what follows from it (rules S4–S7).
//!
//! First HubSoft's side of the page is read, then [`decide`] says what is to be done with each port, then it is written.

use std::collections::{HashMap, HashSet};

use platforms::{OccupantElement, PlatformCustomer};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{
    Error,
    apply::Discrepancies,
    discrepancies::{OTHER_OCCUPANT, RESERVED_PORT, TWO_PORTS},
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

    /// Whom of HubSoft's the platform's customer is, where nobody else can be meant (rule S4).
    fn identified(&self) -> Option<i64> {
        match self.by_document.as_slice() {
            [service] => self.by_code.or(Some(*service)),
            _ => self.by_code,
        }
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

/// `bound`: the services that this page has already put on a port, and on which.
fn decide(found: &Found, theirs: &Theirs, bound: &HashMap<i64, i64>) -> Verdict {
    if found.in_flight {
        return Verdict::Leave;
    }
    if let Some(occupant) = found.occupant {
        let same = theirs.code == Some(occupant) || found.by_document.contains(&occupant);
        let ours = json!({ "id_cliente_servico": occupant });
        return if same { Verdict::Agree } else { Verdict::Differ { kind: OTHER_OCCUPANT, ours } };
    }
    // S4: in no other port, one of this page included.
    let meant: Vec<i64> = found.by_document.iter().copied().filter(|service| !bound.contains_key(service)).collect();
    match (found.by_code, meant.as_slice()) {
        (Some(service), _) => match found.elsewhere.or_else(|| bound.get(&service).copied()) {
            Some(port) => {
                let ours = json!({ "id_cliente_servico": null, "service": service, "service_sits_on": port });
                Verdict::Differ { kind: TWO_PORTS, ours }
            }
            None => bind(found, service),
        },
        (None, [service]) => bind(found, *service),
        (None, _) if found.reserved_by_a_person() => Verdict::Leave,
        (None, candidates) => Verdict::Reserve { ambiguous: candidates.len() > 1 },
    }
}

fn bind(found: &Found, service: i64) -> Verdict {
    if found.reserved_by_a_person() && found.reservations_bind {
        let ours = json!({ "id_cliente_servico": null, "reservado": true, "service": service });
        return Verdict::Differ { kind: RESERVED_PORT, ours };
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

/// What ports were found to be, as the columns of one statement: what else was open about them has settled itself.
#[derive(Default)]
pub(crate) struct Judged {
    ports: Vec<i64>,
    kinds: Vec<Option<String>>,
    ours: Vec<Option<Value>>,
    theirs: Vec<Option<Value>>,
}

impl Judged {
    /// `None`: both sides agree on the port.
    pub(crate) fn add(&mut self, port: i64, differ: Option<(&str, &Value, &Value)>) {
        self.ports.push(port);
        self.kinds.push(differ.map(|(kind, ..)| kind.to_owned()));
        self.ours.push(differ.map(|(_, ours, _)| ours.clone()));
        self.theirs.push(differ.map(|(.., theirs)| theirs.clone()));
    }

    pub(crate) async fn write(self, conn: &mut PgConnection) -> Result<(), Error> {
        let query = planned(include_str!("sql/discrepancies_judged.sql"));
        query.bind(self.ports).bind(self.kinds).bind(self.ours).bind(self.theirs).execute(conn).await?;
        Ok(())
    }
}

/// A page's verdicts, as the columns of the statements that carry them out.
#[derive(Default)]
struct Decided {
    /// All ports of HubSoft's on which the page shows somebody.
    seen: Vec<i64>,
    judged: Judged,
    bind: (Vec<i64>, Vec<i64>, Vec<String>),
    reserve: (Vec<i64>, Vec<String>),
    /// Reservations by a sync that stand.
    held: Vec<i64>,
    differ: Discrepancies,
    ambiguous: i64,
}

impl Decided {
    /// Codes before documents: whom a code names is not meant by a document any more, whatever comes first on the page (S4).
    fn new(mut found: Vec<Found>, theirs: &[Theirs]) -> Self {
        found.sort_by_key(|found| found.by_code.is_none());
        let (mut decided, mut ports, mut bound) = (Self::default(), HashSet::new(), HashMap::new());
        for found in found {
            let row = usize::try_from(found.place - 1).ok().and_then(|place| theirs.get(place));
            // A drawing may show one port taken twice; the first one counts.
            let (Some(theirs), true) = (row, ports.insert(found.port)) else { continue };
            let verdict = decide(&found, theirs, &bound);
            if let Verdict::Bind { service } = verdict {
                bound.insert(service, found.port);
            }
            decided.note(&found, theirs, verdict);
        }
        decided
    }

    fn note(&mut self, found: &Found, theirs: &Theirs, verdict: Verdict) {
        self.seen.push(found.port);
        match &verdict {
            Verdict::Leave => {}
            Verdict::Differ { kind, ours } => self.judged.add(found.port, Some((kind, ours, &theirs.says))),
            _ => self.judged.add(found.port, None),
        }
        match verdict {
            Verdict::Agree => return,
            Verdict::Bind { service } => {
                self.bind.0.push(found.port);
                self.bind.1.push(service);
                self.bind.2.push(theirs.seat.clone());
                return;
            }
            Verdict::Reserve { ambiguous } => {
                self.ambiguous += i64::from(ambiguous);
                if !found.reservado || found.observacao.as_deref() != Some(&theirs.observation) {
                    self.reserve.0.push(found.port);
                    self.reserve.1.push(theirs.observation.clone());
                }
            }
            Verdict::Differ { kind, ours } => {
                self.differ.add(found.port, kind, ours, theirs.says.clone(), found.identified());
            }
            Verdict::Leave => {}
        }
        self.held.push(found.port);
    }

    async fn write(self, conn: &mut PgConnection, run: Uuid) -> Result<Customers, Error> {
        planned(include_str!("sql/occupants_seen.sql")).bind(run).bind(self.seen).execute(&mut *conn).await?;
        self.judged.write(&mut *conn).await?;
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
pub(crate) fn service_id(code: &str) -> Option<i64> {
    let digits = !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| code.parse().ok()).flatten().filter(|id| *id > 0)
}

/// Describes the platform's customer to a person at HubSoft (rule S5).
pub(crate) fn observation(seat: &OccupantElement) -> String {
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
