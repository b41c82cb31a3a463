//! Three cities side by side: a HubSoft, an integration with each simulated platform, and one worker.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use platforms::{Call, CallObserver, CustomerToAttach, Detach, Occupancy, Platform, PortAddress};
use rustix::process::Signal;
use serde_json::{Value, json};
use simulators::{geogrid, geosite, ozmap, server::Desk};
use sqlx::Row;
use uuid::Uuid;

use crate::support::{
    Db, Folder, Process,
    cities::{NETWORK, hubsoft, integrate, limited, served},
    isp::{KEY, ends, enqueue},
    toy::pass,
};

/// The first customer of each city; the people in between sit nowhere.
const FIRST: [u32; 3] = [0, 100, 200];
/// Everybody whom HubSoft knows.
const PEOPLE: u32 = 300;
const BOXES: u32 = 4;
const PORTS_PER_BOX: u32 = 4;

/// One platform, as the simulator has it and as a person at its panel works with it.
pub struct Side {
    pub name: &'static str,
    pub desk: Desk,
    pub integration: i64,
    panel: Arc<dyn Platform>,
}

/// All of it.
pub struct World {
    pub db: Db,
    pub sides: Vec<Side>,
    /// Ports that take customers, with their side; by number, side after side.
    pub ports: Vec<(i64, usize)>,
    /// Services that sat nowhere in the beginning.
    pub idle: Vec<i64>,
    worker: Option<Process>,
    folder: Folder,
}

struct Unwatched;
impl CallObserver for Unwatched {
    fn called(&self, _: Call) {}
}

/// Each platform's simulator, and the parameters of an integration with it.
async fn platforms_of(seed: u64) -> Vec<(&'static str, Desk, Value)> {
    let (boxes, ports_per_box) = (BOXES, PORTS_PER_BOX);
    let ozmap = ozmap::Options { boxes, ports_per_box, seed, first_customer: FIRST[0], ..ozmap::Options::default() };
    let geogrid = geogrid::Options {
        boxes,
        ports_per_box,
        seed,
        first_customer: FIRST[1],
        calls_a_second: None,
        ..geogrid::Options::default()
    };
    let geosite =
        geosite::Options { boxes, ports_per_box, seed, first_customer: FIRST[2], ..geosite::Options::default() };
    let (a, b, c) = (
        ozmap::Simulator::new(ozmap.clone()).unwrap(),
        geogrid::Simulator::new(geogrid.clone()).unwrap(),
        geosite::Simulator::new(geosite.clone()).unwrap(),
    );
    let (ozmap_url, geogrid_url, geosite_url) = (served(&a).await, served(&b).await, served(&c).await);
    vec![
        (
            "ozmap",
            (*a).clone(),
            json!({ "api_url": ozmap_url, "api_chave": ozmap.api_key, "usuario": ozmap.login, "senha": ozmap.password }),
        ),
        ("geogrid", (*b).clone(), json!({ "api_url": geogrid_url, "token": geogrid.api_key })),
        (
            "geosite",
            (*c).clone(),
            json!({ "api_url": format!("{geosite_url}{}", geosite::BASE), "usuario": geosite.username, "senha": geosite.password }),
        ),
    ]
}

impl World {
    /// Synced, and nothing else has happened yet.
    pub async fn new(seed: u64) -> Self {
        let db = Db::new().await;
        let pool = db.pool();
        hubsoft(&pool, PEOPLE).await;
        let mut sides = Vec::new();
        for (name, desk, given) in platforms_of(seed).await {
            let given = given.as_object().unwrap();
            let options = platforms::Options { allow_private: true, ..platforms::Options::default() };
            let panel = platforms::connect(name, given, options, Arc::new(Unwatched)).unwrap();
            let integration = integrate(&pool, name, (name, name), given.clone(), &NETWORK).await;
            limited(&pool, integration, None).await;
            sides.push(Side { name, desk, integration, panel });
        }
        let mut world = Self { db, sides, ports: Vec::new(), idle: Vec::new(), worker: None, folder: Folder::new() };
        world.hire();
        for side in 0..world.sides.len() {
            let id = world.sync(side).await;
            ends(&pool, id, "succeeded", Duration::from_secs(60)).await;
        }
        world.ports = world.usable().await;
        world.idle = sqlx::query_scalar(
            "select id_cliente_servico from hubsoft.customer_service s
             where not exists (select from mapping.port p where p.id_cliente_servico = s.id_cliente_servico) order by 1",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        world
    }

    fn hire(&mut self) {
        let more = [
            ("DATABASE_URL", self.db.url()),
            ("ENLACE_SECRET_KEY", KEY.to_owned()),
            ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true".to_owned()),
            ("ENLACE_LOG_FILTER", "error".to_owned()),
        ];
        let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.worker = Some(Process::start(self.folder.path(), &["serve", "--roles", "worker"], &more));
    }

    /// The worker is killed, and another one takes over as soon as its lease has run out, which is now.
    pub async fn crash(&mut self) {
        if let Some(mut worker) = self.worker.take() {
            worker.signal(Signal::KILL);
            worker.ended().await;
        }
        pass(&self.db.pool(), Duration::from_secs(10)).await;
        self.hire();
    }

    pub async fn sync(&self, side: usize) -> Uuid {
        enqueue(&self.db.pool(), "sync", json!({ "id_integracao": self.sides[side].integration })).await
    }

    async fn usable(&self) -> Vec<(i64, usize)> {
        let rows = sqlx::query(
            "select p.id_porta_atendimento, i.id_integracao from mapping.port p join mapping.splitter s using (id_splitter)
             join mapping.box b on b.id_caixa_optica = s.id_caixa_optica join mapping.integration i using (id_projeto)
             where not p.blocked order by 2, 1",
        );
        let rows = rows.fetch_all(&self.db.pool()).await.unwrap();
        let side = |id: i64| self.sides.iter().position(|side| side.integration == id).unwrap();
        rows.into_iter().map(|row| (row.get(0), side(row.get(1)))).collect()
    }

    async fn address(&self, port: i64) -> PortAddress {
        let row = sqlx::query(
            "select b.external_id, s.external_id, p.sequencia, p.external_id from mapping.port p
             join mapping.splitter s using (id_splitter) join mapping.box b on b.id_caixa_optica = s.id_caixa_optica
             where p.id_porta_atendimento = $1",
        );
        let row = row.bind(port).fetch_one(&self.db.pool()).await.unwrap();
        PortAddress {
            box_external_id: row.get(0),
            splitter_external_id: row.get(1),
            sequencia: row.get(2),
            port_external_id: row.get(3),
            place: None,
        }
    }

    /// A person at the platform's panel puts this customer on a port, if nobody sits there. The platform may refuse.
    pub async fn person_puts(&self, (port, side): (i64, usize), code: &str, name: &str) {
        let panel = &self.sides[side].panel;
        let address = self.address(port).await;
        let customer = CustomerToAttach { code: code.to_owned(), name: name.to_owned(), document: None, place: None };
        if let (Ok(Occupancy::Free), Ok(seats)) = (panel.look_at_port(&address).await, panel.seats_of(code).await) {
            let _refused = panel.attach(&address, &customer, &seats).await;
        }
    }

    /// A person at the platform's panel takes off whoever sits on a port.
    pub async fn person_removes(&self, (port, side): (i64, usize)) {
        let panel = &self.sides[side].panel;
        if let Ok(Occupancy::Taken(seat)) = panel.look_at_port(&self.address(port).await).await {
            let _refused = panel.detach(&seat, Detach::Everything).await;
        }
    }

    /// Who sits on each port: HubSoft's service and whether a sync reserved the port, and the platform's code.
    pub async fn both_sides(&self) -> BTreeMap<i64, Sits> {
        let rows = sqlx::query(
            "select p.id_porta_atendimento, p.id_cliente_servico, p.reservado, s.external_id, p.sequencia,
                    coalesce((select array_agg(d.kind order by d.kind) from mapping.discrepancy d
                              where d.id_porta_atendimento = p.id_porta_atendimento and d.settled_at is null), '{}'),
                    coalesce((select array_agg(d.kind order by d.kind) from mapping.discrepancy d
                              where d.id_porta_atendimento = p.id_porta_atendimento and d.settlement = 'ignore'), '{}')
             from mapping.port p join mapping.splitter s using (id_splitter)",
        );
        let rows = rows.fetch_all(&self.db.pool()).await.unwrap();
        let sides: BTreeMap<i64, usize> = self.ports.iter().copied().collect();
        let sits = rows.into_iter().filter_map(|row| {
            let port: i64 = row.get(0);
            let side = &self.sides[*sides.get(&port)?];
            let number = u32::try_from(row.get::<i32, _>(4)).unwrap() + 1;
            let theirs = side.desk.holder(row.get(3), number);
            let sits = Sits {
                platform: side.name,
                ours: row.get(1),
                reserved: row.get(2),
                theirs: theirs.map(|held| held.code.unwrap_or_default()),
                discrepancies: row.get(5),
                ignored: row.get(6),
            };
            Some((port, sits))
        });
        sits.collect()
    }
}

/// A port, by both sides.
#[derive(Debug)]
pub struct Sits {
    #[expect(dead_code, reason = "shown where a test fails")]
    pub platform: &'static str,
    pub ours: Option<i64>,
    pub reserved: bool,
    /// An empty code: somebody without one.
    pub theirs: Option<String>,
    pub discrepancies: Vec<String>,
    /// A person left them as they are.
    pub ignored: Vec<String>,
}
