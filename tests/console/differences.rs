//! Differences and what would vanish, as people settle and answer them.

use enlace::tokens::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    Console,
    network::{city, run},
};

async fn settled(pool: &PgPool) -> Value {
    let sql = "select jsonb_agg(settlement order by id) from mapping.discrepancy";
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn s6_both_sides_stand_next_to_each_other_and_are_settled_one_many_or_all() {
    let console = Console::start().await;
    let pool = console.pool();
    city(&pool).await;
    run(
        &pool,
        "update mapping.port set id_cliente_servico = 4412, transmission = 'sent' where id_porta_atendimento = 802;
         insert into mapping.discrepancy (id, id_porta_atendimento, kind, ours, theirs) values
           (1, 801, 'not_on_platform', '{\"id_cliente_servico\": 4411}', '{\"code\": null}'),
           (2, 802, 'not_on_platform', '{\"id_cliente_servico\": 4412}', '{\"code\": null}'),
           (3, 803, 'taken_by_equipment', '{\"id_cliente_servico\": null}', '{\"equipment\": true}'),
           (4, 804, 'other_occupant', '{\"id_cliente_servico\": null}', '{\"name\": \"Maria Prado\", \"code\": \"777\"}')",
    )
    .await;
    let (viewer, operator) = (console.sign_in(Role::Viewer).await, console.sign_in(Role::Operator).await);
    let list = operator.get("/discrepancies").await.expect(200).says("M•••").says("4411").says("CTO-091");
    assert!(!list.body.contains("Prado"));
    let narrowed =
        operator.get("/discrepancies?kind=not_on_platform&box=91").await.expect(200).says("/discrepancies/all?");
    assert!(!narrowed.body.contains("value=\"3\" aria-label"), "narrowed down by kind");
    operator.get("/discrepancies?box=92").await.expect(200).says("Nenhuma divergência assim");
    operator.get("/discrepancies?box=x").await.expect(200).says("deve ser um número inteiro positivo");
    assert!(!viewer.get("/discrepancies").await.expect(200).body.contains("name=\"action\""));
    viewer.post("/discrepancies", &[("id", "1"), ("action", "ignore"), ("reason", "x")]).await.expect(403);

    operator.post("/discrepancies", &[("id", "1"), ("action", "send")]).await.expect(303);
    operator.post("/discrepancies", &[("action", "send"), ("reason", "x")]).await.expect(303);
    assert_eq!(settled(&pool).await, json!([null, null, null, null]), "neither without a reason nor without a tick");
    let ticked = [("id", "1"), ("id", "3"), ("action", "send"), ("reason", "conferido"), ("back", "box=91")];
    let back = operator.post("/discrepancies", &ticked).await.expect(303);
    assert_eq!(back.goes_to(), "/discrepancies?box=91");
    assert_eq!(settled(&pool).await, json!(["send", null, null, null]), "what makes no sense is left alone");
    let bound: Value =
        sqlx::query_scalar("select jsonb_agg(payload) from enlace.outbox").fetch_one(&pool).await.unwrap();
    assert_eq!(bound, json!([{ "id_porta_atendimento": 801, "id_cliente_servico": 4411 }]));

    let all = "/discrepancies/all?kind=taken_by_equipment&action=ignore";
    operator.get(all).await.expect(200).says("fact").says("name=\"pace\"");
    let form = [("kind", "taken_by_equipment"), ("action", "ignore")];
    operator.post("/discrepancies/all", &form).await.expect(200).says("role=\"alert\"");
    let begun = operator.post("/discrepancies/all", &[&form[..], &[("reason", "sempre foi assim")]].concat()).await;
    let begun = begun.expect(303);
    assert!(begun.goes_to().starts_with("/acts/"));
    let total: i64 = sqlx::query_scalar("select total from enlace.bulk_act").fetch_one(&pool).await.unwrap();
    assert_eq!(total, 1);
}

/// A sync of project 9 that waits for approval: it has seen box `c` and not box `b`, and thirty that it has not seen either.
async fn asking(pool: &PgPool) {
    run(
        pool,
        "insert into mapping.box (id_projeto, external_id, nome, latitude, longitude)
           select 9, 'x' || g, 'CTO-X' || g, -27.5 - g * 0.001, -48.5 from generate_series(1, 30) g;
         select enlace.enqueue('sync', '{\"id_integracao\": 3}');
         insert into mapping.sync_run (run, id_integracao, id_projeto, phase) select id, 3, 9, 'missing' from enlace.outbox;
         insert into mapping.sync_seen (run, kind, external_id) select id, 'box', 'c' from enlace.outbox;
         insert into enlace.run (id, position, kind, version, lane, status, state, due_at, parked, error)
           select id, seq, 'sync', 2, 2, 'parked', 'requested', enlace.now(), 'approval', '{\"message\": \"sumiriam / would vanish\"}' from enlace.outbox;
         insert into enlace.step (id, n, attempt, state, outcome, next_state, data, began_at, ended_at)
           select id, 1, 1, 'pulling_splitters', 'done', 'marking_missing', '{\"state\": \"marking_missing\", \"left\": [\"box\"], \"approved\": false}', enlace.now(), enlace.now() from enlace.outbox;
         insert into enlace.intake select (select max(id) + 1 from enlace.intake), (select max(seq) from enlace.outbox), '{}', '{}'",
    )
    .await;
}

#[tokio::test]
async fn s9_what_would_vanish_is_listed_and_drawn_and_a_person_says_yes_or_no() {
    let console = Console::start().await;
    let pool = console.pool();
    city(&pool).await;
    let (viewer, operator) = (console.sign_in(Role::Viewer).await, console.sign_in(Role::Operator).await);
    viewer.get("/guards").await.expect(200).says("Nenhuma sincronização");
    asking(&pool).await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from enlace.outbox").fetch_one(&pool).await.unwrap();
    let at = format!("/guards/{id}");
    viewer.get("/guards").await.expect(200).says(&at).says("OZMap Centro");
    let shown =
        viewer.get(&at).await.expect(200).says("CTO-091").says("CTO-X1").says("class=\"gone\"").says("class=\"stays\"");
    assert!(shown.body.contains(">31<") && shown.body.contains(">32<"), "31 of 32");
    assert!(!shown.body.contains("CTO-0911") && !shown.body.contains("<form method=\"post\" action=\"/guards"));
    let first = viewer.get(&format!("{at}?limit=10")).await.expect(200);
    assert!(first.body.matches("<code>").count() == 10 && first.body.contains("after="));
    viewer.post(&format!("{at}/approve"), &[("reason", "x")]).await.expect(403);
    operator.post(&format!("{at}/approve"), &[]).await.expect(303);
    operator.get(&at).await.expect(200).says("Aprovar: 31 elementos");
    let refused = operator.post(&format!("{at}/refuse"), &[("reason", "lista veio vazia")]).await.expect(303);
    assert_eq!(refused.goes_to(), format!("/workflows/{id}"));
    let act: (String, String) =
        sqlx::query_as("select act, reason from enlace.act where run_id = $1").bind(id).fetch_one(&pool).await.unwrap();
    assert_eq!(act, ("refuse".to_owned(), "lista veio vazia".to_owned()));
    operator.get(&at).await.expect(404).says("não espera");
}
