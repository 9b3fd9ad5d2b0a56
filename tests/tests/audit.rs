//! Goal: an audit finds nothing in an honest ledger and names whatever was tampered with. Method: one small ledger
//! with every class of entry, then one change at a time, shown by a store that lies; what must be found is stated.
use procura_core::checkpoint::Checkpoint;
use procura_core::draft::Draft;
use procura_core::entry::{Entry, Tags};
use procura_core::hash::{commitment, leaf};
use procura_core::index::{Working, meta};
use procura_core::key::{Signer, SoftKey};
use procura_core::kv::MemoryKv;
use procura_core::note::{KeyType, NoteVerifier};
use procura_core::status::Initial;
use procura_core::tree::{Frontier, Root};
use procura_core::{Hash, Index, Size};
use procura_ledger::audit::Finding;
use procura_ledger::index::{IndexFile, Mark};
use procura_ledger::store::memory::MemoryStore;
use procura_ledger::store::{Batch, Row, Store};
use procura_ledger::{AuditReport, Clock, MemoryIndex, Storage, audit, audit_store};
use procura_tests::meddler::Meddler;
use procura_tests::vault;
use procura_tests::world::{ORIGIN, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

struct Scene {
    store: Meddler,
    index: Arc<MemoryIndex>,
    world: World,
    mandate: u64,
    acceptance: u64,
    party: u64,
    last: u64,
}

impl Scene {
    fn new() -> Self {
        let store = Meddler::new(MemoryStore::new());
        let index = Arc::new(MemoryIndex::default());
        let world = World::over(Storage { store: Arc::new(store.clone()), index: index.clone(), side: None });
        let mother = world.person("48031500292");
        let son = world.person("75061200192");
        let office = world.institution("kbo:1000000120", &[]);
        let party = world.ledger.view().record(&mother.party).unwrap().unwrap().logged.index.0;
        let mandate = world.append(world.mandate(&mother, &son.party, &["pension"]));
        let acceptance = world.append(world.transition("acceptance", &son, &mandate.id));
        let consent = world.append(world.consent(&mother, &office.party, &["tax"], &["read"]));
        world.append(world.transition("revocation", &mother, &consent.id));
        let note = Draft::new("minutes", &world.occasion()).member("parties", json!([son.party]));
        world.append(note.sign(&office.kid, office.key.as_ref()).unwrap());
        let last = world.ledger.view().size().0 - 1;
        world.ledger.close();
        Self { store, index, mandate: mandate.index.0, acceptance: acceptance.index.0, party, last, world }
    }

    fn audit(&self) -> AuditReport {
        self.audit_under(self.world.ledger.log_key())
    }

    fn audit_under(&self, key: &NoteVerifier) -> AuditReport {
        let rows = self.index.read().unwrap();
        let size = self.index.mark().unwrap().size;
        let mut told = (0, 0);
        let report = audit_store(&self.store, Some((rows.as_ref(), size)), ORIGIN, key, &mut |done, all| {
            assert!(done <= all && all == 2 * (self.last + 1), "{done} of {all}");
            told = (done, all);
        })
        .unwrap();
        assert_eq!(told.0, told.1);
        report
    }

    fn names(&self) -> BTreeSet<&'static str> {
        self.audit().findings.iter().map(Finding::name).collect()
    }

    fn entry(&self, index: u64) -> Vec<u8> {
        self.store.entries(index..index + 1).unwrap().remove(0)
    }

    /// Changes one vault row member by member; the names of what is found.
    fn with_vault(&self, index: u64, change: impl FnOnce(&mut Value)) -> BTreeSet<&'static str> {
        let row = self.store.vault(Index(index)).unwrap().unwrap();
        let mut row = vault::told(&row);
        change(&mut row);
        self.store.show_vault(index, Some(vault::row(&row)));
        let names = self.names();
        self.store.be_honest();
        names
    }

    fn with_entry(&self, index: u64, bytes: Vec<u8>) -> BTreeSet<&'static str> {
        self.store.show_entry(index, bytes);
        let names = self.names();
        self.store.be_honest();
        names
    }

    fn with_row(&self, change: impl FnOnce(&mut Vec<(Vec<u8>, Vec<u8>)>)) -> BTreeSet<&'static str> {
        let mark = self.index.mark().unwrap();
        let rows = self.index.read().unwrap().range(&[], None, usize::MAX).unwrap();
        let mut rows: Vec<_> = rows.into_iter().map(|(key, row)| (key.to_vec(), row.to_vec())).collect();
        change(&mut rows);
        let other = MemoryIndex::default();
        write(&other, &rows, &mark);
        let rows = other.read().unwrap();
        let key = self.world.ledger.log_key();
        let report =
            audit_store(&self.store, Some((rows.as_ref(), mark.size)), ORIGIN, key, &mut |_, _| {}).unwrap();
        report.findings.iter().map(Finding::name).collect()
    }
}

fn write(index: &MemoryIndex, rows: &[(Vec<u8>, Vec<u8>)], mark: &Mark) {
    index
        .write(&mut rows.iter().map(|(key, row)| (key.as_slice().into(), row.as_slice().into())), mark)
        .unwrap();
}

fn flip_text(value: &mut Value) {
    let text = value.as_str().unwrap();
    let other = if text.starts_with('A') { "B" } else { "A" };
    *value = json!(format!("{other}{}", &text[1..]));
}

#[test]
fn an_honest_ledger_has_no_finding() {
    let scene = Scene::new();
    let report = scene.audit();
    assert_eq!(report.findings, []);
    assert!(report.is_clean());
    assert_eq!(report.size, Size(scene.last + 1));
    assert_eq!(report.root, Some(scene.world.ledger.view().root().hash));
    assert_eq!(report.index_compared, Some(report.size));
    let counts = report.counts;
    assert_eq!(counts.entries, report.size.0);
    assert_eq!(counts.commits + counts.creates + counts.transitions + counts.traces, counts.entries);
    assert_eq!((counts.transitions, counts.traces), (2, 1));
    assert_eq!(counts.opened, counts.entries - counts.commits);
    assert_eq!(counts.signatures, counts.opened);
    assert_eq!((counts.unopened, counts.discounted, counts.unjudged), (0, 0, 0));

    // The live view, the index in memory included.
    let live = scene.world.ledger.audit(&mut |_, _| {}).unwrap();
    assert_eq!(live.findings, []);
    assert_eq!(live.counts, counts);
}

#[test]
fn a_folder_is_audited_as_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_folder(folder.path());
    let mother = world.person("48031500292");
    let key = world.ledger.log_key().clone();
    let locked = audit(folder.path(), ORIGIN, &key, &mut |_, _| {}).unwrap_err();
    assert_eq!(locked.name(), "locked");
    world.ledger.close();
    let size = world.ledger.view().size();
    drop(world);
    let report = audit(folder.path(), ORIGIN, &key, &mut |_, _| {}).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.size, report.index_compared), (size, Some(size)));
    drop(mother);

    std::fs::write(folder.path().join("index/manifest"), b"nonsense").unwrap();
    let report = audit(folder.path(), ORIGIN, &key, &mut |_, _| {}).unwrap();
    assert_eq!(report.findings.iter().map(Finding::name).collect::<Vec<_>>(), ["index_file"]);
    let none = audit(&folder.path().join("nothing"), ORIGIN, &key, &mut |_, _| {}).unwrap_err();
    assert_eq!(none.name(), "absent");
}

#[test]
fn bytes_of_the_log_are_held_against_the_checkpoint() {
    let scene = Scene::new();
    // Each byte of an entry: at the least the stored hashes and the checkpoint's root are wrong.
    for place in 0..scene.entry(scene.mandate).len() {
        let mut bytes = scene.entry(scene.mandate);
        bytes[place] ^= 1;
        let names = scene.with_entry(scene.mandate, bytes);
        assert!(names.contains("node") && names.contains("checkpoint_root"), "{place}: {names:?}");
    }
    // The commitment alone: the body does not open it, and the map is another.
    let mut bytes = scene.entry(scene.mandate);
    bytes[10] ^= 1;
    let names = scene.with_entry(scene.mandate, bytes);
    assert!(names.contains("opening_commitment") && names.contains("commit_root"), "{names:?}");

    scene.store.show_node(0, 3, leaf(b"another"));
    assert_eq!(scene.names(), BTreeSet::from(["node"]));
    let stated = scene.audit().findings;
    assert_eq!(stated, [Finding::Node { level: 0, index: 3 }]);
    scene.store.be_honest();
    scene.store.show_node(2, 1, leaf(b"another"));
    assert_eq!(scene.audit().findings, [Finding::Node { level: 2, index: 1 }]);
}

#[test]
fn the_checkpoint_is_held_against_the_log_and_its_key() {
    let scene = Scene::new();
    let honest = scene.store.head().unwrap().checkpoint;
    let other_key = SoftKey::from_seed(&[7; 32]);
    let other = NoteVerifier::new(ORIGIN, KeyType::Ed25519, other_key.public_key().as_bytes()).unwrap();
    let found: Vec<_> = scene.audit_under(&other).findings.iter().map(Finding::name).collect();
    assert_eq!(found, ["no_known_signature"]);

    let mut lines: Vec<&str> = honest.lines().collect();
    let size = (scene.last).to_string();
    lines[1] = &size;
    scene.store.show_checkpoint(format!("{}\n", lines.join("\n")));
    assert_eq!(scene.names(), BTreeSet::from(["bad_signature"]));
    scene.store.show_checkpoint("nothing".to_owned());
    assert_eq!(scene.audit().findings.len(), 1);
    scene.store.be_honest();

    // Signed by the right key at another size, and with another root.
    let key = scene.world.log_key.clone();
    let verifier = scene.world.ledger.log_key();
    let sign = |size: u64, hash: Hash| {
        let root = Root { size: Size(size), hash };
        let checkpoint = Checkpoint::new(ORIGIN, root).unwrap();
        checkpoint.sign(verifier, &|message| key.sign(message).unwrap()).unwrap().to_string()
    };
    let root = scene.audit().root.unwrap();
    scene.store.show_checkpoint(sign(scene.last + 1, leaf(b"another")));
    assert_eq!(scene.names(), BTreeSet::from(["checkpoint_root"]));
    scene.store.show_checkpoint(sign(scene.last + 2, root));
    assert_eq!(scene.names(), BTreeSet::from(["checkpoint_size"]));
    scene.store.show_checkpoint(sign(scene.last + 1, root));
    assert_eq!(scene.names(), BTreeSet::new());
}

#[test]
fn an_index_commit_states_what_the_entries_give() {
    let scene = Scene::new();
    // version, class, time u64, map_version, size u64, map_root, keys u64, prev_commit u64
    for (place, name) in [
        (1, "unknown_class"),
        (2 + 7, "time_backwards"),
        (11, "commit_size"),
        (19, "commit_root"),
        (58, "commit_keys"),
        (66, "commit_previous"),
    ] {
        let mut bytes = scene.entry(scene.last);
        if name == "time_backwards" {
            bytes[2..10].fill(0);
        } else {
            bytes[place] ^= 0x40;
        }
        let names = scene.with_entry(scene.last, bytes);
        assert!(names.contains(name), "{name}: {names:?}");
    }
}

#[test]
fn each_part_of_a_vault_row_is_held_against_its_entry() {
    let scene = Scene::new();
    let only = |name: &'static str| BTreeSet::from([name]);
    let changed = |index, change: &dyn Fn(&mut Value)| scene.with_vault(index, change);
    let with = |names: BTreeSet<&'static str>, name: &'static str| {
        assert!(names.contains(name), "{name}: {names:?}")
    };

    // The signature, so that the body is another although it says the same.
    with(
        changed(scene.mandate, &|row| {
            let body = row["body"].as_str().unwrap().to_owned();
            let dot = body.rfind('.').unwrap();
            let other = if body.as_bytes()[dot + 1] == b'A' { "B" } else { "A" };
            row["body"] = json!(format!("{}{other}{}", &body[..=dot], &body[dot + 2..]));
        }),
        "opening_commitment",
    );
    with(changed(scene.mandate, &|row| flip_text(&mut row["r"])), "opening_commitment");
    with(changed(scene.mandate, &|row| flip_text(&mut row["disclosures"][0])), "opening_disclosure");
    assert_eq!(changed(scene.mandate, &|row| row["disclosures"] = json!([])), only("disclosures"));
    with(changed(scene.mandate, &|row| row["v"] = json!(1)), "vault_row");
    with(changed(scene.party, &|row| flip_text(&mut row["handle"])), "opening_handle");
    with(changed(scene.party, &|row| row["handle"] = json!(null)), "handle_missing");
    with(changed(scene.party, &|row| flip_text(&mut row["alias_proof"])), "opening_alias");
    with(changed(scene.party, &|row| row["alias_proof"] = json!(null)), "opening_alias");
    with(changed(scene.mandate, &|row| row["filed"][0][1] = json!(9)), "tags");
    with(changed(scene.mandate, &|row| drop(row["filed"].as_array_mut().unwrap().pop())), "filed_parties");
    with(changed(scene.mandate, &|row| row["filed"].as_array_mut().unwrap().reverse()), "filed_parties");
    with(changed(scene.acceptance, &|row| row["filed"][0][1] = json!(0)), "segment_order");

    scene.store.show_vault(scene.last, Some(b"{}".to_vec()));
    assert_eq!(scene.names(), only("surplus_vault"));
    scene.store.be_honest();
    scene.store.show_vault(scene.mandate, None);
    let report = scene.audit();
    let found: BTreeSet<_> = report.findings.iter().map(Finding::name).collect();
    // What rests on it can't be judged, and nothing is said against it.
    assert_eq!(found, only("not_opened"));
    assert_eq!(report.counts.unopened, 1);
    assert_eq!(report.counts.unjudged, 1);
    assert!(report.findings.iter().all(|finding| finding.index() == Some(Index(scene.mandate))));
}

#[test]
fn index_rows_are_held_against_the_rebuilt_ones() {
    let scene = Scene::new();
    let rows = scene.index.read().unwrap().range(&[], None, usize::MAX).unwrap();
    assert!(meta(&*scene.index.read().unwrap()).unwrap().is_some());
    // One row of every table, the trie's pages included.
    let tables: BTreeSet<Vec<u8>> =
        rows.iter().map(|(key, _)| key[..if key[0] == b'S' { 2 } else { 1 }].to_vec()).collect();
    assert!(tables.len() >= 12, "{tables:?}");
    for table in tables {
        let place = rows.iter().position(|(key, _)| key.starts_with(&table)).unwrap();
        let differs = scene.with_row(|rows| match rows[place].1.last_mut() {
            Some(byte) => *byte ^= 1,
            None => rows[place].1.push(1),
        });
        assert_eq!(differs, BTreeSet::from(["row_differs"]), "{table:?}");
        let missing = scene.with_row(|rows| drop(rows.remove(place)));
        assert_eq!(missing, BTreeSet::from(["row_missing"]), "{table:?}");
    }
    let surplus = scene.with_row(|rows| rows.push((b"zzz".to_vec(), vec![1])));
    assert_eq!(surplus, BTreeSet::from(["row_surplus"]));
    let report = audit_store(
        &scene.store,
        Some((scene.index.read().unwrap().as_ref(), Size(scene.last + 2))),
        ORIGIN,
        scene.world.ledger.log_key(),
        &mut |_, _| {},
    );
    assert_eq!(report.unwrap().findings[0].name(), "index_mark");
}

/// The log of a scene written anew by an operator who holds the log key: entries changed by `forge` together with
/// their vault rows, everything derived from them right again. The names of what an audit finds.
fn relogged(scene: &Scene, forge: impl Fn(u64, &mut Entry, &mut Value)) -> BTreeSet<&'static str> {
    let (store, mut kv, mut frontier) = (MemoryStore::new(), MemoryKv::default(), Frontier::new());
    let mut rows = Vec::new();
    for index in 0..=scene.last {
        let mut entry = Entry::decode(&scene.entry(index)).unwrap();
        let mut vault = scene.store.vault(Index(index)).unwrap();
        if let Some(row) = &mut vault {
            let mut told = vault::told(row);
            forge(index, &mut entry, &mut told);
            *row = vault::row(&told);
        }
        let mut working = Working::new(&kv, ORIGIN).unwrap();
        if let Entry::Commit(commit) = &entry {
            entry = working.commit_entry(commit.time).unwrap();
        }
        let bytes = entry.encode();
        let applied = working.apply(&bytes).unwrap();
        let changes = working.finish().unwrap();
        kv.write(changes);
        rows.push(Row { entry: bytes, nodes: frontier.push(applied.leaf), vault });
    }
    let root = Root { size: frontier.size(), hash: frontier.root() };
    let (key, verifier) = (&scene.world.log_key, scene.world.ledger.log_key());
    let signed = Checkpoint::new(ORIGIN, root).unwrap().sign(verifier, &|m| key.sign(m).unwrap()).unwrap();
    let epoch = store.claim().unwrap();
    store.commit(Size(0), epoch, Batch { rows, checkpoint: signed.to_string() }).unwrap();
    let report = audit_store(&store, None, ORIGIN, verifier, &mut |_, _| {}).unwrap();
    report.findings.iter().map(Finding::name).collect()
}

fn recommit(entry: &mut Entry, row: &Value) {
    let r = procura_core::b64::decode(row["r"].as_str().unwrap()).unwrap().try_into().unwrap();
    let (Entry::Create { head, .. } | Entry::Transition { head, .. } | Entry::Trace { head }) = entry else {
        panic!("no record")
    };
    head.commitment = commitment(row["body"].as_str().unwrap().as_bytes(), &r);
}

#[test]
fn an_operator_who_signs_what_the_kinds_table_forbids_is_found_out() {
    let scene = Scene::new();
    let none: [&str; 0] = [];
    assert_eq!(relogged(&scene, |_, _, _| {}), BTreeSet::from(none));

    // A signature that is not the signer's.
    let forged = relogged(&scene, |index, entry, row| {
        if index == scene.mandate {
            let body = row["body"].as_str().unwrap().to_owned();
            let end = body.rfind('.').unwrap();
            let other = procura_core::b64::encode(&SoftKey::from_seed(&[9; 32]).sign(b"other").unwrap());
            row["body"] = json!(format!("{}.{other}", &body[..end]));
            recommit(entry, row);
        }
    });
    assert_eq!(forged, BTreeSet::from(["signature"]));

    // A mandate that starts active, as if it were accepted already.
    let active = relogged(&scene, |index, entry, _| {
        if let Entry::Create { status, .. } = entry
            && index == scene.mandate
        {
            *status = Initial::new(2).unwrap();
        }
    });
    assert!(active.contains("opening_move"), "{active:?}");

    // A tag that is nobody's in place of the mandator's: the record is hidden from her list.
    let hidden = relogged(&scene, |index, entry, _| {
        if let Entry::Create { head, .. } = entry
            && index == scene.mandate
        {
            let mut tags = head.tags.as_slice().to_vec();
            tags[0] = leaf(b"nobody's");
            head.tags = Tags::new(tags).unwrap();
        }
    });
    assert_eq!(hidden, BTreeSet::from(["tags", "segment_gap"]));

    // The same told consistently: filed under one party only.
    let unfiled = relogged(&scene, |index, entry, row| {
        if let Entry::Create { head, .. } = entry
            && index == scene.mandate
        {
            let filed = row["filed"].as_array_mut().unwrap();
            filed.pop();
            head.tags = Tags::new(head.tags.as_slice()[..1].to_vec()).unwrap();
        }
    });
    assert!(unfiled.contains("filed_parties"), "{unfiled:?}");

    // No index commit at the end.
    let report = {
        let store = Meddler::new(MemoryStore::new());
        let world = World::over(Storage { store: Arc::new(store.clone()), ..Storage::in_memory() });
        world.ledger.close();
        let size = world.ledger.view().size();
        store.show_entry(size.0 - 1, store.entries(size.0 - 2..size.0 - 1).unwrap().remove(0));
        audit_store(&store, None, ORIGIN, world.ledger.log_key(), &mut |_, _| {}).unwrap()
    };
    assert!(report.findings.iter().any(|finding| finding.name() == "rule_r1"));
    assert!(report.findings.iter().any(|finding| finding.name() == "id_taken"));
}

#[test]
fn a_later_compromise_is_no_fault_of_the_ledgers() {
    let scene = World::in_memory();
    let mother = scene.person("48031500292");
    let son = scene.person("75061200192");
    scene.append(scene.mandate(&mother, &son.party, &["pension"]));
    let since = scene.clock.now().0;
    scene.clock.pass(1000);
    let end = Draft::on("key-end", &scene.occasion(), &mother.kid)
        .member("reason", json!("compromised"))
        .member("compromised_since", json!(since));
    scene.append(end.sign(&scene.registrar.kid, scene.registrar.key.as_ref()).unwrap());
    let report = scene.ledger.audit(&mut |_, _| {}).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.counts.discounted, 1);
}
