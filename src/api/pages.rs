//! Pages beside the API, which need no token because they tell nothing of this installation: the API's description to browse and
//! to try, and what each sort of problem means.
//!
//! All of it comes from this binary, and a strict policy keeps browsers from asking anybody else, or from running what is not
//! in its files. The description itself asks for a token like every other call: the page asks its reader for one, keeps it
//! nowhere, and sends it along.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    extract::Path,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use utoipa_swagger_ui::Config;

use super::{
    PREFIX, Problem,
    problem::{Why, Words},
};

/// The page, and what is ours of what it loads.
const DOCS: &str = include_str!("pages/docs.html");
const OURS: [(&str, &str, &str); 2] = [
    ("docs.js", "text/javascript; charset=utf-8", include_str!("pages/docs.js")),
    ("docs.css", "text/css; charset=utf-8", include_str!("pages/docs.css")),
];
/// What is Swagger UI's.
const THEIRS: [&str; 3] = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];
/// A sort of problem, with places for its words.
const SORT: &str = include_str!("pages/problem.html");

/// Nothing but what comes from here; styles that are set by script on elements are not concerned.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The pages, below the API's prefix.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(&format!("{PREFIX}/docs"), get(async || guarded(Html(DOCS))))
        .route(&format!("{PREFIX}/docs/{{file}}"), get(file))
        .route(&format!("{PREFIX}/problems/{{sort}}"), get(sort))
}

async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    let ours = OURS.iter().find(|(file, ..)| *file == name);
    if let Some((_, kind, text)) = ours {
        return Ok(guarded(([(header::CONTENT_TYPE, *kind)], *text)));
    }
    let theirs = THEIRS.contains(&name.as_str()).then(|| utoipa_swagger_ui::serve(&name, Arc::new(Config::from("/"))));
    let nothing = || Problem::new(Why::NotFound, nowhere(&format!("GET {PREFIX}/docs/{name}")));
    let found = theirs.and_then(Result::ok).flatten().ok_or_else(nothing)?;
    let bytes = match found.bytes {
        Cow::Borrowed(bytes) => bytes.to_vec(),
        Cow::Owned(bytes) => bytes,
    };
    Ok(guarded(([(header::CONTENT_TYPE, found.content_type)], bytes)))
}

async fn sort(Path(name): Path<String>) -> Result<Response, Problem> {
    let nothing = |_| Problem::new(Why::NotFound, nowhere(&format!("GET {PREFIX}/problems/{name}")));
    let why: Why = name.parse().map_err(nothing)?;
    let Words { title, title_pt, about, about_pt } = why.words();
    let status = why.status().as_u16().to_string();
    let with = [("name", name.as_str()), ("status", &status), ("title", title), ("title_pt", title_pt)];
    let with = with.into_iter().chain([("about", about), ("about_pt", about_pt)]);
    // Words of ours alone, without a character that HTML would take for its own but for quotes, which stand between tags.
    let page = with.fold(SORT.to_owned(), |page, (place, words)| page.replace(&format!("{{{{{place}}}}}"), words));
    Ok(guarded(Html(page)))
}

fn nowhere(asked: &str) -> String {
    format!("there is nothing at {asked}; the OpenAPI document at {PREFIX}/openapi.json lists what there is")
}

fn guarded(answer: impl IntoResponse) -> Response {
    let mut response = (StatusCode::OK, answer).into_response();
    let fixed = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    response.headers_mut().extend([
        fixed(header::CONTENT_SECURITY_POLICY, POLICY),
        fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(header::REFERRER_POLICY, "no-referrer"),
        fixed(header::CACHE_CONTROL, "public, max-age=3600"),
    ]);
    response
}
