//! Under which identifiers parties may be registered: the schemes of all catalogues in force, beside each other.
//!
//! Looked at when a party is registered or prepared, and never again.
//!
//! spec: records.md#parties

use crate::admission::State;
use crate::identifier::Identifier;
use crate::judge::{Judge, Verdict};
use crate::kinds::{Catalogue, Content, FormError, PartyType, Scheme};
use crate::source::Lack;
use crate::status::Status;
use std::sync::Arc;

/// The types of party in the order in which one is prepared: a person's entries cannot be linked.
const PREPARED_AS: [PartyType; 3] = [PartyType::Person, PartyType::Organisation, PartyType::Institution];

/// Why a party may not be registered under an identifier. It never shows the identifier. A later variant says that
/// more of it was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SchemeError {
    /// No catalogue in force has the scheme.
    #[error("no catalogue in force has this scheme of identifiers")]
    Unknown,
    /// It is for other types of party.
    #[error("the identifier's scheme is not for this type of party")]
    PartyType,
    /// The value is not of the scheme's form.
    #[error(transparent)]
    Form(FormError),
}

impl SchemeError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown_scheme",
            Self::PartyType => "scheme_party_type",
            Self::Form(error) => error.name(),
        }
    }

    /// How much was right.
    const fn rank(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::PartyType => 1,
            Self::Form(_) => 2,
        }
    }

    /// Of two the one that says that more was right; of equals the later.
    const fn or(self, later: Self) -> Self {
        if later.rank() >= self.rank() { later } else { self }
    }
}

/// The schemes in force.
pub struct Schemes {
    catalogues: Vec<Arc<Catalogue>>,
}

impl Schemes {
    /// The schemes of the catalogues in force, in the state that `judge` judges.
    ///
    /// # Errors
    /// [`Verdict`] if a catalogue can't be read. One whose signature no longer counts, or that was erased, lends no scheme.
    pub fn in_force<S: State + ?Sized>(judge: &Judge<'_, S>) -> Result<Self, Verdict> {
        let mut catalogues = Vec::new();
        for id in judge.source().catalogues() {
            let standing = match judge.standing(id) {
                Ok(standing) if standing.list.status() == Some(Status::ACTIVE) => standing,
                Ok(_) | Err(Verdict::KeyCompromised(_) | Verdict::Lack(Lack::Unopened { .. })) => continue,
                Err(verdict) => return Err(verdict),
            };
            if let Some(opened) = &standing.create.opened
                && let Content::Catalogue(catalogue) = opened.record.content()
                && !catalogue.schemes.is_empty()
            {
                catalogues.push(Arc::clone(catalogue));
            }
        }
        Ok(Self { catalogues })
    }

    /// The schemes of catalogues that the caller knows to be in force.
    #[must_use]
    pub fn of(catalogues: Vec<Arc<Catalogue>>) -> Self {
        Self { catalogues }
    }

    /// Whether a party of this type may be registered under an identifier.
    ///
    /// # Errors
    /// [`SchemeError`].
    pub fn check(&self, identifier: &Identifier, party_type: PartyType) -> Result<(), SchemeError> {
        // Institutions come first: they publish the catalogues. Nobody but the root registers them.
        if self.catalogues.is_empty() && party_type == PartyType::Institution {
            return Ok(());
        }
        let mut refused = SchemeError::Unknown;
        for scheme in self.named(identifier.scheme()) {
            let found = if scheme.party_types.contains(&party_type) {
                scheme.form.check(identifier.value()).map_err(SchemeError::Form)
            } else {
                Err(SchemeError::PartyType)
            };
            match found {
                Ok(()) => return Ok(()),
                Err(error) => refused = refused.or(error),
            }
        }
        Err(refused)
    }

    /// As what somebody with this identifier is prepared: as a person if that can be, else as an organisation. An institution
    /// is none to prepare.
    ///
    /// # Errors
    /// [`SchemeError`] if nobody may be registered under it.
    pub fn type_of(&self, identifier: &Identifier) -> Result<PartyType, SchemeError> {
        let mut refused = SchemeError::Unknown;
        for party_type in PREPARED_AS {
            match self.check(identifier, party_type) {
                Ok(()) => return Ok(party_type),
                Err(error) => refused = refused.or(error),
            }
        }
        Err(refused)
    }

    fn named<'s>(&'s self, code: &'s str) -> impl Iterator<Item = &'s Scheme> {
        self.catalogues
            .iter()
            .flat_map(|catalogue| &catalogue.schemes)
            .filter(move |scheme| scheme.code == code)
    }
}
