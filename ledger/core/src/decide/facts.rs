//! What a decision may know: the parties, grants and catalogues, as of one tree size.
//!
//! spec: decisions.md#facts

use crate::conditions::Conditions;
use crate::kinds::{Assurance, Catalogue, Event, Ground, LifeEvent, Party, Validity};
use crate::status::Status;
use crate::{Hash, Index, Millis};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that [`super::decide`] looks at.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The parties, by id.
    pub parties: BTreeMap<Hash, PartyFact>,
    /// Mandates and consents, and the mandates that they are under; by id.
    pub grants: BTreeMap<Hash, Grant>,
    /// The catalogues that grants name, and those in force.
    pub catalogues: BTreeMap<Hash, CatalogueFact>,
}

/// A party and what became of it.
#[derive(Debug, Clone)]
pub struct PartyFact {
    /// What its record says.
    pub content: Party,
    /// The status that it started with.
    pub starts: Status,
    /// How that moved, in the order of the log.
    pub moves: Vec<PartyMove>,
}

/// A move of a party's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartyMove {
    /// The status after it.
    pub to: Status,
    /// When it was logged.
    pub logged_at: Millis,
    /// The life event that made it; `None` if it was anything else, or was erased.
    pub event: Option<LifeEvent>,
}

/// A party as it was at an instant, by what was logged until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Then {
    /// Its status.
    pub status: Status,
    /// The party that took its place.
    pub heir: Option<Hash>,
    /// Whether it had come of age while in the ledger.
    pub of_age: bool,
    /// Whether something had happened already that nobody had recorded yet.
    pub unrecorded: bool,
}

impl Then {
    /// Whether it is active, or under protection.
    #[must_use]
    pub fn is_there(&self) -> bool {
        matches!(self.status, Status::ACTIVE | Status::SUSPENDED)
    }
}

impl PartyFact {
    /// The party at `at`: without the life events that were logged later, and ended if it is a role that is over then.
    #[must_use]
    pub fn then(&self, at: Millis) -> Then {
        let mut then = Then { status: self.starts, heir: None, of_age: false, unrecorded: false };
        for step in &self.moves {
            match step.event {
                Some(LifeEvent { effective, .. }) if step.logged_at > at => {
                    then.unrecorded |= effective <= at;
                }
                event => {
                    then.status = step.to;
                    match event.map(|event| event.event) {
                        Some(Event::Merger(into)) => then.heir = Some(into),
                        Some(Event::Majority) => then.of_age = true,
                        _ => {}
                    }
                }
            }
        }
        if self.content.is_over(at) {
            then.status = Status::ENDED;
        }
        then
    }
}

/// A catalogue and whether it is in force.
#[derive(Debug, Clone)]
pub struct CatalogueFact {
    /// What its record says.
    pub content: Arc<Catalogue>,
    /// Whether it is active: its bases hold.
    pub in_force: bool,
}

/// The kinds of grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantKind {
    /// The right to act for somebody.
    Mandate,
    /// The right to see somebody's data.
    Consent,
}

/// A mandate or a consent.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The record's id.
    pub id: Hash,
    /// Where it was logged.
    pub index: Index,
    /// Which of the two.
    pub kind: GrantKind,
    /// Whom it is from: mandators, or the subject.
    pub from: Vec<Hash>,
    /// Whom it is to: mandatees, or the recipient.
    pub to: Vec<Hash>,
    /// How many of these must act together.
    pub needed: usize,
    /// The catalogue that its codes are of.
    pub catalogue: Hash,
    /// Category codes.
    pub scopes: Vec<String>,
    /// Purpose codes; a mandate names none and is for any.
    pub purposes: Vec<String>,
    /// From when to when.
    pub validity: Validity,
    /// The first instant at which a revocation says that it no longer holds.
    pub ends: Option<Millis>,
    /// What else must be so.
    pub conditions: Conditions,
    /// When it was used, if its uses are counted.
    pub uses: Vec<Millis>,
    /// Its status.
    pub status: Status,
    /// Whether every signature under it counts.
    pub counts: bool,
    /// How sure the keys are of who gave it.
    pub assurance: Assurance,
    /// Why it stands by law.
    pub ground: Option<Ground>,
    /// Whether it holds on under protection.
    pub survives: bool,
    /// The mandate that it is under.
    pub under: Option<Hash>,
}
