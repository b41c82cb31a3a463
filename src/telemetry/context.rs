//! To which trace something belongs, and the ids of spans. A workflow's spans are named by what they are, so that whoever
//! tells of the same attempt twice tells of one span, and every worker knows the workflow's own span without asking.

use std::fmt;

use opentelemetry::trace::{SpanId, TraceId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A W3C trace context, as a caller sends it along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace: TraceId,
    /// The caller's span.
    pub span: SpanId,
    /// Whether the caller records this trace.
    pub sampled: bool,
}

impl Context {
    /// Reads a `traceparent`; `None` where it is none. The rule is that of `enlace.valid_traceparent` (0010_telemetry.sql).
    pub fn of(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.splitn(5, '-');
        let (version, trace, span, flags, more) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next());
        let hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let well_formed = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
        if !well_formed || version == "ff" || (version == "00" && more.is_some()) {
            return None;
        }
        let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        (trace != TraceId::INVALID && span != SpanId::INVALID).then_some(Self { trace, span, sampled })
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// The workflow's own trace, where nobody gave it another.
pub fn own_trace(workflow: Uuid) -> TraceId {
    TraceId::from_bytes(*workflow.as_bytes())
}

/// The span of a workflow, from its enqueueing to its end.
pub fn workflow_span(id: Uuid) -> SpanId {
    named(&[id.as_bytes()])
}

/// The span of an attempt.
pub fn attempt_span(id: Uuid, n: i32, attempt: i16) -> SpanId {
    named(&[id.as_bytes(), &n.to_be_bytes(), &attempt.to_be_bytes()])
}

/// The span of a call within an attempt.
pub fn call_span(id: Uuid, n: i32, attempt: i16, call: usize) -> SpanId {
    named(&[id.as_bytes(), &n.to_be_bytes(), &attempt.to_be_bytes(), &call.to_be_bytes()])
}

fn named(parts: &[&[u8]]) -> SpanId {
    let digest = parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part)).finalize();
    let mut id = [0; 8];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    SpanId::from_bytes(id)
}

/// Whether a trace is among the share that is sent. Decided by the trace's id, so that all processes decide alike; by a
/// digest of it, because no part of an id is random in all that make one: a uuid of version 7 may count within a millisecond.
pub fn sampled(trace: TraceId, ratio: f64) -> bool {
    let digest = Sha256::digest(trace.to_bytes());
    let part = digest.iter().take(4).fold(0_u32, |part, byte| (part << 8) | u32::from(*byte));
    f64::from(part) < ratio * 2_f64.powi(32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_read_and_written_as_w3c_has_it() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(Context::of(text).unwrap().to_string(), text);
        assert!(!Context::of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02").unwrap().sampled);
    }

    #[test]
    fn half_of_our_own_traces_is_half_of_them() {
        // Within one millisecond these count up, and differ little in the bytes that count.
        let made: Vec<Uuid> = (0..4000).map(|_| Uuid::now_v7()).collect();
        let ids = made.into_iter().map(own_trace);
        let sent = ids.clone().filter(|id| sampled(*id, 0.5)).count();
        assert!((1700..2300).contains(&sent), "{sent} of 4000");
        assert!(ids.clone().all(|id| sampled(id, 1.0)) && !ids.clone().any(|id| sampled(id, 0.0)));
    }

    #[test]
    fn spans_of_one_workflow_have_ids_of_their_own() {
        let id = Uuid::now_v7();
        let mut ids = vec![workflow_span(id), attempt_span(id, 1, 1), attempt_span(id, 1, 2), attempt_span(id, 2, 1)];
        ids.extend([call_span(id, 1, 1, 0), call_span(id, 1, 1, 1)]);
        let count = ids.len();
        ids.sort_by_key(|id| id.to_bytes());
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
