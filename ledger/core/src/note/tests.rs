//! Goal: one form, the right keys, no weak ones. Each accepted note has its tampered twins.

use super::*;
use ed25519_dalek::{Signer as _, SigningKey};

const TEXT: &str = "one line\n\nanother\n";

fn signer(seed: u8) -> impl Fn(&[u8]) -> [u8; 64] {
    move |message| SigningKey::from_bytes(&[seed; 32]).sign(message).to_bytes()
}

fn verifier(name: &str, key_type: KeyType, seed: u8) -> NoteVerifier {
    let public_key = SigningKey::from_bytes(&[seed; 32]).verifying_key().to_bytes();
    NoteVerifier::new(name, key_type, &public_key).unwrap()
}

fn note() -> (SignedNote, NoteVerifier) {
    let key = verifier("trial/a", KeyType::Ed25519, 7);
    let line = NoteSignature::sign(&key, TEXT, &signer(7)).unwrap();
    (SignedNote::new(TEXT.to_owned(), vec![line]).unwrap(), key)
}

// C2SP signed-note, the section "Example" of verifier keys.
#[test]
fn the_example_of_the_specification_holds() {
    let vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    let note = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
    let key = NoteVerifier::parse(vkey).unwrap();
    assert_eq!(key.to_string(), vkey);
    let note = SignedNote::parse(note.as_bytes()).unwrap();
    let keys = [key];
    assert_eq!(note.verify(&keys).unwrap(), [Signed { key: &keys[0], time_s: None }]);
}

#[test]
fn a_note_reads_back_and_every_flipped_bit_is_refused() {
    let (note, key) = note();
    let bytes = note.to_string().into_bytes();
    assert_eq!(SignedNote::parse(&bytes).unwrap(), note);
    for at in 0..bytes.len() * 8 {
        let mut tampered = bytes.clone();
        tampered[at / 8] ^= 1 << (at % 8);
        let verdict =
            SignedNote::parse(&tampered).and_then(|note| note.verify(std::slice::from_ref(&key)).map(|_| ()));
        assert!(verdict.is_err(), "bit {at}");
    }
}

#[test]
fn the_last_blank_line_splits() {
    let (note, _) = note();
    assert_eq!(note.text(), TEXT);
    assert_eq!(SignedNote::parse(note.to_string().as_bytes()).unwrap().text(), TEXT);
}

#[test]
fn unknown_keys_are_ignored_and_a_known_failing_key_refuses_the_note() {
    let (note, key) = note();
    let other = verifier("trial/b", KeyType::Ed25519, 8);
    assert_eq!(note.verify(std::slice::from_ref(&other)), Err(NoteError::NoKnownSignature));
    // The same name with another key, and the same id with another name, are unknown.
    let same_name = verifier("trial/a", KeyType::Ed25519, 8);
    assert_eq!(note.verify(&[same_name]), Err(NoteError::NoKnownSignature));
    let mut stranger = note.signatures()[0].clone();
    stranger.name = "trial/c".to_owned();
    stranger.blob = vec![0; 64];
    let crowded = note.clone().with(stranger).unwrap();
    assert_eq!(crowded.verify(std::slice::from_ref(&key)).unwrap().len(), 1);

    let forged = NoteSignature::new(&other, vec![9; 64]);
    let crowded = note.clone().with(forged).unwrap();
    assert_eq!(crowded.verify(std::slice::from_ref(&key)).unwrap().len(), 1);
    assert!(matches!(crowded.verify(&[key.clone(), other]), Err(NoteError::BadSignature { .. })));

    // A second line of a key that already signed well is looked at too.
    let crowded = note.with(NoteSignature::new(&key, vec![9; 64])).unwrap();
    assert!(matches!(crowded.verify(&[key]), Err(NoteError::BadSignature { .. })));
}

#[test]
fn forms_are_refused_by_name() {
    let line = note().0.signatures()[0].to_string();
    for (note, name) in [
        (format!("a\n{line}\n"), "no_blank_line"),
        ("a\n\n".to_owned(), "no_signature"),
        (format!("a\n\n{line}"), "no_final_newline"),
        (format!("a\r\n\n{line}\n"), "control_character"),
        (format!("a\tb\n\n{line}\n"), "control_character"),
        (format!("a\n\n{}\n", line.replace("trial/a", "trial\ta")), "control_character"),
        (format!("a\n\n{line}\nx\n"), "signature_line"),
        (format!("a\n\n{}\n", line.replace('—', "-")), "signature_line"),
        (format!("a\n\n{}\n", line.replace("trial/a", "trial+a")), "signature_line"),
        (format!("a\n\n{}\n", line.replace("trial/a", "trial\u{a0}a")), "signature_line"),
        (format!("a\n\n{line} \n"), "signature_line"),
        ("a\n\n— trial/a AAAAAA==\n".to_owned(), "signature_line"),
        (format!("a\n\n{}\n", format!("{line}\n").repeat(101).trim_end()), "too_many_signatures"),
    ] {
        assert_eq!(SignedNote::parse(note.as_bytes()).unwrap_err().name(), name, "{note}");
    }
    assert_eq!(SignedNote::parse(b"a\xff\n\n"), Err(NoteError::NotUtf8));
    let most = format!("a\n\n{}", format!("{line}\n").repeat(100));
    assert_eq!(SignedNote::parse(most.as_bytes()).unwrap().signatures().len(), 100);
}

// RFC 8032 encodings of the eight points of small order, with their second spellings (y ≥ p, and x = 0 with
// the sign bit): each would let one signature hold for many messages, or one key have two names.
#[test]
fn weak_and_second_spelled_keys_are_refused() {
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_zero = one;
    minus_zero[31] = 0x80;
    let mut minus_one = [0xff; 32];
    minus_one[0] = 0xec;
    minus_one[31] = 0x7f;
    let mut p = minus_one;
    p[0] = 0xed;
    let mut p_plus_one = minus_one;
    p_plus_one[0] = 0xee;
    let order_8 = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ];
    for key in [[0; 32], one, minus_zero, minus_one, p, p_plus_one, order_8] {
        assert_eq!(NoteVerifier::new("a", KeyType::Ed25519, &key), Err(VkeyError::WeakKey));
    }
    // y = p + 3 spells the same point as y = 3, which is of large order.
    let mut three = [0; 32];
    three[0] = 3;
    let mut p_plus_three = minus_one;
    p_plus_three[0] = 0xf0;
    assert!(NoteVerifier::new("a", KeyType::Ed25519, &three).is_ok());
    assert!(VerifyingKeyOf(&p_plus_three).decodes());
    assert_eq!(NoteVerifier::new("a", KeyType::Ed25519, &p_plus_three), Err(VkeyError::WeakKey));
}

/// dalek by itself takes the second spelling: the reason for our own check.
struct VerifyingKeyOf<'a>(&'a [u8; 32]);

impl VerifyingKeyOf<'_> {
    fn decodes(&self) -> bool {
        ed25519_dalek::VerifyingKey::from_bytes(self.0).is_ok()
    }
}

#[test]
fn a_signature_with_s_beyond_the_order_is_refused() {
    let (note, key) = note();
    let mut blob = note.signatures()[0].blob.clone();
    // S + L, little-endian: the same equation, another spelling.
    let order = [
        0xed_u8, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    for (s, l) in blob[32..].iter_mut().zip(order) {
        let sum = u16::from(*s) + u16::from(l) + carry;
        *s = sum as u8;
        carry = sum >> 8;
    }
    let tampered = SignedNote::new(TEXT.to_owned(), vec![NoteSignature::new(&key, blob)]).unwrap();
    assert!(matches!(tampered.verify(&[key]), Err(NoteError::BadSignature { .. })));
}

// R is the identity and S = k·a, so that the equation holds: made once, from the seed 01…01 over "procura".
#[test]
fn a_signature_with_an_r_of_small_order_is_refused() {
    let hex = |text: &str| -> [u8; 32] {
        std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
    };
    let key = verifier("a", KeyType::Ed25519, 1);
    let r = hex("0100000000000000000000000000000000000000000000000000000000000000");
    let s = hex("d387081266c689c14bcf6698d656b26931e6e2458fb0b1de9f957798c89ffe03");
    let signature: [u8; 64] = [r, s].concat().try_into().unwrap();
    let loose = ed25519_dalek::VerifyingKey::from_bytes(&key.public_key()).unwrap();
    let dalek = ed25519_dalek::Signature::from_bytes(&signature);
    assert!(ed25519_dalek::Verifier::verify(&loose, b"procura", &dalek).is_ok(), "the equation holds");
    assert!(!key.verify_bytes(b"procura", &signature));
    assert!(key.verify_bytes(b"procura", &signer(1)(b"procura")));
}

#[test]
fn vkeys_are_refused_by_name() {
    let vkey = verifier("trial/a", KeyType::Ed25519, 7).to_string();
    let (head, base64) = vkey.rsplit_once('+').unwrap();
    for (bad, name) in [
        ("trial/a".to_owned(), "vkey_form"),
        (head.to_owned(), "vkey_form"),
        (head.to_uppercase() + "+" + base64, "vkey_form"),
        (format!("{head}0+{base64}"), "vkey_form"),
        (format!("{vkey}="), "vkey_form"),
        (vkey.replace("trial/a", ""), "key_name"),
        (vkey.replace("trial/a", "trial a"), "key_name"),
        (vkey.replace("trial/a", "trial/b"), "wrong_key_id"),
        (format!("{head}+{}", encode_base64(&[&[6], [7; 32].as_slice()].concat())), "unknown_key_type"),
        (format!("{head}+{}", encode_base64(&[1; 32])), "weak_key"),
    ] {
        assert_eq!(NoteVerifier::parse(&bad).unwrap_err().name(), name, "{bad}");
    }
}

#[test]
fn a_key_signs_only_what_its_type_signs() {
    let cosigner = verifier("w", KeyType::CosignatureV1, 7);
    assert!(matches!(NoteSignature::sign(&cosigner, TEXT, &signer(7)), Err(NoteError::KeyType { .. })));
    // A plain signature under a cosigner's id does not pass for a cosignature.
    let plain = NoteSignature::new(&cosigner, signer(7)(TEXT.as_bytes()).to_vec());
    let note = SignedNote::new(TEXT.to_owned(), vec![plain]).unwrap();
    assert!(matches!(note.verify(&[cosigner]), Err(NoteError::BadSignature { .. })));
}

#[test]
fn of_several_cosignatures_the_newest_counts() {
    let cosigner = verifier("w", KeyType::CosignatureV1, 7);
    let lines =
        [5, 9, 8].map(|time_s| crate::cosignature::cosign(&cosigner, TEXT, time_s, &signer(7)).unwrap());
    let note = SignedNote::new(TEXT.to_owned(), lines.to_vec()).unwrap();
    let keys = [cosigner];
    assert_eq!(note.verify(&keys).unwrap(), [Signed { key: &keys[0], time_s: Some(9) }]);
}
