//! From what a provider says of somebody to who that is here, and how sure that is.
//!
//! spec: http.md#enrolment

use crate::config::ProviderSettings;
use procura_core::identifier::Identifier;
use procura_core::kinds::Assurance;
use serde_json::{Map, Value};

/// The most characters of a name, as a party's record has it.
const MAX_NAME_CHARS: usize = 200;

/// Somebody whom a provider has identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Who it is.
    pub(super) identifier: Identifier,
    /// What they are called, if the provider says so and it may be registered.
    pub(super) name: Option<String>,
    /// How sure it is that it is them.
    pub(super) sure: Assurance,
}

/// Why claims identify nobody. None holds what a claim said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ClaimsError {
    /// The provider was less sure than it must be, or said nothing that is known of how sure it was.
    #[error("the provider was not sure enough")]
    Weak,
    /// There is no such claim, or it is no identifier of the scheme.
    #[error("the provider named nobody by an identifier of the scheme")]
    Nobody,
}

/// Who that is. What isn't said, or is said in a way that nobody configured, counts for nothing.
pub(super) fn person(claims: &Map<String, Value>, by: &ProviderSettings) -> Result<Person, ClaimsError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let sure = claims.get(&by.assurance_claim).and_then(|value| level(value, by)).ok_or(ClaimsError::Weak)?;
    let value = text(&by.claim).ok_or(ClaimsError::Nobody)?;
    let identifier = Identifier::new(&by.scheme, value).map_err(|_| ClaimsError::Nobody)?;
    let name = by.name_claim.as_deref().and_then(text).filter(|name| is_name(name)).map(str::to_owned);
    Ok(Person { identifier, name, sure })
}

/// How sure a claim says that it is: a text, or several, as `amr` has. Of several that mean something the least counts.
fn level(value: &Value, by: &ProviderSettings) -> Option<Assurance> {
    let of = |value: &Value| value.as_str().and_then(|text| by.assurance.get(text)).copied();
    match value {
        Value::Array(all) => all.iter().filter_map(of).min(),
        one => of(one),
    }
}

/// Nothing depends on a name: one that does not fit is left out.
fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    //! Goal: exactly the claims that are configured make somebody, and only as sure as their value is said to mean. Method: claims that
    //! are right, then each of them missing, mistyped or of another value.

    use super::*;
    use serde_json::json;

    fn provider() -> ProviderSettings {
        toml::from_str(
            r#"
            name = "p"
            title = "P"
            issuer = "https://p.example"
            client_id = "c"
            client_secret_file = "s"
            claim = "https://p.example/number"
            scheme = "niss"
            name_claim = "name"
            assurance = { "urn:app" = "substantial", "urn:card" = "high", "urn:mail" = "low" }
            "#,
        )
        .unwrap()
    }

    fn claims(change: impl FnOnce(&mut Map<String, Value>)) -> Map<String, Value> {
        let claims = json!({"sub": "7", "acr": "urn:app", "name": "Zoé", "https://p.example/number": "75.06.12-001.92"});
        let Value::Object(mut claims) = claims else { panic!("an object") };
        change(&mut claims);
        claims
    }

    fn of(change: impl FnOnce(&mut Map<String, Value>)) -> Result<Person, ClaimsError> {
        person(&claims(change), &provider())
    }

    #[test]
    fn a_claim_becomes_an_identifier_and_a_level() {
        let person = of(|_| ()).unwrap();
        assert_eq!(person.identifier.text(), "niss:75061200192");
        assert_eq!((person.name.as_deref(), person.sure), (Some("Zoé"), Assurance::Substantial));
        for (acr, sure) in [("urn:card", Assurance::High), ("urn:mail", Assurance::Low)] {
            let person = of(|claims| drop(claims.insert("acr".into(), json!(acr)))).unwrap();
            assert_eq!(person.sure, sure, "{acr}");
        }
    }

    #[test]
    fn another_claim_may_say_how_sure_it_is() {
        let mut by = provider();
        by.assurance_claim = "loa".to_owned();
        for (value, sure) in [
            (json!("urn:card"), Assurance::High),
            (json!(["eid", "urn:card"]), Assurance::High),
            (json!(["urn:card", "urn:mail", "urn:app"]), Assurance::Low),
        ] {
            let claims = claims(|claims| drop(claims.insert("loa".into(), value.clone())));
            assert_eq!(person(&claims, &by).unwrap().sure, sure, "{value}");
        }
    }

    #[test]
    fn a_level_that_nobody_configured_is_none() {
        for acr in [
            json!("urn:none"),
            json!("URN:APP"),
            json!(""),
            json!(2),
            json!(["urn:none", 1]),
            json!([]),
            json!([["urn:app"]]),
            Value::Null,
        ] {
            assert_eq!(
                of(|claims| drop(claims.insert("acr".into(), acr.clone()))),
                Err(ClaimsError::Weak),
                "{acr}"
            );
        }
        assert_eq!(of(|claims| drop(claims.remove("acr"))), Err(ClaimsError::Weak));
    }

    #[test]
    fn what_is_no_identifier_is_nobody() {
        let number = "https://p.example/number";
        for value in [
            json!("75061200193"),
            json!("niss:75061200192"),
            json!(""),
            json!(75_061_200_192_u64),
            json!(["75061200192"]),
        ] {
            let found = of(|claims| drop(claims.insert(number.into(), value.clone())));
            assert_eq!(found, Err(ClaimsError::Nobody), "{value}");
        }
        assert_eq!(of(|claims| drop(claims.remove(number))), Err(ClaimsError::Nobody));
    }

    #[test]
    fn a_name_that_does_not_fit_is_left_out() {
        for name in [json!(""), json!("a\nb"), json!("é".repeat(201)), json!(1)] {
            let found = of(|claims| drop(claims.insert("name".into(), name.clone()))).unwrap();
            assert_eq!(found.name, None, "{name}");
        }
        let mut by = provider();
        by.name_claim = None;
        assert_eq!(person(&claims(|_| ()), &by).unwrap().name, None, "not asked for");
    }
}
