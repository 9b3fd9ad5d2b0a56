//! Whether a record is logged: the table of refusals, from its top.

use super::record::{Act, Grant, Party, Record, Says, Sort};
use super::status::{ACTIVE, DISPUTED, ENDED, PENDING, SUSPENDED};
use super::{Entry, Model, moves};
use procura_core::days::Day;
use procura_core::{Hash, Millis};

const FIVE_MIN_MS: u64 = 5 * 60_000;
const DAY_MS: u64 = 24 * 3_600_000;

impl Model {
    /// Hands a record in at `now`. Logged, it has this status, or moves its target there; a trace has none.
    ///
    /// # Errors
    /// The name of the refusal.
    pub fn admit(&mut self, record: &Record, now: Millis) -> Result<Option<u8>, &'static str> {
        let waiting = std::mem::take(&mut self.prepared).into_iter();
        self.prepared = waiting
            .filter(|(party, since)| {
                let admitted = matches!(&party.says, Says::Party(party) if self.has_scheme(party).is_ok());
                admitted && now.0 - since.0 < DAY_MS
            })
            .collect();
        alone(record)?;
        self.can_be_found(record)?;
        if record.forged {
            return Err("signature");
        }
        if let Some(n) = self.log.iter().position(|entry| entry.record.id == record.id) {
            return if self.is_same_signer(n, record) {
                Ok(self.status_through(record))
            } else {
                Err("not_yours")
            };
        }
        self.grounds_count(record)?;
        self.signer_counts(record, now)?;
        self.may_sign(record, now)?;
        if let Says::Key(key) = &record.says
            && !self.could_sign(&record.kid, &key.party)
        {
            return Err("chain_too_long");
        }
        let becomes = self.becomes(record)?;
        in_time(record, now)?;
        self.in_place(record, now)?;
        self.log_prepared(record, now)?;
        self.log.push(Entry { record: record.clone(), time: now, becomes });
        Ok(becomes)
    }

    /// `unknown_target`, `unknown_party` of a key, `unknown_key`.
    fn can_be_found(&self, record: &Record) -> Result<(), &'static str> {
        let kid = record.kid;
        let known = kid == self.root || self.key(&kid).is_some();
        if known && record.forged {
            return Err("signature");
        }
        if let Says::On { target, .. } = &record.says
            && self.find(target).is_none_or(|n| self.log[n].becomes.is_none() || self.is_transition(n))
        {
            return Err("unknown_target");
        }
        // Here nobody is logged by the way.
        let party = match &record.says {
            Says::Key(key) => Some(key.party),
            Says::Party(party) => party.under,
            _ => None,
        };
        if party.is_some_and(|party| self.party(&party).is_none()) {
            return Err("unknown_party");
        }
        if known { Ok(()) } else { Err("unknown_key") }
    }

    /// The status of a record, or of the one that it moves.
    fn status_through(&self, record: &Record) -> Option<u8> {
        match &record.says {
            Says::On { target, .. } => self.status_now(target),
            _ => self.status_now(&record.id),
        }
    }

    fn is_transition(&self, n: usize) -> bool {
        matches!(self.log[n].record.says, Says::On { .. })
    }

    fn is_same_signer(&self, n: usize, record: &Record) -> bool {
        let kid = self.log[n].record.kid;
        kid == record.kid
            || self.key(&record.kid).is_some_and(|(_, key)| self.signed_by(n) == Some(key.party))
    }

    /// What a record moves, or binds a key to, is not void: but a key can always be ended.
    fn grounds_count(&self, record: &Record) -> Result<(), &'static str> {
        let ground = match &record.says {
            Says::On { act: Act::KeyEnd { .. }, .. } => None,
            Says::On { target, .. } => self.find(target),
            Says::Key(key) => self.find(&key.party),
            Says::Party(party) => party.under.and_then(|under| self.find(&under)),
            _ => None,
        };
        let all = self.log.len();
        if ground.is_none_or(|n| self.record_counts(n, all, all)) { Ok(()) } else { Err("key_compromised") }
    }

    fn signer_counts(&self, record: &Record, now: Millis) -> Result<(), &'static str> {
        if let Says::On { act: Act::KeyEnd { .. }, .. } = record.says {
            return self.key_is_active(&record.kid, self.log.len(), now);
        }
        self.key_counts(&record.kid, self.log.len(), now, self.log.len())
    }

    fn becomes(&self, record: &Record) -> Result<Option<u8>, &'static str> {
        Ok(Some(match &record.says {
            Says::Root { .. } | Says::Catalogue(_) => ACTIVE,
            Says::Party(party) => {
                if party.provisional {
                    PENDING
                } else {
                    ACTIVE
                }
            }
            Says::Key(key) => {
                if key.basis == "recovery" {
                    PENDING
                } else {
                    ACTIVE
                }
            }
            Says::Grant(grant) => moves::grant_begins(grant),
            Says::On { target, act } => {
                let n = self.find(target).ok_or("unknown_target")?;
                let before = self.status(n, self.log.len()).ok_or("unknown_target")?;
                if !moves::fits(act, &self.log[n].record) {
                    return Err("move");
                }
                moves::after(act, before, self.is_last(n, record)).ok_or("move")?
            }
            Says::Other { .. } => return Ok(None),
        }))
    }

    /// What depends on the rest of the ledger: from `period` to the end of the table.
    fn in_place(&self, record: &Record, now: Millis) -> Result<(), &'static str> {
        match &record.says {
            Says::Party(party) => {
                let taken = |entry: &Entry| matches!(&entry.record.says, Says::Party(other) if same_person(other, party));
                self.has_scheme(party)?;
                if self.log.iter().any(taken) {
                    return Err("party_exists");
                }
                self.named(&party.under.iter().copied().collect::<Vec<_>>(), now)
            }
            Says::Key(key) => {
                let has = |entry: &Entry| matches!(&entry.record.says, Says::Key(other) if other.party == key.party);
                if key.basis == "first" && self.log.iter().any(has) {
                    return Err("not_first");
                }
                self.named(&[key.party], now)
            }
            Says::Grant(grant) => self.grant_in_place(grant, now),
            Says::On { act: Act::Life(life), .. } => {
                if life.effective > now {
                    return Err("ahead");
                }
                let Some(into) = life.into else { return Ok(()) };
                self.named(&[into], now)?;
                match self.party_to_be(&into) {
                    Some((_, party)) if matches!(party.sort, Sort::Organisation | Sort::Institution) => {
                        Ok(())
                    }
                    _ => Err("unknown_party"),
                }
            }
            Says::Catalogue(words) => {
                let recipients = words.bases.iter().flat_map(|basis| basis.recipients.clone());
                self.named(&recipients.collect::<Vec<_>>(), now)
            }
            Says::On { target, act: Act::Revocation { effective: Some(effective) } } => {
                let Some((_, grant)) = self.grant(target) else { return Ok(()) };
                self.turns(grant, &[*effective])
            }
            Says::On { target, act: Act::KeyEnd { since } } => self.brings_forward(target, *since),
            Says::Other { parties, .. } => self.named(parties, now),
            _ => Ok(()),
        }
    }

    /// The schemes of all catalogues in force.
    pub(super) fn schemes(&self) -> Vec<&(&'static str, Vec<Sort>)> {
        let all = self.log.len();
        let in_force = (0..all).filter_map(|n| match &self.log[n].record.says {
            Says::Catalogue(words) => {
                let counts = self.status(n, all) == Some(ACTIVE) && self.record_counts(n, all, all);
                counts.then_some(words.schemes.iter())
            }
            _ => None,
        });
        in_force.flatten().collect()
    }

    /// A catalogue in force has the scheme of the party's identifier, for its sort.
    pub(super) fn has_scheme(&self, party: &Party) -> Result<(), &'static str> {
        let schemes = self.schemes();
        let none_yet = schemes.is_empty() && party.sort == Sort::Institution;
        if party.sort == Sort::Role || none_yet {
            return Ok(());
        }
        let its = |code: &str| party.identifier.split(':').next() == Some(code);
        let its: Vec<_> = schemes.into_iter().filter(|(code, _)| its(code)).collect();
        match its.iter().any(|(_, sorts)| sorts.contains(&party.sort)) {
            true => Ok(()),
            false if its.is_empty() => Err("unknown_scheme"),
            false => Err("scheme_party_type"),
        }
    }

    fn grant_in_place(&self, grant: &Grant, now: Millis) -> Result<(), &'static str> {
        // For somebody under protection others act, by law or under a mandate that holds on.
        let others_act = grant.ground.is_some() || grant.under.is_some();
        let protected = |party: &Hash| self.status_now(party) == Some(SUSPENDED);
        let mut parties = grant.from.clone();
        parties.retain(|party| !(others_act && protected(party)));
        parties.extend(&grant.to);
        self.named(&parties, now)?;
        let Some((n, words)) = self.catalogue(&grant.catalogue) else { return Err("unknown_catalogue") };
        let all = self.log.len();
        if self.status(n, all) != Some(ACTIVE) || !self.record_counts(n, all, all) {
            return Err("unknown_catalogue");
        }
        if !grant.scopes.iter().all(|code| words.category(code).is_some()) {
            return Err("unknown_scope");
        }
        if grant.is_mandate() {
            let ends: Vec<Millis> = std::iter::once(grant.not_before).chain(grant.not_after).collect();
            self.turns(grant, &ends)?;
        }
        if !self.scopes_within(grant, words) {
            return Err("beyond");
        }
        if !grant.purposes.iter().all(|code| words.purposes.contains(code)) {
            return Err("unknown_purpose");
        }
        Ok(())
    }

    /// A mandate begins and ends where a period of its catalogue does.
    fn turns(&self, grant: &Grant, instants: &[Millis]) -> Result<(), &'static str> {
        let Some((_, words)) = self.catalogue(&grant.catalogue) else { return Ok(()) };
        let all = instants.iter().all(|instant| words.may_turn_at(&grant.scopes, *instant));
        if all { Ok(()) } else { Err("period") }
    }

    /// A further key-end says an earlier `compromised_since` than any before.
    fn brings_forward(&self, key: &Hash, since: Option<Millis>) -> Result<(), &'static str> {
        let before: Vec<Option<Millis>> = self
            .log
            .iter()
            .filter_map(|entry| match entry.record.says {
                Says::On { target, act: Act::KeyEnd { since } } if target == *key => Some(since),
                _ => None,
            })
            .collect();
        let earlier = since.is_some_and(|since| before.iter().flatten().all(|other| since < *other));
        if before.is_empty() || earlier { Ok(()) } else { Err("not_earlier") }
    }

    /// Each party named is registered or prepared, and neither ended nor suspended nor disputed nor over.
    fn named(&self, parties: &[Hash], now: Millis) -> Result<(), &'static str> {
        for id in parties {
            let Some((_, party)) = self.party_to_be(id) else { return Err("unknown_party") };
            let status = self.status_now(id).unwrap_or(PENDING);
            if party.is_over(now) || status == ENDED || status == SUSPENDED || status > DISPUTED {
                return Err("party_not_active");
            }
        }
        Ok(())
    }

    /// A party that is registered, or prepared.
    pub(super) fn party_to_be(&self, id: &Hash) -> Option<(Option<usize>, &Party)> {
        if let Some((n, party)) = self.party(id) {
            return Some((Some(n), party));
        }
        self.prepared.iter().find_map(|(record, _)| match &record.says {
            Says::Party(party) if record.id == *id => Some((None, party)),
            _ => None,
        })
    }

    /// Whom a record names for the first time is logged just before it, if that may be.
    fn log_prepared(&mut self, record: &Record, now: Millis) -> Result<(), &'static str> {
        let mut named: Vec<Hash> = match &record.says {
            Says::Grant(grant) => grant.from.iter().chain(&grant.to).copied().collect(),
            Says::On { act: Act::Life(life), .. } => life.into.iter().copied().collect(),
            Says::Other { parties, .. } => parties.clone(),
            _ => Vec::new(),
        };
        named.retain(|id| self.find(id).is_none());
        let mut parties: Vec<Record> = self.prepared.iter().map(|(party, _)| party.clone()).collect();
        parties.retain(|party| named.contains(&party.id));
        for party in &parties {
            self.signer_counts(party, now)?;
            in_time(party, now)?;
        }
        let entry = |record| Entry { record, time: now, becomes: Some(PENDING) };
        self.log.extend(parties.into_iter().map(entry));
        Ok(())
    }
}

fn same_person(a: &Party, b: &Party) -> bool {
    a.sort != Sort::Role && b.sort != Sort::Role && a.identifier == b.identifier
}

/// What a record gives away by itself.
fn alone(record: &Record) -> Result<(), &'static str> {
    if let Says::Other { kind: "ledger-end", .. } = record.says {
        return Err("reserved_kind");
    }
    if record.submit_by < record.iat || record.submit_by.0 > record.iat.0 + 7 * DAY_MS {
        return Err("submit_by_range");
    }
    let Says::Grant(grant) = &record.says else { return Ok(()) };
    if grant.to.iter().any(|party| grant.from.contains(party) || grant.by().contains(party)) {
        return Err("same_party");
    }
    if grant.not_before != grant.valid_from.first_instant()
        || grant.not_after != grant.valid_until.map(Day::instant_after)
    {
        return Err("validity_mismatch");
    }
    if Day::of(record.iat).is_none_or(|today| grant.valid_from < today) {
        return Err("retroactive");
    }
    Ok(())
}

fn in_time(record: &Record, now: Millis) -> Result<(), &'static str> {
    if now.0 < record.iat.0 - FIVE_MIN_MS {
        return Err("too_early");
    }
    let withdraws = matches!(
        record.says,
        Says::On { act: Act::Revocation { .. } | Act::Renunciation | Act::KeyEnd { .. }, .. }
    );
    if withdraws || now <= record.submit_by { Ok(()) } else { Err("too_late") }
}
