//! Files that only the server's own user may read: keys, tokens, records with what they withhold.

use procura_core::b64;
use procura_core::json::{Members, parse_strict};
use procura_core::key::SoftKey;
use procura_ledger::Random;
use serde_json::json;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The largest such file in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Why a private file is not there for us.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// The system says no.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it, so it is no secret.
    #[error("{path} may be read by others; make sure that it was not, then chmod 600 it", path = .0.display())]
    Shared(PathBuf),
    /// The system has no randomness to make a secret of.
    #[error("the system has no randomness: {0}")]
    Random(String),
    /// It does not hold what it should.
    #[error("{path} holds no {what}", path = path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
}

impl PrivateError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Io { .. } => "private_io",
            Self::Shared(_) => "private_shared",
            Self::Random(_) => "random",
            Self::Malformed { .. } => "private_malformed",
        }
    }

    pub(crate) fn malformed(path: &Path, what: &'static str) -> Self {
        Self::Malformed { path: path.to_owned(), what }
    }
}

/// Fresh random bytes.
pub(crate) fn fresh<const N: usize>(random: &dyn Random) -> Result<[u8; N], PrivateError> {
    let mut bytes = [0; N];
    random.fill(&mut bytes).map_err(PrivateError::Random)?;
    Ok(bytes)
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> PrivateError {
    let path = path.to_owned();
    move |source| PrivateError::Io { path, source }
}

/// A folder of our own, made if it is not there.
pub(crate) fn folder(path: &Path) -> Result<(), PrivateError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_error(path))
}

/// What a file holds; `None` if there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, PrivateError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(path)(error)),
    };
    let mode = file.metadata().map_err(io_error(path))?.permissions().mode();
    // Of a credential systemd makes us a reader by an access list, whose mask the system shows as the group's rights.
    let is_credential =
        std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| path.starts_with(folder));
    if mode & if is_credential { 0o037 } else { 0o077 } != 0 {
        return Err(PrivateError::Shared(path.to_owned()));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(io_error(path))?;
    Ok(Some(bytes))
}

/// Writes a file in one step: after a crash it holds the old or the new bytes.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), PrivateError> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .map_err(io_error(&new))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io_error(&new))?;
    rename(&new, path)
}

/// Moves a file or folder within its folder, for good.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), PrivateError> {
    std::fs::rename(from, to).map_err(io_error(to))?;
    match to.parent() {
        Some(folder) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error(folder)),
        None => Ok(()),
    }
}

/// Removes what a start that broke off left.
pub(crate) fn remove_folder(path: &Path) -> Result<(), PrivateError> {
    std::fs::remove_dir_all(path).map_err(io_error(path))
}

/// The text of a file; made by `make` and written if there is none.
pub(crate) fn text(
    path: &Path,
    make: impl FnOnce() -> Result<String, PrivateError>,
) -> Result<String, PrivateError> {
    if let Some(bytes) = read(path)? {
        let text = std::str::from_utf8(&bytes).map_err(|_| PrivateError::malformed(path, "text"))?;
        return Ok(text.trim().to_owned());
    }
    let text = make()?;
    write(path, format!("{text}\n").as_bytes())?;
    Ok(text)
}

/// The key of a key file; made and written if there is none. `{"v":1,"name","seed"}`, the seed in base64url, perhaps with
/// `party` and `kid`, once they are known.
pub(crate) fn key(path: &Path, name: &str, random: &dyn Random) -> Result<SoftKey, PrivateError> {
    Ok(SoftKey::from_seed(&*made_seed(path, name, random)?))
}

/// The seed in a key file; made and written if there is none.
pub(crate) fn made_seed(
    path: &Path,
    name: &str,
    random: &dyn Random,
) -> Result<Zeroizing<[u8; 32]>, PrivateError> {
    if path.exists() {
        return seed(path);
    }
    let mut seed = Zeroizing::new([0; 32]);
    random.fill(seed.as_mut()).map_err(PrivateError::Random)?;
    write_key(path, name, &seed, None)?;
    Ok(seed)
}

/// The seed in a key file, which must be there.
pub(crate) fn seed(path: &Path) -> Result<Zeroizing<[u8; 32]>, PrivateError> {
    let bytes = read(path)?.ok_or_else(|| PrivateError::malformed(path, "key"))?;
    seed_of(&bytes).ok_or_else(|| PrivateError::malformed(path, "key"))
}

/// The key that these bytes of a key file are.
pub(crate) fn key_of(path: &Path, bytes: &[u8]) -> Result<SoftKey, PrivateError> {
    let seed = seed_of(bytes).ok_or_else(|| PrivateError::malformed(path, "key"))?;
    Ok(SoftKey::from_seed(&seed))
}

/// Writes into a key file whose key it is.
pub(crate) fn label_key(path: &Path, name: &str, of: &crate::enrol::Enrolled) -> Result<(), PrivateError> {
    write_key(path, name, &*seed(path)?, Some(of))
}

/// The key of a key file that says whose it is.
pub(crate) fn enrolled(path: &Path) -> Result<crate::enrol::Enrolled, PrivateError> {
    let malformed = || PrivateError::malformed(path, "key with the party that it is of");
    let bytes = read(path)?.ok_or_else(malformed)?;
    let seed = seed_of(&bytes).ok_or_else(malformed)?;
    let members = parse_strict(&bytes, MAX_BYTES as usize).map_err(|_| malformed())?;
    let mut members = Members::new(members);
    let party = members.take_hash("party").map_err(|_| malformed())?;
    let kid = members.take_hash("kid").map_err(|_| malformed())?;
    Ok(crate::enrol::Enrolled { party, kid, signer: std::sync::Arc::new(SoftKey::from_seed(&seed)) })
}

/// A secret of others, on a line of its own: visible characters.
#[cfg(any(feature = "oidc", feature = "pkcs11"))]
pub(crate) fn secret(path: &Path) -> Result<Zeroizing<String>, PrivateError> {
    let malformed = || PrivateError::malformed(path, "secret of visible characters");
    let bytes = read(path)?.ok_or_else(malformed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed());
    }
    Ok(Zeroizing::new(text.to_owned()))
}

fn seed_of(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut members = Members::new(parse_strict(bytes, MAX_BYTES as usize).ok()?);
    let is_ours = members.take_u64("v").ok()? == 1;
    members.take_bytes("seed").ok().filter(|_| is_ours).map(Zeroizing::new)
}

fn write_key(
    path: &Path,
    name: &str,
    seed: &[u8; 32],
    of: Option<&crate::enrol::Enrolled>,
) -> Result<(), PrivateError> {
    let mut object = json!({"v": 1, "name": name, "seed": b64::encode(seed)});
    if let (Some(of), Some(object)) = (of, object.as_object_mut()) {
        object.insert("party".to_owned(), json!(of.party));
        object.insert("kid".to_owned(), json!(of.kid));
    }
    write(path, Zeroizing::new(format!("{object}\n")).as_bytes())
}

#[cfg(test)]
mod tests {
    //! Goal: a secret is written for its owner only, whole, and not read once others could read it. Method: a folder.

    use super::*;
    use procura_core::key::Signer;
    use procura_ledger::OsRandom;

    #[test]
    fn a_key_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.json");
        let made = key(&path, "log", &OsRandom).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = key(&path, "log", &OsRandom).unwrap();
        assert_eq!(made.public_key(), read.public_key());

        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert_eq!(key(&path, "log", &OsRandom).unwrap_err().name(), "private_shared");
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.json");
        for bytes in [&b""[..], b"{}", b"{\"v\":2,\"seed\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"]
        {
            write(&path, bytes).unwrap();
            assert_eq!(key(&path, "log", &OsRandom).unwrap_err().name(), "private_malformed");
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }
}
