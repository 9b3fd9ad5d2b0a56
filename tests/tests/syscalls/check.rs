//! What must hold after a run, whatever failed in it.

use crate::run::{Bench, End, Outcome, Point};
use procura_core::receipt::{Mode, Policy, verify_status};
use procura_core::tree::check_consistency;
use procura_core::{Hash, Index, b64};
use procura_ledger::audit::Finding;
use procura_ledger::store::Store;
use procura_ledger::store::redb::RedbStore;
use procura_ledger::{Ask, Audience, Ledger, OpenError, View};
use procura_tests::crash::{ORIGIN, log_key, setup};
use procura_tests::faults::{At, Operation, Said, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

/// What the process told.
#[derive(Default)]
struct Told {
    opened: Option<(String, String, Hash, At)>,
    acknowledged: BTreeMap<Hash, (u64, At, Option<String>)>,
    erasing: BTreeSet<u64>,
    erased: BTreeSet<u64>,
}

/// Everything, in the order in which it is easiest to understand a failure.
pub fn all(bench: &Bench, data: &Path, end: &End, fault: Option<&Point>) -> Outcome {
    behaved(bench, end, fault)?;
    let told = told(&end.said);
    match bench.operation {
        Operation::Trial => trial(bench, data, &told),
        _ => ledger(bench, data, &told),
    }
}

fn told(said: &[Said]) -> Told {
    let mut told = Told::default();
    for line in said.iter().cloned() {
        match line {
            Said::Opened { origin, log_key, entry0, at } => told.opened = Some((origin, log_key, entry0, at)),
            Said::Acknowledged { id, index, at, receipt } => {
                told.acknowledged.insert(id, (index, at, receipt));
            }
            Said::Erasing(indexes) => told.erasing.extend(indexes),
            Said::Erased(indexes) => told.erased.extend(indexes),
            Said::Trying(_) | Said::Not(..) | Said::Wrong(_) | Said::Ended(_) => {}
        }
    }
    told
}

/// The process ended by itself, or by the kill that was asked for; it did not panic; and what failed once it got over.
fn behaved(bench: &Bench, end: &End, fault: Option<&Point>) -> Outcome {
    let kind = fault.map_or("", |fault| fault.kind);
    if end.errors.contains("panicked at") || end.errors.contains("it hung") {
        return Err(end.errors.clone());
    }
    if let Some(Said::Wrong(what)) = end.said.iter().find(|said| matches!(said, Said::Wrong(_))) {
        return Err(what.clone());
    }
    if kind.starts_with("kill") {
        return match end.status.signal() {
            Some(9) => Ok(()),
            _ => Err(format!("it was to be killed and ended with {}", end.status)),
        };
    }
    let ended = end.said.iter().find_map(|said| if let Said::Ended(why) = said { Some(why) } else { None });
    let Some(ended) = ended.filter(|_| end.status.success()) else {
        return Err(format!("it ended with {}: {}", end.status, end.errors));
    };
    let told = told(&end.said);
    let missing = bench.operation.steps(bench.began).iter().any(|s| !told.acknowledged.contains_key(&s.id));
    match (ended, &told.opened) {
        (None, None) => Err("it neither opened nor said why not".into()),
        (Some(why), Some(_)) => Err(format!("it opened and stopped: {why}")),
        // Refusing to start over a call that failed is an answer; with none failed, or a short one, it is not.
        (Some(why), None) if kind.is_empty() || kind == "short" => Err(why.clone()),
        (None, Some(_)) if missing && !kind.ends_with("-on") => {
            let whys =
                end.said.iter().rev().find_map(|s| if let Said::Not(_, why) = s { Some(why) } else { None });
            Err(format!("one call failed, and it did not get over it: {whys:?}"))
        }
        _ => Ok(()),
    }
}

fn ledger(bench: &Bench, data: &Path, told: &Told) -> Outcome {
    let options = bench.operation.options();
    if bench.operation == Operation::Erase {
        erased(bench, data, told)?;
    }
    let opened = Ledger::open(data, ORIGIN, log_key(), options.clone());
    let ledger = match opened {
        Ok(ledger) => ledger,
        // Nothing was said to be there: then a new start must work.
        Err(error) if bench.operation == Operation::Init && told.opened.is_none() => {
            let cut_short = match &error {
                OpenError::Store(error) => error.name() == "absent",
                OpenError::OtherLog { .. } => true,
                _ => false,
            };
            if !cut_short {
                return Err(format!("a start that was cut short left {error}"));
            }
            Ledger::init(data, setup(bench.began), options)
                .map_err(|error| format!("a start that was cut short cannot be begun again: {error}"))?
        }
        Err(error) => return Err(format!("it does not open: {error}")),
    };
    if let Some((_, key, entry0, at)) = &told.opened {
        same("log key", key, &ledger.log_key().to_string())?;
        same("entry 0", entry0, &ledger.entry0())?;
        goes_on(&ledger.view(), *at)?;
    }
    let policy = policy(&ledger);
    let steps = bench.operation.steps(bench.began);
    let view = ledger.view();
    let mut stored = BTreeSet::new();
    for step in &steps {
        if is_stored(&view, &policy, step, told)? {
            stored.insert(step.id);
        }
    }
    audited(&ledger, told)?;

    // Handed in again, everything is there once, in order, and the ledger goes on from it.
    for step in &steps {
        let again = ledger.append(step.submission.clone()).map_err(|error| format!("afterwards: {error}"))?;
        same("newness", &again.is_new, &!stored.contains(&step.id))?;
        proves(&again.view, &policy, step)?;
    }
    audited(&ledger, told)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, before: &T, after: &T) -> Outcome {
    if before == after { Ok(()) } else { Err(format!("{what}: {before:?} became {after:?}")) }
}

fn policy(ledger: &Ledger) -> Policy {
    let policy = Policy::plain(ledger.origin(), ledger.log_key(), ledger.entry0(), 300);
    Policy::parse(policy.to_string().as_bytes()).unwrap()
}

/// The checkpoint is a prefix of what is there now.
fn goes_on(view: &View, at: At) -> Outcome {
    let hashes = view.consistency(at.root().size, view.size());
    let hashes = hashes.ok().flatten().ok_or_else(|| format!("size {} was signed and is gone", at.size))?;
    check_consistency(&at.root(), &view.root(), &hashes).map_err(|error| error.to_string())
}

/// Whether the record is there, wholly; it is if it was acknowledged, and where and as it was then.
fn is_stored(view: &View, policy: &Policy, step: &Step, told: &Told) -> Result<bool, String> {
    let found = view.record(&step.id).map_err(|error| error.to_string())?;
    match (told.acknowledged.get(&step.id), found) {
        (None, None) => Ok(false),
        (None, Some(found)) => {
            if found.logged.opened.is_none() {
                return Err(format!("{} is there by half: it has no body", step.id));
            }
            proves(view, policy, step).map(|()| true)
        }
        (Some(_), None) => Err(format!("{} was acknowledged and is lost", step.id)),
        (Some((index, at, receipt)), Some(found)) => {
            same("index", index, &found.logged.index.0)?;
            goes_on(view, *at)?;
            if let Some(receipt) = receipt {
                verifies(receipt, policy, step)?;
            }
            proves(view, policy, step).map(|()| true)
        }
    }
}

fn proves(view: &View, policy: &Policy, step: &Step) -> Outcome {
    let receipt = view.receipt(&step.id, &Ask::now(Audience::Anyone)).map_err(|error| error.to_string())?;
    let receipt = receipt.ok_or_else(|| format!("{} has no receipt", step.id))?;
    verifies(&receipt.to_json(), policy, step)
}

fn verifies(receipt: &str, policy: &Policy, step: &Step) -> Outcome {
    let (record, through) = step.target.as_ref().map_or((&step.id, None), |of| (of, Some(&step.id)));
    let verified = verify_status(receipt.as_bytes(), record, through, policy, Mode::Historic);
    verified.map(drop).map_err(|error| format!("the receipt of {}: {error}", step.id))
}

/// Nothing is found; what was being erased may have no body.
fn audited(ledger: &Ledger, told: &Told) -> Outcome {
    let report = ledger.audit(&mut |_, _| {}).map_err(|error| format!("the audit: {error}"))?;
    let allowed = |finding: &Finding| matches!(finding, Finding::NotOpened { index } if told.erasing.contains(&index.0));
    match report.findings.into_iter().find(|finding| !allowed(finding)) {
        None => Ok(()),
        Some(finding) => Err(format!("the audit finds: {finding}")),
    }
}

/// Each row is erased or whole; to erase again completes the work, and then the bodies are in no file.
fn erased(bench: &Bench, data: &Path, told: &Told) -> Outcome {
    let (main, options) = (data.join("main"), bench.operation.options().volumes);
    let open = || RedbStore::open(&main, options).map_err(|error| format!("it does not open: {error}"));
    let store = open()?;
    // Both ascend: what is erased are the records before the operation, in order.
    let steps = bench.operation.steps_before(bench.began);
    let bodies: Vec<_> =
        told.erasing.iter().zip(steps.iter().map(|step| step.submission.record.as_str())).collect();
    for (index, body) in &bodies {
        let is_held = store.vault(Index(**index)).map_err(|error| error.to_string())?.is_some();
        if is_held && told.erased.contains(index) {
            return Err(format!("the row {index} was erased and is there"));
        }
        if is_held && !lies_in(&main, body) {
            return Err(format!(
                "the search does not find the row {index}, which is there: it finds nothing"
            ));
        }
        if told.erased.contains(index) && lies_in(&main, body) {
            return Err(format!("the row {index} was erased and lies in a file"));
        }
    }
    let all = told.erasing.iter().copied().map(Index).collect();
    store.erase(&all).map_err(|error| format!("erasing again: {error}"))?;
    match bodies.iter().find(|(_, body)| lies_in(&main, body)) {
        Some((index, _)) => Err(format!("the row {index} was erased again and lies in a file")),
        None => Ok(()),
    }
}

/// Whether a body lies in some file of a folder, as the store keeps it: its signature, which is like no other.
fn lies_in(folder: &Path, body: &str) -> bool {
    let (_, signature) = body.rsplit_once('.').expect("a compact JWS");
    let part = b64::decode(signature).expect("a compact JWS");
    fs::read_dir(folder).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        bytes.windows(part.len()).any(|window| window == part)
    })
}

/// The server's next start finds its keys and its ledger, or makes them; it is the same one if it was ever open.
fn trial(bench: &Bench, data: &Path, told: &Told) -> Outcome {
    let trial = procura_server::trial::start(data, bench.operation.options());
    let ledger = trial.map_err(|error| format!("the next start: {error}"))?.ledger;
    if let Some((origin, key, entry0, at)) = &told.opened {
        same("origin", origin, &ledger.origin().to_owned())?;
        same("log key", key, &ledger.log_key().to_string())?;
        same("entry 0", entry0, &ledger.entry0())?;
        goes_on(&ledger.view(), *at)?;
    }
    audited(&ledger, told)
}
