//! The whole product, at its most talkative, with people planted in HubSoft, on the platform and in what the platform says; then
//! all that came out of it is searched for them.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use enlace::tokens::{self, Role};
use rustix::process::Signal;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use simulators::faults::{Effect, Fault};
use simulators::people;
use sqlx::PgPool;
use tokio::process::Child;
use uuid::Uuid;

use super::{NAME, STRANGER, found};
use crate::api::client;
use crate::support::isp::{Isp, ends, enqueue, hubsoft_sets};
use crate::support::{Folder, Process, folder::signal};
use crate::telemetry::collector::Collector;

const SOON: Duration = Duration::from_secs(90);

/// A refusal that repeats all that it knows.
fn refusal() -> String {
    format!(
        "Cliente {NAME}, CPF 529.982.247-25, telefone (48) 99912-3456, plantina@exemplo.com.br já existe; a porta é de {} (11144477735)",
        STRANGER.to_uppercase()
    )
}

/// The product, everything in one process, its log kept in full.
struct Product {
    child: Child,
    folder: Folder,
}

impl Product {
    async fn start(isp: &Isp, collector: &Collector) -> Self {
        let folder = Folder::new();
        let (url, endpoint) = (isp.db.url(), format!("otlp.endpoint={}", collector.url));
        let arguments =
            ["serve", "--set", &endpoint, "--set", "log.filter=debug", "--set", "otlp.headers=x-key=palavra-secreta"];
        let variables = [
            ("DATABASE_URL", url.as_str()),
            ("ENLACE_SECRET_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
            ("ENLACE_ALLOW_PRIVATE_UPSTREAMS", "true"),
            ("ENLACE_DATABASE_CONNECTIONS", "10"),
        ];
        let file = |name: &str| Stdio::from(std::fs::File::create(folder.path().join(name)).unwrap());
        let mut command = Process::command(folder.path(), &arguments, &variables);
        let child = command.stdout(file("out")).stderr(file("log")).spawn().unwrap();
        Self { child, folder }
    }

    fn wrote(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Where it listens.
    async fn says(&self, words: &str) -> String {
        for _ in 0..1200 {
            let out = self.wrote("out");
            if let Some(rest) = out.lines().find_map(|line| line.strip_prefix(words)) {
                return rest.trim().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it did not say {words}: {}", self.wrote("log"))
    }

    async fn stop(&mut self) {
        signal(self.child.id().unwrap(), Signal::TERM);
        assert!(self.child.wait().await.unwrap().success());
    }
}

/// Names everybody in HubSoft alike.
async fn plant(pool: &PgPool) {
    sqlx::query(
        "update hubsoft.customer set nome_razaosocial = $1, telefone_primario = '(48) 99912-3456',
         email_principal = 'plantina@exemplo.com.br', cpf_cnpj = case when id_cliente % 2 = 0 then '529.982.247-25' else '12.ABC.345/01DE-35' end",
    )
    .bind(NAME)
    .execute(pool)
    .await
    .unwrap();
}

/// Work that goes well, work that is refused, work that fails on its way, and differences.
async fn work(isp: &Isp) -> Vec<Uuid> {
    let pool = isp.db.pool();
    isp.sync().await;
    let ports = isp.ports(400).await;
    let mut free = ports.iter().filter(|(_, who)| who.is_none()).map(|(port, _)| *port);
    let services = isp.idle_services(4).await;
    let well = hubsoft_sets(&pool, free.next().unwrap(), Some(services[0])).await.unwrap();
    ends(&pool, well, "succeeded", SOON).await;
    let says =
        |status| Effect::Status { status, body: Some(json!({ "message": refusal() })), retry_after_seconds: None };
    isp.ozmap.add_fault(Fault::always(says(422)).method("POST").path_prefix("/api/v2/properties"));
    let refused = hubsoft_sets(&pool, free.next().unwrap(), Some(services[1])).await.unwrap();
    ends(&pool, refused, "parked", SOON).await;
    isp.ozmap.set_faults(vec![Fault::always(says(500)).method("GET").path_prefix("/api/v2/splitters")]);
    let failing = hubsoft_sets(&pool, free.next().unwrap(), Some(services[2])).await.unwrap();
    ends(&pool, failing, "waiting", SOON).await;
    isp.ozmap.set_faults(vec![Fault::always(says(403))]);
    let stopped = enqueue(&pool, "sync", json!({ "id_integracao": isp.integration })).await;
    ends(&pool, stopped, "waiting", SOON).await;
    isp.ozmap.set_faults(Vec::new());
    sqlx::query(
        "insert into mapping.discrepancy (id_porta_atendimento, kind, ours, theirs)
         values ($1, 'other_occupant', '{\"id_cliente_servico\": 7}', jsonb_build_object('external_id', 'p1', 'code', '11144477735', 'name', $2::text))",
    )
    .bind(free.next().unwrap())
    .bind(STRANGER)
    .execute(&pool)
    .await
    .unwrap();
    vec![well, refused, failing, stopped]
}

/// Every answer to every question that needs no more than a path, as these roles get them; and some refusals.
async fn answers(pool: &PgPool, api: &str, ids: &[Uuid]) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&enlace::api::document().to_json().unwrap()).unwrap();
    let gets = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, how)| how.get("get").is_some() && !path.contains("events"));
    let mut paths: BTreeSet<String> = gets.map(|(path, _)| path.replace("{id}", "1")).collect();
    paths.extend(ids.iter().map(|id| format!("/api/v1/workflows/{id}")));
    paths.insert("/api/v1/upstreams/integration:1".to_owned());
    paths.insert("/api/v1/workflows?q=Plantin%61&status=parked,waiting,succeeded".to_owned());
    let mut told = Vec::new();
    for role in [Role::Viewer, Role::Operator] {
        let (_, token) = tokens::create(pool, role, "r").await.unwrap();
        for path in &paths {
            let answer = client().get(format!("{api}{path}")).bearer_auth(token.expose_secret()).send().await.unwrap();
            told.push((format!("{role} {path}"), answer.text().await.unwrap()));
        }
    }
    let (_, admin) = tokens::create(pool, Role::Admin, "a").await.unwrap();
    let test = client().post(format!("{api}/api/v1/integrations/1/test")).bearer_auth(admin.expose_secret());
    told.push(("test".to_owned(), test.send().await.unwrap().text().await.unwrap()));
    for parameters in [
        json!({ "api_url": "https://plantina:palavra-secreta@mapa.example", "api_chave": "palavra-secreta", "usuario": "u", "senha": "palavra-secreta" }),
        json!({ "api_url": "https://mapa.example", "api_chave": 7, "usuario": "u", "senha": "palavra-secreta" }),
        json!({ "api_url": "https://mapa.example", "senha": "palavra-secreta" }),
        json!(["palavra-secreta"]),
    ] {
        let body = json!({ "platform": "ozmap", "name": "x", "parameters": parameters });
        let create = client().post(format!("{api}/api/v1/integrations")).bearer_auth(admin.expose_secret()).json(&body);
        let answer = create.send().await.unwrap();
        assert_eq!(answer.status(), 422);
        told.push((format!("a refusal of {parameters}"), answer.text().await.unwrap()));
    }
    told
}

/// What a terminal shows of all that.
async fn at_terminal(isp: &Isp, ids: &[Uuid]) -> Vec<(String, String)> {
    let mut commands: Vec<Vec<String>> = [
        "workflows list",
        "workflows list --json",
        "acts list",
        "acts list --json",
        "integrations list",
        "integrations show 1 --json",
        "upstreams list",
        "schedules list",
        "tokens list",
        "config",
        "integrations test 1",
    ]
    .map(|command| command.split(' ').map(str::to_owned).collect())
    .to_vec();
    for id in ids {
        commands.push(["workflows", "show", &id.to_string()].map(str::to_owned).to_vec());
        commands.push(["workflows", "show", &id.to_string(), "--json"].map(str::to_owned).to_vec());
    }
    let mut told = Vec::new();
    for command in commands {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        told.push((command.join(" "), isp.terminal(&arguments).await.1));
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_whoever_is_planted_anywhere_is_found_nowhere() {
    let isp = Isp::new(20).await;
    let pool = isp.db.pool();
    plant(&pool).await;
    let collector = Collector::start().await;
    let mut product = Product::start(&isp, &collector).await;
    let (api, ops) = (product.says("api").await, product.says("ops").await);
    let ids = work(&isp).await;
    let mut told = answers(&pool, &api, &ids).await;
    told.extend(at_terminal(&isp, &ids).await);
    told.push((
        "metrics".to_owned(),
        client().get(format!("{ops}/metrics")).send().await.unwrap().text().await.unwrap(),
    ));
    product.stop().await;
    told.push(("the log".to_owned(), product.wrote("log")));
    told.push(("the traces".to_owned(), String::from_utf8_lossy(&collector.bytes()).into_owned()));
    for table in ["enlace.step", "enlace.finished", "enlace.upstream", "enlace.run", "enlace.act"] {
        let rows = sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(format!(
            "select string_agg(t::text, ' ') from {table} t"
        )));
        told.push((table.to_owned(), rows.fetch_one(&pool).await.unwrap_or_default()));
    }
    let words = told.iter().find(|(what, _)| *what == format!("viewer /api/v1/workflows/{}", ids[1])).unwrap();
    assert!(words.1.contains("já existe"), "the platform's words are told: {}", words.1);
    assert!(told.iter().any(|(what, text)| what == "the log" && text.contains("DEBUG")), "it said all that it could");
    let platforms: Vec<String> = (0..400).map(people::name).collect();
    let secrets = isp.secrets();
    for (what, text) in &told {
        assert_eq!(found(text), [""; 0], "in {what}: {text}");
        let named = platforms.iter().chain(&secrets).find(|name| text.contains(*name));
        assert_eq!(named, None, "in {what}: {text}");
    }
}
