//! What operations read of HubSoft's side. Ids are HubSoft's; `external_id`s are the platform's.

use platforms::{ElementKind, Place, PortAddress};
use serde::{Deserialize, Serialize};

/// A port with what an operation has to know of its surroundings.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// `id_porta_atendimento`.
    pub id: i64,
    /// The service that HubSoft says sits on it.
    pub occupant: Option<i64>,
    /// Held without a customer.
    pub reserved: bool,
    /// A superseded bind left it to later work to take off whoever the platform shows here (rules B2, B8).
    pub to_clear: bool,
    /// The platform's id of whom it last showed here, as HubSoft knows it (rule B10).
    pub seat: Option<String>,
    /// How the platform names it.
    pub address: PortAddress,
    /// Gone upstream (rule S8).
    pub missing: bool,
    /// The integration of the port's project; `None`: nothing is ever sent for it (rule B1).
    pub integration: Option<Integration>,
    /// The project's rules (rule B9).
    pub rules: ProjectRules,
}

/// Rules that a project sets (rule B9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProjectRules {
    /// A service holds at most one port.
    pub cliente_unico_porta: bool,
    /// A reserved port takes nobody until released.
    pub bloquear_vinculo_porta_reservada: bool,
}

/// An account on a platform, as far as operations look at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    /// `id_integracao`.
    pub id: i64,
    /// `ozmap`, `geosite`, `geogrid`.
    pub platform: String,
    /// As people call it.
    pub name: String,
    /// Inactive ones are neither synced nor sent to (rule D4).
    pub active: bool,
    /// The project that it fills, once chosen (rule D2).
    pub id_projeto: Option<i64>,
    /// What is synced (rule D3).
    pub elements: Vec<ElementKind>,
    /// What a removal leaves behind (rule B11).
    pub keep_home: bool,
}

impl Integration {
    /// The engine's name of this integration's platform.
    pub fn upstream(&self) -> String {
        upstream_of(self.id)
    }
}

/// The engine's name of an integration's platform, and the ordering key of its sync: `integration:3`.
pub fn upstream_of(id_integracao: i64) -> String {
    format!("integration:{id_integracao}")
}

/// A customer's service, as far as it is sent to a platform (rule B2).
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// `id_cliente_servico`.
    pub id: i64,
    /// The customer's `nome_razaosocial`.
    pub name: String,
    /// The customer's CPF or CNPJ, as stored.
    pub document: Option<String>,
    /// Where the service is.
    pub place: Option<Place>,
}

/// A service order, as far as it decides whether equipment was taken out (rule B5).
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceOrder {
    /// `id_ordem_servico`.
    pub id: i64,
    /// The service that it is for.
    pub service: i64,
    /// What the ISP calls its type; `None`: there is no such type.
    pub kind: Option<String>,
    /// Whether the ISP says that orders of this type take equipment out.
    pub removal: bool,
    /// `pendente`, `aguardando_agendamento`, `finalizado`.
    pub status: String,
    /// `concluido`, `sem_conclusao`; `None` while it is open.
    pub closing: Option<String>,
}

/// What a port shows of its transmission (rule B10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transmission {
    /// Asked for, not there yet.
    Pending,
    /// The platform shows it; its id there (`None` after a removal).
    Sent(Option<String>),
    /// It failed, and why.
    Failed(String),
    /// A write's outcome is not known yet.
    Unknown,
}

/// What marking the unseen elements of a kind missing would come to (rule S9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vanishing {
    /// How many would be marked.
    pub missing: u64,
    /// Of how many that are not missing yet.
    pub known: u64,
    /// More than this share of a kind, in percent, at once is a mistake until a person says otherwise: the integration's setting
    /// `missing_percent`.
    pub most_percent: u64,
}

impl Vanishing {
    /// The share where the integration sets none.
    pub const MOST_PERCENT: u64 = 10;
    /// Fewer than this are never held up: in a small map, ten percent is one box.
    const FEWEST: u64 = 20;

    /// Whether a person has to look first.
    pub fn suspicious(self) -> bool {
        self.missing >= Self::FEWEST && self.missing * 100 > self.known * self.most_percent
    }
}

impl Default for Vanishing {
    /// Nothing, of nothing.
    fn default() -> Self {
        Self { missing: 0, known: 0, most_percent: Self::MOST_PERCENT }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s9_more_than_a_tenth_and_at_least_twenty_is_suspicious() {
        for (missing, known, suspicious) in
            [(20, 199, true), (20, 200, false), (19, 19, false), (21, 200, true), (0, 0, false)]
        {
            let vanishing = Vanishing { missing, known, ..Vanishing::default() };
            assert_eq!(vanishing.suspicious(), suspicious, "{missing} of {known}");
        }
        let half = |missing| Vanishing { missing, known: 100, most_percent: 50 }.suspicious();
        assert_eq!((half(50), half(51)), (false, true), "an integration may set its own share");
    }
}
