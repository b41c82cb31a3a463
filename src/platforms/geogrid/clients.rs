//! Customers' records: found by their code or by the platform's own id, and made.

use reqwest::Method;
use serde_json::{Value, json};

use super::wire::{Client, Row};
use super::{GeoGrid, guessed, refusal};
use crate::http::{Answer, not_the_api};
use crate::{CustomerToAttach, Failure, Seat};

impl GeoGrid {
    /// The customer's record, if he has one. On which port he sits is nothing that this platform tells of a customer.
    pub(super) async fn seats(&self, code: &str) -> Result<Vec<Seat>, Failure> {
        let client = self.client_with(code).await?.and_then(|client| client.id);
        Ok(client.map(|id| record(id, code)).into_iter().collect())
    }

    pub(super) async fn client_with(&self, code: &str) -> Result<Option<Client>, Failure> {
        let found = self.client_at(&["clientes", "integrado", code]).await?;
        Ok(found.filter(|client| client.codigo_integracao.as_deref().is_none_or(|found| found == code)))
    }

    pub(super) async fn client_by_id(&self, id: &str) -> Result<Option<Client>, Failure> {
        let found = self.client_at(&guessed::client_path(id)).await?;
        Ok(found.filter(|client| client.id.as_deref() == Some(id)))
    }

    async fn client_at(&self, path: &[&str]) -> Result<Option<Client>, Failure> {
        match refusal::found(self.api.look(path).await?)? {
            Some(answer) => client_in(&answer),
            None => Ok(None),
        }
    }

    /// The platform's id of this customer, whose record is made where there is none (one write). That the code is known already
    /// is told by a refusal: somebody else made the record, or a former try did whose answer was lost.
    pub(super) async fn client_for(&self, customer: &CustomerToAttach, seats: &[Seat]) -> Result<String, Failure> {
        if let Some(seat) = seats.iter().find(|seat| seat.code.as_deref() == Some(&customer.code))
            && let Some(id) = &seat.customer_external_id
        {
            return Ok(id.clone());
        }
        let dados = Value::Object(record_of(customer));
        let answer = self.api.write(Method::POST, &["clientes"], Some(json!({ "dados": dados }))).await?;
        if !refusal::names(&answer, refusal::KNOWN_CODE) {
            let answer = answer.checked().map_err(|failure| hiding(failure, customer))?;
            // It was made; where the answer does not name it, it is found by its code.
            if let Some(id) = client_in(&answer).ok().flatten().and_then(|client| client.id) {
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

/// The customer that an answer is about: under `dados`, by itself, or as the one row of a listing.
fn client_in(answer: &Answer) -> Result<Option<Client>, Failure> {
    if answer.is_empty() {
        return Ok(None);
    }
    let body = match answer.json::<Value>()? {
        Value::Null | Value::Bool(false) => return Ok(None),
        Value::Array(list) if list.is_empty() => return Ok(None),
        Value::Object(mut map) => match map.remove("registros") {
            Some(Value::Array(mut rows)) if !rows.is_empty() => rows.swap_remove(0),
            Some(_) => return Ok(None),
            None => Value::Object(map),
        },
        _ => return Err(not_the_api()),
    };
    let client = match body.get("dados") {
        Some(_) => serde_json::from_value::<Row<Client>>(body).map(|row| row.dados),
        None => serde_json::from_value(body),
    };
    client.map(|client| client.id.is_some().then_some(client)).map_err(|_| not_the_api())
}
