//! Who is in the fictional directory. The numbers are the valid samples that are published; the names, and what no sample is
//! published of, are invented.

use crate::enrol::NewParty;
use procura_core::identifier::{Identifier, IdentifierError};
use procura_core::kinds::PartyType;

/// Who registers a party and binds its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RegisteredBy {
    /// Institutions.
    Root,
    /// Everybody else.
    Registrar,
}

/// A party of the demo.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    /// What its files are called.
    pub(super) short: &'static str,
    pub(super) name: &'static str,
    pub(super) party_type: PartyType,
    pub(super) scheme: &'static str,
    pub(super) value: &'static str,
    pub(super) roles: &'static [&'static str],
    pub(super) level: Option<&'static str>,
    pub(super) registered_by: RegisteredBy,
}

impl Person {
    pub(super) fn new_party(&self) -> Result<NewParty<'static>, IdentifierError> {
        Ok(NewParty {
            party_type: self.party_type,
            identifier: Identifier::new(self.scheme, self.value)?,
            name: self.name,
            roles: self.roles,
            level: self.level,
        })
    }
}

/// The registrar of citizens and organisations.
pub(super) const REGISTRAR: &str = "registrar";
/// The publisher of the catalogue.
pub(super) const PUBLISHER: &str = "catalogue-publisher";
/// The pension office, which has a basis in law.
pub(super) const PENSION_OFFICE: &str = "pension-office";
/// The hospital, which may look in an emergency.
pub(super) const HOSPITAL: &str = "hospital";
/// The municipality, whose token is printed.
pub const MUNICIPALITY: &str = "municipality";
/// The employer.
pub const EMPLOYER: &str = "employer";
/// The employer's social secretariat.
pub(super) const SECRETARIAT: &str = "social-secretariat";
/// A pensioner.
pub const MOTHER: &str = "mother";
/// Her son.
pub const SON: &str = "son";
/// A child of 2015.
pub(super) const CHILD: &str = "child";
/// A neighbour with a BIS number.
pub(super) const NEIGHBOUR: &str = "neighbour";
/// A student with a BIS number.
pub(super) const STUDENT: &str = "student";
/// A worker from abroad, known by an eIDAS identifier only.
pub const WORKER: &str = "worker";

const fn institution(
    short: &'static str,
    name: &'static str,
    (scheme, value): (&'static str, &'static str),
    level: &'static str,
    roles: &'static [&'static str],
) -> Person {
    Person {
        short,
        name,
        party_type: PartyType::Institution,
        scheme,
        value,
        roles,
        level: Some(level),
        registered_by: RegisteredBy::Root,
    }
}

const fn other(
    short: &'static str,
    name: &'static str,
    party_type: PartyType,
    scheme: &'static str,
    value: &'static str,
) -> Person {
    Person {
        short,
        name,
        party_type,
        scheme,
        value,
        roles: &[],
        level: None,
        registered_by: RegisteredBy::Registrar,
    }
}

/// The directory, whoever registers others first.
pub(super) static PARTIES: [Person; 18] = [
    institution(REGISTRAR, "Fictional Population Register", ("demo", "registrar"), "federal", &["registrar"]),
    institution(
        "authority",
        "Fictional Data Protection Authority",
        ("demo", "authority"),
        "federal",
        &["auditor", "authority"],
    ),
    institution("auditor", "Fictional Court of Audit", ("demo", "auditor"), "federal", &["auditor"]),
    institution(PUBLISHER, "Fictional Catalogue Office", ("demo", "catalogue"), "federal", &["catalogue"]),
    institution("tax-office", "Fictional Tax Office", ("demo", "tax-office"), "federal", &[]),
    institution("region", "Fictional Regional Administration", ("demo", "region"), "regional", &[]),
    institution(MUNICIPALITY, "Town of Exampleville", ("kbo", "1000000021"), "municipal", &["counter"]),
    institution("mirror", "Fictional Mirror of the Towns", ("demo", "mirror"), "municipal", &["mirror"]),
    institution(PENSION_OFFICE, "Fictional Pension Office", ("demo", "pensions"), "social-security", &[]),
    institution(HOSPITAL, "Fictional General Hospital", ("demo", "hospital"), "care", &[]),
    other(EMPLOYER, "Bistro De Proef", PartyType::Organisation, "kbo", "0999999922"),
    other(SECRETARIAT, "Sociaal Secretariaat Voorbeeld", PartyType::Organisation, "kbo", "0440966354"),
    other(MOTHER, "Maria Exemple", PartyType::Person, "niss", "48031500292"),
    other(SON, "Tom Exemple", PartyType::Person, "niss", "75061200192"),
    other(CHILD, "Noor Exemple", PartyType::Person, "niss", "15061500231"),
    other(NEIGHBOUR, "Ilse Muster", PartyType::Person, "niss", "88422999979"),
    other(STUDENT, "Sam Voorbeeld", PartyType::Person, "niss", "08422999977"),
    other(WORKER, "Ewa Przykład", PartyType::Person, "eidas", "PL/BE/fictional-worker-1"),
];

/// What could tell who somebody of the directory is: of each party the identifier, its value alone where that is a number, the name, and of a
/// person also the surname. For tests that look whether it stands where it must not.
#[must_use]
pub fn telling() -> Vec<String> {
    let of = |person: &Person| {
        let mut texts = vec![format!("{}:{}", person.scheme, person.value), person.name.to_owned()];
        texts.extend(
            Some(person.value.to_owned()).filter(|value| value.bytes().any(|byte| byte.is_ascii_digit())),
        );
        let surname = person.name.rsplit(' ').next().filter(|_| person.party_type == PartyType::Person);
        texts.extend(surname.map(str::to_owned));
        texts
    };
    PARTIES.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    //! Goal: the numbers are valid and nobody stands there twice. Method: every row is read.

    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_sound() {
        let all: Vec<_> = PARTIES.iter().map(|person| person.new_party().unwrap().identifier).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), PARTIES.len());
        let shorts: BTreeSet<_> = PARTIES.iter().map(|person| person.short).collect();
        assert_eq!(shorts.len(), PARTIES.len());
        assert!(PARTIES.iter().all(|person| person.roles.is_sorted()));
        assert_eq!(PARTIES.iter().filter(|person| person.party_type == PartyType::Person).count(), 6);
    }
}
