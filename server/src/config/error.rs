//! What is wrong with the settings: all of it at once, with its place.

use super::Place;
use std::fmt;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML with these settings.
    #[error("{0}")]
    Malformed(String),
    /// An address that is none.
    #[error("{0} must start with http:// or https:// and hold neither spaces nor a query")]
    Url(&'static str),
    /// A number that allows nothing.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// A certificate without its key, or the other way round.
    #[error("{0} is missing: tls_certificate and tls_key are given together")]
    Half(&'static str),
    /// A credential that systemd did not give.
    #[error("{0}: no such credential (LoadCredential= of the unit gives them, in $CREDENTIALS_DIRECTORY)")]
    Credential(String),
    /// A provider's setting that can't be meant.
    #[error("registrar.oidc: {0} must be {1}")]
    Provider(&'static str, &'static str),
    /// This program was built without what the file asks for.
    #[error("{0} needs a server that was built with --features {1}")]
    Feature(&'static str, &'static str),
}

impl ConfigError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "config_unreadable",
            Self::Malformed(_) => "config_malformed",
            Self::Url(_) => "config_url",
            Self::Zero(_) => "config_zero",
            Self::Half(_) => "config_half",
            Self::Credential(_) => "config_credential",
            Self::Provider(..) => "config_provider",
            Self::Feature(..) => "config_feature",
        }
    }
}

/// Everything that is wrong with the settings, each with its place if it stands in the file.
#[derive(Debug, Default)]
pub struct ConfigErrors(pub Vec<(Option<Place>, ConfigError)>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (place, error)) in self.0.iter().enumerate() {
            let end_of_the_last = if at == 0 { "" } else { "\n" };
            match place {
                Some(place) => write!(out, "{end_of_the_last}{place}: {error}")?,
                None => write!(out, "{end_of_the_last}{error}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
