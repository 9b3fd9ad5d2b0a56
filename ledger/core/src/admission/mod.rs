//! Whether a submission may be logged, and as what. Nothing refused leaves a trace.
//!
//! [`Candidate::read`] needs no state and runs in parallel; [`Candidate::admit`] looks at the state as it will be just before
//! the entry.
//!
//! spec: records.md#refusals

mod erasing;
mod refusal;
mod rules;

pub use erasing::is_past;
pub use refusal::Refusal;

use crate::alias::Claim;
use crate::days::Day;
use crate::hash::handle_commitment;
use crate::identifier::Identifier;
use crate::judge::{Judge, Place, Verdict};
use crate::key::PublicKey;
use crate::kinds::{
    Consent, Content, Invitation, Mandate, NotAllowed, Party, Request, Validity, check_possession,
};
use crate::kv::Unreadable;
use crate::log_keys::LogKey;
use crate::record::Record;
use crate::source::{Lack, Source};
use crate::status::Status;
use crate::submission::Submission;
use crate::{Hash, Millis};
use serde_json::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// The largest disclosure in bytes.
pub const MAX_DISCLOSURE_BYTES: usize = 8192;

/// What the ledger knows beyond its records.
pub trait State: Source {
    /// Whether a party has, or had, a key.
    ///
    /// # Errors
    /// [`Unreadable`].
    fn has_key(&self, party: &Hash) -> Result<bool, Unreadable>;

    /// Whether this party is prepared: it will be logged just before the record that names it.
    fn is_prepared(&self, party: &Hash) -> bool;

    /// The parties in whose lists a record stands, and the transitions on it.
    ///
    /// # Errors
    /// [`Lack`].
    fn parties_of(&self, id: &Hash) -> Result<BTreeSet<Hash>, Lack>;

    /// Whether a record of a party's list is not [past](is_past) at `time`.
    ///
    /// # Errors
    /// [`Lack`].
    fn has_in_force(&self, party: &Hash, time: Millis) -> Result<bool, Lack>;

    /// The mandates and consents that are under a mandate.
    ///
    /// # Errors
    /// [`Lack`].
    fn under(&self, mandate: &Hash) -> Result<Vec<Hash>, Lack>;

    /// The retentions that name a record.
    ///
    /// # Errors
    /// [`Lack`].
    fn retentions_of(&self, id: &Hash) -> Result<Vec<Hash>, Lack>;

    /// The newest hook of a party that has this number.
    ///
    /// # Errors
    /// [`Lack`].
    fn hook_with(&self, party: &Hash, number: u8) -> Result<Option<Hash>, Lack>;

    /// The catalogues that have not ended, oldest first: at hand, whatever was logged.
    fn catalogues(&self) -> &[Hash];

    /// The log's keys, as the list that is in force says: at hand, whatever was logged.
    fn log_keys(&self) -> &[LogKey];
}

/// A submission whose form is right.
#[derive(Debug, Clone)]
pub struct Candidate {
    record: Record,
    disclosures: Vec<String>,
    disclosed: BTreeMap<String, Value>,
    identifier: Option<Identifier>,
    claim: Option<Claim>,
    handle: Option<[u8; 32]>,
    verified_by: Cell<Option<PublicKey>>,
    possession: Cell<Option<Result<(), NotAllowed>>>,
}

/// What becomes of an admitted candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The status that it starts with or leads to; `None` for a trace.
    pub status: Option<Status>,
    /// The record whose status it moves.
    pub target: Option<Hash>,
    /// The parties that it concerns by its own words, besides its signer's: each once.
    pub concerns: Vec<Hash>,
    /// The signer's party; `None` for the root.
    pub signer: Option<Hash>,
}

impl Candidate {
    /// Reads a submission: everything that needs no state.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn read(submission: Submission, origin: &str) -> Result<Self, Refusal> {
        if submission.disclosures.iter().any(|disclosure| disclosure.len() > MAX_DISCLOSURE_BYTES) {
            return Err(Refusal::Oversized);
        }
        let record = Record::parse(&submission.record)?;
        if record.common().origin != origin {
            return Err(Refusal::WrongOrigin);
        }
        let disclosed = record.disclosed(&submission.disclosures, true)?;
        check_text(&disclosed, "reference", 255)?;
        check_text(&disclosed, "name", 200)?;
        check_text(&disclosed, "label", 100)?;
        check_text(&disclosed, "statement", 1000)?;
        check_text(&disclosed, "justification", 1000)?;
        let mut identifier = None;
        if let Content::Party(party) = record.content() {
            // A role is a function under a party; who fills it is nobody else's to look up.
            if party.under.is_none() {
                identifier = Some(read_identifier(&disclosed)?);
            } else if disclosed.contains_key("identifier") {
                return Err(Refusal::Withheld("identifier"));
            }
            check_handle(party, submission.handle.as_ref())?;
        } else if submission.handle.is_some() {
            return Err(Refusal::Handle);
        }
        // Who is looked at in an emergency learns why, and nobody justifies what was none.
        if let Content::Access(access) = record.content()
            && access.emergency != disclosed.contains_key("justification")
        {
            return Err(Refusal::Withheld("justification"));
        }
        if let Content::Mandate(Mandate { validity, invitation, .. })
        | Content::Consent(Consent { validity, invitation, .. })
        | Content::Request(Request { validity, invitation, .. }) = record.content()
        {
            check_validity(validity, record.common().signed_at)?;
            check_invitation(invitation, record.common().signed_at)?;
        }
        Ok(Self {
            record,
            disclosures: submission.disclosures,
            disclosed,
            identifier,
            claim: None,
            handle: submission.handle,
            verified_by: Cell::new(None),
            possession: Cell::new(None),
        })
    }

    /// Verifies the signature under `key`, which the caller found under the record's `kid`, and a key's proof of possession, so
    /// that admission need not: one thread admits, many verify.
    ///
    /// # Errors
    /// [`Refusal::Signature`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), Refusal> {
        if self.verified_by.get() == Some(*key) {
            return Ok(());
        }
        self.record.jws().verify(key).map_err(Refusal::Signature)?;
        self.verified_by.set(Some(*key));
        // Whether it counts is told in its turn, after whether the signer may bind a key at all.
        let _ = self.check_possession();
        Ok(())
    }

    fn check_possession(&self) -> Result<(), NotAllowed> {
        let checked = self.possession.get().unwrap_or_else(|| check_possession(&self.record));
        self.possession.set(Some(checked));
        checked
    }

    /// The record.
    #[must_use]
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// Its disclosures.
    #[must_use]
    pub fn disclosures(&self) -> &[String] {
        &self.disclosures
    }

    /// The members that they disclose.
    #[must_use]
    pub const fn disclosed(&self) -> &BTreeMap<String, Value> {
        &self.disclosed
    }

    /// A party's identifier.
    #[must_use]
    pub const fn identifier(&self) -> Option<&Identifier> {
        self.identifier.as_ref()
    }

    /// The same with the alias of its identifier, which the ledger computes: without, no party is admitted.
    #[must_use]
    pub fn claiming(self, claim: Claim) -> Self {
        Self { claim: Some(claim), ..self }
    }

    /// The alias of its identifier.
    #[must_use]
    pub const fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }

    /// A party's handle.
    #[must_use]
    pub const fn handle(&self) -> Option<&[u8; 32]> {
        self.handle.as_ref()
    }

    /// Decides whether the record may be logged at a place, and as what.
    ///
    /// # Errors
    /// [`Refusal`], the first in the order of the spec.
    pub fn admit<S: State + ?Sized>(&self, state: &S, place: Place) -> Result<Admitted, Refusal> {
        let judge = Judge::trusting_admission(state);
        let judge = if matches!(self.record.content(), Content::Key(_)) { judge.in_full() } else { judge };
        let verify = |key: &PublicKey| match self.verify(key) {
            Err(Refusal::Signature(error)) => Err(Verdict::Signature(place.at, error)),
            _ => Ok(()),
        };
        self.check_named(state)?;
        let status = judge.candidate(&self.record, place, &verify)?;
        self.check_possession().map_err(Refusal::NotAllowed)?;
        self.record.check_time(place.time)?;
        self.check_kind(state, &judge, place)?;
        let concerns = match &self.record.common().target {
            None => (self.record.row().concerns)(&self.record, None),
            Some(target) => {
                let target = state.record(target)?;
                (self.record.row().concerns)(&self.record, Some(&target.opened()?.record))
            }
        };
        let signer = match find(state.record(self.record.jws().kid()))? {
            Some(key) => match key.opened()?.record.content() {
                Content::Key(key) => Some(key.party),
                _ => None,
            },
            None => None,
        };
        let mut once = BTreeSet::new();
        let concerns = concerns.into_iter().filter(|party| once.insert(*party)).collect();
        Ok(Admitted { status, target: self.record.common().target, concerns, signer })
    }

    /// What the judgement of the signature will look up has a status list: a trace's id names nothing to move or to bind to.
    fn check_named<S: State + ?Sized>(&self, state: &S) -> Result<(), Refusal> {
        if let Some(target) = &self.record.common().target {
            match find(state.record(target))? {
                Some(logged) if logged.entry.class().is_create() => {}
                _ => return Err(Refusal::UnknownTarget),
            }
        }
        let (party, pointer) = match self.record.content() {
            Content::Key(key) => (&key.party, "/party"),
            Content::Party(Party { under: Some(under), .. }) => (under, "/under"),
            _ => return Ok(()),
        };
        match find(state.record(party))? {
            Some(logged) if matches!(logged.opened()?.record.content(), Content::Party(_)) => Ok(()),
            _ => Err(Refusal::UnknownParty { pointer }),
        }
    }
}

/// What was found, or `None`; other lacks are refusals.
fn find<T>(found: Result<T, Lack>) -> Result<Option<T>, Refusal> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Lack::Record { .. }) => Ok(None),
        Err(lack) => Err(lack.into()),
    }
}

fn check_validity(validity: &Validity, signed_at: Millis) -> Result<(), Refusal> {
    if !validity.agrees() {
        return Err(Refusal::ValidityMismatch);
    }
    match Day::of(signed_at) {
        Some(day) if validity.valid_from >= day => Ok(()),
        _ => Err(Refusal::Retroactive),
    }
}

fn check_invitation(invitation: &Invitation, signed_at: Millis) -> Result<(), Refusal> {
    if invitation.is_in_time(signed_at) { Ok(()) } else { Err(Refusal::NotAllowed(NotAllowed::AnswerBy)) }
}

fn check_handle(party: &Party, handle: Option<&[u8; 32]>) -> Result<(), Refusal> {
    match handle {
        Some(handle) if handle_commitment(handle) == party.handle => Ok(()),
        _ => Err(Refusal::Handle),
    }
}

fn read_identifier(disclosed: &BTreeMap<String, Value>) -> Result<Identifier, Refusal> {
    let text = disclosed.get("identifier").and_then(Value::as_str).ok_or(Refusal::Withheld("identifier"))?;
    let identifier: Identifier = text
        .parse()
        .map_err(|error: crate::identifier::IdentifierError| Refusal::Identifier(error.name()))?;
    // One spelling, so that verifiers can compare it as text.
    if identifier.text() == text { Ok(identifier) } else { Err(Refusal::Withheld("identifier")) }
}

/// A withheld text is text for people, of the length allowed.
fn check_text(
    disclosed: &BTreeMap<String, Value>,
    name: &'static str,
    max_chars: usize,
) -> Result<(), Refusal> {
    let Some(value) = disclosed.get(name) else { return Ok(()) };
    let fits = value.as_str().is_some_and(|text| {
        !text.is_empty() && text.chars().count() <= max_chars && !text.chars().any(char::is_control)
    });
    if fits { Ok(()) } else { Err(Refusal::Withheld(name)) }
}
