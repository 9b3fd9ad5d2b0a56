//! Goal: whichever file-system call of an operation fails, and however a kernel may let it fail, nothing acknowledged is
//! lost, nothing is stored by halves, and the process says what is wrong: no panic, no hang. Method: a process does one
//! operation with a small library (`src/faults/calls.c`) between it and the C library, which counts the calls in the
//! data folder; then once more for each call and each way to fail. After each run the folder is opened, audited and
//! written to again.
//!
//! `PROCURA_FAULT_SECONDS` says how long (10 unless told otherwise): if that is not enough for all, it is a sample that has
//! each kind of call in each place first; `PROCURA_FAULT_SEED` draws another one. `PROCURA_FAULT_ONLY="append main pwrite 17 eio"` does
//! one and tells all of it; a beginning of that does all that begin so.
mod check;
mod run;

use procura_tests::faults::Operation;
use procura_tests::folders::passing_folder;
use run::{Bench, Point};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The ways in which a call may fail.
fn kinds(call: &str) -> &'static [&'static str] {
    match call {
        "write" | "pwrite" => {
            &["eio", "enospc", "kill", "kill-after", "kill-half", "short", "torn", "eio-on", "enospc-on"]
        }
        "read" | "pread" => &["eio", "short", "kill", "eio-on"],
        "fsync" | "fdatasync" | "ftruncate" | "open" | "mkdir" | "rename" => {
            &["eio", "enospc", "kill", "kill-after", "eio-on", "enospc-on"]
        }
        "unlink" => &["eio", "kill", "kill-after", "eio-on"],
        // What changes nothing on disk: a kill there is one at the change before it.
        _ => &["eio", "eio-on"],
    }
}

/// The calls of an operation in a run in which none fails, which must come out right.
fn points(bench: &Bench) -> Vec<Point> {
    let (outcome, calls) = bench.count();
    outcome.unwrap_or_else(|problem| panic!("{}: nothing fails, and {problem}", bench.operation.name()));
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    calls.into_iter().for_each(|call| *counts.entry(call).or_default() += 1);
    let mut points = Vec::new();
    for ((area, call), count) in counts {
        for number in 1..=count {
            for kind in kinds(&call) {
                let (area, call) = (area.clone(), call.clone());
                points.push(Point { operation: bench.operation, area, call, number, kind });
            }
        }
    }
    points
}

/// In a random order, but one of each place, call and kind first.
fn drawn(mut points: Vec<Point>, seed: u64) -> Vec<Point> {
    let mut state = seed | 1;
    let mut draw = |below: usize| {
        // xorshift64: the draw is to be repeatable, no more.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for last in (1..points.len()).rev() {
        points.swap(last, draw(last + 1));
    }
    let mut seen = BTreeSet::new();
    let (mut first, rest): (Vec<_>, Vec<_>) = points.into_iter().partition(|point| {
        seen.insert((point.operation, point.area.clone(), point.call.clone(), point.kind))
    });
    first.extend(rest);
    first
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost() {
    let time = Duration::from_secs(number("PROCURA_FAULT_SECONDS", 10));
    let seed = number("PROCURA_FAULT_SEED", 1);
    let start = Instant::now();
    let folder = passing_folder();
    let library = run::library(folder.path());
    let only = std::env::var("PROCURA_FAULT_ONLY").ok();
    let benches: BTreeMap<Operation, Bench> = Operation::ALL
        .into_iter()
        .filter(|operation| only.as_ref().is_none_or(|only| only.split(' ').next() == Some(operation.name())))
        .map(|operation| (operation, Bench::new(operation, folder.path(), &library)))
        .collect();
    let mut all: Vec<Point> = benches.values().flat_map(points).collect();
    if let Some(only) = &only {
        all.retain(|point| format!("{point} ").starts_with(&format!("{only} ")));
        assert!(!all.is_empty(), "there is no such call");
    }
    let all = drawn(all, seed);

    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::<Operation, [u64; 3]>::new()));
    let failures = Mutex::new(Vec::new());
    // They wait for processes, and those for each other's locks and pauses.
    let workers = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    let is_loud = all.len() == 1;
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while start.elapsed() < time
                    && let Some(point) = all.get(next.fetch_add(1, Ordering::SeqCst))
                {
                    let (outcome, came) = benches[&point.operation].run(point, is_loud);
                    let mut done = done.lock().unwrap();
                    let counts = done.entry(point.operation).or_default();
                    counts[0] += 1;
                    counts[1] += u64::from(!came);
                    if let Err(problem) = outcome {
                        counts[2] += 1;
                        println!("FAILED {point}: {problem}");
                        failures.lock().unwrap().push(point.to_string());
                    }
                }
            });
        }
    });
    let (done, failures) = (done.into_inner().unwrap(), failures.into_inner().unwrap());
    println!("operation   calls x kinds    done   call not reached   failures");
    for operation in benches.keys() {
        let [runs, missed, failed] = done.get(operation).copied().unwrap_or_default();
        let planned = all.iter().filter(|point| point.operation == *operation).count();
        println!("{:<10} {planned:>14} {runs:>7} {missed:>18} {failed:>10}", operation.name());
    }
    let [runs, missed] = [0, 1].map(|n| done.values().map(|counts| counts[n]).sum::<u64>());
    println!("seed {seed}, {} s; {runs} of {} done", start.elapsed().as_secs(), all.len());
    println!("syscalls: {runs} runs, {} faults, {} lost", runs - missed, failures.len());
    assert!(runs > 0, "there was no time for a single run");
    // A call's number may shift a little from run to run (threads); if many are missed, nothing was tested.
    assert!(missed * 10 <= runs, "{missed} of {runs} runs ended before their call came");
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The interposed library sees what the kernel sees: else a call that goes past it would never be failed.
#[test]
#[ignore = "needs strace; tests/faults.d/20-syscalls.sh runs it"]
fn no_call_goes_past_the_library() {
    let folder = passing_folder();
    let library = run::library(folder.path());
    for operation in Operation::ALL {
        let bench = Bench::new(operation, folder.path(), &library);
        let (outcome, calls) = bench.count();
        outcome.unwrap();
        let mut seen: BTreeMap<String, i64> = BTreeMap::new();
        calls.into_iter().for_each(|(_, call)| *seen.entry(call).or_default() += 1);
        let traced = trace(&bench, folder.path());
        for call in [
            "write",
            "pwrite",
            "pread",
            "fsync",
            "fdatasync",
            "ftruncate",
            "rename",
            "mkdir",
            "unlink",
            "flock",
            "fcntl",
            "open",
        ] {
            let [seen, traced] = [&seen, &traced].map(|calls| calls.get(call).copied().unwrap_or(0));
            println!("{:<8} {call:<10} {seen:>5} seen {traced:>5} traced", operation.name());
            // Two runs may differ by what threads do at the same time; a call that goes past is missing altogether.
            assert!((seen - traced).abs() <= 2 + traced / 10, "{} {call}", operation.name());
        }
    }
}

/// How often the kernel is asked for something in the folder, by the library's names.
fn trace(bench: &Bench, scratch: &Path) -> BTreeMap<String, i64> {
    let (data, log) = (bench.fresh(), scratch.join("trace"));
    let calls = "trace=openat,read,pread64,write,pwrite64,fsync,fdatasync,ftruncate,rename,mkdir,unlink,unlinkat,rmdir,flock,fcntl";
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-qq", "-e", calls, "-o"]).arg(&log);
    let status = strace.args(bench.command(data.path())).stdout(std::process::Stdio::null()).status();
    assert!(status.expect("strace must be there").success());
    let under = data.path().display().to_string();
    let mut counts = BTreeMap::new();
    for line in std::fs::read_to_string(&log).unwrap().lines() {
        let Some((head, rest)) = line.split_once('(') else { continue };
        let name = head.split_whitespace().last().unwrap();
        // The program's own start is no call in the folder; a duplicated descriptor is no lock.
        if !rest.contains(&under) || (name == "fcntl" && !rest.contains("LK")) {
            continue;
        }
        let name = match name {
            "openat" => "open",
            "unlinkat" | "rmdir" => "unlink",
            other => other.trim_end_matches("64"),
        };
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    std::fs::remove_file(&log).unwrap();
    counts
}
