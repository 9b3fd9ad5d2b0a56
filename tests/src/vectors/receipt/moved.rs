//! What a party's list shows of its records: moves that may be made, and those that were signed. Then lies about them, filed where they
//! belong.

use super::logs::answer;
use super::truths::family;
use super::{Told, Trial};
use crate::hostile::Liar;
use crate::world::{Actor, World};
use procura_core::entry::{Class, Entry, Head, Tags};
use procura_core::hash::tag;
use procura_core::index::Item;
use procura_core::receipt::Question;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Index};

/// Her list, and the operator who files in it what it likes.
struct Stage {
    world: World,
    mother: Actor,
    son: Actor,
    given: Hash,
}

const PENDING: u8 = 1;
const ACTIVE: u8 = 2;
const SUSPENDED: u8 = 3;
const ENDED: u8 = 15;

pub(super) fn trials() -> Vec<Trial> {
    let (world, mother, son, given) = family();
    let stage = Stage { world, mother, son, given };
    [stage.truths(), stage.of_kinds(), stage.of_lists()].concat()
}

impl Stage {
    fn truths(&self) -> Vec<Trial> {
        let moved = || {
            let mut liar = self.told_that(&[("acceptance", ACTIVE), ("suspension", SUSPENDED)]);
            let lift = self.draft("suspension").member("lift", serde_json::json!(true));
            let lift = lift.sign(&self.mother.kid, self.mother.key.as_ref()).unwrap();
            self.file(&mut liar, &lift, ACTIVE);
            self.file(&mut liar, &self.step("revocation"), ENDED);
            liar
        };
        let segment = self.next(&moved()) - 2;
        vec![
            Trial::new(
                "complete-moved",
                "Accepted, suspended, in force again, revoked: the end is shown, so its list is not.",
                "accept",
                &self.list(moved(), 0),
            ),
            Trial::new(
                "complete-moved-before",
                "What moves a record that stands on an earlier page tells nothing by itself.",
                "accept",
                &self.list(moved(), segment),
            ),
        ]
    }

    fn of_kinds(&self) -> Vec<Trial> {
        let mut at_birth = Liar::copy(&self.world);
        let mandate = self.world.mandate(&self.mother, &self.son.party, &["tax"]);
        self.file(&mut at_birth, &mandate, ACTIVE);
        let mut unlinked = Liar::copy(&self.world);
        let linked = self.draft("acceptance").member("link", serde_json::json!("A".repeat(43)));
        let linked = linked.sign(&self.son.kid, self.son.key.as_ref()).unwrap();
        self.file(&mut unlinked, &linked, ACTIVE);
        let mut of_a_key = Liar::copy(&self.world);
        let revoked = self.world.transition("revocation", &self.mother, &self.mother.kid);
        self.file(&mut of_a_key, &revoked, ENDED);
        let lie = |name, reason, liar| Trial::new(name, reason, "opening_move", &self.list(liar, 0));
        vec![
            lie("complete-starts-active", "A mandate for which nobody waited: active at birth.", at_birth),
            lie(
                "complete-revocation-leaves-active",
                "What she revoked is said to have been used.",
                self.told_that(&[("acceptance", ACTIVE), ("revocation", ACTIVE)]),
            ),
            lie(
                "complete-revocation-suspends",
                "What she revoked is said to be suspended.",
                self.told_that(&[("acceptance", ACTIVE), ("revocation", SUSPENDED)]),
            ),
            lie("complete-accepted-by-no-link", "Accepted with a link that it does not have.", unlinked),
            lie("complete-key-revoked", "A key is revoked: keys have ends of their own.", of_a_key),
        ]
    }

    fn of_lists(&self) -> Vec<Trial> {
        let ended = [("acceptance", ACTIVE), ("revocation", ENDED)];
        let mut unopened = self.told_that(&ended);
        self.forge(&mut unopened, ACTIVE);
        let mut again = self.told_that(&ended);
        self.file(&mut again, &self.step("revocation"), ENDED);
        // Still open, so that its list is shown: the map has the move.
        let mut open = self.told_that(&[("acceptance", ACTIVE)]);
        self.forge(&mut open, PENDING);
        let mut mapped = self.list(open.clone(), 0);
        open.commit();
        open.show_list(&mut mapped.receipt, &self.given, &self.mother.party, &self.mother.handle);
        // The map has no such move: whoever hands the receipt on made it up.
        let mut made_up = self.list(Liar::copy(&self.world), 0);
        let shown = made_up.receipt.lists.iter_mut().find(|list| list.id == self.given).unwrap();
        let index = Index(shown.items[0].index.0 + 1);
        let (class, status) = (Class::Transition, Some(Status::SUSPENDED));
        shown.items.push(Item { index, leaf: Hash([7; 32]), class, status });
        let mut trials = vec![
            Trial::new(
                "complete-revived",
                "What she revoked is accepted again.",
                "list_move",
                &self.list(self.told_that(&[ended[0], ended[1], ended[0]]), 0),
            ),
            Trial::new(
                "complete-revived-unopened",
                "What she revoked is active again, nobody knows by what.",
                "list_move",
                &self.list(unopened, 0),
            ),
            Trial::new("complete-open-move", "The list of what has not ended.", "list_move", &mapped),
            Trial::new("complete-made-up-move", "No such list is in the map.", "list_value", &made_up),
        ];
        // Of a mandate there is but one end; what ends a second time is a key.
        trials.push(Trial::new(
            "complete-ended-twice",
            "What she revoked is revoked again.",
            "opening_move",
            &self.list(again, 0),
        ));
        trials
    }

    fn draft(&self, kind: &str) -> procura_core::draft::Draft {
        procura_core::draft::Draft::on(kind, &self.world.occasion(), &self.given)
    }

    fn step(&self, kind: &str) -> Submission {
        let by = if kind == "acceptance" { &self.son } else { &self.mother };
        self.world.transition(kind, by, &self.given)
    }

    /// What becomes of her mandate, each step with the status that it is said to lead to.
    fn told_that(&self, steps: &[(&str, u8)]) -> Liar {
        let mut liar = Liar::copy(&self.world);
        for (kind, status) in steps {
            self.file(&mut liar, &self.step(kind), *status);
        }
        liar
    }

    /// Her first segment in which nothing is filed.
    fn next(&self, liar: &Liar) -> u64 {
        let is_free = |segment: &u64| !liar.tags.contains_key(&tag(&self.mother.handle, *segment));
        (0..).find(is_free).unwrap()
    }

    fn file(&self, liar: &mut Liar, submission: &Submission, status: u8) {
        let own = tag(&self.mother.handle, self.next(liar));
        liar.log(submission, Some(Status::new(status).unwrap()), &[own]);
    }

    /// A step that nobody signed.
    fn forge(&self, liar: &mut Liar, status: u8) {
        let own = tag(&self.mother.handle, self.next(liar));
        let head = Head {
            time: liar.now,
            commitment: Hash([status; 32]),
            id: Hash([status; 32]),
            tags: Tags::new(vec![own]).unwrap(),
        };
        let (target, target_id) = (liar.ids[&self.given], self.given);
        liar.push(Entry::Transition { head, target, target_id, status: Status::new(status).unwrap() }, None);
    }

    fn list(&self, mut liar: Liar, from: u64) -> Told {
        answer(&self.world, &mut liar, &Question::Complete { party: self.mother.party, from, to: None })
    }
}
