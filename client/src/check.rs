//! May this party do this? With proof, and in plain AuthZEN without.
//!
//! spec: decisions.md, http.md#authzen

use crate::client::{Client, Proven};
use crate::error::{ReadError, TokenError};
use crate::http::{Send, unexpected};
use procura_core::Hash;
use procura_core::decide::AuthZen;
use procura_core::receipt::{Mode, VerifiedAuthority, verify_authority};
use serde_json::Value;

/// An AuthZEN answer: the server's word, with nothing that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Yes or no.
    pub decision: bool,
    /// `context.reason`, if the server gave one.
    pub reason: Option<String>,
}

impl Client {
    /// Asks whether the request is permitted now; the decision is made anew here over the records that the answer
    /// proves.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn check(&self, request: &AuthZen) -> Result<Proven<VerifiedAuthority>, ReadError> {
        let token = self.token()?;
        let body = request.write().to_string();
        let reply = self.server.post("/v1/checks", Send::Json(&body), Some(token.as_str()))?;
        let mode = Mode::Fresh(self.now());
        Ok(self.believe(reply, mode, |bytes, policy, mode| verify_authority(bytes, request, policy, mode))?)
    }

    /// Asks the same in plain AuthZEN. Nothing proves the answer.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn evaluate_unverified(&self, request: &AuthZen) -> Result<Evaluation, ReadError> {
        const PATH: &str = "/access/v1/evaluation";
        let token = self.token()?;
        let body = request.write().to_string();
        let answer = self.server.post(PATH, Send::Json(&body), Some(token.as_str()))?.json(PATH)?;
        let decision = answer.get("decision").and_then(Value::as_bool);
        let decision = decision.ok_or_else(|| unexpected(PATH, "it has no decision"))?;
        let reason = answer.pointer("/context/reason").and_then(Value::as_str).map(str::to_owned);
        Ok(Evaluation { decision, reason })
    }

    /// The party of this client's identity.
    ///
    /// # Errors
    /// [`TokenError::NoIdentity`].
    pub fn own_party(&self) -> Result<Hash, TokenError> {
        self.identity.as_ref().map(|identity| identity.party).ok_or(TokenError::NoIdentity)
    }
}
