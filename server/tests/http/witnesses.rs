//! Goal: what witnesses answer is believed only with a cosignature that holds, whatever else they answer delays and hides nothing, and
//! who asks for a quorum is told whether it is there. Method: witnesses of the test's own, one of them honest and each of the others
//! wrong in one way; the ledger's word of each; the checkpoint and the receipts that come of it.

use crate::world::{Answer, START, World, answer};
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::cosignature::cosign;
use procura_core::draft::Draft;
use procura_core::key::{Signer as _, SoftKey};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::receipt::{Mode, Policy, VerifyError, verify_existence};
use procura_core::submission::Submission;
use procura_core::witness::AddCheckpoint;
use procura_server::demo::SON;
use procura_server::{WitnessSettings, Witnesses};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How a witness answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Honest,
    OtherKey,
    OtherTree,
    DatedAhead,
    NoLine,
    Endless,
    Elsewhere,
    NotContinued,
    KnowsMore,
    KnowsOther,
    Silent,
}

/// How each is wrong, and what the ledger says of it.
const WRONG: [(Way, &str); 10] = [
    (Way::OtherKey, "signature"),
    (Way::OtherTree, "signature"),
    (Way::DatedAhead, "ahead"),
    (Way::NoLine, "answer"),
    (Way::Endless, "http"),
    (Way::Elsewhere, "status"),
    (Way::NotContinued, "not_continued"),
    (Way::KnowsMore, "larger"),
    (Way::KnowsOther, "answer"),
    (Way::Silent, "timeout"),
];

fn key(name: &str, seed: u8) -> NoteVerifier {
    let public_key = *SoftKey::from_seed(&[seed; 32]).public_key().as_bytes();
    NoteVerifier::new(name, KeyType::CosignatureV1, &public_key).unwrap()
}

/// A witness of the key `seed`. While it is `away` it hangs up.
struct Stub {
    line: String,
    away: Arc<AtomicBool>,
}

impl Stub {
    fn new(name: &str, seed: u8, way: Way) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let key = key(&format!("{name}.example"), seed);
        let line = format!("witness {name} {key} http://{}/prefix\n", listener.local_addr().unwrap());
        let away = Arc::new(AtomicBool::new(false));
        let gone = Arc::clone(&away);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (key, gone) = (key.clone(), Arc::clone(&gone));
                // A peer that hangs up ends its thread.
                std::thread::spawn(move || drop(serve(stream, &key, seed, way, &gone)));
            }
        });
        Self { line, away }
    }
}

fn serve(
    stream: TcpStream,
    key: &NoteVerifier,
    seed: u8,
    way: Way,
    gone: &AtomicBool,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let (mut length, mut first) = (0, String::new());
        reader.read_line(&mut first)?;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = bytes.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        assert!(first.starts_with("POST /prefix/add-checkpoint HTTP/1.1"), "{first}");
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if gone.load(Ordering::SeqCst) {
            return Ok(());
        }
        let request = AddCheckpoint::parse(&body).unwrap();
        let (status, body) = say(&request, key, seed, way);
        write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nLocation: /other\r\n\r\n", body.len())?;
        stream.write_all(&body)?;
    }
}

fn say(request: &AddCheckpoint, key: &NoteVerifier, seed: u8, way: Way) -> (u16, Vec<u8>) {
    let sign = |message: &[u8]| SoftKey::from_seed(&[seed; 32]).sign(message).unwrap();
    let text = request.checkpoint.note().text();
    let line = |key: &NoteVerifier, text: &str, time_s: u64| {
        format!("{}\n", cosign(key, text, time_s, &sign).unwrap()).into_bytes()
    };
    let now_s = START.0 / 1000;
    match way {
        Way::Honest => (200, line(key, text, now_s)),
        Way::OtherKey => (200, line(&self::key("other.example", seed), text, now_s)),
        Way::OtherTree => (200, line(key, &text.replacen('\n', "x\n", 1), now_s)),
        Way::DatedAhead => (200, line(key, text, now_s + 301)),
        Way::NoLine => (200, b"cosigned\n".to_vec()),
        Way::Endless => (200, line(key, text, now_s).repeat(1000)),
        Way::Elsewhere => (302, line(key, text, now_s)),
        Way::NotContinued => (422, b"fork\n".to_vec()),
        Way::KnowsMore => {
            (409, format!("{}\n", request.checkpoint.unverified().size().0 + 1000).into_bytes())
        }
        Way::KnowsOther => (409, format!("{}\n", if request.old.0 == 1 { 2 } else { 1 }).into_bytes()),
        Way::Silent => {
            std::thread::sleep(Duration::from_secs(60));
            (200, Vec::new())
        }
    }
}

/// A world with witnesses under a policy.
fn witnessed(stubs: &[&Stub], quorum: &str) -> (World, Witnesses) {
    let world = World::new();
    let lines: String = stubs.iter().map(|stub| stub.line.as_str()).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("witnesses");
    std::fs::write(&path, format!("log {}\n{lines}{quorum}", world.trial.ledger.log_key())).unwrap();
    let settings = WitnessSettings::read(&path, folder.path(), None).unwrap();
    let witnesses = world.within(async { Witnesses::start(&world.app, settings).unwrap() });
    // What is kept there is read at the next start, of which there is none.
    std::mem::forget(folder);
    (world, witnesses)
}

fn note(world: &World) -> Submission {
    world.sign(world.party(SON), |occasion| Draft::new("visit-note", occasion))
}

fn preferring(world: &World, path: &str, preference: &str, token: &str) -> Answer {
    let request = world.agent.get(format!("{}{path}", world.url)).header("Prefer", preference);
    answer(request.header("Authorization", format!("Bearer {token}")).call().unwrap())
}

fn applied(answer: &Answer) -> Option<&str> {
    answer.header("preference-applied")
}

fn becomes(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn member(world: &World, name: &str) -> Value {
    let told = world.get("/v1/log", None).json();
    told["witnesses"]["members"]
        .as_array()
        .unwrap()
        .iter()
        .find(|member| member["name"] == name)
        .unwrap()
        .clone()
}

#[test]
fn only_a_cosignature_that_holds_counts() {
    let honest = Stub::new("honest", 1, Way::Honest);
    let wrong: Vec<Stub> =
        (2..).zip(WRONG).map(|(seed, (way, _))| Stub::new(&format!("{way:?}"), seed, way)).collect();
    let mut stubs: Vec<&Stub> = wrong.iter().collect();
    stubs.push(&honest);
    let (world, _witnesses) = witnessed(&stubs, "quorum honest\n");
    for (way, failure) in WRONG {
        becomes(failure, || member(&world, &format!("{way:?}"))["failure"] == failure);
    }
    let told = member(&world, "honest");
    assert_eq!((told.get("failure"), &told["time"]), (None, &json!(START.0)));
    // What is published has the log's signature and the one cosignature, and nothing that was sent besides.
    let published = SignedCheckpoint::parse(&world.get("/checkpoint", None).body).unwrap();
    assert_eq!(published.note().signatures().len(), 2);
    let policy = world.policy().witnesses.unwrap();
    let judged = policy.verify(&published).unwrap();
    assert_eq!(judged.cosigned().keys().collect::<Vec<_>>(), [b"honest"]);
    let quorum = world.get("/v1/log", None).json()["witnesses"]["quorum"].clone();
    assert_eq!((&quorum["size"], &quorum["time"]), (&json!(published.unverified().size()), &json!(START.0)));
}

#[test]
fn who_asks_for_a_quorum_is_told_whether_it_is_there() {
    let (one, two) = (Stub::new("one", 1, Way::Honest), Stub::new("two", 2, Way::Honest));
    let (world, _witnesses) = witnessed(&[&one, &two], "group both all one two\nquorum both\n");
    let token = world.token(SON);
    let policy = world.policy();
    let verify = |policy: &Policy, answer: &Answer, submission: &Submission| {
        let id = procura_core::record::Record::parse(&submission.record).unwrap().id();
        verify_existence(&answer.body, &id, policy, Mode::Historic).map(|found| found.receipt().witnesses())
    };

    let submission = note(&world);
    let waited = world.post_preferring("witnessed, wait=10", "", &submission);
    assert_eq!((waited.status, applied(&waited)), (201, Some("witnessed")));
    assert_eq!(verify(&policy, &waited, &submission), Ok(2));
    let id = waited.header("location").unwrap().to_owned();
    let read = preferring(&world, &format!("{id}/receipt"), "witnessed, wait=10", &token);
    assert_eq!(applied(&read), Some("witnessed"));
    assert_eq!(verify(&policy, &read, &submission), Ok(2));
    // Both are honoured: the least worth having, where the quorum stands.
    let submission = note(&world);
    let minimal = world.post_preferring("return=minimal, witnessed, wait=10", "", &submission);
    let both: Vec<_> = minimal.headers.iter().filter(|(name, _)| name == "preference-applied").collect();
    assert_eq!(both.len(), 2, "{both:?}");

    // Who does not ask does not wait; and gets the operator's word, which this policy does not take.
    let submission = note(&world);
    let plain = world.submit(&submission);
    assert_eq!((plain.status, applied(&plain)), (201, None));
    assert!(matches!(verify(&policy, &plain, &submission), Err(VerifyError::NoQuorum)));

    // Without a quorum nobody waits for longer than they said, and nobody is told that there is one.
    two.away.store(true, Ordering::SeqCst);
    let before = world.get("/checkpoint", None).body;
    becomes("the last point", || {
        member(&world, "two").get("failure").is_some() || world.submit(&note(&world)).status != 201
    });
    let (submission, start) = (note(&world), Instant::now());
    let late = world.post_preferring("witnessed, wait=1", "", &submission);
    assert_eq!((late.status, applied(&late)), (201, None));
    assert!((Duration::from_secs(1)..Duration::from_secs(5)).contains(&start.elapsed()));
    assert!(matches!(verify(&policy, &late, &submission), Err(VerifyError::NoQuorum)));
    assert_eq!(applied(&preferring(&world, &format!("{id}/receipt"), "witnessed", &token)), None);
    // Operators see who is absent, and where the quorum stands.
    let metrics = world.app.metrics_text().unwrap();
    let at = |name: &str| -> u64 {
        let found = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("{name} is not in {metrics}")).parse().unwrap()
    };
    assert_eq!(
        (at(r#"procura_witness_absent{witness="one"}"#), at(r#"procura_witness_absent{witness="two"}"#)),
        (0, 1)
    );
    assert!(
        at(r#"procura_witness_entries{witness="one"}"#) > at(r#"procura_witness_entries{witness="two"}"#)
    );
    assert_eq!(at("procura_quorum_entries"), at(r#"procura_witness_entries{witness="two"}"#));
    assert!(at("procura_quorum_entries") < at("procura_log_entries"));
    let stuck = SignedCheckpoint::parse(&world.get("/checkpoint", None).body).unwrap();
    assert!(policy.witnesses.as_ref().unwrap().verify(&stuck).is_ok());
    assert!(stuck.unverified().size() >= SignedCheckpoint::parse(&before).unwrap().unverified().size());
    assert!(stuck.unverified().size() < world.trial.ledger.view().size());

    // Once it is there again it settles what was handed in meanwhile.
    two.away.store(false, Ordering::SeqCst);
    becomes("the quorum", || applied(&world.post_preferring("witnessed, wait=2", "", &submission)).is_some());
    assert_eq!(
        verify(&policy, &world.post_preferring("witnessed, wait=9", "", &submission), &submission),
        Ok(2)
    );
}

#[test]
fn a_policy_that_can_t_be_this_ledger_s_is_refused() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("witnesses");
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        WitnessSettings::read(&path, folder.path(), None)
    };
    let witness = key("w.example", 1);
    for (text, name) in [
        ("quorum none", "policy_unterminated".to_owned()),
        ("quorum x\n", "policy_unknown_name".to_owned()),
        (&format!("witness w {witness} ftp://w.example\nquorum w\n"), "witnesses_address".to_owned()),
        (&format!("witness w {witness} w.example\nquorum w\n"), "witnesses_address".to_owned()),
    ] {
        assert_eq!(read(text).unwrap_err().name(), name, "{text}");
    }
    let missing = WitnessSettings::read(&folder.path().join("none"), folder.path(), None).unwrap_err();
    assert_eq!(missing.name(), "witnesses_unreadable");
    let other = World::new();
    let settings = read(&format!("log {}\nquorum none\n", other.trial.ledger.log_key())).unwrap();
    let refused = world.within(async { Witnesses::start(&world.app, settings).map(|_| ()).unwrap_err() });
    assert_eq!(refused.name(), "witnesses_other_log");
    assert!(world.get("/v1/log", None).json().get("witnesses").is_none());
}

/// Whoever takes the ledger's policy must be able to believe what it publishes: its quorum always has what that policy asks for.
#[test]
fn a_map_checker_is_one_that_the_quorum_needs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("witnesses");
    let (one, two, three) = (key("one.example", 1), key("two.example", 2), key("three.example", 3));
    let members = format!("witness one {one}\nwitness two {two}\nwitness three {three}\n");
    let checked = |quorum: &str, names: &[&str]| {
        std::fs::write(&path, format!("{members}{quorum}")).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let settings = WitnessSettings::read(&path, folder.path(), None).unwrap();
        settings.checked_by(&names).map(|settings| settings.map_checkers).map_err(|error| error.name())
    };
    let both = "group some any one two\ngroup both all some three\nquorum both\n";
    assert_eq!(checked(both, &["three"]), Ok(vec![three.clone()]));
    assert_eq!(checked(both, &[]), Ok(vec![]));
    for (quorum, names) in [
        (both, ["one"].as_slice()),
        (both, &["three", "one"]),
        (both, &["both"]),
        (both, &["nobody"]),
        ("group most 2 one two three\nquorum most\n", &["three"]),
        ("quorum none\n", &["three"]),
    ] {
        assert_eq!(checked(quorum, names), Err("witnesses_map_checker"), "{quorum} {names:?}");
    }
}
