//! What can be wrong with the database, in words that say what to do.

use std::path::PathBuf;

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No programs to start one with.
    #[error(
        "no Postgres 15 or newer was found on this machine. Install one (Debian, Ubuntu: `apt-get install postgresql-15` \
         or a later one), or name its folder of programs in ENLACE_POSTGRES_BIN, or an existing database in DATABASE_URL"
    )]
    NotInstalled,
    /// What the setting names is not what it should be.
    #[error("ENLACE_POSTGRES_BIN names {}, which holds no `postgres` and `initdb` of version 15 or newer", .0.display())]
    WrongFolder(PathBuf),
    /// The cluster on disk is of a version whose programs are missing.
    #[error("the database in {} was made by Postgres {major}, whose programs were not found: install postgresql-{major}", folder.display())]
    OtherVersion {
        /// Where the cluster is.
        folder: PathBuf,
        /// Its major version.
        major: u32,
    },
    /// Another process owns the data folder.
    #[error(
        "the data folder {} is in use by another enlace ({owner}). Stop that one, or name another folder in ENLACE_DATA_DIR; \
         to run several processes on one database, give all of them the same DATABASE_URL", folder.display()
    )]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// Who holds it.
        owner: String,
    },
    /// Postgres refuses root, and the account that it must run as cannot come into the folder.
    #[error(
        "Postgres does not run as root, and the user {account} cannot come into {}. Open the folders above it to that user \
         (chmod o+x), or name another folder in ENLACE_DATA_DIR", folder.display()
    )]
    OutOfReach {
        /// The folder.
        folder: PathBuf,
        /// Who cannot come in.
        account: String,
    },
    /// Root, but nobody else to run Postgres as.
    #[error("Postgres does not run as root, and this machine has neither a user `postgres` nor `nobody` to run it as")]
    NoAccount,
    /// The cluster belongs to somebody else.
    #[error("the folder {} belongs to another user (uid {owner}): run enlace as that user or as root, or name another folder in ENLACE_DATA_DIR", folder.display())]
    NotOurs {
        /// The folder.
        folder: PathBuf,
        /// Its owner's number.
        owner: u32,
    },
    /// The folder that holds the cluster was taken away.
    #[error("{} points to a folder that is gone; remove it to begin with an empty database", .0.display())]
    Dangling(PathBuf),
    /// `initdb` or `postgres` ended by itself.
    #[error("{program} ended ({status}); its last words, from {}:\n{tail}", log.display())]
    Ended {
        /// Which program.
        program: &'static str,
        /// How it ended.
        status: String,
        /// Where all its words are.
        log: PathBuf,
        /// The last of them.
        tail: String,
    },
    /// A former Postgres of ours is stopping, or another process starting one, and does not come to an end.
    #[error("Postgres (pid {pid}) in {} is {doing}, and did not get further within {seconds} s", folder.display())]
    Stuck {
        /// Its process.
        pid: u32,
        /// Where its cluster is.
        folder: PathBuf,
        /// What it was doing.
        doing: &'static str,
        /// For how long it was waited for.
        seconds: u64,
    },
    /// Nobody answers where the URL points, or not as hoped.
    #[error("cannot connect to the database at {url}: {why}{hint}")]
    Unreachable {
        /// Its URL, without the password.
        url: String,
        /// What the driver says.
        why: String,
        /// What to look at.
        hint: &'static str,
    },
    /// A statement at the set-up failed.
    #[error("setting up the embedded database: {0}")]
    Sql(#[from] sqlx::Error),
    /// A file or folder could not be handled.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Turns the system's error into ours, with what was tried.
pub(super) fn file(doing: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { doing, path, source }
}
