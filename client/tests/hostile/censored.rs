//! A revocation that the operator does not log. Nothing proves what is not there; but who holds it answers no, and where relays had it the
//! ledger's own receipt contradicts them.

use super::town::Town;
use procura_client::evidence::{Evidence, Suppressed, Verdict};
use procura_client::guard::Guard;
use procura_client::relay::InHand;
use procura_core::draft::Draft;
use procura_core::record::Record;
use procura_core::submission::Submission;
use procura_ledger::{Audience, Clock as _};
use procura_tests::world::{Actor, ORIGIN};
use serde_json::json;

const MINUTE: u64 = 60_000;

/// The operator keeps every revocation out, and says that it has no time.
fn censor(town: &Town) {
    town.server.keep_out(|asked| {
        let handed_in = Submission::parse(&asked.body).ok().and_then(|it| Record::parse(&it.record).ok());
        asked.method == "POST" && handed_in.is_some_and(|record| record.row().name == "revocation")
    });
}

/// The mother's revocation, signed.
fn revocation(town: &Town, by: &Actor) -> Submission {
    let draft = Draft::on("revocation", &town.world.occasion(), &town.mandate);
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

#[test]
fn a_revocation_that_is_not_logged_is_a_no_for_whoever_holds_it() {
    let town = Town::new();
    town.types("mother", &["monitor", "--once"]).is_yes();
    censor(&town);
    town.types("mother", &["revoke", &town.mandate.to_string()]).is(2, "busy");
    let (held, other, receipt) = (town.path("revocation"), town.path("other"), town.path("yes"));
    let [held, other, receipt] = [&held, &other, &receipt].map(|path| path.to_str().unwrap());
    town.types("mother", &["revoke", &town.mandate.to_string(), "--out", held]).is_yes();

    // The ledger says yes, and proves it: nobody notices who does not hold it.
    let (son, mother) = (town.son.identifier.as_str(), town.mother.identifier.as_str());
    let check = ["check", "--actor", son, "--subject", mother, "--category", "pension", "--purpose", "read"];
    town.types("court", &[&check[..], &["--out", receipt]].concat()).is_yes();
    town.types("court", &[&check[..], &["--with-revocation", held]].concat()).is(1, "revocation_in_hand");
    // With no network, and no ledger seen before.
    town.third(&["receipt", "verify", receipt]).is_yes();
    town.third(&["receipt", "verify", receipt, "--with-revocation", held]).is(1, "revocation_in_hand");
    // What the mandatary's own paper says of the mother's mandate counts for nothing.
    std::fs::write(other, revocation(&town, &town.son).record).unwrap();
    town.third(&["receipt", "verify", receipt, "--with-revocation", other]).is(2, "not_allowed");
}

#[test]
fn a_source_that_heard_of_a_revocation_lets_nothing_go() {
    let town = Town::new();
    let world = &town.world;
    let consent = world.append(world.consent(&town.mother, &town.auditor.party, &["pension"], &["read"])).id;
    let logged = world.append(super::lists::access(&town));
    let receipt = logged.view.access(&logged.id, None, Audience::Anyone).unwrap().unwrap().to_json();
    let guard = Guard::new(world.policy(), town.auditor.party);
    let asks =
        || guard.examine(receipt.as_bytes(), world.clock.now()).map_err(|error| error.name().to_owned());
    assert!(asks().is_ok());
    let on_consent = |by: &Actor| {
        let draft = Draft::on("revocation", &world.occasion(), &consent);
        InHand::of(&draft.sign(&by.kid, by.key.as_ref()).unwrap())
    };
    // Forged, or by who may not: it takes nothing from anybody.
    guard.hear(on_consent(&Actor { key: town.son.key.clone(), ..town.mother.clone() })).unwrap();
    guard.hear(on_consent(&town.auditor)).unwrap();
    assert!(asks().is_ok());
    guard.hear(on_consent(&town.mother)).unwrap();
    assert_eq!(asks().unwrap_err(), "revocation_in_hand");
}

#[test]
fn a_revocation_that_relays_had_and_the_ledger_keeps_out_is_evidence_ten_minutes_later() {
    // The relays had it eleven minutes ago.
    let town = Town::earlier(11 * MINUTE);
    let mut held = InHand::of(&revocation(&town, &town.mother));
    let own_key = town.client(&town.court).key_receipt(&town.court.kid).unwrap();
    censor(&town);
    let (_, passed_on) = town.client(&town.auditor).relay(&mut held, None).unwrap();
    assert_eq!(passed_on.unwrap_err().name(), "busy");
    // One relay's key is shown by a receipt from before.
    let (said, _) = town.client(&town.court).relay(&mut held, Some(own_key)).unwrap();
    assert_eq!((said.relay(), said.time()), (&town.court.party, town.world.clock.now()));
    // A person is no relay.
    let refused = town.client(&town.mother).relay(&mut held, None).unwrap_err();
    assert_eq!((refused.name(), held.notes.len()), ("not_an_institution", 2));
    let file = town.path("held");
    std::fs::write(&file, held.to_json().to_string()).unwrap();

    let receipt = |town: &Town| town.client(&town.mother).status(&town.mandate).unwrap().receipt().to_vec();
    let verdict = |in_hand: &InHand, receipt: Vec<u8>| {
        let evidence = Evidence::Suppressed(Suppressed { in_hand: in_hand.clone(), receipt });
        let file = evidence.to_json(ORIGIN).to_string();
        let (origin, read) = Evidence::parse(file.as_bytes()).unwrap();
        assert_eq!((origin.as_str(), &read), (ORIGIN, &evidence));
        read.check(ORIGIN, &town.world.policy()).map_err(|error| error.name().to_owned())
    };
    // The ledger has ten minutes, to the millisecond.
    town.world.clock.pass(10 * MINUTE - 1);
    town.happens();
    assert_eq!(verdict(&held, receipt(&town)).unwrap_err(), "no_fault");
    town.world.clock.pass(1);
    town.happens();
    assert_eq!(verdict(&held, receipt(&town)).unwrap(), Verdict::OneOfTwo);
    // Notes of none, of a record that was changed, and a revocation by who may not.
    assert_eq!(
        verdict(&InHand { notes: Vec::new(), ..held.clone() }, receipt(&town)).unwrap_err(),
        "no_fault"
    );
    let another = InHand { record: revocation(&town, &town.mother).record, ..held.clone() };
    assert_eq!(verdict(&another, receipt(&town)).unwrap_err(), "other_record");
    let by_son = InHand { record: revocation(&town, &town.son).record, ..held.clone() };
    assert_eq!(verdict(&by_son, receipt(&town)).unwrap_err(), "not_allowed");

    // By the command, a third person last.
    town.world.clock.pass(MINUTE);
    town.happens();
    let (file, shown) = (file.to_str().unwrap(), town.path("shown"));
    let shown = shown.to_str().unwrap();
    town.types("mother", &["receipt", "get", &town.mandate.to_string(), "--out", shown]).is_yes();
    let mut both = [town.auditor.party, town.court.party];
    both.sort_unstable();
    let accused = town.types("mother", &["relay", "accuse", file, shown]);
    assert_eq!(accused.is_yes().json["relays"], json!(both));
    let checked = town.convicts("mother");
    assert_eq!(checked.is_yes().json["relays"], json!(both));
    assert_eq!((&checked.json["fault"], &checked.json["proven"]), (&json!("suppressed"), &json!(false)));
}

#[test]
fn what_a_relay_passes_on_is_logged_and_accuses_nobody() {
    let town = Town::earlier(11 * MINUTE);
    let mut held = InHand::of(&revocation(&town, &town.mother));
    let (_, passed_on) = town.client(&town.auditor).relay(&mut held, None).unwrap();
    passed_on.unwrap();
    town.world.clock.pass(11 * MINUTE);
    town.happens();
    let receipt = town.client(&town.mother).status(&town.mandate).unwrap().receipt().to_vec();
    let evidence = Suppressed { in_hand: held, receipt };
    let checked = Evidence::Suppressed(evidence).check(ORIGIN, &town.world.policy());
    assert_eq!(checked.unwrap_err().name(), "no_fault");
}

/// Who lies, the file does not tell: that is what further relays are for.
#[test]
fn a_relay_that_keeps_what_it_signed_for_accuses_the_ledger_falsely() {
    let town = Town::earlier(11 * MINUTE);
    let mut held = InHand::of(&revocation(&town, &town.mother));
    censor(&town);
    let (_, never_passed_on) = town.client(&town.court).relay(&mut held, None).unwrap();
    assert!(never_passed_on.is_err());
    town.server.repent();
    town.world.clock.pass(11 * MINUTE);
    town.happens();
    let receipt = town.client(&town.mother).status(&town.mandate).unwrap().receipt().to_vec();
    let evidence = Evidence::Suppressed(Suppressed { in_hand: held, receipt });
    assert_eq!(evidence.check(ORIGIN, &town.world.policy()).unwrap(), Verdict::OneOfTwo);
}

#[test]
fn a_relay_signs_by_the_command_whatever_the_ledger_answers() {
    let town = Town::new();
    let (brought, once, twice) = (town.path("brought"), town.path("once"), town.path("twice"));
    let [brought, once, twice] = [&brought, &once, &twice].map(|path| path.to_str().unwrap());
    town.types("mother", &["revoke", &town.mandate.to_string(), "--out", brought]).is_yes();
    let key = town.path("court-key");
    let key = key.to_str().unwrap();
    town.types("court", &["relay", "ready", "--out", key]).is_yes();
    censor(&town);
    let first = town.types("auditor", &["relay", "take", brought, "--out", once]);
    assert_eq!((&first.is_yes().json["logged"], &first.json["refused"]), (&json!(false), &json!("busy")));
    let second = town.types("court", &["relay", "take", once, "--out", twice, "--own-key", key]);
    assert_eq!(second.is_yes().json["notes"], 2);
    let (shown, status) = (town.path("shown"), town.mandate.to_string());
    let shown = shown.to_str().unwrap();
    town.types("mother", &["receipt", "get", &status, "--out", shown]).is_yes();
    town.types("mother", &["relay", "accuse", twice, shown]).is(1, "no_fault");
    // The ledger comes to its senses: the same again, and it is logged.
    town.server.repent();
    let third = town.types("auditor", &["relay", "take", twice, "--out", once]);
    assert_eq!(third.is_yes().json["logged"], true);
    let ended = town.types("mother", &["receipt", "get", &status, "--out", shown]);
    assert_eq!(ended.code, 0);
    assert_eq!(town.third(&["receipt", "verify", shown]).json["status"], "ended");
}
