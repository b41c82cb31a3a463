//! A made-up Brazilian city, the same for the same options. Quarters of a thousand boxes, twenty-five streets each; every
//! tenth box joins cables and splits for the ones that follow, the others serve homes.

use super::Options;
use super::columns::{Feature, Field};
use super::world::World;
use crate::chance::{For, fraction};
use crate::ozmap::FIRST_SERVICE;
use crate::people;
use serde_json::{Value, json};

/// The corner of the city, north of where the simulated OZMap's lies. The place is real, the city is not.
const CORNER: (f64, f64) = (-26.30, -49.80);
const METRES_A_DEGREE: f64 = 111_320.0;

/// What the *n*-th customer (from 0) has as code: his `id_cliente_servico`, 1000 + n, except that every fortieth (39,
/// 79, …) is unknown to HubSoft and has `X-n`, and of every four hundred one (199, 599, …) has none and is known by his
/// document alone, [`people::cpf`]`(n)`. His name is [`people::name`]`(n)`.
pub fn code_of(n: u32) -> Option<String> {
    match n {
        n if n % 400 == 199 => None,
        n if n % 40 == 39 => Some(format!("X-{n}")),
        n => Some((FIRST_SERVICE + i64::from(n)).to_string()),
    }
}

/// Builds the city.
pub(super) fn build(options: &Options) -> World {
    let mut builder = Builder { world: World::empty(options.installation), options, customers: options.first_customer };
    for n in 0..options.boxes {
        builder.box_number(n);
    }
    builder.world
}

struct Builder<'a> {
    world: World,
    options: &'a Options,
    customers: u32,
}

impl Builder<'_> {
    /// Latitude and longitude of box *n*: quarters lie in rows of twelve, streets 110 m apart, boxes every 78 m.
    fn place(&self, n: u32) -> (f64, f64) {
        let (quarter, street, along) = (n / 1_000, n % 1_000 / 40, n % 40);
        let unevenness = |at: u64| fraction(self.options.seed, For::Place, u64::from(n) * 2 + at) * 20.0 - 10.0;
        let east = f64::from(quarter % 12) * 3_200.0 + f64::from(along) * 78.0 + unevenness(0);
        let north = f64::from(quarter / 12) * 2_800.0 + f64::from(street) * 110.0 + unevenness(1);
        let round = |degrees: f64| (degrees * 1e6).round() / 1e6;
        let metres_a_degree_east = METRES_A_DEGREE * CORNER.0.to_radians().cos();
        (round(CORNER.0 + north / METRES_A_DEGREE), round(CORNER.1 + east / metres_a_degree_east))
    }

    fn box_number(&mut self, n: u32) {
        let luck = fraction(self.options.seed, For::Shape, u64::from(n) * 4);
        let planned = luck < 0.02;
        let (latitude, longitude) = self.place(n);
        let joins = n.is_multiple_of(10);
        let (feature, prefix) = if joins { (Feature::CaixaEmenda, "CE") } else { (Feature::Cto, "CTO") };
        let status = if planned { "PROJETADO" } else { "EXISTENTE" };
        let mut fields = vec![
            (Field::Nome, format!("{prefix}-{:05}", n + 1).into()),
            (Field::Situacao, status.into()),
            (Field::Endereco, address(n).into()),
        ];
        if joins {
            fields.push((Field::Tipo, "CE: 24 fusões".into()));
        }
        // A few boxes were never placed on the map.
        if luck < 0.997 {
            fields.extend([(Field::Latitude, json!(latitude)), (Field::Longitude, json!(longitude))]);
        }
        let in_box = self.world.add(feature, fields);
        self.pole(n, latitude, longitude);
        self.cable(n);
        if joins {
            self.splitter(in_box, 8, "Distribuição");
        } else {
            self.attendance(n, in_box, planned);
        }
    }

    fn pole(&mut self, n: u32, latitude: f64, longitude: f64) {
        let name = (Field::Nome, Value::from(format!("P-{:05}", n + 1)));
        self.world
            .add(Feature::Poste, vec![name, (Field::Latitude, json!(latitude)), (Field::Longitude, json!(longitude))]);
    }

    /// The cable from the box before on the same street.
    fn cable(&mut self, n: u32) {
        if n.is_multiple_of(40) {
            return;
        }
        let ((from_lat, from_lng), (to_lat, to_lng)) = (self.place(n - 1), self.place(n));
        let line = format!("LINESTRING ({from_lng} {from_lat}, {to_lng} {to_lat})");
        let name = (Field::Nome, Value::from(format!("Lance {n}")));
        self.world.add(Feature::LanceCabo, vec![name, (Field::Geometria, line.into())]);
    }

    fn splitter(&mut self, in_box: u32, outputs: u32, role: &str) -> u32 {
        let fields = vec![
            (Field::Nome, format!("SPL 1:{outputs}").into()),
            (Field::Caixa, json!(in_box)),
            (Field::Funcao, role.into()),
            (Field::Razao, format!("1:{outputs}").into()),
        ];
        self.world.add(Feature::Splitter, fields)
    }

    /// Every ninth of these boxes has two splitters.
    fn attendance(&mut self, n: u32, in_box: u32, planned: bool) {
        for at in 0..if n % 10 == 9 { 2_u64 } else { 1 } {
            let outputs = self.options.ports_per_box;
            let splitter = self.splitter(in_box, outputs, "Atendimento");
            for port in 1..=outputs {
                let luck = fraction(self.options.seed, For::Person, u64::from(n) << 8 | at << 7 | u64::from(port));
                if !planned && luck < self.options.customers {
                    self.customer(n, splitter, port);
                }
            }
        }
    }

    /// One in fifty is known and on no port.
    fn customer(&mut self, n: u32, splitter: u32, port: u32) {
        let person = self.customers;
        self.customers += 1;
        let mut fields = vec![
            (Field::Nome, people::name(u64::from(person)).into()),
            (Field::Documento, people::cpf(u64::from(person)).into()),
            (Field::Endereco, address(n).into()),
        ];
        fields.extend(code_of(person).map(|code| (Field::Codigo, code.into())));
        if person % 50 != 49 {
            fields.extend([(Field::Splitter, json!(splitter)), (Field::Porta, json!(port))]);
        }
        self.world.add(Feature::Cliente, fields);
    }
}

/// Where box *n* stands on its street.
fn address(n: u32) -> String {
    format!("{}, {}", people::street(u64::from(n / 40)), n % 40 * 36 + 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_city_has_what_a_sync_must_cope_with() {
        let world = build(&Options { boxes: 2_000, ..Options::default() });
        let has = |feature, field, value: &str| {
            world.table(feature).iter().any(|(_, row)| row.text(field).as_deref() == Some(value))
        };
        assert!(has(Feature::Cto, Field::Situacao, "PROJETADO") && has(Feature::Cto, Field::Situacao, "EXISTENTE"));
        assert!(has(Feature::Splitter, Field::Funcao, "Distribuição"));
        assert!(has(Feature::Cliente, Field::Codigo, "X-39") && has(Feature::Cliente, Field::Codigo, "1000"));
        assert!(world.table(Feature::Cto).iter().any(|(_, row)| row.get(Field::Latitude).is_none()));
        let customers = || world.table(Feature::Cliente).iter();
        assert!(customers().any(|(fid, _)| world.port_of(fid).is_none()));
        assert!(customers().any(|(_, row)| row.get(Field::Codigo).is_none()));
    }

    #[test]
    fn the_same_options_build_the_same_city() {
        let held = |seed| {
            let world = build(&Options { boxes: 60, seed, ..Options::default() });
            let customers = world.table(Feature::Cliente).iter();
            customers.filter_map(|(fid, _)| world.occupied(fid)).collect::<Vec<_>>()
        };
        assert_eq!(held(1), held(1));
        assert_ne!(held(1), held(2));
    }
}
