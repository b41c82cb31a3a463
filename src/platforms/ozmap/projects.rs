//! Projects: their names, the one that the integration is confined to, and what their box levels are called.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::api::Api;
use super::cursor::Cursor;
use super::wire::{Project, Row};
use crate::http::Purpose;
use crate::liberal::as_number;
use crate::{Failure, FailureKind};

/// More than this is not read: no ISP has as many, and the names go into a message.
const MOST: usize = 5_000;
/// A message names at most this many.
const NAMED: usize = 30;

/// The account's projects: read where a listing begins, and kept in between.
pub(super) struct Projects {
    wanted: Option<String>,
    known: Mutex<Option<Arc<Known>>>,
}

/// What was read of them.
pub(super) struct Known {
    /// The project's id where the integration is confined to one.
    pub(super) wanted_id: Option<String>,
    /// What the levels of a project's boxes mean; nothing where the project does not say.
    pub(super) levels: HashMap<String, Levels>,
}

/// Which number stands for which kind of box in a project (`hierarchyLevels.box`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Levels {
    pub(super) pop: Option<f64>,
    pub(super) splice: Option<f64>,
}

impl Projects {
    pub(super) fn new(wanted: Option<String>) -> Self {
        Self { wanted, known: Mutex::default() }
    }

    /// The project's id where the integration is confined to one.
    pub(super) async fn wanted_id(&self, api: &Api, purpose: Purpose) -> Result<Option<String>, Failure> {
        if self.wanted.is_none() {
            return Ok(None);
        }
        Ok(self.known(api, purpose).await?.wanted_id.clone())
    }

    /// The same for a page of a sync: as it is now where the listing begins.
    pub(super) async fn wanted_id_at(&self, api: &Api, cursor: Option<&str>) -> Result<Option<String>, Failure> {
        if self.wanted.is_none() {
            return Ok(None);
        }
        Ok(self.at(api, cursor).await?.wanted_id.clone())
    }

    /// All of them, as they are now where a listing begins.
    pub(super) async fn at(&self, api: &Api, cursor: Option<&str>) -> Result<Arc<Known>, Failure> {
        match cursor {
            None => self.read(api, Purpose::Page).await,
            Some(_) => self.known(api, Purpose::Page).await,
        }
    }

    /// Whether these names hold the wanted one (rule D5).
    pub(super) fn check(&self, names: &[String]) -> Result<(), Failure> {
        let Some(wanted) = &self.wanted else { return Ok(()) };
        match names.iter().filter(|name| *name == wanted).count() {
            0 => Err(no_such_project(wanted, names)),
            1 => Ok(()),
            _ => Err(ambiguous(wanted)),
        }
    }

    /// As they were when they were last read.
    pub(super) async fn known(&self, api: &Api, purpose: Purpose) -> Result<Arc<Known>, Failure> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(known) => Ok(known),
            None => self.read(api, purpose).await,
        }
    }

    async fn read(&self, api: &Api, purpose: Purpose) -> Result<Arc<Known>, Failure> {
        let projects = all(api, purpose).await?;
        let names: Vec<String> = projects.iter().filter_map(|p| p.name.clone()).collect();
        self.check(&names)?;
        let is_wanted = |p: &&Row<Project>| p.name.is_some() && p.name == self.wanted;
        let wanted_id = projects.iter().find(is_wanted).and_then(Row::id).map(str::to_owned);
        let levels = projects.iter().filter_map(|p| Some((p.id()?.to_owned(), Levels::of(&p.levels)))).collect();
        let known = Arc::new(Known { wanted_id, levels });
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }
}

impl Levels {
    fn of(levels: &Value) -> Self {
        let of = |name: &str| {
            let boxes = levels.get("box")?.as_object()?;
            boxes.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).and_then(|(_, n)| as_number(n))
        };
        Self { pop: of("POP"), splice: of("CE") }
    }
}

/// The names of the projects that the credentials may see, asked for now.
pub(super) async fn names(api: &Api) -> Result<Vec<String>, Failure> {
    Ok(all(api, Purpose::Search).await?.into_iter().filter_map(|p| p.name.clone()).collect())
}

async fn all(api: &Api, purpose: Purpose) -> Result<Vec<Row<Project>>, Failure> {
    let mut projects = Vec::new();
    let mut cursor = Some(Cursor::read(None)?);
    while let Some(at) = cursor.filter(|_| projects.len() < MOST) {
        let page = api.list::<Project>("projects", &[], &at, purpose).await?;
        projects.extend(page.rows);
        cursor = page.next;
    }
    Ok(projects)
}

fn no_such_project(wanted: &str, names: &[String]) -> Failure {
    let mut known = names.iter().take(NAMED).map(|n| format!("«{n}»")).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        known.push_str(", …");
    }
    Failure::new(
        FailureKind::Misconfigured,
        "ozmap.no_such_project",
        &format!("nome_projeto: não há projeto «{wanted}» no OZMap; há: {known}"),
        &format!("nome_projeto: there is no project «{wanted}» in OZMap; there are: {known}"),
    )
}

fn ambiguous(wanted: &str) -> Failure {
    Failure::new(
        FailureKind::Misconfigured,
        "ozmap.ambiguous_project",
        &format!("nome_projeto: há mais de um projeto «{wanted}» no OZMap"),
        &format!("nome_projeto: there is more than one project «{wanted}» in OZMap"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn d5_a_wrong_name_is_told_with_those_that_exist() {
        let names = ["Centro".to_owned(), "Norte".to_owned(), "Norte".to_owned()];
        let check =
            |wanted: &str| Projects::new(Some(wanted.to_owned())).check(&names).map_err(|f| (f.code, f.message));
        assert!(check("Centro").is_ok());
        let (code, message) = check("centro").unwrap_err();
        assert!(code == "ozmap.no_such_project" && message.contains("«Centro», «Norte»"), "{message}");
        assert_eq!(check("Norte").unwrap_err().0, "ozmap.ambiguous_project");
        assert!(Projects::new(None).check(&names).is_ok());
    }

    #[test]
    fn levels_are_the_projects_own() {
        let levels = Levels::of(&json!({"box": {"POP": 1, "ce": "2", "CTO": 3}, "cable": {}}));
        assert_eq!(levels, Levels { pop: Some(1.0), splice: Some(2.0) });
        assert_eq!(Levels::of(&Value::Null), Levels::default());
    }
}
