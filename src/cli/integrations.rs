//! `enlace integrations`: set up, tried, synced, switched on and off.

use std::io::Read;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::desk::{Desk, at_desk};
use super::show::{Language, Look, done, local, plain, table};
use super::workflows::follow;
use crate::desk::Items;
use crate::desk::integrations::{self, Change, Choice, Create, Event, Integration};
use crate::settings::Settings;

/// The commands of `enlace integrations`.
#[derive(Debug, Subcommand)]
pub enum Integrations {
    /// List integrations
    List(Look),
    /// Show one, without its secrets
    Show {
        /// Its number
        id: i64,
        #[command(flatten)]
        look: Look,
    },
    /// Tell what happened to one, newest first: what people did to it, and its syncs
    History {
        /// Its number
        id: i64,
        #[command(flatten)]
        look: Look,
    },
    /// Set one up
    Create(Creating),
    /// Change its name, parameters or settings
    Edit(Editing),
    /// Ask the platform whether it works; exit code 1 if it does not
    Test(Plain),
    /// Sync it now, or join the sync that runs
    Sync(Syncing),
    /// Choose what is synced, from the next sync on
    Elements {
        /// Its number
        id: i64,
        /// Some of box, splitter, pole, cable; or the word none
        #[arg(required = true)]
        elements: Vec<String>,
        #[command(flatten)]
        why: Why,
    },
    /// Tie it to a project
    Project {
        /// Its number
        id: i64,
        #[command(flatten)]
        project: OfProject,
        #[command(flatten)]
        why: Why,
    },
    /// Switch it on: what waited for it goes on
    Activate(Switching),
    /// Switch it off: what is queued for it waits
    Inactivate(Switching),
}

/// One integration.
#[derive(Debug, Args)]
pub struct Plain {
    /// Its number
    id: i64,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

/// Why, and for whom to print.
#[derive(Debug, Args)]
pub struct Why {
    /// Why, for the history
    #[arg(long)]
    reason: Option<String>,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

/// One integration, to be switched.
#[derive(Debug, Args)]
pub struct Switching {
    /// Its number
    id: i64,
    /// Why, for the history
    #[arg(long)]
    reason: String,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

/// A project that there is, or a new one.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
pub struct OfProject {
    /// A project that there is, by its id_projeto
    #[arg(long)]
    project: Option<i64>,
    /// A new project of this name
    #[arg(long, value_name = "NAME")]
    new_project: Option<String>,
}

/// Parameters and settings, a pair each.
#[derive(Debug, Args)]
pub struct Pairs {
    /// A parameter. KEY=@FILE reads it from a file and KEY=@- from the input, so that no secret is seen in the list of processes
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = super::pair)]
    parameters: Vec<(String, String)>,
    /// A setting: keep_home=true
    #[arg(long = "setting", value_name = "KEY=true|false", value_parser = super::pair)]
    settings: Vec<(String, String)>,
}

/// An integration to set up.
#[derive(Debug, Args)]
pub struct Creating {
    /// ozmap, geosite or geogrid
    #[arg(long)]
    platform: String,
    /// As people will call it
    #[arg(long)]
    name: String,
    #[command(flatten)]
    pairs: Pairs,
    /// What is synced: box, splitter, pole, cable
    #[arg(long, value_delimiter = ',')]
    elements: Vec<String>,
    #[command(flatten)]
    project: OfProject,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

/// What is to change about one.
#[derive(Debug, Args)]
pub struct Editing {
    /// Its number
    id: i64,
    /// A new name
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    pairs: Pairs,
    #[command(flatten)]
    why: Why,
}

/// A sync to start.
#[derive(Debug, Args)]
pub struct Syncing {
    /// The integration's number
    id: i64,
    /// Follow it to its end
    #[arg(long)]
    watch: bool,
    /// Language of sentences
    #[arg(long, default_value = "pt")]
    lang: Language,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

impl Integrations {
    /// Does what was asked.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| self.on(&desk).await).await
    }

    async fn on(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let (pool, caller) = (&desk.pool, &desk.caller);
        match self {
            Self::List(look) => {
                look.show(async || Ok(integrations::list(pool, None, Some("500")).await?), listed).await
            }
            Self::Show { id, look } => look.show(async || Ok(integrations::show(pool, id).await?), shown).await,
            Self::History { id, look } => {
                look.show(async || Ok(integrations::history(pool, id, None, Some("500")).await?), told).await
            }
            Self::Create(creating) => creating.run(desk).await,
            Self::Edit(editing) => editing.run(desk).await,
            Self::Test(Plain { id, json }) => {
                let tested = integrations::test(pool, &desk.setup()?, caller, id).await?;
                done(json, &tested, &plain(&tested.message))?;
                Ok(if tested.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Self::Sync(syncing) => syncing.run(desk).await,
            Self::Elements { id, elements, why } => {
                let elements = if elements == ["none"] { Vec::new() } else { elements };
                let now = integrations::set_elements(pool, caller, id, &elements, why.reason.as_deref()).await?;
                done(why.json, &now, &shown(&now))
            }
            Self::Project { id, project, why } => {
                let choice = project.choice().unwrap_or_default();
                let now = integrations::set_project(pool, caller, id, choice, why.reason.as_deref()).await?;
                done(why.json, &now, &shown(&now))
            }
            Self::Activate(switching) => switching.run(desk, true).await,
            Self::Inactivate(switching) => switching.run(desk, false).await,
        }
    }
}

impl OfProject {
    fn choice(self) -> Option<Choice> {
        let given = self.project.is_some() || self.new_project.is_some();
        given.then_some(Choice { id_projeto: self.project, nome: self.new_project })
    }
}

impl Creating {
    async fn run(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let asked = Create {
            platform: self.platform,
            name: self.name,
            parameters: parameters(self.pairs.parameters)?,
            settings: settings(self.pairs.settings),
            elements: self.elements,
            project: self.project.choice(),
            active: true,
        };
        let created = integrations::create(&desk.pool, &desk.setup()?, &desk.caller, asked).await?;
        done(self.json, &created, &shown(&created))
    }
}

impl Editing {
    async fn run(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let change = Change {
            name: self.name,
            parameters: parameters(self.pairs.parameters)?,
            settings: settings(self.pairs.settings),
            reason: self.why.reason,
        };
        let now = integrations::edit(&desk.pool, &desk.setup()?, &desk.caller, self.id, change).await?;
        done(self.why.json, &now, &shown(&now))
    }
}

impl Switching {
    async fn run(self, desk: &Desk, active: bool) -> anyhow::Result<ExitCode> {
        let now = integrations::activate(&desk.pool, &desk.caller, self.id, active, Some(&self.reason)).await?;
        done(self.json, &now, &shown(&now))
    }
}

impl Syncing {
    async fn run(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let started = integrations::sync(&desk.pool, &desk.caller, self.id).await?;
        if self.watch {
            return follow(desk, started.id, self.lang, self.json).await;
        }
        let hint =
            format!("{} is {}; follow it with `enlace workflows watch {}`", started.id, started.status, started.id);
        done(self.json, &started, &hint)
    }
}

fn parameters(pairs: Vec<(String, String)>) -> anyhow::Result<Map<String, Value>> {
    pairs.into_iter().map(|(key, value)| Ok((key, Value::String(read(value)?)))).collect()
}

fn read(value: String) -> anyhow::Result<String> {
    match value.strip_prefix('@') {
        None => Ok(value),
        Some("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("reading the input")?;
            Ok(text.trim_end().to_owned())
        }
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("reading {path}"))?;
            Ok(text.trim_end().to_owned())
        }
    }
}

/// What is neither a number nor true or false is left to be refused by name.
fn settings(pairs: Vec<(String, String)>) -> Map<String, Value> {
    let read = |text: String| match serde_json::from_str(&text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_))) => value,
        _ => Value::String(text),
    };
    pairs.into_iter().map(|(key, value)| (key, read(value))).collect()
}

fn listed(page: &Items<Integration>) -> String {
    let mut rows = table(["ID", "PLATFORM", "ACTIVE", "SYNCS", "NAME AND PROJECT"], 3);
    for one in &page.items {
        let project =
            one.project.as_ref().map_or("no project".to_owned(), |p| format!("{} ({})", p.nome, p.id_projeto));
        let active = if one.active { "yes" } else { "no" };
        let elements = if one.elements.is_empty() { "nothing".to_owned() } else { one.elements.join(", ") };
        let name = plain(&format!("{} → {project}", one.name));
        rows.add_row([one.id.to_string(), one.platform.clone(), active.to_owned(), elements, name]);
    }
    rows.to_string()
}

fn told(page: &Items<Event>) -> String {
    let mut rows = table(["WHEN", "WHAT", "WHO", "WHY"], 2);
    for event in &page.items {
        rows.add_row([local(event.at), event.act.clone(), plain(&event.person), plain(&event.reason)]);
    }
    rows.to_string()
}

fn shown(one: &Integration) -> String {
    let mut rows = table(["INTEGRATION", &one.id.to_string()], 1);
    rows.add_row(["name", &plain(&one.name)]);
    rows.add_row(["platform", &one.platform]);
    rows.add_row(["active", if one.active { "yes" } else { "no" }]);
    rows.add_row([
        "project",
        &one.project.as_ref().map_or("–".to_owned(), |p| plain(&format!("{} ({})", p.nome, p.id_projeto))),
    ]);
    rows.add_row(["elements", &if one.elements.is_empty() { "–".to_owned() } else { one.elements.join(", ") }]);
    for (key, value) in one.parameters.iter().chain(&one.settings) {
        rows.add_row([key.as_str(), &plain(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))]);
    }
    rows.to_string()
}
