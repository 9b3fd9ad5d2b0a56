//! Rows from several places as one, in the order of their keys.

use super::IndexRow;
use std::cmp::Ordering;
use std::iter::Peekable;
use std::ops::Bound;

/// Where a range by prefix starts.
pub(super) fn lower_bound<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> Bound<&'a [u8]> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    }
}

/// Two ordered runs as one; where both have a key, `newer`'s row.
pub(crate) fn newest<N, O>(newer: N, older: O) -> impl Iterator<Item = IndexRow>
where
    N: IntoIterator<Item = IndexRow>,
    O: IntoIterator<Item = IndexRow>,
{
    Newest { newer: newer.into_iter().peekable(), older: older.into_iter().peekable() }
}

struct Newest<N: Iterator, O: Iterator> {
    newer: Peekable<N>,
    older: Peekable<O>,
}

impl<N, O> Iterator for Newest<N, O>
where
    N: Iterator<Item = IndexRow>,
    O: Iterator<Item = IndexRow>,
{
    type Item = IndexRow;

    fn next(&mut self) -> Option<IndexRow> {
        let order = match (self.newer.peek(), self.older.peek()) {
            (Some((new, _)), Some((old, _))) => new.cmp(old),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        if order == Ordering::Equal {
            self.older.next();
        }
        if order == Ordering::Greater { self.older.next() } else { self.newer.next() }
    }
}
