//! Viability: `success` as text, the older bare list, addresses, and that what is not understood is never *none*.

use platforms::geosite::Geosite;
use platforms::{Around, Failure, FailureKind, Haste, NearBox, Nearby, Place, Platform};
use serde_json::json;
use simulators::faults::{Effect, Fault};
use simulators::geosite::Installation;

use super::canned::Reply;
use super::{City, account, by_hand, told};

fn corner() -> Around {
    Around::Place(Place { latitude: -26.30, longitude: -49.80 })
}

async fn around(geosite: &Geosite, around: Around, radius_metres: u32) -> Result<Vec<NearBox>, Failure> {
    geosite.boxes_near(&Nearby { around, radius_metres, haste: Haste::PersonWaits }).await
}

#[tokio::test]
async fn v2_boxes_are_found_in_the_newer_form_and_in_the_older_one() {
    for installation in [Installation::Usual, Installation::Older] {
        let city = City::built(installation).await;
        let near = around(&city.geosite, corner(), 300).await.unwrap();
        assert!(near.len() > 3, "{near:?}");
        assert!(near.iter().all(|b| b.distance_metres.is_some_and(|metres| metres <= 300.0)));
        assert!(near.iter().any(|b| b.free_ports.is_some_and(|free| free > 0)), "whatever its name in this version");
        let boxes = city.geosite.boxes(None).await.unwrap().items;
        for found in near.iter().filter(|b| b.name.starts_with("CTO")) {
            let known = boxes.iter().find(|b| b.external_id == found.external_id).unwrap();
            assert_eq!((known.place, known.name.as_str()), (found.place, found.name.as_str()), "WKT, longitude first");
        }
    }
}

#[tokio::test]
async fn v1_an_address_is_geocoded_by_the_platform() {
    let city = City::usual().await;
    let near = around(&city.geosite, Around::Address(simulators::people::street(0)), 100).await.unwrap();
    assert_eq!(near[0].distance_metres, Some(0.0));
    let failure = around(&city.geosite, Around::Address("Rua Nenhuma, 1".to_owned()), 100).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Rejected, "geosite.refused"));
    assert!(failure.message.contains("Endereço não encontrado"), "{}", failure.message);
    assert!(!city.history.lines().iter().any(|line| line.contains("Nenhuma")), "addresses are not shown");
}

#[tokio::test]
async fn v4_nothing_near_is_none() {
    let city = City::usual().await;
    let nowhere = Around::Place(Place { latitude: -20.0, longitude: -40.0 });
    assert!(around(&city.geosite, nowhere, 300).await.unwrap().is_empty());
}

#[tokio::test]
async fn v4_what_is_not_understood_is_not_none() {
    for body in [
        json!({}),
        json!({"caixas": []}),
        json!({"success": "true"}),
        json!({"success": "true", "caixas": null}),
        json!({"success": "sim", "caixas": []}),
        json!({"success": "true", "caixas": [{"tipoCodigo": "CTO: 1"}]}),
        json!({"success": "true", "caixas": ["?"]}),
    ] {
        let told_body = body.clone();
        let server = by_hand(move |_| Reply::json(200, body.clone())).await;
        let outcome = around(&account(&server.url).0, corner(), 300).await;
        let (kind, code) = told(outcome);
        assert_eq!((kind, code), (FailureKind::Transient, "geosite.viability_not_understood"), "{told_body}");
    }
    let server = by_hand(|_| Reply::json(200, json!({"success": "false", "message": "Sem licença"}))).await;
    assert_eq!(told(around(&account(&server.url).0, corner(), 300).await), (FailureKind::Rejected, "geosite.refused"));
    for empty in [json!({"success": "true", "caixas": []}), json!([])] {
        let server = by_hand(move |_| Reply::json(200, empty.clone())).await;
        assert!(around(&account(&server.url).0, corner(), 300).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn v5_a_person_does_not_wait_longer_than_the_deadline() {
    let city = City::usual().await;
    city.simulator.add_fault(Fault::always(Effect::Hang).contains("/viabilidade/"));
    let began = std::time::Instant::now();
    assert_eq!(told(around(&city.geosite, corner(), 300).await), (FailureKind::Transient, "http.timeout"));
    assert!(began.elapsed() < std::time::Duration::from_secs(3));
}
