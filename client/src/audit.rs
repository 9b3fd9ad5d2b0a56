//! A whole log, checked from its first entry: every tile against the checkpoint, and, with an auditor's key, every
//! entry against the tiles and every index commit against an index rebuilt here.

use crate::client::Client;
use crate::error::{CallError, TokenError};
use crate::evidence::Placed;
use crate::tiles::{LogError, from_prove};
use procura_core::checkpoint::VerifiedCheckpoint;
use procura_core::entry::{Class, Entry};
use procura_core::hash::leaf;
use procura_core::index::{ApplyError, Fault, Working};
use procura_core::kv::{MemoryKv, Unreadable};
use procura_core::tile::{BundleError, TILE_WIDTH, TileKind, TileNodes, TilePath, decode_bundle};
use procura_core::tree::{Frontier, Nodes as _, Root, prove_inclusion};
use procura_core::{Hash, Index, Size};

/// Why a log fails its audit, or could not be audited.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The checkpoint or the tiles.
    #[error(transparent)]
    Log(#[from] LogError),
    /// No token although there is a key.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Entry 0 is not the policy's: another ledger, whatever its name.
    #[error("entry 0 is not the one of the policy: this is another ledger")]
    Entry0,
    /// A bundle is none.
    #[error("the entries from {first} on are not served as they should be: {error}")]
    Bundle {
        /// The bundle's first index.
        first: u64,
        /// What is wrong.
        error: BundleError,
    },
    /// An entry is not the one in the tree.
    #[error("the entry served for {0} is not the one in the tree")]
    OtherEntry(Index),
    /// An entry breaks a rule. It is signed for by the checkpoint: evidence against the operator.
    #[error("the entry at {index} is invalid: {fault}")]
    Invalid {
        /// Where.
        index: Index,
        /// The rule.
        fault: Fault,
    },
    /// Rule R1: a checkpoint whose last entry is no index commit.
    #[error("the checkpoint of size {0} was signed over an entry that is no index commit")]
    NoCommit(Size),
    /// The index could not be rebuilt: this program's fault.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl AuditError {
    /// The error's stable name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Log(error) => error.name(),
            Self::Token(error) => error.name(),
            Self::Entry0 => "entry0",
            Self::Bundle { error, .. } => error.name(),
            Self::OtherEntry(_) => "other_entry",
            Self::Invalid { fault, .. } => fault.name(),
            Self::NoCommit(_) => "no_commit",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Whether the log was found wrong. Otherwise it could not be told.
    #[must_use]
    pub const fn is_finding(&self) -> bool {
        match self {
            Self::Log(error) => {
                matches!(error, LogError::Tiles(_) | LogError::Distrust(_) | LogError::Proof(_))
            }
            Self::Token(_) | Self::Unreadable(_) => false,
            Self::Entry0
            | Self::Bundle { .. }
            | Self::OtherEntry(_)
            | Self::Invalid { .. }
            | Self::NoCommit(_) => true,
        }
    }
}

/// What an audit found right.
#[derive(Debug, Clone)]
pub struct Audited {
    /// The checkpoint audited.
    pub checkpoint: VerifiedCheckpoint,
    /// The checkpoint seen before, which this one continues; `None` on first contact.
    pub continues: Option<Root>,
    /// How many leaves were led to the root.
    pub leaves: u64,
    /// What the entries say; `None`: they are not for this reader.
    pub entries: Option<AuditedEntries>,
}

/// What the entries of a log say, every one of them valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditedEntries {
    /// Creates.
    pub creates: u64,
    /// Transitions.
    pub transitions: u64,
    /// Traces.
    pub traces: u64,
    /// Index commits, each with the root of the map rebuilt here.
    pub commits: u64,
    /// The map's root.
    pub map_root: Hash,
    /// How many keys the map has.
    pub keys: u64,
}

/// What an audit is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Tiles of hashes.
    Tiles,
    /// Entries.
    Entries,
}

impl Client {
    /// Audits the log up to its checkpoint. `progress` is told the stage, how many leaves are done, and of how many.
    ///
    /// # Errors
    /// [`AuditError`]: the first thing wrong.
    pub fn audit(&self, progress: &dyn Fn(Stage, u64, u64)) -> Result<Audited, AuditError> {
        self.audit_on(&mut Auditing::new(&self.policy.origin), progress)
    }

    /// Audits what was added since `auditing` was last at it. After an error it must begin anew.
    ///
    /// # Errors
    /// [`AuditError`]: the first thing wrong.
    pub fn audit_on(
        &self,
        auditing: &mut Auditing,
        progress: &dyn Fn(Stage, u64, u64),
    ) -> Result<Audited, AuditError> {
        let continues = self.seen().map_err(LogError::from)?.map(|seen| seen.root());
        let checkpoint = self.checkpoint()?;
        let root = checkpoint.root();
        if root.size < auditing.size() {
            // Of one history with what was seen, and a little older: everything in it was audited.
            return Ok(Audited { checkpoint, continues, leaves: root.size.0, entries: auditing.entries });
        }
        let leaves = self.leaves(auditing.size(), root, progress)?;
        if auditing.size().0 == 0 && leaves.first() != Some(&self.policy.entry0) {
            return Err(AuditError::Entry0);
        }
        let token = self.token_if_any()?;
        // Who began with hashes alone goes on with them: the index would lack what came before.
        let may_replay = auditing.size().0 == 0 || auditing.entries.is_some();
        if may_replay && self.may_read_entries(root.size, token.as_ref().map(|token| token.as_str()))? {
            self.entries(auditing, root, &leaves, progress)?;
        } else {
            leaves.iter().for_each(|leaf| drop(auditing.replay.frontier.push(*leaf)));
            auditing.replay.check_root(root)?;
        }
        Ok(Audited { checkpoint, continues, leaves: root.size.0, entries: auditing.entries })
    }

    /// Every leaf hash from a size on, led to the root tile by tile.
    fn leaves(
        &self,
        from: Size,
        root: Root,
        progress: &dyn Fn(Stage, u64, u64),
    ) -> Result<Vec<Hash>, AuditError> {
        let nodes = TileNodes::open(&root, |path| self.tile(path)).map_err(LogError::from)?;
        let mut leaves = Vec::new();
        for index in from.0..root.size.0 {
            leaves.push(nodes.node(0, index).map_err(LogError::from)?);
            if index % TILE_WIDTH == 0 {
                progress(Stage::Tiles, index, root.size.0);
            }
        }
        progress(Stage::Tiles, root.size.0, root.size.0);
        Ok(leaves)
    }

    /// Whether the bundles are served to this reader: the first one tells.
    fn may_read_entries(&self, size: Size, token: Option<&str>) -> Result<bool, AuditError> {
        let Some(first) = bundle_at(0, size) else { return Ok(false) };
        match self.tile_or_full(first, token) {
            Ok(_) => Ok(true),
            Err(error) if error.refusal(401).or(error.refusal(404)).is_some() => Ok(false),
            Err(error) => Err(LogError::Call(error).into()),
        }
    }

    /// Applies what was added, bundle by bundle; of the first one a part may have been applied before.
    fn entries(
        &self,
        auditing: &mut Auditing,
        root: Root,
        mut leaves: &[Hash],
        progress: &dyn Fn(Stage, u64, u64),
    ) -> Result<(), AuditError> {
        while auditing.size() < root.size {
            let at = auditing.size().0;
            progress(Stage::Entries, at, root.size.0);
            let (number, before) = (at / TILE_WIDTH, (at % TILE_WIDTH) as usize);
            let Some(path) = bundle_at(number, root.size) else { break };
            let (bytes, width) = self.bundle(path)?;
            let first = number * TILE_WIDTH;
            let bundle = decode_bundle(&bytes, width).map_err(|error| AuditError::Bundle { first, error })?;
            let fresh = bundle.get(before..usize::from(path.width())).unwrap_or_default();
            let (stated, rest) =
                leaves.split_at_checked(fresh.len()).ok_or(AuditError::OtherEntry(Index(at)))?;
            auditing.replay.apply(at, fresh, stated)?;
            leaves = rest;
        }
        progress(Stage::Entries, root.size.0, root.size.0);
        auditing.entries = Some(auditing.replay.finish(root)?);
        Ok(())
    }

    /// A bundle's bytes and the width that they have.
    pub(crate) fn bundle(&self, path: TilePath) -> Result<(Vec<u8>, u16), AuditError> {
        let token = self.token_if_any()?;
        let read = self.tile_or_full(path, token.as_ref().map(|token| token.as_str()));
        read.map_err(|error: CallError| LogError::Call(error).into())
    }

    /// An entry and the one before it, with the proof that they stand under a checkpoint: for evidence.
    ///
    /// # Errors
    /// [`AuditError`].
    pub(crate) fn placed(
        &self,
        index: Index,
        checkpoint: &VerifiedCheckpoint,
    ) -> Result<(Placed, Option<Placed>), AuditError> {
        let root = checkpoint.root();
        let nodes = TileNodes::open(&root, |path| self.tile(path)).map_err(LogError::from)?;
        let placed = |index: Index| -> Result<Placed, AuditError> {
            let number = index.0 / TILE_WIDTH;
            let path = bundle_at(number, root.size).ok_or(AuditError::OtherEntry(index))?;
            let (bytes, width) = self.bundle(path)?;
            let first = number * TILE_WIDTH;
            let bundle = decode_bundle(&bytes, width).map_err(|error| AuditError::Bundle { first, error })?;
            let bytes = bundle.get((index.0 - first) as usize).ok_or(AuditError::OtherEntry(index))?.to_vec();
            let path = prove_inclusion(&nodes, index, root.size).map_err(from_prove)?;
            Ok(Placed { index, bytes, path })
        };
        let previous = index.0.checked_sub(1).map(|before| placed(Index(before))).transpose()?;
        Ok((placed(index)?, previous))
    }
}

/// The bundle of this number in a tree of this size; `None`: it has none.
pub(crate) fn bundle_at(number: u64, size: Size) -> Option<TilePath> {
    let width = size.0.checked_sub(number.checked_mul(TILE_WIDTH)?)?.min(TILE_WIDTH);
    TilePath::new(TileKind::Entries, number, u16::try_from(width).ok()?)
}

/// How far a log was audited: what later entries are held against. It holds the whole index in memory.
pub struct Auditing {
    replay: Replay,
    entries: Option<AuditedEntries>,
}

impl Auditing {
    /// Nothing of this ledger was audited yet.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self { replay: Replay::new(origin), entries: None }
    }

    /// How many entries were audited.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.replay.frontier.size()
    }
}

/// The index, rebuilt.
struct Replay {
    origin: String,
    kv: MemoryKv,
    frontier: Frontier,
    found: AuditedEntries,
    ends_in_commit: bool,
}

impl Replay {
    fn new(origin: &str) -> Self {
        let map_root = procura_core::hash::empty();
        let found = AuditedEntries { creates: 0, transitions: 0, traces: 0, commits: 0, map_root, keys: 0 };
        let origin = origin.to_owned();
        Self { origin, kv: MemoryKv::default(), frontier: Frontier::new(), found, ends_in_commit: false }
    }

    /// Applies the entries from `first` on, as many as hashes are `stated` of them.
    fn apply(&mut self, first: u64, bundle: &[&[u8]], stated: &[Hash]) -> Result<(), AuditError> {
        let mut working = Working::new(&self.kv, &self.origin)?;
        for (offset, (bytes, stated)) in bundle.iter().zip(stated).enumerate() {
            let index = Index(first + offset as u64);
            if leaf(bytes) != *stated {
                return Err(AuditError::OtherEntry(index));
            }
            self.frontier.push(*stated);
            // An index commit is applied only if its size, predecessor, root and keys are those of the map here.
            let applied = working.apply(bytes).map_err(|error| match error {
                ApplyError::Fault(fault) => AuditError::Invalid { index, fault },
                ApplyError::Unreadable(error) => error.into(),
            })?;
            self.ends_in_commit = applied.entry.class() == Class::Commit;
            match applied.entry {
                Entry::Create { .. } | Entry::Party { .. } => self.found.creates += 1,
                Entry::Transition { .. } => self.found.transitions += 1,
                Entry::Trace { .. } => self.found.traces += 1,
                Entry::Commit(commit) => {
                    self.found.commits += 1;
                    (self.found.map_root, self.found.keys) = (commit.map_root, commit.keys);
                }
            }
        }
        let changes = working.finish()?;
        self.kv.write(changes);
        Ok(())
    }

    fn check_root(&self, root: Root) -> Result<(), AuditError> {
        let reached = self.frontier.size();
        if reached != root.size || self.frontier.root() != root.hash {
            return Err(AuditError::OtherEntry(Index(reached.0)));
        }
        Ok(())
    }

    fn finish(&self, root: Root) -> Result<AuditedEntries, AuditError> {
        self.check_root(root)?;
        if !self.ends_in_commit {
            return Err(AuditError::NoCommit(root.size));
        }
        Ok(self.found)
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a replay accepts a log that follows the rules, and names the entry at which one stops to. Method: three
    //! entries made by core itself, then one thing wrong at a time.

    use super::*;
    use procura_core::Millis;
    use procura_core::entry::{Head, Tags};
    use procura_core::status::Initial;
    use procura_core::tree::mth;

    const ORIGIN: &str = "trial/audit";

    fn log() -> Vec<Vec<u8>> {
        let create = |n: u8| {
            let id = Hash([n; 32]);
            let head = Head { time: Millis(5), commitment: id, id, tags: Tags::default() };
            Entry::Create { head, status: Initial::Active }.encode()
        };
        let kv = MemoryKv::default();
        let mut working = Working::new(&kv, ORIGIN).unwrap();
        let mut entries = vec![create(1), create(2)];
        entries.iter().for_each(|entry| drop(working.apply(entry).unwrap()));
        entries.push(working.commit_entry(Millis(6)).unwrap().encode());
        entries
    }

    fn replay(served: &[Vec<u8>], logged: &[Vec<u8>]) -> Result<AuditedEntries, AuditError> {
        let leaves: Vec<Hash> = logged.iter().map(|entry| leaf(entry)).collect();
        let served: Vec<&[u8]> = served.iter().map(Vec::as_slice).collect();
        let mut replay = Replay::new(ORIGIN);
        replay.apply(0, &served, &leaves)?;
        replay.finish(Root { size: Size(leaves.len() as u64), hash: mth(&leaves) })
    }

    #[test]
    fn a_log_that_follows_the_rules_passes() {
        let found = replay(&log(), &log()).unwrap();
        assert_eq!((found.creates, found.commits, found.keys), (2, 1, 2));
    }

    #[test]
    fn another_entry_than_the_tree_s_is_named() {
        let mut served = log();
        served.swap(0, 1);
        assert!(matches!(replay(&served, &log()), Err(AuditError::OtherEntry(Index(0)))));
        assert!(matches!(replay(&log()[..2], &log()), Err(AuditError::OtherEntry(Index(2)))));
    }

    #[test]
    fn a_commit_to_another_map_is_named() {
        let mut entries = log();
        let Ok(Entry::Commit(mut commit)) = Entry::decode(&entries[2]) else { panic!() };
        commit.map_root = Hash([9; 32]);
        entries[2] = Entry::Commit(commit).encode();
        assert!(matches!(
            replay(&entries, &entries),
            Err(AuditError::Invalid { index: Index(2), fault: Fault::CommitRoot { .. } })
        ));
    }

    #[test]
    fn an_end_that_is_no_commit_breaks_r1() {
        assert!(matches!(replay(&log()[..2], &log()[..2]), Err(AuditError::NoCommit(Size(2)))));
    }
}
