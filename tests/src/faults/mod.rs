//! What the test that fails file-system calls and the process that it fails them in share: the operations of a ledger, each with
//! the records that it hands in (the same bytes on every run), and what the process says.
//!
//! `calls.c` beside this stands between that process and the C library.

mod act;

pub use act::{act, store_and_ledger};

use crate::crash::{Cast, Player, key_draft, occasion, open_or_init, register, set_up, sign};
use crate::world::vrf;
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::key::SoftKey;
use procura_core::kinds::Validity;
use procura_core::record::Record;
use procura_core::submission::Submission;
use procura_core::tree::Root;
use procura_core::{Hash, Index, Millis, Size};
use procura_ledger::index::Limits;
use procura_ledger::store::redb::Options as VolumeOptions;
use procura_ledger::{Ledger, Options};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What the process does while one of its calls fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// A new ledger, and its first records.
    Init,
    /// A folder that a killed process left is opened.
    Open,
    /// Records are appended to one volume.
    Append,
    /// Volumes are sealed and started.
    Volume,
    /// Each commit's index rows are flushed.
    Flush,
    /// Bodies are destroyed in a sealed volume and in the one that is written, with appends between.
    Erase,
    /// Keys are bound, used and ended.
    Key,
    /// The server makes its keys and its ledger.
    Trial,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Init,
        Self::Open,
        Self::Append,
        Self::Volume,
        Self::Flush,
        Self::Erase,
        Self::Key,
        Self::Trial,
    ];

    /// Its name on command lines and in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Open => "open",
            Self::Append => "append",
            Self::Volume => "volume",
            Self::Flush => "flush",
            Self::Erase => "erase",
            Self::Key => "key",
            Self::Trial => "trial",
        }
    }

    /// The operation of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.name() == name)
    }

    /// How the ledger is run: nothing happens by itself, and what the operation is about happens at once.
    #[must_use]
    pub fn options(self) -> Options {
        let volume_entries = match self {
            Self::Volume | Self::Erase => 24,
            _ => 1024,
        };
        let index = match self {
            Self::Flush => {
                Limits { flush_rows: 1, hard_bytes: 0, retry: Duration::from_millis(20), ..Limits::default() }
            }
            _ => Limits { retry: Duration::from_millis(20), ..Limits::default() },
        };
        Options {
            heartbeat: Duration::from_secs(3600),
            index,
            volumes: VolumeOptions { volume_entries, sealed_open: 2, ..VolumeOptions::default() },
            vrf: Some(vrf()),
            ..Options::default()
        }
    }

    /// Makes what is there before the operation; nothing for one that starts from nothing.
    pub fn prepare(self, folder: &Path, began: Millis) {
        match self {
            Self::Init | Self::Trial => {}
            _ => {
                let ledger = open_or_init(folder, began, self.options()).unwrap();
                set_up(&ledger, began).unwrap();
                for step in self.steps_before(began) {
                    ledger.append(step.submission).unwrap();
                }
                ledger.close();
            }
        }
    }

    /// The records that are there before, besides the cast.
    #[must_use]
    pub fn steps_before(self, began: Millis) -> Vec<Step> {
        match self {
            Self::Erase => mandates(&Cast::of(began), began, 100..106),
            _ => Vec::new(),
        }
    }

    /// The records that are handed in, in order.
    #[must_use]
    pub fn steps(self, began: Millis) -> Vec<Step> {
        let cast = Cast::of(began);
        match self {
            Self::Trial => Vec::new(),
            Self::Init => cast.records.into_iter().take(2).map(|record| Step::of(record, None)).collect(),
            Self::Open => mandates(&cast, began, 0..1),
            Self::Erase => mandates(&cast, began, 0..3),
            Self::Volume => mandates(&cast, began, 0..20),
            Self::Append | Self::Flush => {
                let mut records = Vec::new();
                let mut steps = mandates(&cast, began, 0..3);
                register(&mut records, &cast.registrar, began, 200, &crate::crash::niss(900_101_021), &[]);
                steps.extend(records.into_iter().map(|record| Step::of(record, None)));
                steps
            }
            Self::Key => keys(&cast, began),
        }
    }

    /// What is erased, in two goes: of sealed volumes, and of the one that is written.
    #[must_use]
    pub fn erased(self, ledger: &Ledger, began: Millis) -> [BTreeSet<Index>; 2] {
        let view = ledger.view();
        let index = |step: &Step| view.record(&step.id).unwrap().unwrap().logged.index;
        let all: Vec<Index> = self.steps_before(began).iter().map(index).collect();
        let last = all.last().map_or(0, |last| last.0 - last.0 % self.options().volumes.volume_entries);
        let (sealed, written) = all.into_iter().partition(|index| index.0 < last);
        [sealed, written]
    }
}

/// A record to hand in.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its id.
    pub id: Hash,
    /// What it moves, if it is a transition.
    pub target: Option<Hash>,
    /// Itself.
    pub submission: Submission,
}

impl Step {
    fn of(submission: Submission, target: Option<Hash>) -> Self {
        Self { id: Record::parse(&submission.record).unwrap().id(), target, submission }
    }
}

/// Mandates from each person to the next, and the revocation of every third.
fn mandates(cast: &Cast, began: Millis, numbers: std::ops::Range<u64>) -> Vec<Step> {
    let mut steps = Vec::new();
    for n in numbers {
        let [from, to] = [n, n + 1].map(|n| &cast.persons[n as usize % cast.persons.len()]);
        let mandate = mandate(cast, from, to, began, n);
        let id = mandate.id();
        steps.push(Step::of(sign(mandate, from), None));
        if n % 3 == 2 {
            let revocation = Draft::on("revocation", &occasion("revocation", began, n), &id);
            steps.push(Step::of(sign(revocation, from), Some(id)));
        }
    }
    steps
}

fn mandate(cast: &Cast, from: &Player, to: &Player, began: Millis, n: u64) -> Draft {
    let occasion = occasion("mandate", began, n);
    let validity = Validity::of_days(Day::of(began).unwrap(), None);
    Draft::mandate(&occasion, &from.party, &to.party, &cast.catalogue, &["pension".to_owned()], &validity)
}

/// A citizen's second key, bound by the first; a mandate signed with it; its end; the end of another citizen's key.
fn keys(cast: &Cast, began: Millis) -> Vec<Step> {
    let [me, other] = [&cast.persons[0], &cast.persons[1]];
    let key = Arc::new(SoftKey::from_seed(&crate::crash::fixed("key", 300)));
    let draft = key_draft(&me.party, &key, began, 300, "cosigned");
    let second = Player { party: me.party, kid: draft.id(), key };
    let end = |of: &Player, n: u64, reason: &str| {
        Draft::on("key-end", &occasion("key-end", began, n), &of.kid).member("reason", json!(reason))
    };
    // It has signed nothing, so that nothing becomes void.
    let compromised = end(other, 303, "compromised").member("compromised_since", json!(began));
    vec![
        Step::of(sign(draft, me), None),
        Step::of(sign(mandate(cast, &second, other, began, 301), &second), None),
        Step::of(sign(end(&second, 302, "lost"), me), Some(second.kid)),
        Step::of(sign(compromised, &cast.registrar), Some(other.kid)),
    ]
}

/// One line on the process's standard output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Said {
    /// The ledger is open: what a verifier pins, and where it stands.
    Opened {
        /// Its name.
        origin: String,
        /// The log's verification key.
        log_key: String,
        /// The leaf hash of entry 0.
        entry0: Hash,
        /// The checkpoint.
        at: At,
    },
    /// About to be handed in.
    Trying(Hash),
    /// Acknowledged.
    Acknowledged {
        /// The record.
        id: Hash,
        /// Where it stands.
        index: u64,
        /// The checkpoint that came with it.
        at: At,
        /// Its receipt, if the process could still read it.
        receipt: Option<String>,
    },
    /// Not acknowledged, for this reason.
    Not(Hash, String),
    /// About to be erased.
    Erasing(BTreeSet<u64>),
    /// Erased.
    Erased(BTreeSet<u64>),
    /// Something that may never be, whatever fails.
    Wrong(String),
    /// The process ended in order; why it did not do more.
    Ended(Option<String>),
}

/// A size and its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// The size.
    pub size: u64,
    /// The root.
    pub root: Hash,
}

impl At {
    /// As a root.
    #[must_use]
    pub const fn root(self) -> Root {
        Root { size: Size(self.size), hash: self.root }
    }
}

impl From<Root> for At {
    fn from(root: Root) -> Self {
        Self { size: root.size.0, root: root.hash }
    }
}
