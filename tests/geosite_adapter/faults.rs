//! Everything that may happen to a call, and what it means for a read and for a write.

use std::time::Duration;

use platforms::geosite::connect;
use platforms::{Detach, FailureKind, Options, Platform, Seat};
use serde_json::json;

use super::canned::Reply;
use super::{History, account, account_with, by_hand, customer, parameters, port, records, told, writes_get};

fn seat(fid: &str) -> Seat {
    Seat {
        external_id: fid.to_owned(),
        code: None,
        customer_external_id: None,
        drop_external_id: None,
        splitter_external_id: None,
        sequencia: None,
    }
}

#[tokio::test]
async fn b6_a_write_whose_answer_was_lost_is_unknown_and_made_once() {
    let lost = [
        ((|| Reply::Reset) as fn() -> Reply, "http.broken"),
        (|| Reply::Hang, "http.timeout"),
        (|| Reply::Raw("HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\n{"), "http.body_broken"),
        (|| Reply::Status(500, "x".into()), "http.server_error"),
        (|| Reply::Status(504, String::new()), "http.server_error"),
    ];
    for (reply, code) in lost {
        let server = writes_get(reply).await;
        let outcome = account(&server.url).0.attach(&port("2", "3", 0), &customer("4411"), &[]).await;
        assert_eq!(told(outcome), (FailureKind::Unknown, code));
        assert_eq!(server.seen().iter().filter(|seen| seen.path == "/cliente/save").count(), 1, "{code}");
    }
}

#[tokio::test]
async fn g7_a_pause_that_was_asked_for_is_passed_on() {
    let server = writes_get(|| Reply::With(429, "retry-after: 17\r\n", "devagar".into())).await;
    let failure = account(&server.url).0.attach(&port("2", "3", 0), &customer("4411"), &[]).await.unwrap_err();
    assert_eq!((failure.kind, failure.retry_after), (FailureKind::Throttled, Some(Duration::from_secs(17))));
    let server = writes_get(|| Reply::Status(503, String::new())).await;
    let outcome = account(&server.url).0.attach(&port("2", "3", 0), &customer("4411"), &[]).await;
    assert_eq!(told(outcome).0, FailureKind::Throttled, "503 says that nothing was done");
}

#[tokio::test]
async fn g6_a_read_is_tried_again_later_whatever_broke() {
    for (reply, code) in [
        ((|| Reply::Reset) as fn() -> Reply, "http.broken"),
        (|| Reply::Hang, "http.timeout"),
        (|| Reply::Status(500, String::new()), "http.server_error"),
        (|| Reply::Status(200, "{\"records\": ".into()), "http.unreadable"),
    ] {
        let server = by_hand(move |_| reply()).await;
        let outcome = account(&server.url).0.seats_of("4411").await;
        assert_eq!(told(outcome), (FailureKind::Transient, code));
        assert_eq!(server.seen().iter().filter(|seen| seen.path.contains("/list")).count(), 1, "{code}");
    }
}

#[tokio::test]
async fn d4_valid_credentials_without_permission_are_told_as_such() {
    let server = by_hand(|_| Reply::Status(403, "perfil de acesso".into())).await;
    assert_eq!(told(account(&server.url).0.seats_of("4411").await), (FailureKind::Unauthorised, "http.forbidden"));
}

#[tokio::test]
async fn b3_a_record_that_is_gone_is_as_good_as_taken_off() {
    let server = by_hand(|seen| match seen.path.split('?').next().unwrap_or_default() {
        // It goes between the look and the write.
        "/cliente/list" => records(json!([{"fid": 7, "codigo": "4411", "fid_splitter": 3, "porta": 1}])),
        _ => Reply::Status(404, "Não encontrado".into()),
    })
    .await;
    let (geosite, _) = account(&server.url);
    geosite.detach(&seat("7"), Detach::Everything).await.unwrap();
    geosite.detach(&seat("7"), Detach::KeepHome).await.unwrap();
    geosite.detach(&seat("8"), Detach::Everything).await.unwrap();
    assert_eq!(
        server.seen().iter().filter(|seen| seen.path.contains("/delete")).count(),
        1,
        "none for one that is not there"
    );
}

#[tokio::test]
async fn b4_a_record_that_goes_while_it_is_moved_is_looked_for_again() {
    let server = by_hand(|seen| match seen.path.split('?').next().unwrap_or_default() {
        "/splitter/list" => records(json!([{"fid": 3, "fid_caixa": 2, "razao": "1:8"}])),
        "/cliente/list" => records(json!([{"fid": 7, "codigo": "4411", "fid_splitter": 9, "porta": 1}])),
        _ => Reply::Status(404, "Não encontrado".into()),
    })
    .await;
    let outcome = account(&server.url).0.attach(&port("2", "3", 0), &customer("4411"), &[]).await;
    assert_eq!(told(outcome), (FailureKind::Transient, "geosite.seat_gone"));
}

#[tokio::test]
async fn d1_the_address_is_checked_before_anything_is_called() {
    for (url, code) in [
        ("https://127.0.0.1/geosite-telecom-api", "http.forbidden_address"),
        ("http://telecom.example.br", "http.bad_scheme"),
        ("telecom.example.br", "geosite.bad_url"),
    ] {
        let outcome = connect(parameters(url), Options::default(), std::sync::Arc::new(History::default()));
        assert_eq!(told(outcome), (FailureKind::Misconfigured, code), "{url}");
    }
    let wrong = platforms::geosite::Parameters { colunas: Some("cliente".to_owned()), ..parameters("https://h.br") };
    assert_eq!(told(account_with(wrong).map(|_| ())), (FailureKind::Misconfigured, "geosite.bad_columns"));
}
