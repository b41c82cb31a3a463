//! Seats: the customer's record, which names the splitter and the port.

use super::Geosite;
use super::columns::{Feature, Layout, Role};
use super::guessed;
use super::listing::Row;
use crate::{Failure, PlatformCustomer, Seat};

impl Geosite {
    /// Where the customer with this code sits; a record that is on no port is a seat without one.
    pub(super) async fn seats(&self, code: &str) -> Result<Vec<Seat>, Failure> {
        let layout = self.layouts.of(&self.api, Feature::Customer).await?;
        let rows = self.customers_having(&layout, Role::Code, code).await?;
        Ok(rows.iter().map(|row| seat_of(&layout, row)).collect())
    }

    /// The customers whose column for this has this value. The layout found its columns, so that there is one.
    pub(super) async fn customers_having(&self, layout: &Layout, role: Role, value: &str) -> Result<Vec<Row>, Failure> {
        let Some(column) = layout.column(role) else { return Ok(Vec::new()) };
        let found = self.api.having(layout, column, value).await;
        self.noting(Feature::Customer, found).await
    }
}

/// The seat that this record is.
pub(super) fn seat_of(layout: &Layout, row: &Row) -> Seat {
    Seat {
        external_id: row.fid.clone(),
        code: layout.text(&row.record, Role::Code),
        customer_external_id: None,
        drop_external_id: None,
        splitter_external_id: layout.text(&row.record, Role::Splitter),
        sequencia: layout.text(&row.record, Role::Port).and_then(|port| guessed::sequencia(&port)),
    }
}

/// Who that is, for finding his service (rule S4).
pub(super) fn customer_of(layout: &Layout, row: &Row) -> PlatformCustomer {
    PlatformCustomer {
        code: layout.text(&row.record, Role::Code),
        name: layout.text(&row.record, Role::Name),
        document: layout.text(&row.record, Role::Document),
    }
}
