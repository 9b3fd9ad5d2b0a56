//! What employers hand in: a declaration of one employer for one counter, with a line for each worker and period.
//!
//! It is an object in JSON; the access under which it is handed in names the SHA-256 of its RFC 8785 form. So whoever declares has
//! signed every line, and a receipt of that access fits this declaration and no other.

use crate::counters::Counter;
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::hash::sha256;
use procura_core::identifier::Identifier;
use procura_core::json::canonical;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The purpose under which it is declared.
pub const PURPOSE: &str = "declare";
/// The property of an access, of its `resource`, that names what is handed in.
pub const PROPERTY: &str = "document";
/// The most lines of a declaration.
pub const MOST_LINES: usize = 1_000;
/// How many calendar days after the payslip a line is in time.
pub const DAYS_IN_TIME: u64 = 5;

const DAY_MS: u64 = 24 * 3600 * 1000;

/// The digest by which an access names what is handed in.
#[must_use]
pub fn digest(sent: &Value) -> Hash {
    sha256(&[&canonical(sent)])
}

/// A declaration whose every line is sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Whose it is.
    pub employer: Identifier,
    /// The counter's code.
    pub counter: String,
    /// The lines, in their order, no id twice.
    pub lines: Vec<Line>,
    /// Its digest.
    pub digest: Hash,
}

/// A line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What the employer calls it: once and for ever.
    pub id: String,
    /// What it says.
    pub says: Says,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Says {
    /// So much in a period; perhaps in the place of an earlier line.
    Amount {
        /// What.
        entry: Entry,
        /// In the place of which.
        replaces: Option<String>,
    },
    /// An earlier line was wrong altogether.
    Cancels(String),
}

/// What somebody earned, or worked, in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who, as `scheme:value` in its one spelling.
    pub worker: String,
    /// The first day.
    pub from: Day,
    /// The last day, of the same year.
    pub to: Day,
    /// The day of the payslip.
    pub payslip: Day,
    /// How much, in the counter's unit.
    pub amount: u64,
}

/// What is wrong with a declaration, and where. Nothing of it was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Fault {
    /// The fault's name.
    pub name: &'static str,
    /// Where: an RFC 6901 pointer.
    pub pointer: String,
    /// A sentence, without any value.
    pub what: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentLine {
    id: String,
    worker: Option<String>,
    from: Option<Day>,
    to: Option<Day>,
    payslip: Option<Day>,
    amount: Option<u64>,
    replaces: Option<String>,
    cancels: Option<String>,
}

fn fault(name: &'static str, pointer: impl Into<String>, what: &'static str) -> Fault {
    Fault { name, pointer: pointer.into(), what }
}

impl Declaration {
    /// Reads what was sent; `counter` finds a counter by its code, `today` is the day on which it came.
    ///
    /// # Errors
    /// What is wrong: with the whole, or the first [`Fault`] of each line.
    pub fn read<'c>(
        sent: &Value,
        counter: impl FnOnce(&str) -> Option<&'c Counter>,
        today: Day,
    ) -> Result<Self, Vec<Fault>> {
        let (employer, counter, sent_lines) = Self::whole(sent, counter).map_err(|fault| vec![fault])?;
        let (mut lines, mut ids, mut faults) =
            (Vec::with_capacity(sent_lines.len()), BTreeSet::new(), Vec::new());
        for (at, sent) in sent_lines.iter().enumerate() {
            match Line::read(sent, counter, today) {
                Ok(line) if !ids.insert(line.id.clone()) => {
                    faults.push(fault("id_twice", format!("/lines/{at}/id"), "two lines have this id"));
                }
                Ok(line) => lines.push(line),
                Err(mut fault) => {
                    fault.pointer = format!("/lines/{at}{}", fault.pointer);
                    faults.push(fault);
                }
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { employer, counter: counter.code.clone(), lines, digest: digest(sent) })
    }

    /// The ids of the lines that would come late today.
    pub fn late(&self, today: Day) -> impl Iterator<Item = &str> {
        let is_late =
            move |line: &&Line| matches!(&line.says, Says::Amount { entry, .. } if entry.is_late(today));
        self.lines.iter().filter(is_late).map(|line| &*line.id)
    }

    /// All but the lines, which are not read yet.
    fn whole<'c, 's>(
        sent: &'s Value,
        counter: impl FnOnce(&str) -> Option<&'c Counter>,
    ) -> Result<(Identifier, &'c Counter, &'s [Value]), Fault> {
        let whole =
            || fault("declaration", "", "a declaration has employer, counter and lines, and nothing else");
        let members = sent.as_object().filter(|members| members.len() == 3).ok_or_else(whole)?;
        let text = |name: &str| members.get(name).and_then(Value::as_str).ok_or_else(whole);
        let employer = text("employer")?.parse().map_err(|_| {
            fault("employer", "/employer", "employer is no identifier such as kbo:0999999922")
        })?;
        let counter = counter(text("counter")?)
            .ok_or_else(|| fault("unknown_counter", "/counter", "there is no such counter"))?;
        let sent_lines = members.get("lines").and_then(Value::as_array).ok_or_else(whole)?;
        if sent_lines.is_empty() || sent_lines.len() > MOST_LINES {
            return Err(fault("lines", "/lines", "a declaration has 1 to 1,000 lines"));
        }
        Ok((employer, counter, sent_lines))
    }
}

impl Line {
    fn read(sent: &Value, counter: &Counter, today: Day) -> Result<Self, Fault> {
        const FORM: &str = "a line has id, worker, from, to, payslip, a whole amount, and perhaps replaces; or id and cancels";
        let form = || fault("line", "", FORM);
        let sent: SentLine = serde_json::from_value(sent.clone()).map_err(|_| form())?;
        if ![Some(&sent.id), sent.replaces.as_ref(), sent.cancels.as_ref()]
            .into_iter()
            .flatten()
            .all(|id| is_id(id))
        {
            return Err(fault("id", "/id", "an id is 1 to 64 of A-Z a-z 0-9 . _ -"));
        }
        let says = match sent {
            SentLine {
                cancels: Some(cancelled),
                worker: None,
                from: None,
                to: None,
                payslip: None,
                amount: None,
                replaces: None,
                ..
            } => Says::Cancels(cancelled),
            SentLine {
                cancels: None,
                worker: Some(worker),
                from: Some(from),
                to: Some(to),
                payslip: Some(payslip),
                amount: Some(amount),
                replaces,
                ..
            } => {
                let worker: Identifier = worker.parse().map_err(|_| {
                    fault("worker", "/worker", "worker is no identifier such as niss:75061200192")
                })?;
                let entry = Entry { worker: worker.text(), from, to, payslip, amount };
                entry.check(counter, today)?;
                Says::Amount { entry, replaces }
            }
            _ => return Err(form()),
        };
        Ok(Self { id: sent.id, says })
    }
}

impl Entry {
    fn check(&self, counter: &Counter, today: Day) -> Result<(), Fault> {
        if self.to < self.from {
            return Err(fault("period", "/to", "the period ends before it begins"));
        }
        if self.from.year() != self.to.year() {
            return Err(fault("two_years", "/to", "a period across two years must be split at 31 December"));
        }
        if days_between(self.from, self.to) >= counter.longest_period_days {
            return Err(fault(
                "period_too_long",
                "/to",
                "the period is longer than a month, or what the counter allows",
            ));
        }
        if self.payslip > today {
            return Err(fault("ahead", "/payslip", "the payslip is of a day to come"));
        }
        if self.from > self.payslip {
            return Err(fault("ahead", "/from", "the period begins after its payslip"));
        }
        if self.amount > counter.most_in_a_period {
            return Err(fault("amount", "/amount", "more than is believed of one period"));
        }
        Ok(())
    }

    /// Whether it came more than [`DAYS_IN_TIME`] calendar days after its payslip.
    #[must_use]
    pub fn is_late(&self, today: Day) -> bool {
        days_between(self.payslip, today) > DAYS_IN_TIME
    }

    /// Whether the two periods have a day in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }
}

/// From one day to a later one: 0 for the same day, 0 too if it is earlier.
fn days_between(from: Day, to: Day) -> u64 {
    // Days of 23 and of 25 hours: half a day is enough to round by.
    to.first_instant().0.saturating_sub(from.first_instant().0).saturating_add(DAY_MS / 2) / DAY_MS
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    //! Goal: what is unsound is refused, with its name and place, and days are counted as a calendar does. Method: a declaration that is
    //! good, then one thing wrong at a time.

    use super::*;
    use crate::counters::Counters;
    use serde_json::json;
    use std::path::Path;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn good() -> Value {
        json!({"employer": "kbo:0999999922", "counter": "flexi", "lines": [{
            "id": "2024-06.1", "worker": "niss:75061200192", "from": "2024-06-01", "to": "2024-06-30",
            "payslip": "2024-07-03", "amount": 70_000,
        }]})
    }

    fn read_all(sent: &Value) -> Result<Declaration, Vec<Fault>> {
        let counters = Counters::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("counters")).unwrap();
        Declaration::read(sent, |code| counters.get(code), day("2024-07-08"))
    }

    fn read(sent: &Value) -> Result<Declaration, Fault> {
        read_all(sent).map_err(|faults| {
            assert_eq!(faults.len(), 1);
            faults[0].clone()
        })
    }

    #[test]
    fn one_thing_wrong_at_a_time_is_named() {
        assert_eq!(read(&good()).unwrap().lines.len(), 1);
        for (pointer, value, name, place) in [
            ("/employer", json!("0999999922"), "employer", "/employer"),
            ("/counter", json!("wages"), "unknown_counter", "/counter"),
            ("/lines", json!([]), "lines", "/lines"),
            ("/lines/0/id", json!(""), "id", "/lines/0/id"),
            ("/lines/0/id", json!("a b"), "id", "/lines/0/id"),
            ("/lines/0/worker", json!("niss:75061200193"), "worker", "/lines/0/worker"),
            ("/lines/0/to", json!("2024-05-31"), "period", "/lines/0/to"),
            ("/lines/0/to", json!("2024-07-02"), "period_too_long", "/lines/0/to"),
            ("/lines/0/to", json!("2025-01-05"), "two_years", "/lines/0/to"),
            ("/lines/0/payslip", json!("2024-07-09"), "ahead", "/lines/0/payslip"),
            ("/lines/0/payslip", json!("2024-05-31"), "ahead", "/lines/0/from"),
            ("/lines/0/amount", json!(700.5), "line", "/lines/0"),
            ("/lines/0/amount", json!("70000"), "line", "/lines/0"),
            ("/lines/0/amount", json!(-1), "line", "/lines/0"),
            ("/lines/0/amount", json!(2_000_001), "amount", "/lines/0/amount"),
        ] {
            let mut sent = good();
            *sent.pointer_mut(pointer).unwrap() = value.clone();
            let fault = read(&sent).unwrap_err();
            assert_eq!((fault.name, fault.pointer.as_str()), (name, place), "{pointer} {value}");
        }
        let mut sent = good();
        sent["lines"][0]["cancels"] = json!("x");
        assert_eq!(read(&sent).unwrap_err().name, "line");
        let mut sent = good();
        sent["lines"] = json!([sent["lines"][0], sent["lines"][0]]);
        assert_eq!(read(&sent).unwrap_err().name, "id_twice");
        let mut sent = good();
        sent["colour"] = json!(1);
        assert_eq!(read(&sent).unwrap_err().name, "declaration");
    }

    #[test]
    fn what_is_wrong_is_told_of_every_line() {
        let mut sent = good();
        let line = |id: &str, amount: u64| {
            let mut line = good()["lines"][0].clone();
            (line["id"], line["amount"]) = (json!(id), json!(amount));
            line
        };
        sent["lines"] = json!([line("a", 1), line("b", 2_000_001), line("a", 1), {"id": "c"}, line("d", 1)]);
        let places: Vec<_> =
            read_all(&sent).unwrap_err().into_iter().map(|fault| (fault.name, fault.pointer)).collect();
        let at = |name, place: &str| (name, place.to_owned());
        let all = [at("amount", "/lines/1/amount"), at("id_twice", "/lines/2/id"), at("line", "/lines/3")];
        assert_eq!(places, all);
        sent["lines"] = json!([line("a", 1), line("b", 1)]);
        assert_eq!(read(&sent).unwrap().late(day("2024-07-08")).count(), 0);
        assert_eq!(read(&sent).unwrap().late(day("2024-07-09")).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn the_fifth_calendar_day_is_in_time() {
        let mut entry = Entry {
            worker: String::new(),
            from: day("2024-03-01"),
            to: day("2024-03-28"),
            payslip: day("2024-03-28"),
            amount: 0,
        };
        // Two of these nights have another length: the clocks change on 31 March.
        assert!(!entry.is_late(day("2024-04-02")));
        assert!(entry.is_late(day("2024-04-03")));
        entry.payslip = day("2024-04-03");
        assert!(!entry.is_late(day("2024-04-02")));
    }

    #[test]
    fn the_digest_is_of_the_one_form() {
        let mut turned = good();
        let members = turned.as_object_mut().unwrap();
        let lines = members.remove("lines").unwrap();
        let employer = members.remove("employer").unwrap();
        members.insert("lines".to_owned(), lines);
        members.insert("employer".to_owned(), employer);
        assert_eq!(digest(&turned), digest(&good()));
        turned["lines"][0]["amount"] = json!(70_001);
        assert_ne!(digest(&turned), digest(&good()));
    }
}
