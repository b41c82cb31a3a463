//! Calls without a complete answer: what happened, and what that means for a read and for a write.

use std::error::Error;
use std::io;

use super::Purpose;
use crate::guard::{ForbiddenAddress, LookupFailed, forbidden_address};
use crate::{Failure, FailureKind};

/// What became of a call whose answer is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The name leads where the guard does not let us go. Not sent.
    Forbidden,
    /// The name could not be resolved. Not sent.
    NoSuchHost,
    /// Nobody listens there. Not sent.
    ConnectionRefused,
    /// No connection in time. Not sent.
    ConnectTimeout,
    /// The certificate or the TLS version would not do. Not sent.
    Tls,
    /// No connection for another reason. Not sent.
    NotConnected,
    /// Sent, perhaps; no first byte in time.
    NoAnswerInTime,
    /// Sent, perhaps; the connection broke.
    Broken,
    /// Answered; the body broke off.
    BodyBroken,
    /// Answered; the body took too long.
    BodyNotInTime,
    /// Answered; the body is larger than we take.
    BodyTooLarge {
        /// In bytes.
        limit: usize,
    },
}

impl Lost {
    /// What a client's error tells. Whatever is not surely before sending counts as sent.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if chain(error).any(|e| e.is::<ForbiddenAddress>()) {
            return Self::Forbidden;
        }
        if chain(error).any(|e| e.is::<LookupFailed>()) {
            return Self::NoSuchHost;
        }
        if !error.is_connect() {
            return Self::Broken;
        }
        if error.is_timeout() {
            return Self::ConnectTimeout;
        }
        if chain(error).any(is_tls) {
            return Self::Tls;
        }
        let refused = |e: &(dyn Error + 'static)| {
            e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused)
        };
        if chain(error).any(refused) { Self::ConnectionRefused } else { Self::NotConnected }
    }

    fn surely_not_sent(self) -> bool {
        use Lost::*;
        matches!(self, Forbidden | NoSuchHost | ConnectionRefused | ConnectTimeout | Tls | NotConnected)
    }

    /// What it means for us.
    pub(super) fn failure(self, purpose: Purpose) -> Failure {
        if self == Self::Forbidden {
            return forbidden_address("api_url");
        }
        let write_may_be_done = purpose == Purpose::Write && !self.surely_not_sent();
        let kind = match self {
            _ if write_may_be_done => FailureKind::Unknown,
            Self::BodyTooLarge { .. } => FailureKind::Rejected,
            _ => FailureKind::Transient,
        };
        let (code, portuguese, english) = self.words();
        if write_may_be_done {
            let portuguese = format!("{portuguese}; a alteração pode ter sido feita");
            return Failure::new(kind, code, &portuguese, &format!("{english}; the change may have been made"));
        }
        Failure::new(kind, code, portuguese, english)
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Forbidden => ("http.forbidden_address", "endereço não permitido", "address not allowed"),
            Self::NoSuchHost => (
                "http.no_such_host",
                "o servidor da api_url não foi encontrado (DNS): confira o nome",
                "the host in api_url was not found (DNS): check its name",
            ),
            Self::ConnectionRefused => (
                "http.connection_refused",
                "o servidor da api_url recusou a conexão: confira a porta, ou ele está fora do ar",
                "the host in api_url refused the connection: check the port, or it is down",
            ),
            Self::ConnectTimeout => (
                "http.connect_timeout",
                "o servidor da api_url não aceitou a conexão a tempo: confira porta e firewall",
                "the host in api_url did not accept a connection in time: check port and firewall",
            ),
            Self::Tls => (
                "http.tls",
                "a conexão segura (TLS) com a api_url falhou: certificado inválido, ou a porta não é https",
                "the secure connection (TLS) to api_url failed: invalid certificate, or not an https port",
            ),
            Self::NotConnected => (
                "http.not_connected",
                "não foi possível conectar ao servidor da api_url: confira o endereço e a rede deste servidor",
                "no connection to the host in api_url could be made: check the address, and this server's network",
            ),
            Self::NoAnswerInTime => (
                "http.timeout",
                "a plataforma não respondeu a tempo: confira se ela está no ar e se a porta da api_url é a da API",
                "the platform did not answer in time: check that it is up, and that the port in api_url is the API's",
            ),
            Self::Broken => (
                "http.broken",
                "a conexão caiu antes da resposta da plataforma: confira se ela está no ar",
                "the connection broke before the platform answered: check that it is up",
            ),
            Self::BodyBroken => (
                "http.body_broken",
                "a resposta da plataforma chegou incompleta: confira se ela está no ar",
                "the platform's answer arrived incomplete: check that it is up",
            ),
            Self::BodyNotInTime => (
                "http.body_timeout",
                "a resposta da plataforma não terminou a tempo: confira se ela está no ar",
                "the platform's answer did not end in time: check that it is up",
            ),
            Self::BodyTooLarge { .. } => (
                "http.body_too_large",
                "a resposta da plataforma é maior do que o limite aceito: avise o suporte do enlace",
                "the platform's answer is larger than the limit: tell enlace's support",
            ),
        }
    }
}

/// The error and its causes. An `io::Error` made of another error shows that one too, which `source` leaves out.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn Error + 'static)| {
        let e: &'a (dyn Error + 'static) = *e;
        match e.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => e.source(),
        }
    })
}

fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.is::<rustls::Error>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b6_a_write_that_may_have_been_sent_is_unknown() {
        for lost in
            [Lost::NoAnswerInTime, Lost::Broken, Lost::BodyBroken, Lost::BodyNotInTime, Lost::BodyTooLarge { limit: 1 }]
        {
            assert_eq!(lost.failure(Purpose::Write).kind, FailureKind::Unknown, "{lost:?}");
        }
        for lost in [Lost::NoSuchHost, Lost::ConnectionRefused, Lost::ConnectTimeout, Lost::Tls, Lost::NotConnected] {
            assert_eq!(lost.failure(Purpose::Write).kind, FailureKind::Transient, "{lost:?}");
        }
    }

    #[test]
    fn g6_a_read_whose_answer_was_lost_is_tried_again() {
        for lost in [Lost::NoAnswerInTime, Lost::Broken, Lost::BodyBroken, Lost::Tls, Lost::NoSuchHost] {
            assert_eq!(lost.failure(Purpose::Page).kind, FailureKind::Transient, "{lost:?}");
        }
        assert_eq!(Lost::BodyTooLarge { limit: 1 }.failure(Purpose::Page).kind, FailureKind::Rejected);
        assert_eq!(Lost::Forbidden.failure(Purpose::Write).kind, FailureKind::Misconfigured);
    }
}
