//! Examples for every call: what a schema says of its fields by example, put together to whole requests and answers.
//!
//! Written once, at the field, an example appears wherever the field does; a new call has its examples from the start. Also
//! here: the header `Idempotency-Key`, which every call that starts or changes something by POST takes (`once`).

use serde_json::{Map, Value, json};

use super::once;

/// Deeper than that no example goes: schemas may hold themselves.
const DEEPEST: usize = 12;
/// An id, and a time, where a field has no example of its own.
const ID: &str = "01937a5c-3f80-7a10-8c55-2d1f0c9b7e42";
const TIME: &str = "2026-11-23T07:00:00Z";

/// What fields of these names hold, where they have no example of their own.
fn named(name: &str) -> Option<Value> {
    let said = |text: &str| Some(json!(text));
    match name {
        "person" | "by" | "requested_by" | "settled_by" => said("ana"),
        "reason" | "note" => said("a porta foi liberada no OZMap"),
        "dedup_id" => said("pedido 8812"),
        "state" => said("attaching"),
        "action" => said("colocar o cliente na porta"),
        "action_en" => said("put the customer on the port"),
        "outcome" => said("done"),
        "name" => said("OZMap"),
        "nome" => said("Centro"),
        "message" => said("a plataforma respondeu / the platform answered"),
        "payload" | "original_payload" => Some(json!({ "id_porta_atendimento": 812, "id_cliente_servico": 4411 })),
        "result" => Some(json!({ "state": "bound" })),
        "error" => Some(json!({ "class": "rejected", "code": "ozmap.occupied", "message": "porta ocupada" })),
        "calls" => Some(json!([{ "method": "GET", "path": "/api/v2/boxes", "status": 200, "ms": 41 }])),
        "progress" => Some(json!({ "phase": "boxes", "elements": { "box": { "seen": 50, "total": 90 } } })),
        _ => None,
    }
}

/// Fills in, over the whole document, what is missing.
pub fn fill(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for (method, operation) in paths.filter_map(Value::as_object_mut).flatten() {
        if method == "post" {
            key(operation);
        }
        name(operation);
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten().filter(|one| one["in"] == "path") {
            let example = of(&schemas, &parameter["schema"], 0);
            or_insert(parameter, "example", example);
        }
        if let Some(request) = operation.get_mut("requestBody") {
            contents(&schemas, request);
        }
        let answers =
            operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
        answers.for_each(|answer| contents(&schemas, answer));
    }
}

/// A name of its own for each operation, of its tag and its own word: generated clients call their functions so.
fn name(operation: &mut Value) {
    let named = operation["tags"][0].as_str().zip(operation["operationId"].as_str());
    if let Some((tag, word)) = named.filter(|(tag, word)| !word.starts_with(tag)) {
        operation["operationId"] = format!("{tag}_{word}").into();
    }
}

/// The header, where the call does not describe it in its own words.
fn key(operation: &mut Value) {
    let header = json!({ "name": once::NAME, "in": "header", "required": false,
        "description": "Your own name for this request, 1 to 140 characters: sent again with it within a day, the request is not done again, and is answered the same",
        "schema": { "type": "string", "minLength": 1, "maxLength": 140 }, "example": "pedido-8812" });
    let Some(operation) = operation.as_object_mut() else { return };
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    let Some(parameters) = parameters.as_array_mut() else { return };
    if parameters.iter().all(|one| one["name"] != once::NAME) {
        parameters.push(header);
    }
}

fn contents(schemas: &Value, of_what: &mut Value) {
    let contents = of_what.get_mut("content").and_then(Value::as_object_mut);
    for (_, content) in contents.into_iter().flatten().filter(|(kind, _)| kind.ends_with("json")) {
        let example = of(schemas, &content["schema"], 0);
        if !example.is_null() {
            or_insert(content, "example", example);
        }
    }
}

fn or_insert(into: &mut Value, key: &str, value: Value) {
    if let Some(fields) = into.as_object_mut() {
        fields.entry(key).or_insert(value);
    }
}

/// An example of a schema.
fn of(schemas: &Value, schema: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    let given = ["example", "const", "default"].into_iter().find_map(|key| schema.get(key).cloned());
    let first = ["examples", "enum"].into_iter().find_map(|key| schema.get(key)?.get(0).cloned());
    if let Some(given) = given.or(first) {
        return given;
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        return of(schemas, &schemas[name], depth + 1);
    }
    let parts = |key: &str| schema[key].as_array().into_iter().flatten();
    if let Some(one) = parts("oneOf").chain(parts("anyOf")).find(|one| one["type"] != "null") {
        return of(schemas, one, depth + 1);
    }
    let whole = parts("allOf").map(|part| of(schemas, part, depth + 1)).chain([typed(schemas, schema, depth)]);
    whole.reduce(merged).unwrap_or_default()
}

/// An example of a field: its own, or else what is known by its name, if its type is that.
fn of_field(schemas: &Value, name: &str, schema: &Value, depth: usize) -> Value {
    let own = ["example", "examples", "enum", "const", "$ref", "oneOf"].iter().any(|key| schema.get(key).is_some());
    let fits = |value: &Value| match value {
        Value::String(_) => has_type(schema, "string"),
        Value::Array(_) => has_type(schema, "array"),
        _ => has_type(schema, "object") && schema.get("properties").is_none(),
    };
    named(name).filter(|value| !own && fits(value)).unwrap_or_else(|| of(schemas, schema, depth))
}

fn has_type(schema: &Value, kind: &str) -> bool {
    let given = &schema["type"];
    given == kind || given.as_array().is_some_and(|kinds| kinds.iter().any(|one| one == kind))
}

/// An example of a schema that says its type.
fn typed(schemas: &Value, schema: &Value, depth: usize) -> Value {
    let name = |one: &Value| one.as_str().filter(|name| *name != "null").map(str::to_owned);
    let kinds = schema["type"].as_array().and_then(|kinds| kinds.iter().find_map(name));
    match kinds.or_else(|| name(&schema["type"])).unwrap_or_default().as_str() {
        "object" => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, field)| (name.clone(), of_field(schemas, name, field, depth + 1))).collect()
        }
        "array" => json!([of(schemas, &schema["items"], depth + 1)]),
        "string" => match schema["format"].as_str() {
            Some("uuid") => json!(ID),
            Some("date-time") => json!(TIME),
            _ => json!("texto"),
        },
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(false),
        _ => Value::Null,
    }
}

fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => Value::Object(one.into_iter().chain(other).collect()),
        (one, Value::Null) => one,
        (_, other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_put_together_from_its_fields() {
        let schemas = json!({ "Port": { "type": "object", "properties": {
            "id": { "type": "integer", "example": 812 }, "next": { "$ref": "#/components/schemas/Port" } } } });
        let schema = json!({ "allOf": [{ "type": "object", "properties": { "kind": { "type": "string", "enum": ["bind"] } } }],
            "type": ["object", "null"], "properties": { "at": { "type": "string", "format": "date-time" },
                "ports": { "type": "array", "items": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Port" }] } } } });
        let example = of(&schemas, &schema, 0);
        assert_eq!(
            (&example["kind"], &example["at"], &example["ports"][0]["id"]),
            (&json!("bind"), &json!(TIME), &json!(812))
        );
    }
}
