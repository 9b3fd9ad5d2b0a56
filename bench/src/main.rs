//! Benchmarks of Procura, each against a bare program that does the least of the same work, in one run. `bash bench/run`
//! builds this, runs each part in a process of its own and gathers what they print: one [`figure::Figure`] a line.

mod access;
mod audit;
mod bare;
#[cfg(feature = "peers")]
mod cedar;
mod check;
mod count;
mod figure;
mod floor;
mod grown;
mod held;
mod http;
mod index;
mod least;
mod model;
mod people;
mod process;
mod receipts;
mod report;
mod search;
mod sign;
mod size;
mod space;
mod submission;

use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

/// The server's: what it is held against must not have a slower one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a part may fail with: it ends the run.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
#[command(about = "Benchmarks of Procura; `bash bench/run` runs them")]
struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    /// A. Records handed in over HTTP
    Submission(submission::Args),
    /// B. Evaluations over HTTP and in the library
    Check(size::Size),
    /// C. Accesses: checked, logged, answered with the receipt
    Access(size::Size),
    /// D. The index against other trees and stores
    Index(size::Size),
    /// E. Receipts: size, time to verify
    Receipts(size::Size),
    /// F. Replay, audit, open after a kill, memory
    Audit(size::Size),
    /// G. Bytes on disk a record
    Space(size::Size),
    /// H. Pages of a search among all mandates of one who helps many
    Search(size::Size),
    /// What a submission and a check cost in instructions; `bash bench/count` runs it
    Count(count::Args),
    /// Serves what the others are compared with
    Bare(bare::Args),
    /// Grows a ledger beforehand
    Grow(grown::Args),
    /// Makes the table and the page of figures that were printed before
    Report(report::Args),
}

fn main() -> ExitCode {
    match run(Args::parse().part) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "procura-bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(part: Part) -> Outcome {
    match part {
        Part::Submission(args) => submission::run(&args),
        Part::Check(size) => check::run(&size),
        Part::Access(size) => access::run(&size),
        Part::Count(args) => count::run(&args),
        Part::Index(size) => index::run(&size),
        Part::Receipts(size) => receipts::run(&size),
        Part::Audit(size) => audit::run(&size),
        Part::Space(size) => space::run(&size),
        Part::Search(size) => search::run(&size),
        Part::Bare(args) => bare::run(&args),
        Part::Grow(args) => grown::run(&args),
        Part::Report(args) => report::run(&args),
    }
}

/// Says how far it is.
fn tell(what: &str) {
    drop(writeln!(std::io::stderr(), "   {what}"));
}
