//! The answers, case by case.

use serde_json::json;

use super::*;
use crate::desk::workflows::Explanation;

fn port(service: Option<i64>, transmission: &str) -> Port {
    Port {
        id_porta_atendimento: 812,
        numero_porta: 3,
        id_splitter: 5,
        splitter: None,
        role: "attendance".to_owned(),
        id_caixa_optica: 91,
        caixa: "CTO-091".to_owned(),
        id_projeto: 9,
        projeto: "Centro".to_owned(),
        id_integracao: Some(3),
        integration_name: Some("OZMap Centro".to_owned()),
        platform: Some("ozmap".to_owned()),
        active: Some(true),
        external_id: None,
        blocked: false,
        missing_since: None,
        id_cliente_servico: service,
        cliente: None,
        reservado: false,
        reserved_by: None,
        observacao: None,
        transmission: transmission.to_owned(),
        transmission_error: None,
        transmission_external_id: None,
        data_tentativa_transmissao: None,
        synced_at: None,
        differs: false,
        seen: Seen::default(),
    }
}

fn work(status: &str, ended: bool) -> Summary {
    Summary {
        id: uuid::Uuid::nil(),
        kind: "bind".to_owned(),
        version: None,
        status: status.to_owned(),
        state: None,
        waits_for: None,
        explanation: Explanation { pt: format!("por {status}"), en: format!("because {status}") },
        payload: json!({}),
        result: None,
        requested_by: None,
        dedup_id: None,
        keys: Vec::new(),
        created_at: DateTime::UNIX_EPOCH,
        started_at: None,
        ended_at: ended.then_some(DateTime::UNIX_EPOCH),
        next_at: None,
        trace_id: String::new(),
    }
}

fn service(cancelled: bool) -> Service {
    Service {
        id_cliente_servico: 4411,
        id_cliente: 77,
        codigo_cliente: None,
        nome_razaosocial: None,
        cpf_cnpj: None,
        tipo_pessoa: None,
        numero_plano: None,
        descricao: None,
        status_prefixo: None,
        data_cancelamento: cancelled.then_some(DateTime::UNIX_EPOCH),
        latitude: None,
        longitude: None,
    }
}

#[test]
fn b10_each_transmission_has_its_answer() {
    for (occupant, transmission, stand, words) in [
        (Some(7), "sent", Stand::There, "está no OZMap"),
        (Some(7), "failed", Stand::NotThere, "falhou"),
        (Some(7), "unknown", Stand::NeedsPerson, "não se sabe"),
        (Some(7), "pending", Stand::NotThere, "foi pedido"),
        (Some(7), "never", Stand::NotThere, "nunca foi enviado"),
        (None, "sent", Stand::Nothing, "não tem cliente"),
        (None, "failed", Stand::NotThere, "recusou"),
    ] {
        let said = of_port(&port(occupant, transmission), &[], None);
        assert_eq!(said.stand, stand, "{transmission}");
        assert!(said.pt.contains(words) && said.en != said.pt, "{said:?}");
    }
}

#[test]
fn g8_work_that_has_not_ended_says_why_and_the_oldest_of_it_first() {
    let workflows = [work("queued", false), work("parked", false), work("failed", true)];
    let said = of_port(&port(Some(7), "pending"), &workflows, None);
    assert_eq!(said.stand, Stand::NeedsPerson);
    assert_eq!(said.pt, "ainda não: o vínculo no OZMap por parked");
    let said = of_port(&port(Some(7), "pending"), &workflows[..1], None);
    assert_eq!(said.stand, Stand::UnderWay);
}

#[test]
fn b1_a_port_without_an_integration_and_a_service_without_a_port_say_so() {
    let drawn = Port { platform: None, ..port(Some(7), "never") };
    assert!(of_port(&drawn, &[], None).pt.contains("sem integração"));
    let free = of_service(&service(false), &[], &[work("succeeded", true)], None);
    assert!(free.pt.contains("porta alguma") && free.pt.contains("por succeeded"), "{free:?}");
    assert!(of_service(&service(true), &[], &[], None).en.contains("cancelled"));
    let two = [port(Some(7), "sent"), port(Some(7), "failed")];
    assert_eq!(of_service(&service(false), &two, &[], None).stand, Stand::NotThere, "the one that is not there");
}

#[test]
fn s5_what_the_platform_was_seen_to_say() {
    assert_eq!(seen(&port(Some(7), "sent")).pt, "mostra o serviço 7");
    let reserved = Port { reserved_by: Some("sync".to_owned()), ..port(None, "never") };
    assert!(seen(&reserved).pt.contains("não conhece"));
    assert_eq!(seen(&port(None, "sent")).en, "shows no customer");
    assert_eq!(seen(&port(Some(7), "pending")).en, "not known");
    let (gone, other) = (Some(DateTime::UNIX_EPOCH), true);
    assert!(seen(&Port { missing_since: gone, ..port(Some(7), "sent") }).en.contains("no longer"));
    assert!(seen(&Port { differs: other, ..port(Some(7), "sent") }).en.contains("otherwise"));
}
