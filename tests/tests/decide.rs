//! A decision rests on its evidence. Goal: what a receipt holds is enough to come to the same decision, whatever the facts.
//! Method: many small random worlds, each decided over all facts and again over the evidence alone.
use procura_core::conditions::Conditions;
use procura_core::conditions::Properties;
use procura_core::days::Day;
use procura_core::decide::{
    CatalogueFact, Facts, Grant, GrantKind, PartyFact, PartyMove, Reason, Request, decide,
};
use procura_core::hash::sha256;
use procura_core::kinds::{
    Assurance, Basis, Catalogue, Category, Event, Ground, LifeEvent, Party, PartyType, Purpose, Title,
    Validity,
};
use procura_core::status::Status;
use procura_core::{Hash, Index, Millis};
use procura_tests::vectors::decision::only;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Dice that fall the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 += 1;
        let block = sha256(&[b"dice", &self.0.to_be_bytes()]);
        u64::from_be_bytes(block.0[..8].try_into().unwrap()) % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }
}

const AT: Millis = Millis(1_795_424_400_000);
const CODES: [&str; 3] = ["a", "a.b", "c"];

fn party(n: u64) -> Hash {
    Hash([u8::try_from(n).unwrap(); 32])
}

fn title() -> Title {
    Title { de: String::new(), en: String::new(), fr: String::new(), nl: String::new() }
}

fn category(code: &str, parent: Option<&str>, assurance: Option<Assurance>) -> Category {
    let (code, parent) = (code.to_owned(), parent.map(str::to_owned));
    Category { code, parent, assurance, period: None, source: None, title: title() }
}

fn catalogue(dice: &mut Dice) -> CatalogueFact {
    let mut categories = vec![category("a", None, None)];
    if dice.roll(3) > 0 {
        categories.push(category("a.b", Some("a"), dice.pick(&[None, Some(Assurance::High)])));
    }
    if dice.roll(2) > 0 {
        categories.push(category("c", None, None));
    }
    let mut purposes = vec![Purpose { code: "p".to_owned(), title: title() }];
    if dice.roll(2) > 0 {
        purposes.push(Purpose { code: "q".to_owned(), title: title() });
    }
    let mut bases = Vec::new();
    for emergency in [false, true] {
        if dice.roll(6) > 0 {
            continue;
        }
        bases.push(Basis {
            code: if emergency { "emergency" } else { "law" }.to_owned(),
            title: title(),
            categories: vec!["a".to_owned()],
            purposes: vec!["p".to_owned()],
            recipients: vec![party(1 + dice.roll(3))],
            emergency,
        });
    }
    let (code, schemes) = ("w".to_owned(), Vec::new());
    let content = Arc::new(Catalogue { code, version: 1, categories, purposes, bases, schemes, quorum: 1 });
    CatalogueFact { content, in_force: dice.roll(2) > 0 }
}

fn grant(dice: &mut Dice, n: u64) -> Grant {
    let not_before = Millis(AT.0 + dice.pick(&[0, 0, 0, 1]));
    let not_after = Some(Millis(AT.0 + dice.pick(&[0, 2, 2, 2])));
    let kind = dice.pick(&[GrantKind::Mandate, GrantKind::Consent]);
    let is_mandate = kind == GrantKind::Mandate;
    let mut to = vec![party(1 + dice.roll(4))];
    if is_mandate && dice.roll(4) == 0 {
        to.push(party(1 + dice.roll(4)));
    }
    Grant {
        id: grant_id(n),
        index: Index(dice.roll(1000) * 100 + n),
        kind,
        from: vec![party(1 + dice.roll(4))],
        needed: 1 + usize::try_from(dice.roll(to.len() as u64)).unwrap(),
        to,
        catalogue: Hash([0xC0 + u8::try_from(dice.roll(3)).unwrap(); 32]),
        scopes: vec![dice.pick(&CODES).to_owned()],
        purposes: if is_mandate { Vec::new() } else { vec![dice.pick(&["p", "q"]).to_owned()] },
        validity: Validity { valid_from: Day::of(AT).unwrap(), valid_until: None, not_before, not_after },
        status: dice.pick(&[2, 2, 2, 2, 1, 3, 15, 0x12].map(|byte| Status::new(byte).unwrap())),
        counts: dice.roll(5) > 0,
        conditions: match dice.roll(6) {
            0 => Conditions::read(json!([{"type": "equals", "of": "context", "property": "x", "value": 1}]))
                .unwrap(),
            1 if !is_mandate => Conditions::read(json!([{"type": "uses", "times": 1}])).unwrap(),
            _ => Conditions::default(),
        },
        uses: if dice.roll(2) == 0 { vec![AT] } else { Vec::new() },
        ends: dice.pick(&[None, None, None, Some(AT), Some(Millis(AT.0 + 1))]),
        assurance: dice.pick(&[Assurance::Low, Assurance::Substantial, Assurance::High]),
        ground: dice.pick(&[None, None, None, Some(Ground::Parental), Some(Ground::Administration)]),
        survives: dice.roll(5) == 0,
        under: (dice.roll(4) == 0).then(|| grant_id(dice.roll(n + 2))),
    }
}

fn grant_id(n: u64) -> Hash {
    Hash(sha256(&[b"grant", &n.to_be_bytes()]).0)
}

fn person(dice: &mut Dice, n: u64) -> PartyFact {
    let status = |byte| Status::new(byte).unwrap();
    let under = (n == 1 && dice.roll(5) == 0).then(|| party(4));
    let until = under.and_then(|_| dice.pick(&[None, None, Some(AT), Some(Millis(AT.0 + 1))]));
    let content = Party {
        party_type: if under.is_some() { PartyType::Role } else { PartyType::Person },
        handle: Hash::default(),
        roles: Vec::new(),
        level: None,
        provisional: false,
        under,
        until,
        quorum: 1,
    };
    let mut moves = Vec::new();
    if dice.roll(4) == 0 {
        let into = party(1 + dice.roll(4));
        let event = dice.pick(&[
            (3, Some(Event::Protection)),
            (2, Some(Event::Majority)),
            (15, Some(Event::Death)),
            (15, Some(Event::Merger(into))),
            (15, None),
        ]);
        let logged_at = Millis(AT.0 + dice.pick(&[0, 0, 1]));
        let effective = Millis(AT.0 - 1 + dice.roll(2));
        let event = (event.0, event.1.map(|event| LifeEvent { event, effective }));
        moves.push(PartyMove { to: status(event.0), logged_at, event: event.1 });
    }
    PartyFact { content, starts: status(dice.pick(&[2, 2, 2, 2, 2, 2, 2, 2, 1])), moves }
}

fn world(dice: &mut Dice) -> (Request, Facts) {
    let mut facts = Facts::default();
    for n in 1..=4 {
        let fact = person(dice, n);
        facts.parties.insert(party(n), fact);
    }
    for n in 0..3_u8 {
        let fact = catalogue(dice);
        facts.catalogues.insert(Hash([0xC0 + n; 32]), fact);
    }
    // Enough of one kind, now and then, that not all of them fit into the evidence.
    let grants = dice.pick(&[0, 1, 2, 4, 8, 30]);
    facts.grants = (0..grants).map(|n| (grant_id(n), grant(dice, n))).collect();
    let request = Request {
        actor: Some(party(1)),
        subject: Some(party(1 + dice.roll(3))),
        on_behalf_of: dice.pick(&[None, Some(Some(party(2))), Some(Some(party(3))), Some(None)]),
        together_with: dice.pick(&[&[][..], &[Some(party(2))], &[Some(party(3)), None]]).to_vec(),
        category: dice.pick(&CODES).to_owned(),
        purpose: dice.pick(&["p", "q"]).to_owned(),
        properties: Properties::default(),
        emergency: dice.roll(3) == 0,
    };
    (request, facts)
}

#[test]
fn the_evidence_alone_gives_the_same_decision() {
    let mut dice = Dice(0);
    let mut met = BTreeSet::new();
    for _ in 0..15_000 {
        let (request, facts) = world(&mut dice);
        let decision = decide(&request, AT, &facts);
        let again = decide(&request, AT, &only(&decision, &facts));
        assert_eq!(decision, again, "{request:?} {facts:#?}");
        assert!(decision.evidence.is_sorted_by(|a, b| a < b));
        met.insert(decision.reason);
    }
    // Every reason there is was met: the dice are fair enough.
    assert_eq!(met.len(), 23, "{met:?}");
    assert!(met.contains(&Reason::SignatureVoid));
}

/// A grant more, or a catalogue less, never turns a yes into another's yes: what permits is among the evidence.
#[test]
fn what_permits_holds() {
    let mut dice = Dice(1 << 40);
    for _ in 0..5_000 {
        let (request, facts) = world(&mut dice);
        let decision = decide(&request, AT, &facts);
        if !decision.permit {
            continue;
        }
        for grant in facts.grants.values().filter(|grant| decision.evidence.contains(&grant.id)) {
            let lends_words = !facts.catalogues[&grant.catalogue].in_force;
            let holds = grant.status == Status::ACTIVE && grant.counts && grant.validity.has_begun(AT);
            assert!(holds || lends_words, "{request:?} {grant:?}");
        }
    }
}
