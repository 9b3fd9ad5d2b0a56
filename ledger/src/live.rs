//! The ledger's own records as a source: from the store and the index, and from the batch in progress before that.

use crate::cache::CacheAt;
use crate::catalogues::Catalogues;
use crate::search::{self, Ids};
use crate::standings::{Footing, Standings};
use crate::store::{Reader, StoreError};
use crate::vault::VaultRow;
use procura_core::admission::{State, is_past};
use procura_core::alias::Claim;
use procura_core::entry::{Class, Entry};
use procura_core::identifier::Identifier;
use procura_core::index::{Item, Listed, alias_of, items_of, listed, tag_items};
use procura_core::judge::Standing;
use procura_core::key::PublicKey;
use procura_core::kv::{Kv, Unreadable};
use procura_core::log_keys::LogKey;
use procura_core::source::{Lack, List, Logged, Opened, Source};
use procura_core::vrf::Secret;
use procura_core::{Hash, Index, Millis, Size, hash};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many creates that were looked up are remembered: more than a decision needs, few enough for an audit.
const MOST_FOUND: usize = 256;

/// A record as the ledger keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The entry with its record.
    pub(crate) logged: Arc<Logged>,
    /// The parties with the segment in which each has it.
    pub(crate) filed: Vec<(Hash, u64)>,
}

/// An entry that is not in the store yet.
pub(crate) struct Pending {
    pub(crate) kept: Arc<Kept>,
}

/// What of a record that is read from the store is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// What admission found, of the body that the entry commits to: this ledger admitted it itself.
    Admission,
    /// Nothing: everything is looked at again, aliases under the key that entry 0 states.
    Nothing(Option<PublicKey>),
}

/// Where records are read from: `kv` finds them, `reader` holds them, `pending` comes after what it holds.
pub(crate) struct Live<'a, K: Kv + ?Sized> {
    pub(crate) origin: &'a str,
    pub(crate) kv: &'a K,
    pub(crate) reader: &'a dyn Reader,
    pub(crate) cache: CacheAt<'a>,
    pub(crate) trust: Trust,
    /// What aliases are computed with, if it is at hand.
    pub(crate) vrf: Option<&'a Secret>,
    /// Entries after the reader's size, the first of them right behind it.
    pub(crate) pending: &'a [Option<Pending>],
    pub(crate) prepared: &'a dyn Fn(&Hash) -> bool,
    /// The catalogues that have not ended.
    pub(crate) catalogues: &'a Catalogues,
    /// The log's keys.
    pub(crate) log_keys: &'a [LogKey],
    /// What was judged before, and the footing that holds for `kv`; `None` where nothing may be relied on.
    pub(crate) standings: Option<(&'a Standings, Footing)>,
    /// How many entries `kv` tells of: what was judged on the same footing may have come later.
    pub(crate) size: Size,
    /// The creates that were looked up, and what their rows say: whoever asks for a record asks for its list too.
    pub(crate) found: RefCell<BTreeMap<Hash, Listed>>,
}

impl<K: Kv + ?Sized> Live<'_, K> {
    /// What the index says of a create.
    fn listed(&self, id: &Hash) -> Result<Option<Listed>, Unreadable> {
        if let Some(found) = self.found.borrow().get(id) {
            return Ok(Some(*found));
        }
        let found = listed(self.kv, id)?;
        if let Some(found) = found {
            let mut known = self.found.borrow_mut();
            if known.len() == MOST_FOUND {
                known.clear();
            }
            known.insert(*id, found);
        }
        Ok(found)
    }

    /// The record at an index with its filing.
    pub(crate) fn kept(&self, index: Index) -> Result<Arc<Kept>, Lack> {
        if let Some(beyond) = index.0.checked_sub(self.reader.head().size.0) {
            let pending =
                usize::try_from(beyond).ok().and_then(|n| self.pending.get(n)).and_then(Option::as_ref);
            return pending.map(|pending| Arc::clone(&pending.kept)).ok_or(Lack::Entry { index });
        }
        if let Some(kept) = self.cache.get(index) {
            return Ok(kept);
        }
        let kept = Arc::new(self.read(index)?);
        self.cache.insert(index, Arc::clone(&kept));
        Ok(kept)
    }

    fn read(&self, index: Index) -> Result<Kept, Lack> {
        let unreadable = |error: StoreError| Lack::Unreadable(Unreadable(error.to_string()));
        let bytes = self.reader.entries(index.0..index.0 + 1).map_err(unreadable)?;
        let bytes = bytes.first().ok_or(Lack::Entry { index })?;
        let entry = Entry::decode(bytes).map_err(|error| damaged(index, &error.to_string()))?;
        let (opened, filed) = match self.reader.vault(index).map_err(unreadable)? {
            None => (None, Vec::new()),
            Some(row) => {
                let row = VaultRow::decode(&row).map_err(|error| damaged(index, &error.to_string()))?;
                let opened = match self.trust {
                    Trust::Admission => Opened::admitted(index, &entry, row.admitted),
                    Trust::Nothing(key) => {
                        Opened::check(index, &entry, row.admitted.sealed(), self.origin, key.as_ref())
                    }
                };
                (Some(opened?), row.filed)
            }
        };
        Ok(Kept { logged: Arc::new(Logged { index, leaf: hash::leaf(bytes), entry, opened }), filed })
    }
}

fn damaged(index: Index, what: &str) -> Lack {
    Lack::Unreadable(Unreadable(format!("the entry at {index} is damaged: {what}")))
}

impl<K: Kv + ?Sized> Source for Live<'_, K> {
    fn origin(&self) -> &str {
        self.origin
    }

    fn record(&self, id: &Hash) -> Result<Arc<Logged>, Lack> {
        if let Some(known) = self.judged(id) {
            return Ok(known.create);
        }
        let index = match self.listed(id)? {
            Some(found) => found.created(),
            None => search::place_of(self.kv, id)?.ok_or(Lack::Record { id: *id })?,
        };
        let logged = self.at(index)?;
        if logged.entry.class() == Class::Transition { Err(Lack::Record { id: *id }) } else { Ok(logged) }
    }

    fn at(&self, index: Index) -> Result<Arc<Logged>, Lack> {
        self.kept(index).map(|kept| Arc::clone(&kept.logged))
    }

    /// On one footing no list of a key, party or catalogue grows: whoever proves walks to the root all the same, but need not look up
    /// again what the judgement before looked up.
    fn list(&self, id: &Hash) -> Result<Arc<List>, Lack> {
        if let Some(known) = self.judged(id) {
            return Ok(known.list);
        }
        let found = self.listed(id)?.ok_or(Lack::List { id: *id })?;
        let items = items_of(self.kv, id, &found)?;
        match List::new(items) {
            Ok(list) => Ok(Arc::new(list)),
            Err(_) => Err(Lack::List { id: *id }),
        }
    }

    fn tag(&self, tag: &Hash) -> Result<Option<Arc<Vec<Item>>>, Lack> {
        let items = tag_items(self.kv, tag, 0..u64::MAX)?;
        // A tag that is there has an item.
        Ok((!items.is_empty()).then(|| Arc::new(items)))
    }

    fn alias(&self, alias: &Hash) -> Result<Option<Index>, Lack> {
        Ok(alias_of(self.kv, alias)?.map(|body| body.index))
    }

    fn claim(&self, identifier: &Identifier) -> Result<Claim, Lack> {
        self.vrf.map(|secret| Claim::of(identifier, secret)).ok_or(Lack::Claim)
    }

    fn holds(&self, index: Index, id: &Hash) -> Result<bool, Unreadable> {
        Ok(search::index_of(self.kv, id)? == Some(index))
    }

    fn judged(&self, id: &Hash) -> Option<Standing> {
        let known = self.standings.and_then(|(standings, footing)| standings.get(id, footing));
        known.filter(|known| known.create.index.0 < self.size.0)
    }

    fn stand(&self, mut found: Vec<Standing>) {
        if let Some((standings, footing)) = self.standings {
            // What a batch in progress judged of its own may never be logged.
            let logged = self.reader.head().size;
            found.retain(|standing| standing.create.index.0 < logged.0);
            self.cache.if_none_was_erased(|| standings.keep(found, footing));
        }
    }
}

impl<K: Ids + ?Sized> State for Live<'_, K> {
    fn has_key(&self, party: &Hash) -> Result<bool, Unreadable> {
        search::has_key(self.kv, party)
    }

    fn is_prepared(&self, party: &Hash) -> bool {
        (self.prepared)(party)
    }

    fn parties_of(&self, id: &Hash) -> Result<BTreeSet<Hash>, Lack> {
        let indexes = search::indexes_of(self.kv, id)?;
        let mut parties = BTreeSet::new();
        for index in indexes {
            parties.extend(self.kept(index)?.filed.iter().map(|(party, _)| *party));
        }
        Ok(parties)
    }

    fn has_in_force(&self, party: &Hash, time: Millis) -> Result<bool, Lack> {
        let Some(filing) = search::filing_of(self.kv, party)? else { return Ok(false) };
        for segment in 0..=filing.segment {
            for item in tag_items(self.kv, &hash::tag(&filing.handle, segment), 0..u64::MAX)? {
                if !item.class.is_create() {
                    continue;
                }
                let logged = self.at(item.index)?;
                if let Some(id) = logged.entry.id()
                    && listed(self.kv, &id)?.is_some_and(|found| !is_past(&logged, found.status, time))
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn under(&self, mandate: &Hash) -> Result<Vec<Hash>, Lack> {
        Ok(self.kv.ids(&search::under_prefix(mandate), usize::MAX)?)
    }

    fn retentions_of(&self, id: &Hash) -> Result<Vec<Hash>, Lack> {
        Ok(self.kv.ids(&search::retentions_prefix(id), usize::MAX)?)
    }

    fn hook_with(&self, party: &Hash, number: u8) -> Result<Option<Hash>, Lack> {
        Ok(self.kv.ids(&search::numbered_prefix(party, number), 1)?.first().copied())
    }

    fn catalogues(&self) -> &[Hash] {
        self.catalogues.ids()
    }

    fn log_keys(&self) -> &[LogKey] {
        self.log_keys
    }
}

#[cfg(test)]
mod tests {
    //! Goal: a view tells nothing of what came after it, though both are on one footing and the later one judged it already. Method: an
    //! institution and its key, registered between two views.

    use super::*;
    use crate::error::ReadError;
    use crate::{Ledger, Options, Setup};
    use procura_core::draft::{Draft, Occasion};
    use procura_core::key::{Signer, SoftKey};
    use procura_core::kinds::{PartyType, proof_of_possession_message};
    use serde_json::json;
    use std::time::SystemTime;

    const ORIGIN: &str = "trial/live";

    fn occasion(n: u8) -> Occasion<'static> {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis().try_into().unwrap();
        Occasion { origin: ORIGIN, nonce: [n; 32], now: Millis(now) }
    }

    #[test]
    fn an_older_view_does_not_see_what_was_judged_later() {
        let (root, key) = (SoftKey::from_seed(&[1; 32]), SoftKey::from_seed(&[2; 32]));
        let kid = root.public_key().thumbprint();
        let vrf = Arc::new(Secret::from_seed(&[3; 32]));
        let entry_0 = Draft::new("root", &occasion(1))
            .member("keys", json!([root.public_key().jwk()]))
            .member("quorum", json!(1))
            .member("key_delay", json!(259_200_000))
            .member("trial", json!(true))
            .vrf_key(vrf.public_key());
        let setup = Setup {
            origin: ORIGIN.to_owned(),
            root: entry_0.sign(&kid, &root).unwrap(),
            log_key: Arc::new(SoftKey::from_seed(&[4; 32])),
        };
        let ledger = Ledger::in_memory(setup, Options { vrf: Some(vrf), ..Options::default() }).unwrap();
        let before = ledger.view();

        let identifier = "kbo:0999999922".parse().unwrap();
        let party = Draft::party(
            &occasion(2),
            PartyType::Institution,
            [5; 32],
            &identifier,
            Some("Registry"),
            &[[6; 16], [7; 16]],
        );
        let party = ledger.append(party.unwrap().sign(&kid, &root).unwrap()).unwrap().id;
        let (bound, public) = (occasion(3), key.public_key());
        let message = proof_of_possession_message(ORIGIN, &party, &public, &bound.nonce);
        let possession = key.sign(&message).unwrap();
        let bound = Draft::key(&bound, &party, &public, &possession, "first", "substantial");
        let bound = ledger.append(bound.sign(&kid, &root).unwrap()).unwrap().id;

        // Judged by the later view, and kept on the footing of both.
        let after = ledger.view();
        assert!(after.counts(&bound).unwrap());
        assert_eq!(before.head.footing, after.head.footing);
        for id in [&party, &bound] {
            assert!(after.shared.standings.get(id, before.head.footing).is_some());
            assert!(after.counts(id).unwrap());
            assert!(matches!(before.counts(id), Err(ReadError::Fault(_))));
        }
        assert!(after.party(&party).unwrap().is_some() && after.key(&bound).unwrap().is_some());
        assert!(before.party(&party).unwrap().is_none() && before.key(&bound).unwrap().is_none());
    }
}
