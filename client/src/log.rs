//! What a ledger says of itself.
//!
//! spec: http.md#ours

use crate::client::{Client, NewError};
use crate::error::CallError;
use crate::http::{Server, unexpected};
use procura_core::receipt::Policy;
use serde_json::Value;

/// What a server says of its ledger: its word. On first contact it is what there is.
#[derive(Debug, Clone)]
pub struct LogInfo {
    /// The policy that the server proposes.
    pub policy: Policy,
    /// The same as JSON.
    pub policy_json: Value,
    /// The last size published.
    pub size: u64,
    /// The last entry's time, in milliseconds.
    pub time_ms: u64,
    /// The note about the key of webhooks, if it sends any: [`crate::webhook::Receiver::new`] verifies it.
    pub webhook_key: Option<String>,
}

/// Why nothing is known of a server's ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MeetError {
    /// Not an address.
    #[error(transparent)]
    Address(#[from] NewError),
    /// No answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl MeetError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Address(error) => error.name(),
            Self::Call(error) => error.name(),
        }
    }
}

impl LogInfo {
    /// Asks the server at `base_url` about its ledger. Whoever believes this answer trusts on first use.
    ///
    /// # Errors
    /// [`MeetError`].
    pub fn unverified(base_url: &str) -> Result<Self, MeetError> {
        let server = Server::new(base_url).ok_or_else(|| NewError::Address(base_url.to_owned()))?;
        Ok(log_info(&server)?)
    }
}

fn log_info(server: &Server) -> Result<LogInfo, CallError> {
    const PATH: &str = "/v1/log";
    let answer = server.get(PATH, None)?.json(PATH)?;
    let number = |name: &str| answer.get(name).and_then(Value::as_u64);
    let policy_json = answer.get("policy").cloned().unwrap_or_default();
    let policy = Policy::parse(policy_json.to_string().as_bytes())
        .map_err(|error| unexpected(PATH, &format!("its policy is none: {error}")))?;
    let (Some(size), Some(time_ms)) = (number("size"), number("time")) else {
        return Err(unexpected(PATH, "it has no size and time"));
    };
    let webhook_key = answer.get("webhook_key").and_then(Value::as_str).map(str::to_owned);
    Ok(LogInfo { policy, policy_json, size, time_ms, webhook_key })
}

impl Client {
    /// What the server says of its ledger. The server's word; [`Client::checkpoint`] is verified.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn log_info_unverified(&self) -> Result<LogInfo, CallError> {
        log_info(&self.server)
    }
}
