//! A page: the part of the trie that one row holds.
//!
//! A page stands at a prefix of whole pairs of bits and is in one of two forms:
//!
//! - *whole*: every leaf below its prefix, at most [`PAGE_LEAVES`];
//! - *split*, once there are more: for each value of the page's own pair nothing, the one leaf there is, or a child
//!   page at the prefix one pair longer: four at most.
//!
//! A page splits exactly when it outgrows the limit and never grows whole again, so which pages there are is a function
//! of the keys alone.
//!
//! What stands in a page lies in the order of its keys, and between two neighbours lies a [`Gap`]: the inner node that
//! branches where they differ. The gap with the lowest bit is the node above all others, the lowest on each side of it its
//! children, and so on: the sorted row *is* the trie, without a pointer. A gap keeps its node's hash; an update makes those
//! above it stale, and they are hashed when the root is asked for, so that many updates share the upper levels.

use super::row;
use super::{first_difference, inner_hash, leaf_hash, pair};
use crate::hash::Hash;
use crate::kv::{Kv, Unreadable};
use std::sync::Arc;

/// Most leaves of a whole page. A page is copied and written whole for one changed leaf: more would be so for nothing, fewer
/// would be more rows to read on a path. (That split pages have four places and not sixteen is for the same reason: what an update
/// costs is the memory it touches.)
pub(super) const PAGE_LEAVES: usize = 16;

/// Pages are shared between the trie's states, and copied when they are changed in the next.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) form: Form,
    /// In the order of keys, never empty.
    pub(super) slots: Vec<Slot>,
    /// The batch that changed it last; 0: none since it was read from its row.
    pub(super) changed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    Split,
}

/// An item, and the gap between it and the one before: all in one place of memory. The first one's gap is none and not looked at.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) gap: Gap,
    pub(super) item: Item,
}

#[derive(Debug, Clone)]
pub(super) enum Item {
    Leaf { key: Hash, value: Hash },
    Child(Child),
}

/// A child page, which may be in memory.
#[derive(Debug, Clone)]
pub(super) struct Child {
    pub(super) pair: u8,
    pub(super) hash: Hash,
    /// The hash is to be taken anew from the page, which is then in memory.
    pub(super) is_stale: bool,
    pub(super) page: Option<Arc<Page>>,
}

/// The inner node that branches between two neighbours.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gap {
    pub(super) bit: u8,
    pub(super) hash: Hash,
    /// The hash is to be computed anew.
    pub(super) is_stale: bool,
}

/// What a put did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// The key had that value.
    Nothing,
    /// The key had another value.
    Replaced,
    /// The key is new.
    Added,
}

/// The batch that a page is changed in.
#[derive(Debug)]
pub(super) struct Batch<'a, K: ?Sized> {
    /// Where pages are read that are not in memory.
    pub(super) kv: &'a K,
    /// Its number: higher than those before.
    pub(super) number: u64,
    /// The last batch whose pages are all in `kv`.
    pub(super) stored: u64,
}

/// The prefix that a page stands at: the first `pairs` pairs of bits of `path`, whose others are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) pairs: u8,
    pub(super) path: Hash,
}

impl Prefix {
    pub(super) const TOP: Self = Self { pairs: 0, path: Hash([0; 32]) };

    /// Pages at prefixes shorter than this stay in memory once they are there, and split ones as long: at most 4^0 + … + 4^9
    /// of 0.5 KiB, or 4^0 + … + 4^8 of 2 KiB, about 200 MiB. Of the others, what is stored is let go.
    const KEPT_PAIRS: u8 = 9;

    /// The prefix one pair longer.
    pub(super) fn then(mut self, pair: u8) -> Self {
        if let Some(byte) = self.path.0.get_mut(usize::from(self.pairs >> 2)) {
            *byte |= pair << (6 - (self.pairs & 3) * 2);
        }
        self.pairs += 1;
        self
    }

    /// The first bit below the pair that a page here branches on.
    fn window_end(self) -> u16 {
        (u16::from(self.pairs) + 1) * 2
    }

    /// The bit at which two values of the pair that a page here branches on first differ.
    pub(super) fn branch(self, one: u8, other: u8) -> u8 {
        // The lower of the two bits, unless the upper one differs.
        self.pairs * 2 + u8::from((one ^ other) & 2 == 0)
    }
}

impl Child {
    /// The page, which stands at `at`.
    pub(super) fn load<K: Kv + ?Sized>(&self, kv: &K, at: Prefix) -> Result<Arc<Page>, Unreadable> {
        match &self.page {
            Some(page) => Ok(Arc::clone(page)),
            None => row::load_child(kv, at, &self.hash).map(Arc::new),
        }
    }
}

impl Page {
    /// A page of one leaf: the trie's first.
    pub(super) fn of_one(key: Hash, value: Hash, batch: u64) -> Self {
        let slot = Slot { gap: Gap::default(), item: Item::Leaf { key, value } };
        Self { form: Form::Whole, slots: vec![slot], changed: batch }
    }

    /// Gives `key`, which begins with `at`, the value.
    ///
    /// If a row can't be read nothing is changed.
    pub(super) fn put<K: Kv + ?Sized>(
        &mut self,
        at: Prefix,
        batch: &Batch<'_, K>,
        key: &Hash,
        value: &Hash,
    ) -> Result<Put, Unreadable> {
        let (place, there) = match self.form {
            Form::Whole => {
                let place = self.slots.partition_point(|slot| slot.item.is_before(key));
                (place, self.slots.get_mut(place).filter(|slot| slot.item.is(key)))
            }
            Form::Split => {
                let own = pair(key, at.pairs);
                let place = self.slots.partition_point(|slot| slot.item.pair(at) < own);
                (place, self.slots.get_mut(place).filter(|slot| slot.item.pair(at) == own))
            }
        };
        let put = match there {
            Some(slot) => slot.item.put(at, batch, key, value)?,
            None => {
                self.insert(at, place, Item::Leaf { key: *key, value: *value });
                Put::Added
            }
        };
        if put != Put::Nothing {
            self.make_stale(place);
            if self.form == Form::Whole && self.slots.len() > PAGE_LEAVES {
                self.split(at, batch.number);
            }
            if self.changed != batch.number {
                self.changed = batch.number;
                self.let_go(at, batch.stored);
            }
        }
        Ok(put)
    }

    /// Sets a new item between its neighbours.
    fn insert(&mut self, at: Prefix, place: usize, item: Item) {
        let gap = |one: &Item, other: &Item| Gap {
            bit: match (self.form, one, other) {
                (Form::Whole, Item::Leaf { key, .. }, Item::Leaf { key: other, .. }) => {
                    first_difference(key, other).unwrap_or_default()
                }
                _ => at.branch(one.pair(at), other.pair(at)),
            },
            hash: Hash::default(),
            is_stale: true,
        };
        let before = place.checked_sub(1).and_then(|before| self.slots.get(before));
        let before = before.map_or_else(Gap::default, |before| gap(&before.item, &item));
        let after = self.slots.get(place).map(|after| gap(&item, &after.item));
        if let (Some(slot), Some(after)) = (self.slots.get_mut(place), after) {
            slot.gap = after;
        }
        self.slots.reserve_exact(1);
        self.slots.insert(place, Slot { gap: before, item });
    }

    /// Notes that the hashes above the item at `place` are old: those of the gaps on either side whose bit is lower than all
    /// between.
    fn make_stale(&mut self, place: usize) {
        let middle = (place + 1).min(self.slots.len());
        let (left, right) = self.slots.split_at_mut(middle);
        lower_than_all_before(left.iter_mut().skip(1).rev());
        lower_than_all_before(right.iter_mut());
    }

    /// Moves the leaves of each pair of which there are several into a child page.
    fn split(&mut self, at: Prefix, batch: u64) {
        self.form = Form::Split;
        let mut slots = std::mem::take(&mut self.slots).into_iter().peekable();
        while let Some(first) = slots.next() {
            let (gap, mut of_one_pair) = (first.gap, vec![first]);
            while let Some(next) = slots.next_if(|next| u16::from(next.gap.bit) >= at.window_end()) {
                of_one_pair.push(next);
            }
            let page = Self { form: Form::Whole, slots: of_one_pair, changed: batch };
            self.slots.extend(page.into_item(at).map(|item| Slot { gap, item }));
        }
    }

    /// A new whole page at `at` then its pair, as what stands in its parent: its one leaf, or itself.
    fn into_item(mut self, at: Prefix) -> Option<Item> {
        let pair = self.slots.first()?.item.pair(at);
        if self.slots.len() == 1 {
            return self.slots.pop().map(|slot| slot.item);
        }
        if self.slots.len() > PAGE_LEAVES {
            self.split(at.then(pair), self.changed);
        }
        // Where only the page is new and not what stands in it, its hash is known and nobody above will ask for it.
        let (hash, is_stale) = match (lowest(&self.slots), self.slots.first().map(|slot| &slot.item)) {
            (Some((_, gap)), _) => (gap.hash, gap.is_stale),
            (None, Some(Item::Child(only))) => (only.hash, only.is_stale),
            _ => (Hash::default(), true),
        };
        Some(Item::Child(Child { pair, hash, is_stale, page: Some(Arc::new(self)) }))
    }

    /// Lets the child pages go that are stored and not to be kept.
    fn let_go(&mut self, at: Prefix, stored: u64) {
        let below = at.pairs + 1;
        if below >= Prefix::KEPT_PAIRS {
            let is_kept = |page: &Page| below == Prefix::KEPT_PAIRS && page.form == Form::Split;
            for slot in &mut self.slots {
                if let Item::Child(Child { page, .. }) = &mut slot.item
                    && page.as_ref().is_some_and(|page| page.changed <= stored && !is_kept(page))
                {
                    *page = None;
                }
            }
        }
    }

    /// The hash of the page's top node, computed where it is not known.
    pub(super) fn rehash(&mut self) -> Hash {
        rehash(&mut self.slots)
    }

    /// All of the page.
    pub(super) fn span(&self) -> Span<'_> {
        Span(&self.slots)
    }
}

impl Item {
    /// Whether a leaf's key is below `key`.
    fn is_before(&self, other: &Hash) -> bool {
        matches!(self, Self::Leaf { key, .. } if key < other)
    }

    fn is(&self, other: &Hash) -> bool {
        matches!(self, Self::Leaf { key, .. } if key == other)
    }

    /// The pair that a page at `at` branches on.
    pub(super) fn pair(&self, at: Prefix) -> u8 {
        match self {
            Self::Leaf { key, .. } => pair(key, at.pairs),
            Self::Child(child) => child.pair,
        }
    }

    /// Gives a key that belongs here its value.
    fn put<K: Kv + ?Sized>(
        &mut self,
        at: Prefix,
        batch: &Batch<'_, K>,
        key: &Hash,
        value: &Hash,
    ) -> Result<Put, Unreadable> {
        match self {
            Self::Leaf { key: own, value: old } if own == key => {
                let same = std::mem::replace(old, *value) == *value;
                Ok(if same { Put::Nothing } else { Put::Replaced })
            }
            // A second leaf of this pair.
            Self::Leaf { key: own, value: old } => {
                let mut page = Page::of_one(*own, *old, batch.number);
                let pair = pair(key, at.pairs);
                page.put(at.then(pair), batch, key, value)?;
                *self = Self::Child(Child {
                    pair,
                    hash: Hash::default(),
                    is_stale: true,
                    page: Some(Arc::new(page)),
                });
                Ok(Put::Added)
            }
            Self::Child(child) => {
                let below = at.then(child.pair);
                let page = match &mut child.page {
                    Some(page) => page,
                    None => child.page.insert(Arc::new(row::load_child(batch.kv, below, &child.hash)?)),
                };
                let put = Arc::make_mut(page).put(below, batch, key, value)?;
                child.is_stale |= put != Put::Nothing;
                Ok(put)
            }
        }
    }

    fn rehash(&mut self) -> Hash {
        match self {
            Self::Leaf { key, value } => leaf_hash(key, value),
            Self::Child(child) => {
                if let (true, Some(page)) = (child.is_stale, &mut child.page) {
                    child.hash = Arc::make_mut(page).rehash();
                    child.is_stale = false;
                }
                child.hash
            }
        }
    }

    /// The hash, of a page that was rehashed.
    pub(super) fn hash(&self) -> Hash {
        match self {
            Self::Leaf { key, value } => leaf_hash(key, value),
            Self::Child(child) => child.hash,
        }
    }
}

/// Makes each gap stale whose bit is lower than those before it.
fn lower_than_all_before<'a>(slots: impl Iterator<Item = &'a mut Slot>) {
    let mut lowest = u16::MAX;
    for Slot { gap, .. } in slots {
        if u16::from(gap.bit) < lowest {
            lowest = gap.bit.into();
            gap.is_stale = true;
        }
    }
}

fn rehash(slots: &mut [Slot]) -> Hash {
    match lowest(slots) {
        None => slots.first_mut().map_or_else(Hash::default, |only| only.item.rehash()),
        Some((_, gap)) if !gap.is_stale => gap.hash,
        Some((place, gap)) => {
            let bit = gap.bit;
            let (left, right) = slots.split_at_mut(place);
            let hash = inner_hash(&rehash(left), &rehash(right), bit);
            if let Some(slot) = right.first_mut() {
                slot.gap = Gap { bit, hash, is_stale: false };
            }
            hash
        }
    }
}

/// The gap whose node is above all others, and the place behind it.
fn lowest(slots: &[Slot]) -> Option<(usize, &Gap)> {
    let gaps = slots.iter().map(|slot| &slot.gap).enumerate().skip(1);
    gaps.min_by_key(|(_, gap)| gap.bit)
}

/// A node of a page with all below it in that page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span<'a>(&'a [Slot]);

/// The top of a [`Span`].
pub(super) enum Top<'a> {
    Item(&'a Item),
    Inner { gap: &'a Gap, left: Span<'a>, right: Span<'a> },
}

impl<'a> Span<'a> {
    /// The top node; `None` of nothing, which no page is.
    pub(super) fn top(self) -> Option<Top<'a>> {
        match lowest(self.0) {
            None => self.0.first().map(|only| Top::Item(&only.item)),
            Some((place, gap)) => {
                let (left, right) = self.0.split_at_checked(place)?;
                Some(Top::Inner { gap, left: Span(left), right: Span(right) })
            }
        }
    }

    /// The top node's hash, of a page that was rehashed.
    pub(super) fn hash(self) -> Hash {
        match lowest(self.0) {
            Some((_, gap)) => gap.hash,
            None => self.0.first().map_or_else(Hash::default, |only| only.item.hash()),
        }
    }
}
