//! The simulator from outside, over real HTTP.

use super::{BASE, Installation, Options, Simulator};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

struct Geosite {
    simulator: Simulator,
    address: std::net::SocketAddr,
    token: String,
    refresh: String,
}

impl Geosite {
    async fn start(installation: Installation) -> Geosite {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let simulator = Simulator::new(Options { boxes: 60, installation, ..Options::default() }).unwrap();
        let serving = simulator.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let mut geosite = Geosite { simulator, address, token: String::new(), refresh: String::new() };
        let login = json!({ "username": "integracao", "password": "senha-do-simulador" });
        let (status, told) = geosite.send("POST", "auth/generatetoken", "", login).await;
        assert_eq!(status, 200, "{told}");
        geosite.token = told["token"].as_str().unwrap().to_owned();
        geosite.refresh = told["refreshToken"].as_str().unwrap().to_owned();
        geosite
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: Value) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {BASE}/{path} HTTP/1.1\r\nhost: x\r\nauthorization: Digicade-Rest-API:{token}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut whole = String::new();
        stream.read_to_string(&mut whole).await.unwrap();
        let (head, text) = whole.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(text).unwrap_or_else(|_| text.into()))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, told) = self.send("GET", path, &self.token, Value::Null).await;
        assert_eq!(status, 200, "{path}: {told}");
        told
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send("POST", path, &self.token, body).await
    }

    async fn columns(&self, feature: &str) -> Vec<String> {
        let told = self.get(&format!("{feature}/desc")).await;
        told.as_array().unwrap().iter().map(|column| column["alias"].as_str().unwrap().to_owned()).collect()
    }
}

fn fids(told: &Value) -> Vec<u64> {
    let fid = |record: &Value| record["fid"].as_u64().or_else(|| record["fid"].as_str()?.parse().ok());
    told["records"].as_array().unwrap().iter().map(|record| fid(record).unwrap()).collect()
}

#[tokio::test]
async fn a_token_opens_the_api_for_half_an_hour_and_is_renewed_for_thirty_days() {
    let geosite = Geosite::start(Installation::Usual).await;
    let wrong = json!({ "username": "integracao", "password": "x" });
    assert_eq!(geosite.send("POST", "auth/generatetoken", "", wrong).await.0, 401);
    geosite.simulator.pass(Duration::from_secs(29 * 60));
    assert_eq!(geosite.send("GET", "cto/desc", &geosite.token, Value::Null).await.0, 200);
    geosite.simulator.pass(Duration::from_secs(60));
    assert_eq!(geosite.send("GET", "cto/desc", &geosite.token, Value::Null).await.0, 401);
    assert_eq!(geosite.send("POST", "auth/refresh", &geosite.token, Value::Null).await.0, 401);
    let (_, renewed) = geosite.send("POST", "auth/refresh", &geosite.refresh, Value::Null).await;
    let token = renewed["token"].as_str().unwrap();
    assert_eq!(geosite.send("GET", "cto/desc", token, Value::Null).await.0, 200);
    geosite.simulator.pass(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(geosite.send("POST", "auth/refresh", &geosite.refresh, Value::Null).await.0, 401);
}

#[tokio::test]
async fn columns_differ_and_a_list_must_name_them() {
    let usual = Geosite::start(Installation::Usual).await;
    let older = Geosite::start(Installation::Older).await;
    assert!(usual.columns("cliente").await.contains(&"codigo".to_owned()));
    assert!(older.columns("cliente").await.contains(&"COD_CLIENTE".to_owned()));
    assert!(!older.columns("splitter").await.iter().any(|column| column.to_lowercase().contains("func")));
    assert_eq!(usual.send("GET", "cliente/list", &usual.token, Value::Null).await.0, 400);
    assert_eq!(older.send("GET", "cliente/list?columns=codigo", &older.token, Value::Null).await.0, 400);
    let one = older.get("cliente/list?columns=fid,NUM_PORTA&limit=1&sorter=fid").await;
    assert!(one["total"].is_string() && one["records"][0]["NUM_PORTA"].is_string(), "{one}");
    assert_eq!(one["records"][0].as_object().unwrap().len(), 2);
    let fid = one["records"][0]["fid"].as_str().unwrap();
    let whole = older.get(&format!("cliente/get?fid={fid}")).await;
    assert_eq!(whole.as_object().unwrap().len(), older.columns("cliente").await.len());
}

#[tokio::test]
async fn pages_hold_every_record_once_only_in_an_order() {
    let geosite = Geosite::start(Installation::Usual).await;
    let read = async |sorter: &str| {
        let mut seen = Vec::new();
        for start in (0..).step_by(40) {
            let page = fids(&geosite.get(&format!("cto/list?columns=fid&start={start}&limit=40{sorter}")).await);
            if page.is_empty() {
                return seen;
            }
            seen.extend(page);
        }
        unreachable!()
    };
    let (sorted, unsorted) = (read("&sorter=fid").await, read("").await);
    assert_eq!(sorted.iter().collect::<BTreeSet<_>>().len(), 54);
    assert!(sorted.is_sorted() && unsorted.iter().collect::<BTreeSet<_>>().len() < 54, "{unsorted:?}");
}

#[tokio::test]
async fn save_and_delete_know_nothing_of_ports() {
    let geosite = Geosite::start(Installation::Usual).await;
    let held = geosite.simulator.occupied().remove(0);
    let customer = json!({ "codigo": "990001", "nome": "Fulano", "fid_splitter": held.splitter, "porta": held.port });
    let (status, told) = geosite.post("cliente/save", customer.clone()).await;
    assert_eq!((status, &told["success"]), (200, &json!("true")));
    geosite.post("cliente/save", customer).await;
    assert_eq!(geosite.simulator.seat_of("990001").len(), 2, "made twice where it was sent twice");
    let fid = &told["fid"];
    let (status, _) = geosite.post("cliente/save", json!({ "fid": fid, "fid_splitter": null, "porta": null })).await;
    assert_eq!(status, 200);
    assert_eq!(
        geosite.get(&format!("cliente/get?fid={fid}")).await["codigo"],
        json!("990001"),
        "what is left out stays"
    );
    assert_eq!(geosite.post("cliente/save", json!({ "apelido": "x" })).await.0, 400);
    assert_eq!(geosite.post("cliente/delete", json!({ "fid": fid })).await.0, 200);
    assert_eq!(geosite.post("cliente/delete", json!({ "fid": fid })).await.0, 404);
    let changes: Vec<_> = geosite.simulator.calls(0).into_iter().flat_map(|call| call.changes).collect();
    let told: Vec<_> = changes.iter().map(|c| (c.port, c.code.as_deref(), c.plugged)).collect();
    let code = Some("990001");
    assert_eq!(told, [(held.port, code, true), (held.port, code, true), (held.port, code, false)]);
}

#[tokio::test]
async fn a_filter_finds_by_code_and_by_splitter() {
    let geosite = Geosite::start(Installation::Usual).await;
    let found = geosite.get("cliente/list?columns=fid,codigo&filter=codigo%20%3D%20%271003%27").await;
    assert_eq!((found["total"].as_u64(), &found["records"][0]["codigo"]), (Some(1), &json!("1003")));
    let held = geosite.simulator.occupied().remove(0);
    let filter = format!("fid_splitter%20%3D%20%27{}%27%20and%20porta%20%3D%20{}", held.splitter, held.port);
    let found = geosite.get(&format!("cliente/list?columns=fid&filter={filter}")).await;
    assert_eq!(fids(&found).iter().map(u64::to_string).collect::<Vec<_>>(), [held.property]);
    assert_eq!(geosite.send("GET", "cliente/list?columns=fid&filter=x", &geosite.token, Value::Null).await.0, 400);
}

#[tokio::test]
async fn viability_says_success_in_a_text_or_not_at_all() {
    let around = "viabilidade/caixas?raio=300&latitude=-26.3&longitude=-49.8";
    let usual = Geosite::start(Installation::Usual).await.get(around).await;
    assert_eq!(usual["success"], json!("true"));
    assert!(usual["caixas"][0]["qtdDisponivel"].is_u64(), "{usual}");
    assert!(usual["caixas"][0]["geometryCaixaEmenda"].as_str().unwrap().starts_with("POINT (-49."));
    let older = Geosite::start(Installation::Older).await;
    assert!(older.get(around).await[0]["qtdTotalDisponivel"].is_u64());
    let nowhere = older.get("viabilidade/caixas?raio=300&endereco=Rua%20Nenhuma%2C%201").await;
    assert_eq!(nowhere["success"], json!("false"));
}
