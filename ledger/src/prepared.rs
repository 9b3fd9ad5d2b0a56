//! Parties that somebody asked for and nobody has registered: prepared, so that asking answers with an id either way, and
//! logged only just before the first record that names them, so that asking never shows who is registered.
//!
//! Held in memory, bounded and for a day; a record that names a forgotten one is refused and the identifier looked up again.
//!
//! spec: records.md#parties

use crate::given::{Clock, Random, random};
use procura_core::alias::Claim;
use procura_core::draft::{Draft, Occasion};
use procura_core::identifier::Identifier;
use procura_core::key::Signer;
use procura_core::kinds::PartyType;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most parties held prepared; the oldest goes first.
const MOST: usize = 65_536;
/// How long one is held.
const HELD_MS: u64 = 24 * 3600 * 1000;

/// The ledger's own provisional registrar: a party with the role `provisional`, and its key.
#[derive(Clone)]
pub struct Registrar {
    /// The id of its key record.
    pub kid: Hash,
    /// Its key.
    pub signer: Arc<dyn Signer>,
}

/// The prepared parties.
#[derive(Default)]
pub(crate) struct Prepared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_identifier: HashMap<Named, Hash>,
    by_id: HashMap<Hash, Held>,
    oldest: VecDeque<Hash>,
}

/// An identifier and as what sort of party somebody has it: what the catalogues say of that may change.
type Named = (String, PartyType);

struct Held {
    named: Named,
    submission: Submission,
    claim: Claim,
    since: Millis,
}

impl Prepared {
    /// The id of the party prepared for an identifier, prepared now if need be.
    pub(crate) fn party(
        &self,
        (identifier, claim): (&Identifier, Claim),
        party_type: PartyType,
        origin: &str,
        registrar: &Registrar,
        clock: &dyn Clock,
        source: &dyn Random,
    ) -> Result<Hash, String> {
        let now = clock.now();
        let mut state = self.lock();
        state.forget(now);
        let named = (identifier.text(), party_type);
        if let Some(id) = state.by_identifier.get(&named) {
            return Ok(*id);
        }
        let occasion = Occasion { origin, nonce: random(source)?, now };
        let salts = [random(source)?, random(source)?];
        let draft = Draft::party(&occasion, party_type, random(source)?, identifier, None, &salts)
            .map_err(|error| error.to_string())?
            .member("provisional", json!(true));
        let id = draft.id();
        let submission =
            draft.sign(&registrar.kid, registrar.signer.as_ref()).map_err(|error| error.to_string())?;
        state.hold(id, Held { named, submission, claim, since: now });
        Ok(id)
    }

    /// Whether a party is prepared, and not forgotten by `now`.
    pub(crate) fn has(&self, id: &Hash, now: Millis) -> bool {
        self.lock().by_id.get(id).is_some_and(|held| !held.is_too_old(now))
    }

    /// The record of a party that is prepared, and not forgotten by `now`, with its alias.
    pub(crate) fn get(&self, id: &Hash, now: Millis) -> Option<(Submission, Claim)> {
        let state = self.lock();
        let held = state.by_id.get(id).filter(|held| !held.is_too_old(now))?;
        Some((held.submission.clone(), held.claim))
    }

    /// Forgets a party that was logged.
    pub(crate) fn remove(&self, id: &Hash) {
        let mut state = self.lock();
        if let Some(held) = state.by_id.remove(id) {
            state.by_identifier.remove(&held.named);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn is_too_old(&self, now: Millis) -> bool {
        self.since.0.saturating_add(HELD_MS) < now.0
    }
}

impl State {
    fn hold(&mut self, id: Hash, held: Held) {
        self.by_identifier.insert(held.named.clone(), id);
        self.by_id.insert(id, held);
        self.oldest.push_back(id);
    }

    /// Drops what is too old or too much.
    fn forget(&mut self, now: Millis) {
        while let Some(id) = self.oldest.front() {
            if self.oldest.len() < MOST && self.by_id.get(id).is_some_and(|held| !held.is_too_old(now)) {
                break;
            }
            if let Some(held) = self.oldest.pop_front().and_then(|id| self.by_id.remove(&id)) {
                self.by_identifier.remove(&held.named);
            }
        }
    }
}
