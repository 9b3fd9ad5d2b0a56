//! JSON: the two readers against each other and against another crate's; what is read through them.

use procura_core::Millis;
use procura_core::conditions::{Conditions, Given};
use procura_core::decide::AuthZen;
use procura_core::json::{canonical, parse_canonical, parse_strict};
use procura_core::language::Language;
use procura_core::receipt::Policy;
use serde_json::Value;

/// The canonical reader takes what RFC 8785 writes and nothing else; the strict one takes what serde_json takes, but for what
/// two readers may disagree on.
pub(crate) fn json(bytes: &[u8]) {
    let strict = parse_strict(bytes, bytes.len());
    if let Ok(map) = parse_canonical(bytes) {
        let value = Value::Object(map.clone());
        assert_eq!(canonical(&value), bytes, "read as canonical, written otherwise");
        assert_eq!(strict.as_ref(), Ok(&map), "canonical, but not strict");
    }
    let oracle = serde_json::from_slice::<Value>(bytes);
    match &strict {
        Ok(map) => {
            let value = Value::Object(map.clone());
            assert_eq!(oracle.ok().as_ref(), Some(&value), "another reader sees another value");
            let normal = canonical(&value);
            // Escapes make a text longer than it was; only the size may then be refused.
            match parse_canonical(&normal) {
                Ok(again) => assert_eq!(Value::Object(again), value),
                Err(error) => assert_eq!(error.name(), "json_too_large"),
            }
        }
        Err(error) => {
            let doubtful = [
                "json_byte_order_mark",
                "json_not_an_object",
                "json_too_deep",
                "json_duplicate_member",
                "json_lone_surrogate",
                "json_not_an_integer",
                "json_integer_range",
            ];
            assert!(oracle.is_err() || doubtful.contains(&error.name()), "refused without need: {error}");
        }
    }
}

/// What a request means survives being written: a receipt states it so.
pub(crate) fn authzen(bytes: &[u8]) {
    let Ok(map) = parse_strict(bytes, bytes.len()) else { return };
    let Ok(request) = AuthZen::read(map) else { return };
    let Value::Object(written) = request.write() else { panic!("a request is an object") };
    assert_eq!(AuthZen::read(written), Ok(request));
}

/// Conditions and a request: what is read is written the same, is within itself, can be told, and holds exactly if each one does.
pub(crate) fn conditions(bytes: &[u8]) {
    let Ok(mut map) = parse_strict(bytes, bytes.len()) else { return };
    let Some(conditions) = map.remove("conditions") else { return };
    let Ok(read) = Conditions::read(conditions.clone()) else { return };
    assert_eq!(read.to_json(), conditions);
    assert!(read.imply(&read) && !Conditions::default().imply(&read));
    for condition in read.iter() {
        for language in Language::ALL {
            assert!(condition.sentence(language).ends_with('.'));
        }
    }
    let Some(Value::Object(request)) = map.remove("request") else { return };
    let Ok(request) = AuthZen::read(request) else { return };
    let at = Millis(map.get("at").and_then(Value::as_u64).unwrap_or_default());
    let uses = map.get("uses").and_then(Value::as_array).into_iter().flatten();
    let uses: Vec<Millis> = uses.filter_map(Value::as_u64).map(Millis).collect();
    let given = Given { properties: &request.properties, purpose: &request.purpose, at, uses: &uses };
    let first = read.iter().find_map(|condition| condition.holds(&given).err());
    assert_eq!(read.hold(&given).err(), first);
}

/// A verifier's policy: what is read is what the text says.
pub(crate) fn policy(bytes: &[u8]) {
    let Ok(policy) = Policy::parse(bytes) else { return };
    assert!(!policy.log_keys.is_empty());
    if policy.log_keys.len() == 1 && policy.witnesses.is_none() && policy.map_checkers.is_empty() {
        let plain = Policy::plain(&policy.origin, &policy.log_keys[0].key, policy.entry0, policy.max_age_s);
        let again = Policy::parse(plain.to_string().as_bytes()).expect("a plain policy reads back");
        assert_eq!(
            (again.origin, again.entry0, again.max_age_s),
            (policy.origin, policy.entry0, policy.max_age_s)
        );
    }
}
