//! Which box a `fid` means: boxes are of two features, and an installation may count each feature's records by itself. Then a
//! `cto` 1 and a `caixaEmenda` 1 are two boxes, and the second one's id here names its feature too.
//!
//! Which way it is is told by the first boxes of both: where most that share a `fid` are in different places, each feature
//! counts by itself. Where they are the same boxes, seen in two tables, or share none, ids stay what they always were.

use std::collections::HashMap;

use super::Geosite;
use super::columns::{Feature, Layout, Role};
use super::elements::BOXES;
use super::guessed::parent_feature;
use super::listing::{LIMIT, Row};
use crate::http::Purpose;
use crate::{Failure, Place};

/// How `fid`s of boxes are given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fids {
    /// No two boxes share one.
    #[default]
    Unique,
    /// A box of the other feature may have the same.
    PerFeature,
}

impl Fids {
    /// The id of the box of this feature.
    pub(super) fn external_id(self, feature: Feature, fid: &str) -> String {
        match (self, feature) {
            (Self::PerFeature, Feature::SpliceBox) => format!("{}:{fid}", feature.path()),
            _ => fid.to_owned(),
        }
    }
}

/// The features that a box of this id may be of, and its `fid`.
pub(super) fn parts(external_id: &str) -> (&'static [Feature], &str) {
    match external_id.split_once(':') {
        Some((feature, fid)) if feature == Feature::SpliceBox.path() => (&[Feature::SpliceBox], fid),
        _ => (&BOXES, external_id),
    }
}

impl Geosite {
    /// The same, asked only where records of this layout can be splice boxes or name them.
    pub(super) async fn fids_for(&self, layout: &Layout, purpose: Purpose) -> Result<Fids, Failure> {
        let names_one = || layout.columns(Role::Parent).iter().any(|c| parent_feature(c) == Feature::SpliceBox);
        let needed = layout.feature == Feature::SpliceBox || names_one();
        if needed { self.fids(purpose).await } else { Ok(Fids::default()) }
    }

    /// How this installation gives them out; kept once there are boxes of both features to tell it.
    pub(super) async fn fids(&self, purpose: Purpose) -> Result<Fids, Failure> {
        if let Some(known) = self.fids.get() {
            return Ok(*known);
        }
        let mut boxes = Vec::new();
        for feature in BOXES {
            let layout = self.layouts.of(&self.api, feature).await?;
            let listed = self.api.listed(&layout, None, 0..LIMIT, purpose).await;
            let rows = self.noting(feature, listed).await?.rows;
            boxes.push(rows.iter().map(|row| identity(&layout, row)).collect::<HashMap<_, _>>());
        }
        let told = compared(&boxes[0], &boxes[1]);
        if boxes.iter().all(|known| !known.is_empty()) {
            let _ = self.fids.set(told);
        }
        Ok(told)
    }
}

/// What tells a box from another one, by its `fid`.
type Identity = (Option<Place>, Option<String>);

fn identity(layout: &Layout, row: &Row) -> (String, Identity) {
    (row.fid.clone(), (layout.place(&row.record), layout.text(&row.record, Role::Name)))
}

fn compared(a: &HashMap<String, Identity>, b: &HashMap<String, Identity>) -> Fids {
    let shared: Vec<bool> = a.iter().filter_map(|(fid, one)| Some(is_other(one, b.get(fid)?))).collect();
    let others = shared.iter().filter(|other| **other).count();
    if others * 2 > shared.len() { Fids::PerFeature } else { Fids::Unique }
}

fn is_other((here, name): &Identity, (there, other_name): &Identity) -> bool {
    here.zip(*there).map_or_else(|| name != other_name, |(here, there)| here != there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxes(fids: std::ops::Range<u32>, latitude: f64) -> HashMap<String, Identity> {
        let place = |fid: u32| Place { latitude, longitude: f64::from(fid) };
        fids.map(|fid| (fid.to_string(), (Some(place(fid)), None))).collect()
    }

    #[test]
    fn s2_fids_are_each_features_own_where_boxes_that_share_one_are_elsewhere() {
        assert_eq!(compared(&boxes(1..9, 1.0), &boxes(9..12, 2.0)), Fids::Unique);
        assert_eq!(compared(&boxes(1..9, 1.0), &boxes(8..12, 2.0)), Fids::PerFeature);
        assert_eq!(compared(&boxes(1..9, 1.0), &boxes(1..9, 1.0)), Fids::Unique, "one table seen through another");
        assert_eq!(compared(&HashMap::new(), &boxes(1..9, 1.0)), Fids::Unique);
    }

    #[test]
    fn s2_the_id_of_a_cto_is_its_fid_either_way() {
        for fids in [Fids::Unique, Fids::PerFeature] {
            assert_eq!(fids.external_id(Feature::Cto, "7"), "7");
        }
        assert_eq!(Fids::Unique.external_id(Feature::SpliceBox, "7"), "7");
        let splice = Fids::PerFeature.external_id(Feature::SpliceBox, "7");
        assert_eq!(parts(&splice), (&[Feature::SpliceBox][..], "7"));
        assert_eq!(parts("7"), (&BOXES[..], "7"));
    }
}
