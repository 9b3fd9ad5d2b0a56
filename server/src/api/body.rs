//! Reading bodies: of a stated type, within a stated size and time.

use super::problem::Problem;
use crate::app::App;
use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// The most bytes of a JSON request that is no submission, and of a form.
pub(super) const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The media type that a request names, without its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/json`.
    Json,
    /// `application/jose`: a compact JWS.
    Jose,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Another, or none.
    Other,
}

impl MediaType {
    /// Its name.
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Jose => "application/jose",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Other => "",
        }
    }

    fn of(headers: &HeaderMap) -> Self {
        let value =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let named = value.split(';').next().unwrap_or_default().trim();
        let is_named = |known: &Self| named.eq_ignore_ascii_case(known.name());
        [Self::Json, Self::Jose, Self::Form].into_iter().find(is_named).unwrap_or(Self::Other)
    }

    /// Refuses a body of another media type than this.
    pub(super) fn expect(self, wanted: Self) -> Result<(), Problem> {
        if self == wanted {
            Ok(())
        } else {
            Err(Problem::new("media_type", format!("Send the body as {}.", wanted.name())))
        }
    }
}

impl<S: Sync> FromRequestParts<S> for MediaType {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// How much of a body that is too large is read away, so that a client that writes before it reads gets the answer.
const MAX_DRAINED_BYTES: usize = 4 << 20;

/// How much of a body is kept whatever else is: nearly all bodies are smaller.
const SMALL_BYTES: usize = 16 * 1024;
/// What one permit of the room for large bodies stands for.
pub(crate) const BODY_UNIT_BYTES: usize = 1024;

/// A body that was read.
pub(super) struct Received {
    pub(super) bytes: Bytes,
    /// Its room among the large bodies, to be held as long as anything is made of it.
    pub(super) room: Option<OwnedSemaphorePermit>,
}

/// The whole body, if it has at most `limit_bytes`. Read before anything else is refused, so that a client still writing gets
/// the refusal instead of a broken connection.
pub(super) async fn read(app: &App, body: Body, limit_bytes: usize) -> Result<Received, Problem> {
    let slow = |_| Problem::new("timeout", "The body took too long; send the request again.");
    tokio::time::timeout(app.limits().body_timeout, collect(app, body, limit_bytes)).await.map_err(slow)?
}

/// A body that is not wanted.
pub(super) async fn read_away(app: &App, body: Body) {
    drop(read(app, body, 0).await);
}

async fn collect(app: &App, mut body: Body, limit_bytes: usize) -> Result<Received, Problem> {
    // Most bodies come in one piece, which is taken as it is.
    let (mut whole, mut pieces, mut size_bytes) = (Bytes::new(), Vec::new(), 0_usize);
    let (mut room, mut is_full): (Option<OwnedSemaphorePermit>, _) = (None, false);
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Problem::new("timeout", "The body broke off; send the request again."))?;
        let Ok(data) = frame.into_data() else { continue };
        size_bytes = size_bytes.saturating_add(data.len());
        if size_bytes > limit_bytes || is_full {
            (whole, pieces, room) = (Bytes::new(), Vec::new(), None);
            if size_bytes > MAX_DRAINED_BYTES {
                break;
            }
            continue;
        }
        is_full = !has_room(app, size_bytes, &mut room);
        if whole.is_empty() && pieces.is_empty() {
            whole = data;
        } else {
            pieces.extend_from_slice(&std::mem::take(&mut whole));
            pieces.extend_from_slice(&data);
        }
    }
    if size_bytes > limit_bytes {
        return Err(Problem::new("oversized", format!("A body here has at most {limit_bytes} bytes.")));
    }
    if is_full {
        return Err(Problem::busy(1));
    }
    Ok(Received { bytes: if pieces.is_empty() { whole } else { pieces.into() }, room })
}

/// Sees to it that a body of so many bytes has its room.
fn has_room(app: &App, size_bytes: usize, room: &mut Option<OwnedSemaphorePermit>) -> bool {
    let units = size_bytes.saturating_sub(SMALL_BYTES).div_ceil(BODY_UNIT_BYTES);
    let more = units.saturating_sub(room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
    if more == 0 {
        return true;
    }
    let Some(more) = u32::try_from(more).ok().and_then(|more| {
        // The semaphore is never closed: none are left.
        Arc::clone(app.bodies()).try_acquire_many_owned(more).ok()
    }) else {
        return false;
    };
    match room {
        Some(room) => room.merge(more),
        None => *room = Some(more),
    }
    true
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
