//! Rights, on disk; and how far the service's list in the ledger was read, with what is to be done about it. What follows from something is
//! stored together with that it was read, so that it follows once.

use super::rights::Why;
use crate::answered;
use crate::book::{BookError, read, write};
use crate::errand;
use crate::look::Kept;
use crate::status::Period;
use procura_client::feed::Place;
use procura_core::days::Day;
use procura_core::{Hash, Millis};
use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _, TableDefinition,
    WriteTransaction,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// A person → [`Look`], as JSON: their status is to be looked at.
const LOOKS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("looks");
/// A person and the right's number, from 0 → [`Right`], as JSON. Of one person only the last can be running.
const RIGHTS: TableDefinition<'_, (&[u8; 32], u32), &[u8]> = TableDefinition::new("rights");
/// Those whose right is running.
const RUNNING: TableDefinition<'_, &[u8; 32], u32> = TableDefinition::new("running");
/// In their order: [`Letter`]s, as JSON, that the ledger does not have yet.
const LETTERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("letters");

/// Somebody's status is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Look {
    /// The record that says why; none if the law has changed.
    pub notice: Option<Hash>,
    /// The access, if it was signed.
    pub access: Option<Kept>,
}

/// A right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Right {
    /// For which days.
    pub days: Period,
    /// The holding by which it is in the ledger.
    pub holding: Hash,
    /// What became of it, and why.
    pub steps: Vec<Step>,
}

/// What became of a right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What.
    #[serde(flatten)]
    pub what: What,
    /// When.
    pub at: Millis,
    /// The record in which it was told that something changed.
    pub notice: Option<Hash>,
    /// What it rests on; none if its last day has passed.
    pub evidence: Option<Evidence>,
}

/// What can become of a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step", content = "why")]
pub enum What {
    /// It was granted.
    Granted,
    /// It has other days.
    Amended,
    /// It ended.
    Ended(Why),
}

/// What a step rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the source has told; none if the law did not let it be asked.
    pub periods: Option<Vec<Period>>,
    /// Who told.
    pub source: Hash,
    /// The access; none if the law did not let it be asked.
    pub access: Option<Hash>,
    /// The law, as the catalogue has it; none if there was none.
    pub basis: Option<Basis>,
    /// The receipt that proves the decision, yes or no.
    pub receipt: Value,
}

/// A law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// The catalogue that names it.
    pub catalogue: Hash,
    /// Its code there.
    pub code: String,
    /// What it is called, by language.
    pub title: Value,
}

/// What the ledger is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Whose right.
    pub person: Hash,
    /// Which.
    pub number: u32,
    /// Whether it says that the right is there, or that it has ended.
    pub is_holding: bool,
    /// The record.
    pub record: Kept,
}

/// What is stored of a look that is over.
#[derive(Debug)]
pub struct Settled {
    /// The days for which the person has the right now; none if its end is.
    pub days: Option<Period>,
    /// What became of the right.
    pub step: Step,
    /// The record that the ledger is to have of it.
    pub letter: Option<Kept>,
}

/// A right that is running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Whose.
    pub person: Hash,
    /// The last day; `None`: no end is known.
    pub until: Option<Day>,
    /// The catalogue that names the law it rests on.
    pub basis: Option<Hash>,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Rights that are running.
    pub running: u64,
    /// People to look at.
    pub to_look_at: u64,
    /// Records that the ledger does not have yet.
    pub to_hand_in: u64,
}

/// The book.
pub struct Book {
    database: Database,
}

impl Book {
    /// Opens the book, or begins one.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn open(path: &Path) -> Result<Self, BookError> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        errand::begin(&transaction)?;
        transaction.open_table(LOOKS)?;
        transaction.open_table(RIGHTS)?;
        transaction.open_table(RUNNING)?;
        transaction.open_table(LETTERS)?;
        answered::begin(&transaction)?;
        transaction.commit()?;
        Ok(Self { database })
    }

    /// How far the list was read.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn place(&self) -> Result<Place, BookError> {
        errand::place(&self.database)
    }

    /// Notes how far the list was read, and of whom it told that something changed, each with the record that tells it.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn heard(&self, place: Place, changed: &[(Hash, Hash)]) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        errand::heard(&transaction, place)?;
        {
            let mut looks = transaction.open_table(LOOKS)?;
            for (person, notice) in changed {
                // What was signed for an earlier one may have been answered before this change.
                let look = Look { notice: Some(*notice), access: None };
                looks.insert(&person.0, write(&look)?.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Everybody whose right rests on a law is to be looked at again.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn look_again_at(&self, people: &[Hash]) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        {
            let mut looks = transaction.open_table(LOOKS)?;
            for person in people {
                if looks.get(&person.0)?.is_none() {
                    looks.insert(&person.0, write(&Look::default())?.as_slice())?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// Some of those to look at.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn looks(&self, most: usize) -> Result<Vec<(Hash, Look)>, BookError> {
        let looks = self.database.begin_read()?.open_table(LOOKS)?;
        let row = |row: Result<_, redb::StorageError>| {
            let (person, look): (redb::AccessGuard<'_, &[u8; 32]>, redb::AccessGuard<'_, &[u8]>) = row?;
            Ok((Hash(*person.value()), read(look.value())?))
        };
        looks.iter()?.take(most).map(row).collect()
    }

    /// Keeps the access that is to be sent for somebody, or forgets the one that is of no use any more.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn keep_access(&self, person: &Hash, look: &Look) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(LOOKS)?.insert(&person.0, write(look)?.as_slice())?;
        Ok(transaction.commit()?)
    }

    /// Stores what follows from a look, if anything does; and that it is over.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn settle(&self, person: &Hash, settled: Option<Settled>) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        if let Some(settled) = settled {
            store(&transaction, person, settled)?;
        }
        transaction.open_table(LOOKS)?.remove(&person.0)?;
        Ok(transaction.commit()?)
    }

    /// Somebody's rights, the first first.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn rights(&self, person: &Hash) -> Result<Vec<Right>, BookError> {
        let rights = self.database.begin_read()?.open_table(RIGHTS)?;
        let all = rights.range((&person.0, 0)..=(&person.0, u32::MAX))?;
        all.map(|row| read(row?.1.value())).collect()
    }

    /// Somebody's right that is running.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn running(&self, person: &Hash) -> Result<Option<Right>, BookError> {
        let transaction = self.database.begin_read()?;
        let Some(number) = transaction.open_table(RUNNING)?.get(&person.0)?.map(|number| number.value())
        else {
            return Ok(None);
        };
        let right = transaction.open_table(RIGHTS)?.get((&person.0, number))?;
        let right = right.ok_or(BookError::Damaged("a right that runs is not there"))?;
        Ok(Some(read(right.value())?))
    }

    /// All rights that are running.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn all_running(&self) -> Result<Vec<Running>, BookError> {
        let transaction = self.database.begin_read()?;
        let (running, rights) = (transaction.open_table(RUNNING)?, transaction.open_table(RIGHTS)?);
        let mut found = Vec::new();
        for row in running.iter()? {
            let (person, number) = row?;
            let right = rights.get((person.value(), number.value()))?;
            let right = right.ok_or(BookError::Damaged("a right that runs is not there"))?;
            let right: Right = read(right.value())?;
            let basis = right.steps.iter().rev().find_map(|step| step.evidence.as_ref()?.basis.as_ref());
            found.push(Running {
                person: Hash(*person.value()),
                until: right.days.until,
                basis: basis.map(|basis| basis.catalogue),
            });
        }
        Ok(found)
    }

    /// The records that the ledger is to have, in their order.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn letters(&self, most: usize) -> Result<Vec<(u64, Letter)>, BookError> {
        let letters = self.database.begin_read()?.open_table(LETTERS)?;
        let row = |row: Result<_, redb::StorageError>| {
            let (place, letter): (redb::AccessGuard<'_, u64>, redb::AccessGuard<'_, &[u8]>) = row?;
            Ok((place.value(), read(letter.value())?))
        };
        letters.iter()?.take(most).map(row).collect()
    }

    /// The ledger has it.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn handed_in(&self, place: u64) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(LETTERS)?.remove(place)?;
        Ok(transaction.commit()?)
    }

    /// A record that was signed too long ago is signed anew.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn signed_anew(&self, place: u64, letter: &Letter) -> Result<(), BookError> {
        let transaction = self.database.begin_write()?;
        {
            transaction.open_table(LETTERS)?.insert(place, write(letter)?.as_slice())?;
            if letter.is_holding {
                let mut rights = transaction.open_table(RIGHTS)?;
                let key = (&letter.person.0, letter.number);
                let right = rights.get(key)?.map(|right| read::<Right>(right.value())).transpose()?;
                let right = right.ok_or(BookError::Damaged("a right is not there"))?;
                let right = Right { holding: letter.record.id, ..right };
                rights.insert(key, write(&right)?.as_slice())?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// How much there is.
    ///
    /// # Errors
    /// [`BookError`].
    pub fn count(&self) -> Result<Count, BookError> {
        let transaction = self.database.begin_read()?;
        Ok(Count {
            running: transaction.open_table(RUNNING)?.len()?,
            to_look_at: transaction.open_table(LOOKS)?.len()?,
            to_hand_in: transaction.open_table(LETTERS)?.len()?,
        })
    }

    /// Notes that an access is answered: `false` if it was already.
    ///
    /// # Errors
    /// [`BookError`]: then it is not answered.
    pub fn answer_once(&self, access: &Hash, at: Millis, forget_before: Millis) -> Result<bool, BookError> {
        answered::once(&self.database, access, at, forget_before)
    }
}

fn store(transaction: &WriteTransaction, person: &Hash, settled: Settled) -> Result<(), BookError> {
    let (mut rights, mut running) = (transaction.open_table(RIGHTS)?, transaction.open_table(RUNNING)?);
    let number = running.get(&person.0)?.map(|number| number.value());
    let is_holding = settled.step.what == What::Granted;
    let number = match (settled.step.what, number, &settled.letter) {
        (What::Granted, None, Some(holding)) => {
            let all = rights.range((&person.0, 0)..=(&person.0, u32::MAX))?.count();
            let number = u32::try_from(all).map_err(|_| BookError::Damaged("nobody has so many rights"))?;
            let days = settled.days.ok_or(BookError::Damaged("a right has days"))?;
            let right = Right { days, holding: holding.id, steps: vec![settled.step] };
            rights.insert((&person.0, number), write(&right)?.as_slice())?;
            running.insert(&person.0, number)?;
            number
        }
        (What::Amended | What::Ended(_), Some(number), _) => {
            let right =
                rights.get((&person.0, number))?.map(|right| read::<Right>(right.value())).transpose()?;
            let mut right = right.ok_or(BookError::Damaged("a right that runs is not there"))?;
            right.days = settled.days.unwrap_or(right.days);
            if let What::Ended(_) = settled.step.what {
                running.remove(&person.0)?;
            }
            right.steps.push(settled.step);
            rights.insert((&person.0, number), write(&right)?.as_slice())?;
            number
        }
        _ => return Err(BookError::Damaged("what follows does not fit what there is")),
    };
    if let Some(record) = settled.letter {
        let mut letters = transaction.open_table(LETTERS)?;
        let place = letters.last()?.map_or(0, |(place, _)| place.value() + 1);
        let letter = Letter { person: *person, number, is_holding, record };
        letters.insert(place, write(&letter)?.as_slice())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Goal: what follows from something is stored with it, once, after a restart too; and what does not fit changes nothing. Method: one book
    //! on disk, opened again after each step.

    use super::*;
    use procura_core::Index;

    const PERSON: Hash = Hash([3; 32]);
    const NOTICE: Hash = Hash([4; 32]);

    struct Desk(tempfile::TempDir);

    impl Desk {
        fn book(&self) -> Book {
            Book::open(&self.0.path().join("book")).unwrap()
        }
    }

    fn days(until: Option<&str>) -> Period {
        Period { from: "2024-02-01".parse().unwrap(), until: until.map(|day| day.parse().unwrap()) }
    }

    fn settled(what: What, days: Option<Period>, record: Option<u8>) -> Option<Settled> {
        let step = Step { what, at: Millis(1), notice: Some(NOTICE), evidence: None };
        let letter = record.map(|id| Kept { id: Hash([id; 32]), submission: "{}".to_owned() });
        Some(Settled { days, step, letter })
    }

    #[test]
    fn what_was_read_is_stored_with_what_is_to_be_done_about_it() {
        let desk = Desk(tempfile::tempdir().unwrap());
        assert_eq!(desk.book().place().unwrap(), Place::default());
        let place = Place { segment: 2, index: Some(Index(0)) };
        desk.book().heard(place, &[(PERSON, NOTICE)]).unwrap();
        assert_eq!(desk.book().place().unwrap(), place);
        let look = Look { notice: Some(NOTICE), access: None };
        assert_eq!(desk.book().looks(9).unwrap(), [(PERSON, look.clone())]);
        // What was signed for one change may have been answered before the next: it is forgotten.
        let access = Some(Kept { id: Hash([5; 32]), submission: "{}".to_owned() });
        desk.book().keep_access(&PERSON, &Look { access, ..look }).unwrap();
        desk.book().look_again_at(&[PERSON]).unwrap();
        assert!(desk.book().looks(9).unwrap()[0].1.access.is_some(), "who is looked at anyway stays so");
        let later = Hash([6; 32]);
        desk.book().heard(Place { index: Some(Index(7)), ..place }, &[(PERSON, later)]).unwrap();
        assert_eq!(desk.book().looks(9).unwrap(), [(PERSON, Look { notice: Some(later), access: None })]);
        desk.book().settle(&PERSON, None).unwrap();
        assert!(desk.book().looks(9).unwrap().is_empty() && desk.book().rights(&PERSON).unwrap().is_empty());
    }

    #[test]
    fn a_right_is_granted_once_and_ends_once() {
        let desk = Desk(tempfile::tempdir().unwrap());
        desk.book().heard(Place::default(), &[(PERSON, NOTICE)]).unwrap();
        let ended = || settled(What::Ended(Why::StatusEnded), None, Some(2));
        let granted = |id| settled(What::Granted, Some(days(None)), Some(id));
        assert!(matches!(desk.book().settle(&PERSON, ended()), Err(BookError::Damaged(_))));
        desk.book().settle(&PERSON, granted(1)).unwrap();
        assert!(matches!(desk.book().settle(&PERSON, granted(9)), Err(BookError::Damaged(_))));
        let count = desk.book().count().unwrap();
        assert_eq!((count.running, count.to_look_at, count.to_hand_in), (1, 0, 1));
        let other = days(Some("2024-03-31"));
        desk.book().settle(&PERSON, settled(What::Amended, Some(other), None)).unwrap();
        assert_eq!(desk.book().running(&PERSON).unwrap().unwrap().days, other);
        desk.book().settle(&PERSON, ended()).unwrap();
        assert!(matches!(desk.book().settle(&PERSON, ended()), Err(BookError::Damaged(_))));
        desk.book().settle(&PERSON, granted(3)).unwrap();

        let rights = desk.book().rights(&PERSON).unwrap();
        assert_eq!(rights.iter().map(|right| right.steps.len()).collect::<Vec<_>>(), [3, 1]);
        // The ledger has them in their order: a right, its end, the next.
        let letters = desk.book().letters(9).unwrap();
        let told: Vec<_> = letters.iter().map(|(_, letter)| (letter.number, letter.is_holding)).collect();
        assert_eq!(told, [(0, true), (0, false), (1, true)]);
        desk.book().handed_in(letters[0].0).unwrap();
        assert_eq!(desk.book().letters(9).unwrap(), letters[1..]);

        // Signed too long ago, and anew: the right names the record that the ledger has.
        let (place, mut letter) = letters[2].clone();
        letter.record.id = Hash([8; 32]);
        desk.book().signed_anew(place, &letter).unwrap();
        assert_eq!(desk.book().running(&PERSON).unwrap().unwrap().holding, Hash([8; 32]));
    }
}
