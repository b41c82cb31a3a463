//! Viability: is there a free port within a radius of a place (rules V1–V5)? A person is on the phone.
//!
//! First the platforms are asked for the boxes around the place, and those that HubSoft lacks come in with what is in them.
//! Then HubSoft's own search answers, in HubSoft's form, whatever the platforms did: what one of them could not say is an
//! alert, and never "no coverage". They get a deadline; what was not registered by then is left to a [`crate::registration`].

mod answer;
mod asking;
mod outcome;

use engine::workflow::{Cx, End, Lane, Next, Step, Text, Workflow, says, to};
use mapping::{
    Change,
    viability::{Found, Project, Wanted},
};
use platforms::{Around, Haste, Nearby, Place};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::{Ports, Trouble, retries::WAITED_FOR};

pub use asking::Asked;
pub(crate) use asking::{MOST_BOXES, lacking};
pub use outcome::Outcome;

/// The operation.
pub struct Viability;

/// Where, and how far around it: a place, or an address.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spot {
    /// Degrees north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// In a person's words, in place of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endereco: Option<String>,
    /// In metres.
    pub raio: f64,
}

impl Spot {
    /// The place, where one was given.
    pub fn place(&self) -> Option<Place> {
        Some(Place { latitude: self.latitude?, longitude: self.longitude? })
    }

    /// What a platform is asked. Whole metres, rounded up: HubSoft's own search looks more closely.
    pub(crate) fn nearby(&self, haste: Haste) -> Nearby {
        let address = || Around::Address(self.endereco.clone().unwrap_or_default().trim().to_owned());
        let around = self.place().map_or_else(address, Around::Place);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the limits by then")]
        let radius_metres = self.raio.clamp(1.0, 50_000.0).ceil() as u32;
        Nearby { around, radius_metres, haste }
    }
}

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Input {
    /// Where.
    #[serde(flatten)]
    pub spot: Spot,
    /// In this project; none: in all active ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_projeto: Option<i64>,
    /// Name each free port.
    #[serde(default)]
    pub detalhar_portas: bool,
}

/// Where a question stands. The names are stored.
#[derive(Debug, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "state", rename_all = "snake_case")]
#[strum_discriminants(
    name(At),
    derive(EnumIter, IntoStaticStr),
    strum(serialize_all = "snake_case"),
    doc = "The states' names."
)]
pub enum State {
    /// What do the platforms have there?
    Asking,
    /// What HubSoft lacked of what they said is registered. Where it lacked nothing, nothing has to be recorded first.
    Searching {
        /// What came of asking them.
        asked: Vec<Asked>,
    },
    /// HubSoft has its answer: contract.md's form of a viability.
    Answered {
        /// The answer.
        resultado: Value,
    },
}

impl Workflow for Viability {
    const NAME: &'static str = "viability";
    const LANE: Lane = Lane::Interactive;
    const GIVES_UP: bool = true;
    const ABOUT: Text = says("consultar viabilidade perto de um lugar", "look for free ports near a place");
    type Input = Input;
    type State = State;
    type At = At;
    type Ports = Ports;
    type Change = Change;
    type Error = Trouble;

    fn keys(_input: &Input) -> Vec<String> {
        Vec::new()
    }

    fn begin(_input: &Input) -> State {
        State::Asking
    }

    fn step(at: At) -> Step<At> {
        use At::*;
        match at {
            Asking => Step::look(
                says("perguntar às plataformas que caixas há no raio", "ask the platforms for boxes in the radius"),
                WAITED_FOR,
                &[Searching, Answered],
            ),
            Searching => Step::look(
                says("procurar portas livres no mapeamento", "search the mapping for free ports"),
                WAITED_FOR,
                &[Answered],
            ),
            Answered => Step::end(End::Succeeded, says("a consulta foi respondida", "the question was answered")),
        }
    }

    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Change>, Trouble> {
        match state {
            State::Asking => {
                let projects = cx.ports.network.projects(cx.input.id_projeto).await?;
                let (asked, changes) = asking::all(cx, &projects).await?;
                if changes.is_empty() {
                    return Ok(to(answered(cx, &projects, &asked).await?));
                }
                Ok(to(State::Searching { asked }).writing(changes))
            }
            State::Searching { asked } => {
                let projects = cx.ports.network.projects(cx.input.id_projeto).await?;
                Ok(to(answered(cx, &projects, &asked).await?))
            }
            State::Answered { .. } => Ok(to(state)),
        }
    }
}

async fn answered(cx: &Cx<'_, Viability>, projects: &[Project], asked: &[Asked]) -> Result<State, Trouble> {
    let found = cx.ports.network.search(&wanted(cx.input, projects, asked)).await?;
    Ok(State::Answered { resultado: answer::of(cx.input, projects, asked, &found) })
}

/// Whether a project is searched: the one that was named, and otherwise all but those whose integration is inactive (rules V1, D4).
fn searched(input: &Input, project: &Project) -> bool {
    input.id_projeto.is_some() || project.integration.as_ref().is_none_or(|integration| integration.active)
}

/// What HubSoft's own search is to look for (rule V3). Around an address only the platform knows what is there: of the boxes that
/// it named, with its distances.
pub fn wanted(input: &Input, projects: &[Project], asked: &[Asked]) -> Wanted {
    Wanted {
        place: input.spot.place(),
        radius_metres: input.spot.raio,
        projects: projects.iter().filter(|project| searched(input, project)).map(|project| project.id).collect(),
        named: asked.iter().flat_map(Asked::named).collect(),
        ports: input.detalhar_portas,
    }
}

/// The answer of HubSoft's own search where no worker has answered in time: what each platform could have said is missing. What
/// of it was looked for is [`wanted`] of nothing asked.
pub fn alone(input: &Input, projects: &[Project], found: &Found) -> Value {
    let asked: Vec<Asked> = projects
        .iter()
        .filter(|project| searched(input, project))
        .filter_map(|project| Asked::unserved(project, &input.spot))
        .collect();
    serde_json::json!({ "resultado": answer::of(input, projects, &asked, found) })
}
