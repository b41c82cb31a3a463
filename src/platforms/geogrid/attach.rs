//! Writes: a customer put on a port, and taken off it. Each is made once; a lost answer is the caller's to settle.

use reqwest::Method;
use serde_json::json;

use super::clients::hiding;
use super::outputs::{Hold, outputs};
use super::seat_id::SeatId;
use super::wire::Item;
use super::{GeoGrid, envelope, guessed, refusal};
use crate::http::Answer;
use crate::{CustomerToAttach, Failure, FailureKind, Occupancy, Place, PortAddress, Seat};

impl GeoGrid {
    /// Two writes at most: the customer's record, where he has none, then the attendance. A record without an attendance does no
    /// harm, and is found by its code when this is tried again.
    ///
    /// The place that is sent is the box's own, whatever the customer's is: from more than about two metres away the platform
    /// draws an access point and a drop.
    pub(super) async fn put(
        &self,
        port: &PortAddress,
        customer: &CustomerToAttach,
        seats: &[Seat],
    ) -> Result<(), Failure> {
        let id = match &port.port_external_id {
            Some(id) => id.clone(),
            None => self.output(port).await?.and_then(|output| output.id).ok_or_else(refusal::no_such_port)?,
        };
        let place = match port.place {
            Some(place) => place,
            None => self.place_of(&port.box_external_id).await?,
        };
        let client = self.client_for(customer, seats).await?;
        let answer = self.attend(&id, &client, place).await?;
        self.judge(answer, port, customer).await.map_err(|failure| hiding(failure, customer))
    }

    async fn attend(&self, port: &str, client: &str, place: Place) -> Result<Answer, Failure> {
        let local = json!({ "latitude": place.latitude, "longitude": place.longitude });
        let body = json!({ "idPorta": guessed::id(port), "idCliente": guessed::id(client), "local": local });
        self.api.write(Method::POST, &["integracao", "atender"], Some(body)).await
    }

    /// Where the item is now.
    async fn place_of(&self, item: &str) -> Result<Place, Failure> {
        let answer = self.api.look(&["itensRede", item, "mapa"]).await?;
        // A removed item is `false`, or nothing at all.
        let found = refusal::found(answer)?.map(|answer| envelope::things(&answer)).transpose()?;
        let item: Option<Item> = envelope::read(found.unwrap_or_default()).into_iter().next();
        item.ok_or_else(refusal::no_such_port)?.place().ok_or_else(refusal::no_place)
    }

    /// A refusal is keyed by a field, and which one is known for reservations alone: so the port is looked at. Where that fails,
    /// so does the write: nothing was done, and whether a person has to decide is known only after a look.
    async fn judge(&self, answer: Answer, port: &PortAddress, customer: &CustomerToAttach) -> Result<(), Failure> {
        if !matches!(answer.status.as_u16(), 400 | 409 | 422) {
            return answer.checked().map(drop);
        }
        match self.look(port).await? {
            Occupancy::Taken(seat) if seat.code.as_deref() == Some(&customer.code) => Ok(()),
            Occupancy::Taken(_) | Occupancy::TakenByEquipment => Err(answer.failure().coded("geogrid.port_taken")),
            Occupancy::Reserved(_) | Occupancy::Blocked => Err(answer.failure().coded("geogrid.port_reserved")),
            Occupancy::Free | Occupancy::NoSuchPort => Err(answer.failure()),
        }
    }

    /// One write where the customer is attended. It names the port and the customer, so that it removes nobody else, whoever was
    /// put there since the seat was seen: then there is no such attendance, which is as good as done.
    pub(super) async fn take_off(&self, seat: &Seat) -> Result<(), Failure> {
        let seat = SeatId::read(&seat.external_id).ok_or_else(refusal::no_port_known)?;
        let answer = self.remove(&seat).await?;
        if refusal::names(&answer, refusal::RESERVED_PORT) {
            return self.release(&seat).await;
        }
        refusal::found(answer).map(drop)
    }

    /// A mere reservation cannot be removed: its customer is attended first, and then removed. Two writes more, and only if the
    /// port is still his: else he would be put on a port that is somebody else's by now. The refusal says that it is a
    /// reservation, even where the row looks like an attendance.
    async fn release(&self, seat: &SeatId<'_>) -> Result<(), Failure> {
        let equipment = self.equipment_in(seat.item).await?;
        let output = equipment.iter().flat_map(outputs).find(|output| output.id.as_deref() == Some(seat.port));
        match output.map(|output| output.hold) {
            Some(Hold::Reserved(Some(holder)) | Hold::Attended(holder)) if holder.client == seat.client => {}
            Some(Hold::Reserved(None)) => return Err(kept_for_nobody()),
            _ => return Ok(()),
        }
        let place = self.place_of(seat.item).await?;
        self.attend(seat.port, seat.client, place).await?.checked()?;
        refusal::found(self.remove(seat).await?).map(drop)
    }

    async fn remove(&self, seat: &SeatId<'_>) -> Result<Answer, Failure> {
        self.api.write(Method::DELETE, &["integracao", "atender", seat.port, seat.client], None).await
    }
}

fn kept_for_nobody() -> Failure {
    Failure::new(
        FailureKind::Rejected,
        "geogrid.port_reserved",
        "a porta está reservada no GeoGrid sem cliente: libere a reserva no painel",
        "the port is reserved in GeoGrid without a customer: release it in the panel",
    )
}
