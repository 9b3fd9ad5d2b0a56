//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use procura_client::{Asking, Client, ReadError};
use procura_core::b64;
use procura_core::days::Day;
use procura_core::identifier::Identifier;
use procura_flexi_jobs::caller::Caller;
use procura_flexi_jobs::connect::client_of;
use procura_flexi_jobs::counters::Counters;
use procura_flexi_jobs::form::{self, Form};
use procura_flexi_jobs::month::{self, Plan, Progress};
use procura_flexi_jobs::prepare::{Prepared, Trial, office_key, prepare};
use procura_flexi_jobs::service::Service;
use procura_flexi_jobs::system_clock;
use procura_flexi_jobs::tariff::{self, Tariff};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitCode;
use tokio::net::TcpListener;
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
        /// Which service
        #[arg(long, value_enum, default_value_t)]
        service: Which,
        /// The words [default: the service's own]
        #[arg(long)]
        catalogue: Option<PathBuf>,
        /// The law under which the tariff is granted, a catalogue of its own
        #[arg(long, default_value = "examples/flexi-jobs/transport/law.toml")]
        law: PathBuf,
    },
    /// Serve declarations
    Serve {
        /// The address to listen on
        #[arg(long, default_value = "127.0.0.1:8090")]
        listen: SocketAddr,
        /// Where people reach its pages with their browsers [default: http:// and that address]
        #[arg(long)]
        origin: Option<String>,
        /// The folder of counters, a file each
        #[arg(long, default_value = "examples/flexi-jobs/counters")]
        counters: PathBuf,
    },
    /// Serve a tariff that is granted by itself to whoever has a status
    Tariff {
        /// The address to listen on
        #[arg(long, default_value = "127.0.0.1:8091")]
        listen: SocketAddr,
        /// Where people reach its page with their browsers [default: http:// and that address]
        #[arg(long)]
        origin: Option<String>,
        /// Where statuses are told: the declaration service's address
        #[arg(long, env = "FLEXI_SERVICE", default_value = "http://127.0.0.1:8090")]
        source: String,
        /// The tariff
        #[arg(long, default_value = "examples/flexi-jobs/transport/tariff.toml")]
        tariff: PathBuf,
    },
    /// Serve a town's form, to its clerks on this machine
    Form {
        /// The town's key file
        #[arg(long, env = "PROCURA_KEY")]
        key: PathBuf,
        /// The port to listen on
        #[arg(long, default_value_t = 8092)]
        port: u16,
        /// Where data are told: the declaration service's address
        #[arg(long, env = "FLEXI_SERVICE", default_value = "http://127.0.0.1:8090")]
        source: String,
        /// The form
        #[arg(long, default_value = "examples/flexi-jobs/forms/parking-card.toml")]
        form: PathBuf,
    },
    /// Approve what somebody asks by a link
    Approve {
        #[command(flatten)]
        by: By,
        /// The link, as an address of the ledger's or what stands behind its #
        link: String,
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

/// A service that has an office and words of its own.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Which {
    /// The declaration service
    #[default]
    Declarations,
    /// The tariff service
    Tariff,
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
            Verb::Prepare { ledger_data, service, catalogue, law } => {
                let (ledger, clock) = (&*self.ledger, &system_clock());
                let words = |own: &str| {
                    catalogue.clone().unwrap_or_else(|| Path::new("examples/flexi-jobs").join(own))
                };
                let trial = Trial { ledger, data: ledger_data, home: &self.home, clock };
                match service {
                    Which::Declarations => say(&json!(prepare(
                        ledger,
                        ledger_data,
                        &self.home,
                        &words("catalogue.toml"),
                        clock
                    )?)),
                    Which::Tariff => {
                        let prepared = trial.office(&tariff::OFFICE, &words("transport/words.toml"))?;
                        let law = trial.publish(law)?;
                        say(&json!({"office": prepared.office, "catalogue": prepared.catalogue, "law": law}))
                    }
                }
            }
            Verb::Serve { listen, origin, counters } => {
                let (prepared, client) = self.office()?;
                let (counters, catalogue) = (Counters::read(counters)?, prepared.catalogue);
                let book = self.home.join("book.redb");
                serve("declaration", *listen, async |listener, shutdown| {
                    let origin = &reached_at(origin, &listener)?;
                    let service = Service::start(&book, client, counters, catalogue, system_clock(), origin)?;
                    Ok(service.serve(listener, shutdown).await?)
                })
            }
            Verb::Tariff { listen, origin, source, tariff } => {
                let (prepared, client) = self.office()?;
                let (tariff, book) = (Tariff::read(tariff)?, self.home.join("rights.redb"));
                serve("tariff", *listen, async |listener, shutdown| {
                    let (clock, at) = (system_clock(), (&*book, &**source));
                    let origin = &reached_at(origin, &listener)?;
                    let service =
                        tariff::service::Service::start(at, client, tariff, prepared, clock, origin)?;
                    Ok(service.serve(listener, shutdown).await?)
                })
            }
            Verb::Form { key, port, source, form } => {
                std::fs::create_dir_all(&self.home)?;
                let client = client_of(key, &self.ledger, &self.home, &system_clock())?;
                let (form, book) = (Form::read(form)?, self.home.join("applications.redb"));
                let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
                serve("form", listen, async |listener, shutdown| {
                    let service =
                        form::service::Service::start((&book, source), client, form, system_clock())?;
                    Ok(service.serve(listener, shutdown).await?)
                })
            }
            Verb::Approve { by, link } => {
                let link = link.rsplit_once('#').map_or(&**link, |(_, link)| link);
                let caller = self.caller(by)?;
                let given = caller.client().give_by_link(&b64::decode_array(link)?, None)?;
                say(&json!({"given": given.id}))
            }
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

    /// What a service is in the ledger, and its office's client.
    fn office(&self) -> Outcome<(Prepared, Client)> {
        let client = client_of(&office_key(&self.home), &self.ledger, &self.home, &system_clock())?;
        Ok((Prepared::read(&self.home)?, client))
    }
}

/// Where people reach a service: where it listens, if nothing else was said.
fn reached_at(origin: &Option<String>, listener: &TcpListener) -> io::Result<String> {
    origin.clone().map_or_else(|| Ok(format!("http://{}", listener.local_addr()?)), Ok)
}

/// Says where it listens, and serves until it is told to stop.
fn serve(
    what: &str,
    listen: SocketAddr,
    with: impl AsyncFnOnce(TcpListener, Pin<Box<dyn Future<Output = ()> + Send>>) -> Outcome,
) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let listener = TcpListener::bind(listen).await?;
        writeln!(io::stdout(), "The {what} service on http://{}", listener.local_addr()?)?;
        let shutdown = async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        };
        with(listener, Box::pin(shutdown)).await
    })
}

fn say(answer: &Value) -> Outcome {
    Ok(writeln!(io::stdout(), "{answer:#}")?)
}
