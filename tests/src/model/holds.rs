//! Whether a grant holds: the table of decisions.md, line by line.

use super::Model;
use super::decide::Question;
use super::record::{Act, Grant, Life, Says};
use super::status::{ACTIVE, DISPUTED, PENDING, SUSPENDED};
use procura_core::{Hash, Millis};

/// Why a grant does not hold.
#[derive(Debug, Clone)]
pub(super) struct Denial {
    /// The reason.
    pub reason: &'static str,
    /// What it would need.
    pub hint: Option<u64>,
}

impl Model {
    /// Whether grant `n` holds, for those who act; for a mandate that another is under, whoever acts: `None`.
    pub(super) fn holds(&self, asked: &Question, n: usize, acting: Option<&[Hash]>) -> Result<(), Denial> {
        let grant = self.grant_at(n);
        let known = self.known_catalogue(asked, &grant.catalogue).map(|(words, _)| words);
        let Some(words) = known.filter(|words| words.one_covers(&grant.scopes, &asked.category)) else {
            return because("out_of_scope");
        };
        if !grant.is_mandate() && !grant.purposes.contains(&asked.purpose) {
            return because("out_of_scope");
        }
        match self.status(n, asked.size) {
            Some(ACTIVE) => {}
            Some(PENDING) => return because("not_accepted"),
            Some(SUSPENDED) => return because("suspended"),
            Some(status) if status > DISPUTED => return because("disputed"),
            _ => return because("ended"),
        }
        if asked.at < grant.not_before {
            return because("not_yet_valid");
        }
        if self.ends(n, asked).iter().any(|end| *end <= asked.at) {
            return because("expired");
        }
        if !self.record_counts(n, asked.size, asked.known) {
            return because("signature_void");
        }
        if self.givers_lapsed(asked, n) {
            return because("lapsed");
        }
        if self.givers_protected(asked, n) {
            return because("protected");
        }
        let able = self.standing(asked, &grant.to).into_iter();
        if able.filter(|to| self.status_at(asked, to) == Some(ACTIVE)).count() < grant.needed.unwrap_or(1) {
            return because("lapsed");
        }
        if let Some(above) = &grant.under {
            let above = self.find(&above.mandate).filter(|above| *above < asked.size);
            if above.is_none_or(|above| self.holds(asked, above, None).is_err()) {
                return because("under_ended");
            }
        }
        let Some(acting) = acting else { return Ok(()) };
        let asks = words.assurance(&asked.category);
        if self.assurance(n, asked.size) < asks {
            return Err(Denial { reason: "assurance", hint: Some(asks.into()) });
        }
        let needed = grant.needed.unwrap_or(1);
        let mandatees = self.standing(asked, &grant.to).into_iter();
        if grant.is_mandate() && mandatees.filter(|to| acting.contains(to)).count() < needed {
            return Err(Denial { reason: "together", hint: Some(needed as u64) });
        }
        Ok(())
    }

    /// A grant, and those that it is under.
    pub(super) fn line(&self, n: usize) -> Vec<&Grant> {
        let grant = self.grant_at(n);
        let above = grant.under.iter().filter_map(|under| self.find(&under.mandate));
        std::iter::once(grant).chain(above.flat_map(|above| self.line(above))).collect()
    }

    /// Those who stand in the places of these parties, each once.
    fn standing(&self, asked: &Question, parties: &[Hash]) -> Vec<Hash> {
        let mut standing: Vec<Hash> = Vec::new();
        for party in parties {
            let last = self.place(asked, party);
            if !standing.contains(&last) {
                standing.push(last);
            }
        }
        standing
    }

    /// The first instants at which a grant holds no longer.
    fn ends(&self, n: usize, asked: &Question) -> Vec<Millis> {
        let revoked =
            self.list(n, asked.size).into_iter().filter_map(|item| match self.log[item].record.says {
                // When a notice ends it that was signed with a key found to be in other hands, nobody knows: it has.
                Says::On { act: Act::Revocation { effective: Some(effective) }, .. } => {
                    let counts = self.entry_counts(item, asked.known).is_ok();
                    Some(if counts { effective } else { Millis(0) })
                }
                _ => None,
            });
        self.grant_at(n).not_after.into_iter().chain(revoked).collect()
    }

    fn givers_lapsed(&self, asked: &Question, n: usize) -> bool {
        let for_minors = |ground| matches!(ground, Some("parental" | "guardianship"));
        let for_a_minor = self.line(n).iter().any(|grant| for_minors(grant.ground));
        self.standing(asked, &self.grant_at(n).from).iter().any(|from| {
            let of_age = self.events_at(asked, from).iter().any(|Life { event, .. }| *event == "majority");
            let is_there = matches!(self.status_at(asked, from), Some(ACTIVE | SUSPENDED));
            !is_there || (for_a_minor && of_age)
        })
    }

    fn givers_protected(&self, asked: &Question, n: usize) -> bool {
        let holds_on = self.line(n).iter().any(|grant| grant.ground.is_some() || grant.survives);
        let under_protection = |from: &Hash| self.status_at(asked, from) == Some(SUSPENDED);
        !holds_on && self.standing(asked, &self.grant_at(n).from).iter().any(under_protection)
    }

    /// The lowest of the keys of its givers with which a grant was given or put into force again, low if it was assisted, high by
    /// law, and not above that of the mandate that it is under.
    fn assurance(&self, n: usize, size: usize) -> u8 {
        let grant = self.grant_at(n);
        if grant.assisted {
            return 0;
        }
        let mut lowest = 2;
        let givers: &[Hash] = match &grant.under {
            _ if grant.ground.is_some() => &[],
            Some(under) => &under.by,
            None => &grant.from,
        };
        for item in std::iter::once(n).chain(self.enabling(n, size)) {
            let Some((_, key)) = self.key(&self.log[item].record.kid) else { continue };
            if givers.contains(&key.party) {
                lowest = lowest.min(key.assurance);
            }
        }
        let above = grant.under.as_ref().and_then(|under| self.find(&under.mandate));
        above.map_or(lowest, |above| lowest.min(self.assurance(above, size)))
    }
}

fn because(reason: &'static str) -> Result<(), Denial> {
    Err(Denial { reason, hint: None })
}
