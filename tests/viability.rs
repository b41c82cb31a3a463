//! Viability as a person meets it: the product as a process, the simulators of OZMap and Geosite behind it (rules V1–V5).

mod payload;

use std::time::{Duration, Instant};

use enlace::tokens::Role;
use mapping::integrations::{self, Keeper, New, ProjectChoice};
use secrecy::SecretBox;
use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use simulators::{geosite, people};
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::api::token;
use crate::support::isp::{Isp, ends, enqueue};
use crate::support::{Folder, Process};

const PATIENT: Duration = Duration::from_secs(60);
/// What a platform may take in these tests; an answer that comes in half of that did not wait for it.
const DEADLINE: Duration = Duration::from_millis(3000);
/// The simulated OZMap's first boxes are here.
const CORNER: (f64, f64) = (-27.40, -49.80);

/// The product, its address and a token that may ask.
struct Asking {
    isp: Isp,
    server: Process,
    base: String,
    token: String,
    client: reqwest::Client,
}

impl Asking {
    async fn with(roles: &str, boxes: u32) -> Self {
        let isp = Isp::new(boxes).await;
        let deadline = DEADLINE.as_millis().to_string();
        let variables = [("ENLACE_VIABILITY_DEADLINE_MILLISECONDS", deadline.as_str())];
        let mut server = isp.serve_with(&["serve", "--roles", roles], &isp.db.url(), &variables);
        let base = server.says("api ").await;
        let token = token(&isp.db.pool(), Role::Enqueue, "hubsoft").await;
        Self { isp, server, base, token, client: crate::api::client() }
    }

    async fn post(&self, question: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}/api/v1/viability", self.base)).bearer_auth(&self.token);
        let answer = request.json(question).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The answer, and how long it took.
    async fn ask(&self, question: Value) -> (Answer, Duration) {
        let began = Instant::now();
        let (status, body) = self.post(&question).await;
        assert_eq!(status, 200, "{body}");
        (Answer(body["resultado"].clone()), began.elapsed())
    }

    fn viability_calls(&self) -> usize {
        let calls = self.isp.ozmap.calls(0);
        calls.iter().filter(|call| call.path.contains("ftth-viability")).count()
    }

    async fn boxes(&self) -> i64 {
        sqlx::query_scalar("select count(*) from mapping.box").fetch_one(&self.isp.db.pool()).await.unwrap()
    }

    async fn registrations(&self) -> Vec<uuid::Uuid> {
        sqlx::query_scalar("select id from enlace.workflow where kind = 'registration' order by seq")
            .fetch_all(&self.isp.db.pool())
            .await
            .unwrap()
    }
}

/// What is asked at the corner of the city.
fn corner(radius: u32) -> Value {
    json!({ "latitude": CORNER.0, "longitude": CORNER.1, "raio": radius, "detalhar_portas": true })
}

#[derive(Debug)]
struct Answer(Value);

impl Answer {
    fn conclusion(&self) -> &str {
        self.0["conclusao"].as_str().unwrap()
    }
    fn origin(&self) -> &str {
        self.0["origem"].as_str().unwrap()
    }
    fn alerts(&self) -> Vec<&str> {
        self.0["alertas"].as_array().unwrap().iter().map(|alert| alert.as_str().unwrap()).collect()
    }
    fn boxes(&self) -> Vec<&Value> {
        let projects = self.0["projetos"].as_array().unwrap().iter();
        projects.flat_map(|p| p["busca"]["elementos"]["data"].as_array().unwrap()).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v2_v3_boxes_that_hubsoft_lacks_come_in_with_who_sits_there_and_the_answer_is_hubsofts() {
    let asking = Asking::with("worker,api", 60).await;
    assert_eq!(asking.boxes().await, 0, "nothing is synced yet");
    // Two at once find the same boxes.
    let question = corner(450);
    let ((answer, _), (again, _)) = tokio::join!(asking.ask(question.clone()), asking.ask(question.clone()));
    assert_eq!(
        (answer.conclusion(), answer.origin(), answer.alerts()),
        ("disponivel", "plataforma", vec![]),
        "{answer:?}"
    );
    assert_eq!(again.conclusion(), "disponivel");
    let created = asking.boxes().await;
    assert!(created > 5 && created < 60, "{created}: those in the radius, each once");
    let boxes = answer.boxes();
    assert!(boxes.is_sorted_by(|a, b| a["distancia_metros"].as_f64() <= b["distancia_metros"].as_f64()), "{answer:?}");
    for b in &boxes {
        let (metres, text) = (b["distancia_metros"].as_f64().unwrap(), b["distancia"].as_str().unwrap());
        assert!(metres <= 450.0 && text == format!("{metres:.2}m"), "{b}");
        assert_eq!(b["disponiveis"].as_u64().unwrap() as usize, b["portas_disponiveis"].as_array().unwrap().len());
    }
    // What is said to be free is free on the platform, too: those who sit there came in with the box.
    let mut free = 0;
    for port in boxes.iter().flat_map(|b| b["portas_disponiveis"].as_array().unwrap()) {
        assert_eq!(port["numero_porta"], port["sequencia"].as_i64().unwrap() + 1);
        let (ours, theirs) = asking.isp.both_sides(&[port["id_porta_atendimento"].as_i64().unwrap()]).await;
        assert_eq!(ours, theirs);
        free += 1;
    }
    assert!(free > 10);
    assert!(boxes.iter().any(|b| b["utilizadas"].as_i64() > Some(0)), "{answer:?}");
    // A sync finds nothing to change in what a question brought; no question was left to the background.
    assert!(asking.registrations().await.is_empty());
    let result = asking.isp.sync().await;
    let counts = &result["elements"]["box"];
    assert_eq!((&counts["updated"], &counts["missing"]), (&json!(0), &json!(0)), "{result}");
    assert_eq!(counts["created"].as_i64().unwrap() + created, 60);
    let splitters = &result["elements"]["splitter"];
    assert_eq!((&splitters["updated"], &splitters["missing"]), (&json!(0), &json!(0)), "{result}");
    // Everything is known now: one call to the platform, and no more.
    let before = asking.isp.ozmap.calls(0).len();
    let (known, _) = asking.ask(question).await;
    assert_eq!((known.conclusion(), asking.isp.ozmap.calls(0).len() - before), ("disponivel", 1));
    // None, and not unknown: the platform was asked and has nothing there.
    let (none, _) = asking.ask(json!({ "latitude": 10.0, "longitude": 10.0, "raio": 50_000 })).await;
    assert_eq!((none.conclusion(), none.boxes().len(), none.alerts()), ("indisponivel", 0, vec![]), "{none:?}");
    let id = enqueue(&asking.isp.db.pool(), "viability", corner(450)).await;
    let result = ends(&asking.isp.db.pool(), id, "succeeded", PATIENT).await;
    assert_eq!(result["resultado"]["conclusao"], "disponivel", "over SQL: {result}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v4_v5_a_platform_that_hangs_refuses_or_is_closed_is_no_lack_of_coverage_and_registering_goes_on() {
    let asking = Asking::with("worker,api", 60).await;
    let (ozmap, pool) = (asking.isp.ozmap.clone(), asking.isp.db.pool());
    // The question alone: what goes on in the background finds the platform back.
    let strikes = |effect| ozmap.set_faults(vec![Fault::always(effect).contains("ftth-viability").times(1)]);
    strikes(Effect::Hang);
    let (answer, took) = asking.ask(corner(300)).await;
    assert_eq!((answer.conclusion(), answer.origin()), ("desconhecida", "mapeamento_local"), "{answer:?}");
    assert!(answer.alerts()[0].contains("OZMap («OZMap») não respondeu a tempo"), "{answer:?}");
    assert!(took >= DEADLINE && took < DEADLINE + Duration::from_secs(10), "{took:?}");
    // What nobody waits for any more comes in.
    let background = asking.registrations().await;
    assert_eq!(background.len(), 1);
    let came = ends(&pool, background[0], "succeeded", PATIENT).await;
    assert_eq!(came["boxes"], asking.boxes().await, "{came}");
    assert!(asking.boxes().await > 2);
    // Down: the local answer at once. It has a free port, so the platform's absence changes nothing but the alert.
    strikes(Effect::Status { status: 500, body: None, retry_after_seconds: None });
    let (answer, took) = asking.ask(corner(300)).await;
    assert_eq!((answer.conclusion(), answer.origin()), ("disponivel", "mapeamento_local"), "{answer:?}");
    assert!(answer.alerts()[0].contains("não pôde ser consultado") && took < DEADLINE / 2, "{took:?} {answer:?}");
    // 429 closes the platform for everybody: the next question does not even ask. What went to the background is not struck instead.
    for id in asking.registrations().await {
        ends(&pool, id, "succeeded", PATIENT).await;
    }
    sqlx::query("update mapping.port set reservado = true, reserved_by = 'person'").execute(&pool).await.unwrap();
    strikes(Effect::Throttled(600));
    let (answer, _) = asking.ask(corner(300)).await;
    assert_eq!(answer.conclusion(), "desconhecida");
    assert!(answer.alerts()[0].contains("pediu uma pausa"), "{answer:?}");
    let (calls, waiting) = (asking.viability_calls(), asking.registrations().await.len());
    let (answer, took) = asking.ask(corner(300)).await;
    assert_eq!((answer.conclusion(), asking.viability_calls()), ("desconhecida", calls), "closed: not called");
    assert!(answer.alerts()[0].contains("está fechado para consultas") && took < DEADLINE / 2, "{took:?} {answer:?}");
    assert_eq!(asking.registrations().await.len(), waiting, "nothing piles up behind a closed platform");
    assert!(!answer.boxes().is_empty(), "with the local result");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v5_without_a_worker_hubsofts_own_search_answers_with_an_alert() {
    let asking = Asking::with("api", 20).await;
    let began = Instant::now();
    let request = asking.client.post(format!("{}/api/v1/viability?wait=200ms", asking.base)).bearer_auth(&asking.token);
    let answer: Value = request.json(&corner(300)).send().await.unwrap().json().await.unwrap();
    let answer = Answer(answer["resultado"].clone());
    assert!(began.elapsed() < DEADLINE, "no longer than the caller wants");
    assert_eq!((answer.conclusion(), answer.origin()), ("desconhecida", "mapeamento_local"), "{answer:?}");
    assert!(answer.alerts()[0].contains("nenhum worker do enlace respondeu"), "{answer:?}");
    // A project that no platform is asked for needs no worker.
    let project: i64 = sqlx::query_scalar("insert into mapping.project (nome) values ('À mão') returning id_projeto")
        .fetch_one(&asking.isp.db.pool())
        .await
        .unwrap();
    let mut question = corner(300);
    question["id_projeto"] = json!(project);
    let (answer, _) = asking.ask(question).await;
    assert_eq!((answer.conclusion(), answer.alerts()), ("indisponivel", vec![]), "{answer:?}");
    drop(asking.server);
}

/// A Geosite city beside the OZMap one, in a project of its own.
async fn beside(pool: &PgPool) -> (geosite::Simulator, i64) {
    let options = geosite::Options { boxes: 60, ..geosite::Options::default() };
    let simulator = geosite::Simulator::new(options.clone()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{}", listener.local_addr().unwrap(), geosite::BASE);
    let serving = simulator.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    let given = json!({ "api_url": url, "usuario": options.username, "senha": options.password });
    let new = New {
        platform: "geosite".to_owned(),
        name: "Geosite Norte".to_owned(),
        parameters: given.as_object().unwrap().clone(),
        settings: Default::default(),
        elements: ["box", "splitter"].map(str::to_owned).to_vec(),
    };
    let bytes: Vec<u8> = (0..32).collect();
    let key = SecretBox::new(Box::new(<[u8; 32]>::try_from(bytes).unwrap()));
    let mut tx = pool.begin().await.unwrap();
    let id = integrations::create(&mut tx, Keeper { key: &key, plain_http: true }, &new).await.unwrap();
    integrations::set_project(&mut tx, id, &ProjectChoice::New("Norte".to_owned())).await.unwrap();
    tx.commit().await.unwrap();
    let project = sqlx::query_scalar("select id_projeto from mapping.integration where id_integracao = $1");
    (simulator, project.bind(id).fetch_one(pool).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v1_v2_geosite_is_asked_too_and_geocodes_an_address() {
    let asking = Asking::with("worker,api", 20).await;
    let pool = asking.isp.db.pool();
    let by_address = |project: Option<i64>| {
        let mut question = json!({ "endereco": people::street(0), "raio": 250, "detalhar_portas": true });
        project.iter().for_each(|id| question["id_projeto"] = json!(id));
        question
    };
    let (status, refused) = asking.post(&by_address(None)).await;
    assert_eq!((status, &refused["field"]), (422, &json!("endereco")), "nobody geocodes: {refused}");
    let (geosite, norte) = beside(&pool).await;
    let (answer, _) = asking.ask(by_address(Some(norte))).await;
    assert_eq!(
        (answer.conclusion(), answer.origin(), answer.alerts()),
        ("disponivel", "plataforma", vec![]),
        "{answer:?}"
    );
    assert_eq!(answer.boxes()[0]["distancia"], "0.00m", "{answer:?}");
    let boxes = answer.boxes();
    assert!(boxes.len() > 2 && boxes.iter().any(|b| b["reservadas"].as_i64() > Some(0)), "{answer:?}");
    // The free ports are free on the platform.
    for port in boxes.iter().flat_map(|b| b["portas_disponiveis"].as_array().unwrap()) {
        let (splitter, sequencia): (String, i32) = sqlx::query_as(
            "select s.external_id, p.sequencia from mapping.port p join mapping.splitter s using (id_splitter) where p.id_porta_atendimento = $1",
        )
        .bind(port["id_porta_atendimento"].as_i64())
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(geosite.holder(&splitter, sequencia as u32 + 1), None);
    }
    // In all projects: OZMap's cannot be searched by address, which is said.
    let (answer, _) = asking.ask(by_address(None)).await;
    assert_eq!(answer.conclusion(), "disponivel");
    assert!(answer.alerts()[0].contains("sem busca: «Centro»"), "{answer:?}");
    let unknown = json!({ "endereco": "Rua Nenhuma, 1", "raio": 100, "id_projeto": norte });
    let (answer, _) = asking.ask(unknown).await;
    assert_eq!((answer.conclusion(), answer.boxes().len()), ("desconhecida", 0));
    assert!(answer.alerts()[0].contains("Endereço não encontrado"), "{answer:?}");
    // By place, with the platform away: three values here as well.
    geosite.set_faults(vec![Fault::always(Effect::ResetBefore)]);
    let (answer, _) = asking.ask(json!({ "latitude": 10, "longitude": 10, "raio": 1, "id_projeto": norte })).await;
    assert_eq!(answer.conclusion(), "desconhecida", "{answer:?}");
    assert!(answer.alerts()[0].contains("Geosite («Geosite Norte»)"), "{answer:?}");
    let (answer, _) = asking.ask(json!({ "latitude": 10, "longitude": 10, "raio": 1 })).await;
    assert_eq!((answer.conclusion(), answer.origin()), ("desconhecida", "plataforma"), "OZMap answered: {answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn v2_the_terminal_asks_and_shows_a_table() {
    let isp = Isp::new(20).await;
    let _worker = isp.worker();
    let (folder, url) = (Folder::new(), isp.db.url());
    let corner = ["viability", "--lat", "-27.40", "--lon", "-49.80", "--radius", "300"];
    let run = async |more: &[&str]| {
        let output = Process::output(folder.path(), &[&corner[..], more].concat(), &[("DATABASE_URL", &url)]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = run(&["--ports"]).await;
    assert!(shown.contains("há porta disponível / there is a free port") && shown.contains("CTO"), "{shown}");
    let answer: Value = serde_json::from_str(&run(&["--json"]).await).unwrap();
    assert_eq!(answer["resultado"]["conclusao"], "disponivel", "{answer}");
}
