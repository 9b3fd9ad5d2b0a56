//! Goal: what is signed verifies, and nothing that differs from it in anything; the bytes are those of the page. Method: a message of fixed bytes,
//! its tampered twins, and the example of spec/http.md read out of the page.

use super::*;
use crate::key::SoftKey;
use crate::note::KeyType;

const URL: &str = "https://office.example/procura";
const BODY: &[u8] = br#"{"specversion":"1.0","id":"7"}"#;
const NOW: Millis = Millis(1_795_431_600_500);
const NOW_S: u64 = NOW.0 / 1000;

fn signer() -> SoftKey {
    SoftKey::from_seed(&[7; 32])
}

fn received<'a>(signed: &'a Signed, body: &'a [u8]) -> Received<'a> {
    Received {
        content_type: MEDIA_TYPE,
        content_digest: &signed.content_digest,
        signature_input: &signed.signature_input,
        signature: &signed.signature,
        body,
    }
}

#[test]
fn what_is_signed_verifies_and_nothing_else() {
    let key = signer().public_key();
    let signed = sign(&signer(), URL, BODY, NOW_S).unwrap();
    let message = received(&signed, BODY);
    assert_eq!(check(&message, URL, &key, NOW), Ok(()));

    let mismatch = || Err(WebhookError::Signature(SignatureError::Mismatch));
    for other in
        ["https://other.example/procura", "https://office.example/procura/", "http://office.example/procura"]
    {
        assert_eq!(check(&message, other, &key, NOW), mismatch(), "{other}");
    }
    for n in 0..BODY.len() {
        let mut body = BODY.to_vec();
        body[n] ^= 1;
        let as_it_was = received(&signed, &body);
        assert_eq!(check(&as_it_was, URL, &key, NOW), Err(WebhookError::Digest));
        // With the digest that goes with it, the signature does not.
        let content_digest = digest(&body);
        let anew = Received { content_digest: &content_digest, ..as_it_was };
        assert_eq!(check(&anew, URL, &key, NOW), mismatch());
    }
    let later = signed.signature_input.replace(&NOW_S.to_string(), &(NOW_S + 1).to_string());
    assert_eq!(check(&Received { signature_input: &later, ..message }, URL, &key, NOW), mismatch());
    let others = SoftKey::from_seed(&[8; 32]).public_key();
    assert_eq!(check(&message, URL, &others, NOW), Err(WebhookError::Input));
    let by_other = sign(&SoftKey::from_seed(&[8; 32]), URL, BODY, NOW_S).unwrap();
    let stolen = Received { signature: &by_other.signature, ..message };
    assert_eq!(check(&stolen, URL, &key, NOW), mismatch());
}

#[test]
fn five_minutes_and_no_longer() {
    let key = signer().public_key();
    for (off, counts) in [(-301, false), (-300, true), (300, true), (301, false)] {
        let signed = sign(&signer(), URL, BODY, NOW_S.saturating_add_signed(off)).unwrap();
        let expected = if counts { Ok(()) } else { Err(WebhookError::Time) };
        assert_eq!(check(&received(&signed, BODY), URL, &key, NOW), expected, "{off}");
    }
}

#[test]
fn another_spelling_is_refused() {
    let signed = sign(&signer(), URL, BODY, NOW_S).unwrap();
    let message = received(&signed, BODY);
    fn check_it(message: Received<'_>) -> Result<(), WebhookError> {
        check(&message, URL, &signer().public_key(), NOW)
    }
    for content_type in ["application/json", "application/cloudevents+json; charset=utf-8", ""] {
        assert_eq!(check_it(Received { content_type, ..message }), Err(WebhookError::ContentType));
    }
    let input = &signed.signature_input;
    for input in [
        String::new(),
        input.replace("procura=", "sig1="),
        input.replace(r#" "content-digest""#, ""),
        input.replace(r#""@target-uri" "#, ""),
        input.replace("created=", "created=0"),
        input.replace("created=", "created=-"),
        input.replace(r#"alg="ed25519""#, r#"alg="hmac-sha256""#),
        input.replace(r#";tag="procura-webhook""#, ""),
        format!("{input};expires=9999999999"),
    ] {
        assert_eq!(
            check_it(Received { signature_input: &input, ..message }),
            Err(WebhookError::Input),
            "{input}"
        );
    }
    for signature in [
        String::new(),
        signed.signature.replace("procura=", "sig1="),
        signed.signature.trim_end_matches(':').to_owned(),
        "procura=:AAAA:".to_owned(),
    ] {
        assert_eq!(
            check_it(Received { signature: &signature, ..message }),
            Err(WebhookError::Form),
            "{signature}"
        );
    }
}

/// Each byte of each header counts, and none of them brings the reader down.
#[test]
fn a_header_with_another_byte_is_refused() {
    let key = signer().public_key();
    let signed = sign(&signer(), URL, BODY, NOW_S).unwrap();
    let headers = [MEDIA_TYPE, &signed.content_digest, &signed.signature_input, &signed.signature];
    for changed in 0..headers.len() {
        for n in 0..headers[changed].len() {
            for how in [1, 0x10, 0x20] {
                let mut bytes = headers[changed].as_bytes().to_vec();
                bytes[n] ^= how;
                let other = String::from_utf8(bytes).unwrap();
                let at = |which: usize| if which == changed { other.as_str() } else { headers[which] };
                let [content_type, content_digest, signature_input, signature] = [at(0), at(1), at(2), at(3)];
                let message =
                    Received { content_type, content_digest, signature_input, signature, body: BODY };
                assert!(check(&message, URL, &key, NOW).is_err(), "header {changed}, byte {n}");
            }
        }
    }
}

#[test]
fn the_log_vouches_for_one_key_of_one_ledger() {
    let (log, key) = (SoftKey::from_seed(&[9; 32]), signer().public_key());
    let verifier = |origin, key: &SoftKey| {
        NoteVerifier::new(origin, KeyType::Ed25519, key.public_key().as_bytes()).unwrap()
    };
    let known = [verifier("example.org/ledger", &log)];
    let note = vouch(&[(known[0].clone(), &log)], &key).unwrap();
    assert_eq!(vouched(&note, "example.org/ledger", &known), Ok(key));
    assert_eq!(vouched(&note, "example.org/other", &known), Err(KeyError::Text));

    let forger = SoftKey::from_seed(&[1; 32]);
    let forged = vouch(&[(known[0].clone(), &forger)], &key).unwrap();
    assert!(matches!(
        vouched(&forged, "example.org/ledger", &known),
        Err(KeyError::Note(NoteError::BadSignature { .. }))
    ));
    let unknown = [verifier("example.org/ledger", &forger)];
    assert_eq!(
        vouched(&note, "example.org/ledger", &unknown),
        Err(KeyError::Note(NoteError::NoKnownSignature))
    );
    let swapped = note.replace(&b64::encode(key.as_bytes()), &b64::encode(forger.public_key().as_bytes()));
    assert!(matches!(
        vouched(&swapped, "example.org/ledger", &known),
        Err(KeyError::Note(NoteError::BadSignature { .. }))
    ));
    // Anything else that the log's key signed is no such note.
    let text = "example.org/ledger\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n".to_owned();
    let line = NoteSignature::new(&known[0], log.sign(text.as_bytes()).unwrap().to_vec());
    let checkpoint = SignedNote::new(text, vec![line]).unwrap().to_string();
    assert_eq!(vouched(&checkpoint, "example.org/ledger", &known), Err(KeyError::Text));
}

/// The blocks of the page's section, in their order.
fn blocks() -> Vec<String> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/http.md")).unwrap();
    let section = page.split("### Webhooks\n").nth(1).unwrap().split("\n### ").next().unwrap().to_owned();
    let blocks = section.split("```").skip(1).step_by(2);
    blocks.map(|block| block.split_once('\n').unwrap().1.trim_end().to_owned()).collect()
}

/// The example of the page: the message with its headers, what is signed, and the note about the key.
#[test]
fn the_bytes_are_the_pages() {
    let blocks = blocks();
    let [message, signed_text, note] = &blocks[..] else { panic!("{} blocks", blocks.len()) };
    let (head, body) = message.split_once("\n\n").unwrap();
    let header = |name: &str| {
        let line = head.lines().find(|line| line.starts_with(&format!("{name}: "))).unwrap();
        line.split_once(": ").unwrap().1.to_owned()
    };
    // The seeds and the time that the page states.
    let seed: [u8; 32] = std::array::from_fn(|n| u8::try_from(n).unwrap());
    let signer = SoftKey::from_seed(&seed);
    let url = "https://office.example/procura";
    let signed = sign(&signer, url, body.as_bytes(), 1_795_431_600).unwrap();
    let expected = Signed {
        content_digest: header("Content-Digest"),
        signature_input: header("Signature-Input"),
        signature: header("Signature"),
    };
    assert_eq!(signed, expected);
    assert_eq!(header("Content-Type"), MEDIA_TYPE);
    let given = signed.signature_input.strip_prefix(LABEL).unwrap();
    assert_eq!(base(url, &signed.content_digest, given), *signed_text);
    let log = SoftKey::from_seed(&[9; 32]);
    let verifier =
        NoteVerifier::new("example.org/ledger", KeyType::Ed25519, log.public_key().as_bytes()).unwrap();
    assert_eq!(vouch(&[(verifier.clone(), &log)], &signer.public_key()).unwrap().trim_end(), note);
}
