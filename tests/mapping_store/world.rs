//! An integration with its project in a database of its own, and a platform's pages in few words.

use mapping::Change;
use mapping::change::SyncPart;
use mapping::integrations::{self, Keeper, New, ProjectChoice};
use mapping::secrets::SecretKey;
use platforms::{BoxElement, OccupantElement, Place, PlatformCustomer, PortElement, SplitterElement, SplitterRole};
use secrecy::SecretBox;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgPool};
use uuid::Uuid;

use crate::support::Db;

pub struct World {
    pub pool: PgPool,
    pub integration: i64,
    pub project: i64,
    _db: Db,
}

pub fn key(byte: u8) -> SecretKey {
    SecretBox::new(Box::new([byte; 32]))
}

pub fn new_integration(name: &str) -> New {
    let given =
        json!({ "api_url": "https://isp.example:9994", "api_chave": "ch4ve", "usuario": "enlace", "senha": "s3nha" });
    New {
        platform: "ozmap".into(),
        name: name.into(),
        parameters: given.as_object().cloned().unwrap(),
        settings: serde_json::Map::new(),
        elements: vec!["box".into(), "splitter".into()],
    }
}

impl World {
    pub async fn new() -> Self {
        let db = Db::new().await;
        let mut conn = db.connection().await;
        let keeper = Keeper { key: &key(1), plain_http: false };
        let integration = integrations::create(&mut conn, keeper, &new_integration("OZMap")).await.unwrap();
        integrations::set_project(&mut conn, integration, &ProjectChoice::New("Cidade".into())).await.unwrap();
        let pool = db.pool();
        let project = integrations::read(&pool, integration).await.unwrap().unwrap().project.unwrap().id_projeto;
        Self { pool, integration, project, _db: db }
    }

    /// A city that has been synced: one box, an attendance splitter `s` with four ports.
    pub async fn with_ports() -> Self {
        let world = Self::new().await;
        world.sync(vec![SyncPart::Boxes(vec![a_box("b")]), SyncPart::Splitters(vec![splitter("s", "b", 4)])]).await;
        world
    }

    /// A whole sync of these parts; answers its result.
    pub async fn sync(&self, parts: Vec<SyncPart>) -> Value {
        let run = Uuid::now_v7();
        let parts = [SyncPart::Begun].into_iter().chain(parts);
        self.write(run, parts.collect()).await;
        let unseen = mapping::store::unseen(&self.pool, run, 0).await.unwrap();
        self.write(run, vec![SyncPart::Unseen(unseen), SyncPart::Lifted, SyncPart::Finished]).await;
        mapping::store::sync_result(&self.pool, run).await.unwrap()
    }

    /// Parts of one run, each in its own transaction, as steps write them.
    pub async fn write(&self, run: Uuid, parts: Vec<SyncPart>) {
        for part in parts {
            self.apply(vec![(run, Change::Sync { integration: self.integration, part })]).await;
        }
    }

    pub async fn apply(&self, changes: Vec<(Uuid, Change)>) {
        let mut conn = self.pool.acquire().await.unwrap();
        let mut transaction = conn.begin().await.unwrap();
        mapping::apply(&mut transaction, changes).await.unwrap();
        transaction.commit().await.unwrap();
    }

    pub async fn run(&self, sql: impl Into<String>) {
        sqlx::raw_sql(AssertSqlSafe(sql.into())).execute(&self.pool).await.unwrap();
    }

    /// The rows of a query as JSON.
    pub async fn rows(&self, sql: &str) -> Value {
        let sql = format!("select coalesce(jsonb_agg(q), '[]') from ({sql}) q");
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&self.pool).await.unwrap()
    }

    /// Which versions of which rows there are, and whether anybody locked one: changes with any write.
    pub async fn versions(&self) -> Value {
        let mut versions = serde_json::Map::new();
        for table in ["box", "splitter", "port", "pole", "cable", "discrepancy"] {
            let rows = self
                .rows(&format!("select ctid::text, xmin::text, xmax::text from mapping.{table} order by ctid"))
                .await;
            versions.insert(table.into(), rows);
        }
        Value::Object(versions)
    }

    /// `id_porta_atendimento` of an output of the splitter `s`.
    pub async fn port(&self, sequencia: i32) -> i64 {
        let sql = "select p.id_porta_atendimento from mapping.port p join mapping.splitter s using (id_splitter)
                   where s.external_id = 's' and p.sequencia = $1";
        sqlx::query_scalar(sql).bind(sequencia).fetch_one(&self.pool).await.unwrap()
    }

    /// A customer with this document and these services.
    pub async fn customer(&self, document: &str, services: &[i64]) {
        let sql = "insert into hubsoft.customer (nome_razaosocial, cpf_cnpj) values ('Ana', $1) returning id_cliente";
        let id: i64 = sqlx::query_scalar(sql).bind(document).fetch_one(&self.pool).await.unwrap();
        let sql = "insert into hubsoft.customer_service (id_cliente_servico, id_cliente, status_prefixo)
                   select s, $2, 'servico_habilitado' from unnest($1::bigint[]) s";
        sqlx::query(sql).bind(services).bind(id).execute(&self.pool).await.unwrap();
    }
}

pub fn a_box(id: &str) -> BoxElement {
    let place = Some(Place { latitude: -27.6, longitude: -48.5 });
    BoxElement {
        external_id: id.into(),
        name: format!("CTO {id}"),
        place,
        attendance: true,
        splice: false,
        allows_viability: true,
    }
}

pub fn splitter(id: &str, in_box: &str, ports: i32) -> SplitterElement {
    let ports = (0..ports).map(|sequencia| PortElement { sequencia, external_id: None, blocked: false }).collect();
    SplitterElement {
        external_id: id.into(),
        box_external_id: in_box.into(),
        name: id.into(),
        role: SplitterRole::Attendance,
        ports,
    }
}

/// On an output of the splitter `s`.
pub fn occupant(sequencia: i32, code: Option<&str>, document: Option<&str>) -> OccupantElement {
    let customer =
        PlatformCustomer { code: code.map(Into::into), name: Some("Ana".into()), document: document.map(Into::into) };
    OccupantElement {
        splitter_external_id: "s".into(),
        sequencia,
        external_id: format!("seat {sequencia}"),
        customer: Some(customer),
    }
}
