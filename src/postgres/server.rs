//! The embedded Postgres as a process: made, started or adopted, and stopped.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::Error;
use super::error::file;
use super::home::{Home, Lock};
use super::installation::Installation;
use super::postmaster::{Postmaster, disown_pid_file, runs_in};

/// Name of the database, and of the user who owns it.
pub const NAME: &str = "enlace";

/// How Postgres is run: durable, reachable by its socket alone. `track_commit_timestamp` lets rows be put in order of commit.
const PARAMETERS: &[(&str, &str)] = &[
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    ("cluster_name", NAME),
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("shared_buffers", "128MB"),
    ("max_connections", "100"),
    ("track_commit_timestamp", "on"),
    ("timezone", "UTC"),
];

/// How long a clean stop may take before connections are cut the hard way, from which the next start recovers.
const STOP: Duration = Duration::from_secs(10);

/// How long another Postgres in our folder may take to go away.
const LEAVING: Duration = Duration::from_secs(30);

/// How often a Postgres that comes or goes is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// What to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Folder below which everything is kept.
    pub data_dir: PathBuf,
    /// Folder of the programs; `None`: searched for.
    pub bin: Option<PathBuf>,
    /// Parameters laid over the usual ones.
    pub parameters: Vec<(&'static str, &'static str)>,
}

/// A running Postgres that this process owns. Dropped without [`Server::stop`], it is told to stop, but not waited for.
#[derive(Debug)]
pub struct Server {
    home: Home,
    socket: PathBuf,
    pid: u32,
    /// `None`: adopted, somebody else's child.
    child: Option<Child>,
    running: bool,
    /// Held until Postgres is gone, so that nobody starts a second one beside it.
    _lock: Lock,
}

impl Server {
    /// Starts Postgres, or adopts the one that a killed enlace left behind; returns when it accepts connections and holds
    /// the database. [`Error::InUse`] where another process owns the folder.
    pub async fn start(options: &Options) -> Result<Self, Error> {
        let lock = Lock::take(&options.data_dir)?;
        let (home, installation) = Home::open(&options.data_dir, options.bin.as_deref())?;
        wait_for_leaver(&home.cluster()).await?;
        let mut server = match Postmaster::of(&home.cluster()) {
            Some(found) => {
                tracing::info!(postgres.pid = found.pid, "taking over the Postgres that a former enlace left running");
                let socket = socket_of(&found, &home)?;
                Self { home, socket, pid: found.pid, child: None, running: true, _lock: lock }
            }
            None => Self::launch(home, &installation, options, lock).await?,
        };
        server.wait_until_accepting().await?;
        make_database(&server.options()).await?;
        Ok(server)
    }

    /// How to connect.
    pub fn options(&self) -> PgConnectOptions {
        options(&self.socket)
    }

    /// The folder of the socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The process of Postgres.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Lets go of the folder, with Postgres left running for whoever comes next.
    pub fn leave_running(mut self) {
        self.running = false;
    }

    /// Stops Postgres and waits until it is gone: 10 s for a clean stop, then at once, which the next start recovers from.
    pub async fn stop(mut self) -> Result<(), Error> {
        self.running = false;
        for (signal, patience) in [(Signal::INT, STOP), (Signal::QUIT, STOP)] {
            send(self.pid, signal);
            if timeout(patience, self.gone()).await.is_ok() {
                return Ok(());
            }
            tracing::warn!(postgres.pid = self.pid, "Postgres does not stop; insisting");
        }
        Err(Error::Stuck {
            pid: self.pid,
            folder: self.home.root.clone(),
            doing: "stopping",
            seconds: 2 * STOP.as_secs(),
        })
    }

    async fn gone(&mut self) {
        match &mut self.child {
            Some(child) => drop(child.wait().await),
            None => while_running(self.pid, &self.home.cluster()).await,
        }
    }

    async fn launch(home: Home, installation: &Installation, options: &Options, lock: Lock) -> Result<Self, Error> {
        if !home.cluster().exists() {
            initialise(&home, installation).await?;
        }
        disown_pid_file(&home.cluster())?;
        let socket = home.socket()?;
        let child = spawn(&home, installation, &socket, &options.parameters)?;
        let pid = child.id().unwrap_or_default();
        Ok(Self { home, socket, pid, child: Some(child), running: true, _lock: lock })
    }

    /// Waits as long as Postgres lives: after an unclean stop it may have much to read again.
    async fn wait_until_accepting(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        let mut told = 0;
        while let Err(why) = connect(&self.options()).await {
            self.still_alive()?;
            let waited = began.elapsed().as_secs();
            if waited >= told + 2 {
                told = waited;
                tracing::info!(waited_seconds = waited, reason = %why, "waiting for Postgres, which may be recovering");
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    fn still_alive(&mut self) -> Result<(), Error> {
        let log = self.home.log();
        let ended = match &mut self.child {
            Some(child) => {
                child.try_wait().map_err(file("waiting for Postgres, with its log in", &log))?.map(|s| s.to_string())
            }
            None => (!runs_in(self.pid, &self.home.cluster())).then(|| "while we waited".to_owned()),
        };
        let Some(status) = ended else { return Ok(()) };
        self.running = false;
        Err(Error::Ended { program: "postgres", status, tail: tail(&log), log })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.running {
            send(self.pid, Signal::INT);
        }
    }
}

/// How to connect to the Postgres that another process runs in this folder.
pub async fn attach(data_dir: &Path) -> Result<PgConnectOptions, Error> {
    let cluster = data_dir.join("postgres/cluster");
    let began = Instant::now();
    loop {
        // The cluster may be about to be made, or the socket about to be opened.
        let found = cluster.canonicalize().ok().and_then(|cluster| Postmaster::of(&cluster));
        if let Some(found) = found.as_ref().filter(|found| !found.socket.as_os_str().is_empty())
            && connect(&options(&found.socket).database(NAME)).await.is_ok()
        {
            return Ok(options(&found.socket));
        }
        if began.elapsed() > LEAVING {
            let (pid, seconds) = (found.map_or(0, |found| found.pid), LEAVING.as_secs());
            return Err(Error::Stuck {
                pid,
                folder: data_dir.to_owned(),
                doing: "starting in another enlace",
                seconds,
            });
        }
        sleep(LOOK).await;
    }
}

fn options(socket: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(socket).port(5432).username(NAME).database(NAME)
}

/// The cluster's own database is there before ours is.
async fn connect(options: &PgConnectOptions) -> sqlx::Result<()> {
    PgConnection::connect_with(&options.clone().database("postgres")).await?.close().await
}

async fn make_database(options: &PgConnectOptions) -> Result<(), Error> {
    let mut connection = PgConnection::connect_with(&options.clone().database("postgres")).await?;
    let exists = sqlx::query_scalar(include_str!("sql/database_exists.sql")).bind(NAME);
    if !exists.fetch_one(&mut connection).await? {
        connection.execute(include_str!("sql/create_database.sql")).await?;
    }
    Ok(connection.close().await?)
}

/// An adopted Postgres that was killed while it wrote its pid file may not name its socket; it is where we would put it.
fn socket_of(found: &Postmaster, home: &Home) -> Result<PathBuf, Error> {
    if found.socket.as_os_str().is_empty() { home.socket() } else { Ok(found.socket.clone()) }
}

async fn wait_for_leaver(cluster: &Path) -> Result<(), Error> {
    let Some(leaving) = Postmaster::of(cluster).filter(|found| found.stopping) else { return Ok(()) };
    tracing::info!(postgres.pid = leaving.pid, "waiting for a former Postgres to stop");
    let (pid, seconds) = (leaving.pid, LEAVING.as_secs());
    let stuck = |_| Error::Stuck { pid, folder: cluster.to_owned(), doing: "stopping", seconds };
    timeout(LEAVING, while_running(leaving.pid, cluster)).await.map_err(stuck)
}

async fn while_running(pid: u32, cluster: &Path) {
    while runs_in(pid, cluster) {
        sleep(LOOK).await;
    }
}

/// Made under another name first: a cluster that initdb was killed over must not look like one.
async fn initialise(home: &Home, installation: &Installation) -> Result<(), Error> {
    let unfinished = home.root.join("cluster.unfinished");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished).map_err(file("removing", &unfinished))?;
    }
    let mut command = home.account.command(&installation.bin.join("initdb"), &home.root);
    command.args(["--encoding=UTF8", "--locale=C", "--auth=trust", "--no-instructions", "--username", NAME, "-D"]);
    command.arg(&unfinished);
    // Dropped with this future when somebody is told to stop meanwhile.
    let mut child = start(beside(command, home)?.kill_on_drop(true))?;
    let status = child.wait().await.map_err(file("waiting for initdb, with its log in", &home.log()))?;
    if !status.success() {
        let log = home.log();
        return Err(Error::Ended { program: "initdb", status: status.to_string(), tail: tail(&log), log });
    }
    std::fs::rename(&unfinished, home.cluster()).map_err(file("renaming", &unfinished))
}

fn spawn(home: &Home, installation: &Installation, socket: &Path, over: &[(&str, &str)]) -> Result<Child, Error> {
    let mut command = home.account.command(&installation.bin.join("postgres"), &home.root);
    command.arg("-D").arg(home.cluster()).arg("-c").arg(format!("unix_socket_directories={}", socket.display()));
    for (name, value) in PARAMETERS.iter().chain(over) {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    start(&mut beside(command, home)?)
}

/// A program that runs beside us: its own process group, so that Ctrl-C at the terminal reaches us alone and the worker can
/// finish before its database goes.
fn beside(mut command: std::process::Command, home: &Home) -> Result<Command, Error> {
    use std::os::unix::process::CommandExt;
    let log = open_log(&home.log()).map_err(file("opening", &home.log()))?;
    let again = log.try_clone().map_err(file("opening", &home.log()))?;
    command.process_group(0).stdin(Stdio::null()).stdout(log).stderr(again);
    Ok(Command::from(command))
}

fn start(command: &mut Command) -> Result<Child, Error> {
    let program = PathBuf::from(command.as_std().get_program());
    command.spawn().map_err(file("starting", &program))
}

/// Begins anew where it has grown long: nobody rotates it.
fn open_log(path: &Path) -> std::io::Result<File> {
    const LONG: u64 = 10 << 20;
    let log = OpenOptions::new().create(true).append(true).open(path)?;
    if log.metadata()?.len() > LONG {
        log.set_len(0)?;
    }
    Ok(log)
}

fn tail(log: &Path) -> String {
    let words = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = words.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(5)).map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let Some(Err(why)) = pid.map(|pid| kill_process(pid, signal)) {
        tracing::debug!(%why, "Postgres was gone before it was told to stop");
    }
}
