//! What one line says, as far as it can be told from the line alone.

use super::sheet::Fault;
use procura_core::Hash;
use procura_core::conditions::Conditions;
use procura_core::days::Day;
use procura_core::hash::labelled;
use procura_core::identifier::{Identifier, IdentifierError};
use procura_core::json::{canonical, parse_strict};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The longest reference, in characters. spec: kinds.md#members
const MAX_REFERENCE_CHARS: usize = 255;
/// The most scopes.
const MAX_SCOPES: usize = 64;
/// The longest text of conditions.
const MAX_CONDITIONS_BYTES: usize = 32 << 10;

/// What a line may say of a mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// Who may act: a NISS, a KBO number, or `scheme:value`.
    Mandatee,
    /// Category codes.
    Scopes,
    /// The caller's own reference.
    Reference,
    /// The first day; empty: the day on which it is signed.
    ValidFrom,
    /// The last day, included; empty: no end.
    ValidUntil,
    /// The conditions, as JSON.
    Conditions,
    /// How many levels of mandates may stand under it.
    Substitution,
}

impl Member {
    /// Every member.
    pub const ALL: [Self; 7] = [
        Self::Mandatee,
        Self::Scopes,
        Self::Reference,
        Self::ValidFrom,
        Self::ValidUntil,
        Self::Conditions,
        Self::Substitution,
    ];

    /// The member's name: what a column is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mandatee => "mandatee",
            Self::Scopes => "scopes",
            Self::Reference => "reference",
            Self::ValidFrom => "valid_from",
            Self::ValidUntil => "valid_until",
            Self::Conditions => "conditions",
            Self::Substitution => "substitution",
        }
    }

    /// The member of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|member| member.name() == name)
    }
}

/// A line of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The line, from 1.
    pub line: u64,
    /// Who may act.
    pub mandatee: Identifier,
    /// Category codes, ascending, at least one.
    pub scopes: Vec<String>,
    /// The caller's own reference.
    pub reference: Option<String>,
    /// The first day, if the line says one.
    pub valid_from: Option<Day>,
    /// The last day, if it ends.
    pub valid_until: Option<Day>,
    /// What else must be so.
    pub conditions: Conditions,
    /// How many levels of mandates may stand under it.
    pub substitution: Option<u64>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row(line {})", self.line)
    }
}

impl Row {
    /// Reads a line's members; one that is empty is one that is not there. `scopes` are those of a line that names none.
    pub(super) fn read<'l>(
        line: u64,
        cells: &HashMap<Member, String>,
        scopes: &[String],
        label: impl Fn(Member) -> &'l str,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |member: Member, name: &str, what: String| {
            faults.push(Fault::new(line, Some(label(member)), name, what));
        };
        let cell = |member| cells.get(&member).map(|text| text.trim()).filter(|text| !text.is_empty());
        let mandatee = match cell(Member::Mandatee).map(identifier) {
            Some(Ok(mandatee)) => Some(mandatee),
            Some(Err(error)) => {
                let what = format!("{error}. Give a NISS of 11 digits, a KBO number of 10, or scheme:value");
                fault(Member::Mandatee, error.name(), what);
                None
            }
            None => {
                fault(Member::Mandatee, "missing", "it is empty; say who may act".to_owned());
                None
            }
        };
        let mut scopes = cell(Member::Scopes).map_or_else(|| scopes.to_vec(), codes);
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() {
            fault(Member::Scopes, "missing", "no scope: name one here, or with --scope".to_owned());
        } else if scopes.len() > MAX_SCOPES {
            fault(
                Member::Scopes,
                "too_many_scopes",
                format!("over {MAX_SCOPES} scopes: name one above them"),
            );
        }
        let reference = cell(Member::Reference).map(str::to_owned);
        if let Some(text) = &reference
            && (text.chars().count() > MAX_REFERENCE_CHARS || text.chars().any(char::is_control))
        {
            let what = format!(
                "it has over {MAX_REFERENCE_CHARS} characters, or a line break or another control character"
            );
            fault(Member::Reference, "reference", what);
        }
        let mut days = [Member::ValidFrom, Member::ValidUntil].map(|member| {
            cell(member).map(day).transpose().unwrap_or_else(|what| {
                fault(member, "day", what);
                None
            })
        });
        if let [Some(from), Some(until)] = days
            && until < from
        {
            fault(Member::ValidUntil, "validity", "the last day is before the first".to_owned());
            days = [None, None];
        }
        let [valid_from, valid_until] = days;
        let conditions = cell(Member::Conditions).map_or_else(|| Ok(Conditions::default()), conditions);
        let conditions = conditions.unwrap_or_else(|what| {
            fault(Member::Conditions, "conditions", what);
            Conditions::default()
        });
        let substitution = cell(Member::Substitution).map(|text| match text.parse() {
            Ok(levels @ 1..=4) => levels,
            _ => {
                fault(Member::Substitution, "substitution", "it is a whole number from 1 to 4".to_owned());
                0
            }
        });
        match mandatee {
            Some(mandatee) if faults.is_empty() => Ok(Self {
                line,
                mandatee,
                scopes,
                reference,
                valid_from,
                valid_until,
                conditions,
                substitution,
            }),
            _ => Err(faults),
        }
    }

    /// What the line says, as one hash: lines that say the same have the same. It does not depend on where the line stands,
    /// so that a file may be corrected and imported again; nor on the catalogue, which may be a newer one then. `salt` keeps the number in it from being found by trying.
    #[must_use]
    pub fn key(&self, salt: &[u8; 32]) -> Hash {
        let terms = json!({
            "mandatee": self.mandatee.text(),
            "scopes": self.scopes,
            "reference": self.reference,
            "valid_from": self.valid_from.map(|day| day.to_string()),
            "valid_until": self.valid_until.map(|day| day.to_string()),
            "conditions": self.conditions.to_json(),
            "substitution": self.substitution,
        });
        labelled("procura/v1/import", &[salt, &canonical(&terms)])
    }
}

/// An identifier as files have it: digits, with the dots and strokes of print, or `scheme:value`.
fn identifier(text: &str) -> Result<Identifier, IdentifierError> {
    if text.contains(':') {
        return text.parse();
    }
    let bare = text.strip_prefix("BE").unwrap_or(text);
    let digits: String = bare.chars().filter(|c| !matches!(c, '.' | '-' | ' ' | '/')).collect();
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(IdentifierError::Form);
    }
    match digits.len() {
        9 | 10 => Identifier::new("kbo", &digits),
        _ if bare.len() == text.len() => Identifier::new("niss", &digits),
        _ => Err(IdentifierError::KboLength),
    }
}

/// A day: `2026-11-23`, or `20261123` as CSAM has it.
fn day(text: &str) -> Result<Day, String> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (year, rest) = text.split_at_checked(4).unwrap_or((text, ""));
    let (month, last) = rest.split_at_checked(2).unwrap_or((rest, ""));
    let day = if digits { format!("{year}-{month}-{last}").parse() } else { text.parse() };
    day.map_err(|error| format!("{error}; write yyyy-MM-dd or yyyyMMdd"))
}

/// Codes between spaces, `,`, `;` or `|`.
pub(super) fn codes(text: &str) -> Vec<String> {
    let between = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|');
    text.split(between).filter(|code| !code.is_empty()).map(str::to_owned).collect()
}

/// An array of conditions in JSON. spec: conditions.md
fn conditions(text: &str) -> Result<Conditions, String> {
    let wrapped = format!("{{\"conditions\":{text}}}");
    let value = parse_strict(wrapped.as_bytes(), MAX_CONDITIONS_BYTES)
        .map_err(|error| format!("it is no JSON array of conditions: {error}"))?
        .remove("conditions")
        .unwrap_or(Value::Null);
    let conditions = Conditions::read(value).map_err(|error| error.to_string())?;
    if conditions.uses().is_some() {
        return Err("a mandate has no condition uses: only a consent's uses are counted".to_owned());
    }
    Ok(conditions)
}

#[cfg(test)]
mod tests;
