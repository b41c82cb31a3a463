//! A look at one port: the splitter, and the customers who say that they are on it.

use super::Geosite;
use super::columns::{Feature, Layout, Role};
use super::elements::outputs_of;
use super::guessed::{self, Described};
use super::listing::Row;
use super::seats::seat_of;
use crate::{Failure, Occupancy, PortAddress};

impl Geosite {
    pub(super) async fn look(&self, port: &PortAddress) -> Result<Occupancy, Failure> {
        let splitters = self.layouts.of(&self.api, Feature::Splitter).await?;
        let found = self.api.having(&splitters, &Described::key(), &port.splitter_external_id).await;
        let found = self.noting(Feature::Splitter, found).await?;
        let Some(splitter) = found.first() else { return Ok(Occupancy::NoSuchPort) };
        let outputs = outputs_of(&splitters, splitter);
        let there = usize::try_from(port.sequencia).is_ok_and(|output| outputs.is_none_or(|outputs| output < outputs));
        if !there {
            return Ok(Occupancy::NoSuchPort);
        }
        let customers = self.layouts.of(&self.api, Feature::Customer).await?;
        let on_it = self.customers_having(&customers, Role::Splitter, &port.splitter_external_id).await?;
        let holders = on_it.iter().filter(|row| sits_on(&customers, row, port.sequencia));
        // Nothing keeps two customers from one port there: the one who has been there longest is dealt with first.
        let holder = holders.min_by_key(|row| (row.fid.parse::<u64>().unwrap_or(u64::MAX), &row.fid));
        Ok(holder.map_or(Occupancy::Free, |row| Occupancy::Taken(seat_of(&customers, row))))
    }
}

fn sits_on(layout: &Layout, row: &Row, sequencia: i32) -> bool {
    layout.text(&row.record, Role::Port).and_then(|port| guessed::sequencia(&port)) == Some(sequencia)
}
