//! The ports of one customer: of a customer this platform tells none, so all boxes are gone through, a hundred in two calls,
//! and only the ports that are taken. Ten thousand boxes are a few minutes at a call a second; each page can be the last
//! one that is needed.

use serde::{Deserialize, Serialize};

use super::GeoGrid;
use super::cursor::{self, Cursor};
use super::outputs::{Hold, outputs};
use super::seat_id::SeatId;
use super::wire::EquipmentRow;
use crate::{Failure, Page, Seat};

/// Where it goes on.
#[derive(Serialize, Deserialize)]
struct At {
    /// The platform's id of the customer.
    client: String,
    /// The boxes to be asked about.
    boxes: Cursor,
}

impl GeoGrid {
    /// A customer without a record sits nowhere, which takes one call to know.
    pub(super) async fn search_page(&self, code: &str, stored: Option<&str>) -> Result<Page<Seat>, Failure> {
        let At { client, boxes } = match cursor::read::<Option<At>>(stored)? {
            Some(at) => at,
            None => match self.client_with(code).await?.and_then(|client| client.id) {
                Some(client) => At { client, boxes: Cursor::default() },
                None => return Ok(Page { items: Vec::new(), next: None, total: None }),
            },
        };
        let (together, next) = self.boxes_together(&boxes).await?;
        let equipment = self.equipment_of(&together, true).await?;
        let items = equipment.iter().flat_map(|row| seats_in(row, &client, code)).collect();
        let next = next.and_then(|boxes| cursor::write(&At { client, boxes }));
        Ok(Page { items, next, total: None })
    }
}

/// The outputs that are this customer's, be it that they are only kept for him.
fn seats_in(row: &EquipmentRow, client: &str, code: &str) -> Vec<Seat> {
    let (Some(splitter), Some(item)) = (row.id(), row.item()) else { return Vec::new() };
    let his = outputs(row).into_iter().filter(|output| match &output.hold {
        Hold::Attended(holder) | Hold::Reserved(Some(holder)) => holder.client == client,
        Hold::Reserved(None) | Hold::Equipment | Hold::Free => false,
    });
    his.map(|output| Seat {
        external_id: SeatId { item, port: output.id.as_deref().unwrap_or_default(), client }.write(),
        code: Some(code.to_owned()),
        customer_external_id: Some(client.to_owned()),
        drop_external_id: None,
        splitter_external_id: Some(splitter.to_owned()),
        sequencia: Some(output.sequencia),
    })
    .collect()
}
