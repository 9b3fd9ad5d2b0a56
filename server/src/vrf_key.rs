//! The VRF key, `keys/vrf.json`: with it the ledger computes under which alias an identifier stands in the map.
//!
//! Its public half is in entry 0, so it is made before the ledger is, and never changed. spec: entries.md#aliases

use crate::private::{self, PrivateError};
use procura_core::key::PublicKey;
use procura_core::vrf::Secret;
use procura_ledger::Random;
use std::path::Path;
use std::sync::Arc;

/// In `keys/`.
const VRF_KEY: &str = "vrf.json";

/// The key of a ledger that there is. Without it the ledger registers nobody new, and another one would be refused.
pub(crate) fn found(keys: &Path) -> Result<Option<Arc<Secret>>, PrivateError> {
    let path = keys.join(VRF_KEY);
    if !path.exists() {
        tracing::error!(path = %path.display(), "there is no VRF key: nobody new can be registered until it is put back");
        return Ok(None);
    }
    let seed = private::seed(&path)?;
    Ok(Some(Arc::new(Secret::from_seed(&seed))))
}

/// The key of a ledger that is to be, made if it is not there.
pub(crate) fn first(keys: &Path, random: &dyn Random) -> Result<Arc<Secret>, PrivateError> {
    let seed = private::made_seed(&keys.join(VRF_KEY), "vrf", random)?;
    Ok(Arc::new(Secret::from_seed(&seed)))
}

/// The public half of the VRF key in a data folder, made unless it is there: for the record that a ledger is founded with.
///
/// # Errors
/// [`PrivateError`].
pub fn public(data: &Path, random: &dyn Random) -> Result<PublicKey, PrivateError> {
    let keys = data.join("keys");
    private::folder(&keys)?;
    Ok(*first(&keys, random)?.public_key())
}
