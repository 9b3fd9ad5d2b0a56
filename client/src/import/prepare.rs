//! From rows to signed records: who their mandatees are, and what is signed.

use super::journal::Known;
use super::row::Row;
use super::run::{RunError, Settings};
use crate::client::{Client, Identity};
use crate::courier::{Courier, Tried};
use crate::parties::PartyFound;
use procura_core::days::Day;
use procura_core::draft::{Draft, Occasion};
use procura_core::hash::link_commitment;
use procura_core::identifier::Identifier;
use procura_core::jws::Jws;
use procura_core::kinds::Validity;
use procura_core::record::TYP;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

const DAY_MS: u64 = 24 * 3600 * 1000;

/// Whom the identifiers name, each asked for once.
#[derive(Default)]
pub(super) struct Parties {
    found: HashMap<Identifier, Tried<PartyFound>>,
}

impl Parties {
    /// Looks up those of the rows' mandatees who are not known yet.
    pub(super) fn find(&mut self, courier: &Courier<'_>, rows: &[&Row]) {
        let asked: BTreeSet<&Identifier> =
            rows.iter().map(|row| &row.mandatee).filter(|who| !self.found.contains_key(who)).collect();
        let asked: Vec<&Identifier> = asked.into_iter().collect();
        let answers = courier.each(&asked, |who| courier.read(|client| client.find_party(who)));
        let answers = asked.into_iter().cloned().zip(answers);
        // What was not told is asked again the next time.
        self.found.extend(answers.filter(|(_, answer)| !matches!(answer, Tried::GaveUp)));
    }

    /// What is known of a mandatee.
    pub(super) fn of(&self, row: &Row) -> Option<&Tried<PartyFound>> {
        self.found.get(&row.mandatee)
    }

    /// Forgets a mandatee: the ledger says that nobody is prepared under that id any more.
    pub(super) fn forget(&mut self, row: &Row) {
        self.found.remove(&row.mandatee);
    }

    /// How many of them nobody has registered yet.
    pub(super) fn prepared(&self) -> usize {
        let is_prepared =
            |answer: &&Tried<PartyFound>| matches!(answer, Tried::Done(PartyFound::Prepared(_)));
        self.found.values().filter(is_prepared).count()
    }
}

/// Signs the mandate of a row, with fresh randomness: once it is in the journal these are its bytes.
pub(super) fn sign(
    client: &Client,
    identity: &Identity,
    settings: &Settings,
    row: &Row,
    mandatee: &Hash,
) -> Result<Known, RunError> {
    let now = client.now();
    let occasion = Occasion { origin: &client.policy().origin, nonce: fresh()?, now };
    let from = row.valid_from.or_else(|| Day::of(now)).ok_or(RunError::Clock)?;
    let validity = Validity::of_days(from, row.valid_until);
    let mut draft =
        Draft::mandate(&occasion, &identity.party, mandatee, &settings.catalogue, &row.scopes, &validity)
            .conditions(&row.conditions);
    if let Some(levels) = row.substitution {
        draft = draft.member("substitution", json!(levels));
    }
    let mut link = None;
    if let Some(days) = settings.invite_days {
        let bytes = fresh()?;
        let answer_by = Millis(now.0.saturating_add(days.saturating_mul(DAY_MS)));
        draft = draft.member("link", json!(link_commitment(&bytes))).member("answer_by", json!(answer_by));
        link = Some(bytes);
    }
    if let Some(reference) = &row.reference {
        draft = draft
            .withheld("reference", &Value::from(reference.as_str()), &fresh()?)
            .map_err(|error| RunError::Sign(error.to_string()))?;
    }
    let id = draft.id();
    let submission = draft
        .sign(&identity.kid, identity.signer.as_ref())
        .map_err(|error| RunError::Sign(error.to_string()))?;
    Ok(Known { id, link, given: None, submission: Some(submission) })
}

/// What was signed before, as it is handed in now: by the key of now. The signature is no part of the record.
pub(super) fn signed_by_now(identity: &Identity, submission: &Submission) -> Result<Submission, RunError> {
    let wrong = |error: String| RunError::Sign(error);
    let jws = Jws::parse(&submission.record, TYP).map_err(|error| wrong(error.to_string()))?;
    if *jws.kid() == identity.kid {
        return Ok(submission.clone());
    }
    let record = Jws::sign(&identity.kid, TYP, jws.payload(), identity.signer.as_ref());
    Ok(Submission { record: record.map_err(|error| wrong(error.to_string()))?, ..submission.clone() })
}

/// Whether a refusal says that these very bytes will never be logged, but others that say the same may be.
pub(super) fn wants_new_bytes(name: &str) -> bool {
    // The place that was kept for the mandatee is gone; or it was signed too long ago.
    matches!(name, "unknown_party" | "too_late")
}

fn fresh<const N: usize>() -> Result<[u8; N], RunError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| RunError::Random(error.to_string()))?;
    Ok(bytes)
}
