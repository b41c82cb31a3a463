//! Viability: the boxes that the platform has around a place or an address, which it geocodes itself (rules V1, V2, V4).
//!
//! `success` is a text, and older installations answer a bare list: a client that knew only that form once found nothing
//! anywhere, and said so for months. Here whatever is not understood is *could not be asked*, and never *none*.

use reqwest::Method;
use serde_json::Value;

use super::Geosite;
use super::api::said_no;
use super::columns::{Feature, Role};
use super::elements::{box_element, occupant_element, splitter_element};
use super::fids::{self, Fids};
use super::guessed::{self, Described};
use super::liberal::{Record, as_flag, as_number, as_text};
use super::url::at;
use super::wkt;
use crate::http::{Answer, Ask, Purpose, not_the_api};
use crate::{Around, Failure, FailureKind, Haste, NearBox, Nearby, Place, SplitterElement, WholeBox};

impl Geosite {
    /// The boxes within the radius, with and without free ports, in the platform's order. What is not understood is no empty
    /// list.
    pub(super) async fn near(&self, asked: &Nearby) -> Result<Vec<NearBox>, Failure> {
        let mut url = at(&self.api.base, &["viabilidade", "caixas"]);
        let mut words = vec![("raio", asked.radius_metres.to_string())];
        match &asked.around {
            Around::Place(Place { latitude, longitude }) => {
                words.extend([("latitude", latitude.to_string()), ("longitude", longitude.to_string())]);
            }
            Around::Address(address) => words.push(("endereco", address.clone())),
        }
        url.query_pairs_mut().extend_pairs(words);
        let ask = Ask { method: Method::GET, url, body: None, purpose: asked.haste.purpose() };
        let answer = self.api.ask(&ask).await?.found()?.ok_or_else(not_the_api)?;
        let told = listed(&answer)?;
        let fids = match (self.fids.get(), asked.haste) {
            (Some(known), _) => *known,
            (None, Haste::Background) => self.fids(Purpose::Page).await?,
            // Nobody is kept waiting for it: an id that is wrong for want of it leads to no box.
            (None, Haste::PersonWaits) => Fids::default(),
        };
        let boxes: Vec<NearBox> = told.iter().filter_map(|record| near_box(record, fids)).collect();
        // One that has no id could not be synced; all of them without one is a form that is not known.
        if boxes.is_empty() && !told.is_empty() { Err(not_understood()) } else { Ok(boxes) }
    }

    /// The box of either feature, with its splitters and the customers on them.
    pub(super) async fn whole(&self, id: &str) -> Result<Option<WholeBox>, Failure> {
        let (features, fid) = fids::parts(id);
        for feature in features.iter().copied() {
            let layout = self.layouts.of(&self.api, feature).await?;
            let fids = self.fids_for(&layout, Purpose::Search).await?;
            let rows = self.noting(feature, self.api.having(&layout, &Described::key(), fid).await).await?;
            let found = rows.first().and_then(|row| box_element(&layout, row, fids));
            let Some(element) = found.filter(|element| element.external_id == id) else { continue };
            let splitters = self.splitters_in(id).await?;
            let mut occupants = Vec::new();
            let customers = self.layouts.of(&self.api, Feature::Customer).await?;
            for splitter in splitters.iter().filter(|splitter| !splitter.ports.is_empty()) {
                let rows = self.customers_having(&customers, Role::Splitter, &splitter.external_id).await?;
                occupants.extend(rows.iter().filter_map(|row| occupant_element(&customers, row)));
            }
            return Ok(Some(WholeBox { element, splitters, occupants }));
        }
        Ok(None)
    }

    /// A splitter's box may be named in one of several columns.
    async fn splitters_in(&self, id: &str) -> Result<Vec<SplitterElement>, Failure> {
        let layout = self.layouts.of(&self.api, Feature::Splitter).await?;
        let fids = self.fids_for(&layout, Purpose::Search).await?;
        let mut splitters: Vec<SplitterElement> = Vec::new();
        for column in layout.columns(Role::Parent) {
            let found = self.api.having(&layout, column, fids::parts(id).1).await;
            let rows = self.noting(Feature::Splitter, found).await?;
            let found = rows.iter().filter_map(|row| splitter_element(&layout, row, fids));
            splitters.extend(found.filter(|splitter| splitter.box_external_id == id));
        }
        splitters.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        splitters.dedup_by(|a, b| a.external_id == b.external_id);
        Ok(splitters)
    }
}

/// `{success: "true", caixas: […]}`, or the list alone.
fn listed(answer: &Answer) -> Result<Vec<Record>, Failure> {
    if answer.begins_with(b'[') {
        return answer.json();
    }
    let mut told: Record = answer.json()?;
    match (told.get("success").and_then(as_flag), told.remove("caixas")) {
        (Some(true), Some(Value::Array(list))) => {
            list.into_iter().map(|each| serde_json::from_value(each).map_err(|_| not_understood())).collect()
        }
        (Some(false), _) => Err(said_no(answer)),
        _ => Err(not_understood().quoting(answer.words())),
    }
}

/// Told by the type that stands before the name: `CTO: …`, or another one.
fn feature_of(told: &Record) -> Feature {
    let kind = told.get("tipoCodigo").and_then(as_text).filter(|kind| kind.contains(':'));
    if kind.is_none_or(|kind| guessed::attends(&kind)) { Feature::Cto } else { Feature::SpliceBox }
}

fn near_box(told: &Record, fids: Fids) -> Option<NearBox> {
    let text = |name: &str| told.get(name).and_then(as_text);
    let number = |name: &str| told.get(name).and_then(as_number);
    let kind = text("tipoCodigo").unwrap_or_default();
    let name = kind.split_once(':').map_or(kind.as_str(), |(_, name)| name).trim().to_owned();
    let free = number("qtdDisponivel").or_else(|| number("qtdTotalDisponivel"));
    Some(NearBox {
        external_id: fids.external_id(feature_of(told), &text("fid")?),
        name,
        place: text("geometryCaixaEmenda").and_then(|wkt| wkt::points(&wkt).first().copied()),
        distance_metres: number("distancia"),
        free_ports: free.filter(|free| (0.0..100_000.0).contains(free)).map(|free| free as u32),
    })
}

fn not_understood() -> Failure {
    Failure::new(
        FailureKind::Transient,
        "geosite.viability_not_understood",
        "a resposta do Geosite sobre a viabilidade não foi entendida: não significa que não há cobertura",
        "Geosite's answer about viability is not understood: it does not mean that there is no coverage",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn v2_a_box_is_read_in_both_versions() {
        let read = |value: Value| near_box(value.as_object().unwrap(), Fids::Unique).unwrap();
        let newer = read(json!({"fid": 7, "tipoCodigo": "CTO: 0012", "distancia": "42.5", "qtdDisponivel": 3,
            "geometryCaixaEmenda": "POINT(-48.25 -27.5)"}));
        let older = read(json!({"fid": "7", "tipoCodigo": "CTO:0012", "distancia": 42.5, "qtdTotalDisponivel": "3",
            "geometryCaixaEmenda": "POINT (-48.25 -27.5)"}));
        assert_eq!(newer, older);
        assert_eq!(newer.place, Some(Place { latitude: -27.5, longitude: -48.25 }));
        assert_eq!((newer.name.as_str(), newer.free_ports, newer.distance_metres), ("0012", Some(3), Some(42.5)));
        assert_eq!(near_box(json!({"tipoCodigo": "CTO: 1"}).as_object().unwrap(), Fids::Unique), None);
        let id = |value: Value| near_box(value.as_object().unwrap(), Fids::PerFeature).unwrap().external_id;
        assert_eq!(id(json!({"fid": 7, "tipoCodigo": "CE: 0012"})), "caixaEmenda:7");
        assert_eq!((id(json!({"fid": 7, "tipoCodigo": "CTO: 0012"})), id(json!({"fid": 7}))), ("7".into(), "7".into()));
    }
}
