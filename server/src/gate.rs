//! How many submissions are under way, from the check of their signature to their answer: a bounded number, so that what is taken is
//! answered soon, and not all of it for one client.
//!
//! Who is refused learns it before anything was parsed or verified, with an honest guess of when to come back.
//!
//! spec: http.md#overload

use crate::api::problem::Problem;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// One place of so many is kept for clients that have few.
const KEPT: usize = 8;
/// A client has few while it has less than one place of so many.
const FEW: usize = 64;
/// The longest wait that a refusal names, in s; also what it says when nothing moves.
const LONGEST_WAIT_S: u64 = 30;

/// Whose a connection is: its address; of IPv6 the network of 64 bits, which one client has whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Client(IpAddr);

impl Client {
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
            v4 => v4,
        })
    }
}

/// The submissions under way.
pub(crate) struct Gate {
    most: usize,
    now: Mutex<Now>,
}

struct Now {
    under_way: usize,
    of_client: HashMap<Client, usize>,
    pace: Pace,
}

/// A submission's place, until it is dropped.
pub(crate) struct Place {
    gate: Arc<Gate>,
    client: Client,
}

impl Gate {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let now = Now { under_way: 0, of_client: HashMap::new(), pace: Pace::new(Instant::now()) };
        Arc::new(Self { most, now: Mutex::new(now) })
    }

    /// Takes a place.
    ///
    /// # Errors
    /// `busy`, if there is none for this client.
    pub(crate) fn enter(self: &Arc<Self>, client: Client) -> Result<Place, Problem> {
        let mut now = self.lock();
        if !self.has_room(&now, client) {
            return Err(now.refusal());
        }
        now.under_way += 1;
        *now.of_client.entry(client).or_default() += 1;
        Ok(Place { gate: Arc::clone(self), client })
    }

    /// Whether [`Gate::enter`] would refuse now: asked before a body is kept or parsed.
    pub(crate) fn refuses(&self, client: Client) -> Option<Problem> {
        let now = self.lock();
        (!self.has_room(&now, client)).then(|| now.refusal())
    }

    /// How many places are taken, and how many there are.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.lock().under_way, self.most)
    }

    fn has_room(&self, now: &Now, client: Client) -> bool {
        let has_few = || now.of_client.get(&client).copied().unwrap_or(0) < (self.most / FEW).max(1);
        now.under_way < self.most - self.most / KEPT || (now.under_way < self.most && has_few())
    }

    /// The table behind the lock is whole between any two statements.
    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Now {
    /// How long what is under way will take, at the pace of late.
    fn refusal(&self) -> Problem {
        let under_way = u64::try_from(self.under_way).unwrap_or(u64::MAX);
        let wait_s = match self.pace.a_second(Instant::now()) {
            0 => LONGEST_WAIT_S,
            pace => under_way.div_ceil(pace).clamp(1, LONGEST_WAIT_S),
        };
        Problem::busy(wait_s)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut now = self.gate.lock();
        now.under_way -= 1;
        now.pace.count(Instant::now());
        if let Some(count) = now.of_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                now.of_client.remove(&self.client);
            }
        }
    }
}

/// How many submissions were answered a second, of late.
struct Pace {
    begun: Instant,
    /// The second that is counted now, since `begun`.
    second: u64,
    this: u64,
    last: u64,
}

impl Pace {
    const fn new(begun: Instant) -> Self {
        Self { begun, second: 0, this: 0, last: 0 }
    }

    fn count(&mut self, at: Instant) {
        let second = at.duration_since(self.begun).as_secs();
        if second != self.second {
            self.last = if second == self.second + 1 { self.this } else { 0 };
            (self.second, self.this) = (second, 0);
        }
        self.this += 1;
    }

    /// The better of the second that runs and the one before.
    fn a_second(&self, at: Instant) -> u64 {
        match at.duration_since(self.begun).as_secs().saturating_sub(self.second) {
            0 => self.this.max(self.last),
            1 => self.this,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: no more under way than allowed, no client takes all, and the wait named is what is under way by the pace.
    //! Method: places taken and given back by hand.

    use super::*;
    use std::time::Duration;

    fn client(last: u8) -> Client {
        Client::of(IpAddr::from([127, 0, 0, last]))
    }

    #[test]
    fn the_last_places_are_for_those_with_few() {
        let gate = Gate::new(16);
        let mut many: Vec<_> = (0..14).map(|_| gate.enter(client(1)).ok().unwrap()).collect();
        assert_eq!(gate.enter(client(1)).err().unwrap().name(), "busy");
        assert!(gate.refuses(client(1)).is_some() && gate.refuses(client(2)).is_none());
        let one = gate.enter(client(2)).ok().unwrap();
        assert!(gate.enter(client(2)).is_err());
        let _other = gate.enter(client(3)).ok().unwrap();
        assert!(gate.enter(client(4)).is_err());
        drop(one);
        assert!(gate.enter(client(1)).is_err());
        many.truncate(12);
        assert!(gate.enter(client(1)).is_ok());
        drop(many);
        drop(_other);
        let now = gate.lock();
        assert!(now.under_way == 0 && now.of_client.is_empty());
    }

    #[test]
    fn the_smallest_gate_lets_one_in() {
        let gate = Gate::new(1);
        let place = gate.enter(client(1)).ok().unwrap();
        assert!(gate.enter(client(2)).is_err());
        drop(place);
        assert!(gate.enter(client(2)).is_ok());
    }

    #[test]
    fn the_pace_is_that_of_late() {
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        let mut pace = Pace::new(begun);
        (0..10).for_each(|n| pace.count(at(n)));
        assert_eq!((pace.a_second(at(500)), pace.a_second(at(1500)), pace.a_second(at(2500))), (10, 10, 0));
        pace.count(at(1100));
        assert_eq!(pace.a_second(at(1200)), 10);
        pace.count(at(5000));
        assert_eq!(pace.a_second(at(5001)), 1);
    }

    #[test]
    fn a_refusal_names_a_wait() {
        let gate = Gate::new(2);
        let first: Vec<_> = (0..2).map(|_| gate.enter(client(1)).ok().unwrap()).collect();
        // Nothing was ever answered: nobody knows.
        assert_eq!(gate.enter(client(1)).err().unwrap().retry_after_s(), Some(LONGEST_WAIT_S));
        drop(first);
        let _again: Vec<_> = (0..2).map(|_| gate.enter(client(1)).ok().unwrap()).collect();
        assert_eq!(gate.enter(client(1)).err().unwrap().retry_after_s(), Some(1));
    }

    #[test]
    fn one_network_is_one_client() {
        let of = |text: &str| Client::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
