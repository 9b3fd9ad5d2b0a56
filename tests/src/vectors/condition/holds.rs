//! What makes conditions hold.

use super::{AT, Case, amount, plain};
use serde_json::{Value, json};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// 23 November 2026, the first instant in Brussels.
const MIDNIGHT: u64 = 1_795_388_400_000;
/// 1 November 2026, the first instant in Brussels.
const MONTH: u64 = MIDNIGHT - 22 * DAY_MS;
/// 1 October 2026, the first instant in Brussels: still summer time.
const QUARTER: u64 = 1_790_805_600_000;
/// 1 January 2026, the first instant in Brussels.
const YEAR: u64 = 1_767_222_000_000;

fn case(
    name: &str,
    reason: &str,
    conditions: Value,
    request: Value,
    at: u64,
    uses: &[u64],
    expect: &str,
) -> Case {
    let mut members =
        json!({"type": "holds", "conditions": conditions, "request": request, "at": at, "uses": uses});
    let (expect, property) = expect.split_once(' ').unwrap_or((expect, ""));
    if !property.is_empty() {
        members["property"] = json!(property);
    }
    Case::new(&format!("holds-{name}"), reason, expect, members)
}

pub(super) fn cases() -> Vec<Case> {
    [values(), instants(), others(), counts()].concat()
}

/// The property `amount` of the resource, if it is one.
fn sent(value: Value) -> Value {
    let mut request = plain();
    request["resource"]["properties"] = json!({ "amount": value });
    request
}

fn values() -> Vec<Case> {
    let text = || amount("equals", json!({"value": "1"}));
    let one = || amount("equals", json!({"value": 1}));
    let set = || amount("one_of", json!({"values": ["a", "b"]}));
    let range = || amount("range", json!({"min": -5, "max": 5}));
    let value = |name: &str, reason: &str, condition: Value, value: Value, expect: &str| {
        case(name, reason, json!([condition]), sent(value), AT, &[], expect)
    };
    let (no, missing) = ("condition_not_met", "property_missing /resource/properties/amount");
    let of = |of: &str| json!([{"type": "equals", "of": of, "property": "a", "value": true}]);
    let everywhere = |but: &str| {
        let mut request = plain();
        for part in ["subject", "action", "resource"] {
            request[part]["properties"] = json!({"a": part != but});
        }
        request["context"] = json!({"a": but != "context"});
        request
    };
    let mut cases = vec![
        value("equals", "The same integer.", one(), json!(1), "accept"),
        value("equals-other", "Another integer.", one(), json!(2), no),
        value("equals-text", "The same text.", text(), json!("1"), "accept"),
        value("equals-text-integer", "An integer is no text.", text(), json!(1), no),
        value("equals-integer-text", "A text is no integer.", one(), json!("1"), no),
        value("equals-integer-boolean", "A boolean is no integer.", one(), json!(true), no),
        value("equals-case", "Case counts.", amount("equals", json!({"value": "Liège"})), json!("liège"), no),
        value(
            "equals-normal-form",
            "The same to the eye, other bytes.",
            amount("equals", json!({"value": "Li\u{e8}ge"})),
            json!("Lie\u{300}ge"),
            no,
        ),
        value("equals-space", "A space counts.", set(), json!("a "), no),
        value("one-of-first", "The first of them.", set(), json!("a"), "accept"),
        value("one-of-last", "The last of them.", set(), json!("b"), "accept"),
        value("one-of-none", "None of them.", set(), json!("c"), no),
        value("range-min", "The least.", range(), json!(-5), "accept"),
        value("range-max", "The most.", range(), json!(5), "accept"),
        value("range-below", "Less than the least.", range(), json!(-6), no),
        value("range-above", "More than the most.", range(), json!(6), no),
        value("range-text", "A text is in no range.", range(), json!("0"), no),
        value("range-boolean", "A boolean is in no range.", range(), json!(false), no),
        value(
            "range-no-max",
            "Without upper bound.",
            amount("range", json!({"min": 1})),
            json!(9_007_199_254_740_991_u64),
            "accept",
        ),
        value(
            "range-no-max-below",
            "Below the only bound.",
            amount("range", json!({"min": 1})),
            json!(0),
            no,
        ),
        value(
            "range-no-min",
            "Without lower bound.",
            amount("range", json!({"max": 1})),
            json!(-9_007_199_254_740_991_i64),
            "accept",
        ),
        value(
            "range-no-min-above",
            "Above the only bound.",
            amount("range", json!({"max": 1})),
            json!(2),
            no,
        ),
        value("fraction", "A fraction is as if it had not been sent.", range(), json!(1.5), missing),
        value("null", "Null is as if it had not been sent.", one(), json!(null), missing),
        value("array", "An array is as if it had not been sent.", one(), json!([1]), missing),
        case("missing", "Nothing was sent.", json!([one()]), plain(), AT, &[], missing),
    ];
    for (part, place) in [
        ("subject", "/subject/properties/a"),
        ("action", "/action/properties/a"),
        ("resource", "/resource/properties/a"),
        ("context", "/context/a"),
    ] {
        let another = if part == "context" { "subject" } else { "context" };
        let case = |name: &str, reason: &str, request: Value, expect: &str| {
            case(&format!("{name}-{part}"), reason, of(part), request, AT, &[], expect)
        };
        cases.extend([
            case("of", "Of this part, whatever another says.", everywhere(another), "accept"),
            case("of-not", "Not of this part, whatever the others say.", everywhere(part), no),
            case(
                "of-missing",
                "The place of what is missing is told.",
                plain(),
                &format!("property_missing {place}"),
            ),
        ]);
    }
    cases
}

fn instants() -> Vec<Case> {
    let at = |test: &str| json!([{"type": test, "of": "context", "property": "time", "instant": AT}]);
    let time = |name: &str, reason: &str, test: &str, value: Value, expect: &str| {
        let mut request = plain();
        request["context"] = json!({ "time": value });
        case(name, reason, at(test), request, AT, &[], expect)
    };
    let no = "condition_not_met";
    let mut cases = vec![
        time("before", "A millisecond before.", "before", json!(AT - 1), "accept"),
        time("before-at", "before is exclusive.", "before", json!(AT), no),
        time("after", "after is inclusive.", "after", json!(AT), "accept"),
        time("after-before", "A millisecond before.", "after", json!(AT - 1), no),
        time("before-text", "Under any offset.", "before", json!("2026-11-23T03:59:59.999-05:00"), "accept"),
        time(
            "before-text-at",
            "The same instant as a text.",
            "before",
            json!("2026-11-23T10:00:00+01:00"),
            no,
        ),
        time(
            "after-text",
            "The same instant as a text.",
            "after",
            json!("2026-11-23T10:00:00+01:00"),
            "accept",
        ),
        time("after-text-before", "A millisecond before.", "after", json!("2026-11-23T08:59:59.999Z"), no),
        time(
            "before-cut",
            "Finer than a millisecond is cut off.",
            "before",
            json!("2026-11-23T08:59:59.9999999Z"),
            "accept",
        ),
        time(
            "after-cut",
            "Finer than a millisecond is cut off.",
            "after",
            json!("2026-11-23T08:59:59.9999999Z"),
            no,
        ),
        time(
            "no-seconds",
            "The seconds may be left out.",
            "after",
            json!("2026-11-23T10:00+01:00"),
            "accept",
        ),
        time("small-letters", "Small letters mean the same.", "after", json!("2026-11-23t09:00z"), "accept"),
        time("before-1970", "An integer may be negative.", "before", json!(-1), "accept"),
        time(
            "before-1970-text",
            "A text may be of long ago.",
            "before",
            json!("1000-01-01T00:00Z"),
            "accept",
        ),
        time(
            "after-9999",
            "As late as can be written.",
            "after",
            json!("9999-12-31T23:59:59-23:59"),
            "accept",
        ),
    ];
    for (name, reason, text) in [
        ("no-offset", "Without offset nobody knows which instant is meant.", "2026-11-23T10:00:00"),
        ("day", "A day is no instant.", "2026-11-23"),
        ("no-such-day", "The calendar has no such day.", "2026-02-29T10:00Z"),
        ("hour-24", "No such hour.", "2026-11-22T24:00Z"),
        ("leap-second", "A leap second is none.", "2016-12-31T23:59:60Z"),
        ("space", "A space is no T.", "2026-11-23 10:00Z"),
        ("comma", "A comma is no point.", "2026-11-23T10:00:00,5Z"),
        ("offset-form", "An offset has a colon.", "2026-11-23T10:00+0100"),
        ("offset-range", "No such offset.", "2026-11-23T10:00+24:00"),
        ("trailing", "Something follows.", "2026-11-23T10:00Z[Europe/Brussels]"),
        ("empty", "Nothing.", ""),
        ("digits", "A number as a text is none.", "1795424400000"),
    ] {
        // Neither the one nor the other: unknown means no.
        cases.push(time(&format!("before-{name}"), reason, "before", json!(text), no));
        cases.push(time(&format!("after-{name}"), reason, "after", json!(text), no));
    }
    cases.push(time("before-boolean", "A boolean is no instant.", "before", json!(false), no));
    cases
}

fn others() -> Vec<Case> {
    let purposes = |codes: &[&str]| json!({"type": "purpose", "purposes": codes});
    let small = || amount("range", json!({"max": 10}));
    let once = || json!({"type": "uses", "times": 1});
    let mut odd = sent(json!(3));
    odd["context"] = json!({"time": "2026-11-23T10:00", "other": [1.5]});
    vec![
        case(
            "purpose",
            "The request's purpose is one.",
            json!([purposes(&["declare", "read"])]),
            plain(),
            AT,
            &[],
            "accept",
        ),
        case(
            "purpose-other",
            "It is none.",
            json!([purposes(&["declare"])]),
            plain(),
            AT,
            &[],
            "condition_not_met",
        ),
        case(
            "all",
            "All hold.",
            json!([small(), purposes(&["read"]), once()]),
            sent(json!(3)),
            AT,
            &[],
            "accept",
        ),
        case(
            "all-but-last",
            "All but the last.",
            json!([small(), purposes(&["read"]), once()]),
            sent(json!(3)),
            AT,
            &[AT],
            "used_up",
        ),
        case(
            "first-of-two",
            "Of several that do not hold, the first in the record is told.",
            json!([purposes(&["declare"]), small()]),
            plain(),
            AT,
            &[],
            "condition_not_met",
        ),
        case(
            "first-of-two-turned",
            "The same in another order.",
            json!([small(), purposes(&["declare"])]),
            plain(),
            AT,
            &[],
            "property_missing /resource/properties/amount",
        ),
        case(
            "unnamed",
            "A property that no condition names changes nothing.",
            json!([small()]),
            odd,
            AT,
            &[],
            "accept",
        ),
    ]
}

fn counts() -> Vec<Case> {
    let uses = |name: &str, reason: &str, times: u64, per: &str, at: u64, used: &[u64], expect: &str| {
        let mut condition = json!({"type": "uses", "times": times});
        if !per.is_empty() {
            condition["per"] = json!(per);
        }
        case(&format!("uses-{name}"), reason, json!([condition]), plain(), at, used, expect)
    };
    let up = "used_up";
    let far = 253_402_297_200_000;
    // The last Sunday of October 2026 has 25 hours in Brussels: from 24 October, 22:00 UTC.
    let autumn = 1_792_879_200_000;
    vec![
        uses("once", "Not used yet.", 1, "", AT, &[], "accept"),
        uses("once-used", "Used.", 1, "", AT, &[1], up),
        uses("more", "Once is left.", 3, "", AT, &[1, AT], "accept"),
        uses("most", "None is left, in whatever order they were.", 3, "", AT, &[AT, 1, 2], up),
        uses("far-more", "More than there were to have.", 1, "", AT, &[1, 2, 3], up),
        uses("same-instant", "Two uses in one millisecond are two.", 2, "", AT, &[AT, AT], up),
        uses("day", "The first instant of the day.", 1, "day", AT, &[MIDNIGHT], up),
        uses("day-before", "The last instant of the day before.", 1, "day", AT, &[MIDNIGHT - 1], "accept"),
        uses("day-last", "The last instant of the day.", 1, "day", AT, &[MIDNIGHT + DAY_MS - 1], up),
        uses(
            "day-after",
            "The next day, as of an earlier one.",
            1,
            "day",
            AT,
            &[MIDNIGHT + DAY_MS],
            "accept",
        ),
        uses(
            "day-two",
            "One each day, and one of two on this.",
            2,
            "day",
            AT,
            &[MIDNIGHT - 1, AT, 5],
            "accept",
        ),
        uses("day-autumn", "A day of 25 hours.", 1, "day", autumn + 1, &[autumn + 25 * HOUR_MS - 1], up),
        uses("day-autumn-over", "The hour after.", 1, "day", autumn + 1, &[autumn + 25 * HOUR_MS], "accept"),
        uses("month", "The first instant of the month.", 1, "month", AT, &[MONTH], up),
        uses("month-before", "The month before.", 1, "month", AT, &[MONTH - 1], "accept"),
        uses("month-last", "The last instant of the month.", 1, "month", AT, &[MONTH + 30 * DAY_MS - 1], up),
        uses("month-after", "The month after.", 1, "month", AT, &[MONTH + 30 * DAY_MS], "accept"),
        uses(
            "month-of-another-year",
            "The same month of another year.",
            1,
            "month",
            AT,
            &[AT - 365 * DAY_MS],
            "accept",
        ),
        uses("quarter", "The first instant of the quarter.", 1, "quarter", AT, &[QUARTER], up),
        uses("quarter-before", "The quarter before.", 1, "quarter", AT, &[QUARTER - 1], "accept"),
        uses(
            "quarter-last",
            "The last instant of the quarter.",
            1,
            "quarter",
            AT,
            &[YEAR + 365 * DAY_MS - 1],
            up,
        ),
        uses("quarter-after", "The quarter after.", 1, "quarter", AT, &[YEAR + 365 * DAY_MS], "accept"),
        uses(
            "quarter-of-another-year",
            "The same quarter of another year.",
            1,
            "quarter",
            AT,
            &[AT - 365 * DAY_MS],
            "accept",
        ),
        uses("year", "The first instant of the year.", 1, "year", AT, &[YEAR], up),
        uses("year-before", "The year before.", 1, "year", AT, &[YEAR - 1], "accept"),
        uses("year-last", "The last instant of the year.", 1, "year", AT, &[YEAR + 365 * DAY_MS - 1], up),
        uses("year-after", "The year after.", 1, "year", AT, &[YEAR + 365 * DAY_MS], "accept"),
        uses("last-day", "The last day there is.", 1, "year", far - 1, &[far - 1], up),
        uses("after-9999", "After the last day nothing can be counted.", 1000, "year", far, &[], up),
        uses("after-9999-in-all", "Counted in all it can.", 1, "", far, &[], "accept"),
    ]
}
