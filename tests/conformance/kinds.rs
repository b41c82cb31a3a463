//! The platforms there are: how a simulated city of each is made, and the little in which scenarios have to know them.

use platforms::{Given, OccupantElement};
use serde_json::{Value, json};
use simulators::server::Desk;
use simulators::{geogrid, geosite, ozmap};

/// A row.
pub struct Kind {
    /// As integrations store it.
    pub name: &'static str,
    /// What its addresses have behind the host.
    pub base: &'static str,
    pub build: fn(u32) -> Built,
    /// What the path of the call holds that puts a customer on a port.
    pub puts: &'static str,
    /// What the paths of all its listings hold.
    pub lists: &'static str,
    /// Whether somebody is on the port for whom it is only kept: he is told of, and identifies nobody.
    pub only_kept: fn(&OccupantElement) -> bool,
}

/// A city.
pub struct Built {
    pub desk: Desk,
    pub boxes: usize,
    pub ports: usize,
    /// Rule D1's parameters but the address, and the one of them that is the secret.
    entry: Value,
    pub secret: &'static str,
}

impl Built {
    /// What an integration on it is set up with.
    pub fn given(&self, url: &str) -> Given {
        let mut given = self.entry.as_object().unwrap().clone();
        given.insert("api_url".to_owned(), url.into());
        given
    }
}

fn nobody(_: &OccupantElement) -> bool {
    false
}

fn reservation(occupant: &OccupantElement) -> bool {
    let name = occupant.customer.as_ref().and_then(|customer| customer.name.as_deref());
    name.is_some_and(|name| name.ends_with("(reserva)"))
}

pub const KINDS: [Kind; 3] = [
    Kind { name: "ozmap", base: "", build: a_city_of_ozmap, puts: "/properties", lists: "/api/v2/", only_kept: nobody },
    Kind {
        name: "geosite",
        base: geosite::BASE,
        build: a_city_of_geosite,
        puts: "/cliente/save",
        lists: "/list",
        only_kept: nobody,
    },
    Kind {
        name: "geogrid",
        base: "/isp",
        build: a_city_of_geogrid,
        puts: "/integracao/atender",
        lists: "/api/v3/",
        only_kept: reservation,
    },
];

fn a_city_of_ozmap(boxes: u32) -> Built {
    let options = ozmap::Options { boxes, ..ozmap::Options::default() };
    let entry = json!({ "api_chave": options.api_key, "usuario": options.login, "senha": options.password });
    let simulator = ozmap::Simulator::new(options).unwrap();
    let size = simulator.size();
    Built { desk: (*simulator).clone(), boxes: size.boxes, ports: size.attendance_ports, entry, secret: "api_chave" }
}

fn a_city_of_geosite(boxes: u32) -> Built {
    let options = geosite::Options { boxes, ..geosite::Options::default() };
    let entry = json!({ "usuario": options.username, "senha": options.password });
    let simulator = geosite::Simulator::new(options).unwrap();
    let size = simulator.size();
    Built { desk: (*simulator).clone(), boxes: size.boxes, ports: size.attendance_ports, entry, secret: "senha" }
}

fn a_city_of_geogrid(boxes: u32) -> Built {
    let options = geogrid::Options { boxes, calls_a_second: None, ..geogrid::Options::default() };
    let entry = json!({ "token": options.api_key });
    let simulator = geogrid::Simulator::new(options).unwrap();
    let size = simulator.size();
    Built { desk: (*simulator).clone(), boxes: size.boxes, ports: size.attendance_ports, entry, secret: "token" }
}
