//! A server of the oldest kind that the fact sheet allows: `_id` alone, numbers as text, no filters, no sorting, no
//! `hasNextPage`, no `connections`, customers by id, plain text for errors.

use std::sync::atomic::{AtomicUsize, Ordering};

use platforms::{Detach, FailureKind, Occupancy, Platform, SplitterRole};
use serde_json::{Value, json};

use super::canned::{Canned, Reply, Seen};
use super::{account, account_with, all, customer, parameters, port, seat, told};

fn rows(resource: &str) -> Vec<Value> {
    let all = match resource {
        "projects" => json!([
            {"_id": "pA", "name": "Centro", "hierarchyLevels": {"box": {"POP": "1", "CE": "2", "CTO": "3"}}},
            {"_id": "pB", "name": "Norte"}
        ]),
        "boxes" => json!([
            {"_id": "b1", "name": "CTO-1", "project": "pA", "lat": "-27.5", "lng": "-48.5", "hierarchyLevel": "3"},
            {"_id": "b2", "name": "CE-1", "project": {"_id": "pA"}, "coords": null, "hierarchyLevel": 2, "draft": "true"},
            {"_id": "b3", "name": "CTO-N", "project": "pB", "implanted": false}
        ]),
        "splitters" => json!([
            {"_id": "s1", "parent": "b1", "project": "pA", "name": "S1", "isDrop": "true",
             "connectables": {"input": ["f0"], "output": [null, "f1", "f2", "f3"]}},
            {"_id": "s2", "parent": "b1", "project": "pA", "name": "S2", "ratio": {"output": "8"}},
            {"_id": "s3", "parent": "b2", "project": "pB", "name": "S3", "isDrop": 0, "connectables": {"output": ["f9"]}}
        ]),
        "properties" => json!([
            {"_id": "h1", "project": "pA", "box": "b1", "drop": "d1", "client": "c1"},
            {"_id": "h2", "project": "pA", "box": "b1", "drop": "d2", "client": null},
            {"_id": "h9", "project": "pB", "box": "b3", "drop": null, "client": null}
        ]),
        "fibers" => json!([
            {"_id": "f1", "parent": "d1"}, {"_id": "f2", "parent": {"_id": "d2"}}, {"_id": "f3", "parent": "k1"}
        ]),
        "cables" => json!([
            {"_id": "d1", "kind": "Drop", "project": "pA", "boxA": "b1", "boxB": "h1"},
            {"_id": "d2", "kind": "Drop", "project": "pA", "boxA": "h2", "boxB": "b1"},
            {"_id": "k1", "kind": "Cable", "project": "pA", "name": "Cabo 1", "boxA": "b1", "boxB": "b2"}
        ]),
        "ftth-clients" => json!([{"_id": "c1", "code": 4411, "name": "Ana Lúcia Prado"}]),
        "poles" => json!([{"_id": "o1", "name": "P1", "lat": -27.5, "lng": -48.5}]),
        _ => Value::Null,
    };
    all.as_array().cloned().unwrap_or_default()
}

fn answer(seen: &Seen) -> Reply {
    let path = seen.path.split('?').next().unwrap_or_default().trim_start_matches("/api/v2/");
    match (seen.method.as_str(), path.split('/').collect::<Vec<_>>().as_slice()) {
        ("GET", ["properties", "client", "4411"]) => Reply::json(200, json!([rows("properties")[0]])),
        ("GET", ["properties", "client", _]) => Reply::Status(404, "Not Found".into()),
        ("GET", [resource]) => {
            // Pages of two, whatever was asked for.
            let page: usize = seen.query("page").and_then(|p| p.parse().ok()).unwrap_or(1);
            let page: Vec<Value> = rows(resource).into_iter().skip((page - 1) * 2).take(2).collect();
            Reply::json(200, json!({"rows": page, "total": rows(resource).len().to_string()}))
        }
        ("GET", [resource, id]) => match rows(resource).into_iter().find(|row| row["_id"] == **id) {
            Some(row) => Reply::json(200, row),
            None => Reply::Status(404, "Not Found".into()),
        },
        ("DELETE", ["properties", "h1"]) => Reply::Status(204, String::new()),
        ("POST", ["properties"]) => Reply::Status(409, "A porta já está ocupada".into()),
        ("POST", ["cables", _, "fibers", "disconnect"]) | ("PATCH", ["properties", "h1"]) => {
            Reply::Status(204, String::new())
        }
        _ => Reply::Status(404, "Not Found".into()),
    }
}

#[tokio::test]
async fn s2_everything_is_listed_and_understood() {
    let server = Canned::serving(answer).await;
    let (ozmap, _) = account(&server.url);
    let boxes = all(async |c| ozmap.boxes(c.as_deref()).await).await;
    let told: Vec<_> =
        boxes.iter().map(|b| (b.external_id.as_str(), b.attendance, b.splice, b.allows_viability)).collect();
    assert_eq!(told, [("b1", true, false, true), ("b2", false, true, false), ("b3", true, false, false)]);
    assert!(boxes[0].place.is_some() && boxes[1].place.is_none());
    let splitters = all(async |c| ozmap.splitters(c.as_deref()).await).await;
    let told: Vec<_> = splitters.iter().map(|s| (s.role, s.ports.len())).collect();
    assert_eq!(told, [(SplitterRole::Attendance, 4), (SplitterRole::Unknown, 8), (SplitterRole::Distribution, 0)]);
    assert_eq!(all(async |c| ozmap.poles(c.as_deref()).await).await.len(), 1);
    let cables = all(async |c| ozmap.cables(c.as_deref()).await).await;
    assert_eq!(cables.iter().map(|c| c.external_id.as_str()).collect::<Vec<_>>(), ["k1"], "drops are left out");
}

#[tokio::test]
async fn s4_occupants_are_found_without_connections() {
    let server = Canned::serving(answer).await;
    let (ozmap, _) = account(&server.url);
    let occupants = all(async |c| ozmap.occupants(c.as_deref()).await).await;
    let told: Vec<_> = occupants
        .iter()
        .map(|o| {
            let code = o.customer.as_ref().map(|c| c.code.clone().unwrap());
            (o.external_id.as_str(), o.splitter_external_id.as_str(), o.sequencia, code)
        })
        .collect();
    assert_eq!(told, [("h1", "s1", 1, Some("4411".to_owned())), ("h2", "s1", 2, None)]);
}

#[tokio::test]
async fn d5_only_the_named_project_counts_even_where_filters_are_ignored() {
    let server = Canned::serving(answer).await;
    let confined = |name: &str| {
        let name = Some(name.to_owned());
        account_with(platforms::ozmap::Parameters { nome_projeto: name, ..parameters(&server.url) }, true).unwrap().0
    };
    let centro = confined("Centro");
    let boxes = all(async |c| centro.boxes(c.as_deref()).await).await;
    assert_eq!(boxes.iter().map(|b| b.name.as_str()).collect::<Vec<_>>(), ["CTO-1", "CE-1"]);
    assert_eq!(all(async |c| centro.poles(c.as_deref()).await).await.len(), 1, "poles belong to no project");
    let asked = server.seen().into_iter().find(|s| s.is("GET", "/api/v2/boxes")).unwrap();
    let filter = json!([{"property": "project", "operator": "=", "value": "pA"}]);
    assert_eq!(serde_json::from_str::<Value>(&asked.query("filter").unwrap()).unwrap(), filter);
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap()["filter"], filter);
    assert_eq!(asked.query("limit").as_deref(), Some("500"));
    let wrong = confined("centro");
    for outcome in [wrong.test().await.map(|_| ()), wrong.boxes(None).await.map(|_| ())] {
        let failure = outcome.unwrap_err();
        assert_eq!((failure.kind, failure.code), (FailureKind::Misconfigured, "ozmap.no_such_project"));
        assert!(failure.message.contains("Centro") && failure.message.contains("Norte"));
    }
    let outcome = confined("Norte").attach(&port("b1", "s1", 0), &customer("7"), &[]).await;
    assert_eq!(told(outcome).1, "ozmap.other_project");
    assert!(confined("Norte").seats_of("4411").await.unwrap().is_empty());
}

#[tokio::test]
async fn b6_a_look_tells_the_truth_without_connections() {
    let server = Canned::serving(answer).await;
    let (ozmap, _) = account(&server.url);
    let look = async |splitter: &str, n: i32| ozmap.look_at_port(&port("b1", splitter, n)).await.unwrap();
    assert_eq!(look("s1", 0).await, Occupancy::Free);
    let Occupancy::Taken(ana) = look("s1", 1).await else { panic!("Ana sits there") };
    assert_eq!((ana.external_id.as_str(), ana.code.as_deref()), ("h1", Some("4411")));
    assert_eq!((ana.drop_external_id.as_deref(), ana.sequencia), (Some("d1"), Some(1)));
    let Occupancy::Taken(empty) = look("s1", 2).await else { panic!("a home without anybody is there") };
    assert_eq!((empty.external_id.as_str(), empty.code), ("h2", None));
    assert_eq!(look("s1", 3).await, Occupancy::TakenByEquipment);
    for (splitter, n) in [("s1", 4), ("s1", -1), ("s9", 0)] {
        assert_eq!(look(splitter, n).await, Occupancy::NoSuchPort);
    }
}

/// A look takes several calls: by the last of them work for another port may have moved whoever the first still saw.
#[tokio::test]
async fn b6_who_is_moved_off_during_a_look_is_not_taken_for_equipment() {
    let looks = AtomicUsize::new(0);
    let server = Canned::serving(move |seen| {
        if !seen.is("GET", "/api/v2/splitters/s1") || looks.fetch_add(1, Ordering::SeqCst) == 0 {
            return answer(seen);
        }
        let mut splitter = rows("splitters").swap_remove(0);
        splitter["connectables"]["output"][3] = Value::Null;
        Reply::json(200, splitter)
    })
    .await;
    let (ozmap, _) = account(&server.url);
    assert_eq!(ozmap.look_at_port(&port("b1", "s1", 3)).await.unwrap(), Occupancy::Free);
}

#[tokio::test]
async fn b2_seats_are_found_by_code_and_whole() {
    let server = Canned::serving(answer).await;
    let (ozmap, _) = account(&server.url);
    let seats = ozmap.seats_of("4411").await.unwrap();
    let told = (seats[0].external_id.as_str(), seats[0].splitter_external_id.as_deref(), seats[0].sequencia);
    assert_eq!((seats.len(), told), (1, ("h1", Some("s1"), Some(1))));
    assert!(ozmap.seats_of("9/9").await.unwrap().is_empty());
}

#[tokio::test]
async fn writes_and_refusals_of_plain_text() {
    let server = Canned::serving(answer).await;
    let (ozmap, history) = account(&server.url);
    let failure = ozmap.attach(&port("b1", "s1", 0), &customer("7"), &[]).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Rejected, "ozmap.port_taken"));
    assert!(failure.message.contains("A porta já está ocupada"));
    ozmap.detach(&seat("h1"), Detach::Everything).await.unwrap();
    ozmap.detach(&seat("gone"), Detach::Everything).await.unwrap();
    ozmap.detach(&seat("gone"), Detach::KeepHome).await.unwrap();
    assert_eq!(history.writes(), 2, "one each, and none for a home that is gone");
    ozmap.detach(&seat("h1"), Detach::KeepHome).await.unwrap();
    let last: Vec<String> = history.lines().into_iter().filter(|l| !l.starts_with("GET")).skip(2).collect();
    assert_eq!(last, ["POST /api/v2/cables/d1/fibers/disconnect 204", "PATCH /api/v2/properties/h1 204"]);
}
