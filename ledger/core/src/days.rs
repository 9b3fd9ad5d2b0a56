//! Days, months and years in Europe/Brussels and the instants they start and end at.
//!
//! People agree on days, machines compare instants; a record states both and the ledger refuses it if they
//! differ. spec: encoding.md#days

use crate::Millis;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Belgian legal time, fixed when the program is built: the system's tables have no say.
static BRUSSELS: TimeZone = jiff::tz::get!("Europe/Brussels");

/// The Gregorian calendar repeats itself, weekdays included, after 400 years.
const CYCLE_YEARS: i16 = 400;
/// 146,097 days.
const CYCLE_MS: i64 = 146_097 * 86_400_000;

/// Why a text is not a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DayError {
    /// Not four, two and two digits joined by `-`.
    #[error("not a day written YYYY-MM-DD")]
    Form,
    /// Before 1900.
    #[error("the year is not within 1900 to 9999")]
    Year,
    /// No such day in the Gregorian calendar.
    #[error("the calendar has no such day")]
    Calendar,
}

impl DayError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Form => "day_form",
            Self::Year => "day_year",
            Self::Calendar => "day_calendar",
        }
    }
}

/// A day in Europe/Brussels, 1900-01-01 to 9999-12-31. Text form: `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day {
    date: Date,
    first_instant: Millis,
    instant_after: Millis,
}

impl Day {
    /// The day of that year, month (1–12) and day of the month.
    ///
    /// # Errors
    /// [`DayError::Year`], [`DayError::Calendar`].
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, DayError> {
        if !(1900..=9999).contains(&year) {
            return Err(DayError::Year);
        }
        let date = Date::new(year, month, day).map_err(|_| DayError::Calendar)?;
        // jiff ends with the year 9999, "for ever" must not: far days are reckoned in the cycle from 2000 on,
        // where the rules are those of today.
        let cycles = ((year - 2000) / CYCLE_YEARS).max(0);
        let near = Date::new(year - cycles * CYCLE_YEARS, month, day).map_err(|_| DayError::Calendar)?;
        let next = near.tomorrow().map_err(|_| DayError::Calendar)?;
        let far_ms = i64::from(cycles) * CYCLE_MS;
        Ok(Self { date, first_instant: midnight(near, far_ms)?, instant_after: midnight(next, far_ms)? })
    }

    /// The day on which `instant` falls; `None` after 9999.
    #[must_use]
    pub fn of(instant: Millis) -> Option<Self> {
        Clock::at(instant).map(|clock| clock.day)
    }

    /// The instant at which the day starts: the `not_before` of a validity whose first day it is. Days before
    /// 1970-01-02 give 0, since nothing in a ledger is older.
    #[must_use]
    pub const fn first_instant(self) -> Millis {
        self.first_instant
    }

    /// The instant at which the day is over: the exclusive `not_after` of a validity whose last day it is. Days
    /// before 1970 give 0.
    #[must_use]
    pub const fn instant_after(self) -> Millis {
        self.instant_after
    }

    /// Another day of the same year.
    fn in_month(self, month: i8, day: i8) -> Option<Self> {
        Self::new(self.year(), month, day).ok()
    }

    /// The year, 1900 to 9999.
    #[must_use]
    pub fn year(self) -> i16 {
        self.date.year()
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> i8 {
        self.date.month()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> i8 {
        self.date.day()
    }
}

/// What a calendar and a clock in Belgium show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// The day.
    pub day: Day,
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
    /// 0 to 59.
    pub second: i8,
    /// 0 to 999.
    pub millisecond: i16,
    /// How far the clock is ahead of UTC: without it, an hour of the last Sunday of October is two.
    pub ahead_h: i32,
}

impl Clock {
    /// What they show at `instant`; `None` after 9999.
    #[must_use]
    pub fn at(instant: Millis) -> Option<Self> {
        let ms = i64::try_from(instant.0).ok()?;
        // 2400-01-01T00:00:00Z and later: reckoned in the cycle before.
        let cycles = ms.checked_sub(13_569_465_600_000)?.div_euclid(CYCLE_MS).checked_add(1)?.max(0);
        let near = Timestamp::from_millisecond(ms - cycles * CYCLE_MS).ok()?;
        let shown = BRUSSELS.to_datetime(near);
        let (date, time) = (shown.date(), shown.time());
        let year = i64::from(date.year()) + cycles * i64::from(CYCLE_YEARS);
        Some(Self {
            day: Day::new(i16::try_from(year).ok()?, date.month(), date.day()).ok()?,
            hour: time.hour(),
            minute: time.minute(),
            second: time.second(),
            millisecond: time.millisecond(),
            ahead_h: BRUSSELS.to_offset(near).seconds() / 3600,
        })
    }
}

/// A stretch of the calendar, in Europe/Brussels. The longer is the greater, and holds each shorter one whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// A day.
    Day,
    /// A calendar month.
    Month,
    /// A quarter of a calendar year.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// The period's word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// Whether one begins at `instant`.
    #[must_use]
    pub fn begins_at(self, instant: Millis) -> bool {
        self.around(instant).is_some_and(|period| period.start == instant)
    }

    /// The one that `instant` lies in; `None` after 9999.
    #[must_use]
    pub fn around(self, instant: Millis) -> Option<Range<Millis>> {
        let day = Day::of(instant)?;
        let (first, last) = match self {
            Self::Day => (day, day),
            Self::Month => {
                let last = day.date.last_of_month().day();
                (day.in_month(day.month(), 1)?, day.in_month(day.month(), last)?)
            }
            Self::Quarter => {
                let month = (day.month() - 1) / 3 * 3 + 1;
                let last = Day::new(day.year(), month + 2, 1).ok()?.date.last_of_month().day();
                (day.in_month(month, 1)?, day.in_month(month + 2, last)?)
            }
            Self::Year => (day.in_month(1, 1)?, day.in_month(12, 31)?),
        };
        Some(first.first_instant()..last.instant_after())
    }
}

/// The instant at which `date` starts, `far_ms` later.
fn midnight(date: Date, far_ms: i64) -> Result<Millis, DayError> {
    let start = BRUSSELS.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_| DayError::Calendar)?;
    Ok(Millis(u64::try_from(start.as_millisecond() + far_ms).unwrap_or(0)))
}

impl FromStr for Day {
    type Err = DayError;
    fn from_str(text: &str) -> Result<Self, DayError> {
        let shape =
            |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
        if text.len() != 10 || !text.bytes().enumerate().all(shape) {
            return Err(DayError::Form);
        }
        let number = |range| text.get(range).and_then(|digits: &str| digits.parse::<i16>().ok());
        let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
            return Err(DayError::Form);
        };
        let small = |number: i16| i8::try_from(number).map_err(|_| DayError::Calendar);
        Self::new(year, small(month)?, small(day)?)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;
    fn try_from(text: String) -> Result<Self, DayError> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a day's instants are those of Belgian legal time, for ever. Method: days beside each change of the
    //! clock by hand, then every boundary back through `Day::of`, and far years against jiff's own reckoning.

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn ms(text: &str) -> Millis {
        Millis(text.parse::<Timestamp>().unwrap().as_millisecond().try_into().unwrap())
    }

    #[test]
    fn days_around_the_changes_of_the_clock() {
        for (text, first, after) in [
            ("2026-01-15", "2026-01-14T23:00:00Z", "2026-01-15T23:00:00Z"),
            ("2026-03-28", "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"),
            ("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), // 23 hours
            ("2026-03-30", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"),
            ("2026-10-24", "2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z"),
            ("2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), // 25 hours
            ("2026-10-26", "2026-10-25T23:00:00Z", "2026-10-26T23:00:00Z"),
            ("2024-02-29", "2024-02-28T23:00:00Z", "2024-02-29T23:00:00Z"),
            ("2025-12-31", "2025-12-30T23:00:00Z", "2025-12-31T23:00:00Z"),
            ("1970-01-02", "1970-01-01T23:00:00Z", "1970-01-02T23:00:00Z"),
        ] {
            let day = day(text);
            assert_eq!((day.first_instant(), day.instant_after()), (ms(first), ms(after)), "{text}");
            assert_eq!(Day::of(day.first_instant()), Some(day), "{text}");
            assert_eq!(Day::of(Millis(day.instant_after().0 - 1)), Some(day), "{text}");
            assert!(Day::of(day.instant_after()).unwrap() > day, "{text}");
        }
    }

    #[test]
    fn days_before_the_epoch_start_at_zero() {
        assert_eq!(day("1900-01-01").instant_after(), Millis(0));
        assert_eq!(day("1970-01-01").first_instant(), Millis(0));
        assert_eq!(day("1970-01-01").instant_after(), Millis(23 * 3_600_000));
        assert_eq!(Day::of(Millis(0)), Some(day("1970-01-01")));
    }

    #[test]
    fn the_last_day_ends_and_nothing_follows() {
        let last = day("9999-12-31");
        assert_eq!(last.instant_after(), Millis(253_402_297_200_000)); // 9999-12-31T23:00:00Z
        assert_eq!(Day::of(Millis(last.instant_after().0 - 1)), Some(last));
        assert_eq!(Day::of(last.instant_after()), None);
        assert_eq!(Day::of(Millis((1 << 53) - 1)), None);
        assert_eq!(Day::of(Millis(u64::MAX)), None);
    }

    #[test]
    fn every_day_follows_the_one_before_and_agrees_with_jiff() {
        let mut date = Date::constant(1970, 1, 2);
        let mut after = day("1970-01-01").instant_after();
        while date.year() < 2420 {
            let day = Day::new(date.year(), date.month(), date.day()).unwrap();
            assert_eq!(day.first_instant(), after);
            assert_eq!(Day::of(after), Some(day));
            let theirs = BRUSSELS.to_timestamp(date.at(0, 0, 0, 0)).unwrap().as_millisecond();
            assert_eq!(i64::try_from(after.0).unwrap(), theirs);
            after = day.instant_after();
            date = date.tomorrow().unwrap();
        }
        for year in 2420..9999 {
            for (month, day) in [(1, 1), (2, 28), (3, 25), (3, 31), (7, 1), (10, 25), (10, 31)] {
                let ours = Day::new(year, month, day).unwrap().first_instant();
                let theirs = BRUSSELS.to_timestamp(Date::constant(year, month, day).at(0, 0, 0, 0)).unwrap();
                assert_eq!(i64::try_from(ours.0).unwrap(), theirs.as_millisecond(), "{year}-{month}-{day}");
            }
        }
    }

    #[test]
    fn a_period_has_the_instants_that_share_its_digits() {
        // The first characters of a day are its month, or its year: another way to say which instants are together.
        for (period, digits) in
            [(Period::Day, 10), (Period::Month, 7), (Period::Quarter, 7), (Period::Year, 4)]
        {
            let quarter = |month: &str| match &month[5..] {
                "01" | "02" | "03" => "first",
                "04" | "05" | "06" => "second",
                "07" | "08" | "09" => "third",
                _ => "last",
            };
            let named = |at: Millis| {
                let start = Day::of(at).unwrap().to_string()[..digits].to_owned();
                if period == Period::Quarter { format!("{}{}", &start[..4], quarter(&start)) } else { start }
            };
            for text in [
                "1970-01-01T00:00:00Z",
                "2024-02-29T12:00:00Z",
                "2026-03-29T00:59:59Z",
                "2026-06-30T21:59:59.999Z",
                "2026-06-30T22:00:00Z",
                "2026-08-15T00:00:00Z",
                "2026-10-25T00:30:00Z",
                "2026-10-31T22:59:59.999Z",
                "2026-12-31T23:00:00Z",
                "2100-02-28T22:59:59Z",
            ] {
                let at = ms(text);
                let around = period.around(at).unwrap();
                assert!(around.contains(&at), "{text}");
                assert_eq!(named(around.start), named(at), "{text}");
                assert_eq!(named(Millis(around.end.0 - 1)), named(at), "{text}");
                assert_ne!(named(around.end), named(at), "{text}");
                // Nothing lies before the epoch.
                assert!(around.start.0 == 0 || named(Millis(around.start.0 - 1)) != named(at), "{text}");
            }
            let last = Millis(day("9999-12-31").instant_after().0 - 1);
            assert_eq!(period.around(last).unwrap().end, Millis(last.0 + 1));
            assert_eq!(period.around(Millis(last.0 + 1)), None);
        }
    }

    #[test]
    fn the_clock_shows_an_hour_twice_in_autumn() {
        let shows = |text: &str| {
            let Clock { day, hour, minute, second, millisecond, ahead_h } = Clock::at(ms(text)).unwrap();
            format!("{day} {hour:02}:{minute:02}:{second:02}.{millisecond:03} +{ahead_h}")
        };
        assert_eq!(shows("2026-10-25T00:30:00.007Z"), "2026-10-25 02:30:00.007 +2");
        assert_eq!(shows("2026-10-25T01:30:59Z"), "2026-10-25 02:30:59.000 +1");
        assert_eq!(shows("2026-03-29T01:00:00Z"), "2026-03-29 03:00:00.000 +2");
        assert_eq!(shows("1970-01-01T00:00:00Z"), "1970-01-01 01:00:00.000 +1");
        assert_eq!(shows("9999-07-01T00:00:00Z"), "9999-07-01 02:00:00.000 +2");
    }

    #[test]
    fn one_spelling_and_real_days_only() {
        assert_eq!(day("2000-02-29").to_string(), "2000-02-29");
        for (text, error) in [
            ("", DayError::Form),
            ("2026-1-1", DayError::Form),
            ("2026-01-01 ", DayError::Form),
            ("2026-01-01T", DayError::Form),
            ("2026/01/01", DayError::Form),
            ("20260101", DayError::Form),
            ("+026-01-01", DayError::Form),
            ("2026-+1-01", DayError::Form),
            ("２026-01-0", DayError::Form),
            ("1899-12-31", DayError::Year),
            ("0000-01-01", DayError::Year),
            ("2026-02-29", DayError::Calendar),
            ("1900-02-29", DayError::Calendar),
            ("2026-04-31", DayError::Calendar),
            ("2026-00-01", DayError::Calendar),
            ("2026-13-01", DayError::Calendar),
            ("2026-01-00", DayError::Calendar),
            ("2026-01-99", DayError::Calendar),
        ] {
            assert_eq!(text.parse::<Day>(), Err(error), "{text}");
        }
    }
}
