//! `--demo`: a fictional directory to try things out with, registered the way real ones are: by signed records.
//!
//! Every name is invented, every number a published sample. Keys and records lie in `<data>/demo`; a second start
//! finds them there and writes nothing again.

mod catalogue;
mod desk;
mod grants;
mod people;
mod schemes;

pub use desk::{Desk, DeskError, Fictional};
pub use people::{EMPLOYER, MOTHER, MUNICIPALITY, SON, WORKER, telling};

use crate::enrol::{By, EnrolError, Enrolled, Writer};
use crate::private::{self, PrivateError};
use crate::trial::Trial;
use people::{PARTIES, Person, RegisteredBy};
use procura_core::identifier::IdentifierError;
use procura_core::key::{SignError, Signer};
use procura_core::{Hash, b64};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file of the demo's folder.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// A record could not be written.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// A key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A sample number is none.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// A party that the demo's own tables name is not in them.
    #[error("the demo has no party {0:?}")]
    NoParty(&'static str),
    /// The clock stands after the last day that validities know.
    #[error("the ledger's clock stands after the year 9999")]
    Clock,
}

impl DemoError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Private(error) => error.name(),
            Self::Enrol(error) => error.name(),
            Self::Sign(error) => error.name(),
            Self::Identifier(error) => error.name(),
            Self::NoParty(_) => "demo_no_party",
            Self::Clock => "demo_clock",
        }
    }
}

/// The fictional directory, as it stands in the ledger.
pub struct Demo {
    /// The parties by their short names: the keys of `<data>/demo/<name>.json`.
    pub parties: BTreeMap<&'static str, Enrolled>,
    /// The catalogue's id.
    pub catalogue: Hash,
    /// Mandates and consents by their short names.
    pub grants: BTreeMap<&'static str, Hash>,
    /// A static bearer token of the municipality's; also in `<data>/demo/token`.
    pub token: String,
}

impl Demo {
    /// A party by its short name.
    ///
    /// # Errors
    /// [`DemoError::NoParty`].
    pub fn party(&self, name: &'static str) -> Result<&Enrolled, DemoError> {
        find(&self.parties, name)
    }
}

/// Registers the directory, as far as it is not there yet.
///
/// # Errors
/// [`DemoError`].
pub fn register(trial: &Trial, data: &Path) -> Result<Demo, DemoError> {
    let folder = data.join("demo");
    let writer = trial.writer(folder.join("records"))?;
    let mut parties = BTreeMap::new();
    let by_root = |person: &&Person| person.registered_by == RegisteredBy::Root;
    for person in PARTIES.iter().filter(by_root) {
        let enrolled = enrol(trial, &writer, &folder, person, &parties)?;
        parties.insert(person.short, enrolled);
    }
    // Everybody else has an identifier of one of its schemes.
    let catalogue = catalogue::publish(&writer, &parties)?;
    for person in PARTIES.iter().filter(|person| !by_root(person)) {
        let enrolled = enrol(trial, &writer, &folder, person, &parties)?;
        parties.insert(person.short, enrolled);
    }
    let grants = grants::give(&writer, &parties, &catalogue)?;
    let token =
        private::text(&folder.join("token"), || Ok(b64::encode(&private::fresh::<32>(&*trial.random)?)))?;
    Ok(Demo { parties, catalogue, grants, token })
}

fn enrol(
    trial: &Trial,
    writer: &Writer,
    folder: &Path,
    person: &Person,
    parties: &BTreeMap<&'static str, Enrolled>,
) -> Result<Enrolled, DemoError> {
    let path = folder.join(format!("{}.json", person.short));
    let signer: Arc<dyn Signer> = Arc::new(private::key(&path, person.name, &*trial.random)?);
    let thumbprint = trial.root.public_key().thumbprint();
    let by = match person.registered_by {
        RegisteredBy::Root => By { kid: &thumbprint, signer: &trial.root },
        RegisteredBy::Registrar => find(parties, people::REGISTRAR)?.by(),
    };
    let party = writer.party(&format!("{}-party", person.short), by, &person.new_party()?)?;
    let kid = writer.key(&format!("{}-key", person.short), by, &party, &*signer)?;
    let enrolled = Enrolled { party, kid, signer };
    private::label_key(&path, person.name, &enrolled)?;
    Ok(enrolled)
}

fn find<'a, T>(all: &'a BTreeMap<&'static str, T>, name: &'static str) -> Result<&'a T, DemoError> {
    all.get(name).ok_or(DemoError::NoParty(name))
}
