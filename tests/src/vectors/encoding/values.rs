//! Disclosures, days, identifiers.

use super::with;
use crate::vectors::Case;
use procura_core::b64;
use procura_core::hash::sha256;
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [disclosed(), digests(), disclosures(), days(), instants(), identifiers()].concat()
}

/// base64url of a disclosure's JSON.
fn text(salt: u8, name: &str, value: &Value) -> String {
    b64::encode(format!(r#"["{}","{name}",{value}]"#, b64::encode(&[salt; 16])).as_bytes())
}

/// The payload whose `_sd` holds the digests of `texts`.
fn payload(texts: &[String]) -> Value {
    let mut digests: Vec<String> = texts.iter().map(|text| sha256(&[text.as_bytes()]).to_string()).collect();
    digests.sort_unstable();
    json!({ "_sd": digests, "v": 1 })
}

fn of_set(name: &str, reason: &str, expect: &str, mode: &str, payload: &Value, texts: &[String]) -> Case {
    let members = json!({ "type": "disclosures", "mode": mode, "payload": payload, "disclosures": texts });
    Case::new(&format!("disclosures-{name}"), reason, expect, members)
}

fn disclosed() -> Vec<Case> {
    let (ann, city) = (text(1, "name", &json!("Ann")), text(2, "address", &json!({ "city": "Ghent" })));
    let both = [ann.clone(), city.clone()];
    let (one, fits) = ([ann.clone()], payload(&both));
    let clear = with(fits.clone(), "name", "Bob");
    let surplus = [ann.clone(), city.clone(), text(3, "x", &json!(1))];
    let twice = [ann.clone(), text(2, "name", &json!("Bob"))];
    let changed = [text(1, "name", &json!("Eve"))];
    let stating = |case: Case, members: Value| Case { body: with(case.body, "members", members), ..case };
    let whole = json!({ "name": "Ann", "address": { "city": "Ghent" } });
    vec![
        stating(of_set("all", "Every digest is disclosed.", "accept", "admission", &fits, &both), whole),
        stating(
            of_set("none", "A payload without _sd has none.", "accept", "admission", &json!({ "v": 1 }), &[]),
            json!({}),
        ),
        stating(
            of_set("some", "A presentation may withhold.", "accept", "presentation", &fits, &one),
            json!({ "name": "Ann" }),
        ),
        of_set("missing", "Admission may not.", "disclosure_missing", "admission", &fits, &one),
        of_set("surplus", "A disclosure of no digest.", "disclosure_surplus", "admission", &fits, &surplus),
        of_set(
            "changed",
            "A disclosed value is changed.",
            "disclosure_surplus",
            "presentation",
            &fits,
            &changed,
        ),
        of_set(
            "without-sd",
            "A disclosure, but no _sd.",
            "disclosure_surplus",
            "presentation",
            &json!({ "v": 1 }),
            &both,
        ),
        of_set(
            "repeated",
            "A disclosure is there twice.",
            "disclosure_repeated",
            "presentation",
            &fits,
            &[ann.clone(), ann],
        ),
        of_set(
            "in-clear",
            "The name stands in clear too.",
            "disclosure_in_clear",
            "admission",
            &clear,
            &both,
        ),
        of_set(
            "name-twice",
            "Two disclosures bear one name.",
            "disclosure_name_twice",
            "admission",
            &payload(&twice),
            &twice,
        ),
    ]
}

fn digests() -> Vec<Case> {
    let digest = |byte: u8| b64::encode(&[byte; 32]);
    let many: Vec<String> = (0..65).map(|byte| digest(byte * 3)).collect();
    let rows: [(&str, &str, &str, Value); 11] = [
        (
            "order-text",
            "Digests ascend as text: `-` precedes `A`, though its bytes are greater.",
            "accept",
            json!({ "_sd": [digest(0xfb), digest(0)] }),
        ),
        (
            "order-bytes",
            "They ascend as bytes only.",
            "sd_digest_order",
            json!({ "_sd": [digest(0), digest(0xfb)] }),
        ),
        (
            "order-equal",
            "A digest is there twice.",
            "sd_digest_order",
            json!({ "_sd": [digest(1), digest(1)] }),
        ),
        ("sd-empty", "_sd is empty.", "sd_digests", json!({ "_sd": [] })),
        ("sd-string", "_sd is no array.", "sd_digests", json!({ "_sd": digest(1) })),
        ("sd-null", "_sd is null.", "sd_digests", json!({ "_sd": null })),
        ("sd-short", "A digest has 3 bytes.", "sd_digests", json!({ "_sd": ["AAAA"] })),
        ("sd-padding", "A digest is padded.", "sd_digests", json!({ "_sd": [format!("{}=", digest(1))] })),
        ("sd-65", "There are 65 digests.", "sd_digests", json!({ "_sd": many })),
        ("nested", "_sd stands deeper.", "sd_nested", json!({ "a": { "_sd": [digest(1)] } })),
        ("array-item", "An array's item is a digest.", "sd_nested", json!({ "a": [{ "...": digest(1) }] })),
    ];
    rows.iter()
        .map(|(name, reason, expect, payload)| of_set(name, reason, expect, "presentation", payload, &[]))
        .collect()
}

fn disclosures() -> Vec<Case> {
    let salt = b64::encode(&[7; 16]);
    let (short, long) = (b64::encode(&[7; 15]), b64::encode(&[7; 65]));
    let large = "x".repeat(12 * 1024);
    let rows: [(&str, &str, &str, String); 20] = [
        ("value-null", "A value is any JSON.", "accept", format!(r#"["{salt}","name",null]"#)),
        ("spaced", "The array is spaced.", "disclosure_json", format!(r#"["{salt}", "name","Ann"]"#)),
        (
            "value-order",
            "The value is not canonical.",
            "disclosure_json",
            format!(r#"["{salt}","name",{{"b":1,"a":1}}]"#),
        ),
        (
            "value-duplicate",
            "The value has a member twice.",
            "disclosure_json",
            format!(r#"["{salt}","name",{{"a":1,"a":1}}]"#),
        ),
        (
            "value-fraction",
            "The value has a fraction.",
            "disclosure_json",
            format!(r#"["{salt}","name",1.5]"#),
        ),
        (
            "value-range",
            "The value is 2^53.",
            "disclosure_json",
            format!(r#"["{salt}","name",9007199254740992]"#),
        ),
        ("object", "It is no array.", "disclosure_json", r#"{"a":1}"#.to_owned()),
        ("two", "It is an array item's disclosure.", "disclosure_shape", format!(r#"["{salt}","Ann"]"#)),
        ("four", "It has a fourth item.", "disclosure_shape", format!(r#"["{salt}","name","Ann",1]"#)),
        ("name-number", "The name is a number.", "disclosure_shape", format!(r#"["{salt}",1,"Ann"]"#)),
        ("salt-number", "The salt is a number.", "disclosure_shape", r#"[1,"name","Ann"]"#.to_owned()),
        ("salt-short", "The salt has 120 bits.", "disclosure_salt", format!(r#"["{short}","name","Ann"]"#)),
        ("salt-long", "The salt has 65 bytes.", "disclosure_salt", format!(r#"["{long}","name","Ann"]"#)),
        ("salt-padding", "The salt is padded.", "disclosure_salt", format!(r#"["{salt}==","name","Ann"]"#)),
        ("reserved-sd", "The name is _sd.", "disclosure_reserved", format!(r#"["{salt}","_sd",1]"#)),
        (
            "reserved-dots",
            "The name is an ellipsis.",
            "disclosure_reserved",
            format!(r#"["{salt}","...",1]"#),
        ),
        (
            "reserved-kind",
            "The name is kind.",
            "disclosure_reserved",
            format!(r#"["{salt}","kind","mandate"]"#),
        ),
        (
            "reserved-target",
            "The name is target.",
            "disclosure_reserved",
            format!(r#"["{salt}","target","a"]"#),
        ),
        ("value-sd", "The value holds digests.", "sd_nested", format!(r#"["{salt}","name",{{"_sd":[]}}]"#)),
        (
            "large",
            "The text has over 16 KiB.",
            "disclosure_too_large",
            format!(r#"["{salt}","name","{large}"]"#),
        ),
    ];
    let mut cases: Vec<Case> = rows
        .iter()
        .map(|(name, reason, expect, json)| {
            let texts = [b64::encode(json.as_bytes())];
            of_set(&format!("one-{name}"), reason, expect, "admission", &payload(&texts), &texts)
        })
        .collect();
    let padded = [format!("{}=", text(1, "a", &json!(1)))];
    let reason = "The text is padded.";
    cases.push(of_set("one-padding", reason, "disclosure_base64", "admission", &payload(&padded), &padded));
    cases
}

fn days() -> Vec<Case> {
    // Name, reason, day, first instant, instant after.
    let taken: &[(&str, &str, &str, u64, u64)] = &[
        (
            "winter",
            "Winter time is an hour ahead of UTC.",
            "2026-01-15",
            1_768_431_600_000,
            1_768_518_000_000,
        ),
        ("summer", "Summer time is two.", "2026-07-21", 1_784_584_800_000, 1_784_671_200_000),
        ("spring", "The day has 23 hours.", "2026-03-29", 1_774_738_800_000, 1_774_821_600_000),
        ("autumn", "The day has 25 hours.", "2026-10-25", 1_792_879_200_000, 1_792_969_200_000),
        ("leap", "2024 has a 29 February.", "2024-02-29", 1_709_161_200_000, 1_709_247_600_000),
        ("leap-2000", "So has 2000.", "2000-02-29", 951_778_800_000, 951_865_200_000),
        ("epoch", "A day that starts before 1970 in UTC starts at 0.", "1970-01-01", 0, 82_800_000),
        ("before-epoch", "A day before starts and ends at 0.", "1900-01-01", 0, 0),
        ("last", "The last day ends.", "9999-12-31", 253_402_210_800_000, 253_402_297_200_000),
    ];
    let refused: &[(&str, &str, &str, &str)] = &[
        ("short", "A digit is missing.", "day_form", "2026-1-01"),
        ("basic", "The basic form.", "day_form", "20260101"),
        ("time", "A time follows.", "day_form", "2026-01-01T00:00"),
        ("space", "A space follows.", "day_form", "2026-01-01 "),
        ("sign", "A year has a sign.", "day_form", "+026-01-01"),
        ("year-1899", "The year is before 1900.", "day_year", "1899-12-31"),
        ("no-leap", "2026 has no 29 February.", "day_calendar", "2026-02-29"),
        ("no-leap-1900", "Nor has 1900.", "day_calendar", "1900-02-29"),
        ("april-31", "April has 30 days.", "day_calendar", "2026-04-31"),
        ("month-13", "There is no month 13.", "day_calendar", "2026-13-01"),
        ("day-0", "There is no day 0.", "day_calendar", "2026-01-00"),
    ];
    let taken = taken.iter().map(|(name, reason, day, first, after)| {
        let members = json!({ "type": "day", "day": day, "first_instant": first, "instant_after": after });
        Case::new(&format!("day-{name}"), reason, "accept", members)
    });
    let refused = refused.iter().map(|(name, reason, expect, day)| {
        Case::new(&format!("day-{name}"), reason, expect, json!({ "type": "day", "day": day }))
    });
    taken.chain(refused).collect()
}

fn instants() -> Vec<Case> {
    let rows: &[(&str, &str, &str, u64, &str)] = &[
        ("zero", "1970 had begun in Brussels.", "accept", 0, "1970-01-01"),
        (
            "last-of-spring",
            "The last millisecond of a day of 23 hours.",
            "accept",
            1_774_821_599_999,
            "2026-03-29",
        ),
        ("after-spring", "The first of the next.", "accept", 1_774_821_600_000, "2026-03-30"),
        (
            "last-of-autumn",
            "The last millisecond of a day of 25 hours.",
            "accept",
            1_792_969_199_999,
            "2026-10-25",
        ),
        ("last-of-all", "The last millisecond of 9999.", "accept", 253_402_297_199_999, "9999-12-31"),
        ("after-9999", "No day follows 9999.", "day_after_9999", 253_402_297_200_000, ""),
    ];
    rows.iter()
        .map(|(name, reason, expect, instant, day)| {
            let members = json!({ "type": "day", "instant": instant, "day": day });
            Case::new(&format!("instant-{name}"), reason, expect, members)
        })
        .collect()
}

fn identifiers() -> Vec<Case> {
    let taken: &[[&str; 4]] = &[
        ["niss", "Born before 2000.", "niss:75061200192", "niss:75061200192"],
        [
            "niss-2000",
            "Born since: the check is over a 2 before the nine digits.",
            "niss:15061500231",
            "niss:15061500231",
        ],
        ["niss-bis-20", "BIS, month + 20.", "niss:88222999936", "niss:88222999936"],
        ["niss-bis-40", "BIS, month + 40.", "niss:88422999979", "niss:88422999979"],
        ["niss-bis-2000", "BIS, born since 2000.", "niss:08422999977", "niss:08422999977"],
        [
            "niss-unknown-date",
            "Month 0: the birth date is not known.",
            "niss:75000000122",
            "niss:75000000122",
        ],
        [
            "niss-separators",
            "Points, hyphens and spaces are dropped.",
            "niss:75.06.12-001 92",
            "niss:75061200192",
        ],
        ["kbo", "Ten digits.", "kbo:0440966354", "kbo:0440966354"],
        ["kbo-1", "Starting with 1.", "kbo:1000000021", "kbo:1000000021"],
        ["kbo-9", "Nine digits get a 0 before.", "kbo:440.966.354", "kbo:0440966354"],
        ["open", "Another scheme's value is taken as it is.", "eidas:BE/NL/12:3 4", "eidas:BE/NL/12:3 4"],
    ];
    let refused: &[[&str; 4]] = &[
        ["no-colon", "No scheme.", "identifier_form", "75061200192"],
        ["scheme-empty", "The scheme is empty.", "identifier_scheme", ":75061200192"],
        ["scheme-party", "So a request names a party by its id.", "identifier_scheme", "party:a"],
        ["scheme-capital", "The scheme is in capitals.", "identifier_scheme", "NISS:75061200192"],
        [
            "scheme-synonym",
            "SSIN is NISS: one person, one scheme.",
            "identifier_scheme_name",
            "ssin:75061200192",
        ],
        ["niss-10", "Ten digits.", "niss_length", "niss:7506120019"],
        ["niss-letter", "A letter.", "niss_length", "niss:7506120019a"],
        ["niss-month-13", "Month 13.", "niss_month", "niss:75131200100"],
        ["niss-month-33", "Month 33.", "niss_month", "niss:75331200100"],
        ["niss-month-60", "Month 60.", "niss_month", "niss:75601200100"],
        ["niss-day-32", "Day 32.", "niss_day", "niss:75063200100"],
        ["niss-check", "A check digit is changed.", "niss_check", "niss:75061200193"],
        ["kbo-8", "Eight digits.", "kbo_length", "kbo:44096635"],
        ["kbo-country", "A country's letters.", "kbo_length", "kbo:BE0440966354"],
        ["kbo-2", "Starting with 2.", "kbo_first_digit", "kbo:2000000042"],
        ["kbo-check", "A check digit is changed.", "kbo_check", "kbo:0440966355"],
        ["open-empty", "No value.", "identifier_value", "eidas:"],
        ["open-space", "A space at the end.", "identifier_value", "eidas:a "],
        ["open-letter", "A letter beyond ASCII.", "identifier_value", "eidas:é"],
    ];
    let taken = taken.iter().map(|[name, reason, identifier, normal]| {
        let members = json!({ "type": "identifier", "identifier": identifier, "normal": normal });
        Case::new(&format!("identifier-{name}"), reason, "accept", members)
    });
    let refused = refused.iter().map(|[name, reason, expect, identifier]| {
        let members = json!({ "type": "identifier", "identifier": identifier });
        Case::new(&format!("identifier-{name}"), reason, expect, members)
    });
    taken.chain(refused).collect()
}
