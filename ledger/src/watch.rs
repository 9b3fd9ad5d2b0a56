//! Whether the clock can be believed.
//!
//! spec: storage.md#clock

use crate::given::Clock;
use procura_core::Millis;

/// How far the clock may fall behind the last entry before appending stops.
const BEHIND_MS: u64 = 5_000;
/// How far the clock may jump, against the one that only passes, before appending stops.
const JUMP_MS: u64 = 10 * 60 * 1000;

/// How far the clock may be ahead of the last entry when a ledger is opened. No clock that only passes says how long it was closed;
/// but what is logged under a time too late can't be taken back, and nothing earlier can follow it.
const CLOSED_MS: u64 = 30 * 24 * 3600 * 1000;

/// The clocks as they were, and whether an operator must look.
#[derive(Debug)]
pub(crate) struct ClockWatch {
    now: Millis,
    elapsed_ms: u64,
    /// How far behind an operator said that the clock may be, until it has caught up.
    allowed_ms: u64,
    stopped: Option<String>,
}

impl ClockWatch {
    /// Of a ledger that is opened, whose last entry is of this time.
    pub(crate) fn new(clock: &dyn Clock, last: Millis) -> Self {
        let now = clock.now();
        let (behind, ahead) = (last.0.saturating_sub(now.0), now.0.saturating_sub(last.0));
        let stopped = if behind > BEHIND_MS {
            Some(is_behind(behind))
        } else if ahead > CLOSED_MS {
            Some(format!("it is {ahead} ms ahead of the last entry, or the ledger was closed for as long"))
        } else {
            None
        };
        Self { now, elapsed_ms: clock.elapsed_ms(), allowed_ms: BEHIND_MS, stopped }
    }

    /// What is wrong with the clock, if something was found.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// The time of the next entries, never before `last`, the last one's.
    ///
    /// # Errors
    /// What is wrong with the clock, now or since the last time that an operator confirmed it. Its coming back right by itself does not
    /// end that: what set it wrong once may do so again, and entries can't be taken back.
    pub(crate) fn time(&mut self, clock: &dyn Clock, last: Millis) -> Result<Millis, String> {
        if let Some(what) = &self.stopped {
            return Err(what.clone());
        }
        let (now, elapsed_ms) = (clock.now(), clock.elapsed_ms());
        let expected = self.now.0.saturating_add(elapsed_ms.saturating_sub(self.elapsed_ms));
        let (behind, jump) = (last.0.saturating_sub(now.0), now.0.abs_diff(expected));
        let problem = if behind > self.allowed_ms {
            Some(is_behind(behind))
        } else if jump > JUMP_MS {
            Some(format!("it jumped by {jump} ms"))
        } else {
            None
        };
        if let Some(what) = problem {
            self.stopped = Some(what.clone());
            return Err(what);
        }
        if behind == 0 {
            self.allowed_ms = BEHIND_MS;
        }
        (self.now, self.elapsed_ms) = (now, elapsed_ms);
        Ok(last.max(now))
    }

    /// An operator says that the clock is right as it is. Entries keep the time of the last one until it has caught up.
    pub(crate) fn confirm(&mut self, clock: &dyn Clock, last: Millis) {
        let now = clock.now();
        let allowed_ms = last.0.saturating_sub(now.0).saturating_add(BEHIND_MS);
        *self = Self { now, elapsed_ms: clock.elapsed_ms(), allowed_ms, stopped: None };
    }
}

fn is_behind(ms: u64) -> String {
    format!("it is {ms} ms behind the last entry")
}

/// Goal: the limits of the specification, to the millisecond. Method: two clocks moved by hand.
#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

    const START: u64 = 1_000_000_000;

    #[derive(Default)]
    struct Hands {
        now: AtomicU64,
        elapsed: AtomicU64,
    }

    impl Clock for Hands {
        fn now(&self) -> Millis {
            Millis(START + self.now.load(SeqCst))
        }

        fn elapsed_ms(&self) -> u64 {
            self.elapsed.load(SeqCst)
        }
    }

    #[test]
    fn behind_the_last_entry() {
        let clock = Hands::default();
        let mut watch = ClockWatch::new(&clock, Millis(START));
        let last = Millis(START + BEHIND_MS);
        assert_eq!(watch.time(&clock, last), Ok(last));
        let last = Millis(START + BEHIND_MS + 1);
        assert!(watch.time(&clock, last).is_err());
        // It came back right: somebody must look all the same.
        clock.now.store(60_000, SeqCst);
        assert!(watch.time(&clock, last).is_err());
        clock.now.store(0, SeqCst);
        watch.confirm(&clock, last);
        assert_eq!(watch.time(&clock, last), Ok(last));
        // Once caught up, the old limit holds again.
        clock.now.store(BEHIND_MS + 1, SeqCst);
        assert_eq!(watch.time(&clock, last), Ok(last));
        clock.now.store(0, SeqCst);
        assert!(watch.time(&clock, last).is_err());
    }

    #[test]
    fn jumps_against_the_clock_that_only_passes() {
        for (now, elapsed, is_right) in [
            (JUMP_MS, 0, true),
            (JUMP_MS + 1, 0, false),
            (100 * JUMP_MS, 100 * JUMP_MS, true),
            (0, JUMP_MS, true),
            (0, JUMP_MS + 1, false),
        ] {
            let clock = Hands::default();
            let mut watch = ClockWatch::new(&clock, Millis(START));
            clock.now.store(now, SeqCst);
            clock.elapsed.store(elapsed, SeqCst);
            let last = Millis(START);
            assert_eq!(watch.time(&clock, last).is_ok(), is_right, "{now} {elapsed}");
            watch.confirm(&clock, last);
            assert!(watch.time(&clock, last).is_ok());
        }
    }

    #[test]
    fn at_the_start() {
        for (now, last, is_right) in [
            (START, START + BEHIND_MS, true),
            (START, START + BEHIND_MS + 1, false),
            (START + CLOSED_MS, START, true),
            (START + CLOSED_MS + 1, START, false),
        ] {
            let (clock, last) = (Hands::default(), Millis(last));
            clock.now.store(now - START, SeqCst);
            let mut watch = ClockWatch::new(&clock, last);
            assert_eq!(watch.stopped().is_none(), is_right, "{now} {last}");
            assert_eq!(watch.time(&clock, last).is_ok(), is_right, "{now} {last}");
            watch.confirm(&clock, last);
            assert_eq!(watch.time(&clock, last), Ok(last.max(clock.now())));
        }
    }
}
