//! Acts on many, the audit and its file, schedules, tokens, and what runs here.

use enlace::tokens::Role;
use reqwest::Method;
use uuid::Uuid;

use super::{Console, work::bind};
use crate::api::stands;

#[tokio::test]
async fn g12_an_act_on_many_is_looked_at_before_then_begun_steered_and_written_down() {
    let console = Console::start().await;
    let pool = console.pool();
    let operator = console.sign_in(Role::Operator).await;
    let (parked, queued) = (bind(&pool, 812, 4411).await, bind(&pool, 813, 4412).await);
    stands(&pool, parked, "parked").await;
    stands(&pool, queued, "queued").await;
    operator
        .get("/workflows?kind=bind&reason=rejected")
        .await
        .expect(200)
        .says("/acts/new?kind=bind&#38;reason_to_wait=rejected");
    operator.get("/acts/new?kind=bind&reason_to_wait=rejected").await.expect(200).says("recusadas").says("vínculo");
    let form = [("kind", "bind"), ("action", "retry"), ("reason", "OZMap voltou"), ("pace", "5")];
    let preview = operator.post("/acts/preview", &form).await.expect(200);
    let preview =
        preview.says("1 de 2 operações").says("fica como está").says("name=\"reason\" value=\"OZMap voltou\"");
    assert_eq!(preview.body.matches("tag good\">Tentar de novo").count(), 1, "what will happen to each");
    let begun = |pool| async move {
        sqlx::query_scalar::<_, i64>("select count(*) from enlace.bulk_act").fetch_one(&pool).await.unwrap()
    };
    assert_eq!(begun(pool.clone()).await, 0);
    for wrong in [
        [("kind", "bind"), ("action", "retry"), ("reason", ""), ("pace", "5")],
        [("kind", "bind"), ("action", "retry"), ("reason", "x"), ("pace", "0")],
        [("kind", "dance"), ("action", "retry"), ("reason", "x"), ("pace", "5")],
        [("x", ""), ("action", "retry"), ("reason", "sem filtro"), ("pace", "5")],
    ] {
        operator
            .post("/acts", &wrong)
            .await
            .expect(422)
            .says("role=\"alert\"")
            .says(&format!("value=\"{}\"", wrong[2].1));
    }
    assert_eq!(begun(pool.clone()).await, 0, "nothing was stored");
    let to = operator.post("/acts", &form).await.expect(303).goes_to().to_owned();
    operator
        .get(&to)
        .await
        .expect(200)
        .says("OZMap voltou")
        .says("0 de 2")
        .says("em andamento")
        .says("value=\"pause\"");
    operator.post(&to, &[("steer", "pause"), ("reason", "")]).await.expect(422).says("aria-invalid");
    operator.post(&to, &[("steer", "pause"), ("reason", "espera")]).await.expect(303);
    operator.get(&format!("{to}/live")).await.expect(200).says("pausada");
    let status: String = sqlx::query_scalar("select status from enlace.bulk_act").fetch_one(&pool).await.unwrap();
    assert_eq!(status, "paused");
    operator.post(&to, &[("steer", "pause"), ("reason", "espera")]).await.expect(303);
    let audit = operator.get("/acts").await.expect(200).says("Em massa: Tentar de novo").says("Em massa: Pausar");
    assert!(audit.body.contains(&format!("href=\"{to}\"")));
}

#[tokio::test]
async fn the_audit_is_narrowed_down_and_goes_into_a_spreadsheet_with_who_looked_at_whom() {
    let console = Console::start().await;
    let pool = console.pool();
    let admin = console.sign_in(Role::Admin).await;
    let sql = "insert into enlace.act (act, person, reason, before) select act, person, reason, before::jsonb from (values
        ('integration.edit', 'ana', 'novo endereço', '{\"integration\": 3}'), ('upstream.close', 'bia', '=1+1', '{\"upstream\": \"integration:3\"}'),
        ('integration.edit', 'ana', 'a outra, \"dois\"', '{\"integration\": 4}'), ('looked', 'caio', 'x', '{\"workflows\": []}')) v (act, person, reason, before)";
    sqlx::query(sql).execute(&pool).await.unwrap();
    for (query, wanted, not) in [
        ("person=ana", "novo endereço", "bia"),
        ("integration=3", "=1+1", "a outra"),
        ("act=looked", "Viu dados pessoais", "bia"),
        ("until=2020-01-01T00:00", "Ninguém fez", "bia"),
    ] {
        let page = admin.get(&format!("/acts?{query}")).await.expect(200).says(wanted);
        assert!(!page.body.contains(not), "{query}: {not}");
    }
    admin.get("/acts?integration=x").await.expect(422).says("value=\"x\"").says("role=\"alert\"");
    let file = admin.get("/acts.csv?since=2020-01-01T00:00").await.expect(200);
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<&str> = file.body.trim_start_matches('\u{feff}').lines().collect();
    assert!(lines.len() == 5 && lines[0].starts_with("at,act,person,reason"), "{lines:?}");
    assert!(lines[1].contains("\"looked\",\"caio\"") && lines[2].contains("\"a outra, \"\"dois\"\"\""), "{lines:?}");
    assert!(lines[3].contains("\"'=1+1\""), "no formula: {}", lines[3]);
    admin.get("/acts.csv?integration=x").await.expect(422);
    let one: Uuid =
        sqlx::query_scalar("select id from enlace.act where person = 'bia'").fetch_one(&pool).await.unwrap();
    admin
        .get(&format!("/acts/{one}"))
        .await
        .expect(200)
        .says("Fechou a plataforma")
        .says("/integrations/3")
        .says("=1+1");
    admin.get("/acts/7").await.expect(404);
    // More than a page of it: nothing is lost between pages.
    sqlx::query(
        "insert into enlace.act (act, person, reason) select 'retry', 'many', 'x' from generate_series(1, 1001)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let file = admin.get("/acts.csv?person=many").await.expect(200);
    assert_eq!(file.body.lines().count(), 1002);
}

#[tokio::test]
async fn g9_schedules_are_paused_with_a_note_changed_after_a_look_and_run_at_once() {
    let console = Console::start().await;
    let pool = console.pool();
    let operator = console.sign_in(Role::Operator).await;
    operator.get("/schedules").await.expect(200).says("Nada começa pelo relógio");
    let sql = "with i as (insert into mapping.integration (id_integracao, platform, name) values (3, 'ozmap', 'O'))
        insert into enlace.schedule (kind, payload, pattern, zone, next_at)
        values ('sync', '{\"id_integracao\": 3}', '0 4 * * *', 'America/Sao_Paulo', enlace.now() + interval '1 hour') returning id";
    let id: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    let at = format!("/schedules/{id}");
    let page = operator.get("/schedules").await.expect(200).says("0 4 * * *").says("próximas três");
    assert_eq!(page.body.matches("04:00 -03").count(), 3, "its next ticks as its zone's clocks show them");
    let stored = || async {
        let sql = "select pattern, zone, active, note from enlace.schedule";
        sqlx::query_as::<_, (String, String, bool, Option<String>)>(sql).fetch_one(&pool).await.unwrap()
    };
    operator.post(&at, &[("do", "pause"), ("note", "")]).await.expect(422).says("role=\"alert\"");
    assert!(stored().await.2);
    operator.post(&at, &[("do", "pause"), ("note", "migração")]).await.expect(303);
    assert_eq!((stored().await.2, stored().await.3), (false, Some("migração".to_owned())));
    operator.get("/schedules").await.expect(200).says("migração").says("pausado");
    operator.post(&at, &[("do", "resume")]).await.expect(303);
    assert!(stored().await.2);
    let preview = format!("{at}/preview");
    operator.post(&preview, &[("pattern", "xx"), ("zone", "America/Sao_Paulo")]).await.expect(422).says("value=\"xx\"");
    operator.post(&preview, &[("pattern", "0 4 * * *"), ("zone", "Marte")]).await.expect(422).says("value=\"Marte\"");
    let shown = operator.post(&preview, &[("pattern", "30 5 * * *"), ("zone", "America/Manaus")]).await.expect(200);
    assert_eq!(shown.body.matches("05:30 -04").count(), 3);
    assert_eq!(stored().await.0, "0 4 * * *", "a look stores nothing");
    operator.post(&at, &[("do", "change"), ("pattern", "30 5 * * *"), ("zone", "America/Manaus")]).await.expect(303);
    assert_eq!((stored().await.0.as_str(), stored().await.1.as_str()), ("30 5 * * *", "America/Manaus"));
    let to = operator.post(&format!("{at}/run"), &[]).await.expect(303).goes_to().to_owned();
    let id: Uuid = to.strip_prefix("/workflows/").unwrap().parse().unwrap();
    let kind: String =
        sqlx::query_scalar("select kind from enlace.outbox where id = $1").bind(id).fetch_one(&pool).await.unwrap();
    assert_eq!(kind, "sync");
    operator.post("/schedules/99/run", &[]).await.expect(404);
}

#[tokio::test]
async fn a_token_is_shown_once_signs_in_until_it_is_taken_back_and_the_last_admin_stays() {
    let console = Console::start().await;
    let pool = console.pool();
    let admin = console.sign_in(Role::Admin).await;
    admin.post("/tokens", &[("name", ""), ("role", "viewer")]).await.expect(422).says("aria-invalid");
    admin.post("/tokens", &[("name", "NOC"), ("role", "king")]).await.expect(422).says("value=\"NOC\"");
    let made = admin.post("/tokens", &[("name", "NOC"), ("role", "operator")]).await.expect(200).says("Copie agora");
    let secret = made.body.split("id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(secret.starts_with("enlace_"));
    console.anybody(Method::POST, "/login", &[("token", &secret)]).await.expect(303);
    let list = admin.get("/tokens").await.expect(200).says("NOC");
    assert!(!list.body.contains(&secret), "not again");
    let id: Uuid = sqlx::query_scalar("select id from enlace.token where name = 'NOC'").fetch_one(&pool).await.unwrap();
    let at = format!("/tokens/{id}/revoke");
    admin.post(&at, &[("reason", "")]).await.expect(303);
    console.anybody(Method::POST, "/login", &[("token", &secret)]).await.expect(303);
    admin.post(&at, &[("reason", "saiu da equipe")]).await.expect(303);
    console.anybody(Method::POST, "/login", &[("token", &secret)]).await.expect(401);
    let last: Uuid =
        sqlx::query_scalar("select id from enlace.token where role = 'admin'").fetch_one(&pool).await.unwrap();
    admin.post(&format!("/tokens/{last}/revoke"), &[("reason", "x")]).await.expect(303);
    admin.get("/tokens").await.expect(200);
    let acts: Vec<(String, String)> =
        sqlx::query_as("select act, reason from enlace.act order by id").fetch_all(&pool).await.unwrap();
    let words = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(acts, [words("token.create", "token.create"), words("token.revoke", "saiu da equipe")]);
    admin.post(&format!("/tokens/{}/revoke", Uuid::nil()), &[("reason", "x")]).await.expect(404);
}

#[tokio::test]
async fn what_runs_here_is_told_with_what_each_worker_holds() {
    let console = Console::start().await;
    let pool = console.pool();
    let viewer = console.sign_in(Role::Viewer).await;
    viewer
        .get("/about")
        .await
        .expect(200)
        .says("nenhum worker no ar")
        .says(env!("CARGO_PKG_VERSION"))
        .says("0019_sessions");
    let id = bind(&pool, 812, 4411).await;
    stands(&pool, id, "queued").await;
    let sql = "with w as (insert into enlace.worker (name, build, lease_until) values ('rede-01:4711', 'x', enlace.now() + interval '10 s') returning id)
        update enlace.run r set worker = w.id from w";
    sqlx::query(sql).execute(&pool).await.unwrap();
    let page = viewer.get("/about").await.expect(200).says("rede-01:4711").says(&format!("/workflows/{id}"));
    let page = page.says("run_key").says("todas aplicadas");
    assert!(!page.body.contains("nenhum worker no ar"));
}
