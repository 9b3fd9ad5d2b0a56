//! JWS in Compact Serialization (RFC 7515 section 7.1), one signature, one way to write it.
//!
//! spec: encoding.md#jws

use crate::hash::record_id;
use crate::json::{JsonError, MAX_PAYLOAD_BYTES, MemberError, Members, canonical};
use crate::key::{PublicKey, SignError, SignatureError, Signer};
use crate::{Hash, b64};
use serde_json::json;

/// `typ` of a record.
pub const RECORD_TYP: &str = "procura+jws";

/// The most bytes a JWS may have: a payload of 64 KiB in base64url, the header and the signature.
pub const MAX_JWS_BYTES: usize = 88 * 1024;

/// Which part of a JWS an error speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first.
    Header,
    /// The second.
    Payload,
    /// The third.
    Signature,
}

/// Why a text is not a JWS as wanted. When several hold, the first in this order is given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwsError {
    /// Longer than [`MAX_JWS_BYTES`], or with a payload over 64 KiB.
    #[error("the JWS or its payload is too large: {size_bytes} bytes, {limit_bytes} are allowed")]
    TooLarge {
        /// How many there are.
        size_bytes: usize,
        /// How many may be.
        limit_bytes: usize,
    },
    /// JSON Serialization, which may carry further signatures.
    #[error("the JWS is in JSON Serialization, only Compact is taken")]
    JsonSerialization,
    /// Not three parts between two full stops.
    #[error("the JWS has {0} parts, not 3")]
    Parts(usize),
    /// A part is not canonical unpadded base64url.
    #[error("the {0:?} part of the JWS is not canonical unpadded base64url")]
    Base64(Part),
    /// The header is not JSON in RFC 8785 form.
    #[error("the JWS header is not in canonical form: {0}")]
    HeaderJson(#[source] JsonError),
    /// The header's members are not exactly `alg`, `kid` and `typ`, all strings.
    #[error("the JWS header has not exactly alg, kid and typ: {0}")]
    HeaderMembers(#[from] MemberError),
    /// `alg` is neither `Ed25519` nor `EdDSA`.
    #[error("the JWS's alg is neither Ed25519 nor EdDSA")]
    Alg,
    /// `typ` is another than the one expected.
    #[error("the JWS's typ is not {expected}")]
    Typ {
        /// The one expected.
        expected: String,
    },
    /// `kid` is not 32 bytes in base64url.
    #[error("the JWS's kid is not 32 bytes in base64url")]
    Kid,
    /// The signature has not 64 bytes.
    #[error("the JWS's signature has {0} bytes, not 64")]
    SignatureLength(usize),
}

impl JwsError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "jws_too_large",
            Self::JsonSerialization => "jws_json_serialization",
            Self::Parts(_) => "jws_parts",
            Self::Base64(_) => "jws_base64",
            Self::HeaderJson(_) => "jws_header_json",
            Self::HeaderMembers(_) => "jws_header_members",
            Self::Alg => "jws_alg",
            Self::Typ { .. } => "jws_typ",
            Self::Kid => "jws_kid",
            Self::SignatureLength(_) => "jws_signature_length",
        }
    }
}

/// How the signer wrote the algorithm. Both are Ed25519 here; the name is part of what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alg {
    /// `Ed25519` (RFC 9864), which we write.
    Ed25519,
    /// `EdDSA` (RFC 8037), which we read.
    EdDsa,
}

impl Alg {
    const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A well-formed JWS. Whether its signature counts is asked with [`Jws::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jws {
    alg: Alg,
    kid: Hash,
    payload: Vec<u8>,
    text: String,
    /// Where the signing input ends in the text.
    signed: usize,
    signature: [u8; 64],
}

impl Jws {
    /// Reads a JWS whose header says `typ`. The payload is any bytes; a record's has its own form.
    ///
    /// # Errors
    /// [`JwsError`], the first in its order.
    pub fn parse(text: &str, typ: &str) -> Result<Self, JwsError> {
        within(text.len(), MAX_JWS_BYTES)?;
        if text.trim_ascii_start().starts_with('{') {
            return Err(JwsError::JsonSerialization);
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwsError::Parts(text.split('.').count()));
        };
        let part = |text, part| b64::decode(text).map_err(|_| JwsError::Base64(part));
        let signed = header.len() + 1 + payload.len();
        let header = part(header, Part::Header)?;
        let payload = part(payload, Part::Payload)?;
        let signature = part(signature, Part::Signature)?;
        within(payload.len(), MAX_PAYLOAD_BYTES)?;
        let (alg, kid) = read_header(&header, typ)?;
        let length = signature.len();
        let signature = signature.try_into().map_err(|_| JwsError::SignatureLength(length))?;
        Ok(Self { alg, kid, payload, text: text.to_owned(), signed, signature })
    }

    /// The record's JWS of these parts, for who stored them apart: a text that [`Jws::parse`] took is the only one of its parts.
    ///
    /// # Errors
    /// [`JwsError::TooLarge`].
    pub fn of_parts(alg: Alg, kid: Hash, payload: Vec<u8>, signature: [u8; 64]) -> Result<Self, JwsError> {
        within(payload.len(), MAX_PAYLOAD_BYTES)?;
        // In RFC 8785 form: none of these values has a character that is escaped there.
        let header = format!(r#"{{"alg":"{}","kid":"{kid}","typ":"{RECORD_TYP}"}}"#, alg.name());
        let mut text = String::with_capacity((header.len() + payload.len() + signature.len()) * 4 / 3 + 8);
        b64::encode_to(header.as_bytes(), &mut text);
        text.push('.');
        b64::encode_to(&payload, &mut text);
        let signed = text.len();
        text.push('.');
        b64::encode_to(&signature, &mut text);
        Ok(Self { alg, kid, payload, text, signed, signature })
    }

    /// Writes the JWS over `payload`, naming the key `kid`: the id of its `key` record, or for a root key its
    /// thumbprint. The text is what [`Jws::parse`] reads, if the payload is within 64 KiB.
    ///
    /// # Errors
    /// [`SignError`] from the signer.
    pub fn sign(kid: &Hash, typ: &str, payload: &[u8], signer: &dyn Signer) -> Result<String, SignError> {
        let header = canonical(&json!({ "alg": "Ed25519", "kid": kid, "typ": typ }));
        let mut text = format!("{}.{}", b64::encode(&header), b64::encode(payload));
        let signature = signer.sign(text.as_bytes())?;
        text.push('.');
        text.push_str(&b64::encode(&signature));
        Ok(text)
    }

    /// The signature is `key`'s over this header and payload. That `kid` names this key is the caller's to see.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), SignatureError> {
        key.verify(self.text.as_bytes().get(..self.signed).unwrap_or_default(), &self.signature)
    }

    /// How the algorithm is written.
    #[must_use]
    pub const fn alg(&self) -> Alg {
        self.alg
    }

    /// Which key the signer says it used.
    #[must_use]
    pub const fn kid(&self) -> &Hash {
        &self.kid
    }

    /// The bytes signed for.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signature, not verified.
    #[must_use]
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The record's identity: of its payload alone, so that signing it again makes no other record.
    #[must_use]
    pub fn id(&self) -> Hash {
        record_id(&self.payload)
    }

    /// The whole text, as it was read: a record's body.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn within(size_bytes: usize, limit_bytes: usize) -> Result<(), JwsError> {
    if size_bytes > limit_bytes { Err(JwsError::TooLarge { size_bytes, limit_bytes }) } else { Ok(()) }
}

fn read_header(header: &[u8], typ: &str) -> Result<(Alg, Hash), JwsError> {
    let mut header = Members::parse_canonical(header).map_err(JwsError::HeaderJson)?;
    let alg = header.take_str("alg")?;
    let kid = header.take_str("kid")?;
    let said_typ = header.take_str("typ")?;
    header.finish()?;
    let alg = match alg.as_str() {
        "Ed25519" => Alg::Ed25519,
        "EdDSA" => Alg::EdDsa,
        _ => return Err(JwsError::Alg),
    };
    if said_typ != typ {
        return Err(JwsError::Typ { expected: typ.to_owned() });
    }
    Ok((alg, kid.parse().map_err(|_| JwsError::Kid)?))
}

#[cfg(test)]
mod tests {
    //! Goal: one text per signed payload. Method: an accepted JWS, changed in one way at a time; and the
    //! published example of RFC 8037 for the signature itself.

    use super::*;
    use crate::key::SoftKey;

    const KID: Hash = Hash([7; 32]);

    fn key() -> SoftKey {
        SoftKey::from_seed(&[1; 32])
    }

    fn good() -> String {
        Jws::sign(&KID, RECORD_TYP, b"{\"a\":1}", &key()).unwrap()
    }

    fn refusal(text: &str) -> &'static str {
        Jws::parse(text, RECORD_TYP).map_or_else(|error| error.name(), |_| "accept")
    }

    fn with_header(header: &str) -> String {
        let rest = good();
        let (_, rest) = rest.split_once('.').unwrap();
        format!("{}.{rest}", b64::encode(header.as_bytes()))
    }

    #[test]
    fn what_is_signed_is_read_and_verified() {
        let text = good();
        let jws = Jws::parse(&text, RECORD_TYP).unwrap();
        assert_eq!(jws.payload(), b"{\"a\":1}");
        assert_eq!((jws.kid(), jws.alg()), (&KID, Alg::Ed25519));
        assert_eq!(jws.id(), record_id(b"{\"a\":1}"));
        assert_eq!(jws.text(), text);
        assert_eq!(jws.verify(&key().public_key()), Ok(()));
        let other = SoftKey::from_seed(&[2; 32]).public_key();
        assert_eq!(jws.verify(&other), Err(SignatureError::Mismatch));
    }

    #[test]
    fn header_and_payload_are_both_signed() {
        let kid = Hash([8; 32]);
        let header = canonical(&json!({ "alg": "Ed25519", "kid": kid, "typ": RECORD_TYP }));
        let jws = Jws::parse(&with_header(std::str::from_utf8(&header).unwrap()), RECORD_TYP).unwrap();
        assert_eq!(jws.verify(&key().public_key()), Err(SignatureError::Mismatch));
        let text = good().replace(&b64::encode(b"{\"a\":1}"), &b64::encode(b"{\"a\":2}"));
        let jws = Jws::parse(&text, RECORD_TYP).unwrap();
        assert_eq!(jws.verify(&key().public_key()), Err(SignatureError::Mismatch));
    }

    #[test]
    fn eddsa_is_read() {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{KID}","typ":"procura+jws"}}"#);
        let input = format!("{}.{}", b64::encode(header.as_bytes()), b64::encode(b"x"));
        let text = format!("{input}.{}", b64::encode(&key().sign(input.as_bytes()).unwrap()));
        let jws = Jws::parse(&text, RECORD_TYP).unwrap();
        assert_eq!((jws.alg(), jws.verify(&key().public_key())), (Alg::EdDsa, Ok(())));
    }

    /// The store keeps parts, and the log commits to the text: whatever is read must be said by its parts alone.
    #[test]
    fn the_parts_give_the_text_back() {
        for alg in ["Ed25519", "EdDSA"] {
            for kid in [KID, Hash([0; 32]), Hash([0xfb; 32]), Hash([0xff; 32])] {
                for length in 0..50_u8 {
                    let payload: Vec<u8> = (0..length).map(|n| n.wrapping_mul(89)).collect();
                    let header = format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"procura+jws"}}"#);
                    let text = [header.as_bytes(), &payload, &[length; 64]].map(b64::encode).join(".");
                    let jws = Jws::parse(&text, RECORD_TYP).unwrap();
                    let again = Jws::of_parts(jws.alg(), *jws.kid(), payload, *jws.signature());
                    assert_eq!(again.as_ref(), Ok(&jws));
                    assert_eq!(again.unwrap().text(), text);
                }
            }
        }
        let of_length = |length| Jws::of_parts(Alg::Ed25519, KID, vec![0; length], [0; 64]);
        let largest = of_length(MAX_PAYLOAD_BYTES).unwrap();
        assert_eq!(Jws::parse(largest.text(), RECORD_TYP), Ok(largest));
        assert_eq!(of_length(MAX_PAYLOAD_BYTES + 1).unwrap_err().name(), "jws_too_large");
    }

    #[test]
    fn every_refused_header() {
        let short = b64::encode(&[7; 31]);
        for (header, expected) in [
            (format!(r#"{{"alg":"Ed25519","kid":"{KID}","typ":"procura+jws"}}"#), "accept"),
            (format!(r#"{{"alg":"none","kid":"{KID}","typ":"procura+jws"}}"#), "jws_alg"),
            (format!(r#"{{"alg":"ed25519","kid":"{KID}","typ":"procura+jws"}}"#), "jws_alg"),
            (format!(r#"{{"alg":"ES256","kid":"{KID}","typ":"procura+jws"}}"#), "jws_alg"),
            (format!(r#"{{"alg":"Ed25519","kid":"{KID}","typ":"JWT"}}"#), "jws_typ"),
            (format!(r#"{{"alg":"Ed25519","kid":"{KID}","typ":"application/procura+jws"}}"#), "jws_typ"),
            (format!(r#"{{"alg":"Ed25519","kid":"{short}","typ":"procura+jws"}}"#), "jws_kid"),
            (format!(r#"{{"alg":"Ed25519","kid":"{KID}=","typ":"procura+jws"}}"#), "jws_kid"),
            (format!(r#"{{"alg":"Ed25519","kid":"{KID}"}}"#), "jws_header_members"),
            (format!(r#"{{"alg":1,"kid":"{KID}","typ":"procura+jws"}}"#), "jws_header_members"),
            (
                format!(r#"{{"alg":"Ed25519","crit":["b64"],"kid":"{KID}","typ":"procura+jws"}}"#),
                "jws_header_members",
            ),
            (format!(r#"{{"kid":"{KID}","alg":"Ed25519","typ":"procura+jws"}}"#), "jws_header_json"),
            (format!(r#"{{"alg":"Ed25519", "kid":"{KID}","typ":"procura+jws"}}"#), "jws_header_json"),
            (
                format!(r#"{{"alg":"none","alg":"Ed25519","kid":"{KID}","typ":"procura+jws"}}"#),
                "jws_header_json",
            ),
            ("[]".to_owned(), "jws_header_json"),
            (String::new(), "jws_header_json"),
        ] {
            assert_eq!(refusal(&with_header(&header)), expected, "{header}");
        }
    }

    #[test]
    fn every_refused_serialization() {
        let good = good();
        let (input, signature) = good.rsplit_once('.').unwrap();
        let short = b64::encode(&[0; 63]);
        for (text, expected) in [
            (good.clone(), "accept"),
            (format!("{good}.{signature}"), "jws_parts"),
            (input.to_owned(), "jws_parts"),
            (String::new(), "jws_parts"),
            (format!("{good}=="), "jws_base64"),
            (format!("{good}\n"), "jws_base64"),
            (format!(" {good}"), "jws_base64"),
            // The last of 86 characters carries 2 bits: Q is 010000, R has a bit beyond the 64 bytes.
            (format!("{input}.{}R", "A".repeat(85)), "jws_base64"),
            (format!("{input}.{}Q", "A".repeat(85)), "accept"),
            (format!("{input}.{short}"), "jws_signature_length"),
            (format!("{input}."), "jws_signature_length"),
            (
                format!(r#"{{"payload":"","signatures":[{{"signature":"{signature}"}}]}}"#),
                "jws_json_serialization",
            ),
            ("A".repeat(MAX_JWS_BYTES + 1), "jws_too_large"),
        ] {
            assert_eq!(refusal(&text), expected, "{text:.80}");
        }
    }

    #[test]
    fn the_largest_payload_fits() {
        let largest = Jws::sign(&KID, RECORD_TYP, &[b' '; MAX_PAYLOAD_BYTES], &key()).unwrap();
        assert_eq!(refusal(&largest), "accept");
        let larger = Jws::sign(&KID, RECORD_TYP, &[b' '; MAX_PAYLOAD_BYTES + 1], &key()).unwrap();
        assert_eq!(refusal(&larger), "jws_too_large");
    }

    /// RFC 8037 appendix A.4: the signature over the published signing input, with the published key.
    #[test]
    fn the_example_of_rfc_8037() {
        let seed = b64::decode_array("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature =
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert_eq!(b64::encode(&SoftKey::from_seed(&seed).sign(input.as_bytes()).unwrap()), signature);
        // Its header lacks kid and typ: a JWS, but none of ours.
        assert_eq!(refusal(&format!("{input}.{signature}")), "jws_header_members");
    }

    /// RFC 7515 appendices A.1 and A.5: fine there, none of ours.
    #[test]
    fn the_examples_of_rfc_7515_are_refused() {
        let payload =
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let hmac = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
        let tag = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(refusal(&format!("{hmac}.{payload}.{tag}")), "jws_header_json");
        assert_eq!(refusal(&format!("eyJhbGciOiJub25lIn0.{payload}.")), "jws_header_members");
    }
}
