//! Everything that may happen to a call, and what it means for a read and for a write.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use platforms::{Detach, FailureKind, Platform};
use serde_json::json;
use tokio::net::TcpListener;

use super::canned::{Canned, Reply, Seen};
use super::{account, account_with, customer, parameters, port, seat, told};

/// Reads find a splitter with a free port; writes get this.
async fn writes_get(reply: fn() -> Reply) -> Canned {
    Canned::serving(move |seen| match seen.method.as_str() {
        "GET" => {
            Reply::json(200, json!({"id": "s", "parent": "b", "project": "p", "connectables": {"output": [null]}}))
        }
        _ => reply(),
    })
    .await
}

async fn attach_to(server: &Canned) -> (FailureKind, &'static str) {
    let (ozmap, _) = account(&server.url);
    told(ozmap.attach(&port("b", "s", 0), &customer("4411"), &[]).await)
}

#[tokio::test]
async fn b6_a_write_whose_answer_was_lost_is_unknown_and_made_once() {
    let lost = [
        ((|| Reply::Reset) as fn() -> Reply, "http.broken"),
        (|| Reply::Raw(""), "http.broken"),
        (|| Reply::Hang, "http.timeout"),
        (|| Reply::Raw("HTTP/1.1 201 X\r\ncontent-length: 99\r\n\r\n{"), "http.body_broken"),
        (|| Reply::Raw("HTTP/1.1 garbage\r\n\r\n"), "http.broken"),
    ];
    for (reply, code) in lost {
        let server = writes_get(reply).await;
        assert_eq!(attach_to(&server).await, (FailureKind::Unknown, code));
        assert_eq!(server.count("POST"), 1, "{code}");
    }
}

#[tokio::test]
async fn b6_a_write_that_the_server_failed_at_is_unknown() {
    for reply in [
        || Reply::Status(500, "x".into()),
        || Reply::Status(502, "<html>".into()),
        || Reply::Status(504, String::new()),
        || Reply::Status(408, String::new()),
    ] {
        let server = writes_get(reply).await;
        assert_eq!(attach_to(&server).await.0, FailureKind::Unknown);
        assert_eq!(server.count("POST"), 1);
    }
}

#[tokio::test]
async fn g7_a_pause_that_was_asked_for_is_passed_on() {
    let server = writes_get(|| Reply::With(429, "retry-after: 17\r\n", "devagar".into())).await;
    let (ozmap, _) = account(&server.url);
    let failure = ozmap.attach(&port("b", "s", 0), &customer("4411"), &[]).await.unwrap_err();
    assert_eq!((failure.kind, failure.retry_after), (FailureKind::Throttled, Some(Duration::from_secs(17))));
    assert!(failure.message.contains("devagar"));
    let server = writes_get(|| Reply::Status(503, String::new())).await;
    assert_eq!(attach_to(&server).await.0, FailureKind::Throttled, "503 says that nothing was done");
}

#[tokio::test]
async fn g7_a_write_that_was_refused_in_unknown_words_is_judged_only_by_a_look() {
    static LOOKS: AtomicUsize = AtomicUsize::new(0);
    let server = Canned::serving(|seen| match (seen.method.as_str(), LOOKS.fetch_add(1, Ordering::SeqCst)) {
        ("GET", 0) => {
            Reply::json(200, json!({"id": "s", "parent": "b", "project": "p", "connectables": {"output": [null]}}))
        }
        ("GET", _) => Reply::With(429, "retry-after: 9\r\n", String::new()),
        _ => Reply::Status(409, "não".into()),
    })
    .await;
    assert_eq!(attach_to(&server).await, (FailureKind::Throttled, "http.throttled"));
    assert_eq!((server.count("POST"), server.count("GET")), (1, 2));
}

#[tokio::test]
async fn a_call_that_was_surely_not_sent_may_be_made_again() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (ozmap, history) = account(&format!("http://{closed}"));
    let outcome = ozmap.detach(&seat("p"), Detach::Everything).await;
    assert_eq!(told(outcome), (FailureKind::Transient, "http.connection_refused"));
    assert_eq!(history.lines(), ["GET /api/v2/properties/p -"]);
    let (ozmap, _) = account("https://enlace-test.invalid:9994");
    assert_eq!(told(ozmap.test().await), (FailureKind::Transient, "http.no_such_host"));
}

#[tokio::test]
async fn a_server_without_tls_is_told_as_such() {
    // A canned server would read on for the end of a request, which a TLS greeting does not have.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut socket, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let (ozmap, _) = account(&format!("https://{address}"));
    assert_eq!(told(ozmap.test().await), (FailureKind::Transient, "http.tls"));
}

#[tokio::test]
async fn g6_a_read_is_tried_again_later_whatever_broke() {
    for (reply, code) in [
        ((|| Reply::Reset) as fn() -> Reply, "http.broken"),
        (|| Reply::Hang, "http.timeout"),
        (|| Reply::Status(500, String::new()), "http.server_error"),
        (|| Reply::Status(200, "{\"id\": ".into()), "http.unreadable"),
        (|| Reply::Raw("HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\n{"), "http.body_broken"),
    ] {
        let server = Canned::serving(move |_| reply()).await;
        let (ozmap, _) = account(&server.url);
        let outcome = ozmap.look_at_port(&port("b", "s", 0)).await;
        assert_eq!(told(outcome), (FailureKind::Transient, code));
        assert_eq!(server.seen().len(), 1, "{code}: nothing is repeated inside");
    }
}

#[tokio::test]
async fn a_body_is_taken_up_to_a_limit() {
    let server = Canned::serving(|_| Reply::Status(200, format!("{{\"name\": \"{}\"}}", "x".repeat(2 << 20)))).await;
    let (ozmap, _) = account(&server.url);
    let outcome = ozmap.look_at_port(&port("b", "s", 0)).await;
    assert_eq!(told(outcome), (FailureKind::Rejected, "http.body_too_large"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Canned::serving(|_| Reply::json(200, json!({"rows": []}))).await;
    let location: &'static str = Box::leak(format!("location: {}/x\r\n", elsewhere.url).into_boxed_str());
    let server = Canned::serving(move |_| Reply::With(307, location, String::new())).await;
    let (ozmap, _) = account(&server.url);
    let failure = ozmap.test().await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Misconfigured, "http.redirected"));
    assert!(failure.message.contains("127.0.0.1"));
    let outcome = ozmap.detach(&seat("p"), Detach::Everything).await;
    assert_eq!(told(outcome), (FailureKind::Misconfigured, "http.redirected"));
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn a_next_url_of_another_host_is_asked_of_our_own() {
    let server = Canned::serving(|seen: &Seen| {
        let first = seen.query("start").is_none();
        let rows = if first { json!([{"id": "a", "name": "P1"}]) } else { json!([{"id": "b", "name": "P2"}]) };
        let next = "http://10.1.2.3/api/v2/poles?start=1";
        Reply::json(200, json!({"rows": rows, "hasNextPage": first, "nextUrl": first.then_some(next)}))
    })
    .await;
    let (ozmap, _) = account(&server.url);
    let poles = super::all(async |cursor| ozmap.poles(cursor.as_deref()).await).await;
    assert_eq!(poles.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["P1", "P2"]);
    assert_eq!(server.seen()[1].query("limit").as_deref(), Some("500"));
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_before_a_connection() {
    let server = Canned::serving(|_| Reply::Reset).await;
    let url = format!("https://localhost:{}", server.port);
    let (ozmap, _) = account_with(parameters(&url), false).unwrap();
    let failure = ozmap.detach(&seat("p"), Detach::Everything).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Misconfigured, "http.forbidden_address"));
    assert!(failure.message.contains("api_url"));
    assert_eq!(server.seen().len(), 0);
    assert!(account_with(parameters("https://127.0.0.1:9994"), false).is_err());
    assert!(account_with(parameters("http://isp.ozmap.com.br"), false).is_err());
}

#[tokio::test]
async fn b6_a_write_is_not_repeated_on_a_connection_that_died_at_rest() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let server = Canned::serving(|seen| match seen.method.as_str() {
        "GET" => Reply::json(200, json!({ "id": seen.path.rsplit('/').next() })),
        _ if CALLS.fetch_add(1, Ordering::SeqCst) == 0 => Reply::Status(204, String::new()),
        _ => Reply::Reset,
    })
    .await;
    let (ozmap, _) = account(&server.url);
    ozmap.detach(&seat("p"), Detach::Everything).await.unwrap();
    let again = ozmap.detach(&seat("q"), Detach::Everything).await;
    assert_eq!(told(again).0, FailureKind::Unknown);
    assert_eq!(server.count("DELETE"), 2);
}

#[tokio::test]
async fn d4_what_is_not_the_api_is_told_as_such() {
    for reply in [
        || Reply::Status(200, "<!DOCTYPE html><html>Painel</html>".into()),
        || Reply::Status(404, "<html>Cannot GET</html>".into()),
        || Reply::Status(404, String::new()),
        || Reply::Status(200, "{\"ok\": true}".into()),
    ] {
        let server = Canned::serving(move |_| reply()).await;
        let (ozmap, _) = account(&server.url);
        assert_eq!(told(ozmap.test().await), (FailureKind::Misconfigured, "http.not_the_api"));
    }
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_not_taken_for_nobody() {
    let server = Canned::serving(|_| Reply::Status(404, "<html>nginx</html>".into())).await;
    let (ozmap, _) = account(&server.url);
    assert_eq!(told(ozmap.seats_of("4411").await).0, FailureKind::Misconfigured);
    assert_eq!(told(ozmap.look_at_port(&port("b", "s", 0)).await).0, FailureKind::Misconfigured);
    assert_eq!(told(ozmap.detach(&seat("p"), Detach::Everything).await).0, FailureKind::Misconfigured);
}
