//! Credentials of integrations, encrypted at rest.
//!
//! XChaCha20-Poly1305, a random nonce in front of each blob. The integration's id is authenticated with it, so that a
//! blob that was copied to another row does not open.

use std::{collections::BTreeMap, fmt};

use chacha20poly1305::{
    AeadCore, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, OsRng, Payload},
};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use crate::Error;

/// The key that stands outside the database: 32 bytes that never show themselves.
pub type SecretKey = SecretBox<[u8; 32]>;

const NONCE_BYTES: usize = 24;

/// Secret parameters by name (`senha`, `token`, …).
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, SecretString>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets {
    /// The secret of this name.
    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.get(name)
    }

    /// Keeps a secret under this name; what was there is gone.
    pub fn set(&mut self, name: impl Into<String>, value: SecretString) {
        self.0.insert(name.into(), value);
    }

    /// Forgets the secret of this name.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The names of those that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// One blob for `mapping.integration.secrets`.
    ///
    /// # Errors
    /// [`Error::SecretsNotSealed`] when the cipher refuses, which it does only for absurd sizes.
    pub fn seal(&self, key: &SecretKey, id_integracao: i64) -> Result<Vec<u8>, Error> {
        let refused = || Error::SecretsNotSealed(id_integracao);
        let open: BTreeMap<&str, &str> =
            self.0.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        let msg = serde_json::to_vec(&open).map_err(|_| refused())?;
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let tied_to = id_integracao.to_be_bytes();
        let sealed = cipher(key).encrypt(&nonce, Payload { msg: &msg, aad: &tied_to }).map_err(|_| refused())?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens such a blob.
    ///
    /// # Errors
    /// [`Error::SecretsClosed`] for another key, another integration's blob, or a changed one.
    pub fn open(key: &SecretKey, id_integracao: i64, blob: &[u8]) -> Result<Self, Error> {
        let closed = || Error::SecretsClosed(id_integracao);
        let (nonce, sealed) = blob.split_at_checked(NONCE_BYTES).ok_or_else(closed)?;
        let tied_to = id_integracao.to_be_bytes();
        let payload = Payload { msg: sealed, aad: &tied_to };
        let open = cipher(key).decrypt(XNonce::from_slice(nonce), payload).map_err(|_| closed())?;
        let named: BTreeMap<String, String> = serde_json::from_slice(&open).map_err(|_| closed())?;
        Ok(Self(named.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect()))
    }
}

fn cipher(key: &SecretKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose_secret().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SecretKey {
        SecretBox::new(Box::new([byte; 32]))
    }

    fn some() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.set("senha", SecretString::from("s3nha secreta"));
        secrets
    }

    #[test]
    fn p_secrets_open_with_their_key_and_on_their_row_alone() {
        let blob = some().seal(&key(1), 3).unwrap();
        assert_eq!(Secrets::open(&key(1), 3, &blob).unwrap().get("senha").unwrap().expose_secret(), "s3nha secreta");
        assert!(Secrets::open(&key(2), 3, &blob).is_err(), "another key");
        assert!(Secrets::open(&key(1), 4, &blob).is_err(), "another row");
        assert!(Secrets::open(&key(1), 3, &blob[..10]).is_err(), "a piece");
        let mut changed = blob.clone();
        changed[30] ^= 1;
        assert!(Secrets::open(&key(1), 3, &changed).is_err(), "changed");
    }

    #[test]
    fn p_secrets_show_neither_in_debug_nor_in_the_blob() {
        assert_eq!(format!("{:?}", some()), r#"{"senha"}"#);
        let blob = some().seal(&key(1), 3).unwrap();
        assert!(!blob.windows(5).any(|w| w == b"s3nha"));
        assert_ne!(blob, some().seal(&key(1), 3).unwrap(), "the nonce is random");
    }
}
