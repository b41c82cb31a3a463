//! One call a second for the whole account, refusals beyond it, and calls that are never answered.

use std::time::{Duration, Instant};

use platforms::{FailureKind, Platform};
use simulators::faults::{Effect, Fault};
use simulators::geogrid::Options;

use super::canned::{Canned, Reply};
use super::{City, by_hand, customer, told};

/// Looks until the account is refused, which a simulator that takes one call a second does soon.
async fn refused(city: &City) -> platforms::Failure {
    for _ in 0..10 {
        if let Err(failure) = city.geogrid.test().await {
            return failure;
        }
    }
    panic!("ten calls at once were let through")
}

#[tokio::test]
async fn g7_a_429_that_does_not_say_for_how_long_stops_the_account_for_a_minute() {
    let city = City::with(Options { boxes: 10, ..Options::default() }).await;
    let failure = refused(&city).await;
    assert_eq!((failure.kind, failure.retry_after), (FailureKind::Throttled, Some(Duration::from_secs(60))));
    assert!(failure.message.contains("Limite de requisições"), "{}", failure.message);
}

#[tokio::test]
async fn g7_a_pause_that_was_asked_for_is_passed_on() {
    let city = City::with(Options { boxes: 10, retry_after_seconds: Some(17), ..Options::default() }).await;
    assert_eq!(refused(&city).await.retry_after, Some(Duration::from_secs(17)));
    city.simulator.add_fault(Fault::always(Effect::Throttled(9)).times(1));
    assert_eq!(refused(&city).await.retry_after, Some(Duration::from_secs(9)));
}

#[tokio::test]
async fn g7_a_second_between_calls_is_never_refused() {
    let city = City::with(Options { boxes: 10, ..Options::default() }).await;
    refused(&city).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        city.geogrid.test().await.unwrap();
    }
}

#[tokio::test]
async fn b6_a_write_that_was_refused_for_the_rate_is_not_done_and_not_repeated() {
    let city = City::built().await;
    let free = city.free_ports(1).await.remove(0);
    city.simulator.add_fault(Fault::always(Effect::Throttled(9)).method("POST").times(1));
    let outcome = city.geogrid.attach(&free, &customer("990021"), &[]).await;
    assert_eq!(told(outcome).0, FailureKind::Throttled);
    assert_eq!(city.history.writes(), ["POST"]);
    assert!(city.holder(&free).is_none());
}

#[tokio::test]
async fn g6_a_call_that_hangs_is_cut_off_and_tried_again_later() {
    let city = City::built().await;
    city.simulator.add_fault(Fault::always(Effect::Hang).times(1));
    let began = Instant::now();
    assert_eq!(told(city.geogrid.test().await), (FailureKind::Transient, "http.timeout"));
    assert!(began.elapsed() < Duration::from_secs(5), "the test's patience is 300 ms");
    city.geogrid.test().await.unwrap();
}

#[tokio::test]
async fn b6_a_write_that_the_server_failed_at_is_unknown() {
    for status in [500, 502, 504] {
        let server = Canned::serving(move |seen| match seen.method.as_str() {
            "GET" => Reply::Status(200, r#"{"dados": {"id": 6, "codigoIntegracao": "4411"}}"#.into()),
            _ => Reply::Status(status, "x".into()),
        })
        .await;
        let (geogrid, _) = by_hand(&server.url);
        let seats = geogrid.seats_of("4411").await.unwrap();
        let outcome = geogrid.attach(&super::port("1", "2", 0), &customer("4411"), &seats).await;
        assert_eq!(told(outcome).0, FailureKind::Unknown, "{status}");
        assert_eq!(server.count("POST"), 1, "{status}");
    }
}
