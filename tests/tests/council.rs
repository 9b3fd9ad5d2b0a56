//! A root of several keys. Goal: no root key does alone what takes a quorum, in admission as in verification. Method: a
//! ledger of its own with a root of three keys, two of which must sign; then the same under a lying operator.
use procura_core::Millis;
use procura_core::draft::Draft;
use procura_core::identifier::Identifier;
use procura_core::key::SoftKey;
use procura_core::kinds::PartyType;
use procura_core::status::Status;
use procura_ledger::Clock;
use procura_tests::council::{Council, DELAY_MS, id_of, with_quorum};
use procura_tests::schemes::schemes;
use serde_json::json;

#[test]
fn the_root_signs_itself_into_force() {
    let council = Council::of(3, 3);
    assert_eq!(council.status(&council.root), Status::PENDING);
    assert_eq!(council.refused(council.office(0, Some(3))), "key_not_active");
    assert_eq!(council.refused(council.on("acceptance", 0, &council.root)), "signed_twice");
    council.append(council.on("acceptance", 1, &council.root));
    assert_eq!(council.status(&council.root), Status::PENDING, "two of three");
    assert_eq!(council.refused(council.on("acceptance", 1, &council.root)), "signed_twice");
    assert_eq!(council.refused(council.office(1, Some(3))), "key_not_active");
    council.append(council.on("acceptance", 2, &council.root));
    assert_eq!(council.proven(&council.root), Ok(Status::ACTIVE));
    assert_eq!(council.refused(council.on("acceptance", 2, &council.root)), "signed_twice");
    council.append(council.office(2, Some(3)));
}

#[test]
fn what_the_root_signs_waits_for_its_quorum() {
    let council = Council::of(3, 2);
    council.append(council.on("acceptance", 2, &council.root));
    for wrong in [None, Some(3)] {
        assert_eq!(council.refused(council.office(0, wrong)), "quorum");
    }
    let office = council.append(council.office(0, Some(2)));
    assert_eq!(council.proven(&office), Ok(Status::PENDING));
    assert_eq!(council.refused(council.on("acceptance", 0, &office)), "signed_twice");
    council.append(council.on("acceptance", 2, &office));
    assert_eq!(council.proven(&office), Ok(Status::ACTIVE));
    assert_eq!(council.refused(council.on("acceptance", 1, &office)), "move");

    let key = SoftKey::from_seed(&[0xD0; 32]);
    assert_eq!(council.refused(council.key(1, &office, &key, "first", None)), "quorum");
    let kid = council.append(council.key(1, &office, &key, "first", Some(2)));
    let person = |quorum| {
        let identifier: Identifier = "niss:48031500292".parse().unwrap();
        let salts = [[1; 16], [2; 16]];
        let draft =
            Draft::party(&council.occasion(), PartyType::Person, [4; 32], &identifier, None, &salts).unwrap();
        with_quorum(draft, quorum).sign(&kid, &key).unwrap()
    };
    assert_eq!(council.refused(person(None)), "key_not_active");
    council.append(council.on("acceptance", 0, &kid));
    assert_eq!(council.refused(person(Some(2))), "quorum");
    // A scheme too is in force once its catalogue is.
    let title = json!({"de": "x", "en": "x", "fr": "x", "nl": "x"});
    let words = json!([{"code": "x", "title": title}]);
    let catalogue = Draft::new("catalogue", &council.occasion())
        .member("code", json!("x"))
        .member("version", json!(1))
        .member("categories", words.clone())
        .member("purposes", words)
        .member("bases", json!([]))
        .member("schemes", schemes());
    let catalogue = council.append(council.sign(with_quorum(catalogue, Some(2)), 0));
    assert_eq!(council.refused(person(None)), "unknown_scheme");
    council.append(council.on("acceptance", 1, &catalogue));
    let person = council.append(person(None));
    assert_eq!(council.proven(&person), Ok(Status::ACTIVE));
}

#[test]
fn one_root_key_ends_nothing_and_recovers_nothing() {
    let (council, office, key, kid) = Council::in_force();
    assert_eq!(council.refused(council.on("revocation", 0, &office)), "root_quorum");
    let end = Draft::on("key-end", &council.occasion(), &kid).member("reason", json!("lost"));
    assert_eq!(council.refused(council.sign(end, 0)), "root_quorum");

    // One root key binds a new key to the registrar; neither it nor another root key brings it into force.
    let recovery =
        council.append(council.key(0, &office, &SoftKey::from_seed(&[0xD1; 32]), "recovery", None));
    council.clock.pass(DELAY_MS);
    for root_key in 0..3 {
        assert_eq!(council.refused(council.on("acceptance", root_key, &recovery)), "root_quorum");
    }
    let accept = Draft::on("acceptance", &council.occasion(), &recovery).sign(&kid, &key).unwrap();
    council.append(accept);
    assert_eq!(council.proven(&recovery), Ok(Status::ACTIVE));
}

#[test]
fn no_liar_makes_one_root_key_a_quorum() {
    let (council, ..) = Council::in_force();
    let office = || {
        let identifier: Identifier = "kbo:1000000021".parse().unwrap();
        let salts = [[1; 16], [2; 16]];
        Draft::party(&council.occasion(), PartyType::Institution, [5; 32], &identifier, None, &salts).unwrap()
    };
    let quorum = council.sign(office().member("quorum", json!(2)), 0);
    let id = id_of(&quorum);
    let accept = |by| council.on("acceptance", by, &id);
    let begun = |status| {
        let mut liar = council.liar();
        liar.log(&quorum, Some(status), &[]);
        liar
    };
    let mut honest = begun(Status::PENDING);
    honest.log(&accept(1), Some(Status::ACTIVE), &[]);
    assert_eq!(council.believed(honest, &id), Ok(Status::ACTIVE));

    assert_eq!(council.believed(begun(Status::ACTIVE), &id), Err("opening_move"), "active from the start");
    let mut twice = begun(Status::PENDING);
    twice.log(&accept(0), Some(Status::ACTIVE), &[]);
    assert_eq!(council.believed(twice, &id), Err("not_allowed"), "one key twice");
    let mut partial = begun(Status::PENDING);
    partial.log(&accept(1), Some(Status::PENDING), &[]);
    assert_eq!(council.believed(partial, &id), Err("opening_move"), "two signed, and it waits for more");
    let mut unopened = begun(Status::PENDING);
    let at = unopened.log(&accept(1), Some(Status::ACTIVE), &[]);
    unopened.rows[usize::try_from(at.0).unwrap()].sealed = None;
    assert_eq!(council.believed(unopened, &id), Err("unopened"));

    // Without a word of the quorum the root's record is nobody's.
    let alone = council.sign(office(), 0);
    let mut liar = council.liar();
    liar.log(&alone, Some(Status::ACTIVE), &[]);
    assert_eq!(council.believed(liar, &id_of(&alone)), Err("not_allowed"));
    assert!(council.clock.now() >= Millis(0));
}
