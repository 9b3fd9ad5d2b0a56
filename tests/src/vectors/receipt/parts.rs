//! True receipts with parts left out, added, exchanged or garbled: no log key is needed for these.

use super::truths::{family, now, policy, status_ask, told};
use super::{Told, Trial};
use crate::world::World;
use procura_core::Hash;
use procura_core::receipt::Receipt;
use serde_json::json;

pub(super) fn trials() -> Vec<Trial> {
    let (world, mother, son, given) = family();
    let accepted = world.append(world.transition("acceptance", &son, &given)).id;
    let receipt = |id: &Hash| world.ledger.view().receipt(id, &now()).unwrap().unwrap();
    let honest = told(&world, receipt(&given), status_ask(given));
    let small = told(&world, receipt(&world.registrar.party), status_ask(world.registrar.party));
    [form(&small), parts(&honest, &small), left_out(&world, given, accepted, &mother.kid)].concat()
}

/// A small receipt with one change.
fn but(of: &Told, change: impl FnOnce(&mut Receipt)) -> Told {
    let mut told = of.clone();
    change(&mut told.receipt);
    told
}

fn form(small: &Told) -> Vec<Trial> {
    let text = small.receipt.to_json();
    let refuse = |name, reason, expect| Trial::new(name, reason, expect, small);
    let unknown = text.replacen("\"v\":1", "\"v\":1,\"w\":1", 1);
    let doubled = text.replacen("\"v\":1", "\"v\":1,\"v\":1", 1);
    let later = text.replacen("\"v\":1", "\"v\":2", 1);
    let bare = text.replacen("\"trie\"", "\"tree2\"", 1);
    vec![
        refuse("malformed-text", "Not JSON.", "malformed").text("no receipt"),
        refuse("malformed-unknown-member", "A member that no version knows.", "malformed").text(&unknown),
        refuse("malformed-member-twice", "A member stands twice.", "malformed").text(&doubled),
        refuse("malformed-member-missing", "There is no trie.", "malformed").text(&bare),
        refuse("unknown-version", "A receipt of version 2.", "unknown_version").text(&later),
        refuse("other-id", "An answer about another record.", "other_question")
            .ask(status_ask(Hash([1; 32]))),
        refuse("other-type", "A status where existence was asked.", "other_question")
            .ask(json!({"type": "existence", "id": small.ask["id"]})),
        refuse("other-through", "The transition asked for is not in the question.", "other_question")
            .ask(json!({"type": "status", "id": small.ask["id"], "through": Hash([1; 32])})),
    ]
}

fn parts(honest: &Told, small: &Told) -> Vec<Trial> {
    let trial = |name, reason, expect, change: &dyn Fn(&mut Receipt)| {
        Trial::new(name, reason, expect, &but(small, change))
    };
    let one_bit = |bytes: &mut Vec<u8>| bytes[40] ^= 1;
    vec![
        trial("proof-malformed", "The tlog-proof lacks its first line.", "proof_malformed", &|r| {
            r.proof = r.proof.replacen("c2sp.org/tlog-proof@v1\n", "", 1);
        }),
        trial("surplus-path-hash", "The commit's path has one hash too many.", "commit_inclusion", &|r| {
            let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
            r.proof = r.proof.replacen("\n\n", &format!("\n{hash}\n\n"), 1);
        }),
        trial("commit-changed", "One bit of the index commit.", "commit_inclusion", &|r| {
            one_bit(&mut r.commit)
        }),
        trial(
            "commit-is-an-entry",
            "An ordinary entry in the place of the index commit.",
            "no_commit",
            &|r| {
                r.commit = r.entries[0].entry.clone();
            },
        ),
        trial("commit-of-a-later-map", "The map is of version 2.", "unknown_map_version", &|r| {
            r.commit[10] = 2
        }),
        trial("entry-malformed", "An entry with a byte too many.", "entry_malformed", &|r| {
            r.entries[1].entry.push(0);
        }),
        trial("entries-out-of-order", "The entries descend.", "entry_malformed", &|r| r.entries.reverse()),
        trial("entry-twice", "An entry stands twice.", "entry_malformed", &|r| {
            let again = r.entries[1].clone();
            r.entries.push(again);
        }),
        trial("entry-changed", "One bit of an entry.", "inclusion", &|r| one_bit(&mut r.entries[1].entry)),
        trial("entry-left-out", "The record's entry is not there.", "inclusion", &|r| drop(r.entries.pop())),
        trial("surplus-tree-hash", "The multi-proof has one hash too many.", "inclusion", &|r| {
            r.tree.push(Hash([0; 32]));
        }),
        trial("tree-hash-missing", "The multi-proof lacks a hash.", "inclusion", &|r| {
            r.tree.truncate(r.tree.len() - 1)
        }),
        trial("opening-exchanged", "The opening is another's.", "opening_commitment", &|r| {
            r.entries[1].sealed.as_mut().unwrap().r[0] ^= 1;
        }),
        trial("body-exchanged", "The body is another record's.", "opening_commitment", &|r| {
            let other = r.entries[0].sealed.as_ref().unwrap().body.clone();
            r.entries[1].sealed.as_mut().unwrap().body = other;
        }),
        trial("disclosure-of-another", "A disclosure of no digest.", "opening_disclosure", &|r| {
            let text = "WyJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIiwibmFtZSIsIngiXQ".to_owned();
            r.entries[1].sealed.as_mut().unwrap().disclosures.push(text);
        }),
        trial("handle-of-another", "A handle that the record does not commit to.", "opening_handle", &|r| {
            r.entries[1].sealed.as_mut().unwrap().handle = Some([1; 32]);
        }),
        trial("trie-malformed", "The trie has a byte too many.", "trie_malformed", &|r| r.trie.push(0)),
        trial("trie-changed", "One bit of the trie.", "map_root", &|r| *r.trie.last_mut().unwrap() ^= 1),
        trial("trie-a-stub", "The whole trie is cut away: missing, and not absent.", "missing_list", &|r| {
            let root = r.commit[19..51].to_vec();
            r.trie = [vec![0], root].concat();
        }),
        trial("lists-out-of-order", "The lists descend.", "list_malformed", &|r| r.lists.reverse()),
        trial("list-empty", "A list without items.", "list_malformed", &|r| r.lists[0].items.clear()),
        trial("list-left-out", "A status list is not there.", "missing_list", &|r| drop(r.lists.pop())),
        trial("surplus-tag", "A tag's list that nobody asked for.", "surplus", &|r| {
            r.tags.push(r.lists[0].items.clone());
        }),
        trial("tag-malformed", "A tag's list without items.", "tag_malformed", &|r| r.tags.push(Vec::new())),
        Trial::new(
            "list-cut",
            "The acceptance is left out of the mandate's list.",
            "list_value",
            &but(honest, |r| {
                r.lists
                    .iter_mut()
                    .filter(|list| list.items.len() > 1)
                    .for_each(|list| list.items.truncate(1));
            }),
        ),
        Trial::new(
            "list-turned",
            "The items of the mandate's list are exchanged.",
            "list_malformed",
            &but(honest, |r| r.lists.iter_mut().for_each(|list| list.items.reverse())),
        ),
        Trial::new(
            "list-item-of-another-leaf",
            "An item states another leaf than its entry has, and than the map.",
            "list_value",
            &but(honest, |r| {
                let of_two = r.lists.iter_mut().find(|list| list.items.len() == 2).unwrap();
                of_two.items[1].leaf = Hash([1; 32]);
            }),
        ),
    ]
}

/// What the answer needs is in the receipt, but not shown; what it does not need is.
fn left_out(world: &World, given: Hash, accepted: Hash, key: &Hash) -> Vec<Trial> {
    let ask = status_ask(given);
    let unopened = |name, reason, id: &Hash| {
        let mut receipt = world.ledger.view().receipt(&given, &now()).unwrap().unwrap();
        let index = world.ledger.view().record(id).unwrap().unwrap().logged.index;
        let part = receipt.entries.iter_mut().find(|part| part.index == index).unwrap();
        part.sealed = None;
        Trial::new(name, reason, "unopened", &told(world, receipt, ask.clone()))
    };
    let mut receipt = world.ledger.view().receipt(&accepted, &now()).unwrap().unwrap();
    receipt.question = world.ledger.view().receipt(&given, &now()).unwrap().unwrap().question;
    let honest = told(world, receipt, ask.clone());
    let mut more = world.ledger.view().receipt(key, &now()).unwrap().unwrap();
    more.question = world.ledger.view().receipt(&world.registrar.party, &now()).unwrap().unwrap().question;
    vec![
        unopened("acceptance-unopened", "The acceptance that activates is not opened.", &accepted),
        unopened("key-unopened", "The signer's key is not opened.", key),
        Trial::new("through-more-than-asked", "The same parts, of another question.", "accept", &honest),
        Trial::new(
            "surplus-records",
            "A receipt with records that its answer does not need.",
            "surplus",
            &told(world, more, status_ask(world.registrar.party)),
        )
        .policy(policy(world)),
    ]
}
