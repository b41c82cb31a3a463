//! The OpenAPI document: whole, and true.

use enlace::tokens::Role;
use reqwest::Method;
use serde_json::Value;

use super::Api;
use crate::support::tree;

/// What contract.md names of what this build serves.
const CONTRACT: &[(&str, &str)] = &[
    ("get", "/workflows"),
    ("post", "/workflows"),
    ("get", "/workflows/{id}"),
    ("post", "/workflows/{id}/{act}"),
    ("get", "/acts"),
    ("post", "/acts"),
    ("get", "/acts/{id}"),
    ("post", "/acts/{id}/{steer}"),
    ("get", "/integrations"),
    ("post", "/integrations"),
    ("get", "/integrations/{id}"),
    ("patch", "/integrations/{id}"),
    ("get", "/integrations/{id}/history"),
    ("post", "/integrations/{id}/test"),
    ("post", "/integrations/{id}/sync"),
    ("post", "/integrations/{id}/activate"),
    ("post", "/integrations/{id}/inactivate"),
    ("put", "/integrations/{id}/elements"),
    ("put", "/integrations/{id}/project"),
    ("get", "/upstreams"),
    ("patch", "/upstreams/{id}"),
    ("get", "/schedules"),
    ("patch", "/schedules"),
    ("patch", "/schedules/{id}"),
    ("post", "/schedules/{id}/run"),
    ("get", "/events"),
    ("get", "/search"),
    ("get", "/services/{id}"),
    ("get", "/ports/{id}"),
    ("get", "/boxes"),
    ("get", "/boxes/{id}"),
    ("get", "/guards"),
    ("get", "/guards/{id}"),
    ("get", "/openapi.json"),
    ("get", "/workflows/{id}/neighbours"),
    ("get", "/acts.csv"),
    ("get", "/schedules/preview"),
    ("get", "/tokens"),
    ("post", "/tokens"),
    ("post", "/tokens/{id}/revoke"),
    ("get", "/about"),
];

/// What a person reads first, and what generators of requests begin with.
#[tokio::test]
async fn every_request_and_every_answer_has_an_example_and_every_post_a_key() {
    let (_, document) = served().await;
    let (mut lacking, mut seen, mut names) = (Vec::new(), 0, std::collections::BTreeSet::new());
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().values();
            for content in
                answers.chain([&operation["requestBody"]]).filter_map(|one| one["content"].as_object()).flatten()
            {
                seen += 1;
                let example = content.1.get("example").is_some_and(|example| !example.is_null());
                (!example && path != "/api/v1/openapi.json")
                    .then(|| lacking.push(format!("{method} {path} {}", content.0)));
            }
            assert!(names.insert(operation["operationId"].to_string()), "{method} {path} has another's name");
            let mut headers =
                operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "header");
            let keyed = headers.any(|header| header["name"] == "Idempotency-Key");
            assert_eq!(keyed, method == "post", "{method} {path}");
        }
    }
    assert!(lacking.is_empty() && seen > 300, "{seen}: {lacking:?}");
    let workflow = &document["paths"]["/api/v1/workflows/{id}"]["get"]["responses"]["200"]["content"]["application/json"]
        ["example"];
    assert_eq!((&workflow["kind"], &workflow["steps"][0]["n"]), (&Value::from("bind"), &Value::from(1)), "{workflow}");
}

async fn served() -> (Api, Value) {
    let api = Api::start().await;
    let document = api.call(Role::Enqueue, Method::GET, "/openapi.json", None).await.expect(200).body;
    (api, document)
}

#[tokio::test]
async fn every_route_of_the_contract_is_described() {
    let (_, document) = served().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (method, path) in CONTRACT {
        let described = &document["paths"][format!("/api/v1{path}")][method];
        assert!(described["summary"].is_string(), "{method} {path}");
        let responses = described["responses"].as_object().unwrap();
        for status in ["400", "401", "403", "404", "409", "413", "422", "500", "503"] {
            let problem = &responses[status]["content"]["application/problem+json"];
            assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem", "{method} {path} {status}");
            assert!(problem["example"]["detail"].is_string());
        }
    }
}

#[tokio::test]
async fn every_described_route_is_there() {
    let (api, document) = served().await;
    // A stream of events has no end: `events` listens to it.
    let ends = |path: &&String| !path.ends_with("/events");
    for path in document["paths"].as_object().unwrap().keys().filter(ends) {
        let methods = &document["paths"][path];
        let path = path
            .strip_prefix("/api/v1")
            .unwrap()
            .replace("{id}", "x")
            .replace("{act}", "retry")
            .replace("{steer}", "pause");
        for method in methods.as_object().unwrap().keys() {
            let answer = api.call(Role::Admin, method.to_uppercase().parse().unwrap(), &path, None).await;
            assert!(
                !answer.body["detail"].as_str().unwrap_or_default().starts_with("there is nothing at"),
                "{method} {path}"
            );
            assert_ne!(answer.status, 405, "{method} {path}");
        }
    }
}

/// Routes come only by `routes!`, which takes their descriptions along.
#[test]
fn no_route_is_registered_without_its_description() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && !path.ends_with("ops.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains(".route(\""), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_the_token_is_declared() {
    let (_, document) = served().await;
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    assert!(document["security"][0]["bearer"].is_array());
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|inner| collect(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, found)),
        _ => {}
    }
}

/// The document knows its schemas by name alone: two of one name, and one of them is described by the other.
#[test]
fn no_two_schemas_have_one_name() {
    let mut seen = std::collections::BTreeMap::new();
    let sources = tree::files(&[".rs"]).into_iter().filter(|f| f.starts_with("src/desk/") || f.starts_with("src/api/"));
    for file in sources {
        let text = tree::read(&file);
        for derived in
            text.split("#[derive(").skip(1).filter(|part| part.split(")]").next().unwrap().contains("ToSchema"))
        {
            let Some((before, declared)) = derived.split_once("\npub struct ").or(derived.split_once("\npub enum "))
            else {
                continue;
            };
            let name = before.split("#[schema(as = ").nth(1).unwrap_or(declared);
            let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
            if let Some(other) = seen.insert(name.clone(), file.clone()) {
                panic!("{name} is in {other} and in {file}: give one of them another name, `schema(as = …)`");
            }
        }
    }
    assert!(seen.len() > 60, "{}", seen.len());
}
