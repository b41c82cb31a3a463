//! Registration: boxes that a platform has around a place and that HubSoft lacks come in, while nobody waits (rules V2, V5).
//!
//! Started by a [`crate::viability`] whose platform did not tell everything in time. The platform is asked anew and patiently;
//! what has come in by then, by a sync or by another question, is not lacking any more and is left alone.

use engine::workflow::{Cx, End, Lane, Next, Step, Text, Workflow, says, to};
use mapping::{Change, Integration};
use platforms::Haste;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, IntoStaticStr};

use crate::{
    Ports, Trouble,
    retries::{LOOKING, PAGING},
    viability::{self, MOST_BOXES, Spot},
};

/// The kind's name.
pub(crate) const NAME: &str = "registration";
/// Boxes a step: one commit each.
const AT_ONCE: usize = 10;

/// The operation.
pub struct Registration;

/// Whose boxes, and around what.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    /// The integration that is asked.
    pub id_integracao: i64,
    /// Where.
    #[serde(flatten)]
    pub spot: Spot,
}

/// Where it stands. The names are stored.
#[derive(Debug, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "state", rename_all = "snake_case")]
#[strum_discriminants(
    name(At),
    derive(EnumIter, IntoStaticStr),
    strum(serialize_all = "snake_case"),
    doc = "The states' names."
)]
pub enum State {
    /// What does the platform have there?
    Asking,
    /// These boxes are lacking.
    Registering {
        /// The platform's ids, the nearest first.
        left: Vec<String>,
        /// How many have come in.
        boxes: usize,
    },
    /// HubSoft has them.
    Registered {
        /// How many have come in.
        boxes: usize,
    },
    /// There is nobody to ask, or nowhere to put the boxes.
    NotApplicable {
        /// Why.
        reason: String,
    },
}

impl Workflow for Registration {
    const NAME: &'static str = NAME;
    const LANE: Lane = Lane::Bulk;
    const GIVES_UP: bool = true;
    const ABOUT: Text = says("cadastrar caixas que faltam perto de um lugar", "register boxes lacking near a place");
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
                says("perguntar à plataforma que caixas há no raio", "ask the platform for boxes in the radius"),
                LOOKING,
                &[Registering, Registered, NotApplicable],
            ),
            Registering => Step::look(
                says("cadastrar as caixas que faltam", "register the boxes that are lacking"),
                PAGING,
                &[Registering, Registered],
            ),
            Registered => Step::end(
                End::Succeeded,
                says("o HubSoft tem as caixas da plataforma no raio", "HubSoft has the platform's boxes in the radius"),
            ),
            NotApplicable => Step::end(End::NotApplicable, says("nada a cadastrar", "there is nothing to register")),
        }
    }

    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Change>, Trouble> {
        match state {
            State::Asking => asking(cx).await,
            State::Registering { left, boxes } => registering(cx, left, boxes).await,
            State::Registered { .. } | State::NotApplicable { .. } => Ok(to(state)),
        }
    }
}

async fn asking(cx: &Cx<'_, Registration>) -> Result<Next<State, Change>, Trouble> {
    let id = cx.input.id_integracao;
    let nothing =
        |pt, en| Ok(to(State::NotApplicable { reason: format!("a integração {id} {pt} / integration {id} {en}") }));
    let project = match cx.ports.network.integration(id).await? {
        None => return nothing("não existe", "does not exist"),
        Some(Integration { active: false, .. }) => return nothing("está inativa", "is inactive"),
        Some(Integration { id_projeto: None, .. }) => return nothing("não tem projeto", "has no project"),
        Some(Integration { id_projeto: Some(project), .. }) => project,
    };
    let map = cx.ports.maps.of(id).await?;
    let near = map.boxes_near(&cx.input.spot.nearby(Haste::Background)).await?;
    let mut left = viability::lacking(&*cx.ports.network, project, &near).await?;
    left.truncate(MOST_BOXES);
    Ok(to(if left.is_empty() { State::Registered { boxes: 0 } } else { State::Registering { left, boxes: 0 } }))
}

/// The nearest ones come in with all that is in them. One that is gone meanwhile is left out.
async fn registering(
    cx: &Cx<'_, Registration>,
    mut left: Vec<String>,
    boxes: usize,
) -> Result<Next<State, Change>, Trouble> {
    let rest = left.split_off(left.len().min(AT_ONCE));
    let map = cx.ports.maps.of(cx.input.id_integracao).await?;
    let mut whole = Vec::new();
    for id in &left {
        whole.extend(map.whole_box(id).await?);
    }
    let boxes = boxes + whole.len();
    let next = if rest.is_empty() { State::Registered { boxes } } else { State::Registering { left: rest, boxes } };
    let change = Change::Register { integration: cx.input.id_integracao, asked_at: cx.enqueued_at, boxes: whole };
    Ok(to(next).writing([change]))
}
