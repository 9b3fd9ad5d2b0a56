//! A search finds exactly those of whom an evaluation says yes. Goal: nobody is left out, nobody is in twice, whatever the
//! pages, whoever was merged into whom. Method: worlds with grants by chance, each search held against an evaluation of every party
//! that there is; then the cases that chance rarely makes.
use procura_core::Hash;
use procura_core::decide::{AuthZen, PartyRef, Reason, Search, Sought};
use procura_core::draft::Draft;
use procura_core::kinds::PartyType;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_ledger::{Clock, PartyInfo, SPARE, Wanted};
use procura_tests::dice::{Dice, seeds};
use procura_tests::world::{Actor, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn signed(draft: Draft, by: &Actor) -> Submission {
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

fn by_id(party: &Hash) -> String {
    format!("party:{party}")
}

/// A valid NISS, by number.
fn niss(n: u64) -> String {
    let base = 750_612_000 + n;
    format!("{base:09}{:02}", 97 - base % 97)
}

/// A valid enterprise number, by number.
fn kbo(n: u64) -> String {
    let base = 4_409_000 + n;
    format!("{base:08}{:02}", 97 - base % 97)
}

/// What is asked: who, for what, with whose data, for whom.
fn search(sought: Sought, actor: &Hash, subject: &Hash, principal: Option<&Hash>) -> Search {
    let mut request = json!({
        "subject": {"type": "party", "id": by_id(actor)},
        "action": {"name": "read"},
        "resource": {"type": "tax", "id": by_id(subject)},
    });
    if let Some(principal) = principal {
        request["context"] = json!({"on_behalf_of": by_id(principal)});
    }
    Search::read(sought, request.as_object().unwrap().clone()).unwrap()
}

/// All that a search finds, in pages of so many, each within its bounds.
fn found(world: &World, search: &Search, most: usize) -> Vec<Hash> {
    let (view, at) = (world.ledger.view(), world.clock.now());
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = view.permitted_parties(search, at, Wanted { after, most }, &|_| true).unwrap();
        assert!(page.found.len() <= most && page.evaluations <= most + SPARE);
        all.extend(page.found.iter().map(|party| party.id));
        match page.next {
            Some(next) => assert!(after.is_none_or(|after| after < next), "a page that does not go on"),
            None => return all,
        }
        after = page.next;
    }
}

/// Those of these parties of whom an evaluation says yes, and not for themselves.
fn evaluated(world: &World, search: &Search, parties: &[Hash]) -> BTreeSet<Hash> {
    let (view, at) = (world.ledger.view(), world.clock.now());
    let is_permitted = |party: &&Hash| {
        let mut request: AuthZen = search.request.clone();
        match search.sought {
            Sought::Actors => request.actor = PartyRef::Id(**party),
            _ => request.subject = PartyRef::Id(**party),
        }
        let decision = view.evaluate(&request, at).unwrap();
        decision.permit && decision.reason != Reason::Own
    };
    parties.iter().filter(is_permitted).copied().collect()
}

/// Parties and grants between them, as they fall.
fn by_chance(dice: &mut Dice) -> (World, Vec<Actor>) {
    let world = World::in_memory();
    let mut parties: Vec<Actor> = (0..6).map(|n| world.person(&niss(n))).collect();
    parties.extend((0..3).map(|n| world.organisation(&kbo(n))));
    for _ in 0..40 {
        let (from, to) = (&parties[dice.below(9)], &parties[dice.below(9)]);
        if from.party == to.party {
            continue;
        }
        let scopes: &[&str] = if dice.chance(70) { &["tax"] } else { &["pension"] };
        let grant = if dice.chance(30) {
            world.append(world.consent(from, &to.party, scopes, &["read"])).id
        } else {
            let id = world.append(world.mandate(from, &to.party, scopes)).id;
            if dice.chance(75) {
                world.append(world.transition("acceptance", to, &id));
            }
            id
        };
        if dice.chance(15) {
            world.append(world.transition("revocation", from, &grant));
        }
    }
    if dice.chance(60) {
        merge(&world, &parties[6], &parties[7]);
    }
    if dice.chance(30) {
        merge(&world, &parties[7], &parties[8]);
    }
    (world, parties)
}

/// The first is merged into the second.
fn merge(world: &World, from: &Actor, into: &Actor) {
    let authority =
        world.institution(&format!("kbo:{}", kbo(100 + world.ledger.view().size().0)), &["authority"]);
    let event = Draft::on("life-event", &world.occasion(), &from.party)
        .member("event", json!("merger"))
        .member("effective", json!(world.clock.now()))
        .member("into", json!(into.party));
    world.append(signed(event, &authority));
}

#[test]
fn a_search_finds_exactly_whom_an_evaluation_permits() {
    let (mut pages, mut some) = (0, 0);
    let seeds = seeds(12);
    let worlds = usize::try_from(seeds.end - seeds.start).unwrap();
    for seed in seeds {
        let dice = &mut Dice::new(seed);
        let (world, parties) = by_chance(dice);
        // Who was merged into another stands in the list as that one.
        let is_there = |id: &Hash| world.ledger.view().status(id).unwrap() == Some(Status::ACTIVE);
        let all: Vec<Hash> = parties.iter().map(|party| party.party).filter(is_there).collect();
        for party in &all {
            let other = &all[dice.below(all.len())];
            for principal in [None, Some(other)] {
                for search in [
                    search(Sought::Subjects, party, other, principal),
                    search(Sought::Actors, other, party, principal),
                ] {
                    let most = 1 + dice.below(4);
                    let listed = found(&world, &search, most);
                    let expected = evaluated(&world, &search, &all);
                    let once: BTreeSet<Hash> = listed.iter().copied().collect();
                    assert_eq!(once.len(), listed.len(), "seed {seed}: somebody is listed twice");
                    assert_eq!(once, expected, "seed {seed}: {search:?}");
                    pages += usize::from(listed.len() > most);
                    some += usize::from(expected.len() > 1);
                }
            }
        }
    }
    assert!(pages > worlds && some > 5 * worlds, "chance made too little to look at: {pages}, {some}");
}

#[test]
fn the_law_lets_its_recipients_do_it_and_lists_nobody_to_them() {
    let world = World::in_memory();
    let office = world.institution("kbo:0403170701", &[]);
    let bases = json!([{
        "code": "law", "title": {"de": "x", "en": "x", "fr": "x", "nl": "x"},
        "categories": ["tax"], "purposes": ["read"], "recipients": [office.party],
    }]);
    world.publish_catalogue(&world.root, 2, bases);
    let (mother, son) = (world.person(&niss(1)), world.person(&niss(2)));
    let mandate = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    world.append(world.transition("acceptance", &son, &mandate));
    let mut actors = found(&world, &search(Sought::Actors, &Hash::default(), &mother.party, None), 50);
    actors.sort_unstable();
    let mut expected = vec![son.party, office.party];
    expected.sort_unstable();
    assert_eq!(actors, expected);
    let subjects = search(Sought::Subjects, &office.party, &Hash::default(), None);
    assert_eq!(found(&world, &subjects, 50), []);
    assert!(evaluated(&world, &subjects, &[mother.party]).contains(&mother.party));
}

#[test]
fn a_role_finds_what_the_party_that_it_is_under_may_do() {
    let world = World::in_memory();
    let (mother, office) = (world.person(&niss(1)), world.organisation(&kbo(1)));
    let clerk = world.role(&office, &[]);
    let mandate = world.append(world.mandate(&mother, &office.party, &["tax"])).id;
    world.append(world.transition("acceptance", &office, &mandate));
    let of =
        |actor: &Actor| found(&world, &search(Sought::Subjects, &actor.party, &Hash::default(), None), 50);
    assert_eq!(of(&clerk), of(&office));
    assert_eq!(of(&clerk), [mother.party]);
}

#[test]
fn many_grants_between_two_are_one_place() {
    let world = World::in_memory();
    let (mother, son) = (world.person(&niss(1)), world.person(&niss(2)));
    let daughter = world.person(&niss(3));
    for _ in 0..30 {
        world.append(world.consent(&mother, &son.party, &["tax"], &["read"]));
    }
    world.append(world.consent(&mother, &daughter.party, &["tax"], &["read"]));
    for most in 1..4 {
        let actors = found(&world, &search(Sought::Actors, &son.party, &mother.party, None), most);
        assert_eq!(actors.len(), 2, "in pages of {most}");
    }
}

#[test]
fn a_word_that_nobody_knows_is_not_looked_for() {
    let world = World::in_memory();
    let (mother, son) = (world.person(&niss(1)), world.person(&niss(2)));
    world.append(world.consent(&mother, &son.party, &["tax"], &["read"]));
    let ask = |pointer: &str, value: Value| {
        let mut request = json!({
            "subject": {"type": "party"}, "action": {"name": "read"},
            "resource": {"type": "tax", "id": by_id(&mother.party)},
        });
        *request.pointer_mut(pointer).unwrap() = value;
        let search = Search::read(Sought::Actors, request.as_object().unwrap().clone()).unwrap();
        let page = Wanted { after: None, most: 50 };
        let page =
            world.ledger.view().permitted_parties(&search, world.clock.now(), page, &|_| true).unwrap();
        (page.found.len(), page.evaluations, page.next)
    };
    assert_eq!(ask("/subject/type", json!("party")), (1, 2, None));
    // A scheme that there is; whom of them the caller wants is the caller's to say.
    assert_eq!(ask("/subject/type", json!("niss")), (1, 2, None));
    for (pointer, word) in
        [("/subject/type", "spaceship"), ("/action/name", "fly"), ("/resource/type", "weather")]
    {
        assert_eq!(ask(pointer, json!(word)), (0, 0, None), "{word}");
    }
    // Somebody whom nobody registered is nobody without grants.
    assert_eq!(ask("/resource/id", json!("kbo:0403170701")), (0, 0, None));
}

#[test]
fn who_is_not_wanted_costs_no_evaluation() {
    let world = World::in_memory();
    let (mother, son) = (world.person(&niss(1)), world.person(&niss(2)));
    let office = world.organisation(&kbo(1));
    for to in [&son, &office] {
        world.append(world.consent(&mother, &to.party, &["tax"], &["read"]));
    }
    let search = search(Sought::Actors, &son.party, &mother.party, None);
    let is_wanted = |party: &PartyInfo| party.content.party_type == PartyType::Organisation;
    let page = Wanted { after: None, most: 50 };
    let page = world.ledger.view().permitted_parties(&search, world.clock.now(), page, &is_wanted).unwrap();
    assert_eq!((page.found.len(), page.evaluations), (1, 1));
    assert_eq!(page.found[0].identifier.as_ref().unwrap().text(), office.identifier);
}

#[test]
fn purposes_are_those_that_an_evaluation_permits() {
    let world = World::in_memory();
    let (mother, son) = (world.person(&niss(1)), world.person(&niss(2)));
    let consent = world.append(world.consent(&mother, &son.party, &["tax"], &["read"])).id;
    let search = search(Sought::Purposes, &son.party, &mother.party, None);
    let page = |after: Option<&str>, most| {
        let page = Wanted { after: after.map(str::to_owned), most };
        let page = world.ledger.view().permitted_purposes(&search, world.clock.now(), page).unwrap();
        (page.found, page.next)
    };
    assert_eq!(page(None, 50), (vec!["read".to_owned()], None));
    // A mandate is for any purpose.
    let mandate = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    world.append(world.transition("acceptance", &son, &mandate));
    let both = || vec!["grant-allowance".to_owned(), "read".to_owned()];
    assert_eq!(page(None, 50), (both(), None));
    assert_eq!(page(None, 1), (vec!["grant-allowance".to_owned()], Some("grant-allowance".to_owned())));
    assert_eq!(page(Some("grant-allowance"), 1), (vec!["read".to_owned()], None));
    assert_eq!(page(None, 0), (Vec::new(), Some(String::new())));
    assert_eq!(page(Some(""), 50), (both(), None));
    for grant in [consent, mandate] {
        world.append(world.transition("revocation", &mother, &grant));
    }
    assert_eq!(page(None, 50), (Vec::new(), None));
}

#[test]
fn who_is_registered_is_not_told() {
    let world = World::in_memory();
    let stranger = world.person(&niss(1));
    let nobody = Hash([9; 32]);
    for sought in [Sought::Actors, Sought::Subjects] {
        for party in [&stranger.party, &nobody] {
            assert_eq!(found(&world, &search(sought, party, party, None), 50), []);
        }
    }
    // A page of nothing is followed by another, whoever it is about.
    let empty = |sought, party: &Hash| {
        let page = Wanted { after: None, most: 0 };
        let search = search(sought, party, party, Some(party));
        world.ledger.view().permitted_parties(&search, world.clock.now(), page, &|_| true).unwrap().next
    };
    for sought in [Sought::Actors, Sought::Subjects] {
        assert_eq!(empty(sought, &stranger.party), Some(Hash::default()));
        assert_eq!(empty(sought, &nobody), Some(Hash::default()));
    }
    // Without a purpose that is permitted there is no page to come, however many purposes there are.
    let after_none = |party: &Hash| {
        let search = search(Sought::Purposes, party, &world.registrar.party, None);
        let page = Wanted { after: None, most: 1 };
        let page = world.ledger.view().permitted_purposes(&search, world.clock.now(), page).unwrap();
        (page.found, page.next, page.evaluations)
    };
    assert_eq!(after_none(&stranger.party), after_none(&nobody));
    assert_eq!(after_none(&nobody), (Vec::new(), None, 2));
}
