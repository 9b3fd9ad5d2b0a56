//! What a condition looks at, as it is typed.
//!
//! spec: conditions.md#properties

use super::output::Failure;
use procura_core::decide::AuthZen;
use serde_json::{Map, Value, json};
use std::str::FromStr;

/// A property as it is typed: part.name=value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    part: String,
    name: String,
    value: Value,
}

impl FromStr for Sent {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        let (place, value) = typed.split_once('=').ok_or("write it part.name=value")?;
        let (part, name) = place.split_once('.').ok_or("write it part.name=value")?;
        if !["subject", "action", "resource", "context"].contains(&part) {
            return Err("the part is subject, action, resource or context".to_owned());
        }
        // A number or a truth value is one; everything else is text.
        let value = match serde_json::from_str(value) {
            Ok(value @ (Value::Bool(_) | Value::Number(_))) => value,
            _ => Value::from(value),
        };
        Ok(Self { part: part.to_owned(), name: name.to_owned(), value })
    }
}

/// The properties by part, as a record has them; `None` if there are none.
pub(super) fn by_part(sent: &[Sent]) -> Option<Value> {
    let mut parts: Map<String, Value> = Map::new();
    for Sent { part, name, value } in sent {
        if let Some(of_part) = parts.entry(part.clone()).or_insert_with(|| json!({})).as_object_mut() {
            of_part.insert(name.clone(), value.clone());
        }
    }
    (!parts.is_empty()).then_some(Value::Object(parts))
}

/// A request with these properties. What the ledger would pass over is refused here: who typed it meant something.
pub(super) fn with(request: &AuthZen, sent: &[Sent]) -> Result<AuthZen, Failure> {
    let malformed = || Failure::unknown("member_mistyped", "these properties can't be asked with");
    let Value::Object(mut written) = request.write() else { return Err(malformed()) };
    for Sent { part, name, value } in sent {
        let place = place(&mut written, part).ok_or_else(malformed)?;
        // What is there already is the request's own, or typed twice.
        if place.insert(name.clone(), value.clone()).is_some() {
            return Err(malformed());
        }
    }
    let request = AuthZen::read(written).map_err(|_| malformed())?;
    let Value::Object(mut kept) = request.write() else { return Err(malformed()) };
    for Sent { part, name, value } in sent {
        let is_property = !["on_behalf_of", "together_with"].contains(&name.as_str());
        if !is_property || place(&mut kept, part).is_none_or(|place| place.get(name) != Some(value)) {
            return Err(Failure::unknown("member_mistyped", format!("{part}.{name} can't be a property")));
        }
    }
    Ok(request)
}

/// Where the properties of a part stand in a request.
fn place<'a>(request: &'a mut Map<String, Value>, part: &str) -> Option<&'a mut Map<String, Value>> {
    let of_part = request.entry(part).or_insert_with(|| json!({})).as_object_mut()?;
    if part == "context" {
        return Some(of_part);
    }
    of_part.entry("properties").or_insert_with(|| json!({})).as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use procura_core::conditions::Properties;
    use procura_core::decide::PartyRef;

    fn request() -> AuthZen {
        AuthZen {
            actor: PartyRef::parse("kbo:0999999922"),
            subject: PartyRef::parse("niss:48031500292"),
            on_behalf_of: None,
            together_with: Vec::new(),
            category: "tax".to_owned(),
            purpose: "read".to_owned(),
            properties: Properties::default(),
            emergency: false,
        }
    }

    #[test]
    fn what_is_typed_is_what_is_asked() {
        let typed: Vec<Sent> =
            ["resource.hours=40", "context.case=A7", "subject.sworn=true"].map(|t| t.parse().unwrap()).into();
        let asked = with(&request(), &typed).unwrap().write();
        assert_eq!(asked["resource"]["properties"]["hours"], 40);
        assert_eq!(asked["context"]["case"], "A7");
        assert_eq!(asked["subject"]["properties"]["sworn"], true);
        assert_eq!(by_part(&typed).unwrap()["context"]["case"], "A7");
        assert_eq!((by_part(&[]), with(&request(), &[]).ok()), (None, Some(request())));
        for wrong in ["case=A7", "context.case", "place.case=A7"] {
            assert!(wrong.parse::<Sent>().is_err(), "{wrong}");
        }
        for passed_over in ["context.Case=A7", "resource.hours=1.5", "context.on_behalf_of=kbo:0417497106"] {
            assert!(with(&request(), &[passed_over.parse().unwrap()]).is_err(), "{passed_over}");
        }
    }
}
