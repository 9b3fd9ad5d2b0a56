//! A scheme of identifiers: for whom it is and what its values look like. Rows of a catalogue, so that another country's
//! numbers are data.
//!
//! spec: kinds.md#schemes

use super::{PartyType, Title, catalogue, shared};
use crate::identifier::{self, MAX_VALUE_CHARS};
use crate::json::{Field, MemberError, Members};

/// The most classes and signs of one form: three classes, and every sign of ASCII.
const MOST_CHARACTERS: usize = 35;

/// A scheme of identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Its name, as identifiers begin with it.
    pub code: String,
    /// How people call it.
    pub title: Title,
    /// The types of party that it is for, by name ascending.
    pub party_types: Vec<PartyType>,
    /// What its values look like.
    pub form: Form,
}

/// What the values of a scheme look like.
///
/// spec: encoding.md#forms
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// What stands before the rest.
    pub prefix: Option<Prefix>,
    /// Of what the rest consists.
    pub characters: Vec<Characters>,
    /// The fewest characters of the rest.
    pub min: u64,
    /// The most characters of the rest.
    pub max: u64,
    /// The check digits in the rest.
    pub check: Option<Check>,
}

/// What stands before the rest of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prefix {
    /// A country: two letters.
    Country,
    /// Two countries: `AA/AA/`.
    Countries,
}

/// Characters of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Characters {
    /// `0`–`9`.
    Digits,
    /// `a`–`z`.
    Lower,
    /// `A`–`Z`.
    Upper,
    /// One other printable character of ASCII.
    Sign(char),
}

/// A rule of check digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// That of KBO numbers.
    Kbo,
    /// ISO/IEC 7064 MOD 97-10.
    Mod97,
    /// That of NISS numbers.
    Niss,
}

/// Who has identifiers. A role has none.
const PARTY_TYPES: [PartyType; 3] = [PartyType::Institution, PartyType::Organisation, PartyType::Person];
const CLASSES: [Characters; 3] = [Characters::Digits, Characters::Lower, Characters::Upper];
const CHECKS: [(&str, Check); 3] = [("kbo", Check::Kbo), ("mod97", Check::Mod97), ("niss", Check::Niss)];
const PREFIXES: [(&str, Prefix); 2] = [("country", Prefix::Country), ("countries", Prefix::Countries)];

/// Why a value is not of a form. It never shows the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Its prefix does not stand there.
    #[error("the value does not begin as the scheme's values do")]
    Prefix,
    /// A character that the scheme does not have.
    #[error("the value has a character that the scheme's values do not have")]
    Characters,
    /// Too short or too long.
    #[error("the value is shorter or longer than the scheme's values are")]
    Length,
    /// The check digits.
    #[error("the check digits of the value are wrong")]
    Check,
}

impl FormError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Prefix => "form_prefix",
            Self::Characters => "form_characters",
            Self::Length => "form_length",
            Self::Check => "form_check",
        }
    }
}

impl Form {
    /// Reads a form out of a catalogue.
    ///
    /// # Errors
    /// [`MemberError`].
    pub fn take(members: &mut Members) -> Result<Self, MemberError> {
        let form = Self {
            prefix: members.take_opt("prefix", |field| field.one_of(&PREFIXES))?,
            characters: shared::take_set(members, "characters", MOST_CHARACTERS, characters)?
                .into_iter()
                .map(|(_, characters)| characters)
                .collect(),
            min: members.take_u64("min")?,
            max: members.take_u64("max")?,
            check: members.take_opt("check", |field| field.one_of(&CHECKS))?,
        };
        if form.min == 0 {
            return Err(members.mistyped("min", "an integer from 1"));
        }
        if form.max < form.min || form.max > MAX_VALUE_CHARS as u64 {
            return Err(members.mistyped("max", "an integer from min to 256"));
        }
        Ok(form)
    }

    /// Whether a value is of the form.
    ///
    /// # Errors
    /// [`FormError`], the first in the order of the spec.
    pub fn check(&self, value: &str) -> Result<(), FormError> {
        let rest = match self.prefix {
            None => value,
            Some(prefix) => prefix.before(value).ok_or(FormError::Prefix)?,
        };
        if !rest.chars().all(|c| self.characters.iter().any(|characters| characters.has(c))) {
            return Err(FormError::Characters);
        }
        // Nothing but ASCII is left: bytes are characters.
        if !(self.min..=self.max).contains(&(rest.len() as u64)) {
            return Err(FormError::Length);
        }
        match self.check {
            Some(check) if !check.holds(rest) => Err(FormError::Check),
            _ => Ok(()),
        }
    }
}

impl Prefix {
    /// What stands behind it.
    fn before(self, value: &str) -> Option<&str> {
        match self {
            Self::Country => behind_country(value),
            Self::Countries => {
                let told = behind_country(value)?.strip_prefix('/')?;
                behind_country(told)?.strip_prefix('/')
            }
        }
    }
}

fn behind_country(value: &str) -> Option<&str> {
    let (country, rest) = value.split_at_checked(2)?;
    country.bytes().all(|b| b.is_ascii_uppercase()).then_some(rest)
}

impl Characters {
    /// Its name in payloads; a sign is itself.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Digits => "digits".to_owned(),
            Self::Lower => "lower".to_owned(),
            Self::Upper => "upper".to_owned(),
            Self::Sign(sign) => sign.to_string(),
        }
    }

    fn has(self, c: char) -> bool {
        match self {
            Self::Digits => c.is_ascii_digit(),
            Self::Lower => c.is_ascii_lowercase(),
            Self::Upper => c.is_ascii_uppercase(),
            Self::Sign(sign) => c == sign,
        }
    }
}

impl Check {
    fn holds(self, rest: &str) -> bool {
        match self {
            Self::Kbo => identifier::kbo(rest).is_ok_and(|normal| normal == rest),
            Self::Niss => identifier::niss(rest).is_ok_and(|normal| normal == rest),
            Self::Mod97 => mod97(rest) == Some(1),
        }
    }
}

/// The remainder of the number that a text stands for, letters as 10 to 35; `None` if there is another character.
fn mod97(text: &str) -> Option<u32> {
    text.chars().try_fold(0, |remainder, c| {
        let number = c.to_digit(36).filter(|_| !c.is_ascii_lowercase())?;
        Some((remainder * if number < 10 { 10 } else { 100 } + number) % 97)
    })
}

/// A class by its name, or a sign, with the text that it is sorted by.
fn characters(field: Field) -> Result<(String, Characters), MemberError> {
    field.parse("digits, lower, upper or one sign of ASCII", |text| {
        let sign = || text.parse().ok().filter(char::is_ascii_punctuation).map(Characters::Sign);
        let class = CLASSES.into_iter().find(|class| class.name() == text);
        class.or_else(sign).map(|characters| (text.to_owned(), characters))
    })
}

/// Reads a row of `schemes`.
pub(super) fn scheme(members: &mut Members) -> Result<Scheme, MemberError> {
    Ok(Scheme {
        code: members.take("code", |field| {
            field.parse("the name of a scheme, and its only one", |text| {
                identifier::check_scheme(text).is_ok().then(|| text.to_owned())
            })
        })?,
        title: members.take("title", |field| catalogue::read(field, catalogue::title))?,
        party_types: shared::take_set(members, "party_types", PARTY_TYPES.len(), party_type)?
            .into_iter()
            .map(|(_, party_type)| party_type)
            .collect(),
        form: members.take("form", |field| catalogue::read(field, Form::take))?,
    })
}

/// A type of party with the name that it is sorted by.
fn party_type(field: Field) -> Result<(&'static str, PartyType), MemberError> {
    field.one_of(&PARTY_TYPES.map(|party_type| (party_type.name(), (party_type.name(), party_type))))
}

#[cfg(test)]
mod tests {
    //! Goal: a form takes the values that it describes and no others. Method: the forms of the spec's table, values of each with
    //! one thing wrong; the national rules are tried in `identifier.rs`.

    use super::*;
    use serde_json::{Value, json};

    fn form(value: &Value) -> Result<Form, MemberError> {
        let text = value.to_string();
        let mut members = Members::parse_strict(text.as_bytes(), 4096).unwrap();
        let form = Form::take(&mut members)?;
        members.finish().map(|()| form)
    }

    fn tried(form: &Form, value: &str) -> &'static str {
        form.check(value).map_or_else(|error| error.name(), |()| "accept")
    }

    /// A value, and what it is told.
    type Told = (&'static str, &'static str);

    #[test]
    fn the_forms_of_the_spec() {
        let eidas = ["+", "-", ".", "/", ":", "=", "_", "digits", "lower", "upper"];
        let table: [(Value, &[Told]); 6] = [
            (
                json!({"characters": ["digits"], "min": 11, "max": 11, "check": "niss"}),
                &[
                    ("75061200192", "accept"),
                    ("88222999936", "accept"),
                    ("75061200193", "form_check"),
                    ("75.06.12-001.92", "form_characters"),
                    ("7506120019", "form_length"),
                ],
            ),
            (
                json!({"characters": ["digits"], "min": 9, "max": 10, "check": "kbo"}),
                &[
                    ("0440966354", "accept"),
                    ("0440966355", "form_check"),
                    // Another spelling: of a number there is one.
                    ("440966354", "form_check"),
                ],
            ),
            (
                json!({"prefix": "countries", "characters": eidas, "min": 1, "max": 128}),
                &[
                    ("ES/BE/02635542Y", "accept"),
                    ("AT/BE/a+b/c==", "accept"),
                    ("ES/BE/", "form_length"),
                    ("ES/BE", "form_prefix"),
                    ("ES/be/02635542Y", "form_prefix"),
                    ("ESP/BE/02635542Y", "form_prefix"),
                    ("ES-BE-02635542Y", "form_prefix"),
                    ("02635542Y", "form_prefix"),
                    ("", "form_prefix"),
                    ("É/BE/02635542Y", "form_prefix"),
                    ("ES/BE/02635542 Y", "form_characters"),
                    ("ES/BE/02635542Ý", "form_characters"),
                ],
            ),
            (
                json!({"prefix": "country", "characters": ["*", "+", "digits", "upper"], "min": 2, "max": 12}),
                &[
                    ("BE0440966354", "accept"),
                    ("IE1A23456+", "accept"),
                    ("FR1", "form_length"),
                    ("FR1234567890123", "form_length"),
                    ("be0440966354", "form_prefix"),
                    ("0440966354", "form_prefix"),
                    ("BE0440.966.354", "form_characters"),
                ],
            ),
            (
                json!({"characters": ["digits", "upper"], "min": 20, "max": 20, "check": "mod97"}),
                &[
                    ("0000FICTIONALORG0112", "accept"),
                    ("0000FICTIONALORG0121", "form_check"),
                    ("0000FICTIONALORG1012", "form_check"),
                ],
            ),
            // The check knows no lower case, whatever the form's characters are.
            (
                json!({"characters": ["-", "digits", "lower", "upper"], "min": 1, "max": 20, "check": "mod97"}),
                &[("A68", "accept"), ("a68", "form_check"), ("A-68", "form_check")],
            ),
        ];
        for (of, values) in table {
            let form = form(&of).unwrap();
            for (value, expected) in values {
                assert_eq!(tried(&form, value), *expected, "{value} of {of}");
            }
        }
        let long = form(&json!({"prefix": "countries", "characters": eidas, "min": 1, "max": 128})).unwrap();
        assert_eq!(tried(&long, &format!("ES/BE/{}", "x".repeat(128))), "accept");
        assert_eq!(tried(&long, &format!("ES/BE/{}", "x".repeat(129))), "form_length");
    }

    #[test]
    fn every_sign_stands_for_itself() {
        let all: Vec<char> = (' '..='\u{7f}').collect();
        let signs: Vec<char> = all.iter().copied().filter(char::is_ascii_punctuation).collect();
        assert_eq!(signs.len() + CLASSES.len(), MOST_CHARACTERS);
        for sign in signs {
            let form = form(&json!({"characters": [sign], "min": 1, "max": 1})).unwrap();
            let taken: Vec<char> =
                all.iter().copied().filter(|c| form.check(&c.to_string()).is_ok()).collect();
            assert_eq!(taken, [sign]);
        }
        for no_sign in
            [json!("a"), json!("7"), json!(" "), json!("é"), json!(""), json!("--"), json!("letters")]
        {
            assert!(form(&json!({"characters": [no_sign], "min": 1, "max": 1})).is_err(), "{no_sign}");
        }
    }
}
