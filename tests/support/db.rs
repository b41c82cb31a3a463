//! A database of its own for every test, copied from one that was migrated once.
//!
//! One Postgres serves all test processes, also when each test is a process: whoever comes first starts it in the target
//! folder, and it is left running for those who follow (`ops/test` stops it; a later run takes it over or starts it again).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use enlace::migrations;
use enlace::postgres::postmaster::Postmaster;
use enlace::postgres::server::attach;
use enlace::postgres::{Options, Server};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, PgPool};
use tokio::sync::OnceCell;

/// What ordinary tests need no disk for; and room for many of them.
const PARAMETERS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    // Nothing here is worth compiling, and each connection that does loads a compiler first.
    ("jit", "off"),
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_connections", "300"),
];

/// A database, dropped with the value.
pub struct Db {
    options: PgConnectOptions,
    pool: PgPool,
}

impl Db {
    /// With all migrations applied.
    pub async fn new() -> Self {
        let shared = shared().await;
        Self::create(&shared.options, Some(&shared.template)).await
    }

    /// With all migrations applied, on a server of the test's own.
    pub async fn on(server: &PgConnectOptions) -> Self {
        let db = Self::create(&server.clone().database("postgres"), None).await;
        let mut connection = db.connection().await;
        migrations::apply(&mut connection, |_| ()).await.unwrap();
        connection.close().await.unwrap();
        db
    }

    /// With nothing in it.
    pub async fn empty() -> Self {
        Self::create(&shared().await.options, None).await
    }

    async fn create(shared: &PgConnectOptions, template: Option<&str>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let template = template.unwrap_or("template0");
        // Copied file by file: this server flushes nothing, and a copy through its log would be written twice.
        run(shared, format!("create database {name} template {template} strategy file_copy")).await;
        let options = shared.clone().database(&name);
        let pool = PgPoolOptions::new().max_connections(10).connect_lazy_with(options.clone());
        Self { options, pool }
    }

    /// For a program that is started on it (`DATABASE_URL`).
    pub fn url(&self) -> String {
        self.options.to_url_lossy().to_string()
    }

    /// How to connect.
    pub fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    /// Up to ten connections.
    pub fn pool(&self) -> PgPool {
        self.pool.clone()
    }

    /// One connection outside of the pool.
    pub async fn connection(&self) -> PgConnection {
        PgConnection::connect_with(&self.options).await.unwrap()
    }
}

impl Drop for Db {
    /// On a thread of its own: this one may be in the midst of a runtime.
    fn drop(&mut self) {
        let options = self.options.clone();
        let statement = format!("drop database if exists {} with (force)", options.get_database().unwrap());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(&options.database("postgres"), statement));
        });
        let _swept_later = dropping.join();
    }
}

/// The server of all tests.
struct Shared {
    options: PgConnectOptions,
    template: String,
}

/// Started, adopted or just found; once a process, one process at a time.
async fn shared() -> &'static Shared {
    static SHARED: OnceCell<Shared> = OnceCell::const_new();
    SHARED
        .get_or_init(|| async {
            let folder = folder();
            std::fs::create_dir_all(&folder).unwrap();
            let turn = File::create(folder.join("turn.lock")).unwrap();
            turn.lock().unwrap();
            let options = serve(folder).await;
            sweep(&options).await;
            let template = template(&options).await;
            Shared { options, template }
        })
        .await
}

/// `target/test-postgres`: a link to a folder in memory where the machine has room for one. A database is six hundred small
/// files, and making those on a disk takes longest in most tests.
fn folder() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = target.with_file_name("test-postgres");
    let digest = Sha256::digest(target.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    if let Some(memory) = in_memory().map(|memory| memory.join(format!("enlace-tests-{name}"))) {
        // What was in memory before the machine started again is gone.
        std::fs::create_dir_all(&memory).unwrap();
        if !folder.exists() {
            let _another_test_was_first = std::os::unix::fs::symlink(&memory, &folder);
        }
    }
    folder
}

/// A folder of the system's that is kept in memory, if there is room for databases of a million rows.
fn in_memory() -> Option<&'static Path> {
    let memory = Path::new("/dev/shm");
    let space = rustix::fs::statvfs(memory).ok()?;
    (space.f_bavail * space.f_frsize > 6 << 30).then_some(memory)
}

/// Nearly always it runs: then nothing is looked for but where.
async fn serve(data_dir: PathBuf) -> PgConnectOptions {
    let cluster = data_dir.join("postgres/cluster").canonicalize();
    if cluster.ok().and_then(|cluster| Postmaster::of(&cluster)).is_some_and(|found| !found.stopping) {
        return attach(&data_dir).await.unwrap().database("postgres");
    }
    let server = Server::start(&Options { data_dir, bin: None, parameters: PARAMETERS.to_vec() }).await.unwrap();
    let options = server.options().database("postgres");
    server.leave_running();
    options
}

/// The database to copy: made aside, so that nobody finds it half migrated, and never connected to again.
async fn template(options: &PgConnectOptions) -> String {
    let name = format!("template_{}", migrations::fingerprint());
    let names = databases(options).await;
    if !names.contains(&name) {
        run(options, "drop database if exists unfinished with (force)".to_owned()).await;
        run(options, "create database unfinished template template0".to_owned()).await;
        let mut connection = PgConnection::connect_with(&options.clone().database("unfinished")).await.unwrap();
        migrations::apply(&mut connection, |_| ()).await.unwrap();
        connection.close().await.unwrap();
        run(options, format!("alter database unfinished rename to {name}")).await;
    }
    name
}

/// Drops what dead test processes left behind.
async fn sweep(options: &PgConnectOptions) {
    let dead = |name: &String| {
        let pid = name.strip_prefix("test_").and_then(|rest| rest.split('_').next());
        pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists())
    };
    for name in databases(options).await.into_iter().filter(dead) {
        run(options, format!("drop database if exists {name} with (force)")).await;
    }
}

async fn databases(options: &PgConnectOptions) -> Vec<String> {
    let mut connection = PgConnection::connect_with(options).await.unwrap();
    sqlx::query_scalar("select datname::text from pg_database").fetch_all(&mut connection).await.unwrap()
}

async fn run(options: &PgConnectOptions, statement: String) {
    let mut connection = PgConnection::connect_with(options).await.unwrap();
    connection.execute(AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}
