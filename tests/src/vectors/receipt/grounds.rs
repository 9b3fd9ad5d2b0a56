//! What a decision rests on besides a mandate and its acceptance: suspensions, disputes, notices, mandates above, who acts together, roles,
//! lives, mergers, how sure a key is, a quorum of root keys. Of each what is true, and the lie that hides it.

use super::truths::{now, status_ask, told};
use super::{Told, Trial};
use crate::council::{Council, id_of, with_quorum};
use crate::hostile::Liar;
use crate::world::{Actor, World};
use procura_core::decide::{AuthZen, Reason};
use procura_core::draft::Draft;
use procura_core::kinds::PartyType;
use procura_core::receipt::{Authority, Question, Receipt};
use procura_core::record::Record;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::Clock;
use serde_json::{Value, json};

const HOUR_MS: u64 = 3_600_000;

pub(super) fn trials() -> Vec<Trial> {
    [
        suspensions(),
        disputes(),
        notices(),
        mandates_above(),
        joint_mandatees(),
        roles(),
        deaths(),
        protected_persons(),
        mergers(),
        assurance(),
        quorums(),
    ]
    .concat()
}

/// A world with those whom most of these are about.
struct Town {
    world: World,
    mother: Actor,
    son: Actor,
    court: Actor,
}

impl Town {
    fn new() -> Self {
        let world = World::in_memory();
        let (mother, son) = (world.person("48031500292"), world.person("75061200192"));
        let court = world.institution("kbo:0202239951", &["authority"]);
        Self { world, mother, son, court }
    }

    fn log(&self, draft: Draft, by: &Actor) -> Hash {
        self.world.append(signed(draft, by)).id
    }

    fn in_force(&self, draft: Draft, takers: &[&Actor]) -> Hash {
        let id = self.log(draft, &self.mother);
        for taker in takers {
            self.world.append(self.world.transition("acceptance", taker, &id));
        }
        id
    }

    /// Her mandate to him for taxes.
    fn given(&self) -> Hash {
        self.in_force(self.world.mandate_draft(&self.mother, &self.son.party, &["tax"]), &[&self.son])
    }

    fn on(&self, kind: &str, target: &Hash) -> Draft {
        Draft::on(kind, &self.world.occasion(), target)
    }

    /// What happened to somebody, as the court records it.
    fn happened(&self, event: &str, to: &Hash, effective: Millis) -> Draft {
        self.on("life-event", to).member("event", json!(event)).member("effective", json!(effective))
    }

    /// What the ledger proves of somebody who asks for her data, with what is stated besides.
    fn decided(&self, actor: &Actor, category: &str, context: Value) -> Told {
        let request = json!({
            "subject": {"type": "party", "id": format!("party:{}", actor.party)},
            "action": {"name": "read"},
            "resource": {"type": category, "id": format!("party:{}", self.mother.party)},
            "context": context,
        });
        let request = AuthZen::read(request.as_object().unwrap().clone()).unwrap();
        let receipt = self.world.ledger.view().check(&request, self.world.clock.now(), &now()).unwrap();
        told(&self.world, receipt, json!({"type": "authority", "request": request.write()}))
    }

    fn says(&self, actor: &Actor) -> Told {
        self.decided(actor, "tax", json!({}))
    }

    /// What a liar's own log says, asked the question of `of` about these grants.
    fn lied(&self, liar: &mut Liar, of: &Told, change: impl FnOnce(&mut Authority)) -> Told {
        let mut question = of.receipt.question.clone();
        if let Question::Authority(asked) = &mut question {
            change(asked);
        }
        liar.commit();
        Told { receipt: liar.receipt(&question), ..of.clone() }
    }
}

fn signed(draft: Draft, by: &Actor) -> Submission {
    draft.sign(&by.kid, by.key.as_ref()).unwrap()
}

fn asked(receipt: &mut Receipt) -> &mut Authority {
    match &mut receipt.question {
        Question::Authority(asked) => asked,
        other => panic!("no decision: {other:?}"),
    }
}

/// A trial that is believed, and says this.
fn is(reason: Reason, name: &'static str, why: &'static str, of: &Told) -> Trial {
    assert_eq!(asked(&mut of.receipt.clone()).decision.reason, reason, "{name}");
    Trial::new(name, why, "accept", of)
}

/// The receipt with a permit by the mandate stated, where a verifier comes to a denial.
fn permitted(of: &Told) -> Told {
    let mut of = of.clone();
    let decision = &mut asked(&mut of.receipt).decision;
    (decision.permit, decision.reason, decision.hint) = (true, Reason::Mandate, None);
    of
}

/// The receipt with one record kept closed.
fn closed(of: &Told, id: &Hash) -> Told {
    let mut of = of.clone();
    let is_it = |body: &str| Record::parse(body).is_ok_and(|record| record.id() == *id);
    let part = of
        .receipt
        .entries
        .iter_mut()
        .find(|part| part.sealed.as_ref().is_some_and(|sealed| is_it(&sealed.body)));
    part.expect("the record is in the receipt").sealed = None;
    of
}

fn suspensions() -> Vec<Trial> {
    let town = Town::new();
    let given = town.given();
    town.log(town.on("suspension", &given), &town.mother);
    let suspended = town.says(&town.son);
    let lifted = town.log(town.on("suspension", &given).member("lift", json!(true)), &town.mother);
    let again = town.says(&town.son);
    let mut liar = Liar::copy(&town.world);
    let by_him = signed(town.on("suspension", &given), &town.son);
    liar.log(&by_him, Some(Status::SUSPENDED), &[]);
    let lift = signed(town.on("suspension", &given).member("lift", json!(true)), &town.son);
    liar.log(&lift, Some(Status::ACTIVE), &[]);
    let by_him = town.lied(&mut liar, &again, |_| {});
    vec![
        is(Reason::Suspended, "suspended", "A mandate that she suspended.", &suspended),
        is(Reason::Mandate, "suspension-lifted", "She lifted it again.", &again),
        Trial::new(
            "suspended-ignored",
            "A suspended mandate permits.",
            "other_decision",
            &permitted(&suspended),
        ),
        Trial::new(
            "suspension-lift-unopened",
            "Who lifted the suspension is not shown.",
            "unopened",
            &closed(&again, &lifted),
        ),
        Trial::new(
            "suspension-lifted-by-the-taker",
            "The mandatee lifts a suspension.",
            "not_allowed",
            &by_him,
        ),
    ]
}

fn disputes() -> Vec<Trial> {
    let town = Town::new();
    let given = town.given();
    let dispute = |step: &str| {
        let draft = town.on("dispute", &given).member("step", json!(step));
        draft.withheld("statement", &json!("I never signed this."), &town.world.fresh()).unwrap()
    };
    town.log(dispute("open"), &town.mother);
    let open = town.says(&town.son);
    let dismissed = town.log(dispute("dismissed"), &town.court);
    let settled = town.says(&town.son);
    town.log(dispute("open"), &town.mother);
    let mut liar = Liar::copy(&town.world);
    liar.log(&signed(dispute("dismissed"), &town.son), Some(Status::ACTIVE), &[]);
    let by_him = town.lied(&mut liar, &settled, |_| {});
    vec![
        is(Reason::Disputed, "disputed", "A mandate that she says she never gave.", &open),
        is(Reason::Mandate, "dispute-dismissed", "An authority dismissed the dispute.", &settled),
        Trial::new("disputed-ignored", "A disputed mandate permits.", "other_decision", &permitted(&open)),
        Trial::new(
            "dispute-dismissed-unopened",
            "Who dismissed the dispute is not shown.",
            "unopened",
            &closed(&settled, &dismissed),
        ),
        Trial::new(
            "dispute-dismissed-by-a-party",
            "The mandatee dismisses the dispute himself.",
            "not_allowed",
            &by_him,
        ),
    ]
}

fn notices() -> Vec<Trial> {
    let town = Town::new();
    let given = town.given();
    let end = Millis(town.world.clock.now().0 + HOUR_MS);
    let notice = town.log(town.on("revocation", &given).member("effective", json!(end)), &town.mother);
    let before = town.says(&town.son);
    town.world.clock.pass(2 * HOUR_MS);
    town.log(Draft::new("note", &town.world.occasion()), &town.mother);
    let after = town.says(&town.son);
    vec![
        is(Reason::Mandate, "notice-given", "A notice that has not come true yet.", &before),
        is(
            Reason::Expired,
            "notice-over",
            "The notice has come true: nobody ended the mandate since.",
            &after,
        ),
        Trial::new(
            "notice-ignored",
            "A mandate permits after its notice.",
            "other_decision",
            &permitted(&after),
        ),
        Trial::new(
            "notice-unopened",
            "When a notice that is kept closed takes effect nobody knows: it may have.",
            "other_decision",
            &closed(&before, &notice),
        ),
    ]
}

fn mandates_above() -> Vec<Trial> {
    let town = Town::new();
    let friend = town.world.person("85073000160");
    let draft = town.world.mandate_draft(&town.mother, &town.son.party, &["tax"]);
    let above = town.in_force(draft.member("substitution", json!(1)), &[&town.son]);
    let under = |to: &Actor, scope: &str| {
        let draft = town.world.mandate_draft(&town.mother, &to.party, &[scope]).member("under", json!(above));
        draft.member("by", json!([town.son.party])).member("informed", json!([town.son.party]))
    };
    let below = town.log(under(&friend, "tax"), &town.son);
    town.world.append(town.world.transition("acceptance", &friend, &below));
    let substituted = town.says(&friend);
    let mut beyond = Liar::copy(&town.world);
    let wider = signed(under(&friend, "pension"), &town.son);
    let wider_id = id_of(&wider);
    beyond.log(&wider, Some(Status::PENDING), &[]);
    let accepted = town.world.transition("acceptance", &friend, &wider_id);
    beyond.log(&accepted, Some(Status::ACTIVE), &[]);
    let pension = town.decided(&friend, "pension", json!({}));
    let wider = town.lied(&mut beyond, &permitted(&pension), |asked| {
        asked.grants = sorted([above, wider_id]);
        asked.catalogues = vec![town.world.catalogue];
        asked.decision.evidence = asked.grants.clone();
    });
    town.log(town.on("revocation", &above), &town.mother);
    let ended = town.says(&friend);
    let mut alone = substituted.clone();
    asked(&mut alone.receipt).grants.retain(|id| *id != above);
    vec![
        is(Reason::Mandate, "under", "A mandate that her mandatee gave under his own.", &substituted),
        is(Reason::UnderEnded, "under-ended", "The mandate above has ended.", &ended),
        Trial::new(
            "under-ended-ignored",
            "A mandate outlives the one above.",
            "other_decision",
            &permitted(&ended),
        ),
        Trial::new("under-left-out", "The mandate above is not among the records.", "other_decision", &alone),
        Trial::new(
            "under-unopened",
            "The mandate above is kept closed.",
            "unopened",
            &closed(&substituted, &above),
        ),
        Trial::new("under-wider", "A mandate reaches beyond the one above.", "other_decision", &wider),
    ]
}

fn sorted<const N: usize>(mut ids: [Hash; N]) -> Vec<Hash> {
    ids.sort_unstable();
    ids.to_vec()
}

fn joint_mandatees() -> Vec<Trial> {
    let town = Town::new();
    let father = town.world.person("85073000160");
    let draft = town.world.mandate_draft(&town.mother, &town.son.party, &["tax"]);
    let draft = draft.member("mandatees", json!(sorted([father.party, town.son.party])));
    town.in_force(draft.member("needed", json!(2)), &[&father, &town.son]);
    let alone = town.says(&town.son);
    let both = json!({"together_with": [format!("party:{}", father.party)]});
    let together = town.decided(&town.son, "tax", both);
    let mut nobody = together.clone();
    asked(&mut nobody.receipt).parties.together_with.clear();
    let mut another = together.clone();
    asked(&mut another.receipt).parties.together_with = vec![Some(town.mother.party)];
    vec![
        is(Reason::Together, "together-alone", "One of two mandatees who must act together.", &alone),
        is(Reason::Mandate, "together", "Both act together.", &together),
        Trial::new("together-ignored", "One of two acts for both.", "other_decision", &permitted(&alone)),
        Trial::new("together-left-out", "Who acts with him is left out.", "other_party", &nobody),
        Trial::new("together-with-another", "Somebody else acts with him.", "other_party", &another),
    ]
}

fn roles() -> Vec<Trial> {
    let town = Town::new();
    let office = town.world.institution("kbo:0308357159", &[]);
    town.world.append(town.world.consent(&town.mother, &office.party, &["tax"], &["read"]));
    let clerk = town.world.role(&office, &[]);
    let acts = town.says(&clerk);
    town.world.append(town.world.transition("revocation", &office, &clerk.party));
    let gone = town.says(&clerk);
    let mut still = gone.clone();
    asked(&mut still.receipt).decision = asked(&mut acts.receipt.clone()).decision.clone();
    let until = Millis(town.world.clock.now().0 + HOUR_MS);
    let temp = town.world.role_until(&office, &[], until);
    let serves = town.says(&temp);
    town.world.clock.pass(HOUR_MS);
    town.log(Draft::new("note", &town.world.occasion()), &town.mother);
    let over = town.says(&temp);
    let mut overtime = over.clone();
    asked(&mut overtime.receipt).decision = asked(&mut serves.receipt.clone()).decision.clone();
    let mut early = over.clone();
    asked(&mut early.receipt).at = Millis(until.0 - 1);
    vec![
        is(Reason::Consent, "role-until", "A clerk acts whose role has an end.", &serves),
        is(Reason::PartyNotActive, "role-over", "The role is over: nobody ended it.", &over),
        Trial::new("role-over-ignored", "A clerk acts whose role is over.", "other_decision", &overtime),
        Trial::new("role-over-moved", "Decided for the instant before the end.", "other_decision", &early),
        is(Reason::Consent, "role", "A clerk acts as the office that she is under.", &acts),
        is(Reason::PartyNotActive, "role-ended", "The clerk has left the office.", &gone),
        Trial::new("role-ended-ignored", "A clerk acts who has left the office.", "other_decision", &still),
        Trial::new(
            "role-unopened",
            "Under whom the clerk is, is not shown.",
            "unopened",
            &closed(&acts, &clerk.party),
        ),
        Trial::new(
            "role-office-unopened",
            "The office's own record is kept closed.",
            "unopened",
            &closed(&acts, &office.party),
        ),
    ]
}

fn deaths() -> Vec<Trial> {
    let town = Town::new();
    town.given();
    town.world.clock.pass(10 * HOUR_MS);
    let died = Millis(town.world.clock.now().0 - 5 * HOUR_MS);
    let death = town.log(town.happened("death", &town.mother.party, died), &town.court);
    let dead = town.says(&town.son);
    let mut before = dead.clone();
    asked(&mut before.receipt).at = Millis(died.0 - HOUR_MS);
    vec![
        is(Reason::PartyNotActive, "death", "She has died.", &dead),
        Trial::new(
            "death-ignored",
            "Her mandate permits after her death.",
            "other_decision",
            &permitted(&dead),
        ),
        Trial::new("death-moved", "Decided for the hour before her death.", "other_decision", &before),
        Trial::new(
            "death-unopened",
            "Her death is kept closed: who recorded it is then shown for nothing.",
            "surplus",
            &closed(&dead, &death),
        ),
    ]
}

fn protected_persons() -> Vec<Trial> {
    let town = Town::new();
    town.given();
    let at = town.world.clock.now();
    town.log(town.happened("protection", &town.mother.party, at), &town.court);
    let protected = town.says(&town.son);
    let draft = town.world.mandate_draft(&town.mother, &town.court.party, &["tax"]);
    let administered = town.log(draft.member("ground", json!("administration")), &town.court);
    let acted_for = town.says(&town.court);
    let mut liar = Liar::copy(&town.world);
    let by_himself = town.world.mandate_draft(&town.mother, &town.son.party, &["tax"]);
    let by_himself = signed(by_himself.member("ground", json!("administration")), &town.son);
    liar.log(&by_himself, Some(Status::ACTIVE), &[]);
    let usurped = town.lied(&mut liar, &permitted(&protected), |asked| {
        asked.grants = vec![id_of(&by_himself)];
        asked.decision.evidence = asked.grants.clone();
    });
    let ended = town.log(town.happened("protection-end", &town.mother.party, at), &town.court);
    let free = town.says(&town.son);
    vec![
        is(Reason::Protected, "protected", "She is protected: what she gave rests.", &protected),
        is(Reason::Mandate, "protected-administered", "Whom the court appointed acts.", &acted_for),
        is(Reason::Mandate, "protected-no-more", "The protection has ended.", &free),
        Trial::new(
            "protected-ignored",
            "A mandate permits that rests while she is protected.",
            "other_decision",
            &permitted(&protected),
        ),
        Trial::new(
            "protected-administration-unopened",
            "Who appointed the administrator is not shown.",
            "unopened",
            &closed(&acted_for, &administered),
        ),
        Trial::new("protected-by-oneself", "He appoints himself.", "not_allowed", &usurped),
        Trial::new(
            "protection-end-unopened",
            "Who ended the protection is not shown.",
            "unopened",
            &closed(&free, &ended),
        ),
    ]
}

fn mergers() -> Vec<Trial> {
    let town = Town::new();
    let (old, new) = (town.world.organisation("0417497106"), town.world.organisation("0308357159"));
    let other = town.world.organisation("0440966354");
    let given = town.in_force(town.world.mandate_draft(&town.mother, &old.party, &["tax"]), &[&old]);
    let nothing = town.says(&new);
    let draft = town.happened("merger", &old.party, town.world.clock.now());
    let merged = town.log(draft.member("into", json!(new.party)), &town.court);
    let goes_on = town.says(&new);
    let elsewhere = town.lied(&mut Liar::copy(&town.world), &permitted(&town.says(&other)), |asked| {
        asked.grants = vec![given];
        asked.catalogues = vec![town.world.catalogue];
        asked.decision.evidence.clone_from(&asked.grants);
    });
    vec![
        is(Reason::NoAuthority, "merger-before", "Nothing was given to it.", &nothing),
        is(Reason::Mandate, "merger", "What was given to one that was merged into it.", &goes_on),
        Trial::new(
            "merger-unopened",
            "Into whom it was merged is not shown.",
            "other_decision",
            &closed(&goes_on, &merged),
        ),
        Trial::new(
            "merger-into-another",
            "What was given to one that was merged into another.",
            "other_decision",
            &elsewhere,
        ),
    ]
}

fn assurance() -> Vec<Trial> {
    let town = Town::new();
    let level = |version, level: &str| {
        town.world.publish(&town.world.root, version, |categories| {
            categories[2]["assurance"] = json!(level);
        })
    };
    let under = |catalogue: &Hash| {
        let scopes = ["tax".to_owned()];
        let (from, to, year) = (&town.mother.party, &town.son.party, town.world.a_year());
        Draft::mandate(&town.world.occasion(), from, to, catalogue, &scopes, &year)
    };
    let high = town.in_force(under(&level(2, "high")), &[&town.son]);
    let unsure = town.says(&town.son);
    town.log(town.on("revocation", &high), &town.mother);
    town.in_force(under(&level(3, "substantial")), &[&town.son]);
    let sure = town.says(&town.son);
    vec![
        is(Reason::Assurance, "assurance-too-low", "Her key is not as sure as the category asks.", &unsure),
        is(Reason::Mandate, "assurance", "Keys as sure as the category asks.", &sure),
        Trial::new(
            "assurance-ignored",
            "A mandate permits whose key is not sure enough.",
            "other_decision",
            &permitted(&unsure),
        ),
        Trial::new(
            "assurance-key-unopened",
            "How sure her key is, is not shown.",
            "unopened",
            &closed(&sure, &town.mother.kid),
        ),
    ]
}

fn quorums() -> Vec<Trial> {
    let (council, office, ..) = Council::in_force();
    let told =
        |receipt: Receipt, id: Hash| Told { receipt, ask: status_ask(id), policy: council.plain_policy() };
    let honest = told(council.ledger.view().receipt(&office, &now()).unwrap().unwrap(), office);
    let another = |quorum: Option<u64>| {
        let identifier = "kbo:1000000021".parse().unwrap();
        let salts = [[1; 16], [2; 16]];
        let draft =
            Draft::party(&council.occasion(), PartyType::Institution, [5; 32], &identifier, None, &salts);
        council.sign(with_quorum(draft.unwrap(), quorum), 0)
    };
    let lied = |record: &Submission, status: Status, accepted_by: Option<usize>| {
        let (mut liar, id) = (council.liar(), id_of(record));
        liar.log(record, Some(status), &[]);
        if let Some(by) = accepted_by {
            liar.log(&council.on("acceptance", by, &id), Some(Status::ACTIVE), &[]);
        }
        liar.commit();
        told(liar.receipt(&Question::Status { id, through: None, as_of: None }), id)
    };
    let two = another(Some(2));
    vec![
        Trial::new("root-quorum", "Two of three root keys registered an office.", "accept", &honest),
        Trial::new(
            "root-quorum-alone",
            "One root key brings an office into force that asks for two.",
            "opening_move",
            &lied(&two, Status::ACTIVE, None),
        ),
        Trial::new(
            "root-quorum-twice",
            "One root key signs twice.",
            "not_allowed",
            &lied(&two, Status::PENDING, Some(0)),
        ),
        Trial::new(
            "root-quorum-unstated",
            "A record that says nothing of a quorum, under one root key.",
            "not_allowed",
            &lied(&another(None), Status::ACTIVE, None),
        ),
    ]
}
