//! Viability: the boxes that OZMap has around a place, and all that is in one of them (section 9 of the fact sheet; rules V1,
//! V2, V4).
//!
//! The answer lists boxes with their free ports, and apart from them those that it refuses, whose form is not known: the ones
//! that say who they are are taken too, because HubSoft may lack them all the same. Splitters and ports are not in it.

use reqwest::Method;
use serde::Deserialize;

use super::OzMap;
use super::cursor::Cursor;
use super::elements::{box_element, in_project, splitter_element};
use super::seats::MOST_PAGES;
use super::url::at;
use super::wire::{OpticalBox, Point, Property, Row};
use crate::http::{Ask, Purpose, not_the_api};
use crate::liberal::{items, number, text};
use crate::{Around, Failure, FailureKind, NearBox, Nearby, OccupantElement, Place, WholeBox};

/// What is told of the boxes around a place. Without its list of boxes, or with one of a form that is not known, it is no
/// answer to that: nothing may be left out here unseen.
#[derive(Deserialize)]
struct Told {
    boxes: Vec<Row<Near>>,
    #[serde(default, deserialize_with = "items")]
    refused_boxes: Vec<Row<Near>>,
}

#[derive(Default, Deserialize)]
struct Near {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "number")]
    distance: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    availability: Option<f64>,
    #[serde(default, flatten)]
    point: Point,
}

impl OzMap {
    /// The boxes of the account's project within the radius, those with a free port first.
    pub(super) async fn near(&self, asked: &Nearby) -> Result<Vec<NearBox>, Failure> {
        let Around::Place(Place { latitude, longitude }) = &asked.around else { return Err(no_geocoding()) };
        let project = self.projects.wanted_id(&self.api, asked.haste.purpose()).await?;
        let mut url = at(&self.api.base, &["ftth-viability", "radius"]);
        url.query_pairs_mut().extend_pairs([
            ("lat", latitude.to_string()),
            ("lng", longitude.to_string()),
            ("radius", asked.radius_metres.to_string()),
        ]);
        let ask = Ask { method: Method::GET, url, body: None, purpose: asked.haste.purpose() };
        let answer = self.api.ask(&ask).await?.found()?.ok_or_else(not_the_api)?;
        let told: Told = answer.json()?;
        if told.boxes.iter().any(|row| row.id().is_none()) {
            return Err(not_the_api());
        }
        let rows = told.boxes.iter().chain(&told.refused_boxes);
        Ok(rows.filter(|row| in_project(row, project.as_deref())).filter_map(near_box).collect())
    }

    /// The box, its splitters, and the homes that are plugged into them.
    pub(super) async fn whole(&self, id: &str) -> Result<Option<WholeBox>, Failure> {
        let projects = self.projects.known(&self.api, Purpose::Search).await?;
        let found = self.api.one::<Row<OpticalBox>>(&["boxes", id]).await?;
        let own = found.filter(|row| in_project(row, projects.wanted_id.as_deref()));
        let Some(element) = own.and_then(|row| box_element(&row, &projects.levels, self.options.implanted_required))
        else {
            return Ok(None);
        };
        let splitters = self.splitters_in(id, Purpose::Search).await?.iter().filter_map(splitter_element).collect();
        Ok(Some(WholeBox { element, splitters, occupants: self.occupants_in(id).await? }))
    }

    async fn occupants_in(&self, box_id: &str) -> Result<Vec<OccupantElement>, Failure> {
        let (mut occupants, mut cursor) = (Vec::new(), Some(Cursor::read(None)?));
        for _ in 0..MOST_PAGES {
            let Some(at) = cursor else { break };
            let page = self.api.list::<Property>("properties", &[("box", box_id)], &at, Purpose::Search).await?;
            for home in page.rows.into_iter().filter(|home| home.box_id.as_deref() == Some(box_id)) {
                occupants.extend(self.occupants_of(home, Purpose::Search).await?);
            }
            cursor = page.next;
        }
        Ok(occupants)
    }
}

fn near_box(row: &Row<Near>) -> Option<NearBox> {
    let free = row.availability.filter(|free| (0.0..100_000.0).contains(free));
    Some(NearBox {
        external_id: row.id()?.to_owned(),
        name: row.name.clone().unwrap_or_default(),
        place: row.point.place(),
        distance_metres: row.distance,
        free_ports: free.map(|free| free as u32),
    })
}

fn no_geocoding() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "ozmap.no_geocoding",
        "o OZMap não procura por endereço: informe latitude e longitude",
        "OZMap does not search by address: give latitude and longitude",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(value: Value) -> Option<NearBox> {
        near_box(&serde_json::from_value(value).unwrap())
    }

    #[test]
    fn v2_a_box_is_read_whatever_its_numbers_are_written_as() {
        let newer =
            json!({"id": "b", "name": "CTO-1", "lat": -27.5, "lng": -48.25, "distance": 42.5, "availability": 3});
        let older = json!({"_id": "b", "name": "CTO-1", "lat": "-27.5", "lng": "-48.25", "distance": "42.5",
            "availability": "3"});
        assert_eq!(read(newer.clone()), read(older));
        let read_box = read(newer).unwrap();
        assert_eq!((read_box.external_id.as_str(), read_box.free_ports), ("b", Some(3)));
        assert_eq!(read_box.place, Some(Place { latitude: -27.5, longitude: -48.25 }));
        assert_eq!(read(json!({"name": "CTO-1"})), None);
    }

    #[test]
    fn v4_an_answer_without_a_list_of_boxes_is_none() {
        let told = |value: Value| serde_json::from_value::<Told>(value).ok().map(|told| told.boxes.len());
        assert_eq!(told(json!({"viable": false, "boxes": []})), Some(0));
        for other in [json!({"viable": false}), json!({"boxes": "?"}), json!({"boxes": ["?"]}), json!({"boxes": null})]
        {
            assert_eq!(told(other.clone()), None, "{other}");
        }
    }
}
