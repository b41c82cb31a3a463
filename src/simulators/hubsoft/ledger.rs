//! What became of the changes: shown by the platform, on the way, or ended badly and why.

use crate::change::{Change, Kind};
use sqlx::{FromRow, PgPool};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How many changes are asked after at once; with more on the way, they take turns.
const ASKED_AT_ONCE: usize = 500;
/// Bad ends that are still told in full.
const TOLD: usize = 20;
/// What the lag is taken over.
const MINUTE: Duration = Duration::from_secs(60);

/// How one change's work stands.
#[derive(Clone, Debug, FromRow)]
struct Outcome {
    id: Uuid,
    status: String,
    pt: Option<String>,
    en: Option<String>,
    transmission: Option<String>,
}

/// All changes so far.
#[derive(Debug, Default)]
pub struct Ledger {
    under_way: VecDeque<Change>,
    /// The latest change of each port that is still of interest.
    latest: HashMap<i64, Uuid>,
    made: [u64; Kind::COUNT],
    shown: u64,
    overtaken: u64,
    lags: VecDeque<(Instant, Duration)>,
    bad: u64,
    told: VecDeque<String>,
    parked: u64,
}

impl Ledger {
    /// Notes a change that was committed.
    pub fn committed(&mut self, change: Change) {
        self.made[change.kind as usize] += 1;
        self.latest.insert(change.port, change.id);
        self.under_way.push_back(change);
    }

    /// Asks after the changes that are on the way.
    pub async fn look(&mut self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let asked = self.under_way.len().min(ASKED_AT_ONCE);
        if asked == 0 {
            return Ok(());
        }
        let (ids, ports): (Vec<Uuid>, Vec<i64>) =
            self.under_way.iter().take(asked).map(|change| (change.id, change.port)).unzip();
        let outcomes: Vec<Outcome> =
            sqlx::query_as(include_str!("sql/outcomes.sql")).bind(ids).bind(ports).fetch_all(pool).await?;
        self.settle(asked, outcomes, Instant::now());
        Ok(())
    }

    /// Takes the first `asked` changes off the list; those that have not ended go to its end.
    fn settle(&mut self, asked: usize, outcomes: Vec<Outcome>, now: Instant) {
        let mut by_id: HashMap<Uuid, Outcome> = outcomes.into_iter().map(|outcome| (outcome.id, outcome)).collect();
        self.parked = 0;
        for change in self.under_way.drain(..asked).collect::<Vec<_>>() {
            match by_id.remove(&change.id) {
                Some(outcome) if has_ended(&outcome.status) => self.end(change, &outcome, now),
                other => {
                    self.parked += u64::from(other.is_some_and(|outcome| outcome.status == "parked"));
                    self.under_way.push_back(change);
                }
            }
        }
    }

    fn end(&mut self, change: Change, outcome: &Outcome, now: Instant) {
        let is_latest = self.latest.get(&change.port) == Some(&change.id);
        if is_latest {
            self.latest.remove(&change.port);
        }
        match (outcome.status.as_str(), outcome.transmission.as_deref()) {
            ("succeeded", Some("sent")) => {
                self.shown += 1;
                self.lags.push_back((now, now.duration_since(change.committed)));
            }
            // A later change of the same port is what the platform has to show.
            ("succeeded", _) if !is_latest => self.overtaken += 1,
            ("superseded", _) => self.overtaken += 1,
            (status, transmission) => {
                let (pt, en) = (outcome.pt.as_deref().unwrap_or("?"), outcome.en.as_deref().unwrap_or("?"));
                let (port, service) = (change.port, change.service);
                let transmission = transmission.unwrap_or("?");
                self.bad += 1;
                self.told.push_back(format!(
                    "  {} porta/port {port}, serviço/service {service}: {status}, {transmission}: {pt} / {en}",
                    name(change.kind)
                ));
                if self.told.len() > TOLD {
                    self.told.pop_front();
                }
            }
        }
    }

    /// The report, in Portuguese and in English; bad ends are told once.
    pub fn report(&mut self, now: Instant) -> String {
        while self.lags.front().is_some_and(|(at, _)| now.duration_since(*at) > MINUTE) {
            self.lags.pop_front();
        }
        let [binds, unbinds, replaced, migrated, retired] = self.made;
        let (made, shown, open) = (self.made.iter().sum::<u64>(), self.shown, self.under_way.len());
        let oldest = self.under_way.iter().map(|change| now.duration_since(change.committed)).max().unwrap_or_default();
        let (median, most) = middle_and_most(self.lags.iter().map(|(_, lag)| *lag).collect());
        let (oldest, median, most) = (seconds(oldest), seconds(median), seconds(most));
        let (overtaken, bad, parked) = (self.overtaken, self.bad, self.parked);
        let told: Vec<String> = self.told.drain(..).collect();
        let mut lines = vec![
            format!(
                "HubSoft: {made} mudanças ({binds} vínculos, {unbinds} desvínculos, {replaced} trocas, {migrated} migrações, \
                 {retired} retiradas): a plataforma mostra {shown}; {open} a caminho (a mais antiga há {oldest} s; {parked} esperam uma pessoa); {overtaken} \
                 ultrapassadas por outra; no último minuto, atraso mediano de {median} s, máximo {most} s; {bad} \
                 terminaram mal"
            ),
            format!(
                "HubSoft: {made} changes ({binds} binds, {unbinds} unbinds, {replaced} replacements, {migrated} migrations, \
                 {retired} removals): the platform shows {shown}; {open} on the way (the oldest for {oldest} s; {parked} wait for a person); {overtaken} overtaken \
                 by another; over the last minute, a median lag of {median} s, at most {most} s; {bad} ended badly"
            ),
        ];
        lines.extend(told);
        lines.join("\n")
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Bind => "vínculo/bind",
        Kind::Unbind => "desvínculo/unbind",
        Kind::Replace => "troca/replacement",
        Kind::Migrate => "migração/migration",
        Kind::Retirement => "retirada/removal",
    }
}

fn has_ended(status: &str) -> bool {
    matches!(status, "succeeded" | "not_applicable" | "superseded" | "failed" | "cancelled")
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

fn middle_and_most(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times.get(times.len() / 2).copied().unwrap_or_default(), times.last().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(n: u128, port: i64, committed: Instant) -> Change {
        Change { id: Uuid::from_u128(n), kind: Kind::Bind, port, service: 1_000, committed }
    }

    fn outcome(n: u128, status: &str, transmission: &str) -> Outcome {
        let words = |text: &str| Some(text.to_owned());
        Outcome {
            id: Uuid::from_u128(n),
            status: status.to_owned(),
            pt: words("recusado"),
            en: words("refused"),
            transmission: words(transmission),
        }
    }

    #[test]
    fn each_change_counts_once_as_shown_on_the_way_overtaken_or_bad() {
        let (then, mut ledger) = (Instant::now(), Ledger::default());
        for (n, port) in [(1, 10), (2, 11), (3, 12), (4, 13), (5, 10), (6, 14)] {
            ledger.committed(change(n, port, then));
        }
        let now = then + Duration::from_secs(4);
        let outcomes = vec![
            outcome(1, "succeeded", "pending"),
            outcome(2, "succeeded", "sent"),
            outcome(3, "failed", "failed"),
            outcome(4, "parked", "unknown"),
            outcome(5, "running", "pending"),
            outcome(6, "succeeded", "failed"),
        ];
        ledger.settle(6, outcomes, now);
        let counts = (ledger.shown, ledger.overtaken, ledger.bad, ledger.under_way.len(), ledger.parked);
        assert_eq!(counts, (1, 1, 2, 2, 1));
        let report = ledger.report(now);
        assert!(report.contains("a plataforma mostra 1; 2 a caminho (a mais antiga há 4.0 s; 1 esperam"), "{report}");
        assert!(report.contains("a median lag of 4.0 s, at most 4.0 s; 2 ended badly"), "{report}");
        assert!(report.contains("port 12, serviço/service 1000: failed, failed: recusado / refused"), "{report}");
        assert!(!ledger.report(now).contains("port 12"), "told once");
    }

    #[test]
    fn the_lag_is_that_of_the_last_minute_and_the_middle_of_nothing_is_zero() {
        let (then, mut ledger) = (Instant::now(), Ledger::default());
        ledger.committed(change(1, 10, then));
        ledger.settle(1, vec![outcome(1, "succeeded", "sent")], then + Duration::from_secs(9));
        assert!(ledger.report(then + Duration::from_secs(10)).contains("at most 9.0 s"));
        assert!(ledger.report(then + Duration::from_secs(100)).contains("a median lag of 0.0 s, at most 0.0 s"));
    }
}
