//! One provider of OpenID Connect: the code flow with PKCE, state and nonce.
//!
//! spec: http.md#enrolment

use super::http::{Http, NoAnswer};
use super::token::{self, Expected, TokenError};
use crate::config::{ClientAuth, ProviderSettings, is_private_way};
use crate::private::{self, PrivateError};
use jsonwebtoken::jwk::Jwk;
use procura_core::b64;
use procura_core::hash::sha256;
use procura_core::kinds::Assurance;
use procura_ledger::Random;
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long a provider's configuration and keys are good.
const LASTS: Duration = Duration::from_secs(3600);
/// A key that nobody knows may be new: keys are fetched again for it, so often at most.
const RENEWED: Duration = Duration::from_secs(60);
/// After a failure the next one is not asked sooner.
const RESTS: Duration = Duration::from_secs(2);

/// Why a provider's word is not to be had, or not to be taken. None holds what it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProviderError {
    /// It can't be reached, or does not answer as a provider does.
    #[error("the provider can't be reached, or does not answer as one does: {0}")]
    Unreached(&'static str),
    /// What it says is not proven.
    #[error("what the provider says is not proven: {0}")]
    Unproven(&'static str),
}

/// What must be known again when somebody comes back.
pub(super) struct Sent {
    state: String,
    nonce: String,
    verifier: String,
}

impl Sent {
    fn new(random: &dyn Random) -> Result<Self, PrivateError> {
        let fresh = || Ok(b64::encode(&private::fresh::<32>(random)?));
        Ok(Self { state: fresh()?, nonce: fresh()?, verifier: fresh()? })
    }

    /// Whether it is this that somebody was sent with. By their hashes: how long that takes tells nothing.
    pub(super) fn is_state(&self, state: &str) -> bool {
        sha256(&[state.as_bytes()]) == sha256(&[self.state.as_bytes()])
    }

    /// RFC 7636 section 4.2.
    fn challenge(&self) -> String {
        b64::encode(&sha256(&[self.verifier.as_bytes()]).0)
    }
}

/// A provider.
pub(super) struct Provider {
    pub(super) settings: ProviderSettings,
    redirect: String,
    secret: Zeroizing<String>,
    http: Http,
    met: Mutex<Met>,
}

/// What is known of a provider, and since when.
#[derive(Default)]
struct Met {
    known: Option<(Instant, Arc<Metadata>)>,
    failed: Option<Instant>,
}

/// OpenID Connect Discovery 1.0 section 3, as much as is used.
struct Metadata {
    authorization: String,
    token: String,
    userinfo: Option<String>,
    keys: Vec<Jwk>,
}

impl Provider {
    /// A provider that sends people back to `redirect`.
    pub(super) fn new(settings: ProviderSettings, secret: Zeroizing<String>, redirect: String) -> Self {
        Self { settings, redirect, secret, http: Http::new(), met: Mutex::default() }
    }

    /// Where somebody is to be sent, and what must be known when they come back.
    pub(super) fn ask(
        &self,
        language: &str,
        random: &dyn Random,
    ) -> Result<(String, Sent), super::LoginError> {
        let met = self.metadata(LASTS)?;
        let sent = Sent::new(random).map_err(crate::registrar::RegistrarError::from)?;
        Ok((self.address(&met.authorization, &sent, language), sent))
    }

    /// OpenID Connect Core section 3.1.2.1.
    fn address(&self, endpoint: &str, sent: &Sent, language: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("scope", &self.scope())
            .append_pair("state", &sent.state)
            .append_pair("nonce", &sent.nonce)
            .append_pair("code_challenge", &sent.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("ui_locales", language)
            // A key is bound: whoever is signed in there must show once more that it is them.
            .append_pair("prompt", "login");
        if ["acr", "amr"].contains(&self.settings.assurance_claim.as_str()) {
            query.append_pair("acr_values", &self.wanted());
        }
        if self.settings.request_claims {
            query.append_pair("claims", &self.claims().to_string());
        }
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        format!("{endpoint}{joint}{}", query.finish())
    }

    fn scope(&self) -> String {
        let others = self.settings.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid");
        std::iter::once("openid").chain(others).collect::<Vec<_>>().join(" ")
    }

    /// What the assurance claim may say, the surest first.
    fn wanted(&self) -> String {
        let of = |level: Assurance| {
            let all = self.settings.assurance.iter();
            all.filter(move |(_, known)| **known == level).map(|(value, _)| value.as_str())
        };
        Assurance::ALL.into_iter().rev().flat_map(of).collect::<Vec<_>>().join(" ")
    }

    /// OpenID Connect Core section 5.5.
    fn claims(&self) -> Value {
        let settings = &self.settings;
        let mut all = Map::new();
        if let Some(name) = &settings.name_claim {
            all.insert(name.clone(), Value::Null);
        }
        all.insert(settings.claim.clone(), json!({"essential": true}));
        if settings.userinfo { json!({ "userinfo": all }) } else { json!({ "id_token": all }) }
    }

    /// What the provider says of whoever came back with this code, verified.
    pub(super) fn redeem(&self, code: &str, sent: &Sent) -> Result<Map<String, Value>, ProviderError> {
        let met = self.metadata(LASTS)?;
        let answer = self.exchange(&met.token, code, sent)?;
        let text = |name: &str| answer.get(name).and_then(Value::as_str);
        let token = text("id_token").ok_or(ProviderError::Unproven("no ID token"))?;
        let settings = &self.settings;
        let expected =
            Expected { issuer: &settings.issuer, client_id: &settings.client_id, nonce: &sent.nonce };
        let claims = match token::verified(token, &met.keys, expected) {
            // The key may be newer than what is known of the provider.
            Err(TokenError::UnknownKey) => token::verified(token, &self.metadata(RENEWED)?.keys, expected),
            outcome => outcome,
        };
        let claims = claims.map_err(|error| ProviderError::Unproven(error.what()))?;
        if !settings.userinfo {
            return Ok(claims);
        }
        let access = text("access_token").ok_or(ProviderError::Unreached("no access token"))?;
        let endpoint = met.userinfo.as_deref().ok_or(ProviderError::Unreached("no userinfo endpoint"))?;
        let more = self.http.get(endpoint, Some(access)).map_err(|_| ProviderError::Unreached("userinfo"))?;
        merged(claims, more)
    }

    /// OpenID Connect Core section 3.1.3.
    fn exchange(&self, endpoint: &str, code: &str, sent: &Sent) -> Result<Map<String, Value>, ProviderError> {
        let (id, secret) = (self.settings.client_id.as_str(), self.secret.as_str());
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("code_verifier", &sent.verifier),
        ];
        let by = match self.settings.client_auth {
            ClientAuth::Basic => Some((id, secret)),
            ClientAuth::Post => {
                form.extend([("client_id", id), ("client_secret", secret)]);
                None
            }
        };
        self.http.post(endpoint, &form, by).map_err(|error| match error {
            NoAnswer::Refused => ProviderError::Unproven("the code"),
            NoAnswer::Unreached => ProviderError::Unreached("the token endpoint"),
        })
    }

    /// Its configuration and keys, not older than that. One who asks waits for another who does.
    fn metadata(&self, most: Duration) -> Result<Arc<Metadata>, ProviderError> {
        let mut met = self.lock();
        if let Some((since, known)) = &met.known
            && since.elapsed() < most
        {
            return Ok(Arc::clone(known));
        }
        if met.failed.is_some_and(|since| since.elapsed() < RESTS) {
            return Err(ProviderError::Unreached("its configuration"));
        }
        match self.discovered() {
            Some(found) => {
                let found = Arc::new(found);
                *met = Met { known: Some((Instant::now(), Arc::clone(&found))), failed: None };
                Ok(found)
            }
            None => {
                met.failed = Some(Instant::now());
                Err(ProviderError::Unreached("its configuration"))
            }
        }
    }

    /// OpenID Connect Discovery 1.0 section 4.
    fn discovered(&self) -> Option<Metadata> {
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let said = self.http.get(&address, None).ok()?;
        let text = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
        // Another one's configuration, however it came here.
        text("issuer").filter(|said| said == issuer)?;
        let keys = token::keys(&self.http.get(&text("jwks_uri")?, None).ok()?);
        let authorization = text("authorization_endpoint").filter(|url| is_private_way(url))?;
        Some(Metadata {
            authorization,
            token: text("token_endpoint")?,
            userinfo: text("userinfo_endpoint"),
            keys,
        })
    }

    /// What is known is whole between any two statements.
    fn lock(&self) -> MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the userinfo adds, if it is about the same person. What was signed stands. OpenID Connect Core section 5.3.2.
fn merged(
    mut claims: Map<String, Value>,
    more: Map<String, Value>,
) -> Result<Map<String, Value>, ProviderError> {
    if claims.get("sub") != more.get("sub") {
        return Err(ProviderError::Unproven("whom userinfo is about"));
    }
    for (name, value) in more {
        claims.entry(name).or_insert(value);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    //! Goal: what is asked of a provider is all that makes an answer checkable, and userinfo adds without changing. Method: an address
    //! taken apart; claims put together.

    use super::*;
    use procura_ledger::OsRandom;
    use std::collections::BTreeMap;

    fn provider(more: &str) -> Provider {
        let settings = format!(
            r#"
            name = "p"
            title = "P"
            issuer = "https://p.example"
            client_id = "us"
            client_secret_file = "s"
            scopes = ["profile", "openid"]
            claim = "number"
            scheme = "niss"
            assurance = {{ "b" = "low", "a" = "substantial", "c" = "high" }}
            {more}
            "#
        );
        let secret = Zeroizing::new("secret".to_owned());
        Provider::new(toml::from_str(&settings).unwrap(), secret, "https://l.example/enrol/p".to_owned())
    }

    fn asked(more: &str, endpoint: &str) -> (BTreeMap<String, String>, Sent) {
        let sent = Sent::new(&OsRandom).unwrap();
        let address = provider(more).address(endpoint, &sent, "fr");
        let query = address.split_once('?').unwrap().1.to_owned();
        (form_urlencoded::parse(query.as_bytes()).into_owned().collect(), sent)
    }

    #[test]
    fn the_address_asks_for_all_that_is_checked() {
        let (query, sent) = asked("", "https://p.example/auth");
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "us"),
            ("redirect_uri", "https://l.example/enrol/p"),
            ("scope", "openid profile"),
            ("acr_values", "c a b"),
            ("prompt", "login"),
            ("ui_locales", "fr"),
            ("code_challenge_method", "S256"),
            ("state", &sent.state),
            ("nonce", &sent.nonce),
        ] {
            assert_eq!(query[name], value, "{name}");
        }
        assert_ne!(query["code_challenge"], sent.verifier, "only its hash goes out");
        assert!(!query.contains_key("claims"));
        assert!(sent.is_state(&sent.state) && !sent.is_state("") && !sent.is_state(&sent.nonce));
    }

    #[test]
    fn what_is_configured_is_asked_for() {
        let (query, _) = asked(
            "request_claims = true\nuserinfo = true\nassurance_claim = \"loa\"",
            "https://p.example/auth?a=b",
        );
        assert_eq!(query["a"], "b", "what the endpoint has is kept");
        assert_eq!(query["claims"], r#"{"userinfo":{"number":{"essential":true}}}"#);
        assert!(!query.contains_key("acr_values"), "another claim is no acr");
    }

    #[test]
    fn userinfo_adds_and_changes_nothing() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let claims = object(json!({"sub": "7", "acr": "a"}));
        let more = object(json!({"sub": "7", "acr": "c", "number": "1"}));
        let all = merged(claims.clone(), more).unwrap();
        assert_eq!((&all["acr"], &all["number"]), (&json!("a"), &json!("1")));
        for other in [json!({"sub": "8", "number": "1"}), json!({"number": "1"})] {
            assert!(merged(claims.clone(), object(other)).is_err());
        }
    }
}
