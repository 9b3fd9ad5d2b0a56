//! What follows for a right from what is known: pure, so that it can be read beside the law.

use crate::status::Period;
use procura_core::days::Day;
use serde::{Deserialize, Serialize};

/// What is known of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The source has told from when to when they have the status, what begins first first.
    Periods(Vec<Period>),
    /// No law in force lets it be looked at.
    NoBasis,
}

/// Why a right ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The person has the status no longer.
    StatusEnded,
    /// The law that it was granted under is no longer in force.
    BasisEnded,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// All stays as it is.
    Nothing,
    /// They have the right from now on.
    Grant(Period),
    /// They keep it, for other days.
    Amend(Period),
    /// They have it no longer.
    End(Why),
}

/// What follows for somebody who has the right for these days, or does not have it.
#[must_use]
pub fn change(running: Option<Period>, known: &Known, today: Day) -> Change {
    let has = match known {
        Known::NoBasis => None,
        Known::Periods(periods) => {
            periods.iter().find(|period| period.until.is_none_or(|until| today <= until)).copied()
        }
    };
    match (running, has) {
        (None, None) => Change::Nothing,
        (None, Some(has)) => Change::Grant(has),
        (Some(_), None) if *known == Known::NoBasis => Change::End(Why::BasisEnded),
        (Some(_), None) => Change::End(Why::StatusEnded),
        (Some(running), Some(has)) if running == has => Change::Nothing,
        (Some(_), Some(has)) => Change::Amend(has),
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a right follows what is known, and nothing else. Method: each case by hand, the days around the last one too.

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn period(from: &str, until: Option<&str>) -> Period {
        Period { from: day(from), until: until.map(day) }
    }

    #[test]
    fn a_right_follows_the_status_and_the_law() {
        let (open, closed) = (period("2024-02-01", None), period("2024-02-01", Some("2024-06-30")));
        let today = day("2024-06-30");
        let known = |periods: &[Period]| Known::Periods(periods.to_vec());
        assert_eq!(change(None, &known(&[]), today), Change::Nothing);
        assert_eq!(change(None, &Known::NoBasis, today), Change::Nothing);
        assert_eq!(change(None, &known(&[open]), today), Change::Grant(open));
        assert_eq!(change(Some(open), &known(&[open]), today), Change::Nothing);
        assert_eq!(change(Some(open), &known(&[closed]), today), Change::Amend(closed));
        assert_eq!(change(Some(open), &known(&[]), today), Change::End(Why::StatusEnded));
        assert_eq!(change(Some(open), &Known::NoBasis, today), Change::End(Why::BasisEnded));
        // The last day, and the day after.
        assert_eq!(change(None, &known(&[closed]), today), Change::Grant(closed));
        assert_eq!(change(None, &known(&[closed]), day("2024-07-01")), Change::Nothing);
        assert_eq!(change(Some(closed), &known(&[closed]), day("2024-07-01")), Change::End(Why::StatusEnded));
        // What is over makes way for what comes.
        let next = period("2024-09-01", None);
        assert_eq!(change(Some(closed), &known(&[closed, next]), day("2024-07-01")), Change::Amend(next));
    }
}
