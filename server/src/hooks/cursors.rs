//! How far each hook was told, kept in one small file. It is written at most once a second, however much is told: a crash sends the
//! last second's events again, and none is left out.

use crate::private;
use procura_core::{Hash, Index};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How far each hook was told.
pub(crate) struct Cursors {
    path: PathBuf,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    last: BTreeMap<Hash, Index>,
    is_saved: bool,
}

impl Cursors {
    /// Those of the last run. Without them hooks are told everything again, from their own index on.
    pub(super) fn read(path: PathBuf) -> Self {
        let last = match std::fs::read(&path) {
            Ok(bytes) => decode(&bytes).unwrap_or_else(|| {
                tracing::error!("what webhooks were told is not readable: they are told all of it again");
                BTreeMap::new()
            }),
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    tracing::error!(%error, "what webhooks were told is not readable: they are told all of it again");
                }
                BTreeMap::new()
            }
        };
        Self { path, told: Mutex::new(Told { last, is_saved: true }) }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last index that this hook was told.
    pub(crate) fn last(&self, hook: &Hash) -> Option<Index> {
        self.lock().last.get(hook).copied()
    }

    /// It was told this one.
    pub(super) fn told(&self, hook: Hash, index: Index) {
        let mut told = self.lock();
        told.last.insert(hook, index);
        told.is_saved = false;
    }

    /// It is told nothing more.
    pub(super) fn forget(&self, hook: &Hash) {
        let mut told = self.lock();
        told.is_saved &= told.last.remove(hook).is_none();
    }

    /// Writes what is new. It blocks.
    pub(super) fn save(&self) {
        let bytes = {
            let mut told = self.lock();
            if told.is_saved {
                return;
            }
            told.is_saved = true;
            encode(&told.last)
        };
        if let Err(error) = private::write(&self.path, &bytes) {
            tracing::warn!(%error, "how far webhooks were told could not be written: after a crash they are told it again");
            self.lock().is_saved = false;
        }
    }
}

fn encode(last: &BTreeMap<Hash, Index>) -> Vec<u8> {
    let told: serde_json::Map<String, Value> =
        last.iter().map(|(hook, index)| (hook.to_string(), json!(index.0))).collect();
    json!({"v": 1, "told": told}).to_string().into_bytes()
}

fn decode(bytes: &[u8]) -> Option<BTreeMap<Hash, Index>> {
    let read: Value = serde_json::from_slice(bytes).ok()?;
    if read.get("v")?.as_u64()? != 1 {
        return None;
    }
    let told = read.get("told")?.as_object()?.iter();
    told.map(|(hook, index)| Some((Hash::from_str(hook).ok()?, Index(index.as_u64()?)))).collect()
}

#[cfg(test)]
mod tests {
    //! Goal: what was told comes back after a restart, and a damaged file costs repetition, not the start. Method: a file.

    use super::*;

    #[test]
    fn what_was_told_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("webhooks.json");
        let cursors = Cursors::read(path.clone());
        cursors.save();
        assert!(!path.exists(), "nothing was new");
        cursors.told(Hash([1; 32]), Index(7));
        cursors.told(Hash([2; 32]), Index(8));
        cursors.told(Hash([1; 32]), Index(9));
        cursors.forget(&Hash([2; 32]));
        cursors.save();
        let again = Cursors::read(path.clone());
        assert_eq!((again.last(&Hash([1; 32])), again.last(&Hash([2; 32]))), (Some(Index(9)), None));

        let whole = std::fs::read(&path).unwrap();
        for damaged in [
            &b""[..],
            b"{}",
            &whole[..whole.len() - 1],
            br#"{"v":2,"told":{}}"#,
            br#"{"v":1,"told":{"x":1}}"#,
        ] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(Cursors::read(path.clone()).last(&Hash([1; 32])), None);
        }
    }

    #[test]
    fn what_could_not_be_written_is_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("later").join("webhooks.json");
        let cursors = Cursors::read(path.clone());
        cursors.told(Hash([1; 32]), Index(7));
        cursors.save();
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        cursors.save();
        assert_eq!(Cursors::read(path).last(&Hash([1; 32])), Some(Index(7)));
    }
}
