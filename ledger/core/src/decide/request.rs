//! What is asked: an AuthZEN evaluation request, and the same with parties looked up.
//!
//! spec: decisions.md#request

use super::search::{PARTY, Sought};
use crate::Hash;
use crate::conditions::{MAX_PROPERTIES, Part, Properties};
use crate::identifier::Identifier;
use crate::json::{Field, MemberError, Members};
use serde_json::{Map, Value, json};

/// The most others who act along with one.
pub(super) const MAX_TOGETHER: usize = 7;

/// The request with its parties looked up. `None` for a party that nobody has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who wants to act.
    pub actor: Option<Hash>,
    /// Whose data it is.
    pub subject: Option<Hash>,
    /// For whom, if for another party than the actor.
    pub on_behalf_of: Option<Option<Hash>>,
    /// Who acts along with it.
    pub together_with: Vec<Option<Hash>>,
    /// The category's code.
    pub category: String,
    /// The purpose's code.
    pub purpose: String,
    /// What conditions are held against.
    pub properties: Properties,
    /// Whether it is said to be an emergency.
    pub emergency: bool,
}

/// An OpenID AuthZEN 1.0 evaluation request, as far as it means something here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthZen {
    /// `subject`: who wants to act.
    pub actor: PartyRef,
    /// `resource.id`: whose data it is.
    pub subject: PartyRef,
    /// `context.on_behalf_of`.
    pub on_behalf_of: Option<PartyRef>,
    /// `context.together_with`.
    pub together_with: Vec<PartyRef>,
    /// `resource.type`.
    pub category: String,
    /// `action.name`.
    pub purpose: String,
    /// `properties` of subject, action and resource, and the other members of `context`.
    pub properties: Properties,
    /// `context.emergency`.
    pub emergency: bool,
}

/// What is said of a request with more than [`MAX_PROPERTIES`] properties.
const TOO_MANY: &str = "where a request has at most 64 properties in all";
const _: () = assert!(MAX_PROPERTIES == 64);

/// A party as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartyRef {
    /// `party:` and the party record's id.
    Id(Hash),
    /// `scheme:value`.
    Identifier(Identifier),
    /// Well-formed text that can name nobody, such as a wrong check digit: answered as an unknown party is.
    Nobody(String),
}

/// The request is not of the shape that AuthZEN gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct RequestError(#[from] pub MemberError);

impl AuthZen {
    /// Reads the members of an evaluation request; others are ignored, as AuthZEN wants it.
    ///
    /// # Errors
    /// [`RequestError`] if one is missing or of another type, or if there are more than [`MAX_PROPERTIES`] properties.
    pub fn read(object: Map<String, Value>) -> Result<Self, RequestError> {
        Ok(Self::read_but(object, None)?.1)
    }

    /// Reads all but what is sought, with the type of the subject.
    pub(super) fn read_but(
        object: Map<String, Value>,
        sought: Option<Sought>,
    ) -> Result<(String, Self), RequestError> {
        let mut members = Members::new(object);
        let mut subject = members.take_object("subject")?;
        let mut action = match sought {
            Some(Sought::Purposes) => Members::new(Map::new()),
            _ => members.take_object("action")?,
        };
        let mut resource = members.take_object("resource")?;
        let mut properties = Properties::default();
        for (of, entity) in
            [(Part::Subject, &mut subject), (Part::Action, &mut action), (Part::Resource, &mut resource)]
        {
            let sent = entity.take_opt("properties", Field::object)?.map(Members::rest).unwrap_or_default();
            if !properties.keep(of, sent) {
                return Err(entity.mistyped("properties", TOO_MANY).into());
            }
        }
        let (mut on_behalf_of, mut together_with, mut emergency) = (None, Vec::new(), false);
        if let Some(mut context) = members.take_opt("context", Field::object)? {
            on_behalf_of = context.take_opt("on_behalf_of", Field::str)?;
            together_with =
                context.take_opt("together_with", |field| field.array_of(Field::str))?.unwrap_or_default();
            if together_with.len() > MAX_TOGETHER {
                return Err(context.mistyped("together_with", "an array of 7 parties at most").into());
            }
            emergency = context.take_opt("emergency", Field::bool)?.unwrap_or_default();
            if !properties.keep(Part::Context, context.rest()) {
                return Err(members.mistyped("context", TOO_MANY).into());
            }
        }
        let subject_type = subject.take_str("type")?;
        let category = resource.take_str("type")?;
        let nobody = || PartyRef::Nobody(String::new());
        let request = Self {
            actor: match sought {
                Some(Sought::Actors) => nobody(),
                _ => PartyRef::actor(&subject_type, &subject.take_str("id")?),
            },
            subject: match sought {
                Some(Sought::Subjects) => nobody(),
                _ => PartyRef::subject(&category, &resource.take_str("id")?),
            },
            on_behalf_of: on_behalf_of.as_deref().map(PartyRef::parse),
            together_with: together_with.iter().map(|party| PartyRef::parse(party)).collect(),
            category,
            purpose: match sought {
                Some(Sought::Purposes) => String::new(),
                _ => action.take_str("name")?,
            },
            properties,
            emergency,
        };
        Ok((subject_type, request))
    }

    /// The request as AuthZEN writes it.
    #[must_use]
    pub fn write(&self) -> Value {
        let mut request = json!({
            "subject": {"type": "party", "id": self.actor.to_string()},
            "action": {"name": self.purpose},
            "resource": {"type": self.category, "id": self.subject.to_string()},
        });
        for part in [Part::Subject, Part::Action, Part::Resource] {
            let properties = self.properties.of(part);
            if let (false, Some(entity)) = (properties.is_empty(), member(&mut request, part.name())) {
                entity.insert("properties".to_owned(), Value::Object(properties));
            }
        }
        let mut context = self.properties.of(Part::Context);
        if let Some(principal) = &self.on_behalf_of {
            context.insert("on_behalf_of".to_owned(), json!(principal.to_string()));
        }
        if !self.together_with.is_empty() {
            let others: Vec<String> = self.together_with.iter().map(ToString::to_string).collect();
            context.insert("together_with".to_owned(), json!(others));
        }
        if self.emergency {
            context.insert("emergency".to_owned(), json!(true));
        }
        if let (false, Some(object)) = (context.is_empty(), request.as_object_mut()) {
            object.insert("context".to_owned(), Value::Object(context));
        }
        request
    }
}

fn member<'v>(object: &'v mut Value, name: &str) -> Option<&'v mut Map<String, Value>> {
    object.get_mut(name)?.as_object_mut()
}

impl PartyRef {
    /// Reads a reference; text that can name nobody is [`PartyRef::Nobody`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        if let Some(id) = text.strip_prefix("party:") {
            return id.parse().map_or_else(|_| Self::Nobody(text.to_owned()), Self::Id);
        }
        text.parse().map_or_else(|_| Self::Nobody(text.to_owned()), Self::Identifier)
    }

    /// Reads who wants to act: a `party`, or of another type, which is then the scheme of the identifier.
    fn actor(kind: &str, id: &str) -> Self {
        if kind == PARTY {
            return Self::parse(id);
        }
        // What can name nobody is dropped: a receipt states the request as written, where it might name a party again.
        Identifier::new(kind, id).map_or_else(|_| Self::Nobody(String::new()), Self::Identifier)
    }

    /// Reads whose data it is. An id without a scheme is of the one that is called as the category is.
    fn subject(category: &str, id: &str) -> Self {
        if id.contains(':') {
            return Self::parse(id);
        }
        Identifier::new(category, id).map_or_else(|_| Self::Nobody(id.to_owned()), Self::Identifier)
    }
}

impl std::fmt::Display for PartyRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => write!(f, "party:{id}"),
            Self::Identifier(identifier) => f.write_str(&identifier.text()),
            Self::Nobody(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a request means the same once it was written into a receipt. Method: one of each way to name somebody, or nobody.

    use super::*;

    #[test]
    fn what_is_written_means_the_same() {
        for (kind, id) in [
            ("party", "kbo:0999999922"),
            ("party", "kbo:0999.999.922"),
            ("party", "kbo:0999999923"),
            ("party", "party:x"),
            ("kbo", "0999.999.922"),
            ("kbo", "0999999923"),
            ("insz", "75061200192"),
            ("robot", "kbo:0999999922"),
            ("robot", ""),
        ] {
            let request = json!({
                "subject": {"type": kind, "id": id},
                "action": {"name": "read"},
                "resource": {"type": "tax", "id": id},
                "context": {"on_behalf_of": id, "emergency": true},
            });
            let read = |value: &Value| AuthZen::read(value.as_object().unwrap().clone()).unwrap();
            let request = read(&request);
            assert_eq!(read(&request.write()), request, "{kind} {id}");
        }
    }

    /// Whom a subject of this type with this id names, and a resource with the type as its category.
    fn named(kind: &str, id: &str) -> [String; 2] {
        let request = json!({
            "subject": {"type": kind, "id": id},
            "action": {"name": "read"},
            "resource": {"type": kind, "id": id},
        });
        let request = AuthZen::read(request.as_object().unwrap().clone()).unwrap();
        [&request.actor, &request.subject].map(|party| match party {
            PartyRef::Nobody(_) => "nobody".to_owned(),
            party => party.to_string(),
        })
    }

    #[test]
    fn a_type_is_the_scheme_of_its_ids() {
        assert_eq!(named("kbo", "0999.999.922"), ["kbo:0999999922"; 2]);
        assert_eq!(named("record", "record-1"), ["record:record-1"; 2]);
        assert_eq!(named("party", "kbo:0999999922"), ["kbo:0999999922"; 2]);
        // A subject's type says all; a category is one besides, so that an id with a scheme stands for itself.
        assert_eq!(named("robot", "kbo:0999999922"), ["robot:kbo:0999999922", "kbo:0999999922"]);
        let party = format!("party:{}", Hash([7; 32]));
        assert_eq!(named("party", &party), [&*party, &*party]);
        assert_eq!(named("robot", &party)[0], format!("robot:{party}"));
        // No scheme is called so, no value of it is, or it is called otherwise here.
        for (kind, id) in
            [("party", "x"), ("tax.return", "x"), ("kbo", "1"), ("insz", "75061200192"), ("x", "")]
        {
            assert_eq!(named(kind, id), ["nobody"; 2], "{kind} {id}");
        }
    }
}
