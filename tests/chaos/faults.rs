//! What goes wrong, and for how long.

use std::{path::PathBuf, time::Duration};

use enlace::postgres::Server;
use rand::{Rng, rngs::SmallRng};
use rustix::process::Signal;
use simulators::faults::{Effect, Fault};
use tokio::time::sleep;

use super::world::{LEASE, World, now, postgres};
use crate::support::folder::signal;

/// A sort of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter)]
pub enum Sort {
    /// SIGKILL; another worker is started.
    Kill,
    /// SIGSTOP for longer than a lease, then SIGCONT.
    Stop,
    /// Postgres is stopped in good order, its clients cut off, and started again.
    PostgresRestarts,
    /// Postgres is stopped as by a power cut, and recovers.
    PostgresCrashes,
    /// All connections to Postgres are reset.
    Cut,
    /// Nothing passes between the workers and Postgres, for longer than a lease.
    Stall,
    /// Connections to Postgres are half open: neither end learns that the other is gone.
    HalfOpen,
    /// Each answer of Postgres is late.
    Slow,
    /// The line to Postgres is thin.
    Thin,
    /// A worker's clock jumps an hour.
    Clock,
    /// A worker more, or one less, in good order.
    Scale,
    /// The platform resets, delays, fails and throttles.
    Platform,
}

/// Does it, and undoes it.
pub async fn strike(sort: Sort, world: &mut World, rng: &mut SmallRng) {
    let between = |rng: &mut SmallRng, from, to| Duration::from_millis(rng.random_range(from..to));
    let began = now();
    match sort {
        Sort::Kill => world.kill(rng).await,
        Sort::Stop => {
            let pid = world.any(rng).pid();
            signal(pid, Signal::STOP);
            sleep(LEASE + between(rng, 1500, 4000)).await;
            signal(pid, Signal::CONT);
        }
        Sort::PostgresRestarts => restart(world, Signal::INT, between(rng, 200, 3000)).await,
        Sort::PostgresCrashes => restart(world, Signal::QUIT, between(rng, 0, 1000)).await,
        Sort::Cut => world.proxy.cut(),
        Sort::Stall => {
            world.proxy.set(|weather| weather.stalled = true);
            sleep(LEASE + between(rng, 500, 3000)).await;
            world.proxy.set(|weather| weather.stalled = false);
        }
        Sort::HalfOpen => {
            world.proxy.half_open();
            sleep(between(rng, 1000, 3000)).await;
        }
        Sort::Slow => {
            let delay = between(rng, 20, 80);
            world.proxy.set(|weather| weather.delay = delay);
            sleep(between(rng, 2000, 5000)).await;
            world.proxy.set(|weather| weather.delay = Duration::ZERO);
        }
        Sort::Thin => {
            world.proxy.set(|weather| weather.bandwidth = Some(50_000));
            sleep(between(rng, 2000, 5000)).await;
            world.proxy.set(|weather| weather.bandwidth = None);
        }
        Sort::Clock => {
            world.set_clock(if rng.random_bool(0.5) { "+3600" } else { "-3600" });
            sleep(between(rng, 1500, 4000)).await;
            world.set_clock("+0");
        }
        Sort::Scale => world.scale(rng).await,
        Sort::Platform => {
            world.isp.ozmap.set_faults(platform());
            sleep(between(rng, 3000, 6000)).await;
            world.isp.ozmap.set_faults(Vec::new());
        }
    }
    if matches!(sort, Sort::PostgresRestarts | Sort::PostgresCrashes | Sort::Stall) {
        world.away.push((began, now()));
    }
}

/// Writes lose their answers; looks are refused, late, and told to wait, with and without a time.
fn platform() -> Vec<Fault> {
    let status = |status, retry_after_seconds| Effect::Status { status, body: None, retry_after_seconds };
    let mut faults: Vec<Fault> = ["POST", "PATCH", "DELETE"]
        .into_iter()
        .flat_map(|method| {
            let fault = |effect, share| Fault::always(effect).method(method).probability(share);
            [fault(Effect::ResetAfter, 0.2), fault(Effect::ResetBefore, 0.1), fault(status(500, None), 0.1)]
        })
        .collect();
    faults.extend([
        Fault::always(Effect::Delay(400)).probability(0.2),
        Fault::always(status(503, None)).probability(0.01).times(1),
        Fault::always(status(429, None)).probability(0.01).times(1),
        Fault::always(Effect::Throttled(1)).probability(0.02).times(2),
    ]);
    faults
}

async fn restart(world: &mut World, how: Signal, away: Duration) {
    let server = world.server.take().unwrap();
    signal(server.pid(), how);
    server.stop().await.unwrap();
    sleep(away).await;
    world.server = Some(Server::start(&postgres(&world.folder)).await.unwrap());
}

/// The library that lies about the time of day.
pub fn faketime() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok);
    found
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .unwrap_or_else(|| panic!("the package libfaketime is missing: ops/test gets it"))
}
