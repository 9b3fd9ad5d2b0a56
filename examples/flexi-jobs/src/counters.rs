//! What is counted: a file of data for each counter, with its ceilings by the day from which they hold.

use procura_core::days::Day;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why there are no counters.
#[derive(Debug, thiserror::Error)]
pub enum CountersError {
    /// A file or the folder cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not a counter.
    #[error("{path}: {source}", path = path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A file says what cannot be.
    #[error("{path}: {what}", path = path.display())]
    Nonsense {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// There is none.
    #[error("{} has no counter, a file that ends in .toml", .0.display())]
    None(PathBuf),
}

/// A counter: what is declared under it, and how much of it there may be in a year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter {
    /// Its code.
    pub code: String,
    /// In what amounts are counted: `cents`, `hours`.
    pub unit: String,
    /// The most that is believed of one declared period.
    pub most_in_a_period: u64,
    /// The most days of a declared period.
    pub longest_period_days: u64,
    /// At how many hundredths of the ceiling a worker is warned, ascending.
    pub warn_at_percent: Vec<u64>,
    /// What is left is told to others in whole steps, rounded down.
    pub room_step: u64,
    /// Under which categories of the catalogue each thing is done.
    pub categories: Categories,
    /// Whoever meets one of these is eligible while there is room; without any, everybody.
    #[serde(default)]
    pub eligible_if: Vec<Eligible>,
    /// The ceilings, ascending by day.
    #[serde(default)]
    pub ceiling: Vec<Ceiling>,
}

/// Codes of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Categories {
    /// For whoever declares.
    pub declare: String,
    /// For whoever may see all of it: the worker, and who acts for them.
    pub read: String,
    /// For whoever may know yes or no.
    pub eligible: String,
    /// For whoever may know what is left.
    pub room: String,
}

/// A status that makes somebody eligible.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eligible {
    /// Its code.
    pub status: String,
    /// On some day of the quarter so many before that of the day asked about; 0: on that day itself.
    #[serde(default)]
    pub quarters_ago: u32,
}

/// How much there may be in a year.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// From which day.
    pub from: Day,
    /// How much.
    pub amount: u64,
    /// Whom it does not bind: whoever has one of these statuses.
    #[serde(default)]
    pub not_for: Vec<String>,
    /// Announced only: it is shown, and does not count.
    #[serde(default)]
    pub to_confirm: bool,
}

/// What there may be in somebody's year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So much.
    Amount(u64),
    /// As much as they like.
    Unlimited,
    /// The table has no row for the year. Unknown means no: nobody is told that there is room.
    Unknown,
}

impl Counter {
    /// The day by which a year is judged: the day asked about, or the year's last if that is earlier.
    #[must_use]
    pub fn day_of(year: i16, today: Day) -> Option<Day> {
        Day::new(year, 12, 31).ok().map(|last| last.min(today))
    }

    /// What there may be, as of a day, for somebody of whom `has` tells the statuses.
    pub fn limit(&self, on: Day, mut has: impl FnMut(&str) -> bool) -> Limit {
        match self.ceiling.iter().rev().find(|row| row.from <= on && !row.to_confirm) {
            None => Limit::Unknown,
            Some(row) if row.not_for.iter().any(|status| has(status)) => Limit::Unlimited,
            Some(row) => Limit::Amount(row.amount),
        }
    }

    /// The ceilings that are only announced for a year, and that would count.
    pub fn announced(&self, year: i16) -> impl Iterator<Item = &Ceiling> {
        self.ceiling.iter().filter(move |row| row.to_confirm && row.from.year() <= year)
    }

    fn check(&self) -> Result<(), String> {
        let is_code = |text: &str| {
            (1..=64).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
        };
        let Categories { declare, read, eligible, room } = &self.categories;
        if ![&self.code, declare, read, eligible, room].into_iter().all(|code| is_code(code)) {
            return Err("a code is of small letters, digits, - and .".to_owned());
        }
        let mut four = [declare, read, eligible, room];
        four.sort_unstable();
        if four.windows(2).any(|two| two.first() == two.last()) {
            return Err(
                "the four categories are four: who may know one thing must not know another".to_owned()
            );
        }
        if !self.ceiling.is_sorted_by(|one, next| one.from < next.from) {
            return Err(
                "ceilings ascend by the day from which they hold, no two from the same day".to_owned()
            );
        }
        let percents = &self.warn_at_percent;
        if !percents.is_sorted_by(|one, next| one < next) || percents.iter().any(|p| !(1..=100).contains(p)) {
            return Err("warn_at_percent ascends, from 1 to 100".to_owned());
        }
        if self.room_step == 0 || self.longest_period_days == 0 || self.longest_period_days > 366 {
            return Err("room_step is at least 1, longest_period_days 1 to 366".to_owned());
        }
        Ok(())
    }
}

/// All counters, by their codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, Counter>);

impl Counters {
    /// Reads every `.toml` file of a folder.
    ///
    /// # Errors
    /// [`CountersError`].
    pub fn read(folder: &Path) -> Result<Self, CountersError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| CountersError::Unreadable { path, source }
        };
        let mut all = BTreeMap::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            if path.extension().is_none_or(|end| end != "toml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            let counter: Counter = toml::from_str(&text).map_err(|source| CountersError::Malformed {
                path: path.clone(),
                source: Box::new(source),
            })?;
            counter.check().map_err(|what| CountersError::Nonsense { path: path.clone(), what })?;
            if all.values().any(|other| shares_category(other, &counter)) || all.contains_key(&counter.code) {
                let what = "another file has this counter, or one of its categories".to_owned();
                return Err(CountersError::Nonsense { path, what });
            }
            all.insert(counter.code.clone(), counter);
        }
        if all.is_empty() { Err(CountersError::None(folder.to_owned())) } else { Ok(Self(all)) }
    }

    /// A counter by its code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Counter> {
        self.0.get(code)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Counter> {
        self.0.values()
    }
}

fn shares_category(one: &Counter, other: &Counter) -> bool {
    let of = |counter: &Counter| {
        let Categories { declare, read, eligible, room } = counter.categories.clone();
        [declare, read, eligible, room]
    };
    let others = of(other);
    of(one).iter().any(|category| others.contains(category))
}

#[cfg(test)]
mod tests {
    //! Goal: ceilings come from the table, by day; what is only announced does not count, and what the table does not know is unknown.
    //! Method: the tables that are shipped, then one row changed.

    use super::*;

    fn shipped() -> Counters {
        Counters::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("counters")).unwrap()
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_ceiling_is_that_of_the_day() {
        let counters = shipped();
        let flexi = counters.get("flexi").unwrap();
        let nobody = |_: &str| false;
        let pensioner = |status: &str| status == "pensioner";
        assert_eq!(flexi.limit(day("2023-12-31"), nobody), Limit::Unknown);
        assert_eq!(flexi.limit(day("2023-12-31"), pensioner), Limit::Unknown);
        assert_eq!(flexi.limit(day("2024-01-01"), nobody), Limit::Amount(1_200_000));
        assert_eq!(flexi.limit(day("2024-12-31"), pensioner), Limit::Unlimited);
        assert_eq!(counters.get("student").unwrap().limit(day("2025-06-01"), nobody), Limit::Amount(650));
    }

    #[test]
    fn what_is_to_confirm_counts_once_it_is_confirmed() {
        let counters = shipped();
        let flexi = counters.get("flexi").unwrap();
        let limit = |counter: &Counter, on| counter.limit(day(on), |_| false);
        assert_eq!(limit(flexi, "2025-12-31"), Limit::Amount(1_200_000));
        assert_eq!((flexi.announced(2024).count(), flexi.announced(2025).count()), (0, 1));
        let mut confirmed = flexi.clone();
        confirmed.ceiling[1].to_confirm = false;
        assert_eq!(limit(&confirmed, "2025-12-31"), Limit::Amount(1_800_000));
        assert_eq!(limit(&confirmed, "2024-12-31"), Limit::Amount(1_200_000));
    }

    #[test]
    fn a_year_that_is_over_is_judged_by_its_last_day() {
        assert_eq!(Counter::day_of(2024, day("2026-11-26")), Some(day("2024-12-31")));
        assert_eq!(Counter::day_of(2026, day("2026-11-26")), Some(day("2026-11-26")));
    }

    #[test]
    fn a_table_that_says_what_cannot_be_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let whole = include_str!("../counters/flexi.toml");
        let read = |text: &str| {
            std::fs::write(folder.path().join("flexi.toml"), text).unwrap();
            Counters::read(folder.path())
        };
        assert!(read(whole).is_ok());
        for (from, to) in [
            ("amount = 1200000", "amount = 12000.00"),
            ("amount = 1200000", "amount = -1"),
            ("2025-01-01", "2024-01-01"),
            ("2025-01-01", "2025-13-01"),
            ("[80, 95]", "[95, 80]"),
            ("flexi.room\"", "flexi.wages\""),
            ("room_step = 10000", "room_step = 0"),
            ("code = \"flexi\"", "code = \"flexi\"\ncolour = 1"),
        ] {
            assert!(whole.contains(from), "{from}");
            assert!(read(&whole.replacen(from, to, 1)).is_err(), "{to}");
        }
        std::fs::remove_file(folder.path().join("flexi.toml")).unwrap();
        assert!(matches!(Counters::read(folder.path()), Err(CountersError::None(_))));
    }
}
