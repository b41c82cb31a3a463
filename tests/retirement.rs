//! Retirement: a removal order is closed in HubSoft, and the service leaves its port there and on each platform (rule B5, and B1,
//! B3, B6, B7, B10 as they concern it).

use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::support::db::Db;
use crate::support::isp::{ends, enqueue};
use crate::support::provider::{Provider, SOON};

/// Type 1 takes equipment out, type 2 does not.
const TYPES: &str = "insert into hubsoft.service_order_type (id_tipo_ordem_servico, descricao, retirada)
    values (1, 'Recolhimento', true), (2, 'Retirada de dúvidas', false)";

/// HubSoft opens an order.
async fn opened(conn: &mut PgConnection, service: i64, kind: i64) -> i64 {
    let sql = "insert into hubsoft.service_order (id_cliente_servico, id_tipo_ordem_servico) values ($1, $2)
               returning id_ordem_servico";
    sqlx::query_scalar(sql).bind(service).bind(kind).fetch_one(conn).await.unwrap()
}

/// HubSoft closes an order.
async fn closed(conn: &mut PgConnection, order: i64, how: &str) {
    let sql =
        "update hubsoft.service_order set status = 'finalizado', status_fechamento = $2, data_termino_executado = now()
               where id_ordem_servico = $1";
    sqlx::query(sql).bind(order).bind(how).execute(conn).await.unwrap();
}

async fn retires(conn: &mut PgConnection, order: i64) -> Uuid {
    enqueue(conn, "retirement", json!({ "id_ordem_servico": order })).await
}

#[expect(clippy::too_many_lines, reason = "one story, told on each platform")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b5_b6_b7_b10_on_every_platform_a_finished_removal_frees_the_port() {
    let isp = Provider::new(9).await;
    let pool = isp.db.pool();
    let _worker = isp.worker();
    isp.sync().await;
    sqlx::raw_sql(TYPES).execute(&pool).await.unwrap();
    for (n, city) in isp.cities.iter().enumerate() {
        let at = city.platform;
        let (s, p) = ([0, 1, 2].map(|k| isp.service(3 * n + k)), isp.ports(city, false, 2).await);
        isp.bound(p[0], s[0]).await;
        let mut conn = pool.acquire().await.unwrap();
        let order = opened(&mut conn, s[0], 1).await;
        let early = retires(&mut conn, order).await;
        let why = ends(&pool, early, "not_applicable", SOON).await;
        assert!(why["reason"].as_str().unwrap().contains("is not finished yet (it is \"pendente\")"), "{at}: {why}");
        assert_eq!(isp.shown(p[0]).await, Some(s[0].to_string()), "{at}");

        // Closed, in one transaction with the request; the platform's answer is lost (B6).
        let (method, path) = if at == "geosite" { ("POST", "/cliente/delete") } else { ("DELETE", "") };
        city.desk.set_faults(vec![Fault::always(Effect::ResetAfter).method(method).contains(path).times(1)]);
        let mut tx = pool.begin().await.unwrap();
        closed(&mut tx, order, "concluido").await;
        let done = retires(&mut tx, order).await;
        tx.commit().await.unwrap();
        ends(&pool, done, "succeeded", SOON).await;
        let story = isp.story(done).await;
        assert_eq!(story, ["requested", "leaving", "detaching unknown", "leaving"], "{at}");
        assert_eq!((isp.occupant(p[0]).await, isp.shown(p[0]).await), (None, None), "{at}");
        assert_eq!(isp.transmission(p[0]).await.0, "sent", "B10: {at}");
        let again = retires(&mut conn, order).await;
        ends(&pool, again, "not_applicable", SOON).await;

        // HubSoft has cleared its row itself: on which port the service sat only the platform knows.
        isp.bound(p[1], s[1]).await;
        let mut tx = pool.begin().await.unwrap();
        let order = opened(&mut tx, s[1], 1).await;
        closed(&mut tx, order, "concluido").await;
        let clear = "update mapping.port set id_cliente_servico = null where id_porta_atendimento = $1";
        sqlx::query(clear).bind(p[1]).execute(&mut *tx).await.unwrap();
        let done = retires(&mut tx, order).await;
        tx.commit().await.unwrap();
        ends(&pool, done, "succeeded", SOON).await;
        assert!(isp.story(done).await.contains(&"searching".to_owned()), "{at}");
        assert_eq!(isp.shown(p[1]).await, None, "{at}");

        // B7: the order is closed, and then HubSoft gives the port back to the same service. The port is reserved: only
        // HubSoft's own transaction may put anybody there (B9), so that nothing but its row keeps the service on it.
        isp.bound(p[0], s[2]).await;
        let mut tx = pool.begin().await.unwrap();
        sqlx::query("update mapping.port set reservado = true where id_porta_atendimento = $1")
            .bind(p[0])
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query("update mapping.project set bloquear_vinculo_porta_reservada = true")
            .execute(&mut *tx)
            .await
            .unwrap();
        let order = opened(&mut tx, s[2], 1).await;
        closed(&mut tx, order, "concluido").await;
        retires(&mut tx, order).await;
        let bind = json!({ "id_porta_atendimento": p[0], "id_cliente_servico": s[2] });
        let bind = enqueue(&mut *tx, "bind", bind).await;
        tx.commit().await.unwrap();
        ends(&pool, bind, "succeeded", SOON).await;
        assert_eq!((isp.occupant(p[0]).await, isp.shown(p[0]).await), (Some(s[2]), Some(s[2].to_string())), "{at}");
        sqlx::query("update mapping.project set bloquear_vinculo_porta_reservada = false")
            .execute(&pool)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b1_b5_what_takes_nothing_out_says_why() {
    let isp = Provider::new(2).await;
    let pool = isp.db.pool();
    let mut conn = pool.acquire().await.unwrap();
    sqlx::raw_sql(TYPES).execute(&mut *conn).await.unwrap();
    // A port that a person drew: no platform is told, and the service leaves it in HubSoft.
    sqlx::raw_sql(
        "insert into mapping.project (id_projeto, nome) values (91, 'Desenhado');
         insert into mapping.box (id_caixa_optica, id_projeto, nome) values (91, 91, 'CTO');
         insert into mapping.splitter (id_splitter, id_caixa_optica, role) values (91, 91, 'attendance');
         insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia, id_cliente_servico)
           values (9001, 91, 91, 0, 900001), (9002, 91, 91, 1, 900001)",
    )
    .execute(&mut *conn)
    .await
    .unwrap();
    let (here, nowhere) = (isp.service(0), isp.service(1));
    let mut asked = Vec::new();
    for (service, kind, how, why) in [
        (here, 2, "concluido", "its type \"Retirada de dúvidas\" is not marked as one"),
        (here, 1, "sem_conclusao", "was closed without completion"),
        (nowhere, 1, "concluido", "sits on no port, neither in HubSoft nor on the platforms"),
        (here, 1, "concluido", "the project of port 9001 has no integration"),
    ] {
        let order = opened(&mut conn, service, kind).await;
        closed(&mut conn, order, how).await;
        asked.push((retires(&mut conn, order).await, why));
    }
    asked.push((retires(&mut conn, 4_000_000).await, "service order 4000000 does not exist"));
    let _worker = isp.worker();
    for (id, why) in asked {
        let result = ends(&pool, id, "not_applicable", SOON).await;
        assert!(result["reason"].as_str().unwrap().contains(why), "{result}");
    }
    assert_eq!((isp.occupant(9001).await, isp.occupant(9002).await), (None, None));
}

#[tokio::test]
async fn b5_b7_an_orders_service_and_ports_are_filled_in_when_it_is_enqueued() {
    let db = Db::new().await;
    let mut conn = db.connection().await;
    sqlx::raw_sql(TYPES).execute(&mut conn).await.unwrap();
    sqlx::raw_sql(
        "insert into mapping.project (id_projeto, nome) values (1, 'Centro');
         insert into mapping.box (id_caixa_optica, id_projeto, nome) values (1, 1, 'CTO-001');
         insert into mapping.splitter (id_splitter, id_caixa_optica, role) values (1, 1, 'attendance');
         insert into mapping.port (id_porta_atendimento, id_splitter, id_caixa_optica, sequencia, id_cliente_servico)
           values (1, 1, 1, 0, 11), (2, 1, 1, 1, 12), (3, 1, 1, 2, 12)",
    )
    .execute(&mut conn)
    .await
    .unwrap();
    let mut orders = Vec::new();
    for service in [11, 12, 13] {
        orders.push(opened(&mut conn, service, 1).await);
    }
    let of = |n: usize, more: Value| {
        let mut payload = json!({ "id_ordem_servico": orders[n] });
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        payload
    };
    for (given, becomes) in [
        (of(0, json!({})), of(0, json!({ "id_cliente_servico": 11, "id_porta_atendimento": 1 }))),
        (of(1, json!({})), of(1, json!({ "id_cliente_servico": 12, "id_porta_atendimento": 2, "outras_portas": [3] }))),
        (of(2, json!({})), of(2, json!({ "id_cliente_servico": 13 }))),
        // The port that HubSoft has cleared already.
        (
            of(2, json!({ "id_porta_atendimento": 3 })),
            of(2, json!({ "id_cliente_servico": 13, "id_porta_atendimento": 3 })),
        ),
        (json!({ "id_ordem_servico": 999 }), json!({ "id_ordem_servico": 999 })),
    ] {
        let id = enqueue(&mut conn, "retirement", given.clone()).await;
        let sql = "select o.payload, enlace.admitted(o.kind, o.payload) from enlace.outbox o where id = $1";
        let (stored, again): (Value, Value) = sqlx::query_as(sql).bind(id).fetch_one(&mut conn).await.unwrap();
        assert_eq!((&stored, &again), (&becomes, &becomes), "{given}");
    }
    for (payload, said) in [
        (json!({}), "id_ordem_servico: is missing"),
        (json!({ "id_ordem_servico": "7" }), "id_ordem_servico: must be a positive whole number"),
        (
            json!({ "id_ordem_servico": 7, "ordem": 1 }),
            "ordem: is not known here; known are id_ordem_servico, id_porta",
        ),
        (of(0, json!({ "id_cliente_servico": 12 })), "is of service 11: leave it out"),
        (json!(7), "payload: must be a JSON object"),
    ] {
        let asked = sqlx::query("select enlace.enqueue('retirement', $1)").bind(&payload).execute(&mut conn).await;
        let error = asked.unwrap_err();
        let error = error.as_database_error().unwrap();
        assert!(error.code().as_deref() == Some("22023") && error.message().contains(said), "{payload}: {error}");
    }
}
