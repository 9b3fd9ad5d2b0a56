//! What was judged before: keys, parties and catalogues that others rest on, found to stand.
//!
//! A judgement of one of these changes only if a key, a party, a catalogue or the root moves. Each such move, and each new
//! catalogue, begins a new *footing*; what was found on an older one counts for nothing. So a decision does not walk from each signer to the root
//! again as long as nothing moved there.

use procura_core::Hash;
use procura_core::judge::Standing;
use procura_core::kinds::Content;
use procura_core::record::Record;
use quick_cache::sync::Cache;

/// How often, since the ledger was opened, something moved that others rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footing(u64);

impl Footing {
    /// The first.
    pub(crate) const FIRST: Self = Self(0);

    /// The one after this.
    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Standings with the footing that each was found on; a bounded number of them.
pub(crate) struct Standings {
    found: Cache<Hash, (Footing, Standing)>,
}

impl Standings {
    pub(crate) fn new(most: usize) -> Self {
        Self { found: Cache::new(most) }
    }

    /// Forgets everything: a record among it was erased.
    pub(crate) fn forget(&self) {
        self.found.clear();
    }

    /// What was found of a create on this footing.
    pub(crate) fn get(&self, id: &Hash, footing: Footing) -> Option<Standing> {
        self.found.get(id).filter(|(found_on, _)| *found_on == footing).map(|(_, standing)| standing)
    }

    /// Keeps what was found on this footing; of records that others rest on only, since a grant moves without a new one.
    pub(crate) fn keep(&self, standings: Vec<Standing>, footing: Footing) {
        for standing in standings {
            if let Some(opened) = &standing.create.opened
                && is_rested_on(&opened.record)
            {
                self.found.insert(opened.record.id(), (footing, standing));
            }
        }
    }
}

/// Whether the standing of others depends on that of this record.
pub(crate) fn is_rested_on(record: &Record) -> bool {
    matches!(record.content(), Content::Root(_) | Content::Party(_) | Content::Key(_) | Content::Catalogue(_))
}
