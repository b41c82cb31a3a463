//! What chaos strikes: a Postgres of its own behind a proxy, an ISP, and two to five workers.

use std::{
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use enlace::postgres::{Options, Server};
use rand::{Rng, rngs::SmallRng};
use rustix::process::Signal;
use simulators::ozmap;

use super::faults::faketime;
use crate::{
    history::{At, watch::Watch},
    support::{Db, Folder, Process, isp::Isp, paths::ALTERNATIVE, proxy::Proxy},
};

/// How long a worker that says nothing keeps its work.
pub const LEASE: Duration = Duration::from_secs(8);

/// All of it.
pub struct World {
    pub workers: Vec<Process>,
    pub isp: Isp,
    pub watch: Watch,
    pub ports: Vec<i64>,
    pub proxy: Proxy,
    pub server: Option<Server>,
    pub folder: Folder,
    /// Which worker died when.
    pub deaths: Vec<(u32, At)>,
    /// All workers that there ever were.
    hired: Vec<u32>,
    /// When workers could not reach Postgres, from when until when.
    pub away: Vec<(At, At)>,
}

/// Its Postgres, with room for what half-open connections leave behind: it learns of none of them, and five workers have 90.
pub fn postgres(folder: &Folder) -> Options {
    Options { parameters: vec![("max_connections", "400")], ..folder.options() }
}

/// This machine's clock.
pub fn now() -> At {
    At::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

impl World {
    /// Synced, with two workers, and nobody has asked for anything yet.
    pub async fn new() -> Self {
        let folder = Folder::new();
        let server = Server::start(&postgres(&folder)).await.unwrap();
        let proxy = Proxy::before(&server.socket().join(".s.PGSQL.5432")).await;
        let db = Db::on(&server.options().database("postgres")).await;
        let isp = Isp::on(db, ozmap::Options { boxes: 20, ..ozmap::Options::default() }).await;
        let watch = Watch::begin(isp.db.pool(), &isp.ozmap).await;
        std::fs::write(folder.path().join("clock"), "+0").unwrap();
        let mut world = Self {
            workers: Vec::new(),
            ports: Vec::new(),
            watch,
            isp,
            proxy,
            server: Some(server),
            folder,
            deaths: Vec::new(),
            hired: Vec::new(),
            away: Vec::new(),
        };
        world.hire();
        world.hire();
        world.isp.sync().await;
        world.ports = world.isp.ports(30).await.into_iter().map(|(port, _)| port).collect();
        world.watch.ports(&world.ports).await;
        world
    }

    /// One worker more. Its time of day is the file's; every other one claims and wakes up on the alternative paths.
    pub fn hire(&mut self) {
        let database = self.isp.db.options().get_database().unwrap();
        let url = format!("postgres://enlace@127.0.0.1:{}/{database}?sslmode=disable", self.proxy.port());
        let (library, clock) = (faketime(), self.folder.path().join("clock"));
        let lease = LEASE.as_secs().to_string();
        let mut more = vec![
            ("ENLACE_WORKER_LEASE_SECONDS", lease.as_str()),
            ("ENLACE_LOG_FILTER", "error"),
            ("LD_PRELOAD", library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_CACHE_DURATION", "1"),
        ];
        if self.hired.len() % 2 == 1 {
            more.extend(ALTERNATIVE);
        }
        let worker = self.isp.serve_with(&["serve", "--roles", "worker"], &url, &more);
        self.hired.push(worker.pid());
        self.workers.push(worker);
    }

    /// A random worker.
    pub fn any(&self, rng: &mut SmallRng) -> &Process {
        &self.workers[rng.random_range(0..self.workers.len())]
    }

    /// A random worker dies, another is started.
    pub async fn kill(&mut self, rng: &mut SmallRng) {
        let mut worker = self.workers.swap_remove(rng.random_range(0..self.workers.len()));
        self.deaths.push((worker.pid(), now()));
        worker.signal(Signal::KILL);
        worker.ended().await;
        self.hire();
    }

    /// One worker more or less, between two and five.
    pub async fn scale(&mut self, rng: &mut SmallRng) {
        if self.workers.len() <= 2 || self.workers.len() < 5 && rng.random_bool(0.5) {
            return self.hire();
        }
        let mut worker = self.workers.swap_remove(rng.random_range(0..self.workers.len()));
        worker.signal(Signal::TERM);
        worker.ended().await;
    }

    /// What workers believe that the time of day is.
    pub fn set_clock(&self, shift: &str) {
        std::fs::write(self.folder.path().join("clock"), shift).unwrap();
    }
}

/// Whoever is killed leaves behind in memory what the liar about the time of day kept there.
impl Drop for World {
    fn drop(&mut self) {
        for pid in &self.hired {
            for name in [format!("faketime_shm_{pid}"), format!("sem.faketime_sem_{pid}")] {
                let _ended_by_itself = std::fs::remove_file(Path::new("/dev/shm").join(name));
            }
        }
    }
}
