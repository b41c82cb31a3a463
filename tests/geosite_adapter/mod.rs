//! The Geosite adapter over real sockets: against the simulator in both of its installations, and against a server by hand
//! that answers in forms which the simulator does not know.

mod city;
mod columns;
mod faults;
mod others;
mod paging;
mod tokens;
mod viability;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use platforms::geosite::{Geosite, Parameters, Validity, connect};
use platforms::http::Timeouts;
use platforms::{Failure, Options as Allowed, PortAddress, SplitterElement};
use serde_json::{Value, json};
use simulators::geosite::{BASE, Installation, Options, Simulator};

pub use crate::ozmap_adapter::{History, all, canned, customer, port, told};
use canned::{Reply, Seen};

const PASSWORD: &str = "s3nha-muito-secreta";

pub fn parameters(api_url: &str) -> Parameters {
    Parameters {
        api_url: api_url.to_owned(),
        usuario: "enlace".to_owned(),
        senha: PASSWORD.into(),
        colunas: None,
        validity: Validity::default(),
    }
}

pub fn account_with(parameters: Parameters) -> Result<(Geosite, Arc<History>), Failure> {
    let history = Arc::new(History::default());
    let quick = Duration::from_millis(400);
    let timeouts = Timeouts { quick, body: quick, viability: quick, ..Timeouts::default() };
    let options = Allowed { allow_private: true, timeouts, ..Allowed::default() };
    Ok((connect(parameters, options, history.clone())?, history))
}

pub fn account(api_url: &str) -> (Geosite, Arc<History>) {
    account_with(parameters(api_url)).unwrap()
}

/// How many calls changed something.
pub fn writes(history: &History) -> usize {
    history.lines().iter().filter(|line| !line.starts_with("GET ") && !line.contains("/auth/")).count()
}

/// How many calls were made to this path.
pub fn calls(history: &History, path: &str) -> usize {
    history.lines().iter().filter(|line| line.contains(path)).count()
}

/// A simulated city, and an account on it.
pub struct City {
    pub simulator: Simulator,
    pub url: String,
    pub geosite: Geosite,
    pub history: Arc<History>,
}

impl City {
    pub async fn usual() -> Self {
        Self::built(Installation::Usual).await
    }

    pub async fn built(installation: Installation) -> Self {
        Self::of(Options { boxes: 60, installation, ..Options::default() }).await
    }

    pub async fn of(options: Options) -> Self {
        let simulator = Simulator::new(options).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{BASE}", listener.local_addr().unwrap());
        let serving = simulator.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let (geosite, history) = account_with(Self::entry(&url)).unwrap();
        Self { simulator, url, geosite, history }
    }

    /// What lets people in.
    pub fn entry(url: &str) -> Parameters {
        let Options { username, password, .. } = Options::default();
        Parameters { usuario: username, senha: password.into(), ..parameters(url) }
    }

    pub async fn splitters(&self) -> Vec<SplitterElement> {
        all(async |c| platforms::Platform::splitters(&self.geosite, c.as_deref()).await).await
    }

    /// Ports that nobody is on, in the simulator's own opinion.
    pub async fn free_ports(&self) -> Vec<PortAddress> {
        let splitters = self.splitters().await;
        let ports = splitters.iter().flat_map(|s| s.ports.iter().map(move |p| (s, p)));
        let free = ports.filter(|(s, p)| self.simulator.holder(&s.external_id, p.sequencia as u32 + 1).is_none());
        free.map(|(s, p)| port(&s.box_external_id, &s.external_id, p.sequencia)).collect()
    }

    /// The port that the customer with this code is on.
    pub fn port_of(&self, code: &str) -> PortAddress {
        let (splitter, number) = self.simulator.seat_of(code).remove(0).unwrap();
        port("", &splitter, number as i32 - 1)
    }

    pub fn code_at(&self, port: &PortAddress) -> Option<String> {
        self.simulator.holder(&port.splitter_external_id, port.sequencia as u32 + 1)?.code
    }

    /// What a person does on the platform, with a token of his own.
    pub async fn by_hand(&self, path: &str, body: Value) {
        let client = reqwest::Client::new();
        let Options { username, password, .. } = Options::default();
        let login = json!({ "username": username, "password": password });
        let post = |path: &str| client.post(format!("{}/{path}", self.url));
        let told: Value = post("auth/generatetoken").json(&login).send().await.unwrap().json().await.unwrap();
        let token = format!("Digicade-Rest-API:{}", told["token"].as_str().unwrap());
        let done = post(path).header("authorization", token).json(&body).send().await.unwrap();
        done.error_for_status().unwrap();
    }
}

/// A server by hand: gives tokens, describes the usual columns, and answers the rest as told.
pub async fn by_hand(rest: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> canned::Canned {
    canned::Canned::serving(move |seen| match seen.path.split('?').next().unwrap_or_default() {
        "/auth/generatetoken" => Reply::json(200, json!({"token": "tok-1f2e", "refreshToken": "ref-3d4c"})),
        "/splitter/desc" => described(&["fid", "nome", "fid_caixa", "funcao", "razao"]),
        "/cliente/desc" => described(&["fid", "codigo", "nome", "documento", "fid_splitter", "porta"]),
        "/cto/desc" | "/caixaEmenda/desc" => described(&["fid", "nome", "status", "geometria"]),
        _ => rest(seen),
    })
    .await
}

pub fn described(columns: &[&str]) -> Reply {
    let columns: Vec<Value> = columns.iter().map(|column| json!({ "alias": column })).collect();
    Reply::json(200, columns.into())
}

pub fn records(rows: Value) -> Reply {
    Reply::json(200, json!({ "total": rows.as_array().map(Vec::len), "records": rows }))
}

/// Splitter 3 with eight ports, nobody on them; writes get this.
pub async fn writes_get(reply: impl Fn() -> Reply + Send + Sync + 'static) -> canned::Canned {
    by_hand(move |seen| match seen.path.split('?').next().unwrap_or_default() {
        "/splitter/list" => records(json!([{"fid": 3, "fid_caixa": 2, "razao": "1:8", "funcao": "Atendimento"}])),
        "/cliente/list" => records(json!([])),
        _ => reply(),
    })
    .await
}

/// A port that nobody is on, by an account of its own.
pub async fn free_port(city: &City, geosite: &Geosite) -> PortAddress {
    let splitters = platforms::Platform::splitters(geosite, None).await.unwrap().items;
    let mut ports = splitters.iter().flat_map(|s| s.ports.iter().map(move |p| port("", &s.external_id, p.sequencia)));
    ports.find(|port| city.code_at(port).is_none()).unwrap()
}
