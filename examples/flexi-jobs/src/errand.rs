//! An errand: a thread that follows a party's own list in the ledger and does what follows from it, for as long as its service runs.

use crate::book::BookError;
use crate::caller::CallerError;
use procura_client::feed::{FeedError, Place};
use procura_client::{ReadError, SignFault, SubmitError, TokenError};
use procura_core::Index;
use redb::{Database, ReadableDatabase as _, TableDefinition, WriteTransaction};
use std::fmt::Display;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long news are waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// How long it is left alone after something went wrong.
const PAUSE: Duration = Duration::from_millis(500);
/// How far the list was read: the segment, and the first index that was not.
const PLACE: TableDefinition<'_, (), (u64, u64)> = TableDefinition::new("place");

/// Why something is not done now. It will be.
#[derive(Debug, thiserror::Error)]
pub enum ErrandError {
    /// The book.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The list.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The source, or an access.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The ledger.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger did not take what was handed in.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The key.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// Nobody is registered under an identifier.
    #[error("nobody is registered under this identifier")]
    Nobody,
    /// No catalogue in force has what is to be asked for.
    #[error("no catalogue in force has all that the person would be asked for")]
    NoWords,
    /// No catalogue in force says what a permit rests on: it cannot be explained, so nothing is granted.
    #[error("no catalogue in force names the law that the permit rests on")]
    Unexplained,
    /// The source's answer is none.
    #[error("the source answers something else than periods")]
    Answer,
    /// The machine has no randomness.
    #[error("this machine has no randomness: {0}")]
    Random(String),
    /// The clock stands after the year 9999.
    #[error("this machine's clock stands after the year 9999")]
    Clock,
}

impl From<TokenError> for ErrandError {
    fn from(error: TokenError) -> Self {
        Self::Read(error.into())
    }
}

/// A thread that runs an errand until this is dropped. It ends by itself and is not waited for: what it has not stored it does again.
pub(crate) struct Errand {
    stop: Arc<AtomicBool>,
}

impl Errand {
    /// Runs `errand`, again and again, which returns once it is to stop, or with why it does not go on now.
    pub(crate) fn start<E: Display>(
        what: &'static str,
        errand: impl Fn(&AtomicBool) -> Result<(), E> + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Err(error) = errand(&stopped) {
                    not_now(what, &error);
                    std::thread::sleep(PAUSE);
                }
            }
        });
        Self { stop }
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Tells whoever runs the service why something waits.
pub(crate) fn not_now(what: &str, error: &dyn Display) {
    drop(writeln!(std::io::stderr(), "{what}: not now: {error}"));
}

/// The book's table of how far the list was read is there.
pub(crate) fn begin(transaction: &WriteTransaction) -> Result<(), BookError> {
    transaction.open_table(PLACE)?;
    Ok(())
}

/// How far the list was read.
pub(crate) fn place(database: &Database) -> Result<Place, BookError> {
    let place = database.begin_read()?.open_table(PLACE)?.get(())?.map(|place| place.value());
    let (segment, next) = place.unwrap_or_default();
    Ok(Place { segment, index: next.checked_sub(1).map(Index) })
}

/// Notes how far the list was read, with what else the transaction writes.
pub(crate) fn heard(transaction: &WriteTransaction, place: Place) -> Result<(), BookError> {
    let next = place.index.map_or(0, |index| index.0 + 1);
    transaction.open_table(PLACE)?.insert((), (place.segment, next))?;
    Ok(())
}
