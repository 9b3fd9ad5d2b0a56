//! What was seen, on disk: `<folder>/<name>.json`, a file a ledger, `name` the hexadecimal SHA-256 of its origin.
//!
//! A file holds the policy trusted, how it came to be trusted, and the last checkpoint believed. It is replaced
//! as a whole (written beside, synced, renamed), so that a crash leaves the old one or the new one. Evidence of a
//! fault is written beside it and never replaced.

use super::{Seen, Store, StoreError, may_replace};
use crate::evidence::{self, Evidence};
use procura_core::hash::sha256;
use procura_core::json::parse_strict;
use procura_core::log_keys::{LogKey, check_continued};
use procura_core::receipt::{Policy, VerifiedLogKeys};
use serde_json::{Map, Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The largest file that this store writes.
const MAX_BYTES: usize = 4 << 20;

/// A [`Store`] in a folder, for one user. Processes take turns by a lock on a file beside.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
}

/// How a policy came to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustedBy {
    /// The user gave a policy file.
    PolicyFile,
    /// The user took the server's word on first contact.
    FirstUse,
    /// The root of a ledger that was lost said that this one goes on.
    Successor,
}

impl TrustedBy {
    const fn word(self) -> &'static str {
        match self {
            Self::PolicyFile => "policy_file",
            Self::FirstUse => "first_use",
            Self::Successor => "successor",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        [Self::PolicyFile, Self::FirstUse, Self::Successor].into_iter().find(|by| by.word() == word)
    }
}

/// A ledger that is trusted.
#[derive(Debug, Clone)]
pub struct Trusted {
    /// The policy, without a pin.
    pub policy: Policy,
    /// The same as JSON.
    pub policy_json: Value,
    /// How it came to be trusted.
    pub by: TrustedBy,
    /// The addresses under which it was met.
    pub servers: Vec<String>,
    /// The last checkpoint believed.
    pub seen: Option<Seen>,
}

impl Trusted {
    fn take_log_keys(&mut self, log_keys: &[LogKey]) {
        self.policy.log_keys = log_keys.to_vec();
        if let Some(policy) = self.policy_json.as_object_mut() {
            policy.insert("log_keys".to_owned(), log_keys.iter().map(LogKey::to_json).collect());
        }
    }
}

impl FileStore {
    /// The store in `folder`, which is made when something is kept.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The ledger `origin`, if it is trusted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn trusted(&self, origin: &str) -> Result<Option<Trusted>, StoreError> {
        let path = self.path(origin);
        match read(&path)? {
            None => Ok(None),
            Some(file) if file.policy.origin == origin => Ok(Some(file)),
            Some(_) => Err(damaged(&path, "it is about another ledger")),
        }
    }

    /// The ledger that was met under `server`, if one was.
    ///
    /// # Errors
    /// [`StoreError`], also for the damaged file of another ledger: it may be this one's.
    pub fn trusted_at(&self, server: &str) -> Result<Option<Trusted>, StoreError> {
        let is_at = |trusted: &Trusted| trusted.servers.iter().any(|known| known == server);
        Ok(self.all()?.into_iter().find(is_at))
    }

    /// Every ledger that is trusted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn all(&self) -> Result<Vec<Trusted>, StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StoreError::Io { path: self.folder.clone(), source }),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|source| StoreError::Io { path: self.folder.clone(), source })?;
            let name = entry.file_name();
            let is_ledger = name.to_str().and_then(|name| name.strip_suffix(".json"));
            if is_ledger.is_some_and(|stem| stem.len() == 64 && !stem.contains('.')) {
                paths.push(entry.path());
            }
        }
        paths.sort_unstable();
        paths.iter().filter_map(|path| read(path).transpose()).collect()
    }

    /// Trusts a ledger by its policy, met under `server` if one is given. What was seen of it stays. A policy with
    /// another entry 0 than before is another ledger's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn trust(
        &self,
        policy: &Policy,
        policy_json: &Value,
        by: TrustedBy,
        server: Option<&str>,
    ) -> Result<Trusted, StoreError> {
        let origin = &policy.origin;
        let _lock = self.lock(origin)?;
        let before = self.trusted(origin)?;
        if before.as_ref().is_some_and(|before| before.policy.entry0 != policy.entry0) {
            return Err(StoreError::OtherLedger { origin: origin.clone() });
        }
        // A policy from before a change of keys says no less than it did: what was learnt since stays.
        let learnt = before.as_ref().map(|before| before.policy.log_keys.clone());
        let learnt = learnt.filter(|learnt| check_continued(&policy.log_keys, learnt).is_ok());
        let (mut servers, seen) = before.map_or((Vec::new(), None), |before| (before.servers, before.seen));
        if let Some(server) = server.filter(|server| !servers.iter().any(|known| known == server)) {
            self.forget_server(server)?;
            servers.push(server.to_owned());
        }
        let (policy, policy_json) = (policy.clone(), policy_json.clone());
        let mut trusted = Trusted { policy, policy_json, by, servers, seen };
        if let Some(learnt) = learnt {
            trusted.take_log_keys(&learnt);
        }
        self.write(origin, &trusted)?;
        Ok(trusted)
    }

    /// Takes the log's keys from here on as its root says ([`Client::log_keys`](crate::Client::log_keys)). What another process learnt
    /// meanwhile stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn learn(&self, origin: &str, learnt: &VerifiedLogKeys) -> Result<Trusted, StoreError> {
        let _lock = self.lock(origin)?;
        let Some(mut trusted) = self.trusted(origin)? else {
            return Err(damaged(&self.path(origin), "it vanished while it was in use"));
        };
        if check_continued(&trusted.policy.log_keys, learnt.log_keys()).is_ok() {
            trusted.take_log_keys(learnt.log_keys());
            self.write(origin, &trusted)?;
        }
        Ok(trusted)
    }

    /// An address belongs to one ledger: the one met there last.
    fn forget_server(&self, server: &str) -> Result<(), StoreError> {
        for mut other in self.all()? {
            if other.servers.iter().any(|known| known == server) {
                other.servers.retain(|known| known != server);
                self.write(&other.policy.origin.clone(), &other)?;
            }
        }
        Ok(())
    }

    fn write(&self, origin: &str, trusted: &Trusted) -> Result<(), StoreError> {
        let value = json!({
            "v": 1,
            "origin": origin,
            "trusted_by": trusted.by.word(),
            "servers": trusted.servers,
            "policy": trusted.policy_json,
            "checkpoint": trusted.seen.as_ref().map(Seen::checkpoint),
        });
        let path = self.path(origin);
        replace(&path, format!("{value:#}\n").as_bytes()).map_err(|source| StoreError::Io { path, source })
    }

    fn path(&self, origin: &str) -> PathBuf {
        self.folder.join(format!("{}.json", name_of(origin.as_bytes())))
    }

    /// Keeps other processes out until it is dropped. The lock is on a file of its own, since the ledger's is replaced.
    fn lock(&self, origin: &str) -> Result<File, StoreError> {
        let path = self.folder.join(format!("{}.lock", name_of(origin.as_bytes())));
        let open = || {
            make_private_folder(&self.folder)?;
            let file = private(OpenOptions::new().write(true).create(true)).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|source| StoreError::Io { path: path.clone(), source })
    }
}

impl Store for FileStore {
    fn seen(&self, origin: &str) -> Result<Option<Seen>, StoreError> {
        Ok(self.trusted(origin)?.and_then(|trusted| trusted.seen))
    }

    fn advance(&self, origin: &str, before: Option<&Seen>, now: &Seen) -> Result<bool, StoreError> {
        if before == Some(now) {
            return Ok(true);
        }
        let _lock = self.lock(origin)?;
        let Some(mut trusted) = self.trusted(origin)? else {
            return Err(damaged(&self.path(origin), "it vanished while it was in use"));
        };
        let may = may_replace(trusted.seen.as_ref(), before, now)?;
        if may {
            trusted.seen = Some(now.clone());
            self.write(origin, &trusted)?;
        }
        Ok(may)
    }

    fn keep_evidence(&self, origin: &str, evidence: &Evidence) -> Result<String, StoreError> {
        self.keep_within(evidence::MAX_BYTES, origin, evidence)
    }
}

impl FileStore {
    /// Keeps evidence that is not larger than what is read.
    fn keep_within(&self, max_bytes: usize, origin: &str, evidence: &Evidence) -> Result<String, StoreError> {
        let bytes = evidence::file(evidence, origin);
        if bytes.len() > max_bytes {
            return Err(StoreError::TooLarge { size_bytes: bytes.len(), max_bytes });
        }
        let short: String = name_of(&bytes).chars().take(16).collect();
        // Named by its content: never written over, once is enough.
        let name = format!("{}.{}-{short}.json", name_of(origin.as_bytes()), evidence.fault());
        let path = self.folder.join(name);
        let keep = || {
            make_private_folder(&self.folder)?;
            replace(&path, &bytes)
        };
        keep().map_err(|source| StoreError::Io { path: path.clone(), source })?;
        Ok(path.display().to_string())
    }
}

fn read(path: &Path) -> Result<Option<Trusted>, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::Io { path: path.to_owned(), source }),
    };
    let file = parse_strict(&bytes, MAX_BYTES).map_err(|error| damaged(path, &error.to_string()))?;
    match file.get("v").and_then(Value::as_u64) {
        Some(1) => {}
        Some(version) => return Err(StoreError::Version { path: path.to_owned(), version }),
        None => return Err(damaged(path, "it states no version")),
    }
    parse(&file).map(Some).ok_or_else(|| damaged(path, "a member is missing or is not what it should be"))
}

fn parse(file: &Map<String, Value>) -> Option<Trusted> {
    let policy_json = file.get("policy")?.clone();
    let policy = Policy::parse(policy_json.to_string().as_bytes()).ok()?;
    if file.get("origin")?.as_str()? != policy.origin {
        return None;
    }
    let seen = match file.get("checkpoint")? {
        Value::Null => None,
        checkpoint => Some(Seen::kept(&policy.origin, checkpoint.as_str()?)?),
    };
    let servers = file.get("servers")?.as_array()?.iter();
    Some(Trusted {
        policy,
        policy_json,
        by: TrustedBy::of_word(file.get("trusted_by")?.as_str()?)?,
        servers: servers.map(|server| server.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        seen,
    })
}

/// Puts `bytes` in the place of the file at `path`: a crash leaves the old or the new, whole. Only this user may
/// read it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let beside = folder.join(format!(".{:016x}.tmp", u64::from_be_bytes(random)));
    let write = || {
        let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        // The rename itself lasts only once the folder is on disk.
        File::open(folder)?.sync_all()
    };
    write().inspect_err(|_| drop(fs::remove_file(&beside)))
}

/// A file that only this user may read.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a folder that only this user may enter; one that is there stays as it is.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

pub(super) fn name_of(bytes: &[u8]) -> String {
    sha256(&[bytes]).0.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn damaged(path: &Path, what: &str) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests;
