//! How a browser wants the console: its language, and light or dark. Kept in its cookies; nothing of it is secret, and it
//! can be set by whoever is not signed in yet.

use std::time::Duration;

use axum::{
    http::header,
    response::{IntoResponse, Redirect, Response},
};

use super::{page::local, session::set_cookie, who::Form, words::Language};

/// As long as browsers keep cookies.
const KEEP: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Sets what the form names, and goes back to where it was sent from.
pub async fn set(body: String) -> Response {
    let form = Form::read(&body);
    let language = form.one("language").filter(|name| name.parse::<Language>().is_ok());
    let theme = form.one("theme").filter(|name| ["auto", "light", "dark"].contains(name));
    let mut answer = Redirect::to(local(form.one("back").unwrap_or("/"))).into_response();
    for (name, value) in [("enlace_language", language), ("enlace_theme", theme)] {
        let Some(value) = value else { continue };
        if let Ok(cookie) = set_cookie(name, value, KEEP, true, false) {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    answer
}
