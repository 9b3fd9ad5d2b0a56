//! Vectors of `spec/encoding.md`: JSON, keys, signatures, JWS, disclosures, days, identifiers and their forms.
//!
//! `type` says which; the members of each are listed in `spec/encoding.md#vectors`. A member that states a
//! result (`canonical`, `id`, …) is compared where the case is accepted.

mod forms;
mod json;
mod jws;
mod key;
mod values;

use super::Case;
use procura_core::kinds::Form;
use procura_core::{Millis, b64, days, disclosure, identifier, json as text, jws as token, key as keys};
use serde_json::{Map, Value};

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [json::cases(), key::cases(), jws::cases(), values::cases(), forms::cases()].concat()
}

/// Runs one case: `"accept"`, the stable name of the error, or what differs from the case's own statement.
#[must_use]
pub fn run(case: &Value) -> String {
    let answer = match string(case, "type") {
        "json" => run_json(case),
        "key" => run_key(case),
        "signature" => run_signature(case),
        "jws" => run_jws(case),
        "disclosures" => run_disclosures(case),
        "day" => run_day(case),
        "identifier" => run_identifier(case),
        "form" => run_form(case),
        other => Err(format!("no type {other:?}")),
    };
    answer.map_or_else(|name| name, |()| "accept".to_owned())
}

fn run_json(case: &Value) -> Result<(), String> {
    let bytes = match case.get("bytes") {
        Some(_) => bytes(case, "bytes")?,
        None => string(case, "text").as_bytes().to_vec(),
    };
    let members = match string(case, "form") {
        "canonical" => text::parse_canonical(&bytes),
        _ => text::parse_strict(&bytes, usize::try_from(number(case, "limit")?).unwrap_or(usize::MAX)),
    };
    let members = members.map_err(|error| error.name())?;
    let canonical = text::canonical(&Value::Object(members));
    states(case, "canonical", String::from_utf8_lossy(&canonical).into_owned())
}

fn run_key(case: &Value) -> Result<(), String> {
    let key = match case.get("jwk") {
        Some(jwk) => keys::PublicKey::from_jwk(text::Members::new(object(jwk))),
        None => keys::PublicKey::from_bytes(&array(case, "key")?),
    };
    let key = key.map_err(|error| error.name())?;
    states(case, "thumbprint", key.thumbprint().to_string())
}

fn run_signature(case: &Value) -> Result<(), String> {
    let key = keys::PublicKey::from_bytes(&array(case, "key")?).map_err(|error| error.name())?;
    let verified = key.verify(&bytes(case, "message")?, &array(case, "signature")?);
    verified.map_err(|error| error.name().to_owned())
}

fn run_jws(case: &Value) -> Result<(), String> {
    let key = keys::PublicKey::from_bytes(&array(case, "key")?).map_err(|error| error.name())?;
    let jws = token::Jws::parse(string(case, "jws"), string(case, "typ")).map_err(|error| error.name())?;
    jws.verify(&key).map_err(|error| error.name())?;
    states(case, "kid", jws.kid().to_string())?;
    states(case, "id", jws.id().to_string())
}

fn run_disclosures(case: &Value) -> Result<(), String> {
    let payload = object(case.get("payload").unwrap_or(&Value::Null));
    let texts = case.get("disclosures").and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<String> = texts.filter_map(Value::as_str).map(str::to_owned).collect();
    let members = match string(case, "mode") {
        "admission" => disclosure::admit(&payload, &texts),
        _ => disclosure::present(&payload, &texts),
    };
    let members = members.map_err(|error| error.name())?;
    states(case, "members", Value::Object(members.into_iter().collect()))
}

fn run_day(case: &Value) -> Result<(), String> {
    let day = match case.get("instant") {
        Some(_) => days::Day::of(Millis(number(case, "instant")?)).ok_or("day_after_9999")?,
        None => string(case, "day").parse().map_err(|error: days::DayError| error.name())?,
    };
    states(case, "day", day.to_string())?;
    states(case, "first_instant", day.first_instant().0)?;
    states(case, "instant_after", day.instant_after().0)
}

fn run_identifier(case: &Value) -> Result<(), String> {
    let identifier: Result<identifier::Identifier, _> = string(case, "identifier").parse();
    states(case, "normal", identifier.map_err(|error| error.name())?.text())
}

fn run_form(case: &Value) -> Result<(), String> {
    let mut members = text::Members::new(object(case.get("form").unwrap_or(&Value::Null)));
    let form = Form::take(&mut members).and_then(|form| members.finish().map(|()| form));
    form.map_err(|error| error.name())?.check(string(case, "value")).map_err(|error| error.name().to_owned())
}

/// `object` with one member more, or another.
fn with(mut object: Value, member: &str, value: impl Into<Value>) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(member.to_owned(), value.into());
    }
    object
}

/// What the case states under `member`, if anything, is what came out.
fn states(case: &Value, member: &str, found: impl Into<Value>) -> Result<(), String> {
    match case.get(member) {
        Some(stated) if *stated != found.into() => Err(format!("another {member}")),
        _ => Ok(()),
    }
}

fn string<'a>(case: &'a Value, member: &str) -> &'a str {
    case.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn number(case: &Value, member: &str) -> Result<u64, String> {
    case.get(member).and_then(Value::as_u64).ok_or_else(|| format!("{member} is not a number"))
}

fn bytes(case: &Value, member: &str) -> Result<Vec<u8>, String> {
    b64::decode(string(case, member)).map_err(|_| format!("{member} is not base64url"))
}

fn array<const N: usize>(case: &Value, member: &str) -> Result<[u8; N], String> {
    bytes(case, member)?.try_into().map_err(|_| format!("{member} has not {N} bytes"))
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
