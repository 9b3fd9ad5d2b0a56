//! What is kept out of somebody's list, or told there otherwise than it was.

use super::town::Town;
use procura_core::draft::Draft;
use procura_core::entry::Entry;
use procura_core::hash::tag;
use procura_core::index::AliasBody;
use procura_core::kinds::PartyType;
use procura_core::receipt::Question;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_tests::hostile::{Liar, Reply};
use procura_tests::world::Actor;
use serde_json::{Value, json};

const LOOK: &[&str] = &["monitor", "--once"];

/// An access of the auditor's institution to the mother's pension.
pub(crate) fn access(town: &Town) -> Submission {
    let draft = Draft::new("access", &town.world.occasion())
        .member("actor", json!(town.auditor.party))
        .member("subject", json!(town.mother.party))
        .member("source", json!(town.auditor.party))
        .member("category", json!("pension"))
        .member("purpose", json!("read"));
    draft.sign(&town.auditor.kid, town.auditor.key.as_ref()).unwrap()
}

/// The first segment of the mother's that is free.
fn free(town: &Town) -> u64 {
    town.client(&town.mother).records(&town.mother.party, &|_| {}).unwrap().records().len() as u64
}

#[test]
fn an_access_left_out_of_a_list_is_noticed_at_once_and_proves_nothing_to_others() {
    let town = Town::new();
    let logged = town.world.append(access(&town));
    let listed = town.types("mother", &["records"]);
    assert!(listed.is_yes().json.to_string().contains(&logged.id.to_string()), "{listed:?}");
    let place = logged.index.0;
    town.server.lie(move |asked, reply| {
        if !asked.path.split('?').next().unwrap().ends_with("/records") {
            return reply;
        }
        let mut receipt: Value = serde_json::from_slice(&reply.body).unwrap();
        let entries = receipt["entries"].as_array_mut().unwrap();
        let before = entries.len();
        entries.retain(|entry| entry["index"] != json!(place));
        assert_eq!(entries.len() + 1, before);
        Reply { body: receipt.to_string().into_bytes(), ..reply }
    });
    let read = town.types("mother", &["records"]);
    let watched = town.types("mother", LOOK);
    assert_eq!((read.code, watched.code), (2, 1), "{read:?} {watched:?}");
    assert_eq!(read.json["error"], watched.json["error"]);
    // Anybody can leave something out of a file: it convicts nobody.
    assert!(town.evidence_of("mother").is_none());
}

/// The list's own segments are all there is: what was never filed in them, its reader can't miss.
#[test]
fn an_access_that_was_filed_nowhere_near_its_subject_is_noticed_by_neither_subject_nor_auditor() {
    let town = Town::new();
    let mut liar = Liar::copy(&town.world);
    let own = [tag(&town.auditor.handle, 0)];
    let place = liar.log(&access(&town), None, &own);
    liar.commit();
    town.server.serve(&liar);
    town.types("mother", LOOK).is_yes();
    let listed = town.types("mother", &["records"]);
    let indexes: Vec<_> =
        listed.json["records"].as_array().unwrap().iter().map(|one| &one["index"]).collect();
    assert!(indexes.len() > 2 && !indexes.contains(&&json!(place)), "{listed:?}");
    town.types("auditor", &["monitor", "--once", "--entries"]).is_yes();
    assert!(town.evidence_of("mother").is_none() && town.evidence_of("auditor").is_none());
}

#[test]
fn a_revocation_kept_out_of_its_mandator_s_list_is_convicted_at_the_next_look() {
    let town = Town::new();
    town.types("mother", LOOK).is_yes();
    let mut liar = Liar::copy(&town.world);
    let end = town.world.transition("renunciation", &town.son, &town.mandate);
    liar.log(&end, Some(Status::ENDED), &[tag(&town.son.handle, 9)]);
    liar.commit();
    town.server.serve(&liar);
    town.types("mother", LOOK).is(1, "misfiled");
    town.convicts("mother").is_proven("misfiled");
}

#[test]
fn a_mandate_that_is_dated_back_is_convicted_at_the_next_look() {
    let town = Town::new();
    town.types("mother", LOOK).is_yes();
    let mut liar = Liar::copy(&town.world);
    let now = liar.now;
    liar.now = Millis(now.0 - 3_600_000);
    let mandate = town.world.mandate(&town.mother, &town.son.party, &["tax"]);
    liar.log(&mandate, Some(Status::PENDING), &[tag(&town.mother.handle, free(&town))]);
    liar.now = now;
    liar.commit();
    town.server.serve(&liar);
    // It is signed later than it claims to have been logged.
    town.types("mother", LOOK).is(1, "entry_time");
    town.convicts("mother").is_proven("entry_time");
    // An auditor needs no list for that.
    town.types("auditor", &["monitor", "--once", "--entries"]).is(1, "time_backwards");
    town.convicts("auditor").is_proven("time_backwards");
}

#[test]
fn a_body_that_is_kept_back_without_an_erasure_is_convicted_at_the_next_look() {
    let town = Town::new();
    town.types("mother", LOOK).is_yes();
    let mut liar = Liar::copy(&town.world);
    let place = liar.ids[&town.mandate];
    liar.rows[usize::try_from(place.0).unwrap()].sealed = None;
    town.server.serve(&liar);
    let said = town.types("mother", &["monitor", "--once"]);
    said.is(1, "unopened");
    town.convicts("mother").is_proven("unopened");
}

/// The first tag of somebody's that is free, and the next ones.
fn files(actor: &Actor, first: u64) -> impl FnMut() -> [Hash; 1] {
    let (handle, mut segments) = (actor.handle, first..);
    move || [tag(&handle, segments.next().unwrap())]
}

#[test]
fn a_revoked_mandate_that_is_active_again_is_convicted_at_the_next_look() {
    let town = Town::new();
    town.types("mother", LOOK).is_yes();
    let mut liar = Liar::copy(&town.world);
    let mut own = files(&town.mother, free(&town));
    let end = town.world.transition("revocation", &town.mother, &town.mandate);
    liar.log(&end, Some(Status::ENDED), &own());
    let mut ended = liar.clone();
    ended.commit();
    town.server.serve(&ended);
    town.types("mother", LOOK).is_yes();
    let again = town.world.transition("acceptance", &town.son, &town.mandate);
    liar = ended;
    liar.log(&again, Some(Status::ACTIVE), &own());
    liar.commit();
    town.server.serve(&liar);
    town.types("mother", LOOK).is(1, "list_move");
    town.convicts("mother").is_proven("list_move");
    // Nor does her list say that it is active.
    town.types("mother", &["records"]).is(2, "list_move");
}

#[test]
fn a_mandate_that_is_active_at_birth_is_convicted_at_the_next_look() {
    let town = Town::new();
    town.types("mother", LOOK).is_yes();
    let mut liar = Liar::copy(&town.world);
    let mandate = town.world.mandate(&town.mother, &town.son.party, &["tax"]);
    liar.log(&mandate, Some(Status::ACTIVE), &[tag(&town.mother.handle, free(&town))]);
    liar.commit();
    town.server.serve(&liar);
    town.types("mother", LOOK).is(1, "opening_move");
    town.convicts("mother").is_proven("opening_move");
    town.types("mother", &["records"]).is(2, "opening_move");
}

#[test]
fn a_revocation_that_is_said_to_leave_a_mandate_active_is_convicted_at_the_next_look() {
    let town = Town::new();
    town.types("mother", LOOK).is_yes();
    let mut liar = Liar::copy(&town.world);
    let end = town.world.transition("revocation", &town.mother, &town.mandate);
    liar.log(&end, Some(Status::ACTIVE), &[tag(&town.mother.handle, free(&town))]);
    liar.commit();
    town.server.serve(&liar);
    town.types("mother", LOOK).is(1, "opening_move");
    town.convicts("mother").is_proven("opening_move");
}

/// What has not ended shows its status list: that is the ledger's word once the map has it.
#[test]
fn a_forbidden_move_in_a_list_that_is_still_open_is_convicted_at_the_next_look() {
    let town = Town::new();
    town.types("mother", LOOK).is_yes();
    let mut liar = Liar::copy(&town.world);
    let paused = town.world.transition("suspension", &town.mother, &town.mandate);
    liar.log(&paused, Some(Status::PENDING), &[tag(&town.mother.handle, free(&town))]);
    liar.commit();
    let question = Question::Complete { party: town.mother.party, from: 0, to: None };
    let mut receipt = liar.receipt(&question);
    liar.show_list(&mut receipt, &town.mandate, &town.mother.party, &town.mother.handle);
    let list = receipt.to_json().into_bytes();
    town.server.lie(move |asked, reply| match liar.answer(&asked.path) {
        Some(_) if asked.path.contains("/parties/") => Reply { status: 200, body: list.clone(), ..reply },
        Some(body) => Reply { status: 200, body, ..reply },
        None => reply,
    });
    town.types("mother", LOOK).is(1, "list_move");
    let convicted = town.convicts("mother");
    convicted.is_proven("list_move");
    // A move that is not in the map is nobody's but his who wrote it down.
    let file = town.evidence_of("mother").unwrap();
    let mut made_up: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let honest = Liar::copy(&town.world).receipt(&question);
    let mut honest: Value = serde_json::from_str(&honest.to_json()).unwrap();
    let list = receipt.lists.iter().position(|list| list.id == town.mandate).unwrap();
    let shown: Value = serde_json::from_str(&receipt.to_json()).unwrap();
    honest["lists"][list] = shown["lists"][list].clone();
    made_up["receipts"] = json!([honest.to_string()]);
    std::fs::write(&file, made_up.to_string()).unwrap();
    town.convicts("mother").is(1, "list_value");
}

/// An institution looks at its own list as anybody does, with its own key.
#[test]
fn what_is_kept_out_of_an_institution_s_list_or_closed_there_is_convicted_at_its_next_look() {
    for lie in ["misfiled", "unopened"] {
        let town = Town::new();
        let given = town.world.append(town.world.mandate(&town.court, &town.son.party, &["tax"])).id;
        town.world.append(town.world.transition("acceptance", &town.son, &given));
        town.types("court", LOOK).is_yes();
        let mut liar = Liar::copy(&town.world);
        if lie == "misfiled" {
            let end = town.world.transition("renunciation", &town.son, &given);
            liar.log(&end, Some(Status::ENDED), &[tag(&town.son.handle, 9)]);
            liar.commit();
        } else {
            let place = usize::try_from(liar.ids[&given].0).unwrap();
            liar.rows[place].sealed = None;
        }
        town.server.serve(&liar);
        town.types("court", LOOK).is(1, lie);
        town.convicts("court").is_proven(lie);
        // Others, whom it does not concern, find nothing.
        town.types("mother", LOOK).is_yes();
    }
}

/// A log in which the mother is registered a second time, under a new handle; the map leads her number there if `is_bent`.
fn with_a_second_mother(town: &Town, is_bent: bool) -> Liar {
    let world = &town.world;
    let handle = [0xDF; 32];
    let draft = world.party_draft(PartyType::Person, &town.mother.identifier, handle);
    let second = draft.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap();
    assert_eq!(world.refused(second.clone()), "party_exists", "an honest ledger takes no second");
    let mut liar = Liar::copy(world);
    let index = liar.log(&second, Some(Status::ACTIVE), &[tag(&handle, 0)]);
    let Entry::Party { head, alias, .. } = liar.rows[usize::try_from(index.0).unwrap()].entry.clone() else {
        panic!("a party has an alias")
    };
    if is_bent {
        liar.aliases.insert(alias, AliasBody { index, id: head.id });
    }
    liar.commit();
    liar
}

#[test]
fn a_second_party_in_her_place_is_noticed_by_her_and_by_who_replays() {
    let auditor = ["monitor", "--once", "--entries"];
    for is_bent in [false, true] {
        let town = Town::new();
        town.types("mother", LOOK).is_yes();
        town.types("auditor", &auditor).is_yes();
        town.server.serve(&with_a_second_mother(&town, is_bent));
        // As long as the map leads to her, she sees nothing of the other one: nor does anybody who is shown only her.
        match is_bent {
            true => town.types("mother", LOOK).is(1, "alias_taken"),
            false => drop(town.types("mother", LOOK).is_yes()),
        }
        assert!(town.evidence_of("mother").is_none(), "a receipt that is refused is no evidence");
        // The entries have it twice, whatever the map says; whoever checks that replays them up to there.
        town.types("auditor", &auditor).is(1, "alias_taken");
        let stated = town.convicts("auditor");
        assert_eq!(
            (stated.code, &stated.json["fault"], &stated.json["proven"]),
            (2, &json!("alias_taken"), &json!(false))
        );
    }
}
