//! `procura-flexi-jobs`: prepares the declaration service in a trial ledger, serves it, and calls it.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
