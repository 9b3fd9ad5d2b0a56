//! The attacks of the design that receipts must withstand. Goal: an operator who holds the log key and every record
//! deceives no verifier; where only the replay of the whole log shows the lie, it does, and a policy with a map-checker refuses.
//! Method: [`Liar`] builds the lying log, map or receipt and signs it. Most lies are the vectors of `spec/vectors/receipt/`, each with the name of
//! its refusal; here each attack is held to have its lies, and what no single receipt can show is tried.
use procura_core::entry::Entry;
use procura_core::hash::tag;
use procura_core::index::AliasBody;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::PartyType;
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::receipt::{Mode, Policy, Question, verify_complete, verify_status};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Index};
use procura_ledger::{Ask, Audience};
use procura_tests::hostile::Liar;
use procura_tests::vectors::receipt;
use procura_tests::world::{Actor, World};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

const MOTHER: &str = "48031500292";
const SON: &str = "75061200192";

/// Each attack with the lies that try it, and the name by which each is refused.
const ATTACKS: &[(&str, &[(&str, &str)])] = &[
    (
        "re-logging a revoked mandate's own JWS",
        &[("revived", "list_item"), ("revived-both-shown", "list_double")],
    ),
    (
        "a person registered a second time, the first hidden",
        &[
            ("second-handle", "alias_taken"),
            ("second-handle-mapped", "alias_taken"),
            ("second-handle-listed", "alias_taken"),
            ("second-handle-in-her-own-list", "alias_taken"),
            ("alias-of-another", "opening_alias"),
            ("party-without-alias", "opening_class"),
        ],
    ),
    (
        "nobody where somebody is registered",
        &[("nobody-denied", "other_party"), ("nobody-unproven", "missing_alias")],
    ),
    ("re-spaced JSON", &[("spaced-payload", "opening_record")]),
    (
        "forged activation by an unopened item",
        &[
            ("activated-unopened", "unopened"),
            ("partly-accepted-unopened", "unopened"),
            ("dispute-lifted-unopened", "unopened"),
            ("mandate-starts-active", "opening_move"),
            ("complete-starts-active", "opening_move"),
            ("complete-revocation-leaves-active", "opening_move"),
            ("accepted-by-the-giver", "not_allowed"),
            ("accepted-by-a-forger", "signature"),
        ],
    ),
    (
        "ended, disputed, active",
        &[
            ("ended-disputed-active", "list_move"),
            ("ended-active", "list_move"),
            ("disputed-pending-active", "list_move"),
            ("complete-revived", "list_move"),
            ("complete-revived-unopened", "list_move"),
            ("complete-open-move", "list_move"),
            ("complete-made-up-move", "list_value"),
        ],
    ),
    (
        "a dead mandator's valid receipt",
        &[("dead-mandator", "other_decision"), ("signed-after-the-partys-end", "party_not_active")],
    ),
    (
        "old commit inside a fresh checkpoint",
        &[("commit-of-before", "no_commit"), ("no-commit", "no_commit")],
    ),
    (
        "revocation filed against another record",
        &[("revocation-of-another", "opening_target"), ("target-misplaced", "opening_target")],
    ),
    ("stolen log key with a new entry 0", &[("entry-0-replaced", "entry0"), ("retired-key", "retired_key")]),
    (
        "silent second key",
        &[
            ("recovery-key-silent", "opening_move"),
            ("recovery-key-early", "not_allowed"),
            ("recovery-key-by-its-party", "not_allowed"),
            ("recovery-key-pending", "key_not_active"),
            ("key-by-another-party", "not_allowed"),
            ("key-without-possession", "not_allowed"),
        ],
    ),
    ("leaf read as node", &[("node-as-entry", "entry_malformed")]),
    (
        "absence forged from a missing node",
        &[("absence-cut-away", "missing_trie"), ("trie-a-stub", "missing_list")],
    ),
    (
        "zero root as empty map",
        &[("zero-root", "map_root"), ("empty-map", "empty_map"), ("empty-root", "empty_map")],
    ),
    ("key read from the proof", &[("log-signature", "log_signature")]),
    (
        "proof for another origin",
        &[("wrong-origin", "wrong_origin"), ("record-of-another-ledger", "opening_origin")],
    ),
    (
        "surplus hashes and parts",
        &[
            ("surplus-path-hash", "commit_inclusion"),
            ("surplus-tree-hash", "inclusion"),
            ("surplus-entry", "surplus"),
            ("surplus-list", "surplus"),
            ("surplus-leaf", "surplus"),
            ("surplus-tag", "surplus"),
            ("grant-of-others", "surplus"),
        ],
    ),
    (
        "downgrade by leaving parts out",
        &[
            ("entry-left-out", "inclusion"),
            ("list-left-out", "missing_list"),
            ("list-cut", "list_value"),
            ("end-hidden", "list_value"),
            ("grant-left-out", "other_decision"),
            ("segment-left-out", "missing_trie"),
            ("no-quorum", "no_quorum"),
            ("no-map-checker", "no_map_checker"),
            ("as-of-not-asked", "other_question"),
        ],
    ),
    (
        "surrogate keys with all-zero S",
        &[
            ("signature-all-zero", "signature"),
            ("signature-identity", "signature"),
            ("weak-key", "opening_record"),
        ],
    ),
    (
        "a signature after the signer's end",
        &[
            ("signed-after-the-keys-end", "key_not_active"),
            ("signed-after-the-partys-end", "party_not_active"),
            ("key-bound-later", "unknown_signer"),
            ("keys-in-a-ring", "key_not_active"),
        ],
    ),
    (
        "a history that forks beyond the pinned size",
        &[
            ("fork-beyond", "fork"),
            ("fork-same-size", "fork"),
            ("no-consistency", "no_consistency"),
            ("consistency-from-elsewhere", "no_consistency"),
            ("rollback", "rollback"),
        ],
    ),
    (
        "a key-end left unopened to hide a compromise",
        &[("key-end-unopened", "unopened"), ("key-compromised", "key_compromised")],
    ),
    (
        "transitions misfiled out of a person's list",
        &[("misfiled", "misfiled"), ("tag-of-another", "opening_tag"), ("segment-gap", "segment_gap")],
    ),
    ("back-dating", &[("back-dated-entry", "entry_time"), ("logged-too-late", "opening_time")]),
];

#[test]
fn every_attack_is_tried_and_refused() {
    let cases: BTreeMap<String, serde_json::Value> =
        receipt::cases().into_iter().map(|case| (case.name, case.body)).collect();
    for (attack, lies) in ATTACKS {
        for (lie, name) in *lies {
            let case = cases.get(*lie).unwrap_or_else(|| panic!("{attack}: no lie {lie}"));
            assert_eq!(receipt::run(case), *name, "{attack}: {lie}");
        }
    }
}

/// The attacks that no single receipt is about, each with the test that tries it.
const ELSEWHERE: &[(&str, &str)] = &[
    ("linking all entries of a person by a shared tag", "a_persons_entries_share_no_tag"),
    ("pleading erasure", "a_body_that_is_kept_back_without_an_erasure_is_convicted_at_the_next_look"),
    ("clock jump", "ahead_while_it_is_open"),
    (
        "restored backup that forks",
        "a_database_that_was_rolled_back_is_noticed_at_the_next_answer_and_convicted_once_it_goes_on",
    ),
    ("half-flushed index", "a_killed_folder_stands_at_a_mark"),
];

/// Goal: the table of threats leaves no attack out. Method: each has a row that links to a lie or a test of its own (that the links lead
/// somewhere, `spec_pages.rs` holds).
#[test]
fn every_attack_has_its_row() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/threats.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).collect();
    let is_linked = |link: String| rows.iter().any(|row| row.contains(&link));
    let by_lie = ATTACKS.iter().filter(|(_, lies)| {
        !lies.iter().any(|(lie, _)| is_linked(format!("[`{lie}`](vectors/receipt/{lie}.json)")))
    });
    let by_test = ELSEWHERE.iter().filter(|(_, test)| !is_linked(format!("[`{test}`](../")));
    let missing: Vec<&str> = by_lie.map(|attack| attack.0).chain(by_test.map(|attack| attack.0)).collect();
    assert!(missing.is_empty(), "no row in spec/threats.md: {missing:?}");
}

/// Every lie of `spec/vectors/receipt/`, made anew.
#[test]
fn every_trial_ends_as_it_must() {
    let wrong: Vec<String> = receipt::cases()
        .iter()
        .filter_map(|case| {
            let (said, expect) = (receipt::run(&case.body), case.body["expect"].as_str().unwrap());
            (said != expect).then(|| format!("{}: {said}, not {expect}", case.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A mother, her son, and what she may have given him.
struct Family {
    world: World,
    mother: Actor,
    son: Actor,
}

fn family() -> Family {
    let world = World::in_memory();
    let (mother, son) = (world.person(MOTHER), world.person(SON));
    Family { world, mother, son }
}

/// What a verifier with this policy says of the liar's answer about a status.
fn status(policy: &Policy, liar: &Liar, id: Hash) -> Result<Status, &'static str> {
    let receipt = liar.receipt(&Question::Status { id, through: None, as_of: None }).to_json();
    let verified = verify_status(receipt.as_bytes(), &id, None, policy, Mode::Historic);
    verified.map(|verified| *verified.status()).map_err(|error| error.name())
}

/// A policy that wants a map-checker's word, which a liar does not get.
fn checked(world: &World) -> Policy {
    let key = SoftKey::from_seed(&[0xC2; 32]).public_key();
    let checker = NoteVerifier::new("checker.example", KeyType::CosignatureV1, key.as_bytes()).unwrap();
    Policy { map_checkers: vec![checker], ..world.policy() }
}

#[test]
fn the_liar_telling_the_truth_is_believed() {
    let Family { world, mother, son } = family();
    let given = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    let copy = Liar::copy(&world);
    assert_eq!(status(&world.policy(), &copy, given), Ok(Status::PENDING));
    world.append(world.transition("acceptance", &son, &given));
    let copy = Liar::copy(&world);
    assert_eq!(status(&world.policy(), &copy, given), Ok(Status::ACTIVE));
    assert_eq!(copy.fault(), None);
}

/// The map itself lies: it holds a second list for the id of a revoked mandate. No receipt can show that; every replay does.
#[test]
fn a_revoked_mandate_revived_in_the_map_is_a_fault_of_the_log() {
    let Family { world, mother, son } = family();
    let mandate = world.mandate(&mother, &son.party, &["tax"]);
    let given = world.append(mandate.clone()).id;
    let acceptance = world.transition("acceptance", &son, &given);
    world.append(acceptance.clone());
    world.append(world.transition("revocation", &mother, &given));
    assert_eq!(status(&world.policy(), &Liar::copy(&world), given), Ok(Status::ENDED));

    let mut liar = Liar::copy(&world);
    liar.lists.remove(&given);
    liar.log(&Submission { handle: None, ..mandate }, Some(Status::PENDING), &[]);
    liar.log(&acceptance, Some(Status::ACTIVE), &[]);
    liar.commit();
    assert_eq!(liar.fault(), Some("id_taken"));
    assert_eq!(status(&world.policy(), &liar, given), Ok(Status::ACTIVE), "the operator's signed word");
    assert_eq!(status(&checked(&world), &liar, given), Err("no_map_checker"));
}

/// The map of before the revocation under a commit of after it.
#[test]
fn an_old_map_in_a_new_commit_is_a_fault_of_the_log() {
    let Family { world, mother, son } = family();
    let given = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    world.append(world.transition("acceptance", &son, &given));
    let mut liar = Liar::copy(&world);
    let before = liar.lists.clone();
    let revocation = world.transition("revocation", &mother, &given);
    liar.log(&revocation, Some(Status::ENDED), &[]);
    let now = liar.lists.clone();
    liar.lists = before;
    let of_before = liar.true_commit();
    liar.push(Entry::Commit(of_before), None);
    assert_ne!(liar.lists, now);
    assert_eq!(liar.fault(), Some("commit_root"));
    assert_eq!(status(&checked(&world), &liar, given), Err("no_map_checker"));
}

/// A transition names a target that stands elsewhere, or bears an id that its target's list has.
#[test]
fn replay_stops_at_the_first_invalid_entry() {
    let Family { world, mother, son } = family();
    let given = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    let acceptance = world.transition("acceptance", &son, &given);
    let mut misplaced = Liar::copy(&world);
    misplaced.ids.insert(given, Index(0));
    misplaced.log(&acceptance, Some(Status::ACTIVE), &[]);
    assert!(misplaced.fault().is_some());
    let mut forbidden = Liar::copy(&world);
    let revocation = world.transition("revocation", &mother, &given);
    forbidden.log(&revocation, Some(Status::ENDED), &[]);
    assert_eq!(forbidden.fault(), None);
    forbidden.log(&acceptance, Some(Status::ACTIVE), &[]);
    assert_eq!(forbidden.fault(), Some("move_forbidden"));
}

/// No two entries of a person share a tag: an outsider who sees the whole log cannot tell that they are about one.
#[test]
fn a_persons_entries_share_no_tag() {
    let Family { world, mother, son } = family();
    for _ in 0..3 {
        let given = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
        world.append(world.transition("acceptance", &son, &given));
    }
    let liar = Liar::copy(&world);
    for person in [&mother, &son] {
        let mut segments = 0;
        while let Some(items) = liar.tags.get(&tag(&person.handle, segments)) {
            assert_eq!(items.len(), 1);
            segments += 1;
        }
        assert_eq!(segments, 8, "party, key, and six more");
    }
}

/// A second key that a registrar binds behind her back as a first one: admission refuses it; a lying operator's stands in her list,
/// or its absence there is the operator's fault, which whoever holds the handles finds.
#[test]
fn a_second_first_key_shows_in_her_list() {
    let Family { world, mother, .. } = family();
    let key = SoftKey::from_seed(&[0xDD; 32]);
    let record = world.key_record(&world.registrar, &mother.party, &key, "first");
    assert_eq!(world.refused(record.clone()), "not_first");
    let mut liar = Liar::copy(&world);
    let segments = (0..).take_while(|n| liar.tags.contains_key(&tag(&mother.handle, *n))).count() as u64;
    liar.log(&record, Some(Status::ACTIVE), &[tag(&mother.handle, segments)]);
    liar.commit();
    let question = Question::Complete { party: mother.party, from: 0, to: None };
    let receipt = liar.receipt(&question).to_json();
    let policy = world.policy();
    let list = verify_complete(receipt.as_bytes(), &mother.party, 0, &policy, Mode::Historic).unwrap();
    let kinds: Vec<&str> = list
        .answer()
        .segments
        .iter()
        .flat_map(|(_, entries)| entries)
        .map(|entry| entry.opened.as_ref().unwrap().record.row().name)
        .collect();
    assert_eq!(kinds, ["party", "key", "key"]);
}

/// The first party's entry, which a receipt about the second could leave out, is in the map all the same.
#[test]
fn a_second_party_for_one_identifier_is_refused_or_convicts() {
    let Family { world, mother, .. } = family();
    let draft = world.party_draft(PartyType::Person, &mother.identifier, [0xDF; 32]);
    let record = draft.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap();
    assert_eq!(world.refused(record.clone()), "party_exists");

    // Whatever the operator says of the map, the entries have it twice.
    let mut liar = Liar::copy(&world);
    let index = liar.log(&record, Some(Status::ACTIVE), &[tag(&[0xDF; 32], 0)]);
    let Entry::Party { head, alias, .. } = liar.rows[usize::try_from(index.0).unwrap()].entry.clone() else {
        panic!("a party has an alias")
    };
    let mut bent = liar.clone();
    bent.aliases.insert(alias, AliasBody { index, id: head.id });
    for log in [&mut liar, &mut bent] {
        log.commit();
        assert_eq!(log.fault(), Some("alias_taken"));
    }

    // Under one map only one of the two can be shown: she sees it in hers, or it is no party to anybody.
    let list = |liar: &Liar, party: &Hash| {
        let receipt = liar.receipt(&Question::Complete { party: *party, from: 0, to: None }).to_json();
        let shown = verify_complete(receipt.as_bytes(), party, 0, &world.policy(), Mode::Historic);
        shown.map_or_else(|error| error.name(), |_| "shown")
    };
    assert_eq!((list(&liar, &mother.party), list(&liar, &head.id)), ("shown", "alias_taken"));
    assert_eq!((list(&bent, &mother.party), list(&bent, &head.id)), ("alias_taken", "shown"));
}

/// One grant's void signature says nothing of another's.
#[test]
fn a_void_grant_does_not_colour_the_next() {
    let Family { world, mother, son } = family();
    let second = SoftKey::from_seed(&[0xDE; 32]);
    let kid = world.append(world.key_record(&mother, &mother.party, &second, "cosigned")).id;
    let by_second = Actor { kid, key: std::sync::Arc::new(second), ..mother.clone() };
    world.clock.pass(1000);
    let void = world.append(world.mandate(&by_second, &son.party, &["tax"])).id;
    let also_void = world.append(world.mandate(&by_second, &son.party, &["tax"])).id;
    for id in [&void, &also_void] {
        world.append(world.transition("acceptance", &son, id));
    }
    let end = procura_core::draft::Draft::on("key-end", &world.occasion(), &kid)
        .member("reason", json!("compromised"))
        .member("compromised_since", json!(world.occasion().now));
    world.append(end.sign(&mother.kid, mother.key.as_ref()).unwrap());

    let request = World::ask(&son.identifier, "tax", &mother.identifier, "read");
    let at = world.occasion().now;
    let ask = Ask::now(Audience::Anyone);
    let decide = || {
        let receipt = world.ledger.view().check(&request, at, &ask).unwrap().to_json();
        let policy = world.policy();
        let verified =
            procura_core::receipt::verify_authority(receipt.as_bytes(), &request, &policy, Mode::Fresh(at));
        verified.unwrap().decision().clone()
    };
    assert_eq!(decide().reason.name(), "signature_void");
    assert_eq!(decide().evidence.len(), 3, "both, and the catalogue");
    let sound = world.append(world.mandate(&mother, &son.party, &["tax"])).id;
    world.append(world.transition("acceptance", &son, &sound));
    assert!(decide().permit);
    assert!(decide().evidence.contains(&sound));
    assert!(!decide().evidence.contains(&void));
}

/// A registrar whose key was in other hands registered nobody: the answer is a no that can be proven, not an error.
#[test]
fn a_compromised_registrar_registered_nobody() {
    let Family { world, mother, .. } = family();
    let office = world.institution("kbo:0202239951", &["registrar"]);
    let stranger = {
        let handle = world.fresh();
        let draft = world.party_draft(PartyType::Person, "niss:90010100123", handle);
        let party = world.append(draft.sign(&office.kid, office.key.as_ref()).unwrap()).id;
        let key = std::sync::Arc::new(SoftKey::from_seed(&[0xDF; 32]));
        let kid = world.append(world.key_record(&office, &party, &key, "first")).id;
        Actor { party, kid, key, identifier: "niss:90010100123".to_owned(), handle }
    };
    let given = world.append(world.mandate(&mother, &stranger.party, &["tax"])).id;
    world.append(world.transition("acceptance", &stranger, &given));
    let request = World::ask(&stranger.identifier, "tax", &mother.identifier, "read");
    let (at, ask) = (world.occasion().now, Ask::now(Audience::Anyone));
    let decide = || {
        let receipt = world.ledger.view().check(&request, at, &ask).unwrap().to_json();
        let policy = world.policy();
        let verified =
            procura_core::receipt::verify_authority(receipt.as_bytes(), &request, &policy, Mode::Fresh(at));
        verified.unwrap().decision().reason.name()
    };
    assert_eq!(decide(), "mandate");
    let end = procura_core::draft::Draft::on("key-end", &world.occasion(), &office.kid)
        .member("reason", json!("compromised"))
        .member("compromised_since", json!(at));
    world.append(end.sign(&world.root.kid, world.root.key.as_ref()).unwrap());
    assert_eq!(decide(), "no_authority");
    assert_eq!(world.ledger.view().evaluate(&request, at).unwrap().reason.name(), "no_authority");
}

/// What was found void once stays void: the second mandate under the same key rests on a binding that was judged, and found
/// void, for the first.
#[test]
fn two_grants_under_one_void_binding_are_both_void() {
    let Family { world, son, .. } = family();
    let office = world.institution("kbo:0202239951", &["registrar"]);
    let handle = world.fresh();
    let draft = world.party_draft(PartyType::Person, "niss:90010100123", handle);
    let party = world.append(draft.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap()).id;
    let key = std::sync::Arc::new(SoftKey::from_seed(&[0xDF; 32]));
    let kid = world.append(world.key_record(&office, &party, &key, "first")).id;
    let giver = Actor { party, kid, key, identifier: "niss:90010100123".to_owned(), handle };
    for _ in 0..2 {
        let given = world.append(world.mandate(&giver, &son.party, &["tax"])).id;
        world.append(world.transition("acceptance", &son, &given));
    }
    let request = World::ask(&son.identifier, "tax", &giver.identifier, "read");
    let at = world.occasion().now;
    let end = procura_core::draft::Draft::on("key-end", &world.occasion(), &office.kid)
        .member("reason", json!("compromised"))
        .member("compromised_since", json!(at));
    assert!(world.ledger.view().evaluate(&request, at).unwrap().permit);
    world.append(end.sign(&world.root.kid, world.root.key.as_ref()).unwrap());
    let receipt = world.ledger.view().check(&request, at, &Ask::now(Audience::Anyone)).unwrap().to_json();
    let policy = world.policy();
    let verified =
        procura_core::receipt::verify_authority(receipt.as_bytes(), &request, &policy, Mode::Fresh(at))
            .unwrap();
    assert_eq!(verified.decision().reason.name(), "signature_void");
    assert_eq!(verified.decision().evidence.len(), 3, "both, and the catalogue");
}
