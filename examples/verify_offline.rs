//! From a receipt file to yes or no, with no network and no ledger.
//!
//! `cargo run --release -p procura-examples --example verify_offline -- receipt.json policy.json`

use procura_core::receipt::{
    Mode, Policy, Question, Receipt, verify_access, verify_authority, verify_status,
};
use procura_examples::Outcome;
use std::io::Write;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> Outcome<ExitCode> {
    let [receipt, policy] = env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "two files")?;
    let (receipt, policy) = (fs::read(receipt)?, Policy::parse(&fs::read(policy)?)?);
    let (yes, what) = match Receipt::parse(&receipt)?.question {
        Question::Authority(asked) => {
            let decision = match asked.access {
                None => {
                    verify_authority(&receipt, &asked.request, &policy, Mode::Historic)?.decision().clone()
                }
                Some(id) => verify_access(&receipt, &id, &policy, Mode::Historic)?.decision().clone(),
            };
            (decision.permit, decision.reason.name().to_owned())
        }
        Question::Status { id, through, .. } => {
            let answer = verify_status(&receipt, &id, through.as_ref(), &policy, Mode::Historic)?;
            (answer.status().permits(), answer.status().to_string())
        }
        _ => return Err("this example reads receipts of a status or a check".into()),
    };
    writeln!(io::stdout(), "{}: {what}", if yes { "yes" } else { "no" })?;
    Ok(if yes { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
