//! The whole product with GeoGrid: HubSoft's transactions, workers as processes of their own, the simulated platform.

use std::time::Duration;

use platforms::PortAddress;
use serde_json::{Value, json};
use simulators::geogrid::Options;
use simulators::people;
use sqlx::PgPool;
use uuid::Uuid;

use super::City;
use crate::support::cities::{ALL, given, integrate};
use crate::support::isp::{KEY, ends, enqueue, hubsoft_sets};
use crate::support::{Db, Folder, Process};

const PATIENT: Duration = Duration::from_secs(120);
/// Persons in HubSoft: person *n* has service 1000 + *n* and the CPF of person *n*.
const PERSONS: u32 = 500;

struct Provider {
    db: Db,
    city: City,
    integration: i64,
    folder: Folder,
}

impl Provider {
    async fn new(options: Options) -> Self {
        let _set_by_another_test = tracing_subscriber::fmt().with_env_filter("warn").with_test_writer().try_init();
        let (db, city) = (Db::new().await, City::with(options).await);
        customers(&db.pool()).await;
        let parameters = given(json!({ "api_url": city.url, "token": Options::default().api_key }));
        let integration = integrate(&db.pool(), "geogrid", ("GeoGrid", "Centro"), parameters, &ALL).await;
        Self { db, city, integration, folder: Folder::new() }
    }

    fn worker(&self) -> Process {
        let url = self.db.url();
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("ENLACE_SECRET_KEY", KEY),
            ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true"),
            ("ENLACE_DATABASE_CONNECTIONS", "10"),
        ];
        Process::start(self.folder.path(), &["serve", "--roles", "worker"], &variables)
    }

    async fn sync(&self) -> Value {
        let id = enqueue(&self.db.pool(), "sync", json!({ "id_integracao": self.integration })).await;
        ends(&self.db.pool(), id, "succeeded", PATIENT).await
    }

    /// HubSoft changes a port, and the platform follows.
    async fn sets(&self, port: i64, service: Option<i64>) -> Uuid {
        let id = hubsoft_sets(&self.db.pool(), port, service).await.unwrap();
        ends(&self.db.pool(), id, "succeeded", PATIENT).await;
        id
    }

    /// HubSoft's number of this port.
    async fn id_of(&self, port: &PortAddress) -> i64 {
        let sql = "select p.id_porta_atendimento from mapping.port p join mapping.splitter s using (id_splitter)
                   where s.external_id = $1 and p.sequencia = $2";
        let query = sqlx::query_scalar(sql).bind(&port.splitter_external_id).bind(port.sequencia);
        query.fetch_one(&self.db.pool()).await.unwrap()
    }

    async fn states(&self, id: Uuid) -> Vec<String> {
        let sql = "select state from enlace.step where id = $1 order by n, attempt";
        sqlx::query_scalar(sql).bind(id).fetch_all(&self.db.pool()).await.unwrap()
    }
}

async fn customers(pool: &PgPool) {
    let numbers: Vec<i64> = (0..i64::from(PERSONS)).collect();
    let each = |make: fn(u64) -> String| (0..u64::from(PERSONS)).map(make).collect::<Vec<_>>();
    sqlx::query(
        "insert into hubsoft.customer (id_cliente, codigo_cliente, nome_razaosocial, tipo_pessoa, cpf_cnpj)
         select t.n + 1, t.n + 1, t.name, 'pf', t.cpf from unnest($1::bigint[], $2::text[], $3::text[]) as t (n, name, cpf)",
    )
    .bind(&numbers)
    .bind(each(people::name))
    .bind(each(people::cpf))
    .execute(pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into hubsoft.customer_service (id_cliente_servico, id_cliente, numero_plano, descricao, status_prefixo)
         select 1000 + n, n + 1, 1, 'Fibra', 'servico_habilitado' from unnest($1::bigint[]) as t (n)",
    )
    .bind(&numbers)
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_s4_s5_geogrids_drawing_comes_in_and_a_second_sync_changes_nothing() {
    let isp = Provider::new(Options { boxes: 75, calls_a_second: None, ..Options::default() }).await;
    let _worker = isp.worker();
    let (first, size) = (isp.sync().await, isp.city.simulator.size());
    assert_eq!(first["elements"]["box"]["created"], size.boxes, "{first}");
    assert_eq!(first["elements"]["pole"]["created"], size.poles, "{first}");
    assert_eq!(first["elements"]["port"]["created"], size.attendance_ports, "{first}");
    let codes: Vec<Option<String>> = isp.city.simulator.occupied().into_iter().map(|held| held.code).collect();
    let stranger = |code: &&Option<String>| code.as_deref().is_some_and(|code| code.starts_with('X'));
    let strangers = codes.iter().filter(stranger).count();
    assert!(codes.contains(&None), "somebody is known by his document alone");
    assert_eq!(first["customers"]["bound"], codes.len() - strangers, "S4: {first}");
    assert_eq!(first["customers"]["reserved"], strangers + size.reserved, "S5: {first}");
    let second = isp.sync().await;
    for kind in ["box", "splitter", "port", "pole"] {
        let changed = ["created", "updated", "missing"].map(|what| second["elements"][kind][what].as_i64());
        assert_eq!(changed, [Some(0); 3], "S2: {kind}: {second}");
    }
    assert_eq!((&second["customers"]["bound"], &second["discrepancies"]), (&json!(0), &json!(0)), "{second}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b2_b3_what_hubsoft_commits_geogrid_shows() {
    let isp = Provider::new(Options { boxes: 30, calls_a_second: None, ..Options::default() }).await;
    let _worker = isp.worker();
    isp.sync().await;
    let city = &isp.city;
    let (free, taken) = (city.free_ports(2).await, city.port_of("1003").await);
    let newcomer = 1_000 + i64::from(PERSONS) - 1;
    isp.sets(isp.id_of(&free[0]).await, Some(newcomer)).await;
    assert_eq!(city.code_at(&free[0]), Some(newcomer.to_string()));
    let replaced = isp.sets(isp.id_of(&taken).await, Some(newcomer - 1)).await;
    assert_eq!(isp.states(replaced).await, ["requested", "looking", "clearing", "looking", "attaching", "looking"]);
    assert_eq!(city.code_at(&taken), Some((newcomer - 1).to_string()));
    isp.sets(isp.id_of(&free[0]).await, None).await;
    assert!(city.holder(&free[0]).is_none());

    // Somebody at the panel keeps a port for a customer; HubSoft then puts him there, and takes him off another such port.
    let kept = isp.id_of(&free[1]).await;
    assert!(city.simulator.reserve(&free[1].splitter_external_id, free[1].sequencia as u32 + 1, Some("1003")));
    let attended = isp.sets(kept, Some(1_003)).await;
    assert_eq!(isp.states(attended).await, ["requested", "looking", "attaching", "looking"]);
    assert_eq!(city.code_at(&free[1]).as_deref(), Some("1003"));
    assert!(city.simulator.size().access_points == 0, "nothing is drawn");
    isp.sets(kept, None).await;
    assert!(city.holder(&free[1]).is_none());
}
