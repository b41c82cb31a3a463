//! What operations are run through: together, every declared arrow. A new operation adds its own here.

use chrono::{DateTime, TimeDelta};
use mapping::Vanishing;
use platforms::{ElementKind, Occupancy};
use serde_json::{Value, json};
use strum::IntoEnumIterator;
use workflows::Later;

use crate::support::doubles::{Facts, INTEGRATION, OTHER_PORT, PORT, SERVICE, STRANGER, reserved, seat};

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
    [binds(), unbinds(), syncs()].into_iter().flatten().collect()
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
