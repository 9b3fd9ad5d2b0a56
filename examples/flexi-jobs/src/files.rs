//! Each worker's file is registered once with the ledger, as a holding: so whoever asks who has these data is told, and the worker
//! sees it.
//!
//! A thread of its own does it, behind the declarations. What it signs is in the book before it is sent; stopped at any moment it goes on
//! where it was, and the ledger takes the same bytes once.

use crate::behind::Wake;
use crate::book::{Book, BookError, File};
use crate::counters::Counters;
use crate::status;
use procura_client::bulk::{Bulk, BulkError, Tried};
use procura_client::{Client, SignFault};
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::identifier::Identifier;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How many are registered at a time.
const PART: usize = 1_024;
/// Over how many connections.
const CONNECTIONS: usize = 32;
/// How long the ledger may do nothing before it is left alone for a moment.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// Why files are not registered now. They will be.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The book.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The key.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// The ledger.
    #[error(transparent)]
    Bulk(#[from] BulkError),
    /// A file of nobody, or of no counter.
    #[error("a file in the book is of no worker, or of a counter that there is not")]
    Damaged,
}

/// What registers files.
pub struct Registrar {
    /// The book.
    pub book: Arc<Book>,
    /// The office's client.
    pub client: Arc<Client>,
    /// The counters.
    pub counters: Arc<Counters>,
    /// The catalogue whose categories the counters name.
    pub catalogue: Hash,
}

impl Registrar {
    /// Registers what is to be registered, from now on.
    #[must_use]
    pub fn start(self) -> Wake {
        Wake::start("registering files", PAUSE, move || self.part())
    }

    /// Registers some; whether there were any.
    ///
    /// # Errors
    /// [`FilesError`]: some of them may be registered, and are found to be when they are sent again.
    pub fn part(&self) -> Result<bool, FilesError> {
        let (mut ready, fresh): (Vec<File>, Vec<File>) =
            self.book.to_register(PART)?.into_iter().partition(|file| file.signed.is_some());
        if ready.is_empty() && fresh.is_empty() {
            return Ok(false);
        }
        let bulk = Bulk::new(&self.client, CONNECTIONS, PATIENCE);
        let signed = self.sign(&bulk, fresh)?;
        self.book.keep_signed(&signed)?;
        ready.extend(signed);
        let letters: Vec<_> = ready
            .iter()
            .filter_map(|file| file.signed.clone().map(|(_, id, submission)| (id, submission)))
            .collect();
        let answers = bulk.hand_in(&letters, &|| {});
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        for (file, answer) in ready.iter().zip(answers) {
            match answer {
                Tried::Done(promised) => done.push((file, promised.index.0)),
                // The place that was kept for the worker is gone, or it was signed too long ago: it is signed anew.
                Tried::Refused(problem) => {
                    let again = matches!(&*problem.name, "unknown_party" | "too_late");
                    refused.push((file, (problem.name, again)));
                }
                Tried::GaveUp => {}
            }
        }
        self.book.registered(done.into_iter())?;
        self.book.refused(refused.into_iter())?;
        bulk.finish()?;
        Ok(true)
    }

    fn sign(&self, bulk: &Bulk<'_>, files: Vec<File>) -> Result<Vec<File>, FilesError> {
        let who: Result<Vec<Identifier>, _> = files.iter().map(|file| file.worker.parse()).collect();
        let found = bulk.find_parties(&who.map_err(|_| FilesError::Damaged)?);
        let (mut signed, mut refused) = (Vec::new(), Vec::new());
        for (file, found) in files.into_iter().zip(found) {
            match found {
                Tried::Done(party) => signed.push(self.sign_one(file, party.id())?),
                Tried::Refused(problem) => refused.push((file, (problem.name, false))),
                Tried::GaveUp => {}
            }
        }
        self.book.refused(refused.iter().map(|(file, why)| (file, why.clone())))?;
        Ok(signed)
    }

    fn sign_one(&self, mut file: File, worker: Hash) -> Result<File, FilesError> {
        let scopes = self.scopes(&file.counter).ok_or(FilesError::Damaged)?;
        let since = Day::of(self.client.now()).ok_or(FilesError::Damaged)?;
        let office = self.client.own_party().map_err(SignFault::NoIdentity)?;
        let draft = Draft::new("holding", &self.client.occasion()?)
            .member("source", json!(office))
            .member("subject", json!(worker))
            .member("catalogue", json!(self.catalogue))
            .set("scopes", &scopes)
            .member("since", json!(since));
        let (id, submission) = self.client.sign(draft)?;
        file.signed = Some((worker, id, submission));
        Ok(file)
    }

    /// What can be had from a file of a counter, or of a status: for each of these others need not ask the worker.
    fn scopes(&self, of: &str) -> Option<Vec<String>> {
        if of.starts_with(status::ABOVE) {
            return Some(vec![of.to_owned()]);
        }
        let asked = &self.counters.get(of)?.categories;
        Some(vec![asked.read.clone(), asked.eligible.clone(), asked.room.clone()])
    }
}
