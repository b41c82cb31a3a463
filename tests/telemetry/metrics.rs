//! Metrics: each is listed with the question that it answers, each listed one is there, and none grows with the work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::{
    registry::Registry,
    retry::Retry,
    worker::Settings,
    workflow::{Cx, End, Failure, Lane, Next, Step, Text, Workflow, says, to},
};
use enlace::{
    api::metrics::of_database,
    telemetry::{METRICS, counted, document},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use sqlx::PgPool;
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use super::collector::Collector;
use crate::api::client;
use crate::support::{
    isp::{Isp, ends, enqueue, hubsoft_sets},
    toy::{self, Ledger, Written},
    tree,
};

const SOON: Duration = Duration::from_secs(60);

/// The names in a scrape; a histogram's three are one.
fn names(text: &str) -> BTreeSet<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| base(line.split(['{', ' ']).next().unwrap())).collect()
}

fn base(name: &str) -> &str {
    let listed = |name: &str| METRICS.iter().any(|metric| metric.name == name);
    let stem = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).filter(|stem| listed(stem));
    stem.unwrap_or(name)
}

/// A series' number; 0 where it is not there.
fn number(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.map_or(0.0, |number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_is_listed_with_its_question_and_every_listed_one_is_there() {
    let isp = Isp::new(30).await;
    let pool = isp.db.pool();
    let mut reader = isp.db.connection().await;
    sqlx::query("set application_name = 'a report'").execute(&mut reader).await.unwrap();
    sqlx::query("vacuum enlace.run").execute(&pool).await.unwrap();
    let collector = Collector::start().await;
    let endpoint = format!("otlp.endpoint={}", collector.url);
    let mut product = isp.serve(&["serve", "--roles", "worker", "--set", &endpoint]);
    let ops = product.says("ops").await;
    isp.sync().await;
    // A report that is read for a long time: it holds a snapshot.
    sqlx::query("begin").execute(&mut reader).await.unwrap();
    let free = isp.ports(200).await.into_iter().find(|(_, who)| who.is_none()).unwrap().0;
    let services = isp.idle_services(2).await;
    isp.ozmap.add_fault(Fault::always(Effect::ResetAfter).method("POST").path_prefix("/api/v2/properties").times(1));
    let lost = hubsoft_sets(&pool, free, Some(services[0])).await.unwrap();
    ends(&pool, lost, "succeeded", SOON).await;
    let pay = json!({ "id_porta_atendimento": free, "id_cliente_servico": services[1] });
    let refused = enqueue(&pool, "bind", pay).await;
    ends(&pool, refused, "parked", SOON).await;
    sqlx::query(
        "insert into enlace.schedule (kind, payload, pattern, zone, last_at, next_at)
         values ('sync', '{\"id_integracao\": 0}', '0 4 * * *', 'UTC', enlace.now(), enlace.now() + interval '1 day')",
    )
    .execute(&pool)
    .await
    .unwrap();

    let limits = engine::upstream::Limits { rate: Some(500.0), concurrency: Some(40) };
    engine::upstream::limit(&mut pool.acquire().await.unwrap(), "integration:1", limits).await.unwrap();
    let text = scraped(&ops, "enlace_database_snapshot_held_seconds{application=\"a report\"}").await;
    let listed: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(names(&text), listed);
    for metric in METRICS {
        assert!(text.contains(&format!("# HELP {} {}", metric.name, metric.question)), "{}", metric.name);
    }
    for (series, least) in [
        ("enlace_unknown_outcomes_total{kind=\"bind\"}", 1.0),
        ("enlace_unknown_outcomes_settled_total{kind=\"bind\"}", 1.0),
        ("enlace_attempts_total{kind=\"bind\",outcome=\"unknown\"}", 1.0),
        ("enlace_retries_total{kind=\"bind\",class=\"unknown\"}", 1.0),
        ("enlace_parked_total{kind=\"bind\",reason=\"rejected\"}", 1.0),
        ("enlace_workflows_parked{reason=\"rejected\"}", 1.0),
        ("enlace_workflows_ended_total{kind=\"bind\",status=\"succeeded\"}", 1.0),
        ("enlace_workflows_started_total{kind=\"bind\"}", 2.0),
        ("enlace_workflow_seconds_count{kind=\"bind\"}", 1.0),
        ("enlace_first_step_seconds_count{kind=\"sync\"}", 1.0),
        ("enlace_outbox_taken_in_total", 3.0),
        ("enlace_calls_total{upstream=\"integration:1\",outcome=\"no_answer\"}", 1.0),
        ("enlace_upstream_rate_limit{upstream=\"integration:1\"}", 500.0),
        ("enlace_upstream_concurrency_limit{upstream=\"integration:1\"}", 40.0),
    ] {
        assert!(number(&text, series) == least, "{series} is not {least} in\n{text}");
    }
    assert!(number(&text, "enlace_calls_total{upstream=\"integration:1\",outcome=\"answered\"}") > 5.0);
    assert!(number(&text, "enlace_oldest_unfinished_seconds{kind=\"bind\"}") > 0.0);
}

/// A scrape that has this series, which takes its time to be true.
async fn scraped(ops: &str, series: &str) -> String {
    let mut text = String::new();
    for _ in 0..300 {
        text = client().get(format!("{ops}/metrics")).send().await.unwrap().text().await.unwrap();
        if text.contains(series) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{series} is not in\n{text}")
}

/// A kind of this test's own, so that no other test in this process counts with it.
struct Counted;

#[derive(Serialize, Deserialize)]
struct Input {
    keys: Vec<String>,
}

#[derive(Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "state", rename_all = "snake_case")]
#[strum_discriminants(name(At), derive(EnumIter, IntoStaticStr), strum(serialize_all = "snake_case"))]
enum State {
    Working,
    Done,
}

impl Workflow for Counted {
    const NAME: &'static str = "counted";
    const LANE: Lane = Lane::Change;
    const ABOUT: Text = says("contado", "counted");
    type Input = Input;
    type State = State;
    type At = At;
    type Ports = ();
    type Change = Written;
    type Error = Failure;

    fn keys(input: &Input) -> Vec<String> {
        input.keys.clone()
    }
    fn begin(_input: &Input) -> State {
        State::Working
    }
    fn step(at: At) -> Step<At> {
        const ONCE: Retry = Retry { first: Duration::ZERO, cap: Duration::ZERO, attempts: 1 };
        match at {
            At::Working => Step::look(says("contar", "count"), ONCE, &[At::Done]),
            At::Done => Step::end(End::Succeeded, says("feito", "done")),
        }
    }
    async fn advance(_state: State, _cx: &Cx<'_, Self>) -> Result<Next<State, Written>, Failure> {
        Ok(to(State::Done))
    }
}

/// What a scrape would show of this kind and of the database, without the numbers.
async fn series(pool: &PgPool, render: impl Fn() -> String) -> BTreeSet<String> {
    let of_process = render();
    let of_process = of_process.lines().filter(|line| line.contains("kind=\"counted\"")).map(str::to_owned);
    let database = of_database(pool).await.unwrap();
    // These come and go with vacuum and with whoever else uses this server; their labels are tables and programs.
    let comes_and_goes =
        |line: &&str| line.starts_with("enlace_table_vacuumed") || line.starts_with("enlace_database_snapshot_held");
    let lines = database.lines().filter(|line| !line.starts_with('#') && !line.is_empty() && !comes_and_goes(line));
    let lines = lines.map(str::to_owned);
    of_process.chain(lines).map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_series_is_added_by_more_workflows_ports_or_customers() {
    let render = counted().unwrap();
    let db = toy::db().await;
    let pool = db.pool();
    let registry = Registry::default().with::<Counted>(Arc::new(()));
    let settings = Settings { idle_poll: Duration::from_millis(100), connections: 4, ..Settings::default() };
    let worker = toy::start_registry(&db, &Arc::new(Ledger::default()), registry, settings);
    let mut seen = Vec::new();
    for (from, upto) in [(1, 200), (201, 2200)] {
        sqlx::query(
            "select enlace.enqueue('counted', jsonb_build_object('keys', jsonb_build_array('port:' || g, 'service:' || g)),
                                   dedup_id => 'd' || g, requested_by => 'customer ' || g)
             from generate_series($1::int, $2) g",
        )
        .bind(from)
        .bind(upto)
        .execute(&pool)
        .await
        .unwrap();
        all_ended(&pool, upto.into()).await;
        seen.push(series(&pool, || render.render()).await);
    }
    let ended = "enlace_workflows_ended_total{kind=\"counted\",status=\"succeeded\"}";
    assert_eq!(number(&render.render(), ended), 2200.0, "the scrape counts these workflows");
    assert!(seen[0].len() > 30, "{:?}", seen[0]);
    let changed: Vec<_> = seen[0].symmetric_difference(&seen[1]).collect();
    assert!(changed.is_empty(), "{changed:#?}");
    worker.stop().await;
}

async fn all_ended(pool: &PgPool, count: i64) {
    for _ in 0..1200 {
        let ended: i64 = sqlx::query_scalar("select count(*) from enlace.finished").fetch_one(pool).await.unwrap();
        if ended == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("not all of {count} ended");
}

/// Every name of ours in a text.
fn mentioned(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_lowercase() || c == '_');
    text.split(word).filter(|word| word.starts_with("enlace_")).map(|name| base(name).to_owned()).collect()
}

#[test]
fn the_list_of_metrics_the_dashboard_and_the_alerts_name_what_there_is() {
    assert!(tree::read("ops/metrics.md") == document(), "ops/metrics.md should be\n{}", document());
    let dashboard: Value = serde_json::from_str(&tree::read("ops/dashboards/enlace.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 8);
    for file in ["ops/dashboards/enlace.json", "ops/alerts.yml"] {
        let named = mentioned(&tree::read(file));
        let unknown: Vec<_> = named.iter().filter(|name| !METRICS.iter().any(|m| m.name == **name)).collect();
        assert!(unknown.is_empty() && named.len() > 8, "{file} names {unknown:?}");
    }
}
