//! Boxes, splitters, ports, poles, cables: created, updated, missing, back again (rules S2, S3, S8–S10).

use mapping::change::SyncPart::{Begun, Failed, Finished};
use mapping::change::SyncPart::{Boxes, Cables, Missing, Poles, Splitters, Total};
use platforms::{CableElement, ElementKind, Place, PoleElement, SplitterRole};
use serde_json::json;
use uuid::Uuid;

use super::world::{World, a_box, splitter};

fn pole(id: &str) -> PoleElement {
    PoleElement { external_id: id.into(), name: id.into(), place: Some(Place { latitude: -27.0, longitude: -48.0 }) }
}

fn cable(id: &str) -> CableElement {
    let path = vec![Place { latitude: -27.0, longitude: -48.0 }, Place { latitude: -27.1, longitude: -48.123_456_789 }];
    CableElement { external_id: id.into(), name: None, path }
}

#[tokio::test]
async fn s2_a_second_sync_with_nothing_changed_writes_no_element_row() {
    let world = World::new().await;
    let parts = || {
        let splitters = vec![splitter("s", "b", 8), splitter("t", "c", 8)];
        vec![
            Boxes(vec![a_box("b"), a_box("c")]),
            Splitters(splitters),
            Poles(vec![pole("p")]),
            Cables(vec![cable("k")]),
            Missing(ElementKind::Cable),
            Missing(ElementKind::Splitter),
            Missing(ElementKind::Box),
        ]
    };
    let first = world.sync(parts()).await;
    assert_eq!(
        first["elements"]["box"],
        json!({ "seen": 2, "created": 2, "updated": 0, "unchanged": 0, "missing": 0 })
    );
    assert_eq!(first["elements"]["port"]["created"], 16);
    let before = world.versions().await;
    let second = world.sync(parts()).await;
    assert_eq!(world.versions().await, before, "no row was written or locked");
    for (kind, seen) in [("box", 2), ("splitter", 2), ("port", 16), ("pole", 1), ("cable", 1)] {
        assert_eq!(
            second["elements"][kind],
            json!({ "seen": seen, "created": 0, "updated": 0, "unchanged": seen, "missing": 0 })
        );
    }
}

#[tokio::test]
async fn s2_only_what_differs_is_rewritten() {
    let world = World::new().await;
    world.sync(vec![Boxes(vec![a_box("b"), a_box("c")]), Splitters(vec![splitter("s", "b", 2)])]).await;
    let mut renamed = a_box("c");
    renamed.name = "CTO nova".into();
    let result = world.sync(vec![Boxes(vec![a_box("b"), renamed]), Splitters(vec![splitter("s", "c", 2)])]).await;
    assert_eq!(result["elements"]["box"]["updated"], 1);
    assert_eq!(result["elements"]["box"]["unchanged"], 1);
    assert_eq!(result["elements"]["splitter"]["updated"], 1, "it moved to another box");
    assert_eq!(result["elements"]["port"]["updated"], 2, "and its ports with it");
    let moved = world.rows("select count(*)::int as n from mapping.port join mapping.box using (id_caixa_optica) where nome = 'CTO nova'").await;
    assert_eq!(moved, json!([{ "n": 2 }]));
}

#[tokio::test]
async fn s2_an_element_that_a_page_shows_twice_is_one() {
    let world = World::new().await;
    let result = world.sync(vec![Boxes(vec![a_box("b"), a_box("b")]), Boxes(vec![a_box("b")])]).await;
    assert_eq!(
        result["elements"]["box"],
        json!({ "seen": 1, "created": 1, "updated": 0, "unchanged": 0, "missing": 0 })
    );
}

#[tokio::test]
async fn s3_only_attendance_splitters_give_ports() {
    let world = World::new().await;
    let mut feeding = splitter("d", "b", 4);
    feeding.role = SplitterRole::Distribution;
    let mut unsure = splitter("u", "b", 4);
    unsure.role = SplitterRole::Unknown;
    world.sync(vec![Boxes(vec![a_box("b")]), Splitters(vec![splitter("a", "b", 4), feeding, unsure])]).await;
    let ports = world
        .rows("select s.external_id, s.role, count(p)::int as ports from mapping.splitter s left join mapping.port p using (id_splitter)
               group by s.id_splitter order by 1")
        .await;
    assert_eq!(
        ports,
        json!([{ "external_id": "a", "role": "attendance", "ports": 4 }, { "external_id": "d", "role": "distribution", "ports": 0 },
               { "external_id": "u", "role": "unknown", "ports": 4 }])
    );
}

#[tokio::test]
async fn s3_a_splitter_that_turns_to_distribution_loses_its_ports_but_not_their_customers() {
    let world = World::with_ports().await;
    world.run("update mapping.port set id_cliente_servico = 7 where sequencia = 2").await;
    let mut turned = splitter("s", "b", 0);
    turned.role = SplitterRole::Distribution;
    let result = world.sync(vec![Splitters(vec![turned])]).await;
    assert_eq!(result["elements"]["port"]["missing"], 4);
    let kept = world.rows("select count(*)::int as n, max(id_cliente_servico)::int as service from mapping.port where missing_since is not null").await;
    assert_eq!(kept, json!([{ "n": 4, "service": 7 }]));
    let back = world.sync(vec![Splitters(vec![splitter("s", "b", 3)])]).await;
    assert_eq!(back["elements"]["port"]["updated"], 3, "the fourth stays away");
}

#[tokio::test]
async fn s8_what_is_gone_is_dated_and_comes_back_under_its_id() {
    let world = World::new().await;
    let all = || {
        vec![
            Boxes(vec![a_box("b"), a_box("c")]),
            Splitters(vec![splitter("s", "b", 2), splitter("t", "c", 2)]),
            Poles(vec![pole("p")]),
            Cables(vec![cable("k")]),
        ]
    };
    world.sync(all()).await;
    let ids = world.rows("select id_caixa_optica, external_id from mapping.box order by 1").await;
    let port = world.port(0).await;
    let less = vec![
        Boxes(vec![a_box("c")]),
        Splitters(vec![splitter("t", "c", 2)]),
        Poles(vec![]),
        Cables(vec![]),
        Missing(ElementKind::Box),
        Missing(ElementKind::Splitter),
        Missing(ElementKind::Pole),
        Missing(ElementKind::Cable),
    ];
    let result = world.sync(less).await;
    for (kind, missing) in [("box", 1), ("splitter", 1), ("port", 2), ("pole", 1), ("cable", 1)] {
        assert_eq!(result["elements"][kind]["missing"], missing, "{kind}");
    }
    assert!(mapping::store::port(&world.pool, port).await.unwrap().unwrap().missing);
    let back = world.sync(all()).await;
    assert_eq!(back["elements"]["box"]["updated"], 1);
    assert_eq!(world.rows("select id_caixa_optica, external_id from mapping.box order by 1").await, ids);
    let still = world.rows("select external_id from mapping.box where missing_since is not null union all select external_id from mapping.splitter where missing_since is not null union all select external_id from mapping.pole where missing_since is not null").await;
    assert_eq!(still, json!([]));
    assert!(!mapping::store::port(&world.pool, port).await.unwrap().unwrap().missing);
}

#[tokio::test]
async fn s8_what_a_person_drew_in_hubsoft_is_never_missing() {
    let world = World::new().await;
    world.run(format!("insert into mapping.box (id_projeto, nome) values ({}, 'à mão')", world.project)).await;
    let result = world.sync(vec![Boxes(vec![a_box("b")]), Missing(ElementKind::Box)]).await;
    assert_eq!(result["elements"]["box"]["missing"], 0);
}

#[tokio::test]
async fn s9_what_would_vanish_is_known_before_it_is_marked() {
    let world = World::new().await;
    let city = |n: i32| (0..n).map(|i| a_box(&i.to_string())).collect::<Vec<_>>();
    world.sync(vec![Boxes(city(100))]).await;
    let run = Uuid::now_v7();
    world.write(run, vec![Begun, Boxes(city(70))]).await;
    let vanishing = mapping::store::would_vanish(&world.pool, run, ElementKind::Box).await.unwrap();
    assert_eq!((vanishing.missing, vanishing.known, vanishing.suspicious()), (30, 100, true));
    let none = mapping::store::would_vanish(&world.pool, run, ElementKind::Pole).await.unwrap();
    assert_eq!((none.missing, none.known), (0, 0));
}

#[tokio::test]
async fn s10_pages_of_one_run_count_together_and_leave_nothing_behind() {
    let world = World::new().await;
    let run = Uuid::now_v7();
    world
        .write(run, vec![Begun, Boxes(vec![a_box("a"), a_box("b")]), Total { kind: ElementKind::Box, total: 3 }])
        .await;
    let progress = mapping::store::sync_progress(&world.pool, run).await.unwrap();
    assert_eq!((&progress["phase"], &progress["elements"]["box"]["total"]), (&json!("boxes"), &json!(3)));
    world.write(run, vec![Boxes(vec![a_box("c")]), Finished]).await;
    let result = mapping::store::sync_result(&world.pool, run).await.unwrap();
    assert_eq!(result["elements"]["box"]["seen"], 3);
    assert_eq!(world.rows("select count(*)::int as n from mapping.sync_seen").await, json!([{ "n": 0 }]));
}

#[tokio::test]
async fn s11_the_project_shows_how_its_sync_stands() {
    let world = World::new().await;
    let shown = "select em_sincronizacao, erro_sincronizacao, ultima_sincronizacao is not null as ended,
                 data_sincronizacao_completa is not null as complete from mapping.project";
    let run = Uuid::now_v7();
    world.write(run, vec![Begun]).await;
    assert_eq!(
        world.rows(shown).await,
        json!([{ "em_sincronizacao": true, "erro_sincronizacao": null, "ended": false, "complete": false }])
    );
    world.write(run, vec![Failed("no answer".into())]).await;
    assert_eq!(
        world.rows(shown).await,
        json!([{ "em_sincronizacao": false, "erro_sincronizacao": "no answer", "ended": true, "complete": false }])
    );
    assert_eq!(
        mapping::store::last_sync_ended(&world.pool, world.integration).await.unwrap(),
        None,
        "failed is not done"
    );
    world.sync(vec![]).await;
    assert_eq!(
        world.rows(shown).await,
        json!([{ "em_sincronizacao": false, "erro_sincronizacao": null, "ended": true, "complete": true }])
    );
    assert!(mapping::store::last_sync_ended(&world.pool, world.integration).await.unwrap().is_some());
}

#[tokio::test]
async fn a_splitter_in_a_box_that_is_not_there_is_skipped() {
    let world = World::new().await;
    let result = world.sync(vec![Splitters(vec![splitter("s", "nowhere", 4)])]).await;
    assert_eq!(
        result["elements"]["splitter"],
        json!({ "seen": 1, "created": 0, "updated": 0, "unchanged": 0, "missing": 0, "skipped": 1 })
    );
}
