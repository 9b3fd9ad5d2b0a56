//! The demo's desk: where a browser's key is bound to somebody fictional, as a counter would do it after it has looked at a passport.
//!
//! Nobody looks at anything here, so it is served with `--demo` and never else. What it writes are ordinary records, signed
//! by the demo's registrar, by the town or by the fictional party's first key, and handed in like all others.
//!
//! spec: http.md#the-demos-desk

use super::people::{MUNICIPALITY, PARTIES, REGISTRAR};
use super::{Demo, DemoError, find};
use crate::enrol::Enrolled;
use crate::private::PrivateError;
use crate::registrar::{Begun, Bound, NewKey, Registrar, RegistrarError};
use crate::trial::Trial;
use procura_core::draft::Draft;
use procura_core::identifier::Identifier;
use procura_core::kinds::{Assurance, PartyType};
use procura_core::{Hash, Millis};
use procura_ledger::{Clock, ReadError};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many enrolments may be under way; of more, the oldest begin again.
const MOST_BEGUN: usize = 1_024;
/// So many people are remembered by name beside the directory's.
const MOST_NAMED: usize = 1_024;
/// The longest that an officer's role may last.
const MOST_SHIFT_MS: u64 = 12 * 3600 * 1000;

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
    /// Their records could not be written.
    #[error(transparent)]
    Registrar(#[from] RegistrarError),
}

impl DeskError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotBegun => "not_begun",
            Self::Nobody => "not_found",
            Self::Shift => "member_mistyped",
            Self::Registrar(error) => error.name(),
        }
    }
}

impl From<PrivateError> for DeskError {
    fn from(error: PrivateError) -> Self {
        Self::Registrar(error.into())
    }
}

impl From<ReadError> for DeskError {
    fn from(error: ReadError) -> Self {
        Self::Registrar(error.into())
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

/// The desk.
pub struct Desk {
    registrar: Registrar,
    clock: Arc<dyn Clock>,
    town: Enrolled,
    /// Those of the directory who have a key in the demo's folder.
    directory: Vec<Enrolled>,
    people: Mutex<Vec<Fictional>>,
    begun: Mutex<VecDeque<Begun>>,
}

impl Desk {
    /// The desk of a demo that is registered.
    ///
    /// # Errors
    /// [`DemoError`].
    pub fn new(trial: &Trial, demo: &Demo) -> Result<Self, DemoError> {
        let (mut people, mut directory) = (Vec::new(), Vec::new());
        for person in &PARTIES {
            let enrolled = find(&demo.parties, person.short)?;
            let (party, name) = (enrolled.party, person.name.to_owned());
            people.push(Fictional { party, name, party_type: person.party_type });
            directory.push(enrolled.clone());
        }
        let registrar = find(&demo.parties, REGISTRAR)?.clone();
        let (clock, random) = (Arc::clone(&trial.clock), Arc::clone(&trial.random));
        Ok(Self {
            registrar: Registrar::new(trial.ledger.clone(), clock, random, registrar),
            clock: Arc::clone(&trial.clock),
            town: find(&demo.parties, MUNICIPALITY)?.clone(),
            directory,
            people: Mutex::new(people),
            begun: Mutex::default(),
        })
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
        let begun = self.registrar.begin(party)?;
        let mut all = lock(&self.begun);
        all.push_back(begun);
        while all.len() > MOST_BEGUN {
            all.pop_front();
        }
        Ok(begun)
    }

    /// Registers an officer of the town's counter until `ends`, and begins their enrolment.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn officer(&self, ends: Millis) -> Result<Begun, DeskError> {
        let lasts_ms = ends.0.saturating_sub(self.clock.now().0);
        if lasts_ms == 0 || lasts_ms > MOST_SHIFT_MS {
            return Err(DeskError::Shift);
        }
        let registrar = &self.registrar;
        let (occasion, handle) = (registrar.occasion(registrar.bytes()?), registrar.bytes()?);
        let draft = Draft::role(&occasion, &self.town.party, handle)
            .member("roles", json!(["counter"]))
            .member("until", json!(ends));
        self.begun(registrar.hand_in(draft, self.town.by())?)
    }

    /// Finds a person by an identifier, or registers them, and begins their enrolment.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn register(&self, identifier: &Identifier, name: &str) -> Result<Begun, DeskError> {
        let party = self.registrar.person(identifier, Some(name))?;
        let mut people = lock(&self.people);
        if !people.iter().any(|known| known.party == party) && people.len() < PARTIES.len() + MOST_NAMED {
            people.push(Fictional { party, name: name.to_owned(), party_type: PartyType::Person });
        }
        drop(people);
        self.begin(party)
    }

    /// Binds the key of an enrolment that was begun: by the party's first key if it lies in the demo's folder, of an officer by the town, else
    /// by the registrar, as the first or, if there was one, to recover.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn bind(&self, begun: &Begun, new: &NewKey) -> Result<Bound, DeskError> {
        let is_it = |one: &Begun| one.party == begun.party && one.nonce == begun.nonce;
        let mut all = lock(&self.begun);
        let place = all.iter().position(is_it).ok_or(DeskError::NotBegun)?;
        all.remove(place);
        drop(all);
        let sure = Assurance::Substantial;
        if let Some(known) = self.directory.iter().find(|known| known.party == begun.party) {
            return Ok(self.registrar.bind_as("cosigned", begun, new, sure, known.by())?);
        }
        let party = self.registrar.ledger().view().party(&begun.party)?;
        if party.is_some_and(|party| party.content.under == Some(self.town.party)) {
            return Ok(self.registrar.bind_as("first", begun, new, sure, self.town.by())?);
        }
        Ok(self.registrar.bind(begun, new, sure)?)
    }

    /// Accepts a recovery key once its delay is over.
    ///
    /// # Errors
    /// [`DeskError`], in it the ledger's refusal if it is too early.
    pub fn recover(&self, kid: &Hash) -> Result<(), DeskError> {
        Ok(self.registrar.recover(kid)?)
    }
}

/// What lies behind these locks is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
