//! The words that the demo's grants are made of, in the country's three languages and English.

use super::people::{HOSPITAL, PENSION_OFFICE, PUBLISHER};
use super::schemes::schemes;
use super::{DemoError, find};
use crate::enrol::{Enrolled, Writer};
use procura_core::Hash;
use procura_core::draft::Draft;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Code, parent, French, Dutch, German, English.
type Category = (&'static str, Option<&'static str>, &'static str, &'static str, &'static str, &'static str);

const CATEGORIES: [Category; 15] = [
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
    ("health", None, "Santé", "Gezondheid", "Gesundheit", "Health"),
    (
        "health.summary",
        Some("health"),
        "Résumé médical",
        "Medisch overzicht",
        "Medizinische Übersicht",
        "Medical summary",
    ),
];

/// Code, French, Dutch, German, English.
type Word = (&'static str, &'static str, &'static str, &'static str, &'static str);

const PURPOSES: [Word; 7] = [
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
    ("care", "Soigner la personne", "De persoon verzorgen", "Die Person behandeln", "Care for the person"),
];

const BASIS: Word = (
    "pension.law",
    "Loi fictive sur les pensions, article 1",
    "Fictieve pensioenwet, artikel 1",
    "Fiktives Rentengesetz, Artikel 1",
    "Fictional pension act, article 1",
);

const EMERGENCY: Word = (
    "vital.interest",
    "Loi fictive sur les droits du patient, article 8",
    "Fictieve wet op de patiëntenrechten, artikel 8",
    "Fiktives Patientenrechtegesetz, Artikel 8",
    "Fictional patients' rights act, article 8",
);

/// Publishes the catalogue.
pub(super) fn publish(
    writer: &Writer,
    parties: &BTreeMap<&'static str, Enrolled>,
) -> Result<Hash, DemoError> {
    let (pension_office, hospital) = (find(parties, PENSION_OFFICE)?.party, find(parties, HOSPITAL)?.party);
    let publisher = find(parties, PUBLISHER)?;
    Ok(writer.once("catalogue", publisher.by(), |occasion| {
        Ok(Draft::new("catalogue", occasion)
            .member("code", json!("demo"))
            .member("version", json!(1))
            .member("categories", categories())
            .member("purposes", PURPOSES.iter().map(word).collect())
            .member("bases", bases(&pension_office, &hospital))
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

/// By law the pension office sees careers and households in order to calculate pensions, and a hospital the medical summary of whoever
/// is in danger.
fn bases(pension_office: &Hash, hospital: &Hash) -> Value {
    let basis = |title: &Word, categories: &[&str], purpose: &str, recipient: &Hash, more: Value| {
        let mut basis = word(title);
        if let (Some(basis), Value::Object(more)) = (basis.as_object_mut(), more) {
            basis.insert("categories".to_owned(), json!(categories));
            basis.insert("purposes".to_owned(), json!([purpose]));
            basis.insert("recipients".to_owned(), json!([recipient]));
            basis.extend(more);
        }
        basis
    };
    let files = ["household.composition", "pensions.career"];
    json!([
        basis(&BASIS, &files, "pension.calculation", pension_office, json!({})),
        basis(&EMERGENCY, &["health.summary"], "care", hospital, json!({"emergency": true})),
    ])
}
