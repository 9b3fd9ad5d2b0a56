//! Goal: whoever watches a ledger is told once of what is new, and each fault of the operator's is found and kept as evidence that
//! convicts it before others. Method: an honest ledger; then an operator who holds its key and lies, one lie at a time; and each
//! file of evidence with something changed in it; and the command.

use super::command::{Desk, code, json_of, text};
use super::stub::{Family, Stub};
use procura_client::Client;
use procura_client::evidence::{Evidence, EvidenceError, ListEvidence, Verdict};
use procura_client::feed::Place;
use procura_client::monitor::{Monitor, MonitorError, Watching};
use procura_client::records::RecordsError;
use procura_client::store::MemoryStore;
use procura_core::entry::Entry;
use procura_core::hash::tag;
use procura_core::receipt::Question;
use procura_core::status::Status;
use procura_core::{Hash, Millis, Size, b64};
use procura_tests::hostile::Liar;
use procura_tests::world::ORIGIN;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const CITIZEN: Watching = Watching { entries: false, whole_every: Duration::from_secs(3600) };
const AUDITOR: Watching = Watching { entries: true, ..CITIZEN };

fn happens(family: &Family) -> Hash {
    family.world.append(family.world.mandate(&family.mother, &family.son.party, &["tax"])).id
}

/// An auditor's client, and the mother's.
pub(crate) fn clients(family: &Family) -> (Client, Arc<MemoryStore>) {
    family.stub.let_audit(&family.mother);
    family.client()
}

/// The server serves the liar's log from now on.
pub(crate) fn serve(stub: &Stub, liar: &Liar) {
    let liar = liar.clone();
    stub.lie(move |path, reply| liar.answer(path).map_or(reply, |body| (200, body)));
}

/// The fault found, and the evidence kept of it, read back from its file.
fn found(monitor: &mut Monitor<'_>, store: &MemoryStore) -> (String, Evidence) {
    let error = monitor.round().unwrap_err();
    let MonitorError::Fault { name, evidence: Some(_), .. } = error else { panic!("{error:?}") };
    let evidence = store.evidence().pop().unwrap();
    let file = evidence.to_json(ORIGIN).to_string();
    let (origin, read) = Evidence::parse(file.as_bytes()).unwrap();
    assert_eq!((origin.as_str(), &read), (ORIGIN, &evidence));
    (name, evidence)
}

fn no_evidence(file: &Value, family: &Family) -> String {
    let read = Evidence::parse(file.to_string().as_bytes());
    let checked = read.and_then(|(origin, evidence)| evidence.check(&origin, &family.world.policy()));
    checked.unwrap_err().name().to_owned()
}

#[test]
fn what_is_new_is_told_once() {
    let family = Family::new();
    let (client, _) = family.client();
    let mut monitor = Monitor::new(&client, CITIZEN, Place::default());
    let first = monitor.round().unwrap();
    let all = client.records(&family.mother.party, &|_| {}).unwrap();
    assert_eq!(first.news.len(), all.records().len());
    assert!(first.whole.is_some() && first.audited.is_none());
    let nothing = monitor.round().unwrap();
    assert!(nothing.news.is_empty() && nothing.whole.is_none());
    let id = happens(&family);
    let second = monitor.round().unwrap();
    assert_eq!(second.news.iter().map(|filed| filed.logged.entry.id()).collect::<Vec<_>>(), [Some(id)]);
    // Another run goes on where this one stood.
    assert!(Monitor::new(&client, CITIZEN, second.place).round().unwrap().news.is_empty());
    // Who has no key watches what is public.
    let public = Client::new(&family.stub.url, family.world.policy(), MemoryStore::new()).unwrap();
    assert!(Monitor::new(&public, CITIZEN, Place::default()).round().unwrap().news.is_empty());
}

#[test]
fn an_auditor_replays_what_is_added() {
    let family = Family::new();
    let (client, _) = clients(&family);
    let mut monitor = Monitor::new(&client, AUDITOR, Place::default());
    for _ in 0..3 {
        let audited = monitor.round().unwrap().audited.unwrap();
        let anew = client.audit(&|_, _, _| {}).unwrap();
        assert_eq!((audited.leaves, audited.entries), (anew.leaves, anew.entries));
        assert!(audited.entries.is_some());
        happens(&family);
    }
}

#[test]
fn a_server_that_is_away_is_no_liar() {
    let family = Family::new();
    let (client, store) = family.client();
    let mut monitor = Monitor::new(&client, CITIZEN, Place::default());
    monitor.round().unwrap();
    happens(&family);
    family.stub.lie(|_, _| super::stub::problem(503, "stopping"));
    assert!(matches!(monitor.round(), Err(MonitorError::Unknown { .. })));
    family.stub.lie(|_, reply| reply);
    assert_eq!(monitor.round().unwrap().news.len(), 1);
    assert!(store.evidence().is_empty());
}

#[test]
fn two_histories_are_found() {
    for (mine, others) in [(1, 1), (1, 3)] {
        let (family, other) = (Family::new(), Family::new());
        let (client, store) = family.client();
        for _ in 0..mine {
            happens(&family);
        }
        let mut monitor = Monitor::new(&client, CITIZEN, Place::default());
        monitor.round().unwrap();
        other.world.append(other.world.transition("revocation", &other.mother, &other.mandate));
        for _ in 1..others {
            happens(&other);
        }
        family.stub.turn_to(&other.world);
        let (name, evidence) = found(&mut monitor, &store);
        assert_eq!(name, "fork");
        assert_eq!(evidence.check(ORIGIN, &family.world.policy()).unwrap(), Verdict::Proven);

        let mut same = evidence.to_json(ORIGIN);
        same["shown"] = same["seen"].clone();
        assert_eq!(no_evidence(&same, &family), "no_fault");
        if others > mine {
            // Without what the larger tree begins with, or with something else, there may still be a proof that holds.
            for begins in [None, Some(json!(Hash([9; 32])))] {
                let mut less = evidence.to_json(ORIGIN);
                less.as_object_mut().unwrap().remove("begins");
                begins.into_iter().for_each(|begins| less["begins"] = begins);
                let (_, less) = Evidence::parse(less.to_string().as_bytes()).unwrap();
                assert_eq!(less.check(ORIGIN, &family.world.policy()).unwrap(), Verdict::Stated);
            }
        }
        let mut forged = evidence.to_json(ORIGIN);
        let text = forged["shown"].as_str().unwrap().replacen('1', "2", 1);
        forged["shown"] = json!(text);
        assert_eq!(no_evidence(&forged, &family), "bad_signature");
        let mut elsewhere = family.world.policy();
        elsewhere.origin = "trial/other".to_owned();
        assert!(matches!(evidence.check(ORIGIN, &elsewhere), Err(EvidenceError::OtherLedger(_))));
    }
}

/// A lie in an entry: what the replay finds, and how far the entry alone shows it.
pub(crate) fn lies_in_entries(family: &Family) -> Vec<(Liar, &'static str, Verdict)> {
    let honest = || Liar::copy(&family.world);
    let mandate = || family.world.mandate(&family.mother, &family.son.party, &["tax"]);
    let own = tag(&family.mother.handle, 0);
    let mut early = honest();
    early.now = Millis(early.now.0 - 5_000);
    early.log(&mandate(), Some(Status::PENDING), &[]);
    early.now = Millis(early.now.0 + 10_000);
    early.commit();
    let mut rootless = honest();
    let mut commit = rootless.true_commit();
    commit.map_root = Hash([9; 32]);
    rootless.push(Entry::Commit(commit), None);
    let mut elsewhere = honest();
    let mut commit = elsewhere.true_commit();
    commit.size = Size(commit.size.0 + 1);
    elsewhere.push(Entry::Commit(commit), None);
    let mut revived = honest();
    let end = family.world.transition("revocation", &family.mother, &family.mandate);
    revived.log(&end, Some(Status::ENDED), &[own]);
    revived.log(&mandate(), Some(Status::PENDING), &[]);
    let again = family.world.transition("acceptance", &family.son, &family.mandate);
    revived.log(&again, Some(Status::ACTIVE), &[]);
    revived.commit();
    let mut open = honest();
    open.log(&mandate(), Some(Status::PENDING), &[]);
    vec![
        (early, "time_backwards", Verdict::Proven),
        (rootless, "commit_root", Verdict::Stated),
        (elsewhere, "commit_size", Verdict::Proven),
        (revived, "move_forbidden", Verdict::Stated),
        (open, "no_commit", Verdict::Proven),
    ]
}

#[test]
fn an_entry_that_breaks_a_rule_is_found_by_who_replays() {
    let family = Family::new();
    for (liar, fault, verdict) in lies_in_entries(&family) {
        let (client, store) = clients(&family);
        let mut monitor = Monitor::new(&client, AUDITOR, Place::default());
        family.stub.lie(|_, reply| reply);
        monitor.round().unwrap();
        serve(&family.stub, &liar);
        let (name, evidence) = found(&mut monitor, &store);
        assert_eq!(name, fault);
        assert_eq!(evidence.check(ORIGIN, &family.world.policy()).unwrap(), verdict, "{fault}");

        // Another entry, another place, another name: nothing is shown.
        let file = evidence.to_json(ORIGIN);
        let mut other = file.clone();
        let mut bytes = b64::decode(file["entry"]["bytes"].as_str().unwrap()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        other["entry"]["bytes"] = json!(b64::encode(&bytes));
        assert_eq!(no_evidence(&other, &family), "inclusion", "{fault}");
        let mut moved = file.clone();
        moved["entry"]["index"] = json!(file["entry"]["index"].as_u64().unwrap() - 1);
        assert_eq!(no_evidence(&moved, &family), "inclusion", "{fault}");
        let mut named = file.clone();
        named["fault"] = json!("first_class");
        assert_eq!(no_evidence(&named, &family), "no_fault", "{fault}");
    }
}

#[test]
fn an_honest_entry_is_no_evidence() {
    let family = Family::new();
    let (liar, ..) = lies_in_entries(&family).remove(0);
    let (client, store) = clients(&family);
    serve(&family.stub, &liar);
    let (_, evidence) = found(&mut Monitor::new(&client, AUDITOR, Place::default()), &store);
    let mut file = evidence.to_json(ORIGIN);
    file["entry"] = file["previous"].take();
    file.as_object_mut().unwrap().remove("previous");
    assert_eq!(no_evidence(&file, &family), "no_fault");
}

#[test]
fn what_is_filed_elsewhere_is_found_by_whom_it_concerns() {
    let family = Family::new();
    let (client, store) = family.client();
    let mut behind = Liar::copy(&family.world);
    // The son gives up what the mother gave, and her list is not told.
    let end = family.world.transition("renunciation", &family.son, &family.mandate);
    behind.log(&end, Some(Status::ENDED), &[tag(&family.son.handle, 9)]);
    behind.commit();
    serve(&family.stub, &behind);
    let (name, evidence) = found(&mut Monitor::new(&client, CITIZEN, Place::default()), &store);
    assert_eq!(name, "misfiled");
    assert_eq!(evidence.check(ORIGIN, &family.world.policy()).unwrap(), Verdict::Proven);
    // The same list of the honest ledger is right.
    let honest = Liar::copy(&family.world);
    let receipt = honest.receipt(&Question::Complete { party: family.mother.party, from: 0, to: None });
    let mut file = evidence.to_json(ORIGIN);
    file["receipts"] = json!([receipt.to_json()]);
    assert_eq!(no_evidence(&file, &family), "no_fault");
}

/// A page of the mother's list, as far as a segment or to the end.
fn page(liar: &Liar, family: &Family, from: u64, to: Option<u64>) -> String {
    liar.receipt(&Question::Complete { party: family.mother.party, from, to }).to_json()
}

#[test]
fn what_moves_a_record_on_a_later_page_is_held_to_it() {
    let again: &[(&str, Status)] = &[("revocation", Status::ENDED), ("acceptance", Status::ACTIVE)];
    for (steps, before, fault) in
        [(again, 1, "list_move"), (&[("revocation", Status::ACTIVE)], 0, "opening_move")]
    {
        let family = Family::new();
        let (client, store) = family.client();
        let world = &family.world;
        let last = client.records(&family.mother.party, &|_| {}).unwrap().records().last().unwrap().segment;
        let mut liar = Liar::copy(world);
        for ((kind, status), segment) in steps.iter().zip(last + 1..) {
            let by = if *kind == "acceptance" { &family.son } else { &family.mother };
            let step = world.transition(kind, by, &family.mandate);
            liar.log(&step, Some(*status), &[tag(&family.mother.handle, segment)]);
        }
        liar.commit();
        let cut = last + 1 + before;
        let pages = [page(&liar, &family, 0, Some(cut)), page(&liar, &family, cut, None)];
        let (shown, told) = (pages.clone(), liar.clone());
        family.stub.lie(move |path, reply| match path.split_once("/records?from=") {
            Some((_, from)) => {
                (200, shown[usize::from(from.split('&').next() != Some("0"))].clone().into_bytes())
            }
            None => told.answer(path).map_or(reply, |body| (200, body)),
        });
        let (name, evidence) = found(&mut Monitor::new(&client, CITIZEN, Place::default()), &store);
        assert_eq!(name, fault);
        assert_eq!(evidence.check(ORIGIN, &world.policy()).unwrap(), Verdict::Proven);
        // Each page is right by itself, and the two only in their order.
        for receipts in [vec![&pages[0]], vec![&pages[1]], vec![&pages[1], &pages[0]]] {
            let mut file = evidence.to_json(ORIGIN);
            file["receipts"] = json!(receipts);
            assert_eq!(no_evidence(&file, &family), "no_fault");
        }
        assert_eq!(client.records(&family.mother.party, &|_| {}).unwrap_err().name(), fault);
        // Who reads in the room of one page has let go of the record by then: it is held to the moves that may be made.
        let read = client.each_page(&family.mother.party, &mut |_| Ok::<_, RecordsError>(()));
        assert_eq!(read.is_err(), fault == "list_move", "{read:?}");
    }
}

#[test]
fn pages_of_an_honest_list_convict_nobody_whichever_are_left_out() {
    let family = Family::new();
    let before = Liar::copy(&family.world);
    family.world.append(family.world.transition("revocation", &family.mother, &family.mandate));
    let now = Liar::copy(&family.world);
    // The mandate is in the mother's list from here on; her revocation comes last.
    let cut =
        (1..).find(|to| page(&now, &family, 0, Some(*to)).contains(&family.mandate.to_string())).unwrap();
    let cut_short = vec![page(&now, &family, 0, Some(cut))];
    let older = vec![page(&now, &family, 0, Some(cut)), page(&before, &family, cut, None)];
    let left_out = vec![page(&now, &family, 0, Some(cut)), page(&now, &family, cut + 1, None)];
    let whole = vec![page(&now, &family, 0, Some(cut)), page(&now, &family, cut, None)];
    for receipts in [cut_short, older, left_out, whole] {
        for fault in ["misfiled", "unopened", "list_move", "opening_move"] {
            let receipts = receipts.iter().map(|page| page.clone().into_bytes()).collect();
            let (fault, party) = (fault.to_owned(), family.mother.party);
            let evidence = Evidence::List(ListEvidence { fault, party, receipts, status: None });
            assert_eq!(no_evidence(&evidence.to_json(ORIGIN), &family), "no_fault");
        }
    }
}

#[test]
fn what_is_dated_back_is_found_by_whom_it_concerns() {
    let family = Family::new();
    let (client, store) = family.client();
    let mut monitor = Monitor::new(&client, CITIZEN, Place::default());
    // Something that concerns others moves the log's time on.
    family.world.clock.pass(60_000);
    family.world.person("15061500231");
    monitor.round().unwrap();
    // Logged now, and dated before what the mother was shown as the whole truth, though after all that was in it.
    let mut early = Liar::copy(&family.world);
    let now = early.now;
    early.now = Millis(now.0 - 1);
    let mandate = family.world.mandate(&family.mother, &family.son.party, &["tax"]);
    let segment = client.records(&family.mother.party, &|_| {}).unwrap().records().last().unwrap().segment;
    early.log(&mandate, Some(Status::PENDING), &[tag(&family.mother.handle, segment + 1)]);
    early.now = now;
    early.commit();
    serve(&family.stub, &early);
    let (name, evidence) = found(&mut monitor, &store);
    assert_eq!(name, "time_backwards");
    assert_eq!(evidence.check(ORIGIN, &family.world.policy()).unwrap(), Verdict::Proven);
    // Neither page shows it alone.
    for page in 0..2 {
        let mut file = evidence.to_json(ORIGIN);
        let receipts = file["receipts"].as_array_mut().unwrap();
        receipts.remove(page);
        assert_eq!(no_evidence(&file, &family), "no_fault");
    }
}

#[test]
fn what_is_dated_before_what_stands_before_it_is_found_by_whom_it_concerns() {
    let family = Family::new();
    let (client, store) = family.client();
    let mut early = Liar::copy(&family.world);
    let now = early.now;
    early.now = Millis(1);
    let mandate = family.world.mandate(&family.mother, &family.son.party, &["tax"]);
    let segment = client.records(&family.mother.party, &|_| {}).unwrap().records().last().unwrap().segment;
    early.log(&mandate, Some(Status::PENDING), &[tag(&family.mother.handle, segment + 1)]);
    early.now = now;
    early.commit();
    serve(&family.stub, &early);
    let (name, evidence) = found(&mut Monitor::new(&client, CITIZEN, Place::default()), &store);
    assert_eq!(name, "entry_time");
    assert_eq!(evidence.check(ORIGIN, &family.world.policy()).unwrap(), Verdict::Proven);
}

#[test]
fn the_command_ends_with_the_evidence_and_checks_it() {
    let desk = Desk::new();
    let first = desk.online(&["monitor", "--once", "--trust-first", "--json"]);
    assert_eq!((code(&first), &json_of(&first)["result"]), (0, &json!("yes")), "{first:?}");
    let world = &desk.family.world;
    let (liar, mut root) = (Liar::copy(world), world.ledger.view().root());
    root.hash = Hash([9; 32]);
    desk.family.stub.lie(move |path, reply| match path {
        "/checkpoint" => (200, liar.sign(root).to_string().into_bytes()),
        _ => reply,
    });
    // Without --once it would go on for ever if it found nothing.
    let found = desk.online(&["monitor", "--every", "1", "--json"]);
    assert_eq!((code(&found), &json_of(&found)["error"]), (1, &json!("fork")), "{found:?}");
    let ledgers = std::fs::read_dir(desk.path("home/ledgers")).unwrap().map(|entry| entry.unwrap().path());
    let file = ledgers.into_iter().find(|path| text(path).contains(".fork-")).unwrap();
    let checked = desk.offline(&["evidence", text(&file), "--json"]);
    assert_eq!((code(&checked), &json_of(&checked)["proven"]), (0, &json!(true)), "{checked:?}");
    let honest = std::fs::read_to_string(&file).unwrap();
    let mut other: Value = serde_json::from_str(&honest).unwrap();
    other["shown"] = other["seen"].clone();
    std::fs::write(&file, other.to_string()).unwrap();
    let refused = desk.offline(&["evidence", text(&file), "--json"]);
    assert_eq!((code(&refused), &json_of(&refused)["error"]), (1, &json!("no_fault")));
    // Nobody is there: nothing is known, and nobody is blamed.
    let away = desk.offline(&["monitor", "--once", "--trust-first", "--json"]);
    assert_eq!(code(&away), 2, "{away:?}");
}
