//! Applications, on disk; and how far the town's list in the ledger was read. What is signed is here before it is sent.

use crate::book::{BookError, read, write};
use crate::errand;
use crate::look::Kept;
use procura_client::feed::Place;
use procura_core::{Hash, Millis};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// An application's id → [`Application`], as JSON.
const APPLICATIONS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("applications");
/// A person → their application that is under way.
const OPEN: TableDefinition<'_, &str, &[u8; 32]> = TableDefinition::new("open");

/// An application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Application {
    /// The person's identifier.
    pub person: String,
    /// Who that is in the ledger.
    pub party: Hash,
    /// What the form asks, in its order.
    pub fields: Vec<Answer>,
    /// What the person was asked by a link.
    pub ask: Option<Ask>,
}

/// Something that the form asks, and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What it is called in the form.
    pub name: String,
    /// Of which category it is.
    pub category: Option<String>,
    /// What is known.
    #[serde(flatten)]
    pub is: Is,
}

/// What is known of something that a form asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Is {
    /// It is to be found out who holds it, and whether it may be had.
    Open,
    /// The access to it is signed.
    Looking {
        /// The access.
        access: Kept,
    },
    /// A source has told it.
    Filled {
        /// What it told.
        value: Value,
        /// Who.
        source: Hash,
        /// The access under which it told.
        access: Hash,
        /// The receipt that proves that access.
        receipt: Value,
    },
    /// Nobody holds it: the person says it.
    ToSay,
    /// The person has said it.
    Said {
        /// What.
        value: String,
    },
    /// The person does not want it to be had.
    Refused,
}

/// What a person was asked by a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The link's bytes, in base64url.
    pub link: String,
    /// The request.
    pub request: Kept,
    /// Until when it may be answered.
    pub answer_by: Millis,
    /// Whether the ledger has it.
    pub is_logged: bool,
}

/// How an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Something is not known yet.
    Waiting,
    /// All is known.
    Complete,
    /// The person does not want it to go on.
    Refused,
}

impl Application {
    /// How it stands.
    #[must_use]
    pub fn state(&self) -> State {
        if self.fields.iter().any(|field| field.is == Is::Refused) {
            return State::Refused;
        }
        let is_known = |field: &Answer| matches!(field.is, Is::Filled { .. } | Is::Said { .. });
        if self.fields.iter().all(is_known) { State::Complete } else { State::Waiting }
    }
}

/// The book.
pub struct Book {
    database: Database,
}

impl Book {
    /// Opens the book, or begins one.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn open(path: &Path) -> Result<Self, BookError> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        errand::begin(&transaction)?;
        transaction.open_table(APPLICATIONS)?;
        transaction.open_table(OPEN)?;
        transaction.commit()?;
        Ok(Self { database })
    }

    /// How far the list was read.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn place(&self) -> Result<Place, BookError> {
        errand::place(&self.database)
    }

    /// Notes how far the list was read, and which requests it tells that the person refused.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn heard(&self, place: Place, refused: &[Hash]) -> Result<(), BookError> {
        let waiting = if refused.is_empty() { Vec::new() } else { self.waiting()? };
        let transaction = self.database.begin_write()?;
        errand::heard(&transaction, place)?;
        {
            let mut applications = transaction.open_table(APPLICATIONS)?;
            let mut open = transaction.open_table(OPEN)?;
            for (id, mut application) in waiting {
                if !application.ask.as_ref().is_some_and(|ask| refused.contains(&ask.request.id)) {
                    continue;
                }
                for field in application.fields.iter_mut().filter(|field| field.category.is_some()) {
                    if matches!(field.is, Is::Open | Is::Looking { .. }) {
                        field.is = Is::Refused;
                    }
                }
                applications.insert(&id.0, write(&application)?.as_slice())?;
                if application.state() != State::Waiting {
                    open.remove(&*application.person)?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// Opens an application of a person, or finds the one that is under way: its id, and whether it is new.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn begin(&self, id: Hash, application: &Application) -> Result<(Hash, bool), BookError> {
        let transaction = self.database.begin_write()?;
        {
            let mut open = transaction.open_table(OPEN)?;
            if let Some(found) = open.get(&*application.person)? {
                return Ok((Hash(*found.value()), false));
            }
            open.insert(&*application.person, &id.0)?;
            transaction.open_table(APPLICATIONS)?.insert(&id.0, write(application)?.as_slice())?;
        }
        transaction.commit()?;
        Ok((id, true))
    }

    /// An application.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn get(&self, id: &Hash) -> Result<Option<Application>, BookError> {
        let application = self.database.begin_read()?.open_table(APPLICATIONS)?.get(&id.0)?;
        application.map(|application| read(application.value())).transpose()
    }

    /// Keeps an application as it stands now.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn keep(&self, id: &Hash, application: &Application) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        {
            transaction.open_table(APPLICATIONS)?.insert(&id.0, write(application)?.as_slice())?;
            if application.state() != State::Waiting {
                transaction.open_table(OPEN)?.remove(&*application.person)?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Those that something is missing of.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn waiting(&self) -> Result<Vec<(Hash, Application)>, BookError> {
        let transaction = self.database.begin_read()?;
        let (open, applications) = (transaction.open_table(OPEN)?, transaction.open_table(APPLICATIONS)?);
        let mut found = Vec::new();
        for row in open.iter()? {
            let (_, id) = row?;
            let application = applications.get(id.value())?;
            let application = application.ok_or(BookError::Damaged("an application is not there"))?;
            found.push((Hash(*id.value()), read(application.value())?));
        }
        Ok(found)
    }
}
