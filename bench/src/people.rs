//! Who is in the ledgers that are measured: citizens counted from 0, whose keys and records follow from their numbers, so that
//! nothing but a number needs to be kept of them. None of them has an identifier that a person could have.

use crate::Outcome;
use procura_core::days::Day;
use procura_core::draft::{Draft, Occasion};
use procura_core::hash::sha256;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{PartyType, Validity, proof_of_possession_message};
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use serde_json::json;

/// The category that all mandates are for.
pub(crate) const CATEGORY: &str = "pension";
/// A purpose that the catalogue has.
pub(crate) const PURPOSE: &str = "read";

/// The names that everything in one ledger follows from.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// The ledger's.
    pub(crate) origin: String,
    /// When its records were signed.
    pub(crate) began: Millis,
}

/// A party and the id of its key record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ids {
    /// The party.
    pub(crate) party: Hash,
    /// Its key record.
    pub(crate) kid: Hash,
}

/// Whoever signs: how records name the key, and the key.
pub(crate) struct By {
    /// The id of the key record, or a root key's thumbprint.
    pub(crate) kid: Hash,
    /// The key.
    pub(crate) key: SoftKey,
}

/// So many bytes that follow from a word and a number.
pub(crate) fn fixed<const N: usize>(word: &str, n: u64) -> [u8; N] {
    let block = sha256(&[b"procura-bench", word.as_bytes(), &n.to_be_bytes()]);
    let mut bytes = [0; N];
    bytes.iter_mut().zip(block.0).for_each(|(byte, from)| *byte = from);
    bytes
}

/// The key of citizen `n`.
pub(crate) fn key(n: u64) -> SoftKey {
    SoftKey::from_seed(&fixed("citizen", n))
}

/// How citizen `n` is looked up.
pub(crate) fn identifier(n: u64) -> String {
    format!("bench:{n:010}")
}

impl Names {
    /// An occasion that the word and the number make unique.
    pub(crate) fn occasion(&self, word: &str, n: u64) -> Occasion<'_> {
        Occasion { origin: &self.origin, nonce: fixed(word, n), now: self.began }
    }

    /// The party record of a citizen, or of an institution with roles.
    pub(crate) fn party(&self, n: u64, identifier: &str, roles: Option<&[&str]>) -> Outcome<Draft> {
        let party_type = if roles.is_some() { PartyType::Institution } else { PartyType::Person };
        let salts = [fixed("salt", n), fixed("salt of the name", n)];
        let (handle, name) = (fixed("handle", n), Some("Somebody"));
        let occasion = self.occasion("party", n);
        let draft = Draft::party(&occasion, party_type, handle, &identifier.parse()?, name, &salts)?;
        Ok(match roles {
            Some(roles) if !roles.is_empty() => draft.member("roles", json!(roles)),
            _ => draft,
        })
    }

    /// The record that binds a party's first key.
    pub(crate) fn key_record(&self, n: u64, party: &Hash, key: &SoftKey) -> Outcome<Draft> {
        let occasion = self.occasion("key record", n);
        let public = key.public_key();
        let message = proof_of_possession_message(&self.origin, party, &public, &occasion.nonce);
        Ok(Draft::key(&occasion, party, &public, &key.sign(&message)?, "first", "substantial"))
    }

    /// The catalogue.
    pub(crate) fn catalogue(&self) -> Draft {
        let title = |text: &str| json!({"de": text, "en": text, "fr": text, "nl": text});
        Draft::new("catalogue", &self.occasion("catalogue", 0))
            .member("code", json!("bench"))
            .member("version", json!(1))
            .member(
                "categories",
                json!([
                    {"code": CATEGORY, "title": title("Pension")},
                    {"code": "tax", "title": title("Taxes")},
                ]),
            )
            .member("purposes", json!([{"code": PURPOSE, "title": title("Read")}]))
            .member("bases", json!([]))
            .member(
                "schemes",
                json!([{
                    "code": "bench", "title": title("Citizen of a benchmark"), "party_types": ["person"],
                    "form": {"characters": ["digits"], "min": 10, "max": 10},
                }]),
            )
    }

    /// From the day of signing on, for a year.
    pub(crate) fn a_year(&self) -> Outcome<Validity> {
        let from = Day::of(self.began).ok_or("a clock beyond the year 9999")?;
        Ok(Validity::of_days(from, Some(Day::new(from.year() + 1, from.month(), 1)?)))
    }

    /// Mandate `n`, as it is signed.
    pub(crate) fn mandate(&self, n: u64, parties: [&Ids; 2], catalogue: &Hash, validity: &Validity) -> Draft {
        let ([from, to], scopes) = (parties, [CATEGORY.to_owned()]);
        Draft::mandate(&self.occasion("mandate", n), &from.party, &to.party, catalogue, &scopes, validity)
    }

    /// The mandatee's yes to mandate `n`.
    pub(crate) fn acceptance(&self, n: u64, mandate: &Hash) -> Draft {
        Draft::on("acceptance", &self.occasion("acceptance", n), mandate)
    }
}

impl By {
    /// Signs.
    pub(crate) fn sign(&self, draft: Draft) -> Outcome<Submission> {
        Ok(draft.sign(&self.kid, &self.key)?)
    }
}

/// Who gives mandate `n` to whom among so many citizens: no pair twice.
pub(crate) fn pair(n: u64, citizens: u64) -> (u64, u64) {
    let from = n % citizens;
    (from, (from + 1 + n / citizens) % citizens)
}

/// Every other mandate is accepted, of every citizen and in every round.
pub(crate) fn is_accepted(n: u64, citizens: u64) -> bool {
    (n % citizens + n / citizens).is_multiple_of(2)
}

/// Of ten citizens the helper accepted nine's mandates.
pub(crate) fn has_helper(n: u64) -> bool {
    !n.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_pair_twice_and_nobody_with_themselves() {
        let citizens = 10;
        let pairs: BTreeSet<_> = (0..90).map(|n| pair(n, citizens)).collect();
        assert_eq!(pairs.len(), 90);
        assert!(pairs.iter().all(|(from, to)| from != to));
        assert_eq!((0..90).filter(|n| is_accepted(*n, citizens)).count(), 45);
    }
}
