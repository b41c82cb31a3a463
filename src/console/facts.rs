//! What a workflow is about, in words: payloads and results as people read them.

use serde_json::Value;

use super::page::Page;

/// Something that a workflow is about, and where more of it is found.
pub struct Subject {
    /// In words: `porta 812`.
    pub words: String,
    /// Its page.
    pub href: Option<String>,
}

/// Keys whose value has a page, and where.
const PAGES: [(&str, &str); 6] = [
    ("id_cliente_servico", "/services/"),
    ("id_cliente_servico_antigo", "/services/"),
    ("id_porta_atendimento", "/ports/"),
    ("id_porta_atendimento_antiga", "/ports/"),
    ("id_ordem_servico", ""),
    ("id_integracao", "/integrations/"),
];

/// What a payload is about.
pub fn subjects(page: &Page, payload: &Value) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = PAGES
        .iter()
        .filter_map(|(key, at)| {
            let number = payload.get(*key)?.as_i64()?;
            let words = format!("{} {number}", page.one_of("payload", key));
            Some(Subject { words, href: (!at.is_empty()).then(|| format!("{at}{number}")) })
        })
        .collect();
    let place = |key: &str| payload.get(key).and_then(Value::as_f64);
    if let Some((latitude, longitude)) = place("latitude").zip(place("longitude")) {
        let words = format!("{}; {}", page.decimal(latitude, 5), page.decimal(longitude, 5));
        subjects.push(Subject { words, href: None });
    }
    if let Some(address) = payload.get("endereco").and_then(Value::as_str) {
        subjects.push(Subject { words: address.to_owned(), href: None });
    }
    subjects
}

/// The values of an object that can be read at a glance, each with its name; what lies deeper is for the JSON below.
pub fn facts(page: &Page, value: &Value) -> Vec<(String, String)> {
    let plain = |(key, value): (&String, &Value)| {
        let words = match value {
            Value::String(text) => text.clone(),
            Value::Bool(yes) => page.t(if *yes { "yes" } else { "no" }),
            Value::Number(number) => number.to_string(),
            Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
            }
            Value::Array(items) => page.count("payload-items", i64::try_from(items.len()).unwrap_or_default()),
            Value::Null | Value::Object(_) => return None,
        };
        Some((page.one_of("payload", key), words))
    };
    value.as_object().into_iter().flatten().filter_map(plain).collect()
}

/// As JSON, indented.
pub fn json(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// How a status is coloured; its word is always beside it.
pub fn tone(status: &str) -> &'static str {
    match status {
        "succeeded" | "done" => "good",
        "parked" | "failed" | "unknown" | "lost" => "bad",
        "waiting" | "paused" | "again" | "throttled" => "warn",
        _ => "",
    }
}
