//! What may happen to a call, and what it means: the same on every platform (G3, G6, G7).

use std::time::Duration;

use platforms::{FailureKind, Occupancy};
use simulators::faults::{Effect, Fault};

use super::kinds::KINDS;
use super::{City, customer, told};

fn status(status: u16) -> Effect {
    Effect::Status { status, body: None, retry_after_seconds: None }
}

#[tokio::test]
async fn b6_a_write_whose_answer_was_lost_is_unknown_made_once_and_found_by_looking() {
    for kind in &KINDS {
        let city = City::of(kind).await;
        let effects = [
            (Effect::ResetAfter, true),
            (Effect::HangAfter, true),
            (Effect::ResetBefore, false),
            (Effect::Hang, false),
        ];
        let ports = city.free_ports(effects.len()).await;
        for ((n, port), (effect, done)) in ports.iter().enumerate().zip(effects) {
            let code = format!("99003{n}");
            city.built.desk.set_faults(vec![Fault::always(effect.clone()).method("POST").contains(kind.puts)]);
            let outcome = city.attach(port, &code).await;
            assert_eq!(told(outcome).0, FailureKind::Unknown, "{}: {effect:?}", kind.name);
            city.built.desk.set_faults(Vec::new());
            let looked = city.look(port).await;
            assert_eq!(matches!(looked, Occupancy::Taken(_)), done, "{}: {effect:?}: {looked:?}", kind.name);
            let held = city.built.desk.occupied().into_iter().filter(|held| held.code.as_deref() == Some(&code));
            assert_eq!(held.count(), usize::from(done), "{}: {effect:?}", kind.name);
            // Who has looked writes again where nothing was done, and then it is there once.
            if !done {
                city.attach(port, &code).await.unwrap();
                assert_eq!(city.code_at(port), Some(code), "{}: {effect:?}", kind.name);
            }
        }
    }
}

#[tokio::test]
async fn g6_g7_each_sort_of_refusal_is_told_apart() {
    for kind in &KINDS {
        let city = City::of(kind).await;
        let port = city.free_ports(1).await.remove(0);
        let meets = async |effect: Effect| {
            city.built.desk.set_faults(vec![Fault::always(effect)]);
            let failure = city.account.look_at_port(&port).await.unwrap_err();
            city.built.desk.set_faults(Vec::new());
            failure
        };
        let throttled = meets(Effect::Throttled(17)).await;
        let told = (throttled.kind, throttled.retry_after);
        assert_eq!(told, (FailureKind::Throttled, Some(Duration::from_secs(17))), "{}", kind.name);
        for (effect, expected) in [
            (status(500), FailureKind::Transient),
            (status(502), FailureKind::Transient),
            (status(503), FailureKind::Throttled),
            (Effect::Hang, FailureKind::Transient),
            (Effect::ResetBefore, FailureKind::Transient),
            (Effect::Unauthorised, FailureKind::Unauthorised),
        ] {
            let failure = meets(effect.clone()).await;
            assert_eq!(failure.kind, expected, "{}: {effect:?}: {failure}", kind.name);
            assert!(failure.message.contains(" / "), "{}: in both languages: {failure}", kind.name);
        }
        // What a read may be tried again after is not known of a write.
        for (effect, expected) in [(status(500), FailureKind::Unknown), (Effect::Throttled(3), FailureKind::Throttled)]
        {
            let account = city.again();
            let seats = account.seats_of("990041").await.unwrap();
            city.built.desk.set_faults(vec![Fault::always(effect.clone()).method("POST").contains(kind.puts)]);
            let failure = account.attach(&port, &customer("990041"), &seats).await.unwrap_err();
            city.built.desk.set_faults(Vec::new());
            assert_eq!(failure.kind, expected, "{}: {effect:?}", kind.name);
        }
        assert_eq!(
            city.again().look_at_port(&port).await.unwrap(),
            Occupancy::Free,
            "{}: and none of it lasts",
            kind.name
        );
    }
}
