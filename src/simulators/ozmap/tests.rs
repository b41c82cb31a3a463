//! The simulator from outside, over real HTTP.

use super::{Options, Simulator};
use crate::faults::{Effect, Fault};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{Error, ErrorKind};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A simulator that listens, and a way to call it.
struct Ozmap {
    simulator: Simulator,
    address: std::net::SocketAddr,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }
}

impl Ozmap {
    async fn start(boxes: u32) -> Ozmap {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let simulator = Simulator::new(Options { boxes, ..Options::default() }).unwrap();
        let serving = simulator.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        Ozmap { simulator, address }
    }

    async fn send(&self, method: &str, path: &str, key: &str, body: &str) -> Result<Answer, Error> {
        let mut stream = TcpStream::connect(self.address).await?;
        let length = body.len();
        let key = if key.is_empty() { String::new() } else { format!("authorization: {key}\r\n") };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\n{key}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await?;
        let mut whole = String::new();
        stream.read_to_string(&mut whole).await?;
        let (head, text) = whole.split_once("\r\n\r\n").ok_or(ErrorKind::UnexpectedEof)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        Ok(Answer { status, head: head.to_lowercase(), text: text.to_owned() })
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &format!("/api/v2/{path}"), "chave-do-simulador", &body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    async fn find(&self, resource: &str, filter: Value) -> Vec<Value> {
        let answer = self.call("GET", &format!("{resource}?limit=-1"), json!({ "filter": filter })).await;
        answer.json()["rows"].as_array().unwrap().clone()
    }

    /// An attendance splitter with at least this many free ports, with the numbers of those ports.
    async fn free_splitter(&self, ports: usize) -> (Value, Vec<u64>) {
        self.free_splitters(ports).await.remove(0)
    }

    async fn free_splitters(&self, ports: usize) -> Vec<(Value, Vec<u64>)> {
        let filter = json!([{ "property": "isDrop", "operator": "=", "value": true },
            { "property": "implanted", "operator": "=", "value": true }]);
        let with_free = self.find("splitters", filter).await.into_iter().map(|splitter| {
            let outputs = splitter["connectables"]["output"].as_array().unwrap();
            let free = outputs.iter().zip(splitter["ports"].as_array().unwrap()).enumerate();
            let free = free.filter(|(_, (plug, port))| plug.is_null() && port["blocked"] == false);
            let free = free.map(|(at, _)| at as u64 + 1).collect();
            (splitter, free)
        });
        with_free.filter(|(_, free): &(Value, Vec<u64>)| free.len() >= ports).collect()
    }

    fn code_on(&self, splitter: &Value, port: u64) -> Option<Option<String>> {
        self.simulator.holder(splitter["id"].as_str().unwrap(), port as u32).map(|held| held.code)
    }
}

fn attach(splitter: &Value, port: u64, code: &str) -> Value {
    json!({ "project": splitter["project"], "box": splitter["parent"], "connector": splitter["id"], "port": port,
        "client": { "code": code, "name": "Fulano de Tal", "implanted": true }, "external_id": code })
}

#[tokio::test]
async fn only_the_key_or_a_login_opens_the_api() {
    let ozmap = Ozmap::start(20).await;
    for wrong in ["", "outra-chave"] {
        assert_eq!(ozmap.send("GET", "/api/v2/boxes", wrong, "").await.unwrap().status, 401);
    }
    for right in ["chave-do-simulador", "Bearer chave-do-simulador"] {
        assert_eq!(ozmap.send("GET", "/api/v2/authenticated", right, "").await.unwrap().status, 200);
    }
    let login = r#"{"login":"integracao","password":"senha-do-simulador"}"#;
    let token = ozmap.send("POST", "/api/v2/users/login?type=API", "", login).await.unwrap().json();
    let token = token["authorization"].as_str().unwrap();
    assert_eq!(ozmap.send("GET", "/api/v2/boxes", token, "").await.unwrap().status, 200);
    let wrong = login.replace("senha-do", "x");
    assert_eq!(ozmap.send("POST", "/api/v2/users/login", "", &wrong).await.unwrap().status, 401);
}

#[tokio::test]
async fn pages_hold_every_row_once_by_next_url_and_by_number() {
    let ozmap = Ozmap::start(130).await;
    let mut seen = Vec::new();
    let mut next = Some("/api/v2/boxes?limit=40&select=name".to_owned());
    while let Some(url) = next {
        assert!(!url.contains("page="), "{url}");
        let page = ozmap.get(url.strip_prefix("/api/v2/").unwrap()).await;
        seen.extend(page["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        assert_eq!((&page["total"], page["hasNextPage"] == true), (&json!(130), page.get("nextUrl").is_some()));
        next = page["nextUrl"].as_str().map(str::to_owned);
    }
    assert_eq!((seen.len(), seen.iter().collect::<HashSet<_>>().len()), (130, 130));
    assert!(seen.is_sorted(), "ids grow");
    let sort = "sort=%5B%7B%22property%22%3A%22id%22%2C%22direction%22%3A-1%7D%5D";
    let page = ozmap.get(&format!("boxes?limit=40&page=4&{sort}")).await;
    assert_eq!((page["start"].as_u64(), page["count"].as_u64()), (Some(120), Some(10)));
    assert_eq!(page["rows"][9]["id"], seen[0].as_str());
    assert!(ozmap.get("boxes?limit=40&page=5").await["rows"].as_array().unwrap().is_empty());
    assert_eq!(ozmap.get("boxes").await["count"], 25);
    assert_eq!(ozmap.get("boxes?limit=-1").await["count"], 130);
}

#[tokio::test]
async fn pages_stay_put_while_rows_are_removed_behind_and_added_ahead() {
    let ozmap = Ozmap::start(60).await;
    let total = ozmap.get("properties?limit=1").await["total"].as_u64().unwrap();
    let first = ozmap.get("properties?limit=10").await;
    let (splitter, free) = ozmap.free_splitter(1).await;
    assert_eq!(ozmap.call("POST", "properties", attach(&splitter, free[0], "999001")).await.status, 201);
    let again = ozmap.get("properties?limit=10").await;
    assert_eq!(first["rows"], again["rows"]);
    let last = ozmap.get(&format!("properties?start={total}&limit=10")).await;
    assert_eq!(last["rows"][0]["client"]["code"], "999001");
}

#[tokio::test]
async fn filters_travel_in_the_body_and_in_the_query_and_indexes_agree_with_rows() {
    let ozmap = Ozmap::start(120).await;
    let everything = ozmap.find("properties", json!([])).await;
    let projects = ozmap.find("projects", json!([])).await;
    assert_eq!(projects.len(), 3);
    let home = everything.iter().find(|home| home["connections"][0]["id"].is_string()).unwrap();
    for (property, value) in [
        ("project", &home["project"]),
        ("box", &home["box"]),
        ("client.code", &home["client"]["code"]),
        ("client", &home["client"]["id"]),
        ("connections.id", &home["connections"][0]["id"]),
        ("id", &home["id"]),
    ] {
        let filter = json!([{ "property": property, "operator": "=", "value": value }]);
        let in_body = ozmap.find("properties", filter.clone()).await;
        let query: String = form_urlencoded::byte_serialize(filter.to_string().as_bytes()).collect();
        let in_query = ozmap.get(&format!("properties?limit=-1&filter={query}")).await;
        assert_eq!(&in_body, in_query["rows"].as_array().unwrap(), "{property}");
        assert!(in_body.contains(home), "{property}");
        let path = property.replace('.', "/");
        let expected = everything.iter().filter(|row| match property {
            "client" => row["client"]["id"] == *value,
            "connections.id" => row["connections"][0]["id"] == *value,
            _ => row.pointer(&format!("/{path}")) == Some(value),
        });
        assert_eq!(in_body.len(), expected.count(), "{property}");
    }
    let near = json!([{ "property": "coords", "operator": "near", "value": { "lat": home["lat"], "lng": home["lng"], "radius": "120" } }]);
    let boxes = ozmap.find("boxes", near).await;
    assert!((1..12).contains(&boxes.len()), "{}", boxes.len());
    let populated =
        ozmap.get(&format!("boxes/{}?populate=project&select=project", home["box"].as_str().unwrap())).await;
    assert!(populated["project"]["name"].is_string() && populated.get("name").is_none(), "{populated}");
}

#[tokio::test]
async fn attaching_takes_the_port_asked_for_or_the_first_free_one() {
    let ozmap = Ozmap::start(60).await;
    let (splitter, free) = ozmap.free_splitter(3).await;
    let created = ozmap.call("POST", "properties", attach(&splitter, free[1], "900001")).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let created = created.json();
    assert!(created["client"].is_string() && created.get("connections").is_none(), "{created}");
    assert_eq!(ozmap.code_on(&splitter, free[1]), Some(Some("900001".to_owned())));

    let mut body = attach(&splitter, 0, "900002");
    ["connector", "port"].iter().for_each(|name| drop(body.as_object_mut().unwrap().remove(*name)));
    body["auto_connect"] = true.into();
    assert_eq!(ozmap.call("POST", "properties", body).await.status, 201);
    let homes = ozmap.get("properties/client/900002").await;
    assert_eq!(homes[0]["_id"], homes[0]["id"]);
    assert!(homes[0]["connections"][0]["fiber"].is_string());
    let fiber = ozmap.get(&format!("fibers/{}", homes[0]["connections"][0]["fiber"].as_str().unwrap())).await;
    let drop = ozmap.get(&format!("cables/{}", fiber["parent"].as_str().unwrap())).await;
    assert_eq!((&drop["kind"], &drop["boxB"]), (&json!("Drop"), &homes[0]["id"]));

    for (wrong, why) in [
        (attach(&splitter, free[1], "900003"), "taken"),
        (attach(&splitter, 65, "900003"), "no such port"),
        (attach(&splitter, 0, "900003"), "ports count from 1"),
    ] {
        assert_eq!(ozmap.call("POST", "properties", wrong).await.status, 422, "{why}");
    }
    assert_eq!(ozmap.get("properties/client/900003").await, json!([]));
    let mut forced = attach(&splitter, free[1], "900003");
    forced["force"] = true.into();
    assert_eq!(ozmap.call("POST", "properties", forced).await.status, 201);
    assert_eq!(ozmap.code_on(&splitter, free[1]), Some(Some("900003".to_owned())));
    let displaced = ozmap.get("properties/client/900001").await;
    assert_eq!(displaced[0]["connections"], json!([]));
    assert!(displaced[0]["observation"].is_string());
}

#[tokio::test]
async fn distribution_splitters_and_blocked_ports_take_nobody() {
    let ozmap = Ozmap::start(200).await;
    let distribution = json!([{ "property": "isDrop", "operator": "=", "value": false }]);
    let splitter = ozmap.find("splitters", distribution).await.remove(0);
    assert_eq!(ozmap.call("POST", "properties", attach(&splitter, 1, "900010")).await.status, 422);
    let (splitter, free) = ozmap.free_splitter(1).await;
    let block = json!({ "ports": [{ "index": free[0] - 1, "blocked": true }] });
    let path = format!("splitters/{}", splitter["id"].as_str().unwrap());
    assert_eq!(ozmap.call("PATCH", &path, block).await.status, 204);
    assert_eq!(ozmap.call("POST", "properties", attach(&splitter, free[0], "900010")).await.status, 422);
}

#[tokio::test]
async fn a_move_frees_the_old_port_and_the_box_follows_the_splitter() {
    let ozmap = Ozmap::start(80).await;
    let mut splitters = ozmap.free_splitters(2).await.into_iter();
    let (from, free) = splitters.next().unwrap();
    let home = ozmap.call("POST", "properties", attach(&from, free[0], "900020")).await.json();
    let path = format!("properties/{}", home["id"].as_str().unwrap());
    let (to, free_there) = splitters.find(|(other, _)| other["parent"] != from["parent"]).unwrap();
    let moved = json!({ "connector": to["id"], "port": free_there[1] });
    assert_eq!(ozmap.call("PATCH", &path, moved).await.status, 204);
    assert_eq!(ozmap.code_on(&from, free[0]), None);
    assert_eq!(ozmap.code_on(&to, free_there[1]), Some(Some("900020".to_owned())));
    assert_eq!(ozmap.get(&path).await["box"], to["parent"]);
    let refused = ozmap.call("PATCH", &path, json!({ "external_id": "x" })).await;
    assert_eq!(refused.status, 500);
}

#[tokio::test]
async fn removing_follows_the_way_that_was_chosen() {
    let ozmap = Ozmap::start(80).await;
    let (splitter, free) = ozmap.free_splitter(4).await;
    let mut homes = Vec::new();
    for (port, code) in free.iter().zip(["900031", "900032", "900033", "900034"]) {
        homes.push(ozmap.call("POST", "properties", attach(&splitter, *port, code)).await.json());
    }
    let path = |at: usize| format!("properties/{}", homes[at]["id"].as_str().unwrap());
    let client = |at: usize| format!("ftth-clients/{}", homes[at]["client"].as_str().unwrap());
    // The whole home, and the client with it.
    assert_eq!(ozmap.call("DELETE", &path(0), Value::Null).await.status, 204);
    assert_eq!(ozmap.code_on(&splitter, free[0]), None);
    assert_eq!(ozmap.call("GET", &client(0), Value::Null).await.status, 404);
    // The person alone, in two ways: the home keeps its port.
    assert_eq!(ozmap.call("PATCH", &path(1), json!({ "client": null })).await.status, 204);
    assert_eq!(ozmap.call("DELETE", &client(2), Value::Null).await.status, 204);
    for (at, code) in [(1, "900032"), (2, "900033")] {
        assert_eq!(ozmap.code_on(&splitter, free[at]), Some(None));
        let home = ozmap.get(&path(at)).await;
        assert_eq!((&home["client"], &home["history"]["clients"][0]["code"]), (&Value::Null, &json!(code)));
    }
    // The port alone.
    let drop = ozmap.get(&path(3)).await["drop"].as_str().unwrap().to_owned();
    assert_eq!(ozmap.call("POST", &format!("cables/{drop}/fibers/disconnect"), json!({})).await.status, 204);
    assert_eq!(ozmap.code_on(&splitter, free[3]), None);
    assert_eq!(ozmap.get(&path(3)).await["client"]["code"], "900034");
    // The same by naming both ends.
    let home = ozmap.get(&path(1)).await;
    let ends = json!({ "elementA": { "id": splitter["id"], "kind": "splitter" },
        "elementB": { "id": home["connections"][0]["fiber"], "kind": "fiber" } });
    assert_eq!(ozmap.call("POST", "disconnect", ends).await.status, 204);
    assert_eq!(ozmap.code_on(&splitter, free[1]), None);
}

#[tokio::test]
async fn a_reset_before_does_nothing_and_a_reset_after_has_done_it() {
    let ozmap = Ozmap::start(60).await;
    let (splitter, free) = ozmap.free_splitter(2).await;
    for (port, effect, done) in [(free[0], Effect::ResetBefore, false), (free[1], Effect::ResetAfter, true)] {
        ozmap.simulator.add_fault(Fault::always(effect).method("POST").path_prefix("/api/v2/properties").times(1));
        let body = attach(&splitter, port, "900040").to_string();
        let cut = ozmap.send("POST", "/api/v2/properties", "chave-do-simulador", &body).await.unwrap_err();
        assert_eq!(cut.kind(), ErrorKind::ConnectionReset);
        assert_eq!(ozmap.code_on(&splitter, port).is_some(), done);
    }
    let resets = ozmap.simulator.calls(0).into_iter().filter(|call| call.status == "reset");
    assert_eq!(resets.map(|call| call.fault).collect::<Vec<_>>(), [Some("reset_before"), Some("reset_after")]);
}

#[tokio::test]
async fn every_other_fault_is_what_it_says_and_ends_when_it_should() {
    let ozmap = Ozmap::start(20).await;
    let faults = json!([
        { "kind": "status", "status": 503, "body": "em manutenção", "retry_after_seconds": 2, "count": 1 },
        { "kind": "throttled", "retry_after_seconds": 7, "count": 1 },
        { "kind": "unauthorised", "count": 1 },
        { "kind": "empty_list", "count": 1 },
        { "kind": "delay", "milliseconds": 30, "count": 1 },
    ]);
    let taken = ozmap.send("POST", "/_simulator/faults?mode=replace", "", &faults.to_string()).await.unwrap();
    assert_eq!((taken.status, taken.json().as_array().unwrap().len()), (200, 5));
    let next = || ozmap.call("GET", "boxes?limit=1", Value::Null);
    let (down, throttled, unauthorised, empty) = (next().await, next().await, next().await, next().await);
    assert_eq!((down.status, down.text.as_str()), (503, "em manutenção"));
    assert!(down.head.contains("retry-after: 2") && throttled.head.contains("retry-after: 7"));
    assert_eq!((throttled.status, unauthorised.status, empty.status), (429, 401, 200));
    assert_eq!(empty.json()["total"], 0);
    let before = std::time::Instant::now();
    assert_eq!(next().await.json()["total"], 20);
    assert!(before.elapsed() >= Duration::from_millis(30));
    assert_eq!(next().await.status, 200);
    assert_eq!(ozmap.send("DELETE", "/_simulator/faults", "", "").await.unwrap().status, 204);
    assert!(ozmap.simulator.faults().is_empty());
}

#[tokio::test]
async fn what_hangs_is_never_answered_and_hang_after_has_done_it() {
    let ozmap = Ozmap::start(60).await;
    let (splitter, free) = ozmap.free_splitter(2).await;
    for (port, effect, done) in [(free[0], Effect::Hang, false), (free[1], Effect::HangAfter, true)] {
        ozmap.simulator.set_faults(vec![Fault::always(effect).method("POST").times(1)]);
        let call = ozmap.call("POST", "properties", attach(&splitter, port, "900050"));
        assert!(tokio::time::timeout(Duration::from_millis(100), call).await.is_err());
        assert_eq!(ozmap.code_on(&splitter, port).is_some(), done);
    }
    assert_eq!(ozmap.simulator.calls(0).last().unwrap().status, "hang");
}

#[tokio::test]
async fn the_face_of_its_own_shows_ports_and_calls() {
    let ozmap = Ozmap::start(40).await;
    let held = ozmap.simulator.occupied();
    let dumped = ozmap.send("GET", "/_simulator/occupied", "", "").await.unwrap().json();
    assert_eq!(dumped, serde_json::to_value(&held).unwrap());
    let port = format!("/_simulator/state?port={}:{}", held[0].splitter, held[0].port);
    assert_eq!(ozmap.send("GET", &port, "", "").await.unwrap().json(), dumped[0]);
    ozmap.get("boxes").await;
    let calls = ozmap.send("GET", "/_simulator/calls", "", "").await.unwrap().json();
    assert_eq!(calls["routes"], json!({ "GET /api/v2/boxes": 1 }));
    assert_eq!((&calls["calls"][0]["status"], &calls["calls"][0]["seq"]), (&json!("200"), &json!(1)));
}

#[tokio::test]
async fn viability_names_boxes_with_free_ports_nearest_first() {
    let ozmap = Ozmap::start(200).await;
    let (splitter, free) = ozmap.free_splitter(1).await;
    let here = ozmap.get(&format!("boxes/{}", splitter["parent"].as_str().unwrap())).await;
    let path = format!("ftth-viability/radius?lat={}&lng={}&radius=250", here["lat"], here["lng"]);
    let answer = ozmap.get(&path).await;
    assert_eq!((&answer["viable"], &answer["boxes"][0]["id"]), (&json!(true), &here["id"]));
    assert!(answer["boxes"][0]["availability"].as_u64().unwrap() >= free.len() as u64);
    let distances: Vec<f64> =
        answer["boxes"].as_array().unwrap().iter().map(|b| b["distance"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted() && distances.iter().all(|metres| *metres <= 250.0));
    assert!(!answer["refused_boxes"].as_array().unwrap().is_empty(), "splice boxes have no ports");
    let nowhere = ozmap.get("ftth-viability/radius?lat=0&lng=0").await;
    assert_eq!((&nowhere["viable"], &nowhere["boxes"]), (&json!(false), &json!([])));
    let draft = json!([{ "property": "draft", "operator": "=", "value": true }]);
    for row in ozmap.find("boxes", draft).await {
        assert!(!answer["boxes"].as_array().unwrap().iter().any(|found| found["id"] == row["id"]));
    }
}

#[tokio::test]
async fn a_person_on_the_platform_can_edit_everything() {
    let ozmap = Ozmap::start(40).await;
    let project = ozmap.find("projects", json!([])).await.remove(0);
    let new = json!({ "project": project["id"], "name": "CTO nova", "implanted": true, "coords": [-49.1, -27.1] });
    let created = ozmap.call("POST", "boxes", new).await;
    assert_eq!((created.status, &created.json()["name"]), (201, &json!("CTO nova")));
    let in_box = created.json()["id"].clone();
    let new = json!({ "parent": in_box, "isDrop": true, "ratio": { "input": 1, "output": 16 } });
    let splitter = ozmap.call("POST", "splitters", new).await.json();
    assert_eq!(splitter["ports"].as_array().unwrap().len(), 16);
    assert_eq!(ozmap.call("POST", "properties", attach(&splitter, 16, "900060")).await.status, 201);
    let path = format!("boxes/{}", in_box.as_str().unwrap());
    assert_eq!(ozmap.call("PATCH", &path, json!({ "name": "CTO outra", "coords": [-49.2, -27.2] })).await.status, 204);
    let changed = ozmap.get(&path).await;
    assert_eq!((&changed["name"], &changed["lat"]), (&json!("CTO outra"), &json!(-27.2)));
    assert!(
        changed["updatedAt"].as_str() > changed["createdAt"].as_str() || changed["updatedAt"] == changed["createdAt"]
    );
    let topology = ozmap.get(&format!("base-boxes/{}/topology", in_box.as_str().unwrap())).await;
    let drop = topology["drops"].as_object().unwrap().values().next().unwrap();
    assert_eq!(drop["propertyData"]["client"]["code"], "900060");
    assert_eq!(ozmap.call("DELETE", &path, Value::Null).await.status, 204);
    assert!(
        ozmap.find("splitters", json!([{ "property": "parent", "operator": "=", "value": in_box }])).await.is_empty()
    );
    assert_eq!(ozmap.get("properties/client/900060").await[0]["connections"], json!([]));
    let pole = ozmap.find("poles", json!([])).await.remove(0);
    let twice = json!({ "name": pole["name"], "lat": -27.0, "lng": -49.0 });
    assert_eq!(ozmap.call("POST", "poles", twice).await.status, 422, "names of poles are unique");
    for (method, path) in [("GET", "nothing"), ("GET", "boxes/123"), ("POST", "fibers"), ("DELETE", "boxes")] {
        assert_eq!(ozmap.call(method, path, json!({})).await.status, 404, "{method} {path}");
    }
}

#[tokio::test]
async fn errors_come_as_json_and_as_plain_text() {
    let ozmap = Ozmap::start(20).await;
    let mut kinds = HashSet::new();
    for resource in ["boxes", "splitters", "properties", "poles", "cables", "projects", "ftth-clients", "tags"] {
        let answer = ozmap.call("GET", &format!("{resource}/123"), Value::Null).await;
        assert_eq!(answer.status, 404);
        kinds.insert(answer.head.contains("application/json"));
        assert_eq!(ozmap.call("GET", &format!("{resource}/123"), Value::Null).await.text, answer.text);
    }
    assert_eq!(kinds.len(), 2);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for wrong in [Options { ports_per_box: 7, ..Options::default() }, Options { customers: 1.5, ..Options::default() }]
    {
        assert!(Simulator::new(wrong).is_err());
    }
}

/// 100,000 boxes, or 800,000 ports, are built in seconds and served a page at a time.
#[tokio::test]
async fn a_hundred_thousand_boxes_are_there_and_page_to_the_end() {
    let before = std::time::Instant::now();
    let ozmap = Ozmap::start(100_000).await;
    println!("built in {:?}: {:?}", before.elapsed(), ozmap.simulator.size());
    assert!(before.elapsed() < std::time::Duration::from_secs(30), "took {:?}", before.elapsed());
    assert_eq!(ozmap.simulator.size().boxes, 100_000);
    for path in ["boxes?limit=500&start=99500", "splitters?limit=500&start=100000", "properties?limit=500"] {
        let page = ozmap.call("GET", path, Value::Null).await.json();
        assert_eq!(page["count"], 500, "{path}");
    }
    let last = ozmap.call("GET", "boxes?limit=500&start=99500", Value::Null).await.json();
    assert_eq!(last["hasNextPage"], false);
}
