//! Sync: bring the platform's drawing of the network into HubSoft's project (rules S1–S11).
//!
//! Started by the clock every night, or for one project by a person. The chosen elements are pulled kind by kind, a page a
//! step: a page that was written is not fetched again, and no more than one is in memory (S10). Boxes come before splitters,
//! because a splitter is placed in its box, and both before those who sit on their ports. What no page showed is marked
//! missing at the end, unless that is so much that the platform must have answered wrongly (S8, S9); then the ports on which no
//! page showed anybody are compared with HubSoft's (S6). HubSoft's customers are not changed, and nothing is sent to the platform.

use chrono::{DateTime, Utc};
use engine::workflow::{
    Cx, Decided, Decision, End, Lane, Next, Parked, Step, Text, Trouble as InTrouble, Workflow, says, to,
};
use mapping::{
    Change,
    change::SyncPart::{self, Begun, Failed, Missing},
};
use platforms::{ElementKind, Page, Platform};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use strum::{EnumDiscriminants, EnumIter, IntoEnumIterator, IntoStaticStr};

use crate::{
    Ports, Trouble,
    retries::{LOOKING, PAGING},
};

/// The operation.
pub struct Sync;

/// The integration to sync. Who enqueues only a project's id gets its integration's filled in by the database.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    /// The integration.
    pub id_integracao: i64,
    /// The project that was asked for, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_projeto: Option<i64>,
}

/// The elements that a run syncs: chosen when it began, whatever is chosen meanwhile (D3).
type Chosen = Vec<ElementKind>;

/// Where a sync stands. The names are stored. A `cursor` is where the page to fetch begins; none: at the first.
#[derive(Debug, Serialize, Deserialize, EnumDiscriminants)]
#[serde(tag = "state", rename_all = "snake_case")]
#[strum_discriminants(
    name(At),
    derive(EnumIter, IntoStaticStr),
    strum(serialize_all = "snake_case"),
    doc = "The states' names."
)]
#[expect(missing_docs, reason = "the fields are the same everywhere and said above")]
pub enum State {
    /// Somebody, or the clock, asks for it.
    Requested,
    /// Boxes come in.
    PullingBoxes { chosen: Chosen, cursor: Option<String> },
    /// Splitters come in, and with them their ports.
    PullingSplitters { chosen: Chosen, cursor: Option<String> },
    /// Poles come in.
    PullingPoles { chosen: Chosen, cursor: Option<String> },
    /// Cables come in.
    PullingCables { chosen: Chosen, cursor: Option<String> },
    /// The network is in; now who sits on its ports.
    PullingOccupants { chosen: Chosen, cursor: Option<String> },
    /// Every page was seen; these kinds are still to be searched for what is gone. `approved`: how much that is has been looked at,
    /// and is little, or a person wants it so.
    MarkingMissing {
        left: Chosen,
        #[serde(default)]
        approved: bool,
    },
    /// What is gone is marked; the ports behind this number on which nobody was seen are still to be compared.
    Comparing { after: i64 },
    /// Everything is written.
    Summing,
    /// HubSoft has the drawing: contract.md's form of a sync's result.
    Finished {
        #[serde(flatten)]
        result: serde_json::Value,
    },
    /// A sync that began before this one was asked for has ended since.
    Joined { ended_at: DateTime<Utc> },
    /// There is nothing to sync.
    NotApplicable { reason: String },
}

impl Workflow for Sync {
    const NAME: &'static str = "sync";
    /// 2: compares the ports on which nobody was seen, for which each page keeps whom it showed.
    const VERSION: i32 = 2;
    const LANE: Lane = Lane::Bulk;
    const GIVES_UP: bool = true;
    const ABOUT: Text = says("sincronizar um projeto com a plataforma", "sync a project with the platform");
    type Input = Input;
    type State = State;
    type At = At;
    type Ports = Ports;
    type Change = Change;
    type Error = Trouble;

    fn keys(input: &Input) -> Vec<String> {
        vec![mapping::upstream_of(input.id_integracao)]
    }

    fn begin(_input: &Input) -> State {
        State::Requested
    }

    fn step(at: At) -> Step<At> {
        use At::*;
        match at {
            Requested => Step::look(
                says("conferir a integração", "check the integration"),
                LOOKING,
                &[PullingBoxes, PullingSplitters, PullingPoles, PullingCables, NotApplicable, Joined],
            ),
            PullingBoxes => Step::look(
                says("buscar as caixas", "fetch the boxes"),
                PAGING,
                &[PullingBoxes, PullingSplitters, PullingPoles, PullingCables, MarkingMissing],
            ),
            PullingSplitters => Step::look(
                says("buscar os splitters e suas portas", "fetch the splitters and their ports"),
                PAGING,
                &[PullingSplitters, PullingPoles, PullingCables, PullingOccupants],
            ),
            PullingPoles => Step::look(
                says("buscar os postes", "fetch the poles"),
                PAGING,
                &[PullingPoles, PullingCables, PullingOccupants, MarkingMissing],
            ),
            PullingCables => Step::look(
                says("buscar os cabos", "fetch the cables"),
                PAGING,
                &[PullingCables, PullingOccupants, MarkingMissing],
            ),
            PullingOccupants => Step::look(
                says("buscar quem ocupa as portas", "fetch who sits on the ports"),
                PAGING,
                &[PullingOccupants, MarkingMissing],
            ),
            MarkingMissing => Step::look(
                says("marcar o que sumiu da plataforma", "mark what is gone from the platform"),
                LOOKING,
                &[MarkingMissing, Comparing],
            ),
            Comparing => Step::look(
                says(
                    "comparar as portas em que a plataforma não mostra ninguém",
                    "compare the ports on which the platform shows nobody",
                ),
                LOOKING,
                &[Comparing, Summing],
            ),
            Summing => Step::look(says("somar o resultado", "sum up the result"), LOOKING, &[Finished]),
            Finished => Step::end(
                End::Succeeded,
                says("o projeto mostra o desenho da plataforma", "the project shows the platform's drawing"),
            ),
            Joined => Step::end(
                End::Superseded,
                says("outra sincronização terminou depois do pedido", "another sync ended after this was asked for"),
            ),
            NotApplicable => Step::end(End::NotApplicable, says("nada a sincronizar", "there is nothing to sync")),
        }
    }

    async fn advance(state: State, cx: &Cx<'_, Self>) -> Result<Next<State, Change>, Trouble> {
        use ElementKind::{Box, Cable, Pole, Splitter};
        match state {
            State::Requested => requested(cx).await,
            State::PullingBoxes { chosen, cursor } => {
                let page = map(cx).await?.boxes(cursor.as_deref()).await?;
                turn(cx, Some(Box), chosen, cursor, page, SyncPart::Boxes)
            }
            State::PullingSplitters { chosen, cursor } => {
                let page = map(cx).await?.splitters(cursor.as_deref()).await?;
                turn(cx, Some(Splitter), chosen, cursor, page, SyncPart::Splitters)
            }
            State::PullingPoles { chosen, cursor } => {
                let page = map(cx).await?.poles(cursor.as_deref()).await?;
                turn(cx, Some(Pole), chosen, cursor, page, SyncPart::Poles)
            }
            State::PullingCables { chosen, cursor } => {
                let page = map(cx).await?.cables(cursor.as_deref()).await?;
                turn(cx, Some(Cable), chosen, cursor, page, SyncPart::Cables)
            }
            State::PullingOccupants { chosen, cursor } => {
                let page = map(cx).await?.occupants(cursor.as_deref()).await?;
                turn(cx, None, chosen, cursor, page, SyncPart::Occupants)
            }
            State::MarkingMissing { left, approved } => mark_missing(cx, left, approved).await,
            State::Comparing { after } => compare(cx, after).await,
            State::Summing => {
                let result = cx.ports.network.sync_result(cx.id).await?;
                Ok(to(State::Finished { result }).writing([part(cx.input, SyncPart::Finished)]))
            }
            State::Finished { .. } | State::Joined { .. } | State::NotApplicable { .. } => Ok(to(state)),
        }
    }

    /// S11: HubSoft's project says why, once the run has ended over it.
    fn in_trouble(input: &Input, trouble: &InTrouble<'_>) -> Vec<Change> {
        trouble.parked.map(|_| part(input, Failed(trouble.failure.message.clone()))).into_iter().collect()
    }

    /// S9: what is gone is marked although it is much, or all is left as it is; the sync ends well either way.
    fn decisions(at: At) -> &'static [(Decision, At)] {
        match at {
            At::MarkingMissing => &[(Decision::Approve, At::MarkingMissing), (Decision::Refuse, At::Summing)],
            _ => &[],
        }
    }

    fn decided(state: State, by: &Decided<'_>) -> Option<State> {
        match (state, by.decision) {
            (State::MarkingMissing { left, .. }, Decision::Approve) => {
                Some(State::MarkingMissing { left, approved: true })
            }
            (State::MarkingMissing { .. }, Decision::Refuse) => Some(State::Summing),
            _ => None,
        }
    }
}

/// S1, D2–D4: is there anything to sync, and has it not been done since it was asked for?
async fn requested(cx: &Cx<'_, Sync>) -> Result<Next<State, Change>, Trouble> {
    let id = cx.input.id_integracao;
    let nothing =
        |pt, en| Ok(to(State::NotApplicable { reason: format!("a integração {id} {pt} / integration {id} {en}") }));
    let Some(integration) = cx.ports.network.integration(id).await? else {
        return nothing("não existe", "does not exist");
    };
    if !integration.active {
        return nothing("está inativa", "is inactive");
    }
    if integration.id_projeto.is_none() {
        return nothing("não tem projeto", "has no project");
    }
    let chosen: Chosen = ElementKind::iter().filter(|kind| integration.elements.contains(kind)).collect();
    let Some(first) = chosen.first() else {
        return nothing("não tem elementos escolhidos", "has no elements chosen");
    };
    match cx.ports.network.last_sync_ended(id).await? {
        Some(ended_at) if ended_at > cx.enqueued_at => Ok(to(State::Joined { ended_at })),
        _ => Ok(to(pulling(*first, chosen, None)).writing([part(cx.input, Begun)])),
    }
}

/// S10: a page is written with the place where the next one begins. `kind`: of what; none: of those who sit on ports.
fn turn<T>(
    cx: &Cx<'_, Sync>,
    kind: Option<ElementKind>,
    chosen: Chosen,
    asked: Option<String>,
    page: Page<T>,
    as_part: fn(Vec<T>) -> SyncPart,
) -> Result<Next<State, Change>, Trouble> {
    if page.next.is_some() && page.next == asked {
        return Err(Trouble::Refused {
            code: "sync.pages_in_a_circle",
            message: "a plataforma repete a mesma página / the platform repeats the same page".to_owned(),
        });
    }
    let total = kind.zip(page.total).map(|(kind, total)| SyncPart::Total { kind, total });
    let parts = [Some(as_part(page.items)), total].into_iter().flatten().map(|p| part(cx.input, p));
    let state = match (page.next, kind) {
        (cursor @ Some(_), Some(kind)) => pulling(kind, chosen, cursor),
        (cursor @ Some(_), None) => State::PullingOccupants { chosen, cursor },
        (None, _) => after(kind, chosen),
    };
    Ok(to(state).writing(parts))
}

/// The state in which this kind comes in.
fn pulling(kind: ElementKind, chosen: Chosen, cursor: Option<String>) -> State {
    match kind {
        ElementKind::Box => State::PullingBoxes { chosen, cursor },
        ElementKind::Splitter => State::PullingSplitters { chosen, cursor },
        ElementKind::Pole => State::PullingPoles { chosen, cursor },
        ElementKind::Cable => State::PullingCables { chosen, cursor },
    }
}

/// What follows the last page: the next kind that was chosen (D3); those who sit on ports, where ports came; what is gone.
fn after(kind: Option<ElementKind>, chosen: Chosen) -> State {
    let here = chosen.iter().position(|k| Some(*k) == kind);
    match (here.and_then(|here| chosen.get(here + 1)).copied(), kind) {
        (Some(next), _) => pulling(next, chosen, None),
        (None, Some(_)) if chosen.contains(&ElementKind::Splitter) => State::PullingOccupants { chosen, cursor: None },
        (None, _) => State::MarkingMissing { left: chosen, approved: false },
    }
}

/// S8: what no page showed is marked missing, a kind a step.
async fn mark_missing(cx: &Cx<'_, Sync>, mut left: Chosen, approved: bool) -> Result<Next<State, Change>, Trouble> {
    if !approved {
        for kind in &left {
            if let Some(message) = unbelievable(cx, *kind).await? {
                return Ok(Next::Park { why: Parked::Approval, message });
            }
        }
        if let Some(message) = empty(cx).await? {
            return Ok(Next::Park { why: Parked::Approval, message });
        }
    }
    match left.pop() {
        Some(kind) => Ok(to(State::MarkingMissing { left, approved: true }).writing([part(cx.input, Missing(kind))])),
        None => Ok(to(State::Comparing { after: 0 })),
    }
}

/// S6, S7: where HubSoft has somebody and no page showed anybody, the difference is recorded; what was reserved and is held no
/// more is lifted.
async fn compare(cx: &Cx<'_, Sync>, after: i64) -> Result<Next<State, Change>, Trouble> {
    let ports = cx.ports.network.unseen(cx.id, after).await?;
    Ok(match ports.last() {
        Some(last) => to(State::Comparing { after: *last }).writing([part(cx.input, SyncPart::Unseen(ports))]),
        None => to(State::Summing).writing([part(cx.input, SyncPart::Lifted)]),
    })
}

/// S9: a platform that answers with next to nothing by mistake must not empty the map: what a person is asked, if it seems so. All
/// kinds are asked about before the first one is marked.
async fn unbelievable(cx: &Cx<'_, Sync>, kind: ElementKind) -> Result<Option<String>, Trouble> {
    let vanishing = cx.ports.network.would_vanish(cx.id, kind).await?;
    let (name, missing, known) = (<&str>::from(kind), vanishing.missing, vanishing.known);
    Ok(vanishing.suspicious().then(|| {
        format!(
            "a plataforma não mostra mais {missing} de {known} elementos ({name}); nada foi marcado ainda / the platform no longer shows {missing} of {known} elements ({name}); nothing has been marked yet"
        )
    }))
}

/// S9, of customers: nobody at all, where there were many, is a list that came empty by mistake. Fewer are no question, because
/// they change nobody's port: each is a difference of its own.
async fn empty(cx: &Cx<'_, Sync>) -> Result<Option<String>, Trouble> {
    let nobody = cx.ports.network.nobody_seen(cx.id).await?;
    let known = nobody.known;
    Ok(nobody.suspicious().then(|| {
        format!(
            "a plataforma não mostra mais ninguém em porta alguma, e antes mostrava em {known}; nada foi mudado ainda / the platform no longer shows anybody on any port, and it showed somebody on {known}; nothing has been changed yet"
        )
    }))
}

async fn map(cx: &Cx<'_, Sync>) -> Result<Arc<dyn Platform>, Trouble> {
    cx.ports.maps.of(cx.input.id_integracao).await
}

fn part(input: &Input, part: SyncPart) -> Change {
    Change::Sync { integration: input.id_integracao, part }
}

#[cfg(test)]
#[path = "sync_tests.rs"]
mod tests;
