//! Receipts: as bytes from anywhere, and true ones tampered with.

use crate::input::Input;
use crate::seeds;
use procura_client::evidence::{Evidence, Verdict};
use procura_client::relay::InHand;
use procura_core::decide::AuthZen;
use procura_core::presentation::{Challenge, Presentation, verify_presentation};
use procura_core::receipt::{
    Mode, Pin, Point, Policy, Receipt, StatusAsk, StatusProof, VerifiedReceipt, VerifyError, verify_access,
    verify_authority, verify_complete, verify_existence, verify_log_keys, verify_relayed, verify_status,
    verify_withdrawal,
};
use procura_core::record::Record;
use procura_core::source::Logged;
use procura_core::tree::Root;
use procura_core::{Hash, Millis, Size, b64};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{LazyLock, OnceLock};

/// A vector: who asks what, trusting what.
struct Case {
    receipt: Value,
    ask: Value,
    policy: Policy,
    mode: Mode,
    /// What the receipts of all vectors truly say to this asker; looked at when it is first needed.
    truths: OnceLock<BTreeSet<String>>,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let accepted = seeds::vectors("receipt").into_iter().filter(|(_, case)| case["expect"] == "accept");
    accepted.map(|(_, case)| Case::read(&case)).collect()
});

/// Receipts in hand.
static RENEWABLE: LazyLock<Vec<Receipt>> = LazyLock::new(|| {
    let cases = seeds::vectors("renewal").into_iter().filter(|(_, case)| case["expect"] == "accept");
    cases
        .map(|(_, case)| Receipt::parse(case["receipt"].to_string().as_bytes()).expect("a receipt"))
        .collect()
});

impl Case {
    fn read(case: &Value) -> Self {
        let pin = case.get("pin").map(|pin| Pin {
            root: Root { size: Size(pin["size"].as_u64().expect("a size")), hash: hash(&pin["root"]) },
        });
        let policy = Policy::parse(case["policy"].to_string().as_bytes()).expect("a policy").with_pin(pin);
        let number = |name: &str| case["mode"].get(name).and_then(Value::as_u64);
        let mode = match (number("fresh"), number("as_of"), number("as_of_time")) {
            (Some(now), ..) => Mode::Fresh(Millis(now)),
            (_, Some(size), _) => Mode::AsOf(Point::Size(Size(size))),
            (.., Some(time)) => Mode::AsOf(Point::Time(Millis(time))),
            _ => Mode::Historic,
        };
        let (receipt, ask) = (case["receipt"].clone(), case["ask"].clone());
        Self { receipt, ask, policy, mode, truths: OnceLock::new() }
    }

    /// What the receipt is believed to say: all of the answer, and the tree that it is of. `None`: a decision at another instant.
    fn verify(&self, receipt: &[u8]) -> Result<Option<String>, VerifyError> {
        let (ask, policy, mode) = (&self.ask, &self.policy, self.mode);
        let (ground, answer) = match ask["type"].as_str() {
            Some("existence") => {
                let verified = verify_existence(receipt, &hash(&ask["id"]), policy, mode)?;
                (ground(verified.receipt()), record(verified.logged()))
            }
            Some("status") => {
                let through = ask.get("through").map(hash);
                let verified = verify_status(receipt, &hash(&ask["id"]), through.as_ref(), policy, mode)?;
                let through = verified.through().as_ref().map(|logged| record(logged));
                (
                    ground(verified.receipt()),
                    format!("{} {} {through:?}", record(verified.logged()), verified.status()),
                )
            }
            Some("complete") => {
                let from = ask["from"].as_u64().expect("a segment");
                let verified = verify_complete(receipt, &hash(&ask["party"]), from, policy, mode)?;
                let answer = verified.answer();
                let segments = answer
                    .segments
                    .iter()
                    .map(|(n, entries)| (n, entries.iter().map(|logged| place(logged)).collect::<Vec<_>>()));
                let answer = format!(
                    "{} {:?} {:?} {}",
                    record(&answer.party),
                    segments.collect::<Vec<_>>(),
                    answer.statuses,
                    answer.to_the_end
                );
                // Where the page ends is part of what is said.
                (ground(verified.receipt()), answer)
            }
            Some("authority") if ask.get("access").is_some() => {
                let verified = verify_access(receipt, &hash(&ask["access"]), policy, mode)?;
                (ground(verified.receipt()), format!("{:?} {:?}", verified.question(), verified.decision()))
            }
            Some("authority") => {
                let request =
                    AuthZen::read(ask["request"].as_object().expect("a request").clone()).expect("a request");
                let verified = verify_authority(receipt, &request, policy, mode)?;
                // Who asks within the policy's age leaves the instant to the prover. At another one the same facts give another
                // answer, which is as true: the verifier has decided it anew.
                if Some(verified.question().at.0) != self.receipt["question"]["at"].as_u64() {
                    return Ok(None);
                }
                (ground(verified.receipt()), format!("{:?} {:?}", verified.question(), verified.decision()))
            }
            Some("log_keys") => {
                let verified = verify_log_keys(receipt, policy, mode)?;
                let (logged, keys) = (verified.status().logged(), verified.log_keys());
                (ground(verified.status().receipt()), format!("{} {keys:?}", record(logged)))
            }
            Some("withdrawal") => {
                let Mode::Fresh(now) = mode else { panic!("it is asked at an instant") };
                let keys: Vec<String> =
                    ask["keys"].as_array().into_iter().flatten().map(Value::to_string).collect();
                let keys: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
                let verified = verify_withdrawal(receipt, text(&ask["record"]), &keys, policy, now);
                (String::new(), format!("{:?}", verified.map_err(|_| VerifyError::OtherQuestion)?))
            }
            Some("relayed") => {
                let record = Record::parse(text(&ask["record"])).expect("a record");
                let verified = verify_relayed(text(&ask["note"]), &record, receipt, policy);
                (String::new(), format!("{:?}", verified.map_err(|_| VerifyError::OtherQuestion)?))
            }
            other => panic!("no question {other:?}"),
        };
        Ok(Some(format!("{ground} {answer}")))
    }
}

fn ground(receipt: &VerifiedReceipt) -> String {
    format!("{:?} {:?} {}", receipt.checkpoint().root(), receipt.time(), receipt.witnesses())
}

fn place(logged: &Logged) -> String {
    format!("{} {}", logged.index, logged.leaf)
}

fn record(logged: &Logged) -> String {
    format!("{} {:?}", place(logged), logged.opened.as_ref().map(|opened| opened.record.text()))
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a vector's text")
}

fn hash(value: &Value) -> Hash {
    value.as_str().and_then(|text| text.parse().ok()).expect("a vector's hash")
}

/// A receipt means the same once written, and says to no asker anything but what is true.
pub(crate) fn receipt(bytes: &[u8]) {
    let cases = &*CASES;
    let Ok(receipt) = Receipt::parse(bytes) else { return };
    let written = receipt.to_json();
    assert_eq!(Receipt::parse(written.as_bytes()).as_ref(), Ok(&receipt));
    for case in cases.iter().step_by(5) {
        believe_truth_only(case, bytes);
    }
}

/// What a mirror is asked, and what it answers: each has one spelling, and no answer takes a receipt's bodies away.
pub(crate) fn status_proof(bytes: &[u8]) {
    if let Ok(ask) = StatusAsk::parse(bytes) {
        assert_eq!(StatusAsk::parse(ask.to_json().as_bytes()).as_ref(), Ok(&ask));
    }
    let Ok(proof) = StatusProof::parse(bytes) else { return };
    assert_eq!(StatusProof::parse(proof.to_json().as_bytes()).as_ref(), Ok(&proof));
    for receipt in &*RENEWABLE {
        if let Ok(renewed) = receipt.renewed(&proof, Millis(0)) {
            assert_eq!(renewed.entries, receipt.entries);
            assert_eq!(Receipt::parse(renewed.to_json().as_bytes()).as_ref(), Ok(&renewed));
        }
    }
}

/// Whom a verifier trusts, what it asked when, and what it may be told: of which side, by whom.
type Asked = (Challenge, Policy, Millis, Vec<String>);

static CHALLENGES: LazyLock<Vec<Asked>> = LazyLock::new(|| {
    let cases = seeds::vectors("presentation");
    let accepted: Vec<_> = cases.into_iter().filter(|(_, case)| case["expect"] == "accept").collect();
    let told = |(_, case): &(String, Value), challenge: &Challenge, policy: &Policy, now| {
        presented(case["presentation"].to_string().as_bytes(), challenge, policy, now)
    };
    accepted
        .iter()
        .map(|(_, case)| {
            let challenge = Challenge::parse(case["challenge"].to_string().as_bytes()).expect("a challenge");
            let policy = Policy::parse(case["policy"].to_string().as_bytes()).expect("a policy");
            let now = Millis(case["now"].as_u64().expect("an instant"));
            let truths = accepted.iter().filter_map(|case| told(case, &challenge, &policy, now)).collect();
            (challenge, policy, now, truths)
        })
        .collect()
});

fn presented(bytes: &[u8], challenge: &Challenge, policy: &Policy, now: Millis) -> Option<String> {
    let found = verify_presentation(bytes, challenge, policy, now).ok()?;
    let id = found.mandate().logged().entry.id();
    Some(format!("{id:?} {:?} {} {} {:?}", found.side(), found.party(), found.by(), found.disclosed()))
}

/// A challenge or a presentation means the same once written, and whoever asked is told what is true, or nothing.
pub(crate) fn presentation(bytes: &[u8]) {
    if let Ok(challenge) = Challenge::parse(bytes) {
        assert_eq!(Challenge::parse(challenge.to_json().as_bytes()), Ok(challenge));
    }
    let Ok(shown) = Presentation::parse(bytes) else { return };
    assert_eq!(Presentation::parse(shown.to_json().as_bytes()).as_ref(), Ok(&shown));
    for (challenge, policy, now, truths) in &*CHALLENGES {
        if let Some(said) = presented(bytes, challenge, policy, *now) {
            assert!(truths.contains(&said), "believed: {said}\nof {:?}", String::from_utf8_lossy(bytes));
        }
    }
}

fn believe_truth_only(case: &Case, receipt: &[u8]) {
    if let Ok(Some(said)) = case.verify(receipt) {
        let truths = case.truths.get_or_init(|| {
            let all = CASES.iter().map(|case| case.receipt.to_string());
            all.filter_map(|receipt| case.verify(receipt.as_bytes()).ok().flatten()).collect()
        });
        assert!(!truths.is_empty(), "a vector that is to be accepted is not");
        assert!(truths.contains(&said), "believed: {said}\nof {:?}", String::from_utf8_lossy(receipt));
    }
}

/// A file of evidence means the same once written, and convicts nobody of what no key of
/// theirs signed: the seeds hold nothing that does.
pub(crate) fn evidence(bytes: &[u8]) {
    if let Ok(in_hand) = InHand::parse(bytes) {
        assert_eq!(InHand::parse(in_hand.to_json().to_string().as_bytes()).as_ref(), Ok(&in_hand));
    }
    let Ok((origin, evidence)) = Evidence::parse(bytes) else { return };
    let file = evidence.to_json(&origin).to_string();
    let (again, read) = Evidence::parse(file.as_bytes()).expect("what was written is read");
    assert_eq!((again, &read), (origin.clone(), &evidence));
    for case in CASES.iter().step_by(7) {
        if evidence.check(&origin, &case.policy).is_ok_and(|verdict| verdict == Verdict::Proven) {
            panic!("convicted: {file}");
        }
    }
}

/// A true receipt with a few things done to it: whatever is still believed is still true.
pub(crate) fn tampered(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let case = &CASES[input.below(CASES.len())];
    let mut receipt = case.receipt.clone();
    for _ in 0..1 + input.choice(5) {
        edit(&mut input, &mut receipt);
    }
    believe_truth_only(case, receipt.to_string().as_bytes());
}

/// One change, somewhere.
fn edit(input: &mut Input<'_>, receipt: &mut Value) {
    let places = pointers(receipt);
    let at = &places[input.below(places.len())];
    let other = &CASES[input.below(CASES.len())].receipt;
    let Some(here) = receipt.pointer(at).cloned() else { return };
    let new = match input.choice(8) {
        0 => return remove(receipt, at),
        1 => return double(receipt, at),
        // The same place, or any other, of another receipt.
        2 => other.pointer(at).cloned().unwrap_or(Value::Null),
        3 => {
            let theirs = pointers(other);
            other.pointer(&theirs[input.below(theirs.len())]).cloned().unwrap_or(Value::Null)
        }
        4 => receipt.pointer(&places[input.below(places.len())]).cloned().unwrap_or(Value::Null),
        5 => lines(input, here, other),
        _ => bytes(input, here),
    };
    if let Some(place) = receipt.pointer_mut(at) {
        *place = new;
    }
}

/// The RFC 6901 pointer of every value.
fn pointers(value: &Value) -> Vec<String> {
    fn collect(value: &Value, at: &str, all: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                    all.push(at.clone());
                    collect(value, &at, all);
                }
            }
            Value::Array(items) => {
                for (n, value) in items.iter().enumerate() {
                    let at = format!("{at}/{n}");
                    all.push(at.clone());
                    collect(value, &at, all);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    collect(value, "", &mut all);
    // A receipt that lost everything still has a place.
    if all.is_empty() {
        all.push(String::new());
    }
    all
}

fn remove(receipt: &mut Value, at: &str) {
    let Some((parent, name)) = at.rsplit_once('/') else { return };
    match receipt.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(name)),
        Some(Value::Array(items)) => {
            if let Some(n) = name.parse::<usize>().ok().filter(|n| *n < items.len()) {
                items.remove(n);
            }
        }
        _ => {}
    }
}

fn double(receipt: &mut Value, at: &str) {
    let Some((parent, name)) = at.rsplit_once('/') else { return };
    if let (Some(Value::Array(items)), Ok(n)) = (receipt.pointer_mut(parent), name.parse::<usize>())
        && let Some(item) = items.get(n).cloned()
    {
        items.insert(n, item);
    }
}

/// A line of a text dropped, doubled, exchanged, or replaced by one of another receipt's proof.
fn lines(input: &mut Input<'_>, here: Value, other: &Value) -> Value {
    let Value::String(text) = here else { return here };
    let mut lines: Vec<&str> = text.split('\n').collect();
    let theirs: Vec<&str> = other["proof"].as_str().unwrap_or_default().split('\n').collect();
    let (at, to) = (input.below(lines.len()), input.below(lines.len()));
    match input.choice(5) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(to, lines[at]),
        2 => lines.swap(at, to),
        3 => lines[at] = theirs[input.below(theirs.len())],
        _ => lines.insert(at, theirs[input.below(theirs.len())]),
    }
    Value::from(lines.join("\n"))
}

/// The bytes of a base64url text, or a number, changed a little: a bit, the length, a stretch of 32 or 42 bytes.
fn bytes(input: &mut Input<'_>, here: Value) -> Value {
    if let Some(number) = here.as_u64() {
        let step = u64::from(input.byte());
        return Value::from(if input.choice(2) == 0 {
            number.wrapping_add(step)
        } else {
            number.wrapping_sub(step)
        });
    }
    let Value::String(text) = &here else { return here };
    let Ok(mut bytes) = b64::decode(text) else { return here };
    let width = if input.choice(2) == 0 { 32 } else { 42 };
    let (at, to) = (input.below(bytes.len()), input.below(bytes.len() / width) * width);
    let stretch = || to..bytes.len().min(to + width);
    match (input.choice(6), bytes.is_empty()) {
        (0, false) => bytes.truncate(at),
        (1, _) => bytes.push(input.byte()),
        (2, false) => drop(bytes.drain(stretch())),
        (3, false) => bytes.extend_from_within(stretch()),
        (4, false) => bytes[at] = input.byte(),
        (_, false) => bytes[at] ^= 1 << (input.byte() % 8),
        (_, true) => {}
    }
    Value::from(b64::encode(&bytes))
}
