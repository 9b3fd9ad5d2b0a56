//! What is handed in: submissions, JWS, records of every kind, disclosures.

use procura_core::admission::Candidate;
use procura_core::b64;
use procura_core::disclosure::{Disclosure, admit, present};
use procura_core::json::{canonical, parse_canonical, parse_strict};
use procura_core::jws::{Jws, RECORD_TYP};
use procura_core::key::SoftKey;
use procura_core::record::Record;
use procura_core::root_file::RootFile;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The origin of the vectors' records.
const ORIGIN: &str = "trial/world";

/// The text of a JWS comes back as it was, and only its own key's signature counts.
pub(crate) fn jws(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(jws) = Jws::parse(text, RECORD_TYP) else { return };
    assert_eq!(jws.text(), text);
    let stranger = SoftKey::from_seed(&[0x5a; 32]);
    assert!(
        jws.verify(&procura_core::key::Signer::public_key(&stranger)).is_err(),
        "signed by a key that never signs"
    );
}

/// A file of the root's comes back as it was read, and has no signature more than its quorum needs, nor one twice.
pub(crate) fn root_file(bytes: &[u8]) {
    let Ok(file) = RootFile::parse(bytes) else { return };
    let signers = file.signers();
    assert_eq!(signers.iter().collect::<BTreeSet<_>>().len(), signers.len(), "a key that signed twice");
    assert!(signers.len() <= file.quorum() && file.missing() == file.quorum() - signers.len());
    let again = RootFile::parse(file.to_json().as_bytes()).expect("what was written");
    assert_eq!((again.signers(), again.record().id()), (signers, file.record().id()));
}

/// A payload of any kind under a header that is right: what is read is the text, and judged without a panic.
pub(crate) fn record(payload: &[u8]) {
    let header = canonical(&json!({"alg": "Ed25519", "kid": Hash([7; 32]), "typ": RECORD_TYP}));
    let text = format!("{}.{}.{}", b64::encode(&header), b64::encode(payload), b64::encode(&[0; 64]));
    let Ok(record) = Record::parse(&text) else { return };
    assert_eq!(record.text(), text);
    assert_eq!(record.jws().payload(), payload);
    let map = parse_canonical(payload).expect("a record's payload is canonical");
    assert_eq!(map.get("kind").and_then(Value::as_str).is_some(), true);
    let shown = record.disclosed(&[], false).expect("a presentation may show nothing");
    assert!(shown.is_empty());
    assert_eq!(record.disclosed(&[], true).is_ok(), record.common().withheld.is_empty());
    for time in [0, record.common().signed_at.0, record.common().submit_by.0, u64::MAX] {
        let _in_time = record.check_time(Millis(time));
    }
}

/// A submission means the same once written, and is refused or admitted for what it is.
pub(crate) fn submission(bytes: &[u8]) {
    let Ok(submission) = Submission::parse(bytes) else { return };
    assert_eq!(Submission::parse(submission.to_json().as_bytes()).as_ref(), Ok(&submission));
    let Ok(candidate) = Candidate::read(submission.clone(), ORIGIN) else { return };
    assert_eq!(candidate.record().text(), submission.record);
    assert_eq!(candidate.disclosures(), submission.disclosures);
    assert!(
        candidate.verify(&procura_core::key::Signer::public_key(&SoftKey::from_seed(&[0x5a; 32]))).is_err()
    );
}

/// The first line is a payload, each further one a disclosure's JSON: admission takes no more than a presentation does, and a
/// presentation of a part shows a part.
pub(crate) fn disclosures(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let Ok(mut payload) = parse_strict(lines.next().unwrap_or_default(), 1 << 16) else { return };
    let disclosures: Vec<String> = lines.map(b64::encode).collect();
    for text in &disclosures {
        let Ok(disclosure) = Disclosure::parse(text) else { continue };
        assert_eq!(disclosure.text(), text);
    }
    compare(&payload, &disclosures);
    // The digests that belong there, so that what comes after them is reached.
    let mut digests: Vec<String> = disclosures
        .iter()
        .filter_map(|text| Disclosure::parse(text).ok())
        .map(|d| d.digest().to_string())
        .collect();
    digests.sort_unstable();
    digests.dedup();
    payload.insert("_sd".to_owned(), json!(digests));
    compare(&payload, &disclosures);
}

fn compare(payload: &serde_json::Map<String, Value>, disclosures: &[String]) {
    let Ok(all) = present(payload, disclosures) else {
        assert!(admit(payload, disclosures).is_err(), "admitted what no presentation may show");
        return;
    };
    assert_eq!(all.len(), disclosures.len());
    assert!(all.keys().all(|name| !payload.contains_key(name)), "a member stands in clear and disclosed");
    if let Ok(admitted) = admit(payload, disclosures) {
        assert_eq!(admitted, all);
    }
    if let Some((_, part)) = disclosures.split_first() {
        let part = present(payload, part).expect("a part of what may be shown may be shown");
        assert!(part.iter().all(|(name, value)| all.get(name) == Some(value)));
        assert!(admit(payload, &disclosures[1..]).is_err(), "admitted with a digest undisclosed");
    }
}
