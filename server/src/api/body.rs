//! Reading bodies: of a stated type, within a stated size and time.

use super::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::time::Duration;

/// The most bytes of a JSON request that is no submission, and of a form.
pub(super) const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// What a body must fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    /// The most bytes.
    pub(super) limit_bytes: usize,
    /// The longest time it may take to arrive.
    pub(super) timeout: Duration,
}

/// The media type a request names, without its parameters, in small letters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}

/// Refuses a body of another media type than `wanted`.
pub(super) fn expect_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Problem> {
    if media_type(headers).as_deref() == Some(wanted) {
        Ok(())
    } else {
        Err(Problem::new("media_type", format!("Send the body as {wanted}.")))
    }
}

/// The whole body, if it fits.
pub(super) async fn read(body: Body, fit: Fit) -> Result<Vec<u8>, Problem> {
    let collecting = Limited::new(body, fit.limit_bytes).collect();
    match tokio::time::timeout(fit.timeout, collecting).await {
        Ok(Ok(bytes)) => Ok(bytes.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Problem::new("oversized", format!("A body here has at most {} bytes.", fit.limit_bytes)))
        }
        Ok(Err(_)) => Err(Problem::new("timeout", "The body broke off; send the request again.")),
        Err(_) => Err(Problem::new("timeout", "The body took too long; send the request again.")),
    }
}

/// An object whose unknown members may hold any JSON, fractions too, as AuthZEN and JWT want it; a member twice, at any
/// depth, is refused, because two readers of it may see two requests.
pub(super) fn open_object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(Once(Value::Object(object))) => Ok(object),
        Ok(Once(_)) => Err(Problem::new("json_not_an_object", "The body is no JSON object.")),
        Err(error) if error.to_string().starts_with(TWICE) => {
            Err(Problem::new("json_duplicate_member", "A member stands twice in an object."))
        }
        Err(_) => Err(Problem::new("json_syntax", "The body is not JSON.")),
    }
}

/// A query's parameters, each once and each one of `known`.
pub(super) fn parameters<const N: usize>(
    query: Option<&str>,
    known: [&'static str; N],
) -> Result<[Option<u64>; N], Problem> {
    let mut found = [None; N];
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        let Some((known, slot)) = known.iter().zip(&mut found).find(|(known, _)| **known == name) else {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Problem::query(format!("The query has an unknown parameter; known here: {known}.")));
        };
        let number =
            number(&value).ok_or_else(|| Problem::query(format!("{known} is not a whole number.")))?;
        if slot.replace(number).is_some() {
            return Err(Problem::query(format!("{known} stands twice.")));
        }
    }
    Ok(found)
}

/// A decimal number below 2^53 in its one spelling.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|number| plain && *number <= procura_core::json::MAX_INTEGER)
}

const TWICE: &str = "a member twice";

/// JSON in which no object has a member twice.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor).map(Once)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Once(value))) = members.next_entry::<String, Once>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    //! Goal: what has two readings is refused, what the standards leave open is taken. Method: one text for each.

    use super::*;

    #[test]
    fn open_objects() {
        for (text, expected) in [
            (r#"{"a":1.5,"b":[{"c":1e99}],"d":null}"#, "accept"),
            (r#"{"a":1,"a":1}"#, "json_duplicate_member"),
            (r#"{"a":[{"b":1,"\u0062":2}]}"#, "json_duplicate_member"),
            ("[]", "json_not_an_object"),
            ("", "json_syntax"),
            ("{} {}", "json_syntax"),
            ("{\"a\":\"\u{1}\"}", "json_syntax"),
        ] {
            let name = open_object(text.as_bytes()).map_or_else(|problem| problem.name(), |_| "accept");
            assert_eq!(name, expected, "{text}");
        }
        assert_eq!(open_object("[".repeat(100_000).as_bytes()).unwrap_err().name(), "json_syntax");
    }

    #[test]
    fn a_query_has_known_numbers_once() {
        assert_eq!(parameters(Some("from=3"), ["from", "to"]), Ok([Some(3), None]));
        assert_eq!(parameters(None, ["from"]), Ok([None]));
        for query in
            ["x=1", "from=", "from=-1", "from=01", "from=1&from=1", "from=9007199254740992", "from=+1"]
        {
            assert_eq!(parameters(Some(query), ["from"]).unwrap_err().name(), "query", "{query}");
        }
    }
}
