//! A server by hand: what is not the API, pages of every kind, and what must not be told.

use std::sync::atomic::{AtomicUsize, Ordering};

use platforms::{Detach, FailureKind, Occupancy, Platform};
use serde_json::{Value, json};

use super::canned::{Canned, Reply, Seen};
use super::{TOKEN, all, by_hand, customer, port, seat, told};

fn page_of(seen: &Seen) -> usize {
    seen.query("pagina").and_then(|page| page.parse().ok()).unwrap_or(1)
}

fn boxes(ids: std::ops::Range<usize>) -> Value {
    ids.map(|id| json!({"dados": {"id": id, "item": "terminal", "sigla": format!("C{id}")}})).collect()
}

#[tokio::test]
async fn d4_what_is_not_the_api_is_told_as_such() {
    for reply in [
        || Reply::Status(200, "<!DOCTYPE html><html>Painel</html>".into()),
        || Reply::Status(404, "<html>Cannot GET</html>".into()),
        || Reply::Status(404, String::new()),
        || Reply::Status(200, r#"{"ok": true}"#.into()),
        || Reply::Status(200, "false".into()),
    ] {
        let server = Canned::serving(move |_| reply()).await;
        let (geogrid, _) = by_hand(&server.url);
        assert_eq!(told(geogrid.test().await), (FailureKind::Misconfigured, "http.not_the_api"));
        assert_eq!(told(geogrid.boxes(None).await).1, "http.not_the_api", "S9: no empty map");
    }
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_not_taken_for_nobody() {
    let server = Canned::serving(|_| Reply::Status(404, "<html>nginx</html>".into())).await;
    let (geogrid, _) = by_hand(&server.url);
    assert_eq!(told(geogrid.seats_of("4411").await).0, FailureKind::Misconfigured);
    assert_eq!(told(geogrid.look_at_port(&port("1", "2", 0)).await).0, FailureKind::Misconfigured);
    assert_eq!(told(geogrid.detach(&seat("1:2:3"), Detach::Everything).await).0, FailureKind::Misconfigured);
}

#[tokio::test]
async fn s10_pages_are_counted_until_there_are_no_more_whatever_the_server_does_then() {
    let ends: [fn(usize) -> Reply; 4] = [
        |_| Reply::json(200, json!({"registros": []})),
        |_| Reply::json(404, json!({"naoEncontrado": "Registro não encontrado"})),
        |_| Reply::json(400, json!({"erro": {"naoEncontrado": "Registro não encontrado"}})),
        // The last page again, for ever.
        |_| Reply::json(200, json!({"registros": boxes(4..6)})),
    ];
    for end in ends {
        let server = Canned::serving(move |seen| match page_of(seen) {
            // Two rows a page, whatever was asked for, and a total that counts too few.
            1 => Reply::json(200, json!({"registros": boxes(1..4), "totalRegistros": "2"})),
            2 => Reply::json(200, json!({"registros": boxes(4..6), "totalRegistros": "2"})),
            page => end(page),
        })
        .await;
        let (geogrid, _) = by_hand(&server.url);
        let names = all(async |c| geogrid.boxes(c.as_deref()).await).await.into_iter().map(|b| b.name);
        assert_eq!(names.collect::<Vec<_>>(), ["C1", "C2", "C3", "C4", "C5"]);
        assert_eq!(server.seen().len(), 3);
        let asked = &server.seen()[0];
        assert!(asked.is("GET", "/isp/api/v3/itensRede"));
        assert_eq!(asked.query("modoProjeto").as_deref(), Some("N"));
        assert!(asked.path.contains("item%5B%5D=terminal&item%5B%5D=caixa"), "{}", asked.path);
    }
}

#[tokio::test]
async fn s2_what_is_planned_is_left_out_even_where_the_filter_is_ignored() {
    let server = Canned::serving(|seen| match page_of(seen) {
        1 => Reply::json(
            200,
            json!({"registros": [{"dados": {"id": 1, "item": "terminal", "modoProjeto": "S"}},
            {"dados": {"id": 2, "item": "caixa", "modoProjeto": "N"}}, {"dados": false}, 7]}),
        ),
        _ => Reply::json(200, json!({"registros": []})),
    })
    .await;
    let (geogrid, _) = by_hand(&server.url);
    let ids = all(async |c| geogrid.boxes(c.as_deref()).await).await.into_iter().map(|b| b.external_id);
    assert_eq!(ids.collect::<Vec<_>>(), ["2"]);
}

#[tokio::test]
async fn s9_boxes_whose_equipment_is_not_told_stop_the_sync_instead_of_losing_it() {
    let without_item =
        r#"{"registros": [{"dados": {"id": 5, "atendimento": "S"}, "portas": []}], "totalRegistros": 1}"#;
    for (status, body, code) in [
        (200, without_item, "geogrid.no_item"),
        (200, "false", "http.not_the_api"),
        (200, "", "http.unreadable"),
        (404, r#"{"naoEncontrado": "Rota não encontrada"}"#, "http.not_found"),
        (400, r#"{"itensRede": "inválido"}"#, "http.rejected"),
    ] {
        let server = Canned::serving(move |seen| match seen.path.split('?').next().unwrap_or_default() {
            "/isp/api/v3/itensRede" => Reply::json(200, json!({"registros": boxes(1..3)})),
            "/isp/api/v3/equipamentos/itemRede/portas" => Reply::Status(status, body.into()),
            // Nor is any told of a box alone.
            _ => Reply::Status(200, "[]".into()),
        })
        .await;
        let (geogrid, _) = by_hand(&server.url);
        assert_eq!(told(geogrid.splitters(None).await).1, code);
    }
}

#[tokio::test]
async fn s2_equipment_of_boxes_that_were_not_asked_about_is_left_out_and_a_list_without_end_is_left() {
    let row = |id: usize, item: usize| json!({"equipamento": {"id": id, "idItemRede": item, "atendimento": "N"}});
    let server = Canned::serving(move |seen| match seen.is("GET", "/isp/api/v3/itensRede") {
        true => Reply::json(200, json!({"registros": boxes(1..3)})),
        false => Reply::json(200, json!({"registros": [row(5, 1), row(6, 9)], "totalRegistros": "2"})),
    })
    .await;
    let (geogrid, _) = by_hand(&server.url);
    let splitters = geogrid.splitters(None).await.unwrap().items;
    assert_eq!(splitters.into_iter().map(|s| s.external_id).collect::<Vec<_>>(), ["5"]);
    let server = Canned::serving(move |seen| match seen.is("GET", "/isp/api/v3/itensRede") {
        true => Reply::json(200, json!({"registros": boxes(1..3)})),
        false => Reply::json(200, json!({"registros": [row(page_of(seen), 1)]})),
    })
    .await;
    let (geogrid, _) = by_hand(&server.url);
    assert_eq!(told(geogrid.splitters(None).await), (FailureKind::Rejected, "geogrid.no_end"));
}

#[tokio::test]
async fn b6_a_look_understands_facts_under_either_name_and_a_bare_list() {
    let equipment = |facts: &str| {
        let ports = json!([{"dados": {"id": "9", "porta": "1", "idCliente": 6}, "cliente": {"id": "6", "nome": "Ana",
            "codigoIntegracao": 4411}}]);
        json!({facts: {"id": "2", "atendimento": "S"}, "portas": ports})
    };
    for body in [
        json!({"registros": [equipment("equipamento")], "totalRegistros": "1"}),
        json!({"registros": [equipment("dados")], "totalRegistros": 1}),
        json!([equipment("equipamento")]),
    ] {
        let answer = body.clone();
        let server = Canned::serving(move |_| Reply::json(200, answer.clone())).await;
        let (geogrid, _) = by_hand(&server.url);
        let Occupancy::Taken(seat) = geogrid.look_at_port(&port("1", "2", 0)).await.unwrap() else { panic!("{body}") };
        assert_eq!((seat.external_id.as_str(), seat.code.as_deref()), ("1:9:6", Some("4411")));
    }
    for nothing in ["", "false", "null", "[]"] {
        let server = Canned::serving(move |_| Reply::Status(200, nothing.into())).await;
        let (geogrid, _) = by_hand(&server.url);
        assert_eq!(geogrid.look_at_port(&port("1", "2", 0)).await.unwrap(), Occupancy::NoSuchPort, "{nothing}");
    }
}

#[tokio::test]
async fn b2_who_cannot_be_told_is_not_taken_for_a_stranger() {
    let row = json!({"equipamento": {"id": 2, "atendimento": "S"},
        "portas": [{"dados": {"id": 9, "porta": 1, "idCliente": 6}, "cliente": {"id": 6, "nome": "Ana"}}]});
    let server = Canned::serving(move |seen| match seen.is("GET", "/isp/api/v3/clientes/6") {
        true => Reply::json(404, json!({"naoEncontrado": "Rota não encontrada"})),
        false => Reply::json(200, json!({"registros": [row], "totalRegistros": "1"})),
    })
    .await;
    let (geogrid, _) = by_hand(&server.url);
    let outcome = geogrid.look_at_port(&port("1", "2", 0)).await;
    assert_eq!(told(outcome), (FailureKind::Rejected, "geogrid.cannot_tell"));
}

#[tokio::test]
async fn b2_only_what_the_rule_names_is_sent_of_a_customer() {
    let server = Canned::serving(|_| Reply::json(201, json!({"dados": {"id": "6"}}))).await;
    let (geogrid, _) = by_hand(&server.url);
    geogrid.attach(&port("1", "2", 0), &customer("4411"), &[]).await.unwrap();
    let sent: Vec<Value> = server.seen().iter().map(|seen| serde_json::from_str(&seen.body).unwrap()).collect();
    let record =
        json!({"nome": "Ana Lúcia Prado", "tipo": "F", "cpfCnpj": "529.982.247-25", "codigoIntegracao": "4411"});
    assert_eq!(sent[0], json!({"dados": record}));
    assert_eq!(sent[1], json!({"idPorta": 345, "idCliente": 6, "local": {"latitude": -27.5, "longitude": -48.5}}));
    assert_eq!(sent.len(), 2);
}

#[tokio::test]
async fn b2_a_record_whose_id_is_not_told_is_found_by_its_code() {
    let server = Canned::serving(|seen| match seen.method.as_str() {
        "GET" => Reply::json(200, json!({"registros": [{"dados": {"id": 6, "codigoIntegracao": "4411"}}]})),
        _ if seen.is("POST", "/isp/api/v3/clientes") => Reply::Status(201, "true".into()),
        _ => Reply::Status(200, String::new()),
    })
    .await;
    let (geogrid, _) = by_hand(&server.url);
    geogrid.attach(&port("1", "2", 0), &customer("4411"), &[]).await.unwrap();
    assert_eq!((server.count("POST"), server.count("GET")), (2, 1));
}

#[tokio::test]
async fn b2_a_record_of_another_code_is_not_taken_for_the_customers() {
    let server = Canned::serving(|seen| match seen.method.as_str() {
        "GET" => Reply::json(200, json!({"dados": {"id": 6, "codigoIntegracao": "44110"}})),
        _ => Reply::json(422, json!({"codigoIntegracao": "já cadastrado"})),
    })
    .await;
    let (geogrid, _) = by_hand(&server.url);
    assert!(geogrid.seats_of("4411").await.unwrap().is_empty());
    let outcome = geogrid.attach(&port("1", "2", 0), &customer("4411"), &[]).await;
    assert_eq!(told(outcome), (FailureKind::Rejected, "geogrid.client_lost"));
    assert_eq!(server.count("POST"), 1, "nobody was attended");
}

#[tokio::test]
async fn g7_a_write_that_was_refused_is_judged_only_by_a_look() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    let server = Canned::serving(|seen| match (seen.method.as_str(), LOOKS.fetch_add(1, Ordering::SeqCst)) {
        ("GET", 0) => Reply::json(200, json!({"dados": {"id": 6, "codigoIntegracao": "4411"}})),
        ("GET", _) => Reply::With(429, "retry-after: 9\r\n", String::new()),
        _ => Reply::json(409, json!({"idPorta": "ocupada"})),
    })
    .await;
    let (geogrid, _) = by_hand(&server.url);
    let seats = geogrid.seats_of("4411").await.unwrap();
    let outcome = geogrid.attach(&port("1", "2", 0), &customer("4411"), &seats).await;
    assert_eq!(told(outcome), (FailureKind::Throttled, "http.throttled"));
    assert_eq!((server.count("POST"), server.count("GET")), (1, 2));
}

#[tokio::test]
async fn p1_neither_secrets_nor_names_nor_documents_are_told() {
    // Repeats all that it was sent, as some servers do.
    let server =
        Canned::serving(|seen| Reply::json(422, json!({"nome": format!("{TOKEN} {}", seen.body.to_uppercase())})))
            .await;
    let (geogrid, history) = by_hand(&server.url);
    let failure = geogrid.attach(&port("1", "2", 0), &customer("4411"), &[]).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Rejected, "http.rejected"));
    let told = format!("{failure:?} {:?}", history.lines()).to_lowercase();
    for hidden in [TOKEN, "ana lúcia", "529.982.247-25", "52998224725"] {
        assert!(!told.contains(hidden), "{told}");
    }
    assert!(told.contains("4411"), "the code is told: {told}");
}
