//! Following a ledger: what it publishes is fetched, held against the tree and the rules, and only then read.

use super::checker::{Check, MapChecker};
use super::standing::{Fault, Standing};
use crate::client::Client;
use crate::error::CallError;
use crate::evidence::NO_COMMIT;
use crate::monitor::{MonitorError, from_log, from_read, unknown, unproven};
use crate::store::Seen;
use crate::tiles::{LogError, from_prove};
use crate::witness::Witness;
use procura_core::checkpoint::{SignedCheckpoint, VerifiedCheckpoint};
use procura_core::entry::{Class, Entry};
use procura_core::hash::leaf;
use procura_core::tile::{TILE_WIDTH, TileKind, TileNodes, TilePath, decode_bundle};
use procura_core::tree::{Nodes as _, Root, check_consistency, prove_consistency};
use procura_core::witness::{AddCheckpoint, read_answer};
use procura_core::{Index, Size};
use procura_ledger::mirror::{AdoptError, FollowError, Mirror};
use procura_ledger::{OpenError, ReadError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How many entries are taken at a time, at least, while catching up.
const CHUNK: usize = 4096;
/// How many entries may follow one another without an index commit: more than any ledger puts in one batch.
const MOST_OPEN: usize = 1 << 18;
/// For how many bundles the tiles that were checked are kept.
const KEPT_BUNDLES: u64 = 64;

/// Follows one ledger. One thread does; what it read others read by its [`Standing`].
pub struct Follower {
    client: Arc<Client>,
    mirror: Mirror,
    standing: Arc<Standing>,
    checker: Option<MapChecker>,
    checks: Receiver<Check>,
    /// The note that was adopted last, as it was published.
    published: Option<String>,
    looked: Option<Instant>,
}

impl Follower {
    /// Follows the ledger of `client`, an auditor's or a mirror's unless the entries are public, into a folder. With `cosigner` it
    /// cosigns what it checked.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(folder: &Path, client: Client, cosigner: Option<Witness>) -> Result<Self, OpenError> {
        let mirror = Mirror::open(folder, &client.policy().origin)?;
        let (client, asked) = (Arc::new(client), mirror.reader());
        let clock = Arc::clone(&client);
        let standing = Standing::new(asked, client.policy().max_age_s, move || clock.now());
        let (sender, checks) = channel();
        let checker = cosigner.map(|witness| MapChecker::new(Arc::new(witness), sender));
        let standing = Arc::new(standing);
        Ok(Self { client, mirror, standing, checker, checks, published: None, looked: None })
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }

    /// Its cosigner, if it has one.
    #[must_use]
    pub fn checker(&self) -> Option<MapChecker> {
        self.checker.clone()
    }

    /// Looks every so often, and checks what is asked for meanwhile, until `stop` is set.
    pub fn run(mut self, every: Duration, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let rest = self.looked.map_or(Duration::ZERO, |looked| every.saturating_sub(looked.elapsed()));
            if rest.is_zero() {
                self.look();
                continue;
            }
            let wait = rest.min(Duration::from_millis(200));
            match self.checks.recv_timeout(wait) {
                Ok(check) => {
                    let checked = self.check(&check.checkpoint);
                    // Who asked may have given up.
                    drop(check.reply.send(checked.map_err(|error| self.note(&error))));
                }
                // Nobody cosigns.
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(wait),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Looks once, and notes what came of it.
    pub fn look(&mut self) {
        if self.standing.fault().is_none() {
            match self.round() {
                Ok(()) => self.standing.looked(),
                Err(error) => drop(self.note(&error)),
            }
        }
        self.looked = Some(Instant::now());
    }

    /// Notes an error: what convicts the ledger stops it for good. Gives the error's name.
    fn note(&self, error: &MonitorError) -> String {
        let name = error.name().to_owned();
        let is_news = self.standing.failed(&name);
        match error {
            MonitorError::Fault { evidence: Some(evidence), .. } => {
                tracing::error!(%error, "the ledger is at fault: it is followed no further");
                self.standing.stopped(Fault { name: name.clone(), evidence: evidence.clone() });
            }
            // Once, however often it is looked.
            _ if is_news => tracing::warn!(%error, "the ledger could not be followed"),
            _ => tracing::debug!(%error, "the ledger could not be followed"),
        }
        name
    }

    /// Takes what is published now.
    fn round(&mut self) -> Result<(), MonitorError> {
        let checkpoint = self.client.checkpoint().map_err(from_log)?;
        self.standing.published(checkpoint.root());
        let read = self.standing.view().map(|view| view.root());
        let text = checkpoint.signed().to_string();
        let is_old = read.is_some_and(|read| checkpoint.size() < read.size);
        if is_old || self.published.as_ref() == Some(&text) {
            return Ok(());
        }
        self.follow_to(&checkpoint)?;
        let note = self.cosigned(&checkpoint)?;
        match self.mirror.adopt(&note) {
            Ok(()) => {
                tracing::info!(size = checkpoint.size().0, "read from now on");
                self.published = Some(text);
                Ok(())
            }
            // Checked before, and passed over: the next one is read.
            Err(AdoptError::NotFollowed(_)) => Ok(()),
            Err(error @ AdoptError::Side(_)) => Err(unknown("side", &error.to_string())),
        }
    }

    /// Checks everything under a checkpoint that the log wants cosigned; it need not be published yet.
    fn check(&mut self, checkpoint: &VerifiedCheckpoint) -> Result<(), MonitorError> {
        if let Some(fault) = self.standing.fault() {
            return Err(unproven(&fault.name, "the ledger was found at fault before"));
        }
        let seen = self.client.seen().map_err(|error| unknown(error.name(), &error.to_string()))?;
        if let Some(seen) = seen.as_ref().filter(|seen| seen.root().size <= checkpoint.size()) {
            self.client.check_continues(seen, checkpoint).map_err(from_log)?;
        }
        self.follow_to(checkpoint)?;
        self.client.remember(seen, &Seen::of(checkpoint)).map_err(from_read)
    }

    /// Takes every entry under a checkpoint, each found to be the tree's and valid.
    fn follow_to(&mut self, checkpoint: &VerifiedCheckpoint) -> Result<(), MonitorError> {
        let (at, root) = (self.mirror.root(), checkpoint.root());
        if root.size <= at.size {
            let checked = self.mirror.has_checked(root).map_err(|error| unreadable(&error))?;
            let other = "the checkpoint is not over what was followed";
            return if checked { Ok(()) } else { Err(unproven("other_history", other)) };
        }
        self.continues(at, root)?;
        let client = Arc::clone(&self.client);
        let (mut number, mut open) = (at.size.0 / TILE_WIDTH, Vec::new());
        while number * TILE_WIDTH < root.size.0 {
            // Anew now and then, so that the tiles that were checked don't fill the memory.
            let nodes = TileNodes::open(&root, |path| client.tile(path));
            let nodes = nodes.map_err(|error| from_log(error.into()))?;
            let end = number + KEPT_BUNDLES;
            while number < end && number * TILE_WIDTH < root.size.0 {
                open.extend(self.bundle(&nodes, number, root.size, at.size)?);
                number += 1;
                let is_end = number * TILE_WIDTH >= root.size.0;
                if open.len() >= CHUNK || is_end {
                    let ready = if is_end { open.len() } else { up_to_commit(&open) };
                    let rest = open.split_off(ready);
                    self.take(&open, checkpoint)?;
                    open = rest;
                }
                if open.len() > MOST_OPEN {
                    return Err(unproven(NO_COMMIT, "too many entries follow one another without a commit"));
                }
            }
        }
        Ok(())
    }

    /// That the tree of a checkpoint continues what was followed.
    fn continues(&self, at: Root, root: Root) -> Result<(), MonitorError> {
        if at.size == Size(0) {
            return Ok(());
        }
        let nodes = TileNodes::open(&root, |path| self.client.tile(path));
        let nodes = nodes.map_err(|error| from_log(error.into()))?;
        let hashes = prove_consistency(&nodes, at.size, root.size);
        let hashes = hashes.map_err(|error| from_log(from_prove(error)))?;
        let other = "the checkpoint does not continue what was followed";
        check_consistency(&at, &root, &hashes).map_err(|_| unproven("other_history", other))
    }

    /// The entries of a bundle from `first` on, each with the leaf hash that the tree has.
    fn bundle<F: Fn(TilePath) -> Result<Vec<u8>, CallError>>(
        &self,
        nodes: &TileNodes<F>,
        number: u64,
        size: Size,
        first: Size,
    ) -> Result<Vec<Vec<u8>>, MonitorError> {
        let start = number * TILE_WIDTH;
        let width = size.0.saturating_sub(start).min(TILE_WIDTH) as u16;
        let path = TilePath::new(TileKind::Entries, number, width);
        let path = path.ok_or_else(|| unknown("tile_form", "there is no such bundle"))?;
        let (bytes, came) =
            self.client.private_if_may(|token| self.client.tile_or_full(path, token)).map_err(from_read)?;
        let bundle = decode_bundle(&bytes, came)
            .map_err(|error| unproven(error.name(), &format!("the entries from {start} on: {error}")))?;
        let mut entries = Vec::new();
        for (index, bytes) in (start..size.0).zip(bundle).filter(|(index, _)| *index >= first.0) {
            let stated = nodes.node(0, index).map_err(|error| from_log(LogError::from(error)))?;
            if leaf(bytes) != stated {
                let what = format!("the entry served for {index} is not the one in the tree");
                return Err(unproven("other_entry", &what));
            }
            if index == 0 && stated != self.client.policy().entry0 {
                return Err(unproven("entry0", "entry 0 is not the one of the policy"));
            }
            entries.push(bytes.to_vec());
        }
        Ok(entries)
    }

    /// Applies entries and stores them; one that breaks a rule convicts whoever signed the checkpoint.
    fn take(&mut self, entries: &[Vec<u8>], checkpoint: &VerifiedCheckpoint) -> Result<(), MonitorError> {
        if entries.is_empty() {
            return Ok(());
        }
        let error = match self.mirror.follow(entries) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let index = match &error {
            FollowError::Invalid { index, .. } => *index,
            FollowError::NoCommit(size) => Index(size.0.saturating_sub(1)),
            _ => {
                let what = error.to_string();
                // What is stored is found out before anything else is.
                self.mirror.reopen().map_err(|error| unknown(error.name(), &error.to_string()))?;
                return Err(unknown(error.name(), &what));
            }
        };
        Err(self.client.convict(error.name(), index, checkpoint, &error.to_string()))
    }

    /// The checkpoint with this mirror's cosignature, if it cosigns and the log has not asked it.
    fn cosigned(&self, checkpoint: &VerifiedCheckpoint) -> Result<SignedCheckpoint, MonitorError> {
        let note = checkpoint.signed().clone();
        let Some(checker) = &self.checker else { return Ok(note) };
        let (witness, failed) = (checker.witness(), |what: String| unknown("cosign", &what));
        let has_ours = checkpoint.cosignatures(std::slice::from_ref(witness.key()));
        if has_ours.is_ok_and(|ours| !ours.is_empty()) {
            return Ok(note);
        }
        let old = witness.last(checkpoint.origin()).map_err(|error| failed(error.to_string()))?;
        if old.size > checkpoint.size() {
            return Ok(note);
        }
        let proof =
            self.mirror.consistency(old.size, checkpoint.size()).map_err(|error| unreadable(&error))?;
        let request =
            AddCheckpoint { old: old.size, proof: proof.unwrap_or_default(), checkpoint: note.clone() };
        let lines = witness.add_checkpoint(request.to_string().as_bytes());
        let lines = lines.map_err(|error| failed(error.to_string()))?;
        let lines = read_answer(lines.as_bytes()).map_err(|error| failed(error.to_string()))?;
        let with = |note: SignedCheckpoint, line| note.with(line);
        lines.into_iter().try_fold(note, with).map_err(|error| failed(error.to_string()))
    }
}

/// How many entries there are up to the last index commit.
fn up_to_commit(entries: &[Vec<u8>]) -> usize {
    let is_commit = |bytes: &Vec<u8>| Entry::decode(bytes).is_ok_and(|entry| entry.class() == Class::Commit);
    entries.iter().rposition(is_commit).map_or(0, |at| at + 1)
}

fn unreadable(error: &ReadError) -> MonitorError {
    unknown(error.name(), &error.to_string())
}
