//! A ledger that its root's holders founded, at machines of their own: the server has a log key, and none of the root's.
//!
//! spec: records.md#root-files

use crate::log_keys;
use crate::private;
use crate::trial::{self, Opened, ROOT_FILE, TrialError};
use crate::vrf_key;
use procura_core::kinds::Content;
use procura_core::root_file::RootFile;
use procura_ledger::{Options, Registrar, Setup};
use std::io;
use std::path::Path;

/// Makes the ledger of a data folder, which must hold none, out of entry 0's record with its quorum of signatures. The log's key is
/// made, unless it is there.
///
/// # Errors
/// [`TrialError`]; there is no ledger then.
pub fn found(path: &Path, data: &Path, options: Options) -> Result<Opened, TrialError> {
    let failed = |source| TrialError::RootFile { path: path.to_owned(), source };
    let file = RootFile::parse(&std::fs::read(path).map_err(failed)?)?;
    let Content::Root(root) = file.record().content() else {
        return Err(failed(io::Error::other("it is no root record")));
    };
    let stated = root.vrf_key;
    let mut submissions = file.submissions()?;
    let origin = file.record().common().origin.clone();
    let folder = data.join("ledger");
    if folder.exists() || data.join("origin").exists() {
        let exists = io::Error::new(io::ErrorKind::AlreadyExists, "there is a ledger already");
        return Err(TrialError::RootFile { path: data.to_owned(), source: exists });
    }
    let keys = data.join("keys");
    private::folder(&keys)?;
    // Made here and now it would not be the one that the record states.
    let vrf = vrf_key::found(&keys)?.filter(|vrf| *vrf.public_key() == stated);
    let vrf = Some(vrf.ok_or_else(|| TrialError::VrfKey(keys.clone()))?);
    let options = Options { vrf, ..options };
    let log_key = log_keys::first(&keys, &*options.random)?;
    let root = submissions.remove(0);
    let setup = Setup { origin: origin.clone(), root, log_key };
    trial::make(&folder, setup, &submissions, options.clone())?;
    private::write(&data.join(ROOT_FILE), file.to_json().as_bytes())?;
    let opened = trial::open(data, &origin, options)?;
    // Last: with its name the data folder is a ledger's.
    private::text(&data.join("origin"), || Ok(origin))?;
    Ok(opened)
}

/// Whether the ledger of a data folder was founded: its root's keys are elsewhere.
#[must_use]
pub fn is_founded(data: &Path) -> bool {
    data.join("origin").exists() && !data.join("keys").join("root.json").exists()
}

/// Opens the ledger of such a folder. The ledger's own provisional registrar is `keys/provisional.json`, if the root has registered one.
///
/// # Errors
/// [`TrialError`].
pub fn open(data: &Path, options: Options) -> Result<Opened, TrialError> {
    let named = data.join("origin");
    let origin = private::text(&named, || Err(private::PrivateError::malformed(&named, "origin")))?;
    let opened = trial::open(data, &origin, options)?;
    let path = data.join("keys").join("provisional.json");
    if path.exists() {
        let of = private::enrolled(&path)?;
        opened.ledger.set_provisional(Registrar { kid: of.kid, signer: of.signer });
    }
    Ok(opened)
}
