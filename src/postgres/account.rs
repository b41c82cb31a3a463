//! Whom Postgres runs as. It refuses root, and it refuses a number without a name.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::Error;

/// The user that runs Postgres and owns its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name, for messages.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// Its group's number.
    pub gid: u32,
    /// Whether we are root and must become this user.
    pub becomes: bool,
}

impl Account {
    /// Ourselves; for root the owner of the cluster where there is one already, else `postgres`, else `nobody`.
    pub fn for_folder(folder: &Path) -> Result<Self, Error> {
        let ourselves = rustix::process::geteuid().as_raw();
        let owner = std::fs::metadata(folder).ok().map(|found| found.uid());
        if ourselves != 0 {
            return match owner {
                Some(owner) if owner != ourselves => Err(Error::NotOurs { folder: folder.to_owned(), owner }),
                _ => Ok(Self::ourselves(ourselves)),
            };
        }
        let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let owned = owner.filter(|uid| *uid != 0).and_then(|uid| pick(&known, |account| account.uid == uid));
        let named = |name: &str| pick(&known, |account| account.name == name);
        owned.or_else(|| named("postgres")).or_else(|| named("nobody")).ok_or(Error::NoAccount)
    }

    fn ourselves(uid: u32) -> Self {
        Self { name: format!("uid {uid}"), uid, gid: rustix::process::getegid().as_raw(), becomes: false }
    }

    /// A program run as this user, standing in `folder`: where we stand, this user may not be allowed to be.
    pub fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_remove("PGDATA");
        if self.becomes {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Gives a folder that we made to this user.
    pub fn own(&self, folder: &Path) -> std::io::Result<()> {
        if self.becomes { std::os::unix::fs::chown(folder, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }
}

/// The first line of the user list that fits: `name:password:uid:gid:…`.
fn pick(passwd: &str, fits: impl Fn(&Account) -> bool) -> Option<Account> {
    let account = |line: &str| {
        let mut fields = line.split(':');
        let (name, _, uid, gid) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        Some(Account { name: name.to_owned(), uid: uid.parse().ok()?, gid: gid.parse().ok()?, becomes: true })
    };
    passwd.lines().filter_map(account).find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_list_is_read_by_name_and_number() {
        let list = "root:x:0:0:root:/root:/bin/sh\nbroken\nnobody:x:65534:65533:nobody:/nonexistent:/sbin/nologin\n";
        let nobody = pick(list, |account| account.name == "nobody").unwrap();
        assert_eq!((nobody.uid, nobody.gid), (65534, 65533));
        assert_eq!(pick(list, |account| account.uid == 65534), Some(nobody));
        assert_eq!(pick(list, |account| account.name == "postgres"), None);
    }
}
