//! The client: whom it asks, what it trusts, and who asks.

use crate::error::{CheckpointFault, Distrust};
use crate::http::Server;
use crate::store::{Seen, Store};
use crate::token::Token;
use procura_core::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use procura_core::key::Signer;
use procura_core::log_keys::signed_in_time;
use procura_core::receipt::Policy;
use procura_core::{Hash, Millis};
use std::collections::BTreeMap;
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
    pub(crate) const fn new(answer: T, receipt: Vec<u8>) -> Self {
        Self { answer, receipt }
    }

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

    /// Believes a signed checkpoint as far as the policy's keys and witnesses go; what was seen before is not asked.
    pub(crate) fn check_signatures(&self, text: &str) -> Result<VerifiedCheckpoint, CheckpointFault> {
        let signed = SignedCheckpoint::parse(text.as_bytes())?;
        let keys: Vec<_> = self.policy.log_keys.iter().map(|log_key| log_key.key.clone()).collect();
        let checkpoint = signed.verify(&self.policy.origin, &keys)?;
        let mut times = BTreeMap::new();
        if let Some(witnesses) = &self.policy.witnesses {
            times = witnesses.cosigned(&checkpoint)?;
            witnesses.quorum(&times).ok_or(CheckpointFault::NoQuorum)?;
        }
        if !signed_in_time(&checkpoint, &self.policy.log_keys, self.policy.witnesses.as_ref(), &times) {
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

fn system_time() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
