//! Story 11. Goal: a municipality checks what it is presented with the centre down; what does not hold fails, each for its own
//! reason, and the centre does not learn who was checked. Method: the real server, a mirror as a process, the command `procura` at a
//! counter that never heard of the server; the server is ended before most of it.

use super::process::{Member, Place, becomes, mirror, procura};
use procura_client::keyfile::KeyFile;
use procura_client::store::MemoryStore;
use procura_client::{Client, LogInfo};
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::decide::AuthZen;
use procura_core::draft::{Draft, Occasion};
use procura_core::kinds::Validity;
use procura_core::submission::Submission;
use procura_ledger::{OsRandom, Random as _};
use procura_tests::served::Served;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Mother and son of the demo, a mirror that follows, and a counter.
pub(crate) struct Town {
    served: Option<Served>,
    pub(crate) url: String,
    pub(crate) policy: Value,
    folder: tempfile::TempDir,
}

pub(crate) fn client(url: &str, key: &Path) -> Client {
    let policy = LogInfo::unverified(url).unwrap().policy;
    let (key, _) = KeyFile::load(key, || panic!("it is plain")).unwrap();
    Client::new(url, policy, MemoryStore::new()).unwrap().with_identity(key.identity().unwrap())
}

fn occasion(client: &Client) -> Occasion<'_> {
    let mut nonce = [0; 32];
    OsRandom.fill(&mut nonce).unwrap();
    Occasion { origin: &client.policy().origin, nonce, now: client.now() }
}

/// A mandate from one to another, not accepted yet.
pub(crate) fn mandate(from: &Client, to: &Client) -> (Hash, Submission) {
    let (me, now) = (from.identity().unwrap(), from.now());
    let validity = Validity::of_days(Day::of(now).unwrap(), None);
    let catalogue = from.catalogues().unwrap()[0].id;
    let to = to.identity().unwrap().party;
    let draft =
        Draft::mandate(&occasion(from), &me.party, &to, &catalogue, &["pensions".to_owned()], &validity);
    (draft.id(), draft.sign(&me.kid, me.signer.as_ref()).unwrap())
}

/// One step on a record.
pub(crate) fn step(by: &Client, kind: &str, on: &Hash) -> Submission {
    let me = by.identity().unwrap();
    Draft::on(kind, &occasion(by), on).sign(&me.kid, me.signer.as_ref()).unwrap()
}

impl Town {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let served = Served::over(&folder.path().join("data"));
        let policy = LogInfo::unverified(&served.url).unwrap().policy_json;
        let town = Self { url: served.url.clone(), served: Some(served), policy, folder };
        town.write("policy", &town.policy.to_string());
        town
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn client(&self, name: &str) -> Client {
        client(&self.url, &self.served.as_ref().unwrap().key(name))
    }

    pub(crate) fn mirror(&self, more: &[&str]) -> Member {
        let key = self.folder.path().join("data/demo/mirror.json");
        let (home, policy) = (self.folder.path().join("mirror"), self.folder.path().join("policy"));
        let more = more.iter().map(|word| (*word).to_owned()).collect();
        mirror(&Place { home, policy, key, from: self.url.clone(), more })
    }

    pub(crate) fn follows(&self, mirror: &Member) {
        let size = || LogInfo::unverified(&self.url).unwrap().size;
        becomes("the mirror follows", || {
            let told = mirror.ready();
            told["status"] == "ok" && told["size"].as_u64().unwrap() >= size()
        });
    }

    /// `procura receipt renew`, at a counter that has the policy's file and nothing else: exit code, and what it says.
    fn counter(&self, mirror: &Member, receipt: &Path, policy: &Value) -> (i32, Value) {
        self.renews(tempfile::tempdir().unwrap().path(), &mirror.url(), receipt, policy)
    }

    /// The same, by somebody who keeps what they see in a folder.
    pub(crate) fn renews(&self, home: &Path, from: &str, receipt: &Path, policy: &Value) -> (i32, Value) {
        let policy = self.write("counter-policy", &policy.to_string());
        let mut command = procura(home);
        command.args(["receipt", "renew", "--json", "--from", from, "--policy"]).arg(policy);
        let output = command.arg(receipt).output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), told)
    }

    /// The same, offline: nobody is asked.
    fn offline(&self, receipt: &Path, policy: &Value) -> (i32, Value) {
        let policy = self.write("counter-policy", &policy.to_string());
        let home = tempfile::tempdir().unwrap();
        let mut command = procura(home.path());
        command.args(["receipt", "verify", "--json", "--fresh", "--policy"]).arg(policy);
        let output = command.arg(receipt).output().unwrap();
        (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
    }
}

#[test]
fn a_municipality_checks_a_mandate_with_the_centre_down() {
    let mut town = Town::new();
    let (mother, son) = (town.client("mother"), town.client("son"));
    let (kept, submission) = mandate(&mother, &son);
    mother.submit(&submission).unwrap();
    son.submit(&step(&son, "acceptance", &kept)).unwrap();
    let (ended, submission) = mandate(&mother, &son);
    mother.submit(&submission).unwrap();
    son.submit(&step(&son, "acceptance", &ended)).unwrap();
    let receipt = |id: &Hash| mother.record_receipt(id, None).unwrap().receipt().to_vec();
    let presented = town.write("kept", &String::from_utf8(receipt(&kept)).unwrap());
    let revoked = town.write("ended", &String::from_utf8(receipt(&ended)).unwrap());
    // What the son shows of what he may do: the whole decision, with the catalogue and both their records.
    let parties = [&son, &mother].map(|client| client.identity().unwrap().party);
    let request = json!({
        "subject": {"type": "party", "id": format!("party:{}", parties[0])}, "action": {"name": "help"},
        "resource": {"type": "pensions", "id": format!("party:{}", parties[1])},
    });
    let request = AuthZen::read(request.as_object().unwrap().clone()).unwrap();
    let decided = son.check(&request).unwrap();
    assert!(decided.answer().decision().permit, "{:?}", decided.answer().decision());
    let decision = town.write("decision", std::str::from_utf8(decided.receipt()).unwrap());

    let mut mirror = town.mirror(&[]);
    mother.submit(&step(&mother, "revocation", &ended)).unwrap();
    town.follows(&mirror);

    // The centre is down from here on. Nobody can have asked it, and nobody learnt who stood at the counter.
    drop(town.served.take());
    assert!(LogInfo::unverified(&town.url).is_err());
    let (code, told) = town.counter(&mirror, &presented, &town.policy);
    assert_eq!((code, &told["status"]), (0, &json!("active")), "{told}");
    let (code, told) = town.counter(&mirror, &revoked, &town.policy);
    assert_eq!((code, &told["status"]), (1, &json!("ended")), "{told}");
    let (code, told) = town.counter(&mirror, &decision, &town.policy);
    assert_eq!(code, 0, "{told}");

    // So it is after the mirror was killed, with nobody there to follow.
    mirror.kill();
    mirror.restart();
    let (code, told) = town.counter(&mirror, &presented, &town.policy);
    assert_eq!((code, &told["status"]), (0, &json!("active")), "{told}");
    let (status, age, _) = mirror.get("/checkpoint");
    assert!(status == 200 && age.unwrap() < 300, "{age:?}");

    // A flipped bit, a wrong log key, another ledger, a stale checkpoint: each has its own reason.
    let text = std::fs::read_to_string(&presented).unwrap();
    let mut forged: Value = serde_json::from_str(&text).unwrap();
    let opening = forged["entries"][1]["r"].as_str().unwrap().to_owned();
    let first = if opening.starts_with('A') { "B" } else { "A" };
    forged["entries"][1]["r"] = json!(format!("{first}{}", &opening[1..]));
    let forged = town.write("forged", &forged.to_string());
    let mut wrong_key = town.policy.clone();
    wrong_key["log_keys"][0]["vkey"] = json!(another_key(&wrong_key));
    let mut wrong_start = town.policy.clone();
    wrong_start["entry0"] = json!(Hash([7; 32]));
    let mut strict = town.policy.clone();
    strict["max_age_s"] = json!(1);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    for (receipt, policy, code, reason) in [
        (&forged, &town.policy, 1, "opening_commitment"),
        (&presented, &wrong_key, 1, "log_signature"),
        (&presented, &wrong_start, 1, "entry0"),
        (&presented, &strict, 2, "stale"),
    ] {
        let (found, told) = town.counter(&mirror, receipt, policy);
        assert_eq!((found, &told["error"]), (code, &json!(reason)), "{told}");
        // And with nobody to ask at all.
        let (found, told) = town.offline(receipt, policy);
        assert_eq!((found, &told["error"]), (1, &json!(reason)), "{told}");
    }
    assert_eq!(town.offline(&presented, &town.policy).0, 0);
}

/// A key of the same name that is not the log's.
fn another_key(policy: &Value) -> String {
    use procura_core::key::{Signer as _, SoftKey};
    use procura_core::note::{KeyType, NoteVerifier};
    let key = SoftKey::from_seed(&[0xBB; 32]).public_key();
    let origin = policy["origin"].as_str().unwrap();
    NoteVerifier::new(origin, KeyType::Ed25519, key.as_bytes()).unwrap().to_string()
}

/// An id alone tells nobody anything: neither that somebody is registered, nor how a record stands.
#[test]
fn who_was_not_shown_a_record_learns_nothing_of_it() {
    let town = Town::new();
    let mother = town.client("mother");
    let mirror = town.mirror(&[]);
    town.follows(&mirror);
    let party = mother.identity().unwrap().party;
    let receipt = mother.record_receipt(&party, None).unwrap().receipt().to_vec();
    let wire = procura_core::receipt::Receipt::parse(&receipt).unwrap();
    let ask = procura_core::receipt::StatusAsk::of(&wire, None).unwrap();
    let post = |body: String| {
        let request = ureq::post(format!("{}/v1/status", mirror.url()));
        let request = request.header("content-type", "application/json");
        let mut answer = request.config().http_status_as_error(false).build().send(body).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    assert_eq!(post(ask.to_json()).0, 200);
    let asked = |change: &dyn Fn(&mut procura_core::receipt::StatusAsk)| {
        let mut ask = ask.clone();
        change(&mut ask);
        post(ask.to_json())
    };
    // By its id alone; with an entry that is nearly right; of what nobody ever logged.
    assert_eq!(asked(&|ask| ask.entries.clear()).0, 400);
    let entry_of = |ask: &procura_core::receipt::StatusAsk, id: &Hash| {
        let is_of = |bytes: &[u8]| procura_core::entry::Entry::decode(bytes).unwrap().id() == Some(*id);
        ask.entries.iter().position(|(_, bytes)| is_of(bytes)).unwrap()
    };
    let forged = asked(&|ask| {
        let at = entry_of(ask, &party);
        ask.entries[at].1[20] ^= 1;
    });
    let nobody = asked(&|ask| {
        let at = entry_of(ask, &party);
        let entry = &mut ask.entries[at].1;
        entry[42..74].fill(7);
        let list = ask.lists.iter_mut().find(|id| **id == party).unwrap();
        *list = Hash([7; 32]);
        ask.lists.sort_unstable();
    });
    assert_eq!(forged.0, 404);
    assert_eq!(forged, nobody);

    // The entries are for those who have a token, here nobody; the rest of the log is everybody's.
    let size = mirror.ready()["size"].as_u64().unwrap();
    let bundle = format!("/tile/entries/000.p/{}", size.min(255));
    assert_eq!(mirror.get(&bundle).0, 401);
    assert_eq!(mirror.get_with(&bundle, Some("0123456789abcdef0123456789abcdef")).0, 401);
    assert_eq!(mirror.get(&format!("/tile/0/000.p/{}", size.min(255))).0, 200);
    let with = town.write("tokens", "0123456789abcdef0123456789abcdef\n");
    drop(mirror);
    let mirror = town.mirror(&["--tokens", with.to_str().unwrap()]);
    town.follows(&mirror);
    let token = Some("0123456789abcdef0123456789abcdef");
    assert_eq!(mirror.get_with(&bundle, token).0, 200);
    // Nobody on the way keeps what is not for everybody.
    assert_eq!(mirror.may_be_kept(&bundle, token), "private, no-store");
    let tile = format!("/tile/0/000.p/{}", size.min(255));
    assert_eq!(mirror.may_be_kept(&tile, None), "public, max-age=604800, immutable");
    assert_eq!(mirror.get_with(&bundle, Some("1123456789abcdef0123456789abcdef")).0, 401);
    let (_, _, metrics) = mirror.get("/metrics");
    assert!(
        metrics.contains("procura_mirror_behind_entries 0\n") && metrics.ends_with("# EOF\n"),
        "{metrics}"
    );
}

/// Goal: a mirror is a copy without one body. Method: every piece of a mandate's payload and signature is looked for in all of a mirror's files;
/// the same search finds them in the ledger's.
#[test]
fn a_mirror_s_folder_has_no_body() {
    let mut town = Town::new();
    let (mother, son) = (town.client("mother"), town.client("son"));
    let (id, submission) = mandate(&mother, &son);
    mother.submit(&submission).unwrap();
    let receipt = mother.record_receipt(&id, None).unwrap().receipt().to_vec();
    let mut mirror = town.mirror(&[]);
    town.follows(&mirror);
    // Somebody asks about it, and brings the receipt in hand; then both end, so that everything is in the files.
    let presented = town.write("presented", std::str::from_utf8(&receipt).unwrap());
    assert_eq!(town.counter(&mirror, &presented, &town.policy).1["status"], "pending");
    mirror.kill();
    drop(town.served.take());

    let parts: Vec<Vec<u8>> =
        submission.record.split('.').map(|part| procura_core::b64::decode(part).unwrap()).collect();
    let text = submission.record.as_bytes();
    // The ledger's name is no secret, and stands in every checkpoint.
    let name = town.policy["origin"].as_str().unwrap();
    let payload = String::from_utf8(parts[1].clone()).unwrap();
    let of_payload: Vec<&[u8]> =
        payload.split(name).flat_map(|rest| rest.as_bytes().chunks_exact(16)).collect();
    let of_signature: Vec<&[u8]> = parts[2].chunks_exact(16).collect();
    let of_text: Vec<&[u8]> = text.chunks_exact(24).collect();
    assert!(of_payload.len() > 10 && of_signature.len() == 4 && of_text.len() > 10);
    let bytes_of = |folder: &str| {
        let mut all = Vec::new();
        read_all(&town.folder.path().join(folder), &mut all);
        all
    };
    let found = |all: &[u8], piece: &[u8]| all.windows(piece.len()).any(|window| window == piece);
    let (ledger, mirror) = (bytes_of("data"), bytes_of("mirror"));
    assert!(
        of_payload.iter().chain(&of_signature).all(|piece| found(&ledger, piece)),
        "it is there to be found"
    );
    let leaf = procura_core::b64::decode(&id.to_string()).unwrap();
    assert!(found(&mirror, &leaf), "the entry is in the mirror");
    for piece in of_payload.iter().chain(&of_signature).chain(&of_text) {
        assert!(!found(&mirror, piece), "{:?}", String::from_utf8_lossy(piece));
    }
}

/// The bytes of every file in a folder and the folders in it, one after the other.
fn read_all(folder: &Path, all: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => read_all(&path, all),
            false => all.extend(std::fs::read(&path).unwrap()),
        }
    }
}
