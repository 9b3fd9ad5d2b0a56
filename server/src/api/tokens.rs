//! Access tokens and used assertions: in memory, hashed, bounded, ending by themselves. A restart ends them all.

use procura_core::hash::labelled;
use procura_core::{Hash, Millis};
use std::collections::{HashMap, VecDeque};

/// How long a token is in force.
pub(super) const TOKEN_LIFETIME_MS: u64 = 600_000;
/// The most tokens in force, of all parties and of one.
const MAX_TOKENS: Bound = Bound { of_all: 65_536, of_one: 64 };
/// The most assertions remembered, of all parties and of one.
const MAX_USED: Bound = Bound { of_all: 262_144, of_one: 2_048 };

/// How many are kept.
#[derive(Debug, Clone, Copy)]
struct Bound {
    of_all: usize,
    /// So that one party can't take everybody's room.
    of_one: usize,
}

/// Whom a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The party.
    pub(crate) party: Hash,
    /// The key that got the token, with which it ends; `None`: a static token.
    pub(crate) kid: Option<Hash>,
}

/// How a token is kept and looked up: never as it is.
pub(crate) fn hash_of(token: &str) -> Hash {
    labelled("procura/v1/bearer-token", &[token.as_bytes()])
}

/// Tokens in force.
#[derive(Debug)]
pub(crate) struct Tokens {
    issued: Expiring<Grant>,
    fixed: HashMap<Hash, Grant>,
}

impl Tokens {
    /// None but these static ones.
    pub(crate) fn new(fixed: impl IntoIterator<Item = (Hash, Hash)>) -> Self {
        let fixed = fixed.into_iter().map(|(token, party)| (token, Grant { party, kid: None })).collect();
        Self { issued: Expiring::new(MAX_TOKENS), fixed }
    }

    /// Keeps a new token; `false`: there is no room.
    pub(crate) fn insert(&mut self, token: Hash, grant: Grant, now: Millis) -> bool {
        let expires = Millis(now.0.saturating_add(TOKEN_LIFETIME_MS));
        self.issued.insert(token, grant.party, grant, expires, now)
    }

    /// Whom a token stands for now.
    pub(crate) fn find(&self, token: &Hash, now: Millis) -> Option<Grant> {
        self.issued.get(token, now).or_else(|| self.fixed.get(token)).copied()
    }
}

/// Assertions that were used, until they end by themselves.
#[derive(Debug)]
pub(crate) struct Used(Expiring<()>);

/// Whether an assertion may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// For the first time.
    First,
    /// It was used before.
    Again,
    /// There is no room to remember it, so it can't be taken.
    NoRoom,
}

impl Used {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self(Expiring::new(MAX_USED))
    }

    /// Notes that `party` uses the assertion named `jti`, which ends at `expires`.
    pub(super) fn note(&mut self, party: &Hash, jti: &str, expires: Millis, now: Millis) -> Use {
        let key = labelled("procura/v1/jti", &[&party.0, jti.as_bytes()]);
        if self.0.get(&key, now).is_some() {
            return Use::Again;
        }
        if self.0.insert(key, *party, (), expires, now) { Use::First } else { Use::NoRoom }
    }
}

/// Values that end, within a bound. What ended is dropped as time goes on, never by a scan of everything.
#[derive(Debug)]
struct Expiring<T> {
    values: HashMap<Hash, (T, Millis)>,
    of_party: HashMap<Hash, usize>,
    /// By arrival; lifetimes differ by minutes, so what waits behind a later end waits that long at most.
    order: VecDeque<(Hash, Hash, Millis)>,
    bound: Bound,
}

impl<T> Expiring<T> {
    fn new(bound: Bound) -> Self {
        Self { values: HashMap::new(), of_party: HashMap::new(), order: VecDeque::new(), bound }
    }

    fn get(&self, key: &Hash, now: Millis) -> Option<&T> {
        self.values.get(key).filter(|(_, expires)| now < *expires).map(|(value, _)| value)
    }

    fn insert(&mut self, key: Hash, party: Hash, value: T, expires: Millis, now: Millis) -> bool {
        self.drop_ended(now);
        let of_party = self.of_party.get(&party).copied().unwrap_or(0);
        if self.order.len() >= self.bound.of_all || of_party >= self.bound.of_one {
            return false;
        }
        self.values.insert(key, (value, expires));
        self.of_party.insert(party, of_party + 1);
        self.order.push_back((key, party, expires));
        true
    }

    fn drop_ended(&mut self, now: Millis) {
        while let Some((key, party, _)) = self.order.front().filter(|(.., expires)| *expires <= now).copied()
        {
            self.order.pop_front();
            // The key may stand for a younger value by now, which ends later.
            if self.values.get(&key).is_some_and(|(_, expires)| *expires <= now) {
                self.values.remove(&key);
            }
            if let Some(count) = self.of_party.get_mut(&party) {
                *count -= 1;
                if *count == 0 {
                    self.of_party.remove(&party);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a token counts until its end and no longer, an assertion once, and neither takes more room than allowed.
    //! Method: a clock turned by hand.

    use super::*;

    const PARTY: Hash = Hash([1; 32]);
    const NOW: Millis = Millis(1_000);

    #[test]
    fn a_token_ends() {
        let mut tokens = Tokens::new([(hash_of("fixed"), PARTY)]);
        let grant = Grant { party: PARTY, kid: Some(Hash([2; 32])) };
        assert!(tokens.insert(hash_of("a"), grant, NOW));
        assert_eq!(tokens.find(&hash_of("a"), Millis(NOW.0 + TOKEN_LIFETIME_MS - 1)), Some(grant));
        assert_eq!(tokens.find(&hash_of("a"), Millis(NOW.0 + TOKEN_LIFETIME_MS)), None);
        assert_eq!(tokens.find(&hash_of("A"), NOW), None);
        assert_eq!(tokens.find(&hash_of("fixed"), Millis(u64::MAX)).unwrap().kid, None);
    }

    #[test]
    fn an_assertion_is_used_once_by_its_party() {
        let mut used = Used::new();
        let end = Millis(NOW.0 + 10);
        assert_eq!(used.note(&PARTY, "a", end, NOW), Use::First);
        assert_eq!(used.note(&PARTY, "a", end, NOW), Use::Again);
        assert_eq!(used.note(&PARTY, "b", end, NOW), Use::First);
        assert_eq!(used.note(&Hash([3; 32]), "a", end, NOW), Use::First);
    }

    #[test]
    fn one_party_takes_its_room_only_and_gets_it_back() {
        let mut used = Used::new();
        let end = Millis(NOW.0 + 10);
        for n in 0..MAX_USED.of_one {
            assert_eq!(used.note(&PARTY, &n.to_string(), end, NOW), Use::First);
        }
        assert_eq!(used.note(&PARTY, "more", end, NOW), Use::NoRoom);
        assert_eq!(used.note(&Hash([3; 32]), "more", end, NOW), Use::First);
        assert_eq!(used.note(&PARTY, "more", Millis(end.0 + 10), end), Use::First);
        assert_eq!(used.0.order.len(), 1);
    }
}
