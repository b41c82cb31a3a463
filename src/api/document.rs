//! The API's description, OpenAPI 3.1: collected from the handlers, so that it is true.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, InfoBuilder, OpenApi, OpenApiBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
        tag::TagBuilder,
    },
};
use utoipa_axum::router::OpenApiRouter;

use super::{
    caller::{May, ReadingWork},
    examples,
    problem::{Problem, Problems},
};
use crate::desk::{acts::Verb, bulk::Steer, discrepancies::Settle};

/// Where the API is.
pub const PREFIX: &str = "/api/v1";

const ABOUT: &str = "Keeps HubSoft and its fiber-mapping platforms in step. Every call needs a token \
    (`Authorization: Bearer enlace_…`, made by `enlace tokens create`). A token of role `enqueue` starts work and reads what it \
    started; `viewer` reads everything, personal data masked; `operator` acts as well; `admin` may do everything, and sees people in \
    full, which the audit then tells (`looked`). What goes wrong \
    is answered as a problem document (RFC 9457): `type` is stable, `field` names what is to blame.";

/// What the document holds beside the routes.
pub fn frame() -> OpenApi {
    let mut components = Components::new();
    // What the collected routes refer to without bringing it along.
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.schemas.insert(Verb::name().into_owned(), Verb::schema());
    components.schemas.insert(Steer::name().into_owned(), Steer::schema());
    components.schemas.insert(Settle::name().into_owned(), Settle::schema());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let tag = |name: &str, about: &str| TagBuilder::new().name(name).description(Some(about)).build();
    OpenApiBuilder::new()
        .info(InfoBuilder::new().title("enlace").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)).build())
        .components(Some(components))
        .security(Some([SecurityRequirement::new("bearer", Vec::<String>::new())]))
        .tags(Some([
            tag("workflows", "Work: started, looked at, acted on"),
            tag("viability", "Free ports near a place"),
            tag("acts", "Acts on many workflows at once, and the audit of all that people did"),
            tag("integrations", "Accounts on mapping platforms"),
            tag("discrepancies", "Where HubSoft and the platform differ, for people to settle"),
            tag("network", "Services, ports and boxes: what both sides say of them"),
            tag("upstreams", "Platforms, open or closed for every worker"),
            tag("schedules", "What starts by the clock"),
            tag("tokens", "Who may call, and as what"),
            tag("about", "What runs here"),
            tag("events", "What changes, as it changes"),
            tag("overview", "How everything stands"),
            tag("document", "This description"),
        ]))
        .build()
}

/// The whole document.
pub fn document() -> OpenApi {
    // Nesting carries the routes over, and of the rest only what components hold.
    OpenApiRouter::with_openapi(frame()).nest(PREFIX, super::routes()).split_for_parts().1
}

/// The whole document as it is served: with an example of every request and every answer.
pub fn described() -> Value {
    let mut document = serde_json::to_value(document()).unwrap_or_default();
    examples::fill(&mut document);
    document
}

static TEXT: LazyLock<String> = LazyLock::new(|| described().to_string());

/// This description
#[utoipa::path(get, path = "/openapi.json", tag = "document",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json"), Problems))]
pub async fn openapi(_: May<ReadingWork>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}
