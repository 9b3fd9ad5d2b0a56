//! The words that the demo's grants are made of, in the country's three languages and English.

use super::people::{PENSION_OFFICE, PUBLISHER};
use super::schemes::schemes;
use super::{DemoError, find};
use crate::enrol::{Enrolled, Writer};
use procura_core::Hash;
use procura_core::draft::Draft;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Code, parent, French, Dutch, German, English.
type Category = (&'static str, Option<&'static str>, &'static str, &'static str, &'static str, &'static str);

const CATEGORIES: [Category; 13] = [
    ("pensions", None, "Pensions", "Pensioenen", "Renten", "Pensions"),
    ("pensions.amount", Some("pensions"), "Montant", "Bedrag", "Betrag", "Amount"),
    ("pensions.career", Some("pensions"), "Carrière", "Loopbaan", "Laufbahn", "Career"),
    ("taxes", None, "Impôts", "Belastingen", "Steuern", "Taxes"),
    (
        "taxes.assessment",
        Some("taxes"),
        "Avertissement-extrait de rôle",
        "Aanslagbiljet",
        "Steuerbescheid",
        "Assessment",
    ),
    ("taxes.return", Some("taxes"), "Déclaration", "Aangifte", "Erklärung", "Return"),
    ("flexi", None, "Flexi-jobs", "Flexi-jobs", "Flexi-Jobs", "Flexi-jobs"),
    (
        "flexi.eligibility",
        Some("flexi"),
        "Droit au flexi-job",
        "Recht op flexi-job",
        "Anrecht auf Flexi-Job",
        "Eligibility",
    ),
    ("household", None, "Ménage", "Gezin", "Haushalt", "Household"),
    (
        "household.composition",
        Some("household"),
        "Composition de ménage",
        "Gezinssamenstelling",
        "Haushaltszusammensetzung",
        "Household composition",
    ),
    ("student", None, "Travail étudiant", "Studentenarbeid", "Studentenarbeit", "Student work"),
    (
        "student.hours",
        Some("student"),
        "Heures restantes",
        "Resterende uren",
        "Verbleibende Stunden",
        "Remaining hours",
    ),
    ("student.enrolment", Some("student"), "Inscription", "Inschrijving", "Einschreibung", "Enrolment"),
];

/// Code, French, Dutch, German, English.
type Word = (&'static str, &'static str, &'static str, &'static str, &'static str);

const PURPOSES: [Word; 6] = [
    ("help", "Aider la personne", "De persoon helpen", "Der Person helfen", "Help the person"),
    ("hiring", "Engager", "Aanwerven", "Einstellen", "Hire"),
    (
        "contributions",
        "Percevoir les cotisations",
        "Bijdragen innen",
        "Beiträge einziehen",
        "Collect contributions",
    ),
    (
        "pension.calculation",
        "Calculer une pension",
        "Een pensioen berekenen",
        "Eine Rente berechnen",
        "Calculate a pension",
    ),
    (
        "benefit.application",
        "Demander un avantage",
        "Een voordeel aanvragen",
        "Eine Leistung beantragen",
        "Apply for a benefit",
    ),
    (
        "tax.return",
        "Faire la déclaration",
        "De aangifte doen",
        "Die Erklärung abgeben",
        "File the tax return",
    ),
];

const BASIS: Word = (
    "pension.law",
    "Loi fictive sur les pensions, article 1",
    "Fictieve pensioenwet, artikel 1",
    "Fiktives Rentengesetz, Artikel 1",
    "Fictional pension act, article 1",
);

/// Publishes the catalogue.
pub(super) fn publish(
    writer: &Writer,
    parties: &BTreeMap<&'static str, Enrolled>,
) -> Result<Hash, DemoError> {
    let pension_office = find(parties, PENSION_OFFICE)?.party;
    let publisher = find(parties, PUBLISHER)?;
    Ok(writer.once("catalogue", publisher.by(), |occasion| {
        Ok(Draft::new("catalogue", occasion)
            .member("code", json!("demo"))
            .member("version", json!(1))
            .member("categories", categories())
            .member("purposes", PURPOSES.iter().map(word).collect())
            .member("bases", bases(&pension_office))
            .member("schemes", schemes()))
    })?)
}

fn categories() -> Value {
    let write = |(code, parent, fr, nl, de, en): &Category| {
        let mut category = json!({"code": code, "title": {"de": de, "en": en, "fr": fr, "nl": nl}});
        if let (Some(parent), Some(category)) = (parent, category.as_object_mut()) {
            category.insert("parent".to_owned(), json!(parent));
        }
        category
    };
    CATEGORIES.iter().map(write).collect()
}

fn word((code, fr, nl, de, en): &Word) -> Value {
    json!({"code": code, "title": {"de": de, "en": en, "fr": fr, "nl": nl}})
}

/// By law the pension office sees careers and households in order to calculate pensions.
fn bases(pension_office: &Hash) -> Value {
    let mut basis = word(&BASIS);
    if let Some(basis) = basis.as_object_mut() {
        basis.insert("categories".to_owned(), json!(["household.composition", "pensions.career"]));
        basis.insert("purposes".to_owned(), json!(["pension.calculation"]));
        basis.insert("recipients".to_owned(), json!([pension_office]));
    }
    json!([basis])
}
