//! Private keys on disk.
//!
//! A key file is JSON, `{"v":1,"seed",…}`, encrypted with a passphrase by age (scrypt) unless its owner wants it plain; only
//! its owner may read it. The server's demo keys (the same members without `v`) are read as well.

use crate::client::Identity;
use crate::store::{make_private_folder, replace};
use age::secrecy::SecretString;
use procura_core::json::parse_strict;
use procura_core::key::{PublicKey, Signer, SoftKey};
use procura_core::{Hash, b64};
use serde_json::{Map, Value, json};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::{Zeroize as _, Zeroizing};

/// How an age file starts.
const AGE_HEADER: &[u8] = b"age-encryption.org/v1";
/// The largest key file.
const MAX_BYTES: usize = 64 << 10;
/// The most work that opening a file may ask for: 2^22, some 8 s. A planted file could ask for hours.
const MAX_WORK_FACTOR: u8 = 22;

/// A private key, and what it is registered as.
pub struct KeyFile {
    seed: Zeroizing<[u8; 32]>,
    /// What is known of its registration.
    pub registration: Registration,
}

/// What a key is registered as; all of it unknown before the ledger has its `key` record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registration {
    /// The id of the key's record.
    pub kid: Option<Hash>,
    /// The id of the party's record.
    pub party: Option<Hash>,
    /// The ledger.
    pub origin: Option<String>,
    /// What its owner calls it.
    pub name: Option<String>,
    /// The party's identifier.
    pub identifier: Option<String>,
}

/// How a file is kept from others.
#[derive(Debug, Clone)]
pub enum Protection {
    /// Encrypted with a passphrase.
    Passphrase(SecretString),
    /// By the file's permissions alone.
    Plain,
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The disk.
    #[error("{path} cannot be read or written: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is there already; keys are never written over.
    #[error("{0} is there already; choose another name")]
    Exists(PathBuf),
    /// Others may read the file.
    #[error("{0} can be read by others, and is not encrypted: chmod 600 it, and think of the key as known")]
    Permissions(PathBuf),
    /// The passphrase is not the file's, or the file is damaged.
    #[error("the passphrase does not open {0}")]
    Passphrase(PathBuf),
    /// The file asks for more work than any of ours, or is encrypted to somebody else.
    #[error("{0} is not encrypted with a passphrase as key files are")]
    OtherEncryption(PathBuf),
    /// No passphrase was given.
    #[error("no passphrase: {0}")]
    NoPassphrase(String),
    /// The file holds no key.
    #[error("{path} is no key file: {what}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The file was written by a later version.
    #[error("{path} is of version {version}; this software reads 1")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        version: u64,
    },
    /// The system has no randomness.
    #[error("no randomness for a new key: {0}")]
    Random(String),
}

impl KeyFileError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Io { .. } => "key_io",
            Self::Exists(_) => "key_exists",
            Self::Permissions(_) => "key_permissions",
            Self::Passphrase(_) => "key_passphrase",
            Self::OtherEncryption(_) => "key_encryption",
            Self::NoPassphrase(_) => "no_passphrase",
            Self::Malformed { .. } => "key_malformed",
            Self::Version { .. } => "key_version",
            Self::Random(_) => "random",
        }
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFile({:?})", self.public_key())
    }
}

impl KeyFile {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyFileError::Random`].
    pub fn generate() -> Result<Self, KeyFileError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(|error| KeyFileError::Random(error.to_string()))?;
        Ok(Self { seed, registration: Registration::default() })
    }

    /// The key of a seed.
    #[must_use]
    pub fn from_seed(seed: Zeroizing<[u8; 32]>, registration: Registration) -> Self {
        Self { seed, registration }
    }

    /// Reads a key file; `ask` is called for the passphrase of an encrypted one. The protection it had comes back
    /// with the key.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn load(
        path: &Path,
        ask: impl FnOnce() -> Result<SecretString, KeyFileError>,
    ) -> Result<(Self, Protection), KeyFileError> {
        let bytes = Zeroizing::new(fs::read(path).map_err(|source| io(path, source))?);
        if bytes.starts_with(AGE_HEADER) {
            let passphrase = ask()?;
            let text = decrypt(path, &bytes, passphrase.clone())?;
            let (key, _) = parse(path, &text)?;
            return Ok((key, Protection::Passphrase(passphrase)));
        }
        let (key, is_ours) = parse(path, &bytes)?;
        if is_ours && others_may_read(path).map_err(|source| io(path, source))? {
            return Err(KeyFileError::Permissions(path.to_owned()));
        }
        Ok((key, Protection::Plain))
    }

    /// Writes a new key file. One that is there is never written over.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn save_new(&self, path: &Path, protection: &Protection) -> Result<(), KeyFileError> {
        if path.symlink_metadata().is_ok() {
            return Err(KeyFileError::Exists(path.to_owned()));
        }
        self.save(path, protection)
    }

    /// Writes the key file anew, as after registration. A crash leaves the old or the new.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn save(&self, path: &Path, protection: &Protection) -> Result<(), KeyFileError> {
        let text = self.text();
        let bytes = match protection {
            Protection::Plain => text.as_bytes().to_vec(),
            Protection::Passphrase(passphrase) => encrypt(path, text.as_bytes(), passphrase.clone())?,
        };
        let bytes = Zeroizing::new(bytes);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        folder.map_or(Ok(()), make_private_folder).map_err(|source| io(path, source))?;
        replace(path, &bytes).map_err(|source| io(path, source))
    }

    /// The key, to sign with.
    #[must_use]
    pub fn signer(&self) -> SoftKey {
        SoftKey::from_seed(&self.seed)
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.signer().public_key()
    }

    /// Who asks with this key; `None` until it is registered.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        let (kid, party) = (self.registration.kid?, self.registration.party?);
        Some(Identity { kid, party, signer: Arc::new(self.signer()) })
    }

    /// The file's text. Written by hand around the seed, so that no copy of it is left behind.
    fn text(&self) -> Zeroizing<String> {
        let Registration { kid, party, origin, name, identifier } = &self.registration;
        let mut members = Map::new();
        let mut put = |member: &str, value: Option<Value>| {
            value.map(|value| members.insert(member.to_owned(), value));
        };
        put("kid", kid.as_ref().map(|kid| json!(kid)));
        put("party", party.as_ref().map(|party| json!(party)));
        put("origin", origin.as_ref().map(|origin| json!(origin)));
        put("name", name.as_ref().map(|name| json!(name)));
        put("identifier", identifier.as_ref().map(|identifier| json!(identifier)));
        let seed = Zeroizing::new(b64::encode(self.seed.as_slice()));
        let rest = Value::Object(members).to_string();
        let rest = rest
            .strip_prefix('{')
            .filter(|rest| *rest != "}")
            .map_or_else(|| "}".to_owned(), |rest| format!(",{rest}"));
        Zeroizing::new(format!("{{\"v\":1,\"seed\":\"{}\"{rest}\n", seed.as_str()))
    }
}

/// Reads the text of a key file; whether it is one of ours, and not the server's demo.
fn parse(path: &Path, text: &[u8]) -> Result<(KeyFile, bool), KeyFileError> {
    let malformed = |what| KeyFileError::Malformed { path: path.to_owned(), what };
    let mut members = parse_strict(text, MAX_BYTES).map_err(|_| malformed("it is no JSON object"))?;
    let is_ours = match members.remove("v") {
        None => false,
        Some(version) => match version.as_u64() {
            Some(1) => true,
            Some(version) => return Err(KeyFileError::Version { path: path.to_owned(), version }),
            None => return Err(malformed("its version is no number")),
        },
    };
    let Some(Value::String(mut text)) = members.remove("seed") else {
        return Err(malformed("it has no seed"));
    };
    let seed = b64::decode_array::<32>(&text);
    text.zeroize();
    let seed = Zeroizing::new(seed.map_err(|_| malformed("its seed is not 32 bytes in base64url"))?);
    let mut take = |name: &str| match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(malformed("a member is not a text")),
    };
    let id = |text: Option<String>| text.map(|text| text.parse()).transpose();
    let registration = Registration {
        kid: id(take("kid")?).map_err(|_| malformed("its kid is not an id"))?,
        party: id(take("party")?).map_err(|_| malformed("its party is not an id"))?,
        origin: take("origin")?,
        name: take("name")?,
        identifier: take("identifier")?,
    };
    Ok((KeyFile { seed, registration }, is_ours))
}

fn encrypt(path: &Path, text: &[u8], passphrase: SecretString) -> Result<Vec<u8>, KeyFileError> {
    let mut recipient = age::scrypt::Recipient::new(passphrase);
    if cfg!(test) {
        recipient.set_work_factor(2);
    }
    age::encrypt(&recipient, text).map_err(|error| io(path, std::io::Error::other(error.to_string())))
}

fn decrypt(path: &Path, bytes: &[u8], passphrase: SecretString) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    use age::DecryptError;
    let mut identity = age::scrypt::Identity::new(passphrase);
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    let refused = |error: DecryptError| match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::InvalidMac => {
            KeyFileError::Passphrase(path.to_owned())
        }
        DecryptError::Io(source) => io(path, source),
        _ => KeyFileError::OtherEncryption(path.to_owned()),
    };
    let decryptor = age::Decryptor::new(bytes).map_err(refused)?;
    let identities = std::iter::once(&identity as &dyn age::Identity);
    let mut reader = decryptor.decrypt(identities).map_err(refused)?.take(MAX_BYTES as u64);
    // Room for the whole, so that no part of it is left behind when the buffer grows.
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len().min(MAX_BYTES)));
    reader.read_to_end(&mut text).map_err(|_| KeyFileError::Passphrase(path.to_owned()))?;
    Ok(text)
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_path: &Path) -> std::io::Result<bool> {
    Ok(false)
}

fn io(path: &Path, source: std::io::Error) -> KeyFileError {
    KeyFileError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    //! Goal: a key comes back only to who has the passphrase, or owns the file. Method: write, read, and one
    //! thing wrong at a time.

    use super::*;

    fn registered() -> KeyFile {
        let registration = Registration {
            kid: Some(Hash([1; 32])),
            party: Some(Hash([2; 32])),
            origin: Some("trial/x".to_owned()),
            name: Some("a \"name\"".to_owned()),
            identifier: None,
        };
        KeyFile::from_seed(Zeroizing::new([7; 32]), registration)
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    fn never() -> Result<SecretString, KeyFileError> {
        panic!("no passphrase is needed")
    }

    #[test]
    fn a_plain_file_reads_back_and_is_its_owner_s() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/key");
        registered().save_new(&path, &Protection::Plain).unwrap();
        let (key, protection) = KeyFile::load(&path, never).unwrap();
        assert!(matches!(protection, Protection::Plain));
        assert_eq!(
            (key.public_key(), &key.registration),
            (registered().public_key(), &registered().registration)
        );
        assert!(key.identity().is_some());
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(registered().save_new(&path, &Protection::Plain), Err(KeyFileError::Exists(_))));
    }

    #[test]
    fn a_plain_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        registered().save_new(&path, &Protection::Plain).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o640);
        fs::set_permissions(&path, open).unwrap();
        assert!(matches!(KeyFile::load(&path, never), Err(KeyFileError::Permissions(_))));
    }

    #[test]
    fn an_encrypted_file_opens_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        registered().save_new(&path, &Protection::Passphrase(secret("right"))).unwrap();
        let bytes = fs::read(&path).unwrap();
        let seed = b64::encode(&[7; 32]);
        assert!(bytes.starts_with(AGE_HEADER) && !bytes.windows(43).any(|part| part == seed.as_bytes()));
        let (key, _) = KeyFile::load(&path, || Ok(secret("right"))).unwrap();
        assert_eq!(key.public_key(), registered().public_key());
        assert!(matches!(KeyFile::load(&path, || Ok(secret("wrong"))), Err(KeyFileError::Passphrase(_))));
        for at in [bytes.len() - 1, bytes.len() / 2] {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            assert!(KeyFile::load(&path, || Ok(secret("right"))).is_err(), "{at}");
        }
    }

    #[test]
    fn a_demo_key_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.json");
        let (id, seed) = (Hash([3; 32]), b64::encode(&[9; 32]));
        let text =
            json!({"name": "Ann", "party": id, "kid": id, "seed": seed, "identifier": "niss:48031500292"});
        fs::write(&path, text.to_string()).unwrap();
        let (key, _) = KeyFile::load(&path, never).unwrap();
        assert_eq!(key.registration.party, Some(id));
        assert_eq!(key.registration.identifier.as_deref(), Some("niss:48031500292"));
    }

    #[test]
    fn what_is_no_key_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let name = |text: &str| {
            fs::write(&path, text).unwrap();
            KeyFile::load(&path, never).unwrap_err().name()
        };
        assert_eq!(name("{"), "key_malformed");
        assert_eq!(name("{\"v\":1}"), "key_malformed");
        assert_eq!(name("{\"v\":2,\"seed\":\"\"}"), "key_version");
        assert_eq!(name("{\"v\":1,\"seed\":\"AA\"}"), "key_malformed");
        assert_eq!(KeyFile::load(&folder.path().join("none"), never).unwrap_err().name(), "key_io");
    }
}
