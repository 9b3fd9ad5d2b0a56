//! An oversight body reads every access that an institution made. Goal: complete, in order, in pages that stay small whatever the list's
//! length. Method: the pages as the ledger proves them, each verified; an institution that made more accesses than three pages hold
//! (PROCURA_ACCESSES of them).
#![allow(clippy::unwrap_used, clippy::panic, reason = "in tests a panic is the finding")]

use procura_core::draft::Draft;
use procura_core::kinds::Content;
use procura_core::receipt::MAX_BYTES;
use procura_core::receipt::{Mode, verify_complete};
use procura_ledger::Clock as _;
use procura_ledger::{Ask, Audience};
use procura_tests::world::World;
use serde_json::json;

#[test]
fn a_year_of_accesses_is_read_page_by_page() {
    let most = std::env::var("PROCURA_ACCESSES").ok().and_then(|n| n.parse().ok()).unwrap_or(3_200_u64);
    let world = World::in_memory();
    let office = world.institution("kbo:0202239951", &[]);
    let people: Vec<_> = ["48031500292", "75061200192"].map(|niss| world.person(niss)).into();
    for n in 0..most {
        let person = &people[usize::try_from(n).unwrap() % people.len()];
        let draft = Draft::new("access", &world.occasion())
            .member("actor", json!(office.party))
            .member("subject", json!(person.party))
            .member("source", json!(world.registrar.party))
            .member("category", json!("tax"))
            .member("purpose", json!("read"));
        world.append(draft.sign(&office.kid, office.key.as_ref()).unwrap());
        world.clock.pass(1);
    }
    let (policy, view) = (world.policy(), world.ledger.view());
    let (mut from, mut seen, mut largest_bytes, mut pages) = (0, 0_u64, 0, 0);
    let mut last = None;
    loop {
        let receipt = view.complete(&office.party, from, &Ask::now(Audience::Auditor)).unwrap().unwrap();
        let json = receipt.to_json();
        (largest_bytes, pages) = (largest_bytes.max(json.len()), pages + 1);
        let mode = Mode::Fresh(world.clock.now());
        let page = verify_complete(json.as_bytes(), &office.party, from, &policy, mode).unwrap();
        for logged in page.answer().segments.iter().flat_map(|(_, entries)| entries) {
            assert!(last.is_none_or(|last| last < logged.index), "in the order of the log");
            last = Some(logged.index);
            let is_access = matches!(logged.opened().unwrap().record.content(), Content::Access(_));
            seen += u64::from(is_access);
        }
        if page.answer().to_the_end {
            break;
        }
        from += page.answer().segments.len() as u64;
    }
    println!("{seen} accesses on {pages} pages, the largest of {largest_bytes} bytes");
    assert_eq!(seen, most);
    assert!(pages > 3, "{pages}");
    // A segment of an organisation has at most 1,024 items, so a page has its bound whatever the list's length.
    assert!(largest_bytes < MAX_BYTES / 8, "{largest_bytes}");
}
