//! Ports on which the platform shows nobody, and how differences end by themselves (rules S6, S9).

use mapping::change::SyncPart::{Begun, Occupants, Unseen};
use mapping::{Change, Transmission};
use platforms::OccupantElement;
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{World, occupant};

/// A world whose HubSoft has service 7 on the first port, as the platform had it once.
async fn bound() -> World {
    let world = World::with_ports().await;
    world.customer("", &[7, 8]).await;
    world
        .run("update mapping.port set id_cliente_servico = 7, transmission = 'sent', transmission_external_id = 'seat' where sequencia = 0")
        .await;
    world
}

fn nobody() -> Vec<OccupantElement> {
    vec![occupant(3, Some("X"), None)]
}

async fn told(world: &World) -> Value {
    world
        .rows("select kind, ours ->> 'id_cliente_servico' as ours, settled_by from mapping.discrepancy order by id")
        .await
}

#[tokio::test]
async fn s6_a_port_that_the_platform_shows_free_keeps_its_occupant_and_is_one_open_difference() {
    let world = bound().await;
    // A sync that does not look at customers knows nothing of free ports.
    world.sync(vec![]).await;
    assert_eq!(told(&world).await, json!([]));
    assert_eq!(world.sync(vec![Occupants(nobody())]).await["discrepancies"], 1);
    assert_eq!(told(&world).await, json!([{ "kind": "not_on_platform", "ours": "7", "settled_by": null }]));
    assert_eq!(
        world.rows("select id_cliente_servico as s from mapping.port where sequencia = 0").await,
        json!([{ "s": 7 }])
    );
    let before = world.versions().await;
    assert_eq!(world.sync(vec![Occupants(nobody())]).await["discrepancies"], 1);
    assert_eq!(world.versions().await, before, "since the first night");
    let left = world.rows("select count(*)::int as n from mapping.sync_occupied").await;
    assert_eq!(left, json!([{ "n": 0 }]), "nothing is remembered behind the end");
    // Now the platform shows somebody else there, then him, then nobody, and HubSoft frees it.
    world.sync(vec![Occupants(vec![occupant(0, Some("8"), None)])]).await;
    world.sync(vec![Occupants(vec![occupant(0, Some("7"), None)])]).await;
    world.sync(vec![Occupants(nobody())]).await;
    world.run("update mapping.port set id_cliente_servico = null where sequencia = 0").await;
    world.sync(vec![Occupants(nobody())]).await;
    let (gone, other) = ("not_on_platform", "other_occupant");
    let settled = |kind| json!({ "kind": kind, "ours": "7", "settled_by": "sync" });
    assert_eq!(
        told(&world).await,
        json!([settled(gone), settled(other), settled(gone)]),
        "each ends when it is no longer so"
    );
}

#[tokio::test]
async fn s6_a_port_with_work_under_way_or_gone_upstream_is_not_compared() {
    let world = bound().await;
    let port = world.port(0).await;
    let silent = async |why: &str, undo: &str| {
        assert_eq!(world.sync(vec![Occupants(nobody())]).await["discrepancies"], 0, "{why}");
        world.run(undo).await;
    };
    world.run("update mapping.port set transmission = 'pending' where sequencia = 0").await;
    silent("pending", "update mapping.port set transmission = 'sent' where sequencia = 0").await;
    for key in [format!("port:{port}"), "service:7".to_owned()] {
        world.run(format!("insert into enlace.run_key values ('{key}', 1, gen_random_uuid())")).await;
        silent(&key, "delete from enlace.run_key").await;
    }
    world.run("update mapping.box set missing_since = now()").await;
    silent("a missing box offers no ports", "update mapping.box set missing_since = null").await;
    world
        .run(
            "update mapping.port set data_tentativa_transmissao = enlace.now() + interval '1 hour' where sequencia = 0",
        )
        .await;
    silent("transmitted since", "update mapping.port set data_tentativa_transmissao = null where sequencia = 0").await;
    world
        .run(format!(
            "select enlace.enqueue('bind', '{{\"id_porta_atendimento\": {port}, \"id_cliente_servico\": 7}}')"
        ))
        .await;
    silent("not taken in yet", "delete from enlace.outbox").await;
    assert_eq!(world.sync(vec![Occupants(nobody())]).await["discrepancies"], 1, "and now it is");
}

#[tokio::test]
async fn s6_what_is_ignored_comes_back_once_it_has_not_been_so_for_a_while() {
    let world = bound().await;
    world.sync(vec![Occupants(nobody())]).await;
    let ignore = "update mapping.discrepancy set settled_at = now(), settled_by = 'ana', settlement = 'ignore' where settled_at is null";
    world.run(ignore).await;
    assert_eq!(world.sync(vec![Occupants(nobody())]).await["discrepancies"], 0, "both sides say the same");
    world.sync(vec![Occupants(vec![occupant(0, Some("7"), None)])]).await;
    assert_eq!(world.sync(vec![Occupants(nobody())]).await["discrepancies"], 1, "it is another one");
}

#[tokio::test]
async fn s6_a_difference_ends_when_the_platform_shows_what_hubsoft_wants() {
    let world = bound().await;
    let port = world.port(0).await;
    world.sync(vec![Occupants(vec![occupant(0, Some("8"), None)])]).await;
    let of = |change| (Uuid::now_v7(), change);
    let sent = || of(Change::Transmission { port, shows: Transmission::Sent(None) });
    let again = of(Change::Discrepancy {
        port,
        kind: "other_occupant".into(),
        ours: json!({ "id_cliente_servico": 7 }),
        theirs: json!({ "code": "9", "external_id": "z" }),
    });
    world.apply(vec![sent(), again]).await;
    assert_eq!(told(&world).await[0]["settled_by"], Value::Null, "the same answer says that it still differs");
    let known = world.rows("select theirs_service as s from mapping.discrepancy").await;
    assert_eq!(known, json!([{ "s": 9 }]), "whom theirs is meant to be");
    world.apply(vec![sent()]).await;
    assert_eq!(told(&world).await, json!([{ "kind": "other_occupant", "ours": "7", "settled_by": "enlace" }]));
}

#[tokio::test]
async fn s9_a_list_of_customers_that_came_empty_is_known_for_one_and_numbers_go_on_page_by_page() {
    let world = bound().await;
    let run = Uuid::now_v7();
    world.write(run, vec![Begun]).await;
    let nobody = async || mapping::store::nobody_seen(&world.pool, run).await.unwrap().known;
    assert_eq!(nobody().await, 0, "it has not looked");
    world.write(run, vec![Occupants(vec![])]).await;
    assert_eq!(nobody().await, 1, "it has, and there was somebody before");
    let first = mapping::store::unseen(&world.pool, run, 0).await.unwrap();
    assert_eq!(first, [world.port(0).await]);
    assert!(mapping::store::unseen(&world.pool, run, first[0]).await.unwrap().is_empty());
    world.write(run, vec![Occupants(vec![occupant(0, Some("7"), None)])]).await;
    assert_eq!(nobody().await, 0);
    assert!(mapping::store::unseen(&world.pool, run, 0).await.unwrap().is_empty());
    world.write(run, vec![Unseen(vec![])]).await;
}

#[tokio::test]
async fn s9_an_integration_may_set_its_own_share() {
    let world = World::with_ports().await;
    let run = Uuid::now_v7();
    world.write(run, vec![Begun]).await;
    let percent = async || {
        let vanishing = mapping::store::would_vanish(&world.pool, run, platforms::ElementKind::Box).await.unwrap();
        assert_eq!((vanishing.missing, vanishing.known), (1, 1));
        vanishing.most_percent
    };
    assert_eq!(percent().await, 10);
    world.run("update mapping.integration set settings = '{\"missing_percent\": 40}'").await;
    assert_eq!(percent().await, 40);
}

#[tokio::test]
async fn s11_a_sync_that_is_called_off_leaves_no_project_that_is_being_synced() {
    let world = World::with_ports().await;
    let run = Uuid::now_v7();
    world.write(run, vec![Begun, Occupants(vec![occupant(0, Some("X"), None)])]).await;
    let end = |status: &str| {
        format!(
            "insert into enlace.finished (id, kind, version, status, state) values ('{run}', 'sync', 2, '{status}', 'pulling_occupants')"
        )
    };
    world.run(end("cancelled")).await;
    let shown = "select em_sincronizacao, erro_sincronizacao like '%called off%' as says, ultima_sincronizacao is not null as at from mapping.project";
    assert_eq!(world.rows(shown).await, json!([{ "em_sincronizacao": false, "says": true, "at": true }]));
    let run_row = "select phase, ended_at is not null as ended from mapping.sync_run order by begun_at desc limit 1";
    assert_eq!(world.rows(run_row).await, json!([{ "phase": "failed", "ended": true }]));
    let left =
        "select (select count(*) from mapping.sync_seen)::int + (select count(*) from mapping.sync_occupied)::int as n";
    assert_eq!(world.rows(left).await, json!([{ "n": 0 }]));
    // A row that moves to another partition later says nothing of the sync that runs by then.
    world.run("delete from enlace.finished").await;
    world.write(Uuid::now_v7(), vec![Begun]).await;
    world.run(end("cancelled")).await;
    assert_eq!(world.rows("select em_sincronizacao from mapping.project").await, json!([{ "em_sincronizacao": true }]));
}
