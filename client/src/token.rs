//! Access tokens: `private_key_jwt` (RFC 7523), each assertion used once.
//!
//! spec: http.md#who-calls

use crate::client::{Client, Identity};
use crate::error::{CallError, ReadError, TokenError};
use crate::http::{Send, unexpected};
use procura_core::jws::Jws;
use procura_core::{Millis, b64};
use serde_json::{Value, json};
use std::sync::PoisonError;
use zeroize::Zeroizing;

const PATH: &str = "/oauth/token";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion is valid, in seconds.
const ASSERTION_S: u64 = 60;
/// A token is renewed this long before it expires, in milliseconds.
const MARGIN_MS: u64 = 30_000;

/// A token and until when it is used.
pub(crate) struct Token {
    text: Zeroizing<String>,
    until: Millis,
}

impl Client {
    /// An access token of this client's party, got anew when the last one is about to expire.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn token(&self) -> Result<Zeroizing<String>, TokenError> {
        let mut kept = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        if let Some(token) = kept.as_ref().filter(|token| now < token.until) {
            return Ok(token.text.clone());
        }
        let identity = self.identity.as_ref().ok_or(TokenError::NoIdentity)?;
        let token = self.fetch_token(identity, now)?;
        let text = token.text.clone();
        *kept = Some(token);
        Ok(text)
    }

    /// Gets something private. Tokens end with the server's process: if it knows this one no longer, it is asked once more with a
    /// new one.
    pub(crate) fn private<T>(&self, ask: impl Fn(&str) -> Result<T, CallError>) -> Result<T, ReadError> {
        let token = self.token()?;
        match ask(&token) {
            Err(error) if error.refusal(401).is_some() => {
                self.forget(&token);
                Ok(ask(&self.token()?)?)
            }
            answer => Ok(answer?),
        }
    }

    /// The same for what can be had without a token: by a client without identity.
    pub(crate) fn private_if_may<T>(
        &self,
        ask: impl Fn(Option<&str>) -> Result<T, CallError>,
    ) -> Result<T, ReadError> {
        if self.identity.is_some() { self.private(|token| ask(Some(token))) } else { Ok(ask(None)?) }
    }

    /// The token for a request that can do without: `None` if this client has no identity.
    pub(crate) fn token_if_any(&self) -> Result<Option<Zeroizing<String>>, TokenError> {
        if self.identity.is_some() { self.token().map(Some) } else { Ok(None) }
    }

    /// Another thread may have got a new token meanwhile: that stays.
    fn forget(&self, token: &Zeroizing<String>) {
        let mut kept = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_some_and(|kept| kept.text == *token) {
            *kept = None;
        }
    }

    fn fetch_token(&self, identity: &Identity, now: Millis) -> Result<Token, TokenError> {
        let assertion = assertion(identity, &self.policy.origin, now)?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
        ];
        let reply = self.server.post(PATH, Send::Form(&form), None).map_err(|error| match error {
            CallError::Refused(problem) if matches!(problem.status, 400 | 401) => {
                TokenError::Refused(problem)
            }
            error => TokenError::Call(error),
        })?;
        let answer = reply.json(PATH).map_err(TokenError::Call)?;
        let text = answer.get("access_token").and_then(Value::as_str);
        let expires_in = answer.get("expires_in").and_then(Value::as_u64);
        match (text, expires_in) {
            (Some(text), Some(seconds)) if text.bytes().all(|b| b.is_ascii_graphic()) => Ok(Token {
                text: Zeroizing::new(text.to_owned()),
                until: Millis((now.0 + seconds.saturating_mul(1000)).saturating_sub(MARGIN_MS)),
            }),
            _ => Err(TokenError::Call(unexpected(PATH, "it has no access_token with expires_in"))),
        }
    }
}

/// The signed statement of who asks, for the ledger `origin`.
fn assertion(identity: &Identity, origin: &str, now: Millis) -> Result<String, TokenError> {
    let mut jti = [0; 16];
    getrandom::fill(&mut jti).map_err(|error| TokenError::Sign(error.to_string()))?;
    let now_s = now.0 / 1000;
    let claims = json!({
        "iss": identity.party, "sub": identity.party, "aud": origin,
        "iat": now_s, "exp": now_s + ASSERTION_S, "jti": b64::encode(&jti),
    });
    Jws::sign(&identity.kid, "JWT", claims.to_string().as_bytes(), identity.signer.as_ref())
        .map_err(|error| TokenError::Sign(error.to_string()))
}

#[cfg(test)]
mod tests {
    //! Goal: an assertion says who asks, of whom, for how long, once. Method: read one back.

    use super::*;
    use procura_core::Hash;
    use procura_core::key::{Signer as _, SoftKey};
    use std::sync::Arc;

    #[test]
    fn an_assertion_says_who_asks_once() {
        let key = SoftKey::from_seed(&[3; 32]);
        let public = key.public_key();
        let identity = Identity { kid: Hash([1; 32]), party: Hash([2; 32]), signer: Arc::new(key) };
        let now = Millis(1_000_000);
        let text = assertion(&identity, "trial/x", now).unwrap();
        let jws = Jws::parse(&text, "JWT").unwrap();
        jws.verify(&public).unwrap();
        assert_eq!(*jws.kid(), identity.kid);
        let claims: Value = serde_json::from_slice(jws.payload()).unwrap();
        assert_eq!((&claims["iss"], &claims["aud"]), (&claims["sub"], &json!("trial/x")));
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(1000), &json!(1060)));
        assert_ne!(assertion(&identity, "trial/x", now).unwrap(), text, "jti is fresh");
    }
}
