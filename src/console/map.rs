//! The map: the boxes of a project by place, and "is there a free port here?" asked by a click, a place or an address (rules V1–V5).
//! All that it shows stands below it as a list, too.

use askama::Template;
use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderValue, header},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    ConsoleState, POLICY,
    failed::Failed,
    page::Page,
    who::{Form, Seen, Sent},
};
use crate::desk::{
    Items, Refusal,
    boxes::{self, InView, Project, View},
    check,
    rights::{Acting, Reading},
    start::Along,
    viability,
};

/// Boxes of a page of the list.
const BOXES: &str = "25";
/// How far is looked, in metres, where nobody says.
const RADIUS: &str = "300";

/// Where pictures of the ground come from, if the configuration names a server.
#[derive(Clone, Debug)]
pub struct Tiles {
    /// With `{z}`, `{x}` and `{y}`.
    pub url: String,
    /// The server alone, for the content security policy.
    pub origin: String,
}

impl Tiles {
    /// From what the configuration says, which has checked it.
    pub fn of(url: &str) -> Option<Self> {
        let origin = url::Url::parse(url).ok()?.origin();
        origin.is_tuple().then(|| Self { url: url.to_owned(), origin: origin.ascii_serialization() })
    }
}

#[derive(Template)]
#[template(path = "map.html", config = "src/console/askama.toml")]
struct Shown {
    page: Page,
    projects: Vec<Project>,
    chosen: Option<Project>,
    boxes: Items<InView>,
    asked: Form,
    tiles: Option<Tiles>,
    geocodes: bool,
    wrong: Option<(String, String)>,
    answer: Option<Answer>,
}

/// What viability answered.
struct Answer {
    /// `disponivel`, `indisponivel` or `desconhecida`.
    outcome: String,
    /// What a person has to know.
    alerts: Vec<String>,
    boxes: Vec<Near>,
}

/// A box that was found.
struct Near {
    id: i64,
    name: String,
    project: String,
    latitude: f64,
    longitude: f64,
    metres: f64,
    free: i64,
    total: i64,
}

impl Answer {
    fn of(answer: &Value) -> Self {
        let result = &answer["resultado"];
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let near = |found: &Value, project: &str| Near {
            id: found["id_caixa_optica"].as_i64().unwrap_or_default(),
            name: text(&found["caixa"]),
            project: project.to_owned(),
            latitude: found["latitude"].as_f64().unwrap_or_default(),
            longitude: found["longitude"].as_f64().unwrap_or_default(),
            metres: found["distancia_metros"].as_f64().unwrap_or_default(),
            free: found["disponiveis"].as_i64().unwrap_or_default(),
            total: found["total"].as_i64().unwrap_or_default(),
        };
        let mut boxes = Vec::new();
        for project in list(&result["projetos"]) {
            let name = text(&project["projeto"]["nome"]);
            let found = list(&project["busca"]["elementos"]["data"]);
            boxes.extend(found.iter().map(|found| near(found, &name)));
        }
        boxes.sort_by(|one, other| one.metres.total_cmp(&other.metres));
        let alerts = list(&result["alertas"]).iter().map(text).collect();
        Self { outcome: text(&result["conclusao"]), alerts, boxes }
    }

    /// For its colour; its words say the same.
    fn tone(&self) -> &'static str {
        match self.outcome.as_str() {
            "disponivel" => "good",
            "indisponivel" => "bad",
            _ => "warn",
        }
    }
}

impl Shown {
    fn typed(&self, name: &str) -> &str {
        self.asked.one(name).unwrap_or_default()
    }

    fn radius(&self) -> &str {
        self.asked.one("raio").unwrap_or(RADIUS)
    }

    fn fault(&self, field: &str) -> Option<String> {
        let (blamed, message) = self.wrong.as_ref()?;
        (blamed == field).then(|| self.page.told(message))
    }

    /// What is wrong with none of the fields that the form has.
    fn elsewhere(&self) -> Option<String> {
        let (blamed, message) = self.wrong.as_ref()?;
        let known = ["latitude", "longitude", "raio", "endereco"].contains(&blamed.as_str());
        (!known).then(|| format!("{blamed}: {}", self.page.told(message)))
    }

    fn is(&self, project: &Project) -> bool {
        self.chosen.as_ref().is_some_and(|chosen| chosen.id_projeto == project.id_projeto)
    }

    fn project(&self) -> i64 {
        self.chosen.as_ref().map_or(0, |chosen| chosen.id_projeto)
    }

    /// West, south, east, north of what there is to see.
    fn extent(&self) -> String {
        let sides = self.chosen.as_ref().and_then(|at| Some([at.west?, at.south?, at.east?, at.north?]));
        sides.map(|sides| sides.map(|side| side.to_string()).join(",")).unwrap_or_default()
    }

    fn free(&self, free: &i64, total: &i64) -> String {
        self.page.t2("box-free-of", ("free", &self.page.number(free)), ("total", &self.page.number(total)))
    }

    /// The same, for the script to fill in.
    fn free_words(&self) -> String {
        self.page.t2("box-free-of", ("free", "%f"), ("total", "%t"))
    }
}

/// The page.
pub async fn show(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    axum::extract::RawQuery(text): axum::extract::RawQuery,
) -> Result<Response, Failed> {
    let asked = Form::read(text.as_deref().unwrap_or_default());
    whole(&state, page, asked, None, None).await
}

/// Asks whether there is a free port near a place; the answer stands on the map and below it.
pub async fn ask(State(state): State<ConsoleState>, Sent { page, form, .. }: Sent<Acting>) -> Result<Response, Failed> {
    let patience = state.setup.accounts.patience();
    let asked = match question(&form) {
        Ok(question) => viability::ask(&state.pool, &page.caller, patience, question, (Along::default(), None)).await,
        Err(refusal) => Err(refusal),
    };
    match asked {
        Ok(answer) => whole(&state, page, form, None, Some(Answer::of(&answer))).await,
        Err(Refusal::Invalid { field, message }) => {
            let shown = whole(&state, page, form, Some((field, message)), None).await?;
            Ok(super::page::with_status(axum::http::StatusCode::UNPROCESSABLE_ENTITY, shown))
        }
        Err(refusal) => Err(page.failed(refusal)),
    }
}

/// What was typed, as viability takes it; the database says what is wrong with it.
fn question(form: &Form) -> Result<Value, Refusal> {
    let mut question = Map::new();
    let number = |name: &str, text: &str| {
        let read: Result<f64, _> = text.replace(',', ".").parse();
        let read = read.ok().filter(|number| number.is_finite());
        read.ok_or_else(|| Refusal::invalid(name, "deve ser um número / must be a number"))
    };
    if let Some(address) = form.one("endereco") {
        question.insert("endereco".to_owned(), json!(address));
    } else {
        for name in ["latitude", "longitude"] {
            if let Some(text) = form.one(name) {
                question.insert(name.to_owned(), json!(number(name, text)?));
            }
        }
    }
    question.insert("raio".to_owned(), json!(number("raio", form.one("raio").unwrap_or(RADIUS))?));
    if let Some(project) = form.one("only").and_then(|_| form.one("project")) {
        question.insert("id_projeto".to_owned(), json!(check::number("project", project)?));
    }
    Ok(Value::Object(question))
}

async fn whole(
    state: &ConsoleState,
    page: Page,
    asked: Form,
    wrong: Option<(String, String)>,
    answer: Option<Answer>,
) -> Result<Response, Failed> {
    let read = async {
        let given = asked.one("project").map(|text| check::number("project", text)).transpose()?;
        let all = boxes::projects(&state.pool, None).await?;
        // Without a choice: the first that a platform fills.
        let first = all.iter().find(|project| project.id_integracao.is_some()).or(all.first());
        let id = given.or(first.map(|project| project.id_projeto));
        let projects = boxes::projects(&state.pool, id).await?;
        let chosen = projects.iter().find(|project| Some(project.id_projeto) == id).cloned();
        let listed = boxes::Asked {
            project: chosen.as_ref().map(|project| project.id_projeto.to_string()),
            bbox: None,
            after: asked.one("after").map(str::to_owned),
            limit: Some(BOXES.to_owned()),
        };
        let boxes = boxes::list(&state.pool, &listed).await?;
        Ok::<_, Refusal>((projects, chosen, boxes))
    };
    let (projects, chosen, boxes) = read.await.map_err(|refusal| page.failed(refusal))?;
    let geocodes = projects.iter().any(|project| project.platform.as_deref() == Some("geosite"));
    let tiles = state.tiles.clone();
    let shown = Shown { page, projects, chosen, boxes, asked, tiles, geocodes, wrong, answer };
    let mut page = shown.page.clone().show(&shown)?;
    if let Some(policy) = state.tiles.as_ref().and_then(policy) {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(page)
}

/// The content security policy of a page that shows pictures of another server, and nothing else of it.
fn policy(tiles: &Tiles) -> Option<HeaderValue> {
    let also = format!("img-src 'self' data: {}", tiles.origin);
    HeaderValue::from_str(&POLICY.replace("img-src 'self' data:", &also)).ok()
}

/// What is in sight.
#[derive(Deserialize)]
pub struct InSight {
    project: Option<String>,
    bbox: Option<String>,
}

/// The boxes of a rectangle, or groups of them where they are many; for the script of the page.
pub async fn in_sight(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Reading>,
    Query(InSight { project, bbox }): Query<InSight>,
) -> Result<Json<View>, Failed> {
    let asked = boxes::Asked { project: project.filter(|text| text != "0"), bbox, after: None, limit: None };
    boxes::view(&state.pool, &asked).await.map(Json).map_err(|refusal| page.failed(refusal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_tiles_is_all_that_the_policy_lets_in() {
        let tiles = Tiles::of("https://tiles.example:8443/{z}/{x}/{y}.png?k=1").unwrap();
        assert_eq!(tiles.origin, "https://tiles.example:8443");
        let policy = policy(&tiles).unwrap();
        assert!(
            policy.to_str().unwrap().contains("img-src 'self' data: https://tiles.example:8443; connect-src 'self'")
        );
        assert!(Tiles::of("data:image/png").is_none());
    }

    #[test]
    fn v1_what_was_typed_is_read_as_brazilians_write_it() {
        let read = |text: &str| question(&Form::read(text));
        let place = json!({ "latitude": -27.5, "longitude": -48.5, "raio": 300.0 });
        assert_eq!(read("latitude=-27,5&longitude=-48.5").unwrap(), place);
        assert_eq!(read("endereco=Rua+1&latitude=1&raio=50").unwrap(), json!({ "endereco": "Rua 1", "raio": 50.0 }));
        for wrong in ["latitude=x", "latitude=1&longitude=1&raio=inf", "raio=1e999"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
