//! The files that pages use: compiled in, and found under a version, so that a browser keeps them for good.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "src/console/assets"]
struct Files;

/// Changes when any of the files does.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for name in Files::iter() {
        hash.update(name.as_bytes());
        hash.update(Files::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
    }
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

/// Where a file is found.
pub fn url(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// A file. Under the version of another build too: during an upgrade two builds answer the same browser.
pub async fn get(Path((_, name)): Path<(String, String)>) -> Response {
    let Some(file) = Files::get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let sort = match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "text/plain; charset=utf-8",
    };
    let kept = "public, max-age=31536000, immutable";
    ([(header::CONTENT_TYPE, sort), (header::CACHE_CONTROL, kept)], file.data.into_owned()).into_response()
}
