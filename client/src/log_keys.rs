//! Which keys sign the log, by the root's word: how a client goes along when a ledger changes its key.
//!
//! spec: log.md#log-keys

use crate::client::{Client, Proven};
use crate::error::ReadError;
use procura_core::Size;
use procura_core::receipt::{Mode, VerifiedLogKeys, verify_log_keys};

const PATH: &str = "/v1/log/keys";

impl Client {
    /// The keys of the log as its root says, proven; `None` while they are those that it began with. They hold for a client that is
    /// made with them: [`FileStore::learn`](crate::store::FileStore::learn) keeps them.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn log_keys(&self) -> Result<Option<Proven<VerifiedLogKeys>>, ReadError> {
        let asking = self.asking()?;
        let path = |from: Option<Size>| {
            let from = from.map(|size| format!("?from={size}")).unwrap_or_default();
            format!("{PATH}{from}")
        };
        match self.get_from(asking.from(), path, None) {
            Ok(reply) => {
                Ok(Some(asking.believe::<_, ReadError>(reply, Mode::Fresh(self.now()), verify_log_keys)?))
            }
            Err(error) if error.refusal(404).is_some() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
