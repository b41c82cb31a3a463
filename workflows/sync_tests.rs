//! Sync's table, driven through with a platform and a network that are made up.

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use engine::workflow::{Class, Failure};
use mapping::{
    Integration, Port, Service, ServiceOrder, Vanishing,
    viability::{Found, Project, Wanted},
};
use platforms::*;
use uuid::Uuid;

use super::*;
use crate::{Later, Maps, Network};

/// A platform with two empty pages of everything; or one that repeats its first page.
#[derive(Default)]
struct Drawing {
    stuck: bool,
    asked: Mutex<Vec<String>>,
}

impl Drawing {
    fn page<T>(&self, what: &str, cursor: Option<&str>) -> Result<Page<T>, platforms::Failure> {
        if let Ok(mut asked) = self.asked.lock() {
            asked.push(format!("{what} {}", cursor.unwrap_or("first")));
        }
        let next = (self.stuck || cursor.is_none()).then(|| "second".to_owned());
        Ok(Page { items: Vec::new(), next, total: Some(0) })
    }
}

#[async_trait]
impl Platform for Drawing {
    async fn test(&self) -> Result<Tested, platforms::Failure> {
        unreachable!("a sync does not test")
    }
    async fn boxes(&self, cursor: Option<&str>) -> Result<Page<BoxElement>, platforms::Failure> {
        self.page("boxes", cursor)
    }
    async fn splitters(&self, cursor: Option<&str>) -> Result<Page<SplitterElement>, platforms::Failure> {
        self.page("splitters", cursor)
    }
    async fn poles(&self, cursor: Option<&str>) -> Result<Page<PoleElement>, platforms::Failure> {
        self.page("poles", cursor)
    }
    async fn cables(&self, cursor: Option<&str>) -> Result<Page<CableElement>, platforms::Failure> {
        self.page("cables", cursor)
    }
    async fn occupants(&self, cursor: Option<&str>) -> Result<Page<OccupantElement>, platforms::Failure> {
        self.page("occupants", cursor)
    }
    async fn look_at_port(&self, _: &PortAddress) -> Result<Occupancy, platforms::Failure> {
        unreachable!("a sync looks at no single port")
    }
    async fn seats_of(&self, _: &str) -> Result<Vec<Seat>, platforms::Failure> {
        unreachable!("a sync looks for no single customer")
    }
    async fn attach(&self, _: &PortAddress, _: &CustomerToAttach, _: &[Seat]) -> Result<(), platforms::Failure> {
        unreachable!("a sync sends nothing")
    }
    async fn detach(&self, _: &Seat, _: Detach) -> Result<(), platforms::Failure> {
        unreachable!("a sync sends nothing")
    }
}

/// HubSoft's side.
#[derive(Clone)]
struct Side {
    integration: Option<Integration>,
    ended: Option<DateTime<Utc>>,
    vanishing: Vanishing,
    nobody: Vanishing,
    unseen: Vec<i64>,
}

impl Side {
    fn with(elements: &[ElementKind]) -> Self {
        let integration = Integration {
            id: 3,
            platform: "ozmap".into(),
            name: "OZMap".into(),
            active: true,
            id_projeto: Some(9),
            elements: elements.to_vec(),
            keep_home: false,
        };
        let vanishing = Vanishing { known: 100, ..Vanishing::default() };
        let (nobody, unseen) = (Vanishing::default(), vec![812, 813]);
        Self { integration: Some(integration), ended: None, vanishing, nobody, unseen }
    }

    fn but(mut self, change: impl FnOnce(&mut Integration)) -> Self {
        self.integration.as_mut().map(change);
        self
    }
}

#[async_trait]
impl Network for Side {
    async fn port(&self, _: i64) -> Result<Option<Port>, Trouble> {
        unreachable!("a sync looks at no single port")
    }
    async fn other_ports_of(&self, _: i64, _: i64) -> Result<Vec<i64>, Trouble> {
        unreachable!("a sync looks at no single port")
    }
    async fn service(&self, _: i64) -> Result<Option<Service>, Trouble> {
        unreachable!("a sync sends nothing")
    }
    async fn integration(&self, _: i64) -> Result<Option<Integration>, Trouble> {
        Ok(self.integration.clone())
    }
    async fn integrations_in_use(&self) -> Result<Vec<i64>, Trouble> {
        unreachable!("a sync searches for nobody")
    }
    async fn port_at(&self, _: i64, _: &str, _: i32) -> Result<Option<i64>, Trouble> {
        unreachable!("a sync searches for nobody")
    }
    async fn service_order(&self, _: i64) -> Result<Option<ServiceOrder>, Trouble> {
        unreachable!("a sync closes no order")
    }
    async fn later_work(&self, _: &[String], _: i64) -> Result<Later, Trouble> {
        Ok(Later::Nothing)
    }
    async fn sync_result(&self, _: Uuid) -> Result<serde_json::Value, Trouble> {
        Ok(serde_json::json!({ "discrepancies": 0 }))
    }
    async fn last_sync_ended(&self, _: i64) -> Result<Option<DateTime<Utc>>, Trouble> {
        Ok(self.ended)
    }
    async fn would_vanish(&self, _: Uuid, _: ElementKind) -> Result<Vanishing, Trouble> {
        Ok(self.vanishing)
    }
    async fn projects(&self, _: Option<i64>) -> Result<Vec<Project>, Trouble> {
        unreachable!("a sync searches nothing")
    }
    async fn lacking(&self, _: i64, _: &[String]) -> Result<Vec<String>, Trouble> {
        unreachable!("a sync brings everything")
    }
    async fn search(&self, _: &Wanted) -> Result<Found, Trouble> {
        unreachable!("a sync searches nothing")
    }
    async fn nobody_seen(&self, _: Uuid) -> Result<Vanishing, Trouble> {
        Ok(self.nobody)
    }
    async fn unseen(&self, _: Uuid, after: i64) -> Result<Vec<i64>, Trouble> {
        Ok(self.unseen.iter().copied().filter(|port| *port > after).collect())
    }
}

struct Only(Arc<Drawing>);

#[async_trait]
impl Maps for Only {
    async fn of(&self, _: i64) -> Result<Arc<dyn Platform>, Trouble> {
        Ok(self.0.clone())
    }
}

/// What a run came to.
struct Ran {
    /// The states it stood in, the last one included.
    states: Vec<At>,
    parts: Vec<SyncPart>,
    asked: Vec<String>,
    trouble: Option<Trouble>,
    /// What a person was asked, and why.
    asked_person: Option<(Parked, String)>,
    end: State,
}

/// Runs to an end or to the first trouble; states are stored and read back between steps, as the engine does it.
fn run(side: Side, stuck: bool) -> Ran {
    let input = serde_json::from_value(serde_json::json!({ "id_integracao": 3 })).unwrap();
    run_from(side, stuck, Sync::begin(&input))
}

/// The same, from a state.
fn run_from(side: Side, stuck: bool, begin: State) -> Ran {
    let drawing = Arc::new(Drawing { stuck, ..Drawing::default() });
    let ports = Ports { network: Arc::new(side), maps: Arc::new(Only(drawing.clone())) };
    let input: Input = serde_json::from_value(serde_json::json!({ "id_integracao": 3 })).unwrap();
    let cx = Cx { input: &input, ports: &ports, id: Uuid::nil(), position: 1, enqueued_at: DateTime::UNIX_EPOCH };
    let mut ran = Ran {
        states: vec![At::from(&begin)],
        parts: Vec::new(),
        asked: Vec::new(),
        trouble: None,
        asked_person: None,
        end: begin,
    };
    while let Step::Work { leads_to, .. } = Sync::step(At::from(&ran.end)) {
        let stored = serde_json::to_string(&ran.end).unwrap();
        match now(Sync::advance(serde_json::from_str(&stored).unwrap(), &cx)) {
            Ok(Next::To { state, changes }) => {
                assert!(leads_to.contains(&At::from(&state)), "{stored} may not lead to {state:?}");
                ran.states.push(At::from(&state));
                ran.parts.extend(changes.into_iter().map(|change| match change {
                    Change::Sync { integration: 3, part } => part,
                    other => panic!("a sync wrote {other:?}"),
                }));
                ran.end = state;
            }
            Ok(Next::Park { why, message }) => {
                ran.asked_person = Some((why, message));
                break;
            }
            Ok(other) => panic!("a sync answered {other:?}"),
            Err(trouble) => {
                ran.trouble = Some(trouble);
                break;
            }
        }
    }
    ran.asked = drawing.asked.lock().unwrap().clone();
    ran
}

/// Nothing here ever waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a made-up port waited"),
    }
}

fn everything() -> Vec<ElementKind> {
    ElementKind::iter().collect()
}

/// Every choice of elements there is.
fn choices() -> impl Iterator<Item = Vec<ElementKind>> {
    (0..16_u32).map(|bits| {
        everything().into_iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0).map(|(_, k)| k).collect()
    })
}

#[test]
fn every_state_is_reached_and_every_arrow_taken() {
    let late = Side { ended: Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(1)), ..Side::with(&everything()) };
    let runs: Vec<Ran> = choices().map(|chosen| run(Side::with(&chosen), false)).chain([run(late, false)]).collect();
    let reached: Vec<At> = runs.iter().flat_map(|ran| ran.states.clone()).collect();
    let taken: BTreeSet<(&str, &str)> =
        runs.iter().flat_map(|ran| ran.states.windows(2).map(|pair| (pair[0].into(), pair[1].into()))).collect();
    for at in At::iter() {
        assert!(reached.contains(&at), "{at:?} is never reached");
        if let Step::Work { leads_to, .. } = Sync::step(at) {
            for there in leads_to {
                assert!(taken.contains(&(at.into(), (*there).into())), "{at:?} → {there:?} is never taken");
            }
        }
    }
}

#[test]
fn d3_only_chosen_elements_are_fetched() {
    for chosen in choices() {
        let ran = run(Side::with(&chosen), false);
        for (kind, what) in [
            (ElementKind::Box, "boxes"),
            (ElementKind::Splitter, "splitters"),
            (ElementKind::Splitter, "occupants"),
            (ElementKind::Pole, "poles"),
            (ElementKind::Cable, "cables"),
        ] {
            let fetched = ran.asked.iter().any(|asked| asked.starts_with(what));
            assert_eq!(fetched, chosen.contains(&kind), "{what} of {chosen:?}");
            assert_eq!(ran.parts.contains(&Missing(kind)), chosen.contains(&kind), "{kind:?} of {chosen:?}");
        }
    }
}

#[test]
fn s10_a_page_a_step_each_asked_for_once() {
    let ran = run(Side::with(&everything()), false);
    assert_eq!(
        ran.asked,
        [
            "boxes first",
            "boxes second",
            "splitters first",
            "splitters second",
            "poles first",
            "poles second",
            "cables first",
            "cables second",
            "occupants first",
            "occupants second"
        ]
    );
    assert_eq!(ran.parts.first(), Some(&Begun));
    assert_eq!(ran.parts.last(), Some(&SyncPart::Finished));
    assert!(matches!(ran.end, State::Finished { result } if result["discrepancies"] == 0));
}

#[test]
fn s10_a_platform_that_repeats_a_page_is_not_followed_for_ever() {
    let ran = run(Side::with(&[ElementKind::Box]), true);
    assert!(matches!(ran.trouble, Some(Trouble::Refused { code: "sync.pages_in_a_circle", .. })));
    assert_eq!(ran.asked.len(), 2);
}

#[test]
fn s1_who_asked_before_the_last_one_ended_has_joined_it() {
    let at = |seconds| Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds));
    assert!(matches!(run(Side { ended: at(1), ..Side::with(&everything()) }, false).end, State::Joined { .. }));
    assert!(matches!(run(Side { ended: at(-1), ..Side::with(&everything()) }, false).end, State::Finished { .. }));
}

#[test]
fn d4_inactive_untied_and_empty_integrations_are_not_synced() {
    let full = Side::with(&everything());
    let sides = [
        (Side { integration: None, ..full.clone() }, "does not exist"),
        (full.clone().but(|i| i.active = false), "is inactive"),
        (full.clone().but(|i| i.id_projeto = None), "has no project"),
        (full.but(|i| i.elements.clear()), "has no elements chosen"),
    ];
    for (side, why) in sides {
        let ran = run(side, false);
        assert!(matches!(&ran.end, State::NotApplicable { reason } if reason.ends_with(why)), "{:?}", ran.end);
        assert!(ran.parts.is_empty() && ran.asked.is_empty(), "nothing was written or asked");
    }
}

#[test]
fn s9_a_map_is_not_emptied_by_mistake_and_a_person_decides() {
    let side = || Side {
        vanishing: Vanishing { missing: 90, known: 100, ..Vanishing::default() },
        ..Side::with(&everything())
    };
    let asked = run(side(), false);
    assert!(matches!(&asked.asked_person, Some((Parked::Approval, message)) if message.contains("90 of 100")));
    let marked = |ran: &Ran| ran.parts.iter().filter(|part| matches!(part, Missing(_))).count();
    assert_eq!(marked(&asked), 0, "nothing was marked");
    let decide = |decision| {
        let by = Decided { decision, person: "ana", reason: "a rede foi desmontada" };
        Sync::decided(serde_json::from_value(serde_json::to_value(&asked.end).unwrap()).unwrap(), &by)
    };
    let approved = run_from(side(), false, decide(Decision::Approve).unwrap());
    assert_eq!(marked(&approved), everything().len());
    assert!(matches!(approved.end, State::Finished { .. }) && approved.states.contains(&At::Comparing));
    let refused = run_from(side(), false, decide(Decision::Refuse).unwrap());
    assert_eq!(refused.parts, [SyncPart::Finished], "nothing is marked, compared or lifted");
    assert!(matches!(refused.end, State::Finished { .. }));
    assert!(decide(Decision::Skip).is_none());
}

#[test]
fn s9_a_list_of_customers_that_came_empty_is_asked_about() {
    let side = |known| Side {
        nobody: Vanishing { missing: known, known, ..Vanishing::default() },
        ..Side::with(&everything())
    };
    let asked = run(side(20), false);
    assert!(matches!(&asked.asked_person, Some((Parked::Approval, message)) if message.contains("on 20;")));
    assert!(!asked.parts.iter().any(|part| matches!(part, Missing(_))), "nothing was marked");
    assert!(matches!(run(side(19), false).end, State::Finished { .. }), "a handful is no question");
}

#[test]
fn s6_ports_on_which_nobody_was_seen_are_compared_before_reservations_are_lifted() {
    let ran = run(Side::with(&[ElementKind::Splitter]), false);
    let last = [SyncPart::Unseen(vec![812, 813]), SyncPart::Lifted, SyncPart::Finished];
    assert!(ran.parts.ends_with(&last), "{:?}", ran.parts);
}

#[test]
fn g10_a_marking_that_was_stored_before_people_could_approve_it_is_not_approved() {
    let stored = serde_json::from_str(r#"{"state": "marking_missing", "left": ["box"]}"#).unwrap();
    assert!(matches!(stored, State::MarkingMissing { approved: false, .. }));
}

#[test]
fn s11_the_project_says_why_a_sync_failed_once_it_has() {
    let input = Input { id_integracao: 3, id_projeto: None };
    let failure = Failure::new(Class::Transient, "http.timeout", "no answer");
    let told = |parked| Sync::in_trouble(&input, &InTrouble { at: "pulling_boxes", failure: &failure, parked });
    assert_eq!(told(None), []);
    assert_eq!(told(Some(Parked::AttemptsSpent)), [part(&input, Failed("no answer".into()))]);
}

#[test]
fn a_payload_without_its_integration_says_so() {
    let fault = serde_json::from_str::<Input>(r#"{"id_projeto": 9}"#).unwrap_err();
    assert!(fault.to_string().contains("id_integracao"), "{fault}");
}
