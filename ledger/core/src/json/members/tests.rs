//! Goal: each reader takes its own type and no other, and nothing is left unread. Method: one object, then
//! each member replaced by each wrong value.

use super::*;
use serde_json::json;

const MAX: i64 = (1 << 53) - 1;

fn members(value: Value) -> Members<'static> {
    match value {
        Value::Object(map) => Members::new(map),
        _ => panic!("not an object"),
    }
}

fn one(value: Value) -> Members<'static> {
    members(json!({ "m": value }))
}

fn mistyped<T>(result: Result<T, MemberError>) -> bool {
    matches!(result, Err(MemberError::Mistyped { pointer, .. }) if pointer == "/m")
}

#[test]
fn every_reader_takes_its_type() {
    let hash = Hash([7; 32]);
    assert_eq!(one(json!("a")).take_str("m"), Ok("a".to_owned()));
    assert_eq!(one(json!("é")).take_text("m", 1), Ok("é".to_owned()));
    assert_eq!(one(json!(hash)).take_hash("m"), Ok(hash));
    assert_eq!(one(json!("AQI")).take_bytes("m"), Ok([1, 2]));
    assert_eq!(one(json!(0)).take_u64("m"), Ok(0));
    assert_eq!(one(json!(-MAX)).take("m", Field::i64), Ok(-MAX));
    assert_eq!(one(json!(5)).take_millis("m"), Ok(Millis(5)));
    assert_eq!(one(json!("2024-02-29")).take_day("m").map(|day| day.to_string()), Ok("2024-02-29".into()));
    assert_eq!(one(json!(true)).take_bool("m"), Ok(true));
    assert_eq!(one(json!("b")).take_enum("m", &[("a", 1), ("b", 2)]), Ok(2));
    assert_eq!(one(json!([hash, hash])).take_array_of_hash("m"), Ok(vec![hash, hash]));
    assert_eq!(one(json!([])).take_array_of_hash("m"), Ok(vec![]));
    assert_eq!(one(json!(null)).take("m", Field::value), Ok(json!(null)));
}

#[test]
fn every_reader_refuses_every_other_type() {
    let day = "2026-01-01";
    for value in [json!(null), json!(-1), json!(1.5), json!(u64::MAX), json!([1]), json!([null])] {
        assert!(mistyped(one(value.clone()).take_str("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_text("m", 9)), "{value}");
        assert!(mistyped(one(value.clone()).take_hash("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_bytes::<2>("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_u64("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_millis("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_day("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_bool("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_enum("m", &[("a", ())])), "{value}");
        assert!(mistyped(one(value.clone()).take_object("m")), "{value}");
    }
    for value in [json!(null), json!(1.5), json!(u64::MAX), json!(MAX + 1), json!(-MAX - 1), json!("1")] {
        assert!(mistyped(one(value.clone()).take("m", Field::i64)), "{value}");
    }
    for value in [json!("AQ=="), json!("A"), json!(day), json!("")] {
        assert!(mistyped(one(value.clone()).take_hash("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_bytes::<2>("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_u64("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_array_of_hash("m")), "{value}");
        assert!(mistyped(one(value.clone()).take_enum("m", &[("a", ())])), "{value}");
    }
    for text in ["", "ab", "\u{0}", "\n", "\u{202e}", "\u{2066}", "\u{9f}"] {
        assert!(mistyped(one(json!(text)).take_text("m", 1)), "{text:?}");
    }
}

#[test]
fn the_place_is_that_of_the_value_read() {
    let mut outer = members(json!({ "a": { "b": [0, { "c/d": 1 }] } }));
    let mut inner = outer.take_object("a").unwrap();
    let error = inner.take_array("b", |field| match field.pointer().as_str() {
        "/a/b/0" => Ok(()),
        _ => field.object()?.take_str("c/d").map(drop),
    });
    assert_eq!(error.unwrap_err().pointer(), "/a/b/1/c~1d");
    let missing = inner.take_str("x");
    assert_eq!(missing, Err(MemberError::Missing { pointer: "/a/x".to_owned() }));
    assert_eq!(inner.mistyped("b", "x").pointer(), "/a/b");
}

#[test]
fn a_member_is_taken_once_and_none_is_left() {
    let mut both = members(json!({ "z": 1, "y": 2, "m": "a" }));
    assert!(both.has("m"));
    assert_eq!(both.take_opt("m", Field::str), Ok(Some("a".to_owned())));
    assert!(!both.has("m"));
    assert_eq!(both.take_opt("m", Field::str), Ok(None));
    assert!(matches!(both.take_opt("q", Field::u64), Ok(None)));
    assert_eq!(both.finish(), Err(MemberError::Unknown { pointer: "/y".to_owned() }));
    let mut open = members(json!({ "z": 1, "m": "a" }));
    assert_eq!(open.take_str("m"), Ok("a".to_owned()));
    assert_eq!(Value::Object(open.rest()), json!({ "z": 1 }));
    assert_eq!(members(json!({})).finish(), Ok(()));
}

#[test]
fn an_optional_member_is_never_null() {
    assert!(mistyped(one(json!(null)).take_opt("m", Field::str)));
}

#[test]
fn errors_never_show_the_value() {
    let error = one(json!("75061200192")).take_hash("m").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("7506"));
}
