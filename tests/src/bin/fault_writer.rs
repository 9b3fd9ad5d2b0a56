//! Does one operation of a ledger, while one of its file-system calls fails, and says what came of it.
//! `fault_writer <operation> <folder> <ms when the test began> <patience>`.
use procura_core::Millis;
use procura_tests::faults::{Operation, Said, act};
use std::io::Write;
use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let operation = Operation::of_name(&arguments[1]).unwrap();
    let (began, patience) = (Millis(arguments[3].parse().unwrap()), arguments[4].parse().unwrap());
    let done = act(operation, Path::new(&arguments[2]), began, patience, &mut |said| print(&said));
    print(&Said::Ended(done.err().map(|error| error.to_string())));
}

/// One write a line, so that a kill tears none that the reader would take for whole.
fn print(said: &Said) {
    let text = format!("{}\n", serde_json::to_string(said).unwrap());
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).unwrap();
    out.flush().unwrap();
}
