//! Setting an integration up, in three steps as HubSoft does (platform and parameters, project, elements), and changing its
//! parameters and settings later. What cannot be taken comes back in the form, with what was typed and what is wrong with it;
//! except secrets, which no page ever holds.

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use platforms::{PLATFORMS, ParameterSpec};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    ConsoleState,
    failed::Failed,
    integrations::{ELEMENTS, free, number, tested},
    page::{Page, with_status},
    who::{Form, Seen, Sent},
};
use crate::desk::{
    Refusal, answer,
    boxes::{self, Project},
    integrations::{self as desk, Change, Create, Integration},
    rights::Administering,
};

#[derive(Template)]
#[template(path = "integration_form.html", config = "src/console/askama.toml")]
struct Filled {
    page: Page,
    /// The one that is changed; `None`: a new one.
    one: Option<Integration>,
    /// Which is chosen; `None`: to be chosen first.
    platform: Option<&'static str>,
    name: String,
    reason: String,
    fields: Vec<Field>,
    settings: Settings,
    wrong: Option<(String, String)>,
}

/// A parameter to be filled in.
struct Field {
    spec: ParameterSpec,
    typed: String,
}

/// What enlace may do differently for it.
struct Settings {
    keep_home: bool,
    implanted_required: bool,
    missing_percent: String,
}

#[derive(Template)]
#[template(path = "integration_setup.html", config = "src/console/askama.toml")]
struct Setup {
    page: Page,
    one: Integration,
    projects: Vec<Project>,
    elements: [&'static str; 4],
}

impl Setup {
    fn chosen(&self, kind: &str) -> bool {
        self.one.elements.iter().any(|chosen| chosen == kind)
    }
}

impl Filled {
    /// What is wrong with this field, if it is the one to blame.
    fn fault(&self, field: &str) -> Option<String> {
        let (blamed, message) = self.wrong.as_ref()?;
        (blamed == field).then(|| self.page.told(message))
    }

    fn of_parameter(&self, field: &Field) -> Option<String> {
        self.fault(&format!("parameters.{}", field.spec.name))
    }

    /// What is wrong with none of the fields that the form has.
    fn elsewhere(&self) -> Option<String> {
        let (blamed, message) = self.wrong.as_ref()?;
        let known = ["name", "reason", "settings.missing_percent"].contains(&blamed.as_str())
            || self.fields.iter().any(|field| *blamed == format!("parameters.{}", field.spec.name));
        (!known).then(|| format!("{blamed}: {}", self.page.told(message)))
    }

    fn is(&self, platform: &str) -> bool {
        self.platform == Some(platform)
    }

    /// Platforms to choose from: as stored, and as people write them.
    fn platforms(&self) -> [(&'static str, &'static str); 3] {
        PLATFORMS.map(|name| (name, answer::platform(name)))
    }
}

/// A platform of ours of this name.
fn known(name: Option<&str>) -> Option<&'static str> {
    PLATFORMS.into_iter().find(|known| Some(*known) == name)
}

/// What somebody typed, to be shown again.
fn typed(page: Page, form: &Form, platform: Option<&'static str>, one: Option<Integration>) -> Filled {
    let text = |name: &str| form.one(name).unwrap_or_default().to_owned();
    let field = |spec: &ParameterSpec| {
        let typed = if spec.secret { String::new() } else { text(&format!("parameters.{}", spec.name)) };
        Field { spec: *spec, typed }
    };
    Filled {
        one,
        platform,
        name: text("name"),
        reason: text("reason"),
        fields: platform.map(platforms::parameters).unwrap_or_default().iter().map(field).collect(),
        settings: Settings {
            keep_home: form.has("keep_home"),
            implanted_required: form.has("implanted_required"),
            missing_percent: text("missing_percent"),
        },
        wrong: None,
        page,
    }
}

/// The form again, with what is wrong; what is no fault of the form is a page of its own.
fn again(mut filled: Filled, refusal: Refusal) -> Result<Response, Failed> {
    let Refusal::Invalid { field, message } = refusal else { return Err(filled.page.failed(refusal)) };
    filled.wrong = Some((field, message));
    let shown = filled.page.clone().show(&filled)?;
    Ok(with_status(StatusCode::UNPROCESSABLE_ENTITY, shown))
}

/// Which platform a new one is of.
#[derive(Deserialize)]
pub struct Chosen {
    platform: Option<String>,
}

/// The form of a new one.
pub async fn new(Seen { page, .. }: Seen<Administering>, Query(chosen): Query<Chosen>) -> Result<Response, Failed> {
    let platform = known(chosen.platform.as_deref());
    let mut filled = typed(page, &Form::default(), platform, None);
    filled.settings.implanted_required = true;
    filled.page.clone().show(&filled)
}

/// Creates it, tries it, and goes on to the next step.
pub async fn create(
    State(state): State<ConsoleState>,
    Sent { page, form, .. }: Sent<Administering>,
) -> Result<Response, Failed> {
    let Some(platform) = known(form.one("platform")) else {
        return Ok(Redirect::to("/integrations/new").into_response());
    };
    let settings = settings(&form, &Map::new());
    let asked = settings.map(|settings| Create {
        platform: platform.to_owned(),
        name: form.one("name").unwrap_or_default().to_owned(),
        parameters: parameters(&form, platform, &Map::new()),
        settings,
        elements: Vec::new(),
        project: None,
        active: true,
    });
    let created = match asked {
        Ok(asked) => desk::create(&state.pool, &state.setup, &page.caller, asked).await,
        Err(refusal) => Err(refusal),
    };
    match created {
        Ok(one) => {
            let found = desk::test(&state.pool, &state.setup, &page.caller, one.id).await;
            let found = found.map_err(|refusal| page.failed(refusal))?;
            Ok(tested(&page, &format!("/integrations/{}/setup", one.id), found))
        }
        Err(refusal) => again(typed(page, &form, Some(platform), None), refusal),
    }
}

/// The steps after the first: the project, then the elements.
pub async fn setup(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Administering>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let one = desk::show(&state.pool, id).await.map_err(|refusal| page.failed(refusal))?;
    let projects = boxes::projects(&state.pool, None).await.map_err(|refusal| page.failed(refusal))?;
    page.clone().show(&Setup { page, one, projects: free(projects), elements: ELEMENTS })
}

/// The form of one that there is.
pub async fn edit(
    State(state): State<ConsoleState>,
    Seen { page, .. }: Seen<Administering>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let one = desk::show(&state.pool, number(&page, &id)?).await.map_err(|refusal| page.failed(refusal))?;
    let mut filled = typed(page, &Form::default(), known(Some(&one.platform)), None);
    filled.name.clone_from(&one.name);
    for field in &mut filled.fields {
        let stored = one.parameters.get(field.spec.name).and_then(Value::as_str);
        field.typed = stored.unwrap_or_default().to_owned();
    }
    let flag = |name: &str, otherwise: bool| one.settings.get(name).and_then(Value::as_bool).unwrap_or(otherwise);
    filled.settings = Settings {
        keep_home: flag("keep_home", false),
        implanted_required: flag("implanted_required", true),
        missing_percent: one.settings.get("missing_percent").map(Value::to_string).unwrap_or_default(),
    };
    filled.one = Some(one);
    filled.page.clone().show(&filled)
}

/// Changes it.
pub async fn change(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    Sent { page, form, .. }: Sent<Administering>,
) -> Result<Response, Failed> {
    let id = number(&page, &id)?;
    let one = desk::show(&state.pool, id).await.map_err(|refusal| page.failed(refusal))?;
    let asked = settings(&form, &one.settings).and_then(|settings| {
        Ok(Change {
            name: form.one("name").filter(|name| *name != one.name).map(str::to_owned),
            parameters: parameters(&form, &one.platform, &one.parameters),
            settings,
            reason: Some(form.reason()?.to_owned()),
        })
    });
    let done = match asked {
        Ok(asked) => desk::edit(&state.pool, &state.setup, &page.caller, id, asked).await,
        Err(refusal) => Err(refusal),
    };
    match done {
        Ok(_) => Ok(page.done(&format!("/integrations/{id}"), page.t("integration-changed"))),
        Err(refusal) => again(typed(page, &form, known(Some(&one.platform)), Some(one)), refusal),
    }
}

/// The parameters that differ from those that there are. An empty secret stays as it is, since no page holds it; anything else
/// that was emptied is taken away.
fn parameters(form: &Form, platform: &str, stored: &Map<String, Value>) -> Map<String, Value> {
    let mut given = Map::new();
    for spec in platforms::parameters(platform) {
        let before = stored.get(spec.name).and_then(Value::as_str);
        match form.one(&format!("parameters.{}", spec.name)) {
            Some(text) if Some(text) != before => drop(given.insert(spec.name.to_owned(), json!(text))),
            None if before.is_some() && !spec.secret => drop(given.insert(spec.name.to_owned(), Value::Null)),
            _ => {}
        }
    }
    given
}

/// The settings that differ from those that there are.
fn settings(form: &Form, stored: &Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let mut given = Map::new();
    for (name, otherwise) in [("keep_home", false), ("implanted_required", true)] {
        let before = stored.get(name).and_then(Value::as_bool).unwrap_or(otherwise);
        if form.has(name) != before {
            given.insert(name.to_owned(), json!(form.has(name)));
        }
    }
    let percent = match form.one("missing_percent") {
        None => Value::Null,
        Some(text) => json!(text.parse::<u64>().map_err(|_| {
            Refusal::invalid(
                "settings.missing_percent",
                "deve ser um número inteiro de 1 a 100 / must be a whole number from 1 to 100",
            )
        })?),
    };
    if percent != stored.get("missing_percent").cloned().unwrap_or_default() {
        given.insert("missing_percent".to_owned(), percent);
    }
    Ok(given)
}
