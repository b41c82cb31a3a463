//! The parts of a sync, written: a page at a time, each in a few statements over its columns (rules S1–S11).
//!
//! These statements are planned anew for every page: a plan that was made while the tables were empty would read a grown
//! table from end to end for each of the pages that follow.

use platforms::{BoxElement, CableElement, ElementKind, Place, PoleElement, SplitterElement, SplitterRole};
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, query::Query};
use uuid::Uuid;

use crate::{Error, change::SyncPart, occupants, unseen};

type Statement = Query<'static, Postgres, sqlx::postgres::PgArguments>;

/// What a page did with the customers on it (rules S4–S6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Customers {
    pub bound: i64,
    pub reserved: i64,
    pub ambiguous: i64,
    pub discrepancies: i64,
}

/// Writes one part.
pub(crate) async fn apply(conn: &mut PgConnection, run: Uuid, integration: i64, part: SyncPart) -> Result<(), Error> {
    match part {
        SyncPart::Begun => {
            planned(include_str!("sql/sync_begin.sql")).bind(run).bind(integration).execute(conn).await?;
        }
        SyncPart::Boxes(page) => {
            boxes(run, page).execute(&mut *conn).await?;
            turned(conn, run, "boxes", Customers::default()).await?;
        }
        SyncPart::Splitters(page) => {
            splitters(conn, run, page).await?;
            turned(conn, run, "splitters", Customers::default()).await?;
        }
        SyncPart::Poles(page) => {
            poles(run, page).execute(&mut *conn).await?;
            turned(conn, run, "poles", Customers::default()).await?;
        }
        SyncPart::Cables(page) => {
            cables(run, page).execute(&mut *conn).await?;
            turned(conn, run, "cables", Customers::default()).await?;
        }
        SyncPart::Occupants(page) => {
            let customers = occupants::apply(conn, run, page).await?;
            turned(conn, run, "occupants", customers).await?;
        }
        SyncPart::Total { kind, total } => {
            let total = i64::try_from(total).unwrap_or(i64::MAX);
            let query = planned(include_str!("sql/sync_total.sql"));
            query.bind(run).bind(<&str>::from(kind)).bind(total).execute(conn).await?;
        }
        SyncPart::Missing(kind) => {
            missing(kind).bind(run).execute(&mut *conn).await?;
            turned(conn, run, "missing", Customers::default()).await?;
        }
        SyncPart::Unseen(ports) => {
            let discrepancies = unseen::apply(conn, run, ports).await?;
            turned(conn, run, "missing", Customers { discrepancies, ..Customers::default() }).await?;
        }
        SyncPart::Lifted => {
            planned(include_str!("sql/reservations_lift.sql")).bind(run).execute(conn).await?;
        }
        SyncPart::Finished => {
            planned(include_str!("sql/sync_finish.sql")).bind(run).execute(conn).await?;
        }
        SyncPart::Failed(why) => {
            planned(include_str!("sql/sync_fail.sql")).bind(run).bind(integration).bind(why).execute(conn).await?;
        }
    }
    Ok(())
}

pub(crate) fn planned(sql: &'static str) -> Statement {
    sqlx::query(sql).persistent(false)
}

async fn turned(conn: &mut PgConnection, run: Uuid, phase: &'static str, did: Customers) -> Result<(), Error> {
    let query = planned(include_str!("sql/sync_page.sql")).bind(run).bind(phase);
    query.bind(did.bound).bind(did.reserved).bind(did.ambiguous).bind(did.discrepancies).execute(conn).await?;
    Ok(())
}

fn missing(kind: ElementKind) -> Statement {
    planned(match kind {
        ElementKind::Box => include_str!("sql/missing_boxes.sql"),
        ElementKind::Splitter => include_str!("sql/missing_splitters.sql"),
        ElementKind::Pole => include_str!("sql/missing_poles.sql"),
        ElementKind::Cable => include_str!("sql/missing_cables.sql"),
    })
}

fn boxes(run: Uuid, page: Vec<BoxElement>) -> Statement {
    let places = places(page.iter().map(|b| b.place));
    let flags = |of: fn(&BoxElement) -> bool| page.iter().map(of).collect::<Vec<_>>();
    let (attendance, splice, viability) = (flags(|b| b.attendance), flags(|b| b.splice), flags(|b| b.allows_viability));
    let (ids, names): (Vec<_>, Vec<_>) = page.iter().map(|b| (text(&b.external_id), text(&b.name))).unzip();
    let query = planned(include_str!("sql/sync_boxes.sql")).bind(run).bind(ids).bind(names);
    query.bind(places.0).bind(places.1).bind(attendance).bind(splice).bind(viability)
}

async fn splitters(conn: &mut PgConnection, run: Uuid, page: Vec<SplitterElement>) -> Result<(), Error> {
    let ids: Vec<String> = page.iter().map(|s| text(&s.external_id)).collect();
    let boxes: Vec<String> = page.iter().map(|s| text(&s.box_external_id)).collect();
    let names: Vec<String> = page.iter().map(|s| text(&s.name)).collect();
    let roles: Vec<&'static str> = page.iter().map(|s| s.role.into()).collect();
    let query = planned(include_str!("sql/sync_splitters.sql")).bind(run);
    query.bind(ids.clone()).bind(boxes).bind(names).bind(roles).execute(&mut *conn).await?;
    ports(run, ids, &page).execute(conn).await?;
    Ok(())
}

/// The ports of a page's splitters. A distribution splitter gives none, whatever the page says of its outputs (rule S3).
fn ports(run: Uuid, splitters: Vec<String>, page: &[SplitterElement]) -> Statement {
    let (mut homes, mut sequence, mut ids, mut blocked) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for splitter in page.iter().filter(|s| s.role != SplitterRole::Distribution) {
        for port in splitter.ports.iter().filter(|p| p.sequencia >= 0) {
            homes.push(text(&splitter.external_id));
            sequence.push(port.sequencia);
            ids.push(port.external_id.as_deref().map(text));
            blocked.push(port.blocked);
        }
    }
    let query = planned(include_str!("sql/sync_ports.sql")).bind(run).bind(splitters);
    query.bind(homes).bind(sequence).bind(ids).bind(blocked)
}

fn poles(run: Uuid, page: Vec<PoleElement>) -> Statement {
    let places = places(page.iter().map(|p| p.place));
    let (ids, names): (Vec<_>, Vec<_>) = page.iter().map(|p| (text(&p.external_id), text(&p.name))).unzip();
    planned(include_str!("sql/sync_poles.sql")).bind(run).bind(ids).bind(names).bind(places.0).bind(places.1)
}

fn cables(run: Uuid, page: Vec<CableElement>) -> Statement {
    let ids: Vec<String> = page.iter().map(|c| text(&c.external_id)).collect();
    let names: Vec<Option<String>> = page.iter().map(|c| c.name.as_deref().map(text)).collect();
    let paths: Vec<Value> = page.iter().map(|c| path(&c.path)).collect();
    planned(include_str!("sql/sync_cables.sql")).bind(run).bind(ids).bind(names).bind(paths)
}

fn path(points: &[Place]) -> Value {
    points.iter().copied().filter(on_earth).map(|p| json!([p.latitude, p.longitude])).collect()
}

/// Latitudes and longitudes as columns. A place that is not on Earth is no place: one mistake in a drawing must not stop the
/// page that it is on.
fn places(places: impl Iterator<Item = Option<Place>>) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
    places.map(|place| place.filter(on_earth).map_or((None, None), |p| (Some(p.latitude), Some(p.longitude)))).unzip()
}

fn on_earth(place: &Place) -> bool {
    (-90.0..=90.0).contains(&place.latitude) && (-180.0..=180.0).contains(&place.longitude)
}

/// A platform's text as Postgres takes it, which has no NUL.
pub(crate) fn text(theirs: &str) -> String {
    theirs.replace('\0', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_not_on_earth_is_no_place() {
        let given = [(-27.6, -48.5), (91.0, 0.0), (f64::NAN, 0.0), (0.0, -180.1)];
        let given = given.map(|(latitude, longitude)| Some(Place { latitude, longitude }));
        let (latitudes, longitudes) = places(given.into_iter());
        assert_eq!(latitudes, [Some(-27.6), None, None, None]);
        assert_eq!(longitudes, [Some(-48.5), None, None, None]);
    }

    #[test]
    fn nul_never_reaches_postgres() {
        assert_eq!(text("CTO\0-1"), "CTO-1");
    }
}
