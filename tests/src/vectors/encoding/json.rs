//! JSON texts: the canonical form of payloads, the strict reader of everything else.

use super::with;
use crate::vectors::Case;
use procura_core::b64;
use serde_json::json;

/// What the strict cases allow.
const LIMIT: usize = 1024;

/// Name, reason, expect, text in canonical form or not.
type Row = (&'static str, &'static str, &'static str, &'static str);

const CANONICAL: &[Row] = &[
    ("empty", "The empty object is canonical.", "accept", "{}"),
    (
        "members",
        "Members ascend, integers reach ±(2^53 − 1).",
        "accept",
        r#"{"a":-9007199254740991,"b":9007199254740991,"c":0,"d":[true,false,null,[],{}]}"#,
    ),
    (
        "escapes",
        "Control characters have their short escape or \\u00xx in small letters; nothing else is escaped.",
        "accept",
        "{\"\\u000f\\b\\t\\n\\f\\r\\\"\\\\/\u{7f}é€\u{10ffff}\":\"\\u0000\"}",
    ),
    (
        "utf16-order",
        "Members are ordered by UTF-16 units: U+10000 (D800 DC00) stands before U+E000.",
        "accept",
        "{\"\u{10000}\":1,\"\u{e000}\":2}",
    ),
    (
        "utf8-order",
        "The order of UTF-8 bytes or code points is not that of UTF-16 units.",
        "json_member_order",
        "{\"\u{e000}\":1,\"\u{10000}\":2}",
    ),
    ("duplicate-1", "A member stands twice.", "json_duplicate_member", r#"{"a":1,"a":1}"#),
    (
        "duplicate-apart",
        "A member stands twice, another between them: a duplicate, before it is out of order.",
        "json_duplicate_member",
        r#"{"a":1,"b":2,"a":3}"#,
    ),
    ("duplicate-2", "A nested member stands twice.", "json_duplicate_member", r#"{"a":{"b":1,"b":2}}"#),
    (
        "duplicate-in-array",
        "A member of an object in an array stands twice.",
        "json_duplicate_member",
        r#"{"a":[{"b":1,"b":2}]}"#,
    ),
    (
        "duplicate-in-map",
        "A member of an object three levels down stands twice.",
        "json_duplicate_member",
        r#"{"a":{"b":{"c":1,"c":1}}}"#,
    ),
    ("order", "Members are not in ascending order.", "json_member_order", r#"{"b":1,"a":2}"#),
    (
        "order-nested",
        "Nested members are not in ascending order.",
        "json_member_order",
        r#"{"a":{"c":1,"b":2}}"#,
    ),
    ("space-after-colon", "A space follows a colon.", "json_spacing", r#"{"a": 1}"#),
    ("space-before", "A space precedes the object.", "json_spacing", r#" {"a":1}"#),
    ("newline-after", "A line feed follows the object.", "json_spacing", "{\"a\":1}\n"),
    ("space-in-array", "A space stands in an array.", "json_spacing", r#"{"a":[1, 2]}"#),
    ("escaped-letter", "A letter is escaped.", "json_escape", r#"{"a":"\u0041"}"#),
    ("escaped-name", "A letter of a member's name is escaped.", "json_escape", r#"{"\u0061":1}"#),
    ("escaped-solidus", "A solidus is escaped.", "json_escape", r#"{"a":"\/"}"#),
    ("escape-capital", "An escape is in capital letters.", "json_escape", r#"{"a":"\u000F"}"#),
    ("escape-long", "A line feed is escaped by its number.", "json_escape", r#"{"a":"\u000a"}"#),
    ("escaped-pair", "A surrogate pair stands for a character.", "json_escape", r#"{"a":"\ud83d\ude00"}"#),
    ("lone-high", "A high surrogate stands alone.", "json_lone_surrogate", r#"{"a":"\ud83d"}"#),
    ("lone-low", "A low surrogate stands alone.", "json_lone_surrogate", r#"{"a":"\ude00"}"#),
    ("two-high", "A high surrogate follows another.", "json_lone_surrogate", r#"{"a":"\ud83d\ud83d"}"#),
    ("number-2-53", "2^53 is not below 2^53.", "json_integer_range", r#"{"a":9007199254740992}"#),
    ("number-minus-2-53", "−2^53 is not above −2^53.", "json_integer_range", r#"{"a":-9007199254740992}"#),
    (
        "number-2-53-plus-1",
        "2^53 + 1 is read as 2^53 by many.",
        "json_integer_range",
        r#"{"a":9007199254740993}"#,
    ),
    ("number-huge", "No integer type holds it.", "json_integer_range", r#"{"a":99999999999999999999999999}"#),
    ("number-exponent", "A number has an exponent.", "json_not_an_integer", r#"{"a":1e3}"#),
    ("number-overflow", "A number has an exponent no type holds.", "json_not_an_integer", r#"{"a":1e400}"#),
    ("number-fraction", "A number has a fraction of zero.", "json_not_an_integer", r#"{"a":1.0}"#),
    ("number-half", "A number is no integer.", "json_not_an_integer", r#"{"a":0.5}"#),
    ("number-minus-zero", "A number is −0.", "json_not_an_integer", r#"{"a":-0}"#),
    ("number-leading-zero", "A number starts with 0.", "json_syntax", r#"{"a":01}"#),
    ("number-plus", "A number has a plus sign.", "json_syntax", r#"{"a":+1}"#),
    ("trailing-comma", "A comma follows the last member.", "json_syntax", r#"{"a":1,}"#),
    ("unclosed", "The object does not end.", "json_syntax", r#"{"a":1"#),
    ("raw-control", "A line feed stands in a string as it is.", "json_syntax", "{\"a\":\"\n\"}"),
    ("comment", "JSON has no comments.", "json_syntax", r#"{"a":/**/1}"#),
    ("second-value", "A second object follows.", "json_trailing_text", r#"{"a":1}{"a":1}"#),
    ("array", "The outermost value is an array.", "json_not_an_object", "[]"),
    ("nothing", "The text is empty.", "json_not_an_object", ""),
    ("byte-order-mark", "The text starts with U+FEFF.", "json_byte_order_mark", "\u{feff}{}"),
];

const STRICT: &[Row] = &[
    (
        "loose",
        "Order, spacing and escapes are free in ordinary JSON.",
        "accept",
        " { \"b\" : 1 , \"a\" : [ 1 ,\t2 ] ,\r\n\"c\":\"\\/\\u0041\\ud83d\\ude00\" } ",
    ),
    ("duplicate", "A member stands twice.", "json_duplicate_member", r#"{ "a": 1, "a": 1 }"#),
    (
        "duplicate-escaped",
        "A member stands twice, once escaped.",
        "json_duplicate_member",
        r#"{ "a": 1, "\u0061": 2 }"#,
    ),
    (
        "duplicate-deep",
        "A nested member stands twice.",
        "json_duplicate_member",
        r#"{"x":[{"a":1,"b":2,"a":3}]}"#,
    ),
    ("fraction", "A number has a fraction.", "json_not_an_integer", r#"{ "a": 1.5 }"#),
    ("range", "An integer is 2^53.", "json_integer_range", r#"{ "a": 9007199254740992 }"#),
    ("surrogate", "A low surrogate stands alone.", "json_lone_surrogate", r#"{ "a": "\udc00" }"#),
    ("no-break-space", "U+00A0 is no JSON white space.", "json_syntax", "{\u{a0}}"),
    ("trailing", "Text follows the object.", "json_trailing_text", "{} x"),
];

/// The canonical form of the strict case `loose`.
const LOOSE_CANONICAL: &str = r#"{"a":[1,2],"b":1,"c":"/A😀"}"#;

pub(super) fn cases() -> Vec<Case> {
    let canonical = CANONICAL.iter().map(|row| of_row("json", "canonical", row));
    let strict = STRICT.iter().map(|row| of_row("json-strict", "strict", row));
    canonical.chain(strict).chain(limits()).chain(not_utf8()).collect()
}

fn of_row(prefix: &str, form: &str, (name, reason, expect, text): &Row) -> Case {
    let mut members = json!({ "type": "json", "form": form });
    if form == "strict" {
        members = with(members, "limit", LIMIT);
    }
    members = with(members, "text", *text);
    if *expect == "accept" {
        let canonical = if *name == "loose" { LOOSE_CANONICAL } else { *text };
        members = with(members, "canonical", canonical);
    }
    Case::new(&format!("{prefix}-{name}"), reason, expect, members)
}

fn limits() -> Vec<Case> {
    let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let long = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let case = |name: &str, reason: &str, expect: &str, text: String| {
        Case::new(name, reason, expect, json!({ "type": "json", "form": "canonical", "text": text }))
    };
    let strict = |name: &str, reason: &str, expect: &str, text: String| {
        let members = json!({ "type": "json", "form": "strict", "limit": LIMIT, "text": text });
        Case::new(name, reason, expect, members)
    };
    vec![
        case("json-depth-16", "16 levels are allowed.", "accept", deep(16)),
        case("json-depth-17", "17 levels are not.", "json_too_deep", deep(17)),
        case("json-too-large", "A payload has 65,537 bytes.", "json_too_large", long(65_537)),
        strict("json-strict-largest", "The text has as many bytes as allowed.", "accept", long(LIMIT)),
        strict("json-strict-too-large", "It has one byte more.", "json_too_large", long(LIMIT + 1)),
        strict("json-strict-depth-17", "17 levels are not allowed.", "json_too_deep", deep(17)),
    ]
}

fn not_utf8() -> Vec<Case> {
    let rows: [(&str, &str, &[u8]); 3] = [
        ("json-utf8-byte", "The byte FF is never UTF-8.", b"{\"a\":\"\xff\"}"),
        (
            "json-utf8-surrogate",
            "A surrogate is encoded as if it were a character.",
            b"{\"a\":\"\xed\xa0\x80\"}",
        ),
        ("json-utf8-overlong", "A solidus is encoded in two bytes.", b"{\"a\":\"\xc0\xaf\"}"),
    ];
    let case = |(name, reason, bytes): (&str, &str, &[u8])| {
        let members = json!({ "type": "json", "form": "canonical", "bytes": b64::encode(bytes) });
        Case::new(name, reason, "json_not_utf8", members)
    };
    rows.map(case).to_vec()
}
