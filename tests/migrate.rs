//! Migrate, from HubSoft's transaction to what each platform shows (rule B4, and B2, B6–B11 as they concern it).

use std::{collections::BTreeMap, time::Duration};

use engine::acts::{Act, Ask, Person, act};
use rand::{Rng, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use rustix::process::Signal;
use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::db::Db;
use crate::support::isp::{Isp, all_ended, ends, enqueue};
use crate::support::provider::{City, Provider, SOON};

/// What puts a customer on a port, in the path of the call.
fn puts(platform: &str) -> &'static str {
    match platform {
        "ozmap" => "/properties",
        "geosite" => "/cliente/save",
        _ => "/integracao/atender",
    }
}

fn payload(old: i64, new: i64, more: Value) -> Value {
    let mut payload = json!({ "id_cliente_servico_antigo": old, "id_cliente_servico": new });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

async fn migrated(isp: &Provider, rows: &[(i64, Option<i64>)], payload: Value) -> Vec<String> {
    let id = isp.hubsoft(rows, "migrate", payload).await;
    ends(&isp.db.pool(), id, "succeeded", SOON).await;
    isp.story(id).await
}

async fn explanation(pool: &PgPool, id: Uuid) -> String {
    let sql = "select explanation::text from enlace.status($1)";
    sqlx::query_scalar(sql).bind(id).fetch_one(pool).await.unwrap()
}

/// From one port to the next, in all the ways in which HubSoft may ask for it.
async fn moves_on(isp: &Provider, city: &City, s: &[i64], at: &str) {
    let p = isp.ports(city, false, 3).await;
    let stranger = isp.ports(city, true, 1).await[0];
    let code = |service: i64| Some(service.to_string());
    isp.bound(p[0], s[0]).await;
    // The same port. Both answers are lost: each write is settled by a look and made once (B6).
    let lost = |method: &str, path: &str| Fault::always(Effect::ResetAfter).method(method).contains(path).times(1);
    let takes_off = if city.platform == "geosite" { ("POST", "/cliente/delete") } else { ("DELETE", "") };
    city.desk.set_faults(vec![lost(takes_off.0, takes_off.1), lost("POST", puts(city.platform))]);
    let before = city.desk.calls(0).len();
    let to = json!({ "id_porta_atendimento": p[0] });
    let story = migrated(isp, &[(p[0], Some(s[1]))], payload(s[0], s[1], to)).await;
    let both = ["requested", "leaving", "detaching unknown", "leaving", "attaching unknown", "placing"];
    assert_eq!(story, both, "{at}");
    let writes = city.desk.calls(0)[before..].iter().filter(|call| !call.changes.is_empty()).count();
    assert_eq!((isp.shown(p[0]).await, writes), (code(s[1]), 2), "{at}");
    assert_eq!(isp.transmission(p[0]).await.0, "sent", "B10: {at}");

    // Another port; HubSoft does not say which one the old service leaves, so the platform is asked.
    let to = json!({ "id_porta_atendimento": p[1] });
    let story = migrated(isp, &[(p[0], None), (p[1], Some(s[2]))], payload(s[1], s[2], to)).await;
    assert!(story.contains(&"searching".to_owned()), "{at}: {story:?}");
    assert_eq!((isp.shown(p[0]).await, isp.shown(p[1]).await), (None, code(s[2])), "{at}");

    // Over HTTP, and neither port is named: the old service's, in HubSoft (B9) and on the platform.
    let id = enqueue(&isp.db.pool(), "migrate", payload(s[2], s[3], json!({}))).await;
    ends(&isp.db.pool(), id, "succeeded", SOON).await;
    assert_eq!((isp.occupant(p[1]).await, isp.shown(p[1]).await), (Some(s[3]), code(s[3])), "{at}");

    // Over HTTP to a port that the platform shows a third customer on (B2): both leave, and both ports are told (B10).
    let to = json!({ "id_porta_atendimento": stranger });
    let id = enqueue(&isp.db.pool(), "migrate", payload(s[3], s[4], to)).await;
    ends(&isp.db.pool(), id, "succeeded", SOON).await;
    assert!(isp.story(id).await.contains(&"clearing".to_owned()), "B2: {at}");
    assert_eq!((isp.occupant(p[1]).await, isp.occupant(stranger).await), (None, Some(s[4])), "B9: {at}");
    assert_eq!((isp.shown(p[1]).await, isp.shown(stranger).await), (None, code(s[4])), "{at}");
    assert_eq!((isp.transmission(p[1]).await.0, isp.transmission(stranger).await.0), ("sent".into(), "sent".into()));
}

/// The old one is off, and the platform refuses the new one.
async fn half_done(isp: &Provider, city: &City, s: &[i64], at: &str) {
    let pool = isp.db.pool();
    let port = isp.ports(city, false, 1).await[0];
    isp.bound(port, s[0]).await;
    let no = Effect::Status { status: 422, body: Some(json!({ "message": "não" })), retry_after_seconds: None };
    city.desk.set_faults(vec![Fault::always(no).method("POST").contains(puts(city.platform))]);
    let to = json!({ "id_porta_atendimento": port });
    let id = isp.hubsoft(&[(port, Some(s[1]))], "migrate", payload(s[0], s[1], to)).await;
    ends(&pool, id, "parked", SOON).await;
    city.desk.set_faults(Vec::new());
    let (said, (transmission, error)) = (explanation(&pool, id).await, isp.transmission(port).await);
    for words in [format!("o serviço antigo ({}) já saiu", s[0]), format!("the new one ({}) is not on yet", s[1])] {
        assert!(said.contains(&words) && error.contains(&words), "{at}: {said}; {error}");
    }
    assert_eq!((isp.shown(port).await, transmission.as_str()), (None, "failed"), "{at}");
    let ana = Person { name: "ana".to_owned(), reason: "corrigido".to_owned() };
    act(&pool, &workflows::definitions(), id, Ask::Retry { payload: None }, ana).await.unwrap();
    ends(&pool, id, "succeeded", SOON).await;
    assert_eq!(isp.shown(port).await, Some(s[1].to_string()), "{at}");
    // On the next one a person waives the rest, and the end says that it is half done.
    city.desk.set_faults(vec![
        Fault::always(Effect::Status { status: 422, body: None, retry_after_seconds: None })
            .method("POST")
            .contains(puts(city.platform)),
    ]);
    let to = json!({ "id_porta_atendimento": port });
    let id = isp.hubsoft(&[(port, Some(s[2]))], "migrate", payload(s[1], s[2], to)).await;
    ends(&pool, id, "parked", SOON).await;
    city.desk.set_faults(Vec::new());
    let ana = Person { name: "ana".to_owned(), reason: "desistiu".to_owned() };
    act(&pool, &workflows::definitions(), id, Ask::Plain(Act::Skip), ana).await.unwrap();
    ends(&pool, id, "not_applicable", SOON).await;
    assert!(explanation(&pool, id).await.contains("o antigo saiu; colocar o novo foi dispensado"), "{at}");
}

/// B8: HubSoft has given the new one's port away again before anything was sent; the old one's other port is cleared all the same.
async fn superseded(isp: &Provider, city: &City, s: &[i64], at: &str) {
    let pool = isp.db.pool();
    let p = isp.ports(city, false, 2).await;
    isp.bound(p[0], s[0]).await;
    let mut tx = pool.begin().await.unwrap();
    // Something is in front of both, so that both wait until both are committed.
    let other = json!({ "id_porta_atendimento": p[1], "id_cliente_servico": s[2] });
    let first = enqueue(&mut *tx, "unbind", other.clone()).await;
    let sql = "update mapping.port set id_cliente_servico = case id_porta_atendimento when $2 then $3 end
               where id_porta_atendimento in ($1, $2)";
    sqlx::query(sql).bind(p[0]).bind(p[1]).bind(s[2]).execute(&mut *tx).await.unwrap();
    let left = json!({ "id_porta_atendimento": p[1], "id_porta_atendimento_antiga": p[0] });
    let migrate = enqueue(&mut *tx, "migrate", payload(s[0], s[1], left)).await;
    let bind = enqueue(&mut *tx, "bind", other).await;
    tx.commit().await.unwrap();
    ends(&pool, first, "succeeded", SOON).await;
    let result = ends(&pool, migrate, "superseded", SOON).await;
    assert_eq!(result["occupant"], s[2], "{at}");
    ends(&pool, bind, "succeeded", SOON).await;
    assert_eq!((isp.shown(p[0]).await, isp.shown(p[1]).await), (None, Some(s[2].to_string())), "{at}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_b2_b6_b8_b9_b10_on_every_platform_the_old_service_leaves_and_the_new_one_comes() {
    let isp = Provider::new(40).await;
    let _worker = isp.worker();
    isp.sync().await;
    let all: Vec<i64> = (0..40).map(|n| isp.service(n)).collect();
    for (city, s) in isp.cities.iter().zip(all.chunks(12)) {
        moves_on(&isp, city, &s[..5], city.platform).await;
        half_done(&isp, city, &s[5..8], city.platform).await;
        superseded(&isp, city, &s[8..11], city.platform).await;
    }
    // From one platform to another, and HubSoft does not say from where: all of them are asked.
    let [ozmap, geosite, geogrid] = &isp.cities[..] else { panic!("three platforms") };
    let (from, to) = (isp.ports(geogrid, false, 1).await[0], isp.ports(ozmap, false, 1).await[0]);
    isp.bound(from, all[37]).await;
    let story = migrated(
        &isp,
        &[(from, None), (to, Some(all[38]))],
        payload(all[37], all[38], json!({ "id_porta_atendimento": to })),
    )
    .await;
    assert_eq!((isp.shown(from).await, isp.shown(to).await), (None, Some(all[38].to_string())), "{story:?}");

    // B11: a home that is kept. Geosite clears the record's port and does not delete it.
    let keep = "update mapping.integration set settings = '{\"keep_home\": true}' where id_integracao = $1";
    sqlx::query(keep).bind(geosite.integration).execute(&isp.db.pool()).await.unwrap();
    let port = isp.ports(geosite, false, 1).await[0];
    isp.bound(port, all[36]).await;
    let before = geosite.desk.calls(0).len();
    let here = payload(all[36], all[39], json!({ "id_porta_atendimento": port }));
    migrated(&isp, &[(port, Some(all[39]))], here).await;
    let deleted = geosite.desk.calls(0)[before..].iter().any(|call| call.path.contains("/cliente/delete"));
    assert!(!deleted && isp.shown(port).await == Some(all[39].to_string()), "B11");
}

/// Two drawn ports with service 11 on the first; ports 3 and 4 with service 12 on both.
const DRAWN: &str = "
    insert into mapping.project (id_projeto, nome) values (1, 'Centro');
    insert into mapping.box (id_caixa_optica, id_projeto, nome) values (1, 1, 'CTO-001');
    insert into mapping.splitter (id_splitter, id_caixa_optica, role) values (1, 1, 'attendance');
    insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia, id_cliente_servico)
      values (1, 1, 1, 0, 11), (2, 1, 1, 1, null), (3, 1, 1, 2, 12), (4, 1, 1, 3, 12)";

#[tokio::test]
async fn b4_b7_the_payload_is_checked_and_its_ports_are_filled_in_when_it_is_enqueued() {
    let db = Db::new().await;
    let mut conn = db.connection().await;
    sqlx::raw_sql(DRAWN).execute(&mut conn).await.unwrap();
    let kind = "migrate";
    for (payload, key, fault) in [
        (json!({ "id_cliente_servico": 2 }), "id_cliente_servico_antigo", "is missing"),
        (payload(1, 0, json!({})), "id_cliente_servico", "must be a positive whole number"),
        (payload(2, 2, json!({})), "id_cliente_servico", "must be another service"),
        (payload(1, 2, json!({ "id_porta_atendimento": "1" })), "id_porta_atendimento", "must be a positive whole"),
        (
            payload(1, 2, json!({ "id_porta_atendimento_antiga": 0 })),
            "id_porta_atendimento_antiga",
            "must be a positive",
        ),
        (
            payload(1, 2, json!({ "porta": 1 })),
            "porta",
            "known are id_cliente_servico_antigo, id_cliente_servico, id_porta",
        ),
        (payload(1, 2, json!({ "forcar_troca_porta": 1 })), "forcar_troca_porta", "must be true or false"),
        (payload(1, 2, json!({})), "id_porta_atendimento", "is missing, and service 1 sits on no port"),
        (payload(12, 2, json!({})), "id_porta_atendimento", "is missing, and service 12 sits on ports 3, 4: name one"),
        (payload(12, 2, json!({ "id_porta_atendimento": 2 })), "id_porta_atendimento_antiga", "sits on ports 3, 4"),
        (json!([1]), "payload", "must be a JSON object"),
    ] {
        let asked = sqlx::query("select enlace.enqueue($1, $2)").bind(kind).bind(&payload).execute(&mut conn).await;
        let error = asked.unwrap_err();
        let error = error.as_database_error().unwrap();
        assert_eq!(error.code().as_deref(), Some("22023"), "{payload}: {error}");
        assert!(
            error.message().starts_with(&format!("{key}: ")) && error.message().contains(fault),
            "{payload}: {error}"
        );
    }
    let stored: i64 = sqlx::query_scalar("select count(*) from enlace.outbox").fetch_one(&mut conn).await.unwrap();
    assert_eq!(stored, 0, "nothing is stored");
    let filled = json!({ "id_porta_atendimento": 1, "id_porta_atendimento_antiga": 1 });
    let moved = json!({ "id_porta_atendimento": 2, "id_porta_atendimento_antiga": 1 });
    let here = json!({ "id_porta_atendimento": 3 });
    for (given, row, becomes) in [
        (payload(11, 99, json!({})), None, payload(11, 99, filled)),
        (payload(11, 99, json!({ "id_porta_atendimento": 2 })), None, payload(11, 99, moved)),
        // Of several ports, the one that the new service takes.
        (
            payload(12, 99, here.clone()),
            None,
            payload(12, 99, json!({ "id_porta_atendimento": 3, "id_porta_atendimento_antiga": 3 })),
        ),
        // HubSoft has put the new one there already: where the old one sat is not known, and where it sits it stays.
        (payload(12, 99, here.clone()), Some((3, 99)), payload(12, 99, here)),
        (payload(11, 98, json!({})), Some((1, 98)), payload(11, 98, json!({ "id_porta_atendimento": 1 }))),
    ] {
        if let Some((port, service)) = row {
            let sql = "update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1";
            sqlx::query(sql).bind(port).bind(service).execute(&mut conn).await.unwrap();
        }
        let id = enqueue(&mut conn, kind, given.clone()).await;
        let sql = "select o.payload, enlace.admitted(o.kind, o.payload) from enlace.outbox o where id = $1";
        let (stored, again): (Value, Value) = sqlx::query_as(sql).bind(id).fetch_one(&mut conn).await.unwrap();
        assert_eq!((&stored, &again), (&becomes, &becomes), "{given}");
    }
}

#[tokio::test]
async fn b7_nobody_moves_the_service_between_the_look_and_the_commit() {
    let db = Db::new().await;
    let (mut conn, mut other) = (db.connection().await, db.connection().await);
    sqlx::raw_sql(DRAWN).execute(&mut conn).await.unwrap();
    sqlx::query("set lock_timeout = '50ms'").execute(&mut other).await.unwrap();
    sqlx::query("begin").execute(&mut conn).await.unwrap();
    enqueue(&mut conn, "migrate", json!({ "id_cliente_servico_antigo": 11, "id_cliente_servico": 12 })).await;
    let takes = "update mapping.port set id_cliente_servico = 13 where id_porta_atendimento = 1";
    let refused = sqlx::query(takes).execute(&mut other).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("55P03"));
    sqlx::query("commit").execute(&mut conn).await.unwrap();
    sqlx::query(takes).execute(&mut other).await.unwrap();
}

/// What was enqueued before the migration that brought the two kinds is as it was, goes on, and is found beside the new ones.
#[tokio::test]
async fn g10_work_from_before_the_migration_stays_as_it_was() {
    let db = Db::empty().await;
    let mut conn = db.connection().await;
    let mut later = enlace::migrations::FILES.iter().peekable();
    while let Some((_, sql)) = later.next_if(|(file, _)| !file.starts_with("0015")) {
        sqlx::raw_sql(*sql).execute(&mut conn).await.unwrap();
    }
    sqlx::raw_sql(DRAWN).execute(&mut conn).await.unwrap();
    let bind = json!({ "id_porta_atendimento": 1, "id_cliente_servico": 11 });
    let plain = "insert into enlace.outbox (kind, payload) values ('unbind', $1) returning id";
    let plain: Uuid = sqlx::query_scalar(plain).bind(&bind).fetch_one(&mut conn).await.unwrap();
    let direct = enqueue(&mut conn, "bind", bind.clone()).await;
    for (_, sql) in later {
        sqlx::raw_sql(*sql).execute(&mut conn).await.unwrap();
    }
    let moved = payload(11, 12, json!({ "id_porta_atendimento": 2 }));
    let migrate = enqueue(&mut conn, "migrate", moved).await;
    let rows = "select id, payload from enlace.outbox order by seq";
    let rows: Vec<(Uuid, Value)> = sqlx::query_as(rows).fetch_all(&mut conn).await.unwrap();
    assert_eq!(rows[..2], [(plain, bind.clone()), (direct, bind)]);
    assert_eq!((rows[2].0, &rows[2].1["id_porta_atendimento_antiga"]), (migrate, &json!(1)));
    let status = "select status from enlace.status($1)";
    for id in [plain, direct, migrate] {
        let status: String = sqlx::query_scalar(status).bind(id).fetch_one(&mut conn).await.unwrap();
        assert_eq!(status, "queued");
    }
}

/// Kills and lost answers in the middle of migrations, on their port and to others, and of removals (G2, G3).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g2_g3_b4_b5_migrations_and_removals_survive_kills_and_lost_answers() {
    let mut rng = SmallRng::seed_from_u64(crate::chaos::seed());
    let isp = Isp::new(20).await;
    let pool = isp.db.pool();
    let mut worker = isp.worker();
    isp.sync().await;
    let kinds = "insert into hubsoft.service_order_type (id_tipo_ordem_servico, descricao, retirada) values (1, 'Recolhimento', true)";
    sqlx::query(kinds).execute(&pool).await.unwrap();
    let ports: Vec<i64> = isp.ports(30).await.into_iter().map(|(port, _)| port).collect();
    let mut fresh = isp.idle_services(160).await;
    for method in ["POST", "PATCH", "DELETE"] {
        // The first for certain, and then by chance.
        let lost = Fault::always(Effect::ResetAfter).method(method);
        isp.ozmap.add_fault(lost.clone().times(1));
        isp.ozmap.add_fault(lost.probability(0.3));
    }
    for turn in 0..60 {
        changes_something(&isp, &ports, &mut fresh, &mut rng).await;
        if turn % 10 == 9 {
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..400))).await;
            worker.signal(Signal::KILL);
            worker.ended().await;
            crate::support::toy::pass(&pool, Duration::from_secs(10)).await;
            worker = isp.worker();
        }
    }
    let unsettled =
        "select count(*) from enlace.step where outcome in ('unknown', 'lost') and state in ('detaching', 'attaching')";
    // A slow machine may not have come that far.
    while sqlx::query_scalar::<_, i64>(unsettled).fetch_one(&pool).await.unwrap() == 0 {
        changes_something(&isp, &ports, &mut fresh, &mut rng).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    isp.ozmap.set_faults(Vec::new());
    all_ended(&pool, Duration::from_secs(120)).await;
    let (ours, theirs) = isp.both_sides(&ports).await;
    assert_eq!(ours, theirs);
    let done = "select o.kind, count(*) from enlace.finished f join enlace.outbox o using (id) where f.status = 'succeeded' group by 1";
    let done: BTreeMap<String, i64> = sqlx::query_as(done).fetch_all(&pool).await.unwrap().into_iter().collect();
    let unsettled: i64 = sqlx::query_scalar(unsettled).fetch_one(&pool).await.unwrap();
    println!("{done:?}; {unsettled} outcomes unknown, settled by looking");
    assert!(done["migrate"] >= 5 && done["retirement"] >= 1 && unsettled >= 1, "{done:?}, {unsettled}");
}

/// One transaction of HubSoft: a service takes a port, is replaced there, moves, or is taken out.
async fn changes_something(isp: &Isp, ports: &[i64], fresh: &mut Vec<i64>, rng: &mut SmallRng) {
    let (port, other) = (*ports.choose(rng).unwrap(), *ports.choose(rng).unwrap());
    let mut tx = isp.db.pool().begin().await.unwrap();
    let of = |port: i64| {
        sqlx::query_scalar::<_, Option<i64>>(
            "select id_cliente_servico from mapping.port where id_porta_atendimento = $1",
        )
        .bind(port)
    };
    let there = of(port).fetch_one(&mut *tx).await.unwrap();
    let free = of(other).fetch_one(&mut *tx).await.unwrap().is_none();
    let set = "update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1";
    let (Some(old), taken_out) = (there, rng.random_bool(0.25)) else {
        let service = fresh.pop().unwrap();
        sqlx::query(set).bind(port).bind(service).execute(&mut *tx).await.unwrap();
        enqueue(&mut *tx, "bind", json!({ "id_porta_atendimento": port, "id_cliente_servico": service })).await;
        return tx.commit().await.unwrap();
    };
    if taken_out {
        let order =
            "insert into hubsoft.service_order (id_cliente_servico, id_tipo_ordem_servico, status, status_fechamento)
                     values ($1, 1, 'finalizado', 'concluido') returning id_ordem_servico";
        let order: i64 = sqlx::query_scalar(order).bind(old).fetch_one(&mut *tx).await.unwrap();
        enqueue(&mut *tx, "retirement", json!({ "id_ordem_servico": order })).await;
        return tx.commit().await.unwrap();
    }
    let (to, new) = (if free { other } else { port }, fresh.pop().unwrap());
    sqlx::query(set).bind(port).bind(None::<i64>).execute(&mut *tx).await.unwrap();
    sqlx::query(set).bind(to).bind(new).execute(&mut *tx).await.unwrap();
    let mut named = json!({ "id_porta_atendimento": to });
    if rng.random_bool(0.5) && to != port {
        named["id_porta_atendimento_antiga"] = port.into();
    }
    enqueue(&mut *tx, "migrate", payload(old, new, named)).await;
    tx.commit().await.unwrap();
}
