//! Receipts: answers that prove themselves.
//!
//! [`walk`] says what an answer needs; the prover walks over the ledger and notes what it touches
//! ([`Recording`]), the verifier walks over the receipt alone ([`verify_status`] and its siblings).
//!
//! spec: receipts.md

mod evidence;
mod fault;
mod in_hand;
mod log_keys;
mod moves;
mod policy;
mod question;
mod recording;
mod relayed;
mod renewal;
mod verify;
pub mod walk;
mod wire;

pub(crate) use evidence::Evidence;
pub use fault::VerifyError;
pub use in_hand::{InHandError, VerifiedWithdrawal, verify_withdrawal};
pub use log_keys::{VerifiedLogKeys, verify_log_keys};
pub use moves::Moves;
pub use policy::{Pin, Policy, PolicyError};
pub use question::{AsOf, Authority, Named, Question};
pub use recording::{Recording, Touched};
pub use relayed::{RELAY_TERM_MS, RELAY_TYP, RelayError, VerifiedRelayed, relay_note, verify_relayed};
pub use renewal::{MAX_ASK_BYTES, MAX_ASK_ENTRIES, RenewError, StatusAsk, StatusProof, StatusProofError};
pub use verify::{
    Mode, Point, VerifiedAccess, VerifiedAuthority, VerifiedComplete, VerifiedExistence, VerifiedReceipt,
    VerifiedStatus, verify_access, verify_authority, verify_complete, verify_existence, verify_status,
};
pub(crate) use verify::{authority_over, status_over};
pub(crate) use wire::openings;
pub use wire::{
    Consistency, ListPart, MAX_BYTES, MAX_ENTRIES, MAX_VALUES, Receipt, ReceiptEntry, ReceiptError,
};

/// The media type of a receipt.
pub const MEDIA_TYPE: &str = "application/vnd.procura.receipt+json";
