//! The equipment in boxes, and a look at one port of it.

use super::api::{LARGEST_PAGE, Listing};
use super::outputs::{Hold, Holder, Output, outputs};
use super::seat_id::SeatId;
use super::wire::{self, EquipmentRow};
use super::{GeoGrid, guessed, refusal};
use crate::http::Purpose;
use crate::{Failure, Occupancy, PortAddress, Seat};

impl GeoGrid {
    /// The equipment of one item with its ports; none where the item was removed.
    pub(super) async fn equipment_in(&self, item: &str) -> Result<Vec<EquipmentRow>, Failure> {
        let path = ["equipamentos", "itemRede", item, "portas"];
        let listing = Listing { path: &path, filter: &[], size: LARGEST_PAGE, purpose: Purpose::Search };
        let mut rows = wire::equipment(self.api.about_one(listing).await?);
        rows.iter_mut().for_each(|row| guessed::in_item(row, item));
        Ok(rows)
    }

    /// The output with this address, as it is now.
    pub(super) async fn output(&self, port: &PortAddress) -> Result<Option<Output>, Failure> {
        let equipment = self.equipment_in(&port.box_external_id).await?;
        let splitter = equipment.iter().find(|row| row.id() == Some(port.splitter_external_id.as_str()));
        // What became a distribution splitter has no port for a customer any more (rule S3).
        let splitter = splitter.filter(|row| row.facts.atendimento != Some(false));
        Ok(splitter.and_then(|row| outputs(row).into_iter().find(|output| output.sequencia == port.sequencia)))
    }

    pub(super) async fn look(&self, port: &PortAddress) -> Result<Occupancy, Failure> {
        let Some(output) = self.output(port).await? else { return Ok(Occupancy::NoSuchPort) };
        match output.hold {
            Hold::Free => Ok(Occupancy::Free),
            Hold::Equipment => Ok(Occupancy::TakenByEquipment),
            // Nobody can be taken off it: a person who keeps it free has to let it go.
            Hold::Reserved(None) => Ok(Occupancy::Blocked),
            Hold::Reserved(Some(holder)) => Ok(Occupancy::Reserved(self.seat(port, output.id, holder).await?)),
            Hold::Attended(holder) => Ok(Occupancy::Taken(self.seat(port, output.id, holder).await?)),
        }
    }

    /// The seat, with the customer's code, which the port's row does not tell as far as is known.
    async fn seat(&self, port: &PortAddress, id: Option<String>, holder: Holder) -> Result<Seat, Failure> {
        let id = id.or_else(|| port.port_external_id.clone()).ok_or_else(refusal::no_such_port)?;
        let code = match holder.code {
            Some(code) => Some(code),
            // Without his record nobody knows whose port it is, and who is taken for a stranger is taken off it.
            None => self.client_called(&holder.client).await?.ok_or_else(refusal::cannot_tell)?.codigo_integracao,
        };
        let seat = SeatId { item: &port.box_external_id, port: &id, client: &holder.client };
        Ok(Seat {
            external_id: seat.write(),
            code,
            customer_external_id: Some(holder.client.clone()),
            drop_external_id: None,
            splitter_external_id: Some(port.splitter_external_id.clone()),
            sequencia: Some(port.sequencia),
        })
    }
}
