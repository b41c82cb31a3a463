//! Half-hour tokens, what renews them, and what happens when neither will do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use platforms::geosite::Validity;
use platforms::{FailureKind, Platform};
use serde_json::json;
use simulators::faults::{Effect, Fault};
use simulators::geosite::Installation;

use super::canned::{Canned, Reply};
use super::{City, account, account_with, calls, customer, described, parameters, told};

const LOGIN: &str = "/auth/generatetoken";
const REFRESH: &str = "/auth/refresh";

fn refused_calls(city: &City) -> usize {
    city.history.lines().iter().filter(|line| line.ends_with(" 401")).count()
}

#[tokio::test]
async fn d1_one_login_serves_all_calls() {
    let city = City::usual().await;
    city.geosite.test().await.unwrap();
    city.splitters().await;
    assert_eq!((calls(&city.history, LOGIN), calls(&city.history, REFRESH)), (1, 0));
    assert_eq!(refused_calls(&city), 0);
}

#[tokio::test]
async fn d1_a_token_is_renewed_before_it_ends() {
    for installation in [Installation::Usual, Installation::Older] {
        let city = City::built(installation).await;
        let validity = Validity { token: Duration::from_millis(1_200), ..Validity::default() };
        let (geosite, history) =
            account_with(platforms::geosite::Parameters { validity, ..City::entry(&city.url) }).unwrap();
        for _ in 0..3 {
            geosite.test().await.unwrap();
            // Past five sixths of its life: it would still open the API.
            tokio::time::sleep(Duration::from_millis(1_010)).await;
        }
        assert_eq!(
            (calls(&history, LOGIN), calls(&history, REFRESH)),
            (1, 2),
            "{installation:?}: {:?}",
            history.lines()
        );
        assert!(!history.lines().iter().any(|line| line.ends_with(" 401")));
    }
}

#[tokio::test]
async fn d1_a_token_that_ended_early_is_renewed_and_the_call_made_again() {
    let city = City::usual().await;
    let free = city.free_ports().await.remove(0);
    city.simulator.pass(Duration::from_secs(31 * 60));
    city.geosite.attach(&free, &customer("990021"), &[]).await.unwrap();
    assert_eq!(city.simulator.seat_of("990021").len(), 1);
    assert_eq!((calls(&city.history, LOGIN), calls(&city.history, REFRESH), refused_calls(&city)), (1, 1, 1));
}

#[tokio::test]
async fn d1_a_renewal_that_is_refused_is_followed_by_a_login() {
    let city = City::usual().await;
    city.geosite.test().await.unwrap();
    city.simulator.pass(Duration::from_secs(31 * 24 * 3600));
    city.geosite.test().await.unwrap();
    assert_eq!((calls(&city.history, LOGIN), calls(&city.history, REFRESH)), (2, 1));
}

#[tokio::test]
async fn d1_a_renewing_token_that_is_past_is_not_sent() {
    let city = City::usual().await;
    let validity = Validity { token: Duration::from_millis(500), refresh_token: Duration::from_millis(800) };
    let (geosite, history) =
        account_with(platforms::geosite::Parameters { validity, ..City::entry(&city.url) }).unwrap();
    geosite.boxes(None).await.unwrap();
    tokio::time::sleep(Duration::from_millis(900)).await;
    geosite.boxes(None).await.unwrap();
    assert_eq!(calls(&history, LOGIN), 2, "{:?}", history.lines());
}

#[tokio::test]
async fn g6_a_login_that_is_refused_is_for_a_person() {
    let server = Canned::serving(|_| Reply::json(401, json!({"message": "Usuário ou senha inválidos"}))).await;
    let (geosite, history) = account(&server.url);
    let failure = geosite.test().await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Unauthorised, "geosite.unauthorised"));
    assert!(failure.message.contains("usuario e senha") && failure.message.contains("Usuário ou senha inválidos"));
    assert_eq!(history.lines().len(), 1, "it is not tried twice");
    let server = Canned::serving(|_| Reply::json(200, json!({"success": "false", "message": "bloqueado"}))).await;
    assert_eq!(told(account(&server.url).0.test().await), (FailureKind::Unauthorised, "geosite.unauthorised"));
    let server = Canned::serving(|_| Reply::Status(500, String::new())).await;
    assert_eq!(told(account(&server.url).0.test().await).0, FailureKind::Transient, "a login may fail like any read");
}

#[tokio::test]
async fn g6_an_api_that_refuses_every_token_is_asked_three_times_and_no_more() {
    let server = Canned::serving(|seen| match seen.path.as_str() {
        LOGIN | REFRESH => Reply::json(200, json!({"token": "t", "refreshToken": "r"})),
        _ => Reply::Status(401, String::new()),
    })
    .await;
    let (geosite, history) = account(&server.url);
    assert_eq!(told(geosite.test().await), (FailureKind::Unauthorised, "geosite.unauthorised"));
    assert_eq!((calls(&history, "/desc"), calls(&history, LOGIN), calls(&history, REFRESH)), (3, 2, 1));
}

/// Gives `t1`, `t2`, …; refuses all but the newest with a 403, and a renewal as told.
async fn forbidding(renewal: fn() -> Option<Reply>) -> Canned {
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    let newest = Arc::new(AtomicUsize::new(0));
    Canned::serving(move |seen| match seen.path.split('?').next().unwrap_or_default() {
        LOGIN | REFRESH => match renewal().filter(|_| seen.path == REFRESH) {
            Some(refused) => refused,
            None => {
                newest.store(GIVEN.fetch_add(1, SeqCst) + 1, SeqCst);
                Reply::json(200, json!({"token": format!("t{}", newest.load(SeqCst)), "refreshToken": "r"}))
            }
        },
        // Somebody else logs in, and what was given before is good no more.
        "/cliente/list" if seen.query("filter").is_some_and(|f| f.contains("outro")) => {
            newest.store(0, SeqCst);
            super::records(json!([]))
        }
        _ if seen.authorization != Some(format!("Digicade-Rest-API:t{}", newest.load(SeqCst))) => {
            Reply::Status(403, "Token expirado".into())
        }
        "/cliente/desc" => described(&["fid", "codigo", "nome", "fid_splitter", "porta"]),
        _ => super::records(json!([{"fid": 7, "codigo": "4411"}])),
    })
    .await
}

#[tokio::test]
async fn g6_a_403_to_a_token_that_was_good_is_renewed_once() {
    let refused: [fn() -> Option<Reply>; 5] = [
        || None,
        || Some(Reply::Status(403, String::new())),
        || Some(Reply::Status(405, String::new())),
        || Some(Reply::Status(410, String::new())),
        || Some(Reply::json(415, json!({"message": "?"}))),
    ];
    for renewal in refused {
        let server = forbidding(renewal).await;
        let (geosite, history) = account(&server.url);
        assert_eq!(geosite.seats_of("4411").await.unwrap().len(), 1);
        geosite.seats_of("outro").await.unwrap();
        assert_eq!(geosite.seats_of("4411").await.unwrap().len(), 1);
        let logins = if renewal().is_some() { 2 } else { 1 };
        assert_eq!((calls(&history, LOGIN), calls(&history, REFRESH)), (logins, 1));
    }
}

#[tokio::test]
async fn g7_a_pause_that_a_renewal_asks_for_is_no_refusal_of_it() {
    let server = forbidding(|| Some(Reply::Status(429, String::new()))).await;
    let (geosite, history) = account(&server.url);
    geosite.seats_of("4411").await.unwrap();
    geosite.seats_of("outro").await.unwrap();
    assert_eq!(told(geosite.seats_of("4411").await).0, FailureKind::Throttled);
    assert_eq!((calls(&history, LOGIN), calls(&history, REFRESH)), (1, 1));
}

#[tokio::test]
async fn g6_calls_that_wait_for_a_login_share_its_outcome() {
    for status in [200, 401] {
        let server = Canned::serving(move |seen| match seen.path.as_str() {
            LOGIN => Reply::json(status, json!({"token": "t", "refreshToken": "r"})),
            _ => described(&["fid", "nome", "geometria"]),
        })
        .await;
        let (geosite, history) = account(&server.url);
        let outcomes = futures_util::future::join_all((0..8).map(|_| geosite.test())).await;
        // Where all may go on, some find a column missing: that is no matter here.
        assert!(
            status == 200 || outcomes.iter().all(|o| o.as_ref().is_err_and(|f| f.kind == FailureKind::Unauthorised))
        );
        assert_eq!(calls(&history, LOGIN), 1, "{status}: an account that is tried once per call is soon locked");
    }
}

#[tokio::test]
async fn g6_a_renewal_that_was_lost_is_tried_again_by_the_next_call() {
    let city = City::usual().await;
    city.geosite.test().await.unwrap();
    city.simulator.pass(Duration::from_secs(31 * 60));
    city.simulator.add_fault(Fault::always(Effect::ResetAfter).contains("/auth/refresh").times(1));
    assert_eq!(told(city.geosite.test().await).0, FailureKind::Transient);
    city.geosite.test().await.unwrap();
    assert_eq!((calls(&city.history, LOGIN), calls(&city.history, REFRESH)), (1, 2));
}

#[tokio::test]
async fn d4_a_wrong_path_is_not_taken_for_wrong_credentials() {
    let city = City::usual().await;
    let wrong = city.url.replace("geosite-telecom-api", "geosite");
    assert_eq!(told(account_with(parameters(&wrong)).unwrap().0.test().await).1, "http.not_the_api");
    let page = Canned::serving(|_| Reply::Status(200, "<!DOCTYPE html><html>Geosite</html>".into())).await;
    assert_eq!(told(account(&page.url).0.test().await), (FailureKind::Misconfigured, "http.not_the_api"));
}

#[tokio::test]
async fn d1_the_token_is_sent_in_the_vendors_own_scheme() {
    let server = super::by_hand(|_| Reply::Status(404, String::new())).await;
    account(&server.url).0.test().await.unwrap();
    let seen = server.seen();
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body, json!({"username": "enlace", "password": super::PASSWORD}));
    assert_eq!(
        (seen[0].authorization.as_deref(), seen[1].authorization.as_deref()),
        (None, Some("Digicade-Rest-API:tok-1f2e"))
    );
}
