//! Goal: a ledger's own record is opened as a stranger's would be, and a body, an opening, an entry or a disclosure of another
//! record is refused. Method: two records with their entries, parts exchanged one at a time.

use super::*;
use crate::Millis;
use crate::draft::{Draft, Occasion};
use crate::entry::{Head, Tags};
use crate::key::SoftKey;
use crate::record::TYP;
use serde_json::json;

fn logged(n: u8) -> (Entry, Admitted) {
    let occasion = Occasion { origin: "trial/o", nonce: [n; 32], now: Millis(1) };
    let draft =
        Draft::new("note", &occasion).withheld("reference", &json!(format!("file {n}")), &[n; 16]).unwrap();
    let id = draft.id();
    let submission = draft.sign(&Hash([9; 32]), &SoftKey::from_seed(&[1; 32])).unwrap();
    let (jws, disclosures) = (Jws::parse(&submission.record, TYP).unwrap(), submission.disclosures);
    let commitment = commitment(jws.text().as_bytes(), &[n; 64]);
    let head = Head { time: Millis(2), commitment, id, tags: Tags::default() };
    let entry = Entry::Trace { head };
    (entry, Admitted { jws, r: [n; 64], disclosures, handle: None, alias_proof: None })
}

#[test]
fn what_was_admitted_is_opened_and_nothing_else_is() {
    let ((entry, admitted), (other_entry, other)) = (logged(1), logged(2));
    let refused = |entry: &Entry, admitted: Admitted| {
        Opened::admitted(Index(7), entry, admitted).map_or_else(|error| error.name(), |_| "opened")
    };
    let opened = Opened::admitted(Index(7), &entry, admitted.clone()).unwrap();
    let checked = Opened::check(Index(7), &entry, admitted.sealed(), "trial/o", None).unwrap();
    assert_eq!(opened.record.text(), checked.record.text());
    assert_eq!(opened.record.id(), checked.record.id());
    assert_eq!((&opened.disclosed, opened.r), (&checked.disclosed, checked.r));
    assert_eq!(opened.disclosed_str("reference"), Some("file 1"));
    let of_another = Head { id: other_entry.id().unwrap(), ..entry.head().unwrap().clone() };
    let renamed = Entry::Trace { head: of_another };
    let checked = Opened::check(Index(7), &renamed, admitted.sealed(), "trial/o", None);
    assert_eq!(checked.unwrap_err(), OpeningError::Id(Index(7)));

    let with_body = Admitted { jws: other.jws.clone(), ..admitted.clone() };
    assert_eq!(refused(&entry, with_body), "opening_commitment");
    let jws = &admitted.jws;
    let mut signature = *jws.signature();
    signature[0] ^= 1;
    let jws = Jws::of_parts(jws.alg(), *jws.kid(), jws.payload().to_vec(), signature).unwrap();
    assert_eq!(refused(&entry, Admitted { jws, ..admitted.clone() }), "opening_commitment");
    assert_eq!(refused(&entry, Admitted { r: other.r, ..admitted.clone() }), "opening_commitment");
    assert_eq!(refused(&other_entry, admitted.clone()), "opening_commitment");
    let with_disclosures = Admitted { disclosures: other.disclosures, ..admitted };
    assert_eq!(refused(&entry, with_disclosures), "opening_disclosure");
}
