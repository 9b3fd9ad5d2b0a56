//! Conditions as a record has them, and as sentences.

use super::{AT, Case, amount};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [accepted(), sentences(), refused()].concat()
}

/// Accepted: what it says in each language is stated.
fn told(name: &str, reason: &str, conditions: Value, [de, en, fr, nl]: [&[&str]; 4]) -> Case {
    let sentences = json!({"de": de, "en": en, "fr": fr, "nl": nl});
    let members = json!({"type": "read", "conditions": conditions, "sentences": sentences});
    Case::new(&format!("read-{name}"), reason, "accept", members)
}

fn refuse(name: &str, reason: &str, conditions: Value, expect: &str, pointer: &str) -> Case {
    let members = json!({"type": "read", "conditions": conditions, "pointer": pointer});
    Case::new(&format!("read-{name}"), reason, expect, members)
}

/// One of each type.
fn accepted() -> Vec<Case> {
    vec![
        told(
            "equals",
            "A text, compared as it is.",
            json!([{"type": "equals", "of": "context", "property": "channel", "value": "counter"}]),
            [
                &["Nur wenn „channel“ der Umstände „counter“ ist."],
                &["Only if “channel” of the circumstances is “counter”."],
                &["Seulement si «\u{a0}channel\u{a0}» des circonstances est «\u{a0}counter\u{a0}»."],
                &["Alleen als “channel” van de omstandigheden “counter” is."],
            ],
        ),
        told(
            "equals-boolean",
            "A boolean.",
            json!([{"type": "equals", "of": "action", "property": "urgent", "value": true}]),
            [
                &["Nur wenn „urgent“ der Handlung wahr ist."],
                &["Only if “urgent” of the action is true."],
                &["Seulement si «\u{a0}urgent\u{a0}» de l’action est vrai."],
                &["Alleen als “urgent” van de handeling waar is."],
            ],
        ),
        told(
            "equals-integer",
            "The smallest integer.",
            json!([amount("equals", json!({"value": -9_007_199_254_740_991_i64}))]),
            [
                &["Nur wenn „amount“ des Angefragten -9007199254740991 ist."],
                &["Only if “amount” of what is asked for is -9007199254740991."],
                &["Seulement si «\u{a0}amount\u{a0}» de ce qui est demandé est -9007199254740991."],
                &["Alleen als “amount” van wat wordt gevraagd -9007199254740991 is."],
            ],
        ),
        told(
            "one-of",
            "Three texts, ascending by their bytes.",
            json!([{"type": "one_of", "of": "subject", "property": "role", "values": ["B", "a", "é"]}]),
            [
                &["Nur wenn „role“ der handelnden Partei „B“, „a“ oder „é“ ist."],
                &["Only if “role” of the acting party is “B”, “a” or “é”."],
                &[
                    "Seulement si «\u{a0}role\u{a0}» de la partie qui agit est «\u{a0}B\u{a0}», «\u{a0}a\u{a0}» ou «\u{a0}é\u{a0}».",
                ],
                &["Alleen als “role” van de handelende partij “B”, “a” of “é” is."],
            ],
        ),
        told(
            "one-of-booleans",
            "Whatever is a boolean.",
            json!([{"type": "one_of", "of": "context", "property": "known", "values": [false, true]}]),
            [
                &["Nur wenn „known“ der Umstände falsch oder wahr ist."],
                &["Only if “known” of the circumstances is false or true."],
                &["Seulement si «\u{a0}known\u{a0}» des circonstances est faux ou vrai."],
                &["Alleen als “known” van de omstandigheden onwaar of waar is."],
            ],
        ),
        told(
            "one-of-one",
            "One value is no list.",
            json!([amount("one_of", json!({"values": [5]}))]),
            [
                &["Nur wenn „amount“ des Angefragten 5 ist."],
                &["Only if “amount” of what is asked for is 5."],
                &["Seulement si «\u{a0}amount\u{a0}» de ce qui est demandé est 5."],
                &["Alleen als “amount” van wat wordt gevraagd 5 is."],
            ],
        ),
        told(
            "range",
            "Both bounds, the same one.",
            json!([amount("range", json!({"min": 7, "max": 7}))]),
            [
                &["Nur wenn „amount“ des Angefragten mindestens 7 und höchstens 7 ist."],
                &["Only if “amount” of what is asked for is at least 7 and at most 7."],
                &["Seulement si «\u{a0}amount\u{a0}» de ce qui est demandé est au moins 7 et au plus 7."],
                &["Alleen als “amount” van wat wordt gevraagd ten minste 7 en ten hoogste 7 is."],
            ],
        ),
        told(
            "purpose",
            "The request's purpose.",
            json!([{"type": "purpose", "purposes": ["declare", "read"]}]),
            [
                &["Nur für den Zweck „declare“ oder „read“."],
                &["Only for the purpose “declare” or “read”."],
                &["Seulement pour la finalité «\u{a0}declare\u{a0}» ou «\u{a0}read\u{a0}»."],
                &["Alleen voor het doel “declare” of “read”."],
            ],
        ),
        told(
            "several",
            "All must hold; they keep their order.",
            json!([
                {"type": "uses", "times": 1},
                amount("range", json!({"max": 50_000})),
                amount("range", json!({"min": 1})),
            ]),
            [
                &[
                    "Höchstens einmal insgesamt.",
                    "Nur wenn „amount“ des Angefragten höchstens 50000 ist.",
                    "Nur wenn „amount“ des Angefragten mindestens 1 ist.",
                ],
                &[
                    "At most once in all.",
                    "Only if “amount” of what is asked for is at most 50000.",
                    "Only if “amount” of what is asked for is at least 1.",
                ],
                &[
                    "Au plus une fois en tout.",
                    "Seulement si «\u{a0}amount\u{a0}» de ce qui est demandé est au plus 50000.",
                    "Seulement si «\u{a0}amount\u{a0}» de ce qui est demandé est au moins 1.",
                ],
                &[
                    "Ten hoogste één keer in totaal.",
                    "Alleen als “amount” van wat wordt gevraagd ten hoogste 50000 is.",
                    "Alleen als “amount” van wat wordt gevraagd ten minste 1 is.",
                ],
            ],
        ),
    ]
}

/// What is told with care: times, counts, and values that would end their quotation.
fn sentences() -> Vec<Case> {
    let before =
        |instant: u64| json!([{"type": "before", "of": "context", "property": "time", "instant": instant}]);
    let after =
        |instant: u64| json!([{"type": "after", "of": "context", "property": "time", "instant": instant}]);
    let uses = |per: &str| json!([{"type": "uses", "times": 12, "per": per}]);
    vec![
        told(
            "before-day",
            "The first instant of a day is that day; the first of the month is 1er in French.",
            before(1_796_079_600_000),
            [
                &["Nur wenn „time“ der Umstände vor dem 1. Dezember 2026 liegt."],
                &["Only if “time” of the circumstances is before 1 December 2026."],
                &["Seulement si «\u{a0}time\u{a0}» des circonstances est avant le 1er décembre 2026."],
                &["Alleen als “time” van de omstandigheden vóór 1 december 2026 valt."],
            ],
        ),
        told(
            "after-time",
            "Another instant has its time.",
            after(AT),
            [
                &[
                    "Nur wenn „time“ der Umstände nicht vor dem 23. November 2026 um 10:00 Uhr (belgische Zeit, UTC+1) liegt.",
                ],
                &[
                    "Only if “time” of the circumstances is not before 23 November 2026 at 10:00 (Belgian time, UTC+1).",
                ],
                &[
                    "Seulement si «\u{a0}time\u{a0}» des circonstances n’est pas avant le 23 novembre 2026 à 10:00 (heure belge, UTC+1).",
                ],
                &[
                    "Alleen als “time” van de omstandigheden niet vóór 23 november 2026 om 10:00 uur (Belgische tijd, UTC+1) valt.",
                ],
            ],
        ),
        told(
            "before-millisecond",
            "In the hour that comes twice, the first time; to the millisecond.",
            before(1_792_888_205_007),
            [
                &[
                    "Nur wenn „time“ der Umstände vor dem 25. Oktober 2026 um 02:30:05.007 Uhr (belgische Zeit, UTC+2) liegt.",
                ],
                &[
                    "Only if “time” of the circumstances is before 25 October 2026 at 02:30:05.007 (Belgian time, UTC+2).",
                ],
                &[
                    "Seulement si «\u{a0}time\u{a0}» des circonstances est avant le 25 octobre 2026 à 02:30:05.007 (heure belge, UTC+2).",
                ],
                &[
                    "Alleen als “time” van de omstandigheden vóór 25 oktober 2026 om 02:30:05.007 uur (Belgische tijd, UTC+2) valt.",
                ],
            ],
        ),
        told(
            "before-second",
            "The same hour, the second time.",
            before(1_792_891_805_000),
            [
                &[
                    "Nur wenn „time“ der Umstände vor dem 25. Oktober 2026 um 02:30:05 Uhr (belgische Zeit, UTC+1) liegt.",
                ],
                &[
                    "Only if “time” of the circumstances is before 25 October 2026 at 02:30:05 (Belgian time, UTC+1).",
                ],
                &[
                    "Seulement si «\u{a0}time\u{a0}» des circonstances est avant le 25 octobre 2026 à 02:30:05 (heure belge, UTC+1).",
                ],
                &[
                    "Alleen als “time” van de omstandigheden vóór 25 oktober 2026 om 02:30:05 uur (Belgische tijd, UTC+1) valt.",
                ],
            ],
        ),
        told(
            "before-last",
            "The last instant that has a day.",
            before(253_402_297_199_999),
            [
                &[
                    "Nur wenn „time“ der Umstände vor dem 31. Dezember 9999 um 23:59:59.999 Uhr (belgische Zeit, UTC+1) liegt.",
                ],
                &[
                    "Only if “time” of the circumstances is before 31 December 9999 at 23:59:59.999 (Belgian time, UTC+1).",
                ],
                &[
                    "Seulement si «\u{a0}time\u{a0}» des circonstances est avant le 31 décembre 9999 à 23:59:59.999 (heure belge, UTC+1).",
                ],
                &[
                    "Alleen als “time” van de omstandigheden vóór 31 december 9999 om 23:59:59.999 uur (Belgische tijd, UTC+1) valt.",
                ],
            ],
        ),
        told(
            "uses-day",
            "So often a day.",
            uses("day"),
            [
                &["Höchstens 12-mal pro Tag."],
                &["At most 12 times in a day."],
                &["Au plus 12 fois par jour."],
                &["Ten hoogste 12 keer per dag."],
            ],
        ),
        told(
            "uses-month",
            "So often a month.",
            uses("month"),
            [
                &["Höchstens 12-mal pro Kalendermonat."],
                &["At most 12 times in a calendar month."],
                &["Au plus 12 fois par mois civil."],
                &["Ten hoogste 12 keer per kalendermaand."],
            ],
        ),
        told(
            "uses-quarter",
            "So often a quarter.",
            uses("quarter"),
            [
                &["Höchstens 12-mal pro Kalenderquartal."],
                &["At most 12 times in a calendar quarter."],
                &["Au plus 12 fois par trimestre civil."],
                &["Ten hoogste 12 keer per kalenderkwartaal."],
            ],
        ),
        told(
            "uses-year",
            "So often a year.",
            uses("year"),
            [
                &["Höchstens 12-mal pro Kalenderjahr."],
                &["At most 12 times in a calendar year."],
                &["Au plus 12 fois par année civile."],
                &["Ten hoogste 12 keer per kalenderjaar."],
            ],
        ),
        told(
            "quotes",
            "A value that would end its quotation, in any language, cannot.",
            json!([amount("equals", json!({"value": "a” or “b» «c\" „d\\"}))]),
            [
                &["Nur wenn „amount“ des Angefragten „a\\” or \\“b\\» \\«c\\\" \\„d\\\\“ ist."],
                &["Only if “amount” of what is asked for is “a\\” or \\“b\\» \\«c\\\" \\„d\\\\”."],
                &[
                    "Seulement si «\u{a0}amount\u{a0}» de ce qui est demandé est «\u{a0}a\\” or \\“b\\» \\«c\\\" \\„d\\\\\u{a0}».",
                ],
                &["Alleen als “amount” van wat wordt gevraagd “a\\” or \\“b\\» \\«c\\\" \\„d\\\\” is."],
            ],
        ),
    ]
}

fn refused() -> Vec<Case> {
    let wrong = |name: &str, reason: &str, condition: Value, pointer: &str| {
        refuse(name, reason, json!([condition]), "member_mistyped", &format!("/conditions/0{pointer}"))
    };
    let many = |count: i64| {
        Value::from((0..count).map(|n| amount("equals", json!({"value": n}))).collect::<Vec<_>>())
    };
    let all = |name: &str, reason: &str, conditions: Value| {
        refuse(name, reason, conditions, "member_mistyped", "/conditions")
    };
    let uses = |times: Value| json!({"type": "uses", "times": times});
    let before =
        |instant: Value| json!({"type": "before", "of": "context", "property": "time", "instant": instant});
    let named =
        |of: &str, property: &str| json!({"type": "equals", "of": of, "property": property, "value": 1});
    vec![
        all("none", "No conditions: then there is no such member.", json!([])),
        all("object", "One condition is no array of one.", json!({"type": "uses", "times": 1})),
        all("seventeen", "More than 16.", many(17)),
        all(
            "double",
            "The same condition twice.",
            json!([uses(json!(1)), amount("equals", json!({"value": 1})), uses(json!(1))]),
        ),
        all("two-uses", "Two conditions of the type uses.", json!([uses(json!(1)), uses(json!(2))])),
        wrong(
            "unknown-type",
            "A type that is not on the page.",
            json!({"type": "script", "value": "1"}),
            "/type",
        ),
        wrong("type-case", "Types have one spelling.", amount("Equals", json!({"value": 1})), "/type"),
        refuse(
            "no-type",
            "A type must be stated.",
            json!([{"of": "resource"}]),
            "member_missing",
            "/conditions/0/type",
        ),
        refuse(
            "surplus",
            "A member that the type does not have.",
            json!([amount("equals", json!({"value": 1, "not": true}))]),
            "member_unknown",
            "/conditions/0/not",
        ),
        refuse(
            "no-property",
            "before speaks of a property; the instant decided for is the validity's matter.",
            json!([{"type": "before", "instant": AT}]),
            "member_missing",
            "/conditions/0/of",
        ),
        refuse(
            "no-value",
            "Nothing to compare with.",
            json!([amount("equals", json!({}))]),
            "member_missing",
            "/conditions/0/value",
        ),
        wrong("of", "No such part of a request.", named("environment", "x"), "/of"),
        wrong("property-capital", "A property's name is a code.", named("resource", "Amount"), "/property"),
        wrong(
            "property-on-behalf-of",
            "It says who is meant.",
            named("context", "on_behalf_of"),
            "/property",
        ),
        wrong("property-with", "It says who is meant.", named("context", "together_with"), "/property"),
        wrong("value-null", "Nothing is no value.", amount("equals", json!({"value": null})), "/value"),
        wrong("value-array", "Several values are one_of.", amount("equals", json!({"value": [1]})), "/value"),
        wrong("value-empty", "An empty text.", amount("equals", json!({"value": ""})), "/value"),
        wrong("value-long", "256 characters.", amount("equals", json!({"value": "é".repeat(256)})), "/value"),
        wrong(
            "value-direction",
            "A character that turns the direction of reading.",
            amount("equals", json!({"value": "a\u{202e}b"})),
            "/value",
        ),
        wrong(
            "value-large",
            "2^53.",
            amount("equals", json!({"value": 9_007_199_254_740_992_u64})),
            "/value",
        ),
        wrong("values-none", "None of none.", amount("one_of", json!({"values": []})), "/values"),
        wrong(
            "values-65",
            "More than 64.",
            amount("one_of", json!({"values": (0..65).collect::<Vec<_>>()})),
            "/values",
        ),
        wrong(
            "values-order",
            "Integers that do not ascend.",
            amount("one_of", json!({"values": [10, 9]})),
            "/values",
        ),
        wrong(
            "values-text-order",
            "Texts ascend by their bytes.",
            amount("one_of", json!({"values": ["a", "B"]})),
            "/values",
        ),
        wrong(
            "values-double",
            "The same value twice.",
            amount("one_of", json!({"values": [1, 1]})),
            "/values",
        ),
        wrong(
            "values-mixed",
            "Values of two types.",
            amount("one_of", json!({"values": [1, "1"]})),
            "/values",
        ),
        wrong(
            "values-inner",
            "One of them is no value.",
            amount("one_of", json!({"values": [1, {}]})),
            "/values/1",
        ),
        wrong("range-open", "A range without bounds.", amount("range", json!({})), "/max"),
        wrong("range-turned", "Nothing lies between.", amount("range", json!({"min": 2, "max": 1})), "/max"),
        wrong("range-text", "Amounts are integers.", amount("range", json!({"min": "1"})), "/min"),
        wrong(
            "instant-text",
            "A record has instants in milliseconds.",
            before(json!("2026-11-23T10:00Z")),
            "/instant",
        ),
        wrong("instant-negative", "Before 1970.", before(json!(-1)), "/instant"),
        wrong(
            "instant-far",
            "The first instant that has no day.",
            before(json!(253_402_297_200_000_u64)),
            "/instant",
        ),
        wrong("purposes-none", "For no purpose.", json!({"type": "purpose", "purposes": []}), "/purposes"),
        wrong(
            "purposes-order",
            "Codes ascend.",
            json!({"type": "purpose", "purposes": ["read", "declare"]}),
            "/purposes",
        ),
        wrong(
            "purposes-code",
            "A purpose is a code.",
            json!({"type": "purpose", "purposes": ["Read"]}),
            "/purposes/0",
        ),
        wrong("uses-0", "Never is no grant.", uses(json!(0)), "/times"),
        wrong("uses-1001", "More than 1000.", uses(json!(1001)), "/times"),
        wrong("uses-week", "No such period.", json!({"type": "uses", "times": 1, "per": "week"}), "/per"),
    ]
}
