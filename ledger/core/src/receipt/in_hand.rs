//! A withdrawal in hand: whoever holds a validly signed one answers no, whether it was logged or not.
//!
//! The receipt that is to be answered with shows what is withdrawn, and mostly the key of who withdraws it: it is judged as the ledger would
//! judge it that were handed it just after the receipt's checkpoint.
//!
//! spec: receipts.md#in-hand

use super::evidence::Evidence;
use super::fault::VerifyError;
use super::policy::Policy;
use super::question::Question;
use super::verify::{Mode, VerifiedReceipt, ground};
use super::walk;
use super::wire::{Receipt, ReceiptError};
use crate::alias::Claim;
use crate::identifier::Identifier;
use crate::index::Item;
use crate::judge::{Judge, Place, Verdict};
use crate::kinds::{Content, Revocation};
use crate::kv::Unreadable;
use crate::record::{CLOCK_SKEW_MS, Record, RecordError};
use crate::source::{Lack, List, Logged, OpeningError, Source};
use crate::status::Status;
use crate::{Hash, Index, Millis};
use std::sync::Arc;

/// Why what is in hand does not count against a receipt.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InHandError {
    /// It is no record.
    #[error("what is in hand is no record: {0}")]
    Record(#[from] RecordError),
    /// It puts nothing out of force, whoever signed it.
    #[error("the record in hand puts nothing out of force")]
    NotAWithdrawal,
    /// It is meant for another ledger.
    #[error("the record in hand is meant for another ledger")]
    WrongOrigin,
    /// It was signed over five minutes from now.
    #[error("the record in hand was signed in the future")]
    Future,
    /// The receipt is none.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The receipt's answer does not rest on what is withdrawn.
    #[error("the receipt's answer does not rest on what the record in hand withdraws")]
    OtherTarget,
    /// The receipt, or that of a key, does not hold.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It would not be taken from this signer.
    #[error("the record in hand does not count: {0}")]
    Verdict(#[from] Verdict),
    /// It has no effect yet, or none that puts anything out of force.
    #[error("what the record in hand is about stays in force")]
    InForce,
}

impl InHandError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Record(error) => error.name(),
            Self::NotAWithdrawal => "not_a_withdrawal",
            Self::WrongOrigin => "wrong_origin",
            Self::Future => "future",
            Self::Receipt(error) => error.name(),
            Self::OtherTarget => "other_target",
            Self::Verify(error) => error.name(),
            Self::Verdict(verdict) => verdict.name(),
            Self::InForce => "in_force",
        }
    }
}

/// A withdrawal that counts. Only verification makes this value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedWithdrawal {
    id: Hash,
    target: Hash,
    status: Status,
    had_ended: bool,
    receipt_time: Millis,
    signed_by: Option<Hash>,
}

impl VerifiedWithdrawal {
    /// The withdrawal's id.
    #[must_use]
    pub const fn id(&self) -> &Hash {
        &self.id
    }

    /// What it withdraws.
    #[must_use]
    pub const fn target(&self) -> &Hash {
        &self.target
    }

    /// What the withdrawn record is, once this counts.
    #[must_use]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// Whether it had ended at the receipt's checkpoint already, by this record or another.
    #[must_use]
    pub const fn had_ended(&self) -> bool {
        self.had_ended
    }

    /// As of when the receipt shows what is withdrawn.
    #[must_use]
    pub const fn receipt_time(&self) -> Millis {
        self.receipt_time
    }

    /// The party whose key signed it; `None`: the root.
    #[must_use]
    pub const fn signed_by(&self) -> Option<&Hash> {
        self.signed_by.as_ref()
    }
}

/// Verifies that `record`, a compact JWS, puts something out of force on which the answer of `receipt` rests: then the answer is no. `receipt`
/// was verified by the caller. `keys` are status receipts of the signer's key, for one that the receipt does not show; of any age.
///
/// # Errors
/// [`InHandError`]: the first check that fails, in the order of the spec.
pub fn verify_withdrawal(
    receipt: &[u8],
    record: &str,
    keys: &[&[u8]],
    policy: &Policy,
    now: Millis,
) -> Result<VerifiedWithdrawal, InHandError> {
    let record = Record::parse(record)?;
    let target = withdrawn(&record).ok_or(InHandError::NotAWithdrawal)?;
    let common = record.common();
    if common.origin != policy.origin {
        return Err(InHandError::WrongOrigin);
    }
    if common.signed_at.0 > now.0.saturating_add(CLOCK_SKEW_MS) {
        return Err(InHandError::Future);
    }
    let receipt = Receipt::parse(receipt)?;
    if !rests_on(&receipt.question, &target) {
        return Err(InHandError::OtherTarget);
    }
    let policy = policy.clone().with_pin(None);
    let (verified, evidence) = ground(&receipt, &policy, Mode::Historic)?;
    let (mut shown, mut grounds) = (vec![evidence], vec![verified]);
    for key in keys {
        let (verified, evidence) = ground(&Receipt::parse(key)?, &policy, Mode::Historic)?;
        shown.push(evidence);
        grounds.push(verified);
    }
    let all = All(shown);
    let latest = |of: fn(&VerifiedReceipt) -> u64| grounds.iter().map(of).max().unwrap_or_default();
    // It is judged where the next entry would stand.
    let at = Index(latest(|ground| ground.checkpoint().size().0));
    let time = Millis(latest(|ground| ground.time().0).max(common.signed_at.0));
    let judge = Judge::new(&all);
    walk::root(&judge).map_err(VerifyError::from)?;
    let verify =
        |key: &crate::key::PublicKey| record.jws().verify(key).map_err(|error| Verdict::Signature(at, error));
    let had_ended = all.list(&target).is_ok_and(|list| list.status().is_some_and(Status::is_ended));
    let status = match judge.candidate(&record, Place { at, time }, &verify) {
        Ok(Some(status)) if !status.permits() => status,
        Ok(Some(_)) if is_due(&record, now) => Status::ENDED,
        Ok(_) => return Err(InHandError::InForce),
        // Its signer may withdraw it, and it has ended.
        Err(Verdict::Lack(Lack::Opening(OpeningError::Move(_)))) if had_ended => Status::ENDED,
        Err(verdict) => return Err(verdict.into()),
    };
    let signed_by = match all.record(record.jws().kid()).map(|key| key.opened.clone()) {
        Ok(Some(key)) => match key.record.content() {
            Content::Key(key) => Some(key.party),
            _ => None,
        },
        _ => None,
    };
    let receipt_time = grounds.first().map_or(Millis(0), VerifiedReceipt::time);
    Ok(VerifiedWithdrawal { id: record.id(), target, status, had_ended, receipt_time, signed_by })
}

/// What a record would put out of force, if it is of a kind that can.
fn withdrawn(record: &Record) -> Option<Hash> {
    let can = matches!(
        record.content(),
        Content::Revocation(_)
            | Content::Renunciation(_)
            | Content::Suspension(_)
            | Content::Dispute(_)
            | Content::KeyEnd(_)
    );
    record.common().target.filter(|_| can)
}

/// Whether it is a notice whose day has come.
fn is_due(record: &Record, now: Millis) -> bool {
    matches!(record.content(), Content::Revocation(Revocation { effective: Some(from) }) if *from <= now)
}

fn rests_on(question: &Question, target: &Hash) -> bool {
    match question {
        Question::Status { id, .. } => id == target,
        Question::Authority(asked) => asked.grants.contains(target),
        Question::Existence { .. } | Question::Complete { .. } => false,
    }
}

/// Several receipts of one ledger as one source.
struct All(Vec<Evidence>);

impl All {
    /// What one of them has, opened where one of them opens it.
    fn opened(
        &self,
        lack: Lack,
        find: impl Fn(&Evidence) -> Result<Arc<Logged>, Lack>,
    ) -> Result<Arc<Logged>, Lack> {
        let found = || self.0.iter().filter_map(|evidence| find(evidence).ok());
        found().find(|logged| logged.opened.is_some()).or_else(|| found().next()).ok_or(lack)
    }
}

impl Source for All {
    fn origin(&self) -> &str {
        self.0.first().map_or("", |evidence| evidence.origin())
    }

    fn record(&self, id: &Hash) -> Result<Arc<Logged>, Lack> {
        self.opened(Lack::Record { id: *id }, |evidence| evidence.record(id))
    }

    fn at(&self, index: Index) -> Result<Arc<Logged>, Lack> {
        self.opened(Lack::Entry { index }, |evidence| evidence.at(index))
    }

    /// The longest: what the newest of them knows.
    fn list(&self, id: &Hash) -> Result<Arc<List>, Lack> {
        let lists = self.0.iter().filter_map(|evidence| evidence.list(id).ok());
        lists.max_by_key(|list| list.items().len()).ok_or(Lack::List { id: *id })
    }

    fn tag(&self, wanted: &Hash) -> Result<Option<Arc<Vec<Item>>>, Lack> {
        Err(Lack::Tag { tag: *wanted })
    }

    fn alias(&self, wanted: &Hash) -> Result<Option<Index>, Lack> {
        Err(Lack::Alias { alias: *wanted })
    }

    fn claim(&self, _: &Identifier) -> Result<Claim, Lack> {
        Err(Lack::Claim)
    }

    fn holds(&self, index: Index, id: &Hash) -> Result<bool, Unreadable> {
        Ok(self.at(index).is_ok_and(|logged| logged.entry.id() == Some(*id)))
    }
}
