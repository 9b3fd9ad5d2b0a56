//! Times as people in Belgium read them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use procura_core::Millis;
use procura_core::days::Day;
use procura_core::kinds::Validity;
use std::str::FromStr;

static BRUSSELS: TimeZone = jiff::tz::get!("Europe/Brussels");

/// `2026-11-23 10:00:05`, Brussels time.
pub(crate) fn at(time: Millis) -> String {
    let instant = i64::try_from(time.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    instant.map_or_else(
        || format!("{time} ms"),
        |instant| BRUSSELS.to_datetime(instant).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
}

/// `2026-11-23T09:00:05.000Z`, for programs.
pub(crate) fn utc(time: Millis) -> String {
    let instant = i64::try_from(time.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    instant.map_or_else(|| time.to_string(), |instant| format!("{instant:.3}"))
}

/// `from 2026-11-23 until 2027-11-22`.
pub(crate) fn days(validity: &Validity) -> String {
    match validity.valid_until {
        Some(until) => format!("from {} until {until}", validity.valid_from),
        None => format!("from {}, without end", validity.valid_from),
    }
}

/// The validity that was typed: from today unless said otherwise.
pub(crate) fn validity(from: Option<Day>, until: Option<Day>, now: Millis) -> Option<Validity> {
    let from = match from {
        Some(from) => from,
        None => Day::of(now)?,
    };
    Some(Validity::of_days(from, until))
}

/// An instant as it is typed: Brussels time, a time with its offset, or milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) Millis);

impl FromStr for Instant {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(ms) = text.parse() {
            return Ok(Self(Millis(ms)));
        }
        let instant = text.parse::<Timestamp>().or_else(|_| BRUSSELS.to_timestamp(text.parse::<DateTime>()?));
        let ms = instant.ok().and_then(|instant| u64::try_from(instant.as_millisecond()).ok());
        ms.map(|ms| Self(Millis(ms))).ok_or_else(|| "it is no time, such as 2026-11-23 10:00:05".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_typed_in_three_ways() {
        let instant = Ok(Instant(Millis(1_795_424_400_000)));
        for text in ["1795424400000", "2026-11-23 10:00:00", "2026-11-23T10:00", "2026-11-23T09:00:00Z"] {
            assert_eq!(text.parse(), instant, "{text}");
        }
        for text in ["", "yesterday", "-1", "2026-11-31 10:00", "1969-12-31T00:00:00Z"] {
            assert!(text.parse::<Instant>().is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_brussels_time() {
        assert_eq!(at(Millis(1_795_424_400_000)), "2026-11-23 10:00:00");
        assert_eq!(utc(Millis(1_795_424_400_007)), "2026-11-23T09:00:00.007Z");
    }
}
