//! Times as people in Belgium read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use procura_core::Millis;
use procura_core::days::Day;
use procura_core::kinds::Validity;

static BRUSSELS: TimeZone = jiff::tz::get!("Europe/Brussels");

/// `2026-11-23 10:00:05`, Brussels time.
pub(crate) fn at(time: Millis) -> String {
    let instant = i64::try_from(time.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    instant.map_or_else(
        || format!("{time} ms"),
        |instant| BRUSSELS.to_datetime(instant).strftime("%Y-%m-%d %H:%M:%S").to_string(),
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_brussels_time() {
        assert_eq!(at(Millis(1_795_424_400_000)), "2026-11-23 10:00:00");
    }
}
