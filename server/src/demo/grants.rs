//! The demo's mandates and consents, one for each state that one can be in.

use super::people::{CHILD, EMPLOYER, MOTHER, NEIGHBOUR, SECRETARIAT, SON, STUDENT, WORKER};
use super::{DemoError, find};
use crate::enrol::{EnrolError, Enrolled, Writer};
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::Validity;
use procura_core::{Hash, Millis};
use std::collections::BTreeMap;

/// A day in ms.
const DAY_MS: u64 = 24 * 3600 * 1000;

/// What becomes of a mandate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Pending,
    Accepted,
    Revoked,
}

/// A mandate: its short name, from whom, to whom, scopes, days from now until it starts, and what becomes of it.
type Mandate = (&'static str, &'static str, &'static str, &'static [&'static str], u64, Fate);

const MANDATES: [Mandate; 6] = [
    ("pensions-for-mother", MOTHER, SON, &["pensions"], 0, Fate::Accepted),
    ("taxes-for-son", SON, NEIGHBOUR, &["taxes"], 0, Fate::Pending),
    ("household-for-neighbour", NEIGHBOUR, SON, &["household"], 0, Fate::Revoked),
    ("student-for-student", STUDENT, MOTHER, &["student"], 30, Fate::Accepted),
    ("flexi-for-employer", EMPLOYER, SECRETARIAT, &["flexi", "student.hours"], 0, Fate::Accepted),
    ("household-for-child", CHILD, MOTHER, &["household.composition"], 0, Fate::Accepted),
];

/// A consent to the employer: its short name, by whom, scopes, whether it was revoked.
type Consent = (&'static str, &'static str, &'static [&'static str], bool);

const CONSENTS: [Consent; 4] = [
    ("flexi-of-son", SON, &["flexi.eligibility"], false),
    ("hours-of-student", STUDENT, &["student.hours"], false),
    ("flexi-of-neighbour", NEIGHBOUR, &["flexi.eligibility"], true),
    ("flexi-of-worker", WORKER, &["flexi.eligibility"], false),
];

/// Writes all of them.
pub(super) fn give(
    writer: &Writer,
    parties: &BTreeMap<&'static str, Enrolled>,
    catalogue: &Hash,
) -> Result<BTreeMap<&'static str, Hash>, DemoError> {
    let mut grants = BTreeMap::new();
    for (short, from, to, scopes, starts_in, fate) in MANDATES {
        let (from, to) = (find(parties, from)?, find(parties, to)?);
        let validity = days(writer.clock.now(), starts_in, 365)?;
        let id = writer.once(short, from.by(), |occasion| {
            Ok(Draft::mandate(occasion, &from.party, &to.party, catalogue, &owned(scopes), &validity))
        })?;
        if fate != Fate::Pending {
            follow(writer, short, "acceptance", to, &id)?;
        }
        if fate == Fate::Revoked {
            follow(writer, short, "revocation", from, &id)?;
        }
        grants.insert(short, id);
    }
    let employer = find(parties, EMPLOYER)?.party;
    for (short, subject, scopes, is_revoked) in CONSENTS {
        let subject = find(parties, subject)?;
        let (scopes, purposes) = (owned(scopes), owned(&["hiring"]));
        let validity = days(writer.clock.now(), 0, 31)?;
        let id = writer.once(short, subject.by(), |occasion| {
            Ok(Draft::consent(occasion, &subject.party, &employer, catalogue, &scopes, &purposes, &validity))
        })?;
        if is_revoked {
            follow(writer, short, "revocation", subject, &id)?;
        }
        grants.insert(short, id);
    }
    Ok(grants)
}

fn follow(
    writer: &Writer,
    short: &str,
    kind: &'static str,
    by: &Enrolled,
    target: &Hash,
) -> Result<Hash, EnrolError> {
    writer.once(&format!("{short}-{kind}"), by.by(), |occasion| Ok(Draft::on(kind, occasion, target)))
}

/// So many days, counted from the day that begins so many days after today.
fn days(now: Millis, starts_in: u64, lasts: u64) -> Result<Validity, DemoError> {
    let day = |after: u64| Day::of(Millis(now.0.saturating_add(after * DAY_MS))).ok_or(DemoError::Clock);
    Ok(Validity::of_days(day(starts_in)?, Some(day(starts_in + lasts)?)))
}

fn owned(codes: &[&str]) -> Vec<String> {
    codes.iter().map(|code| (*code).to_owned()).collect()
}
