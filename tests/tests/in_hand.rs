//! A withdrawal in hand. Goal: a verifier that holds a validly signed one answers no although the receipt says active, and nobody else's paper
//! makes it do so. Method: a true receipt of an active mandate, records that were never handed in, and one thing wrong at a time; notes of
//! relays likewise.
use procura_core::draft::Draft;
use procura_core::key::SoftKey;
use procura_core::receipt::{
    Question, Receipt, VerifiedWithdrawal, relay_note, verify_relayed, verify_withdrawal,
};
use procura_core::record::Record;
use procura_core::status::Status;
use procura_core::{Hash, Millis, b64};
use procura_ledger::{Ask, Audience, Clock};
use procura_tests::world::{Actor, World};
use serde_json::json;
use std::sync::Arc;

struct Scene {
    world: World,
    mother: Actor,
    son: Actor,
    mandate: Hash,
}

fn scene() -> Scene {
    let world = World::in_memory();
    let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
    let mandate = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
    world.append(world.transition("acceptance", &son, &mandate));
    Scene { world, mother, son, mandate }
}

impl Scene {
    fn status_of(&self, id: &Hash) -> Vec<u8> {
        let receipt = self.world.ledger.view().receipt(id, &Ask::now(Audience::Anyone)).unwrap().unwrap();
        receipt.to_json().into_bytes()
    }

    fn decision(&self) -> Vec<u8> {
        let asked = World::ask(&self.son.identifier, "pension", &self.mother.identifier, "read");
        let ask = Ask::now(Audience::Party(self.son.party));
        let receipt = self.world.ledger.view().check(&asked, self.world.clock.now(), &ask).unwrap();
        assert!(matches!(&receipt.question, Question::Authority(asked) if asked.decision.permit));
        receipt.to_json().into_bytes()
    }

    fn signed(&self, kind: &str, by: &Actor) -> String {
        self.world.transition(kind, by, &self.mandate).record
    }

    fn held(&self, receipt: &[u8], record: &str, keys: &[&[u8]]) -> Result<VerifiedWithdrawal, String> {
        let now = self.world.clock.now();
        verify_withdrawal(receipt, record, keys, &self.world.policy(), now)
            .map_err(|error| error.name().to_owned())
    }

    fn refused(&self, receipt: &[u8], record: &str) -> String {
        self.held(receipt, record, &[]).unwrap_err()
    }

    /// Another key of the mother's that the mandate's receipt does not show.
    fn second_key(&self) -> Actor {
        let key = SoftKey::from_seed(&[0x5E; 32]);
        let kid =
            self.world.append(self.world.key_record(&self.mother, &self.mother.party, &key, "cosigned")).id;
        Actor { kid, key: Arc::new(key), ..self.mother.clone() }
    }
}

#[test]
fn what_its_giver_or_taker_withdraws_is_no_longer_answered_with_yes() {
    let scene = scene();
    let (status, decision) = (scene.status_of(&scene.mandate), scene.decision());
    for (kind, by, becomes) in [
        ("revocation", &scene.mother, Status::ENDED),
        ("renunciation", &scene.son, Status::ENDED),
        ("suspension", &scene.mother, Status::SUSPENDED),
    ] {
        let record = scene.signed(kind, by);
        for receipt in [&status, &decision] {
            let held = scene.held(receipt, &record, &[]).unwrap();
            assert_eq!(
                (held.target(), held.status(), held.had_ended()),
                (&scene.mandate, becomes, false),
                "{kind}"
            );
            assert_eq!(held.signed_by(), Some(&by.party));
        }
    }
    // Logged or not.
    let record = scene.world.transition("revocation", &scene.mother, &scene.mandate);
    scene.world.append(record.clone());
    let held = scene.held(&scene.status_of(&scene.mandate), &record.record, &[]).unwrap();
    assert_eq!((held.status(), held.had_ended()), (Status::ENDED, true));
    assert!(!scene.held(&status, &record.record, &[]).unwrap().had_ended());
}

#[test]
fn what_nobody_entitled_signed_withdraws_nothing() {
    let scene = scene();
    let status = scene.status_of(&scene.mandate);
    let good = scene.signed("revocation", &scene.mother);
    assert_eq!(scene.refused(&status, &scene.signed("revocation", &scene.son)), "not_allowed");
    assert_eq!(scene.refused(&status, &scene.signed("renunciation", &scene.mother)), "not_allowed");
    // Another's signature under her name, and one byte of hers changed.
    let forged = Actor { key: scene.son.key.clone(), ..scene.mother.clone() };
    assert_eq!(scene.refused(&status, &scene.signed("revocation", &forged)), "signature");
    let (head, signature) = good.rsplit_once('.').unwrap();
    let mut bytes = b64::decode(signature).unwrap();
    bytes[0] ^= 1;
    assert_eq!(scene.refused(&status, &format!("{head}.{}", b64::encode(&bytes))), "signature");
    let stranger = scene.world.person("15061500231");
    assert_eq!(scene.refused(&status, &scene.signed("revocation", &stranger)), "unknown_signer");
    // Her revocation of something else.
    let other = scene.world.append(scene.world.mandate(&scene.mother, &scene.son.party, &["tax"])).id;
    assert_eq!(scene.refused(&scene.status_of(&other), &good), "other_target");
    // What withdraws nothing.
    assert_eq!(scene.refused(&status, &scene.signed("acceptance", &scene.son)), "not_a_withdrawal");
    let lift = Draft::on("suspension", &scene.world.occasion(), &scene.mandate).member("lift", json!(true));
    let lift = lift.sign(&scene.mother.kid, scene.mother.key.as_ref()).unwrap();
    assert_eq!(scene.refused(&status, &lift.record), "opening_move");
    assert_eq!(scene.refused(&status, "e30.e30.AA"), "jws_header_members");
    let mut receipt = status.clone();
    let at = receipt.windows(8).position(|window| window == b"\"trie\":\"").unwrap() + 60;
    receipt[at] = if receipt[at] == b'A' { b'B' } else { b'A' };
    assert_eq!(scene.refused(&receipt, &good), "map_root");
}

#[test]
fn a_signer_s_key_that_the_receipt_does_not_show_is_believed_by_its_own_receipt() {
    let scene = scene();
    let second = scene.second_key();
    let status = scene.status_of(&scene.mandate);
    let record = scene.signed("revocation", &second);
    assert_eq!(scene.refused(&status, &record), "unknown_signer");
    let key = scene.status_of(&second.kid);
    assert_eq!(scene.held(&status, &record, &[&key]).unwrap().status(), Status::ENDED);
    // The receipt of another key is none.
    let other = scene.status_of(&scene.son.kid);
    assert_eq!(scene.held(&status, &record, &[&other]).unwrap_err(), "unknown_signer");
    // Once the key has ended, what it signs counts no more; a receipt from before still says so of then.
    let end = Draft::on("key-end", &scene.world.occasion(), &second.kid).member("reason", json!("lost"));
    scene.world.append(end.sign(&second.kid, second.key.as_ref()).unwrap());
    let ended = scene.status_of(&second.kid);
    assert_eq!(scene.held(&status, &record, &[&ended]).unwrap_err(), "key_not_active");
    assert_eq!(scene.held(&status, &record, &[&key, &ended]).unwrap_err(), "key_not_active");
}

#[test]
fn a_notice_counts_from_its_day_and_nothing_counts_from_the_future() {
    let scene = scene();
    let now = scene.world.clock.now();
    let status = scene.status_of(&scene.mandate);
    let from = Millis(now.0 + 86_400_000);
    let notice =
        Draft::on("revocation", &scene.world.occasion(), &scene.mandate).member("effective", json!(from));
    let notice = notice.sign(&scene.mother.kid, scene.mother.key.as_ref()).unwrap().record;
    assert_eq!(scene.refused(&status, &notice), "in_force");
    let at = |now| verify_withdrawal(&status, &notice, &[], &scene.world.policy(), now);
    assert_eq!(at(from).unwrap().status(), Status::ENDED);
    let before = Millis(now.0 - 300_001);
    let future = verify_withdrawal(
        &status,
        &scene.signed("revocation", &scene.mother),
        &[],
        &scene.world.policy(),
        before,
    );
    assert_eq!(future.unwrap_err().name(), "future");
}

#[test]
fn a_relay_s_note_says_when_it_had_the_record() {
    let scene = scene();
    let world = &scene.world;
    let relay = world.institution("kbo:0308357159", &[]);
    let record = Record::parse(&scene.signed("revocation", &scene.mother)).unwrap();
    let now = world.clock.now();
    let note = |time, by: &Actor| relay_note(&record, time, &by.kid, by.key.as_ref()).unwrap();
    let key = scene.status_of(&relay.kid);
    let says = |note: &str, record: &Record, key: &[u8]| {
        verify_relayed(note, record, key, &world.policy()).map_err(|error| error.name().to_owned())
    };
    let said = says(&note(now, &relay), &record, &key).unwrap();
    assert_eq!((said.relay(), said.time()), (&relay.party, now));
    // About the very text: another record, and the same one signed in another way.
    let other = Record::parse(&scene.signed("revocation", &scene.mother)).unwrap();
    assert_eq!(says(&note(now, &relay), &other, &key).unwrap_err(), "other_record");
    assert_eq!(says(&note(Millis(now.0 - 300_001), &relay), &record, &key).unwrap_err(), "relay_time");
    // A person is no relay; nor is a key that is another's, or has ended.
    let person = scene.status_of(&scene.son.kid);
    assert_eq!(says(&note(now, &scene.son), &record, &person).unwrap_err(), "not_an_institution");
    assert_eq!(says(&note(now, &relay), &record, &person).unwrap_err(), "other_question");
    let forged = Actor { key: scene.son.key.clone(), ..relay.clone() };
    assert_eq!(says(&note(now, &forged), &record, &key).unwrap_err(), "signature");
    // A record's signature is none on a note.
    assert_eq!(says(record.text(), &record, &key).unwrap_err(), "jws_typ");
    let organisation = world.organisation("0440966354");
    let shown = scene.status_of(&organisation.kid);
    assert_eq!(says(&note(now, &organisation), &record, &shown).unwrap_err(), "not_an_institution");
    let end = Draft::on("key-end", &world.occasion(), &relay.kid).member("reason", json!("lost"));
    world.append(end.sign(&relay.kid, relay.key.as_ref()).unwrap());
    let ended = scene.status_of(&relay.kid);
    assert_eq!(says(&note(now, &relay), &record, &ended).unwrap_err(), "key_not_active");
    let parsed = Receipt::parse(&key).unwrap();
    assert!(matches!(parsed.question, Question::Status { id, .. } if id == relay.kid));
}
