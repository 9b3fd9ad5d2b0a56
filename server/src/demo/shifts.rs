//! Shifts at the demo's counter. An officer is a role of the town's, and the town itself takes the role back when the shift is over. When
//! that is lies in a file: a start ends what was open at the last one, so none outlasts its end.
//!
//! spec: http.md#the-demos-desk

use crate::private::{self, PrivateError};
use procura_core::{Hash, Millis};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The longest that one may last.
pub(super) const MOST_SHIFT_MS: u64 = 12 * 3600 * 1000;
/// So many may be open.
const MOST_OPEN: usize = 256;

/// An officer's role until it ends.
type Shift = (Hash, Millis);

/// Those that are open.
pub(super) struct Shifts {
    path: PathBuf,
    open: Mutex<Vec<Shift>>,
}

impl Shifts {
    /// What was open when the demo of this folder last ran.
    pub(super) fn read(folder: &Path) -> Result<Self, PrivateError> {
        let path = folder.join("shifts.json");
        let open = match private::read(&path)? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|_| PrivateError::malformed(&path, "list of shifts"))?,
            None => Vec::new(),
        };
        Ok(Self { path, open: Mutex::new(open) })
    }

    /// Whether one more may be opened.
    pub(super) fn has_room(&self) -> bool {
        self.lock().len() < MOST_OPEN
    }

    /// Whether this is the role of an open one.
    pub(super) fn has(&self, officer: &Hash) -> bool {
        self.lock().iter().any(|(one, _)| one == officer)
    }

    pub(super) fn all(&self) -> Vec<Hash> {
        self.lock().iter().map(|(officer, _)| *officer).collect()
    }

    /// Notes one: written before its officer learns of it.
    pub(super) fn open(&self, shift: Shift) -> Result<(), PrivateError> {
        let mut open = self.lock();
        open.push(shift);
        self.write(&open)
    }

    /// Forgets one whose role was taken back.
    pub(super) fn close(&self, officer: &Hash) -> Result<(), PrivateError> {
        let mut open = self.lock();
        open.retain(|(one, _)| one != officer);
        self.write(&open)
    }

    fn write(&self, open: &[Shift]) -> Result<(), PrivateError> {
        let text =
            serde_json::to_vec(open).map_err(|_| PrivateError::malformed(&self.path, "list of shifts"))?;
        private::write(&self.path, &text)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Shift>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
