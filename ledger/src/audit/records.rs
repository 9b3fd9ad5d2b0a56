//! Every record that opens: who signed it, what it moved, in whose lists it stands.

use super::finding::Finding;
use super::rebuild::Rebuilt;
use crate::catalogues::Catalogues;
use crate::filing::concerned;
use crate::live::{Kept, Live, Trust};
use crate::search;
use procura_core::entry::Entry;
use procura_core::hash::tag;
use procura_core::index::tag_header;
use procura_core::judge::{Judge, Verdict};
use procura_core::kinds::{Content, KeyEnd, PartyType};
use procura_core::kv::MemoryKv;
use procura_core::source::{Lack, Logged, Source};
use procura_core::{Hash, Index};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// How often progress is told, in entries.
const TELL: u64 = 256;

type Own<'a> = Live<'a, MemoryKv>;

/// What was seen of a party's list.
#[derive(Default, Clone, Copy)]
struct Segments {
    last: u64,
}

impl Rebuilt<'_> {
    /// Judges every record from the root down, and where it is filed.
    pub(super) fn check_records(&mut self, progress: &mut dyn FnMut(u64)) {
        let nothing_prepared = |_: &Hash| false;
        let live = Live {
            origin: self.origin,
            kv: &self.kv,
            reader: self.reader,
            cache: self.cache.now(),
            trust: Trust::Nothing(self.vrf_key),
            vrf: None,
            pending: &[],
            prepared: &nothing_prepared,
            // An audit registers nobody.
            catalogues: &Catalogues::none(),
            log_keys: &[],
            // An audit relies on nothing that was found before.
            standings: None,
            size: self.mapped(),
            found: RefCell::default(),
        };
        let mut counts = self.counts;
        let mut found = Vec::new();
        // Bodies that do not open were found before: what rests on them says so again.
        let mut told = self.told();
        let mut segments: BTreeMap<Hash, Segments> = BTreeMap::new();
        let judge = Judge::new(&live);
        for index in 0..self.mapped().0 {
            if index % TELL == 0 {
                progress(index);
            }
            // What does not open was found before.
            let Ok(kept) = live.kept(Index(index)) else { continue };
            if kept.logged.opened.is_none() {
                continue;
            }
            match judged(&judge, &kept.logged) {
                Ok(()) => counts.signatures += 1,
                Err(verdict) => match weigh(&live, &verdict) {
                    Weight::Discounted => counts.discounted += 1,
                    Weight::Unjudged => counts.unjudged += 1,
                    // Whatever rests on a record with a finding has the same: it is told once.
                    Weight::Finding if told.insert(verdict.to_string()) => {
                        found.push(Finding::Judged { index: Index(index), verdict });
                    }
                    Weight::Finding => {}
                },
            }
            check_filing(&live, &kept, &mut segments, &mut found);
        }
        check_segments(&live, &segments, &mut found);
        self.counts = counts;
        found.into_iter().for_each(|finding| self.find(finding));
        progress(self.size().0);
    }
}

/// Judges one record: signature, signer, status or move.
fn judged(judge: &Judge<'_, Own<'_>>, logged: &Logged) -> Result<(), Verdict> {
    match &logged.entry {
        Entry::Create { head, .. } | Entry::Party { head, .. } => judge.standing(&head.id).map(drop),
        Entry::Transition { target_id, .. } => judge.item(target_id, logged.index).map(drop),
        Entry::Trace { .. } => judge.signer(logged),
        Entry::Commit(_) => Ok(()),
    }
}

enum Weight {
    Finding,
    Discounted,
    Unjudged,
}

/// Whether a verdict is the ledger's fault.
fn weigh(live: &Own<'_>, verdict: &Verdict) -> Weight {
    match verdict {
        Verdict::Lack(Lack::Unopened { .. } | Lack::Unreadable(_)) => Weight::Unjudged,
        Verdict::KeyCompromised(at) if !was_known(live, *at).unwrap_or(false) => Weight::Discounted,
        _ => Weight::Finding,
    }
}

/// Whether the ledger knew, when it logged the record at `at`, that its key had been in other hands by then.
fn was_known(live: &Own<'_>, at: Index) -> Result<bool, Lack> {
    let logged = live.at(at)?;
    for item in live.list(logged.opened()?.record.jws().kid())?.items() {
        if item.index < at
            && let Content::KeyEnd(KeyEnd { compromised_since: Some(since), .. }) =
                live.at(item.index)?.opened()?.record.content()
            && *since <= logged.entry.time()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The record stands in the lists of exactly the parties that it concerns, and its tags say exactly that.
fn check_filing(
    live: &Own<'_>,
    kept: &Kept,
    segments: &mut BTreeMap<Hash, Segments>,
    found: &mut Vec<Finding>,
) {
    let index = kept.logged.index;
    match filed_parties(live, &kept.logged) {
        Ok(wanted) if !wanted.iter().eq(kept.filed.iter().map(|(party, _)| party)) => {
            found.push(Finding::FiledParties { index });
        }
        // Without what it rests on nobody can tell.
        _ => {}
    }
    let tags: BTreeSet<&Hash> = kept.logged.entry.tags().iter().collect();
    let mut are_right = tags.len() == kept.filed.len();
    for (party, segment) in &kept.filed {
        let known = search::filing_of(live.kv, party).ok().flatten();
        are_right &= known.is_none_or(|known| tags.contains(&tag(&known.handle, *segment)));
        let seen = segments.entry(*party).or_default();
        if *segment < seen.last {
            found.push(Finding::SegmentOrder { index, party: *party, segment: *segment });
        }
        seen.last = seen.last.max(*segment);
    }
    if !are_right {
        found.push(Finding::Tags { index });
    }
}

/// The parties that a logged record concerns, as the sequencer computed them.
fn filed_parties(live: &Own<'_>, logged: &Logged) -> Result<Vec<Hash>, Lack> {
    let record = &logged.opened()?.record;
    let target = match &logged.entry {
        Entry::Transition { target, .. } => Some(live.kept(*target)?),
        _ => None,
    };
    let of_target = match &target {
        Some(target) => Some(&target.logged.opened()?.record),
        None => None,
    };
    let signer = match live.record(record.jws().kid()) {
        Ok(key) => match key.opened()?.record.content() {
            Content::Key(key) => Some(key.party),
            _ => None,
        },
        Err(Lack::Record { .. }) => None,
        Err(lack) => return Err(lack),
    };
    let by_words = (record.row().concerns)(record, of_target);
    let target_filed = target.as_ref().map_or(&[][..], |target| &target.filed);
    Ok(concerned(&by_words, target_filed, signer))
}

/// Each party's segments run from 0 without gaps, and a person's hold one item.
fn check_segments(live: &Own<'_>, segments: &BTreeMap<Hash, Segments>, found: &mut Vec<Finding>) {
    for (party, seen) in segments {
        let Ok(Some(filing)) = search::filing_of(live.kv, party) else { continue };
        for segment in 0..=seen.last {
            let items = tag_header(live.kv, &tag(&filing.handle, segment)).ok().flatten();
            match items.map(|header| header.list.count()) {
                None => found.push(Finding::SegmentGap { party: *party, segment }),
                Some(items) if items > 1 && filing.party_type == PartyType::Person => {
                    found.push(Finding::SegmentCrowded { party: *party, segment, items });
                }
                Some(_) => {}
            }
        }
    }
}
