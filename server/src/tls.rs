//! The certificate that the server shows: read at the start, and again when it is told to or the files have changed. A new
//! one is for connections to come; those that are open stay as they are. One that is broken changes nothing but the log.

use crate::config::TlsFiles;
use crate::private::{self, PrivateError};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_rustls::TlsAcceptor;

/// How often the files are looked at. They are read once they stay as they are for so long: who writes one writes the other too.
const LOOK: Duration = Duration::from_secs(5);

/// Why a certificate can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate's file.
    #[error("{path}: no certificate could be read: {why}", path = path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The key's file.
    #[error(transparent)]
    Key(#[from] PrivateError),
    /// The two together.
    #[error("the certificate of {path} can't be shown with the key of {key}: {source}", path = files.certificate.display(), key = files.key.display())]
    Pair {
        /// Which.
        files: TlsFiles,
        /// Why.
        source: rustls::Error,
    },
}

impl TlsError {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Certificate { .. } => "tls_certificate",
            Self::Key(error) => error.name(),
            Self::Pair { .. } => "tls_pair",
        }
    }
}

/// The certificate, as of now.
pub struct Tls {
    files: TlsFiles,
    now: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads it.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let now = RwLock::new(Arc::new(config(&files)?));
        Ok(Self { files, now })
    }

    /// Reads it again. What is broken is told in the log, and what was shown before is shown on.
    pub fn reload(&self) {
        match config(&self.files) {
            Ok(config) => {
                *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                tracing::info!("the certificate was read again: new connections are shown it");
            }
            Err(error) => {
                tracing::error!(%error, "the new certificate is broken: the one from before is shown on");
            }
        }
    }

    /// Reads it again whenever the files have changed; never ready.
    pub(crate) async fn renew(self: Arc<Self>) {
        let mut read = Stamps::of(&self.files);
        let mut seen = read;
        loop {
            tokio::time::sleep(LOOK).await;
            let stamps = Stamps::of(&self.files);
            if stamps != read && stamps == seen {
                read = stamps;
                let tls = Arc::clone(&self);
                drop(tokio::task::spawn_blocking(move || tls.reload()).await);
            }
            seen = stamps;
        }
    }

    /// For the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

/// What tells a file from what stood in its place before: inode, size, and time of the last change.
type Stamp = Option<(u64, u64, i64, i64)>;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamps(Stamp, Stamp);

impl Stamps {
    fn of(files: &TlsFiles) -> Self {
        Self(stamp(&files.certificate), stamp(&files.key))
    }
}

fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
}

fn config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let wrong = |why: String| TlsError::Certificate { path: files.certificate.clone(), why };
    let chain =
        CertificateDer::pem_file_iter(&files.certificate).map_err(|error| wrong(error.to_string()))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong("there is none".to_owned()));
    }
    let no_key = || PrivateError::malformed(&files.key, "private key in PEM");
    let bytes = private::read(&files.key)?.ok_or_else(no_key)?;
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| no_key())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pair = |source| TlsError::Pair { files: files.clone(), source };
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(pair)?.with_no_client_auth();
    let mut config = config.with_single_cert(chain, key).map_err(pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
