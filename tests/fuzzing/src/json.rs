//! JSON: the two readers against each other and against another crate's; what is read through them.

use procura_core::decide::AuthZen;
use procura_core::json::{canonical, parse_canonical, parse_strict};
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
