//! What every verb needs: the server, the key, the ledger trusted, and the words of the command line that are theirs.

use super::output::Failure;
use super::passphrase;
use clap::Args;
use clap::builder::BoolishValueParser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use procura_client::keyfile::{KeyFile, Protection};
use procura_client::present::Challenges;
use procura_client::store::{FileStore, Trusted, TrustedBy};
use procura_client::{Client, LogInfo};
use procura_core::Hash;
use procura_core::decide::PartyRef;
use procura_core::identifier::Identifier;
use procura_core::policy::{PolicyLog, TlogPolicy};
use procura_core::receipt::Policy;
use std::path::{Path, PathBuf};

/// The options of every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The server's address
    #[arg(long, global = true, env = "PROCURA_SERVER", default_value = "http://127.0.0.1:8080")]
    pub(crate) server: String,
    /// The key file [default: key in the home folder]
    #[arg(long, global = true, env = "PROCURA_KEY")]
    pub(crate) key: Option<PathBuf>,
    /// The folder with the key and what was seen of ledgers [default: procura in the XDG config folder]
    #[arg(long, global = true, env = "PROCURA_HOME")]
    pub(crate) home: Option<PathBuf>,
    /// The policy of the ledger that you trust, a file
    #[arg(long, global = true, env = "PROCURA_POLICY")]
    pub(crate) policy: Option<PathBuf>,
    /// The witnesses that must have cosigned, and how many of them: a C2SP tlog-policy file, besides what the policy says
    #[arg(long, global = true, env = "PROCURA_WITNESSES", value_name = "FILE")]
    pub(crate) witnesses: Option<PathBuf>,
    /// Take the server's word for which ledger it is, once
    #[arg(long, global = true, env = "PROCURA_TRUST_FIRST", value_parser = BoolishValueParser::new())]
    pub(crate) trust_first: bool,
    /// Print JSON
    #[arg(long, global = true, env = "PROCURA_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
    /// Show ids and hashes in full
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// The options, resolved.
pub(crate) struct Context {
    pub(crate) global: Global,
    home: PathBuf,
}

impl Context {
    pub(crate) fn new(global: Global) -> Result<Self, Failure> {
        let home = match &global.home {
            Some(home) => home.clone(),
            None => default_home().ok_or_else(|| {
                Failure::unknown("no_home", "there is no home folder; name one with --home")
            })?,
        };
        Ok(Self { global, home })
    }

    /// Where ledgers that were seen are remembered.
    pub(crate) fn store(&self) -> FileStore {
        FileStore::new(&self.home.join("ledgers"))
    }

    /// The same, of another server.
    #[cfg(feature = "mirror")]
    pub(crate) fn at(&self, server: &str) -> Self {
        let global = Global { server: server.to_owned(), ..self.global.clone() };
        Self { global, home: self.home.clone() }
    }

    /// A client without a key, of whoever has the log of a ledger that is trusted already, or whose policy file is given.
    pub(crate) fn client_of(&self, origin: &str, server: &str) -> Result<Client, Failure> {
        let store = self.store();
        let trusted = match &self.global.policy {
            Some(path) => {
                let (policy, json) = read_policy(path)?;
                Some(store.trust(&policy, &json, TrustedBy::PolicyFile, None)?)
            }
            None => store.trusted(origin)?,
        };
        let policy = match trusted {
            Some(trusted) if trusted.policy.origin == origin => trusted.policy,
            _ => self.policy_of(origin)?,
        };
        Ok(Client::new(server, self.with_witnesses(policy)?, store)?)
    }

    /// Where a mirror lives.
    #[cfg(feature = "mirror")]
    pub(crate) fn mirror_path(&self) -> PathBuf {
        self.home.join("mirror")
    }

    /// What was asked for to be shown, and was not answered yet.
    pub(crate) fn challenges(&self) -> Challenges {
        Challenges::in_folder(&self.home.join("challenges"))
    }

    /// What another device was invited with last.
    pub(crate) fn invitation_path(&self) -> PathBuf {
        self.home.join("invitation.json")
    }

    /// Where a witness lives.
    #[cfg(feature = "witness")]
    pub(crate) fn witness_path(&self) -> PathBuf {
        self.home.join("witness")
    }

    /// Where the key is.
    pub(crate) fn key_path(&self) -> PathBuf {
        self.global.key.clone().unwrap_or_else(|| self.home.join("key"))
    }

    /// The key with its protection.
    pub(crate) fn key(&self) -> Result<(KeyFile, Protection), Failure> {
        let path = self.key_path();
        Ok(KeyFile::load(&path, || passphrase::ask(&path))?)
    }

    /// A client without a key: for what is public.
    pub(crate) fn public_client(&self) -> Result<Client, Failure> {
        let trusted = self.trusted()?;
        Ok(Client::new(&self.global.server, trusted.policy, self.store())?)
    }

    /// A client with the key.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let client = self.public_client()?;
        let (key, _) = self.key()?;
        let origin = &client.policy().origin;
        if key.registration.origin.as_ref().is_some_and(|registered| registered != origin) {
            let message = "the key is registered with another ledger than this server's";
            return Err(Failure::unknown("key_origin", message));
        }
        let identity = key.identity().ok_or_else(|| {
            Failure::unknown(
                "key_not_registered",
                "the key is not registered yet: let a registrar register it (`procura key possession`), then tell \
                 what it is registered as (`procura key bind`)",
            )
        })?;
        Ok(client.with_identity(identity))
    }

    /// A client with the key if there is one.
    pub(crate) fn client_with_key_if_any(&self) -> Result<Client, Failure> {
        if self.global.key.is_some() || self.key_path().exists() {
            self.client()
        } else {
            self.public_client()
        }
    }

    /// The ledger that is trusted at this server: by the policy file given, by an earlier meeting, or, if the user
    /// says so, by the server's word.
    fn trusted(&self) -> Result<Trusted, Failure> {
        let trusted = self.trusted_before()?;
        Ok(Trusted { policy: self.with_witnesses(trusted.policy)?, ..trusted })
    }

    fn trusted_before(&self) -> Result<Trusted, Failure> {
        let store = self.store();
        let server = self.global.server.trim_end_matches('/');
        if let Some(path) = &self.global.policy {
            let (policy, json) = read_policy(path)?;
            return Ok(store.trust(&policy, &json, TrustedBy::PolicyFile, Some(server))?);
        }
        if let Some(trusted) = store.trusted_at(server)? {
            return Ok(trusted);
        }
        if !self.global.trust_first {
            let message = format!(
                "this is the first meeting with {server}. Give the ledger's policy with --policy FILE, got from \
                 somebody you trust; or take the server's word, once, with --trust-first"
            );
            return Err(Failure::unknown("first_contact", message));
        }
        let info = LogInfo::unverified(server)?;
        Ok(store.trust(&info.policy, &info.policy_json, TrustedBy::FirstUse, Some(server))?)
    }

    /// The policy for a receipt of `origin`, without asking any server.
    pub(crate) fn policy_of(&self, origin: &str) -> Result<Policy, Failure> {
        if let Some(path) = &self.global.policy {
            return self.with_witnesses(read_policy(path)?.0);
        }
        let trusted = self.store().trusted(origin)?;
        let policy = trusted.map(|trusted| trusted.policy).ok_or_else(|| {
            let message = "the ledger of this receipt is not known here; give its policy with --policy FILE";
            Failure::unknown("unknown_ledger", message)
        })?;
        self.with_witnesses(policy)
    }

    /// The policy with the witnesses of the file, if one is given: for this command only, nothing of it is remembered.
    fn with_witnesses(&self, policy: Policy) -> Result<Policy, Failure> {
        let Some(path) = &self.global.witnesses else { return Ok(policy) };
        let failed = |name: &str, what: String| {
            Failure::unknown(name, format!("the witnesses of {} cannot be used: {what}", path.display()))
        };
        let bytes = std::fs::read(path).map_err(|error| failed("witnesses", error.to_string()))?;
        let witnesses = TlogPolicy::parse(&bytes).map_err(|error| failed(error.name(), error.to_string()))?;
        let is_of_this = |log: &PolicyLog| policy.log_keys.iter().any(|known| known.key == log.key);
        if !witnesses.logs().is_empty() && !witnesses.logs().iter().any(is_of_this) {
            return Err(failed("other_log", format!("it names logs, but not {}", policy.origin)));
        }
        Ok(Policy { witnesses: Some(witnesses), ..policy })
    }

    /// An id as it is shown: in full if that was asked for.
    pub(crate) fn shown(&self, id: &Hash) -> String {
        let text = id.to_string();
        if self.global.verbose { text } else { text.chars().take(SHORT_CHARS).collect() }
    }

    /// A bar on stderr, if that is a terminal.
    pub(crate) fn progress(&self, what: &'static str) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} {bar:30} {human_pos}/{human_len} {eta}");
        bar.set_message(what);
        style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
    }
}

/// How much of an id is shown where it is enough to tell records apart.
pub(crate) const SHORT_CHARS: usize = 10;

fn default_home() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
    Some(config.join("procura"))
}

fn read_policy(path: &Path) -> Result<(Policy, serde_json::Value), Failure> {
    let failed = |what: String| {
        Failure::unknown("policy", format!("the policy {} cannot be used: {what}", path.display()))
    };
    let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let policy = Policy::parse(&bytes).map_err(|error| failed(error.to_string()))?;
    let json = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
    Ok((policy, json))
}

/// A party as it is typed.
#[derive(Clone)]
pub(crate) enum Who {
    /// `me`: the key's party.
    Me,
    /// `party:…`
    Id(Hash),
    /// `niss:…`, `kbo:…`
    Identifier(Identifier),
}

impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Who(…)")
    }
}

impl std::str::FromStr for Who {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "me" {
            return Ok(Self::Me);
        }
        if let Some(id) = text.strip_prefix("party:") {
            return id
                .parse()
                .map(Self::Id)
                .map_err(|_| "after party: stands an id of 43 characters".to_owned());
        }
        text.parse().map(Self::Identifier).map_err(|error| format!("{error} (niss:…, kbo:…, party:…, or me)"))
    }
}

impl Who {
    /// The party as a request names it.
    pub(crate) fn reference(&self, client: &Client) -> Result<PartyRef, Failure> {
        Ok(match self {
            Self::Me => PartyRef::Id(client.own_party()?),
            Self::Id(id) => PartyRef::Id(*id),
            Self::Identifier(identifier) => PartyRef::Identifier(identifier.clone()),
        })
    }
}
