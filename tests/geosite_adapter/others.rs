//! Installations as others may have built them from what is documented alone: columns in English, described by their names,
//! keys that are compared by their type, features that count by themselves.

use platforms::{Around, Haste, Nearby, Occupancy, Place, Platform, SplitterRole};
use serde_json::{Value, json};

use super::canned::{Canned, Reply, Seen};
use super::{account, all, customer, described, port, records};

const TOKENS: &str = "/auth/generatetoken";

fn path(seen: &Seen) -> &str {
    seen.path.split('?').next().unwrap_or_default()
}

/// Gives tokens, and answers the rest as told.
async fn installation(rest: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Canned {
    Canned::serving(move |seen| match path(seen) {
        TOKENS => Reply::json(200, json!({"token": "tok-1f2e", "refreshToken": "ref-3d4c"})),
        _ => rest(seen),
    })
    .await
}

/// The rows that a filter leaves on a server that takes `3` and `'3'` for different values.
fn strictly(seen: &Seen, rows: Value) -> Reply {
    let Some(filter) = seen.query("filter") else { return records(rows) };
    let written = |(column, value): (&String, &Value)| match value {
        Value::String(text) => format!("{column} = '{text}'"),
        other => format!("{column} = {other}"),
    };
    let mut rows = rows.as_array().cloned().unwrap();
    rows.retain(|row| row.as_object().unwrap().iter().map(written).any(|condition| condition == filter));
    records(rows.into())
}

fn saved(server: &Canned) -> Value {
    let sent = server.seen().into_iter().find(|seen| seen.is("POST", "/cliente/save")).unwrap();
    serde_json::from_str(&sent.body).unwrap()
}

#[tokio::test]
async fn s2_columns_in_english_are_found() {
    let server = installation(|seen| match path(seen) {
        "/cto/desc" | "/caixaEmenda/desc" => described(&["fid", "code", "status", "lat", "lng"]),
        "/splitter/desc" => described(&["fid", "name", "box", "role", "ratio"]),
        "/cliente/desc" => described(&["fid", "code", "name", "document", "splitter_fid", "port"]),
        "/splitter/list" => records(json!([
            {"fid": 3, "name": "S1", "box": 2, "role": "attendance", "ratio": "1:8"},
            {"fid": 4, "name": "S2", "box": 2, "role": "distribution", "ratio": "1:2"},
        ])),
        "/cliente/list" => records(json!([
            {"fid": 7, "code": "4411", "name": "Ana", "document": "1", "splitter_fid": 3, "port": 2},
        ])),
        _ => records(json!([{"fid": 2, "code": "CTO-1", "status": "EXISTENTE", "lat": -27.5, "lng": -48.25}])),
    })
    .await;
    let (geosite, _) = account(&server.url);
    geosite.test().await.unwrap();
    let splitters = all(async |c| geosite.splitters(c.as_deref()).await).await;
    let told: Vec<_> = splitters.iter().map(|s| (s.box_external_id.as_str(), s.role, s.ports.len())).collect();
    assert_eq!(told, [("2", SplitterRole::Attendance, 8), ("2", SplitterRole::Distribution, 0)]);
    let occupants = all(async |c| geosite.occupants(c.as_deref()).await).await;
    assert_eq!((occupants[0].splitter_external_id.as_str(), occupants[0].sequencia), ("3", 1));
    assert_eq!(occupants[0].customer.as_ref().unwrap().document.as_deref(), Some("1"));
    assert_eq!(all(async |c| geosite.boxes(c.as_deref()).await).await[0].name, "CTO-1");
}

#[tokio::test]
async fn s2_columns_that_are_described_by_name_are_asked_by_name_and_read_under_their_alias_too() {
    let columns = json!({"fid": {"alias": "Fid"}, "cd_cli": {"alias": "Código"}, "nm_cli": {"alias": "Nome"},
        "fk_spl": {"alias": "Splitter"}, "nr_porta": {"alias": "Porta"}});
    let listed = columns.as_object().unwrap().iter();
    let listed: Vec<Value> = listed.map(|(name, c)| json!({"name": name, "alias": c["alias"]})).collect();
    for (described, by_alias) in [(columns.clone(), false), (columns, true), (listed.into(), false)] {
        let server = installation(move |seen| match path(seen) {
            "/cliente/desc" => Reply::json(200, described.clone()),
            _ if !seen
                .query("columns")
                .unwrap()
                .split(',')
                .all(|c| ["fid", "cd_cli", "nm_cli", "fk_spl", "nr_porta"].contains(&c)) =>
            {
                Reply::json(400, json!({"message": "Coluna inexistente"}))
            }
            _ if by_alias => records(json!([{"fid": 7, "Código": "4411", "Nome": "Ana", "Splitter": 3, "Porta": 2}])),
            _ => strictly(seen, json!([{"fid": 7, "cd_cli": "4411", "nm_cli": "Ana", "fk_spl": 3, "nr_porta": 2}])),
        })
        .await;
        let seats = account(&server.url).0.seats_of("4411").await.unwrap();
        let told: Vec<_> = seats.iter().map(|s| (s.splitter_external_id.as_deref(), s.sequencia)).collect();
        assert_eq!(told, [(Some("3"), Some(1))], "by alias: {by_alias}");
    }
}

#[tokio::test]
async fn b6_keys_are_asked_for_and_sent_as_records_show_them() {
    for numbers in [true, false] {
        let key = move |fid: u64| if numbers { json!(fid) } else { json!(fid.to_string()) };
        let server = super::by_hand(move |seen| match path(seen) {
            "/splitter/list" => strictly(seen, json!([{"fid": key(3), "fid_caixa": key(2), "razao": "1:8"}])),
            "/cliente/list" => strictly(
                seen,
                json!([
                    {"fid": key(6), "codigo": "4400", "fid_splitter": null, "porta": null},
                    {"fid": key(7), "codigo": "4411", "fid_splitter": key(3), "porta": 1},
                ]),
            ),
            _ => Reply::json(200, json!({"success": "true"})),
        })
        .await;
        let (geosite, _) = account(&server.url);
        let Occupancy::Taken(seat) = geosite.look_at_port(&port("2", "3", 0)).await.unwrap() else {
            panic!("{numbers}")
        };
        assert_eq!(seat.code.as_deref(), Some("4411"));
        assert_eq!(geosite.seats_of("4411").await.unwrap(), [seat]);
        geosite.attach(&port("2", "3", 1), &customer("4400"), &[]).await.unwrap();
        let expected =
            json!({"fid": key(6), "codigo": "4400", "nome": "Ana Lúcia Prado", "fid_splitter": key(3), "porta": 2});
        assert_eq!(saved(&server), expected);
    }
}

/// Boxes of both features count from 1, and so do splitters.
async fn counting_by_feature() -> Canned {
    let boxed = |seen: &Seen, prefix: &str, latitude: f64| {
        let row = |fid: u32| {
            json!({"fid": fid, "nome": format!("{prefix}-{fid}"), "status": "EXISTENTE",
                "geometria": format!("POINT (-48.{fid} {latitude})")})
        };
        strictly(seen, (1..=2).map(row).collect())
    };
    installation(move |seen| match path(seen) {
        "/cto/desc" | "/caixaEmenda/desc" => described(&["fid", "nome", "status", "geometria"]),
        "/splitter/desc" => described(&["fid", "fid_cto", "fid_caixa_emenda", "razao"]),
        "/cliente/desc" => described(&["fid", "codigo", "nome", "fid_splitter", "porta"]),
        "/cto/list" => boxed(seen, "CTO", -27.5),
        "/caixaEmenda/list" => boxed(seen, "CE", -27.25),
        "/splitter/list" => strictly(
            seen,
            json!([
                {"fid": 1, "fid_cto": 1, "fid_caixa_emenda": null, "razao": "1:8"},
                {"fid": 2, "fid_cto": null, "fid_caixa_emenda": 1, "razao": "1:2"},
            ]),
        ),
        "/viabilidade/caixas" => Reply::json(
            200,
            json!({"success": "true", "caixas": [
                {"fid": 1, "tipoCodigo": "CTO: CTO-1"}, {"fid": 1, "tipoCodigo": "CE: CE-1"},
            ]}),
        ),
        _ => records(json!([])),
    })
    .await
}

#[tokio::test]
async fn s2_boxes_of_two_features_that_share_a_fid_stay_two() {
    let server = counting_by_feature().await;
    let (geosite, _) = account(&server.url);
    let boxes = all(async |c| geosite.boxes(c.as_deref()).await).await;
    let told: Vec<_> = boxes.iter().map(|b| (b.external_id.as_str(), b.name.as_str())).collect();
    let expected = [("1", "CTO-1"), ("2", "CTO-2"), ("caixaEmenda:1", "CE-1"), ("caixaEmenda:2", "CE-2")];
    assert_eq!(told, expected);
    let (geosite, _) = account(&server.url);
    let splitters = all(async |c| geosite.splitters(c.as_deref()).await).await;
    let told: Vec<_> = splitters.iter().map(|s| s.box_external_id.as_str()).collect();
    assert_eq!(told, ["1", "caixaEmenda:1"], "whichever is listed first");
}

#[tokio::test]
async fn v2_a_box_that_shares_its_fid_is_found_with_its_own_splitters() {
    let server = counting_by_feature().await;
    let (geosite, _) = account(&server.url);
    for (id, name, splitter) in [("1", "CTO-1", "1"), ("caixaEmenda:1", "CE-1", "2")] {
        let whole = geosite.whole_box(id).await.unwrap().unwrap();
        assert_eq!((whole.element.external_id.as_str(), whole.element.name.as_str()), (id, name));
        assert_eq!(whole.splitters.iter().map(|s| s.external_id.as_str()).collect::<Vec<_>>(), [splitter]);
    }
    let here = Around::Place(Place { latitude: -27.5, longitude: -48.1 });
    let asked = Nearby { around: here, radius_metres: 300, haste: Haste::PersonWaits };
    let near = geosite.boxes_near(&asked).await.unwrap();
    assert_eq!(near.iter().map(|b| b.external_id.as_str()).collect::<Vec<_>>(), ["1", "caixaEmenda:1"]);
    assert!(geosite.whole_box("9").await.unwrap().is_none());
}
