//! The status of a record and the moves between statuses.
//!
//! spec: entries.md#statuses-and-moves

use std::fmt;

/// The bit that is added to a status while it is disputed.
const DISPUTED: u8 = 0x10;

/// What a record's status byte may hold: pending, active, suspended or ended, the first three also disputed.
///
/// Only [`Status::ACTIVE`] permits anything. Nothing leaves [`Status::ENDED`], so ended is never disputed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u8);

/// The byte is no status of version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0:#04x} is no status: 1, 2, 3, 15 or 0x11, 0x12, 0x13 while disputed")]
pub struct UnknownStatus(pub u8);

impl Status {
    /// Waits for acceptances; permits nothing yet.
    pub const PENDING: Self = Self(1);
    /// The one status that permits.
    pub const ACTIVE: Self = Self(2);
    /// Out of force until lifted.
    pub const SUSPENDED: Self = Self(3);
    /// Over for good.
    pub const ENDED: Self = Self(15);

    /// Every status there is, in the order of their bytes.
    pub const ALL: [Self; 7] =
        [Self(0x01), Self(0x02), Self(0x03), Self(0x0f), Self(0x11), Self(0x12), Self(0x13)];

    /// The status of a byte.
    ///
    /// # Errors
    /// [`UnknownStatus`] if the byte is none of [`Status::ALL`].
    pub const fn new(byte: u8) -> Result<Self, UnknownStatus> {
        match byte {
            0x01..=0x03 | 0x0f | 0x11..=0x13 => Ok(Self(byte)),
            _ => Err(UnknownStatus(byte)),
        }
    }

    /// The byte as it stands in an entry.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// Whether the record permits what it says: only active does, and not while disputed.
    #[must_use]
    pub const fn permits(self) -> bool {
        self.0 == Self::ACTIVE.0
    }

    /// Whether the record is over for good.
    #[must_use]
    pub const fn is_ended(self) -> bool {
        self.0 == Self::ENDED.0
    }

    /// Whether a dispute is open.
    #[must_use]
    pub const fn is_disputed(self) -> bool {
        self.0 & DISPUTED != 0
    }

    /// This status with a dispute opened; `None` if ended or disputed already.
    #[must_use]
    pub const fn disputed(self) -> Option<Self> {
        if self.is_disputed() || self.is_ended() { None } else { Some(Self(self.0 | DISPUTED)) }
    }

    /// This status with its dispute, if any, lifted.
    #[must_use]
    pub const fn undisputed(self) -> Self {
        Self(self.0 & !DISPUTED)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.undisputed() {
            Self::PENDING => "pending",
            Self::ACTIVE => "active",
            Self::SUSPENDED => "suspended",
            _ => "ended",
        })?;
        if self.is_disputed() { f.write_str(", disputed") } else { Ok(()) }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x} ({self})", self.0)
    }
}

/// The status a create may start with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Initial {
    /// Others must accept first.
    Pending,
    /// In force at once.
    Active,
}

impl Initial {
    /// The initial status of a byte.
    ///
    /// # Errors
    /// [`UnknownStatus`] if the byte is neither 1 nor 2.
    pub const fn new(byte: u8) -> Result<Self, UnknownStatus> {
        match byte {
            1 => Ok(Self::Pending),
            2 => Ok(Self::Active),
            _ => Err(UnknownStatus(byte)),
        }
    }

    /// The same as a [`Status`].
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Pending => Status::PENDING,
            Self::Active => Status::ACTIVE,
        }
    }
}

impl From<Initial> for Status {
    fn from(initial: Initial) -> Self {
        initial.status()
    }
}

/// One step of a record from a status to a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Move {
    /// The status before.
    pub from: Status,
    /// The status after.
    pub to: Status,
}

impl Move {
    /// Whether a transition may make this move at all.
    #[must_use]
    pub const fn is_permitted(self) -> bool {
        match (self.from.0, self.to.0) {
            // Accepted, ended, suspended, lifted.
            (1, 2 | 15) | (2, 3 | 15) | (3, 2 | 15) => true,
            // Partial acceptance; use; further key-end.
            (1, 1) | (2, 2) | (15, 15) => true,
            // A dispute ends only in the status it was opened on, or in the end: else a dispute could activate.
            (0x11..=0x13, 15) => true,
            (1..=3, 0x11..=0x13) | (0x11..=0x13, 1..=3) => self.from.0 ^ self.to.0 == DISPUTED,
            _ => false,
        }
    }

    /// Whether this permitted move brings the record nearer to permitting something, so that a verifier must see its
    /// body: it ends in active from another status, or is 1→1 (partial acceptance), or lifts a dispute.
    #[must_use]
    pub const fn is_enabling(self) -> bool {
        if !self.is_permitted() {
            return false;
        }
        match (self.from.0, self.to.0) {
            (2, 2) => false,
            (_, 2) | (1, 1) => true,
            _ => self.from.is_disputed() && !self.to.is_disputed() && !self.to.is_ended(),
        }
    }

    /// Whether this is a use of a counted record: 2→2. Uses are counted unopened.
    #[must_use]
    pub const fn is_use(self) -> bool {
        self.from.0 == 2 && self.to.0 == 2
    }
}

/// Goal: exactly the moves of the design are permitted, and exactly those that help a record are enabling.
/// Method: the lists written out once more by hand, against every pair of bytes.
#[cfg(test)]
mod tests {
    use super::*;

    const ENABLING: [(u8, u8); 6] = [(1, 2), (3, 2), (1, 1), (0x11, 1), (0x12, 2), (0x13, 3)];
    const OTHERS: [(u8, u8); 12] = [
        (1, 15),
        (2, 3),
        (2, 15),
        (3, 15),
        (2, 2),
        (15, 15),
        (1, 0x11),
        (2, 0x12),
        (3, 0x13),
        (0x11, 15),
        (0x12, 15),
        (0x13, 15),
    ];

    #[test]
    fn every_pair_of_bytes() {
        for from in 0..=u8::MAX {
            for to in 0..=u8::MAX {
                let (Ok(a), Ok(b)) = (Status::new(from), Status::new(to)) else { continue };
                let step = Move { from: a, to: b };
                let enabling = ENABLING.contains(&(from, to));
                assert_eq!(step.is_permitted(), enabling || OTHERS.contains(&(from, to)), "{step:?}");
                assert_eq!(step.is_enabling(), enabling, "{step:?}");
                assert_eq!(step.is_use(), (from, to) == (2, 2), "{step:?}");
            }
        }
    }

    #[test]
    fn seven_bytes_are_statuses() {
        let legal: Vec<u8> = (0..=u8::MAX).filter(|byte| Status::new(*byte).is_ok()).collect();
        assert_eq!(legal, [0x01, 0x02, 0x03, 0x0f, 0x11, 0x12, 0x13]);
        assert_eq!(Status::ALL.map(Status::byte).to_vec(), legal);
        assert_eq!(Status::new(0x1f), Err(UnknownStatus(0x1f)), "ended is never disputed");
    }

    #[test]
    fn only_active_permits_and_ended_is_the_end() {
        for status in Status::ALL {
            assert_eq!(status.permits(), status == Status::ACTIVE);
            let leaves =
                Status::ALL.iter().any(|to| *to != status && Move { from: status, to: *to }.is_permitted());
            assert_eq!(leaves, status != Status::ENDED);
        }
    }

    #[test]
    fn a_create_starts_pending_or_active() {
        for byte in 0..=u8::MAX {
            assert_eq!(
                Initial::new(byte).map(|i| i.status().byte()).ok(),
                matches!(byte, 1 | 2).then_some(byte)
            );
        }
    }
}
