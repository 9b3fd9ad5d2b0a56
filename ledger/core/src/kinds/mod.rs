//! The kinds table: what each kind of record is, becomes, who may sign it and whom it concerns.
//!
//! spec: kinds.md

mod acceptance;
mod access;
mod block;
mod catalogue;
mod consent;
mod dispute;
mod erasure;
mod grant;
mod holding;
mod hook;
mod invitation;
mod key;
mod key_end;
mod life_event;
mod log_keys;
mod mandate;
mod other;
mod party;
mod request;
mod revocation;
mod root;
mod scheme;
mod shared;
mod suspension;

pub use acceptance::Acceptance;
pub(crate) use acceptance::root_quorum;
pub use access::{Access, is_counted};
pub use block::Block;
pub use catalogue::{Basis, Catalogue, Category, Purpose, Title};
pub use consent::Consent;
pub use dispute::Dispute;
pub use erasure::{Erasure, KEPT, MAX_NAMED, RestsOn, Retention, lapses, rests_on};
pub use grant::{Assisted, Giver, Ground, MAX_SIDE, Under, check_within, sides_of, under_of};
pub use holding::Holding;
pub use hook::{Hook, MAX_HOOKS, is_hook_url};
pub use invitation::Invitation;
pub use key::{Assurance, Key, KeyBasis, check_possession, proof_of_possession_message};
pub use key_end::{KeyEnd, KeyEndReason};
pub use life_event::{Event, LifeEvent};
pub use log_keys::LogKeys;
pub use mandate::Mandate;
pub use other::Other;
pub use party::{Party, PartyType, Role};
pub use request::{Asked, Request, check_asked, link_of, request_of};
pub use revocation::{Renunciation, Revocation};
pub use root::{Continues, Root, RootKey};
pub use scheme::{Characters, Check, Form, FormError, Prefix, Scheme};
pub use shared::Validity;
pub(crate) use shared::{code, is_code, take_set};
pub use suspension::Suspension;

use crate::index::Item;
use crate::json::Members;
use crate::record::{Record, RecordError};
use crate::status::Status;
use crate::{Hash, Millis};
use std::sync::Arc;

/// What a record says, typed by its kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// The ledger's constitution: entry 0.
    Root(Root),
    /// Somebody or something that can act or be acted for.
    Party(Party),
    /// A public key bound to a party.
    Key(Key),
    /// The end of a key.
    KeyEnd(KeyEnd),
    /// The keys that sign the log's checkpoints.
    LogKeys(LogKeys),
    /// The words that grants are made of.
    Catalogue(Arc<Catalogue>),
    /// The right to act for somebody.
    Mandate(Mandate),
    /// A further signature that something waits for.
    Acceptance(Acceptance),
    /// The end of something its signer was given.
    Renunciation(Renunciation),
    /// The end of something its signer gave.
    Revocation(Revocation),
    /// Out of force, or back in.
    Suspension(Suspension),
    /// A step of a dispute about a grant.
    Dispute(Dispute),
    /// What happened to a party.
    LifeEvent(LifeEvent),
    /// The right to see somebody's data.
    Consent(Consent),
    /// Somebody asks for a mandate or a consent.
    Request(Request),
    /// Somebody wants no more requests of another.
    Block(Block),
    /// A source says which of somebody's data it has.
    Holding(Holding),
    /// Where a party is told of what is filed in its list.
    Hook(Hook),
    /// What must be kept.
    Retention(Retention),
    /// What is destroyed.
    Erasure(Erasure),
    /// Somebody asks for a person's data.
    Access(Access),
    /// A kind that this version stores and proves, and that satisfies no decision.
    Other(Other),
}

/// What a kind's records are in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A record with a status of its own.
    Create,
    /// A move of another record's status.
    Transition,
    /// A record that changes no answer.
    Trace,
    /// A trace; a transition where it uses something whose uses are counted.
    TraceOrUse,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// The kind's name; empty for the row of all unknown kinds.
    pub name: &'static str,
    /// What its records are in the log.
    pub class: Class,
    /// Whether it is logged even after `submit_by`: withdrawing is never too late.
    pub any_time: bool,
    /// The members that a presentation may leave out; a kind this version does not know lists none and allows any.
    pub withholdable: &'static [&'static str],
    /// Reads the kind's own members.
    pub parse: fn(&mut Members) -> Result<Content, RecordError>,
    /// The status that a record of it leads to: its own first one, or its target's next one. `None`: not allowed
    /// on this target as it stands.
    pub becomes: fn(&Record, Option<&Target<'_>>) -> Option<Status>,
    /// Whether this signer may sign this record.
    pub may_sign: fn(&Signing<'_>) -> Result<(), NotAllowed>,
    /// The parties in whose lists it stands, besides its signer's.
    pub concerns: fn(&Record, Option<&Record>) -> Vec<Hash>,
}

impl Row {
    /// Whether members that the kind does not name are refused.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.name.is_empty()
    }
}

/// The table, in the order of `spec/kinds.md`.
pub static TABLE: [&Row; 21] = [
    &root::ROW,
    &party::ROW,
    &key::ROW,
    &key_end::ROW,
    &log_keys::ROW,
    &catalogue::ROW,
    &mandate::ROW,
    &consent::ROW,
    &acceptance::ROW,
    &revocation::RENUNCIATION,
    &revocation::REVOCATION,
    &suspension::ROW,
    &dispute::ROW,
    &life_event::ROW,
    &request::ROW,
    &block::ROW,
    &holding::ROW,
    &hook::ROW,
    &erasure::RETENTION,
    &erasure::ERASURE,
    &access::ROW,
];

/// Kinds that a later version defines: refused, so that nobody believes that they have an effect already.
pub const RESERVED: [&str; 1] = ["ledger-end"];

/// The row of a kind; `None` for a reserved one.
#[must_use]
pub fn row(kind: &str) -> Option<&'static Row> {
    if RESERVED.contains(&kind) {
        return None;
    }
    Some(TABLE.iter().find(|row| row.name == kind).copied().unwrap_or(&other::ROW))
}

/// The record that a transition moves, as it stood just before.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The create.
    pub record: &'a Record,
    /// When the create was logged.
    pub logged_at: Millis,
    /// Its list up to there: the create first.
    pub items: &'a [Item],
    /// Its status there.
    pub status: Status,
}

/// Who signed.
#[derive(Debug, Clone, Copy)]
pub enum Signer<'a> {
    /// One of the root's keys.
    Root,
    /// A party by one of its keys.
    Party {
        /// The party record's id.
        id: Hash,
        /// The party.
        party: &'a Party,
        /// How sure it is that the key is the party's.
        assurance: Assurance,
    },
}

impl Signer<'_> {
    /// Whether a party with this role signed.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        matches!(self, Self::Party { party, .. } if party.roles.contains(&role))
    }

    /// Whether this party signed.
    #[must_use]
    pub fn is_party(&self, wanted: &Hash) -> bool {
        matches!(self, Self::Party { id, .. } if id == wanted)
    }

    /// Whether the root signed.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        matches!(self, Self::Root)
    }
}

/// A record with all that the question "may this signer sign it?" needs.
#[derive(Debug, Clone, Copy)]
pub struct Signing<'a> {
    /// What is signed.
    pub record: &'a Record,
    /// When it was, or is to be, logged.
    pub time: Millis,
    /// By whom.
    pub signer: Signer<'a>,
    /// The root of the ledger.
    pub root: &'a Root,
    /// Transitions: what moves, and who signed the create and the enabling items before this one.
    pub target: Option<(&'a Target<'a>, &'a [Signatory])>,
    /// The party that a `key` is for, or that a `role` is under.
    pub holder: Option<&'a Party>,
}

/// With what a record was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signatory {
    /// The key's id, or a root key's thumbprint.
    pub kid: Hash,
    /// Whose key it is; `None`: the root's.
    pub party: Option<Hash>,
}

/// The kinds table does not let this signer sign this record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The signer is not the one that the kinds table names.
    #[error("the kinds table does not allow this signer here")]
    Signer,
    /// A root key, or a party, signs twice.
    #[error("this root key, or this party, has signed already")]
    Twice,
    /// `quorum` is not the root's.
    #[error("the record's quorum is not the root's")]
    Quorum,
    /// A recovery key is accepted before its delay is over.
    #[error("the recovery key's delay is not over yet")]
    Delay,
    /// The root ends something under a quorum above 1, which this version has no rule for.
    #[error("a root with a quorum above 1 cannot end this in this version")]
    RootQuorum,
    /// A claim reaches further back than this signer may.
    #[error("compromised_since lies more than 30 days back, which only the root or an authority may say")]
    TooFarBack,
    /// A new key did not prove that its holder has it.
    #[error("the new key's proof of possession does not verify")]
    Possession,
    /// The mandate that a grant is to stand under does not hold, or the party that a role is to stand under may not have it.
    #[error("what this is to stand under does not hold, or may not have it")]
    Under,
    /// A grant reaches further than the mandate that it is under, or than the request that it answers.
    #[error("it reaches further than the mandate that it is under, or than what was asked for")]
    Beyond,
    /// What an answer shows is not the link.
    #[error("this answer needs the link, and nothing else does as well")]
    Link,
    /// An answer comes too late.
    #[error("it is too late for an answer")]
    AnswerBy,
    /// The request that a grant names was not answered with it.
    #[error("the request that it names was not answered with it")]
    Request,
    /// Entry 0 only.
    #[error("a root record stands at entry 0 only")]
    NotFirstEntry,
}

impl NotAllowed {
    /// The error's stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Signer => "not_yours",
            Self::Twice => "signed_twice",
            Self::Quorum => "quorum",
            Self::Delay => "key_delay",
            Self::RootQuorum => "root_quorum",
            Self::TooFarBack => "too_far_back",
            Self::Possession => "possession",
            Self::Under => "under",
            Self::Beyond => "beyond",
            Self::Link => "link",
            Self::AnswerBy => "answer_by",
            Self::Request => "request",
            Self::NotFirstEntry => "not_entry_0",
        }
    }
}
