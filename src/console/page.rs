//! The frame of every page: who reads it, in which language, and the words and forms that all pages share.

use std::{borrow::Borrow, fmt::Display};

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    assets,
    failed::Failed,
    format,
    session::{self, Session},
    who,
    words::Language,
};
use crate::desk::{
    Caller, Refusal,
    rights::{Acting, Administering, Right},
    workflows::Explanation,
};

/// The cookie that carries a notice over to the next page, once.
const NOTICE: &str = "enlace_notice";

/// What the menu shows: address, and key of its word.
const MENU: [(&str, &str); 8] = [
    ("/", "menu-overview"),
    ("/workflows", "menu-workflows"),
    ("/integrations", "menu-integrations"),
    ("/discrepancies", "menu-discrepancies"),
    ("/map", "menu-map"),
    ("/schedules", "menu-schedules"),
    ("/acts", "menu-acts"),
    ("/about", "menu-about"),
];

/// The frame of a page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Who reads it.
    pub caller: Caller,
    /// In which language.
    pub language: Language,
    /// What each form carries.
    pub csrf: String,
    /// When it was asked for, by the database's clock.
    pub now: DateTime<Utc>,
    /// `auto`, `light` or `dark`.
    pub theme: &'static str,
    /// The page's own address, without its query.
    pub path: String,
    /// What was done just now.
    pub notice: Option<Notice>,
}

/// What was done, or was not, for the next page to say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// It was not done.
    pub bad: bool,
    /// In the reader's language.
    pub text: String,
}

impl Page {
    /// The frame for whoever is signed in.
    pub fn new(session: Session, headers: &HeaderMap, path: &str) -> Self {
        let notice = session::cookie(headers, NOTICE).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        Self {
            caller: session.caller,
            csrf: session.csrf,
            now: session.now,
            language: who::language(headers),
            theme: theme(headers),
            path: path.to_owned(),
            notice: notice.and_then(|bytes| serde_json::from_slice(&bytes).ok()),
        }
    }

    /// The words of a key.
    pub fn t(&self, key: &str) -> String {
        self.language.say(key, &[])
    }

    /// The words of a key with one value in them.
    pub fn t1(&self, key: &str, name: &str, value: impl Display) -> String {
        self.language.say(key, &[(name, value.to_string().into())])
    }

    /// The words of a key with two values in them.
    pub fn t2(&self, key: &str, one: (&str, &str), two: (&str, &str)) -> String {
        self.language.say(key, &[(one.0, one.1.into()), (two.0, two.1.into())])
    }

    /// The words of a key for so many (`$count`), which is also shown in them.
    pub fn count(&self, key: &str, count: impl Borrow<i64>) -> String {
        let count = *count.borrow();
        self.language.say(key, &[("count", count.into()), ("shown", self.number(count).into())])
    }

    /// The word for a value that programs name, a status for instance: `status-not-applicable` for `not_applicable`.
    pub fn one_of(&self, group: &str, value: &str) -> String {
        let key = format!("{group}-{}", value.replace('_', "-"));
        let said = self.language.say(&key, &[]);
        if said == key { value.to_owned() } else { said }
    }

    /// A sentence that is there in both languages.
    pub fn sentence<'a>(&self, text: &'a Explanation) -> &'a str {
        match self.language {
            Language::Pt => &text.pt,
            Language::En => &text.en,
        }
    }

    /// One of two texts.
    pub fn either<'a>(&self, pt: &'a str, en: &'a str) -> &'a str {
        match self.language {
            Language::Pt => pt,
            Language::En => en,
        }
    }

    /// The reader's half of a text that is in both languages, "português / english"; a text that is not, whole.
    pub fn said<'a>(&self, text: &'a str) -> &'a str {
        let mut parts = text.split(" / ");
        match (parts.next(), parts.next(), parts.next()) {
            (Some(pt), Some(en), None) => self.either(pt, en),
            _ => text,
        }
    }

    /// A whole number as the reader writes it.
    pub fn number(&self, value: impl Borrow<i64>) -> String {
        format::number(self.language, *value.borrow())
    }

    /// A number with decimals as the reader writes it.
    pub fn decimal(&self, value: impl Borrow<f64>, decimals: usize) -> String {
        format::decimal(self.language, *value.borrow(), decimals)
    }

    /// A moment as the reader writes it.
    pub fn moment(&self, at: &DateTime<Utc>) -> String {
        format::moment(self.language, *at)
    }

    /// How long ago, or how long until.
    pub fn ago(&self, at: &DateTime<Utc>) -> String {
        let past = (self.now - *at).num_seconds();
        let key = if past < 0 { "time-in" } else { "time-ago" };
        self.t1(key, "time", format::seconds(past.abs()))
    }

    /// A duration of so many milliseconds.
    pub fn milliseconds(&self, value: impl Borrow<f64>) -> String {
        format::milliseconds(self.language, *value.borrow())
    }

    /// A duration of so many seconds.
    pub fn seconds(&self, value: impl Borrow<f64>) -> String {
        format::seconds(*value.borrow() as i64)
    }

    /// The address of a file of `assets/`.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// The menu: address, words, and whether this page is of that part.
    pub fn menu(&self) -> Vec<(&'static str, String, bool)> {
        let mut menu: Vec<_> = MENU.into_iter().collect();
        if self.may_administer() {
            menu.push(("/tokens", "menu-tokens"));
        }
        let here = |at: &str| if at == "/" { self.path == at } else { self.path.starts_with(at) };
        menu.into_iter().map(|(at, key)| (at, self.t(key), here(at))).collect()
    }

    /// Whether the reader may act.
    pub fn may_act(&self) -> bool {
        Acting::ROLES.contains(&self.caller.role)
    }

    /// Whether the reader may set integrations up.
    pub fn may_administer(&self) -> bool {
        Administering::ROLES.contains(&self.caller.role)
    }

    /// A sentence of the counter's in the reader's language.
    pub fn told(&self, message: &str) -> String {
        super::failed::told(self.language, message)
    }

    /// What a person is told about a refusal.
    pub fn refusal(&self, refusal: &Refusal) -> String {
        super::failed::words(self.language, refusal)
    }

    /// Shows a page.
    ///
    /// # Errors
    /// Where the template fails, which is a defect.
    pub fn show(&self, template: &impl Template) -> Result<Response, Failed> {
        let text = template.render().map_err(|e| Failed::of(Refusal::Failed(e.to_string()), self.language))?;
        let mut answer = Html(text).into_response();
        if self.notice.is_some() {
            forget_notice(&mut answer);
        }
        Ok(answer)
    }

    /// Goes on to another page, which says that it was done.
    pub fn done(&self, to: &str, text: String) -> Response {
        self.go(to, &Notice { bad: false, text })
    }

    /// Goes on to another page, which says why it was not done.
    pub fn refused(&self, to: &str, refusal: &Refusal) -> Response {
        self.go(to, &Notice { bad: true, text: self.refusal(refusal) })
    }

    /// What came of an act: done, or refused, said on the page `to`. What is not for this person, or is our fault, is a page
    /// of its own.
    ///
    /// # Errors
    /// As said.
    pub fn acted<T>(
        &self,
        to: &str,
        outcome: Result<T, Refusal>,
        words: impl FnOnce(T) -> String,
    ) -> Result<Response, Failed> {
        match outcome {
            Ok(value) => Ok(self.done(to, words(value))),
            Err(refusal @ (Refusal::Invalid { .. } | Refusal::NotNow { .. } | Refusal::Later(_) | Refusal::Again)) => {
                Ok(self.refused(to, &refusal))
            }
            Err(refusal) => Err(self.failed(refusal)),
        }
    }

    /// A page that says what went wrong.
    pub fn failed(&self, refusal: Refusal) -> Failed {
        Failed::within(self.clone(), refusal)
    }

    fn go(&self, to: &str, notice: &Notice) -> Response {
        let mut answer = Redirect::to(local(to)).into_response();
        let text = serde_json::to_vec(notice).map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default();
        if let Ok(cookie) = session::set_cookie(NOTICE, &text, std::time::Duration::from_secs(60), true, false) {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        answer
    }
}

fn forget_notice(answer: &mut Response) {
    if let Ok(cookie) = session::set_cookie(NOTICE, "", std::time::Duration::ZERO, true, false) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// How this browser wants the page: light, dark, or as its system is.
pub fn theme(headers: &HeaderMap) -> &'static str {
    match session::cookie(headers, "enlace_theme") {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "auto",
    }
}

/// An address of this console; its root where it leads elsewhere.
pub fn local(to: &str) -> &str {
    let fits = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\') && to.parse::<Uri>().is_ok();
    if fits && HeaderValue::from_str(to).is_ok() { to } else { "/" }
}

/// An answer of this status.
pub fn with_status(status: StatusCode, mut answer: Response) -> Response {
    *answer.status_mut() = status;
    answer
}
