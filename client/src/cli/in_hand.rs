//! Signed withdrawals in hand, held against an answer before it is told.

use super::context::Context;
use super::output::Failure;
use clap::Args;
use procura_client::relay::{InHand, MAX_BYTES};
use procura_core::Millis;
use procura_core::receipt::{InHandError, Policy, VerifiedWithdrawal};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Withdrawals {
    /// A signed withdrawal that you have in hand, logged or not: if it counts, the answer is no; may be repeated
    #[arg(long, value_name = "FILE")]
    with_revocation: Vec<PathBuf>,
}

impl Withdrawals {
    /// Fails with `revocation_in_hand` if one of them counts against one of these verified receipts; else, if there are any, with why the
    /// first does not.
    pub(super) fn hold_against(
        &self,
        context: &Context,
        receipts: &[&[u8]],
        policy: &Policy,
        now: Millis,
    ) -> Result<(), Failure> {
        let mut counts_not = None;
        for path in &self.with_revocation {
            let file = path.display();
            match withdraws(&load(path)?, receipts, policy, now) {
                Ok(withdrawn) => {
                    let (target, status) = (context.shown(withdrawn.target()), withdrawn.status());
                    let message = format!(
                        "the ledger's answer rests on {target}, and {file} withdraws that, signed by who may: logged or \
                         not, the answer is no. By it {target} is {status}"
                    );
                    return Err(Failure::no("revocation_in_hand", message));
                }
                Err(error) => {
                    let message = format!("{file} does not count against this answer: {error}");
                    counts_not.get_or_insert(Failure::unknown(error.name(), message));
                }
            }
        }
        counts_not.map_or(Ok(()), Err)
    }
}

/// Whether a record counts against one of the receipts; else why it does not against what it is about.
fn withdraws(
    in_hand: &InHand,
    receipts: &[&[u8]],
    policy: &Policy,
    now: Millis,
) -> Result<VerifiedWithdrawal, InHandError> {
    let mut why = InHandError::OtherTarget;
    for receipt in receipts {
        match in_hand.withdraws(receipt, policy, now) {
            Err(InHandError::OtherTarget) => {}
            Err(error) => why = error,
            Ok(withdrawn) => return Ok(withdrawn),
        }
    }
    Err(why)
}

/// A record in hand.
pub(super) fn load(path: &Path) -> Result<InHand, Failure> {
    let unusable =
        |what: &str| Failure::unknown("file", format!("{} cannot be used: {what}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| unusable(&error.to_string()))?.len();
    if size > MAX_BYTES as u64 {
        return Err(unusable("it is too large"));
    }
    let bytes = std::fs::read(path).map_err(|error| unusable(&error.to_string()))?;
    InHand::parse(&bytes).map_err(|error| unusable(&error.to_string()))
}
