//! Backups while the server runs: one at the start and one each time that an interval has passed; those that are too old go.
//!
//! spec: storage.md#backup

use crate::app::App;
use crate::config::BackupPlan;
use procura_core::Millis;
use procura_ledger::backup::{self, BackupError};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How soon a backup that failed is tried again.
const RETRY: Duration = Duration::from_secs(60);

/// The thread that makes them.
pub(crate) struct Backups {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Backups {
    /// Starts it.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub(crate) fn start(app: App, plan: BackupPlan) -> std::io::Result<Self> {
        // What earlier starts made counts: nobody is woken for a start.
        let found = if plan.to.exists() { backup::list(&plan.to) } else { Ok(Vec::new()) };
        app.metrics().newest_backup(found.unwrap_or_default().last());
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new().name("backups".to_owned()).spawn(move || {
            loop {
                let wait = match once(&app, &plan) {
                    Ok(()) => plan.every,
                    Err(error) => {
                        app.metrics().not_backed_up();
                        tracing::error!(%error, name = error.name(), "there is no backup: it is tried again");
                        RETRY.min(plan.every)
                    }
                };
                if stopped.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends it, after the backup that is being made.
    pub(crate) fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the thread of backups ended with a panic");
        }
    }
}

fn once(app: &App, plan: &BackupPlan) -> Result<(), BackupError> {
    let made = app.ledger().back_up(&plan.to)?;
    app.metrics().backed_up(&made);
    let keep_ms = u64::try_from(plan.keep.as_millis()).unwrap_or(u64::MAX);
    let gone = backup::expire(&plan.to, Millis(made.made.0.saturating_sub(keep_ms)))?;
    tracing::info!(size = made.size.0, expired = gone.len(), "a backup was made");
    Ok(())
}
