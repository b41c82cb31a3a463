//! After the days for which work is kept, nothing that remains names anybody; the counts stay, and so does who did what (P2).

use std::time::Duration;

use engine::{
    history::{self, Keep},
    leader::{self, Candidate, Term},
};
use enlace::desk::{forget, trail};
use mapping::Change;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::{NAME, found};
use crate::api::{Api, ended};
use crate::support::toy::pass;

const DAY: Duration = Duration::from_secs(24 * 3600);
const KEEP: Keep = Keep { days: 90, weeks_ahead: 1 };

async fn lead(pool: &PgPool, duty: &'static str) -> Term {
    let candidate = Candidate { duty, name: "test".to_owned(), lease: 1000 * DAY };
    leader::take(pool, &candidate).await.unwrap().unwrap()
}

/// All rows of all tables of ours, as text, that hold something planted.
async fn remains(pool: &PgPool) -> Vec<(String, String)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c where c.relkind = 'r'
         and c.relnamespace in ('enlace'::regnamespace, 'mapping'::regnamespace) order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut remains = Vec::new();
    for table in tables {
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("select t::text from {table} t"))).fetch_all(pool).await.unwrap();
        remains.extend(rows.into_iter().filter(|row| !found(row).is_empty()).map(|row| (table.clone(), row)));
    }
    remains
}

async fn run(pool: &PgPool, sql: &str, id: Uuid) {
    sqlx::query(AssertSqlSafe(sql.replace("NAME", NAME))).bind(id).execute(pool).await.unwrap();
}

/// A workflow with everything that can be written about one, and what outlives it.
async fn plant(api: &Api) -> Uuid {
    let pool = api.db.pool();
    let id = api.bind(1, 2).await;
    ended(&pool, id, "succeeded", json!({ "customer": { "name": NAME } })).await;
    for sql in [
        "insert into enlace.step (id, n, attempt, state, outcome, data, error, began_at, ended_at)
         values ($1, 1, 1, 'looking', 'done', '{\"seat\": \"NAME\"}', '{\"message\": \"NAME\"}', enlace.now(), enlace.now())",
        "insert into enlace.edit (id, n, act, payload) values ($1, 1, gen_random_uuid(), '{\"endereco\": \"NAME\"}')",
        "insert into enlace.act (run_id, act, person, reason, before, after)
         values ($1, 'retry', 'bia', 'cliente NAME pediu', '{\"payload\": {\"endereco\": \"NAME\"}}', '{\"payload\": {\"endereco\": \"NAME\"}}')",
        "insert into mapping.sync_run (run, id_integracao, phase, begun_at, ended_at, error)
         select $1, id_integracao, 'failed', enlace.now(), enlace.now(), 'recusado: NAME' from mapping.integration",
    ] {
        run(&pool, sql, id).await;
    }
    let many =
        api.post("/acts", json!({ "action": "retry", "filter": { "q": "Plantina" }, "reason": "x" })).await.expect(202);
    api.post(&format!("/acts/{}/cancel", many.id()), json!({ "reason": "desistiu" })).await.expect(200);
    id
}

fn theirs(name: &str) -> Value {
    json!({ "external_id": "p1", "code": null, "name": name })
}

/// Three differences: ignored, settled by a sync, and open.
async fn differ(pool: &PgPool) {
    sqlx::query(
        "with project as (insert into mapping.project (nome) values ('Centro') returning id_projeto),
         box as (insert into mapping.box (id_projeto, external_id, nome) select id_projeto, 'b', 'b' from project returning id_caixa_optica),
         splitter as (insert into mapping.splitter (id_caixa_optica, external_id, role) select id_caixa_optica, 's', 'attendance' from box returning id_splitter, id_caixa_optica)
         insert into mapping.port (id_splitter, id_caixa_optica, sequencia) select id_splitter, id_caixa_optica, g from splitter, generate_series(0, 2) g",
    )
    .execute(pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into mapping.discrepancy (id_porta_atendimento, kind, ours, theirs, since, settled_at, settled_by, settlement)
         select p.id_porta_atendimento, 'other_occupant', '{\"id_cliente_servico\": 7}', $1, enlace.now(),
                case when p.sequencia < 2 then enlace.now() end, (array['bia', 'sync'])[p.sequencia + 1], (array['ignore'])[p.sequencia + 1]
         from mapping.port p",
    )
    .bind(theirs(NAME))
    .execute(pool)
    .await
    .unwrap();
}

async fn open(pool: &PgPool) -> i64 {
    let sql = "select count(*) from mapping.discrepancy where settled_at is null";
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

// on every platform
#[tokio::test]
async fn p2_s6_what_outlives_its_work_names_nobody_and_what_was_ignored_stays_so() {
    let api = Api::start().await;
    let pool = api.db.pool();
    api.integration().await;
    let id = plant(&api).await;
    differ(&pool).await;
    let taken_in =
        "insert into enlace.intake (id, upto, gaps, gap_xids) select 2, max(seq), '{}', '{}' from enlace.outbox";
    sqlx::query(taken_in).execute(&pool).await.unwrap();
    assert_eq!(trail::look(&pool, lead(&pool, trail::DUTY).await).await.unwrap(), 1);
    let planted = remains(&pool).await.len();
    assert!(planted >= 9, "{:?}", remains(&pool).await);
    let (work, people) = (lead(&pool, history::DUTY).await, lead(&pool, forget::DUTY).await);
    let forget = async || {
        history::look(&pool, work, KEEP).await.unwrap();
        forget::look(&pool, people, KEEP.days).await.unwrap()
    };
    pass(&pool, 89 * DAY).await;
    assert_eq!((forget().await, remains(&pool).await.len()), (0, planted), "it is kept as long as it is said to be");
    // Steps and ends go by whole weeks.
    pass(&pool, 10 * DAY).await;
    assert!(forget().await > 0);
    let left = remains(&pool).await;
    assert!(left.len() == 1 && left[0].0 == "mapping.discrepancy", "what is open is still to be settled: {left:?}");
    assert_eq!(forget().await, 0, "there is nothing more to forget");

    let act: (String, String, Option<Value>) =
        sqlx::query_as("select act, person, before from enlace.act where run_id = $1")
            .bind(id)
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(act, ("retry".to_owned(), "bia".to_owned(), None), "who did what remains");
    let count = async |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap();
    assert_eq!(count("select coalesce(sum(count), 0)::bigint from enlace.finished_count").await, 1);
    assert_eq!(count("select count(*) from mapping.discrepancy").await, 3);
    assert_eq!(count("select count(*) from mapping.sync_run where phase = 'failed'").await, 1);
    assert_eq!(count("select count(*) from enlace.edit").await, 0);
    assert_eq!(count("select count(*) from enlace.trail").await, 0);

    let port: i64 = count("select id_porta_atendimento from mapping.port where sequencia = 0").await;
    let differs = async |name: &str| {
        let (kind, ours) = ("other_occupant".to_owned(), json!({ "id_cliente_servico": 7 }));
        let change = Change::Discrepancy { port, kind, ours, theirs: theirs(name) };
        let mut tx = pool.begin().await.unwrap();
        mapping::apply(&mut tx, vec![(Uuid::nil(), change)]).await.unwrap();
        tx.commit().await.unwrap();
        open(&pool).await
    };
    assert_eq!(differs(NAME).await, 1, "what a person ignored is not asked again");
    assert_eq!(differs("Outra Pessoa").await, 2, "another difference is another question");
}

#[tokio::test]
async fn p2_a_database_with_settled_differences_gets_what_forgetting_takes() {
    let db = crate::support::Db::empty().await;
    let mut old = db.connection().await;
    let run = async |connection: &mut sqlx::PgConnection, sql: String| {
        sqlx::Executor::execute(connection, AssertSqlSafe(sql)).await.unwrap();
    };
    run(&mut old, "create schema enlace; set search_path = public".to_owned()).await;
    let (before, after): (Vec<_>, Vec<_>) = enlace::migrations::FILES.iter().partition(|(file, _)| *file < "0018");
    for (_, sql) in before {
        run(&mut old, (*sql).to_owned()).await;
    }
    run(&mut old, "alter table mapping.discrepancy drop constraint discrepancy_id_porta_atendimento_fkey".to_owned())
        .await;
    let settled = "insert into mapping.discrepancy (id_porta_atendimento, kind, ours, theirs, settled_at, settled_by)
                   values (1, 'other_occupant', '{}', '{\"name\": \"x\", \"code\": 1}', now() - interval '100 days', 'sync')";
    run(&mut old, settled.to_owned()).await;
    for (_, sql) in after {
        run(&mut old, (*sql).to_owned()).await;
    }
    assert_eq!(mapping::retention::forget(&mut old, 90).await.unwrap(), 1);
    let same: bool =
        sqlx::query_scalar("select theirs = mapping.digest('{\"code\": 1, \"name\": \"x\"}') from mapping.discrepancy")
            .fetch_one(&mut old)
            .await
            .unwrap();
    assert!(same, "equal values have equal digests");
    assert_eq!(mapping::retention::forget(&mut old, 90).await.unwrap(), 0);
}
