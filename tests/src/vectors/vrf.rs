//! Vectors of `spec/entries.md#the-vrf`: what a proof proves, and what aliases are.
//!
//! `seed`, where it stands, is the key's own: whoever proves makes the very proof of the case.

use super::Case;
use procura_core::alias::Claim;
use procura_core::b64;
use procura_core::identifier::{Identifier, IdentifierError};
use procura_core::key::PublicKey;
use procura_core::vrf::{self, Secret};
use serde_json::{Value, json};

/// The examples of RFC 9381 appendix B.3: name, seed, public key, input, proof, output.
const RFC: [[&str; 6]; 3] = [
    [
        "rfc-16",
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
        "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
    ],
    [
        "rfc-17",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
        "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
    ],
    [
        "rfc-18",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
        "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f",
    ],
];
/// The group order, lowest byte first.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// p + 3, another writing of y = 3.
const NOT_CANONICAL: &str = "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
const NOT_ON_CURVE: &str = "0200000000000000000000000000000000000000000000000000000000000000";

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [outputs(), lies(), aliases()].concat()
}

fn outputs() -> Vec<Case> {
    let case = |[name, seed, key, alpha, proof, output]: [&str; 6]| {
        let members = json!({
            "type": "output", "seed": b64url(seed), "key": b64url(key), "alpha": b64url(alpha), "proof": b64url(proof),
            "output": b64url(output),
        });
        let example = name.trim_start_matches("rfc-");
        Case::new(name, &format!("Example {example} of RFC 9381, appendix B.3."), "accept", members)
    };
    RFC.map(case).to_vec()
}

/// What RFC 9381 refuses, or leaves to whoever reads it.
fn lies() -> Vec<Case> {
    let [_, _, key, alpha, proof, _] = RFC[1];
    let (gamma, c, s) = (&proof[..64], &proof[64..96], &proof[96..]);
    let [_, _, other_key, _, other_proof, _] = RFC[2];
    let case = |name: &str, reason: &str, expect: &str, key: &str, alpha: &str, proof: &str| {
        let members =
            json!({"type": "output", "key": b64url(key), "alpha": b64url(alpha), "proof": b64url(proof)});
        Case::new(name, reason, expect, members)
    };
    let same =
        |name: &str, reason: &str, expect: &str, proof: &str| case(name, reason, expect, key, alpha, proof);
    vec![
        same(
            "gamma-other",
            "Gamma of another input.",
            "vrf_mismatch",
            &format!("{}{c}{s}", &other_proof[..64]),
        ),
        same(
            "gamma-not-canonical",
            "Gamma with y \u{2265} p, another writing of a point.",
            "vrf_gamma",
            &format!("{NOT_CANONICAL}{c}{s}"),
        ),
        same("gamma-not-on-curve", "Gamma is no point.", "vrf_gamma", &format!("{NOT_ON_CURVE}{c}{s}")),
        same("gamma-small-order", "Gamma of order 4.", "vrf_mismatch", &format!("{ZERO}{c}{s}")),
        same("challenge-other", "Another challenge.", "vrf_mismatch", &format!("{gamma}{}{s}", &ZERO[..32])),
        same("s-l", "s = L.", "vrf_s_range", &format!("{gamma}{c}{L}")),
        same(
            "s-plus-l",
            "s + L proves what s does where nobody looks.",
            "vrf_s_range",
            &format!("{gamma}{c}{}", hex(&plus(&unhex(s), &unhex(L)))),
        ),
        same("s-zero", "s = 0.", "vrf_mismatch", &format!("{gamma}{c}{ZERO}")),
        case("alpha-other", "The proof for another input.", "vrf_mismatch", key, "73", proof),
        case("alpha-longer", "The input with a byte behind it.", "vrf_mismatch", key, "7200", proof),
        case("key-other", "The proof of another key.", "vrf_mismatch", other_key, alpha, proof),
        case("key-small-order", "A key under which anybody proves.", "key_small_order", ZERO, alpha, proof),
        case(
            "key-not-canonical",
            "A key with y \u{2265} p.",
            "key_not_canonical",
            NOT_CANONICAL,
            alpha,
            proof,
        ),
    ]
}

fn aliases() -> Vec<Case> {
    let seed = [7; 32];
    let secret = Secret::from_seed(&seed);
    let proof_of = |identifier: &str| {
        let identifier: Result<Identifier, IdentifierError> = identifier.parse();
        identifier.map(|identifier| Claim::of(&identifier, &secret))
    };
    let case = |name: &str, reason: &str, identifier: &str, proven: &str| {
        let Ok(claim) = proof_of(proven) else { panic!("{proven} is an identifier") };
        let holds = name.starts_with("alias-of-");
        let mut members = json!({
            "type": "alias", "key": b64::encode(secret.public_key().as_bytes()), "identifier": identifier,
            "proof": b64::encode(&claim.proof),
        });
        if holds {
            members["seed"] = json!(b64::encode(&seed));
            members["alias"] = json!(claim.alias);
        }
        Case::new(name, reason, if holds { "accept" } else { "vrf_mismatch" }, members)
    };
    vec![
        case("alias-of-person", "A person's alias.", "niss:75061200192", "niss:75061200192"),
        case(
            "alias-of-spaced",
            "Spelt otherwise it is the same identifier.",
            "niss:75.06.12-001.92",
            "niss:75061200192",
        ),
        case("alias-of-organisation", "An organisation's.", "kbo:0202239951", "kbo:202.239.951"),
        case("alias-of-longest", "The longest.", &longest(), &longest()),
        case(
            "alias-other-scheme",
            "The same value of another scheme.",
            "eid:75061200192",
            "niss:75061200192",
        ),
        case("alias-other-value", "Another value.", "eid:a1", "eid:a2"),
    ]
}

fn longest() -> String {
    format!("{}:{}", "s".repeat(32), "~".repeat(256))
}

/// Runs one case: `"accept"`, the stable name of the error, or what differs from the case's own statement.
#[must_use]
pub fn run(case: &Value) -> String {
    let answer = match case["type"].as_str() {
        Some("output") => run_output(case),
        Some("alias") => run_alias(case),
        other => Err(format!("no type {other:?}")),
    };
    answer.map_or_else(|name| name, |()| "accept".to_owned())
}

fn run_output(case: &Value) -> Result<(), String> {
    let (key, alpha, proof) = (key(case)?, bytes(case, "alpha")?, array(case, "proof")?);
    let output = vrf::output(&key, &alpha, &proof).map_err(|error| error.name())?;
    states(case, "output", &output)?;
    let Some(secret) = secret(case)? else { return Ok(()) };
    let proven = secret.prove(&alpha);
    if (*secret.public_key(), proven.proof, proven.output) == (key, proof, output) {
        Ok(())
    } else {
        Err("another proof".to_owned())
    }
}

fn run_alias(case: &Value) -> Result<(), String> {
    let identifier: Result<Identifier, IdentifierError> = case["identifier"].as_str().unwrap_or("").parse();
    let identifier = identifier.map_err(|error| error.name())?;
    let claim =
        Claim::check(&identifier, &key(case)?, &array(case, "proof")?).map_err(|error| error.name())?;
    states(case, "alias", &claim.alias.0)?;
    let again = secret(case)?.map(|secret| Claim::of(&identifier, &secret));
    if again.is_none_or(|again| again == claim) { Ok(()) } else { Err("another proof".to_owned()) }
}

fn key(case: &Value) -> Result<PublicKey, String> {
    PublicKey::from_bytes(&array(case, "key")?).map_err(|error| error.name().to_owned())
}

fn secret(case: &Value) -> Result<Option<Secret>, String> {
    case.get("seed").map(|_| Ok(Secret::from_seed(&array(case, "seed")?))).transpose()
}

fn states(case: &Value, member: &str, found: &[u8]) -> Result<(), String> {
    match case.get(member) {
        Some(stated) if *stated != json!(b64::encode(found)) => Err(format!("another {member}")),
        _ => Ok(()),
    }
}

fn bytes(case: &Value, member: &str) -> Result<Vec<u8>, String> {
    b64::decode(case[member].as_str().unwrap_or("!")).map_err(|_| format!("{member} is not base64url"))
}

fn array<const N: usize>(case: &Value, member: &str) -> Result<[u8; N], String> {
    bytes(case, member)?.try_into().map_err(|_| format!("{member} has not {N} bytes"))
}

fn b64url(text: &str) -> String {
    b64::encode(&unhex(text))
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap_or_default()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The sum of two numbers, lowest byte first.
fn plus(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let sums = one.iter().zip(other).map(|(one, other)| {
        let sum = u16::from(*one) + u16::from(*other) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    });
    sums.collect()
}
