//! Whom the law lets see a status is told in the ledger that one changed: a record of the kind [`KIND`], in their own list and the
//! person's. It says that there is something to read, and not what.
//!
//! Nobody subscribes: whom a basis of a catalogue in force names for a status's category, for another purpose than telling it, is told.
//! A thread of its own does it, behind the requests.

use crate::behind::Wake;
use crate::book::{Book, BookError, Law, Notice};
use crate::status::{ABOVE, PURPOSE};
use procura_client::bulk::{Bulk, BulkError, Tried};
use procura_client::{CatalogueFound, Client, ReadError, SignFault};
use procura_core::Hash;
use procura_core::draft::Draft;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The kind of these records.
pub const KIND: &str = "status-changed";
/// How many are told at a time.
const PART: usize = 1_024;
/// Over how many connections.
const CONNECTIONS: usize = 32;
/// How long the ledger may do nothing before it is left alone for a moment.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whom the law names.
const PAUSE: Duration = Duration::from_secs(2);

/// Why nobody is told now. They will be.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The book.
    #[error(transparent)]
    Book(#[from] BookError),
    /// The key.
    #[error(transparent)]
    Sign(#[from] SignFault),
    /// The ledger does not say whom the law names.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The ledger.
    #[error(transparent)]
    Bulk(#[from] BulkError),
}

/// What tells.
pub struct Teller {
    /// The book.
    pub book: Arc<Book>,
    /// The office's client.
    pub client: Arc<Client>,
}

impl Teller {
    /// Tells what is to be told, from now on.
    #[must_use]
    pub fn start(self) -> Wake {
        Wake::start("telling of statuses", PAUSE, move || self.part())
    }

    /// Tells some; whether there were any.
    ///
    /// # Errors
    /// [`NoticeError`]: some may have been told.
    pub fn part(&self) -> Result<bool, NoticeError> {
        let own = self.client.own_party().map_err(ReadError::from)?;
        self.book.keep_law(&law(&self.client.catalogues()?, &own))?;
        let mut notices = self.book.to_tell(PART)?;
        if notices.is_empty() {
            return Ok(false);
        }
        for notice in notices.iter_mut().filter(|notice| notice.signed.is_none()) {
            notice.signed = Some(self.sign(notice)?);
        }
        // What is sent is on disk before: after a crash the same goes out again, and the ledger takes it once.
        self.book.keep_notices(&notices)?;
        let bulk = Bulk::new(&self.client, CONNECTIONS, PATIENCE);
        let letters: Vec<_> = notices.iter().filter_map(|notice| notice.signed.clone()).collect();
        let answers = bulk.hand_in(&letters, &|| {});
        let (mut told, mut refused) = (Vec::new(), Vec::new());
        for (notice, answer) in notices.iter().zip(answers) {
            match answer {
                Tried::Done(_) => told.push(notice),
                Tried::Refused(_) => refused.push(notice),
                Tried::GaveUp => {}
            }
        }
        self.book.told(told.into_iter())?;
        self.book.sign_again(refused.iter().copied())?;
        bulk.finish()?;
        // What was refused comes after a pause.
        Ok(refused.is_empty())
    }

    fn sign(&self, notice: &Notice) -> Result<(Hash, procura_core::submission::Submission), SignFault> {
        let mut parties = [notice.person, notice.recipient];
        parties.sort_unstable();
        let draft = Draft::new(KIND, &self.client.occasion()?)
            .member("subject", json!(notice.person))
            .member("category", json!(notice.category))
            .member("parties", json!(parties));
        self.client.sign(draft)
    }
}

/// Whom the catalogues in force let see a status, but for the office itself.
fn law(catalogues: &[CatalogueFound], own: &Hash) -> Law {
    let mut law = Law::new();
    for catalogue in catalogues.iter().map(|found| &found.catalogue) {
        let statuses = catalogue.categories.iter().filter(|category| category.code.starts_with(ABOVE));
        for category in statuses.map(|category| &category.code) {
            let names = catalogue.bases.iter().filter(|basis| {
                !basis.emergency
                    && basis.purposes.iter().any(|purpose| purpose != PURPOSE)
                    && catalogue.covers(&basis.categories, category)
            });
            let recipients = names.flat_map(|basis| &basis.recipients).filter(|party| *party != own);
            law.extend(recipients.map(|party| (category.clone(), *party)));
        }
    }
    law
}

#[cfg(test)]
mod tests {
    //! Goal: told are those whom a law lets see a status, and nobody else. Method: one catalogue by hand, a basis changed at a time.

    use super::*;
    use procura_core::kinds::{Basis, Catalogue, Category, Title};

    const OWN: Hash = Hash([1; 32]);
    const TOWN: Hash = Hash([2; 32]);

    fn title() -> Title {
        Title { de: String::new(), en: String::new(), fr: String::new(), nl: String::new() }
    }

    fn category(code: &str, parent: Option<&str>) -> Category {
        let parent = parent.map(str::to_owned);
        Category {
            code: code.to_owned(),
            parent,
            assurance: None,
            period: None,
            source: None,
            title: title(),
        }
    }

    fn named(on: &str, purposes: &[&str], emergency: bool) -> Vec<String> {
        let basis = Basis {
            code: "law".to_owned(),
            title: title(),
            categories: vec![on.to_owned()],
            purposes: purposes.iter().map(|code| (*code).to_owned()).collect(),
            recipients: vec![OWN, TOWN],
            emergency,
        };
        let catalogue = Catalogue {
            code: "words".to_owned(),
            version: 1,
            categories: vec![
                category("status", None),
                category("status.pensioner", Some("status")),
                category("status.student", Some("status")),
                category("wages", None),
            ],
            purposes: Vec::new(),
            bases: vec![basis],
            schemes: Vec::new(),
            quorum: 1,
        };
        let law = law(&[CatalogueFound { id: Hash([9; 32]), catalogue }], &OWN);
        assert!(law.iter().all(|(_, party)| *party == TOWN), "the office itself knows");
        law.into_iter().map(|(category, _)| category).collect()
    }

    #[test]
    fn whom_a_law_lets_see_a_status_is_told() {
        assert_eq!(named("status.pensioner", &["tariff"], false), ["status.pensioner"]);
        assert_eq!(named("status.pensioner", &["tariff", PURPOSE], false), ["status.pensioner"]);
        assert_eq!(named("status", &["tariff"], false), ["status.pensioner", "status.student"]);
        let nobody: [&str; 0] = [];
        assert_eq!(named("status.pensioner", &[PURPOSE], false), nobody, "who may tell it need not be told");
        assert_eq!(named("status.pensioner", &["care"], true), nobody);
        assert_eq!(named("wages", &["tariff"], false), nobody);
    }
}
