//! Seats: the property that ties a customer to a port, found by the customer's code, and made whole where the server
//! tells less than is needed.

use reqwest::Method;
use serde_json::Value;

use super::OzMap;
use super::cursor::Cursor;
use super::elements::in_project;
use super::splitter::Splitter;
use super::url::at;
use super::wire::{Client, ClientRow, Fiber, Property, Row};
use crate::http::{Answer, Ask, Purpose, not_the_api};
use crate::{Failure, Seat};

/// A box has fewer fibers plugged into its splitters than this; more are not asked for one by one.
const MOST_FIBERS: usize = 128;
/// A box has fewer splitters or homes than fill this many pages, unless the server ignores filters.
pub(super) const MOST_PAGES: usize = 5;

impl OzMap {
    /// Where the customer with this code sits; in another project than the integration's own counts as nowhere (D5).
    pub(super) async fn seats(&self, code: &str) -> Result<Vec<Seat>, Failure> {
        let project = self.projects.wanted_id(&self.api, Purpose::Search).await?;
        let is_own = |home: &Row<Property>| {
            let other = home.client.as_ref().and_then(|c| c.code.as_deref()).is_some_and(|c| c != code);
            !other && in_project(home, project.as_deref())
        };
        let mut seats = Vec::new();
        for home in self.homes_of(code).await?.into_iter().filter(is_own) {
            // A row that was slim tells its project and its customer only now.
            let Some(home) = Some(self.whole_home(home, Purpose::Search).await?).filter(is_own) else { continue };
            let customer = Client { code: Some(code.to_owned()), ..home.client.clone().unwrap_or_default() };
            seats.extend(seat_of(&home, Some(customer)));
        }
        Ok(seats)
    }

    /// The homes of the customer with this code, in whatever project.
    async fn homes_of(&self, code: &str) -> Result<Vec<Row<Property>>, Failure> {
        let url = at(&self.api.base, &["properties", "client", code]);
        let ask = Ask { method: Method::GET, url, body: None, purpose: Purpose::Search };
        self.api.ask(&ask).await?.found()?.map_or_else(|| Ok(Vec::new()), |answer| homes(&answer))
    }

    /// Who lives there, with his code, which needs a call where the row gives his id alone.
    pub(super) async fn client_of(&self, home: &Row<Property>, purpose: Purpose) -> Result<Option<Client>, Failure> {
        let Some(client) = home.client.clone() else { return Ok(None) };
        match (&client.code, client.id.as_deref()) {
            (None, Some(id)) => {
                let row = self.api.one_for::<ClientRow>(&["ftth-clients", id], purpose).await?;
                Ok(row.and_then(|r| r.0).or(Some(client)))
            }
            _ => Ok(Some(client)),
        }
    }

    /// The home with its connections, unless it has no drop that could be plugged in: of those a map has many.
    pub(super) async fn completed(&self, home: Row<Property>, purpose: Purpose) -> Result<Row<Property>, Failure> {
        if home.drop.is_some() { self.whole_home(home, purpose).await } else { Ok(home) }
    }

    /// The home with its connections. Some answers leave them out: then it is asked for by id, and where that tells
    /// nothing either, its drop is looked for among the fibers plugged in in its box.
    async fn whole_home(&self, home: Row<Property>, purpose: Purpose) -> Result<Row<Property>, Failure> {
        let (None, Some(id)) = (&home.connections, home.id()) else { return Ok(home) };
        let whole = self.api.one_for::<Row<Property>>(&["properties", id], purpose).await?;
        let mut home = whole.unwrap_or(home);
        if home.connections.is_none() {
            self.find_plug(&mut home, purpose).await?;
        }
        Ok(home)
    }

    async fn find_plug(&self, home: &mut Row<Property>, purpose: Purpose) -> Result<(), Failure> {
        let (Some(box_id), Some(drop)) = (home.box_id.clone(), home.drop.clone()) else { return Ok(()) };
        let mut asked = 0;
        for splitter in self.splitters_in(&box_id, purpose).await? {
            for (output, fiber) in splitter.plugged() {
                asked += 1;
                let row = self.api.one_for::<Row<Fiber>>(&["fibers", fiber], purpose).await?;
                if row.as_ref().and_then(|f| f.parent.as_deref()) == Some(drop.as_str()) {
                    home.note_plug(splitter.id(), output, fiber);
                    return Ok(());
                }
                if asked == MOST_FIBERS {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    pub(super) async fn splitters_in(&self, box_id: &str, purpose: Purpose) -> Result<Vec<Row<Splitter>>, Failure> {
        let mut found = Vec::new();
        let mut cursor = Some(Cursor::read(None)?);
        for _ in 0..MOST_PAGES {
            let Some(at) = cursor else { break };
            let page = self.api.list::<Splitter>("splitters", &[("parent", box_id)], &at, purpose).await?;
            found.extend(page.rows.into_iter().filter(|s| s.parent.as_deref() == Some(box_id)));
            cursor = page.next;
        }
        Ok(found)
    }
}

/// The seat that this home is; `None` where it has no id to name it by.
pub(super) fn seat_of(home: &Row<Property>, customer: Option<Client>) -> Option<Seat> {
    let plug = home.plugs().next();
    let customer = customer.unwrap_or_default();
    Some(Seat {
        external_id: home.id()?.to_owned(),
        code: customer.code,
        customer_external_id: customer.id,
        drop_external_id: home.drop.clone(),
        splitter_external_id: plug.map(|(splitter, ..)| splitter.to_owned()),
        sequencia: plug.map(|(_, sequencia, _)| sequencia),
    })
}

/// A bare list, as documented; an envelope, one object or nothing are understood as well.
fn homes(answer: &Answer) -> Result<Vec<Row<Property>>, Failure> {
    let rows = match answer.json::<Option<Value>>() {
        _ if answer.is_empty() => return Ok(Vec::new()),
        Ok(Some(Value::Array(rows))) => rows,
        Ok(Some(Value::Object(mut map))) => match map.remove("rows") {
            Some(Value::Array(rows)) => rows,
            _ if map.contains_key("id") || map.contains_key("_id") => vec![Value::Object(map)],
            _ => return Err(not_the_api()),
        },
        Ok(None) => return Ok(Vec::new()),
        Ok(Some(_)) => return Err(not_the_api()),
        Err(failure) => return Err(failure),
    };
    rows.into_iter().map(|row| serde_json::from_value(row).map_err(|_| not_the_api())).collect()
}
