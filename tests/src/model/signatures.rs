//! Whose signatures count: the five rules of records.md.

use super::Model;
use super::record::{Act, Says};
use super::status::ACTIVE;
use procura_core::{Hash, Millis};

/// A chain of keys from a record to the root is at most so long.
const MAX_CHAIN: usize = 8;

impl Model {
    /// Rules 2 to 4 of a signature under `kid` on what is logged after the first `size` records, at `time`, judged by the
    /// key-ends among the first `known` records.
    pub(super) fn key_counts(
        &self,
        kid: &Hash,
        size: usize,
        time: Millis,
        known: usize,
    ) -> Result<(), &'static str> {
        let Some((n, key)) = self.key(kid) else { return Ok(()) };
        let (party, content) = self.party(&key.party).expect("a key's party is logged before it");
        self.chain(n, size, known)?;
        if self.status(n, size) != Some(ACTIVE) {
            return Err("key_not_active");
        }
        for entry in &self.log[..known] {
            let Says::On { target, act: Act::KeyEnd { since: Some(since) } } = &entry.record.says else {
                continue;
            };
            if target == kid && *since <= time {
                return Err("key_compromised");
            }
        }
        self.chain(party, size, known)?;
        match self.status(party, size) {
            Some(ACTIVE) if !content.is_over(time) => Ok(()),
            _ => Err("party_not_active"),
        }
    }

    /// Rule 2 alone.
    pub(super) fn key_is_active(&self, kid: &Hash, size: usize, time: Millis) -> Result<(), &'static str> {
        let Some((n, key)) = self.key(kid) else { return Ok(()) };
        let (party, content) = self.party(&key.party).expect("a key's party is logged before it");
        match (self.status(n, size), self.status(party, size)) {
            (Some(ACTIVE), Some(ACTIVE)) if !content.is_over(time) => Ok(()),
            (Some(ACTIVE), _) => Err("party_not_active"),
            _ => Err("key_not_active"),
        }
    }

    /// Rule 3: the signature on a key's or a party's record, and on all that made it active, each as of its own index.
    fn chain(&self, n: usize, size: usize, known: usize) -> Result<(), &'static str> {
        self.entry_counts(n, known)?;
        self.enabling(n, size).into_iter().try_for_each(|item| self.entry_counts(item, known))
    }

    /// Whether the signature on what stands at `n` counts.
    pub(super) fn entry_counts(&self, n: usize, known: usize) -> Result<(), &'static str> {
        let entry = &self.log[n];
        if matches!(entry.record.says, Says::On { act: Act::KeyEnd { .. }, .. }) {
            // It needs only an active key of an active party, which was seen to when it was logged.
            return Ok(());
        }
        self.key_counts(&entry.record.kid, n, entry.time, known)
    }

    /// Whether every signature under a party, a catalogue or a grant counts: its own, those that enabled it as of the first
    /// `size` records, and, rule 5, those of the mandate that it is under as of its own index.
    pub(super) fn record_counts(&self, n: usize, size: usize, known: usize) -> bool {
        let above = match &self.log[n].record.says {
            Says::Grant(grant) => grant.under.as_ref().is_none_or(|under| {
                self.find(&under.mandate).is_some_and(|above| self.record_counts(above, n, known))
            }),
            _ => true,
        };
        above && self.chain(n, size, known).is_ok()
    }

    /// How many keys there are from this one up to the root's, both counted, the longest way.
    fn chain_length(&self, kid: &Hash) -> usize {
        let Some((n, key)) = self.key(kid) else { return 1 };
        let (party, _) = self.party(&key.party).expect("a key's party is logged before it");
        1 + self.length_above(n).max(self.length_above(party))
    }

    fn length_above(&self, n: usize) -> usize {
        let signers = std::iter::once(n).chain(self.enabling(n, self.log.len()));
        signers.map(|item| self.chain_length(&self.log[item].record.kid)).max().unwrap_or(0)
    }

    /// Whether a key that `kid` binds for `party` could sign anything.
    pub(super) fn could_sign(&self, kid: &Hash, party: &Hash) -> bool {
        let party = self.party(party).map_or(0, |(n, _)| self.length_above(n));
        self.chain_length(kid).max(party) < MAX_CHAIN
    }
}
