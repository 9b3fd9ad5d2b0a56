//! Somebody's year against the ceiling: what they see themselves, and how little of it others may know.

use crate::book::{Book, BookError, Counted};
use crate::counters::{Counter, Eligible, Limit};
use procura_core::days::Day;
use serde_json::{Value, json};

/// Somebody's year.
#[derive(Debug, Clone)]
pub struct Year<'c> {
    counter: &'c Counter,
    year: i16,
    lines: Vec<Counted>,
    limit: Limit,
}

/// How the total stands to the ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Below every threshold.
    Below,
    /// This threshold, in hundredths of the ceiling, was reached.
    Warning(u64),
    /// It is over the ceiling.
    Exceeded,
    /// No ceiling binds them.
    Unlimited,
    /// The table has no ceiling for the year.
    Unknown,
}

impl Level {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::Warning(_) => "warning",
            Self::Exceeded => "exceeded",
            Self::Unlimited => "unlimited",
            Self::Unknown => "unknown",
        }
    }
}

impl<'c> Year<'c> {
    /// A person's year as the book has it; nobody's if `person` is nobody of whom anything was said.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn of(
        book: &Book,
        counter: &'c Counter,
        person: Option<&str>,
        (year, today): (i16, Day),
    ) -> Result<Self, BookError> {
        let on = Counter::day_of(year, today).ok_or(BookError::Damaged("a year is none"))?;
        let lines = person.map_or(Ok(Vec::new()), |person| book.year(&counter.code, person, year))?;
        let mut fault = None;
        let limit = counter.limit(on, |status| {
            person.is_some_and(|person| {
                book.had_status(person, status, (on, on)).unwrap_or_else(|error| {
                    fault = Some(error);
                    false
                })
            })
        });
        fault.map_or(Ok(Self { counter, year, lines, limit }), Err)
    }

    /// The sum of the lines that stand.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.lines.iter().map(|line| line.entry.amount).fold(0, u64::saturating_add)
    }

    /// How the total stands to the ceiling.
    #[must_use]
    pub fn level(&self) -> Level {
        let ceiling = match self.limit {
            Limit::Unknown => return Level::Unknown,
            Limit::Unlimited => return Level::Unlimited,
            Limit::Amount(ceiling) => ceiling,
        };
        let total = self.total();
        if total > ceiling {
            return Level::Exceeded;
        }
        let is_reached =
            |percent: &&u64| u128::from(total) * 100 >= u128::from(ceiling) * u128::from(**percent);
        self.counter
            .warn_at_percent
            .iter()
            .rev()
            .find(is_reached)
            .map_or(Level::Below, |at| Level::Warning(*at))
    }

    /// What is left, to the cent; `None` if no ceiling binds them, and if none is known: then it is 0.
    #[must_use]
    pub fn room(&self) -> Option<u64> {
        match self.limit {
            Limit::Unlimited => None,
            Limit::Unknown => Some(0),
            Limit::Amount(ceiling) => Some(ceiling.saturating_sub(self.total())),
        }
    }

    /// What others may know of what is left: whole steps, rounded down.
    #[must_use]
    pub fn room_told(&self) -> Option<u64> {
        self.room().map(|room| room - room % self.counter.room_step)
    }

    /// All of it, for the person themselves and who acts for them.
    #[must_use]
    pub fn told(&self) -> Value {
        let lines = self.lines.iter().map(|line| {
            json!({
                "employer": line.employer, "id": line.id, "from": line.entry.from, "to": line.entry.to,
                "payslip": line.entry.payslip, "amount": line.entry.amount, "late": line.late, "access": line.access,
            })
        });
        let announced = self.counter.announced(self.year);
        let announced =
            announced.map(|row| json!({"from": row.from, "amount": row.amount, "to_confirm": true}));
        json!({
            "counter": self.counter.code, "unit": self.counter.unit, "year": self.year, "total": self.total(),
            "ceiling": match self.limit { Limit::Amount(ceiling) => json!(ceiling), _ => Value::Null },
            "room": self.room(), "level": self.level().name(),
            "warning": match self.level() { Level::Warning(percent) => json!(percent), _ => Value::Null },
            "announced": announced.collect::<Vec<_>>(), "lines": lines.collect::<Vec<_>>(),
        })
    }
}

/// Whether somebody may take such a job today: there is room, and they meet one of the conditions. Unknown means no.
///
/// # Errors
/// [`BookError`].
pub fn is_eligible(
    book: &Book,
    counter: &Counter,
    person: Option<&str>,
    today: Day,
) -> Result<bool, BookError> {
    let year = Year::of(book, counter, person, (today.year(), today))?;
    if year.room() == Some(0) {
        return Ok(false);
    }
    if counter.eligible_if.is_empty() {
        return Ok(true);
    }
    let Some(person) = person else { return Ok(false) };
    for Eligible { status, quarters_ago } in &counter.eligible_if {
        let stretch = match quarters_ago {
            0 => Some((today, today)),
            ago => quarter_before(today, *ago),
        };
        if let Some(stretch) = stretch
            && book.had_status(person, status, stretch)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The quarter so many before that of a day: its first and its last day.
fn quarter_before(day: Day, ago: u32) -> Option<(Day, Day)> {
    let of = |number: i32| {
        let year = i16::try_from(number.div_euclid(4)).ok()?;
        let first_month = i8::try_from(number.rem_euclid(4) * 3 + 1).ok()?;
        let last =
            [(3, 31), (6, 30), (9, 30), (12, 31)].into_iter().find(|(month, _)| *month == first_month + 2)?;
        Some((Day::new(year, first_month, 1).ok()?, Day::new(year, last.0, last.1).ok()?))
    };
    of(i32::from(day.year()) * 4 + i32::from((day.month() - 1) / 3) - i32::try_from(ago).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_are_counted_back_over_the_year() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let quarter = |of, ago| quarter_before(day(of), ago).unwrap();
        assert_eq!(quarter("2026-11-26", 3), (day("2026-01-01"), day("2026-03-31")));
        assert_eq!(quarter("2026-09-30", 3), (day("2025-10-01"), day("2025-12-31")));
        assert_eq!(quarter("2026-01-01", 1), (day("2025-10-01"), day("2025-12-31")));
    }
}
