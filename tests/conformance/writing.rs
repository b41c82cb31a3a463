//! What is written to a platform: a customer comes onto a port, once, and leaves it.

use platforms::{Detach, FailureKind, Occupancy};

use super::kinds::KINDS;
use super::{City, told};

#[tokio::test]
async fn b2_b3_a_customer_comes_once_is_seen_and_goes() {
    for kind in &KINDS {
        let city = City::of(kind).await;
        let port = city.free_ports(1).await.remove(0);
        assert!(city.account.seats_of("990011").await.unwrap().is_empty(), "{}", kind.name);
        city.attach(&port, "990011").await.unwrap();
        assert_eq!(city.code_at(&port).as_deref(), Some("990011"), "{}", kind.name);
        let Occupancy::Taken(seat) = city.look(&port).await else { panic!("{}: nobody is there", kind.name) };
        assert_eq!((seat.code.as_deref(), seat.sequencia), (Some("990011"), Some(port.sequencia)), "{}", kind.name);
        // Whoever repeats it, having looked or not, makes no second one.
        city.attach(&port, "990011").await.unwrap();
        city.account.attach(&port, &super::customer("990011"), &[]).await.ok();
        let held = city.built.desk.occupied().into_iter().filter(|held| held.code.as_deref() == Some("990011"));
        assert_eq!(held.count(), 1, "{}", kind.name);
        city.account.detach(&seat, Detach::Everything).await.unwrap();
        assert_eq!(city.look(&port).await, Occupancy::Free, "{}", kind.name);
        city.account.detach(&seat, Detach::Everything).await.unwrap();
        assert_eq!(city.code_at(&port), None, "{}: gone is as good as taken off", kind.name);
    }
}

#[tokio::test]
async fn b2_a_taken_port_takes_nobody_else() {
    for kind in &KINDS {
        let city = City::of(kind).await;
        let port = city.free_ports(1).await.remove(0);
        city.attach(&port, "990012").await.unwrap();
        let (failure, code) = told(city.attach(&port, "990013").await);
        assert_eq!((failure, code.ends_with(".port_taken")), (FailureKind::Rejected, true), "{}: {code}", kind.name);
        assert_eq!(city.code_at(&port).as_deref(), Some("990012"), "{}", kind.name);
    }
}

#[tokio::test]
async fn b2_who_is_not_the_one_that_was_seen_is_left_alone() {
    for kind in &KINDS {
        let city = City::of(kind).await;
        let port = city.free_ports(1).await.remove(0);
        city.attach(&port, "990014").await.unwrap();
        let Occupancy::Taken(seen) = city.look(&port).await else { panic!("{}: nobody is there", kind.name) };
        city.account.detach(&seen, Detach::Everything).await.unwrap();
        city.attach(&port, "990015").await.unwrap();
        // The seat is of somebody who has left since.
        city.account.detach(&seen, Detach::Everything).await.unwrap();
        assert_eq!(city.code_at(&port).as_deref(), Some("990015"), "{}", kind.name);
    }
}
