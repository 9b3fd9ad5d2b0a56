//! May this party do this? The walk of decisions.md.

use super::record::{Act, Catalogue, Grant, Life, Party, Says};
use super::status::{ACTIVE, ENDED, PENDING};
use super::{Model, holds};
use procura_core::{Hash, Millis};

/// What is asked, and as of when.
#[derive(Debug, Clone)]
pub struct Question {
    /// The party that wants to act.
    pub actor: Hash,
    /// Others who act along with it.
    pub together_with: Vec<Hash>,
    /// The party whose data it is.
    pub subject: Hash,
    /// The party for whom the actor acts.
    pub on_behalf_of: Option<Hash>,
    /// A category code.
    pub category: String,
    /// A purpose code.
    pub purpose: String,
    /// Whether it is said to be an emergency.
    pub emergency: bool,
    /// The instant decided for.
    pub at: Millis,
    /// As of so many records.
    pub size: usize,
    /// By the key-ends among so many records.
    pub known: usize,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Yes or no.
    pub permit: bool,
    /// Why.
    pub reason: &'static str,
    /// A yes against which something had happened that nobody had recorded.
    pub good_faith: bool,
    /// How many must act together, or how sure the keys must be.
    pub hint: Option<(&'static str, u64)>,
}

/// The reasons for a no that come from grants and parties, the one that wins first.
const RANKS: [&str; 16] = [
    "party_not_active",
    "together",
    "assurance",
    "condition",
    "disputed",
    "suspended",
    "protected",
    "not_accepted",
    "not_yet_valid",
    "expired",
    "signature_void",
    "lapsed",
    "under_ended",
    "ended",
    "out_of_scope",
    "no_authority",
];

impl Model {
    /// Decides.
    #[must_use]
    pub fn decide(&self, asked: &Question) -> Answer {
        let actor = self.stands_for(asked, &asked.actor);
        let principal = match asked.on_behalf_of {
            Some(principal) if principal != asked.actor => principal,
            _ => actor,
        };
        let subject = asked.subject;
        let handed = if principal == actor { Vec::new() } else { self.between(asked, &principal, &actor) };
        let given = if subject == principal { Vec::new() } else { self.between(asked, &subject, &principal) };

        if let Some(reason) = self.unknown_words(asked, handed.iter().chain(&given)) {
            return no(reason, None);
        }
        if let Err(reason) = self.parties_may(asked, &actor, &principal) {
            return no(reason, None);
        }
        let others = asked.together_with.iter().filter(|other| self.is_active_itself(asked, other));
        let others = others.map(|other| self.stands_for(asked, other));
        let mut acting: Vec<Hash> = std::iter::once(actor).chain(others).collect();
        let mut rests_on = Vec::new();
        if principal != actor {
            let mut handed = handed;
            handed.retain(|n| self.grant_at(*n).is_mandate());
            match self.first_that_holds(asked, &handed, &acting) {
                Ok(n) => rests_on.push(n),
                Err(denial) => return denial,
            }
            acting.push(principal);
        }
        let reason = if subject == principal {
            if principal == actor { "self" } else { "mandate" }
        } else if self.by_law(asked, &principal, false) {
            "legal_basis"
        } else {
            let (consents, mandates): (Vec<usize>, Vec<usize>) =
                given.iter().partition(|n| !self.grant_at(**n).is_mandate());
            let consent = self.first_that_holds(asked, &consents, &acting);
            let found = consent.or_else(|_| self.first_that_holds(asked, &mandates, &acting));
            match found {
                Ok(n) => {
                    rests_on.push(n);
                    if self.grant_at(n).is_mandate() { "mandate" } else { "consent" }
                }
                Err(_) if !self.by_law(asked, &principal, true) => {
                    return self.why_not(asked, &given, &acting);
                }
                Err(_) if asked.emergency => "emergency",
                Err(_) => {
                    let denial = self.why_not(asked, &given, &acting);
                    return Answer { hint: denial.hint.or(Some(("emergency", 0))), ..denial };
                }
            }
        };
        Answer {
            permit: true,
            reason,
            good_faith: self.in_good_faith(asked, [actor, principal, subject], &rests_on),
            hint: None,
        }
    }

    /// A role stands for the party that it is under.
    fn stands_for(&self, asked: &Question, party: &Hash) -> Hash {
        self.known_party(asked, party).and_then(|(_, content)| content.under).unwrap_or(*party)
    }

    /// A party that is registered, under signatures that count.
    pub(super) fn known_party(&self, asked: &Question, id: &Hash) -> Option<(usize, &Party)> {
        let (n, party) = self.party(id)?;
        (n < asked.size && self.record_counts(n, asked.size, asked.known)).then_some((n, party))
    }

    /// A party's status at the instant: without the life events that were logged after it; a role that is over has ended.
    pub(super) fn status_at(&self, asked: &Question, id: &Hash) -> Option<u8> {
        let (n, party) = self.known_party(asked, id)?;
        if party.is_over(asked.at) {
            return Some(ENDED);
        }
        let mut status = None;
        for item in self.list(n, asked.size) {
            let entry = &self.log[item];
            // One that was signed with a key found to be in other hands is a move like any other, whenever.
            let is_event = matches!(entry.record.says, Says::On { act: Act::Life(_), .. })
                && self.entry_counts(item, asked.known).is_ok();
            if !(is_event && entry.time > asked.at) {
                status = entry.becomes;
            }
        }
        status
    }

    /// Whether a party is active, and if it is a role, the party that it is under too.
    fn is_active_itself(&self, asked: &Question, id: &Hash) -> bool {
        self.status_at(asked, id) == Some(ACTIVE)
            && self.status_at(asked, &self.stands_for(asked, id)) == Some(ACTIVE)
    }

    /// The life events on a party: when each was logged, and what it says. Only signatures that count say something.
    fn life_events(&self, asked: &Question, n: usize) -> Vec<(Millis, &Life)> {
        let mut items = self.list(n, asked.size);
        items.retain(|item| self.entry_counts(*item, asked.known).is_ok());
        let events = items.into_iter().filter_map(|item| match &self.log[item].record.says {
            Says::On { act: Act::Life(life), .. } => Some((self.log[item].time, life)),
            _ => None,
        });
        events.collect()
    }

    /// The events that had been logged by the instant.
    pub(super) fn events_at(&self, asked: &Question, id: &Hash) -> Vec<&Life> {
        let Some((n, _)) = self.known_party(asked, id) else { return Vec::new() };
        let events = self.life_events(asked, n).into_iter();
        events.filter(|(logged, _)| *logged <= asked.at).map(|(_, life)| life).collect()
    }

    /// A party and those into which it was merged, one after the other; the last one stands in its place.
    pub(super) fn merged(&self, asked: &Question, id: &Hash) -> Vec<Hash> {
        let mut line = vec![*id];
        while let Some(into) =
            line.last().and_then(|last| self.events_at(asked, last).iter().find_map(|life| life.into))
        {
            if line.contains(&into) {
                break;
            }
            line.push(into);
        }
        line
    }

    /// Who stands in a party's place.
    pub(super) fn place(&self, asked: &Question, id: &Hash) -> Hash {
        *self.merged(asked, id).last().expect("at least itself")
    }

    /// The grants from a party to another, first logged first.
    fn between(&self, asked: &Question, from: &Hash, to: &Hash) -> Vec<usize> {
        let is = |parties: &[Hash], party: &Hash| {
            parties.iter().any(|one| one == party || self.place(asked, one) == *party)
        };
        let found = (0..asked.size).filter(|n| match &self.log[*n].record.says {
            Says::Grant(grant) => is(&grant.from, from) && is(&grant.to, to),
            _ => false,
        });
        found.collect()
    }

    pub(super) fn grant_at(&self, n: usize) -> &Grant {
        self.grant(&self.log[n].record.id).expect("a grant stands there").1
    }

    /// The catalogue of an id, if it is there under signatures that count, and whether it is in force.
    pub(super) fn known_catalogue(&self, asked: &Question, id: &Hash) -> Option<(&Catalogue, bool)> {
        let (n, words) = self.catalogue(id)?;
        let there = n < asked.size && self.record_counts(n, asked.size, asked.known);
        there.then(|| (words, self.status(n, asked.size) == Some(ACTIVE)))
    }

    fn catalogues(&self, asked: &Question) -> Vec<(Hash, &Catalogue, bool)> {
        let ids = self.log[..asked.size].iter().map(|entry| entry.record.id);
        ids.filter_map(|id| self.known_catalogue(asked, &id).map(|(words, in_force)| (id, words, in_force)))
            .collect()
    }

    fn unknown_words<'n>(
        &self,
        asked: &Question,
        found: impl Iterator<Item = &'n usize>,
    ) -> Option<&'static str> {
        let named: Vec<Hash> = found.map(|n| self.grant_at(*n).catalogue).collect();
        let mut lend = self.catalogues(asked);
        lend.retain(|(id, words, in_force)| {
            (*in_force || named.contains(id)) && words.category(&asked.category).is_some()
        });
        if lend.is_empty() {
            return Some("unknown_category");
        }
        let has_purpose = lend.iter().any(|(_, words, _)| words.purposes.contains(&asked.purpose));
        (!has_purpose).then_some("unknown_purpose")
    }

    /// Whether those named are there, and may act.
    fn parties_may(&self, asked: &Question, actor: &Hash, principal: &Hash) -> Result<(), &'static str> {
        // Who was merged into another is as that other is, but acts no more.
        let place = |party: &Hash| self.status_at(asked, &self.place(asked, party));
        let acting = [self.status_at(asked, &asked.actor), self.status_at(asked, actor)];
        let principal_is = if principal == actor { acting[1] } else { place(principal) };
        let subject_is = place(&asked.subject);
        for status in acting.iter().chain(&[principal_is, subject_is]) {
            if matches!(status, None | Some(PENDING)) {
                return Err("no_authority");
            }
        }
        if acting != [Some(ACTIVE); 2] || principal_is == Some(ENDED) {
            return Err("party_not_active");
        }
        let subject_ended = subject_is == Some(ENDED);
        if subject_ended && !self.by_law(asked, principal, false) { Err("party_not_active") } else { Ok(()) }
    }

    /// Whether a basis in law names the principal for category and purpose; one for emergencies, or one that always holds.
    fn by_law(&self, asked: &Question, principal: &Hash, emergency: bool) -> bool {
        self.catalogues(asked).iter().filter(|(_, _, in_force)| *in_force).any(|(_, words, _)| {
            words.bases.iter().any(|basis| {
                basis.emergency == emergency
                    && words.one_covers(&basis.categories, &asked.category)
                    && basis.purposes.contains(&asked.purpose)
                    && basis.recipients.contains(principal)
            })
        })
    }

    fn first_that_holds(&self, asked: &Question, grants: &[usize], acting: &[Hash]) -> Result<usize, Answer> {
        let holds = |n: &&usize| self.holds(asked, **n, Some(acting)).is_ok();
        grants.iter().find(holds).copied().ok_or_else(|| self.why_not(asked, grants, acting))
    }

    /// Of all reasons met the one highest in the table, with what the first of these grants needs: consents first, then as they
    /// were logged.
    fn why_not(&self, asked: &Question, grants: &[usize], acting: &[Hash]) -> Answer {
        let why = |n: &usize| self.holds(asked, *n, Some(acting)).err();
        let mut grants = grants.to_vec();
        grants.sort_by_key(|n| self.grant_at(*n).is_mandate());
        let denials: Vec<holds::Denial> = grants.iter().filter_map(why).collect();
        for reason in RANKS {
            let met: Vec<&holds::Denial> = denials.iter().filter(|denial| denial.reason == reason).collect();
            if !met.is_empty() {
                return no(reason, met[0].hint.map(|hint| (reason, hint)));
            }
        }
        no("no_authority", None)
    }

    /// Whether something had happened by the instant that was logged only after it: to the actor, the principal, the subject, or
    /// to those whom a grant that the answer rests on is from, or to and active.
    fn in_good_faith(&self, asked: &Question, parties: [Hash; 3], rests_on: &[usize]) -> bool {
        let mut parties = parties.to_vec();
        for n in rests_on {
            for grant in self.line(*n) {
                parties.extend(&grant.from);
                let active = |to: &&Hash| self.status_at(asked, &self.place(asked, to)) == Some(ACTIVE);
                parties.extend(grant.to.iter().filter(active));
            }
        }
        parties.iter().any(|party| {
            self.known_party(asked, &self.place(asked, party)).is_some_and(|(n, _)| {
                let events = self.life_events(asked, n);
                events.iter().any(|(logged, life)| *logged > asked.at && life.effective <= asked.at)
            })
        })
    }
}

fn no(reason: &'static str, hint: Option<(&'static str, u64)>) -> Answer {
    Answer { permit: false, reason, good_faith: false, hint }
}
