//! Goal: keys and signatures that implementations disagree on have one answer, and it is no. Method: the RFCs'
//! own vectors; every small-order and non-canonical point; and signatures that satisfy some other verifier's
//! equation, computed once with a reference implementation from the seed 01…01 over "procura".

use super::*;
use crate::json::canonical;
use proptest::prelude::*;
use serde_json::Map;

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).unwrap().try_into().unwrap()).collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    bytes.try_into().unwrap()
}

fn key(hex: &str) -> Result<PublicKey, KeyError> {
    PublicKey::from_bytes(&bytes(hex))
}

fn check(key_hex: &str, signature_hex: &str) -> Result<(), SignatureError> {
    key(key_hex).unwrap().verify(b"procura", &bytes(signature_hex))
}

const KEY: &str = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
const R: &str = "7060ac8c94e26bc60d4210cc07b615801a23e74ce73618380ca4a2da003c2f10";
const S: &str = "84a387b5e99d796c744b618edaeee77a023b0ea48d7dc2409acaf6654c8b8b06";

/// RFC 8032 section 7.1, tests 1 to 3: seed, key, message, signature.
const RFC_8032: &[[&str; 4]] = &[
    [
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
];

#[test]
fn the_vectors_of_rfc_8032() {
    for [seed, public, message, signature] in RFC_8032 {
        let signer = SoftKey::from_seed(&bytes(seed));
        assert_eq!(signer.public_key(), key(public).unwrap());
        let message: Vec<u8> = match *message {
            "" => vec![],
            "72" => vec![0x72],
            _ => vec![0xaf, 0x82],
        };
        let signature = bytes(signature);
        assert_eq!(signer.sign(&message), Ok(signature));
        assert_eq!(signer.public_key().verify(&message, &signature), Ok(()));
        for bit in 0..512 {
            let mut flipped = signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(signer.public_key().verify(&message, &flipped).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn the_key_and_thumbprint_of_rfc_8037() {
    let key = key("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").unwrap();
    let jwk = br#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert_eq!(canonical(&key.jwk()), jwk);
    assert_eq!(key.thumbprint(), sha256(&[jwk]));
    assert_eq!(key.thumbprint().to_string(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_jwk_has_exactly_its_three_members() {
    let good = key(KEY).unwrap().jwk();
    let read = |jwk: Value| PublicKey::from_jwk(Members::new(jwk.as_object().unwrap().clone()));
    assert_eq!(read(good.clone()), key(KEY));
    for (member, value) in [
        ("crv", json!("X25519")),
        ("kty", json!("EC")),
        ("kty", json!("okp")),
        ("x", json!("AAAA")),
        ("x", json!(1)),
        ("d", json!("AAAA")),
        ("kid", json!("a")),
    ] {
        let mut jwk = good.clone();
        jwk[member] = value;
        assert!(matches!(read(jwk), Err(KeyError::Jwk(_))), "{member}");
    }
    for member in ["crv", "kty", "x"] {
        let mut jwk: Map<String, Value> = good.as_object().unwrap().clone();
        jwk.remove(member);
        assert!(
            matches!(read(Value::Object(jwk)), Err(KeyError::Jwk(MemberError::Missing { .. }))),
            "{member}"
        );
    }
    let mut jwk = good;
    jwk["x"] = json!(b64::encode(&[0; 32]));
    assert_eq!(read(jwk), Err(KeyError::SmallOrder));
}

/// The eight points of small order in their canonical encodings: y = 1, −1, twice 0 (x = ±√−1), and four of
/// order 8.
#[test]
fn points_of_small_order_are_refused() {
    for hex in SMALL_ORDER_HEX {
        assert_eq!(key(hex), Err(KeyError::SmallOrder), "{hex}");
    }
}

const SMALL_ORDER_HEX: &[&str] = &[
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

#[test]
fn every_other_writing_of_a_point_is_refused() {
    for low in 0xed..=0xff {
        for high in [0x7f, 0xff] {
            let mut encoding = [0xff; 32];
            (encoding[0], encoding[31]) = (low, high);
            assert_eq!(PublicKey::from_bytes(&encoding), Err(KeyError::NotCanonical), "{low:x} {high:x}");
        }
    }
    for hex in [
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        assert_eq!(key(hex), Err(KeyError::NotCanonical), "{hex}");
    }
    // Neighbours that the rule must not catch: p − 2 and 2 with either sign bit fail for another reason or not.
    for (low, middle, high) in [(0xeb, 0xff, 0x7f), (0xeb, 0xff, 0xff), (2, 0, 0), (2, 0, 0x80), (3, 0, 0x80)]
    {
        let mut encoding = [middle; 32];
        (encoding[0], encoding[31]) = (low, high);
        assert_ne!(PublicKey::from_bytes(&encoding), Err(KeyError::NotCanonical), "{low:x} {high:x}");
    }
}

#[test]
fn bytes_off_the_curve_are_refused() {
    let mut two = [0; 32];
    two[0] = 2;
    assert_eq!(PublicKey::from_bytes(&two), Err(KeyError::NotOnCurve));
}

#[test]
fn s_is_below_the_group_order() {
    assert_eq!(check(KEY, &format!("{R}{S}")), Ok(()));
    let s_plus_l = "71777d1204018cc44ae85831b9e8c68f023b0ea48d7dc2409acaf6654c8b8b16";
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let below = "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    let all_ones = "ff".repeat(32);
    for s in [s_plus_l, order, all_ones.as_str()] {
        assert_eq!(check(KEY, &format!("{R}{s}")), Err(SignatureError::ScalarRange), "{s}");
    }
    assert_eq!(check(KEY, &format!("{R}{below}")), Err(SignatureError::Mismatch));
    assert_eq!(check(KEY, &format!("{R}{}", "00".repeat(32))), Err(SignatureError::Mismatch));
}

/// R of small order, S = k·a: with R the identity the equation without cofactor holds, with the others the one
/// with cofactor. The holder of the key can make such signatures; none may count.
#[test]
fn r_of_small_order_is_refused() {
    for (r, s) in [
        (SMALL_ORDER_HEX[0], "d387081266c689c14bcf6698d656b26931e6e2458fb0b1de9f957798c89ffe03"),
        (SMALL_ORDER_HEX[1], "334adffe16615d19d28592789738e6417e6f584dbb1d551375a9c69e0f3fdb0a"),
        (SMALL_ORDER_HEX[2], "acf91f31ddae1eab534090c182cf305c2c5dd27889061b181bfc84887f64c70c"),
        (SMALL_ORDER_HEX[3], "8d03f405eb098d01d467f7b8475ec77038273f69d12ec8eb1c729e7ce239be0b"),
        (SMALL_ORDER_HEX[4], "db1a23a34b59ee9523a6293e5435dec4f0a27b23aaf0a33d28accd8eaf1f7500"),
        (SMALL_ORDER_HEX[5], "4f6c671e790e6d53bd661c950b955b05fe243b4816f7bdbc5d6ed6cd5d8c2908"),
        (SMALL_ORDER_HEX[6], "a8fc478ac19cd1de827fe357ae16492e3f38dd1753f254cfd73aacbf4c863702"),
        (SMALL_ORDER_HEX[7], "c9f0e2f4797ae132a593939854cbbcf1cfea94b41cb86d1dc4aed06cb01b8a0d"),
    ] {
        assert_eq!(check(KEY, &format!("{r}{s}")), Err(SignatureError::PointSmallOrder), "{r}");
    }
}

/// A key with a part T of small order, whose holder can make the equation hold without cofactor for an R of small order, −k·T:
/// each of the eight is refused, here and by the library's strict check, and its plain one takes it.
#[test]
fn r_of_small_order_is_refused_where_the_equation_holds() {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::scalar::Scalar;
    use sha2::{Digest, Sha512};
    let a = Scalar::from(7_u8);
    let key = VerifyingKey::from(EdwardsPoint::mul_base(&a) + EIGHT_TORSION[1]);
    for r in EIGHT_TORSION {
        let r = r.compress();
        let challenge = |message: &[u8]| {
            let hash =
                Sha512::new().chain_update(r.as_bytes()).chain_update(key.as_bytes()).chain_update(message);
            Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
        };
        let fits = |message: &[u8; 2]| (-(EIGHT_TORSION[1] * challenge(message))).compress() == r;
        let message = (0..=u16::MAX).map(u16::to_be_bytes).find(fits).unwrap();
        let s = challenge(&message) * a;
        let signature: [u8; 64] = [r.to_bytes(), s.to_bytes()].concat().try_into().unwrap();
        assert!(key.verify(&message, &Signature::from_bytes(&signature)).is_ok());
        assert!(key.verify_strict(&message, &Signature::from_bytes(&signature)).is_err());
        assert_eq!(PublicKey(key).verify(&message, &signature), Err(SignatureError::PointSmallOrder));
    }
}

/// What is of small order, its canonical bytes tell; and of nothing else do they say so.
#[test]
fn small_order_is_told_by_the_encoding() {
    let torsion = curve25519_dalek::constants::EIGHT_TORSION;
    assert!(torsion.iter().all(|point| is_of_small_order(point.compress().as_bytes())));
    let all: std::collections::BTreeSet<_> =
        torsion.iter().map(|point| point.compress().to_bytes()).collect();
    assert_eq!(all, SMALL_ORDER_HEX.iter().map(|hex| bytes(hex)).collect());
    for bit in 0..255 {
        for mut other in all.iter().copied() {
            other[bit / 8] ^= 1 << (bit % 8);
            if is_canonical(&other) {
                assert_eq!(is_of_small_order(&other), all.contains(&other));
            }
        }
    }
}

#[test]
fn r_is_a_canonical_point() {
    // The identity written with y = p + 1.
    let other_identity = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    let s = "71945ec017d587bcfbb44565f640f253129a78421fb1068c02c81bf83136b503";
    assert_eq!(check(KEY, &format!("{other_identity}{s}")), Err(SignatureError::PointNotCanonical));
    let off = format!("02{}", "00".repeat(31));
    assert_eq!(check(KEY, &format!("{off}{S}")), Err(SignatureError::PointNotOnCurve));
}

#[test]
fn the_equation_has_no_cofactor() {
    // R + T with T of order 8: true only when multiplied by 8.
    let torsion = "336bcee36541a31903a3ef631938cf5f45c60959d9905b0f2bcd9f865df8e5fbed9c25b95896ef9987b52885ba0ad66454e440983bd5ab32cd80b6eb5a15be0b";
    assert_eq!(check(KEY, torsion), Err(SignatureError::Mismatch));
    // The key A + T is of large order and allowed; k ≢ 0 mod 8 shows the difference, k ≡ 0 hides it.
    let mixed = "9ea3f11f5bd34f0cd7147fd0a436c088f624c6100c1df6a53c0a29e05d60cea0";
    let with_cofactor_only = "1c66efb12e2f6c6a7a5a3e006bb4c988412531c61a9ce5ff189c1fce1a4045108415c8fb199043f12ac61b3697f82128c309cb1d1b2e7d68c56a60788ebeb30e";
    let either_way = "fd56f34ac5397ee4857f9e93e9f2015b43bb365a14d5693a18585b780980b6b35960bb5f9ad6c08c885d22b27c16d27c4ec2bd7887eabeb1ddb460d96fa54b0e";
    assert_eq!(check(mixed, with_cofactor_only), Err(SignatureError::Mismatch));
    assert_eq!(check(mixed, either_way), Ok(()));
}

#[test]
fn a_soft_key_is_wiped_and_not_shown() {
    // `SigningKey` wipes itself in its `Drop`; without the feature `zeroize` it would need none.
    assert!(std::mem::needs_drop::<SoftKey>());
    let shown = format!("{:?}", SoftKey::from_seed(&[1; 32]));
    assert_eq!(shown, format!("SoftKey(PublicKey({}))", b64::encode(&bytes::<32>(KEY))));
}

proptest! {
    #[test]
    fn a_key_that_is_taken_is_the_one_writing_of_its_point(candidate: [u8; 32]) {
        // dalek's own writing of the point is canonical, whatever it read.
        if let Ok(key) = PublicKey::from_bytes(&candidate) {
            prop_assert_eq!(VerifyingKey::from(key.0.to_edwards()).to_bytes(), candidate);
        }
    }

    #[test]
    fn what_is_signed_is_verified_and_nothing_else(seed: [u8; 32], message: Vec<u8>, at: prop::sample::Index) {
        let key = SoftKey::from_seed(&seed);
        let signature = key.sign(&message).unwrap();
        prop_assert_eq!(PublicKey::from_bytes(key.public_key().as_bytes()), Ok(key.public_key()));
        prop_assert_eq!(key.public_key().verify(&message, &signature), Ok(()));
        if !message.is_empty() {
            let mut other = message.clone();
            other[at.index(message.len())] ^= 1;
            prop_assert_eq!(key.public_key().verify(&other, &signature), Err(SignatureError::Mismatch));
        }
    }
}
