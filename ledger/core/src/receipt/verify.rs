//! Verification: the order of the checks is the order of the functions' lines.
//!
//! spec: receipts.md#verification

use super::evidence::Evidence;
use super::fault::VerifyError;
use super::policy::{Pin, Policy};
use super::question::{AsOf, Authority, Question};
use super::walk::{self, CompleteAnswer, WalkError};
use super::wire::Receipt;
use crate::checkpoint::{CheckpointError, VerifiedCheckpoint};
use crate::decide::{AuthZen, Decision};
use crate::entry::{Commit, Entry, MAP_VERSION};
use crate::hash::leaf;
use crate::judge::Judge;
use crate::kinds::{Access, Content};
use crate::log_keys::signed_in_time;
use crate::note::NoteVerifier;
use crate::policy::Quorum;
use crate::record::CLOCK_SKEW_MS;
use crate::source::{Lack, Logged};
use crate::status::Status;
use crate::tlog_proof::TlogProof;
use crate::tree::{Root, check_consistency};
use crate::{Hash, Millis, Size};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whether the answer must be fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The answer must be as of now, within the policy's age.
    Fresh(Millis),
    /// The answer is as of the receipt's own checkpoint, whenever that was.
    Historic,
    /// The answer is as of this point, which the asker chose: a receipt as of another one answers another question.
    AsOf(Point),
}

/// A point of the past, as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// A tree size.
    Size(Size),
    /// An instant.
    Time(Millis),
}

impl Mode {
    /// Whether a receipt as of this point is what was asked for. The point is never the prover's choice: a yes as of
    /// before a revocation is no answer to somebody who asks without one.
    fn wants(self, as_of: Option<AsOf>) -> bool {
        match (self, as_of) {
            (Self::Fresh(_) | Self::Historic, as_of) => as_of.is_none(),
            (Self::AsOf(Point::Size(asked)), Some(AsOf { size, time: None })) => asked == size,
            (Self::AsOf(Point::Time(asked)), Some(AsOf { time: Some(time), .. })) => asked == time,
            (Self::AsOf(_), _) => false,
        }
    }
}

/// What every verified answer rests on.
#[derive(Debug, Clone)]
pub struct VerifiedReceipt {
    checkpoint: VerifiedCheckpoint,
    time: Millis,
    witnesses: usize,
}

impl VerifiedReceipt {
    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The time of the index commit: the answer is as of then.
    #[must_use]
    pub const fn time(&self) -> Millis {
        self.time
    }

    /// How many witnesses cosigned. With 0 the receipt is the operator's signed word.
    #[must_use]
    pub const fn witnesses(&self) -> usize {
        self.witnesses
    }

    /// What to pin, so as to notice a rollback or a fork later.
    #[must_use]
    pub const fn pin(&self) -> Pin {
        Pin { root: self.checkpoint.root() }
    }
}

macro_rules! verified {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        ///
        /// Only verification makes this value.
        #[derive(Debug, Clone)]
        pub struct $name { receipt: VerifiedReceipt, $($field: $type),* }

        impl $name {
            /// What the answer rests on.
            #[must_use]
            pub const fn receipt(&self) -> &VerifiedReceipt {
                &self.receipt
            }
            $($(#[$field_doc])* #[must_use] pub const fn $field(&self) -> &$type { &self.$field })*
        }
    };
}

verified! {
    /// A record that was logged, and whose signature counted then.
    VerifiedExistence {
        /// The record in the log, opened.
        logged: Arc<Logged>,
    }
}
verified! {
    /// A record's status.
    VerifiedStatus {
        /// The create in the log, opened.
        logged: Arc<Logged>,
        /// The status.
        status: Status,
        /// When a mandate ends by a notice; 0: that was erased, and it has ended.
        ends: Option<Millis>,
        /// The transition asked for.
        through: Option<Arc<Logged>>,
    }
}
verified! {
    /// Everything that concerns a party, or a page of it.
    VerifiedComplete {
        /// The segments with their entries, the statuses of their records, and whether the end was proven.
        answer: CompleteAnswer,
    }
}
verified! {
    /// What `decide` says over the records of the receipt.
    VerifiedAuthority {
        /// The question with its records.
        question: Authority,
        /// The decision, made anew.
        decision: Decision,
    }
}
verified! {
    /// What was decided on an access that was logged.
    VerifiedAccess {
        /// The question with its records.
        question: Authority,
        /// The decision, made anew.
        decision: Decision,
        /// The access in the log, opened.
        logged: Arc<Logged>,
        /// What it asks for, of which source.
        access: Access,
    }
}

/// Verifies that a record was logged.
///
/// # Errors
/// [`VerifyError`]: the first check that fails, in the order of the spec.
pub fn verify_existence(
    receipt: &[u8],
    id: &Hash,
    policy: &Policy,
    mode: Mode,
) -> Result<VerifiedExistence, VerifyError> {
    let receipt = Receipt::parse(receipt)?;
    if !matches!(&receipt.question, Question::Existence { id: asked } if asked == id && mode.wants(None)) {
        return Err(VerifyError::OtherQuestion);
    }
    let (verified, evidence) = ground(&receipt, policy, mode)?;
    let judge = Judge::new(&evidence);
    walk::root(&judge)?;
    let logged = walk::existence(&judge, id)?;
    evidence.check_used()?;
    Ok(VerifiedExistence { receipt: verified, logged })
}

/// Verifies a record's status; `through` names a transition that must be in its list.
///
/// # Errors
/// [`VerifyError`]: the first check that fails, in the order of the spec.
pub fn verify_status(
    receipt: &[u8],
    id: &Hash,
    through: Option<&Hash>,
    policy: &Policy,
    mode: Mode,
) -> Result<VerifiedStatus, VerifyError> {
    status_over(&Receipt::parse(receipt)?, id, through, policy, mode).map(|(verified, _)| verified)
}

/// The same of a receipt that was read, with its parts: for what else they say of the records that they show.
pub(crate) fn status_over(
    receipt: &Receipt,
    id: &Hash,
    through: Option<&Hash>,
    policy: &Policy,
    mode: Mode,
) -> Result<(VerifiedStatus, Evidence), VerifyError> {
    match &receipt.question {
        Question::Status { id: asked, through: by, as_of }
            if asked == id && by.as_ref() == through && mode.wants(*as_of) => {}
        _ => return Err(VerifyError::OtherQuestion),
    }
    let (verified, evidence) = ground(receipt, policy, mode)?;
    let judge = Judge::new(&evidence);
    walk::root(&judge)?;
    let as_of = size_asked(receipt, &evidence, &verified)?;
    let answer = walk::status(&judge, id, through, as_of)?;
    evidence.check_used()?;
    let (logged, status, ends, through) =
        (answer.standing.create, answer.status, answer.ends, answer.through);
    Ok((VerifiedStatus { receipt: verified, logged, status, ends, through }, evidence))
}

/// Verifies a list of all that concerns a party, from segment `from` on.
///
/// # Errors
/// [`VerifyError`]: the first check that fails, in the order of the spec.
pub fn verify_complete(
    receipt: &[u8],
    party: &Hash,
    from: u64,
    policy: &Policy,
    mode: Mode,
) -> Result<VerifiedComplete, VerifyError> {
    let receipt = Receipt::parse(receipt)?;
    let to = match &receipt.question {
        Question::Complete { party: asked, from: start, to }
            if asked == party && *start == from && mode.wants(None) =>
        {
            *to
        }
        _ => return Err(VerifyError::OtherQuestion),
    };
    let (verified, evidence) = ground(&receipt, policy, mode)?;
    let judge = Judge::new(&evidence);
    walk::root(&judge)?;
    let answer = walk::complete(&evidence, party, from, to)?;
    evidence.check_used()?;
    Ok(VerifiedComplete { receipt: verified, answer })
}

/// Verifies a decision on `request`. Fresh: the instant decided for must be within the policy's age as well.
///
/// # Errors
/// [`VerifyError`]: the first check that fails, in the order of the spec.
pub fn verify_authority(
    receipt: &[u8],
    request: &AuthZen,
    policy: &Policy,
    mode: Mode,
) -> Result<VerifiedAuthority, VerifyError> {
    authority_over(&Receipt::parse(receipt)?, request, policy, mode)
}

/// The same of a receipt that was read.
pub(crate) fn authority_over(
    receipt: &Receipt,
    request: &AuthZen,
    policy: &Policy,
    mode: Mode,
) -> Result<VerifiedAuthority, VerifyError> {
    let asked = match &receipt.question {
        // What was decided on an access was decided as of its entry, whenever that was.
        Question::Authority(asked)
            if asked.access.is_none() && asked.request == *request && mode.wants(asked.as_of) =>
        {
            asked
        }
        _ => return Err(VerifyError::OtherQuestion),
    };
    let (receipt, decision, _) = decided(receipt, asked, policy, mode)?;
    Ok(VerifiedAuthority { receipt, question: (**asked).clone(), decision })
}

/// Verifies what was decided on the access of this id. Fresh: it was logged within the policy's age as well.
///
/// # Errors
/// [`VerifyError`]: the first check that fails, in the order of the spec.
pub fn verify_access(
    receipt: &[u8],
    id: &Hash,
    policy: &Policy,
    mode: Mode,
) -> Result<VerifiedAccess, VerifyError> {
    let receipt = Receipt::parse(receipt)?;
    let asked = match &receipt.question {
        Question::Authority(asked) if asked.access == Some(*id) && mode.wants(asked.as_of) => asked,
        _ => return Err(VerifyError::OtherQuestion),
    };
    let (receipt, decision, logged) = decided(&receipt, asked, policy, mode)?;
    let logged = logged.ok_or(Lack::Record { id: *id }).map_err(WalkError::from)?;
    let Content::Access(access) = logged.opened().map_err(WalkError::from)?.record.content() else {
        return Err(WalkError::OtherParty("access").into());
    };
    let access = access.clone();
    Ok(VerifiedAccess { receipt, question: (**asked).clone(), decision, logged, access })
}

/// The decision over the records of an authority question, and the access that asked, if one did.
fn decided(
    receipt: &Receipt,
    asked: &Authority,
    policy: &Policy,
    mode: Mode,
) -> Result<(VerifiedReceipt, Decision, Option<Arc<Logged>>), VerifyError> {
    let (verified, evidence) = ground(receipt, policy, mode)?;
    if let Mode::Fresh(now) = mode {
        check_age(asked.at, now, policy.max_age_s)?;
    }
    let judge = Judge::new(&evidence);
    walk::root(&judge)?;
    let as_of = size_asked(receipt, &evidence, &verified)?;
    let (decision, access) = walk::authority(&judge, asked, as_of)?;
    evidence.check_used()?;
    Ok((verified, decision, access))
}

/// All that does not depend on the question: from the checkpoint to each part being the ledger's.
pub(super) fn ground(
    receipt: &Receipt,
    policy: &Policy,
    mode: Mode,
) -> Result<(VerifiedReceipt, Evidence), VerifyError> {
    let proof = TlogProof::parse(receipt.proof.as_bytes()).map_err(VerifyError::Proof)?;
    let checkpoint = check_log_signature(&proof, policy)?;
    let cosigned = check_witnesses(&checkpoint, policy)?;
    check_pin(&checkpoint, receipt, policy, mode)?;
    let commit = check_commit(&proof, &checkpoint, &receipt.commit)?;
    if let Mode::Fresh(now) = mode {
        check_age(commit.time, now, policy.max_age_s)?;
        if let Some(quorum_s) = cosigned.quorum_s {
            check_age(Millis(quorum_s.saturating_mul(1000)), now, policy.max_age_s)?;
        }
    }
    let evidence = Evidence::check(receipt, &policy.origin, &policy.entry0, &commit, &proof.path)?;
    Ok((VerifiedReceipt { checkpoint, time: commit.time, witnesses: cosigned.count }, evidence))
}

fn check_log_signature(proof: &TlogProof, policy: &Policy) -> Result<VerifiedCheckpoint, VerifyError> {
    let keys: Vec<NoteVerifier> = policy.log_keys.iter().map(|log_key| log_key.key.clone()).collect();
    proof.checkpoint.verify(&policy.origin, &keys).map_err(|error| match error {
        CheckpointError::OtherOrigin { .. } => VerifyError::WrongOrigin,
        error => VerifyError::LogSignature(error),
    })
}

/// What the witnesses say.
struct Cosigned {
    count: usize,
    /// The time by which a quorum had cosigned, in seconds; `None`: the policy has no witnesses.
    quorum_s: Option<u64>,
}

fn check_witnesses(checkpoint: &VerifiedCheckpoint, policy: &Policy) -> Result<Cosigned, VerifyError> {
    let mut cosigned = Cosigned { count: 0, quorum_s: None };
    let mut times = BTreeMap::new();
    if let Some(witnesses) = &policy.witnesses {
        times = witnesses.cosigned(checkpoint).map_err(VerifyError::Cosignature)?;
        cosigned.count = times.len();
        cosigned.quorum_s = match witnesses.quorum(&times) {
            None => return Err(VerifyError::NoQuorum),
            Some(Quorum::NoneNeeded) => None,
            Some(Quorum::Met { time_s }) => Some(time_s),
        };
    }
    if !signed_in_time(checkpoint, &policy.log_keys, policy.witnesses.as_ref(), &times) {
        return Err(VerifyError::RetiredKey);
    }
    let checkers = checkpoint.cosignatures(&policy.map_checkers).map_err(VerifyError::Cosignature)?;
    if checkers.len() < policy.map_checkers.len() {
        return Err(VerifyError::NoMapChecker);
    }
    Ok(cosigned)
}

fn check_pin(
    checkpoint: &VerifiedCheckpoint,
    receipt: &Receipt,
    policy: &Policy,
    mode: Mode,
) -> Result<(), VerifyError> {
    let Some(Pin { root: pinned }) = policy.pin else { return Ok(()) };
    let root = checkpoint.root();
    let fork = VerifyError::Fork { size: root.size, pinned: pinned.size };
    if root.size == pinned.size {
        return if root.hash == pinned.hash { Ok(()) } else { Err(fork) };
    }
    if root.size < pinned.size {
        // The receipt is older than what was seen: its checkpoint must be a prefix of that, which only the log can
        // show; a fresh answer may not be older at all.
        return match mode {
            Mode::Fresh(_) => Err(VerifyError::Rollback { size: root.size, pinned: pinned.size }),
            Mode::Historic | Mode::AsOf(_) => match &receipt.consistency {
                Some(proof) if proof.from == root.size => {
                    check_consistency(&root, &pinned, &proof.hashes).map_err(|_| fork)
                }
                _ => Err(VerifyError::NoConsistency { pinned: pinned.size }),
            },
        };
    }
    match &receipt.consistency {
        Some(proof) if proof.from == pinned.size => {
            check_consistency(&pinned, &root, &proof.hashes).map_err(|_| fork)
        }
        _ => Err(VerifyError::NoConsistency { pinned: pinned.size }),
    }
}

/// Rule R1.
fn check_commit(
    proof: &TlogProof,
    checkpoint: &VerifiedCheckpoint,
    bytes: &[u8],
) -> Result<Commit, VerifyError> {
    if let [1, 0xF0, _, _, _, _, _, _, _, _, map_version, ..] = bytes
        && *map_version != MAP_VERSION
    {
        return Err(VerifyError::UnknownMapVersion(*map_version));
    }
    let Ok(Entry::Commit(commit)) = Entry::decode(bytes) else { return Err(VerifyError::NoCommit) };
    let at = checkpoint.size().last();
    if at != Some(proof.index) || commit.size.0 != proof.index.0 || commit.size.0 == 0 {
        return Err(VerifyError::NoCommit);
    }
    proof.check_inclusion(leaf(bytes)).map_err(|_| VerifyError::CommitInclusion)?;
    if commit.keys == 0 || commit.map_root == crate::hash::empty() {
        return Err(VerifyError::EmptyMap);
    }
    Ok(commit)
}

fn check_age(time: Millis, now: Millis, max_age_s: u64) -> Result<(), VerifyError> {
    if time.0 > now.0.saturating_add(CLOCK_SKEW_MS) {
        return Err(VerifyError::Future);
    }
    let age_s = now.0.saturating_sub(time.0) / 1000;
    if age_s > max_age_s { Err(VerifyError::Stale { age_s, max_age_s }) } else { Ok(()) }
}

/// The tree size that the question counts up to.
fn size_asked(
    receipt: &Receipt,
    evidence: &Evidence,
    verified: &VerifiedReceipt,
) -> Result<Size, VerifyError> {
    let Root { size, .. } = verified.checkpoint.root();
    Ok(walk::as_of(evidence, receipt.question.as_of(), size, |from| evidence.next_commit(from))?)
}
