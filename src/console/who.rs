//! Who asks for a page, and whether they may: the first argument of every handler.

use std::marker::PhantomData;

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, Method, Uri, request::Parts},
};
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq;

use super::{ConsoleState, failed::Failed, page::Page, session, words::Language};
use crate::desk::{
    Refusal,
    rights::{Reading, Right},
};

/// Somebody who is signed in and has this right, with the frame of their page.
pub struct Seen<R: Right> {
    /// The frame of the page: who reads it, in which language.
    pub page: Page,
    right: PhantomData<R>,
}

impl<R: Right> FromRequestParts<ConsoleState> for Seen<R> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, state: &ConsoleState) -> Result<Self, Failed> {
        let page = page(&parts.headers, &parts.uri, &parts.method, state).await?;
        // A token that may only enqueue is a program's: no page is for it.
        let allowed = R::ROLES.contains(&page.caller.role) && Reading::ROLES.contains(&page.caller.role);
        if allowed { Ok(Self { page, right: PhantomData }) } else { Err(Failed::forbidden(page)) }
    }
}

async fn page(headers: &HeaderMap, uri: &Uri, method: &Method, state: &ConsoleState) -> Result<Page, Failed> {
    let language = language(headers);
    let found = session::find(&state.pool, headers).await.map_err(|e| Failed::of(Refusal::from(e), language))?;
    let Some(session) = found else {
        let back = if method == Method::GET { uri.path_and_query().map_or("/", |path| path.as_str()) } else { "/" };
        return Err(Failed::unknown(back, headers.contains_key("hx-request")));
    };
    Ok(Page::new(session, headers, uri.path()))
}

/// The language that this browser was set to.
pub fn language(headers: &HeaderMap) -> Language {
    session::cookie(headers, "enlace_language").and_then(|name| name.parse().ok()).unwrap_or_default()
}

/// A form that somebody with this right sent, from a page of their own session (CSRF).
pub struct Sent<R: Right> {
    /// The frame of the page that answers.
    pub page: Page,
    /// What the form holds.
    pub form: Form,
    right: PhantomData<R>,
}

impl<R: Right> FromRequest<ConsoleState> for Sent<R> {
    type Rejection = Failed;

    async fn from_request(request: Request, state: &ConsoleState) -> Result<Self, Failed> {
        let (mut parts, body) = request.into_parts();
        let Seen { page, .. } = Seen::<R>::from_request_parts(&mut parts, state).await?;
        let request = Request::from_parts(parts, body);
        let Ok(text) = String::from_request(request, &()).await else {
            return Err(Failed::of(Refusal::invalid("form", "cannot be read"), page.language));
        };
        let form = Form::read(&text);
        let carried = form.one("csrf").unwrap_or_default();
        if !bool::from(carried.as_bytes().ct_eq(page.csrf.as_bytes())) {
            return Err(Failed::stale(page));
        }
        Ok(Self { page, form, right: PhantomData })
    }
}

/// What a form holds, in its order.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// From a body, or a query.
    pub fn read(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The field of this name, without space around it; `None` where it is empty.
    pub fn one(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(given, _)| given == name).map(|(_, value)| value.trim());
        found.filter(|value| !value.is_empty())
    }

    /// All fields of this name: boxes that were ticked.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Every field that is not empty, but for what each form carries.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter().map(|(name, value)| (name.as_str(), value.trim()));
        fields.filter(|(name, value)| *name != "csrf" && !value.is_empty())
    }

    /// Replaces the value of a field, where it is there.
    pub fn change(&mut self, name: &str, to: impl FnOnce(String) -> String) {
        if let Some((_, value)) = self.0.iter_mut().find(|(given, value)| given == name && !value.trim().is_empty()) {
            *value = to(value.trim().to_owned());
        }
    }

    /// Whether a box of this name was ticked.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| given == name)
    }

    /// The reason that every act asks for.
    ///
    /// # Errors
    /// Where it is empty.
    pub fn reason(&self) -> Result<&str, Refusal> {
        self.one("reason").ok_or_else(|| {
            Refusal::invalid("reason", "diga por quê: o registro guarda o motivo / say why: the audit keeps it")
        })
    }

    /// The form as a value of this type, each field once; for what `desk` takes as text.
    ///
    /// # Errors
    /// Names what cannot be read.
    pub fn as_query<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let given = self.0.iter().filter(|(name, value)| name != "csrf" && !value.trim().is_empty());
        let object = given.map(|(name, value)| (name.clone(), serde_json::Value::from(value.trim()))).collect();
        serde_json::from_value(serde_json::Value::Object(object)).map_err(|e| Refusal::invalid("form", e.to_string()))
    }
}
