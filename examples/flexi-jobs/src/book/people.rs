//! Who people are in the ledger, what institutions have told of them, and what was answered about them.

use super::{Book, BookError};
use crate::status::Status;
use procura_core::days::Day;
use procura_core::{Hash, Millis};
use redb::{ReadableDatabase as _, TableDefinition, WriteTransaction};

/// A party of the ledger → the person's identifier.
const PEOPLE: TableDefinition<'_, &[u8; 32], &str> = TableDefinition::new("people");
/// Person, status, first day → last day, or nothing.
const STATUSES: TableDefinition<'_, (&str, &str, &str), &str> = TableDefinition::new("statuses");
/// When an access was logged, and its id: it was answered.
const ANSWERED: TableDefinition<'_, (u64, &[u8; 32]), ()> = TableDefinition::new("answered");

pub(super) fn begin(transaction: &WriteTransaction) -> Result<(), BookError> {
    transaction.open_table(PEOPLE)?;
    transaction.open_table(STATUSES)?;
    transaction.open_table(ANSWERED)?;
    Ok(())
}

/// Notes who a party is.
pub(super) fn know(transaction: &WriteTransaction, party: &Hash, person: &str) -> Result<(), BookError> {
    transaction.open_table(PEOPLE)?.insert(&party.0, person)?;
    Ok(())
}

impl Book {
    /// Who a party is, if anything was ever said of them here.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn person(&self, party: &Hash) -> Result<Option<String>, BookError> {
        let people = self.database.begin_read()?.open_table(PEOPLE)?;
        Ok(people.get(&party.0)?.map(|person| person.value().to_owned()))
    }

    /// Takes a status of a person who is `party` in the ledger. The same again changes nothing; another end of it counts from now on.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn tell(&self, status: &Status, party: &Hash) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        let person = status.person.text();
        let (from, until) = (status.from.to_string(), status.until.map(|day| day.to_string()));
        transaction
            .open_table(STATUSES)?
            .insert((&*person, &*status.status, &*from), until.as_deref().unwrap_or_default())?;
        know(&transaction, party, &person)?;
        Ok(transaction.commit()?)
    }

    /// Whether a person had a status on some day of a stretch.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn had_status(
        &self,
        person: &str,
        status: &str,
        (first, last): (Day, Day),
    ) -> Result<bool, BookError> {
        let statuses = self.database.begin_read()?.open_table(STATUSES)?;
        let above = format!("{status}\0");
        for row in statuses.range((person, status, "")..(person, &*above, ""))? {
            let (key, until) = row?;
            let day = |text: &str| text.parse::<Day>().map_err(|_| BookError::Damaged("a day is none"));
            let from = day(key.value().2)?;
            let until = Some(until.value()).filter(|text| !text.is_empty()).map(day).transpose()?;
            if from <= last && until.is_none_or(|until| first <= until) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes that an access, logged at `at`, is answered: `false` if it was already. Those whose receipts are too old to be taken,
    /// logged before `forget_before`, are forgotten.
    ///
    /// # Errors
    /// [`BookError`]: then it is not answered.
    pub fn answer_once(&self, access: &Hash, at: Millis, forget_before: Millis) -> Result<bool, BookError> {
        let transaction = self.database.begin_write()?;
        let is_new = {
            let mut answered = transaction.open_table(ANSWERED)?;
            answered.retain_in(..(forget_before.0, &[0; 32]), |_, ()| false)?;
            answered.insert((at.0, &access.0), ())?.is_none()
        };
        transaction.commit()?;
        Ok(is_new)
    }
}
