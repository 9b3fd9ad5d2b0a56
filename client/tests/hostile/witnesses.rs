//! Witnesses: while they are honest no reader of theirs is shown a second history; one that signs both sides is convicted by its own
//! cosignatures.

use super::town::Town;
use procura_client::guard::Guard;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::cosignature::cosign;
use procura_core::key::{Signer as _, SoftKey};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::policy::TlogPolicy;
use procura_core::receipt::Policy;
use procura_ledger::{Audience, Clock as _};
use procura_tests::hostile::Reply;
use serde_json::json;
use std::path::PathBuf;

/// A witness, as whoever holds its key may use it.
struct Witness(SoftKey);

impl Witness {
    fn key(&self) -> NoteVerifier {
        NoteVerifier::new("witness.example", KeyType::CosignatureV1, self.0.public_key().as_bytes()).unwrap()
    }

    fn cosigns(&self, checkpoint: &str, time_s: u64) -> String {
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes()).unwrap();
        let sign = |message: &[u8]| self.0.sign(message).unwrap();
        let line = cosign(&self.key(), checkpoint.note().text(), time_s, &sign).unwrap();
        checkpoint.with(line).unwrap().to_string()
    }

    /// A C2SP policy that wants it.
    fn policy(&self, town: &Town) -> String {
        let log = town.world.ledger.log_key();
        format!("log {log}\nwitness one {}\ngroup all all one\nquorum all\n", self.key())
    }

    fn policy_file(&self, town: &Town) -> PathBuf {
        let path = town.path("witnesses");
        std::fs::write(&path, self.policy(town)).unwrap();
        path
    }
}

/// The server's checkpoints are cosigned by the witness, whatever they say.
fn witnessed(town: &Town) -> PathBuf {
    let time_s = town.world.clock.now().0 / 1000;
    town.server.lie(move |asked, reply| {
        if asked.path != "/checkpoint" {
            return reply;
        }
        let checkpoint = String::from_utf8(reply.body.clone()).unwrap();
        Reply {
            body: Witness(SoftKey::from_seed(&[0x0B; 32])).cosigns(&checkpoint, time_s).into_bytes(),
            ..reply
        }
    });
    Witness(SoftKey::from_seed(&[0x0B; 32])).policy_file(town)
}

#[test]
fn a_witness_that_signs_both_sides_is_convicted_with_the_ledger() {
    for (here, there) in [(1, 1), (1, 5)] {
        let (mut town, other) = (Town::new(), Town::new());
        town.happen(here);
        let witnesses = witnessed(&town);
        let witnesses = witnesses.to_str().unwrap().to_owned();
        let look = ["monitor", "--once", "--witnesses", &witnesses];
        town.types("reader", &look).is_yes();
        other.revoke();
        other.happen(there - 1);
        town.server.turn_to(&other.world);
        town.types("reader", &look).is(1, "fork");
        let file = town.evidence_of("reader").unwrap();
        let file = file.to_str().unwrap();
        let checked = town.third(&["evidence", file, "--witnesses", &witnesses]);
        assert_eq!(checked.is_proven("fork").json["witnesses"], json!(["witness.example"]));
        // Who doesn't know the witness convicts the ledger all the same.
        let alone = town.third(&["evidence", file]);
        assert_eq!(alone.is_proven("fork").json["witnesses"], json!([]));
    }
}

#[test]
fn a_witness_that_signed_one_side_is_not_convicted() {
    let (mut town, other) = (Town::new(), Town::new());
    town.happens();
    let witnesses = witnessed(&town);
    let witnesses = witnesses.to_str().unwrap().to_owned();
    town.types("reader", &["monitor", "--once", "--witnesses", &witnesses]).is_yes();
    // It cosigned the first side; the second comes with the line of the first, which proves nothing of it.
    let first = town.world.ledger.view().checkpoint().to_owned();
    let line = Witness(SoftKey::from_seed(&[0x0B; 32])).cosigns(&first, town.world.clock.now().0 / 1000);
    let line = line.lines().last().unwrap().to_owned();
    other.revoke();
    town.server.turn_to(&other.world);
    town.server.repent();
    town.types("reader", &["monitor", "--once", "--witnesses", &witnesses]).is(1, "no_quorum");
    assert!(town.evidence_of("reader").is_none(), "what no quorum cosigned is not looked at");
    town.server.lie(move |asked, reply| match asked.path.as_str() {
        "/checkpoint" => {
            let body = format!("{}{line}\n", String::from_utf8(reply.body.clone()).unwrap()).into_bytes();
            Reply { body, ..reply }
        }
        _ => reply,
    });
    town.types("reader", &["monitor", "--once"]).is(1, "fork");
    let file = town.evidence_of("reader").unwrap();
    let checked = town.third(&["evidence", file.to_str().unwrap(), "--witnesses", &witnesses]);
    assert_eq!(checked.is_proven("fork").json["witnesses"], json!([]));
}

/// A source that keeps no pin believes any history that the ledger's key signed: only witnesses, or comparing, tell.
#[test]
fn an_access_acknowledged_on_the_side_lets_data_go_unless_witnesses_are_wanted_and_its_receipt_convicts() {
    let (town, side) = (Town::new(), Town::new());
    for one in [&town, &side] {
        let world = &one.world;
        world.append(world.consent(&one.mother, &one.auditor.party, &["pension"], &["read"]));
    }
    let access = super::lists::access(&side);
    let logged = side.world.append(access);
    let receipt = logged.view.access(&logged.id, None, Audience::Anyone).unwrap().unwrap().to_json();
    let now = side.world.clock.now();
    let subject = town.mother.party;
    let guard = |policy: Policy| Guard::new(policy, town.auditor.party);
    assert!(guard(town.world.policy()).release(receipt.as_bytes(), &subject, "pension", now).is_ok());
    let witness = Witness(SoftKey::from_seed(&[0x0B; 32]));
    let wanted = TlogPolicy::parse(witness.policy(&town).as_bytes()).unwrap();
    let policy = Policy { witnesses: Some(wanted), ..town.world.policy() };
    assert_eq!(
        guard(policy).release(receipt.as_bytes(), &subject, "pension", now).unwrap_err().name(),
        "no_quorum"
    );

    town.happen(3);
    let file = town.path("receipt");
    std::fs::write(&file, &receipt).unwrap();
    town.types("auditor", &["log", "compare", file.to_str().unwrap()]).is(1, "fork");
    town.convicts("auditor").is_proven("fork");
    // The same access in the one history there is.
    let honest = town.world.append(super::lists::access(&town));
    let receipt = honest.view.access(&honest.id, None, Audience::Anyone).unwrap().unwrap().to_json();
    std::fs::write(&file, &receipt).unwrap();
    town.types("third", &["log", "compare", file.to_str().unwrap()]).is_yes();
}
