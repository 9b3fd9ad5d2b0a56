//! ID tokens: whether a provider signed one, for this client, in this login, and now. OpenID Connect Core section 3.1.3.7.
//!
//! The crate `jsonwebtoken` reads a token and judges issuer, audience and time; the signature is `ring`'s, which TLS brings along.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Validation};
use procura_core::hash::sha256;
use ring::signature as ring;
use serde_json::{Map, Value};

/// How far the two clocks may differ.
const SKEW_S: u64 = 60;

/// Signatures that a token may have. None that anybody who knows a client's secret could make, and not none.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why a token is not taken. None holds what it said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenError {
    /// None of the keys that are known; there may be a newer one.
    UnknownKey,
    /// It is not signed by that key, or by no way of signing that is taken.
    Signature,
    /// Another provider's.
    Issuer,
    /// For another client, or also for another.
    Audience,
    /// It is over.
    Time,
    /// Of another login.
    Nonce,
    /// Not one of these, or none at all.
    Form,
}

impl TokenError {
    /// What about it is wrong.
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::UnknownKey => "the key",
            Self::Signature => "the signature",
            Self::Issuer => "the issuer",
            Self::Audience => "the audience",
            Self::Time => "the time",
            Self::Nonce => "the nonce",
            Self::Form => "its form",
        }
    }
}

/// What a token must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// The keys of a provider that are for signatures; others it may have don't matter.
pub(super) fn keys(set: &Map<String, Value>) -> Vec<Jwk> {
    let all = set.get("keys").and_then(Value::as_array).into_iter().flatten();
    let keys = all.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
    keys.filter(|key| {
        let is_public = matches!(
            key.algorithm,
            AlgorithmParameters::RSA(_)
                | AlgorithmParameters::EllipticCurve(_)
                | AlgorithmParameters::OctetKeyPair(_)
        );
        is_public && !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption))
    })
    .collect()
}

/// The claims of a token that is all that it must be.
pub(super) fn verified(
    token: &str,
    keys: &[Jwk],
    expected: Expected<'_>,
) -> Result<Map<String, Value>, TokenError> {
    // It stays: whoever comes second is told so.
    let _ = RING.install_default();
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Form)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenError::Signature);
    }
    let jwk = match &header.kid {
        Some(kid) => keys.iter().find(|key| key.common.key_id.as_ref() == Some(kid)),
        // Without a name it can only be the only one.
        None => Some(keys).and_then(|keys| if let [only] = keys { Some(only) } else { None }),
    };
    let key =
        DecodingKey::from_jwk(jwk.ok_or(TokenError::UnknownKey)?).map_err(|_| TokenError::UnknownKey)?;
    let mut validation = Validation::new(header.alg);
    validation.leeway = SKEW_S;
    validation.validate_nbf = true;
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let read = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation);
    let claims = read.map_err(|error| of(error.kind()))?.claims;
    check(&claims, expected)?;
    Ok(claims)
}

fn of(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::ExpiredSignature | ErrorKind::ImmatureSignature => TokenError::Time,
        ErrorKind::InvalidSignature
        | ErrorKind::InvalidKeyFormat
        | ErrorKind::InvalidAlgorithm
        | ErrorKind::UnsupportedAlgorithm => TokenError::Signature,
        _ => TokenError::Form,
    }
}

/// What the crate leaves to those who use it, or takes more lightly.
fn check(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<(), TokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(TokenError::Issuer);
    }
    let is_us = |value: &Value| value.as_str() == Some(expected.client_id);
    let is_for_us_alone = match claims.get("aud") {
        Some(Value::Array(all)) => !all.is_empty() && all.iter().all(is_us),
        Some(one) => is_us(one),
        None => false,
    };
    if !is_for_us_alone || claims.get("azp").is_some_and(|azp| !is_us(azp)) {
        return Err(TokenError::Audience);
    }
    let hash = |text: &str| sha256(&[text.as_bytes()]);
    match text("nonce") {
        Some(nonce) if hash(nonce) == hash(expected.nonce) => Ok(()),
        _ => Err(TokenError::Nonce),
    }
}

/// Signatures by `ring`, verified only: it signs nothing.
static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| Err(ErrorKind::UnsupportedAlgorithm.into()),
        rsa_pub_components_from_public_key: |_| Err(ErrorKind::UnsupportedAlgorithm.into()),
        ec_pub_components_from_private_key: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
        ed_pub_components_from_private_key: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
        compute_digest: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    },
};

/// A key, and a way of signing that is meant for it.
struct ByRing {
    algorithm: Algorithm,
    key: DecodingKey,
    way: Way,
}

#[derive(Clone, Copy)]
enum Way {
    Rsa(&'static ring::RsaParameters),
    Other(&'static dyn ring::VerificationAlgorithm),
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let (family, way) = match algorithm {
        Algorithm::RS256 => (AlgorithmFamily::Rsa, Way::Rsa(&ring::RSA_PKCS1_2048_8192_SHA256)),
        Algorithm::RS384 => (AlgorithmFamily::Rsa, Way::Rsa(&ring::RSA_PKCS1_2048_8192_SHA384)),
        Algorithm::RS512 => (AlgorithmFamily::Rsa, Way::Rsa(&ring::RSA_PKCS1_2048_8192_SHA512)),
        Algorithm::PS256 => (AlgorithmFamily::Rsa, Way::Rsa(&ring::RSA_PSS_2048_8192_SHA256)),
        Algorithm::PS384 => (AlgorithmFamily::Rsa, Way::Rsa(&ring::RSA_PSS_2048_8192_SHA384)),
        Algorithm::PS512 => (AlgorithmFamily::Rsa, Way::Rsa(&ring::RSA_PSS_2048_8192_SHA512)),
        Algorithm::ES256 => (AlgorithmFamily::Ec, Way::Other(&ring::ECDSA_P256_SHA256_FIXED)),
        Algorithm::ES384 => (AlgorithmFamily::Ec, Way::Other(&ring::ECDSA_P384_SHA384_FIXED)),
        Algorithm::EdDSA => (AlgorithmFamily::Ed, Way::Other(&ring::ED25519)),
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    if key.family() != family {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(ByRing { algorithm: *algorithm, key: key.clone(), way }))
}

impl Verifier<Vec<u8>> for ByRing {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        let wrong = |_| signature::Error::new();
        match (self.key.kind(), self.way) {
            (DecodingKeyKind::RsaModulusExponent { n, e }, Way::Rsa(way)) => {
                ring::RsaPublicKeyComponents { n, e }.verify(way, message, signed).map_err(wrong)
            }
            (DecodingKeyKind::SecretOrDer(key), Way::Other(way)) => {
                ring::UnparsedPublicKey::new(way, key).verify(message, signed).map_err(wrong)
            }
            _ => Err(signature::Error::new()),
        }
    }
}

impl JwtVerifier for ByRing {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests {
    //! Goal: only a token that the provider signed, for us, for this login and for now is taken. Method: one that is right in each
    //! family of keys, then each thing about it wrong.

    use super::*;
    use ::ring::rand::SystemRandom;
    use ::ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
    use procura_core::b64;
    use serde_json::json;
    use std::time::{SystemTime, UNIX_EPOCH};

    const EXPECTED: Expected<'static> =
        Expected { issuer: "https://p.example", client_id: "us", nonce: "this-login" };

    fn now_s() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    fn claims() -> Value {
        json!({"iss": "https://p.example", "sub": "7", "aud": "us", "exp": now_s() + 300, "iat": now_s(), "nonce": "this-login"})
    }

    struct Signs(Ed25519KeyPair);

    impl Signs {
        fn new(seed: u8) -> Self {
            Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
        }

        fn set(&self) -> Map<String, Value> {
            let x = b64::encode(self.0.public_key().as_ref());
            let next =
                b64::encode(Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap().public_key().as_ref());
            object(json!({"keys": [
                {"kty": "OKP", "crv": "X448", "x": "AA", "kid": "strange"},
                {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
                {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "enc", "use": "enc"},
                {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "a", "use": "sig", "alg": "EdDSA"},
                {"kty": "OKP", "crv": "Ed25519", "x": next, "kid": "next"},
            ]}))
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let text = signed_text(header, claims);
            format!("{text}.{}", b64::encode(self.0.sign(text.as_bytes()).as_ref()))
        }
    }

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("an object") };
        object
    }

    fn signed_text(header: &Value, claims: &Value) -> String {
        format!(
            "{}.{}",
            b64::encode(header.to_string().as_bytes()),
            b64::encode(claims.to_string().as_bytes())
        )
    }

    fn header() -> Value {
        json!({"alg": "EdDSA", "kid": "a"})
    }

    fn read(token: &str) -> Result<Map<String, Value>, TokenError> {
        verified(token, &keys(&Signs::new(1).set()), EXPECTED)
    }

    #[test]
    fn what_is_right_is_taken() {
        let signs = Signs::new(1);
        assert_eq!(read(&signs.token(&header(), &claims())).unwrap()["sub"], "7");
        let mut several = claims();
        several["aud"] = json!(["us"]);
        several["azp"] = json!("us");
        assert!(read(&signs.token(&header(), &several)).is_ok());
    }

    #[test]
    fn each_claim_that_is_wrong_is_refused() {
        let signs = Signs::new(1);
        for (name, value, expected) in [
            ("iss", json!("https://q.example"), TokenError::Issuer),
            ("iss", json!(["https://p.example", "https://q.example"]), TokenError::Issuer),
            ("iss", Value::Null, TokenError::Form),
            ("aud", json!("them"), TokenError::Audience),
            ("aud", json!(["us", "them"]), TokenError::Audience),
            ("aud", json!([]), TokenError::Audience),
            ("aud", Value::Null, TokenError::Form),
            ("azp", json!("them"), TokenError::Audience),
            ("exp", json!(now_s() - SKEW_S - 5), TokenError::Time),
            ("exp", json!("never"), TokenError::Form),
            ("exp", Value::Null, TokenError::Form),
            ("nbf", json!(now_s() + SKEW_S + 30), TokenError::Time),
            ("sub", Value::Null, TokenError::Form),
            ("nonce", json!("another-login"), TokenError::Nonce),
            ("nonce", json!(["this-login"]), TokenError::Nonce),
            ("nonce", Value::Null, TokenError::Nonce),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            assert_eq!(read(&signs.token(&header(), &claims)), Err(expected), "{name} {value}");
        }
    }

    #[test]
    fn each_signature_that_is_wrong_is_refused() {
        let (signs, other) = (Signs::new(1), Signs::new(2));
        let good = signs.token(&header(), &claims());
        assert_eq!(read(&other.token(&header(), &claims())), Err(TokenError::Signature));
        let text = signed_text(&header(), &claims());
        assert_eq!(
            read(&format!("{text}.{}", good.rsplit('.').next().unwrap())).is_ok(),
            text == good.rsplit_once('.').unwrap().0
        );
        let none = signed_text(&json!({"alg": "none", "kid": "a"}), &claims());
        assert!(read(&format!("{none}.")).is_err());
        for (changed, expected) in [
            // The public key taken for a shared secret.
            (json!({"alg": "HS256", "kid": "a"}), TokenError::Signature),
            (json!({"alg": "HS256", "kid": "shared"}), TokenError::Signature),
            (json!({"alg": "EdDSA", "kid": "shared"}), TokenError::UnknownKey),
            (json!({"alg": "EdDSA", "kid": "next"}), TokenError::Signature),
            (json!({"alg": "RS256", "kid": "a"}), TokenError::Signature),
            (json!({"alg": "ES256", "kid": "a"}), TokenError::Signature),
            (json!({"alg": "EdDSA", "kid": "enc"}), TokenError::UnknownKey),
            (json!({"alg": "EdDSA", "kid": "strange"}), TokenError::UnknownKey),
            (json!({"alg": "EdDSA", "kid": "b"}), TokenError::UnknownKey),
            // Two keys are there: which one?
            (json!({"alg": "EdDSA"}), TokenError::UnknownKey),
        ] {
            assert_eq!(read(&signs.token(&changed, &claims())), Err(expected), "{changed}");
        }
        for place in [5, good.find('.').unwrap() + 9, good.len() - 5] {
            let mut bytes = good.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            assert!(read(&String::from_utf8(bytes).unwrap()).is_err(), "{place}");
        }
    }

    #[test]
    fn keys_on_a_curve() {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = (b64::encode(&point[1..33]), b64::encode(&point[33..]));
        let set = object(json!({"keys": [{"kty": "EC", "crv": "P-256", "x": x, "y": y}]}));
        let text = signed_text(&json!({"alg": "ES256"}), &claims());
        let signed = pair.sign(&random, text.as_bytes()).unwrap();
        let token = format!("{text}.{}", b64::encode(signed.as_ref()));
        assert!(verified(&token, &keys(&set), EXPECTED).is_ok(), "without a name, of the only key");
        assert_eq!(verified(&token, &keys(&Signs::new(1).set()), EXPECTED), Err(TokenError::UnknownKey));
    }
}
