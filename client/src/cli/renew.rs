//! `procura receipt renew`: whether a receipt that was presented still holds, asked of a mirror.

use super::context::Context;
use super::output::{Answer, Failure};
use super::receipt::{does_not_hold, keep, now, read, told};
use clap::Args;
use procura_client::{Distrust, ReadError, RenewError};
use procura_core::receipt::walk::WalkError;
use procura_core::receipt::{Mode, VerifyError};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Renew {
    /// The receipt
    file: PathBuf,
    /// The mirror's address
    #[arg(long, value_name = "URL")]
    from: String,
    /// The file to keep the renewed receipt in
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Renew {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let (bytes, wire, proof) = read(&self.file)?;
        let client = context.client_of(proof.checkpoint.unverified().origin(), &self.from)?;
        let renewed = client.renew(&bytes).map_err(|error| not_renewed(&error))?;
        let mode = Mode::Fresh(now());
        let answer = told(context, &renewed, &wire.question, client.policy(), mode);
        let answer = answer.map_err(|error| does_not_hold(&error))?;
        let kept = keep(self.out.as_deref(), &renewed)?;
        Ok(answer
            .line(format!("So it stands now, proven by {}.", self.from))
            .maybe(kept)
            .trial(client.is_trial()))
    }
}

/// Why a receipt was not renewed. It is no if the receipt never held, or if something else is decided now; else nothing is known.
fn not_renewed(error: &RenewError) -> Failure {
    let decided = |error: &ReadError| {
        matches!(error, ReadError::Distrust(Distrust::Verify(VerifyError::Walk(WalkError::OtherDecision(_)))))
    };
    match error {
        RenewError::InHand(error) => does_not_hold(error),
        RenewError::Read(read) if decided(read) => {
            Failure::no(error.name(), format!("it does not hold any more: {error}"))
        }
        error if error.name() == "missing_record" => Failure::unknown(
            error.name(),
            "something happened since then that must be seen: ask for a new receipt, of whoever presented this one or of the ledger",
        ),
        error if error.name() == "not_found" => Failure::unknown(
            error.name(),
            "the mirror does not know what is in this receipt: it is behind, or follows another ledger",
        ),
        error => Failure::unknown(error.name(), error.to_string()),
    }
}
