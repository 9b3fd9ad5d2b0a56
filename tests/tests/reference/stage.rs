//! The real ledger and the model side by side: what is handed in to the one is handed in to the other.

use procura_core::draft::{Draft, Occasion};
use procura_core::identifier::Identifier;
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::{PartyType, proof_of_possession_message};
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::{Clock, SubmitError, View};
use procura_tests::dice::Dice;
use procura_tests::model::Model;
use procura_tests::model::record::{Act, Catalogue, Category, Grant, Key, Party, Record, Says, Sort, Under};
use procura_tests::schemes::schemes;
use procura_tests::world::{Actor, ORIGIN, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A key and whose it is.
#[derive(Clone)]
pub struct Held {
    pub kid: Hash,
    /// The root has none.
    pub party: Option<Hash>,
    pub key: Arc<SoftKey>,
}

/// When a record was signed, and by when it is to be logged.
#[derive(Clone, Copy)]
pub struct Dated {
    pub iat: Millis,
    pub submit_by: Millis,
}

pub struct Stage {
    pub world: World,
    pub model: Model,
    pub dice: Dice,
    pub keys: Vec<Held>,
    /// The ledger after each record: its size, and a view of then.
    pub past: Vec<(u64, View)>,
    /// What was handed in, and how often each refusal was met.
    pub handed_in: Vec<(Record, Submission)>,
    pub met: BTreeMap<String, usize>,
}

impl Stage {
    pub fn new(seed: u64) -> Self {
        let world = World::in_memory();
        let mut model = Model::new(world.root.kid);
        let now = world.clock.now();
        let record = |id, kid, says| Record { id, kid, forged: false, iat: now, submit_by: now, says };
        let root = world.root.kid;
        let logged = world.logged.lock().unwrap().clone();
        let view = world.ledger.view();
        let mut log = |id, says| model.log_as_it_is(record(id, root, says), now, 2);
        log(logged[0], Says::Root { key_delay: 259_200_000 });
        for (office, role) in [(&world.registrar, "registrar"), (&world.provisional, "provisional")] {
            log(
                office.party,
                Says::Party(Party {
                    roles: vec![role],
                    identifier: office.identifier.clone(),
                    ..party(Sort::Institution)
                }),
            );
            let key = Key { party: office.party, basis: "first", assurance: 1, proven: true, quorum: None };
            log(office.kid, Says::Key(key));
        }
        log(world.catalogue, Says::Catalogue(the_worlds_words()));
        let held = |actor: &Actor, party| Held { kid: actor.kid, party, key: actor.key.clone() };
        let keys = vec![
            held(&world.root, None),
            held(&world.registrar, Some(world.registrar.party)),
            held(&world.provisional, Some(world.provisional.party)),
        ];
        let past = logged.iter().map(|id| (place(&view, id), view.clone())).collect();
        let (dice, handed_in, met) = (Dice::new(seed), Vec::new(), BTreeMap::new());
        Self { world, model, dice, keys, past, handed_in, met }
    }

    pub fn now(&self) -> Millis {
        self.world.clock.now()
    }

    /// One of these, if there are any.
    pub fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(of[self.dice.below(of.len())].clone()) }
    }

    /// One of these.
    pub fn one<T: Copy, const N: usize>(&mut self, of: [T; N]) -> T {
        of[self.dice.below(N)]
    }

    /// Signed now, to be logged within a week.
    pub fn today(&self) -> Dated {
        let iat = self.now();
        Dated { iat, submit_by: Millis(iat.0 + 7 * 86_400_000) }
    }

    /// Writes a record, signs it, and hands it in to both.
    pub fn hand_in(&mut self, says: Says, by: &Held) -> Option<Hash> {
        let (dated, forged) = (self.today(), self.past.len() > 40 && self.dice.chance(1));
        let (record, submission) = self.write(says, by, dated, forged);
        self.submit(record, submission)
    }

    /// Writes a record and signs it, under another's key if it is to be forged.
    pub fn write(&mut self, says: Says, by: &Held, dated: Dated, forged: bool) -> (Record, Submission) {
        let nonce = self.world.fresh();
        let occasion = Occasion { origin: ORIGIN, nonce, now: dated.iat };
        let (draft, handle) = self.draft(&says, &occasion);
        let draft = draft.member("submit_by", json!(dated.submit_by));
        let (id, Dated { iat, submit_by }) = (draft.id(), dated);
        let stranger = SoftKey::from_seed(&[0x77; 32]);
        let signer = if forged { &stranger } else { by.key.as_ref() };
        let mut submission = draft.sign(&by.kid, signer).unwrap();
        submission.handle = handle;
        if let Says::Key(key) = &says {
            self.keys.push(Held { kid: id, party: Some(key.party), key: Arc::new(new_key(&nonce)) });
        }
        (Record { id, kid: by.kid, forged, iat, submit_by, says }, submission)
    }

    /// Hands a record in to both: they take it and have it where it belongs, or refuse it by the same name.
    pub fn submit(&mut self, record: Record, submission: Submission) -> Option<Hash> {
        self.handed_in.push((record.clone(), submission.clone()));
        let now = self.now();
        let size = self.world.ledger.view().size();
        let expected = self.model.admit(&record, now);
        let shown = format!("{record:#?} at {now:?}");
        match (self.world.ledger.append(submission), expected) {
            (Ok(acknowledged), Ok(status)) => {
                let id = match &record.says {
                    Says::On { target, .. } => target,
                    _ => &record.id,
                };
                let real = acknowledged.view.status(id).unwrap().map(|status| status.byte());
                assert_eq!(real, status, "{shown}");
                for entry in &self.model.log()[self.past.len()..] {
                    let place = if entry.record.id == acknowledged.id {
                        acknowledged.index.0 + 1
                    } else {
                        place(&acknowledged.view, &entry.record.id)
                    };
                    self.past.push((place, acknowledged.view.clone()));
                }
                self.meet("accepted");
                Some(record.id)
            }
            (Err(SubmitError::Refused(refusal)), Err(name)) => {
                assert!(
                    refusal.name() == name,
                    "the ledger says {}, the model {name}, to {shown}",
                    refusal.name()
                );
                assert_eq!(self.world.ledger.view().size(), size, "{name} left a trace");
                self.meet(name);
                None
            }
            (real, expected) => {
                let real = real.map(|acknowledged| acknowledged.index);
                panic!("the ledger says {real:?}, the model {expected:?}, to {shown}")
            }
        }
    }

    /// Counts what was met.
    pub fn meet(&mut self, what: &str) {
        *self.met.entry(what.to_owned()).or_default() += 1;
    }

    fn draft(&mut self, says: &Says, occasion: &Occasion<'_>) -> (Draft, Option<[u8; 32]>) {
        match says {
            Says::Party(party) => {
                let handle = self.world.fresh();
                (self.party(party, occasion, handle), Some(handle))
            }
            Says::Key(key) => (draft_key(key, occasion), None),
            Says::Catalogue(catalogue) => (draft_catalogue(catalogue, occasion), None),
            Says::Grant(grant) => (draft_grant(grant, occasion), None),
            Says::On { target, act } => (draft_act(act, target, occasion), None),
            Says::Other { kind, parties } => {
                let mut parties = parties.clone();
                parties.sort_unstable();
                (Draft::new(kind, occasion).member("parties", json!(parties)), None)
            }
            Says::Root { .. } => unreachable!("the root is there already"),
        }
    }

    fn party(&mut self, party: &Party, occasion: &Occasion<'_>, handle: [u8; 32]) -> Draft {
        let party_type = match party.sort {
            Sort::Person => PartyType::Person,
            Sort::Organisation => PartyType::Organisation,
            Sort::Institution => PartyType::Institution,
            Sort::Role => PartyType::Role,
        };
        let draft = if party.sort == Sort::Role {
            Draft::new("party", occasion)
                .member("party_type", json!("role"))
                .member("handle", json!(procura_core::hash::handle_commitment(&handle)))
        } else {
            let identifier: Identifier = party.identifier.parse().unwrap();
            let salts = [self.world.fresh(), self.world.fresh()];
            Draft::party(occasion, party_type, handle, &identifier, None, &salts).unwrap()
        };
        let draft = with(draft, "under", party.under.as_ref());
        let draft = with(draft, "until", party.until.as_ref());
        let draft = with(draft, "provisional", party.provisional.then_some(true).as_ref());
        let draft = with(draft, "quorum", party.quorum.as_ref());
        let mut roles = party.roles.clone();
        roles.sort_unstable();
        if roles.is_empty() { draft } else { draft.member("roles", json!(roles)) }
    }
}

fn new_key(nonce: &[u8; 32]) -> SoftKey {
    SoftKey::from_seed(nonce)
}

fn place(view: &View, id: &Hash) -> u64 {
    view.record(id).unwrap().unwrap().logged.index.0 + 1
}

fn with<T: serde::Serialize>(draft: Draft, name: &str, value: Option<&T>) -> Draft {
    match value {
        Some(value) => draft.member(name, json!(value)),
        None => draft,
    }
}

/// A party of a sort with nothing besides.
pub fn party(sort: Sort) -> Party {
    let (roles, identifier) = (Vec::new(), String::new());
    Party { sort, identifier, roles, provisional: false, under: None, until: None, quorum: None }
}

fn draft_key(key: &Key, occasion: &Occasion<'_>) -> Draft {
    let new = new_key(&occasion.nonce);
    let public = new.public_key();
    let nonce = if key.proven { occasion.nonce } else { [0; 32] };
    let message = proof_of_possession_message(ORIGIN, &key.party, &public, &nonce);
    let assurance = ["low", "substantial", "high"][usize::from(key.assurance)];
    let proof = new.sign(&message).unwrap();
    let draft = Draft::key(occasion, &key.party, &public, &proof, key.basis, assurance);
    with(draft, "quorum", key.quorum.as_ref())
}

fn draft_catalogue(catalogue: &Catalogue, occasion: &Occasion<'_>) -> Draft {
    let title = json!({"de": "x", "en": "x", "fr": "x", "nl": "x"});
    let category = |category: &Category| {
        let mut members = json!({"code": category.code, "title": title});
        if let Some(parent) = &category.parent {
            members["parent"] = json!(parent);
        }
        if let Some(assurance) = category.assurance {
            members["assurance"] = json!(["low", "substantial", "high"][usize::from(assurance)]);
        }
        if let Some(months) = category.period {
            members["period"] = json!(match months {
                1 => "month",
                3 => "quarter",
                _ => "year",
            });
        }
        members
    };
    let categories: Vec<Value> = catalogue.categories.iter().map(category).collect();
    let purposes: Vec<Value> =
        catalogue.purposes.iter().map(|code| json!({"code": code, "title": title})).collect();
    let bases: Vec<Value> = catalogue
        .bases
        .iter()
        .enumerate()
        .map(|(n, basis)| {
            let mut row = json!({
                "code": format!("law-{n}"),
                "title": title,
                "categories": basis.categories,
                "purposes": basis.purposes,
                "recipients": basis.recipients,
            });
            if basis.emergency {
                row["emergency"] = json!(true);
            }
            row
        })
        .collect();
    let draft = Draft::new("catalogue", occasion)
        .member("code", json!("be.social"))
        .member("version", json!(2))
        .member("categories", json!(categories))
        .member("purposes", json!(purposes))
        .member("bases", json!(bases));
    let mut rows = schemes();
    let has = |row: &Value| catalogue.schemes.iter().any(|(code, _)| row["code"] == *code);
    rows.as_array_mut().unwrap().retain(has);
    let draft = if catalogue.schemes.is_empty() { draft } else { draft.member("schemes", rows) };
    with(draft, "quorum", catalogue.quorum.as_ref())
}

fn draft_grant(grant: &Grant, occasion: &Occasion<'_>) -> Draft {
    let draft = if grant.is_mandate() {
        let draft = Draft::new("mandate", occasion)
            .member("mandators", sorted(&grant.from))
            .member("mandatees", sorted(&grant.to));
        let draft = with(draft, "needed", grant.needed.as_ref());
        let draft = with(draft, "survives", grant.survives.then_some(true).as_ref());
        let draft = with(draft, "ground", grant.ground.as_ref());
        with(draft, "substitution", (grant.substitution > 0).then_some(grant.substitution).as_ref())
    } else {
        Draft::new("consent", occasion)
            .member("subject", json!(grant.from[0]))
            .member("recipient", json!(grant.to[0]))
            .set("purposes", &grant.purposes)
    };
    let draft = draft
        .member("catalogue", json!(grant.catalogue))
        .set("scopes", &grant.scopes)
        .member("valid_from", json!(grant.valid_from.to_string()))
        .member("not_before", json!(grant.not_before));
    let draft = with(draft, "valid_until", grant.valid_until.map(|day| day.to_string()).as_ref());
    let draft = with(draft, "not_after", grant.not_after.as_ref());
    let draft = with(draft, "assisted", grant.assisted.then_some(json!({"channel": "spoken"})).as_ref());
    let Some(Under { mandate, by, informed }) = &grant.under else { return draft };
    draft.member("under", json!(mandate)).member("by", sorted(by)).member("informed", sorted(informed))
}

fn sorted(ids: &[Hash]) -> Value {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    json!(ids)
}

fn draft_act(act: &Act, target: &Hash, occasion: &Occasion<'_>) -> Draft {
    let on = |kind: &str| Draft::on(kind, occasion, target);
    match act {
        Act::Acceptance => on("acceptance"),
        Act::Renunciation => on("renunciation"),
        Act::Revocation { effective } => with(on("revocation"), "effective", effective.as_ref()),
        Act::Suspension { lift } => with(on("suspension"), "lift", lift.then_some(true).as_ref()),
        Act::Dispute { step } => on("dispute").member("step", json!(step)),
        Act::KeyEnd { since } => {
            let reason = if since.is_some() { "compromised" } else { "lost" };
            with(on("key-end").member("reason", json!(reason)), "compromised_since", since.as_ref())
        }
        Act::Life(life) => {
            let draft = on("life-event").member("event", json!(life.event));
            with(draft.member("effective", json!(life.effective)), "into", life.into.as_ref())
        }
    }
}

/// What [`World`] publishes.
fn the_worlds_words() -> Catalogue {
    let category = |(code, parent): (&str, Option<&str>)| Category {
        code: code.to_owned(),
        parent: parent.map(str::to_owned),
        assurance: None,
        period: None,
    };
    let codes = [("pension", None), ("pension.file", Some("pension")), ("tax", None), ("household", None)];
    Catalogue {
        categories: codes.into_iter().map(category).collect(),
        purposes: ["read", "grant-allowance"].map(str::to_owned).to_vec(),
        bases: Vec::new(),
        schemes: schemes_for(["niss", "kbo"].as_slice()),
        quorum: None,
    }
}

/// The schemes of these codes, and whom [`schemes`] has them for.
pub fn schemes_for(codes: &[&'static str]) -> Vec<(&'static str, Vec<Sort>)> {
    let whom = |code: &str| match code {
        "niss" => vec![Sort::Person],
        _ => vec![Sort::Institution, Sort::Organisation],
    };
    codes.iter().map(|code| (*code, whom(code))).collect()
}
