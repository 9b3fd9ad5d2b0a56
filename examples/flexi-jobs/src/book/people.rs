//! Who people are in the ledger, what institutions have told of them, and what was answered about them.

use super::{Book, BookError, files, notices};
use crate::status::{self, Period, Status};
use procura_core::days::Day;
use procura_core::{Hash, Millis};
use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction};

/// A party of the ledger → the person's identifier.
const PEOPLE: TableDefinition<'_, &[u8; 32], &str> = TableDefinition::new("people");
/// Person, status, first day → last day, or nothing.
const STATUSES: TableDefinition<'_, (&str, &str, &str), &str> = TableDefinition::new("statuses");

pub(super) fn begin(transaction: &WriteTransaction) -> Result<(), BookError> {
    transaction.open_table(PEOPLE)?;
    transaction.open_table(STATUSES)?;
    crate::answered::begin(transaction)
}

/// Everybody of whom a status was told, and who they are in the ledger.
pub(super) fn with_status(transaction: &WriteTransaction, category: &str) -> Result<Vec<Hash>, BookError> {
    let (people, statuses) = (transaction.open_table(PEOPLE)?, transaction.open_table(STATUSES)?);
    let status = category.strip_prefix(status::ABOVE).unwrap_or(category);
    let above = format!("{status}\0");
    let mut found = Vec::new();
    for row in people.iter()? {
        let (party, person) = row?;
        let mut told = statuses.range((person.value(), status, "")..(person.value(), &*above, ""))?;
        if told.next().transpose()?.is_some() {
            found.push(Hash(*party.value()));
        }
    }
    Ok(found)
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

    /// Takes a status of a person who is `party` in the ledger. The same again changes nothing; another end of it counts from now on, and
    /// those whom a law names are to be told that something changed.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn tell(&self, status: &Status, party: &Hash) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        let person = status.person.text();
        let (from, until) = (status.from.to_string(), status.until.map(|day| day.to_string()));
        let until = until.as_deref().unwrap_or_default();
        let is_new = {
            let mut statuses = transaction.open_table(STATUSES)?;
            let before = statuses.insert((&*person, &*status.status, &*from), until)?;
            before.is_none_or(|before| before.value() != until)
        };
        if is_new {
            know(&transaction, party, &person)?;
            let category = status.category();
            files::expect(&transaction, &person, &category)?;
            notices::changed(&transaction, party, &category)?;
        }
        Ok(transaction.commit()?)
    }

    /// Since when and until when a person has a status, as far as that is not over on a day; what begins first first.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn periods(&self, person: &str, status: &str, today: Day) -> Result<Vec<Period>, BookError> {
        let mut periods = self.all_periods(person, status)?;
        periods.retain(|period| period.until.is_none_or(|until| today <= until));
        Ok(periods)
    }

    fn all_periods(&self, person: &str, status: &str) -> Result<Vec<Period>, BookError> {
        let statuses = self.database.begin_read()?.open_table(STATUSES)?;
        let above = format!("{status}\0");
        let mut periods = Vec::new();
        for row in statuses.range((person, status, "")..(person, &*above, ""))? {
            let (key, until) = row?;
            let day = |text: &str| text.parse::<Day>().map_err(|_| BookError::Damaged("a day is none"));
            let from = day(key.value().2)?;
            let until = Some(until.value()).filter(|text| !text.is_empty()).map(day).transpose()?;
            periods.push(Period { from, until });
        }
        Ok(periods)
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
        let periods = self.all_periods(person, status)?;
        Ok(periods
            .iter()
            .any(|period| period.from <= last && period.until.is_none_or(|until| first <= until)))
    }

    /// Notes that an access, logged at `at`, is answered: `false` if it was already. Those whose receipts are too old to be taken,
    /// logged before `forget_before`, are forgotten.
    ///
    /// # Errors
    /// [`BookError`]: then it is not answered.
    pub fn answer_once(&self, access: &Hash, at: Millis, forget_before: Millis) -> Result<bool, BookError> {
        crate::answered::once(&self.database, access, at, forget_before)
    }
}
