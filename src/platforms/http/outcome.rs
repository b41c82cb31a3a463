//! Complete answers: what a status means for a read and for a write, and how to read a body.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use serde::de::DeserializeOwned;
use url::Url;

use super::{Purpose, words};
use crate::{Failure, FailureKind};

/// A longer pause than this is not believed: who asks for one is asked again tomorrow.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// Some platforms refuse with 200 and a sentence. A longer body than this is no sentence, and not searched for one.
const SENTENCE_BYTES: usize = 2048;

/// A complete answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    body: Vec<u8>,
    purpose: Purpose,
    retry_after: Option<Duration>,
    /// The host that a redirect names.
    elsewhere: Option<String>,
    /// The platform's own words, safe to show; of refusals and of short answers.
    words: Option<String>,
}

impl Answer {
    pub(super) fn new<'a>(
        status: StatusCode,
        headers: &HeaderMap,
        body: Vec<u8>,
        purpose: Purpose,
        secrets: impl Iterator<Item = &'a str>,
    ) -> Self {
        let long = status.is_success() && body.len() > SENTENCE_BYTES;
        let words = if long { None } else { words::of(&body, status, secrets) };
        let location = headers.get(LOCATION).and_then(|l| l.to_str().ok());
        let elsewhere = location.and_then(|l| Url::parse(l).ok()).and_then(|u| u.host_str().map(str::to_owned));
        Self { status, body, purpose, retry_after: retry_after(headers), elsewhere, words }
    }

    /// A 429 without a `Retry-After` asks for this pause.
    pub(super) fn or_pause(self, pause: Option<Duration>) -> Self {
        let silent = self.status == StatusCode::TOO_MANY_REQUESTS && self.retry_after.is_none();
        if silent { Self { retry_after: pause, ..self } } else { self }
    }

    /// A success passes; everything else is the failure that it means.
    pub fn checked(self) -> Result<Self, Failure> {
        if self.status.is_success() { Ok(self) } else { Err(self.failure()) }
    }

    /// As [`Answer::checked`]; `None` where the platform says that there is no such thing.
    ///
    /// A 404 that is a web page does not say so: it comes from something that is not the API.
    pub fn found(self) -> Result<Option<Self>, Failure> {
        match self.status {
            StatusCode::NOT_FOUND if self.is_html() => Err(not_the_api()),
            StatusCode::NOT_FOUND => Ok(None),
            _ => self.checked().map(Some),
        }
    }

    /// The body, as JSON of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        if self.is_html() {
            return Err(not_the_api());
        }
        serde_json::from_slice(&self.body).map_err(|e| unreadable(e.classify()))
    }

    /// The first character of the body, blanks left out: tells a list from an object before either is read.
    pub fn begins_with(&self, character: u8) -> bool {
        self.body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&character)
    }

    /// No body at all.
    pub fn is_empty(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// Told by the body: servers label their plain texts as HTML too.
    fn is_html(&self) -> bool {
        self.begins_with(b'<')
    }

    /// The platform's own words about a refusal, safe to show.
    pub fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }

    /// What a status other than success means.
    pub fn failure(&self) -> Failure {
        let (kind, code) = self.meaning();
        let (portuguese, english) = self.sentence(code);
        let mut failure = Failure::new(kind, code, &portuguese, &english).quoting(self.words());
        if kind == FailureKind::Throttled {
            failure.retry_after = self.retry_after;
        }
        failure
    }

    fn meaning(&self) -> (FailureKind, &'static str) {
        let lost = if self.purpose == Purpose::Write { FailureKind::Unknown } else { FailureKind::Transient };
        match self.status.as_u16() {
            300..=399 => (FailureKind::Misconfigured, "http.redirected"),
            401 => (FailureKind::Unauthorised, "http.unauthorised"),
            403 => (FailureKind::Unauthorised, "http.forbidden"),
            404 => (FailureKind::Rejected, "http.not_found"),
            408 => (lost, "http.timeout"),
            429 => (FailureKind::Throttled, "http.throttled"),
            400..=499 => (FailureKind::Rejected, "http.rejected"),
            // It says that nothing was done, and that it is not only this call which it does not take.
            503 => (FailureKind::Throttled, "http.unavailable"),
            _ => (lost, "http.server_error"),
        }
    }

    fn sentence(&self, code: &str) -> (String, String) {
        let status = self.status.as_u16();
        let (portuguese, english) = match code {
            "http.redirected" => {
                let host = self.elsewhere.as_deref().unwrap_or("?");
                return (
                    format!("a api_url leva a outro endereço ({host}): informe o endereço final"),
                    format!("api_url leads to another address ({host}): give the final one"),
                );
            }
            "http.unauthorised" => (
                "as credenciais foram recusadas: confira-as e informe-as de novo",
                "the credentials were refused: check them and give them again",
            ),
            "http.forbidden" => (
                "as credenciais são válidas, mas o usuário não tem permissão para isto na plataforma: peça-a a quem a administra",
                "the credentials are valid, but their user may not do this on the platform: ask whoever administers it",
            ),
            "http.not_found" => (
                "a plataforma não tem este elemento: sincronize o projeto",
                "the platform has no such element: sync the project",
            ),
            "http.throttled" | "http.unavailable" => (
                "a plataforma pediu uma pausa: o enlace continua sozinho depois dela",
                "the platform asks for a pause: enlace goes on by itself after it",
            ),
            "http.rejected" => (
                "a plataforma recusou o pedido: corrija lá o que ela diz e tente de novo",
                "the platform refused the request: mend there what it says and try again",
            ),
            _ if self.purpose == Purpose::Write => (
                "a plataforma falhou; a alteração pode ter sido feita",
                "the platform failed; the change may have been made",
            ),
            _ => ("a plataforma falhou: confira se ela está no ar", "the platform failed: check that it is up"),
        };
        (format!("{portuguese} (HTTP {status})"), format!("{english} (HTTP {status})"))
    }
}

/// What answers at this address is not the platform's API.
pub(crate) fn not_the_api() -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "http.not_the_api",
        "o endereço da api_url responde, mas não é a API da plataforma: confira porta e caminho",
        "something answers at api_url, but it is not the platform's API: check port and path",
    )
}

/// Broken JSON is an answer cut short, which another try may mend; whole JSON of another shape is another API.
fn unreadable(category: serde_json::error::Category) -> Failure {
    use serde_json::error::Category;
    match category {
        Category::Data => not_the_api(),
        Category::Io | Category::Syntax | Category::Eof => Failure::new(
            FailureKind::Transient,
            "http.unreadable",
            "a resposta da plataforma não pôde ser lida: confira se ela está no ar",
            "the platform's answer could not be read: check that it is up",
        ),
    }
}

/// `Retry-After` as time from now: seconds, or a date, which is measured by the platform's own clock where it shows it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => {
            let shown = headers.get(DATE).and_then(|d| d.to_str().ok()).and_then(|d| httpdate::parse_http_date(d).ok());
            let until = httpdate::parse_http_date(text).ok()?;
            until.duration_since(shown.unwrap_or_else(SystemTime::now)).unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str, purpose: Purpose) -> Answer {
        let headers = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect::<HeaderMap>();
        let status = StatusCode::from_u16(status).unwrap();
        Answer::new(status, &headers, body.as_bytes().to_vec(), purpose, ["s3cret"].into_iter())
    }

    fn kind(status: u16, purpose: Purpose) -> FailureKind {
        answer(status, &[], "", purpose).failure().kind
    }

    #[test]
    fn g6_what_a_status_means_for_a_read() {
        use FailureKind::*;
        for (status, expected) in [
            (302, Misconfigured),
            (400, Rejected),
            (401, Unauthorised),
            (403, Unauthorised),
            (404, Rejected),
            (408, Transient),
            (409, Rejected),
            (422, Rejected),
            (429, Throttled),
            (500, Transient),
            (502, Transient),
            (503, Throttled),
            (504, Transient),
        ] {
            assert_eq!(kind(status, Purpose::Look), expected, "{status}");
        }
    }

    #[test]
    fn b6_what_a_status_means_for_a_write() {
        use FailureKind::*;
        for (status, expected) in [
            (302, Misconfigured),
            (400, Rejected),
            (408, Unknown),
            (409, Rejected),
            (422, Rejected),
            (429, Throttled),
            (500, Unknown),
            (502, Unknown),
            (503, Throttled),
            (504, Unknown),
            (520, Unknown),
        ] {
            assert_eq!(kind(status, Purpose::Write), expected, "{status}");
        }
    }

    #[test]
    fn g7_the_pause_is_the_one_that_was_asked_for() {
        let pause = |headers: &[(&'static str, &str)]| {
            let failure = answer(429, headers, "", Purpose::Page).failure();
            assert_eq!(failure.kind, FailureKind::Throttled);
            failure.retry_after
        };
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(pause(&[]), None);
        assert_eq!(pause(&[("retry-after", "17")]), Some(Duration::from_secs(17)));
        assert_eq!(pause(&[("retry-after", "1e300")]), None);
        assert_eq!(pause(&[("retry-after", "999999999")]), Some(LONGEST_PAUSE));
        assert_eq!(
            pause(&[("retry-after", date), ("date", "Sun, 06 Nov 1994 08:49:07 GMT")]),
            Some(Duration::from_secs(30))
        );
        assert_eq!(pause(&[("retry-after", date)]), Some(Duration::ZERO), "a date that is past");
        assert_eq!(answer(503, &[("retry-after", "3")], "", Purpose::Write).failure().kind, FailureKind::Throttled);
    }

    #[test]
    fn g7_a_429_that_does_not_say_for_how_long_asks_for_what_its_platform_means() {
        let pause = |status, headers: &[(&'static str, &str)]| {
            let minute = Some(Duration::from_secs(60));
            answer(status, headers, "", Purpose::Page).or_pause(minute).failure().retry_after
        };
        assert_eq!(pause(429, &[]), Some(Duration::from_secs(60)));
        assert_eq!(pause(429, &[("retry-after", "17")]), Some(Duration::from_secs(17)));
        assert_eq!(pause(503, &[]), None);
    }

    #[test]
    fn the_platforms_words_are_told_and_secrets_are_not() {
        let message =
            answer(422, &[], r#"{"message":"porta ocupada, chave s3cret"}"#, Purpose::Write).failure().message;
        assert!(message.contains("porta ocupada, chave •••"), "{message}");
    }

    #[test]
    fn a_short_success_has_words_for_platforms_that_refuse_with_200() {
        let words = |body: &str| answer(200, &[], body, Purpose::Write).words().map(str::to_owned);
        assert_eq!(words(r#"{"success":"false","message":"sem s3cret"}"#).as_deref(), Some("sem •••"));
        assert_eq!(words(r#"{"success":"true","fid":7}"#), None);
        assert_eq!(words(&format!(r#"{{"message":"{}"}}"#, "x".repeat(SENTENCE_BYTES))), None);
    }

    #[test]
    fn a_page_is_not_an_answer_of_the_api() {
        let page = |status| answer(status, &[], " <!DOCTYPE html><html>", Purpose::Look);
        assert_eq!(page(404).found().unwrap_err().code, "http.not_the_api");
        assert_eq!(page(200).json::<serde_json::Value>().unwrap_err().code, "http.not_the_api");
        assert!(answer(404, &[], "not found", Purpose::Look).found().unwrap().is_none());
        assert_eq!(
            answer(200, &[], "{\"a\":", Purpose::Look).json::<serde_json::Value>().unwrap_err().code,
            "http.unreadable"
        );
    }
}
