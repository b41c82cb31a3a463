//! The radius search (rule V3) against brute force, and what it counts; boxes registered beside a sync (rule V2).

use std::f64::consts::{FRAC_PI_2, TAU};

use chrono::Utc;
use mapping::Change;
use mapping::change::SyncPart;
use mapping::viability::{EARTH_METRES, FreePort, Named, Wanted, lacking, search};
use platforms::{BoxElement, Place, PortElement, WholeBox};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use serde_json::json;
use uuid::Uuid;

use super::world::{World, a_box, occupant, splitter};

/// Another formula than the one that is tested: the angle between two directions from the Earth's centre, by their chord.
fn chord_metres(a: Place, b: Place) -> f64 {
    let direction = |p: Place| {
        let (lat, lon) = (p.latitude.to_radians(), p.longitude.to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    };
    let (a, b) = (direction(a), direction(b));
    let chord = (0..3).map(|n| (a[n] - b[n]).powi(2)).sum::<f64>().sqrt();
    2.0 * EARTH_METRES * (chord / 2.0).min(1.0).asin()
}

/// The place that lies so far from another one in a direction.
fn from(p: Place, metres: f64, bearing: f64) -> Place {
    let (lat, lon, angle) = (p.latitude.to_radians(), p.longitude.to_radians(), metres / EARTH_METRES);
    let sine = lat.sin() * angle.cos() + lat.cos() * angle.sin() * bearing.cos();
    let there = sine.clamp(-1.0, 1.0).asin().clamp(-FRAC_PI_2, FRAC_PI_2);
    let turned = (bearing.sin() * angle.sin() * lat.cos()).atan2(angle.cos() - lat.sin() * there.sin());
    let longitude = ((lon + turned).to_degrees() + 540.0).rem_euclid(360.0) - 180.0;
    Place { latitude: there.to_degrees(), longitude }
}

fn around(world: &World, place: Place, radius_metres: f64) -> Wanted {
    Wanted { place: Some(place), radius_metres, projects: vec![world.project], named: Vec::new(), ports: false }
}

async fn draw(world: &World, places: &[Place]) -> Vec<i64> {
    sqlx::query_scalar(
        "insert into mapping.box (id_projeto, nome, latitude, longitude)
         select $1, 'CTO', t.a, t.b from unnest($2::float8[], $3::float8[]) with ordinality as t (a, b, n) order by t.n
         returning id_caixa_optica",
    )
    .bind(world.project)
    .bind(places.iter().map(|p| p.latitude).collect::<Vec<_>>())
    .bind(places.iter().map(|p| p.longitude).collect::<Vec<_>>())
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn v3_the_search_finds_what_brute_force_finds_at_the_poles_and_the_antimeridian_too() {
    let seed: u64 =
        std::env::var("ENLACE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("ENLACE_TEST_SEED={seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let world = World::new().await;
    let mut centres: Vec<Place> =
        [(-23.55, -46.63), (90.0, 0.0), (-89.9, 40.0), (-17.0, 180.0), (5.0, -179.99), (0.0, 0.0)]
            .map(|(latitude, longitude)| Place { latitude, longitude })
            .to_vec();
    centres.extend((0..30).map(|_| Place {
        latitude: f64::asin(rng.random_range(-1.0..1.0)).to_degrees(),
        longitude: rng.random_range(-180.0..180.0),
    }));
    let questions: Vec<(Place, f64)> =
        centres.iter().map(|c| (*c, 10_f64.powf(rng.random_range(0.0..4.7)).min(50_000.0))).collect();
    let mut places = vec![Place { latitude: 5.0, longitude: 180.0 }, Place { latitude: 5.0, longitude: -180.0 }];
    for (centre, radius) in &questions {
        places.extend((0..40).map(|_| from(*centre, radius * rng.random_range(0.0..2.0), rng.random_range(0.0..TAU))));
    }
    let ids = draw(&world, &places).await;
    let mut inside = 0;
    for (centre, radius) in questions {
        let found = search(&world.pool, &around(&world, centre, radius)).await.unwrap();
        let metres = |place: &Place| chord_metres(*place, centre);
        // Two formulas may differ by a hair's breadth at the edge itself.
        let sure = places.iter().zip(&ids).filter(|(p, _)| (metres(p) - radius).abs() > 1e-4);
        let mut expected: Vec<i64> = sure.filter(|(p, _)| metres(p) < radius).map(|(_, id)| *id).collect();
        expected.sort_unstable();
        let place_of = |id: i64| places[ids.iter().position(|one| *one == id).unwrap()];
        let mut seen: Vec<i64> = found.boxes.iter().map(|b| b.id).collect();
        seen.retain(|id| (metres(&place_of(*id)) - radius).abs() > 1e-4);
        seen.sort_unstable();
        assert_eq!(seen, expected, "{centre:?} {radius}");
        assert!(found.boxes.iter().all(|b| (b.metres - metres(&b.place)).abs() < 1e-3), "{centre:?} {radius}");
        assert!(found.boxes.is_sorted_by(|a, b| a.metres <= b.metres), "nearest first");
        inside += seen.len();
    }
    assert!(inside > 300, "{inside} of {}", places.len());
}

#[tokio::test]
async fn v3_what_is_missing_planned_or_blocked_is_not_offered_and_each_port_is_counted_once() {
    let world = World::new().await;
    let home = Place { latitude: -27.6, longitude: -48.5 };
    let planned = BoxElement { allows_viability: false, ..a_box("planned") };
    let nowhere = BoxElement { place: None, ..a_box("nowhere") };
    let mut s = splitter("s", "b", 8);
    s.ports[7] = PortElement { blocked: true, ..s.ports[7].clone() };
    let boxes = vec![a_box("b"), a_box("gone"), planned, nowhere];
    world.customer("", &[4411]).await;
    let people = vec![occupant(0, Some("4411"), None), occupant(1, Some("?"), None)];
    let parts = vec![SyncPart::Boxes(boxes), SyncPart::Splitters(vec![s]), SyncPart::Occupants(people)];
    world.sync(parts).await;
    world
        .run(
            "update mapping.box set missing_since = now() where external_id = 'gone';
             update mapping.port set missing_since = now() where sequencia = 6;
             update mapping.port set reservado = true, reserved_by = 'person' where sequencia = 5;
             insert into mapping.splitter (id_caixa_optica, external_id, role) select id_caixa_optica, 'd', 'distribution' from mapping.box where external_id = 'b';
             insert into mapping.port (id_splitter, id_caixa_optica, sequencia) select id_splitter, id_caixa_optica, 0 from mapping.splitter where external_id = 'd';",
        )
        .await;
    let wanted = Wanted { ports: true, ..around(&world, home, 1.0) };
    let found = search(&world.pool, &wanted).await.unwrap();
    let [b] = found.boxes.as_slice() else { panic!("{found:?}") };
    // 0 is taken, 1 and 5 are reserved, 6 is missing, 7 is blocked.
    assert_eq!((b.total, b.free, b.reserved, b.used, b.metres), (7, 3, 2, 1, 0.0));
    let free = [2, 3, 4].map(|n| world.port(n));
    for (port, (sequencia, id)) in b.free_ports.iter().zip((2..).zip(futures_util::future::join_all(free).await)) {
        assert_eq!(*port, FreePort { id, sequencia });
    }
    assert_eq!(b.free_ports.len(), 3);
    let none = Wanted { projects: vec![world.project + 1], ..wanted.clone() };
    assert!(search(&world.pool, &none).await.unwrap().boxes.is_empty(), "another project's");
    let short = search(&world.pool, &around(&world, home, 1.0)).await.unwrap();
    assert!(short.boxes[0].free_ports.is_empty() && short.boxes[0].free == 3);
    // Around an address: the boxes that the platform named, with its distances.
    let named =
        |external_id: &str, metres| Named { id_projeto: world.project, external_id: external_id.into(), metres };
    let by_name = Wanted {
        place: None,
        radius_metres: 50.0,
        named: vec![named("b", 42.5), named("gone", 1.0), named("?", 2.0)],
        ..wanted
    };
    let found = search(&world.pool, &by_name).await.unwrap();
    assert_eq!(found.boxes.iter().map(|b| (b.id, b.metres)).collect::<Vec<_>>(), [(b.id, 42.5)]);
}

fn whole(id: &str, splitter_id: &str) -> WholeBox {
    WholeBox {
        element: a_box(id),
        splitters: vec![splitter(splitter_id, id, 4)],
        occupants: vec![occupant(0, Some("4411"), None)].into_iter().filter(|_| splitter_id == "s").collect(),
    }
}

fn register(world: &World, boxes: Vec<WholeBox>) -> (Uuid, Change) {
    (Uuid::now_v7(), Change::Register { integration: world.integration, asked_at: Utc::now(), boxes })
}

#[tokio::test]
async fn v2_what_is_registered_is_what_a_sync_would_bring_and_a_sync_under_way_does_not_take_it_for_gone() {
    let world = World::new().await;
    let ids = ["b", "c"].map(str::to_owned);
    assert_eq!(lacking(&world.pool, world.project, &ids).await.unwrap(), ids);
    world.customer("", &[4411]).await;
    // A sync has passed its pages of boxes; then one is drawn, and a person asks.
    let run = Uuid::now_v7();
    world.write(run, vec![SyncPart::Begun, SyncPart::Boxes(vec![a_box("c")])]).await;
    world.run("update mapping.project set em_sincronizacao = true").await;
    assert_eq!(lacking(&world.pool, world.project, &ids).await.unwrap(), ids, "the splitters of c have not come yet");
    world.apply(vec![register(&world, vec![whole("b", "s")]), register(&world, vec![whole("b", "s")])]).await;
    let left = [SyncPart::Splitters(vec![splitter("t", "c", 2)]), SyncPart::Occupants(Vec::new())];
    let missing = [platforms::ElementKind::Box, platforms::ElementKind::Splitter].map(SyncPart::Missing);
    world.write(run, left.into_iter().chain(missing).chain([SyncPart::Finished]).collect()).await;
    assert!(lacking(&world.pool, world.project, &ids).await.unwrap().is_empty());
    let rows = world
        .rows("select b.external_id, count(p.*) as ports, count(p.missing_since) as missing, count(p.id_cliente_servico) as used
               from mapping.box b join mapping.splitter s using (id_caixa_optica) join mapping.port p using (id_splitter)
               where b.missing_since is null and s.missing_since is null group by 1 order by 1")
        .await;
    let expected = json!([{ "external_id": "b", "ports": 4, "missing": 0, "used": 1 },
                          { "external_id": "c", "ports": 2, "missing": 0, "used": 0 }]);
    assert_eq!(rows, expected, "once, with who sits there");
    let runs = world.rows("select run from mapping.sync_run").await;
    assert_eq!(runs, json!([{ "run": run }]), "no trace of a sync of its own");
    let before = world.versions().await;
    let whole_city = vec![
        SyncPart::Boxes(vec![a_box("b"), a_box("c")]),
        SyncPart::Splitters(vec![splitter("s", "b", 4), splitter("t", "c", 2)]),
        SyncPart::Occupants(vec![occupant(0, Some("4411"), None)]),
    ];
    world.sync(whole_city).await;
    assert_eq!(world.versions().await, before, "S2");
    world.run("update mapping.box set missing_since = now() where external_id = 'b'").await;
    assert_eq!(lacking(&world.pool, world.project, &ids).await.unwrap(), ["b"], "it has come back");
}

#[tokio::test]
async fn v2_a_box_that_two_questions_and_a_sync_find_at_once_is_created_once() {
    let world = World::new().await;
    let many = |_: usize| (0..20).map(|n| whole(&format!("b{n}"), &format!("s{n}"))).collect::<Vec<_>>();
    let run = Uuid::now_v7();
    world.write(run, vec![SyncPart::Begun]).await;
    let page = (0..20).map(|n| a_box(&format!("b{n}"))).collect();
    let splitters = (0..20).map(|n| splitter(&format!("s{n}"), &format!("b{n}"), 4)).collect();
    let questions = (0..3).map(|n| world.apply(vec![register(&world, many(n))]));
    let sync = world.write(run, vec![SyncPart::Boxes(page), SyncPart::Splitters(splitters)]);
    tokio::join!(futures_util::future::join_all(questions), sync);
    let counts = world
        .rows(
            "select (select count(*) from mapping.box) as boxes, (select count(*) from mapping.splitter) as splitters,
                      (select count(*) from mapping.port) as ports",
        )
        .await;
    assert_eq!(counts, json!([{ "boxes": 20, "splitters": 20, "ports": 80 }]));
}
