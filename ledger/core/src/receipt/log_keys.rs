//! How a verifier learns of another log key: by the root's word, which is in the log.
//!
//! spec: log.md#log-keys

use super::{Mode, Policy, Question, Receipt, VerifiedStatus, VerifyError, verify_status};
use crate::kinds::Content;
use crate::log_keys::{LogKey, check_continued};
use crate::record::Record;
use crate::status::Status;

/// The log's keys as a verifier of `policy` learns them.
#[derive(Debug, Clone)]
pub struct VerifiedLogKeys {
    status: VerifiedStatus,
    log_keys: Vec<LogKey>,
}

impl VerifiedLogKeys {
    /// The keys: they take the place of the policy's.
    #[must_use]
    pub fn log_keys(&self) -> &[LogKey] {
        &self.log_keys
    }

    /// The record that says so, in force.
    #[must_use]
    pub const fn status(&self) -> &VerifiedStatus {
        &self.status
    }
}

/// Verifies that the root of the ledger that `policy` trusts says which keys sign its log. The receipt may be under any of these
/// keys: whoever pins entry 0 trusts the root's keys, which are in it, and the list counts by their signatures. Witnesses and
/// the pin are asked as of any receipt.
///
/// # Errors
/// [`VerifyError`].
pub fn verify_log_keys(receipt: &[u8], policy: &Policy, mode: Mode) -> Result<VerifiedLogKeys, VerifyError> {
    let parsed = Receipt::parse(receipt)?;
    let Question::Status { id, .. } = &parsed.question else { return Err(VerifyError::OtherQuestion) };
    // What it says is read before anything is believed: under these very keys it must hold.
    let shown = parsed.entries.iter().filter_map(|shown| Record::parse(&shown.sealed.as_ref()?.body).ok());
    let list = shown.filter(|record| record.id() == *id).find_map(|record| match record.content() {
        Content::LogKeys(list) => Some(list.log_keys.clone()),
        _ => None,
    });
    let log_keys = list.ok_or(VerifyError::OtherQuestion)?;
    check_continued(&policy.log_keys, &log_keys).map_err(VerifyError::LogKeys)?;
    let under = Policy { log_keys: log_keys.clone(), ..policy.clone() };
    let status = verify_status(receipt, id, None, &under, mode)?;
    if *status.status() != Status::ACTIVE {
        return Err(VerifyError::NotInForce);
    }
    Ok(VerifiedLogKeys { status, log_keys })
}
