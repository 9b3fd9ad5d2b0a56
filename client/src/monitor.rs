//! Watches a ledger on behalf of a citizen, an institution or an auditor, round by round, and keeps evidence of a fault.
//!
//! Everybody's round holds the checkpoint against the one before. Whoever has a party reads what is new in its list, each page proven,
//! and from time to time the whole list, which also shows what was filed elsewhere. An auditor replays every entry.
//!
//! spec: log.md#monitors

use crate::audit::{AuditError, Audited, Auditing};
use crate::client::Client;
use crate::error::{Distrust, ReadError};
use crate::evidence::{
    EntryEvidence, Evidence, ListEvidence, NO_COMMIT, TIME_BACKWARDS, Times, UNMAPPED, ended_by, is_lists,
    lacks,
};
use crate::feed::Place;
use crate::records::{Complete, Filed, Pages, RecordsError};
use crate::tiles::LogError;
use procura_core::checkpoint::VerifiedCheckpoint;
use procura_core::receipt::{Mode, VerifyError, verify_complete};
use procura_core::{Hash, Index};
use std::time::{Duration, Instant};

/// How much is checked.
#[derive(Debug, Clone, Copy)]
pub struct Watching {
    /// Whether the entries are replayed: for auditors. The index of the whole log is held in memory then.
    pub entries: bool,
    /// How often the whole list is read, not only what is new; the first round does.
    pub whole_every: Duration,
}

/// Watches.
pub struct Monitor<'c> {
    client: &'c Client,
    watching: Watching,
    party: Option<Hash>,
    place: Place,
    auditing: Option<Auditing>,
    /// The page with which the last round ended: what comes later is not before its time.
    last: Option<Vec<u8>>,
    whole_at: Option<Instant>,
}

/// What a round found right.
#[derive(Debug)]
pub struct Round {
    /// The checkpoint.
    pub checkpoint: VerifiedCheckpoint,
    /// What is new in the party's list.
    pub news: Vec<Filed>,
    /// As of when the whole list is complete, if it was read.
    pub whole: Option<Complete>,
    /// What was audited, if that was asked for.
    pub audited: Option<Audited>,
    /// Where the reader of the list stands now: to be kept, so that nothing is told twice.
    pub place: Place,
}

/// Why a round did not end well.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The ledger did something that it must not do.
    #[error("{what}{}", .evidence.as_ref().map_or(String::new(), |path| format!(". The evidence is kept in {path}")))]
    Fault {
        /// The fault's name.
        name: String,
        /// What it is.
        what: String,
        /// Where the evidence is kept; `None`: what came does not prove itself, and convicts nobody.
        evidence: Option<String>,
    },
    /// Nothing is known: the ledger or the network is away, or this machine can't keep what it saw.
    #[error("nothing is known: {what}")]
    Unknown {
        /// The error's name.
        name: String,
        /// What it is.
        what: String,
    },
}

impl MonitorError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Fault { name, .. } | Self::Unknown { name, .. } => name,
        }
    }
}

impl<'c> Monitor<'c> {
    /// Watches with a client; its party's list, if it has an identity, from `place` on.
    #[must_use]
    pub fn new(client: &'c Client, watching: Watching, place: Place) -> Self {
        let party = client.identity().map(|identity| identity.party);
        let auditing = watching.entries.then(|| Auditing::new(&client.policy().origin));
        Self { client, watching, party, place, auditing, last: None, whole_at: None }
    }

    /// Looks once. After [`MonitorError::Unknown`] the next round makes up for it; what was found once stays found.
    ///
    /// # Errors
    /// [`MonitorError`].
    pub fn round(&mut self) -> Result<Round, MonitorError> {
        let (checkpoint, audited) = match &mut self.auditing {
            None => (self.client.checkpoint().map_err(from_log)?, None),
            Some(auditing) => match self.client.audit_on(auditing, &|_, _, _| {}) {
                Ok(audited) => (audited.checkpoint.clone(), Some(audited)),
                Err(error) => return Err(self.audit_failed(error)),
            },
        };
        let (mut news, mut whole) = (Vec::new(), None);
        if let Some(party) = self.party {
            let is_due = self.whole_at.is_none_or(|at| at.elapsed() >= self.watching.whole_every);
            let (filed, complete) = self.list(&party, if is_due { 0 } else { self.place.segment })?;
            let is_new = |filed: &Filed| self.place.index.is_none_or(|index| index < filed.logged.index);
            news = filed.into_iter().filter(is_new).collect();
            self.ends_are_mapped(&party, &news)?;
            if let Some(last) = news.last() {
                self.place = Place { segment: last.segment, index: Some(last.logged.index) };
            }
            if is_due {
                (whole, self.whole_at) = (Some(complete), Some(Instant::now()));
            }
        }
        Ok(Round { checkpoint, news, whole, audited, place: self.place })
    }

    /// The party's list from a segment on. Its receipts are kept until it was found right.
    fn list(&mut self, party: &Hash, mut from: u64) -> Result<(Vec<Filed>, Complete), MonitorError> {
        let (mut receipts, mut filed) = (Vec::new(), Vec::new());
        let (mut pages, mut times) = (Pages::default(), Times::default());
        let before = self.last.clone();
        if let Some(before) = &before {
            self.add_times(&mut times, party, before);
        }
        loop {
            let asking = self.client.asking().map_err(from_distrust)?;
            let reply = self.client.page_unverified(party, from).map_err(from_read)?;
            receipts.push(reply.body.clone());
            let mode = Mode::Fresh(self.client.now());
            let page = asking.believe::<_, ReadError>(reply, mode, |bytes, policy, mode| {
                verify_complete(bytes, party, from, policy, mode)
            });
            let page = match page {
                Ok(page) => page,
                Err(ReadError::Distrust(Distrust::Verify(error))) if is_lists(&error) => {
                    let only = receipts.pop().into_iter().collect();
                    return Err(self.list_failed(error.name(), &error.to_string(), party, only));
                }
                Err(error) => return Err(from_read(error)),
            };
            let answer = page.answer().answer();
            let (shown, is_last) = (answer.segments.len() as u64, answer.to_the_end);
            times.add(page.answer());
            filed.extend(pages.add(&page).map_err(from_read)?);
            if is_last {
                self.last = receipts.last().cloned();
                break;
            }
            if shown == 0 {
                let error = RecordsError::NoProgress(from);
                return Err(unproven(error.name(), &error.to_string()));
            }
            from += shown;
        }
        if let Some(index) = times.fault() {
            let what = format!("the entry at {index} is dated before what stood in the log already");
            let receipts = before.into_iter().chain(receipts).collect();
            return Err(self.list_failed(TIME_BACKWARDS, &what, party, receipts));
        }
        match pages.finish() {
            Ok((complete, _)) => Ok((filed, complete)),
            Err(error) if error.convicts() => {
                Err(self.list_failed(error.name(), &error.to_string(), party, receipts))
            }
            Err(RecordsError::Read(error)) => Err(from_read(error)),
            Err(error) => Err(unproven(error.name(), &error.to_string())),
        }
    }

    /// What the list shows to have ended is ended for everybody who asks: the map has it too.
    fn ends_are_mapped(&self, party: &Hash, news: &[Filed]) -> Result<(), MonitorError> {
        for (filed, (target, at)) in news.iter().filter_map(|filed| Some((filed, ended_by(&filed.logged)?))) {
            let status = match self.client.status(&target) {
                Ok(status) => status,
                // Of what was erased, and of what is not this party's to read, nothing is shown.
                Err(ReadError::NotFound) => continue,
                Err(ReadError::Call(error)) if error.refusal(409).is_some() => continue,
                Err(error) => return Err(from_read(error)),
            };
            if !lacks(status.answer(), at) {
                continue;
            }
            let page = self.client.page(party, filed.segment).map_err(from_read)?;
            let what = format!("{target} was ended at {at}, and its receipt says that it was not");
            let receipts = vec![page.receipt().to_vec()];
            let status = Some(status.receipt().to_vec());
            let evidence = ListEvidence { fault: UNMAPPED.to_owned(), party: *party, receipts, status };
            return Err(self.client.keep_evidence(&what, &Evidence::List(evidence)));
        }
        Ok(())
    }

    /// The page of a round before was verified then.
    fn add_times(&self, times: &mut Times, party: &Hash, receipt: &[u8]) {
        let policy = self.client.policy();
        let from = crate::evidence::starts_at(receipt).unwrap_or_default();
        if let Ok(page) = verify_complete(receipt, party, from, policy, Mode::Historic) {
            times.add(&page);
        }
    }

    fn list_failed(&self, fault: &str, what: &str, party: &Hash, receipts: Vec<Vec<u8>>) -> MonitorError {
        let evidence = ListEvidence { fault: fault.to_owned(), party: *party, receipts, status: None };
        self.client.keep_evidence(what, &Evidence::List(evidence))
    }

    fn audit_failed(&self, error: AuditError) -> MonitorError {
        let (fault, index) = match &error {
            AuditError::Invalid { index, fault } => (fault.name(), *index),
            AuditError::NoCommit(size) => (NO_COMMIT, Index(size.0.saturating_sub(1))),
            _ if error.is_finding() => match error {
                AuditError::Log(error) => return from_log(error),
                _ => return unproven(error.name(), &error.to_string()),
            },
            _ => return unknown(error.name(), &error.to_string()),
        };
        // The checkpoint of now vouches for the entry as the one that was audited does: it continues that.
        match self.client.checkpoint() {
            Ok(checkpoint) => self.client.convict(fault, index, &checkpoint, &error.to_string()),
            Err(_) => unproven(fault, &error.to_string()),
        }
    }
}

impl Client {
    /// Keeps the evidence that an entry breaks a rule, by a checkpoint that vouches for it.
    pub(crate) fn convict(
        &self,
        fault: &str,
        index: Index,
        checkpoint: &VerifiedCheckpoint,
        what: &str,
    ) -> MonitorError {
        match self.placed(index, checkpoint) {
            Ok((entry, previous)) => {
                let (fault, checkpoint) = (fault.to_owned(), checkpoint.signed().to_string());
                let evidence = Evidence::Entry(EntryEvidence { fault, checkpoint, entry, previous });
                self.keep_evidence(what, &evidence)
            }
            Err(_) => unproven(fault, what),
        }
    }

    fn keep_evidence(&self, what: &str, evidence: &Evidence) -> MonitorError {
        match self.store.keep_evidence(&self.policy.origin, evidence) {
            Ok(path) => MonitorError::Fault {
                name: evidence.fault().to_owned(),
                what: what.to_owned(),
                evidence: Some(path),
            },
            Err(error) => {
                unproven(evidence.fault(), &format!("{what}; the evidence could not be kept: {error}"))
            }
        }
    }
}

pub(crate) fn unproven(name: &str, what: &str) -> MonitorError {
    MonitorError::Fault { name: name.to_owned(), what: what.to_owned(), evidence: None }
}

pub(crate) fn unknown(name: &str, what: &str) -> MonitorError {
    MonitorError::Unknown { name: name.to_owned(), what: what.to_owned() }
}

pub(crate) fn from_log(error: LogError) -> MonitorError {
    match error {
        LogError::Distrust(error) => from_distrust(error),
        error @ (LogError::Call(_) | LogError::Beyond { .. }) => unknown(error.name(), &error.to_string()),
        error => unproven(error.name(), &error.to_string()),
    }
}

fn from_distrust(error: Distrust) -> MonitorError {
    match &error {
        Distrust::Fork { evidence, .. } => MonitorError::Fault {
            name: error.name().to_owned(),
            what: "the ledger shows two histories".to_owned(),
            evidence: Some(evidence.clone()),
        },
        Distrust::Store(_) => unknown(error.name(), &error.to_string()),
        // An old answer may be a slow network's, and a clock may be wrong.
        Distrust::Verify(VerifyError::Stale { .. }) => unknown(error.name(), &error.to_string()),
        _ => unproven(error.name(), &error.to_string()),
    }
}

pub(crate) fn from_read(error: ReadError) -> MonitorError {
    match error {
        ReadError::Distrust(error) => from_distrust(error),
        error => unknown(error.name(), &error.to_string()),
    }
}
