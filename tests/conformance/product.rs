//! The whole of a sync on each platform: HubSoft's database, an integration, a worker that is killed once (rules S2–S11).

use std::collections::BTreeMap;
use std::time::Duration;

use enlace::desk::{
    Caller,
    acts::{Verb, With, act},
    discrepancies::{self, Asked, Discrepancy, Settle},
};
use mapping::integrations;
use platforms::{Detach, Occupancy, PortAddress};
use rustix::process::Signal;
use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use sqlx::{AssertSqlSafe, PgPool, Row};
use uuid::Uuid;

use super::City;
use super::kinds::{KINDS, Kind};
use crate::support::cities::{ALL, integrate};
use crate::support::isp::{KEY, ends, enqueue};
use crate::support::{Db, Folder, Process};

const PATIENT: Duration = Duration::from_secs(240);

struct Side {
    city: City,
    integration: i64,
    project: i64,
}

struct Provider {
    db: Db,
    sides: Vec<Side>,
    folder: Folder,
    caller: Caller,
}

impl Provider {
    /// Each platform with a HubSoft of its own: their made-up people bear the same numbers.
    async fn new(kind: &'static Kind) -> Self {
        let _set_by_another_test = tracing_subscriber::fmt().with_env_filter("warn").with_test_writer().try_init();
        let db = Db::new().await;
        let city = City::sized(kind, 60).await;
        let (integration, project) = tied(&db.pool(), &city).await;
        let sides = vec![Side { city, integration, project }];
        // HubSoft knows everybody whose code is a number.
        let codes = sides.iter().flat_map(|side| side.city.built.desk.occupied()).filter_map(|held| held.code);
        let services: Vec<i64> = codes.filter_map(|code| code.parse().ok()).collect();
        for sql in [
            "insert into hubsoft.customer (id_cliente, nome_razaosocial) select distinct s, 'Cliente ' || s from unnest($1::bigint[]) s",
            "insert into hubsoft.customer_service (id_cliente_servico, id_cliente, status_prefixo) select distinct s, s, 'servico_habilitado' from unnest($1::bigint[]) s",
        ] {
            sqlx::query(sql).bind(&services).execute(&db.pool()).await.unwrap();
        }
        Self { db, sides, folder: Folder::new(), caller: Caller::at_terminal("ana".to_owned()) }
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

    /// Asks for a sync of every side; their ids.
    async fn ask(&self) -> Vec<Uuid> {
        let mut ids = Vec::new();
        for side in &self.sides {
            ids.push(enqueue(&self.db.pool(), "sync", json!({ "id_integracao": side.integration })).await);
        }
        ids
    }

    /// The results of syncs, in the order of the sides.
    async fn ended(&self, ids: &[Uuid], status: &str) -> Vec<Value> {
        let mut results = Vec::new();
        for id in ids {
            results.push(ends(&self.db.pool(), *id, status, PATIENT).await);
        }
        results
    }

    async fn sync(&self) -> Vec<Value> {
        self.ended(&self.ask().await, "succeeded").await
    }

    async fn decide(&self, ids: &[Uuid], verb: Verb) -> Vec<Value> {
        for id in ids {
            let pool = self.db.pool();
            act(&pool, &self.caller, *id, verb, "conferido no mapa", With::default()).await.unwrap();
        }
        self.ended(ids, "succeeded").await
    }

    async fn rows<T>(&self, sql: &str, id: i64) -> Vec<T>
    where
        T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
    {
        sqlx::query_as(AssertSqlSafe(sql.to_owned())).bind(id).fetch_all(&self.db.pool()).await.unwrap()
    }

    async fn open(&self, side: &Side) -> Vec<Discrepancy> {
        let asked = Asked { integration: Some(side.integration.to_string()), ..Asked::default() };
        discrepancies::list(&self.db.pool(), &self.caller, &asked).await.unwrap().items
    }

    async fn settle(&self, one: &Discrepancy, how: Settle) -> Vec<Uuid> {
        discrepancies::settle(&self.db.pool(), &self.caller, one.id, how, "conferido").await.unwrap().workflows
    }
}

async fn tied(pool: &PgPool, city: &City) -> (i64, i64) {
    let name = city.kind.name;
    let id = integrate(pool, name, (name, name), city.built.given(&city.url), &ALL).await;
    let project = integrations::read(pool, id).await.unwrap().unwrap().project.unwrap().id_projeto;
    (id, project)
}

const BOXES: &str =
    "select id_caixa_optica, external_id, missing_since is null from mapping.box where id_projeto = $1 order by 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_s3_s4_s5_s6_s8_s9_s10_s11_a_city_of_ozmaps_comes_in_goes_returns_and_differs() {
    whole(&KINDS[0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_s3_s4_s5_s6_s8_s9_s10_s11_a_city_of_geosites_comes_in_goes_returns_and_differs() {
    whole(&KINDS[1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_s3_s4_s5_s6_s8_s9_s10_s11_a_city_of_geogrids_comes_in_goes_returns_and_differs() {
    whole(&KINDS[2]).await;
}

async fn whole(kind: &'static Kind) {
    let isp = Provider::new(kind).await;
    let first = s10_resumes_and_s11_counts(&isp).await;
    let _worker = isp.worker();
    s2_nothing_is_written_twice(&isp, &first).await;
    s9_s8_an_empty_platform_is_asked_about(&isp).await;
    s6_what_differs_is_settled(&isp).await;
}

/// The first sync, whose worker is killed in the middle of it.
async fn s10_resumes_and_s11_counts(isp: &Provider) -> Vec<Value> {
    let pool = isp.db.pool();
    let ids = isp.ask().await;
    let mut worker = isp.worker();
    let pages = "select count(*) from enlace.step where outcome = 'done' and state like 'pulling%'";
    while sqlx::query_scalar::<_, i64>(pages).fetch_one(&pool).await.unwrap() < 3 {
        tokio::task::yield_now().await;
    }
    worker.signal(Signal::KILL);
    worker.ended().await;
    let _next = isp.worker();
    let results = isp.ended(&ids, "succeeded").await;
    for ((side, id), result) in isp.sides.iter().zip(&ids).zip(&results) {
        let name = side.city.kind.name;
        let twice: i64 = sqlx::query_scalar(
            "select count(*) from (select state, data ->> 'state', data ->> 'cursor' from enlace.step
             where id = $1 and outcome = 'done' and state in ('pulling_boxes', 'pulling_splitters', 'pulling_poles', 'pulling_cables')
             group by 1, 2, 3 having count(*) > 1) t",
        )
        .bind(id)
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(twice, 0, "S10: {name}: no page was written twice");
        assert_eq!(result["elements"]["box"]["created"], side.city.built.boxes, "S2: {name}: {result}");
        assert_eq!(result["elements"]["port"]["created"], side.city.built.ports, "S3: {name}: {result}");
        for kind in ["box", "splitter", "port"] {
            for count in ["seen", "created", "updated", "unchanged", "missing"] {
                assert!(result["elements"][kind][count].is_u64(), "S11: {name}: {kind}.{count}: {result}");
            }
        }
        for count in ["/customers/bound", "/customers/reserved", "/customers/ambiguous", "/discrepancies", "/calls"] {
            assert!(result.pointer(count).is_some_and(Value::is_u64), "S11: {name}: {count}: {result}");
        }
        assert!(result["waited_seconds"].is_number() && result["calls"].as_u64() > Some(3), "S11: {name}: {result}");
        assert!(result["customers"]["bound"].as_u64() > Some(10), "S4: {name}: {result}");
        assert_eq!(result["discrepancies"], 0, "S6: {name}: {result}");
        let held = side.city.built.desk.occupied();
        let unknown = held.iter().filter(|held| held.code.as_ref().is_some_and(|code| code.starts_with("X-"))).count();
        let reserved: Vec<String> = isp
            .rows(
                "select p.observacao from mapping.port p join mapping.box b using (id_caixa_optica)
                   where b.id_projeto = $1 and p.reservado and p.reserved_by = 'sync' and p.id_cliente_servico is null",
                side.project,
            )
            .await
            .into_iter()
            .map(|(observation,)| observation)
            .collect();
        assert!(unknown > 0 && reserved.len() >= unknown, "S5: {name}: {unknown} unknown, {reserved:?}");
        assert!(reserved.iter().any(|words| words.contains("X-")), "S5: {name}: who it is for is said: {reserved:?}");
        let shown: Vec<(bool, Option<String>, bool)> = isp
            .rows("select em_sincronizacao, erro_sincronizacao, data_sincronizacao_completa is not null from mapping.project where id_projeto = $1", side.project)
            .await;
        assert_eq!(shown, [(false, None, true)], "S11: {name}");
    }
    results
}

async fn s2_nothing_is_written_twice(isp: &Provider, first: &[Value]) {
    let written = async || {
        let sql = "select coalesce(jsonb_object_agg(xmin, n), '{}') from (select xmin::text, count(*) n from (select xmin from mapping.box union all
                   select xmin from mapping.splitter union all select xmin from mapping.port union all select xmin from mapping.pole
                   union all select xmin from mapping.cable) e group by 1) t";
        sqlx::query_scalar::<_, Value>(sql).fetch_one(&isp.db.pool()).await.unwrap()
    };
    let before = written().await;
    for ((side, first), second) in isp.sides.iter().zip(first).zip(isp.sync().await) {
        let name = side.city.kind.name;
        assert_eq!(second["elements"]["box"]["unchanged"], first["elements"]["box"]["seen"], "{name}: {second}");
        assert_eq!(
            (&second["customers"]["bound"], &second["discrepancies"]),
            (&json!(0), &json!(0)),
            "{name}: {second}"
        );
    }
    assert_eq!(written().await, before, "S2: a second sync writes no element row");
}

/// A platform that answers with empty lists: nothing goes before a person has said so, and all comes back under its id.
async fn s9_s8_an_empty_platform_is_asked_about(isp: &Provider) {
    let mut before: BTreeMap<i64, Vec<(i64, String, bool)>> = BTreeMap::new();
    for side in &isp.sides {
        before.insert(side.project, isp.rows(BOXES, side.project).await);
        let empty = Fault::always(Effect::EmptyList).method("GET").contains(side.city.kind.lists);
        side.city.built.desk.set_faults(vec![empty]);
    }
    let ids = isp.ask().await;
    isp.ended(&ids, "parked").await;
    let refused = isp.decide(&ids, Verb::Refuse).await;
    for (side, result) in isp.sides.iter().zip(refused) {
        assert_eq!(result["elements"]["box"]["missing"].as_u64().unwrap_or(0), 0, "S9: {result}");
        assert_eq!(isp.rows::<(i64, String, bool)>(BOXES, side.project).await, before[&side.project], "S9: refused");
    }
    let ids = isp.ask().await;
    isp.ended(&ids, "parked").await;
    isp.decide(&ids, Verb::Approve).await;
    let sitting = "select count(*) from mapping.port p join mapping.box b using (id_caixa_optica)
                   where b.id_projeto = $1 and p.id_cliente_servico is not null";
    for side in &isp.sides {
        let now: Vec<(i64, String, bool)> = isp.rows(BOXES, side.project).await;
        assert!(
            now.iter().all(|(.., there)| !there),
            "S8: {}: all is missing, and nothing deleted",
            side.city.kind.name
        );
        assert_eq!(now.len(), before[&side.project].len());
        let customers: Vec<(i64,)> = isp.rows(sitting, side.project).await;
        assert!(customers[0].0 > 10, "S8: their customers stay");
        assert!(isp.open(side).await.is_empty(), "S6: of what is gone nothing is said");
        side.city.built.desk.set_faults(Vec::new());
    }
    isp.sync().await;
    for side in &isp.sides {
        let now = isp.rows::<(i64, String, bool)>(BOXES, side.project).await;
        assert_eq!(now, before[&side.project], "S8: {}: back under its id", side.city.kind.name);
    }
}

/// A port where HubSoft has somebody.
async fn occupied(isp: &Provider, side: &Side, skip: i64) -> (i64, i64, PortAddress) {
    let row = sqlx::query(
        "select p.id_porta_atendimento, p.id_cliente_servico, b.external_id, s.external_id, p.sequencia, p.external_id, b.latitude, b.longitude
         from mapping.port p join mapping.splitter s using (id_splitter) join mapping.box b on b.id_caixa_optica = s.id_caixa_optica
         where b.id_projeto = $1 and p.id_cliente_servico is not null and b.latitude is not null order by 1 offset $2 limit 1",
    )
    .bind(side.project)
    .bind(skip)
    .fetch_one(&isp.db.pool())
    .await
    .unwrap();
    let place = platforms::Place { latitude: row.get(6), longitude: row.get(7) };
    let address = PortAddress {
        box_external_id: row.get(2),
        splitter_external_id: row.get(3),
        sequencia: row.get(4),
        port_external_id: row.get(5),
        place: Some(place),
    };
    (row.get(0), row.get(1), address)
}

/// Somebody frees two ports on each platform by hand, and puts a stranger on a third.
async fn s6_what_differs_is_settled(isp: &Provider) {
    let mut expected = Vec::new();
    for side in &isp.sides {
        let mut ports = Vec::new();
        for n in 0..3 {
            let (id, service, port) = occupied(isp, side, n * 3).await;
            let Occupancy::Taken(seat) = side.city.look(&port).await else { panic!("{port:?}") };
            side.city.account.detach(&seat, Detach::Everything).await.unwrap();
            ports.push((id, service, port));
        }
        side.city.attach(&ports[2].2, "990099").await.unwrap();
        expected.push(ports);
    }
    let synced = isp.sync().await;
    for ((side, ports), result) in isp.sides.iter().zip(&expected).zip(&synced) {
        let name = side.city.kind.name;
        assert_eq!(result["discrepancies"], 3, "S6: {name}: {result}");
        let open = isp.open(side).await;
        let on = |n: usize| open.iter().find(|one| one.id_porta_atendimento == ports[n].0).unwrap();
        assert_eq!(
            [on(0).kind.as_str(), &on(1).kind, &on(2).kind],
            ["not_on_platform", "not_on_platform", "other_occupant"],
            "{name}"
        );
        for n in [0, 2] {
            for id in isp.settle(on(n), Settle::Send).await {
                ends(&isp.db.pool(), id, "succeeded", PATIENT).await;
            }
            assert_eq!(side.city.code_at(&ports[n].2), Some(ports[n].1.to_string()), "{name}: ours was sent");
        }
        assert!(isp.settle(on(1), Settle::Take).await.is_empty());
        let freed: Vec<(Option<i64>,)> =
            isp.rows("select id_cliente_servico from mapping.port where id_porta_atendimento = $1", ports[1].0).await;
        assert_eq!(freed, [(None,)], "{name}: theirs was taken");
    }
    for (side, result) in isp.sides.iter().zip(isp.sync().await) {
        assert_eq!(result["discrepancies"], 0, "S6: {}: both sides agree: {result}", side.city.kind.name);
    }
}
