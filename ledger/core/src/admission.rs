//! Whether a submission may be logged, and as what. Nothing refused leaves a trace.
//!
//! [`Candidate::read`] needs no state and runs in parallel; [`Candidate::admit`] looks at the state as it will be just before
//! the entry.
//!
//! spec: records.md#refusals

use crate::days::Day;
use crate::hash::handle_commitment;
use crate::identifier::Identifier;
use crate::judge::{Judge, Place, Verdict};
use crate::key::{PublicKey, SignatureError};
use crate::kinds::{
    Catalogue, Content, Event, Giver, KeyBasis, KeyEnd, Mandate, NotAllowed, Party, PartyType, Revocation,
    Validity, check_possession, under_of,
};
use crate::kv::Unreadable;
use crate::record::{OutOfTime, Record, RecordError};
use crate::schemes::{SchemeError, Schemes};
use crate::source::{Lack, OpeningError, Source};
use crate::status::Status;
use crate::submission::Submission;
use crate::{Hash, Millis};
use serde_json::Value;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The largest disclosure in bytes.
pub const MAX_DISCLOSURE_BYTES: usize = 8192;

/// What the ledger knows beyond its records.
pub trait State: Source {
    /// The party registered under an identifier.
    ///
    /// # Errors
    /// [`Unreadable`].
    fn party_with(&self, identifier: &Identifier) -> Result<Option<Hash>, Unreadable>;

    /// Whether a party has, or had, a key.
    ///
    /// # Errors
    /// [`Unreadable`].
    fn has_key(&self, party: &Hash) -> Result<bool, Unreadable>;

    /// Whether this party is prepared: it will be logged just before the record that names it.
    fn is_prepared(&self, party: &Hash) -> bool;

    /// The catalogues that have not ended, oldest first: at hand, whatever was logged.
    fn catalogues(&self) -> &[Hash];
}

/// Why a submission is not logged. [`Refusal::name`] is stable; the text never holds a value of the submission.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The record's form is wrong.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A disclosure is too large.
    #[error("a disclosure is larger than 8192 bytes")]
    Oversized,
    /// The record is for another ledger.
    #[error("\"/origin\" names another ledger")]
    WrongOrigin,
    /// A member that must be disclosed is not, or is not what it must be.
    #[error("the withheld member {0} is missing or of another form")]
    Withheld(&'static str),
    /// The identifier's check digits, or its form, are wrong.
    #[error("the identifier is not a valid one of its scheme: {0}")]
    Identifier(&'static str),
    /// The handle is missing, surplus, or not the one committed to.
    #[error("the handle does not come with the record, or is not the one that it commits to")]
    Handle,
    /// No key has this id.
    #[error("the signing key is not in the ledger")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the signature does not verify: {0}")]
    Signature(SignatureError),
    /// Too early or too late.
    #[error(transparent)]
    Time(#[from] OutOfTime),
    /// A party is not registered.
    #[error("{pointer:?} names no party of this ledger; look the identifier up again")]
    UnknownParty {
        /// Its place in the payload.
        pointer: &'static str,
    },
    /// The target is not there.
    #[error("\"/target\" names no record of this ledger that can be moved")]
    UnknownTarget,
    /// The catalogue is not there, or no longer in force.
    #[error("\"/catalogue\" names no catalogue in force")]
    UnknownCatalogue,
    /// The signing key is not active.
    #[error("the signing key is not active")]
    KeyNotActive,
    /// The signer, or a party named, is not active.
    #[error("a party is not active")]
    PartyNotActive,
    /// The signing key was compromised.
    #[error("the signing key is reported as compromised")]
    KeyCompromised,
    /// The kinds table does not allow it.
    #[error(transparent)]
    NotAllowed(NotAllowed),
    /// Too many keys between this one and the root.
    #[error("too many keys signed one another between this one and the root; let a registrar bind a new one")]
    ChainTooLong,
    /// The target's status does not allow it.
    #[error("the target's status does not allow this: it has ended, or this was done already")]
    Move,
    /// The days and the instants of a validity differ.
    #[error("not_before and not_after are not the instants of the days stated, in Europe/Brussels")]
    ValidityMismatch,
    /// The grant reaches back.
    #[error("\"/valid_from\" lies before the day of signing")]
    Retroactive,
    /// A scope is not in the catalogue.
    #[error("\"/scopes\" has a code that the catalogue does not have")]
    UnknownScope,
    /// A purpose is not in the catalogue.
    #[error("\"/purposes\" has a code that the catalogue does not have")]
    UnknownPurpose,
    /// A mandate does not begin or end where a period of the catalogue does.
    #[error("{0:?} is not the first instant of a period as the catalogue asks for it")]
    Period(&'static str),
    /// A life event is said to happen later.
    #[error("\"/effective\" lies ahead: a life event is recorded once it has happened")]
    Ahead,
    /// No catalogue in force lets the party be registered under this identifier.
    #[error(transparent)]
    Scheme(#[from] SchemeError),
    /// The identifier is registered already.
    #[error("this identifier is registered already; a provisional party is confirmed by an acceptance")]
    PartyExists,
    /// The party has a key already.
    #[error("the party has had a key before: this one is not its first")]
    NotFirst,
    /// A further key-end must reach further back.
    #[error("the key has ended; a further key-end must have an earlier compromised_since")]
    NotEarlier,
    /// What the answer needs was erased.
    #[error("a record that this one rests on was erased")]
    Erased,
    /// The state cannot be read; nothing is said about the submission.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Refusal {
    /// The refusal's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Record(error) => error.name(),
            Self::Oversized => "oversized",
            Self::WrongOrigin => "wrong_origin",
            Self::Withheld(_) => "withheld_member",
            Self::Identifier(name) => name,
            Self::Handle => "handle",
            Self::UnknownKey => "unknown_key",
            Self::Signature(_) => "signature",
            Self::Time(OutOfTime::Early) => "too_early",
            Self::Time(OutOfTime::Late) => "too_late",
            Self::UnknownParty { .. } => "unknown_party",
            Self::UnknownTarget => "unknown_target",
            Self::UnknownCatalogue => "unknown_catalogue",
            Self::KeyNotActive => "key_not_active",
            Self::PartyNotActive => "party_not_active",
            Self::KeyCompromised => "key_compromised",
            Self::NotAllowed(error) => error.name(),
            Self::ChainTooLong => "chain_too_long",
            Self::Move => "move",
            Self::ValidityMismatch => "validity_mismatch",
            Self::Retroactive => "retroactive",
            Self::UnknownScope => "unknown_scope",
            Self::UnknownPurpose => "unknown_purpose",
            Self::Period(_) => "period",
            Self::Ahead => "ahead",
            Self::Scheme(error) => error.name(),
            Self::PartyExists => "party_exists",
            Self::NotFirst => "not_first",
            Self::NotEarlier => "not_earlier",
            Self::Erased => "erased",
            Self::Unreadable(_) => "not_ready",
        }
    }

    /// Where in the payload, as an RFC 6901 pointer, if there is a place.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        match self {
            Self::Record(error) => error.pointer(),
            Self::WrongOrigin => Some("/origin"),
            Self::Withheld(_) | Self::Identifier(_) | Self::Scheme(_) => Some("/_sd"),
            Self::Handle => Some("/handle"),
            Self::Time(OutOfTime::Early) => Some("/iat"),
            Self::Time(OutOfTime::Late) => Some("/submit_by"),
            Self::UnknownParty { pointer } | Self::Period(pointer) => Some(pointer),
            Self::Ahead => Some("/effective"),
            Self::UnknownTarget | Self::Move => Some("/target"),
            Self::UnknownCatalogue => Some("/catalogue"),
            Self::ValidityMismatch => Some("/not_before"),
            Self::Retroactive => Some("/valid_from"),
            Self::UnknownScope => Some("/scopes"),
            Self::UnknownPurpose => Some("/purposes"),
            Self::NotFirst => Some("/basis"),
            Self::NotEarlier => Some("/compromised_since"),
            _ => None,
        }
    }
}

impl From<Verdict> for Refusal {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::UnknownSigner(_) => Self::UnknownKey,
            Verdict::Signature(_, error) => Self::Signature(error),
            Verdict::KeyNotActive(_) => Self::KeyNotActive,
            Verdict::PartyNotActive(_) => Self::PartyNotActive,
            Verdict::KeyCompromised(_) => Self::KeyCompromised,
            Verdict::NotAllowed(_, error) => Self::NotAllowed(error),
            Verdict::ChainTooLong(_) => Self::ChainTooLong,
            Verdict::Lack(lack) => lack.into(),
        }
    }
}

impl From<Lack> for Refusal {
    fn from(lack: Lack) -> Self {
        match lack {
            Lack::Opening(OpeningError::Move(_)) => Self::Move,
            Lack::Unopened { .. } => Self::Erased,
            Lack::Unreadable(unreadable) => Self::Unreadable(unreadable),
            other => Self::Unreadable(Unreadable(other.to_string())),
        }
    }
}

/// A submission whose form is right.
#[derive(Debug, Clone)]
pub struct Candidate {
    record: Record,
    disclosures: Vec<String>,
    disclosed: BTreeMap<String, Value>,
    identifier: Option<Identifier>,
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
        if let Content::Mandate(crate::kinds::Mandate { validity, .. })
        | Content::Consent(crate::kinds::Consent { validity, .. }) = record.content()
        {
            check_validity(validity, record.common().signed_at)?;
        }
        Ok(Self {
            record,
            disclosures: submission.disclosures,
            disclosed,
            identifier,
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

    /// The rules of the record's kind that look at the state.
    fn check_kind<S: State + ?Sized>(
        &self,
        state: &S,
        judge: &Judge<'_, S>,
        place: Place,
    ) -> Result<(), Refusal> {
        match self.record.content() {
            Content::Party(party) => {
                if let Some(under) = &party.under {
                    check_party(state, under, "/under")?;
                }
                let Some(identifier) = &self.identifier else { return Ok(()) };
                Schemes::in_force(judge)?.check(identifier, party.party_type)?;
                if state.party_with(identifier)?.is_some() { Err(Refusal::PartyExists) } else { Ok(()) }
            }
            Content::Key(key) => {
                if key.basis == KeyBasis::First && state.has_key(&key.party)? {
                    return Err(Refusal::NotFirst);
                }
                check_party(state, &key.party, "/party")
            }
            Content::KeyEnd(end) => self.check_further_end(state, end),
            Content::Mandate(mandate) => {
                let protected = !matches!(mandate.giver, Giver::Own | Giver::Assisted(_));
                check_givers(state, &mandate.mandators, protected, "/mandators")?;
                mandate.mandatees.iter().try_for_each(|party| check_party(state, party, "/mandatees"))?;
                let catalogue = Self::catalogue(state, judge, &mandate.catalogue)?;
                check_scopes(&catalogue, &mandate.scopes)?;
                check_periods(&catalogue, mandate)?;
                self.check_scopes_within(state, &catalogue, &mandate.scopes)
            }
            Content::Consent(consent) => {
                let protected = consent.giver.under().is_some();
                check_givers(state, &[consent.subject], protected, "/subject")?;
                check_party(state, &consent.recipient, "/recipient")?;
                let catalogue = Self::catalogue(state, judge, &consent.catalogue)?;
                check_scopes(&catalogue, &consent.scopes)?;
                self.check_scopes_within(state, &catalogue, &consent.scopes)?;
                if consent.purposes.iter().all(|code| catalogue.has_purpose(code)) {
                    Ok(())
                } else {
                    Err(Refusal::UnknownPurpose)
                }
            }
            Content::Catalogue(catalogue) => {
                let recipients = catalogue.bases.iter().flat_map(|basis| &basis.recipients);
                let distinct: BTreeSet<&Hash> = recipients.collect();
                distinct.into_iter().try_for_each(|party| check_party(state, party, "/bases"))
            }
            Content::Other(other) => {
                other.parties.iter().try_for_each(|party| check_party(state, party, "/parties"))
            }
            Content::Revocation(Revocation { effective: Some(effective) }) => {
                self.check_notice(state, *effective)
            }
            Content::LifeEvent(happened) => {
                if happened.effective > place.time {
                    return Err(Refusal::Ahead);
                }
                match happened.event {
                    Event::Merger(into) => check_heir(state, &into),
                    _ => Ok(()),
                }
            }
            Content::Access(access) => {
                // Of the dead too: whether there is a right to it is decided, and logged, not refused.
                let named = [Some(access.subject), access.on_behalf_of, Some(access.source)];
                named.iter().flatten().try_for_each(|party| check_known(state, party, "/subject"))
            }
            Content::Root(_)
            | Content::Acceptance
            | Content::Renunciation
            | Content::Revocation(_)
            | Content::Suspension(_)
            | Content::Dispute(_) => Ok(()),
        }
    }

    /// What is given under a mandate stays within its scopes.
    fn check_scopes_within<S: State + ?Sized>(
        &self,
        state: &S,
        catalogue: &Catalogue,
        scopes: &[String],
    ) -> Result<(), Refusal> {
        let Some(under) = under_of(&self.record) else { return Ok(()) };
        let above = state.record(&under.mandate)?;
        let Content::Mandate(mandate) = above.opened()?.record.content() else {
            return Err(Refusal::NotAllowed(NotAllowed::Under));
        };
        let is_within = scopes.iter().all(|code| catalogue.covers(&mandate.scopes, code));
        if is_within { Ok(()) } else { Err(Refusal::NotAllowed(NotAllowed::Beyond)) }
    }

    /// A notice ends a mandate where a period does, if the catalogue asks for it.
    fn check_notice<S: State + ?Sized>(&self, state: &S, effective: Millis) -> Result<(), Refusal> {
        let Some(target) = &self.record.common().target else { return Ok(()) };
        let logged = state.record(target)?;
        let Content::Mandate(mandate) = logged.opened()?.record.content() else { return Ok(()) };
        let named = state.record(&mandate.catalogue)?;
        let Content::Catalogue(catalogue) = named.opened()?.record.content() else { return Ok(()) };
        let mut periods = mandate.scopes.iter().flat_map(|scope| catalogue.periods_of(scope));
        if periods.all(|period| period.begins_at(effective)) {
            Ok(())
        } else {
            Err(Refusal::Period("/effective"))
        }
    }

    /// The catalogue of a grant: it must be in force when the grant is logged.
    fn catalogue<S: State + ?Sized>(
        state: &S,
        judge: &Judge<'_, S>,
        id: &Hash,
    ) -> Result<Arc<Catalogue>, Refusal> {
        let Some(logged) = find(state.record(id))? else { return Err(Refusal::UnknownCatalogue) };
        let Content::Catalogue(catalogue) = logged.opened()?.record.content() else {
            return Err(Refusal::UnknownCatalogue);
        };
        match judge.standing(id) {
            Ok(standing) if standing.list.status() == Some(Status::ACTIVE) => Ok(Arc::clone(catalogue)),
            // One under a signature that no longer counts is as if it were not there.
            Ok(_) | Err(Verdict::KeyCompromised(_)) => Err(Refusal::UnknownCatalogue),
            Err(verdict) => Err(verdict.into()),
        }
    }

    /// A key ends once; later key-ends only bring `compromised_since` forward.
    fn check_further_end<S: State + ?Sized>(&self, state: &S, end: &KeyEnd) -> Result<(), Refusal> {
        let Some(key) = &self.record.common().target else { return Ok(()) };
        let mut earliest: Option<Millis> = None;
        let mut has_ended = false;
        for item in state.list(key)?.items().iter().filter(|item| item.status == Some(Status::ENDED)) {
            has_ended = true;
            if let Content::KeyEnd(before) = state.at(item.index)?.opened()?.record.content() {
                earliest = earliest.into_iter().chain(before.compromised_since).min();
            }
        }
        let is_earlier = match (end.compromised_since, earliest) {
            (Some(since), Some(earliest)) => since < earliest,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if has_ended && !is_earlier { Err(Refusal::NotEarlier) } else { Ok(()) }
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

/// A party that a record names is registered or prepared.
fn check_known<S: State + ?Sized>(state: &S, id: &Hash, pointer: &'static str) -> Result<(), Refusal> {
    match find(state.record(id))? {
        None if state.is_prepared(id) => Ok(()),
        Some(logged) if matches!(logged.opened()?.record.content(), Content::Party(_)) => Ok(()),
        _ => Err(Refusal::UnknownParty { pointer }),
    }
}

/// It has not ended either.
fn check_party<S: State + ?Sized>(state: &S, id: &Hash, pointer: &'static str) -> Result<(), Refusal> {
    check_known(state, id, pointer)?;
    if state.is_prepared(id) {
        return Ok(());
    }
    match state.list(id)?.status() {
        Some(Status::ACTIVE | Status::PENDING) => Ok(()),
        _ => Err(Refusal::PartyNotActive),
    }
}

/// Those whom a grant is from; a protected person too, if others act for them.
fn check_givers<S: State + ?Sized>(
    state: &S,
    parties: &[Hash],
    protected: bool,
    pointer: &'static str,
) -> Result<(), Refusal> {
    parties.iter().try_for_each(|party| match check_party(state, party, pointer) {
        Err(Refusal::PartyNotActive)
            if protected && state.list(party)?.status() == Some(Status::SUSPENDED) =>
        {
            Ok(())
        }
        checked => checked,
    })
}

/// Who takes over is an organisation or institution that is there itself.
fn check_heir<S: State + ?Sized>(state: &S, id: &Hash) -> Result<(), Refusal> {
    check_party(state, id, "/into")?;
    let is_body = match find(state.record(id))? {
        Some(logged) => matches!(
            logged.opened()?.record.content(),
            Content::Party(Party { party_type: PartyType::Organisation | PartyType::Institution, .. })
        ),
        None => false,
    };
    if is_body { Ok(()) } else { Err(Refusal::UnknownParty { pointer: "/into" }) }
}

/// A mandate begins and ends with a period where the catalogue asks for it.
fn check_periods(catalogue: &Catalogue, mandate: &Mandate) -> Result<(), Refusal> {
    let (begins, ends) = (mandate.validity.not_before, mandate.validity.not_after);
    for period in mandate.scopes.iter().flat_map(|scope| catalogue.periods_of(scope)) {
        if !period.begins_at(begins) {
            return Err(Refusal::Period("/not_before"));
        }
        if ends.is_some_and(|end| !period.begins_at(end)) {
            return Err(Refusal::Period("/not_after"));
        }
    }
    Ok(())
}

fn check_scopes(catalogue: &Catalogue, scopes: &[String]) -> Result<(), Refusal> {
    if scopes.iter().all(|code| catalogue.category(code).is_some()) {
        Ok(())
    } else {
        Err(Refusal::UnknownScope)
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
