//! Asking the platforms, all at once and for as long as a person waits (rules V1, V2, V5).

use std::sync::{Mutex, PoisonError};

use engine::{clock, workflow::Cx};
use futures_util::{Stream, StreamExt, future::try_join_all, stream};
use mapping::{
    Change,
    viability::{Named, Project, Source},
};
use platforms::{Failure, Haste, NearBox, Platform, Viability as Asks, WholeBox, viability};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Input, Outcome, Spot, Viability, searched};
use crate::{Network, Ports, Trouble};

/// No question registers more boxes than this, the nearest ones: a network that HubSoft does not know comes by a sync.
pub(crate) const MOST_BOXES: usize = 500;
/// Boxes that are fetched at once: a person waits, and the platform's machine may be small.
const AT_ONCE: usize = 4;

/// What came of asking one integration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The project that it fills.
    pub id_projeto: i64,
    /// What it came to.
    pub outcome: Outcome,
    /// Around an address: the boxes that the platform named, with their distances in metres.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<(String, f64)>,
}

impl Asked {
    fn of(project: &Project, outcome: Outcome) -> Self {
        Self { id_projeto: project.id, outcome, near: Vec::new() }
    }

    /// What is certain without a call; `None`: the platform has to be asked, or there is nothing to ask.
    fn certain(project: &Project, spot: &Spot) -> Option<Self> {
        let by_address = spot.place().is_none();
        let Some(source) = asked(project) else {
            // Nobody geocodes for it.
            return by_address.then(|| Self::of(project, Outcome::CannotGeocode));
        };
        match viability(&source.platform) {
            _ if !source.active => Some(Self::of(project, Outcome::Inactive)),
            Asks::ByPlace if by_address => Some(Self::of(project, Outcome::CannotGeocode)),
            _ => None,
        }
    }

    /// The same where no worker was there to ask.
    pub(super) fn unserved(project: &Project, spot: &Spot) -> Option<Self> {
        Self::certain(project, spot).or_else(|| asked(project).map(|_| Self::of(project, Outcome::Unserved)))
    }

    /// The boxes around an address, for HubSoft's own search.
    pub(super) fn named(&self) -> impl Iterator<Item = Named> {
        self.near.iter().map(|(external_id, metres)| Named {
            id_projeto: self.id_projeto,
            external_id: external_id.clone(),
            metres: *metres,
        })
    }
}

/// The integration of a project whose platform is asked (rule V1).
fn asked(project: &Project) -> Option<&Source> {
    project.integration.as_ref().filter(|source| viability(&source.platform) != Asks::NotAsked)
}

/// What one platform has told so far: kept outside of the asking, which may be given up.
#[derive(Default)]
struct Told {
    near: Option<Vec<NearBox>>,
    whole: Vec<WholeBox>,
    left: Vec<String>,
    failure: Option<Failure>,
}

/// Asks all that are to be asked; what came of each, and what is to be written.
pub(super) async fn all(cx: &Cx<'_, Viability>, projects: &[Project]) -> Result<(Vec<Asked>, Vec<Change>), Trouble> {
    let spot = &cx.input.spot;
    let (mut outcomes, mut changes, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for project in projects.iter().filter(|project| searched(cx.input, project)) {
        match (Asked::certain(project, spot), asked(project)) {
            (Some(certain), _) => outcomes.push(certain),
            (None, Some(source)) => told.push((project, source, Mutex::<Told>::default())),
            (None, None) => {}
        }
    }
    let asking = told.iter().map(|(project, source, told)| ask(cx.ports, spot, (project.id, source.id), told));
    clock::in_time(cx.ports.maps.patience(), try_join_all(asking)).await.transpose()?;
    for (project, source, told) in told {
        let mut told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        let boxes = std::mem::take(&mut told.whole);
        if !boxes.is_empty() {
            changes.push(Change::Register { integration: source.id, asked_at: cx.enqueued_at, boxes });
        }
        let asked = told.came_to(project, cx.input);
        if asked.outcome.goes_on() {
            changes.push(registering(source.id, spot));
        }
        outcomes.push(asked);
    }
    Ok((outcomes, changes))
}

/// Asks one platform, and fetches what HubSoft lacks, the nearest first. What the platform fails with is told; an error is ours.
async fn ask(
    ports: &Ports,
    spot: &Spot,
    (project, integration): (i64, i64),
    told: &Mutex<Told>,
) -> Result<(), Trouble> {
    let note = |how: &mut dyn FnMut(&mut Told)| how(&mut told.lock().unwrap_or_else(PoisonError::into_inner));
    let failed = |failure: Failure| note(&mut |told| told.failure = Some(failure.clone()));
    let map = match ports.maps.of(integration).await {
        Ok(map) => map,
        Err(Trouble::Platform(failure)) => {
            failed(failure);
            return Ok(());
        }
        Err(other) => return Err(other),
    };
    let near = match map.boxes_near(&spot.nearby(Haste::PersonWaits)).await {
        Ok(near) => near,
        Err(failure) => {
            failed(failure);
            return Ok(());
        }
    };
    let mut left = lacking(&*ports.network, project, &near).await?;
    note(&mut |told| (told.near, told.left) = (Some(near.clone()), left.clone()));
    left.truncate(MOST_BOXES);
    let mut fetched = Box::pin(fetch(&*map, left));
    while let Some((id, whole)) = fetched.next().await {
        match whole {
            Ok(whole) => note(&mut |told| {
                told.left.retain(|left| *left != id);
                told.whole.extend(whole.clone());
            }),
            Err(failure) => {
                failed(failure);
                break;
            }
        }
    }
    Ok(())
}

type Fetched = (String, Result<Option<WholeBox>, Failure>);

fn fetch(map: &dyn Platform, ids: Vec<String>) -> impl Stream<Item = Fetched> {
    let each = ids.into_iter().map(move |id| async move {
        let whole = map.whole_box(&id).await;
        (id, whole)
    });
    stream::iter(each).buffered(AT_ONCE)
}

/// The boxes that HubSoft lacks of those that a platform told (rule V2), the nearest first.
pub(crate) async fn lacking(network: &dyn Network, project: i64, near: &[NearBox]) -> Result<Vec<String>, Trouble> {
    if near.is_empty() {
        return Ok(Vec::new());
    }
    let metres = |b: &NearBox| b.distance_metres.unwrap_or(f64::INFINITY);
    let mut near: Vec<&NearBox> = near.iter().collect();
    near.sort_by(|a, b| metres(a).total_cmp(&metres(b)));
    let ids: Vec<String> = near.into_iter().map(|b| b.external_id.clone()).collect();
    network.lacking(project, &ids).await
}

impl Told {
    fn came_to(self, project: &Project, input: &Input) -> Asked {
        let Some(near) = &self.near else {
            return Asked::of(project, self.failure.map_or(Outcome::Late, |failure| Outcome::of(&failure)));
        };
        let full = |id: &String| near.iter().any(|b| b.external_id == *id && b.free_ports == Some(0));
        let outcome = match self.left.len() {
            0 => Outcome::Answered,
            left => Outcome::Partly { left, free: !self.left.iter().all(full) },
        };
        let mut asked = Asked::of(project, outcome);
        if input.spot.place().is_none() {
            // No farther than that, where it does not tell.
            let distance = |b: &NearBox| b.distance_metres.unwrap_or(input.spot.raio);
            asked.near = near.iter().map(|b| (b.external_id.clone(), distance(b))).collect();
        }
        asked
    }
}

/// V5: registering goes on in the background.
fn registering(id_integracao: i64, spot: &Spot) -> Change {
    let mut payload = json!(spot);
    payload["id_integracao"] = json!(id_integracao);
    Change::Start { kind: crate::registration::NAME.to_owned(), payload }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v2_boxes_that_are_left_leave_the_answer_open_unless_they_are_known_to_be_full() {
        let near = |id: &str, free_ports| NearBox {
            external_id: id.to_owned(),
            name: String::new(),
            place: None,
            distance_metres: None,
            free_ports,
        };
        let project = Project { id: 1, name: String::new(), synced: true, integration: None };
        let spot = Spot { latitude: Some(0.0), longitude: Some(0.0), endereco: None, raio: 9.0 };
        let input = Input { spot, id_projeto: None, detalhar_portas: false };
        for (left, open) in
            [(vec!["full"], false), (vec!["full", "free"], true), (vec!["silent"], true), (vec![], false)]
        {
            let told = Told {
                near: Some(vec![near("full", Some(0)), near("free", Some(2)), near("silent", None)]),
                left: left.iter().map(|id| (*id).to_owned()).collect(),
                ..Told::default()
            };
            assert_eq!(told.came_to(&project, &input).outcome.leaves_open(), open, "{left:?}");
        }
    }
}
