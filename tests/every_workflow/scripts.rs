//! What operations are run through: together, every declared arrow. A new operation adds its own here.

use chrono::{DateTime, TimeDelta};
use mapping::Vanishing;
use platforms::{ElementKind, Occupancy};
use serde_json::{Value, json};
use strum::IntoEnumIterator;
use workflows::Later;

use crate::support::doubles::{Facts, INTEGRATION, OLD, ORDER, OTHER_PORT, PORT, SERVICE, STRANGER, reserved, seat};

/// One run: what is asked, how things are, and what it comes to.
pub struct Script {
    pub kind: &'static str,
    pub name: &'static str,
    pub payload: Value,
    pub facts: Facts,
    pub comes: Comes,
}

/// What a run comes to.
#[derive(Debug, PartialEq)]
pub enum Comes {
    /// An end.
    To(&'static str),
    /// A refusal with this code: it would be parked.
    Refused(String),
    /// It asks a person.
    Parked,
    /// It asks to be called later.
    Again,
}

/// All of them.
pub fn scripts() -> Vec<Script> {
    let all = [binds(), unbinds(), migrates(), retirements(), syncs(), viabilities(), registrations()];
    all.into_iter().flatten().collect()
}

fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = Facts::default();
    change(&mut facts);
    facts
}

fn refused(code: &str) -> Comes {
    Comes::Refused(code.to_owned())
}

/// The platform shows this on the port.
fn drawn(there: Occupancy) -> Facts {
    facts(|f| drop(f.drawn.insert(0, there)))
}

/// HubSoft says that this service sits on the port, and whether later work is queued.
fn occupied(occupant: Option<i64>, later: Later) -> Facts {
    facts(|f| (f.port().occupant, f.later) = (occupant, later))
}

fn on_port(kind: &'static str, (name, facts, comes): (&'static str, Facts, Comes)) -> Script {
    let payload = json!({ "id_porta_atendimento": PORT, "id_cliente_servico": SERVICE });
    Script { kind, name, payload, facts, comes }
}

fn binds() -> Vec<Script> {
    let http = || occupied(None, Later::Nothing);
    let with = |mut facts: Facts, change: fn(&mut Facts)| {
        change(&mut facts);
        facts
    };
    let runs = vec![
        ("a free port", Facts::default(), Comes::To("bound")),
        ("somebody else's port", drawn(seat(STRANGER, 0)), Comes::To("bound")),
        ("there already", drawn(seat(SERVICE, 0)), Comes::To("bound")),
        ("kept for it", drawn(reserved(SERVICE, 0)), Comes::To("bound")),
        ("kept for somebody else", drawn(reserved(STRANGER, 0)), Comes::To("bound")),
        ("on another port", facts(|f| drop(f.drawn.insert(1, seat(SERVICE, 1)))), Comes::To("bound")),
        ("no such port", facts(|f| f.ports.clear()), Comes::To("not_applicable")),
        ("a port drawn by a person", facts(|f| f.port().integration = None), Comes::To("not_applicable")),
        ("replaced since", occupied(Some(STRANGER), Later::Queued), Comes::To("superseded")),
        ("over HTTP", http(), Comes::To("bound")),
        ("the intake is behind", occupied(None, Later::NotKnownYet), Comes::Again),
        ("over HTTP, occupied", occupied(Some(STRANGER), Later::Nothing), refused("bind.port_occupied")),
        ("over HTTP, reserved", with(http(), reserve), refused("bind.port_reserved")),
        ("over HTTP, sits elsewhere", with(http(), sits_elsewhere), refused("bind.service_elsewhere")),
        ("blocked on the platform", drawn(Occupancy::Blocked), refused("port.not_usable")),
        ("equipment on the port", drawn(Occupancy::TakenByEquipment), refused("port.not_usable")),
        ("gone from the platform", drawn(Occupancy::NoSuchPort), refused("port.not_usable")),
        ("a service that is not there", facts(|f| f.services.clear()), refused("bind.no_such_service")),
    ];
    let forced = json!({
        "id_porta_atendimento": PORT, "id_cliente_servico": SERVICE,
        "forcar_troca_porta": true, "forcar_remocao_reserva": true,
    });
    let force = |name, facts| Script { kind: "bind", name, payload: forced.clone(), facts, comes: Comes::To("bound") };
    let forces = [
        force("over HTTP, reserved, forced", with(http(), reserve)),
        force("over HTTP, sits elsewhere, forced", with(http(), sits_elsewhere)),
    ];
    runs.into_iter().map(|run| on_port("bind", run)).chain(forces).collect()
}

/// Rule B9: a reservation that the project's rules protect.
fn reserve(facts: &mut Facts) {
    facts.port().reserved = true;
    facts.port().rules.bloquear_vinculo_porta_reservada = true;
}

/// Rule B9: the service has another port in a project where it may have one only.
fn sits_elsewhere(facts: &mut Facts) {
    facts.ports.get_mut(&OTHER_PORT).unwrap().occupant = Some(SERVICE);
    facts.port().rules.cliente_unico_porta = true;
}

fn unbinds() -> Vec<Script> {
    let gone = |there| {
        let mut facts = drawn(there);
        facts.port().occupant = None;
        facts
    };
    let left_to_clear = || {
        let mut facts = gone(seat(STRANGER, 0));
        facts.port().to_clear = true;
        facts
    };
    let runs = vec![
        ("it sits there", gone(seat(SERVICE, 0)), Comes::To("free")),
        ("kept for it", gone(reserved(SERVICE, 0)), Comes::To("free")),
        ("kept for somebody else", gone(reserved(STRANGER, 0)), Comes::To("elsewhere")),
        ("free already", gone(Occupancy::Free), Comes::To("free")),
        ("gone from the platform", gone(Occupancy::NoSuchPort), Comes::To("free")),
        ("somebody else sits there", gone(seat(STRANGER, 0)), Comes::To("elsewhere")),
        ("somebody whom a superseded bind left", left_to_clear(), Comes::To("free")),
        ("equipment on the port", gone(Occupancy::TakenByEquipment), Comes::To("elsewhere")),
        ("over HTTP", drawn(seat(SERVICE, 0)), Comes::To("free")),
        ("bound again since", occupied(Some(SERVICE), Later::Queued), Comes::To("free")),
        ("the intake is behind", occupied(Some(SERVICE), Later::NotKnownYet), Comes::Again),
        ("no such port", facts(|f| f.ports.clear()), Comes::To("not_applicable")),
        ("a port drawn by a person", facts(|f| f.port().integration = None), Comes::To("not_applicable")),
    ];
    runs.into_iter().map(|run| on_port("unbind", run)).collect()
}

/// The platform shows the old service on these outputs, and HubSoft has put the new one on the port.
fn old_on(outputs: &[i32]) -> Facts {
    facts(|f| outputs.iter().for_each(|output| drop(f.drawn.insert(*output, seat(OLD, *output)))))
}

fn but(mut facts: Facts, change: impl FnOnce(&mut Facts)) -> Facts {
    change(&mut facts);
    facts
}

#[expect(clippy::too_many_lines, reason = "a table: a line a run")]
fn migrates() -> Vec<Script> {
    let drawn_by_hand = |f: &mut Facts, port: i64| f.ports.get_mut(&port).unwrap().integration = None;
    let sits = |f: &mut Facts, port: i64, service| f.ports.get_mut(&port).unwrap().occupant = service;
    let http = |facts, later| {
        but(facts, |f| {
            sits(f, PORT, Some(OLD));
            f.later = later;
        })
    };
    let gone = |then| but(old_on(&[0]), |f| (f.port().occupant, f.later) = (then, Later::Queued));
    let here = vec![
        ("the same port", old_on(&[0]), Comes::To("migrated")),
        ("another port that is not known", old_on(&[1]), Comes::To("migrated")),
        ("the old one sits nowhere", Facts::default(), Comes::To("migrated")),
        (
            "a third customer on the port",
            but(old_on(&[1]), |f| drop(f.drawn.insert(0, seat(STRANGER, 0)))),
            Comes::To("migrated"),
        ),
        ("there already", but(old_on(&[1]), |f| drop(f.drawn.insert(0, seat(SERVICE, 0)))), Comes::To("migrated")),
        ("kept for the old one", facts(|f| drop(f.drawn.insert(0, reserved(OLD, 0)))), Comes::To("migrated")),
        ("over HTTP", http(old_on(&[0]), Later::Nothing), Comes::To("migrated")),
        ("over HTTP, the intake is behind", http(old_on(&[0]), Later::NotKnownYet), Comes::Again),
        ("over HTTP, occupied", occupied(Some(STRANGER), Later::Nothing), refused("migrate.port_occupied")),
        ("over HTTP, reserved", but(http(old_on(&[0]), Later::Nothing), reserve), refused("migrate.port_reserved")),
        (
            "over HTTP, sits elsewhere",
            but(http(old_on(&[0]), Later::Nothing), sits_elsewhere),
            refused("migrate.service_elsewhere"),
        ),
        ("a service that is not there", but(old_on(&[0]), |f| f.services.clear()), refused("migrate.no_such_service")),
        ("blocked", but(old_on(&[1]), |f| drop(f.drawn.insert(0, Occupancy::Blocked))), refused("port.not_usable")),
        ("no such port", facts(|f| f.ports.clear()), Comes::To("not_applicable")),
        ("a port drawn by a person", facts(|f| drawn_by_hand(f, PORT)), Comes::To("not_applicable")),
        ("replaced since", gone(Some(STRANGER)), Comes::To("superseded")),
        (
            "freed since, the old one elsewhere",
            but(gone(None), |f| drop((f.drawn.insert(0, Occupancy::Free), f.drawn.insert(1, seat(OLD, 1))))),
            Comes::To("superseded"),
        ),
        (
            "freed since, the old one nowhere",
            but(gone(None), |f| drop(f.drawn.insert(0, Occupancy::Free))),
            Comes::To("superseded"),
        ),
        ("put back since", gone(Some(OLD)), Comes::To("superseded")),
    ];
    let from_other = vec![
        ("from a known port", old_on(&[1]), Comes::To("migrated")),
        ("from a known port, shown on both", old_on(&[0, 1]), Comes::To("migrated")),
        (
            "from a known port that HubSoft has not cleared",
            but(old_on(&[1]), |f| (f.port().occupant, f.later) = (None, Later::Nothing)),
            Comes::To("migrated"),
        ),
        (
            "from a known port where somebody else is shown",
            facts(|f| drop(f.drawn.insert(1, seat(STRANGER, 1)))),
            Comes::To("migrated"),
        ),
        (
            "from a port drawn by a person",
            but(Facts::default(), |f| drawn_by_hand(f, OTHER_PORT)),
            Comes::To("migrated"),
        ),
        ("to a port drawn by a person", but(old_on(&[1]), |f| drawn_by_hand(f, PORT)), Comes::To("left")),
        (
            "replaced since, from a known port",
            but(old_on(&[1]), |f| (f.port().occupant, f.later) = (Some(STRANGER), Later::Queued)),
            Comes::To("superseded"),
        ),
    ];
    let script = |(name, facts, comes), from: Option<i64>| {
        let mut payload =
            json!({ "id_cliente_servico_antigo": OLD, "id_cliente_servico": SERVICE, "id_porta_atendimento": PORT });
        payload
            .as_object_mut()
            .unwrap()
            .extend(from.map(|port| ("id_porta_atendimento_antiga".to_owned(), json!(port))));
        Script { kind: "migrate", name, payload, facts, comes }
    };
    let known = script(("the same port, known", old_on(&[0]), Comes::To("migrated")), Some(PORT));
    let here = here.into_iter().map(|run| script(run, None)).chain([known]);
    here.chain(from_other.into_iter().map(|run| script(run, Some(OTHER_PORT)))).collect()
}

fn retirements() -> Vec<Script> {
    let there = |output| facts(|f| drop(f.drawn.insert(output, seat(SERVICE, output))));
    let nowhere = |mut facts: Facts| {
        facts.port().occupant = None;
        facts
    };
    let order = |change: fn(&mut mapping::ServiceOrder)| facts(|f| f.order.as_mut().into_iter().for_each(change));
    let on_port = vec![
        ("it sits there", there(0), Comes::To("retired")),
        ("HubSoft has cleared the port", nowhere(there(0)), Comes::To("retired")),
        ("free already", Facts::default(), Comes::To("retired")),
        ("shown on another port", there(1), Comes::To("retired")),
        ("on two ports", but(there(0), sits_elsewhere), Comes::To("retired")),
        ("somebody else is shown", facts(|f| drop(f.drawn.insert(0, seat(STRANGER, 0)))), Comes::To("retired")),
        ("put back since", but(there(0), |f| f.later = Later::Queued), Comes::To("retired")),
        ("the intake is behind", but(there(0), |f| f.later = Later::NotKnownYet), Comes::Again),
        ("a port drawn by a person", facts(|f| f.port().integration = None), Comes::To("not_applicable")),
        ("no such order", facts(|f| f.order = None), Comes::To("not_applicable")),
        ("no removal", order(|o| o.removal = false), Comes::To("not_applicable")),
        ("not finished", order(|o| o.status = "pendente".into()), Comes::To("not_applicable")),
        ("not completed", order(|o| o.closing = Some("sem_conclusao".into())), Comes::To("not_applicable")),
    ];
    let on_none = vec![
        ("on no port of HubSoft's", nowhere(there(1)), Comes::To("retired")),
        ("on no port at all", nowhere(Facts::default()), Comes::To("not_applicable")),
    ];
    let script = |(name, facts, comes), more: Value| {
        let mut payload = json!({ "id_ordem_servico": ORDER });
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Script { kind: "retirement", name, payload, facts, comes }
    };
    let early = script(("an order that came later", Facts::default(), refused("retirement.not_ordered")), json!({}));
    let known = json!({ "id_cliente_servico": SERVICE, "id_porta_atendimento": PORT });
    let on_port = on_port.into_iter().map(|run| script(run, known.clone()));
    on_port
        .chain(on_none.into_iter().map(|run| script(run, json!({ "id_cliente_servico": SERVICE }))))
        .chain([early])
        .collect()
}

fn syncs() -> Vec<Script> {
    let script = |name, facts, comes| Script {
        kind: "sync",
        name,
        payload: json!({ "id_integracao": INTEGRATION }),
        facts,
        comes,
    };
    let kinds: Vec<ElementKind> = ElementKind::iter().collect();
    let choices = (1..1_u32 << kinds.len()).map(|bits| {
        let chosen = kinds.iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0).map(|(_, kind)| *kind).collect();
        script(
            "a choice of elements",
            facts(|f| f.integration.as_mut().unwrap().elements = chosen),
            Comes::To("finished"),
        )
    });
    let others = [
        script("no such integration", facts(|f| f.integration = None), Comes::To("not_applicable")),
        script("inactive", facts(|f| f.integration.as_mut().unwrap().active = false), Comes::To("not_applicable")),
        script(
            "one that ended since",
            facts(|f| f.last_sync = Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(1))),
            Comes::To("joined"),
        ),
        script(
            "a map that would be emptied",
            facts(|f| f.vanishing = Vanishing { missing: 90, known: 100, ..Vanishing::default() }),
            Comes::Parked,
        ),
    ];
    choices.chain(others).collect()
}

/// A platform's boxes that HubSoft lacks; more than one step of a registration takes.
fn lacking(count: usize) -> Facts {
    facts(|f| f.lacking = (0..count).map(|n| format!("new-{n}")).collect())
}

fn viabilities() -> Vec<Script> {
    let place = json!({ "latitude": -27.6, "longitude": -48.5, "raio": 300.0, "detalhar_portas": true });
    let script =
        |name, facts| Script { kind: "viability", name, payload: place.clone(), facts, comes: Comes::To("answered") };
    vec![
        script("boxes that HubSoft has", Facts::default()),
        script("boxes that HubSoft lacks", lacking(3)),
        script("a platform that is not asked", facts(|f| f.integration.as_mut().unwrap().platform = "geogrid".into())),
        script("an inactive integration", facts(|f| f.integration.as_mut().unwrap().active = false)),
        script("no integration", facts(|f| f.integration = None)),
    ]
}

fn registrations() -> Vec<Script> {
    let script = |name, facts, comes| Script {
        kind: "registration",
        name,
        payload: json!({ "id_integracao": INTEGRATION, "latitude": -27.6, "longitude": -48.5, "raio": 300.0 }),
        facts,
        comes: Comes::To(comes),
    };
    vec![
        script("boxes that HubSoft lacks", lacking(25), "registered"),
        script("boxes that have come in since", Facts::default(), "registered"),
        script("no such integration", facts(|f| f.integration = None), "not_applicable"),
        script("inactive", facts(|f| f.integration.as_mut().unwrap().active = false), "not_applicable"),
        script("without a project", facts(|f| f.integration.as_mut().unwrap().id_projeto = None), "not_applicable"),
    ]
}
