//! Writes on a platform that keeps nobody from anything: what is looked at before them, and lost answers.

use platforms::{Detach, FailureKind, Occupancy, Platform};
use serde_json::json;
use simulators::faults::{Effect, Fault};
use simulators::geosite::code_of;

use super::canned::Reply;
use super::{City, account, by_hand, customer, port, records, told, writes, writes_get};

#[tokio::test]
async fn b2_a_taken_port_is_refused_before_anything_is_written() {
    let city = City::usual().await;
    let taken = city.port_of(&code_of(2).unwrap());
    let outcome = city.geosite.attach(&taken, &customer("990012"), &[]).await;
    assert_eq!(told(outcome), (FailureKind::Rejected, "geosite.port_taken"));
    assert_eq!((city.code_at(&taken), writes(&city.history)), (code_of(2), 0));
    let outcome = city.geosite.attach(&port("", "999999", 0), &customer("990012"), &[]).await;
    assert_eq!(told(outcome), (FailureKind::Rejected, "geosite.no_such_port"));
}

#[tokio::test]
async fn b2_a_customer_who_was_moved_since_he_was_seen_is_not_taken_off_his_new_port() {
    for (code, how) in [(code_of(3), Detach::Everything), (code_of(4), Detach::KeepHome)] {
        let (city, code) = (City::usual().await, code.unwrap());
        let free = city.free_ports().await.remove(5);
        let seen = city.geosite.seats_of(&code).await.unwrap();
        city.geosite.attach(&free, &customer(&code), &seen).await.unwrap();
        city.geosite.detach(&seen[0], how).await.unwrap();
        assert_eq!(city.code_at(&free), Some(code), "{how:?}");
    }
}

#[tokio::test]
async fn b2_a_record_that_is_another_customers_by_now_is_left_alone() {
    let city = City::usual().await;
    let code = code_of(6).unwrap();
    let seen = city.geosite.seats_of(&code).await.unwrap().remove(0);
    let at = city.port_of(&code);
    let fid: u64 = seen.external_id.parse().unwrap();
    city.by_hand("cliente/save", json!({"fid": fid, "codigo": "770001", "nome": "Outra Pessoa"})).await;
    city.geosite.detach(&seen, Detach::Everything).await.unwrap();
    assert_eq!(city.code_at(&at).as_deref(), Some("770001"));
}

#[tokio::test]
async fn b3_of_two_customers_on_one_port_the_one_who_came_first_is_seen() {
    let city = City::usual().await;
    let at = city.port_of(&code_of(7).unwrap());
    let splitter: u64 = at.splitter_external_id.parse().unwrap();
    let second = json!({"codigo": "770002", "nome": "Vizinho", "fid_splitter": splitter, "porta": at.sequencia + 1});
    city.by_hand("cliente/save", second).await;
    let Occupancy::Taken(first) = city.geosite.look_at_port(&at).await.unwrap() else { panic!("two are there") };
    assert_eq!(first.code, code_of(7));
    city.geosite.detach(&first, Detach::Everything).await.unwrap();
    let Occupancy::Taken(second) = city.geosite.look_at_port(&at).await.unwrap() else { panic!("one is there") };
    assert_eq!(second.code.as_deref(), Some("770002"), "and nobody is overlooked");
}

#[tokio::test]
async fn b6_an_attach_whose_answer_was_lost_is_found_by_looking_and_not_made_twice() {
    for (effect, done) in [(Effect::ResetAfter, true), (Effect::HangAfter, true), (Effect::ResetBefore, false)] {
        let city = City::usual().await;
        let free = city.free_ports().await.remove(0);
        city.simulator.add_fault(Fault::always(effect.clone()).contains("/save").times(1));
        let outcome = city.geosite.attach(&free, &customer("990013"), &[]).await;
        assert_eq!(told(outcome).0, FailureKind::Unknown, "{effect:?}");
        assert_eq!(city.simulator.seat_of("990013").len(), usize::from(done), "{effect:?}: once, or not at all");
        let looked = city.geosite.look_at_port(&free).await.unwrap();
        assert_eq!(matches!(looked, Occupancy::Taken(_)), done, "{effect:?}");
        // Whoever calls with what he saw before that: nothing is believed, and the customer is not made twice.
        city.geosite.attach(&free, &customer("990013"), &[]).await.unwrap();
        assert_eq!(city.simulator.seat_of("990013").len(), 1, "{effect:?}");
    }
}

#[tokio::test]
async fn b6_a_save_that_was_done_elsewhere_is_found_by_code_before_it_is_repeated() {
    let city = City::usual().await;
    let free = city.free_ports().await;
    city.simulator.add_fault(Fault::always(Effect::ResetAfter).contains("/save").times(1));
    assert!(city.geosite.attach(&free[0], &customer("990015"), &[]).await.is_err());
    city.geosite.attach(&free[9], &customer("990015"), &[]).await.unwrap();
    let seat = (free[9].splitter_external_id.clone(), free[9].sequencia as u32 + 1);
    assert_eq!(city.simulator.seat_of("990015"), [Some(seat)]);
}

#[tokio::test]
async fn b2_a_refusal_with_status_200_is_a_refusal() {
    for (body, code) in [
        (json!({"success": "false", "message": "Perfil de acesso sem permissão"}), "geosite.refused"),
        (json!({"success": false, "message": "A porta já está ocupada"}), "geosite.port_taken"),
    ] {
        let words = body["message"].as_str().unwrap().to_owned();
        let server = writes_get(move || Reply::json(200, body.clone())).await;
        let failure = account(&server.url).0.attach(&port("2", "3", 0), &customer("4411"), &[]).await.unwrap_err();
        assert_eq!((failure.kind, failure.code), (FailureKind::Rejected, code));
        assert!(failure.message.contains(&words), "{}", failure.message);
    }
    for reply in [
        || Reply::Status(200, String::new()),
        || Reply::json(200, json!({"success": "true"})),
        || Reply::json(200, json!(17)),
    ] {
        let server = writes_get(reply).await;
        account(&server.url).0.attach(&port("2", "3", 0), &customer("4411"), &[]).await.unwrap();
    }
}

#[tokio::test]
async fn b2_nothing_but_code_name_document_and_port_is_sent() {
    let server = writes_get(|| Reply::json(200, json!({"success": "true", "fid": 9}))).await;
    let (geosite, _) = account(&server.url);
    let mut ana = customer("4411");
    ana.document = Some("52998224725".to_owned());
    geosite.attach(&port("2", "3", 4), &ana, &[]).await.unwrap();
    let sent = server.seen().into_iter().find(|seen| seen.is("POST", "/cliente/save")).unwrap();
    let sent: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
    let expected =
        json!({"codigo": "4411", "nome": "Ana Lúcia Prado", "documento": "52998224725", "fid_splitter": 3, "porta": 5});
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn p1_neither_secrets_nor_tokens_nor_the_customer_are_told() {
    // Repeats all that it was sent, as some servers do.
    let server = by_hand(|seen| match seen.path.split('?').next().unwrap_or_default() {
        "/splitter/list" => records(json!([{"fid": 3, "fid_caixa": 2, "razao": "1:8"}])),
        "/cliente/list" => records(json!([])),
        _ => Reply::json(422, json!({"message": format!("{:?} {}", seen.authorization, seen.body.to_uppercase())})),
    })
    .await;
    let (geosite, history) = account(&server.url);
    let mut ana = customer("4411");
    ana.document = Some("52998224725".to_owned());
    let failure = geosite.attach(&port("2", "3", 0), &ana, &[]).await.unwrap_err();
    assert_eq!((failure.kind, failure.code), (FailureKind::Rejected, "http.rejected"));
    let told = format!("{failure:?} {:?}", history.lines()).to_lowercase();
    for hidden in ["tok-1f2e", "ref-3d4c", super::PASSWORD, "ana lúcia", "52998224725"] {
        assert!(!told.contains(hidden), "{hidden}: {told}");
    }
    assert!(failure.message.contains("Digicade-Rest-API"), "{told}");
}
