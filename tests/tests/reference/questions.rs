//! May this party do this? Asked of both, now and as of before, and now and then with proof.

use crate::stage::Stage;
use procura_core::decide::{AuthZen, Decision, Hint, Level};
use procura_core::receipt::{AsOf, Mode, Point, verify_authority};
use procura_core::{Hash, Millis, Size};
use procura_ledger::{Ask, Audience};
use procura_tests::model::record::{Act, Grant, Life, Says, Sort};
use procura_tests::model::{Answer, Question};
use serde_json::json;

impl Stage {
    /// Asks once. With `proof` the answer comes as a receipt, and is verified.
    pub fn ask(&mut self, proof: bool) {
        let Some(mut asked) = self.a_question() else { return };
        let request = authzen(&asked);
        let all = self.past.len();
        let then = if self.dice.chance(25) { 1 + self.dice.below(all) } else { all };
        asked.size = then;
        // The prepared come in one commit with who names them: there is no view of before.
        while asked.size < all && self.past[asked.size].1.size() == self.past[asked.size - 1].1.size() {
            asked.size += 1;
        }
        asked.known = asked.size;
        let (size, view) = self.past[asked.size - 1].clone();
        let (real, how) = if !proof {
            (view.evaluate(&request, asked.at).unwrap(), "evaluated")
        } else if asked.size == all || self.dice.chance(30) {
            let receipt = view.check(&request, asked.at, &Ask::now(Audience::Anyone)).unwrap();
            (self.verified(&receipt.to_json(), &request, Mode::Historic), "proven")
        } else {
            // As of then, by the key-ends up to now.
            asked.known = all;
            let as_of = Some(AsOf { size: Size(size), time: None });
            let ask = Ask { as_of, ..Ask::now(Audience::Anyone) };
            let receipt = self.world.ledger.view().check(&request, asked.at, &ask).unwrap();
            (
                self.verified(&receipt.to_json(), &request, Mode::AsOf(Point::Size(Size(size)))),
                "proven as of before",
            )
        };
        let expected = self.model.decide(&asked);
        let real = Answer {
            permit: real.permit,
            reason: real.reason.name(),
            good_faith: real.good_faith,
            hint: hint(&real),
        };
        assert!(
            real == expected,
            "{how}: the ledger says {real:?}, the model {expected:?}, to {asked:?}\n{}",
            self.told(&asked)
        );
        self.meet(how);
        self.meet(expected.reason);
        if expected.good_faith {
            self.meet("good faith");
        }
    }

    fn verified(&self, receipt: &str, request: &AuthZen, mode: Mode) -> Decision {
        let verified = verify_authority(receipt.as_bytes(), request, &self.world.policy(), mode);
        verified.unwrap().decision().clone()
    }

    fn a_question(&mut self) -> Option<Question> {
        let grants = self.grants();
        let players = self.parties(|_| true);
        let mut first = self.pick(&grants);
        // Protection is rare, and shows only in what is from those under it.
        if self.dice.chance(20) {
            let lives: Vec<Hash> = self.lives().map(|(party, _, _)| party).collect();
            let theirs: Vec<_> = grants
                .iter()
                .filter(|(_, grant, _)| grant.from.iter().any(|party| lives.contains(party)))
                .cloned()
                .collect();
            first = self.pick(&theirs).or(first);
        }
        let category =
            self.one(["pension", "pension.file", "tax", "household", "tax.income", "work", "nothing"]);
        let purpose = self.one(["read", "read", "grant-allowance", "nowhere"]);
        let mut asked = Question {
            actor: self.pick(&players)?,
            together_with: Vec::new(),
            subject: self.pick(&players)?,
            on_behalf_of: None,
            category: category.to_owned(),
            emergency: self.dice.chance(30),
            purpose: purpose.to_owned(),
            at: self.now(),
            size: 0,
            known: 0,
        };
        if let Some((_, grant, _)) = first.filter(|_| self.dice.chance(85)) {
            self.ask_about(&mut asked, &grant);
        } else if self.dice.chance(30) {
            self.ask_by_law(&mut asked);
        } else if self.dice.chance(30) {
            asked.subject = asked.actor;
        }
        if self.dice.chance(3) {
            asked.actor = Hash([5; 32]);
        }
        if self.dice.chance(5) {
            asked.on_behalf_of = Some(if self.dice.chance(50) { asked.actor } else { self.pick(&players)? });
        }
        asked.at = self.an_instant(&grants);
        Some(asked)
    }

    fn ask_about(&mut self, asked: &mut Question, grant: &Grant) {
        let Some(to) = self.pick(&grant.to) else { return };
        asked.actor = self.or_its_clerk(to);
        asked.subject = self.pick(&grant.from).unwrap_or(asked.subject);
        if let Some(scope) = self.pick(&grant.scopes).filter(|_| self.dice.chance(85)) {
            asked.category = scope;
        }
        if let Some(purpose) = self.pick(&grant.purposes).filter(|_| self.dice.chance(85)) {
            asked.purpose = purpose;
        } else if self.dice.chance(80) {
            asked.purpose = "read".to_owned();
        }
        if grant.to.len() > 1 && self.dice.chance(60) {
            asked.together_with = grant.to.iter().filter(|party| **party != to).copied().collect();
        }
        // In whose name: with a mandate from whom this one is to, or from whom it is from.
        let others = self.grants();
        match self.dice.below(4) {
            0 => {
                let mut handed = others;
                handed.retain(|(_, other, _)| other.is_mandate() && other.from.contains(&to));
                if let Some((_, other, _)) = self.pick(&handed) {
                    asked.on_behalf_of = Some(to);
                    asked.actor = self.pick(&other.to).unwrap_or(to);
                }
            }
            1 => asked.on_behalf_of = Some(asked.subject),
            _ => {}
        }
        // Into whom one of them was merged.
        if self.dice.chance(15) {
            let into: Vec<Hash> = self.lives().filter_map(|(_, life, _)| life.into).collect();
            if let Some(into) = self.pick(&into) {
                match self.dice.below(3) {
                    0 => asked.actor = into,
                    1 => asked.subject = into,
                    _ => asked.on_behalf_of = Some(into),
                }
            }
        }
    }

    fn or_its_clerk(&mut self, party: Hash) -> Hash {
        let clerks = self.parties(|role| role.sort == Sort::Role && role.under == Some(party));
        if self.dice.chance(50) { self.pick(&clerks).unwrap_or(party) } else { party }
    }

    /// Whom something happened to, what, and when that was logged.
    fn lives(&self) -> impl Iterator<Item = (Hash, &Life, Millis)> {
        self.model.log().iter().filter_map(|entry| match &entry.record.says {
            Says::On { target, act: Act::Life(life) } => Some((*target, life, entry.time)),
            _ => None,
        })
    }

    fn ask_by_law(&mut self, asked: &mut Question) {
        let bases = self.model.log().iter().filter_map(|entry| match &entry.record.says {
            Says::Catalogue(words) => Some(words.bases.clone()),
            _ => None,
        });
        let bases: Vec<_> = bases.flatten().collect();
        let Some(basis) = self.pick(&bases) else { return };
        asked.actor = self.or_its_clerk(basis.recipients[0]);
        asked.category.clone_from(&basis.categories[0]);
        asked.purpose.clone_from(&basis.purposes[0]);
        asked.emergency = self.dice.chance(50);
    }

    /// Now, mostly; else when something begins, ends, or had happened.
    fn an_instant(&mut self, grants: &[(Hash, Grant, u8)]) -> Millis {
        if self.dice.chance(50) {
            return self.now();
        }
        let mut instants: Vec<Millis> = self.model.log().iter().map(|entry| entry.time).collect();
        for (_, grant, _) in grants {
            instants.push(grant.not_before);
            instants.extend(grant.not_after);
        }
        let events: Vec<_> = self.lives().map(|(_, life, logged)| (life.effective, logged)).collect();
        if let Some((effective, logged)) = self.pick(&events).filter(|_| self.dice.chance(50)) {
            instants = vec![effective, logged, Millis(logged.0 - 1)];
        }
        let off = self.one([0, 0, 1]);
        Millis(self.pick(&instants).unwrap_or(self.now()).0 - off)
    }

    /// What the log holds, told in short: for whoever looks why the two differ.
    fn told(&self, asked: &Question) -> String {
        let told = self.model.log().iter().enumerate().filter(|(_, entry)| {
            let said = format!("{:?}", entry.record);
            [asked.actor, asked.subject].iter().any(|party| said.contains(&format!("{party:?}")))
        });
        told.map(|(n, entry)| format!("{n} {:?}: {:?}\n", entry.time, entry.record)).collect()
    }
}

fn authzen(asked: &Question) -> AuthZen {
    let name = |party: &Hash| json!(format!("party:{party}"));
    let mut context = json!({});
    if let Some(principal) = &asked.on_behalf_of {
        context["on_behalf_of"] = name(principal);
    }
    if !asked.together_with.is_empty() {
        context["together_with"] = asked.together_with.iter().map(name).collect();
    }
    if asked.emergency {
        context["emergency"] = json!(true);
    }
    let request = json!({
        "subject": {"type": "party", "id": name(&asked.actor)},
        "action": {"name": asked.purpose},
        "resource": {"type": asked.category, "id": name(&asked.subject)},
        "context": context,
    });
    AuthZen::read(request.as_object().unwrap().clone()).unwrap()
}

fn hint(decision: &Decision) -> Option<(&'static str, u64)> {
    match decision.hint.as_ref()? {
        Hint::Together(many) => Some(("together", *many as u64)),
        Hint::Assurance(Level::Substantial) => Some(("assurance", 1)),
        Hint::Assurance(Level::High) => Some(("assurance", 2)),
        Hint::Property(_) => Some(("condition", 0)),
        Hint::Emergency(_) => Some(("emergency", 0)),
    }
}
