//! The network over HTTP: searched, and shown with what both sides say.

use enlace::tokens::Role;
use reqwest::Method;
use serde_json::json;

use super::{Api, stands};
use crate::console::network::city;

#[tokio::test]
async fn services_ports_and_boxes_are_found_and_shown() {
    let api = Api::start().await;
    city(&api.db.pool()).await;
    let id = api.bind(801, 4411).await;
    stands(&api.db.pool(), id, "parked").await;
    let found = api.get("/search?q=cto-091").await.expect(200).body;
    assert_eq!(found["items"][0]["path"], "/boxes/91");
    assert_eq!((&found["items"][0]["exact"], &found["items"][1]["exact"]), (&json!(true), &json!(false)));
    let service = api.get("/services/4411").await.expect(200).body;
    assert_eq!(service["nome_razaosocial"], "Ana Souza");
    assert_eq!(service["answer"]["stand"], "needs_person");
    assert_eq!(service["workflows"][0]["id"], json!(id));
    assert_eq!(service["ports"][0]["seen"]["en"], "shows service 4411");
    let masked = api.call(Role::Operator, Method::GET, "/services/4411", None).await.expect(200).body;
    let masked = masked.to_string();
    assert!(["Souza", "247-25", "52998224725"].iter().all(|personal| !masked.contains(personal)), "P1: {masked}");
    assert_eq!(api.get("/ports/802").await.expect(200).body["answer"]["stand"], "nothing");
    let whole = api.get("/boxes/91").await.expect(200).body;
    assert_eq!((&whole["total"], &whole["disponiveis"], &whole["utilizadas"]), (&json!(4), &json!(3), &json!(1)));
    assert_eq!(whole["ports"].as_array().unwrap().len(), 4);
    let page = api.get("/boxes?project=9&limit=1").await.expect(200).body;
    let next = page["next"].as_str().unwrap();
    assert_eq!(api.get(&format!("/boxes?after={next}")).await.expect(200).body["items"][0]["id_caixa_optica"], 92);
    let near = api.get("/boxes?bbox=-48.545,-27.61,-48.5,-27.58").await.expect(200).body;
    assert_eq!(near["items"].as_array().unwrap().len(), 1);
    api.get("/boxes?bbox=1,2,3").await.refused(422, "invalid", Some("bbox"));
    api.get("/search?q=").await.refused(422, "invalid", Some("q"));
    api.get("/search").await.refused(422, "invalid", Some("q"));
    api.get("/services/1").await.refused(404, "not-found", None);
    assert_eq!(api.get("/guards").await.expect(200).body["items"], json!([]));
    api.get(&format!("/guards/{id}")).await.refused(404, "not-found", None);
}
