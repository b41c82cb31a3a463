//! HubSoft's own search: the boxes within a radius, by great-circle distance, with what their ports are (rules V1, V3).
//!
//! An index answers which boxes lie in a rectangle of degrees; the rectangles that [`areas`] makes hold every place within the
//! radius, on either side of the antimeridian and over the poles, and distances are computed for what lies in them alone.

use platforms::Place;
use sqlx::{FromRow, PgPool};

use crate::Error;

/// The Earth as a sphere: its mean radius in metres (IUGG), as in `mapping.metres_between`.
pub const EARTH_METRES: f64 = 6_371_008.8;

/// One answer holds no more boxes than this: nobody reads as many, and a radius of 50 km may hold a whole network.
pub const MOST_BOXES: usize = 5_000;

/// A project that boxes are looked for in.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// `id_projeto`.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// A sync of it has ended well at least once.
    pub synced: bool,
    /// The integration that fills it, if one does.
    pub integration: Option<Source>,
}

/// The integration that fills a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// `id_integracao`.
    pub id: i64,
    /// `ozmap`, `geosite`, `geogrid`.
    pub platform: String,
    /// As people call it.
    pub name: String,
    /// Inactive ones are not asked (rule D4).
    pub active: bool,
}

/// A box that a platform named, with the distance that it told.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// In this project.
    pub id_projeto: i64,
    /// The platform's id.
    pub external_id: String,
    /// From the address that was asked for.
    pub metres: f64,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Around this place; `None`: among the named boxes alone.
    pub place: Option<Place>,
    /// How far, in metres.
    pub radius_metres: f64,
    /// In these projects.
    pub projects: Vec<i64>,
    /// Boxes around an address that a platform geocoded.
    pub named: Vec<Named>,
    /// With each free port.
    pub ports: bool,
}

/// A box that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundBox {
    /// Its project.
    pub id_projeto: i64,
    /// `id_caixa_optica`.
    pub id: i64,
    /// As people call it.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// How far that is, in metres.
    pub metres: f64,
    /// Ports that are not missing.
    pub total: u64,
    /// Those that may be offered: nobody sits there, nobody is expected, and the platform has not blocked them.
    pub free: u64,
    /// Those that are held without a customer.
    pub reserved: u64,
    /// Those that a customer sits on.
    pub used: u64,
    /// Each free port, where that was asked for.
    pub free_ports: Vec<FreePort>,
}

/// A free port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreePort {
    /// `id_porta_atendimento`.
    pub id: i64,
    /// From 0.
    pub sequencia: i32,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Nearest first.
    pub boxes: Vec<FoundBox>,
    /// There are more than one answer holds.
    pub more: bool,
}

/// A rectangle of degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// The least longitude.
    pub west: f64,
    /// The least latitude.
    pub south: f64,
    /// The greatest longitude.
    pub east: f64,
    /// The greatest latitude.
    pub north: f64,
}

/// The rectangles that together hold every place within the radius: one, or two on either side of the antimeridian. A little
/// larger than that, so that rounding leaves nothing out.
pub fn areas(place: Place, radius_metres: f64) -> Vec<Area> {
    let angle = radius_metres / EARTH_METRES * (1.0 + 1e-9) + 1e-9;
    let Place { latitude, longitude } = place;
    let (south, north) = (latitude - angle.to_degrees(), latitude + angle.to_degrees());
    let whole = |south: f64, north: f64| vec![Area { west: -180.0, south, east: 180.0, north }];
    if south <= -90.0 || north >= 90.0 {
        // A pole is within the radius: all longitudes meet there.
        return whole(south.max(-90.0), north.min(90.0));
    }
    // The widest parallel that a circle on a sphere touches lies nearer to the pole than its centre.
    let wide = (angle.sin() / latitude.to_radians().cos()).min(1.0).asin().to_degrees();
    let (west, east) = (longitude - wide, longitude + wide);
    match () {
        () if wide >= 90.0 => whole(south, north),
        () if west <= -180.0 => {
            vec![Area { west: -180.0, south, east, north }, Area { west: west + 360.0, south, east: 180.0, north }]
        }
        () if east >= 180.0 => {
            vec![Area { west, south, east: 180.0, north }, Area { west: -180.0, south, east: east - 360.0, north }]
        }
        () => vec![Area { west, south, east, north }],
    }
}

/// The project of this id, or all, with what fills them.
///
/// # Errors
/// When the database cannot be read.
pub async fn projects(pool: &PgPool, id_projeto: Option<i64>) -> Result<Vec<Project>, Error> {
    let query = sqlx::query_as(include_str!("sql/viability_projects.sql")).bind(id_projeto);
    let rows: Vec<ProjectRow> = query.fetch_all(pool).await?;
    Ok(rows.into_iter().map(Project::from).collect())
}

/// Which of these boxes of the platform the project lacks, in the order given (rule V2).
///
/// # Errors
/// When the database cannot be read.
pub async fn lacking(pool: &PgPool, id_projeto: i64, external_ids: &[String]) -> Result<Vec<String>, Error> {
    let query = sqlx::query_scalar(include_str!("sql/viability_lacking.sql"));
    Ok(query.bind(id_projeto).bind(external_ids).fetch_all(pool).await?)
}

/// The boxes that are wanted, nearest first, at most [`MOST_BOXES`].
///
/// # Errors
/// When the database cannot be read.
pub async fn search(pool: &PgPool, wanted: &Wanted) -> Result<Found, Error> {
    let areas = wanted.place.map(|place| areas(place, wanted.radius_metres)).unwrap_or_default();
    let side = |of: fn(&Area) -> f64| areas.iter().map(of).collect::<Vec<f64>>();
    let most = i64::try_from(MOST_BOXES + 1).unwrap_or(i64::MAX);
    let query = sqlx::query_as(include_str!("sql/viability_boxes.sql"));
    let rows: Vec<BoxRow> = query
        .bind(wanted.place.map(|place| place.latitude))
        .bind(wanted.place.map(|place| place.longitude))
        .bind(side(|a| a.west))
        .bind(side(|a| a.south))
        .bind(side(|a| a.east))
        .bind(side(|a| a.north))
        .bind(&wanted.projects)
        .bind(wanted.named.iter().map(|n| n.id_projeto).collect::<Vec<_>>())
        .bind(wanted.named.iter().map(|n| n.external_id.clone()).collect::<Vec<_>>())
        .bind(wanted.named.iter().map(|n| n.metres).collect::<Vec<_>>())
        .bind(wanted.radius_metres)
        .bind(most)
        .bind(wanted.ports)
        .fetch_all(pool)
        .await?;
    let more = rows.len() > MOST_BOXES;
    Ok(Found { boxes: rows.into_iter().take(MOST_BOXES).map(FoundBox::from).collect(), more })
}

#[derive(FromRow)]
struct ProjectRow {
    id_projeto: i64,
    nome: String,
    synced: bool,
    id_integracao: Option<i64>,
    platform: Option<String>,
    name: Option<String>,
    active: Option<bool>,
}

impl From<ProjectRow> for Project {
    fn from(r: ProjectRow) -> Self {
        let integration = r.id_integracao.map(|id| Source {
            id,
            platform: r.platform.unwrap_or_default(),
            name: r.name.unwrap_or_default(),
            active: r.active.unwrap_or_default(),
        });
        Self { id: r.id_projeto, name: r.nome, synced: r.synced, integration }
    }
}

#[derive(FromRow)]
struct BoxRow {
    id_projeto: i64,
    id_caixa_optica: i64,
    nome: String,
    latitude: f64,
    longitude: f64,
    metres: f64,
    total: i64,
    free: i64,
    reserved: i64,
    used: i64,
    ports: Vec<i64>,
    sequence: Vec<i32>,
}

impl From<BoxRow> for FoundBox {
    fn from(r: BoxRow) -> Self {
        let free_ports = r.ports.into_iter().zip(r.sequence).map(|(id, sequencia)| FreePort { id, sequencia });
        Self {
            id_projeto: r.id_projeto,
            id: r.id_caixa_optica,
            name: r.nome,
            place: Place { latitude: r.latitude, longitude: r.longitude },
            metres: r.metres,
            total: r.total.unsigned_abs(),
            free: r.free.unsigned_abs(),
            reserved: r.reserved.unsigned_abs(),
            used: r.used.unsigned_abs(),
            free_ports: free_ports.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(latitude: f64, longitude: f64, radius_metres: f64) -> Vec<Area> {
        areas(Place { latitude, longitude }, radius_metres)
    }

    #[test]
    fn v3_a_rectangle_is_as_wide_as_its_parallel_is_short() {
        let at = |latitude: f64| around(latitude, 0.0, 50_000.0)[0];
        let width = |a: Area| a.east - a.west;
        assert!((width(at(0.0)) - 0.8993).abs() < 0.001, "{:?}", at(0.0));
        assert!((width(at(60.0)) - 2.0 * width(at(0.0))).abs() < 0.01, "{:?}", at(60.0));
        assert!((at(-26.3).north - at(-26.3).south - 0.8993).abs() < 0.001);
    }

    #[test]
    fn v3_the_antimeridian_cuts_a_rectangle_in_two_and_a_pole_makes_it_a_cap() {
        for longitude in [179.9, -179.9, 180.0, -180.0] {
            let cut = around(-17.0, longitude, 50_000.0);
            assert_eq!(cut.len(), 2, "{longitude}: {cut:?}");
            assert!(cut.iter().any(|a| a.west == -180.0) && cut.iter().any(|a| a.east == 180.0), "{cut:?}");
            assert!(cut.iter().all(|a| a.east - a.west < 1.0), "{cut:?}");
        }
        for latitude in [90.0, -90.0, 89.8, -89.8] {
            let cap = around(latitude, 12.0, 50_000.0);
            assert_eq!((cap.len(), cap[0].west, cap[0].east), (1, -180.0, 180.0), "{latitude}");
            assert!(cap[0].north == 90.0 || cap[0].south == -90.0);
        }
    }
}
