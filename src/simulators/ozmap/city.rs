//! A made-up Brazilian city, the same for the same options. Quarters of a thousand boxes, twenty-five streets each; every
//! tenth box joins cables and splits for the ones that follow, the others serve homes.
//!
//! Who lives where is in [`code_of`]: the code of the *n*-th customer does not depend on the seed.

use super::Options;
use super::id::{Id, Kind, Moment};
use super::resources::{BOX_TYPE, CABLE_TYPE, FIBER_PROFILE, POLE_TYPE, PROJECT, SPLITTER_TYPE};
use super::table::{Object, Table};
use super::world::{BoxData, CableData, ClientData, Place, Plug, PoleData, PropertyData, SplitterData, World};
use crate::chance::{For, draw, fraction};
use crate::people;
use serde_json::{Value, json};

/// The box type of a CTO, which serves homes.
const CTO: u32 = 0;
/// The box type of a CE, which joins cables.
pub(super) const SPLICE_BOX: u32 = 1;

/// The corner of the city. The place is real, the city is not.
const CORNER: Place = Place { lng: -49.80, lat: -27.40 };
const METRES_A_DEGREE: f64 = 111_320.0;

/// 2026-01-01T00:00:00Z: when everything was drawn.
const DRAWN: i64 = 1_767_225_600_000;
const SIX_MONTHS_MS: u64 = 15_552_000_000;

/// What the *n*-th customer (from 0) has as code: his `id_cliente_servico`, 1000 + n, except that every fortieth (39,
/// 79, …) is unknown to HubSoft and has `X-n`, and of every four hundred one (199, 599, …) has his CPF,
/// [`people::cpf`]`(n)`. His name is [`people::name`]`(n)`.
pub fn code_of(n: u32) -> String {
    match n {
        n if n % 40 == 39 && n % 400 != 199 => format!("X-{n}"),
        n if n % 400 == 199 => people::cpf(u64::from(n)),
        n => (FIRST_SERVICE + i64::from(n)).to_string(),
    }
}

/// The service of customer 0; see [`code_of`].
pub const FIRST_SERVICE: i64 = 1_000;

/// Where box *n* stands on its street.
pub(super) fn address(n: u32) -> String {
    format!("{}, {} - Bairro {}", people::street(u64::from(n / 40)), n % 40 * 36 + 12, quarter(n / 1_000))
}

/// The address of a home, by the box that serves it.
pub(super) fn home_address(n: u32, in_box: Option<u32>) -> String {
    let street = in_box.unwrap_or(n) / 40;
    let number = in_box.unwrap_or(n) % 40 * 36 + n % 18 * 2;
    format!("{}, {number} - Bairro {}", people::street(u64::from(street)), quarter(street / 25))
}

fn quarter(n: u32) -> String {
    const NAMES: [&str; 12] = [
        "Centro",
        "Água Verde",
        "Bela Vista",
        "Jardim América",
        "Vila Nova",
        "São José",
        "Boa Vista",
        "Santo Antônio",
        "Itoupava",
        "Fortaleza",
        "Ponta Aguda",
        "Vorstadt",
    ];
    let name = NAMES[n as usize % NAMES.len()];
    if n < 12 { name.to_owned() } else { format!("{name} {}", n / 12 + 1) }
}

/// A place so many metres east and north of another.
fn moved(from: Place, east: f64, north: f64) -> Place {
    let lat = from.lat + north / METRES_A_DEGREE;
    Place { lng: from.lng + east / (METRES_A_DEGREE * from.lat.to_radians().cos()), lat }
}

/// To a millionth of a degree, as such systems store it.
fn rounded(place: Place) -> Place {
    let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
    Place { lng: round(place.lng), lat: round(place.lat) }
}

/// Quarters lie in rows of twelve, 3.2 km by 2.8 km each; streets 110 m apart, boxes every 78 m.
fn place_of(seed: u64, n: u32) -> Place {
    let (quarter, street, along) = (n / 1_000, n % 1_000 / 40, n % 40);
    let unevenness = |at: u64| fraction(seed, For::Place, u64::from(n) * 2 + at) * 20.0 - 10.0;
    let east = f64::from(quarter % 12) * 3_200.0 + f64::from(along) * 78.0 + unevenness(0);
    let north = f64::from(quarter / 12) * 2_800.0 + f64::from(street) * 110.0 + unevenness(1);
    rounded(moved(CORNER, east, north))
}

/// Builds the city.
pub(super) fn build(options: &Options) -> World {
    let mut builder =
        Builder { world: roomy(options), options, customers: options.first_customer, homes: 0, feeding: Vec::new() };
    builder.documents();
    for n in 0..options.boxes {
        builder.box_number(n);
    }
    builder.world
}

fn roomy(options: &Options) -> World {
    let boxes = options.boxes as usize;
    let ports = boxes * options.ports_per_box as usize;
    let homes = (ports as f64 * (options.customers * 1.05 + 0.02).min(1.0)) as usize;
    World {
        boxes: Table::with_room(boxes),
        splitters: Table::with_room(boxes * 5 / 4),
        poles: Table::with_room(boxes),
        cables: Table::with_room(boxes),
        properties: Table::with_room(homes),
        clients: Table::with_room(homes),
        drops: Table::with_room(homes),
        ..World::empty()
    }
}

struct Builder<'a> {
    world: World,
    options: &'a Options,
    customers: u32,
    homes: u32,
    /// Outputs of the last splice box that feed nothing yet.
    feeding: Vec<(u32, usize)>,
}

/// What becomes of an attendance port.
enum Lot {
    Free,
    Blocked,
    Customer,
    EmptyHome,
}

impl Builder<'_> {
    fn documents(&mut self) {
        let area = json!({ "type": "Polygon", "coordinates": [[[-50.0, -27.6], [-49.0, -27.6], [-49.0, -26.4], [-50.0, -26.4], [-50.0, -27.6]]] });
        for (at, name) in super::PROJECTS.iter().enumerate() {
            let parents = if at == 0 { json!([]) } else { json!([{ "project": Id::new(PROJECT, 0) }]) };
            self.document(PROJECT, json!({ "name": name, "identifier": format!("projeto-{}", at + 1), "parents": parents,
                "lat": CORNER.lat, "lng": CORNER.lng, "area": area, "defaultPonPotency": 3, "hasLogo": false,
                "drop": { "maxSize": 250, "type": { "cableType": Id::new(CABLE_TYPE, 1) } },
                "hierarchyLevels": { "box": { "POP": 0, "CE": 1, "CTO": 2 }, "cable": { "Backbone": 0, "Distribuição": 1 } } }));
        }
        for (code, level) in [("CTO 16", 2), ("CE 48", 1)] {
            self.document(BOX_TYPE, json!({ "code": code, "prefix": &code[..code.len() - 3], "default_level": level,
                "default_reserve": 0, "config": { "base": { "color": "#3388FFFF" }, "regular": { "fillColor": "#3388FFFF" },
                "not_implanted": { "fillColor": "#FFA500A6" }, "draft": { "fillColor": "#FFA500A6" } } }));
        }
        for is_drop in [true, false] {
            for output in [2, 4, 8, 16, 32, 64] {
                self.document(
                    SPLITTER_TYPE,
                    json!({ "code": format!("1:{output}"), "isDrop": is_drop, "isBalanced": true,
                    "ratio": { "input": 1, "output": output }, "prefix": "SPL ", "size": 0, "inputConnectionType": 0,
                    "outputConnectionType": u8::from(is_drop), "attenuation": [10.5] }),
                );
            }
        }
        self.document(
            POLE_TYPE,
            json!({ "name": "Concreto", "prefix": "P", "viabilityAllowed": true, "color": "#555555FF" }),
        );
        for (code, fibers) in [("ASU 12", 12), ("Drop 1", 1)] {
            self.document(
                CABLE_TYPE,
                json!({ "code": code, "fiberNumber": fibers, "looseNumber": 1, "base_loss": 0.35,
                "default_level": 1, "fiberProfile": Id::new(FIBER_PROFILE, 0) }),
            );
        }
        self.document(FIBER_PROFILE, json!({ "name": "ABNT", "fibers": [], "tubes": [] }));
    }

    fn document(&mut self, kind: Kind, fields: Value) {
        let fields: Object = fields.as_object().cloned().unwrap_or_default();
        self.world.add_document(kind, fields, Moment(DRAWN));
    }

    fn shape(&self, n: u64) -> f64 {
        fraction(self.options.seed, For::Shape, n)
    }

    /// When something was last touched: within half a year of the drawing.
    fn age(&self, kind: Kind, n: u32) -> Moment {
        let spread = draw(self.options.seed, For::Age, u64::from(kind.0) << 32 | u64::from(n)) % SIX_MONTHS_MS;
        Moment(DRAWN + spread as i64)
    }

    /// Three projects: most in the first, a tenth of the quarters' last streets in the second, a few in the third.
    fn project(n: u32) -> u32 {
        match n % 1_000 / 40 {
            22 | 23 => 1,
            24 => 2,
            _ => 0,
        }
    }

    fn box_number(&mut self, n: u32) {
        let place = place_of(self.options.seed, n);
        let pole_at = self.age(Kind::POLE, n);
        let pole = self.world.poles.push(PoleData { place: Some(place), pole_type: Some(0) }, pole_at);
        let luck = self.shape(u64::from(n) * 8);
        let draft = luck < 0.01;
        let joins = n.is_multiple_of(10);
        let data = BoxData {
            project: Self::project(n),
            box_type: Some(if joins { SPLICE_BOX } else { CTO }),
            // A few boxes were never placed on the map.
            place: (luck < 0.997).then_some(place),
            pole: Some(pole),
            implanted: !draft && luck >= 0.03,
            draft,
            certified: luck > 0.4,
            ..BoxData::default()
        };
        let project = data.project;
        let implanted = data.implanted;
        let at = self.age(Kind::BOX, n);
        let seq = self.world.add_box(data, at);
        self.cable(seq, project);
        if joins {
            self.distribution(seq, project);
        } else {
            self.attendance(seq, project, implanted);
        }
    }

    /// The cable from the box before on the same street.
    fn cable(&mut self, seq: u32, project: u32) {
        if !seq.is_multiple_of(40) {
            let at = self.age(Kind::CABLE, seq);
            let ends = [Some(seq - 1), Some(seq)];
            self.world.add_cable(CableData { project, ends, fibers: 12, metres: 82 }, at);
        }
    }

    fn distribution(&mut self, parent: u32, project: u32) {
        let seq = self.splitter(parent, project, 8, false, true);
        self.feeding = (0..8).rev().map(|output| (seq, output)).collect();
    }

    /// Nine of ten boxes serve homes, and of these each ninth has twice the usual ports: as one splitter or as two. So
    /// there are `ports_per_box` attendance ports for every box.
    fn attendance(&mut self, parent: u32, project: u32, implanted: bool) {
        let usual = self.options.ports_per_box as usize;
        let sizes: &[usize] = match parent % 20 {
            9 => &[usual * 2],
            19 => &[usual, usual],
            _ => &[usual],
        };
        for size in sizes {
            let seq = self.splitter(parent, project, *size, true, implanted);
            self.feed(seq);
            if implanted {
                (0..*size).for_each(|output| self.port(seq, parent, project, output));
            }
        }
        // Some boxes also hold a splitter of the other role.
        if self.shape(u64::from(parent) * 8 + 1) < 0.05 {
            self.splitter(parent, project, 2, false, implanted);
        }
    }

    fn splitter(&mut self, parent: u32, project: u32, outputs: usize, is_drop: bool, implanted: bool) -> u32 {
        let at = self.age(Kind::SPLITTER, self.world.splitters.next());
        let types = if is_drop { 0 } else { 6 };
        let splitter_type = Some(types + outputs.trailing_zeros().saturating_sub(1));
        let outputs = vec![Plug::Free; outputs].into_boxed_slice();
        self.world
            .add_splitter(SplitterData { parent, project, splitter_type, is_drop, implanted, outputs, blocked: 0 }, at)
    }

    /// Plugs a splitter's fiber into the last splice box.
    fn feed(&mut self, seq: u32) {
        let Some((from, output)) = self.feeding.pop() else { return };
        if let Some(row) = self.world.splitters.row_mut(from) {
            row.data.outputs[output] = Plug::Trunk(seq);
        }
    }

    fn lot(&self, splitter: u32, output: usize) -> Lot {
        let luck = fraction(self.options.seed, For::Person, u64::from(splitter) << 6 | output as u64);
        let customers = self.options.customers;
        match luck {
            luck if luck < customers => Lot::Customer,
            luck if luck < customers * 1.01 => Lot::EmptyHome,
            luck if luck > 0.995 => Lot::Blocked,
            _ => Lot::Free,
        }
    }

    fn port(&mut self, splitter: u32, in_box: u32, project: u32, output: usize) {
        let client = match self.lot(splitter, output) {
            Lot::Free => return,
            Lot::Blocked => {
                if let Some(row) = self.world.splitters.row_mut(splitter) {
                    row.data.blocked |= 1 << output;
                }
                return;
            }
            Lot::Customer => Some(self.customer()),
            Lot::EmptyHome => None,
        };
        let home = self.homes;
        self.homes += 1;
        let spread = draw(self.options.seed, For::Place, u64::from(home) ^ 0xFFFF_0000_0000);
        let (east, north) = ((spread % 80) as f64 - 40.0, (spread >> 32) as f64 % 60.0 - 30.0);
        let place = self.world.boxes.get(in_box).and_then(|data| data.place);
        let data = PropertyData {
            project,
            client,
            place: place.map(|place| rounded(moved(place, east, north))),
            ..PropertyData::default()
        };
        let at = self.age(Kind::PROPERTY, home);
        let property = self.world.add_home(data, at);
        self.world.move_in(property, in_box);
        let drop = self.world.lay_drop(property, in_box, self.age(Kind::DROP, home));
        self.world.plug(drop, splitter, output as u8);
    }

    fn customer(&mut self) -> u32 {
        let n = self.customers;
        self.customers += 1;
        let data = ClientData {
            code: Some(code_of(n).into_boxed_str()),
            person: Some(n),
            implanted: !draw(self.options.seed, For::Person, u64::from(n) | 1 << 48).is_multiple_of(50),
            property: None,
        };
        let at = self.age(Kind::CLIENT, n);
        self.world.add_client(data, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(boxes: u32) -> Options {
        Options { boxes, ..Options::default() }
    }

    fn attendance_ports(world: &World) -> usize {
        world.splitters.iter().filter(|(_, data)| data.is_drop).map(|(_, data)| data.outputs.len()).sum()
    }

    #[test]
    fn there_are_eight_attendance_ports_a_box_and_two_in_five_hold_a_customer() {
        let world = build(&options(3_600));
        assert_eq!(attendance_ports(&world), 3_600 * 8);
        let share = world.clients.live().len() as f64 / (3_600.0 * 8.0);
        assert!((0.36..0.42).contains(&share), "{share}");
        let distribution = world.splitters.iter().filter(|(_, data)| !data.is_drop).count();
        assert!(distribution > 360, "{distribution}");
    }

    #[test]
    fn the_city_has_what_a_sync_must_cope_with() {
        let world = build(&options(3_000));
        assert!(world.boxes.iter().any(|(_, data)| data.draft));
        assert!(world.boxes.iter().any(|(_, data)| data.place.is_none()));
        assert!(world.splitters.iter().any(|(_, data)| data.blocked != 0));
        assert!(world.properties.iter().any(|(_, data)| data.client.is_none() && data.drop.is_some()));
        for code in ["1000", "X-39", &people::cpf(199)] {
            assert_eq!(world.clients_with(code).len(), 1, "{code}");
        }
    }

    #[test]
    fn the_same_seed_builds_the_same_city_and_another_does_not() {
        let dump = |seed| format!("{:?}", build(&Options { seed, ..options(200) }).splitters);
        assert_eq!(dump(1), dump(1));
        assert_ne!(dump(1), dump(2));
    }

    #[test]
    fn codes_follow_the_documented_scheme() {
        assert_eq!(code_of(0), "1000");
        assert_eq!(code_of(38), "1038");
        assert_eq!(code_of(39), "X-39");
        assert_eq!(code_of(199).len(), 11);
    }
}
