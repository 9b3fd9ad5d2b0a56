//! Vectors of `spec/receipts.md#renewal`: a receipt in hand, a status proof, and what a verifier makes of the two.
//!
//! A case has `receipt`, `proof` (objects, or a string where the text itself is the lie), `ask`, `policy`, optional `pin`, and `mode` as
//! those of receipts do; of an accepted status question the `status` that is verified.

use super::Case;
use super::receipt::{Told, verified_status, verify};
use crate::hostile::Liar;
use crate::mirrored::mirror_of;
use crate::world::{Actor, World};
use procura_core::checkpoint::SignedCheckpoint;
use procura_core::draft::Draft;
use procura_core::receipt::{Question, Receipt, StatusAsk, StatusProof};
use procura_core::status::Status;
use procura_core::tree::Root;
use procura_core::{Hash, Millis};
use procura_ledger::mirror::MirrorView;
use procura_ledger::{Ask, Audience, Clock};
use serde_json::{Value, json};

/// What a mirror makes of a receipt in hand.
struct Shown {
    told: Told,
    proof: Value,
    now: Millis,
    pin: Root,
}

impl Shown {
    fn case(&self, name: &str, reason: &str, expect: &str) -> Case {
        let receipt: Value = serde_json::from_str(&self.told.receipt.to_json()).unwrap();
        let members = json!({
            "receipt": receipt, "proof": self.proof, "ask": self.told.ask, "policy": self.told.policy,
            "pin": {"size": self.pin.size, "root": self.pin.hash}, "mode": {"fresh": self.now},
        });
        Case::new(name, reason, expect, members)
    }
}

/// A mandate that a mother gave her son, of which there is a receipt; ten minutes later.
struct Stage {
    world: World,
    mother: Actor,
    son: Actor,
    given: Hash,
}

impl Stage {
    fn new() -> Self {
        Self::after(0)
    }

    /// The same, begun later: another history.
    fn after(ms: u64) -> Self {
        let world = World::in_memory();
        world.clock.pass(ms);
        let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
        let given = world.append(world.mandate(&mother, &son.party, &["pension"])).id;
        world.append(world.transition("acceptance", &son, &given));
        Self { world, mother, son, given }
    }

    fn policy(&self) -> Value {
        let ledger = &self.world.ledger;
        procura_core::receipt::Policy::plain(ledger.origin(), ledger.log_key(), ledger.entry0(), 300)
    }

    fn status(&self, id: &Hash) -> Told {
        let receipt = self.world.ledger.view().receipt(id, &Ask::now(Audience::Anyone)).unwrap().unwrap();
        let ask = match &receipt.question {
            Question::Existence { id } => json!({"type": "existence", "id": id}),
            Question::Status { id, through: Some(through), .. } => {
                json!({"type": "status", "id": id, "through": through})
            }
            _ => json!({"type": "status", "id": id}),
        };
        Told { receipt, ask, policy: self.policy() }
    }

    fn authority(&self) -> Told {
        let request = World::ask(&self.son.identifier, "pension.file", &self.mother.identifier, "read");
        let (view, now) = (self.world.ledger.view(), self.world.clock.now());
        let receipt = view.check(&request, now, &Ask::now(Audience::Anyone)).unwrap();
        Told { receipt, ask: json!({"type": "authority", "request": request.write()}), policy: self.policy() }
    }

    /// Ten minutes pass, and something is logged that concerns neither of the two.
    fn later(&self) {
        self.world.clock.pass(600_000);
        let draft = Draft::new("note", &self.world.occasion());
        let registrar = &self.world.registrar;
        self.world.append(draft.sign(&registrar.kid, registrar.key.as_ref()).unwrap());
    }

    /// The receipt, under the checkpoint of a mirror that follows the ledger.
    fn renewed(&self, told: &Told) -> Shown {
        self.renewed_at(told, &mirror_of(&self.world.ledger), root_of(&told.receipt))
    }

    fn renewed_at(&self, told: &Told, mirror: &MirrorView, pin: Root) -> Shown {
        let ask = StatusAsk::of(&told.receipt, Some(pin.size)).unwrap();
        let ask = StatusAsk::parse(ask.to_json().as_bytes()).unwrap();
        let proof = mirror.status(&ask).unwrap().unwrap();
        let proof = serde_json::from_str(&proof.to_json()).unwrap();
        Shown { told: told.clone(), proof, now: self.world.clock.now(), pin }
    }
}

fn root_of(receipt: &Receipt) -> Root {
    let (_, note) = receipt.proof.split_once("\n\n").unwrap();
    SignedCheckpoint::parse(note.as_bytes()).unwrap().unverified().root()
}

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [truths(), moved(), lies(), forms()].concat()
}

fn truths() -> Vec<Case> {
    let stage = Stage::new();
    let (status, authority) = (stage.status(&stage.given), stage.authority());
    let draft = Draft::new("note", &stage.world.occasion());
    let note = draft.sign(&stage.mother.kid, stage.mother.key.as_ref()).unwrap();
    let existence = stage.status(&stage.world.append(note).id);
    stage.later();
    let active = |case: Case| case.change(|body| body["status"] = json!(Status::ACTIVE.byte()));
    vec![
        active(stage.renewed(&status).case("status", "A mandate is active as ever.", "accept")),
        stage.renewed(&existence).case("existence", "A trace, which nothing can happen to.", "accept"),
        stage.renewed(&authority).case("authority", "The same is decided ten minutes later.", "accept"),
    ]
}

/// What happened between the receipt and the proof.
fn moved() -> Vec<Case> {
    let revoked = Stage::new();
    let (status, authority) = (revoked.status(&revoked.given), revoked.authority());
    revoked.world.append(revoked.world.transition("revocation", &revoked.mother, &revoked.given));
    revoked.later();
    let ended = revoked.renewed(&status).case(
        "status-ended-since",
        "The mandate was revoked: its end needs no body.",
        "accept",
    );
    let ended = ended.change(|body| body["status"] = json!(Status::ENDED.byte()));

    let suspended = Stage::new();
    let of_suspended = suspended.status(&suspended.given);
    suspended.world.append(suspended.world.transition("suspension", &suspended.mother, &suspended.given));
    suspended.later();
    let out_of_force = suspended.renewed(&of_suspended).case(
        "status-suspended-since",
        "The mandate was suspended.",
        "accept",
    );
    let out_of_force = out_of_force.change(|body| body["status"] = json!(Status::SUSPENDED.byte()));
    let lift =
        Draft::on("suspension", &suspended.world.occasion(), &suspended.given).member("lift", json!(true));
    suspended.world.append(lift.sign(&suspended.mother.kid, suspended.mother.key.as_ref()).unwrap());
    suspended.later();
    let lifted = suspended.renewed(&of_suspended).case(
        "enabling-item-since",
        "It was suspended and put in force again: who says so must be seen.",
        "missing_record",
    );

    let key = Stage::new();
    let of_key = key.status(&key.given);
    let end =
        Draft::on("key-end", &key.world.occasion(), &key.mother.kid).member("reason", json!("compromised"));
    key.world.append(end.sign(&key.mother.kid, key.mother.key.as_ref()).unwrap());
    key.later();
    vec![
        ended,
        revoked.renewed(&authority).case(
            "authority-ended-since",
            "The mandate was revoked: something else is decided.",
            "other_decision",
        ),
        out_of_force,
        lifted,
        key.renewed(&of_key).case(
            "key-ended-since",
            "The giver's key ended: since when it does not count must be seen.",
            "missing_record",
        ),
    ]
}

/// A mirror that lies, or stands still.
fn lies() -> Vec<Case> {
    let stage = Stage::new();
    let told = stage.status(&stage.given);
    let still = mirror_of(&stage.world.ledger);
    stage.later();
    let honest = stage.renewed(&told);
    let changed = |change: &dyn Fn(&mut StatusProof)| {
        let mut proof = StatusProof::parse(honest.proof.to_string().as_bytes()).unwrap();
        change(&mut proof);
        let proof = serde_json::from_str(&proof.to_json()).unwrap();
        Shown { told: told.clone(), proof, now: honest.now, pin: honest.pin }
    };
    let list_of = |proof: &StatusProof| proof.lists.iter().position(|list| list.id == stage.given).unwrap();
    // A thief of the log key signs the same tree anew.
    let mut thief = Liar::copy(&stage.world);
    thief.log_key = std::sync::Arc::new(procura_core::key::SoftKey::from_seed(&[0xBB; 32]));
    let by_thief = thief.receipt(&told.receipt.question).proof;
    // The operator shows somebody else another history.
    let other = Stage::after(1);
    other.world.append(other.world.mandate(&other.mother, &other.son.party, &["tax"]));
    other.later();
    let forked = other.renewed_at(&other.status(&other.given), &mirror_of(&other.world.ledger), honest.pin);
    vec![
        stage.renewed_at(&told, &still, honest.pin).case(
            "stale",
            "The mirror stands where it stood ten minutes ago.",
            "stale",
        ),
        changed(&|proof| proof.tree[0].0[0] ^= 1).case(
            "tree-flipped",
            "A bit of the tree is flipped.",
            "inclusion",
        ),
        changed(&|proof| {
            let last = proof.trie.len() - 1;
            proof.trie[last] ^= 1;
        })
        .case("trie-flipped", "A bit of the trie is flipped.", "map_root"),
        changed(&|proof| {
            let last = proof.commit.len() - 9;
            proof.commit[last] ^= 1;
        })
        .case("commit-flipped", "A bit of the index commit is flipped.", "commit_inclusion"),
        changed(&|proof| proof.proof.clone_from(&by_thief)).case(
            "log-signature",
            "The checkpoint is signed by another key than the log's.",
            "log_signature",
        ),
        changed(&|proof| {
            let list = list_of(proof);
            proof.lists[list].items[0].leaf.0[0] ^= 1;
        })
        .case("list-replaced", "A bit of a list is flipped.", "list_replaced"),
        changed(&|proof| {
            let list = list_of(proof);
            proof.lists[list].items.pop();
        })
        .case("list-shorter", "A list lost its last item.", "list_replaced"),
        changed(&|proof| {
            let list = list_of(proof);
            let mut end = *proof.lists[list].items.last().unwrap();
            (end.index.0, end.status) = (end.index.0 + 1, Some(Status::ENDED));
            proof.lists[list].items.push(end);
        })
        .case("list-longer", "A list has an end that the map does not know.", "list_value"),
        changed(&|proof| drop(proof.lists.remove(0))).case(
            "other-lists",
            "A list is left out.",
            "other_lists",
        ),
        changed(&|proof| proof.consistency = None).case(
            "no-consistency",
            "Nothing leads from the receipt's checkpoint to the mirror's.",
            "no_consistency",
        ),
        forked.case("fork", "The mirror follows another history.", "fork"),
    ]
}

/// What is none.
fn forms() -> Vec<Case> {
    let stage = Stage::new();
    let told = stage.status(&stage.given);
    let size = stage.world.ledger.view().size();
    stage.later();
    let honest = stage.renewed(&told);
    let text = |change: &dyn Fn(&mut Value)| {
        let mut proof = honest.proof.clone();
        change(&mut proof);
        Shown { told: told.clone(), proof, now: honest.now, pin: honest.pin }
    };
    let of = |told: Told| Shown { told, proof: honest.proof.clone(), now: honest.now, pin: honest.pin };
    let view = stage.world.ledger.view();
    let ask =
        Ask { as_of: Some(procura_core::receipt::AsOf { size, time: None }), ..Ask::now(Audience::Anyone) };
    let past = Told { receipt: view.receipt(&stage.given, &ask).unwrap().unwrap(), ..told.clone() };
    let ask = Ask::now(Audience::Party(stage.mother.party));
    let request = World::ask("niss:15061500231", "pension.file", &stage.mother.identifier, "read");
    let nobody = Told {
        receipt: view.check(&request, stage.world.clock.now(), &Ask::now(Audience::Anyone)).unwrap(),
        ask: json!({"type": "authority", "request": request.write()}),
        policy: told.policy.clone(),
    };
    let list = Told {
        receipt: view.complete(&stage.mother.party, 0, &ask).unwrap().unwrap(),
        ask: json!({"type": "complete", "party": stage.mother.party, "from": 0}),
        policy: told.policy.clone(),
    };
    vec![
        text(&|proof| proof["v"] = json!(2)).case("unknown-version", "A later version.", "unknown_version"),
        text(&|proof| proof["entries"] = json!([])).case(
            "unknown-member",
            "A member that it does not have.",
            "malformed",
        ),
        text(&|proof| *proof = json!(honest.proof.to_string().replacen("\"v\":1", "\"v\":1,\"v\":1", 1)))
            .case("member-twice", "A member stands twice.", "malformed"),
        of(nobody).case(
            "of-nobody",
            "Who was nobody when it was asked may have been registered since.",
            "not_renewable",
        ),
        of(past).case("of-the-past", "An answer about the past is no other now.", "not_renewable"),
        of(list).case("of-a-list", "A list may have grown by records that nobody here has.", "not_renewable"),
        of(Told { ask: json!({"type": "status", "id": Hash([6; 32])}), ..told.clone() }).case(
            "other-question",
            "Another record is asked about.",
            "other_question",
        ),
    ]
}

/// Runs one case: `"accept"`, or the name of the refusal.
#[must_use]
pub fn run(case: &Value) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        object => object.to_string(),
    };
    let receipt = match Receipt::parse(text(&case["receipt"]).as_bytes()) {
        Ok(receipt) => receipt,
        Err(error) => return error.name().to_owned(),
    };
    let proof = match StatusProof::parse(text(&case["proof"]).as_bytes()) {
        Ok(proof) => proof,
        Err(error) => return error.name().to_owned(),
    };
    let now = Millis(case["mode"]["fresh"].as_u64().unwrap());
    let renewed = match receipt.renewed(&proof, now) {
        Ok(renewed) => renewed.to_json(),
        Err(error) => return error.name().to_owned(),
    };
    match (verify(renewed.as_bytes(), case), case.get("status")) {
        (Ok(()), Some(status)) => {
            let found = verified_status(renewed.as_bytes(), case);
            assert_eq!(json!(found.byte()), *status, "another status");
            "accept".to_owned()
        }
        (Ok(()), None) => "accept".to_owned(),
        (Err(error), _) => error.name().to_owned(),
    }
}
