//! The network as HubSoft holds it: searched, and shown with what the platform was last seen to say.

use axum::{Json, extract::State};

use super::{
    ApiState, Problem,
    caller::{May, Reading},
    problem::Problems,
    read::{Named, Numbered, Query, uuid},
};
use crate::desk::{
    Items,
    boxes::{self, InView},
    guards::{self, Guard, GuardShown},
    ports::{self, BoxShown, PortShown},
    search::{self, Found},
    services::{self, ServiceShown},
};

/// Search
///
/// One field for all that people have at hand. Customers are found by name and by document for the roles `operator` and `admin`
/// alone; their names are masked for all but `admin`.
#[utoipa::path(get, path = "/search", tag = "network", params(search::Asked),
    responses((status = 200, description = "What may be meant, the likeliest first", body = Found), Problems))]
pub async fn search(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Query(asked): Query<search::Asked>,
) -> Result<Json<Found>, Problem> {
    Ok(Json(search::find(&state.pool, &caller, &asked.q).await?))
}

/// Show a customer's service
///
/// What HubSoft says of it, where it sits, what the platform was last seen to say, and the newest work that touched it. `answer`
/// says in one sentence why the platform shows it, or does not.
#[utoipa::path(get, path = "/services/{id}", tag = "network", params(("id" = i64, Path, example = 4411)),
    responses((status = 200, description = "The service", body = ServiceShown), Problems))]
pub async fn service(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
) -> Result<Json<ServiceShown>, Problem> {
    Ok(Json(services::show(&state.pool, &caller, id).await?))
}

/// Show a port
///
/// What HubSoft says of it, what the platform was last seen to say, its transmission, and the newest work that touched it.
#[utoipa::path(get, path = "/ports/{id}", tag = "network", params(("id" = i64, Path, example = 812)),
    responses((status = 200, description = "The port", body = PortShown), Problems))]
pub async fn port(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
) -> Result<Json<PortShown>, Problem> {
    Ok(Json(ports::show(&state.pool, &caller, id).await?))
}

/// List boxes
///
/// In the order of their numbers; of one project, or within a rectangle.
#[utoipa::path(get, path = "/boxes", tag = "network", params(boxes::Asked),
    responses((status = 200, description = "A page", body = Items<InView>), Problems))]
pub async fn boxes(
    _: May<Reading>,
    State(state): State<ApiState>,
    Query(asked): Query<boxes::Asked>,
) -> Result<Json<Items<InView>>, Problem> {
    Ok(Json(boxes::list(&state.pool, &asked).await?))
}

/// Show a box
#[utoipa::path(get, path = "/boxes/{id}", tag = "network", params(("id" = i64, Path, example = 91)),
    responses((status = 200, description = "The box, with its ports", body = BoxShown), Problems))]
pub async fn one_box(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Numbered(id): Numbered,
) -> Result<Json<BoxShown>, Problem> {
    Ok(Json(ports::of_box(&state.pool, &caller, id).await?))
}

/// List syncs that ask
///
/// Syncs that would mark much of the network missing, and wait for `approve` or `refuse` (`POST /workflows/{id}/approve`).
#[utoipa::path(get, path = "/guards", tag = "network",
    responses((status = 200, description = "All of them, the longest waiting first", body = Items<Guard>), Problems))]
pub async fn guards(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
) -> Result<Json<Items<Guard>>, Problem> {
    Ok(Json(guards::list(&state.pool, &caller).await?))
}

/// Show a sync that asks
///
/// With what would vanish: how much of each kind, the elements of one kind a page at a time, and where they are.
#[utoipa::path(get, path = "/guards/{id}", tag = "network",
    params(("id" = String, Path, example = "01a217c5-7a49-789d-aaee-fce552b61ecf"), guards::Asked),
    responses((status = 200, description = "What would vanish", body = GuardShown), Problems))]
pub async fn guard(
    May { caller, .. }: May<Reading>,
    State(state): State<ApiState>,
    Named(id): Named,
    Query(asked): Query<guards::Asked>,
) -> Result<Json<GuardShown>, Problem> {
    Ok(Json(guards::show(&state.pool, &caller, uuid(&id)?, &asked).await?))
}
