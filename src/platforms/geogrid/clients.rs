//! Customers' records: found by their code or by the platform's own id, and made.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{LARGEST_PAGE, Listing};
use super::cursor::Cursor;
use super::envelope::{read, things};
use super::wire::Client;
use super::{GeoGrid, guessed, refusal};
use crate::http::{Answer, Purpose};
use crate::{CustomerToAttach, Failure, Seat};

/// So many pages of customers are gone through for one of them: a minute's calls, and thirty thousand customers.
const MOST_PAGES: u32 = 60;

impl GeoGrid {
    /// The customer's record, if he has one. On which port he sits is nothing that this platform tells of a customer.
    pub(super) async fn seats(&self, code: &str) -> Result<Vec<Seat>, Failure> {
        let client = self.client_with(code).await?.and_then(|client| client.id);
        Ok(client.map(|id| record(id, code)).into_iter().collect())
    }

    pub(super) async fn client_with(&self, code: &str) -> Result<Option<Client>, Failure> {
        let answer = self.api.look(&["clientes", "integrado", code]).await?;
        let found = match refusal::is_no_route(&answer) {
            true => self.client_listed(code).await?,
            false => clients_in(answer)?.into_iter().find(|c| c.codigo_integracao.as_deref().is_none_or(|c| c == code)),
        };
        if let Some(id) = found.as_ref().and_then(|client| client.id.as_deref()) {
            self.codes.note(id, code);
        }
        Ok(found)
    }

    /// The other way to ask for a code. A server that does not know the filter tells everybody.
    async fn client_listed(&self, code: &str) -> Result<Option<Client>, Failure> {
        let filter = [("codigoIntegracao", code)];
        let listing =
            Listing { path: &guessed::CLIENTS, filter: &filter, size: LARGEST_PAGE, purpose: Purpose::Search };
        let clients: Vec<Client> = read(self.api.about_one(listing).await?);
        Ok(clients.into_iter().find(|c| c.id.is_some() && c.codigo_integracao.as_deref() == Some(code)))
    }

    /// The customer with this id, which is what a port tells of him. That he can be asked for by it is guessed, so it is tried last
    /// but one: first by the code that he is expected to have, and at last among all.
    pub(super) async fn client_called(&self, id: &str) -> Result<Option<Client>, Failure> {
        let is = |client: &Client| client.id.as_deref() == Some(id);
        let known = || self.directory.find(id).and_then(|person| person.code.map(String::from));
        if let Some(code) = self.codes.of(id).or_else(known)
            && let Some(client) = self.client_with(&code).await?.filter(is)
        {
            return Ok(Some(Client { codigo_integracao: Some(code), ..client }));
        }
        let by_id = self.codes.by_id();
        if by_id != Some(false)
            && let Some(client) = self.client_by_id(id).await?.filter(is)
        {
            self.codes.note_by_id(true);
            return Ok(Some(client));
        }
        if by_id == Some(true) {
            return Ok(None);
        }
        let found = self.client_among_all(id).await?;
        if found.is_some() {
            self.codes.note_by_id(false);
        }
        Ok(found)
    }

    async fn client_by_id(&self, id: &str) -> Result<Option<Client>, Failure> {
        let answer = self.api.look(&guessed::client_path(id)).await?;
        if refusal::is_no_route(&answer) {
            return Ok(None);
        }
        match clients_in(answer) {
            Err(failure) if failure.code == "http.not_the_api" => Ok(None),
            clients => Ok(clients?.into_iter().next()),
        }
    }

    /// Five hundred a call, and whoever is met on the way is remembered.
    async fn client_among_all(&self, id: &str) -> Result<Option<Client>, Failure> {
        let listing = Listing { path: &guessed::CLIENTS, filter: &[], size: LARGEST_PAGE, purpose: Purpose::Search };
        let (mut at, mut seen) = (Cursor::default(), 0);
        for _ in 0..MOST_PAGES {
            let page = match self.api.page::<Client>(listing, &at).await {
                Err(failure) if matches!(failure.code, "http.not_the_api" | "http.rejected") => return Ok(None),
                page => page?,
            };
            for client in &page.rows {
                if let (Some(id), Some(code)) = (&client.id, &client.codigo_integracao) {
                    self.codes.note(id, code);
                }
            }
            if let Some(found) = page.rows.into_iter().find(|client| client.id.as_deref() == Some(id)) {
                return Ok(Some(found));
            }
            seen += page.count as u64;
            match page.next {
                Some(next) if page.total.is_none_or(|total| seen < total) => at = next,
                _ => break,
            }
        }
        Ok(None)
    }

    /// The platform's id of this customer, whose record is made where there is none (one write). That the code is known already
    /// is told by a refusal: somebody else made the record, or a former try did whose answer was lost.
    pub(super) async fn client_for(&self, customer: &CustomerToAttach, seats: &[Seat]) -> Result<String, Failure> {
        if let Some(seat) = seats.iter().find(|seat| seat.code.as_deref() == Some(&customer.code))
            && let Some(id) = &seat.customer_external_id
        {
            self.codes.note(id, &customer.code);
            return Ok(id.clone());
        }
        let dados = Value::Object(record_of(customer));
        let answer = self.api.write(Method::POST, &["clientes"], Some(json!({ "dados": dados }))).await?;
        if !refusal::names(&answer, refusal::KNOWN_CODE) {
            let answer = answer.checked().map_err(|failure| hiding(failure, customer))?;
            // It was made; where the answer does not name it, it is found by its code.
            let made = clients_in(answer).unwrap_or_default().into_iter().next();
            if let Some(id) = made.and_then(|client| client.id) {
                self.codes.note(&id, &customer.code);
                return Ok(id);
            }
        }
        let known = self.client_with(&customer.code).await?;
        known.and_then(|client| client.id).ok_or_else(refusal::client_lost)
    }
}

/// Rule B2: the code, the name, the document, since there is a field for it; nothing else.
fn record_of(customer: &CustomerToAttach) -> serde_json::Map<String, Value> {
    let document = customer.document.as_deref().map(str::trim).filter(|document| !document.is_empty());
    let mut record = serde_json::Map::new();
    record.insert("nome".to_owned(), customer.name.as_str().into());
    record.insert("tipo".to_owned(), guessed::person(document).into());
    record.insert("codigoIntegracao".to_owned(), customer.code.as_str().into());
    if let Some(document) = document {
        record.insert("cpfCnpj".to_owned(), document.into());
    }
    record
}

/// Platforms repeat what was sent to them.
pub(super) fn hiding(failure: Failure, customer: &CustomerToAttach) -> Failure {
    failure.hiding([customer.name.as_str()].into_iter().chain(customer.document.as_deref()))
}

/// A customer without a port that is known of.
fn record(id: String, code: &str) -> Seat {
    Seat {
        external_id: id.clone(),
        code: Some(code.to_owned()),
        customer_external_id: Some(id),
        drop_external_id: None,
        splitter_external_id: None,
        sequencia: None,
    }
}

/// The customers that an answer is about: one, as a rule.
fn clients_in(answer: Answer) -> Result<Vec<Client>, Failure> {
    let Some(answer) = refusal::found(answer)? else { return Ok(Vec::new()) };
    let clients = read::<Client>(things(&answer)?).into_iter();
    Ok(clients.filter(|client| client.id.is_some()).collect())
}
