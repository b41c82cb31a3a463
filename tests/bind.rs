//! Bind and unbind, from HubSoft's transaction to what OZMap shows (rules B1–B3, B6, B8–B10).

use std::time::Duration;

use serde_json::json;
use simulators::faults::{Effect, Fault};

use crate::support::isp::{Isp, ends, enqueue, hubsoft_sets, hubsoft_sets_in};

const SOON: Duration = Duration::from_secs(30);

async fn transmission(isp: &Isp, port: i64) -> (String, Option<String>) {
    sqlx::query_as("select transmission, transmission_error from mapping.port where id_porta_atendimento = $1")
        .bind(port)
        .fetch_one(&isp.db.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_b3_b10_what_hubsoft_commits_the_platform_shows() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    let ports = isp.ports(100).await;
    let services = isp.idle_services(3).await;
    let free = ports.iter().find(|(_, who)| who.is_none()).unwrap().0;
    let (taken, resident) = ports.iter().find_map(|(port, who)| who.map(|w| (*port, w))).unwrap();

    let bound = hubsoft_sets(&pool, free, Some(services[0])).await.unwrap();
    ends(&pool, bound, "succeeded", SOON).await;
    let replaced = hubsoft_sets(&pool, taken, Some(services[1])).await.unwrap();
    ends(&pool, replaced, "succeeded", SOON).await;
    let states: Vec<String> = sqlx::query_scalar("select state from enlace.step where id = $1 order by n")
        .bind(replaced)
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(states, ["requested", "looking", "clearing", "looking", "attaching", "looking"], "B2, B6");
    let (ours, theirs) = isp.both_sides(&[free, taken]).await;
    assert_eq!(ours, theirs);
    assert!(
        isp.ozmap.occupied().iter().all(|o| o.code.as_deref() != Some(&resident.to_string())),
        "B2: the old one is off"
    );
    assert_eq!(transmission(&isp, free).await, ("sent".to_owned(), None));

    let gone = hubsoft_sets(&pool, free, None).await.unwrap();
    ends(&pool, gone, "succeeded", SOON).await;
    let (ours, theirs) = isp.both_sides(&[free, taken]).await;
    assert_eq!(ours, theirs);
    assert_eq!(ours[&free], None);
}

/// As if the removal had come across his own move, of which HubSoft's row is what is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_whoever_is_displaced_is_put_where_hubsoft_says_that_he_sits() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    let ports = isp.ports(200).await;
    let taken = |(port, who): &(i64, Option<i64>)| who.map(|who| (*port, who));
    let mut residents = ports.iter().filter_map(taken);
    let ((his, resident), (hers, moved_out)) = (residents.next().unwrap(), residents.next().unwrap());
    let free = ports.iter().find(|(_, who)| who.is_none()).unwrap().0;
    let services = isp.idle_services(2).await;
    for (port, service) in [(his, None), (free, Some(resident)), (hers, None)] {
        sqlx::query("update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1")
            .bind(port)
            .bind(service)
            .execute(&pool)
            .await
            .unwrap();
    }

    let replaced = hubsoft_sets(&pool, his, Some(services[0])).await.unwrap();
    ends(&pool, replaced, "succeeded", SOON).await;
    let again: uuid::Uuid = sqlx::query_scalar("select id from enlace.outbox where requested_by = $1")
        .bind(format!("workflow {replaced}"))
        .fetch_one(&pool)
        .await
        .unwrap();
    ends(&pool, again, "succeeded", SOON).await;
    let (ours, theirs) = isp.both_sides(&[his, free]).await;
    assert_eq!(ours, theirs);
    assert_eq!(theirs[&free], Some(resident.to_string()));

    let replaced = hubsoft_sets(&pool, hers, Some(services[1])).await.unwrap();
    ends(&pool, replaced, "succeeded", SOON).await;
    let asked: i64 = sqlx::query_scalar("select count(*) from enlace.outbox where requested_by = $1")
        .bind(format!("workflow {replaced}"))
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(asked, 0, "HubSoft says that {moved_out} sits nowhere");
}

// on every platform
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b1_b3_b8_b9_what_needs_no_call_makes_none_and_says_why() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let worker = isp.worker();
    isp.sync().await;
    let services = isp.idle_services(4).await;
    let free: Vec<i64> =
        isp.ports(200).await.into_iter().filter(|(_, who)| who.is_none()).map(|(port, _)| port).collect();
    let pay = |port, service| json!({ "id_porta_atendimento": port, "id_cliente_servico": service });

    let nowhere = enqueue(&pool, "bind", pay(999_999, services[0])).await;
    let why = ends(&pool, nowhere, "not_applicable", SOON).await;
    assert!(why["reason"].as_str().unwrap().contains("port 999999 does not exist"), "B1: {why}");

    // B9: over HTTP nobody has changed HubSoft's port yet; the first step does.
    let over_http = enqueue(&pool, "bind", pay(free[0], services[0])).await;
    ends(&pool, over_http, "succeeded", SOON).await;
    let (ours, theirs) = isp.both_sides(&free[..1]).await;
    assert_eq!((&ours, ours[&free[0]].clone()), (&theirs, Some(services[0].to_string())));
    let occupied = enqueue(&pool, "bind", pay(free[0], services[1])).await;
    ends(&pool, occupied, "parked", SOON).await;
    drop(worker);

    // B8: by the time the first one's turn comes, HubSoft has put somebody else there.
    let first = hubsoft_sets(&pool, free[1], Some(services[2])).await.unwrap();
    let second = hubsoft_sets(&pool, free[1], Some(services[3])).await.unwrap();
    let calls = isp.ozmap.calls(0).len();
    let _worker = isp.worker();
    let superseded = ends(&pool, first, "superseded", SOON).await;
    assert_eq!(superseded["occupant"], services[3]);
    ends(&pool, second, "succeeded", SOON).await;
    assert!(isp.ozmap.calls(0).len() > calls);
    let asked: i64 = sqlx::query_scalar("select count(*) from enlace.step where id = $1 and calls is not null")
        .bind(first)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(asked, 0, "superseded without a call");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_an_unbind_removes_nobody_else_and_records_the_difference() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    let (port, resident) = isp.ports(200).await.into_iter().find_map(|(port, who)| who.map(|w| (port, w))).unwrap();
    let stranger = isp.idle_services(1).await[0];
    let id = enqueue(&pool, "unbind", json!({ "id_porta_atendimento": port, "id_cliente_servico": stranger })).await;
    ends(&pool, id, "succeeded", SOON).await;
    let (_, theirs) = isp.both_sides(&[port]).await;
    assert_eq!(theirs[&port], Some(resident.to_string()), "nobody was removed");
    let kinds: Vec<String> = sqlx::query_scalar(
        "select kind from mapping.discrepancy where id_porta_atendimento = $1 and settled_at is null",
    )
    .bind(port)
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(kinds, ["other_occupant"]);
}

/// A sync recognised him by his CPF: the code is the platform's own, and names nobody of HubSoft's (S4).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b3_s4_whom_a_sync_recognised_by_his_document_leaves_as_well() {
    let isp = Isp::new(80).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    sqlx::query("update hubsoft.customer set cpf_cnpj = $1 where id_cliente = 600")
        .bind(simulators::people::cpf(199))
        .execute(&pool)
        .await
        .unwrap();
    isp.sync().await;
    let sits = "select id_porta_atendimento from mapping.port where id_cliente_servico = 1600";
    let port: i64 = sqlx::query_scalar(sits).fetch_one(&pool).await.unwrap();
    let (_, theirs) = isp.both_sides(&[port]).await;
    assert_eq!(theirs[&port], Some(simulators::people::cpf(199)));
    let id = hubsoft_sets(&pool, port, None).await.unwrap();
    ends(&pool, id, "succeeded", SOON).await;
    let (_, theirs) = isp.both_sides(&[port]).await;
    assert_eq!(theirs[&port], None);
    isp.sync().await;
    let again: Option<i64> = sqlx::query_scalar(sits).fetch_optional(&pool).await.unwrap();
    assert_eq!(again, None, "no sync puts him back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_b9_two_customers_change_places_over_http_before_anybody_works() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let worker = isp.worker();
    isp.sync().await;
    drop(worker);
    let taken: Vec<(i64, i64)> =
        isp.ports(200).await.into_iter().filter_map(|(port, who)| who.map(|w| (port, w))).take(2).collect();
    let [(p, s), (q, t)] = taken[..] else { panic!("{taken:?}") };
    let mut ids = Vec::new();
    for (kind, port, service) in [("unbind", p, s), ("unbind", q, t), ("bind", p, t), ("bind", q, s)] {
        let payload = json!({ "id_porta_atendimento": port, "id_cliente_servico": service });
        ids.push(enqueue(&pool, kind, payload).await);
    }
    let _worker = isp.worker();
    for id in ids {
        ends(&pool, id, "succeeded", SOON).await;
    }
    let (ours, theirs) = isp.both_sides(&[p, q]).await;
    assert_eq!(ours, theirs);
    assert_eq!((&ours[&p], &ours[&q]), (&Some(t.to_string()), &Some(s.to_string())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b8_a_bind_whose_service_hubsoft_has_put_elsewhere_since_writes_nothing_back() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let worker = isp.worker();
    isp.sync().await;
    drop(worker);
    let free: Vec<i64> =
        isp.ports(200).await.into_iter().filter(|(_, who)| who.is_none()).map(|(port, _)| port).take(2).collect();
    let service = isp.idle_services(1).await[0];
    let first = hubsoft_sets(&pool, free[0], Some(service)).await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("update mapping.port set id_cliente_servico = null where id_porta_atendimento = $1")
        .bind(free[0])
        .execute(&mut *tx)
        .await
        .unwrap();
    let second = hubsoft_sets_in(&mut tx, free[1], Some(service)).await.unwrap();
    tx.commit().await.unwrap();
    let _worker = isp.worker();
    ends(&pool, first, "superseded", SOON).await;
    ends(&pool, second, "succeeded", SOON).await;
    let (ours, theirs) = isp.both_sides(&free).await;
    assert_eq!(ours, theirs);
    assert_eq!((&ours[&free[0]], &ours[&free[1]]), (&None, &Some(service.to_string())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b9_a_bind_over_http_changes_no_row_for_nobody_and_sees_to_the_port_that_it_empties() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    let ports = isp.ports(200).await;
    let free = ports.iter().find(|(_, who)| who.is_none()).unwrap().0;
    let (his, resident) = ports.iter().find_map(|(port, who)| who.map(|w| (*port, w))).unwrap();
    let nobody = enqueue(&pool, "bind", json!({ "id_porta_atendimento": free, "id_cliente_servico": 987_654 })).await;
    ends(&pool, nobody, "parked", SOON).await;
    let (ours, _) = isp.both_sides(&[free]).await;
    assert_eq!(ours[&free], None, "a service that is not there sits nowhere");

    sqlx::query("update mapping.project set cliente_unico_porta = true").execute(&pool).await.unwrap();
    let other = ports.iter().filter(|(_, who)| who.is_none()).nth(1).unwrap().0;
    let payload = json!({ "id_porta_atendimento": other, "id_cliente_servico": resident, "forcar_troca_porta": true });
    let moved = enqueue(&pool, "bind", payload).await;
    ends(&pool, moved, "succeeded", SOON).await;
    let told = "select id from enlace.outbox where requested_by = $1 and kind = 'unbind' and payload ->> 'id_porta_atendimento' = $2";
    let told = sqlx::query_scalar(told).bind(format!("workflow {moved}")).bind(his.to_string()).fetch_one(&pool).await;
    ends(&pool, told.unwrap(), "succeeded", SOON).await;
    let (ours, theirs) = isp.both_sides(&[his, other]).await;
    assert_eq!(ours, theirs);
    assert_eq!(ours[&his], None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g3_b6_a_write_that_was_done_but_whose_answer_was_lost_is_not_made_twice() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    let free = isp.ports(200).await.into_iter().find(|(_, who)| who.is_none()).unwrap().0;
    let service = isp.idle_services(1).await[0];
    isp.ozmap.add_fault(Fault::always(Effect::ResetAfter).method("POST").path_prefix("/api/v2/properties").times(1));
    let id = hubsoft_sets(&pool, free, Some(service)).await.unwrap();
    ends(&pool, id, "succeeded", SOON).await;
    let story: Vec<(String, String)> =
        sqlx::query_as("select state, outcome from enlace.step where id = $1 order by n, attempt")
            .bind(id)
            .fetch_all(&pool)
            .await
            .unwrap();
    let story: Vec<(&str, &str)> = story.iter().map(|(s, o)| (s.as_str(), o.as_str())).collect();
    assert_eq!(story, [("requested", "done"), ("looking", "done"), ("attaching", "unknown"), ("looking", "done")]);
    let posts = isp.ozmap.calls(0).iter().filter(|c| c.method == "POST" && c.path.ends_with("/properties")).count();
    assert_eq!(posts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g6_429_stops_all_calls_until_the_time_named_and_refused_credentials_until_a_person_has_looked() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    let free: Vec<i64> =
        isp.ports(200).await.into_iter().filter(|(_, who)| who.is_none()).map(|(port, _)| port).collect();
    let services = isp.idle_services(2).await;
    isp.ozmap.add_fault(Fault::always(Effect::Throttled(2)).times(1));
    let first = hubsoft_sets(&pool, free[0], Some(services[0])).await.unwrap();
    ends(&pool, first, "waiting", SOON).await;
    let before = isp.ozmap.calls(0).len();
    let second = hubsoft_sets(&pool, free[1], Some(services[1])).await.unwrap();
    ends(&pool, second, "waiting", SOON).await;
    assert_eq!(isp.ozmap.calls(0).len(), before, "no call while it is closed");
    ends(&pool, first, "succeeded", SOON).await;
    ends(&pool, second, "succeeded", SOON).await;

    isp.ozmap.set_faults(vec![Fault::always(Effect::Unauthorised)]);
    let refused = hubsoft_sets(&pool, free[0], None).await.unwrap();
    ends(&pool, refused, "waiting", SOON).await;
    let (pt,): (String,) = sqlx::query_as("select explanation ->> 'pt' from enlace.status($1)")
        .bind(refused)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(pt.contains("até que uma pessoa a abra"), "{pt}");
    isp.ozmap.set_faults(vec![]);
    let ana = engine::acts::Person { name: "ana".to_owned(), reason: "senha trocada".to_owned() };
    engine::acts::open_upstream(&pool, &format!("integration:{}", isp.integration), ana).await.unwrap();
    ends(&pool, refused, "succeeded", SOON).await;
}
