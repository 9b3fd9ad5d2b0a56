//! Conditions as sentences: what a citizen reads before signing.
//!
//! spec: conditions.md#sentences

mod words;

use super::{Condition, Property, Scalar, Test, Uses};
use crate::Millis;
use crate::days::{Clock, Period};
use crate::language::Language;
use words::{Words, words};

impl Condition {
    /// The condition as one sentence. It says what the condition is, no more and no less: codes and values are quoted as they
    /// are, numbers have no unit.
    #[must_use]
    pub fn sentence(&self, language: Language) -> String {
        let words = words(language);
        match self {
            Self::Property(property, test) => test.sentence(&words.property(property), words),
            Self::Purpose(purposes) => {
                (words.purpose)(&words.either(purposes.iter().map(|code| words.quote(code))))
            }
            Self::Uses(uses) => uses.sentence(words),
        }
    }
}

impl Test {
    fn sentence(&self, property: &str, words: &Words) -> String {
        match self {
            Self::Equals(value) => (words.is)(property, &words.value(value)),
            Self::OneOf(values) => {
                (words.is)(property, &words.either(values.iter().map(|value| words.value(value))))
            }
            Self::Range { min, max } => {
                let bounds = [
                    min.map(|min| format!("{} {min}", words.at_least)),
                    max.map(|max| format!("{} {max}", words.at_most)),
                ];
                let bounds: Vec<String> = bounds.into_iter().flatten().collect();
                (words.is)(property, &bounds.join(words.and))
            }
            Self::Before(instant) => (words.before)(property, &words.instant(*instant)),
            Self::After(instant) => (words.not_before)(property, &words.instant(*instant)),
        }
    }
}

impl Uses {
    fn sentence(self, words: &Words) -> String {
        let times = match self.times {
            1 => words.once.to_owned(),
            times => format!("{times}{}", words.times),
        };
        let per = match self.per {
            None => words.in_all,
            Some(Period::Day) => words.per_day,
            Some(Period::Month) => words.per_month,
            Some(Period::Quarter) => words.per_quarter,
            Some(Period::Year) => words.per_year,
        };
        (words.uses)(&times, per)
    }
}

impl Words {
    fn property(&self, property: &Property) -> String {
        format!("{} {}", self.quote(property.name()), (self.part)(property.of()))
    }

    fn value(&self, value: &Scalar) -> String {
        match value {
            Scalar::Boolean(true) => self.yes.to_owned(),
            Scalar::Boolean(false) => self.no.to_owned(),
            Scalar::Integer(number) => number.to_string(),
            Scalar::Text(text) => self.quote(text),
        }
    }

    /// The text between quotation marks. Marks of any language within it get a backslash: a text must not seem to end early.
    fn quote(&self, text: &str) -> String {
        let (open, close) = self.quotes;
        let mut quoted = open.to_owned();
        for character in text.chars() {
            if matches!(character, '\\' | '"' | '“' | '”' | '„' | '«' | '»') {
                quoted.push('\\');
            }
            quoted.push(character);
        }
        quoted.push_str(close);
        quoted
    }

    /// `a`, `a or b`, `a, b or c`.
    fn either(&self, items: impl Iterator<Item = String>) -> String {
        let items: Vec<String> = items.collect();
        match items.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{}{}{last}", others.join(", "), self.or),
            _ => items.concat(),
        }
    }

    /// The day if it is one's first instant; else the time too, with the clock's distance from UTC: one hour a year is two.
    fn instant(&self, instant: Millis) -> String {
        // What is read from a record has a day; nothing else is worth a sentence.
        let Some(clock) = Clock::at(instant) else { return instant.to_string() };
        let Clock { day, hour, minute, second, millisecond, ahead_h } = clock;
        let month = usize::try_from(day.month() - 1).ok().and_then(|month| self.months.get(month));
        let date = (self.day)(day.day(), month.copied().unwrap_or_default(), day.year());
        if instant == day.first_instant() {
            return date;
        }
        let mut time = format!("{hour:02}:{minute:02}");
        if (second, millisecond) != (0, 0) {
            time.push_str(&format!(":{second:02}"));
        }
        if millisecond != 0 {
            time.push_str(&format!(".{millisecond:03}"));
        }
        (self.time)(&date, &time, ahead_h)
    }
}
