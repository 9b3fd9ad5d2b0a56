//! An index, a size and a time are three types, so that none is passed for another.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

unit! {
    /// Where an entry stands in the log, from 0.
    Index
}
unit! {
    /// How many entries a tree holds; a tree of size n holds indexes 0 to n − 1.
    Size
}
unit! {
    /// An instant: milliseconds since 1970-01-01T00:00:00Z.
    Millis
}

impl Index {
    /// The size of the tree whose last entry stands here.
    #[must_use]
    pub const fn size_with(self) -> Size {
        Size(self.0 + 1)
    }
}

impl Size {
    /// The index of the last entry, if there is one.
    #[must_use]
    pub const fn last(self) -> Option<Index> {
        match self.0.checked_sub(1) {
            Some(index) => Some(Index(index)),
            None => None,
        }
    }
}
