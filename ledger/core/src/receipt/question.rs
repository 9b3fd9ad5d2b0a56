//! The questions that a receipt can answer.
//!
//! spec: receipts.md#questions

use crate::decide::{AuthZen, Decision, Request};
use crate::json::{Field, MemberError, Members};
use crate::{Hash, Millis, Size};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What a receipt answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Was this record logged, when, and by whom was it signed?
    Existence {
        /// Its id.
        id: Hash,
    },
    /// What is its status?
    Status {
        /// The create's id.
        id: Hash,
        /// A transition that must be in its list, opened.
        through: Option<Hash>,
        /// As it was then; `None`: as of the checkpoint.
        as_of: Option<AsOf>,
    },
    /// What concerns this party?
    Complete {
        /// The party record's id.
        party: Hash,
        /// The first segment shown.
        from: u64,
        /// The segment before which it stops; `None`: up to the end, which is proven.
        to: Option<u64>,
    },
    /// May this party do this?
    Authority(Box<Authority>),
}

/// What `decide` says over exactly these records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// What was asked.
    pub request: AuthZen,
    /// For which instant.
    pub at: Millis,
    /// The parties that the request names, as they are registered.
    pub parties: Named,
    /// Mandates and consents, ascending.
    pub grants: Vec<Hash>,
    /// Catalogues, ascending.
    pub catalogues: Vec<Hash>,
    /// The decision.
    pub decision: Decision,
    /// The `access` record that asked: then it is decided as of just before its entry, at the entry's time.
    pub access: Option<Hash>,
    /// As it was then; `None`: as of the checkpoint, or of the access.
    pub as_of: Option<AsOf>,
}

/// The parties of a request by id; `None` where nobody is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Who wants to act.
    pub actor: Option<Hash>,
    /// Whose data it is.
    pub subject: Option<Hash>,
    /// For whom the actor acts; the outer `None`: for itself.
    pub on_behalf_of: Option<Option<Hash>>,
    /// Who acts along with it, in the order of the request.
    pub together_with: Vec<Option<Hash>>,
}

impl Named {
    /// The request that is decided.
    #[must_use]
    pub fn request(&self, asked: &AuthZen) -> Request {
        Request {
            actor: self.actor,
            subject: self.subject,
            on_behalf_of: self.on_behalf_of,
            together_with: self.together_with.clone(),
            category: asked.category.clone(),
            purpose: asked.purpose.clone(),
            properties: asked.properties.clone(),
            emergency: asked.emergency,
        }
    }

    /// Whether one of them is nobody who is registered.
    #[must_use]
    pub fn has_nobody(&self) -> bool {
        [Some(self.actor), Some(self.subject), self.on_behalf_of]
            .into_iter()
            .flatten()
            .chain(self.together_with.iter().copied())
            .any(|party| party.is_none())
    }

    /// Those that are registered, each once.
    #[must_use]
    pub fn registered(&self) -> BTreeSet<Hash> {
        let named = [self.actor, self.subject, self.on_behalf_of.flatten()];
        named.into_iter().chain(self.together_with.iter().copied()).flatten().collect()
    }
}

/// A point of the past: a tree size, which may have been found from a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Items with an index below this count.
    pub size: Size,
    /// If it was asked by time: `size − 1` is the last index commit with a time not after this one.
    pub time: Option<Millis>,
}

impl Question {
    /// Up to which tree size items count, if not up to the checkpoint.
    #[must_use]
    pub fn as_of(&self) -> Option<AsOf> {
        match self {
            Self::Status { as_of, .. } => *as_of,
            Self::Authority(authority) => authority.as_of,
            Self::Existence { .. } | Self::Complete { .. } => None,
        }
    }

    pub(super) fn write(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
        match self {
            Self::Existence { id } => {
                put("type", json!("existence"));
                put("id", json!(id));
            }
            Self::Status { id, through, .. } => {
                put("type", json!("status"));
                put("id", json!(id));
                if let Some(through) = through {
                    put("through", json!(through));
                }
            }
            Self::Complete { party, from, to } => {
                put("type", json!("complete"));
                put("party", json!(party));
                put("from", json!(from));
                if let Some(to) = to {
                    put("to", json!(to));
                }
            }
            Self::Authority(authority) => {
                put("type", json!("authority"));
                put("request", authority.request.write());
                put("at", json!(authority.at));
                let named = &authority.parties;
                let mut parties = Map::new();
                parties.insert("actor".to_owned(), json!(named.actor));
                parties.insert("subject".to_owned(), json!(named.subject));
                if let Some(principal) = named.on_behalf_of {
                    parties.insert("on_behalf_of".to_owned(), json!(principal));
                }
                if !named.together_with.is_empty() {
                    parties.insert("together_with".to_owned(), json!(named.together_with));
                }
                put("parties", Value::Object(parties));
                put("grants", json!(authority.grants));
                put("catalogues", json!(authority.catalogues));
                put("decision", json!(authority.decision));
                if let Some(access) = authority.access {
                    put("access", json!(access));
                }
            }
        }
        if let Some(as_of) = self.as_of() {
            put("as_of", json!(as_of.size));
            if let Some(time) = as_of.time {
                put("as_of_time", json!(time));
            }
        }
        Value::Object(object)
    }

    pub(super) fn read(mut members: Members) -> Result<Self, MemberError> {
        let question = match members.take_str("type")?.as_str() {
            "existence" => Self::Existence { id: members.take_hash("id")? },
            "status" => Self::Status {
                id: members.take_hash("id")?,
                through: members.take_opt("through", Field::hash)?,
                as_of: read_as_of(&mut members)?,
            },
            "complete" => read_complete(&mut members)?,
            "authority" => Self::Authority(Box::new(read_authority(&mut members)?)),
            _ => return Err(members.mistyped("type", "a question of this version")),
        };
        members.finish()?;
        Ok(question)
    }
}

/// A page shows a segment at least: one that shows none would have a reader ask for ever.
fn read_complete(members: &mut Members) -> Result<Question, MemberError> {
    let (party, from) = (members.take_hash("party")?, members.take_u64("from")?);
    let to = members.take_opt("to", Field::u64)?;
    if to.is_some_and(|to| to <= from) {
        return Err(members.mistyped("to", "after from"));
    }
    Ok(Question::Complete { party, from, to })
}

fn read_as_of(members: &mut Members) -> Result<Option<AsOf>, MemberError> {
    let size = members.take_opt("as_of", Field::u64)?.map(Size);
    let time = members.take_opt("as_of_time", Field::millis)?;
    match (size, time) {
        (Some(size), time) => Ok(Some(AsOf { size, time })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(members.mistyped("as_of_time", "beside as_of only")),
    }
}

fn read_authority(members: &mut Members) -> Result<Authority, MemberError> {
    let request = match members.take("request", Field::value)? {
        Value::Object(object) => AuthZen::read(object).map_err(|error| error.0)?,
        _ => return Err(members.mistyped("request", "an object")),
    };
    let mut parties = members.take_object("parties")?;
    let named = Named {
        actor: parties.take("actor", id_or_null)?,
        subject: parties.take("subject", id_or_null)?,
        on_behalf_of: parties.take_opt("on_behalf_of", id_or_null)?,
        together_with: parties
            .take_opt("together_with", |field| field.array_of(id_or_null))?
            .unwrap_or_default(),
    };
    parties.finish()?;
    let decision = members.take("decision", Field::value)?;
    let decision: Decision =
        serde_json::from_value(decision).map_err(|_| members.mistyped("decision", "a decision"))?;
    if decision.permit != decision.reason.permits() {
        return Err(members.mistyped("decision", "a decision with a reason of its kind"));
    }
    let authority = Authority {
        request,
        at: members.take_millis("at")?,
        parties: named,
        grants: ascending(members, "grants")?,
        catalogues: ascending(members, "catalogues")?,
        decision,
        access: members.take_opt("access", Field::hash)?,
        as_of: read_as_of(members)?,
    };
    match authority.access.is_some() && authority.as_of.is_some() {
        true => Err(members.mistyped("as_of", "of no access: that has its own")),
        false => Ok(authority),
    }
}

fn id_or_null(field: Field) -> Result<Option<Hash>, MemberError> {
    if field.is_null() { Ok(None) } else { field.hash().map(Some) }
}

fn ascending(members: &mut Members, name: &'static str) -> Result<Vec<Hash>, MemberError> {
    let ids = members.take_array_of_hash(name)?;
    if ids.is_sorted_by(|a, b| a < b) { Ok(ids) } else { Err(members.mistyped(name, "ids, ascending")) }
}
