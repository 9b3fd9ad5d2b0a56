//! How the log grew, by the times of its own entries: some points of all of it, and the hours of its last day.
//!
//! spec: http.md#growth

use crate::error::ReadError;
use crate::store::Reader;
use crate::view::{View, entry_at};
use procura_core::{Index, Millis, Size};

/// How many points the whole log has at most.
const POINTS: u64 = 60;
/// How many hours are told.
const HOURS: u64 = 24;
const HOUR_MS: u64 = 3_600_000;

/// How many entries the log had at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grown {
    /// The time, ms UTC.
    pub time: Millis,
    /// So many entries were not later.
    pub size: Size,
}

/// How the log grew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// At most 60 entries at even distances, the first and the last among them: each with its own time and the size that it made.
    pub points: Vec<Grown>,
    /// The log each full hour back from the newest entry's time, oldest first: 25 of them, with size 0 before it began.
    pub hours: Vec<Grown>,
}

impl View {
    /// How the log grew. It reads 60 entries and for each hour as many as halving the log needs, whatever its size.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn growth(&self) -> Result<Growth, ReadError> {
        let reader = self.shared.store.read()?;
        let size = self.size();
        let points = positions(size)
            .map(|index| {
                Ok(Grown { time: entry_at(reader.as_ref(), index.0)?.time(), size: index.size_with() })
            })
            .collect::<Result<_, ReadError>>()?;
        let (mut hours, mut from) = (Vec::new(), Size(0));
        for ago in (0..=HOURS).rev() {
            let time = Millis(self.time().0.saturating_sub(ago * HOUR_MS));
            from = size_at(reader.as_ref(), time, from, size)?;
            hours.push(Grown { time, size: from });
        }
        Ok(Growth { points, hours })
    }
}

/// Where the points stand in a log of this size: ascending, each once.
fn positions(size: Size) -> impl Iterator<Item = Index> {
    let (points, last) = (size.0.min(POINTS), size.0.saturating_sub(1));
    // In two parts, since `last * nth` may be more than 64 bits hold.
    let steps = points.saturating_sub(1).max(1);
    (0..points).map(move |nth| Index(last / steps * nth + last % steps * nth / steps))
}

/// How many entries are not later than `time`; at least `from`, at most `to`.
pub(crate) fn size_at(reader: &dyn Reader, time: Millis, from: Size, to: Size) -> Result<Size, ReadError> {
    // Times never go back, so the first entry after `time` is found by halving.
    let (mut low, mut high) = (from.0, to.0);
    while low < high {
        let middle = low + (high - low) / 2;
        if entry_at(reader, middle)?.time() <= time { low = middle + 1 } else { high = middle }
    }
    Ok(Size(low))
}

#[cfg(test)]
mod tests {
    //! Goal: a picture has few points, the first and the last entry among them, however large the log. Method: sizes from none to all
    //! that a log can have.

    use super::*;

    #[test]
    fn points_are_even_and_few() {
        for size in [0, 1, 2, 59, 60, 61, 1_000, (1 << 40) + 7, 1 << 62] {
            let at: Vec<u64> = positions(Size(size)).map(|index| index.0).collect();
            assert_eq!(at.len() as u64, size.min(POINTS));
            assert_eq!(
                (at.first(), at.last().map(|last| last + 1)),
                if size == 0 { (None, None) } else { (Some(&0), Some(size)) }
            );
            let steps: Vec<u64> = at.windows(2).map(|two| two[1] - two[0]).collect();
            let (least, most) = (steps.iter().min(), steps.iter().max());
            assert!(least.is_none_or(|least| *least > 0 && most.unwrap() - least <= 1), "{size}: {steps:?}");
        }
    }
}
