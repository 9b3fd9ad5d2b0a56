//! Goal: what an admitted record costs in reads does not grow with the log. Method: a store and an index that count; the
//! same mandates, and the same registrations, on a short and on a longer log, with nothing of the index in memory; the bounds are stated,
//! not timed.
use procura_core::Hash;
use procura_core::decide::{Search, Sought};
use procura_core::kinds::PartyType;
use procura_ledger::store::memory::MemoryStore;
use procura_ledger::{Clock, Ledger, PartyInfo, Permitted, Storage, Wanted};
use procura_tests::counting::CountingIndex;
use procura_tests::meddler::Meddler;
use procura_tests::world::{Actor, ORIGIN, World};
use serde_json::json;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What reading cost: index rows by table; entries, tree hashes and vault rows, and commits.
type Cost = (BTreeMap<String, u64>, [u64; 4]);

/// The reads that `record` costs, the second time that it is done, on a log that `before` made long.
fn cost(before: impl Fn(&World), record: impl Fn(&World, u64)) -> Cost {
    costs(before, record, 1).remove(0)
}

/// The same of the second time and the ones after it, so many.
fn costs(before: impl Fn(&World), record: impl Fn(&World, u64), times: u64) -> Vec<Cost> {
    let store = Meddler::new(MemoryStore::new());
    let index = CountingIndex::default();
    let storage = || Storage { store: Arc::new(store.clone()), index: Arc::new(index.clone()), side: None };
    let mut world = World::over(storage());
    before(&world);
    world.ledger.close();
    world.ledger = Ledger::open_over(storage(), ORIGIN, world.log_key.clone(), world.options()).unwrap();
    // The first one warms the cache of records, as any busy ledger has.
    record(&world, 0);
    let count = |time| {
        index.take();
        store.reads.take();
        record(&world, time);
        (index.take(), store.reads.take())
    };
    (1..=times).map(count).collect()
}

fn mandates(before: usize) -> Cost {
    let pair = OnceCell::new();
    let mandate = |world: &World| {
        let (mother, son) = pair.get_or_init(|| (world.person("48031500292"), world.person("75061200192")));
        world.append(world.mandate(mother, &son.party, &["tax"]));
    };
    cost(|world| (0..before).for_each(|_| mandate(world)), |world, _| mandate(world))
}

#[test]
fn a_mandate_costs_as_many_reads_on_a_long_log_as_on_a_short_one() {
    let (short, short_store) = mandates(3);
    let (long, long_store) = mandates(600);
    println!("index rows read: {short:?}, then {long:?}; store rows: {short_store:?}, then {long_store:?}");
    // [entries, tree hashes, vault rows, commits]
    assert_eq!(short_store, [0, 0, 0, 1], "everything that a mandate rests on is in the cache of records");
    assert_eq!(long_store, short_store);
    let all = |gets: &BTreeMap<String, u64>| gets.values().sum::<u64>();
    let pages = |gets: &BTreeMap<String, u64>| gets.get("p").copied().unwrap_or_default();
    // The trie's depth grows by a page for every factor of 16 in keys; nothing else may grow.
    assert!(all(&long) - pages(&long) <= all(&short) - pages(&short) + 2, "{short:?} {long:?}");
    assert!(pages(&long) <= 16, "{long:?}");
    assert!(all(&long) <= BOUND, "{long:?}");
}

/// The most index rows that an admitted mandate may read from the file.
const BOUND: u64 = 40;

/// Registers somebody, by number.
fn register(world: &World, n: u64) -> Hash {
    let draft = world.party_draft(PartyType::Person, &format!("eidas:PL/BE/{n}"), world.fresh());
    world.append(draft.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap()).id
}

/// Which schemes there are is found without a look at the catalogues that were, however many.
#[test]
fn a_registration_costs_as_many_reads_after_many_catalogues_as_after_few() {
    let after = |catalogues: u64, parties: u64| {
        let before = |world: &World| {
            for version in 0..catalogues {
                let catalogue = world.publish_catalogue(&world.root, 2 + version, serde_json::json!([]));
                world.append(world.transition("revocation", &world.root, &catalogue));
            }
            (0..parties).for_each(|n| {
                register(world, 10 + n);
            });
        };
        cost(before, |world, n| {
            register(world, n);
        })
    };
    let (short, short_store) = after(1, 3);
    let (long, long_store) = after(100, 200);
    println!("index rows read: {short:?}, then {long:?}; store rows: {short_store:?}, then {long_store:?}");
    assert_eq!(
        short_store,
        [0, 0, 0, 1],
        "everything that a registration rests on is in the cache of records"
    );
    assert_eq!(long_store, short_store);
    let but_pages = |gets: &BTreeMap<String, u64>| {
        gets.values().sum::<u64>() - gets.get("p").copied().unwrap_or_default()
    };
    assert!(but_pages(&long) <= but_pages(&short) + 2, "{short:?} {long:?}");
    assert!(long.values().sum::<u64>() <= BOUND, "{long:?}");
}

/// A helper for whom an authority recorded the mandates of so many, and as many between others as `others`.
struct Helped {
    helper: Hash,
    mandators: Vec<Hash>,
    mandates: Vec<Hash>,
    authority: Actor,
}

impl Helped {
    fn new(world: &World, mandators: u64, others: u64) -> Self {
        let authority = world.institution("kbo:0202239951", &["authority"]);
        let give = |to: &Hash, n: u64| {
            let mandator = register(world, n);
            let draft = world.mandate_draft(&world.registrar, to, &["tax"]);
            let draft = draft.member("mandators", json!([mandator])).member("ground", json!("statutory"));
            (mandator, world.append(draft.sign(&authority.kid, authority.key.as_ref()).unwrap()).id)
        };
        let (son, daughter) = (world.person("75061200192"), world.person("85073003328"));
        let mut given: Vec<(Hash, Hash)> = (0..mandators).map(|n| give(&son.party, n)).collect();
        (mandators..mandators + others).for_each(|n| {
            give(&daughter.party, n);
        });
        // In the order in which a search finds them.
        given.sort();
        let (mandators, mandates) = given.into_iter().unzip();
        Self { helper: son.party, mandators, mandates, authority }
    }

    /// The page behind so many mandators.
    fn page(&self, world: &World, behind: usize) -> Permitted<PartyInfo, Hash> {
        let request = json!({
            "subject": {"type": "party", "id": format!("party:{}", self.helper)},
            "action": {"name": "read"},
            "resource": {"type": "tax"},
        });
        let search = Search::read(Sought::Subjects, request.as_object().unwrap().clone()).unwrap();
        let after = behind.checked_sub(1).map(|last| self.mandators[last]);
        let wanted = Wanted { after, most: 50 };
        world.ledger.view().permitted_parties(&search, world.clock.now(), wanted, &|_| true).unwrap()
    }
}

/// What pages cost behind so many mandators each, whom nobody has looked at before; the first one of all was read already.
fn pages(mandators: u64, others: u64, behind: &[usize]) -> Vec<Cost> {
    let helped = OnceCell::new();
    let page = |world: &World, time: u64| {
        let behind = time.checked_sub(1).map_or(0, |time| behind[usize::try_from(time).unwrap()]);
        let helped: &Helped = helped.get().unwrap();
        let page = helped.page(world, behind);
        let found: Vec<Hash> = page.found.iter().map(|party| party.id).collect();
        assert_eq!(found, helped.mandators[behind..behind + 50]);
        assert!(page.evaluations <= 60, "{}", page.evaluations);
    };
    let before = |world: &World| drop(helped.set(Helped::new(world, mandators, others)));
    costs(before, page, behind.len() as u64)
}

/// The rows that a page of 50 reads: of each found its party, its grants and what became of these; of all others none, be they before
/// it, behind it or somebody else's.
#[test]
fn a_page_of_a_search_costs_the_same_among_many_as_among_few_and_far_in_as_at_the_beginning() {
    let few = pages(200, 0, &[50]).remove(0);
    let many = pages(2_000, 1_000, &[50, 1_000, 1_950]);
    println!("few: {few:?}; many: {many:?}");
    let all = |cost: &Cost| cost.0.values().sum::<u64>();
    for page in &many {
        let store = page.1;
        assert!(store[0] <= 2 * 50 + 8 && store[2] <= 2 * 50 + 8, "{store:?}");
        assert!(all(page) <= all(&few) + 10 && all(page) <= 300, "{few:?} {page:?}");
        assert!(page.0["range"] <= 61 + 50 + 8, "{page:?}");
    }
}

/// Where nearly nobody is left a page is short, and there is a next one: what it costs does not depend on what is found.
#[test]
fn a_page_looks_at_sixty_and_no_more_where_all_has_ended() {
    let helped = OnceCell::new();
    let before = |world: &World| {
        let made = Helped::new(world, 130, 0);
        for mandate in &made.mandates[..128] {
            world.append(world.transition("revocation", &made.authority, mandate));
        }
        drop(helped.set(made));
    };
    let page = |world: &World, time: u64| {
        let helped: &Helped = helped.get().unwrap();
        let mut page = helped.page(world, 0);
        assert!(page.found.is_empty() && page.next.is_some(), "{time}");
        let (mut pages, mut found) = (1, 0);
        while let Some(after) = page.next {
            assert!((1..=60).contains(&page.evaluations), "{}", page.evaluations);
            page = helped.page(world, helped.mandators.partition_point(|id| *id <= after));
            (pages, found) = (pages + 1, found + page.found.len());
        }
        assert_eq!((pages, found), (3, 2));
    };
    cost(before, page);
}
