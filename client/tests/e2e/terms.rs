//! Goal: what is kept longer than its term is found, all of it and nothing else, once, by walks that go on where they ended. Method: a
//! ledger whose clock is moved; each way in which a record becomes past, and its twin that has not yet; then entries that are not the tree's.

use super::stub::{Family, index_of};
use procura_client::audit::AuditError;
use procura_client::store::{FileStore, MemoryStore};
use procura_client::terms::{Overdue, TermError, Terms, WalkError, Walked};
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::kinds::Validity;
use procura_core::status::Status;
use procura_core::{Hash, Index, Millis};
use procura_ledger::Clock as _;
use procura_tests::world::Actor;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const DAY_MS: u64 = 24 * 3600 * 1000;

struct Desk {
    family: Family,
    court: Actor,
    walked: BTreeMap<String, Walked>,
}

impl Desk {
    fn new() -> Self {
        let family = Family::new();
        let court = family.world.institution("kbo:0202239951", &["authority"]);
        family.stub.let_audit(&court);
        Self { family, court, walked: BTreeMap::new() }
    }

    fn log(&self, draft: Draft, by: &Actor) -> Hash {
        self.family.world.append(draft.sign(&by.kid, by.key.as_ref()).unwrap()).id
    }

    /// A mandate that the son accepted.
    fn mandate(&self, change: impl FnOnce(Draft) -> Draft) -> Hash {
        let Family { world, mother, son, .. } = &self.family;
        let id = self.log(change(world.mandate_draft(mother, &son.party, &["tax"])), mother);
        world.append(world.transition("acceptance", son, &id));
        id
    }

    fn report(&self) -> Hash {
        let Family { world, mother, .. } = &self.family;
        self.log(Draft::new("report", &world.occasion()).member("parties", json!([mother.party])), mother)
    }

    fn end(&self, id: &Hash) {
        self.family.world.append(self.family.world.transition("revocation", &self.family.mother, id));
    }

    /// Lets days pass; the ledger shows that it is at work.
    fn pass(&self, days: u64) {
        self.family.world.clock.pass(days * DAY_MS);
        self.log(Draft::new("note", &self.family.world.occasion()), &self.family.mother);
    }

    /// Walks for these terms and remembers how far; `keep`: what could not be erased.
    fn walk(&mut self, terms: &[(&str, u64)], most: usize, keep: &[Hash]) -> BTreeSet<Hash> {
        let client = self.family.stub.client(&self.court, Arc::new(MemoryStore::new()));
        let mut asked = Terms::default();
        terms.iter().for_each(|(kind, days)| asked.add(kind, *days).unwrap());
        let mut found = BTreeSet::new();
        for mut walk in client.walks(&asked, |kind| self.walked.get(kind).cloned().unwrap_or_default()) {
            loop {
                let overdue = walk.go_on(most).unwrap();
                for record in &overdue {
                    assert!(found.insert(record.id), "told twice");
                    if keep.contains(&record.id) {
                        walk.hold(record);
                    }
                }
                self.walked.insert(walk.kind().to_owned(), walk.walked().clone());
                if overdue.is_empty() {
                    break;
                }
            }
        }
        found
    }

    fn erase(&self, id: Hash) {
        let view = self.family.world.ledger.view();
        let parties: BTreeSet<Hash> = view.parties_of(&id).unwrap().unwrap();
        let draft = Draft::new("erasure", &self.family.world.occasion());
        self.log(draft.member("targets", json!([id])).member("parties", json!(parties)), &self.court);
        while self.family.world.ledger.view().record(&id).unwrap().unwrap().logged.opened.is_some() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

fn set<const N: usize>(ids: [Hash; N]) -> BTreeSet<Hash> {
    ids.into()
}

#[test]
fn what_is_past_for_longer_than_its_term_is_found() {
    let mut desk = Desk::new();
    let day = Day::of(desk.family.world.clock.now()).unwrap();
    let today = Validity::of_days(day, Some(day));
    let lapsing = |draft: Draft| {
        draft.member("valid_until", json!(day.to_string())).member("not_after", json!(today.not_after))
    };
    let (ended, lasting, lapsed) = (desk.mandate(|d| d), desk.mandate(|d| d), desk.mandate(lapsing));
    desk.end(&ended);
    let answer_by = desk.family.world.clock.now().0 + DAY_MS;
    let waiting = desk.family.world.mandate_draft(&desk.family.mother, &desk.family.son.party, &["tax"]);
    let unanswered = desk.log(waiting.member("answer_by", json!(answer_by)), &desk.family.mother);
    let first = desk.report();
    let terms = [("mandate", 10), ("report", 5)];
    for most in [1, 64] {
        desk.walked.clear();
        assert_eq!(desk.walk(&terms, most, &[]), set([]));
    }

    desk.pass(6);
    let second = desk.report();
    desk.end(&lasting);
    assert_eq!(desk.walk(&terms, 64, &[]), set([first]));
    assert_eq!(desk.walk(&terms, 64, &[]), set([]), "told once");

    desk.pass(6);
    let past = set([ended, lapsed, unanswered, second]);
    let (before, all) = (desk.walked.clone(), desk.walk(&terms, 1, &[]));
    assert_eq!(all, past, "the one that ended later has four days to go");
    desk.walked = before;
    assert_eq!(desk.walk(&terms, 64, &[ended]), past, "a walk that was not noted tells again");
    assert_eq!(desk.walk(&terms, 64, &[ended]), set([ended]), "what was kept is looked at again");
    desk.erase(ended);
    assert_eq!(desk.walk(&terms, 64, &[]), set([]));

    desk.pass(6);
    assert_eq!(desk.walk(&terms, 64, &[]), set([lasting]));
    // A shorter term is past sooner; a kind asked for anew is walked from the beginning; what was erased is not found.
    desk.walked.clear();
    assert_eq!(desk.walk(&[("mandate", 0)], 64, &[]), set([lasting, lapsed, unanswered]));
    assert_eq!(desk.family.world.ledger.view().status(&lapsed).unwrap(), Some(Status::ACTIVE));
}

#[test]
fn what_lapses_later_is_found_then() {
    let mut desk = Desk::new();
    let until = Day::of(Millis(desk.family.world.clock.now().0 + 20 * DAY_MS)).unwrap();
    let not_after = until.instant_after();
    let until = until.to_string();
    let lapsing =
        |draft: Draft| draft.member("valid_until", json!(until)).member("not_after", json!(not_after));
    let (left, ended) = (desk.mandate(lapsing), desk.mandate(lapsing));
    let terms = [("mandate", 3)];
    desk.pass(5);
    assert_eq!(desk.walk(&terms, 64, &[]), set([]));
    let later = |desk: &Desk, id| desk.walked["mandate"].later.get(id).copied();
    assert_eq!([&left, &ended].map(|id| later(&desk, id)), [Some(not_after); 2]);
    desk.end(&ended);
    desk.pass(4);
    assert_eq!(desk.walk(&terms, 64, &[]), set([ended]), "somebody ended it before");
    desk.pass(14);
    assert_eq!(desk.walk(&terms, 64, &[]), set([]));
    desk.pass(2);
    assert_eq!(desk.walk(&terms, 64, &[]), set([left]), "the other one was told already");
    assert_eq!([&left, &ended].map(|id| later(&desk, id)), [None; 2], "nothing grows for ever");
}

#[test]
fn terms_that_make_no_sense_are_refused() {
    let mut terms = Terms::default();
    terms.add("access", 730).unwrap();
    for (kind, days, error) in [
        ("access", 1, TermError::Twice),
        ("acess", 1, TermError::NotErased),
        ("", 1, TermError::NotErased),
        ("catalogue", 1, TermError::NotErased),
        ("erasure", 1, TermError::NotErased),
        ("ledger-end", 1, TermError::NotErased),
        ("revocation", 1, TermError::Transition),
        ("consent", u64::MAX, TermError::TooLong),
    ] {
        assert_eq!(terms.add(kind, days), Err(error), "{kind}");
    }
}

#[test]
fn an_entry_that_is_not_the_tree_s_ends_the_walk() {
    let desk = Desk::new();
    let report = desk.report();
    desk.pass(1);
    let index = index_of(&desk.family.world, &report);
    let client = desk.family.stub.client(&desk.court, Arc::new(MemoryStore::new()));
    let mut terms = Terms::default();
    terms.add("report", 0).unwrap();
    desk.family.stub.lie(|path, (status, mut body)| {
        if path.starts_with("/tile/entries") {
            // The time of the last entry's commit.
            *body.iter_mut().rev().nth(60).unwrap() ^= 1;
        }
        (status, body)
    });
    let error =
        client.walks(&terms, |_| Walked { next: index, ..Walked::default() })[0].go_on(64).unwrap_err();
    assert!(
        matches!(error, WalkError::Log(AuditError::OtherEntry(_) | AuditError::Bundle { .. })),
        "{error:?}"
    );
}

#[test]
fn a_walk_is_noted_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path());
    assert_eq!(store.walked("trial/x", "mandate").unwrap(), Walked::default());
    let later = BTreeMap::from([(Hash([1; 32]), Millis(7))]);
    let walked = Walked { next: Index(9), later };
    store.note_walked("trial/x", "mandate", &walked).unwrap();
    assert_eq!(store.walked("trial/x", "mandate").unwrap(), walked);
    assert_eq!(store.walked("trial/x", "access").unwrap(), Walked::default());
    let path = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(store.walked("trial/x", "mandate").unwrap_err().name(), "store_damaged");
}

#[test]
fn what_is_overdue_says_since_when() {
    let desk = Desk::new();
    let report = desk.report();
    let since = desk.family.world.clock.now();
    desk.pass(1);
    let client = desk.family.stub.client(&desk.court, Arc::new(MemoryStore::new()));
    let mut terms = Terms::default();
    terms.add("report", 1).unwrap();
    let found = client.walks(&terms, |_| Walked::default())[0].go_on(64).unwrap();
    assert_eq!(found, [Overdue { id: report, since }]);
}
