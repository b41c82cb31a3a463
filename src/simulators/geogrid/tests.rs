//! The simulator as a whole, asked as its HTTP asks it.

use super::{Options, Simulator, code_of};
use crate::server::{Platform, PortChange, Reply, Request};
use serde_json::{Value, json};

struct Geogrid(Simulator);

struct Port {
    item: String,
    splitter: String,
    number: u32,
    id: String,
}

impl Geogrid {
    fn new(options: Options) -> Geogrid {
        Geogrid(Simulator::new(options).unwrap())
    }

    fn built() -> Geogrid {
        Geogrid::new(Options { boxes: 120, calls_a_second: None, ..Options::default() })
    }

    fn send(&self, method: &str, path: &str, key: Option<&str>, body: &Value) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        self.0.api.answer(&Request {
            method: method.to_owned(),
            path: format!("/isp/api/v3/{path}"),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            api_key: key.map(str::to_owned),
            body: serde_json::to_vec(body).unwrap().into(),
            ..Request::default()
        })
    }

    fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let reply = self.send(method, path, Some("token-do-simulador"), &body);
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or_default())
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The output ports whose first row is as asked.
    fn ports(&self, is: impl Fn(&Value) -> bool) -> Vec<Port> {
        let mut found = Vec::new();
        for item in
            self.get("itensRede?item[]=terminal&modoProjeto=N&registrosPorPagina=500")["registros"].as_array().unwrap()
        {
            let item = text(&item["dados"]["id"]);
            let equipment = self.get(&format!("equipamentos/itemRede/{item}/portas?atendimento[]=S"));
            for row in equipment["registros"].as_array().unwrap() {
                let ports =
                    row["portas"].as_array().unwrap().iter().filter(|port| port["dados"]["tipo"] == "S" && is(port));
                found.extend(ports.map(|port| Port {
                    item: item.clone(),
                    splitter: text(&row["equipamento"]["id"]),
                    number: text(&port["dados"]["porta"]).parse().unwrap(),
                    id: text(&port["dados"]["id"]),
                }));
            }
        }
        found
    }

    fn free(&self) -> Port {
        let placed = |port: &Port| self.0.place(&port.item).is_some();
        self.ports(|port| port["disponivel"] == "S").into_iter().find(placed).unwrap()
    }

    fn client(&self, n: u32) -> String {
        text(&self.get(&format!("clientes/integrado/{}", code_of(n).unwrap()))["dados"]["id"])
    }

    fn attend(&self, port: &Port, client: &str, metres_north: f64) -> (u16, Value) {
        let (lat, lng) = self.0.place(&port.item).unwrap();
        let local = json!({ "latitude": lat + metres_north / 111_320.0, "longitude": lng });
        self.call("POST", "integracao/atender", json!({ "idPorta": port.id, "idCliente": client, "local": local }))
    }

    fn remove(&self, port: &Port, client: &str) -> (u16, Value) {
        self.call("DELETE", &format!("integracao/atender/{}/{client}", port.id), Value::Null)
    }

    fn code_at(&self, port: &Port) -> Option<String> {
        self.0.holder(&port.splitter, port.number)?.code
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn named(body: &Value) -> Vec<&str> {
    body.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn without_the_token_nothing_is_told() {
    let geogrid = Geogrid::built();
    for key in [None, Some(""), Some("outro")] {
        assert_eq!(geogrid.send("GET", "pastas", key, &Value::Null).status, 401);
    }
    assert_eq!(geogrid.get("pastas")["registros"].as_array().unwrap().len(), 3);
}

#[test]
fn more_than_a_call_a_second_is_refused_and_nothing_is_said_of_when() {
    let geogrid = Geogrid::new(Options { boxes: 5, ..Options::default() });
    let replies: Vec<Reply> =
        (0..6).map(|_| geogrid.send("GET", "pastas", Some("token-do-simulador"), &Value::Null)).collect();
    assert!(replies.iter().take(3).all(|reply| reply.status == 200));
    let refused = &replies[5];
    assert_eq!((refused.status, refused.retry_after_seconds), (429, None));
    assert_eq!(geogrid.send("GET", "pastas", None, &Value::Null).status, 401, "who has no token uses up nothing");
}

#[test]
fn pages_count_from_one_and_totals_are_text() {
    let geogrid = Geogrid::built();
    let total: usize = geogrid.get("itensRede?item[]=poste")["totalRegistros"].as_str().unwrap().parse().unwrap();
    assert_eq!(total, 120);
    let rows = |page: u32| {
        let body = geogrid.get(&format!("itensRede?item[]=poste&registrosPorPagina=50&pagina={page}"));
        body["registros"].as_array().unwrap().clone()
    };
    assert_eq!([1, 2, 3, 4].map(|page| rows(page).len()), [50, 50, 20, 0]);
    assert_ne!(rows(1)[0], rows(2)[0]);
    assert_eq!(geogrid.call("GET", "itensRede?pagina=0", Value::Null).0, 422);
}

#[test]
fn items_are_filtered_by_kind_and_by_whether_they_are_built() {
    let geogrid = Geogrid::built();
    let count = |filter: &str| {
        geogrid.get(&format!("itensRede?{filter}"))["totalRegistros"].as_str().unwrap().parse::<usize>().unwrap()
    };
    let size = geogrid.0.size();
    let boxes = "item[]=terminal&item[]=caixa";
    assert_eq!(count(&format!("{boxes}&modoProjeto=N")), size.boxes);
    assert_eq!(count(&format!("{boxes}&modoProjeto=S")), size.planned);
    assert_eq!(count(boxes), 120);
    assert!(count("") > 240, "places held for boxes to come are items too");
}

#[test]
fn a_port_that_was_reserved_and_is_attended_has_two_rows() {
    let geogrid = Geogrid::built();
    let port = geogrid.free();
    assert!(geogrid.0.reserve(&port.splitter, port.number, code_of(1).as_deref()));
    let rows = || geogrid.ports(|_| true).into_iter().filter(|row| row.id == port.id).count();
    assert_eq!((rows(), geogrid.code_at(&port)), (1, None));
    assert_eq!(geogrid.attend(&port, &geogrid.client(1), 0.0).0, 200);
    assert_eq!((rows(), geogrid.code_at(&port)), (2, code_of(1)));
    assert_eq!(geogrid.remove(&port, &geogrid.client(1)).0, 200);
    assert_eq!((rows(), geogrid.code_at(&port)), (1, None));
    assert_eq!(geogrid.free().id, port.id, "the reservation goes too");
}

#[test]
fn several_items_are_asked_about_at_once() {
    let geogrid = Geogrid::built();
    let (one, all) = (geogrid.free(), geogrid.ports(|_| true));
    let other = all.iter().find(|port| port.item != one.item).unwrap();
    let body = geogrid.get(&format!("equipamentos/itemRede/portas?itensRede={},{},1", one.item, other.item));
    let items: Vec<String> =
        body["registros"].as_array().unwrap().iter().map(|row| text(&row["equipamento"]["idItemRede"])).collect();
    assert!(items.contains(&one.item) && items.contains(&other.item));
    let taken = geogrid.get(&format!("equipamentos/itemRede/portas?itensRede={}&disponivel=N", one.item));
    assert!(taken["registros"][0]["portas"].as_array().unwrap().iter().all(|port| port["disponivel"] == "N"));
}

#[test]
fn who_attends_from_afar_gets_an_access_point() {
    let geogrid = Geogrid::built();
    assert_eq!(geogrid.attend(&geogrid.free(), &geogrid.client(1), 1.5).0, 200);
    assert_eq!(geogrid.0.size().access_points, 0);
    assert_eq!(geogrid.attend(&geogrid.free(), &geogrid.client(2), 3.0).0, 200);
    assert_eq!(geogrid.0.size().access_points, 1);
}

#[test]
fn a_taken_port_and_one_that_is_kept_are_refused() {
    let geogrid = Geogrid::built();
    let (port, kept) = (geogrid.free(), geogrid.ports(|port| port["disponivel"] == "S").pop().unwrap());
    geogrid.attend(&port, &geogrid.client(1), 0.0);
    assert_eq!(geogrid.attend(&port, &geogrid.client(2), 0.0).0, 409);
    assert!(geogrid.0.reserve(&kept.splitter, kept.number, code_of(3).as_deref()));
    let (status, body) = geogrid.attend(&kept, &geogrid.client(2), 0.0);
    assert_eq!((status, named(&body)), (422, vec!["portaReservada"]));
    let (status, body) = geogrid.remove(&kept, &geogrid.client(3));
    assert_eq!(
        (status, named(&body)),
        (422, vec!["portaReservada"]),
        "a reservation is not removed like an attendance"
    );
    let (status, body) = geogrid.remove(&port, &geogrid.client(2));
    assert_eq!((status, named(&body)), (404, vec!["naoEncontrado"]), "nobody else's attendance");
    assert_eq!(geogrid.code_at(&port), code_of(1));
}

#[test]
fn changes_on_the_ports_are_told() {
    let geogrid = Geogrid::built();
    let (port, client) = (geogrid.free(), geogrid.client(1));
    let change = |plugged| PortChange { splitter: port.splitter.clone(), port: port.number, code: code_of(1), plugged };
    let (lat, lng) = geogrid.0.place(&port.item).unwrap();
    let body =
        json!({ "idPorta": port.id, "idCliente": client, "local": { "latitude": lat, "longitude": lng.to_string() } });
    let reply = geogrid.send("POST", "integracao/atender", Some("token-do-simulador"), &body);
    assert_eq!(reply.changes, [change(true)]);
    let path = format!("integracao/atender/{}/{client}", port.id);
    let reply = geogrid.send("DELETE", &path, Some("token-do-simulador"), &Value::Null);
    assert_eq!(reply.changes, [change(false)]);
}

#[test]
fn a_code_is_one_customers() {
    let geogrid = Geogrid::built();
    let record =
        |code: &str| json!({ "dados": { "nome": "Ana", "tipo": "F", "codigoIntegracao": code, "bairro": "Centro" } });
    let (status, body) = geogrid.call("POST", "clientes", record("1001"));
    assert_eq!((status, named(&body)), (422, vec!["codigoIntegracao"]));
    let (status, made) = geogrid.call("POST", "clientes", record("990001"));
    assert_eq!(status, 201);
    let shown = geogrid.get("clientes?codigoIntegracao=990001");
    assert_eq!((&shown["totalRegistros"], &shown["registros"][0]["dados"]["bairro"]), (&json!("1"), &json!("Centro")));
    let id = text(&made["dados"]["id"]);
    assert_eq!(geogrid.call("PUT", &format!("clientes/{id}"), record("1001")).0, 422);
    assert_eq!(geogrid.call("PUT", &format!("clientes/{id}"), record("990002")).0, 200);
    let missing =
        ["990001", "99001"].map(|code| geogrid.call("GET", &format!("clientes/integrado/{code}"), Value::Null));
    assert_eq!(
        missing.each_ref().map(|(status, body)| (*status, named(body))),
        [(400, vec!["naoEncontrado"]), (404, vec!["naoEncontrado"])]
    );
    assert_eq!(
        geogrid.call("POST", "clientes", json!({ "dados": { "tipo": "F" } })).1,
        json!({ "nome": "O nome é obrigatório" })
    );
}

#[test]
fn what_was_removed_is_no_error_but_false_or_empty() {
    let geogrid = Geogrid::built();
    let port = geogrid.free();
    assert_eq!(text(&geogrid.get(&format!("itensRede/{}/mapa", port.item))["dados"]["id"]), port.item);
    assert!(geogrid.0.remove(&port.item) && !geogrid.0.remove(&port.item));
    assert_eq!(geogrid.get(&format!("itensRede/{}/mapa", port.item)), json!(false));
    assert_eq!(geogrid.get(&format!("itensRede/{}/ficha", port.item)), Value::Null);
    assert_eq!(geogrid.get(&format!("equipamentos/itemRede/{}/portas", port.item)), json!(false));
    assert_eq!(geogrid.call("GET", &format!("equipamentos/{}/portas", port.splitter), Value::Null).0, 404);
}

#[test]
fn viability_lists_the_free_outputs_of_attendance_equipment() {
    let geogrid = Geogrid::built();
    let port = geogrid.free();
    let filter = "disponivel=S&tipo[]=S&equipamentosAtendimento[]=S";
    let body = geogrid.get(&format!("viabilidade/{}/portas?{filter}", port.item));
    let rows = body["registros"].as_array().unwrap();
    assert!(rows.iter().any(|row| text(&row["dados"]["id"]) == port.id));
    assert!(rows.iter().all(|row| row["disponivel"] == "S" && row["equipamento"]["atendimento"] == "S"));
}
