//! The real binary as a process of its own, killed when the test ends.

use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::folder::signal;

/// How long a process may take to say or do what is expected of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `enlace`.
pub struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// `enlace` with these arguments and variables and no others, its files in `data_dir`.
    pub fn command(data_dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_enlace"));
        command.args(arguments).env_clear().env("ENLACE_DATA_DIR", data_dir);
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs([("ENLACE_LISTEN", "127.0.0.1:0"), ("ENLACE_OPS_LISTEN", "127.0.0.1:0")]);
        command.envs(super::paths::variables(arguments).iter().copied());
        command.envs(variables.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Starts it; its log goes where the test's goes.
    pub fn start(data_dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Self::command(data_dir, arguments, variables).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Runs it to its end.
    pub async fn output(data_dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        timeout(PATIENCE, Self::command(data_dir, arguments, variables).output()).await.unwrap().unwrap()
    }

    /// The rest of its next line that begins with these words.
    pub async fn says(&mut self, words: &str) -> String {
        let found = timeout(PATIENCE, async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if let Some(rest) = line.strip_prefix(words) {
                    return rest.trim().to_owned();
                }
            }
            panic!("enlace ended without saying {words:?}")
        });
        found.await.unwrap_or_else(|_| panic!("enlace did not say {words:?}"))
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends it a signal: `INT` is Ctrl-C, `KILL` is a crash.
    pub fn signal(&self, what: Signal) {
        signal(self.pid(), what);
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }
}
