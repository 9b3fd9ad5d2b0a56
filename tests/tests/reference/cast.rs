//! Who plays: offices with roles, clerks, firms, people, and what they are called.

use crate::deeds::DAY_MS;
use crate::stage::{Held, Stage, party};
use procura_core::{Hash, Millis};
use procura_ledger::Clock as _;
use procura_tests::model::record::{Key, Party, Says, Sort};

impl Stage {
    /// Registers those with whom each history begins.
    pub fn cast(&mut self) {
        let root = self.keys[0].clone();
        let registrar = self.keys[1].clone();
        for role in ["authority", "counter", "catalogue", "registrar"] {
            self.register(Sort::Institution, &[role], &root);
        }
        self.register(Sort::Institution, &[], &root);
        for _ in 0..3 {
            self.register(Sort::Organisation, &[], &registrar);
        }
        for _ in 0..4 {
            self.register(Sort::Person, &[], &registrar);
        }
        let officer = self.with_role("counter")[0];
        self.clerk(officer, vec!["counter"]);
        let firm = self.parties(|party| party.sort == Sort::Organisation)[0];
        self.clerk(firm, Vec::new());
    }

    fn register(&mut self, sort: Sort, roles: &[&'static str], by: &Held) {
        let says = Party { identifier: self.identifier(sort), roles: roles.to_vec(), ..party(sort) };
        if let Some(party) = self.hand_in(Says::Party(says), by) {
            self.first_key(party, by);
        }
    }

    fn clerk(&mut self, under: Hash, roles: Vec<&'static str>) {
        // Some way into the history they are over, unless it is a short one.
        let until = Some(Millis(self.world.clock.now().0 + 60 * DAY_MS));
        let says = Party { roles, under: Some(under), until, ..party(Sort::Role) };
        let Some(by) = self.keys.iter().find(|held| held.party == Some(under)).cloned() else { return };
        if let Some(role) = self.hand_in(Says::Party(says), &by) {
            self.first_key(role, &by);
        }
    }

    fn first_key(&mut self, party: Hash, by: &Held) {
        let assurance = self.one([0, 1, 1, 2]);
        let says = Key { party, basis: "first", assurance, proven: true, quorum: None };
        self.hand_in(Says::Key(says), by);
    }

    /// A new identifier that is right for a sort.
    pub fn identifier(&mut self, sort: Sort) -> String {
        // Fresh from the dice; twice the same is a refusal more.
        let number = self.dice.below(900) as u64;
        if sort == Sort::Person {
            let digits = 480_101_000 + number;
            format!("niss:{digits:09}{:02}", 97 - digits % 97)
        } else {
            let digits = 2_000_000 + number;
            format!("kbo:{digits:08}{:02}", 97 - digits % 97)
        }
    }

    /// The parties that are so.
    pub fn parties(&self, so: impl Fn(&Party) -> bool) -> Vec<Hash> {
        let of = |(id, says): (Hash, &Says)| match says {
            Says::Party(party) => so(party).then_some(id),
            _ => None,
        };
        self.model.log().iter().map(|entry| (entry.record.id, &entry.record.says)).filter_map(of).collect()
    }

    /// The parties with a role.
    pub fn with_role(&self, role: &str) -> Vec<Hash> {
        self.parties(|party| party.has(role))
    }

    /// Persons, firms and offices, who have people act for them or act themselves.
    pub fn players(&self) -> Vec<Hash> {
        self.parties(|party| !party.has("provisional"))
    }

    /// Who signs: mostly one of these parties, with a key that is active if there is one; sometimes somebody else.
    pub fn signer(&mut self, mostly: &[Hash]) -> Held {
        let of: Vec<Held> = if self.dice.chance(6) {
            self.keys.clone()
        } else {
            let theirs = |held: &&Held| held.party.is_some_and(|party| mostly.contains(&party));
            self.keys.iter().filter(theirs).cloned().collect()
        };
        let active: Vec<Held> =
            of.iter().filter(|held| self.model.status_now(&held.kid) == Some(2)).cloned().collect();
        let of = if active.is_empty() || self.dice.chance(4) { of } else { active };
        self.pick(&of).unwrap_or_else(|| self.keys[0].clone())
    }

    /// The root, mostly.
    pub fn root_or(&mut self, others: &[Hash]) -> Held {
        if self.dice.chance(60) { self.keys[0].clone() } else { self.signer(others) }
    }
}
