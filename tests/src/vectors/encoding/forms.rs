//! Forms of identifiers: those of the spec's table, each with values that are of it and values with one thing wrong; and
//! objects that are no form.

use crate::vectors::Case;
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [values(), shapes()].concat()
}

fn case(name: &str, reason: &str, expect: &str, form: Value, value: &str) -> Case {
    let members = json!({"type": "form", "form": form, "value": value});
    Case::new(&format!("form-{name}"), reason, expect, members)
}

fn values() -> Vec<Case> {
    let niss = json!({"characters": ["digits"], "min": 11, "max": 11, "check": "niss"});
    let kbo = json!({"characters": ["digits"], "min": 10, "max": 10, "check": "kbo"});
    let signs = ["+", "-", ".", "/", ":", "=", "_", "digits", "lower", "upper"];
    let eidas = json!({"prefix": "countries", "characters": signs, "min": 1, "max": 128});
    let vat = json!({"prefix": "country", "characters": ["*", "+", "digits", "upper"], "min": 2, "max": 12});
    let lei = json!({"characters": ["digits", "upper"], "min": 20, "max": 20, "check": "mod97"});
    let plain = json!({"characters": ["digits", "upper"], "min": 4, "max": 8});
    let (longest, longer) = (format!("ES/BE/{}", "x".repeat(128)), format!("ES/BE/{}", "x".repeat(129)));
    let table: &[(&str, &str, &str, &Value, &str)] = &[
        ("niss", "A NISS.", "accept", &niss, "75061200192"),
        ("niss-bis", "A BIS number is of the same form.", "accept", &niss, "88422999979"),
        ("niss-check", "A check digit is changed.", "form_check", &niss, "75061200193"),
        ("niss-separators", "A form folds no spellings.", "form_characters", &niss, "75.06.12-001.92"),
        ("kbo", "A KBO number.", "accept", &kbo, "0440966354"),
        ("kbo-check", "A check digit is changed.", "form_check", &kbo, "0440966355"),
        ("kbo-9", "Nine digits.", "form_length", &kbo, "440966354"),
        ("eidas", "Two countries and the rest.", "accept", &eidas, "ES/BE/02635542Y"),
        ("eidas-base64", "The rest has slashes too.", "accept", &eidas, "AT/BE/a+b/c=="),
        ("eidas-longest", "128 characters after the prefix.", "accept", &eidas, &longest),
        ("eidas-too-long", "129 characters after the prefix.", "form_length", &eidas, &longer),
        ("eidas-nothing", "Nothing after the prefix.", "form_length", &eidas, "ES/BE/"),
        ("eidas-one-country", "One country.", "form_prefix", &eidas, "ES/02635542Y"),
        ("eidas-lower", "A country in lower case.", "form_prefix", &eidas, "ES/be/02635542Y"),
        ("eidas-three-letters", "A country of three letters.", "form_prefix", &eidas, "ESP/BE/02635542Y"),
        ("eidas-hyphens", "No slashes.", "form_prefix", &eidas, "ES-BE-02635542Y"),
        ("eidas-space", "A space.", "form_characters", &eidas, "ES/BE/0263 5542"),
        ("vat", "A country and digits.", "accept", &vat, "BE0440966354"),
        ("vat-signs", "A sign that is in the set.", "accept", &vat, "IE1A23456+"),
        ("vat-no-country", "No country.", "form_prefix", &vat, "0440966354"),
        ("vat-other-sign", "A sign that is not in the set.", "form_characters", &vat, "BE0440.966"),
        ("vat-too-short", "One character.", "form_length", &vat, "FR1"),
        ("lei", "An LEI.", "accept", &lei, "0000FICTIONALORG0112"),
        ("lei-check", "Two characters changed places.", "form_check", &lei, "0000FICTIONALORG0121"),
        ("plain", "Letters and digits.", "accept", &plain, "AB12"),
        ("plain-lower", "A letter of the other case.", "form_characters", &plain, "Ab12"),
        ("plain-short", "Three characters.", "form_length", &plain, "AB1"),
        ("plain-long", "Nine characters.", "form_length", &plain, "AB1234567"),
        ("first-prefix", "The prefix is looked at first.", "form_prefix", &vat, "be.1"),
        ("then-characters", "The characters come before the length.", "form_characters", &plain, "é"),
    ];
    table
        .iter()
        .map(|(name, reason, expect, form, value)| case(name, reason, expect, (*form).clone(), value))
        .collect()
}

/// Objects that are no form, each with one thing wrong.
fn shapes() -> Vec<Case> {
    let good = json!({"characters": ["digits"], "min": 1, "max": 9});
    let but = |member: &str, value: Value| {
        let mut form = good.clone();
        form[member] = value;
        form
    };
    let without = |member: &str| {
        let mut form = good.clone();
        form.as_object_mut().unwrap().remove(member);
        form
    };
    let wrong: &[(&str, &str, Value)] = &[
        ("characters-none", "There are no characters.", but("characters", json!([]))),
        ("characters-unknown", "No such class.", but("characters", json!(["letters"]))),
        ("characters-letter", "A letter is no sign.", but("characters", json!(["a"]))),
        ("characters-space", "A space is no sign.", but("characters", json!([" "]))),
        ("characters-beyond", "A sign beyond ASCII.", but("characters", json!(["€"]))),
        ("characters-order", "They descend.", but("characters", json!(["upper", "digits"]))),
        ("characters-double", "One stands twice.", but("characters", json!(["-", "-"]))),
        ("min-0", "min is 0.", but("min", json!(0))),
        ("max-below", "max is below min.", but("max", json!(0))),
        ("max-257", "max is above 256.", but("max", json!(257))),
        ("check-unknown", "No such rule.", but("check", json!("luhn"))),
        ("prefix-unknown", "No such prefix.", but("prefix", json!("[A-Z]+"))),
    ];
    let wrong = wrong.iter().map(|(name, reason, form)| {
        case(&format!("wrong-{name}"), reason, "member_mistyped", form.clone(), "1")
    });
    let missing = ["characters", "min", "max"].into_iter().map(|member| {
        let reason = format!("There is no {member}.");
        case(&format!("without-{member}"), &reason, "member_missing", without(member), "1")
    });
    let more = case("more", "A member more.", "member_unknown", but("pattern", json!("[0-9]+")), "1");
    let most = case("max-256", "max is 256.", "accept", but("max", json!(256)), "1");
    wrong.chain(missing).chain([more, most]).collect()
}
