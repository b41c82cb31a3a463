//! What asking a platform came to, and what a person is told of it (rules V4, V5).

use engine::upstream::UPSTREAM_CLOSED;
use mapping::viability::Project;
use platforms::{Failure, FailureKind};
use serde::{Deserialize, Serialize};

/// How an alert ends where a platform's word is missing.
const LOCAL: &str = "esta resposta vem só do mapeamento local";
/// The same where that does not last.
const SOON: &str = "o cadastro das caixas continua em segundo plano; pergunte de novo em alguns minutos";

/// What asking a platform came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
#[expect(missing_docs, reason = "`words`: why, in Portuguese")]
pub enum Outcome {
    /// It told its boxes, and HubSoft has them all.
    Answered,
    /// It told its boxes; so many are not registered yet, and `free`: one of them may have a free port.
    Partly { left: usize, free: bool },
    /// It did not answer in time.
    Late,
    /// It is closed: nothing was asked.
    Closed { words: String },
    /// It asked for a pause.
    Throttled,
    /// It refused the credentials.
    Unauthorised,
    /// The integration is set up wrongly.
    Misconfigured { words: String },
    /// It refused the question.
    Refused { words: String },
    /// It could not be reached, or was not understood.
    Failed { words: String },
    /// The integration is inactive (rule D4).
    Inactive,
    /// Nobody searches by address for this project.
    CannotGeocode,
    /// No worker has asked it.
    Unserved,
}

impl Outcome {
    /// What a platform that failed has come to.
    pub(super) fn of(failure: &Failure) -> Self {
        let words = portuguese(&failure.message);
        match failure.kind {
            _ if failure.code == UPSTREAM_CLOSED => Self::Closed { words },
            _ if failure.code == "http.timeout" => Self::Late,
            FailureKind::Throttled => Self::Throttled,
            FailureKind::Unauthorised => Self::Unauthorised,
            FailureKind::Misconfigured => Self::Misconfigured { words },
            FailureKind::Rejected => Self::Refused { words },
            FailureKind::Transient | FailureKind::Unknown => Self::Failed { words },
        }
    }

    /// What was not asked, or not told, may hold a free port.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::Answered => false,
            Self::Partly { free, .. } => *free,
            _ => true,
        }
    }

    /// The platform told its boxes.
    pub(super) fn answered(&self) -> bool {
        matches!(self, Self::Answered | Self::Partly { .. })
    }

    /// Whether what is missing can be had in the background. A platform that is closed has enough that waits for it, and one
    /// that refused the question would refuse it again.
    pub(super) fn goes_on(&self) -> bool {
        use Outcome::*;
        matches!(self, Partly { .. } | Late | Throttled | Unauthorised | Misconfigured { .. } | Failed { .. })
    }

    /// What a person is told of the project's platform, and what to do next; `None`: nothing.
    pub(super) fn alert(&self, project: &Project) -> Option<String> {
        let source = project.integration.as_ref()?;
        let who = format!("{} («{}»)", called(&source.platform), source.name);
        Some(match self {
            Self::Answered | Self::CannotGeocode => return None,
            Self::Partly { left, .. } => {
                format!("{who} mostra no raio {left} caixa(s) que ainda não estão no HubSoft: {SOON}.")
            }
            Self::Late => format!("{who} não respondeu a tempo: {LOCAL}; {SOON}."),
            Self::Throttled => format!("{who} pediu uma pausa nas chamadas: {LOCAL}; {SOON}."),
            Self::Closed { words } => format!(
                "{who} está fechado para consultas ({words}): {LOCAL}. Pergunte de novo quando a plataforma for reaberta."
            ),
            Self::Unauthorised => format!(
                "{who} recusou as credenciais: {LOCAL}. Peça a um administrador que as corrija e teste a integração."
            ),
            Self::Misconfigured { words } => format!(
                "A integração com {who} está configurada incorretamente ({words}): {LOCAL}. Peça a um administrador que a corrija e teste."
            ),
            Self::Refused { words } => {
                format!("{who} não aceitou a consulta ({words}): {LOCAL}. Confira o que foi informado.")
            }
            Self::Failed { words } => format!("{who} não pôde ser consultado ({words}): {LOCAL}; {SOON}."),
            Self::Inactive => {
                format!(
                    "A integração com {who} está inativa e não foi consultada: {LOCAL}. Ative-a e pergunte de novo."
                )
            }
            Self::Unserved => format!(
                "{who} não foi consultado, porque nenhum worker do enlace respondeu a tempo: {LOCAL}. Avise o suporte: é preciso que `enlace serve` esteja em execução."
            ),
        })
    }
}

fn called(platform: &str) -> &str {
    match platform {
        "ozmap" => "OZMap",
        "geosite" => "Geosite",
        "geogrid" => "GeoGrid",
        other => other,
    }
}

/// A failure's message without its English half; the platform's own words, which stand at the end, are kept.
fn portuguese(message: &str) -> String {
    let Some((portuguese, rest)) = message.split_once(" / ") else { return message.to_owned() };
    rest.find("[«").map_or_else(|| portuguese.to_owned(), |at| format!("{portuguese} {}", &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v4_an_alert_is_in_portuguese_with_the_platforms_own_words() {
        let refused = "o Geosite recusou o pedido / Geosite refused the request [«Endereço não encontrado»]";
        assert_eq!(portuguese(refused), "o Geosite recusou o pedido [«Endereço não encontrado»]");
        assert_eq!(portuguese("fora do ar / away"), "fora do ar");
        assert_eq!(portuguese("manutenção"), "manutenção");
    }

    #[test]
    fn v5_what_a_closed_platform_has_not_told_does_not_pile_up_behind_it() {
        let of = |kind, code| Outcome::of(&Failure::new(kind, code, "não", "no"));
        assert!(!of(FailureKind::Throttled, UPSTREAM_CLOSED).goes_on());
        assert!(!of(FailureKind::Rejected, "geosite.refused").goes_on(), "it would refuse again");
        assert!(of(FailureKind::Throttled, "http.throttled").goes_on());
        assert_eq!(of(FailureKind::Transient, "http.timeout"), Outcome::Late);
        assert!(Outcome::Late.goes_on() && Outcome::Late.leaves_open());
    }
}
