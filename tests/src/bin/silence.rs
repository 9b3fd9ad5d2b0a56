//! Looks whether the logs that the tests' servers wrote, at trace level, their metrics and their traces name anybody: an identifier or a
//! name of the demo's, as it is or in base64url; an id, a handle, a token, a key or a record of anybody. `cargo run -p procura-tests --bin silence -- FOLDER SOURCE…`
//!
//! Each source must have written something, and what is looked for must be found where it was put on purpose: else silence proves
//! nothing.

use procura_core::b64;
use procura_server::demo::telling;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// 32 bytes in base64url: the least that names or opens anything.
const ID_LENGTH: usize = 43;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().expect("a folder with logs"));
    match look(&folder, &args.collect::<Vec<_>>()) {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(finding) => {
            eprintln!("{finding}");
            ExitCode::FAILURE
        }
    }
}

fn look(folder: &Path, sources: &[String]) -> Result<String, String> {
    let wanted = patterns();
    planted(&wanted)?;
    // A source may be part of another: `story-metrics` of `story`. Each log is counted once.
    let mut counted = BTreeMap::new();
    for source in sources {
        let mut lines = 0;
        for path in logs_of(folder, source) {
            let text =
                String::from_utf8_lossy(&std::fs::read(&path).map_err(|e| e.to_string())?).into_owned();
            for (number, line) in text.lines().enumerate() {
                if let Some(what) = names_somebody(line, &wanted) {
                    return Err(format!("{}:{}: {what}: {line}", path.display(), number + 1));
                }
            }
            lines += text.lines().count();
            counted.insert(path, text.lines().count());
        }
        if lines == 0 {
            return Err(format!("{source} left no log in {}: run that step first", folder.display()));
        }
    }
    let lines: usize = counted.values().sum();
    let (files, wanted) = (counted.len(), wanted.len());
    Ok(format!("{lines} lines in {files} logs name nobody; {wanted} texts were looked for, and ids"))
}

/// The logs of a source: `SOURCE-….log`.
fn logs_of(folder: &Path, source: &str) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let is_its = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with(&format!("{source}-")) && name.ends_with(".log")
    };
    entries.filter(is_its).collect()
}

/// What must not be there: each text as it is, and inside of something in base64url.
fn patterns() -> Vec<String> {
    let of = |text: String| {
        let encoded = (0..3).map(|skip| {
            let padded = [&vec![0; skip][..], text.as_bytes()].concat();
            // Characters that also say something of the bytes before or behind are left out.
            let whole = b64::encode(&padded);
            let end = padded.len() / 3 * 4;
            whole[[0, 2, 3][skip]..end].to_owned()
        });
        let encoded: Vec<String> = encoded.filter(|encoded| encoded.len() >= 8).collect();
        [vec![text.clone()], encoded].concat()
    };
    telling().into_iter().flat_map(of).collect()
}

fn names_somebody(line: &str, wanted: &[String]) -> Option<String> {
    if let Some(text) = wanted.iter().find(|text| line.contains(text.as_str())) {
        return Some(text.clone());
    }
    let is_encoded = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let long = line.split(|c| !is_encoded(c)).find(|word| word.len() >= ID_LENGTH);
    long.map(|word| format!("an id, or more: {word}"))
}

/// Lines with all that is looked for, of which each must be found.
fn planted(wanted: &[String]) -> Result<(), String> {
    let found = |line: String| {
        let line = format!("2026-11-26T12:00:00.000Z INFO procura_server: {line} status=200");
        names_somebody(&line, wanted).map(drop).ok_or(format!("what was planted was not found: {line}"))
    };
    telling().into_iter().try_for_each(|text| {
        found(format!("about {text}"))?;
        (0..3).try_for_each(|skip| {
            let around = [&vec![b'x'; skip][..], text.as_bytes(), b"yyy"].concat();
            let encoded = b64::encode(&around);
            // Of a short word three characters in four say nothing.
            if text.len() < 9 { Ok(()) } else { found(encoded) }
        })
    })?;
    found(b64::encode(&[7; 32]))?;
    match names_somebody(
        "2026-11-26T12:00:00.000Z INFO procura_server: GET /v1/records/{id} 404 3 ms",
        wanted,
    ) {
        Some(what) => Err(format!("a line that names nobody is said to name {what}")),
        None => Ok(()),
    }
}
