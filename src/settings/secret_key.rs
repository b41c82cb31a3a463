//! The key under which platforms' credentials are kept: given, or made once and kept in the data folder.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use rand::TryRngCore;
use rand::rngs::OsRng;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::Settings;

/// The file in the data folder.
pub const FILE: &str = "secret.key";

/// 32 bytes that never show themselves in a log.
pub type SecretKey = SecretBox<[u8; 32]>;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given is no key.
    #[error("must be 32 bytes as base64 or hex; `openssl rand -base64 32` makes one")]
    Form,
    /// The key file cannot be read or made.
    #[error("key file {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The key that was given, else the one in the data folder, which is made the first time.
pub fn load(settings: &Settings) -> Result<SecretKey, Error> {
    if let Some(given) = &settings.secret_key {
        return decode(given.expose_secret());
    }
    let path = settings.data_dir.join(FILE);
    let broken = |source| Error::File { path: path.clone(), source };
    let kept = read_or_make(&settings.data_dir, &path).map_err(broken)?;
    decode(kept.trim()).map_err(|why| broken(std::io::Error::other(why)))
}

/// The text of a key, if it is one.
pub(super) fn checked(text: &str) -> Result<SecretString, String> {
    decode(text).map(|_| text.into()).map_err(|why| why.to_string())
}

fn decode(text: &str) -> Result<SecretKey, Error> {
    let bytes = from_hex(text).or_else(|| {
        [STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD].iter().find_map(|alphabet| alphabet.decode(text).ok())
    });
    let key = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    key.map(|key| SecretBox::new(Box::new(key))).ok_or(Error::Form)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    if digits { (0..64).step_by(2).map(byte).collect() } else { None }
}

fn read_or_make(folder: &Path, path: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => make(folder, path)?,
        read => return read,
    }
    std::fs::read_to_string(path)
}

/// Written aside, then given its name in one act that fails where another process was faster: nobody reads half a key, and
/// no key that was used is replaced. On disk before it is used, because losing it loses every credential.
fn make(folder: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut key = [0_u8; 32];
    OsRng.try_fill_bytes(&mut key).map_err(std::io::Error::other)?;
    let aside = folder.join(format!("{FILE}.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    writeln!(file, "{}", STANDARD.encode(key))?;
    file.sync_all()?;
    let named = std::fs::hard_link(&aside, path);
    std::fs::remove_file(&aside)?;
    match named {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
        _ => File::open(folder)?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Option<[u8; 32]> {
        decode(text).ok().map(|key| *key.expose_secret())
    }

    #[test]
    fn the_key_is_read_as_hex_and_as_base64() {
        assert_eq!(decoded(&"0f".repeat(32)), Some([15; 32]));
        assert_eq!(decoded(&STANDARD.encode([15; 32])), Some([15; 32]));
        assert_eq!(decoded(&URL_SAFE_NO_PAD.encode([255; 32])), Some([255; 32]));
    }

    #[test]
    fn a_short_key_is_refused() {
        assert_eq!(decoded(&"0f".repeat(16)), None);
        assert_eq!(decoded("a password"), None);
    }
}
