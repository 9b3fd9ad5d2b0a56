//! `procura root`: what the holders of a ledger's root keys do, each at a machine of their own, without the server.
//!
//! A record of the root's travels as a file. Who signs first makes it, who signs next sees what it says and signs with the id that was
//! compared with the others; the last one, or anybody, hands it in.

use super::context::Context;
use super::drafted::{self, Drafted};
use super::key::public_key;
use super::output::{Answer, Failure};
use super::signing::fresh;
use super::time;
use clap::{Args, Subcommand};
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::draft::{Draft, Occasion};
use procura_core::key::PublicKey;
use procura_core::kinds::Content;
use procura_core::log_keys::LogKey;
use procura_core::note::{KeyType, NoteSignature, NoteVerifier};
use procura_core::root_file::{RootFile, RootFileError};
use procura_core::successor::{Successor, SuccessorError};
use procura_core::{Hash, Millis, b64};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The largest file that is read.
const MAX_BYTES: u64 = 4 << 20;

/// What is written by a draft. Everything else that the root signs has a verb of its own, or is not for several to sign.
const DRAFTED: [&str; 3] = ["catalogue", "key", "party"];

#[derive(Debug, Subcommand)]
pub(super) enum Root {
    /// Begin a new ledger: entry 0's record, with the root's keys and quorum. You sign it first
    Init(Init),
    /// Say which keys sign the log, when one is added or retired. You sign it first
    LogKeys(LogKeys),
    /// Register an institution, bind its first key, publish a catalogue: a record out of a draft. You sign it first
    Record(Record),
    /// Say which ledger goes on where this one was lost. You sign it first
    Successor(Next),
    /// Show what a file says, and who has signed it
    Show(Show),
    /// Sign a file as a further holder
    Sign(Sign),
    /// Hand a file in that has all its signatures
    Submit(Submit),
}

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The new ledger's name for ever, such as ledger.example.org/2026
    #[arg(long)]
    origin: String,
    /// A root key: the x of what `procura key show` prints. Once for each holder
    #[arg(long = "root-key", required = true, allow_hyphen_values = true)]
    root_keys: Vec<String>,
    /// How many of them must sign what the root does
    #[arg(long)]
    quorum: u64,
    /// The key by which the server computes aliases, as `procura-server --new-vrf-key` prints it there
    #[arg(long, allow_hyphen_values = true)]
    vrf_key: String,
    /// How long a recovery key waits, in hours
    #[arg(long, default_value_t = 72)]
    key_delay_h: u64,
    /// The last checkpoint known of a ledger that was lost, and that this one continues: a file
    #[arg(long)]
    continues: Option<PathBuf>,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct LogKeys {
    /// Entry 0's record: the file that the ledger was founded with, root.json in its data folder
    #[arg(long)]
    root: PathBuf,
    /// A key that signs, as `procura log keys` and `procura-server --new-log-key` print it. All of them, each time
    #[arg(long = "log-key", required = true, value_parser = vkey)]
    log_keys: Vec<NoteVerifier>,
    /// A key that signs no more, and from when on: VKEY@TIME. All that ever were, each time
    #[arg(long = "retired", value_parser = retired)]
    retired: Vec<LogKey>,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Record {
    /// Entry 0's record: the file that the ledger was founded with, root.json in its data folder
    #[arg(long)]
    root: PathBuf,
    /// What it says, a file: a JSON object with the kind (party, key or catalogue) and its members
    #[arg(long)]
    draft: PathBuf,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Next {
    /// Entry 0's record of the lost ledger: root.json in its data folder
    #[arg(long)]
    root: PathBuf,
    /// The lost ledger's last checkpoint that is known, a file
    #[arg(long)]
    lost: PathBuf,
    /// The policy of the ledger that goes on, a file
    #[arg(long)]
    to: PathBuf,
    /// The file to write
    #[arg(long)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The file
    file: PathBuf,
    /// Of a successor: entry 0's record of the lost ledger
    #[arg(long)]
    root: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Submit {
    /// The file
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The file; your signature is added to it
    file: PathBuf,
    /// Of a successor: entry 0's record of the lost ledger
    #[arg(long)]
    root: Option<PathBuf>,
    /// The id of what you sign: `procura root show` prints it. Compare it with the other holders first
    #[arg(long, allow_hyphen_values = true)]
    id: Hash,
}

impl Root {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Init(init) => init.run(context),
            Self::LogKeys(log_keys) => log_keys.run(context),
            Self::Record(record) => record.run(context),
            Self::Successor(next) => next.run(context),
            Self::Show(show) => {
                let own = context.key().ok().map(|(key, _)| key.public_key().thumbprint());
                if let Some(root) = &show.root {
                    return Ok(told_successor(
                        Answer::yes(),
                        &load_successor(&show.file)?,
                        &load(root)?,
                        own,
                    ));
                }
                Ok(told(Answer::yes(), &load(&show.file)?, own))
            }
            Self::Sign(sign) => sign.run(context),
            Self::Submit(submitted) => submit(context, &submitted.file),
        }
    }
}

impl Init {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let keys = self.root_keys.iter().map(|x| public_key(x)).collect::<Result<Vec<_>, _>>()?;
        let occasion = Occasion { origin: &self.origin, nonce: fresh()?, now: now() };
        let mut draft = Draft::new("root", &occasion)
            .member("keys", json!(keys.iter().map(PublicKey::jwk).collect::<Vec<_>>()))
            .member("quorum", json!(self.quorum))
            .member("key_delay", json!(self.key_delay_h.saturating_mul(3_600_000)))
            .member("trial", json!(self.origin.starts_with("trial/")))
            .vrf_key(&public_key(&self.vrf_key)?);
        if let Some(path) = &self.continues {
            let checkpoint = read_text(path)?;
            let origin = checkpoint.lines().next().unwrap_or_default().to_owned();
            draft = draft.member("continues", json!({"origin": origin, "checkpoint": checkpoint}));
        }
        begin(context, None, draft, &self.out)
    }
}

impl LogKeys {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let root = load(&self.root)?;
        let in_use = self.log_keys.iter().map(|key| LogKey { key: key.clone(), retired_at: None });
        let keys: Vec<LogKey> = self.retired.iter().cloned().chain(in_use).collect();
        let occasion = Occasion { origin: &root.record().common().origin, nonce: fresh()?, now: now() };
        let mut draft = Draft::new("log-keys", &occasion)
            .member("log_keys", json!(keys.iter().map(LogKey::to_json).collect::<Vec<_>>()));
        if root.quorum() > 1 {
            draft = draft.member("quorum", json!(root.quorum()));
        }
        begin(context, Some(&root), draft, &self.out)
    }
}

impl Record {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let root = load(&self.root)?;
        let drafted = Drafted::read(&self.draft)?;
        if !DRAFTED.contains(&drafted.kind.as_str()) {
            let message = format!(
                "the root registers parties, binds keys and publishes catalogues by a draft, and no {:?}",
                drafted.kind
            );
            return Err(Failure::unknown("draft", message));
        }
        let origin = &root.record().common().origin;
        let draft = drafted.draft(&Occasion { origin, nonce: fresh()?, now: now() }, Some(root.quorum()))?;
        begin(context, Some(&root), draft, &self.out)
    }
}

impl Next {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let root = load(&self.root)?;
        let checkpoint = read_text(&self.lost)?;
        let no_checkpoint = |what: String| {
            Failure::unknown("lost", format!("{} is no checkpoint: {what}", self.lost.display()))
        };
        let lost = SignedCheckpoint::parse(checkpoint.as_bytes())
            .map_err(|error| no_checkpoint(error.to_string()))?;
        if lost.unverified().origin() != root.record().common().origin {
            return Err(no_checkpoint("it is of another ledger".to_owned()));
        }
        let policy = read_text(&self.to)?;
        let policy =
            serde_json::from_str(&policy).map_err(|error| Failure::unknown("policy", error.to_string()))?;
        let (key, _) = context.key()?;
        let constitution = root.constitution().ok_or(RootFileError::Root)?;
        let successor = Successor::begin(lost.unverified(), &policy, constitution, &key.signer())?;
        write(&self.out, &successor.note().to_string(), true)?;
        let answer = Answer::yes().line(format!("Signed, in {}:", self.out.display()));
        Ok(told_successor(answer, &successor, &root, Some(key.public_key().thumbprint())))
    }
}

impl Sign {
    fn run(&self, context: &Context) -> Result<Answer, Failure> {
        if let Some(root) = &self.root {
            return self.sign_successor(context, &load(root)?);
        }
        let mut file = load(&self.file)?;
        self.check_id(file.record().id())?;
        let (key, _) = context.key()?;
        let origin = file.record().common().origin.clone();
        file.sign(&Occasion { origin: &origin, nonce: fresh()?, now: now() }, &key.signer())?;
        write(&self.file, &file.to_json(), false)?;
        Ok(told(Answer::yes().line("Signed:"), &file, Some(key.public_key().thumbprint())))
    }

    fn sign_successor(&self, context: &Context, root: &RootFile) -> Result<Answer, Failure> {
        let successor = load_successor(&self.file)?;
        self.check_id(successor.id())?;
        let (key, _) = context.key()?;
        let constitution = root.constitution().ok_or(RootFileError::Root)?;
        let successor = successor.sign(constitution, &key.signer())?;
        write(&self.file, &successor.note().to_string(), false)?;
        let own = Some(key.public_key().thumbprint());
        Ok(told_successor(Answer::yes().line("Signed:"), &successor, root, own))
    }

    fn check_id(&self, id: Hash) -> Result<(), Failure> {
        if id == self.id {
            return Ok(());
        }
        let message = format!("the file is about {id}, and not about {}: sign nothing", self.id);
        Err(Failure::no("other_id", message))
    }
}

fn begin(context: &Context, root: Option<&RootFile>, draft: Draft, out: &Path) -> Result<Answer, Failure> {
    let (key, _) = context.key()?;
    let file = RootFile::begin(root.map(|file| file.root().clone()), draft, &key.signer())?;
    write(out, &file.to_json(), true)?;
    Ok(told(
        Answer::yes().line(format!("Signed, in {}:", out.display())),
        &file,
        Some(key.public_key().thumbprint()),
    ))
}

/// All that a holder must know before signing.
fn told(mut answer: Answer, file: &RootFile, own: Option<Hash>) -> Answer {
    let (record, signers) = (file.record(), file.signers());
    answer = answer.line(format!("Ledger: {}", record.common().origin));
    match record.content() {
        Content::Root(root) => {
            answer = answer.line(if root.trial {
                "A new ledger. A trial: nothing in it binds anybody."
            } else {
                "A new ledger."
            });
            answer = answer
                .line(format!(
                    "{} of {} root keys must sign what the root does.",
                    root.quorum,
                    root.keys.len()
                ))
                .line(format!("A recovery key waits {} hours.", root.key_delay_ms / 3_600_000));
            if let Some(continues) = &root.continues {
                let size = continues.checkpoint.lines().nth(1).unwrap_or_default();
                answer = answer.line(format!(
                    "It continues {}, lost after its checkpoint of {size} entries.",
                    continues.origin
                ));
            }
        }
        Content::LogKeys(list) => {
            answer = answer.line("The keys of the log, from when this is logged:");
            for key in &list.log_keys {
                let retired =
                    key.retired_at.map(|at| format!(", retired at {}", time::at(at))).unwrap_or_default();
                answer = answer.line(format!("  {}{retired}", key.key));
            }
        }
        _ => {
            answer = answer.line(format!("A record of the kind {}, which says:", record.row().name));
            for line in drafted::told(record, file.disclosed().iter()) {
                answer = answer.line(line);
            }
        }
    }
    answer = answer.line(format!("To be handed in by {}.", time::at(record.common().submit_by)));
    answer = answer.line("The root's keys:");
    for key in file.constitution().map(|root| root.keys.as_slice()).unwrap_or_default() {
        let signed = if signers.contains(&key.kid) { "has signed" } else { "has not signed" };
        let yours = if own == Some(key.kid) { " (yours)" } else { "" };
        answer = answer.line(format!("  {}{yours}: {signed}", b64::encode(key.public_key.as_bytes())));
    }
    answer
        .line(match file.missing() {
            0 => "It has all the signatures that it needs.".to_owned(),
            missing => format!("It needs {missing} more."),
        })
        .line(format!("Id: {}", record.id()))
        .member("id", record.id().to_string())
        .member("origin", record.common().origin.clone())
        .member("signers", json!(signers))
        .member("missing", json!(file.missing()))
        .trial(procura_client::client::is_trial(&record.common().origin))
}

/// All that a holder must know before signing that another ledger goes on.
fn told_successor(mut answer: Answer, successor: &Successor, root: &RootFile, own: Option<Hash>) -> Answer {
    let (lost, policy) = (successor.lost(), successor.policy());
    answer = answer
        .line(format!("Lost: {}, after its checkpoint of {} entries.", lost.origin(), lost.size()))
        .line(format!("It goes on as: {}", policy.origin))
        .line(format!("Entry 0 of that: {}", policy.entry0));
    for key in &policy.log_keys {
        answer = answer.line(format!("Its log key: {}", key.key));
    }
    answer = answer.line("The lost ledger's root keys:");
    let signers: Vec<_> = successor.note().signatures().iter().map(NoteSignature::id).collect();
    for key in root.constitution().map(|root| root.keys.as_slice()).unwrap_or_default() {
        let public_key = key.public_key.as_bytes();
        let verifier = NoteVerifier::new(lost.origin(), KeyType::Ed25519, public_key).ok();
        let signed = verifier.is_some_and(|key| signers.contains(&key.id()));
        let word = if signed { "has signed" } else { "has not signed" };
        let yours = if own == Some(key.kid) { " (yours)" } else { "" };
        answer = answer.line(format!("  {}{yours}: {word}", b64::encode(public_key)));
    }
    let verified = root.constitution().map(|root| successor.verify(root));
    answer
        .line(match verified {
            Some(Ok(())) => "It has all the signatures that it needs.".to_owned(),
            Some(Err(error)) => format!("Not enough: {error}."),
            None => "The root is not known.".to_owned(),
        })
        .line(format!("Id: {}", successor.id()))
        .member("id", successor.id().to_string())
        .member("origin", policy.origin.clone())
        .trial(procura_client::client::is_trial(&policy.origin))
}

pub(super) fn load_successor(path: &Path) -> Result<Successor, Failure> {
    Ok(Successor::parse(read_text(path)?.as_bytes())?)
}

fn submit(context: &Context, path: &Path) -> Result<Answer, Failure> {
    let file = load(path)?;
    let client = context.public_client()?;
    for submission in file.submissions()? {
        client.submit(&submission)?;
    }
    Ok(Answer::yes()
        .line("Handed in, and logged.")
        .member("id", file.record().id().to_string())
        .trial(client.is_trial()))
}

fn load(path: &Path) -> Result<RootFile, Failure> {
    Ok(RootFile::parse(read_text(path)?.as_bytes())?)
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let failed =
        |what: String| Failure::unknown("file", format!("{} cannot be read: {what}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
    if length > MAX_BYTES {
        return Err(failed("it is too large".to_owned()));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}

/// Writes the file as a whole: one that broke off would be worth nothing, and holds others' signatures.
fn write(path: &Path, text: &str, is_new: bool) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::unknown("file", format!("{} cannot be written: {error}", path.display()))
    };
    if is_new && path.exists() {
        return Err(Failure::unknown("file", format!("{} exists already", path.display())));
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path)).map_err(failed)
}

fn vkey(text: &str) -> Result<NoteVerifier, String> {
    NoteVerifier::parse(text).map_err(|error| error.to_string())
}

fn retired(text: &str) -> Result<LogKey, String> {
    let (vkey, at) = text.rsplit_once('@').ok_or("it is no VKEY@TIME")?;
    let key = self::vkey(vkey)?;
    let time::Instant(at) = at.parse()?;
    Ok(LogKey { key, retired_at: Some(at) })
}

/// The machine's clock: a holder's has no ledger to ask.
fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl From<SuccessorError> for Failure {
    fn from(error: SuccessorError) -> Self {
        Self::unknown(error.name(), error.to_string())
    }
}

impl From<RootFileError> for Failure {
    fn from(error: RootFileError) -> Self {
        Self::unknown(error.name(), error.to_string())
    }
}
