//! Which accesses were answered, so that each is answered once, across restarts too.

use crate::book::BookError;
use procura_core::{Hash, Millis};
use redb::{Database, TableDefinition, WriteTransaction};

/// When an access was logged, and its id: it was answered.
const ANSWERED: TableDefinition<'_, (u64, &[u8; 32]), ()> = TableDefinition::new("answered");

/// The table is there.
pub(crate) fn begin(transaction: &WriteTransaction) -> Result<(), BookError> {
    transaction.open_table(ANSWERED)?;
    Ok(())
}

/// Notes that an access, logged at `at`, is answered: `false` if it was already. Those whose receipts are too old to be taken, logged
/// before `forget_before`, are forgotten.
pub(crate) fn once(
    database: &Database,
    access: &Hash,
    at: Millis,
    forget_before: Millis,
) -> Result<bool, BookError> {
    let transaction = database.begin_write()?;
    let is_new = {
        let mut answered = transaction.open_table(ANSWERED)?;
        answered.retain_in(..(forget_before.0, &[0; 32]), |_, ()| false)?;
        answered.insert((at.0, &access.0), ())?.is_none()
    };
    transaction.commit()?;
    Ok(is_new)
}
