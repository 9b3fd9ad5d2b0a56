//! Mandates and consents of all sorts.

use crate::stage::{Held, Stage};
use procura_core::days::Day;
use procura_core::identifier::Identifier;
use procura_core::{Hash, Millis};
use procura_tests::model::record::{Catalogue, Grant, Party, Record, Says, Sort, Under};

impl Stage {
    /// Somebody gives a mandate or a consent.
    pub fn give(&mut self) {
        let Some((says, by)) = self.a_grant_to_be() else { return };
        self.hand_in(says, &by);
    }

    /// A grant, and who is to sign it.
    pub fn a_grant_to_be(&mut self) -> Option<(Says, Held)> {
        if self.dice.chance(35)
            && let Some(child) = self.under_a_mandate()
        {
            return Some(child);
        }
        let mut grant = self.a_plain_grant()?;
        let mut by = grant.from.clone();
        match self.dice.below(10) {
            0 | 1 if grant.is_mandate() => {
                grant.ground = Some(self.one(["parental", "parental", "guardianship", "statutory"]));
                by = self.with_role("authority");
            }
            2 => {
                grant.assisted = true;
                by = self.with_role("counter");
            }
            3 | 4 if grant.is_mandate() => grant.survives = true,
            _ => {}
        }
        let by = self.signer(&by);
        Some((Says::Grant(Box::new(grant)), by))
    }

    fn a_plain_grant(&mut self) -> Option<Grant> {
        let catalogues = self.catalogues();
        let catalogue = if self.dice.chance(2) {
            Hash([8; 32])
        } else {
            self.pick(&catalogues[catalogues.len().saturating_sub(3)..])?
        };
        let words = self.words_of(&catalogue)?;
        let is_mandate = self.dice.chance(70);
        let all = self.players();
        let persons = self.parties(|party| matches!(party.sort, Sort::Person | Sort::Organisation));
        let givers = if self.dice.chance(85) { &persons } else { &all };
        let mut from = vec![self.pick(givers)?];
        let mut to = vec![self.recipient(&all)?];
        if is_mandate {
            while self.dice.chance(25) && from.len() < 3 {
                from.push(self.pick(&all)?);
            }
            while self.dice.chance(35) && to.len() < 3 {
                to.push(self.pick(&all)?);
            }
        }
        distinct(&mut from);
        distinct(&mut to);
        if !self.dice.chance(3) {
            to.retain(|party| !from.contains(party));
        }
        if to.is_empty() {
            return None;
        }
        let needed = (to.len() > 1 && self.dice.chance(50)).then(|| 2 + self.dice.below(to.len() - 1));
        let mut scopes = vec![self.a_scope(&words)?];
        while self.dice.chance(25) {
            scopes.push(self.a_scope(&words)?);
        }
        scopes.sort_unstable();
        scopes.dedup();
        let purposes = if is_mandate {
            Vec::new()
        } else {
            vec![if self.dice.chance(3) { "nowhere".to_owned() } else { self.pick(&words.purposes)? }]
        };
        let mut grant = Grant {
            from,
            to,
            needed,
            catalogue,
            scopes,
            purposes,
            valid_from: self.a_day(0),
            valid_until: None,
            not_before: Millis(0),
            not_after: None,
            substitution: if is_mandate { self.one([0, 1, 2, 3]) } else { 0 },
            survives: false,
            ground: None,
            assisted: false,
            under: None,
        };
        self.give_days(&mut grant);
        Some(grant)
    }

    fn words_of(&self, catalogue: &Hash) -> Option<Catalogue> {
        let log = self.model.log();
        let entry = log.iter().find(|entry| entry.record.id == *catalogue);
        match entry.or(log.last()).map(|entry| &entry.record.says) {
            Some(Says::Catalogue(words)) => Some(words.clone()),
            _ => None,
        }
    }

    fn a_scope(&mut self, words: &Catalogue) -> Option<String> {
        if self.dice.chance(2) {
            return Some("nothing".to_owned());
        }
        self.pick(&words.categories).map(|category| category.code)
    }

    /// Somebody to receive something; now and then somebody whom nobody has registered yet.
    fn recipient(&mut self, all: &[Hash]) -> Option<Hash> {
        if !self.dice.chance(6) {
            return self.pick(all);
        }
        if self.dice.chance(20) {
            return Some(Hash([6; 32]));
        }
        let identifier = self.identifier(Sort::Person);
        let known: Identifier = identifier.parse().unwrap();
        let found = self.world.ledger.resolve(&known);
        let (now, kid) = (self.now(), self.world.provisional.kid);
        let says = Party { provisional: true, identifier, ..crate::stage::party(Sort::Person) };
        let id = match (found, self.model.may_be_looked_up(&says)) {
            (Ok(id), Ok(())) => id,
            (Err(refusal), Err(name)) => {
                assert_eq!(refusal.name(), name);
                return None;
            }
            (found, expected) => panic!("looked up, the ledger says {found:?}, the model {expected:?}"),
        };
        let says = Says::Party(says);
        let submit_by = Millis(now.0 + 7 * crate::deeds::DAY_MS);
        self.model.prepare(Record { id, kid, forged: false, iat: now, submit_by, says }, now);
        Some(id)
    }

    /// From when, and until when.
    fn give_days(&mut self, grant: &mut Grant) {
        let period = if self.dice.chance(85) { self.one_period(grant) } else { 0 };
        grant.valid_from = self.a_day(period);
        let length: i8 = self.one([0, 1, 1, 2, 10]);
        if length > 0 {
            let months = if period == 0 { length } else { length * period };
            let next = later(grant.valid_from, months);
            // The day before the same day so many months later.
            grant.valid_until = Day::of(Millis(next.first_instant().0 - 1));
        } else if self.dice.chance(15) {
            grant.valid_until = Some(grant.valid_from);
        }
        grant.not_before = grant.valid_from.first_instant();
        grant.not_after = grant.valid_until.map(Day::instant_after);
        if self.dice.chance(2) {
            grant.not_before = Millis(grant.not_before.0 + 1);
        }
        if self.dice.chance(2) {
            let today = Day::of(self.now()).unwrap();
            grant.valid_from = Day::of(Millis(today.first_instant().0 - 1)).unwrap();
            grant.not_before = grant.valid_from.first_instant();
        }
    }

    /// The longest period that a category of a grant's catalogue near its scopes has, in months; 0 if there is none.
    pub fn one_period(&self, grant: &Grant) -> i8 {
        let Some(words) = self.words_of(&grant.catalogue) else { return 0 };
        let near = |code: &str| {
            let top = |code: &str| code.split('.').next().unwrap_or_default().to_owned();
            grant.scopes.iter().any(|scope| top(scope) == top(code))
        };
        let periods = words.categories.iter().filter(|one| near(&one.code)).filter_map(|one| one.period);
        periods.max().unwrap_or(0)
    }

    /// Today or a day soon; with a period of so many months the first day of the next one.
    pub fn a_day(&mut self, period: i8) -> Day {
        let today = Day::of(self.now()).unwrap();
        if period == 0 {
            let soon = self.one([0, 0, 0, 0, 1, 10]) * crate::deeds::DAY_MS;
            return Day::of(Millis(self.now().0 + soon)).unwrap();
        }
        let month = (today.month() - 1) / period * period + 1;
        later(Day::new(today.year(), month, 1).unwrap(), period)
    }

    /// Those who may act for somebody hand on what they may.
    fn under_a_mandate(&mut self) -> Option<(Says, Held)> {
        let mut above = self.grants();
        above.retain(|(_, grant, status)| {
            grant.is_mandate() && (*status == 2) && (grant.substitution > 0 || grant.ground.is_some())
        });
        if self.dice.chance(8) {
            above = self.grants();
        }
        let (mandate, above, _) = self.pick(&above)?;
        let mut grant = self.a_plain_grant()?;
        let single = above.from.len() == 1;
        if grant.purposes.is_empty() || !single {
            grant.purposes.clear();
            grant.from = above.from.clone();
            grant.substitution = above.substitution.saturating_sub(1 + self.dice.below(2) as u64);
            if self.dice.chance(5) {
                grant.substitution = above.substitution.min(4);
            }
        } else {
            grant.from = above.from.clone();
            grant.substitution = 0;
        }
        let mut by = above.to.clone();
        let needed = above.needed.unwrap_or(1);
        while by.len() > needed && self.dice.chance(60) {
            by.pop();
        }
        if self.dice.chance(5) {
            by.truncate(1);
        }
        let mut informed: Vec<Hash> = above.to.clone();
        informed.extend(above.under.iter().flat_map(|under| under.informed.clone()));
        if self.dice.chance(3) {
            informed.truncate(1);
        }
        distinct(&mut informed);
        if !self.dice.chance(3) {
            grant.to.retain(|party| !grant.from.contains(party) && !by.contains(party));
        }
        if grant.to.is_empty() {
            return None;
        }
        grant.needed = grant.needed.filter(|needed| *needed <= grant.to.len());
        if !self.dice.chance(5) {
            grant.catalogue = above.catalogue;
        }
        if !self.dice.chance(10) {
            grant.scopes = above.scopes.clone();
            if !grant.purposes.is_empty() {
                let words = self.words_of(&grant.catalogue)?;
                grant.purposes = vec![self.pick(&words.purposes)?];
            }
        }
        if !self.dice.chance(8) {
            let today = Day::of(self.now()).unwrap();
            grant.valid_from = above.valid_from.max(today);
            grant.valid_until = above.valid_until.filter(|until| *until >= grant.valid_from);
            grant.not_before = grant.valid_from.first_instant();
            grant.not_after = grant.valid_until.map(Day::instant_after);
        }
        let by_them = self.signer(&by);
        grant.under = Some(Under { mandate, by, informed });
        Some((Says::Grant(Box::new(grant)), by_them))
    }
}

fn distinct(ids: &mut Vec<Hash>) {
    ids.sort_unstable();
    ids.dedup();
}

/// The same day so many months later, or the 1st if there might be none.
fn later(day: Day, months: i8) -> Day {
    let month = i16::from(day.month() - 1) + i16::from(months);
    let number = if day.day() > 28 { 1 } else { day.day() };
    let month_of_year = i8::try_from(month % 12).unwrap() + 1;
    Day::new(day.year() + month / 12, month_of_year, number).unwrap()
}
