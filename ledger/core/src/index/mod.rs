//! The index: what the log says now, as a verifiable map from keys to values, derived from entries alone.
//!
//! - [`Working`] is the pure `apply` that open, append, followers, mirrors and audit all use;
//! - [`StatusBody`], [`TagBody`] and [`AliasBody`] are what the map's values commit to, [`Item`] what lists consist of;
//! - [`status_of`], [`tag_items`] and the other readers answer from any [`Kv`](crate::kv::Kv): a snapshot, the batch in progress, an
//!   auditor's memory.
//!
//! spec: index.md

mod body;
mod fault;
#[cfg(test)]
mod model;
mod read;
mod rows;
#[cfg(test)]
mod tests;
mod working;

pub use body::{AliasBody, BodyError, Item, StatusBody, TagBody};
pub use fault::Fault;
pub use read::{
    alias_of, items_of, listed, meta, status_items, status_of, tag_count, tag_header, tag_items,
    transition_of,
};
pub use rows::{Ends, LISTED, List, Listed, Meta, StatusHeader, TagHeader};
pub use working::{Applied, ApplyError, Working};

/// Most items of a status list.
pub const MAX_STATUS_ITEMS: u64 = 1024;

/// Items at the end of a status list that are kept for moves that take something away: never a use or an enabling move, so that
/// a record full of uses can still be revoked.
pub const RESERVED_STATUS_ITEMS: u64 = 16;

/// Most items of a tag list.
pub const MAX_TAG_ITEMS: u64 = 1 << 20;
