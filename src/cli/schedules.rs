//! `enlace schedules`: what starts by the clock.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::desk::{Desk, at_desk};
use super::show::{Look, done, local_or_dash, plain, table};
use crate::desk::Items;
use crate::desk::schedules::{self, Change, Overlap, Schedule};
use crate::settings::Settings;

/// The commands of `enlace schedules`.
#[derive(Debug, Subcommand)]
pub enum Schedules {
    /// List them: what, when, and when next
    List(Look),
    /// Stop one until it is resumed
    Pause {
        #[command(flatten)]
        one: One,
        /// Why: whoever looks at it reads this
        #[arg(long, visible_alias = "reason")]
        note: String,
    },
    /// Let one go on; what it missed is not made up
    Resume(One),
    /// Change when it starts, its note, or what becomes of ticks that it missed
    Edit(Editing),
    /// Start its workflow now
    Run(One),
}

/// What is to change about one.
#[derive(Debug, Args)]
pub struct Editing {
    #[command(flatten)]
    one: One,
    /// When: a cron pattern, \"0 4 * * *\"; weekday 1 is Monday
    #[arg(long)]
    pattern: Option<String>,
    /// In which zone: America/Sao_Paulo
    #[arg(long)]
    zone: Option<String>,
    /// What people should know; an empty one takes it away
    #[arg(long)]
    note: Option<String>,
    /// What becomes of a tick while the last one's workflow goes on: it is skipped, or starts all the same
    #[arg(long, value_parser = overlap)]
    overlap: Option<Overlap>,
    /// How late a missed tick is still made up
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    catch_up: Option<i32>,
}

/// One schedule.
#[derive(Debug, Args)]
pub struct One {
    /// Its number
    id: i64,
    /// Print for programs
    #[arg(long)]
    json: bool,
}

fn overlap(text: &str) -> Result<Overlap, String> {
    text.parse().map_err(|_| "there are skip and start".to_owned())
}

impl Schedules {
    /// Does what was asked.
    pub async fn run(self, settings: Settings) -> anyhow::Result<ExitCode> {
        at_desk(settings, async |desk| self.on(&desk).await).await
    }

    async fn on(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let (pool, caller) = (&desk.pool, &desk.caller);
        let (one, active, note) = match self {
            Self::List(look) => {
                return look.show(async || Ok(schedules::list(pool, None, Some("500")).await?), listed).await;
            }
            Self::Run(One { id, json }) => {
                let started = schedules::run(pool, caller, id).await?;
                return done(json, &started, &format!("{} is {}", started.id, started.status));
            }
            Self::Edit(editing) => return editing.run(desk).await,
            Self::Pause { one, note } => (one, false, note),
            Self::Resume(one) => (one, true, String::new()),
        };
        let change = Change { active: Some(active), note: Some(note), ..Change::default() };
        let now = schedules::change(pool, caller, one.id, change).await?;
        let says =
            if active { format!("goes on; next: {}", local_or_dash(now.next_at)) } else { "is paused".to_owned() };
        done(one.json, &now, &format!("schedule {} {says}", now.id))
    }
}

impl Editing {
    async fn run(self, desk: &Desk) -> anyhow::Result<ExitCode> {
        let Self { one, pattern, zone, note, overlap, catch_up } = self;
        let change = Change { pattern, zone, note, overlap, catch_up_seconds: catch_up, active: None };
        let now = schedules::change(&desk.pool, &desk.caller, one.id, change).await?;
        let says = if now.active { format!("next: {}", local_or_dash(now.next_at)) } else { "paused".to_owned() };
        done(one.json, &now, &format!("schedule {} is changed; {says}", now.id))
    }
}

fn listed(page: &Items<Schedule>) -> String {
    let mut rows = table(["ID", "NEXT", "LAST", "PATTERN", "WHAT"], 3);
    for one in &page.items {
        let next = if one.active { local_or_dash(one.next_at) } else { "paused".to_owned() };
        let overlaps = (one.overlap == Overlap::Start).then(|| "\nalso while the last one goes on".to_owned());
        let note = one.note.iter().map(|note| format!("\n{}", plain(note)));
        let what: String =
            std::iter::once(format!("{} {}", one.kind, one.payload)).chain(overlaps).chain(note).collect();
        let pattern = format!("{}\n{}", one.pattern, one.zone);
        rows.add_row([one.id.to_string(), next, local_or_dash(one.last_at), pattern, what]);
    }
    rows.to_string()
}
