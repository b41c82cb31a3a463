//! Against the simulated Geosite, in both of its installations: a whole city synced, looked at, and changed.

use std::collections::BTreeSet;

use platforms::{Detach, Occupancy, Place, Platform, SplitterRole};
use serde_json::json;
use simulators::geosite::{Installation, code_of};

use super::{City, account, all, customer, port, told, writes};

const BOTH: [Installation; 2] = [Installation::Usual, Installation::Older];

#[tokio::test]
async fn d4_test_reads_and_changes_nothing() {
    for installation in BOTH {
        let city = City::built(installation).await;
        assert!(city.geosite.test().await.unwrap().projects.is_empty(), "Geosite has no projects");
        assert_eq!(writes(&city.history), 0);
        let (stranger, _) = account(&city.url);
        assert_eq!(told(stranger.test().await).1, "geosite.unauthorised");
    }
}

#[tokio::test]
async fn s2_the_whole_city_is_seen_whatever_its_columns_are_called() {
    for installation in BOTH {
        let city = City::built(installation).await;
        let size = city.simulator.size();
        let boxes = all(async |c| city.geosite.boxes(c.as_deref()).await).await;
        assert_eq!(boxes.len(), size.boxes);
        assert!(boxes.iter().any(|b| b.splice) && boxes.iter().any(|b| b.attendance));
        assert!(boxes.iter().all(|b| !b.name.is_empty()));
        let placed: Vec<Place> = boxes.iter().filter_map(|b| b.place).collect();
        assert!(placed.len() > 50 && placed.iter().all(|p| (-26.4..-26.2).contains(&p.latitude)), "{placed:?}");
        let ids: BTreeSet<_> = boxes.iter().map(|b| b.external_id.as_str()).collect();
        let splitters = city.splitters().await;
        assert!(splitters.iter().all(|s| ids.contains(s.box_external_id.as_str())));
        assert_eq!(splitters.iter().map(|s| s.ports.len()).sum::<usize>(), size.attendance_ports);
        let poles = all(async |c| city.geosite.poles(c.as_deref()).await).await;
        assert!(poles.len() == size.boxes && poles.iter().all(|p| p.place.is_some()));
        assert!(!all(async |c| city.geosite.cables(c.as_deref()).await).await.is_empty());
    }
}

#[tokio::test]
async fn s3_where_no_column_tells_it_every_splitter_gives_ports_and_its_role_is_unknown() {
    let usual = City::usual().await.splitters().await;
    assert!(usual.iter().any(|s| s.role == SplitterRole::Distribution && s.ports.is_empty()));
    assert!(usual.iter().any(|s| s.role == SplitterRole::Attendance && s.ports.len() == 8));
    let older = City::built(Installation::Older).await.splitters().await;
    assert!(older.iter().all(|s| s.role == SplitterRole::Unknown && s.ports.len() == 8));
}

#[tokio::test]
async fn v3_what_is_projected_is_synced_and_allows_no_viability() {
    let city = City::usual().await;
    let before = all(async |c| city.geosite.boxes(c.as_deref()).await).await;
    let built = before.iter().find(|b| b.attendance && b.allows_viability).unwrap();
    let fid: u64 = built.external_id.parse().unwrap();
    city.by_hand("cto/save", json!({"fid": fid, "status": "PROJETADO"})).await;
    let after = all(async |c| city.geosite.boxes(c.as_deref()).await).await;
    assert_eq!(after.len(), before.len());
    assert!(!after.iter().find(|b| b.external_id == built.external_id).unwrap().allows_viability);
}

#[tokio::test]
async fn s2_geometry_is_well_known_text_with_the_longitude_first() {
    let city = City::usual().await;
    city.by_hand("poste/save", json!({"codigo": "P-X", "geometria": "POINT (-49.75 -26.25)"})).await;
    let poles = all(async |c| city.geosite.poles(c.as_deref()).await).await;
    let pole = poles.iter().find(|p| p.name == "P-X").unwrap();
    assert_eq!(pole.place, Some(Place { latitude: -26.25, longitude: -49.75 }));
    let cables = all(async |c| city.geosite.cables(c.as_deref()).await).await;
    assert!(cables.iter().all(|c| c.path.len() == 2 && c.path[0].latitude > -26.4), "lines too");
}

#[tokio::test]
async fn s4_who_sits_where_is_what_the_platform_says_with_his_document() {
    for installation in BOTH {
        let city = City::built(installation).await;
        let occupants = all(async |c| city.geosite.occupants(c.as_deref()).await).await;
        assert!(occupants.iter().all(|o| o.customer.as_ref().is_some_and(|c| c.document.is_some())));
        let seen: BTreeSet<_> = occupants
            .into_iter()
            .map(|o| (o.splitter_external_id, o.sequencia as u32 + 1, o.customer.and_then(|c| c.code), o.external_id))
            .collect();
        let held = city.simulator.occupied().into_iter().map(|h| (h.splitter, h.port, h.code, h.property));
        assert_eq!(seen, held.collect(), "customers on no port left out");
        assert!(seen.len() < city.simulator.size().customers);
    }
}

#[tokio::test]
async fn b6_a_look_tells_who_holds_a_port() {
    for installation in BOTH {
        let city = City::built(installation).await;
        for held in city.simulator.occupied().into_iter().step_by(9) {
            let port = port("", &held.splitter, held.port as i32 - 1);
            let Occupancy::Taken(seat) = city.geosite.look_at_port(&port).await.unwrap() else { panic!("{held:?}") };
            assert_eq!((seat.external_id, seat.code), (held.property, held.code));
        }
        for port in city.free_ports().await.iter().step_by(40) {
            assert_eq!(city.geosite.look_at_port(port).await.unwrap(), Occupancy::Free);
        }
        let held = city.simulator.occupied().remove(0);
        for (splitter, sequencia) in [(held.splitter.as_str(), 8), (held.splitter.as_str(), -1), ("999999", 0)] {
            let looked = city.geosite.look_at_port(&port("", splitter, sequencia)).await.unwrap();
            assert_eq!(looked, Occupancy::NoSuchPort, "{splitter}:{sequencia}");
        }
    }
}

#[tokio::test]
async fn b2_a_new_customer_is_put_on_the_port_with_one_write() {
    for installation in BOTH {
        let city = City::built(installation).await;
        let free = city.free_ports().await.remove(0);
        city.geosite.attach(&free, &customer("990011"), &[]).await.unwrap();
        assert_eq!(writes(&city.history), 1);
        assert_eq!(city.code_at(&free).as_deref(), Some("990011"));
        let Occupancy::Taken(seat) = city.geosite.look_at_port(&free).await.unwrap() else { panic!("nobody is there") };
        assert_eq!(city.geosite.seats_of("990011").await.unwrap(), std::slice::from_ref(&seat));
        city.geosite.attach(&free, &customer("990011"), &[seat]).await.unwrap();
        city.geosite.attach(&free, &customer("990011"), &[]).await.unwrap();
        assert_eq!(writes(&city.history), 1, "he sits there already");
    }
}

#[tokio::test]
async fn b4_a_customer_who_sits_elsewhere_is_moved_with_one_write() {
    let city = City::usual().await;
    let (code, free) = (code_of(3).unwrap(), city.free_ports().await.remove(5));
    let before = city.port_of(&code);
    let seats = city.geosite.seats_of(&code).await.unwrap();
    city.geosite.attach(&free, &customer(&code), &seats).await.unwrap();
    assert_eq!(writes(&city.history), 1);
    assert_eq!(city.geosite.look_at_port(&before).await.unwrap(), Occupancy::Free);
    let now = city.geosite.seats_of(&code).await.unwrap();
    assert_eq!((now.len(), &now[0].external_id), (1, &seats[0].external_id));
    assert_eq!(city.code_at(&free), Some(code));
}

#[tokio::test]
async fn b2_a_customer_on_no_port_is_not_made_a_second_time() {
    let city = City::usual().await;
    let (code, free) = (code_of(49).unwrap(), city.free_ports().await.remove(0));
    let seats = city.geosite.seats_of(&code).await.unwrap();
    assert_eq!((seats.len(), seats[0].splitter_external_id.clone(), seats[0].sequencia), (1, None, None));
    city.geosite.attach(&free, &customer(&code), &seats).await.unwrap();
    assert_eq!(city.simulator.seat_of(&code), [Some((free.splitter_external_id, free.sequencia as u32 + 1))]);
}

#[tokio::test]
async fn b11_everything_goes_or_the_record_stays_without_a_port() {
    for (code, how, left) in [(code_of(4), Detach::Everything, 0), (code_of(5), Detach::KeepHome, 1)] {
        let (city, code) = (City::usual().await, code.unwrap());
        let (port, seats) = (city.port_of(&code), city.geosite.seats_of(&code).await.unwrap());
        city.geosite.detach(&seats[0], how).await.unwrap();
        assert_eq!(city.geosite.look_at_port(&port).await.unwrap(), Occupancy::Free, "{how:?}");
        assert_eq!(city.simulator.seat_of(&code), vec![None; left], "{how:?}");
        city.geosite.detach(&seats[0], how).await.unwrap();
        assert_eq!(writes(&city.history), 1, "{how:?}: done already");
    }
}
