//! The log's keys that are here: `keys/log.json`, which signs, and `keys/log-next.json`, which is to take its place.
//!
//! Either is a key, or says on which token it is. spec: log.md#log-keys

use crate::private::{self, PrivateError};
use procura_core::json::{Members, parse_strict};
use procura_core::key::{SignError, Signer};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::webhook;
use procura_ledger::Random;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// In `keys/`: the log's key.
pub(crate) const LOG_KEY: &str = "log.json";
/// The key that takes its place.
const NEXT_LOG_KEY: &str = "log-next.json";
/// The largest file that says where a key is.
const MAX_BYTES: usize = 64 * 1024;

/// Why a log key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    /// The file.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// It does not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The token.
    #[cfg(feature = "pkcs11")]
    #[error("{path}: {source}", path = path.display())]
    Token {
        /// The file that names it.
        path: PathBuf,
        /// Why.
        source: crate::pkcs11::TokenError,
    },
    /// This program knows no tokens.
    #[error("{} says that the key is on a token: that needs a server built with --features pkcs11", .0.display())]
    Feature(PathBuf),
}

impl LogKeyError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Private(error) => error.name(),
            Self::Sign(error) => error.name(),
            #[cfg(feature = "pkcs11")]
            Self::Token { .. } => "token",
            Self::Feature(_) => "token_feature",
        }
    }
}

/// Those that are there, the one that signs first. None is made for a ledger that has signed: the log's own list says which keys are its.
pub(crate) fn found(keys: &Path) -> Result<Vec<Arc<dyn Signer>>, LogKeyError> {
    let found = [LOG_KEY, NEXT_LOG_KEY].into_iter().filter_map(|name| at(&keys.join(name)).transpose());
    found.collect()
}

/// The log's first key, made if it is not there.
pub(crate) fn first(keys: &Path, random: &dyn Random) -> Result<Arc<dyn Signer>, LogKeyError> {
    made(&keys.join(LOG_KEY), random)
}

/// The next log key of a data folder, made unless it is there. It signs once the log's list of keys names it.
///
/// # Errors
/// [`LogKeyError`].
pub fn next(data: &Path, random: &dyn Random) -> Result<NoteVerifier, LogKeyError> {
    let origin = private::text(&data.join("origin"), || Err(PrivateError::malformed(data, "ledger")))?;
    let key = made(&data.join("keys").join(NEXT_LOG_KEY), random)?;
    Ok(verifier(&origin, &*key)?)
}

/// The note by which every log key that is here vouches for the key of webhooks.
pub(crate) fn vouch(
    origin: &str,
    log_keys: &[Arc<dyn Signer>],
    key: &dyn Signer,
) -> Result<String, SignError> {
    let vouching = log_keys.iter().map(|key| Ok((verifier(origin, &**key)?, &**key)));
    webhook::vouch(&vouching.collect::<Result<Vec<_>, SignError>>()?, &key.public_key())
}

fn made(path: &Path, random: &dyn Random) -> Result<Arc<dyn Signer>, LogKeyError> {
    match at(path)? {
        Some(key) => Ok(key),
        None => Ok(Arc::new(private::key(path, "log", random)?)),
    }
}

fn verifier(origin: &str, key: &dyn Signer) -> Result<NoteVerifier, SignError> {
    NoteVerifier::new(origin, KeyType::Ed25519, key.public_key().as_bytes())
        .map_err(|error| SignError(error.to_string()))
}

fn at(path: &Path) -> Result<Option<Arc<dyn Signer>>, LogKeyError> {
    let Some(bytes) = private::read(path)? else { return Ok(None) };
    let malformed = || PrivateError::malformed(path, "key");
    let mut members = Members::new(parse_strict(&bytes, MAX_BYTES).map_err(|_| malformed())?);
    match members.take_opt("token", procura_core::json::Field::object) {
        Ok(None) => Ok(Some(Arc::new(private::key_of(path, &bytes)?))),
        Ok(Some(token)) if matches!(members.take_u64("v"), Ok(1)) => on_token(path, token).map(Some),
        _ => Err(malformed().into()),
    }
}

/// `{"v":1, "token":{"module","label","key","pin_file"}}`: the PIN is in a file of its own, beside this one unless it says otherwise.
#[cfg(feature = "pkcs11")]
fn on_token(path: &Path, mut token: Members) -> Result<Arc<dyn Signer>, LogKeyError> {
    use crate::pkcs11::{Place, TokenKey};
    let malformed = |_| PrivateError::malformed(path, "place of a key on a token");
    let place = Place {
        module: PathBuf::from(token.take_str("module").map_err(malformed)?),
        token: token.take_str("label").map_err(malformed)?,
        label: token.take_str("key").map_err(malformed)?,
    };
    let pin_file = token.take_str("pin_file").map_err(malformed)?;
    token.finish().map_err(malformed)?;
    let pin = private::secret(&path.parent().unwrap_or(path).join(pin_file))?;
    let key = TokenKey::open(place, pin);
    Ok(Arc::new(key.map_err(|source| LogKeyError::Token { path: path.to_owned(), source })?))
}

#[cfg(not(feature = "pkcs11"))]
fn on_token(path: &Path, _token: Members) -> Result<Arc<dyn Signer>, LogKeyError> {
    Err(LogKeyError::Feature(path.to_owned()))
}
