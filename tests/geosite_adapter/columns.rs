//! Columns that differ per installation: found by their usual names, by those that a person gave, or told as missing.

use platforms::geosite::{Geosite, Parameters};
use platforms::{FailureKind, Occupancy, Platform};

use super::{City, account_with, calls, customer, told};

fn with_columns(city: &City, colunas: &str) -> Geosite {
    account_with(Parameters { colunas: Some(colunas.to_owned()), ..City::entry(&city.url) }).unwrap().0
}

#[tokio::test]
async fn d4_a_missing_column_is_told_with_those_that_exist() {
    for (feature, column, role) in [
        ("cliente", "codigo", "cliente.codigo"),
        ("cliente", "fid_splitter", "cliente.splitter"),
        ("cliente", "porta", "cliente.porta"),
        ("splitter", "razao", "splitter.razao"),
        ("splitter", "fid_caixa", "splitter.caixa"),
        ("cto", "geometria", "cto.geometria"),
    ] {
        let city = City::usual().await;
        assert!(city.simulator.rename_column(feature, column, Some("COLUNA_PROPRIA")));
        let failure = city.geosite.test().await.unwrap_err();
        assert_eq!((failure.kind, failure.code), (FailureKind::Misconfigured, "geosite.missing_column"), "{column}");
        for part in ["colunas: ", "«COLUNA_PROPRIA»", "«fid»", &format!("{role}=NOME"), &format!("{role}=NAME")] {
            assert!(failure.message.contains(part), "{part}: {}", failure.message);
        }
    }
}

#[tokio::test]
async fn d1_a_column_that_a_person_names_is_used() {
    let city = City::usual().await;
    city.simulator.rename_column("cliente", "codigo", Some("COD_ERP"));
    city.simulator.rename_column("splitter", "razao", Some("TIPO_DIVISOR"));
    let named = with_columns(&city, "cliente.codigo = cod_erp; splitter.razao = TIPO_DIVISOR");
    named.test().await.unwrap();
    let free = super::free_port(&city, &named).await;
    named.attach(&free, &customer("990031"), &[]).await.unwrap();
    assert_eq!(city.code_at(&free).as_deref(), Some("990031"));
    let wrong = with_columns(&city, "cliente.codigo = COD_ER");
    assert_eq!(told(wrong.test().await), (FailureKind::Misconfigured, "geosite.missing_column"));
}

#[tokio::test]
async fn d3_what_an_installation_can_do_without_may_be_missing() {
    let city = City::usual().await;
    for (feature, column) in [
        ("cliente", "documento"),
        ("cto", "status"),
        ("splitter", "funcao"),
        ("splitter", "nome"),
        ("poste", "geometria"),
    ] {
        assert!(city.simulator.rename_column(feature, column, None), "{feature}.{column}");
    }
    city.geosite.test().await.unwrap();
    assert!(city.geosite.boxes(None).await.unwrap().items.iter().all(|b| b.allows_viability));
    assert!(city.geosite.poles(None).await.unwrap().items.iter().all(|p| p.place.is_none()));
    let occupants = city.geosite.occupants(None).await.unwrap().items;
    assert!(occupants.iter().all(|o| o.customer.as_ref().is_some_and(|c| c.document.is_none())));
    let free = city.free_ports().await.remove(0);
    city.geosite.attach(&free, &customer("990032"), &[]).await.unwrap();
    assert!(matches!(city.geosite.look_at_port(&free).await.unwrap(), Occupancy::Taken(_)));
}

#[tokio::test]
async fn s2_columns_are_read_where_a_sync_begins_and_kept_while_it_goes_on() {
    let city = City::usual().await;
    city.geosite.test().await.unwrap();
    let read = calls(&city.history, "/cliente/desc");
    for _ in 0..3 {
        city.geosite.seats_of("1000").await.unwrap();
    }
    assert_eq!(calls(&city.history, "/cliente/desc"), read);
    city.simulator.rename_column("cliente", "codigo", Some("COD_CLIENTE"));
    assert_eq!(
        city.geosite.occupants(None).await.unwrap().items[0].customer.as_ref().unwrap().code.as_deref(),
        Some("1000")
    );
    assert_eq!(city.geosite.seats_of("1000").await.unwrap().len(), 1);
}

#[tokio::test]
async fn g6_a_question_that_is_refused_for_a_column_that_is_gone_is_asked_anew_next_time() {
    let city = City::usual().await;
    city.geosite.seats_of("1000").await.unwrap();
    city.simulator.rename_column("cliente", "codigo", Some("COD_CLIENTE"));
    let failure = city.geosite.seats_of("1000").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(failure.message.contains("Coluna inexistente"), "{}", failure.message);
    assert_eq!(city.geosite.seats_of("1000").await.unwrap().len(), 1);
}
