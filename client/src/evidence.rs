//! Evidence of a fault of a ledger, as a file that anybody can check with the ledger's policy alone.
//!
//! spec: log.md#evidence

mod suppressed;

pub use suppressed::Suppressed;

use crate::client::Proven;
use crate::records::Pages;
use crate::relay::{InHand, InHandFault, NoteFault};
use crate::store::ForkEvidence;
use procura_core::checkpoint::{CheckpointError, SignedCheckpoint, VerifiedCheckpoint};
use procura_core::entry::Entry;
use procura_core::hash::leaf;
use procura_core::json::{Field, JsonError, MemberError, Members, canonical, parse_strict};
use procura_core::note::NoteVerifier;
use procura_core::receipt::{
    InHandError, Mode, Policy, Question, Receipt, ReceiptError, VerifiedComplete, VerifiedStatus,
    VerifyError, verify_complete, verify_status,
};
use procura_core::source::Logged;
use procura_core::tree::{Leaf, ProofError, Root, check_consistency, check_inclusion};
use procura_core::{Hash, Index, Millis, Size, b64};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The largest file of evidence that is read, and so the largest that is written: a list of many pages.
pub const MAX_BYTES: usize = 256 << 20;
/// The fault of a list whose entries, or whose checkpoints, contradict the order of time.
pub const TIME_BACKWARDS: &str = "time_backwards";
/// The fault of a map that lacks the end of a record which stands in the log.
pub const UNMAPPED: &str = "unmapped";
/// The fault of a ledger that lacks a withdrawal which relays had.
pub const SUPPRESSED: &str = "suppressed";
/// The fault of a checkpoint that was signed over an entry that is no index commit.
pub const NO_COMMIT: &str = "no_commit";

/// What shows a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Two checkpoints of one ledger that are not one history.
    Fork(ForkEvidence),
    /// An entry that breaks a rule.
    Entry(EntryEvidence),
    /// A party's list that hides something, or contradicts itself.
    List(ListEvidence),
    /// A withdrawal that relays had, and that the ledger lacks.
    Suppressed(Suppressed),
}

/// An entry of the log that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryEvidence {
    /// The fault's name: of spec index.md#faults, or [`NO_COMMIT`].
    pub fault: String,
    /// The signed checkpoint that vouches for the entries.
    pub checkpoint: String,
    /// The entry.
    pub entry: Placed,
    /// The one before it, if there is one.
    pub previous: Option<Placed>,
}

/// An entry with the proof that it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Where.
    pub index: Index,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The inclusion proof, from the leaf up.
    pub path: Vec<Hash>,
}

/// Pages of a party's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListEvidence {
    /// The fault's name: `misfiled`, `unopened`, `list_move`, `opening_move`, `entry_time`, between pages [`TIME_BACKWARDS`], or [`UNMAPPED`].
    pub fault: String,
    /// The party.
    pub party: Hash,
    /// The pages' receipts, as they came.
    pub receipts: Vec<Vec<u8>>,
    /// [`UNMAPPED`]: the status receipt of what one of the pages shows to have ended.
    pub status: Option<Vec<u8>>,
}

/// How far evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It convicts whoever signed: nothing else is needed.
    Proven,
    /// It is signed for, and the fault shows only to who knows the rest: the entries before it, or that there is no better proof.
    Stated,
    /// Two sides signed what can't both be true: the ledger, and every relay that is named. One of the two lies.
    OneOfTwo,
}

/// Why a file is no evidence against the ledger of a policy.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Not JSON as we take it.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member is missing, unknown or of another form.
    #[error(transparent)]
    Member(#[from] MemberError),
    /// Of a later version.
    #[error("the evidence is of version {0}; this software reads 1")]
    Version(u64),
    /// About another ledger.
    #[error("the evidence is about {0}, not about the ledger of the policy")]
    OtherLedger(String),
    /// A checkpoint that the ledger did not sign.
    #[error("a checkpoint is not the ledger's: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// An entry that does not stand where it is said to.
    #[error("the entry at {index} does not stand under the checkpoint: {source}")]
    Inclusion {
        /// Where.
        index: Index,
        /// Why.
        source: ProofError,
    },
    /// A receipt that is none.
    #[error("a receipt is none: {0}")]
    Receipt(#[from] ReceiptError),
    /// A receipt that the ledger did not vouch for.
    #[error("a receipt does not hold: {0}")]
    Verify(VerifyError),
    /// A withdrawal that does not count.
    #[error("the withdrawal does not count: {0}")]
    InHand(#[from] InHandError),
    /// What is said to be in hand is none.
    #[error(transparent)]
    Form(#[from] InHandFault),
    /// A relay's note that says nothing.
    #[error("a relay's note says nothing: {0}")]
    Note(#[from] NoteFault),
    /// Everything in it is as it should be.
    #[error("what is shown is no fault, or another one: {0}")]
    NoFault(String),
}

impl EvidenceError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Json(error) => error.name(),
            Self::Member(error) => error.name(),
            Self::Version(_) => "unknown_version",
            Self::OtherLedger(_) => "other_ledger",
            Self::Checkpoint(error) => error.name(),
            Self::Inclusion { .. } => "inclusion",
            Self::Receipt(error) => error.name(),
            Self::Verify(error) => error.name(),
            Self::InHand(error) => error.name(),
            Self::Form(error) => error.name(),
            Self::Note(error) => error.name(),
            Self::NoFault(_) => "no_fault",
        }
    }
}

impl Evidence {
    /// The fault's name.
    #[must_use]
    pub fn fault(&self) -> &str {
        match self {
            Self::Fork(_) => "fork",
            Self::Entry(evidence) => &evidence.fault,
            Self::List(evidence) => &evidence.fault,
            Self::Suppressed(_) => SUPPRESSED,
        }
    }

    /// The file.
    #[must_use]
    pub fn to_json(&self, origin: &str) -> Value {
        let mut file = Map::new();
        let mut put = |name: &str, value: Value| drop(file.insert(name.to_owned(), value));
        put("v", json!(1));
        put("origin", json!(origin));
        put("fault", json!(self.fault()));
        put("explanation", json!(self.explanation()));
        match self {
            Self::Fork(fork) => {
                put("seen", json!(fork.seen));
                put("shown", json!(fork.shown));
                if let Some(hashes) = &fork.consistency {
                    put("consistency", json!(hashes));
                }
                if let Some(begins) = &fork.begins {
                    put("begins", json!(begins));
                }
            }
            Self::Entry(evidence) => {
                put("checkpoint", json!(evidence.checkpoint));
                put("entry", evidence.entry.to_json());
                if let Some(previous) = &evidence.previous {
                    put("previous", previous.to_json());
                }
            }
            Self::List(evidence) => {
                put("party", json!(evidence.party));
                let texts = evidence.receipts.iter().map(|receipt| String::from_utf8_lossy(receipt));
                put("receipts", json!(texts.collect::<Vec<_>>()));
                if let Some(status) = &evidence.status {
                    put("status", json!(String::from_utf8_lossy(status)));
                }
            }
            Self::Suppressed(evidence) => {
                put("in_hand", evidence.in_hand.to_json());
                put("receipt", json!(String::from_utf8_lossy(&evidence.receipt)));
            }
        }
        Value::Object(file)
    }

    fn explanation(&self) -> &'static str {
        match self {
            Self::Fork(fork) if fork.consistency.is_none() => {
                "Both checkpoints have one size and two roots: the two alone convict whoever signed them."
            }
            Self::Fork(fork) if fork.begins.is_some() => {
                "The larger tree does not begin with the smaller one, and the hashes show what it begins with instead: \
                 the two checkpoints convict whoever signed them."
            }
            Self::Fork(_) => {
                "The consistency proof given between the two checkpoints does not hold. Ask the ledger for another: if \
                 it has none, the two convict whoever signed them."
            }
            Self::Entry(_) => {
                "The checkpoint is signed over an entry that breaks a rule of the log. Some rules show from the entry \
                 and the one before it alone; for the others the log is replayed up to it."
            }
            Self::List(_) => {
                "The receipts prove what the party's list holds, and what became of its records: they contradict each \
                 other."
            }
            Self::Suppressed(_) => {
                "The relays signed that they had the withdrawal; the ledger's receipt, from over ten minutes later, shows what \
                 it withdraws as if nobody had. Either the ledger kept it out, or every one of these relays dated its note \
                 falsely or did not pass the record on."
            }
        }
    }

    /// Reads a file: the evidence, and which ledger it is about.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn parse(bytes: &[u8]) -> Result<(String, Self), EvidenceError> {
        let mut members = Members::new(parse_strict(bytes, MAX_BYTES)?);
        let version = members.take_u64("v")?;
        if version != 1 {
            return Err(EvidenceError::Version(version));
        }
        let origin = members.take_str("origin")?;
        let fault = members.take_str("fault")?;
        members.take_str("explanation")?;
        let evidence = if members.has("seen") {
            Self::Fork(ForkEvidence {
                seen: members.take_str("seen")?,
                shown: members.take_str("shown")?,
                consistency: members.take_opt("consistency", |field| field.array_of(Field::hash))?,
                begins: members.take_opt("begins", Field::hash)?,
            })
        } else if members.has("entry") {
            Self::Entry(EntryEvidence {
                checkpoint: members.take_str("checkpoint")?,
                entry: Placed::read(members.take_object("entry")?)?,
                previous: members.take_opt("previous", |field| field.object().and_then(Placed::read))?,
                fault: fault.clone(),
            })
        } else if members.has("in_hand") {
            Self::Suppressed(Suppressed {
                in_hand: InHand::read(members.take_object("in_hand")?)?,
                receipt: members.take_str("receipt")?.into_bytes(),
            })
        } else {
            Self::List(ListEvidence {
                party: members.take_hash("party")?,
                receipts: members.take_array("receipts", |field| field.str().map(String::into_bytes))?,
                status: members.take_opt("status", |field| field.str().map(String::into_bytes))?,
                fault: fault.clone(),
            })
        };
        members.finish()?;
        if evidence.fault() != fault {
            return Err(EvidenceError::NoFault(format!("it is called {fault}")));
        }
        Ok((origin, evidence))
    }

    /// Checks the evidence against the ledger of a policy. What the ledger signed counts, whoever else cosigned.
    ///
    /// # Errors
    /// [`EvidenceError`]: it shows no such fault of this ledger.
    pub fn check(&self, origin: &str, policy: &Policy) -> Result<Verdict, EvidenceError> {
        if origin != policy.origin {
            return Err(EvidenceError::OtherLedger(origin.to_owned()));
        }
        match self {
            Self::Fork(fork) => check_fork(fork, policy),
            Self::Entry(evidence) => evidence.check(policy),
            Self::List(evidence) => evidence.check(policy),
            Self::Suppressed(evidence) => evidence.check(policy),
        }
    }

    /// The relays whose notes contradict the ledger, by the ids of their parties.
    ///
    /// # Errors
    /// [`EvidenceError`], as of [`Evidence::check`].
    pub fn relays(&self, policy: &Policy) -> Result<BTreeSet<Hash>, EvidenceError> {
        match self {
            Self::Suppressed(evidence) => evidence.relays(policy),
            _ => Ok(BTreeSet::new()),
        }
    }

    /// Who, of the witnesses and map-checkers that a policy knows, cosigned both sides of a fork that is proven: each of them stated that
    /// what it signed later continues what it signed before. By the names of their keys.
    ///
    /// # Errors
    /// [`EvidenceError`], as of [`Evidence::check`].
    pub fn both_sides(&self, origin: &str, policy: &Policy) -> Result<BTreeSet<String>, EvidenceError> {
        match (self, self.check(origin, policy)?) {
            (Self::Fork(fork), Verdict::Proven) => {
                let seen = cosigners(&signed(&fork.seen, policy)?, policy);
                let shown = cosigners(&signed(&fork.shown, policy)?, policy);
                Ok(seen.intersection(&shown).cloned().collect())
            }
            _ => Ok(BTreeSet::new()),
        }
    }
}

/// The cosigners that a policy knows and that signed a checkpoint, by the names of their keys.
fn cosigners(checkpoint: &VerifiedCheckpoint, policy: &Policy) -> BTreeSet<String> {
    let witnesses = policy.witnesses.iter().flat_map(|witnesses| witnesses.witnesses().values());
    let keys = witnesses.map(|witness| &witness.key).chain(&policy.map_checkers);
    // One by one: a line under another's name that fails takes nothing from who did sign.
    let signs = |key: &&NoteVerifier| {
        checkpoint.cosignatures(std::slice::from_ref(*key)).is_ok_and(|signed| !signed.is_empty())
    };
    keys.filter(signs).map(|key| key.name().to_owned()).collect()
}

fn signed(text: &str, policy: &Policy) -> Result<VerifiedCheckpoint, EvidenceError> {
    let keys: Vec<_> = policy.log_keys.iter().map(|log_key| log_key.key.clone()).collect();
    Ok(SignedCheckpoint::parse(text.as_bytes())?.verify(&policy.origin, &keys)?)
}

fn check_fork(fork: &ForkEvidence, policy: &Policy) -> Result<Verdict, EvidenceError> {
    let (mut old, mut new) = (signed(&fork.seen, policy)?.root(), signed(&fork.shown, policy)?.root());
    if old.size > new.size {
        (old, new) = (new, old);
    }
    if old.size == new.size {
        return if old.hash == new.hash {
            Err(EvidenceError::NoFault("both checkpoints have one root".to_owned()))
        } else {
            Ok(Verdict::Proven)
        };
    }
    let begins = Root { hash: fork.begins.unwrap_or(old.hash), ..old };
    let leads_on = |hashes: &Vec<Hash>| check_consistency(&begins, &new, hashes).is_ok();
    match (fork.consistency.as_ref().is_some_and(leads_on), begins == old) {
        (true, true) => Err(EvidenceError::NoFault("the consistency proof holds".to_owned())),
        // No tree has two beginnings: what leads to the larger root fixes what it begins with.
        (true, false) => Ok(Verdict::Proven),
        // Anybody can write a proof that does not hold; that there is none that does, only the ledger can refute.
        (false, _) => Ok(Verdict::Stated),
    }
}

impl Placed {
    fn to_json(&self) -> Value {
        json!({"index": self.index, "bytes": b64::encode(&self.bytes), "path": self.path})
    }

    fn read(mut members: Members) -> Result<Self, MemberError> {
        let placed = Self {
            index: Index(members.take_u64("index")?),
            bytes: members
                .take("bytes", |field| field.parse("bytes in base64url", |text| b64::decode(text).ok()))?,
            path: members.take_array_of_hash("path")?,
        };
        members.finish()?;
        Ok(placed)
    }

    fn check(&self, checkpoint: &VerifiedCheckpoint) -> Result<(), EvidenceError> {
        let placed = Leaf { index: self.index, hash: leaf(&self.bytes) };
        check_inclusion(&placed, &checkpoint.root(), &self.path)
            .map_err(|source| EvidenceError::Inclusion { index: self.index, source })
    }
}

impl EntryEvidence {
    fn check(&self, policy: &Policy) -> Result<Verdict, EvidenceError> {
        let checkpoint = signed(&self.checkpoint, policy)?;
        self.entry.check(&checkpoint)?;
        if let Some(previous) = &self.previous {
            previous.check(&checkpoint)?;
            if previous.index.0.checked_add(1) != Some(self.entry.index.0) {
                return Err(EvidenceError::NoFault("the other entry is not the one before".to_owned()));
            }
        }
        match self.seen(checkpoint.size()) {
            Some(name) if name == self.fault => Ok(Verdict::Proven),
            Some(name) => Err(EvidenceError::NoFault(name.to_owned())),
            None if SEEN_HERE.contains(&self.fault.as_str()) => {
                Err(EvidenceError::NoFault("the entry keeps that rule".to_owned()))
            }
            None => Ok(Verdict::Stated),
        }
    }

    /// The fault, if it shows from the entry and the one before it.
    fn seen(&self, size: Size) -> Option<&'static str> {
        let index = self.entry.index;
        let entry = match Entry::decode(&self.entry.bytes) {
            Ok(entry) => entry,
            Err(error) => return Some(error.name()),
        };
        let previous = self.previous.as_ref().and_then(|previous| Entry::decode(&previous.bytes).ok());
        match &entry {
            entry if index.0 == 0 && !matches!(entry, Entry::Create { .. }) => Some("first_class"),
            entry if previous.is_some_and(|previous| entry.time() < previous.time()) => Some(TIME_BACKWARDS),
            Entry::Commit(commit) if commit.size.0 != index.0 => Some("commit_size"),
            Entry::Transition { target, .. } if *target >= index => Some("target_not_before"),
            Entry::Commit(_) => None,
            // Rule R1.
            _ if size.0.checked_sub(1) == Some(index.0) => Some(NO_COMMIT),
            _ => None,
        }
    }
}

/// The faults that [`EntryEvidence::seen`] would have seen.
const SEEN_HERE: &[&str] = &["first_class", TIME_BACKWARDS, "commit_size", "target_not_before", NO_COMMIT];

impl ListEvidence {
    fn check(&self, policy: &Policy) -> Result<Verdict, EvidenceError> {
        let policy = unwitnessed(policy);
        let mut times = Times::default();
        let (mut pages, mut reached) = (Pages::default(), Reached::default());
        for receipt in &self.receipts {
            Receipt::parse(receipt)?;
            let from = starts_at(receipt);
            let from = from.ok_or_else(|| EvidenceError::NoFault("a receipt is of no list".to_owned()))?;
            let page = match verify_complete(receipt, &self.party, from, &policy, Mode::Historic) {
                Ok(page) => page,
                Err(error) if is_lists(&error) && error.name() == self.fault => return Ok(Verdict::Proven),
                Err(error) => return Err(EvidenceError::Verify(error)),
            };
            if let Some(status) = self.status.as_ref().filter(|_| self.fault == UNMAPPED) {
                return check_unmapped(&page, status, &policy);
            }
            if self.fault == TIME_BACKWARDS {
                times.add(&page);
                continue;
            }
            reached.add(from, &page)?;
            let page = Proven::new(page, receipt.clone());
            pages.add(&page).map_err(|error| EvidenceError::NoFault(error.to_string()))?;
        }
        if self.fault == TIME_BACKWARDS {
            let fault = times.fault();
            return fault
                .map(|_| Verdict::Proven)
                .ok_or_else(|| EvidenceError::NoFault("times ascend".into()));
        }
        reached.is_end()?;
        match pages.finish() {
            Err(error) if error.convicts() && error.name() == self.fault => Ok(Verdict::Proven),
            Err(error) => Err(EvidenceError::NoFault(error.to_string())),
            Ok(_) => Err(EvidenceError::NoFault("the list is complete".to_owned())),
        }
    }
}

/// How far pages go. What they lack convicts nobody unless each goes on where the one before ended, under no older checkpoint, and the
/// last proves the end: anybody can leave one out, or put an old one in its place.
#[derive(Default)]
struct Reached {
    next: Option<(u64, Size)>,
    to_the_end: bool,
}

impl Reached {
    fn add(&mut self, from: u64, page: &VerifiedComplete) -> Result<(), EvidenceError> {
        let size = page.receipt().checkpoint().size();
        if self.next.is_some_and(|(next, before)| from != next || size < before) {
            return Err(EvidenceError::NoFault("the pages do not follow on one another".to_owned()));
        }
        let answer = page.answer();
        self.next = Some((from + answer.segments.len() as u64, size));
        self.to_the_end = answer.to_the_end;
        Ok(())
    }

    fn is_end(&self) -> Result<(), EvidenceError> {
        let lacks = || EvidenceError::NoFault("the pages do not lead to the end of the list".to_owned());
        self.to_the_end.then_some(()).ok_or_else(lacks)
    }
}

/// A page shows the end of a record, and a status receipt of no smaller tree that it has not ended.
fn check_unmapped(page: &VerifiedComplete, status: &[u8], policy: &Policy) -> Result<Verdict, EvidenceError> {
    let no_fault = || EvidenceError::NoFault("no page shows the end of what has not ended".to_owned());
    let Question::Status { id, through: None, as_of: None } = Receipt::parse(status)?.question else {
        return Err(no_fault());
    };
    let verified = verify_status(status, &id, None, policy, Mode::Historic).map_err(EvidenceError::Verify)?;
    let shown = page.answer().segments.iter().flat_map(|(_, entries)| entries);
    let is_unmapped =
        shown.filter_map(|logged| ended_by(logged)).any(|(ended, at)| ended == id && lacks(&verified, at));
    if is_unmapped { Ok(Verdict::Proven) } else { Err(no_fault()) }
}

/// What an opened entry ends for good, and where it stands.
pub(crate) fn ended_by(logged: &Logged) -> Option<(Hash, Index)> {
    match &logged.entry {
        Entry::Transition { target_id, status, .. } if status.is_ended() && logged.opened.is_some() => {
            Some((*target_id, logged.index))
        }
        _ => None,
    }
}

/// Whether a status is one of after the entry at an index, and not ended.
pub(crate) fn lacks(status: &VerifiedStatus, at: Index) -> bool {
    !status.status().is_ended() && status.receipt().checkpoint().size().0 > at.0
}

/// The policy by which the operator is held to what they signed, with witnesses or without.
fn unwitnessed(policy: &Policy) -> Policy {
    Policy { witnesses: None, map_checkers: Vec::new(), ..policy.clone().with_pin(None) }
}

/// Whether a receipt that fails so convicts by itself: everything up to there was proven, and proves the fault.
pub(crate) fn is_lists(error: &VerifyError) -> bool {
    matches!(error.name(), "misfiled" | "entry_time" | "list_move" | "opening_move")
}

/// The segment from which a page's receipt is.
pub(crate) fn starts_at(receipt: &[u8]) -> Option<u64> {
    match Receipt::parse(receipt).ok()?.question {
        Question::Complete { from, .. } => Some(from),
        _ => None,
    }
}

/// What pages say of time: no entry is before one that stands in front of it, nor before the time as of which a checkpoint that lacks
/// it was signed.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// Instants that every entry from an index on must not be before.
    since: Vec<(Index, Millis)>,
    entries: Vec<(Index, Millis)>,
}

impl Times {
    pub(crate) fn add(&mut self, page: &VerifiedComplete) {
        let rests_on = page.receipt();
        self.since.push((Index(rests_on.checkpoint().size().0), rests_on.time()));
        let shown = page.answer().segments.iter().flat_map(|(_, entries)| entries);
        self.entries.extend(shown.map(|logged| (logged.index, logged.entry.time())));
    }

    /// The first entry that is too early.
    pub(crate) fn fault(&mut self) -> Option<Index> {
        let mut all: Vec<(Index, Millis, bool)> =
            self.since.iter().map(|(at, time)| (*at, *time, false)).collect();
        all.extend(self.entries.iter().map(|(at, time)| (*at, *time, true)));
        // At one index the checkpoint, which does not have the entry, comes first.
        all.sort_unstable_by_key(|(index, time, is_entry)| (*index, *is_entry, *time));
        let mut latest = Millis(0);
        for (index, time, is_entry) in all {
            if is_entry && time < latest {
                return Some(index);
            }
            latest = latest.max(time);
        }
        None
    }
}

/// A file's bytes.
pub(crate) fn file(evidence: &Evidence, origin: &str) -> Vec<u8> {
    let mut text = canonical(&evidence.to_json(origin));
    text.push(b'\n');
    text
}
