//! A migrate by itself: its order, its words and what its ports show.

use serde_json::json;

use super::*;

fn input(more: serde_json::Value) -> Input {
    let mut whole =
        json!({ "id_cliente_servico_antigo": 4410, "id_cliente_servico": 4411, "id_porta_atendimento": 812 });
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

#[test]
fn b7_a_migrate_is_ordered_by_both_services_and_all_ports() {
    assert_eq!(Migrate::keys(&input(json!({}))), ["port:812", "service:4410", "service:4411"]);
    let same = input(json!({ "id_porta_atendimento_antiga": 812 }));
    assert_eq!(Migrate::keys(&same), ["port:812", "service:4410", "service:4411"]);
    let other = input(json!({ "id_porta_atendimento_antiga": 9 }));
    assert_eq!(Migrate::keys(&other), ["port:812", "port:9", "service:4410", "service:4411"]);
}

#[test]
fn b4_what_fails_once_the_old_one_is_off_says_so_in_both_languages() {
    let said = |message: &str| {
        let trouble = Trouble::Refused { code: "x", message: message.to_owned() };
        input(json!({})).half_done(trouble).to_string()
    };
    assert_eq!(
        said("porta ocupada / port taken [«a / b»]"),
        "o serviço antigo (4410) já saiu, o novo (4411) ainda não entrou: porta ocupada / \
         the old service (4410) is off, the new one (4411) is not on yet: port taken [«a / b»]"
    );
    assert_eq!(said("não").matches("não").count(), 3, "a text without a mark stands in both languages");
    assert_eq!(said("a / b / c / d").split(" / ").count(), 4);
}

#[test]
fn b10_the_old_ones_port_is_in_trouble_as_long_as_it_may_be_there() {
    let input = input(json!({ "id_porta_atendimento_antiga": 9 }));
    let failure = engine::workflow::Failure::new(engine::workflow::Class::Transient, "x", "no");
    let told = |at: At| {
        let trouble = InTrouble { at: at.into(), failure: &failure, parked: None };
        let port = |change| match change {
            Change::Transmission { port, .. } => port,
            other => panic!("{other:?}"),
        };
        Migrate::in_trouble(&input, &trouble).into_iter().map(port).collect::<Vec<_>>()
    };
    assert_eq!((told(At::Detaching), told(At::Searching)), (vec![812, 9], vec![812, 9]));
    assert_eq!((told(At::Requested), told(At::Placing), told(At::Attaching)), (vec![812], vec![812], vec![812]));
}
