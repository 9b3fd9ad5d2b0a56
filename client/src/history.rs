//! How an answer comes to be believed: it proves itself, and is of one history with what was seen before.
//!
//! A receipt is verified with the last checkpoint seen *before it was asked for* as its pin: it may be no older than that.
//! A receipt under a later checkpoint must continue it: if the server did not put the consistency proof in, it is asked
//! for. What was believed is seen from then on. If another thread or process has seen something else meanwhile, the two
//! are held against each other first. A fork is kept as evidence.

use crate::client::{Client, Proven};
use crate::error::{CallError, Distrust, ReadError};
use crate::evidence::Evidence;
use crate::http::{Reply, unexpected};
use crate::store::{ForkEvidence, Seen};
use procura_core::checkpoint::VerifiedCheckpoint;
use procura_core::receipt::{
    Consistency, Mode, Policy, Receipt, VerifiedAccess, VerifiedAuthority, VerifiedComplete,
    VerifiedExistence, VerifiedLogKeys, VerifiedReceipt, VerifiedStatus, VerifyError,
};
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::check_consistency;
use procura_core::{Hash, Size};
use serde_json::Value;
use std::collections::BTreeMap;

/// Core's verified answers: what each rests on.
pub(crate) trait Rests {
    fn rests_on(&self) -> &VerifiedReceipt;
}

macro_rules! rests {
    ($($answer:ty),*) => { $(impl Rests for $answer { fn rests_on(&self) -> &VerifiedReceipt { self.receipt() } })* };
}
impl Rests for VerifiedReceipt {
    fn rests_on(&self) -> &VerifiedReceipt {
        self
    }
}
impl Rests for VerifiedLogKeys {
    fn rests_on(&self) -> &VerifiedReceipt {
        self.status().receipt()
    }
}
rests!(VerifiedExistence, VerifiedStatus, VerifiedComplete, VerifiedAuthority, VerifiedAccess);

/// A question under way. Made before it is sent.
pub(crate) struct Asking<'c> {
    client: &'c Client,
    seen: Option<Seen>,
}

impl Asking<'_> {
    /// The size of the tree that was seen when this was asked.
    pub(crate) fn from(&self) -> Option<Size> {
        self.seen.as_ref().map(|seen| seen.root().size)
    }

    /// Believes the receipt that came, or says why not.
    pub(crate) fn believe<T: Rests, E: From<Distrust> + From<CallError>>(
        self,
        reply: Reply,
        mode: Mode,
        verify: impl FnOnce(&[u8], &Policy, Mode) -> Result<T, VerifyError>,
    ) -> Result<Proven<T>, E> {
        let (client, mut bytes) = (self.client, reply.body);
        if let Some(seen) = &self.seen
            && let Some(with_proof) = client.with_consistency::<E>(&bytes, seen)?
        {
            bytes = with_proof;
        }
        let policy = client.policy.clone().with_pin(self.seen.as_ref().map(Seen::pin));
        match (verify(&bytes, &policy, mode), &self.seen) {
            (Ok(answer), seen) => {
                client.remember::<E>(seen.clone(), &Seen::of(answer.rests_on().checkpoint()))?;
                Ok(Proven::new(answer, bytes))
            }
            (Err(VerifyError::Fork { .. }), Some(seen)) => {
                let receipt = Receipt::parse(&bytes).map_err(Distrust::from)?;
                let proof = TlogProof::parse(receipt.proof.as_bytes());
                let shown = proof.map_err(|error| Distrust::from(VerifyError::Proof(error)))?.checkpoint;
                let hashes = receipt.consistency.map(|proof| proof.hashes);
                Err(client.fork(seen, &Seen::stated(&shown), hashes)?.into())
            }
            (Err(VerifyError::Rollback { size, pinned }), _) => {
                Err(Distrust::Rollback { size, seen: pinned }.into())
            }
            (Err(error), _) => Err(Distrust::from(error).into()),
        }
    }
}

impl Client {
    /// What is asked from here on may be answered as of what has been seen by now, or later.
    pub(crate) fn asking(&self) -> Result<Asking<'_>, Distrust> {
        Ok(Asking { client: self, seen: self.seen()? })
    }

    /// Gets a receipt with the consistency proof from a size that has been seen. A server that never had so much is asked again without:
    /// its receipt says how much it has.
    pub(crate) fn get_from(
        &self,
        from: Option<Size>,
        path: impl Fn(Option<Size>) -> String,
        token: Option<&str>,
    ) -> Result<Reply, CallError> {
        match self.server.get(&path(from), token) {
            Err(CallError::Refused(problem)) if from.is_some() && problem.name == "size_unavailable" => {
                self.server.get(&path(None), token)
            }
            reply => reply,
        }
    }

    /// Holds checkpoints that were shown against each other and against the one seen: all are of one history. The largest is
    /// what is seen from now on.
    ///
    /// # Errors
    /// [`ReadError`]; a fork is kept as evidence.
    pub(crate) fn hold(&self, shown: &[VerifiedCheckpoint]) -> Result<(), ReadError> {
        let seen = self.seen()?;
        let mut all: BTreeMap<Size, Seen> =
            seen.iter().map(|seen| (seen.root().size, seen.clone())).collect();
        for checkpoint in shown {
            let now = Seen::of(checkpoint);
            let before = all.entry(now.root().size).or_insert_with(|| now.clone());
            self.check_one_history::<ReadError>(before, &now)?;
        }
        let Some((_, last)) = all.pop_last() else { return Ok(()) };
        for earlier in all.values() {
            self.check_one_history::<ReadError>(earlier, &last)?;
        }
        self.remember(seen, &last)
    }

    /// Sees `now` from here on, which was found to be of one history with `before`. Ends: each round something larger stands
    /// there, seen by others.
    pub(crate) fn remember<E: From<Distrust> + From<CallError>>(
        &self,
        mut before: Option<Seen>,
        now: &Seen,
    ) -> Result<(), E> {
        let (store, origin) = (&self.store, &self.policy.origin);
        while before.as_ref().is_none_or(|before| before.root().size < now.root().size) {
            if store.advance(origin, before.as_ref(), now).map_err(Distrust::from)? {
                break;
            }
            before = self.seen()?;
            if let Some(stands) = &before {
                self.check_one_history::<E>(stands, now)?;
            }
        }
        Ok(())
    }

    /// Checks that one of two checkpoints continues the other, by a proof that the server is asked for.
    fn check_one_history<E: From<Distrust> + From<CallError>>(
        &self,
        seen: &Seen,
        shown: &Seen,
    ) -> Result<(), E> {
        let (mut old, mut new) = (seen.root(), shown.root());
        if old.size > new.size {
            (old, new) = (new, old);
        }
        let (holds, hashes) = if old.size == new.size {
            (old == new, None)
        } else {
            let hashes = self.stated_consistency(old.size, new.size)?;
            let lacks = || Distrust::from(VerifyError::NoConsistency { pinned: seen.root().size });
            let hashes = hashes.ok_or_else(lacks)?;
            (check_consistency(&old, &new, &hashes).is_ok(), Some(hashes))
        };
        if holds {
            return Ok(());
        }
        Err(self.fork(seen, shown, hashes)?.into())
    }

    /// Keeps the evidence of a fork and gives the error that names it.
    pub(crate) fn fork(
        &self,
        seen: &Seen,
        shown: &Seen,
        consistency: Option<Vec<Hash>>,
    ) -> Result<Distrust, Distrust> {
        let (one, other) = (seen.root(), shown.root());
        // What the server shows of the larger tree convicts it; if it shows nothing, it is asked for a proof by whoever reads this.
        let (begins, consistency) = match self.beginning(one, other) {
            Some((begins, hashes)) => (Some(begins), Some(hashes)),
            None => (None, consistency),
        };
        let (seen, shown) = (seen.checkpoint().to_owned(), shown.checkpoint().to_owned());
        let evidence = Evidence::Fork(ForkEvidence { seen, shown, consistency, begins });
        let evidence = self.store.keep_evidence(&self.policy.origin, &evidence)?;
        Ok(Distrust::Fork { size: other.size, seen: one.size, evidence })
    }

    /// The receipt with the consistency proof that it lacks; `None` if it lacks none, or the server has none: then
    /// verification says so.
    fn with_consistency<E: From<Distrust> + From<CallError>>(
        &self,
        bytes: &[u8],
        seen: &Seen,
    ) -> Result<Option<Vec<u8>>, E> {
        let mut receipt = Receipt::parse(bytes).map_err(Distrust::from)?;
        let proof = TlogProof::parse(receipt.proof.as_bytes());
        let proof = proof.map_err(|error| Distrust::from(VerifyError::Proof(error)))?;
        let (size, pinned) = (proof.checkpoint.unverified().size(), seen.root().size);
        let (from, to) = (size.min(pinned), size.max(pinned));
        if from == to || receipt.consistency.as_ref().is_some_and(|given| given.from == from) {
            return Ok(None);
        }
        let Some(hashes) = self.stated_consistency(from, to)? else { return Ok(None) };
        receipt.consistency = Some(Consistency { from, hashes });
        Ok(Some(receipt.to_json().into_bytes()))
    }

    /// The hashes between two sizes; `None` if the server has none. One that is away is no liar, and may be asked again.
    pub(crate) fn stated_consistency(&self, from: Size, to: Size) -> Result<Option<Vec<Hash>>, CallError> {
        match self.consistency_unverified(from, to) {
            Ok(hashes) => Ok(Some(hashes)),
            Err(CallError::Unexpected { .. }) => Ok(None),
            Err(CallError::Refused(problem)) if !problem.is_for_now() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The hashes between two sizes, as the server states them.
    pub(crate) fn consistency_unverified(&self, from: Size, to: Size) -> Result<Vec<Hash>, CallError> {
        let path = format!("/v1/proofs/consistency?from={from}&to={to}");
        let answer = self.server.get(&path, None)?.json(&path)?;
        let hashes = answer.get("hashes").and_then(Value::as_array);
        let hashes = hashes.and_then(|hashes| hashes.iter().map(|hash| read_hash(hash.as_str()?)).collect());
        hashes.ok_or_else(|| unexpected(&path, "it has no hashes"))
    }
}

/// A hash in the base64 of C2SP texts (standard alphabet, padded), or in ours.
fn read_hash(text: &str) -> Option<Hash> {
    let ours: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    ours.parse().ok()
}
