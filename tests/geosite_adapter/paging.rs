//! Pages of tables that change while one pages through them, and of servers that page in ways of their own.

use std::collections::BTreeSet;

use platforms::{FailureKind, Page, Platform, PoleElement};
use serde_json::{Value, json};
use simulators::geosite::Options;

use super::canned::Reply;
use super::{City, account, all, by_hand, described, records, told};

async fn large() -> City {
    City::of(Options { boxes: 1_300, ..Options::default() }).await
}

fn names(poles: &[PoleElement]) -> BTreeSet<String> {
    poles.iter().map(|pole| pole.name.clone()).collect()
}

async fn first_page(city: &City) -> Page<PoleElement> {
    let page = city.geosite.poles(None).await.unwrap();
    assert_eq!((page.items.len(), page.total), (500, Some(1_300)));
    page
}

async fn rest(city: &City, mut cursor: Option<String>) -> Vec<PoleElement> {
    let mut items = Vec::new();
    while let Some(at) = cursor {
        let page = city.geosite.poles(Some(&at)).await.unwrap();
        items.extend(page.items);
        cursor = page.next;
    }
    items
}

#[tokio::test]
async fn s10_every_record_comes_once_in_pages_of_five_hundred() {
    let city = large().await;
    let poles = all(async |c| city.geosite.poles(c.as_deref()).await).await;
    assert_eq!((poles.len(), names(&poles).len()), (1_300, 1_300));
    let asked: Vec<String> = city.history.lines().into_iter().filter(|line| line.contains("/poste/list")).collect();
    assert!(asked.iter().all(|line| line.contains("limit=500") && line.contains("sorter=…")), "{asked:?}");
}

#[tokio::test]
async fn s8_nothing_is_skipped_where_records_go_while_one_pages() {
    let city = large().await;
    let first = first_page(&city).await;
    // From the front, the last one that was read among them: all that is behind them moves up.
    for pole in first.items.iter().step_by(50).chain(first.items.last()) {
        let fid: u64 = pole.external_id.parse().unwrap();
        city.by_hand("poste/delete", json!({ "fid": fid })).await;
    }
    let rest = rest(&city, first.next).await;
    assert_eq!(rest.len(), 800, "each once");
    assert_eq!(names(&first.items).union(&names(&rest)).count(), 1_300);
}

#[tokio::test]
async fn s8_what_comes_while_one_pages_is_seen() {
    let city = large().await;
    let first = first_page(&city).await;
    city.by_hand("poste/save", json!({"codigo": "NOVO"})).await;
    let rest = rest(&city, first.next).await;
    assert_eq!(rest.len(), 801);
    assert!(names(&rest).contains("NOVO"));
}

#[tokio::test]
async fn s10_a_position_that_was_stored_is_good_for_another_process() {
    let city = large().await;
    let first = first_page(&city).await;
    let (other, _) = super::account_with(City::entry(&city.url)).unwrap();
    let second = other.poles(first.next.as_deref()).await.unwrap();
    assert_eq!((second.items.len(), second.items[0].name.as_str()), (499, "P-00501"));
    assert_eq!(told(other.poles(Some("{")).await), (FailureKind::Rejected, "geosite.bad_cursor"));
}

#[tokio::test]
async fn s10_a_server_that_knows_no_pages_or_smaller_ones_is_read_to_its_end() {
    for (most, knows_start) in [(7, true), (2, true), (1_000, false)] {
        let server = by_hand(move |seen| match seen.path.split('?').next().unwrap_or_default() {
            "/poste/desc" => described(&["fid", "codigo"]),
            _ => {
                let start = seen.query("start").filter(|_| knows_start).map_or(0, |start| start.parse().unwrap());
                let rows: Vec<Value> =
                    (1..=25).map(|n| json!({"fid": n.to_string(), "codigo": format!("P{n}")})).collect();
                records(rows.into_iter().skip(start).take(most).collect())
            }
        })
        .await;
        let (geosite, _) = account(&server.url);
        let poles = all(async |c| geosite.poles(c.as_deref()).await).await;
        assert_eq!((poles.len(), names(&poles).len()), (25, 25), "{most} {knows_start}");
    }
}

#[tokio::test]
async fn s8_nothing_is_skipped_on_a_server_with_smaller_pages_either() {
    static GONE: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    use std::sync::atomic::Ordering::SeqCst;
    let server = by_hand(move |seen| match seen.path.split('?').next().unwrap_or_default() {
        "/poste/desc" => described(&["fid", "codigo"]),
        _ => {
            let start: usize = seen.query("start").map_or(0, |start| start.parse().unwrap());
            let rows = (1 + GONE.load(SeqCst)..=25).map(|n| json!({"fid": n, "codigo": format!("P{n}")}));
            records(rows.skip(start).take(4).collect())
        }
    })
    .await;
    let (geosite, _) = account(&server.url);
    let (mut seen, mut cursor) = (BTreeSet::new(), None);
    for page in 1.. {
        let read = geosite.poles(cursor.as_deref()).await.unwrap();
        seen.extend(names(&read.items));
        GONE.fetch_add(if page == 4 { 3 } else { 0 }, SeqCst);
        cursor = read.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
}

#[tokio::test]
async fn b6_a_filter_that_is_ignored_tells_nothing_about_a_port() {
    let server = by_hand(|seen| match seen.path.split('?').next().unwrap_or_default() {
        "/splitter/list" => records(json!([{"fid": 3, "fid_caixa": 2, "razao": "1:8"}, {"fid": 4, "razao": "1:8"}])),
        _ => records(
            (1..=500).map(|n| json!({"fid": n, "codigo": n.to_string(), "fid_splitter": 9, "porta": 1})).collect(),
        ),
    })
    .await;
    let (geosite, _) = account(&server.url);
    let outcome = geosite.look_at_port(&super::port("2", "3", 0)).await;
    assert_eq!(told(outcome), (FailureKind::Rejected, "geosite.filter_ignored"));
    assert_eq!(told(geosite.seats_of("9999").await).1, "geosite.filter_ignored");
}

#[tokio::test]
async fn d4_what_is_not_the_api_is_no_empty_table() {
    for reply in [
        || Reply::Status(404, String::new()),
        || Reply::Status(200, "<html>Geosite</html>".into()),
        || Reply::json(200, json!({"ok": true})),
        || Reply::json(200, json!([{"codigo": "1"}])),
    ] {
        let server = by_hand(move |_| reply()).await;
        let outcome = account(&server.url).0.seats_of("4411").await;
        assert_eq!(told(outcome), (FailureKind::Misconfigured, "http.not_the_api"));
    }
    let server = by_hand(|_| Reply::json(200, json!({"success": "false", "message": "Sem permissão"}))).await;
    assert_eq!(told(account(&server.url).0.seats_of("4411").await), (FailureKind::Rejected, "geosite.refused"));
    let bare = by_hand(|_| Reply::json(200, json!([{"fid": 7, "codigo": "4411"}]))).await;
    assert_eq!(account(&bare.url).0.seats_of("4411").await.unwrap().len(), 1, "a bare list is understood");
}
