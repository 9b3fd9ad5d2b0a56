//! Benchmarks of Procura, each against a bare program that does the least of the same work, in one run. `bash bench/run`
//! builds this, runs each part in a process of its own and gathers what they print: one [`figure::Figure`] a line.

mod figure;
mod report;
mod size;

use clap::{Parser, Subcommand};
use size::Size;
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
        Part::Report(args) => report::run(&args),
    }
}
