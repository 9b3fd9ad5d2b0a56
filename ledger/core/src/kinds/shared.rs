//! What several kinds share: codes, sorted sets, validity, the root's quorum.

use super::{NotAllowed, Signing};
use crate::days::Day;
use crate::json::{Field, MemberError, Members};
use crate::record::RecordError;
use crate::status::Status;
use crate::{Hash, Millis};
use std::ops::RangeInclusive;

/// From when to when a grant holds, said twice: days for people, instants for machines.
///
/// spec: records.md#validity
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first day.
    pub valid_from: Day,
    /// The last day, included; `None`: open end.
    pub valid_until: Option<Day>,
    /// The first instant.
    pub not_before: Millis,
    /// The first instant after; there exactly if `valid_until` is.
    pub not_after: Option<Millis>,
}

impl Validity {
    pub(super) fn take(members: &mut Members) -> Result<Self, RecordError> {
        let validity = Self {
            valid_from: members.take_day("valid_from")?,
            valid_until: members.take_opt("valid_until", Field::day)?,
            not_before: members.take_millis("not_before")?,
            not_after: members.take_opt("not_after", Field::millis)?,
        };
        if validity.valid_until.is_some() != validity.not_after.is_some() {
            return Err(members.mistyped("not_after", "there exactly if valid_until is").into());
        }
        if validity.not_after.is_some_and(|end| end <= validity.not_before) {
            return Err(members.mistyped("not_after", "after not_before").into());
        }
        Ok(validity)
    }

    /// The validity of these days in Europe/Brussels.
    #[must_use]
    pub fn of_days(valid_from: Day, valid_until: Option<Day>) -> Self {
        Self {
            valid_from,
            valid_until,
            not_before: valid_from.first_instant(),
            not_after: valid_until.map(Day::instant_after),
        }
    }

    /// Whether days and instants say the same.
    #[must_use]
    pub fn agrees(&self) -> bool {
        *self == Self::of_days(self.valid_from, self.valid_until)
    }

    /// Whether it begins no earlier and ends no later than `other`.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let ends_in_time = match (self.not_after, other.not_after) {
            (_, None) => true,
            (Some(end), Some(last)) => end <= last,
            (None, Some(_)) => false,
        };
        other.not_before <= self.not_before && ends_in_time
    }

    /// Whether it has begun at `at`.
    #[must_use]
    pub fn has_begun(&self, at: Millis) -> bool {
        self.not_before <= at
    }

    /// Whether it is over at `at`.
    #[must_use]
    pub fn is_over(&self, at: Millis) -> bool {
        self.not_after.is_some_and(|end| end <= at)
    }
}

/// A code: 1–64 characters of `a-z 0-9 . _ -`, a letter first.
pub(crate) fn code(field: Field) -> Result<String, MemberError> {
    field.parse("a code of 1 to 64 characters a-z 0-9 . _ -", |text| is_code(text).then(|| text.to_owned()))
}

/// Whether `text` is a code.
pub(crate) fn is_code(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    (1..=64).contains(&text.len())
        && text.bytes().all(allowed)
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
}

/// Takes an array of `most` items at most and at least one, ascending without doubles.
pub(crate) fn take_set<'a, T: Ord>(
    members: &mut Members<'a>,
    name: &'static str,
    most: usize,
    read: impl FnMut(Field<'a>) -> Result<T, MemberError>,
) -> Result<Vec<T>, MemberError> {
    let items = members.take_array(name, read)?;
    if items.is_empty() || items.len() > most {
        return Err(members.mistyped(name, "an array of the length allowed"));
    }
    if !items.is_sorted_by(|a, b| a < b) {
        return Err(members.mistyped(name, "sorted ascending, without doubles"));
    }
    Ok(items)
}

/// Takes a number that is there only if it says more than its absence does.
pub(super) fn take_count(
    members: &mut Members,
    name: &'static str,
    allowed: RangeInclusive<usize>,
) -> Result<Option<usize>, MemberError> {
    let Some(count) = members.take_opt(name, Field::u64)? else { return Ok(None) };
    match usize::try_from(count) {
        Ok(count) if allowed.contains(&count) => Ok(Some(count)),
        _ => Err(members.mistyped(name, "a whole number in its range, or absent")),
    }
}

/// Takes a member that is `true` or absent.
pub(super) fn take_flag(members: &mut Members, name: &'static str) -> Result<bool, MemberError> {
    match members.take_opt(name, Field::bool)? {
        Some(false) => Err(members.mistyped(name, "true, or absent")),
        flag => Ok(flag.is_some()),
    }
}

/// Takes `quorum`, which is there only if more than one root key must sign.
pub(super) fn take_quorum(members: &mut Members) -> Result<u64, MemberError> {
    let quorum = members.take_opt("quorum", Field::u64)?;
    if quorum.is_some_and(|k| !(2..=16).contains(&k)) {
        return Err(members.mistyped("quorum", "an integer from 2 to 16, or absent"));
    }
    Ok(quorum.unwrap_or(1))
}

/// The first status of what the root signs under a quorum.
pub(super) const fn under_quorum(quorum: u64) -> Status {
    if quorum > 1 { Status::PENDING } else { Status::ACTIVE }
}

/// What the root signs names the root's quorum; what others sign names none.
pub(super) fn check_quorum(signing: &Signing<'_>, quorum: u64) -> Result<(), NotAllowed> {
    let wanted = if signing.signer.is_root() { signing.root.quorum } else { 1 };
    if quorum == wanted { Ok(()) } else { Err(NotAllowed::Quorum) }
}

/// The parties of a transition are those of what it moves.
pub(super) fn target_concerns(target: Option<&crate::record::Record>) -> Vec<Hash> {
    target.map(|record| (record.row().concerns)(record, None)).unwrap_or_default()
}

/// Allowed, but not for one root key alone where the root's quorum is above 1.
pub(super) fn allow(signing: &Signing<'_>, allowed: bool) -> Result<(), NotAllowed> {
    match (allowed, signing.signer.is_root() && signing.root.quorum > 1) {
        (false, _) => Err(NotAllowed::Signer),
        (true, true) => Err(NotAllowed::RootQuorum),
        (true, false) => Ok(()),
    }
}
