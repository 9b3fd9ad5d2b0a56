//! Keys and signatures that implementations disagree on. The signatures were computed once, with a reference
//! implementation, from the seed 01…01 over "procura".

use super::with;
use crate::vectors::Case;
use procura_core::b64;
use serde_json::{Value, json};

/// A key and its good signature, in the parts R and S.
const KEY: &str = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
const R: &str = "7060ac8c94e26bc60d4210cc07b615801a23e74ce73618380ca4a2da003c2f10";
const S: &str = "84a387b5e99d796c744b618edaeee77a023b0ea48d7dc2409acaf6654c8b8b06";
const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const IDENTITY: &str = "0100000000000000000000000000000000000000000000000000000000000000";
/// `KEY` plus a point of order 8.
const MIXED: &str = "9ea3f11f5bd34f0cd7147fd0a436c088f624c6100c1df6a53c0a29e05d60cea0";

/// Name, reason, expect, key.
const KEYS: &[[&str; 4]] = &[
    ["good", "A point of the curve of prime order.", "accept", KEY],
    ["mixed-order", "A point whose order is 8·L is not of small order.", "accept", MIXED],
    ["identity", "The identity, under which S = 0 signs all.", "key_small_order", IDENTITY],
    [
        "order-2",
        "The point of order 2, y = −1.",
        "key_small_order",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
    ["order-4", "A point of order 4, y = 0: all bytes zero.", "key_small_order", ZERO],
    [
        "order-4-sign",
        "The other point of order 4.",
        "key_small_order",
        "0000000000000000000000000000000000000000000000000000000000000080",
    ],
    [
        "order-8-a",
        "A point of order 8.",
        "key_small_order",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    ],
    [
        "order-8-b",
        "A point of order 8.",
        "key_small_order",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ],
    [
        "order-8-c",
        "A point of order 8.",
        "key_small_order",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ],
    [
        "order-8-d",
        "A point of order 8.",
        "key_small_order",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ],
    [
        "identity-sign",
        "The identity with the sign bit of x = 0 set.",
        "key_not_canonical",
        "0100000000000000000000000000000000000000000000000000000000000080",
    ],
    [
        "order-2-sign",
        "The point of order 2 with the sign bit of x = 0 set.",
        "key_not_canonical",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ],
    [
        "y-p",
        "y = p, another writing of 0.",
        "key_not_canonical",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
    [
        "y-p-sign",
        "y = p with the sign bit.",
        "key_not_canonical",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ],
    [
        "y-p-plus-1",
        "y = p + 1, another writing of the identity.",
        "key_not_canonical",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
    [
        "y-p-plus-3",
        "y = p + 3, another writing of a point of large order.",
        "key_not_canonical",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
    [
        "y-largest",
        "y = 2^255 − 1 with the sign bit.",
        "key_not_canonical",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ],
    [
        "off-curve",
        "No point has y = 2.",
        "key_not_on_curve",
        "0200000000000000000000000000000000000000000000000000000000000000",
    ],
];

/// Name, reason, expect, key, R, S.
const SIGNATURES: &[[&str; 6]] = &[
    ["good", "The key's own signature.", "accept", KEY, R, S],
    [
        "s-plus-l",
        "S + L signs as S does where nobody looks.",
        "signature_s_range",
        KEY,
        R,
        "71777d1204018cc44ae85831b9e8c68f023b0ea48d7dc2409acaf6654c8b8b16",
    ],
    [
        "s-l",
        "S = L.",
        "signature_s_range",
        KEY,
        R,
        "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
    ],
    [
        "s-l-minus-1",
        "S = L − 1 is in range, but no signature.",
        "signature_mismatch",
        KEY,
        R,
        "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
    ],
    ["s-zero", "S = 0.", "signature_mismatch", KEY, R, ZERO],
    ["r-zero-s-zero", "All bytes zero: R is of order 4.", "signature_r_small_order", KEY, ZERO, ZERO],
    [
        "identity-key",
        "Identity key, identity R, S = 0: \"verifies\" for every message in some libraries.",
        "key_small_order",
        IDENTITY,
        IDENTITY,
        ZERO,
    ],
    [
        "r-identity",
        "R is the identity, S = k·a: the equation holds.",
        "signature_r_small_order",
        KEY,
        IDENTITY,
        "d387081266c689c14bcf6698d656b26931e6e2458fb0b1de9f957798c89ffe03",
    ],
    [
        "r-order-8",
        "R is of order 8, S = k·a: the equation holds times the cofactor.",
        "signature_r_small_order",
        KEY,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "db1a23a34b59ee9523a6293e5435dec4f0a27b23aaf0a33d28accd8eaf1f7500",
    ],
    [
        "r-not-canonical",
        "R is the identity written with y = p + 1, S = k·a.",
        "signature_r_not_canonical",
        KEY,
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "71945ec017d587bcfbb44565f640f253129a78421fb1068c02c81bf83136b503",
    ],
    [
        "r-off-curve",
        "R is no point.",
        "signature_r_not_on_curve",
        KEY,
        "0200000000000000000000000000000000000000000000000000000000000000",
        S,
    ],
    [
        "r-torsion",
        "R has a part of order 8: the equation holds only times the cofactor.",
        "signature_mismatch",
        KEY,
        "336bcee36541a31903a3ef631938cf5f45c60959d9905b0f2bcd9f865df8e5fb",
        "ed9c25b95896ef9987b52885ba0ad66454e440983bd5ab32cd80b6eb5a15be0b",
    ],
    [
        "key-torsion",
        "The key has a part of order 8: the equation holds only times the cofactor.",
        "signature_mismatch",
        MIXED,
        "1c66efb12e2f6c6a7a5a3e006bb4c988412531c61a9ce5ff189c1fce1a404510",
        "8415c8fb199043f12ac61b3697f82128c309cb1d1b2e7d68c56a60788ebeb30e",
    ],
    [
        "key-torsion-hidden",
        "The key has a part of order 8 and k is a multiple of 8: the equation holds as it stands.",
        "accept",
        MIXED,
        "fd56f34ac5397ee4857f9e93e9f2015b43bb365a14d5693a18585b780980b6b3",
        "5960bb5f9ad6c08c885d22b27c16d27c4ec2bd7887eabeb1ddb460d96fa54b0e",
    ],
];

pub(super) fn cases() -> Vec<Case> {
    let keys = KEYS.iter().map(|[name, reason, expect, key]| {
        Case::new(&format!("key-{name}"), reason, expect, json!({ "type": "key", "key": text(key) }))
    });
    let signatures = SIGNATURES.iter().map(|[name, reason, expect, key, r, s]| {
        let members = json!({
            "type": "signature", "key": text(key), "message": b64::encode(b"procura"),
            "signature": text(&format!("{r}{s}")),
        });
        Case::new(&format!("signature-{name}"), reason, expect, members)
    });
    keys.chain(jwks()).chain(signatures).collect()
}

/// RFC 8037 appendix A.2 and A.3, and what is refused of it.
fn jwks() -> Vec<Case> {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let case = |name: &str, reason: &str, expect: &str, jwk: Value| {
        let mut members = json!({ "type": "key", "jwk": jwk });
        if expect == "accept" {
            members = with(members, "thumbprint", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        }
        Case::new(&format!("key-jwk-{name}"), reason, expect, members)
    };
    let zero = text(ZERO);
    vec![
        case(
            "rfc8037",
            "The key and the thumbprint of RFC 8037.",
            "accept",
            json!({ "crv": "Ed25519", "kty": "OKP", "x": x }),
        ),
        case(
            "private",
            "A JWK with a private part is refused.",
            "key_jwk",
            json!({ "crv": "Ed25519", "d": zero, "kty": "OKP", "x": x }),
        ),
        case(
            "kid",
            "A member more is refused.",
            "key_jwk",
            json!({ "crv": "Ed25519", "kid": "a", "kty": "OKP", "x": x }),
        ),
        case("curve", "Another curve.", "key_jwk", json!({ "crv": "X25519", "kty": "OKP", "x": x })),
        case("no-kty", "A member less.", "key_jwk", json!({ "crv": "Ed25519", "x": x })),
        case(
            "padding",
            "x is padded.",
            "key_jwk",
            json!({ "crv": "Ed25519", "kty": "OKP", "x": format!("{x}=") }),
        ),
        case(
            "trailing-bits",
            "The last character of x has a bit beyond 32 bytes.",
            "key_jwk",
            json!({ "crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp" }),
        ),
        case(
            "small-order",
            "x is a point of small order.",
            "key_small_order",
            json!({ "crv": "Ed25519", "kty": "OKP", "x": zero }),
        ),
    ]
}

/// base64url of bytes in hexadecimal.
fn text(hex: &str) -> String {
    let digits = hex.chars().filter_map(|c| c.to_digit(16)).filter_map(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = digits.collect();
    let bytes = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit));
    b64::encode(&bytes.collect::<Vec<u8>>())
}
