//! What the verbs that sign have in common: the occasion, the other party, the catalogue, ids as they are typed.

use super::context::Who;
use super::output::Failure;
use super::under::Above;
use procura_client::client::Identity;
use procura_client::{Client, PartyFound, ReadError, Submitted};
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::draft::{Draft, Occasion};
use procura_core::kinds::{Catalogue, Validity};
use serde_json::Value;

/// The fewest characters by which a record may be named.
const MIN_PREFIX_CHARS: usize = 6;

/// Fresh random bytes.
pub(crate) fn fresh<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::unknown("random", format!("this machine has no randomness: {error}")))?;
    Ok(bytes)
}

/// An occasion to sign something now.
pub(crate) fn occasion(client: &Client) -> Result<Occasion<'_>, Failure> {
    Ok(Occasion { origin: &client.policy().origin, nonce: fresh()?, now: client.now() })
}

/// The client's identity.
pub(crate) fn identity(client: &Client) -> Result<&Identity, Failure> {
    client.identity().ok_or_else(|| procura_client::TokenError::NoIdentity.into())
}

/// Puts a text into a record that is withheld from whoever it is not shown to, if there is one.
pub(crate) fn withheld(draft: Draft, name: &str, text: Option<&str>) -> Result<Draft, Failure> {
    match text {
        None => Ok(draft),
        Some(text) => draft
            .withheld(name, &Value::from(text), &fresh()?)
            .map_err(|error| Failure::no(error.name(), error.to_string())),
    }
}

/// Signs a record and hands it in.
pub(crate) fn sign_and_submit(client: &Client, draft: Draft) -> Result<(Hash, Submitted), Failure> {
    let identity = identity(client)?;
    let id = draft.id();
    let submission = draft
        .sign(&identity.kid, identity.signer.as_ref())
        .map_err(|error| Failure::unknown(error.name(), error.to_string()))?;
    Ok((id, client.submit(&submission)?))
}

/// The other party of a grant, and a line if nobody is registered under the identifier.
pub(crate) fn other_party(client: &Client, who: &Who) -> Result<(Hash, Option<String>), Failure> {
    match who {
        Who::Me => Ok((client.own_party()?, None)),
        Who::Id(id) => Ok((*id, None)),
        Who::Identifier(identifier) => match client.find_party(identifier)? {
            PartyFound::Registered(id) => Ok((id, None)),
            PartyFound::Prepared(id) => {
                let note = "Nobody is registered under that identifier yet: the ledger keeps a place for them. That \
                            the place is theirs is the ledger's word until they register.";
                Ok((id, Some(note.to_owned())))
            }
        },
    }
}

/// The catalogue for a grant: the one named, or the newest in force that has every scope.
pub(crate) fn catalogue_for(
    client: &Client,
    named: Option<Hash>,
    scopes: &[String],
) -> Result<(Hash, Option<Catalogue>), Failure> {
    if let Some(id) = named {
        return match client.catalogue(&id) {
            Ok((found, _)) => {
                check_scopes(&found.catalogue, scopes)?;
                Ok((id, Some(found.catalogue)))
            }
            // A server that keeps catalogues to itself: the ledger checks the scopes.
            Err(ReadError::NotFound) => Ok((id, None)),
            Err(error) => Err(error.into()),
        };
    }
    let all = match client.catalogues() {
        Ok(all) => all,
        Err(ReadError::NotFound) => match scopes.first() {
            Some(scope) => client.catalogue_with(scope)?.into_iter().collect(),
            None => Vec::new(),
        },
        Err(error) => return Err(error.into()),
    };
    let mut fitting: Vec<_> =
        all.into_iter().filter(|found| check_scopes(&found.catalogue, scopes).is_ok()).collect();
    fitting.sort_by_key(|found| found.catalogue.version);
    let newest = fitting.pop().ok_or_else(|| {
        let message = "no catalogue in force has all of these scopes; `procura catalogue` lists them";
        Failure::no("unknown_scope", message)
    })?;
    if fitting.iter().any(|other| other.catalogue.code != newest.catalogue.code) {
        let message = "several catalogues have these scopes; say which with --catalogue ID";
        return Err(Failure::unknown("several_catalogues", message));
    }
    Ok((newest.id, Some(newest.catalogue)))
}

fn check_scopes(catalogue: &Catalogue, scopes: &[String]) -> Result<(), Failure> {
    match scopes.iter().find(|scope| catalogue.category(scope).is_none()) {
        None => Ok(()),
        Some(scope) => Err(Failure::no("unknown_scope", format!("the catalogue has no category {scope}"))),
    }
}

/// The validity typed, or as long as the mandate above.
pub(crate) fn validity(
    client: &Client,
    above: Option<&Above>,
    from: Option<Day>,
    until: Option<Day>,
) -> Result<Validity, Failure> {
    let [from, until] = match above {
        Some(above) => above.days(from, until, Day::of(client.now())),
        None => [from, until],
    };
    let validity = super::time::validity(from, until, client.now())
        .ok_or_else(|| Failure::unknown("clock", "this machine's clock stands after the year 9999"))?;
    if validity.not_after.is_some_and(|end| end <= validity.not_before) {
        return Err(Failure::no("validity", "the last day is before the first"));
    }
    Ok(validity)
}

/// The record that a whole id names, or its beginning: then one of one's own.
pub(crate) fn find_record(client: &Client, typed: &str) -> Result<Hash, Failure> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    if typed.chars().count() < MIN_PREFIX_CHARS {
        let message =
            format!("name the record by its id, or by at least {MIN_PREFIX_CHARS} characters of it");
        return Err(Failure::unknown("short_id", message));
    }
    let all = client.records(&client.own_party()?, &|_| {})?;
    let ids = all.records().iter().filter_map(|filed| filed.logged.entry.id());
    let mut found: Vec<Hash> = ids.filter(|id| id.to_string().starts_with(typed)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => Ok(id),
        (Some(_), false) => {
            Err(Failure::unknown("several_records", "several of your records start like this"))
        }
        (None, _) => Err(Failure::unknown("not_found", "none of your records starts like this")),
    }
}
