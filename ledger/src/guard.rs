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
