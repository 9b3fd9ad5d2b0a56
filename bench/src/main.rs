//! Benchmarks of Procura, each against a bare program that does the least of the same work, in one run. `bash bench/run`
//! builds this, runs each part in a process of its own and gathers what they print: one [`figure::Figure`] a line.

mod bare;
#[cfg(feature = "peers")]
mod cedar;
mod check;
mod figure;
mod grown;
mod http;
mod people;
mod process;
mod report;
mod size;
mod submission;

use clap::{Parser, Subcommand};
use std::io::Write;
use std::process::ExitCode;

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
    /// Serves what the others are compared with
    Bare(bare::Args),
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
        Part::Bare(args) => bare::run(&args),
        Part::Report(args) => report::run(&args),
    }
}

/// Says how far it is.
fn tell(what: &str) {
    drop(writeln!(std::io::stderr(), "   {what}"));
}
