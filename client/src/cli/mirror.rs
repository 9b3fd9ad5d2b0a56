//! `procura mirror`: follow a ledger, check every byte of it, and answer from there, as a service of its own.

use super::context::Context;
use super::output::{self, Answer, Failure};
use super::passphrase;
use clap::{Args, Subcommand};
use procura_client::Client;
use procura_client::keyfile::Protection;
use procura_client::mirror::{Follower, Service, serve};
use procura_client::witness::{Witness, WitnessFolder};
use procura_core::Hash;
use procura_core::hash::sha256;
use procura_core::policy::TlogPolicy;
use serde_json::json;
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The fewest characters of a token for the entries.
const MIN_TOKEN_CHARS: usize = 32;

#[derive(Debug, Subcommand)]
pub(super) enum MirrorVerb {
    /// Follow a ledger, check every entry, and answer how records stand, until it is stopped
    Run(Run),
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// The ledger's address
    #[arg(long, env = "PROCURA_MIRROR_FROM", value_name = "URL")]
    from: String,
    /// Where the copy of the log lies [default: mirror in the home folder]
    #[arg(long, env = "PROCURA_MIRROR_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Address to listen on; put what does TLS before it
    #[arg(
        long,
        env = "PROCURA_MIRROR_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8091"
    )]
    listen: SocketAddr,
    /// How many seconds lie between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Cosign, as a map-checker of this name, what was checked whole; its key is made the first time
    #[arg(long, env = "PROCURA_MIRROR_COSIGN", value_name = "NAME")]
    cosign: Option<String>,
    /// Make that key without a passphrase, so that it starts by itself
    #[arg(long)]
    plain: bool,
    /// Tokens of those who may have the entries, a line each of at least 32 characters; without it nobody may
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// What is logged, as tracing-subscriber's filters
    #[arg(long, env = "PROCURA_LOG", value_name = "FILTER", default_value = "info")]
    log: String,
}

impl MirrorVerb {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Run(run) => run.run(context),
        }
    }
}

impl Run {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let filter = EnvFilter::try_new(&self.log)
            .map_err(|error| Failure::unknown("log_filter", format!("--log: {error}")))?;
        let tokens = self.tokens.as_deref().map(read_tokens).transpose()?.unwrap_or_default();
        let data = self.data.clone().unwrap_or_else(|| context.mirror_path());
        let client = context.at(&self.from).client_with_key_if_any()?;
        let cosigner = self.cosigner(&data, &client)?;
        // The log goes beside what is printed, which a program may read.
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
        let origin = client.policy().origin.clone();
        let follower = Follower::open(&data, client, cosigner).map_err(|error| {
            Failure::unknown(error.name(), format!("the mirror in {} does not open: {error}", data.display()))
        })?;
        let vkey = follower.checker().map(|checker| checker.vkey());
        let service = Service { standing: follower.standing(), checker: follower.checker(), tokens };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::unknown("runtime", error.to_string()))?;
        let (stop, every) = (Arc::new(AtomicBool::new(false)), Duration::from_secs(self.every));
        let stopped = Arc::clone(&stop);
        let following = std::thread::Builder::new().name("follow".to_owned());
        let following = following
            .spawn(move || follower.run(every, &stopped))
            .map_err(|error| Failure::unknown("runtime", error.to_string()))?;
        let told = Told { origin, vkey, as_json: context.global.json };
        let served = runtime.block_on(self.serve(Arc::new(service), told));
        stop.store(true, Ordering::Relaxed);
        let ended = following.join().map_err(|_| Failure::unknown("runtime", "the follower broke off"));
        served.and_then(|answer| ended.map(|()| answer))
    }

    /// The cosigner, made the first time.
    fn cosigner(&self, data: &Path, client: &Client) -> Result<Option<Witness>, Failure> {
        let Some(name) = &self.cosign else { return Ok(None) };
        let folder = WitnessFolder::new(&data.join("cosigner"));
        if !folder.exists() {
            std::fs::create_dir_all(data)
                .map_err(|error| Failure::unknown("io", format!("{}: {error}", data.display())))?;
            let protection =
                if self.plain { Protection::Plain } else { Protection::Passphrase(passphrase::choose()?) };
            folder.make(name, &protection)?;
        }
        let logs = client.policy().log_keys.iter().map(|log_key| format!("log {}\n", log_key.key));
        let logs = format!("{}quorum none\n", logs.collect::<String>());
        let logs = TlogPolicy::parse(logs.as_bytes())
            .map_err(|error| Failure::unknown(error.name(), error.to_string()))?;
        let key = folder.key_path();
        Ok(Some(folder.open(Some(name), &logs, || passphrase::ask(&key))?))
    }

    async fn serve(&self, service: Arc<Service>, told: Told) -> Result<Answer, Failure> {
        let no_listener = |error: io::Error| Failure::unknown("listen", format!("{}: {error}", self.listen));
        let listener = TcpListener::bind(self.listen).await.map_err(no_listener)?;
        let address = listener.local_addr().map_err(no_listener)?;
        let (mut interrupt, mut terminate) = (
            signal(SignalKind::interrupt()).map_err(no_listener)?,
            signal(SignalKind::terminate()).map_err(no_listener)?,
        );
        output::say(&told.text(&address)).map_err(no_listener)?;
        let shutdown = async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        serve(listener, service, shutdown).await;
        Ok(Answer::yes())
    }
}

/// What is said at the start.
struct Told {
    origin: String,
    vkey: Option<String>,
    as_json: bool,
}

impl Told {
    fn text(&self, address: &SocketAddr) -> String {
        if self.as_json {
            return json!({"url": format!("http://{address}"), "origin": self.origin, "vkey": self.vkey})
                .to_string();
        }
        let mirror = format!("Mirror of {} on http://{address}", self.origin);
        match &self.vkey {
            Some(vkey) => format!(
                "{mirror}\nvkey: {vkey}\nIn the ledger's policy of witnesses: witness NAME {vkey} http://{address}"
            ),
            None => mirror,
        }
    }
}

fn read_tokens(path: &Path) -> Result<BTreeSet<Hash>, Failure> {
    let wrong = |what: String| Failure::unknown("tokens", format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let tokens: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_long =
        |token: &&str| token.len() >= MIN_TOKEN_CHARS && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !tokens.iter().all(is_long) {
        return Err(wrong(format!("each line is a token of at least {MIN_TOKEN_CHARS} visible characters")));
    }
    Ok(tokens.into_iter().map(|token| sha256(&[token.as_bytes()])).collect())
}
