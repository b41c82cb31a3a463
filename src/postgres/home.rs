//! The folders of the embedded Postgres, below the data folder:
//!
//! ```text
//! enlace.lock        held by the enlace that owns what is here
//! postgres/          mode 0700, owned by the user that runs Postgres; or a link, see below
//!   cluster/         what initdb made
//!   socket/          the only way to connect
//!   postgres.log
//! ```
//!
//! Root may keep its checkout where no other user can come (below a home of mode 0700). `postgres` is then a link to a new
//! folder below `/var/lib/enlace`. Only the link knows it: without the link a new, empty database begins.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Error;
use super::account::Account;
use super::error::file;
use super::installation::Installation;

/// Where root's Postgres lives when its user cannot come into the data folder.
const STATE: &str = "/var/lib/enlace";

/// The longest path that a Unix socket can have.
const LONGEST_SOCKET: usize = 107;

/// What Postgres calls its socket on its usual port.
const SOCKET_FILE: &str = ".s.PGSQL.5432";

/// The folders of one embedded Postgres, all of them there and owned by the right user.
#[derive(Clone, Debug)]
pub struct Home {
    /// The folder of all, links followed.
    pub root: PathBuf,
    /// Who owns it.
    pub account: Account,
}

impl Home {
    /// Opens the folders below `data_dir`, making what is missing.
    pub fn open(data_dir: &Path, bin: Option<&Path>) -> Result<(Self, Installation), Error> {
        std::fs::create_dir_all(data_dir).map_err(file("making the folder", data_dir))?;
        let entry = data_dir.join("postgres");
        if entry.is_symlink() && !entry.exists() {
            return Err(Error::Dangling(entry));
        }
        let account = Account::for_folder(&entry)?;
        let installation = Installation::find(bin, made_by(&entry.join("cluster")), &entry)?;
        if !entry.exists() {
            make(&entry, &account)?;
            // By its full path: a relative one can be entered from here, where the user of Postgres cannot come.
            let full = entry.canonicalize().map_err(file("following", &entry))?;
            if !reachable(&full, &account, &installation) {
                move_to_state(&entry, &account)?;
            }
        }
        let root = entry.canonicalize().map_err(file("following", &entry))?;
        if reachable(&root, &account, &installation) {
            return Ok((Self { root, account }, installation));
        }
        Err(Error::OutOfReach { folder: root, account: account.name })
    }

    /// What initdb made.
    pub fn cluster(&self) -> PathBuf {
        self.root.join("cluster")
    }

    /// What Postgres says.
    pub fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// The folder of the socket, made if missing: below the temporary folder where ours is too deep for a socket's path.
    pub fn socket(&self) -> Result<PathBuf, Error> {
        let near = self.root.join("socket");
        let temporary = || {
            let digest = Sha256::digest(self.root.as_os_str().as_encoded_bytes());
            let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            [std::env::temp_dir(), PathBuf::from("/tmp")].map(|folder| folder.join(format!("enlace-{name}")))
        };
        let folders = std::iter::once(near.clone()).chain(temporary());
        let folder = folders.into_iter().find(|folder| short_enough(folder)).unwrap_or(near);
        match make(&folder, &self.account) {
            Err(Error::File { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {}
            made => made?,
        }
        // The temporary folder is everybody's: what waits there under our name must be ours.
        let found = folder.symlink_metadata().map_err(file("looking at", &folder))?;
        let ours = found.is_dir() && found.uid() == self.account.uid && found.mode() & 0o077 == 0;
        if ours { Ok(folder) } else { Err(Error::NotOurs { folder, owner: found.uid() }) }
    }
}

fn short_enough(folder: &Path) -> bool {
    folder.join(SOCKET_FILE).as_os_str().len() <= LONGEST_SOCKET
}

/// The major version of the Postgres that made this cluster.
fn made_by(cluster: &Path) -> Option<u32> {
    std::fs::read_to_string(cluster.join("PG_VERSION")).ok()?.trim().parse().ok()
}

fn make(folder: &Path, account: &Account) -> Result<(), Error> {
    DirBuilder::new().mode(0o700).create(folder).map_err(file("making the folder", folder))?;
    account.own(folder).map_err(file("giving to the user of Postgres the folder", folder))
}

/// Whether the user of Postgres can stand in the folder. Asked by trying: permissions are only one of the reasons why not.
fn reachable(folder: &Path, account: &Account, installation: &Installation) -> bool {
    account.command(&installation.bin.join("postgres"), folder).arg("--version").output().is_ok()
}

fn move_to_state(entry: &Path, account: &Account) -> Result<(), Error> {
    let state = Path::new(STATE).join(uuid::Uuid::now_v7().simple().to_string());
    std::fs::create_dir_all(STATE).map_err(file("making the folder", Path::new(STATE)))?;
    make(&state, account)?;
    std::fs::remove_dir(entry).map_err(file("removing", entry))?;
    std::os::unix::fs::symlink(&state, entry).map_err(file("making the link", entry))?;
    tracing::warn!(
        folder = %state.display(), link = %entry.display(),
        "the user of Postgres cannot come into the data folder; the database is kept in another one, which a link names"
    );
    Ok(())
}

/// Ownership of a data folder, until it is dropped or the process ends. The lock is the system's, so that no crash leaves
/// one behind; the child does not inherit it.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// Takes the folder; [`Error::InUse`] where another process has it.
    pub fn take(data_dir: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(data_dir).map_err(file("making the folder", data_dir))?;
        let path = data_dir.join("enlace.lock");
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut lock = opened.map_err(file("opening", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(data_dir, lock)),
            Err(TryLockError::Error(source)) => return Err(file("locking", &path)(source)),
        }
        let signed = lock.set_len(0).and_then(|()| writeln!(lock, "pid {}", std::process::id()));
        signed.map_err(file("writing", &path))?;
        Ok(Self(lock))
    }
}

fn in_use(data_dir: &Path, mut lock: File) -> Error {
    let mut owner = String::new();
    let _unknown_is_fine = lock.read_to_string(&mut owner);
    let owner = if owner.trim().is_empty() { "just started".to_owned() } else { owner.trim().to_owned() };
    Error::InUse { folder: data_dir.to_owned(), owner }
}
