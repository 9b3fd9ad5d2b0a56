//! From a configuration to a running server.

use crate::app::{App, Settings};
use crate::backups::Backups;
use crate::config::{BackupPlan, Config, StaticToken};
use crate::demo::{self, DemoError, Desk};
use crate::founded;
use crate::hooks::{self, HookError, HookSettings, Hooks};
use crate::metrics::Metrics;
#[cfg(feature = "oidc")]
use crate::oidc::{Enrolment, OidcError};
use crate::open_files;
use crate::private::{self, PrivateError};
use crate::serve::serve_over;
use crate::tls::{Tls, TlsError};
#[cfg(feature = "otlp")]
use crate::traces::Traces;
use crate::trial::{self, TrialError};
use crate::witnesses::{WitnessError, WitnessSettings, Witnesses};
use crate::{admin, api, demo::Demo};
use procura_core::Hash;
use procura_ledger::Options;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The ledger.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// Where it should listen.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Webhooks.
    #[error(transparent)]
    Hooks(#[from] HookError),
    /// Witnesses.
    #[error(transparent)]
    Witnesses(#[from] WitnessError),
    /// The demo.
    #[error("the demo could not be registered: {0}")]
    Demo(#[from] DemoError),
    /// Enrolment by identity providers.
    #[cfg(feature = "oidc")]
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// Traces.
    #[cfg(feature = "otlp")]
    #[error("traces_to: {0}")]
    Traces(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A file that the configuration names.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The system has no thread left.
    #[error("no thread for backups: {source}")]
    Thread {
        /// Why.
        source: io::Error,
    },
    /// The address.
    #[error("{address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Why it is not listened at an address.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The ledger is a trial.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// Everybody on the way would read along.
    #[error(
        "{0} is for other machines too: give tls_certificate and tls_key, or listen on the loopback behind what does TLS"
    )]
    Clear(SocketAddr),
}

impl AddressError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Trial(error) => error.name(),
            Self::Clear(_) => "clear_address",
        }
    }
}

impl RunError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Trial(error) => error.name(),
            Self::Address(error) => error.name(),
            Self::Hooks(error) => error.name(),
            Self::Witnesses(error) => error.name(),
            Self::Demo(error) => error.name(),
            #[cfg(feature = "oidc")]
            Self::Oidc(error) => error.name(),
            #[cfg(feature = "otlp")]
            Self::Traces(_) => "traces",
            Self::Tls(error) => error.name(),
            Self::Private(error) => error.name(),
            Self::Thread { .. } => "thread",
            Self::Listen { .. } => "listen",
        }
    }
}

/// A server that is about to run.
pub struct Started {
    /// What it serves.
    pub app: App,
    /// The socket.
    pub listener: TcpListener,
    /// How clients reach it.
    pub public_url: String,
    /// The fictional directory, if it was asked for.
    pub demo: Option<Demo>,
    hooks: HookSettings,
    backup: Option<BackupPlan>,
    /// The socket for operators only, if there is one.
    pub admin: Option<TcpListener>,
    witnesses: Option<WitnessSettings>,
    /// The certificate that is shown, if TLS is spoken.
    pub tls: Option<Arc<Tls>>,
    #[cfg(feature = "otlp")]
    traces: Option<Traces>,
}

/// Opens the ledger, registers the demo if asked, and listens; nothing is served yet.
///
/// # Errors
/// [`RunError`].
pub async fn prepare(mut config: Config) -> Result<Started, RunError> {
    // Before anything is made.
    for (_, address) in addresses(&config) {
        may_listen(&config, address)?;
    }
    #[cfg(feature = "otlp")]
    let traces = config.traces_to.as_deref().map(Traces::start).transpose()?;
    let tls = config.tls.clone().map(Tls::read).transpose()?.map(Arc::new);
    let listen = |source| RunError::Listen { address: config.listen, source };
    // Before the ledger: a second server on the same folder or port says so at once.
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let admin = match config.admin_listen {
        Some(address) => {
            Some(TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })?)
        }
        None => None,
    };
    let address = listener.local_addr().map_err(listen)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let public_url = config.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"));

    let wanted = config.limits.max_connections;
    config.limits.max_connections = open_files::allow(wanted);
    if config.limits.max_connections < wanted {
        let allowed = config.limits.max_connections;
        tracing::warn!(
            wanted,
            allowed,
            "the limit on open files allows fewer connections: raise it (ulimit -Hn)"
        );
    }
    hooks::client_config(config.webhooks.ca.as_ref())?;
    let witnesses = config
        .witnesses
        .as_ref()
        .map(|path| WitnessSettings::read(path, &config.data, config.webhooks.ca.clone()));
    let witnesses = witnesses.transpose()?.map(|settings| settings.checked_by(&config.map_checkers));
    let witnesses = witnesses.transpose()?;
    if let (None, Some(name)) = (&witnesses, config.map_checkers.first()) {
        return Err(WitnessError::MapChecker(name.clone()).into());
    }
    let mut static_tokens: Vec<_> =
        config.static_tokens.iter().map(static_token).collect::<Result<_, _>>()?;
    let metrics = Arc::new(Metrics::default());
    let mut options = Options {
        observer: Some(Arc::clone(&metrics) as _),
        queue: config.limits.queue,
        heartbeat: config.heartbeat,
        confirm_clock: config.confirm_clock,
        succession: config.succession.as_deref().map_or_else(|| Ok(Vec::new()), trial::succession)?,
        ..Options::default()
    };
    if let Some(flush_bytes) = config.flush_bytes {
        options.index.flush_bytes = flush_bytes;
        options.index.hard_bytes = options.index.hard_bytes.max(flush_bytes.saturating_mul(4));
    }
    let (data, with_demo, key_delay) = (config.data.clone(), config.demo, config.trial_key_delay);
    // Opening replays, registering waits for the disk: neither is for the threads that serve connections.
    let opening = tokio::task::spawn_blocking(move || -> Result<_, RunError> {
        if founded::is_founded(&data) {
            return Ok((founded::open(&data, options)?, None, None));
        }
        let trial = trial::start_with(&data, key_delay, options)?;
        let demo = with_demo.then(|| demo::register(&trial, &data)).transpose()?;
        let desk = demo.as_ref().map(|demo| Desk::new(&trial, demo)).transpose()?;
        Ok((trial.opened(), demo, desk))
    });
    let (opened, demo, desk) = opening.await.map_err(|error| listen(io::Error::other(error)))??;
    if let Some(demo) = &demo {
        static_tokens.push((demo.token.clone(), demo.party(demo::MUNICIPALITY)?.party));
    }
    let settings = Settings {
        public_url: public_url.clone(),
        public_entries: config.public_entries,
        max_age_s: config.max_age_s,
        witness_wait: config.witness_wait,
        limits: config.limits,
        static_tokens,
        metrics,
        clock: Arc::clone(&opened.clock),
        random: Arc::clone(&opened.random),
    };
    #[cfg(feature = "oidc")]
    let enrolment = config.registrar.as_ref();
    #[cfg(feature = "oidc")]
    let enrolment = enrolment.map(|registrar| Enrolment::new(&opened, registrar, &public_url)).transpose()?;
    let hooks = HookSettings {
        signer: opened.webhooks.signer,
        note: opened.webhooks.note,
        cursors: config.data.join("webhooks.json"),
        allow: config.webhooks.allow,
        ca: config.webhooks.ca,
    };
    let app = match desk {
        Some(desk) => App::with_desk(opened.ledger, settings, desk),
        None => App::new(opened.ledger, settings),
    };
    #[cfg(feature = "oidc")]
    if let Some(enrolment) = enrolment {
        app.enrol_with(enrolment);
    }
    Ok(Started {
        app,
        listener,
        public_url,
        demo,
        hooks,
        backup: config.backup,
        admin,
        witnesses,
        tls,
        #[cfg(feature = "otlp")]
        traces,
    })
}

/// Runs a server until `shutdown` is ready, then closes its ledger.
///
/// # Errors
/// [`RunError`].
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
    prepare(config).await?.run(shutdown).await
}

impl Started {
    /// Serves until `shutdown` is ready, then closes the ledger.
    ///
    /// # Errors
    /// [`RunError::Listen`], [`RunError::Hooks`], [`RunError::Witnesses`], [`RunError::Thread`].
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        let address = self.listener.local_addr();
        let ledger = self.app.ledger().clone();
        let (ended, over) = tokio::sync::oneshot::channel::<()>();
        let admin = self.admin.map(|listener| {
            let over = async move { drop(over.await) };
            tokio::spawn(admin::serve(listener, self.app.clone(), over))
        });
        let plan = self.backup.map(|plan| Backups::start(self.app.clone(), plan));
        let backups = plan.transpose().map_err(|source| RunError::Thread { source })?;
        let hooks = Hooks::start(self.app.clone(), self.hooks)?;
        let witnesses = self.witnesses.map(|settings| Witnesses::start(&self.app, settings)).transpose()?;
        let renewing = self.tls.clone().map(|tls| tokio::spawn(tls.renew()));
        let served = serve_over(self.tls, self.listener, self.app, shutdown).await;
        if let Some(renewing) = renewing {
            renewing.abort();
        }
        drop(witnesses);
        hooks.stop().await;
        drop(ended);
        if let Some(admin) = admin
            && let Ok(Err(error)) = admin.await
        {
            tracing::error!(%error, "the address for operators was not served");
        }
        // What was acknowledged is durable already; this writes the index, so that the next start is quick.
        #[cfg(feature = "otlp")]
        let traces = self.traces;
        let closing = move || {
            #[cfg(feature = "otlp")]
            drop(traces);
            if let Some(backups) = backups {
                backups.stop();
            }
            ledger.close();
        };
        drop(tokio::task::spawn_blocking(closing).await);
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        served.map_err(|source| RunError::Listen { address: address.unwrap_or(unknown), source })
    }
}

/// Where it will be listened, by the setting's name.
pub(crate) fn addresses(config: &Config) -> impl Iterator<Item = (&'static str, SocketAddr)> {
    [("listen", Some(config.listen)), ("admin_listen", config.admin_listen)]
        .into_iter()
        .filter_map(|(setting, address)| Some((setting, address?)))
}

/// Beyond this machine a ledger that its root founded is reached, and over TLS only: tokens and records are for nobody on the way.
pub(crate) fn may_listen(config: &Config, address: SocketAddr) -> Result<(), AddressError> {
    let is_operators = config.admin_listen == Some(address);
    match (address.ip().is_loopback(), founded::is_founded(&config.data)) {
        (true, _) => Ok(()),
        (false, false) => Err(TrialError::Address(address).into()),
        // What operators read has nobody's name in it.
        (false, true) if is_operators || config.tls.is_some() => Ok(()),
        (false, true) => Err(AddressError::Clear(address)),
    }
}

/// The token of a file, and whose it is.
pub(crate) fn static_token(token: &StaticToken) -> Result<(String, Hash), PrivateError> {
    let malformed = || PrivateError::malformed(&token.file, "token of 32 or more visible characters");
    let bytes = private::read(&token.file)?.ok_or_else(malformed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?.trim();
    if !api::is_static_token(text) {
        return Err(malformed());
    }
    Ok((text.to_owned(), token.party))
}

#[cfg(test)]
mod tests {
    //! Goal: nobody reaches a trial from elsewhere, nor another ledger in the clear. Method: addresses, for a folder of each.

    use super::*;
    use crate::config::{Args, TlsFiles};
    use std::path::Path;

    fn refused(data: &Path, tls: bool, listen: &str, admin: Option<&str>) -> Option<&'static str> {
        let args = Args { ..Args::default() };
        let mut config = Config::load(args).unwrap();
        let file = || data.join("pem");
        config.data = data.to_owned();
        config.tls = tls.then(|| TlsFiles { certificate: file(), key: file() });
        config.listen = listen.parse().unwrap();
        config.admin_listen = admin.map(|address| address.parse().unwrap());
        addresses(&config)
            .find_map(|(_, address)| may_listen(&config, address).err())
            .map(|error| error.name())
    }

    #[test]
    fn beyond_the_loopback_goes_what_was_founded_over_tls() {
        let (trial, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(other.path().join("origin"), "ledger.example/1").unwrap();
        for here in ["127.0.0.1:1", "[::1]:1"] {
            assert_eq!(refused(trial.path(), false, here, Some(here)), None);
            assert_eq!(refused(other.path(), false, here, Some(here)), None);
        }
        for there in ["0.0.0.0:1", "[::]:1", "192.0.2.1:1"] {
            assert_eq!(refused(trial.path(), true, there, None), Some("trial_address"));
            assert_eq!(refused(trial.path(), true, "127.0.0.1:1", Some(there)), Some("trial_address"));
            assert_eq!(refused(other.path(), false, there, None), Some("clear_address"));
            assert_eq!(refused(other.path(), true, there, None), None);
            assert_eq!(refused(other.path(), false, "127.0.0.1:1", Some(there)), None);
        }
    }
}
