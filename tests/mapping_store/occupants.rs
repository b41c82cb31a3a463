//! Who sits on the platform's ports: bound, reserved, or a difference for a person (rules S4–S7).

use mapping::change::SyncPart::Occupants;
use serde_json::{Value, json};

use super::world::{World, occupant};

const CPF: &str = "529.982.247-25";

async fn port(world: &World, sequencia: i32) -> Value {
    let sql = format!(
        "select id_cliente_servico as service, reservado, reserved_by, observacao, transmission, transmission_external_id as seat
         from mapping.port where sequencia = {sequencia}"
    );
    world.rows(&sql).await[0].clone()
}

fn customers(result: &Value) -> (i64, i64, i64, i64) {
    let n = |value: &Value| value.as_i64().unwrap();
    let c = &result["customers"];
    (n(&c["bound"]), n(&c["reserved"]), n(&c["ambiguous"]), n(&result["discrepancies"]))
}

#[tokio::test]
async fn s4_a_code_that_is_a_service_binds_once() {
    let world = World::with_ports().await;
    world.customer("", &[4411]).await;
    let page = || vec![Occupants(vec![occupant(2, Some("4411"), None)])];
    assert_eq!(customers(&world.sync(page()).await), (1, 0, 0, 0));
    let expected = json!({ "service": 4411, "reservado": false, "reserved_by": null, "observacao": null, "transmission": "sent", "seat": "seat 2" });
    assert_eq!(port(&world, 2).await, expected);
    let before = world.versions().await;
    assert_eq!(customers(&world.sync(page()).await), (0, 0, 0, 0));
    assert_eq!(world.versions().await, before, "the second sync finds it there and writes nothing");
}

#[tokio::test]
async fn s4_a_document_identifies_where_one_service_can_be_meant() {
    let world = World::with_ports().await;
    world.customer("52998224725", &[1, 2, 3]).await;
    world.run("update hubsoft.customer_service set data_cancelamento = now() where id_cliente_servico = 1").await;
    world.run("update mapping.port set id_cliente_servico = 2 where sequencia = 0").await;
    let sits = || occupant(0, Some("2"), None);
    assert_eq!(customers(&world.sync(vec![Occupants(vec![sits(), occupant(1, None, Some(CPF))])]).await), (1, 0, 0, 0));
    assert_eq!(port(&world, 1).await["service"], 3, "1 is cancelled, 2 sits elsewhere");
    world.customer("11222333000181", &[10]).await;
    let by_code = occupant(2, Some("11.222.333/0001-81"), None);
    let page = vec![sits(), occupant(1, Some("3"), None), by_code];
    assert_eq!(customers(&world.sync(vec![Occupants(page)]).await), (1, 0, 0, 0), "a code that is a document");
    assert_eq!(port(&world, 2).await["service"], 10);
}

#[tokio::test]
async fn s5_unknown_and_ambiguous_customers_reserve_and_are_not_rewritten() {
    let world = World::with_ports().await;
    world.customer(CPF, &[1, 2]).await;
    let page = || vec![Occupants(vec![occupant(0, Some("999"), None), occupant(1, None, Some("52998224725"))])];
    assert_eq!(customers(&world.sync(page()).await), (0, 2, 1, 0));
    let held = port(&world, 0).await;
    assert_eq!(
        (&held["reservado"], &held["reserved_by"], &held["transmission"]),
        (&json!(true), &json!("sync"), &json!("never"))
    );
    assert_eq!(held["observacao"], "Ocupada na plataforma de mapeamento: nome Ana, código 999");
    let before = world.versions().await;
    assert_eq!(customers(&world.sync(page()).await), (0, 0, 1, 0));
    assert_eq!(world.versions().await, before);
}

#[tokio::test]
async fn s6_the_confirmed_occupant_stays_and_the_difference_is_one_open_row() {
    let world = World::with_ports().await;
    world.customer("", &[7, 4411]).await;
    world.run("update mapping.port set id_cliente_servico = 7 where sequencia = 0").await;
    let page = || vec![Occupants(vec![occupant(0, Some("4411"), None)])];
    assert_eq!(customers(&world.sync(page()).await), (0, 0, 0, 1));
    assert_eq!(port(&world, 0).await["service"], 7);
    let open = "select kind, ours ->> 'id_cliente_servico' as ours, theirs ->> 'code' as theirs, settled_by from mapping.discrepancy";
    assert_eq!(
        world.rows(open).await,
        json!([{ "kind": "other_occupant", "ours": "7", "theirs": "4411", "settled_by": null }])
    );
    let before = world.versions().await;
    assert_eq!(customers(&world.sync(page()).await), (0, 0, 0, 1));
    assert_eq!(world.versions().await, before, "since the first night");
    world.sync(vec![Occupants(vec![occupant(0, Some("7"), None)])]).await;
    assert_eq!(world.rows("select settled_by from mapping.discrepancy").await, json!([{ "settled_by": "sync" }]));
}

#[tokio::test]
async fn s6_what_a_person_ignores_stays_ignored_until_it_changes() {
    let world = World::with_ports().await;
    world.run("update mapping.port set id_cliente_servico = 7 where sequencia = 0").await;
    world.sync(vec![Occupants(vec![occupant(0, Some("4411"), None)])]).await;
    world.run("update mapping.discrepancy set settled_at = now(), settled_by = 'ana', settlement = 'ignore'").await;
    assert_eq!(customers(&world.sync(vec![Occupants(vec![occupant(0, Some("4411"), None)])]).await).3, 0);
    assert_eq!(customers(&world.sync(vec![Occupants(vec![occupant(0, Some("4412"), None)])]).await).3, 1);
}

#[tokio::test]
async fn s6_a_service_on_two_ports_is_recorded() {
    let world = World::with_ports().await;
    world.customer("", &[4411]).await;
    let both = vec![occupant(0, Some("4411"), None), occupant(1, Some("4411"), None)];
    assert_eq!(customers(&world.sync(vec![Occupants(both)]).await), (1, 0, 0, 1));
    assert_eq!(port(&world, 1).await["service"], Value::Null);
    assert_eq!(world.rows("select kind from mapping.discrepancy").await, json!([{ "kind": "two_ports" }]));
}

#[tokio::test]
async fn s7_a_syncs_reservation_is_lifted_when_the_port_is_free_or_its_customer_known() {
    let world = World::with_ports().await;
    world
        .sync(vec![Occupants(vec![
            occupant(0, Some("4411"), None),
            occupant(1, Some("X"), None),
            occupant(2, Some("Y"), None),
        ])])
        .await;
    world
        .run(
            "update mapping.port set reservado = true, reserved_by = 'person', observacao = 'obra' where sequencia = 3",
        )
        .await;
    world.customer("", &[4411]).await;
    assert_eq!(
        customers(
            &world.sync(vec![Occupants(vec![occupant(0, Some("4411"), None), occupant(2, Some("Y"), None)])]).await
        ),
        (1, 0, 0, 0)
    );
    let now = world.rows("select sequencia, reservado, reserved_by from mapping.port order by 1").await;
    assert_eq!(
        now,
        json!([{ "sequencia": 0, "reservado": false, "reserved_by": null }, { "sequencia": 1, "reservado": false, "reserved_by": null },
               { "sequencia": 2, "reservado": true, "reserved_by": "sync" }, { "sequencia": 3, "reservado": true, "reserved_by": "person" }])
    );
}

#[tokio::test]
async fn s7_a_sync_that_does_not_look_at_occupants_lifts_nothing() {
    let world = World::with_ports().await;
    world.sync(vec![Occupants(vec![occupant(0, Some("X"), None)])]).await;
    world.sync(vec![]).await;
    assert_eq!(port(&world, 0).await["reservado"], true);
}

#[tokio::test]
async fn s6_ports_with_work_under_way_are_left_to_the_next_sync() {
    let world = World::with_ports().await;
    world.customer("", &[7, 8, 9, 10]).await;
    let ids = [world.port(0).await, world.port(1).await, world.port(2).await, world.port(3).await];
    world.run("update mapping.port set id_cliente_servico = 7, transmission = 'pending' where sequencia = 0").await;
    world.run(format!("insert into enlace.run_key values ('port:{}', 1, gen_random_uuid())", ids[1])).await;
    // HubSoft has just taken service 9 off port 2; nobody has taken that in yet.
    world
        .run(format!(
            "select enlace.enqueue('unbind', '{{\"id_porta_atendimento\": {}, \"id_cliente_servico\": 9}}')",
            ids[2]
        ))
        .await;
    // Transmitted after the page was asked for.
    world
        .run(
            "update mapping.port set data_tentativa_transmissao = enlace.now() + interval '1 hour' where sequencia = 3",
        )
        .await;
    let page = vec![
        occupant(0, Some("8"), None),
        occupant(1, Some("8"), None),
        occupant(2, Some("9"), None),
        occupant(3, Some("10"), None),
    ];
    let before = world.versions().await;
    assert_eq!(customers(&world.sync(vec![Occupants(page)]).await), (0, 0, 0, 0));
    assert_eq!(world.versions().await, before);
}
