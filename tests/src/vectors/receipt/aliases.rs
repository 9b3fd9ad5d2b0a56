//! Lies about who somebody is: a second party for one identifier, an alias that is another's, nobody where somebody is.

use super::truths::{family, now, told};
use super::{Told, Trial};
use crate::hostile::Liar;
use crate::world::{Actor, World};
use procura_core::Hash;
use procura_core::alias::Claim;
use procura_core::decide::AuthZen;
use procura_core::entry::Entry;
use procura_core::hash::{alias_key, status_key, tag};
use procura_core::index::AliasBody;
use procura_core::kinds::PartyType;
use procura_core::receipt::{AsOf, Authority, Question, Receipt};
use procura_core::status::{Initial, Status};
use procura_core::submission::Submission;
use procura_core::vrf::Secret;
use procura_ledger::{Ask, Clock};
use serde_json::json;
use std::collections::BTreeSet;

const NOBODY: &str = "niss:90010100123";

pub(super) fn trials() -> Vec<Trial> {
    [second_handles(), openings(), nobodies()].concat()
}

/// A registrar's record of a second party for somebody's identifier, under a handle of its own.
fn second(world: &World, of: &Actor) -> (Submission, [u8; 32]) {
    let handle = [0x22; 32];
    let draft = world.party_draft(PartyType::Person, &of.identifier, handle);
    (draft.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap(), handle)
}

/// Logs it with its tag; its id.
fn logged(liar: &mut Liar, submission: &Submission, handle: &[u8; 32]) -> Hash {
    let index = liar.log(submission, Some(Status::ACTIVE), &[tag(handle, 0)]);
    liar.rows[usize::try_from(index.0).unwrap()].entry.id().unwrap()
}

/// What the ledger answers to a request, changed.
fn asked(world: &World, request: &AuthZen, change: impl Fn(&mut Authority)) -> Question {
    let mut receipt = world.ledger.view().check(request, world.clock.now(), &now()).unwrap();
    if let Question::Authority(asked) = &mut receipt.question {
        change(asked);
    }
    receipt.question
}

fn authority(world: &World, request: &AuthZen, receipt: Receipt) -> Told {
    told(world, receipt, json!({"type": "authority", "request": request.write()}))
}

fn second_handles() -> Vec<Trial> {
    let (world, mother, son, _) = family();
    let request = World::ask(&son.identifier, "pension", &mother.identifier, "read");
    let (submission, handle) = second(&world, &mother);
    let mut liar = Liar::copy(&world);
    let id = logged(&mut liar, &submission, &handle);
    liar.commit();
    assert_eq!(liar.fault(), Some("alias_taken"), "whoever replays the entries finds it");
    let about_second = asked(&world, &request, |asked| asked.parties.subject = Some(id));
    let list = Question::Complete { party: id, from: 0, to: None };
    let list_of_second =
        told(&world, liar.receipt(&list), json!({"type": "complete", "party": id, "from": 0}));
    let shown = authority(&world, &request, liar.receipt(&about_second));

    // The map is bent as well: then it is the first that can't be shown any more.
    let mut bent = Liar::copy(&world);
    let id = logged(&mut bent, &submission, &handle);
    let alias = Claim::of(&mother.identifier.parse().unwrap(), &bent.vrf).alias;
    let index = bent.ids[&id];
    bent.aliases.insert(alias, AliasBody { index, id });
    bent.commit();
    let about_first = asked(&world, &request, |_| {});
    let first = authority(&world, &request, bent.receipt(&about_first));
    let list = Question::Complete { party: mother.party, from: 0, to: None };
    let ask = json!({"type": "complete", "party": mother.party, "from": 0});
    let list_of_first = told(&world, bent.receipt(&list), ask);

    let refuse = |name, reason, of: &Told| Trial::new(name, reason, "alias_taken", of);
    vec![
        refuse(
            "second-handle",
            "Her identifier was registered a second time; the map has the first.",
            &shown,
        ),
        refuse("second-handle-listed", "The list of a second party for one identifier.", &list_of_second),
        refuse("second-handle-mapped", "The map leads her identifier to a second party.", &first),
        refuse("second-handle-in-her-own-list", "She sees it at her next look at her list.", &list_of_first),
    ]
}

/// Parties as the liar logs them, each shown by its status with its identifier.
fn openings() -> Vec<Trial> {
    let (world, mother, _, given) = family();
    let (submission, handle) = second(&world, &mother);
    let shown = |change: &dyn Fn(&mut Liar, &mut Entry)| {
        let mut liar = Liar::copy(&world);
        let id = logged(&mut liar, &submission, &handle);
        let mut row = liar.rows.pop().unwrap();
        liar.lists.remove(&id);
        liar.tags.remove(&tag(&handle, 0));
        change(&mut liar, &mut row.entry);
        liar.push(row.entry, row.sealed);
        liar.commit();
        let receipt = liar.receipt(&Question::Status { id, through: None, as_of: None });
        told(&world, receipt, json!({"type": "status", "id": id}))
    };
    let as_it_is = shown(&|_, _| {});
    let of_another = shown(&|liar, entry| {
        if let Entry::Party { alias, .. } = entry {
            *alias = Claim::of(&NOBODY.parse().unwrap(), &liar.vrf).alias;
        }
    });
    let plain = shown(&|_, entry| {
        if let Entry::Party { head, status, .. } = entry.clone() {
            *entry = Entry::Create { head, status };
        }
    });
    let but = |change: &dyn Fn(&mut procura_core::source::Sealed)| {
        let mut told = as_it_is.clone();
        let parts = told.receipt.entries.iter_mut().filter_map(|part| part.sealed.as_mut());
        parts.filter(|sealed| sealed.body == submission.record).for_each(change);
        told
    };
    let other_key = Secret::from_seed(&[9; 32]);
    let identifier = mother.identifier.parse().unwrap();
    let with_key = but(&|sealed| sealed.alias_proof = Some(Claim::of(&identifier, &other_key).proof));

    let role = world.role_draft(&world.registrar.party, handle);
    let role = role.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap();
    let mut with_role = Liar::copy(&world);
    let sealed = with_role.seal(&role);
    let record = procura_core::record::Record::parse(&role.record).unwrap();
    let head = with_role.head(&record, &sealed, &[tag(&handle, 0)]);
    with_role.push(Entry::Party { head, status: Initial::Active, alias: Hash([3; 32]) }, Some(sealed));
    with_role.commit();
    let id = record.id();
    let receipt = with_role.receipt(&Question::Status { id, through: None, as_of: None });
    let role = told(&world, receipt, json!({"type": "status", "id": id}));

    let mut of_mandate = told(
        &world,
        world.ledger.view().receipt(&given, &now()).unwrap().unwrap(),
        json!({"type": "status", "id": given}),
    );
    let parts = of_mandate.receipt.entries.iter_mut().rev().filter_map(|part| part.sealed.as_mut());
    parts.take(1).for_each(|sealed| sealed.alias_proof = Some([7; 80]));

    let refuse = |name, reason, of: &Told| Trial::new(name, reason, "opening_alias", of);
    vec![
        Trial::new("alias-shown", "A party's alias, with the identifier that it is of.", "accept", &as_it_is),
        refuse("alias-of-another", "The entry has the alias of another identifier.", &of_another),
        refuse(
            "alias-unproven",
            "Nothing shows that the alias is that of the identifier.",
            &but(&|sealed| sealed.alias_proof = None),
        ),
        refuse("alias-by-another-key", "Proven by a key that entry 0 doesn't state.", &with_key),
        refuse(
            "alias-proof-alone",
            "A proof that would confirm whoever guesses.",
            &but(&|sealed| sealed.disclosures.clear()),
        ),
        refuse("alias-proof-of-a-mandate", "A mandate has no alias.", &of_mandate),
        Trial::new("party-without-alias", "A person's record that claims no alias.", "opening_class", &plain),
        Trial::new(
            "role-with-alias",
            "A role has no identifier, and claims an alias.",
            "opening_class",
            &role,
        ),
    ]
}

fn nobodies() -> Vec<Trial> {
    let (world, mother, son, _) = family();
    let before = world.ledger.view().size();
    let request = World::ask(&son.identifier, "pension", &mother.identifier, "read");
    let of_nobody = World::ask(&son.identifier, "pension", NOBODY, "read");
    let honest = world.ledger.view().check(&of_nobody, world.clock.now(), &now()).unwrap();
    let Question::Authority(said) = &honest.question else { panic!("an authority question") };
    let decision = said.decision.clone();
    let nobody = |asked: &mut Authority| {
        asked.parties.subject = None;
        asked.decision = decision.clone();
        asked.grants.clear();
        asked.catalogues.clone_from(&said.catalogues);
    };
    let denied = authority(&world, &request, Liar::copy(&world).receipt(&asked(&world, &request, nobody)));
    let but = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = honest.clone();
        change(&mut receipt);
        authority(&world, &of_nobody, receipt)
    };
    let claim = |identifier: &str| Claim::of(&identifier.parse().unwrap(), &Liar::copy(&world).vrf);
    let copy = Liar::copy(&world);
    // All that the answer needs but the actor's alias.
    let mut keys: BTreeSet<Hash> =
        honest.lists.iter().map(|list| status_key(&copy.origin, &list.id)).collect();
    keys.insert(alias_key(&copy.origin, &claim(NOBODY).alias));

    // She is registered after all, or is no more.
    let person = world.person(&NOBODY["niss:".len()..]);
    let then = Ask { as_of: Some(AsOf { size: before, time: None }), ..now() };
    let then = world.ledger.view().check(&of_nobody, world.clock.now(), &then).unwrap();
    let then = authority(&world, &of_nobody, then);
    world.append(world.transition("revocation", &world.registrar, &person.party));
    let mut ended = Liar::copy(&world);
    ended.now = world.clock.now();
    let ended = authority(&world, &of_nobody, ended.receipt(&asked(&world, &of_nobody, nobody)));

    let unproven = |name, reason, of: &Told| Trial::new(name, reason, "missing_alias", of);
    vec![
        Trial::new("nobody-then", "As of a size before somebody was registered.", "accept", &then)
            .mode(json!({"as_of": before})),
        Trial::new(
            "nobody-any-more",
            "Of somebody who has ended, as of one who was erased.",
            "accept",
            &ended,
        ),
        Trial::new(
            "nobody-denied",
            "She is registered, and the receipt says that nobody is.",
            "other_party",
            &denied,
        ),
        unproven(
            "nobody-unproven",
            "No proof of the alias that nobody has.",
            &but(&|receipt| receipt.aliases.clear()),
        ),
        unproven(
            "nobody-of-another-identifier",
            "The alias of another identifier, which nobody has either.",
            &but(&|receipt| receipt.aliases = vec![claim("niss:90010100222").proof]),
        ),
        Trial::new(
            "nobody-surplus",
            "An alias that nobody asked for.",
            "surplus",
            &but(&|receipt| {
                receipt.aliases.push(claim(&mother.identifier).proof);
                receipt.aliases.sort_unstable();
            }),
        ),
        Trial::new(
            "nobody-out-of-order",
            "Proofs of aliases that do not ascend.",
            "malformed",
            &but(&|receipt| {
                receipt.aliases.push(claim(&mother.identifier).proof);
                receipt.aliases.sort_unstable_by(|a, b| b.cmp(a));
            }),
        ),
        Trial::new(
            "alias-left-out",
            "The trie does not say where the actor's alias leads.",
            "missing_trie",
            &but(&|receipt| receipt.trie = copy.map_of(&keys)),
        ),
    ]
}
