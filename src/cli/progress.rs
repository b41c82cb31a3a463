//! Progress of a sync, or of an act on many: a bar with rate and time left at a terminal, a line a second elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use engine::clock;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::show::say;

/// How often a line is printed where nobody draws a bar.
const LINE: Duration = Duration::from_secs(1);

/// What is shown of it while it runs.
#[derive(Default)]
pub struct Progress {
    bar: Option<ProgressBar>,
    began: Option<(Instant, u64)>,
    line_at: Option<Instant>,
}

/// How far it is.
#[derive(Debug, PartialEq, Eq)]
struct Far {
    phase: String,
    seen: u64,
    /// Of so many, where the platform tells it of every kind that is under way.
    total: Option<u64>,
}

impl Far {
    fn of(progress: &Value) -> Self {
        let counts = progress.get("elements").and_then(Value::as_object);
        // Ports come with their splitters, and count with them.
        let kinds = || counts.into_iter().flatten().filter(|(kind, _)| *kind != "port").map(|(_, count)| count);
        let number = |count: &Value, key: &str| count.get(key).and_then(Value::as_u64);
        Self {
            phase: progress.get("phase").and_then(Value::as_str).unwrap_or_default().to_owned(),
            seen: kinds().filter_map(|count| number(count, "seen")).sum(),
            total: kinds().map(|count| number(count, "total")).sum::<Option<u64>>().filter(|total| *total > 0),
        }
    }
}

impl Progress {
    /// Prints a line without tearing the bar.
    pub fn say(&self, line: &str) -> std::io::Result<()> {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(line)),
            None => say(line),
        }
    }

    /// Shows how far a sync is; nothing for what is no sync.
    pub fn show(&mut self, progress: Option<&Value>) -> std::io::Result<()> {
        progress.map(Far::of).map_or(Ok(()), |far| self.tell(&far))
    }

    /// Shows how far anything else is that is counted.
    pub fn count(&mut self, phase: &str, seen: u64, total: u64) -> std::io::Result<()> {
        self.tell(&Far { phase: phase.to_owned(), seen, total: Some(total).filter(|total| *total > 0) })
    }

    fn tell(&mut self, far: &Far) -> std::io::Result<()> {
        let now = clock::monotonic();
        let (began, at_first) = *self.began.get_or_insert((now, far.seen));
        if std::io::stdout().is_terminal() {
            self.draw(far);
            return Ok(());
        }
        if self.line_at.is_none_or(|at| now.duration_since(at) >= LINE) {
            self.line_at = Some(now);
            say(&line(far, far.seen.saturating_sub(at_first), now.duration_since(began)))?;
        }
        Ok(())
    }

    fn draw(&mut self, far: &Far) {
        let bar = self.bar.get_or_insert_with(ProgressBar::new_spinner);
        let form = if far.total.is_some() {
            "{msg:10} {wide_bar} {human_pos}/{human_len}  {per_sec}  {eta}"
        } else {
            "{spinner} {msg:10} {human_pos}  {per_sec}"
        };
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        if let Some(total) = far.total {
            bar.set_length(total.max(far.seen));
        }
        bar.set_message(far.phase.clone());
        bar.set_position(far.seen);
    }

    /// Takes the bar away.
    pub fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// `boxes: 200 of 500 (40 %), 100/s, 3 s left`.
fn line(far: &Far, since: u64, time: Duration) -> String {
    let rate = if time.is_zero() { 0.0 } else { since as f64 / time.as_secs_f64() };
    let mut text = format!("  {}: {}", far.phase, far.seen);
    if let Some(total) = far.total {
        text.push_str(&format!(" of {total} ({} %)", far.seen * 100 / total));
    }
    if rate > 0.0 {
        text.push_str(&format!(", {rate:.0}/s"));
        if let Some(left) = far.total.and_then(|total| total.checked_sub(far.seen)) {
            text.push_str(&format!(", {:.0} s left", left as f64 / rate));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_tells_how_far_how_fast_and_how_long_yet() {
        let far = Far::of(
            &json!({ "phase": "boxes", "elements": { "box": { "seen": 200, "total": 500 }, "port": { "seen": 9 } } }),
        );
        assert_eq!(line(&far, 200, Duration::from_secs(2)), "  boxes: 200 of 500 (40 %), 100/s, 3 s left");
        assert_eq!(line(&far, 0, Duration::ZERO), "  boxes: 200 of 500 (40 %)");
    }

    #[test]
    fn without_a_total_of_every_kind_there_is_none() {
        let far = Far::of(
            &json!({ "phase": "poles", "elements": { "box": { "seen": 2, "total": 2 }, "pole": { "seen": 7 } } }),
        );
        assert_eq!(far, Far { phase: "poles".to_owned(), seen: 9, total: None });
        assert_eq!(line(&far, 9, Duration::from_secs(3)), "  poles: 9, 3/s");
    }
}
