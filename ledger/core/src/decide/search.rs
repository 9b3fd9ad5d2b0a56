//! What is looked for instead of asked: an AuthZEN search, which leaves one of actor, subject and purpose open.
//!
//! spec: http.md#searches

use super::request::{AuthZen, RequestError};
use serde_json::{Map, Value};

/// The type of a subject that is any party, named by its id.
pub const PARTY: &str = "party";

/// What a search looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    /// Who may do this with this person's data.
    Actors,
    /// With whose data this actor may do that.
    Subjects,
    /// For which purposes.
    Purposes,
}

/// An OpenID AuthZEN 1.0 search request, as far as it means something here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// What is looked for.
    pub sought: Sought,
    /// `subject.type`: [`PARTY`], or a scheme of identifiers.
    pub subject_type: String,
    /// What is known. What is looked for names nobody, or no purpose, whatever was sent of it.
    pub request: AuthZen,
}

impl Search {
    /// Reads the members of a search request; others are ignored, and so is the id of what is looked for.
    ///
    /// # Errors
    /// [`RequestError`] if one is missing or of another type, or if there are too many properties.
    pub fn read(sought: Sought, object: Map<String, Value>) -> Result<Self, RequestError> {
        let (subject_type, request) = AuthZen::read_but(object, Some(sought))?;
        Ok(Self { sought, subject_type, request })
    }
}

#[cfg(test)]
mod tests {
    //! Goal: each search needs what it does not look for, and passes over what it does. Method: a whole request, then each part
    //! left out or replaced.

    use super::*;
    use crate::decide::PartyRef;
    use serde_json::json;

    fn whole() -> Value {
        json!({
            "subject": {"type": "kbo", "id": "0999999922", "properties": {"role": "clerk"}},
            "action": {"name": "read", "properties": {"soft": true}},
            "resource": {"type": "tax", "id": "niss:75061200192"},
            "context": {"on_behalf_of": "kbo:0403170701"},
        })
    }

    fn read(sought: Sought, request: &Value) -> Result<Search, RequestError> {
        Search::read(sought, request.as_object().unwrap().clone())
    }

    #[test]
    fn what_is_sought_is_passed_over() {
        for (sought, pointer, other) in [
            (Sought::Actors, "/subject/id", json!(7)),
            (Sought::Subjects, "/resource/id", json!("niss:48031500292")),
            (Sought::Purposes, "/action/name", json!("write")),
            (Sought::Purposes, "/action", json!("write")),
        ] {
            let mut request = whole();
            let found = read(sought, &request).unwrap();
            *request.pointer_mut(pointer).unwrap() = other;
            assert_eq!(read(sought, &request).unwrap(), found, "{pointer}");
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            request.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
            assert_eq!(read(sought, &request).unwrap(), found, "{pointer}");
        }
        let found = read(Sought::Actors, &whole()).unwrap();
        assert_eq!((&*found.subject_type, &found.request.actor), ("kbo", &PartyRef::Nobody(String::new())));
        assert_eq!(found.request.subject.to_string(), "niss:75061200192");
        assert_eq!(read(Sought::Purposes, &whole()).unwrap().request.purpose, "");
    }

    #[test]
    fn what_is_not_sought_must_be_there() {
        let all = [
            "/subject",
            "/subject/type",
            "/subject/id",
            "/action",
            "/action/name",
            "/resource",
            "/resource/type",
            "/resource/id",
        ];
        for (sought, open) in [
            (Sought::Actors, &["/subject/id"][..]),
            (Sought::Subjects, &["/resource/id"]),
            (Sought::Purposes, &["/action", "/action/name"]),
        ] {
            for pointer in all.iter().filter(|pointer| !open.contains(pointer)) {
                let mut request = whole();
                *request.pointer_mut(pointer).unwrap() = json!(7);
                assert!(read(sought, &request).is_err(), "{sought:?} {pointer}");
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                request.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
                assert!(read(sought, &request).is_err(), "{sought:?} {pointer}");
            }
        }
    }
}
