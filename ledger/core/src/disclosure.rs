//! Members that a presentation may leave out: SD-JWT disclosures (RFC 9901), flat, of object properties only.
//!
//! A payload holds digests in `_sd`; each disclosure is the base64url of `["salt","name",value]` in RFC 8785
//! form. SHA-256 is fixed by the payload's version, so there is no `_sd_alg`; there are no decoy digests, since
//! at admission every digest must be disclosed.
//!
//! spec: encoding.md#disclosures

use crate::hash::sha256;
use crate::json::{JsonError, canonical, parse_canonical_array};
use crate::{Hash, b64};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The member of a payload that holds the digests.
pub const SD: &str = "_sd";

/// The most digests a payload may hold.
pub const MAX_DISCLOSURES: usize = 64;

/// The most bytes the text of a disclosure may have.
pub const MAX_DISCLOSURE_BYTES: usize = 16 * 1024;

/// How many random bytes a salt has: at least 128 bits, RFC 9901 section 9.3.
pub const SALT_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// Names that a disclosure may not bear: RFC 9901's own, and the members by which every record is filed.
pub const RESERVED: &[&str] =
    &[SD, "_sd_alg", "...", "v", "kind", "origin", "nonce", "iat", "submit_by", "target"];

/// Why disclosures are not those of a payload. `at` counts disclosures or digests from 0; values, names and
/// salts never appear.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisclosureError {
    /// `_sd` is not an array of 1 to [`MAX_DISCLOSURES`] SHA-256 digests in base64url.
    #[error("_sd is not an array of 1 to {MAX_DISCLOSURES} digests")]
    Digests,
    /// The digests are not strictly ascending as text.
    #[error("digest {at} of _sd does not come after the one before")]
    DigestOrder {
        /// Which.
        at: usize,
    },
    /// `_sd` or `...` stands below the outermost level, or in a disclosed value.
    #[error("digests stand elsewhere than in the payload's own _sd")]
    Nested,
    /// The text is over [`MAX_DISCLOSURE_BYTES`].
    #[error("a disclosure has {size_bytes} bytes, {MAX_DISCLOSURE_BYTES} are allowed")]
    TooLarge {
        /// How many it has.
        size_bytes: usize,
    },
    /// The text is not canonical unpadded base64url.
    #[error("a disclosure is not canonical unpadded base64url")]
    Base64,
    /// The bytes are not JSON in RFC 8785 form.
    #[error("a disclosure is not JSON in canonical form: {0}")]
    Json(#[source] JsonError),
    /// The array is not a string, a string and a value.
    #[error("a disclosure is not [salt, name, value]")]
    Shape,
    /// The salt is not 16 to 64 bytes in base64url.
    #[error("a disclosure's salt is not 16 to 64 bytes in base64url")]
    Salt,
    /// The name is one of [`RESERVED`].
    #[error("a disclosure bears a reserved name")]
    Reserved,
    /// Its digest is not in `_sd`.
    #[error("disclosure {at} is of no digest in _sd")]
    Surplus {
        /// Which.
        at: usize,
    },
    /// The same disclosure twice.
    #[error("disclosure {at} is there twice")]
    Repeated {
        /// The second.
        at: usize,
    },
    /// The name is a member in clear.
    #[error("disclosure {at} names a member that stands in clear")]
    InClear {
        /// Which.
        at: usize,
    },
    /// Two disclosures name one member.
    #[error("disclosure {at} names a member that another names")]
    NameTwice {
        /// The second.
        at: usize,
    },
    /// At admission: a digest without its disclosure.
    #[error("digest {at} of _sd is not disclosed")]
    Undisclosed {
        /// Which.
        at: usize,
    },
}

impl DisclosureError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Digests => "sd_digests",
            Self::DigestOrder { .. } => "sd_digest_order",
            Self::Nested => "sd_nested",
            Self::TooLarge { .. } => "disclosure_too_large",
            Self::Base64 => "disclosure_base64",
            Self::Json(_) => "disclosure_json",
            Self::Shape => "disclosure_shape",
            Self::Salt => "disclosure_salt",
            Self::Reserved => "disclosure_reserved",
            Self::Surplus { .. } => "disclosure_surplus",
            Self::Repeated { .. } => "disclosure_repeated",
            Self::InClear { .. } => "disclosure_in_clear",
            Self::NameTwice { .. } => "disclosure_name_twice",
            Self::Undisclosed { .. } => "disclosure_missing",
        }
    }
}

/// At admission: the members that `disclosures` add to `payload`, when every digest of its `_sd` is disclosed
/// once and nothing else is. A payload without `_sd` takes no disclosures.
///
/// # Errors
/// [`DisclosureError`], the first in the order of spec: encoding.md#disclosures.
pub fn admit(
    payload: &Map<String, Value>,
    disclosures: &[String],
) -> Result<BTreeMap<String, Value>, DisclosureError> {
    let (members, disclosed) = open(payload, disclosures)?;
    match disclosed.iter().position(|disclosed| !disclosed) {
        Some(at) => Err(DisclosureError::Undisclosed { at }),
        None => Ok(members),
    }
}

/// In a presentation: the members that `disclosures` add to `payload`; the others are withheld.
///
/// # Errors
/// As [`admit`], but a digest may be without its disclosure.
pub fn present(
    payload: &Map<String, Value>,
    disclosures: &[String],
) -> Result<BTreeMap<String, Value>, DisclosureError> {
    open(payload, disclosures).map(|(members, _)| members)
}

/// What a payload's `_sd` must hold for `disclosures`: their digests, ascending as text.
#[must_use]
pub fn digests(disclosures: &[Disclosure]) -> Vec<Hash> {
    let mut digests: Vec<String> = disclosures.iter().map(|d| d.digest().to_string()).collect();
    digests.sort_unstable();
    digests.iter().filter_map(|digest| digest.parse().ok()).collect()
}

/// One member that may be withheld, and the salt that keeps its digest from being guessed.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    text: String,
    name: String,
    value: Value,
}

impl Disclosure {
    /// Makes the disclosure of `name`: `salt` is 16 to 64 fresh random bytes, never used for another.
    ///
    /// # Errors
    /// As [`Disclosure::parse`].
    pub fn new(salt: &[u8], name: &str, value: &Value) -> Result<Self, DisclosureError> {
        let array = Value::Array(vec![b64::encode(salt).into(), name.into(), value.clone()]);
        Self::parse(&b64::encode(&canonical(&array)))
    }

    /// Reads a disclosure.
    ///
    /// # Errors
    /// [`DisclosureError`]: `TooLarge`, `Base64`, `Json`, `Shape`, `Salt`, `Reserved` or `Nested`.
    pub fn parse(text: &str) -> Result<Self, DisclosureError> {
        if text.len() > MAX_DISCLOSURE_BYTES {
            return Err(DisclosureError::TooLarge { size_bytes: text.len() });
        }
        let bytes = b64::decode(text).map_err(|_| DisclosureError::Base64)?;
        let items = parse_canonical_array(&bytes, MAX_DISCLOSURE_BYTES).map_err(DisclosureError::Json)?;
        let [Value::String(salt), Value::String(name), value] =
            <[Value; 3]>::try_from(items).map_err(|_| DisclosureError::Shape)?
        else {
            return Err(DisclosureError::Shape);
        };
        if !b64::decode(&salt).is_ok_and(|salt| SALT_BYTES.contains(&salt.len())) {
            return Err(DisclosureError::Salt);
        }
        if RESERVED.contains(&name.as_str()) {
            return Err(DisclosureError::Reserved);
        }
        if holds_digests(&value) {
            return Err(DisclosureError::Nested);
        }
        Ok(Self { text: text.to_owned(), name, value })
    }

    /// What `_sd` holds for it: SHA-256 of its text (RFC 9901 section 4.2.3).
    #[must_use]
    pub fn digest(&self) -> Hash {
        sha256(&[self.text.as_bytes()])
    }

    /// The text: base64url of the JSON array.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The member's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The member's value.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The member.
    #[must_use]
    pub fn into_member(self) -> (String, Value) {
        (self.name, self.value)
    }
}

impl std::fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Disclosure({})", self.digest())
    }
}

/// The members disclosed, and of each digest whether it was.
fn open(
    payload: &Map<String, Value>,
    disclosures: &[String],
) -> Result<(BTreeMap<String, Value>, Vec<bool>), DisclosureError> {
    let digests = read_digests(payload)?;
    let mut disclosed = vec![false; digests.len()];
    let mut members = BTreeMap::new();
    for (at, text) in disclosures.iter().enumerate() {
        let disclosure = Disclosure::parse(text)?;
        let digest = disclosure.digest();
        let place = digests.iter().position(|known| *known == digest);
        let place =
            place.and_then(|place| disclosed.get_mut(place)).ok_or(DisclosureError::Surplus { at })?;
        if std::mem::replace(place, true) {
            return Err(DisclosureError::Repeated { at });
        }
        if payload.contains_key(&disclosure.name) {
            return Err(DisclosureError::InClear { at });
        }
        if members.insert(disclosure.name, disclosure.value).is_some() {
            return Err(DisclosureError::NameTwice { at });
        }
    }
    Ok((members, disclosed))
}

/// The digests of the payload's own `_sd`, none if it has no such member.
fn read_digests(payload: &Map<String, Value>) -> Result<Vec<Hash>, DisclosureError> {
    let nested = |(name, value): (&String, &Value)| name == "..." || (name != SD && holds_digests(value));
    if payload.iter().any(nested) {
        return Err(DisclosureError::Nested);
    }
    let Some(digests) = payload.get(SD) else { return Ok(Vec::new()) };
    let texts: Option<Vec<&str>> = digests.as_array().and_then(|all| all.iter().map(Value::as_str).collect());
    let texts = texts.filter(|texts| (1..=MAX_DISCLOSURES).contains(&texts.len()));
    let texts = texts.ok_or(DisclosureError::Digests)?;
    let digests: Result<Vec<Hash>, _> = texts.iter().map(|text| text.parse()).collect();
    let digests = digests.map_err(|_| DisclosureError::Digests)?;
    // As text, the order that every language's plain sort gives: base64url does not keep that of the bytes.
    match texts.windows(2).position(|pair| !pair.is_sorted_by(|a, b| a < b)) {
        Some(at) => Err(DisclosureError::DigestOrder { at: at + 1 }),
        None => Ok(digests),
    }
}

/// Whether `_sd` or `...` is a name anywhere in `value`.
fn holds_digests(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| name == SD || name == "..." || holds_digests(value))
        }
        Value::Array(items) => items.iter().any(holds_digests),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what was signed for is what is disclosed, all of it at admission. Method: two disclosures and a
    //! payload that fits them, changed in one way at a time.

    use super::*;
    use serde_json::json;

    fn one(salt: u8, name: &str, value: Value) -> Disclosure {
        Disclosure::new(&[salt; 16], name, &value).unwrap()
    }

    fn pair() -> Vec<Disclosure> {
        vec![one(1, "name", json!("Ann")), one(2, "address", json!({ "city": "Ghent" }))]
    }

    fn texts(disclosures: &[Disclosure]) -> Vec<String> {
        disclosures.iter().map(|d| d.text().to_owned()).collect()
    }

    fn payload(disclosures: &[Disclosure]) -> Map<String, Value> {
        match json!({ "_sd": digests(disclosures), "v": 1 }) {
            Value::Object(map) => map,
            _ => unreachable!(),
        }
    }

    fn name<T>(result: Result<T, DisclosureError>) -> &'static str {
        result.map_or_else(|error| error.name(), |_| "accept")
    }

    fn parsed(json: &str) -> &'static str {
        name(Disclosure::parse(&b64::encode(json.as_bytes())))
    }

    #[test]
    fn all_at_admission_some_at_presentation() {
        let (payload, all) = (payload(&pair()), texts(&pair()));
        let members = admit(&payload, &all).unwrap();
        assert_eq!(members["name"], json!("Ann"));
        assert_eq!(members.len(), 2);
        assert_eq!(present(&payload, &all), Ok(members));
        let reversed: Vec<String> = all.iter().rev().cloned().collect();
        assert_eq!(name(admit(&payload, &reversed)), "accept");
        assert_eq!(present(&payload, &all[..1]).unwrap().len(), 1);
        assert_eq!(present(&payload, &[]).unwrap().len(), 0);
        assert_eq!(name(admit(&payload, &all[..1])), "disclosure_missing");
        assert_eq!(name(admit(&Map::new(), &[])), "accept");
    }

    #[test]
    fn every_refused_set() {
        let (good, all) = (payload(&pair()), texts(&pair()));
        let surplus = [all.clone(), texts(&[one(3, "x", json!(1))])].concat();
        assert_eq!(name(present(&good, &surplus)), "disclosure_surplus");
        assert_eq!(name(present(&Map::new(), &all)), "disclosure_surplus");
        let repeated = [all.clone(), all[..1].to_vec()].concat();
        assert_eq!(name(present(&good, &repeated)), "disclosure_repeated");
        let mut clear = good.clone();
        clear.insert("name".to_owned(), json!("Bob"));
        assert_eq!(name(present(&clear, &all)), "disclosure_in_clear");
        let twice = [one(1, "name", json!("Ann")), one(2, "name", json!("Bob"))];
        assert_eq!(name(present(&payload(&twice), &texts(&twice))), "disclosure_name_twice");
        let mut other = one(1, "name", json!("Eve"));
        assert_eq!(name(present(&good, &texts(&[other.clone()]))), "disclosure_surplus");
        other.text.push('A');
        assert_ne!(name(present(&good, &texts(&[other]))), "accept");
    }

    #[test]
    fn every_refused_sd() {
        let digest = |byte: u8| Hash([byte; 32]).to_string();
        let many: Vec<String> = (0..=64).map(|byte| digest(byte * 3)).collect();
        for (sd, expected) in [
            (json!([digest(1)]), "accept"),
            (json!([]), "sd_digests"),
            (json!(null), "sd_digests"),
            (json!(digest(1)), "sd_digests"),
            (json!([1]), "sd_digests"),
            (json!([format!("{}=", digest(1))]), "sd_digests"),
            (json!(["AAAA"]), "sd_digests"),
            (json!(many), "sd_digests"),
            (json!([digest(2), digest(1)]), "sd_digest_order"),
            (json!([digest(1), digest(1)]), "sd_digest_order"),
            // As bytes 0xff… follows 0x00…; as text `_` follows `A`, and `-` (0xf8…) precedes it.
            (json!([digest(0x00), digest(0xff)]), "accept"),
            (json!([digest(0xfb), digest(0x00)]), "accept"),
            (json!([digest(0x00), digest(0xfb)]), "sd_digest_order"),
        ] {
            let payload = json!({ "_sd": sd });
            assert_eq!(name(present(payload.as_object().unwrap(), &[])), expected, "{sd}");
        }
        for nested in [json!({ "a": { "_sd": [] } }), json!({ "a": [{ "...": 1 }] }), json!({ "...": 1 })] {
            assert_eq!(name(present(nested.as_object().unwrap(), &[])), "sd_nested", "{nested}");
        }
    }

    #[test]
    fn every_refused_disclosure() {
        let salt = b64::encode(&[7; 16]);
        let (short, long) = (b64::encode(&[7; 15]), b64::encode(&[7; 65]));
        let large = "x".repeat(MAX_DISCLOSURE_BYTES);
        for (json, expected) in [
            (format!(r#"["{salt}","name","Ann"]"#), "accept"),
            (format!(r#"["{salt}","name",null]"#), "accept"),
            (format!(r#"["{salt}", "name","Ann"]"#), "disclosure_json"),
            (format!(r#"["{salt}","name",{{"b":1,"a":1}}]"#), "disclosure_json"),
            (format!(r#"["{salt}","name",{{"a":1,"a":1}}]"#), "disclosure_json"),
            (format!(r#"["{salt}","name",1.5]"#), "disclosure_json"),
            (format!(r#"["{salt}","name",9007199254740992]"#), "disclosure_json"),
            (r#"{"a":1}"#.to_owned(), "disclosure_json"),
            (format!(r#"["{salt}","Ann"]"#), "disclosure_shape"),
            (format!(r#"["{salt}","name","Ann",1]"#), "disclosure_shape"),
            (format!(r#"["{salt}",1,"Ann"]"#), "disclosure_shape"),
            (r#"[1,"name","Ann"]"#.to_owned(), "disclosure_shape"),
            (format!(r#"["{short}","name","Ann"]"#), "disclosure_salt"),
            (format!(r#"["{long}","name","Ann"]"#), "disclosure_salt"),
            (format!(r#"["{salt}==","name","Ann"]"#), "disclosure_salt"),
            (format!(r#"["{salt}","name",{{"_sd":[]}}]"#), "sd_nested"),
            (format!(r#"["{salt}","name",[{{"...":""}}]]"#), "sd_nested"),
            (format!(r#"["{salt}","name","{large}"]"#), "disclosure_too_large"),
        ] {
            assert_eq!(parsed(&json), expected, "{json:.80}");
        }
        for reserved in RESERVED {
            assert_eq!(parsed(&format!(r#"["{salt}","{reserved}",1]"#)), "disclosure_reserved");
        }
        assert_eq!(name(Disclosure::parse("W10=")), "disclosure_base64");
    }

    /// RFC 9901 section 4.2.3's own example: the digest is over the text as it is.
    #[test]
    fn the_digest_of_the_rfc() {
        let text = "WyI2cU1RdlJMNWhhaiIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
        assert_eq!(sha256(&[text.as_bytes()]).to_string(), "uutlBuYeMDyjLLTpf6Jxi7yNkEF35jdyWMn9U7b_RYY");
        // Its salt is short and its array spaced: none of ours.
        assert_eq!(name(Disclosure::parse(text)), "disclosure_json");
    }

    #[test]
    fn nothing_shows_the_value() {
        assert!(!format!("{:?}", pair()).contains("Ann"));
    }
}
