//! What the model is told of a record: what it says, when, and under which key. Its form is right, or it would not be here.

use procura_core::days::Day;
use procura_core::{Hash, Millis};

/// A record that is handed in.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its id, which means nothing to the model.
    pub id: Hash,
    /// The key that it names as its signer's: the id of a key record, or the root key's thumbprint.
    pub kid: Hash,
    /// Whether another key made the signature.
    pub forged: bool,
    /// When it was signed.
    pub iat: Millis,
    /// The last instant at which it may be logged.
    pub submit_by: Millis,
    /// What it says.
    pub says: Says,
}

/// What a record says, by its kind.
#[derive(Debug, Clone)]
pub enum Says {
    /// `root`, of one key.
    Root {
        /// How long a recovery key waits, in milliseconds.
        key_delay: u64,
    },
    /// `party`.
    Party(Party),
    /// `key`.
    Key(Key),
    /// `catalogue`.
    Catalogue(Catalogue),
    /// `mandate` or `consent`.
    Grant(Box<Grant>),
    /// A transition on `target`.
    On {
        /// The id of the record whose status moves.
        target: Hash,
        /// Which.
        act: Act,
    },
    /// Any other kind: the parties that it concerns.
    Other {
        /// The kind's name.
        kind: &'static str,
        /// `parties`.
        parties: Vec<Hash>,
    },
}

/// What a party is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// `person`.
    Person,
    /// `organisation`.
    Organisation,
    /// `institution`.
    Institution,
    /// `role`.
    Role,
}

/// `party`.
#[derive(Debug, Clone)]
pub struct Party {
    /// `party_type`.
    pub sort: Sort,
    /// `identifier`; a role has none.
    pub identifier: String,
    /// `roles`.
    pub roles: Vec<&'static str>,
    /// `provisional`.
    pub provisional: bool,
    /// `under`, of a role.
    pub under: Option<Hash>,
    /// `until`, of a role.
    pub until: Option<Millis>,
    /// `quorum`.
    pub quorum: Option<u64>,
}

impl Party {
    /// Whether it is a role that is over.
    #[must_use]
    pub fn is_over(&self, at: Millis) -> bool {
        matches!(self.until, Some(until) if at >= until)
    }

    /// Whether it has a role.
    #[must_use]
    pub fn has(&self, role: &str) -> bool {
        self.roles.contains(&role)
    }
}

/// `key`.
#[derive(Debug, Clone)]
pub struct Key {
    /// Whose.
    pub party: Hash,
    /// `first`, `cosigned` or `recovery`.
    pub basis: &'static str,
    /// `low`, `substantial` or `high`, as 0, 1, 2.
    pub assurance: u8,
    /// Whether the new key's proof of possession verifies.
    pub proven: bool,
    /// `quorum`.
    pub quorum: Option<u64>,
}

/// `catalogue`.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// `categories`, a parent before its children.
    pub categories: Vec<Category>,
    /// `purposes`.
    pub purposes: Vec<String>,
    /// `bases`.
    pub bases: Vec<Basis>,
    /// `schemes`: their codes, and whom they are for.
    pub schemes: Vec<(&'static str, Vec<Sort>)>,
    /// `quorum`.
    pub quorum: Option<u64>,
}

/// One of `categories`.
#[derive(Debug, Clone)]
pub struct Category {
    /// `code`.
    pub code: String,
    /// `parent`.
    pub parent: Option<String>,
    /// `assurance`, as of a key.
    pub assurance: Option<u8>,
    /// `period`: so many months.
    pub period: Option<i8>,
}

/// One of `bases`.
#[derive(Debug, Clone)]
pub struct Basis {
    /// `categories`.
    pub categories: Vec<String>,
    /// `purposes`.
    pub purposes: Vec<String>,
    /// `recipients`.
    pub recipients: Vec<Hash>,
    /// `emergency`.
    pub emergency: bool,
}

/// `mandate`, or `consent` if it has purposes.
#[derive(Debug, Clone)]
pub struct Grant {
    /// `mandators`, or `subject`.
    pub from: Vec<Hash>,
    /// `mandatees`, or `recipient`.
    pub to: Vec<Hash>,
    /// `needed`.
    pub needed: Option<usize>,
    /// `catalogue`.
    pub catalogue: Hash,
    /// `scopes`.
    pub scopes: Vec<String>,
    /// `purposes`; a mandate has none.
    pub purposes: Vec<String>,
    /// `valid_from`.
    pub valid_from: Day,
    /// `valid_until`.
    pub valid_until: Option<Day>,
    /// `not_before`.
    pub not_before: Millis,
    /// `not_after`.
    pub not_after: Option<Millis>,
    /// `substitution`; 0 if it is not there.
    pub substitution: u64,
    /// `survives`.
    pub survives: bool,
    /// `ground`.
    pub ground: Option<&'static str>,
    /// `assisted`.
    pub assisted: bool,
    /// `under`, `by` and `informed`.
    pub under: Option<Under>,
}

/// The mandate that a grant is given under.
#[derive(Debug, Clone)]
pub struct Under {
    /// `under`.
    pub mandate: Hash,
    /// `by`.
    pub by: Vec<Hash>,
    /// `informed`.
    pub informed: Vec<Hash>,
}

impl Grant {
    /// Whether it is a mandate, and not a consent.
    #[must_use]
    pub fn is_mandate(&self) -> bool {
        self.purposes.is_empty()
    }

    /// `by`, nobody if it is not given under a mandate.
    #[must_use]
    pub fn by(&self) -> &[Hash] {
        self.under.as_ref().map_or(&[], |under| &under.by)
    }
}

/// A transition, by its kind.
#[derive(Debug, Clone)]
pub enum Act {
    /// `acceptance`.
    Acceptance,
    /// `renunciation`.
    Renunciation,
    /// `revocation`.
    Revocation {
        /// `effective`.
        effective: Option<Millis>,
    },
    /// `suspension`.
    Suspension {
        /// `lift`.
        lift: bool,
    },
    /// `dispute`: `open`, `dismissed`, `upheld`.
    Dispute {
        /// `step`.
        step: &'static str,
    },
    /// `key-end`.
    KeyEnd {
        /// `compromised_since`.
        since: Option<Millis>,
    },
    /// `life-event`.
    Life(Life),
}

/// `life-event`.
#[derive(Debug, Clone)]
pub struct Life {
    /// `event`.
    pub event: &'static str,
    /// `effective`.
    pub effective: Millis,
    /// `into`, of a merger.
    pub into: Option<Hash>,
}
