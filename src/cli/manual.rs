//! `enlace completions` and `enlace man`: what a shell and `man` are told of the commands, made from the commands themselves.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use clap_complete::Shell;

use super::show::say;

/// Print what a shell completes commands with: `enlace completions bash > /etc/bash_completion.d/enlace`.
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

/// Write the manual, a page a command, into a folder: `enlace man /usr/local/share/man/man1`.
#[derive(Debug, Args)]
pub struct Man {
    /// The folder; made if it is not there
    folder: PathBuf,
}

impl Completions {
    /// Prints them.
    pub fn run(self, mut command: clap::Command) -> anyhow::Result<ExitCode> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command, "enlace", &mut text);
        std::io::stdout().lock().write_all(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Man {
    /// Writes them.
    pub fn run(self, command: clap::Command) -> anyhow::Result<ExitCode> {
        let folder = self.folder.display().to_string();
        std::fs::create_dir_all(&self.folder).with_context(|| format!("making the folder {folder}"))?;
        clap_mangen::generate_to(command, &self.folder).with_context(|| format!("writing into {folder}"))?;
        say(&format!("{folder}: man -l {folder}/enlace.1"))?;
        Ok(ExitCode::SUCCESS)
    }
}
