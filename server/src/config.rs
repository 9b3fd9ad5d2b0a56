//! Every setting: from the command line, the environment (`PROCURA_…`), a TOML file, and what holds without any, in this
//! order. Secrets come from files, never from flags; a file `credential:NAME` is the credential of that name that systemd
//! gave the service.

mod error;
mod file;
mod registrar;

#[cfg(feature = "oidc")]
pub(crate) use registrar::is_private_way;
pub use registrar::{ClientAuth, ProviderSettings, RegistrarSettings};

pub use error::{ConfigError, ConfigErrors};
pub use file::{Place, Places};

use crate::trial::KEY_DELAY;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use file::File;
use procura_core::Hash;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Begins the name of a file among the credentials that systemd gave.
const CREDENTIAL: &str = "credential:";

/// The command line; each flag that is a setting has an environment variable, and a member of the same name in the TOML file.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "procura-server", version, about = "A Procura ledger over HTTP.")]
pub struct Args {
    /// A TOML file with any of these settings
    #[arg(long, env = "PROCURA_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Register a fictional directory to try things out with
    #[arg(long, env = "PROCURA_DEMO")]
    pub demo: bool,
    /// The clock is right, however far from the last entry: for this start only (while running: SIGUSR1)
    #[arg(long)]
    pub confirm_clock: bool,
    /// Print the SHA-256 of each page, and of each file that pages load, by its address, and end
    #[arg(long)]
    pub assets: bool,
    /// Make the ledger of the data folder, which must hold none, out of this backup, and end
    #[arg(long, value_name = "FOLDER")]
    pub restore: Option<PathBuf>,
    /// With --restore: what was erased besides, so that it does not come back: a record of an erasure, a receipt of one, or the file
    /// `erasures` of a folder of backups. May be given several times
    #[arg(long, value_name = "FILE", requires = "restore")]
    pub erased: Vec<PathBuf>,
    /// Found the ledger of the data folder, which must hold none, by entry 0's record that its root signed (`procura root`), and end
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// Make the log's next key in the data folder, unless it is there, print it, and end. It signs once the root has named it
    #[arg(long)]
    pub new_log_key: bool,
    /// Make the key of aliases in the data folder, unless it is there, print its public half, and end: for `procura root init`
    #[arg(long)]
    pub new_vrf_key: bool,
    /// The root's word that another key signs, a file that `procura root` made: for a start at which the key that signed last is lost
    #[arg(long, value_name = "FILE")]
    pub succession: Option<PathBuf>,
    /// Every other setting.
    #[command(flatten)]
    pub given: Given,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What the program does besides serving; settings may stand before the verb or behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Verb {
    /// Say everything that is wrong with the settings, and end; changes nothing
    CheckConfig,
    /// Say how the ledger of these settings is, running or not, and end; changes nothing
    Status,
}

impl Args {
    /// The command line of this process; ends it where that is not understood.
    #[must_use]
    pub fn of_process() -> Self {
        let read = Self::command_line().try_get_matches().and_then(|found| Self::from_arg_matches(&found));
        read.unwrap_or_else(|error| error.exit())
    }

    fn command_line() -> clap::Command {
        Self::command().mut_args(|flag| flag.global(true))
    }
}

/// Settings as one source gives them; what it does not give, the next one does.
#[derive(Debug, Clone, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Register a fictional directory: in the file. On the command line it is `--demo`.
    #[arg(skip)]
    pub demo: Option<bool>,
    /// Where keys and ledger lie [default: ./procura-data]
    #[arg(long, env = "PROCURA_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, env = "PROCURA_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// The certificate that the server shows, with those above it, PEM; it then speaks TLS only [default: there is none]
    #[arg(long, env = "PROCURA_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// The certificate's private key, PEM, its owner's alone. Both are read again on SIGHUP, and when they have changed
    #[arg(long, env = "PROCURA_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Address for operators only: metrics [default: there is none]
    #[arg(long, env = "PROCURA_ADMIN_LISTEN", value_name = "ADDRESS:PORT")]
    pub admin_listen: Option<SocketAddr>,
    /// How clients reach the server [default: http:// or https:// and the address]
    #[arg(long, env = "PROCURA_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// Serve entry bundles to everybody, not only to auditors
    #[arg(long, env = "PROCURA_PUBLIC_ENTRIES", value_name = "BOOL")]
    pub public_entries: Option<bool>,
    /// What the policy in /v1/log says of how old a fresh answer may be [default: 300]
    #[arg(long, env = "PROCURA_MAX_AGE_S", value_name = "SECONDS")]
    pub max_age_s: Option<u64>,
    /// An idle ledger signs a checkpoint this often [default: 60]
    #[arg(long, env = "PROCURA_HEARTBEAT_S", value_name = "SECONDS")]
    pub heartbeat_s: Option<u64>,
    /// How long a recovery key waits in a trial ledger that is made now; of any other its root says it [default: 259200]
    #[arg(long, env = "PROCURA_TRIAL_KEY_DELAY_S", value_name = "SECONDS")]
    pub trial_key_delay_s: Option<u64>,
    /// The witnesses that cosign checkpoints, and the quorum: a C2SP tlog-policy file
    #[arg(long, env = "PROCURA_WITNESSES", value_name = "FILE")]
    pub witnesses: Option<PathBuf>,
    /// Those of them, by their names there, that are map-checkers: the quorum must need each, and so will the policy in /v1/log
    #[arg(long, env = "PROCURA_MAP_CHECKERS", value_name = "NAME", value_delimiter = ',')]
    pub map_checkers: Option<Vec<String>>,
    /// How long each answer under /v1/ waits for the witnesses' quorum, where the client says nothing of it [default: not at all]
    #[arg(long, env = "PROCURA_WITNESS_WAIT_S", value_name = "SECONDS")]
    pub witness_wait_s: Option<u64>,
    /// How many submissions may be under way before the server says 503 [default: 4096]
    #[arg(long, env = "PROCURA_QUEUE", value_name = "COUNT")]
    pub queue: Option<usize>,
    /// How many bytes of index are held back before they are written [default: the engine's]
    #[arg(long, env = "PROCURA_FLUSH_BYTES", value_name = "BYTES")]
    pub flush_bytes: Option<usize>,
    /// How many connections are served at once [default: 16384, or as many as the system allows]
    #[arg(long, env = "PROCURA_MAX_CONNECTIONS", value_name = "COUNT")]
    pub max_connections: Option<usize>,
    /// How long a connection may stay idle between requests [default: 75]
    #[arg(long, env = "PROCURA_IDLE_TIMEOUT_S", value_name = "SECONDS")]
    pub idle_timeout_s: Option<u64>,
    /// How long a client may take for a request's headers [default: 10]
    #[arg(long, env = "PROCURA_HEADER_TIMEOUT_S", value_name = "SECONDS")]
    pub header_timeout_s: Option<u64>,
    /// How long a client may take for a request's body [default: 15]
    #[arg(long, env = "PROCURA_BODY_TIMEOUT_S", value_name = "SECONDS")]
    pub body_timeout_s: Option<u64>,
    /// How long an answer may take [default: 30]
    #[arg(long, env = "PROCURA_REQUEST_TIMEOUT_S", value_name = "SECONDS")]
    pub request_timeout_s: Option<u64>,
    /// How long a client may take nothing, or next to nothing, of its answer [default: 30]
    #[arg(long, env = "PROCURA_ANSWER_TIMEOUT_S", value_name = "SECONDS")]
    pub answer_timeout_s: Option<u64>,
    /// Where backups go, while the server runs [default: there are none]
    #[arg(long, env = "PROCURA_BACKUP_TO", value_name = "FOLDER")]
    pub backup_to: Option<PathBuf>,
    /// How often one is made [default: 3600]
    #[arg(long, env = "PROCURA_BACKUP_EVERY_S", value_name = "SECONDS")]
    pub backup_every_s: Option<u64>,
    /// How long each is kept, and so what was erased in the ledger [default: 30 days]
    #[arg(long, env = "PROCURA_BACKUP_KEEP_S", value_name = "SECONDS")]
    pub backup_keep_s: Option<u64>,
    /// What is logged, as tracing-subscriber's filters [default: info]
    #[arg(long, env = "PROCURA_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Where traces of requests go: a collector's address for OTLP over HTTP; with the feature `otlp` only [default: nowhere]
    #[arg(long, env = "PROCURA_TRACES_TO", value_name = "URL")]
    pub traces_to: Option<String>,
    /// Bearer tokens that do not end, for AuthZEN clients that can do no better: in the file only.
    #[arg(skip)]
    #[serde(default)]
    pub static_tokens: Vec<StaticToken>,
    /// Where webhooks may go: in the file only.
    #[arg(skip)]
    pub webhooks: Option<Webhooks>,
    /// Who binds keys for people whom identity providers have identified: in the file only, and with the feature `oidc` only.
    #[arg(skip)]
    pub registrar: Option<RegistrarSettings>,
}

/// Where webhooks may go besides public addresses at port 443.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhooks {
    /// Addresses with their ports, such as `10.0.0.7:8443`.
    #[serde(default)]
    pub allow: Vec<SocketAddr>,
    /// A PEM file with certificates of authorities that receivers' certificates may come from, besides Mozilla's.
    pub ca: Option<PathBuf>,
}

/// A bearer token bound to a party.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticToken {
    /// The party's id.
    pub party: Hash,
    /// The file that holds the token, at least 32 characters, on a line of its own.
    pub file: PathBuf,
}

/// What holds.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where keys and ledger lie.
    pub data: PathBuf,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The certificate that is shown, if TLS is spoken.
    pub tls: Option<TlsFiles>,
    /// The address for operators only.
    pub admin_listen: Option<SocketAddr>,
    /// How clients reach the server, without a slash at the end; `None`: by the address.
    pub public_url: Option<String>,
    /// Whether to register the fictional directory.
    pub demo: bool,
    /// Whether an operator says that the clock is right.
    pub confirm_clock: bool,
    /// The root's word that another key signs, where the one that signed last is lost.
    pub succession: Option<PathBuf>,
    /// Whether entry bundles are for everybody.
    pub public_entries: bool,
    /// `max_age_s` of the policy.
    pub max_age_s: u64,
    /// How often an idle ledger signs.
    pub heartbeat: Duration,
    /// How long a recovery key waits in a trial that is made.
    pub trial_key_delay: Duration,
    /// The file with the witnesses and the quorum; `None`: the ledger has no witnesses.
    pub witnesses: Option<PathBuf>,
    /// The names of those among them that are map-checkers.
    pub map_checkers: Vec<String>,
    /// How long each answer waits for the quorum; `None`: not at all.
    pub witness_wait: Option<Duration>,
    /// How many bytes of index are held back; `None`: as the engine likes.
    pub flush_bytes: Option<usize>,
    /// Limits on connections.
    pub limits: Limits,
    /// Where backups go, if anywhere.
    pub backup: Option<BackupPlan>,
    /// What is logged.
    pub log: String,
    /// Where traces go, if anywhere.
    pub traces_to: Option<String>,
    /// Bearer tokens that do not end.
    pub static_tokens: Vec<StaticToken>,
    /// Where webhooks may go.
    pub webhooks: Webhooks,
    /// Who binds keys for people whom identity providers have identified.
    pub registrar: Option<RegistrarSettings>,
}

/// Where the server's certificate lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// It, and those above it, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// Where backups go, how often, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPlan {
    /// A folder of their own.
    pub to: PathBuf,
    /// From one to the next.
    pub every: Duration,
    /// From when one is made to when it is removed; the newest always stays.
    pub keep: Duration,
}

/// What a client may take of the server's patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many connections are served at once; for more, those that have been idle longest make room.
    pub max_connections: usize,
    /// How many submissions may be under way, from their signature's check to their answer.
    pub queue: usize,
    /// How many bytes of request bodies may be held at once, beyond the first 16 KiB of each.
    pub body_bytes: usize,
    /// For the first byte of a connection's next request.
    pub idle_timeout: Duration,
    /// For a request's headers.
    pub header_timeout: Duration,
    /// For a request's body.
    pub body_timeout: Duration,
    /// For making an answer.
    pub request_timeout: Duration,
    /// For a client to take its answer, or 16 KiB a second of it.
    pub answer_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 16_384,
            queue: 4096,
            body_bytes: 64 << 20,
            idle_timeout: Duration::from_secs(75),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(15),
            request_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// Puts the sources together.
    ///
    /// # Errors
    /// [`ConfigErrors`]: all there are.
    pub fn load(args: Args) -> Result<Self, ConfigErrors> {
        let (config, _, wrong) = Self::look(args);
        if wrong.0.is_empty() { Ok(config) } else { Err(wrong) }
    }

    /// The same, as far as it goes: what is wrong is as it is without it. And where in the file each setting stands that holds.
    pub(crate) fn look(args: Args) -> (Self, Places, ConfigErrors) {
        let File { mut given, mut places, mut wrong } = match &args.config {
            Some(path) => File::read(path),
            None => File::default(),
        };
        given.demo = Some(args.demo || given.demo.unwrap_or(false));
        places.drop_given(&args.given);
        let mut check = Check { places: &places, wrong: Vec::new() };
        let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let config = Self::of(args.given.or(given), credentials.as_deref(), &mut check);
        wrong.extend(check.wrong);
        wrong.sort_by_key(|(place, _)| place.as_ref().map(|place| place.line));
        let (confirm_clock, succession) = (args.confirm_clock, args.succession);
        (Self { confirm_clock, succession, ..config }, places, ConfigErrors(wrong))
    }

    fn of(given: Given, credentials: Option<&Path>, check: &mut Check<'_>) -> Self {
        let public_url = given.public_url.map(|url| url.trim_end_matches('/').to_owned());
        if public_url.as_deref().is_some_and(|url| !is_url(url)) {
            check.says("public_url", ConfigError::Url("public_url"));
        }
        if let Some(url) = &given.traces_to {
            if !is_url(url) {
                check.says("traces_to", ConfigError::Url("traces_to"));
            }
            if !cfg!(feature = "otlp") {
                check.says("traces_to", ConfigError::Feature("traces_to", "otlp"));
            }
        }
        let mut registrar = given.registrar;
        if let Some(registrar) = &mut registrar {
            registrar.check(&mut |setting, error| check.says(setting, error));
            check.credential("registrar.key", credentials, &mut registrar.key);
            for (at, provider) in registrar.oidc.iter_mut().enumerate() {
                let name = format!("registrar.oidc.{at}.client_secret_file");
                check.credential(&name, credentials, &mut provider.client_secret_file);
            }
        }
        let mut static_tokens = given.static_tokens;
        for (at, token) in static_tokens.iter_mut().enumerate() {
            check.credential(&format!("static_tokens.{at}.file"), credentials, &mut token.file);
        }
        let tls = match (given.tls_certificate, given.tls_key) {
            (None, None) => None,
            (Some(mut certificate), Some(mut key)) => {
                check.credential("tls_certificate", credentials, &mut certificate);
                check.credential("tls_key", credentials, &mut key);
                Some(TlsFiles { certificate, key })
            }
            (Some(_), None) => {
                check.says("tls_certificate", ConfigError::Half("tls_key"));
                None
            }
            (None, Some(_)) => {
                check.says("tls_key", ConfigError::Half("tls_certificate"));
                None
            }
        };
        let standard = Limits::default();
        let every = check.seconds("backup_every_s", given.backup_every_s, Duration::from_secs(3600));
        let keep = check.seconds("backup_keep_s", given.backup_keep_s, Duration::from_secs(30 * 24 * 3600));
        Self {
            data: given.data.unwrap_or_else(|| PathBuf::from("procura-data")),
            listen: given.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            tls,
            admin_listen: given.admin_listen,
            public_url,
            demo: given.demo.unwrap_or(false),
            // Not a setting: one that lasted would confirm whatever clock comes.
            confirm_clock: false,
            succession: None,
            public_entries: given.public_entries.unwrap_or(false),
            max_age_s: check.seconds("max_age_s", given.max_age_s, Duration::from_secs(300)).as_secs(),
            heartbeat: check.seconds("heartbeat_s", given.heartbeat_s, Duration::from_secs(60)),
            trial_key_delay: check.seconds("trial_key_delay_s", given.trial_key_delay_s, KEY_DELAY),
            witnesses: given.witnesses,
            map_checkers: given.map_checkers.unwrap_or_default(),
            witness_wait: given.witness_wait_s.filter(|wait_s| *wait_s > 0).map(Duration::from_secs),
            flush_bytes: given.flush_bytes,
            limits: Limits {
                max_connections: check.count(
                    "max_connections",
                    given.max_connections,
                    standard.max_connections,
                ),
                queue: check.count("queue", given.queue, standard.queue),
                body_bytes: standard.body_bytes,
                idle_timeout: check.seconds("idle_timeout_s", given.idle_timeout_s, standard.idle_timeout),
                header_timeout: check.seconds(
                    "header_timeout_s",
                    given.header_timeout_s,
                    standard.header_timeout,
                ),
                body_timeout: check.seconds("body_timeout_s", given.body_timeout_s, standard.body_timeout),
                request_timeout: check.seconds(
                    "request_timeout_s",
                    given.request_timeout_s,
                    standard.request_timeout,
                ),
                answer_timeout: check.seconds(
                    "answer_timeout_s",
                    given.answer_timeout_s,
                    standard.answer_timeout,
                ),
            },
            backup: given.backup_to.map(|to| BackupPlan { to, every, keep }),
            log: given.log.unwrap_or_else(|| "info".to_owned()),
            traces_to: given.traces_to,
            static_tokens,
            webhooks: given.webhooks.unwrap_or_default(),
            registrar,
        }
    }
}

/// What is found wrong on the way, each time with the place of its setting.
struct Check<'a> {
    places: &'a Places,
    wrong: Vec<(Option<Place>, ConfigError)>,
}

impl Check<'_> {
    fn says(&mut self, setting: &str, error: ConfigError) {
        self.wrong.push((self.places.of(setting), error));
    }

    fn seconds(&mut self, name: &'static str, given: Option<u64>, otherwise: Duration) -> Duration {
        if given == Some(0) {
            self.says(name, ConfigError::Zero(name));
        }
        given.map_or(otherwise, Duration::from_secs)
    }

    fn count(&mut self, name: &'static str, given: Option<usize>, otherwise: usize) -> usize {
        if given == Some(0) {
            self.says(name, ConfigError::Zero(name));
        }
        given.unwrap_or(otherwise)
    }

    /// Puts the file of a credential in its name's place.
    fn credential(&mut self, setting: &str, folder: Option<&Path>, file: &mut PathBuf) {
        let Some(name) = file.to_str().and_then(|file| file.strip_prefix(CREDENTIAL)) else { return };
        let is_name = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
        match folder.filter(|_| is_name).map(|folder| folder.join(name)).filter(|path| path.is_file()) {
            Some(path) => *file = path,
            None => {
                let error = ConfigError::Credential(file.display().to_string());
                self.says(setting, error);
            }
        }
    }
}

/// What is done with every setting alike.
macro_rules! settings {
    ($($name:ident)*) => {
        impl Given {
            /// These settings; where there is none, the other's.
            fn or(self, other: Self) -> Self {
                let mut static_tokens = self.static_tokens;
                if static_tokens.is_empty() {
                    static_tokens = other.static_tokens;
                }
                Self { $($name: self.$name.or(other.$name),)* static_tokens }
            }

            /// The settings that are given here.
            fn names(&self) -> impl Iterator<Item = &'static str> {
                [$(self.$name.is_some().then_some(stringify!($name))),*].into_iter().flatten()
            }
        }
    };
}

settings! {
    demo data listen tls_certificate tls_key admin_listen public_url public_entries max_age_s heartbeat_s
    trial_key_delay_s witnesses map_checkers witness_wait_s queue flush_bytes max_connections idle_timeout_s header_timeout_s body_timeout_s request_timeout_s
    answer_timeout_s backup_to backup_every_s backup_keep_s log traces_to webhooks registrar
}

fn is_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'"'))
    })
}

#[cfg(test)]
mod tests;
