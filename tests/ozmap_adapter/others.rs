//! Servers as others may have built them from what is documented alone: slow ones, ones whose rows tell little, ones that count
//! pages from 0.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use platforms::ozmap::Parameters;
use platforms::{FailureKind, Platform};
use serde_json::{Value, json};

use super::canned::{Canned, Reply, Seen};
use super::{account, account_with, all, parameters, port, told};

/// Longer than a look may take in these tests, and as nothing to a sync.
const SLOW: Duration = Duration::from_millis(600);

fn path(seen: &Seen) -> Vec<&str> {
    seen.path.split('?').next().unwrap_or_default().trim_start_matches("/api/v2/").split('/').collect()
}

fn rows(rows: Value) -> Value {
    json!({"rows": rows, "total": rows.as_array().map(Vec::len)})
}

#[tokio::test]
async fn s10_a_sync_waits_for_a_slow_server_in_all_that_it_asks() {
    let server = Canned::serving(|seen| {
        let slow = match path(seen).as_slice() {
            ["boxes"] => return Reply::json(200, rows(json!([{"id": "b1", "name": "CTO-1", "project": "pA"}]))),
            ["properties"] => {
                return Reply::json(200, rows(json!([{"id": "h1", "box": "b1", "drop": "d1", "client": "c1"}])));
            }
            ["projects"] => rows(json!([{"id": "pA", "name": "Centro"}])),
            ["properties", "h1"] => json!({"id": "h1", "box": "b1", "drop": "d1", "client": "c1"}),
            ["splitters"] => rows(json!([{"id": "s1", "parent": "b1", "connectables": {"output": [null, "f1"]}}])),
            ["fibers", "f1"] => json!({"id": "f1", "parent": "d1"}),
            ["ftth-clients", "c1"] => json!({"id": "c1", "code": "4411"}),
            _ => json!({"id": "s1", "parent": "b1", "connectables": {"output": [null]}}),
        };
        Reply::Late(SLOW, slow.to_string())
    })
    .await;
    let (ozmap, _) = account(&server.url);
    assert_eq!(all(async |c| ozmap.boxes(c.as_deref()).await).await.len(), 1);
    let occupants = all(async |c| ozmap.occupants(c.as_deref()).await).await;
    let told_of = |o: &platforms::OccupantElement| (o.splitter_external_id.clone(), o.sequencia, o.customer.clone());
    let (splitter, sequencia, customer) = told_of(&occupants[0]);
    assert_eq!((splitter.as_str(), sequencia, customer.unwrap().code.as_deref()), ("s1", 1, Some("4411")));
    let looked = ozmap.look_at_port(&port("b1", "s1", 0)).await;
    assert_eq!(told(looked), (FailureKind::Transient, "http.timeout"), "a look does not wait as long");
}

#[tokio::test]
async fn d5_projects_are_read_anew_where_a_sync_begins() {
    static CHANGED: AtomicBool = AtomicBool::new(false);
    let server = Canned::serving(|seen| {
        let (id, splice) = if CHANGED.load(SeqCst) { ("pB", 3) } else { ("pA", 2) };
        let projects = json!([{"id": id, "name": "Centro", "hierarchyLevels": {"box": {"CE": splice}}}]);
        let boxes = json!([{"id": "b1", "name": "X", "project": id, "hierarchyLevel": 3}]);
        Reply::json(200, rows(if path(seen) == ["projects"] { projects } else { boxes }))
    })
    .await;
    let everything = account(&server.url).0;
    let nome_projeto = Some("Centro".to_owned());
    let (confined, history) = account_with(Parameters { nome_projeto, ..parameters(&server.url) }, true).unwrap();
    for (changed, splices) in [(false, [false]), (true, [true])] {
        CHANGED.store(changed, SeqCst);
        for ozmap in [&everything, &confined] {
            let boxes = all(async |c| ozmap.boxes(c.as_deref()).await).await;
            assert_eq!(boxes.iter().map(|b| b.splice).collect::<Vec<_>>(), splices, "changed: {changed}");
        }
    }
    let asked = history.lines().iter().filter(|line| line.contains("/projects")).count();
    assert_eq!(asked, 4, "two pages, where a listing begins, and not for the pages behind that");
}

#[tokio::test]
async fn b2_a_row_that_tells_little_is_asked_for_by_its_id() {
    let server = Canned::serving(|seen| match path(seen).as_slice() {
        ["projects"] => Reply::json(200, rows(json!([{"id": "pA", "name": "Centro"}, {"id": "pB", "name": "Norte"}]))),
        ["properties", "client", "4411"] => Reply::json(200, json!([{"_id": "h1", "client": "c1"}])),
        ["properties", "client", _] => Reply::json(200, json!([])),
        _ => {
            let connections = json!([{"id": "s1", "kind": "Splitter", "port": 3, "fiber": "f1"}]);
            Reply::json(200, json!({"id": "h1", "project": "pA", "drop": "d1", "connections": connections}))
        }
    })
    .await;
    let of = |project: &str| {
        let nome_projeto = Some(project.to_owned());
        account_with(Parameters { nome_projeto, ..parameters(&server.url) }, true).unwrap().0
    };
    let seats = of("Centro").seats_of("4411").await.unwrap();
    let told: Vec<_> = seats.iter().map(|s| (s.splitter_external_id.as_deref(), s.sequencia)).collect();
    assert_eq!(told, [(Some("s1"), Some(2))]);
    assert_eq!(seats[0].drop_external_id.as_deref(), Some("d1"));
    assert!(of("Norte").seats_of("4411").await.unwrap().is_empty(), "it is of another project");
}

#[tokio::test]
async fn s10_pages_are_read_whole_whichever_number_the_first_one_has() {
    for first in [0, 1] {
        for (told_start, told_total, count) in
            [(true, true, 5), (true, false, 5), (false, true, 3), (true, true, 3), (true, true, 2)]
        {
            let server = Canned::serving(move |seen| {
                let page = seen.query("page").map_or(0, |page| page.parse::<usize>().unwrap() - first);
                let poles: Vec<Value> =
                    (0..count).map(|n| json!({"id": n.to_string(), "name": format!("P{n}")})).collect();
                let page: Vec<Value> = poles.into_iter().skip(page * 2).take(2).collect();
                let start = seen.query("page").map_or(0, |page| page.parse::<usize>().unwrap() - first) * 2;
                let mut told = json!({"count": page.len(), "rows": page});
                if told_start {
                    told["start"] = json!(start);
                }
                if told_total {
                    told["total"] = json!(count);
                }
                Reply::json(200, told)
            })
            .await;
            let (ozmap, _) = account(&server.url);
            let poles = all(async |c| ozmap.poles(c.as_deref()).await).await;
            let names: Vec<&str> = poles.iter().map(|p| p.name.as_str()).collect();
            assert_eq!(names, ["P0", "P1", "P2", "P3", "P4"][..count], "from {first}, {told_start}, {told_total}");
        }
    }
}
