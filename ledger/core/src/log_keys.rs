//! The keys that sign a log's checkpoints: which of them count, and whether a list of them continues an older one.
//!
//! spec: log.md#log-keys

use crate::Millis;
use crate::checkpoint::VerifiedCheckpoint;
use crate::json::{Field, MemberError};
use crate::note::{KeyType, NoteVerifier};
use crate::policy::{PolicyName, Quorum, TlogPolicy};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most keys of one log, retired ones included.
pub(crate) const MAX_LOG_KEYS: usize = 32;

/// A checkpoint key of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The key.
    pub key: NoteVerifier,
    /// From when on it counts only with a quorum dated before; in milliseconds.
    pub retired_at: Option<Millis>,
}

/// Why a list of log keys does not continue an older one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotContinued {
    /// A key is left out: what it signed could not be checked any more.
    #[error("it leaves the key {0} out")]
    Missing(String),
    /// A key that was retired is to count again, or for longer.
    #[error("the key {0} was retired earlier")]
    Later(String),
}

impl LogKey {
    pub(crate) fn read(field: Field) -> Result<Self, MemberError> {
        let mut members = field.object()?;
        let key = Self {
            key: members
                .take("vkey", |field| field.parse("a vkey", |text| NoteVerifier::parse(text).ok()))?,
            retired_at: members.take_opt("retired_at", Field::millis)?,
        };
        members.finish()?;
        Ok(key)
    }

    /// As in a policy, and in a record.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut json = json!({"vkey": self.key.to_string()});
        if let (Some(retired_at), Some(members)) = (self.retired_at, json.as_object_mut()) {
            members.insert("retired_at".to_owned(), json!(retired_at));
        }
        json
    }

    /// Whether the log signs with it at an instant.
    #[must_use]
    pub fn signs_at(&self, time: Millis) -> bool {
        self.retired_at.is_none_or(|retired_at| time < retired_at)
    }
}

/// Whether the list `now` may take the place of `before`: every key is still there, and what was retired stays so.
///
/// # Errors
/// [`NotContinued`].
pub fn check_continued(before: &[LogKey], now: &[LogKey]) -> Result<(), NotContinued> {
    for old in before {
        let vkey = || old.key.to_string();
        let kept = now.iter().find(|new| new.key == old.key).ok_or_else(|| NotContinued::Missing(vkey()))?;
        if old.retired_at.is_some_and(|old| kept.retired_at.is_none_or(|kept| kept > old)) {
            return Err(NotContinued::Later(vkey()));
        }
    }
    Ok(())
}

/// Whether a list is one: keys of `origin`, each once, at least one of them not retired.
pub(crate) fn is_list(list: &[LogKey], origin: &str) -> bool {
    let fits = |(n, one): (usize, &LogKey)| {
        one.key.key_type() == KeyType::Ed25519
            && one.key.name() == origin
            && list.iter().take(n).all(|other| other.key != one.key)
    };
    (1..=MAX_LOG_KEYS).contains(&list.len())
        && list.iter().any(|key| key.retired_at.is_none())
        && list.iter().enumerate().all(fits)
}

/// Whether one of the keys that signed a checkpoint counts: one that is not retired, or one under a quorum of witnesses that
/// had cosigned before its retirement. `cosigned`: when each witness did, in seconds since 1970.
#[must_use]
pub fn signed_in_time(
    checkpoint: &VerifiedCheckpoint,
    log_keys: &[LogKey],
    witnesses: Option<&TlogPolicy>,
    cosigned: &BTreeMap<PolicyName, u64>,
) -> bool {
    log_keys.iter().filter(|key| checkpoint.signers().contains(&key.key)).any(|key| {
        let Some(retired_at) = key.retired_at else { return true };
        let is_before = |time_s: u64| time_s.saturating_mul(1000) < retired_at.0;
        let before = cosigned.iter().filter(|(_, time_s)| is_before(**time_s));
        let before = before.map(|(name, time_s)| (name.clone(), *time_s)).collect();
        matches!(witnesses.and_then(|witnesses| witnesses.quorum(&before)), Some(Quorum::Met { .. }))
    })
}

#[cfg(test)]
mod tests {
    //! Goal: a list of log keys only ever grows, and no retirement is taken back. Method: one list, and what may and may not follow.

    use super::*;
    use crate::key::{Signer as _, SoftKey};

    fn key(seed: u8, retired_at: Option<u64>) -> LogKey {
        let public_key = SoftKey::from_seed(&[seed; 32]).public_key();
        let key = NoteVerifier::new("trial/x", KeyType::Ed25519, public_key.as_bytes()).unwrap();
        LogKey { key, retired_at: retired_at.map(Millis) }
    }

    #[test]
    fn a_list_grows_and_retires() {
        let before = [key(1, Some(10)), key(2, None)];
        for now in [
            vec![key(1, Some(10)), key(2, None)],
            vec![key(3, None), key(2, Some(20)), key(1, Some(10))],
            vec![key(1, Some(9)), key(2, None)],
        ] {
            assert_eq!(check_continued(&before, &now), Ok(()));
        }
        for now in [vec![key(2, None)], vec![key(1, Some(10)), key(3, None)]] {
            assert!(matches!(check_continued(&before, &now), Err(NotContinued::Missing(_))));
        }
        for retired_at in [None, Some(11)] {
            let now = [key(1, retired_at), key(2, None)];
            assert!(matches!(check_continued(&before, &now), Err(NotContinued::Later(_))));
        }
    }

    #[test]
    fn a_list_has_a_key_that_signs() {
        assert!(is_list(&[key(1, Some(1)), key(2, None)], "trial/x"));
        assert!(!is_list(&[], "trial/x"));
        assert!(!is_list(&[key(1, Some(1))], "trial/x"));
        assert!(!is_list(&[key(1, None), key(1, Some(1))], "trial/x"));
        assert!(!is_list(&[key(1, None)], "trial/y"));
        let many: Vec<LogKey> = (0..=32).map(|seed| key(seed, None)).collect();
        assert!(is_list(&many[..32], "trial/x") && !is_list(&many, "trial/x"));
    }
}
