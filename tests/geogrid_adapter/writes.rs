//! Against the simulated GeoGrid: customers put on ports and taken off them.

use platforms::{Detach, FailureKind, Occupancy, Platform};
use simulators::faults::{Effect, Fault};
use simulators::geogrid::code_of;

use super::{City, customer, seat, told};

#[tokio::test]
async fn b2_a_new_customer_gets_a_record_and_then_the_port() {
    let city = City::built().await;
    let free = city.free_ports(1).await.remove(0);
    let records = city.simulator.size().customers;
    assert!(city.geogrid.seats_of("990011").await.unwrap().is_empty());
    city.geogrid.attach(&free, &customer("990011"), &[]).await.unwrap();
    assert_eq!(city.history.writes(), ["POST", "POST"]);
    assert_eq!(city.code_at(&free).as_deref(), Some("990011"));
    assert_eq!(city.simulator.size().customers, records + 1);
    let found = city.geogrid.seats_of("990011").await.unwrap();
    let sitting = city.seat_at(&free).await;
    assert_eq!(found[0].customer_external_id, sitting.customer_external_id);
    assert_eq!((found[0].splitter_external_id.as_ref(), found[0].sequencia), (None, None), "where he sits is not told");
}

#[tokio::test]
async fn b2_the_boxs_own_place_is_sent_so_that_no_access_point_is_drawn() {
    let city = City::built().await;
    let free = city.free_ports(2).await;
    city.geogrid.attach(&free[0], &customer("990012"), &[]).await.unwrap();
    let unplaced = platforms::PortAddress { place: None, port_external_id: None, ..free[1].clone() };
    city.geogrid.attach(&unplaced, &customer("990013"), &[]).await.unwrap();
    assert_eq!(
        city.code_at(&free[1]).as_deref(),
        Some("990013"),
        "place and port are looked up where they are not known"
    );
    assert_eq!(city.simulator.size().access_points, 0);
    let afar = platforms::PortAddress { place: customer("x").place, ..city.free_ports(1).await.remove(0) };
    city.geogrid.attach(&afar, &customer("990014"), &[]).await.unwrap();
    assert_eq!(city.simulator.size().access_points, 1, "the simulator would have noticed");
}

#[tokio::test]
async fn b2_a_box_without_a_place_takes_nobody_and_says_so() {
    let city = City::with(simulators::geogrid::Options {
        boxes: 1_500,
        calls_a_second: None,
        ..simulators::geogrid::Options::default()
    })
    .await;
    let ports = city.ports().await;
    let nowhere = ports.iter().find(|port| port.place.is_none() && city.holder(port).is_none()).unwrap();
    let outcome = city.geogrid.attach(nowhere, &customer("990015"), &[]).await;
    assert_eq!(told(outcome), (FailureKind::Rejected, "geogrid.no_place"));
    assert!(city.history.writes().is_empty());
}

#[tokio::test]
async fn b2_a_customer_who_was_found_is_attended_with_one_write() {
    let city = City::built().await;
    let free = city.free_ports(1).await.remove(0);
    let code = code_of(3).unwrap();
    let seats = city.geogrid.seats_of(&code).await.unwrap();
    city.geogrid.attach(&free, &customer(&code), &seats).await.unwrap();
    assert_eq!(city.history.writes(), ["POST"]);
    assert_eq!(city.code_at(&free), Some(code));
}

#[tokio::test]
async fn b2_a_422_on_a_known_code_leads_to_the_record_that_has_it() {
    let city = City::built().await;
    let free = city.free_ports(1).await.remove(0);
    let (code, records) = (code_of(4).unwrap(), city.simulator.size().customers);
    city.geogrid.attach(&free, &customer(&code), &[]).await.unwrap();
    let lines = city.history.lines();
    assert!(lines.iter().any(|line| line == "POST /isp/api/v3/clientes 422"), "{lines:?}");
    assert_eq!(city.code_at(&free), Some(code));
    assert_eq!(city.simulator.size().customers, records, "no second record");
}

#[tokio::test]
async fn b2_a_taken_port_is_refused_by_that_name() {
    let city = City::built().await;
    let (two, five) = (code_of(2).unwrap(), code_of(5).unwrap());
    let taken = city.port_of(&two).await;
    let failure = city.geogrid.attach(&taken, &customer("990016"), &[]).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Rejected, "geogrid.port_taken"));
    assert!(failure.message.contains("idPorta: A porta já está ocupada"), "{}", failure.message);
    assert_eq!(city.code_at(&taken), Some(two));
    let own = city.port_of(&five).await;
    city.geogrid.attach(&own, &customer(&five), &city.geogrid.seats_of(&five).await.unwrap()).await.unwrap();
    assert_eq!(city.code_at(&own), Some(five), "who sits there already is put there with success");
}

#[tokio::test]
async fn b3_a_customer_leaves_the_port_and_a_port_that_is_free_is_as_good() {
    let city = City::built().await;
    for (n, how) in [(4, Detach::Everything), (5, Detach::KeepHome)] {
        let code = code_of(n).unwrap();
        let port = city.port_of(&code).await;
        let seat = city.seat_at(&port).await;
        city.geogrid.detach(&seat, how).await.unwrap();
        assert_eq!(city.look(&port).await, Occupancy::Free, "{how:?}");
        assert_eq!(city.geogrid.seats_of(&code).await.unwrap().len(), 1, "the record stays: {how:?}");
        city.geogrid.detach(&seat, how).await.unwrap();
    }
    assert_eq!(city.history.writes(), ["DELETE"; 4], "one write each");
}

#[tokio::test]
async fn b3_a_mere_reservation_is_attended_first_and_then_removed() {
    let city = City::built().await;
    let port = city.free_ports(1).await.remove(0);
    assert!(city.simulator.reserve(&port.splitter_external_id, port.sequencia as u32 + 1, Some("1003")));
    let seat = city.seat_at(&port).await;
    city.geogrid.detach(&seat, Detach::Everything).await.unwrap();
    assert_eq!(city.history.writes(), ["DELETE", "POST", "DELETE"]);
    assert_eq!(city.look(&port).await, Occupancy::Free);
    assert_eq!(city.simulator.size().access_points, 0);
}

#[tokio::test]
async fn b3_a_reservation_that_was_lifted_meanwhile_attends_nobody() {
    let city = City::built().await;
    let port = city.free_ports(1).await.remove(0);
    assert!(city.simulator.reserve(&port.splitter_external_id, port.sequencia as u32 + 1, Some("1003")));
    let seat = city.seat_at(&port).await;
    city.geogrid.detach(&seat, Detach::Everything).await.unwrap();
    // The refusal is of a moment ago; since then somebody else was put there.
    city.geogrid.attach(&port, &customer("990018"), &[]).await.unwrap();
    let refusal = serde_json::json!({ "portaReservada": "A porta está apenas reservada" });
    let refused = Effect::Status { status: 422, body: Some(refusal), retry_after_seconds: None };
    city.simulator.add_fault(Fault::always(refused).method("DELETE").times(1));
    let before = city.history.writes().len();
    city.geogrid.detach(&seat, Detach::Everything).await.unwrap();
    assert_eq!(city.history.writes()[before..], ["DELETE"]);
    assert_eq!(city.code_at(&port).as_deref(), Some("990018"));
}

#[tokio::test]
async fn b2_a_port_that_is_kept_takes_its_own_customer_and_no_other() {
    let city = City::built().await;
    let port = city.free_ports(1).await.remove(0);
    let code = code_of(6).unwrap();
    assert!(city.simulator.reserve(&port.splitter_external_id, port.sequencia as u32 + 1, Some(&code)));
    let failure = city.geogrid.attach(&port, &customer("990019"), &[]).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Rejected, "geogrid.port_reserved"));
    let seats = city.geogrid.seats_of(&code).await.unwrap();
    city.geogrid.attach(&port, &customer(&code), &seats).await.unwrap();
    let Occupancy::Taken(seat) = city.look(&port).await else { panic!("he is attended now") };
    assert_eq!(seat.code, Some(code), "although the reservation's row is still there");
}

#[tokio::test]
async fn b4_a_seat_whose_port_is_not_known_is_not_said_to_be_left() {
    let city = City::built().await;
    let seats = city.geogrid.seats_of(&code_of(7).unwrap()).await.unwrap();
    assert_eq!(told(city.geogrid.detach(&seats[0], Detach::Everything).await).1, "geogrid.no_port_known");
    assert_eq!(told(city.geogrid.detach(&seat(""), Detach::Everything).await).0, FailureKind::Rejected);
    assert!(city.history.writes().is_empty());
}

#[tokio::test]
async fn b6_a_record_whose_answer_was_lost_is_found_by_its_code_and_not_made_twice() {
    let city = City::built().await;
    let (free, records) = (city.free_ports(1).await.remove(0), city.simulator.size().customers);
    city.simulator.add_fault(Fault::always(Effect::ResetAfter).contains("/clientes").method("POST").times(1));
    let outcome = city.geogrid.attach(&free, &customer("990020"), &[]).await;
    assert_eq!(told(outcome).0, FailureKind::Unknown);
    assert_eq!(city.look(&free).await, Occupancy::Free);
    let seats = city.geogrid.seats_of("990020").await.unwrap();
    city.geogrid.attach(&free, &customer("990020"), &seats).await.unwrap();
    assert_eq!(city.simulator.size().customers, records + 1);
    assert_eq!(city.code_at(&free).as_deref(), Some("990020"));
}

#[tokio::test]
async fn b6_a_removal_whose_answer_was_lost_is_found_by_looking() {
    for (effect, done) in [(Effect::ResetAfter, true), (Effect::ResetBefore, false)] {
        let city = City::built().await;
        let port = city.port_of(&code_of(4).unwrap()).await;
        let seat = city.seat_at(&port).await;
        city.simulator.add_fault(Fault::always(effect.clone()).method("DELETE").times(1));
        assert_eq!(told(city.geogrid.detach(&seat, Detach::Everything).await).0, FailureKind::Unknown, "{effect:?}");
        assert_eq!(city.look(&port).await == Occupancy::Free, done, "{effect:?}");
    }
}
