//! Who may do what: every route with every role, against the table of contract.md, *authentication*.

use enlace::tokens::Role::{self, Admin, Enqueue, Operator, Viewer};
use reqwest::Method;
use serde_json::Value;

use super::{Api, allowed};

/// Which roles a route is for. A route that is missing here fails the test.
fn roles(method: &str, path: &str) -> &'static [Role] {
    match (method, path) {
        ("POST", "/workflows" | "/viability") => &[Enqueue, Operator, Admin],
        ("GET", "/workflows" | "/workflows/{id}" | "/workflows/{id}/neighbours" | "/openapi.json") => {
            &[Enqueue, Viewer, Operator, Admin]
        }
        ("GET", "/tokens") | ("POST", "/tokens" | "/tokens/{id}/revoke") => &[Admin],
        ("GET", _) => &[Viewer, Operator, Admin],
        (
            "POST",
            "/workflows/{id}/{act}"
            | "/acts"
            | "/acts/{id}/{steer}"
            | "/discrepancies"
            | "/discrepancies/{id}/{settle}"
            | "/schedules/{id}/run"
            | "/integrations/{id}/test"
            | "/integrations/{id}/sync",
        )
        | ("PATCH", "/upstreams/{id}" | "/schedules" | "/schedules/{id}") => &[Operator, Admin],
        ("POST", "/integrations" | "/integrations/{id}/activate" | "/integrations/{id}/inactivate")
        | ("PATCH", "/integrations/{id}")
        | ("PUT", "/integrations/{id}/elements" | "/integrations/{id}/project") => &[Admin],
        _ => &[],
    }
}

#[tokio::test]
async fn every_route_is_for_its_roles_and_for_no_others() {
    let api = Api::start().await;
    let document: Value = serde_json::from_str(&enlace::api::document().to_json().unwrap()).unwrap();
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api/v1").unwrap();
        for method in methods.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let for_roles = roles(method.as_str(), path);
            assert!(!for_roles.is_empty(), "nobody said who may {method} {path}");
            // With nothing behind it: who is allowed gets as far as a 4xx of another sort.
            let concrete = path
                .replace("{id}", "7")
                .replace("{act}", "retry")
                .replace("{steer}", "pause")
                .replace("{settle}", "send");
            let nobody = api.request(method.clone(), &concrete).send().await.unwrap().status();
            assert_eq!(nobody, 401, "{method} {path} as nobody");
            for role in [Enqueue, Viewer, Operator, Admin] {
                // The status alone: a stream of events has no end.
                let request = api.request(method.clone(), &concrete).bearer_auth(api.token(role));
                let status = request.send().await.unwrap().status().as_u16();
                assert_eq!(allowed(status), for_roles.contains(&role), "{method} {path} as {role}: {status}");
                tried += 1;
            }
        }
    }
    assert!(tried >= 160, "only {tried}");
}

#[tokio::test]
async fn a_refusal_says_which_role_is_needed() {
    let api = Api::start().await;
    let refused = api.call(Viewer, Method::POST, "/integrations", None).await.refused(403, "forbidden", None);
    assert_eq!(refused.detail(), "this needs the role admin; the token has viewer");
}
