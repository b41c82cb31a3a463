//! Where traces go.

use secrecy::SecretString;

use super::{Error, Given, server};

/// Where traces go, and how many of them.
#[derive(Clone, Debug)]
pub struct Otlp {
    /// The collector's URL for traces.
    pub endpoint: String,
    /// Headers that it asks for, a token for instance.
    pub headers: Vec<(String, SecretString)>,
    /// The share of traces that is sent, where the caller has not decided.
    pub sample_ratio: f64,
}

/// What was given of it; `None`: no traces are made.
pub(super) fn read(given: &Given) -> Result<Option<Otlp>, Error> {
    let headers = given.optional("otlp.headers", headers)?.unwrap_or_default();
    let sample_ratio = given.required("otlp.sample_ratio", ratio)?;
    let endpoint = given.optional("otlp.endpoint", server)?;
    Ok(endpoint.map(|base| {
        // As other programs take it: the collector's base, to which each kind of telemetry adds its path.
        let endpoint = if base.ends_with("/v1/traces") { base } else { format!("{base}/v1/traces") };
        Otlp { endpoint, headers, sample_ratio }
    }))
}

fn headers(text: &str) -> Result<Vec<(String, SecretString)>, String> {
    let header = |pair: &str| {
        let (name, value) = pair.split_once('=').ok_or("must be name=value,name=value")?;
        let fits =
            !name.trim().is_empty() && name.trim().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !fits || !value.bytes().all(|b| (b' '..0x7f).contains(&b)) {
            return Err("holds a name or a value that no header may have".to_owned());
        }
        Ok((name.trim().to_owned(), SecretString::from(value.trim())))
    };
    text.split(',').filter(|pair| !pair.trim().is_empty()).map(header).collect()
}

fn ratio(text: &str) -> Result<f64, String> {
    let fitting = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
    fitting.ok_or_else(|| format!("{text:?} is not a number from 0 to 1"))
}
