//! Where this machine keeps the programs of Postgres.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Error;

/// The oldest version that the schema works on.
const OLDEST: u32 = 15;

/// A folder with `initdb` and `postgres`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The folder.
    pub bin: PathBuf,
    /// Its major version.
    pub major: u32,
}

impl Installation {
    /// The installation to use: the one that was named, else the first that is new enough. A cluster that exists already
    /// (`made_by` its major version) works only with its own version.
    pub fn find(named: Option<&Path>, made_by: Option<u32>, cluster: &Path) -> Result<Self, Error> {
        if let Some(folder) = named {
            let fits = |found: &Self| made_by.is_none_or(|major| major == found.major);
            return Self::in_folder(folder).filter(fits).ok_or_else(|| Error::WrongFolder(folder.to_owned()));
        }
        let mut found = candidates().into_iter().filter_map(|folder| Self::in_folder(&folder));
        match made_by {
            None => found.next().ok_or(Error::NotInstalled),
            Some(major) => found
                .find(|one| one.major == major)
                .ok_or_else(|| Error::OtherVersion { folder: cluster.to_owned(), major }),
        }
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        let major = major_of(&String::from_utf8_lossy(&output.stdout)).filter(|major| *major >= OLDEST)?;
        folder.join("initdb").is_file().then(|| Self { bin: folder.to_owned(), major })
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian …)` is 15.
fn major_of(words: &str) -> Option<u32> {
    let version = words.split_whitespace().nth(2)?;
    version.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

fn candidates() -> Vec<PathBuf> {
    let mut folders = Vec::from_iter(from_pg_config());
    folders.extend(from_distribution());
    folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    folders
}

fn from_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(folder.trim()))
}

/// Debian and Ubuntu keep each version in a folder of its own, outside of PATH. Newest first.
fn from_distribution() -> Vec<PathBuf> {
    let version = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut versions: Vec<PathBuf> = versions.filter(|folder| version(folder).is_some()).collect();
    versions.sort_by_key(version);
    versions.into_iter().rev().map(|folder| folder.join("bin")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major_of("postgres"), None);
    }
}
