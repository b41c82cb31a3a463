//! Is there a free port near a place? For a person on the phone: asked, waited for, and answered whatever happens (rules V1–V5).

use std::time::Duration;

use mapping::viability as search;
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgPool;
use utoipa::ToSchema;
use workflows::viability::{self, Input};

use super::{
    Caller, Refusal, mask,
    start::{self, Along, Looks, Start},
};

/// What a worker needs beyond the platforms' deadline: to take the question in, to search, to record.
const BESIDES: Duration = Duration::from_secs(1);
/// A person waits. Before the first look no question was ever answered.
const LOOKS: Looks =
    Looks { first: Duration::from_millis(6), soon: Duration::from_millis(1), late: Duration::from_millis(100) };

/// A question, as it is documented; the database checks it.
#[derive(Clone, Debug, ToSchema)]
#[schema(example = json!({ "latitude": -27.5954, "longitude": -48.548, "raio": 300 }))]
pub struct Question {
    /// Degrees north, −90 to 90.
    pub latitude: Option<f64>,
    /// Degrees east, −180 to 180.
    pub longitude: Option<f64>,
    /// In place of both, where a platform geocodes (Geosite).
    pub endereco: Option<String>,
    /// In metres, 1 to 50,000.
    pub raio: f64,
    /// One project alone; left out: all active ones.
    pub id_projeto: Option<i64>,
    /// Name each free port.
    pub detalhar_portas: Option<bool>,
}

/// The answer in HubSoft's form: `{"resultado": {"conclusao": …, "origem": …, "alertas": […], "projetos": […]}}`. `patience` is how
/// long the platforms may take. Where no worker has answered by then, HubSoft's own search does, and an alert says so; `wait`
/// shortens that.
///
/// # Errors
/// [`Refusal::Invalid`] names what cannot be taken; nothing is stored then.
pub async fn ask(
    pool: &PgPool,
    caller: &Caller,
    patience: Duration,
    question: Value,
    (along, wait): (Along, Option<Duration>),
) -> Result<Value, Refusal> {
    let asked = Start {
        kind: "viability".to_owned(),
        payload: question.clone(),
        dedup_id: None,
        requested_by: None,
        not_before: None,
    };
    let id = start::begin(pool, caller, asked, along, None).await?;
    let patience = wait.unwrap_or(Duration::MAX).min(patience + BESIDES);
    let ended = start::wait_looking(pool, caller, id, patience, LOOKS).await?;
    match ended.filter(|(status, _)| status == "succeeded").and_then(|(_, result)| result) {
        Some(answer) => Ok(answer),
        None => alone(pool, caller, &question).await,
    }
}

/// What HubSoft's own search says, without a worker.
async fn alone(pool: &PgPool, caller: &Caller, question: &Value) -> Result<Value, Refusal> {
    let input = Input::deserialize(question).map_err(|error| Refusal::Failed(format!("viability: {error}")))?;
    let projects = search::projects(pool, input.id_projeto).await?;
    let found = search::search(pool, &viability::wanted(&input, &projects, &[])).await?;
    let mut answer = viability::alone(&input, &projects, &found);
    if !caller.sees_people() {
        mask::people(&mut answer);
    }
    Ok(answer)
}
