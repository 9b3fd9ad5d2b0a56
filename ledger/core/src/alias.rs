//! One identifier, one name: the alias under which the party with an identifier stands in the map. Only the ledger can compute it, so
//! that nobody can try identifiers; whoever is shown a proof can check it.
//!
//! spec: entries.md#aliases

use crate::Hash;
use crate::identifier::Identifier;
use crate::key::PublicKey;
use crate::vrf::{self, PROOF_BYTES, Secret, VrfError};

/// An identifier's alias, with what proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The alias.
    pub alias: Hash,
    /// What proves it: to whoever has the identifier, or guesses it.
    pub proof: [u8; PROOF_BYTES],
}

impl Claim {
    /// An identifier's claim. There is one.
    #[must_use]
    pub fn of(identifier: &Identifier, secret: &Secret) -> Self {
        let proven = secret.prove(&input(identifier));
        Self { alias: first_half(&proven.output), proof: proven.proof }
    }

    /// The claim of an identifier that a proof shows.
    ///
    /// # Errors
    /// [`VrfError`] if it shows nothing of this identifier.
    pub fn check(
        identifier: &Identifier,
        key: &PublicKey,
        proof: &[u8; PROOF_BYTES],
    ) -> Result<Self, VrfError> {
        let output = vrf::output(key, &input(identifier), proof)?;
        Ok(Self { alias: first_half(&output), proof: *proof })
    }
}

/// `"procura/v1/alias" ‖ 0 ‖ scheme ‖ 0 ‖ value`. No scheme has a zero byte, so no two identifiers have one input.
fn input(identifier: &Identifier) -> Vec<u8> {
    [b"procura/v1/alias\0", identifier.scheme().as_bytes(), b"\0", identifier.value().as_bytes()].concat()
}

fn first_half(output: &[u8; 64]) -> Hash {
    output.first_chunk().copied().map(Hash).unwrap_or_default()
}
