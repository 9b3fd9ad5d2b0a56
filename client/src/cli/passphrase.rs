//! Where passphrases come from: the file that PROCURA_PASSPHRASE_FILE names, else the terminal.

use age::secrecy::SecretString;
use procura_client::keyfile::KeyFileError;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const VARIABLE: &str = "PROCURA_PASSPHRASE_FILE";

/// The passphrase of a key file that is there.
pub(crate) fn ask(path: &Path) -> Result<SecretString, KeyFileError> {
    match from_file()? {
        Some(passphrase) => Ok(passphrase),
        None => prompt(&format!("Passphrase of {}: ", path.display())),
    }
}

/// A passphrase for a new key file, typed twice.
pub(crate) fn choose() -> Result<SecretString, KeyFileError> {
    use age::secrecy::ExposeSecret as _;
    if let Some(passphrase) = from_file()? {
        return Ok(passphrase);
    }
    let first = prompt("Passphrase for the new key: ")?;
    let again = prompt("The same again: ")?;
    if first.expose_secret() == again.expose_secret() {
        Ok(first)
    } else {
        Err(KeyFileError::NoPassphrase("the two are not the same".to_owned()))
    }
}

fn from_file() -> Result<Option<SecretString>, KeyFileError> {
    let Some(path) = std::env::var_os(VARIABLE).map(PathBuf::from) else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .map(Zeroizing::new)
        .map_err(|source| KeyFileError::Io { path: path.clone(), source })?;
    not_empty(text.trim_end_matches(['\r', '\n'])).map(Some)
}

fn prompt(question: &str) -> Result<SecretString, KeyFileError> {
    let typed = rpassword::prompt_password(question).map(Zeroizing::new).map_err(|error| {
        KeyFileError::NoPassphrase(format!(
            "there is no terminal to ask at ({error}); name a file in {VARIABLE}"
        ))
    })?;
    not_empty(&typed)
}

fn not_empty(text: &str) -> Result<SecretString, KeyFileError> {
    if text.is_empty() {
        return Err(KeyFileError::NoPassphrase("it is empty".to_owned()));
    }
    Ok(SecretString::from(text.to_owned()))
}
