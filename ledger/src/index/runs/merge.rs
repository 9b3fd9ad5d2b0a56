//! Making few runs of many, beside flushes and readers.

use super::run::{Merge, Run, RunError};
use super::{IndexError, Shared, remove};
use crate::behind;
use crate::lock::lock;
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How many runs are merged, at least.
const FEWEST: usize = 4;
/// A run may be larger by so-manieth than those after it together.
const SLACK: u64 = 4;
/// How long to wait after a merge that failed.
const RETRY: Duration = Duration::from_secs(5);
/// After how many rows a merge looks whether it is still wanted.
const LOOK_ROWS: usize = 4096;

/// What the merger is told.
#[derive(Debug, Default)]
pub(super) struct Merging {
    closing: Arc<AtomicBool>,
}

impl Merging {
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// Which runs are due, the oldest first: all from the oldest one on that is hardly larger than those after it together, if they are
/// four. So what is merged about doubles, and no row is written much more often than that. Flushes are never of one size to the byte:
/// what each run is held against is all that came after it, not the next one.
fn due(bytes: &[u64]) -> Option<Range<usize>> {
    let (mut from, mut after) = (None, 0_u64);
    for (place, size) in bytes.iter().enumerate().rev() {
        if bytes.len() - place >= FEWEST && *size <= after.saturating_add(after / SLACK) {
            from = Some(place);
        }
        after = after.saturating_add(*size);
    }
    from.map(|from| from..bytes.len())
}

impl Shared {
    /// The merger's whole life.
    pub(super) fn merge_until_closed(&self) {
        behind::step_back();
        let mut pause = None;
        loop {
            let (chosen, number, closing) = {
                let mut state = lock(&self.state);
                loop {
                    if state.merging.is_closing() {
                        return;
                    }
                    let sizes: Vec<u64> = state.runs.iter().map(|run| run.bytes).collect();
                    let chosen = due(&sizes).and_then(|due| state.runs.get(due)).map(<[_]>::to_vec);
                    if let (Some(chosen), None) = (chosen, pause) {
                        state.next += 1;
                        break (chosen, state.next - 1, Arc::clone(&state.merging.closing));
                    }
                    state = match pause.take() {
                        Some(time) => {
                            self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
                        }
                        None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                    };
                }
            };
            let _alone = lock(&self.rewriting);
            if !self.has_all(&chosen) {
                continue;
            }
            if let Err(what) = self.merge(&chosen, number, &closing, &BTreeSet::new())
                && !closing.load(Ordering::Relaxed)
            {
                // Nothing is lost but speed: the runs are as they were.
                tracing::warn!(%what, "runs of the index were not merged");
                pause = Some(RETRY);
            }
        }
    }

    /// Destroys the rows with these keys: all runs are written anew as one without them, and the old files removed.
    pub(super) fn forget(&self, keys: &BTreeSet<Vec<u8>>) -> Result<(), IndexError> {
        let _alone = lock(&self.rewriting);
        let (runs, number, closing) = {
            let mut state = lock(&self.state);
            state.next += 1;
            (state.runs.clone(), state.next - 1, Arc::clone(&state.merging.closing))
        };
        if runs.is_empty() { Ok(()) } else { self.merge(&runs, number, &closing, keys) }
    }

    /// Whether these runs are there still: others may have been written in their place.
    fn has_all(&self, chosen: &[Arc<Run>]) -> bool {
        let state = lock(&self.state);
        chosen.iter().all(|wanted| state.runs.iter().any(|run| run.number == wanted.number))
    }

    /// Writes one run, but for the rows with these keys, in the place of `chosen`, which stand next to each other.
    fn merge(
        &self,
        chosen: &[Arc<Run>],
        number: u64,
        closing: &AtomicBool,
        without: &BTreeSet<Vec<u8>>,
    ) -> Result<(), IndexError> {
        let walks = chosen.iter().rev().map(|run| run.walk(&[], false, None)).collect::<Result<_, _>>();
        let mut rows = Merge::new(walks.map_err(|error| self.told(error))?);
        let merged = self.write_run(number, |run| {
            let mut count = 0;
            while let Some((key, row)) = rows.row() {
                if !without.contains(key) {
                    run.push(key, row).map_err(|error| (None, error))?;
                }
                rows.advance().map_err(|error: RunError| (Some(error), io::ErrorKind::Other.into()))?;
                count += 1;
                if count % LOOK_ROWS == 0 && closing.load(Ordering::Relaxed) {
                    return Err((None, io::ErrorKind::Interrupted.into()));
                }
            }
            Ok(())
        });
        let merged = merged.map_err(|error| self.told(error))?;

        let mut state = lock(&self.state);
        // A flush may have come meanwhile, behind those merged.
        let mut runs = Vec::with_capacity(state.runs.len());
        for run in &state.runs {
            match chosen.first() {
                Some(first) if run.number == first.number => runs.push(Arc::clone(&merged)),
                _ if chosen.iter().any(|old| old.number == run.number) => {}
                _ => runs.push(Arc::clone(run)),
            }
        }
        let no_mark = || IndexError::Corrupt { what: "the runs have no mark".to_owned() };
        let mark = state.mark.clone().ok_or_else(no_mark)?;
        self.name(&mark, &runs, state.next)?;
        state.runs = runs;
        drop(state);
        for old in chosen {
            if let Err(error) = remove(&self.path(old.number)) {
                tracing::warn!(%error, "a run that was merged was not removed; the next opening does");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_about_one_size_are_due_once_they_are_four() {
        assert_eq!(due(&[]), None);
        assert_eq!(due(&[10, 10, 10]), None);
        assert_eq!(due(&[10, 10, 10, 10]), Some(0..4));
        assert_eq!(due(&[51, 10, 10, 10, 10]), Some(1..5));
        assert_eq!(due(&[50, 10, 10, 10, 10]), Some(0..5));
        assert_eq!(due(&[1000, 100, 10, 1]), None, "each outweighs those after it");
        assert_eq!(due(&[9, 9, 9, 9, 10, 3]), Some(0..6));
        // Each flush a little smaller than the one before, and the few rows of an opening behind them.
        assert_eq!(due(&[13, 12, 11, 10]), Some(0..4));
        assert_eq!(due(&[1000, 13, 12, 11, 10, 0]), Some(1..6));
    }

    /// Few runs are left, and no row is written much more often than they double.
    #[test]
    fn a_thousand_flushes_leave_few_runs() {
        let even = |_| 1000;
        let shrinking = |n| 2000 - n;
        let growing = |n| 1000 + n;
        let between_openings = |n: u64| if u64::is_multiple_of(n, 3) { 1 } else { 1000 };
        let all: [fn(u64) -> u64; 4] = [even, shrinking, growing, between_openings];
        for flush in all {
            let (mut runs, mut written, mut flushed) = (Vec::new(), 0, 0);
            for n in 0..1000 {
                runs.push(flush(n));
                flushed += flush(n);
                while let Some(due) = due(&runs) {
                    let merged: u64 = runs.drain(due).sum();
                    written += merged;
                    runs.push(merged);
                }
                assert!(runs.len() <= 12, "{runs:?}");
            }
            assert!(written < flushed * 8, "{written} of {flushed}");
        }
    }
}
