//! Under what identifiers parties are registered in the demo. Rows of its catalogue: another country's numbers come with another
//! version of it.

use serde_json::{Value, json};

/// Code, French, Dutch, German, English, the types of party.
type Scheme = (&'static str, &'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

const NISS: Scheme = (
    "niss",
    "Numéro d'identification de la sécurité sociale (NISS, BIS compris)",
    "Identificatienummer van de sociale zekerheid (INSZ, ook BIS)",
    "Identifizierungsnummer der sozialen Sicherheit (auch BIS)",
    "Social security identification number (NISS, BIS included)",
    &["person"],
);
const KBO: Scheme = (
    "kbo",
    "Numéro d'entreprise (BCE)",
    "Ondernemingsnummer (KBO)",
    "Unternehmensnummer (ZDU)",
    "Enterprise number (CBE)",
    &["institution", "organisation"],
);
const EIDAS: Scheme = (
    "eidas",
    "Identifiant eIDAS d'un autre pays",
    "eIDAS-identificatie van een ander land",
    "eIDAS-Kennung eines anderen Landes",
    "eIDAS identifier from another country",
    &["person"],
);
const DEMO: Scheme = (
    "demo",
    "Institution fictive de la démonstration",
    "Fictieve instelling van de demo",
    "Fiktive Einrichtung der Vorführung",
    "Fictional institution of the demo",
    &["institution"],
);

/// The rows.
pub(super) fn schemes() -> Value {
    let signs = ["+", "-", ".", "/", ":", "=", "_", "digits", "lower", "upper"];
    json!([
        row(&NISS, json!({"characters": ["digits"], "min": 11, "max": 11, "check": "niss"})),
        row(&KBO, json!({"characters": ["digits"], "min": 10, "max": 10, "check": "kbo"})),
        row(&EIDAS, json!({"prefix": "countries", "characters": signs, "min": 1, "max": 128})),
        row(&DEMO, json!({"characters": ["-", "lower"], "min": 1, "max": 40})),
    ])
}

fn row((code, fr, nl, de, en, party_types): &Scheme, form: Value) -> Value {
    let title = json!({"de": de, "en": en, "fr": fr, "nl": nl});
    json!({"code": code, "title": title, "party_types": party_types, "form": form})
}
