//! A made-up Brazilian city, the same for the same options. Streets of forty boxes; every tenth box is a splice box that
//! splits for the ones that follow, the others serve homes.

use super::Options;
use super::world::{Client, Hold, Item, Kind, Place, World};
use crate::chance::{For, draw, fraction};
use crate::people;

/// The service of customer 0; see [`code_of`].
pub const FIRST_SERVICE: i64 = 1_000;

/// The corner of the city. The place is real, the city is not.
const CORNER: Place = Place { lat: -27.10, lng: -48.92 };
const METRES_A_DEGREE: f64 = 111_320.0;

/// What the *n*-th customer (from 0) has as code: his `id_cliente_servico`, 1000 + n, except that every fortieth (39, 79, …) is
/// unknown to HubSoft and has `X-n`, and of every four hundred one (199, 599, …) has none. His name is [`people::name`]`(n)`.
pub fn code_of(n: u32) -> Option<String> {
    match n {
        n if n % 400 == 199 => None,
        n if n % 40 == 39 => Some(format!("X-{n}")),
        n => Some((FIRST_SERVICE + i64::from(n)).to_string()),
    }
}

/// The document of the *n*-th customer: his CPF, [`people::cpf`]`(n)`. Whoever is unknown to HubSoft ([`code_of`]) has that of
/// somebody else, or none.
pub fn document_of(n: u32) -> Option<String> {
    match code_of(n) {
        Some(code) if code.starts_with('X') => (n % 80 == 39).then(|| people::cpf(u64::from(n) + 500_000_000)),
        _ => Some(people::cpf(u64::from(n))),
    }
}

/// To a millionth of a degree, as such systems store it. Streets 110 m apart, boxes every 78 m.
fn place_of(seed: u64, n: u32) -> Place {
    let unevenness = |at: u64| fraction(seed, For::Place, u64::from(n) * 2 + at) * 20.0 - 10.0;
    let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let (east, north) = (f64::from(n % 40) * 78.0 + unevenness(0), f64::from(n / 40) * 110.0 + unevenness(1));
    let lat = CORNER.lat + north / METRES_A_DEGREE;
    Place { lat: round(lat), lng: round(CORNER.lng + east / (METRES_A_DEGREE * CORNER.lat.to_radians().cos())) }
}

/// Builds the city.
pub(super) fn build(options: &Options) -> World {
    let mut builder = Builder { world: World::default(), options, customers: options.first_customer };
    (0..options.boxes).for_each(|n| builder.box_number(n));
    (0..options.boxes).for_each(|n| builder.pole(n));
    builder.world
}

struct Builder<'a> {
    world: World,
    options: &'a Options,
    customers: u32,
}

impl Builder<'_> {
    fn item(&mut self, kind: Kind, n: u32, place: Option<Place>, planned: bool) -> u32 {
        let folder = match n % 1_000 / 40 {
            22 | 23 => 1,
            24 => 2,
            _ => 0,
        };
        self.world.add_item(Item { kind, number: n, place, planned, folder, removed: false, equipment: Vec::new() })
    }

    fn pole(&mut self, n: u32) {
        let place = place_of(self.options.seed, n);
        self.item(Kind::Pole, n, Some(place), false);
        if n % 50 == 49 {
            self.item(Kind::Future, n, Some(place), false);
        }
    }

    fn box_number(&mut self, n: u32) {
        let luck = fraction(self.options.seed, For::Shape, u64::from(n) * 8);
        let (planned, joins) = (luck < 0.02, n.is_multiple_of(10));
        // A few boxes were never placed on the map.
        let place = (luck < 0.997).then(|| place_of(self.options.seed, n));
        let kind = if joins { Kind::SpliceBox } else { Kind::Terminal };
        let item = self.item(kind, n, place, planned);
        if joins {
            let splitter = self.world.add_equipment(item, false, 8);
            (0..8).for_each(|output| self.world.hold(splitter, output, Hold::Feeds));
            return;
        }
        self.attendance(item, n, planned);
        // Some boxes also hold a splitter of the other role.
        if fraction(self.options.seed, For::Shape, u64::from(n) * 8 + 1) < 0.05 {
            self.world.add_equipment(item, false, 2);
        }
    }

    /// Nine of ten boxes serve homes, and of these each ninth has twice the usual ports: as one splitter or as two. So
    /// there are `ports_per_box` attendance ports for every box.
    fn attendance(&mut self, item: u32, n: u32, planned: bool) {
        let usual = self.options.ports_per_box as usize;
        let sizes: &[usize] = match n % 20 {
            9 => &[usual * 2],
            19 => &[usual, usual],
            _ => &[usual],
        };
        for size in sizes {
            let splitter = self.world.add_equipment(item, true, *size);
            if !planned {
                (0..*size).for_each(|output| self.port(splitter, output));
            }
        }
    }

    fn port(&mut self, splitter: u32, output: usize) {
        let nth = u64::from(splitter) << 6 | output as u64;
        let luck = fraction(self.options.seed, For::Person, nth);
        let customers = self.options.customers;
        let hold = match luck {
            luck if luck < customers => {
                let was_reserved = draw(self.options.seed, For::Age, nth).is_multiple_of(12);
                Hold::Attended { client: self.customer(), was_reserved }
            }
            luck if luck < customers + 0.01 => Hold::Reserved(Some(self.customer())),
            luck if luck > 0.995 => Hold::Reserved(None),
            luck if luck > 0.99 => Hold::Feeds,
            _ => return,
        };
        self.world.hold(splitter, output, hold);
    }

    fn customer(&mut self) -> u32 {
        let n = self.customers;
        self.customers += 1;
        let client = Client {
            name: people::name(u64::from(n)).into(),
            code: code_of(n).map(Into::into),
            document: document_of(n).map(Into::into),
            more: serde_json::Map::new(),
        };
        // Codes of made-up customers differ.
        self.world.add_client(client).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(boxes: u32) -> Options {
        Options { boxes, ..Options::default() }
    }

    #[test]
    fn there_are_eight_attendance_ports_a_box_and_two_in_five_hold_a_customer() {
        let size = build(&options(3_600)).size();
        assert_eq!(size.boxes + size.planned, 3_600);
        let share = size.attendance_ports as f64 / size.boxes as f64;
        assert!((7.9..8.1).contains(&share), "{share}");
        let held = (size.customers - size.reserved) as f64 / size.attendance_ports as f64;
        assert!((0.38..0.42).contains(&held), "{held}");
    }

    #[test]
    fn the_city_has_what_a_sync_must_cope_with() {
        let world = build(&options(3_000));
        let size = world.size();
        assert!(size.planned > 0 && size.reserved > 0 && size.reserved_for_nobody > 0);
        assert!(world.items.iter().any(|item| item.place.is_none()));
        let holds =
            |wanted: fn(&Hold) -> bool| world.equipment.iter().any(|e| e.attends && e.outputs.iter().any(wanted));
        assert!(holds(|hold| *hold == Hold::Feeds));
        assert!(holds(|hold| matches!(hold, Hold::Attended { was_reserved: true, .. })));
        assert!(world.clients.iter().any(|client| client.code.is_none() && client.document.is_some()));
        assert_eq!(world.client_with("X-39"), Some(39));
    }

    #[test]
    fn the_same_seed_builds_the_same_city_and_another_does_not() {
        let dump = |seed| format!("{:?}", build(&Options { seed, ..options(200) }).equipment);
        assert_eq!(dump(1), dump(1));
        assert_ne!(dump(1), dump(2));
    }

    #[test]
    fn codes_and_documents_follow_the_documented_scheme() {
        assert_eq!((code_of(0).as_deref(), document_of(0)), (Some("1000"), Some(people::cpf(0))));
        assert_eq!((code_of(39).as_deref(), code_of(199)), (Some("X-39"), None));
        assert_ne!(document_of(39), Some(people::cpf(39)));
        assert_eq!((document_of(79), document_of(199)), (None, Some(people::cpf(199))));
    }
}
