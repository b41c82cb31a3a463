//! What can be made to go wrong, in the order in which it is tried: the first fault that matches a call and strikes is
//! the one that happens.
//!
//! ```json
//! [{"match": {"method": "POST", "path_prefix": "/api/v2/properties"}, "kind": "reset_after", "count": 1},
//!  {"match": {"contains": "/boxes"}, "kind": "status", "status": 503, "body": "em manutenção", "retry_after_seconds": 2},
//!  {"kind": "delay", "milliseconds": 400, "probability": 0.1},
//!  {"match": {"path_prefix": "/api/v2/splitters"}, "kind": "throttled", "retry_after_seconds": 3, "count": 5}]
//! ```

use crate::chance::{For, fraction};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which calls a fault may strike. What is left out matches everything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// `GET`, `POST`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// How the path begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_prefix: Option<String>,
    /// What path and query hold somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
}

impl Matching {
    fn fits(&self, method: &str, path_and_query: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path_prefix.as_ref().is_none_or(|prefix| path_and_query.starts_with(prefix.as_str()))
            && self.contains.as_ref().is_none_or(|part| path_and_query.contains(part.as_str()))
    }
}

/// What happens to a call that is struck.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Nothing is done; this is answered.
    Status {
        /// The HTTP status.
        status: u16,
        /// A text is sent as plain text, anything else as JSON.
        body: Option<Value>,
        /// The header `Retry-After`.
        retry_after_seconds: Option<u64>,
    },
    /// The call is done at once, its answer comes this many milliseconds later.
    Delay(u64),
    /// Nothing is done and nothing is ever answered; the connection stays open.
    Hang,
    /// The call is done, and nothing is ever answered.
    HangAfter,
    /// The connection is reset (TCP RST), nothing done.
    ResetBefore,
    /// The call is done, then the connection is reset.
    ResetAfter,
    /// The platform's own way to say that the credentials are not good.
    Unauthorised,
    /// 429 with `Retry-After`, nothing done.
    Throttled(u64),
    /// The platform's own empty page, whatever is there.
    EmptyList,
}

impl Effect {
    /// The name that files and the journal use.
    pub fn name(&self) -> &'static str {
        match self {
            Effect::Status { .. } => "status",
            Effect::Delay(_) => "delay",
            Effect::Hang => "hang",
            Effect::HangAfter => "hang_after",
            Effect::ResetBefore => "reset_before",
            Effect::ResetAfter => "reset_after",
            Effect::Unauthorised => "unauthorised",
            Effect::Throttled(_) => "throttled",
            Effect::EmptyList => "empty_list",
        }
    }
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Fault {
    /// Which calls.
    pub matching: Matching,
    /// What happens to them.
    pub effect: Effect,
    /// How often a matching call is struck, 0 to 1.
    pub probability: f64,
    /// How many more calls it strikes; `None`: without end.
    pub count: Option<u64>,
}

impl Fault {
    /// A fault that strikes every call.
    pub fn always(effect: Effect) -> Fault {
        Fault { matching: Matching::default(), effect, probability: 1.0, count: None }
    }

    /// Only calls with this method.
    pub fn method(mut self, method: &str) -> Fault {
        self.matching.method = Some(method.to_owned());
        self
    }

    /// Only calls whose path begins so.
    pub fn path_prefix(mut self, prefix: &str) -> Fault {
        self.matching.path_prefix = Some(prefix.to_owned());
        self
    }

    /// Only calls whose path and query hold this.
    pub fn contains(mut self, part: &str) -> Fault {
        self.matching.contains = Some(part.to_owned());
        self
    }

    /// Only this share of them.
    pub fn probability(mut self, probability: f64) -> Fault {
        self.probability = probability;
        self
    }

    /// Only the next so many.
    pub fn times(mut self, count: u64) -> Fault {
        self.count = Some(count);
        self
    }
}

/// A fault as files and the face under `/_simulator` write it. Unknown keys are errors: a fault that is misspelt
/// must not be one that never strikes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default, rename = "match")]
    matching: Matching,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

impl TryFrom<Written> for Fault {
    type Error = String;

    fn try_from(written: Written) -> Result<Fault, String> {
        let probability = written.probability.unwrap_or(1.0);
        if !(0.0..=1.0).contains(&probability) {
            return Err(format!("probability is {probability}, not between 0 and 1"));
        }
        let effect = match written.kind.as_str() {
            "status" => Effect::Status {
                status: written.status.filter(|status| (100..=599).contains(status)).ok_or("status needs a status")?,
                body: written.body,
                retry_after_seconds: written.retry_after_seconds,
            },
            "delay" => Effect::Delay(written.milliseconds.ok_or("delay needs milliseconds")?),
            "hang" => Effect::Hang,
            "hang_after" => Effect::HangAfter,
            "reset_before" => Effect::ResetBefore,
            "reset_after" => Effect::ResetAfter,
            "unauthorised" => Effect::Unauthorised,
            "throttled" => Effect::Throttled(written.retry_after_seconds.ok_or("throttled needs retry_after_seconds")?),
            "empty_list" => Effect::EmptyList,
            other => return Err(format!("there is no kind of fault called {other}")),
        };
        Ok(Fault { matching: written.matching, effect, probability, count: written.count })
    }
}

impl From<Fault> for Written {
    fn from(fault: Fault) -> Written {
        let kind = fault.effect.name().to_owned();
        let (mut status, mut body, mut retry_after_seconds, mut milliseconds) = (None, None, None, None);
        match fault.effect {
            Effect::Status { status: code, body: text, retry_after_seconds: seconds } => {
                (status, body, retry_after_seconds) = (Some(code), text, seconds);
            }
            Effect::Delay(wait) => milliseconds = Some(wait),
            Effect::Throttled(seconds) => retry_after_seconds = Some(seconds),
            _ => {}
        }
        let probability = Some(fault.probability);
        Written {
            matching: fault.matching,
            kind,
            status,
            body,
            retry_after_seconds,
            milliseconds,
            probability,
            count: fault.count,
        }
    }
}

/// Reads a list of faults from a JSON file: `[…]` or `{"faults": […]}`.
pub fn read_file(path: &str) -> Result<Vec<Fault>, crate::Error> {
    let text = std::fs::read(path).map_err(|cause| crate::Error::Unreadable { path: path.to_owned(), cause })?;
    parse(&text)
}

/// Reads a list of faults: `[…]` or `{"faults": […]}`.
pub fn parse(text: &[u8]) -> Result<Vec<Fault>, crate::Error> {
    let mut value: Value = serde_json::from_slice(text)?;
    if let Some(list) = value.get_mut("faults") {
        value = list.take();
    }
    Ok(serde_json::from_value(value)?)
}

/// The faults in force.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    calls: u64,
    list: Vec<Fault>,
}

impl Faults {
    /// These faults, with chance from this seed.
    pub fn new(seed: u64, list: Vec<Fault>) -> Faults {
        Faults { seed, calls: 0, list }
    }

    /// What strikes this call, if anything; counts down.
    pub fn strike(&mut self, method: &str, path_and_query: &str) -> Option<Effect> {
        self.calls += 1;
        let (seed, call) = (self.seed, self.calls);
        let fault = self.list.iter_mut().enumerate().find_map(|(at, fault)| {
            let strikes = fault.count != Some(0)
                && fault.matching.fits(method, path_and_query)
                && fraction(seed, For::Fault, call * 64 + at as u64) < fault.probability;
            strikes.then_some(fault)
        })?;
        fault.count = fault.count.map(|left| left - 1);
        Some(fault.effect.clone())
    }

    /// The faults and what is left of them.
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// Adds faults behind those in force.
    pub fn append(&mut self, more: Vec<Fault>) {
        self.list.extend(more);
    }

    /// These and no others.
    pub fn replace(&mut self, list: Vec<Fault>) {
        self.list = list;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_only_what_it_matches_and_only_as_often_as_said() {
        let fault = Fault::always(Effect::Hang).method("POST").path_prefix("/api/v2/prop").times(2);
        let mut faults = Faults::new(1, vec![fault]);
        assert_eq!(faults.strike("GET", "/api/v2/properties"), None);
        assert_eq!(faults.strike("POST", "/api/v2/boxes"), None);
        assert_eq!(faults.strike("POST", "/api/v2/properties"), Some(Effect::Hang));
        assert_eq!(faults.strike("POST", "/api/v2/properties"), Some(Effect::Hang));
        assert_eq!(faults.strike("POST", "/api/v2/properties"), None);
    }

    #[test]
    fn probability_is_seeded() {
        let run = |seed| {
            let mut faults = Faults::new(seed, vec![Fault::always(Effect::Hang).probability(0.3)]);
            (0..1_000).map(|_| faults.strike("GET", "/").is_some()).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let struck = run(1).into_iter().filter(|hit| *hit).count();
        assert!((250..350).contains(&struck), "{struck}");
    }

    #[test]
    fn what_is_written_is_read_back_and_misspelt_keys_are_refused() {
        let text = br#"[{"match":{"contains":"x"},"kind":"status","status":503,"body":"oi","retry_after_seconds":2}]"#;
        let faults = parse(text).unwrap();
        assert_eq!(parse(&serde_json::to_vec(&faults).unwrap()).unwrap(), faults);
        assert!(parse(br#"{"faults":[{"kind":"hang"}]}"#).is_ok());
        for wrong in [r#"[{"kind":"hang","probabilty":1}]"#, r#"[{"kind":"delay"}]"#, r#"[{"kind":"explode"}]"#] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
