//! Where a panic of redb ends.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work` on a redb file; a panic in it comes out as [`redb::Error::Corrupted`].
///
/// redb stops by a panic on some damage that it finds in a page (the documentation of `Database::open` says so), also
/// when a value is looked at. A damaged file must not take the process down. What `work` touched is dropped or
/// poisoned then: nothing of it is used again. A program built with `panic = "abort"` loses this.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, redb::Error> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(redb::Error::Corrupted("redb stopped on a page that cannot be".into())))
}

/// A redb database whose panics end here also when it is dropped: dropping closes the file, which reads and writes it.
pub(crate) struct Careful<D>(Option<D>);

impl<D> Careful<D> {
    pub(crate) fn new(database: D) -> Self {
        Self(Some(database))
    }

    /// The database: for use within [`guarded`].
    pub(crate) fn get(&self) -> Result<&D, redb::Error> {
        self.0.as_ref().ok_or(redb::Error::DatabaseClosed)
    }

    /// The database, no longer guarded: for closing it within [`guarded`].
    pub(crate) fn take(mut self) -> Result<D, redb::Error> {
        self.0.take().ok_or(redb::Error::DatabaseClosed)
    }
}

impl<D> Drop for Careful<D> {
    fn drop(&mut self) {
        let database = self.0.take();
        if let Err(error) = guarded(|| {
            drop(database);
            Ok(())
        }) {
            tracing::warn!(%error, "a database did not close cleanly; the next open repairs it");
        }
    }
}
