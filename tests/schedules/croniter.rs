//! G9: our ticks beside those of an independent implementation, Python's croniter with zoneinfo.
//!
//! Where no change of the clock is near they are the same to the second, a day of the month beside a weekday included: both
//! read "or". By nature croniter differs in three ways, each a class of its own here, where our rule is held to a walk over
//! all minutes: it runs a fixed time in both of the doubled hours, runs a repeating pattern at the end of a skipped hour,
//! and takes the weekdays `0-6` for a star.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use chrono::DateTime;
use engine::schedule::Pattern;
use jiff::{Timestamp, Zoned, tz::TimeZone};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::support::{python, tree};

/// The first two have no change of the clock.
const ZONES: &[&str] = &[
    "UTC",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Pacific/Apia",
];
/// Of any instant.
const ANYWHERE: usize = 10_000;
/// Of an instant in the two days before a change of the clock.
const NEAR_A_CHANGE: usize = 1_600;
const HOUR: i64 = 3600;

/// A field of a pattern: its text, and what it lets through.
struct Field {
    text: String,
    values: Vec<i8>,
}

impl Field {
    /// A field from `low` to `high`: a star, a step, one value, a range or a list. A month may lack the days after the 28th:
    /// they are not drawn by name, so that every pattern has ticks.
    fn draw(dice: &mut StdRng, low: i8, high: i8, forms: &[u8]) -> Self {
        let named = if high == 31 { 28 } else { high };
        let a = dice.random_range(low..=named);
        let b = dice.random_range(low..=named);
        match forms[dice.random_range(0..forms.len())] {
            b'*' => Self { text: "*".into(), values: (low..=high).collect() },
            b'/' => {
                let step = dice.random_range(2..=(high - low) / 2);
                let values = (low..=high).step_by(usize::try_from(step).unwrap()).collect();
                Self { text: format!("*/{step}"), values }
            }
            b'-' if a < b => Self { text: format!("{a}-{b}"), values: (a..=b).collect() },
            b',' if a != b => Self { text: format!("{a},{b}"), values: vec![a, b] },
            _ => Self { text: a.to_string(), values: vec![a] },
        }
    }

    fn is(&self, value: i8) -> bool {
        self.values.contains(&value)
    }

    fn is_one_value(&self) -> bool {
        self.text.parse::<i8>().is_ok()
    }
}

struct Case {
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
    zone: &'static str,
    after: i64,
}

impl Case {
    fn draw(dice: &mut StdRng, near_a_change: bool) -> Self {
        let zone = ZONES[dice.random_range(if near_a_change { 2 } else { 0 }..ZONES.len())];
        let (from, to) = (1_104_537_600, 1_767_225_600); // 2005 to 2026
        let mut after = dice.random_range(from..to);
        if near_a_change {
            let start = Timestamp::from_second(after).unwrap();
            let change = TimeZone::get(zone).unwrap().following(start).next().map(|t| t.timestamp().as_second());
            after = change.filter(|at| *at < to).unwrap_or(after) - dice.random_range(0..48 * HOUR);
        }
        // Changes of the clock are at night: so are half of the hours near one.
        let last_hour = if near_a_change && dice.random() { 3 } else { 23 };
        let hours: &[u8] = if last_hour == 3 { b"111-," } else { b"*/-,1111" };
        Self {
            minute: Field::draw(dice, 0, 59, b"*/-,1111"),
            hour: Field::draw(dice, 0, last_hour, hours),
            day: Field::draw(dice, 1, 31, if near_a_change { b"*" } else { b"******/-,1" }),
            month: Field::draw(dice, 1, 12, if near_a_change { b"*" } else { b"******/-,1" }),
            weekday: Field::draw(dice, 0, 6, if near_a_change { b"***-" } else { b"****-,1" }),
            zone,
            after,
        }
    }

    fn pattern(&self) -> String {
        let fields = [&self.minute, &self.hour, &self.day, &self.month, &self.weekday];
        fields.map(|field| field.text.as_str()).join(" ")
    }

    fn is_fixed(&self) -> bool {
        self.minute.is_one_value() && self.hour.is_one_value()
    }

    fn ours(&self) -> Vec<i64> {
        let pattern = Pattern::new(&self.pattern(), self.zone).unwrap();
        let mut at = DateTime::from_timestamp(self.after, 0).unwrap();
        (0..3)
            .map(|_| {
                at = pattern.next_after(at).unwrap();
                at.timestamp()
            })
            .collect()
    }

    fn local(&self, second: i64, zone: &TimeZone) -> Zoned {
        Timestamp::from_second(second).unwrap().to_zoned(zone.clone())
    }

    fn has_the_day(&self, at: &Zoned) -> bool {
        let (day, weekday) = (self.day.is(at.day()), self.weekday.is(at.weekday().to_sunday_zero_offset()));
        let either = self.day.text != "*" && self.weekday.text != "*";
        self.month.is(at.month()) && if either { day || weekday } else { day && weekday }
    }

    /// Whether the minute that ends the step from `before` to `at` is a tick, by the rule of the module `schedule`.
    fn ticks_at(&self, before: &Zoned, at: &Zoned) -> bool {
        let on_the_wall = self.has_the_day(at) && self.hour.is(at.hour()) && self.minute.is(at.minute());
        if !self.is_fixed() {
            return on_the_wall;
        }
        let wall = at.datetime();
        let first = at.time_zone().to_ambiguous_zoned(wall).earlier().unwrap().timestamp() == at.timestamp();
        let wanted = at.date().at(self.hour.values[0], self.minute.values[0], 0, 0);
        let jumped_over = before.datetime() < wanted && wanted < wall;
        (on_the_wall && first) || (jumped_over && self.has_the_day(at))
    }

    /// The next three ticks by looking at every minute; hours of days that the pattern leaves out are passed at once.
    fn walked(&self) -> Vec<i64> {
        let zone = TimeZone::get(self.zone).unwrap();
        let mut found = Vec::new();
        let mut before = self.local(self.after - self.after.rem_euclid(60), &zone);
        while found.len() < 3 {
            let second = before.timestamp().as_second();
            let hence = self.local(second + HOUR, &zone);
            if !self.has_the_day(&before) && !self.has_the_day(&hence) {
                before = hence;
                continue;
            }
            let at = self.local(second + 60, &zone);
            if self.ticks_at(&before, &at) {
                found.push(second + 60);
            }
            before = at;
        }
        found
    }

    /// All weekdays, written as a range, beside a day of the month.
    fn names_all_weekdays(&self) -> bool {
        self.weekday.text == "0-6" && self.day.text != "*"
    }

    /// Whether this is the second time of a local time that comes twice because the clock goes back by less than an hour.
    fn comes_again_within_the_hour(&self, second: i64, zone: &TimeZone) -> bool {
        let at = self.local(second, zone);
        let first = zone.to_ambiguous_zoned(at.datetime()).earlier().unwrap();
        (1..HOUR).contains(&(second - first.timestamp().as_second()))
    }

    /// What croniter's first tick that is not ours is, if it is one that it has by nature.
    fn difference(&self, ours: &[i64], theirs: &[i64]) -> &'static str {
        let zone = TimeZone::get(self.zone).unwrap();
        let Some((own, extra)) = ours.iter().zip(theirs).find(|(ours, theirs)| ours != theirs) else {
            return "change, as croniter";
        };
        let at = self.local(*extra, &zone);
        let first = zone.to_ambiguous_zoned(at.datetime()).earlier().unwrap();
        let jump = i64::from(at.offset().seconds() - self.local(extra - 1, &zone).offset().seconds());
        if self.is_fixed() && first < at {
            "change, a fixed time twice"
        } else if self.is_fixed() && jump >= 24 * HOUR {
            "change, a fixed time of a day left out"
        } else if !self.is_fixed() && jump > 0 {
            "change, a repeating one after the jump"
        } else if !self.is_fixed() && self.comes_again_within_the_hour(*own, &zone) {
            "change, a repeating one in the doubled half hour"
        } else {
            "unexplained"
        }
    }

    /// Whether the clock changes on the day of one of these instants, or in the hours around it.
    fn meets_a_change(&self, instants: &[i64]) -> bool {
        let zone = TimeZone::get(self.zone).unwrap();
        instants.iter().any(|second| {
            let day = self.local(*second, &zone).start_of_day().unwrap().timestamp().as_second();
            let offsets = [day - HOUR, day + 25 * HOUR].map(|at| self.local(at, &zone).offset());
            offsets[0] != offsets[1]
        })
    }
}

/// The versions and what croniter says to each case.
fn croniter(cases: &[Case]) -> (String, Vec<Vec<i64>>) {
    let mut child = Command::new(python::interpreter())
        .arg(tree::root().join("tests/schedules/ticks.py"))
        .env("PYTHONTZPATH", "")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked: String = cases.iter().map(|c| format!("[\"{}\",\"{}\",{}]\n", c.pattern(), c.zone, c.after)).collect();
    let mut input = child.stdin.take().unwrap();
    let asking = std::thread::spawn(move || input.write_all(asked.as_bytes()));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "tests/schedules/ticks.py fails");
    asking.join().unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (versions, ticks) = said.split_once('\n').unwrap();
    (versions.to_owned(), ticks.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn g9_ticks_are_those_of_an_independent_implementation() {
    let seed: u64 =
        std::env::var("ENLACE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| rand::rng().random());
    println!("ENLACE_TEST_SEED={seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let cases: Vec<Case> =
        (0..ANYWHERE + NEAR_A_CHANGE).map(|place| Case::draw(&mut dice, place >= ANYWHERE)).collect();
    let (versions, theirs) = croniter(&cases);
    println!("{versions}; ours: {:?}", jiff::tz::db());
    assert_eq!(theirs.len(), cases.len());

    let mut classes = BTreeMap::<&str, usize>::new();
    let mut wrong = Vec::new();
    for (case, theirs) in cases.iter().zip(theirs) {
        let ours = case.ours();
        let near = [&[case.after], ours.as_slice(), theirs.as_slice()].concat();
        let (class, expected) = if case.names_all_weekdays() {
            ("all weekdays", case.walked())
        } else if case.meets_a_change(&near) {
            (case.difference(&ours, &theirs), case.walked())
        } else {
            ("exact", theirs.clone())
        };
        if class == "unexplained" {
            let (pattern, zone, after) = (case.pattern(), case.zone, case.after);
            println!("{class}: {pattern} {zone} after {after}: {ours:?}; croniter {theirs:?}");
        }
        *classes.entry(class).or_default() += 1;
        if ours != expected {
            let (pattern, zone, after) = (case.pattern(), case.zone, case.after);
            wrong.push(format!("{class}: {pattern} {zone} after {after}: {ours:?}, not {expected:?}; {theirs:?}"));
        }
    }
    println!("{classes:?}");
    let some = wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} differ:\n{some}", wrong.len());
    let count = |class| classes.get(class).copied().unwrap_or(0);
    assert!(count("exact") > 9_000, "{classes:?}");
    assert!((1..200).contains(&count("change, a fixed time twice")), "{classes:?}");
    assert!((1..200).contains(&count("change, a repeating one after the jump")), "{classes:?}");
    assert!(count("all weekdays") < 50 && count("unexplained") == 0, "{classes:?}");
    for rare in ["change, a fixed time of a day left out", "change, a repeating one in the doubled half hour"] {
        assert!(count(rare) < 20, "{classes:?}");
    }
    assert!((200..2_000).contains(&count("change, as croniter")), "{classes:?}");
}
