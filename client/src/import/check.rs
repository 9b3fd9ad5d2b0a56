//! What a line alone does not tell: whether there are such scopes, whether the days are still to come, whether another line
//! says the same.

use super::row::{Member, Row};
use super::sheet::{Fault, Sheet};
use crate::catalogues::CatalogueFound;
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::kinds::{Catalogue, Validity};
use procura_core::schemes::Schemes;
use std::collections::{BTreeSet, HashMap};

/// Why no catalogue was found for a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// None is in force, or none is called so.
    #[error("no catalogue in force is the one named; `procura catalogue` lists them")]
    None,
    /// Different catalogues have the scopes.
    #[error("several catalogues have these scopes; say which with --catalogue ID")]
    Several,
}

impl ChooseError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "unknown_catalogue",
            Self::Several => "several_catalogues",
        }
    }
}

/// The catalogue for a file, of those in force: the one named, or the newest that has every scope. If none has all, it is one that
/// has the most, so that the lines can be told that name others.
///
/// # Errors
/// [`ChooseError`].
pub fn choose<'c>(
    catalogues: &'c [CatalogueFound],
    named: Option<&Hash>,
    rows: &[Row],
) -> Result<&'c CatalogueFound, ChooseError> {
    if let Some(id) = named {
        return catalogues.iter().find(|found| found.id == *id).ok_or(ChooseError::None);
    }
    let scopes: BTreeSet<&str> = rows.iter().flat_map(|row| &row.scopes).map(String::as_str).collect();
    let has = |found: &CatalogueFound| {
        scopes.iter().filter(|scope| found.catalogue.category(scope).is_some()).count()
    };
    if scopes.is_empty() {
        let newest = catalogues.iter().max_by_key(|found| found.catalogue.version);
        return newest.ok_or(ChooseError::None);
    }
    let most = catalogues.iter().map(has).max().ok_or(ChooseError::None)?;
    let fitting = catalogues.iter().filter(|found| has(found) == most);
    let newest = fitting.clone().max_by_key(|found| found.catalogue.version).ok_or(ChooseError::None)?;
    if fitting.clone().any(|other| other.catalogue.code != newest.catalogue.code) {
        return Err(ChooseError::Several);
    }
    Ok(newest)
}

/// Takes out of a sheet what can't be given on a day by a catalogue. `is_signed` says of a row whether it was signed
/// before: then its days were still to come, and what it names was in force.
pub fn check(
    sheet: &mut Sheet,
    catalogue: &Catalogue,
    schemes: &Schemes,
    today: Day,
    is_signed: impl Fn(&Row) -> bool,
) {
    let mut lines: HashMap<Hash, u64> = HashMap::new();
    let mut good = Vec::new();
    for row in std::mem::take(&mut sheet.rows) {
        let key = row.key(&[0; 32]);
        let fault = if let Some(first) = lines.get(&key) {
            let what = format!(
                "it says what line {first} says: take one of them away, or give each its own reference"
            );
            Some(Fault::new(row.line, None, "double", what))
        } else if is_signed(&row) {
            None
        } else {
            fault_of(&row, sheet, catalogue, schemes, today)
        };
        lines.entry(key).or_insert(row.line);
        match fault {
            Some(fault) => sheet.faults.push(fault),
            None => good.push(row),
        }
    }
    sheet.rows = good;
    sheet.faults.sort_by_key(|fault| fault.line);
}

fn fault_of(row: &Row, sheet: &Sheet, catalogue: &Catalogue, schemes: &Schemes, today: Day) -> Option<Fault> {
    let fault =
        |member, name: &str, what: String| Some(Fault::new(row.line, Some(sheet.label(member)), name, what));
    if let Err(error) = schemes.type_of(&row.mandatee) {
        return fault(Member::Mandatee, error.name(), error.to_string());
    }
    if let Some(scope) = row.scopes.iter().find(|scope| catalogue.category(scope).is_none()) {
        let what = format!("the catalogue has no category {scope:?}; `procura catalogue` lists them");
        return fault(Member::Scopes, "unknown_scope", what);
    }
    let from = row.valid_from.unwrap_or(today);
    if from < today {
        let what = format!("{from} is past: a mandate never reaches back; the first day is {today} or later");
        return fault(Member::ValidFrom, "retroactive", what);
    }
    if row.valid_until.is_some_and(|until| until < from) {
        return fault(Member::ValidUntil, "validity", "the last day is before the first".to_owned());
    }
    let validity = Validity::of_days(from, row.valid_until);
    for period in row.scopes.iter().flat_map(|scope| catalogue.periods_of(scope)) {
        let what = || format!("a scope of this mandate begins and ends with a {}", period.name());
        if !period.begins_at(validity.not_before) {
            return fault(Member::ValidFrom, "period", what());
        }
        if validity.not_after.is_some_and(|end| !period.begins_at(end)) {
            return fault(Member::ValidUntil, "period", what());
        }
    }
    None
}
