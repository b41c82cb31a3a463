//! What is given and shown of integrations.

use chrono::{DateTime, Utc};
use mapping::integrations::{ProjectChoice, Shown};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::desk::Refusal;

/// An integration, as people see it. Secrets never come back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Integration {
    /// `id_integracao`.
    #[schema(example = 3)]
    pub id: i64,
    /// `ozmap`, `geosite`, `geogrid`.
    #[schema(example = "ozmap")]
    pub platform: String,
    /// As people call it.
    #[schema(example = "OZMap Florianópolis")]
    pub name: String,
    /// Synced and sent to.
    pub active: bool,
    /// What it is reached by, without secrets.
    #[schema(value_type = Object, example = json!({ "api_url": "https://isp.ozmap.com.br:9994", "usuario": "enlace" }))]
    pub parameters: Map<String, Value>,
    /// What enlace does differently for it.
    #[schema(value_type = Object, example = json!({ "keep_home": true }))]
    pub settings: Map<String, Value>,
    /// What is synced: some of `box`, `splitter`, `pole`, `cable`.
    #[schema(example = json!(["box", "splitter"]))]
    pub elements: Vec<String>,
    /// The project that it fills.
    pub project: Option<Project>,
}

/// A project, as an integration names it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Project {
    /// `id_projeto`.
    pub id_projeto: i64,
    /// As people call it.
    pub nome: String,
}

/// Something that happened to an integration.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// What: `integration.edit`, `upstream.close`, …, or `sync`.
    #[schema(example = "integration.edit")]
    pub act: String,
    /// Who did it, or asked for it.
    pub person: String,
    /// Why; of a sync, how far it got or what it failed of.
    pub reason: String,
    /// How it stood, without secrets.
    #[schema(value_type = Option<Object>)]
    pub before: Option<Value>,
    /// How it stood then, without secrets; of a sync, its `workflow`.
    #[schema(value_type = Option<Object>)]
    pub after: Option<Value>,
}

/// An integration to create.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "platform": "geogrid", "name": "GeoGrid Centro", "elements": ["box", "splitter"],
    "parameters": { "api_url": "https://painel.geogridmaps.com.br/isp/api/v3", "token": "…" } }))]
pub struct Create {
    /// `ozmap`, `geosite`, `geogrid`.
    pub platform: String,
    /// As people will call it.
    pub name: String,
    /// What it is reached by (rule D1), secrets included.
    #[schema(value_type = Object)]
    pub parameters: Map<String, Value>,
    /// `keep_home`, `implanted_required`: true or false; `missing_percent`: 1 to 100 (rule S9).
    #[serde(default)]
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// What is synced; may be chosen later.
    #[serde(default)]
    pub elements: Vec<String>,
    /// The project that it fills; may be chosen later.
    pub project: Option<Choice>,
    /// Synced and sent to from the start.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// A project to fill: one that there is, or a new one.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "nome": "Florianópolis" }))]
pub struct Choice {
    /// One that there is.
    pub id_projeto: Option<i64>,
    /// A new one of this name.
    pub nome: Option<String>,
}

/// What is to change; what is left out stays, null within `parameters` or `settings` takes that entry away.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "parameters": { "senha": "…" }, "reason": "senha trocada no OZMap" }))]
#[schema(as = IntegrationChange)]
pub struct Change {
    /// A new name.
    pub name: Option<String>,
    /// Parameters that change, secrets included.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub parameters: Map<String, Value>,
    /// Settings that change.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// What *test* found (rule D4).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Tested {
    /// It works.
    pub ok: bool,
    /// In plain words: what works, or what is wrong and what to do.
    pub message: String,
    /// `projects` that the credentials may see; `code` of what is wrong; whether that `opened` the upstream.
    #[schema(value_type = Object, example = json!({ "projects": ["Florianópolis"], "code": null, "opened": false }))]
    pub details: Value,
}

impl From<Shown> for Integration {
    fn from(shown: Shown) -> Self {
        Self {
            id: shown.id,
            platform: shown.platform,
            name: shown.name,
            active: shown.active,
            parameters: shown.parameters,
            settings: shown.settings,
            elements: shown.elements,
            project: shown.project.map(|p| Project { id_projeto: p.id_projeto, nome: p.nome }),
        }
    }
}

impl Choice {
    /// What is to be filled, if it is said once.
    pub(super) fn checked(self) -> Result<ProjectChoice, Refusal> {
        match (self.id_projeto, self.nome) {
            (Some(id), None) => Ok(ProjectChoice::Existing(id)),
            (None, Some(nome)) => Ok(ProjectChoice::New(nome)),
            _ => Err(Refusal::invalid(
                "id_projeto",
                "informe id_projeto, de um projeto que existe, ou nome, de um novo / give either id_projeto, of a project that there is, or nome, of a new one",
            )),
        }
    }
}
