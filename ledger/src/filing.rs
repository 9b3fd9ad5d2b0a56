//! In whose lists a record stands, and where in each.

use crate::search::{Filing, SEGMENT_ITEMS};
use procura_core::Hash;
use procura_core::hash::tag;
use procura_core::index::tag_count;
use procura_core::kinds::PartyType;
use procura_core::kv::{Kv, Unreadable};

/// The parties that a record is filed under, each once: those of its own words, those of its target's entry, its signer's.
/// Whoever has a record in their list has all that happens to it.
///
/// spec: kinds.md
pub(crate) fn concerned(by_words: &[Hash], target_filed: &[(Hash, u64)], signer: Option<Hash>) -> Vec<Hash> {
    let mut parties: Vec<Hash> = Vec::with_capacity(by_words.len() + target_filed.len() + 1);
    let all = by_words.iter().chain(target_filed.iter().map(|(party, _)| party)).chain(signer.as_ref());
    for party in all {
        if !parties.contains(party) {
            parties.push(*party);
        }
    }
    parties
}

/// Takes a place for the next item of a party's list: its segment and the tag there.
///
/// The filing row says where to look first; what the tag's own list holds decides. A row that was rebuilt after an
/// erasure may lag behind, and a person's segment taken twice would link two entries.
pub(crate) fn take_place<K: Kv + ?Sized>(kv: &K, filing: &mut Filing) -> Result<(u64, Hash), Unreadable> {
    let most = if filing.party_type == PartyType::Person { 1 } else { SEGMENT_ITEMS };
    if filing.items >= most {
        filing.segment += 1;
    }
    loop {
        let tag = tag(&filing.handle, filing.segment);
        let held = tag_count(kv, &tag)?.unwrap_or(0);
        match u32::try_from(held) {
            Ok(held) if held < most => {
                filing.items = held + 1;
                return Ok((filing.segment, tag));
            }
            _ => filing.segment += 1,
        }
    }
}
