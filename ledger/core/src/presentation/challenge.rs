//! What a verifier asks for: to be shown a mandate, by a key over its nonce.
//!
//! spec: presentations.md#challenge

use crate::json::{Field, JsonError, MemberError, Members};
use crate::{Hash, b64};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The largest challenge in bytes.
const MAX_BYTES: usize = 2048;
/// The longest text of an audience.
const MAX_AUDIENCE: usize = 255;
/// Begins the audience of a party.
const PARTY: &str = "procura:party:";
/// Before the text of a challenge in an address.
const PAGE: &str = "/present#";

/// A verifier's challenge. A nonce is for one challenge, and taken once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The ledger whose receipts the verifier believes.
    pub origin: String,
    /// Who the verifier is.
    pub aud: Audience,
    /// 32 random bytes.
    pub nonce: Hash,
    /// What it needs of what may be withheld.
    pub show: BTreeSet<Showable>,
    /// What must be permitted now, if it asks.
    pub question: Option<Asked>,
}

/// What may be shown of what may be withheld.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Showable {
    /// The identifier of the party for whom the mandate is shown.
    Identifier,
    /// Its name.
    Name,
    /// The mandate's reference.
    Reference,
}

impl Showable {
    /// Each, in the order of their names.
    pub const ALL: [Self; 3] = [Self::Identifier, Self::Name, Self::Reference];

    /// The member's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identifier => "identifier",
            Self::Name => "name",
            Self::Reference => "reference",
        }
    }
}

impl FromStr for Showable {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.name() == text);
        found.ok_or_else(|| "identifier, name or reference".to_owned())
    }
}

/// A category and a purpose: may they do this, now?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// A category's code.
    pub category: String,
    /// A purpose's code.
    pub purpose: String,
}

/// Who a verifier is, in one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(String);

impl Audience {
    /// A party of the ledger.
    #[must_use]
    pub fn party(id: &Hash) -> Self {
        Self(format!("{PARTY}{id}"))
    }

    /// The party, if it is one's.
    #[must_use]
    pub fn as_party(&self) -> Option<Hash> {
        self.0.strip_prefix(PARTY)?.parse().ok()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Audience {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let is_one = match text.strip_prefix(PARTY) {
            Some(id) => id.parse::<Hash>().is_ok(),
            None => is_origin(text),
        };
        if is_one && text.len() <= MAX_AUDIENCE {
            Ok(Self(text.to_owned()))
        } else {
            Err("procura:party: and a party's id, or an origin such as https://example.org".to_owned())
        }
    }
}

/// Whether text is an origin as browsers write it: by `https`, or by `http` on this machine.
fn is_origin(text: &str) -> bool {
    let (host, default, local) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, "443", false),
        (_, Some(rest)) => (rest, "80", true),
        _ => return false,
    };
    let (host, port) = host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_port = |port: &str| {
        port != default && !port.starts_with('0') && port.parse::<u16>().is_ok_and(|n| n.to_string() == port)
    };
    host.split('.').all(is_label)
        && port.is_none_or(is_port)
        && (!local || matches!(host, "localhost" | "127.0.0.1"))
}

/// Why text is no challenge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Not JSON as we take it, or over 2 KiB.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another form.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// A later version.
    #[error("the challenge is of version {0}; this software reads 1")]
    Version(u64),
}

impl ChallengeError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Json(error) => error.name(),
            Self::Member(error) => error.name(),
            Self::Version(_) => "unknown_version",
        }
    }
}

impl Challenge {
    /// Reads a challenge.
    ///
    /// # Errors
    /// [`ChallengeError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChallengeError> {
        let mut members = Members::parse_strict(bytes, MAX_BYTES)?;
        let version = members.take_u64("v")?;
        if version != 1 {
            return Err(ChallengeError::Version(version));
        }
        let challenge = Self {
            origin: members.take_str("origin")?,
            aud: members.take("aud", |field| field.parse("who the verifier is", |text| text.parse().ok()))?,
            nonce: members.take_hash("nonce")?,
            show: members.take_opt("show", showables)?.unwrap_or_default(),
            question: members.take_opt("question", Asked::read)?,
        };
        members.finish()?;
        Ok(challenge)
    }

    /// Reads what stands behind the `#` of an address, or such an address.
    ///
    /// # Errors
    /// [`ChallengeError`]; `None` if there is no base64url.
    pub fn from_address(typed: &str) -> Option<Result<Self, ChallengeError>> {
        let text = typed.trim().rsplit_once('#').map_or(typed.trim(), |(_, text)| text);
        Some(Self::parse(&b64::decode(text).ok()?))
    }

    /// The challenge as JSON text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        put("v", json!(1));
        put("origin", json!(self.origin));
        put("aud", json!(self.aud.0));
        put("nonce", json!(self.nonce));
        if !self.show.is_empty() {
            put("show", self.show.iter().map(|one| one.name()).collect());
        }
        if let Some(Asked { category, purpose }) = &self.question {
            put("question", json!({ "category": category, "purpose": purpose }));
        }
        Value::Object(members).to_string()
    }

    /// As an address of a ledger's pages, which no server sees behind the `#`.
    #[must_use]
    pub fn address(&self, server: &str) -> String {
        format!("{server}{PAGE}{}", b64::encode(self.to_json().as_bytes()))
    }
}

fn showables(field: Field) -> Result<BTreeSet<Showable>, MemberError> {
    let refused = field.mistyped("names that may be withheld, ascending");
    let names = field.array_of(|field| field.parse("such a name", |text| text.parse::<Showable>().ok()))?;
    let ascending = names.is_sorted_by(|a, b| a < b) && !names.is_empty();
    if ascending { Ok(names.into_iter().collect()) } else { Err(refused) }
}

impl Asked {
    fn read(field: Field) -> Result<Self, MemberError> {
        let mut members = field.object()?;
        let mut code = |name| {
            members.take(name, |field| field.parse("a code", |text| is_code(text).then(|| text.to_owned())))
        };
        let asked = Self { category: code("category")?, purpose: code("purpose")? };
        members.finish()?;
        Ok(asked)
    }
}

fn is_code(text: &str) -> bool {
    let tail = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(tail)
}

#[cfg(test)]
mod tests {
    //! Goal: a challenge says one thing in one way, and comes back as it was sent. Method: audiences, each with its twin that
    //! is none; a challenge through its address.

    use super::*;

    #[test]
    fn who_asks_is_written_in_one_way() {
        let party = Audience::party(&Hash([7; 32]));
        assert_eq!(party.as_party(), Some(Hash([7; 32])));
        let good =
            ["https://example.org", "https://a-b.example:8443", "http://127.0.0.1:8080", "http://localhost"];
        for text in good.into_iter().chain([party.as_str()]) {
            assert_eq!(text.parse::<Audience>().unwrap().as_str(), text);
        }
        let long = format!("https://{}.example", ["a"; 130].join("."));
        for text in [
            "",
            "https://",
            "https://Example.org",
            "https://example.org/",
            "https://example.org:443",
            "https://a..b",
            "https://user@example.org",
            "https://example.org:0",
            "https://example.org:70000",
            "http://example.org",
            "http://127.0.0.1:80",
            "ftp://example.org",
            "procura:party:",
            "procura:party:AAAA",
            "example.org",
            "https://-a.b",
            "https://a.b:08",
            "https://a.b:",
            "https://[::1]",
            "https://exämple.org",
            &long,
        ] {
            assert!(text.parse::<Audience>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_challenge_comes_back_as_it_was_sent() {
        let plain = Challenge {
            origin: "trial/o".to_owned(),
            aud: "https://example.org".parse().unwrap(),
            nonce: Hash([1; 32]),
            show: BTreeSet::new(),
            question: None,
        };
        let whole = Challenge {
            show: Showable::ALL.into_iter().collect(),
            question: Some(Asked { category: "tax".to_owned(), purpose: "read".to_owned() }),
            ..plain.clone()
        };
        for challenge in [&plain, &whole] {
            let address = challenge.address("https://ledger.example");
            assert_eq!(Challenge::from_address(&address).unwrap().as_ref(), Ok(challenge));
            assert!(address.len() < 600);
        }
        let changed = |change: &dyn Fn(&mut Value)| {
            let mut value: Value = serde_json::from_str(&whole.to_json()).unwrap();
            change(&mut value);
            Challenge::parse(value.to_string().as_bytes()).map_or_else(|error| error.name(), |_| "accept")
        };
        assert_eq!(changed(&|_| {}), "accept");
        assert_eq!(changed(&|value| value["v"] = json!(2)), "unknown_version");
        assert_eq!(changed(&|value| value["show"] = json!(["name", "identifier"])), "member_mistyped");
        assert_eq!(changed(&|value| value["show"] = json!([])), "member_mistyped");
        assert_eq!(changed(&|value| value["show"] = json!(["label"])), "member_mistyped");
        assert_eq!(changed(&|value| value["question"]["purpose"] = json!("Read")), "member_mistyped");
        assert_eq!(changed(&|value| value["nonce"] = json!("AAAA")), "member_mistyped");
        assert_eq!(changed(&|value| value["exp"] = json!(1)), "member_unknown");
        assert_eq!(changed(&|value| value["origin"] = json!("x".repeat(3000))), "json_too_large");
    }
}
