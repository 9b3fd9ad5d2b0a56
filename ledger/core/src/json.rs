//! JSON with one answer: the RFC 8785 form of signed payloads, and a strict reader for everything else.
//!
//! Readers disagree on duplicate members, big numbers and lone surrogates; whatever they may disagree on is
//! refused here, before anything is hashed or decided.
//!
//! spec: encoding.md#json

mod borrowed;
mod members;
mod scan;

pub use borrowed::Borrowed;
pub use members::{Field, MemberError, Members};

use borrowed::into_map;
use scan::{Form, Scanner};
use serde_json::{Map, Value};

/// The most bytes a signed payload may have: 64 KiB.
pub const MAX_PAYLOAD_BYTES: usize = 64 * 1024;

/// How many objects and arrays may stand inside one another; the outermost counts as 1.
pub const MAX_DEPTH: usize = 16;

/// The largest integer, 2^53 − 1; its negative is the smallest. Larger amounts are decimal strings.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Why bytes are not JSON of the form wanted, and where.
///
/// Pointers are RFC 6901; a member's name in them is cut at 64 characters, and a value never appears.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// More bytes than the reader takes.
    #[error("the text has {size_bytes} bytes, {limit_bytes} are allowed")]
    TooLarge {
        /// How many there are.
        size_bytes: usize,
        /// How many may be.
        limit_bytes: usize,
    },
    /// The text starts with U+FEFF.
    #[error("the text starts with a byte order mark")]
    ByteOrderMark,
    /// The bytes are not UTF-8.
    #[error("the text is not UTF-8 at byte {offset}")]
    NotUtf8 {
        /// The first byte that is not.
        offset: usize,
    },
    /// The outermost value is not an object.
    #[error("the text is not a JSON object")]
    NotAnObject,
    /// The outermost value is not an array.
    #[error("the text is not a JSON array")]
    NotAnArray,
    /// Not JSON by the grammar of RFC 8259.
    #[error("not JSON at byte {offset}, in {pointer:?}")]
    Syntax {
        /// The innermost value that was being read.
        pointer: String,
        /// Where reading stopped.
        offset: usize,
    },
    /// Something follows the outermost value.
    #[error("text follows the JSON value at byte {offset}")]
    TrailingText {
        /// Where it starts.
        offset: usize,
    },
    /// Objects and arrays stand more than [`MAX_DEPTH`] deep.
    #[error("{pointer:?} lies deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// The first that is too deep.
        pointer: String,
    },
    /// An object has a member twice.
    #[error("{pointer:?} stands twice")]
    DuplicateMember {
        /// The second of them.
        pointer: String,
    },
    /// Canonical form only: members are not in ascending order of their names' UTF-16 units.
    #[error("{pointer:?} stands after a member that it must precede")]
    MemberOrder {
        /// The one that comes too late.
        pointer: String,
    },
    /// Canonical form only: white space between tokens.
    #[error("white space in or around {pointer:?}")]
    Spacing {
        /// The innermost value that was being read.
        pointer: String,
    },
    /// Canonical form only: a character is escaped that need not be, or in another way than RFC 8785's.
    #[error("a character in or of the name {pointer:?} is escaped in another way than RFC 8785's")]
    Escape {
        /// The string, or the object whose member's name it is.
        pointer: String,
    },
    /// A `\u` escape names half of a surrogate pair.
    #[error("a lone surrogate stands in {pointer:?}")]
    LoneSurrogate {
        /// The string, or the object whose member's name it is.
        pointer: String,
    },
    /// A number has a fraction or an exponent, or is −0.
    #[error("{pointer:?} is a number with a fraction or exponent, or minus zero")]
    NotAnInteger {
        /// The number.
        pointer: String,
    },
    /// An integer lies outside ±(2^53 − 1).
    #[error("{pointer:?} is an integer outside ±(2^53 − 1)")]
    IntegerRange {
        /// The number.
        pointer: String,
    },
}

impl JsonError {
    /// The error's stable name, as in `spec/vectors/`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "json_too_large",
            Self::ByteOrderMark => "json_byte_order_mark",
            Self::NotUtf8 { .. } => "json_not_utf8",
            Self::NotAnObject => "json_not_an_object",
            Self::NotAnArray => "json_not_an_array",
            Self::Syntax { .. } => "json_syntax",
            Self::TrailingText { .. } => "json_trailing_text",
            Self::TooDeep { .. } => "json_too_deep",
            Self::DuplicateMember { .. } => "json_duplicate_member",
            Self::MemberOrder { .. } => "json_member_order",
            Self::Spacing { .. } => "json_spacing",
            Self::Escape { .. } => "json_escape",
            Self::LoneSurrogate { .. } => "json_lone_surrogate",
            Self::NotAnInteger { .. } => "json_not_an_integer",
            Self::IntegerRange { .. } => "json_integer_range",
        }
    }
}

/// The members of a signed payload: `bytes` must be an object of at most [`MAX_PAYLOAD_BYTES`] that equals the
/// RFC 8785 form of its own parse.
///
/// # Errors
/// [`JsonError`], the first in the order of the text.
pub fn parse_canonical(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    Scanner::new(bytes, MAX_PAYLOAD_BYTES, Form::Canonical)?.object().map(into_map)
}

/// The items of an array in RFC 8785 form: an SD-JWT disclosure.
pub(crate) fn parse_canonical_array(bytes: &[u8], limit_bytes: usize) -> Result<Vec<Value>, JsonError> {
    let items = Scanner::new(bytes, limit_bytes, Form::Canonical)?.array()?;
    Ok(items.into_iter().map(Borrowed::into_value).collect())
}

/// The members of an object in ordinary JSON (any order, spacing and escapes), of at most `limit_bytes` bytes:
/// requests and receipts. Duplicate members, numbers that are not integers within ±(2^53 − 1), lone surrogates
/// and depth over [`MAX_DEPTH`] are refused here too.
///
/// # Errors
/// [`JsonError`], the first in the order of the text.
pub fn parse_strict(bytes: &[u8], limit_bytes: usize) -> Result<Map<String, Value>, JsonError> {
    Scanner::new(bytes, limit_bytes, Form::Ordinary)?.object().map(into_map)
}

/// The RFC 8785 form of `value`.
///
/// An integer outside ±(2^53 − 1) is rounded as RFC 8785 says, to one that is outside as well: every reader
/// refuses the text.
#[must_use]
pub fn canonical(value: &Value) -> Vec<u8> {
    // Fails on numbers that are not finite and on writers that fail: a `Value` holds none of the former, a
    // `Vec` is none of the latter. The empty text is no JSON, so even a mistake here stays refused.
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    //! Goal: the scanner and RFC 8785 as another crate writes it agree on every text. Method: tables with one
    //! reason a row, then generated values and mutated texts against serde_json and its canonicalizer.

    use super::*;
    use proptest::prelude::*;

    fn refusal(text: &[u8]) -> &'static str {
        parse_canonical(text).map_or_else(|error| error.name(), |_| "accept")
    }

    fn strict(text: &str) -> &'static str {
        parse_strict(text.as_bytes(), 1 << 20).map_or_else(|error| error.name(), |_| "accept")
    }

    #[test]
    fn canonical_text_is_accepted_and_comes_back() {
        for text in [
            "{}",
            r#"{"":null}"#,
            r#"{"a":-9007199254740991,"b":9007199254740991,"c":0,"d":[true,false,null,[],{}]}"#,
            "{\"\\u000f\\b\\t\\n\\f\\r\\\"\\\\/\u{7f}é€\u{10ffff}\":\"\\u0000\"}",
            // UTF-16 order: U+10000 (D800…) before U+E000, though its UTF-8 is greater.
            "{\"\u{10000}\":1,\"\u{e000}\":2}",
        ] {
            let map = parse_canonical(text.as_bytes()).unwrap();
            assert_eq!(canonical(&Value::Object(map)), text.as_bytes(), "{text}");
        }
    }

    #[test]
    fn every_refusal_of_the_canonical_form() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_PAYLOAD_BYTES));
        for (text, expected) in [
            (r#"{"a":1,"a":1}"#, "json_duplicate_member"),
            (r#"{"a":1,"b":2,"a":1}"#, "json_duplicate_member"),
            (r#"{"a":{"b":1,"b":2}}"#, "json_duplicate_member"),
            (r#"{"a":[{"b":1,"b":2}]}"#, "json_duplicate_member"),
            (r#"{"b":1,"a":1}"#, "json_member_order"),
            ("{\"\u{e000}\":1,\"\u{10000}\":2}", "json_member_order"),
            (r#" {"a":1}"#, "json_spacing"),
            (r#"{ "a":1}"#, "json_spacing"),
            (r#"{"a" :1}"#, "json_spacing"),
            (r#"{"a": 1}"#, "json_spacing"),
            (r#"{"a":1 }"#, "json_spacing"),
            (r#"{"a":[1, 2]}"#, "json_spacing"),
            ("{\"a\":1}\n", "json_spacing"),
            (r#"{"a":"\/"}"#, "json_escape"),
            (r#"{"a":"\u0041"}"#, "json_escape"),
            (r#"{"a":"\u000a"}"#, "json_escape"),
            (r#"{"a":"\u000F"}"#, "json_escape"),
            (r#"{"a":"\ud83d\ude00"}"#, "json_escape"),
            (r#"{"\u0061":1}"#, "json_escape"),
            (r#"{"a":"\ud83d"}"#, "json_lone_surrogate"),
            (r#"{"a":"\ude00"}"#, "json_lone_surrogate"),
            (r#"{"a":"\ud83dA"}"#, "json_lone_surrogate"),
            (r#"{"a":"\ud83d\n"}"#, "json_lone_surrogate"),
            (r#"{"a":"\ud83d\ud83d"}"#, "json_lone_surrogate"),
            (r#"{"a":1.0}"#, "json_not_an_integer"),
            (r#"{"a":1e3}"#, "json_not_an_integer"),
            (r#"{"a":1E400}"#, "json_not_an_integer"),
            (r#"{"a":-0}"#, "json_not_an_integer"),
            (r#"{"a":0.5}"#, "json_not_an_integer"),
            (r#"{"a":9007199254740992}"#, "json_integer_range"),
            (r#"{"a":-9007199254740992}"#, "json_integer_range"),
            (r#"{"a":99999999999999999999999999}"#, "json_integer_range"),
            (r#"{"a":01}"#, "json_syntax"),
            (r#"{"a":+1}"#, "json_syntax"),
            (r#"{"a":-}"#, "json_syntax"),
            (r#"{"a":.5}"#, "json_syntax"),
            (r#"{"a":NaN}"#, "json_syntax"),
            (r#"{"a":nulL}"#, "json_syntax"),
            (r#"{"a":'b'}"#, "json_syntax"),
            (r#"{"a":1,}"#, "json_syntax"),
            (r#"{"a":[1,]}"#, "json_syntax"),
            (r#"{"a":[,1]}"#, "json_syntax"),
            (r#"{a:1}"#, "json_syntax"),
            (r#"{"a"}"#, "json_syntax"),
            (r#"{"a":1"#, "json_syntax"),
            (r#"{"a":"b"#, "json_syntax"),
            (r#"{"a":"\"#, "json_syntax"),
            (r#"{"a":"\u12"#, "json_syntax"),
            (r#"{"a":"\u+123"}"#, "json_syntax"),
            (r#"{"a":"\x41"}"#, "json_syntax"),
            ("{\"a\":\"\n\"}", "json_syntax"),
            (r#"{"a":/**/1}"#, "json_syntax"),
            (r#"{"a":1}{}"#, "json_trailing_text"),
            (r#"{"a":1}}"#, "json_trailing_text"),
            ("", "json_not_an_object"),
            ("[]", "json_not_an_object"),
            ("1", "json_not_an_object"),
            ("null", "json_not_an_object"),
            ("\u{feff}{}", "json_byte_order_mark"),
            (&deep, "json_too_deep"),
            (&large, "json_too_large"),
        ] {
            assert_eq!(refusal(text.as_bytes()), expected, "{text:.40}");
        }
        assert_eq!(refusal(b"{\"a\":\"\xff\"}"), "json_not_utf8");
        assert_eq!(refusal(b"{\"a\":\"\xed\xa0\x80\"}"), "json_not_utf8");
    }

    #[test]
    fn the_limits_themselves_are_allowed() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(15), "]".repeat(15));
        assert_eq!(refusal(deep.as_bytes()), "accept");
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_PAYLOAD_BYTES - 8));
        assert_eq!(large.len(), MAX_PAYLOAD_BYTES);
        assert_eq!(refusal(large.as_bytes()), "accept");
        assert_eq!(parse_strict(b"{}", 1), Err(JsonError::TooLarge { size_bytes: 2, limit_bytes: 1 }));
    }

    #[test]
    fn ordinary_form_takes_order_spacing_and_escapes_but_no_doubt() {
        assert_eq!(
            strict(" { \"b\" : 1 , \"a\" : [ 1 ,\t2 ] ,\r\n\"c\":\"\\/\\u0041\\ud83d\\ude00\" } "),
            "accept"
        );
        for (text, expected) in [
            (r#"{"a":1, "a":1}"#, "json_duplicate_member"),
            (r#"{"a":1, "\u0061":1}"#, "json_duplicate_member"),
            (r#"{"x":[{"m":{"a":1,"b":2,"a":3}}]}"#, "json_duplicate_member"),
            (r#"{"a":1.5}"#, "json_not_an_integer"),
            (r#"{"a":-0}"#, "json_not_an_integer"),
            (r#"{"a":9007199254740992}"#, "json_integer_range"),
            (r#"{"a":"\udc00"}"#, "json_lone_surrogate"),
            ("{\u{a0}}", "json_syntax"),
            ("{} x", "json_trailing_text"),
        ] {
            assert_eq!(strict(text), expected, "{text}");
        }
    }

    /// More members than are compared one by one, each of them doubled.
    #[test]
    fn a_name_twice_is_found_among_few_and_among_many() {
        for count in 1..40 {
            let names: Vec<String> = (0..count).map(|n| format!("\"n{n:02}\":0")).collect();
            assert_eq!(strict(&format!("{{{}}}", names.join(","))), "accept");
            for name in &names {
                let text = format!("{{{},{name}}}", names.join(","));
                assert_eq!(strict(&text), "json_duplicate_member");
                assert_eq!(refusal(text.as_bytes()), "json_duplicate_member");
            }
        }
    }

    /// Strings are read many bytes at a time: what ends one, is escaped or may not be there is found at every place.
    #[test]
    fn a_string_of_any_length_ends_where_it_ends() {
        for before in 0..100 {
            let plain = "x".repeat(before);
            for after in [0, 1, 40] {
                let after = "y".repeat(after);
                for (special, means) in [("", ""), ("\\n", "\n"), ("\\\"", "\""), ("é", "é"), ("\\\\", "\\")]
                {
                    let map =
                        parse_canonical(format!("{{\"a\":\"{plain}{special}{after}\"}}").as_bytes()).unwrap();
                    assert_eq!(map.get("a"), Some(&Value::from(format!("{plain}{means}{after}"))));
                }
                for spoilt in ["\n", "\u{1f}", "\0", "\\x"] {
                    assert_eq!(strict(&format!("{{\"a\":\"{plain}{spoilt}{after}\"}}")), "json_syntax");
                }
            }
            assert_eq!(strict(&format!("{{\"a\":\"{plain}")), "json_syntax");
        }
    }

    #[test]
    fn the_place_is_a_pointer_without_values_and_bounded() {
        let error = parse_canonical(br#"{"a":{"b/c":[0,{"~":1.5}]}}"#).unwrap_err();
        assert_eq!(error, JsonError::NotAnInteger { pointer: "/a/b~1c/1/~0".to_owned() });
        let error = parse_canonical(br#"{"a":{"b":"secret","b":"secret"}}"#).unwrap_err();
        assert_eq!(error, JsonError::DuplicateMember { pointer: "/a/b".to_owned() });
        assert!(!error.to_string().contains("secret"));
        let long = format!("{{\"{}\":1.5}}", "n".repeat(5000));
        assert!(parse_canonical(long.as_bytes()).unwrap_err().to_string().len() < 200);
    }

    /// Values under the number rules, small enough to nest a few levels.
    fn value() -> impl Strategy<Value = Value> {
        let limit = MAX_INTEGER as i64;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-limit..=limit).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_canonicalizer(value in value()) {
            let object = serde_json::json!({ "m": value });
            let text = canonical(&object);
            prop_assert_eq!(parse_canonical(&text).map(Value::Object), Ok(object.clone()));
            let pretty = serde_json::to_vec_pretty(&object).unwrap();
            prop_assert_eq!(parse_strict(&pretty, 1 << 20).map(Value::Object), Ok(object));
            prop_assert!(parse_canonical(&pretty).is_err());
        }

        #[test]
        fn a_mutated_text_is_canonical_or_refused(value in value(), at: prop::sample::Index, byte: u8) {
            let mut text = canonical(&serde_json::json!({ "m": value }));
            let at = at.index(text.len());
            text[at] = byte;
            if let Ok(map) = parse_canonical(&text) {
                prop_assert_eq!(&canonical(&Value::Object(map)), &text);
            }
            if let Ok(map) = parse_strict(&text, 1 << 20) {
                let theirs: Value = serde_json::from_slice(&text).unwrap();
                prop_assert_eq!(Value::Object(map), theirs);
            }
        }

        #[test]
        fn what_serde_json_reads_and_we_refuse_has_a_reason(text in r#"\{("[ab\\u0é]{0,3}":?[0-9.eE{}\[\],+-]{0,4},?){0,3}\}"#) {
            let ours = parse_strict(text.as_bytes(), 1 << 20);
            match serde_json::from_str::<Map<String, Value>>(&text) {
                Err(_) => prop_assert!(ours.is_err()),
                Ok(theirs) => match ours {
                    Ok(ours) => prop_assert_eq!(ours, theirs),
                    Err(error) => prop_assert!(
                        ["json_duplicate_member", "json_not_an_integer", "json_integer_range"].contains(&error.name()),
                        "{}: {}", text, error
                    ),
                },
            }
        }
    }
}
