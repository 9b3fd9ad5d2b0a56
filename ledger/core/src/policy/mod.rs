//! Trust policies: which logs to believe and how many witnesses must have seen a checkpoint (C2SP tlog-policy).
//!
//! spec: log.md#policy

mod error;
mod parse;

pub use error::PolicyError;

use crate::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use crate::note::{NoteError, NoteVerifier};
use std::collections::BTreeMap;

/// A name in a policy: any bytes but white space and control characters.
pub type PolicyName = Vec<u8>;

/// A log that the policy believes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLog {
    /// Its key, of type 0x01; the key's name is the log's origin.
    pub key: NoteVerifier,
    /// Where it can be reached.
    pub url: Option<Vec<u8>>,
}

/// A witness that the policy knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyWitness {
    /// Its key, of type 0x04.
    pub key: NoteVerifier,
    /// Where it can be reached.
    pub url: Option<Vec<u8>>,
}

/// A policy: logs, witnesses, and the quorum that a checkpoint needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogPolicy {
    logs: Vec<PolicyLog>,
    witnesses: BTreeMap<PolicyName, PolicyWitness>,
    groups: BTreeMap<PolicyName, Group>,
    quorum: Option<PolicyName>,
}

/// At least `threshold` of `members`, each a witness or a group defined before.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<PolicyName>,
}

/// How a quorum was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quorum {
    /// The policy asks for no cosignature.
    NoneNeeded,
    /// Enough witnesses cosigned.
    Met {
        /// The latest time (seconds since 1970) such that the cosignatures from then on meet the quorum by
        /// themselves: the k-th newest in a group of threshold k.
        time_s: u64,
    },
}

/// A checkpoint that meets a policy. [`TlogPolicy::verify`] is the one way to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessedCheckpoint {
    checkpoint: VerifiedCheckpoint,
    cosigned: BTreeMap<PolicyName, u64>,
    quorum: Quorum,
}

impl WitnessedCheckpoint {
    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &VerifiedCheckpoint {
        &self.checkpoint
    }

    /// The policy's witnesses that cosigned, with their newest times in seconds since 1970.
    #[must_use]
    pub const fn cosigned(&self) -> &BTreeMap<PolicyName, u64> {
        &self.cosigned
    }

    /// How the quorum was met.
    #[must_use]
    pub const fn quorum(&self) -> Quorum {
        self.quorum
    }
}

impl TlogPolicy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`], naming the line.
    pub fn parse(file: &[u8]) -> Result<Self, PolicyError> {
        parse::policy(file)
    }

    /// The logs, in the file's order.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses under their names in the policy.
    #[must_use]
    pub const fn witnesses(&self) -> &BTreeMap<PolicyName, PolicyWitness> {
        &self.witnesses
    }

    /// Judges the witnesses that cosigned, each with its time (seconds since 1970); other names are ignored.
    /// `None` if they are too few. Pass only some of them to ask about a part, such as those before a time.
    #[must_use]
    pub fn quorum(&self, cosigned: &BTreeMap<PolicyName, u64>) -> Option<Quorum> {
        match &self.quorum {
            None => Some(Quorum::NoneNeeded),
            Some(name) => self.time_of(name, cosigned).map(|time_s| Quorum::Met { time_s }),
        }
    }

    /// Believes a checkpoint if a log of the policy signed it and its quorum of witnesses cosigned it.
    ///
    /// # Errors
    /// [`PolicyError`]: `UnknownLog`, `Checkpoint`, `NoQuorum`.
    pub fn verify(&self, checkpoint: &SignedCheckpoint) -> Result<WitnessedCheckpoint, PolicyError> {
        let origin = checkpoint.unverified().origin();
        let keys: Vec<NoteVerifier> =
            self.logs.iter().filter(|log| log.key.name() == origin).map(|log| log.key.clone()).collect();
        if keys.is_empty() {
            return Err(PolicyError::UnknownLog { origin: origin.to_owned() });
        }
        let checkpoint = checkpoint.verify(origin, &keys)?;
        let cosigned = self.cosigned(&checkpoint).map_err(crate::checkpoint::CheckpointError::Note)?;
        let quorum = self.quorum(&cosigned).ok_or(PolicyError::NoQuorum { cosigned: cosigned.len() })?;
        Ok(WitnessedCheckpoint { checkpoint, cosigned, quorum })
    }

    /// The witnesses of the policy that cosigned a checkpoint, each with its time (seconds since 1970).
    ///
    /// # Errors
    /// [`NoteError::BadSignature`] if a cosignature of one of them fails.
    pub fn cosigned(&self, checkpoint: &VerifiedCheckpoint) -> Result<BTreeMap<PolicyName, u64>, NoteError> {
        let witnesses: Vec<NoteVerifier> = self.witnesses.values().map(|w| w.key.clone()).collect();
        let signed = checkpoint.cosignatures(&witnesses)?;
        let times = signed.iter().filter_map(|signed| Some((signed.key.public_key(), signed.time_s?)));
        let times: BTreeMap<[u8; 32], u64> = times.collect();
        // Two names never share a key: `parse` refuses it.
        let by_name = |(name, witness): (&PolicyName, &PolicyWitness)| {
            Some((name.clone(), *times.get(&witness.key.public_key())?))
        };
        Ok(self.witnesses.iter().filter_map(by_name).collect())
    }

    /// The latest time since which a witness or a group has witnessed. It ends: a group's members were
    /// defined before it.
    fn time_of(&self, name: &[u8], cosigned: &BTreeMap<PolicyName, u64>) -> Option<u64> {
        let Some(group) = self.groups.get(name) else {
            return cosigned.get(name).copied();
        };
        let mut times: Vec<u64> =
            group.members.iter().filter_map(|member| self.time_of(member, cosigned)).collect();
        times.sort_unstable();
        times.iter().rev().nth(group.threshold - 1).copied()
    }
}

#[cfg(test)]
mod tests;
