//! A record as people write it, before it is signed: its kind's own members. What is the same in every record, and all that is random,
//! is not theirs to write.
//!
//! spec: records.md#drafts

use super::output::Failure;
use super::signing::fresh;
use procura_core::b64;
use procura_core::draft::{Draft, Occasion};
use procura_core::json::parse_strict;
use procura_core::record::Record;
use serde_json::{Map, Value};
use std::path::Path;

/// The largest draft in bytes: four times the largest record, for the spaces that people write.
const MAX_BYTES: usize = 262_144;
/// What is not for the draft to say.
const OURS: [&str; 7] = ["v", "origin", "iat", "submit_by", "_sd", "quorum", "handle"];

/// A draft of a file.
pub(super) struct Drafted {
    pub(super) kind: String,
    /// Of a `key`: what its holder signed to show that they have it.
    nonce: Option<[u8; 32]>,
    withheld: Map<String, Value>,
    members: Map<String, Value>,
}

impl Drafted {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |what: String| {
            Failure::unknown("draft", format!("{} is no draft of a record: {what}", path.display()))
        };
        let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let mut members = parse_strict(&bytes, MAX_BYTES).map_err(|error| wrong(error.to_string()))?;
        if let Some(name) = OURS.iter().find(|name| members.contains_key(**name)) {
            return Err(wrong(format!("{name:?} is set when it is signed, leave it out")));
        }
        let Some(Value::String(kind)) = members.remove("kind") else {
            return Err(wrong("\"kind\" is missing".to_owned()));
        };
        let withheld = match members.remove("withheld") {
            None => Map::new(),
            Some(Value::Object(withheld)) => withheld,
            Some(_) => return Err(wrong("\"withheld\" is no object of members".to_owned())),
        };
        let nonce = match (members.remove("nonce"), kind == "key") {
            (None, false) => None,
            (Some(Value::String(nonce)), true) => Some(
                b64::decode_array(&nonce)
                    .map_err(|_| wrong("\"nonce\" is not 32 bytes in base64url".to_owned()))?,
            ),
            (None, true) => {
                let message = "\"nonce\" is missing: the one that the key's holder was given before `procura key \
                               possession`";
                return Err(wrong(message.to_owned()));
            }
            (Some(_), _) => return Err(wrong("\"nonce\" is only for a key, and a text".to_owned())),
        };
        Ok(Self { kind, nonce, withheld, members })
    }

    /// The record that it is on an occasion. Where the root signs it, its quorum is stated.
    pub(super) fn draft(&self, occasion: &Occasion<'_>, quorum: Option<usize>) -> Result<Draft, Failure> {
        let nonce = self.nonce.unwrap_or(occasion.nonce);
        let mut draft = Draft::new(&self.kind, &Occasion { nonce, ..occasion.clone() });
        for (name, value) in &self.members {
            draft = draft.member(name, value.clone());
        }
        for (name, value) in &self.withheld {
            draft = draft
                .withheld(name, value, &fresh()?)
                .map_err(|error| Failure::unknown(error.name(), format!("\"withheld\": {error}")))?;
        }
        if let Some(quorum) = quorum.filter(|quorum| *quorum > 1) {
            draft = draft.member("quorum", quorum.into());
        }
        if self.kind == "party" { Ok(draft.handle(fresh()?)) } else { Ok(draft) }
    }
}

/// What a record says, a member a line, for whoever is to sign it: all but what every record has.
pub(super) fn told<'a>(
    record: &Record,
    withheld: impl Iterator<Item = (&'a String, &'a Value)>,
) -> Vec<String> {
    let members = serde_json::from_slice::<Map<String, Value>>(record.jws().payload()).unwrap_or_default();
    let common = ["kind", "nonce", "target"];
    let is_own = |name: &&String| !OURS.contains(&name.as_str()) && !common.contains(&name.as_str());
    let mut lines: Vec<String> = members
        .iter()
        .filter(|(name, _)| is_own(name))
        .map(|(name, value)| format!("  {name}: {}", plain(value)))
        .collect();
    lines.extend(withheld.map(|(name, value)| format!("  {name}: {} (withheld)", plain(value))));
    lines
}

/// A text as it is if it can be nothing else on a line, all other values as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if !text.chars().any(char::is_control) => text.clone(),
        other => other.to_string(),
    }
}
