//! What happens to one's own party, as it happens, with the proof that nothing is left out.
//!
//! The ledger's stream of events says that something is there, and is the server's word. So here it only rings: what is there is read
//! from the party's own list, from the place on where the reader stood, and each page proves that its segments show everything. A
//! server that keeps a ring back delays what is told by as long as the reader waits; one that rings for what its list does not show
//! is found out.
//!
//! ```no_run
//! use procura_client::feed::Place;
//! use std::time::Duration;
//!
//! # fn example(client: &procura_client::Client, kept: Place) -> Result<(), Box<dyn std::error::Error>> {
//! let mut feed = client.follow(kept)?;
//! loop {
//!     let news = feed.next(Duration::from_secs(20))?;
//!     for filed in &news.records { /* what follows from it … */ }
//!     // … is stored together with `news.place`, in one transaction: so it follows once, whatever happens.
//! }
//! # }
//! ```
//!
//! Each look reads the segment in which one stands: of an organisation's list up to 1,024 records, however few of them are new.
//!
//! What is told is complete behind the place. That nothing was misfiled which happened to records before it, [`Client::records`] finds,
//! which reads all.
//!
//! spec: http.md#events, receipts.md

use crate::client::Client;
use crate::error::{ReadError, TokenError};
use crate::records::{Filed, Pages, RecordsError};
use procura_core::{Hash, Index};
use std::io::{BufRead, Read as _};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The longest line of a stream.
const MAX_LINE: u64 = 64 * 1024;
/// How soon to come back to a server that does not let one wait.
const PAUSE: Duration = Duration::from_millis(500);

/// Up to where a reader has read: to be kept together with what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The segment of the list in which the last record read stands.
    pub segment: u64,
    /// That record's index; `None`: nothing was read.
    pub index: Option<Index>,
}

/// What is new.
#[derive(Debug)]
pub struct News {
    /// The records behind the place where the reader stood, in log order; none if nothing happened for as long as one waited.
    pub records: Vec<Filed>,
    /// Where the reader stands now.
    pub place: Place,
}

/// Why there are no news.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The list was not read, or is not believed.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The server rang for an entry that the list does not show. The operator's fault.
    #[error("the server told of an entry at {0} that the party's own list does not show")]
    NotListed(Index),
}

impl FeedError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Records(error) => error.name(),
            Self::NotListed(_) => "not_listed",
        }
    }
}

impl From<ReadError> for FeedError {
    fn from(error: ReadError) -> Self {
        Self::Records(error.into())
    }
}

/// Follows a party's own list. After an error the same feed goes on where it was.
pub struct Feed<'c> {
    client: &'c Client,
    party: Hash,
    place: Place,
    /// The pages of the walk that is under way.
    pages: Option<Pages>,
    /// An entry that the server rang for, and that the walk under way must show.
    rang: Option<Index>,
    /// Whether there may be more than was read.
    is_behind: bool,
}

impl Client {
    /// Follows this client's own party from a place on; from the beginning at [`Place::default`].
    ///
    /// # Errors
    /// [`TokenError::NoIdentity`].
    pub fn follow(&self, place: Place) -> Result<Feed<'_>, TokenError> {
        let party = self.own_party()?;
        Ok(Feed { client: self, party, place, pages: None, rang: None, is_behind: true })
    }
}

impl Feed<'_> {
    /// What is new: a page at a time if there is much. If nothing is, it is waited for, about so long.
    ///
    /// # Errors
    /// [`FeedError`]: nothing was told; asking again is safe.
    pub fn next(&mut self, patience: Duration) -> Result<News, FeedError> {
        if !self.is_behind {
            // Whether it rang or the time is over: what counts is the list.
            self.rang = self.ring(patience)?;
            self.is_behind = true;
        }
        let told = self.page();
        if told.is_err() {
            self.pages = None;
        }
        told
    }

    /// The next page of the list, and what of it lies behind the place.
    fn page(&mut self) -> Result<News, FeedError> {
        let from = self.place.segment;
        let page = self.client.page(&self.party, from)?;
        let answer = page.answer().answer();
        let last = answer.segments.last().map(|(segment, _)| *segment);
        let is_whole = answer.to_the_end;
        let pages = self.pages.get_or_insert_default();
        let mut records = pages.add(&page)?;
        if records.iter().any(|filed| Some(filed.logged.index) == self.rang) {
            self.rang = None;
        }
        records.retain(|filed| self.place.index.is_none_or(|index| index < filed.logged.index));
        if is_whole {
            if let Some(index) = self.rang.take() {
                // An answer from before the entry, as witnesses may have it, cannot show it yet.
                if index.0 < page.answer().receipt().checkpoint().size().0 {
                    return Err(FeedError::NotListed(index));
                }
                sleep(PAUSE);
            }
            self.pages.take().unwrap_or_default().finish()?;
            self.is_behind = false;
        }
        let Some(last) = last else {
            // Nothing, and no end either: the server would be asked for ever.
            return if is_whole {
                Ok(News { records, place: self.place })
            } else {
                Err(RecordsError::NoProgress(from).into())
            };
        };
        let index = records.last().map(|filed| filed.logged.index).or(self.place.index);
        // The last segment may grow; those before it never do.
        self.place = Place { segment: if is_whole { last } else { last + 1 }, index };
        Ok(News { records, place: self.place })
    }

    /// Waits until the server says that something is there behind the place.
    fn ring(&self, patience: Duration) -> Result<Option<Index>, FeedError> {
        let begun = Instant::now();
        let after = self.place.index.unwrap_or(Index(0));
        let path = format!("/v1/events?after={after}");
        let mut stream = self.client.private(|token| self.client.server.stream(&path, token, patience))?;
        let mut line = Vec::new();
        loop {
            line.clear();
            match stream.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
                // The stream is over, or one's own patience is: both are its usual end.
                Ok(0) | Err(_) => {
                    sleep(patience.saturating_sub(begun.elapsed()).min(PAUSE));
                    return Ok(None);
                }
                Ok(_) => {}
            }
            let id = std::str::from_utf8(&line).ok().and_then(|line| line.strip_prefix("id:"));
            if let Some(id) = id {
                let index = id.trim().parse().map(Index);
                let unexpected = |_| crate::http::unexpected(&path, "an event's id is no index");
                return Ok(Some(index.map_err(unexpected).map_err(ReadError::from)?));
            }
        }
    }
}
