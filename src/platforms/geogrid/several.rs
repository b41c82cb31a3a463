//! The equipment of many items: in one call where the platform can, which at a call a second is what a sync lives on, else item by
//! item. Nobody has written down which of the ways works: an account finds it out once, and asks in that way from then on.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::api::{LARGEST_PAGE, Listing};
use super::wire::{self, EquipmentRow};
use super::{GeoGrid, guessed, refusal};
use crate::Failure;
use crate::http::Purpose;

/// Items that are asked about alone, of those on which a way said nothing, to see whether it is right.
const SAMPLE: usize = 10;

/// How many items are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// All ids in one parameter.
    Joined,
    /// A parameter for each.
    Repeated,
    /// A call for each.
    Alone,
}

/// The way that works, once it is known. Forgotten by a restart.
#[derive(Default)]
pub(super) struct Ways(Mutex<Option<Way>>);

impl Ways {
    fn known(&self) -> Option<Way> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn works(&self, way: Way) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(way);
    }

    /// Whether each item is known to cost a call.
    pub(super) fn each_alone(&self) -> bool {
        self.known() == Some(Way::Alone)
    }
}

impl GeoGrid {
    /// The equipment of many items with its ports. `taken`: ports that are available need not be among them.
    pub(super) async fn equipment_of(&self, items: &[String], taken: bool) -> Result<Vec<EquipmentRow>, Failure> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        if self.ways.known().is_none() {
            let all = self.find_out(items).await?;
            if !taken || self.ways.known().is_none_or(|way| way == Way::Alone) {
                return Ok(all);
            }
        }
        match self.ways.known() {
            Some(Way::Alone) => self.each_alone(items).await,
            way => self.together(way.unwrap_or(Way::Joined), items, taken).await,
        }
    }

    /// All equipment of these items, by the first way that works; which one that is stays open where they are too few to tell.
    async fn find_out(&self, items: &[String]) -> Result<Vec<EquipmentRow>, Failure> {
        let (mut shown, mut failed) = (None, None);
        for way in [Way::Joined, Way::Repeated] {
            match self.together(way, items, false).await {
                Ok(rows) if spoken_of(&rows).len() >= items.len().min(2) => {
                    // Of one, every way knows.
                    if items.len() > 1 {
                        self.ways.works(way);
                    }
                    return Ok(rows);
                }
                Ok(rows) => shown = shown.filter(|_| rows.is_empty()).or(Some(rows)),
                Err(failure) if is_no_way(&failure) => failed = failed.or(Some(failure)),
                Err(failure) => return Err(failure),
            }
        }
        if let Some(rows) = shown
            && !self.leaves_out(&rows, items).await?
        {
            return Ok(rows);
        }
        let rows = self.each_alone(items).await?;
        match failed {
            // Nothing is no answer here, and would take everything off the map (S9).
            Some(failure) if rows.is_empty() => Err(failure),
            _ => {
                self.ways.works(Way::Alone);
                Ok(rows)
            }
        }
    }

    /// Whether there is equipment in an item on which these rows say nothing.
    async fn leaves_out(&self, rows: &[EquipmentRow], items: &[String]) -> Result<bool, Failure> {
        let spoken_of = spoken_of(rows);
        let silent: Vec<&String> = items.iter().filter(|item| !spoken_of.contains(item.as_str())).collect();
        for item in silent.iter().step_by(silent.len().div_ceil(SAMPLE).max(1)) {
            if !self.alone(item).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn together(&self, way: Way, items: &[String], taken: bool) -> Result<Vec<EquipmentRow>, Failure> {
        let (joined, [one, each]) = (guessed::several(items), guessed::ITEMS);
        let mut filter: Vec<(&str, &str)> = match way {
            Way::Repeated => items.iter().map(|item| (each, item.as_str())).collect(),
            Way::Joined | Way::Alone => vec![(one, joined.as_str())],
        };
        if taken {
            filter.push(("disponivel", "N"));
        }
        let path = guessed::SEVERAL_ITEMS;
        let listing = Listing { path: &path, filter: &filter, size: LARGEST_PAGE, purpose: Purpose::Page };
        let mut rows = wire::equipment(self.api.about_many(listing).await?);
        if rows.iter().any(|row| row.item().is_none()) {
            return Err(refusal::no_item());
        }
        rows.retain(|row| row.item().is_some_and(|item| items.iter().any(|asked| asked == item)));
        for row in &mut rows {
            let item = row.item().unwrap_or_default().to_owned();
            guessed::in_item(row, &item);
        }
        Ok(rows)
    }

    async fn each_alone(&self, items: &[String]) -> Result<Vec<EquipmentRow>, Failure> {
        let mut rows = Vec::new();
        for item in items {
            rows.extend(self.alone(item).await?);
        }
        Ok(rows)
    }

    async fn alone(&self, item: &str) -> Result<Vec<EquipmentRow>, Failure> {
        let mut rows = self.equipment_in(item).await?;
        rows.retain(|row| row.item() == Some(item));
        Ok(rows)
    }
}

fn spoken_of(rows: &[EquipmentRow]) -> HashSet<&str> {
    rows.iter().filter_map(EquipmentRow::item).collect()
}

/// Whether it says that this is no way to ask, and not that the account may not or should wait.
fn is_no_way(failure: &Failure) -> bool {
    matches!(failure.code, "http.not_found" | "http.rejected" | "http.not_the_api" | "geogrid.no_item")
}
