//! How much of an answer the client wants back: RFC 7240, `Prefer: return=minimal`.
//!
//! spec: http.md#prefer

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::convert::Infallible;

const PREFER: HeaderName = HeaderName::from_static("prefer");
/// What an answer says that honours the preference.
pub(super) const APPLIED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("preference-applied"), HeaderValue::from_static("return=minimal"));

/// What the client wants back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefer {
    /// All of it, or nothing said.
    Representation,
    /// What it can't do without.
    Minimal,
}

impl Prefer {
    /// The first `return` preference; what is not known, or not well formed, is passed over, as section 2 wants it.
    fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(PREFER).into_iter().filter_map(|line| line.to_str().ok());
        let mut preferences = lines.flat_map(|line| line.split(','));
        let wanted = preferences.find_map(|preference| {
            // Parameters may follow; none is defined for it.
            let (name, value) = preference.split(';').next()?.split_once('=')?;
            name.trim().eq_ignore_ascii_case("return").then(|| value.trim().trim_matches('"'))
        });
        if wanted == Some("minimal") { Self::Minimal } else { Self::Representation }
    }
}

impl<S: Sync> FromRequestParts<S> for Prefer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    //! Goal: only who asks for less gets less. Method: headers as RFC 7240 writes them, and some that it does not.

    use super::*;

    #[test]
    fn the_first_return_preference_counts() {
        for (lines, minimal) in [
            (&["return=minimal"][..], true),
            (&["respond-async, Return = \"minimal\"; foo=bar"], true),
            (&["handling=lenient", "return=minimal"], true),
            (&["return=minimal, return=representation"], true),
            (&["return=representation, return=minimal"], false),
            (&[], false),
            (&["return"], false),
            (&["return=MINIMAL"], false),
            (&["return=minimally"], false),
            (&["minimal", "x=\"return=minimal"], false),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(PREFER, HeaderValue::from_static(line));
            }
            assert_eq!(Prefer::of(&headers) == Prefer::Minimal, minimal, "{lines:?}");
        }
    }
}
