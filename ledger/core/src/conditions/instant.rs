//! Instants as requests write them.
//!
//! spec: conditions.md#instants

use jiff::civil::Date;

const EPOCH: Date = Date::constant(1970, 1, 1);

/// The milliseconds since 1970-01-01T00:00:00Z of an RFC 3339 text; `None` if it is none. Seconds may be left out, as many
/// systems do; the offset may not, since nobody knows then which instant is meant. What is finer than a millisecond is cut
/// off: no bound of a condition lies in between.
pub(super) fn parse(text: &str) -> Option<i64> {
    let mut rest = Rest(text.as_bytes());
    let year = rest.number(4, 9999)?;
    rest.one_of(b"-")?;
    let month = rest.number(2, 12)?;
    rest.one_of(b"-")?;
    let day = rest.number(2, 31)?;
    rest.one_of(b"Tt")?;
    let hour = rest.number(2, 23)?;
    rest.one_of(b":")?;
    let minute = rest.number(2, 59)?;
    let (mut second, mut millisecond) = (0, 0);
    if rest.one_of(b":").is_some() {
        second = rest.number(2, 59)?;
        if rest.one_of(b".").is_some() {
            millisecond = rest.thousandths()?;
        }
    }
    let ahead_min = match rest.one_of(b"Zz+-")? {
        sign @ (b'+' | b'-') => {
            let hours = rest.number(2, 23)?;
            rest.one_of(b":")?;
            let minutes = hours * 60 + rest.number(2, 59)?;
            if sign == b'+' { minutes } else { -minutes }
        }
        _ => 0,
    };
    let date =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let days = i64::from(EPOCH.until(date).ok()?.get_days());
    let minutes = (days * 24 + hour) * 60 + minute - ahead_min;
    rest.0.is_empty().then_some((minutes * 60 + second) * 1000 + millisecond)
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// So many digits that make a number of at most `most`.
    fn number(&mut self, digits: usize, most: i64) -> Option<i64> {
        let (taken, rest) = self.0.split_at_checked(digits)?;
        let add = |number, byte: &u8| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'));
        let number = taken.iter().try_fold(0, add)?;
        self.0 = rest;
        (number <= most).then_some(number)
    }

    /// One of these bytes; nothing is taken if another stands there.
    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !allowed.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }

    /// One digit or more after the point: the first three of them, as many as there are.
    fn thousandths(&mut self) -> Option<i64> {
        let mut thousandths = self.number(1, 9)? * 100;
        for worth in [10, 1] {
            thousandths += self.number(1, 9).unwrap_or(0) * worth;
        }
        while self.number(1, 9).is_some() {}
        Some(thousandths)
    }
}

#[cfg(test)]
mod tests {
    //! Goal: an instant is read as RFC 3339 means it, or not at all. Method: the spellings by hand; then instants that jiff wrote, under
    //! every offset, and what is left when any one character goes.

    use super::*;
    use jiff::Timestamp;
    use jiff::tz::{Offset, TimeZone};
    use proptest::prelude::*;

    #[test]
    fn spellings() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01T00:00Z", Some(0)),
            ("1970-01-01t01:00+01:00", Some(0)),
            ("1970-01-01t00:00:01z", Some(1000)),
            ("1969-12-31T23:59:59.9999Z", Some(-1)),
            ("1970-01-01T00:00:00-00:00", Some(0)),
            ("2025-06-27T18:03-07:00", Some(1_751_072_580_000)),
            ("2026-11-23T09:00:00.5Z", Some(1_795_424_400_500)),
            ("2026-11-23T09:00:00.05Z", Some(1_795_424_400_050)),
            ("2026-11-23T09:00:00.0509999999999999999999999Z", Some(1_795_424_400_050)),
            ("2024-02-29T00:00Z", Some(1_709_164_800_000)),
            ("0000-01-01T00:00Z", Some(-62_167_219_200_000)),
            ("9999-12-31T23:59:59.999-23:59", Some(253_402_387_139_999)),
            ("2025-02-29T00:00Z", None),
            ("2025-13-01T00:00Z", None),
            ("2025-00-01T00:00Z", None),
            ("2025-01-00T00:00Z", None),
            ("2025-01-01T24:00Z", None),
            ("2025-01-01T00:60Z", None),
            ("2016-12-31T23:59:60Z", None),
            ("2025-01-01T00:00", None),
            ("2025-01-01T00:00:00", None),
            ("2025-01-01T00Z", None),
            ("2025-01-01", None),
            ("2025-01-01 00:00Z", None),
            ("2025-01-01T00:00.5Z", None),
            ("2025-01-01T00:00:00.Z", None),
            ("2025-01-01T00:00:00,5Z", None),
            ("2025-01-01T00:00+24:00", None),
            ("2025-01-01T00:00+01:60", None),
            ("2025-01-01T00:00+0100", None),
            ("2025-01-01T00:00+01", None),
            ("2025-01-01T00:00Z ", None),
            ("2025-01-01T00:00Z[UTC]", None),
            ("20250101T000000Z", None),
            ("+2025-01-01T00:00Z", None),
            ("2025-1-1T00:00Z", None),
            ("２025-01-01T00:00Z", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_another_wrote(ms in -60_000_000_000_000_i64..250_000_000_000_000, ahead_min in -1439_i32..1440, at: prop::sample::Index) {
            let instant = Timestamp::from_millisecond(ms).unwrap();
            let zone = TimeZone::fixed(Offset::from_seconds(ahead_min * 60).unwrap());
            let sign = if ahead_min < 0 { '-' } else { '+' };
            let (hours, minutes) = (ahead_min.abs() / 60, ahead_min.abs() % 60);
            let there = zone.to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.%3f");
            let text = format!("{there}{sign}{hours:02}:{minutes:02}");
            prop_assert_eq!(parse(&text), Some(ms), "{}", text);
            // Without any one of its characters it is another instant, or none: only a digit of the fraction may be missing.
            let mut less = text.clone();
            let removed = at.index(text.len());
            less.remove(removed);
            prop_assert_eq!(parse(&less).is_some(), (20..23).contains(&removed), "{}", less);
        }
    }
}
