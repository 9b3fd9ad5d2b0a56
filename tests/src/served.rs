//! The real server over a data folder, with the demo's directory, in this process: for programs that are tested as processes of
//! their own.

use procura_core::note::NoteVerifier;
use procura_ledger::OsRandom;
pub use procura_server::Given;
use procura_server::{Args, Config, prepare};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server. It ends with this value.
pub struct Served {
    /// Its address.
    pub url: String,
    data: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

impl Served {
    /// Serves the ledger in a folder, which is made if it is not there.
    #[must_use]
    pub fn over(data: &Path) -> Self {
        Self::with(data, Given::default())
    }

    /// The same with settings besides.
    #[must_use]
    pub fn with(data: &Path, given: Given) -> Self {
        let listen = given.listen.or_else(|| "127.0.0.1:0".parse().ok());
        let given = Given { data: Some(data.to_owned()), listen, ..given };
        let config = Config::load(Args { demo: true, given, ..Args::default() }).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
        let started = runtime.block_on(prepare(config)).unwrap();
        let url = started.public_url.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = runtime.spawn(async { started.run(async { drop(stopped.await) }).await.unwrap() });
        Self { url, data: data.to_owned(), stop: Some(stop), serving: Some(serving), runtime: Some(runtime) }
    }

    /// The key file of a party of the demo's.
    #[must_use]
    pub fn key(&self, party: &str) -> PathBuf {
        self.data.join("demo").join(format!("{party}.json"))
    }
}

/// The next log key of a data folder, made there as `procura-server --new-log-key` does.
#[must_use]
pub fn next_log_key(data: &Path) -> NoteVerifier {
    procura_server::log_keys::next(data, &OsRandom).unwrap()
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let (Some(runtime), Some(serving)) = (self.runtime.take(), self.serving.take()) {
            // The ledger is closed when it returns, so that the folder may be opened again.
            drop(runtime.block_on(serving));
            runtime.shutdown_timeout(Duration::from_secs(2));
        }
    }
}
