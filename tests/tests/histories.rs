//! Goal: answers as of a size or a time are provable and no other size or time passes for it; many submissions in one
//! batch see each other in their order. Method: the world's clock; a store that holds commits back until a batch has gathered.
use procura_core::hash::sha256;
use procura_core::identifier::Identifier;
use procura_core::key::SoftKey;
use procura_core::kinds::PartyType;
use procura_core::receipt::{AsOf, Mode, Point, verify_status};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis, Size};
use procura_ledger::store::memory::MemoryStore;
use procura_ledger::{Acknowledged, Ask, Audience, Clock, Storage, SubmitError};
use procura_tests::meddler::Meddler;
use procura_tests::world::{Actor, World};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::channel;

/// How a verifier asks for an answer as of a point.
fn mode_of(point: AsOf) -> Mode {
    Mode::AsOf(point.time.map_or(Point::Size(point.size), Point::Time))
}

/// A mandate that waited for 10 s, was active for 10 s, and was revoked; the sizes and times in between.
struct Past {
    world: World,
    id: Hash,
    granted: (Size, Millis),
    accepted: (Size, Millis),
    revoked: (Size, Millis),
}

impl Past {
    fn new() -> Self {
        let world = World::in_memory();
        let mother = world.person("48031500292");
        let son = world.person("75061200192");
        world.clock.pass(10_000);
        let at = |acknowledged: &Acknowledged| (acknowledged.view.size(), acknowledged.view.time());
        let mandate = world.append(world.mandate(&mother, &son.party, &["pension"]));
        let (id, granted) = (mandate.id, at(&mandate));
        world.clock.pass(10_000);
        let accepted = at(&world.append(world.transition("acceptance", &son, &id)));
        world.clock.pass(10_000);
        let revoked = at(&world.append(world.transition("revocation", &mother, &id)));
        world.clock.pass(10_000);
        world.person("85073003328");
        Self { world, id, granted, accepted, revoked }
    }

    fn status(&self, point: AsOf) -> Option<Status> {
        let ask = Ask { as_of: Some(point), ..Ask::now(Audience::Anyone) };
        let receipt = self.world.ledger.view().receipt(&self.id, &ask).unwrap()?.to_json();
        Some(self.verify(&receipt, point).unwrap())
    }

    fn verify(&self, receipt: &str, point: AsOf) -> Result<Status, &'static str> {
        let policy = self.world.policy();
        verify_status(receipt.as_bytes(), &self.id, None, &policy, mode_of(point))
            .map(|verified| *verified.status())
            .map_err(|error| error.name())
    }
}

#[test]
fn as_of_a_size() {
    let past = Past::new();
    let view = past.world.ledger.view();
    let at = |size: u64| past.status(AsOf { size: Size(size), time: None });
    let (granted, accepted, revoked) = (past.granted.0.0, past.accepted.0.0, past.revoked.0.0);
    // A size counts the entries before it: the commit behind a record's entry makes the difference of one.
    for size in 0..=view.size().0 {
        let status = match size {
            size if size < granted - 1 => None,
            size if size < accepted - 1 => Some(Status::PENDING),
            size if size < revoked - 1 => Some(Status::ACTIVE),
            _ => Some(Status::ENDED),
        };
        assert_eq!(at(size), status, "as of {size}");
    }
    assert_eq!(at(view.size().0 + 1), None);
}

#[test]
fn as_of_a_time() {
    let past = Past::new();
    let view = past.world.ledger.view();
    for ((size, time), before, status) in [
        (past.granted, None, Status::PENDING),
        (past.accepted, Some(Status::PENDING), Status::ACTIVE),
        (past.revoked, Some(Status::ACTIVE), Status::ENDED),
    ] {
        for later in [0, 1, 9_999] {
            let point = view.as_of_time(Millis(time.0 + later)).unwrap().unwrap();
            assert_eq!(point, AsOf { size, time: Some(Millis(time.0 + later)) });
            assert_eq!(past.status(point), Some(status));
        }
        let point = view.as_of_time(Millis(time.0 - 1)).unwrap().unwrap();
        assert_eq!(past.status(point), before);
    }
    // Not settled before the time is over, and not before there was a ledger.
    assert_eq!(view.as_of_time(view.time()).unwrap(), None);
    assert!(view.as_of_time(Millis(view.time().0 - 1)).unwrap().is_some());
    let first = procura_tests::world::START;
    assert_eq!(view.as_of_time(Millis(first.0 - 1)).unwrap(), None);
    assert!(view.as_of_time(first).unwrap().is_some());

    // A time with a size that is not its own is not proven by this ledger.
    for size in [past.accepted.0.0 - 1, past.accepted.0.0 + 1, past.granted.0.0, past.revoked.0.0] {
        let point = AsOf { size: Size(size), time: Some(past.accepted.1) };
        assert_eq!(past.status(point), None, "{size}");
    }
}

#[test]
fn a_receipt_of_another_point_does_not_pass() {
    let past = Past::new();
    let view = past.world.ledger.view();
    let point = view.as_of_time(past.accepted.1).unwrap().unwrap();
    let ask = Ask { as_of: Some(point), ..Ask::now(Audience::Anyone) };
    let receipt = view.receipt(&past.id, &ask).unwrap().unwrap().to_json();
    assert_eq!(past.verify(&receipt, point), Ok(Status::ACTIVE));
    // As fresh it is an answer to another question.
    let policy = past.world.policy();
    let fresh = Mode::Fresh(past.world.clock.now());
    let error = verify_status(receipt.as_bytes(), &past.id, None, &policy, fresh).unwrap_err();
    assert_eq!(error.name(), "other_question");

    let changed = |member: &str, value: u64| {
        let mut json: Value = serde_json::from_str(&receipt).unwrap();
        let place = &mut json["question"][member];
        assert!(place.is_u64(), "{member}: {json}");
        *place = value.into();
        past.verify(&json.to_string(), point)
    };
    for size in [past.granted.0, past.revoked.0, Size(past.accepted.0.0 + 1), Size(past.accepted.0.0 - 1)] {
        assert!(changed("as_of", size.0).is_err(), "{size}");
    }
    for time in [past.accepted.1.0 - 1, past.revoked.1.0, past.revoked.1.0 + 1] {
        assert!(changed("as_of_time", time).is_err(), "{time}");
    }
}

/// A world whose commits can be held back, so that what is handed in meanwhile is one batch.
struct Gathering {
    store: Meddler,
    world: World,
}

impl Gathering {
    fn new() -> Self {
        let store = Meddler::new(MemoryStore::new());
        let world = World::over(Storage { store: Arc::new(store.clone()), ..Storage::in_memory() });
        Self { store, world }
    }

    /// Hands all of them in so that one commit takes them, in this order.
    fn batch(&self, submissions: Vec<Submission>) -> Vec<Result<Acknowledged, SubmitError>> {
        self.store.hold(true);
        // A record by itself keeps the sequencer busy while the others gather.
        let busy = self.world.party_draft(PartyType::Person, "niss:00012556777", self.world.fresh());
        let by = &self.world.registrar;
        let (tell, told) = channel();
        self.world.ledger.submit(busy.sign(&by.kid, by.key.as_ref()).unwrap(), |_| {});
        while self.store.reads.commits.load(std::sync::atomic::Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        let count = submissions.len();
        for (n, submission) in submissions.into_iter().enumerate() {
            let tell = tell.clone();
            self.world.ledger.submit(submission, move |outcome| drop(tell.send((n, outcome))));
        }
        self.store.hold(false);
        let mut outcomes: Vec<_> = told.iter().take(count).collect();
        assert_eq!(self.store.reads.take()[3], 2, "it was one batch");
        outcomes.sort_by_key(|(n, _)| *n);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

#[test]
fn records_of_one_batch_see_each_other_in_their_order() {
    let scene = Gathering::new();
    let world = &scene.world;
    let mother = world.person("48031500292");
    let son = world.person("75061200192");

    // A person, their key, a mandate by it, its acceptance: all of it new in one batch. The same id twice.
    let by = &world.registrar;
    let handle = world.fresh();
    let draft = world.party_draft(PartyType::Person, "niss:85073003328", handle);
    let party = draft.id();
    let person = draft.sign(&by.kid, by.key.as_ref()).unwrap();
    let key = Arc::new(SoftKey::from_seed(&sha256(&[b"daughter"]).0));
    let key_record = world.key_record(by, &party, &key, "first");
    let kid = procura_core::record::Record::parse(&key_record.record).unwrap().id();
    let identifier = "niss:85073003328".to_owned();
    let daughter = Actor { party, kid, key, identifier, handle };
    let draft = world.mandate_draft(&daughter, &son.party, &["tax"]);
    let id = draft.id();
    let mandate = draft.sign(&daughter.kid, daughter.key.as_ref()).unwrap();
    let acceptance = world.transition("acceptance", &son, &id);
    let second = world.transition("acceptance", &son, &id);
    let too_wide = world.mandate(&mother, &son.party, &["unknown"]);
    let batch = vec![
        acceptance.clone(),
        person.clone(),
        key_record,
        mandate.clone(),
        mandate,
        too_wide,
        acceptance.clone(),
        second,
        acceptance,
        person,
    ];
    scene.store.reads.take();
    let outcomes = scene.batch(batch);
    let told: Vec<String> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Ok(acknowledged) if acknowledged.is_new => "new".to_owned(),
            Ok(_) => "there".to_owned(),
            Err(SubmitError::Refused(refusal)) => refusal.name().to_owned(),
            Err(error) => panic!("{error}"),
        })
        .collect();
    let wanted = [
        "unknown_target",
        "new",
        "new",
        "new",
        "there",
        "unknown_scope",
        "new",
        "signed_twice",
        "there",
        "there",
    ];
    assert_eq!(told, wanted);
    let index = |n: usize| outcomes[n].as_ref().unwrap().index;
    assert_eq!((index(3), index(6), index(1)), (index(4), index(8), index(9)));
    let view = &outcomes[3].as_ref().unwrap().view;
    assert_eq!(view.status(&id).unwrap(), Some(Status::ACTIVE));
    let receipt = view.receipt(&id, &Ask::now(Audience::Anyone)).unwrap().unwrap().to_json();
    let mode = Mode::Fresh(world.clock.now());
    let verified = verify_status(receipt.as_bytes(), &id, None, &world.policy(), mode).unwrap();
    assert_eq!(*verified.status(), Status::ACTIVE);
    assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
}

#[test]
fn a_prepared_party_named_twice_in_a_batch_is_registered_once() {
    let scene = Gathering::new();
    let world = &scene.world;
    let mother = world.person("48031500292");
    let son = world.person("75061200192");
    let identifier: Identifier = "niss:85073003328".parse().unwrap();
    let somebody = world.ledger.resolve(&identifier).unwrap();
    assert_eq!(world.ledger.resolve(&identifier).unwrap(), somebody);
    scene.store.reads.take();
    let before = world.ledger.view().size();
    let batch = vec![
        world.mandate(&mother, &somebody, &["unknown"]),
        world.mandate(&mother, &somebody, &["tax"]),
        world.mandate(&son, &somebody, &["pension"]),
    ];
    let outcomes = scene.batch(batch);
    assert!(outcomes[0].is_err());
    let indexes: BTreeSet<_> = outcomes[1..].iter().map(|outcome| outcome.as_ref().unwrap().index).collect();
    assert_eq!(indexes.len(), 2);
    // The busy record and its commit; the party, two mandates, their commit.
    assert_eq!(world.ledger.view().size().0, before.0 + 2 + 4);
    let party = world.ledger.view().party(&somebody).unwrap().unwrap();
    assert_eq!((party.status, party.content.provisional), (Status::PENDING, true));
    assert_eq!(world.ledger.audit(&mut |_, _| {}).unwrap().findings, []);
}

#[test]
fn an_erased_item_leaves_its_segment_taken() {
    let store = Meddler::new(MemoryStore::new());
    let storage = || Storage { store: Arc::new(store.clone()), ..Storage::in_memory() };
    let mut world = World::over(storage());
    let mother = world.person("48031500292");
    let son = world.person("75061200192");
    let erased: BTreeSet<_> =
        (0..3).map(|_| world.append(world.mandate(&mother, &son.party, &["tax"])).index).collect();
    world.ledger.close();
    use procura_ledger::store::Store;
    store.erase(&erased).unwrap();
    // The index is rebuilt without what was erased; the next items go behind it all the same.
    let log_key = world.log_key.clone();
    world.ledger =
        procura_ledger::Ledger::open_over(storage(), procura_tests::world::ORIGIN, log_key, world.options())
            .unwrap();
    let next = world.append(world.mandate(&mother, &son.party, &["tax"]));
    let report = world.ledger.audit(&mut |_, _| {}).unwrap();
    assert_eq!(report.counts.unopened, 3);
    let names: BTreeSet<_> = report.findings.iter().map(|finding| finding.name()).collect();
    assert_eq!(names, BTreeSet::from(["not_opened"]));
    // Party, key, three erased mandates: the sixth segment.
    let tags = next.view.record(&next.id).unwrap().unwrap().logged.entry.tags().to_vec();
    assert!(tags.contains(&procura_core::hash::tag(&mother.handle, 5)));
    // And the erased record's own id stays taken and known.
    assert!(erased.iter().all(|index| index < &next.index));
}
