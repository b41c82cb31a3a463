//! A service takes a port: what bind and migrate do alike (rules B2, B6, B9).

use engine::workflow::Workflow;
use mapping::{Change, Port};
use platforms::{CustomerToAttach, Occupancy, Seat};
use serde_json::json;

use crate::{Network, PortToSend, Trouble, leaving::is_of, unbind::Unbind};

/// The codes of an operation's refusals: stable, and its own.
pub(crate) struct Codes {
    pub(crate) port_occupied: &'static str,
    pub(crate) port_reserved: &'static str,
    pub(crate) service_elsewhere: &'static str,
    pub(crate) no_such_service: &'static str,
}

/// Who takes a port, and what may stand in the way.
pub(crate) struct Taking {
    pub(crate) service: i64,
    /// The service that leaves the port for it, if one does.
    pub(crate) instead_of: Option<i64>,
    pub(crate) forcar_troca_porta: bool,
    pub(crate) forcar_remocao_reserva: bool,
}

/// B9: nobody has changed HubSoft's port yet, so this does, unless the project's rules forbid it.
pub(crate) async fn occupy(
    network: &dyn Network,
    port: &Port,
    taking: &Taking,
    codes: &Codes,
) -> Result<Vec<Change>, Trouble> {
    let (service, rules) = (taking.service, port.rules);
    if port.missing {
        return Err(crate::refused_by_drawing(port, "ausente (sincronize o projeto)", "missing (sync the project)"));
    }
    let refuse = |code, message| Err(Trouble::Refused { code, message });
    let mut changes = Vec::new();
    match port.occupant {
        Some(leaves) if taking.instead_of == Some(leaves) => {
            changes.push(Change::Vacate { port: port.id, service: leaves });
        }
        Some(occupant) => {
            return refuse(
                codes.port_occupied,
                format!(
                    "a porta {} já tem o serviço {occupant} no HubSoft: desvincule-o antes / port {} already has service {occupant} in HubSoft: unbind it first",
                    port.id, port.id
                ),
            );
        }
        None => {}
    }
    if port.reserved && rules.bloquear_vinculo_porta_reservada && !taking.forcar_remocao_reserva {
        return refuse(
            codes.port_reserved,
            format!(
                "a porta {} está reservada: libere-a ou use forcar_remocao_reserva / port {} is reserved: release it or use forcar_remocao_reserva",
                port.id, port.id
            ),
        );
    }
    if rules.cliente_unico_porta {
        let others = network.other_ports_of(service, port.id).await?;
        if let (Some(other), false) = (others.first(), taking.forcar_troca_porta) {
            return refuse(
                codes.service_elsewhere,
                format!(
                    "o serviço já está na porta {other}: desvincule-o ou use forcar_troca_porta / the service already sits on port {other}: unbind it or use forcar_troca_porta"
                ),
            );
        }
        // Each platform is told, too: one that shows a customer on two ports would go on showing him there.
        changes.extend(others.into_iter().flat_map(|port| [Change::Vacate { port, service }, leaves(port, service)]));
    }
    changes.push(Change::Occupy { port: port.id, service, lift_reservation: port.reserved });
    Ok(changes)
}

/// Work that takes a service off a port on the platform, once this one is done with it (B7).
fn leaves(port: i64, service: i64) -> Change {
    let payload = json!({ "id_porta_atendimento": port, "id_cliente_servico": service });
    Change::Start { kind: Unbind::NAME.to_owned(), payload }
}

/// What is to be done for a service to sit on a port.
pub(crate) enum Place {
    /// Nothing: it sits there. The platform's id of the seat.
    Its(String),
    /// It is put there, from these seats if it has any.
    Open(Vec<Seat>),
    /// Somebody else is taken off first.
    Held(Seat),
}

/// B2, B6: what the platform shows on the port decides.
pub(crate) async fn place(port: &PortToSend, service: i64, shown: Occupancy) -> Result<Place, Trouble> {
    usable(&port.port, &shown)?;
    Ok(match shown {
        Occupancy::Taken(seat) if is_of(&seat, service) => Place::Its(seat.external_id),
        Occupancy::Taken(seat) | Occupancy::Reserved(seat) if !is_of(&seat, service) => Place::Held(seat),
        _ => Place::Open(port.map.seats_of(&service.to_string()).await?),
    })
}

/// Refuses a port on which the drawing lets nobody sit.
pub(crate) fn usable(port: &Port, shown: &Occupancy) -> Result<(), Trouble> {
    let (pt, en) = match shown {
        Occupancy::Free | Occupancy::Taken(_) | Occupancy::Reserved(_) => return Ok(()),
        Occupancy::TakenByEquipment => {
            ("ocupada por um equipamento, não por um cliente", "taken by equipment, not by a customer")
        }
        Occupancy::Blocked => ("bloqueada", "blocked"),
        Occupancy::NoSuchPort => ("inexistente (sincronize o projeto)", "not there (sync the project)"),
    };
    Err(crate::refused_by_drawing(port, pt, en))
}

/// B2: what is sent of a customer, and nothing else.
pub(crate) async fn customer(network: &dyn Network, id: i64, codes: &Codes) -> Result<CustomerToAttach, Trouble> {
    let service = network.service(id).await?.ok_or_else(|| Trouble::Refused {
        code: codes.no_such_service,
        message: format!("o serviço {id} não existe no HubSoft / service {id} is not in HubSoft"),
    })?;
    Ok(CustomerToAttach { code: id.to_string(), name: service.name, document: service.document, place: service.place })
}
