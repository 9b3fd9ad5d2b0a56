//! Each refusal of the form once.

use super::{DAY_MS, HANDLE, Made, NOW, id, mandate, of, person};
use crate::vectors::Case;
use procura_core::json::canonical;
use procura_core::kinds::RESERVED;
use procura_core::{Hash, b64};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case> {
    [submissions(), envelopes(), common(), times(), withheld(), grants(), keys()].concat()
}

fn note() -> Made {
    Made::new("note", &json!({}))
}

fn submissions() -> Vec<Case> {
    let good = note().submission();
    let surplus = {
        let mut surplus = good.clone();
        surplus["extra"] = json!(1);
        surplus
    };
    let many = {
        let mut many = good.clone();
        many["disclosures"] = json!(vec!["WyJd"; 33]);
        many
    };
    let large = {
        let mut large = good.clone();
        large["disclosures"] = json!(["A".repeat(8193)]);
        large
    };
    let huge = note().set("text", json!("x".repeat(50_000))).submission();
    vec![
        of("submission-no-json", "The submission is no JSON.", "json_syntax", json!("{record}")),
        of("submission-array", "The submission is an array.", "json_not_an_object", json!("[]")),
        of(
            "submission-twice",
            "A member stands twice.",
            "json_duplicate_member",
            json!(r#"{"record":"a","record":"b"}"#),
        ),
        of("submission-empty", "There is no record.", "member_missing", json!({})),
        of("submission-unknown-member", "A member more.", "member_unknown", surplus),
        of("submission-many-disclosures", "33 disclosures.", "member_mistyped", many),
        of("disclosure-oversized", "A disclosure of 8,193 bytes.", "oversized", large),
        of("record-oversized", "A record of over 65,536 bytes.", "oversized", huge),
    ]
}

fn envelopes() -> Vec<Case> {
    let good = note();
    let text = good.submission()["record"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = text.split('.').collect();
    let record = |text: String| json!({"record": text});
    let header =
        |header: Value| record(format!("{}.{}.{}", b64::encode(&canonical(&header)), parts[1], parts[2]));
    let payload = canonical(&good.payload);
    let spaced = [&b"{ "[..], &payload[1..]].concat();
    let turned = String::from_utf8(payload.clone()).unwrap().replacen("{\"iat\"", "{\"z\":1,\"iat\"", 1);
    let twice = String::from_utf8(payload).unwrap().replacen("{\"iat\"", "{\"iat\":1,\"iat\"", 1);
    let kid = Hash([7; 32]);
    vec![
        of(
            "jws-two-parts",
            "The signature is not there.",
            "jws_parts",
            record(format!("{}.{}", parts[0], parts[1])),
        ),
        of(
            "jws-json",
            "JSON Serialization.",
            "jws_json_serialization",
            json!({"record": "{\"payload\":\"e30\"}"}),
        ),
        of(
            "jws-padded",
            "base64url with padding.",
            "jws_base64",
            record(format!("{}=.{}.{}", parts[0], parts[1], parts[2])),
        ),
        of(
            "jws-alg-none",
            "No signature at all.",
            "jws_alg",
            header(json!({"alg": "none", "kid": kid, "typ": "procura+jws"})),
        ),
        of(
            "jws-typ-other",
            "A JWS for something else.",
            "jws_typ",
            header(json!({"alg": "Ed25519", "kid": kid, "typ": "JWT"})),
        ),
        of(
            "jws-header-member",
            "The header brings a key.",
            "jws_header_members",
            header(json!({"alg": "Ed25519", "jwk": {}, "kid": kid, "typ": "procura+jws"})),
        ),
        of(
            "jws-kid-short",
            "The key's id is too short.",
            "jws_kid",
            header(json!({"alg": "Ed25519", "kid": "AAAA", "typ": "procura+jws"})),
        ),
        of(
            "jws-signature-short",
            "A signature of 63 bytes.",
            "jws_signature_length",
            record(format!("{}.{}.{}", parts[0], parts[1], b64::encode(&[0; 63]))),
        ),
        of("payload-spaced", "A space more than the one form.", "json_spacing", good.with_payload(&spaced)),
        of(
            "payload-order",
            "The members are not in order.",
            "json_member_order",
            good.with_payload(turned.as_bytes()),
        ),
        of(
            "payload-twice",
            "A member stands twice.",
            "json_duplicate_member",
            good.with_payload(twice.as_bytes()),
        ),
        of("payload-array", "The payload is an array.", "json_not_an_object", good.with_payload(b"[]")),
        of(
            "payload-fraction",
            "A number with a fraction.",
            "json_not_an_integer",
            good.with_payload(br#"{"a":1.5}"#),
        ),
        of(
            "payload-big",
            "An integer of 2^53.",
            "json_integer_range",
            good.with_payload(br#"{"a":9007199254740992}"#),
        ),
    ]
}

fn common() -> Vec<Case> {
    let mut cases: Vec<Case> = ["v", "kind", "origin", "nonce", "iat", "submit_by"]
        .iter()
        .map(|member| {
            let name = format!("common-without-{}", member.replace('_', "-"));
            note().without(member).case(&name, &format!("There is no {member}."), "member_missing")
        })
        .collect();
    cases.extend(RESERVED.iter().map(|kind| {
        let reason = format!("{kind} is for a later version.");
        Made::new(kind, &json!({})).case(&format!("reserved-{kind}"), &reason, "reserved_kind")
    }));
    let wrong = |name: &str, reason: &str, member: &str, value: Value| {
        note().set(member, value).case(name, reason, "member_mistyped")
    };
    cases.extend([
        note().set("v", json!(2)).case("version-2", "A record of version 2.", "unknown_version"),
        note().set("origin", json!("trial/elsewhere")).case(
            "wrong-origin",
            "A record for another ledger.",
            "wrong_origin",
        ),
        wrong("kind-capital", "A kind's name with a capital.", "kind", json!("Note")),
        wrong("kind-empty", "A kind without a name.", "kind", json!("")),
        wrong("kind-long", "A kind's name of 33 characters.", "kind", json!("a".repeat(33))),
        wrong("nonce-short", "A nonce of 31 bytes.", "nonce", json!(b64::encode(&[1; 31]))),
        wrong("iat-text", "A time in words.", "iat", json!("today")),
        note().set("submit_by", json!(NOW - 1)).case(
            "submit-by-before-iat",
            "submit_by before iat.",
            "submit_by_range",
        ),
        note().set("submit_by", json!(NOW + 7 * DAY_MS)).case(
            "submit-by-a-week",
            "submit_by a week after iat.",
            "accept",
        ),
        note().set("submit_by", json!(NOW + 7 * DAY_MS + 1)).case(
            "submit-by-over-a-week",
            "submit_by over a week after iat.",
            "submit_by_range",
        ),
        Made::new("acceptance", &json!({"target": "none"})).case(
            "target-no-id",
            "The target is no id.",
            "member_mistyped",
        ),
        mandate().set("extra", json!(1)).case(
            "mandate-unknown-member",
            "A member that mandates do not have.",
            "member_unknown",
        ),
    ]);
    cases
}

fn times() -> Vec<Case> {
    let skew = 5 * 60 * 1000;
    let at = |made: &Made, name: &str, reason: &str, expect: &str, time: u64| {
        let mut case = made.case(name, reason, expect);
        case.body["time"] = json!(time);
        case
    };
    let revocation = Made::new("revocation", &json!({"target": id(1)}));
    let end = Made::new("key-end", &json!({"target": id(1), "reason": "lost"}));
    vec![
        at(&note(), "time-skew", "Logged five minutes before it was signed.", "accept", NOW - skew),
        at(
            &note(),
            "too-early",
            "Logged over five minutes before it was signed.",
            "too_early",
            NOW - skew - 1,
        ),
        at(&note(), "time-last", "Logged in the last instant.", "accept", NOW + DAY_MS),
        at(&note(), "too-late", "Logged after submit_by.", "too_late", NOW + DAY_MS + 1),
        at(&revocation, "revocation-late", "Withdrawing is never too late.", "accept", NOW + 900 * DAY_MS),
        at(&revocation, "revocation-early", "But may be too early.", "too_early", NOW - skew - 1),
        at(&end, "key-end-late", "Ending a key is never too late.", "accept", NOW + 900 * DAY_MS),
    ]
}

fn withheld() -> Vec<Case> {
    let mandate_with = |name: &str, value: Value| mandate().withheld(name, &value);
    let mut missing = mandate_with("reference", json!("file 7"));
    missing.disclosures.clear();
    let mut surplus = mandate();
    surplus.disclosures = mandate_with("reference", json!("file 7")).disclosures;
    let mut twice = mandate_with("reference", json!("file 7"));
    twice.disclosures.push(twice.disclosures[0].clone());
    let bare = |handle| person().handle(handle);
    let party = |identifier: &str| {
        Made::new("party", &json!({"party_type": "person", "handle": person().payload["handle"]}))
            .withheld("identifier", &json!(identifier))
            .handle(Some(HANDLE))
    };
    let nameless = Made::new("party", &json!({"party_type": "person", "handle": person().payload["handle"]}))
        .withheld("name", &json!("Somebody"))
        .handle(Some(HANDLE));
    vec![
        missing.case("disclosure-missing", "A digest without its disclosure.", "disclosure_missing"),
        surplus.case("disclosure-surplus", "A disclosure without its digest.", "disclosure_surplus"),
        twice.case("disclosure-repeated", "A disclosure twice.", "disclosure_repeated"),
        mandate().set("_sd", json!([])).case("sd-empty", "No digest.", "sd_digests"),
        mandate_with("scopes", json!(["tax"])).without("scopes").case(
            "withheld-scopes",
            "A mandate may not withhold its scopes.",
            "member_missing",
        ),
        mandate_with("colour", json!("red")).case(
            "withheld-unknown",
            "A member that mandates do not have.",
            "disclosure_not_allowed",
        ),
        note().withheld("colour", &json!("red")).case(
            "note-withheld",
            "An unknown kind may withhold what it likes,",
            "accept",
        ),
        note().withheld("parties", &json!([id(1)])).case(
            "note-withheld-parties",
            "but not whom it concerns.",
            "disclosure_not_allowed",
        ),
        mandate_with("reference", json!("x".repeat(256))).case(
            "reference-long",
            "A reference of 256 characters.",
            "withheld_member",
        ),
        mandate_with("reference", json!("a\nb")).case(
            "reference-control",
            "A reference with a control character.",
            "withheld_member",
        ),
        mandate_with("reference", json!(7)).case(
            "reference-number",
            "A reference that is no text.",
            "withheld_member",
        ),
        nameless.case("identifier-missing", "A party without identifier.", "withheld_member"),
        party("niss:48.03.15-002.92").case(
            "identifier-dressed",
            "An identifier not in its one form.",
            "withheld_member",
        ),
        party("niss:48031500293").case("niss-check", "A wrong check number.", "niss_check"),
        party("niss:4803150029").case("niss-length", "A digit too few.", "niss_length"),
        party("kbo:0417497107").case("kbo-check", "A wrong check number.", "kbo_check"),
        party("kbo:2417497106").case("kbo-first-digit", "A number that starts with 2.", "kbo_first_digit"),
        party("48031500292").case("identifier-form", "No scheme.", "identifier_form"),
        bare(None).case("handle-missing", "A party record without its handle.", "handle"),
        bare(Some([4; 32])).case("handle-other", "Another handle than it commits to.", "handle"),
        note().handle(Some(HANDLE)).case(
            "handle-surplus",
            "A handle with a record that needs none.",
            "handle",
        ),
    ]
}

fn grants() -> Vec<Case> {
    let today = super::TODAY;
    let from =
        |day: &str, instant: u64| mandate().set("valid_from", json!(day)).set("not_before", json!(instant));
    vec![
        mandate().set("mandatees", json!([id(1)])).case("same-party", "A mandate to oneself.", "same_party"),
        mandate().set("not_before", json!(today + 1)).case(
            "validity-not-before",
            "not_before is not the day's first instant.",
            "validity_mismatch",
        ),
        mandate().set("not_after", json!(today + 7 * DAY_MS)).case(
            "validity-not-after",
            "not_after is the last day's first instant, not the one after it.",
            "validity_mismatch",
        ),
        mandate().set("not_before", json!(today + 3_600_000)).case(
            "validity-utc",
            "not_before is midnight in UTC.",
            "validity_mismatch",
        ),
        from("2026-11-22", today - DAY_MS).case(
            "retroactive",
            "It begins on the day before it was signed.",
            "retroactive",
        ),
        from("2026-11-24", today + DAY_MS).case("begins-tomorrow", "It begins tomorrow.", "accept"),
    ]
}

fn keys() -> Vec<Case> {
    let key = |x: &[u8]| {
        let jwk = json!({"crv": "Ed25519", "kty": "OKP", "x": b64::encode(x)});
        let members = json!({
            "party": id(1), "jwk": jwk, "basis": "first", "pop": b64::encode(&[5; 64]), "assurance": "high",
        });
        Made::new("key", &members)
    };
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    let private = {
        let mut made = key(&identity);
        made.payload["jwk"]["d"] = json!("AAAA");
        made
    };
    let second =
        key(&[1; 32]).set("jwk", super::jwk(4)).set("basis", json!("cosigned")).set("quorum", json!(2));
    vec![
        key(&identity).case("key-small-order", "The neutral point.", "key_small_order"),
        key(&off_curve).case("key-not-on-curve", "No point of the curve.", "key_not_on_curve"),
        key(&[0xFF; 32]).case("key-not-canonical", "A coordinate beyond the field.", "key_not_canonical"),
        private.case("key-private", "A private key.", "key_jwk"),
        second.case(
            "key-cosigned-quorum",
            "A quorum on a key that the root does not bind.",
            "member_mistyped",
        ),
    ]
}
