//! What changes is told as it changes, to all who listen, by looks that cost the same however much has ever ended.

use std::time::Duration;

use enlace::tokens::Role;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, Row};
use tokio::time::timeout;

use super::{Api, geogrid, stands};
use crate::support::{Db, tree};

/// Longer than any look; nothing here waits so long unless it fails.
const SOON: Duration = Duration::from_secs(30);

/// A stream of server-sent events, read event by event.
struct Listening {
    response: Response,
    text: String,
    /// All that came, for what must not be in it.
    all: String,
}

impl Listening {
    async fn to(api: &Api, role: Role) -> Self {
        let request = api.request(Method::GET, "/events").bearer_auth(api.token(role));
        let response = request.send().await.unwrap().error_for_status().unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new(), all: String::new() }
    }

    /// The next event: its name and what it tells; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
                // A comment only shows that the stream is alive.
                let Some(name) = line("event: ") else { continue };
                return Some((name, serde_json::from_str(&line("data: ").unwrap()).unwrap()));
            }
            let chunk = timeout(SOON, self.response.chunk()).await.unwrap().unwrap()?;
            self.text += std::str::from_utf8(&chunk).unwrap();
            self.all += std::str::from_utf8(&chunk).unwrap();
        }
    }

    /// The next event of this name that tells such a thing; others are passed over.
    async fn hears(&mut self, name: &str, such: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (named, told) = self.next().await.unwrap();
            if named == name && such(&told) {
                return told;
            }
        }
    }
}

#[tokio::test]
async fn everybody_who_listens_is_told_what_changes_and_nothing_of_anybody() {
    let api = Api::start().await;
    let pool = api.db.pool();
    let integration = api.post("/integrations", geogrid()).await.expect(201).body["id"].as_i64().unwrap();
    let (mut one, mut other) = (Listening::to(&api, Role::Viewer).await, Listening::to(&api, Role::Operator).await);
    assert_eq!(one.next().await.unwrap(), ("more".to_owned(), json!({ "more": true })), "first: read what you show");
    // The second is the first look's: from here on nothing is missed.
    one.hears("more", |_| true).await;
    other.hears("more", |_| true).await;

    let payload = json!({ "id_porta_atendimento": 812, "id_cliente_servico": 4411 });
    let body = json!({ "kind": "bind", "payload": payload, "requested_by": "Maria da Silva" });
    let id = api.post("/workflows", body).await.expect(202).id();
    for listening in [&mut one, &mut other] {
        let told = listening.hears("workflow", |told| told["id"] == json!(id)).await;
        assert_eq!(told, json!({ "id": id, "kind": "bind", "status": "queued", "state": null }));
    }
    stands(&pool, id, "parked").await;
    one.hears("workflow", |told| told["id"] == json!(id) && told["status"] == "parked").await;
    one.hears("board", |_| true).await;

    let change = json!({ "closed_until": "infinity", "reason": "cliente CPF 529.982.247-25 reclamou" });
    let upstream = format!("integration:{integration}");
    api.patch(&format!("/upstreams/{upstream}"), change).await.expect(200);
    let told = one.hears("upstream", |told| told["id"] == json!(upstream)).await;
    assert_eq!((&told["state"], &told["id_integracao"]), (&json!("closed"), &json!(integration)));

    let act = json!({ "action": "cancel", "filter": { "q": "Maria da Silva" }, "reason": "engano", "pace": 1 });
    let act = api.post("/acts", act).await.expect(202).id();
    let told = one.hears("acts", |told| told["id"] == json!(act)).await;
    assert_eq!((&told["status"], &told["total"]), (&json!("running"), &json!(1)));

    let sql = "insert into mapping.sync_run (run, id_integracao, phase) values ($1, $2, 'boxes')";
    sqlx::query(sql).bind(id).bind(integration).execute(&pool).await.unwrap();
    one.hears("sync", |told| told["id"] == json!(id) && told["progress"]["phase"] == "boxes").await;
    let sql = "insert into mapping.sync_count (run, kind, total, seen) values ($1, 'box', 90, 50)";
    sqlx::query(sql).bind(id).execute(&pool).await.unwrap();
    let told = one.hears("sync", |told| told["progress"]["elements"]["box"]["seen"] == 50).await;
    assert_eq!(told["progress"]["elements"]["box"]["total"], 90);
    let sql = "update mapping.sync_run set phase = 'finished', ended_at = now() where run = $1";
    sqlx::query(sql).bind(id).execute(&pool).await.unwrap();
    one.hears("sync", |told| told["progress"]["phase"] == "finished").await;

    api.post(&format!("/workflows/{id}/cancel"), json!({ "reason": "Maria da Silva desistiu" })).await.expect(200);
    one.hears("workflow", |told| told["id"] == json!(id) && told["status"] == "cancelled").await;
    for personal in ["Maria", "529.982", "52998224725"] {
        assert!(!one.all.contains(personal), "{}", one.all);
    }

    // A stop of the process ends every stream at once.
    api.stop.cancel();
    for mut listening in [one, other] {
        while listening.next().await.is_some() {}
    }
}

#[tokio::test]
async fn a_burst_is_told_as_more_and_not_one_by_one() {
    let api = Api::start().await;
    let mut one = Listening::to(&api, Role::Viewer).await;
    one.hears("more", |_| true).await;
    one.hears("more", |_| true).await;
    let sql = "insert into enlace.outbox (kind, payload) select 'bind', jsonb_build_object('id_porta_atendimento', n, 'id_cliente_servico', n) from generate_series(1, 500) n";
    api.db.pool().execute(sql).await.unwrap();
    let mut workflows = 0;
    while let Some((name, _)) = one.next().await
        && name != "more"
    {
        workflows += usize::from(name == "workflow");
    }
    assert!((1..=200).contains(&workflows), "{workflows}");
}

/// With ten million finished, whatever reads history by anything but a key takes seconds.
#[tokio::test]
async fn g14_a_look_reads_history_and_the_outbox_by_keys_alone() {
    let db = Db::new().await;
    let mut connection = db.connection().await;
    connection.execute("set enable_seqscan = off; set enable_bitmapscan = off").await.unwrap();
    let nil = "'00000000-0000-0000-0000-000000000000'";
    let all = [
        ("live_marks", "33554432".to_owned()),
        ("live_changed", format!("1, now(), {nil}, 200, true")),
        ("live_stands", format!("array[{nil}]::uuid[]")),
        ("live_acts", format!("array[{nil}]::uuid[], {nil}")),
        ("live_board", "33554432".to_owned()),
    ];
    let whole = ["step", "finished", "outbox", "act", "bulk_act"];
    for (name, parameters) in all {
        let sql = tree::read(&format!("src/desk/sql/{name}.sql"));
        connection.execute(AssertSqlSafe(format!("prepare look as {sql}"))).await.unwrap();
        let sql = format!("explain execute look({parameters})");
        let rows = connection.fetch_all(AssertSqlSafe(sql)).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let read = plan.iter().filter(|line| line.contains("Seq Scan on"));
        let wrong: Vec<_> = read
            .filter(|line| whole.iter().any(|table| line.split_whitespace().any(|word| word.starts_with(table))))
            .collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}\n{}", plan.join("\n"));
        connection.execute("deallocate look").await.unwrap();
    }
}
