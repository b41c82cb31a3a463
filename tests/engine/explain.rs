//! G8: every sentence that `enlace.explain` has, in both languages, as the people who read it read it: computed from rows
//! alone, without a worker.

use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{db::Db, toy};

/// 00:04:05 in Brasília.
const DUE: &str = "2030-01-02T03:04:05Z";
const SINCE: &str = "2026-01-02T03:04:05Z";

/// A database in which the product's operations are announced, as a worker does when it starts.
async fn db() -> Db {
    let db = toy::db().await;
    for kind in workflows::definitions().iter() {
        let (name, about) = (kind.name(), kind.about());
        sqlx::query("insert into enlace.kind values ($1, 1, $2, $3)")
            .bind(name)
            .bind(about.pt)
            .bind(about.en)
            .execute(&db.pool())
            .await
            .unwrap();
        for at in kind.states() {
            let text = kind.step(at).unwrap().text();
            sqlx::query("insert into enlace.kind_state values ($1, $2, $3, $4)")
                .bind(name)
                .bind(at)
                .bind(text.pt)
                .bind(text.en)
                .execute(&db.pool())
                .await
                .unwrap();
        }
    }
    db
}

/// A worker that is up, with a build that knows these kinds in these versions.
async fn works(pool: &PgPool, knows: Value) {
    sqlx::query(
        "insert into enlace.worker (name, build, lease_until, knows) values ('isp-2:9', 'x', '2030-01-01', $1)",
    )
    .bind(knows)
    .execute(pool)
    .await
    .unwrap();
}

async fn asked_for(pool: &PgPool) -> Uuid {
    sqlx::query_scalar("select enlace.enqueue('bind', '{}')").fetch_one(pool).await.unwrap()
}

/// A bind that looks at the port, and stands like this in all else.
async fn stands(pool: &PgPool, row: Value) -> Uuid {
    let id = asked_for(pool).await;
    let plain = json!({
        "id": id, "kind": "bind", "version": 1, "lane": 1, "status": "queued", "state": "looking", "blockers": 0,
        "due_at": "2026-01-02T03:04:05Z", "failures": 0, "moves": 0, "since": SINCE,
    });
    sqlx::query(
        "insert into enlace.run
         select (jsonb_populate_record(null::enlace.run, $2 || jsonb_build_object('position', o.seq) || $3)).*
         from enlace.outbox o where o.id = $1",
    )
    .bind(id)
    .bind(plain)
    .bind(row)
    .execute(pool)
    .await
    .unwrap();
    id
}

async fn explained(pool: &PgPool, id: Uuid) -> (String, String) {
    sqlx::query_as("select explanation ->> 'pt', explanation ->> 'en' from enlace.status($1)")
        .bind(id)
        .fetch_one(pool)
        .await
        .unwrap()
}

async fn says(pool: &PgPool, id: Uuid, pt: &str, en: &str) {
    assert_eq!(explained(pool, id).await, (pt.to_owned(), en.to_owned()));
}

async fn with_key(pool: &PgPool, id: Uuid, key: &str) {
    sqlx::query("insert into enlace.run_key select $2, r.position, r.id from enlace.run r where r.id = $1")
        .bind(id)
        .bind(key)
        .execute(pool)
        .await
        .unwrap();
}

fn refused() -> Value {
    json!({ "class": "transient", "message": "a conexão foi recusada / the connection was refused" })
}

#[tokio::test]
async fn g8_not_taken_in_and_queued() {
    let db = db().await;
    let pool = db.pool();
    works(&pool, json!({ "bind": 1 })).await;
    let id = asked_for(&pool).await;
    let pt = "confirmado pelo HubSoft; nenhum worker o recebeu ainda";
    says(&pool, id, pt, "committed by HubSoft; no worker has taken it in yet").await;
    let (pt, en) = ("na fila: o próximo worker livre o executa", "queued: the next free worker runs it");
    says(&pool, stands(&pool, json!({})).await, pt, en).await;
    // A failure whose time to wait is over waits for nothing but a hand.
    let tried = stands(&pool, json!({ "status": "waiting", "failures": 2, "error": refused() })).await;
    says(&pool, tried, pt, en).await;
}

#[tokio::test]
async fn g8_g10_nobody_is_there_who_could_take_it() {
    let db = db().await;
    let pool = db.pool();
    let (asked, queued) = (asked_for(&pool).await, stands(&pool, json!({ "form": 3 })).await);
    let (asked_pt, asked_en) = (
        "confirmado pelo HubSoft; nenhum worker o recebeu ainda",
        "committed by HubSoft; no worker has taken it in yet",
    );
    let (pt, en) = ("na fila: o próximo worker livre o executa", "queued: the next free worker runs it");
    let (none_pt, none_en) =
        ("; nenhum worker está no ar: inicie um (enlace serve)", "; no worker is up: start one (enlace serve)");
    says(&pool, asked, &format!("{asked_pt}{none_pt}"), &format!("{asked_en}{none_en}")).await;
    says(&pool, queued, &format!("{pt}{none_pt}"), &format!("{en}{none_en}")).await;
    works(&pool, json!({ "bind": 2 })).await;
    says(&pool, asked, asked_pt, asked_en).await;
    let (old_pt, old_en) = (
        "; nenhum worker no ar conhece \"bind\" na versão 3: atualize-os",
        "; no worker that is up knows \"bind\" in version 3: update them",
    );
    says(&pool, queued, &format!("{pt}{old_pt}"), &format!("{en}{old_en}")).await;
    works(&pool, json!({ "bind": 3 })).await;
    says(&pool, queued, pt, en).await;
}

#[tokio::test]
async fn g8_running_and_what_its_worker_was_asked_meanwhile() {
    let db = db().await;
    let pool = db.pool();
    let worker: Uuid = sqlx::query_scalar(
        "insert into enlace.worker (name, build, lease_until) values ('isp-1:4711', 'x', '2030-01-01') returning id",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    let at = ("olhar a porta na plataforma", "look at the port on the platform");
    let id = stands(&pool, json!({ "worker": worker })).await;
    let (pt, en) =
        (format!("em execução no worker isp-1:4711: {}", at.0), format!("running on worker isp-1:4711: {}", at.1));
    says(&pool, id, &pt, &en).await;
    let lost = stands(&pool, json!({ "worker": Uuid::nil() })).await;
    let (lost_pt, lost_en) = (
        format!("em execução num worker que se perdeu; outro o assume: {}", at.0),
        format!("running on a worker that was lost; another one takes over: {}", at.1),
    );
    says(&pool, lost, &lost_pt, &lost_en).await;
    for (act, verb_pt, verb_en) in [("pause", "pausar", "pause"), ("cancel", "cancelar", "cancel")] {
        let asked = json!({ "act": act, "person": "ana", "reason": "manutenção" });
        let id = stands(&pool, json!({ "worker": worker, "asked": asked })).await;
        let pt = format!("{pt}; ana pediu para {verb_pt} (manutenção): o worker o fará entre dois passos");
        let en = format!("{en}; ana asked to {verb_en} it (manutenção): the worker will do so between two steps");
        says(&pool, id, &pt, &en).await;
    }
}

#[tokio::test]
async fn g8_waits_until_a_time_and_after_a_failure_with_the_platforms_words() {
    let db = db().await;
    let pool = db.pool();
    let failed = json!({ "status": "waiting", "due_at": DUE, "failures": 3, "error": refused() });
    says(
        &pool,
        stands(&pool, failed).await,
        "aguarda até 02/01/2030 00:04:05 depois da 3ª falha ao olhar a porta na plataforma: a conexão foi recusada",
        "waits until 2030-01-02 00:04:05-03:00 after failure 3 of \"look at the port on the platform\": the connection was refused",
    )
    .await;
    // What the platform said itself may hold the mark that parts the languages.
    let both = json!({ "message": "a plataforma diz: A / B / the platform says: A / B" });
    let slashed = json!({ "status": "waiting", "due_at": DUE, "failures": 1, "error": both });
    let (pt, en) = explained(&pool, stands(&pool, slashed).await).await;
    assert!(pt.ends_with(": a plataforma diz: A / B"), "{pt}");
    assert!(en.ends_with(": the platform says: A / B"), "{en}");
    let later = stands(&pool, json!({ "due_at": DUE })).await;
    says(&pool, later, "aguarda até 02/01/2030 00:04:05", "waits until 2030-01-02 00:04:05-03:00").await;
    let intake = workflows::INTAKE;
    let error = json!({ "message": format!("{} / {}", intake.pt, intake.en) });
    let again = stands(&pool, json!({ "status": "waiting", "due_at": DUE, "error": error })).await;
    says(
        &pool,
        again,
        "aguarda até 02/01/2030 00:04:05: aguarda a leitura do que o HubSoft acabou de confirmar",
        "waits until 2030-01-02 00:04:05-03:00: waits until what HubSoft just committed is taken in",
    )
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of sentences")]
async fn g8_waits_for_the_upstream_in_each_of_its_states() {
    let db = db().await;
    let pool = db.pool();
    let id = stands(&pool, json!({ "status": "waiting", "upstream": "u:1", "due_at": DUE })).await;
    let soon = "2030-01-02T03:03:49Z";
    let closed =
        |by: &str, until: &str, probes: bool| json!({ "closed_by": by, "closed_until": until, "probes": probes });
    let cases = [
        (
            closed("ana", "infinity", false),
            "aguarda a plataforma (u:1), fechada por ana até que uma pessoa a abra: respondeu 429",
            "waits for the platform (u:1), closed by ana until a person opens it: it answered 429",
        ),
        (
            closed("enlace", DUE, false),
            "aguarda a plataforma (u:1), fechada pelo enlace até 02/01/2030 00:04:05: respondeu 429",
            "waits for the platform (u:1), closed by enlace until 2030-01-02 00:04:05-03:00: it answered 429",
        ),
        (
            closed("enlace", DUE, true),
            "aguarda a plataforma (u:1), fechada pelo enlace até 02/01/2030 00:04:05, quando uma chamada a testará: respondeu 429",
            "waits for the platform (u:1), closed by enlace until 2030-01-02 00:04:05-03:00, when one call will try it: it answered 429",
        ),
        (
            closed("enlace", SINCE, true),
            "aguarda a plataforma (u:1), que uma chamada testa para ver se voltou: respondeu 429",
            "waits for the platform (u:1): one call is trying whether it is back: it answered 429",
        ),
        (
            json!({ "opened_at": soon }),
            "aguarda a sua vez na plataforma (u:1), que volta aos poucos até 02/01/2030 00:04:05; na fila: 1: respondeu 429",
            "waits its turn at the platform (u:1), which comes back little by little until 2030-01-02 00:04:05-03:00; in the queue: 1: it answered 429",
        ),
        (
            json!({ "rate": 0.5, "concurrency": 2 }),
            "aguarda a sua vez na plataforma (u:1), limitada a 0,5 chamada por segundo e 2 chamadas ao mesmo tempo; na fila: 1",
            "waits its turn at the platform (u:1), limited to 0.5 calls a second and 2 calls at once; in the queue: 1",
        ),
        (
            json!({ "rate": 5 }),
            "aguarda a sua vez na plataforma (u:1), limitada a 5 chamadas por segundo; na fila: 1",
            "waits its turn at the platform (u:1), limited to 5 calls a second; in the queue: 1",
        ),
        (
            json!({ "concurrency": 1 }),
            "aguarda a sua vez na plataforma (u:1), limitada a 1 chamada por vez; na fila: 1",
            "waits its turn at the platform (u:1), limited to 1 call at a time; in the queue: 1",
        ),
        (
            json!({}),
            "aguarda a sua vez na plataforma (u:1), que está ocupada, até 02/01/2030 00:04:05; na fila: 1",
            "waits its turn at the platform (u:1), which is busy, until 2030-01-02 00:04:05-03:00; in the queue: 1",
        ),
    ];
    for (upstream, pt, en) in cases {
        let plain = json!({ "id": "u:1", "probes": false, "failures": 0, "changed_at": SINCE, "reason": "respondeu 429 / it answered 429" });
        sqlx::query("delete from enlace.upstream").execute(&pool).await.unwrap();
        sqlx::query("insert into enlace.upstream select (jsonb_populate_record(null::enlace.upstream, $1 || $2)).*")
            .bind(plain)
            .bind(upstream)
            .execute(&pool)
            .await
            .unwrap();
        says(&pool, id, pt, en).await;
    }
    sqlx::query("update enlace.run set due_at = $1::text::timestamptz").bind(SINCE).execute(&pool).await.unwrap();
    let pt = "aguarda a sua vez na plataforma (u:1), que está ocupada; na fila: 1";
    says(&pool, id, pt, "waits its turn at the platform (u:1), which is busy; in the queue: 1").await;
}

#[tokio::test]
async fn g8_waits_behind_another_workflow_and_says_why_that_one_stands() {
    let db = db().await;
    let pool = db.pool();
    let hold = json!({ "person": "ana", "reason": "feriado", "at": SINCE, "status": "queued" });
    for (key, head, more_pt, more_en) in [
        ("port:1", json!({}), "", ""),
        (
            "port:2",
            json!({ "status": "parked", "parked": "rejected" }),
            ", que aguarda uma pessoa desde 02/01/2026 00:04:05",
            ", parked since 2026-01-02 00:04:05-03:00",
        ),
        (
            "port:3",
            json!({ "status": "paused", "hold": hold }),
            ", pausado por ana desde 02/01/2026 00:04:05: feriado",
            ", paused by ana since 2026-01-02 00:04:05-03:00: feriado",
        ),
    ] {
        let head = stands(&pool, head).await;
        let behind = stands(&pool, json!({ "blockers": 1 })).await;
        with_key(&pool, head, key).await;
        with_key(&pool, behind, key).await;
        let pt = format!("aguarda o trabalho {head} (bind), à sua frente em {key}{more_pt}");
        let en = format!("waits for workflow {head} (bind), ahead of it on {key}{more_en}");
        says(&pool, behind, &pt, &en).await;
    }
    let alone = stands(&pool, json!({ "blockers": 1 })).await;
    says(&pool, alone, "aguarda outro trabalho", "waits for other work").await;
}

#[tokio::test]
async fn g8_paused_by_whom_since_when_and_why() {
    let db = db().await;
    let pool = db.pool();
    let hold = json!({ "person": "ana", "reason": "feriado", "at": SINCE, "status": "queued" });
    let id = stands(&pool, json!({ "status": "paused", "hold": hold })).await;
    let en = "paused by ana since 2026-01-02 00:04:05-03:00: feriado";
    says(&pool, id, "pausado por ana desde 02/01/2026 00:04:05: feriado", en).await;
}

#[tokio::test]
async fn g8_parked_for_each_reason_with_the_question_that_it_asks() {
    let db = db().await;
    let pool = db.pool();
    for (why, pt, en) in [
        (
            "attempts_spent",
            "tentar de novo? Tentativas esgotadas ao olhar a porta na plataforma: a conexão foi recusada",
            "try again? The attempts are spent at \"look at the port on the platform\": the connection was refused",
        ),
        (
            "rejected",
            "tentar de novo? Recusado ao olhar a porta na plataforma: a conexão foi recusada",
            "try again? Rejected at \"look at the port on the platform\": the connection was refused",
        ),
        (
            "bug",
            "tentar de novo? Defeito do enlace ao olhar a porta na plataforma: a conexão foi recusada",
            "try again? A defect of enlace at \"look at the port on the platform\": the connection was refused",
        ),
        (
            "going_in_circles",
            "tentar de novo? Anda em círculos, agora em \"olhar a porta na plataforma\": a conexão foi recusada",
            "try again? It goes in circles, now at \"look at the port on the platform\": the connection was refused",
        ),
        (
            "undecodable",
            "esta versão do enlace não consegue lê-lo; uma que consiga o retoma: a conexão foi recusada",
            "this version of enlace cannot read it; one that can takes it up again: the connection was refused",
        ),
        ("approval", "aprovar ou recusar? a conexão foi recusada", "approve or refuse? the connection was refused"),
        (
            "outcome_unknown",
            "isto foi feito ou não: retirar da porta o cliente anterior? Não se sabe, e olhar não resolveu: a conexão foi recusada",
            "was this done or not: take the previous customer off the port? It is not known, and looking could not settle it: the connection was refused",
        ),
    ] {
        let id = stands(&pool, json!({ "status": "parked", "parked": why, "error": refused() })).await;
        sqlx::query(
            "insert into enlace.step (id, n, attempt, state, outcome, next_state, began_at, ended_at)
             values ($1, 1, 1, 'clearing', 'unknown', 'looking', now(), now())",
        )
        .bind(id)
        .execute(&pool)
        .await
        .unwrap();
        let pt = format!("aguarda uma pessoa desde 02/01/2026 00:04:05: {pt}");
        let en = format!("waits for a person since 2026-01-02 00:04:05-03:00: {en}");
        says(&pool, id, &pt, &en).await;
    }
}

#[tokio::test]
async fn g8_queued_by_a_persons_decision() {
    let db = db().await;
    let pool = db.pool();
    works(&pool, json!({ "bind": 1 })).await;
    let id = stands(&pool, json!({})).await;
    sqlx::query(
        "insert into enlace.step (id, n, attempt, state, outcome, next_state, error, began_at, ended_at)
         values ($1, 1, 1, 'looking', 'done', 'not_applicable', $2, now(), now())",
    )
    .bind(id)
    .bind(json!({ "class": "person", "code": "skip", "message": "ana: porta desativada" }))
    .execute(&pool)
    .await
    .unwrap();
    says(
        &pool,
        id,
        "na fila por decisão de uma pessoa (ana: porta desativada): o próximo worker livre o executa",
        "queued by a person's decision (ana: porta desativada): the next free worker runs it",
    )
    .await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of sentences")]
async fn g8_each_end_says_what_it_means_for_the_network() {
    let db = db().await;
    let pool = db.pool();
    let nothing = "nada a enviar para esta porta: a porta 5 não existe";
    for (status, state, result, error, pt, en) in [
        (
            "succeeded",
            "bound",
            json!({}),
            None,
            "a plataforma mostra o serviço na porta",
            "the platform shows the service on the port",
        ),
        (
            "not_applicable",
            "not_applicable",
            json!({ "reason": "a porta 5 não existe / port 5 does not exist" }),
            None,
            nothing,
            "nothing is sent for this port: port 5 does not exist",
        ),
        (
            "superseded",
            "superseded",
            json!({}),
            None,
            "o HubSoft já mudou a porta de novo",
            "HubSoft has changed the port again since",
        ),
        (
            "failed",
            "looking",
            json!({}),
            Some(refused()),
            "desistiu ao olhar a porta na plataforma: a conexão foi recusada",
            "gave up at \"look at the port on the platform\": the connection was refused",
        ),
        (
            "cancelled",
            "looking",
            json!({}),
            None,
            "cancelado por ana: cliente desistiu",
            "cancelled by ana: cliente desistiu",
        ),
    ] {
        let id = asked_for(&pool).await;
        sqlx::query("insert into enlace.finished (id, kind, version, status, state, result, error) values ($1, 'bind', 1, $2, $3, $4, $5)")
            .bind(id)
            .bind(status)
            .bind(state)
            .bind(result)
            .bind(error)
            .execute(&pool)
            .await
            .unwrap();
        if status == "cancelled" {
            sqlx::query(
                "insert into enlace.act (run_id, act, person, reason) values ($1, 'cancel', 'ana', 'cliente desistiu')",
            )
            .bind(id)
            .execute(&pool)
            .await
            .unwrap();
        }
        says(&pool, id, pt, en).await;
    }
}
