//! Vectors of `spec/records.md` and `spec/kinds.md`: a submission, the ledger's origin and perhaps the entry's time give
//! the refusal that needs no state, or `"accept"`.
//!
//! Members: `submission` (an object, or a string where the text itself is refused), `origin`, optional `time`; signatures are
//! not looked at here.

mod access;
mod asking;
mod kinds;
mod refusals;

use super::Case;
use procura_core::admission::{Candidate, Refusal};
use procura_core::disclosure::{Disclosure, digests};
use procura_core::hash::handle_commitment;
use procura_core::json::canonical;
use procura_core::jws::Jws;
use procura_core::key::{Signer, SoftKey};
use procura_core::record::TYP;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis, b64};
use serde_json::{Value, json};

const ORIGIN: &str = "trial/world";
/// 23 November 2026, 09:00 UTC: 10:00 in Brussels.
const NOW: u64 = 1_795_424_400_000;
const DAY_MS: u64 = 24 * 3600 * 1000;
/// 23 November 2026, 00:00 in Brussels.
const TODAY: u64 = 1_795_388_400_000;
const HANDLE: [u8; 32] = [3; 32];

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [kinds::cases(), access::cases(), asking::cases(), refusals::cases()].concat()
}

/// Runs one case: `"accept"`, or the name of the refusal.
#[must_use]
pub fn run(case: &Value) -> String {
    let text = match &case["submission"] {
        Value::String(text) => text.clone(),
        object => object.to_string(),
    };
    let read = || -> Result<(), String> {
        let submission = Submission::parse(text.as_bytes()).map_err(|error| error.name().to_owned())?;
        let name = |refusal: Refusal| refusal.name().to_owned();
        let candidate = Candidate::read(submission, case["origin"].as_str().unwrap()).map_err(name)?;
        match case.get("time").and_then(Value::as_u64) {
            Some(time) => {
                candidate.record().check_time(Millis(time)).map_err(|error| name(Refusal::Time(error)))
            }
            None => Ok(()),
        }
    };
    read().map_or_else(|name| name, |()| "accept".to_owned())
}

/// A record in the making.
#[derive(Clone)]
struct Made {
    payload: Value,
    disclosures: Vec<String>,
    handle: Option<[u8; 32]>,
}

impl Made {
    /// A record of a kind with the common members.
    fn new(kind: &str, members: &Value) -> Self {
        let mut payload = json!({
            "v": 1, "kind": kind, "origin": ORIGIN, "nonce": Hash([1; 32]), "iat": NOW, "submit_by": NOW + DAY_MS,
        });
        payload.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        Self { payload, disclosures: Vec::new(), handle: None }
    }

    fn set(mut self, member: &str, value: Value) -> Self {
        self.payload[member] = value;
        self
    }

    fn without(mut self, member: &str) -> Self {
        self.payload.as_object_mut().unwrap().remove(member);
        self
    }

    fn withheld(mut self, name: &str, value: &Value) -> Self {
        let salt = [u8::try_from(self.disclosures.len()).unwrap() + 1; 16];
        self.disclosures.push(Disclosure::new(&salt, name, value).unwrap().text().to_owned());
        let parsed: Vec<Disclosure> =
            self.disclosures.iter().map(|text| Disclosure::parse(text).unwrap()).collect();
        self.payload["_sd"] = json!(digests(&parsed));
        self
    }

    fn handle(mut self, handle: Option<[u8; 32]>) -> Self {
        self.handle = handle;
        self
    }

    fn submission(&self) -> Value {
        self.with_payload(&canonical(&self.payload))
    }

    /// The same over other payload bytes.
    fn with_payload(&self, payload: &[u8]) -> Value {
        let signer = SoftKey::from_seed(&[1; 32]);
        let mut submission = json!({"record": Jws::sign(&Hash([7; 32]), TYP, payload, &signer).unwrap()});
        if !self.disclosures.is_empty() {
            submission["disclosures"] = json!(self.disclosures);
        }
        if let Some(handle) = self.handle {
            submission["handle"] = json!(b64::encode(&handle));
        }
        submission
    }

    fn case(&self, name: &str, reason: &str, expect: &str) -> Case {
        of(name, reason, expect, self.submission())
    }
}

fn of(name: &str, reason: &str, expect: &str, submission: Value) -> Case {
    Case::new(name, reason, expect, json!({"submission": submission, "origin": ORIGIN}))
}

fn id(n: u8) -> Value {
    json!(Hash([n; 32]))
}

fn validity() -> Value {
    // From 23 to 30 November 2026, both included; the clocks do not change in between.
    json!({
        "valid_from": "2026-11-23", "valid_until": "2026-11-30",
        "not_before": TODAY, "not_after": TODAY + 8 * DAY_MS,
    })
}

fn jwk(seed: u8) -> Value {
    SoftKey::from_seed(&[seed; 32]).public_key().jwk()
}

fn person() -> Made {
    let members = json!({"party_type": "person", "handle": handle_commitment(&HANDLE)});
    Made::new("party", &members).withheld("identifier", &json!("niss:48031500292")).handle(Some(HANDLE))
}

fn mandate() -> Made {
    let mut members = validity();
    members["mandators"] = json!([id(1)]);
    members["mandatees"] = json!([id(2)]);
    members["catalogue"] = id(3);
    members["scopes"] = json!(["pension", "tax"]);
    Made::new("mandate", &members)
}
