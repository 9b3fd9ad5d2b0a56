//! The work of the tariff service: it follows its own list in the ledger, looks where something changed, and grants, amends or ends.
//!
//! One thread does all of it, one thing after the other, and stores after each what follows from it. Killed at any moment it goes on where
//! it was: what was read of the list is stored with what is to be done about it, an access before it is sent, a right with the record by
//! which the ledger is to have it.

use super::Tariff;
use super::book::{Basis, Book, Evidence, Letter, Look, Running, Settled, Step, What};
use super::rights::{Change, Known, Why, change};
use crate::Clock;
use crate::book::BookError;
use crate::caller::{Caller, CallerError};
use crate::errand::{ErrandError, PATIENCE};
use crate::look::{Kept, Looked};
use crate::notices::KIND;
use crate::prepare::Prepared;
use crate::status::Period;
use procura_client::feed::News;
use procura_client::records::Filed;
use procura_client::{Asking, CatalogueFound, SubmitError};
use procura_core::Hash;
use procura_core::days::Day;
use procura_core::decide::{Decision, Reason};
use procura_core::draft::Draft;
use procura_core::kinds::{Content, Title};
use procura_core::submission::Submission;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// So much is done before it is looked for news again.
const PART: usize = 64;

/// What grants.
pub struct Grants {
    /// The book.
    pub book: Arc<Book>,
    /// The office, at the source.
    pub caller: Caller,
    /// What is granted, to whom.
    pub tariff: Tariff,
    /// What the office is in the ledger.
    pub prepared: Prepared,
    /// The time.
    pub clock: Clock,
}

#[derive(Deserialize)]
struct Told {
    periods: Vec<Period>,
}

impl Grants {
    /// Works, as the list tells, until it is told to stop, and then for as long as it waits for news.
    ///
    /// # Errors
    /// [`ErrandError`].
    pub fn follow(&self, stop: &AtomicBool) -> Result<(), ErrandError> {
        while self.work()? {}
        let mut feed = self.caller.client().follow(self.book.place()?)?;
        while !stop.load(Ordering::Relaxed) {
            self.hear(&feed.next(PATIENCE)?)?;
            while self.work()? {}
        }
        Ok(())
    }

    /// What is new, and with it how far the list was read.
    fn hear(&self, news: &News) -> Result<(), ErrandError> {
        let changed: Vec<_> = news.records.iter().filter_map(|filed| self.changed(filed)).collect();
        if news.place != self.book.place()? {
            self.book.heard(news.place, &changed)?;
        }
        Ok(())
    }

    /// Of whom a record tells that the status changed. Whoever wrote it: what counts is what the source says when it is asked.
    fn changed(&self, filed: &Filed) -> Option<(Hash, Hash)> {
        let record = &filed.logged.opened.as_ref()?.record;
        if !matches!(record.content(), Content::Other(_)) {
            return None;
        }
        let says: Value = serde_json::from_slice(record.jws().payload()).ok()?;
        let text = |name: &str| says.get(name).and_then(Value::as_str);
        (text("kind")? == KIND && text("category")? == self.tariff.status)
            .then(|| Some((text("subject")?.parse().ok()?, record.id())))?
    }

    /// What there is to do, or much of it; whether there is more. What goes wrong with one person keeps nobody else waiting.
    fn work(&self) -> Result<bool, ErrandError> {
        self.look_around()?;
        let (looks, mut wrong) = (self.book.looks(PART)?, Ok(()));
        let is_more = looks.len() == PART;
        if !looks.is_empty() {
            let catalogues = self.caller.client().catalogues()?;
            for (person, look) in looks {
                wrong = wrong.and(self.look(&catalogues, (&person, look)));
            }
        }
        let letters = self.book.letters(PART)?;
        let is_more = is_more || letters.len() == PART;
        for (place, letter) in letters {
            self.hand_in(place, letter)?;
        }
        wrong.map(|()| is_more)
    }

    /// Whether the law is still in force, and who has it until a day that has passed.
    fn look_around(&self) -> Result<(), ErrandError> {
        let today = self.today()?;
        let running = self.book.all_running()?;
        let bases: BTreeSet<Hash> = running.iter().filter_map(|right| right.basis).collect();
        for basis in bases {
            if !self.caller.client().status(&basis)?.answer().status().permits() {
                let under = running.iter().filter(|right| right.basis == Some(basis));
                self.book.look_again_at(&under.map(|right| right.person).collect::<Vec<_>>())?;
            }
        }
        for Running { person, until, .. } in running {
            if until.is_some_and(|until| until < today) {
                let step = self.step(What::Ended(Why::StatusEnded), (None, None));
                self.settle(&person, Change::End(Why::StatusEnded), step)?;
            }
        }
        Ok(())
    }

    fn today(&self) -> Result<Day, ErrandError> {
        Day::of((self.clock)()).ok_or(ErrandError::Clock)
    }

    /// Looks at somebody's status, by law, and stores what follows.
    fn look(
        &self,
        catalogues: &[CatalogueFound],
        (person, mut look): (&Hash, Look),
    ) -> Result<(), ErrandError> {
        let source = catalogues.iter().find_map(|found| found.catalogue.source_of(&self.tariff.status));
        let source = source.ok_or_else(|| CallerError::NoSource(self.tariff.status.clone()))?;
        let asking = Asking {
            on_behalf_of: None,
            subject: *person,
            source,
            category: &self.tariff.status,
            purpose: &self.tariff.purpose,
            properties: None,
        };
        // What the law does not allow is not tried: nobody finds a refused look in their list because a law has ended.
        let would_be = self.caller.would_be(&asking)?;
        if !is_by_law(would_be.answer().decision()) {
            let receipt = serde_json::from_slice(would_be.receipt()).unwrap_or_default();
            let evidence = Evidence { periods: None, source, access: None, basis: None, receipt };
            return self.follows(person, &Known::NoBasis, (look.notice, evidence));
        }
        let kept = match look.access.take() {
            Some(kept) => kept,
            None => {
                let kept = self.caller.sign(&asking)?;
                look.access = Some(kept.clone());
                self.book.keep_access(person, &look)?;
                kept
            }
        };
        let access = Some(kept.id);
        match self.caller.look(&kept)? {
            Looked::Told { answer, decision, receipt } if is_by_law(&decision) => {
                let told: Told = serde_json::from_value(answer).map_err(|_| ErrandError::Answer)?;
                let basis = Some(self.basis(catalogues, &decision)?);
                let periods = Some(told.periods.clone());
                let evidence = Evidence { periods, source, access, basis, receipt };
                self.follows(person, &Known::Periods(told.periods), (look.notice, evidence))
            }
            // The law ended in this very moment; what a consent would allow is none.
            Looked::Told { receipt, .. } | Looked::Denied { receipt, .. } => {
                let evidence = Evidence { periods: None, source, access, basis: None, receipt };
                self.follows(person, &Known::NoBasis, (look.notice, evidence))
            }
            Looked::Again => {
                look.access = None;
                Ok(self.book.keep_access(person, &look)?)
            }
        }
    }

    /// The law that a permit rests on.
    fn basis(&self, catalogues: &[CatalogueFound], decision: &Decision) -> Result<Basis, ErrandError> {
        let rests_on = catalogues.iter().filter(|found| decision.evidence.contains(&found.id));
        let names = rests_on.flat_map(|found| found.catalogue.bases.iter().map(move |basis| (found, basis)));
        let mut names = names.filter(|(found, basis)| {
            !basis.emergency
                && basis.recipients.contains(&self.prepared.office)
                && basis.purposes.contains(&self.tariff.purpose)
                && found.catalogue.covers(&basis.categories, &self.tariff.status)
        });
        let (found, basis) = names.next().ok_or(ErrandError::Unexplained)?;
        Ok(Basis { catalogue: found.id, code: basis.code.clone(), title: title(&basis.title) })
    }

    fn follows(
        &self,
        person: &Hash,
        known: &Known,
        (notice, evidence): (Option<Hash>, Evidence),
    ) -> Result<(), ErrandError> {
        let running = self.book.running(person)?;
        let change = change(running.map(|right| right.days), known, self.today()?);
        let what = match change {
            Change::Nothing => return Ok(self.book.settle(person, None)?),
            Change::Grant(_) => What::Granted,
            Change::Amend(_) => What::Amended,
            Change::End(why) => What::Ended(why),
        };
        let step = self.step(what, (notice, Some(evidence)));
        self.settle(person, change, step)
    }

    fn step(&self, what: What, (notice, evidence): (Option<Hash>, Option<Evidence>)) -> Step {
        Step { what, at: (self.clock)(), notice, evidence }
    }

    /// Stores a change together with the record by which the ledger is to have it.
    fn settle(&self, person: &Hash, change: Change, step: Step) -> Result<(), ErrandError> {
        let (days, letter) = match change {
            Change::Nothing => return Ok(()),
            Change::Grant(days) => (Some(days), Some(self.sign_holding(person)?)),
            Change::Amend(days) => (Some(days), None),
            Change::End(_) => {
                let right = self.book.running(person)?;
                let right = right.ok_or(BookError::Damaged("a right that ends is not there"))?;
                (None, Some(self.sign_revocation(&right.holding)?))
            }
        };
        Ok(self.book.settle(person, Some(Settled { days, step, letter }))?)
    }

    /// The office has it on file that this person has the right.
    fn sign_holding(&self, person: &Hash) -> Result<Kept, ErrandError> {
        let client = self.caller.client();
        let draft = Draft::new("holding", &client.occasion()?)
            .member("source", json!(self.prepared.office))
            .member("subject", json!(person))
            .member("catalogue", json!(self.prepared.catalogue))
            .member("scopes", json!([self.tariff.category]))
            .member("since", json!(self.today()?));
        let (id, submission) = client.sign(draft)?;
        Ok(Kept { id, submission: submission.to_json() })
    }

    fn sign_revocation(&self, holding: &Hash) -> Result<Kept, ErrandError> {
        let client = self.caller.client();
        let (id, submission) = client.sign(Draft::on("revocation", &client.occasion()?, holding))?;
        Ok(Kept { id, submission: submission.to_json() })
    }

    fn hand_in(&self, place: u64, letter: Letter) -> Result<(), ErrandError> {
        let submission = Submission::parse(letter.record.submission.as_bytes());
        let submission = submission.map_err(|_| BookError::Damaged("what was signed cannot be read"))?;
        match self.caller.client().submit(&submission) {
            Ok(_) => Ok(self.book.handed_in(place)?),
            Err(SubmitError::Refused(problem)) if problem.name == "too_late" => {
                let record = if letter.is_holding {
                    self.sign_holding(&letter.person)?
                } else {
                    let rights = self.book.rights(&letter.person)?;
                    let right = rights.get(letter.number as usize);
                    let right = right.ok_or(BookError::Damaged("a right is not there"))?;
                    self.sign_revocation(&right.holding)?
                };
                Ok(self.book.signed_anew(place, &Letter { record, ..letter })?)
            }
            // As when its law has ended meanwhile, and the right with it: nobody waits behind it.
            Err(SubmitError::Refused(problem)) => {
                drop(writeln!(
                    std::io::stderr(),
                    "the tariff service: the ledger refuses a record: {problem}"
                ));
                Ok(self.book.handed_in(place)?)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A right of everybody's is no matter of consent: what somebody was not asked for they cannot have refused.
fn is_by_law(decision: &Decision) -> bool {
    decision.permit && decision.reason == Reason::LegalBasis
}

fn title(title: &Title) -> Value {
    json!({"de": title.de, "en": title.en, "fr": title.fr, "nl": title.nl})
}
