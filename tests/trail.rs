//! The trail finds all work of a port and of a service: what it was written for, what it was not written for yet, and what a
//! slow transaction commits under a lower number than others that came after it.

use std::time::Duration;

use engine::leader::{self, Candidate, Term};
use enlace::desk::{Caller, filter::Asked, neighbours, trail, workflows};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use uuid::Uuid;

use crate::support::Db;

async fn lead(pool: &PgPool) -> Term {
    let candidate = Candidate { duty: trail::DUTY, name: "test".to_owned(), lease: Duration::from_secs(100_000) };
    leader::take(pool, &candidate).await.unwrap().unwrap()
}

async fn bind(on: impl sqlx::PgExecutor<'_>, port: i64, service: i64) -> Uuid {
    let sql = "select enlace.enqueue('bind', jsonb_build_object('id_porta_atendimento', $1, 'id_cliente_servico', $2))";
    sqlx::query_scalar(sql).bind(port).bind(service).fetch_one(on).await.unwrap()
}

/// As the intake leaves it; a gap is a number that somebody may still fill.
async fn taken_in(pool: &PgPool, gaps: &[i64]) {
    let sql = "insert into enlace.intake (id, upto, gaps, gap_xids)
               select coalesce((select max(id) from enlace.intake), 0) + 1, max(seq), $1, $1 from enlace.outbox";
    sqlx::query(sql).bind(gaps).execute(pool).await.unwrap();
}

async fn found(pool: &PgPool, asked: Asked) -> Vec<Uuid> {
    let caller = Caller::at_terminal("ana".to_owned());
    let items = workflows::list(pool, &caller, &asked).await.unwrap().items;
    items.into_iter().map(|item| item.id).collect()
}

fn of_port(id: i64) -> Asked {
    Asked { port: Some(id.to_string()), ..Asked::default() }
}

fn of_service(id: i64) -> Asked {
    Asked { service: Some(id.to_string()), ..Asked::default() }
}

async fn marks(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from enlace.trail").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn work_is_found_by_every_port_and_service_it_names_before_the_trail_is_written_and_after() {
    let db = Db::new().await;
    let pool = db.pool();
    let bound = bind(&pool, 812, 4411).await;
    let moved = "insert into enlace.outbox (kind, payload) values ('migrate', '{\"id_cliente_servico_antigo\": 4411,
        \"id_cliente_servico\": 4500, \"id_porta_atendimento\": 900, \"id_porta_atendimento_antiga\": 812}') returning id";
    let moved: Uuid = sqlx::query_scalar(moved).fetch_one(&pool).await.unwrap();
    let other = bind(&pool, 813, 4412).await;
    let customer = "insert into hubsoft.customer (id_cliente, nome_razaosocial) values (7, 'Ana');
        insert into hubsoft.customer_service (id_cliente_servico, id_cliente) values (4411, 7), (4412, 7)";
    pool.execute(customer).await.unwrap();
    let term = lead(&pool).await;
    taken_in(&pool, &[]).await;
    for written in [0, 3, 0] {
        assert_eq!(found(&pool, of_port(812)).await, [moved, bound], "newest first");
        assert_eq!(found(&pool, of_port(900)).await, [moved]);
        assert_eq!(found(&pool, of_service(4411)).await, [moved, bound]);
        assert_eq!(found(&pool, of_service(4500)).await, [moved]);
        assert_eq!(found(&pool, of_port(4411)).await, [] as [Uuid; 0], "a service's number is no port's");
        let customer = Asked { customer: Some("7".to_owned()), ..Asked::default() };
        assert_eq!(found(&pool, customer).await, [other, moved, bound]);
        let both = Asked { service: Some("4411".to_owned()), ..of_port(900) };
        assert_eq!(found(&pool, both).await, [moved]);
        let caller = Caller::at_terminal("ana".to_owned());
        let near = neighbours::of(&pool, &caller, bound).await.unwrap();
        assert_eq!((near.before.len(), near.after.iter().map(|w| w.id).collect::<Vec<_>>()), (0, vec![moved]));
        if written > 0 {
            assert_eq!(trail::look(&pool, term).await.unwrap(), written);
            assert_eq!(marks(&pool).await, 2 + 4 + 2, "each port and service of each row");
        }
    }
    assert_eq!(trail::look(&pool, term).await.unwrap(), 0, "each row is written once");
}

#[tokio::test]
async fn what_commits_late_under_a_lower_number_is_found_and_written() {
    let db = Db::new().await;
    let pool = db.pool();
    let term = lead(&pool).await;
    let mut slow = db.connection().await;
    let mut open = slow.begin().await.unwrap();
    let late = bind(&mut *open, 812, 1).await;
    let quick = bind(&pool, 812, 2).await;
    let gap: i64 = sqlx::query_scalar("select min(seq) - 1 from enlace.outbox").fetch_one(&pool).await.unwrap();
    taken_in(&pool, &[gap]).await;
    assert_eq!(trail::look(&pool, term).await.unwrap(), 0, "it stops below the gap");
    assert_eq!(found(&pool, of_port(812)).await, [quick]);
    open.commit().await.unwrap();
    assert_eq!(found(&pool, of_port(812)).await, [quick, late]);
    taken_in(&pool, &[]).await;
    // Not taken in yet: not written yet.
    let last = bind(&pool, 812, 3).await;
    assert_eq!(trail::look(&pool, term).await.unwrap(), 2);
    assert_eq!(found(&pool, of_port(812)).await, [last, quick, late]);
}

#[tokio::test]
async fn a_payload_of_a_kind_that_nobody_knows_names_what_it_can() {
    let db = Db::new().await;
    let mut connection: PgConnection = db.connection().await;
    let keys = "select sort::text, number from enlace.trail_keys($1) order by 1, 2";
    for (payload, named) in [
        (r#"{"id_porta_atendimento": 1, "id_porta_atendimento_antiga": 1}"#, vec![("p", 1)]),
        (r#"{"id_porta_atendimento": "x", "id_cliente_servico": 1.5, "id_cliente_servico_antigo": -3}"#, vec![]),
        (r#"{"id_porta_atendimento": 99999999999999999999, "id_cliente_servico": 2}"#, vec![("s", 2)]),
        (r#"{"id_porta_atendimento": [1], "id_cliente_servico": null}"#, vec![]),
        (r#"[1]"#, vec![]),
        ("7", vec![]),
    ] {
        let payload: serde_json::Value = serde_json::from_str(payload).unwrap();
        let told: Vec<(String, i64)> = sqlx::query_as(keys).bind(&payload).fetch_all(&mut connection).await.unwrap();
        let told: Vec<(&str, i64)> = told.iter().map(|(sort, number)| (sort.as_str(), *number)).collect();
        assert_eq!(told, named, "{payload}");
    }
}

/// With a history of any size: by keys, and never by reading the outbox.
#[tokio::test]
async fn g14_a_ports_work_is_looked_up_and_not_searched_for() {
    let db = Db::new().await;
    let pool = db.pool();
    let many = "insert into enlace.outbox (kind, payload)
        select 'bind', jsonb_build_object('id_porta_atendimento', 1 + g % 2000, 'id_cliente_servico', g) from generate_series(1, 20000) g";
    pool.execute(many).await.unwrap();
    taken_in(&pool, &[]).await;
    assert_eq!(trail::look(&pool, lead(&pool).await).await.unwrap(), 20_000);
    pool.execute("analyze enlace.outbox; analyze enlace.trail; analyze enlace.trail_mark").await.unwrap();
    let plan =
        "explain (analyze, buffers off, costs off) select w.id from enlace.outbox o join enlace.workflow w using (id)
        where o.seq in (select enlace.trail_of(array(select 812::bigint), '{}')) order by o.seq + 0 desc limit 51";
    let plan: Vec<String> = sqlx::query_scalar(plan).fetch_all(&pool).await.unwrap();
    assert!(!plan.iter().any(|line| line.contains("Seq Scan on outbox")), "{plan:#?}");
    assert_eq!(found(&pool, of_port(812)).await.len(), 10);
}
