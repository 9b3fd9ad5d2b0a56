//! Goal: the log is everybody's to check and its entries an auditor's to read. Method: tiles, checkpoint and proofs fetched
//! over HTTP and held against each other by the core's own checks; then addresses of what is not there.

use crate::world::World;
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::draft::Draft;
use procura_core::hash::leaf;
use procura_core::note::NoteVerifier;
use procura_core::tile::{TilePath, decode_bundle, decode_tile};
use procura_core::tlog_proof::TlogProof;
use procura_core::tree::{Root, check_consistency, mth};
use procura_core::{Hash, Size};
use procura_ledger::Clock as _;
use procura_server::demo::SON;
use serde_json::json;
use std::time::Duration;

#[test]
fn the_log_describes_itself() {
    let world = World::new();
    let log = world.get("/v1/log", None).json();
    assert!(log["origin"].as_str().unwrap().starts_with("trial/"));
    assert_eq!((&log["trial"], &log["entry0"]), (&json!(true), &json!(world.trial.ledger.entry0())));
    assert_eq!(world.policy().origin, log["origin"].as_str().unwrap());
    for (path, expected) in [("/healthz", json!({"status": "ok"})), ("/readyz", json!({"status": "ok"}))] {
        let answer = world.get(path, None);
        assert_eq!((answer.status, answer.json()), (200, expected));
    }
    world.trial.ledger.close();
    assert_eq!(world.get("/healthz", None).status, 200);
    let closed = world.get("/readyz", None);
    assert_eq!((closed.status, closed.json()["status"].clone()), (503, json!("not_ready")));
}

/// The checkpoint, signed by the key that the log names.
fn checkpoint(world: &World) -> Root {
    let log = world.get("/v1/log", None).json();
    let answer = world.get("/checkpoint", None);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let key = NoteVerifier::parse(log["vkey"].as_str().unwrap()).unwrap();
    let signed = SignedCheckpoint::parse(&answer.body).unwrap();
    signed.verify(log["origin"].as_str().unwrap(), &[key]).unwrap().root()
}

fn path(kind: &str, size: u64) -> String {
    if size == 256 { format!("/tile/{kind}/000") } else { format!("/tile/{kind}/000.p/{size}") }
}

#[test]
fn the_tiles_are_the_tree_that_the_checkpoint_signs() {
    let world = World::new();
    let root = checkpoint(&world);
    let width = u16::try_from(root.size.0).unwrap();
    assert!(width < 256);
    let tile = world.get(&path("0", root.size.0), None);
    assert_eq!(tile.header("content-type"), Some("application/octet-stream"));
    assert!(tile.header("cache-control").unwrap().contains("immutable"));
    let leaves = decode_tile(&tile.body, width).unwrap();
    assert_eq!(mth(&leaves), root.hash);

    let auditor = world.token("auditor");
    let bundle = world.get(&path("entries", root.size.0), Some(&auditor));
    assert!(bundle.header("cache-control").unwrap().contains("no-store"));
    let entries = decode_bundle(&bundle.body, width).unwrap();
    let hashed: Vec<Hash> = entries.iter().map(|entry| leaf(entry)).collect();
    assert_eq!(hashed, leaves);

    let mut tampered = tile.body.clone();
    tampered[40] ^= 1;
    assert_ne!(mth(&decode_tile(&tampered, width).unwrap()), root.hash);
}

#[test]
fn entries_are_for_auditors_and_mirrors_unless_configured() {
    let world = World::new();
    let size = checkpoint(&world).size.0;
    let entries = path("entries", size);
    assert_eq!(world.get(&entries, None).problem(), (401, "token".to_owned()));
    for token in [world.token(SON), world.demo.token.clone()] {
        let forbidden = world.get(&entries, Some(&token));
        assert_eq!(forbidden.problem(), (404, "not_found".to_owned()));
        assert_eq!(forbidden.body, world.get("/tile/entries/001", Some(&token)).body);
    }
    // A mirror reads them, and nothing else that is somebody's.
    let mirror = world.token("mirror");
    let bundle = world.get(&entries, Some(&mirror));
    assert_eq!(bundle.status, 200);
    assert!(bundle.header("cache-control").unwrap().contains("private"));
    let grant = world.demo.grants.values().next().copied().unwrap();
    for path in [format!("/v1/records/{grant}"), format!("/v1/records/{grant}/receipt")] {
        assert_eq!(world.get(&path, Some(&mirror)).problem(), (404, "not_found".to_owned()));
        assert_eq!(world.get(&path, Some(&world.token("auditor"))).status, 200);
    }
    let open = World::with(|settings| settings.public_entries = true);
    let size = checkpoint(&open).size.0;
    assert_eq!(open.get(&path("entries", size), None).status, 200);
}

#[test]
fn tiles_that_are_not_there() {
    let world = World::new();
    let size = checkpoint(&world).size.0;
    for path in [
        "/tile/0/000".to_owned(),
        path("0", size + 1),
        "/tile/0/001".to_owned(),
        "/tile/1/000.p/1".to_owned(),
        "/tile/0/0".to_owned(),
        "/tile/64/000.p/1".to_owned(),
        "/tile/0/000.p/0".to_owned(),
        "/tile/0/..%2f..%2fkeys".to_owned(),
        "/tile/x".to_owned(),
        "/tile/".to_owned(),
    ] {
        assert_eq!(world.get(&path, None).problem(), (404, "not_found".to_owned()), "{path}");
    }
    assert!(TilePath::parse("tile/0/000.p/1").unwrap().is_within(Size(size)));
}

#[test]
fn proofs_lead_to_the_checkpoint() {
    let world = World::new();
    let old = checkpoint(&world);
    let entry0 = world.trial.ledger.entry0();
    let answer = world.get("/v1/proofs/inclusion?index=0", None);
    let proof = TlogProof::parse(&answer.body).unwrap();
    assert_eq!(proof.checkpoint.unverified().root(), old);
    proof.check_inclusion(entry0).unwrap();
    assert!(proof.check_inclusion(Hash([1; 32])).is_err());

    let son = world.party(SON);
    assert_eq!(
        world.submit(&world.sign(son, |o| procura_core::draft::Draft::new("visit-note", o))).status,
        201
    );
    let new = checkpoint(&world);
    let proof = world.get(&format!("/v1/proofs/consistency?from={}", old.size), None).json();
    assert_eq!((&proof["from"], &proof["to"]), (&json!(old.size), &json!(new.size)));
    let hashes: Vec<Hash> = serde_json::from_value(proof["hashes"].clone()).unwrap();
    check_consistency(&old, &new, &hashes).unwrap();
    let other = Root { hash: Hash([2; 32]), ..old };
    assert!(check_consistency(&other, &new, &hashes).is_err());

    for (path, expected) in [
        (format!("/v1/proofs/inclusion?index={}", new.size), (404, "not_found")),
        ("/v1/proofs/inclusion?index=0&size=2".to_owned(), (400, "query")),
        ("/v1/proofs/inclusion".to_owned(), (400, "query")),
        ("/v1/proofs/inclusion?index=x".to_owned(), (400, "query")),
        (format!("/v1/proofs/consistency?from={}", new.size.0 + 1), (409, "size_unavailable")),
        ("/v1/proofs/consistency?from=0".to_owned(), (409, "size_unavailable")),
        (format!("/v1/proofs/consistency?from={}&to=2", new.size), (400, "query")),
        ("/v1/proofs/consistency".to_owned(), (400, "query")),
    ] {
        assert_eq!(world.get(&path, None).problem(), (expected.0, expected.1.to_owned()), "{path}");
    }
}

/// Goal: what names nothing is answered as any other name that nobody has, and a parameter that means nothing is refused
/// everywhere. Method: a byte that is no UTF-8 in each address with a name; the same parameter at each address without any.
#[test]
fn an_address_that_is_no_text_names_nothing() {
    let world = World::new();
    let token = world.token(SON);
    for path in ["/v1/records/%ff", "/v1/records/%ff/receipt", "/v1/parties/%ff/records"] {
        assert_eq!(world.get(path, None).problem(), (401, "token".to_owned()), "{path}");
        assert_eq!(world.get(path, Some(&token)).problem(), (404, "not_found".to_owned()), "{path}");
    }
    assert_eq!(world.get("/tile/0/%ff", None).problem(), (404, "not_found".to_owned()));
    for path in ["/v1/log", "/v1/catalogues"] {
        assert_eq!(world.get(path, Some(&token)).status, 200, "{path}");
        let refused = world.get(&format!("{path}?at=1"), Some(&token));
        assert_eq!(refused.problem(), (400, "query".to_owned()), "{path}");
    }
    let body = json!({"identifier": "kbo:0999999922"});
    let refused = world.post_json("/v1/parties/resolve?at=1", Some(&token), &body);
    assert_eq!(refused.problem(), (400, "query".to_owned()));
}

#[test]
fn the_interface_describes_every_address() {
    let world = World::new();
    let document = world.get("/openapi.json", None).json();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let addresses = document["paths"].as_object().unwrap();
    assert_eq!(addresses.len(), 30, "{:?}", addresses.keys());
    for (path, media_type) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/docs.js", "text/javascript; charset=utf-8"),
        ("/docs/docs.css", "text/css; charset=utf-8"),
    ] {
        let answer = world.get(path, None);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(media_type)));
        assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert!(!answer.text().contains("://"), "{path}");
    }
}

#[test]
fn how_the_log_grew_is_told_by_its_entries_own_times() {
    let world = World::new();
    let grown = || world.get("/v1/log/growth", None);
    let series = |of: &serde_json::Value| -> Vec<(u64, u64)> {
        let pair = |one: &serde_json::Value| (one["time"].as_u64().unwrap(), one["size"].as_u64().unwrap());
        of.as_array().unwrap().iter().map(pair).collect()
    };
    let founded = checkpoint(&world).size.0;
    let answer = grown();
    assert_eq!(answer.header("cache-control"), Some("public, max-age=10"));
    let began = world.clock.now().0;
    let first = answer.json();
    assert_eq!(series(&first["points"]).last(), Some(&(began, founded)));
    let hours = series(&first["hours"]);
    assert_eq!((hours.len(), hours[23], hours[24]), (25, (began - 3_600_000, 0), (began, founded)));

    // Two hours and a half later it grows: by then the old answer is too old, and until then it is given again.
    world.clock.turn(Duration::from_millis(9_999));
    assert_eq!(grown().json(), first);
    world.clock.turn(Duration::from_secs(9_000));
    let note = world.sign(world.party(SON), |occasion| Draft::new("visit-note", occasion));
    assert_eq!(world.submit(&note).status, 201);
    let (now, size) = (world.clock.now().0, checkpoint(&world).size.0);
    assert!(size > founded);
    let later = grown().json();
    let points = series(&later["points"]);
    assert!(points.len() <= 60 && points.is_sorted() && points[0].1 == 1, "{points:?}");
    assert_eq!(points.last(), Some(&(now, size)));
    let hours = series(&later["hours"]);
    assert_eq!(hours[21], (now - 3 * 3_600_000, 0));
    assert_eq!(hours[22..], [(now - 2 * 3_600_000, founded), (now - 3_600_000, founded), (now, size)]);
    assert_eq!(world.get("/v1/log/growth?points=1000", None).problem(), (400, "query".to_owned()));
}
