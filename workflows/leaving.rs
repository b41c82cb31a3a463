//! A service leaves ports: what unbind, migrate and retirement do alike (rules B3, B5, B6, B10).
//!
//! A port is looked at, and the service's customer, and nobody else, is taken off it. Where nothing says on which port the
//! service sits, the platforms are asked.

use mapping::{Change, Port, Transmission};
use platforms::{Occupancy, Seat};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Later, Network, Ports, Trouble};

/// What the platform shows on a port that a service leaves.
pub(crate) enum There {
    /// Somebody who is to be taken off.
    Seat(Seat),
    /// Nobody is.
    Free,
    /// Somebody else, who stays; the difference is for a person.
    Else(Change),
}

/// B3: only the service's own customer is taken off, unless a superseded bind left it to later work to clear the port.
pub(crate) async fn there(
    network: &dyn Network,
    port: &Port,
    service: i64,
    shown: Occupancy,
) -> Result<There, Trouble> {
    let differs = |kind: &str, theirs| {
        There::Else(Change::Discrepancy {
            port: port.id,
            kind: kind.to_owned(),
            ours: json!({ "id_cliente_servico": port.occupant }),
            theirs,
        })
    };
    Ok(match shown {
        Occupancy::Taken(seat) | Occupancy::Reserved(seat)
            if port.to_clear || is_of(&seat, service) || is_as_synced(network, port, &seat).await? =>
        {
            There::Seat(seat)
        }
        Occupancy::Free | Occupancy::Blocked | Occupancy::NoSuchPort => There::Free,
        Occupancy::Taken(seat) | Occupancy::Reserved(seat) => {
            differs("other_occupant", json!({ "code": seat.code, "external_id": seat.external_id }))
        }
        Occupancy::TakenByEquipment => differs("taken_by_equipment", json!({ "equipment": true })),
    })
}

/// Whether this is the service's own seat.
pub(crate) fn is_of(seat: &Seat, service: i64) -> bool {
    seat.code.as_deref() == Some(&service.to_string())
}

/// Whether this is the seat that HubSoft's port was last known by, and its code names no service of HubSoft's: a sync recognised the
/// customer by the document (S4), and the code is the platform's own. Where HubSoft says that somebody sits there, it is his.
async fn is_as_synced(network: &dyn Network, port: &Port, seat: &Seat) -> Result<bool, Trouble> {
    if port.occupant.is_some() || port.seat.as_deref() != Some(seat.external_id.as_str()) {
        return Ok(false);
    }
    match seat.code.as_deref().and_then(|code| code.parse().ok()) {
        Some(code) => Ok(network.service(code).await?.is_none()),
        None => Ok(true),
    }
}

/// Whether HubSoft may have put the service back on the port since: only one piece of work for both can have done so. Other work for
/// the port, asked for over HTTP, waits for the service to leave it.
pub(crate) async fn put_back(network: &dyn Network, port: i64, service: i64, position: i64) -> Result<Later, Trouble> {
    network.later_work(&[format!("service:{service}"), format!("port:{port}")], position).await
}

/// B10: what these ports show once the service is off them; nothing where nothing is sent for them.
pub(crate) async fn told_off(network: &dyn Network, ports: &[i64]) -> Result<Vec<Change>, Trouble> {
    let mut told = Vec::new();
    for id in ports {
        if crate::sendable(network.port(*id).await?, *id).is_ok() {
            told.push(Change::Transmission { port: *id, shows: Transmission::Sent(None) });
        }
    }
    Ok(told)
}

/// The integrations of these ports, each once.
pub(crate) async fn integrations_of(network: &dyn Network, ports: &[i64]) -> Result<Vec<i64>, Trouble> {
    let mut all = Vec::new();
    for id in ports {
        if let Ok((_, integration)) = crate::sendable(network.port(*id).await?, *id)
            && !all.contains(&integration.id)
        {
            all.push(integration.id);
        }
    }
    Ok(all)
}

/// A search for a service, a page of one platform's answer a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The integrations that are still to be asked, the one whose turn it is first.
    pub integrations: Vec<i64>,
    /// Where its next page begins; none: at the first.
    pub cursor: Option<String>,
}

/// What a page of a search came to.
pub(crate) enum Found {
    /// The service sits on these ports, and has to leave them.
    On(Vec<i64>),
    /// It is not on this page, and there is more to ask.
    GoOn(Search),
    /// It sits nowhere.
    Nowhere,
}

impl Search {
    /// A search that has not begun.
    pub(crate) fn of(integrations: Vec<i64>) -> Self {
        Self { integrations, cursor: None }
    }

    /// Asks for a page. Ports that were not synced are none that anything is sent for (B1), and where HubSoft says that the
    /// service sits by now, it stays. One page that shows it is enough: a customer sits on one port, and a person settles
    /// what a sync finds beyond that (S6). An integration that is inactive is not asked (D4).
    pub(crate) async fn ask(self, ports: &Ports, service: i64) -> Result<Found, Trouble> {
        let Self { mut integrations, cursor } = self;
        let Some(&id) = integrations.first() else { return Ok(Found::Nowhere) };
        let active = ports.network.integration(id).await?.is_some_and(|integration| integration.active);
        let page = match active {
            true => Some(ports.maps.of(id).await?.search(&service.to_string(), cursor.as_deref()).await?),
            false => None,
        };
        let next = page.as_ref().and_then(|page| page.next.clone());
        let mut on = Vec::new();
        for seat in page.into_iter().flat_map(|page| page.items) {
            let (Some(splitter), Some(sequencia)) = (&seat.splitter_external_id, seat.sequencia) else { continue };
            let Some(port) = ports.network.port_at(id, splitter, sequencia).await? else { continue };
            let stays = ports.network.port(port).await?.is_none_or(|port| port.occupant == Some(service));
            if !stays && !on.contains(&port) {
                on.push(port);
            }
        }
        if next.is_none() {
            integrations.remove(0);
        }
        Ok(match (on.is_empty(), integrations.is_empty()) {
            (false, _) => Found::On(on),
            (true, false) => Found::GoOn(Self { integrations, cursor: next }),
            (true, true) => Found::Nowhere,
        })
    }
}
