//! What a link leads to.
//!
//! spec: http.md#links

use crate::client::{Client, Proven};
use crate::error::{Distrust, ReadError};
use crate::http::Send;
use procura_core::b64;
use procura_core::hash::link_commitment;
use procura_core::kinds::link_of;
use procura_core::receipt::{Mode, Question, Receipt, VerifiedStatus, VerifyError, verify_status};
use serde_json::json;

/// A link as an address of a server's: the bytes stand behind the `#`, which no server sees.
///
/// spec: http.md#links
#[must_use]
pub fn link_address(server: &str, link: &[u8; 32]) -> String {
    format!("{server}/r#{}", b64::encode(link))
}

impl Client {
    /// The request, or the mandate or consent by invitation, that may be answered with this link, proven. Nobody's token is
    /// needed.
    ///
    /// # Errors
    /// [`ReadError`]; a refusal with status 404 if nobody made the link, 410 (`link_used`) if it can't be answered any more.
    pub fn linked(&self, link: &[u8; 32]) -> Result<Proven<VerifiedStatus>, ReadError> {
        let body = json!({ "link": b64::encode(link) }).to_string();
        let asking = self.asking()?;
        let reply = self.server.post("/v1/links", Send::Json(&body), None)?;
        let question = Receipt::parse(&reply.body).map_err(Distrust::from)?.question;
        let Question::Status { id, through: None, as_of: None } = question else {
            return Err(Distrust::from(VerifyError::OtherQuestion).into());
        };
        let mode = Mode::Fresh(self.now());
        asking.believe(reply, mode, |bytes, policy, mode| {
            let verified = verify_status(bytes, &id, None, policy, mode)?;
            // It is the record that this very link answers, not just any that the server likes to show.
            let committed = verified.logged().opened.as_ref().and_then(|opened| link_of(&opened.record));
            if committed == Some(link_commitment(link)) {
                Ok(verified)
            } else {
                Err(VerifyError::OtherQuestion)
            }
        })
    }
}
