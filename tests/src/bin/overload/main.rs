//! Goal: however much is asked of the server, and however slowly, it answers what it takes within a bound, refuses the rest, does
//! not grow and is as before when it is over. Method: the real program in a process of its own, asked ten times more than it
//! can do, then by thousands of connections that say nothing, or little, or don't listen.
//!
//! `overload <program> <seconds>`; if all held, the last line says `N runs, M faults, 0 lost`, one for each thing looked at.

mod floods;
mod http;
mod server;
mod sloths;

use server::Server;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What was found.
#[derive(Default)]
pub(crate) struct Findings {
    runs: u32,
    failures: u32,
}

impl Findings {
    /// Notes whether something held.
    pub(crate) fn expect(&mut self, holds: bool, what: impl std::fmt::Display) {
        self.runs += 1;
        if !holds {
            self.failures += 1;
        }
        println!("  {} {what}", if holds { "ok  " } else { "FAIL" });
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, program, seconds] = arguments.as_slice() else {
        panic!("overload <program> <seconds>");
    };
    let until = Instant::now() + Duration::from_secs(seconds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut findings = Findings::default();
    flooded(program, folder.path(), until, &mut findings).await;
    slowed(program, folder.path(), &mut findings).await;
    if findings.failures == 0 {
        println!("{} runs, {} faults, 0 lost", findings.runs, findings.runs);
    }
    std::process::exit(i32::from(findings.failures > 0));
}

async fn flooded(program: &str, folder: &Path, until: Instant, findings: &mut Findings) {
    const QUEUE: &str = "256";
    let settings = ["--queue", QUEUE, "--idle-timeout-s", "600"];
    let server = Arc::new(Server::start(program, &folder.join("flooded"), &settings).await);
    let saturation = floods::saturation(&server).await;
    println!("saturation: {saturation:.0} submissions a second");
    let before = server.resident_bytes();
    // At least one round, then as many as there is time for.
    loop {
        floods::ten_times(&server, saturation, findings).await;
        if Instant::now() >= until {
            break;
        }
    }
    let grown = server.resident_bytes().saturating_sub(before);
    findings.expect(grown < 256 << 20, format!("memory grew by {} MiB over all floods", grown >> 20));
    sloths::idle(&server, findings).await;
    let ended = Arc::into_inner(server).is_some_and(Server::end);
    findings.expect(ended, "the server ends in order");
}

async fn slowed(program: &str, folder: &Path, findings: &mut Findings) {
    let settings = [
        "--header-timeout-s",
        "2",
        "--body-timeout-s",
        "2",
        "--answer-timeout-s",
        "2",
        "--idle-timeout-s",
        "3",
    ];
    let server = Arc::new(Server::start(program, &folder.join("slowed"), &settings).await);
    let files = server.open_files();
    sloths::all(&server, findings).await;
    let back = sloths::comes_to(|| server.open_files() <= files + 8).await;
    findings.expect(back, format!("{} files are open, {files} before", server.open_files()));
    let ended = Arc::into_inner(server).is_some_and(Server::end);
    findings.expect(ended, "the server ends in order");
}
