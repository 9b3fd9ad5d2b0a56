//! A witness: cosigns what logs publish, as long as each checkpoint continues the one it cosigned before (C2SP tlog-witness).
//!
//! [`Witness`] decides and remembers, [`serve`] speaks HTTP. What was cosigned is on disk before a signature leaves, checked and
//! stored in one transaction; so neither two requests at once nor a crash make a witness go back, or sign both sides of a fork.
//!
//! spec: log.md#witnesses

mod folder;
mod kept;
mod serve;

pub use folder::{FolderError, WitnessFolder};
pub use kept::KeptError;
pub use serve::serve;
#[cfg(feature = "mirror")]
pub(crate) use serve::{add_checkpoint, newest};

use kept::{Cosigned, Kept};
use procura_core::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use procura_core::cosignature::{CosignatureError, cosign};
use procura_core::hash::sha256;
use procura_core::key::{SignError, Signer};
use procura_core::note::{NoteError, NoteSignature, NoteVerifier};
use procura_core::policy::TlogPolicy;
use procura_core::tree::Root;
use procura_core::witness::{AddCheckpoint, Refusal, RequestError, judge, nothing_known};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A cosignature on the same checkpoint is given out again for so long, in seconds: who repeats a request costs no write.
const AGAIN_S: u64 = 1;
/// A clock that stands behind the last cosignature by no more than this, in seconds, is taken for that time.
const CLOCK_SLACK_S: u64 = 60;

/// A witness does not cosign: the log's fault, or its own.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The request is none.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The checkpoint is not to be cosigned.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was cosigned can't be read or written.
    #[error(transparent)]
    Kept(#[from] KeptError),
    /// The clock stands behind what was cosigned already.
    #[error("the clock says {now_s}, but a cosignature of {last_s} was given out: put the clock right")]
    Clock {
        /// What the clock says, in seconds since 1970.
        now_s: u64,
        /// The time of the last cosignature.
        last_s: u64,
    },
    /// A map-checker has not checked that yet, or found a fault.
    #[error("the entries under the checkpoint are not checked: {0}")]
    NotChecked(String),
    /// The key did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The cosignature could not be made.
    #[error(transparent)]
    Cosign(#[from] CosignatureError),
    /// The note around it could not be made.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl AddError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request(error) => error.name(),
            Self::Refused(refusal) => refusal.name(),
            Self::Kept(error) => error.name(),
            Self::Clock { .. } => "clock",
            Self::NotChecked(_) => "not_checked",
            Self::Sign(error) => error.name(),
            Self::Cosign(error) => error.name(),
            Self::Note(error) => error.name(),
        }
    }
}

/// A witness of the logs that its operator chose.
pub struct Witness {
    key: NoteVerifier,
    signer: Arc<dyn Signer>,
    logs: BTreeMap<String, Vec<NoteVerifier>>,
    kept: Kept,
    clock: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Witness {
    fn new(key: NoteVerifier, signer: Arc<dyn Signer>, logs: &TlogPolicy, kept: Kept) -> Self {
        let mut by_origin: BTreeMap<String, Vec<NoteVerifier>> = BTreeMap::new();
        for log in logs.logs() {
            by_origin.entry(log.key.name().to_owned()).or_default().push(log.key.clone());
        }
        Self { key, signer, logs: by_origin, kept, clock: Box::new(system_time_s) }
    }

    /// The same witness with another clock, which tells seconds since 1970: for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Its key; the text is the vkey that policies name.
    #[must_use]
    pub const fn key(&self) -> &NoteVerifier {
        &self.key
    }

    /// The origins of the logs that it witnesses.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().map(String::as_str)
    }

    /// Cosigns the checkpoint of a request (the body of `POST /add-checkpoint`), and gives the answer's body: the signature line.
    /// By then it is on disk that this is the last one cosigned.
    ///
    /// # Errors
    /// [`AddError`]; nothing was signed then, and nothing changed.
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<String, AddError> {
        self.add_checked(body, |_| Ok(()))
    }

    /// The same for a cosigner that states more than consistency: `check` is asked before anything is signed, about a checkpoint that
    /// a witness would cosign.
    pub(crate) fn add_checked(
        &self,
        body: &[u8],
        check: impl Fn(&VerifiedCheckpoint) -> Result<(), AddError>,
    ) -> Result<String, AddError> {
        let request = AddCheckpoint::parse(body)?;
        let origin = request.checkpoint.unverified().origin();
        let log_keys = self.logs.get(origin).map_or(&[][..], Vec::as_slice);
        if log_keys.is_empty() {
            return Err(Refusal::UnknownLog { origin: origin.to_owned() }.into());
        }
        // What is refused, or was cosigned just now, is found out here, and never waits for the one writer.
        let last = self.kept.last(&self.key, origin)?;
        let checkpoint = judge(&request, log_keys, &known(last.as_ref()))?;
        if let Some(last) = last
            && last.root() == checkpoint.root()
            && (last.time_s()..=last.time_s() + AGAIN_S).contains(&(self.clock)())
        {
            return Ok(format!("{}\n", last.line()));
        }
        check(&checkpoint)?;
        let cosigned = self.kept.advance(&self.key, origin, |last| {
            // Another request may have been faster: this is the look that counts, within the transaction that stores.
            let checkpoint = judge(&request, log_keys, &known(last.as_ref()))?;
            self.cosign(&checkpoint, last.as_ref())
        })?;
        Ok(format!("{}\n", cosigned.line()))
    }

    /// The last checkpoint cosigned of the log whose origin has this SHA-256, in lower-case hex: with the log's signatures and the
    /// cosignature. `None` if there is none.
    ///
    /// # Errors
    /// [`KeptError`].
    pub fn newest(&self, origin_hash: &str) -> Result<Option<String>, KeptError> {
        match self.logs.keys().find(|origin| hex(&sha256(&[origin.as_bytes()]).0) == origin_hash) {
            Some(origin) => Ok(self.kept.last(&self.key, origin)?.map(|last| last.note())),
            None => Ok(None),
        }
    }

    /// The tree that was cosigned last of a log; the empty one: none was.
    ///
    /// # Errors
    /// [`KeptError`].
    #[cfg(feature = "mirror")]
    pub(crate) fn last(&self, origin: &str) -> Result<Root, KeptError> {
        Ok(known(self.kept.last(&self.key, origin)?.as_ref()))
    }

    fn cosign(&self, checkpoint: &VerifiedCheckpoint, last: Option<&Cosigned>) -> Result<Cosigned, AddError> {
        let time_s = self.time_s(last)?;
        let text = checkpoint.signed().note().text();
        let message = procura_core::cosignature::signed_bytes(text, time_s);
        let signature = self.signer.sign(&message)?;
        let line = cosign(&self.key, text, time_s, &|_| signature)?;
        // Of what came with it only what was looked at is kept: the log's own signatures.
        let lines = checkpoint.signed().note().signatures().iter();
        let is_logs = |line: &&NoteSignature| {
            checkpoint.signers().iter().any(|key| key.name() == line.name() && key.id() == line.id())
        };
        let lines = lines.filter(is_logs).cloned().chain([line.clone()]).collect();
        let note = procura_core::note::SignedNote::new(text.to_owned(), lines)?;
        Ok(Cosigned::new(&note.to_string(), checkpoint.root(), time_s, line))
    }

    /// The time to state: never before one that was stated, since each says what was the largest tree by then.
    fn time_s(&self, last: Option<&Cosigned>) -> Result<u64, AddError> {
        let (now_s, last_s) = ((self.clock)(), last.map_or(0, Cosigned::time_s));
        if now_s.saturating_add(CLOCK_SLACK_S) < last_s {
            return Err(AddError::Clock { now_s, last_s });
        }
        Ok(now_s.max(last_s))
    }
}

fn known(last: Option<&Cosigned>) -> Root {
    last.map_or_else(nothing_known, Cosigned::root)
}

/// Lower-case hex, as witnesses' addresses have it.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Reads what was kept: a checkpoint with the cosignature of `key`, which must hold.
fn read_cosigned(key: &NoteVerifier, note: &[u8]) -> Option<Cosigned> {
    let signed = SignedCheckpoint::parse(note).ok()?;
    let lines = signed.note().signatures().iter();
    let mut mine = lines.filter(|line| line.name() == key.name() && line.id() == key.id());
    let line = mine.next_back()?.clone();
    let time_s = procura_core::cosignature::check_cosignature(key, signed.note().text(), &line).ok()?;
    Some(Cosigned::new(&signed.to_string(), signed.unverified().root(), time_s, line))
}

fn system_time_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
