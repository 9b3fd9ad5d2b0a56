//! Goal: a ledger with three witnesses goes on while two of them are there, says who is absent, and answers nobody who asks for a
//! quorum without one. Method: the server in this process, the witnesses as processes, killed and started again by their ids; a
//! client whose policy asks for two of three.

use super::process::{Witness, becomes};
use procura_client::keyfile::KeyFile;
use procura_client::store::MemoryStore;
use procura_client::{Client, LogInfo, SubmitError};
use procura_core::days::Day;
use procura_core::draft::{Draft, Occasion};
use procura_core::kinds::Validity;
use procura_core::receipt::{Mode, Policy, VerifyError, verify_status};
use procura_core::submission::Submission;
use procura_core::{Hash, Size};
use procura_ledger::{OsRandom, Random as _};
use procura_tests::served::{Given, Served};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// A ledger with three witnesses, and the policy that asks for two of them.
struct Town {
    served: Served,
    witnesses: Vec<Witness>,
    policy: Policy,
    folder: tempfile::TempDir,
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        // The ledger's key has to be there before anybody can witness it.
        let alone = Served::over(&data);
        let key = LogInfo::unverified(&alone.url).unwrap().policy.log_keys[0].key.clone();
        drop(alone);
        std::fs::write(folder.path().join("logs"), format!("log {key}\nquorum none\n")).unwrap();
        let witnesses: Vec<_> =
            ["w1", "w2", "w3"].into_iter().map(|name| Witness::start(folder.path(), name)).collect();
        let mut text = format!("log {key}\n");
        for (name, witness) in ["one", "two", "three"].into_iter().zip(&witnesses) {
            text.push_str(&format!("witness {name} {} {}\n", witness.vkey, witness.url));
        }
        text.push_str("group town 2 one two three\nquorum town\n");
        let path = folder.path().join("witnesses");
        std::fs::write(&path, text).unwrap();
        let served = Served::with(&data, Given { witnesses: Some(path), ..Given::default() });
        let policy = LogInfo::unverified(&served.url).unwrap().policy;
        assert!(policy.witnesses.is_some(), "the policy that the ledger proposes names its witnesses");
        Self { served, witnesses, policy, folder }
    }

    fn client(&self, name: &str) -> Client {
        let (key, _) = KeyFile::load(&self.served.key(name), || panic!("it is plain")).unwrap();
        let client = Client::new(&self.served.url, self.policy.clone(), MemoryStore::new()).unwrap();
        client.with_identity(key.identity().unwrap())
    }

    fn mandate(&self, client: &Client) -> (Hash, Submission) {
        let (me, now) = (client.identity().unwrap(), client.now());
        let mut nonce = [0; 32];
        OsRandom.fill(&mut nonce).unwrap();
        let occasion = Occasion { origin: &client.policy().origin, nonce, now };
        let validity = Validity::of_days(Day::of(now).unwrap(), None);
        let to = self.client("employer").identity().unwrap().party;
        let catalogue = client.catalogues().unwrap()[0].id;
        let draft =
            Draft::mandate(&occasion, &me.party, &to, &catalogue, &["pensions".to_owned()], &validity);
        (draft.id(), draft.sign(&me.kid, me.signer.as_ref()).unwrap())
    }

    /// What the ledger says of its witnesses.
    fn told(&self) -> Value {
        let answer =
            ureq::get(format!("{}/v1/log", self.served.url)).call().unwrap().body_mut().read_to_string();
        serde_json::from_str(&answer.unwrap()).unwrap()
    }

    fn member(&self, name: &str) -> Value {
        let told = self.told();
        let members = told["witnesses"]["members"].as_array().unwrap().clone();
        members.into_iter().find(|member| member["name"] == name).unwrap()
    }

    fn published(&self) -> Size {
        let answer =
            ureq::get(format!("{}/checkpoint", self.served.url)).call().unwrap().body_mut().read_to_string();
        let signed = procura_core::checkpoint::SignedCheckpoint::parse(answer.unwrap().as_bytes()).unwrap();
        signed.unverified().size()
    }
}

#[test]
fn two_of_three_are_enough_and_one_is_not() {
    let mut town = Town::new();
    let mother = town.client("mother");
    becomes("the first quorum", || town.client("auditor").checkpoint().is_ok());

    // Whoever asks for a quorum gets it with the answer: of a submission, of a read.
    let (id, submission) = town.mandate(&mother);
    let submitted = mother.submit(&submission).unwrap();
    assert!(submitted.status().unwrap().answer().receipt().witnesses() >= 2);
    assert!(mother.status(&id).unwrap().answer().receipt().witnesses() >= 2);
    assert!(town.client("auditor").status(&id).unwrap().answer().receipt().witnesses() >= 2);
    becomes("all three cosigned it", || {
        let size = town.published().0;
        ["one", "two", "three"].iter().all(|name| town.member(name)["size"] == size)
    });

    // One is killed, by its id: the ledger goes on, and says who is absent.
    town.witnesses[2].kill();
    let (id, submission) = town.mandate(&mother);
    let submitted = mother.submit(&submission).unwrap();
    assert_eq!(submitted.status().unwrap().answer().receipt().witnesses(), 2);
    becomes("the absence is told", || town.member("three")["failure"] == "unreachable");
    assert!(town.member("one").get("failure").is_none());
    let quorum = town.told()["witnesses"]["quorum"].clone();
    assert!(quorum["size"].as_u64().unwrap() > town.member("three")["size"].as_u64().unwrap());

    // A receipt stands alone: with the policy, and with another that asks for the absent one as well.
    let receipt = submitted.receipt();
    assert!(verify_status(receipt, &id, None, &town.policy, Mode::Historic).is_ok());
    let all =
        std::fs::read_to_string(town.folder.path().join("witnesses")).unwrap().replace("town 2", "town all");
    let strict = Policy {
        witnesses: Some(procura_core::policy::TlogPolicy::parse(all.as_bytes()).unwrap()),
        ..town.policy.clone()
    };
    let refused = verify_status(receipt, &id, None, &strict, Mode::Historic).unwrap_err();
    assert!(matches!(refused, VerifyError::NoQuorum), "{refused}");
    verified_by_the_command(&town, receipt, &all);

    // It comes back where it was, and catches up.
    town.witnesses[2].restart();
    becomes("it cosigns again", || {
        let three = town.member("three");
        three.get("failure").is_none() && three["size"] == town.published().0
    });

    // Two are gone: what is signed has no quorum, and is not taken for witnessed; what is published stays.
    town.witnesses[0].kill();
    town.witnesses[1].kill();
    let (id, submission) = town.mandate(&mother);
    let before = town.published();
    let refused = mother.submit(&submission).unwrap_err();
    assert!(matches!(&refused, SubmitError::Distrust(error) if error.name() == "no_quorum"), "{refused}");
    assert!(mother.status(&id).is_err());
    let told = town.told();
    assert!(told["size"].as_u64().unwrap() > before.0, "it is logged all the same");
    assert!(told["witnesses"]["quorum"]["size"].as_u64().unwrap() <= before.0);
    assert_eq!(town.published(), before);
    becomes("both absences are told", || {
        ["one", "two"].iter().all(|name| town.member(name)["failure"] == "unreachable")
    });

    // With one of them the quorum is back, for what was logged meanwhile too.
    town.witnesses[0].restart();
    becomes("the quorum is back", || mother.status(&id).is_ok());
    assert!(town.published() > before);
    assert!(town.client("auditor").checkpoint().is_ok());
}

/// The same at the command line: the receipt in a file, the policy in another, nobody asked.
fn verified_by_the_command(town: &Town, receipt: &[u8], all: &str) {
    let folder = town.folder.path();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let file = write("receipt", receipt);
    let policy =
        write("policy", LogInfo::unverified(&town.served.url).unwrap().policy_json.to_string().as_bytes());
    let all = write("all", all.as_bytes());
    let verify = |witnesses: Option<&Path>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_procura"));
        command.args(["receipt", "verify", "--json"]).arg(&file).arg("--policy").arg(&policy);
        if let Some(witnesses) = witnesses {
            command.arg("--witnesses").arg(witnesses);
        }
        let output = command.env_clear().env("PROCURA_HOME", folder.join("home")).output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), told["error"].clone(), told["checkpoint"]["witnesses"].clone())
    };
    // Nobody has accepted the mandate yet: verified, and no yes.
    assert_eq!(verify(None), (1, Value::Null, Value::from(2)));
    assert_eq!(verify(Some(&all)), (1, Value::from("no_quorum"), Value::Null));
}
