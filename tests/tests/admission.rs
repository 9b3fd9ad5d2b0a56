//! Who may have what logged. Goal: every refusal of `spec/records.md` that looks at the state is given by its name, each beside
//! a twin that is taken, and none leaves a trace. Method: the world of `world.rs`, one thing wrong at a time;
//! [`World::refused`] holds the size of the log before and after.
use procura_core::draft::{Draft, Occasion};
use procura_core::hash::handle_commitment;
use procura_core::identifier::Identifier;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{PartyType, RESERVED, proof_of_possession_message};
use procura_core::receipt::{Mode, verify_status};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::{Ask, Audience, Clock};
use procura_tests::world::{Actor, ORIGIN, World};
use serde_json::{Value, json};
use std::sync::Arc;

const DAY_MS: u64 = 24 * 3600 * 1000;
const MOTHER: &str = "48031500292";
const SON: &str = "75061200192";

/// Somebody else's hand: the actor's words under another key.
fn signed(draft: Draft, by: &Actor) -> Submission {
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

fn status(world: &World, id: &Hash) -> Option<Status> {
    world.ledger.view().status(id).unwrap()
}

#[test]
fn nobody_signs_with_a_key_that_is_not_in_the_ledger() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let son = world.person(SON);
    let draft = || world.mandate_draft(&mother, &son.party, &["tax"]);
    let stranger = Actor { kid: Hash([7; 32]), ..mother.clone() };
    assert_eq!(world.refused(signed(draft(), &stranger)), "unknown_key");
    // Ids of the ledger that are no key's; a trace has not even a status.
    let note = world.append(signed(Draft::new("note", &world.occasion()), &mother)).id;
    for kid in [mother.party, world.catalogue, note] {
        assert_eq!(world.refused(signed(draft(), &Actor { kid, ..mother.clone() })), "unknown_key");
    }
    let forged = Actor { key: son.key.clone(), ..mother.clone() };
    assert_eq!(world.refused(signed(draft(), &forged)), "signature");
    world.append(signed(draft(), &mother));
}

#[test]
fn a_record_is_logged_in_its_time() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let son = world.person(SON);
    let now = world.clock.now();
    let at = |now: Millis| Occasion { origin: ORIGIN, nonce: world.fresh(), now };
    let mandate = |now| {
        let scopes = ["tax".to_owned()];
        let draft =
            Draft::mandate(&at(now), &mother.party, &son.party, &world.catalogue, &scopes, &world.a_year());
        signed(draft, &mother)
    };
    let skew = 5 * 60 * 1000;
    assert_eq!(world.refused(mandate(Millis(now.0 + skew + 1))), "too_early");
    world.append(mandate(Millis(now.0 + skew)));
    let week_old = |ms| signed(Draft::new("note", &at(Millis(now.0 - ms))), &mother);
    assert_eq!(world.refused(week_old(7 * DAY_MS + 1)), "too_late");
    world.append(week_old(7 * DAY_MS));

    // Withdrawing is never too late, and may be too early.
    let given = world.append(mandate(now)).id;
    let revocation = |now| signed(Draft::on("revocation", &at(now), &given), &mother);
    assert_eq!(world.refused(revocation(Millis(now.0 + skew + 1))), "too_early");
    world.append(revocation(Millis(now.0 - 30 * DAY_MS)));
}

#[test]
fn a_record_names_what_is_there() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let son = world.person(SON);
    let nobody = Hash([9; 32]);
    assert_eq!(world.refused(world.mandate(&mother, &nobody, &["tax"])), "unknown_party");
    assert_eq!(world.refused(world.mandate(&mother, &world.catalogue, &["tax"])), "unknown_party");
    let tagged = world.append(signed(Draft::new("note", &world.occasion()), &mother)).id;
    assert_eq!(world.refused(world.mandate(&mother, &tagged, &["tax"])), "unknown_party");

    let elsewhere = |catalogue: Hash| {
        let scopes = ["tax".to_owned()];
        let year = world.a_year();
        let draft = Draft::mandate(&world.occasion(), &mother.party, &son.party, &catalogue, &scopes, &year);
        signed(draft, &mother)
    };
    for catalogue in [nobody, mother.party, tagged] {
        assert_eq!(world.refused(elsewhere(catalogue)), "unknown_catalogue");
    }
    assert_eq!(world.refused(world.mandate(&mother, &son.party, &["fishing"])), "unknown_scope");
    assert_eq!(world.refused(world.consent(&mother, &son.party, &["fishing"], &["read"])), "unknown_scope");
    assert_eq!(world.refused(world.consent(&mother, &son.party, &["tax"], &["sell"])), "unknown_purpose");
    let old = world.catalogue;
    world.append(world.transition("revocation", &world.root, &old));
    assert_eq!(world.refused(elsewhere(old)), "unknown_catalogue");
}

#[test]
fn a_transition_moves_what_can_be_moved() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let son = world.person(SON);
    let note = world.append(signed(Draft::new("note", &world.occasion()), &mother)).id;
    let granted = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    let accepted = world.append(world.transition("acceptance", &son, &granted)).id;
    for kind in ["acceptance", "revocation"] {
        assert_eq!(world.refused(world.transition(kind, &mother, &Hash([9; 32]))), "unknown_target");
        assert_eq!(world.refused(world.transition(kind, &mother, &note)), "unknown_target", "{kind} a trace");
        assert_eq!(world.refused(world.transition(kind, &mother, &accepted)), "unknown_target");
    }
    let end = |target: &Hash| {
        signed(Draft::on("key-end", &world.occasion(), target).member("reason", json!("lost")), &mother)
    };
    assert_eq!(world.refused(end(&note)), "unknown_target");
    assert_eq!(world.refused(end(&granted)), "not_yours");
    // The ledger goes on as if nothing had been.
    world.append(world.mandate(&mother, &son.party, &["tax"]));
}

#[test]
fn a_key_is_bound_to_a_party() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let note = world.append(signed(Draft::new("note", &world.occasion()), &mother)).id;
    let key = SoftKey::from_seed(&[5; 32]);
    for party in [Hash([9; 32]), note, world.catalogue, mother.kid] {
        let record = world.key_record(&world.registrar, &party, &key, "first");
        assert_eq!(world.refused(record), "unknown_party");
    }
    let again = |basis| world.key_record(&world.registrar, &mother.party, &key, basis);
    assert_eq!(world.refused(again("first")), "not_first");
    assert_eq!(world.refused(again("cosigned")), "not_yours");
    let recovery = world.append(again("recovery")).id;
    assert_eq!(status(&world, &recovery), Some(Status::PENDING));
    assert_eq!(world.refused(world.transition("acceptance", &world.registrar, &recovery)), "key_delay");
    assert_eq!(world.refused(world.transition("acceptance", &mother, &recovery)), "not_yours");
    let held = Actor { kid: recovery, key: Arc::new(key), ..mother.clone() };
    assert_eq!(
        world.refused(world.consent(&held, &world.registrar.party, &["tax"], &["read"])),
        "key_not_active"
    );
    let nearly = 3 * DAY_MS - 1;
    world.clock.pass(nearly);
    assert_eq!(world.refused(world.transition("acceptance", &world.registrar, &recovery)), "key_delay");
    world.clock.pass(1);
    assert_eq!(world.refused(world.transition("acceptance", &mother, &recovery)), "not_yours");
    world.append(world.transition("acceptance", &world.registrar, &recovery));
    world.append(world.consent(&held, &world.registrar.party, &["tax"], &["read"]));
}

#[test]
fn a_signature_counts_while_key_and_party_are_active() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let son = world.person(SON);
    let second = second_key(&world, &mother, 6);
    let note = |by: &Actor| signed(Draft::new("note", &world.occasion()), by);
    world.append(note(&second));
    world.append(key_end(&world, &mother, &second.kid, "replaced", None));
    assert_eq!(world.refused(note(&second)), "key_not_active");
    world.append(note(&mother));

    // A compromise found out later reaches back to what was signed since, and no further.
    let third = second_key(&world, &mother, 7);
    world.clock.pass(1000);
    let since = world.clock.now();
    world.append(key_end(&world, &third, &mother.kid, "compromised", Some(since)));
    assert_eq!(world.refused(note(&mother)), "key_not_active");
    world.append(note(&third));
    // What she signed since is void; who rests on it is told so.
    let bound = second_key(&world, &third, 12);
    world.append(note(&bound));
    let fourth = second_key(&world, &third, 13);
    world.append(key_end(&world, &fourth, &third.kid, "compromised", Some(since)));
    assert_eq!(world.refused(note(&bound)), "key_compromised");
    world.append(world.key_record(
        &world.registrar,
        &mother.party,
        &SoftKey::from_seed(&[14; 32]),
        "recovery",
    ));

    let father = world.person("85073000160");
    world.append(world.transition("revocation", &world.registrar, &father.party));
    assert_eq!(world.refused(note(&father)), "party_not_active");
    assert_eq!(world.refused(world.mandate(&son, &father.party, &["tax"])), "party_not_active");
    world.append(note(&son));
}

#[test]
fn a_compromise_is_dated_within_reason() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let second = second_key(&world, &mother, 6);
    world.clock.pass(100 * DAY_MS);
    let now = world.clock.now().0;
    let at = |days: u64| Some(Millis(now - days * DAY_MS));
    let end = |by: &Actor, since| key_end(&world, by, &second.kid, "compromised", since);
    assert_eq!(world.refused(end(&mother, Some(Millis(now + 1)))), "member_mistyped");
    assert_eq!(world.refused(end(&mother, at(31))), "too_far_back");
    assert_eq!(world.refused(end(&world.registrar, at(31))), "too_far_back");
    // An old iat dates nothing back: what counts is when it is logged.
    let occasion = Occasion { origin: ORIGIN, nonce: world.fresh(), now: Millis(now - 60 * DAY_MS) };
    let old = Draft::on("key-end", &occasion, &second.kid)
        .member("reason", json!("compromised"))
        .member("compromised_since", json!(now - 80 * DAY_MS));
    assert_eq!(world.refused(signed(old, &mother)), "too_far_back");
    world.append(end(&mother, at(10)));
    assert_eq!(world.refused(end(&mother, None)), "not_earlier");
    assert_eq!(world.refused(end(&mother, at(10))), "not_earlier");
    world.append(end(&mother, at(30)));
    world.append(end(&world.root, at(90)));
    assert_eq!(status(&world, &second.kid), Some(Status::ENDED));
}

#[test]
fn each_kind_has_its_signers() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let son = world.person(SON);
    let office = world.institution("kbo:0202239951", &["catalogue"]);
    let yes_no = |good: Submission, bad: Vec<Submission>| {
        for bad in bad {
            assert_eq!(world.refused(bad), "not_yours");
        }
        world.append(good).id
    };
    // party
    let party = |party_type, identifier: &str, roles: Value, by: &Actor| {
        let draft = world.party_draft(party_type, identifier, world.fresh());
        signed(if roles == json!([]) { draft } else { draft.member("roles", roles) }, by)
    };
    let person = |by| party(PartyType::Person, "niss:90010100123", json!([]), by);
    yes_no(person(&world.registrar), vec![person(&mother), person(&office), person(&world.provisional)]);
    let firm = |by| party(PartyType::Organisation, "kbo:0417497106", json!([]), by);
    let firm_id = yes_no(firm(&world.root), vec![firm(&mother)]);
    let court = |by| party(PartyType::Institution, "kbo:0308357159", json!(["auditor"]), by);
    let court_id = yes_no(court(&world.root), vec![court(&world.registrar), court(&office)]);
    let doubtful = |by: &Actor| {
        let draft = world.party_draft(PartyType::Person, "niss:85073000160", world.fresh());
        signed(draft.member("provisional", json!(true)), by)
    };
    yes_no(doubtful(&world.provisional), vec![doubtful(&world.registrar), doubtful(&world.root)]);
    // key
    let key = SoftKey::from_seed(&[8; 32]);
    let first = |by, party: &Hash| world.key_record(by, party, &key, "first");
    yes_no(first(&world.registrar, &firm_id), vec![first(&mother, &firm_id), first(&office, &firm_id)]);
    yes_no(first(&world.root, &court_id), vec![first(&world.registrar, &court_id)]);
    let cosigned = |by| world.key_record(by, &mother.party, &SoftKey::from_seed(&[9; 32]), "cosigned");
    let second =
        yes_no(cosigned(&mother), vec![cosigned(&son), cosigned(&world.registrar), cosigned(&world.root)]);
    // No key makes a surer one than itself.
    let as_sure = |assurance| {
        let (occasion, key) = (world.occasion(), SoftKey::from_seed(&[11; 32]));
        let message = proof_of_possession_message(ORIGIN, &mother.party, &key.public_key(), &occasion.nonce);
        let proof = key.sign(&message).unwrap();
        let draft = Draft::key(&occasion, &mother.party, &key.public_key(), &proof, "cosigned", assurance);
        signed(draft, &mother)
    };
    yes_no(as_sure("low"), vec![as_sure("high")]);
    // A public key alone is not bound: its holder's proof is for another nonce.
    let public = SoftKey::from_seed(&[10; 32]).public_key();
    let other = proof_of_possession_message(ORIGIN, &mother.party, &public, &[1; 32]);
    let proof = SoftKey::from_seed(&[10; 32]).sign(&other).unwrap();
    let stolen = Draft::key(&world.occasion(), &mother.party, &public, &proof, "cosigned", "low");
    assert_eq!(world.refused(signed(stolen, &mother)), "possession");
    // key-end
    let end = |by| key_end(&world, by, &second, "lost", None);
    yes_no(end(&mother), vec![end(&son), end(&office)]);
    // catalogue
    let words = |by: &Actor| {
        let title = json!({"de": "x", "en": "x", "fr": "x", "nl": "x"});
        let code = json!([{"code": "x", "title": title}]);
        let draft = Draft::new("catalogue", &world.occasion())
            .member("code", json!("x"))
            .member("version", json!(1))
            .member("categories", code.clone())
            .member("purposes", code)
            .member("bases", json!([]));
        signed(draft, by)
    };
    let published = yes_no(words(&office), vec![words(&mother), words(&world.registrar)]);
    let revoke = |by, target| world.transition("revocation", by, target);
    yes_no(
        revoke(&office, &published),
        vec![revoke(&mother, &published), revoke(&world.registrar, &published)],
    );
    // mandate, acceptance, revocation
    let mandate = |by: &Actor| signed(world.mandate_draft(&mother, &son.party, &["tax"]), by);
    let given =
        yes_no(mandate(&mother), vec![mandate(&son), mandate(&world.registrar), mandate(&world.root)]);
    let accept = |by| world.transition("acceptance", by, &given);
    assert_eq!(world.refused(accept(&mother)), "signed_twice");
    yes_no(accept(&son), vec![accept(&office), accept(&world.root)]);
    assert_eq!(world.refused(accept(&son)), "signed_twice");
    yes_no(revoke(&mother, &given), vec![revoke(&son, &given), revoke(&world.root, &given)]);
    assert_eq!(world.refused(revoke(&mother, &given)), "move");
    // Who may not touch it learns nothing of its status.
    assert_eq!(world.refused(revoke(&son, &given)), "not_yours");
    // consent
    let consent = |by: &Actor| {
        let year = world.a_year();
        let (scopes, purposes) = (["tax".to_owned()], ["read".to_owned()]);
        let draft = Draft::consent(
            &world.occasion(),
            &mother.party,
            &office.party,
            &world.catalogue,
            &scopes,
            &purposes,
            &year,
        );
        signed(draft, by)
    };
    let agreed = yes_no(consent(&mother), vec![consent(&office), consent(&son)]);
    assert_eq!(world.refused(world.transition("acceptance", &office, &agreed)), "not_yours");
    yes_no(revoke(&mother, &agreed), vec![revoke(&office, &agreed)]);
    // root, any other
    let root = Draft::new("root", &world.occasion()).member("keys", json!([])).member("quorum", json!(1));
    assert_eq!(world.refused(signed(root, &world.root)), "member_mistyped");
    let note =
        |by: &Actor| signed(Draft::new("note", &world.occasion()).member("parties", json!([son.party])), by);
    yes_no(note(&mother), vec![note(&world.root)]);
}

#[test]
fn what_the_form_alone_gives_away() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let son = world.person(SON);
    assert_eq!(world.refused(world.mandate(&mother, &mother.party, &["tax"])), "same_party");
    let elsewhere = Occasion { origin: "trial/elsewhere", nonce: world.fresh(), now: world.clock.now() };
    assert_eq!(world.refused(signed(Draft::new("note", &elsewhere), &mother)), "wrong_origin");
    for kind in RESERVED {
        assert_eq!(world.refused(signed(Draft::new(kind, &world.occasion()), &mother)), "reserved_kind");
    }
    let year = world.a_year();
    let shifted =
        world.mandate_draft(&mother, &son.party, &["tax"]).member("not_before", json!(year.not_before.0 + 1));
    assert_eq!(world.refused(signed(shifted, &mother)), "validity_mismatch");
    world.clock.pass(2 * DAY_MS);
    let late = world.mandate_draft(&mother, &son.party, &["tax"]).validity(&year);
    assert_eq!(world.refused(signed(late, &mother)), "retroactive");
    let person = |identifier: &str| {
        let handle: [u8; 32] = world.fresh();
        let draft = Draft::new("party", &world.occasion())
            .member("party_type", json!("person"))
            .member("handle", json!(handle_commitment(&handle)))
            .withheld("identifier", &json!(identifier), &world.fresh())
            .unwrap();
        Submission { handle: Some(handle), ..signed(draft, &world.registrar) }
    };
    assert_eq!(world.refused(person("niss:48031500293")), "niss_check");
    assert_eq!(world.refused(person("kbo:0999999921")), "kbo_check");
    assert_eq!(world.refused(person("niss:48.03.15-002.92")), "withheld_member");
    world.append(person("niss:90010100123"));
    let mut no_handle =
        signed(world.party_draft(PartyType::Person, "niss:90010100123", [3; 32]), &world.registrar);
    no_handle.handle = Some([4; 32]);
    assert_eq!(world.refused(no_handle.clone()), "handle");
    no_handle.handle = None;
    assert_eq!(world.refused(no_handle), "handle");
    let mut surplus = signed(Draft::new("note", &world.occasion()), &mother);
    surplus.handle = Some([4; 32]);
    assert_eq!(world.refused(surplus), "handle");
    let hidden =
        Draft::new("note", &world.occasion()).withheld("parties", &json!([son.party]), &[1; 16]).unwrap();
    assert_eq!(world.refused(signed(hidden, &mother)), "disclosure_not_allowed");
}

#[test]
fn one_identifier_one_party() {
    let world = World::in_memory();
    world.person(MOTHER);
    let again = world.party_draft(PartyType::Person, MOTHER_ID, world.fresh());
    assert_eq!(world.refused(signed(again, &world.registrar)), "party_exists");
}

/// A party that nobody registered is logged just before the first record that names it, in the same batch, and not before.
#[test]
fn a_prepared_party_comes_with_the_first_record_that_names_it() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let size = world.ledger.view().size();
    let son: Identifier = format!("niss:{SON}").parse().unwrap();
    let prepared = world.ledger.resolve(&son).unwrap();
    assert_eq!(world.ledger.resolve(&son).unwrap(), prepared, "asking twice gives one id");
    assert_eq!(world.ledger.view().size(), size);
    assert_eq!(status(&world, &prepared), None);
    let given = world.append(world.mandate(&mother, &prepared, &["tax"]));
    assert_eq!(status(&world, &prepared), Some(Status::PENDING));
    let found = world.ledger.view().record(&prepared).unwrap().unwrap();
    assert_eq!(found.logged.index.0 + 1, given.index.0);
    assert_eq!(found.logged.index.0, size.0);
    // Confirmed, he gets a key and accepts.
    let key = Arc::new(SoftKey::from_seed(&[11; 32]));
    let kid = world.append(world.key_record(&world.registrar, &prepared, &key, "first")).id;
    let son = Actor { party: prepared, kid, key, identifier: String::new(), handle: [0; 32] };
    assert_eq!(world.refused(world.transition("acceptance", &son, &given.id)), "party_not_active");
    assert_eq!(world.refused(world.transition("acceptance", &world.root, &prepared)), "not_yours");
    world.append(world.transition("acceptance", &world.registrar, &prepared));
    world.append(world.transition("acceptance", &son, &given.id));
}

/// The same record again is the same record: also its own JWS after a revocation, which brings nothing back.
#[test]
fn a_record_handed_in_again_is_where_it_was() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let son = world.person(SON);
    let mandate = world.mandate(&mother, &son.party, &["tax"]);
    let given = world.append(mandate.clone());
    world.append(world.transition("acceptance", &son, &given.id));
    world.append(world.transition("revocation", &mother, &given.id));
    let size = world.ledger.view().size();
    let again = world.ledger.append(mandate.clone()).unwrap();
    assert!(!again.is_new);
    assert_eq!((again.index, world.ledger.view().size()), (given.index, size));
    assert_eq!(status(&world, &given.id), Some(Status::ENDED));
    // With a signature that does not verify it is nobody's.
    let mut forged = mandate.record.into_bytes();
    let at = forged.len() - 5;
    forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
    let forged = Submission::bare(String::from_utf8(forged).unwrap());
    assert!(["signature", "disclosure_missing"].contains(&world.refused(forged).as_str()));
}

const MOTHER_ID: &str = "niss:48031500292";

fn second_key(world: &World, of: &Actor, seed: u8) -> Actor {
    let key = Arc::new(SoftKey::from_seed(&[seed; 32]));
    let kid = world.append(world.key_record(of, &of.party, &key, "cosigned")).id;
    Actor { kid, key, ..of.clone() }
}

fn key_end(world: &World, by: &Actor, key: &Hash, reason: &str, since: Option<Millis>) -> Submission {
    let draft = Draft::on("key-end", &world.occasion(), key).member("reason", json!(reason));
    let draft = match since {
        Some(since) => draft.member("compromised_since", json!(since)),
        None => draft,
    };
    signed(draft, by)
}

/// Goal: no key is bound that could sign nothing. Method: each new key is signed by the one before, until that is refused;
/// the last one bound still signs.
#[test]
fn a_chain_of_keys_ends_before_its_signatures_do() {
    let world = World::in_memory();
    let mut mother = world.person(MOTHER);
    let son = world.person(SON);
    let mut bound = 1;
    loop {
        let key = Arc::new(SoftKey::from_seed(&world.fresh()));
        let record = world.key_record(&mother, &mother.party, &key, "cosigned");
        if bound == 16 {
            panic!("16 keys in a chain");
        }
        match world.ledger.append(record) {
            Ok(acknowledged) => mother = Actor { kid: acknowledged.id, key, ..mother },
            Err(error) => break assert_eq!(error.name(), "chain_too_long"),
        }
        bound += 1;
    }
    assert!(bound > 4, "{bound}");
    let id = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
    world.append(world.transition("acceptance", &son, &id));
    let receipt = world.ledger.view().receipt(&id, &Ask::now(Audience::Anyone)).unwrap().unwrap().to_json();
    let fresh = Mode::Fresh(world.clock.now());
    assert!(verify_status(receipt.as_bytes(), &id, None, &world.policy(), fresh).unwrap().status().permits());
}

/// Goal: the same record again gives its receipt to its signer, and to nobody who merely knows its payload. Method: one payload
/// signed by the same key, by another key of the same party, and by somebody else's.
#[test]
fn only_its_signer_hands_a_record_in_again() {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    let second = second_key(&world, &mother, 9);
    let draft = world.mandate_draft(&mother, &son.party, &["pension"]);
    let id = world.append(signed(draft.clone(), &mother)).id;
    for by in [&mother, &second] {
        let again = world.ledger.append(signed(draft.clone(), by)).unwrap();
        assert_eq!((again.id, again.is_new), (id, false));
    }
    for by in [&son, &world.registrar, &world.root] {
        assert_eq!(world.refused(signed(draft.clone(), by)), "not_yours");
    }
}
