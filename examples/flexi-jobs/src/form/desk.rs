//! Who holds it, may I have it, and if not, asking the person by a link.

use super::Form;
use super::book::{Answer, Application, Ask, Book, Is};
use crate::Clock;
use crate::book::BookError;
use crate::caller::Caller;
use crate::errand::{ErrandError, PATIENCE};
use crate::look::{Kept, Looked};
use procura_client::feed::News;
use procura_client::{Asking, CatalogueFound, PartyFound, SubmitError};
use procura_core::days::Day;
use procura_core::draft::Draft;
use procura_core::hash::link_commitment;
use procura_core::identifier::Identifier;
use procura_core::kinds::{Content, Validity};
use procura_core::submission::Submission;
use procura_core::{Hash, Millis, b64};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const DAY_MS: u64 = 24 * 3600 * 1000;
/// How often all that waits is looked at without news: a consent may begin on a later day.
const AT_TIMES: Duration = Duration::from_secs(60);

/// The town's desk.
pub struct Desk {
    /// The book.
    pub book: Book,
    /// The town, at the source.
    pub caller: Caller,
    /// The form.
    pub form: Form,
    /// The time.
    pub clock: Clock,
    /// One application after the other goes on.
    pub turn: Mutex<()>,
    /// Something could not be found out when it was asked for.
    pub is_due: AtomicBool,
}

impl Desk {
    /// Goes on with what waits, as the list tells, until it is told to stop.
    ///
    /// # Errors
    /// [`ErrandError`].
    pub fn follow(&self, stop: &AtomicBool) -> Result<(), ErrandError> {
        self.go_on()?;
        let mut feed = self.caller.client().follow(self.book.place()?)?;
        let mut looked = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let news = feed.next(PATIENCE)?;
            self.hear(&news)?;
            let is_due = self.is_due.swap(false, Ordering::Relaxed);
            if is_due || !news.records.is_empty() || looked.elapsed() > AT_TIMES {
                self.go_on()?;
                looked = Instant::now();
            }
        }
        Ok(())
    }

    fn hear(&self, news: &News) -> Result<(), ErrandError> {
        let opened = news.records.iter().filter_map(|filed| filed.logged.opened.as_ref());
        let refused = opened.filter_map(|opened| match opened.record.content() {
            Content::Renunciation(_) => opened.record.common().target,
            _ => None,
        });
        let refused: Vec<Hash> = refused.collect();
        let _turn = self.turn();
        if news.place != self.book.place()? {
            self.book.heard(news.place, &refused)?;
        }
        Ok(())
    }

    fn go_on(&self) -> Result<(), ErrandError> {
        let mut wrong = Ok(());
        for (id, _) in self.book.waiting()? {
            wrong = wrong.and(self.advance(&id));
        }
        wrong
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens an application of a person, or finds the one that is under way; its id, and whether it is new.
    ///
    /// # Errors
    /// [`ErrandError`].
    pub fn begin(&self, person: &Identifier) -> Result<(Hash, bool), ErrandError> {
        let PartyFound::Registered(party) = self.caller.client().find_party(person)? else {
            return Err(ErrandError::Nobody);
        };
        let fields = self.form.field.iter().map(|field| Answer {
            name: field.name.clone(),
            category: field.category.clone(),
            is: if field.category.is_some() { Is::Open } else { Is::ToSay },
        });
        let application = Application { person: person.text(), party, fields: fields.collect(), ask: None };
        Ok(self.book.begin(Hash(fresh()?), &application)?)
    }

    /// Takes what the person says; `false` if that is not theirs to say: a source holds it, or it is not known yet whether one does.
    ///
    /// # Errors
    /// [`ErrandError`].
    pub fn say(&self, id: &Hash, name: &str, value: &str) -> Result<bool, ErrandError> {
        let _turn = self.turn();
        let Some(mut application) = self.book.get(id)? else { return Ok(false) };
        let field = application.fields.iter_mut().find(|field| field.name == name);
        let Some(field) = field.filter(|field| matches!(field.is, Is::ToSay | Is::Said { .. })) else {
            return Ok(false);
        };
        field.is = Is::Said { value: value.to_owned() };
        self.book.keep(id, &application)?;
        Ok(true)
    }

    /// Goes on with an application as far as that is possible now.
    ///
    /// # Errors
    /// [`ErrandError`]: it goes on later, where it was.
    pub fn advance(&self, id: &Hash) -> Result<(), ErrandError> {
        let _turn = self.turn();
        let Some(mut application) = self.book.get(id)? else { return Ok(()) };
        let catalogues = self.caller.client().catalogues()?;
        let mut to_ask = Vec::new();
        for at in 0..application.fields.len() {
            if let Some(scope) = self.field(id, &mut application, (at, &catalogues))? {
                to_ask.push(scope);
            }
        }
        if to_ask.is_empty() { Ok(()) } else { self.ask(id, &mut application, (&to_ask, &catalogues)) }
    }

    /// Goes on with one field; the category, if the person must be asked for it.
    fn field(
        &self,
        id: &Hash,
        application: &mut Application,
        (at, catalogues): (usize, &[CatalogueFound]),
    ) -> Result<Option<String>, ErrandError> {
        let Some(field) = application.fields.get(at) else { return Ok(None) };
        // As long as the person has not said it, a source may turn up.
        let (Some(category), Is::Open | Is::Looking { .. } | Is::ToSay) = (field.category.clone(), &field.is)
        else {
            return Ok(None);
        };
        // Whoever says that they hold it counts if a catalogue in force names them as the source.
        let source = catalogues.iter().find_map(|found| found.catalogue.source_of(&category));
        let held = self.caller.client().holdings_unverified(&application.party, &category)?;
        let Some(source) = source.filter(|source| held.iter().any(|held| held.source == *source)) else {
            self.is_now(id, application, at, Is::ToSay)?;
            return Ok(None);
        };
        let asking = Asking {
            on_behalf_of: None,
            subject: application.party,
            source,
            category: &category,
            purpose: &self.form.purpose,
            properties: None,
        };
        // A check first: nobody finds a refused look in their list because a form did not ask them before.
        if !self.caller.would_be(&asking)?.answer().decision().permit {
            self.is_now(id, application, at, Is::Open)?;
            return Ok(Some(category));
        }
        loop {
            let access = match application.fields.get(at).map(|field| &field.is) {
                Some(Is::Looking { access }) => access.clone(),
                _ => {
                    let access = self.caller.sign(&asking)?;
                    self.is_now(id, application, at, Is::Looking { access: access.clone() })?;
                    access
                }
            };
            match self.caller.look(&access)? {
                Looked::Told { answer, receipt, .. } => {
                    let filled = Is::Filled { value: answer, source, access: access.id, receipt };
                    self.is_now(id, application, at, filled)?;
                    return Ok(None);
                }
                // It was taken back in this very moment.
                Looked::Denied { .. } => {
                    self.is_now(id, application, at, Is::Open)?;
                    return Ok(Some(category));
                }
                // The answer was lost with a process: another access, which has not been answered.
                Looked::Again => self.is_now(id, application, at, Is::Open)?,
            }
        }
    }

    fn is_now(&self, id: &Hash, application: &mut Application, at: usize, is: Is) -> Result<(), BookError> {
        match application.fields.get_mut(at) {
            Some(field) if field.is != is => {
                field.is = is;
                self.book.keep(id, application)
            }
            _ => Ok(()),
        }
    }

    /// Asks the person for all that is missing, once: what is asked is kept before it is sent.
    fn ask(
        &self,
        id: &Hash,
        application: &mut Application,
        (scopes, catalogues): (&[String], &[CatalogueFound]),
    ) -> Result<(), ErrandError> {
        let now = (self.clock)();
        if application.ask.as_ref().is_some_and(|ask| ask.answer_by <= now) {
            application.ask = None;
        }
        let mut ask = match application.ask.take() {
            Some(ask) => ask,
            None => self.sign_request(application, (scopes, catalogues), now)?,
        };
        application.ask = Some(ask.clone());
        self.book.keep(id, application)?;
        if ask.is_logged {
            return Ok(());
        }
        let submission = Submission::parse(ask.request.submission.as_bytes());
        let submission = submission.map_err(|_| BookError::Damaged("what was signed cannot be read"))?;
        match self.caller.client().submit(&submission) {
            Ok(_) => ask.is_logged = true,
            // Signed too long ago: another one is asked.
            Err(SubmitError::Refused(problem)) if problem.name == "too_late" => {
                application.ask = None;
                return Ok(self.book.keep(id, application)?);
            }
            Err(error) => return Err(error.into()),
        }
        application.ask = Some(ask);
        Ok(self.book.keep(id, application)?)
    }

    fn sign_request(
        &self,
        application: &Application,
        (scopes, catalogues): (&[String], &[CatalogueFound]),
        now: Millis,
    ) -> Result<Ask, ErrandError> {
        let has_all = |found: &&CatalogueFound| {
            let catalogue = &found.catalogue;
            catalogue.has_purpose(&self.form.purpose)
                && scopes.iter().all(|scope| catalogue.category(scope).is_some())
        };
        let catalogue = catalogues.iter().rev().find(has_all).ok_or(ErrandError::NoWords)?;
        let day = |days: u64| Day::of(Millis(now.0.saturating_add(days.saturating_mul(DAY_MS))));
        let (today, last) = (day(0).ok_or(ErrandError::Clock)?, day(self.form.consent_days));
        let (client, link) = (self.caller.client(), fresh()?);
        let answer_by = Millis(now.0.saturating_add(self.form.answer_days.saturating_mul(DAY_MS)));
        let (own, purposes) = (client.own_party()?, [self.form.purpose.clone()]);
        let validity = Validity::of_days(today, last);
        let (occasion, asked) = (client.occasion()?, (scopes, purposes.as_slice()));
        let draft = Draft::request(&occasion, &own, &catalogue.id, asked, &validity, answer_by)
            // Whoever else gets hold of the link can do nothing with it.
            .member("subject", json!(application.party))
            .member("link", json!(link_commitment(&link)));
        let (id, submission) = client.sign(draft)?;
        let request = Kept { id, submission: submission.to_json() };
        Ok(Ask { link: b64::encode(&link), request, answer_by, is_logged: false })
    }
}

fn fresh() -> Result<[u8; 32], ErrandError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| ErrandError::Random(error.to_string()))?;
    Ok(bytes)
}
