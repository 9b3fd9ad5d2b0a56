//! Two histories under one key: each is right by itself. Who has seen both convicts.

use super::town::Town;
use procura_core::key::{Signer as _, SoftKey};
use procura_core::submission::Submission;
use procura_ledger::Ledger;
use procura_tests::hostile::Liar;
use procura_tests::world::{CountedRandom, ORIGIN, World};
use std::path::Path;
use std::sync::Arc;

const LOOK: &[&str] = &["monitor", "--once"];

#[test]
fn a_reader_who_is_shown_another_history_convicts_at_the_next_answer() {
    for (here, there) in [(1, 1), (1, 4)] {
        let (mut town, other) = (Town::new(), Town::new());
        town.types("mother", LOOK).is_yes();
        town.happen(here);
        town.types("mother", LOOK).is_yes();
        assert!(town.evidence_of("mother").is_none(), "a ledger that grows is no liar");
        // The other side hides what the first shows, and shows something else.
        other.revoke();
        other.happen(there - 1);
        town.server.turn_to(&other.world);
        let request = ["receipt", "get", &town.mandate.to_string()];
        town.types("mother", &request).is(2, "fork");
        town.convicts("mother").is_proven("fork");
    }
}

#[test]
fn two_readers_who_see_one_history_each_notice_nothing_and_convict_once_they_compare() {
    for (here, there) in [(0, 0), (2, 0), (0, 2)] {
        let (town, other) = (Town::new(), Town::new());
        // The very same records, in another order for the other reader.
        let given = town.world.mandate(&town.mother, &town.son.party, &["tax"]);
        let revoked = town.world.transition("revocation", &town.mother, &town.mandate);
        let in_order =
            |town: &Town, records: [&Submission; 2]| records.map(|one| town.world.append(one.clone()).id);
        let (one, another) = (in_order(&town, [&given, &revoked]), in_order(&other, [&revoked, &given]));
        assert_eq!(one, [another[1], another[0]]);
        town.happen(here);
        other.happen(there);
        for side in [&town, &other] {
            side.types("mother", LOOK).is_yes();
            side.types("auditor", &["monitor", "--once", "--entries"]).is_yes();
            side.types("mother", LOOK).is_yes();
            assert!(side.evidence_of("mother").is_none() && side.evidence_of("auditor").is_none());
        }
        let file = other.path("receipt");
        let file = file.to_str().unwrap();
        other.types("mother", &["receipt", "get", &other.mandate.to_string(), "--out", file]).is_yes();
        other.types("auditor", &["log", "compare", file]).is_yes();
        if here < there {
            // The side with less shows nothing of the larger tree: it is said to be behind, until it has as much.
            town.types("auditor", &["log", "compare", file]).is(2, "beyond_log");
            town.happen(there + 1 - here);
        }
        town.types("auditor", &["log", "compare", file]).is(1, "fork");
        town.convicts("auditor").is_proven("fork");
    }
}

/// The operator copies the folder of a ledger that is not running.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).unwrap();
        }
    }
}

/// A town that runs on from an old copy of its whole folder, the side file included, under the same key.
fn rolled_back(folders: &Path, meanwhile: impl FnOnce(&Town)) -> Town {
    let (now, old) = (folders.join("now"), folders.join("old"));
    let mut town = Town::over(World::in_folder(&now), |world| world.reopened(&now, || copy(&now, &old)));
    meanwhile(&town);
    let ledger = Ledger::open(&old, ORIGIN, town.world.log_key.clone(), town.world.options()).unwrap();
    // What it draws by chance it draws anew.
    town.world = town.world.with_ledger(ledger, Arc::new(CountedRandom::from(1 << 41)));
    town.server.turn_to(&town.world);
    town
}

#[test]
fn a_database_that_was_rolled_back_is_noticed_at_the_next_answer_and_convicted_once_it_goes_on() {
    let (folders, mut receipt) = (tempfile::tempdir().unwrap(), String::new());
    let town = rolled_back(folders.path(), |town| {
        let revocation = town.revoke();
        let file = town.path("receipt");
        receipt = file.to_str().unwrap().to_owned();
        let words = ["receipt", "get", &revocation.to_string(), "--out", &receipt];
        town.types("mother", &words).is_yes();
        town.types("auditor", &["monitor", "--once", "--entries"]).is_yes();
        town.types("mother", &["receipt", "lost", &receipt]).is_yes();
    });
    // Who has seen more is told nothing.
    let status = ["receipt", "get", &town.mandate.to_string()];
    town.types("mother", &status).is(2, "rollback");
    town.types("auditor", LOOK).is(1, "rollback");
    assert!(town.evidence_of("auditor").is_none(), "less of one history contradicts nothing yet");
    let lost = town.types("third", &["receipt", "lost", &receipt]);
    assert_eq!((lost.code, lost.json["missing"].as_array().unwrap().len()), (1, 1), "{lost:?}");
    // A reader who has seen nothing believes it: nothing tells them.
    town.types("stranger", LOOK).is_yes();

    // It goes on, past what it had acknowledged.
    town.happen(4);
    town.types("auditor", LOOK).is(1, "fork");
    town.convicts("auditor").is_proven("fork");
    // One receipt is enough, of somebody who never looked again.
    town.types("stranger", &["log", "compare", &receipt]).is(1, "fork");
    town.convicts("stranger").is_proven("fork");
    let lost = town.types("third", &["receipt", "lost", &receipt]);
    assert_eq!(lost.json["replaced"].as_array().unwrap().len(), 1, "{lost:?}");
}

#[test]
fn a_key_that_is_not_the_ledger_s_is_believed_by_nobody() {
    let town = Town::new();
    town.types("mother", LOOK).is_yes();
    let mut stranger = Liar::copy(&town.world);
    stranger.log_key = Arc::new(SoftKey::from_seed(&[0xEE; 32]));
    assert_ne!(stranger.log_key.public_key(), town.world.log_key.public_key());
    town.server.serve(&stranger);
    town.types("mother", LOOK).is(1, "no_known_signature");
    assert!(town.evidence_of("mother").is_none());
}
