//! Lies about who signed: keys that are not there, not active, stolen, of others, or that vouch for each other.

use super::Trial;
use super::logs::{answer, id_of, status_of};
use super::truths::family;
use crate::hostile::Liar;
use crate::world::{Actor, ORIGIN, World};
use procura_core::draft::Draft;
use procura_core::entry::{Entry, Head, Tags};
use procura_core::key::{Signer, SoftKey};
use procura_core::kinds::proof_of_possession_message;
use procura_core::receipt::Question;
use procura_core::status::Status;
use procura_core::submission::Submission;
use procura_core::{Hash, Millis};
use procura_ledger::Clock as _;
use serde_json::json;
use std::sync::Arc;

const DAY_MS: u64 = 24 * 3600 * 1000;

pub(super) fn trials() -> Vec<Trial> {
    let (world, mother, son, given) = family();
    let stage = Stage { world: &world, mother: &mother, son: &son, given };
    [stage.strangers(), stage.ends(), stage.new_keys(), stage.chains(), stage.hooks(), shifts()].concat()
}

/// What an officer writes down whose role ends with the shift: in the last instant before, and in the first one after.
fn shifts() -> Vec<Trial> {
    let (world, mother, son, _) = family();
    let town = world.institution("kbo:0308357159", &["counter"]);
    let until = Millis(world.clock.now().0 + 60_000);
    let officer = world.role_until(&town, &["counter"], until);
    let recorded = |at: u64| {
        let mut liar = Liar::copy(&world);
        liar.now = Millis(at);
        let named = Actor { party: mother.party, ..officer.clone() };
        let draft = world.consent_draft(&named, &son.party, &["tax"], &["read"]);
        let wish = Stage::signed(draft.member("assisted", json!({"channel": "spoken"})), &officer);
        liar.log(&wish, Some(Status::ACTIVE), &[]);
        answer(&world, &mut liar, &status_of(id_of(&wish), None))
    };
    vec![
        Trial::new(
            "recorded-in-a-shift",
            "The last instant of the officer's shift.",
            "accept",
            &recorded(until.0 - 1),
        ),
        Trial::new(
            "recorded-after-a-shift",
            "The officer's shift was over.",
            "party_not_active",
            &recorded(until.0),
        ),
    ]
}

struct Stage<'a> {
    world: &'a World,
    mother: &'a Actor,
    son: &'a Actor,
    given: Hash,
}

impl Stage<'_> {
    fn liar(&self) -> Liar {
        Liar::copy(self.world)
    }

    fn signed(draft: Draft, by: &Actor) -> Submission {
        draft.sign(&by.kid, by.key.as_ref()).unwrap()
    }

    /// Her consent, under somebody's signature.
    fn consent(&self, by: &Actor) -> Submission {
        let named = Actor { party: self.mother.party, ..by.clone() };
        self.world.consent(&named, &self.son.party, &["tax"], &["read"])
    }

    /// What a verifier says of a consent that a liar logs in her name.
    fn consent_by(
        &self,
        mut liar: Liar,
        by: &Actor,
        name: &'static str,
        reason: &'static str,
        expect: &'static str,
    ) -> Trial {
        let consent = self.consent(by);
        liar.log(&consent, Some(Status::ACTIVE), &[]);
        Trial::new(name, reason, expect, &answer(self.world, &mut liar, &status_of(id_of(&consent), None)))
    }

    fn end(&self, by: &Actor, key: &Hash, since: Option<u64>) -> Submission {
        let draft = Draft::on("key-end", &self.world.occasion(), key).member("reason", json!("compromised"));
        let draft = match since {
            Some(since) => draft.member("compromised_since", json!(since)),
            None => draft,
        };
        Self::signed(draft, by)
    }

    fn key(&self, by: &Actor, of: &Actor, seed: u8, basis: &str) -> (Submission, Actor) {
        let key = SoftKey::from_seed(&[seed; 32]);
        let record = self.world.key_record(by, &of.party, &key, basis);
        let kid = id_of(&record);
        (record, Actor { kid, key: Arc::new(key), ..of.clone() })
    }

    /// A further key of the mother's, of this assurance, by her own.
    fn cosigned(&self, assurance: &str, seed: u8) -> (Submission, Hash) {
        let (occasion, key) = (self.world.occasion(), SoftKey::from_seed(&[seed; 32]));
        let (party, public) = (&self.mother.party, key.public_key());
        let message = proof_of_possession_message(ORIGIN, party, &public, &occasion.nonce);
        let proof = key.sign(&message).unwrap();
        let draft = Draft::key(&occasion, party, &public, &proof, "cosigned", assurance);
        let id = draft.id();
        (Self::signed(draft, self.mother), id)
    }

    /// A hook, honest or not, as a liar logs it.
    fn hooks(&self) -> Vec<Trial> {
        let firm = self.world.organisation("0417497106");
        let trial = |of: &Actor, by: &Actor, name, reason, expect| {
            let draft = Draft::new("hook", &self.world.occasion())
                .member("party", json!(of.party))
                .member("number", json!(1))
                .member("url", json!("https://office.example/procura"));
            let (mut liar, hook) = (self.liar(), Self::signed(draft, by));
            liar.log(&hook, Some(Status::ACTIVE), &[]);
            Trial::new(name, reason, expect, &answer(self.world, &mut liar, &status_of(id_of(&hook), None)))
        };
        vec![
            trial(&firm, &firm, "hook", "An organisation's hook.", "accept"),
            trial(self.mother, self.mother, "hook-of-a-person", "Persons have none.", "not_allowed"),
            trial(&firm, self.mother, "hook-by-another", "Her signature on a firm's hook.", "not_allowed"),
        ]
    }

    fn strangers(&self) -> Vec<Trial> {
        let as_key = |kid: Hash| Actor { kid, ..self.mother.clone() };
        let other_hand = Actor { key: self.son.key.clone(), ..self.mother.clone() };
        let (later_record, later) = self.key(self.mother, self.mother, 0xD0, "cosigned");
        let mut order = self.liar();
        let consent = self.consent(&later);
        order.log(&consent, Some(Status::ACTIVE), &[]);
        order.log(&later_record, Some(Status::ACTIVE), &[]);
        let later = answer(self.world, &mut order, &status_of(id_of(&consent), None));

        let mut accepted = self.liar();
        let acceptance = self.world.transition("acceptance", self.mother, &self.given);
        accepted.log(&acceptance, Some(Status::ACTIVE), &[]);
        let accepted = answer(self.world, &mut accepted, &status_of(self.given, None));
        let mut forged = self.liar();
        let hand = Actor { key: self.mother.key.clone(), ..self.son.clone() };
        let acceptance = self.world.transition("acceptance", &hand, &self.given);
        forged.log(&acceptance, Some(Status::ACTIVE), &[]);
        let forged = answer(self.world, &mut forged, &status_of(self.given, None));
        vec![
            self.consent_by(self.liar(), self.mother, "consent", "An honest consent.", "accept"),
            self.consent_by(
                self.liar(),
                &as_key(Hash([7; 32])),
                "kid-of-nothing",
                "The key is not in the ledger.",
                "unknown_signer",
            ),
            self.consent_by(
                self.liar(),
                &as_key(self.mother.party),
                "kid-of-a-party",
                "The key named is a party.",
                "unknown_signer",
            ),
            self.consent_by(
                self.liar(),
                &other_hand,
                "signature-by-another-key",
                "Signed by another key than it names.",
                "signature",
            ),
            self.consent_by(
                self.liar(),
                self.son,
                "consent-by-another",
                "He consents in her name.",
                "not_allowed",
            ),
            self.consent_by(
                self.liar(),
                &self.world.root,
                "consent-by-the-root",
                "The root consents in her name.",
                "not_allowed",
            ),
            Trial::new(
                "key-bound-later",
                "The key was bound after what it signed.",
                "unknown_signer",
                &later,
            ),
            Trial::new("accepted-by-the-giver", "She accepts her own mandate.", "not_allowed", &accepted),
            Trial::new(
                "accepted-by-a-forger",
                "The acceptance names his key, and she signed it.",
                "signature",
                &forged,
            ),
        ]
    }

    fn ends(&self) -> Vec<Trial> {
        let (second_record, second) = self.key(self.mother, self.mother, 0xD1, "cosigned");
        let with_two = || {
            let mut liar = self.liar();
            liar.log(&second_record, Some(Status::ACTIVE), &[]);
            liar
        };
        let now = self.liar().now.0;
        self.world.clock.pass(120_000);
        let mut ended = with_two();
        ended.log(&self.end(self.mother, &second.kid, None), Some(Status::ENDED), &[]);
        let mut dead = self.liar();
        let death = self.world.transition("revocation", &self.world.registrar, &self.mother.party);
        dead.log(&death, Some(Status::ENDED), &[]);

        // Signed first; that the key was in other hands by then comes out later.
        let later = |since: Option<u64>, shown: bool| {
            let mut liar = with_two();
            liar.now = Millis(now + 60_000);
            let consent = self.consent(&second);
            liar.log(&consent, Some(Status::ACTIVE), &[]);
            let end = self.end(&second, &second.kid, since);
            let at = liar.log(&end, Some(Status::ENDED), &[]);
            if !shown {
                liar.rows[usize::try_from(at.0).unwrap()].sealed = None;
            }
            answer(self.world, &mut liar, &status_of(id_of(&consent), None))
        };
        // The key's end says nothing; a further one, by another key of hers, brings the compromise forward.
        let mut further = with_two();
        let consent = self.consent(&second);
        further.log(&consent, Some(Status::ACTIVE), &[]);
        further.log(&self.end(&second, &second.kid, None), Some(Status::ENDED), &[]);
        further.log(&self.end(self.mother, &second.kid, Some(now)), Some(Status::ENDED), &[]);
        let further = answer(self.world, &mut further, &status_of(id_of(&consent), None));
        let mut stranger = with_two();
        let consent = self.consent(&second);
        stranger.log(&consent, Some(Status::ACTIVE), &[]);
        stranger.log(&self.end(self.son, &second.kid, Some(now)), Some(Status::ENDED), &[]);
        let stranger = answer(self.world, &mut stranger, &status_of(id_of(&consent), None));
        let mut backdated = with_two();
        backdated.now = Millis(now + 40 * DAY_MS);
        backdated.log(&self.end(self.mother, &second.kid, Some(now)), Some(Status::ENDED), &[]);
        let backdated = answer(self.world, &mut backdated, &status_of(second.kid, None));
        vec![
            self.consent_by(
                ended,
                &second,
                "signed-after-the-keys-end",
                "The key had ended.",
                "key_not_active",
            ),
            self.consent_by(
                dead,
                self.mother,
                "signed-after-the-partys-end",
                "She had died.",
                "party_not_active",
            ),
            Trial::new(
                "key-ended-since",
                "The key ended later, without a compromise.",
                "accept",
                &later(None, true),
            ),
            Trial::new(
                "compromised-since",
                "Compromised from the next instant on.",
                "accept",
                &later(Some(now + 60_001), true),
            ),
            Trial::new(
                "key-compromised",
                "The key was in other hands by then, as its own end says.",
                "key_compromised",
                &later(Some(now), true),
            ),
            Trial::new(
                "key-end-unopened",
                "The key's end is not opened: it may hide a compromise.",
                "unopened",
                &later(Some(now), false),
            ),
            Trial::new(
                "further-key-end",
                "A second key-end brings the compromise forward.",
                "key_compromised",
                &further,
            ),
            Trial::new(
                "key-end-by-a-stranger",
                "He ends her key, and calls it compromised.",
                "not_allowed",
                &stranger,
            ),
            Trial::new(
                "compromise-too-far-back",
                "She dates a compromise back 40 days.",
                "not_allowed",
                &backdated,
            ),
        ]
    }

    fn new_keys(&self) -> Vec<Trial> {
        let registrar = &self.world.registrar;
        let told = |liar: &mut Liar, id: Hash| answer(self.world, liar, &status_of(id, None));
        let (recovery, held) = self.key(registrar, self.mother, 0xD2, "recovery");
        let mut silent = self.liar();
        silent.log(&recovery, Some(Status::ACTIVE), &[]);
        let mut pending = self.liar();
        pending.log(&recovery, Some(Status::PENDING), &[]);
        let mut early = pending.clone();
        let accept = self.world.transition("acceptance", registrar, &held.kid);
        early.now = Millis(early.now.0 + 3 * DAY_MS - 1);
        let mut ripe = early.clone();
        ripe.now = Millis(ripe.now.0 + 1);
        early.log(&accept, Some(Status::ACTIVE), &[]);
        ripe.log(&accept, Some(Status::ACTIVE), &[]);
        let mut hurried = pending.clone();
        hurried.now = Millis(hurried.now.0 + 3 * DAY_MS);
        hurried.log(&self.world.transition("acceptance", self.mother, &held.kid), Some(Status::ACTIVE), &[]);
        let (cosigned, by_son) = self.key(self.son, self.mother, 0xD3, "cosigned");
        let mut strange = self.liar();
        strange.log(&cosigned, Some(Status::ACTIVE), &[]);
        // Hers is substantial.
        let mut surer = self.liar();
        let (record, risen) = self.cosigned("high", 0xD6);
        surer.log(&record, Some(Status::ACTIVE), &[]);
        let mut less_sure = self.liar();
        let (record, lower) = self.cosigned("low", 0xD7);
        less_sure.log(&record, Some(Status::ACTIVE), &[]);
        // A public key whose holder knows nothing of it.
        let occasion = self.world.occasion();
        let public = SoftKey::from_seed(&[0xD4; 32]).public_key();
        let other = proof_of_possession_message(ORIGIN, &self.mother.party, &public, &occasion.nonce);
        let proof = SoftKey::from_seed(&[0xD5; 32]).sign(&other).unwrap();
        let draft = Draft::key(&occasion, &self.mother.party, &public, &proof, "cosigned", "low");
        let stolen = Self::signed(draft, self.mother);
        let mut unproven = self.liar();
        unproven.log(&stolen, Some(Status::ACTIVE), &[]);
        vec![
            Trial::new(
                "recovery-key-ripe",
                "A recovery key is accepted after its delay.",
                "accept",
                &told(&mut ripe, held.kid),
            ),
            Trial::new(
                "recovery-key-silent",
                "A recovery key is active from the start.",
                "opening_move",
                &told(&mut silent, held.kid),
            ),
            Trial::new(
                "recovery-key-early",
                "A recovery key is accepted before its delay is over.",
                "not_allowed",
                &told(&mut early, held.kid),
            ),
            Trial::new(
                "recovery-key-by-its-party",
                "A recovery key is accepted by its own party.",
                "not_allowed",
                &told(&mut hurried, held.kid),
            ),
            self.consent_by(
                pending,
                &held,
                "recovery-key-pending",
                "A recovery key signs before it is accepted.",
                "key_not_active",
            ),
            Trial::new(
                "key-by-another-party",
                "His key vouches for a key of hers.",
                "not_allowed",
                &told(&mut strange, by_son.kid),
            ),
            Trial::new(
                "key-surer-than-its-signer",
                "Her substantial key vouches for one of high assurance.",
                "not_allowed",
                &told(&mut surer, risen),
            ),
            Trial::new(
                "key-less-sure-than-its-signer",
                "Her substantial key vouches for one of low assurance.",
                "accept",
                &told(&mut less_sure, lower),
            ),
            Trial::new(
                "key-without-possession",
                "The new key's holder signed nothing.",
                "not_allowed",
                &told(&mut unproven, id_of(&stolen)),
            ),
        ]
    }

    /// Keys upon keys.
    fn chains(&self) -> Vec<Trial> {
        let chain = |length: u8| {
            let (mut liar, mut holder) = (self.liar(), self.mother.clone());
            for n in 0..length {
                let (record, next) = self.key(&holder, self.mother, 0xE0 + n, "cosigned");
                liar.log(&record, Some(Status::ACTIVE), &[]);
                holder = next;
            }
            (liar, holder)
        };
        // Two institutions' recovery keys, each accepted by the other's.
        let mut liar = self.liar();
        let (one, first) = self.key(&self.world.root, &self.world.registrar, 0xD6, "recovery");
        let (two, second) = self.key(&self.world.root, &self.world.registrar, 0xD7, "recovery");
        liar.log(&one, Some(Status::PENDING), &[]);
        liar.log(&two, Some(Status::PENDING), &[]);
        liar.now = Millis(liar.now.0 + 4 * DAY_MS);
        liar.log(&self.world.transition("acceptance", &second, &first.kid), Some(Status::ACTIVE), &[]);
        liar.log(&self.world.transition("acceptance", &first, &second.kid), Some(Status::ACTIVE), &[]);
        let ring = answer(self.world, &mut liar, &status_of(first.kid, None));

        // A party that stands nowhere but in its key's words.
        let mut nowhere = self.liar();
        let ghost = Actor { party: Hash([8; 32]), ..self.mother.clone() };
        let (record, held) = self.key(&self.world.registrar, &ghost, 0xD8, "first");
        nowhere.log(&record, Some(Status::ACTIVE), &[]);
        let note = Self::signed(Draft::new("note", &self.world.occasion()), &held);
        nowhere.log(&note, None, &[]);
        let nowhere = answer(self.world, &mut nowhere, &Question::Existence { id: id_of(&note) });

        let mut unlisted = self.liar();
        let head =
            Head { time: unlisted.now, commitment: Hash([1; 32]), id: Hash([1; 32]), tags: Tags::default() };
        unlisted.push(Entry::Create { head, status: procura_core::status::Initial::Active }, None);
        let unopened = answer(self.world, &mut unlisted, &status_of(Hash([1; 32]), None));
        let (fits, last) = chain(5);
        let (over, beyond) = chain(9);
        vec![
            self.consent_by(fits, &last, "chain", "Five keys, each vouching for the next.", "accept"),
            self.consent_by(
                over,
                &beyond,
                "chain-too-long",
                "Nine keys, each vouching for the next.",
                "chain_too_long",
            ),
            Trial::new("keys-in-a-ring", "Two recovery keys accept each other.", "key_not_active", &ring),
            Trial::new(
                "party-of-nothing",
                "The signer's party is not in the ledger.",
                "missing_record",
                &nowhere,
            ),
            Trial::new("record-unopened", "The record itself is not opened.", "unopened", &unopened),
        ]
    }
}
