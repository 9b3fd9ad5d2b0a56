//! From a key file and an address to a client of the ledger, and to somebody who signs without being a party: the root.

use crate::Clock;
use procura_client::keyfile::{KeyFile, KeyFileError};
use procura_client::store::{FileStore, StoreError, TrustedBy};
use procura_client::{Client, Identity, LogInfo, MeetError, NewError};
use procura_core::Hash;
use procura_core::key::Signer as _;
use std::path::Path;
use std::sync::Arc;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The key is registered nowhere.
    #[error("the key is not registered: prepare the service first")]
    NotRegistered,
    /// The ledger does not answer.
    #[error(transparent)]
    Meet(#[from] MeetError),
    /// What is kept of ledgers.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address.
    #[error(transparent)]
    Address(#[from] NewError),
}

/// The ledger at an address, as it was met there first: what was seen of it lies in `home`. The first meeting takes the server's word;
/// who does not want that trusts it beforehand by its policy (`procura --policy`).
///
/// # Errors
/// [`ConnectError`].
pub fn client(ledger: &str, home: &Path, clock: &Clock) -> Result<Client, ConnectError> {
    let store = FileStore::new(&home.join("ledgers"));
    let server = ledger.trim_end_matches('/');
    let trusted = match store.trusted_at(server)? {
        Some(trusted) => trusted,
        None => {
            let info = LogInfo::unverified(server)?;
            store.trust(&info.policy, &info.policy_json, TrustedBy::FirstUse, Some(server))?
        }
    };
    let clock = Arc::clone(clock);
    Ok(Client::new(server, trusted.policy, store)?.with_clock(move || clock()))
}

/// The same, asking as the party of a key file.
///
/// # Errors
/// [`ConnectError`].
pub fn client_of(key: &Path, ledger: &str, home: &Path, clock: &Clock) -> Result<Client, ConnectError> {
    let identity = plain(key)?.identity().ok_or(ConnectError::NotRegistered)?;
    Ok(client(ledger, home, clock)?.with_identity(identity))
}

/// A key file that is not encrypted, as those of services and of a demo are.
///
/// # Errors
/// [`KeyFileError`].
pub fn plain(path: &Path) -> Result<KeyFile, KeyFileError> {
    let ask = || Err(KeyFileError::NoPassphrase("a service has nobody to ask".to_owned()));
    Ok(KeyFile::load(path, ask)?.0)
}

/// Who signs with a root key: it is named by its thumbprint, and is no party.
#[must_use]
pub fn root(key: &KeyFile) -> Identity {
    let signer = key.signer();
    Identity { kid: signer.public_key().thumbprint(), party: Hash::default(), signer: Arc::new(signer) }
}
