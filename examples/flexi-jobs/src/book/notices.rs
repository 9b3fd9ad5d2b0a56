//! Whom a law lets see a status is told that one changed; not what it is: that they come and read.
//!
//! Whom it names follows from the ledger's catalogues, and is kept here, so that a change and those who are to be told of it are one
//! transaction. Whom a law names from now on is told of everybody who has the status already.

use super::{Book, BookError, people, read, write};
use procura_core::Hash;
use procura_core::submission::Submission;
use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whom something is about, the status's category, and who is told.
type Key<'k> = (&'k [u8; 32], &'k str, &'k [u8; 32]);

/// A status's category and a party that a law lets see it.
const LAW: TableDefinition<'_, (&str, &[u8; 32]), ()> = TableDefinition::new("law");
/// Person, category, party → [`Row`], as JSON: that party is to be told.
const NOTICES: TableDefinition<'_, Key<'_>, &[u8]> = TableDefinition::new("notices");

/// Which party a law lets see which category of status.
pub type Law = BTreeSet<(String, Hash)>;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Row {
    id: Option<Hash>,
    submission: Option<String>,
}

/// Something that a party is to be told.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Of whom.
    pub person: Hash,
    /// The status's category.
    pub category: String,
    /// Who.
    pub recipient: Hash,
    /// What was signed, if it was: the record and its id.
    pub signed: Option<(Hash, Submission)>,
}

impl Notice {
    fn key(&self) -> Key<'_> {
        (&self.person.0, &self.category, &self.recipient.0)
    }
}

pub(super) fn begin(transaction: &WriteTransaction) -> Result<(), BookError> {
    transaction.open_table(LAW)?;
    transaction.open_table(NOTICES)?;
    Ok(())
}

/// A status of somebody changed. What was signed of an earlier change may be on its way, and come before this one: it is signed anew.
pub(super) fn changed(
    transaction: &WriteTransaction,
    person: &Hash,
    category: &str,
) -> Result<(), BookError> {
    let recipients: Result<Vec<Hash>, BookError> = {
        let law = transaction.open_table(LAW)?;
        law.range((category, &[0; 32])..=(category, &[0xff; 32]))?
            .map(|row| Ok(Hash(*row?.0.value().1)))
            .collect()
    };
    for recipient in recipients? {
        expect(transaction, person, category, &recipient)?;
    }
    Ok(())
}

fn expect(
    transaction: &WriteTransaction,
    person: &Hash,
    category: &str,
    recipient: &Hash,
) -> Result<(), BookError> {
    let row = write(&Row::default())?;
    transaction.open_table(NOTICES)?.insert((&person.0, category, &recipient.0), row.as_slice())?;
    Ok(())
}

impl Book {
    /// Notes whom the law names now. Who is named newly is to be told of everybody who has the status.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn keep_law(&self, now: &Law) -> Result<(), BookError> {
        if self.law()? == *now {
            return Ok(());
        }
        let transaction = self.database.begin_write()?;
        {
            let mut law = transaction.open_table(LAW)?;
            law.retain(|(category, party), ()| now.contains(&(category.to_owned(), Hash(*party))))?;
            for (category, recipient) in now {
                if law.insert((&**category, &recipient.0), ())?.is_none() {
                    for person in people::with_status(&transaction, category)? {
                        expect(&transaction, &person, category, recipient)?;
                    }
                }
            }
        }
        Ok(transaction.commit()?)
    }

    fn law(&self) -> Result<Law, BookError> {
        let law = self.database.begin_read()?.open_table(LAW)?;
        law.iter()?
            .map(|row| {
                let (key, ()) = row.map(|(key, _)| (key, ()))?;
                let (category, party) = key.value();
                Ok((category.to_owned(), Hash(*party)))
            })
            .collect()
    }

    /// Some of those who are to be told.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn to_tell(&self, most: usize) -> Result<Vec<Notice>, BookError> {
        let notices = self.database.begin_read()?.open_table(NOTICES)?;
        notices
            .iter()?
            .take(most)
            .map(|row| {
                let (key, row) = row?;
                let (person, category, recipient) = key.value();
                let row: Row = read(row.value())?;
                let parsed = row.submission.map(|text| Submission::parse(text.as_bytes())).transpose();
                let parsed = parsed.map_err(|_| BookError::Damaged("what was signed cannot be read"))?;
                Ok(Notice {
                    person: Hash(*person),
                    category: category.to_owned(),
                    recipient: Hash(*recipient),
                    signed: row.id.zip(parsed),
                })
            })
            .collect()
    }

    /// Keeps what was signed, of those that nothing has happened to since.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn keep_notices(&self, signed: &[Notice]) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        {
            let mut notices = transaction.open_table(NOTICES)?;
            for notice in signed {
                let Some((id, submission)) = &notice.signed else { continue };
                let row = Row { id: Some(*id), submission: Some(submission.to_json()) };
                notices.insert(notice.key(), write(&row)?.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Notes what was told. Where something changed after it was signed, it is to be told again.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn told<'n>(&self, told: impl Iterator<Item = &'n Notice>) -> Result<(), BookError> {
        self.end_notices(told, |_| None)
    }

    /// Signs these anew, for the ledger does not take what was signed any more.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn sign_again<'n>(&self, notices: impl Iterator<Item = &'n Notice>) -> Result<(), BookError> {
        self.end_notices(notices, |_| Some(Row::default()))
    }

    fn end_notices<'n>(
        &self,
        ended: impl Iterator<Item = &'n Notice>,
        then: impl Fn(&Notice) -> Option<Row>,
    ) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        {
            let mut notices = transaction.open_table(NOTICES)?;
            for notice in ended {
                let row = notices.get(notice.key())?.map(|row| read::<Row>(row.value())).transpose()?;
                if row.and_then(|row| row.id) != notice.signed.as_ref().map(|(id, _)| *id) {
                    continue;
                }
                match then(notice) {
                    Some(row) => drop(notices.insert(notice.key(), write(&row)?.as_slice())?),
                    None => drop(notices.remove(notice.key())?),
                }
            }
        }
        Ok(transaction.commit()?)
    }
}
