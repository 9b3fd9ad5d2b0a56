//! What was decided on an access, told to those whom it concerns.
//!
//! spec: http.md#ours, decisions.md#accesses

use crate::client::{Client, Proven};
use crate::error::ReadError;
use procura_core::Hash;
use procura_core::receipt::{Mode, VerifiedAccess, VerifyError, verify_access};

impl Client {
    /// What was decided on the access `id`, whenever that was, by the key-ends known now.
    ///
    /// # Errors
    /// [`ReadError`]; a refusal `evidence_erased` if it can't be proven any more.
    pub fn decided(&self, id: &Hash) -> Result<Proven<VerifiedAccess>, ReadError> {
        let token = self.token()?;
        let reply = self.server.get(&format!("/v1/accesses/{id}"), Some(token.as_str()))?;
        let now = self.now();
        Ok(self.believe(reply, Mode::Historic, |bytes, policy, mode| {
            let answer = verify_access(bytes, id, policy, mode)?;
            // The access may be old; what is known of the keys under it must not be.
            let age_s = now.0.saturating_sub(answer.receipt().time().0) / 1000;
            if age_s > policy.max_age_s {
                return Err(VerifyError::Stale { age_s, max_age_s: policy.max_age_s });
            }
            Ok(answer)
        })?)
    }
}
