//! What happens in a history: a deed at a time, mostly a sensible one.

use crate::stage::{Dated, Held, Stage, party, schemes_for};
use procura_core::{Hash, Millis};
use procura_ledger::Clock as _;
use procura_tests::model::record::{Act, Basis, Catalogue, Category, Grant, Key, Life, Party, Says, Sort};

pub const DAY_MS: u64 = 86_400_000;

impl Stage {
    /// Something happens.
    pub fn deed(&mut self) {
        match self.dice.below(100) {
            0..=3 => self.enrol(),
            4..=9 => self.bind(),
            10..=12 => self.end_a_key(),
            13..=14 => self.publish(),
            15..=33 => self.give(),
            34..=57 => self.accept(),
            58..=62 => self.withdraw(),
            63..=66 => self.suspend(),
            67..=71 => self.dispute(),
            72..=79 => self.live(),
            80..=82 => self.note(),
            83..=85 => self.hand_in_again(),
            86..=87 => self.hand_in_late(),
            88..=89 => self.aim_badly(),
            _ => self.pass_time(),
        }
    }

    fn pass_time(&mut self) {
        let odd = self.dice.below(1_000) as u64;
        let days = self.one([0, 0, 1, 3, 4, 20, 31, 100]);
        self.world.clock.pass(days * DAY_MS + odd);
    }

    fn enrol(&mut self) {
        let sort = self.one([Sort::Person, Sort::Person, Sort::Organisation, Sort::Institution, Sort::Role]);
        let mut says = Party { identifier: self.identifier(sort), ..party(sort) };
        let mut by = self.with_role("registrar");
        match sort {
            Sort::Institution if self.dice.chance(20) => says.identifier = self.identifier(Sort::Person),
            Sort::Institution => says.roles = self.one([&[][..], &["authority"], &["counter"]]).to_vec(),
            Sort::Role => {
                let mut all = self.players();
                all.push(Hash([6; 32]));
                says.under = self.pick(&all);
                by = says.under.into_iter().collect();
                if self.dice.chance(30) {
                    says.roles = vec!["counter"];
                }
                if self.dice.chance(60) {
                    says.until = Some(Millis(self.world.clock.now().0 + self.one([0, 1, 3, 20]) * DAY_MS));
                }
            }
            Sort::Person if self.dice.chance(30) => {
                says.provisional = true;
                by = self.with_role("provisional");
            }
            _ => {}
        }
        says.quorum = self.dice.chance(4).then_some(2);
        let by = if sort == Sort::Institution { self.root_or(&by) } else { self.signer(&by) };
        self.hand_in(Says::Party(says), &by);
    }

    fn bind(&mut self) {
        let all = self.parties(|_| true);
        let Some(party) = self.pick(&all) else { return };
        let has = self.keys.iter().any(|held| held.party == Some(party));
        let basis = if has { self.one(["cosigned", "recovery", "first"]) } else { "first" };
        let registrars = self.with_role("registrar");
        let by = if basis == "cosigned" { self.signer(&[party]) } else { self.signer(&registrars) };
        let by = if basis != "cosigned" && self.dice.chance(30) { self.keys[0].clone() } else { by };
        self.bind_for(party, basis, &by);
    }

    fn bind_for(&mut self, party: Hash, basis: &'static str, by: &Held) {
        let (assurance, proven) = (self.one([0, 1, 2]), !self.dice.chance(3));
        let quorum = (basis == "first" && self.dice.chance(3)).then_some(2);
        self.hand_in(Says::Key(Key { party, basis, assurance, proven, quorum }), by);
    }

    fn end_a_key(&mut self) {
        // Rarely an office's: so much rests on those.
        let offices = self.parties(|party| party.sort == Sort::Institution);
        let of_people = |held: &&Held| held.party.is_some_and(|party| !offices.contains(&party));
        let mut keys: Vec<Held> = self.keys.iter().filter(of_people).cloned().collect();
        if self.dice.chance(15) {
            keys = self.keys[1..].to_vec();
        }
        let Some(held) = self.pick(&keys) else { return };
        let back = self.one([0, 1, 9, 29, 31, 90]) * DAY_MS;
        let since = self.dice.chance(70).then_some(Millis(self.now().0 - back));
        let by: Vec<Hash> = held.party.into_iter().chain(self.with_role("registrar")).collect();
        let by = if self.dice.chance(30) { self.with_role("authority") } else { by };
        let by = self.signer(&by);
        self.on(held.kid, Act::KeyEnd { since }, &by);
        // Somebody finds out more, or less, than was known.
        if self.dice.chance(15) {
            let since = Some(Millis(self.now().0 - self.one([0, 9, 29]) * DAY_MS));
            self.on(held.kid, Act::KeyEnd { since }, &by);
        }
    }

    fn on(&mut self, target: Hash, act: Act, by: &Held) -> Option<Hash> {
        self.hand_in(Says::On { target, act }, by)
    }

    fn publish(&mut self) {
        let Some(words) = self.words() else { return };
        let by = self.with_role("catalogue");
        let by = self.root_or(&by);
        if let Some(old) = self.hand_in(Says::Catalogue(words), &by)
            && self.dice.chance(30)
        {
            let catalogues = self.catalogues();
            let old = self.pick(&catalogues).unwrap_or(old);
            let by = self.with_role("catalogue");
            let by = self.root_or(&by);
            self.on(old, Act::Revocation { effective: None }, &by);
        }
    }

    fn words(&mut self) -> Option<Catalogue> {
        let mut categories = Vec::new();
        let tree = [
            ("pension", None),
            ("pension.file", Some("pension")),
            ("pension.file.pay", Some("pension.file")),
            ("tax", None),
            ("tax.income", Some("tax")),
            ("work", None),
            ("work.flexi", Some("work")),
        ];
        for (code, parent) in tree {
            if parent.is_some_and(|parent| !categories.iter().any(|one: &Category| one.code == parent)) {
                continue;
            }
            if self.dice.chance(15) && !categories.is_empty() {
                continue;
            }
            let period =
                if code.starts_with("work") { self.one([None, Some(1), Some(3), Some(12)]) } else { None };
            let assurance = if code.starts_with("tax") { self.one([None, Some(1), Some(2)]) } else { None };
            let (code, parent) = (code.to_owned(), parent.map(str::to_owned));
            categories.push(Category { code, parent, assurance, period });
        }
        let mut purposes = vec!["read".to_owned()];
        if self.dice.chance(60) {
            purposes.push("grant-allowance".to_owned());
        }
        let offices = self.parties(|party| matches!(party.sort, Sort::Institution | Sort::Organisation));
        let mut bases = Vec::new();
        for _ in 0..self.dice.below(3) {
            bases.push(Basis {
                categories: vec![self.pick(&categories)?.code],
                purposes: vec![self.pick(&purposes)?],
                recipients: vec![self.pick(&offices)?],
                emergency: self.dice.chance(40),
            });
        }
        let codes: &[&'static str] = self.one([&[][..], &["niss"], &["kbo", "niss"]]);
        let schemes = schemes_for(codes);
        Some(Catalogue { categories, purposes, bases, schemes, quorum: self.dice.chance(5).then_some(2) })
    }

    /// The ids of all catalogues.
    pub fn catalogues(&self) -> Vec<Hash> {
        let log = self.model.log().iter();
        log.filter(|entry| matches!(entry.record.says, Says::Catalogue(_)))
            .map(|entry| entry.record.id)
            .collect()
    }

    /// All grants, with their statuses.
    pub fn grants(&self) -> Vec<(Hash, Grant, u8)> {
        let of = |(id, says): (Hash, &Says)| match says {
            Says::Grant(grant) => Some((id, Grant::clone(grant), self.model.status_now(&id)?)),
            _ => None,
        };
        self.model.log().iter().map(|entry| (entry.record.id, &entry.record.says)).filter_map(of).collect()
    }

    /// A grant, mostly of this status.
    fn a_grant(&mut self, status: impl Fn(u8) -> bool) -> Option<(Hash, Grant, u8)> {
        let mut grants = self.grants();
        if !self.dice.chance(8) {
            grants.retain(|grant| status(grant.2));
        }
        // The newest ones more often: they are still being made.
        let newest = grants.len().saturating_sub(6);
        let grants = if self.dice.chance(50) { &grants[newest..] } else { &grants[..] };
        self.pick(grants)
    }

    fn accept(&mut self) {
        if self.dice.chance(8) {
            return self.accept_who_or_what();
        }
        let Some((id, grant, _)) = self.a_grant(|status| status == 1) else { return };
        let by: Vec<Hash> = grant.from.iter().chain(&grant.to).chain(grant.by()).copied().collect();
        // Mostly somebody who has not signed yet.
        let signed: Vec<Hash> = self
            .model
            .log()
            .iter()
            .filter(|entry| {
                entry.record.id == id
                    || matches!(entry.record.says, Says::On { target, act: Act::Acceptance } if target == id)
            })
            .filter_map(|entry| self.keys.iter().find(|held| held.kid == entry.record.kid)?.party)
            .collect();
        let missing: Vec<Hash> = by.iter().filter(|party| !signed.contains(party)).copied().collect();
        let by = if missing.is_empty() || self.dice.chance(10) { by } else { missing };
        let by = self.signer(&by);
        self.on(id, Act::Acceptance, &by);
    }

    fn accept_who_or_what(&mut self) {
        let mut pending: Vec<Hash> = self.parties(|party| party.provisional);
        pending.extend(self.keys.iter().map(|held| held.kid));
        pending.retain(|id| self.model.status_now(id) == Some(1));
        pending.extend(self.catalogues().first());
        let Some(target) = self.pick(&pending) else { return };
        let registrars = self.with_role("registrar");
        let by = if self.dice.chance(20) { self.keys[0].clone() } else { self.signer(&registrars) };
        self.on(target, Act::Acceptance, &by);
    }

    fn withdraw(&mut self) {
        let all = self.players();
        if self.dice.chance(7) {
            let Some(target) = self.pick(&all) else { return };
            let by = self.root_or(&all);
            self.on(target, Act::Revocation { effective: None }, &by);
            return;
        }
        let Some((id, grant, _)) = self.a_grant(|status| status != 15) else { return };
        if self.dice.chance(30) {
            let by = self.signer(&grant.to);
            self.on(id, Act::Renunciation, &by);
            return;
        }
        let ahead = self.one([0, 1, 30]) * DAY_MS;
        let mut effective = Millis(self.now().0 + ahead);
        if self.dice.chance(60) {
            effective = self.a_day(self.one_period(&grant)).first_instant();
        }
        let effective = (grant.is_mandate() && self.dice.chance(50)).then_some(effective.max(self.now()));
        let by = self.who_withdraws(&grant);
        self.on(id, Act::Revocation { effective }, &by);
    }

    fn who_withdraws(&mut self, grant: &Grant) -> Held {
        let authorities = self.with_role("authority");
        let own: Vec<Hash> = grant.from.iter().chain(grant.by()).copied().collect();
        self.signer(if grant.ground.is_some() { &authorities } else { &own })
    }

    fn suspend(&mut self) {
        if self.dice.chance(35) {
            let others = self.keys[1..].to_vec();
            let Some(held) = self.pick(&others) else { return };
            let lift = self.model.status_now(&held.kid) == Some(3);
            let mut by = self.with_role("registrar");
            by.extend(held.party.filter(|_| !lift));
            let by = self.signer(&by);
            self.on(held.kid, Act::Suspension { lift }, &by);
            return;
        }
        let lift = self.dice.chance(50);
        let wanted = if lift { 3 } else { 2 };
        let Some((id, grant, _)) = self.a_grant(|status| status == wanted) else { return };
        let by = self.who_withdraws(&grant);
        self.on(id, Act::Suspension { lift }, &by);
    }

    fn dispute(&mut self) {
        let authorities = self.with_role("authority");
        if self.dice.chance(10) {
            // An authority may dispute whatever has a status.
            let log = self.model.log();
            let ids: Vec<Hash> = log.iter().map(|entry| entry.record.id).collect();
            let mut disputed = ids.clone();
            disputed.retain(|id| self.model.status_now(id).is_some_and(|status| status > 16));
            let lift = !disputed.is_empty() && self.dice.chance(70);
            let Some(target) = self.pick(if lift { &disputed } else { &ids }) else { return };
            let by = self.signer(&authorities);
            self.on(target, Act::Dispute { step: if lift { "dismissed" } else { "open" } }, &by);
            return;
        }
        let open = self.dice.chance(50);
        let fits = |status: u8| (status > 16) != open && status != 15;
        let Some((id, grant, _)) = self.a_grant(fits) else { return };
        let step = if open { "open" } else { self.one(["dismissed", "dismissed", "upheld"]) };
        let mut by: Vec<Hash> = grant.from.iter().chain(&grant.to).chain(grant.by()).copied().collect();
        if !open || self.dice.chance(30) {
            by = authorities;
        }
        let by = self.signer(&by);
        self.on(id, Act::Dispute { step }, &by);
    }

    fn live(&mut self) {
        let persons = self.parties(|party| party.sort == Sort::Person);
        let firms = self.parties(|party| matches!(party.sort, Sort::Organisation) || party.roles.is_empty());
        let protected: Vec<Hash> =
            persons.iter().filter(|id| self.model.status_now(id) == Some(3)).copied().collect();
        let (event, of) = match self.dice.below(10) {
            0 => ("death", &persons),
            1 => ("closure", &firms),
            2 => ("merger", &firms),
            3..=5 => ("protection", &persons),
            6..=7 if !protected.is_empty() => ("protection-end", &protected),
            _ => ("majority", &persons),
        };
        let Some(target) = self.pick(of) else { return };
        let back = self.one([0, 0, 1, 3, 20, 60]) * DAY_MS;
        let effective = if self.dice.chance(4) { self.now().0 + 1_000 } else { self.now().0 - back };
        let into: Vec<Hash> = firms.iter().filter(|id| **id != target).copied().collect();
        let into = if event == "merger" { self.pick(&into) } else { None };
        let authorities = self.with_role("authority");
        let by = self.signer(&authorities);
        self.on(target, Act::Life(Life { event, effective: Millis(effective), into }), &by);
    }

    fn note(&mut self) {
        let all = self.players();
        let Some(one) = self.pick(&all) else { return };
        let parties = vec![if self.dice.chance(10) { Hash([7; 32]) } else { one }];
        let kind = if self.dice.chance(10) { "ledger-end" } else { "note" };
        let by = if self.dice.chance(10) { self.keys[0].clone() } else { self.signer(&all) };
        self.hand_in(Says::Other { kind, parties }, &by);
    }

    fn hand_in_again(&mut self) {
        let before = self.handed_in.clone();
        let Some((mut record, submission)) = self.pick(&before) else { return };
        if self.dice.chance(60) {
            self.submit(record, submission);
            return;
        }
        // The same payload, signed by somebody else.
        let keys = self.keys.clone();
        let Some(other) = self.pick(&keys) else { return };
        let payload = submission.record.split('.').nth(1).unwrap();
        let payload = procura_core::b64::decode(payload).unwrap();
        let jws =
            procura_core::jws::Jws::sign(&other.kid, procura_core::record::TYP, &payload, other.key.as_ref());
        (record.kid, record.forged) = (other.kid, false);
        self.submit(record, procura_core::submission::Submission { record: jws.unwrap(), ..submission });
    }

    fn hand_in_late(&mut self) {
        let Some((says, by)) = self.a_grant_to_be() else { return };
        let (iat, week) = (self.now(), 7 * DAY_MS);
        let dated = match self.dice.below(5) {
            0 => Dated { iat: Millis(iat.0 + 400_000), submit_by: Millis(iat.0 + week) },
            1 => Dated { iat, submit_by: Millis(iat.0 + week + 1) },
            2 => Dated { iat, submit_by: Millis(iat.0 - 1) },
            3 => Dated { iat: Millis(iat.0 + 200_000), submit_by: Millis(iat.0 + week) },
            _ => Dated { iat, submit_by: Millis(iat.0 + 1_000) },
        };
        let says = if self.dice.chance(50) {
            says
        } else {
            let Some((target, ..)) = self.a_grant(|status| status == 2) else { return };
            Says::On { target, act: Act::Revocation { effective: None } }
        };
        let (record, submission) = self.write(says, &by, dated, false);
        let wait = self.one([0, 1_000, 1_001, 4 * DAY_MS]);
        self.world.clock.pass(wait);
        self.submit(record, submission);
    }

    /// A transition on what it is not for, or on nothing.
    fn aim_badly(&mut self) {
        let mut ids: Vec<Hash> = self.model.log().iter().map(|entry| entry.record.id).collect();
        ids.push(Hash([9; 32]));
        let Some(target) = self.pick(&ids) else { return };
        let effective = self.now();
        let acts = [
            Act::Acceptance,
            Act::Renunciation,
            Act::Revocation { effective: None },
            Act::Suspension { lift: false },
            Act::Dispute { step: "open" },
            Act::KeyEnd { since: None },
            Act::Life(Life { event: "death", effective, into: None }),
            Act::Life(Life { event: "closure", effective, into: None }),
        ];
        let Some(act) = self.pick(&acts) else { return };
        let all = self.parties(|_| true);
        let by = self.root_or(&all);
        self.on(target, act, &by);
    }
}
