//! The way to a provider: TLS with Mozilla's roots (or this machine), no redirects, answers of a bounded size in a bounded time.

use crate::config::is_private_way;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::time::Duration;
use ureq::http::Response;
use ureq::{Agent, Body};
use zeroize::Zeroizing;

/// How long one request may take in all.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer: of keys and settings.
const MAX_BYTES: u64 = 256 * 1024;

/// Asks. Blocks: not for the threads that serve connections.
pub(super) struct Http(Agent);

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// Nobody answered, or in another way than with JSON.
    Unreached,
    /// The answer is no.
    Refused,
}

impl Http {
    pub(super) fn new() -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect would take a secret elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(TIMEOUT))
            .user_agent(concat!("procura-server/", env!("CARGO_PKG_VERSION")))
            .build();
        Self(config.new_agent())
    }

    /// A JSON object; with a token, as its bearer.
    pub(super) fn get(&self, url: &str, token: Option<&str>) -> Result<Map<String, Value>, NoAnswer> {
        private_way(url)?;
        let mut request = self.0.get(url).header("accept", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        object(request.call())
    }

    /// A JSON object in answer to a form; with a name and a secret, as them. RFC 6749 section 2.3.1.
    pub(super) fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
        by: Option<(&str, &str)>,
    ) -> Result<Map<String, Value>, NoAnswer> {
        private_way(url)?;
        let mut request = self.0.post(url).header("accept", "application/json");
        if let Some((name, secret)) = by {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = Zeroizing::new(format!("{}:{}", encoded(name), encoded(secret)));
            request = request.header("authorization", format!("Basic {}", STANDARD.encode(&*pair)));
        }
        object(request.send_form(form.iter().copied()))
    }
}

/// A provider's configuration names addresses; secrets go to none that others can listen to.
fn private_way(url: &str) -> Result<(), NoAnswer> {
    if is_private_way(url) { Ok(()) } else { Err(NoAnswer::Unreached) }
}

fn object(answer: Result<Response<Body>, ureq::Error>) -> Result<Map<String, Value>, NoAnswer> {
    let mut answer = answer.map_err(|_| NoAnswer::Unreached)?;
    match answer.status().as_u16() {
        200 => {}
        400..500 => return Err(NoAnswer::Refused),
        _ => return Err(NoAnswer::Unreached),
    }
    let bytes = answer.body_mut().with_config().limit(MAX_BYTES).read_to_vec();
    let bytes = Zeroizing::new(bytes.map_err(|_| NoAnswer::Unreached)?);
    serde_json::from_slice(&bytes).map_err(|_| NoAnswer::Unreached)
}
