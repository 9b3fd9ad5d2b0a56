//! The bytes of one volume: its tables, its head and the version of both.
//!
//! spec: storage.md#volume
//!
//! | table   | key         | payload (each row has a checksum behind it, see `checked`)                 |
//! |---------|-------------|----------------------------------------------------------------------------|
//! | meta    | `format`    | u32: 4                                                                     |
//! | meta    | `birth`     | first index u64 ‖ the checkpoint at that size (`""` at 0)                  |
//! | meta    | `head`      | size u64 ‖ epoch u64 ‖ the checkpoint at that size                          |
//! | entries | index       | the entry                                                                  |
//! | nodes   | index       | 32 bytes a node, level 0 first                                             |
//! | vault   | index       | 0 (never one), 1 (erased), or 2 ‖ the vault row                            |
//!
//! Every entry has a row in each of the three tables, so that a row which damage hides is missed, not taken for
//! one that was never there.

use crate::checked;
use crate::store::{Head, Row};
use ::redb::TableDefinition;
use procura_core::{Hash, Size};

/// The version of this layout. Whoever changes it says in the changelog how an older folder is carried over.
pub(super) const FORMAT: u32 = 4;

pub(super) const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");
pub(super) const ENTRIES: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("entries");
pub(super) const NODES: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("nodes");
pub(super) const VAULT: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("vault");

/// The three tables keyed by index, and the number that binds a checksum to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Table {
    Entries = 1,
    Nodes = 2,
    Vault = 3,
}

/// The checksum's number of the meta table.
const META_NUMBER: u8 = 0;

pub(super) const FORMAT_KEY: &str = "format";
pub(super) const BIRTH_KEY: &str = "birth";
pub(super) const HEAD_KEY: &str = "head";

/// What a volume was started behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Birth {
    /// The index of its first entry.
    pub first: u64,
    /// The checkpoint at that size: that of the volume before. Two ledgers' volumes can't be mixed unseen.
    pub checkpoint: String,
}

pub(super) fn seal_row(table: Table, index: u64, payload: &[u8]) -> Vec<u8> {
    checked::seal(table as u8, &index.to_be_bytes(), payload)
}

pub(super) fn open_row(table: Table, index: u64, row: &[u8]) -> Option<&[u8]> {
    checked::open(table as u8, &index.to_be_bytes(), row)
}

pub(super) fn seal_meta(key: &str, payload: &[u8]) -> Vec<u8> {
    checked::seal(META_NUMBER, key.as_bytes(), payload)
}

pub(super) fn open_meta<'a>(key: &str, row: &'a [u8]) -> Option<&'a [u8]> {
    checked::open(META_NUMBER, key.as_bytes(), row)
}

pub(super) fn encode_birth(birth: &Birth) -> Vec<u8> {
    [&birth.first.to_be_bytes()[..], birth.checkpoint.as_bytes()].concat()
}

pub(super) fn decode_birth(payload: &[u8]) -> Option<Birth> {
    let (first, checkpoint) = payload.split_first_chunk::<8>()?;
    let checkpoint = String::from_utf8(checkpoint.to_vec()).ok()?;
    Some(Birth { first: u64::from_be_bytes(*first), checkpoint })
}

pub(super) fn encode_head(head: &Head) -> Vec<u8> {
    [&head.size.0.to_be_bytes()[..], &head.epoch.to_be_bytes(), head.checkpoint.as_bytes()].concat()
}

pub(super) fn decode_head(payload: &[u8]) -> Option<Head> {
    let (size, rest) = payload.split_first_chunk::<8>()?;
    let (epoch, checkpoint) = rest.split_first_chunk::<8>()?;
    Some(Head {
        size: Size(u64::from_be_bytes(*size)),
        epoch: u64::from_be_bytes(*epoch),
        checkpoint: String::from_utf8(checkpoint.to_vec()).ok()?,
    })
}

pub(super) fn encode_nodes(row: &Row) -> Vec<u8> {
    row.nodes.iter().flat_map(|node| node.0).collect()
}

pub(super) fn decode_node(payload: &[u8], level: u8) -> Option<Hash> {
    let start = usize::from(level) * 32;
    Hash::from_slice(payload.get(start..start + 32)?)
}

/// What the vault holds for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VaultRow<'a> {
    Never,
    Erased,
    Held(&'a [u8]),
}

pub(super) fn encode_vault(row: VaultRow<'_>) -> Vec<u8> {
    match row {
        VaultRow::Never => vec![0],
        VaultRow::Erased => vec![1],
        VaultRow::Held(bytes) => [&[2], bytes].concat(),
    }
}

pub(super) fn decode_vault(payload: &[u8]) -> Option<VaultRow<'_>> {
    match payload {
        [0] => Some(VaultRow::Never),
        [1] => Some(VaultRow::Erased),
        [2, bytes @ ..] => Some(VaultRow::Held(bytes)),
        _ => None,
    }
}

/// For `crate::fuzzing`: whatever is read of these bytes is written back as them.
#[cfg(fuzzing)]
pub(crate) fn rows_come_back(payload: &[u8]) -> bool {
    decode_birth(payload).is_none_or(|birth| encode_birth(&birth) == payload)
        && decode_head(payload).is_none_or(|head| encode_head(&head) == payload)
        && decode_vault(payload).is_none_or(|row| encode_vault(row) == payload)
        && (0..=u8::MAX).all(|level| decode_node(payload, level).is_none() || payload.len() >= 32)
}
