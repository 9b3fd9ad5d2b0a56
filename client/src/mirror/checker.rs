//! A map-checker: cosigns what its mirror checked whole, and nothing else.
//!
//! To the log it is a witness, of which it is asked as of one. Only between being asked and signing it has the entries checked up to
//! that checkpoint.
//!
//! spec: log.md#mirrors

use crate::witness::{AddError, Witness};
use procura_core::checkpoint::VerifiedCheckpoint;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// How long a log waits for entries to be checked: it gives up after 5 s, and asks again.
const WAIT: Duration = Duration::from_secs(4);

/// A checkpoint to be checked, and who waits for it.
pub(super) struct Check {
    pub(super) checkpoint: VerifiedCheckpoint,
    pub(super) reply: Sender<Result<(), String>>,
}

/// A mirror's cosigner.
#[derive(Clone)]
pub struct MapChecker {
    witness: Arc<Witness>,
    checks: Sender<Check>,
}

impl MapChecker {
    pub(super) const fn new(witness: Arc<Witness>, checks: Sender<Check>) -> Self {
        Self { witness, checks }
    }

    /// Its key, as policies name it.
    #[must_use]
    pub fn vkey(&self) -> String {
        self.witness.key().to_string()
    }

    pub(super) fn witness(&self) -> Arc<Witness> {
        Arc::clone(&self.witness)
    }

    /// As [`Witness::add_checkpoint`]: what is cosigned was checked, from entry 0 on.
    ///
    /// # Errors
    /// [`AddError`].
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<String, AddError> {
        self.witness.add_checked(body, |checkpoint| {
            let (reply, told) = channel();
            let check = Check { checkpoint: checkpoint.clone(), reply };
            let gone = || AddError::NotChecked("nobody follows the log".to_owned());
            self.checks.send(check).map_err(|_| gone())?;
            match told.recv_timeout(WAIT) {
                Ok(checked) => checked.map_err(AddError::NotChecked),
                Err(_) => Err(AddError::NotChecked("it takes longer".to_owned())),
            }
        })
    }
}
