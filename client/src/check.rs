//! May this party do this? With proof, and in plain AuthZEN without.
//!
//! spec: decisions.md, http.md#authzen

use crate::client::{Client, Proven};
use crate::error::{ReadError, TokenError};
use crate::http::{Send, unexpected};
use procura_core::decide::AuthZen;
use procura_core::receipt::{Mode, Point, VerifiedAuthority, VerifyError, verify_authority};
use procura_core::{Hash, Millis, Size};
use serde_json::Value;

/// An AuthZEN answer: the server's word, with nothing that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Yes or no.
    pub decision: bool,
    /// `context.reason`, if the server gave one.
    pub reason: Option<String>,
    /// `context.good_faith`: whether something stood against it that nobody had recorded yet.
    pub good_faith: bool,
    /// `context.hint`, if the server gave one: what would turn a denial into a permit.
    pub hint: Option<Value>,
}

impl Client {
    /// Asks whether the request is permitted now; the decision is made anew here over the records that the answer
    /// proves.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn check(&self, request: &AuthZen) -> Result<Proven<VerifiedAuthority>, ReadError> {
        let asking = self.asking()?;
        let body = request.write().to_string();
        let reply = self.private(|token| self.server.post("/v1/checks", Send::Json(&body), Some(token)))?;
        let mode = Mode::Fresh(self.now());
        asking.believe(reply, mode, |bytes, policy, mode| verify_authority(bytes, request, policy, mode))
    }

    /// Asks what was decided at an instant, over what the ledger held when it had `size` entries. The answer is one about the
    /// past: keys found to be compromised since count all the same.
    ///
    /// # Errors
    /// [`ReadError`]; a refusal `evidence_erased` if it can't be made again.
    pub fn replay(
        &self,
        request: &AuthZen,
        size: Size,
        at: Millis,
    ) -> Result<Proven<VerifiedAuthority>, ReadError> {
        let asking = self.asking()?;
        let (path, body) = (format!("/v1/checks?as_of={size}&at={at}"), request.write().to_string());
        let reply = self.private(|token| self.server.post(&path, Send::Json(&body), Some(token)))?;
        let mode = Mode::AsOf(Point::Size(size));
        asking.believe(reply, mode, |bytes, policy, mode| {
            let answer = verify_authority(bytes, request, policy, mode)?;
            // The instant is the asker's, like the size.
            if answer.question().at == at { Ok(answer) } else { Err(VerifyError::OtherQuestion) }
        })
    }

    /// Asks the same in plain AuthZEN. Nothing proves the answer.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn evaluate_unverified(&self, request: &AuthZen) -> Result<Evaluation, ReadError> {
        const PATH: &str = "/access/v1/evaluation";
        let body = request.write().to_string();
        let answer =
            self.private(|token| self.server.post(PATH, Send::Json(&body), Some(token))?.json(PATH))?;
        let decision = answer.get("decision").and_then(Value::as_bool);
        let decision = decision.ok_or_else(|| unexpected(PATH, "it has no decision"))?;
        let reason = answer.pointer("/context/reason").and_then(Value::as_str).map(str::to_owned);
        let good_faith = answer.pointer("/context/good_faith").and_then(Value::as_bool).unwrap_or(false);
        let hint = answer.pointer("/context/hint").cloned();
        Ok(Evaluation { decision, reason, good_faith, hint })
    }

    /// The party of this client's identity.
    ///
    /// # Errors
    /// [`TokenError::NoIdentity`].
    pub fn own_party(&self) -> Result<Hash, TokenError> {
        self.identity.as_ref().map(|identity| identity.party).ok_or(TokenError::NoIdentity)
    }
}
