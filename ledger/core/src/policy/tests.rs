//! Goal: the file is read as C2SP tlog-policy says, and a quorum is what its groups add up to.

use super::*;
use crate::checkpoint::Checkpoint;
use crate::cosignature::cosign;
use crate::note::KeyType;
use crate::tree::Root;
use crate::{Size, hash};
use ed25519_dalek::{Signer as _, SigningKey};

fn key(name: &str, key_type: KeyType, seed: u8) -> NoteVerifier {
    let public_key = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
    NoteVerifier::new(name, key_type, &public_key).unwrap()
}

fn log(seed: u8) -> NoteVerifier {
    key("trial/log", KeyType::Ed25519, seed)
}

fn witness(seed: u8) -> NoteVerifier {
    key(&format!("w{seed}.example"), KeyType::CosignatureV1, seed)
}

/// Two levels of groups, as in C2SP's example: 2 of X1 to X3, and any of Y4 and Y5.
fn file() -> String {
    let mut file = format!("# a comment\n\n \t# another\nlog {} https://log.example\n", log(1));
    for seed in 11..=13 {
        file += &format!("witness X{seed}\t {} \n", witness(seed));
    }
    for seed in 14..=15 {
        file += &format!("witness Y{seed} {} https://w.example\n", witness(seed));
    }
    file + "group X 2 X11 X12 X13\ngroup Y any Y14 Y15\ngroup both all X Y\nquorum both\n"
}

fn times(cosigned: &[(&str, u64)]) -> BTreeMap<PolicyName, u64> {
    cosigned.iter().map(|(name, time_s)| (name.as_bytes().to_vec(), *time_s)).collect()
}

#[test]
fn groups_add_up() {
    let policy = TlogPolicy::parse(file().as_bytes()).unwrap();
    assert_eq!(policy.logs().len(), 1);
    assert_eq!(policy.witnesses().len(), 5);
    for (cosigned, time_s) in [
        (times(&[("X11", 5), ("X12", 9), ("Y14", 7)]), Some(5)),
        (times(&[("X11", 5), ("X12", 9), ("X13", 8), ("Y14", 7)]), Some(7)),
        (times(&[("X11", 5), ("X12", 9), ("X13", 8), ("Y14", 7), ("Y15", 10)]), Some(8)),
        (times(&[("X11", 5), ("X12", 9), ("X13", 8)]), None),
        (times(&[("X11", 5), ("Y14", 7), ("Y15", 8)]), None),
        (times(&[("X11", 5), ("stranger", 5), ("Y14", 7)]), None),
        (times(&[("both", 5), ("X", 5), ("Y", 5)]), None),
        (times(&[]), None),
    ] {
        assert_eq!(policy.quorum(&cosigned), time_s.map(|time_s| Quorum::Met { time_s }), "{cosigned:?}");
    }
    let none = TlogPolicy::parse(b"quorum none\n").unwrap();
    assert_eq!(none.quorum(&times(&[])), Some(Quorum::NoneNeeded));
}

#[test]
fn a_checkpoint_needs_its_log_and_its_quorum() {
    let policy = TlogPolicy::parse(file().as_bytes()).unwrap();
    let sign = |seed: u8| move |message: &[u8]| SigningKey::from_bytes(&[seed; 32]).sign(message).to_bytes();
    let root = Root { size: Size(2), hash: hash::leaf(b"x") };
    let unseen = |seed| Checkpoint::new("trial/log", root).unwrap().sign(&log(seed), &sign(seed)).unwrap();
    let cosigned = |seeds: &[u8]| {
        seeds.iter().fold(unseen(1), |checkpoint, seed| {
            let text = checkpoint.note().text().to_owned();
            let line = cosign(&witness(*seed), &text, u64::from(*seed), &sign(*seed)).unwrap();
            checkpoint.with(line).unwrap()
        })
    };
    let seen = policy.verify(&cosigned(&[11, 13, 15])).unwrap();
    assert_eq!(seen.quorum(), Quorum::Met { time_s: 11 });
    assert_eq!(seen.cosigned(), &times(&[("X11", 11), ("X13", 13), ("Y15", 15)]));
    assert_eq!(seen.checkpoint().root(), root);

    assert_eq!(policy.verify(&cosigned(&[11, 15])), Err(PolicyError::NoQuorum { cosigned: 2 }));
    assert_eq!(policy.verify(&cosigned(&[11, 11, 15])), Err(PolicyError::NoQuorum { cosigned: 2 }));
    assert_eq!(policy.verify(&unseen(2)).unwrap_err().name(), "no_known_signature");
    let other = Checkpoint::new("trial/b", root).unwrap();
    let other = other.sign(&key("trial/b", KeyType::Ed25519, 1), &sign(1)).unwrap();
    assert_eq!(policy.verify(&other), Err(PolicyError::UnknownLog { origin: "trial/b".to_owned() }));
    // A cosignature signed with another witness's key fails the whole checkpoint.
    let forged = cosign(&witness(12), cosigned(&[]).note().text(), 5, &sign(13)).unwrap();
    let forged = cosigned(&[11, 13, 15]).with(forged).unwrap();
    assert_eq!(policy.verify(&forged).unwrap_err().name(), "bad_signature");
}

#[test]
fn files_are_refused_by_name() {
    let log = log(1);
    let (w, v) = (witness(11), witness(12));
    let many: String = (0..257)
        .map(|n| {
            format!("witness n{n} {}\n", {
                let public_key =
                    SigningKey::from_bytes(&hash::sha256(&[&[n as u8, (n >> 8) as u8]]).0).verifying_key();
                NoteVerifier::new("w", KeyType::CosignatureV1, &public_key.to_bytes()).unwrap()
            })
        })
        .collect();
    for (file, name) in [
        (String::new(), "policy_quorum_missing"),
        ("quorum none".to_owned(), "policy_unterminated"),
        ("quorum none\n ".to_owned(), "policy_unterminated"),
        ("quorum none\r\n".to_owned(), "policy_character"),
        ("# \u{7f}\nquorum none\n".to_owned(), "policy_character"),
        ("quorum none\nquorum none\n".to_owned(), "policy_second_quorum"),
        ("quorum a\n".to_owned(), "policy_unknown_name"),
        ("quorum\n".to_owned(), "policy_items"),
        ("quorum none none\n".to_owned(), "policy_items"),
        ("Quorum none\n".to_owned(), "policy_keyword"),
        (format!("log {log} a b\nquorum none\n"), "policy_items"),
        (format!("log {log}\nlog {log}\nquorum none\n"), "policy_duplicate_key"),
        (format!("log {w}\nquorum none\n"), "key_type"),
        (format!("witness a {log}\nquorum a\n"), "key_type"),
        (format!("witness a {w}x\nquorum a\n"), "vkey_form"),
        (format!("witness a {w}\nwitness b {w}\nquorum a\n"), "policy_duplicate_key"),
        (format!("witness a {w}\nwitness a {v}\nquorum a\n"), "policy_duplicate_name"),
        (format!("witness none {w}\nquorum none\n"), "policy_duplicate_name"),
        (format!("witness a {w}\ngroup a any a\nquorum a\n"), "policy_duplicate_name"),
        (format!("group g any a\nwitness a {w}\nquorum g\n"), "policy_unknown_name"),
        (format!("witness a {w}\ngroup g any a none\nquorum g\n"), "policy_unknown_name"),
        (format!("witness a {w}\ngroup g any g\nquorum g\n"), "policy_unknown_name"),
        (format!("witness a {w}\ngroup g any\nquorum a\n"), "policy_items"),
        (format!("witness a {w}\ngroup g any a a\nquorum g\n"), "policy_duplicate_member"),
        (format!("witness a {w}\ngroup g any a\ngroup h any a\nquorum g\n"), "policy_duplicate_member"),
        (format!("witness a {w}\ngroup g 0 a\nquorum g\n"), "policy_threshold"),
        (format!("witness a {w}\ngroup g 2 a\nquorum g\n"), "policy_threshold"),
        (format!("witness a {w}\ngroup g 01 a\nquorum g\n"), "policy_threshold"),
        (format!("{many}quorum none\n"), "policy_too_many"),
    ] {
        assert_eq!(TlogPolicy::parse(file.as_bytes()).unwrap_err().name(), name, "{file}");
    }
}

// Names are opaque bytes: Latin-1 is as good as UTF-8.
#[test]
fn names_are_bytes() {
    let file = [b"witness ".as_slice(), b"\xe9", format!(" {}\nquorum ", witness(11)).as_bytes(), b"\xe9\n"]
        .concat();
    let policy = TlogPolicy::parse(&file).unwrap();
    let cosigned = BTreeMap::from([(b"\xe9".to_vec(), 3)]);
    assert_eq!(policy.quorum(&cosigned), Some(Quorum::Met { time_s: 3 }));
}
