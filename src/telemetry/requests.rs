//! Requests to the API as spans. What a request starts goes on in its trace: the handler finds the request's own span in
//! `traceparent`, as if a proxy had put it there.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, StatusCode},
    middleware::Next,
    response::Response,
};
use chrono::{DateTime, Utc};
use engine::clock;
use opentelemetry::{
    KeyValue,
    trace::{SpanId, SpanKind, Status},
};
use uuid::Uuid;

use super::{
    context::{self, Context},
    export::Traces,
    spans,
};

/// Makes a span of a request whose trace is sampled.
pub async fn traced(State(traces): State<Arc<Traces>>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get("traceparent").and_then(|value| value.to_str().ok()).and_then(Context::of);
    let name = Uuid::now_v7();
    let trace = given.map_or_else(|| context::own_trace(name), |given| given.trace);
    let sampled = given.map_or_else(|| context::sampled(trace, traces.ratio()), |given| given.sampled);
    if !sampled {
        return next.run(request).await;
    }
    let own = Context { trace, span: context::workflow_span(name), sampled };
    if let Ok(value) = HeaderValue::from_str(&own.to_string()) {
        request.headers_mut().insert("traceparent", value);
    }
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let (wall, began) = (wall(name), clock::monotonic());
    let response = next.run(request).await;
    let caller = given.map_or(SpanId::INVALID, |given| given.span);
    let mut span = spans::span(trace, own.span, caller, (wall, wall + began.elapsed()));
    span.parent_span_is_remote = given.is_some();
    span.span_kind = SpanKind::Server;
    span.name = route.as_ref().map_or_else(|| method.clone(), |route| format!("{method} {route}")).into();
    let status = response.status();
    span.attributes = vec![
        KeyValue::new("http.request.method", method),
        KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
    ];
    span.attributes.extend(route.map(|route| KeyValue::new("http.route", route)));
    if status >= StatusCode::INTERNAL_SERVER_ERROR {
        span.attributes.push(KeyValue::new("error.type", status.as_str().to_owned()));
        span.status = Status::error("");
    }
    traces.request(span);
    response
}

/// The time at which an id was made: this machine's, as a request has no other.
fn wall(id: Uuid) -> DateTime<Utc> {
    let (seconds, nanos) = id.get_timestamp().map_or((0, 0), |time| time.to_unix());
    i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, nanos)).unwrap_or_default()
}
