//! What the fact sheet marks as odd about GeoGrid, one test each: the adapter lives with it.

use std::collections::{BTreeMap, BTreeSet};

use platforms::{FailureKind, Occupancy, Platform};

use super::{City, all, customer, told};

/// What the simulator itself answers.
async fn raw(city: &City, path: &str) -> serde_json::Value {
    let call =
        reqwest::Client::new().get(format!("{}/api/v3/{path}", city.url)).header("api-key", "token-do-simulador");
    serde_json::from_str(&call.send().await.unwrap().text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn s11_totals_that_come_as_text_are_told() {
    let city = City::built().await;
    assert!(raw(&city, "itensRede?item[]=terminal").await["totalRegistros"].is_string());
    let page = city.geogrid.boxes(None).await.unwrap();
    assert_eq!(page.total, Some(city.simulator.size().boxes as u64));
}

#[tokio::test]
async fn s2_an_id_is_the_same_whether_it_comes_as_text_or_as_a_number() {
    let city = City::built().await;
    let rows = raw(&city, "itensRede?item[]=terminal&registrosPorPagina=20").await;
    let ids: Vec<_> = rows["registros"].as_array().unwrap().iter().map(|row| row["dados"]["id"].clone()).collect();
    assert!(ids.iter().any(serde_json::Value::is_string) && ids.iter().any(serde_json::Value::is_number));
    let splitters: BTreeSet<_> = city.splitters().await.into_iter().map(|s| s.external_id).collect();
    let occupants = all(async |c| city.geogrid.occupants(c.as_deref()).await).await;
    assert!(occupants.iter().all(|o| splitters.contains(&o.splitter_external_id)));
}

#[tokio::test]
async fn s4_several_rows_of_a_port_are_one_port_and_the_attendance_wins() {
    let city = City::built().await;
    let mut twice = 0;
    for splitter in city.splitters().await.into_iter().take(60) {
        let sequence: Vec<i32> = splitter.ports.iter().map(|port| port.sequencia).collect();
        assert_eq!(sequence, Vec::from_iter(0..splitter.ports.len() as i32), "{}", splitter.name);
        let rows = raw(&city, &format!("equipamentos/{}/portas", splitter.external_id)).await;
        let mut seen = BTreeMap::<String, usize>::new();
        for row in rows["portas"].as_array().unwrap().iter().filter(|row| row["dados"]["tipo"] == "S") {
            *seen.entry(row["dados"]["porta"].to_string().replace('"', "")).or_default() += 1;
        }
        let Some((number, _)) = seen.iter().find(|(_, rows)| **rows == 2) else { continue };
        let port = super::port(&splitter.box_external_id, &splitter.external_id, number.parse::<i32>().unwrap() - 1);
        assert!(matches!(city.look(&port).await, Occupancy::Taken(_)));
        twice += 1;
    }
    assert!(twice > 2);
}

#[tokio::test]
async fn s5_html_in_observations_and_names_reaches_nobody() {
    let city = City::built().await;
    let boxes = all(async |c| city.geogrid.boxes(c.as_deref()).await).await;
    let nameless: Vec<_> = boxes.iter().filter(|b| !b.name.starts_with("CTO-") && !b.name.starts_with("CE-")).collect();
    assert!(!nameless.is_empty(), "some have no name and are called by their observation");
    for element in &boxes {
        assert!(!element.name.contains(['<', '>', '&']), "{}", element.name);
    }
    assert!(
        nameless.iter().any(|b| b.name.contains("Reforçar a fixação") || b.name.contains("Em frente à")),
        "{nameless:?}"
    );
    assert!(nameless.iter().all(|b| !b.name.contains("alert") && !b.name.contains("style")));
}

#[tokio::test]
async fn s2_counters_that_do_not_add_up_count_for_nothing() {
    let city = City::built().await;
    let mut wrong = 0;
    for splitter in city.splitters().await.iter().filter(|s| !s.ports.is_empty()).take(30) {
        let shown = raw(&city, &format!("equipamentos/{}/portas", splitter.external_id)).await["viabilidade"].clone();
        let number = |name: &str| shown[name].to_string().replace('"', "").parse::<usize>().unwrap();
        assert_eq!(splitter.ports.len(), number("saidas"));
        wrong += usize::from(number("livres") + number("ocupadasTotal") != number("saidas"));
    }
    assert!(wrong > 0);
}

#[tokio::test]
async fn b2_a_missing_customer_is_nobody_whether_it_is_told_by_400_or_by_404() {
    let city = City::built().await;
    for code in ["99001", "990011"] {
        assert!(city.geogrid.seats_of(code).await.unwrap().is_empty());
    }
    let lines = city.history.lines();
    assert!(lines[0].ends_with(" 404") && lines[1].ends_with(" 400"), "{lines:?}");
    assert_eq!(city.geogrid.seats_of("1003").await.unwrap().len(), 1);
}

#[tokio::test]
async fn s8_a_box_that_was_removed_is_gone_and_no_error() {
    let city = City::built().await;
    let free = city.free_ports(1).await.remove(0);
    let before = city.ports().await.len();
    assert!(city.simulator.remove(&free.box_external_id));
    assert_eq!(raw(&city, &format!("itensRede/{}/mapa", free.box_external_id)).await, false);
    assert_eq!(city.look(&free).await, Occupancy::NoSuchPort);
    assert!(city.ports().await.len() < before);
    let unplaced = platforms::PortAddress { place: None, ..free };
    let outcome = city.geogrid.attach(&unplaced, &customer("990022"), &[]).await;
    assert_eq!(told(outcome), (FailureKind::Rejected, "geogrid.no_such_port"));
    assert!(city.history.writes().is_empty());
}
