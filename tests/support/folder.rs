//! A folder for one test, and the embedded Postgres in it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use enlace::postgres::Options;
use enlace::postgres::postmaster::Postmaster;
use rustix::process::{Pid, Signal, kill_process};

/// A new, empty folder, gone with all its contents when dropped; a Postgres that still runs in it is killed first.
pub struct Folder(PathBuf);

impl Folder {
    /// Below the temporary folder, where every user may come.
    pub fn new() -> Self {
        Self::named("")
    }

    /// One whose path ends with these words.
    pub fn named(words: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("enlace-test-{}-{number}{words}", std::process::id()));
        // A test of this number that was killed may have left it.
        let _not_there = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// An embedded Postgres in it.
    pub fn options(&self) -> Options {
        Options { data_dir: self.0.clone(), ..Options::default() }
    }

    /// Where that Postgres keeps its data; links followed.
    pub fn cluster(&self) -> PathBuf {
        self.0.join("postgres/cluster").canonicalize().unwrap()
    }

    /// The Postgres that runs in it now.
    pub fn postmaster(&self) -> Option<Postmaster> {
        Postmaster::of(&self.cluster())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let cluster = self.0.join("postgres/cluster").canonicalize();
        if let Some(left) = cluster.ok().and_then(|cluster| Postmaster::of(&cluster)) {
            signal(left.pid, Signal::QUIT);
        }
        if let Ok(elsewhere) = std::fs::read_link(self.0.join("postgres")) {
            let _gone = std::fs::remove_dir_all(elsewhere);
        }
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// Sends a signal to one process.
pub fn signal(pid: u32, signal: Signal) {
    let _gone = kill_process(Pid::from_raw(pid as i32).unwrap(), signal);
}
