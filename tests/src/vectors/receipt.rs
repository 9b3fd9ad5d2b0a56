//! Vectors of `spec/receipts.md`: receipts that are believed, and for each name a lie that is refused by it.
//!
//! A case has `receipt` (an object, or a string where the text itself is the lie), `ask` (a question as in a receipt, of
//! `authority` only the `request`), `policy`, optional `pin` (`{"size","root"}`), and `mode`: `{"fresh": ms}`, `"historic"`,
//! `{"as_of": size}` or `{"as_of_time": ms}`.

mod accesses;
mod aliases;
mod closer;
mod grounds;
mod in_hand;
mod lists;
mod log_keys;
mod logs;
mod moved;
mod parts;
mod signers;
mod truths;

use super::Case;
use procura_core::decide::AuthZen;
use procura_core::receipt::{
    Mode, Pin, Point, Policy, Receipt, VerifyError, verify_access, verify_authority, verify_complete,
    verify_existence, verify_log_keys, verify_relayed, verify_status, verify_withdrawal,
};
use procura_core::record::Record;
use procura_core::status::Status;
use procura_core::tree::Root;
use procura_core::{Hash, Millis, Size};
use serde_json::{Value, json};

/// What a verifier is told and asks, with the answer that it must come to.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The vector's name.
    pub name: &'static str,
    /// What is wrong, in one sentence.
    pub reason: &'static str,
    /// `"accept"`, or the name of the refusal.
    pub expect: &'static str,
    /// The receipt.
    pub receipt: Value,
    /// The question asked.
    pub ask: Value,
    /// What the verifier trusts.
    pub policy: Value,
    /// What it has seen.
    pub pin: Option<Root>,
    /// When, or as of when, it asks.
    pub mode: Value,
}

impl Trial {
    /// A receipt that is to be judged as history.
    #[must_use]
    pub fn new(name: &'static str, reason: &'static str, expect: &'static str, of: &Told) -> Self {
        let receipt = serde_json::from_str(&of.receipt.to_json()).unwrap();
        let (ask, policy) = (of.ask.clone(), of.policy.clone());
        Self { name, reason, expect, receipt, ask, policy, pin: None, mode: json!("historic") }
    }

    /// Judged in another mode.
    #[must_use]
    pub fn mode(mut self, mode: Value) -> Self {
        self.mode = mode;
        self
    }

    /// Judged by somebody who has seen a checkpoint.
    #[must_use]
    pub const fn pin(mut self, pin: Root) -> Self {
        self.pin = Some(pin);
        self
    }

    /// Judged under another policy.
    #[must_use]
    pub fn policy(mut self, policy: Value) -> Self {
        self.policy = policy;
        self
    }

    /// Asked for something else.
    #[must_use]
    pub fn ask(mut self, ask: Value) -> Self {
        self.ask = ask;
        self
    }

    /// With the receipt as text of its own.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.receipt = json!(text);
        self
    }

    fn case(self) -> Case {
        let mut members =
            json!({"receipt": self.receipt, "ask": self.ask, "policy": self.policy, "mode": self.mode});
        if let Some(Root { size, hash }) = self.pin {
            members["pin"] = json!({"size": size, "root": hash});
        }
        Case::new(self.name, self.reason, self.expect, members)
    }
}

/// A receipt with the question that it is an answer to and the policy of who asked.
#[derive(Debug, Clone)]
pub struct Told {
    /// The receipt.
    pub receipt: Receipt,
    /// The question.
    pub ask: Value,
    /// The policy.
    pub policy: Value,
}

/// Every trial.
#[must_use]
pub fn trials() -> Vec<Trial> {
    [
        truths::trials(),
        accesses::trials(),
        aliases::trials(),
        parts::trials(),
        closer::trials(),
        grounds::trials(),
        logs::trials(),
        log_keys::trials(),
        lists::trials(),
        moved::trials(),
        signers::trials(),
        in_hand::trials(),
    ]
    .concat()
}

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    trials().into_iter().map(Trial::case).collect()
}

/// Runs one case: `"accept"`, or the name of the refusal.
#[must_use]
pub fn run(case: &Value) -> String {
    let receipt = match &case["receipt"] {
        Value::String(text) => text.clone(),
        object => object.to_string(),
    };
    let (receipt, ask) = (receipt.as_bytes(), &case["ask"]);
    let text = |name: &str| ask[name].as_str().unwrap();
    let named = |outcome: Result<(), &str>| outcome.map_or_else(str::to_owned, |()| "accept".to_owned());
    match text("type") {
        "withdrawal" => {
            let Mode::Fresh(now) = mode(&case["mode"]) else { panic!("it is asked at an instant") };
            let keys: Vec<String> =
                ask["keys"].as_array().into_iter().flatten().map(Value::to_string).collect();
            let keys: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
            let verified = verify_withdrawal(receipt, text("record"), &keys, &policy(case), now);
            named(verified.map(drop).as_ref().map_err(|error| error.name()).copied())
        }
        "relayed" => {
            let record = Record::parse(text("record")).unwrap();
            let verified = verify_relayed(text("note"), &record, receipt, &policy(case));
            named(verified.map(drop).as_ref().map_err(|error| error.name()).copied())
        }
        _ => named(verify(receipt, case).as_ref().map_err(|error| error.name()).copied()),
    }
}

/// Verifies a receipt as a case asks.
pub(super) fn verify(receipt: &[u8], case: &Value) -> Result<(), VerifyError> {
    let (policy, mode) = (policy(case), mode(&case["mode"]));
    let ask = &case["ask"];
    match ask["type"].as_str().unwrap() {
        "existence" => verify_existence(receipt, &hash(&ask["id"]), &policy, mode).map(drop),
        "status" => {
            let through = ask.get("through").map(hash);
            verify_status(receipt, &hash(&ask["id"]), through.as_ref(), &policy, mode).map(drop)
        }
        "complete" => {
            let from = ask["from"].as_u64().unwrap();
            verify_complete(receipt, &hash(&ask["party"]), from, &policy, mode).map(drop)
        }
        "authority" if ask.get("access").is_some() => {
            verify_access(receipt, &hash(&ask["access"]), &policy, mode).map(drop)
        }
        "authority" => {
            let request = AuthZen::read(ask["request"].as_object().unwrap().clone()).unwrap();
            verify_authority(receipt, &request, &policy, mode).map(drop)
        }
        "log_keys" => verify_log_keys(receipt, &policy, mode).map(drop),
        other => panic!("no question {other}"),
    }
}

/// The status that a receipt proves, which is believed.
pub(super) fn verified_status(receipt: &[u8], case: &Value) -> Status {
    let id = hash(&case["ask"]["id"]);
    *verify_status(receipt, &id, None, &policy(case), mode(&case["mode"])).unwrap().status()
}

/// Whom the verifier of a case trusts, and what it has seen.
fn policy(case: &Value) -> Policy {
    let pin = case.get("pin").map(|pin| Pin {
        root: Root { size: Size(pin["size"].as_u64().unwrap()), hash: hash(&pin["root"]) },
    });
    Policy::parse(case["policy"].to_string().as_bytes()).unwrap().with_pin(pin)
}

fn mode(value: &Value) -> Mode {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    match (number("fresh"), number("as_of"), number("as_of_time")) {
        (Some(now), ..) => Mode::Fresh(Millis(now)),
        (_, Some(size), _) => Mode::AsOf(Point::Size(Size(size))),
        (.., Some(time)) => Mode::AsOf(Point::Time(Millis(time))),
        _ => Mode::Historic,
    }
}

fn hash(value: &Value) -> Hash {
    value.as_str().unwrap().parse().unwrap()
}
