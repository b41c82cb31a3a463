//! An ISP on all three platforms at once: one database, one HubSoft whose customers no platform knows yet, and a simulated city
//! and an integration each.

use std::time::Duration;

use serde_json::{Value, json};
use simulators::{geogrid, geosite, ozmap, server::Desk};
use sqlx::PgPool;
use uuid::Uuid;

use super::cities::{NETWORK, given, integrate, served};
use super::isp::{KEY, ends, enqueue};
use super::{Db, Folder, Process};

/// HubSoft's services are numbered from here.
const FIRST: i64 = 900_001;
/// How long anything may take.
pub const SOON: Duration = Duration::from_secs(60);

/// A platform of the ISP.
pub struct City {
    pub platform: &'static str,
    pub desk: Desk,
    pub integration: i64,
}

/// The ISP.
pub struct Provider {
    pub db: Db,
    pub cities: Vec<City>,
    folder: Folder,
}

impl Provider {
    /// Not synced yet; so many services that sit nowhere.
    pub async fn new(services: i32) -> Self {
        let _set_by_another_test = tracing_subscriber::fmt().with_env_filter("warn").with_test_writer().try_init();
        let db = Db::new().await;
        for rows in [
            "insert into hubsoft.customer (id_cliente, codigo_cliente, nome_razaosocial, tipo_pessoa)
             select g, g, 'Cliente ' || g, 'pf' from generate_series($1::bigint, $1 + $2 - 1) g",
            "insert into hubsoft.customer_service (id_cliente_servico, id_cliente, numero_plano, descricao, status_prefixo)
             select g, g, 1, 'Fibra', 'servico_habilitado' from generate_series($1::bigint, $1 + $2 - 1) g",
        ] {
            sqlx::query(rows).bind(FIRST).bind(services).execute(&db.pool()).await.unwrap();
        }
        let cities = vec![ozmap_city(&db.pool()).await, geosite_city(&db.pool()).await, geogrid_city(&db.pool()).await];
        Self { db, cities, folder: Folder::new() }
    }

    pub fn worker(&self) -> Process {
        let url = self.db.url();
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("ENLACE_SECRET_KEY", KEY),
            ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true"),
            ("ENLACE_DATABASE_CONNECTIONS", "10"),
        ];
        Process::start(self.folder.path(), &["serve", "--roles", "worker"], &variables)
    }

    /// Syncs all of them.
    pub async fn sync(&self) {
        let mut begun = Vec::new();
        for city in &self.cities {
            begun.push(enqueue(&self.db.pool(), "sync", json!({ "id_integracao": city.integration })).await);
        }
        for id in begun {
            ends(&self.db.pool(), id, "succeeded", SOON).await;
        }
    }

    /// The n-th service.
    pub fn service(&self, n: usize) -> i64 {
        FIRST + i64::try_from(n).unwrap()
    }

    /// Ports of a city that nobody holds on either side; or that a stranger does whom HubSoft does not know.
    pub async fn ports(&self, city: &City, strangers: bool, count: i64) -> Vec<i64> {
        let ports: Vec<i64> = sqlx::query_scalar(
            "select p.id_porta_atendimento from mapping.port p join mapping.splitter s using (id_splitter)
             join mapping.box b on b.id_caixa_optica = s.id_caixa_optica join mapping.integration i using (id_projeto)
             where i.id_integracao = $1 and p.id_cliente_servico is null and p.reservado = $2 and not p.blocked
               and s.role = 'attendance' and p.transmission = 'never' order by 1 limit $3",
        )
        .bind(city.integration)
        .bind(strangers)
        .bind(count)
        .fetch_all(&self.db.pool())
        .await
        .unwrap();
        assert_eq!(i64::try_from(ports.len()).unwrap(), count, "{}", city.platform);
        ports
    }

    /// The code of whoever the platform shows on a port.
    pub async fn shown(&self, port: i64) -> Option<String> {
        let (integration, splitter, sequencia): (i64, String, i32) = sqlx::query_as(
            "select i.id_integracao, s.external_id, p.sequencia from mapping.port p join mapping.splitter s using (id_splitter)
             join mapping.box b on b.id_caixa_optica = s.id_caixa_optica join mapping.integration i using (id_projeto)
             where p.id_porta_atendimento = $1",
        )
        .bind(port)
        .fetch_one(&self.db.pool())
        .await
        .unwrap();
        let city = self.cities.iter().find(|city| city.integration == integration).unwrap();
        city.desk.holder(&splitter, u32::try_from(sequencia).unwrap() + 1).map(|held| held.code.unwrap_or_default())
    }

    /// Who sits on a port by HubSoft.
    pub async fn occupant(&self, port: i64) -> Option<i64> {
        let sql = "select id_cliente_servico from mapping.port where id_porta_atendimento = $1";
        sqlx::query_scalar(sql).bind(port).fetch_one(&self.db.pool()).await.unwrap()
    }

    /// What a port shows of its transmission.
    pub async fn transmission(&self, port: i64) -> (String, String) {
        let sql =
            "select transmission, coalesce(transmission_error, '') from mapping.port where id_porta_atendimento = $1";
        sqlx::query_as(sql).bind(port).fetch_one(&self.db.pool()).await.unwrap()
    }

    /// HubSoft changes its rows and asks for work in one transaction.
    pub async fn hubsoft(&self, rows: &[(i64, Option<i64>)], kind: &str, payload: Value) -> Uuid {
        let mut tx = self.db.pool().begin().await.unwrap();
        for (port, service) in rows {
            let sql = "update mapping.port set id_cliente_servico = $2 where id_porta_atendimento = $1";
            sqlx::query(sql).bind(port).bind(service).execute(&mut *tx).await.unwrap();
        }
        let id = enqueue(&mut *tx, kind, payload).await;
        tx.commit().await.unwrap();
        id
    }

    /// HubSoft puts a service on a port, and the platform shows it.
    pub async fn bound(&self, port: i64, service: i64) {
        let payload = json!({ "id_porta_atendimento": port, "id_cliente_servico": service });
        let id = self.hubsoft(&[(port, Some(service))], "bind", payload).await;
        ends(&self.db.pool(), id, "succeeded", SOON).await;
    }

    /// The states that a workflow went through, each attempt with its outcome unless it was done.
    pub async fn story(&self, id: Uuid) -> Vec<String> {
        let sql = "select state || case outcome when 'done' then '' else ' ' || outcome end from enlace.step
                   where id = $1 order by n, attempt";
        sqlx::query_scalar(sql).bind(id).fetch_all(&self.db.pool()).await.unwrap()
    }
}

async fn ozmap_city(pool: &PgPool) -> City {
    let options = ozmap::Options { boxes: 12, ..Default::default() };
    let simulator = ozmap::Simulator::new(options.clone()).unwrap();
    let url = served(&simulator).await;
    let given =
        json!({ "api_url": url, "api_chave": options.api_key, "usuario": options.login, "senha": options.password });
    City { platform: "ozmap", desk: (*simulator).clone(), integration: tied(pool, "ozmap", given).await }
}

async fn geosite_city(pool: &PgPool) -> City {
    let options = geosite::Options { boxes: 12, ..Default::default() };
    let simulator = geosite::Simulator::new(options.clone()).unwrap();
    let url = served(&simulator).await;
    let given =
        json!({ "api_url": format!("{url}{}", geosite::BASE), "usuario": options.username, "senha": options.password });
    City { platform: "geosite", desk: (*simulator).clone(), integration: tied(pool, "geosite", given).await }
}

/// More than a hundred boxes, which are asked about a hundred at a time; as fast as the test can.
async fn geogrid_city(pool: &PgPool) -> City {
    let options = geogrid::Options { boxes: 130, calls_a_second: None, ..Default::default() };
    let simulator = geogrid::Simulator::new(options.clone()).unwrap();
    let url = served(&simulator).await;
    let given = json!({ "api_url": format!("{url}/isp"), "token": options.api_key });
    City { platform: "geogrid", desk: (*simulator).clone(), integration: tied(pool, "geogrid", given).await }
}

async fn tied(pool: &PgPool, platform: &str, parameters: Value) -> i64 {
    integrate(pool, platform, (platform, &format!("Centro {platform}")), given(parameters), &NETWORK).await
}
