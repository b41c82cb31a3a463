//! Schedules: what starts by the clock (G9).
//!
//! A tick is a row whose primary key is (schedule, time): whoever inserts it starts the workflow, in the same transaction,
//! so that it starts once however many schedulers run. The rules for all other cases:
//!
//! - **Doubled and skipped local times.** A fixed time, which is one minute of one hour, runs once a day whatever summer time does:
//!   where the clock jumps over it, at the first moment after the jump; where it comes twice, the first time. Every other
//!   pattern (a star, step, range or list as its minute or hour: `0 0,12 * * *` too) follows the clock: it runs in both of the
//!   doubled hours, and not in the skipped one. A whole day that the calendar leaves out (Apia, 30 December 2011) has no ticks.
//! - **A day of the month beside a weekday** is either of the two, also where one of them is written as all of its values (`0-6`).
//! - **Missed**, because nothing ran: the last tick is made up if it is not too late (`catch_up_seconds`), the others are recorded
//!   as *skipped*.
//! - **Paused**: ticks that fell into the pause are not made up; the next one is computed from the moment of resuming.
//! - **Overlapping**: a sync that is under way is *joined* (rule S1). Of other kinds, a tick whose predecessor's workflow has not
//!   ended is recorded as *overlapped* and starts nothing, unless the schedule's `overlap` is `start`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use croner::Cron;
use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};
use serde_json::Value;
use sqlx::{Connection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Error, clock,
    db::{ANSWER, Why, transaction, why, within},
};

/// Missed ticks that are recorded one by one, at most; the rest of a long absence is not.
const MOST_MISSED: usize = 50;
/// Changes of the clock behind which the next tick is looked for, where a search gave up: there are at most a few a year.
const CHANGES: usize = 4;
/// A day in seconds.
const DAY: i32 = 24 * 60 * 60;
/// How often a scheduler looks, at the least: so soon a change made elsewhere counts.
const LOOK: Duration = Duration::from_secs(10);
/// How long one that was refused is left alone.
const REFUSED: Duration = Duration::from_secs(1);

/// A pattern in a zone, checked.
#[derive(Clone, Debug)]
pub struct Pattern {
    cron: Cron,
    zone: TimeZone,
}

impl Pattern {
    /// Checks a cron pattern (five fields, or six with seconds; weekday 1 is Monday) and an IANA zone.
    ///
    /// # Errors
    /// [`Error::Schedule`], naming `pattern` or `zone`.
    pub fn new(pattern: &str, zone: &str) -> Result<Self, Error> {
        let wrong = |field, message: String| Error::Schedule { field, message };
        let cron: Cron =
            pattern.parse().map_err(|e| wrong("pattern", format!("\"{pattern}\" is not a cron pattern: {e}")))?;
        let zone = TimeZone::get(zone).map_err(|_| wrong("zone", format!("\"{zone}\" is not an IANA time zone")))?;
        Ok(Self { cron, zone })
    }

    /// The first tick after a time; `None` where there is none.
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let after = Timestamp::from_microsecond(after.timestamp_micros()).ok()?;
        let mut next = self.search(after)?;
        if self.makes_up_for_a_day(&next) {
            next = self.search(next.timestamp())?;
        }
        DateTime::from_timestamp(next.timestamp().as_second(), 0)
    }

    fn search(&self, after: Timestamp) -> Option<Zoned> {
        let find = |from: Timestamp, inclusive| {
            self.cron.find_next_occurrence(&from.to_zoned(self.zone.clone()), inclusive).ok()
        };
        // The search gives up where the calendar lacks a whole day: it goes on at the moment after that, which is one of the
        // next at which the clock changes.
        let changes = self.zone.following(after).take(CHANGES);
        find(after, false).or_else(|| changes.map(|change| change.timestamp()).find_map(|at| find(at, true)))
    }

    /// Whether a tick stands only for one of a day that the calendar left out: croner gives some of those, not all.
    fn makes_up_for_a_day(&self, tick: &Zoned) -> bool {
        let before = (tick.timestamp() - SignedDuration::from_secs(1)).to_zoned(self.zone.clone());
        let jump = tick.offset().seconds() - before.offset().seconds();
        jump >= DAY && !self.cron.is_time_matching(tick).unwrap_or(true)
    }
}

#[derive(Clone, sqlx::FromRow)]
struct Due {
    id: i64,
    kind: String,
    payload: Value,
    pattern: String,
    zone: String,
    catch_up_seconds: i32,
    overlap: String,
    next_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
}

/// What a look at the schedules did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Workflows started.
    pub started: Vec<Uuid>,
    /// Workflows joined: they were under way.
    pub joined: Vec<Uuid>,
    /// Ticks that were missed for good.
    pub skipped: usize,
    /// Ticks left out because the last one's workflow had not ended.
    pub overlapped: usize,
}

impl Ticked {
    fn add(&mut self, more: Self) {
        self.started.extend(more.started);
        self.joined.extend(more.joined);
        self.skipped += more.skipped;
        self.overlapped += more.overlapped;
    }
}

/// Starts what is due. Safe to call from any number of processes at once.
///
/// # Errors
/// When Postgres cannot be reached.
pub async fn tick(pool: &PgPool) -> Result<Ticked, Error> {
    transaction(pool, |tx| {
        Box::pin(async move {
            let due: Vec<Due> = sqlx::query_as(include_str!("sql/schedule_due.sql")).fetch_all(&mut *tx).await?;
            let mut ticked = Ticked::default();
            for schedule in due {
                let id = schedule.id;
                // Apart from the others: one that cannot be started holds up itself alone (G13), and is tried again at each look.
                let (mut apart, mut this) = (tx.begin().await?, Ticked::default());
                match start(&mut apart, schedule, &mut this).await {
                    Ok(()) => {
                        apart.commit().await?;
                        ticked.add(this);
                    }
                    Err(Error::Database(error)) if matches!(why(&error), Why::Other | Why::Duplicate) => {
                        apart.rollback().await?;
                        tracing::error!(schedule.id = id, %error, "a schedule's workflow could not be started");
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(ticked)
        })
    })
    .await
}

async fn start(conn: &mut sqlx::PgConnection, due: Due, ticked: &mut Ticked) -> Result<(), Error> {
    let pattern = match Pattern::new(&due.pattern, &due.zone) {
        Ok(pattern) => pattern,
        Err(error) => {
            tracing::error!(schedule.id = due.id, %error, "a schedule cannot be read; it is switched off");
            sqlx::query(include_str!("sql/schedule_off.sql"))
                .bind(due.id)
                .bind(error.to_string())
                .execute(conn)
                .await?;
            return Ok(());
        }
    };
    let missed = ticks(&pattern, &due);
    let next = pattern.next_after(due.now);
    for (place, at) in missed.iter().enumerate() {
        let late = (due.now - *at).num_seconds();
        let last = place + 1 == missed.len();
        let (outcome, run) = if last && late <= i64::from(due.catch_up_seconds) {
            begin(conn, &due, ticked).await?
        } else {
            ticked.skipped += 1;
            ("skipped", None)
        };
        sqlx::query(include_str!("sql/schedule_tick.sql"))
            .bind(due.id)
            .bind(at)
            .bind(outcome)
            .bind(run)
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query(include_str!("sql/schedule_next.sql"))
        .bind(due.id)
        .bind(missed.last())
        .bind(next)
        .execute(conn)
        .await?;
    Ok(())
}

/// What comes of a tick that is to start a workflow, and the workflow.
async fn begin(
    conn: &mut sqlx::PgConnection,
    due: &Due,
    ticked: &mut Ticked,
) -> Result<(&'static str, Option<Uuid>), Error> {
    let goes_on = sqlx::query_scalar(include_str!("sql/schedule_goes_on.sql")).bind(due.id).bind(&due.kind);
    if due.overlap == "skip" && goes_on.fetch_one(&mut *conn).await? {
        ticked.overlapped += 1;
        return Ok(("overlapped", None));
    }
    let id: Uuid = sqlx::query_scalar(include_str!("sql/schedule_start.sql"))
        .bind(&due.kind)
        .bind(&due.payload)
        .bind(format!("schedule {}", due.id))
        .fetch_one(&mut *conn)
        .await?;
    if sqlx::query_scalar(include_str!("sql/schedule_joined.sql")).bind(id).fetch_one(conn).await? {
        ticked.joined.push(id);
        return Ok(("joined", Some(id)));
    }
    ticked.started.push(id);
    Ok(("started", Some(id)))
}

/// The ticks of a schedule from the one that was due until now; of a long absence, the last ones.
fn ticks(pattern: &Pattern, due: &Due) -> Vec<DateTime<Utc>> {
    let mut all = std::collections::VecDeque::new();
    let mut at = due.next_at;
    while let Some(tick) = at.filter(|t| *t <= due.now) {
        all.push_back(tick);
        if all.len() > MOST_MISSED {
            all.pop_front();
        }
        at = pattern.next_after(tick);
    }
    all.into()
}

/// Looks at the schedules until `stop`, at each tick and every ten seconds.
pub async fn keep(pool: PgPool, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let ticked = tokio::select! {
            ticked = tick(&pool) => ticked,
            () = stop.cancelled() => return,
        };
        if let Err(error) = ticked {
            tracing::warn!(%error, "the schedules could not be looked at");
        }
        tokio::select! {
            () = clock::sleep(rest(until_next(&pool).await)) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// How long to rest, with so long until the next tick. What is due still was refused, and would be again at once.
fn rest(until: Option<Duration>) -> Duration {
    until.map_or(LOOK, |until| if until.is_zero() { REFUSED } else { until.min(LOOK) })
}

async fn until_next(pool: &PgPool) -> Option<Duration> {
    let asked = sqlx::query_as(include_str!("sql/schedule_until.sql")).fetch_one(pool);
    let row: Result<(Option<f64>,), _> = within(ANSWER, asked).await;
    row.ok()?.0.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 3600.0)))
}

/// Adds a schedule, or leaves the one of the same kind and payload as it is; returns its id.
///
/// # Errors
/// [`Error::Schedule`] for a bad pattern or zone, or when Postgres refuses.
pub async fn add(
    conn: &mut sqlx::PgConnection,
    kind: &str,
    payload: &Value,
    pattern: &str,
    zone: &str,
) -> Result<i64, Error> {
    let checked = Pattern::new(pattern, zone)?;
    let (now,): (DateTime<Utc>,) = sqlx::query_as(include_str!("sql/now.sql")).fetch_one(&mut *conn).await?;
    let (id,) = sqlx::query_as(include_str!("sql/schedule_add.sql"))
        .bind(kind)
        .bind(payload)
        .bind(pattern)
        .bind(zone)
        .bind(checked.next_after(now))
        .fetch_one(conn)
        .await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g13_a_schedule_that_is_refused_is_not_asked_for_without_a_rest() {
        let rests = [Some(0), Some(200), Some(3_600_000), None].map(|until| rest(until.map(Duration::from_millis)));
        assert_eq!(rests, [REFUSED, Duration::from_millis(200), LOOK, LOOK]);
    }

    fn ticks_in(zone: &str, pattern: &str, after: &str, count: usize) -> Vec<String> {
        let pattern = Pattern::new(pattern, zone).unwrap();
        let mut at: DateTime<Utc> = after.parse().unwrap();
        (0..count)
            .map(|_| {
                at = pattern.next_after(at).unwrap();
                at.format("%m-%dT%H:%M").to_string()
            })
            .collect()
    }

    fn after(pattern: &str, times: &[&str]) -> Vec<String> {
        let pattern = Pattern::new(pattern, "America/Sao_Paulo").unwrap();
        let mut at: DateTime<Utc> = times[0].parse().unwrap();
        (1..times.len())
            .map(|_| {
                at = pattern.next_after(at).unwrap();
                at.to_rfc3339()
            })
            .collect()
    }

    #[test]
    fn g9_a_fixed_time_runs_once_a_day_across_both_changes_of_the_clock() {
        // 2018-11-04 00:00 did not exist in São Paulo; 2019-02-16 23:00 came twice.
        let spring = ["2018-11-03T12:00:00Z", "2018-11-04T03:00:00+00:00", "2018-11-05T02:30:00+00:00"];
        assert_eq!(after("30 0 * * *", &spring), spring[1..]);
        let autumn = ["2019-02-16T12:00:00Z", "2019-02-17T01:30:00+00:00", "2019-02-18T02:30:00+00:00"];
        assert_eq!(after("30 23 * * *", &autumn), autumn[1..]);
    }

    #[test]
    fn g9_a_repeating_pattern_follows_the_clock_on_the_wall() {
        // São Paulo: 23:00 to 24:00 came twice on 16 February 2019, an hour of offset -2 and one of -3.
        let doubled = ["02-17T01:00", "02-17T01:30", "02-17T02:00", "02-17T02:30", "02-17T03:00"];
        assert_eq!(ticks_in("America/Sao_Paulo", "*/30 * * * *", "2019-02-17T00:45:00Z", 5), doubled);
        // Nothing came between 23:59 and 01:00 on 4 November 2018, which is the same hour in UTC.
        let skipped = ["11-04T02:30", "11-04T03:00", "11-04T03:30"];
        assert_eq!(ticks_in("America/Sao_Paulo", "*/30 * * * *", "2018-11-04T02:15:00Z", 3), skipped);
    }

    #[test]
    fn g9_a_fixed_time_runs_once_in_zones_that_still_change() {
        for (zone, pattern, after, ticks) in [
            // Santiago: 24:00 on 6 April 2024 became 23:00; 24:00 on 7 September became 01:00.
            ("America/Santiago", "30 23 * * *", "2024-04-06T12:00:00Z", ["04-07T02:30", "04-08T03:30"]),
            ("America/Santiago", "30 0 * * *", "2024-09-07T12:00:00Z", ["09-08T04:00", "09-09T03:30"]),
            // London: 01:00 on 31 March 2024 became 02:00; 02:00 on 27 October became 01:00.
            ("Europe/London", "30 1 * * *", "2024-03-30T12:00:00Z", ["03-31T01:00", "04-01T00:30"]),
            ("Europe/London", "30 1 * * *", "2024-10-26T12:00:00Z", ["10-27T00:30", "10-28T01:30"]),
            // Lord Howe changes by half an hour: 02:00 on 7 April 2024 became 01:30; 02:00 on 6 October became 02:30.
            ("Australia/Lord_Howe", "45 1 * * *", "2024-04-06T12:00:00Z", ["04-06T14:45", "04-07T15:15"]),
            ("Australia/Lord_Howe", "15 2 * * *", "2024-10-05T12:00:00Z", ["10-05T15:30", "10-06T15:15"]),
        ] {
            assert_eq!(ticks_in(zone, pattern, after, 2), ticks, "{zone} {pattern}");
        }
    }

    #[test]
    fn g9_a_schedule_goes_on_behind_a_day_that_the_calendar_leaves_out() {
        // Apia went from 29 to 31 December 2011: 24:00 on the 29th, UTC 10:00 on the 30th, was 00:00 on the 31st.
        let ticks = ticks_in("Pacific/Apia", "0 12 * * *", "2011-12-29T12:00:00Z", 3);
        assert_eq!(ticks, ["12-29T22:00", "12-30T22:00", "12-31T22:00"]);
        let ticks = ticks_in("Pacific/Apia", "49 22 * * *", "2011-12-29T12:00:00Z", 3);
        assert_eq!(ticks, ["12-30T08:49", "12-31T08:49", "01-01T08:49"]);
    }

    #[test]
    fn s1_four_in_the_morning_in_sao_paulo_is_seven_in_utc() {
        let days = ["2026-11-23T10:00:00Z", "2026-11-24T07:00:00+00:00", "2026-11-25T07:00:00+00:00"];
        assert_eq!(after("0 4 * * *", &days), days[1..]);
    }

    #[test]
    fn g9_a_bad_pattern_or_zone_is_named() {
        let says = |p, z| Pattern::new(p, z).unwrap_err().to_string();
        assert!(says("61 4 * * *", "America/Sao_Paulo").starts_with("pattern:"));
        assert!(says("0 4 * * *", "America/Sampa").starts_with("zone:"));
    }
}
