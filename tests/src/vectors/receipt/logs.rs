//! Lies in the log itself: entries that do not hold what their bodies say, ids used again, times that go back.

use super::truths::{family, now, policy, status_ask, told};
use super::{Told, Trial};
use crate::hostile::Liar;
use crate::world::{Actor, ORIGIN, World};
use procura_core::draft::{Draft, Occasion};
use procura_core::entry::{Entry, Head};
use procura_core::hash::status_key;
use procura_core::jws::Jws;
use procura_core::receipt::{AsOf, ListPart, Question};
use procura_core::record::{Record, TYP};
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Index, Millis, Size, b64};
use serde_json::json;
use std::collections::BTreeSet;

pub(super) fn trials() -> Vec<Trial> {
    let (world, mother, son, given) = family();
    let stage = Stage { world: &world, mother: &mother, son: &son, given };
    [stage.openings(), stage.forms(), stage.ids(), stage.moments()].concat()
}

struct Stage<'a> {
    world: &'a World,
    mother: &'a Actor,
    son: &'a Actor,
    given: Hash,
}

/// A status question.
pub(super) fn status_of(id: Hash, through: Option<Hash>) -> Question {
    Question::Status { id, through, as_of: None }
}

/// The liar closes its log and answers.
pub(super) fn answer(world: &World, liar: &mut Liar, question: &Question) -> Told {
    liar.commit();
    let ask = match question {
        Question::Existence { id } => json!({"type": "existence", "id": id}),
        Question::Status { id, through: None, .. } => status_ask(*id),
        Question::Status { id, through, .. } => json!({"type": "status", "id": id, "through": through}),
        Question::Complete { party, from, .. } => json!({"type": "complete", "party": party, "from": from}),
        Question::Authority(asked) => json!({"type": "authority", "request": asked.request.write()}),
    };
    Told { receipt: liar.receipt(question), ask, policy: policy(world) }
}

pub(super) fn id_of(submission: &Submission) -> Hash {
    Record::parse(&submission.record).unwrap().id()
}

impl Stage<'_> {
    fn liar(&self) -> Liar {
        Liar::copy(self.world)
    }

    fn consent(&self) -> Submission {
        self.world.consent(self.mother, &self.son.party, &["tax"], &["read"])
    }

    /// A liar that logs one consent at one of its times, and what it answers about it.
    fn logged_at(&self, time: Millis) -> Told {
        let (mut liar, consent) = (self.liar(), self.consent());
        liar.now = time;
        liar.log(&consent, Some(Status::ACTIVE), &[]);
        answer(self.world, &mut liar, &status_of(id_of(&consent), None))
    }

    fn openings(&self) -> Vec<Trial> {
        // A revocation of one mandate, filed on another.
        let mut liar = self.liar();
        let other = self.world.mandate(self.mother, &self.son.party, &["tax"]);
        liar.log(&other, Some(Status::PENDING), &[]);
        let revocation = self.world.transition("revocation", self.mother, &self.given);
        let sealed = liar.seal(&revocation);
        let record = Record::parse(&revocation.record).unwrap();
        let head = liar.head(&record, &sealed, &[]);
        let entry = Entry::Transition {
            head,
            target: liar.ids[&id_of(&other)],
            target_id: id_of(&other),
            status: Status::ENDED,
        };
        liar.push(entry, Some(sealed));
        let question = status_of(id_of(&other), Some(record.id()));
        let misdirected = answer(self.world, &mut liar, &question);

        // The right target's id with another target's place.
        let mut liar = self.liar();
        let acceptance = self.world.transition("acceptance", self.son, &self.given);
        let sealed = liar.seal(&acceptance);
        let head = liar.head(&Record::parse(&acceptance.record).unwrap(), &sealed, &[]);
        let entry =
            Entry::Transition { head, target: Index(0), target_id: self.given, status: Status::ACTIVE };
        liar.push(entry, Some(sealed));
        let misplaced = answer(self.world, &mut liar, &status_of(self.given, None));

        // A mandate that starts active.
        let mut liar = self.liar();
        liar.log(&other, Some(Status::ACTIVE), &[]);
        let too_much = answer(self.world, &mut liar, &status_of(id_of(&other), None));

        // A consent as a trace.
        let mut liar = self.liar();
        let consent = self.consent();
        liar.log(&consent, None, &[]);
        let as_trace = answer(self.world, &mut liar, &Question::Existence { id: id_of(&consent) });

        // An entry that states another id than its body has.
        let mut liar = self.liar();
        let sealed = liar.seal(&consent);
        let head = liar.head(&Record::parse(&consent.record).unwrap(), &sealed, &[]);
        let head = Head { id: Hash([5; 32]), ..head };
        liar.push(Entry::Create { head, status: procura_core::status::Initial::Active }, Some(sealed));
        let renamed = answer(self.world, &mut liar, &status_of(Hash([5; 32]), None));

        let start = self.world.ledger.view().time().0;
        let week = 7 * 24 * 3600 * 1000;
        let skew = 5 * 60 * 1000;
        vec![
            Trial::new(
                "revocation-of-another",
                "A revocation of one mandate is filed on another.",
                "opening_target",
                &misdirected,
            ),
            Trial::new(
                "target-misplaced",
                "A transition names its target's id, and another entry's place.",
                "opening_target",
                &misplaced,
            ),
            Trial::new(
                "mandate-starts-active",
                "A mandate without its acceptance is logged as active.",
                "opening_move",
                &too_much,
            ),
            Trial::new("consent-as-trace", "A consent is logged as a trace.", "opening_class", &as_trace),
            Trial::new(
                "id-of-another",
                "An entry states another id than its body has.",
                "opening_id",
                &renamed,
            ),
            Trial::new(
                "logged-in-time",
                "A consent is logged in the last instant.",
                "accept",
                &self.logged_at(Millis(start + week)),
            ),
            Trial::new(
                "logged-too-late",
                "A consent is logged after submit_by.",
                "opening_time",
                &self.logged_at(Millis(start + week + 1)),
            ),
            Trial::new(
                "back-dated-entry",
                "A consent is logged under a time before the entries before it.",
                "entry_time",
                &self.logged_at(Millis(start - skew)),
            ),
        ]
    }

    /// Bodies that are no records of this ledger.
    fn forms(&self) -> Vec<Trial> {
        let told_of = |record: String, id: Hash| {
            let mut liar = self.liar();
            let sealed = liar.seal(&Submission::bare(record));
            let r: [u8; 64] = sealed.r.clone().try_into().unwrap();
            let head = Head {
                time: liar.now,
                commitment: procura_core::hash::commitment(sealed.body.as_bytes(), &r),
                id,
                tags: procura_core::entry::Tags::default(),
            };
            liar.push(Entry::Create { head, status: procura_core::status::Initial::Active }, Some(sealed));
            answer(self.world, &mut liar, &status_of(id, None))
        };
        let sign =
            |payload: &[u8]| Jws::sign(&self.mother.kid, TYP, payload, self.mother.key.as_ref()).unwrap();
        let consent = self.consent();
        let payload = Record::parse(&consent.record).unwrap().jws().payload().to_vec();
        let spaced = [&b"{ "[..], &payload[1..]].concat();
        let spaced_id = procura_core::hash::record_id(&spaced);
        let elsewhere =
            Occasion { origin: "trial/elsewhere", nonce: [1; 32], now: self.world.occasion().now };
        let other = Draft::new("note", &elsewhere);
        let mut liar = self.liar();
        let note = other.sign(&self.mother.kid, self.mother.key.as_ref()).unwrap();
        liar.log(&note, None, &[]);
        let foreign = answer(self.world, &mut liar, &Question::Existence { id: id_of(&note) });

        // A signature that a library without our checks might take: S = 0, R the identity, under any key that is small.
        let parts: Vec<&str> = consent.record.rsplitn(2, '.').collect();
        let zero = format!("{}.{}", parts[1], b64::encode(&[0; 64]));
        let mut identity = [0; 64];
        identity[0] = 1;
        let small = format!("{}.{}", parts[1], b64::encode(&identity));
        let id = id_of(&consent);
        let mut weak = [0; 32];
        weak[0] = 1;
        let weak_key =
            Draft::new("key", &Occasion { origin: ORIGIN, nonce: [2; 32], now: self.world.occasion().now })
                .member("party", json!(self.mother.party))
                .member("jwk", json!({"crv": "Ed25519", "kty": "OKP", "x": b64::encode(&weak)}))
                .member("pop", json!(b64::encode(&identity)))
                .member("basis", json!("cosigned"))
                .member("assurance", json!("low"));
        let weak_id = weak_key.id();
        let weak_key = weak_key.sign(&self.mother.kid, self.mother.key.as_ref()).unwrap();
        vec![
            Trial::new(
                "spaced-payload",
                "The payload has a space more than its one form.",
                "opening_record",
                &told_of(sign(&spaced), spaced_id),
            ),
            Trial::new(
                "record-of-another-ledger",
                "The record names another origin.",
                "opening_origin",
                &foreign,
            ),
            Trial::new("signature-all-zero", "R and S are zero.", "signature", &told_of(zero, id)),
            Trial::new(
                "signature-identity",
                "R is the neutral point and S is zero.",
                "signature",
                &told_of(small, id),
            ),
            Trial::new(
                "weak-key",
                "A key record binds the neutral point.",
                "opening_record",
                &told_of(weak_key.record, weak_id),
            ),
        ]
    }

    /// Ids used again, and ids of what has no status.
    fn ids(&self) -> Vec<Trial> {
        let mandate = self.world.ledger.view().record(&self.given).unwrap().unwrap().logged;
        let text = Submission::bare(mandate.opened.as_ref().unwrap().record.text().to_owned());
        let mut ended = self.liar();
        let revocation = self.world.transition("revocation", self.mother, &self.given);
        ended.log(&revocation, Some(Status::ENDED), &[]);
        ended.commit();
        let mut revived = ended.clone();
        let again = revived.log(&text, Some(Status::PENDING), &[]);
        let again_told = answer(self.world, &mut revived, &status_of(self.given, None));
        let mut both = again_told.clone();
        let mut indexes: BTreeSet<Index> = both.receipt.entries.iter().map(|part| part.index).collect();
        indexes.extend([mandate.index, again]);
        revived.show(&mut both.receipt, &indexes);

        // A transition that bears its target's own id.
        let mut liar = self.liar();
        let head = Head {
            time: liar.now,
            commitment: Hash([3; 32]),
            id: self.given,
            tags: procura_core::entry::Tags::default(),
        };
        let target = mandate.index;
        liar.push(Entry::Transition { head, target, target_id: self.given, status: Status::ACTIVE }, None);
        let same_id = answer(self.world, &mut liar, &status_of(self.given, None));

        let mut honest = self.liar();
        let acceptance = self.world.transition("acceptance", self.son, &self.given);
        honest.log(&acceptance, Some(Status::ACTIVE), &[]);
        let existence =
            answer(self.world, &mut honest.clone(), &Question::Existence { id: id_of(&acceptance) });
        let nothing = answer(self.world, &mut honest.clone(), &status_of(Hash([6; 32]), None));
        let other = answer(self.world, &mut honest.clone(), &status_of(self.given, Some(Hash([6; 32]))));
        let short = World::in_memory();
        let receipt = short.ledger.view().receipt(&short.registrar.party, &now()).unwrap().unwrap();
        // Each part alone is the ledger's own, and no answer needs it.
        let plain = answer(self.world, &mut honest.clone(), &status_of(self.world.registrar.party, None));
        let mut closed = honest.clone();
        closed.commit();
        let with_list = |shown: bool| {
            let mut told = plain.clone();
            let list = ListPart { id: self.given, items: closed.lists[&self.given].clone() };
            let mut keys: BTreeSet<Hash> =
                told.receipt.lists.iter().map(|list| status_key(ORIGIN, &list.id)).collect();
            keys.insert(status_key(ORIGIN, &self.given));
            told.receipt.trie = closed.map_of(&keys);
            if shown {
                told.receipt.lists.push(list);
                told.receipt.lists.sort_by_key(|list| list.id);
            }
            told
        };
        let mut with_entry = plain.clone();
        let mut more: BTreeSet<Index> = plain.receipt.entries.iter().map(|part| part.index).collect();
        more.insert(mandate.index);
        closed.show(&mut with_entry.receipt, &more);
        let mut node = told(&short, receipt, status_ask(short.registrar.party));
        node.receipt.entries[1].entry = vec![1; 64];
        vec![
            Trial::new("revived", "A revoked mandate's own JWS is logged again.", "list_item", &again_told),
            Trial::new("revived-both-shown", "Both entries with the id are shown.", "list_double", &both),
            Trial::new(
                "transition-with-its-targets-id",
                "A transition bears the id of what it moves.",
                "list_double",
                &same_id,
            ),
            Trial::new(
                "existence-of-a-transition",
                "A transition exists in its target's list only.",
                "missing_record",
                &existence,
            ),
            Trial::new("status-of-nothing", "No record has the id.", "missing_record", &nothing),
            Trial::new("through-nothing", "No item of the list has the id asked for.", "not_in_list", &other),
            Trial::new("surplus-entry", "An entry that the answer does not need.", "surplus", &with_entry),
            Trial::new("surplus-list", "A list that the answer does not need.", "surplus", &with_list(true)),
            Trial::new(
                "surplus-leaf",
                "A leaf of the map that the answer does not need.",
                "surplus",
                &with_list(false),
            ),
            Trial::new("node-as-entry", "An entry as long as two hashes.", "entry_malformed", &node),
        ]
    }

    /// Points in time that do not fit.
    fn moments(&self) -> Vec<Trial> {
        let world = World::in_memory();
        let id = world.registrar.party;
        for _ in 0..3 {
            world.clock.pass(1000);
            let note = Draft::new("note", &world.occasion());
            world.append(note.sign(&world.registrar.kid, world.registrar.key.as_ref()).unwrap());
        }
        let liar = Liar::copy(&world);
        let commits: Vec<Index> = (0..liar.rows.len() as u64)
            .map(Index)
            .filter(|index| matches!(liar.rows[usize::try_from(index.0).unwrap()].entry, Entry::Commit(_)))
            .collect();
        let [.., first, second, third] = commits[..] else { panic!("too few commits") };
        let time = |index: Index| liar.rows[usize::try_from(index.0).unwrap()].entry.time();
        let at = |size: u64, time: Option<Millis>| {
            let as_of = Some(AsOf { size: Size(size), time });
            let question = Question::Status { id, through: None, as_of };
            told(&world, liar.receipt(&question), status_ask(id))
        };
        let by_time = |told: &Told, name, reason, expect, time: Millis| {
            Trial::new(name, reason, expect, told).mode(json!({"as_of_time": time}))
        };
        let by_size = |told: &Told, name, reason, expect, size: u64| {
            Trial::new(name, reason, expect, told).mode(json!({"as_of": size}))
        };
        let asked = Millis(time(second).0 + 1);
        // The next commit is skipped: the one shown names another as its predecessor.
        let asked_first = Millis(time(first).0);
        let mut skipping = at(first.0 + 1, Some(asked_first));
        let mut indexes: BTreeSet<Index> = skipping.receipt.entries.iter().map(|part| part.index).collect();
        indexes.remove(&second);
        liar.show(&mut skipping.receipt, &indexes);
        vec![
            by_time(
                &at(second.0 + 1, Some(asked)),
                "as-of-time-liar",
                "An honest answer as of a time.",
                "accept",
                asked,
            ),
            by_time(
                &at(first.0 + 1, Some(asked)),
                "as-of-time-too-early",
                "The size is that of an earlier commit.",
                "as_of_time",
                asked,
            ),
            by_time(
                &at(second.0, Some(asked)),
                "as-of-time-no-commit",
                "The size does not end with a commit.",
                "as_of_time",
                asked,
            ),
            by_time(
                &at(third.0 + 1, Some(time(third))),
                "as-of-time-unsettled",
                "No later commit settles the time.",
                "as_of_time",
                time(third),
            ),
            by_time(
                &skipping,
                "as-of-time-skipping",
                "The next index commit is left out.",
                "as_of_time",
                asked_first,
            ),
            by_size(&at(2, None), "not-yet", "The record was logged later.", "not_yet", 2),
            by_size(
                &at(third.0 + 2, None),
                "as-of-beyond",
                "A size beyond the checkpoint.",
                "not_yet",
                third.0 + 2,
            ),
        ]
    }
}
