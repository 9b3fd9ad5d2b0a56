//! E. Receipts: how large they are and how long they take to verify, here and in Node.

use crate::Outcome;
use crate::figure::{Figure, median};
use crate::floor::Signatures;
use crate::grown::{Grown, Plan};
use crate::people::{CATEGORY, PURPOSE, fixed, identifier, is_accepted, key, pair};
use crate::process::thread_us;
use crate::size::Size;
use procura_bench_verify::Verifier;
use procura_core::decide::AuthZen;
use procura_core::draft::{Draft, Occasion};
use procura_core::kinds::Content;
use procura_core::receipt::{Policy, Receipt};
use procura_core::record::Record;
use procura_ledger::{Ask, Audience, Clock, Ledger, Options, SystemClock, View};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const PART: &str = "receipts";

/// How many are verified at a time at least, so that one alone is not timed cold.
const AT_A_TIME: usize = 50;

/// Receipts of one kind.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) receipts: Vec<Vec<u8>>,
}

/// Measures.
pub(crate) fn run(size: &Size) -> Outcome {
    let grown = Grown::get(&size.data, Plan::of(size.largest()), false)?;
    let trial = grown.open(Options::default())?;
    let ledger = &trial.ledger;
    let (policy, kinds) = (policy(ledger), kinds(&grown, ledger, size.pick(5, 50))?);
    let view = ledger.view();
    Figure::new(PART, "entries in the ledger").is(view.size().0 as f64, "").print()?;
    let signatures = Signatures::make(500)?;
    for kind in &kinds {
        natively(kind, &policy, &signatures, size.pick(2, 9))?;
    }
    in_node(&kinds, &policy, &size.data)?;
    ledger.close();
    Ok(())
}

/// Whom the receipts' verifier trusts.
pub(crate) fn policy(ledger: &Ledger) -> String {
    Policy::plain(ledger.origin(), ledger.log_key(), ledger.entry0(), 300).to_string()
}

/// One receipt of existence, so many of each other kind.
pub(crate) fn kinds(grown: &Grown, ledger: &Ledger, count: u64) -> Outcome<Vec<Kind>> {
    // Of a trace only existence is proven; the ledger as it was grown has none.
    let now = SystemClock::default().now();
    let occasion = Occasion { origin: ledger.origin(), nonce: fixed("note", now.0), now };
    let note = ledger.append(Draft::new("note", &occasion).sign(&grown.citizen(0)?.kid, &key(0))?)?.id;
    let view = ledger.view();
    let existence = view.receipt(&note, &Ask::now(Audience::Anyone))?.ok_or("no receipt")?;
    let mut kinds = vec![Kind { name: "Existence", receipts: vec![existence.to_json().into_bytes()] }];
    kinds.extend(sample(grown, &view, count)?);
    Ok(kinds)
}

fn sample(grown: &Grown, view: &View, count: u64) -> Outcome<Vec<Kind>> {
    let (mut status, mut authority, mut complete) = (Vec::new(), Vec::new(), Vec::new());
    let plan = grown.plan;
    for turn in 0..count {
        let random = u64::from_be_bytes(fixed("receipt", turn)) % plan.mandates;
        let n = (random..).find(|n| is_accepted(*n, plan.citizens)).ok_or("no mandate")? % plan.mandates;
        let (from, to) = pair(n, plan.citizens);
        let request = json!({
            "subject": {"type": "party", "id": identifier(to)},
            "action": {"name": PURPOSE},
            "resource": {"type": CATEGORY, "id": identifier(from)},
        });
        let request = AuthZen::read(request.as_object().cloned().unwrap_or_default())?;
        let receipt = view.check(&request, SystemClock::default().now(), &Ask::now(Audience::Anyone))?;
        authority.push(receipt.to_json().into_bytes());
        let (mandator, mandatee) = (grown.citizen(from)?, grown.citizen(to)?);
        let mandate = grown.names.mandate(n, [mandator, mandatee], &grown.catalogue, &grown.names.a_year()?);
        let receipt = view.receipt(&mandate.id(), &Ask::now(Audience::Anyone))?.ok_or("no receipt")?;
        status.push(receipt.to_json().into_bytes());
        let ask = Ask::now(Audience::Party(mandator.party));
        let receipt = view.complete(&mandator.party, 0, &ask)?.ok_or("no receipt")?;
        complete.push(receipt.to_json().into_bytes());
    }
    Ok(vec![
        Kind { name: "Status", receipts: status },
        Kind { name: "Authority", receipts: authority },
        Kind { name: "Complete", receipts: complete },
    ])
}

/// How many signatures whoever verifies a receipt checks: the checkpoint's and each record's, of a key with the proof of
/// possession; of a list, which shows records without judging them, the checkpoint's and the root's.
pub(crate) fn checks(receipt: &Receipt, is_list: bool) -> Outcome<u64> {
    if is_list {
        return Ok(2);
    }
    let mut checks = 1;
    for sealed in receipt.entries.iter().filter_map(|entry| entry.sealed.as_ref()) {
        checks += 1 + u64::from(matches!(Record::parse(&sealed.body)?.content(), Content::Key(_)));
    }
    Ok(checks)
}

fn natively(kind: &Kind, policy: &str, signatures: &Signatures, rounds: usize) -> Outcome {
    let verifier = |receipt: &Vec<u8>| Verifier::new(policy.as_bytes(), receipt).ok_or("no receipt");
    let verifiers = kind.receipts.iter().map(verifier).collect::<Result<Vec<_>, _>>()?;
    let (mut checked, mut sizes, mut entries) = (0, Vec::new(), Vec::new());
    for receipt in &kind.receipts {
        let parsed = Receipt::parse(receipt)?;
        checked += checks(&parsed, kind.name == "Complete")?;
        sizes.push(receipt.len() as f64);
        entries.push(parsed.entries.len() as f64);
    }
    let (mut took_us, mut ratios) = (Vec::new(), Vec::new());
    let turns = AT_A_TIME.div_ceil(kind.receipts.len());
    for round in 0..=rounds {
        let before_us = thread_us();
        for _ in 0..turns {
            if !verifiers.iter().zip(&kind.receipts).all(|(verifier, receipt)| verifier.verifies(receipt)) {
                return Err(format!("a receipt of {} does not verify", kind.name).into());
            }
        }
        let all_us = (thread_us() - before_us) / turns as f64;
        let floor_us = signatures.verify_us()? * checked as f64;
        if round > 0 {
            took_us.push(all_us / kind.receipts.len() as f64);
            ratios.push(all_us / floor_us);
        }
    }
    let name = kind.name;
    let first = kind.receipts.first().ok_or("no receipt")?;
    let zipped = gzip(first)? / first.len() as f64;
    let figure = |what: String| Figure::new(PART, what);
    figure(format!("{name}: JSON, {:.0} entries", median(&entries)))
        .is(median(&sizes) / 1000.0, "kB")
        .print()?;
    figure(format!("{name}: gzip")).is(median(&sizes) * zipped / 1000.0, "kB").print()?;
    let each = checked as f64 / kind.receipts.len() as f64;
    let figure = figure(format!("{name}: verified natively"))
        .is(median(&took_us) / 1000.0, "ms")
        .ratio(median(&ratios), &format!("the {each:.0} verify_strict in it"));
    // A list's hashes are its proof: one signature is no measure of it.
    if name == "Complete" { figure.print() } else { figure.at_most(1.3).print() }
}

fn gzip(bytes: &[u8]) -> Outcome<f64> {
    let mut child = Command::new("gzip").arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(bytes)?;
    Ok(child.wait_with_output()?.stdout.len() as f64)
}

/// The same in Node, if bench/run built the module and there is a Node.
fn in_node(kinds: &[Kind], policy: &str, data: &Path) -> Outcome {
    let Ok(module) = std::env::var("PROCURA_WASM") else {
        crate::tell("no WebAssembly module (PROCURA_WASM): Node is left out");
        return Ok(());
    };
    let folder = data.join("receipts");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("policy"), policy)?;
    let mut node = Command::new("node");
    node.arg("bench/wasm/verify.mjs").arg(module).arg(folder.join("policy"));
    let mut paths = Vec::new();
    for kind in kinds {
        let path = folder.join(kind.name);
        fs::write(&path, kind.receipts.first().ok_or("no receipt")?)?;
        node.arg(&path);
        paths.push((kind.name, path));
    }
    let output = node.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("a receipt does not verify in Node".into());
    }
    let took: Value = serde_json::from_slice(&output.stdout)?;
    for (name, path) in paths {
        let ms = path.to_str().and_then(|path| took.get(path)).and_then(Value::as_f64).ok_or("no time")?;
        Figure::new(PART, format!("{name}: verified in Node")).is(ms, "ms").print()?;
    }
    Ok(())
}
