//! Under what identifiers parties are registered. Goal: a catalogue in force says it, of every type of party, at once and
//! without a line of Rust; whoever looks an identifier up learns nothing of who is registered. Method: catalogues that come and go,
//! each refusal beside a twin that is taken.
use procura_core::decide::Reason;
use procura_core::draft::Draft;
use procura_core::identifier::Identifier;
use procura_core::key::SoftKey;
use procura_core::kinds::PartyType;
use procura_core::receipt::{Mode, verify_authority};
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::store::memory::MemoryStore;
use procura_ledger::{Ask, Audience, Clock, Ledger, MemoryIndex, Storage, SubmitError};
use procura_tests::meddler::Meddler;
use procura_tests::schemes::scheme;
use procura_tests::world::{Actor, ORIGIN, World};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::mpsc::channel;

const WORKER: &str = "eidas:PL/BE/worker-1";
const MOTHER: &str = "48031500292";

fn signed(draft: Draft, by: &Actor) -> Submission {
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

/// A party record by whoever registers its type.
fn party(world: &World, party_type: PartyType, identifier: &str) -> Submission {
    let by = if party_type == PartyType::Institution { &world.root } else { &world.registrar };
    signed(world.party_draft(party_type, identifier, world.fresh()), by)
}

fn person(world: &World, identifier: &str) -> Submission {
    party(world, PartyType::Person, identifier)
}

/// Another country's numbers: four to eight digits.
fn of_elsewhere(party_types: &[&str]) -> Value {
    scheme("xx-number", party_types, json!({"characters": ["digits"], "min": 4, "max": 8}))
}

/// A further catalogue in force with these schemes.
fn publish(world: &World, by: &Actor, schemes: Value) -> Hash {
    let draft = world.catalogue_draft(2, json!([])).member("schemes", schemes);
    world.append(signed(draft, by)).id
}

fn revoke(world: &World, catalogue: &Hash) {
    world.append(world.transition("revocation", &world.root, catalogue));
}

fn resolved(ledger: &Ledger, identifier: &str) -> Result<Hash, String> {
    ledger.resolve(&identifier.parse().unwrap()).map_err(|error| match error {
        SubmitError::Refused(refusal) => refusal.name().to_owned(),
        error => error.to_string(),
    })
}

fn refused(name: &str) -> Result<Hash, String> {
    Err(name.to_owned())
}

#[test]
fn a_party_has_an_identifier_of_a_scheme_in_force() {
    let world = World::in_memory();
    let (one, some, none) = (PartyType::Person, PartyType::Organisation, PartyType::Institution);
    for (party_type, identifier, expected) in [
        (one, "passport:BE123456", "unknown_scheme"),
        (some, "passport:BE123456", "unknown_scheme"),
        (none, "passport:BE123456", "unknown_scheme"),
        (one, "kbo:0440966354", "scheme_party_type"),
        (some, "niss:75061200192", "scheme_party_type"),
        (none, "niss:75061200192", "scheme_party_type"),
        (some, "eidas:PL/BE/1", "scheme_party_type"),
        (one, "vat:BE0440966354", "scheme_party_type"),
        (one, "eidas:worker-1", "form_prefix"),
        (one, "eidas:PL/BE/worker 1", "form_characters"),
        (one, "eidas:PL/BE/", "form_length"),
        (some, "vat:be0440966354", "form_prefix"),
        (some, "vat:BE0440.966", "form_characters"),
        (some, "vat:BE0440966354123", "form_length"),
    ] {
        assert_eq!(world.refused(party(&world, party_type, identifier)), expected, "{identifier}");
    }
    for (party_type, identifier) in [
        (one, "niss:75061200192"),
        (one, "niss:88422999979"),
        (one, WORKER),
        (some, "kbo:0440966354"),
        (some, "vat:BE0440966354"),
        (none, "kbo:0202239951"),
    ] {
        world.append(party(&world, party_type, identifier));
        assert_eq!(world.refused(party(&world, party_type, identifier)), "party_exists", "{identifier}");
    }
    // Check digits by a form alone: a scheme of another name.
    let digits = |check: &str| json!({"characters": ["digits"], "min": 1, "max": 20, "check": check});
    let rows =
        ["niss", "kbo", "mod97"].map(|check| scheme(&format!("xx-{check}"), &["person"], digits(check)));
    publish(&world, &world.root, json!(rows));
    for (identifier, wrong) in [
        ("xx-niss:75061200192", "xx-niss:75061200193"),
        ("xx-kbo:0440966354", "xx-kbo:440966354"),
        ("xx-mod97:123482", "xx-mod97:124382"),
    ] {
        assert_eq!(world.refused(person(&world, wrong)), "form_check", "{wrong}");
        world.append(person(&world, identifier));
    }
}

#[test]
fn institutions_come_before_the_first_scheme() {
    let world = World::in_memory();
    world.person(MOTHER);
    revoke(&world, &world.catalogue);
    for _ in 0..2 {
        assert_eq!(world.refused(person(&world, "niss:75061200192")), "unknown_scheme");
        let firm = party(&world, PartyType::Organisation, "kbo:0440966354");
        assert_eq!(world.refused(firm), "unknown_scheme");
        // Nobody but institutions is found, whoever is registered.
        for identifier in ["niss:48031500292", "niss:75061200192"] {
            assert_eq!(resolved(&world.ledger, identifier), refused("unknown_party"), "{identifier}");
        }
        // A catalogue without schemes changes nothing.
        world.append(signed(world.catalogue_draft(2, json!([])), &world.root));
    }
    let office = world.institution("office:first", &["catalogue"]);
    assert_eq!(resolved(&world.ledger, "office:first"), Ok(office.party));
    // Whatever its scheme, it is the root that registers it.
    let draft = world.party_draft(PartyType::Institution, "office:second", world.fresh());
    assert_eq!(world.refused(signed(draft, &world.registrar)), "not_yours");

    publish(&world, &office, json!([of_elsewhere(&["person"])]));
    world.append(person(&world, "xx-number:1234"));
    let second = party(&world, PartyType::Institution, "office:second");
    assert_eq!(world.refused(second), "unknown_scheme");
}

/// A country's scheme comes and goes with a catalogue; who is registered stays.
#[test]
fn a_scheme_is_in_force_with_its_catalogue() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let of = |n: u32| person(&world, &format!("xx-number:{n}"));
    assert_eq!(world.refused(of(1000)), "unknown_scheme");
    let second = publish(&world, &world.root, json!([of_elsewhere(&["person"])]));
    let party = world.append(of(1001)).id;
    assert_eq!(world.refused(of(1)), "form_length");
    let key = Arc::new(SoftKey::from_seed(&[21; 32]));
    let kid = world.append(world.key_record(&world.registrar, &party, &key, "first")).id;
    let worker = Actor { party, kid, key, identifier: "xx-number:1001".to_owned(), handle: [0; 32] };

    revoke(&world, &second);
    assert_eq!(world.refused(of(1002)), "unknown_scheme");
    let given = world.append(world.mandate(&worker, &mother.party, &["tax"])).id;
    world.append(world.transition("acceptance", &mother, &given));
    let asked = World::ask(&mother.identifier, "tax", &worker.identifier, "read");
    let decision = world.ledger.view().evaluate(&asked, world.clock.now()).unwrap();
    assert_eq!((decision.permit, decision.reason), (true, Reason::Mandate));

    // Several catalogues hold beside each other: what one of them admits is admitted.
    publish(&world, &world.root, json!([of_elsewhere(&["organisation"])]));
    assert_eq!(world.refused(of(1003)), "scheme_party_type");
    let third = publish(&world, &world.root, json!([of_elsewhere(&["person"])]));
    world.append(of(1004));
    let longer = scheme("xx-number", &["person"], json!({"characters": ["digits"], "min": 10, "max": 10}));
    publish(&world, &world.root, json!([longer]));
    world.append(of(1005));
    assert_eq!(world.refused(of(1)), "form_length");
    revoke(&world, &third);
    assert_eq!(world.refused(of(1006)), "form_length");
    world.append(of(1_234_567_890));
    assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
}

/// The state inside a batch counts: a party right behind its scheme's catalogue, and right behind that one's end.
#[test]
fn a_scheme_counts_from_the_next_record_on() {
    let world = World::in_memory();
    for n in 0..30 {
        let row =
            scheme(&format!("xx-{n}"), &["person"], json!({"characters": ["digits"], "min": 1, "max": 9}));
        let draft = world.catalogue_draft(2, json!([])).member("schemes", json!([row]));
        let end = world.transition("revocation", &world.root, &draft.id());
        let of = |value: u32| person(&world, &format!("xx-{n}:{value}"));
        let (tell, told) = channel();
        // Not waited for in between: as many of them as may be are of one batch.
        for submission in [of(1), signed(draft, &world.root), of(2), end, of(3)] {
            let tell = tell.clone();
            world.ledger.submit(submission, move |outcome| {
                tell.send(outcome.map_or_else(|error| error.name().to_owned(), |_| "accepted".to_owned()))
                    .unwrap();
            });
        }
        let told: Vec<String> = told.iter().take(5).collect();
        assert_eq!(told, ["unknown_scheme", "accepted", "accepted", "accepted", "unknown_scheme"]);
    }
}

#[test]
fn a_catalogue_whose_signature_is_void_lends_no_scheme() {
    let world = World::in_memory();
    let office = world.institution("kbo:0202239951", &["catalogue"]);
    let second =
        world.append(world.key_record(&office, &office.party, &SoftKey::from_seed(&[6; 32]), "cosigned"));
    let by = Actor { kid: second.id, key: Arc::new(SoftKey::from_seed(&[6; 32])), ..office.clone() };
    world.clock.pass(1000);
    publish(&world, &by, json!([of_elsewhere(&["person"])]));
    world.append(person(&world, "xx-number:1001"));
    let end = Draft::on("key-end", &world.occasion(), &by.kid)
        .member("reason", json!("compromised"))
        .member("compromised_since", json!(Millis(world.clock.now().0 - 1)));
    world.append(signed(end, &office));
    assert_eq!(world.refused(person(&world, "xx-number:1002")), "unknown_scheme");
    assert_eq!(resolved(&world.ledger, "xx-number:1001"), refused("unknown_scheme"));
    // Others stay as they are.
    world.append(person(&world, WORKER));
}

/// Which schemes there are is read anew from what is stored.
#[test]
fn a_ledger_that_is_opened_again_has_the_same_schemes() {
    let (store, index) = (Meddler::new(MemoryStore::new()), Arc::new(MemoryIndex::default()));
    let storage = || Storage { store: Arc::new(store.clone()), index: index.clone(), side: None };
    let mut world = World::over(storage());
    let reopen = |world: &mut World| {
        world.ledger.close();
        world.ledger = Ledger::open_over(storage(), ORIGIN, world.log_key.clone(), world.options()).unwrap();
    };
    let second = publish(&world, &world.root, json!([of_elsewhere(&["person"])]));
    let form = of_elsewhere(&[])["form"].clone();
    let ended = publish(&world, &world.root, json!([scheme("yy", &["person"], form)]));
    revoke(&world, &ended);
    reopen(&mut world);
    world.append(person(&world, "xx-number:1001"));
    assert_eq!(world.refused(person(&world, "yy:1001")), "unknown_scheme");
    assert_eq!(world.ledger.view().catalogues().unwrap(), [world.catalogue, second]);
    revoke(&world, &second);
    reopen(&mut world);
    assert_eq!(world.refused(person(&world, "xx-number:1002")), "unknown_scheme");
    assert_eq!(world.ledger.view().catalogues().unwrap(), [world.catalogue]);
}

/// Looked up, an identifier is told from the catalogues alone, whoever is registered.
#[test]
fn looking_up_tells_of_schemes_and_not_of_people() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let second = publish(&world, &world.root, json!([of_elsewhere(&["person"])]));
    let known = world.append(person(&world, "xx-number:1001")).id;
    assert_eq!(resolved(&world.ledger, "xx-number:1001"), Ok(known));
    let prepared = resolved(&world.ledger, "xx-number:1002").unwrap();
    assert_eq!(resolved(&world.ledger, "xx-number:1002"), Ok(prepared));
    for (identifier, name) in [
        ("passport:1", "unknown_scheme"),
        ("xx-number:1", "form_length"),
        ("eidas:PL/1", "form_prefix"),
        ("eidas:PL/BE/1 2", "form_characters"),
    ] {
        assert_eq!(resolved(&world.ledger, identifier), refused(name), "{identifier}");
    }
    // Once the scheme is gone, the two are the same again: neither is found, and a record that names the one that was only
    // prepared is told to look it up again, as if the ledger had forgotten it.
    revoke(&world, &second);
    for identifier in ["xx-number:1001", "xx-number:1002"] {
        assert_eq!(resolved(&world.ledger, identifier), refused("unknown_scheme"));
    }
    let size = world.ledger.view().size();
    assert_eq!(world.refused(world.mandate(&mother, &prepared, &["tax"])), "unknown_party");
    assert_eq!(world.ledger.view().size(), size);
    // It comes back with the scheme.
    publish(&world, &world.root, json!([of_elsewhere(&["person"])]));
    assert_eq!(resolved(&world.ledger, "xx-number:1002"), Ok(prepared));
    world.append(world.mandate(&mother, &prepared, &["tax"]));
}

#[test]
fn somebody_is_prepared_as_what_the_scheme_is_for() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    publish(&world, &world.root, json!([of_elsewhere(&["organisation", "person"])]));
    let offices = scheme("office", &["institution"], json!({"characters": ["lower"], "min": 1, "max": 20}));
    let of_offices = publish(&world, &world.root, json!([offices]));
    let named = |identifier: &str| {
        let prepared = resolved(&world.ledger, identifier).unwrap();
        world.append(world.mandate(&mother, &prepared, &["tax"]));
        world.ledger.view().party(&prepared).unwrap().unwrap().content
    };
    for (identifier, party_type) in [
        ("niss:75061200192", PartyType::Person),
        (WORKER, PartyType::Person),
        ("xx-number:1001", PartyType::Person),
        ("kbo:0440966354", PartyType::Organisation),
        ("vat:BE0440966354", PartyType::Organisation),
    ] {
        let content = named(identifier);
        assert_eq!((content.party_type, content.provisional), (party_type, true), "{identifier}");
        // Confirmed, they are registered.
        let id = resolved(&world.ledger, identifier).unwrap();
        world.append(world.transition("acceptance", &world.registrar, &id));
    }
    // An institution is there or not; that a person has such an identifier, from before, is not told.
    let persons = scheme("office", &["person"], json!({"characters": ["lower"], "min": 1, "max": 20}));
    let of_persons = publish(&world, &world.root, json!([persons]));
    world.append(person(&world, "office:clerk"));
    revoke(&world, &of_persons);
    assert_eq!(resolved(&world.ledger, "office:clerk"), refused("unknown_party"));
    assert_eq!(resolved(&world.ledger, "office:tax"), refused("unknown_party"));
    let office = world.institution("office:tax", &[]);
    assert_eq!(resolved(&world.ledger, "office:tax"), Ok(office.party));

    // Prepared as one type, and the scheme is for another meanwhile: prepared anew as that.
    let before = resolved(&world.ledger, "zz:1").unwrap_err();
    assert_eq!(before, "unknown_scheme");
    revoke(&world, &of_offices);
    let form = json!({"characters": ["digits"], "min": 1, "max": 9});
    let first = publish(&world, &world.root, json!([scheme("zz", &["person"], form.clone())]));
    let as_person = resolved(&world.ledger, "zz:1").unwrap();
    revoke(&world, &first);
    publish(&world, &world.root, json!([scheme("zz", &["organisation"], form)]));
    assert_eq!(world.refused(world.mandate(&mother, &as_person, &["tax"])), "unknown_party");
    assert_ne!(resolved(&world.ledger, "zz:1"), Ok(as_person));
    assert_eq!(named("zz:1").party_type, PartyType::Organisation);
}

/// A worker known only by an eIDAS identifier grants, and whoever names somebody of no scheme at all is answered as of an
/// unknown person.
#[test]
fn a_worker_known_by_an_eidas_identifier_grants() {
    let world = World::in_memory();
    let mother = world.person(MOTHER);
    let party = world.append(person(&world, WORKER)).id;
    let key = Arc::new(SoftKey::from_seed(&[22; 32]));
    let kid = world.append(world.key_record(&world.registrar, &party, &key, "first")).id;
    let worker = Actor { party, kid, key, identifier: WORKER.to_owned(), handle: [0; 32] };
    let given = world.append(world.mandate(&worker, &mother.party, &["pension"])).id;
    world.append(world.transition("acceptance", &mother, &given));

    let now = world.clock.now();
    let check = |subject: &str| {
        let asked = World::ask(&mother.identifier, "pension.file", subject, "read");
        let receipt = world.ledger.view().check(&asked, now, &Ask::now(Audience::Anyone)).unwrap().to_json();
        verify_authority(receipt.as_bytes(), &asked, &world.policy(), Mode::Fresh(now))
            .unwrap()
            .decision()
            .clone()
    };
    let answer = check(WORKER);
    assert_eq!((answer.permit, answer.reason), (true, Reason::Mandate));
    assert!(answer.evidence.contains(&given));
    let unknown = check("niss:75061200192");
    assert_eq!((unknown.permit, unknown.reason), (false, Reason::NoAuthority));
    // Of the scheme, not of its form, of none, with a wrong check digit: all the same.
    for nobody in ["eidas:PL/BE/worker-2", "eidas:nobody", "passport:1", "niss:75061200193", "1"] {
        assert_eq!(check(nobody), unknown, "{nobody}");
    }
    // Identifiers are compared as they are: another case is another person.
    assert!(!check(&WORKER.to_lowercase()).permit);
    assert!(WORKER.parse::<Identifier>().is_ok());
}
