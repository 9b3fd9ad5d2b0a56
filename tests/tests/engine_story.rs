//! The story of the first issue on the engine alone: a citizen signs, the ledger takes it, an institution asks and gets
//! a yes it can prove offline, the citizen revokes, the institution asks again and gets a no; every list is complete.

use procura_core::Millis;
use procura_core::decide::Reason;
use procura_core::receipt::{Mode, verify_authority, verify_complete, verify_existence, verify_status};
use procura_core::status::Status;
use procura_ledger::{Ask, Audience, Clock};
use procura_tests::world::World;
use serde_json::json;

fn now(world: &World) -> Mode {
    Mode::Fresh(world.clock.now())
}

#[test]
fn grant_accept_check_revoke_check() {
    let world = World::in_memory();
    let mother = world.person("48031500292");
    let son = world.person("75061200192");
    let policy = world.policy();

    let granted = world.append(world.mandate(&mother, &son.party, &["pension"]));
    let receipt =
        granted.view.receipt(&granted.id, &Ask::now(Audience::Party(mother.party))).unwrap().unwrap();
    let verified =
        verify_status(receipt.to_json().as_bytes(), &granted.id, None, &policy, now(&world)).unwrap();
    assert_eq!(*verified.status(), Status::PENDING);

    let request = World::ask(&son.identifier, "pension.file", &mother.identifier, "read");
    let at = world.clock.now();
    assert_eq!(world.ledger.view().evaluate(&request, at).unwrap().reason, Reason::NotAccepted);

    let accepted = world.append(world.transition("acceptance", &son, &granted.id));
    let receipt = accepted.view.receipt(&accepted.id, &Ask::now(Audience::Anyone)).unwrap().unwrap();
    let through = Some(&accepted.id);
    let verified =
        verify_status(receipt.to_json().as_bytes(), &granted.id, through, &policy, now(&world)).unwrap();
    assert_eq!(*verified.status(), Status::ACTIVE);

    let yes = world.ledger.view().check(&request, at, &Ask::now(Audience::Anyone)).unwrap().to_json();
    let verified = verify_authority(yes.as_bytes(), &request, &policy, now(&world)).unwrap();
    assert!(verified.decision().permit);
    assert_eq!(verified.decision().reason, Reason::Mandate);
    let tax = World::ask(&son.identifier, "tax", &mother.identifier, "read");
    assert_eq!(world.ledger.view().evaluate(&tax, at).unwrap().reason, Reason::OutOfScope);

    world.clock.pass(1000);
    let revoked = world.append(world.transition("revocation", &mother, &granted.id));
    let receipt = revoked.view.receipt(&revoked.id, &Ask::now(Audience::Anyone)).unwrap().unwrap();
    let through = Some(&revoked.id);
    let verified =
        verify_status(receipt.to_json().as_bytes(), &granted.id, through, &policy, now(&world)).unwrap();
    assert_eq!(*verified.status(), Status::ENDED);
    let at = world.clock.now();
    let no = world.ledger.view().check(&request, at, &Ask::now(Audience::Anyone)).unwrap().to_json();
    let verified = verify_authority(no.as_bytes(), &request, &policy, now(&world)).unwrap();
    assert!(!verified.decision().permit);
    assert_eq!(verified.decision().reason, Reason::Ended);
    assert_eq!(verified.decision().evidence.len(), 2);

    let list = world.ledger.view().complete(&mother.party, 0, &Ask::now(Audience::Party(mother.party)));
    let list = list.unwrap().unwrap().to_json();
    let verified = verify_complete(list.as_bytes(), &mother.party, 0, &policy, now(&world)).unwrap();
    let entries: usize = verified.answer().segments.iter().map(|(_, entries)| entries.len()).sum();
    // Her party, her key, the mandate, its acceptance, its revocation.
    assert_eq!(entries, 5);
    assert!(verified.answer().to_the_end);

    // The yes of before is old, and as history still a yes.
    world.clock.pass(3600 * 1000);
    let stale = verify_authority(yes.as_bytes(), &request, &policy, now(&world)).unwrap_err();
    assert_eq!(stale.name(), "stale");
    assert!(verify_authority(yes.as_bytes(), &request, &policy, Mode::Historic).unwrap().decision().permit);
}

#[test]
fn a_ledger_in_a_folder_opens_again_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_folder(folder.path());
    let mother = world.person("48031500292");
    let son = world.person("75061200192");
    let granted = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
    let (size, origin) = (world.ledger.view().size(), world.ledger.origin().to_owned());
    world.ledger.close();
    let (policy, options, log_key) = (world.policy(), world.options(), world.log_key.clone());
    let clock = world.clock.clone();
    drop(world);
    let ledger = procura_ledger::Ledger::open(folder.path(), &origin, log_key, options).unwrap();
    assert_eq!(ledger.view().size(), size);
    let receipt = ledger.view().receipt(&granted, &Ask::now(Audience::Anyone)).unwrap().unwrap();
    let json = receipt.to_json();
    verify_status(json.as_bytes(), &granted, None, &policy, Mode::Fresh(clock.now())).unwrap();
    println!("a status receipt has {} bytes", json.len());
    let other = verify_existence(json.as_bytes(), &granted, &policy, Mode::Historic).unwrap_err();
    assert_eq!(other.name(), "other_question");
    assert!(ledger.view().as_of_time(Millis(0)).unwrap().is_none());
}

/// What was judged and read before is no answer once the words or the law changed: a catalogue counts from its own batch on, and
/// no longer once it is revoked.
#[test]
fn a_new_catalogue_and_its_end_are_seen_at_once() {
    let world = World::in_memory();
    let mother = world.person("48031500292");
    let office = world.institution("kbo:0202239951", &[]);
    let request = World::ask(&office.identifier, "tax", &mother.identifier, "read");
    let reason = || world.ledger.view().evaluate(&request, world.clock.now()).unwrap().reason;
    assert_eq!(reason(), Reason::NoAuthority);
    let title = json!({"de": "Law", "en": "Law", "fr": "Law", "nl": "Law"});
    let law = json!([{
        "code": "law", "title": title, "categories": ["tax"], "purposes": ["read"], "recipients": [office.party],
    }]);
    let catalogue = world.publish_catalogue(&world.root, 2, law);
    assert_eq!(reason(), Reason::LegalBasis);
    world.append(world.transition("revocation", &world.root, &catalogue));
    assert_eq!(reason(), Reason::NoAuthority);
}
