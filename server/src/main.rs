//! The Procura server: wiring only.

use clap::Parser;
use procura_ledger::backup::Restored;
use procura_server::{Args, Config, LogLine, Started, assets, log_to, prepare, trial};
use std::io::{self, Write};
use std::process::ExitCode;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::parse();
    if args.assets {
        return list_assets(args.demo);
    }
    match runtime().map_err(Into::into).and_then(|runtime| runtime.block_on(run(args))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The log may be filtered; why there is no server must be seen.
            drop(writeln!(io::stderr(), "procura-server: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// As `sha256sum` writes it, addresses for names.
fn list_assets(has_demo: bool) -> ExitCode {
    let mut out = io::stdout().lock();
    for (address, hash) in assets(has_demo) {
        let hex: String = hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
        if writeln!(out, "{hex}  {address}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// One thread more than there are cores: it serves connections while the others do what they were asked, perhaps waiting
/// for a disk.
fn runtime() -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    tokio::runtime::Builder::new_multi_thread().worker_threads(cores + 1).enable_all().build()
}

async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let restore = args.restore.clone();
    let config = Config::load(args)?;
    if let Some(backup) = restore {
        return told_restored(&trial::restore(&backup, &config.data)?);
    }
    let (lines, _writes_until_the_end) = log_to(io::stderr())?;
    tracing_subscriber::fmt()
        .with_env_filter(filter(&config.log)?)
        .event_format(LogLine)
        .with_writer(move || lines.clone())
        .init();
    // Before the ledger opens: a signal that comes meanwhile is not lost.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut confirmed = signal(SignalKind::user_defined1())?;
    let started = prepare(config).await?;
    greet(&started)?;
    let ledger = started.app.ledger().clone();
    let confirming = tokio::spawn(async move {
        while confirmed.recv().await.is_some() {
            ledger.confirm_clock();
        }
    });
    let shutdown = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let ran = started.run(shutdown).await;
    confirming.abort();
    Ok(ran?)
}

fn told_restored(restored: &Restored) -> Result<(), Box<dyn std::error::Error>> {
    let Restored { backup, erased } = restored;
    let mut out = io::stdout().lock();
    writeln!(out, "Restored {} entries of {}, as of the checkpoint:", backup.size, backup.origin)?;
    writeln!(out, "{}", backup.checkpoint.trim_end())?;
    writeln!(
        out,
        "{erased} bodies were destroyed that the backup still had and that were erased before it was made."
    )?;
    writeln!(
        out,
        "Put the log's key into the folder `keys`. The ledger then answers questions and signs nothing more."
    )?;
    Ok(out.flush()?)
}

/// What is logged. The client that talks to identity providers writes what it sends and gets, which names people.
fn filter(wanted: &str) -> Result<EnvFilter, Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_new(wanted)?;
    #[cfg(feature = "oidc")]
    let filter = filter.add_directive("ureq=off".parse()?).add_directive("ureq_proto=off".parse()?);
    Ok(filter)
}

fn greet(started: &Started) -> io::Result<()> {
    let (url, ledger) = (&started.public_url, started.app.ledger());
    let mut out = io::stdout().lock();
    writeln!(out, "Procura on {url}: a trial ledger, nothing in it binds anybody.")?;
    writeln!(out, "log key: {}", ledger.log_key())?;
    writeln!(out, "Try:")?;
    match &started.demo {
        None => {
            writeln!(out, "  curl {url}/v1/log")?;
            writeln!(out, "  curl {url}/checkpoint")?;
            writeln!(out, "  curl '{url}/v1/proofs/inclusion?index=0'")?;
        }
        Some(demo) => {
            let may = |actor: &str, category: &str, purpose: &str, subject: &str| {
                format!(
                    "  curl -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' {url}/access/v1/evaluation \\\n    \
                     -d '{{\"subject\":{{\"type\":\"party\",\"id\":\"{actor}\"}},\"action\":{{\"name\":\"{purpose}\"}},\
                     \"resource\":{{\"type\":\"{category}\",\"id\":\"{subject}\"}}}}'",
                    demo.token
                )
            };
            writeln!(out, "  curl {url}/v1/log")?;
            writeln!(out, "{}", may("niss:75061200192", "pensions", "help", "niss:48031500292"))?;
            writeln!(out, "{}", may("niss:75061200192", "taxes", "help", "niss:48031500292"))?;
            writeln!(out, "The demo's keys and the token lie in its folder under the data folder.")?;
        }
    }
    out.flush()
}
