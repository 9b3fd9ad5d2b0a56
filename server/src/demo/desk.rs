//! The demo's desk: where a browser's key is bound to somebody fictional, as a counter would do it after it has looked at a passport.
//!
//! Nobody looks at anything here, so it is served with `--demo` and never else. What it writes are ordinary records, signed
//! by the demo's registrar, by the town or by the fictional party's first key, and handed in like all others.
//!
//! spec: http.md#the-demos-desk

use super::people::{MUNICIPALITY, PARTIES, REGISTRAR};
use super::shifts::{MOST_SHIFT_MS, Shifts};
use super::{Demo, DemoError, find};
use crate::enrol::{By, Enrolled};
use crate::private::{self, PrivateError};
use crate::trial::Trial;
use procura_core::admission::Refusal;
use procura_core::disclosure::DisclosureError;
use procura_core::draft::{Draft, Occasion};
use procura_core::identifier::Identifier;
use procura_core::key::{PublicKey, SignError};
use procura_core::kinds::PartyType;
use procura_core::status::Status;
use procura_core::{Hash, Millis};
use procura_ledger::{Clock, Ledger, Random, ReadError, SubmitError};
use serde_json::json;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many enrolments may be under way; of more, the oldest begin again.
const MOST_BEGUN: usize = 1_024;
/// So many people are remembered by name beside the directory's.
const MOST_NAMED: usize = 1_024;

/// Why a key was not bound.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// No nonce of ours, or one that was used.
    #[error("this enrolment was not begun here, or is over: begin again")]
    NotBegun,
    /// Nobody of the directory, and nobody who was enrolled here.
    #[error("nobody fictional has this id")]
    Nobody,
    /// A shift that ends before now, or too late.
    #[error("a shift ends within the next twelve hours")]
    Shift,
    /// Too many shifts are open.
    #[error("too many shifts are open: end one")]
    Full,
    /// The ledger refused it.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The ledger could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// No randomness.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The registrar's key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The name does not fit.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
}

impl DeskError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotBegun => "not_begun",
            Self::Nobody => "not_found",
            Self::Shift => "member_mistyped",
            Self::Full => "busy",
            Self::Submit(_) => "desk_refused",
            Self::Read(_) => "desk_read",
            Self::Private(error) => error.name(),
            Self::Sign(error) => error.name(),
            Self::Disclosure(error) => error.name(),
        }
    }
}

/// Somebody fictional, as everybody may know them here.
#[derive(Debug, Clone)]
pub struct Fictional {
    /// The party's id.
    pub party: Hash,
    /// What they are called.
    pub name: String,
    /// What sort of party.
    pub party_type: PartyType,
}

/// An enrolment that was begun: for whom, and the nonce that the new key's record will have.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// The party.
    pub party: Hash,
    /// 32 fresh bytes.
    pub nonce: [u8; 32],
}

/// A key that was bound.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// The key record's id.
    pub kid: Hash,
    /// On what it rests: `first`, `cosigned` by the party's first key, or `recovery`, which counts only once a registrar accepts it.
    pub basis: &'static str,
}

/// The desk.
pub struct Desk {
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    registrar: Enrolled,
    town: Enrolled,
    shifts: Shifts,
    /// Those of the directory who have a key in the demo's folder.
    directory: Vec<Enrolled>,
    people: Mutex<Vec<Fictional>>,
    begun: Mutex<VecDeque<Begun>>,
}

impl Desk {
    /// The desk of a demo that is registered in a data folder. Shifts that were open when it last ran are over.
    ///
    /// # Errors
    /// [`DemoError`].
    pub fn new(trial: &Trial, demo: &Demo, data: &Path) -> Result<Self, DemoError> {
        let (mut people, mut directory) = (Vec::new(), Vec::new());
        for person in &PARTIES {
            let enrolled = find(&demo.parties, person.short)?;
            let (party, name) = (enrolled.party, person.name.to_owned());
            people.push(Fictional { party, name, party_type: person.party_type });
            directory.push(enrolled.clone());
        }
        let desk = Self {
            ledger: trial.ledger.clone(),
            clock: Arc::clone(&trial.clock),
            random: Arc::clone(&trial.random),
            registrar: find(&demo.parties, REGISTRAR)?.clone(),
            town: find(&demo.parties, MUNICIPALITY)?.clone(),
            shifts: Shifts::read(&data.join("demo"))?,
            directory,
            people: Mutex::new(people),
            begun: Mutex::default(),
        };
        for officer in desk.shifts.all() {
            desk.end_shift(&officer).map_err(|error| DemoError::Shift(error.name()))?;
        }
        Ok(desk)
    }

    /// Everybody fictional whose name is known here.
    #[must_use]
    pub fn people(&self) -> Vec<Fictional> {
        lock(&self.people).clone()
    }

    /// Begins the enrolment of somebody who is known here: a person, an organisation, an institution.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn begin(&self, party: Hash) -> Result<Begun, DeskError> {
        if !lock(&self.people).iter().any(|known| known.party == party) {
            return Err(DeskError::Nobody);
        }
        self.begun(party)
    }

    fn begun(&self, party: Hash) -> Result<Begun, DeskError> {
        let begun = Begun { party, nonce: self.bytes()? };
        let mut all = lock(&self.begun);
        all.push_back(begun);
        while all.len() > MOST_BEGUN {
            all.pop_front();
        }
        Ok(begun)
    }

    /// Registers an officer of the town's counter until `ends`, and begins their enrolment. Whoever calls sees to it that
    /// [`Desk::end_shift`] follows then; it gives in how many ms that is.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn officer(&self, ends: Millis) -> Result<(Begun, u64), DeskError> {
        let lasts_ms = ends.0.saturating_sub(self.clock.now().0);
        if lasts_ms == 0 || lasts_ms > MOST_SHIFT_MS {
            return Err(DeskError::Shift);
        }
        if !self.shifts.has_room() {
            return Err(DeskError::Full);
        }
        let (occasion, handle) = (self.occasion(self.bytes()?), self.bytes()?);
        let draft = Draft::role(&occasion, &self.town.party, handle).member("roles", json!(["counter"]));
        let officer = self.hand_in(draft, self.town.by())?;
        self.shifts.open((officer, ends))?;
        Ok((self.begun(officer)?, lasts_ms))
    }

    /// Ends an officer's shift: the town takes the role back.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn end_shift(&self, officer: &Hash) -> Result<(), DeskError> {
        if self.ledger.view().status(officer)?.is_some_and(Status::permits) {
            let draft = Draft::on("revocation", &self.occasion(self.bytes()?), officer);
            self.hand_in(draft, self.town.by())?;
        }
        Ok(self.shifts.close(officer)?)
    }

    /// Finds a person by an identifier, or registers them, and begins their enrolment.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn register(&self, identifier: &Identifier, name: &str) -> Result<Begun, DeskError> {
        let salts = [self.bytes()?, self.bytes()?];
        let occasion = self.occasion(self.bytes()?);
        let handle = self.bytes()?;
        let draft = Draft::party(&occasion, PartyType::Person, handle, identifier, Some(name), &salts)?;
        let party = match self.hand_in(draft, self.registrar.by()) {
            Err(DeskError::Submit(SubmitError::Refused(Refusal::PartyExists))) => {
                self.confirmed(identifier)?
            }
            outcome => outcome?,
        };
        let mut people = lock(&self.people);
        if !people.iter().any(|known| known.party == party) && people.len() < PARTIES.len() + MOST_NAMED {
            people.push(Fictional { party, name: name.to_owned(), party_type: PartyType::Person });
        }
        drop(people);
        self.begin(party)
    }

    /// Whoever has the identifier already; if the ledger prepared them because somebody else named them, the registrar confirms them.
    fn confirmed(&self, identifier: &Identifier) -> Result<Hash, DeskError> {
        let view = self.ledger.view();
        let party = view.party_of(identifier)?.ok_or(DeskError::Nobody)?;
        if view.status(&party)? == Some(Status::PENDING) {
            let draft = Draft::on("acceptance", &self.occasion(self.bytes()?), &party);
            self.hand_in(draft, self.registrar.by())?;
        }
        Ok(party)
    }

    /// Binds the key of an enrolment that was begun: by the party's first key if it lies in the demo's folder, of an officer by the town, else
    /// by the registrar, as the first or, if there was one, to recover. `possession` is the new key's signature over what
    /// [`procura_core::kinds::proof_of_possession_message`] says; `label` is what its holder calls it.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn bind(
        &self,
        begun: &Begun,
        key: &PublicKey,
        possession: &[u8; 64],
        label: Option<&str>,
    ) -> Result<Bound, DeskError> {
        let is_it = |one: &Begun| one.party == begun.party && one.nonce == begun.nonce;
        let mut all = lock(&self.begun);
        let place = all.iter().position(is_it).ok_or(DeskError::NotBegun)?;
        all.remove(place);
        drop(all);
        let occasion = self.occasion(begun.nonce);
        let salt = self.bytes()?;
        let draft = |basis| {
            let draft = Draft::key(&occasion, &begun.party, key, possession, basis, "substantial");
            label.map_or(Ok(draft.clone()), |label| draft.withheld("label", &json!(label), &salt))
        };
        if let Some(known) = self.directory.iter().find(|known| known.party == begun.party) {
            let kid = self.hand_in(draft("cosigned")?, known.by())?;
            return Ok(Bound { kid, basis: "cosigned" });
        }
        if self.shifts.has(&begun.party) {
            return Ok(Bound { kid: self.hand_in(draft("first")?, self.town.by())?, basis: "first" });
        }
        match self.hand_in(draft("first")?, self.registrar.by()) {
            Err(DeskError::Submit(SubmitError::Refused(Refusal::NotFirst))) => {
                let kid = self.hand_in(draft("recovery")?, self.registrar.by())?;
                Ok(Bound { kid, basis: "recovery" })
            }
            outcome => Ok(Bound { kid: outcome?, basis: "first" }),
        }
    }

    /// Accepts a recovery key once its delay is over, as a registrar does after a second look at whoever asks. One that counts already is left as it is.
    ///
    /// # Errors
    /// [`DeskError`], in it the ledger's refusal if it is too early.
    pub fn recover(&self, kid: &Hash) -> Result<(), DeskError> {
        let key = self.ledger.view().key(kid)?.ok_or(DeskError::Nobody)?;
        if key.status != Status::ACTIVE {
            let draft = Draft::on("acceptance", &self.occasion(self.bytes()?), kid);
            self.hand_in(draft, self.registrar.by())?;
        }
        Ok(())
    }

    fn hand_in(&self, draft: Draft, by: By<'_>) -> Result<Hash, DeskError> {
        Ok(self.ledger.append(draft.sign(by.kid, by.signer)?)?.id)
    }

    fn occasion(&self, nonce: [u8; 32]) -> Occasion<'_> {
        Occasion { origin: self.ledger.origin(), nonce, now: self.clock.now() }
    }

    fn bytes<const N: usize>(&self) -> Result<[u8; N], PrivateError> {
        private::fresh(&*self.random)
    }
}

/// What lies behind these locks is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
