//! Goal: a record handed in is proven to whoever handed it in, and one that is wrong leaves nothing. Method: the story of a
//! mandate, then records changed in one way at a time.

use crate::world::World;
use procura_core::draft::Draft;
use procura_core::entry::Entry;
use procura_core::hash::leaf;
use procura_core::kinds::Validity;
use procura_core::receipt::{Mode, Point, VerifyError, verify_existence, verify_status};
use procura_core::record::Record;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::{Leaf, check_inclusion};
use procura_core::{Hash, Millis, Size, b64, days::Day};
use procura_ledger::Clock;
use procura_server::demo::{EMPLOYER, MOTHER, SON};
use serde_json::json;
use std::time::Duration;

fn id(submission: &Submission) -> Hash {
    Record::parse(&submission.record).unwrap().id()
}

fn mandate(world: &World, scopes: &[&str]) -> Submission {
    let (son, mother) = (world.party(SON), world.party(MOTHER));
    let scopes: Vec<_> = scopes.iter().map(|code| (*code).to_owned()).collect();
    let validity = Validity::of_days(Day::of(world.clock.now()).unwrap(), None);
    world.sign(son, |occasion| {
        Draft::mandate(occasion, &son.party, &mother.party, &world.demo.catalogue, &scopes, &validity)
            .withheld("reference", &json!("file 12"), &[7; 16])
            .unwrap()
    })
}

fn follow(world: &World, by: &'static str, kind: &'static str, target: &Hash) -> Submission {
    world.sign(world.party(by), |occasion| Draft::on(kind, occasion, target))
}

#[test]
fn a_mandate_from_its_signature_to_its_end() {
    let world = World::new();
    let policy = world.policy();
    let fresh = Mode::Fresh(world.clock.now());
    let submission = mandate(&world, &["taxes"]);
    let given = id(&submission);

    let created = world.submit(&submission);
    assert_eq!(created.status, 201, "{}", created.text());
    assert_eq!(created.header("location"), Some(&*format!("/v1/records/{given}")));
    assert_eq!(created.header("content-type"), Some("application/vnd.procura.receipt+json"));
    assert_eq!(
        verify_status(&created.body, &given, None, &policy, fresh).unwrap().status(),
        &Status::PENDING
    );
    assert!(!created.text().contains("file 12"));

    let acceptance = follow(&world, MOTHER, "acceptance", &given);
    let accepted = world.submit(&acceptance);
    assert_eq!(accepted.status, 201, "{}", accepted.text());
    let through = id(&acceptance);
    let verified = verify_status(&accepted.body, &given, Some(&through), &policy, fresh).unwrap();
    assert_eq!(verified.status(), &Status::ACTIVE);

    // The same again: the receipt as of now.
    let again = world.submit(&submission);
    assert_eq!(again.status, 200);
    assert_eq!(verify_status(&again.body, &given, None, &policy, fresh).unwrap().status(), &Status::ACTIVE);

    let revoked = world.submit(&follow(&world, SON, "revocation", &given));
    assert_eq!(revoked.status, 201);
    let twice = world.submit(&follow(&world, SON, "revocation", &given));
    assert_eq!(twice.problem(), (409, "move".to_owned()));
    assert_eq!(twice.json()["pointer"], "/target");

    // A receipt changed in one place is none.
    let mut tampered = created.body.clone();
    let at = tampered.len() / 2;
    tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
    assert!(verify_status(&tampered, &given, None, &policy, fresh).is_err());
}

#[test]
fn a_record_is_read_with_its_past() {
    let world = World::new();
    let (policy, token) = (world.policy(), world.token(MOTHER));
    let submission = mandate(&world, &["taxes"]);
    let given = id(&submission);
    assert_eq!(world.submit(&submission).status, 201);
    let before = world.get("/v1/log", None).json()["size"].as_u64().unwrap();
    assert_eq!(world.submit(&follow(&world, SON, "revocation", &given)).status, 201);

    let read = world.get(&format!("/v1/records/{given}"), Some(&token)).json();
    assert_eq!(read["id"], json!(given));
    assert_eq!((&read["kind"], &read["status"]), (&json!("mandate"), &json!("ended")));
    assert_eq!(read["record"], json!(submission.record));
    assert_eq!(read["disclosures"], json!(submission.disclosures));

    let path = format!("/v1/records/{given}/receipt");
    let now = world.get(&path, Some(&token));
    let verified = verify_status(&now.body, &given, None, &policy, Mode::Fresh(world.clock.now())).unwrap();
    assert_eq!(verified.status(), &Status::ENDED);
    let then = world.get(&format!("{path}?as_of={before}"), Some(&token));
    assert_eq!(
        verify_status(&then.body, &given, None, &policy, Mode::AsOf(Point::Size(Size(before))))
            .unwrap()
            .status(),
        &Status::PENDING
    );
    // An answer about the past does not pass for one about now.
    assert_eq!(
        verify_status(&then.body, &given, None, &policy, Mode::Fresh(world.clock.now())).unwrap_err(),
        VerifyError::OtherQuestion
    );
    let from = world.get(&format!("{path}?from={before}"), Some(&token));
    assert_eq!(from.json()["consistency"]["from"], before);

    let size = world.get("/v1/log", None).json()["size"].as_u64().unwrap();
    for (query, expected) in [
        (format!("as_of={}", size + 1), (409, "size_unavailable")),
        (format!("from={}", size + 1), (409, "size_unavailable")),
        ("as_of=0".to_owned(), (409, "size_unavailable")),
        ("as_of=2".to_owned(), (404, "not_found")),
        ("as_of=x".to_owned(), (400, "query")),
        ("at=1".to_owned(), (400, "query")),
    ] {
        let answer = world.get(&format!("{path}?{query}"), Some(&token));
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{query}");
    }
}

#[test]
fn a_kind_that_is_not_known_is_a_trace() {
    let world = World::new();
    let son = world.party(SON);
    let note = world.sign(son, |occasion| {
        Draft::new("visit-note", occasion).member("parties", json!([world.party(MOTHER).party]))
    });
    let answer = world.submit(&note);
    assert_eq!(answer.status, 201, "{}", answer.text());
    verify_existence(&answer.body, &id(&note), &world.policy(), Mode::Fresh(world.clock.now())).unwrap();
    let read = world.get(&format!("/v1/records/{}", id(&note)), Some(&world.token(MOTHER))).json();
    assert_eq!((&read["kind"], read.get("status")), (&json!("visit-note"), None));
}

#[test]
fn what_is_refused_says_why_and_leaves_nothing() {
    let world = World::new();
    let (son, mother, employer) = (world.party(SON), world.party(MOTHER), world.party(EMPLOYER));
    let size = || world.get("/v1/log", None).json()["size"].as_u64().unwrap();
    let before = size();
    let good = mandate(&world, &["taxes"]);
    let today = Day::of(world.clock.now()).unwrap();
    let yesterday = Day::of(Millis(world.clock.now().0 - 86_400_000)).unwrap();
    let draft = |from: Day, to: &Hash, scopes: &[&str]| {
        let scopes: Vec<_> = scopes.iter().map(|code| (*code).to_owned()).collect();
        let validity = Validity::of_days(from, None);
        world.sign(son, |occasion| {
            Draft::mandate(occasion, &son.party, to, &world.demo.catalogue, &scopes, &validity)
        })
    };
    let mut forged = good.clone();
    let last = forged.record.pop().unwrap();
    forged.record.push(if last == 'A' { 'Q' } else { 'A' });
    let mut hidden = good.clone();
    hidden.disclosures.clear();
    let stranger = Hash([9; 32]);
    let by_other = world.sign(employer, |occasion| {
        let validity = Validity::of_days(today, None);
        let scopes = ["taxes".to_owned()];
        Draft::mandate(occasion, &son.party, &mother.party, &world.demo.catalogue, &scopes, &validity)
    });
    let unknown_key = world.sign(son, |occasion| Draft::new("visit-note", occasion));
    let unknown_key = unknown_key.record.split('.').nth(1).unwrap().to_owned();
    let unknown_key = {
        let header = json!({"alg": "Ed25519", "kid": stranger, "typ": "procura+jws"}).to_string();
        let input = format!("{}.{unknown_key}", procura_core::b64::encode(header.as_bytes()));
        let signature = son.signer.sign(input.as_bytes()).unwrap();
        Submission::bare(format!("{input}.{}", procura_core::b64::encode(&signature)))
    };
    let foreign =
        world.sign(son, |occasion| Draft::new("visit-note", occasion).member("origin", json!("trial/0")));
    let lift = world.sign(world.party(MOTHER), |occasion| {
        Draft::on("suspension", occasion, &world.grant("pensions-for-mother")).member("lift", json!(true))
    });
    let reserved = world.sign(son, |occasion| Draft::new("ledger-end", occasion));
    let surplus = world.sign(son, |occasion| {
        Draft::on("revocation", occasion, &world.grant("taxes-for-son")).member("why", json!("x"))
    });
    let late = good.clone();

    for (submission, expected, pointer) in [
        (&forged, (422, "signature"), None),
        (&hidden, (400, "disclosure_missing"), None),
        (&draft(today, &son.party, &["taxes"]), (422, "same_party"), Some("/mandatees")),
        (&draft(yesterday, &mother.party, &["taxes"]), (422, "retroactive"), Some("/valid_from")),
        (&draft(today, &mother.party, &["weather"]), (422, "unknown_scope"), Some("/scopes")),
        (&draft(today, &stranger, &["taxes"]), (422, "unknown_party"), Some("/mandatees")),
        (&by_other, (422, "not_yours"), None),
        (&unknown_key, (422, "unknown_key"), None),
        (&foreign, (400, "wrong_origin"), Some("/origin")),
        (&reserved, (422, "reserved_kind"), Some("/kind")),
        (&surplus, (400, "member_unknown"), Some("/why")),
        (
            &follow(&world, SON, "acceptance", &world.grant("pensions-for-mother")),
            (409, "signed_twice"),
            None,
        ),
        (&lift, (409, "move"), Some("/target")),
        (
            &follow(&world, EMPLOYER, "revocation", &world.grant("pensions-for-mother")),
            (422, "not_yours"),
            None,
        ),
        (&follow(&world, SON, "revocation", &stranger), (422, "unknown_target"), Some("/target")),
    ] {
        let answer = world.submit(submission);
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{}", answer.text());
        assert_eq!(answer.json()["pointer"].as_str(), pointer, "{}", answer.text());
    }
    for (media_type, body, expected) in [
        ("application/json", "{}".to_owned(), (400, "member_missing")),
        ("application/json", "{\"record\":\"\",\"record\":\"\"}".to_owned(), (400, "json_duplicate_member")),
        ("application/json", "[]".to_owned(), (400, "json_not_an_object")),
        ("application/json", json!({"record": "x", "more": 1}).to_string(), (400, "member_unknown")),
        ("application/jose", "x".to_owned(), (400, "jws_parts")),
        ("application/jose", format!("{}\n", good.record), (400, "jws_base64")),
        ("text/plain", good.record.clone(), (415, "media_type")),
        ("application/jose", "a".repeat(100_000), (413, "oversized")),
        ("application/json", "a".repeat(600_000), (413, "oversized")),
    ] {
        let answer = world.post("/v1/records", None, media_type, body);
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{}", answer.text());
    }
    world.clock.turn(Duration::from_secs(8 * 86_400));
    world.trial.ledger.confirm_clock();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(world.submit(&late).problem(), (422, "too_late".to_owned()));
    // Index commits of an idle ledger are all that may have come.
    assert!(size() <= before + 2, "{} {before}", size());
}

/// Goal: who asks for less gets the operator's promise, which can be checked, and nothing else changes. Method: the same record
/// with and without the preference; the promise held against the log's key, its tampered twins refused.
#[test]
fn a_promise_instead_of_a_receipt() {
    let world = World::new();
    let submission = mandate(&world, &["taxes"]);
    let given = id(&submission);
    let prefer = |submission: &Submission, preference| world.post_preferring(preference, "", submission);

    let logged = prefer(&submission, "return=minimal");
    assert_eq!(logged.status, 201, "{}", logged.text());
    assert_eq!(logged.header("preference-applied"), Some("return=minimal"));
    assert_eq!(logged.header("content-type"), Some("application/json"));
    assert_eq!(logged.header("location"), Some(&*format!("/v1/records/{given}")));
    let body = logged.json();
    let members: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["id", "index", "entry", "proof"]);
    assert_eq!(body["id"], json!(given));

    let keys = [world.trial.ledger.log_key().clone()];
    let bytes = b64::decode(body["entry"].as_str().unwrap()).unwrap();
    let entry = Entry::decode(&bytes).unwrap();
    assert_eq!(entry.id(), Some(given));
    let proven = |text: &str, entry: &[u8]| {
        let proof = TlogProof::parse(text.as_bytes()).unwrap();
        let checkpoint = proof.checkpoint.verify(world.trial.ledger.origin(), &keys).unwrap();
        let leaf = Leaf { index: proof.index, hash: leaf(entry) };
        check_inclusion(&leaf, &checkpoint.root(), &proof.path).map(|()| json!(proof.index))
    };
    let proof = body["proof"].as_str().unwrap();
    assert_eq!(proven(proof, &bytes), Ok(body["index"].clone()));
    let mut other = bytes.clone();
    other[40] ^= 1;
    assert!(proven(proof, &other).is_err());

    // The same again: the promise under the current checkpoint.
    let again = prefer(&submission, "return=minimal");
    assert_eq!((again.status, again.json()["index"].clone()), (200, body["index"].clone()));
    // Whoever pins a checkpoint wants the consistency proof, which is the receipt's; any other preference is passed over.
    for (preference, query) in [("return=minimal", "?from=1"), ("return=representation", "")] {
        let receipt = world.post_preferring(preference, query, &submission);
        assert_eq!((receipt.status, receipt.header("preference-applied")), (200, None));
        let policy = world.policy();
        verify_status(&receipt.body, &given, None, &policy, Mode::Historic).unwrap();
    }
    // A refusal is a refusal.
    let mut spoilt = submission.clone();
    spoilt.record.pop();
    assert_eq!(prefer(&spoilt, "return=minimal").status, 400);
}
