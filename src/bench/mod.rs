//! `enlace bench`: how fast the engine is on the configured server (speed.md), as a table for people or JSON for programs.
//!
//! Every benchmark makes a database of its own on that server, `enlace_bench`, and drops it again. It runs real workers
//! against it; what it measures is what production runs. Only ratios taken in the same run mean anything elsewhere.

mod console;
mod draining;
mod enqueue;
mod history;
mod idle;
mod isolation;
mod latency;
mod measure;
mod operation;
mod scratch;
mod sync;
mod throughput;
mod viability;
mod waiting;

use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde::Serialize;
use sqlx::postgres::PgConnectOptions;

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
    /// Runs of each measurement; the table shows their median.
    #[arg(long, default_value_t = 3, global = true)]
    repeats: usize,
    /// JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// W1: three-step workflows a second, from the worker's start to the last end.
    Throughput {
        /// Workflows.
        #[arg(long, short, default_value_t = 20_000)]
        n: u32,
    },
    /// W2: from the commit of the enqueueing transaction to the first step's start, and to the end; one at a time.
    Latency {
        /// Workflows.
        #[arg(long, short, default_value_t = 300)]
        n: u32,
    },
    /// W3: three steps of 20 ms of I/O each, 200 workflows in flight.
    Waiting {
        /// Workflows.
        #[arg(long, short, default_value_t = 10_000)]
        n: u32,
    },
    /// A first sync of a simulated city, and a second one with nothing changed.
    Sync {
        /// Boxes; each has eight ports, about.
        #[arg(long, default_value_t = 20_000)]
        boxes: u32,
    },
    /// Viability with many ports in the database: what enlace adds to the platform's own answer.
    Viability {
        /// Questions.
        #[arg(long, short, default_value_t = 1_000)]
        n: u32,
        /// Ports, beside those of the simulated city.
        #[arg(long, default_value_t = 1_000_000)]
        ports: u32,
    },
    /// G14: what a workflow costs with millions of finished ones against none, or while somebody holds a snapshot.
    History(history::Asked),
    /// The console before many watchers: how soon each page is there, and what watching costs the worker.
    Console(console::Asked),
    /// G13: commit to end of one upstream's workflows, beside another one that is dead and has a backlog.
    Isolation(isolation::Asked),
    /// W4: HubSoft's transaction with `enlace.enqueue`, against the same with a plain insert into an equal table.
    Enqueue {
        /// Seconds of each run.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// HubSoft's transaction at a fixed rate, without a worker and beside one that drains.
    Draining {
        /// Transactions a second.
        #[arg(long, default_value_t = 1000)]
        rate: u32,
        /// Seconds of each run.
        #[arg(long, default_value_t = 40)]
        seconds: u64,
    },
    /// What `enlace serve` costs while there is nothing to do: processor, memory, transactions.
    Idle {
        /// Seconds of each run.
        #[arg(long, default_value_t = 20)]
        seconds: u64,
    },
}

impl Bench {
    /// Measures and prints.
    ///
    /// # Errors
    /// When the server refuses a database, or is lost.
    pub async fn run(self, server: PgConnectOptions) -> anyhow::Result<()> {
        let mut rows = Vec::new();
        for _ in 0..self.repeats {
            rows.extend(match self.what {
                What::Throughput { n } => throughput::run(&server, n).await?,
                What::Latency { n } => latency::run(&server, n).await?,
                What::Waiting { n } => waiting::run(&server, n).await?,
                What::Sync { boxes } => sync::run(&server, boxes).await?,
                What::Viability { n, ports } => viability::run(&server, n, ports).await?,
                What::History(ref asked) => history::run(&server, asked).await?,
                What::Console(ref asked) => console::run(&server, asked).await?,
                What::Isolation(asked) => isolation::run(&server, asked).await?,
                What::Enqueue { seconds } => enqueue::run(&server, seconds).await?,
                What::Draining { rate, seconds } => draining::run(&server, rate, seconds).await?,
                What::Idle { seconds } => idle::run(&server, seconds).await?,
            });
        }
        let figures = summed_up(rows);
        if self.json {
            println!("{}", serde_json::to_string_pretty(&figures)?);
        } else {
            println!("{}", table(&figures));
        }
        Ok(())
    }
}

/// One measurement of one run.
#[derive(Clone, Debug, Serialize)]
struct Row {
    what: String,
    unit: &'static str,
    value: f64,
}

impl Row {
    fn new(what: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Self { what: what.into(), unit, value }
    }
}

/// A measurement over all runs.
#[derive(Debug, Serialize)]
struct Figure {
    what: String,
    unit: &'static str,
    median: f64,
    least: f64,
    most: f64,
    runs: usize,
}

fn summed_up(rows: Vec<Row>) -> Vec<Figure> {
    let mut figures: Vec<(String, &'static str, Vec<f64>)> = Vec::new();
    for row in rows {
        match figures.iter_mut().find(|(what, ..)| *what == row.what) {
            Some((.., values)) => values.push(row.value),
            None => figures.push((row.what, row.unit, vec![row.value])),
        }
    }
    figures.into_iter().map(|(what, unit, values)| figure(what, unit, values)).collect()
}

fn figure(what: String, unit: &'static str, mut values: Vec<f64>) -> Figure {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| measure::percentile(&values, share);
    Figure { what, unit, median: at(0.5), least: at(0.0), most: at(1.0), runs: values.len() }
}

fn table(figures: &[Figure]) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_HORIZONTAL_ONLY).set_header(["figure", "median", "least", "most", "unit", "runs"]);
    let number = |value: f64| {
        let digits = if value.abs() >= 100.0 { 0 } else { 2 };
        Cell::new(format!("{value:.digits$}")).set_alignment(CellAlignment::Right)
    };
    for f in figures {
        table.add_row([
            Cell::new(&f.what),
            number(f.median),
            number(f.least),
            number(f.most),
            Cell::new(f.unit),
            Cell::new(f.runs),
        ]);
    }
    table
}
