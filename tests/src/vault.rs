//! A vault row told member by member, so that tests can change one: after the spec, by other code than the engine's.
//!
//! spec: storage.md#vault

use procura_core::Hash;
use procura_core::b64;
use procura_core::jws::{Alg, Jws, RECORD_TYP};
use serde_json::{Value, json};

/// The row as `{"v", "body", "r", "handle", "alias_proof", "filed": [[party, segment], …], "disclosures"}`; what is not there is `null`.
#[must_use]
pub fn told(row: &[u8]) -> Value {
    let mut at = 2;
    let mut next = |length: usize| {
        at += length;
        &row[at - length..at]
    };
    let (kid, signature, r) = (next(32), next(64), next(64));
    let handle = (row[1] & 2 != 0).then(|| b64::encode(next(32)));
    let alias_proof = (row[1] & 4 != 0).then(|| b64::encode(next(80)));
    let parties = next(1)[0];
    let filed: Vec<Value> = (0..parties)
        .map(|_| json!([b64::encode(next(32)), u64::from_be_bytes(next(8).try_into().unwrap())]))
        .collect();
    let count = next(1)[0];
    let disclosures: Vec<String> = (0..count)
        .map(|_| {
            let length = u16::from_be_bytes(next(2).try_into().unwrap());
            b64::encode(next(length.into()))
        })
        .collect();
    let alg = if row[1] & 1 == 0 { Alg::Ed25519 } else { Alg::EdDsa };
    let kid = Hash::from_slice(kid).unwrap();
    let jws = Jws::of_parts(alg, kid, row[at..].to_vec(), signature.try_into().unwrap()).unwrap();
    json!({
        "v": row[0], "body": jws.text(), "r": b64::encode(r), "handle": handle, "alias_proof": alias_proof,
        "filed": filed, "disclosures": disclosures,
    })
}

/// The row that is told so.
#[must_use]
pub fn row(told: &Value) -> Vec<u8> {
    let bytes = |value: &Value| value.as_str().map_or(Vec::new(), |text| b64::decode(text).unwrap());
    let list = |name: &str| told[name].as_array().unwrap().clone();
    let byte = |number: usize| u8::try_from(number).unwrap();
    let jws = Jws::parse(told["body"].as_str().unwrap(), RECORD_TYP).unwrap();
    let parts = u8::from(jws.alg() == Alg::EdDsa)
        | if told["handle"].is_null() { 0 } else { 2 }
        | if told["alias_proof"].is_null() { 0 } else { 4 };
    let mut row = vec![byte(usize::try_from(told["v"].as_u64().unwrap()).unwrap()), parts];
    row.extend(jws.kid().0);
    row.extend(jws.signature());
    row.extend([&told["r"], &told["handle"], &told["alias_proof"]].into_iter().flat_map(bytes));
    row.push(byte(list("filed").len()));
    for filed in list("filed") {
        row.extend(bytes(&filed[0]));
        row.extend(filed[1].as_u64().unwrap().to_be_bytes());
    }
    row.push(byte(list("disclosures").len()));
    for disclosure in list("disclosures") {
        let json = bytes(&disclosure);
        row.extend(u16::try_from(json.len()).unwrap().to_be_bytes());
        row.extend(json);
    }
    row.extend(jws.payload());
    row
}
