//! Vectors of `spec/presentations.md`: what is shown and believed, and for each name something that is refused by it.

mod holders;
mod lies;
mod standing;
mod truths;

use super::Case;
use crate::world::{Actor, World};
use procura_core::key::Signer;
use procura_core::presentation::{Asked, Challenge, Parts, Presentation, Showable, verify_presentation};
use procura_core::receipt::{Policy, Receipt};
use procura_core::{Hash, Millis};
use procura_ledger::{Ask, Audience, Clock};
use serde_json::{Value, json};

/// What a verifier is shown, with what it must come to.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The vector's name.
    pub name: &'static str,
    /// What is so, or wrong, in one sentence.
    pub reason: &'static str,
    /// `"accept"`, or the name of the refusal.
    pub expect: &'static str,
    presentation: Value,
    challenge: Challenge,
    policy: Value,
    now: Millis,
}

impl Trial {
    fn case(self) -> Case {
        let challenge: Value = serde_json::from_str(&self.challenge.to_json()).unwrap();
        let mut members = json!({
            "presentation": self.presentation, "challenge": challenge, "policy": self.policy, "now": self.now,
        });
        if self.expect == "accept" {
            let text = self.presentation.to_string();
            let policy = Policy::parse(self.policy.to_string().as_bytes()).unwrap();
            let found = verify_presentation(text.as_bytes(), &self.challenge, &policy, self.now)
                .unwrap_or_else(|error| panic!("{}: {error}", self.name));
            members["side"] = json!(found.side().name());
            members["party"] = json!(found.party());
            members["by"] = json!(found.by());
            members["sd_jwt"] = json!(Presentation::parse(text.as_bytes()).unwrap().sd_jwt().unwrap());
        }
        Case::new(self.name, self.reason, self.expect, members)
    }
}

/// A world in which something is shown.
struct Stage {
    world: World,
    challenge: Challenge,
}

impl Stage {
    fn new() -> Self {
        Self::of(World::in_memory())
    }

    fn of(world: World) -> Self {
        let challenge = Challenge {
            origin: world.ledger.origin().to_owned(),
            aud: "https://pharmacy.example".parse().unwrap(),
            nonce: Hash([0x5A; 32]),
            show: [].into(),
            question: None,
        };
        Self { world, challenge }
    }

    /// Mother and son, and a mandate that she gave him, accepted.
    fn family(&self) -> (Actor, Actor, Hash) {
        let (mother, son) = (self.world.person("48031500292"), self.world.person("75061200192"));
        let given = self.world.append(self.world.mandate(&mother, &son.party, &["pension"])).id;
        self.world.append(self.world.transition("acceptance", &son, &given));
        (mother, son, given)
    }

    fn asking(&self, show: &[Showable], question: Option<(&str, &str)>) -> Challenge {
        let code = |text: &str| text.to_owned();
        let question =
            question.map(|(category, purpose)| Asked { category: code(category), purpose: code(purpose) });
        Challenge { show: show.iter().copied().collect(), question, ..self.challenge.clone() }
    }

    /// A receipt as its reader gets it.
    fn receipt(&self, id: &Hash, reader: &Actor) -> Receipt {
        self.world.ledger.view().receipt(id, &Ask::now(Audience::Party(reader.party))).unwrap().unwrap()
    }

    /// The receipt of a mandate alone.
    fn parts(&self, id: &Hash, holder: &Actor) -> Parts {
        Parts { mandate: self.receipt(id, holder), key: None, party: None, authority: None }
    }

    /// Shown by a holder for themselves, as it should be.
    fn shown(&self, id: &Hash, holder: &Actor) -> Presentation {
        self.made(self.parts(id, holder), holder, &self.challenge, &holder.party)
    }

    fn made(&self, parts: Parts, holder: &Actor, challenge: &Challenge, party: &Hash) -> Presentation {
        self.signed(parts.showing(challenge, party), holder, challenge)
    }

    fn signed(&self, parts: Parts, holder: &Actor, challenge: &Challenge) -> Presentation {
        let signer: &dyn Signer = holder.key.as_ref();
        parts.sign(challenge, &holder.kid, signer, self.world.clock.now()).unwrap()
    }

    fn told(&self, names: [&'static str; 3], presentation: &Presentation) -> Trial {
        self.asked(names, presentation, &self.challenge)
    }

    fn asked(
        &self,
        [name, reason, expect]: [&'static str; 3],
        presentation: &Presentation,
        challenge: &Challenge,
    ) -> Trial {
        Trial {
            name,
            reason,
            expect,
            presentation: serde_json::from_str(&presentation.to_json()).unwrap(),
            challenge: challenge.clone(),
            policy: self.policy(),
            now: self.world.clock.now(),
        }
    }

    fn policy(&self) -> Value {
        let ledger = &self.world.ledger;
        Policy::plain(ledger.origin(), ledger.log_key(), ledger.entry0(), 300)
    }
}

/// Every trial.
#[must_use]
pub fn trials() -> Vec<Trial> {
    [truths::trials(), lies::trials(), holders::trials(), standing::trials()].concat()
}

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    trials().into_iter().map(Trial::case).collect()
}

/// Runs one case: `"accept"`, or the name of the refusal.
#[must_use]
pub fn run(case: &Value) -> String {
    let text = match &case["presentation"] {
        Value::String(text) => text.clone(),
        object => object.to_string(),
    };
    let challenge = Challenge::parse(case["challenge"].to_string().as_bytes()).unwrap();
    let policy = Policy::parse(case["policy"].to_string().as_bytes()).unwrap();
    let now = Millis(case["now"].as_u64().unwrap());
    match verify_presentation(text.as_bytes(), &challenge, &policy, now) {
        Err(error) => error.name().to_owned(),
        Ok(found) => {
            assert_eq!(case["side"], json!(found.side().name()));
            assert_eq!((&case["party"], &case["by"]), (&json!(found.party()), &json!(found.by())));
            let sd_jwt = Presentation::parse(text.as_bytes()).unwrap().sd_jwt();
            assert_eq!(case["sd_jwt"], json!(sd_jwt));
            "accept".to_owned()
        }
    }
}
