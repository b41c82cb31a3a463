//! The small HubSoft of the demo: an ERP that knows nothing of enlace but its SQL contract. It gives ports to services and takes
//! them away, migrates customers and closes removal orders, each time in one transaction of its own with the call that makes
//! the platform follow, and says once a minute how far the platform is behind.
//!
//! `hubsoft seed --customers N` makes up the customers that the simulators show on their ports (service 1000 + n is
//! person n) and, where N is larger than the city, others who are still without a port.

mod change;
mod ledger;
mod seed;

use clap::{Parser, Subcommand};
use ledger::Ledger;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval_at};

/// How often the work under way is asked after.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// When the first report is due.
const FIRST_REPORT: Duration = Duration::from_secs(10);
/// How often the tables are asked how far they reach: syncs add ports.
const BOUNDS_EVERY: Duration = Duration::from_secs(15);

/// A small HubSoft that binds, unbinds, replaces, migrates and closes removal orders.
#[derive(Parser)]
struct Arguments {
    /// Where HubSoft's database is.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    database_url: Option<String>,
    /// Changes a second.
    #[arg(long, default_value_t = 3.0, value_parser = rate)]
    rate: f64,
    /// What chance comes from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds between two reports; the first comes after ten.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    report_seconds: u64,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Makes one change, and says of it: the workflow's id, the port, the service; nothing where nothing fits.
    Once {
        /// Which.
        #[arg(value_enum)]
        kind: change::Kind,
    },
    /// Makes customers up, one service each, and ends.
    Seed {
        /// How many.
        #[arg(long)]
        customers: u32,
    },
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if rate > 0.0 && rate <= 1_000.0 { Ok(rate) } else { Err("between 0 and 1000".to_owned()) }
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let url = arguments.database_url.as_deref().ok_or("no database: give --database-url or DATABASE_URL")?;
    let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(5)).connect_lazy(url)?;
    match arguments.command {
        Some(Command::Seed { customers }) => {
            seed::seed(&pool, customers).await?;
            println!("hubsoft: {customers} clientes / customers");
            Ok(())
        }
        Some(Command::Once { kind }) => {
            let mut maker = change::Maker::new(seed_of_now());
            maker.look_around(&pool).await?;
            if let Some(change) = maker.make_one(&pool, kind).await? {
                println!("{} {} {}", change.id, change.port, change.service);
            }
            Ok(())
        }
        None => work(&pool, &arguments).await,
    }
}

/// Another one each time.
fn seed_of_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos() % u128::from(u64::MAX)).unwrap_or_default()
}

fn every(first: Duration, period: Duration) -> Interval {
    let mut interval = interval_at((Instant::now() + first).into(), period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Changes, looks and reports until told to stop. A database that is away is waited for; whatever is being done when
/// the signal comes is dropped, and with it its transaction.
async fn work(pool: &PgPool, arguments: &Arguments) -> Result<(), Failure> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut ledger = Ledger::default();
    tokio::select! {
        () = live(pool, arguments, &mut ledger) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    println!("{}", ledger.report(Instant::now()));
    Ok(())
}

async fn live(pool: &PgPool, arguments: &Arguments, ledger: &mut Ledger) {
    let period = Duration::from_secs_f64(1.0 / arguments.rate);
    let mut change_due = every(Duration::ZERO, period);
    let mut look_due = every(LOOK_EVERY, LOOK_EVERY);
    let mut report_due = every(FIRST_REPORT, Duration::from_secs(arguments.report_seconds));
    let mut bounds_due = every(Duration::ZERO, BOUNDS_EVERY);
    let mut maker = change::Maker::new(arguments.seed);
    loop {
        let outcome = tokio::select! {
            _ = bounds_due.tick() => maker.look_around(pool).await,
            _ = look_due.tick() => ledger.look(pool).await,
            _ = report_due.tick() => {
                println!("{}", ledger.report(Instant::now()));
                Ok(())
            }
            _ = change_due.tick() => match maker.make(pool).await {
                Ok(Some(change)) => {
                    ledger.committed(change);
                    Ok(())
                }
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            },
        };
        if let Err(error) = outcome {
            eprintln!("hubsoft: banco de dados / database: {error}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}
