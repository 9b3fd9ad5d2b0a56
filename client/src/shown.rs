//! A mandate or consent that somebody shows.
//!
//! spec: http.md#shown

use crate::client::{Client, Proven};
use crate::error::ReadError;
use crate::http::Send;
use procura_core::hash::show_token;
use procura_core::receipt::{Mode, VerifiedStatus, verify_status};
use procura_core::{Hash, b64};
use serde_json::json;

/// What shows a record: its id, and the token that everybody knows who holds a receipt of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The record's id.
    pub id: Hash,
    /// Its token.
    pub token: Hash,
}

impl Shown {
    /// Of a record and its opening, which a verified receipt has.
    #[must_use]
    pub fn of(id: Hash, r: &[u8; 64]) -> Self {
        Self { id, token: show_token(r) }
    }

    /// As an address of a server's page: id and token stand behind the `#`, which no server sees.
    #[must_use]
    pub fn address(&self, server: &str) -> String {
        format!("{server}/verify#{}", b64::encode(&[self.id.0, self.token.0].concat()))
    }

    /// Read back from such an address, or from what stands behind its `#`.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let text = typed.rsplit_once('#').map_or(typed, |(_, text)| text);
        let bytes: [u8; 64] = b64::decode_array(text).ok()?;
        let (id, token) = bytes.split_first_chunk::<32>()?;
        Some(Self { id: Hash(*id), token: Hash(token.try_into().ok()?) })
    }
}

impl Client {
    /// What is shown, as it stands now, proven to be this very record. Nobody's token is needed.
    ///
    /// # Errors
    /// [`ReadError`]; a refusal with status 404 if it is not there, erased, of another kind, or shown with another token.
    pub fn shown(&self, shown: &Shown) -> Result<Proven<VerifiedStatus>, ReadError> {
        let body = json!({ "id": shown.id, "token": shown.token }).to_string();
        let asking = self.asking()?;
        let reply = self.server.post("/v1/receipts", Send::Json(&body), None)?;
        let verify = |bytes: &[u8], policy: &_, mode| verify_status(bytes, &shown.id, None, policy, mode);
        asking.believe(reply, Mode::Fresh(self.now()), verify)
    }
}
