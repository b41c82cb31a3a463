//! Boxes by place: for the map, and as a list.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use utoipa::{IntoParams, ToSchema};

use super::{Items, Refusal, check};

/// More boxes than that at once are shown as groups.
const MOST: i64 = 2_000;
/// Groups are the cells of a grid of so many each way: fewer than [`MOST`].
const CELLS: i32 = 40;

/// A box, with what its ports are.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = NetworkBox)]
pub struct InView {
    /// Its number.
    #[schema(example = 91)]
    pub id_caixa_optica: i64,
    /// Its name.
    #[schema(example = "CTO-091")]
    pub nome: String,
    /// The project.
    pub id_projeto: i64,
    /// The project's name.
    pub projeto: String,
    /// The platform's id of it.
    pub external_id: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Customers are attended from it.
    pub atendimento: bool,
    /// Fibers are spliced in it.
    pub emenda: bool,
    /// May be offered (rule V3).
    pub permite_viabilidade: bool,
    /// Since when it is gone upstream (rule S8).
    pub missing_since: Option<DateTime<Utc>>,
    /// Ports.
    #[schema(example = 16)]
    pub total: i64,
    /// Ports that are free; none of a box that is missing.
    #[schema(example = 5)]
    pub disponiveis: i64,
    /// Ports that are reserved.
    pub reservadas: i64,
    /// Ports with a customer.
    pub utilizadas: i64,
}

/// Boxes that stand close together.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Group {
    /// How many.
    pub count: i64,
    /// Their middle, degrees north.
    pub latitude: f64,
    /// Their middle, degrees east.
    pub longitude: f64,
    /// One of them.
    pub id_caixa_optica: i64,
}

/// What a map shows of a rectangle: boxes, or groups where they are too many.
#[derive(Clone, Debug, Default, Serialize)]
pub struct View {
    /// Boxes, each by itself.
    pub boxes: Vec<InView>,
    /// Boxes in groups.
    pub groups: Vec<Group>,
}

/// A project, for the map to open at.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Project {
    /// Its number.
    pub id_projeto: i64,
    /// Its name.
    pub nome: String,
    /// The integration that fills it.
    pub id_integracao: Option<i64>,
    /// That one's platform.
    pub platform: Option<String>,
    /// The rectangle that its boxes lie in, where it was asked for and there are any.
    pub west: Option<f64>,
    /// Its south.
    pub south: Option<f64>,
    /// Its east.
    pub east: Option<f64>,
    /// Its north.
    pub north: Option<f64>,
}

/// What boxes are narrowed down by.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// `id_projeto`.
    #[param(example = "9")]
    pub project: Option<String>,
    /// A rectangle in degrees: west, south, east, north.
    #[param(example = "-48.56,-27.61,-48.53,-27.58")]
    pub bbox: Option<String>,
    /// The `next` of a former page.
    pub after: Option<String>,
    /// Most items of the page: 1 to 500, else 50.
    #[param(example = "50")]
    pub limit: Option<String>,
}

/// A rectangle: west, south, east, north.
type Rectangle = [f64; 4];

impl Asked {
    fn project(&self) -> Result<Option<i64>, Refusal> {
        self.project.as_deref().map(|text| check::number("project", text)).transpose()
    }

    fn rectangle(&self) -> Result<Option<Rectangle>, Refusal> {
        let Some(text) = &self.bbox else { return Ok(None) };
        let wrong = || {
            Refusal::invalid(
                "bbox",
                "devem ser quatro graus: oeste,sul,leste,norte / must be four degrees: west,south,east,north",
            )
        };
        let parts: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
        let [west, south, east, north] = <Rectangle>::try_from(parts.map_err(|_| wrong())?).map_err(|_| wrong())?;
        let within = |degrees: f64, most: f64| (-most..=most).contains(&degrees);
        let fits = within(west, 180.0) && within(east, 180.0) && within(south, 90.0) && within(north, 90.0);
        if fits && west <= east && south <= north { Ok(Some([west, south, east, north])) } else { Err(wrong()) }
    }
}

/// A page of boxes, in the order of their numbers.
///
/// # Errors
/// Names the parameter that cannot be taken.
pub async fn list(pool: &PgPool, asked: &Asked) -> Result<Items<InView>, Refusal> {
    let (after, limit) = (check::after(asked.after.as_deref())?, check::limit(asked.limit.as_deref())?);
    let read = read(pool, None, after, asked.project()?, asked.rectangle()?, i64::from(limit) + 1).await?;
    Ok(check::page(read, limit, |one| one.id_caixa_optica))
}

/// One box.
///
/// # Errors
/// [`Refusal::Missing`] where there is none of this number.
pub async fn one(pool: &PgPool, id: i64) -> Result<InView, Refusal> {
    let missing = || Refusal::Missing(format!("não há caixa {id} / there is no box {id}"));
    read(pool, Some(id), None, None, None, 1).await?.pop().ok_or_else(missing)
}

/// What a map shows of the rectangle: never more than two thousand things.
///
/// # Errors
/// Names the parameter that cannot be taken.
pub async fn view(pool: &PgPool, asked: &Asked) -> Result<View, Refusal> {
    let (project, rectangle) = (asked.project()?, asked.rectangle()?);
    let Some([west, south, east, north]) = rectangle else {
        return Err(Refusal::invalid("bbox", "falta / is missing"));
    };
    let query = sqlx::query_scalar(include_str!("sql/boxes_many.sql")).persistent(false).bind(project);
    let many: bool = query.bind(west).bind(south).bind(east).bind(north).bind(MOST).fetch_one(pool).await?;
    if !many {
        let boxes = read(pool, None, None, project, rectangle, MOST).await?;
        return Ok(View { boxes, groups: Vec::new() });
    }
    let query = sqlx::query_as(include_str!("sql/boxes_grid.sql")).persistent(false).bind(project);
    let groups = query.bind(west).bind(south).bind(east).bind(north).bind(CELLS).fetch_all(pool).await?;
    Ok(View { boxes: Vec::new(), groups })
}

/// The projects that there are; of `id`, where its boxes lie.
///
/// # Errors
/// When the database cannot be read.
pub async fn projects(pool: &PgPool, id: Option<i64>) -> Result<Vec<Project>, Refusal> {
    let query = sqlx::query_as(include_str!("sql/map_projects.sql")).persistent(false);
    Ok(query.bind(id).fetch_all(pool).await?)
}

async fn read(
    pool: &PgPool,
    id: Option<i64>,
    after: Option<i64>,
    project: Option<i64>,
    rectangle: Option<Rectangle>,
    most: i64,
) -> Result<Vec<InView>, Refusal> {
    // Planned with the values at hand: most of them are not given.
    let query = sqlx::query_as(include_str!("sql/boxes.sql")).persistent(false).bind(id).bind(after).bind(project);
    let query = (0..4).fold(query, |query, side| query.bind(rectangle.map(|all| all[side])));
    Ok(query.bind(most).fetch_all(pool).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_is_four_degrees_in_their_order() {
        let read = |text: &str| Asked { bbox: Some(text.to_owned()), ..Asked::default() }.rectangle();
        assert_eq!(read("-48.56, -27.61,-48.53,-27.58").unwrap(), Some([-48.56, -27.61, -48.53, -27.58]));
        for wrong in ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "3,2,1,4", "1,4,3,2", "0,0,181,0", "0,-91,0,0", "NaN,0,1,1"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
