//! The command `procura`: sign, ask and verify. It exits with 0 for yes, 1 for no, 2 if it could not tell.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
