//! Where nothing that is known says in which form GeoGrid answers: what another one may plausibly do is understood as well.

use std::sync::atomic::{AtomicBool, Ordering};

use platforms::{Detach, Occupancy, Platform};
use serde_json::{Value, json};

use super::canned::{Canned, Reply, Seen};
use super::{History, all, by_hand, customer, port, seat};

const CLIENTS: &str = "/isp/api/v3/clientes";
const ITEMS: &str = "/isp/api/v3/itensRede";
const TOGETHER: &str = "/isp/api/v3/equipamentos/itemRede/portas";

fn nothing_more() -> Reply {
    Reply::json(200, json!({"registros": []}))
}

/// The rows on the first page, and no other page.
fn once(seen: &Seen, rows: Value) -> Reply {
    match seen.query("pagina").as_deref() {
        Some("1") => Reply::json(200, json!({"registros": rows})),
        _ => nothing_more(),
    }
}

fn attended() -> Value {
    json!({"equipamento": {"id": 2, "atendimento": "S"},
        "portas": [{"dados": {"id": 9, "porta": 1, "idCliente": 6}, "cliente": {"id": 6, "nome": "Ana"}}]})
}

/// A GeoGrid with one port, on which customer 6 sits, that knows no customer by his id.
fn without_clients_by_id(seen: &Seen, absent: fn() -> Reply) -> Reply {
    let record = json!({"dados": {"id": "6", "codigoIntegracao": "4411"}});
    match seen.path.split('?').next().unwrap_or_default() {
        "/isp/api/v3/clientes/integrado/4411" => Reply::json(200, record),
        CLIENTS => once(seen, json!([{"dados": {"id": 7, "codigoIntegracao": "77"}}, record])),
        path if path.starts_with(CLIENTS) => absent(),
        _ => Reply::json(200, json!({"registros": [attended()], "totalRegistros": "1"})),
    }
}

const ABSENT: [fn() -> Reply; 5] = [
    || Reply::Status(404, "<html>Cannot GET</html>".into()),
    || Reply::json(404, json!({"message": "Not Found"})),
    || Reply::json(404, json!({"naoEncontrado": "Rota não encontrada"})),
    || Reply::Status(405, String::new()),
    || Reply::Status(200, "<!DOCTYPE html><html>Painel</html>".into()),
];

fn asked(history: &History, path: &str) -> usize {
    history.lines().iter().filter(|line| line.split([' ', '?']).nth(1) == Some(path)).count()
}

async fn code_at(geogrid: &impl Platform) -> Option<String> {
    match geogrid.look_at_port(&port("1", "2", 0)).await.unwrap() {
        Occupancy::Taken(seat) => seat.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn b6_a_look_after_a_bind_needs_no_route_to_a_customer_by_his_id() {
    for absent in ABSENT {
        let server = Canned::serving(move |seen| without_clients_by_id(seen, absent)).await;
        let (geogrid, history) = by_hand(&server.url);
        assert_eq!(geogrid.seats_of("4411").await.unwrap().len(), 1);
        assert_eq!(code_at(&geogrid).await.as_deref(), Some("4411"));
        assert_eq!(asked(&history, CLIENTS), 0, "the code that is expected is tried first");
    }
}

#[tokio::test]
async fn b3_a_look_before_an_unbind_finds_the_code_among_all_customers_and_remembers_it() {
    for absent in ABSENT {
        let server = Canned::serving(move |seen| without_clients_by_id(seen, absent)).await;
        let (geogrid, history) = by_hand(&server.url);
        for _ in 0..3 {
            assert_eq!(code_at(&geogrid).await.as_deref(), Some("4411"));
        }
        assert_eq!(asked(&history, CLIENTS), 1, "{:?}", history.lines());
        assert_eq!(asked(&history, "/isp/api/v3/clientes/6"), 1, "{:?}", history.lines());
    }
}

#[tokio::test]
async fn b2_where_no_customer_is_told_by_his_code_alone_the_listing_of_customers_is_asked_for_the_code() {
    let rows = json!([{"dados": {"id": 7, "codigoIntegracao": "77"}}, {"id": 6, "codigoIntegracao": 4411}]);
    let server = Canned::serving(move |seen| match seen.is("GET", CLIENTS) {
        // It does not even know the filter.
        true => once(seen, rows.clone()),
        false => Reply::json(404, json!({"message": "Not Found"})),
    })
    .await;
    let (geogrid, _) = by_hand(&server.url);
    let seats = geogrid.seats_of("4411").await.unwrap();
    assert_eq!(seats[0].customer_external_id.as_deref(), Some("6"));
    assert!(geogrid.seats_of("99").await.unwrap().is_empty());
    assert_eq!(server.seen()[1].query("codigoIntegracao").as_deref(), Some("4411"));
}

#[tokio::test]
async fn s2_boxes_and_folders_are_understood_in_every_envelope() {
    let (flat, under) =
        (json!({"id": 1, "nome": "C1", "sigla": "C1"}), json!({"dados": {"id": 1, "nome": "C1", "sigla": "C1"}}));
    for body in [
        json!([flat]),
        json!([under]),
        json!({"registros": [flat]}),
        json!({"registros": [[under]]}),
        json!({"registros": [{"id": 1, "dados": [{"nome": "C1", "sigla": "C1"}]}]}),
        json!({"dados": [flat]}),
    ] {
        let page = body.clone();
        let server = Canned::serving(move |seen| match seen.query("pagina").as_deref() {
            Some("1") => Reply::json(200, page.clone()),
            _ => Reply::Status(200, "[]".into()),
        })
        .await;
        let (geogrid, _) = by_hand(&server.url);
        assert_eq!(geogrid.test().await.unwrap().projects, ["C1"], "{body}");
        let boxes = all(async |c| geogrid.boxes(c.as_deref()).await).await;
        let told: Vec<_> = boxes.iter().map(|b| (b.external_id.as_str(), b.name.as_str())).collect();
        assert_eq!(told, [("1", "C1")], "{body}");
    }
}

#[tokio::test]
async fn b6_ports_are_understood_in_every_envelope() {
    let ana = json!({"id": "6", "nome": "Ana", "codigoIntegracao": 4411});
    let row = json!({"dados": {"id": 9, "porta": "1", "idCliente": 6}, "cliente": ana});
    let own = |more: Value| {
        let mut port = row.clone();
        port.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        port
    };
    let two = json!({"id": 2, "atendimento": "S"});
    let flat = json!({"id": 9, "porta": 1, "idEquipamento": "2", "idCliente": "6", "cliente": [{"dados": ana}]});
    for body in [
        json!({"portas": [own(json!({"equipamento": two}))]}),
        json!({"registros": [own(json!({"equipamento": two}))], "totalRegistros": "1"}),
        json!({"registros": [{"id": 2, "atendimento": "S", "portas": [flat]}]}),
        json!({"equipamento": [two], "portas": [row]}),
        json!({"dados": two, "portas": [row], "viabilidade": {}}),
        json!([own(json!({"equipamento": two}))]),
        json!({"registros": {"portas": [flat]}}),
        json!({"dados": {"portas": [flat]}}),
        json!({"portas": [flat]}),
    ] {
        let answer = body.clone();
        let server = Canned::serving(move |_| Reply::json(200, answer.clone())).await;
        let (geogrid, _) = by_hand(&server.url);
        let looked = geogrid.look_at_port(&port("1", "2", 0)).await.unwrap();
        let Occupancy::Taken(seat) = looked else { panic!("{looked:?} {body}") };
        assert_eq!((seat.external_id.as_str(), seat.code.as_deref()), ("1:9:6", Some("4411")), "{body}");
        assert_eq!(server.count("GET"), 1, "less than was asked for is all that there is: {body}");
    }
}

#[tokio::test]
async fn s2_ports_that_name_no_equipment_are_of_one_that_is_called_as_its_box() {
    let server = Canned::serving(|seen| match seen.path.split('?').next().unwrap_or_default() {
        ITEMS => once(seen, json!([{"id": 1, "item": "terminal"}])),
        TOGETHER => Reply::Status(404, String::new()),
        _ => Reply::json(200, json!({"portas": [{"dados": {"id": 9, "porta": 1}}, {"dados": {"id": 8, "porta": 2}}]})),
    })
    .await;
    let (geogrid, _) = by_hand(&server.url);
    let splitters = all(async |c| geogrid.splitters(c.as_deref()).await).await;
    assert_eq!((splitters.len(), splitters[0].ports.len()), (1, 2));
    let looked = geogrid.look_at_port(&port("1", &splitters[0].external_id, 1)).await.unwrap();
    assert_eq!(looked, Occupancy::Free);
}

#[tokio::test]
async fn b2_a_box_by_itself_is_understood_in_every_envelope() {
    let (place, client) =
        (json!({"id": 1, "latitude": "-27.5", "longitude": -48.5}), json!({"id": 6, "codigoIntegracao": "4411"}));
    let wraps: [fn(&Value) -> Value; 5] = [
        |facts| facts.clone(),
        |facts| json!([facts]),
        |facts| json!({"registros": [{"dados": facts}]}),
        |facts| json!([{"dados": facts}]),
        |facts| json!({"dados": [facts]}),
    ];
    for wrap in wraps {
        let (place, client) = (wrap(&place), wrap(&client));
        let server = Canned::serving(move |seen| match seen.method.as_str() {
            "POST" => Reply::json(201, json!({})),
            _ if seen.path.contains("/clientes/") => Reply::json(200, client.clone()),
            _ => Reply::json(200, place.clone()),
        })
        .await;
        let (geogrid, _) = by_hand(&server.url);
        let seats = geogrid.seats_of("4411").await.unwrap();
        let unplaced = platforms::PortAddress { place: None, ..port("1", "2", 0) };
        geogrid.attach(&unplaced, &customer("4411"), &seats).await.unwrap();
        let sent: Value = serde_json::from_str(&server.seen().last().unwrap().body).unwrap();
        let local = json!({"latitude": -27.5, "longitude": -48.5});
        assert_eq!(sent, json!({"idPorta": 345, "idCliente": 6, "local": local}));
    }
}

#[tokio::test]
async fn s10_after_the_first_page_whatever_is_no_page_is_the_end() {
    let ends: [fn() -> Reply; 7] = [
        || Reply::json(404, json!({"message": "Not Found"})),
        || Reply::Status(404, String::new()),
        || Reply::json(422, json!({"pagina": "Página inexistente"})),
        || Reply::Status(200, "false".into()),
        || Reply::Status(200, "null".into()),
        || Reply::Status(200, "[]".into()),
        || Reply::json(200, json!({"registros": null})),
    ];
    let row = |id: usize| json!({"equipamento": {"id": id + 50, "idItemRede": id, "atendimento": "N"}});
    for end in ends {
        let server = Canned::serving(move |seen| match seen.query("pagina").as_deref() {
            Some("1") if seen.is("GET", ITEMS) => Reply::json(200, json!([{"id": 1}, {"id": 2}])),
            Some("1") => Reply::json(200, json!({"registros": [row(1), row(2)]})),
            _ => end(),
        })
        .await;
        let (geogrid, _) = by_hand(&server.url);
        assert_eq!(all(async |c| geogrid.boxes(c.as_deref()).await).await.len(), 2);
        assert_eq!(all(async |c| geogrid.splitters(c.as_deref()).await).await.len(), 2);
    }
}

/// Six boxes, two a page, with a splitter each; what is asked of several is answered as given.
fn boxes_alone(seen: &Seen, together: fn(&Seen) -> Reply) -> Reply {
    let path = seen.path.split('?').next().unwrap_or_default();
    let page = seen.query("pagina").and_then(|page| page.parse::<usize>().ok()).unwrap_or(1);
    let item = path.strip_prefix("/isp/api/v3/equipamentos/itemRede/").and_then(|rest| rest.strip_suffix("/portas"));
    match (path, item.and_then(|item| item.parse::<usize>().ok())) {
        (ITEMS, _) if page > 3 => nothing_more(),
        (ITEMS, _) => Reply::json(200, json!({"registros": [{"id": page * 2 - 1}, {"id": page * 2}]})),
        (TOGETHER, _) => together(seen),
        (_, Some(item)) => Reply::json(200, json!({"registros": [{"equipamento": {"id": item + 50}, "portas": []}]})),
        _ => Reply::Status(404, String::new()),
    }
}

#[tokio::test]
async fn s2_where_several_boxes_cannot_be_asked_about_at_once_each_is_asked_about_alone() {
    let ways: [fn(&Seen) -> Reply; 6] = [
        |_| Reply::Status(404, "<html>Cannot GET</html>".into()),
        |_| Reply::json(404, json!({"naoEncontrado": "Item não encontrado"})),
        |_| Reply::json(422, json!({"itensRede": "inválido"})),
        |_| Reply::json(200, json!({"registros": [{"equipamento": {"id": 51}, "portas": []}], "totalRegistros": 1})),
        |_| nothing_more(),
        // The first of the ids, and the others are not read.
        |_| Reply::json(200, json!([{"equipamento": {"id": 51, "idItemRede": 1}, "portas": []}])),
    ];
    for (at, way) in ways.into_iter().enumerate() {
        let server = Canned::serving(move |seen| boxes_alone(seen, way)).await;
        let (geogrid, history) = by_hand(&server.url);
        let splitters = all(async |c| geogrid.splitters(c.as_deref()).await).await;
        let told: Vec<_> = splitters.iter().map(|s| (s.external_id.clone(), s.box_external_id.clone())).collect();
        let expected: Vec<_> = (1..=6).map(|id: usize| ((id + 50).to_string(), id.to_string())).collect();
        assert_eq!(told, expected, "{at}");
        assert!(asked(&history, TOGETHER) <= 4, "what does not work is not tried again: {:?}", history.lines());
        let before = asked(&history, TOGETHER);
        all(async |c| geogrid.splitters(c.as_deref()).await).await;
        assert_eq!(asked(&history, TOGETHER), before, "{at}");
    }
}

#[tokio::test]
async fn s2_several_boxes_are_asked_about_by_a_list_of_parameters_where_commas_are_not_understood() {
    let server = Canned::serving(|seen| {
        boxes_alone(seen, |seen| {
            let url = url::Url::parse(&format!("http://h{}", seen.path)).unwrap();
            let ids = url.query_pairs().filter(|(key, _)| key == "itensRede[]");
            let rows: Vec<Value> =
                ids.map(|(_, id)| json!({"equipamento": {"id": format!("5{id}"), "idItemRede": id}})).collect();
            Reply::json(200, json!({"totalRegistros": rows.len(), "registros": rows}))
        })
    })
    .await;
    let (geogrid, history) = by_hand(&server.url);
    assert_eq!(all(async |c| geogrid.splitters(c.as_deref()).await).await.len(), 6);
    // Four pages of boxes; one question more on the first, and none about boxes alone.
    assert_eq!((asked(&history, TOGETHER), history.lines().len()), (4, 8), "{:?}", history.lines());
}

#[tokio::test]
async fn s5_a_reserved_status_or_a_date_of_reservation_is_a_reservation_whatever_the_other_flag_says() {
    for facts in [
        json!({"reservaStatus": "S", "reservaAtendimento": "S"}),
        json!({"reservaStatus": "S", "reservaAtendimento": "N"}),
        json!({"reservaStatus": "Reservada", "reservaAtendimento": "S"}),
        json!({"dataReserva": "2026-02-11 09:12:44", "reservaAtendimento": "S"}),
        json!({"dataReserva": "2026-02-11", "reservaAtendimento": "N", "reservaStatus": "N"}),
    ] {
        let mut row = attended();
        row["portas"][0]["dados"].as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
        row["portas"][0]["cliente"]["codigoIntegracao"] = "4411".into();
        let server = Canned::serving(move |_| Reply::json(200, json!([row]))).await;
        let (geogrid, _) = by_hand(&server.url);
        let looked = geogrid.look_at_port(&port("1", "2", 0)).await.unwrap();
        assert!(matches!(looked, Occupancy::Reserved(_)), "{facts} {looked:?}");
    }
}

#[tokio::test]
async fn b3_a_port_that_is_said_to_be_reserved_is_released_even_where_its_row_looks_like_an_attendance() {
    static REALLY: AtomicBool = AtomicBool::new(false);
    let server = Canned::serving(|seen| match seen.method.as_str() {
        "GET" if seen.path.contains("/mapa") => {
            Reply::json(200, json!({"dados": {"latitude": -27.5, "longitude": -48.5}}))
        }
        "GET" => Reply::json(200, json!({"registros": [attended()], "totalRegistros": "1"})),
        "POST" => {
            REALLY.store(true, Ordering::SeqCst);
            Reply::json(200, json!({}))
        }
        _ if REALLY.load(Ordering::SeqCst) => Reply::Status(200, String::new()),
        _ => Reply::json(422, json!({"portaReservada": "A porta está apenas reservada"})),
    })
    .await;
    let (geogrid, history) = by_hand(&server.url);
    geogrid.detach(&seat("1:9:6"), Detach::Everything).await.unwrap();
    assert_eq!(history.writes(), ["DELETE", "POST", "DELETE"]);
}
