//! What operations' changes leave on ports, and that they cost no index (rules B1, B9, B10).

use mapping::{Change, Transmission};
use serde_json::json;
use uuid::Uuid;

use super::world::World;

fn of(change: Change) -> (Uuid, Change) {
    (Uuid::now_v7(), change)
}

#[tokio::test]
async fn b10_ports_show_their_transmission_the_last_one_counts() {
    let world = World::with_ports().await;
    let (a, b, c) = (world.port(0).await, world.port(1).await, world.port(2).await);
    let shows = |port, shows| of(Change::Transmission { port, shows });
    world
        .apply(vec![
            shows(c, Transmission::Unknown),
            shows(a, Transmission::Pending),
            shows(b, Transmission::Failed("no".into())),
            shows(a, Transmission::Sent(Some("seat".into()))),
        ])
        .await;
    let now = world.rows("select transmission, transmission_error as error, transmission_external_id as seat, data_tentativa_transmissao is not null as tried from mapping.port order by sequencia").await;
    assert_eq!(
        now,
        json!([{ "transmission": "sent", "error": null, "seat": "seat", "tried": true }, { "transmission": "failed", "error": "no", "seat": null, "tried": true },
               { "transmission": "unknown", "error": null, "seat": null, "tried": true }, { "transmission": "never", "error": null, "seat": null, "tried": false }])
    );
}

#[tokio::test]
async fn g14_a_transmission_grows_no_index() {
    let world = World::with_ports().await;
    let (mut transaction, port) = (world.pool.begin().await.unwrap(), world.port(0).await);
    for shows in [Transmission::Pending, Transmission::Sent(None)] {
        mapping::apply(&mut transaction, vec![of(Change::Transmission { port, shows })]).await.unwrap();
    }
    let counts: (i64, i64) = sqlx::query_as(
        "select pg_stat_get_xact_tuples_updated('mapping.port'::regclass), pg_stat_get_xact_tuples_hot_updated('mapping.port'::regclass)",
    )
    .fetch_one(&mut *transaction)
    .await
    .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(counts, (2, 2), "every update was a HOT one");
    let indexed = world.rows("select 1 from pg_index i where indrelid = 'mapping.port'::regclass and exists (
        select from pg_attribute a where a.attrelid = i.indrelid and a.attname like '%transmiss%' and a.attnum = any (i.indkey))").await;
    assert_eq!(indexed, json!([]), "no column of the transmission is indexed");
}

#[tokio::test]
async fn b9_a_service_moves_and_a_stranger_stays() {
    let world = World::with_ports().await;
    let (a, b) = (world.port(0).await, world.port(1).await);
    world.run("update mapping.port set id_cliente_servico = 7 where sequencia = 0").await;
    world
        .run("update mapping.port set reservado = true, reserved_by = 'sync', observacao = 'x' where sequencia = 1")
        .await;
    world
        .apply(vec![
            of(Change::Vacate { port: a, service: 7 }),
            of(Change::Occupy { port: b, service: 7, lift_reservation: true }),
            of(Change::Occupy { port: a, service: 8, lift_reservation: false }),
            of(Change::Vacate { port: a, service: 999 }),
        ])
        .await;
    let now = world.rows("select id_cliente_servico as service, reservado, observacao from mapping.port where sequencia < 2 order by sequencia").await;
    assert_eq!(
        now,
        json!([{ "service": 8, "reservado": false, "observacao": null }, { "service": 7, "reservado": false, "observacao": null }])
    );
    assert_eq!(mapping::store::other_ports_of(&world.pool, 7, a).await.unwrap(), [b]);
}

#[tokio::test]
async fn b3_one_open_discrepancy_per_port_and_kind() {
    let world = World::with_ports().await;
    let port = world.port(0).await;
    let differ =
        |theirs| of(Change::Discrepancy { port, kind: "other_occupant".into(), ours: json!(1), theirs: json!(theirs) });
    world.apply(vec![differ(2), differ(3)]).await;
    world.apply(vec![differ(4)]).await;
    assert_eq!(world.rows("select theirs from mapping.discrepancy").await, json!([{ "theirs": 4 }]));
}

#[tokio::test]
async fn b1_a_port_tells_its_surroundings() {
    let world = World::with_ports().await;
    let port = mapping::store::port(&world.pool, world.port(3).await).await.unwrap().unwrap();
    assert_eq!(
        (port.address.box_external_id.as_str(), port.address.splitter_external_id.as_str(), port.address.sequencia),
        ("b", "s", 3)
    );
    assert_eq!(port.integration.map(|i| (i.id, i.active, i.elements.len())), Some((world.integration, true, 2)));
    world.run("update mapping.splitter set external_id = null").await;
    let drawn = mapping::store::port(&world.pool, port.id).await.unwrap().unwrap();
    assert_eq!(drawn.integration, None, "a person drew it: nothing is sent");
    assert_eq!(mapping::store::port(&world.pool, -1).await.unwrap(), None);
}

#[tokio::test]
async fn b2_a_service_with_its_customer() {
    let world = World::new().await;
    world.customer("52998224725", &[4411]).await;
    let service = mapping::store::service(&world.pool, 4411).await.unwrap().unwrap();
    assert_eq!((service.name.as_str(), service.document.as_deref(), service.place), ("Ana", Some("52998224725"), None));
}
