//! JWS: one accepted, then changed in one way at a time.

use super::with;
use crate::vectors::Case;
use procura_core::jws::{Jws, RECORD_TYP};
use procura_core::key::{Signer as _, SoftKey};
use procura_core::{Hash, b64};
use serde_json::{Value, json};

const KID: Hash = Hash([7; 32]);
const PAYLOAD: &str = r#"{"a":1}"#;
/// `H("procura/v1/id" ‖ 0 ‖ PAYLOAD)`.
const ID: &str = "H_EixiRaPugNnKFPw74IK1YkOyJaQscPue5vd268GIU";

pub(super) fn cases() -> Vec<Case> {
    let signer = SoftKey::from_seed(&[1; 32]);
    let sign = |header: &str, payload: &str| {
        let input = format!("{}.{}", b64::encode(header.as_bytes()), b64::encode(payload.as_bytes()));
        let signature = signer.sign(input.as_bytes()).map(|signature| b64::encode(&signature));
        format!("{input}.{}", signature.unwrap_or_default())
    };
    let header = format!(r#"{{"alg":"Ed25519","kid":"{KID}","typ":"procura+jws"}}"#);
    let good = sign(&header, PAYLOAD);
    let written = Jws::sign(&KID, RECORD_TYP, PAYLOAD.as_bytes(), &signer).unwrap_or_default();
    [
        accepted(&written, &sign(&header.replace("Ed25519", "EdDSA"), PAYLOAD)),
        headers(&header, |header| sign(header, PAYLOAD)),
        serializations(&good),
        signatures(&good, &sign(&header, &PAYLOAD.replace('1', "2"))),
        vec![
            case("empty-payload", "The payload is any bytes here, even none.", "accept", &sign(&header, "")),
            case(
                "too-large",
                "The payload has 65,537 bytes.",
                "jws_too_large",
                &sign(&header, &"x".repeat(65_537)),
            ),
        ],
    ]
    .concat()
}

fn case(name: &str, reason: &str, expect: &str, jws: &str) -> Case {
    let key = SoftKey::from_seed(&[1; 32]).public_key();
    let key = b64::encode(key.as_bytes());
    let members = json!({ "type": "jws", "typ": RECORD_TYP, "key": key, "jws": jws });
    Case::new(&format!("jws-{name}"), reason, expect, members)
}

fn accepted(good: &str, eddsa: &str) -> Vec<Case> {
    let stating = |case: Case| {
        let body = with(with(case.body, "kid", KID.to_string()), "id", ID);
        Case { body, ..case }
    };
    vec![
        stating(case("good", "A JWS as we write it.", "accept", good)),
        stating(case("eddsa", "EdDSA is read as Ed25519; the id is of the payload alone.", "accept", eddsa)),
    ]
}

fn headers(header: &str, sign: impl Fn(&str) -> String) -> Vec<Case> {
    let kid = KID.to_string();
    let rows: [(&str, &str, &str, String); 14] = [
        ("alg-none", "alg is none.", "jws_alg", header.replace("Ed25519", "none")),
        ("alg-es256", "alg is ES256.", "jws_alg", header.replace("Ed25519", "ES256")),
        ("alg-case", "alg is in another case.", "jws_alg", header.replace("Ed25519", "ed25519")),
        ("typ", "typ is another.", "jws_typ", header.replace("procura+jws", "JWT")),
        (
            "typ-long",
            "typ is in its long form.",
            "jws_typ",
            header.replace("procura+jws", "application/procura+jws"),
        ),
        ("kid-short", "kid has 31 bytes.", "jws_kid", header.replace(&kid, &b64::encode(&[7; 31]))),
        ("kid-padding", "kid is padded.", "jws_kid", header.replace(&kid, &format!("{kid}="))),
        ("no-typ", "typ is missing.", "jws_header_members", header.replace(r#","typ":"procura+jws""#, "")),
        (
            "crit",
            "A member more, crit.",
            "jws_header_members",
            header.replace(r#""kid""#, r#""crit":["b64"],"kid""#),
        ),
        (
            "jwk",
            "A member more: no key is taken from a header.",
            "jws_header_members",
            header.replace(r#""kid""#, r#""jwk":{},"kid""#),
        ),
        ("alg-number", "alg is a number.", "jws_header_members", header.replace(r#""Ed25519""#, "1")),
        (
            "header-order",
            "The header's members are in another order.",
            "jws_header_json",
            format!(r#"{{"kid":"{kid}","alg":"Ed25519","typ":"procura+jws"}}"#),
        ),
        ("header-space", "The header has a space.", "jws_header_json", header.replace(r#":"E"#, r#": "E"#)),
        (
            "header-duplicate",
            "The header has alg twice.",
            "jws_header_json",
            header.replace(r#"{"alg""#, r#"{"alg":"none","alg""#),
        ),
    ];
    rows.iter().map(|(name, reason, expect, header)| case(name, reason, expect, &sign(header))).collect()
}

fn serializations(good: &str) -> Vec<Case> {
    let (input, signature) = good.rsplit_once('.').unwrap_or_default();
    let (header, payload) = input.split_once('.').unwrap_or_default();
    let general: Value = json!({
        "payload": payload,
        "signatures": [
            { "protected": header, "signature": signature },
            { "protected": header, "signature": signature },
        ],
    });
    let flattened = json!({ "payload": payload, "protected": header, "signature": signature });
    let short = b64::encode(&[0; 63]);
    let rows: [(&str, &str, &str, String); 12] = [
        ("added-signature", "A fourth part follows.", "jws_parts", format!("{good}.{signature}")),
        ("no-signature", "The third part is missing.", "jws_parts", input.to_owned()),
        ("empty", "The text is empty.", "jws_parts", String::new()),
        (
            "general",
            "General JSON Serialization, two signatures.",
            "jws_json_serialization",
            general.to_string(),
        ),
        ("flattened", "Flattened JSON Serialization.", "jws_json_serialization", flattened.to_string()),
        ("padding", "The signature is padded.", "jws_base64", format!("{good}==")),
        ("newline", "A line feed follows.", "jws_base64", format!("{good}\n")),
        (
            "standard-alphabet",
            "The payload is in the other alphabet.",
            "jws_base64",
            format!("{header}.+/8.{signature}"),
        ),
        (
            "trailing-bits-payload",
            "The payload's last character has a bit beyond its bytes.",
            "jws_base64",
            format!("{header}.AR.{signature}"),
        ),
        (
            "trailing-bits-signature",
            "The signature's last character has a bit beyond 64 bytes.",
            "jws_base64",
            format!("{input}.{}R", "A".repeat(85)),
        ),
        ("signature-63", "The signature has 63 bytes.", "jws_signature_length", format!("{input}.{short}")),
        ("signature-empty", "The signature is empty.", "jws_signature_length", format!("{input}.")),
    ];
    rows.iter().map(|(name, reason, expect, text)| case(name, reason, expect, text)).collect()
}

fn signatures(good: &str, other: &str) -> Vec<Case> {
    let (input, signature) = good.rsplit_once('.').unwrap_or_default();
    let (other_input, _) = other.rsplit_once('.').unwrap_or_default();
    let zero = b64::encode(&[0; 64]);
    let r = b64::decode(signature).unwrap_or_default();
    let s_zero: Vec<u8> = r.into_iter().take(32).chain([0; 32]).collect();
    vec![
        case(
            "other-payload",
            "The signature is over another payload.",
            "signature_mismatch",
            &format!("{other_input}.{signature}"),
        ),
        case("zero", "The signature is all zero.", "signature_r_small_order", &format!("{input}.{zero}")),
        case(
            "s-zero",
            "The signature's S is zero.",
            "signature_mismatch",
            &format!("{input}.{}", b64::encode(&s_zero)),
        ),
    ]
}
