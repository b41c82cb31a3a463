//! Against the simulated GeoGrid: a whole city synced and looked at.

use std::collections::BTreeSet;

use platforms::{FailureKind, Occupancy, Platform, SplitterRole};
use simulators::faults::{Effect, Fault};
use simulators::geogrid::{FOLDERS, code_of, document_of};
use simulators::people;

use super::{City, account, all, pages, port, told};

#[tokio::test]
async fn d4_test_names_the_folders_with_one_harmless_call() {
    let city = City::built().await;
    assert_eq!(city.geogrid.test().await.unwrap().projects, FOLDERS);
    assert_eq!(city.history.lines(), ["GET /isp/api/v3/pastas?pagina=1&registrosPorPagina=… 200"]);
}

#[tokio::test]
async fn d4_a_refused_token_is_told_by_its_parameter() {
    let city = City::built().await;
    let failure = account(&city.url, "outro").0.test().await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Unauthorised, "geogrid.unauthorised"));
    assert!(
        failure.message.starts_with("token: ") && failure.message.contains("Token inválido"),
        "{}",
        failure.message
    );
    city.simulator.add_fault(Fault::always(Effect::Unauthorised).times(1));
    assert_eq!(told(city.geogrid.boxes(None).await).0, FailureKind::Unauthorised);
    city.geogrid.boxes(None).await.unwrap();
}

#[tokio::test]
async fn d4_an_address_under_which_there_is_no_geogrid_is_told_as_such() {
    let city = City::built().await;
    let wrong = city.url.replace("/isp", "/_simulator/isp");
    let outcome = account(&wrong, "token-do-simulador").0.test().await;
    assert_eq!(told(outcome), (FailureKind::Misconfigured, "http.not_the_api"));
}

#[tokio::test]
async fn s2_the_whole_city_is_seen_and_what_is_only_planned_is_not() {
    let city = City::built().await;
    let size = city.simulator.size();
    let boxes = all(async |c| city.geogrid.boxes(c.as_deref()).await).await;
    assert_eq!(boxes.len(), size.boxes);
    assert!(size.planned > 0 && boxes.iter().all(|b| b.allows_viability));
    assert!(boxes.iter().any(|b| b.splice && !b.attendance) && boxes.iter().any(|b| b.attendance && !b.splice));
    let ids: BTreeSet<_> = boxes.iter().map(|b| b.external_id.clone()).collect();
    let splitters = city.splitters().await;
    assert!(splitters.iter().all(|s| ids.contains(&s.box_external_id)));
    let ports: usize = splitters.iter().map(|s| s.ports.len()).sum();
    assert_eq!(ports, size.attendance_ports);
    let poles = all(async |c| city.geogrid.poles(c.as_deref()).await).await;
    assert_eq!(poles.len(), size.poles);
    assert!(poles.iter().all(|p| p.place.is_some() && p.name.starts_with("P-")));
}

#[tokio::test]
async fn s2_places_are_the_platforms_own() {
    let city = City::built().await;
    for element in all(async |c| city.geogrid.boxes(c.as_deref()).await).await {
        let place = element.place.map(|place| (place.latitude, place.longitude));
        assert_eq!(place, city.simulator.place(&element.external_id));
    }
}

#[tokio::test]
async fn s2_there_are_no_cables_and_none_are_asked_for() {
    let city = City::built().await;
    assert!(all(async |c| city.geogrid.cables(c.as_deref()).await).await.is_empty());
    assert!(city.history.lines().is_empty());
}

#[tokio::test]
async fn s2_a_hundred_boxes_cost_two_calls() {
    let city = City::built().await;
    let (_, pages) = pages(async |c| city.geogrid.splitters(c.as_deref()).await).await;
    // 150 boxes: two pages of them with their ports, and one that says that there are no more.
    assert_eq!((pages, city.history.lines().len()), (3, 5));
}

#[tokio::test]
async fn s3_the_mark_of_the_platform_tells_which_splitters_give_ports() {
    let city = City::built().await;
    let splitters = city.splitters().await;
    for splitter in &splitters {
        let attends = splitter.name.starts_with("SPL");
        let expected = if attends { SplitterRole::Attendance } else { SplitterRole::Distribution };
        assert_eq!((splitter.role, splitter.ports.is_empty()), (expected, !attends), "{}", splitter.name);
    }
    assert!(splitters.iter().any(|s| s.role == SplitterRole::Distribution));
}

#[tokio::test]
async fn s4_who_sits_where_is_what_the_platform_says_with_code_and_document() {
    let city = City::built().await;
    let occupants = all(async |c| city.geogrid.occupants(c.as_deref()).await).await;
    let (sitting, kept): (Vec<_>, Vec<_>) = occupants
        .into_iter()
        .partition(|o| !o.customer.as_ref().unwrap().name.as_deref().unwrap().ends_with("(reserva)"));
    let seen: BTreeSet<_> = sitting
        .iter()
        .map(|o| (o.splitter_external_id.clone(), o.sequencia as u32 + 1, o.customer.clone().unwrap().code))
        .collect();
    let held = city.simulator.occupied().into_iter().map(|held| (held.splitter, held.port, held.code));
    assert_eq!(seen, held.collect());
    assert_eq!(seen.len(), sitting.len(), "each port once");
    let by_name = |n: u32| {
        sitting.iter().find(|o| o.customer.as_ref().and_then(|c| c.name.clone()) == Some(people::name(u64::from(n))))
    };
    for n in [0, 1, 39, 199] {
        let Some(found) = by_name(n) else { continue };
        let customer = found.customer.clone().unwrap();
        assert_eq!((customer.code, customer.document), (code_of(n), document_of(n)), "{n}");
    }
    assert!(by_name(199).is_some(), "one has no code and is known by his document");
    assert_eq!(kept.len(), city.simulator.size().reserved);
}

#[tokio::test]
async fn s5_a_reservation_identifies_nobody_and_says_for_whom() {
    let city = City::built().await;
    let free = city.free_ports(1).await.remove(0);
    assert!(city.simulator.reserve(&free.splitter_external_id, free.sequencia as u32 + 1, Some(&code_of(3).unwrap())));
    let occupants = all(async |c| city.geogrid.occupants(c.as_deref()).await).await;
    let is = |splitter: &str, sequencia| splitter == free.splitter_external_id && sequencia == free.sequencia;
    let kept = occupants.iter().find(|o| is(&o.splitter_external_id, o.sequencia)).unwrap().customer.clone().unwrap();
    assert_eq!((kept.code, kept.document, kept.name), (None, None, Some(format!("{} (reserva)", people::name(3)))));
}

#[tokio::test]
async fn s10_who_sits_where_goes_on_in_a_process_that_remembers_nothing() {
    let city = City::built().await;
    let expected = all(async |c| city.geogrid.occupants(c.as_deref()).await).await;
    let (mut found, mut cursor) = (Vec::new(), None);
    while found.is_empty() {
        let page = city.geogrid.occupants(cursor.as_deref()).await.unwrap();
        found.extend(page.items);
        cursor = page.next;
    }
    assert!(found.len() < expected.len() && cursor.is_some(), "there is more to come");
    let other = city.again();
    let (rest, _) = pages(async |c| other.occupants(c.as_deref().or(cursor.as_deref())).await).await;
    found.extend(rest);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn s10_customers_are_read_from_the_beginning_by_a_process_that_remembers_nothing() {
    let city = City::built().await;
    let first = city.geogrid.occupants(None).await.unwrap().next;
    let (other, calls) = (city.again(), city.simulator.calls(0).len());
    let again = other.occupants(first.as_deref()).await.unwrap();
    assert_ne!(again.next, first, "no page leads to itself");
    assert_eq!(city.simulator.calls(0).len(), calls, "it costs no call");
    let (occupants, _) = pages(async |c| other.occupants(c.as_deref().or(first.as_deref())).await).await;
    let expected = all(async |c| city.geogrid.occupants(c.as_deref()).await).await;
    assert_eq!(occupants, expected);
}

#[tokio::test]
async fn s4_a_customer_who_came_after_the_directory_was_read_is_asked_for_by_himself() {
    let city = City::built().await;
    let free = city.free_ports(1).await.remove(0);
    let mut page = city.geogrid.occupants(None).await.unwrap();
    while page.next.as_deref().is_some_and(|next| next.contains("clients")) {
        page = city.geogrid.occupants(page.next.as_deref()).await.unwrap();
    }
    city.geogrid.attach(&free, &super::customer("990031"), &[]).await.unwrap();
    let mut codes = Vec::new();
    while let Some(next) = page.next {
        page = city.geogrid.occupants(Some(&next)).await.unwrap();
        codes.extend(page.items.iter().filter_map(|o| o.customer.clone()?.code));
    }
    assert!(codes.contains(&"990031".to_owned()));
    let single = city.history.lines().iter().filter(|line| line.contains("/clientes/")).count();
    assert_eq!(single, 1);
}

#[tokio::test]
async fn b6_a_look_tells_who_holds_a_port() {
    let city = City::built().await;
    let ports = city.ports().await;
    let mut seen = BTreeSet::new();
    for port in ports.iter().step_by(7) {
        let looked = city.look(port).await;
        match (&looked, city.holder(port)) {
            (Occupancy::Taken(seat), Some(held)) => {
                assert_eq!((&seat.code, seat.customer_external_id.as_ref()), (&held.code, Some(&held.property)));
                assert_eq!(seat.sequencia, Some(port.sequencia));
                seen.insert("taken");
            }
            (Occupancy::Free, None) => drop(seen.insert("free")),
            (Occupancy::TakenByEquipment | Occupancy::Blocked | Occupancy::Reserved(_), None) => {}
            (looked, held) => panic!("{looked:?} {held:?}"),
        }
    }
    assert_eq!(seen, BTreeSet::from(["free", "taken"]));
}

#[tokio::test]
async fn b6_a_look_tells_reservations_equipment_and_what_is_not_there() {
    let city = City::built().await;
    let free = city.free_ports(2).await;
    let number = |at: usize| free[at].sequencia as u32 + 1;
    assert!(city.simulator.reserve(&free[0].splitter_external_id, number(0), None));
    assert_eq!(city.look(&free[0]).await, Occupancy::Blocked);
    let splitters = city.splitters().await;
    let splitter = splitters.iter().find(|s| s.external_id == free[0].splitter_external_id).unwrap();
    assert!(splitter.ports[free[0].sequencia as usize].blocked, "a sync shows it too");
    assert!(city.simulator.reserve(&free[1].splitter_external_id, number(1), Some("1003")));
    let Occupancy::Reserved(seat) = city.look(&free[1]).await else { panic!("it is kept for somebody") };
    assert_eq!(seat.code.as_deref(), Some("1003"));
    let mut equipment = 0;
    for port in city.ports().await.into_iter().step_by(2) {
        equipment += usize::from(city.holder(&port).is_none() && city.look(&port).await == Occupancy::TakenByEquipment);
    }
    assert!(equipment > 0);
    for (splitter, sequencia) in
        [(free[0].splitter_external_id.as_str(), 99), (&free[0].splitter_external_id, -1), ("1", 0)]
    {
        let gone = port(&free[0].box_external_id, splitter, sequencia);
        assert_eq!(city.look(&gone).await, Occupancy::NoSuchPort);
    }
    let distribution = splitters.iter().find(|s| s.role == SplitterRole::Distribution).unwrap();
    let none = port(&distribution.box_external_id, &distribution.external_id, 0);
    assert_eq!(city.look(&none).await, Occupancy::NoSuchPort, "S3");
}
