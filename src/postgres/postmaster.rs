//! A Postgres that may be running in our folder already: left behind by an enlace that was killed, or another one's.

use std::path::{Path, PathBuf};

use super::Error;
use super::error::file;

/// The head of a running Postgres.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postmaster {
    /// Its process.
    pub pid: u32,
    /// The folder of its socket.
    pub socket: PathBuf,
    /// Whether it is on its way out.
    pub stopping: bool,
}

impl Postmaster {
    /// The Postgres that runs in this cluster now, if any. The pid file alone says little: after a crash its number may be
    /// dead, or belong to any other program.
    pub fn of(cluster: &Path) -> Option<Self> {
        let written = std::fs::read_to_string(pid_file(cluster)).ok()?;
        Self::parse(&written).filter(|found| runs_in(found.pid, cluster))
    }

    /// The lines of `postmaster.pid`: pid, data folder, start, port, socket folder, address, shared memory, status. It grows
    /// while Postgres starts, so that only the first line is sure to be there.
    fn parse(written: &str) -> Option<Self> {
        let mut lines = written.lines().map(str::trim);
        let pid = lines.next()?.parse().ok()?;
        let socket = lines.nth(3).unwrap_or_default().into();
        Some(Self { pid, socket, stopping: lines.nth(2) == Some("stopping") })
    }
}

/// Whether the process is a Postgres that was started on this cluster. Asked of its command line, which every user may
/// read, also in a container; a process that ended but was not yet collected has none.
pub fn runs_in(pid: u32, cluster: &Path) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let arguments: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    arguments.windows(2).any(|pair| pair == [b"-D".as_slice(), cluster.as_os_str().as_encoded_bytes()])
}

/// Makes the pid file of a crash harmless where its number now belongs to a stranger, for whose sake Postgres would refuse
/// to start. The file is not removed: it also names the shared memory by which Postgres recognises backends that outlived
/// their head. Instead it is made to name us: a number that is its own parent's tells Postgres that the file is stale.
pub fn disown_pid_file(cluster: &Path) -> Result<(), Error> {
    let path = pid_file(cluster);
    let Ok(written) = std::fs::read_to_string(&path) else { return Ok(()) };
    let rest = written.split_once('\n').map_or("", |(_, rest)| rest);
    std::fs::write(&path, format!("{}\n{rest}", std::process::id())).map_err(file("writing", &path))
}

fn pid_file(cluster: &Path) -> PathBuf {
    cluster.join("postmaster.pid")
}

#[cfg(test)]
mod tests {
    use super::*;

    const READY: &str = "812\n/data/cluster\n1700000000\n5432\n/data/socket\n\n  123   456\nready   \n";

    #[test]
    fn a_pid_file_is_read_also_while_it_is_written() {
        let ready = Postmaster { pid: 812, socket: "/data/socket".into(), stopping: false };
        assert_eq!(Postmaster::parse(READY), Some(ready.clone()));
        assert_eq!(
            Postmaster::parse(&READY.replace("ready", "stopping")),
            Some(Postmaster { stopping: true, ..ready })
        );
        assert_eq!(Postmaster::parse("812\n"), Some(Postmaster { pid: 812, socket: "".into(), stopping: false }));
        assert_eq!(Postmaster::parse(""), None);
    }

    #[test]
    fn this_process_is_no_postgres() {
        assert!(!runs_in(std::process::id(), Path::new("/data/cluster")));
    }
}
