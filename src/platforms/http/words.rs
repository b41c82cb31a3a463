//! What a platform says about a refusal: taken out of whatever body it came in, and made safe to show.

use reqwest::StatusCode;
use serde_json::Value;

use crate::{failure::hide, people};

/// The words of a refusal's body: JSON's `message` or its likes, else, where the status is one, the first that is keyed by a field
/// that is wrong (GeoGrid's have no other), else the plain text. `None` for a web page or nothing.
pub(super) fn of<'a>(body: &[u8], status: StatusCode, secrets: impl Iterator<Item = &'a str>) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let words = match serde_json::from_str::<Value>(text) {
        Ok(value) if status.is_success() => said(&value)?,
        Ok(value) => said(&value).or_else(|| keyed(&value))?,
        Err(_) if text.is_empty() || text.starts_with('<') => return None,
        Err(_) => text.to_owned(),
    };
    Some(people::masked(&hide(words, secrets)))
}

/// The first sentence found where APIs put it.
fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(s) if !s.trim().is_empty() => Some(s.trim().to_owned()),
        Value::Array(list) => list.iter().find_map(said),
        Value::Object(map) => ["message", "mensagem", "msg", "detail", "error", "erro", "errors", "title"]
            .iter()
            .find_map(|key| map.get(*key).and_then(said)),
        _ => None,
    }
}

fn keyed(value: &Value) -> Option<String> {
    value.as_object()?.iter().find_map(|(field, words)| said(words).map(|words| format!("{field}: {words}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str) -> Option<String> {
        of(body.as_bytes(), StatusCode::BAD_REQUEST, std::iter::empty())
    }

    #[test]
    fn words_are_found_in_json_and_in_plain_text() {
        for body in [
            r#"{"message":"Porta ocupada"}"#,
            r#"{"error":{"message":"Porta ocupada"}}"#,
            r#"{"errors":[{"detail":"Porta ocupada"}]}"#,
            r#""Porta ocupada""#,
            "Porta ocupada\n",
        ] {
            assert_eq!(words(body).as_deref(), Some("Porta ocupada"), "{body}");
        }
        for body in [r#"{"porta":"Porta ocupada"}"#, r#"{"id":7,"porta":["Porta ocupada"]}"#] {
            assert_eq!(words(body).as_deref(), Some("porta: Porta ocupada"), "{body}");
        }
        for body in ["", "  ", "<html>x</html>", "{}", "null"] {
            assert_eq!(words(body), None, "{body}");
        }
    }
}
