//! What is kept for a browser between two of its requests, under a secret that it holds in a cookie: in memory only, for a
//! short while, handed out once, and never more than so many.

use procura_core::hash::sha256;
use procura_core::{Hash, Millis};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Of more, the oldest begin again.
const MOST: usize = 1_024;

/// Things that are each taken once.
pub(super) struct Once<T> {
    lasts_ms: u64,
    all: Mutex<VecDeque<Kept<T>>>,
}

struct Kept<T> {
    /// The secret's hash: looking for it tells nothing of the secret, however long that takes.
    under: Hash,
    ends: Millis,
    what: T,
}

impl<T> Once<T> {
    /// Nothing yet; each thing lasts so long.
    pub(super) fn new(lasts_ms: u64) -> Self {
        Self { lasts_ms, all: Mutex::default() }
    }

    pub(super) fn put(&self, secret: &str, what: T, now: Millis) {
        let mut all = self.lock();
        all.push_back(Kept { under: hash(secret), ends: Millis(now.0.saturating_add(self.lasts_ms)), what });
        while all.len() > MOST {
            all.pop_front();
        }
    }

    /// What was put there, if it was not taken since and has not ended. It is gone then, whatever comes of it.
    pub(super) fn take(&self, secret: &str, now: Millis) -> Option<T> {
        let under = hash(secret);
        let mut all = self.lock();
        all.retain(|kept| kept.ends > now);
        let place = all.iter().position(|kept| kept.under == under)?;
        all.remove(place).map(|kept| kept.what)
    }

    /// The table is whole between any two statements.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept<T>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(secret: &str) -> Hash {
    sha256(&[secret.as_bytes()])
}

#[cfg(test)]
mod tests {
    //! Goal: once, not after its end, not without its secret, and never more than so many. Method: one after the other.

    use super::*;

    const T0: Millis = Millis(1_000);

    #[test]
    fn once_and_in_time() {
        let once = Once::new(100);
        once.put("a", 1, T0);
        assert_eq!(once.take("b", T0), None);
        assert_eq!(once.take("", T0), None);
        assert_eq!(once.take("a", Millis(1_099)), Some(1));
        assert_eq!(once.take("a", Millis(1_099)), None, "taken");
        once.put("a", 2, T0);
        assert_eq!(once.take("a", Millis(1_100)), None, "too late");
        assert!(once.lock().is_empty(), "and forgotten");
    }

    #[test]
    fn of_too_many_the_oldest_are_forgotten() {
        let once = Once::new(100);
        (0..=MOST).for_each(|n| once.put(&n.to_string(), n, T0));
        assert_eq!(once.lock().len(), MOST);
        assert_eq!(once.take("0", T0), None);
        assert_eq!(once.take("1", T0), Some(1));
    }
}
