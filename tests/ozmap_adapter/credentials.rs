//! The key, the login that follows its refusal, and that neither they nor a customer's name is told to anybody.

use platforms::{FailureKind, Platform};
use serde_json::{Value, json};

use super::canned::{Canned, Reply, Seen};
use super::{KEY, PASSWORD, account, customer, port, told};

/// Takes this credential alone; gives this answer to a login.
async fn guarded(good: &'static str, login: fn() -> Reply) -> Canned {
    Canned::serving(move |seen| match seen.authorization.as_deref() {
        _ if seen.is("POST", "/api/v2/users/login") => login(),
        Some(given) if given == good => Reply::json(200, json!({"rows": [], "total": 0})),
        _ => Reply::Status(401, "Unauthorized".into()),
    })
    .await
}

fn logins(server: &Canned) -> Vec<Seen> {
    server.seen().into_iter().filter(|s| s.is("POST", "/api/v2/users/login")).collect()
}

#[tokio::test]
async fn a_good_key_is_sent_raw_and_nobody_logs_in() {
    let server = guarded(KEY, || Reply::Reset).await;
    account(&server.url).0.test().await.unwrap();
    assert!(logins(&server).is_empty());
}

#[tokio::test]
async fn a_refused_key_is_followed_by_one_login_whose_token_is_kept() {
    for answer in [r#"{"authorization": "tok-1"}"#, r#"{"authenticationKey": "tok-1"}"#] {
        let given: &'static str = answer;
        let server = Canned::serving(move |seen| match seen.authorization.as_deref() {
            _ if seen.is("POST", "/api/v2/users/login") => Reply::Status(200, given.into()),
            Some("tok-1") => Reply::json(200, json!({"rows": []})),
            _ => Reply::Status(401, String::new()),
        })
        .await;
        let (ozmap, _) = account(&server.url);
        ozmap.test().await.unwrap();
        ozmap.poles(None).await.unwrap();
        let logins = logins(&server);
        assert_eq!(logins.len(), 1);
        assert_eq!(logins[0].query("type").as_deref(), Some("API"));
        let sent: Value = serde_json::from_str(&logins[0].body).unwrap();
        assert_eq!(sent, json!({"login": "enlace", "password": PASSWORD}));
        assert_eq!(server.seen().len(), 4, "key, login, token, token");
    }
}

#[tokio::test]
async fn a_second_refusal_is_for_a_person() {
    for login in [|| Reply::Status(401, "no".into()), || Reply::json(200, json!({"authorization": "worse"}))] {
        let server = guarded("good", login).await;
        let outcome = account(&server.url).0.test().await;
        assert_eq!(told(outcome), (FailureKind::Unauthorised, "ozmap.unauthorised"));
        assert_eq!(logins(&server).len(), 1);
    }
    let server = guarded("good", || Reply::Status(500, String::new())).await;
    assert_eq!(told(account(&server.url).0.test().await).0, FailureKind::Transient, "a login may fail like any read");
}

#[tokio::test]
async fn calls_that_are_refused_together_log_in_once() {
    let server = guarded("good", || Reply::json(200, json!({"authorization": "good"}))).await;
    let (ozmap, _) = account(&server.url);
    let calls = std::iter::repeat_with(|| ozmap.poles(None)).take(8);
    for outcome in futures_util::future::join_all(calls).await {
        outcome.unwrap();
    }
    assert_eq!(logins(&server).len(), 1);
}

#[tokio::test]
async fn d4_valid_credentials_without_permission_are_told_as_such() {
    let server = Canned::serving(|_| Reply::Status(403, "Forbidden".into())).await;
    assert_eq!(told(account(&server.url).0.test().await), (FailureKind::Unauthorised, "http.forbidden"));
}

#[tokio::test]
async fn p1_neither_secrets_nor_names_are_told() {
    let server = Canned::serving(|seen| match seen.method.as_str() {
        "GET" => {
            Reply::json(200, json!({"id": "s", "parent": "b", "project": "p", "connectables": {"output": [null]}}))
        }
        // Repeats all that it was sent, as some servers do.
        _ => Reply::json(422, json!({"message": format!("{:?} {}", seen.authorization, seen.body.to_uppercase())})),
    })
    .await;
    let (ozmap, history) = account(&server.url);
    let failure = ozmap.attach(&port("b", "s", 0), &customer("4411"), &[]).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Rejected, "http.rejected"));
    let told = format!("{failure:?} {:?}", history.lines()).to_lowercase();
    for hidden in [KEY, PASSWORD, "ana lúcia"] {
        assert!(!told.contains(hidden), "{told}");
    }
    assert!(told.contains("4411"), "the code is told: {told}");
}
