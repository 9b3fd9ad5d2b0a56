//! Goal: a witness never cosigns two histories, whatever a log signs and whenever the witness is killed, and tells each bad
//! request by the status that C2SP gives it. Method: a log of the test's own that signs anything; SIGKILL at random moments.

use super::process::Witness;
use procura_core::checkpoint::{Checkpoint, SignedCheckpoint};
use procura_core::cosignature::check_cosignature;
use procura_core::hash::{leaf, sha256};
use procura_core::key::{Signer as _, SoftKey};
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::tree::{MemoryNodes, prove_consistency};
use procura_core::witness::{AddCheckpoint, read_answer, read_size};
use procura_core::{Hash, Size};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const ORIGIN: &str = "trial/liar";

fn key(seed: u8) -> NoteVerifier {
    let public_key = *SoftKey::from_seed(&[seed; 32]).public_key().as_bytes();
    NoteVerifier::new(ORIGIN, KeyType::Ed25519, &public_key).unwrap()
}

/// A history that parts from the first one at leaf `at`.
fn history(size: u64, at: u64) -> MemoryNodes {
    (0..size).map(|n| leaf(&[&n.to_be_bytes()[..], if n >= at { b"x" } else { b"" }].concat())).collect()
}

fn honest(size: u64) -> MemoryNodes {
    history(size, u64::MAX)
}

fn signed(nodes: &MemoryNodes, seed: u8) -> SignedCheckpoint {
    let sign = |message: &[u8]| SoftKey::from_seed(&[seed; 32]).sign(message).unwrap();
    Checkpoint::new(ORIGIN, nodes.root()).unwrap().sign(&key(7), &sign).unwrap()
}

fn request(old: u64, nodes: &MemoryNodes) -> AddCheckpoint {
    let proof = prove_consistency(nodes, Size(old), nodes.root().size).unwrap();
    AddCheckpoint { old: Size(old), proof, checkpoint: signed(nodes, 7) }
}

fn started(folder: &Path) -> Witness {
    std::fs::write(folder.join("logs"), format!("log {}\nquorum none\n", key(7))).unwrap();
    Witness::start(folder, "w1")
}

fn status(witness: &Witness, request: &AddCheckpoint) -> u16 {
    witness.add(request.to_string().as_bytes()).unwrap().0
}

#[test]
fn each_bad_request_has_its_status_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let witness = started(folder.path());
    let right = request(5, &honest(9));
    assert_eq!(status(&witness, &request(0, &honest(5))), 200);
    let text = right.to_string();
    let other_log = text.replacen(ORIGIN, "trial/other", 1);
    let surplus = AddCheckpoint { proof: vec![Hash::default(); 63], ..right.clone() };
    let with = |change: &dyn Fn(&mut AddCheckpoint)| {
        let mut request = right.clone();
        change(&mut request);
        request.to_string().into_bytes()
    };
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("nothing", Vec::new(), 400),
        ("not UTF-8", vec![0xff, b'\n', b'\n'], 400),
        ("no old size", text.replacen("old 5\n", "", 1).into_bytes(), 400),
        ("a leading zero", text.replacen("old 5", "old 05", 1).into_bytes(), 400),
        ("not base64", text.replacen("old 5\n", "old 5\nhash\n", 1).into_bytes(), 400),
        ("no checkpoint", b"old 5\n\n".to_vec(), 400),
        ("an extension line", text.replacen("\n\n\u{2014}", "\nx\n\n\u{2014}", 1).into_bytes(), 400),
        ("64 hashes", with(&|request| request.proof = vec![Hash::default(); 64]), 400),
        ("an old size that is larger", with(&|request| request.old = Size(10)), 400),
        ("an unknown log", other_log.into_bytes(), 404),
        ("a key that is not the log's", with(&|request| request.checkpoint = signed(&honest(9), 8)), 403),
        ("another old size", request(4, &honest(9)).to_string().into_bytes(), 409),
        ("an old size of 0, though 5 is known", request(0, &honest(9)).to_string().into_bytes(), 409),
        ("63 hashes that are none of it", surplus.to_string().into_bytes(), 422),
        ("no proof", with(&|request| request.proof = Vec::new()), 422),
        ("a flipped hash", with(&|request| request.proof[0].0[0] ^= 1), 422),
        ("another history", request(5, &history(9, 3)).to_string().into_bytes(), 422),
        ("the same size with another root", request(5, &history(5, 3)).to_string().into_bytes(), 422),
        ("an empty tree with a root", text.replacen("\n9\n", "\n0\n", 1).into_bytes(), 422),
        ("too long", vec![b'a'; 200 << 10], 413),
    ];
    for (what, body, expected) in cases {
        let (status, content_type, body) = witness.add(&body).unwrap();
        assert_eq!(status, expected, "{what}: {body}");
        if status == 409 {
            assert_eq!((content_type.as_str(), body.as_str()), ("text/x.tlog.size", "5\n"), "{what}");
        }
    }
    // Nothing of that moved it, and it goes on.
    let (status, _, line) = witness.add(text.as_bytes()).unwrap();
    assert_eq!(status, 200);
    let line = read_answer(line.as_bytes()).unwrap().remove(0);
    let vkey = NoteVerifier::parse(&witness.vkey).unwrap();
    assert!(check_cosignature(&vkey, right.checkpoint.note().text(), &line).is_ok());

    let of_origin: String = sha256(&[ORIGIN.as_bytes()]).0.iter().map(|byte| format!("{byte:02x}")).collect();
    let (status, note) = witness.get(&format!("/{of_origin}/checkpoint"));
    assert_eq!((status, note.lines().nth(1)), (200, Some("9")));
    let kept = SignedCheckpoint::parse(note.as_bytes()).unwrap();
    let kept = kept.verify(ORIGIN, &[key(7)]).unwrap();
    assert_eq!(kept.cosignatures(&[vkey]).unwrap().len(), 1);
    for (path, expected) in
        [("/add-checkpoint", 405), ("/checkpoint", 404), ("/00/checkpoint", 404), ("/", 404)]
    {
        assert_eq!(witness.get(path).0, expected, "{path}");
    }
}

#[test]
fn no_kill_makes_it_go_back_or_sign_a_fork() {
    let kills: u32 = std::env::var("PROCURA_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let folder = tempfile::tempdir().unwrap();
    let mut witness = started(folder.path());
    // The largest size for which a cosignature came back.
    let largest = AtomicU64::new(0);
    for kill in 0..kills {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut next = largest.load(Ordering::SeqCst);
                while !is_over.load(Ordering::SeqCst) {
                    let (old, new) = (next, next + 1);
                    match witness.add(request(old, &honest(new)).to_string().as_bytes()) {
                        Some((200, _, _)) => {
                            largest.store(new, Ordering::SeqCst);
                            next = new;
                        }
                        Some((409, _, size)) => next = read_size(size.as_bytes()).unwrap().0,
                        _ => break,
                    }
                }
            });
            let mut moment = [0];
            getrandom(&mut moment);
            std::thread::sleep(Duration::from_millis(100 + u64::from(moment[0])));
            // By its id, while a request is under way.
            witness.signal("KILL");
            is_over.store(true, Ordering::SeqCst);
        });
        witness.kill();
        witness.restart();
        let acknowledged = largest.load(Ordering::SeqCst);
        assert!(acknowledged > 0, "{kill}");
        let (refused, _, size) = witness.add(request(0, &honest(1)).to_string().as_bytes()).unwrap();
        // It may have stored one more than it could tell.
        let known = read_size(size.as_bytes()).unwrap().0;
        assert_eq!(refused, 409);
        assert!((acknowledged..=acknowledged + 1).contains(&known), "{kill}: {acknowledged} {known}");
        for (old, size, at, expected) in [
            (known, known, known - 1, 422),
            (known, known + 3, 0, 422),
            (known, known + 3, known - 1, 422),
            (known - 1, known + 3, known - 1, 409),
            (acknowledged.saturating_sub(1), acknowledged, u64::MAX, 409),
        ] {
            let found = status(&witness, &request(old, &history(size, at)));
            assert_eq!(found, expected, "{kill}: {old} {size} {at}");
        }
        largest.store(known, Ordering::SeqCst);
    }
}

fn getrandom(bytes: &mut [u8]) {
    use procura_ledger::Random as _;
    procura_ledger::OsRandom.fill(bytes).unwrap();
}
