//! Who sits where (rules S4, S5): first all customers are read, then the ports that are taken.

use serde::{Deserialize, Serialize};

use super::api::{LARGEST_PAGE, Listing, Rows};
use super::cursor::{self, Cursor};
use super::directory::Person;
use super::outputs::{Hold, Holder, outputs};
use super::seat_id::SeatId;
use super::wire::{Client, EquipmentRow};
use super::{GeoGrid, guessed, plain};
use crate::http::Purpose;
use crate::{Failure, OccupantElement, Page, PlatformCustomer};

/// Where it goes on.
#[derive(Serialize, Deserialize)]
struct At {
    /// The customers to be read before the ports; none: they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clients: Option<Cursor>,
    /// The boxes to be asked about.
    ports: Cursor,
}

impl Default for At {
    fn default() -> Self {
        Self { clients: Some(Cursor::default()), ports: Cursor::default() }
    }
}

impl At {
    /// A page on which nobody is, which leads here.
    fn page(self) -> Page<OccupantElement> {
        Page { items: Vec::new(), next: cursor::write(&self), total: None }
    }
}

impl GeoGrid {
    pub(super) async fn occupant_page(&self, stored: Option<&str>) -> Result<Page<OccupantElement>, Failure> {
        let at: At = cursor::read(stored)?;
        match at.clients {
            Some(clients) => self.people_page(clients, at.ports).await,
            None if self.directory.is_complete() => self.taken_page(at.ports).await,
            // The process that had read the customers is gone.
            None => Ok(At { clients: Some(Cursor::default()), ports: at.ports }.page()),
        }
    }

    async fn people_page(&self, at: Cursor, ports: Cursor) -> Result<Page<OccupantElement>, Failure> {
        if at.page == 1 {
            self.directory.forget();
        }
        if !self.directory.expects(at.page) {
            return Ok(At { clients: Some(Cursor::default()), ports }.page());
        }
        let path = guessed::CLIENTS;
        let listing = Listing { path: &path, filter: &[], size: LARGEST_PAGE, purpose: Purpose::Page };
        let Rows { rows, next, .. } = self.api.page::<Client>(listing, &at).await?;
        self.directory.take(at.page, rows, next.is_none());
        Ok(At { clients: next, ports }.page())
    }

    async fn taken_page(&self, at: Cursor) -> Result<Page<OccupantElement>, Failure> {
        let (boxes, next) = self.boxes_together(&at).await?;
        let mut items = Vec::new();
        for row in self.equipment_of(&boxes, true).await? {
            self.occupants_of(&row, &mut items).await?;
        }
        if next.is_none() {
            self.directory.forget();
        }
        let next = next.and_then(|ports| cursor::write(&At { clients: None, ports }));
        Ok(Page { items, next, total: None })
    }

    async fn occupants_of(&self, row: &EquipmentRow, found: &mut Vec<OccupantElement>) -> Result<(), Failure> {
        let (Some(splitter), Some(item)) = (row.id(), row.item()) else { return Ok(()) };
        for output in outputs(row) {
            let (holder, customer) = match output.hold {
                Hold::Attended(holder) => (holder.client.clone(), self.customer(holder).await?),
                Hold::Reserved(Some(holder)) => (holder.client.clone(), reserved(holder)),
                Hold::Reserved(None) | Hold::Equipment | Hold::Free => continue,
            };
            let port = output.id.as_deref().unwrap_or_default();
            found.push(OccupantElement {
                splitter_external_id: splitter.to_owned(),
                sequencia: output.sequencia,
                external_id: SeatId { item, port, client: &holder }.write(),
                customer: Some(customer),
            });
        }
        Ok(())
    }

    async fn customer(&self, holder: Holder) -> Result<PlatformCustomer, Failure> {
        let person = self.person(&holder.client).await?;
        Ok(PlatformCustomer {
            code: holder.code.or(person.code.map(String::from)),
            name: holder.name.as_deref().map(plain::text),
            document: holder.document.or(person.document.map(String::from)),
        })
    }

    /// What the directory knows of him. Whoever came since it was read is asked for by himself: without his code, the next rule
    /// would take a customer whom enlace has just put there for a stranger.
    async fn person(&self, id: &str) -> Result<Person, Failure> {
        if let Some(person) = self.directory.find(id) {
            return Ok(person);
        }
        let person: Person = self.client_called(id).await?.map(Person::from).unwrap_or_default();
        self.directory.note(id, person.clone());
        Ok(person)
    }
}

/// For whom a port is kept. He is not attended there, so nothing by which HubSoft could take him for the occupant is told: the
/// port becomes reserved there too, with his name (rule S5).
fn reserved(holder: Holder) -> PlatformCustomer {
    let name = holder.name.as_deref().map(plain::text).unwrap_or_default();
    PlatformCustomer { code: None, name: Some(format!("{name} (reserva)").trim_start().to_owned()), document: None }
}
