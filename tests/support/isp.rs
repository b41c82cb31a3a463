//! A small ISP: HubSoft's database, a simulated OZMap, an integration of the two, and workers as processes of their own.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use simulators::ozmap::{Options, Simulator};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::{
    Db, Folder, Process,
    cities::{ALL, given, integrate, served},
};

pub const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The ISP.
pub struct Isp {
    pub db: Db,
    pub ozmap: Simulator,
    pub integration: i64,
    pub url: String,
    folder: Folder,
}

impl Isp {
    /// A city of so many boxes, not synced yet, and HubSoft's customers: everybody whom the platform knows, and as many more.
    pub async fn new(boxes: u32) -> Self {
        Self::with(Options { boxes, ..Options::default() }).await
    }

    /// The same, with the simulator's options.
    pub async fn with(options: Options) -> Self {
        Self::on(Db::new().await, options).await
    }

    /// The same, on a database of the test's choice.
    pub async fn on(db: Db, options: Options) -> Self {
        let _set_by_another_test = tracing_subscriber::fmt().with_env_filter("warn").with_test_writer().try_init();
        let ozmap = Simulator::new(options.clone()).unwrap();
        let url = served(&ozmap).await;
        let customers = options.boxes * options.ports_per_box;
        sqlx::query(
            "insert into hubsoft.customer (id_cliente, codigo_cliente, nome_razaosocial, tipo_pessoa)
             select g, g, 'Cliente ' || g, 'pf' from generate_series(1, $1::int) g",
        )
        .bind(i32::try_from(customers).unwrap())
        .execute(&db.pool())
        .await
        .unwrap();
        sqlx::query(
            "insert into hubsoft.customer_service (id_cliente_servico, id_cliente, numero_plano, descricao, status_prefixo)
             select 1000 + g, g, 1, 'Fibra', 'servico_habilitado' from generate_series(1, $1::int) g",
        )
        .bind(i32::try_from(customers).unwrap())
        .execute(&db.pool())
        .await
        .unwrap();
        let parameters = json!({ "api_url": url, "api_chave": options.api_key, "usuario": options.login, "senha": options.password });
        let integration = integrate(&db.pool(), "ozmap", ("OZMap", "Centro"), given(parameters), &ALL).await;
        Self { db, ozmap, integration, url, folder: Folder::new() }
    }

    /// A worker as a process of its own.
    pub fn worker(&self) -> Process {
        self.serve(&["serve", "--roles", "worker"])
    }

    /// The product as a process of its own.
    pub fn serve(&self, arguments: &[&str]) -> Process {
        self.serve_with(arguments, &self.db.url(), &[])
    }

    /// The same, with another way to the database, and more variables.
    pub fn serve_with(&self, arguments: &[&str], url: &str, more: &[(&str, &str)]) -> Process {
        let variables = [
            ("DATABASE_URL", url),
            ("ENLACE_SECRET_KEY", KEY),
            ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true"),
            ("ENLACE_DATABASE_CONNECTIONS", "10"),
        ];
        let variables: Vec<_> = variables.into_iter().chain(more.iter().copied()).collect();
        Process::start(self.folder.path(), arguments, &variables)
    }

    /// A command at a terminal: its exit code, and all that it said.
    pub async fn terminal(&self, arguments: &[&str]) -> (i32, String) {
        let url = self.db.url();
        let variables =
            [("DATABASE_URL", url.as_str()), ("ENLACE_SECRET_KEY", KEY), ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true")];
        let output = Process::output(self.folder.path(), arguments, &variables).await;
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    /// What opens the platform, and the key for credentials: nobody is ever shown them.
    pub fn secrets(&self) -> Vec<String> {
        let options = Options::default();
        vec![options.api_key, options.password, KEY.to_owned()]
    }

    /// Syncs and returns the result.
    pub async fn sync(&self) -> Value {
        let id = enqueue(&self.db.pool(), "sync", json!({ "id_integracao": self.integration })).await;
        ends(&self.db.pool(), id, "succeeded", Duration::from_secs(300)).await
    }

    /// Ports that a customer may be put on, with who sits there now.
    pub async fn ports(&self, limit: i64) -> Vec<(i64, Option<i64>)> {
        sqlx::query_as(
            "select p.id_porta_atendimento, p.id_cliente_servico from mapping.port p
             join mapping.splitter s using (id_splitter)
             where not p.reservado and not p.blocked and p.missing_since is null and s.role = 'attendance'
             order by p.id_porta_atendimento limit $1",
        )
        .bind(limit)
        .fetch_all(&self.db.pool())
        .await
        .unwrap()
    }

    /// Services that sit on no port.
    pub async fn idle_services(&self, limit: i64) -> Vec<i64> {
        sqlx::query_scalar(
            "select s.id_cliente_servico from hubsoft.customer_service s
             where not exists (select from mapping.port p where p.id_cliente_servico = s.id_cliente_servico)
             order by s.id_cliente_servico desc limit $1",
        )
        .bind(limit)
        .fetch_all(&self.db.pool())
        .await
        .unwrap()
    }

    /// Who sits on these ports: by HubSoft, and by the platform. Equal where all is well.
    pub async fn both_sides(&self, ports: &[i64]) -> (BTreeMap<i64, Option<String>>, BTreeMap<i64, Option<String>>) {
        let rows = sqlx::query(
            "select p.id_porta_atendimento, p.id_cliente_servico, s.external_id, p.sequencia
             from mapping.port p join mapping.splitter s using (id_splitter) where p.id_porta_atendimento = any ($1)",
        )
        .bind(ports)
        .fetch_all(&self.db.pool())
        .await
        .unwrap();
        let (mut ours, mut theirs) = (BTreeMap::new(), BTreeMap::new());
        for row in rows {
            let (port, splitter, sequence): (i64, String, i32) = (row.get(0), row.get(2), row.get(3));
            ours.insert(port, row.get::<Option<i64>, _>(1).map(|s| s.to_string()));
            let number = u32::try_from(sequence).unwrap() + 1;
            theirs.insert(port, self.ozmap.holder(&splitter, number).and_then(|held| held.code));
        }
        (ours, theirs)
    }
}

/// Enqueues outside of any transaction of HubSoft's.
pub async fn enqueue(conn: impl sqlx::PgExecutor<'_>, kind: &str, payload: Value) -> Uuid {
    sqlx::query_scalar("select enlace.enqueue($1, $2)").bind(kind).bind(payload).fetch_one(conn).await.unwrap()
}

/// HubSoft puts a service on a port, or takes it off, and says so, in one transaction.
pub async fn hubsoft_sets(pool: &PgPool, port: i64, service: Option<i64>) -> Option<Uuid> {
    let mut tx = pool.begin().await.unwrap();
    let id = hubsoft_sets_in(&mut tx, port, service).await;
    tx.commit().await.unwrap();
    id
}

/// The same, inside a transaction.
pub async fn hubsoft_sets_in(tx: &mut sqlx::PgConnection, port: i64, service: Option<i64>) -> Option<Uuid> {
    let lock = "select id_cliente_servico from mapping.port where id_porta_atendimento = $1 for update";
    let before: Option<i64> = sqlx::query_scalar(lock).bind(port).fetch_one(&mut *tx).await.unwrap();
    sqlx::query("update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1")
        .bind(port)
        .bind(service)
        .execute(&mut *tx)
        .await
        .unwrap();
    let (kind, who) = match (service, before) {
        (Some(service), _) => ("bind", service),
        (None, Some(before)) => ("unbind", before),
        (None, None) => return None,
    };
    Some(enqueue(&mut *tx, kind, json!({ "id_porta_atendimento": port, "id_cliente_servico": who })).await)
}

/// Waits until a workflow has this status, and returns its result; tells its story if it does not.
pub async fn ends(pool: &PgPool, id: Uuid, wanted: &str, patience: Duration) -> Value {
    let deadline = std::time::Instant::now() + patience;
    loop {
        let (status, explanation, result): (String, Value, Option<Value>) =
            sqlx::query_as("select status, explanation, result from enlace.status($1)")
                .bind(id)
                .fetch_one(pool)
                .await
                .unwrap();
        if status == wanted {
            return result.unwrap_or_default();
        }
        if std::time::Instant::now() > deadline {
            let story: Vec<(String, String, Option<Value>)> =
                sqlx::query_as("select state, outcome, error from enlace.step where id = $1 order by n, attempt")
                    .bind(id)
                    .fetch_all(pool)
                    .await
                    .unwrap();
            panic!("{id} is {status}, not {wanted}: {explanation}; {story:#?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until nothing is unfinished any more.
pub async fn all_ended(pool: &PgPool, patience: Duration) {
    let deadline = std::time::Instant::now() + patience;
    loop {
        let open: Vec<(Uuid, String, Value)> = sqlx::query_as(
            "select w.id, w.status, enlace.explain(w) from enlace.workflow w where w.ended_at is null order by w.seq limit 3",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        if open.is_empty() {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "still unfinished: {open:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
