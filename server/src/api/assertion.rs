//! The JWT with which a party asks for a token (RFC 7523 section 3, `private_key_jwt`), signed by a key in the ledger.
//!
//! Other people's libraries write it: any order of members, any spacing. What decides stands in the ledger.
//!
//! spec: http.md#who-calls

use super::body::open_object;
use procura_core::key::{PublicKey, SignatureError};
use procura_core::{Hash, Millis, b64};
use serde_json::{Map, Value};

/// The most bytes of an assertion.
const MAX_BYTES: usize = 8 * 1024;
/// The most characters of a `jti`.
const MAX_JTI_CHARS: usize = 256;
/// The longest time from `iat` to `exp`.
const MAX_LIFETIME_MS: u64 = 5 * 60 * 1000;
/// How far the two clocks may differ.
const SKEW_MS: u64 = 60 * 1000;

/// Why a text is no assertion to be taken. The sentence is for the client's developer; none tells what is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum AssertionError {
    #[error("the assertion is not a compact JWS of two JSON objects in base64url, of at most 8 KiB")]
    Form,
    #[error("the assertion's alg is neither Ed25519 nor EdDSA")]
    Alg,
    #[error("the assertion's header has a crit or b64 that is not understood")]
    Critical,
    #[error("the assertion's kid is not the id of a key record")]
    Kid,
    #[error("the assertion's iss and sub are not one party's id")]
    Party,
    #[error("the assertion's aud is neither the ledger's origin nor the token endpoint's URL")]
    Audience,
    #[error("the assertion's iat or exp is missing, or they lie more than five minutes apart")]
    Lifetime,
    #[error("the assertion is not in force now; see to the clock")]
    NotNow,
    #[error("the assertion's jti is not 1 to 256 characters")]
    Jti,
    #[error("the assertion's key is not in force for this party, or the signature is not this key's")]
    Signer,
    #[error("the assertion was used before; sign a new one")]
    Used,
}

/// An assertion whose form and claims are right. Whether its signature counts is still to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assertion {
    /// `kid`: the key record.
    pub(super) kid: Hash,
    /// `iss` and `sub`: the party.
    pub(super) party: Hash,
    /// `jti`.
    pub(super) jti: String,
    /// When it can't be used any longer, the skew included.
    pub(super) ends: Millis,
    signing_input: String,
    signature: [u8; 64],
}

impl Assertion {
    /// Reads an assertion meant for one of `audiences`, in force at `now`.
    pub(super) fn parse(text: &str, audiences: &[&str], now: Millis) -> Result<Self, AssertionError> {
        if text.len() > MAX_BYTES {
            return Err(AssertionError::Form);
        }
        let (signing_input, signature) = text.rsplit_once('.').ok_or(AssertionError::Form)?;
        let (header, claims) = signing_input.split_once('.').ok_or(AssertionError::Form)?;
        let signature = b64::decode_array(signature).map_err(|_| AssertionError::Form)?;
        let (header, claims) = (object(header)?, object(claims)?);
        let kid = check_header(&header)?;
        let party = hash(&claims, "sub").ok_or(AssertionError::Party)?;
        if hash(&claims, "iss") != Some(party) {
            return Err(AssertionError::Party);
        }
        if !audience(&claims).is_some_and(|aud| audiences.contains(&aud)) {
            return Err(AssertionError::Audience);
        }
        let ends = check_time(&claims, now)?;
        let jti = claims.get("jti").and_then(Value::as_str).ok_or(AssertionError::Jti)?;
        if jti.is_empty() || jti.chars().count() > MAX_JTI_CHARS {
            return Err(AssertionError::Jti);
        }
        Ok(Self { kid, party, jti: jti.to_owned(), ends, signing_input: signing_input.to_owned(), signature })
    }

    /// The signature is `key`'s.
    pub(super) fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        key.verify(self.signing_input.as_bytes(), &self.signature)
    }
}

fn object(part: &str) -> Result<Map<String, Value>, AssertionError> {
    let bytes = b64::decode(part).map_err(|_| AssertionError::Form)?;
    open_object(&bytes).map_err(|_| AssertionError::Form)
}

/// RFC 7515 section 4: what is not understood is ignored, unless `crit` says that it must not be.
fn check_header(header: &Map<String, Value>) -> Result<Hash, AssertionError> {
    if !matches!(header.get("alg").and_then(Value::as_str), Some("Ed25519" | "EdDSA")) {
        return Err(AssertionError::Alg);
    }
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(AssertionError::Critical);
    }
    hash(header, "kid").ok_or(AssertionError::Kid)
}

fn hash(members: &Map<String, Value>, name: &str) -> Option<Hash> {
    members.get(name)?.as_str()?.parse().ok()
}

/// One audience, alone or in an array: an assertion for two could be used at the one by the other.
fn audience(claims: &Map<String, Value>) -> Option<&str> {
    match claims.get("aud")? {
        Value::String(one) => Some(one),
        Value::Array(items) => match items.as_slice() {
            [Value::String(one)] => Some(one),
            _ => None,
        },
        _ => None,
    }
}

/// When the assertion ends, if it is in force at `now`.
fn check_time(claims: &Map<String, Value>, now: Millis) -> Result<Millis, AssertionError> {
    let issued = instant(claims, "iat").ok_or(AssertionError::Lifetime)?;
    let expires = instant(claims, "exp").ok_or(AssertionError::Lifetime)?;
    if expires <= issued || expires - issued > MAX_LIFETIME_MS {
        return Err(AssertionError::Lifetime);
    }
    let starts = match claims.get("nbf") {
        Some(_) => instant(claims, "nbf").ok_or(AssertionError::Lifetime)?.max(issued),
        None => issued,
    };
    let ends = expires.saturating_add(SKEW_MS);
    if starts > now.0.saturating_add(SKEW_MS) || now.0 >= ends {
        return Err(AssertionError::NotNow);
    }
    Ok(Millis(ends))
}

/// A NumericDate (RFC 7519 section 2): seconds, with or without a fraction; here in milliseconds.
fn instant(claims: &Map<String, Value>, name: &str) -> Option<u64> {
    let value = claims.get(name)?;
    match value.as_u64() {
        Some(seconds) => seconds.checked_mul(1000),
        // The cast cuts off what lies below a millisecond, and saturates.
        None => value.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| (seconds * 1000.0) as u64),
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what libraries write is read, each claim that is wrong is refused for its own reason. Method: an assertion
    //! that is taken, changed in one way at a time.

    use super::*;
    use procura_core::key::{Signer, SoftKey};
    use serde_json::json;

    const NOW: Millis = Millis(1_800_000_000_000);
    const KID: Hash = Hash([1; 32]);
    const PARTY: Hash = Hash([2; 32]);
    const AUDIENCES: [&str; 2] = ["trial/0", "http://127.0.0.1/oauth/token"];

    fn sign(header: &Value, claims: &Value) -> String {
        let input = format!(
            "{}.{}",
            b64::encode(header.to_string().as_bytes()),
            b64::encode(claims.to_string().as_bytes())
        );
        let signature = SoftKey::from_seed(&[3; 32]).sign(input.as_bytes()).unwrap();
        format!("{input}.{}", b64::encode(&signature))
    }

    fn header() -> Value {
        json!({"typ": "JWT", "alg": "EdDSA", "kid": KID})
    }

    fn claims() -> Value {
        let now = NOW.0 / 1000;
        json!({"sub": PARTY, "iss": PARTY, "aud": "trial/0", "iat": now, "exp": now + 300, "jti": "x", "more": 1.5})
    }

    fn answer(header: &Value, claims: &Value) -> Result<Assertion, AssertionError> {
        Assertion::parse(&sign(header, claims), &AUDIENCES, NOW)
    }

    #[test]
    fn what_libraries_write_is_read() {
        let assertion = answer(&header(), &claims()).unwrap();
        assert_eq!((assertion.kid, assertion.party, assertion.jti.as_str()), (KID, PARTY, "x"));
        assert_eq!(assertion.ends, Millis(NOW.0 + 300_000 + SKEW_MS));
        assert_eq!(assertion.verify(&SoftKey::from_seed(&[3; 32]).public_key()), Ok(()));
        assert!(assertion.verify(&SoftKey::from_seed(&[4; 32]).public_key()).is_err());
        for aud in [json!(AUDIENCES[1]), json!([AUDIENCES[0]])] {
            let mut claims = claims();
            claims["aud"] = aud;
            assert!(answer(&header(), &claims).is_ok());
        }
        let mut fraction = claims();
        fraction["iat"] = json!(NOW.0 as f64 / 1000.0 + 0.25);
        assert!(answer(&header(), &fraction).is_ok());
    }

    #[test]
    fn every_claim_that_is_wrong() {
        use AssertionError as E;
        let now = NOW.0 / 1000;
        for (name, value, expected) in [
            ("iss", json!(KID), E::Party),
            ("sub", json!("x"), E::Party),
            ("aud", json!("trial/1"), E::Audience),
            ("aud", json!([]), E::Audience),
            ("aud", json!(AUDIENCES), E::Audience),
            ("iat", json!("now"), E::Lifetime),
            ("iat", json!(-1), E::Lifetime),
            ("iat", json!(now - 1), E::Lifetime),
            ("exp", json!(now + 301), E::Lifetime),
            ("exp", json!(now), E::Lifetime),
            ("exp", json!(null), E::Lifetime),
            ("nbf", json!(now + 61), E::NotNow),
            ("nbf", json!("x"), E::Lifetime),
            ("jti", json!(""), E::Jti),
            ("jti", json!(1), E::Jti),
            ("jti", json!("x".repeat(257)), E::Jti),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            assert_eq!(answer(&header(), &claims), Err(expected), "{name} {value}");
        }
        for (at, expected) in [(now + 61, E::NotNow), (now - 361, E::NotNow)] {
            let mut claims = claims();
            (claims["iat"], claims["exp"]) = (json!(at), json!(at + 300));
            assert_eq!(answer(&header(), &claims), Err(expected), "{at}");
        }
    }

    #[test]
    fn every_header_that_is_wrong() {
        use AssertionError as E;
        for (name, value, expected) in [
            ("alg", json!("none"), E::Alg),
            ("alg", json!("HS256"), E::Alg),
            ("alg", json!(null), E::Alg),
            ("crit", json!(["exp"]), E::Critical),
            ("b64", json!(false), E::Critical),
            ("kid", json!("x"), E::Kid),
        ] {
            let mut header = header();
            header[name] = value.clone();
            assert_eq!(answer(&header, &claims()), Err(expected), "{name} {value}");
        }
    }

    #[test]
    fn what_is_no_jws() {
        let good = sign(&header(), &claims());
        let (input, signature) = good.rsplit_once('.').unwrap();
        for text in [
            String::new(),
            input.to_owned(),
            format!("{input}."),
            format!("{good}.{signature}"),
            format!("{good}="),
            format!(" {good}"),
            "a".repeat(MAX_BYTES + 1),
        ] {
            assert_eq!(Assertion::parse(&text, &AUDIENCES, NOW), Err(AssertionError::Form), "{text}");
        }
    }
}
