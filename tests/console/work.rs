//! Workflows in the console: the list and its filters, one whole, acts, a retry with other data.

use std::time::Duration;

use enlace::tokens::Role;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Console, browser::journey};
use crate::{
    api::{ended, stands},
    support::toy::pass,
};

/// Asks for a bind as HubSoft does; its id.
pub async fn bind(pool: &PgPool, port: i64, service: i64) -> Uuid {
    let sql = "select enlace.enqueue('bind', jsonb_build_object('id_porta_atendimento', $1, 'id_cliente_servico', $2))";
    sqlx::query_scalar(sql).bind(port).bind(service).fetch_one(pool).await.unwrap()
}

/// Writes an attempt down, as a worker does.
async fn attempt(
    pool: &PgPool,
    id: Uuid,
    (n, state, next): (i32, &str, Option<&str>),
    outcome: &str,
    seconds: [f64; 2],
) {
    let sql = "insert into enlace.step (id, n, attempt, state, outcome, next_state, error, calls, began_at, ended_at)
               values ($1, $2, 1, $3, $4, $5, case when $4 = 'failed' then '{\"message\": \"a porta sumiu / the port is gone\"}'::jsonb end,
                       '[{\"method\": \"GET\", \"path\": \"/ports/9\", \"status\": 200, \"ms\": 40}]',
                       enlace.now() + $6 * interval '1 second', enlace.now() + $7 * interval '1 second')";
    let query = sqlx::query(sql).bind(id).bind(n).bind(state).bind(outcome).bind(next);
    query.bind(seconds[0]).bind(seconds[1]).execute(pool).await.unwrap();
}

async fn standing(pool: &PgPool, id: Uuid) -> (String, Value) {
    let sql = "select status, payload from enlace.workflow where id = $1";
    sqlx::query_as(sql).bind(id).fetch_one(pool).await.unwrap()
}

/// Whether the list that an address shows holds this one.
fn holds(body: &str, id: Uuid) -> bool {
    body.contains(&format!("href=\"/workflows/{id}\""))
}

/// Workflows that are parked, done, waiting for a platform, behind another, and waiting for a time.
async fn one_of_each(pool: &PgPool) -> [Uuid; 5] {
    let parked = bind(pool, 812, 4411).await;
    stands(pool, parked, "parked").await;
    let done = bind(pool, 813, 4412).await;
    ended(pool, done, "succeeded", json!({ "external_id": "p1" })).await;
    let waiting = bind(pool, 814, 4413).await;
    stands(pool, waiting, "waiting").await;
    sqlx::query("update enlace.run set upstream = 'integration:3' where id = $1")
        .bind(waiting)
        .execute(pool)
        .await
        .unwrap();
    let follows = bind(pool, 814, 4414).await;
    stands(pool, follows, "queued").await;
    sqlx::query("update enlace.run set blockers = 1 where id = $1").bind(follows).execute(pool).await.unwrap();
    let later = bind(pool, 815, 4415).await;
    stands(pool, later, "queued").await;
    let sql = "update enlace.run set due_at = enlace.now() + interval '1 hour' where id = $1";
    sqlx::query(sql).bind(later).execute(pool).await.unwrap();
    [parked, done, waiting, follows, later]
}

#[tokio::test]
async fn the_list_says_of_each_why_it_is_where_it_is_and_is_narrowed_down_by_its_address() {
    let console = Console::start().await;
    let pool = console.pool();
    let viewer = console.sign_in(Role::Viewer).await;
    viewer.get("/workflows").await.expect(200).says("Nenhuma operação");
    let all = one_of_each(&pool).await;
    let [parked, done, waiting, follows, later] = all;
    let whole = viewer
        .get("/workflows")
        .await
        .expect(200)
        .says("aguarda uma pessoa")
        .says("porta 812")
        .says("href=\"/ports/812\"");
    assert!(all.iter().all(|id| holds(&whole.body, *id)));
    for (query, wanted) in [
        ("status=parked&reason=rejected", vec![parked]),
        ("reason=rejected,outcome_unknown", vec![parked]),
        ("reason=outcome_unknown", vec![]),
        ("reason=upstream", vec![waiting]),
        ("reason=key", vec![follows]),
        ("reason=time", vec![later]),
        ("status=succeeded", vec![done]),
        ("kind=sync", vec![]),
        ("kind=&status=&q=813", vec![done]),
        ("port=814", vec![waiting, follows]),
        ("since=2020-01-01T00:00&until=2100-01-01T00:00&q=812", vec![parked]),
        ("until=2020-01-01T00:00", vec![]),
    ] {
        let page = viewer.get(&format!("/workflows?{query}")).await.expect(200);
        let found: Vec<Uuid> = all.into_iter().filter(|id| holds(&page.body, *id)).collect();
        assert_eq!(found, wanted, "{query}");
    }
    // What cannot be taken is said beside what was typed.
    viewer
        .get("/workflows?port=oito&q=abc")
        .await
        .expect(422)
        .says("value=\"oito\"")
        .says("value=\"abc\"")
        .says("aria-invalid");
    viewer.get("/workflows?until=ontem").await.expect(422).says("until");
    assert!(!whole.body.contains("/acts/new"), "a viewer acts on nothing");

    let page = viewer.get("/workflows?limit=2").await.expect(200);
    assert!(holds(&page.body, later) && !holds(&page.body, done));
    let older =
        page.body.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let next = viewer.get(&older).await.expect(200);
    assert!(holds(&next.body, waiting) && holds(&next.body, done) && !holds(&next.body, later), "{older}");
}

#[tokio::test]
async fn one_workflow_shows_its_sentence_its_path_its_time_and_what_else_touched_the_same() {
    let console = Console::start().await;
    let pool = console.pool();
    let before = bind(&pool, 812, 4000).await;
    ended(&pool, before, "succeeded", json!({})).await;
    let elsewhere = bind(&pool, 900, 4001).await;
    ended(&pool, elsewhere, "succeeded", json!({})).await;
    let id = bind(&pool, 812, 4411).await;
    stands(&pool, id, "parked").await;
    attempt(&pool, id, (1, "requested", Some("looking")), "done", [-7200.0, -7199.9]).await;
    attempt(&pool, id, (2, "looking", None), "failed", [-60.0, -59.8]).await;
    let after = bind(&pool, 813, 4411).await;
    let operator = console.sign_in(Role::Operator).await;
    let page = operator.get(&format!("/workflows/{id}")).await.expect(200);
    let page = page.says("aguarda uma pessoa").says("olhar a porta na plataforma").says("class=\"state here been\"");
    // From the operation's own table: two arrows were taken or can be, all states are drawn.
    assert_eq!(page.body.matches("class=\"state").count(), 8, "seven states, and the drawing");
    assert_eq!(page.body.matches("class=\"arrow taken\"").count(), 1);
    let page = page.says("class=\"bar failed\"").says("a porta sumiu").says("/ports/9").says("trace");
    assert!(page.body.contains("class=\"cut\""), "two hours in between are cut short");
    // What else touched the same is looked for apart, so that the page waits for nothing.
    assert!(page.body.contains(&format!("hx-get=\"/workflows/{id}/near\"")) && !holds(&page.body, before));
    let near = operator.get(&format!("/workflows/{id}/near")).await.expect(200).says("Antes e depois");
    assert!(holds(&near.body, before) && holds(&near.body, after) && !holds(&near.body, elsewhere));
    let at = |id: Uuid| near.body.find(&format!("href=\"/workflows/{id}\"")).unwrap();
    assert!(at(after) < near.body.find("esta operação").unwrap() && at(before) > at(after), "the newest first");
    // Only what makes sense now, and only for those who may act.
    let page =
        operator.get(&format!("/workflows/{id}/acts")).await.expect(200).says("value=\"retry\"").says("value=\"skip\"");
    assert!(!page.body.contains("value=\"resume\"") && !page.body.contains("value=\"resolve\""));
    let viewer = console.sign_in(Role::Viewer).await;
    let seen = viewer.get(&format!("/workflows/{id}")).await.expect(200);
    assert!(!seen.body.contains("name=\"act\""));
    let english = operator.with("enlace_language=en").get(&format!("/workflows/{id}")).await.expect(200);
    english.says("look at the port on the platform").says("Before and after");
    operator.get(&format!("/workflows/{id}/live")).await.expect(200).says("olhar a porta");
    operator.get(&format!("/workflows/{}", Uuid::nil())).await.expect(404);
    operator.get("/workflows/7").await.expect(404);
    // A sync that waits for somebody's approval leads to what would vanish (rule S9).
    let sql = "insert into mapping.integration (id_integracao, platform, name) values (3, 'ozmap', 'O')";
    sqlx::query(sql).execute(&pool).await.unwrap();
    let sql = "select enlace.enqueue('sync', '{\"id_integracao\": 3}')";
    let sync: Uuid = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    stands(&pool, sync, "parked").await;
    sqlx::query("update enlace.run set parked = 'approval' where id = $1").bind(sync).execute(&pool).await.unwrap();
    operator.get(&format!("/workflows/{sync}")).await.expect(200).says(&format!("/guards/{sync}"));
}

#[tokio::test]
async fn g12_an_act_is_done_with_a_reason_and_a_form_that_cannot_be_taken_comes_back_as_it_was_typed() {
    let console = Console::start().await;
    let pool = console.pool();
    let operator = console.sign_in(Role::Operator).await;
    let id = bind(&pool, 812, 4411).await;
    stands(&pool, id, "parked").await;
    let at = format!("/workflows/{id}/act");
    operator.post(&at, &[("act", "retry"), ("reason", "  ")]).await.expect(422).says("reason").says("aria-invalid");
    let long = "x".repeat(201);
    operator.post(&at, &[("act", "retry"), ("reason", &long)]).await.expect(422).says(&long).says("open");
    operator.post(&at, &[("act", "dance"), ("reason", "x")]).await.expect(422);
    operator.forged(&at, &[("act", "retry"), ("reason", "x")]).await.expect(403);
    assert_eq!(standing(&pool, id).await.0, "parked", "nothing was stored");
    let went = operator.post(&at, &[("act", "retry"), ("reason", "porta liberada")]).await.expect(303);
    assert_eq!(went.goes_to(), format!("/workflows/{id}"));
    assert_eq!(standing(&pool, id).await.0, "queued");
    let acts: Vec<(String, String, String)> =
        sqlx::query_as("select act, person, reason from enlace.act where run_id = $1")
            .bind(id)
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(acts, [("retry".to_owned(), "operator".to_owned(), "porta liberada".to_owned())]);
    // What makes no sense any more is said on the page, and not done.
    operator.post(&at, &[("act", "retry"), ("reason", "de novo")]).await.expect(303);
    // Was it done or not? Two questions, one answer each.
    let unknown = bind(&pool, 900, 4500).await;
    stands(&pool, unknown, "parked").await;
    let sql = "update enlace.run set parked = 'outcome_unknown' where id = $1";
    sqlx::query(sql).bind(unknown).execute(&pool).await.unwrap();
    operator.get(&format!("/workflows/{unknown}")).await.expect(200).says("value=\"done\"").says("value=\"not_done\"");
    let at = format!("/workflows/{unknown}/act");
    operator
        .post(&at, &[("act", "resolve"), ("reason", "olhei")])
        .await
        .expect(422)
        .says("outcome")
        .says("value=\"olhei\"");
}

#[tokio::test]
async fn g12_a_retry_with_other_data_shows_both_side_by_side_before_anything_is_stored() {
    let console = Console::start().await;
    let pool = console.pool();
    let operator = console.sign_in(Role::Operator).await;
    let id = bind(&pool, 812, 4411).await;
    stands(&pool, id, "parked").await;
    sqlx::query("insert into enlace.run_key select 'port:812', position, id from enlace.run")
        .execute(&pool)
        .await
        .unwrap();
    let edit = format!("/workflows/{id}/edit");
    operator
        .get(&edit)
        .await
        .expect(200)
        .says("value.id_porta_atendimento")
        .says("value=\"812\"")
        .says("forçar a troca");
    let form = |port: &'static str| {
        [("value.id_porta_atendimento", port), ("value.id_cliente_servico", "4411"), ("reason", "era a 813")]
    };
    operator.post(&edit, &form("oito")).await.expect(422).says("value=\"oito\"").says("Escreva um número");
    operator.post(&edit, &form("812")).await.expect(303);
    let both = operator.post(&edit, &form("813")).await.expect(200).says("812").says("<strong>813</strong>");
    assert_eq!(
        standing(&pool, id).await,
        ("parked".to_owned(), json!({ "id_porta_atendimento": 812, "id_cliente_servico": 4411 }))
    );
    let payload = both.body.split("name=\"payload\" value=\"").nth(1).unwrap().split("\">").next().unwrap();
    let payload = payload.replace("&#34;", "\"");
    assert_eq!(
        serde_json::from_str::<Value>(&payload).unwrap(),
        json!({ "id_porta_atendimento": 813, "id_cliente_servico": 4411 })
    );
    let sent = [("act", "retry"), ("reason", "era a 813"), ("payload", payload.as_str())];
    operator.post(&format!("/workflows/{id}/act"), &sent).await.expect(303);
    assert_eq!(standing(&pool, id).await.1["id_porta_atendimento"], 813);
    pass(&pool, Duration::from_secs(1)).await;
    operator.get(&format!("/workflows/{id}")).await.expect(200).says("O pedido original do HubSoft");
    let viewer = console.sign_in(Role::Viewer).await;
    viewer.get(&edit).await.expect(403);
}

#[tokio::test]
async fn the_pages_about_work_are_accessible_in_both_themes_and_on_a_phone_and_a_parked_workflow_is_found_and_retried()
{
    let console = Console::start().await;
    let pool = console.pool();
    let sql = "with i as (insert into mapping.integration (id_integracao, platform, name) values (3, 'ozmap', 'O'))
        insert into enlace.schedule (kind, payload, pattern, zone, next_at)
        values ('sync', '{\"id_integracao\": 3}', '0 4 * * *', 'America/Sao_Paulo', enlace.now() + interval '1 hour')";
    sqlx::query(sql).execute(&pool).await.unwrap();
    let done = bind(&pool, 812, 4000).await;
    ended(&pool, done, "succeeded", json!({ "external_id": "p1" })).await;
    let parked = bind(&pool, 812, 4411).await;
    stands(&pool, parked, "parked").await;
    attempt(&pool, parked, (1, "requested", Some("looking")), "done", [-7200.0, -7199.9]).await;
    attempt(&pool, parked, (2, "looking", None), "failed", [-60.0, -59.8]).await;
    let sql = "select enlace.enqueue('sync', '{\"id_integracao\": 3}')";
    let sync: Uuid = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    stands(&pool, sync, "paused").await;
    let admin = console.sign_in(Role::Admin).await;
    let form = [("kind", "sync"), ("action", "cancel"), ("reason", "teste"), ("pace", "5")];
    let act = admin.post("/acts", &form).await.expect(303).goes_to().strip_prefix("/acts/").unwrap().to_owned();
    let token = crate::api::token(&pool, Role::Admin, "Ana").await;
    let given = json!({ "token": token, "parked": parked, "sync": sync, "act": act });
    journey("work", &console.base, given).await;
    let sql = "select person, reason from enlace.act where run_id = $1";
    let did: (String, String) = sqlx::query_as(sql).bind(parked).fetch_one(&pool).await.unwrap();
    assert_eq!(did, ("Ana".to_owned(), "porta liberada".to_owned()));
    assert_eq!(standing(&pool, parked).await.0, "queued");
}
