//! The Procura server: wiring only.

use procura_ledger::backup::Restored;
use procura_ledger::{Options, OsRandom};
use procura_server::{
    Args, Config, LogLine, Started, Status, Tls, Verb, assets, check, founded, log_filter, log_keys, log_to,
    prepare, trial, vrf_key,
};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Records are taken in by threads that answer, put in order by one and let go by another, a whole layer of the index at a time:
/// with the system's allocator a quarter of the sequencer's time went into finding memory again (bench/limits/submission.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::of_process();
    if args.assets {
        return list_assets(args.demo);
    }
    match args.verb {
        Some(Verb::CheckConfig) => return check_config(args),
        Some(Verb::Status) => return status(args),
        None => {}
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

/// Each complaint a line: 0 there is none, 1 there are, 2 the file could not be read.
fn check_config(args: Args) -> ExitCode {
    let complaints = check(args);
    let mut out = io::stdout().lock();
    let written = match complaints.len() {
        0 => writeln!(out, "Nothing is wrong with the settings."),
        _ => complaints.iter().try_for_each(|complaint| writeln!(out, "{complaint}")),
    };
    match complaints.iter().map(|complaint| complaint.name).max_by_key(|name| *name == "config_unreadable") {
        Some("config_unreadable") => ExitCode::from(2),
        None if written.is_ok() => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// 0 the ledger takes submissions, 1 it doesn't, 2 nobody could tell.
fn status(args: Args) -> ExitCode {
    let told = Config::load(args).map_err(|error| error.to_string()).and_then(|config| {
        let runtime = runtime().map_err(|error| error.to_string())?;
        runtime.block_on(Status::of(&config)).map_err(|error| error.to_string())
    });
    match told {
        Ok(status) if write!(io::stdout().lock(), "{status}").is_err() => ExitCode::from(2),
        Ok(status) if status.is_ready() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            drop(writeln!(io::stderr(), "procura-server: {error}"));
            ExitCode::from(2)
        }
    }
}

/// One thread more than there are cores: it serves connections while the others do what they were asked, perhaps waiting
/// for a disk.
fn runtime() -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    tokio::runtime::Builder::new_multi_thread().worker_threads(cores + 1).enable_all().build()
}

async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let (restore, erased, init) = (args.restore.clone(), args.erased.clone(), args.init.clone());
    let (new_log_key, new_vrf_key) = (args.new_log_key, args.new_vrf_key);
    let config = Config::load(args)?;
    if let Some(path) = init {
        let opened = founded::found(&path, &config.data, Options::default())?;
        let mut out = io::stdout().lock();
        writeln!(out, "Founded {}.", opened.ledger.origin())?;
        writeln!(out, "log key: {}", opened.ledger.log_key())?;
        writeln!(out, "entry 0: {}", opened.ledger.entry0())?;
        opened.ledger.close();
        return Ok(out.flush()?);
    }
    if new_vrf_key {
        let key = vrf_key::public(&config.data, &OsRandom)?;
        writeln!(io::stdout(), "{}", procura_core::b64::encode(key.as_bytes()))?;
        return Ok(());
    }
    if new_log_key {
        writeln!(io::stdout(), "{}", log_keys::next(&config.data, &OsRandom)?)?;
        return Ok(());
    }
    if let Some(backup) = restore {
        return told_restored(&trial::restore(&backup, &config.data, &erased)?);
    }
    let (lines, _writes_until_the_end) = log_to(io::stderr())?;
    tracing_subscriber::fmt()
        .with_env_filter(log_filter(&config.log)?)
        .event_format(LogLine)
        .with_writer(move || lines.clone())
        .init();
    // Before the ledger opens: a signal that comes meanwhile is not lost.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut confirmed = signal(SignalKind::user_defined1())?;
    // At a terminal it says that the terminal is gone, unless there is a certificate to read again.
    let is_service = config.tls.is_some() || !io::stdin().is_terminal();
    let hung_up = is_service.then(|| signal(SignalKind::hangup())).transpose()?;
    let started = prepare(config).await?;
    greet(&started)?;
    if let Some(hung_up) = hung_up {
        tokio::spawn(reload_on(hung_up, started.tls.clone()));
    }
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

/// Reads the certificate again whenever the signal comes.
async fn reload_on(mut hung_up: Signal, tls: Option<Arc<Tls>>) {
    while hung_up.recv().await.is_some() {
        match tls.clone() {
            Some(tls) => drop(tokio::task::spawn_blocking(move || tls.reload()).await),
            None => tracing::info!("there is no certificate to read again"),
        }
    }
}

fn told_restored(restored: &Restored) -> Result<(), Box<dyn std::error::Error>> {
    let Restored { backup, erased, is_noted } = restored;
    let mut out = io::stdout().lock();
    writeln!(out, "Restored {} entries of {}, as of the checkpoint:", backup.size, backup.origin)?;
    writeln!(out, "{}", backup.checkpoint.trim_end())?;
    writeln!(out, "{erased} bodies were destroyed that the backup still had and that are erased.")?;
    if !is_noted {
        writeln!(
            out,
            "No file `erasures` lies beside the backup. What was erased after it is here again, unless --erased named it: \
             remove what was made, and restore with that file, or with the authorities' receipts."
        )?;
    }
    writeln!(
        out,
        "Put the log's key into the folder `keys`. The ledger then answers questions and signs nothing more."
    )?;
    Ok(out.flush()?)
}

fn greet(started: &Started) -> io::Result<()> {
    let (url, ledger) = (&started.public_url, started.app.ledger());
    let mut out = io::stdout().lock();
    if trial::is_trial(ledger.origin()) {
        writeln!(out, "Procura on {url}: a trial ledger, nothing in it binds anybody.")?;
    } else {
        writeln!(out, "Procura on {url}: the ledger {}.", ledger.origin())?;
    }
    for key in ledger.log_keys().iter().filter(|key| key.retired_at.is_none()) {
        writeln!(out, "log key: {}", key.key)?;
    }
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
