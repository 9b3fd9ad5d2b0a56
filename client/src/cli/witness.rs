//! `procura witness`: cosign what logs publish, as a service of its own.

use super::context::Context;
use super::output::{self, Answer, Failure};
use super::passphrase;
use clap::{Args, Subcommand};
use procura_client::keyfile::Protection;
use procura_client::witness::{FolderError, Witness, WitnessFolder, serve};
use procura_core::policy::TlogPolicy;
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The largest file of logs.
const MAX_LOGS_BYTES: u64 = 1 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum WitnessVerb {
    /// Cosign checkpoints that continue those cosigned before (C2SP tlog-witness), until it is stopped
    Run(Run),
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// The logs to witness: a C2SP tlog-policy file, of which only the lines `log <vkey>` count
    #[arg(long, env = "PROCURA_WITNESS_LOGS", value_name = "FILE")]
    logs: PathBuf,
    /// How the witness is called, such as witness.region.example/w1: needed the first time, when it is made
    #[arg(long, env = "PROCURA_WITNESS_NAME")]
    name: Option<String>,
    /// Where its key and what it cosigned lie [default: witness in the home folder]
    #[arg(long, env = "PROCURA_WITNESS_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Address to listen on; put what does TLS before it
    #[arg(
        long,
        env = "PROCURA_WITNESS_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8090"
    )]
    listen: SocketAddr,
    /// Make the key without a passphrase, so that it starts by itself
    #[arg(long)]
    plain: bool,
    /// What is logged, as tracing-subscriber's filters
    #[arg(long, env = "PROCURA_LOG", value_name = "FILTER", default_value = "info")]
    log: String,
}

impl WitnessVerb {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Run(run) => run.run(context),
        }
    }
}

impl Run {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let logs = read_logs(&self.logs)?;
        let filter = EnvFilter::try_new(&self.log)
            .map_err(|error| Failure::unknown("log_filter", format!("--log: {error}")))?;
        let data = self.data.clone().unwrap_or_else(|| context.witness_path());
        let folder = WitnessFolder::new(&data);
        if !folder.exists() {
            let name = self.name.as_deref().ok_or_else(|| {
                let message =
                    format!("there is no witness in {} yet: give it a name with --name", data.display());
                Failure::unknown("witness_name", message)
            })?;
            let protection =
                if self.plain { Protection::Plain } else { Protection::Passphrase(passphrase::choose()?) };
            folder.make(name, &protection)?;
        }
        let key = folder.key_path();
        let witness = folder.open(self.name.as_deref(), &logs, || passphrase::ask(&key))?;
        // The log goes beside what is printed, which a program may read.
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::unknown("runtime", error.to_string()))?;
        runtime.block_on(self.serve(Arc::new(witness), context.global.json))
    }

    async fn serve(&self, witness: Arc<Witness>, as_json: bool) -> Result<Answer, Failure> {
        let no_listener = |error: io::Error| Failure::unknown("listen", format!("{}: {error}", self.listen));
        let listener = TcpListener::bind(self.listen).await.map_err(no_listener)?;
        let address = listener.local_addr().map_err(no_listener)?;
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt()).map_err(no_listener)?,
            signal(SignalKind::terminate()).map_err(no_listener)?,
        );
        let (vkey, origins) = (witness.key().to_string(), witness.origins().collect::<Vec<_>>());
        let told = if as_json {
            json!({"url": format!("http://{address}"), "vkey": vkey, "logs": origins}).to_string()
        } else {
            format!(
                "Witness on http://{address}\nvkey: {vkey}\nWitnessed: {}\nIn a policy: witness NAME {vkey} URL",
                origins.join(", ")
            )
        };
        output::say(&told).map_err(no_listener)?;
        let shutdown = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        serve(listener, Arc::clone(&witness), shutdown).await;
        Ok(Answer::yes())
    }
}

fn read_logs(path: &Path) -> Result<TlogPolicy, Failure> {
    let unreadable = |error: io::Error| Failure::unknown("logs", format!("{}: {error}", path.display()));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_LOGS_BYTES {
        return Err(Failure::unknown("logs", format!("{} has over {MAX_LOGS_BYTES} bytes", path.display())));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let policy = TlogPolicy::parse(&bytes)
        .map_err(|error| Failure::unknown(error.name(), format!("{}: {error}", path.display())))?;
    if policy.logs().is_empty() {
        let message = format!("{} names no log: it needs lines `log <vkey>`", path.display());
        return Err(Failure::unknown("logs", message));
    }
    Ok(policy)
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        Self::unknown(error.name(), error.to_string())
    }
}
