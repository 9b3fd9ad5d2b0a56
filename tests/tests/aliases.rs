//! One identifier, one party. Goal: the ledger gives each identifier the alias that everybody can check, and nobody a second party, not even
//! of somebody who was erased; without its VRF key, or with another's, it does nothing that could not be proven. Method: worlds in memory and in
//! a folder, opened with the key, without it, and with another. (What verifiers make of lies is in `attacks.rs` and in the vectors.)
use procura_core::alias::Claim;
use procura_core::entry::Entry;
use procura_core::hash::alias_key;
use procura_core::identifier::Identifier;
use procura_core::receipt::{Mode, Receipt, verify_authority};
use procura_core::vrf::Secret;
use procura_ledger::{Ask, Audience, Clock, Ledger, OpenError, Options};
use procura_tests::world::{ORIGIN, World, vrf};
use std::sync::Arc;

const MOTHER: &str = "48031500292";
const SON: &str = "75061200192";
const NOBODY: &str = "niss:90010100123";

fn identifier(text: &str) -> Identifier {
    text.parse().unwrap()
}

#[test]
fn whoever_is_registered_has_the_alias_of_their_identifier_and_a_role_has_none() {
    let world = World::in_memory();
    let (mother, clerk) = (world.person(MOTHER), world.role(&world.registrar, &[]));
    let view = world.ledger.view();
    for actor in [&mother, &world.registrar, &world.provisional] {
        let logged = view.record(&actor.party).unwrap().unwrap().logged;
        let claim = Claim::of(&identifier(&actor.identifier), &vrf());
        assert!(matches!(logged.entry, Entry::Party { alias, .. } if alias == claim.alias));
        assert_eq!(logged.opened.as_ref().unwrap().alias_proof, Some(claim.proof));
    }
    let role = view.record(&clerk.party).unwrap().unwrap().logged;
    assert!(matches!(role.entry, Entry::Create { .. }));
    assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
}

/// The proof goes where the identifier does: to whom it concerns, to auditors, and to who named it.
#[test]
fn who_does_not_see_the_identifier_does_not_see_the_proof() {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let view = world.ledger.view();
    let shown = |reader| {
        let receipt = view.receipt(&mother.party, &Ask::now(reader)).unwrap().unwrap();
        let index = view.record(&mother.party).unwrap().unwrap().logged.index;
        let part = receipt.entries.into_iter().find(|part| part.index == index).unwrap();
        part.sealed.unwrap().alias_proof.is_some()
    };
    assert!(shown(Audience::Auditor) && shown(Audience::Party(mother.party)));
    assert!(!shown(Audience::Anyone) && !shown(Audience::Party(son.party)));
    let request = World::ask(&son.identifier, "pension", &mother.identifier, "read");
    let receipt = view.check(&request, world.clock.now(), &Ask::now(Audience::Anyone)).unwrap();
    let proofs = receipt.entries.iter().filter_map(|part| part.sealed.as_ref()?.alias_proof.as_ref()).count();
    assert_eq!(proofs, 2, "of the two that were named, and of nobody else");
}

/// Asked about somebody, before and after they are registered: a proven nobody, and then no more.
#[test]
fn that_nobody_is_registered_is_proven() {
    let world = World::in_memory();
    let son = world.person(SON);
    let request = World::ask(&son.identifier, "pension", NOBODY, "read");
    let asked = || {
        let at = world.clock.now();
        world.ledger.view().check(&request, at, &Ask::now(Audience::Anyone)).unwrap()
    };
    let verified = |receipt: &Receipt| {
        let policy = world.policy();
        verify_authority(receipt.to_json().as_bytes(), &request, &policy, Mode::Fresh(world.clock.now()))
            .map_or_else(|error| error.name(), |answer| answer.decision().reason.name())
    };
    // Prepared only: nobody yet.
    let prepared = world.ledger.resolve(&identifier(NOBODY)).unwrap();
    let before = asked();
    assert_eq!((verified(&before), before.aliases.len()), ("no_authority", 1));
    world.append(world.mandate(&son, &prepared, &["pension"]));
    let after = asked();
    assert_eq!((verified(&after), after.aliases.len()), ("no_authority", 0));
    // The old answer under the new checkpoint would need a map that leads her alias nowhere.
    let stale = Receipt { question: before.question, ..after };
    assert_eq!(verified(&stale), "missing_alias");
}

/// What was registered under a number that ended and was erased stays the only one.
#[test]
fn nobody_is_registered_twice_even_after_an_end() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    world.append(world.transition("revocation", &world.registrar, &mother.party));
    let draft = world.party_draft(procura_core::kinds::PartyType::Person, &mother.identifier, [7; 32]);
    let again = draft.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap();
    assert_eq!(world.refused(again), "party_exists");
}

#[test]
fn without_the_key_nobody_new_comes_and_everything_else_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_folder(folder.path());
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let options = Options { vrf: None, ..world.options() };
    world.ledger.close();
    // Its folder is free once nothing holds the ledger any more.
    let elsewhere = world.with_ledger(World::in_memory().ledger, world.random.clone());
    drop(world);
    let world = elsewhere;
    let open = |vrf| {
        let options = Options { vrf, ..options.clone() };
        Ledger::open(folder.path(), ORIGIN, world.log_key.clone(), options)
    };
    let other = Arc::new(Secret::from_seed(&[1; 32]));
    assert!(matches!(open(Some(other)), Err(OpenError::VrfKey)));

    let ledger = open(None).unwrap();
    ledger.set_provisional(world.registrar_of_provisionals());
    let random = Arc::new(procura_tests::world::CountedRandom::from(1 << 40));
    let world = world.with_ledger(ledger, random);
    let draft = world.party_draft(procura_core::kinds::PartyType::Person, NOBODY, [7; 32]);
    let newcomer = draft.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap();
    assert_eq!(world.refused(newcomer), "no_vrf_key");
    let resolved = world.ledger.resolve(&identifier(NOBODY)).map_err(|error| error.name().to_owned());
    assert_eq!(resolved, Err("no_vrf_key".to_owned()));
    assert_eq!(world.ledger.resolve(&identifier(&mother.identifier)).unwrap(), mother.party);
    world.append(world.mandate(&mother, &son.party, &["pension"]));
    // Those who are there are proven by what is kept of them.
    let request = World::ask(&son.identifier, "pension", &mother.identifier, "read");
    let at = world.clock.now();
    let receipt = world.ledger.view().check(&request, at, &Ask::now(Audience::Anyone)).unwrap().to_json();
    verify_authority(receipt.as_bytes(), &request, &world.policy(), Mode::Historic).unwrap();
}

/// Under which key of the map an alias stands differs from ledger to ledger, and so does the alias.
#[test]
fn two_ledgers_have_two_aliases_for_one_person() {
    let mother = identifier(&format!("niss:{MOTHER}"));
    let (one, other) = (Claim::of(&mother, &vrf()), Claim::of(&mother, &Secret::from_seed(&[1; 32])));
    assert_ne!(one.alias, other.alias);
    assert_ne!(alias_key(ORIGIN, &one.alias), alias_key("trial/other", &one.alias));
}
