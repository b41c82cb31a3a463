//! Against the simulated OZMap: a whole city synced, looked at, and changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use platforms::ozmap::{OzMap, Parameters};
use platforms::{Detach, FailureKind, Occupancy, Platform, PortAddress, SplitterElement, SplitterRole};
use simulators::faults::{Effect, Fault};
use simulators::ozmap::{Options, PROJECTS, Simulator, code_of};

use super::{History, account_with, all, customer, parameters, port, told};

struct City {
    simulator: Simulator,
    url: String,
    ozmap: OzMap,
    history: Arc<History>,
}

impl City {
    async fn built() -> Self {
        let options = Options { boxes: 60, ..Options::default() };
        let simulator = Simulator::new(options.clone()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = simulator.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let (ozmap, history) = account_with(entry(&url, &options, None), true).unwrap();
        Self { simulator, url, ozmap, history }
    }

    fn confined(&self, project: &str) -> OzMap {
        let parameters = entry(&self.url, &Options::default(), Some(project.to_owned()));
        account_with(parameters, true).unwrap().0
    }

    async fn splitters(&self) -> Vec<SplitterElement> {
        all(async |c| self.ozmap.splitters(c.as_deref()).await).await
    }

    /// Ports that nothing is plugged into, in the simulator's own opinion.
    async fn free_ports(&self) -> Vec<PortAddress> {
        let splitters = self.splitters().await;
        let ports = splitters.iter().flat_map(|s| s.ports.iter().filter(|p| !p.blocked).map(move |p| (s, p)));
        let free = ports.filter(|(s, p)| self.simulator.holder(&s.external_id, p.sequencia as u32 + 1).is_none());
        free.map(|(s, p)| port(&s.box_external_id, &s.external_id, p.sequencia)).collect()
    }

    async fn port_of(&self, code: &str) -> PortAddress {
        let seats = self.ozmap.seats_of(code).await.unwrap();
        let splitter = seats[0].splitter_external_id.clone().unwrap();
        let found = self.splitters().await.into_iter().find(|s| s.external_id == splitter).unwrap();
        port(&found.box_external_id, &splitter, seats[0].sequencia.unwrap())
    }

    fn code_at(&self, port: &PortAddress) -> Option<String> {
        self.simulator.holder(&port.splitter_external_id, port.sequencia as u32 + 1)?.code
    }
}

fn entry(url: &str, options: &Options, nome_projeto: Option<String>) -> Parameters {
    Parameters {
        api_chave: options.api_key.clone().into(),
        usuario: options.login.clone(),
        senha: options.password.clone().into(),
        nome_projeto,
        ..parameters(url)
    }
}

#[tokio::test]
async fn d4_test_tells_the_projects_with_one_harmless_call() {
    let city = City::built().await;
    let projects = city.ozmap.test().await.unwrap().projects;
    assert_eq!(BTreeSet::from_iter(projects.iter().map(String::as_str)), BTreeSet::from(PROJECTS));
    assert_eq!(city.history.writes(), 0);
    let wrong = city.confined("Rede principal").test().await;
    assert_eq!(told(wrong), (FailureKind::Misconfigured, "ozmap.no_such_project"));
}

#[tokio::test]
async fn s2_the_whole_city_is_seen() {
    let city = City::built().await;
    let size = city.simulator.size();
    let boxes = all(async |c| city.ozmap.boxes(c.as_deref()).await).await;
    assert_eq!(boxes.len(), size.boxes);
    assert!(boxes.iter().any(|b| b.splice) && boxes.iter().any(|b| b.attendance));
    assert!(boxes.iter().any(|b| !b.allows_viability), "drafts allow none");
    let splitters = city.splitters().await;
    let ports: usize = splitters.iter().map(|s| s.ports.len()).sum();
    assert_eq!(ports, size.attendance_ports);
    assert!(splitters.iter().any(|s| s.role == SplitterRole::Distribution && s.ports.is_empty()));
    let poles = all(async |c| city.ozmap.poles(c.as_deref()).await).await;
    assert!(poles.iter().any(|p| p.place.is_some()));
    all(async |c| city.ozmap.cables(c.as_deref()).await).await;
}

#[tokio::test]
async fn d5_a_project_is_synced_alone() {
    let city = City::built().await;
    let everything = all(async |c| city.ozmap.boxes(c.as_deref()).await).await.len();
    let mut parts = 0;
    for name in PROJECTS {
        let project = city.confined(name);
        let boxes = all(async |c| project.boxes(c.as_deref()).await).await;
        let ids: BTreeSet<_> = boxes.iter().map(|b| b.external_id.clone()).collect();
        let splitters = all(async |c| project.splitters(c.as_deref()).await).await;
        assert!(splitters.iter().all(|s| ids.contains(&s.box_external_id)), "{name}");
        parts += boxes.len();
    }
    assert_eq!(parts, everything);
}

#[tokio::test]
async fn b6_a_look_tells_who_holds_a_port() {
    let city = City::built().await;
    let splitters = city.splitters().await;
    for held in city.simulator.occupied().into_iter().step_by(9) {
        let splitter = splitters.iter().find(|s| s.external_id == held.splitter).unwrap();
        let port = port(&splitter.box_external_id, &held.splitter, held.port as i32 - 1);
        let Occupancy::Taken(seat) = city.ozmap.look_at_port(&port).await.unwrap() else { panic!("{held:?}") };
        assert_eq!((seat.external_id, seat.code), (held.property, held.code));
    }
    for port in city.free_ports().await.iter().step_by(40) {
        assert_eq!(city.ozmap.look_at_port(port).await.unwrap(), Occupancy::Free);
    }
}

#[tokio::test]
async fn a_port_that_is_blocked_by_hand_is_shown_as_such() {
    let city = City::built().await;
    let free = city.free_ports().await.remove(0);
    let url = format!("{}/api/v2/splitters/{}", city.url, free.splitter_external_id);
    let block = serde_json::json!({"ports": [{"index": free.sequencia, "blocked": true}]});
    let call = reqwest::Client::new().patch(url).header("authorization", Options::default().api_key).json(&block);
    call.send().await.unwrap().error_for_status().unwrap();
    assert_eq!(city.ozmap.look_at_port(&free).await.unwrap(), Occupancy::Blocked);
    let splitters = city.splitters().await;
    let splitter = splitters.iter().find(|s| s.external_id == free.splitter_external_id).unwrap();
    assert!(splitter.ports[free.sequencia as usize].blocked);
    assert_eq!(told(city.ozmap.attach(&free, &customer("990014"), &[]).await).0, FailureKind::Rejected);
}

#[tokio::test]
async fn b2_a_new_customer_gets_a_home_with_one_write() {
    let city = City::built().await;
    let free = city.free_ports().await.remove(0);
    city.ozmap.attach(&free, &customer("990011"), &[]).await.unwrap();
    assert_eq!(city.history.writes(), 1);
    assert_eq!(city.code_at(&free).as_deref(), Some("990011"));
    let Occupancy::Taken(seat) = city.ozmap.look_at_port(&free).await.unwrap() else { panic!("nobody sits there") };
    assert_eq!(city.ozmap.seats_of("990011").await.unwrap(), std::slice::from_ref(&seat));
    city.ozmap.attach(&free, &customer("990011"), &[seat]).await.unwrap();
    assert_eq!(city.history.writes(), 1, "he sits there already");
}

#[tokio::test]
async fn b4_a_customer_who_sits_elsewhere_is_moved_with_one_write() {
    let city = City::built().await;
    let (code, free) = (code_of(3), city.free_ports().await.remove(5));
    let before = city.port_of(&code).await;
    let seats = city.ozmap.seats_of(&code).await.unwrap();
    city.ozmap.attach(&free, &customer(&code), &seats).await.unwrap();
    assert_eq!(city.history.writes(), 1);
    assert_eq!(city.ozmap.look_at_port(&before).await.unwrap(), Occupancy::Free);
    let now = city.ozmap.seats_of(&code).await.unwrap();
    assert_eq!((now.len(), &now[0].external_id), (1, &seats[0].external_id));
    assert_eq!(now[0].splitter_external_id.as_ref(), Some(&free.splitter_external_id));
}

#[tokio::test]
async fn b2_a_customer_who_was_moved_since_he_was_seen_is_not_taken_off_his_new_port() {
    for (code, how) in [(code_of(3), Detach::Everything), (code_of(4), Detach::KeepHome)] {
        let city = City::built().await;
        let free = city.free_ports().await.remove(5);
        let seen = city.ozmap.seats_of(&code).await.unwrap();
        city.ozmap.attach(&free, &customer(&code), &seen).await.unwrap();
        city.ozmap.detach(&seen[0], how).await.unwrap();
        assert_eq!(city.code_at(&free), Some(code), "{how:?}");
    }
}

#[tokio::test]
async fn b11_everything_goes_or_the_home_stays() {
    let city = City::built().await;
    for (code, how) in [(code_of(4), Detach::Everything), (code_of(5), Detach::KeepHome)] {
        let (port, seats) = (city.port_of(&code).await, city.ozmap.seats_of(&code).await.unwrap());
        city.ozmap.detach(&seats[0], how).await.unwrap();
        assert_eq!(city.ozmap.look_at_port(&port).await.unwrap(), Occupancy::Free, "{how:?}");
        assert!(city.ozmap.seats_of(&code).await.unwrap().is_empty(), "{how:?}");
        city.ozmap.detach(&seats[0], how).await.unwrap();
    }
}

#[tokio::test]
async fn b11_what_is_left_of_half_a_removal_is_found_by_code() {
    let city = City::built().await;
    let seats = city.ozmap.seats_of(&code_of(6)).await.unwrap();
    city.simulator.add_fault(Fault::always(Effect::ResetBefore).method("PATCH").times(1));
    let outcome = city.ozmap.detach(&seats[0], Detach::KeepHome).await;
    assert_eq!(told(outcome).0, FailureKind::Unknown);
    let left = city.ozmap.seats_of(&code_of(6)).await.unwrap();
    assert_eq!((left.len(), left[0].splitter_external_id.clone()), (1, None), "unplugged, and he still lives there");
    city.ozmap.detach(&left[0], Detach::KeepHome).await.unwrap();
    assert!(city.ozmap.seats_of(&code_of(6)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_that_is_refused_for_once_costs_one_login() {
    let city = City::built().await;
    city.simulator.add_fault(Fault::always(Effect::Unauthorised).times(1));
    city.ozmap.test().await.unwrap();
    city.ozmap.boxes(None).await.unwrap();
    let logins = city.history.lines().iter().filter(|l| l.contains("/users/login")).count();
    assert_eq!(logins, 1);
}
