//! The embedded Postgres: starts as root and beside another, survives crashes of either side, leaves nothing behind.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use enlace::postgres::account::Account;
use enlace::postgres::{Error, Options, Server};
use rustix::process::{Pid, Signal, getpgid};
use sqlx::{Connection, Executor, PgConnection};

use crate::support::folder::signal;
use crate::support::{Db, Folder, Process};

async fn ask(server: &Server, question: &'static str) -> String {
    let mut connection = PgConnection::connect_with(&server.options()).await.unwrap();
    sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap()
}

/// Postgres and all its children. They lead process groups of their own, so that only their parent tells whose they are.
fn family_of(postgres: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid == postgres || parent_of(*pid) == Some(postgres)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// Of these processes, those that still run. One that has ended but was not collected yet has no command line.
fn running(pids: &[u32]) -> Vec<u32> {
    let runs = |pid: &&u32| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty());
    pids.iter().filter(runs).copied().collect()
}

async fn serve(folder: &Folder) -> Process {
    let mut process = Process::start(folder.path(), &["serve"], &[]);
    process.says("ops http://").await;
    process
}

#[tokio::test]
async fn it_starts_beside_another_and_never_as_root() {
    let _another = Db::new().await;
    let folder = Folder::new();
    let server = Server::start(&folder.options()).await.unwrap();
    let runs_as = std::fs::metadata(format!("/proc/{}", server.pid())).unwrap().uid();
    assert_ne!(runs_as, 0);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn it_is_durable_and_answers_on_its_socket_alone() {
    let folder = Folder::new();
    let server = Server::start(&folder.options()).await.unwrap();
    let cases = [
        ("show fsync", "on"),
        ("show synchronous_commit", "on"),
        ("show track_commit_timestamp", "on"),
        ("show listen_addresses", ""),
        ("show server_encoding", "UTF8"),
        ("show lc_collate", "C"),
    ];
    for (question, answer) in cases {
        assert_eq!(ask(&server, question).await, answer, "{question}");
    }
    assert_eq!(server.socket().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    server.stop().await.unwrap();
}

/// Writes something that must still be there later.
async fn keep(server: &Server) {
    let mut connection = PgConnection::connect_with(&server.options()).await.unwrap();
    connection.execute("create table kept as select 'yes'::text as word").await.unwrap();
}

async fn kept(server: &Server) -> bool {
    ask(server, "select word from kept").await == "yes"
}

#[tokio::test]
async fn it_keeps_its_data_and_leaves_no_process() {
    let folder = Folder::new();
    let server = Server::start(&folder.options()).await.unwrap();
    keep(&server).await;
    let family = family_of(server.pid());
    assert!(running(&family).len() > 1);
    server.stop().await.unwrap();
    assert!(running(&family).is_empty());
    let server = Server::start(&folder.options()).await.unwrap();
    assert!(kept(&server).await);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn it_is_no_member_of_our_process_group_so_that_ctrl_c_reaches_us_first() {
    let folder = Folder::new();
    let server = Server::start(&folder.options()).await.unwrap();
    let group = |pid: u32| getpgid(Pid::from_raw(pid as i32)).unwrap();
    assert_ne!(group(server.pid()), group(std::process::id()));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_enlace_on_the_same_folder_is_refused() {
    let folder = Folder::new();
    let mut first = serve(&folder).await;
    let second = Process::output(folder.path(), &["serve"], &[]).await;
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(said.contains("in use by another enlace") && said.contains(&format!("pid {}", first.pid())), "{said}");
    assert!(said.contains("ENLACE_DATA_DIR"), "{said}");
    first.signal(Signal::INT);
    assert!(first.ended().await.success());
}

#[tokio::test]
async fn a_command_uses_the_database_that_serve_runs_and_leaves_it_running() {
    let folder = Folder::new();
    let mut serving = serve(&folder).await;
    let made = Process::output(folder.path(), &["tokens", "create", "--role", "viewer", "--name", "me"], &[]).await;
    let token = String::from_utf8(made.stdout).unwrap();
    assert!(token.starts_with("enlace_") && token.lines().count() == 1, "{token}");
    assert!(folder.postmaster().is_some());
    serving.signal(Signal::INT);
    assert!(serving.ended().await.success());
    assert!(folder.postmaster().is_none());
}

#[tokio::test]
async fn a_command_alone_starts_and_stops_it() {
    let folder = Folder::new();
    let listed = Process::output(folder.path(), &["tokens", "list"], &[]).await;
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    assert!(folder.postmaster().is_none());
}

#[tokio::test]
async fn the_start_after_a_sigkill_takes_over_the_postgres_that_was_left() {
    let folder = Folder::new();
    let mut crashed = serve(&folder).await;
    let left = folder.postmaster().unwrap().pid;
    crashed.signal(Signal::KILL);
    crashed.ended().await;
    assert_eq!(folder.postmaster().unwrap().pid, left);
    let mut next = serve(&folder).await;
    assert_eq!(folder.postmaster().unwrap().pid, left);
    let family = family_of(left);
    next.signal(Signal::TERM);
    assert!(next.ended().await.success());
    assert!(running(&family).is_empty());
}

#[tokio::test]
async fn a_postgres_that_was_killed_recovers_what_it_committed() {
    let folder = Folder::new();
    let server = Server::start(&folder.options()).await.unwrap();
    keep(&server).await;
    signal(server.pid(), Signal::KILL);
    server.stop().await.unwrap();
    let server = Server::start(&folder.options()).await.unwrap();
    assert!(kept(&server).await);
    server.stop().await.unwrap();
}

/// A pid file as a crash leaves it behind, with the number of this process in it.
async fn crashed_with_pid(folder: &Folder, pid: u32) {
    let server = Server::start(&folder.options()).await.unwrap();
    let path = folder.cluster().join("postmaster.pid");
    let written = std::fs::read_to_string(&path).unwrap();
    let owner = std::fs::metadata(&path).unwrap();
    server.stop().await.unwrap();
    let (_, rest) = written.split_once('\n').unwrap();
    std::fs::write(&path, format!("{pid}\n{rest}")).unwrap();
    std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

#[tokio::test]
async fn a_pid_file_of_the_dead_is_no_hindrance() {
    let folder = Folder::new();
    let mut dead = Command::new("true").spawn().unwrap();
    let pid = dead.id();
    dead.wait().unwrap();
    crashed_with_pid(&folder, pid).await;
    Server::start(&folder.options()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_pid_file_with_the_number_of_a_stranger_is_no_hindrance_and_the_stranger_lives() {
    let folder = Folder::new();
    // Of the same user: Postgres takes any such process for another Postgres.
    Server::start(&folder.options()).await.unwrap().stop().await.unwrap();
    let account = Account::for_folder(&folder.cluster()).unwrap();
    let mut sleep = tokio::process::Command::from(account.command("sleep".as_ref(), "/".as_ref()));
    let mut stranger = sleep.arg("600").stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    crashed_with_pid(&folder, stranger.id().unwrap()).await;
    let server = Server::start(&folder.options()).await.unwrap();
    assert_ne!(Some(server.pid()), stranger.id());
    server.stop().await.unwrap();
    assert!(stranger.try_wait().unwrap().is_none());
}

#[tokio::test]
async fn an_initdb_that_was_killed_is_begun_anew() {
    let folder = Folder::new();
    Server::start(&folder.options()).await.unwrap().stop().await.unwrap();
    let home = folder.cluster().parent().unwrap().to_owned();
    std::fs::rename(home.join("cluster"), home.join("cluster.unfinished")).unwrap();
    Server::start(&folder.options()).await.unwrap().stop().await.unwrap();
    assert!(!home.join("cluster.unfinished").exists());
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_no_hindrance() {
    let folder = Folder::named(&"-deep".repeat(20));
    let server = Server::start(&folder.options()).await.unwrap();
    assert!(!server.socket().starts_with(folder.path()));
    assert_eq!(server.socket().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let socket = server.socket().to_owned();
    server.stop().await.unwrap();
    std::fs::remove_dir_all(socket).unwrap();
}

/// Root's own home is closed to everybody; who is not root runs Postgres as themselves and may come in.
#[tokio::test]
async fn a_folder_that_the_user_of_postgres_cannot_enter_links_to_one_that_he_can() {
    let folder = Folder::new();
    let closed = folder.path().join("home");
    let data = closed.join("data");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    let options = Options { data_dir: data.clone(), ..Options::default() };
    let server = Server::start(&options).await.unwrap();
    keep(&server).await;
    server.stop().await.unwrap();
    let server = Server::start(&options).await.unwrap();
    assert!(kept(&server).await);
    server.stop().await.unwrap();
    let elsewhere = std::fs::read_link(data.join("postgres"));
    assert_eq!(elsewhere.is_ok(), rustix::process::geteuid().is_root());
    if let Ok(elsewhere) = elsewhere {
        std::fs::remove_dir_all(elsewhere).unwrap();
        let said = Server::start(&options).await.unwrap_err();
        assert!(matches!(said, Error::Dangling(link) if link == data.join("postgres")));
    }
}

/// The same where the data folder is named from inside the closed home, as `./data` is: from there it can be entered by
/// whoever was there already.
#[tokio::test]
async fn a_data_folder_named_relatively_below_a_closed_home_serves_too() {
    let folder = Folder::new();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let migrate = Process::command(Path::new("data"), &["migrate", "--check"], &[]).current_dir(folder.path()).output();
    let said = migrate.await.unwrap();
    let error = String::from_utf8_lossy(&said.stderr);
    assert!(!error.contains("ENLACE_DATA_DIR"), "it is told to go elsewhere: {error}");
    if let Ok(elsewhere) = std::fs::read_link(folder.path().join("data/postgres")) {
        std::fs::remove_dir_all(elsewhere).unwrap();
    }
}

#[tokio::test]
async fn a_folder_closed_later_is_refused_with_what_to_do() {
    let folder = Folder::new();
    let data = folder.path().join("data");
    let options = Options { data_dir: data.clone(), ..Options::default() };
    Server::start(&options).await.unwrap().stop().await.unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    match Server::start(&options).await {
        Err(why) => assert!(why.to_string().contains("ENLACE_DATA_DIR"), "{why}"),
        Ok(server) => {
            assert!(!rustix::process::geteuid().is_root());
            server.stop().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_cluster_of_another_version_is_refused_by_name() {
    let folder = Folder::new();
    Server::start(&folder.options()).await.unwrap().stop().await.unwrap();
    std::fs::write(folder.cluster().join("PG_VERSION"), "9\n").unwrap();
    let said = Server::start(&folder.options()).await.unwrap_err().to_string();
    assert!(said.contains("made by Postgres 9") && said.contains("install postgresql-9"), "{said}");
}

#[tokio::test]
async fn what_postgres_said_is_shown_when_it_does_not_start() {
    let folder = Folder::new();
    let options = Options { parameters: vec![("shared_buffers", "much")], ..folder.options() };
    let said = Server::start(&options).await.unwrap_err().to_string();
    assert!(said.contains("invalid value for parameter \"shared_buffers\""), "{said}");
}
