//! The client, and how an answer comes to be believed.
//!
//! A receipt is verified against the policy with the last checkpoint seen as its pin. A receipt under a later
//! checkpoint must continue it: if the server did not put the consistency proof in, it is asked for. What was
//! believed becomes the next pin. A fork is kept as evidence.

use crate::error::{CallError, CheckpointFault, Distrust};
use crate::http::{Reply, Server};
use crate::store::{ForkEvidence, Seen, Store};
use crate::token::Token;
use procura_core::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use procura_core::key::Signer;
use procura_core::policy::Quorum;
use procura_core::receipt::{
    Consistency, LogKey, Mode, Policy, Receipt, VerifiedAccess, VerifiedAuthority, VerifiedComplete,
    VerifiedExistence, VerifiedReceipt, VerifiedStatus, VerifyError,
};
use procura_core::tlog_proof::TlogProof;
use procura_core::{Hash, Millis, Size};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// A verifying client of one ledger.
pub struct Client {
    pub(crate) server: Server,
    pub(crate) policy: Policy,
    pub(crate) store: Box<dyn Store>,
    pub(crate) identity: Option<Identity>,
    pub(crate) token: Mutex<Option<Token>>,
    clock: Box<dyn Fn() -> Millis + Send + Sync>,
}

/// Who asks: a party, by one of its keys.
#[derive(Clone)]
pub struct Identity {
    /// The id of the key's record.
    pub kid: Hash,
    /// The id of the party's record.
    pub party: Hash,
    /// The private key.
    pub signer: Arc<dyn Signer>,
}

/// Why there is no client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NewError {
    /// The address would send tokens and records in the clear.
    #[error("{0} is not the address of a server: give https://…, or http:// for one on this machine")]
    Address(String),
}

impl NewError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
        }
    }
}

/// A verified answer with the receipt that proves it to anybody else.
#[derive(Debug, Clone)]
pub struct Proven<T> {
    answer: T,
    receipt: Vec<u8>,
}

impl<T> Proven<T> {
    /// The answer.
    #[must_use]
    pub const fn answer(&self) -> &T {
        &self.answer
    }

    /// The receipt: JSON, [`procura_core::receipt::MEDIA_TYPE`].
    #[must_use]
    pub fn receipt(&self) -> &[u8] {
        &self.receipt
    }

    /// The answer alone.
    #[must_use]
    pub fn into_answer(self) -> T {
        self.answer
    }
}

/// Core's verified answers: what each rests on.
pub(crate) trait Rests {
    fn rests_on(&self) -> &VerifiedReceipt;
}

macro_rules! rests {
    ($($answer:ty),*) => { $(impl Rests for $answer { fn rests_on(&self) -> &VerifiedReceipt { self.receipt() } })* };
}
rests!(VerifiedExistence, VerifiedStatus, VerifiedComplete, VerifiedAuthority, VerifiedAccess);

impl Client {
    /// A client of the server at `base_url` for the ledger of `policy`, which the caller trusts. What was seen
    /// before comes from `store`; a pin in `policy` is not used.
    ///
    /// # Errors
    /// [`NewError`].
    pub fn new(base_url: &str, policy: Policy, store: impl Store + 'static) -> Result<Self, NewError> {
        let server = Server::new(base_url).ok_or_else(|| NewError::Address(base_url.to_owned()))?;
        Ok(Self {
            server: server.witnessed(policy.witnesses.is_some()),
            policy: policy.with_pin(None),
            store: Box::new(store),
            identity: None,
            token: Mutex::new(None),
            clock: Box::new(system_time),
        })
    }

    /// The same client, asking as `identity`.
    #[must_use]
    pub fn with_identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self.token = Mutex::new(None);
        self
    }

    /// The same client with another clock: for tests, and for machines that get their time elsewhere.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Millis + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The policy, without a pin.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Who asks.
    #[must_use]
    pub const fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The server's address.
    #[must_use]
    pub fn server(&self) -> &str {
        self.server.base()
    }

    /// Whether nothing in this ledger is binding: its origin starts with `trial/`.
    #[must_use]
    pub fn is_trial(&self) -> bool {
        is_trial(&self.policy.origin)
    }

    /// Now, by this client's clock.
    #[must_use]
    pub fn now(&self) -> Millis {
        (self.clock)()
    }

    /// The last checkpoint believed.
    ///
    /// # Errors
    /// [`Distrust::Store`].
    pub fn seen(&self) -> Result<Option<Seen>, Distrust> {
        Ok(self.store.seen(&self.policy.origin)?)
    }

    /// Believes a receipt, or says why not.
    pub(crate) fn believe<T: Rests>(
        &self,
        reply: Reply,
        mode: Mode,
        verify: impl Fn(&[u8], &Policy, Mode) -> Result<T, VerifyError>,
    ) -> Result<Proven<T>, Distrust> {
        let origin = &self.policy.origin;
        let seen = self.store.seen(origin)?;
        let mut bytes = reply.body;
        if let Some(seen) = &seen
            && let Some(with_proof) = self.with_consistency(&bytes, seen)?
        {
            bytes = with_proof;
        }
        let policy = self.policy.clone().with_pin(seen.as_ref().map(Seen::pin));
        match (verify(&bytes, &policy, mode), &seen) {
            (Ok(answer), _) => {
                let now = Seen::of(answer.rests_on().checkpoint());
                if seen.as_ref().is_none_or(|seen| seen.root().size <= now.root().size) {
                    self.store.advance(origin, seen.as_ref(), &now)?;
                }
                Ok(Proven { answer, receipt: bytes })
            }
            (Err(VerifyError::Fork { size, pinned }), Some(seen)) => {
                let receipt = Receipt::parse(&bytes).map_err(Distrust::from)?;
                let shown =
                    TlogProof::parse(receipt.proof.as_bytes()).map_err(VerifyError::Proof)?.checkpoint;
                let evidence = ForkEvidence {
                    seen: seen.checkpoint().to_owned(),
                    shown: shown.to_string(),
                    consistency: receipt.consistency.map(|proof| proof.hashes),
                };
                Err(self.convict(&evidence, size, pinned)?)
            }
            (Err(VerifyError::Rollback { size, pinned }), _) => {
                Err(Distrust::Rollback { size, seen: pinned })
            }
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Keeps the evidence of a fork and gives the error that names it.
    pub(crate) fn convict(
        &self,
        evidence: &ForkEvidence,
        size: Size,
        seen: Size,
    ) -> Result<Distrust, Distrust> {
        let evidence = self.store.keep_evidence(&self.policy.origin, evidence)?;
        Ok(Distrust::Fork { size, seen, evidence })
    }

    /// The receipt with the consistency proof that it lacks; `None` if it lacks none, or none can be had: then
    /// verification says so.
    fn with_consistency(&self, bytes: &[u8], seen: &Seen) -> Result<Option<Vec<u8>>, Distrust> {
        let mut receipt = Receipt::parse(bytes)?;
        let proof = TlogProof::parse(receipt.proof.as_bytes()).map_err(VerifyError::Proof)?;
        let (size, pinned) = (proof.checkpoint.unverified().size(), seen.root().size);
        let (from, to) = (size.min(pinned), size.max(pinned));
        if from == to || receipt.consistency.as_ref().is_some_and(|given| given.from == from) {
            return Ok(None);
        }
        let Ok(hashes) = self.consistency_unverified(from, to) else { return Ok(None) };
        receipt.consistency = Some(Consistency { from, hashes });
        Ok(Some(receipt.to_json().into_bytes()))
    }

    /// The hashes between two sizes, as the server states them.
    pub(crate) fn consistency_unverified(&self, from: Size, to: Size) -> Result<Vec<Hash>, CallError> {
        let path = format!("/v1/proofs/consistency?from={from}&to={to}");
        let answer = self.server.get(&path, None)?.json(&path)?;
        let hashes = answer.get("hashes").and_then(Value::as_array);
        let hashes = hashes.and_then(|hashes| hashes.iter().map(|hash| read_hash(hash.as_str()?)).collect());
        hashes.ok_or_else(|| crate::http::unexpected(&path, "it has no hashes"))
    }

    /// Believes a signed checkpoint as far as the policy's keys and witnesses go; what was seen before is not asked.
    pub(crate) fn check_signatures(&self, text: &str) -> Result<VerifiedCheckpoint, CheckpointFault> {
        let signed = SignedCheckpoint::parse(text.as_bytes())?;
        let keys: Vec<_> = self.policy.log_keys.iter().map(|log_key| log_key.key.clone()).collect();
        let checkpoint = signed.verify(&self.policy.origin, &keys)?;
        let mut quorum_s = None;
        if let Some(witnesses) = &self.policy.witnesses {
            let times = witnesses.cosigned(&checkpoint)?;
            if let Quorum::Met { time_s } = witnesses.quorum(&times).ok_or(CheckpointFault::NoQuorum)? {
                quorum_s = Some(time_s);
            }
        }
        let signed = self.policy.log_keys.iter().filter(|key| checkpoint.signers().contains(&key.key));
        let counts = |key: &LogKey| match (key.retired_at, quorum_s) {
            (None, _) => true,
            (Some(retired), Some(time_s)) => time_s.saturating_mul(1000) < retired.0,
            (Some(_), None) => false,
        };
        if !signed.into_iter().any(counts) {
            return Err(CheckpointFault::RetiredKey);
        }
        Ok(checkpoint)
    }
}

/// Whether an origin is a trial ledger's.
#[must_use]
pub fn is_trial(origin: &str) -> bool {
    origin.starts_with("trial/")
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

fn system_time() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
