//! How commands show things: tables for people, JSON for programs, times as people in Brazil write them.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets::NOTHING};
use engine::clock;
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::Serialize;

use crate::desk::workflows::Explanation;

/// The zone of people at HubSoft and of those whom they serve.
const ZONE: &str = "America/Sao_Paulo";
/// Width of a table where nobody's terminal says otherwise.
const WIDTH: u16 = 100;
/// How often a watched table is drawn anew.
const REDRAW: Duration = Duration::from_secs(2);

/// For whom, and how often.
#[derive(Clone, Copy, Debug, Args)]
pub struct Look {
    /// Print for programs
    #[arg(long)]
    pub json: bool,
    /// Show it anew every two seconds, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
}

/// Whether people are named.
#[derive(Clone, Copy, Debug, Args)]
pub struct InFull {
    /// Show personal data in full; that you looked is written down
    #[arg(long)]
    pub full: bool,
}

/// The language of sentences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Portuguese
    #[default]
    Pt,
    /// English
    En,
}

impl Language {
    /// The sentence in this language.
    pub fn of(self, explanation: &Explanation) -> String {
        plain(if self == Self::Pt { &explanation.pt } else { &explanation.en })
    }
}

impl Look {
    /// Shows what is read, once or again and again.
    pub async fn show<T: Serialize, F>(
        self,
        read: impl Fn() -> F,
        table: impl Fn(&T) -> String,
    ) -> anyhow::Result<ExitCode>
    where
        F: Future<Output = anyhow::Result<T>>,
    {
        loop {
            let found = read().await?;
            let text = if self.json { serde_json::to_string_pretty(&found)? } else { table(&found) };
            if self.watch && !self.json && std::io::stdout().is_terminal() {
                // Clears what was shown before.
                write!(std::io::stdout(), "\x1b[2J\x1b[H")?;
            }
            say(&text)?;
            if !self.watch {
                return Ok(ExitCode::SUCCESS);
            }
            clock::sleep(REDRAW).await;
        }
    }
}

/// Prints one thing that was done: for programs as it is, for people as a sentence.
pub fn done<T: Serialize>(json: bool, thing: &T, sentence: &str) -> anyhow::Result<ExitCode> {
    if json {
        say(&serde_json::to_string_pretty(thing)?)?
    } else {
        say(sentence)?
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a line. Fails where nobody reads any more (`… | head`), which ends a command in peace.
pub fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// A table that fits the terminal; a column of these first ones is never broken.
pub fn table<const N: usize>(header: [&str; N], unbroken: usize) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    if !table.is_tty() {
        table.set_width(WIDTH);
    }
    for column in table.column_iter_mut().take(unbroken) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    // Where there is only one wide column it takes what is left.
    if let Some(last) = table.column_mut(N - 1).filter(|_| unbroken < N) {
        last.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(20)));
    }
    table
}

/// Text without what a terminal would act on: some of it comes from platforms.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// `23/11/2026 04:00:00`, in São Paulo.
pub fn local(at: DateTime<Utc>) -> String {
    let shown = Timestamp::from_microsecond(at.timestamp_micros()).ok().zip(TimeZone::get(ZONE).ok());
    shown.map_or_else(|| at.to_rfc3339(), |(time, zone)| time.to_zoned(zone).strftime("%d/%m/%Y %H:%M:%S").to_string())
}

/// The same, or a dash.
pub fn local_or_dash(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "–".to_owned(), local)
}

/// A time as a person types it: `24/11/2026 06:00`, in São Paulo, or RFC 3339; as RFC 3339.
pub fn typed_time(text: &str) -> Result<String, String> {
    if DateTime::parse_from_rfc3339(text).is_ok() {
        return Ok(text.to_owned());
    }
    let wrong = || format!("{text:?} is no time; write 24/11/2026 06:00, or 2026-11-24T06:00:00-03:00");
    let time = civil::DateTime::strptime("%d/%m/%Y %H:%M", text)
        .or_else(|_| civil::Date::strptime("%d/%m/%Y", text).map(|day| day.at(0, 0, 0, 0)))
        .map_err(|_| wrong())?;
    let zone = TimeZone::get(ZONE).map_err(|_| anyhow!("no zone data").to_string())?;
    Ok(time.to_zoned(zone).map_err(|_| wrong())?.timestamp().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_sao_paulos_as_people_there_write_them() {
        let at: DateTime<Utc> = "2026-11-23T07:00:00Z".parse().unwrap();
        assert_eq!(local(at), "23/11/2026 04:00:00");
        assert_eq!(typed_time("23/11/2026 04:00").unwrap(), "2026-11-23T07:00:00Z");
        assert_eq!(typed_time("23/11/2026").unwrap(), "2026-11-23T03:00:00Z");
        assert_eq!(typed_time("2026-11-23T04:00:00-03:00").unwrap(), "2026-11-23T04:00:00-03:00");
        assert!(typed_time("11/23/2026").is_err() && typed_time("amanhã").is_err());
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_would_act_on() {
        assert_eq!(plain("recusado \u{1b}[2Jpor\u{7}"), "recusado [2Jpor");
    }
}
