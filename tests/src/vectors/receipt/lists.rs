//! Lies in the map and in lists: moves that nobody may make, items hidden from their party, decisions on other grounds.

use super::logs::{answer, status_of};
use super::truths::{family, now, told};
use super::{Told, Trial};
use crate::hostile::Liar;
use crate::world::{Actor, World};
use procura_core::decide::{Decision, Reason};
use procura_core::draft::Draft;
use procura_core::entry::{Entry, Head, Tags};
use procura_core::hash::{alias_key, status_key, tag, tag_key};
use procura_core::receipt::{Authority, ListPart, Question};
use procura_core::status::Status;
use procura_core::{Hash, Millis};
use procura_ledger::Clock;
use serde_json::json;
use std::collections::BTreeSet;

pub(super) fn trials() -> Vec<Trial> {
    let (world, mother, son, given) = family();
    [moves(&world, given), complete(&world, &mother, given), authority(&world, &mother, &son, given)].concat()
}

/// A transition that nobody signed, with the status that the liar wants.
fn forged(liar: &mut Liar, target_id: Hash, status: u8) {
    let head = Head {
        time: liar.now,
        commitment: Hash([status; 32]),
        id: Hash([status; 32]),
        tags: Tags::default(),
    };
    let target = liar.ids[&target_id];
    liar.push(Entry::Transition { head, target, target_id, status: Status::new(status).unwrap() }, None);
}

fn moves(world: &World, given: Hash) -> Vec<Trial> {
    let through = |statuses: &[u8]| {
        let mut liar = Liar::copy(world);
        statuses.iter().for_each(|status| forged(&mut liar, given, *status));
        let mut told = answer(world, &mut liar, &status_of(given, None));
        // A list that is none is not even touched by the walk; the liar shows it all the same.
        if !told.receipt.lists.iter().any(|list| list.id == given) {
            told.receipt.lists.push(ListPart { id: given, items: liar.lists[&given].clone() });
            told.receipt.lists.sort_by_key(|list| list.id);
            let ids = told.receipt.lists.iter().map(|list| status_key(&liar.origin, &list.id));
            told.receipt.trie = liar.map_of(&ids.collect());
        }
        told
    };
    // The list that is shown is shorter than the one that the map holds.
    let mut liar = Liar::copy(world);
    forged(&mut liar, given, 15);
    liar.commit();
    liar.lists.get_mut(&given).unwrap().pop();
    let cut = told(world, liar.receipt(&status_of(given, None)), super::truths::status_ask(given));
    let mut other_leaf = Liar::copy(world);
    other_leaf.lists.get_mut(&given).unwrap()[0].leaf = Hash([1; 32]);
    let other_leaf = answer(world, &mut other_leaf, &status_of(given, None));
    vec![
        Trial::new(
            "list-item-of-another-leaf-mapped",
            "An item states another leaf than its entry has, in the map too.",
            "list_item",
            &other_leaf,
        ),
        Trial::new(
            "ended-disputed-active",
            "An ended mandate is disputed and the dispute lifted.",
            "list_move",
            &through(&[15, 0x12, 2]),
        ),
        Trial::new("ended-active", "An ended mandate is active again.", "list_move", &through(&[15, 2])),
        Trial::new(
            "disputed-pending-active",
            "A dispute on a pending mandate ends in active.",
            "list_move",
            &through(&[0x11, 2]),
        ),
        Trial::new(
            "activated-unopened",
            "The acceptance is not opened: nobody signed it.",
            "unopened",
            &through(&[2]),
        ),
        Trial::new(
            "partly-accepted-unopened",
            "A partial acceptance is not opened.",
            "unopened",
            &through(&[1]),
        ),
        Trial::new(
            "dispute-lifted-unopened",
            "The end of a dispute is not opened.",
            "unopened",
            &through(&[0x11, 1]),
        ),
        Trial::new(
            "ended-unopened",
            "An end need not be opened: it permits nothing.",
            "accept",
            &through(&[15]),
        ),
        Trial::new("end-hidden", "The end is left out of the list, not out of the map.", "list_value", &cut),
    ]
}

fn complete(world: &World, mother: &Actor, given: Hash) -> Vec<Trial> {
    let party = mother.party;
    let question = |to| Question::Complete { party, from: 0, to };
    let told_by = |mut liar: Liar| answer(world, &mut liar, &question(None));
    let honest = told_by(Liar::copy(world));

    // The operator revokes her mandate behind her back: the entry carries no tag of hers.
    let mut behind = Liar::copy(world);
    forged(&mut behind, given, 15);
    // An item in her segment that is not hers.
    let mut strange = Liar::copy(world);
    let own = tag(&mother.handle, 0);
    let root_item = strange.lists.values().flatten().find(|item| item.index.0 == 0).copied().unwrap();
    strange.tags.get_mut(&own).unwrap().insert(0, root_item);
    // Her own entry under another status than it states.
    let mut other_status = Liar::copy(world);
    other_status.tags.get_mut(&own).unwrap()[0].status = Some(Status::PENDING);
    let mut gone = Liar::copy(world);
    gone.tags.remove(&own);

    let mut nameless = honest.clone();
    let record = nameless.receipt.entries.iter_mut().filter_map(|part| part.sealed.as_mut());
    record.for_each(|sealed| sealed.handle = None);
    let mut short = honest.clone();
    short.receipt.tags.pop();
    // The end is not shown to be the end: the way to the next segment is cut away.
    let cut = absence_cut_away(world, mother);
    let mut first_page = Liar::copy(world);
    let page = answer(world, &mut first_page, &question(Some(2)));
    let mut empty = page.clone();
    empty.receipt.question = question(Some(0));
    vec![
        Trial::new("complete-liar", "An honest list of all that concerns a person.", "accept", &honest),
        Trial::new("complete-page", "The first two segments, which do not claim to be all.", "accept", &page),
        Trial::new("page-of-nothing", "A page that stops where it starts.", "malformed", &empty),
        Trial::new("misfiled", "Her mandate's end stands in no list of hers.", "misfiled", &told_by(behind)),
        Trial::new(
            "tag-of-another",
            "An entry in her segment does not carry its tag.",
            "opening_tag",
            &told_by(strange),
        ),
        Trial::new(
            "tag-item-of-another-status",
            "An item in her segment states another status than its entry.",
            "opening_tag",
            &told_by(other_status),
        ),
        Trial::new(
            "segment-gap",
            "Not even her own record stands in her first segment.",
            "segment_gap",
            &told_by(gone),
        ),
        Trial::new(
            "no-handle",
            "Her handle is not shown, so nobody can tell her tags.",
            "no_handle",
            &nameless,
        ),
        Trial::new(
            "segment-left-out",
            "A segment is in the map, but its items are not shown.",
            "missing_trie",
            &short,
        ),
        Trial::new(
            "absence-cut-away",
            "What would show the next segment absent is cut away.",
            "missing_trie",
            &cut,
        ),
    ]
}

/// A list of all whose trie lacks the way to the segment after the last. Where that way is one that the receipt
/// shows anyhow, one more note makes another trie.
fn absence_cut_away(world: &World, mother: &Actor) -> Told {
    let mut liar = Liar::copy(world);
    loop {
        let next = (0..).map(|segment| tag(&mother.handle, segment)).find(|tag| !liar.tags.contains_key(tag));
        let note = Draft::new("note", &world.occasion()).sign(&mother.kid, mother.key.as_ref()).unwrap();
        liar.log(&note, None, &[next.unwrap()]);
        let question = Question::Complete { party: mother.party, from: 0, to: None };
        let mut told = answer(world, &mut liar, &question);
        let ids = told.receipt.lists.iter().map(|list| status_key(&liar.origin, &list.id));
        let mut keys: BTreeSet<Hash> = ids.collect();
        let shown = told.receipt.tags.len() as u64;
        keys.extend((0..shown).map(|segment| tag_key(&liar.origin, &tag(&mother.handle, segment))));
        let own = liar.aliases.iter().filter(|(_, body)| body.id == mother.party);
        keys.extend(own.map(|(alias, _)| alias_key(&liar.origin, alias)));
        let less = liar.map_of(&keys);
        if less != told.receipt.trie {
            told.receipt.trie = less;
            return told;
        }
    }
}

fn authority(world: &World, mother: &Actor, son: &Actor, given: Hash) -> Vec<Trial> {
    world.append(world.transition("acceptance", son, &given));
    let request = World::ask(&son.identifier, "pension.file", &mother.identifier, "read");
    let at = world.clock.now();
    let honest = world.ledger.view().check(&request, at, &now()).unwrap();
    let ask = json!({"type": "authority", "request": request.write()});
    let but = |change: &dyn Fn(&mut Authority)| -> Told {
        let mut receipt = honest.clone();
        if let Question::Authority(asked) = &mut receipt.question {
            change(asked);
        }
        told(world, receipt, ask.clone())
    };
    let mut hidden = told(world, honest.clone(), ask.clone());
    let parts = hidden.receipt.entries.iter_mut().filter_map(|part| part.sealed.as_mut());
    parts.for_each(|sealed| {
        sealed.disclosures.clear();
        sealed.alias_proof = None;
    });
    let fresh = |ms: u64| json!({"fresh": ms});
    let late = world.ledger.view().check(&request, Millis(at.0 - 400_000), &now()).unwrap();
    let late = told(world, late, ask.clone());

    // She dies: her record ends, and with it what her mandate permits. The receipt of before is not the truth of now.
    world.append(world.transition("revocation", &world.registrar, &mother.party));
    let dead = world.ledger.view().check(&request, at, &now()).unwrap();
    let says = match &dead.question {
        Question::Authority(asked) => asked.decision.reason,
        _ => Reason::NoAuthority,
    };
    assert_eq!(says, Reason::PartyNotActive);
    let mut resurrected = dead.clone();
    if let (Question::Authority(asked), Question::Authority(before)) =
        (&mut resurrected.question, &honest.question)
    {
        asked.decision = before.decision.clone();
    }
    let liar = Liar::copy(world);
    let question = resurrected.question.clone();
    let Question::Authority(mut full) = question else { panic!("another question") };
    full.grants = vec![given];
    full.catalogues = vec![world.catalogue];
    let resurrected = told(world, liar.receipt(&Question::Authority(full)), ask.clone());
    let yes = |asked: &mut Authority| {
        asked.decision = Decision { permit: true, reason: Reason::Own, ..asked.decision.clone() };
    };
    let note = world.append(world.consent(son, &world.registrar.party, &["tax"], &["read"])).id;
    let elsewhere = Liar::copy(world);
    let Question::Authority(mut more) = dead.question.clone() else { panic!("another question") };
    more.grants = vec![note];
    more.catalogues = vec![world.catalogue];
    let surplus = told(world, elsewhere.receipt(&Question::Authority(more)), ask.clone());
    vec![
        Trial::new(
            "decision-turned",
            "The decision stated is not what decide says.",
            "other_decision",
            &but(&yes),
        ),
        Trial::new(
            "grant-left-out",
            "The mandate is not among the records.",
            "other_decision",
            &but(&|asked| asked.grants.clear()),
        ),
        Trial::new(
            "actor-exchanged",
            "Another party stands for the actor.",
            "other_party",
            &but(&|asked| asked.parties.actor = Some(world.registrar.party)),
        ),
        Trial::new(
            "principal-added",
            "A principal that the request does not name.",
            "other_party",
            &but(&|asked| asked.parties.on_behalf_of = Some(None)),
        ),
        Trial::new("identifier-withheld", "Nothing shows whose record it is.", "other_party", &hidden),
        Trial::new(
            "instant-moved",
            "Decided for an instant after the mandate's end.",
            "other_decision",
            &but(&|asked| asked.at = Millis(at.0 + 800 * 24 * 3600 * 1000)),
        ),
        Trial::new("instant-stale", "Decided for an instant long before now.", "stale", &late)
            .mode(fresh(at.0)),
        Trial::new(
            "permit-without-reason",
            "A permit with a denial's reason.",
            "malformed",
            &but(&|asked| asked.decision.reason = Reason::Ended),
        ),
        Trial::new("dead-mandator", "The mandator's record has ended since.", "other_decision", &resurrected),
        Trial::new(
            "grant-of-others",
            "A grant that the decision does not rest on: one between others.",
            "surplus",
            &surplus,
        ),
    ]
}
