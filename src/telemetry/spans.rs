//! A workflow as spans: its own from its enqueueing to its end, one an attempt below it, one a call below that. The waits
//! between attempts are the gaps.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use engine::watch::{Seen, SeenCall};
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::context::{attempt_span, call_span, workflow_span};

/// Where a workflow belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The trace.
    pub trace: TraceId,
    /// The caller's span, if it named one.
    pub caller: Option<SpanId>,
}

/// What an attempt adds to the trace. Holds no message, no payload and no query: those may name people.
pub fn of(seen: &Seen, place: Place) -> Vec<SpanData> {
    let own = workflow_span(seen.id);
    // Two clocks: the attempt's beginning is an estimate of the database's. Nothing begins before what it belongs to.
    let began = seen.began_at.max(seen.enqueued_at);
    let ended = seen.ended_at.max(began);
    let mut attempt = span(place.trace, attempt_span(seen.id, seen.n, seen.attempt), own, (began, ended));
    attempt.name = format!("{} {}", seen.kind, seen.state).into();
    attempt.attributes = attempt_attributes(seen);
    attempt.status = attempt_status(seen);
    let mut spans: Vec<SpanData> = Vec::with_capacity(seen.calls.len() + 2);
    for (place_in_attempt, call) in seen.calls.iter().enumerate() {
        let id = call_span(seen.id, seen.n, seen.attempt, place_in_attempt);
        spans.push(of_call(call, span(place.trace, id, attempt.span_context.span_id(), (began, ended))));
    }
    spans.push(attempt);
    if let Some(end) = seen.end {
        spans.push(of_workflow(seen, end, place, (seen.enqueued_at, ended)));
    }
    spans
}

fn of_workflow(seen: &Seen, end: &'static str, place: Place, time: (DateTime<Utc>, DateTime<Utc>)) -> SpanData {
    let mut whole = span(place.trace, workflow_span(seen.id), place.caller.unwrap_or(SpanId::INVALID), time);
    whole.parent_span_is_remote = place.caller.is_some();
    whole.span_kind = SpanKind::Consumer;
    whole.name = seen.kind.into();
    whole.attributes = vec![
        KeyValue::new("enlace.workflow.id", seen.id.to_string()),
        KeyValue::new("enlace.kind", seen.kind),
        KeyValue::new("enlace.status", end),
    ];
    if end == "failed" {
        whole.status = Status::error(seen.error.as_ref().map_or("", |(_, code)| code).to_owned());
    }
    whole
}

fn attempt_attributes(seen: &Seen) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("enlace.workflow.id", seen.id.to_string()),
        KeyValue::new("enlace.kind", seen.kind),
        KeyValue::new("enlace.state", seen.state.clone()),
        KeyValue::new("enlace.step", i64::from(seen.n)),
        KeyValue::new("enlace.attempt", i64::from(seen.attempt)),
        KeyValue::new("enlace.outcome", seen.outcome),
        KeyValue::new("enlace.worker.id", seen.worker.to_string()),
    ];
    if let Some((class, code)) = &seen.error {
        attributes.push(KeyValue::new("enlace.error.class", class.clone()));
        attributes.push(KeyValue::new("error.type", code.clone()));
    }
    attributes.extend(seen.parked.map(|why| KeyValue::new("enlace.parked", why)));
    attributes
}

/// A pause that was asked for is no error; what went wrong is, also where it will be tried again.
fn attempt_status(seen: &Seen) -> Status {
    match seen.outcome {
        "done" | "again" | "throttled" => Status::Unset,
        _ => Status::error(seen.error.as_ref().map_or("", |(_, code)| code).to_owned()),
    }
}

fn of_call(seen: &SeenCall, mut span: SpanData) -> SpanData {
    let template = template(&seen.call.path);
    let length = Duration::from_millis(seen.call.ms);
    let within = span.start_time..span.end_time;
    span.end_time = SystemTime::from(seen.ended_at).clamp(within.start, within.end);
    span.start_time = span.end_time.checked_sub(length).unwrap_or(within.start).max(within.start);
    span.span_kind = SpanKind::Client;
    span.name = format!("{} {template}", seen.call.method).into();
    span.attributes =
        vec![KeyValue::new("http.request.method", seen.call.method.clone()), KeyValue::new("url.template", template)];
    let wrong = match seen.call.status {
        Some(status) => {
            span.attributes.push(KeyValue::new("http.response.status_code", i64::from(status)));
            (status >= 400).then(|| status.to_string())
        }
        None => Some("no_answer".to_owned()),
    };
    if let Some(wrong) = wrong {
        span.attributes.push(KeyValue::new("error.type", wrong));
        span.status = Status::error("");
    }
    span
}

/// The path without its query, ids left out: what is alike for all customers.
fn template(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let varies = |part: &str| part.bytes().any(|byte| byte.is_ascii_digit()) && !version(part);
    path.split('/').map(|part| if varies(part) { "{id}" } else { part }).collect::<Vec<_>>().join("/")
}

/// `v2`, as in `/api/v2/boxes`.
fn version(part: &str) -> bool {
    part.strip_prefix('v')
        .is_some_and(|digits| !digits.is_empty() && digits.len() < 3 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// A span of ours, sampled: what is not sampled is not made.
pub fn span(trace: TraceId, id: SpanId, parent: SpanId, (began, ended): (DateTime<Utc>, DateTime<Utc>)) -> SpanData {
    SpanData {
        span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::default()),
        parent_span_id: parent,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "".into(),
        start_time: began.into(),
        end_time: ended.into(),
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("enlace").with_version(env!("CARGO_PKG_VERSION")).build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p1_a_path_is_alike_for_all_customers() {
        assert_eq!(template("/api/v2/properties/client/4411?filter=…"), "/api/v2/properties/client/{id}");
        assert_eq!(template("/api/v2/boxes/65f0c0ffee65f0c0ffee1234/ports"), "/api/v2/boxes/{id}/ports");
        assert_eq!(template("/v20/x"), "/v20/x");
        assert_eq!(template("/v12345678909/x"), "/{id}/x", "a document is no version");
    }
}
