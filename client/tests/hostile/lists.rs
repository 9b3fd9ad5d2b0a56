//! What is kept out of somebody's list, or told there otherwise than it was.

use super::town::Town;
use procura_core::Millis;
use procura_core::draft::Draft;
use procura_core::hash::tag;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_tests::hostile::{Liar, Reply};
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
