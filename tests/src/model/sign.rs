//! The column "who may sign" of the kinds table.

use super::Model;
use super::record::{Act, Grant, Key, Party, Record, Says, Sort};
use procura_core::{Hash, Millis};

/// A signer that is not the root.
pub(super) struct Signer<'m> {
    id: Hash,
    party: &'m Party,
    assurance: u8,
}

impl Signer<'_> {
    fn is_registrar(&self) -> bool {
        self.party.has("registrar")
    }

    fn is_authority(&self) -> bool {
        self.party.has("authority")
    }

    fn is_officer(&self) -> bool {
        self.party.has("counter")
    }
}

/// 30 days.
const DATED_BACK_MS: u64 = 30 * 24 * 3_600_000;

impl Model {
    /// Whether the table names this signer for the record; else the first line of "who may not sign".
    pub(super) fn may_sign(&self, record: &Record, now: Millis) -> Result<(), &'static str> {
        let by = self.signer(&record.kid);
        let by = by.as_ref();
        match &record.says {
            Says::Root { .. } => Err("not_entry_0"),
            Says::Party(party) => self.may_register(party, by),
            Says::Key(key) => self.may_bind(key, by),
            Says::Catalogue(catalogue) => {
                quorum(catalogue.quorum)?;
                mine(by.is_none_or(|by| by.party.has("catalogue")))
            }
            Says::Grant(grant) => {
                mine(by.is_some_and(|by| gives(grant, by)))?;
                self.within(grant)
            }
            Says::On { target, act } => self.may_move(target, act, record, by, now),
            Says::Other { .. } => mine(by.is_some()),
        }
    }

    fn signer(&self, kid: &Hash) -> Option<Signer<'_>> {
        let (_, key) = self.key(kid)?;
        let (_, party) = self.party(&key.party)?;
        Some(Signer { id: key.party, party, assurance: key.assurance })
    }

    fn may_register(&self, party: &Party, by: Option<&Signer<'_>>) -> Result<(), &'static str> {
        quorum(party.quorum)?;
        mine(match by {
            _ if party.provisional => by.is_some_and(|by| by.party.has("provisional")),
            None => true,
            Some(by) if party.sort == Sort::Role => party.under == Some(by.id),
            Some(by) => by.is_registrar() && party.sort != Sort::Institution && party.roles.is_empty(),
        })?;
        let Some(above) = party.under else { return Ok(()) };
        let Some((_, above)) = self.party(&above) else { return Err("under") };
        let may_have_one = matches!(above.sort, Sort::Organisation | Sort::Institution)
            && (!party.has("counter") || above.has("counter"));
        if may_have_one { Ok(()) } else { Err("under") }
    }

    fn may_bind(&self, key: &Key, by: Option<&Signer<'_>>) -> Result<(), &'static str> {
        let Some((_, party)) = self.party(&key.party) else { return Err("unknown_party") };
        quorum(key.quorum)?;
        mine(match (key.basis, by) {
            ("cosigned", by) => by.is_some_and(|by| by.id == key.party && key.assurance <= by.assurance),
            (_, None) => true,
            ("first", Some(by)) if party.sort == Sort::Role => party.under == Some(by.id),
            (_, Some(by)) => by.is_registrar() && matches!(party.sort, Sort::Person | Sort::Organisation),
        })?;
        if key.proven { Ok(()) } else { Err("possession") }
    }

    fn may_move(
        &self,
        target: &Hash,
        act: &Act,
        record: &Record,
        by: Option<&Signer<'_>>,
        now: Millis,
    ) -> Result<(), &'static str> {
        let n = self.find(target).expect("looked for before");
        match (&self.log[n].record.says, act) {
            (says, Act::Dispute { step }) => mine(by.is_some_and(|by| {
                by.is_authority()
                    || (*step == "open" && matches!(says, Says::Grant(grant) if concerns(grant, by)))
            })),
            (Says::Party(party), Act::Acceptance) if party.provisional => {
                mine(by.is_some_and(Signer::is_registrar))
            }
            (Says::Key(key), Act::Acceptance) if key.basis == "recovery" => {
                mine(by.is_none_or(Signer::is_registrar))?;
                let waited = now.0.saturating_sub(self.log[n].time.0);
                if waited >= self.key_delay() { Ok(()) } else { Err("key_delay") }
            }
            (Says::Grant(grant), Act::Acceptance) => {
                let gives = by.is_some_and(|by| !by_office(grant) && gives(grant, by));
                let takes = by.is_some_and(|by| takes(grant, by));
                mine(gives || takes)?;
                self.not_twice(n, record)
            }
            (Says::Grant(grant), Act::Renunciation) => mine(by.is_some_and(|by| grant.to.contains(&by.id))),
            (Says::Party(party), Act::Revocation { effective: None }) => {
                let registrars = party.provisional
                    || (party.sort != Sort::Role && party.roles.is_empty() && party.quorum.is_none());
                mine(by.is_none_or(|by| (registrars && by.is_registrar()) || party.under == Some(by.id)))
            }
            (Says::Catalogue(_), Act::Revocation { effective: None }) => {
                mine(by.is_none() || record.kid == self.log[n].record.kid)
            }
            (Says::Grant(grant), Act::Revocation { .. } | Act::Suspension { .. }) => {
                mine(by.is_some_and(|by| may_withdraw(grant, by)))
            }
            (Says::Key(key), Act::Suspension { lift }) => {
                mine(by.is_none_or(|by| by.is_registrar() || (!lift && by.id == key.party)))
            }
            (Says::Key(key), Act::KeyEnd { since }) => {
                let above = by.is_none_or(Signer::is_authority);
                mine(above || by.is_some_and(|by| by.is_registrar() || by.id == key.party))?;
                match since {
                    Some(since) if !above && since.0 + DATED_BACK_MS < now.0 => Err("too_far_back"),
                    _ => Ok(()),
                }
            }
            (_, Act::Life(_)) => mine(by.is_some_and(Signer::is_authority)),
            _ => Err("not_yours"),
        }
    }

    /// A root key, or a party, does not accept what it has signed already.
    fn not_twice(&self, n: usize, record: &Record) -> Result<(), &'static str> {
        if self.signatures(n).contains(&self.name(&record.kid)) { Err("signed_twice") } else { Ok(()) }
    }

    /// Who has signed a record or an acceptance of it.
    fn signatures(&self, n: usize) -> Vec<Hash> {
        let accepts = |item: &usize| {
            *item == n || matches!(self.log[*item].record.says, Says::On { act: Act::Acceptance, .. })
        };
        let items = self.list(n, self.log.len()).into_iter().filter(accepts);
        items.map(|item| self.name(&self.log[item].record.kid)).collect()
    }

    /// By what a signer is told from others: the party, or the root key.
    fn name(&self, kid: &Hash) -> Hash {
        self.key(kid).map_or(*kid, |(_, key)| key.party)
    }

    /// Whether nobody else must sign the target once `record` has accepted it: who gives it has signed it or accepted it, who
    /// takes it has accepted it.
    pub(super) fn is_last(&self, n: usize, record: &Record) -> bool {
        let Says::Grant(grant) = &self.log[n].record.says else { return true };
        let mut signed = self.signatures(n);
        signed.push(self.name(&record.kid));
        let givers: &[Hash] = match &grant.under {
            _ if by_office(grant) => &[],
            Some(under) => &under.by,
            None => &grant.from,
        };
        let takers: &[Hash] = if grant.is_mandate() { &grant.to } else { &[] };
        givers.iter().all(|party| signed.contains(party))
            && takers.iter().all(|party| signed[1..].contains(party))
    }

    fn key_delay(&self) -> u64 {
        match self.log[0].record.says {
            Says::Root { key_delay } => key_delay,
            _ => 0,
        }
    }
}

fn mine(yes: bool) -> Result<(), &'static str> {
    if yes { Ok(()) } else { Err("not_yours") }
}

/// The root of the model has one key, and a quorum above 1 is stated by nobody.
fn quorum(stated: Option<u64>) -> Result<(), &'static str> {
    if stated.is_none() { Ok(()) } else { Err("quorum") }
}

/// Whether an authority or an officer gives it, and not a party in its own name.
fn by_office(grant: &Grant) -> bool {
    grant.ground.is_some() || grant.assisted
}

fn gives(grant: &Grant, by: &Signer<'_>) -> bool {
    match (&grant.under, grant.ground, grant.assisted) {
        (_, Some(_), _) => by.is_authority(),
        (_, _, true) => by.is_officer(),
        (Some(under), ..) => under.by.contains(&by.id),
        (None, ..) => grant.from.contains(&by.id),
    }
}

fn takes(grant: &Grant, by: &Signer<'_>) -> bool {
    grant.is_mandate() && grant.ground.is_none() && grant.to.contains(&by.id)
}

fn concerns(grant: &Grant, by: &Signer<'_>) -> bool {
    grant.from.contains(&by.id) || grant.to.contains(&by.id) || grant.by().contains(&by.id)
}

fn may_withdraw(grant: &Grant, by: &Signer<'_>) -> bool {
    match grant.ground {
        Some(_) => by.is_authority(),
        None => grant.from.contains(&by.id) || grant.by().contains(&by.id),
    }
}
