//! The schemes of identifiers that the catalogues of the test ledgers have.

use serde_json::{Value, json};

/// NISS for persons, KBO for whoever has an enterprise number, eIDAS for persons from elsewhere, VAT numbers for organisations
/// from elsewhere.
#[must_use]
pub fn schemes() -> Value {
    let signs = ["+", "-", ".", "/", ":", "=", "_", "digits", "lower", "upper"];
    json!([
        scheme("niss", &["person"], json!({"characters": ["digits"], "min": 11, "max": 11, "check": "niss"})),
        scheme(
            "kbo",
            &["institution", "organisation"],
            json!({"characters": ["digits"], "min": 10, "max": 10, "check": "kbo"})
        ),
        scheme(
            "eidas",
            &["person"],
            json!({"prefix": "countries", "characters": signs, "min": 1, "max": 128})
        ),
        scheme(
            "vat",
            &["organisation"],
            json!({"prefix": "country", "characters": ["*", "+", "digits", "upper"], "min": 2, "max": 12})
        ),
    ])
}

/// A row of a catalogue's `schemes`.
#[must_use]
pub fn scheme(code: &str, party_types: &[&str], form: Value) -> Value {
    let title = json!({"de": code, "en": code, "fr": code, "nl": code});
    json!({"code": code, "title": title, "party_types": party_types, "form": form})
}
