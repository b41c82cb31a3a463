//! Refusals: GeoGrid's are JSON objects keyed by the name of what is wrong, with a sentence in Portuguese and no code.

use serde_json::Value;

use crate::http::Answer;
use crate::{Failure, FailureKind};

/// The customer's code is taken.
pub(super) const KNOWN_CODE: &str = "codigoIntegracao";
/// The port is only reserved.
pub(super) const RESERVED_PORT: &str = "portaReservada";
/// There is no such thing.
const NOT_FOUND: &str = "naoEncontrado";

/// Whether this is a refusal that names this field, on whatever level.
pub(super) fn names(answer: &Answer, field: &str) -> bool {
    answer.status.is_client_error() && answer.json::<Value>().is_ok_and(|body| keyed(&body, field))
}

fn keyed(body: &Value, field: &str) -> bool {
    match body {
        Value::Object(map) => map.contains_key(field) || map.values().any(|value| keyed(value, field)),
        Value::Array(list) => list.iter().any(|value| keyed(value, field)),
        _ => false,
    }
}

/// The answer, unless it says that there is no such thing: 404, and 400 that names it.
pub(super) fn found(answer: Answer) -> Result<Option<Answer>, Failure> {
    if is_not_found(&answer) { Ok(None) } else { answer.found() }
}

/// Whether it says in its own words that there is no such thing.
pub(super) fn is_not_found(answer: &Answer) -> bool {
    names(answer, NOT_FOUND)
}

/// Whether it seems that there is no such route: something else than the API answers, or the API without saying in its own words
/// that there is no such thing.
pub(super) fn is_no_route(answer: &Answer) -> bool {
    let refused = matches!(answer.status.as_u16(), 400 | 404 | 405 | 501);
    refused && !is_not_found(answer) || answer.status.is_success() && answer.begins_with(b'<')
}

pub(super) fn unauthorised() -> Failure {
    Failure::new(
        FailureKind::Unauthorised,
        "geogrid.unauthorised",
        "token: o GeoGrid recusou o token; gere outro no painel, em Integrações, e informe-o",
        "token: GeoGrid refused the token; make another one in its panel, under Integrações, and give it",
    )
}

pub(super) fn token_not_sendable() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "geogrid.bad_token",
        "token: o token contém caracteres que não podem ser enviados; copie-o de novo do painel",
        "token: the token has characters that cannot be sent; copy it from the panel again",
    )
}

pub(super) fn no_such_port() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geogrid.no_such_port",
        "o GeoGrid não tem mais esta porta ou sua caixa: sincronize o projeto",
        "GeoGrid no longer has this port or its box: sync the project",
    )
}

pub(super) fn no_place() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geogrid.no_place",
        "a caixa não tem coordenadas no GeoGrid, que as exige para o atendimento: posicione-a no mapa",
        "the box has no coordinates in GeoGrid, which needs them to attend a customer: place it on the map",
    )
}

pub(super) fn cannot_tell() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geogrid.cannot_tell",
        "o GeoGrid não mostra o cadastro do cliente que está nesta porta: confira-o no painel",
        "GeoGrid does not show the record of the customer on this port: check it in the panel",
    )
}

pub(super) fn no_port_known() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geogrid.no_port_known",
        "o GeoGrid não diz em que porta este cliente está: retire-o da porta no painel",
        "GeoGrid does not say on which port this customer sits: take them off it in the panel",
    )
}

pub(super) fn no_item() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geogrid.no_item",
        "o GeoGrid lista equipamentos sem dizer em que caixa estão: avise o suporte do enlace",
        "GeoGrid lists equipment without saying which box it is in: tell enlace's support",
    )
}

pub(super) fn no_end() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geogrid.no_end",
        "o GeoGrid não respeita o filtro de caixas e lista equipamentos sem fim: avise o suporte do enlace",
        "GeoGrid ignores which boxes were asked about and lists equipment without end: tell enlace's support",
    )
}

pub(super) fn client_lost() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geogrid.client_lost",
        "o GeoGrid diz que o código do cliente já existe, mas não mostra o cadastro: confira-o no painel",
        "GeoGrid says that the customer's code exists, and does not show the record: check it in the panel",
    )
}
