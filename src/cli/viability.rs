//! `enlace viability`: is there a free port near a place?

use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};

use super::desk::at_desk;
use super::show::{done, plain, table};
use crate::desk::start::Along;
use crate::desk::viability;
use crate::settings::Settings;

/// A question about a place.
#[derive(Debug, Args)]
pub struct Viability {
    /// Degrees north: -27.5954
    #[arg(long, allow_hyphen_values = true, requires = "lon", required_unless_present = "address")]
    lat: Option<f64>,
    /// Degrees east: -48.548
    #[arg(long, allow_hyphen_values = true, requires = "lat")]
    lon: Option<f64>,
    /// In place of both, where a platform geocodes (Geosite)
    #[arg(long, conflicts_with_all = ["lat", "lon"])]
    address: Option<String>,
    /// Metres, 1 to 50000
    #[arg(long)]
    radius: f64,
    /// One project alone, by its number; left out: all active ones
    #[arg(long)]
    project: Option<i64>,
    /// Name each free port
    #[arg(long)]
    ports: bool,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

impl Viability {
    /// Asks, waits and shows the answer.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        let patience = settings.viability_deadline;
        at_desk(settings, async |desk| {
            let question = self.question();
            let along = (Along::default(), None);
            let answer = viability::ask(&desk.pool, &desk.caller, patience, question, along).await?;
            done(self.json, &answer, &shown(&answer["resultado"]))
        })
        .await
    }

    fn question(&self) -> Value {
        let given = [
            ("latitude", self.lat.map(Value::from)),
            ("longitude", self.lon.map(Value::from)),
            ("endereco", self.address.clone().map(Value::from)),
            ("raio", Some(json!(self.radius))),
            ("id_projeto", self.project.map(Value::from)),
            ("detalhar_portas", self.ports.then_some(Value::Bool(true))),
        ];
        Value::Object(Map::from_iter(given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)))))
    }
}

fn shown(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), plain);
    let conclusion = match answer["conclusao"].as_str() {
        Some("disponivel") => "há porta disponível / there is a free port",
        Some("indisponivel") => "não há porta disponível / there is no free port",
        _ => "não se sabe: veja os alertas / not known: see the alerts",
    };
    let mut lines = vec![conclusion.to_owned()];
    lines.extend(answer["alertas"].as_array().into_iter().flatten().map(|alert| format!("! {}", text(alert))));
    let mut rows = table(["DISTANCE", "FREE", "OF", "RESERVED", "USED", "BOX", "PROJECT"], 5);
    let mut any = false;
    for project in answer["projetos"].as_array().into_iter().flatten() {
        for b in project.pointer("/busca/elementos/data").and_then(Value::as_array).into_iter().flatten() {
            let ports = b["portas_disponiveis"].as_array().into_iter().flatten();
            let ports: Vec<String> =
                ports.map(|p| format!("{} (id {})", p["numero_porta"], p["id_porta_atendimento"])).collect();
            let name = [text(&b["caixa"])].into_iter().chain(ports).collect::<Vec<_>>().join("\n");
            let counts = ["distancia", "disponiveis", "total", "reservadas", "utilizadas"].map(|key| text(&b[key]));
            rows.add_row(counts.into_iter().chain([name, text(&project["projeto"]["nome"])]));
            any = true;
        }
    }
    if any {
        lines.push(format!("\n{rows}"));
    }
    lines.join("\n")
}
