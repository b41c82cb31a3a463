//! The answer to a person: HubSoft's form, three-valued, with an alert for all that could not be asked (rules V3, V4).
//!
//! `origem` is `plataforma` where at least one platform was asked and told its boxes, and `mapeamento_local` otherwise.

use std::collections::BTreeMap;

use mapping::viability::{Found, FoundBox, FreePort, MOST_BOXES, Project};
use serde_json::{Value, json};

use super::{Asked, Input, Outcome, searched};

/// The answer.
pub(super) fn of(input: &Input, projects: &[Project], asked: &[Asked], found: &Found) -> Value {
    let free = found.boxes.iter().any(|b| b.free > 0);
    let open = found.more || asked.iter().any(|asked| asked.outcome.leaves_open());
    let conclusion = match () {
        () if free => "disponivel",
        () if open => "desconhecida",
        () => "indisponivel",
    };
    let told = asked.iter().any(|asked| asked.outcome.answered());
    json!({
        "conclusao": conclusion,
        "origem": if told { "plataforma" } else { "mapeamento_local" },
        "alertas": alerts(input, projects, asked, found),
        "projetos": by_project(input, projects, found),
    })
}

/// Every project that was searched, the one with the nearest box first.
fn by_project(input: &Input, projects: &[Project], found: &Found) -> Vec<Value> {
    let mut boxes: BTreeMap<i64, Vec<Value>> = BTreeMap::new();
    let mut order: Vec<i64> = Vec::new();
    for b in &found.boxes {
        if !boxes.contains_key(&b.id_projeto) {
            order.push(b.id_projeto);
        }
        boxes.entry(b.id_projeto).or_default().push(element(b, input.detalhar_portas));
    }
    let place = |project: &&Project| order.iter().position(|id| *id == project.id).unwrap_or(order.len());
    let mut searched: Vec<&Project> = projects.iter().filter(|project| searched(input, project)).collect();
    searched.sort_by_key(place);
    let shown = searched.into_iter().map(|project| {
        let data = boxes.remove(&project.id).unwrap_or_default();
        json!({ "projeto": { "id_projeto": project.id, "nome": project.name }, "busca": { "elementos": { "data": data } } })
    });
    shown.collect()
}

fn element(b: &FoundBox, ports: bool) -> Value {
    let mut element = json!({
        "id_caixa_optica": b.id,
        "caixa": b.name,
        "latitude": b.place.latitude,
        "longitude": b.place.longitude,
        "distancia": format!("{:.2}m", b.metres),
        "distancia_metros": (b.metres * 100.0).round() / 100.0,
        "total": b.total,
        "disponiveis": b.free,
        "reservadas": b.reserved,
        "utilizadas": b.used,
    });
    if ports {
        let port = |p: &FreePort| json!({ "id_porta_atendimento": p.id, "sequencia": p.sequencia, "numero_porta": p.sequencia + 1 });
        element["portas_disponiveis"] = b.free_ports.iter().map(port).collect();
    }
    element
}

/// What a person has to know beside the boxes, and what to do next.
fn alerts(input: &Input, projects: &[Project], asked: &[Asked], found: &Found) -> Vec<String> {
    let asked_of = |project: &Project| asked.iter().find(|asked| asked.id_projeto == project.id);
    let told = |project: &Project| asked_of(project).and_then(|asked| asked.outcome.alert(project));
    let mut alerts: Vec<String> = projects.iter().filter_map(told).collect();
    let mut about = |which: &dyn Fn(&Project) -> bool, says: &dyn Fn(String) -> String| {
        let names: Vec<String> = projects.iter().filter(|p| which(p)).map(|p| format!("«{}»", p.name)).collect();
        if !names.is_empty() {
            alerts.push(says(names.join(", ")));
        }
    };
    about(&|project| asked_of(project).is_some_and(|asked| asked.outcome == Outcome::CannotGeocode), &|names| {
        format!("Só o Geosite procura por endereço; sem busca: {names}. Informe latitude e longitude.")
    });
    about(&|project| !searched(input, project), &|names| {
        format!("Fora da busca, porque a integração está inativa: {names}. Ative-a, ou informe o projeto.")
    });
    // Where the platform was asked, its own alert or its boxes stand for a sync.
    let empty = |p: &Project| found.boxes.iter().all(|b| b.id_projeto != p.id);
    let never = |p: &Project| searched(input, p) && p.integration.is_some() && !p.synced && asked_of(p).is_none();
    about(&|project| never(project) && empty(project), &|names| {
        format!("Nunca sincronizado por completo: {names}. Sincronize a integração e pergunte de novo.")
    });
    if found.more {
        alerts.push(format!("Há mais caixas no raio: são mostradas as {MOST_BOXES} mais próximas. Diminua o raio."));
    }
    alerts
}

#[cfg(test)]
mod tests {
    use mapping::viability::Source;
    use platforms::Place;

    use super::super::Spot;
    use super::*;

    fn project(id: i64, platform: Option<&str>, active: bool) -> Project {
        let source = |platform: &str| Source { id, platform: platform.into(), name: "Norte".into(), active };
        Project { id, name: format!("P{id}"), synced: true, integration: platform.map(source) }
    }

    fn question(id_projeto: Option<i64>) -> Input {
        let spot = Spot { latitude: Some(0.0), longitude: Some(0.0), endereco: None, raio: 9.0 };
        Input { spot, id_projeto, detalhar_portas: true }
    }

    fn found(id_projeto: i64, free: u64) -> Found {
        let place = Place { latitude: -27.6, longitude: -48.5 };
        let free_ports = (0..free).map(|_| FreePort { id: 812, sequencia: 2 }).collect();
        let name = "CTO-091".to_owned();
        let b = FoundBox {
            id_projeto,
            id: 91,
            name,
            place,
            metres: 16.338,
            total: 3,
            free,
            reserved: 0,
            used: 3 - free,
            free_ports,
        };
        Found { boxes: vec![b], more: false }
    }

    fn asked(id_projeto: i64, outcome: Outcome) -> Vec<Asked> {
        vec![Asked { id_projeto, outcome, near: Vec::new() }]
    }

    #[test]
    fn v4_there_are_three_answers_and_a_failure_is_never_no_coverage() {
        let projects = [project(1, Some("ozmap"), true)];
        let answer = |outcome: Outcome, free| of(&question(None), &projects, &asked(1, outcome), &found(1, free));
        let words = || "fora do ar".to_owned();
        for (outcome, without) in [
            (Outcome::Answered, "indisponivel"),
            (Outcome::Partly { left: 1, free: false }, "indisponivel"),
            (Outcome::Partly { left: 1, free: true }, "desconhecida"),
            (Outcome::Late, "desconhecida"),
            (Outcome::Closed { words: words() }, "desconhecida"),
            (Outcome::Throttled, "desconhecida"),
            (Outcome::Unauthorised, "desconhecida"),
            (Outcome::Misconfigured { words: words() }, "desconhecida"),
            (Outcome::Refused { words: words() }, "desconhecida"),
            (Outcome::Failed { words: words() }, "desconhecida"),
            (Outcome::Inactive, "desconhecida"),
            (Outcome::CannotGeocode, "desconhecida"),
            (Outcome::Unserved, "desconhecida"),
        ] {
            let (with, none) = (answer(outcome.clone(), 1), answer(outcome.clone(), 0));
            assert_eq!((with["conclusao"].as_str(), none["conclusao"].as_str()), (Some("disponivel"), Some(without)));
            let alerts = none["alertas"].as_array().unwrap();
            assert_eq!(alerts.is_empty(), outcome == Outcome::Answered, "{outcome:?}: {alerts:?}");
            assert_eq!(none["origem"] == "plataforma", outcome.answered(), "{outcome:?}");
            let named =
                |alert: &Value| alert.as_str().unwrap().contains("«Norte»") || alert.to_string().contains("«P1»");
            assert!(alerts.iter().all(named), "{alerts:?}");
        }
    }

    #[test]
    fn v2_the_form_is_hubsofts_and_ports_count_from_one_for_people() {
        let answer = of(&question(None), &[project(1, None, true)], &[], &found(1, 1));
        let expected = json!({ "conclusao": "disponivel", "origem": "mapeamento_local", "alertas": [], "projetos": [
            { "projeto": { "id_projeto": 1, "nome": "P1" }, "busca": { "elementos": { "data": [
                { "id_caixa_optica": 91, "caixa": "CTO-091", "latitude": -27.6, "longitude": -48.5, "distancia": "16.34m",
                  "distancia_metros": 16.34, "total": 3, "disponiveis": 1, "reservadas": 0, "utilizadas": 2,
                  "portas_disponiveis": [{ "id_porta_atendimento": 812, "sequencia": 2, "numero_porta": 3 }] }] } } }] });
        assert_eq!(answer, expected);
        let short = Input { detalhar_portas: false, ..question(None) };
        let answer = of(&short, &[project(1, None, true)], &[], &found(1, 1));
        assert!(answer.pointer("/projetos/0/busca/elementos/data/0/portas_disponiveis").is_none());
    }

    #[test]
    fn v1_an_inactive_integrations_project_is_left_out_unless_it_is_asked_for() {
        let projects = [project(1, Some("ozmap"), false), project(2, None, true), project(3, Some("geogrid"), true)];
        let answer = of(&question(None), &projects, &[], &Found::default());
        assert_eq!(answer["conclusao"], "indisponivel");
        assert_eq!(answer["projetos"].as_array().unwrap().len(), 2);
        assert!(answer["alertas"][0].as_str().unwrap().contains("inativa: «P1»"), "{answer}");
        let one = of(&question(Some(1)), &projects[..1], &asked(1, Outcome::Inactive), &Found::default());
        assert_eq!((one["projetos"].as_array().unwrap().len(), &one["conclusao"]), (1, &json!("desconhecida")));
    }

    #[test]
    fn v3_the_project_with_the_nearest_box_comes_first_and_empty_lists_are_lists() {
        let projects = [project(1, None, true), project(2, None, true)];
        let answer = of(&question(None), &projects, &[], &found(2, 0));
        assert_eq!(answer["projetos"][0]["projeto"]["id_projeto"], 2);
        assert_eq!(answer["projetos"][1]["busca"]["elementos"]["data"], json!([]));
    }
}
