//! Steps, attempts and calls in the order of time, each as long as it took.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::desk::workflows::Workflow;

/// Attempts that are shown, the last ones: a sync has thousands.
const SHOWN: usize = 60;
/// The drawing's width without its margins.
const WIDTH: f64 = 960.0;
/// What a wait takes that is cut short.
const CUT: f64 = 46.0;
/// Of a row.
const ROW: usize = 22;

/// The drawing, and the same as a table.
#[derive(Default)]
pub struct Timeline {
    /// Of the drawing.
    pub height: usize,
    /// Attempts, in order.
    pub tries: Vec<Try>,
    /// Waits that are cut short.
    pub cuts: Vec<Cut>,
    /// Attempts before the first that is shown.
    pub left_out: i64,
}

/// An attempt of a step.
pub struct Try {
    pub n: i32,
    pub attempt: i16,
    pub state: String,
    pub action: Option<String>,
    pub action_en: Option<String>,
    pub outcome: String,
    pub error: Option<String>,
    pub began_at: DateTime<Utc>,
    pub milliseconds: f64,
    pub calls: Vec<Call>,
    pub bar: Span,
    pub y: usize,
}

/// A part of the drawing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    pub x: f64,
    pub width: f64,
}

/// A call to the platform.
pub struct Call {
    pub method: String,
    pub path: String,
    pub status: String,
    pub ok: bool,
    pub milliseconds: f64,
    pub bar: Span,
}

/// A wait that is cut short.
#[derive(Debug, PartialEq)]
pub struct Cut {
    pub x: f64,
    pub seconds: f64,
}

/// From a workflow's steps.
pub fn of(workflow: &Workflow) -> Timeline {
    let all: Vec<_> = workflow.steps.iter().flat_map(|step| step.attempts.iter().map(move |one| (step, one))).collect();
    let left_out = all.len().saturating_sub(SHOWN);
    let shown = &all[left_out..];
    let times: Vec<(f64, f64)> = shown
        .iter()
        .map(|(_, one)| {
            let micros = |at: DateTime<Utc>| at.timestamp_micros() as f64 / 1000.0;
            (micros(one.began_at), micros(one.ended_at))
        })
        .collect();
    let (bars, cuts) = to_scale(&times);
    let tries = shown.iter().zip(bars).enumerate().map(|(row, ((step, one), bar))| Try {
        n: step.n,
        attempt: one.n,
        state: step.state.clone(),
        action: step.action.clone(),
        action_en: step.action_en.clone(),
        outcome: one.outcome.clone(),
        error: one.error.as_ref().and_then(|error| error["message"].as_str()).map(str::to_owned),
        began_at: one.began_at,
        milliseconds: times[row].1 - times[row].0,
        calls: calls(&one.calls, bar, times[row].1 - times[row].0),
        bar,
        y: row * ROW + 26,
    });
    Timeline {
        height: shown.len() * ROW + 34,
        tries: tries.collect(),
        cuts,
        left_out: i64::try_from(left_out).unwrap_or_default(),
    }
}

/// When a call began is not kept: they are drawn one after the other, as long as each took.
fn calls(calls: &Value, bar: Span, milliseconds: f64) -> Vec<Call> {
    let scale = if milliseconds > 0.0 { bar.width / milliseconds } else { 0.0 };
    let mut x = bar.x;
    let text = |call: &Value, key: &str| match &call[key] {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    };
    let each = calls.as_array().into_iter().flatten().map(|call| {
        let took = call["ms"].as_f64().unwrap_or_default();
        let width = (took * scale).min((bar.x + bar.width - x).max(0.0));
        let at = Span { x, width };
        x += width;
        Call {
            method: text(call, "method"),
            path: text(call, "path"),
            status: text(call, "status"),
            ok: call["status"].as_i64().is_some_and(|status| status < 400),
            milliseconds: took,
            bar: at,
        }
    });
    each.collect()
}

/// Where each stretch of time is drawn: all to one scale, but waits between them that would leave nothing of the rest are cut
/// short. Times in milliseconds, in order.
fn to_scale(times: &[(f64, f64)]) -> (Vec<Span>, Vec<Cut>) {
    let worked: f64 = times.iter().map(|(began, ended)| (ended - began).max(0.0)).sum::<f64>().max(1.0);
    let gaps: Vec<f64> = times.windows(2).map(|two| (two[1].0 - two[0].1).max(0.0)).collect();
    // A wait as long as all the work together is no longer worth its place.
    let long = |gap: f64| gap > worked;
    let cut = gaps.iter().filter(|gap| long(**gap)).count();
    let told: f64 = worked + gaps.iter().filter(|gap| !long(**gap)).sum::<f64>();
    let room = (WIDTH - CUT * cut as f64).max(WIDTH / 4.0);
    let scale = room / told;
    let squeeze = WIDTH / (room + CUT * cut as f64);
    let (mut bars, mut cuts, mut x) = (Vec::new(), Vec::new(), 0.0);
    for (n, (began, ended)) in times.iter().enumerate() {
        if let Some(gap) = n.checked_sub(1).map(|before| gaps[before]) {
            if long(gap) {
                cuts.push(Cut { x: x + CUT * squeeze / 2.0, seconds: gap / 1000.0 });
                x += CUT * squeeze;
            } else {
                x += gap * scale * squeeze;
            }
        }
        let width = (ended - began).max(0.0) * scale * squeeze;
        bars.push(Span { x, width: width.max(2.0) });
        x += width;
    }
    (bars, cuts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_twice_as_long_is_twice_as_wide_and_a_night_in_between_is_cut_short() {
        let (bars, cuts) = to_scale(&[(0.0, 100.0), (100.0, 300.0)]);
        assert!(cuts.is_empty() && (bars[1].width / bars[0].width - 2.0).abs() < 1e-9, "{bars:?}");
        assert!((bars[1].x + bars[1].width - WIDTH).abs() < 1e-6);
        let night = 8.0 * 3_600_000.0;
        let (bars, cuts) = to_scale(&[(0.0, 100.0), (night, night + 200.0)]);
        assert!((bars[1].width / bars[0].width - 2.0).abs() < 1e-9 && (bars[1].x + bars[1].width - WIDTH).abs() < 1e-6);
        assert!(cuts.len() == 1 && (cuts[0].seconds - 28_799.9).abs() < 0.1, "{cuts:?}");
        let many: Vec<(f64, f64)> = (0..50).map(|n| (f64::from(n) * 1e6, f64::from(n) * 1e6 + 1.0)).collect();
        let last = to_scale(&many).0[49];
        assert!(last.x <= WIDTH, "{last:?}");
    }
}
