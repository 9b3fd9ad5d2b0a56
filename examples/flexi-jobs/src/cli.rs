//! The command line.

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use procura_client::{Asking, Client, ReadError};
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::identifier::Identifier;
use procura_flexi_jobs::caller::Caller;
use procura_flexi_jobs::connect::client_of;
use procura_flexi_jobs::counters::Counters;
use procura_flexi_jobs::month::{self, Plan, Progress};
use procura_flexi_jobs::prepare::{Prepared, office_key, prepare};
use procura_flexi_jobs::service::Service;
use procura_flexi_jobs::system_clock;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Flexi-jobs on a Procura ledger
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The ledger's address
    #[arg(long, global = true, env = "PROCURA_SERVER", default_value = "http://127.0.0.1:8080")]
    ledger: String,
    /// Where the service's key and its book lie, and what was seen of the ledger
    #[arg(long, global = true, env = "FLEXI_HOME", default_value = "flexi-data")]
    home: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Register the service's office in a trial ledger, and publish its catalogue
    Prepare {
        /// The ledger's data folder, started with --demo
        #[arg(long)]
        ledger_data: PathBuf,
        /// The words
        #[arg(long, default_value = "examples/flexi-jobs/catalogue.toml")]
        catalogue: PathBuf,
    },
    /// Serve
    Serve {
        /// The address to listen on
        #[arg(long, default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
        /// The folder of counters, a file each
        #[arg(long, default_value = "examples/flexi-jobs/counters")]
        counters: PathBuf,
    },
    /// Declare wages, for yourself or for an employer whose mandate you have
    Declare {
        #[command(flatten)]
        by: By,
        /// The declaration, a JSON file
        file: PathBuf,
    },
    /// Tell a status of somebody: pensioner, four-fifths, student
    Tell {
        #[command(flatten)]
        by: By,
        /// Who
        #[arg(long)]
        person: Identifier,
        /// The status
        #[arg(long)]
        status: String,
        /// The first day
        #[arg(long)]
        from: String,
        /// The last day
        #[arg(long)]
        until: Option<String>,
    },
    /// Generate a month of many workers, and declare it as the demo's social secretariat
    Month {
        /// How many workers
        #[arg(long, default_value_t = 50_000)]
        workers: u32,
        /// Of how many employers [default: one for 250 workers]
        #[arg(long)]
        employers: Option<u32>,
        /// The ledger's data folder, started with --demo
        #[arg(long)]
        ledger_data: PathBuf,
        /// The service's address
        #[arg(long, env = "FLEXI_SERVICE", default_value = "http://127.0.0.1:8090")]
        service: String,
    },
    /// Ask what the service knows of somebody, as much as you may
    Ask {
        #[command(flatten)]
        by: By,
        /// Whose data it is [default: your own]
        #[arg(long)]
        subject: Option<Identifier>,
        /// The category, such as flexi.eligibility, flexi.room, flexi.wages
        #[arg(long)]
        category: String,
        /// The purpose
        #[arg(long, default_value = "inform")]
        purpose: String,
        /// Another year than this one
        #[arg(long)]
        year: Option<u16>,
    },
}

/// A bar on stderr, if that is a terminal.
struct Bar(RefCell<ProgressBar>);

impl Progress for Bar {
    fn begin(&self, what: &'static str, of: u64) {
        self.0.borrow().finish();
        let bar = ProgressBar::with_draw_target(Some(of), ProgressDrawTarget::stderr()).with_message(what);
        let style = ProgressStyle::with_template("{msg:17} {bar:40} {human_pos}/{human_len} {per_sec} {eta}");
        *self.0.borrow_mut() = style.map_or(bar.clone(), |style| bar.with_style(style));
    }

    fn at(&self, done: u64) {
        self.0.borrow().set_position(done);
    }
}

#[derive(Debug, Args)]
struct By {
    /// Your key file
    #[arg(long, env = "PROCURA_KEY")]
    key: PathBuf,
    /// The service's address
    #[arg(long, env = "FLEXI_SERVICE", default_value = "http://127.0.0.1:8090")]
    service: String,
}

pub(crate) fn run() -> ExitCode {
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(io::stderr(), "procura-flexi-jobs: {error}"));
            ExitCode::FAILURE
        }
    }
}

impl Cli {
    fn run(&self) -> Outcome {
        match &self.verb {
            Verb::Prepare { ledger_data, catalogue } => {
                let prepared = prepare(&self.ledger, ledger_data, &self.home, catalogue, &system_clock())?;
                say(&json!(prepared))
            }
            Verb::Serve { listen, counters } => self.serve(*listen, counters),
            Verb::Declare { by, file } => {
                let sent: Value = serde_json::from_slice(&std::fs::read(file)?)?;
                let text = |name: &str| sent.get(name).and_then(Value::as_str).unwrap_or_default();
                let (employer, counter): (Identifier, _) = (text("employer").parse()?, text("counter"));
                let category = format!("{counter}.declaration");
                let caller = self.caller(by)?;
                let parties = (caller.party(&employer)?, caller.source_of(&category)?);
                say(&caller.declare(&sent, parties, &category)?)
            }
            Verb::Tell { by, person, status, from, until } => {
                let mut sent = json!({"person": person.text(), "status": status, "from": from});
                if let (Some(until), Some(sent)) = (until, sent.as_object_mut()) {
                    sent.insert("until".to_owned(), json!(until));
                }
                let caller = self.caller(by)?;
                let parties = (caller.party(person)?, caller.source_of("flexi")?);
                say(&caller.tell(&sent, parties, &format!("status.{status}"))?)
            }
            Verb::Month { workers, employers, ledger_data, service } => {
                let clock = system_clock();
                let today = Day::of(clock()).ok_or("the clock stands after the year 9999")?;
                let employers = employers.unwrap_or_else(|| workers.div_ceil(250));
                let folder = self.home.join("month");
                let plan = Plan::new(*workers, employers, today)?.kept(&folder)?;
                let key = ledger_data.join("demo/social-secretariat.json");
                let client = client_of(&key, &self.ledger, &self.home.join("callers"), &clock)?;
                let (caller, prepared) = (Caller::new(client, service), Prepared::read(&self.home)?);
                let bar = Bar(RefCell::new(ProgressBar::hidden()));
                let took = month::declare(&caller, (&plan, &prepared), (ledger_data, &folder), &bar)?;
                bar.0.borrow().finish();
                say(&json!({"plan": plan, "took": took}))
            }
            Verb::Ask { by, subject, category, purpose, year } => {
                let caller = self.caller(by)?;
                let own = caller.client().own_party().map_err(ReadError::from)?;
                let subject = subject.as_ref().map_or(Ok(own), |who| caller.party(who))?;
                let properties = year.map(|year| json!({"resource": {"year": year}}));
                let source = caller.source_of(category)?;
                say(&caller.ask(&Asking {
                    on_behalf_of: None,
                    subject,
                    source,
                    category,
                    purpose,
                    properties,
                })?)
            }
        }
    }

    fn caller(&self, by: &By) -> Outcome<Caller> {
        let client = client_of(&by.key, &self.ledger, &self.home.join("callers"), &system_clock())?;
        Ok(Caller::new(client, &by.service))
    }

    fn serve(&self, listen: SocketAddr, counters: &Path) -> Outcome {
        let prepared = Prepared::read(&self.home)?;
        let client: Client = client_of(&office_key(&self.home), &self.ledger, &self.home, &system_clock())?;
        let counters = Counters::read(counters)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let (mut interrupt, mut terminate) =
                (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            let listener = tokio::net::TcpListener::bind(listen).await?;
            let address = listener.local_addr()?;
            let catalogue: Hash = prepared.catalogue;
            let service =
                Service::start(&self.home.join("book.redb"), client, counters, catalogue, system_clock())?;
            writeln!(io::stdout(), "The declaration service on http://{address}")?;
            let shutdown = async move {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            };
            Ok(service.serve(listener, shutdown).await?)
        })
    }
}

fn say(answer: &Value) -> Outcome {
    Ok(writeln!(io::stdout(), "{answer:#}")?)
}
