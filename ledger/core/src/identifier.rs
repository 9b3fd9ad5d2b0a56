//! What states call people and organisations: NISS, KBO, and whatever schemes the catalogues have. Which those are is not
//! asked here: reading an identifier needs no state.
//!
//! An identifier is looked up, never logged: errors and `Debug` don't show it.
//!
//! spec: encoding.md#identifiers

use std::fmt;
use std::str::FromStr;

/// The most characters a value of an open scheme may have.
pub const MAX_VALUE_CHARS: usize = 256;
/// The most characters a scheme's name may have.
const MAX_SCHEME_CHARS: usize = 32;

/// How a request names a party by its id, which no identifier may look like.
const BY_ID: &str = "party";
/// Other names of the two schemes that have a normal form. Under such a name the same person would be another one.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("insz", "niss"),
    ("ssin", "niss"),
    ("bis", "niss"),
    ("rrn", "niss"),
    ("nrn", "niss"),
    ("bce", "kbo"),
    ("cbe", "kbo"),
    ("ondernemingsnummer", "kbo"),
];

/// Why a text is no identifier. The text never appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// No colon between scheme and value.
    #[error("an identifier is written scheme:value")]
    Form,
    /// The scheme is not 1–32 of `a`–`z`, `0`–`9` and `-`, a letter first; or is `party`.
    #[error("the scheme is not a lower-case name")]
    Scheme,
    /// The scheme has another name here.
    #[error("the scheme is called {0} here")]
    SchemeName(&'static str),
    /// The value is not 1–256 printable ASCII characters without a space at either end.
    #[error("the value is not 1 to 256 printable ASCII characters")]
    Value,
    /// The NISS has not 11 digits.
    #[error("a NISS has 11 digits")]
    NissLength,
    /// The NISS's month is none of 0–12, 20–32, 40–52.
    #[error("the month in the NISS is neither 0 to 12 nor a BIS month")]
    NissMonth,
    /// The NISS's day is over 31 in a known month.
    #[error("the day in the NISS is over 31")]
    NissDay,
    /// The NISS's check digits are wrong.
    #[error("the check digits of the NISS are wrong")]
    NissCheck,
    /// The KBO number has neither 10 nor 9 digits.
    #[error("a KBO number has 10 digits, or 9 without the leading 0")]
    KboLength,
    /// The KBO number starts with another digit than 0 or 1.
    #[error("a KBO number starts with 0 or 1")]
    KboFirstDigit,
    /// The KBO number's check digits are wrong.
    #[error("the check digits of the KBO number are wrong")]
    KboCheck,
}

impl IdentifierError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Form => "identifier_form",
            Self::Scheme => "identifier_scheme",
            Self::SchemeName(_) => "identifier_scheme_name",
            Self::Value => "identifier_value",
            Self::NissLength => "niss_length",
            Self::NissMonth => "niss_month",
            Self::NissDay => "niss_day",
            Self::NissCheck => "niss_check",
            Self::KboLength => "kbo_length",
            Self::KboFirstDigit => "kbo_first_digit",
            Self::KboCheck => "kbo_check",
        }
    }
}

/// A scheme and a value in the scheme's one normal form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    scheme: String,
    value: String,
}

impl Identifier {
    /// Checks and normalises `value` by the rules of `scheme`.
    ///
    /// # Errors
    /// [`IdentifierError`].
    pub fn new(scheme: &str, value: &str) -> Result<Self, IdentifierError> {
        check_scheme(scheme)?;
        let value = match scheme {
            "niss" => niss(value)?,
            "kbo" => kbo(value)?,
            _ => open(value)?,
        };
        Ok(Self { scheme: scheme.to_owned(), value })
    }

    /// The scheme: `niss`, `kbo`, …
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The value in normal form. Personal data: not for logs, addresses or errors.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// `scheme:value` in normal form. Personal data, as [`Identifier::value`].
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}:{}", self.scheme, self.value)
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;
    /// Reads `scheme:value`; the value may hold further colons.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let (scheme, value) = text.split_once(':').ok_or(IdentifierError::Form)?;
        Self::new(scheme, value)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identifier({}:…)", self.scheme)
    }
}

/// Whether identifiers may begin with this name of a scheme.
pub(crate) fn check_scheme(scheme: &str) -> Result<(), IdentifierError> {
    let letter_first = scheme.starts_with(|c: char| c.is_ascii_lowercase());
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !letter_first || scheme.len() > MAX_SCHEME_CHARS || !scheme.bytes().all(plain) || scheme == BY_ID {
        return Err(IdentifierError::Scheme);
    }
    match OTHER_NAMES.iter().find(|(other, _)| *other == scheme) {
        Some((_, here)) => Err(IdentifierError::SchemeName(here)),
        None => Ok(()),
    }
}

/// 11 digits: birth date `YYMMDD`, counter, check. A BIS number adds 20 or 40 to the month.
pub(crate) fn niss(value: &str) -> Result<String, IdentifierError> {
    let digits = digits(value).filter(|digits| digits.len() == 11).ok_or(IdentifierError::NissLength)?;
    let (month, day) = (number(&digits, 2, 4), number(&digits, 4, 6));
    if month % 20 > 12 || month > 52 {
        return Err(IdentifierError::NissMonth);
    }
    if month % 20 != 0 && day > 31 {
        return Err(IdentifierError::NissDay);
    }
    let (base, check) = (number(&digits, 0, 9), number(&digits, 9, 11));
    let born_before_2000 = check == 97 - base % 97;
    let born_since_2000 = check == 97 - (2_000_000_000 + base) % 97;
    if born_before_2000 || born_since_2000 { Ok(digits) } else { Err(IdentifierError::NissCheck) }
}

/// 10 digits; 9 are the older form without the leading 0.
pub(crate) fn kbo(value: &str) -> Result<String, IdentifierError> {
    let digits = match digits(value) {
        Some(digits) if digits.len() == 10 => digits,
        Some(digits) if digits.len() == 9 => format!("0{digits}"),
        _ => return Err(IdentifierError::KboLength),
    };
    if !digits.starts_with(['0', '1']) {
        return Err(IdentifierError::KboFirstDigit);
    }
    let check = 97 - number(&digits, 0, 8) % 97;
    if number(&digits, 8, 10) == check { Ok(digits) } else { Err(IdentifierError::KboCheck) }
}

fn open(value: &str) -> Result<String, IdentifierError> {
    let printable = value.bytes().all(|b| (0x20..=0x7e).contains(&b));
    let fits = (1..=MAX_VALUE_CHARS).contains(&value.len());
    if fits && printable && value.trim() == value {
        Ok(value.to_owned())
    } else {
        Err(IdentifierError::Value)
    }
}

/// The digits of `value` without the separators people write; `None` if anything else stands there.
fn digits(value: &str) -> Option<String> {
    let digits: String = value.chars().filter(|c| !matches!(c, '.' | '-' | ' ')).collect();
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(digits)
}

/// The number that stands at `from..to` of a string of digits.
fn number(digits: &str, from: usize, to: usize) -> u64 {
    digits.bytes().take(to).skip(from).fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    //! Goal: one person, one identifier. Method: published samples and their spellings, each with one digit
    //! changed everywhere, and a table of refusals.

    use super::*;

    const NISS: &[&str] =
        &["48031500292", "75061200192", "15061500231", "88222999936", "88422999979", "08422999977"];
    const KBO: &[&str] = &["0440966354", "0999999922", "1000000021"];

    /// One digit away from a sample and valid all the same: the number of somebody born in the other century,
    /// which the check digits of the two alone can't tell apart.
    const OTHER_CENTURY: &[&str] = &["42031500292", "82222999936", "82422999979"];

    fn name(text: &str) -> &'static str {
        text.parse::<Identifier>().map_or_else(|error| error.name(), |_| "accept")
    }

    #[test]
    fn samples_are_accepted_and_every_changed_digit_is_not() {
        let samples =
            NISS.iter().map(|value| ("niss", *value)).chain(KBO.iter().map(|value| ("kbo", *value)));
        for (scheme, value) in samples {
            assert_eq!(Identifier::new(scheme, value).unwrap().text(), format!("{scheme}:{value}"));
            for at in 0..value.len() {
                for digit in b'0'..=b'9' {
                    let mut changed = value.as_bytes().to_vec();
                    changed[at] = digit;
                    let changed = String::from_utf8(changed).unwrap();
                    let valid = changed == value || OTHER_CENTURY.contains(&changed.as_str());
                    assert_eq!(Identifier::new(scheme, &changed).is_ok(), valid, "{changed}");
                }
            }
        }
    }

    #[test]
    fn spellings_come_to_one_form() {
        for text in ["niss:75.06.12-001.92", "niss:750612 001 92", "niss: 75061200192 "] {
            assert_eq!(text.parse::<Identifier>().unwrap().text(), "niss:75061200192", "{text}");
        }
        for text in ["kbo:0440.966.354", "kbo:440966354", "kbo:440.966.354", "kbo:0440 966 354"] {
            assert_eq!(text.parse::<Identifier>().unwrap().text(), "kbo:0440966354", "{text}");
        }
    }

    #[test]
    fn every_refusal() {
        let (longest, longer) = (format!("x:{}", "v".repeat(256)), format!("x:{}", "v".repeat(257)));
        for (text, expected) in [
            ("75061200192", "identifier_form"),
            ("", "identifier_form"),
            (":75061200192", "identifier_scheme"),
            ("NISS:75061200192", "identifier_scheme"),
            ("1x:a", "identifier_scheme"),
            ("e_id:a", "identifier_scheme"),
            ("party:a", "identifier_scheme"),
            ("abcdefghijabcdefghijabcdefghijabc:a", "identifier_scheme"),
            ("ssin:75061200192", "identifier_scheme_name"),
            ("bce:0440966354", "identifier_scheme_name"),
            ("niss:", "niss_length"),
            ("niss:7506120019", "niss_length"),
            ("niss:750612001920", "niss_length"),
            ("niss:7506120019a", "niss_length"),
            ("niss:７5061200192", "niss_length"),
            ("niss:75/061200192", "niss_length"),
            ("niss:75131200100", "niss_month"),
            ("niss:75191200100", "niss_month"),
            ("niss:75331200100", "niss_month"),
            ("niss:75531200100", "niss_month"),
            ("niss:75601200100", "niss_month"),
            ("niss:75991200100", "niss_month"),
            ("niss:75063200100", "niss_day"),
            ("niss:75263200100", "niss_day"),
            ("niss:75061200193", "niss_check"),
            ("kbo:44096635", "kbo_length"),
            ("kbo:BE0440966354", "kbo_length"),
            ("kbo:04409663540", "kbo_length"),
            ("kbo:2000000042", "kbo_first_digit"),
            ("kbo:0440966355", "kbo_check"),
            ("eidas:", "identifier_value"),
            ("eidas: a", "identifier_value"),
            ("eidas:a ", "identifier_value"),
            ("eidas:a\tb", "identifier_value"),
            ("eidas:é", "identifier_value"),
            (&longer, "identifier_value"),
            (&longest, "accept"),
            ("eidas:BE/NL/12:3 4", "accept"),
        ] {
            assert_eq!(name(text), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_birth_date_is_taken() {
        for base in [750_000_001, 750_099_001, 752_000_001, 754_000_001_u64] {
            assert_eq!(name(&format!("niss:{base}{:02}", 97 - base % 97)), "accept", "{base}");
        }
    }

    #[test]
    fn nothing_shows_the_value() {
        let identifier: Identifier = "niss:75061200192".parse().unwrap();
        assert!(!format!("{identifier:?}").contains("7506"));
        let error = "niss:75061200193".parse::<Identifier>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("7506"));
    }
}
