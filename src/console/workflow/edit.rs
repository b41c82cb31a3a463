//! A retry with another payload: a field for each of its values, then both side by side, then it is sent.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use serde_json::{Map, Value};

use super::read;
use crate::{
    console::{
        ConsoleState,
        facts::json,
        failed::Failed,
        page::{Page, with_status},
        who::{Form, Seen, Sent},
    },
    desk::{Refusal, rights::Acting, workflows::Workflow},
};

/// What a kind may be given besides, which a payload need not hold.
const MORE: [(&str, &[&str]); 1] = [("bind", &["forcar_troca_porta", "forcar_remocao_reserva"])];
/// Stands in what is hidden from those who may not see it ([`crate::desk::mask`]).
const HIDDEN: &str = "•••";

#[derive(Template)]
#[template(path = "workflow_edit.html", config = "src/console/askama.toml")]
struct Editing {
    page: Page,
    all: Workflow,
    fields: Vec<Field>,
}

/// A value of the payload.
struct Field {
    key: String,
    words: String,
    typed: String,
    /// The choices are yes and no.
    yes_or_no: bool,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "workflow_preview.html", config = "src/console/askama.toml")]
struct Previewed {
    page: Page,
    all: Workflow,
    lines: Vec<Line>,
    payload: String,
    before: String,
    after: String,
    reason: String,
}

/// A value before and after.
struct Line {
    words: String,
    before: String,
    after: String,
    changed: bool,
}

/// Asks for the values.
pub async fn edit(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Acting>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let all = read(&state, &page, &id).await?;
    let fields = fields(&page, &all, None);
    page.clone().show(&Editing { page, all, fields })
}

/// Shows both payloads side by side, before anything is sent.
pub async fn preview(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Acting>,
) -> Result<Response, Failed> {
    let all = read(&state, &page, &id).await?;
    let mut fields = fields(&page, &all, Some(&form));
    let was = all.summary.payload.as_object().cloned().unwrap_or_default();
    let mut now = Map::new();
    for field in &mut fields {
        match typed(was.get(&field.key), field) {
            Ok(value) => now.extend(value.map(|value| (field.key.clone(), value))),
            Err(key) => field.wrong = Some(page.t(key)),
        }
    }
    if fields.iter().any(|field| field.wrong.is_some()) {
        let again = page.clone().show(&Editing { page, all, fields })?;
        return Ok(with_status(StatusCode::UNPROCESSABLE_ENTITY, again));
    }
    let said = |value: Option<&Value>| value.map(ToString::to_string).unwrap_or_default();
    let line = |field: Field| {
        let (before, after) = (said(was.get(&field.key)), said(now.get(&field.key)));
        Line { words: field.words, changed: before != after, before, after }
    };
    let lines: Vec<Line> = fields.into_iter().map(line).collect();
    if !lines.iter().any(|line| line.changed) {
        let words = page.t("edit-same");
        return Ok(page.refused(&format!("/workflows/{id}/edit"), &Refusal::Later(words)));
    }
    let (before, after) = (json(&all.summary.payload), Value::Object(now));
    let reason = form.one("reason").unwrap_or_default().to_owned();
    let (payload, after) = (after.to_string(), json(&after));
    page.clone().show(&Previewed { page, all, lines, payload, before, after, reason })
}

fn fields(page: &Page, all: &Workflow, form: Option<&Form>) -> Vec<Field> {
    let payload = all.summary.payload.as_object();
    let more = MORE.iter().filter(|(kind, _)| *kind == all.summary.kind).flat_map(|(_, keys)| keys.iter());
    let more = more.filter(|key| payload.is_none_or(|payload| !payload.contains_key(**key)));
    let there = payload.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone()));
    let all: Vec<(String, Value)> = there.chain(more.map(|key| ((*key).to_owned(), Value::Bool(false)))).collect();
    let field = |(key, value): (String, Value)| {
        let shown = match &value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let typed = form.map(|form| form.one(&format!("value.{key}")).unwrap_or_default().to_owned());
        let words = page.one_of("payload", &key);
        Field { words, typed: typed.unwrap_or(shown), yes_or_no: value.is_boolean(), key, wrong: None }
    };
    all.into_iter().map(field).collect()
}

/// The value that was typed, of the sort that it was; `None`: it is left out. The error is the key of what is wrong.
fn typed(was: Option<&Value>, field: &Field) -> Result<Option<Value>, &'static str> {
    let text = field.typed.as_str();
    if text.contains(HIDDEN) {
        return Err("edit-hidden");
    }
    if field.yes_or_no {
        // What was not there and is not wanted stays away: some kinds take no more than they need.
        return Ok(if text == "true" { Some(true.into()) } else { was.map(|_| Value::Bool(false)) });
    }
    match was {
        _ if text.is_empty() => Ok(None),
        Some(Value::Number(_)) => text.parse::<serde_json::Number>().map(|n| Some(n.into())).map_err(|_| "edit-number"),
        Some(Value::String(_)) | None => Ok(Some(text.into())),
        Some(_) => serde_json::from_str(text).map(Some).map_err(|_| "edit-json"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_typed_keeps_its_sort_and_what_is_hidden_is_not_sent() {
        let field = |text: &str, yes_or_no| Field {
            key: "x".into(),
            words: "x".into(),
            typed: text.into(),
            yes_or_no,
            wrong: None,
        };
        assert_eq!(typed(Some(&json!(812)), &field("813", false)), Ok(Some(json!(813))));
        assert_eq!(typed(Some(&json!(812)), &field("oito", false)), Err("edit-number"));
        assert_eq!(typed(Some(&json!("R•••")), &field("R•••", false)), Err("edit-hidden"));
        assert_eq!(typed(Some(&json!("a")), &field("813", false)), Ok(Some(json!("813"))));
        assert_eq!(typed(Some(&json!("a")), &field("", false)), Ok(None));
        assert_eq!(typed(None, &field("false", true)), Ok(None));
        assert_eq!(typed(None, &field("true", true)), Ok(Some(json!(true))));
        assert_eq!(typed(Some(&json!(["a"])), &field("[", false)), Err("edit-json"));
    }
}
