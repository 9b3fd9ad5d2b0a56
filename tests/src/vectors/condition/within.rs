//! Which conditions are within which.

use super::{AT, Case, amount};
use serde_json::{Value, json};

fn case(name: &str, reason: &str, child: &[Value], parent: &[Value], expect: &str) -> Case {
    let members = json!({"type": "within", "child": child, "parent": parent});
    Case::new(&format!("within-{name}"), reason, expect, members)
}

pub(super) fn cases() -> Vec<Case> {
    [tests(), sets(), uses(), several()].concat()
}

/// On one property.
fn tests() -> Vec<Case> {
    let equals = |value: Value| amount("equals", json!({ "value": value }));
    let set = |values: Value| amount("one_of", json!({ "values": values }));
    let range = |bounds: Value| amount("range", bounds);
    let before = |instant: u64| amount("before", json!({ "instant": instant }));
    let after = |instant: u64| amount("after", json!({ "instant": instant }));
    let (yes, no) = ("accept", "wider");
    let one = |name: &str, reason: &str, child: Value, parent: Value, expect: &str| {
        case(name, reason, &[child], &[parent], expect)
    };
    let context = json!({"type": "equals", "of": "context", "property": "amount", "value": 1});
    let other = json!({"type": "equals", "of": "resource", "property": "amounts", "value": 1});
    vec![
        one("equals", "The same.", equals(json!(1)), equals(json!(1)), yes),
        one("equals-other", "Another value.", equals(json!(2)), equals(json!(1)), no),
        one("equals-type", "A value of another type.", equals(json!("1")), equals(json!(1)), no),
        one("equals-part", "The same name of another part.", context, equals(json!(1)), no),
        one("equals-name", "Another name.", other, equals(json!(1)), no),
        one("equals-set", "One of several.", equals(json!(1)), set(json!([1, 2])), yes),
        one("equals-no-set", "None of several.", equals(json!(3)), set(json!([1, 2])), no),
        one("equals-range", "Within a range.", equals(json!(1)), range(json!({"max": 1})), yes),
        one("equals-no-range", "Outside a range.", equals(json!(2)), range(json!({"max": 1})), no),
        one(
            "equals-before",
            "A text that is an instant before.",
            equals(json!("2026-11-23T08:59Z")),
            before(AT),
            yes,
        ),
        one("equals-no-before", "A text that is no instant.", equals(json!("2026-11-23")), before(AT), no),
        one("equals-after", "An instant from then on.", equals(json!(AT)), after(AT), yes),
        one("set", "Fewer values.", set(json!([1, 3])), set(json!([1, 2, 3])), yes),
        one("set-wider", "A value more.", set(json!([1, 2, 3])), set(json!([1, 3])), no),
        one("set-equals", "A set of one.", set(json!([1])), equals(json!(1)), yes),
        one("set-no-equals", "A set of two.", set(json!([1, 2])), equals(json!(1)), no),
        one("set-range", "Each of them in the range.", set(json!([1, 2])), range(json!({"min": 1})), yes),
        one("set-no-range", "One of them outside.", set(json!([0, 2])), range(json!({"min": 1})), no),
        one(
            "range",
            "Narrower on both sides.",
            range(json!({"min": 2, "max": 3})),
            range(json!({"min": 1, "max": 4})),
            yes,
        ),
        one(
            "range-same",
            "The same.",
            range(json!({"min": 1, "max": 4})),
            range(json!({"min": 1, "max": 4})),
            yes,
        ),
        one(
            "range-below",
            "Wider below.",
            range(json!({"min": 0, "max": 3})),
            range(json!({"min": 1, "max": 4})),
            no,
        ),
        one(
            "range-above",
            "Wider above.",
            range(json!({"min": 2, "max": 5})),
            range(json!({"min": 1, "max": 4})),
            no,
        ),
        one(
            "range-bound-more",
            "A bound more.",
            range(json!({"min": 1, "max": 4})),
            range(json!({"max": 4})),
            yes,
        ),
        one(
            "range-bound-less",
            "A bound less.",
            range(json!({"max": 4})),
            range(json!({"min": 1, "max": 4})),
            no,
        ),
        one(
            "range-equals",
            "A range of one value is not looked into.",
            range(json!({"min": 1, "max": 1})),
            equals(json!(1)),
            no,
        ),
        one("before", "Earlier.", before(AT - 1), before(AT), yes),
        one("before-same", "The same.", before(AT), before(AT), yes),
        one("before-later", "Later.", before(AT + 1), before(AT), no),
        one("after", "Later.", after(AT + 1), after(AT), yes),
        one("after-same", "The same.", after(AT), after(AT), yes),
        one("after-earlier", "Earlier.", after(AT - 1), after(AT), no),
        one("after-before", "The other side.", after(AT), before(AT), no),
        one("before-after", "The other side.", before(AT), after(AT), no),
    ]
}

fn sets() -> Vec<Case> {
    let purposes = |codes: &[&str]| json!({"type": "purpose", "purposes": codes});
    vec![
        case("purposes", "Fewer purposes.", &[purposes(&["a"])], &[purposes(&["a", "b"])], "accept"),
        case("purposes-more", "A purpose more.", &[purposes(&["a", "b"])], &[purposes(&["a"])], "wider"),
    ]
}

fn uses() -> Vec<Case> {
    let uses = |times: u64, per: &str| match per {
        "" => json!({"type": "uses", "times": times}),
        per => json!({"type": "uses", "times": times, "per": per}),
    };
    let mut cases = vec![
        case("uses-fewer", "Fewer.", &[uses(1, "")], &[uses(2, "")], "accept"),
        case("uses-more", "More.", &[uses(3, "month")], &[uses(2, "month")], "wider"),
        case("uses-more-rarely", "More, though in all.", &[uses(3, "")], &[uses(2, "day")], "wider"),
    ];
    let periods = ["day", "month", "quarter", "year", ""];
    for (longer, child) in periods.into_iter().enumerate() {
        for (shorter, parent) in periods.into_iter().enumerate() {
            let name = |per: &'static str| if per.is_empty() { "all" } else { per };
            let expect = if longer >= shorter { "accept" } else { "wider" };
            cases.push(case(
                &format!("uses-{}-{}", name(child), name(parent)),
                "As often in the same or a longer period is not oftener in the shorter.",
                &[uses(2, child)],
                &[uses(2, parent)],
                expect,
            ));
        }
    }
    cases
}

fn several() -> Vec<Case> {
    let low = || amount("range", json!({"min": 1}));
    let high = || amount("range", json!({"max": 9}));
    let once = || json!({"type": "uses", "times": 1});
    vec![
        case("none-none", "Neither has any.", &[], &[], "accept"),
        case("some-none", "Any are within none.", &[once()], &[], "accept"),
        case("none-some", "None are not within some.", &[], &[once()], "wider"),
        case("one-more", "A condition more.", &[low(), once()], &[once()], "accept"),
        case("one-less", "A condition less.", &[once()], &[low(), once()], "wider"),
        case(
            "one-for-two",
            "One condition may imply two.",
            &[amount("equals", json!({"value": 5}))],
            &[low(), high()],
            "accept",
        ),
        case(
            "two-for-one",
            "Two that only together imply a third: it is not told.",
            &[low(), high()],
            &[amount("range", json!({"min": 1, "max": 9}))],
            "wider",
        ),
    ]
}
