//! Goal: nothing acknowledged is ever lost, nothing is ever stored by halves. Method: a process that appends from several
//! threads is killed at random moments, with volumes, index flushes and heartbeats so small that they are hit; after each kill
//! the folder is opened, everything acknowledged is proven again, and in the end all of it is audited.
//!
//! `PROCURA_CRASHES` says how often; 10 unless told otherwise.
use procura_core::receipt::{Mode, Policy, verify_status};
use procura_core::tree::{Root, check_consistency};
use procura_core::{Hash, Millis, Size};
use procura_ledger::{Ask, Audience, Clock, Ledger, OsRandom, Random, SystemClock, View};
use procura_tests::crash::{Line, ORIGIN, log_key, options};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// What was told of a record before a kill.
#[derive(Default)]
struct Told {
    target: Option<Hash>,
    acknowledged: Option<(u64, Root)>,
}

/// Runs the process and kills it: after its first acknowledgement and a while, or at once. What it said.
fn run_and_kill(folder: &Path, began: Millis, at_once: bool, after: Duration) -> Vec<Line> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_crash_writer"))
        .arg(folder)
        .arg(began.0.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    let (tell, told) = channel();
    let reader = std::thread::spawn(move || {
        let mut lines = Vec::new();
        for line in BufReader::new(out).lines() {
            // The last line may be torn.
            if let Ok(line) = serde_json::from_str::<Line>(&line.unwrap()) {
                if matches!(line, Line::Acknowledged { .. }) {
                    let _ = tell.send(());
                }
                lines.push(line);
            }
        }
        lines
    });
    if !at_once {
        told.recv_timeout(Duration::from_secs(60)).expect("the process must get to work");
    }
    std::thread::sleep(after);
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    reader.join().unwrap()
}

/// The record stands where it was said to, under a checkpoint that goes on from the one told, and its receipt verifies.
fn check(view: &View, policy: &Policy, id: &Hash, told: &Told) {
    let found = view.record(id).unwrap();
    let Some((index, root)) = told.acknowledged else {
        if let Some(found) = found {
            assert!(found.logged.opened.is_some());
            prove(view, policy, id, told);
        }
        return;
    };
    let found = found.unwrap_or_else(|| panic!("{id} was acknowledged and is lost"));
    assert_eq!(found.logged.index.0, index);
    let hashes = view.consistency(root.size, view.size()).unwrap().unwrap();
    check_consistency(&root, &view.root(), &hashes).unwrap();
    prove(view, policy, id, told);
}

fn prove(view: &View, policy: &Policy, id: &Hash, told: &Told) {
    let receipt = view.receipt(id, &Ask::now(Audience::Anyone)).unwrap().unwrap().to_json();
    let (record, through) = told.target.as_ref().map_or((id, None), |target| (target, Some(id)));
    verify_status(receipt.as_bytes(), record, through, policy, Mode::Historic).unwrap();
}

#[test]
fn nothing_acknowledged_is_lost_to_a_kill() {
    let crashes: u32 = std::env::var("PROCURA_CRASHES").map_or(10, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let began = SystemClock::default().now();
    let mut all: BTreeMap<Hash, Told> = BTreeMap::new();
    let mut fresh: BTreeMap<Hash, Told> = BTreeMap::new();
    let mut opened = 0;
    let sealed = || std::fs::read_dir(path.join("main")).is_ok_and(|files| files.count() > 3);
    let mut round = 0;
    let mut is_last = false;
    // On a slow machine little is logged between two kills: until a volume was sealed too, within reason.
    while !is_last {
        let mut dice = [0u8; 2];
        OsRandom.fill(&mut dice).unwrap();
        // The first ones hit the making of the ledger and its set-up.
        let at_once = round < 3 || dice[0] % 5 == 0;
        let lines = run_and_kill(&path, began, at_once, Duration::from_millis(u64::from(dice[1]) / 2));
        for line in lines {
            match line {
                Line::Trying { id, target } => fresh.entry(id).or_default().target = target,
                Line::Acknowledged { id, index, size, root } => {
                    fresh.entry(id).or_default().acknowledged =
                        Some((index, Root { size: Size(size), hash: root }));
                }
            }
        }
        is_last = round + 1 >= crashes && (crashes < 10 || sealed() || round + 1 == 5 * crashes);
        // Opening here ends cleanly. In a third of the rounds the process itself goes on from what the kill left.
        round += 1;
        if dice[1] % 3 == 0 && !is_last {
            continue;
        }
        if dice[0] % 4 == 0 {
            let _ = std::fs::remove_dir_all(path.join("index"));
        }
        let ledger = match Ledger::open(&path, ORIGIN, log_key(), options()) {
            Ok(ledger) => ledger,
            // Killed before there was a ledger: only then may there be none.
            Err(_) if opened == 0 && fresh.is_empty() => continue,
            Err(error) => panic!("after {round} kills: {error}"),
        };
        opened += 1;
        let policy = Policy::plain(ORIGIN, ledger.log_key(), ledger.entry0(), 300);
        let policy = Policy::parse(policy.to_string().as_bytes()).unwrap();
        let view = ledger.view();
        fresh.iter().for_each(|(id, told)| check(&view, &policy, id, told));
        all.append(&mut fresh);
        if is_last || round % 5 == 0 {
            all.iter().for_each(|(id, told)| check(&view, &policy, id, told));
            let report = view.audit(&mut |_, _| {}).unwrap();
            assert_eq!(report.findings, [], "after {round} kills");
        }
    }
    let acknowledged = all.values().filter(|told| told.acknowledged.is_some()).count();
    println!(
        "{opened} runs, {round} faults, 0 lost: {} records tried, {acknowledged} acknowledged",
        all.len()
    );
    assert!(opened > 0 && acknowledged > 0);
    assert!(crashes < 10 || sealed(), "no volume was sealed");
}
