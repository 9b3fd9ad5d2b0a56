//! What a source of data puts in front of its API: no receipt of a logged access, no data.
//!
//! A permit alone is not enough, and neither is anybody's word: the receipt proves, with no call to the ledger, that the access was
//! logged, that it names this source, this person and this category, and that the decision on it was yes. Each receipt releases
//! once.
//!
//! spec: decisions.md#accesses

use crate::relay::InHand;
use procura_core::conditions::{Part, Property, Scalar};
use procura_core::decide::Reason;
use procura_core::kinds::Access;
use procura_core::receipt::{Mode, Policy, Question, Receipt, VerifyError, verify_access};
use procura_core::record::{Record, RecordError};
use procura_core::{Hash, Millis};
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

/// The most receipts remembered at a time: those of one maximum age. Beyond, nothing is released until some are too old.
const MOST_USED: usize = 1 << 20;
/// The most withdrawals held.
const MOST_HEARD: usize = 1 << 16;
/// The property of an access's context that says where its receipt goes.
const RETURN: &str = "return";

/// The guard of one source. One for all of its threads.
#[derive(Debug)]
pub struct Guard {
    policy: Policy,
    source: Hash,
    /// Where people reach the source, as browsers write an origin.
    reached_at: Option<String>,
    max_age_ms: u64,
    used: Mutex<Used>,
    heard: Mutex<Heard>,
}

/// Signed withdrawals, by what they withdraw.
#[derive(Debug, Default)]
struct Heard {
    by_target: BTreeMap<Hash, Vec<InHand>>,
    count: usize,
}

/// The accesses that released something, for as long as their receipts are fresh.
#[derive(Debug, Default)]
struct Used {
    ids: HashSet<Hash>,
    oldest: VecDeque<(Millis, Hash)>,
}

/// What may be let go: this person's data of this category, to this party, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The id of the logged access.
    pub id: Hash,
    /// When it was logged: after one maximum age no receipt of it is taken any more.
    pub at: Millis,
    /// What was asked, by whom, for whom, for what.
    pub access: Access,
    /// Why the answer was yes.
    pub reason: Reason,
    /// Whether something stood against it that nobody had recorded yet.
    pub good_faith: bool,
}

/// Why nothing is let go. Each is a 403 to whoever asks, and nothing else is said to them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Withheld {
    /// The receipt does not verify, or is too old.
    #[error("the receipt does not verify: {0}")]
    Receipt(#[from] VerifyError),
    /// It is the receipt of something else than a logged access: a check permits nothing by itself.
    #[error("the receipt is not that of a logged access")]
    NotAnAccess,
    /// It names another source, another person, or another category.
    #[error("the access does not name this source, this person and this category")]
    OtherData,
    /// It was made to be taken to another address than the source's own.
    #[error("the access names another address as where its receipt goes")]
    Elsewhere,
    /// The answer was no.
    #[error("the access was refused")]
    Denied(Reason),
    /// It released something before.
    #[error("the receipt was used already")]
    Used,
    /// Somebody showed a signed withdrawal of what the decision rests on.
    #[error("what the decision rests on was withdrawn: the signed withdrawal is in hand")]
    RevocationInHand,
    /// More was released within one maximum age than is remembered.
    #[error("too many receipts were used within their maximum age")]
    TooMany,
}

/// Why a withdrawal is not held against anything.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotHeard {
    /// It is no record.
    #[error("it is no record: {0}")]
    Record(#[from] RecordError),
    /// It is about no other record.
    #[error("the record withdraws nothing")]
    NotAWithdrawal,
    /// More are held already than can be.
    #[error("too many withdrawals are held already")]
    TooMany,
}

impl Withheld {
    /// The variant's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Receipt(error) => error.name(),
            Self::NotAnAccess => "not_an_access",
            Self::OtherData => "other_data",
            Self::Elsewhere => "elsewhere",
            Self::Denied(_) => "denied",
            Self::Used => "used",
            Self::RevocationInHand => "revocation_in_hand",
            Self::TooMany => "too_many",
        }
    }
}

impl Guard {
    /// The guard of the party `source`, which believes what `policy` says.
    #[must_use]
    pub fn new(policy: Policy, source: Hash) -> Self {
        let max_age_ms = policy.max_age_s.saturating_mul(1000);
        Self { policy, source, reached_at: None, max_age_ms, used: Mutex::default(), heard: Mutex::default() }
    }

    /// The same, of a source that people reach with their browsers at an origin, such as `https://example.org`. Receipts that browsers
    /// bring say where they were to go, and are taken there alone.
    ///
    /// spec: http.md#signing-for-a-service
    #[must_use]
    pub fn reached_at(mut self, origin: &str) -> Self {
        self.reached_at = Some(origin.to_owned());
        self
    }

    /// Holds a signed withdrawal against whatever rests on what it withdraws, from now on, logged or not. One that does not count against a
    /// receipt takes nothing from it.
    ///
    /// spec: receipts.md#in-hand
    ///
    /// # Errors
    /// [`NotHeard`].
    pub fn hear(&self, in_hand: InHand) -> Result<(), NotHeard> {
        let target = Record::parse(&in_hand.record)?.common().target.ok_or(NotHeard::NotAWithdrawal)?;
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.by_target.get(&target).is_some_and(|known| known.contains(&in_hand)) {
            return Ok(());
        }
        if heard.count >= MOST_HEARD {
            return Err(NotHeard::TooMany);
        }
        heard.by_target.entry(target).or_default().push(in_hand);
        heard.count += 1;
        Ok(())
    }

    /// Whether data of `subject` in `category`, a code, may be let go at `now` to whoever sent this receipt.
    ///
    /// # Errors
    /// [`Withheld`]: then nothing is let go.
    pub fn release(
        &self,
        receipt: &[u8],
        subject: &Hash,
        category: &str,
        now: Millis,
    ) -> Result<Release, Withheld> {
        let is_asked = |access: &Access| access.subject == *subject && access.category == category;
        let release = self.admit(receipt, now, is_asked)?;
        self.use_once(release.id, release.at, now)?;
        Ok(release)
    }

    /// What the receipt says may be let go, or taken in, at `now`: whose data of which category is the caller's to look at. It may be
    /// shown any number of times. For a source that itself remembers what it did on each access, across its restarts too, and
    /// for one that takes data in and does nothing twice anyhow.
    ///
    /// # Errors
    /// [`Withheld`], but neither [`Withheld::Used`] nor [`Withheld::TooMany`]: then nothing is let go, nor taken in.
    pub fn examine(&self, receipt: &[u8], now: Millis) -> Result<Release, Withheld> {
        self.admit(receipt, now, |_| true)
    }

    fn admit(
        &self,
        receipt: &[u8],
        now: Millis,
        is_asked: impl Fn(&Access) -> bool,
    ) -> Result<Release, Withheld> {
        let parsed = Receipt::parse(receipt).map_err(VerifyError::from)?;
        let Question::Authority(asked) = parsed.question else { return Err(Withheld::NotAnAccess) };
        let id = asked.access.ok_or(Withheld::NotAnAccess)?;
        let verified = verify_access(receipt, &id, &self.policy, Mode::Fresh(now))?;
        let access = verified.access();
        if access.source != self.source || !is_asked(access) {
            return Err(Withheld::OtherData);
        }
        // Whoever lured somebody into signing got a receipt that names the lure.
        let goes_to = Property::new(Part::Context, RETURN).and_then(|to| access.properties.get(&to));
        if goes_to
            .is_some_and(|to| self.reached_at.as_ref().is_none_or(|own| *to != Scalar::Text(own.clone())))
        {
            return Err(Withheld::Elsewhere);
        }
        let decision = verified.decision();
        if !decision.permit {
            return Err(Withheld::Denied(decision.reason));
        }
        let heard = self.heard_of(&verified.question().grants);
        if heard.iter().any(|in_hand| in_hand.withdraws(receipt, &self.policy, now).is_ok()) {
            return Err(Withheld::RevocationInHand);
        }
        let (at, access) = (verified.question().at, access.clone());
        Ok(Release { id, at, access, reason: decision.reason, good_faith: decision.good_faith })
    }

    fn heard_of(&self, grants: &[Hash]) -> Vec<InHand> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        grants.iter().filter_map(|grant| heard.by_target.get(grant)).flatten().cloned().collect()
    }

    /// Notes that the receipt of an access logged at `at` was used. Once it is too old to verify it need not be remembered.
    fn use_once(&self, id: Hash, at: Millis, now: Millis) -> Result<(), Withheld> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((then, old)) = used.oldest.front().copied()
            // Ages are counted in whole seconds.
            && then.0.saturating_add(self.max_age_ms).saturating_add(1000) <= now.0
        {
            used.oldest.pop_front();
            used.ids.remove(&old);
        }
        if used.ids.contains(&id) {
            return Err(Withheld::Used);
        }
        if used.ids.len() >= MOST_USED {
            return Err(Withheld::TooMany);
        }
        used.ids.insert(id);
        used.oldest.push_back((at, id));
        Ok(())
    }
}
